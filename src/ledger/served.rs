//! What was done by itself: each step of the schedule, for which day, from when to when, and how it ended.

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::{Row, params};

use super::clock::instant;
use super::episodes::day;
use super::{Ledger, LedgerError, sql};
use crate::schedule::Step;

/// How a step of the schedule ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ServedOutcome {
    /// It did what there was to do.
    Done,
    /// It did what may be done while nothing may be asked of anybody.
    Held,
    /// It compared, and something does not agree.
    Differs,
    /// It did not end well.
    Failed,
    /// The daemon was told to end and could not wait for it.
    Abandoned,
    /// The process ended without a word.
    Interrupted,
}

impl ServedOutcome {
    /// The names in the ledger.
    pub const NAMES: [(&'static str, Self); 6] = [
        ("done", Self::Done),
        ("held", Self::Held),
        ("differs", Self::Differs),
        ("failed", Self::Failed),
        ("abandoned", Self::Abandoned),
        ("interrupted", Self::Interrupted),
    ];

    /// The name in the ledger and in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Held => "held",
            Self::Differs => "differs",
            Self::Failed => "failed",
            Self::Abandoned => "abandoned",
            Self::Interrupted => "interrupted",
        }
    }

    /// Whether the step is done for its day.
    #[must_use]
    pub const fn settles(self) -> bool {
        match self {
            Self::Done | Self::Held | Self::Differs => true,
            Self::Failed | Self::Abandoned | Self::Interrupted => false,
        }
    }
}

/// A step of the schedule that was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServedStep {
    /// Its number.
    pub id: i64,
    /// Which step.
    pub step: Step,
    /// The day for which it was due.
    pub day: Date,
    /// When it began.
    pub started: Timestamp,
    /// The newest pull and the newest run when it was first begun for this day; 0 where there was none.
    pub before: (u32, u32),
    /// When and how it ended; nothing while it is under way, or when its process ended without a word.
    pub ended: Option<(Timestamp, ServedOutcome)>,
}

const COLUMNS: &str = "id, step, day, started, newest_pull, newest_run, ended, outcome";

fn read(row: &Row<'_>) -> rusqlite::Result<Result<ServedStep, LedgerError>> {
    let id: i64 = row.get(0)?;
    let [step, on]: [String; 2] = [row.get(1)?, row.get(2)?];
    let (started, before): (i64, (u32, u32)) = (row.get(3)?, (row.get(4)?, row.get(5)?));
    let (ended, outcome): (Option<i64>, Option<String>) = (row.get(6)?, row.get(7)?);
    let step = || {
        let wrong = || LedgerError::Content(format!("step {id} of the schedule makes no sense"));
        let named = |name: String| {
            let known = ServedOutcome::NAMES
                .iter()
                .find(|(known, _)| *known == name);
            known.map(|(_, outcome)| *outcome).ok_or_else(wrong)
        };
        let ended = ended.map(instant).transpose()?;
        Ok(ServedStep {
            id,
            step: Step::named(&step).ok_or_else(wrong)?,
            day: day(&on)?,
            started: instant(started)?,
            before,
            ended: ended.zip(outcome.map(named).transpose()?),
        })
    };
    Ok(step())
}

impl Ledger {
    /// Writes down that a step begins for a day.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub fn begin_served(
        &mut self,
        step: Step,
        on: Date,
        at: Timestamp,
    ) -> Result<ServedStep, LedgerError> {
        let action = "cannot begin a step of the schedule";
        let transaction = self.begin(action)?;
        // What an earlier try for the same day has brought counts as brought for that day.
        let id = transaction
            .query_row(
                "INSERT INTO served (step, day, started, newest_pull, newest_run)
                 SELECT ?1, ?2, ?3,
                     coalesce((SELECT min(newest_pull) FROM served WHERE step = ?1 AND day = ?2),
                              (SELECT max(id) FROM pull), 0),
                     coalesce((SELECT min(newest_run) FROM served WHERE step = ?1 AND day = ?2),
                              (SELECT max(id) FROM run), 0)
                 RETURNING id",
                params![step.name(), on.to_string(), at.as_microsecond()],
                |row| row.get::<_, i64>(0),
            )
            .map_err(sql(action))?;
        let select = format!("SELECT {COLUMNS} FROM served WHERE id = ?1");
        let begun = transaction.query_row(&select, [id], read);
        let begun = begun.map_err(sql(action))??;
        transaction.commit().map_err(sql(action))?;
        Ok(begun)
    }

    /// Writes down how a step ended, in words without a person; says whether nobody had done so before.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub fn end_served(
        &self,
        id: i64,
        at: Timestamp,
        outcome: ServedOutcome,
        told: &str,
    ) -> Result<bool, LedgerError> {
        let ended = self.connection.execute(
            "UPDATE served SET ended = ?2, outcome = ?3, told = ?4
             WHERE id = ?1 AND (outcome IS NULL OR outcome = 'abandoned')",
            params![id, at.as_microsecond(), outcome.name(), told],
        );
        ended
            .map(|n| n == 1)
            .map_err(sql("cannot end a step of the schedule"))
    }

    /// Steps of a kind, newest first, so many of them at most.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn served(&self, step: Step, most: u32) -> Result<Vec<ServedStep>, LedgerError> {
        let action = "cannot read steps of the schedule";
        let select =
            format!("SELECT {COLUMNS} FROM served WHERE step = ?1 ORDER BY id DESC LIMIT ?2");
        let mut statement = self.connection.prepare(&select).map_err(sql(action))?;
        let rows = statement.query_map(params![step.name(), most], read);
        let rows = rows.map_err(sql(action))?;
        rows.map(|row| row.map_err(sql(action))?).collect()
    }

    /// How often each step ended how, and for how many seconds it was under way in all.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn served_counts(&self) -> Result<Vec<(String, String, u64, f64)>, LedgerError> {
        let action = "cannot read steps of the schedule";
        let mut statement = self
            .connection
            .prepare(
                "SELECT step, outcome, count(*), sum(ended - started) / 1e6 FROM served
                 WHERE outcome IS NOT NULL GROUP BY step, outcome",
            )
            .map_err(sql(action))?;
        let rows = statement.query_map([], |row| {
            let n: i64 = row.get(2)?;
            Ok((row.get(0)?, row.get(1)?, n.cast_unsigned(), row.get(3)?))
        });
        rows.and_then(Iterator::collect).map_err(sql(action))
    }
}
