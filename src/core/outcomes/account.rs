//! Everybody counted, once.

use std::collections::BTreeMap;

use super::{Decided, Outcome};

/// Outcomes by their names.
pub type Tally = BTreeMap<&'static str, u64>;

/// How many there are of each decision and outcome. Every resident it was told of is in it once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    counts: BTreeMap<(&'static str, &'static str), u64>,
}

impl Account {
    /// Counts one.
    pub fn add(&mut self, decided: Decided, outcome: Outcome) {
        let place = (decided.name(), outcome.name());
        *self.counts.entry(place).or_default() += 1;
    }

    /// Everybody.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// How many there are of each decision.
    #[must_use]
    pub fn decisions(&self) -> Tally {
        self.sums(|(decided, _)| decided)
    }

    /// How many there are of each outcome.
    #[must_use]
    pub fn outcomes(&self) -> Tally {
        self.sums(|(_, outcome)| outcome)
    }

    /// Counts by decision and outcome, for those that occur.
    pub fn entries(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> + '_ {
        let entries = self.counts.iter();
        entries.map(|((decided, outcome), n)| (*decided, *outcome, *n))
    }

    /// How many have a decision and an outcome, by their names.
    #[must_use]
    pub fn of(&self, decided: &str, outcome: &str) -> u64 {
        let found = self
            .entries()
            .find(|(d, o, _)| (*d, *o) == (decided, outcome));
        found.map_or(0, |(_, _, n)| n)
    }

    fn sums(&self, key: impl Fn((&'static str, &'static str)) -> &'static str) -> Tally {
        let mut sums = Tally::new();
        for (place, n) in &self.counts {
            *sums.entry(key(*place)).or_default() += n;
        }
        sums
    }
}
