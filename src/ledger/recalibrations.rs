//! Recalibrations: proposed by outcomes.

use rusqlite::{Row, params};

use super::episodes::because;
use super::{Ledger, LedgerError, OrderedInRound, RecalibrationRecord, sql};
use crate::profile::ResidentId;

const COLUMNS: &str = "r.id, r.at, r.as_of, r.program, r.rules_fingerprint, r.model, r.base, r.made_from,
    r.estimand, r.pull, r.ledger_event, r.runs, r.cases_hash, r.n, r.events, r.tested, r.method, r.rung,
    r.intercept, r.slope, r.report, r.fitted_until";

fn read(row: &Row<'_>) -> rusqlite::Result<RecalibrationRecord> {
    Ok(RecalibrationRecord {
        id: row.get(0)?,
        at: row.get(1)?,
        as_of: row.get(2)?,
        program: row.get(3)?,
        rules_fingerprint: row.get(4)?,
        model: row.get(5)?,
        base: row.get(6)?,
        made_from: row.get(7)?,
        estimand: row.get(8)?,
        pull: row.get(9)?,
        ledger_event: row.get(10)?,
        runs: row.get(11)?,
        cases_hash: row.get(12)?,
        n: row.get::<_, i64>(13)?.cast_unsigned(),
        events: row.get::<_, i64>(14)?.cast_unsigned(),
        tested: row.get(15)?,
        method: row.get(16)?,
        rung: row.get(17)?,
        intercept: row.get(18)?,
        slope: row.get(19)?,
        report: row.get(20)?,
        fitted_until: row.get(21)?,
    })
}

impl Ledger {
    /// Every recalibration, in the order in which they were proposed.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn recalibrations(&self) -> Result<Vec<RecalibrationRecord>, LedgerError> {
        let action = "cannot read recalibrations";
        let mut statement = self
            .connection
            .prepare(&format!(
                "SELECT {COLUMNS} FROM recalibration r ORDER BY r.id"
            ))
            .map_err(sql(action))?;
        let rows = statement.query_map([], read);
        rows.and_then(Iterator::collect).map_err(sql(action))
    }

    /// Puts a proposal on record and says under which number; the same one twice is one.
    ///
    /// The record's own number is ignored.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub fn propose(&mut self, proposal: &RecalibrationRecord) -> Result<u32, LedgerError> {
        let action = "cannot record the proposal";
        let is_same = |known: &&RecalibrationRecord| {
            known.cases_hash == proposal.cases_hash
                && (&known.base, known.made_from) == (&proposal.base, proposal.made_from)
                && known.estimand == proposal.estimand
                && known.intercept.to_bits() == proposal.intercept.to_bits()
                && known.slope.to_bits() == proposal.slope.to_bits()
        };
        if let Some(known) = self.recalibrations()?.iter().find(is_same) {
            return Ok(known.id);
        }
        let transaction = self.begin(action)?;
        transaction
            .execute(
                "INSERT INTO recalibration (at, as_of, program, rules_fingerprint, model, base, made_from,
                     estimand, pull, ledger_event, runs, cases_hash, n, events, tested, method, rung,
                     intercept, slope, report, fitted_until)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
                     ?21)",
                params![
                    proposal.at,
                    proposal.as_of,
                    proposal.program,
                    proposal.rules_fingerprint,
                    proposal.model,
                    proposal.base,
                    proposal.made_from,
                    proposal.estimand,
                    proposal.pull,
                    proposal.ledger_event,
                    proposal.runs,
                    proposal.cases_hash,
                    proposal.n.cast_signed(),
                    proposal.events.cast_signed(),
                    proposal.tested,
                    proposal.method,
                    proposal.rung,
                    proposal.intercept,
                    proposal.slope,
                    proposal.report,
                    proposal.fitted_until
                ],
            )
            .map_err(sql(action))?;
        let id = u32::try_from(transaction.last_insert_rowid())
            .map_err(|_| LedgerError::Content("too many recalibrations".to_owned()))?;
        transaction.commit().map_err(sql(action))?;
        Ok(id)
    }

    /// Every order for tests that a run gave, oldest first.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn ordered(&self) -> Result<Vec<OrderedInRound>, LedgerError> {
        let action = "cannot read orders of rounds";
        let mut statement = self
            .connection
            .prepare(
                "SELECT resident, round, run, detail FROM episode_event
                 WHERE kind = 'tests-ordered' AND run IS NOT NULL ORDER BY id",
            )
            .map_err(sql(action))?;
        let rows = statement
            .query_map([], |row| {
                let (resident, round, run) = (row.get(0)?, row.get(1)?, row.get(2)?);
                Ok((resident, round, run, row.get::<_, Option<String>>(3)?))
            })
            .map_err(sql(action))?;
        let mut ordered = Vec::new();
        for row in rows {
            let (resident, round, run, detail) = row.map_err(sql(action))?;
            let because = because(detail.as_deref());
            ordered.push(OrderedInRound {
                resident: ResidentId::from_bytes(resident),
                round,
                run,
                because: because.ok_or_else(|| {
                    LedgerError::Content("tests ordered for no reason".to_owned())
                })?,
            });
        }
        Ok(ordered)
    }
}
