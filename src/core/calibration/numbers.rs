//! Sums, quantiles and tails that keep their digits.

use statrs::function::gamma::checked_gamma_ur;

/// A sum that carries what rounding would lose.
///
/// A plain sum over ten million rows loses about four digits; this one does not.
///
/// # Source
///
/// Neumaier, ZAMM 1974;54:39-51, algorithm IV.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sum {
    total: f64,
    lost: f64,
}

impl Sum {
    pub(super) fn add(&mut self, term: f64) {
        let total = self.total + term;
        self.lost += if self.total.abs() < term.abs() {
            (term - total) + self.total
        } else {
            (self.total - total) + term
        };
        self.total = total;
    }

    pub(super) fn value(self) -> f64 {
        self.total + self.lost
    }
}

pub(super) fn sum(terms: impl Iterator<Item = f64>) -> f64 {
    let mut total = Sum::default();
    terms.for_each(|term| total.add(term));
    total.value()
}

/// `ln(1 + exp(x))`: minus the log likelihood of a non-event at log odds `x`.
pub(super) fn softplus(x: f64) -> f64 {
    x.max(0.0) + libm::log1p(libm::exp(-x.abs()))
}

/// Probability that a chi-squared variable with `df` degrees of freedom exceeds `x`.
pub(super) fn chi_squared_tail(x: f64, df: usize) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    checked_gamma_ur(df as f64 / 2.0, x / 2.0).unwrap_or(0.0)
}

/// A place between two neighbours of a sorted list, and how far between: R's type 7.
fn place(share: f64, n: usize) -> (usize, f64) {
    let at = share * (n - 1) as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and n − 1"
    )]
    let below = at.floor() as usize;
    (below, at - at.floor())
}

/// Quantile of sorted values.
///
/// Unweighted, it interpolates between neighbours (R's type 7). Weighted, it is
/// the smallest value at which the cumulative weight reaches the share, so
/// that splitting a row into two of half the weight changes nothing.
pub(super) fn quantile(sorted: &[f64], weights: Option<&[f64]>, share: f64) -> f64 {
    let Some(weights) = weights else {
        let (below, between) = place(share, sorted.len());
        let low = sorted[below];
        let high = sorted[(below + 1).min(sorted.len() - 1)];
        return low + between * (high - low);
    };
    let wanted = share * sum(weights.iter().copied()) * (1.0 - 1e-12);
    let mut reached = Sum::default();
    for (value, weight) in sorted.iter().zip(weights) {
        reached.add(*weight);
        if wanted <= reached.value() {
            return *value;
        }
    }
    sorted[sorted.len() - 1]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rulebook::{expit, log_odds};

    #[test]
    fn a_sum_keeps_what_a_plain_one_loses() {
        let terms = [1e16, 1.0, -1e16];
        assert!((sum(terms.into_iter()) - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn tails_and_links_equal_those_of_r() {
        // pchisq(3.841458820694124, 1, lower = FALSE); plogis(-3); log1p(exp(2))
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-14 * b.abs().max(1e-3), "{a} {b}");
        assert!((chi_squared_tail(3.841_458_820_694_124, 1) - 0.05).abs() < 1e-13);
        near(expit(-3.0), 0.047_425_873_177_566_78);
        near(softplus(2.0), 2.126_928_011_042_972_5);
        near(log_odds(expit(0.3)), 0.3);
    }

    #[test]
    fn quantiles_follow_type_7_and_the_cumulative_weight() {
        let values = [1.0, 2.0, 4.0, 8.0];
        assert!((quantile(&values, None, 0.5) - 3.0).abs() < 1e-15);
        assert!((quantile(&values, Some(&[1.0, 1.0, 1.0, 5.0]), 0.5) - 8.0).abs() < 1e-15);
    }
}
