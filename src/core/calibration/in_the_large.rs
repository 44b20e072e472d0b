//! Is the mean risk right, and do predictions spread as they should?

use super::estimate::{Estimate, Figure, Method, NotIdentifiable};
use super::logistic::{self, Design, Fit};
use super::outcomes::PairedOutcomes;

/// Ratio of observed to expected events.
///
/// A value above 1 means that too little risk was promised.
///
/// # Formula
///
/// `O:E = Σ w y / Σ w p`. Unweighted limits on the log scale with
/// `se = √((1 − ȳ) / Σ y)`; weighted with the design variance of
/// `w y / Σ w y − w p / Σ w p`. The unweighted limits are conservative: they count
/// the part of the binomial variance, too, that the predictions explain.
///
/// # Errors
///
/// No events, or predictions that sum to zero.
///
/// # Source
///
/// Debray et al., Stat Methods Med Res 2019;28:2768-2786, table 1.
///
/// # Example
///
/// ```
/// use preventiojyraa_core::calibration::{PairedOutcomes, observed_to_expected};
///
/// let outcomes = PairedOutcomes::new(vec![0.2, 0.3, 0.5], vec![false, true, true], None)?;
/// assert_eq!(observed_to_expected(&outcomes).map(|oe| oe.value), Ok(2.0));
/// # Ok::<(), preventiojyraa_core::calibration::OutcomesError>(())
/// ```
pub fn observed_to_expected(outcomes: &PairedOutcomes) -> Figure {
    if outcomes.events() == 0 {
        return Err(NotIdentifiable::NoEvents);
    }
    let observed = outcomes.sum(|row| outcomes.outcome(row));
    let expected = outcomes.sum(|row| outcomes.predicted()[row]);
    if expected <= 0.0 {
        return Err(NotIdentifiable::NoExpectedEvents);
    }
    let ratio = observed / expected;
    if !outcomes.is_weighted() {
        let se = ((1.0 - observed / outcomes.total_weight()) / observed).sqrt();
        return Ok(Estimate::log_normal(ratio, se, Method::LogBinomial));
    }
    let variance = outcomes.variance_of_total(|row| {
        let share = outcomes.outcome(row) / observed - outcomes.predicted()[row] / expected;
        outcomes.weight(row) * share
    });
    Ok(Estimate::log_normal(
        ratio,
        variance.sqrt(),
        Method::LogDesignLinearised,
    ))
}

struct InterceptOnly<'a>(&'a [f64]);

impl Design<1> for InterceptOnly<'_> {
    fn columns(&self, _: usize) -> [f64; 1] {
        [1.0]
    }

    fn offset(&self, row: usize) -> f64 {
        self.0[row]
    }
}

struct InterceptAndSlope<'a>(&'a [f64]);

impl Design<2> for InterceptAndSlope<'_> {
    fn columns(&self, row: usize) -> [f64; 2] {
        [1.0, self.0[row]]
    }

    fn offset(&self, _: usize) -> f64 {
        0.0
    }
}

pub(super) fn fit_intercept(
    outcomes: &PairedOutcomes,
    log_odds: &[f64],
) -> Result<Fit<1>, NotIdentifiable> {
    logistic::fit(outcomes.responses(), &InterceptOnly(log_odds), [0.0])
}

pub(super) fn fit_slope(
    outcomes: &PairedOutcomes,
    log_odds: &[f64],
) -> Result<Fit<2>, NotIdentifiable> {
    outcomes.both_classes()?;
    if outcomes.is_constant() {
        return Err(NotIdentifiable::ConstantPredictions);
    }
    if outcomes.is_separated() {
        return Err(NotIdentifiable::Separation);
    }
    logistic::fit(
        outcomes.responses(),
        &InterceptAndSlope(log_odds),
        [0.0, 1.0],
    )
}

/// What Wald limits are called, by whether rows have weights.
pub(super) fn wald(outcomes: &PairedOutcomes) -> Method {
    if outcomes.is_weighted() {
        Method::DesignSandwich
    } else {
        Method::Wald
    }
}

/// Calibration-in-the-large: the shift of all log odds that makes the mean right; 0 is ideal.
///
/// In log odds. Above 0, risk is underpredicted.
///
/// # Formula
///
/// The intercept of a logistic regression with the log odds of the prediction as offset.
///
/// # Errors
///
/// One class only, or predictions of exactly 0 or 1.
///
/// # Source
///
/// Van Calster et al., BMC Med 2019;17:230, "weak calibration".
pub fn calibration_in_the_large(outcomes: &PairedOutcomes) -> Figure {
    outcomes.both_classes()?;
    let fit = fit_intercept(outcomes, &outcomes.log_odds()?)?;
    let se = fit.covariance[0][0].sqrt();
    Ok(Estimate::normal(fit.coefficients[0], se, wald(outcomes)))
}

/// Calibration slope: 1 is ideal; below 1, predictions are too extreme.
///
/// # Formula
///
/// The coefficient of the log odds of the prediction in a logistic regression.
///
/// # Errors
///
/// One class only, constant or separating predictions, or predictions of exactly 0 or 1.
///
/// # Source
///
/// Cox, Biometrika 1958;45:562-565; Van Calster et al., BMC Med 2019;17:230.
pub fn calibration_slope(outcomes: &PairedOutcomes) -> Figure {
    outcomes.both_classes()?;
    let fit = fit_slope(outcomes, &outcomes.log_odds()?)?;
    let se = fit.covariance[1][1].sqrt();
    Ok(Estimate::normal(fit.coefficients[1], se, wald(outcomes)))
}
