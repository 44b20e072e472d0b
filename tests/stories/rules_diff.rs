//! A change of rules is looked at before it is in force: what differs, and for how many.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::acting::copy;
use crate::support::rules::Rules;
use crate::support::site::{Said, Site, TempFolder, count, made_up_register, preventio, text};
use crate::support::snapshots::reads;

const DAY: &str = "2025-01-15";

/// A made-up register with one run by the shipped rules, and rules with another waist band and level.
struct Board {
    site: Site,
    new: Rules,
}

impl Board {
    fn meets() -> Self {
        let folder = TempFolder::new();
        let export = made_up_register(&folder, 3_000, 5);
        let site = Site::new();
        site.pulls(&export, &[]);
        site.runs(DAY, &[]);
        let new = Rules::at(site.beside("new"));
        new.says(
            "pathways/stepwise.toml",
            &[
                ("points = 12", "points = 13"),
                ("version = \"2026.1\"", "version = \"2026.2\""),
            ],
        );
        Self { site, new }
    }

    fn compares(&self, more: &[&str]) -> Said {
        let new = self.new.name();
        self.site
            .does(&[&["rules", "diff", "shipped", &new], more].concat())
    }

    #[track_caller]
    fn report(&self) -> Value {
        let said = self.compares(&["--json"]).ends_well();
        serde_json::from_str(&said).expect("JSON")
    }
}

fn cells(value: &Value) -> Vec<(String, Option<u64>)> {
    let cells = value.as_array().expect("a list").iter();
    cells
        .map(|cell| (text(&cell["name"]), cell["n"].as_u64()))
        .collect()
}

#[test]
fn the_numbers_are_those_of_two_runs_and_small_ones_are_not_told() {
    let board = Board::meets();
    let report = board.report();
    let decisions = &report["decisions"];
    // Counted anew: two runs on two copies, compared by resident.
    let other = Site::new();
    copy(&board.site.data(), &other.data());
    other.runs(DAY, &["--rules", &board.new.name()]);
    let (was, is) = (board.site.decisions(), other.decisions());
    let districts: BTreeMap<_, _> = board
        .site
        .register()
        .into_iter()
        .map(|row| (row.resident, row.district))
        .collect();
    let mut exact: BTreeMap<(String, String), (u64, BTreeMap<String, u64>)> = BTreeMap::new();
    for (who, row) in &was {
        let new = &is[who];
        let same = (row.state, &row.next, &row.asks, &row.reviews)
            == (new.state, &new.next, &new.asks, &new.reviews);
        if !same {
            let to = match row.state == new.state {
                true => format!("{}, otherwise", new.state),
                false => new.state.to_owned(),
            };
            let (n, by_district) = exact.entry((row.state.to_owned(), to)).or_default();
            *n += 1;
            let district = districts[who].as_deref().unwrap_or("-");
            *by_district.entry(district.to_owned()).or_default() += 1;
        }
    }
    let changed: u64 = exact.values().map(|(n, _)| n).sum();
    assert!(50 < changed, "{changed} change");
    assert_eq!(count(&decisions["changed"]), changed);
    let gained = decisions["gained"].as_array().expect("a list");
    assert_eq!(gained.len(), exact.len());
    let mut told = 0;
    let mut hidden_districts = 0;
    for entry in gained {
        let key = (text(&entry["from"]), text(&entry["to"]));
        let (n, by_district) = &exact[&key];
        let Some(shown) = entry["n"].as_u64() else {
            for part in ["by_reason", "by_age", "by_sex", "by_district"] {
                assert_eq!(cells(&entry[part]), [], "{key:?}");
            }
            continue;
        };
        told += 1;
        assert_eq!(shown, *n);
        for part in ["by_reason", "by_age", "by_sex"] {
            let cells = cells(&entry[part]);
            assert!(
                cells
                    .iter()
                    .all(|(_, n)| n.is_none_or(|n| n == 0 || 5 <= n)),
                "{cells:?}"
            );
            if !cells.is_empty() && cells.iter().all(|(_, n)| n.is_some()) {
                assert_eq!(cells.iter().filter_map(|(_, n)| *n).sum::<u64>(), shown);
            }
        }
        let cells = cells(&entry["by_district"]);
        for (name, n) in &cells {
            assert!(n.is_none_or(|n| n == by_district[name]), "{name}");
        }
        // Who lives where nobody may know can be worked out from no difference.
        assert!(
            cells.is_empty() || cells.iter().any(|(_, n)| n.is_none()),
            "{cells:?}"
        );
        assert!(cells.iter().all(|(name, _)| name != "-"));
        hidden_districts += by_district.get("-").copied().unwrap_or(0);
    }
    assert!(
        0 < told && 0 < hidden_districts,
        "{told} {hidden_districts}"
    );
    board.site.is_whole();
    assert_eq!(
        board.site.decisions().len(),
        was.len(),
        "nothing was stored"
    );
}

#[test]
fn what_differs_is_told_number_by_number_and_for_whom() {
    let board = Board::meets();
    reads("rules-diff", &board.compares(&[]).ends_well());
    let new = board.new.name();
    let said = preventio(&["rules", "diff", "shipped", &new]).ends_well();
    assert!(
        said.contains("action_level.points: 12 → 13") && !said.contains("Decisions"),
        "{said}"
    );
    let said = preventio(&["rules", "diff", &new, &new]).ends_well();
    assert!(said.contains("The rules say the same."), "{said}");
    board
        .new
        .says("scores/findrisc.toml", &[("question = 8", "question = 9")]);
    let said = preventio(&["rules", "diff", "shipped", &new]).ends_well();
    assert!(
        said.contains("still calls itself findrisc 2025.1"),
        "{said}"
    );
}

#[test]
fn a_change_out_of_its_bounds_has_an_exit_code_of_its_own() {
    let board = Board::meets();
    let changed = count(&board.report()["decisions"]["changed"]);
    let (enough, too_few) = (changed.to_string(), (changed - 1).to_string());
    board.compares(&["--max-change", &enough]).ends_well();
    board.compares(&["--max-change", "99.5%"]).ends_well();
    board
        .compares(&["--min-cohort", "1000", "--max-cohort", "3000"])
        .ends_well();
    for (bounds, words) in [
        (
            &["--max-change", &*too_few][..],
            "residents' decisions change",
        ),
        (
            &["--max-change", "0"],
            "more than 0 residents' decisions change",
        ),
        (&["--max-change", "0.5%"], "residents' decisions change"),
        (&["--min-cohort", "2900"], "fewer than 2900 residents"),
        (&["--max-cohort", "100"], "more than 100 residents"),
    ] {
        let said = board.compares(bounds);
        assert_eq!(said.code, Some(6), "{bounds:?}: {}", said.err);
        assert!(said.out.contains(words), "{bounds:?}: {}", said.out);
    }
    for bound in ["1", "4", "x", "-5", "101%", "1.234%", "%"] {
        let bound = format!("--max-change={bound}");
        assert_eq!(board.compares(&[&bound]).code, Some(2), "{bound}");
    }
}

#[test]
fn fewer_than_five_changes_are_not_told_apart() {
    let folder = TempFolder::new();
    let export = made_up_register(&folder, 400, 5);
    let site = Site::new();
    site.pulls(&export, &[]);
    // Find a slip that touches one to four people.
    for off in [10, 5, -2, -5, 2, 1, -1] {
        let new = Rules::at(site.beside(&format!("new{off}")));
        new.have_a_new_version_of_the_score();
        new.have_waists_off_by(off);
        let words = [
            "rules",
            "diff",
            "shipped",
            &new.name(),
            "--index-date",
            DAY,
            "--json",
        ];
        let said = site.does(&words).ends_well();
        let report: Value = serde_json::from_str(&said).expect("JSON");
        let decisions = &report["decisions"];
        if decisions["changed"].is_null() {
            assert_eq!(decisions["gained"], serde_json::json!([]));
            let words = &words[..words.len() - 1];
            let said = site.does(words).ends_well();
            assert!(
                said.contains("fewer than 5 would be decided about otherwise"),
                "{said}"
            );
            return;
        }
    }
    panic!("no slip touches so few");
}

#[test]
fn facts_read_by_other_rules_are_not_compared() {
    let board = Board::meets();
    board
        .new
        .says("facts/measurements.toml", &[("[10, 90]", "[10, 91]")]);
    let said = board.compares(&[]).ends_with(1);
    insta::assert_snapshot!(said, @r#"
    error: the facts in this folder were read with other fact definitions than these rules have
    hint: pull into a new folder
    "#);
}
