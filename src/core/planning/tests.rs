//! Counts against counting one by one, and what is told against whoever turns it round.

use std::collections::{BTreeMap, BTreeSet};

use super::tally::Exact;
use super::*;
use crate::pathway::ByLevel;
use crate::rulebook::{Score, ScorePosition, ScoreUnit};

fn levels(text: &str) -> Levels {
    Levels::read(text, None, ScoreUnit::Points, (0, 26)).expect("a range")
}

/// Somebody whose lowest and highest possible scores are these, and who is tested and asked by them.
fn open(low: Score, high: Score, in_force: Score) -> Reading {
    let by_level = ByLevel::made_up(Some((low, high)), in_force, [0, 1, 2]);
    Reading::made_up(by_level, true, false)
}

#[test]
fn a_score_is_open_where_it_decides_between_rows() {
    for (range, rows, is_open) in [
        (None, [0, 1, 2], false),
        (Some((3, 9)), [0, 1, 2], true),
        (Some((3, 9)), [0, 0, 0], false),
        // Only a range that spans the level is somewhere else.
        (Some((3, 9)), [0, 1, 0], true),
        (Some((5, 5)), [0, 1, 0], false),
        (Some((5, 5)), [0, 0, 1], true),
        (Some((5, 5)), [0, 0, 0], false),
    ] {
        let by_level = ByLevel::made_up(range, 7, rows);
        let found = by_level.is_open_to_the_score();
        assert_eq!(found, is_open, "{range:?} {rows:?}");
    }
}

/// Numbers that look random, always the same ones.
struct Draws(u64);

impl Draws {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % end
    }
}

#[test]
fn sums_along_the_levels_are_what_counting_at_each_level_gives() {
    let levels = levels("3..9");
    let mut draws = Draws(7);
    let mut tally = Tally::new(levels.clone(), None);
    let mut everybody: Vec<(u64, ByLevel, bool, bool)> = Vec::new();
    for _ in 0..3_000 {
        let score = |draws: &mut Draws| Score::try_from(draws.below(13)).expect("small");
        let (a, b) = (score(&mut draws), score(&mut draws));
        let range = (0 < draws.below(9)).then_some((a.min(b), a.max(b)));
        // Of some the score decides nothing.
        let rows = match (range, draws.below(4)) {
            (None, _) | (_, 0) => [2, 2, 2],
            _ => [0, 1, 2],
        };
        let by_level = ByLevel::made_up(range, 6, rows);
        let (tests, is_drawn) = (0 < draws.below(3), draws.below(5) == 0);
        let stratum = draws.below(3);
        let reading = Reading::made_up(by_level, tests, is_drawn);
        tally.add(stratum, &reading);
        everybody.push((stratum, by_level, tests, is_drawn));
    }
    let counted = tally.exact();
    for (stratum, counted) in (0..3).zip(counted) {
        for (level, counted) in levels.all().iter().zip(counted) {
            let mut one_by_one = Exact::default();
            let own = everybody.iter().filter(|(of, ..)| *of == stratum);
            for (_, by_level, tests, is_drawn) in own {
                let position = by_level.position(*level).unwrap_or(ScorePosition::Below);
                let is_open = u64::from(by_level.is_open_to_the_score());
                match position {
                    ScorePosition::AtOrAbove => {
                        one_by_one.flagged += is_open;
                        one_by_one.laboratory += u64::from(*tests);
                    }
                    ScorePosition::Spans => {
                        one_by_one.possible += is_open;
                        one_by_one.questionnaires += 1;
                    }
                    ScorePosition::Below => {
                        one_by_one.laboratory += u64::from(*is_drawn);
                        one_by_one.by_lot += u64::from(*is_drawn);
                    }
                }
            }
            assert_eq!(counted, one_by_one, "stratum {stratum} at {level}");
        }
    }
}

#[test]
fn expected_cases_lie_where_the_sum_of_probabilities_does() {
    let probabilities: Vec<u32> = (0..27).map(|score| 2_000_000 * score * score).collect();
    let p = |score: Score| f64::from(probabilities[usize::try_from(score).expect("small")]) / 1e9;
    let mut draws = Draws(3);
    let mut tally = Tally::new(levels("5..15"), Some(Expecting::made_up(&probabilities)));
    let mut everybody = Vec::new();
    for _ in 0..5_000 {
        let low = Score::try_from(draws.below(20)).expect("small");
        let high = low + Score::try_from(draws.below(7)).expect("small");
        tally.add((), &open(low, high, 12));
        everybody.push((low, high));
    }
    let (all, _) = tally.told();
    let mut widest: f64 = 0.0;
    let at = (5..=15).zip(&all.levels).chain([(12, &all.in_force)]);
    for (level, figures) in at {
        let tested = everybody.iter().filter(|(low, _)| level <= *low);
        let (least, most) = tested.fold((0.0, 0.0), |sums, (low, high)| {
            (sums.0 + p(*low), sums.1 + p(*high))
        });
        let expected = figures.expected.expect("many are tested");
        assert!(expected.least <= least && most <= expected.most, "{level}");
        // What was cut off widens the limits by no more than the cases among nine people at each end.
        assert!(least - expected.least <= 9.0 * p(26), "{level}");
        assert!(expected.most - most <= 9.0 * p(26), "{level}");
        widest = widest.max((expected.most - expected.least) / most);
        let needed = figures.needed_to_test.expect("there are cases");
        let n = everybody.iter().filter(|(low, _)| level <= *low).count() as f64;
        assert!(
            needed.least <= n / most && n / least <= needed.most,
            "{level}"
        );
    }
    assert!(widest < 0.6, "{widest}");
}

#[test]
fn nobody_is_expected_or_shared_out_among_fewer_than_ten() {
    let mut tally = Tally::new(levels("5..6"), Some(Expecting::made_up(&[100_000_000; 27])));
    for _ in 0..9 {
        tally.add((), &open(6, 6, 6));
    }
    let (few, strata) = tally.told();
    assert_eq!((few.residents, few.levels.len()), (0, 0));
    assert_eq!(few.in_force.share, None);
    assert_eq!(few.in_force.expected, None);
    assert_eq!(strata.len(), 1);
    tally.add((), &open(6, 6, 6));
    let (ten, _) = tally.told();
    assert_eq!((ten.residents, ten.levels[1].flagged), (10, 10));
    assert!(ten.in_force.expected.is_some());
}

/// Everything told, as something that can be compared.
fn everything_told(tally: &Tally<usize>) -> String {
    format!("{:?}", tally.told())
}

/// Turns the telling round: everybody there could be, by what is told of them.
///
/// `kinds` are the residents there are, each with a stratum; every number of each below 30 is tried. Where
/// that is not every number there could be, nothing is concluded.
/// Whoever knows all that is told and how it is cut must not know that a number of people is from one to four.
fn inverted(kinds: &[(usize, Reading)], text: &str, secrets: &[&[usize]]) -> usize {
    const MOST: u64 = 30;
    let probabilities: Vec<u32> = (0..27).map(|score| 10_000_000 * score).collect();
    let mut by_answer: BTreeMap<String, Vec<Vec<u64>>> = BTreeMap::new();
    let n_worlds = MOST.pow(u32::try_from(kinds.len()).expect("few kinds"));
    for world in 0..n_worlds {
        let mut rest = world;
        let numbers: Vec<u64> = kinds
            .iter()
            .map(|_| {
                let n = rest % MOST;
                rest /= MOST;
                n
            })
            .collect();
        let mut tally = Tally::new(levels(text), Some(Expecting::made_up(&probabilities)));
        for ((stratum, reading), n) in kinds.iter().zip(&numbers) {
            tally.add_many(stratum, reading, *n);
        }
        let told = everything_told(&tally);
        by_answer.entry(told).or_default().push(numbers);
    }
    let mut looked_at = 0;
    let is_all = |worlds: &&Vec<Vec<u64>>| worlds.iter().flatten().all(|n| n + 1 < MOST);
    for worlds in by_answer.values().filter(is_all) {
        for secret in secrets {
            let number = |world: &Vec<u64>| secret.iter().map(|kind| world[*kind]).sum::<u64>();
            let can_be: BTreeSet<u64> = worlds.iter().map(number).collect();
            if can_be.iter().any(|n| (1..5).contains(n)) {
                assert!(
                    can_be.iter().any(|n| 5 <= *n),
                    "kinds {secret:?} are known to be {can_be:?}"
                );
                looked_at += 1;
            }
        }
    }
    looked_at
}

#[test]
fn no_difference_of_neighbouring_levels_tells_a_small_number() {
    // Below both levels, at the first alone, at both.
    let kinds = [(0, open(1, 1, 5)), (0, open(5, 5, 5)), (0, open(6, 6, 5))];
    let looked_at = inverted(&kinds, "5..6", &[&[0], &[1], &[2], &[1, 2], &[0, 1]]);
    assert!(10 < looked_at, "{looked_at}");
}

#[test]
fn no_range_of_scores_tells_a_small_number() {
    // Surely above both, above the first and perhaps the second, perhaps above both.
    let kinds = [(0, open(6, 8, 6)), (0, open(5, 6, 6)), (0, open(3, 7, 6))];
    let looked_at = inverted(&kinds, "5..6", &[&[0], &[1], &[2], &[0, 1], &[1, 2]]);
    assert!(10 < looked_at, "{looked_at}");
}

#[test]
fn no_difference_of_everybody_and_the_other_strata_tells_a_small_number() {
    let kinds = [(0, open(1, 1, 5)), (0, open(5, 5, 5)), (1, open(5, 5, 5))];
    let secrets: [&[usize]; 5] = [&[0], &[1], &[2], &[1, 2], &[0, 1]];
    let looked_at = inverted(&kinds, "5", &secrets);
    assert!(10 < looked_at, "{looked_at}");
}

#[test]
fn flagged_without_a_test_tell_no_small_number() {
    let untested = Reading::made_up(ByLevel::made_up(Some((5, 5)), 5, [0, 1, 2]), false, false);
    let drawn = Reading::made_up(ByLevel::made_up(Some((1, 1)), 5, [0, 1, 2]), true, true);
    let kinds = [(0, open(5, 5, 5)), (0, untested), (0, drawn)];
    let looked_at = inverted(&kinds, "5", &[&[0], &[1], &[2], &[0, 1], &[0, 2]]);
    assert!(10 < looked_at, "{looked_at}");
}
