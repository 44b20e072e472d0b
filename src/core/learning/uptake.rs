//! Only some of those who are asked come: what holds for all, by what is taken for granted of the others.

use super::cases::{Alike, Case, Cell, ScoreBand, Weighted, asked_among, score_bands};
use super::figures::Counts;
use crate::calibration::{
    Estimate, FEWEST_IN_GROUP, Figure, Method, NotIdentifiable, PairedOutcomes, at_threshold,
    auroc, count_of_both, share_found, weighted_count,
};
use crate::outcomes::Decided;
use crate::rulebook::{Model, Score, expit, log_odds};

/// Lowest and highest odds of disease of those who did not come over those of the ones of the same
/// cell who did, for bounds.
///
/// No study of this programme gives them: halved and doubled is a convention of sensitivity
/// analysis, and the worst case beside it needs no number.
pub const ODDS_OF_NON_COMERS: (f64, f64) = (0.5, 2.0);

/// What holds for all who were decided about, tested or not.
#[derive(Debug, Clone, PartialEq)]
pub struct Population {
    /// Share of the confirmed who were flagged.
    pub sensitivity: Figure,
    /// Share of the others who were not.
    pub specificity: Figure,
    /// Share of those below the level who have nothing that would be confirmed.
    pub npv: Figure,
    /// Whether the confirmed have higher scores.
    pub auroc: Figure,
    /// Sampled negatives whose horizon is over.
    pub sampled: usize,
    /// Of them so many had all tests.
    pub tested: usize,
    /// Of these so many were confirmed.
    pub confirmed: usize,
}

/// One measure, by what is taken for granted of those who did not come.
#[derive(Debug, Clone, PartialEq)]
pub struct Measure {
    /// Whoever was tested, unweighted: what it would be if nobody thought of the others. Biased.
    pub among_tested: Figure,
    /// Those of a band who came are like those who did not (Begg and Greenes).
    pub alike_in_band: Figure,
    /// Those of a band, a sex and ten years of age (inverse probability of having been tested).
    pub alike_in_kind: Figure,
    /// Bounds where the odds of those who did not come are within [`ODDS_OF_NON_COMERS`] of those who did.
    pub within_odds: Figure,
    /// Bounds where nothing is taken for granted.
    pub at_worst: Figure,
}

/// How unequal those tested are in what they stand for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights {
    /// People tested.
    pub people: usize,
    /// The sample of equal weights that would say as much (Kish).
    pub effective: f64,
    /// The greatest weight over the mean.
    pub largest_over_mean: f64,
}

/// Measures by what is taken for granted of those who did not come.
#[derive(Debug, Clone, PartialEq)]
pub struct UptakeFigures {
    /// Share of the flagged who would be confirmed if all came.
    pub ppv: Measure,
    /// Share of the confirmed who were flagged.
    pub sensitivity: Measure,
    /// Share of the others who were not.
    pub specificity: Measure,
    /// Share of those below the level who have nothing that would be confirmed.
    pub npv: Measure,
    /// Share of all who would be confirmed.
    pub prevalence: Measure,
    /// What those tested stand for; nothing when nobody was.
    pub weights: Option<Weights>,
}

impl UptakeFigures {
    /// All measures by name.
    #[must_use]
    pub const fn named(&self) -> [(&'static str, &Measure); 5] {
        [
            ("PPV if all came", &self.ppv),
            ("sensitivity", &self.sensitivity),
            ("specificity", &self.specificity),
            ("NPV", &self.npv),
            ("prevalence", &self.prevalence),
        ]
    }
}

/// The five measures of one way of looking.
struct Five([Figure; 5]);

/// Measures of one round by what is taken for granted of those who did not come.
///
/// Cases that stand for nobody, and those whose horizon is not over, are left out.
///
/// # Source
///
/// Begg, Greenes, Biometrics 1983;39:207-215; worst case: Manski, Am Econ Rev 1990;80:319-323.
#[must_use]
pub fn uptake_among((model, level): (&Model, Score), cases: &[Case]) -> UptakeFigures {
    let bands = score_bands(model, level);
    let (flagged, sampled) = asked_among(cases);
    uptake_figures((model, level), &bands, (&flagged, &sampled))
}

pub(super) fn uptake_figures(
    (model, level): (&Model, Score),
    bands: &[ScoreBand],
    (flagged, sampled): (&[Case], &[Case]),
) -> UptakeFigures {
    let all = [flagged, sampled].concat();
    let below = below_level(sampled);
    let in_band = Weighted::of(&all, bands, Alike::InBand);
    let in_kind = Weighted::of(&all, bands, Alike::InBandSexAndAge);
    let figures = |weighted: &Weighted<'_>| Five::of((model, level), weighted, below);
    let naive = Five::unweighted((model, level), &all, below);
    let (band, kind) = (figures(&in_band), figures(&in_kind));
    let (low, high) = ODDS_OF_NON_COMERS;
    let bounds = |at: Which, others: [Others; 2], method| {
        kind.0[at as usize].and_then(|alike| bounded(at, alike, &in_kind.cells, others, method))
    };
    let measure = |at: Which| Measure {
        among_tested: naive.0[at as usize],
        alike_in_band: band.0[at as usize],
        alike_in_kind: kind.0[at as usize],
        within_odds: bounds(
            at,
            [Others::Odds(low), Others::Odds(high)],
            Method::BoundsWithinOdds,
        ),
        at_worst: bounds(
            at,
            [Others::Nobody, Others::Everybody],
            Method::WorstCaseBounds,
        ),
    };
    UptakeFigures {
        ppv: measure(Which::Ppv),
        sensitivity: measure(Which::Sensitivity),
        specificity: measure(Which::Specificity),
        npv: measure(Which::Npv),
        prevalence: measure(Which::Prevalence),
        weights: weights(&in_kind),
    }
}

/// A measure, in the order of [`Five`].
#[derive(Clone, Copy)]
enum Which {
    Ppv,
    Sensitivity,
    Specificity,
    Npv,
    Prevalence,
}

/// Whether those tested below the level say anything of everybody there.
fn below_level(sampled: &[Case]) -> Result<(), NotIdentifiable> {
    let counts = Counts::of(sampled);
    if counts.ordered == 0 {
        return Err(NotIdentifiable::NobodyTestedBelowLevel);
    }
    enough(counts.tested)
}

const fn enough(found: usize) -> Result<(), NotIdentifiable> {
    if found < FEWEST_IN_GROUP {
        return Err(NotIdentifiable::TooFewPeople {
            found,
            needed: FEWEST_IN_GROUP,
        });
    }
    Ok(())
}

fn weights(all: &Weighted<'_>) -> Option<Weights> {
    let each = || all.cases.iter().map(|(_, weight)| *weight);
    let (people, total) = (all.cases.len(), each().sum::<f64>());
    (0 < people).then(|| Weights {
        people,
        effective: total * total / each().map(|weight| weight * weight).sum::<f64>(),
        largest_over_mean: each().fold(0.0, f64::max) * people as f64 / total,
    })
}

impl Five {
    fn unweighted(
        (model, level): (&Model, Score),
        all: &[Case],
        below: Result<(), NotIdentifiable>,
    ) -> Self {
        let tested = all.iter().enumerate();
        let tested = tested.filter(|(_, case)| case.outcome.verified().is_some());
        let (places, cases) = tested.map(|(place, case)| (place, (case, 1.0))).unzip();
        let tested = Weighted {
            cases,
            places,
            uncovered: 0.0,
            cells: Vec::new(),
            cell_of: Vec::new(),
        };
        Self::of((model, level), &tested, below)
    }

    fn of(
        (model, level): (&Model, Score),
        all: &Weighted<'_>,
        below: Result<(), NotIdentifiable>,
    ) -> Self {
        let is_flagged = |case: &Case| case.decided == Decided::Flagged;
        let n_flagged = all
            .cases
            .iter()
            .filter(|(case, _)| is_flagged(case))
            .count();
        let Some(rows) = scores(model, all) else {
            return Self([Err(NotIdentifiable::EmptyDenominator); 5]);
        };
        let at = at_threshold(&rows, scaled(model, 2 * level));
        let confirmed = |flagged: bool| {
            let each = all
                .cases
                .iter()
                .filter(|(case, _)| is_flagged(case) == flagged);
            let largest = each.clone().map(|(_, weight)| *weight).fold(0.0, f64::max);
            let events = each
                .clone()
                .filter(|(case, _)| case.outcome.verified() == Some(true));
            let events: Vec<f64> = events.map(|(_, weight)| *weight).collect();
            let total: f64 = each.map(|(_, weight)| weight).sum();
            (weighted_count(&events, largest), total)
        };
        let (found, everybody_above) = confirmed(true);
        let (missed, everybody_below) = confirmed(false);
        let npv = |missed: f64| (1.0 - missed / everybody_below).max(0.0);
        let cases = count_of_both(found, missed);
        let prevalence = |cases: f64| (cases / (everybody_above + everybody_below)).min(1.0);
        let prevalence = Estimate {
            value: prevalence(cases.value),
            lower: prevalence(cases.lower),
            upper: prevalence(cases.upper),
            method: cases.method,
        };
        let here = enough(n_flagged);
        let both = below.and(here);
        Self([
            here.and(at.ppv),
            both.and_then(|()| share_found(found, missed)),
            both.and(at.specificity),
            below.map(|()| Estimate {
                value: npv(missed.value),
                lower: npv(missed.upper),
                upper: npv(missed.lower),
                method: missed.method,
            }),
            both.map(|()| prevalence),
        ])
    }
}

/// What those of a cell who did not come have.
#[derive(Clone, Copy)]
pub(super) enum Others {
    /// Odds of disease so many times those of the ones who came.
    Odds(f64),
    /// Nobody of them has it.
    Nobody,
    /// All of them have it.
    Everybody,
}

impl Others {
    /// Share of a cell that has the disease.
    pub(super) fn share(self, cell: &Cell) -> f64 {
        let came = cell.confirmed;
        let others = match self {
            Self::Odds(odds) => odds * came / (1.0 - came + odds * came),
            Self::Nobody => 0.0,
            Self::Everybody => 1.0,
        };
        cell.came * came + (1.0 - cell.came) * others
    }
}

/// A measure where those above and those below the level who did not come are as given.
fn measured(at: Which, cells: &[Cell], above: Others, below: Others) -> f64 {
    let (mut found, mut flagged, mut missed, mut rest) = (0.0, 0.0, 0.0, 0.0);
    for cell in cells {
        // Where nobody came, odds of nothing are nothing: such cells are in the worst case only.
        if cell.came <= 0.0 && matches!(above, Others::Odds(_)) {
            continue;
        }
        if cell.flagged {
            found += cell.everybody * above.share(cell);
            flagged += cell.everybody;
        } else {
            missed += cell.everybody * below.share(cell);
            rest += cell.everybody;
        }
    }
    match at {
        Which::Ppv => found / flagged,
        Which::Sensitivity => found / (found + missed),
        Which::Specificity => (rest - missed) / (rest - missed + flagged - found),
        Which::Npv => 1.0 - missed / rest,
        Which::Prevalence => (found + missed) / (flagged + rest),
    }
}

/// Bounds of a measure: both ends of what those who did not come may have, each with its chance.
///
/// The interval of the figure is moved by as much, in log odds, as the figure moves. Where the
/// figure is 0 or 1, log odds are infinite, and the interval moves by all the odds there are.
fn bounded(
    at: Which,
    alike: Estimate,
    cells: &[Cell],
    [few, many]: [Others; 2],
    method: Method,
) -> Figure {
    let (lowest, highest) = match at {
        Which::Sensitivity | Which::Specificity => (
            measured(at, cells, few, many),
            measured(at, cells, many, few),
        ),
        Which::Npv => (
            measured(at, cells, few, many),
            measured(at, cells, few, few),
        ),
        Which::Ppv | Which::Prevalence => (
            measured(at, cells, few, few),
            measured(at, cells, many, many),
        ),
    };
    let is_inside = |p: f64| 0.0 < p && p < 1.0;
    let moved = |limit: f64, end: f64, sign: f64| {
        if !is_inside(limit) {
            limit
        } else if is_inside(alike.value) && is_inside(end) {
            expit(log_odds(limit) + log_odds(end) - log_odds(alike.value))
        } else if let (Others::Odds(few), Others::Odds(many)) = (few, many) {
            expit(log_odds(limit) + sign * libm::log(many / few))
        } else {
            end
        }
    };
    let (lower, upper) = (
        moved(alike.lower, lowest, -1.0),
        moved(alike.upper, highest, 1.0),
    );
    Ok(Estimate {
        value: alike.value,
        lower: lower.min(lowest),
        upper: upper.max(highest),
        method,
    })
}

/// The middle of a case's score as a number from 0 to 1, for figures that need its order only.
fn scaled(model: &Model, twice_score: Score) -> f64 {
    let span = f64::from(model.max - model.min) + 1.0;
    (f64::from(twice_score) / 2.0 - f64::from(model.min)) / span
}

fn scores(model: &Model, weighted: &Weighted<'_>) -> Option<PairedOutcomes> {
    weighted.rows(|case| scaled(model, case.twice_middle().unwrap_or_default()))
}

pub(super) fn population(
    (model, _): (&Model, Score),
    bands: &[ScoreBand],
    (flagged, sampled): (&[Case], &[Case]),
    figures: &UptakeFigures,
) -> Result<Population, NotIdentifiable> {
    below_level(sampled)?;
    let counts = Counts::of(sampled);
    let everybody = [flagged, sampled].concat();
    let weighted = Weighted::of(&everybody, bands, Alike::InBandSexAndAge);
    let rows = scores(model, &weighted).ok_or(NotIdentifiable::NoEvents)?;
    // A few of great weight carry the whole of what was missed: no variance can be had from them.
    let area = match counts.confirmed {
        found @ 0..FEWEST_IN_GROUP => Err(NotIdentifiable::TooFewMissed {
            found,
            needed: FEWEST_IN_GROUP,
        }),
        FEWEST_IN_GROUP.. => auroc(&rows).map(|area| area.estimate),
    };
    Ok(Population {
        sensitivity: figures.sensitivity.alike_in_kind,
        specificity: figures.specificity.alike_in_kind,
        npv: figures.npv.alike_in_kind,
        auroc: area,
        sampled: counts.ordered,
        tested: counts.tested,
        confirmed: counts.confirmed,
    })
}
