//! What looking back found, as it is listed and written as JSON.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::lake::DecisionRow;

/// What looking back found.
#[derive(Serialize)]
#[serde(untagged)]
pub enum LookedBack {
    /// Decisions that should have been others.
    Decisions(LookBack),
    /// Words that should have been others.
    Words(WordsLookBack),
}

/// Who was affected by a faulty rule. Names residents by their opaque ids: for people, not for logs.
#[derive(Serialize)]
pub struct LookBack {
    /// The rule.
    pub rule: String,
    /// The first faulty version.
    pub from: String,
    /// The version that corrects it.
    pub corrected: String,
    /// Runs that held it, oldest first.
    pub runs: Vec<RunLookedAt>,
    /// Runs whose rules are not kept, are damaged, or are not readable by this program: of them nothing can be said.
    pub not_kept: Vec<u32>,
    /// Runs that held the rule at a version without a place among the others: it cannot be said whether
    /// they held a faulty one.
    pub not_ordered: Vec<u32>,
    /// Residents of whom some run's decision should have been another.
    pub residents: u64,
    /// Residents of whom only score or reasons should have been others.
    pub only_scores: u64,
    /// Decisions, `was → should have been`, by state.
    pub states: BTreeMap<String, u64>,
    /// Acts that those runs asked for about those residents, `act: what became of it`.
    pub acts: BTreeMap<String, u64>,
    /// Everybody whose decision should have been another, by opaque id.
    pub affected: Vec<Affected>,
}

impl LookBack {
    /// Whether every run could be looked at, on exactly what it saw.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.not_kept.is_empty()
            && self.not_ordered.is_empty()
            && self.runs.iter().all(|run| run.replayed)
    }
}

/// A run that held the rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunLookedAt {
    /// Its number.
    pub run: u32,
    /// Its index date.
    pub index_date: String,
    /// The version it held.
    pub version: String,
    /// Whether it asked anything of anybody.
    pub acted: bool,
    /// Whether deciding again with its own rules gave the decisions on record, byte for byte.
    pub replayed: bool,
    /// Residents whose decision should have been another.
    pub decisions: u64,
    /// Residents of whom only score or reasons should have been others.
    pub scores: u64,
}

/// A resident whose decision should have been another. No `Debug`.
#[derive(Serialize)]
pub struct Affected {
    /// The opaque id.
    pub resident: String,
    /// What was decided, and what should have been, run by run.
    pub decisions: Vec<DecidedOtherwise>,
    /// What was asked of or about them since the first of these runs.
    pub acts: Vec<ActSince>,
}

/// One decision that should have been another.
#[derive(Serialize)]
pub struct DecidedOtherwise {
    /// The run.
    pub run: u32,
    /// Its index date.
    pub index_date: String,
    /// What it decided.
    pub was: DecisionShown,
    /// What it should have decided.
    pub should_be: DecisionShown,
}

/// A decision, as lists show it.
#[derive(Serialize)]
pub struct DecisionShown {
    /// The state.
    pub state: &'static str,
    /// The row of the pathway that decided.
    pub row: String,
    /// What comes next.
    pub next: String,
    /// Items to ask.
    pub asks: String,
    /// Reviews opened.
    pub reviews: String,
    /// Lowest and highest score.
    pub score: Option<[i64; 2]>,
}

impl From<&DecisionRow> for DecisionShown {
    fn from(row: &DecisionRow) -> Self {
        Self {
            state: row.state,
            row: row.row.to_string(),
            next: row.next.to_string(),
            asks: row.asks.clone(),
            reviews: row.reviews.clone(),
            score: row.score.map(|(low, high)| [low.into(), high.into()]),
        }
    }
}

/// An act since the first affected run.
#[derive(Serialize)]
pub struct ActSince {
    /// The run that planned it; nothing when that is not on record.
    pub run: Option<u32>,
    /// Whether that run's decision about the resident should have been another.
    pub by_affected_decision: bool,
    /// The act; for a task of a professional, `task` and its code.
    pub action: String,
    /// What became of it.
    pub state: String,
    /// The day it was decided.
    pub decided_on: String,
}

/// Who was sent words of a faulty rule. Names residents by their opaque ids: for people, not for logs.
#[derive(Serialize)]
pub struct WordsLookBack {
    /// The rule.
    pub rule: String,
    /// The first faulty version.
    pub from: String,
    /// The version that corrects it.
    pub corrected: String,
    /// Acts that left, or may have, while the rules held a faulty version.
    pub orders: u64,
    /// Residents about whom some act should have had other words.
    pub residents: u64,
    /// Acts that left before it was written down by which rules: of them nothing can be said.
    pub not_on_record: u64,
    /// Acts by rules that are not kept, are damaged, or are not readable by this program.
    pub not_kept: u64,
    /// Acts by rules that held a version without a place among the others.
    pub not_ordered: u64,
    /// Acts that their own rules do not put into words again: what they said cannot be compared.
    pub not_worded: u64,
    /// Acts with other words than they should have had, `act: what became of it`.
    pub acts: BTreeMap<String, u64>,
    /// Each of these acts, in the order in which they were planned.
    pub affected: Vec<WordedOtherwise>,
}

impl WordsLookBack {
    /// Whether something can be said about every act that left.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let Self {
            not_on_record,
            not_kept,
            not_ordered,
            not_worded,
            ..
        } = self;
        [*not_on_record, *not_kept, *not_ordered, *not_worded] == [0; 4]
    }
}

/// An act that should have had other words. No `Debug`.
#[derive(Serialize)]
pub struct WordedOtherwise {
    /// The resident's opaque id.
    pub resident: String,
    /// The round.
    pub round: u16,
    /// The act.
    pub action: String,
    /// The way by which it left.
    pub way: Option<&'static str>,
    /// What became of it.
    pub state: String,
    /// The version of the rule then.
    pub version: String,
    /// When it was last handed over (UTC).
    pub at: Option<String>,
    /// What it said and should not have.
    pub was: Vec<Words>,
    /// What it should have said instead.
    pub should_be: Vec<Words>,
}

/// Some words of an act.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Words {
    /// Which they are: `code`, or a text or a question by its id and language.
    pub of: String,
    /// What they say.
    pub said: String,
}
