//! Drift: is the calibration in force as right now as it was, and do items say what they said?

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::cases::Case;
use super::gates::{blocks, named, quarter};
use crate::calibration::{
    Figure, NotIdentifiable, PairedOutcomes, TimedOutcome, observed_to_expected, stability,
    watch_over_time,
};
use crate::risk::{Assessment, Basis};
use crate::rulebook::{Amount, Calibration, Score};

/// A stretch of quarters.
#[derive(Debug, Clone, PartialEq)]
pub struct Stretch {
    /// `2026 Q1`, or `2026 Q1 to 2026 Q3` where one is too few.
    pub name: String,
    /// Verified decisions of these days.
    pub verified: usize,
    /// Of them so many were confirmed.
    pub confirmed: usize,
    /// So many were to be expected.
    pub expected: f64,
    /// Observed over expected.
    pub o_e: Figure,
}

/// The calibration has changed.
#[derive(Debug, Clone, PartialEq)]
pub struct DriftChange {
    /// The first day of decisions since which it is another.
    pub since: Date,
    /// The first day of the month whose decisions made it known, once their horizon was over.
    pub seen: Date,
    /// In standard errors; above zero, more are confirmed than before.
    pub statistic: f64,
    /// O:E before.
    pub before: Figure,
    /// O:E from then on, as far as it was known.
    pub after: Figure,
}

/// A calibration over time.
#[derive(Debug, Clone, PartialEq)]
pub struct CalibrationDrift {
    /// Verified decisions of first rounds.
    pub verified: usize,
    /// Of them so many were confirmed.
    pub confirmed: usize,
    /// Quarters, oldest first, with ten confirmed and ten others in each.
    pub stretches: Vec<Stretch>,
    /// Changes, in the order in which they could be seen.
    pub changes: Vec<DriftChange>,
    /// The first day of decisions since which nothing differs; nothing where none is verified.
    pub alike_since: Option<Date>,
}

impl CalibrationDrift {
    /// The newest change that the calibration in force has seen nothing of: it was fitted on decisions
    /// until a day before the change, or not by this programme's outcomes at all.
    #[must_use]
    pub fn unanswered(&self, fitted_until: Option<Date>) -> Option<&DriftChange> {
        let newest = self.changes.last();
        newest.filter(|change| fitted_until.is_none_or(|until| until < change.since))
    }
}

/// Follows a calibration through the months of its decisions.
///
/// Everybody whose outcome is verified counts once, flagged or drawn: whom they stand for does not
/// matter for whether a probability is as right as it was. Repeat rounds are left out.
#[must_use]
pub fn calibration_drift(calibration: &Calibration, cases: &[(Case, Date)]) -> CalibrationDrift {
    let verified: Vec<Verified> = cases
        .iter()
        .filter(|(case, _)| case.is_verified())
        .filter_map(|(case, on)| {
            Some(Verified {
                on: *on,
                predicted: case.predicted(calibration)?,
                occurred: case.outcome.verified()?,
            })
        })
        .collect();
    let timed: Vec<TimedOutcome> = verified
        .iter()
        .map(|one| TimedOutcome {
            period: month(one.on),
            predicted: one.predicted,
            occurred: one.occurred,
        })
        .collect();
    let watched = watch_over_time(&timed);
    let changes = watched.changes.iter();
    CalibrationDrift {
        verified: verified.len(),
        confirmed: verified.iter().filter(|one| one.occurred).count(),
        stretches: stretches(&verified),
        changes: changes
            .map(|change| DriftChange {
                since: first_day(change.since),
                seen: first_day(change.seen),
                statistic: change.statistic,
                before: change.before,
                after: change.after,
            })
            .collect(),
        alike_since: watched.alike_since.map(first_day),
    }
}

/// A decision whose outcome is verified.
struct Verified {
    on: Date,
    predicted: f64,
    occurred: bool,
}

/// The month of a day, counted on from year 0.
fn month(on: Date) -> i32 {
    i32::from(on.year()) * 12 + i32::from(on.month()) - 1
}

fn first_day(month: i32) -> Date {
    let part = |n: i32| i16::try_from(n).unwrap_or_default();
    let of_year = i8::try_from(month.rem_euclid(12) + 1).unwrap_or(1);
    Date::new(part(month.div_euclid(12)), of_year, 1).unwrap_or_default()
}

fn stretches(verified: &[Verified]) -> Vec<Stretch> {
    let of = |one: &Verified| (quarter(one.on), one.occurred);
    let rows: Vec<(i32, bool)> = verified.iter().map(of).collect();
    let blocks = blocks(&rows).into_iter();
    blocks
        .map(|(from, to)| {
            let here = verified.iter();
            let here = here.filter(|one| (from..=to).contains(&quarter(one.on)));
            let here: Vec<&Verified> = here.collect();
            Stretch {
                name: named(from, to),
                verified: here.len(),
                confirmed: here.iter().filter(|one| one.occurred).count(),
                expected: here.iter().map(|one| one.predicted).sum(),
                o_e: o_e(&here),
            }
        })
        .collect()
}

fn o_e(here: &[&Verified]) -> Figure {
    let predicted = here.iter().map(|one| one.predicted).collect();
    let occurred = here.iter().map(|one| one.occurred).collect();
    let rows = PairedOutcomes::new(predicted, occurred, None);
    observed_to_expected(&rows.map_err(|_| NotIdentifiable::NoEvents)?)
}

/// What is known of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum InputLevel {
    /// Nothing.
    Missing,
    /// Not enough to say what it adds: from, to.
    Open(Amount, Amount),
    /// What it adds to the sum.
    Adds(Amount),
    /// The score itself, where it is known to the point.
    Scores(Score),
    /// The score, where it is a range.
    Ranges,
}

/// How many are on each level, then and now.
pub type InputLevels = BTreeMap<InputLevel, [u64; 2]>;

/// The level of each item of an assessment, in the order of the form, and that of the score.
#[must_use]
pub fn input_levels(assessment: &Assessment) -> Vec<InputLevel> {
    let items = assessment.items().iter();
    let levels = items.map(|item| match &item.basis {
        None => InputLevel::Missing,
        Some(
            Basis::Age(..)
            | Basis::Sex(_)
            | Basis::Measured(_)
            | Basis::MassOverHeightSquared { .. }
            | Basis::Shown { .. },
        ) if item.adds.is_certain() => InputLevel::Adds(item.adds.low()),
        Some(_) => InputLevel::Open(item.adds.low(), item.adds.high()),
    });
    let (low, high) = (assessment.low(), assessment.high());
    let score = match low == high {
        true => InputLevel::Scores(low),
        // Ranges are too many to be levels: that it is one is what counts.
        false => InputLevel::Ranges,
    };
    levels.chain([score]).collect()
}

/// What became of an item between two days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputVerdict {
    /// It says what it said.
    Alike,
    /// It has moved somewhat.
    Moved,
    /// It has changed much.
    Changed,
}

impl InputVerdict {
    /// The name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Alike => "alike",
            Self::Moved => "moved",
            Self::Changed => "changed",
        }
    }
}

/// From which population stability index on an item has moved, and changed much.
///
/// A convention of credit scoring, where the index comes from; no study of health records gives limits.
/// What chance explains is not told whatever the index.
pub const INPUT_MOVED_FROM: (f64, f64) = (0.10, 0.25);

/// Indices that chance exceeds this rarely are told.
const RARELY: f64 = 0.01;

/// More levels than this are pooled: an equation has one for each measurement.
const MOST_LEVELS: usize = 20;

/// An item between two days.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InputDrift {
    /// Population stability index over the levels, a missing answer being one.
    pub index: f64,
    /// Probability of as large an index by chance.
    pub p_value: f64,
    /// Share of whom nothing is known, then and now; of the score, share that is a range.
    pub missing: [f64; 2],
    /// What is made of it.
    pub verdict: InputVerdict,
}

/// An item of the score on two days.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemDrift {
    /// Its name.
    pub item: String,
    /// How it has moved, or why nobody can say.
    pub found: Result<InputDrift, NotIdentifiable>,
}

/// Every item of the score on two days.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemsDrift {
    /// The earlier day.
    pub then: Date,
    /// The later one.
    pub now: Date,
    /// Residents with a score, then and now.
    pub residents: [u64; 2],
    /// Each item in the order of the form, then the score.
    pub items: Vec<ItemDrift>,
}

/// How the calibration in force and what it rests on have moved.
#[derive(Debug, Clone, PartialEq)]
pub struct DriftSeen {
    /// The calibration over time.
    pub calibration: CalibrationDrift,
    /// The last day of decisions that it was fitted on; nothing when it is that of the rule file.
    pub fitted_until: Option<Date>,
    /// Items then and now; nothing when there are no two days to compare.
    pub items: Option<ItemsDrift>,
}

impl DriftSeen {
    /// The newest change that the calibration in force has seen nothing of.
    #[must_use]
    pub fn unanswered(&self) -> Option<&DriftChange> {
        self.calibration.unanswered(self.fitted_until)
    }
}

/// Holds what an item says now against what it said then.
///
/// Where it has more than twenty levels they are pooled, in order, into about ten of equally many then.
///
/// # Errors
///
/// [`NotIdentifiable::TooFewPeople`] with fewer than a hundred then or now.
pub fn input_drift(levels: &InputLevels) -> Result<InputDrift, NotIdentifiable> {
    let found = stability(&pooled(levels))?;
    let total = |at: usize| levels.values().map(|n| n[at]).sum::<u64>() as f64;
    let is_open = |level: &InputLevel| match level {
        InputLevel::Missing | InputLevel::Ranges => true,
        InputLevel::Open(..) | InputLevel::Adds(_) | InputLevel::Scores(_) => false,
    };
    let missing = |at: usize| {
        let open = levels.iter().filter(|(level, _)| is_open(level));
        open.map(|(_, n)| n[at]).sum::<u64>() as f64 / total(at)
    };
    let (moved, changed) = INPUT_MOVED_FROM;
    let verdict = if RARELY <= found.p_value || found.index < moved {
        InputVerdict::Alike
    } else if found.index < changed {
        InputVerdict::Moved
    } else {
        InputVerdict::Changed
    };
    Ok(InputDrift {
        index: found.index,
        p_value: found.p_value,
        missing: [missing(0), missing(1)],
        verdict,
    })
}

fn pooled(levels: &InputLevels) -> Vec<[u64; 2]> {
    if levels.len() <= MOST_LEVELS {
        return levels.values().copied().collect();
    }
    let (known, open): (Vec<_>, Vec<_>) = levels.iter().partition(|(level, _)| match level {
        InputLevel::Adds(_) | InputLevel::Scores(_) => true,
        InputLevel::Missing | InputLevel::Open(..) | InputLevel::Ranges => false,
    });
    let is_missing = |level: &InputLevel| *level == InputLevel::Missing;
    let plus = |sum: [u64; 2], n: &[u64; 2]| [sum[0] + n[0], sum[1] + n[1]];
    let sum_of = |missing: bool| {
        let these = open
            .iter()
            .filter(|(level, _)| is_missing(level) == missing);
        these.fold([0, 0], |sum, (_, n)| plus(sum, n))
    };
    let mut pools = vec![sum_of(true), sum_of(false)];
    let tenth = known.iter().map(|(_, n)| n[0]).sum::<u64>().div_ceil(10);
    let mut pool = [0, 0];
    for (_, n) in known {
        pool = plus(pool, n);
        if tenth <= pool[0] {
            pools.push(pool);
            pool = [0, 0];
        }
    }
    pools.push(pool);
    pools
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(of: &[(InputLevel, [u64; 2])]) -> InputLevels {
        of.iter().copied().collect()
    }

    #[test]
    fn a_month_is_the_same_there_and_back() {
        for (year, of_year) in [(2024, 1), (2025, 12), (2026, 7)] {
            let first = Date::new(year, of_year, 1).expect("a day");
            assert_eq!(first_day(month(first)), first);
            let last = first.last_of_month();
            assert_eq!(first_day(month(last)), first);
        }
    }

    #[test]
    fn an_answer_that_is_no_longer_known_is_told_though_the_others_are_alike() {
        let adds = |n| InputLevel::Adds(n);
        let drift = input_drift(&levels(&[
            (InputLevel::Missing, [100, 400]),
            (adds(0), [450, 300]),
            (adds(2), [450, 300]),
        ]));
        let drift = drift.expect("enough people");
        assert_eq!(drift.verdict, InputVerdict::Changed);
        let [then, now] = drift.missing;
        assert!((then - 0.1).abs() < 1e-12 && (now - 0.4).abs() < 1e-12);
    }

    #[test]
    fn what_chance_explains_is_not_told_and_both_limits_are() {
        let verdict = |then: [u64; 2], now: [u64; 2]| {
            let of = levels(&[
                (InputLevel::Adds(0), [then[0], now[0]]),
                (InputLevel::Adds(1), [then[1], now[1]]),
            ]);
            input_drift(&of).map(|drift| drift.verdict)
        };
        // An index of 0.16 each: of a hundred people chance explains it, of ten thousand it does not.
        assert_eq!(verdict([50, 50], [30, 70]), Ok(InputVerdict::Moved));
        assert_eq!(verdict([50, 50], [33, 67]), Ok(InputVerdict::Alike));
        assert_eq!(
            verdict([5_000, 5_000], [3_300, 6_700]),
            Ok(InputVerdict::Moved)
        );
        assert_eq!(
            verdict([5_000, 5_000], [4_500, 5_500]),
            Ok(InputVerdict::Alike)
        );
        assert_eq!(
            verdict([5_000, 5_000], [2_000, 8_000]),
            Ok(InputVerdict::Changed)
        );
        let few = NotIdentifiable::TooFewPeople {
            found: 99,
            needed: 100,
        };
        assert_eq!(verdict([49, 50], [50, 50]), Err(few));
    }

    #[test]
    fn many_levels_are_pooled_and_a_shift_of_all_is_told() {
        let each = |now: fn(i64) -> u64| {
            let all = (0..200_i64).map(|n| (InputLevel::Adds(n), [10, now(n)]));
            let mut levels: InputLevels = all.collect();
            levels.insert(InputLevel::Missing, [50, 50]);
            input_drift(&levels).expect("enough people")
        };
        assert_eq!(each(|_| 10).verdict, InputVerdict::Alike);
        assert_eq!(
            each(|n| if n < 100 { 4 } else { 16 }).verdict,
            InputVerdict::Changed
        );
        // Neighbours that change places are no drift: tenths of the people stay as they are.
        assert_eq!(
            each(|n| if n % 2 == 0 { 0 } else { 20 }).verdict,
            InputVerdict::Alike
        );
    }
}
