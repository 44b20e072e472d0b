//! What counts as evidence for an item: how old, of whom, of what, and of *no*.

use jiff::civil::{Date, date};
use preventiojyraa_core::profile::Unit;
use preventiojyraa_core::risk::{Basis, assess_by};
use preventiojyraa_core::rulebook::{Amount, ItemInput};

use crate::support::core::{Someone, Statement, TODAY, rulebook};

pub(super) const LAST_FRESH_DAY: Date = date(2020, 6, 15);
pub(super) const FIRST_STALE_DAY: Date = date(2020, 6, 14);
const LONG_AGO: Date = date(1985, 3, 2);

#[track_caller]
pub(super) fn check(item: &str, statement: Statement, points: &[Amount]) {
    assert_eq!(
        Someone::man_of(50).with(statement).points(item),
        points,
        "{item}"
    );
}

/// Item, a statement about it, its points while fresh, its points when too old.
fn statements_that_age() -> Vec<(&'static str, Statement, Vec<Amount>, Vec<Amount>)> {
    vec![
        (
            "body-mass-index",
            Statement::measured("body-mass-index", 31.0, Unit::KgPerSquareMetre),
            vec![3],
            vec![0, 1, 3],
        ),
        (
            "waist-circumference",
            Statement::measured("waist-circumference", 95.0, Unit::Centimetre),
            vec![3],
            vec![0, 3, 4],
        ),
        (
            "physical-activity",
            Statement::answer("physical-activity-answer", "daily"),
            vec![0],
            vec![0, 2],
        ),
        (
            "physical-activity",
            Statement::answer("physical-activity-answer", "not-daily"),
            vec![2],
            vec![0, 2],
        ),
        (
            "vegetables-fruit-berries",
            Statement::answer("vegetables-answer", "every-day"),
            vec![0],
            vec![0, 1],
        ),
        (
            "vegetables-fruit-berries",
            Statement::answer("vegetables-answer", "not-every-day"),
            vec![1],
            vec![0, 1],
        ),
        (
            "antihypertensive-medication",
            Statement::answer("antihypertensive-answer", "no"),
            vec![0],
            vec![0, 2],
        ),
        (
            "high-blood-glucose-ever",
            Statement::answer("high-glucose-answer", "no"),
            vec![0],
            vec![0, 5],
        ),
        (
            "family-history",
            Statement::answer("family-history-answer", "none"),
            vec![0],
            vec![0, 3, 5],
        ),
        (
            "family-history",
            Statement::answer("family-history-answer", "second-degree"),
            vec![3],
            vec![0, 3, 5],
        ),
        (
            "family-history",
            Statement::present("family-history-none"),
            vec![0],
            vec![0, 3, 5],
        ),
    ]
}

#[test]
fn a_statement_holds_for_sixty_months_and_not_a_day_longer() {
    for (item, statement, fresh, stale) in statements_that_age() {
        check(item, statement.on(TODAY), &fresh);
        check(item, statement.on(LAST_FRESH_DAY), &fresh);
        check(item, statement.on(FIRST_STALE_DAY), &stale);
    }
}

#[test]
fn a_statement_that_is_too_old_is_named_as_too_old() {
    for (item, statement, _, _) in statements_that_age() {
        let stale = Someone::man_of(50)
            .with(statement.on(FIRST_STALE_DAY))
            .item(item);
        assert!(stale.basis.is_none(), "{item}");
        let named = stale.too_old.map(|fact| (fact.id, fact.effective));
        assert_eq!(named, Some((statement.0.id, FIRST_STALE_DAY)), "{item}");
        let fresh = Someone::man_of(50)
            .with(statement.on(LAST_FRESH_DAY))
            .item(item);
        assert!(fresh.basis.is_some() && fresh.too_old.is_none(), "{item}");
    }
}

#[test]
fn of_several_statements_that_are_too_old_the_newest_is_named() {
    let older = FIRST_STALE_DAY.yesterday().expect("a day before");
    for (item, statement, _, _) in statements_that_age() {
        for days in [[older, FIRST_STALE_DAY], [FIRST_STALE_DAY, older]] {
            let someone = days.iter().fold(Someone::man_of(50), |someone, day| {
                someone.with(statement.on(*day))
            });
            let named = someone.item(item).too_old.map(|fact| fact.effective);
            assert_eq!(named, Some(FIRST_STALE_DAY), "{item}");
        }
    }
}

/// A relative of the first degree may be an own child, whom the Australian score does not ask about.
#[test]
fn a_sign_that_shows_at_least_an_answer_leaves_stronger_ones_possible_and_says_so() {
    let model = rulebook().model_called("ausdrisk").expect("shipped");
    let at = model
        .items
        .iter()
        .position(|item| item.id == "family-history");
    for (fact, is_open) in [
        ("family-history-first-degree", true),
        ("family-history-none", false),
    ] {
        let someone = Someone::man_of(50).with(Statement::present(fact));
        let found = assess_by(rulebook(), &model, &someone.profile()).expect("of its ages");
        let item = &found.items()[at.expect("an item")];
        match &item.basis {
            Some(Basis::Shown { at_least, .. }) => assert_eq!(*at_least, is_open, "{fact}"),
            other => panic!("{fact}: {other:?}"),
        }
        assert_eq!(item.adds.is_certain(), !is_open, "{fact}");
    }
}

/// Sixty months from the last day of a month end on the last day of the shorter month.
#[test]
fn a_waist_of_29_february_holds_until_28_february_five_years_later() {
    let measured = Statement::measured("waist-circumference", 95.0, Unit::Centimetre);
    let someone = Someone::man_of(50).with(measured.on(date(2020, 2, 29)));
    for (day, points) in [
        (date(2025, 2, 27), vec![3]),
        (date(2025, 2, 28), vec![3]),
        (date(2025, 3, 1), vec![0, 3, 4]),
    ] {
        let seen = someone.clone().seen_on(day);
        assert_eq!(seen.points("waist-circumference"), points, "{day}");
    }
}

#[test]
fn an_ever_item_is_shown_by_any_sign_however_old() {
    for statement in [
        Statement::present("antihypertensive-medication"),
        Statement::answer("antihypertensive-answer", "yes"),
    ] {
        check("antihypertensive-medication", statement.on(LONG_AGO), &[2]);
    }
    for statement in [
        Statement::present("prediabetes-diagnosis"),
        Statement::present("hyperglycaemia-finding"),
        Statement::present("gestational-diabetes"),
        Statement::present("diabetes-diagnosis"),
        Statement::answer("high-glucose-answer", "yes"),
        Statement::measured("fasting-plasma-glucose", 6.1, Unit::MillimolePerLitre),
        Statement::measured("ogtt-2h-plasma-glucose", 7.8, Unit::MillimolePerLitre),
        Statement::measured("hba1c", 48.0, Unit::MillimolePerMole),
    ] {
        check("high-blood-glucose-ever", statement.on(LONG_AGO), &[5]);
    }
    for statement in [
        Statement::present("family-history-first-degree"),
        Statement::answer("family-history-answer", "first-degree"),
    ] {
        check("family-history", statement.on(LONG_AGO), &[5]);
    }
}

#[test]
fn a_later_no_does_not_undo_ever_but_is_named_as_a_contradiction() {
    for (item, yes, no, points) in [
        (
            "antihypertensive-medication",
            Statement::present("antihypertensive-medication"),
            Statement::answer("antihypertensive-answer", "no"),
            2,
        ),
        (
            "high-blood-glucose-ever",
            Statement::present("gestational-diabetes"),
            Statement::answer("high-glucose-answer", "no"),
            5,
        ),
        (
            "family-history",
            Statement::present("family-history-first-degree"),
            Statement::answer("family-history-answer", "none"),
            5,
        ),
    ] {
        let someone = Someone::woman_of(50).with(yes.on(LONG_AGO)).with(no);
        let result = someone.item(item);
        assert_eq!(someone.points(item), [points], "{item}");
        let contradiction = result.contradicted_by.map(|fact| fact.id);
        assert_eq!(contradiction, Some(no.0.id), "{item}");
        let agreed = Someone::woman_of(50).with(yes).item(item);
        assert!(agreed.contradicted_by.is_none(), "{item}");
    }
}

#[test]
fn a_habit_is_what_was_said_last() {
    for (item, fact, before, after, points) in [
        (
            "physical-activity",
            "physical-activity-answer",
            "not-daily",
            "daily",
            0,
        ),
        (
            "physical-activity",
            "physical-activity-answer",
            "daily",
            "not-daily",
            2,
        ),
        (
            "vegetables-fruit-berries",
            "vegetables-answer",
            "not-every-day",
            "every-day",
            0,
        ),
        (
            "vegetables-fruit-berries",
            "vegetables-answer",
            "every-day",
            "not-every-day",
            1,
        ),
    ] {
        let someone = Someone::woman_of(50)
            .with(Statement::answer(fact, after))
            .with(Statement::answer(fact, before).on(date(2025, 6, 14)));
        assert_eq!(someone.points(item), [points], "{before} then {after}");
    }
}

#[test]
fn of_two_habits_told_on_one_day_the_one_with_more_points_counts() {
    for (first, second) in [("daily", "not-daily"), ("not-daily", "daily")] {
        let someone = Someone::woman_of(50)
            .answers("physical-activity-answer", first)
            .answers("physical-activity-answer", second);
        assert_eq!(someone.points("physical-activity"), [2]);
    }
}

#[test]
fn a_relative_in_the_record_leaves_a_closer_one_possible() {
    for fact in ["family-history-second-degree", "family-history-unspecified"] {
        let recorded = Someone::woman_of(50).has(fact);
        assert_eq!(recorded.points("family-history"), [3, 5], "{fact}");
        for (answer, points) in [
            ("first-degree", vec![5]),
            ("second-degree", vec![3]),
            // The record is a sure sign of some relative: `none` cannot undo it.
            ("none", vec![3, 5]),
            ("do-not-know", vec![3, 5]),
        ] {
            let answered = recorded.clone().answers("family-history-answer", answer);
            assert_eq!(
                answered.points("family-history"),
                points,
                "{fact}, then {answer}"
            );
        }
        let closer = recorded.has("family-history-first-degree");
        assert_eq!(
            closer.points("family-history"),
            [5],
            "{fact} and a closer one"
        );
    }
}

/// Nothing here is evidence of *no*, although each looks a little like it.
#[test]
fn the_absence_of_a_sign_is_never_evidence_of_no() {
    let normal = [
        Statement::measured("fasting-plasma-glucose", 5.0, Unit::MillimolePerLitre),
        Statement::measured("ogtt-2h-plasma-glucose", 6.0, Unit::MillimolePerLitre),
        Statement::measured("hba1c", 33.0, Unit::MillimolePerMole),
        Statement::measured("glucose-fasting-unknown", 5.0, Unit::MillimolePerLitre),
        Statement::answer("high-glucose-answer", "do-not-know"),
        Statement::answer("antihypertensive-answer", "no"),
    ];
    for statement in normal {
        check("high-blood-glucose-ever", statement, &[0, 5]);
    }
    let lesser = [
        // Impaired by ADA's bands, not by the Finnish ones in force.
        Statement::measured("hba1c", 47.0, Unit::MillimolePerMole),
        Statement::measured("glucose-fasting-unknown", 12.0, Unit::MillimolePerLitre),
        Statement::measured("fasting-capillary-glucose", 8.0, Unit::MillimolePerLitre),
        Statement::measured("hba1c-point-of-care", 60.0, Unit::MillimolePerMole),
    ];
    for statement in lesser {
        check("high-blood-glucose-ever", statement, &[0, 5]);
    }
    check(
        "antihypertensive-medication",
        Statement::present("glucose-lowering-medication"),
        &[0, 2],
    );
    check(
        "family-history",
        Statement::answer("family-history-answer", "do-not-know"),
        &[0, 3, 5],
    );
}

#[test]
fn every_item_but_age_says_what_is_evidence_of_no() {
    for item in &rulebook().model.items {
        let is_age = matches!(item.input, ItemInput::Age);
        assert_eq!(item.no_evidence.is_none(), is_age, "{}", item.id);
    }
}
