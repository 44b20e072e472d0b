//! The mean squared error of a probability.

use super::estimate::{Estimate, Figure, Method, NotIdentifiable};
use super::outcomes::PairedOutcomes;

fn squared_error(outcomes: &PairedOutcomes, row: usize) -> f64 {
    let error = outcomes.predicted()[row] - outcomes.outcome(row);
    error * error
}

fn mean(outcomes: &PairedOutcomes, term: impl Fn(usize) -> f64) -> f64 {
    outcomes.sum(term) / outcomes.total_weight()
}

/// What limits from the variance of row contributions are called.
pub(super) fn linearised(outcomes: &PairedOutcomes) -> Method {
    if outcomes.is_weighted() {
        Method::DesignLinearised
    } else {
        Method::Linearised
    }
}

/// Brier score: mean squared difference of prediction and outcome; 0 is ideal.
///
/// # Formula
///
/// `B = Σ w (p − y)² / Σ w`, with the variance of the mean of the squared errors.
///
/// # Errors
///
/// A single row has no variance.
///
/// # Source
///
/// Brier, Monthly Weather Review 1950;78:1-3, equation (2), halved for two classes.
pub fn brier(outcomes: &PairedOutcomes) -> Figure {
    if outcomes.n() < 2 {
        return Err(NotIdentifiable::FewerThanTwoOfAClass);
    }
    let total = outcomes.total_weight();
    let score = mean(outcomes, |row| squared_error(outcomes, row));
    let variance = outcomes.variance_of_total(|row| {
        outcomes.weight(row) * (squared_error(outcomes, row) - score) / total
    });
    let estimate = Estimate::normal(score, variance.sqrt(), linearised(outcomes));
    Ok(estimate.within_unit())
}

/// Scaled Brier score: the share of the outcome's variance that predictions explain; 1 is ideal.
///
/// Below 0 where everybody's mean risk would have done better.
///
/// # Formula
///
/// `1 − B / (ȳ (1 − ȳ))`; limits from the row contributions of the ratio (delta method).
///
/// # Errors
///
/// One class only.
///
/// # Source
///
/// Steyerberg et al., Epidemiology 2010;21:128-138, table 1.
pub fn scaled_brier(outcomes: &PairedOutcomes) -> Figure {
    outcomes.both_classes()?;
    let total = outcomes.total_weight();
    let score = mean(outcomes, |row| squared_error(outcomes, row));
    let rate = mean(outcomes, |row| outcomes.outcome(row));
    let spread = rate * (1.0 - rate);
    let variance = outcomes.variance_of_total(|row| {
        let of_score = (squared_error(outcomes, row) - score) / spread;
        let of_spread =
            score * (1.0 - 2.0 * rate) * (outcomes.outcome(row) - rate) / (spread * spread);
        outcomes.weight(row) * (of_score - of_spread) / total
    });
    Ok(Estimate::normal(
        1.0 - score / spread,
        variance.sqrt(),
        linearised(outcomes),
    ))
}
