//! All figures of one table, and of its groups.

use super::bootstrap::BootstrapFigure;
use super::brier::{brier, scaled_brier};
use super::curve::{Curve, loess_curve, spline_curve};
use super::decision::{DecisionPoint, ThresholdFigures, at_threshold, decision_curve};
use super::discrimination::{Auroc, RocPoint, auroc, roc};
use super::estimate::{Estimate, Figure, NotIdentifiable};
use super::in_the_large::{calibration_in_the_large, calibration_slope, observed_to_expected};
use super::ladder::{Ladder, ladder};
use super::limits::{ENOUGH_FOR_CURVES, ENOUGH_FOR_FIGURES, FEWEST_IN_GROUP};
use super::outcomes::{OutcomesError, PairedOutcomes};
use super::survival::{FollowUp, Followed};

/// The columns of a table, row by row the same people.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// Predicted probabilities, `0.0..=1.0`.
    pub predicted: Vec<f64>,
    /// Whether the event occurred.
    pub occurred: Vec<bool>,
    /// Sampling weights, zero or more.
    pub weights: Option<Vec<f64>>,
    /// How long each was followed; `occurred` is then whether the event ended it.
    pub follow_up: Option<FollowUp>,
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
    /// Observed risk by the horizon, where people were followed over time.
    pub observed_risk: Option<Figure>,
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
    /// Whether rows have weights of their own.
    pub is_weighted: bool,
    /// The horizon, where people were followed over time.
    pub horizon: Option<f64>,
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
    /// Limits from resampling, where somebody made them.
    pub bootstrap: Vec<BootstrapFigure>,
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
    let all = rows.everybody()?;
    let mut groups = Vec::new();
    for grouping in groupings {
        for (at, label) in grouping.labels.iter().enumerate() {
            groups.push(of_group(rows, grouping, at, label, settings));
        }
    }
    let outcomes = &all.outcomes;
    Ok(Evaluation {
        whole: summary(&all, settings),
        evidence: evidence(outcomes),
        is_weighted: rows.weights.is_some(),
        horizon: rows.follow_up.as_ref().map(|follow_up| follow_up.horizon),
        decision_curve: decision_curve(outcomes),
        roc: roc(outcomes),
        loess: loess_curve(outcomes),
        spline: spline_curve(outcomes),
        ladder: ladder(outcomes),
        histogram: histogram(outcomes),
        groups,
        bootstrap: Vec::new(),
    })
}

/// Paired outcomes, and the follow-up that they were reduced from.
pub(super) struct People {
    pub(super) outcomes: PairedOutcomes,
    pub(super) followed: Option<Followed>,
}

impl People {
    fn n(&self) -> usize {
        let followed = self.followed.as_ref().map(Followed::n);
        followed.unwrap_or_else(|| self.outcomes.n())
    }
}

fn pick<T: Copy>(values: &[T], at: &[usize]) -> Vec<T> {
    at.iter().map(|row| values[*row]).collect()
}

impl Rows {
    pub(super) fn everybody(&self) -> Result<People, OutcomesError> {
        let Some(follow_up) = &self.follow_up else {
            let (predicted, occurred) = (self.predicted.clone(), self.occurred.clone());
            return Ok(People {
                outcomes: PairedOutcomes::new(predicted, occurred, self.weights.clone())?,
                followed: None,
            });
        };
        let weights = self.weights.as_deref();
        let followed = Followed::new(&self.predicted, &self.occurred, weights, follow_up)?;
        Ok(People {
            outcomes: followed.reduced()?,
            followed: Some(followed),
        })
    }

    /// The people of the rows `at`.
    fn people(&self, at: &[usize]) -> Result<People, OutcomesError> {
        let follow_up = self.follow_up.as_ref().map(|follow_up| FollowUp {
            times: pick(&follow_up.times, at),
            competing: follow_up.competing.as_ref().map(|column| pick(column, at)),
            horizon: follow_up.horizon,
        });
        let rows = Self {
            predicted: pick(&self.predicted, at),
            occurred: pick(&self.occurred, at),
            weights: self.weights.as_ref().map(|weights| pick(weights, at)),
            follow_up,
        };
        rows.everybody()
    }
}

fn evidence(outcomes: &PairedOutcomes) -> Evidence {
    match outcomes.limiting() {
        0..ENOUGH_FOR_FIGURES => Evidence::Insufficient,
        ENOUGH_FOR_FIGURES..ENOUGH_FOR_CURVES => Evidence::EnoughForFigures,
        ENOUGH_FOR_CURVES.. => Evidence::Enough,
    }
}

fn of_group(
    rows: &Rows,
    grouping: &Grouping,
    at: usize,
    label: &str,
    settings: &Settings,
) -> GroupEvaluation {
    let of_row = grouping.of_row.iter().enumerate();
    let members: Vec<usize> = of_row
        .filter(|(_, group)| **group == at)
        .map(|(row, _)| row)
        .collect();
    let people = rows.people(&members);
    let found = people
        .as_ref()
        .map_or(0, |people| people.outcomes.limiting());
    let summary = match &people {
        Ok(people) if FEWEST_IN_GROUP <= found => Ok(summary(people, settings)),
        // A group without rows of weight, or that nobody was followed in to the horizon.
        Ok(_) | Err(_) => Err(NotIdentifiable::InsufficientEvidence {
            found,
            needed: FEWEST_IN_GROUP,
        }),
    };
    GroupEvaluation {
        column: grouping.column.clone(),
        label: label.to_owned(),
        n: people.as_ref().map_or(members.len(), People::n),
        events: people.as_ref().map_or(0, |people| people.outcomes.events()),
        summary,
    }
}

fn summary(people: &People, settings: &Settings) -> Summary {
    let outcomes = &people.outcomes;
    let at = |threshold: &f64| {
        let figures = at_threshold(outcomes, *threshold);
        let everybody = people
            .followed
            .as_ref()
            .map(|followed| followed.flagged(*threshold));
        ThresholdFigures {
            flagged: everybody.unwrap_or(figures.flagged),
            ..figures
        }
    };
    let observed_risk = people.followed.as_ref().map(Followed::observed_risk);
    Summary {
        n: people.n(),
        events: people
            .followed
            .as_ref()
            .map_or(outcomes.events(), Followed::events),
        auroc: auroc(outcomes),
        o_e: observed_over_expected(people),
        observed_risk,
        calibration_in_the_large: calibration_in_the_large(outcomes),
        slope: calibration_slope(outcomes),
        brier: brier(outcomes),
        scaled_brier: scaled_brier(outcomes),
        thresholds: settings.thresholds.iter().map(at).collect(),
    }
}

/// Observed over expected; of followed people the observed risk by the horizon
/// over the mean prediction of everybody, the censored too.
pub(super) fn observed_over_expected(people: &People) -> Figure {
    let Some(followed) = &people.followed else {
        return observed_to_expected(&people.outcomes);
    };
    let expected = followed.mean_prediction();
    if expected <= 0.0 {
        return Err(NotIdentifiable::NoExpectedEvents);
    }
    followed.observed_risk().map(|risk| Estimate {
        value: risk.value / expected,
        lower: risk.lower / expected,
        upper: risk.upper / expected,
        method: risk.method,
    })
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
