//! What may be told: numbers of people to the ten below, and what follows from them alone.

use super::Expecting;
use super::tally::{Exact, Standing};

/// Numbers of people are told to the ten below.
pub const TENS: u64 = 10;

/// A number of people as it may be told: to the ten below, so 0 for 0 to 9.
#[must_use]
pub const fn told(n: u64) -> u64 {
    n - n % TENS
}

/// Limits between which a figure lies, whatever was cut off; both included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Between {
    /// The least.
    pub least: f64,
    /// The most.
    pub most: f64,
}

/// What one action level means in one stratum. Numbers of people are to the ten below.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    /// Residents whose decision the score decides, and whose lowest possible score reaches the level.
    pub flagged: u64,
    /// Residents whose decision the score decides, and whose score lies on either side of the level
    /// while something is not known.
    pub possible: u64,
    /// Residents for whom laboratory tests would be requested, those drawn by lot with them.
    pub laboratory: u64,
    /// Of these, drawn by lot from below the level.
    pub by_lot: u64,
    /// Residents who would be asked questions, or reminded of them.
    pub questionnaires: u64,
    /// Flagged residents among those whom the programme is about, 0 to 1; `None` where fewer than ten are.
    pub share: Option<Between>,
    /// Expected cases among those who certainly reach the level and for whom tests would be
    /// requested; `None` where nobody can say, or fewer than ten are tested.
    pub expected: Option<Between>,
    /// How many of these are tested for each case; `None` also where no case need be among them.
    pub needed_to_test: Option<Between>,
}

/// What may be told of one stratum.
#[derive(Debug, Clone, PartialEq)]
pub struct StratumTold {
    /// Residents whom the programme is about, to the ten below.
    pub residents: u64,
    /// At the level in force.
    pub in_force: Figures,
    /// At each of the levels looked at; empty where the programme is about fewer than ten.
    pub levels: Vec<Figures>,
}

impl Figures {
    pub(super) fn of(
        residents: u64,
        exact: &Exact,
        expecting: Option<(&Expecting, &Standing)>,
    ) -> Self {
        let expected = expecting.and_then(|(expecting, standing)| cases(expecting, standing));
        Self {
            flagged: told(exact.flagged),
            possible: told(exact.possible),
            laboratory: told(exact.laboratory),
            by_lot: told(exact.by_lot),
            questionnaires: told(exact.questionnaires),
            share: share(told(exact.flagged), told(residents)),
            expected: expected.map(|(cases, _)| cases),
            needed_to_test: expected.and_then(|(cases, tested)| needed(cases, tested)),
        }
    }
}

/// The most that a number can be which is told to the ten below.
const fn at_most(told: u64) -> u64 {
    told + TENS - 1
}

fn share(flagged: u64, residents: u64) -> Option<Between> {
    let ratio = |part: u64, whole: u64| (part as f64 / whole as f64).min(1.0);
    (0 < residents).then(|| Between {
        least: ratio(flagged, at_most(residents)),
        most: ratio(at_most(flagged), residents),
    })
}

/// Expected cases, and how many are tested, to the ten below.
///
/// # Formula
///
/// Over everybody tested, `Σ p = Σ over bins of (residents in the bin or above) × (rise of p in the bin)`:
/// with `p` at its least for the lowest possible scores, and at its most for the highest. The
/// residents are cut to the ten below for the least, and nine are added for the most.
fn cases(expecting: &Expecting, standing: &Standing) -> Option<(Between, u64)> {
    let tested = told(standing.by_low.iter().sum());
    if tested == 0 {
        return None;
    }
    // From the last bin to the first, as sums from above; products of 1e-9 stay within 64 bits for
    // all people on earth.
    let sum = |in_bins: &[u64], rises: Vec<u32>, cut: fn(u64) -> u64| {
        let mut above = 0;
        let bins = in_bins.iter().zip(rises).rev();
        let cases = bins.map(|(n, rise)| {
            above += n;
            cut(above) * u64::from(rise)
        });
        cases.sum::<u64>() as f64 / 1e9
    };
    let most = |n| at_most(told(n));
    let expected = Between {
        least: sum(&standing.by_low, expecting.rises_least().collect(), told),
        most: sum(&standing.by_high, expecting.rises_most().collect(), most),
    };
    Some((expected, tested))
}

fn needed(cases: Between, tested: u64) -> Option<Between> {
    (0.0 < cases.least).then(|| Between {
        least: (tested as f64 / cases.most).max(1.0),
        most: at_most(tested) as f64 / cases.least,
    })
}
