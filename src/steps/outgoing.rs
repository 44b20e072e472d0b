//! What the dispatcher asks of a data folder: the ledger's door, and nothing of its own.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{DataFolder, StepError};
use crate::delivery::{Delivery, Outcome};
use crate::ledger::{ChannelTerms, Epoch, Handout, NotExpressible, TakeOptions};
use crate::orders::{Action, Order, OrderKey};

impl DataFolder {
    /// The number of the newest pull.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn newest_pull(&self) -> Result<u32, StepError> {
        Ok(self.ledger.newest_pull()?)
    }

    /// Hands out what is due; see [`Ledger::take`](crate::ledger::Ledger::take).
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written; then nothing is handed out.
    pub fn take(
        &mut self,
        channel: &ChannelTerms,
        options: TakeOptions,
        author: impl FnMut(&Order, &str) -> Result<Vec<u8>, NotExpressible>,
    ) -> Result<Handout, StepError> {
        Ok(self.ledger.take(channel, options, author)?)
    }

    /// Writes down what became of orders; see [`Ledger::save`](crate::ledger::Ledger::save).
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written; then nothing of it is.
    pub fn save(
        &mut self,
        channel: &ChannelTerms,
        today: Date,
        outcomes: &[Outcome],
    ) -> Result<(), StepError> {
        Ok(self.ledger.save(channel, today, outcomes)?)
    }

    /// Which ledger this is and how often it has handed orders over.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn epoch(&self) -> Result<Epoch, StepError> {
        Ok(self.ledger.epoch()?)
    }

    /// Rows of the outbox, counted by state.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn outbox_states(&self) -> Result<BTreeMap<String, u64>, StepError> {
        Ok(self.ledger.outbox_states()?)
    }

    /// Laboratory orders that may be at the other side, and what it calls the resident.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn asked_about(&self) -> Result<Vec<(OrderKey, String)>, StepError> {
        let mut asked = Vec::new();
        for row in self.ledger.outbox()? {
            let is_order = matches!(row.order.action, Action::Laboratory { .. });
            let may_be_there = match row.delivery {
                Delivery::Sending { .. }
                | Delivery::Unknown { .. }
                | Delivery::Acknowledged { .. } => true,
                Delivery::Planned { .. } | Delivery::Refused { .. } => false,
            };
            if is_order
                && may_be_there
                && let Some(patient_id) = self.ledger.patient_id(row.order.resident)?
            {
                asked.push((row.order.key(), patient_id));
            }
        }
        Ok(asked)
    }
}
