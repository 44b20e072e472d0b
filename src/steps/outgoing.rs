//! What the dispatcher asks of a data folder: the ledger's door, and nothing of its own.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::{DataFolder, StepError};
use crate::config::Scope;
use crate::delivery::{Delivery, Outcome, Route, Taken};
use crate::ledger::{
    Addressee, ChannelTerms, Epoch, Handed, NotExpressible, Stamp, TakeOptions, Written,
};
use crate::orders::{ActionKind, Order, OrderKey};
use crate::rulebook::Rulebook;

impl DataFolder {
    /// On what residents must be decided about again now, and the newest order.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn stamp(
        &self,
        rulebook: &Rulebook,
        scope: &Scope,
        day: Date,
    ) -> Result<(Stamp, i64), StepError> {
        let stamp = Stamp {
            pull: self.ledger.newest_pull()?,
            day,
            rules: format!("{}{}", rulebook.fingerprint, scope.text()),
        };
        Ok((stamp, self.ledger.newest_order()?))
    }

    /// Fixes whether this folder is for a trial or for people: the first to act decides.
    ///
    /// # Errors
    ///
    /// When it is for the other, or the ledger cannot be read or written.
    pub fn pin_trial(&self, is_trial: bool) -> Result<(), StepError> {
        const SETTING: &str = "acts-for";
        let wanted: &[u8] = if is_trial { b"trial" } else { b"people" };
        match self.ledger.setting(SETTING)? {
            Some(known) if known == wanted => Ok(()),
            Some(_) => Err(StepError::OtherPurpose),
            None => Ok(self.ledger.set(SETTING, wanted)?),
        }
    }

    /// Orders that are acknowledged, by number in the outbox.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn acknowledged(&self) -> Result<BTreeSet<i64>, StepError> {
        let rows = self.ledger.outbox()?;
        let acknowledged = rows
            .iter()
            .filter(|row| matches!(row.delivery, Delivery::Acknowledged { .. }));
        Ok(acknowledged.map(|row| row.id).collect())
    }

    /// Hands out what is due; see [`Ledger::take`](crate::ledger::Ledger::take).
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written; then nothing is handed out.
    pub fn take(
        &mut self,
        channel: &ChannelTerms,
        options: TakeOptions<'_>,
        author: impl FnMut(&Order, Addressee<'_>) -> Result<Written, NotExpressible>,
    ) -> Result<Taken<Handed>, StepError> {
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

    /// Orders that people were to act on by hand and are not to any more; see
    /// [`Ledger::called_off`](crate::ledger::Ledger::called_off).
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn called_off(&self, channel: &str) -> Result<Vec<OrderKey>, StepError> {
        Ok(self.ledger.called_off(channel)?)
    }

    /// Rows of the outbox, counted by state.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn outbox_states(&self) -> Result<BTreeMap<String, u64>, StepError> {
        Ok(self.ledger.outbox_states()?)
    }

    /// Orders of a kind that may have left by a way, and what the other side calls the resident.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn asked_about(
        &self,
        kind: ActionKind,
        way: Route,
    ) -> Result<Vec<(Order, String)>, StepError> {
        let mut asked = Vec::new();
        for row in self.ledger.outbox()? {
            let is_of_kind = row.order.action.kind() == kind;
            let may_be_there = match row.delivery {
                Delivery::Sending { .. }
                | Delivery::Unknown { .. }
                | Delivery::Acknowledged { .. } => true,
                Delivery::Planned { .. } | Delivery::Refused { .. } => false,
            };
            if is_of_kind
                && may_be_there
                && row.way.is_none_or(|taken| taken == way)
                && let Some(patient_id) = self.ledger.patient_id(row.order.resident)?
            {
                asked.push((row.order, patient_id));
            }
        }
        Ok(asked)
    }
}
