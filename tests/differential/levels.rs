//! Every action level at once against rules that have the level, one after the other.

use std::cell::Cell;

use preventiojyraa_core::pathway::{decide, decide_by_level};
use preventiojyraa_core::rulebook::{Rulebook, Score};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::support::core::{anyone, rule_files};
use crate::support::draw::fixed;

/// The shipped rules of a programme with another text in its pathway.
fn with_level(programme: &str, file: &str, from: &str, to: &str) -> Rulebook {
    let mut files = rule_files();
    let pathway = files.iter_mut().find(|known| known.path == file);
    let pathway = pathway.expect("the programme has a pathway");
    assert!(
        pathway.text.contains(from),
        "`{file}` does not say `{from}`"
    );
    pathway.text = pathway.text.replacen(from, to, 1);
    Rulebook::load_programme(&files, programme).expect("rules with another level load")
}

/// Anybody is decided about by each of these rules as at the level among all levels.
fn agree(shipped: &Rulebook, at_levels: &[(Score, Rulebook)], cases: u32) {
    let moved = Cell::new(0);
    let mut runner = TestRunner::new(fixed(cases));
    let outcome = runner.run(&anyone(), |someone| {
        let profile = someone.profile();
        let (episode, lot) = (someone.episode.as_ref(), someone.lot);
        let by_level = decide_by_level(shipped, &profile, episode, lot);
        let in_force = decide(shipped, &profile, episode, lot);
        prop_assert_eq!(by_level.row_at(by_level.in_force), in_force.row);
        let mut rows = vec![in_force.row];
        for (level, rules) in at_levels {
            let decision = decide(rules, &profile, episode, lot);
            prop_assert_eq!(by_level.row_at(*level), decision.row, "at {}", level);
            let range = decision.assessment.map(|a| (a.low(), a.high()));
            prop_assert_eq!(by_level.range, range);
            rows.push(decision.row);
        }
        rows.dedup();
        if 1 < rows.len() {
            prop_assert!(by_level.is_open_to_the_score());
            moved.set(moved.get() + 1);
        }
        Ok(())
    });
    outcome.expect("one decision at a level, whichever way it is asked for");
    assert!(cases / 20 < moved.get(), "{} of {cases} move", moved.get());
}

#[test]
fn all_levels_at_once_decide_as_rules_with_each_level() {
    let file = "pathways/stepwise.toml";
    let rules = |level: Score| {
        let to = format!("[action_level]\npoints = {level}\n");
        with_level(
            "type-2-diabetes",
            file,
            "[action_level]\npoints = 12\n",
            &to,
        )
    };
    let levels = [1, 3, 7, 11, 12, 13, 17, 22, 26];
    let at_levels: Vec<_> = levels
        .into_iter()
        .map(|level| (level, rules(level)))
        .collect();
    agree(&rules(12), &at_levels, 600);
}

#[test]
fn a_level_for_all_ages_decides_as_rules_with_it_in_the_place_of_levels_by_age() {
    let (programme, file) = ("cardiovascular", "pathways/lipids-and-review.toml");
    let by_age = "by_age = [
  { below = 50, percent = 7.5 },
  { from = 50, below = 70, percent = 10 },
  { from = 70, percent = 15 },
]";
    let shipped = with_level(programme, file, by_age, by_age);
    let levels = [10_000, 50_000, 75_000, 100_000, 125_000, 400_000];
    let at_levels: Vec<_> = levels
        .into_iter()
        .map(|level| {
            let to = format!("percent = {}", f64::from(level) / 1e4);
            (level, with_level(programme, file, by_age, &to))
        })
        .collect();
    agree(&shipped, &at_levels, 600);
}
