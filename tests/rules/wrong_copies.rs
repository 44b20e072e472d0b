//! Wrong copies of the form that circulate, and a point where the shipped rules differ from each.
//!
//! The README of gabrieleravene/dm2 and the page of
//! wellion.hu; and, remembered from the 2003 paper, the other reading of the
//! waist bands.

use preventiojyraa_core::profile::Sex;
use preventiojyraa_core::rulebook::Amount;

use crate::support::core::{Someone, rulebook};

/// One resident, one item, what the wrong copy would give, what the form gives.
#[track_caller]
fn differs(someone: &Someone, item: &str, wrong: Amount, form: Amount) {
    let points = someone.points(item);
    assert_ne!(points, [wrong], "{item} is scored as in the wrong copy");
    assert_eq!(points, [form], "{item}");
}

#[test]
fn gabrieleravene_gives_two_points_for_waist_fruit_and_glucose() {
    differs(
        &Someone::man_of(50).waist(94.0),
        "waist-circumference",
        2,
        3,
    );
    differs(
        &Someone::man_of(50).answers("vegetables-answer", "not-every-day"),
        "vegetables-fruit-berries",
        2,
        1,
    );
    differs(
        &Someone::man_of(50).answers("high-glucose-answer", "yes"),
        "high-blood-glucose-ever",
        2,
        5,
    );
}

#[test]
fn gabrieleravene_calls_seven_points_low() {
    assert_eq!(
        rulebook().model.class_at(7).expect("a class").id,
        "slightly-elevated"
    );
    assert_eq!(rulebook().model.class_at(6).expect("a class").id, "low");
}

#[test]
fn wellion_gives_a_point_from_35_years_on() {
    for years in [35, 40, 44] {
        differs(&Someone::woman_of(years), "age", 1, 0);
    }
}

#[test]
fn wellion_gives_two_points_for_fruit() {
    differs(
        &Someone::woman_of(50).answers("vegetables-answer", "not-every-day"),
        "vegetables-fruit-berries",
        2,
        1,
    );
}

/// There a second-degree relative is three points as on the form: the copies agree here.
#[test]
fn wellion_and_the_form_agree_on_second_degree_relatives() {
    let someone = Someone::woman_of(50).answers("family-history-answer", "second-degree");
    assert_eq!(someone.points("family-history"), [3]);
}

#[test]
fn classes_of_0_to_7_and_8_to_11_are_wrong() {
    let class = |score| {
        rulebook()
            .model
            .class_at(score)
            .expect("a class")
            .id
            .as_str()
    };
    assert_ne!(class(7), class(6), "the first class ends at 6");
    assert_eq!(class(7), class(8), "7 and 8 are in one class");
    assert_eq!(class(7), class(11));
}

#[test]
fn the_papers_reading_of_the_top_waist_band_is_not_the_forms() {
    differs(
        &Someone::of(Sex::Male, 50).waist(102.0),
        "waist-circumference",
        4,
        3,
    );
    differs(
        &Someone::of(Sex::Female, 50).waist(88.0),
        "waist-circumference",
        4,
        3,
    );
}

#[test]
fn a_bmi_rounded_before_banding_would_move_people() {
    // 29.96 rounds to 30.0 (still the middle band), 30.04 would round down into it, 24.96 up.
    differs(&Someone::man_of(50).bmi(30.04), "body-mass-index", 1, 3);
    differs(&Someone::man_of(50).bmi(24.96), "body-mass-index", 1, 0);
    assert_eq!(
        Someone::man_of(50).bmi(29.96).points("body-mass-index"),
        [1]
    );
}

/// The score of the 2003 paper ran 0-20: no family history, no band from 65 years.
#[test]
fn the_score_of_the_2003_paper_is_another_one() {
    let model = &rulebook().model;
    assert_eq!((model.min, model.max), (0, 26));
    differs(&Someone::man_of(65), "age", 3, 4);
    assert!(model.items.iter().any(|item| item.id == "family-history"));
}
