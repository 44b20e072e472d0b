//! Points of a table refitted, drawn towards those that were published.

use super::estimate::{Estimate, Figure, Method, NotIdentifiable};
use super::limits::{ALPHA, ENOUGH_FOR_FIGURES, EVENTS_PER_PARAMETER, FEWEST_IN_GROUP};
use super::logistic::{Design, Fit, Responses, Ridge, fit, fit_towards};
use super::matrix::{self, Square};
use super::numbers::{chi_squared_tail, quantile};
use super::published_order::in_published_order;

/// An intercept and as many levels as a refit can have: published tables have under twenty.
const COLUMNS: usize = 32;
/// So many levels at most, without those that the others are held against.
pub const MOST_LEVELS: usize = COLUMNS - 1;

/// A weight this near to one is one: means of equal weights are off by their last digit.
const PLAIN: f64 = 1e-9;

/// A level of an item other than the one that the item's levels are held against.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// Which item, counted from any.
    pub item: usize,
    /// Published points, beyond those of the item's reference level.
    pub points: f64,
}

/// Somebody whose level of each item is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LevelRow {
    /// A bit for each level that they are on, the first level lowest.
    pub on: u32,
    /// Whether it happened.
    pub occurred: bool,
    /// How much they count beside others with the same levels.
    pub weight: f64,
}

/// What was found of one level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LevelFit {
    /// People on it.
    pub people: usize,
    /// Of them so many had the event.
    pub events: usize,
    /// What the data say by themselves, in points; or why they say nothing, and what was published stays.
    pub alone: Figure,
    /// Drawn towards what was published, not yet whole; the order of the item's levels is kept.
    pub drawn: f64,
}

/// Points that were held against outcomes.
#[derive(Debug, Clone, PartialEq)]
pub struct LevelRefit {
    /// Log odds of one point: what it is worth in most levels.
    pub per_point: f64,
    /// Chi-squared statistic of the published points, up to what a point is worth.
    pub statistic: f64,
    /// Its degrees of freedom.
    pub degrees: usize,
    /// Probability of as large a statistic if the published points are right.
    pub p_value: f64,
    /// How far the truth lies from published points: a standard deviation, in points; zero where the
    /// outcomes do not contradict them.
    pub spread: f64,
    /// The levels, in their order.
    pub levels: Vec<LevelFit>,
}

impl LevelRefit {
    /// Whether outcomes contradict the published points at all.
    #[must_use]
    pub fn contradicts(&self) -> bool {
        self.p_value < ALPHA
    }
}

/// Fits the levels of a table of points, and draws them towards what was published as strongly as the
/// data ask for.
///
/// A level with fewer than ten events or ten others, and an item whose reference level has, is not fitted:
/// what was published stays. While chance explains how the fit differs from what was published (5 %),
/// everything stays.
///
/// # Formula
///
/// Alone: `log odds = a + Σ β x` by maximum (pseudo-)likelihood with covariance `V` (sandwich when
/// weighted). Points `p` are known but for what a point is worth: `Q = (β − g p)ᵀ V⁻¹ (β − g p)` at its least
/// over `g` is chi-squared with one degree of freedom less than there are levels. A point is worth the `s` with
/// the least `Σ |β − s p| / √V`, what it is in most levels: the few that are wrong do not move the others. The
/// truth is taken to lie around `s p` with variance
/// `τ² = ((β − s p)ᵀ V⁻¹ (β − s p) − K + 1) / tr(V⁻¹ − V⁻¹p pᵀV⁻¹ / pᵀV⁻¹p)`: no number is chosen by hand.
/// Drawn: the maximum of the log likelihood less `δ / (2 τ²) Σ (β − s p)²`, where `δ = tr(V I) / K` says how
/// much less than plain rows weighted ones know. Then neighbours that break the published order are pooled.
///
/// # Errors
///
/// One class only; fewer than 100 events or others, or than ten for each level; levels that others span or
/// that separate those with the event; higher points with lower risk.
///
/// # Source
///
/// The variance by moments: `DerSimonian`, Laird, Control Clin Trials 1986;7:177-188, for several correlated
/// figures; the mean design effect: Rao, Scott, J Am Stat Assoc 1981;76:221-230.
pub fn refit_levels(levels: &[Level], rows: &[LevelRow]) -> Result<LevelRefit, NotIdentifiable> {
    let table = Table::of(rows);
    let events = table.occurred.iter().filter(|y| **y).count();
    let limiting = events.min(rows.len() - events);
    table.both_classes(events)?;
    let counts = counted(levels, rows);
    let is_free: Vec<bool> = counts.iter().map(|known| known.is_enough()).collect();
    let n_free = is_free.iter().filter(|free| **free).count();
    let needed = ENOUGH_FOR_FIGURES.max(EVENTS_PER_PARAMETER * (n_free + 1));
    if limiting < needed {
        return Err(NotIdentifiable::InsufficientEvidence {
            found: limiting,
            needed,
        });
    }
    if n_free < 2 {
        return Err(NotIdentifiable::TooFewDistinctPredictions);
    }
    let (_, first_guess) = score_line(&table.scores(levels), table.responses())?;
    let design = Levels {
        rows,
        levels,
        is_free: &is_free,
        per_point: first_guess,
    };
    let apart = Ridge {
        towards: [0.0; COLUMNS],
        // Columns that nobody is on.
        strength: std::array::from_fn(|k| f64::from(u8::from(!design.is_fitted(k)))),
    };
    let alone = fit_towards(table.responses(), &design, [0.0; COLUMNS], &apart)?;
    let held = Held::against(&design, &alone)?;
    let spread = held.variance().sqrt() / held.per_point;
    let drawn = if ALPHA <= held.p_value() {
        levels.iter().map(|level| level.points).collect()
    } else {
        let strength = held.design_effect / held.variance();
        let design = Levels {
            per_point: held.per_point,
            ..design
        };
        let ridge = Ridge {
            towards: std::array::from_fn(|k| design.published(k)),
            strength: std::array::from_fn(|k| match (k, design.is_fitted(k)) {
                (0, _) => 0.0,
                (_, true) => strength,
                (_, false) => 1.0,
            }),
        };
        let start = alone.coefficients;
        let fit = fit_towards(table.responses(), &design, start, &ridge)?;
        let raw = levels.iter().enumerate().map(|(at, level)| {
            let fitted = fit.coefficients[at + 1] / held.per_point;
            if is_free[at] { fitted } else { level.points }
        });
        let raw: Vec<f64> = raw.collect();
        in_published_order(levels, &raw, |at| match is_free[at] {
            true => 1.0 / alone.covariance[at + 1][at + 1],
            // What was not fitted does not move.
            false => f64::INFINITY,
        })
    };
    let found = counts.iter().enumerate().map(|(at, known)| LevelFit {
        people: known.people,
        events: known.events,
        alone: known.enough().map(|()| {
            let se = alone.covariance[at + 1][at + 1].sqrt() / held.per_point;
            let points = alone.coefficients[at + 1] / held.per_point;
            Estimate::normal(points, se, table.method())
        }),
        drawn: drawn[at],
    });
    Ok(LevelRefit {
        per_point: held.per_point,
        statistic: held.statistic,
        degrees: held.degrees(),
        p_value: held.p_value(),
        spread: if ALPHA <= held.p_value() { 0.0 } else { spread },
        levels: found.collect(),
    })
}

/// Intercept and slope of log odds by a score.
///
/// # Errors
///
/// As [`super::calibration_slope`]; a slope that is not above zero.
pub(crate) fn score_line(
    scores: &[f64],
    outcomes: Responses<'_>,
) -> Result<(f64, f64), NotIdentifiable> {
    struct Line<'a>(&'a [f64]);
    impl Design<2> for Line<'_> {
        fn columns(&self, row: usize) -> [f64; 2] {
            [1.0, self.0[row]]
        }
        fn offset(&self, _row: usize) -> f64 {
            0.0
        }
    }
    let [intercept, slope] = fit(outcomes, &Line(scores), [0.0; 2])?.coefficients;
    if slope <= 0.0 {
        return Err(NotIdentifiable::SlopeNotAboveZero);
    }
    Ok((intercept, slope))
}

/// Outcomes of rows, and weights where somebody stands for more than themselves.
struct Table<'a> {
    rows: &'a [LevelRow],
    occurred: Vec<bool>,
    weights: Option<Vec<f64>>,
}

impl<'a> Table<'a> {
    fn of(rows: &'a [LevelRow]) -> Self {
        let is_weighted = rows.iter().any(|row| PLAIN < (row.weight - 1.0).abs());
        Self {
            rows,
            occurred: rows.iter().map(|row| row.occurred).collect(),
            weights: is_weighted.then(|| rows.iter().map(|row| row.weight).collect()),
        }
    }

    fn responses(&self) -> Responses<'_> {
        Responses {
            occurred: &self.occurred,
            weights: self.weights.as_deref(),
        }
    }

    fn both_classes(&self, events: usize) -> Result<(), NotIdentifiable> {
        match events {
            0 => Err(NotIdentifiable::NoEvents),
            all if all == self.rows.len() => Err(NotIdentifiable::NoNonEvents),
            1.. => Ok(()),
        }
    }

    fn scores(&self, levels: &[Level]) -> Vec<f64> {
        let of_row = |row: &LevelRow| {
            let on = levels.iter().enumerate().filter(|(at, _)| is_on(row, *at));
            on.map(|(_, level)| level.points).sum()
        };
        self.rows.iter().map(of_row).collect()
    }

    fn method(&self) -> Method {
        match self.weights {
            Some(_) => Method::DesignSandwich,
            None => Method::Wald,
        }
    }
}

fn is_on(row: &LevelRow, level: usize) -> bool {
    row.on >> level & 1 == 1
}

/// People on a level, and on the one that it is held against.
#[derive(Clone, Copy, Default)]
struct Counted {
    people: usize,
    events: usize,
    /// The smaller of events and others on the item's reference level.
    limiting_reference: usize,
}

impl Counted {
    fn enough(&self) -> Result<(), NotIdentifiable> {
        let limiting = self.events.min(self.people - self.events);
        let found = limiting.min(self.limiting_reference);
        if FEWEST_IN_GROUP <= found {
            return Ok(());
        }
        Err(NotIdentifiable::InsufficientEvidence {
            found,
            needed: FEWEST_IN_GROUP,
        })
    }

    fn is_enough(&self) -> bool {
        self.enough().is_ok()
    }
}

fn counted(levels: &[Level], rows: &[LevelRow]) -> Vec<Counted> {
    let of_level = |(at, level): (usize, &Level)| {
        let own = levels
            .iter()
            .enumerate()
            .filter(|(_, one)| one.item == level.item);
        let item = own.fold(0_u32, |bits, (at, _)| bits | 1 << at);
        let mut counted = Counted::default();
        let mut reference = [0_usize; 2];
        for row in rows {
            if is_on(row, at) {
                counted.people += 1;
                counted.events += usize::from(row.occurred);
            }
            if row.on & item == 0 {
                reference[usize::from(row.occurred)] += 1;
            }
        }
        counted.limiting_reference = reference[0].min(reference[1]);
        counted
    };
    levels.iter().enumerate().map(of_level).collect()
}

/// An intercept, and a column for each level that is fitted; what is not fitted adds what was published.
#[derive(Clone, Copy)]
struct Levels<'a> {
    rows: &'a [LevelRow],
    levels: &'a [Level],
    is_free: &'a [bool],
    per_point: f64,
}

impl Levels<'_> {
    fn is_fitted(&self, column: usize) -> bool {
        column == 0 || self.is_free.get(column - 1).is_some_and(|free| *free)
    }

    /// What the published points of a fitted column would add to the log odds.
    fn published(&self, column: usize) -> f64 {
        if column == 0 || !self.is_fitted(column) {
            return 0.0;
        }
        self.per_point * self.levels[column - 1].points
    }
}

impl Design<COLUMNS> for Levels<'_> {
    fn columns(&self, row: usize) -> [f64; COLUMNS] {
        let on = self.rows[row].on;
        std::array::from_fn(|k| match k {
            0 => 1.0,
            k if self.is_fitted(k) && on >> (k - 1) & 1 == 1 => 1.0,
            _ => 0.0,
        })
    }

    fn offset(&self, row: usize) -> f64 {
        let all = self.levels.iter().zip(self.is_free).enumerate();
        let kept = all.filter(|(at, (_, free))| !**free && is_on(&self.rows[row], *at));
        kept.map(|(_, (level, _))| self.per_point * level.points)
            .sum()
    }
}

/// A fit held against what was published.
struct Held {
    per_point: f64,
    statistic: f64,
    /// `(β − s p)ᵀ V⁻¹ (β − s p)` at what a point is worth.
    squared: f64,
    n_free: usize,
    /// `tr(V⁻¹ − V⁻¹p pᵀV⁻¹ / pᵀV⁻¹p)`.
    trace: f64,
    design_effect: f64,
}

impl Held {
    fn against(design: &Levels<'_>, fit: &Fit<COLUMNS>) -> Result<Self, NotIdentifiable> {
        let is_used = |k: usize| k != 0 && design.is_fitted(k);
        let precision = inverse_of_part(&fit.covariance, is_used)?;
        let information = inverse_of_part(&fit.inverse_information, is_used)?;
        let points: [f64; COLUMNS] = std::array::from_fn(|k| match is_used(k) {
            true => design.levels[k - 1].points,
            false => 0.0,
        });
        let times = |v: &[f64; COLUMNS]| -> [f64; COLUMNS] {
            std::array::from_fn(|i| (0..COLUMNS).map(|j| precision[i][j] * v[j]).sum())
        };
        let dot = |a: &[f64; COLUMNS], b: &[f64; COLUMNS]| -> f64 {
            a.iter().zip(b).map(|(a, b)| a * b).sum()
        };
        let squared = |per_point: f64| -> f64 {
            let off: [f64; COLUMNS] = std::array::from_fn(|k| match is_used(k) {
                true => fit.coefficients[k] - per_point * points[k],
                false => 0.0,
            });
            dot(&off, &times(&off))
        };
        let scaled = times(&points);
        let length = dot(&points, &scaled);
        let per_point = in_most_levels(design, fit);
        if per_point.is_nan() || per_point <= 0.0 {
            return Err(NotIdentifiable::SlopeNotAboveZero);
        }
        let used = (0..COLUMNS).filter(|k| is_used(*k));
        let trace =
            used.clone().map(|k| precision[k][k]).sum::<f64>() - dot(&scaled, &scaled) / length;
        let n_free = used.clone().count();
        let both = used.clone().flat_map(|i| used.clone().map(move |j| (i, j)));
        let effect: f64 = both
            .map(|(i, j)| fit.covariance[i][j] * information[j][i])
            .sum();
        Ok(Self {
            per_point,
            // `scaled` is zero where no level is fitted.
            statistic: squared(dot(&fit.coefficients, &scaled) / length),
            squared: squared(per_point),
            n_free,
            trace,
            design_effect: effect / n_free as f64,
        })
    }

    fn degrees(&self) -> usize {
        self.n_free - 1
    }

    fn p_value(&self) -> f64 {
        chi_squared_tail(self.statistic, self.degrees())
    }

    /// Of the truth around what was published, in log odds.
    fn variance(&self) -> f64 {
        (self.squared - self.degrees() as f64).max(0.0) / self.trace
    }
}

/// What a point is worth in most levels: a few that are far off do not move it, as they would a mean.
fn in_most_levels(design: &Levels<'_>, fit: &Fit<COLUMNS>) -> f64 {
    let fitted = (1..COLUMNS).filter(|k| design.is_fitted(*k));
    let ratio = |k: usize| {
        let points = design.levels[k - 1].points;
        let weight = points.abs() / fit.covariance[k][k].sqrt();
        (fit.coefficients[k] / points, weight)
    };
    let mut ratios: Vec<(f64, f64)> = fitted.map(ratio).collect();
    ratios.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (values, weights): (Vec<f64>, Vec<f64>) = ratios.into_iter().unzip();
    quantile(&values, Some(&weights), 0.5)
}

/// The inverse of the rows and columns that are used; the others are those of the unit matrix.
fn inverse_of_part(
    all: &Square<COLUMNS>,
    is_used: impl Fn(usize) -> bool,
) -> Result<Square<COLUMNS>, NotIdentifiable> {
    let cell = |i: usize, j: usize| match (is_used(i) && is_used(j), i == j) {
        (true, _) => all[i][j],
        (false, true) => 1.0,
        (false, false) => 0.0,
    };
    let part = std::array::from_fn(|i| std::array::from_fn(|j| cell(i, j)));
    matrix::inverse(&part).ok_or(NotIdentifiable::TooFewDistinctPredictions)
}
