//! What replaying found, as it is printed and written as JSON.

use std::collections::BTreeMap;

use serde::Serialize;

use super::DecisionShown;
use crate::pathway::Inclusion;

/// Runs that were decided again. Names residents by their opaque ids: for people, not for logs.
#[derive(Serialize)]
pub struct Replay {
    /// The version of this program.
    pub program: &'static str,
    /// The runs, oldest first.
    pub runs: Vec<ReplayedRun>,
}

impl Replay {
    /// What holds of all: `different` when any run is, else what hinders one of them.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let verdicts = self.runs.iter().map(|run| run.verdict);
        verdicts.max().unwrap_or(Verdict::CannotSay)
    }
}

/// What deciding again says about a run; the worst comes last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Every decision is the one on record, byte for byte.
    Identical,
    /// Somebody about whom it decided was erased since: it cannot be decided again.
    Erased,
    /// Something that the run saw is not held any more, or not understood: nothing can be said.
    CannotSay,
    /// All that the run saw is held, and it gives other decisions.
    Different,
}

/// One run.
#[derive(Serialize)]
pub struct ReplayedRun {
    /// Its number.
    pub run: u32,
    /// Its index date.
    pub index_date: String,
    /// The version of the program that decided.
    pub program: String,
    /// The fingerprint of its rules.
    pub rules_fingerprint: String,
    /// Whether it asked anything of anybody.
    pub acted: bool,
    /// The recalibration by which it decided; nothing for the calibration of the rule file.
    pub recalibration: Option<u32>,
    /// The one by which it decided about a share of residents.
    pub shared: Option<SharedAgain>,
    /// What deciding again says.
    pub verdict: Verdict,
    /// How many residents it decided about.
    pub decisions: u64,
    /// The hash of its decisions on record.
    pub hash_on_record: String,
    /// The hash of what was decided now; nothing when nothing could be.
    pub hash: Option<String>,
    /// What is not held any more or not understood, in words; empty unless nothing can be said.
    pub missing: Vec<String>,
    /// How many residents are decided about otherwise than stored, or are on one side only.
    pub differing: u64,
    /// The same by `state [row] → state [row]`; `nobody` where somebody is on one side only.
    pub changes: BTreeMap<String, u64>,
    /// The first of them.
    pub first: Vec<DecidedAgain>,
    /// Whether the decisions stored in the lake are those on record; known only where they were
    /// compared one by one.
    pub stored_as_recorded: Option<bool>,
}

/// A recalibration that decided about a share of residents.
#[derive(Serialize)]
pub struct SharedAgain {
    /// Its number.
    pub recalibration: u32,
    /// The share, in units of 1e-9.
    pub share_e9: u32,
}

impl From<(u32, Inclusion)> for SharedAgain {
    fn from((recalibration, share): (u32, Inclusion)) -> Self {
        Self {
            recalibration,
            share_e9: share.billionths(),
        }
    }
}

/// Somebody who is decided about otherwise.
#[derive(Serialize)]
pub struct DecidedAgain {
    /// The opaque id.
    pub resident: String,
    /// What is stored; nothing for who is not there.
    pub was: Option<DecisionShown>,
    /// What was decided now; nothing for who is not there.
    pub is: Option<DecisionShown>,
    /// What of the two differs, by the names of the columns.
    pub columns: Vec<&'static str>,
}
