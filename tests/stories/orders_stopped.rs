//! Somebody stops effects: nothing leaves any more, in any process, until somebody takes the responsibility.

use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::Value;

use crate::support::acting::{Clinic, Running, until};
use crate::support::site::{Site, count, preventio_starts, text};
use crate::support::snapshots::reads;

const STOP: [&str; 6] = [
    "effects",
    "stop",
    "--reason",
    "wrong cut-off in force",
    "--by",
    "Maija Meikäläinen",
];
const RESUME: [&str; 4] = ["effects", "resume", "--by", "Olli Ohjaaja"];

#[test]
fn a_stop_is_felt_by_every_dispatcher_within_a_second() {
    let clinic = Clinic::with(100, &[]);
    clinic.falls_silent_within_a_second_of(&STOP);
    clinic.site().does(&RESUME).ends_well();
    clinic.configured(&[]);
    clinic.delivers_everything();
    clinic.has_each_order_once();
}

#[test]
fn dispatchers_that_go_on_meanwhile_deliver_the_rest_after_the_resumption() {
    let clinic = Clinic::with(10, &[]);
    clinic.acts();
    clinic.site().does(&STOP).ends_well();
    let _running = [(); 2].map(|()| clinic.starts(&["dispatch", "--for", "20s"]));
    let searched = Instant::now();
    until("they had time to send", || {
        assert_eq!(clinic.n_at_server(), 0);
        Duration::from_secs(1) <= searched.elapsed()
    });
    clinic.site().does(&RESUME).ends_well();
    until("the rest is delivered", || clinic.n_at_server() == 20);
    clinic.has_each_order_once();
}

#[test]
fn while_effects_are_stopped_commands_say_so_and_scoring_goes_on() {
    let clinic = Clinic::with(4, &[]);
    let site = clinic.site();
    site.does(&STOP).ends_well();
    let report: Value = {
        let said = clinic.does(&["run", "--act", "--json"]).ends_well();
        serde_json::from_str(&said).expect("the report is JSON")
    };
    assert_eq!(report["act"]["stopped"], "wrong cut-off in force");
    assert_eq!(count(&report["act"]["planned"]), 0);
    assert_eq!(
        count(&report["states"]["ordered"]),
        4,
        "everybody is decided about"
    );
    assert_eq!(clinic.rows().len(), 0);
    site.does(&[
        "effects",
        "resume",
        "--by",
        "Olli Ohjaaja",
        "--reason",
        "cut-off corrected",
    ])
    .ends_well();
    assert_eq!(count(&clinic.acts()["planned"]), 8);
    site.does(&STOP).ends_well();
    let said = clinic.does(&["dispatch", "--once"]).without_times();
    let ran = clinic.does(&["run", "--act"]).without_times();
    let status = site.does(&["effects", "status"]).without_times();
    // The hash of decisions is not what this story is about.
    let ran: Vec<&str> = ran
        .lines()
        .filter(|line| !line.starts_with("Decisions "))
        .collect();
    let all = format!("{said}\n{}\n\n{status}", ran.join("\n"));
    reads("commands-while-effects-are-stopped", &all);
    assert_eq!(clinic.n_at_server(), 0);
    site.does(&["fsck"]).ends_well();
}

#[test]
fn whoever_resumes_gives_a_name() {
    let clinic = Clinic::with(1, &[]);
    let site = clinic.site();
    site.does(&STOP).ends_well();
    for (words, code) in [
        (&["effects", "resume"][..], 2),
        (&["effects", "resume", "--by", " "], 1),
        (&["effects", "resume", "--by", ""], 1),
        (&["effects", "stop"], 2),
    ] {
        let said = site.does(words);
        assert_eq!(said.code, Some(code), "{words:?}: {}", said.err);
        assert!(clinic.status()["stopped"].is_object(), "{words:?}");
    }
    insta::assert_snapshot!(site.does(&["effects", "resume", "--by", " "]).ends_with(1), @"error: `--by` is empty");
    site.does(&RESUME).ends_well();
    assert!(clinic.status()["stopped"].is_null());
    let log = clinic.status()["log"].clone();
    let said = |n: usize| [text(&log[n]["what"]), text(&log[n]["who"])];
    assert_eq!(said(0), ["stopped", "Maija Meikäläinen"]);
    assert_eq!(said(1), ["resumed", "Olli Ohjaaja"]);
    assert_eq!(
        log.as_array().map(Vec::len),
        Some(2),
        "what failed is no resumption"
    );
}

#[test]
fn a_stop_works_at_once_while_somebody_else_holds_the_ledger() {
    let clinic = Clinic::with(20, &[]);
    clinic.acts();
    let ledger = Connection::open(clinic.site().data().join("ledger.sqlite")).expect("a ledger");
    ledger
        .execute_batch("BEGIN IMMEDIATE")
        .expect("the ledger can be held");
    let asked = Instant::now();
    let mut stop = Running(preventio_starts(&clinic.site().arguments(&STOP)));
    let switch = clinic.site().data().join("effects-stopped");
    until("the switch is set", || switch.exists());
    assert!(
        asked.elapsed() < Duration::from_secs(2),
        "{:?}",
        asked.elapsed()
    );
    ledger
        .execute_batch("COMMIT")
        .expect("the ledger can be let go");
    assert!(stop.0.wait().expect("a child ends").success());
    assert_eq!(count(&clinic.dispatches()["sent"]), 0);
    assert_eq!(clinic.n_at_server(), 0);
    let log = clinic.status()["log"].clone();
    assert_eq!(log[0]["what"], "stopped", "the ledger notes it when it can");
}

#[test]
fn an_empty_switch_stops_as_well_and_a_stop_without_data_is_told() {
    let clinic = Clinic::with(2, &[]);
    clinic.acts();
    let switch = clinic.site().data().join("effects-stopped");
    std::fs::write(&switch, "").expect("a file can be written");
    let report = clinic.dispatches();
    assert_eq!(count(&report["sent"]), 0);
    assert_eq!(
        report["held"],
        "stopped by unknown: the switch is on and does not say why"
    );
    assert_eq!(clinic.n_at_server(), 0);
    let nowhere = Site::new();
    let folder = nowhere.data().display().to_string();
    let said = nowhere.does(&STOP).ends_with(1).replace(&folder, "<data>");
    insta::assert_snapshot!(said, @r#"
    error: there is no data folder at `<data>`
    hint: `preventio pull --from DIR --data DATA` creates one
    "#);
}
