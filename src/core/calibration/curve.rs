//! Flexible calibration curves, and how far they lie from the diagonal.

use super::estimate::NotIdentifiable;
use super::loess::Loess;
use super::numbers::quantile;
use super::outcomes::PairedOutcomes;
use super::spline::Spline;

/// A curve of observed against predicted risk.
#[derive(Debug, Clone)]
pub struct Curve {
    /// Places on it: half at quantiles of the predictions, half at equal steps.
    pub points: Vec<CurvePoint>,
    /// Its distance from the predictions.
    pub indices: CurveIndices,
}

/// A place on a curve, with pointwise 95 % limits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CurvePoint {
    /// Predicted probability.
    pub predicted: f64,
    /// Smoothed outcome; a loess curve may leave `0.0..=1.0`.
    pub observed: f64,
    /// Lower limit.
    pub lower: f64,
    /// Upper limit.
    pub upper: f64,
}

/// Distances of a curve `ĉ(p)` from the predictions, over the people in the table.
///
/// In probability; 0 is ideal.
///
/// # Formula
///
/// Of `|p − ĉ(p)|`: mean (ICI), median (E50), 90th percentile (E90), maximum (Emax).
///
/// # Source
///
/// Austin, Steyerberg, Stat Med 2019;38:4051-4065, section 2.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CurveIndices {
    /// Integrated calibration index.
    pub ici: f64,
    /// Median distance.
    pub e50: f64,
    /// 90th percentile of the distance.
    pub e90: f64,
    /// Largest distance.
    pub emax: f64,
}

/// Places on a curve for a plot.
const STEPS: u8 = 50;

/// The loess curve of outcomes on predictions.
///
/// # Errors
///
/// One class only, or too few distinct predictions for a local quadratic.
pub fn loess_curve(outcomes: &PairedOutcomes) -> Result<Curve, NotIdentifiable> {
    let loess = Loess::fit(outcomes)?;
    let point = |p: f64| {
        let (lower, upper) = loess.limits(p)?;
        Some(CurvePoint {
            predicted: p,
            observed: loess.value(p),
            lower,
            upper,
        })
    };
    Ok(Curve {
        points: places(outcomes).into_iter().filter_map(point).collect(),
        indices: loess_indices(outcomes, &loess),
    })
}

pub(super) fn loess_indices(outcomes: &PairedOutcomes, loess: &Loess) -> CurveIndices {
    let distances = outcomes
        .predicted()
        .iter()
        .map(|p| (p - loess.value(*p)).abs());
    indices(outcomes, distances.collect())
}

/// The restricted cubic spline of outcomes on predictions.
///
/// # Errors
///
/// One class only, predictions of exactly 0 or 1, fewer than 30 events or
/// non-events, or too few distinct predictions.
pub fn spline_curve(outcomes: &PairedOutcomes) -> Result<Curve, NotIdentifiable> {
    outcomes.both_classes()?;
    let log_odds = outcomes.log_odds()?;
    let spline = Spline::fit(outcomes, &log_odds)?;
    let point = |p: f64| {
        let (lower, upper) = spline.limits(p);
        CurvePoint {
            predicted: p,
            observed: spline.probability(p),
            lower,
            upper,
        }
    };
    Ok(Curve {
        points: places(outcomes).into_iter().map(point).collect(),
        indices: spline_indices(outcomes, &log_odds, &spline),
    })
}

pub(super) fn spline_indices(
    outcomes: &PairedOutcomes,
    log_odds: &[f64],
    spline: &Spline,
) -> CurveIndices {
    let pairs = outcomes.predicted().iter().zip(log_odds);
    let distances = pairs.map(|(p, x)| (p - spline.at_log_odds(*x)).abs());
    indices(outcomes, distances.collect())
}

fn indices(outcomes: &PairedOutcomes, distances: Vec<f64>) -> CurveIndices {
    let ici = outcomes.sum(|row| distances[row]) / outcomes.total_weight();
    let (sorted, weights) = sorted(outcomes, distances);
    let at = |share: f64| quantile(&sorted, weights.as_deref(), share);
    CurveIndices {
        ici,
        e50: at(0.5),
        e90: at(0.9),
        emax: sorted[sorted.len() - 1],
    }
}

/// Distances in ascending order, with their weights.
fn sorted(outcomes: &PairedOutcomes, mut distances: Vec<f64>) -> (Vec<f64>, Option<Vec<f64>>) {
    let Some(weights) = outcomes.weights() else {
        distances.sort_unstable_by(f64::total_cmp);
        return (distances, None);
    };
    let mut pairs: Vec<(f64, f64)> = distances.into_iter().zip(weights.iter().copied()).collect();
    pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let (distances, weights) = pairs.into_iter().unzip();
    (distances, Some(weights))
}

/// Where a curve is drawn.
fn places(outcomes: &PairedOutcomes) -> Vec<f64> {
    let predicted = outcomes.predicted();
    let (first, last) = (predicted[0], predicted[predicted.len() - 1]);
    let mut places = Vec::new();
    for step in 0..=STEPS {
        let share = f64::from(step) / f64::from(STEPS);
        places.push((first + share * (last - first)).clamp(first, last));
        places.push(quantile(predicted, outcomes.weights(), share));
    }
    places.sort_unstable_by(f64::total_cmp);
    places.dedup_by(|a, b| a.total_cmp(b).is_eq());
    places
}
