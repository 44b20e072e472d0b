//! All figures of one table, and of its groups.

use super::brier::{brier, scaled_brier};
use super::curve::{Curve, loess_curve, spline_curve};
use super::decision::{DecisionPoint, ThresholdFigures, at_threshold, decision_curve};
use super::discrimination::{Auroc, RocPoint, auroc, roc};
use super::estimate::{Figure, NotIdentifiable};
use super::in_the_large::{calibration_in_the_large, calibration_slope, observed_to_expected};
use super::ladder::{Ladder, ladder};
use super::limits::{ENOUGH_FOR_CURVES, ENOUGH_FOR_FIGURES, FEWEST_IN_GROUP};
use super::outcomes::{OutcomesError, PairedOutcomes};

/// The columns of a table, row by row the same people.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// Predicted probabilities, `0.0..=1.0`.
    pub predicted: Vec<f64>,
    /// Whether the event occurred.
    pub occurred: Vec<bool>,
    /// Sampling weights, zero or more.
    pub weights: Option<Vec<f64>>,
}

/// A column that splits the rows into groups.
#[derive(Debug, Clone, Default)]
pub struct Grouping {
    /// What the column is called.
    pub column: String,
    /// The names of the groups.
    pub labels: Vec<String>,
    /// For each row, which label.
    pub of_row: Vec<usize>,
}

/// What to compute.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings {
    /// Thresholds on the prediction, each in `0.0..1.0`.
    pub thresholds: Vec<f64>,
}

/// How far the number of events and non-events carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// Fewer than 100 events or non-events: intervals are wide, and may be too short.
    Insufficient,
    /// At least 100 of each: enough for figures, not for the shape of a curve.
    EnoughForFigures,
    /// At least 200 of each.
    Enough,
}

/// Figures of one set of people.
#[derive(Debug, Clone)]
pub struct Summary {
    /// How many rows.
    pub n: usize,
    /// How many with the event.
    pub events: usize,
    /// Discrimination.
    pub auroc: Result<Auroc, NotIdentifiable>,
    /// Observed over expected events.
    pub o_e: Figure,
    /// Shift of the log odds.
    pub calibration_in_the_large: Figure,
    /// Spread of the log odds.
    pub slope: Figure,
    /// Mean squared error.
    pub brier: Figure,
    /// Share of the outcome's variance explained.
    pub scaled_brier: Figure,
    /// Figures at each threshold asked for.
    pub thresholds: Vec<ThresholdFigures>,
}

/// Figures of one group, or why there are none.
#[derive(Debug, Clone)]
pub struct GroupEvaluation {
    /// The column that names the group.
    pub column: String,
    /// The group's name.
    pub label: String,
    /// How many rows.
    pub n: usize,
    /// How many with the event.
    pub events: usize,
    /// Its figures.
    pub summary: Result<Summary, NotIdentifiable>,
}

/// A bar of the histogram of predictions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    /// Lowest prediction in it.
    pub from: f64,
    /// Where the next bar begins.
    pub to: f64,
    /// Share of all who are in it without the event.
    pub without_event: f64,
    /// Share of all who are in it with the event.
    pub with_event: f64,
}

/// Everything about one table.
#[derive(Debug, Clone)]
pub struct Evaluation {
    /// Figures of all rows.
    pub whole: Summary,
    /// How far the numbers carry.
    pub evidence: Evidence,
    /// Whether rows have weights.
    pub is_weighted: bool,
    /// Net benefit over thresholds.
    pub decision_curve: Vec<DecisionPoint>,
    /// Sensitivity against false alarms.
    pub roc: Vec<RocPoint>,
    /// Observed on predicted risk, smoothed locally.
    pub loess: Result<Curve, NotIdentifiable>,
    /// Observed on predicted risk, as a spline of the log odds.
    pub spline: Result<Curve, NotIdentifiable>,
    /// The recalibration that is justified.
    pub ladder: Result<Ladder, NotIdentifiable>,
    /// How predictions are spread.
    pub histogram: Vec<Bar>,
    /// Figures of groups, in the order of the columns and of the labels.
    pub groups: Vec<GroupEvaluation>,
}

/// Evaluates predictions against what happened, whole and by group.
///
/// # Errors
///
/// Rows that are no paired outcomes: see [`PairedOutcomes::new`].
pub fn evaluate(
    rows: &Rows,
    groupings: &[Grouping],
    settings: &Settings,
) -> Result<Evaluation, OutcomesError> {
    let outcomes = rows.outcomes(|_| true)?;
    let mut groups = Vec::new();
    for grouping in groupings {
        for (at, label) in grouping.labels.iter().enumerate() {
            let group = rows.outcomes(|row| grouping.of_row[row] == at)?;
            groups.push(GroupEvaluation {
                column: grouping.column.clone(),
                label: label.clone(),
                n: group.n(),
                events: group.events(),
                summary: of_group(&group, settings),
            });
        }
    }
    Ok(Evaluation {
        whole: summary(&outcomes, settings),
        evidence: evidence(&outcomes),
        is_weighted: outcomes.is_weighted(),
        decision_curve: decision_curve(&outcomes),
        roc: roc(&outcomes),
        loess: loess_curve(&outcomes),
        spline: spline_curve(&outcomes),
        ladder: ladder(&outcomes),
        histogram: histogram(&outcomes),
        groups,
    })
}

impl Rows {
    /// The rows that are `chosen`.
    fn outcomes(&self, chosen: impl Fn(usize) -> bool) -> Result<PairedOutcomes, OutcomesError> {
        let at: Vec<usize> = (0..self.predicted.len())
            .filter(|row| chosen(*row))
            .collect();
        PairedOutcomes::new(
            at.iter().map(|row| self.predicted[*row]).collect(),
            at.iter().map(|row| self.occurred[*row]).collect(),
            self.weights
                .as_ref()
                .map(|weights| at.iter().map(|row| weights[*row]).collect()),
        )
    }
}

fn evidence(outcomes: &PairedOutcomes) -> Evidence {
    match outcomes.limiting() {
        0..ENOUGH_FOR_FIGURES => Evidence::Insufficient,
        ENOUGH_FOR_FIGURES..ENOUGH_FOR_CURVES => Evidence::EnoughForFigures,
        ENOUGH_FOR_CURVES.. => Evidence::Enough,
    }
}

fn of_group(outcomes: &PairedOutcomes, settings: &Settings) -> Result<Summary, NotIdentifiable> {
    let found = outcomes.limiting();
    if found < FEWEST_IN_GROUP {
        return Err(NotIdentifiable::InsufficientEvidence {
            found,
            needed: FEWEST_IN_GROUP,
        });
    }
    Ok(summary(outcomes, settings))
}

fn summary(outcomes: &PairedOutcomes, settings: &Settings) -> Summary {
    let thresholds = settings.thresholds.iter();
    Summary {
        n: outcomes.n(),
        events: outcomes.events(),
        auroc: auroc(outcomes),
        o_e: observed_to_expected(outcomes),
        calibration_in_the_large: calibration_in_the_large(outcomes),
        slope: calibration_slope(outcomes),
        brier: brier(outcomes),
        scaled_brier: scaled_brier(outcomes),
        thresholds: thresholds.map(|t| at_threshold(outcomes, *t)).collect(),
    }
}

/// Bars of the histogram.
const BARS: u8 = 30;

/// Predictions in bars of equal width, from 0 to the tenth above the highest one.
fn histogram(outcomes: &PairedOutcomes) -> Vec<Bar> {
    let total = outcomes.total_weight();
    let highest = outcomes.predicted()[outcomes.n() - 1];
    let end = ((highest * 10.0).ceil() / 10.0).clamp(0.1, 1.0);
    let edge = |bar: u8| end * f64::from(bar) / f64::from(BARS);
    let rows_below = |bar: u8| {
        let is_below = |p: &f64| *p < edge(bar) || bar == BARS;
        outcomes.predicted().partition_point(is_below)
    };
    let share = |from: usize, to: usize, class: bool| {
        let rows = (from..to).filter(|row| outcomes.occurred()[*row] == class);
        rows.map(|row| outcomes.weight(row)).sum::<f64>() / total
    };
    (0..BARS)
        .map(|bar| {
            let (from, to) = (rows_below(bar), rows_below(bar + 1));
            Bar {
                from: edge(bar),
                to: edge(bar + 1),
                without_event: share(from, to, false),
                with_event: share(from, to, true),
            }
        })
        .collect()
}
