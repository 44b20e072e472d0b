//! Are answers spread over their levels as they were?

use super::estimate::NotIdentifiable;
use super::limits::ENOUGH_FOR_FIGURES;
use super::numbers::chi_squared_tail;

/// How far two spreads over the same levels are apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stability {
    /// Population stability index: 0 when both are alike.
    pub index: f64,
    /// Probability of as large an index were both drawn from one population.
    pub p_value: f64,
}

/// Holds two spreads over levels against each other; each row is a level: how many then, and now.
///
/// # Formula
///
/// `PSI = Σ (q − p) ln(q / p)` with the shares of each level, half a person being added to each so that
/// a level which nobody has stays finite. Were both samples of one population, `PSI / (1/n + 1/m)` would
/// be chi-squared with one degree of freedom less than there are levels. When the same people are in
/// both, as on a register, it is smaller: then the probability is too high, and less is told.
///
/// # Errors
///
/// [`NotIdentifiable::TooFewPeople`] with fewer than a hundred then or now.
///
/// # Source
///
/// Yurdakul, Naranjo, J Risk Model Valid 2020;14(4):89-100.
///
/// # Example
///
/// ```
/// use preventiojyraa_core::calibration::stability;
///
/// let alike = stability(&[[500, 500], [500, 500]]);
/// assert!(alike.is_ok_and(|known| known.index < 1e-12));
/// let other = stability(&[[900, 500], [100, 500]]);
/// assert!(other.is_ok_and(|known| 0.8 < known.index && known.p_value < 1e-6));
/// ```
pub fn stability(levels: &[[u64; 2]]) -> Result<Stability, NotIdentifiable> {
    let total = |at: usize| levels.iter().map(|level| level[at]).sum::<u64>();
    let (then, now) = (total(0), total(1));
    let fewest = usize::try_from(then.min(now)).unwrap_or(usize::MAX);
    if fewest < ENOUGH_FOR_FIGURES {
        return Err(NotIdentifiable::TooFewPeople {
            found: fewest,
            needed: ENOUGH_FOR_FIGURES,
        });
    }
    // A level that nobody has ever had is none.
    let held = levels.iter().filter(|level| 0 < level[0] + level[1]);
    let n_levels = held.clone().count();
    let share = |n: u64, of: u64| (n as f64 + 0.5) / (of as f64 + 0.5 * n_levels as f64);
    let index = held.map(|level| {
        let (p, q) = (share(level[0], then), share(level[1], now));
        (q - p) * libm::log(q / p)
    });
    let index = index.sum::<f64>().max(0.0);
    let by_chance = 1.0 / then as f64 + 1.0 / now as f64;
    Ok(Stability {
        index,
        p_value: match n_levels.saturating_sub(1) {
            0 => 1.0,
            degrees => chi_squared_tail(index / by_chance, degrees),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_is_as_by_hand() {
        // Shares 0.6 and 0.4 become 0.5 and 0.5, but for half a person of a thousand and one.
        let found = stability(&[[600, 500], [400, 500]]).expect("enough people");
        let (p, q): (f64, f64) = (600.5 / 1001.0, 0.5);
        let expected = (q - p) * (q / p).ln() + (p - q) * ((1.0 - q) / (1.0 - p)).ln();
        assert!((found.index - expected).abs() < 1e-12, "{found:?}");
        // Chi-squared with one degree of freedom above 3.84 happens by chance in 5 %.
        let just = stability(&[[5_000, 5_138], [5_000, 4_862]]).expect("enough people");
        assert!((just.p_value - 0.05).abs() < 0.003, "{just:?}");
    }

    #[test]
    fn a_level_that_is_new_or_that_nobody_has_is_finite() {
        let new = stability(&[[200, 100], [0, 100]]).expect("enough people");
        assert!(new.index.is_finite() && 1.0 < new.index);
        let never = stability(&[[200, 200], [0, 0]]).expect("enough people");
        assert!(never.index < 1e-12 && (never.p_value - 1.0).abs() < 1e-12);
    }

    #[test]
    fn of_fewer_than_a_hundred_nothing_is_said() {
        let few = NotIdentifiable::TooFewPeople {
            found: 99,
            needed: 100,
        };
        assert_eq!(stability(&[[99, 200], [0, 200]]), Err(few));
        assert!(stability(&[[100, 200], [0, 200]]).is_ok());
    }
}
