//! Precision and uptake by the quarter of the decision.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::cases::{Case, Round};
use super::figures::{Counts, proportion};
use super::gates::{named, quarter};
use crate::calibration::Figure;
use crate::outcomes::Decided;

/// Precision and uptake among the flagged of one quarter whose horizon is over.
#[derive(Debug, Clone, PartialEq)]
pub struct QuarterFigures {
    /// `2026 Q1`.
    pub name: String,
    /// Tests were ordered for so many.
    pub ordered: usize,
    /// So many of them had all tests.
    pub tested: usize,
    /// Of the tested so many were confirmed.
    pub confirmed: usize,
    /// Share of the ordered who were tested.
    pub uptake: Figure,
    /// Share of the ordered who were diagnosed, tested or not.
    pub ppv_per_order: Figure,
    /// Share of the tested who were confirmed.
    pub ppv_per_result: Figure,
}

/// Precision and uptake by the quarter of the index date, oldest first.
#[must_use]
pub fn by_quarter(round: Round, cases: &[(Case, Date)]) -> Vec<QuarterFigures> {
    let mut quarters: BTreeMap<i32, Vec<Case>> = BTreeMap::new();
    let is_counted = |case: &Case| {
        case.round == round && case.decided == Decided::Flagged && case.outcome.counts()
    };
    for (case, on) in cases.iter().filter(|(case, _)| is_counted(case)) {
        quarters.entry(quarter(*on)).or_default().push(*case);
    }
    let quarters = quarters.into_iter();
    quarters
        .map(|(at, cases)| {
            let counts = Counts::of(&cases);
            QuarterFigures {
                name: named(at, at),
                ordered: counts.ordered,
                tested: counts.tested,
                confirmed: counts.confirmed,
                uptake: proportion(counts.tested, counts.ordered),
                ppv_per_order: proportion(counts.found, counts.ordered),
                ppv_per_result: proportion(counts.confirmed, counts.tested),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::outcomes::{Negative, Outcome, Unverified};
    use crate::profile::Sex;

    fn case(outcome: Outcome) -> Case {
        Case {
            round: Round::First,
            decided: Decided::Flagged,
            score: Some((15, 15)),
            sex: Sex::Female,
            age: Some(50),
            outcome,
        }
    }

    #[test]
    fn a_quarter_begins_on_its_first_day() {
        let days = [
            date(2026, 3, 31),
            date(2026, 4, 1),
            date(2026, 12, 31),
            date(2027, 1, 1),
        ];
        let negative = case(Outcome::Negative(Negative::Normal));
        let cases = days.map(|day| (negative, day));
        let found = by_quarter(Round::First, &cases);
        let names: Vec<&str> = found.iter().map(|quarter| &*quarter.name).collect();
        assert_eq!(names, ["2026 Q1", "2026 Q2", "2026 Q4", "2027 Q1"]);
    }

    #[test]
    fn only_the_flagged_of_the_round_whose_horizon_is_over_are_counted() {
        let day = date(2026, 1, 15);
        let confirmed = case(Outcome::Positive { tested: true });
        let repeat = Case {
            round: Round::Repeat,
            ..confirmed
        };
        let below = Case {
            decided: Decided::BelowLevel,
            ..confirmed
        };
        let cases = [
            confirmed,
            case(Outcome::Negative(Negative::Normal)),
            case(Outcome::Unverified(Unverified::NotTested)),
            case(Outcome::Unverified(Unverified::HorizonNotOver)),
            repeat,
            below,
        ];
        let found = by_quarter(Round::First, &cases.map(|case| (case, day)));
        assert_eq!(found.len(), 1);
        let quarter = &found[0];
        assert_eq!(
            (quarter.ordered, quarter.tested, quarter.confirmed),
            (3, 2, 1)
        );
        // Three people are too few for a share; ten are enough.
        assert!(quarter.uptake.is_err());
        let many = [(confirmed, day); 10];
        assert!(by_quarter(Round::First, &many)[0].uptake.is_ok());
        assert!(by_quarter(Round::First, &many[1..])[0].uptake.is_err());
    }
}
