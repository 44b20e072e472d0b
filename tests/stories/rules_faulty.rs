//! A rule is found faulty: nothing is done by it any more, and everything says so.

use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::Value;

use crate::support::acting::{Clinic, Running, until};
use crate::support::rules::Rules;
use crate::support::site::{count, preventio, preventio_starts};
use crate::support::snapshots::reads;

const MARK: [&str; 10] = [
    "rules",
    "mark-faulty",
    "--rule",
    "findrisc",
    "--version",
    "2025.1",
    "--by",
    "Maija Meikäläinen",
    "--why",
    "waist bands of men are 10 cm off",
];

#[test]
fn a_mark_is_felt_by_every_running_dispatcher_within_a_second() {
    let clinic = Clinic::with(100, &[]);
    clinic.falls_silent_within_a_second_of(&MARK);
    // A new version is the way out: everybody is decided about again, and the rest leaves.
    clinic.configured(&[]);
    let rules = Rules::at(clinic.site().beside("rules"));
    rules.have_a_new_version_of_the_score();
    let rules = rules.name();
    until("everything is delivered", || {
        clinic
            .does(&["dispatch", "--once", "--rules", &rules])
            .ends_well();
        clinic.n_at_server() == 200
    });
    clinic.has_each_order_once();
    clinic.site().is_whole();
}

#[test]
fn every_command_says_so_and_scoring_and_same_day_tasks_go_on() {
    let mut world = crate::support::world::World::new();
    crate::support::acting::at_risk(&mut world, "aino");
    world
        .resident("bertta")
        .woman_born("1960-01-01")
        .fasting_glucose(24.0, "2025-10-28");
    let clinic = Clinic::of(world, &["aino"], &[]);
    let site = clinic.site();
    clinic.acts();
    let tasks = clinic.tasks();
    site.does(&MARK).ends_well();
    let ran = clinic.does(&["run", "--act"]).without_times();
    let looked = site
        .does(&["run", "--index-date", "2025-11-01"])
        .without_times();
    assert!(looked.starts_with("Do not act on this: rule findrisc 2025.1 is marked faulty"));
    let first = |text: &str| text.lines().take(2).collect::<Vec<_>>().join("\n");
    let effects = |text: &str| {
        let line = text.lines().find(|line| line.starts_with("Effects"));
        line.expect("what was done").to_owned()
    };
    let dispatched = clinic.does(&["dispatch", "--once"]).without_times();
    let status = site.does(&["effects", "status"]).without_times();
    let explained = site.does(&["explain", "aino"]).without_times();
    let shown = site.does(&["rules", "show"]).without_times();
    let all = [
        format!("# run\n{}\n{}", first(&ran), effects(&ran)),
        format!("# dispatch\n{dispatched}"),
        format!("# effects status\n{status}"),
        format!(
            "# explain\n{}",
            explained.lines().next().unwrap_or_default()
        ),
        format!("# rules show\n{}", first(&shown)),
    ];
    reads("commands-by-a-faulty-rule", &all.join("\n"));
    assert_eq!(
        clinic.tasks(),
        tasks,
        "what cannot wait stays before people"
    );
    assert_eq!(clinic.n_at_server(), 0);
    let report = site
        .does(&["run", "--index-date", "2025-11-01", "--json"])
        .ends_well();
    let report: Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(report["faulty"][0]["by"], "Maija Meikäläinen");
    site.is_whole();
}

#[test]
fn a_same_day_task_is_opened_although_the_score_is_faulty() {
    let mut world = crate::support::world::World::new();
    world
        .resident("bertta")
        .woman_born("1960-01-01")
        .fasting_glucose(24.0, "2025-10-28");
    let clinic = Clinic::of::<&str>(world, &[], &[]);
    clinic.site().does(&MARK).ends_well();
    clinic.acts();
    assert_eq!(
        clinic.tasks().get("glucose-critical"),
        Some(&1),
        "{:?}",
        clinic.tasks()
    );
}

#[test]
fn a_mark_is_for_good_and_names_somebody() {
    let clinic = Clinic::with(1, &[]);
    let site = clinic.site();
    let with = |at: usize, word: &'static str| {
        let mut words = MARK;
        words[at] = word;
        site.does(&words)
    };
    insta::assert_snapshot!(with(7, " ").ends_with(1), @"error: `--by` is empty");
    insta::assert_snapshot!(with(9, "").ends_with(1), @"error: `--why` is empty");
    assert!(
        clinic.status()["faulty"]
            .as_array()
            .is_some_and(Vec::is_empty)
    );
    site.does(&MARK).ends_well();
    with(9, "another reason").ends_well();
    let marks = clinic.status()["faulty"].clone();
    assert_eq!(marks.as_array().map(Vec::len), Some(1));
    assert_eq!(marks[0]["why"], MARK[9], "the first word stands");
    // Resuming effects takes no mark away.
    site.does(&["effects", "resume", "--by", "Olli Ohjaaja"])
        .ends_well();
    clinic.acts();
    assert_eq!(clinic.rows().len(), 0);
    for statement in [
        "DELETE FROM rule_faulty",
        "UPDATE rule_faulty SET version = '1'",
    ] {
        let ledger = Connection::open(site.data().join("ledger.sqlite")).expect("a ledger");
        assert!(ledger.execute(statement, []).is_err(), "{statement}");
    }
}

#[test]
fn a_rule_that_nobody_here_knows_is_marked_with_a_note() {
    let clinic = Clinic::with(1, &[]);
    let mut words = MARK;
    words[5] = "2025.9";
    let said = clinic.site().does(&words);
    assert_eq!(said.code, Some(0), "{}", said.err);
    insta::assert_snapshot!(said.err, @"note: no rule findrisc 2025.9 is known here, so make sure that it is written as in its file; known are findrisc 2025.1");
    assert_eq!(clinic.status()["faulty"][0]["version"], "2025.9");
    // Also when the ledger is no ledger any more: the mark is there, and the exit code says what is not.
    let ledger = clinic.site().data().join("ledger.sqlite");
    std::fs::write(&ledger, "no ledger").expect("written over");
    words[5] = "2025.10";
    clinic.site().does(&words).ends_with(1);
    let marks = std::fs::read_dir(clinic.site().data().join("faulty-rules")).expect("marks");
    assert_eq!(marks.count(), 2);
}

#[test]
fn either_half_of_a_mark_is_enough_and_one_that_cannot_be_read_stops_everything() {
    let clinic = Clinic::with(2, &[]);
    let site = clinic.site();
    clinic.acts();
    site.does(&MARK).ends_well();
    let folder = site.data().join("faulty-rules");
    let kept = site.beside("kept");
    std::fs::rename(&folder, &kept).expect("moved");
    assert_eq!(
        count(&clinic.dispatches()["sent"]),
        0,
        "the ledger remembers"
    );
    std::fs::rename(&kept, &folder).expect("moved");
    let ledger = Connection::open(site.data().join("ledger.sqlite")).expect("a ledger");
    let forgets = "DROP TRIGGER rule_faulty_remains; DELETE FROM rule_faulty;";
    ledger.execute_batch(forgets).expect("a broken ledger");
    drop(ledger);
    assert_eq!(count(&clinic.dispatches()["sent"]), 0, "the file remembers");
    let file = std::fs::read_dir(&folder)
        .expect("marks")
        .next()
        .expect("one")
        .expect("one");
    std::fs::write(file.path(), "?").expect("written");
    let report = clinic.dispatches();
    assert_eq!(count(&report["sent"]), 0);
    let held = report["held"].as_str().expect("why");
    assert!(held.contains("cannot be read"), "{held}");
    assert_eq!(clinic.n_at_server(), 0);
}

#[test]
fn a_mark_works_at_once_while_somebody_else_holds_the_ledger() {
    let clinic = Clinic::with(20, &[]);
    clinic.acts();
    let path = clinic.site().data().join("ledger.sqlite");
    let ledger = Connection::open(path).expect("a ledger");
    ledger
        .execute_batch("BEGIN IMMEDIATE")
        .expect("the ledger can be held");
    let asked = Instant::now();
    let mut mark = Running(preventio_starts(&clinic.site().arguments(&MARK)));
    let folder = clinic.site().data().join("faulty-rules");
    let is_marked = || {
        let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        let mut ends = entries.filter_map(|entry| entry.path().extension().map(ToOwned::to_owned));
        ends.any(|end| end == "json")
    };
    until("the mark is set", is_marked);
    assert!(
        asked.elapsed() < Duration::from_secs(2),
        "{:?}",
        asked.elapsed()
    );
    ledger
        .execute_batch("COMMIT")
        .expect("the ledger can be let go");
    assert!(mark.0.wait().expect("a child ends").success());
    assert_eq!(count(&clinic.dispatches()["sent"]), 0);
}

#[test]
fn a_rule_of_another_folder_can_be_marked_before_any_run_used_it() {
    let clinic = Clinic::with(1, &[]);
    let rules = Rules::at(clinic.site().beside("rules"));
    rules.have_a_new_version_of_the_score();
    let mut words = MARK;
    words[5] = "2025.2";
    let folder = rules.name();
    clinic.site().does(&words).ends_well();
    clinic
        .site()
        .does(&[&words[..], &["--rules", &folder]].concat())
        .ends_well();
    assert_eq!(
        count(&clinic.acts()["planned"]),
        2,
        "the shipped version is not meant"
    );
    let said = clinic
        .does(&["run", "--act", "--json", "--rules", &folder])
        .ends_well();
    let report: Value = serde_json::from_str(&said).expect("JSON");
    assert!(report["act"]["stopped"].is_string());
    let nowhere = preventio(&[&MARK[..], &["--data", "/nowhere"]].concat());
    nowhere.ends_with(1);
}
