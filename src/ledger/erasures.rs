//! Erasure: everything about one resident leaves the ledger; that it did stays on record.
//!
//! Longer than most: what is shown and what is deleted stand side by side, so that no table is in one alone.
//!
//! What is left is the opaque id, when, by whom and why. Deleted bytes may stay in free pages and in
//! the log, so the file is rewritten afterwards ([`Ledger::shred`]); until that is done the ledger
//! remembers that it is owed, and whoever opens the folder for writing next does it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::removals::{self, Removal};
use super::write::add_generation;
use super::{AuditAct, AuditEntry, Generation, Ledger, LedgerError, audit, sql};
use crate::lake::ManifestFile;
use crate::profile::ResidentId;

/// The setting that says which generation was the first without the erased, until the rest is done.
pub(super) const OWED: &str = "erasure-owed";

/// An erasure on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erased {
    /// When (UTC), for people.
    pub at: String,
    /// Who asked for it.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// Why residents are erased, and so for how long they stay away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErasedSince<'a> {
    /// Somebody asked for it: until it is lifted by name.
    Asked,
    /// Their period is over: until the register says that they live here.
    PastPeriod(&'a Removal),
}

/// A run that decided about somebody who was erased since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasedRun {
    /// The run.
    pub run: u32,
    /// How many of its residents were erased, in all.
    pub residents: u64,
    /// The hash of the decisions that are left.
    pub decisions_hash: String,
}

/// A line that was set aside. Holds what a source sent: no `Debug`.
pub struct LineSetAside {
    /// The pull.
    pub pull: u32,
    /// File name in the export.
    pub file: String,
    /// Line in it.
    pub line: u64,
    /// The bytes, compressed with zstd.
    pub raw: Vec<u8>,
}

/// What an erasure takes along.
pub struct EraseCommit<'a> {
    /// Whom.
    pub residents: &'a BTreeSet<ResidentId>,
    /// When, by whom, why.
    pub record: &'a Erased,
    /// What it rests on.
    pub since: ErasedSince<'a>,
    /// Files without the residents.
    pub files: &'a [ManifestFile],
    /// The files that these replace.
    pub replaced: &'a [ManifestFile],
    /// Runs that decided about any of the residents.
    pub runs: &'a [ErasedRun],
    /// Reports of pulls that name any of them, without.
    pub reports: &'a [(u32, String)],
    /// Lines set aside that are about any of them.
    pub lines: &'a [LineSetAside],
}

/// Why nobody was erased.
#[derive(Debug, thiserror::Error)]
pub enum NotErased {
    /// Something is under way about the resident.
    #[error(
        "{0} of what was asked about this resident is under way; nothing was erased\nhint: dispatch until nothing is under way; a laboratory order is taken back by `run --act` and `dispatch` once the source says that the resident refuses, or ends with its result"
    )]
    UnderWay(u64),
    /// The ledger said no.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// Rows of one table about a resident: each its columns, by name. Personal data: no `Debug`.
pub struct AboutResident {
    /// What kind of rows.
    pub table: &'static str,
    /// The rows, oldest first.
    pub rows: Vec<Vec<(String, String)>>,
}

/// Tables with rows about a resident, and how these are found.
const TABLES: [(&str, &str); 17] = [
    (
        "identity",
        "SELECT source, patient_id, national_id, national_id_valid, non_disclosure, joined FROM identity WHERE resident = ?1",
    ),
    (
        "link",
        "SELECT source, patient_id, pull FROM link WHERE resident = ?1 ORDER BY source, pull",
    ),
    (
        "episode_event",
        "SELECT round, kind, on_day, until, tests, detail, run, at FROM episode_event WHERE resident = ?1 ORDER BY id",
    ),
    (
        "outbox",
        "SELECT hex(key) AS key, programme, round, action, channel, decided_on, send_by, due, left_on, state, sends, way, reference, why, review, asks, recall_on, language, score, patient_id, worded_by, worded_for, worded_in, payload FROM outbox WHERE resident = ?1 ORDER BY id",
    ),
    (
        "order_review",
        "SELECT hex(o.key) AS key, r.what, r.by, r.reason, r.at FROM order_review AS r JOIN outbox AS o ON o.id = r.outbox WHERE o.resident = ?1 ORDER BY r.id",
    ),
    (
        "review_undone",
        "SELECT hex(o.key) AS key, r.what, u.by, u.at FROM review_undone AS u JOIN order_review AS r ON r.id = u.review JOIN outbox AS o ON o.id = r.outbox WHERE o.resident = ?1 ORDER BY u.id",
    ),
    (
        "task",
        "SELECT id AS task, code, about, priority, opened_on, due, run, closed_at, closed_by, closed_why FROM task WHERE resident = ?1 ORDER BY id",
    ),
    (
        "entry_link",
        "SELECT hex(other) AS other, gives_way, pull FROM entry_link WHERE resident = ?1 ORDER BY pull",
    ),
    (
        "person",
        "SELECT hex(lead) AS lead, why, pull FROM person WHERE resident = ?1 ORDER BY id",
    ),
    (
        "opt_out",
        "SELECT what, on_day, until, by, reason, at FROM opt_out WHERE resident = ?1 ORDER BY id",
    ),
    (
        "handover",
        "SELECT task, person, role, by, reason, at FROM handover WHERE resident = ?1 ORDER BY id",
    ),
    (
        "note",
        "SELECT id AS note, corrects, text, by, at FROM note WHERE resident = ?1 ORDER BY id",
    ),
    (
        "cds_card",
        "SELECT uuid, service, client, pathway_row, suggestion, at FROM cds_card WHERE resident = ?1 ORDER BY id",
    ),
    (
        "cds_feedback",
        "SELECT c.uuid AS card, f.outcome, f.suggestions, f.reason, f.comment, f.happened_at, f.at FROM cds_feedback AS f JOIN cds_card AS c ON c.id = f.card WHERE c.resident = ?1 ORDER BY f.id",
    ),
    (
        "audit",
        "SELECT writer, n, at, who, act, detail FROM audit WHERE about = ?1 ORDER BY writer, n",
    ),
    (
        "access",
        "SELECT at, by, reason FROM access WHERE resident = ?1 ORDER BY id",
    ),
    (
        "erasure",
        "SELECT at, by, reason, until_return, lifted_at, lifted_by, lifted_why FROM erasure WHERE resident = ?1 ORDER BY id",
    ),
];

/// What is deleted of a resident, in this order: whatever refers to a row goes before it. Names in
/// other sources go also where they are nobody's any more.
const DELETED: [&str; 16] = [
    "DELETE FROM cds_feedback WHERE card IN (SELECT id FROM cds_card WHERE resident = ?1)",
    "DELETE FROM cds_card WHERE resident = ?1",
    "DELETE FROM note WHERE resident = ?1",
    "DELETE FROM handover WHERE resident = ?1",
    "DELETE FROM task WHERE resident = ?1",
    "DELETE FROM review_undone WHERE review IN (SELECT r.id FROM order_review AS r
        JOIN outbox AS o ON o.id = r.outbox WHERE o.resident = ?1)",
    "DELETE FROM order_review WHERE outbox IN (SELECT id FROM outbox WHERE resident = ?1)",
    "DELETE FROM outbox_event WHERE outbox IN (SELECT id FROM outbox WHERE resident = ?1)",
    "DELETE FROM outbox WHERE resident = ?1",
    "DELETE FROM episode_event WHERE resident = ?1",
    "DELETE FROM opt_out WHERE resident = ?1",
    "DELETE FROM entry_link WHERE resident = ?1 OR other = ?1",
    "DELETE FROM person WHERE resident = ?1 OR lead = ?1",
    "DELETE FROM link WHERE resident IS NULL AND (source, patient_id) IN (
        SELECT source, patient_id FROM link WHERE resident = ?1)",
    "DELETE FROM link WHERE resident = ?1",
    "DELETE FROM identity WHERE resident = ?1",
];

/// Triggers that keep rows for ever; an erasure is the one thing that stands above them.
const KEEPERS: [&str; 8] = [
    "cds_card_remains",
    "cds_feedback_remains",
    "episode_event_remains",
    "handover_remains",
    "note_remains",
    "opt_out_remains",
    "order_review_remains",
    "review_undone_remains",
];

impl Ledger {
    /// Everything that the ledger has about a resident, by table; tables without any are left out.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn about(&self, resident: ResidentId) -> Result<Vec<AboutResident>, LedgerError> {
        let action = "cannot read what there is about a resident";
        let mut found = Vec::new();
        for (table, select) in TABLES {
            let mut statement = self.connection.prepare(select).map_err(sql(action))?;
            let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
            let rows = statement.query_map([resident.as_bytes()], |row| {
                let columns = names.iter().enumerate();
                let columns = columns.filter_map(|(n, name)| match row.get_ref(n) {
                    Ok(value) => Some(Ok((name.clone(), shown(name, value)?))),
                    Err(error) => Some(Err(error)),
                });
                columns.collect()
            });
            let rows: Vec<_> = rows.and_then(Iterator::collect).map_err(sql(action))?;
            if !rows.is_empty() {
                found.push(AboutResident { table, rows });
            }
        }
        Ok(found)
    }

    /// Writes down who was shown everything about a resident, and why.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub fn note_access(
        &mut self,
        resident: ResidentId,
        (at, by, reason): (&str, &str, &str),
    ) -> Result<(), LedgerError> {
        let entry = about(by, AuditAct::ShownEverything, resident);
        self.do_on_record("cannot write down who looked", &entry, |transaction, _| {
            transaction
                .execute(
                    "INSERT INTO access (resident, at, by, reason) VALUES (?1, ?2, ?3, ?4)",
                    params![resident.as_bytes(), at, by, reason],
                )
                .map(|_| true)
        })
        .map(drop)
    }

    /// The national identifier of a resident, as sent.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn national_id(&self, resident: ResidentId) -> Result<Option<String>, LedgerError> {
        self.connection
            .query_row(
                "SELECT national_id FROM identity WHERE resident = ?1",
                [resident.as_bytes()],
                |row| row.get(0),
            )
            .optional()
            .map(Option::flatten)
            .map_err(sql("cannot read the identity map"))
    }

    /// Hands over every line that was set aside.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn each_line_set_aside(
        &self,
        mut each: impl FnMut(LineSetAside),
    ) -> Result<(), LedgerError> {
        let action = "cannot read lines set aside";
        let mut statement = self
            .connection
            .prepare("SELECT pull, file, line, raw FROM quarantine")
            .map_err(sql(action))?;
        let rows = statement.query_map([], |row| {
            Ok(LineSetAside {
                pull: row.get(0)?,
                file: row.get(1)?,
                line: row.get::<_, i64>(2)?.cast_unsigned(),
                raw: row.get(3)?,
            })
        });
        for row in rows.map_err(sql(action))? {
            each(row.map_err(sql(action))?);
        }
        Ok(())
    }

    /// How much about a resident is with others: handed over, not known to have arrived, about to be
    /// taken back, or at the laboratory.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn n_under_way(&self, resident: ResidentId) -> Result<u64, LedgerError> {
        under_way(&self.connection, resident).map_err(sql("cannot read the outbox"))
    }

    /// Erases residents, in one transaction with the files that are without them.
    ///
    /// # Errors
    ///
    /// [`NotErased::UnderWay`] when something was handed over, or is open at the laboratory; or when the
    /// ledger cannot be written. Then nothing is erased.
    pub fn commit_erased(&mut self, commit: &EraseCommit<'_>) -> Result<Generation, NotErased> {
        let action = "cannot erase a resident";
        let clock = self.clock.clone();
        let transaction = self.begin(action)?;
        let mut n_under_way = 0;
        for resident in commit.residents {
            n_under_way += under_way(&transaction, *resident).map_err(sql(action))?;
        }
        if 0 < n_under_way {
            return Err(NotErased::UnderWay(n_under_way));
        }
        let generation = add_generation(&transaction, commit.files, commit.replaced)
            .and_then(|generation| {
                delete(&transaction, commit)?;
                transaction.execute(
                    "INSERT INTO setting (key, value) VALUES (?1, ?2)
                     ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                    params![OWED, generation.to_string().into_bytes()],
                )?;
                Ok(generation)
            })
            .map_err(sql(action))?;
        let now = clock.now(&transaction)?;
        for resident in commit.residents {
            let entry = about(&commit.record.by, AuditAct::Erased, *resident);
            audit::add(&transaction, now, &entry)?;
        }
        if let ErasedSince::PastPeriod(removal) = commit.since {
            removals::add(&transaction, now, removal, commit.record)?;
        }
        transaction.commit().map_err(sql(action))?;
        let committed = self.committed()?;
        debug_assert_eq!(i64::from(committed.number), generation);
        Ok(committed)
    }

    /// The first generation without the residents who were erased last, while traces of them may be
    /// left in the files.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn erasure_owed(&self) -> Result<Option<u32>, LedgerError> {
        let Some(bytes) = self.setting(OWED)? else {
            return Ok(None);
        };
        let number = str::from_utf8(&bytes)
            .ok()
            .and_then(|text| text.parse().ok());
        let wrong = || LedgerError::Content("an erasure is owed from no generation".into());
        number.map(Some).ok_or_else(wrong)
    }

    /// Rewrites the file and empties its log, so that no deleted byte is left in either; then nothing is
    /// owed any more. Says whether it could: somebody who reads keeps the log.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub fn shred(&self) -> Result<bool, LedgerError> {
        let action = "cannot rewrite the file after an erasure";
        self.connection.flush_prepared_statement_cache();
        self.connection
            .execute_batch("VACUUM")
            .map_err(sql(action))?;
        let is_emptied = |connection: &Connection| -> rusqlite::Result<bool> {
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
                row.get::<_, i64>(0).map(|busy| busy == 0)
            })
        };
        let is_done = is_emptied(&self.connection).map_err(sql(action))?;
        if is_done {
            self.change(OWED, None)?;
        }
        Ok(is_done)
    }

    /// Runs that decided about somebody who was erased since.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn erased_runs(&self) -> Result<BTreeMap<u32, ErasedRun>, LedgerError> {
        let action = "cannot read erasures";
        let mut statement = self
            .connection
            .prepare("SELECT run, residents, decisions_hash FROM erased_run")
            .map_err(sql(action))?;
        let rows = statement.query_map([], |row| {
            let run = ErasedRun {
                run: row.get(0)?,
                residents: row.get::<_, i64>(1)?.cast_unsigned(),
                decisions_hash: row.get(2)?,
            };
            Ok((run.run, run))
        });
        rows.and_then(Iterator::collect).map_err(sql(action))
    }
}

fn under_way(connection: &Connection, resident: ResidentId) -> rusqlite::Result<u64> {
    connection
        .query_row(
            "SELECT count(*) FROM outbox AS o WHERE resident = ?1 AND (
                state IN ('sending', 'unknown')
                OR (state = 'planned' AND action LIKE 'cancel%'))",
            [resident.as_bytes()],
            |row| row.get::<_, i64>(0),
        )
        .map(i64::cast_unsigned)
}

/// Who did what about a resident; why is in the table of the act.
pub(super) const fn about(who: &str, act: AuditAct, resident: ResidentId) -> AuditEntry<'_> {
    AuditEntry {
        who,
        act,
        about: Some(resident),
        detail: "",
    }
}

fn delete(transaction: &Transaction<'_>, commit: &EraseCommit<'_>) -> rusqlite::Result<()> {
    let mut kept = Vec::new();
    for keeper in KEEPERS {
        let trigger: String = transaction.query_row(
            "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = ?1",
            [keeper],
            |row| row.get(0),
        )?;
        transaction.execute_batch(&format!("DROP TRIGGER {keeper}"))?;
        kept.push(trigger);
    }
    for resident in commit.residents {
        for statement in DELETED {
            let mut deleting = transaction.prepare_cached(statement)?;
            deleting.execute([resident.as_bytes()])?;
        }
    }
    for trigger in kept {
        transaction.execute_batch(&trigger)?;
    }
    for line in commit.lines {
        transaction.execute(
            "DELETE FROM quarantine WHERE pull = ?1 AND file = ?2 AND line = ?3",
            params![line.pull, line.file, line.line.cast_signed()],
        )?;
    }
    for (pull, report) in commit.reports {
        transaction.execute(
            "UPDATE pull SET report = ?2 WHERE id = ?1",
            params![pull, report],
        )?;
    }
    for run in commit.runs {
        transaction.execute(
            "INSERT INTO erased_run (run, residents, decisions_hash) VALUES (?1, ?2, ?3)
             ON CONFLICT (run) DO UPDATE SET residents = excluded.residents,
                decisions_hash = excluded.decisions_hash",
            params![run.run, run.residents.cast_signed(), run.decisions_hash],
        )?;
    }
    let Erased { at, by, reason } = commit.record;
    let until_return = match commit.since {
        ErasedSince::Asked => false,
        ErasedSince::PastPeriod(_) => true,
    };
    for resident in commit.residents {
        transaction.execute(
            "INSERT INTO erasure (resident, at, by, reason, until_return) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![resident.as_bytes(), at, by, reason, until_return],
        )?;
    }
    Ok(())
}

/// A value as people read it; nothing for none. What is counted in microseconds is an instant.
fn shown(name: &str, value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(micros) if matches!(name, "at" | "closed_at") => {
            Timestamp::from_microsecond(micros)
                .ok()
                .map(|at| at.to_string())
        }
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            Some(String::from_utf8_lossy(bytes).into_owned())
        }
    }
}
