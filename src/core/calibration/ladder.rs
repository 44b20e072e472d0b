//! How much recalibration the outcomes justify.

use super::estimate::NotIdentifiable;
use super::in_the_large::{fit_intercept, fit_slope};
use super::isotonic::{IsotonicStep, isotonic};
use super::limits::ALPHA;
use super::numbers::{chi_squared_tail, softplus};
use super::outcomes::PairedOutcomes;
use super::spline::Spline;

/// An update of a model's predictions; each is a special case of the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rung {
    /// The predictions as they are.
    Original,
    /// All log odds shifted alike.
    Intercept,
    /// Log odds shifted and stretched.
    InterceptAndSlope,
    /// A restricted cubic spline of the log odds.
    Flexible,
}

impl Rung {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::Intercept => "intercept",
            Self::InterceptAndSlope => "intercept-and-slope",
            Self::Flexible => "flexible",
        }
    }
}

/// How a rung is tested against the flexible one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LadderTest {
    /// Likelihood ratio: unweighted rows only.
    LikelihoodRatio,
    /// Wald's test with design variance: weighted rows, where a likelihood ratio
    /// rejects true models most of the time.
    DesignWald,
}

impl LadderTest {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LikelihoodRatio => "likelihood ratio",
            Self::DesignWald => "Wald with design variance",
        }
    }
}

/// A rung held against the flexible one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LadderStep {
    /// Which rung.
    pub rung: Rung,
    /// Chi-squared statistic.
    pub statistic: f64,
    /// Its degrees of freedom: parameters that the rung lacks.
    pub degrees: usize,
    /// Probability of as large a statistic if the rung is enough.
    pub p_value: f64,
}

/// The recalibration that the outcomes justify, and all that were considered.
#[derive(Debug, Clone)]
pub struct Ladder {
    /// The simplest rung that is not rejected at 5 %.
    pub chosen: Rung,
    /// How rungs were tested.
    pub test: LadderTest,
    /// Original, intercept, and intercept and slope against the flexible rung.
    pub steps: [LadderStep; 3],
    /// Shift of the log odds, on the second rung.
    pub shift: f64,
    /// Intercept and slope, on the third rung.
    pub line: (f64, f64),
    /// The spline of the last rung.
    pub spline: Spline,
    /// A monotone step function: no rung, since it has no number of parameters to test.
    pub isotonic: Vec<IsotonicStep>,
}

/// Chooses by closed testing the least recalibration that is enough.
///
/// Each rung is tested against the flexible one, simplest first, each at 5 %;
/// the first that is not rejected is chosen. The chance of changing a model
/// that is right stays at 5 %, since nothing more is tested once it is kept.
///
/// # Errors
///
/// One class only, constant or separating predictions, predictions of exactly
/// 0 or 1, fewer than 30 events or non-events.
///
/// # Source
///
/// Vergouwe et al., Stat Med 2017;36:4529-4539, section 2.3, with the spline in
/// the place of the refitted model.
pub fn ladder(outcomes: &PairedOutcomes) -> Result<Ladder, NotIdentifiable> {
    outcomes.both_classes()?;
    let log_odds = outcomes.log_odds()?;
    let line = fit_slope(outcomes, &log_odds)?;
    let shift = fit_intercept(outcomes, &log_odds)?;
    let spline = Spline::fit(outcomes, &log_odds)?;
    let original = || {
        2.0 * outcomes.sum(|row| {
            let x = log_odds[row];
            softplus(if outcomes.occurred()[row] { -x } else { x })
        })
    };
    let test = if outcomes.is_weighted() {
        LadderTest::DesignWald
    } else {
        LadderTest::LikelihoodRatio
    };
    let step = |lacks_from: usize, rung: Rung, deviance: f64| {
        let statistic = match test {
            LadderTest::LikelihoodRatio => Some((deviance - spline.deviance).max(0.0)),
            LadderTest::DesignWald => wald(&spline, lacks_from),
        };
        let degrees = spline.knots.len() - lacks_from;
        let statistic = statistic.ok_or(NotIdentifiable::TooFewDistinctPredictions)?;
        Ok(LadderStep {
            rung,
            statistic,
            degrees,
            p_value: chi_squared_tail(statistic, degrees),
        })
    };
    let steps = [
        step(0, Rung::Original, original())?,
        step(1, Rung::Intercept, shift.deviance)?,
        step(2, Rung::InterceptAndSlope, line.deviance)?,
    ];
    let kept = steps.iter().find(|step| ALPHA <= step.p_value);
    Ok(Ladder {
        chosen: kept.map_or(Rung::Flexible, |step| step.rung),
        test,
        steps,
        shift: shift.coefficients[0],
        line: (line.coefficients[0], line.coefficients[1]),
        isotonic: isotonic(outcomes),
        spline,
    })
}

/// Wald's statistic that the coefficients from `from` on are those of the original predictions.
///
/// # Formula
///
/// `dᵀ V⁻¹ d`, by elimination; nothing when `V` is singular.
fn wald(spline: &Spline, from: usize) -> Option<f64> {
    let right = |k: usize| if k == 1 { 1.0 } else { 0.0 };
    let mut rows: Vec<Vec<f64>> = Vec::new();
    for k in from..spline.coefficients.len() {
        let mut row = spline.covariance[k][from..].to_vec();
        row.push(spline.coefficients[k] - right(k));
        rows.push(row);
    }
    // After eliminating to a triangle, the squares of the last column over the
    // pivots add up to the statistic.
    let mut statistic = 0.0;
    for n in 0..rows.len() {
        let pivot = rows[n].clone();
        if pivot[n].is_nan() || pivot[n] <= 0.0 {
            return None;
        }
        let last = pivot[pivot.len() - 1];
        statistic += last * last / pivot[n];
        for row in &mut rows[n + 1..] {
            let factor = row[n] / pivot[n];
            row.iter_mut()
                .zip(&pivot)
                .for_each(|(cell, above)| *cell -= factor * above);
        }
    }
    Some(statistic)
}
