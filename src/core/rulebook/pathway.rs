//! The pathway: a table that says where a resident stands and what comes next.

use super::bands::Bands;
use super::catalogue::Catalogue;
use super::condition::Condition;
use super::header::Header;
use super::model::{Score, ScoreUnit};
use super::model_file::{percent_to_score, read_score};
use super::pathway_read::{read_named, read_row};
use super::reader::Table;
use super::state::State;
use super::state_table;
use super::vacuity;
use crate::profile::FactId;

/// What comes next for the resident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextStep {
    /// Nothing is asked of anybody.
    Nothing,
    /// Look again after so many months.
    Recall {
        /// Months from the index date (or from the test that decided).
        months: u16,
    },
    /// Ask the resident the items that decide.
    Ask,
    /// Remind the resident of what was asked or ordered.
    Remind,
    /// Order these laboratory tests.
    OrderLaboratory {
        /// The tests, as facts.
        tests: Vec<FactId>,
    },
    /// A professional has a task.
    Task,
    /// Offer the lifestyle service; look again after so many months.
    OfferPrevention {
        /// Months from the test that decided.
        recall_months: u16,
    },
    /// Get the missing data first.
    CompleteRecord,
}

/// How soon a professional should look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// The same day, outside every queue.
    SameDay,
    /// First in the list.
    Urgent,
    /// Within weeks.
    Soon,
    /// In its turn.
    Routine,
}

impl Priority {
    /// The names in rule files and reports.
    pub const NAMES: [(&'static str, Self); 4] = [
        ("same-day", Self::SameDay),
        ("urgent", Self::Urgent),
        ("soon", Self::Soon),
        ("routine", Self::Routine),
    ];

    /// The name in rule files and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SameDay => "same-day",
            Self::Urgent => "urgent",
            Self::Soon => "soon",
            Self::Routine => "routine",
        }
    }
}

/// A review a row opens for a professional.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Review {
    /// How soon.
    pub priority: Priority,
    /// Within how many days.
    pub within_days: u16,
}

/// What stands behind an exclusion, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exclusion {
    /// What it rests on.
    pub evidence: String,
    /// Who decided that it excludes.
    pub author: String,
    /// Months from its newest fact until somebody should look at it again; `None` when each run sees
    /// the newest of the register anyway.
    pub review_after_months: Option<u32>,
    /// Months from its newest fact until it no longer holds; `None` for never.
    pub expires_after_months: Option<u32>,
    /// The review it opens when it is due.
    pub review: Option<Review>,
}

/// One row of the pathway.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its id: the reason code of decisions.
    pub id: String,
    /// When it holds.
    pub when: Condition,
    /// The state it decides and what comes next; `None` for a row that only opens a review.
    pub outcome: Option<(State, NextStep)>,
    /// A review it opens.
    pub review: Option<Review>,
    /// What stands behind it, for a row that excludes.
    pub exclusion: Option<Exclusion>,
    /// Whether it says that the record contradicts itself: counted by runs, named in explanations.
    pub contradiction: bool,
    /// What the resident is told when a round of theirs comes here, as the id of a text.
    pub message: Option<String>,
    /// What a professional is asked to do when a round comes here, as the id of a text.
    pub contact: Option<String>,
    /// How it reads after "the resident".
    pub says: String,
}

/// How long what is asked of somebody stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// Days from the decision until an order that has not left is stale.
    pub send_days: u16,
    /// Days from the decision until a laboratory sample is overdue.
    pub sample_days: u16,
    /// Days from the decision until an answer is overdue.
    pub answer_days: u16,
    /// Days from a reminder until a sample is waited for no longer.
    pub sample_reminder_days: u16,
    /// Days from a reminder until an answer is waited for no longer.
    pub answer_reminder_days: u16,
}

/// The table in force.
#[derive(Debug, Clone)]
pub struct Pathway {
    /// The head of the file.
    pub header: Header,
    /// Scores from here on are acted on, by age in completed years.
    levels: Bands<Score>,
    /// How close below the level a score is named as near.
    pub near: Score,
    /// What level and near count: what the score of the model must count too.
    pub level_unit: ScoreUnit,
    /// Youngest age, in completed years.
    pub age_from: i16,
    /// First age that is too old.
    pub age_below: i16,
    /// How long orders stand.
    pub deadlines: Deadlines,
    /// The rows, in order of precedence.
    pub rows: Vec<Row>,
}

impl Pathway {
    /// From which score on somebody of these ages (youngest and oldest possible, completed years) is acted
    /// on. Of an age that is not known to the year, the lowest of the levels: nobody is passed over.
    #[must_use]
    pub fn level(&self, ages: Option<(i16, i16)>) -> Score {
        let Some((youngest, oldest)) = ages else {
            return self.lowest_level();
        };
        let levels = (youngest..=oldest).map(|age| *self.levels.at(f64::from(age)));
        levels.min().unwrap_or_else(|| self.lowest_level())
    }

    /// The lowest of the levels; the level itself where it is the same at every age.
    #[must_use]
    pub fn lowest_level(&self) -> Score {
        self.levels().min().unwrap_or(Score::MAX)
    }

    /// Every level, from the youngest ages on.
    pub fn levels(&self) -> impl Iterator<Item = Score> {
        self.levels.as_slice().iter().map(|band| band.value)
    }

    /// What each row orders, for rows that order.
    fn orders(&self) -> impl Iterator<Item = &[FactId]> {
        let steps = self.rows.iter().filter_map(|row| row.outcome.as_ref());
        steps.filter_map(|(_, next)| match next {
            NextStep::OrderLaboratory { tests } => Some(&tests[..]),
            NextStep::Nothing
            | NextStep::Recall { .. }
            | NextStep::Ask
            | NextStep::Remind
            | NextStep::Task
            | NextStep::OfferPrevention { .. }
            | NextStep::CompleteRecord => None,
        })
    }

    /// Whether a row decides about other ages before any row looks at the score.
    pub(super) fn is_outside_age_first(&self) -> bool {
        let decides = |row: &&Row| row.outcome.is_some();
        let mut rows = self.rows.iter().filter(decides);
        rows.find(|row| matches!(row.when, Condition::OutsideAge | Condition::Score(_)))
            .is_some_and(|row| row.when == Condition::OutsideAge)
    }

    /// Every test that some row orders.
    pub(super) fn tests(&self) -> impl Iterator<Item = FactId> {
        self.orders().flatten().copied()
    }

    /// Whether some row orders all of these at once.
    pub(super) fn orders_together(&self, tests: &[FactId]) -> bool {
        self.orders()
            .any(|ordered| tests.iter().all(|test| ordered.contains(test)))
    }

    pub(super) fn read(root: &Table<'_>, catalogue: &Catalogue) -> Option<Self> {
        let header = Header::read(root);
        let level = root.required_table("action_level").and_then(|table| {
            let (unit, level, near) = read_level(&table);
            table.note_verification();
            table.finish();
            Some((level?, near?, unit))
        });
        let ages = root.required_table("ages").and_then(|table| {
            let from: Option<i16> = table.whole("from");
            let below = table.whole("below");
            table.note_verification();
            table.finish();
            if from.zip(below).is_some_and(|(from, below)| below <= from) {
                table.report("ages-empty", "`below` is not above `from`");
            }
            Some((from?, below?))
        });
        let deadlines = root
            .required_table("deadlines")
            .and_then(|table| read_deadlines(&table));
        if let Some(intervals) = root.table("intervals") {
            intervals.note_verification();
            intervals.finish();
        }
        let named = read_named(root, catalogue);
        let tables = root.tables("row");
        let rows: Vec<Row> = tables
            .iter()
            .filter_map(|t| read_row(t, catalogue, &named))
            .collect();
        root.finish();
        if rows.len() == tables.len() {
            state_table::prove(root, &tables, &rows);
            vacuity::prove(&tables, &rows);
        }
        let ((levels, near, level_unit), (age_from, age_below)) = (level?, ages?);
        Some(Self {
            header: header?,
            levels,
            near,
            level_unit,
            age_from,
            age_below,
            deadlines: deadlines?,
            rows,
        })
    }
}

/// Reads `points` and `near`, or `percent` and `near_percent` for a score that is a probability; either once,
/// or for each stretch of ages.
fn read_level(table: &Table<'_>) -> (ScoreUnit, Option<Bands<Score>>, Option<Score>) {
    let level = |unit| {
        if table.has("by_age") {
            return Bands::read(table, "by_age", |band| read_score(band, unit));
        }
        read_score(table, unit).map(Bands::everywhere)
    };
    if table.has("near_percent") {
        let unit = ScoreUnit::PartsPerMillion;
        let near = table.number("near_percent");
        if near.is_some_and(|near| !(0.0..=100.0).contains(&near)) {
            let message = "`near_percent` is 0 to 100";
            table.report_at("near_percent", "level-near", message, None);
        }
        return (unit, level(unit), near.map(percent_to_score));
    }
    let near: Option<Score> = table.whole("near");
    if near.is_some_and(|near| !(0..=100).contains(&near)) {
        table.report_at("near", "level-near", "`near` is 0 to 100 points", None);
    }
    (ScoreUnit::Points, level(ScoreUnit::Points), near)
}

fn read_deadlines(table: &Table<'_>) -> Option<Deadlines> {
    let send_days = table.whole("send_days");
    let sample_days = table.whole("sample_days");
    let answer_days = table.whole("answer_days");
    let sample_reminder_days = table.whole("sample_reminder_days");
    let answer_reminder_days = table.whole("answer_reminder_days");
    table.note_verification();
    table.finish();
    Some(Deadlines {
        send_days: send_days?,
        sample_days: sample_days?,
        answer_days: answer_days?,
        sample_reminder_days: sample_reminder_days?,
        answer_reminder_days: answer_reminder_days?,
    })
}
