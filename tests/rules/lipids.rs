//! The shipped pathway for heart and vessels: what a result means for whom, and what is not forgotten.

use jiff::civil::{Date, date};
use preventiojyraa_core::pathway::{Decision, decide};
use preventiojyraa_core::profile::{BirthDate, Unit};
use preventiojyraa_core::rulebook::{Rulebook, StageKind, State};

use crate::support::core::{Someone, Statement, TODAY, rule_files};

pub(super) fn hearts() -> Rulebook {
    Rulebook::load_programme(&rule_files(), "cardiovascular").expect("shipped")
}

fn decided(someone: &Someone) -> Decision {
    let rules = hearts();
    decide(
        &rules,
        &someone.profile(),
        someone.episode.as_ref(),
        someone.lot,
    )
}

/// The rows that open a review, and the row that decides.
fn rows(someone: &Someone) -> (Vec<String>, String) {
    let (rules, decision) = (hearts(), decided(someone));
    let id = |row: usize| rules.pathway.rows[row].id.clone();
    let reviews = decision.reviews.iter().map(|(row, _)| id(*row)).collect();
    (reviews, id(decision.row))
}

fn measured(fact: &str, value: f64, unit: Unit) -> Statement {
    Statement::measured(fact, value, unit)
}

fn ldl(value: f64, on: Date) -> Statement {
    measured("ldl-cholesterol", value, Unit::MillimolePerLitre).on(on)
}

/// With everything but the treatment of blood pressure known; at high risk, or not.
pub(super) fn known(someone: Someone, high: bool) -> Someone {
    let (total, hdl, pressure) = if high {
        (8.0, 0.8, 180.0)
    } else {
        (4.0, 2.0, 105.0)
    };
    someone
        .answers("smoking-answer", if high { "current" } else { "never" })
        .answers("diabetes-answer", "no")
        .with(measured(
            "total-cholesterol",
            total,
            Unit::MillimolePerLitre,
        ))
        .with(measured("hdl-cholesterol", hdl, Unit::MillimolePerLitre))
        .with(measured(
            "systolic-blood-pressure",
            pressure,
            Unit::MillimetreOfMercury,
        ))
}

#[test]
fn who_turns_seventy_five_before_the_review_is_still_reviewed() {
    let aged = |someone: Someone| {
        let birth = BirthDate::on(date(TODAY.year() - 75, 1, 1));
        someone.registered(|register| register.birth = birth)
    };
    let confirming = aged(Someone::man_of(74)).in_round(StageKind::Confirming);
    assert_eq!(rows(&confirming).1, "review-open");
    let resulted = aged(known(Someone::man_of(74), true)).in_round(StageKind::Resulted);
    assert_eq!(rows(&resulted).1, "review-due");
    let high = aged(Someone::man_of(74)).with(ldl(5.5, TODAY));
    assert_eq!(rows(&high).1, "ldl-very-high");
    assert_eq!(rows(&aged(Someone::man_of(74))).1, "outside-age");
}

#[test]
fn who_says_no_after_a_result_is_left_alone_and_the_result_is_not_forgotten() {
    let refusing = |someone: Someone| someone.has("screening-opt-out");
    let high = refusing(Someone::man_of(60)).with(ldl(5.5, TODAY));
    let waits = refusing(Someone::man_of(60)).in_round(StageKind::Confirming);
    let at_risk = refusing(known(Someone::man_of(60), true)).in_round(StageKind::Resulted);
    for (someone, review) in [
        (
            high.clone().in_round(StageKind::Ordered),
            Some("refused-with-a-very-high-result"),
        ),
        (
            high.clone().in_round(StageKind::Resulted),
            Some("refused-with-a-very-high-result"),
        ),
        (waits, Some("refused-under-review")),
        (at_risk, Some("refused-at-high-risk")),
        // Others have ordered it, and they look at it.
        (high, None),
    ] {
        let (reviews, decides) = rows(&someone);
        assert_eq!(decides, "opted-out");
        assert_eq!(reviews, Vec::from_iter(review.map(str::to_owned)));
    }
}

#[test]
fn the_newest_ldl_cholesterol_decides() {
    let someone = |high| known(Someone::man_of(60), high);
    let earlier = TODAY
        .checked_sub(jiff::Span::new().months(3))
        .expect("a day");
    let then = |high, first: f64, second: f64| {
        someone(high)
            .with(ldl(first, earlier))
            .with(ldl(second, TODAY))
    };
    for (someone, row) in [
        (then(true, 5.5, 4.0), "high-risk-panel-above-target"),
        (then(true, 4.0, 5.5), "ldl-very-high"),
        (then(true, 4.0, 2.5), "high-risk-panel-at-target"),
        (then(true, 2.5, 4.0), "high-risk-panel-above-target"),
        (
            then(false, 4.0, 2.5).in_round(StageKind::Resulted),
            "resulted-below",
        ),
        (
            then(false, 2.5, 4.0).in_round(StageKind::Resulted),
            "resulted-below-above-target",
        ),
        // Of two results of one day the worse one counts.
        (
            someone(true).with(ldl(4.0, TODAY)).with(ldl(5.5, TODAY)),
            "ldl-very-high",
        ),
        (
            someone(true).with(ldl(5.5, TODAY)).with(ldl(4.0, TODAY)),
            "ldl-very-high",
        ),
    ] {
        assert_eq!(rows(&someone).1, row);
    }
}

#[test]
fn a_score_that_stays_undecided_is_not_told_as_a_high_risk() {
    let undecided = Someone::man_of(60).in_round(StageKind::Resulted);
    let decision = decided(&undecided);
    assert_eq!(decision.state, State::WithANurse);
    let rules = hearts();
    let row = &rules.pathway.rows[decision.row];
    assert_eq!(row.contact.as_deref(), Some("contact-undecided"));
}
