//! Rows with the same, or nearly the same, prediction as one point.

use super::discrimination::ties_end;
use super::outcomes::PairedOutcomes;

/// Points in ascending order of prediction.
#[derive(Debug, Clone, Default)]
pub(super) struct Pooled {
    /// Weighted mean prediction.
    pub(super) predicted: Vec<f64>,
    /// Weighted mean outcome.
    pub(super) observed: Vec<f64>,
    /// Sum of weights.
    pub(super) weight: Vec<f64>,
    /// Sum of squared weights: what a variance needs.
    pub(super) square: Vec<f64>,
    /// Number of rows.
    pub(super) rows: Vec<usize>,
}

impl Pooled {
    /// One point for each distinct prediction; or, where these are more than
    /// `most`, points of as many rows each, cut between distinct predictions.
    pub(super) fn of(outcomes: &PairedOutcomes, most: usize) -> Self {
        let distinct = Self::at_least(outcomes, 1);
        if distinct.len() <= most {
            distinct
        } else {
            Self::at_least(outcomes, outcomes.n().div_ceil(most))
        }
    }

    fn at_least(outcomes: &PairedOutcomes, rows: usize) -> Self {
        let mut pooled = Self::default();
        let mut start = 0;
        while start < outcomes.n() {
            let last = (start + rows - 1).min(outcomes.n() - 1);
            let end = ties_end(outcomes.predicted(), last);
            pooled.push(outcomes, start, end);
            start = end;
        }
        pooled
    }

    fn push(&mut self, outcomes: &PairedOutcomes, start: usize, end: usize) {
        let sum = |term: &dyn Fn(usize) -> f64| (start..end).map(term).sum::<f64>();
        let weight = sum(&|row| outcomes.weight(row));
        let first = outcomes.predicted()[start];
        // Measured from the first prediction, so that ties keep theirs to the last bit.
        let beyond = sum(&|row| outcomes.weight(row) * (outcomes.predicted()[row] - first));
        self.predicted.push(first + beyond / weight);
        self.observed
            .push(sum(&|row| outcomes.weight(row) * outcomes.outcome(row)) / weight);
        self.weight.push(weight);
        self.square
            .push(sum(&|row| outcomes.weight(row) * outcomes.weight(row)));
        self.rows.push(end - start);
    }

    pub(super) fn len(&self) -> usize {
        self.predicted.len()
    }
}
