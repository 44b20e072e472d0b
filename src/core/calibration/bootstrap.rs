//! Intervals from resampling, where no formula gives one.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use super::brier::{brier, scaled_brier};
use super::curve::{CurveIndices, loess_indices, spline_indices};
use super::discrimination::auroc;
use super::estimate::{Estimate, Figure, Method, NotIdentifiable};
use super::evaluation::{Evaluation, Rows, observed_over_expected};
use super::in_the_large::{calibration_in_the_large, calibration_slope};
use super::limits::{BOOTSTRAP_BINS, BOOTSTRAP_ROWS};
use super::loess::Loess;
use super::numbers::quantile;
use super::outcomes::{OutcomesError, PairedOutcomes};
use super::pooled::Pooled;
use super::spline::Spline;

/// The figures that are resampled.
const NAMES: [&str; 14] = [
    "auroc",
    "o_e",
    "calibration_in_the_large",
    "slope",
    "brier",
    "scaled_brier",
    "loess_ici",
    "loess_e50",
    "loess_e90",
    "loess_emax",
    "spline_ici",
    "spline_e50",
    "spline_e90",
    "spline_emax",
];

/// The figures of one resampled table, in a fixed order; nothing where it has none.
#[derive(Debug, Clone, PartialEq)]
pub struct Replicate([Option<f64>; NAMES.len()]);

/// A figure with limits from resampling.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BootstrapFigure {
    /// Its name.
    pub name: &'static str,
    /// The figure of the table itself, with percentiles of the replicates.
    pub figure: Figure,
}

/// A table to draw replicates from.
///
/// Rows are drawn with replacement, as many as there are, each with its weight
/// and its follow-up; censoring is estimated anew in each replicate. Of
/// more than 20,000 rows, neighbouring predictions are pooled into 2,000 points
/// first, and each row is drawn as often as a Poisson variable of mean 1 says.
///
/// A replicate is a function of the table, the seed and its number alone, so
/// any number of threads gives the same replicates.
///
/// # Source
///
/// Efron, Tibshirani, An Introduction to the Bootstrap, 1993, sections 6.2 and 13.3.
#[derive(Debug)]
pub struct Resampling {
    rows: Rows,
    /// How many rows each pooled one stands for.
    counts: Option<Vec<usize>>,
}

impl Resampling {
    /// A table to draw from.
    ///
    /// # Errors
    ///
    /// More than 20,000 rows that have weights or a follow-up: they cannot be pooled.
    pub fn new(rows: &Rows) -> Result<Self, OutcomesError> {
        if rows.predicted.len() <= BOOTSTRAP_ROWS {
            return Ok(Self {
                rows: rows.clone(),
                counts: None,
            });
        }
        if rows.weights.is_some() || rows.follow_up.is_some() {
            return Err(OutcomesError::TooManyToResample {
                rows: rows.predicted.len(),
                most: BOOTSTRAP_ROWS,
            });
        }
        let outcomes = PairedOutcomes::new(rows.predicted.clone(), rows.occurred.clone(), None)?;
        let points = Pooled::of(&outcomes, BOOTSTRAP_BINS);
        let mut pooled = Rows::default();
        let mut counts = Vec::new();
        let mut start = 0;
        for (n, rows) in points.rows.iter().enumerate() {
            let end = start + rows;
            let events = outcomes.occurred()[start..end]
                .iter()
                .filter(|y| **y)
                .count();
            for (occurred, count) in [(false, rows - events), (true, events)] {
                pooled.predicted.push(points.predicted[n]);
                pooled.occurred.push(occurred);
                counts.push(count);
            }
            start = end;
        }
        Ok(Self {
            rows: pooled,
            counts: Some(counts),
        })
    }

    /// The replicate of this number.
    #[must_use]
    pub fn replicate(&self, seed: u64, number: u32) -> Replicate {
        let mut key = [0_u8; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..12].copy_from_slice(&number.to_le_bytes());
        let mut dice = ChaCha8Rng::from_seed(key);
        let times = match &self.counts {
            Some(counts) => counts.iter().map(|n| poisson(&mut dice, *n)).collect(),
            None => with_replacement(&mut dice, self.rows.predicted.len()),
        };
        let own = self.rows.weights.as_ref();
        let weight = |(row, times): (usize, &f64)| times * own.map_or(1.0, |own| own[row]);
        let weights = times.iter().enumerate().map(weight).collect();
        let rows = Rows {
            weights: Some(weights),
            ..self.rows.clone()
        };
        Replicate(measures(&rows))
    }
}

/// How often each of `n` rows is drawn.
fn with_replacement(dice: &mut ChaCha8Rng, n: usize) -> Vec<f64> {
    let mut times = vec![0.0; n];
    for _ in 0..n {
        // The upper half of the product is uniform to one part in 2⁴⁰ for such `n`.
        let wide = u128::from(dice.next_u64()) * n as u128;
        let row = usize::try_from(wide >> 64).expect("below n");
        times[row] += 1.0;
    }
    times
}

/// A Poisson variable of a whole mean: sums of such of at most 16, which keeps
/// `exp(−mean)` far from zero.
fn poisson(dice: &mut ChaCha8Rng, mean: usize) -> f64 {
    let mut drawn = 0.0;
    let mut left = mean;
    while left > 0 {
        let part = left.min(16);
        let stop = libm::exp(-(part as f64));
        let mut product = unit(dice);
        while stop < product {
            drawn += 1.0;
            product *= unit(dice);
        }
        left -= part;
    }
    drawn
}

/// Uniform between 0 and 1.
fn unit(dice: &mut ChaCha8Rng) -> f64 {
    (dice.next_u64() >> 11) as f64 / 9_007_199_254_740_992.0
}

fn measures(rows: &Rows) -> [Option<f64>; NAMES.len()] {
    let mut values = [None; NAMES.len()];
    let Ok(people) = rows.everybody() else {
        return values;
    };
    let outcomes = &people.outcomes;
    let value = |figure: Figure| figure.ok().map(|known| known.value);
    values[0] = auroc(outcomes).ok().map(|area| area.estimate.value);
    values[1] = value(observed_over_expected(&people));
    values[2] = value(calibration_in_the_large(outcomes));
    values[3] = value(calibration_slope(outcomes));
    values[4] = value(brier(outcomes));
    values[5] = value(scaled_brier(outcomes));
    // A grid serves here: percentiles of hundreds of replicates have two digits.
    let loess = Loess::with(outcomes, 0, BOOTSTRAP_BINS).ok();
    fill(
        &mut values[6..10],
        loess.map(|loess| loess_indices(outcomes, &loess)),
    );
    let spline = outcomes.log_odds().and_then(|log_odds| {
        let spline = Spline::fit(outcomes, &log_odds)?;
        Ok(spline_indices(outcomes, &log_odds, &spline))
    });
    fill(&mut values[10..], spline.ok());
    values
}

fn fill(values: &mut [Option<f64>], indices: Option<CurveIndices>) {
    if let Some(i) = indices {
        let numbers = [i.ici, i.e50, i.e90, i.emax];
        values
            .iter_mut()
            .zip(numbers)
            .for_each(|(value, number)| *value = Some(number));
    }
}

/// Limits from replicates: the 2.5th and the 97.5th percentile.
///
/// A distance such as the ICI cannot be negative, and resampling makes it
/// larger on average: its limits lie high where calibration is good.
#[must_use]
pub fn bootstrap_figures(
    evaluation: &Evaluation,
    replicates: &[Replicate],
) -> Vec<BootstrapFigure> {
    let whole = &evaluation.whole;
    let value = |figure: Figure| figure.map(|known| known.value);
    let mut points = vec![
        whole.auroc.map(|area| area.estimate.value),
        value(whole.o_e),
        value(whole.calibration_in_the_large),
        value(whole.slope),
        value(whole.brier),
        value(whole.scaled_brier),
    ];
    for curve in [&evaluation.loess, &evaluation.spline] {
        let indices = curve
            .as_ref()
            .map(|curve| curve.indices)
            .map_err(|reason| *reason);
        points.extend([
            indices.map(|i| i.ici),
            indices.map(|i| i.e50),
            indices.map(|i| i.e90),
            indices.map(|i| i.emax),
        ]);
    }
    let figure = |(n, point): (usize, &Result<f64, NotIdentifiable>)| BootstrapFigure {
        name: NAMES[n],
        figure: point.and_then(|point| percentiles(point, replicates, n)),
    };
    points.iter().enumerate().map(figure).collect()
}

fn percentiles(value: f64, replicates: &[Replicate], measure: usize) -> Figure {
    let found = replicates
        .iter()
        .filter_map(|replicate| replicate.0[measure]);
    let mut values: Vec<f64> = found.collect();
    // Those without a figure are not missing at random.
    if values.len() * 20 < replicates.len() * 19 || values.is_empty() {
        return Err(NotIdentifiable::UnstableReplicates);
    }
    values.sort_unstable_by(f64::total_cmp);
    Ok(Estimate {
        value,
        lower: quantile(&values, None, 0.025),
        upper: quantile(&values, None, 0.975),
        method: Method::Bootstrap,
    })
}
