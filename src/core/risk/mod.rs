//! Risk: from facts to a score, a range when something is missing, and a probability.
//!
//! # What lives here
//!
//! [`assess`] gives every item of the model the points it can still have and
//! adds them up; [`deciding_items`] says which open questions must be asked to
//! decide; [`probability`] and [`class`] read a calibration and the form's
//! classes. Not what to do about any of it.
//!
//! # How the data flows
//!
//! `(rulebook, profile) → Assessment`. Each item names the fact it rests on, the
//! newest fact that was too old, and a fact that contradicts it.
//!
//! # Invariants
//!
//! * Missing is not zero: an unknown item can have any of its points.
//! * The range is exact: both ends are reached by some completion of the form.
//! * Answering a question never widens the range.
//! * A score is not a probability; the conversion names its calibration.
//!
//! # Example
//!
//! ```
//! use preventiojyraa_core::risk::{PointSet, deciding_items};
//!
//! // Known items give 9 points; open are a 0/2 and a 0/5 question; 12 decide.
//! let known = PointSet::of([9]);
//! let items = [known, PointSet::of([0, 2]), PointSet::of([0, 5])];
//! // The second question decides alone: 9..=11 without it, 14..=16 with it.
//! assert_eq!(deciding_items(&items, &[1, 2], 12), [2]);
//! ```
//!
//! # Why it is so
//!
//! Points are kept as the *set* of values an item can still have, not as a
//! lower and an upper bound: with sets, the fewest questions that decide are
//! found exactly, by trying all subsets of at most a dozen open items.

mod ask;
mod evidence;
mod examples;
mod points;

pub use ask::deciding_items;
pub use evidence::Basis;
pub use examples::check_examples;
pub use points::PointSet;

use crate::profile::{Fact, Profile};
use crate::rulebook::{Calibration, Class, Model, Rulebook, ScorePosition};

/// What an item of the model can still contribute, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemResult {
    /// The points it can have.
    pub points: PointSet,
    /// What the points rest on; `None` when nothing is known.
    pub basis: Option<Basis>,
    /// The newest fact that would have counted, had it not been too old.
    pub too_old: Option<Fact>,
    /// A newer fact that says otherwise.
    pub contradicted_by: Option<Fact>,
}

/// A score with all it rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    items: Vec<ItemResult>,
    low: i16,
    high: i16,
}

impl Assessment {
    fn new(items: Vec<ItemResult>) -> Self {
        let low = items.iter().map(|item| item.points.low()).sum();
        let high = items.iter().map(|item| item.points.high()).sum();
        Self { items, low, high }
    }

    /// One result per item of the model, in the order of the form.
    #[must_use]
    pub fn items(&self) -> &[ItemResult] {
        &self.items
    }

    /// The lowest score the resident can have.
    #[must_use]
    pub const fn low(&self) -> i16 {
        self.low
    }

    /// The highest score the resident can have; equal to the lowest when complete.
    #[must_use]
    pub const fn high(&self) -> i16 {
        self.high
    }

    /// Where the range lies relative to an action level.
    #[must_use]
    pub const fn position(&self, level: i16) -> ScorePosition {
        if level <= self.low {
            ScorePosition::AtOrAbove
        } else if self.high < level {
            ScorePosition::Below
        } else {
            ScorePosition::Spans
        }
    }
}

/// Scores a resident by the model in force.
#[must_use]
pub fn assess(rulebook: &Rulebook, profile: &Profile) -> Assessment {
    let items = rulebook.model.items.iter();
    Assessment::new(
        items
            .map(|item| evidence::item_result(rulebook, profile, item))
            .collect(),
    )
}

/// Lowest and highest probability, in units of 1e-9, that a calibration gives to a range.
///
/// A calibration need not rise with the score, so every score in the range counts.
#[must_use]
pub fn probability(calibration: &Calibration, assessment: &Assessment) -> (u32, u32) {
    let all = (assessment.low..=assessment.high).map(|score| calibration.at(score));
    (all.clone().min().unwrap_or(0), all.max().unwrap_or(0))
}

/// The form's classes at both ends of a range.
#[must_use]
pub fn class<'m>(model: &'m Model, assessment: &Assessment) -> (&'m Class, &'m Class) {
    let at = |score: i16| model.classes.at(f64::from(score));
    (at(assessment.low), at(assessment.high))
}
