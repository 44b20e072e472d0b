//! Removals: what went since its period was over, and that it did stays on record.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::{Transaction, params};

use super::erasures::OWED;
use super::{AuditAct, AuditEntry, Erased, Ledger, LedgerError, audit, sql};

/// What is removed of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// The kind, by its name in the configuration.
    pub kind: &'static str,
    /// Its period, in months.
    pub months: u16,
    /// The day on which it was over.
    pub on: Date,
    /// How many.
    pub n: u64,
}

/// Puts a removal on record, in the transaction that removes.
pub(super) fn add(
    transaction: &Transaction<'_>,
    now: Timestamp,
    removal: &Removal,
    record: &Erased,
) -> Result<(), LedgerError> {
    let Removal {
        kind,
        months,
        on,
        n,
    } = removal;
    let Erased { at, by, reason } = record;
    transaction
        .execute(
            "INSERT INTO removal (kind, months, on_day, n, by, reason, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                kind,
                months,
                on.to_string(),
                n.cast_signed(),
                by,
                reason,
                at
            ],
        )
        .map_err(sql("cannot write down what was removed"))?;
    let detail = format!("{kind} {months} months: {n}");
    let entry = AuditEntry {
        who: by,
        act: AuditAct::RemovedPastPeriod,
        about: None,
        detail: &detail,
    };
    audit::add(transaction, now, &entry)
}

impl Ledger {
    /// How many lines each pull has set aside that are still held.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn n_lines_set_aside(&self) -> Result<BTreeMap<u32, u64>, LedgerError> {
        let action = "cannot read lines set aside";
        let mut statement = self
            .connection
            .prepare("SELECT pull, count(*) FROM quarantine GROUP BY pull")
            .map_err(sql(action))?;
        let rows = statement.query_map([], |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned()))
        });
        rows.and_then(Iterator::collect).map_err(sql(action))
    }

    /// Removes the bytes of lines that some pulls have set aside. Traces of them are owed afterwards, as
    /// after an erasure ([`Ledger::shred`]).
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written; then nothing is removed.
    pub fn remove_lines_set_aside(
        &mut self,
        pulls: &[u32],
        removal: &Removal,
        record: &Erased,
    ) -> Result<(), LedgerError> {
        let action = "cannot remove lines set aside";
        let clock = self.clock.clone();
        let transaction = self.begin(action)?;
        let now = clock.now(&transaction)?;
        for pull in pulls {
            transaction
                .execute("DELETE FROM quarantine WHERE pull = ?1", [pull])
                .map_err(sql(action))?;
        }
        // Every generation is without them; what an erasure owes stays owed.
        transaction
            .execute(
                "INSERT INTO setting (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO NOTHING",
                params![OWED, b"0"],
            )
            .map_err(sql(action))?;
        add(&transaction, now, removal, record)?;
        transaction.commit().map_err(sql(action))
    }
}
