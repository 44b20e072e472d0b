//! Those whom a calibration is held against, and what they stand for.

use super::cases::{
    Alike, Case, Cell, Place, ScoreBand, Weighted, asked_among, predicted, score_bands,
};
use super::figures::{Calibrated, Counts, Proposal, Tested};
use super::uptake::{ODDS_OF_NON_COMERS, Others};
use crate::calibration::{
    self, Estimate, FEWEST_IN_GROUP, Figure, Method, NotIdentifiable, PairedOutcomes, Rows,
    Settings, calibration_slope, observed_to_expected, recalibrate,
};
use crate::rulebook::{Calibration, Model, Score};

/// Whom calibration is looked at in: everybody where enough were confirmed among the sampled, so that
/// those below the level weigh in with more than a few.
pub(super) fn tested_among(sampled: &[Case]) -> Tested {
    if Counts::of(sampled).confirmed < FEWEST_IN_GROUP {
        Tested::FlaggedOnly
    } else {
        Tested::Everybody
    }
}

/// O:E and slope of one round.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WeakCalibration {
    /// Whom they are of.
    pub tested: Tested,
    /// O:E.
    pub o_e: Figure,
    /// Calibration slope.
    pub slope: Figure,
    /// Bounds of O:E where the odds of those who did not come are within [`ODDS_OF_NON_COMERS`].
    pub o_e_within_odds: Figure,
    /// The same of the slope.
    pub slope_within_odds: Figure,
}

/// O:E and slope of one round's cases, as [`learn`](super::learn) has them, without its other figures.
///
/// Cases that stand for nobody, and those whose horizon is not over, are left out.
#[must_use]
pub fn weak_calibration_among(
    calibration: &Calibration,
    (model, level): (&Model, Score),
    cases: &[Case],
) -> WeakCalibration {
    let (flagged, sampled) = asked_among(cases);
    let tested = tested_among(&sampled);
    let bands = score_bands(model, level);
    let judged = Judged::among(&bands, (&flagged, &sampled), tested);
    let of = |figure: Statistic| figure(&judged.enough(calibration)?);
    let within_odds = |figure: Statistic| {
        judged.enough(calibration)?;
        judged.within_odds(calibration, figure)
    };
    WeakCalibration {
        tested,
        o_e: of(observed_to_expected),
        slope: of(calibration_slope),
        o_e_within_odds: within_odds(observed_to_expected),
        slope_within_odds: within_odds(calibration_slope),
    }
}

/// A figure of rows.
type Statistic = fn(&PairedOutcomes) -> Figure;

/// Verified people that a calibration is held against.
pub(super) struct Judged {
    /// Each with what it stands for, and the cell of those who did not come and are taken to be like it.
    rows: Vec<(Case, f64, Cell)>,
    is_weighted: bool,
}

impl Judged {
    pub(super) fn among(
        bands: &[ScoreBand],
        (flagged, sampled): (&[Case], &[Case]),
        tested: Tested,
    ) -> Self {
        match tested {
            Tested::Everybody => Self::of(&[flagged, sampled].concat(), bands),
            Tested::FlaggedOnly => Self::of(flagged, bands),
        }
    }

    fn of(cases: &[Case], bands: &[ScoreBand]) -> Self {
        let weighted = Weighted::of(cases, bands, Alike::InBandSexAndAge);
        let cells = weighted.cell_of.iter().map(|at| weighted.cells[*at]);
        let rows = weighted.cases.iter().zip(cells);
        Self {
            rows: rows
                .map(|((case, weight), cell)| (**case, *weight, cell))
                .collect(),
            // Where all came each stands for itself alone, and what is made for plain rows is sharper.
            is_weighted: weighted.stand_for_others(),
        }
    }

    pub(super) fn cases(&self) -> Vec<Case> {
        self.rows.iter().map(|(case, ..)| *case).collect()
    }

    pub(super) fn ranges(&self) -> usize {
        let is_range = |score: (Score, Score)| score.0 < score.1;
        let rows = self.rows.iter();
        rows.filter(|(case, ..)| case.score.is_some_and(is_range))
            .count()
    }

    fn table(&self, calibration: &Calibration, place: Place) -> Rows {
        let p = |case: &Case| predicted(calibration, case.score.unwrap_or_default(), place);
        let rows = self.rows.iter();
        let occurred = rows
            .clone()
            .map(|(case, ..)| case.outcome.verified() == Some(true));
        Rows {
            predicted: rows.clone().map(|(case, ..)| p(case)).collect(),
            occurred: occurred.collect(),
            weights: self
                .is_weighted
                .then(|| rows.map(|(_, weight, _)| *weight).collect()),
            follow_up: None,
        }
    }

    fn paired(
        &self,
        calibration: &Calibration,
        place: Place,
    ) -> Result<PairedOutcomes, NotIdentifiable> {
        paired(self.table(calibration, place))
    }

    /// Rows with enough confirmed and enough others for O:E and slope.
    fn enough(&self, calibration: &Calibration) -> Result<PairedOutcomes, NotIdentifiable> {
        let rows = self.paired(calibration, Place::Middle)?;
        if rows.limiting() < FEWEST_IN_GROUP {
            return Err(NotIdentifiable::InsufficientEvidence {
                found: rows.limiting(),
                needed: FEWEST_IN_GROUP,
            });
        }
        Ok(rows)
    }

    /// Rows in which those of a cell who did not come have the disease as often as is given.
    fn unlike(
        &self,
        calibration: &Calibration,
        others: impl Fn(&Cell) -> Others,
    ) -> Result<PairedOutcomes, NotIdentifiable> {
        let mut rows = self.table(calibration, Place::Middle);
        let weights = self.rows.iter().map(|(case, weight, cell)| {
            let share = others(cell).share(cell);
            match case.outcome.verified() {
                // Somebody of the cell was confirmed, so that the share of those is above zero.
                Some(true) => weight * share / cell.confirmed,
                Some(false) | None => weight * (1.0 - share) / (1.0 - cell.confirmed),
            }
        });
        rows.weights = Some(weights.collect());
        paired(rows)
    }

    /// The widest limits of a figure where the odds of those who did not come differ by stated factors.
    ///
    /// O:E is lowest and highest where they differ alike everywhere; a slope where they are low below a
    /// band of scores and high from it on, or the other way round. All of these are tried.
    fn within_odds(&self, calibration: &Calibration, figure: Statistic) -> Figure {
        let alike = figure(&self.paired(calibration, Place::Middle)?)?;
        let mut bounds = Estimate {
            method: Method::BoundsWithinOdds,
            ..alike
        };
        let (low, high) = ODDS_OF_NON_COMERS;
        let last = self.rows.iter().map(|(.., cell)| cell.band).max();
        for turn in 0..=last.unwrap_or_default() {
            for (below, above) in [(low, high), (high, low)] {
                let others =
                    |cell: &Cell| Others::Odds(if cell.band < turn { below } else { above });
                let found = figure(&self.unlike(calibration, others)?)?;
                bounds.lower = bounds.lower.min(found.lower);
                bounds.upper = bounds.upper.max(found.upper);
            }
        }
        Ok(bounds)
    }

    pub(super) fn calibrated(
        &self,
        calibration: &Calibration,
    ) -> Result<Calibrated, NotIdentifiable> {
        self.enough(calibration)?;
        let table = self.table(calibration, Place::Middle);
        let evaluation = calibration::evaluate(&table, &[], &Settings::default());
        let at = |place| observed_to_expected(&self.paired(calibration, place)?);
        Ok(Calibrated {
            evaluation: evaluation.map_err(|_| NotIdentifiable::EmptyDenominator)?,
            o_e_if_lowest: at(Place::Lowest),
            o_e_if_highest: at(Place::Highest),
            o_e_within_odds: self.within_odds(calibration, observed_to_expected),
            slope_within_odds: self.within_odds(calibration, calibration_slope),
        })
    }

    pub(super) fn proposal(&self, calibration: &Calibration) -> Result<Proposal, NotIdentifiable> {
        let recalibration = recalibrate(&self.paired(calibration, Place::Middle)?)?;
        let (intercept, slope) = recalibration.update();
        let calibration = calibration.shifted(intercept, slope);
        Ok(Proposal {
            recalibration,
            after: self.calibrated(&calibration)?,
            calibration,
        })
    }
}

fn paired(rows: Rows) -> Result<PairedOutcomes, NotIdentifiable> {
    let Rows {
        predicted,
        occurred,
        weights,
        follow_up: _,
    } = rows;
    PairedOutcomes::new(predicted, occurred, weights).map_err(|_| NotIdentifiable::TooFewPeople {
        found: 0,
        needed: FEWEST_IN_GROUP,
    })
}
