//! The questions that decide, against trying every set of questions with every answer.

use std::collections::BTreeSet;

use preventiojyraa_core::pathway::decide;
use preventiojyraa_core::profile::Sex;
use preventiojyraa_core::risk::{PointSet, deciding_items};
use preventiojyraa_core::rulebook::{Score, ScorePosition, State};

use super::exhaustive::{OPTIONS, POINTS, Pattern, Representatives, completions, patterns};
use super::random::Random;
use crate::support::core::rulebook;

const LEVELS: [Score; 3] = [9, 12, 15];
/// A resident can be asked everything but their age.
const ASKABLE: [usize; 7] = [1, 2, 3, 4, 5, 6, 7];

/// Patterns that differ in what is open or in the points of what is known, once each.
///
/// Which of the known answers gave the points cannot matter to the questions.
fn telling_patterns() -> Vec<Pattern> {
    let mut seen = BTreeSet::new();
    patterns()
        .filter(|pattern| seen.insert((pattern.map(|p| p.is_none()), known(pattern))))
        .collect()
}

/// Points of the known answers.
fn known(pattern: &Pattern) -> Score {
    pattern
        .iter()
        .zip(POINTS)
        .filter_map(|(option, points)| option.map(|n| points[n]))
        .sum()
}

/// Most points the questions that are open can add.
fn most_open(open: &[usize]) -> Score {
    open.iter()
        .filter_map(|question| POINTS[*question].last())
        .sum()
}

/// Every sum of points that answers to these questions can give.
fn sums(questions: &[usize]) -> BTreeSet<Score> {
    questions
        .iter()
        .fold(BTreeSet::from([0]), |sums, question| {
            let points = POINTS[*question].iter();
            points
                .flat_map(|points| sums.iter().map(move |sum| sum + points))
                .collect()
        })
}

/// Whether any answers to `asked` leave the score on one side, `open` being all that is open.
fn decides(known: Score, open: &[usize], asked: &[usize], level: Score) -> bool {
    let rest: Vec<usize> = open
        .iter()
        .copied()
        .filter(|q| !asked.contains(q))
        .collect();
    let most = most_open(&rest);
    sums(asked)
        .iter()
        .all(|sum| level <= known + sum || known + sum + most < level)
}

/// Every set of these questions, fewest first, then with the earliest questions first.
fn sets(questions: &[usize]) -> Vec<Vec<usize>> {
    let pick = |bits: usize| {
        let chosen = questions
            .iter()
            .enumerate()
            .filter(|(n, _)| bits >> n & 1 == 1);
        chosen.map(|(_, question)| *question).collect()
    };
    let mut sets: Vec<Vec<usize>> = (0..1usize << questions.len()).map(pick).collect();
    sets.sort_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
    sets
}

fn point_sets(pattern: &Pattern) -> [PointSet; 8] {
    std::array::from_fn(|question| match pattern[question] {
        Some(option) => PointSet::of([POINTS[question][option]]),
        None => PointSet::of(POINTS[question].iter().copied()),
    })
}

#[test]
fn the_fewest_and_earliest_questions_that_decide_are_asked() {
    for pattern in telling_patterns() {
        let open: Vec<usize> = (0..8)
            .filter(|question| pattern[*question].is_none())
            .collect();
        let can_ask: Vec<usize> = open
            .iter()
            .copied()
            .filter(|q| ASKABLE.contains(q))
            .collect();
        let sets = sets(&can_ask);
        for level in LEVELS {
            let asked = deciding_items(&point_sets(&pattern), &ASKABLE, level);
            let best = sets
                .iter()
                .find(|set| decides(known(&pattern), &open, set, level));
            // Where not even all questions decide, all of them are asked.
            assert_eq!(asked, *best.unwrap_or(&can_ask), "{pattern:?} at {level}");
        }
    }
}

#[test]
fn nothing_is_asked_exactly_when_the_score_is_decided_or_nothing_can_be_asked() {
    for pattern in telling_patterns() {
        let open: Vec<usize> = (0..8)
            .filter(|question| pattern[*question].is_none())
            .collect();
        let can_ask = open.iter().any(|question| ASKABLE.contains(question));
        let low = known(&pattern);
        for level in LEVELS {
            let is_decided = level <= low || low + most_open(&open) < level;
            let asked = deciding_items(&point_sets(&pattern), &ASKABLE, level);
            assert_eq!(
                asked.is_empty(),
                is_decided || !can_ask,
                "{pattern:?} at {level}"
            );
            assert!(
                asked.iter().all(|question| open.contains(question)),
                "{pattern:?}"
            );
        }
    }
}

/// The whole way: a resident is asked, answers somehow, and stands on one side.
#[test]
fn answering_what_the_pathway_asks_always_decides() {
    const STRIDE: usize = 53;
    let residents = Representatives::of(Sex::Female);
    let level = rulebook().pathway.lowest_level();
    let mut n_asked = 0;
    for pattern in patterns()
        .filter(|pattern| pattern[0].is_some())
        .step_by(STRIDE)
    {
        let decision = decide(rulebook(), &residents.profile(&pattern), None, None);
        let position = residents.assessment(&pattern).position(level);
        assert_eq!(
            decision.asks.is_empty(),
            position != ScorePosition::Spans,
            "{pattern:?}"
        );
        // A diagnosis or result would decide before the score; these residents have none.
        assert_eq!(
            decision.state == State::Asked,
            position == ScorePosition::Spans
        );
        for answers in every_answer(&pattern, &decision.asks) {
            n_asked += 1;
            let answered = residents.assessment(&answers).position(level);
            assert_ne!(
                answered,
                ScorePosition::Spans,
                "{pattern:?} answered {answers:?}"
            );
        }
    }
    assert!(n_asked >= 1_000, "only {n_asked} answered");
}

/// The pattern with the asked questions answered in every way; none when nothing is asked.
fn every_answer(pattern: &Pattern, asked: &[usize]) -> Vec<Pattern> {
    if asked.is_empty() {
        return Vec::new();
    }
    // All questions but the asked ones are held at one option, so that each answer comes once.
    let held: Pattern = std::array::from_fn(|q| (!asked.contains(&q)).then_some(0));
    let answers = completions(&held);
    answers
        .map(|a| {
            std::array::from_fn(|q| {
                if asked.contains(&q) {
                    Some(a[q])
                } else {
                    pattern[q]
                }
            })
        })
        .collect()
}

#[test]
fn the_tables_of_this_folder_are_those_of_the_form() {
    for (options, points) in OPTIONS.iter().zip(POINTS) {
        assert_eq!(*options, points.len());
    }
    assert_eq!(most_open(&[0, 1, 2, 3, 4, 5, 6, 7]), 26);
}

/// Items as another score may have them: points that do not start at nought, or take away.
#[test]
fn questions_decide_for_scores_with_any_points() {
    let mut random = Random::seeded(26);
    for _ in 0..3_000 {
        let draw = |random: &mut Random| -> Vec<Score> {
            let n_points = random.whole(1, 3);
            (0..n_points)
                .map(|_| Score::try_from(random.whole(0, 9)).expect("small") - 3)
                .collect()
        };
        let points: [Vec<Score>; 5] = std::array::from_fn(|_| draw(&mut random));
        let items = points.clone().map(PointSet::of);
        let level = Score::try_from(random.whole(0, 20)).expect("small") - 5;
        let open: Vec<usize> = (1..5).filter(|n| !items[*n].is_certain()).collect();
        let best = sets(&open)
            .into_iter()
            .find(|set| decides_any(&points, set, level));
        let asked = deciding_items(&items, &[1, 2, 3, 4], level);
        assert_eq!(asked, best.unwrap_or(open), "{points:?} at {level}");
    }
}

/// As [`decides`], for any points.
fn decides_any(points: &[Vec<Score>; 5], asked: &[usize], level: Score) -> bool {
    let (mut sums, mut least, mut most) = (BTreeSet::from([0]), 0, 0);
    for (item, points) in points.iter().enumerate() {
        if asked.contains(&item) {
            sums = points
                .iter()
                .flat_map(|p| sums.iter().map(move |sum| sum + p))
                .collect();
        } else {
            least += points.iter().min().expect("some points");
            most += points.iter().max().expect("some points");
        }
    }
    sums.iter()
        .all(|sum| level <= sum + least || sum + most < level)
}

/// Up to twelve open questions are told apart; of more, all are asked.
#[test]
fn of_twelve_open_questions_the_deciding_one_is_found_and_of_thirteen_all_are_asked() {
    let asked = |n: usize| {
        let mut items = vec![PointSet::of([0, 1]); n];
        items[3] = PointSet::of([0, 100]);
        let askable: Vec<usize> = (0..n).collect();
        deciding_items(&items, &askable, 50)
    };
    assert_eq!(asked(12), [3]);
    assert_eq!(asked(13), (0..13).collect::<Vec<_>>());
}
