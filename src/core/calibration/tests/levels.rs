//! Refitted points: against R, and where they must stay.

use super::super::{Level, LevelRefit, LevelRow, NotIdentifiable, refit_levels};
use super::{numbers, said, same, table};

const R: &str = include_str!("../../../../fixtures/reference/levels-r.tsv");

/// Two items of two levels and one of one, as in `levels.csv`.
const LEVELS: [Level; 5] = [
    Level {
        item: 0,
        points: 2.0,
    },
    Level {
        item: 0,
        points: 3.0,
    },
    Level {
        item: 1,
        points: 2.0,
    },
    Level {
        item: 2,
        points: 3.0,
    },
    Level {
        item: 2,
        points: 5.0,
    },
];

fn rows(is_weighted: bool) -> Vec<LevelRow> {
    let table = table("levels");
    let columns = ["a1", "a2", "b1", "c1", "c2", "y", "w"].map(|name| numbers(&table, name));
    let [on @ .., occurred, weights] = &columns;
    let row = |n: usize| LevelRow {
        on: (0..5).fold(0, |bits, k| bits | u32::from(0.5 < on[k][n]) << k),
        occurred: 0.5 < occurred[n],
        weight: if is_weighted { weights[n] } else { 1.0 },
    };
    (0..weights.len()).map(row).collect()
}

#[track_caller]
fn check(name: &str, found: &LevelRefit) {
    let r = |measure: &str| said(R, name, measure);
    same(found.per_point, r("per point"));
    same(found.statistic, r("statistic"));
    same(found.p_value, r("p"));
    same(found.spread, r("spread"));
    for (level, n) in found.levels.iter().zip(1..) {
        let alone = level.alone.expect("enough people");
        same(alone.value, r(&format!("alone {n}")));
        same(alone.lower, r(&format!("alone {n}.lower")));
        same(alone.upper, r(&format!("alone {n}.upper")));
        same(level.drawn, r(&format!("drawn {n}")));
    }
}

#[test]
fn plain_rows_equal_those_of_glm_and_optim() {
    check(
        "plain",
        &refit_levels(&LEVELS, &rows(false)).expect("a fit"),
    );
}

#[test]
fn weighted_rows_equal_those_of_survey_and_optim() {
    check(
        "weights",
        &refit_levels(&LEVELS, &rows(true)).expect("a fit"),
    );
}

/// So many people on each of all combinations of levels, of whom as many have it as these points say, at a
/// fifth of log odds each, to the next whole number.
fn agreeing(n: usize, points: [f64; 5]) -> Vec<LevelRow> {
    let choices = [0b00000, 0b00001, 0b00010];
    let mut rows = Vec::new();
    for a in choices {
        for b in [0, 0b00100] {
            for c in choices {
                let on = a | b | c << 3;
                let score: f64 = (0..5).map(|k| points[k] * f64::from(on >> k & 1)).sum();
                let share = 1.0 / (1.0 + (2.0 - 0.2 * score).exp());
                let row = |at: usize| LevelRow {
                    on,
                    occurred: (at as f64 + 0.5) < share * n as f64,
                    weight: 1.0,
                };
                rows.extend((0..n).map(row));
            }
        }
    }
    rows
}

const PUBLISHED: [f64; 5] = [2.0, 3.0, 2.0, 3.0, 5.0];

#[test]
fn data_that_agree_leave_every_point_as_it_is() {
    let found = refit_levels(&LEVELS, &agreeing(400, PUBLISHED)).expect("a fit");
    assert!(!found.contradicts(), "{found:?}");
    for (level, published) in found.levels.iter().zip(PUBLISHED) {
        assert!((level.drawn - published).abs() < f64::EPSILON);
    }
}

#[test]
fn strong_data_win_and_weak_data_are_drawn_between() {
    let truth = [2.0, 3.0, 2.0, 3.0, 10.0];
    let off = |n: usize| {
        let found = refit_levels(&LEVELS, &agreeing(n, truth)).expect("a fit");
        assert!(found.contradicts());
        let last = found.levels[4];
        let alone = last.alone.expect("enough people").value;
        assert!(5.0 < last.drawn && last.drawn < alone, "{last:?}");
        (last.drawn - truth[4]).abs()
    };
    let (few, many) = (off(60), off(5_000));
    assert!(many < 0.1 && many < few, "{few} {many}");
}

/// The data say that the higher level adds less than the lower one; both are worth something.
#[test]
fn the_published_order_of_an_item_is_kept() {
    let found = refit_levels(&LEVELS, &agreeing(2_000, [8.0, 3.0, 2.0, 3.0, 5.0]));
    let found = found.expect("a fit");
    let [lower, higher] = [0, 1].map(|at| found.levels[at]);
    let alone = [lower, higher].map(|level| level.alone.expect("enough people").value);
    assert!(alone[1] < alone[0]);
    assert!((lower.drawn - higher.drawn).abs() < 1e-9, "{found:?}");
    assert!(alone[1] < lower.drawn && lower.drawn < alone[0]);
}

/// What the data say lies on the other side of nothing: the level comes to nothing, and not below.
#[test]
fn no_level_passes_the_one_that_the_others_are_held_against() {
    let found = refit_levels(&LEVELS, &agreeing(4_000, [2.0, 3.0, -3.0, 3.0, 5.0]));
    let level = found.expect("a fit").levels[2];
    assert!(level.alone.expect("enough people").value < -1.0);
    assert!(level.drawn.abs() < f64::EPSILON, "{level:?}");
}

#[test]
fn a_thin_level_stays_and_says_why() {
    let last_of = |keep: usize| {
        let mut kept = [0; 2];
        let mut rows = agreeing(400, [6.0, 3.0, 2.0, 3.0, 5.0]);
        rows.retain(|row| {
            let of_class = &mut kept[usize::from(row.occurred)];
            let most = if row.occurred { keep } else { 40 };
            *of_class += usize::from(row.on >> 4 & 1 == 1);
            row.on >> 4 & 1 == 0 || *of_class <= most
        });
        refit_levels(&LEVELS, &rows).expect("a fit").levels[4]
    };
    let thin = last_of(9);
    let few = NotIdentifiable::InsufficientEvidence {
        found: 9,
        needed: 10,
    };
    assert_eq!((thin.alone, thin.events), (Err(few), 9));
    assert!((thin.drawn - 5.0).abs() < f64::EPSILON);
    assert!(last_of(10).alone.is_ok());
}

#[test]
fn one_class_few_or_separated_say_why() {
    let all = |occurred: bool| {
        let mut rows = agreeing(100, PUBLISHED);
        rows.iter_mut().for_each(|row| row.occurred = occurred);
        refit_levels(&LEVELS, &rows)
    };
    assert_eq!(all(false), Err(NotIdentifiable::NoEvents));
    assert_eq!(all(true), Err(NotIdentifiable::NoNonEvents));
    // Five levels and an intercept need less than a hundred, which any figure needs.
    let with_events = |wanted: usize| {
        let mut rows = agreeing(400, PUBLISHED);
        let all = rows.iter().filter(|row| row.occurred).count();
        let mut seen = 0;
        // Evenly over all combinations.
        rows.retain(|row| {
            let before = seen * wanted / all;
            seen += usize::from(row.occurred);
            !row.occurred || before < seen * wanted / all
        });
        refit_levels(&LEVELS, &rows)
    };
    let few = NotIdentifiable::InsufficientEvidence {
        found: 99,
        needed: 100,
    };
    assert_eq!(with_events(99), Err(few));
    assert!(with_events(100).is_ok_and(|found| found.degrees == 4));
    // Whoever has six points or more has it, and nobody else: each level has both, and together they separate.
    let mut rows = agreeing(400, PUBLISHED);
    rows.iter_mut().for_each(|row| {
        let points = PUBLISHED.iter().enumerate();
        let on = points.filter(|(at, _)| row.on >> at & 1 == 1);
        row.occurred = 6.0 <= on.map(|(_, points)| points).sum::<f64>();
    });
    assert_eq!(
        refit_levels(&LEVELS, &rows),
        Err(NotIdentifiable::Separation)
    );
}
