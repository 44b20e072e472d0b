//! What a threshold on the prediction would do.

use std::ops::Range;

use super::brier::linearised;
use super::estimate::{Estimate, Figure, Method, NotIdentifiable};
use super::limits::Z;
use super::numbers::Sum;
use super::outcomes::PairedOutcomes;

/// What happens when everybody at or above a threshold is flagged.
#[derive(Debug, Clone, PartialEq)]
pub struct ThresholdFigures {
    /// The threshold; predictions equal to it are flagged.
    pub threshold: f64,
    /// How many people are flagged, unweighted; followed people of unknown state too.
    pub flagged: usize,
    /// Share of all who are flagged.
    pub flagged_share: Figure,
    /// Positive predictive value: share of the flagged who have the event.
    pub ppv: Figure,
    /// Negative predictive value: share of the others who have no event.
    pub npv: Figure,
    /// Share of those with the event who are flagged.
    pub sensitivity: Figure,
    /// Share of those without the event who are not flagged.
    pub specificity: Figure,
    /// Flagged people per event found: `1 / PPV`.
    pub number_needed_to_screen: Figure,
    /// Net benefit of flagging at this threshold.
    pub net_benefit: Figure,
    /// Net benefit of flagging everybody. Flagging nobody has 0.
    pub net_benefit_treat_all: Figure,
}

/// A point of the decision curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DecisionPoint {
    /// The threshold probability.
    pub threshold: f64,
    /// Net benefit of flagging who is at or above it.
    pub net_benefit: f64,
    /// Lower 95 % limit.
    pub lower: f64,
    /// Upper 95 % limit.
    pub upper: f64,
    /// Net benefit of flagging everybody.
    pub treat_all: f64,
}

/// Wilson's score interval of a proportion, or of one with a real-valued effective size.
///
/// # Formula
///
/// `(p + z²/2n ± z √(p (1 − p) / n + z²/4n²)) / (1 + z²/n)`
///
/// # Source
///
/// Wilson, J Am Stat Assoc 1927;22:209-212.
pub(super) fn wilson(p: f64, n: f64, method: Method) -> Estimate {
    let z2 = Z * Z;
    let middle = p + z2 / (2.0 * n);
    let reach = Z * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z2 / n;
    Estimate {
        value: p,
        // At the ends the limit is the share itself; rounding would leave it a little beside.
        lower: if p <= 0.0 {
            0.0
        } else {
            ((middle - reach) / scale).max(0.0)
        },
        upper: if 1.0 <= p {
            1.0
        } else {
            ((middle + reach) / scale).min(1.0)
        },
        method,
    }
}

/// Rows of one kind: how many, their weights and the squares of these.
#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    rows: usize,
    weight: Sum,
    square: Sum,
}

impl Cell {
    fn add(&mut self, weight: f64) {
        self.rows += 1;
        self.weight.add(weight);
        self.square.add(weight * weight);
    }

    fn and(mut self, other: Self) -> Self {
        self.rows += other.rows;
        self.weight.add(other.weight.value());
        self.square.add(other.square.value());
        self
    }

    fn without(mut self, other: Self) -> Self {
        self.rows -= other.rows;
        self.weight.add(-other.weight.value());
        self.square.add(-other.square.value());
        self
    }
}

/// The two-by-two table of a threshold. All its figures, and their variances, follow from it.
#[derive(Debug, Clone, Copy, Default)]
struct Table {
    true_positive: Cell,
    false_positive: Cell,
    false_negative: Cell,
    true_negative: Cell,
}

impl Table {
    /// The table when the rows from `first` on are flagged.
    fn from_row(outcomes: &PairedOutcomes, first: usize) -> Self {
        let mut table = Self::default();
        table.count(outcomes, 0..first, Flag::Not);
        table.count(outcomes, first..outcomes.n(), Flag::Flagged);
        table
    }

    fn count(&mut self, outcomes: &PairedOutcomes, rows: Range<usize>, flag: Flag) {
        for row in rows {
            let cell = match (flag, outcomes.occurred()[row]) {
                (Flag::Flagged, true) => &mut self.true_positive,
                (Flag::Flagged, false) => &mut self.false_positive,
                (Flag::Not, true) => &mut self.false_negative,
                (Flag::Not, false) => &mut self.true_negative,
            };
            cell.add(outcomes.weight(row));
        }
    }

    fn flagged(&self) -> Cell {
        self.true_positive.and(self.false_positive)
    }

    fn not_flagged(&self) -> Cell {
        self.false_negative.and(self.true_negative)
    }

    fn events(&self) -> Cell {
        self.true_positive.and(self.false_negative)
    }

    fn others(&self) -> Cell {
        self.false_positive.and(self.true_negative)
    }

    /// This table of rows below a threshold, completed by the others of `all`.
    fn with_flagged(&self, all: &Self) -> Self {
        Self {
            true_positive: all.true_positive.without(self.false_negative),
            false_positive: all.false_positive.without(self.true_negative),
            ..*self
        }
    }

    /// Everybody flagged.
    fn of_all(&self) -> Self {
        Self {
            true_positive: self.events(),
            false_positive: self.others(),
            ..Self::default()
        }
    }

    fn all(&self) -> Cell {
        self.flagged().and(self.not_flagged())
    }

    /// `n / (n − 1)`.
    fn correction(&self) -> f64 {
        let n = self.all().rows as f64;
        n / (n - 1.0)
    }

    /// Share of `hits` among hits and misses.
    ///
    /// Unweighted: Wilson. Weighted: Wilson at the sample size at which a binomial
    /// would have the design variance of the ratio; where the share is 0 or 1, and
    /// that variance says nothing, at Kish's effective size.
    fn share(&self, outcomes: &PairedOutcomes, hits: Cell, misses: Cell) -> Figure {
        let within = hits.and(misses);
        let total = within.weight.value();
        if within.rows == 0 {
            return Err(NotIdentifiable::EmptyDenominator);
        }
        let share = hits.weight.value() / total;
        if !outcomes.is_weighted() {
            return Ok(wilson(share, total, Method::Wilson));
        }
        let size = if hits.rows == 0 || misses.rows == 0 {
            total * total / within.square.value()
        } else {
            // Rows contribute `w (y − share) / total`, which sum to zero.
            let squares = hits.square.value() * (1.0 - share) * (1.0 - share)
                + misses.square.value() * share * share;
            share * (1.0 - share) / (self.correction() * squares / (total * total))
        };
        Ok(wilson(share, size, Method::WilsonEffectiveSize))
    }

    /// # Formula
    ///
    /// `Σ w (TP − FP · t/(1−t)) / Σ w`; a flagged event contributes 1, another
    /// flagged row minus the odds of the threshold, the others nothing.
    fn net_benefit(&self, outcomes: &PairedOutcomes, threshold: f64) -> Figure {
        if self.all().rows < 2 || 1.0 <= threshold {
            return Err(NotIdentifiable::EmptyDenominator);
        }
        let odds = threshold / (1.0 - threshold);
        let (hits, alarms) = (self.true_positive, self.false_positive);
        let total = self.all().weight.value();
        let value = (hits.weight.value() - odds * alarms.weight.value()) / total;
        let squares = hits.square.value() * (1.0 - value) * (1.0 - value)
            + alarms.square.value() * (odds + value) * (odds + value)
            + self.not_flagged().square.value() * value * value;
        let se = (self.correction() * squares).sqrt() / total;
        Ok(Estimate::normal(value, se, linearised(outcomes)))
    }
}

#[derive(Clone, Copy)]
enum Flag {
    Flagged,
    Not,
}

/// Figures of flagging everybody with a prediction of at least `threshold`.
///
/// # Formula
///
/// Net benefit: `Σ w (TP − FP · t/(1−t)) / Σ w`, with the variance of the row contributions.
///
/// # Source
///
/// Vickers, Elkin, Med Decis Making 2006;26:565-574, "Net benefit"; variance:
/// Marsh, Janes, Pepe, Biometrics 2020;76:843-852.
///
/// # Example
///
/// ```
/// use preventiojyraa_core::calibration::{PairedOutcomes, at_threshold};
///
/// let p = vec![0.1, 0.2, 0.6, 0.9];
/// let outcomes = PairedOutcomes::new(p, vec![false, true, false, true], None)?;
/// let figures = at_threshold(&outcomes, 0.6);
/// assert_eq!(figures.ppv.map(|ppv| ppv.value), Ok(0.5));
/// assert_eq!(figures.sensitivity.map(|share| share.value), Ok(0.5));
/// # Ok::<(), preventiojyraa_core::calibration::OutcomesError>(())
/// ```
#[must_use]
pub fn at_threshold(outcomes: &PairedOutcomes, threshold: f64) -> ThresholdFigures {
    // Rows are sorted: the flagged are the last ones.
    let first = outcomes.predicted().partition_point(|p| *p < threshold);
    let table = Table::from_row(outcomes, first);
    let share = |hits, misses| table.share(outcomes, hits, misses);
    let ppv = share(table.true_positive, table.false_positive);
    ThresholdFigures {
        threshold,
        flagged: table.flagged().rows,
        flagged_share: share(table.flagged(), table.not_flagged()),
        npv: share(table.true_negative, table.false_negative),
        sensitivity: share(table.true_positive, table.false_negative),
        specificity: share(table.true_negative, table.false_positive),
        number_needed_to_screen: ppv.and_then(inverse),
        net_benefit: table.net_benefit(outcomes, threshold),
        net_benefit_treat_all: table.of_all().net_benefit(outcomes, threshold),
        ppv,
    }
}

fn inverse(ppv: Estimate) -> Figure {
    if ppv.value <= 0.0 {
        return Err(NotIdentifiable::NoEvents);
    }
    Ok(Estimate {
        value: 1.0 / ppv.value,
        lower: 1.0 / ppv.upper,
        // A lower limit of zero leaves the inverse unbounded.
        upper: 1.0 / ppv.lower,
        method: Method::InverseOfProportion,
    })
}

/// The decision curve at whole percents, in one pass over the rows.
///
/// It ends at the first percentage above the 99th percentile of the
/// predictions, where at most one in a hundred is flagged, and at most at 99 %.
#[must_use]
pub fn decision_curve(outcomes: &PairedOutcomes) -> Vec<DecisionPoint> {
    let high = outcomes.predicted()[(outcomes.n() - 1) * 99 / 100];
    let rows_below = |threshold: f64| outcomes.predicted().partition_point(|p| *p < threshold);
    let all = Table::from_row(outcomes, 0);
    let mut below = Table::default();
    let mut counted = 0;
    let mut curve = Vec::new();
    for percent in 1..100_u8 {
        let threshold = f64::from(percent) / 100.0;
        let first = rows_below(threshold);
        below.count(outcomes, counted..first, Flag::Not);
        counted = first;
        let table = below.with_flagged(&all);
        let both = (
            table.net_benefit(outcomes, threshold),
            all.net_benefit(outcomes, threshold),
        );
        if let (Ok(model), Ok(all)) = both {
            curve.push(DecisionPoint {
                threshold,
                net_benefit: model.value,
                lower: model.lower,
                upper: model.upper,
                treat_all: all.value,
            });
        }
        if high < threshold {
            break;
        }
    }
    curve
}
