//! Who stands for whom, worked out by hand.

use super::cases::{Alike, Weighted};
use super::{Case, Round, ScoreBand, proportion};
use crate::calibration::{Method, NotIdentifiable};
use crate::outcomes::{Decided, Lost, Negative, Outcome, Unverified};
use crate::pathway::Inclusion;
use crate::profile::Sex;
use crate::rulebook::{Score, ScoreUnit};

fn bands() -> Vec<ScoreBand> {
    let band = |name: &str, from, to| ScoreBand {
        name: name.to_owned(),
        from,
        to,
        unit: ScoreUnit::Points,
    };
    vec![
        band("low", 0, 11),
        band("middle", 12, 14),
        band("high", 15, 26),
    ]
}

fn case(decided: Decided, score: (Score, Score), outcome: Outcome) -> Case {
    Case {
        round: Round::First,
        decided,
        score: Some(score),
        sex: Sex::Female,
        age: Some(55),
        outcome,
    }
}

fn fiftieth() -> Decided {
    Decided::SampledNegative(Inclusion::from_billionths(20_000_000).expect("a probability"))
}

const CONFIRMED: Outcome = Outcome::Positive { tested: true };
const NORMAL: Outcome = Outcome::Negative(Negative::Normal);
const AWAY: Outcome = Outcome::Unverified(Unverified::NotTested);

fn weights(cases: &[Case]) -> (Vec<f64>, f64) {
    let weighted = Weighted::of(cases, &bands(), Alike::InBandSexAndAge);
    let weights = weighted.cases.iter().map(|(_, weight)| *weight);
    (weights.collect(), weighted.uncovered)
}

#[track_caller]
fn near(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-9, "{found} {expected}");
    }
}

#[test]
fn who_came_stands_for_those_of_the_band_who_did_not() {
    let flagged = |score, outcome| case(Decided::Flagged, (score, score), outcome);
    let (found, uncovered) = weights(&[
        // Of four with 12 to 14 points two came; of three with more, all.
        flagged(12, CONFIRMED),
        flagged(13, NORMAL),
        flagged(14, AWAY),
        flagged(14, Outcome::Lost(Lost::Died)),
        flagged(15, CONFIRMED),
        flagged(20, NORMAL),
        flagged(26, NORMAL),
    ]);
    near(&found, &[2.0, 2.0, 1.0, 1.0, 1.0]);
    near(&[uncovered], &[0.0]);
}

#[test]
fn who_was_drawn_stands_for_fifty_and_for_those_who_did_not_come() {
    let (found, _) = weights(&[
        case(fiftieth(), (5, 5), NORMAL),
        case(fiftieth(), (5, 5), AWAY),
        // In nobody's place: not drawn, there already, not over yet.
        case(Decided::BelowLevel, (5, 5), CONFIRMED),
        case(fiftieth(), (5, 5), Outcome::Prevalent),
        case(
            fiftieth(),
            (5, 5),
            Outcome::Unverified(Unverified::HorizonNotOver),
        ),
        case(Decided::Flagged, (12, 12), CONFIRMED),
    ]);
    near(&found, &[100.0, 1.0]);
}

#[test]
fn a_band_of_which_nobody_came_is_named_and_in_no_figure() {
    let (found, uncovered) = weights(&[
        case(Decided::Flagged, (12, 12), AWAY),
        case(Decided::Flagged, (13, 13), AWAY),
        case(Decided::Flagged, (20, 20), NORMAL),
    ]);
    near(&found, &[1.0]);
    near(&[uncovered], &[2.0]);
}

/// A diagnosis without the tests says nothing of who came: counted per order, not per result.
#[test]
fn a_diagnosis_without_the_tests_stands_for_nobody() {
    let untested = Outcome::Positive { tested: false };
    let (found, _) = weights(&[
        case(Decided::Flagged, (12, 12), untested),
        case(Decided::Flagged, (12, 12), NORMAL),
    ]);
    near(&found, &[2.0]);
}

#[test]
fn a_range_of_scores_lies_in_the_band_of_its_middle() {
    let bands = bands();
    for (score, band) in [
        ((12, 12), 1),
        ((12, 17), 1),
        ((12, 18), 2),
        ((5, 11), 0),
        ((0, 11), 0),
    ] {
        let case = case(Decided::Flagged, score, NORMAL);
        let found = bands.iter().position(|band| band.holds(&case));
        assert_eq!(found, Some(band), "{score:?}");
    }
}

#[test]
fn ten_people_are_enough_for_a_share_and_nine_are_not() {
    assert_eq!(proportion(5, 10).expect("enough").method, Method::Wilson);
    let few = NotIdentifiable::TooFewPeople {
        found: 9,
        needed: 10,
    };
    assert_eq!(proportion(5, 9), Err(few));
}
