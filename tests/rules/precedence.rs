//! Which row decides when several hold, what only opens a review, and what nearly held.

use jiff::civil::date;
use preventiojyraa_core::pathway::{NearMiss, ReasonVerdict, decide};
use preventiojyraa_core::profile::{Death, Residence, Sex, Standing, Unit};
use preventiojyraa_core::rulebook::{Rulebook, State};

use super::loader::edited;
use super::pathway::{IFCC, MG, MMOL, TOMORROW};
use super::pathway::{born, dead, fasting, living, low, scoring, spanning};
use crate::support::core::{Someone, Statement, TODAY, row_id};

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
            "diabetes-unaccepted-and-high",
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
        (
            high().with(fasting(9.0).on(date(2010, 1, 1))),
            "score-at-or-above",
        ),
        (high().with(fasting(5.0)), "recently-normal-and-high-score"),
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
        ("fasting-capillary-glucose", MMOL, 19.9, 5.0),
        ("fasting-capillary-glucose", MG, 126.0, 125.0),
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
    ] {
        let decision = someone.with(fasting(25.0)).decision();
        let opened: Vec<&str> = decision
            .reviews
            .iter()
            .map(|(row, _)| row_id(*row))
            .collect();
        assert_eq!(opened, ["glucose-critical"]);
    }
    // A child is not screened, but a result like this is not passed over.
    let child = born(date(2012, 1, 1)).with(fasting(9.0)).decision();
    assert_eq!(child.state, State::Confirming);
}

#[test]
fn what_was_measured_at_home_is_no_laboratory_sample() {
    let at_home = |value| fasting(value).by(Standing::SelfReported);
    for someone in [low(), scoring(11), scoring(12)] {
        let before = someone.decision();
        let normal = someone.clone().with(at_home(5.0)).decision();
        assert_eq!((normal.row, normal.reviews.len()), (before.row, 0));
        let high = someone.clone().with(at_home(9.0)).decision();
        assert_eq!(high.row, before.row);
        assert_eq!(row_id(high.reviews[0].0), "lesser-sample-high");
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
        State::KnownDisease
    );
}

#[test]
fn a_normal_result_counts_until_something_worse_comes_after_it() {
    let normal = fasting(5.0).on(date(2025, 1, 10));
    for (later, row) in [
        (fasting(6.5).on(date(2025, 1, 9)), "glucose-impaired"),
        (fasting(6.5).on(date(2023, 1, 9)), "recently-normal"),
        (fasting(6.5).on(date(2025, 1, 10)), "glucose-impaired"),
        (fasting(9.0).on(date(2010, 1, 1)), "recently-normal"),
        (fasting(9.0).on(date(2024, 1, 1)), "result-diabetic-range"),
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

fn near_misses(someone: &Someone) -> Vec<(&'static str, NearMiss)> {
    let reasons = someone.decision().reasons;
    let near = reasons.iter().filter_map(|reason| match reason.verdict {
        ReasonVerdict::Nearly(miss) => Some((row_id(reason.row), miss)),
        ReasonVerdict::Held => None,
    });
    near.collect()
}

#[test]
fn a_row_that_nearly_held_says_what_it_lacked() {
    let diabetes = Statement::present("diabetes-diagnosis");
    let pregnancy = Statement::present("pregnancy");
    for (someone, row, miss) in [
        (
            low().with(diabetes.by(Standing::SelfReported)),
            "diabetes-known",
            NearMiss::OtherStanding,
        ),
        (
            low().with(pregnancy.until(TODAY)),
            "pregnant",
            NearMiss::Ended,
        ),
        (
            low().with(pregnancy.on(date(2020, 1, 1))),
            "pregnant",
            NearMiss::TooOld,
        ),
        (
            low().with(fasting(6.5).on(date(2020, 1, 1))),
            "glucose-impaired",
            NearMiss::TooOld,
        ),
        (
            low().with(fasting(5.0).on(date(2020, 1, 1))),
            "recently-normal",
            NearMiss::TooOld,
        ),
        (scoring(11), "score-at-or-above", NearMiss::JustBelow),
    ] {
        assert!(
            near_misses(&someone).contains(&(row, miss)),
            "{row}: {:?}",
            near_misses(&someone)
        );
    }
}

/// Of several facts that a row nearly accepts, the one that lacks least is named, whichever is newer.
#[test]
fn of_several_near_misses_the_least_is_named() {
    let pregnancy = Statement::present("pregnancy");
    let ended = |on, until| pregnancy.on(on).until(until);
    let (may, june) = (date(2019, 5, 1), date(2019, 6, 1));
    for (newer, older) in [
        (pregnancy.on(june), ended(may, june)),
        (ended(TODAY, TODAY), pregnancy.on(may)),
    ] {
        let misses = near_misses(&low().with(newer).with(older));
        assert!(
            misses.contains(&("pregnant", NearMiss::TooOld)),
            "{misses:?}"
        );
        assert!(
            !misses.contains(&("pregnant", NearMiss::Ended)),
            "{misses:?}"
        );
    }
    let old = Statement::present("glucose-lowering-medication").on(date(2015, 1, 1));
    let own = Statement::present("diabetes-diagnosis").by(Standing::SelfReported);
    let someone = low().with(old).with(own);
    let drug = "{ fact = \"glucose-lowering-medication\", standing = \"any\", ";
    for (was, is) in [
        // Before the diagnosis and after it.
        (
            "{ fact = \"diabetes-diagnosis\", standing = \"established\", ever = true, shows = \"certain\" },",
            format!(
                "{drug}within_months = 24, shows = \"certain\" }}, {{ fact = \"diabetes-diagnosis\", standing = \"established\", ever = true, shows = \"certain\" }},"
            ),
        ),
        (
            &format!("{drug}ever = true, shows = \"hint\" }}"),
            format!(
                "{drug}within_months = 24, shows = \"certain\" }}, {drug}ever = true, shows = \"hint\" }}"
            ),
        ),
    ] {
        let (files, _) = edited("facts/definitions.toml", was, &is);
        let rules = Rulebook::load(&files).expect("it loads");
        let reasons = decide(&rules, &someone.profile(), None, None).reasons;
        let near: Vec<NearMiss> = reasons
            .iter()
            .filter(|reason| rules.pathway.rows[reason.row].id == "diabetes-known")
            .filter_map(|reason| match reason.verdict {
                ReasonVerdict::Nearly(miss) => Some(miss),
                ReasonVerdict::Held => None,
            })
            .collect();
        assert_eq!(near, [NearMiss::TooOld], "{is}");
    }
}

/// The lake keeps them, and a program of next year reads them.
#[test]
fn near_misses_have_names_that_stay() {
    use NearMiss::{Ended, Expired, JustBelow, OtherStanding, Superseded, TooOld};
    let all = [TooOld, Ended, OtherStanding, Superseded, JustBelow, Expired];
    assert_eq!(
        all.map(NearMiss::name),
        [
            "too-old",
            "ended",
            "other-standing",
            "superseded",
            "just-below",
            "expired"
        ]
    );
}

#[test]
fn a_normal_result_followed_by_a_worse_one_is_superseded() {
    let old = fasting(5.0).on(date(2023, 1, 1));
    let worse = fasting(6.5).on(date(2023, 6, 1));
    let misses = near_misses(&low().with(old).with(worse));
    assert!(
        misses.contains(&("recently-normal", NearMiss::Superseded)),
        "{misses:?}"
    );
}

#[test]
fn a_score_is_near_the_level_from_two_points_below_it() {
    // Four points for 70 years and five for glucose are nine; one for vegetables makes ten.
    let form = |glucose, family, vegetables| {
        Someone::woman_of(70)
            .bmi(22.0)
            .waist(70.0)
            .answers("physical-activity-answer", "daily")
            .answers("vegetables-answer", vegetables)
            .answers("antihypertensive-answer", "no")
            .answers("high-glucose-answer", glucose)
            .answers("family-history-answer", family)
    };
    for (someone, score, is_near) in [
        (form("yes", "none", "every-day"), 9, false),
        (form("yes", "none", "not-every-day"), 10, true),
        (scoring(11), 11, true),
        (low(), 0, false),
    ] {
        assert_eq!(someone.score(), (score, score));
        let is_named = near_misses(&someone).contains(&("score-at-or-above", NearMiss::JustBelow));
        assert_eq!(is_named, is_near, "score {score}");
    }
}
