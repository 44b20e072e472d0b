//! The straight line of log odds that the outcomes justify, and no more than that.

use super::estimate::{Estimate, NotIdentifiable};
use super::in_the_large::{fit_intercept, fit_slope, wald};
use super::ladder::{LadderTest, Rung};
use super::limits::{ALPHA, ENOUGH_FOR_FIGURES};
use super::matrix;
use super::numbers::{chi_squared_tail, softplus};
use super::outcomes::PairedOutcomes;

/// A simpler update held against intercept and slope together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RecalibrationTest {
    /// The simpler update.
    pub rung: Rung,
    /// Chi-squared statistic.
    pub statistic: f64,
    /// Its degrees of freedom: parameters that the simpler update lacks.
    pub degrees: usize,
    /// Probability of as large a statistic if the simpler update is enough.
    pub p_value: f64,
}

/// A recalibration of log odds: intercept and slope, and how much of it is justified.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recalibration {
    /// Intercept of the line through log odds, at the fitted slope.
    pub intercept: Estimate,
    /// Slope of the line.
    pub slope: Estimate,
    /// Shift of all log odds alike, at a slope of one.
    pub shift: Estimate,
    /// How updates were tested.
    pub test: LadderTest,
    /// No update, and the shift alone, each against intercept and slope.
    pub steps: [RecalibrationTest; 2],
    /// The simplest update that is not rejected at 5 %.
    pub chosen: Rung,
}

impl Recalibration {
    /// The update that is justified: log odds become `intercept + slope × log odds`.
    #[must_use]
    pub const fn update(&self) -> (f64, f64) {
        match self.chosen {
            Rung::Original => (0.0, 1.0),
            Rung::Intercept => (self.shift.value, 1.0),
            Rung::InterceptAndSlope | Rung::Flexible => (self.intercept.value, self.slope.value),
        }
    }
}

/// Fits intercept and slope and chooses by closed testing how much of them is justified.
///
/// Unweighted rows are tested by likelihood ratio. Weighted rows by Wald's test with the design
/// variance (sandwich): there a likelihood ratio rejects models that are right most of the time.
/// "No update" is tested first, with two degrees of freedom, so that a model that is right is
/// changed in 5 % of samples.
///
/// # Formula
///
/// Wald: `dᵀ V⁻¹ d` with `d = (intercept, slope − 1)`, and `(slope − 1)² / V₂₂` for the shift alone.
///
/// # Errors
///
/// Fewer than 100 events or non-events; a slope that is not above zero; predictions without a
/// slope (constant, separating, 0 or 1).
///
/// # Source
///
/// Vergouwe et al., Stat Med 2017;36:4529-4539, section 2.3, without the refitted model; design
/// variance: Binder, Int Stat Rev 1983;51:279-292.
pub fn recalibrate(outcomes: &PairedOutcomes) -> Result<Recalibration, NotIdentifiable> {
    if outcomes.limiting() < ENOUGH_FOR_FIGURES {
        return Err(NotIdentifiable::InsufficientEvidence {
            found: outcomes.limiting(),
            needed: ENOUGH_FOR_FIGURES,
        });
    }
    recalibrate_any(outcomes)
}

/// The same whatever the size.
pub(super) fn recalibrate_any(outcomes: &PairedOutcomes) -> Result<Recalibration, NotIdentifiable> {
    outcomes.both_classes()?;
    let log_odds = outcomes.log_odds()?;
    let line = fit_slope(outcomes, &log_odds)?;
    let shift = fit_intercept(outcomes, &log_odds)?;
    let [intercept, slope] = line.coefficients;
    if slope <= 0.0 {
        return Err(NotIdentifiable::SlopeNotAboveZero);
    }
    let test = if outcomes.is_weighted() {
        LadderTest::DesignWald
    } else {
        LadderTest::LikelihoodRatio
    };
    let statistics = match test {
        LadderTest::LikelihoodRatio => {
            let original = 2.0
                * outcomes.sum(|row| {
                    let x = log_odds[row];
                    softplus(if outcomes.occurred()[row] { -x } else { x })
                });
            [original - line.deviance, shift.deviance - line.deviance].map(|s| s.max(0.0))
        }
        LadderTest::DesignWald => {
            let off = [intercept, slope - 1.0];
            let scaled = matrix::solve(&line.covariance, &off)
                .ok_or(NotIdentifiable::TooFewDistinctPredictions)?;
            [
                off[0] * scaled[0] + off[1] * scaled[1],
                off[1] * off[1] / line.covariance[1][1],
            ]
        }
    };
    let step = |rung, statistic, degrees| RecalibrationTest {
        rung,
        statistic,
        degrees,
        p_value: chi_squared_tail(statistic, degrees),
    };
    let steps = [
        step(Rung::Original, statistics[0], 2),
        step(Rung::Intercept, statistics[1], 1),
    ];
    let kept = steps.iter().find(|step| ALPHA <= step.p_value);
    let limits = |value, variance: f64| Estimate::normal(value, variance.sqrt(), wald(outcomes));
    Ok(Recalibration {
        intercept: limits(intercept, line.covariance[0][0]),
        slope: limits(slope, line.covariance[1][1]),
        shift: limits(shift.coefficients[0], shift.covariance[0][0]),
        test,
        steps,
        chosen: kept.map_or(Rung::InterceptAndSlope, |step| step.rung),
    })
}
