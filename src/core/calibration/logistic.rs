//! Logistic regression with an offset, for a handful of columns.

use super::estimate::NotIdentifiable;
use super::limits::{NEWTON_DECREMENT, NEWTON_STEPS, RUNAWAY_LOG_ODDS};
use super::matrix::{self, Square};
use super::numbers::{Sum, softplus};
use super::outcomes::PairedOutcomes;
use crate::rulebook::expit;

/// What is regressed: `log odds = offset + columns · coefficients`.
///
/// A trait rather than stored columns: a million rows of five columns would
/// be read from memory at each step, computing them is as fast.
pub(super) trait Design<const K: usize> {
    fn columns(&self, row: usize) -> [f64; K];
    fn offset(&self, row: usize) -> f64;
}

/// A fit by maximum (pseudo-)likelihood.
#[derive(Debug, Clone)]
pub(super) struct Fit<const K: usize> {
    pub(super) coefficients: [f64; K],
    /// Inverse information when unweighted, sandwich with design variance when weighted.
    pub(super) covariance: Square<K>,
    /// Minus twice the log likelihood; with weights, of the pseudo-likelihood.
    pub(super) deviance: f64,
}

struct Step<const K: usize> {
    gradient: [f64; K],
    information: Square<K>,
    largest: f64,
}

fn dot<const K: usize>(a: &[f64; K], b: &[f64; K]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Fits by Newton's method with step halving.
///
/// # Formula
///
/// `β ← β + (Xᵀ W V X)⁻¹ Xᵀ W (y − μ)`, with `V = μ (1 − μ)`; weighted covariance
/// `I⁻¹ · n/(n−1) Σ u uᵀ · I⁻¹` with `u = w x (y − μ)`, as in R's `svyglm`.
///
/// # Errors
///
/// One class only, dependent columns, coefficients that run to infinity.
pub(super) fn fit<const K: usize>(
    outcomes: &PairedOutcomes,
    design: &impl Design<K>,
    start: [f64; K],
) -> Result<Fit<K>, NotIdentifiable> {
    outcomes.both_classes()?;
    let mut beta = start;
    let mut deviance = deviance_at(outcomes, design, &beta);
    for _ in 0..NEWTON_STEPS {
        let step = derivatives(outcomes, design, &beta);
        if RUNAWAY_LOG_ODDS < step.largest {
            return Err(NotIdentifiable::Separation);
        }
        let towards = matrix::solve(&step.information, &step.gradient)
            .ok_or(NotIdentifiable::TooFewDistinctPredictions)?;
        let decrement = dot(&towards, &step.gradient);
        if decrement < NEWTON_DECREMENT * (1.0 + deviance) {
            // The last step still halves the digits that are missing.
            beta = plus(&beta, &towards, 1.0);
            return finish(outcomes, design, beta);
        }
        let (next, lower) = descend(outcomes, design, &beta, &towards, deviance)?;
        beta = next;
        deviance = lower;
    }
    Err(NotIdentifiable::NotConverged)
}

fn plus<const K: usize>(beta: &[f64; K], towards: &[f64; K], share: f64) -> [f64; K] {
    std::array::from_fn(|k| beta[k] + share * towards[k])
}

/// Halves a step until it does not make the fit worse.
fn descend<const K: usize>(
    outcomes: &PairedOutcomes,
    design: &impl Design<K>,
    beta: &[f64; K],
    towards: &[f64; K],
    deviance: f64,
) -> Result<([f64; K], f64), NotIdentifiable> {
    let mut share = 1.0;
    for _ in 0..30 {
        let next = plus(beta, towards, share);
        let reached = deviance_at(outcomes, design, &next);
        // Near the top the deviance no longer tells steps apart: allow its rounding.
        if reached <= deviance * (1.0 + 1e-12) {
            return Ok((next, reached));
        }
        share /= 2.0;
    }
    Err(NotIdentifiable::NotConverged)
}

fn deviance_at<const K: usize>(
    outcomes: &PairedOutcomes,
    design: &impl Design<K>,
    beta: &[f64; K],
) -> f64 {
    2.0 * outcomes.sum(|row| {
        let eta = design.offset(row) + dot(&design.columns(row), beta);
        let toward = if outcomes.occurred()[row] { -eta } else { eta };
        softplus(toward)
    })
}

fn derivatives<const K: usize>(
    outcomes: &PairedOutcomes,
    design: &impl Design<K>,
    beta: &[f64; K],
) -> Step<K> {
    let mut gradient = [Sum::default(); K];
    let mut information = [[0.0; K]; K];
    let mut largest = 0.0_f64;
    for row in 0..outcomes.n() {
        let x = design.columns(row);
        let eta = design.offset(row) + dot(&x, beta);
        largest = largest.max(eta.abs());
        let mu = expit(eta);
        let weight = outcomes.weight(row);
        let residual = weight * (outcomes.outcome(row) - mu);
        let spread = weight * mu * (1.0 - mu);
        for i in 0..K {
            gradient[i].add(residual * x[i]);
            for j in 0..=i {
                information[i][j] += spread * x[i] * x[j];
            }
        }
    }
    mirror(&mut information);
    Step {
        gradient: gradient.map(Sum::value),
        information,
        largest,
    }
}

/// Completes a lower triangle.
fn mirror<const K: usize>(a: &mut Square<K>) {
    let lower = *a;
    for (i, row) in a.iter_mut().enumerate() {
        for (j, cell) in row.iter_mut().enumerate().skip(i + 1) {
            *cell = lower[j][i];
        }
    }
}

fn finish<const K: usize>(
    outcomes: &PairedOutcomes,
    design: &impl Design<K>,
    beta: [f64; K],
) -> Result<Fit<K>, NotIdentifiable> {
    let step = derivatives(outcomes, design, &beta);
    let bread =
        matrix::inverse(&step.information).ok_or(NotIdentifiable::TooFewDistinctPredictions)?;
    let covariance = if outcomes.is_weighted() {
        matrix::sandwich(&bread, &scores(outcomes, design, &beta))
    } else {
        bread
    };
    Ok(Fit {
        coefficients: beta,
        covariance,
        deviance: deviance_at(outcomes, design, &beta),
    })
}

/// `n/(n−1) Σ u uᵀ`; the mean of the scores is zero at the fit.
fn scores<const K: usize>(
    outcomes: &PairedOutcomes,
    design: &impl Design<K>,
    beta: &[f64; K],
) -> Square<K> {
    let mut meat = [[0.0; K]; K];
    for row in 0..outcomes.n() {
        let x = design.columns(row);
        let mu = expit(design.offset(row) + dot(&x, beta));
        let residual = outcomes.weight(row) * (outcomes.outcome(row) - mu);
        for i in 0..K {
            for j in 0..=i {
                meat[i][j] += residual * residual * x[i] * x[j];
            }
        }
    }
    let n = outcomes.n() as f64;
    meat.iter_mut()
        .flatten()
        .for_each(|cell| *cell *= n / (n - 1.0));
    mirror(&mut meat);
    meat
}
