//! Rules that somebody has found faulty, and what was asked of whom by them.

use rusqlite::params;

use super::{AuditAct, AuditEntry, Ledger, LedgerError, sql};
use crate::profile::ResidentId;

/// A rule that nothing may be done by any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultyRule {
    /// The rule's id.
    pub rule: String,
    /// The version that is faulty.
    pub version: String,
    /// Who found it faulty.
    pub by: String,
    /// Why.
    pub why: String,
    /// When it was put on record (UTC).
    pub at: String,
}

/// Something that a run asked about a resident, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedAct {
    /// About whom.
    pub resident: ResidentId,
    /// The run that planned it, or whose order a task is about; nothing when that is not on record.
    pub run: Option<u32>,
    /// The act; for a task, `task` and its code.
    pub action: String,
    /// `planned`, `sending`, `acknowledged`, `refused` or `unknown`; for a task, `open` or `closed`.
    pub state: String,
    /// The day it was decided, ISO.
    pub decided_on: String,
}

impl Ledger {
    /// Puts on record that a rule is faulty; the same one again changes nothing.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub fn mark_faulty(&mut self, mark: &FaultyRule) -> Result<(), LedgerError> {
        let entry = AuditEntry {
            who: &mark.by,
            act: AuditAct::MarkedRuleFaulty,
            about: None,
            detail: &format!("{} {}", mark.rule, mark.version),
        };
        self.do_on_record("cannot mark a rule as faulty", &entry, |transaction, _| {
            transaction
                .execute(
                    "INSERT INTO rule_faulty (rule, version, by, why, at) VALUES (?1, ?2, ?3, ?4, ?5)
                     ON CONFLICT (rule, version) DO NOTHING",
                    params![mark.rule, mark.version, mark.by, mark.why, mark.at],
                )
                .map(|n| n == 1)
        })
        .map(drop)
    }

    /// Every rule that was found faulty, oldest first.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn faulty(&self) -> Result<Vec<FaultyRule>, LedgerError> {
        let action = "cannot read faulty rules";
        let mut statement = self
            .connection
            .prepare_cached("SELECT rule, version, by, why, at FROM rule_faulty ORDER BY id")
            .map_err(sql(action))?;
        let rows = statement.query_map([], |row| {
            Ok(FaultyRule {
                rule: row.get(0)?,
                version: row.get(1)?,
                by: row.get(2)?,
                why: row.get(3)?,
                at: row.get(4)?,
            })
        });
        rows.and_then(Iterator::collect).map_err(sql(action))
    }

    /// Everything that was put into the outbox or before professionals by a run, by later ones and by
    /// none on record, by resident and run.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn asked_since(&self, run: u32) -> Result<Vec<AskedAct>, LedgerError> {
        let action = "cannot read the outbox";
        let mut statement = self
            .connection
            .prepare(
                "SELECT resident, run, action, state, decided_on, 0 AS kind, id FROM outbox
                 WHERE run IS NULL OR ?1 <= run
                 UNION ALL
                 SELECT t.resident, coalesce(t.run, o.run) AS run, 'task ' || t.code,
                        iif(t.closed_at IS NULL, 'open', 'closed'), t.opened_on, 1, t.id
                 FROM task t LEFT JOIN outbox o ON o.id = t.outbox
                 WHERE coalesce(t.run, o.run) IS NULL OR ?1 <= coalesce(t.run, o.run)
                 ORDER BY 1, 2, 6, 7",
            )
            .map_err(sql(action))?;
        let rows = statement.query_map([run], |row| {
            Ok(AskedAct {
                resident: ResidentId::from_bytes(row.get(0)?),
                run: row.get(1)?,
                action: row.get(2)?,
                state: row.get(3)?,
                decided_on: row.get(4)?,
            })
        });
        rows.and_then(Iterator::collect).map_err(sql(action))
    }
}
