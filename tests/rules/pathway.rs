//! The pathway, row by row: a resident for whom a row speaks, a neighbour for whom it does not.

use std::collections::BTreeSet;

use jiff::civil::{Date, date};
use preventiojyraa_core::pathway::ReasonVerdict;
use preventiojyraa_core::profile::{BirthDate, Death, EntryRank, Residence, Sex, Standing, Unit};
use preventiojyraa_core::rulebook::{Score, StageKind};

use crate::support::core::{Someone, Statement, TODAY, row_id, rulebook};

pub(super) const TOMORROW: Date = date(2025, 6, 16);
pub(super) const MMOL: Unit = Unit::MillimolePerLitre;
pub(super) const MG: Unit = Unit::MilligramPerDecilitre;
pub(super) const IFCC: Unit = Unit::MillimolePerMole;

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
pub(super) fn scoring(score: Score) -> Someone {
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

pub(super) fn fasting(value: f64) -> Statement {
    Statement::measured("fasting-plasma-glucose", value, MMOL)
}

pub(super) fn born(day: Date) -> Someone {
    low().registered(|register| register.birth = BirthDate::on(day))
}

pub(super) fn dead(death: Death) -> Someone {
    low().registered(|register| register.death = death)
}

pub(super) fn living(residence: Residence) -> Someone {
    low().registered(|register| register.residence = residence)
}

/// May score on either side of the level: only age and BMI are known.
pub(super) fn spanning(sex: Sex) -> Someone {
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
            "second-entry",
            low().registered(|register| register.rank = EntryRank::GivesWay),
            low().registered(|register| register.rank = EntryRank::Leading),
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
    let below = Statement::measured("hba1c", 47.9, Unit::MillimolePerMole);
    vec![
        case(
            "opted-out",
            low().with(refusal),
            low().with(refusal.until(TODAY)),
        ),
        case(
            "diagnosis-ended",
            low().with(diabetes.until(TODAY)),
            low().with(diabetes.until(date(2025, 6, 16))),
        ),
        case(
            "diagnosis-without-trace",
            low().with(diabetes).with(below),
            low()
                .with(diabetes)
                .with(below)
                .has("glucose-lowering-medication"),
        ),
        case(
            "diagnosis-contradicted",
            low().with(diabetes.by(Standing::Unaccepted)).with(below),
            low()
                .with(diabetes.by(Standing::Unaccepted))
                .with(below.on(date(2023, 6, 14))),
        ),
        case(
            "family-contradicted",
            low()
                .has("family-history-none")
                .has("family-history-first-degree"),
            low()
                .has("family-history-none")
                .has("family-history-second-degree"),
        ),
        case(
            "pregnancy-of-a-man",
            Someone::man_of(40).has("pregnancy"),
            Someone::woman_of(40).has("pregnancy"),
        ),
        case(
            "order-open-elsewhere",
            Someone::woman_of(60).has("glucose-test-ordered"),
            low().has("glucose-test-ordered"),
        ),
        case(
            "order-open-elsewhere",
            Someone::woman_of(60)
                .with(Statement::present("glucose-test-ordered").on(date(2025, 3, 15))),
            Someone::woman_of(60)
                .with(Statement::present("glucose-test-ordered").on(date(2025, 3, 14))),
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
            low().with(Statement::measured("hba1c", 48.0, IFCC).on(date(2020, 6, 15))),
            low().with(Statement::measured("hba1c", 48.0, IFCC).on(date(2020, 6, 14))),
        ),
        case(
            "result-diabetic-range-old",
            low().with(Statement::measured("hba1c", 48.0, IFCC).on(date(2001, 1, 1))),
            low().with(Statement::measured("hba1c", 47.0, IFCC).on(date(2001, 1, 1))),
        ),
        case(
            "diabetes-unaccepted-and-high",
            low()
                .with(Statement::present("diabetes-diagnosis").by(Standing::Unaccepted))
                .with(fasting(7.0)),
            low()
                .with(Statement::present("diabetes-diagnosis").by(Standing::Unaccepted))
                .with(fasting(6.9)),
        ),
        case(
            "recently-normal-and-high-score",
            scoring(12).with(fasting(6.0)),
            scoring(11).with(fasting(6.0)),
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

fn episode_cases() -> Vec<Case> {
    let at_risk = || scoring(12);
    let refused = || at_risk().with(Statement::present("screening-opt-out"));
    let long_ago = fasting(8.0).on(date(2019, 6, 15));
    vec![
        case(
            "refused-with-a-high-result",
            refused().with(fasting(8.0)).in_round(StageKind::Ordered),
            refused().with(fasting(6.9)).in_round(StageKind::Ordered),
        ),
        case(
            "refused-with-high-results",
            refused().with(fasting(8.0)).in_round(StageKind::Resulted),
            refused().with(fasting(8.0)).in_round(StageKind::Closed),
        ),
        case(
            "result-unconfirmed",
            at_risk().with(long_ago).in_round(StageKind::Confirming),
            at_risk().in_round(StageKind::Confirming),
        ),
        case(
            "result-gone",
            at_risk().in_round(StageKind::Confirming),
            at_risk().in_round(StageKind::Ordered),
        ),
        case(
            "handed-to-a-nurse",
            at_risk().in_round(StageKind::WithANurse),
            at_risk().in_round(StageKind::Ordered),
        ),
        case(
            "order-open",
            at_risk().in_round(StageKind::Ordered),
            at_risk().in_round(StageKind::Closed),
        ),
        case(
            "results-undecided",
            at_risk().in_round(StageKind::Resulted),
            at_risk().in_round(StageKind::Ordered),
        ),
        case(
            "sample-overdue",
            at_risk().in_round(StageKind::SampleOverdue),
            at_risk().in_round(StageKind::Ordered),
        ),
        case(
            "did-not-attend",
            at_risk().in_round(StageKind::DidNotAttend),
            at_risk().in_round(StageKind::SampleOverdue),
        ),
        case("sampled-negative", low().drawn(), low()),
        // Nobody at the level is drawn.
        case("score-at-or-above", scoring(12).drawn(), scoring(11)),
        case(
            "answer-overdue",
            spanning(Sex::Female).in_round(StageKind::AnswerOverdue),
            spanning(Sex::Female).in_round(StageKind::Asked),
        ),
        // What is known by now decides, however late.
        case(
            "answer-overdue",
            spanning(Sex::Female).in_round(StageKind::AnswerOverdue),
            low().in_round(StageKind::AnswerOverdue),
        ),
        case(
            "not-answered",
            spanning(Sex::Female).in_round(StageKind::NotAnswered),
            spanning(Sex::Female).in_round(StageKind::AnswerOverdue),
        ),
        case(
            "not-answered",
            // The answer was waited for until 14 June 2025.
            spanning(Sex::Female)
                .in_round(StageKind::NotAnswered)
                .seen_on(date(2026, 6, 14)),
            spanning(Sex::Female)
                .in_round(StageKind::NotAnswered)
                .seen_on(date(2026, 6, 15)),
        ),
    ]
}

fn cases() -> Vec<Case> {
    [
        register_cases(),
        fact_cases(),
        result_cases(),
        episode_cases(),
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
