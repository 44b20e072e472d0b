//! Nobody is forgotten: after every step everybody on the register stands somewhere, once.

use std::collections::BTreeMap;
use std::fs;

use insta::assert_snapshot;
use serde_json::Value;

use crate::support::programme::Programme;
use crate::support::site::{Site, TempFolder, count, made_up_register, text};
use crate::support::snapshots::reads;
use crate::support::world::{World, file};

/// What an operator reads, with names for ids.
fn told(world: &World) -> String {
    world.with_names(&world.site.does(&["coverage"]).ends_well())
}

/// Without ids.
fn anonymous(said: &str) -> String {
    let is_id = |word: &str| word.len() == 32 && word.chars().all(|c| c.is_ascii_hexdigit());
    let lines = said.lines().map(|line| {
        let words = line.split(' ').map(|word| {
            if is_id(word.trim_end_matches(';')) {
                "<resident>;"
            } else {
                word
            }
        });
        words.collect::<Vec<_>>().join(" ")
    });
    lines.map(|line| line + "\n").collect()
}

/// How many are in each standing.
fn standings(report: &Value) -> BTreeMap<String, u64> {
    let standings = report["standings"].as_array().expect("a list");
    let of = |one: &Value| (text(&one["standing"]), count(&one["residents"]));
    standings.iter().map(of).collect()
}

/// A clinic with somebody to ask, somebody with diabetes, and somebody whose result nobody has seen.
fn clinic() -> World {
    let mut world = World::with_a_result_and_a_diagnosis();
    world
        .resident("elli")
        .woman_born("1961-04-30")
        .bmi(31.2, "2025-10-01");
    world
}

#[test]
fn what_a_pull_brings_waits_for_a_run_and_what_a_run_decides_waits_for_one_that_acts() {
    let world = clinic();
    world.pulls();
    reads("coverage-after-a-pull", &told(&world));
    world.runs();
    reads("coverage-after-a-run", &told(&world));
    let report = world.site.does(&["coverage", "--json"]).ends_well();
    reads("coverage-after-a-run-json", &world.with_names(&report));
}

#[test]
fn who_leaves_has_moved_and_who_comes_is_to_be_decided_about() {
    let mut world = clinic();
    world.decides();
    world
        .resident("elli")
        .woman_born("1961-04-30")
        .leaves("2025-11-20");
    world.resident("kalle").man_born("1970-01-01");
    world.pulls();
    reads("coverage-after-a-later-pull", &told(&world));
    world.runs_as_of("2025-12-01");
    world.runs_as_of("2026-01-01");
    reads("coverage-after-later-runs", &told(&world));
}

#[test]
fn who_is_missing_from_a_later_export_stays_on_the_register() {
    let mut world = clinic();
    world.decides();
    world.resident("kalle").man_born("1970-01-01");
    let export = world.export();
    let patients = file(&export, "Patient");
    let lines = fs::read_to_string(&patients).expect("patients");
    let without: String = lines
        .lines()
        .filter(|line| !line.contains("\"elli\""))
        .map(|line| format!("{line}\n"))
        .collect();
    fs::write(&patients, without).expect("it can be written");
    world.site.pulls(&export, &[]);
    assert_eq!(count(&world.site.covers()["register"]), 4);
    world.runs();
    assert_eq!(count(&world.site.covers()["register"]), 4);
}

#[test]
fn a_town_is_followed_step_by_step() {
    let mut programme = Programme::in_a_town();
    programme.pulls();
    let told = |programme: &Programme| anonymous(&programme.site.does(&["coverage"]).ends_well());
    let pulled = programme.site.covers();
    let everybody = count(&pulled["register"]);
    let new = ("to-decide:new-on-the-register".to_owned(), everybody);
    assert_eq!(standings(&pulled), BTreeMap::from([new]));
    programme.decides();
    reads("coverage-of-a-town-that-is-asked", &told(&programme));
    let mut decided = standings(&programme.site.covers());
    programme.delivers();
    // One of those asked lives where nobody may know: a person asks.
    *decided.entry("asked".to_owned()).or_default() -= 1;
    decided.insert("with-a-nurse".to_owned(), 1);
    assert_eq!(standings(&programme.site.covers()), decided);
}

#[test]
fn an_order_that_is_taken_back_after_the_run_is_for_the_next_run() {
    let mut programme = Programme::in_a_town();
    programme.pulls();
    programme.decides();
    let aino = programme.somebody_who_is("asked");
    let before = standings(&programme.site.covers());
    aino.dies();
    programme.pulls();
    programme.delivers();
    let after = standings(&programme.site.covers());
    assert_eq!(after.get("to-decide:taken-back"), Some(&1));
    // Another one lives where nobody may know: a person asks.
    assert_eq!(after["with-a-nurse"], 1);
    assert_eq!(after["asked"], before["asked"] - 2);
    programme.decides();
    let decided = standings(&programme.site.covers());
    assert_eq!(decided.get("to-decide:taken-back"), None);
    assert_eq!(decided["deceased"], before["deceased"] + 1);
}

/// Changes the ledger behind the program's back.
fn tampers(site: &Site, sql: &str) {
    let path = site.data().join("ledger.sqlite");
    let ledger = rusqlite::Connection::open(path).expect("the ledger opens");
    ledger.execute_batch(sql).expect("it can be changed");
}

#[test]
fn what_does_not_add_up_is_said_and_ends_with_5() {
    let world = clinic();
    world.decides();
    tampers(
        &world.site,
        "UPDATE run SET register = 4;
         INSERT INTO episode_event (resident, round, kind, on_day, until, at)
         VALUES (x'000102030405060708090a0b0c0d0e0f', 1, 'asked', '2025-11-01', '2025-12-01', 0);",
    );
    let said = world.site.does(&["coverage"]);
    let problems: Vec<&str> = said
        .out
        .lines()
        .filter(|line| line.starts_with("Does not add up"))
        .collect();
    assert_snapshot!(problems.join("\n"), @"
    Does not add up: resident 000102030405060708090a0b0c0d0e0f has a round, and is not on the register
    Does not add up: the run has on record that it decided about 4 residents, 3 are stored
    ");
    assert_eq!(said.code, Some(5));
    let said = world.site.does(&["coverage", "--json"]);
    let report: Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!(
        (said.code, &report["adds_up"]),
        (Some(5), &Value::Bool(false))
    );
}

#[test]
fn others_are_told_no_small_number_no_day_and_nobody() {
    let folder = TempFolder::new();
    let site = Site::new();
    site.pulls(&made_up_register(&folder, 300, 5), &[]);
    site.runs("2026-01-15", &[]);
    let said = site.does(&["coverage", "--for-others"]).ends_well();
    reads("coverage-for-others", &said);
    assert_eq!(anonymous(&said), said, "no ids");
    assert!(!said.contains("since"), "no days");
    let said = site
        .does(&["coverage", "--for-others", "--json"])
        .ends_well();
    let report: Value = serde_json::from_str(&said).expect("JSON");
    let mut hidden = 0;
    for parts in ["standings", "by_district", "by_language"] {
        for part in report[parts].as_array().expect("a list") {
            match part["residents"].as_u64() {
                None => hidden += 1,
                Some(n) => assert!(n == 0 || 5 <= n, "{part}"),
            }
        }
    }
    assert!(4 < hidden, "small numbers are hidden, and others with them");
    let nowhere = report["by_district"].as_array().expect("a list").last();
    assert_eq!(
        nowhere.map(|one| (&one["name"], &one["residents"])),
        Some((&Value::Null, &Value::Null))
    );
    let small = clinic();
    small.decides();
    let said = small.site.does(&["coverage", "--for-others"]).ends_well();
    assert_snapshot!(said, @"
    - residents on the register, as of 2025-11-01
    By district
    By language
    - stands for a number that is not told. Standings are not told at all: too few residents.
    ");
}
