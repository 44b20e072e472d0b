//! Limits of a weighted sum of counts, and of the share that one of two such sums is: good for few.

use statrs::function::gamma::checked_gamma_ur;

use super::estimate::{Estimate, Figure, Method, NotIdentifiable};

/// The tail on each side of an interval of 95 %.
const TAIL: f64 = 0.025;
/// Halvings of a quantile's bracket: beyond double precision.
const HALVINGS: usize = 200;

/// A sum of weights of people with an event, as a sum of Poisson counts.
///
/// `largest` is the greatest weight that anybody could have brought in, event or not: one
/// more event of that weight is what the upper limit reckons with, so that it says something
/// where nobody has the event.
///
/// # Formula
///
/// With `y = Σ w` and `v = Σ w²` over the events and `W` the largest weight: lower
/// `v/2y · χ²(α/2; 2y²/v)`, upper `(v + W²)/2(y + W) · χ²(1 − α/2; 2(y + W)²/(v + W²))`.
///
/// # Source
///
/// Fay, Feuer, Stat Med 1997;16:791-801.
///
/// # Example
///
/// ```
/// use preventiojyraa_core::calibration::weighted_count;
///
/// // Nobody among the tested, each of whom stands for ten: up to 36.9 are compatible with it.
/// let none = weighted_count(&[], 10.0);
/// assert!((none.upper - 36.888_794_541_139_36).abs() < 1e-9);
/// ```
#[must_use]
pub fn weighted_count(weights: &[f64], largest: f64) -> Estimate {
    let total: f64 = weights.iter().sum();
    let squares: f64 = weights.iter().map(|weight| weight * weight).sum();
    let lower = if total <= 0.0 {
        0.0
    } else {
        squares / total * gamma_quantile(total * total / squares, TAIL)
    };
    let (total_and_one, squares_and_one) = (total + largest, squares + largest * largest);
    let upper = if total_and_one <= 0.0 {
        0.0
    } else {
        let shape = total_and_one * total_and_one / squares_and_one;
        squares_and_one / total_and_one * gamma_quantile(shape, 1.0 - TAIL)
    };
    Estimate {
        value: total,
        lower,
        upper,
        method: Method::WeightedPoisson,
    }
}

/// Below which value a gamma variable of a shape and scale 1 lies with a probability.
fn gamma_quantile(shape: f64, probability: f64) -> f64 {
    let is_above = |x: f64| checked_gamma_ur(shape, x).is_ok_and(|tail| 1.0 - probability < tail);
    let mut low = 0.0;
    let mut high = shape + 1.0;
    while is_above(high) {
        high *= 2.0;
    }
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if is_above(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// Both of two sums of counts that do not depend on each other.
///
/// # Source
///
/// Zou, Donner, Stat Med 2008;27:1693-1702, the limits of a sum.
#[must_use]
pub fn count_of_both(one: Estimate, other: Estimate) -> Estimate {
    let value = one.value + other.value;
    let below = libm::hypot(one.value - one.lower, other.value - other.lower);
    let above = libm::hypot(one.upper - one.value, other.upper - other.value);
    Estimate {
        value,
        lower: value - below,
        upper: value + above,
        method: Method::WeightedPoisson,
    }
}

/// Share of the found among found and missed, from the limits of both.
///
/// # Formula
///
/// `1 / (1 + r)`, with the limits of the ratio `r = missed / found` from those of the two.
///
/// # Source
///
/// Donner, Zou, Stat Methods Med Res 2012;21:347-359, the limits of a ratio.
///
/// # Errors
///
/// [`NotIdentifiable::NoEvents`] when nobody was found.
pub fn share_found(found: Estimate, missed: Estimate) -> Figure {
    if found.lower <= 0.0 {
        return Err(NotIdentifiable::NoEvents);
    }
    let product = found.value * missed.value;
    let root = |of_missed: f64, of_found: f64| {
        let less = of_missed * (2.0 * missed.value - of_missed) * of_found;
        (product * product - less).max(0.0).sqrt()
    };
    let against = |limit: f64| limit * (2.0 * found.value - limit);
    let (high, low) = (against(found.upper), against(found.lower));
    // Found counts so few that their upper limit is beyond twice the count bound nothing below.
    let least = if 0.0 < high {
        ((product - root(missed.lower, high)) / high).max(0.0)
    } else {
        0.0
    };
    let most = (product + root(missed.upper, low)) / low;
    Ok(Estimate {
        value: found.value / (found.value + missed.value),
        lower: 1.0 / (1.0 + most),
        upper: 1.0 / (1.0 + least),
        method: Method::RatioOfCounts,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `Rscript tests/interop/reference_weighted_count.R` prints (R 4.2.2).
    const R: [f64; 8] = [
        0.618_672_122_895_601,
        8.767_273_069_742_32,
        9.557_639_646_242_33,
        290.502_465_059_977,
        0.506_356_159_685_798,
        125.944_567_303_079,
        0.326_582_247_686_003,
        0.937_173_115_901_425,
    ];

    #[track_caller]
    fn near(ours: f64, theirs: f64) {
        assert!((ours - theirs).abs() < 1e-9 * theirs, "{ours} {theirs}");
    }

    #[test]
    fn limits_equal_those_of_r() {
        for (weights, largest, lower, upper) in [
            (&[1.0, 1.0, 1.0][..], 1.0, R[0], R[1]),
            (&[6.5, 12.0, 48.0, 6.5], 48.0, R[2], R[3]),
            (&[20.0], 25.0, R[4], R[5]),
        ] {
            let ours = weighted_count(weights, largest);
            near(ours.lower, lower);
            near(ours.upper, upper);
        }
        let one = |weight: f64, n: usize| weighted_count(&vec![weight; n], weight);
        let share = share_found(one(1.2, 90), one(30.0, 2)).expect("many were found");
        near(share.value, 108.0 / 168.0);
        near(share.lower, R[6]);
        near(share.upper, R[7]);
    }

    #[test]
    fn nobody_missed_leaves_a_lower_limit_and_nobody_found_nothing() {
        let (some, none) = (weighted_count(&[1.0; 50], 1.0), weighted_count(&[], 20.0));
        let share = share_found(some, none).expect("fifty were found");
        assert!(share.lower < 0.5 && 1.0 <= share.upper, "{share:?}");
        assert_eq!(share_found(none, some), Err(NotIdentifiable::NoEvents));
    }
}
