//! Precedence: who is believed where several sources tell the same.

use std::collections::BTreeMap;

use super::{Fact, Standing};

/// The ranks of sources, by the pull that brought a fact; the smallest comes first.
///
/// A rank belongs to a source, so that the order in which sources were pulled cannot matter. Facts of
/// pulls without a rank come last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Precedence(BTreeMap<u32, u32>);

impl Precedence {
    /// Of pulls and the ranks of their sources.
    #[must_use]
    pub fn of(ranks: impl IntoIterator<Item = (u32, u32)>) -> Self {
        Self(ranks.into_iter().collect())
    }

    fn rank(&self, fact: &Fact) -> u32 {
        self.0.get(&fact.version.pull).copied().unwrap_or(u32::MAX)
    }

    /// Drops what another submission tells as well and is believed before: a measurement of the same
    /// kind, day and value, unit and comparator included. `facts` are sorted by kind and day.
    ///
    /// Who stands behind it comes first: a resident who has copied a result of the laboratory does not
    /// make it a measurement at home. Then the rank of the source counts, and among equals the largest
    /// submission id. Two values of one day are two measurements, and so are two parts of one submission.
    pub(super) fn each_measurement_once(&self, facts: &mut Vec<Fact>) {
        let day = |fact: &Fact| (fact.id, fact.effective);
        // Hardly anybody has two of one kind on one day.
        if !facts.windows(2).any(|pair| day(&pair[0]) == day(&pair[1])) {
            return;
        }
        let place = |fact: &Fact| -> (Standing, u32, _) {
            let submission = std::cmp::Reverse(fact.submission);
            (fact.standing, self.rank(fact), submission)
        };
        let is_told_better = |of_day: &[Fact], fact: &Fact| {
            of_day
                .iter()
                .any(|other| other.value == fact.value && place(other) < place(fact))
        };
        let mut once = Vec::with_capacity(facts.len());
        for of_day in facts.chunk_by(|a, b| day(a) == day(b)) {
            let told = of_day.iter();
            once.extend(told.copied().filter(|fact| {
                of_day.len() == 1 || fact.quantity().is_none() || !is_told_better(of_day, fact)
            }));
        }
        *facts = once;
    }
}
