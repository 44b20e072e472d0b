//! Coming back: who was erased and stays away, until somebody or the register says otherwise.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Transaction, params};

use super::erasures::about;
use super::{AuditAct, Erased, Ledger, LedgerError, audit, sql};
use crate::profile::ResidentId;

/// Until when somebody who was erased stays away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StaysAway {
    /// Until a person lifts it by name.
    UntilLifted,
    /// Until the register says that they are alive and live here.
    UntilReturn,
}

const LIFT: &str = "UPDATE erasure SET lifted_at = ?2, lifted_by = ?3, lifted_why = ?4
    WHERE resident = ?1 AND lifted_at IS NULL";

impl Ledger {
    /// Residents who were erased and have not come back.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn erased(&self) -> Result<BTreeMap<ResidentId, StaysAway>, LedgerError> {
        let action = "cannot read erasures";
        let mut statement = self
            .connection
            .prepare("SELECT resident, until_return FROM erasure WHERE lifted_at IS NULL")
            .map_err(sql(action))?;
        let rows = statement.query_map([], |row| {
            let until = if row.get(1)? {
                StaysAway::UntilReturn
            } else {
                StaysAway::UntilLifted
            };
            Ok((ResidentId::from_bytes(row.get(0)?), until))
        });
        rows.and_then(Iterator::collect).map_err(sql(action))
    }

    /// Lets an erased resident come back with the next pull; says whether there was anything to lift.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub fn lift_erasure(
        &mut self,
        resident: ResidentId,
        record: &Erased,
    ) -> Result<bool, LedgerError> {
        let entry = about(&record.by, AuditAct::LiftedErasure, resident);
        self.do_on_record("cannot lift an erasure", &entry, |transaction, _| {
            let Erased { at, by, reason } = record;
            transaction
                .execute(LIFT, params![resident.as_bytes(), at, by, reason])
                .map(|n| 0 < n)
        })
    }
}

/// Writes down who comes back with a pull, since the register says that they live here.
pub(super) fn add_returned(
    transaction: &Transaction<'_>,
    now: Timestamp,
    at: &str,
    returned: &[ResidentId],
) -> Result<(), LedgerError> {
    let by = "the register";
    for resident in returned {
        let why = "alive and living here";
        transaction
            .execute(LIFT, params![resident.as_bytes(), at, by, why])
            .map_err(sql("cannot lift an erasure"))?;
        let entry = about(by, AuditAct::LiftedErasure, *resident);
        audit::add(transaction, now, &entry)?;
    }
    Ok(())
}
