//! How often what was asked and how it was answered, since this process began.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CdsOutcome {
    /// With a card.
    Card,
    /// Without: nothing is asked of anybody.
    Nothing,
    /// Without: nothing may be asked of anybody now.
    NotPermitted,
    /// Nobody knows who it is about, and nothing came along.
    NobodyKnown,
    /// Whoever called was not believed.
    NotBelieved,
    /// What was asked could not be read.
    NotRead,
    /// It took too long.
    TooLate,
    /// It failed here.
    Failed,
    /// What was told back is on record.
    Noted,
    /// Some of what was told back is about cards that nobody was shown.
    UnknownCard,
}

impl CdsOutcome {
    /// The name in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::Nothing => "nothing",
            Self::NotPermitted => "not-permitted",
            Self::NobodyKnown => "nobody-known",
            Self::NotBelieved => "not-believed",
            Self::NotRead => "not-read",
            Self::TooLate => "too-late",
            Self::Failed => "failed",
            Self::Noted => "noted",
            Self::UnknownCard => "unknown-card",
        }
    }
}

/// Counts of calls by what was asked (a service, or `feedback`) and how it ended. The lock is held for
/// one look.
#[derive(Debug, Default)]
pub struct CdsCounts(Mutex<BTreeMap<(&'static str, CdsOutcome), u64>>);

impl CdsCounts {
    pub(super) fn add(&self, what: &'static str, outcome: CdsOutcome) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((what, outcome)).or_default() += 1;
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> Vec<(&'static str, CdsOutcome, u64)> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = counts.iter();
        counts
            .map(|((what, outcome), n)| (*what, *outcome, *n))
            .collect()
    }
}
