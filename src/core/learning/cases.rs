//! One index decision with its outcome, and the bands that scores are looked at in.

use std::collections::BTreeMap;

use crate::calibration::{FEWEST_IN_GROUP, PairedOutcomes};
use crate::outcomes::{Decided, Outcome};
use crate::profile::Sex;
use crate::rulebook::{Calibration, Model, Score, ScoreUnit, expit, log_odds};

/// Which pass of a resident through the pathway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Round {
    /// The first: mostly disease that was there already.
    First,
    /// A later one: mostly new disease.
    Repeat,
}

/// An index decision, the score it rested on, and what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// Which round.
    pub round: Round,
    /// What was decided.
    pub decided: Decided,
    /// Lowest and highest score; nothing where there was none.
    pub score: Option<(Score, Score)>,
    /// Legal sex.
    pub sex: Sex,
    /// Lowest age on the index date in completed years; nothing when not known.
    pub age: Option<i16>,
    /// What became of it.
    pub outcome: Outcome,
}

impl Case {
    /// Whether the program counts it among those who stand for somebody: flagged, or drawn at random.
    pub(super) fn weight(&self) -> Option<f64> {
        let weight = match self.decided {
            Decided::Flagged => 1.0,
            Decided::SampledNegative(inclusion) => 1e9 / f64::from(inclusion.billionths()),
            Decided::BelowLevel
            | Decided::Undecided
            | Decided::NotEligible
            | Decided::NotCounted => return None,
        };
        self.outcome.counts().then_some(weight)
    }

    /// The probability that a calibration gives it; nothing without a score.
    ///
    /// A score that is a range has the probability whose log odds are the mean of both ends'.
    #[must_use]
    pub fn predicted(&self, calibration: &Calibration) -> Option<f64> {
        self.score
            .map(|score| predicted(calibration, score, Place::Middle))
    }

    /// Whether tests were ordered because of it: of the flagged, and of those who were drawn.
    #[must_use]
    pub const fn is_asked(&self) -> bool {
        matches!(self.decided, Decided::Flagged | Decided::SampledNegative(_))
    }

    /// Whether it is one of those who stand for somebody, tested or not.
    #[must_use]
    pub fn stands_for_some(&self) -> bool {
        self.weight().is_some()
    }

    /// Whether a calibration is fitted on it, or held against it: a first round whose outcome is known.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.round == Round::First
            && self.weight().is_some()
            && self.score.is_some()
            && self.outcome.verified().is_some()
    }

    /// Twice the middle of the score's range: a whole number.
    pub(super) fn twice_middle(&self) -> Option<Score> {
        self.score.map(|(low, high)| low + high)
    }
}

/// The flagged, and the sampled, whose outcomes count.
pub(super) fn asked_among(cases: &[Case]) -> (Vec<Case>, Vec<Case>) {
    let counted = cases.iter().filter(|case| case.outcome.counts());
    let asked = counted.filter(|case| case.is_asked()).copied();
    asked.partition(|case| case.decided == Decided::Flagged)
}

/// Neighbouring scores that are looked at together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScoreBand {
    /// What the form calls them.
    pub name: String,
    /// Lowest score.
    pub from: Score,
    /// Highest score.
    pub to: Score,
    /// What scores count.
    pub unit: ScoreUnit,
}

impl ScoreBand {
    /// Whether the middle of a range of scores lies in the band.
    pub(super) fn holds(&self, case: &Case) -> bool {
        case.score.is_some_and(|score| self.holds_middle(score))
    }

    /// The same of a range by itself.
    #[must_use]
    pub fn holds_middle(&self, (low, high): (Score, Score)) -> bool {
        let middle = (low + high).div_euclid(2);
        self.from <= middle && middle <= self.to
    }
}

/// The classes of a model, cut where people begin to be tested.
///
/// A model without classes has one band on each side of the level.
#[must_use]
pub fn score_bands(model: &Model, action_level: Score) -> Vec<ScoreBand> {
    let name = |score: Score| match model.class_at(score) {
        Some(class) => class.name.clone(),
        None if score < action_level => "below the level".to_owned(),
        None => "at or above the level".to_owned(),
    };
    let mut starts = vec![model.min, action_level];
    starts.extend(model.class_starts());
    starts.retain(|start| (model.min..=model.max).contains(start));
    starts.sort_unstable();
    starts.dedup();
    let ends = starts
        .iter()
        .skip(1)
        .map(|next| next - 1)
        .chain([model.max]);
    starts
        .iter()
        .zip(ends)
        .map(|(from, to)| ScoreBand {
            name: name(*from),
            from: *from,
            to,
            unit: model.unit,
        })
        .collect()
}

/// Where in a range of scores a probability is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Lowest,
    Middle,
    Highest,
}

/// The probability of a case by a calibration.
///
/// In the middle of a range it is the one whose log odds are the mean of both ends'.
pub(super) fn predicted(
    calibration: &Calibration,
    (low, high): (Score, Score),
    place: Place,
) -> f64 {
    let at = |score: Score| f64::from(calibration.at(score)) / 1e9;
    match place {
        Place::Lowest => at(low),
        Place::Highest => at(high),
        Place::Middle if low == high => at(low),
        Place::Middle => expit(f64::midpoint(log_odds(at(low)), log_odds(at(high)))),
    }
}

/// A case, and where in the list it stands.
type Placed<'c> = (usize, &'c Case);

/// Cases whose outcome is verified, each with what it stands for.
pub(super) struct Weighted<'c> {
    pub(super) cases: Vec<(&'c Case, f64)>,
    /// Where in the list each of them stood.
    pub(super) places: Vec<usize>,
    /// How much the cases stand for of whom nobody in the band was tested.
    pub(super) uncovered: f64,
    /// Those of whom each cell consists.
    pub(super) cells: Vec<Cell>,
    /// Which cell each case is in.
    pub(super) cell_of: Vec<usize>,
}

/// Among whom those who came are taken to be like those who did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alike {
    /// Those of a band of scores.
    InBand,
    /// Those of a band, a sex and ten years of age.
    InBandSexAndAge,
}

/// People of whom those who came stand for all.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell {
    /// Which band of scores, lowest first.
    pub(super) band: usize,
    pub(super) flagged: bool,
    /// How much all who were asked stand for.
    pub(super) everybody: f64,
    /// Share who came; zero where nobody did.
    pub(super) came: f64,
    /// Share of those who came who were confirmed.
    pub(super) confirmed: f64,
}

impl<'c> Weighted<'c> {
    /// Within each cell, and among flagged and sampled apart, those tested stand for all.
    pub(super) fn of(cases: &'c [Case], bands: &[ScoreBand], alike: Alike) -> Self {
        let mut all = Self {
            cases: Vec::new(),
            places: Vec::new(),
            uncovered: 0.0,
            cells: Vec::new(),
            cell_of: Vec::new(),
        };
        for (at, band) in bands.iter().enumerate() {
            for flagged in [true, false] {
                let is_here = |(_, case): &Placed<'_>| {
                    band.holds(case) && (case.decided == Decided::Flagged) == flagged
                };
                let here = cases.iter().enumerate().filter(is_here).collect();
                match alike {
                    Alike::InBand => all.add_cell(here, (at, flagged)),
                    Alike::InBandSexAndAge => {
                        for cell in by_sex_and_age(here) {
                            all.add_cell(cell, (at, flagged));
                        }
                    }
                }
            }
        }
        all
    }

    /// Whether anybody stands for more than themselves.
    pub(super) fn stand_for_others(&self) -> bool {
        self.cases.iter().any(|(_, weight)| 1.0 < *weight)
    }

    fn add_cell(&mut self, cases: Vec<Placed<'c>>, (band, flagged): (usize, bool)) {
        let mut everybody = 0.0;
        let mut tested = Vec::new();
        for (place, case) in cases {
            let Some(weight) = case.weight() else {
                continue;
            };
            everybody += weight;
            if case.outcome.verified().is_some() {
                tested.push((case, weight));
                self.places.push(place);
            }
        }
        let came: f64 = tested.iter().map(|(_, weight)| weight).sum();
        if tested.is_empty() {
            self.uncovered += everybody;
        }
        if 0.0 < everybody {
            let confirmed = tested
                .iter()
                .filter(|(case, _)| case.outcome.verified() == Some(true));
            let confirmed: f64 = confirmed.map(|(_, weight)| weight).sum();
            self.cell_of.extend(tested.iter().map(|_| self.cells.len()));
            self.cells.push(Cell {
                band,
                flagged,
                everybody,
                came: came / everybody,
                confirmed: if 0.0 < came { confirmed / came } else { 0.0 },
            });
        }
        let cases = tested.into_iter();
        self.cases
            .extend(cases.map(|(case, weight)| (case, weight * everybody / came)));
    }

    /// Rows by what predicts; nothing when there are none.
    pub(super) fn rows(&self, predicted: impl Fn(&Case) -> f64) -> Option<PairedOutcomes> {
        let cases = self.cases.iter();
        let occurred = cases
            .clone()
            .map(|(case, _)| case.outcome.verified() == Some(true));
        PairedOutcomes::new(
            cases.clone().map(|(case, _)| predicted(case)).collect(),
            occurred.collect(),
            Some(cases.map(|(_, weight)| *weight).collect()),
        )
        .ok()
    }
}

/// Cells of a sex and ten years of age; those of which fewer than ten came are one, and join the
/// smallest of the others where they still are too few.
fn by_sex_and_age(cases: Vec<Placed<'_>>) -> Vec<Vec<Placed<'_>>> {
    let came = |cell: &[Placed<'_>]| {
        let verified = cell
            .iter()
            .filter(|(_, case)| case.outcome.verified().is_some());
        verified.count()
    };
    let mut kinds: BTreeMap<(Sex, Option<i16>), Vec<Placed<'_>>> = BTreeMap::new();
    for (place, case) in cases {
        let decade = case.age.map(|age| age.div_euclid(10));
        kinds
            .entry((case.sex, decade))
            .or_default()
            .push((place, case));
    }
    let (mut cells, thin): (Vec<_>, Vec<_>) = kinds
        .into_values()
        .partition(|cell| FEWEST_IN_GROUP <= came(cell));
    let rest = thin.concat();
    match cells.iter_mut().min_by_key(|cell| came(cell)) {
        Some(smallest) if came(&rest) < FEWEST_IN_GROUP => smallest.extend(rest),
        Some(_) | None => cells.push(rest),
    }
    cells
}
