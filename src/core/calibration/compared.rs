//! Two predictions of the same people: which did better, and is one as right here as there?

use super::estimate::{Estimate, Method};
use super::limits::Z;
use super::numbers::{chi_squared_tail, sum};
use super::outcomes::{OutcomesError, check_predictions, check_weights, same_length};

/// An older and a newer prediction of the same people, and what happened.
///
/// Guaranteed: columns of one length, at least one row, predictions in `0.0..=1.0`. Rows are kept
/// sorted, so that figures are the same bit for bit whatever the order in which rows came. Every
/// difference is the newer prediction's figure minus the older one's, row by row: what is hard to
/// predict is so for both, and does not count.
#[derive(Debug, Clone)]
pub struct Compared {
    rows: Vec<Row>,
    is_weighted: bool,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    old: f64,
    new: f64,
    occurred: bool,
    weight: f64,
}

impl Compared {
    /// Checks and sorts the rows; all columns describe the same people in the same order.
    ///
    /// # Errors
    ///
    /// Unequal lengths, no rows, a prediction outside 0..1 or a weight that is not above zero.
    pub fn new(
        (old, new): (Vec<f64>, Vec<f64>),
        occurred: Vec<bool>,
        weights: Option<Vec<f64>>,
    ) -> Result<Self, OutcomesError> {
        check_predictions(&old)?;
        check_predictions(&new)?;
        same_length(&old, new.len(), "newer predictions")?;
        same_length(&old, occurred.len(), "outcomes")?;
        let is_weighted = weights.is_some();
        let weights = weights.unwrap_or_else(|| vec![1.0; old.len()]);
        same_length(&old, weights.len(), "weights")?;
        check_weights(&weights)?;
        if old.is_empty() {
            return Err(OutcomesError::Empty);
        }
        let columns = old.into_iter().zip(new).zip(occurred).zip(weights);
        let mut rows: Vec<Row> = columns
            .map(|(((old, new), occurred), weight)| Row {
                old,
                new,
                occurred,
                weight,
            })
            .collect();
        rows.sort_unstable_by(|a, b| {
            let by_prediction = a.old.total_cmp(&b.old).then(a.new.total_cmp(&b.new));
            let by_outcome = by_prediction.then(a.occurred.cmp(&b.occurred));
            by_outcome.then(a.weight.total_cmp(&b.weight))
        });
        Ok(Self { rows, is_weighted })
    }

    /// Difference of the mean logarithmic score, in natural logarithms; above 0, the newer is better.
    ///
    /// # Formula
    ///
    /// Mean of `ln q_new − ln q_old` with `q = p` where it happened and `1 − p` elsewhere. Infinite
    /// where a prediction of exactly 0 or 1 was wrong.
    ///
    /// # Source
    ///
    /// Good, J R Stat Soc B 1952;14:107-114, section 8.
    #[must_use]
    pub fn log_score(&self) -> Estimate {
        self.mean(|row| {
            let score = |p: f64| libm::log(if row.occurred { p } else { 1.0 - p });
            score(row.new) - score(row.old)
        })
    }

    /// Difference of the Brier score; below 0, the newer is better.
    #[must_use]
    pub fn brier(&self) -> Estimate {
        self.mean(|row| {
            let y = f64::from(u8::from(row.occurred));
            (row.new - y) * (row.new - y) - (row.old - y) * (row.old - y)
        })
    }

    /// Difference of the net benefit of flagging whom each prediction puts at or above a threshold;
    /// above 0, the newer is better. The threshold lies below 1.
    ///
    /// # Formula
    ///
    /// As [`super::at_threshold`], row by row.
    #[must_use]
    pub fn net_benefit(&self, threshold: f64) -> Estimate {
        let odds = threshold / (1.0 - threshold);
        self.mean(|row| {
            let gain = |p: f64| match (threshold <= p, row.occurred) {
                (false, _) => 0.0,
                (true, true) => 1.0,
                (true, false) => -odds,
            };
            gain(row.new) - gain(row.old)
        })
    }

    /// By how much the mean prediction was multiplied.
    #[must_use]
    pub fn mean_ratio(&self) -> f64 {
        let total = |of: fn(&Row) -> f64| sum(self.rows.iter().map(|row| row.weight * of(row)));
        total(|row| row.new) / total(|row| row.old)
    }

    /// # Formula
    ///
    /// `m = Σ w d / Σ w`, `se² = n/(n−1) Σ w² (d − m)² / (Σ w)²`. One row alone has an infinite one.
    fn mean(&self, of: impl Fn(&Row) -> f64) -> Estimate {
        let rows = self.rows.iter();
        let total = sum(rows.clone().map(|row| row.weight));
        let value = sum(rows.clone().map(|row| row.weight * of(row))) / total;
        let squares = sum(rows.map(|row| {
            let off = row.weight * (of(row) - value);
            off * off
        }));
        let n = self.rows.len() as f64;
        let se = if n < 2.0 {
            f64::INFINITY
        } else {
            (n / (n - 1.0) * squares).sqrt() / total
        };
        let method = if self.is_weighted {
            Method::DesignLinearised
        } else {
            Method::Linearised
        };
        Estimate::normal(value, se, method)
    }
}

/// Whether figures of several groups could be one and the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Homogeneity {
    /// Cochran's Q.
    pub statistic: f64,
    /// Groups less one.
    pub degrees: usize,
    /// Probability of as large a statistic if the groups are alike.
    pub p_value: f64,
}

/// Holds figures with normal limits of 95 % against their common mean; nothing for fewer than two.
///
/// # Formula
///
/// `Q = Σ (x − x̄)² / v` with `x̄` weighted by `1 / v`; chi-squared with one degree of freedom less
/// than there are figures.
///
/// # Source
///
/// Cochran, Biometrics 1954;10:101-129.
#[must_use]
pub fn homogeneity(figures: &[Estimate]) -> Option<Homogeneity> {
    let degrees = figures.len().checked_sub(1).filter(|n| 0 < *n)?;
    let precision = |figure: &Estimate| {
        let se = (figure.upper - figure.lower) / (2.0 * Z);
        1.0 / (se * se)
    };
    let total = sum(figures.iter().map(precision));
    let mean = sum(figures.iter().map(|f| precision(f) * f.value)) / total;
    let statistic = sum(figures.iter().map(|figure| {
        let off = figure.value - mean;
        precision(figure) * off * off
    }));
    Some(Homogeneity {
        statistic,
        degrees,
        p_value: chi_squared_tail(statistic, degrees),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
    }

    fn four() -> Compared {
        let old = vec![0.1, 0.2, 0.3, 0.4];
        let new = vec![0.2, 0.1, 0.6, 0.4];
        Compared::new((old, new), vec![false, false, true, true], None).expect("sound rows")
    }

    /// By hand: ln(0.8/0.9), ln(0.9/0.8), ln(0.6/0.3) and 0 are the differences of the four people.
    #[test]
    fn differences_are_those_of_the_people_worked_out_by_hand() {
        let found = four().log_score();
        near(found.value, 2.0_f64.ln() / 4.0);
        let d = [
            (0.8_f64 / 0.9).ln(),
            (0.9_f64 / 0.8).ln(),
            2.0_f64.ln(),
            0.0,
        ];
        let squares: f64 = d.iter().map(|d| (d - found.value).powi(2)).sum();
        near(
            (found.upper - found.value) / Z,
            (squares / 3.0 / 4.0).sqrt(),
        );
        near(
            four().brier().value,
            (0.04 - 0.01 + 0.01 - 0.04 + 0.16 - 0.49) / 4.0,
        );
        // At one half the newer flags the third, who has it: a quarter of the people more.
        near(four().net_benefit(0.5).value, 0.25);
        // At 0.15 the newer flags the first in the place of the second; neither has it.
        near(four().net_benefit(0.15).value, 0.0);
        near(four().mean_ratio(), 1.3);
    }

    /// By hand, with precisions of 25, 100/9 and 100; two degrees of freedom have a tail of `exp(−Q/2)`.
    #[test]
    fn homogeneity_is_cochrans() {
        let figure =
            |value: f64, variance: f64| Estimate::normal(value, variance.sqrt(), Method::Wald);
        let figures = [figure(0.1, 0.04), figure(0.5, 0.09), figure(-0.2, 0.01)];
        let found = homogeneity(&figures).expect("three of them");
        near(found.statistic, 5.979_591_836_734_693);
        assert!((found.p_value - (-found.statistic / 2.0).exp()).abs() < 1e-12);
        assert_eq!(homogeneity(&figures[..1]), None);
    }
}
