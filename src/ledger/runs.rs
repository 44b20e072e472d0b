//! Runs: recorded together with all that they ask of the world.

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::types::Value;
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::outbox_row::select;
use super::write::add_generation;
use super::{
    ActCommit, Acted, Generation, Ledger, LedgerError, RunRecord, act, rule_books, sql, tasks,
};
use crate::lake::ManifestFile;
use crate::orders::Order;
use crate::pathway::Inclusion;
use crate::rulebook::{Priority, RuleFile};

const COLUMNS: &str =
    "id, at, index_date, pull, rules_fingerprint, decisions_hash, register, program,
    report, ledger_event, acted, recalibration, shared, share";

fn read(row: &Row<'_>) -> rusqlite::Result<RunRecord> {
    let (shared, share): (Option<u32>, Option<u32>) = (row.get(12)?, row.get(13)?);
    Ok(RunRecord {
        id: row.get(0)?,
        at: row.get(1)?,
        index_date: row.get(2)?,
        pull: row.get(3)?,
        rules_fingerprint: row.get(4)?,
        decisions_hash: row.get(5)?,
        register: row.get::<_, i64>(6)?.cast_unsigned(),
        program: row.get(7)?,
        report: row.get(8)?,
        ledger_event: row.get(9)?,
        acted: row.get(10)?,
        recalibration: row.get(11)?,
        shared: shared.zip(share.and_then(Inclusion::from_billionths)),
    })
}

const COMMIT: &str = "cannot commit the run";

/// What a run that acts would put on record.
#[derive(Debug)]
pub struct WouldAct {
    /// Counted, as a run that acts counts it.
    pub acted: Acted,
    /// Orders that it would plan.
    pub planned: Vec<Order>,
    /// Orders of earlier runs that would still wait to leave.
    pub waiting: Vec<Order>,
    /// Tasks that it would open, by code and urgency.
    pub tasks: Vec<(String, Priority, u64)>,
}

/// Puts a run on record in a transaction, with what it asks of the world; without its report.
fn record(
    transaction: &Transaction<'_>,
    (run, rules, files): (&RunRecord, &[RuleFile], &[ManifestFile]),
    acting: Option<(&ActCommit, Date)>,
    now: Timestamp,
) -> Result<Acted, LedgerError> {
    let generation = add_generation(transaction, files, &[]).map_err(sql(COMMIT))?;
    transaction
        .execute(
            "INSERT INTO run (id, generation, at, index_date, pull, rules_fingerprint, decisions_hash,
                 register, program, report, ledger_event, acted, recalibration, shared, share)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
            params![
                run.id,
                generation,
                run.at,
                run.index_date,
                run.pull,
                run.rules_fingerprint,
                run.decisions_hash,
                run.register.cast_signed(),
                run.program,
                run.report,
                run.ledger_event,
                run.acted,
                run.recalibration,
                run.shared.map(|(id, _)| id),
                run.shared.map(|(_, share)| share.billionths())
            ],
        )
        .map_err(sql(COMMIT))?;
    rule_books::keep_for_run(transaction, run.id, &run.rules_fingerprint, rules)
        .map_err(sql(COMMIT))?;
    match acting {
        Some((commit, today)) => act::act(transaction, commit, run.id, now, today),
        None => Ok(Acted::default()),
    }
}

impl Ledger {
    /// Records a run, the rules it used, its decisions and, when it acts, what it asks of the world, in one
    /// transaction. The day beside `acting` is today in the programme's time zone; `report` turns
    /// what became of it into the record's report.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written; then nothing of it is.
    pub fn commit_run(
        &mut self,
        run: &RunRecord,
        rules: &[RuleFile],
        files: &[ManifestFile],
        acting: Option<(&ActCommit, Date)>,
        report: impl FnOnce(Acted) -> String,
    ) -> Result<Generation, LedgerError> {
        let clock = self.clock.clone();
        let transaction = self.begin(COMMIT)?;
        let now = clock.now(&transaction)?;
        let acted = record(&transaction, (run, rules, files), acting, now)?;
        transaction
            .execute(
                "UPDATE run SET report = ?2 WHERE id = ?1",
                params![run.id, report(acted)],
            )
            .map_err(sql(COMMIT))?;
        transaction.commit().map_err(sql(COMMIT))?;
        self.committed()
    }

    /// What a run would put on record, were it to act: done in a transaction that is given up.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read or is locked.
    pub fn would_act(
        &mut self,
        run: &RunRecord,
        rules: &[RuleFile],
        (commit, today): (&ActCommit, Date),
    ) -> Result<WouldAct, LedgerError> {
        let clock = self.clock.clone();
        let transaction = self.begin("cannot rehearse the run")?;
        let now = clock.now(&transaction)?;
        let acted = record(&transaction, (run, rules, &[]), Some((commit, today)), now)?;
        let of_run = [Value::Integer(i64::from(run.id))];
        let orders = |clause: &str| -> Result<Vec<Order>, LedgerError> {
            let rows = select(&transaction, clause, &of_run)?.into_iter();
            Ok(rows.map(|row| row.order).collect())
        };
        let planned = orders("WHERE run = ?1 ORDER BY id")?;
        let waiting = orders("WHERE state = 'planned' AND run IS NOT ?1 ORDER BY id")?;
        let tasks = tasks::opened_by_run(&transaction, run.id)?;
        transaction
            .rollback()
            .map_err(sql("cannot give up what was rehearsed"))?;
        Ok(WouldAct {
            acted,
            planned,
            waiting,
            tasks,
        })
    }

    /// The programme of the first run that acted; nothing where none has.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn acting_programme(&self) -> Result<Option<String>, LedgerError> {
        let select = "SELECT json_extract(report, '$.rulebook.id') FROM run WHERE acted = 1
             ORDER BY id LIMIT 1";
        let found = self.connection.query_row(select, [], |row| row.get(0));
        found.optional().map_err(sql("cannot read runs"))
    }

    /// Every run, oldest first.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn runs(&self) -> Result<Vec<RunRecord>, LedgerError> {
        let action = "cannot read runs";
        let select = format!("SELECT {COLUMNS} FROM run ORDER BY id");
        let mut statement = self.connection.prepare(&select).map_err(sql(action))?;
        let rows = statement.query_map([], read);
        rows.and_then(Iterator::collect).map_err(sql(action))
    }

    /// The newest run; nothing where there was none. Reads no other.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn newest_run(&self) -> Result<Option<RunRecord>, LedgerError> {
        let select = format!("SELECT {COLUMNS} FROM run ORDER BY id DESC LIMIT 1");
        let found = self.connection.query_row(&select, [], read);
        found.optional().map_err(sql("cannot read runs"))
    }
}
