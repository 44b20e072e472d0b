//! Risk: from facts to a score, a range when something is missing, and a probability.
//!
//! # What lives here
//!
//! [`assess`] gives every item of the model what it can still add, points or a
//! part of an equation, and from the sums the range of the score;
//! [`Assessment::deciding_items`] says which open questions must be asked to
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
//! * Missing is not zero: an unknown item can have any of its answers, or any plausible number.
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
//!
//! For a known sex and age every equation here is a sum of what its items add,
//! looked at through a curve that only rises. So the ends of a range are sums of
//! ends, and what an equation shares with a table of points is nearly
//! everything. Sums are whole numbers (of 1e-12 of a linear predictor): the
//! same in any order, and exact where they meet a level.

mod ask;
mod evidence;
mod examples;
mod points;

pub use ask::deciding_items;
pub use evidence::Basis;
pub(crate) use evidence::shows;
pub use examples::{check_examples, example_ranges};
pub use points::PointSet;

use crate::profile::{Fact, Profile, Sex};
use crate::rulebook::{
    Amount, Calibration, Cell, Class, Context, Model, OLDEST, Rulebook, Score, ScorePosition,
    for_each_value,
};
use evidence::Known;

/// What an item can still add to the sum: never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adds {
    /// In rising order, each once.
    values: Vec<Amount>,
    /// Whether anything between the lowest and the highest is possible too.
    is_stretch: bool,
}

impl Adds {
    fn of(mut values: Vec<Amount>, is_stretch: bool) -> Self {
        values.sort_unstable();
        values.dedup();
        Self { values, is_stretch }
    }

    /// The least.
    #[must_use]
    pub fn low(&self) -> Amount {
        self.values.first().copied().unwrap_or(0)
    }

    /// The most.
    #[must_use]
    pub fn high(&self) -> Amount {
        self.values.last().copied().unwrap_or(0)
    }

    /// Every amount, least first; of a stretch its ends.
    pub fn values(&self) -> impl Iterator<Item = Amount> {
        self.values.iter().copied()
    }

    /// Whether every amount between the least and the most is possible.
    #[must_use]
    pub const fn is_stretch(&self) -> bool {
        self.is_stretch
    }

    /// Whether only one amount is possible.
    #[must_use]
    pub const fn is_certain(&self) -> bool {
        self.values.len() < 2
    }

    fn point_set(&self) -> PointSet {
        let points = self
            .values
            .iter()
            .map(|points| Score::try_from(*points).expect("the loader keeps points within 127"));
        PointSet::of(points)
    }
}

/// What an item of the model can still contribute, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemResult {
    /// What it can add to the sum.
    pub adds: Adds,
    /// What that rests on; `None` when nothing is known.
    pub basis: Option<Basis>,
    /// The newest fact that would have counted, had it not been too old.
    pub too_old: Option<Fact>,
    /// A newer fact that says otherwise.
    pub contradicted_by: Option<Fact>,
}

/// A score with all it rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    rung: usize,
    /// Of a ladder, the rungs of other possible ages, whose ranges are part of this one.
    others: Vec<usize>,
    items: Vec<ItemResult>,
    low: Score,
    high: Score,
    level: Option<Score>,
    contexts: Vec<Context>,
    cells: Vec<Vec<Cell>>,
}

impl Assessment {
    /// Scores what is known by a model, over every sex and age that is possible.
    ///
    /// `contexts` has at least one.
    fn new(model: &Model, rung: usize, known: Vec<Known>, contexts: Vec<Context>) -> Self {
        let cells: Vec<Vec<Cell>> = known
            .iter()
            .zip(&model.items)
            .map(|(known, item)| item.told_apart(&known.cells, &contexts, model.unit))
            .collect();
        let (mut low, mut high) = (Score::MAX, Score::MIN);
        for context in &contexts {
            let start = model.constant(*context);
            let spans = model
                .groups
                .iter()
                .map(|group| model.group_span(group, *context, &cells));
            let sums = spans.fold((start, start), |sum, span| (sum.0 + span.0, sum.1 + span.1));
            let layers = model.layers.in_force();
            let score = |sum| model.equation.score(layers, context.0, sum);
            (low, high) = (low.min(score(sums.0)), high.max(score(sums.1)));
        }
        let adds = adds(model, &contexts, &cells);
        let items = known
            .into_iter()
            .zip(adds)
            .map(|(known, adds)| ItemResult {
                adds,
                basis: known.basis,
                too_old: known.too_old,
                contradicted_by: known.contradicted_by,
            })
            .collect();
        // Of an age that is not known to the year, the lower of the levels: nobody is passed over.
        let levels = contexts.iter().filter_map(|(_, age)| model.level_at(*age));
        Self {
            rung,
            others: Vec::new(),
            items,
            low,
            high,
            level: levels.min(),
            contexts,
            cells,
        }
    }

    /// Which model of a ladder was used, by position; 0 for a single model.
    #[must_use]
    pub const fn rung(&self) -> usize {
        self.rung
    }

    /// Of a ladder, the models for other ages that are possible, by position: the range and the
    /// published level cover them too.
    #[must_use]
    pub fn other_rungs(&self) -> &[usize] {
        &self.others
    }

    /// The same, with the range of a rung for other ages taken in.
    fn joined(mut self, other: &Self) -> Self {
        (self.low, self.high) = (self.low.min(other.low), self.high.max(other.high));
        self.level = self.level.into_iter().chain(other.level).min();
        self.others.push(other.rung);
        self
    }

    /// One result per item of the model, in the order of the form.
    #[must_use]
    pub fn items(&self) -> &[ItemResult] {
        &self.items
    }

    /// The lowest score the resident can have.
    #[must_use]
    pub const fn low(&self) -> Score {
        self.low
    }

    /// The highest score the resident can have; equal to the lowest when complete.
    #[must_use]
    pub const fn high(&self) -> Score {
        self.high
    }

    /// From which score on the model's authors act at the resident's age; nothing where they name none.
    #[must_use]
    pub const fn published_level(&self) -> Option<Score> {
        self.level
    }

    /// What the equation adds for everybody of the resident's possible sexes: least and most.
    #[must_use]
    pub fn constant(&self, model: &Model) -> (Amount, Amount) {
        let constants = self.contexts.iter();
        let constants = constants.map(|(sex, _)| model.equation.constant(*sex));
        let least = constants.clone().min().unwrap_or(0);
        (least, constants.max().unwrap_or(0))
    }

    /// Where the range lies relative to an action level.
    #[must_use]
    pub const fn position(&self, level: Score) -> ScorePosition {
        ScorePosition::of((self.low, self.high), level)
    }

    /// Items that are asked or measured, and of which knowing more could change the score, by position.
    #[must_use]
    pub fn open_items(&self, model: &Model) -> Vec<usize> {
        ask::open_items(model.rung(self.rung), self)
    }

    /// The fewest items that, once known, put the score on one side of the level, by position.
    ///
    /// As [`deciding_items`]; for numbers that count by their value too. Where age or sex are
    /// not known, more may be named than would do. `model` is the one that was assessed by, or the
    /// ladder.
    #[must_use]
    pub fn deciding_items(&self, model: &Model, level: Score) -> Vec<usize> {
        ask::deciding(model.rung(self.rung), self, level)
    }
}

/// What each item can add, over all contexts and all that other items may say.
fn adds(model: &Model, contexts: &[Context], cells: &[Vec<Cell>]) -> Vec<Adds> {
    let mut values: Vec<Vec<Amount>> = vec![Vec::new(); model.items.len()];
    for context in contexts {
        for (n, item) in model.items.iter().enumerate() {
            if item.is_given() {
                values[n].push(model.given_amount(item, *context));
            }
        }
        for group in &model.groups {
            for_each_value(group, cells, &mut Vec::new(), &mut |all| {
                for (at, item) in group.iter().enumerate() {
                    values[*item].push(model.item_amount(group, *context, all, at));
                }
            });
        }
    }
    let is_stretch = |n: usize| matches!(cells[n][..], [Cell::Between(..)]);
    values
        .into_iter()
        .enumerate()
        .map(|(n, values)| Adds::of(values, is_stretch(n)))
        .collect()
}

/// Every sex and age that the register leaves possible, of those a model was made for.
fn contexts(model: &Model, sex: Sex, ages: Option<(i16, i16)>) -> Vec<Context> {
    let (youngest, oldest) = ages.unwrap_or((0, OLDEST));
    let sexes: &[Sex] = match sex {
        Sex::Male => &[Sex::Male],
        Sex::Female => &[Sex::Female],
        Sex::Unknown => &[Sex::Male, Sex::Female],
    };
    let ages = (youngest..=oldest).filter(|age| model.ages.contains(*age));
    ages.flat_map(|age| sexes.iter().map(move |sex| (*sex, age)))
        .collect()
}

/// Scores a resident by the model in force; nothing for an age that it was not made for.
///
/// Of a ladder, the first model that was made for the resident's age and whose needed items are
/// known is used; where there is none, the last that was made for the age. Where the possible ages
/// belong to several models, the range covers all of them, and the items are those of the model
/// that leaves most open.
#[must_use]
pub fn assess(rulebook: &Rulebook, profile: &Profile) -> Option<Assessment> {
    assess_by(rulebook, &rulebook.model, profile)
}

/// As [`assess`], by any model whose region is chosen.
#[must_use]
pub fn assess_by(rulebook: &Rulebook, model: &Model, profile: &Profile) -> Option<Assessment> {
    let (sex, ages) = (profile.register().sex, profile.age_in_years());
    let known = |model: &Model| -> Vec<Known> {
        let items = model.items.iter();
        items
            .map(|item| evidence::known(rulebook, profile, item))
            .collect()
    };
    assess_with(model, sex, ages, known)
}

fn assess_with(
    model: &Model,
    sex: Sex,
    ages: Option<(i16, i16)>,
    known: impl Fn(&Model) -> Vec<Known>,
) -> Option<Assessment> {
    let of_rungs: Vec<(Vec<Context>, Vec<Known>, bool)> = (0..model.rungs.len().max(1))
        .map(|n| {
            let rung = model.rung(n);
            let known = known(rung);
            let needs = model.rungs.get(n).map_or(&[][..], |rung| &rung.needs);
            let is_met = needs.iter().all(|item| known[*item].basis.is_some());
            (contexts(rung, sex, ages), known, is_met)
        })
        .collect();
    // The rung of each possible age.
    let rung_of = |age: i16| {
        let made_for = || (0..of_rungs.len()).filter(|n| model.rung(*n).ages.contains(age));
        let met = made_for().find(|n| of_rungs[*n].2);
        met.or_else(|| made_for().next_back())
    };
    let own = |n: usize| -> Vec<Context> {
        let contexts = of_rungs[n].0.iter().copied();
        contexts
            .filter(|context| rung_of(context.1) == Some(n))
            .collect()
    };
    let mut parts: Vec<Assessment> = (0..of_rungs.len())
        .map(|n| (n, own(n)))
        .filter(|(_, contexts)| !contexts.is_empty())
        .map(|(n, contexts)| Assessment::new(model.rung(n), n, of_rungs[n].1.clone(), contexts))
        .collect();
    // What is asked has to settle every age: the items are those of the model that leaves most open.
    let most_open = |part: &Assessment| std::cmp::Reverse(part.open_items(model).len());
    parts.sort_by_key(most_open);
    let mut parts = parts.into_iter();
    let first = parts.next()?;
    Some(parts.fold(first, |all, part| all.joined(&part)))
}

/// Lowest and highest probability, in units of 1e-9, that a calibration gives to a range.
#[must_use]
pub fn probability(calibration: &Calibration, assessment: &Assessment) -> (u32, u32) {
    calibration.over(assessment.low, assessment.high)
}

/// The form's classes at both ends of a range; nothing where the form has none.
#[must_use]
pub fn class<'m>(model: &'m Model, assessment: &Assessment) -> Option<(&'m Class, &'m Class)> {
    model
        .class_at(assessment.low)
        .zip(model.class_at(assessment.high))
}
