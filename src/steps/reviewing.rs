//! Orders that wait to leave, for whoever looks through them.

use serde::Serialize;

use super::{DataFolder, StepError};
use crate::ledger::{NotReviewed, Review, ReviewedAll, WaitingOrder};

/// Orders that have not left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WaitingOrders {
    /// Oldest decision first.
    pub orders: Vec<OrderShown>,
}

/// An order that has not left, as a person sees it: by opaque ids only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrderShown {
    /// Its key.
    pub key: String,
    /// The act, `laboratory:hba1c`.
    pub act: String,
    /// The channel that takes it.
    pub channel: String,
    /// Whom it is about.
    pub resident: String,
    /// The day of the decision.
    pub decided_on: String,
    /// The last day on which it may leave; none of questions that wait for the resident's turn.
    pub send_by: Option<String>,
    /// `approved` or `held`, when somebody has looked.
    pub review: Option<&'static str>,
    /// What deciding again said about it last: `may-leave`, `hold`, or why it is to stop.
    pub verdict: Option<String>,
}

impl DataFolder {
    /// Orders that have not left.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn waiting_orders(&self) -> Result<WaitingOrders, StepError> {
        let shown = |waiting: WaitingOrder| OrderShown {
            key: waiting.order.key().to_string(),
            act: waiting.order.action.name(),
            channel: waiting.channel,
            resident: waiting.order.resident.to_string(),
            decided_on: waiting.order.decided_on.to_string(),
            send_by: waiting.send_by.map(|day| day.to_string()),
            review: waiting.review.map(Review::name),
            verdict: waiting.verdict,
        };
        let orders = self.ledger.waiting_orders()?.into_iter();
        Ok(WaitingOrders {
            orders: orders.map(shown).collect(),
        })
    }

    /// Writes down what a person says about orders, all of them or none; says of how many it was news.
    ///
    /// # Errors
    ///
    /// [`NotReviewed`] names the first order about which nothing can be said.
    pub fn review(
        &mut self,
        keys: &[String],
        review: Review,
        by: &str,
        reason: &str,
    ) -> Result<u64, NotReviewed> {
        self.ledger.review(keys, review, by, reason)
    }

    /// Writes down what a person says about everything that has not left.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub fn review_all(
        &mut self,
        review: Review,
        by: &str,
        reason: &str,
    ) -> Result<ReviewedAll, StepError> {
        Ok(self.ledger.review_all(review, by, reason)?)
    }
}
