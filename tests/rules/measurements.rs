//! Measurements and birth dates as they come: other units, two of them, limited, partial.

use jiff::civil::date;
use preventiojyraa_core::profile::{BirthDate, Comparator, Standing, Unit};

use super::evidence::{FIRST_STALE_DAY, LAST_FRESH_DAY, check};
use crate::support::core::{Someone, Statement};

#[test]
fn bmi_is_computed_from_weight_and_a_height_of_an_adult() {
    let weight = |kg| Statement::measured("body-weight", kg, Unit::Kilogram);
    let height = |cm| Statement::measured("body-height", cm, Unit::Centimetre);
    for (kg, points) in [(72.24, 0), (72.25, 1), (86.7, 1), (86.71, 3)] {
        let someone = Someone::man_of(50).with(weight(kg)).with(height(170.0));
        assert_eq!(
            someone.points("body-mass-index"),
            [points],
            "{kg} kg at 170 cm"
        );
    }
    let unknown = [0, 1, 3];
    let no_height = Someone::man_of(50).with(weight(90.0));
    assert_eq!(no_height.points("body-mass-index"), unknown, "no height");
    let no_weight = Someone::man_of(50).with(height(170.0));
    assert_eq!(no_weight.points("body-mass-index"), unknown, "no weight");
    // Born 1 January 1975: grown up for this purpose from 1 January 1993.
    for (day, points) in [(date(1992, 12, 31), &unknown[..]), (date(1993, 1, 1), &[3])] {
        let someone = Someone::man_of(50)
            .with(weight(90.0))
            .with(height(170.0).on(day));
        assert_eq!(someone.points("body-mass-index"), points, "height of {day}");
    }
    for (day, points) in [(LAST_FRESH_DAY, &[3][..]), (FIRST_STALE_DAY, &unknown)] {
        let someone = Someone::man_of(50)
            .with(weight(90.0).on(day))
            .with(height(170.0));
        assert_eq!(someone.points("body-mass-index"), points, "weight of {day}");
    }
}

#[test]
fn bmi_reads_pounds_grams_inches_and_metres() {
    for (mass, mass_unit, height, height_unit, points) in [
        (86_700.0, Unit::Gram, 1.7, Unit::Metre, 1),
        (86_701.0, Unit::Gram, 1.7, Unit::Metre, 3),
        (191.0, Unit::Pound, 67.0, Unit::Inch, 1),
        (192.0, Unit::Pound, 67.0, Unit::Inch, 3),
    ] {
        let someone = Someone::man_of(50)
            .with(Statement::measured("body-weight", mass, mass_unit))
            .with(Statement::measured("body-height", height, height_unit));
        assert_eq!(
            someone.points("body-mass-index"),
            [points],
            "{mass} {mass_unit}"
        );
    }
}

#[test]
fn the_newest_measurement_counts_and_a_professionals_before_the_residents_own() {
    let waist = |cm| Statement::measured("waist-circumference", cm, Unit::Centimetre);
    let yesterday = date(2025, 6, 14);
    let older_first = Someone::man_of(50)
        .with(waist(120.0).on(yesterday))
        .with(waist(90.0));
    assert_eq!(older_first.points("waist-circumference"), [0], "newest");
    let own = waist(120.0).by(Standing::SelfReported);
    for (first, second) in [(own, waist(90.0)), (waist(90.0), own)] {
        let same_day = Someone::man_of(50).with(first).with(second);
        assert_eq!(same_day.points("waist-circumference"), [0], "same day");
    }
    let own_newer = Someone::man_of(50)
        .with(own)
        .with(waist(90.0).on(yesterday));
    assert_eq!(
        own_newer.points("waist-circumference"),
        [4],
        "the resident's own, but newer"
    );
}

#[test]
fn waist_reads_inches_and_metres() {
    for (value, unit, points) in [
        (37.0, Unit::Inch, 0),
        (37.01, Unit::Inch, 3),
        (40.15, Unit::Inch, 3),
        (40.16, Unit::Inch, 4),
        (0.939, Unit::Metre, 0),
        (0.94, Unit::Metre, 3),
        (1.02, Unit::Metre, 3),
        (1.021, Unit::Metre, 4),
    ] {
        check(
            "waist-circumference",
            Statement::measured("waist-circumference", value, unit),
            &[points],
        );
    }
}

#[test]
fn a_limited_measurement_covers_every_band_it_can_lie_in() {
    for (comparator, value, points) in [
        (Comparator::Below, 94.0, vec![0]),
        (Comparator::AtMost, 94.0, vec![0, 3]),
        (Comparator::AtLeast, 102.0, vec![3, 4]),
        (Comparator::Above, 102.0, vec![4]),
        (Comparator::Above, 90.0, vec![0, 3, 4]),
    ] {
        check(
            "waist-circumference",
            Statement::limited("waist-circumference", comparator, value, Unit::Centimetre),
            &points,
        );
    }
}

#[test]
fn a_partial_birth_date_covers_every_age_it_allows() {
    let born = |from, to| {
        let birth = BirthDate::between(from, to).expect("in order");
        Someone::unknown().registered(|register| register.birth = birth)
    };
    for (from, to, points) in [
        // Known to the year: 44 or 45 on 15 June 2025.
        (date(1980, 1, 1), date(1980, 12, 31), vec![0, 2]),
        (date(1979, 1, 1), date(1979, 12, 31), vec![2]),
        // Known to the month, the month of the birthday.
        (date(1980, 6, 1), date(1980, 6, 30), vec![0, 2]),
        (date(1980, 5, 1), date(1980, 5, 31), vec![2]),
        (date(1980, 7, 1), date(1980, 7, 31), vec![0]),
        // Known to the century.
        (date(1900, 1, 1), date(1999, 12, 31), vec![0, 2, 3, 4]),
    ] {
        assert_eq!(born(from, to).points("age"), points, "{from} to {to}");
    }
}

#[test]
fn a_computed_body_mass_index_that_nobody_has_is_set_aside() {
    // 300 kg at 100 cm: each is plausible alone, 300 kg/m2 is not.
    let of = |kilograms: f64, centimetres: f64| {
        Someone::woman_of(50)
            .with(Statement::measured(
                "body-weight",
                kilograms,
                Unit::Kilogram,
            ))
            .with(Statement::measured(
                "body-height",
                centimetres,
                Unit::Centimetre,
            ))
    };
    assert!(of(300.0, 100.0).item("body-mass-index").basis.is_none());
    assert!(of(86.7, 170.0).item("body-mass-index").basis.is_some());
}
