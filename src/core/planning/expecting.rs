//! How many cases are to be expected among whom, by the calibration in force.

use crate::rulebook::{Calibration, CalibrationUse, Model, Score, ScoreUnit};

/// Of a score that is a probability, bins of half a per cent: finer ones would cost memory for digits
/// that no calibration has.
const BIN_OF_PROBABILITY: usize = 5_000;

/// The least and the most probability of a case, by bins of scores.
///
/// Both rise from bin to bin, also where the calibration does not: then they are the limits of all
/// that lies above, and below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expecting {
    /// The lowest score of each bin, rising.
    starts: Vec<Score>,
    /// The least probability of a score in the bin or above, in units of 1e-9.
    least: Vec<u32>,
    /// The most probability of a score in the bin or below, in units of 1e-9.
    most: Vec<u32>,
}

/// Why nobody can say how many cases are to be expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotExpected {
    /// The calibration is there to be shown.
    #[error("the calibration in force is for display, not for prediction")]
    NotAPrediction,
    /// The programme does not find out what the calibration is about.
    #[error("the calibration in force is of something that the programme does not observe")]
    NotObserved,
    /// Nobody has seen where its numbers come from, and no recalibration was accepted.
    #[error("the numbers of the calibration in force are not verified")]
    NotVerified,
}

impl Expecting {
    /// By a calibration of a model's scores that predicts what the programme observes, and which is
    /// verified or was recalibrated by outcomes.
    ///
    /// # Errors
    ///
    /// [`NotExpected`] says which of these does not hold.
    pub fn by(calibration: &Calibration, model: &Model) -> Result<Self, NotExpected> {
        match calibration.use_for {
            CalibrationUse::Display => return Err(NotExpected::NotAPrediction),
            CalibrationUse::Prediction => {}
        }
        if calibration.estimand.observed.is_none() {
            return Err(NotExpected::NotObserved);
        }
        if !calibration.verified && calibration.recalibrated.is_none() {
            return Err(NotExpected::NotVerified);
        }
        let width = match model.unit {
            ScoreUnit::Points => 1,
            ScoreUnit::PartsPerMillion => BIN_OF_PROBABILITY,
        };
        let starts: Vec<Score> = (model.min..=model.max).step_by(width).collect();
        let ends = starts.iter().skip(1).map(|next| next - 1);
        let ends = ends.chain([model.max]);
        Ok(Self {
            least: starts
                .iter()
                .map(|start| calibration.over(*start, model.max).0)
                .collect(),
            most: ends.map(|end| calibration.over(model.min, end).1).collect(),
            starts,
        })
    }

    /// A made-up one: rising probabilities of scores from 0 on, in units of 1e-9.
    #[cfg(test)]
    pub(super) fn made_up(probabilities: &[u32]) -> Self {
        Self {
            starts: (0..).take(probabilities.len()).collect(),
            least: probabilities.to_vec(),
            most: probabilities.to_vec(),
        }
    }

    /// The bin of a score.
    pub(super) fn bin(&self, score: Score) -> usize {
        let above = self.starts.partition_point(|start| *start <= score);
        above.saturating_sub(1)
    }

    /// How many bins there are.
    pub(super) const fn n_bins(&self) -> usize {
        self.starts.len()
    }

    /// How much the least probability rises in each bin.
    pub(super) fn rises_least(&self) -> impl Iterator<Item = u32> {
        rises(&self.least)
    }

    /// How much the most probability rises in each bin.
    pub(super) fn rises_most(&self) -> impl Iterator<Item = u32> {
        rises(&self.most)
    }
}

fn rises(probabilities: &[u32]) -> impl Iterator<Item = u32> {
    let before = [0].into_iter().chain(probabilities.iter().copied());
    // `over` a shorter stretch finds no lower least and no higher most.
    let pairs = probabilities.iter().zip(before);
    pairs.map(|(here, before)| here.saturating_sub(before))
}
