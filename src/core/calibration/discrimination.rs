//! Do people with the event get higher predictions than people without?

use super::estimate::{Estimate, Method, NotIdentifiable};
use super::limits::Z;
use super::numbers::sum;
use super::outcomes::PairedOutcomes;

/// An area under the curve and the variance of its estimate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Auroc {
    /// The area with its interval.
    pub estimate: Estimate,
    /// Variance of the area.
    pub variance: f64,
}

/// Area under the receiver operating characteristic: the share of pairs of an
/// event and a non-event in which the event has the higher prediction; ties
/// count half.
///
/// Between 0 and 1; 0.5 is chance. Depends on the predictions' order only.
///
/// # Formula
///
/// `A = Σᵢⱼ wᵢ wⱼ ψ(pᵢ, pⱼ) / (W₁ W₀)` over events `i`, non-events `j`.
/// Unweighted variance: `S₁₀/m + S₀₁/n`, the variances of the placement values.
/// Weighted: with-replacement variance of `wᵢ (Vᵢ − A) / W`. Computed from
/// cumulative weights in the order of the predictions, in `O(n log n)`.
///
/// # Errors
///
/// Needs two events and two non-events.
///
/// # Source
///
/// `DeLong`, `DeLong`, Clarke-Pearson, Biometrics 1988;44:837-845, equations (4) to (6);
/// ordering instead of pairs: Sun, Xu, IEEE Signal Process Lett 2014;21:1389-1393.
///
/// # Example
///
/// ```
/// use preventiojyraa_core::calibration::{PairedOutcomes, auroc};
///
/// let p = vec![0.1, 0.4, 0.35, 0.8];
/// let outcomes = PairedOutcomes::new(p, vec![false, false, true, true], None)?;
/// assert_eq!(auroc(&outcomes).map(|auroc| auroc.estimate.value), Ok(0.75));
/// # Ok::<(), preventiojyraa_core::calibration::OutcomesError>(())
/// ```
pub fn auroc(outcomes: &PairedOutcomes) -> Result<Auroc, NotIdentifiable> {
    outcomes.both_classes()?;
    if outcomes.limiting() < 2 {
        return Err(NotIdentifiable::FewerThanTwoOfAClass);
    }
    let placements = Placements::of(outcomes);
    let value = placements.area(outcomes);
    if value <= 0.0 || 1.0 <= value {
        return Ok(separated(value, outcomes.limiting()));
    }
    let (variance, method) = if outcomes.is_weighted() {
        (
            placements.design_variance(outcomes, value),
            Method::DesignLinearised,
        )
    } else {
        (placements.delong_variance(outcomes), Method::DeLong)
    };
    Ok(Auroc {
        estimate: Estimate::normal(value, variance.sqrt(), method).within_unit(),
        variance,
    })
}

/// All events above all non-events, or all below: the estimated variance is
/// zero, which would promise certainty.
///
/// With a true area `A`, `k` independent pairs are all in order with
/// probability `Aᵏ`; the limit is where that is 2.5 %.
fn separated(value: f64, limiting: usize) -> Auroc {
    let one_tail = 1.0 - normal_tail_share();
    let limit = libm::pow(one_tail, 1.0 / limiting as f64);
    let (lower, upper) = if value < 0.5 {
        (0.0, 1.0 - limit)
    } else {
        (limit, 1.0)
    };
    Auroc {
        estimate: Estimate {
            value,
            lower,
            upper,
            method: Method::IndependentPairs,
        },
        variance: 0.0,
    }
}

/// 0.975, from the quantile that all intervals share.
fn normal_tail_share() -> f64 {
    0.5 * libm::erfc(-Z / std::f64::consts::SQRT_2)
}

/// For each row the weighted share of the other class that it is on the right side of.
struct Placements {
    values: Vec<f64>,
    events: f64,
    others: f64,
}

impl Placements {
    fn of(outcomes: &PairedOutcomes) -> Self {
        let of_class = |class: bool| {
            outcomes.sum(|row| f64::from(u8::from(outcomes.occurred()[row] == class)))
        };
        let (events, others) = (of_class(true), of_class(false));
        let mut values = vec![0.0; outcomes.n()];
        let (mut events_below, mut others_below) = (0.0, 0.0);
        let mut start = 0;
        while start < outcomes.n() {
            let end = ties_end(outcomes.predicted(), start);
            let (mut tied_events, mut tied_others) = (0.0, 0.0);
            for row in start..end {
                if outcomes.occurred()[row] {
                    tied_events += outcomes.weight(row);
                } else {
                    tied_others += outcomes.weight(row);
                }
            }
            for (row, value) in values[start..end].iter_mut().enumerate() {
                *value = if outcomes.occurred()[start + row] {
                    (others_below + tied_others / 2.0) / others
                } else {
                    1.0 - (events_below + tied_events / 2.0) / events
                };
            }
            events_below += tied_events;
            others_below += tied_others;
            start = end;
        }
        Self {
            values,
            events,
            others,
        }
    }

    fn area(&self, outcomes: &PairedOutcomes) -> f64 {
        outcomes.sum(|row| outcomes.outcome(row) * self.values[row]) / self.events
    }

    fn delong_variance(&self, outcomes: &PairedOutcomes) -> f64 {
        let of_class = |class: bool, size: f64| {
            let rows = || (0..outcomes.n()).filter(|row| outcomes.occurred()[*row] == class);
            let mean = sum(rows().map(|row| self.values[row])) / size;
            let squares =
                sum(rows().map(|row| (self.values[row] - mean) * (self.values[row] - mean)));
            squares / (size - 1.0) / size
        };
        of_class(true, self.events) + of_class(false, self.others)
    }

    fn design_variance(&self, outcomes: &PairedOutcomes, area: f64) -> f64 {
        outcomes.variance_of_total(|row| {
            let total = if outcomes.occurred()[row] {
                self.events
            } else {
                self.others
            };
            outcomes.weight(row) * (self.values[row] - area) / total
        })
    }
}

/// A point of the receiver operating characteristic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RocPoint {
    /// Predictions at or above this are flagged.
    pub threshold: f64,
    /// Share of events flagged.
    pub sensitivity: f64,
    /// Share of non-events flagged: one minus the specificity.
    pub false_positive_rate: f64,
}

/// The receiver operating characteristic, from the highest prediction down; a
/// point wherever one of its shares has moved by a hundredth.
#[must_use]
pub fn roc(outcomes: &PairedOutcomes) -> Vec<RocPoint> {
    let of_class =
        |class: bool| outcomes.sum(|row| f64::from(u8::from(outcomes.occurred()[row] == class)));
    let (events, others) = (of_class(true), of_class(false));
    let (mut hits, mut alarms) = (0.0, 0.0);
    let mut shown = (0.0, 0.0);
    let mut points = Vec::new();
    for row in (0..outcomes.n()).rev() {
        if outcomes.occurred()[row] {
            hits += outcomes.weight(row);
        } else {
            alarms += outcomes.weight(row);
        }
        let threshold = outcomes.predicted()[row];
        let is_tied = row > 0 && outcomes.predicted()[row - 1].total_cmp(&threshold).is_eq();
        let at = (alarms / others, hits / events);
        let has_moved = 0.01 <= at.0 - shown.0 || 0.01 <= at.1 - shown.1 || row == 0;
        if !is_tied && has_moved {
            shown = at;
            points.push(RocPoint {
                threshold,
                sensitivity: at.1,
                false_positive_rate: at.0,
            });
        }
    }
    points
}

/// One past the last row with the same prediction as `start`.
pub(super) fn ties_end(predicted: &[f64], start: usize) -> usize {
    let is_tied = |p: &f64| p.total_cmp(&predicted[start]).is_eq();
    start + predicted[start..].iter().take_while(|p| is_tied(p)).count()
}
