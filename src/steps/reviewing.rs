//! Orders that wait to leave, for whoever looks through them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{DataFolder, StepError};
use crate::ledger::{
    NotReviewed, NotTakenBack, Review, Reviewed, ReviewedAll, TakenBack, WaitingOrder,
};
use crate::pathway::Inclusion;
use crate::profile::ResidentId;
use crate::rulebook::Rulebook;

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
    /// How probable it was that the resident was drawn, in units of 1e-9, of tests of those below the
    /// action level who were drawn by lot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drawn_e9: Option<u32>,
    /// `approved` or `held`, when somebody has looked.
    pub review: Option<&'static str>,
    /// Of an order that is held: how many statements about the resident, their entry in the register
    /// included, have come since. What somebody decided by older data may have to be looked at again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub told_since_held: Option<u64>,
    /// What deciding again said about it last: `may-leave`, `hold`, or why it is to stop.
    pub verdict: Option<String>,
}

impl DataFolder {
    /// Orders that have not left.
    ///
    /// # Errors
    ///
    /// When the ledger or the lake cannot be read.
    pub fn waiting_orders(&self, rulebook: &Rulebook) -> Result<WaitingOrders, StepError> {
        let orders = self.ledger.waiting_orders()?;
        let held = orders.iter().filter(|waiting| waiting.held_after.is_some());
        let told = self.told_in(
            rulebook,
            held.map(|waiting| waiting.order.resident).collect(),
        )?;
        let shown = |waiting: WaitingOrder| OrderShown {
            key: waiting.order.key().to_string(),
            act: waiting.order.action.name(),
            channel: waiting.channel,
            resident: waiting.order.resident.to_string(),
            decided_on: waiting.order.decided_on.to_string(),
            send_by: waiting.send_by.map(|day| day.to_string()),
            drawn_e9: waiting.drawn.map(Inclusion::billionths),
            review: waiting.review.map(Review::name),
            told_since_held: waiting.held_after.map(|after| {
                let told = told.get(&waiting.order.resident).into_iter().flatten();
                told.filter(|pull| after < **pull).count() as u64
            }),
            verdict: waiting.verdict,
        };
        Ok(WaitingOrders {
            orders: orders.into_iter().map(shown).collect(),
        })
    }

    /// In which pulls what is known of some residents came; one pass over everybody, however many they are.
    fn told_in(
        &self,
        rulebook: &Rulebook,
        residents: BTreeSet<ResidentId>,
    ) -> Result<BTreeMap<ResidentId, Vec<u32>>, StepError> {
        let mut told: BTreeMap<ResidentId, Vec<u32>> = BTreeMap::new();
        if residents.is_empty() {
            return Ok(told);
        }
        for entry in self.store.register(None)? {
            if residents.contains(&entry.resident) {
                told.entry(entry.resident)
                    .or_default()
                    .push(entry.version.pull);
            }
        }
        let mut stored = self.store.facts(&rulebook.catalogue, None)?;
        let mut facts = Vec::new();
        for resident in residents {
            facts.clear();
            stored.take_until(resident, &mut facts)?;
            let pulls = facts.iter().map(|fact| fact.version.pull);
            told.entry(resident).or_default().extend(pulls);
        }
        Ok(told)
    }

    /// Writes down what a person says about orders, all of them or none.
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
    ) -> Result<Reviewed, NotReviewed> {
        self.ledger.review(keys, review, by, reason)
    }

    /// Takes back what a person said about orders in one act, of all that have not left; only what `own`
    /// has said, when somebody is named.
    ///
    /// # Errors
    ///
    /// [`NotTakenBack`] says why nothing was.
    pub fn take_back_review(
        &mut self,
        act: u64,
        own: Option<&str>,
        by: &str,
    ) -> Result<TakenBack, NotTakenBack> {
        self.ledger.take_back_review(act, own, by)
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
