//! Score to probability: every score, in both tables, against the published figures.

use preventiojyraa_core::risk::probability;
use preventiojyraa_core::rulebook::{Calibration, CalibrationUse};

use super::pathway::{low, scoring};
use crate::support::core::{Someone, rulebook};

/// First score, last score, probability in units of 1e-9.
type Row = (i16, i16, u32);

#[track_caller]
fn check(calibration: &Calibration, rows: &[Row]) {
    let mut n_scores = 0;
    for (first, last, expected) in rows {
        for score in *first..=*last {
            let found = *calibration.probability.at(f64::from(score));
            assert_eq!(found, *expected, "{} at {score}", calibration.header.id);
            n_scores += 1;
        }
    }
    assert_eq!(n_scores, 27, "every score from 0 to 26");
}

/// HUNT3 (Jølle 2019): 2.8 % below 15 points, 13.5 % from there, within ten years.
#[test]
fn the_calibration_in_force_is_what_hunt3_observed() {
    let calibration = &rulebook().calibration;
    check(calibration, &[(0, 14, 28_000_000), (15, 26, 135_000_000)]);
    assert_eq!(calibration.use_for, CalibrationUse::Prediction);
    assert_eq!(calibration.estimand.horizon_months, 120);
}

/// The form: 1 in 100, 25, 6, 3 and 2.
#[test]
fn the_forms_own_estimate_is_shown_and_predicts_nothing() {
    let shown = rulebook()
        .display_calibration
        .as_ref()
        .expect("the form's own figures");
    check(
        shown,
        &[
            (0, 6, 10_000_000),
            (7, 11, 40_000_000),
            (12, 14, 166_666_667),
            (15, 20, 333_333_333),
            (21, 26, 500_000_000),
        ],
    );
    assert_eq!(shown.use_for, CalibrationUse::Display);
    assert_eq!(shown.estimand.horizon_months, 120);
}

#[test]
fn a_range_of_scores_has_a_range_of_probabilities() {
    let calibration = &rulebook().calibration;
    for (someone, expected) in [
        (low(), (28_000_000, 28_000_000)),
        (scoring(12), (28_000_000, 28_000_000)),
        (Someone::unknown(), (28_000_000, 135_000_000)),
        (
            Someone::man_of(80).with_highest_answers(),
            (135_000_000, 135_000_000),
        ),
    ] {
        assert_eq!(probability(calibration, &someone.assessment()), expected);
    }
}
