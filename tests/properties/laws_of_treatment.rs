//! Simulated programmes that treat whom they flag: does a refit learn that the flagged are safe?
//!
//! The more points, the more begin a drug or the lifestyle service within weeks of the decision, most of
//! them before their tests; treatment lets one in three of those get the disease who would have. Every
//! outcome is made by the real rule from dated facts, once with the treatments that the calibration names
//! and once, for comparison, as if it named none.

use std::io::Write;

use jiff::ToSpan;
use jiff::civil::{Date, date};
use preventiojyraa_core::learning::{Case, Learning, Round, learn};
use preventiojyraa_core::outcomes::{Decided, IndexDecision, Outcome, outcome};
use preventiojyraa_core::profile::{Sex, Unit};
use preventiojyraa_core::rulebook::{Conversion, Line, Observed, Score};

use crate::support::core::{Someone, Statement, rulebook};
use crate::support::dice::Dice;

const INDEX: Date = date(2024, 3, 1);
const SEEN: Date = date(2025, 6, 1);
const FLAGGED: usize = 6_000;
/// Share of those with the disease to come who get it although they are treated.
const IN_SPITE: f64 = 1.0 / 3.0;

fn unit(dice: &mut Dice) -> f64 {
    dice.below(1 << 40) as f64 / (1_u64 << 40) as f64
}

/// The calibration in force is right: whatever a refit finds beside it is treatment.
fn line() -> Line {
    match &rulebook().calibration.conversion {
        Conversion::Logistic(line) => *line,
        Conversion::Bands(_) | Conversion::Identity(_) => {
            panic!("the calibration in force is a line")
        }
    }
}

/// Share who begin a treatment: none at the level, half of those with the most points.
fn is_treated(dice: &mut Dice, score: Score) -> bool {
    unit(dice) < 0.6 * (f64::from(score) - 12.0) / 14.0
}

/// A flagged resident's year.
fn someone(dice: &mut Dice, score: Score) -> Someone {
    let log_odds = line().intercept + line().slope * f64::from(score);
    let would = unit(dice) < 1.0 / (1.0 + (-log_odds).exp());
    let treated = is_treated(dice, score);
    // One in ten begins after the tests, which show what they would have shown.
    let is_late = dice.below(10) == 0;
    let has_it = would && (!treated || is_late || unit(dice) < IN_SPITE);
    let tested = INDEX.saturating_add(60.days());
    let (glucose, hba1c) = if has_it { (8.1, 55.0) } else { (5.4, 38.0) };
    let mut someone = Someone::man_of(60)
        .with(
            Statement::measured("fasting-plasma-glucose", glucose, Unit::MillimolePerLitre)
                .on(tested),
        )
        .with(Statement::measured("hba1c", hba1c, Unit::MillimolePerMole).on(tested));
    if has_it {
        let diagnosed = tested.saturating_add(20.days());
        someone = someone.with(Statement::present("diabetes-diagnosis").on(diagnosed));
    }
    if treated {
        let after = if is_late { 90 } else { 20 };
        let begun = INDEX.saturating_add(after.days());
        someone = someone.with(match dice.below(2) {
            0 => Statement::present("glucose-lowering-medication").on(begun),
            _ => Statement::answer("lifestyle-service", "started").on(begun),
        });
    }
    someone
}

fn programme(seed: u64, observed: &Observed) -> Learning {
    let mut dice = Dice::new(seed);
    let mut cases = Vec::new();
    for _ in 0..FLAGGED {
        let score = 12 + Score::try_from(dice.below(15)).expect("a few points");
        let later = someone(&mut dice, score).seen_on(SEEN).profile();
        let index = IndexDecision {
            on: INDEX,
            decided: Decided::Flagged,
            first_on: INDEX,
        };
        cases.push(Case {
            round: Round::First,
            decided: Decided::Flagged,
            score: Some((score, score)),
            sex: Sex::Male,
            age: Some(60),
            outcome: outcome(rulebook(), observed, 12, &index, &later),
        });
    }
    let calibration = &rulebook().calibration;
    let model = (&rulebook().model, rulebook().pathway.lowest_level());
    learn(calibration, &calibration.estimand, model, &cases).expect("one estimand")
}

/// The slopes that refits of some programmes propose, and how many residents were treated.
fn slopes(observed: &Observed) -> (Vec<f64>, u64) {
    let learned: Vec<Learning> = (0..20).map(|seed| programme(seed, observed)).collect();
    let slope = |learning: &Learning| {
        let known = learning.first.calibration.as_ref().expect("enough people");
        known.evaluation.whole.slope.expect("enough people").value
    };
    let treated = learned.iter().map(|one| one.first.treated()).sum();
    (learned.iter().map(slope).collect(), treated)
}

fn mean(of: &[f64]) -> f64 {
    of.iter().sum::<f64>() / of.len() as f64
}

#[test]
fn a_programme_that_treats_the_flagged_does_not_learn_that_they_are_safe() {
    let observed = rulebook().calibration.estimand.observed.as_ref();
    let guarded = observed.expect("it is observed");
    let unguarded = Observed {
        treated_by: Vec::new(),
        ..guarded.clone()
    };
    let (slopes_of_guarded, treated) = slopes(guarded);
    let (slopes_without, none) = slopes(&unguarded);
    let (with, without) = (mean(&slopes_of_guarded), mean(&slopes_without));
    let _ = writeln!(
        std::io::stderr(),
        "treatment: slope {with:.3} with the guard, {without:.3} without, {treated} treated"
    );
    assert!((0.95..1.05).contains(&with), "{with}");
    assert!(without < 0.85, "{without}");
    // Nine in ten of the three in ten who are treated.
    let share = treated as f64 / (20 * FLAGGED) as f64;
    assert!((0.24..0.30).contains(&share), "{share}");
    assert_eq!(none, 0);
}

#[test]
fn whoever_is_treated_counts_in_what_orders_have_found_and_verifies_nothing() {
    let observed = rulebook().calibration.estimand.observed.as_ref();
    let learned = programme(1, observed.expect("it is observed"));
    let of = |outcome: Outcome| learned.first.account.outcomes()[outcome.name()];
    let confirmed = of(Outcome::Treated { confirmed: true });
    let positive = of(Outcome::Positive { tested: true });
    assert!(20 < confirmed, "{confirmed}");
    let ppv = learned.first.ppv_per_order.expect("enough people").value;
    let expected = (confirmed + positive) as f64 / FLAGGED as f64;
    assert!((ppv - expected).abs() < 1e-12, "{ppv} {expected}");
    assert_eq!(learned.first.confirmed as u64, positive);
}
