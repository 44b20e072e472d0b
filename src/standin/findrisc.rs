//! The points of the FINDRISC form, for the table of fit only.
//!
//! The stand-in judges its own simulated truth with them; the engine's points live in its rule files and are read from
//! there, never from here, so that two sides cannot share one misreading.
//!
//! # Source
//!
//! Tuomilehto & Lindström, "Type 2 diabetes risk assessment form" (Finnish Diabetes Association), English form,
//! questions 1–8, 0–26 points; the bands are read as the form words them (25–30, 94–102, 80–88 with both ends included).

use super::person::{Kinship, Sex};

/// The eight true items of one adult.
#[derive(Clone, Copy, Debug)]
pub(super) struct Items {
    /// Completed years.
    pub(super) age: i32,
    pub(super) sex: Sex,
    /// kg/m².
    pub(super) body_mass_index: f64,
    /// cm.
    pub(super) waist_circumference: f64,
    /// At least 30 minutes a day.
    pub(super) physically_active: bool,
    pub(super) vegetables_daily: bool,
    pub(super) antihypertensive_medication_ever: bool,
    pub(super) high_blood_glucose_ever: bool,
    pub(super) family_history: Kinship,
}

/// The score, `0..=26`.
pub(super) fn score(items: &Items) -> usize {
    age_points(items.age)
        + body_mass_index_points(items.body_mass_index)
        + waist_points(items.sex, items.waist_circumference)
        + if items.physically_active { 0 } else { 2 }
        + usize::from(!items.vegetables_daily)
        + if items.antihypertensive_medication_ever {
            2
        } else {
            0
        }
        + if items.high_blood_glucose_ever { 5 } else { 0 }
        + match items.family_history {
            Kinship::None => 0,
            Kinship::Distant => 3,
            Kinship::Close => 5,
        }
}

fn age_points(age: i32) -> usize {
    match age {
        ..=44 => 0,
        45..=54 => 2,
        55..=64 => 3,
        65.. => 4,
    }
}

fn body_mass_index_points(value: f64) -> usize {
    if value < 25.0 {
        0
    } else if value <= 30.0 {
        1
    } else {
        3
    }
}

fn waist_points(sex: Sex, value: f64) -> usize {
    let (middle, top) = match sex {
        Sex::Male => (94.0, 102.0),
        Sex::Female => (80.0, 88.0),
    };
    if value < middle {
        0
    } else if value <= top {
        3
    } else {
        4
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn age_bands_open_at_45_55_and_65() {
        for (age, points) in [
            (44, 0),
            (45, 2),
            (54, 2),
            (55, 3),
            (64, 3),
            (65, 4),
            (101, 4),
        ] {
            assert_eq!(age_points(age), points, "{age}");
        }
    }

    #[test]
    fn body_mass_index_of_exactly_30_scores_one() {
        for (value, points) in [(24.99, 0), (25.0, 1), (29.96, 1), (30.0, 1), (30.01, 3)] {
            assert_eq!(body_mass_index_points(value), points, "{value}");
        }
    }

    #[test]
    fn waist_bands_include_both_ends_of_the_middle_band() {
        for (value, points) in [(93.9, 0), (94.0, 3), (102.0, 3), (102.1, 4)] {
            assert_eq!(waist_points(Sex::Male, value), points, "{value}");
        }
        for (value, points) in [(79.9, 0), (80.0, 3), (88.0, 3), (88.1, 4)] {
            assert_eq!(waist_points(Sex::Female, value), points, "{value}");
        }
    }

    #[test]
    fn the_highest_score_is_26_and_the_lowest_0() {
        let worst = Items {
            age: 70,
            sex: Sex::Male,
            body_mass_index: 35.0,
            waist_circumference: 120.0,
            physically_active: false,
            vegetables_daily: false,
            antihypertensive_medication_ever: true,
            high_blood_glucose_ever: true,
            family_history: Kinship::Close,
        };
        assert_eq!(score(&worst), 26);
        let distant = Items {
            family_history: Kinship::Distant,
            ..worst
        };
        assert_eq!(score(&distant), 24);
        let best = Items {
            age: 30,
            body_mass_index: 21.0,
            waist_circumference: 75.0,
            physically_active: true,
            vegetables_daily: true,
            antihypertensive_medication_ever: false,
            high_blood_glucose_ever: false,
            family_history: Kinship::None,
            ..worst
        };
        assert_eq!(score(&best), 0);
    }
}
