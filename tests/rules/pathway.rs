//! The pathway, row by row: a resident for whom a row speaks, a neighbour for whom it does not.

use std::collections::BTreeSet;

use jiff::civil::{Date, date};
use preventiojyraa_core::pathway::ReasonVerdict;
use preventiojyraa_core::profile::{BirthDate, Death, Residence, Sex, Standing, Unit};
use preventiojyraa_core::rulebook::State;

use crate::support::core::{Someone, Statement, TODAY, row_id, rulebook};

const TOMORROW: Date = date(2025, 6, 16);
const MMOL: Unit = Unit::MillimolePerLitre;
const MG: Unit = Unit::MilligramPerDecilitre;
const IFCC: Unit = Unit::MillimolePerMole;

/// A row, whom it speaks about, and somebody who differs in one thing.
struct Case {
    row: &'static str,
    holds_for: Someone,
    not_for: Someone,
}

fn case(row: &'static str, holds_for: Someone, not_for: Someone) -> Case {
    Case {
        row,
        holds_for,
        not_for,
    }
}

/// Complete, healthy and well below the level.
pub(super) fn low() -> Someone {
    Someone::woman_of(40).with_lowest_answers()
}

/// Somebody of 40 who scores exactly this, all of it by answers.
fn scoring(score: i16) -> Someone {
    let (vegetables, drug) = match score {
        11 => ("not-every-day", "no"),
        12 => ("every-day", "yes"),
        _ => panic!("no recipe for a score of {score}"),
    };
    Someone::woman_of(40)
        .bmi(22.0)
        .waist(70.0)
        .answers("physical-activity-answer", "daily")
        .answers("vegetables-answer", vegetables)
        .answers("antihypertensive-answer", drug)
        .answers("high-glucose-answer", "yes")
        .answers("family-history-answer", "first-degree")
}

fn fasting(value: f64) -> Statement {
    Statement::measured("fasting-plasma-glucose", value, MMOL)
}

fn born(day: Date) -> Someone {
    low().registered(|register| register.birth = BirthDate::on(day))
}

fn dead(death: Death) -> Someone {
    low().registered(|register| register.death = death)
}

fn living(residence: Residence) -> Someone {
    low().registered(|register| register.residence = residence)
}

/// May score on either side of the level: only age and BMI are known.
fn spanning(sex: Sex) -> Someone {
    Someone::of(sex, 60).bmi(28.0)
}

fn register_cases() -> Vec<Case> {
    let partial = BirthDate::between(date(1980, 1, 1), date(1980, 12, 31)).expect("in order");
    vec![
        case("born-later", born(TOMORROW), born(TODAY)),
        case(
            "deceased",
            dead(Death::On(TODAY)),
            dead(Death::On(TOMORROW)),
        ),
        case("deceased", dead(Death::Undated), dead(Death::Alive)),
        case(
            "moved-away",
            living(Residence::MovedAway(Some(TODAY))),
            living(Residence::MovedAway(Some(TOMORROW))),
        ),
        case(
            "moved-away",
            living(Residence::MovedAway(None)),
            living(Residence::Unknown),
        ),
        case(
            "lives-elsewhere",
            living(Residence::Elsewhere),
            living(Residence::InArea),
        ),
        case(
            "birth-date-unknown",
            low().registered(|register| register.birth = BirthDate::UNKNOWN),
            low().registered(|register| register.birth = partial),
        ),
        // Eighteen on 15 June 2025, and a day short of it.
        case(
            "outside-age",
            born(date(2007, 6, 16)),
            born(date(2007, 6, 15)),
        ),
        case(
            "outside-age",
            born(date(1905, 6, 15)),
            born(date(1905, 6, 16)),
        ),
        case(
            "record-incomplete",
            low().registered(|register| register.complete = false),
            low(),
        ),
    ]
}

fn fact_cases() -> Vec<Case> {
    let refusal = Statement::present("screening-opt-out");
    let diabetes = Statement::present("diabetes-diagnosis");
    let pregnancy = Statement::present("pregnancy");
    let care = Statement::present("palliative-care");
    vec![
        case(
            "opted-out",
            low().with(refusal),
            low().with(refusal.until(TODAY)),
        ),
        case(
            "diabetes-known",
            low().with(diabetes),
            low().with(diabetes.by(Standing::Unaccepted)),
        ),
        case(
            "diabetes-unaccepted",
            low().with(diabetes.by(Standing::Unaccepted)),
            low().with(diabetes.by(Standing::SelfReported)),
        ),
        case(
            "drug-without-diagnosis",
            low().has("glucose-lowering-medication"),
            low().has("antihypertensive-medication"),
        ),
        case(
            "pregnant",
            low().with(pregnancy.on(date(2024, 8, 15))),
            low().with(pregnancy.on(date(2024, 8, 14))),
        ),
        case(
            "pregnant",
            low().with(pregnancy.on(date(2025, 1, 1)).until(TOMORROW)),
            low().with(pregnancy.on(date(2025, 1, 1)).until(TODAY)),
        ),
        case(
            "end-of-life-care",
            low().with(care),
            low().with(care.until(TODAY)),
        ),
    ]
}

fn result_cases() -> Vec<Case> {
    let lesser = |value| Statement::measured("glucose-fasting-unknown", value, MMOL);
    vec![
        case(
            "glucose-critical",
            low().with(fasting(20.0)),
            low().with(fasting(19.9)),
        ),
        case(
            "glucose-critical",
            low().with(fasting(20.0).on(date(2025, 5, 15))),
            low().with(fasting(20.0).on(date(2025, 5, 14))),
        ),
        case(
            "result-diabetic-range",
            low().with(fasting(7.0)),
            low().with(fasting(6.9)),
        ),
        case(
            "result-diabetic-range",
            low().with(Statement::measured("hba1c", 48.0, IFCC).on(date(2001, 1, 1))),
            low().with(Statement::measured("hba1c", 47.0, IFCC)),
        ),
        case(
            "lesser-sample-high",
            low().with(lesser(11.1)),
            low().with(lesser(11.0)),
        ),
        case(
            "lesser-sample-high",
            low().with(lesser(11.1).on(date(2023, 6, 15))),
            low().with(lesser(11.1).on(date(2023, 6, 14))),
        ),
        case(
            "glucose-impaired",
            low().with(fasting(6.1)),
            low().with(fasting(6.0)),
        ),
        case(
            "glucose-impaired",
            low().with(fasting(6.9).on(date(2024, 6, 15))),
            low().with(fasting(6.9).on(date(2024, 6, 14))),
        ),
        case(
            "recently-normal",
            low().with(fasting(6.0).on(date(2022, 6, 15))),
            low().with(fasting(6.0).on(date(2022, 6, 14))),
        ),
        case(
            "recently-normal",
            low().with(fasting(6.0)),
            low().with(Statement::measured("hba1c", 33.0, IFCC)),
        ),
    ]
}

fn score_cases() -> Vec<Case> {
    vec![
        case("score-at-or-above", scoring(12), scoring(11)),
        case("score-below", scoring(11), scoring(12)),
        case("sex-decides", spanning(Sex::Unknown), spanning(Sex::Male)),
        case("score-spans", spanning(Sex::Female), low()),
    ]
}

fn cases() -> Vec<Case> {
    [
        register_cases(),
        fact_cases(),
        result_cases(),
        score_cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn rows_held(someone: &Someone) -> Vec<&'static str> {
    let reasons = someone.decision().reasons;
    let held = reasons
        .iter()
        .filter(|reason| reason.verdict == ReasonVerdict::Held);
    held.map(|reason| row_id(reason.row)).collect()
}

#[test]
fn each_row_speaks_for_its_resident_and_not_for_the_neighbour() {
    for (
        n,
        Case {
            row,
            holds_for,
            not_for,
        },
    ) in cases().into_iter().enumerate()
    {
        let decision = holds_for.decision();
        let definition = rulebook()
            .pathway
            .rows
            .iter()
            .find(|candidate| candidate.id == row)
            .expect("a row");
        match &definition.outcome {
            Some((state, next)) => {
                assert_eq!(row_id(decision.row), row, "case {n} decides");
                assert_eq!((&decision.state, &decision.next), (state, next), "case {n}");
            }
            None => assert_ne!(row_id(decision.row), row, "case {n} only opens a review"),
        }
        let reviews = decision
            .reviews
            .iter()
            .map(|(row, review)| (row_id(*row), *review));
        let opened = reviews.into_iter().find(|(opened, _)| *opened == row);
        assert_eq!(
            opened.map(|(_, review)| review),
            definition.review,
            "case {n}: {row}"
        );
        assert!(
            !rows_held(&not_for).contains(&row),
            "case {n}: {row} for the neighbour"
        );
    }
}

#[test]
fn every_row_of_the_pathway_has_a_case() {
    let tested: BTreeSet<&str> = cases().iter().map(|case| case.row).collect();
    let shipped: BTreeSet<&str> = rulebook()
        .pathway
        .rows
        .iter()
        .map(|row| row.id.as_str())
        .collect();
    assert_eq!(tested, shipped);
}

/// Who decides when two rows hold: the first in the file, and what it is about.
#[test]
fn a_diagnosis_or_a_result_comes_before_any_score() {
    let diabetes = Statement::present("diabetes-diagnosis");
    let high = || scoring(12);
    for (someone, row) in [
        (dead(Death::On(TODAY)).with(fasting(25.0)), "deceased"),
        (
            living(Residence::Elsewhere).with(diabetes),
            "lives-elsewhere",
        ),
        (high().has("screening-opt-out").with(diabetes), "opted-out"),
        (high().with(diabetes).with(fasting(9.0)), "diabetes-known"),
        (
            high()
                .with(diabetes)
                .with(diabetes.by(Standing::Unaccepted)),
            "diabetes-known",
        ),
        (
            high()
                .with(diabetes.by(Standing::Unaccepted))
                .with(fasting(9.0)),
            "diabetes-unaccepted",
        ),
        (
            high().with(fasting(9.0)).has("pregnancy"),
            "result-diabetic-range",
        ),
        (high().has("pregnancy"), "pregnant"),
        (
            high().has("palliative-care").with(fasting(6.5)),
            "end-of-life-care",
        ),
        (
            high()
                .with(fasting(6.5))
                .registered(|register| register.complete = false),
            "record-incomplete",
        ),
        (high().with(fasting(6.5)), "glucose-impaired"),
        (high().with(fasting(5.0)), "recently-normal"),
        (high(), "score-at-or-above"),
    ] {
        assert_eq!(row_id(someone.decision().row), row);
    }
}

#[test]
fn an_unaccepted_diabetes_diagnosis_excludes_and_opens_a_review() {
    let someone =
        scoring(12).with(Statement::present("diabetes-diagnosis").by(Standing::Unaccepted));
    let decision = someone.decision();
    assert_eq!(decision.state, State::UnderReview);
    assert_eq!(decision.reviews.len(), 1);
}

#[test]
fn a_glucose_lowering_drug_opens_a_review_and_excludes_nobody() {
    for someone in [low(), scoring(11), scoring(12), spanning(Sex::Male)] {
        let before = someone.decision();
        let after = someone
            .clone()
            .has("glucose-lowering-medication")
            .decision();
        assert_eq!((after.state, after.row), (before.state, before.row));
        assert_eq!(after.reviews.len(), before.reviews.len() + 1);
    }
}

#[test]
fn a_diabetic_range_result_goes_to_confirmation_and_is_not_a_diagnosis() {
    for result in [
        fasting(7.0),
        Statement::measured("fasting-plasma-glucose", 126.0, MG),
        Statement::measured("ogtt-2h-plasma-glucose", 11.1, MMOL),
        Statement::measured("hba1c", 48.0, IFCC),
        Statement::measured("hba1c", 6.5, Unit::Percent),
    ] {
        for someone in [low(), scoring(12), spanning(Sex::Unknown)] {
            let decision = someone.with(result).decision();
            assert_eq!(decision.state, State::Confirming);
            assert_eq!(decision.reviews.len(), 1, "somebody has the task");
        }
    }
}

/// A finger-prick, a point-of-care result or a glucose of unknown fasting state.
#[test]
fn a_sample_that_cannot_decide_only_opens_a_review() {
    for (test, unit, high, inconclusive) in [
        ("glucose-fasting-unknown", MMOL, 11.1, 11.0),
        ("glucose-fasting-unknown", MMOL, 19.9, 7.0),
        ("glucose-fasting-unknown", MG, 200.0, 199.9),
        ("fasting-capillary-glucose", MMOL, 7.0, 6.9),
        ("fasting-capillary-glucose", MMOL, 40.0, 5.0),
        ("hba1c-point-of-care", IFCC, 48.0, 47.0),
        ("hba1c-point-of-care", Unit::Percent, 6.5, 6.4),
    ] {
        for someone in [low(), scoring(11), scoring(12), spanning(Sex::Female)] {
            let before = someone.decision();
            let seen = someone
                .clone()
                .with(Statement::measured(test, high, unit))
                .decision();
            assert_eq!(
                (seen.state, seen.row),
                (before.state, before.row),
                "{test} {high}"
            );
            let opened: Vec<&str> = seen.reviews.iter().map(|(row, _)| row_id(*row)).collect();
            assert_eq!(opened, ["lesser-sample-high"], "{test} {high}");
            let below = Statement::measured(test, inconclusive, unit);
            let seen = someone.clone().with(below).decision();
            assert_eq!(seen.row, before.row, "{test} {inconclusive}");
            assert!(seen.reviews.is_empty(), "{test} {inconclusive}");
        }
    }
}

#[test]
fn a_critical_glucose_of_unknown_fasting_state_is_for_today_and_still_not_confirming() {
    for (value, unit) in [(20.0, MMOL), (360.0, MG)] {
        let result = Statement::measured("glucose-fasting-unknown", value, unit);
        let decision = low().with(result).decision();
        let opened: Vec<&str> = decision
            .reviews
            .iter()
            .map(|(row, _)| row_id(*row))
            .collect();
        assert_eq!(opened, ["glucose-critical", "lesser-sample-high"]);
        assert_eq!(decision.state, State::BelowLevel);
    }
}

#[test]
fn a_critical_glucose_is_seen_even_by_those_outside_the_programme() {
    for someone in [
        low().has("screening-opt-out"),
        low().has("diabetes-diagnosis"),
        living(Residence::Elsewhere),
        born(date(2020, 1, 1)),
    ] {
        let decision = someone.with(fasting(25.0)).decision();
        let opened: Vec<&str> = decision
            .reviews
            .iter()
            .map(|(row, _)| row_id(*row))
            .collect();
        assert_eq!(opened, ["glucose-critical"]);
    }
}

#[test]
fn an_incomplete_record_never_yields_a_negative() {
    let incomplete = |someone: Someone| someone.registered(|register| register.complete = false);
    for someone in [
        low(),
        scoring(11),
        scoring(12),
        spanning(Sex::Unknown),
        spanning(Sex::Male),
        low().with(fasting(5.0)),
        low().with(fasting(6.5)),
        Someone::woman_of(40),
    ] {
        assert_eq!(
            incomplete(someone).decision().state,
            State::UndeterminedIncomplete
        );
    }
    // What is already known to be so does not wait for the rest.
    assert_eq!(
        incomplete(low().with(fasting(8.0))).decision().state,
        State::Confirming
    );
    assert_eq!(
        incomplete(low().has("diabetes-diagnosis")).decision().state,
        State::KnownDiabetes
    );
}

#[test]
fn a_normal_result_counts_until_something_worse_comes_after_it() {
    let normal = fasting(5.0).on(date(2025, 1, 10));
    for (later, row) in [
        (fasting(6.5).on(date(2025, 1, 9)), "glucose-impaired"),
        (fasting(6.5).on(date(2023, 1, 9)), "recently-normal"),
        (fasting(6.5).on(date(2025, 1, 10)), "glucose-impaired"),
        (fasting(9.0).on(date(2010, 1, 1)), "result-diabetic-range"),
        (Statement::measured("hba1c", 44.0, IFCC), "recently-normal"),
    ] {
        assert_eq!(row_id(low().with(normal).with(later).decision().row), row);
    }
    // Both too old for prevention and for recall: the score decides again.
    let old = low()
        .with(fasting(5.0).on(date(2023, 1, 1)))
        .with(fasting(6.5).on(date(2023, 6, 1)));
    assert_eq!(row_id(old.decision().row), "score-below");
}

#[test]
fn nobody_is_asked_for_a_sex() {
    let decision = spanning(Sex::Unknown).decision();
    assert_eq!(decision.state, State::UnderReview);
    assert!(decision.asks.is_empty());
    let certain = low().registered(|register| register.sex = Sex::Unknown);
    assert_eq!(
        certain.decision().state,
        State::BelowLevel,
        "the sex decides nothing here"
    );
}

#[test]
fn the_dead_and_the_unborn_have_no_score() {
    for someone in [dead(Death::On(TODAY)), dead(Death::Undated), born(TOMORROW)] {
        assert!(someone.decision().assessment.is_none());
    }
    assert!(born(TODAY).decision().assessment.is_some());
}
