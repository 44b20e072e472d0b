//! What rows do not determine is said, not guessed.

use super::super::{
    Method, NotIdentifiable, PairedOutcomes, at_threshold, auroc, calibration_in_the_large,
    calibration_slope, ladder, loess_curve, observed_to_expected,
};

/// Forty rows of one outcome below and forty of the other above.
fn rows(predicted: impl Fn(u32) -> f64, occurred: impl Fn(u32) -> bool) -> PairedOutcomes {
    let places = || 0..80_u32;
    let rows = PairedOutcomes::new(
        places().map(predicted).collect(),
        places().map(occurred).collect(),
        None,
    );
    rows.expect("a sound table")
}

fn rising(n: u32) -> f64 {
    f64::from(n + 10) / 100.0
}

#[test]
fn one_class_determines_no_discrimination() {
    let none = rows(rising, |_| false);
    assert_eq!(auroc(&none).err(), Some(NotIdentifiable::NoEvents));
    assert_eq!(
        calibration_in_the_large(&none).err(),
        Some(NotIdentifiable::NoEvents)
    );
    assert_eq!(ladder(&none).err(), Some(NotIdentifiable::NoEvents));
    assert_eq!(
        observed_to_expected(&none).err(),
        Some(NotIdentifiable::NoEvents)
    );
    let all = rows(rising, |_| true);
    assert_eq!(auroc(&all).err(), Some(NotIdentifiable::NoNonEvents));
    assert_eq!(ladder(&all).err(), Some(NotIdentifiable::NoNonEvents));
}

#[test]
fn separation_has_no_slope_and_no_certain_area() {
    let split = rows(rising, |n| 40 <= n);
    assert_eq!(
        calibration_slope(&split).err(),
        Some(NotIdentifiable::Separation)
    );
    assert_eq!(ladder(&split).err(), Some(NotIdentifiable::Separation));
    let area = auroc(&split).expect("identifiable").estimate;
    assert_eq!(area.method, Method::IndependentPairs);
    // 0.025 to the power of 1/40.
    assert!((area.lower - 0.911_910).abs() < 1e-5, "{}", area.lower);
    let falling = auroc(&rows(rising, |n| n < 40))
        .expect("identifiable")
        .estimate;
    assert!((falling.upper - (1.0 - area.lower)).abs() < 1e-12);
}

#[test]
fn constant_predictions_have_no_slope_and_no_curve() {
    let constant = rows(|_| 0.3, |n| n % 2 == 0);
    let constant_predictions = Some(NotIdentifiable::ConstantPredictions);
    assert_eq!(calibration_slope(&constant).err(), constant_predictions);
    assert_eq!(ladder(&constant).err(), constant_predictions);
    assert!(loess_curve(&constant).is_err());
    assert!(calibration_in_the_large(&constant).is_ok());
}

#[test]
fn a_tiny_table_is_not_recalibrated() {
    let few = rows(rising, |n| n % 4 == 0);
    let refused = NotIdentifiable::InsufficientEvidence {
        found: 20,
        needed: 30,
    };
    assert_eq!(ladder(&few).err(), Some(refused));
}

#[test]
fn predictions_of_0_and_1_have_no_log_odds() {
    let ends = rows(|n| f64::from(n / 79), |n| n % 2 == 0);
    let refused = NotIdentifiable::PredictionsAtTheEnds { rows: 80 };
    assert_eq!(calibration_slope(&ends).err(), Some(refused));
    assert_eq!(ladder(&ends).err(), Some(refused));
    assert!(auroc(&ends).is_ok());
}

#[test]
fn nobody_flagged_has_no_predictive_value() {
    let figures = at_threshold(&rows(rising, |n| n % 2 == 0), 0.95);
    assert_eq!(figures.ppv.err(), Some(NotIdentifiable::EmptyDenominator));
    assert!(figures.npv.is_ok());
    assert!(
        figures
            .net_benefit
            .is_ok_and(|known| known.value.abs() < 1e-15)
    );
}
