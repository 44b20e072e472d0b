//! Whom a proposal is judged on: verified people with the day of their decision and their groups.

use jiff::civil::Date;

use crate::calibration::{Compared, NotIdentifiable, PairedOutcomes};
use crate::learning::cases::{Alike, Case, Round, ScoreBand, Weighted};
use crate::learning::figures::Tested;
use crate::outcomes::Decided;
use crate::rulebook::Calibration;

/// By what people are told apart, in the order of [`DatedCase::groups`].
pub const DIMENSIONS: [&str; 3] = ["sex", "age", "language"];

impl Tested {
    /// Whom a proposal on record was fitted on, by the name it has there; any other name claims the less.
    #[must_use]
    pub fn of(name: &str) -> Self {
        if name == Self::Everybody.name() {
            Self::Everybody
        } else {
            Self::FlaggedOnly
        }
    }
}

/// A followed decision with its day and whom it is about, as far as groups go.
#[derive(Debug, Clone, PartialEq)]
pub struct DatedCase {
    /// The decision, the score and what became of it.
    pub case: Case,
    /// Day zero.
    pub on: Date,
    /// The group in each of [`DIMENSIONS`].
    pub groups: [String; 3],
}

/// The last day of decisions that are fitted, when at least a share of the verified ones, the newest,
/// is held out; nothing when they are all of one day. `days` are those of verified decisions.
#[must_use]
pub fn fitted_until(mut days: Vec<Date>, held_out: f64) -> Option<Date> {
    days.sort_unstable();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of the length lies between 0 and the length"
    )]
    let fitted = ((1.0 - held_out) * days.len() as f64).floor() as usize;
    let first_held_out = *days.get(fitted)?;
    // Whoever was decided about on one day is on one side.
    days.into_iter().rev().find(|day| *day < first_held_out)
}

/// Verified people of some days, each with what it stands for.
pub(super) struct People<'c> {
    pub(super) rows: Vec<(&'c DatedCase, f64)>,
    is_weighted: bool,
}

impl<'c> People<'c> {
    /// As for the fit: the flagged alone, or everybody who stands for others.
    pub(super) fn of(
        cases: &'c [DatedCase],
        bands: &[ScoreBand],
        tested: Tested,
        days: impl Fn(Date) -> bool,
    ) -> Self {
        let is_judged = |case: &&DatedCase| {
            let is_flagged = case.case.decided == Decided::Flagged;
            days(case.on)
                && case.case.round == Round::First
                && case.case.weight().is_some()
                && (is_flagged || tested == Tested::Everybody)
        };
        let judged: Vec<&DatedCase> = cases.iter().filter(is_judged).collect();
        let plain: Vec<Case> = judged.iter().map(|case| case.case).collect();
        let weighted = Weighted::of(&plain, bands, Alike::InBandSexAndAge);
        let weights = weighted.cases.iter().map(|(_, weight)| *weight);
        let rows = weighted.places.iter().zip(weights);
        Self {
            rows: rows
                .map(|(place, weight)| (judged[*place], weight))
                .collect(),
            is_weighted: weighted.stand_for_others(),
        }
    }

    /// Some of them.
    pub(super) fn only(&self, wanted: impl Fn(&DatedCase) -> bool) -> Self {
        let rows = self.rows.iter().filter(|(case, _)| wanted(case));
        Self {
            rows: rows.copied().collect(),
            is_weighted: self.is_weighted,
        }
    }

    pub(super) fn events(&self) -> usize {
        let rows = self.rows.iter();
        rows.filter(|(case, _)| case.case.outcome.verified() == Some(true))
            .count()
    }

    /// The smaller of the numbers of confirmed and others.
    pub(super) fn limiting(&self) -> usize {
        let events = self.events();
        events.min(self.rows.len() - events)
    }

    /// How many people they stand for.
    pub(super) fn weight(&self) -> f64 {
        self.rows
            .iter()
            .map(|(_, weight)| if self.is_weighted { *weight } else { 1.0 })
            .sum()
    }

    fn predicted(&self, calibration: &Calibration) -> Vec<f64> {
        let rows = self.rows.iter();
        rows.map(|(case, _)| case.case.predicted(calibration).unwrap_or_default())
            .collect()
    }

    fn occurred(&self) -> Vec<bool> {
        let rows = self.rows.iter();
        rows.map(|(case, _)| case.case.outcome.verified() == Some(true))
            .collect()
    }

    fn weights(&self) -> Option<Vec<f64>> {
        let weights = self.rows.iter().map(|(_, weight)| *weight);
        self.is_weighted.then(|| weights.collect())
    }

    /// One calibration's predictions and what happened.
    pub(super) fn paired(
        &self,
        calibration: &Calibration,
    ) -> Result<PairedOutcomes, NotIdentifiable> {
        PairedOutcomes::new(self.predicted(calibration), self.occurred(), self.weights())
            .map_err(|_| NotIdentifiable::NoEvents)
    }

    /// Two calibrations' predictions and what happened.
    pub(super) fn compared(
        &self,
        old: &Calibration,
        new: &Calibration,
    ) -> Result<Compared, NotIdentifiable> {
        let both = (self.predicted(old), self.predicted(new));
        Compared::new(both, self.occurred(), self.weights()).map_err(|_| NotIdentifiable::NoEvents)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn whoever_was_decided_about_on_one_day_is_on_one_side() {
        let day = |n: i8| date(2026, 3, n);
        for (days, share, expected) in [
            (vec![], 0.4, None),
            (vec![day(1); 10], 0.4, None),
            (vec![day(1), day(2)], 0.4, Some(day(1))),
            // Six are fitted and four judge.
            ((1..=10).map(day).collect(), 0.4, Some(day(6))),
            // The fourth day would be on both sides: all of it judges.
            (
                vec![day(1), day(2), day(3), day(4), day(4), day(4), day(4)],
                0.5,
                Some(day(3)),
            ),
            // Out of order, it is the same.
            (vec![day(3), day(1), day(2)], 0.4, Some(day(1))),
        ] {
            assert_eq!(fitted_until(days.clone(), share), expected, "{days:?}");
        }
    }
}
