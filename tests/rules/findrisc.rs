//! Points of every item of the form, and its classes.
//!
//! Expected values are from the English form (Tuomilehto & Lindström), items 1-8
//! and the class table; none is read from `rules/`.

use preventiojyraa_core::profile::Sex;
use preventiojyraa_core::risk::class;
use preventiojyraa_core::rulebook::Amount;

use crate::support::core::{Someone, rulebook};

/// Value and the points it can have.
type Row<'a> = (f64, &'a [Amount]);

#[track_caller]
fn check_bmi(someone: fn() -> Someone, rows: &[Row<'_>]) {
    for (value, points) in rows {
        assert_eq!(
            someone().bmi(*value).points("body-mass-index"),
            *points,
            "BMI {value}"
        );
    }
}

#[track_caller]
fn check_waist(sex: Sex, rows: &[Row<'_>]) {
    for (value, points) in rows {
        let someone = Someone::of(sex, 50).waist(*value);
        assert_eq!(
            someone.points("waist-circumference"),
            *points,
            "waist {value} cm"
        );
    }
}

#[track_caller]
fn check_answers(item: &str, fact: &str, rows: &[(&str, &[Amount])]) {
    for sex in [Sex::Female, Sex::Male, Sex::Unknown] {
        for (answer, points) in rows {
            let someone = match *answer {
                "" => Someone::of(sex, 50),
                answer => Someone::of(sex, 50).answers(fact, answer),
            };
            assert_eq!(someone.points(item), *points, "{fact}: {answer:?}");
        }
    }
}

#[test]
fn age_scores_from_completed_years() {
    for sex in [Sex::Female, Sex::Male, Sex::Unknown] {
        for (years, points) in [
            (0, 0),
            (18, 0),
            (34, 0),
            (35, 0),
            (44, 0),
            (45, 2),
            (46, 2),
            (54, 2),
            (55, 3),
            (64, 3),
            (65, 4),
            (66, 4),
            (110, 4),
        ] {
            assert_eq!(
                Someone::of(sex, years).points("age"),
                [points],
                "{years} years"
            );
        }
    }
    assert_eq!(
        Someone::unknown().points("age"),
        [0, 2, 3, 4],
        "no birth date"
    );
}

#[test]
fn bmi_scores_the_same_for_both_sexes_and_is_never_rounded() {
    let rows: &[Row<'_>] = &[
        (15.0, &[0]),
        (24.0, &[0]),
        (24.9, &[0]),
        (24.999_999, &[0]),
        (25.0, &[1]),
        (25.1, &[1]),
        (29.9, &[1]),
        (29.96, &[1]),
        (30.0, &[1]),
        (30.001, &[3]),
        (30.04, &[3]),
        (30.1, &[3]),
        (60.0, &[3]),
    ];
    check_bmi(|| Someone::woman_of(50), rows);
    check_bmi(|| Someone::man_of(50), rows);
    check_bmi(|| Someone::of(Sex::Unknown, 50), rows);
    assert_eq!(
        Someone::woman_of(50).points("body-mass-index"),
        [0, 1, 3],
        "not measured"
    );
}

#[test]
fn bmi_of_exactly_30_scores_one_and_the_next_number_above_scores_three() {
    let next = f64::from_bits(30f64.to_bits() + 1);
    check_bmi(|| Someone::man_of(50), &[(30.0, &[1]), (next, &[3])]);
    let before = f64::from_bits(25f64.to_bits() - 1);
    check_bmi(|| Someone::man_of(50), &[(before, &[0]), (25.0, &[1])]);
}

#[test]
fn waist_of_exactly_102_cm_scores_three_for_men() {
    check_waist(
        Sex::Male,
        &[
            (70.0, &[0]),
            (80.0, &[0]),
            (93.9, &[0]),
            (93.999, &[0]),
            (94.0, &[3]),
            (94.1, &[3]),
            (101.9, &[3]),
            (102.0, &[3]),
            (102.001, &[4]),
            (102.1, &[4]),
            (150.0, &[4]),
        ],
    );
}

#[test]
fn waist_of_exactly_88_cm_scores_three_for_women() {
    check_waist(
        Sex::Female,
        &[
            (60.0, &[0]),
            (79.9, &[0]),
            (79.999, &[0]),
            (80.0, &[3]),
            (80.1, &[3]),
            (87.9, &[3]),
            (88.0, &[3]),
            (88.001, &[4]),
            (88.1, &[4]),
            (94.0, &[4]),
            (150.0, &[4]),
        ],
    );
}

#[test]
fn a_waist_without_a_sex_covers_the_bands_of_both() {
    check_waist(
        Sex::Unknown,
        &[
            (79.9, &[0]),
            (80.0, &[0, 3]),
            (88.0, &[0, 3]),
            (88.1, &[0, 4]),
            (93.9, &[0, 4]),
            (94.0, &[3, 4]),
            (102.0, &[3, 4]),
            (102.1, &[4]),
        ],
    );
}

#[test]
fn a_waist_that_is_not_measured_can_have_any_points() {
    for sex in [Sex::Female, Sex::Male, Sex::Unknown] {
        assert_eq!(
            Someone::of(sex, 50).points("waist-circumference"),
            [0, 3, 4]
        );
    }
}

#[test]
fn habits_score_by_the_answer_given() {
    check_answers(
        "physical-activity",
        "physical-activity-answer",
        &[
            ("daily", &[0]),
            ("not-daily", &[2]),
            ("do-not-know", &[0, 2]),
            ("", &[0, 2]),
        ],
    );
    check_answers(
        "vegetables-fruit-berries",
        "vegetables-answer",
        &[
            ("every-day", &[0]),
            ("not-every-day", &[1]),
            ("do-not-know", &[0, 1]),
            ("", &[0, 1]),
        ],
    );
}

#[test]
fn history_scores_by_the_answer_given() {
    check_answers(
        "antihypertensive-medication",
        "antihypertensive-answer",
        &[
            ("no", &[0]),
            ("yes", &[2]),
            ("do-not-know", &[0, 2]),
            ("", &[0, 2]),
        ],
    );
    check_answers(
        "high-blood-glucose-ever",
        "high-glucose-answer",
        &[
            ("no", &[0]),
            ("yes", &[5]),
            ("do-not-know", &[0, 5]),
            ("", &[0, 5]),
        ],
    );
    check_answers(
        "family-history",
        "family-history-answer",
        &[
            ("none", &[0]),
            ("second-degree", &[3]),
            ("first-degree", &[5]),
            ("do-not-know", &[0, 3, 5]),
            ("", &[0, 3, 5]),
        ],
    );
}

#[test]
fn the_form_has_eight_questions_in_the_order_of_the_form() {
    let asked: Vec<(u8, &str)> = rulebook()
        .model
        .items
        .iter()
        .map(|item| (item.question, item.id.as_str()))
        .collect();
    assert_eq!(
        asked,
        [
            (1, "age"),
            (2, "body-mass-index"),
            (3, "waist-circumference"),
            (4, "physical-activity"),
            (5, "vegetables-fruit-berries"),
            (6, "antihypertensive-medication"),
            (7, "high-blood-glucose-ever"),
            (8, "family-history"),
        ]
    );
}

#[test]
fn the_score_runs_from_0_to_26() {
    assert_eq!(Someone::woman_of(30).with_lowest_answers().score(), (0, 0));
    assert_eq!(Someone::man_of(80).with_highest_answers().score(), (26, 26));
    assert_eq!(Someone::unknown().score(), (0, 26), "nothing known");
    assert_eq!(Someone::woman_of(50).score(), (2, 24), "age alone known");
}

#[test]
fn class_bounds_are_those_of_the_form() {
    for (score, expected) in [
        (0, "low"),
        (6, "low"),
        (7, "slightly-elevated"),
        (8, "slightly-elevated"),
        (11, "slightly-elevated"),
        (12, "moderate"),
        (14, "moderate"),
        (15, "high"),
        (20, "high"),
        (21, "very-high"),
        (26, "very-high"),
    ] {
        assert_eq!(
            rulebook().model.class_at(score).expect("a class").id,
            expected,
            "score {score}"
        );
    }
}

/// A man of 40 who answers three questions like this and scores nothing elsewhere.
fn filled(activity: &str, vegetables: &str, glucose: &str) -> Someone {
    Someone::man_of(40)
        .bmi(22.0)
        .waist(70.0)
        .answers("physical-activity-answer", activity)
        .answers("vegetables-answer", vegetables)
        .answers("antihypertensive-answer", "no")
        .answers("high-glucose-answer", glucose)
        .answers("family-history-answer", "none")
}

#[test]
fn residents_on_both_sides_of_a_class_bound_are_in_different_classes() {
    for (someone, score, expected) in [
        (filled("daily", "not-every-day", "yes"), 6, "low"),
        (
            filled("not-daily", "every-day", "yes"),
            7,
            "slightly-elevated",
        ),
        (
            filled("not-daily", "not-every-day", "yes"),
            8,
            "slightly-elevated",
        ),
        (Someone::man_of(80).with_highest_answers(), 26, "very-high"),
    ] {
        let assessment = someone.assessment();
        assert_eq!((assessment.low(), assessment.high()), (score, score));
        let (low, high) = class(&rulebook().model, &assessment).expect("classes");
        assert_eq!(
            (low.id.as_str(), high.id.as_str()),
            (expected, expected),
            "score {score}"
        );
    }
}

#[test]
fn a_range_names_the_classes_at_both_of_its_ends() {
    let nothing_known = Someone::unknown().assessment();
    let (low, high) = class(&rulebook().model, &nothing_known).expect("classes");
    assert_eq!((low.id.as_str(), high.id.as_str()), ("low", "very-high"));
}
