//! The monotone step function nearest to the outcomes.

use super::limits::BINS;
use super::outcomes::PairedOutcomes;
use super::pooled::Pooled;

/// A stretch of predictions with one observed risk.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IsotonicStep {
    /// Lowest prediction in it.
    pub from: f64,
    /// Highest prediction in it.
    pub to: f64,
    /// Weighted mean outcome, above that of the step before.
    pub observed: f64,
    /// Sum of weights.
    pub weight: f64,
}

/// Isotonic regression of the outcome on the prediction, by pooling adjacent violators.
///
/// Beyond 10,000 distinct predictions, neighbours are pooled first.
///
/// # Source
///
/// Ayer et al., Ann Math Stat 1955;26:641-647; Zadrozny, Elkan, KDD 2002, section 3.
///
/// # Example
///
/// ```
/// use preventiojyraa_core::calibration::{PairedOutcomes, isotonic};
///
/// let outcomes = PairedOutcomes::new(vec![0.1, 0.2, 0.3], vec![true, false, true], None)?;
/// let observed: Vec<f64> = isotonic(&outcomes).iter().map(|step| step.observed).collect();
/// assert_eq!(observed, [0.5, 1.0]);
/// # Ok::<(), preventiojyraa_core::calibration::OutcomesError>(())
/// ```
#[must_use]
pub fn isotonic(outcomes: &PairedOutcomes) -> Vec<IsotonicStep> {
    let points = Pooled::of(outcomes, BINS);
    let mut steps: Vec<IsotonicStep> = Vec::new();
    for n in 0..points.len() {
        let mut step = IsotonicStep {
            from: points.predicted[n],
            to: points.predicted[n],
            observed: points.observed[n],
            weight: points.weight[n],
        };
        while let Some(before) = steps.pop_if(|before| step.observed <= before.observed) {
            let weight = before.weight + step.weight;
            let total = before.weight * before.observed + step.weight * step.observed;
            step = IsotonicStep {
                from: before.from,
                to: step.to,
                observed: total / weight,
                weight,
            };
        }
        steps.push(step);
    }
    steps
}
