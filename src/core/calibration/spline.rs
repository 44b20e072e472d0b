//! A restricted cubic spline of the outcome's log odds on the prediction's.

use super::estimate::NotIdentifiable;
use super::limits::{EVENTS_PER_PARAMETER, Z};
use super::logistic::{self, Design};
use super::numbers::quantile;
use super::outcomes::PairedOutcomes;
use crate::rulebook::{expit, log_odds};

/// Places of the knots, as shares of the sample.
///
/// Source: Harrell, Regression Modeling Strategies, 2nd ed. 2015, table 2.3.
const PLACES: [&[f64]; 3] = [
    &[0.05, 0.275, 0.5, 0.725, 0.95],
    &[0.05, 0.35, 0.65, 0.95],
    &[0.1, 0.5, 0.9],
];

/// A fitted spline: linear beyond the outer knots.
///
/// # Formula
///
/// `logit P(y) = β₀ + β₁ x + Σ βⱼ sⱼ(x)`, with `x = logit p` and
/// `sⱼ(x) = [(x−tⱼ)₊³ − (x−tₖ₋₁)₊³ (tₖ−tⱼ)/(tₖ−tₖ₋₁) + (x−tₖ)₊³ (tₖ₋₁−tⱼ)/(tₖ−tₖ₋₁)] / (tₖ−t₁)²`.
/// As many knots, three to five, as there are ten events and ten non-events for.
///
/// # Source
///
/// Harrell 2015, equation (2.25) and following; for calibration: Austin, Steyerberg, Stat Med 2019;38:4051-4065.
#[derive(Debug, Clone, PartialEq)]
pub struct Spline {
    /// Knots on the log odds of the prediction, ascending.
    pub knots: Vec<f64>,
    /// Intercept, linear term, and one coefficient for each of the first knots.
    pub coefficients: Vec<f64>,
    /// Covariance of the coefficients.
    pub(super) covariance: Vec<Vec<f64>>,
    /// Minus twice the log likelihood.
    pub(super) deviance: f64,
}

struct Columns<'a> {
    log_odds: &'a [f64],
    knots: &'a [f64],
}

impl<const K: usize> Design<K> for Columns<'_> {
    fn columns(&self, row: usize) -> [f64; K] {
        basis(self.knots, self.log_odds[row])
    }

    fn offset(&self, _: usize) -> f64 {
        0.0
    }
}

/// `1, x, s₁(x), …`: as many columns as knots.
fn basis<const K: usize>(knots: &[f64], x: f64) -> [f64; K] {
    let cube = |knot: f64| {
        let above = (x - knot).max(0.0);
        above * above * above
    };
    let (first, before, last) = (knots[0], knots[K - 2], knots[K - 1]);
    let scale = (last - first) * (last - first);
    std::array::from_fn(|column| match column {
        0 => 1.0,
        1 => x,
        _ => {
            let knot = knots[column - 2];
            let towards = cube(before) * (last - knot) - cube(last) * (before - knot);
            (cube(knot) - towards / (last - before)) / scale
        }
    })
}

impl Spline {
    pub(super) fn fit(
        outcomes: &PairedOutcomes,
        log_odds: &[f64],
    ) -> Result<Self, NotIdentifiable> {
        outcomes.both_classes()?;
        let fewest = EVENTS_PER_PARAMETER * PLACES[2].len();
        if outcomes.limiting() < fewest {
            return Err(NotIdentifiable::InsufficientEvidence {
                found: outcomes.limiting(),
                needed: fewest,
            });
        }
        let affordable =
            |places: &&[f64]| EVENTS_PER_PARAMETER * places.len() <= outcomes.limiting();
        for places in PLACES.into_iter().filter(affordable) {
            let knot = |share: &f64| quantile(log_odds, outcomes.weights(), *share);
            let knots: Vec<f64> = places.iter().map(knot).collect();
            // Many equal predictions put two knots on one place.
            if knots.windows(2).all(|pair| pair[0] < pair[1]) {
                return match knots.len() {
                    5 => Self::with_knots::<5>(outcomes, log_odds, knots),
                    4 => Self::with_knots::<4>(outcomes, log_odds, knots),
                    _ => Self::with_knots::<3>(outcomes, log_odds, knots),
                };
            }
        }
        Err(NotIdentifiable::TooFewDistinctPredictions)
    }

    fn with_knots<const K: usize>(
        outcomes: &PairedOutcomes,
        log_odds: &[f64],
        knots: Vec<f64>,
    ) -> Result<Self, NotIdentifiable> {
        let design = Columns {
            log_odds,
            knots: &knots,
        };
        // Where predictions are right the coefficients are 0, 1, 0 …
        let start: [f64; K] = std::array::from_fn(|k| if k == 1 { 1.0 } else { 0.0 });
        let fit = logistic::fit(outcomes.responses(), &design, start)?;
        Ok(Self {
            knots,
            coefficients: fit.coefficients.to_vec(),
            covariance: fit.covariance.iter().map(|row| row.to_vec()).collect(),
            deviance: fit.deviance,
        })
    }

    fn columns(&self, x: f64) -> Vec<f64> {
        match self.knots.len() {
            5 => basis::<5>(&self.knots, x).to_vec(),
            4 => basis::<4>(&self.knots, x).to_vec(),
            _ => basis::<3>(&self.knots, x).to_vec(),
        }
    }

    /// The updated probability of a prediction above 0 and below 1.
    #[must_use]
    pub fn probability(&self, predicted: f64) -> f64 {
        self.at_log_odds(log_odds(predicted))
    }

    pub(super) fn at_log_odds(&self, x: f64) -> f64 {
        let columns = self.columns(x);
        let eta: f64 = columns
            .iter()
            .zip(&self.coefficients)
            .map(|(a, b)| a * b)
            .sum();
        expit(eta)
    }

    /// 95 % limits of the updated probability: Wald limits of the log odds.
    #[must_use]
    pub fn limits(&self, predicted: f64) -> (f64, f64) {
        let columns = self.columns(log_odds(predicted));
        let dot = |a: &[f64]| columns.iter().zip(a).map(|(a, b)| a * b).sum::<f64>();
        let eta = dot(&self.coefficients);
        let rows: Vec<f64> = self.covariance.iter().map(|row| dot(row)).collect();
        let reach = Z * dot(&rows).sqrt();
        (expit(eta - reach), expit(eta + reach))
    }
}
