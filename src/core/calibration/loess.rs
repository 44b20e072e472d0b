//! A local quadratic regression of the outcome on the prediction.

use super::estimate::NotIdentifiable;
use super::limits::{BINS, DIRECT_ROWS, GRID, SPAN, Z};
use super::matrix;
use super::numbers::sum;
use super::outcomes::PairedOutcomes;
use super::pooled::Pooled;

/// A loess curve: at each place a quadratic through the nearest three quarters
/// of the sample, nearer rows counting more.
///
/// # Formula
///
/// Weights `w (1 − (d/h)³)³`, where `h` is the distance within which `⌊0.75 n⌋`
/// rows lie (weighted: three quarters of the weight). Rows with one prediction
/// are one point, which changes nothing. Up to 3,000 distinct predictions the
/// curve is computed at each (R's `surface = "direct"`); beyond, at 201 places of
/// equal weight, joined by cubics with the fitted slopes, on at most 10,000 pooled points.
///
/// # Source
///
/// Cleveland, Devlin, J Am Stat Assoc 1988;83:596-610; for calibration:
/// Austin, Steyerberg, Stat Med 2019;38:4051-4065, section 2.
#[derive(Debug)]
pub(super) struct Loess {
    points: Pooled,
    /// What a neighbourhood must weigh.
    target: f64,
    /// Where the curve was computed, its value and its slope there.
    nodes: Vec<Node>,
    /// Values at the points.
    fitted: Vec<f64>,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    at: f64,
    value: f64,
    slope: f64,
}

/// Sums of a neighbourhood, in units of its width.
#[derive(Default)]
struct Local {
    /// `Σ k uʲ` for `j` up to 4.
    powers: [f64; 5],
    /// `Σ k uʲ y`.
    outcomes: [f64; 3],
    /// `Σ k² uʲ v`, with `v` the variance of the outcome.
    spread: [f64; 5],
}

impl Loess {
    pub(super) fn fit(outcomes: &PairedOutcomes) -> Result<Self, NotIdentifiable> {
        Self::with(outcomes, DIRECT_ROWS, BINS)
    }

    /// Computed at each of up to `direct` points, or on a grid over at most `most`.
    pub(super) fn with(
        outcomes: &PairedOutcomes,
        direct: usize,
        most: usize,
    ) -> Result<Self, NotIdentifiable> {
        outcomes.both_classes()?;
        let points = Pooled::of(outcomes, most);
        let share = SPAN * outcomes.total_weight();
        let target = if outcomes.is_weighted() {
            share * (1.0 - 1e-12)
        } else {
            // R's own guard against 0.75 n falling just short of a whole number.
            (share + 1e-5).floor()
        };
        let mut curve = Self {
            points,
            target,
            nodes: Vec::new(),
            fitted: Vec::new(),
        };
        for at in curve.places(direct) {
            let node = curve.node(at)?;
            curve.nodes.push(node);
        }
        let fitted = curve.points.predicted.iter().map(|p| curve.value(*p));
        curve.fitted = fitted.collect();
        Ok(curve)
    }

    /// All points, or places of equal weight with both ends.
    fn places(&self, direct: usize) -> Vec<f64> {
        let predicted = &self.points.predicted;
        if predicted.len() <= direct {
            return predicted.clone();
        }
        let step = sum(self.points.weight.iter().copied()) / (GRID - 1) as f64;
        let mut places = vec![predicted[0]];
        let mut reached = 0.0;
        for (p, weight) in predicted.iter().zip(&self.points.weight) {
            reached += weight;
            if step * places.len() as f64 <= reached && places[places.len() - 1] < *p {
                places.push(*p);
            }
        }
        let last = predicted[predicted.len() - 1];
        if places[places.len() - 1] < last {
            places.push(last);
        }
        places
    }

    /// The window of points around a place, and its half width.
    fn window(&self, at: f64) -> (usize, usize, f64) {
        let predicted = &self.points.predicted;
        let middle = predicted.partition_point(|p| *p < at);
        let (mut from, mut to) = (middle, middle);
        let (mut reached, mut width) = (0.0, 0.0);
        while reached < self.target && (0 < from || to < predicted.len()) {
            let left = from
                .checked_sub(1)
                .map_or(f64::INFINITY, |n| at - predicted[n]);
            let right = predicted.get(to).map_or(f64::INFINITY, |p| p - at);
            let nearest = if right <= left {
                to += 1;
                to - 1
            } else {
                from -= 1;
                from
            };
            reached += self.points.weight[nearest];
            width = left.min(right);
        }
        (from, to, width)
    }

    fn local(&self, at: f64) -> (Local, f64) {
        let (from, to, width) = self.window(at);
        let mut local = Local::default();
        for n in from..to {
            let u = (self.points.predicted[n] - at) / width;
            let tricube = 1.0 - (u * u * u).abs();
            let kernel = tricube * tricube * tricube;
            let k = self.points.weight[n] * kernel;
            let mu = self.fitted.get(n).map_or(0.0, |mu| mu.clamp(0.0, 1.0));
            let v = self.points.square[n] * kernel * kernel * mu * (1.0 - mu);
            let mut power = 1.0;
            for j in 0..5 {
                local.powers[j] += k * power;
                local.spread[j] += v * power;
                if j < 3 {
                    local.outcomes[j] += k * power * self.points.observed[n];
                }
                power *= u;
            }
        }
        (local, width)
    }

    fn node(&self, at: f64) -> Result<Node, NotIdentifiable> {
        let (local, width) = self.local(at);
        if width <= 0.0 {
            return Err(NotIdentifiable::TooFewDistinctPredictions);
        }
        let [value, slope, _] = matrix::solve(&moments(&local.powers), &local.outcomes)
            .ok_or(NotIdentifiable::TooFewDistinctPredictions)?;
        Ok(Node {
            at,
            value,
            slope: slope / width,
        })
    }

    /// The curve at a place between the first and the last node.
    pub(super) fn value(&self, at: f64) -> f64 {
        let above = self.nodes.partition_point(|node| node.at < at);
        let b = self.nodes[above.min(self.nodes.len() - 1)];
        let a = self.nodes[above.saturating_sub(1)];
        let width = b.at - a.at;
        if width <= 0.0 || b.at <= at {
            return b.value;
        }
        // Hermite's cubic through values and slopes at both ends.
        let t = (at - a.at) / width;
        let s = 1.0 - t;
        let ends = a.value * (1.0 + 2.0 * t) * s * s + b.value * (1.0 + 2.0 * s) * t * t;
        ends + width * t * s * (a.slope * s - b.slope * t)
    }

    /// 95 % limits at a place, within 0 and 1.
    ///
    /// # Formula
    ///
    /// `Σ lᵢ² μᵢ (1 − μᵢ)`, with `lᵢ` the weight of row `i` in the local fit: an
    /// outcome of 0 or 1 has that variance, not the same one everywhere.
    pub(super) fn limits(&self, at: f64) -> Option<(f64, f64)> {
        let (local, _) = self.local(at);
        let first = matrix::solve(&moments(&local.powers), &[1.0, 0.0, 0.0])?;
        let variance = matrix::quadratic(&moments(&local.spread), &first);
        let (value, reach) = (self.value(at), Z * variance.max(0.0).sqrt());
        Some((
            (value - reach).clamp(0.0, 1.0),
            (value + reach).clamp(0.0, 1.0),
        ))
    }
}

/// The matrix of sums of powers.
fn moments(powers: &[f64; 5]) -> matrix::Square<3> {
    std::array::from_fn(|i| std::array::from_fn(|j| powers[i + j]))
}
