//! The points of the score in force, held against the programme's own outcomes.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::cases::{Alike, Case, Round, Weighted, asked_among, score_bands};
use super::figures::Tested;
use super::gates::fitted_until;
use super::judged::tested_among;
use super::point_items::{PointItem, PointLevel, point_items};
use crate::calibration::{
    Compared, Estimate, Figure, Level, LevelRefit, LevelRow, MOST_LEVELS, NotIdentifiable,
    PairedOutcomes, Responses, auroc, refit_levels, score_line,
};
use crate::outcomes::Decided;
use crate::rulebook::{Amount, Model, Score, ScoreUnit, expit};

/// A followed decision with what each item added to the score that day.
#[derive(Debug, Clone, PartialEq)]
pub struct PointsCase {
    /// The decision, the score and what became of it.
    pub case: Case,
    /// Day zero.
    pub on: Date,
    /// What each item added, in the order of the form; nothing where several amounts were possible.
    pub adds: Vec<Option<Amount>>,
}

/// Why points cannot be refitted at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoPoints {
    /// The score is an equation or a ladder of models.
    #[error("score `{0}` is no table of points")]
    NoTable(String),
    /// An item counts by what another one says.
    #[error("item `{0}` does not add its points by itself")]
    NotByItself(String),
    /// The table is larger than can be fitted.
    #[error("the table has {0} levels, more than the {MOST_LEVELS} that can be fitted")]
    TooLarge(usize),
    /// Verified decisions are all of one day, or there are none.
    #[error("nobody can be held out: verified decisions are all of one day, or there are none")]
    NobodyToHoldOut,
}

/// A level of an item, with its points then and now.
#[derive(Debug, Clone, PartialEq)]
pub struct RefitLevel {
    /// Which values of the item they are, in words.
    pub name: String,
    /// Points in force.
    pub published: Score,
    /// Points that the fit proposes; the same where nothing is proposed.
    pub proposed: Score,
    /// What was found; nothing for the level that the others of the item are held against.
    pub found: Option<Found>,
}

/// What was found of a level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// Verified people on it.
    pub people: usize,
    /// Of them so many were confirmed.
    pub confirmed: usize,
    /// Points by the data alone; or why they say nothing.
    pub alone: Figure,
    /// Points drawn towards those in force, not yet whole.
    pub drawn: f64,
}

/// An item with its levels, fewest points first.
#[derive(Debug, Clone, PartialEq)]
pub struct RefitItem {
    /// Its id.
    pub id: String,
    /// Its name in a sentence.
    pub name: String,
    /// The levels.
    pub levels: Vec<RefitLevel>,
}

/// The proposed points held against those in force, on decisions that were not fitted.
#[derive(Debug, Clone, PartialEq)]
pub struct PointsHeldOut {
    /// Difference of the mean logarithmic score; above 0, the proposed points are better.
    pub log_score: Estimate,
    /// Area under the curve of the points in force, and of those proposed.
    pub auroc: [Figure; 2],
    /// The probability at which benefit is counted: that of the action level by the points in force.
    pub threshold: f64,
    /// Difference of the net benefit there; above 0, the proposed points are better.
    pub net_benefit: Estimate,
}

impl PointsHeldOut {
    /// Whether those held out speak against the proposed points.
    #[must_use]
    pub fn is_worse(&self) -> bool {
        self.log_score.upper < 0.0 || self.net_benefit.upper < 0.0
    }
}

/// Points that were refitted, beside those in force.
#[derive(Debug, Clone, PartialEq)]
pub struct PointsRefit {
    /// The last index date that was fitted.
    pub fitted_until: Date,
    /// Whom the fit is of.
    pub tested: Tested,
    /// Verified decisions of first rounds that were fitted, and how many of them were confirmed.
    pub fitted: [usize; 2],
    /// The same of those held out.
    pub held_out: [usize; 2],
    /// Verified decisions that were left out, since some item was not known.
    pub incomplete: usize,
    /// The fit, or why the points stay.
    pub fit: Result<LevelRefit, NotIdentifiable>,
    /// Every item, in the order of the form.
    pub items: Vec<RefitItem>,
    /// On those held out; nothing where no point changes.
    pub compared: Option<Result<PointsHeldOut, NotIdentifiable>>,
}

impl PointsRefit {
    /// Whether any point changes.
    #[must_use]
    pub fn changes(&self) -> bool {
        let mut levels = self.items.iter().flat_map(|item| &item.levels);
        levels.any(|level| level.published != level.proposed)
    }

    /// New points by item and points in force.
    #[must_use]
    pub fn proposed(&self) -> BTreeMap<(String, Score), Score> {
        let items = self.items.iter();
        items
            .flat_map(|item| {
                let levels = item.levels.iter();
                levels.map(|level| ((item.id.clone(), level.published), level.proposed))
            })
            .collect()
    }
}

/// Refits the points of a table from the older decisions, and holds them against the newest.
///
/// Counted are first rounds as in [`learn`](super::learn): the flagged and the sampled who were verified,
/// each standing for those of their band, sex and age who did not come. In the fit each counts by that
/// beside the mean of their band and kind (flagged or sampled): the score decides who is tested, and the score
/// is in the fit, so that weights that follow from it would only let a few sampled people drown the others.
/// With the points held out everybody counts for whom they stand. Who was treated by the programme is
/// not verified. Decisions with an item that is not known are left out of the fit; that is right when
/// being unknown has nothing to do with the outcome of people whose items are the same.
///
/// # Source
///
/// Weights beside their mean given what is in the fit: Pfeffermann, Sverchkov, Sankhya B 1999;61:166-186.
///
/// # Errors
///
/// [`NoPoints`] when the score is no plain table of points, or nobody can be held out.
pub fn refit_points(
    (model, action_level): (&Model, Score),
    held_out: f64,
    cases: &[PointsCase],
) -> Result<PointsRefit, NoPoints> {
    if model.unit != ScoreUnit::Points || !model.rungs.is_empty() {
        return Err(NoPoints::NoTable(model.header.id.clone()));
    }
    let items = point_items(model)?;
    let layout = Layout::of(&items)?;
    let verified = cases.iter().filter(|one| one.case.is_verified());
    let days = verified.map(|one| one.on).collect();
    let until = fitted_until(days, held_out).ok_or(NoPoints::NobodyToHoldOut)?;
    let (older, newer): (Vec<&PointsCase>, Vec<&PointsCase>) =
        cases.iter().partition(|one| one.on <= until);
    let plain: Vec<Case> = older.iter().map(|one| one.case).collect();
    let tested = tested_among(&asked_among(&plain).1);
    let of = |cases: &[&PointsCase]| people(cases, (model, action_level), tested, &layout);
    let (fitted, held) = (of(&older), of(&newer));
    let fit = refit_levels(&layout.levels, &fitted.rows);
    let items = layout.shown(&items, fit.as_ref().ok());
    let mut refit = PointsRefit {
        fitted_until: until,
        tested,
        fitted: fitted.counts(),
        held_out: held.counts(),
        incomplete: fitted.incomplete + held.incomplete,
        fit,
        items,
        compared: None,
    };
    if refit.changes() {
        let tables = [false, true].map(|is_new| layout.points(&refit.items, is_new));
        refit.compared = Some(compared(&fitted, &held, &tables, action_level));
    }
    Ok(refit)
}

/// Which level of the fit is which of the form.
struct Layout {
    levels: Vec<Level>,
    /// Item and points of each level.
    of: Vec<(usize, Score)>,
    /// Points of each item's reference level.
    references: Vec<Score>,
}

impl Layout {
    fn of(items: &[PointItem]) -> Result<Self, NoPoints> {
        let mut layout = Self {
            levels: Vec::new(),
            of: Vec::new(),
            references: Vec::new(),
        };
        for (n, item) in items.iter().enumerate() {
            let reference = item.reference();
            layout.references.push(reference);
            for PointLevel { points, .. } in &item.levels {
                if *points != reference {
                    layout.of.push((n, *points));
                    layout.levels.push(Level {
                        item: n,
                        points: f64::from(points - reference),
                    });
                }
            }
        }
        match layout.levels.len() {
            n if MOST_LEVELS < n => Err(NoPoints::TooLarge(n)),
            _ => Ok(layout),
        }
    }

    /// The levels that somebody is on; nothing where an item is not known.
    fn on(&self, adds: &[Option<Amount>]) -> Option<u32> {
        let known: Option<Vec<Amount>> = adds.iter().copied().collect();
        let known = known?;
        let is_on = |(item, points): (usize, Score)| known.get(item) == Some(&Amount::from(points));
        let levels = self.of.iter().enumerate();
        let on = levels.filter(|(_, level)| is_on(**level));
        Some(on.fold(0, |bits, (at, _)| bits | 1 << at))
    }

    fn shown(&self, items: &[PointItem], fit: Option<&LevelRefit>) -> Vec<RefitItem> {
        let level = |n: usize, level: &PointLevel| {
            let at = self.of.iter().position(|of| *of == (n, level.points));
            let found = at.and_then(|at| fit?.levels.get(at));
            let reference = self.references.get(n).copied().unwrap_or_default();
            let beyond = |points: f64| f64::from(reference) + points;
            RefitLevel {
                name: level.name.clone(),
                published: level.points,
                proposed: found.map_or(level.points, |found| whole(beyond(found.drawn))),
                found: found.map(|found| Found {
                    people: found.people,
                    confirmed: found.events,
                    alone: found.alone.map(|known| Estimate {
                        value: beyond(known.value),
                        lower: beyond(known.lower),
                        upper: beyond(known.upper),
                        method: known.method,
                    }),
                    drawn: beyond(found.drawn),
                }),
            }
        };
        let items = items.iter().enumerate();
        items
            .map(|(n, item)| RefitItem {
                id: item.id.clone(),
                name: item.name.clone(),
                levels: item.levels.iter().map(|one| level(n, one)).collect(),
            })
            .collect()
    }

    /// Points of each level beyond its reference, in force or proposed.
    fn points(&self, items: &[RefitItem], is_new: bool) -> Vec<f64> {
        let of = |(item, published): &(usize, Score)| {
            let reference = self.references.get(*item).copied().unwrap_or_default();
            let found = items.get(*item).and_then(|item| {
                let mut levels = item.levels.iter();
                levels.find(|level| level.published == *published)
            });
            let points = match is_new {
                true => found.map_or(*published, |level| level.proposed),
                false => *published,
            };
            f64::from(points - reference)
        };
        self.of.iter().map(of).collect()
    }
}

/// The nearest whole number of points.
#[expect(
    clippy::cast_possible_truncation,
    reason = "points span fewer than 128; a cast of a float never wraps"
)]
fn whole(points: f64) -> Score {
    points.round() as Score
}

/// Verified people of whom everything is known.
struct People {
    /// With weights beside others of their band.
    rows: Vec<LevelRow>,
    /// How many of everybody each stands for.
    weights: Vec<f64>,
    incomplete: usize,
}

impl People {
    fn counts(&self) -> [usize; 2] {
        let confirmed = self.rows.iter().filter(|row| row.occurred).count();
        [self.rows.len(), confirmed]
    }

    fn occurred(&self) -> Vec<bool> {
        self.rows.iter().map(|row| row.occurred).collect()
    }

    fn weights(&self) -> Option<Vec<f64>> {
        let is_weighted = self.weights.iter().any(|weight| 1.0 < *weight);
        is_weighted.then(|| self.weights.clone())
    }

    /// Scores by points of levels.
    fn scores(&self, points: &[f64]) -> Vec<f64> {
        let of = |row: &LevelRow| {
            let on = points.iter().enumerate();
            let on = on.filter(|(at, _)| row.on >> at & 1 == 1);
            on.map(|(_, points)| points).sum()
        };
        self.rows.iter().map(of).collect()
    }
}

fn people(
    cases: &[&PointsCase],
    (model, action_level): (&Model, Score),
    tested: Tested,
    layout: &Layout,
) -> People {
    let plain: Vec<Case> = cases.iter().map(|one| one.case).collect();
    let bands = score_bands(model, action_level);
    // Places of those who are counted, in the order of `asked_among`.
    let is_counted = |case: &Case| {
        let is_flagged = case.decided == Decided::Flagged;
        case.round == Round::First
            && case.stands_for_some()
            && case.is_asked()
            && (is_flagged || tested == Tested::Everybody)
    };
    let counted: Vec<usize> = (0..plain.len())
        .filter(|n| is_counted(&plain[*n]))
        .collect();
    let asked: Vec<Case> = counted.iter().map(|n| plain[*n]).collect();
    let weighted = Weighted::of(&asked, &bands, Alike::InBandSexAndAge);
    let kind_of = |case: &Case| {
        let band = bands.iter().position(|band| band.holds(case));
        (band, case.decided == Decided::Flagged)
    };
    // Total weight, and how many they are.
    let mut of_kind: BTreeMap<(Option<usize>, bool), (f64, f64)> = BTreeMap::new();
    for (case, weight) in &weighted.cases {
        let sums = of_kind.entry(kind_of(case)).or_default();
        *sums = (sums.0 + weight, sums.1 + 1.0);
    }
    let mut people = People {
        rows: Vec::new(),
        weights: Vec::new(),
        incomplete: 0,
    };
    for (place, (case, weight)) in weighted.places.iter().zip(&weighted.cases) {
        let Some(on) = layout.on(&cases[counted[*place]].adds) else {
            people.incomplete += 1;
            continue;
        };
        let (total, n) = of_kind.get(&kind_of(case)).copied().unwrap_or((1.0, 1.0));
        people.weights.push(*weight);
        people.rows.push(LevelRow {
            on,
            occurred: case.outcome.verified() == Some(true),
            weight: weight * n / total,
        });
    }
    people
}

/// Both tables on those held out, each with its own line of log odds through those fitted: what differs is
/// the points alone.
fn compared(
    fitted: &People,
    held: &People,
    [old, new]: &[Vec<f64>; 2],
    action_level: Score,
) -> Result<PointsHeldOut, NotIdentifiable> {
    let (occurred, weights) = (fitted.occurred(), fitted.weights());
    let responses = Responses {
        occurred: &occurred,
        weights: weights.as_deref(),
    };
    let line = |points: &[f64]| score_line(&fitted.scores(points), responses);
    let lines = [line(old)?, line(new)?];
    let predicted = |points: &[f64], (intercept, slope): (f64, f64)| -> Vec<f64> {
        let scores = held.scores(points).into_iter();
        scores
            .map(|score| expit(intercept + slope * score))
            .collect()
    };
    let both = [predicted(old, lines[0]), predicted(new, lines[1])];
    let area = |predicted: &Vec<f64>| -> Figure {
        let rows = PairedOutcomes::new(predicted.clone(), held.occurred(), held.weights());
        auroc(&rows.map_err(|_| NotIdentifiable::NoEvents)?).map(|area| area.estimate)
    };
    let areas = [area(&both[0]), area(&both[1])];
    let [before, after] = both;
    let compared = Compared::new((before, after), held.occurred(), held.weights())
        .map_err(|_| NotIdentifiable::NoEvents)?;
    let threshold = expit(lines[0].0 + lines[0].1 * f64::from(action_level));
    Ok(PointsHeldOut {
        log_score: compared.log_score(),
        auroc: areas,
        threshold,
        net_benefit: compared.net_benefit(threshold),
    })
}
