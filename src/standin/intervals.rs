//! Proportions and areas under the curve with 95 % intervals.
//!
//! # Source
//!
//! Wilson, "Probable inference, the law of succession, and statistical inference", J Am Stat Assoc 1927;22:209–212;
//! `DeLong`, `DeLong` & Clarke-Pearson, "Comparing the areas under two or more correlated receiver operating characteristic
//! curves", Biometrics 1988;44:837–845.

use statrs::distribution::{ContinuousCDF, Normal};

use super::numbers::real;

/// A value with its 95 % interval and the number of people it rests on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Estimate {
    /// `None` when nobody could be counted.
    pub(super) value: Option<f64>,
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) people: u64,
}

/// The two-sided 95 % quantile of the standard normal distribution.
fn quantile() -> f64 {
    Normal::standard().inverse_cdf(0.975)
}

/// A proportion with Wilson's interval.
pub(super) fn proportion(yes: u64, of: u64) -> Estimate {
    if of == 0 {
        return Estimate {
            value: None,
            low: 0.0,
            high: 1.0,
            people: 0,
        };
    }
    let (n, z) = (real(of), quantile());
    let p = real(yes) / n;
    let centre = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z * libm::sqrt(p * (1.0 - p) / n + z * z / (4.0 * n * n)) / (1.0 + z * z / n);
    Estimate {
        value: Some(p),
        low: (centre - half).max(0.0),
        high: (centre + half).min(1.0),
        people: of,
    }
}

/// The area under the curve of a whole-number score, ties counted half, with `DeLong`'s interval.
///
/// Both slices count people by score.
pub(super) fn area_under_curve(with: &[u64], without: &[u64]) -> Estimate {
    let (n_with, n_without) = (with.iter().sum::<u64>(), without.iter().sum::<u64>());
    let people = n_with + n_without;
    if n_with < 2 || n_without < 2 {
        return Estimate {
            value: None,
            low: 0.0,
            high: 1.0,
            people,
        };
    }
    let above_others = placements(without);
    let below_others: Vec<f64> = placements(with).iter().map(|share| 1.0 - share).collect();
    let (area, variance_with) = mean_and_variance(with, &above_others);
    let (_, variance_without) = mean_and_variance(without, &below_others);
    let error = libm::sqrt(variance_with / real(n_with) + variance_without / real(n_without));
    let half = quantile() * error;
    Estimate {
        value: Some(area),
        low: (area - half).max(0.0),
        high: (area + half).min(1.0),
        people,
    }
}

/// For each score, the share of these people below it, plus half of those at it.
fn placements(counts: &[u64]) -> Vec<f64> {
    let total = real(counts.iter().sum());
    let mut below = 0;
    counts
        .iter()
        .map(|count| {
            let share = (real(below) + real(*count) / 2.0) / total;
            below += count;
            share
        })
        .collect()
}

fn mean_and_variance(counts: &[u64], values: &[f64]) -> (f64, f64) {
    let total = real(counts.iter().sum());
    let mean = counts
        .iter()
        .zip(values)
        .map(|(n, value)| real(*n) * value)
        .sum::<f64>()
        / total;
    let squares = counts
        .iter()
        .zip(values)
        .map(|(n, value)| real(*n) * (value - mean) * (value - mean));
    (mean, squares.sum::<f64>() / (total - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_interval_of_ten_in_a_hundred() {
        // Computed by hand from the formula with z = 1.959964.
        let estimate = proportion(10, 100);
        assert!((estimate.low - 0.055_229).abs() < 1e-5, "{estimate:?}");
        assert!((estimate.high - 0.174_365).abs() < 1e-5, "{estimate:?}");
    }

    #[test]
    fn area_is_the_share_of_pairs_in_the_right_order() {
        // With the condition: scores 1, 2, 2; without: 0, 1, 2. Pairs won: 1 > 0, 2 > 0, 2 > 1 (twice each for the two
        // twos) = 5; ties: 1 = 1, 2 = 2 (twice) = 3 halves. (5 + 1.5) / 9.
        let estimate = area_under_curve(&[0, 1, 2], &[1, 1, 1]);
        assert!((estimate.value.expect("enough people") - 6.5 / 9.0).abs() < 1e-12);
    }

    #[test]
    fn a_score_that_says_nothing_has_an_area_of_one_half() {
        let estimate = area_under_curve(&[10, 10], &[50, 50]);
        assert!((estimate.value.expect("enough people") - 0.5).abs() < 1e-12);
        assert!(estimate.low < 0.5 && 0.5 < estimate.high);
    }

    #[test]
    fn nobody_counted_gives_no_value() {
        assert_eq!(proportion(0, 0).value, None);
        assert_eq!(area_under_curve(&[0, 0], &[3, 3]).value, None);
    }
}
