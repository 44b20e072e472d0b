//! Simulated programmes over years: how often is a change told that there was not, and how soon is one
//! told that there was?
//!
//! Each month some residents are verified; scores are those of the other simulations. In a stable
//! programme log odds are a straight line of the score that is not the calibration's: it is wrong, always
//! in the same way, and the people who come change all the while. In others, log odds move after three
//! years, at once or little by little. Delays are in months of index dates: what happens to these is
//! known a horizon later.

use preventiojyraa_core::calibration::{TimedOutcome, WatchedOverTime, watch_over_time};
use preventiojyraa_core::rulebook::Line;

use super::learning::{Truth, draw_score, scores, unit};
use super::say;
use crate::support::shipped::rulebook;
use crate::support::site::Dice;

const YEARS: i32 = 8;
/// Months before anything changes.
const STEADY: i32 = 36;
/// Verified decisions a month.
const A_MONTH: usize = 60;
const LINE: Truth = Truth(Line {
    intercept: -4.2,
    slope: 0.16,
});

/// What happens to log odds after [`STEADY`] months.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Moves {
    /// Nothing.
    Never,
    /// They move by so much at once.
    AtOnce(f64),
    /// They move by so much each year.
    EachYear(f64),
}

impl Moves {
    fn by(self, month: i32) -> f64 {
        let since = f64::from((month - STEADY).max(0));
        match self {
            Self::Never => 0.0,
            Self::AtOnce(much) if STEADY <= month => much,
            Self::AtOnce(_) => 0.0,
            Self::EachYear(much) => much * since / 12.0,
        }
    }
}

/// A programme's verified decisions; whoever looks has no eye for what is between the months.
fn programme(seed: u64, moves: Moves) -> Vec<TimedOutcome> {
    let mut dice = Dice::new(seed);
    let scores = scores();
    let calibration = &rulebook().calibration;
    let mut rows = Vec::new();
    for month in 0..YEARS * 12 {
        // From the fifth year on, people below the level are drawn too.
        let lowest = if month < 48 {
            rulebook().pathway.lowest_level()
        } else {
            6
        };
        let mut n = 0;
        while n < A_MONTH {
            let score = draw_score(&mut dice, &scores);
            if score < lowest {
                continue;
            }
            n += 1;
            let p = LINE.at(score);
            let log_odds = (p / (1.0 - p)).ln() + moves.by(month);
            let p = 1.0 / (1.0 + (-log_odds).exp());
            rows.push(TimedOutcome {
                period: month,
                predicted: f64::from(calibration.at(score)) / 1e9,
                occurred: unit(&mut dice) < p,
            });
        }
    }
    rows
}

fn n_programmes() -> u64 {
    let wanted = std::env::var("PREVENTIO_PROGRAMMES").ok();
    wanted.map_or(60, |n| n.parse().expect("a number of programmes"))
}

fn watched(moves: Moves) -> Vec<WatchedOverTime> {
    let n = n_programmes();
    std::thread::scope(|scope| {
        let of = |seeds: std::ops::Range<u64>| {
            let watch = move |seed| watch_over_time(&programme(seed, moves));
            scope.spawn(move || seeds.map(watch).collect::<Vec<_>>())
        };
        let threads = [of(0..n / 2), of(n / 2..n)];
        let joined = threads.map(|thread| thread.join().expect("no seed panics"));
        joined.concat()
    })
}

/// Median of months from the change to the decisions that made it known, and the share in which it was
/// told at all; a change is told when something is seen after it.
fn told(moves: Moves) -> (i32, f64) {
    let found = watched(moves);
    let mut delays: Vec<i32> = found
        .iter()
        .map(|one| {
            let seen = one.changes.iter().find(|change| STEADY <= change.seen);
            seen.map_or(i32::MAX, |change| change.seen - STEADY + 1)
        })
        .collect();
    delays.sort_unstable();
    let ever = delays.iter().filter(|delay| **delay < i32::MAX).count();
    let share = ever as f64 / found.len() as f64;
    say(&format!(
        "drift: {moves:?}: told in {share:.3} of {} programmes, median after {} months, nine in ten after {}",
        found.len(),
        delays[delays.len() / 2],
        delays[delays.len() * 9 / 10]
    ));
    (delays[delays.len() / 2], share)
}

#[test]
fn a_programme_that_stays_as_it_is_is_told_to_have_changed_once_in_decades() {
    let found = watched(Moves::Never);
    let n: usize = found.iter().map(|one| one.changes.len()).sum();
    let years = found.len() as f64 * f64::from(YEARS);
    let a_year = n as f64 / years;
    say(&format!(
        "drift: {n} false alarms in {years} years: {a_year:.4} a year"
    ));
    assert!(a_year < 0.04, "{a_year}");
    // Were nothing ever told, the next test would fail; were nothing ever told here, the limit would be idle.
    assert!(found.iter().all(|one| one.alike_since.is_some()));
}

#[test]
fn a_planted_change_is_told_soon_and_a_large_one_sooner() {
    let (doubled, of_doubled) = told(Moves::AtOnce(0.7));
    let (halved, of_halved) = told(Moves::AtOnce(-0.7));
    let (half_more, of_half_more) = told(Moves::AtOnce(0.4));
    let (creeping, of_creeping) = told(Moves::EachYear(-0.3));
    assert!(0.95 < of_doubled && doubled <= 9, "{doubled}");
    assert!(0.95 < of_halved && halved <= 18, "{halved}");
    assert!(0.85 < of_half_more && half_more <= 30, "{half_more}");
    assert!(0.85 < of_creeping && creeping <= 42, "{creeping}");
    assert!(doubled < half_more);
}
