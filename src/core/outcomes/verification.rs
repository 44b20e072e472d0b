//! By what an outcome was found out, and when.

use jiff::civil::Date;

use super::{IndexDecision, category, confirmed_on, horizon_end};
use crate::profile::{FactId, Profile};
use crate::rulebook::{Category, Observed, Rulebook, Specimen};

/// A result that says something about the disease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TestResult {
    /// Which test.
    pub test: FactId,
    /// What its value means.
    pub category: Category,
    /// The pull that brought it.
    pub pull: u32,
}

/// When an outcome was confirmed, and the results until then.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verification {
    /// Days from the index date to the professional's word, above zero; nothing when nobody confirmed
    /// anything within the horizon.
    pub days_to_diagnosis: Option<i32>,
    /// Results of the tests that can verify, from the index date until the diagnosis or the horizon's end.
    pub results: Vec<TestResult>,
}

/// Every test that can verify the disease or its absence: those with bands, from venous samples.
#[must_use]
pub fn verifying_tests(rulebook: &Rulebook) -> Vec<FactId> {
    let is_venous = |test: &FactId| {
        let specimen = rulebook.catalogue.definition(*test).specimen;
        specimen == Some(Specimen::Venous)
    };
    let tests = rulebook.thresholds.tests().into_iter();
    tests.filter(is_venous).collect()
}

/// By what the outcome of an index decision was found out.
///
/// It looks at the days that the outcome itself looks at: results of the index date count, a
/// diagnosis counts from the day after it, both until the same day so many months later. Tests done
/// after the diagnosis did not lead to it.
#[must_use]
pub fn verification(
    rulebook: &Rulebook,
    observed: &Observed,
    horizon_months: u16,
    index: &IndexDecision,
    later: &Profile,
) -> Verification {
    let end = horizon_end(index.on, horizon_months);
    let confirmed = confirmed_on(later.facts_of(observed.confirmed_by))
        .filter(|day| index.on < *day && *day <= end);
    let until = confirmed.unwrap_or(end);
    let results = verifying_tests(rulebook).into_iter().flat_map(|test| {
        let results = later.facts_of(test).iter();
        let results =
            results.filter(move |fact| index.on <= fact.effective && fact.effective <= until);
        results.filter_map(move |fact| {
            Some(TestResult {
                test,
                category: category(rulebook, test, fact)?,
                pull: fact.version.pull,
            })
        })
    });
    Verification {
        days_to_diagnosis: confirmed.map(|day| days_between(index.on, day)),
        results: results.collect(),
    }
}

fn days_between(from: Date, to: Date) -> i32 {
    // Two dates of one horizon, so the span holds days only and cannot overflow.
    from.until(to).map_or(0, |span| span.get_days())
}
