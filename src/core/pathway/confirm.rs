//! What confirms a result in the range of disease, and what is asked for until something does.

use super::conditions::{LabResult, results};
use crate::profile::{FactId, Profile, is_within_months};
use crate::rulebook::{Abnormal, Category, Rulebook, Specimen};

/// Which row of the confirmation table a resident's results fall under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirming {
    /// The row, by position in the table.
    pub row: usize,
    /// The abnormal tests, each once.
    pub tests: Vec<FactId>,
}

/// Where a resident's results stand in the confirmation table; `None` when none is abnormal, or the
/// rules have no such table.
///
/// Results as old as the table allows before the newest abnormal one count together with it. What the
/// residents measured themselves confirms nothing.
pub(super) fn confirming(rulebook: &Rulebook, profile: &Profile) -> Option<Confirming> {
    let table = rulebook.thresholds.confirmation.as_ref()?;
    let all = results(rulebook, profile, None);
    let is_abnormal = |result: &&LabResult| Category::DiseaseRange <= result.category;
    let is_venous = |result: &&LabResult| result.specimen == Some(Specimen::Venous);
    let mut abnormal: Vec<&LabResult> = all.iter().filter(is_venous).filter(is_abnormal).collect();
    let (when, tests) = if let Some(newest) = abnormal.iter().map(|r| r.fact.effective).max() {
        let counts = |r: &&LabResult| {
            let (a, b) = (r.fact.effective.min(newest), r.fact.effective.max(newest));
            is_within_months(a, b, Some(table.within_months))
        };
        abnormal.retain(counts);
        let others = all.iter().filter(is_venous).filter(counts);
        kind(rulebook, &abnormal, &others.collect::<Vec<_>>())
    } else {
        let lesser: Vec<&LabResult> = all.iter().filter(is_abnormal).collect();
        let tests = distinct(&lesser);
        (Abnormal::LesserSampleOnly, tests)
    };
    if tests.is_empty() {
        return None;
    }
    let row = table.rows.iter().position(|row| row.when == when)?;
    Some(Confirming { row, tests })
}

fn kind(
    rulebook: &Rulebook,
    abnormal: &[&LabResult],
    all: &[&LabResult],
) -> (Abnormal, Vec<FactId>) {
    let tests = distinct(abnormal);
    let days = |test: FactId| {
        let of_test = abnormal.iter().filter(|r| r.fact.id == test);
        let mut days: Vec<_> = of_test.map(|r| r.fact.effective).collect();
        days.dedup();
        days.len()
    };
    let when = if 1 < tests.len() {
        Abnormal::DifferentTests
    } else if tests.iter().any(|test| 1 < days(*test)) {
        Abnormal::SameTestOnDifferentDays
    } else if tests
        .iter()
        .any(|test| rulebook.thresholds.single_suffices(*test))
    {
        Abnormal::OneThatSuffices
    } else if all
        .iter()
        .any(|other| other.category < Category::DiseaseRange)
    {
        Abnormal::OneAgainstAnother
    } else {
        Abnormal::OneAlone
    };
    (when, tests)
}

fn distinct(results: &[&LabResult]) -> Vec<FactId> {
    let mut tests: Vec<FactId> = results.iter().map(|result| result.fact.id).collect();
    tests.sort_unstable();
    tests.dedup();
    tests
}
