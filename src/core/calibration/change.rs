//! Has a calibration changed with time? A window that is cut where its older and newer part differ.

use super::estimate::{Figure, NotIdentifiable};
use super::in_the_large::{fit_intercept, fit_slope, observed_to_expected};
use super::limits::FEWEST_IN_GROUP;
use super::outcomes::PairedOutcomes;
use crate::rulebook::{expit, log_odds};

/// From how many standard errors on both parts of a window are held to differ.
///
/// Chosen by simulation, since every month asks anew about every cut: programmes that stay as they are
/// are told to have changed about once in fifty years (`tests/simulation/drift.rs`).
pub const CHANGE_TOLD_FROM: f64 = 3.7;

/// A prediction with what happened, and the period of time it belongs to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TimedOutcome {
    /// The period, counted on from any.
    pub period: i32,
    /// The probability that was promised.
    pub predicted: f64,
    /// Whether it happened.
    pub occurred: bool,
}

/// A calibration has changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CalibrationChange {
    /// The first period of the newer part: from here on data are alike again.
    pub since: i32,
    /// The period whose outcomes made it known.
    pub seen: i32,
    /// In standard errors; above zero, more happens than before.
    pub statistic: f64,
    /// O:E of the older part.
    pub before: Figure,
    /// O:E of the newer part, up to `seen`.
    pub after: Figure,
}

/// What a watch over time found.
#[derive(Debug, Clone, PartialEq)]
pub struct WatchedOverTime {
    /// Changes, in the order in which they were seen.
    pub changes: Vec<CalibrationChange>,
    /// The first period since which nothing differs; nothing where there are no outcomes.
    pub alike_since: Option<i32>,
}

/// Watches a calibration period by period, as somebody would have who looked at the end of each.
///
/// A calibration that is wrong all the time has not changed; that is for calibration-in-the-large. Nor
/// has one when other people come: shift and slope of all log odds are fitted first.
///
/// # Formula
///
/// The window holds the periods since the last change. With `μ` fitted to the whole window by intercept
/// and slope, and `V` its variance, a cut's score is `S = Σ (y − μ)` over the older part, and
/// `z = −S / √(I₁₁ − I₁₂ I₂₂⁻¹ I₂₁)` by the information `I` of the older part and of the fit. The largest
/// `|z|` over the cuts with ten events and ten others on either side is held against
/// [`CHANGE_TOLD_FROM`]; where it reaches that, the window begins anew at the cut.
///
/// # Source
///
/// The window that shrinks where its parts differ: Davis et al., J Biomed Inform 2020;112:103611
/// (PMC8627243), after Bifet, Gavaldà, SDM 2007:443-448. The score test in the place of their bound
/// is this program's choice: it does not take case mix for a change.
#[must_use]
pub fn watch_over_time(outcomes: &[TimedOutcome]) -> WatchedOverTime {
    let mut rows: Vec<TimedOutcome> = outcomes.to_vec();
    rows.sort_by_key(|row| row.period);
    let mut periods: Vec<i32> = rows.iter().map(|row| row.period).collect();
    periods.dedup();
    let mut alike_since = periods.first().copied();
    let mut changes = Vec::new();
    for seen in periods {
        let Some(from) = alike_since else { break };
        let start = rows.partition_point(|row| row.period < from);
        let end = rows.partition_point(|row| row.period <= seen);
        let window = &rows[start..end];
        let Ok(Some((since, statistic))) = largest_difference(window) else {
            continue;
        };
        if statistic.abs() < CHANGE_TOLD_FROM {
            continue;
        }
        let (older, newer) = window.split_at(window.partition_point(|row| row.period < since));
        changes.push(CalibrationChange {
            since,
            seen,
            statistic,
            before: o_e(older),
            after: o_e(newer),
        });
        alike_since = Some(since);
    }
    WatchedOverTime {
        changes,
        alike_since,
    }
}

/// O:E of some rows.
fn o_e(rows: &[TimedOutcome]) -> Figure {
    observed_to_expected(&paired(rows)?)
}

fn paired(rows: &[TimedOutcome]) -> Result<PairedOutcomes, NotIdentifiable> {
    let predicted = rows.iter().map(|row| row.predicted).collect();
    let occurred = rows.iter().map(|row| row.occurred).collect();
    PairedOutcomes::new(predicted, occurred, None).map_err(|_| NotIdentifiable::NoEvents)
}

/// Sums over a stretch of time.
#[derive(Clone, Copy, Default)]
struct Sums {
    events: usize,
    others: usize,
    residual: f64,
    variance: f64,
    variance_by_log_odds: f64,
}

impl Sums {
    fn is_enough(&self) -> bool {
        FEWEST_IN_GROUP <= self.events.min(self.others)
    }
}

/// The first period of the newer part and the statistic, at the cut where both parts differ most;
/// nothing where no cut leaves enough on either side.
fn largest_difference(window: &[TimedOutcome]) -> Result<Option<(i32, f64)>, NotIdentifiable> {
    let events = window.iter().filter(|row| row.occurred).count();
    if events.min(window.len() - events) < 2 * FEWEST_IN_GROUP {
        return Ok(None);
    }
    let (shift, stretch, inverse) = fitted(window)?;
    let mut all = Sums {
        events,
        others: window.len() - events,
        ..Sums::default()
    };
    let mut before = Sums::default();
    let mut largest: Option<(i32, f64)> = None;
    let mut last = None;
    for row in window {
        if last.is_some_and(|last| last < row.period) && before.is_enough() && all.is_enough() {
            let [a, b] = [before.variance, before.variance_by_log_odds];
            let explained = a * (inverse[0][0] * a + inverse[0][1] * b)
                + b * (inverse[1][0] * a + inverse[1][1] * b);
            let spread = before.variance - explained;
            // Above zero, more happens in the newer part.
            let statistic = -before.residual / spread.sqrt();
            if 0.0 < spread && largest.is_none_or(|(_, most)| most.abs() < statistic.abs()) {
                largest = Some((row.period, statistic));
            }
        }
        last = Some(row.period);
        let known = log_odds(row.predicted);
        let expected = expit(shift + stretch * known);
        let variance = expected * (1.0 - expected);
        before.residual += f64::from(u8::from(row.occurred)) - expected;
        before.variance += variance;
        before.variance_by_log_odds += variance * known;
        let (more, fewer) = match row.occurred {
            true => (&mut before.events, &mut all.events),
            false => (&mut before.others, &mut all.others),
        };
        *more += 1;
        *fewer -= 1;
    }
    Ok(largest)
}

/// Shift and stretch of all log odds, with their covariance; the shift alone where predictions are all
/// the same.
fn fitted(window: &[TimedOutcome]) -> Result<(f64, f64, [[f64; 2]; 2]), NotIdentifiable> {
    let rows = paired(window)?;
    let known = rows.log_odds()?;
    match fit_slope(&rows, &known) {
        Ok(fit) => Ok((fit.coefficients[0], fit.coefficients[1], fit.covariance)),
        Err(NotIdentifiable::ConstantPredictions) => {
            let fit = fit_intercept(&rows, &known)?;
            let covariance = [[fit.covariance[0][0], 0.0], [0.0, 0.0]];
            Ok((fit.coefficients[0], 1.0, covariance))
        }
        Err(reason) => Err(reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many of a hundred happen in a period, where `predicted` was promised.
    fn period(period: i32, predicted: f64, happen: usize) -> impl Iterator<Item = TimedOutcome> {
        (0..100).map(move |n| TimedOutcome {
            period,
            predicted,
            occurred: n < happen,
        })
    }

    #[test]
    fn what_changes_is_told_with_the_first_period_of_the_new() {
        let rows: Vec<TimedOutcome> = [10, 10, 10, 10, 22, 22, 22]
            .iter()
            .zip(1..)
            .flat_map(|(happen, at)| period(at, 0.1, *happen))
            .collect();
        let watched = watch_over_time(&rows);
        let [change] = watched.changes[..] else {
            panic!("{watched:?}")
        };
        assert_eq!(
            (change.since, change.seen, watched.alike_since),
            (5, 6, Some(5))
        );
        let near = |figure: Figure, expected: f64| {
            assert!(
                figure.is_ok_and(|known| (known.value - expected).abs() < 1e-9),
                "{figure:?}"
            );
        };
        near(change.before, 1.0);
        near(change.after, 2.2);
        // By hand, of six periods: (22 − 10) / 100 over √(p q (1/400 + 1/200)) with p = 84 / 600.
        let p: f64 = 84.0 / 600.0;
        let expected = 0.12 / (p * (1.0 - p) * (1.0 / 400.0 + 1.0 / 200.0)).sqrt();
        assert!((change.statistic - expected).abs() < 1e-9, "{change:?}");
    }

    #[test]
    fn being_wrong_all_the_time_is_no_change_nor_are_other_people() {
        let wrong: Vec<TimedOutcome> = (1..20).flat_map(|at| period(at, 0.1, 30)).collect();
        assert_eq!(watch_over_time(&wrong).changes, []);
        // Too flat by a slope of one half, and people of higher risk come from the tenth period on.
        let flat = |at: i32, p: f64| {
            let happen = 100.0 * expit(0.5 * log_odds(p));
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "0 to 100"
            )]
            period(at, p, happen.round() as usize)
        };
        let mixed: Vec<TimedOutcome> = (1..20)
            .flat_map(|at| {
                let (low, high) = if at < 10 { (0.05, 0.1) } else { (0.1, 0.3) };
                flat(at, low).chain(flat(at, high))
            })
            .collect();
        assert_eq!(watch_over_time(&mixed).changes, []);
    }

    #[test]
    fn nothing_is_told_of_few_or_of_nobody() {
        assert_eq!(watch_over_time(&[]).alike_since, None);
        // Nine happen in the older part: one fewer than a figure needs.
        let few = |first: usize| {
            let rows = period(1, 0.1, first).chain(period(2, 0.1, 60));
            watch_over_time(&rows.collect::<Vec<_>>()).changes.len()
        };
        assert_eq!((few(9), few(10)), (0, 1));
    }

    #[test]
    fn the_order_of_rows_does_not_matter() {
        let mut rows: Vec<TimedOutcome> = period(1, 0.1, 10).chain(period(2, 0.2, 70)).collect();
        let one = watch_over_time(&rows);
        rows.reverse();
        assert_eq!(watch_over_time(&rows), one);
    }
}
