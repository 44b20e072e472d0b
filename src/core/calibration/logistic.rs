//! Logistic regression with an offset, for a handful of columns.

use super::estimate::NotIdentifiable;
use super::limits::{NEWTON_DECREMENT, NEWTON_STEPS, RUNAWAY_LOG_ODDS};
use super::matrix::{self, Square};
use super::numbers::{Sum, softplus, sum};
use crate::rulebook::expit;

/// What happened, and what each row stands for; columns of the same people are in the same order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Responses<'a> {
    pub(crate) occurred: &'a [bool],
    pub(crate) weights: Option<&'a [f64]>,
}

impl Responses<'_> {
    fn n(&self) -> usize {
        self.occurred.len()
    }

    fn weight(&self, row: usize) -> f64 {
        self.weights.map_or(1.0, |weights| weights[row])
    }

    fn outcome(&self, row: usize) -> f64 {
        f64::from(u8::from(self.occurred[row]))
    }

    fn both_classes(&self) -> Result<(), NotIdentifiable> {
        if !self.occurred.contains(&true) {
            return Err(NotIdentifiable::NoEvents);
        }
        if !self.occurred.contains(&false) {
            return Err(NotIdentifiable::NoNonEvents);
        }
        Ok(())
    }
}

/// Where coefficients are drawn to, and how strongly: `strength / 2 · (β − towards)²` is taken from the
/// log likelihood.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ridge<const K: usize> {
    pub(super) towards: [f64; K],
    pub(super) strength: [f64; K],
}

impl<const K: usize> Ridge<K> {
    /// Nothing is drawn anywhere.
    pub(super) const NONE: Self = Self {
        towards: [0.0; K],
        strength: [0.0; K],
    };

    /// How much of the deviance it is.
    fn deviance(&self, beta: &[f64; K]) -> f64 {
        sum((0..K).map(|k| {
            let off = beta[k] - self.towards[k];
            self.strength[k] * off * off
        }))
    }
}

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
    /// Inverse information, weighted or not.
    pub(super) inverse_information: Square<K>,
    /// Minus twice the log likelihood; with weights, of the pseudo-likelihood.
    pub(super) deviance: f64,
}

/// What is fitted to, and what draws the fit.
type Model<'a, const K: usize> = (Responses<'a>, &'a Ridge<K>);

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
    outcomes: Responses<'_>,
    design: &impl Design<K>,
    start: [f64; K],
) -> Result<Fit<K>, NotIdentifiable> {
    fit_towards(outcomes, design, start, &Ridge::NONE)
}

/// The same with coefficients drawn towards given ones; the deviance holds what that costs.
///
/// # Errors
///
/// As [`fit`]; columns that depend on each other have coefficients where they are drawn anywhere.
pub(super) fn fit_towards<const K: usize>(
    outcomes: Responses<'_>,
    design: &impl Design<K>,
    start: [f64; K],
    ridge: &Ridge<K>,
) -> Result<Fit<K>, NotIdentifiable> {
    outcomes.both_classes()?;
    let model = (outcomes, ridge);
    let mut beta = start;
    let mut deviance = deviance_at(model, design, &beta);
    for _ in 0..NEWTON_STEPS {
        let step = derivatives(model, design, &beta);
        if RUNAWAY_LOG_ODDS < step.largest {
            return Err(NotIdentifiable::Separation);
        }
        let towards = matrix::solve(&step.information, &step.gradient)
            .ok_or(NotIdentifiable::TooFewDistinctPredictions)?;
        let decrement = dot(&towards, &step.gradient);
        if decrement < NEWTON_DECREMENT * (1.0 + deviance) {
            // The last step still halves the digits that are missing.
            beta = plus(&beta, &towards, 1.0);
            return finish(model, design, beta);
        }
        let (next, lower) = descend(model, design, &beta, &towards, deviance)?;
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
    model: Model<'_, K>,
    design: &impl Design<K>,
    beta: &[f64; K],
    towards: &[f64; K],
    deviance: f64,
) -> Result<([f64; K], f64), NotIdentifiable> {
    let mut share = 1.0;
    for _ in 0..30 {
        let next = plus(beta, towards, share);
        let reached = deviance_at(model, design, &next);
        // Near the top the deviance no longer tells steps apart: allow its rounding.
        if reached <= deviance * (1.0 + 1e-12) {
            return Ok((next, reached));
        }
        share /= 2.0;
    }
    Err(NotIdentifiable::NotConverged)
}

fn deviance_at<const K: usize>(
    (outcomes, ridge): Model<'_, K>,
    design: &impl Design<K>,
    beta: &[f64; K],
) -> f64 {
    let of_rows = sum((0..outcomes.n()).map(|row| {
        let eta = design.offset(row) + dot(&design.columns(row), beta);
        let toward = if outcomes.occurred[row] { -eta } else { eta };
        outcomes.weight(row) * softplus(toward)
    }));
    2.0 * of_rows + ridge.deviance(beta)
}

fn derivatives<const K: usize>(
    (outcomes, ridge): Model<'_, K>,
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
    for k in 0..K {
        gradient[k].add(ridge.strength[k] * (ridge.towards[k] - beta[k]));
        information[k][k] += ridge.strength[k];
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
    model: Model<'_, K>,
    design: &impl Design<K>,
    beta: [f64; K],
) -> Result<Fit<K>, NotIdentifiable> {
    let outcomes = model.0;
    let step = derivatives(model, design, &beta);
    let bread =
        matrix::inverse(&step.information).ok_or(NotIdentifiable::TooFewDistinctPredictions)?;
    let covariance = if outcomes.weights.is_some() {
        matrix::sandwich(&bread, &scores(outcomes, design, &beta))
    } else {
        bread
    };
    Ok(Fit {
        coefficients: beta,
        covariance,
        inverse_information: bread,
        deviance: deviance_at(model, design, &beta),
    })
}

/// `n/(n−1) Σ u uᵀ`; the mean of the scores is zero at the fit.
fn scores<const K: usize>(
    outcomes: Responses<'_>,
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
