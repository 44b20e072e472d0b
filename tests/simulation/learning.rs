//! Simulated programmes with a known truth: do the intervals hold it, and is a calibration that is
//! right left alone?
//!
//! Scores are drawn, tests are ordered from the action level on and for a random sample below it,
//! and the more points the more come: within a band of scores those who come are like those who do
//! not. Whoever comes is confirmed with a probability that is a straight line of log odds.
//!
//! Of 200 intervals of 95 %, 181 to 198 hold the truth in 99 of 100 such tests; the seeds are fixed.

use preventiojyraa_core::calibration::{Figure, Rung};
use preventiojyraa_core::learning::{Case, Learning, Round, learn, score_bands};
use preventiojyraa_core::outcomes::{Decided, Lost, Negative, Outcome, Unverified};
use preventiojyraa_core::pathway::Inclusion;
use preventiojyraa_core::profile::Sex;
use preventiojyraa_core::rulebook::{Conversion, Line, Score};

use crate::support::shipped::rulebook;
use crate::support::site::Dice;

const RESIDENTS: usize = 16_000;
/// Share of those below the level who are drawn.
const SHARE: f64 = 0.15;
/// Share who come, by band of scores, lowest first.
const UPTAKE: [f64; 5] = [0.45, 0.55, 0.62, 0.75, 0.85];
/// Share who are lost before anybody knows.
const LOST: f64 = 0.02;

/// The line of log odds by which people are confirmed.
#[derive(Clone, Copy)]
pub(super) struct Truth(pub(super) Line);

impl Truth {
    pub(super) fn at(self, score: Score) -> f64 {
        let log_odds = self.0.intercept + self.0.slope * f64::from(score);
        1.0 / (1.0 + (-log_odds).exp())
    }
}

fn in_force() -> Line {
    match &rulebook().calibration.conversion {
        Conversion::Logistic(line) => *line,
        Conversion::Bands(_) | Conversion::Identity(_) => {
            panic!("the calibration in force is a line")
        }
    }
}

/// How common each score is: a normal distribution of mean 9 and spread 4.6, cut to whole points.
pub(super) fn scores() -> Vec<(Score, f64)> {
    let density = |score: Score| (-((f64::from(score) - 9.0) / 4.6).powi(2) / 2.0).exp();
    let total: f64 = (0..=26).map(density).sum();
    (0..=26)
        .map(|score| (score, density(score) / total))
        .collect()
}

pub(super) fn unit(dice: &mut Dice) -> f64 {
    let place = dice.below(1 << 53);
    u64::try_from(place).map_or(0.0, |place| place as f64 / (1_u64 << 53) as f64)
}

pub(super) fn draw_score(dice: &mut Dice, scores: &[(Score, f64)]) -> Score {
    let mut place = unit(dice);
    let found = scores.iter().find(|(_, share)| {
        place -= share;
        place < 0.0
    });
    found.map_or(26, |(score, _)| *score)
}

pub(super) fn uptake(score: Score) -> f64 {
    let (model, level) = (&rulebook().model, rulebook().pathway.lowest_level());
    let bands = score_bands(model, level);
    let at = bands
        .iter()
        .position(|band| band.from <= score && score <= band.to);
    UPTAKE[at.expect("bands cover the scores")]
}

/// A programme's cases.
fn programme(seed: u64, truth: Truth) -> Vec<Case> {
    let mut dice = Dice::new(seed);
    let scores = scores();
    let uptakes: Vec<f64> = (0..=26).map(uptake).collect();
    let level = rulebook().pathway.lowest_level();
    let inclusion = Inclusion::from_billionths(150_000_000).expect("a probability");
    let mut cases = Vec::new();
    for _ in 0..RESIDENTS {
        let score = draw_score(&mut dice, &scores);
        let drawn = unit(&mut dice) < SHARE;
        let decided = match (level <= score, drawn) {
            (true, _) => Decided::Flagged,
            (false, true) => Decided::SampledNegative(inclusion),
            (false, false) => Decided::BelowLevel,
        };
        let at = usize::try_from(score).expect("no score is negative");
        let (comes, has_it) = (
            unit(&mut dice) < uptakes[at],
            unit(&mut dice) < truth.at(score),
        );
        let is_lost = unit(&mut dice) < LOST;
        let outcome = match (is_lost, comes && decided != Decided::BelowLevel, has_it) {
            (true, _, _) => Outcome::Lost(Lost::Moved),
            (false, true, true) => Outcome::Positive { tested: true },
            (false, true, false) => Outcome::Negative(Negative::Normal),
            (false, false, _) => Outcome::Unverified(Unverified::NotTested),
        };
        cases.push(Case {
            round: Round::First,
            decided,
            score: Some((score, score)),
            sex: Sex::Female,
            age: Some(55),
            outcome,
        });
    }
    cases
}

fn learned(seed: u64, truth: Truth) -> Learning {
    let calibration = &rulebook().calibration;
    let model = (&rulebook().model, rulebook().pathway.lowest_level());
    learn(
        calibration,
        &calibration.estimand,
        model,
        &programme(seed, truth),
    )
    .expect("one estimand")
}

/// The same for many seeds, on all cores.
fn many<T: Send>(
    seeds: std::ops::Range<u64>,
    truth: Truth,
    of: impl Fn(&Learning) -> T + Sync,
) -> Vec<T> {
    let n_threads = std::thread::available_parallelism().map_or(1, usize::from);
    let seeds: Vec<u64> = seeds.collect();
    let of = &of;
    std::thread::scope(|scope| {
        let threads: Vec<_> = seeds
            .chunks(seeds.len().div_ceil(n_threads))
            .map(|seeds| {
                scope.spawn(move || {
                    seeds
                        .iter()
                        .map(|seed| of(&learned(*seed, truth)))
                        .collect::<Vec<T>>()
                })
            })
            .collect();
        let joined = threads
            .into_iter()
            .map(|thread| thread.join().expect("no seed panics"));
        joined.flatten().collect()
    })
}

/// What is true of all, by name.
fn truths(truth: Truth) -> Vec<(&'static str, f64)> {
    let (scores, level) = (scores(), rulebook().pathway.lowest_level());
    let calibration = &rulebook().calibration;
    let sum =
        |of: &dyn Fn(Score) -> f64| scores.iter().map(|(s, share)| share * of(*s)).sum::<f64>();
    let flagged = |score: Score| f64::from(u8::from(level <= score));
    let p = |score: Score| truth.at(score);
    let cases = sum(&p);
    let found = sum(&|s| p(s) * flagged(s));
    let spared = sum(&|s| (1.0 - p(s)) * (1.0 - flagged(s)));
    let expected = sum(&|s| f64::from(calibration.at(s)) / 1e9);
    let tested = |s: Score| flagged(s) * uptake(s);
    let (Truth(line), in_force) = (truth, in_force());
    let slope = line.slope / in_force.slope;
    vec![
        (
            "PPV per order",
            sum(&|s| tested(s) * p(s)) * (1.0 - LOST) / sum(&flagged),
        ),
        ("PPV per result", sum(&|s| tested(s) * p(s)) / sum(&tested)),
        ("PPV if all came", found / sum(&flagged)),
        ("sensitivity", found / cases),
        ("specificity", spared / (1.0 - cases)),
        ("NPV", spared / (1.0 - sum(&flagged))),
        ("O:E", cases / expected),
        ("slope", slope),
        ("recalibrated slope", slope),
        (
            "recalibrated intercept",
            line.intercept - slope * in_force.intercept,
        ),
    ]
}

fn figures(learning: &Learning) -> Vec<Figure> {
    let round = &learning.first;
    let population = round.population.as_ref().expect("a sample was drawn");
    let calibrated = &round
        .calibration
        .as_ref()
        .expect("enough people")
        .evaluation;
    let fitted = &round
        .proposal
        .as_ref()
        .expect("enough people")
        .recalibration;
    vec![
        round.ppv_per_order,
        round.ppv_per_result,
        round.ppv_if_all_came,
        population.sensitivity,
        population.specificity,
        population.npv,
        calibrated.whole.o_e,
        calibrated.whole.slope,
        Ok(fitted.slope),
        Ok(fitted.intercept),
    ]
}

#[test]
fn intervals_hold_the_truth_of_a_programme_with_sampled_negatives() {
    let truth = Truth(Line {
        intercept: -4.2,
        slope: 0.16,
    });
    let truths = truths(truth);
    let found = many(0..200, truth, figures);
    let held = |at: usize, value: f64| {
        let holds = |figures: &&Vec<Figure>| {
            let figure = figures[at].expect("identifiable");
            figure.lower <= value && value <= figure.upper
        };
        found.iter().filter(holds).count()
    };
    let named = truths.iter().enumerate();
    let coverage: Vec<(&str, usize)> = named
        .map(|(at, (name, value))| (*name, held(at, *value)))
        .collect();
    for (name, held) in &coverage {
        // How many are flagged is known and not drawn; the design variance of a share of
        // everybody counts it as drawn, so these limits are a little too wide.
        let most = if CONSERVATIVE.contains(name) {
            200
        } else {
            198
        };
        assert!(
            (181..=most).contains(held),
            "{name}: {held}; all: {coverage:?}"
        );
    }
}

/// Figures whose limits may hold the truth more often than they say.
const CONSERVATIVE: [&str; 1] = ["specificity"];

/// With the calibration in force right, one programme in twenty proposes something.
#[test]
fn a_calibration_that_is_right_is_left_alone() {
    let truth = Truth(in_force());
    let changed = many(1_000..1_300, truth, |learning| {
        let proposal = learning.first.proposal.as_ref().expect("enough people");
        proposal.recalibration.chosen != Rung::Original
    });
    let n = changed.iter().filter(|changed| **changed).count();
    assert!((9..=21).contains(&n), "{n} of 300");
}

/// What the weights are for: without them the flagged would stand for everybody.
#[test]
fn who_comes_more_often_does_not_count_more() {
    let truth = Truth(Line {
        intercept: -4.2,
        slope: 0.16,
    });
    let differences = many(0..20, truth, |learning| {
        let round = &learning.first;
        let value = |figure: Figure| figure.expect("identifiable").value;
        value(round.ppv_per_result) - value(round.ppv_if_all_came)
    });
    assert!(
        differences.iter().all(|difference| 0.0 < *difference),
        "{differences:?}"
    );
}

#[test]
fn without_a_random_sample_nothing_below_the_level_is_claimed() {
    let truth = Truth(in_force());
    let mut cases = programme(7, truth);
    for case in &mut cases {
        if let Decided::SampledNegative(_) = case.decided {
            case.decided = Decided::BelowLevel;
        }
    }
    let calibration = &rulebook().calibration;
    let model = (&rulebook().model, rulebook().pathway.lowest_level());
    let learning = learn(calibration, &calibration.estimand, model, &cases).expect("one estimand");
    let round = &learning.first;
    let reason = round.population.as_ref().expect_err("no sample was drawn");
    assert!(reason.to_string().contains("no random sample"), "{reason}");
    assert!(round.ppv_per_result.is_ok());
    assert_eq!(round.tested.name(), "the flagged only");
}
