//! The same programmes, of which only some come: do the intervals of O:E and of the calibration slope hold
//! the truth?
//!
//! The truth is what all would show had they all come: all residents where enough were confirmed among the
//! sampled negatives, else the flagged. Then nothing is claimed of everybody, and that is counted as a refusal.
//!
//! Where age decides who comes, and has a part of its own in the disease, log odds are no straight line of
//! the score any more; the true slope is that of the line through everybody.

use std::io::Write;

use preventiojyraa_core::calibration::{
    Figure, Method, NotIdentifiable, PairedOutcomes, calibration_slope, observed_to_expected,
};
use preventiojyraa_core::learning::{
    Case, Round, Tested, WeakCalibration, learn, weak_calibration_among,
};
use preventiojyraa_core::outcomes::{Decided, Negative, Outcome, Unverified};
use preventiojyraa_core::profile::Sex;
use preventiojyraa_core::rulebook::Score;

use super::learning::scores;
use super::uptake::{AGES, Comes, Held, MISSED, Scenario, expit, n_programmes};
use crate::support::shipped::rulebook;

/// One programme's figures, and those of whoever thinks of nobody but the tested.
struct Found {
    learned: WeakCalibration,
    /// O:E and slope of the same people, unweighted.
    naive: [Figure; 2],
}

fn found(cases: &[Case]) -> Found {
    let (model, level) = (&rulebook().model, rulebook().pathway.lowest_level());
    let learned = weak_calibration_among(&rulebook().calibration, (model, level), cases);
    let is_among = |case: &&Case| match learned.tested {
        Tested::Everybody => true,
        Tested::FlaggedOnly => case.decided == Decided::Flagged,
    };
    let tested = cases.iter().filter(is_among).filter_map(|case| {
        let predicted = case.predicted(&rulebook().calibration)?;
        Some((predicted, case.outcome.verified()?))
    });
    let (predicted, occurred) = tested.unzip();
    let rows = PairedOutcomes::new(predicted, occurred, None);
    let naive = rows.map_or([Err(NotIdentifiable::NoEvents); 2], |rows| {
        [observed_to_expected(&rows), calibration_slope(&rows)]
    });
    Found { learned, naive }
}

const NAMES: [&str; 2] = ["O:E", "slope"];

/// O:E and slope of everybody, or of the flagged, had they all come.
fn truths(scenario: Scenario, tested: Tested) -> [f64; 2] {
    let level = rulebook().pathway.lowest_level();
    let calibration = &rulebook().calibration;
    let is_among = |score: Score| match tested {
        Tested::Everybody => true,
        Tested::FlaggedOnly => level <= score,
    };
    // Share, log odds of the prediction, and probability of the disease.
    let people: Vec<[f64; 3]> = scores()
        .into_iter()
        .filter(|(score, _)| is_among(*score))
        .flat_map(|(score, share)| {
            let predicted = f64::from(calibration.at(score)) / 1e9;
            let log_odds = (predicted / (1.0 - predicted)).ln();
            AGES.map(|age| [share / 2.0, log_odds, scenario.has_it(score, age)])
        })
        .collect();
    let observed: f64 = people.iter().map(|[share, _, p]| share * p).sum();
    let expected: f64 = people.iter().map(|[share, x, _]| share * expit(*x)).sum();
    [observed / expected, line_through(&people)]
}

/// The slope of the logistic line through everybody, by Newton's method.
fn line_through(people: &[[f64; 3]]) -> f64 {
    let (mut intercept, mut slope) = (0.0, 1.0);
    for _ in 0..50 {
        let (mut g, mut h) = ([0.0; 2], [0.0; 3]);
        for [share, x, p] in people {
            let mu = expit(intercept + slope * x);
            let (residual, spread) = (share * (p - mu), share * mu * (1.0 - mu));
            g[0] += residual;
            g[1] += residual * x;
            h[0] += spread;
            h[1] += spread * x;
            h[2] += spread * x * x;
        }
        let determinant = h[0] * h[2] - h[1] * h[1];
        intercept += (h[2] * g[0] - h[1] * g[1]) / determinant;
        slope += (h[0] * g[1] - h[1] * g[0]) / determinant;
    }
    slope
}

/// A scenario's programmes of one kind.
struct Looked {
    scenario: Scenario,
    whom: Tested,
    found: Vec<Found>,
    /// Programmes of the scenario.
    n_all: usize,
}

impl Looked {
    /// Runs the programmes, and says how often the intervals hold the truth: of everybody, and of the flagged.
    fn at(scenario: Scenario) -> [Self; 2] {
        let all = scenario.programmes(n_programmes(), found);
        let n_all = all.len();
        let (everybody, flagged): (Vec<Found>, Vec<Found>) = all
            .into_iter()
            .partition(|found| found.learned.tested == Tested::Everybody);
        [
            (Tested::Everybody, everybody),
            (Tested::FlaggedOnly, flagged),
        ]
        .map(|(whom, found)| {
            let looked = Self {
                scenario,
                whom,
                found,
                n_all,
            };
            if !looked.found.is_empty() {
                for at in 0..2 {
                    let _ = writeln!(std::io::stderr(), "{}", looked.line(at));
                }
            }
            looked
        })
    }

    fn held(&self, at: usize, way: Way) -> Held {
        let figures = self.found.iter().map(|found| way(found)[at]);
        Held::of(figures, truths(self.scenario, self.whom)[at])
    }

    /// Whether there are enough programmes of this kind to say how often their intervals hold the truth.
    fn is_usual(&self) -> bool {
        self.n_all <= 10 * self.found.len()
    }

    /// Programmes that give an interval without the truth.
    fn n_wrong(&self, at: usize) -> usize {
        let held = self.held(at, ALIKE);
        held.given - held.n_held()
    }

    fn line(&self, at: usize) -> String {
        let Scenario { missed, comes } = self.scenario;
        let mean = |way: Way| {
            let figures = self.found.iter().filter_map(|found| way(found)[at].ok());
            let values: Vec<f64> = figures.map(|figure| figure.value).collect();
            values.iter().sum::<f64>() / values.len() as f64
        };
        let share = |way| self.held(at, way).share();
        format!(
            "| {missed} | {comes:?} | {} | {} of {} | {} | {:.3} | {:.3} {:.3} | {:.3} {:.3} | {:.3} |",
            self.whom.name(),
            self.found.len(),
            self.n_all,
            NAMES[at],
            truths(self.scenario, self.whom)[at],
            mean(LEFT_OUT),
            share(LEFT_OUT),
            mean(ALIKE),
            share(ALIKE),
            share(WITHIN_ODDS),
        )
    }
}

/// A way of looking at those who did not come: O:E and slope by it.
type Way = fn(&Found) -> [Figure; 2];

const LEFT_OUT: Way = |found| found.naive;
const ALIKE: Way = |found| [found.learned.o_e, found.learned.slope];
const WITHIN_ODDS: Way = |found| {
    let learned = &found.learned;
    [learned.o_e_within_odds, learned.slope_within_odds]
};
const O_E: usize = 0;

#[test]
fn intervals_of_o_e_and_slope_hold_the_truth_where_those_who_came_are_like_the_others() {
    let mut short = Vec::new();
    for comes in [Comes::ByBand, Comes::ByAge] {
        for missed in MISSED {
            let [everybody, flagged] = Looked::at(Scenario { missed, comes });
            for looked in [&everybody, &flagged] {
                let usual =
                    (0..2).filter(|at| looked.is_usual() && !looked.held(*at, ALIKE).is_enough());
                short.extend(usual.map(|at| looked.line(at)));
                if comes == Comes::ByAge && looked.is_usual() {
                    // The old come more often and have it more often: O:E of whoever came is too high.
                    let naive = looked.held(O_E, LEFT_OUT).share();
                    assert!(naive < 0.9, "{}", looked.line(O_E));
                }
            }
            // With too few missed a programme claims nothing of everybody, unless by a lucky draw; then it is
            // wrong. That it claims something wrong is no more usual than one in twenty all the same.
            for at in 0..2 {
                let wrong = everybody.n_wrong(at) as f64 / everybody.n_all as f64;
                assert!(wrong <= 0.075, "{}", everybody.line(at));
            }
        }
    }
    assert!(short.is_empty(), "{}", short.join("\n"));
}

#[test]
fn bounds_of_o_e_and_slope_hold_the_truth_where_those_with_the_disease_stay_away() {
    let mut short = Vec::new();
    for missed in MISSED {
        let comes = Comes::Hidden;
        for looked in Looked::at(Scenario { missed, comes }) {
            let usual =
                (0..2).filter(|at| looked.is_usual() && !looked.held(*at, WITHIN_ODDS).is_enough());
            short.extend(usual.map(|at| looked.line(at)));
            // With enough people, the interval that takes them to be alike is of something else.
            if 50.0 <= missed && looked.is_usual() {
                assert!(
                    looked.held(O_E, ALIKE).share() < 0.5,
                    "{}",
                    looked.line(O_E)
                );
            }
        }
    }
    assert!(short.is_empty(), "{}", short.join("\n"));
}

#[test]
fn what_is_held_against_the_truth_is_what_learning_says() {
    let (model, level) = (&rulebook().model, rulebook().pathway.lowest_level());
    let calibration = &rulebook().calibration;
    let mut whom = Vec::new();
    for missed in [2.0, 50.0] {
        let comes = Comes::ByAge;
        let cases = Scenario { missed, comes }.programme(7);
        let weak = weak_calibration_among(calibration, (model, level), &cases);
        let learned = learn(calibration, &calibration.estimand, (model, level), &cases);
        let round = learned.expect("one estimand").first;
        let known = round.calibration.expect("enough people");
        let whole = &known.evaluation.whole;
        assert_eq!(
            [
                weak.o_e,
                weak.slope,
                weak.o_e_within_odds,
                weak.slope_within_odds
            ],
            [
                whole.o_e,
                whole.slope,
                known.o_e_within_odds,
                known.slope_within_odds
            ]
        );
        assert_eq!(weak.tested, round.tested);
        whom.push(weak.tested);
    }
    assert_eq!(whom, [Tested::FlaggedOnly, Tested::Everybody]);
}

/// So many flagged with 16 points, of whom so many came, half of them confirmed.
fn flagged(n: usize, came: usize) -> Vec<Case> {
    let cases = (0..n).map(|at| Case {
        round: Round::First,
        decided: Decided::Flagged,
        score: Some((16, 16)),
        sex: Sex::Female,
        age: Some(55),
        outcome: match (at < came, at % 2) {
            (false, _) => Outcome::Unverified(Unverified::NotTested),
            (true, 0) => Outcome::Positive { tested: true },
            (true, _) => Outcome::Negative(Negative::Normal),
        },
    });
    cases.collect()
}

#[test]
fn bounds_are_what_the_odds_of_those_who_did_not_come_make_of_it() {
    let (model, level) = (&rulebook().model, rulebook().pathway.lowest_level());
    let calibration = &rulebook().calibration;
    let of = |cases: &[Case]| weak_calibration_among(calibration, (model, level), cases);
    let found = of(&flagged(40, 20));
    let alike = found.o_e.expect("enough people");
    assert_eq!(alike.method, Method::LogDesignLinearised);
    // At half and at twice their odds, a third and two thirds of the others have it: of all who were
    // ordered for, five and seven twelfths, where half of those who came do.
    let at = |share: f64| {
        let weights = (0..20).map(|n| if n % 2 == 0 { share } else { 1.0 - share });
        let weights = weights.map(|share| 2.0 * share / 0.5).collect();
        let predicted = vec![f64::from(calibration.at(16)) / 1e9; 20];
        let occurred = (0..20).map(|n| n % 2 == 0).collect();
        let rows = PairedOutcomes::new(predicted, occurred, Some(weights));
        observed_to_expected(&rows.expect("rows")).expect("enough people")
    };
    let (few, many) = (at(5.0 / 12.0), at(7.0 / 12.0));
    let bounds = found.o_e_within_odds.expect("enough people");
    assert!((bounds.lower - few.lower).abs() < 1e-12, "{bounds:?}");
    assert!((bounds.upper - many.upper).abs() < 1e-12, "{bounds:?}");
    assert!((bounds.value - alike.value).abs() < 1e-12);
    // Where all came there are no others, and each stands for itself.
    let found = of(&flagged(40, 40));
    assert_eq!(
        found.o_e.expect("enough people").method,
        Method::LogBinomial
    );
    // One score has no slope; nine confirmed are too few for anything.
    assert!(found.slope.is_err() && found.slope_within_odds.is_err());
    assert!(of(&flagged(40, 18)).o_e.is_err() && of(&flagged(40, 18)).o_e_within_odds.is_err());
}
