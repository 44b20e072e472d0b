//! Predictions and what happened, checked once.

use thiserror::Error;

use super::estimate::NotIdentifiable;
use super::logistic::Responses;
use super::numbers::sum;
use crate::rulebook::log_odds;

/// Predicted probabilities and what was observed, of the same people.
///
/// Guaranteed: as many outcomes (and weights) as predictions, at least one row,
/// predictions in `0.0..=1.0`, weights positive and finite. Rows are kept sorted
/// by prediction, outcome and weight, so every figure is the same bit for bit
/// whatever the order in which rows came. Rows of weight zero are left out.
///
/// Weights are sampling weights (inverse probabilities of being in the table):
/// they change estimates like repeated rows, but variances like one row each.
///
/// # Example
///
/// ```
/// use preventiojyraa_core::calibration::{OutcomesError, PairedOutcomes};
///
/// let outcomes = PairedOutcomes::new(vec![0.1, 0.7, 0.4], vec![false, true, true], None)?;
/// assert_eq!((outcomes.n(), outcomes.events()), (3, 2));
///
/// let refused = PairedOutcomes::new(vec![0.1, 1.7], vec![false, true], None);
/// assert_eq!(refused.unwrap_err(), OutcomesError::Prediction { row: 1, value: 1.7 });
/// # Ok::<(), OutcomesError>(())
/// ```
#[derive(Debug, Clone)]
pub struct PairedOutcomes {
    predicted: Vec<f64>,
    occurred: Vec<bool>,
    weights: Option<Vec<f64>>,
    events: usize,
}

/// Why rows are no paired outcomes. Rows count from 0.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum OutcomesError {
    /// No row, or only rows of weight zero.
    #[error("no rows to evaluate")]
    Empty,
    /// Columns of different length.
    #[error("{predictions} predictions, but {others} {what}")]
    Lengths {
        /// Number of predictions.
        predictions: usize,
        /// Number of the others.
        others: usize,
        /// What the others are.
        what: &'static str,
    },
    /// A prediction that is no probability.
    #[error("prediction {value} is outside 0..1")]
    Prediction {
        /// Which row.
        row: usize,
        /// What stood there.
        value: f64,
    },
    /// A weight that is negative or not finite.
    #[error("weight {value} is not zero or more")]
    Weight {
        /// Which row.
        row: usize,
        /// What stood there.
        value: f64,
    },
    /// A follow-up time that is negative or not finite.
    #[error("time {value} is not zero or more")]
    Time {
        /// Which row.
        row: usize,
        /// What stood there.
        value: f64,
    },
    /// A table too large to resample row by row, and not to be pooled.
    #[error(
        "a bootstrap of weighted or followed rows takes up to {most} of them, not {rows}\nhint: draw a random sample, or use the analytic limits"
    )]
    TooManyToResample {
        /// How many rows.
        rows: usize,
        /// How many can be.
        most: usize,
    },
    /// Nobody is observed up to the horizon.
    #[error("nobody is observed up to the horizon {horizon}; the longest time is {longest}")]
    FollowUpTooShort {
        /// The longest time.
        longest: f64,
        /// What was asked for.
        horizon: f64,
    },
    /// A horizon that is not above zero.
    #[error("horizon {value} is not above zero")]
    Horizon {
        /// What was given.
        value: f64,
    },
}

impl PairedOutcomes {
    /// Checks and sorts the rows; all three columns describe the same people in the same order.
    ///
    /// # Errors
    ///
    /// Unequal lengths, no rows, a prediction outside 0..1 or a negative or
    /// infinite weight; not-a-number is outside everything.
    pub fn new(
        predicted: Vec<f64>,
        occurred: Vec<bool>,
        weights: Option<Vec<f64>>,
    ) -> Result<Self, OutcomesError> {
        check_predictions(&predicted)?;
        same_length(&predicted, occurred.len(), "outcomes")?;
        let Some(weights) = weights else {
            return Self::unweighted(predicted, occurred);
        };
        same_length(&predicted, weights.len(), "weights")?;
        check_weights(&weights)?;
        let mut rows: Vec<(f64, bool, f64)> = predicted
            .into_iter()
            .zip(occurred)
            .zip(weights)
            .filter(|(_, weight)| 0.0 < *weight)
            .map(|((p, y), weight)| (p, y, weight))
            .collect();
        rows.sort_unstable_by(|a, b| {
            let by_prediction = a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
            by_prediction.then(a.2.total_cmp(&b.2))
        });
        Self::sorted(
            rows.iter().map(|row| row.0).collect(),
            rows.iter().map(|row| row.1).collect(),
            Some(rows.iter().map(|row| row.2).collect()),
        )
    }

    fn unweighted(predicted: Vec<f64>, occurred: Vec<bool>) -> Result<Self, OutcomesError> {
        // Bits of non-negative numbers sort like the numbers, and the lowest bit of
        // the shifted word can carry the outcome: a sort of plain integers.
        let mut keys: Vec<u64> = predicted
            .into_iter()
            .zip(&occurred)
            // `+ 0.0` turns a negative zero into zero; its sign bit would be lost below.
            .map(|(p, y)| ((p + 0.0).to_bits() << 1) | u64::from(*y))
            .collect();
        drop(occurred);
        keys.sort_unstable();
        let occurred = keys.iter().map(|key| key & 1 == 1).collect();
        let predicted = keys
            .into_iter()
            .map(|key| f64::from_bits(key >> 1))
            .collect();
        Self::sorted(predicted, occurred, None)
    }

    /// Rows that are already checked and sorted.
    pub(super) fn sorted(
        predicted: Vec<f64>,
        occurred: Vec<bool>,
        weights: Option<Vec<f64>>,
    ) -> Result<Self, OutcomesError> {
        if predicted.is_empty() {
            return Err(OutcomesError::Empty);
        }
        let events = occurred.iter().filter(|y| **y).count();
        Ok(Self {
            predicted,
            occurred,
            weights,
            events,
        })
    }

    /// How many rows.
    #[must_use]
    pub fn n(&self) -> usize {
        self.predicted.len()
    }

    /// How many rows had the event, unweighted.
    #[must_use]
    pub fn events(&self) -> usize {
        self.events
    }

    /// The smaller of the numbers of events and non-events: what limits a fit.
    #[must_use]
    pub fn limiting(&self) -> usize {
        self.events.min(self.n() - self.events)
    }

    /// Whether rows have weights.
    #[must_use]
    pub fn is_weighted(&self) -> bool {
        self.weights.is_some()
    }

    /// Predicted probabilities, ascending.
    #[must_use]
    pub fn predicted(&self) -> &[f64] {
        &self.predicted
    }

    /// Whether the event occurred, in the order of [`predicted`](Self::predicted).
    #[must_use]
    pub fn occurred(&self) -> &[bool] {
        &self.occurred
    }

    /// Weights in the order of [`predicted`](Self::predicted), where given.
    #[must_use]
    pub fn weights(&self) -> Option<&[f64]> {
        self.weights.as_deref()
    }

    pub(super) fn responses(&self) -> Responses<'_> {
        Responses {
            occurred: &self.occurred,
            weights: self.weights.as_deref(),
        }
    }

    pub(super) fn weight(&self, row: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |weights| weights[row])
    }

    pub(super) fn outcome(&self, row: usize) -> f64 {
        f64::from(u8::from(self.occurred[row]))
    }

    pub(super) fn total_weight(&self) -> f64 {
        match &self.weights {
            Some(weights) => sum(weights.iter().copied()),
            None => self.n() as f64,
        }
    }

    /// Weighted sum over rows.
    pub(super) fn sum(&self, term: impl Fn(usize) -> f64) -> f64 {
        sum((0..self.n()).map(|row| self.weight(row) * term(row)))
    }

    /// Variance of a total whose rows contribute `term`, already weighted: the
    /// with-replacement variance of a one-stage design.
    ///
    /// # Formula
    ///
    /// `n/(n−1) · Σ (u − ū)²`
    pub(super) fn variance_of_total(&self, term: impl Fn(usize) -> f64) -> f64 {
        let n = self.n() as f64;
        let mean = sum((0..self.n()).map(&term)) / n;
        let squares = sum((0..self.n()).map(|row| {
            let centred = term(row) - mean;
            centred * centred
        }));
        squares * n / (n - 1.0)
    }

    /// Both classes, or which one is missing.
    pub(super) fn both_classes(&self) -> Result<(), NotIdentifiable> {
        if self.events == 0 {
            Err(NotIdentifiable::NoEvents)
        } else if self.events == self.n() {
            Err(NotIdentifiable::NoNonEvents)
        } else {
            Ok(())
        }
    }

    /// Log odds of all predictions, or why there are none.
    pub(super) fn log_odds(&self) -> Result<Vec<f64>, NotIdentifiable> {
        let is_end = |p: &&f64| **p <= 0.0 || 1.0 <= **p;
        let rows = self.predicted.iter().filter(is_end).count();
        if 0 < rows {
            return Err(NotIdentifiable::PredictionsAtTheEnds { rows });
        }
        Ok(self.predicted.iter().map(|p| log_odds(*p)).collect())
    }

    /// Whether predictions differ at all.
    pub(super) fn is_constant(&self) -> bool {
        self.predicted[0]
            .total_cmp(&self.predicted[self.n() - 1])
            .is_eq()
    }

    /// Whether some prediction has all events on one side and all non-events on the other.
    pub(super) fn is_separated(&self) -> bool {
        let ends = |class: bool| {
            let is_of_class = |y: &bool| *y == class;
            let first = self.occurred.iter().position(is_of_class);
            let last = self.occurred.iter().rposition(is_of_class);
            first
                .zip(last)
                .map(|(first, last)| (self.predicted[first], self.predicted[last]))
        };
        match (ends(true), ends(false)) {
            (Some(events), Some(others)) => events.1 <= others.0 || others.1 <= events.0,
            _ => true,
        }
    }
}

pub(super) fn same_length(
    predicted: &[f64],
    others: usize,
    what: &'static str,
) -> Result<(), OutcomesError> {
    if predicted.len() == others {
        Ok(())
    } else {
        Err(OutcomesError::Lengths {
            predictions: predicted.len(),
            others,
            what,
        })
    }
}

pub(super) fn check_predictions(predicted: &[f64]) -> Result<(), OutcomesError> {
    match predicted.iter().position(|p| !(0.0..=1.0).contains(p)) {
        Some(row) => Err(OutcomesError::Prediction {
            row,
            value: predicted[row],
        }),
        None => Ok(()),
    }
}

pub(super) fn check_weights(weights: &[f64]) -> Result<(), OutcomesError> {
    match weights
        .iter()
        .position(|w| !(0.0..f64::INFINITY).contains(w))
    {
        Some(row) => Err(OutcomesError::Weight {
            row,
            value: weights[row],
        }),
        None => Ok(()),
    }
}
