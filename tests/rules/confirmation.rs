//! What is asked for after an abnormal result: the confirmation table, case by case.

use jiff::civil::date;
use preventiojyraa_core::profile::{Standing, Unit};
use preventiojyraa_core::rulebook::State;

use crate::support::core::{Someone, Statement, TODAY, fact_id, rulebook};

const MMOL: Unit = Unit::MillimolePerLitre;
const IFCC: Unit = Unit::MillimolePerMole;

fn fasting(value: f64) -> Statement {
    Statement::measured("fasting-plasma-glucose", value, MMOL)
}

fn hba1c(value: f64) -> Statement {
    Statement::measured("hba1c", value, IFCC)
}

/// The row of the table and the abnormal tests; nothing when no result is abnormal.
type Said = Option<(&'static str, Vec<&'static str>)>;

fn row(results: &[Statement]) -> Said {
    let someone = results
        .iter()
        .fold(Someone::woman_of(60), |who, r| who.with(*r));
    let confirming = someone.decision().confirming?;
    let table = rulebook()
        .thresholds
        .confirmation
        .as_ref()
        .expect("a table");
    let name = |id| rulebook().catalogue.definition(id).id.as_str();
    let tests = confirming.tests.into_iter().map(name).collect();
    Some((&table.rows[confirming.row].id, tests))
}

#[test]
fn abnormal_results_fall_under_the_row_that_says_what_comes_next() {
    let earlier = date(2025, 6, 1);
    let both = vec!["fasting-plasma-glucose", "hba1c"];
    let one = vec!["fasting-plasma-glucose"];
    let cases: [(&[Statement], Said); 12] = [
        // Two different tests, of one sample or of two.
        (
            &[fasting(7.0), hba1c(48.0)],
            Some(("two-different-tests", both.clone())),
        ),
        (
            &[fasting(7.0).on(earlier), hba1c(48.0)],
            Some(("two-different-tests", both.clone())),
        ),
        // The same test: on different days, and twice on one day.
        (
            &[fasting(7.0).on(earlier), fasting(7.0)],
            Some(("same-test-on-different-days", one.clone())),
        ),
        (
            &[fasting(7.0), fasting(7.2)],
            Some(("one-abnormal-test", one.clone())),
        ),
        // One against another: the abnormal one is repeated.
        (
            &[fasting(7.0), hba1c(47.9)],
            Some(("tests-disagree", one.clone())),
        ),
        (
            &[fasting(6.9), hba1c(48.0)],
            Some(("tests-disagree", vec!["hba1c"])),
        ),
        (&[fasting(7.0)], Some(("one-abnormal-test", one.clone()))),
        // What is too long ago is not taken together: a year and a day.
        (
            &[fasting(7.0).on(date(2024, 6, 15)), hba1c(48.0)],
            Some(("two-different-tests", both)),
        ),
        (
            &[fasting(7.0).on(date(2024, 6, 14)), hba1c(48.0)],
            Some(("one-abnormal-test", vec!["hba1c"])),
        ),
        // What somebody measured at home confirms nothing.
        (
            &[fasting(7.0), hba1c(60.0).by(Standing::SelfReported)],
            Some(("one-abnormal-test", one)),
        ),
        (
            &[Statement::measured("glucose-fasting-unknown", 11.1, MMOL)],
            Some(("random-glucose-high", vec!["glucose-fasting-unknown"])),
        ),
        (&[fasting(6.9), hba1c(47.9)], None),
    ];
    for (n, (results, expected)) in cases.into_iter().enumerate() {
        assert_eq!(row(results), expected, "case {n}");
    }
}

#[test]
fn who_has_no_abnormal_result_is_asked_for_no_confirmation() {
    assert_eq!(row(&[]), None);
    assert_eq!(
        row(&[Statement::measured("glucose-fasting-unknown", 11.0, MMOL)]),
        None
    );
}

#[test]
fn the_explanation_says_what_confirms() {
    let someone = Someone::woman_of(60)
        .with(fasting(7.0))
        .with(hba1c(40.0).on(TODAY));
    let decision = someone.decision();
    assert_eq!(decision.state, State::Confirming);
    let text =
        preventiojyraa_core::report::explain(rulebook(), &someone.profile(), &decision, "She");
    let line = text
        .lines()
        .find(|line| line.starts_with("To confirm or rule out"));
    let line = line.expect("a sentence about it");
    assert!(
        line.contains("fasting plasma glucose") && line.contains("[tests-disagree]"),
        "{line}"
    );
    assert_eq!(
        decision.confirming.expect("abnormal").tests,
        [fact_id("fasting-plasma-glucose")]
    );
}
