//! Do 95 % intervals hold the truth 95 times in a hundred?
//!
//! People are drawn from a population with a dozen predictions, all of them
//! right, so that every truth is a finite sum. Each coverage is of 1,000 tables:
//! its own standard error is 0.7 percentage points.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use super::super::evaluation::observed_over_expected;
use super::super::{
    Figure, FollowUp, PairedOutcomes, Rows, Rung, at_threshold, auroc, brier,
    calibration_in_the_large, calibration_slope, ladder, observed_to_expected, scaled_brier,
};

/// Predictions, and how common each is in the population.
const POPULATION: [(f64, f64); 12] = [
    (0.03, 0.06),
    (0.06, 0.10),
    (0.10, 0.14),
    (0.14, 0.14),
    (0.19, 0.12),
    (0.24, 0.11),
    (0.30, 0.09),
    (0.37, 0.08),
    (0.45, 0.06),
    (0.53, 0.05),
    (0.62, 0.03),
    (0.74, 0.02),
];
const THRESHOLD: f64 = 0.3;
const TABLES: usize = 1_000;

fn unit(dice: &mut ChaCha8Rng) -> f64 {
    (dice.next_u64() >> 11) as f64 / 9_007_199_254_740_992.0
}

/// How people get into a table.
#[derive(Clone, Copy)]
enum Sampling {
    /// Everybody alike.
    Simple,
    /// More often with a higher prediction, and weighted for it.
    Weighted,
}

/// The prediction of one person.
fn draw_one(dice: &mut ChaCha8Rng) -> f64 {
    let mut place = unit(dice);
    let found = POPULATION.iter().find(|(_, share)| {
        place -= share;
        place < 0.0
    });
    found.unwrap_or(&POPULATION[11]).0
}

/// A table of `n` people drawn from the population, before sampling.
fn draw(dice: &mut ChaCha8Rng, n: usize, sampling: Sampling) -> PairedOutcomes {
    let (mut predicted, mut occurred, mut weights) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..n {
        let p = draw_one(dice);
        let chance = match sampling {
            Sampling::Simple => 1.0,
            Sampling::Weighted => 0.3 + 0.7 * p,
        };
        if unit(dice) < chance {
            predicted.push(p);
            occurred.push(unit(dice) < p);
            weights.push(1.0 / chance);
        }
    }
    let weights = matches!(sampling, Sampling::Weighted).then_some(weights);
    PairedOutcomes::new(predicted, occurred, weights).expect("sound")
}

fn mean(of: impl Fn(f64) -> f64) -> f64 {
    POPULATION.iter().map(|(p, share)| share * of(*p)).sum()
}

fn true_area() -> f64 {
    let mut pairs = 0.0;
    for (p, share) in POPULATION {
        for (q, other) in POPULATION {
            let order = if p > q {
                1.0
            } else if p < q {
                0.0
            } else {
                0.5
            };
            pairs += share * p * other * (1.0 - q) * order;
        }
    }
    pairs / (mean(|p| p) * mean(|p| 1.0 - p))
}

/// Figures by name, with the truth.
fn truths() -> Vec<(&'static str, f64)> {
    let rate = mean(|p| p);
    let flagged = |p: f64| f64::from(u8::from(THRESHOLD <= p));
    let odds = THRESHOLD / (1.0 - THRESHOLD);
    let variance = mean(|p| p * (1.0 - p));
    vec![
        ("auroc", true_area()),
        ("o_e", 1.0),
        ("calibration_in_the_large", 0.0),
        ("slope", 1.0),
        ("brier", variance),
        ("scaled_brier", 1.0 - variance / (rate * (1.0 - rate))),
        ("ppv", mean(|p| p * flagged(p)) / mean(flagged)),
        (
            "npv",
            mean(|p| (1.0 - p) * (1.0 - flagged(p))) / mean(|p| 1.0 - flagged(p)),
        ),
        ("sensitivity", mean(|p| p * flagged(p)) / rate),
        (
            "specificity",
            mean(|p| (1.0 - p) * (1.0 - flagged(p))) / (1.0 - rate),
        ),
        ("net_benefit", mean(|p| flagged(p) * (p - (1.0 - p) * odds))),
    ]
}

fn figures(rows: &PairedOutcomes) -> Vec<Figure> {
    let at = at_threshold(rows, THRESHOLD);
    vec![
        auroc(rows).map(|area| area.estimate),
        observed_to_expected(rows),
        calibration_in_the_large(rows),
        calibration_slope(rows),
        brier(rows),
        scaled_brier(rows),
        at.ppv,
        at.npv,
        at.sensitivity,
        at.specificity,
        at.net_benefit,
    ]
}

fn coverage(n: usize, sampling: Sampling) -> Vec<(&'static str, f64)> {
    let truths = truths();
    let mut held = vec![0.0; truths.len()];
    let mut dice = ChaCha8Rng::seed_from_u64(2026);
    for _ in 0..TABLES {
        let rows = draw(&mut dice, n, sampling);
        for (count, (figure, (_, truth))) in
            held.iter_mut().zip(figures(&rows).into_iter().zip(&truths))
        {
            let figure = figure.expect("identifiable");
            if figure.lower <= *truth && *truth <= figure.upper {
                *count += 1.0;
            }
        }
    }
    let share = |(held, (name, _)): (&f64, &(&'static str, f64))| (*name, held / TABLES as f64);
    held.iter().zip(&truths).map(share).collect()
}

#[track_caller]
fn check(coverages: &[(&str, f64)], allowed_above: &[&str]) {
    for (name, share) in coverages {
        let most = if allowed_above.contains(name) {
            1.0
        } else {
            0.97
        };
        assert!(
            (0.93..=most).contains(share),
            "{name} {share}; all: {coverages:?}"
        );
    }
}

#[test]
fn intervals_of_simple_samples_hold() {
    // O:E counts the whole binomial variance, of which predictions explain a part: 97.4 % here.
    check(&coverage(500, Sampling::Simple), &["o_e"]);
}

#[test]
fn intervals_of_weighted_samples_hold() {
    check(&coverage(1_200, Sampling::Weighted), &[]);
}

/// A followed table: events and deaths at any time before the horizon 1, some lost before it.
fn followed(dice: &mut ChaCha8Rng, n: usize) -> Rows {
    let mut rows = Rows::default();
    let (mut times, mut died) = (Vec::new(), Vec::new());
    for _ in 0..n {
        let p = draw_one(dice);
        let (end, what) = (unit(dice), unit(dice));
        // The event by the horizon with probability p; of the others a fifth die before it.
        let (time, event, death) = if what < p {
            (end, true, false)
        } else if what < p + (1.0 - p) * 0.2 {
            (end, false, true)
        } else {
            (2.0, false, false)
        };
        // A third is lost at some time before the horizon.
        let lost = unit(dice) * 3.0;
        rows.predicted.push(p);
        rows.occurred.push(event && time <= lost);
        died.push(death && time <= lost);
        times.push(time.min(lost));
    }
    rows.follow_up = Some(FollowUp {
        times,
        competing: Some(died),
        horizon: 1.0,
    });
    rows
}

#[test]
fn intervals_of_followed_samples_hold() {
    let mut truths = truths();
    truths.push(("observed_risk", mean(|p| p)));
    let mut held = vec![0.0; truths.len()];
    let mut dice = ChaCha8Rng::seed_from_u64(11);
    for _ in 0..TABLES {
        let rows = followed(&mut dice, 500);
        let people = rows.everybody().expect("sound");
        let observed = people.followed.as_ref().expect("followed").observed_risk();
        let mut all = figures(&people.outcomes);
        all[1] = observed_over_expected(&people);
        all.push(observed);
        for (count, (figure, (_, truth))) in held.iter_mut().zip(all.into_iter().zip(&truths)) {
            let figure = figure.expect("identifiable");
            if figure.lower <= *truth && *truth <= figure.upper {
                *count += 1.0;
            }
        }
    }
    let share = |(held, (name, _)): (&f64, &(&'static str, f64))| (*name, held / TABLES as f64);
    let coverages: Vec<_> = held.iter().zip(&truths).map(share).collect();
    // O:E takes the mean prediction as known, and censoring weights are taken as known.
    check(&coverages, &["o_e"]);
}

/// A model that is right is changed by one table in twenty, weighted or not.
#[test]
fn the_ladder_keeps_a_model_that_is_right() {
    for (sampling, n) in [(Sampling::Simple, 800), (Sampling::Weighted, 2_000)] {
        let mut dice = ChaCha8Rng::seed_from_u64(7);
        let n_tables = 600;
        let mut changed = 0;
        for _ in 0..n_tables {
            let rows = draw(&mut dice, n, sampling);
            let chosen = ladder(&rows).expect("identifiable").chosen;
            changed += i32::from(chosen != Rung::Original);
        }
        let share = f64::from(changed) / f64::from(n_tables);
        assert!((0.03..=0.07).contains(&share), "{share}");
    }
}
