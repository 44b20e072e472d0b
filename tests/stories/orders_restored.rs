//! An old copy of the data folder is put back: nothing that has left leaves again.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::acting::{Clinic, copy, until};
use crate::support::site::{Said, Site, count};
use crate::support::snapshots::reads;

const RESIDENTS: usize = 4;
const ORDERS: u64 = 8;

/// The data folder as it is now, for later.
fn backed_up(clinic: &Clinic) -> PathBuf {
    let place = clinic.site().beside("backup");
    copy(&clinic.site().data(), &place);
    place
}

/// Puts a copy of the ledger back, and nothing else.
fn ledger_is_restored(clinic: &Clinic, backup: &Path) {
    for name in ["ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"] {
        let (from, to) = (backup.join(name), clinic.site().data().join(name));
        // A ledger that was closed has no other files.
        let _ = fs::remove_file(&to);
        if from.exists() {
            fs::copy(from, to).expect("a ledger can be copied");
        }
    }
}

fn folder_is_restored(clinic: &Clinic, backup: &Path) {
    fs::remove_dir_all(clinic.site().data()).expect("the folder can be removed");
    copy(backup, &clinic.site().data());
}

/// What a person reads, without the paths and the times of this machine.
fn told(site: &Site, said: Said) -> String {
    let folder = site.beside("x");
    let folder = folder.parent().expect("a folder").display().to_string();
    let text = said.ends_well().replace(&folder, "<folder>");
    let is_time = |word: &&str| 20 < word.len() && word.starts_with("20") && word.ends_with('Z');
    let lines = text.lines().map(|line| {
        let time = line.split(' ').find(is_time).unwrap_or("no time");
        let line = line.replace(time, "<time>") + "\n";
        // How many groups left depends on how fast the machine is.
        match line.split_once(" times that") {
            Some((before, after)) => {
                let before = before.trim_end_matches(|c: char| c.is_ascii_digit());
                format!("{before}<n> times that{after}")
            }
            None => line,
        }
    });
    lines.collect()
}

/// The report of a dispatcher that notices the old copy; it sends nothing.
#[track_caller]
fn nothing_is_sent(clinic: &Clinic) -> Value {
    let before = clinic.requests("creates");
    let report = clinic.dispatches();
    assert_eq!(count(&report["sent"]), 0, "{report}");
    assert_eq!(
        clinic.requests("creates"),
        before,
        "the server was asked to create"
    );
    assert!(report["held"].is_string(), "{report}");
    assert_eq!(clinic.status()["stopped"]["by"], "the program");
    report
}

#[track_caller]
fn effects_resume(clinic: &Clinic) {
    let words = ["effects", "resume", "--by", "Maija Meikäläinen"];
    clinic.site().does(&words).ends_well();
}

/// Runs and dispatches after the resumption: nothing is there twice.
#[track_caller]
fn goes_on_without_a_second_order(clinic: &Clinic) {
    effects_resume(clinic);
    clinic.acts();
    clinic.delivers_everything();
    clinic.has_each_order_once();
    assert_eq!(count(&clinic.acts()["planned"]), 0);
    clinic.dispatches();
    clinic.has_each_order_once();
    assert_eq!(clinic.tasks().len(), 0);
    assert!(clinic.differences().is_empty());
    clinic.site().is_whole();
}

#[test]
fn an_old_copy_of_the_ledger_sends_nothing_and_reads_back_what_left() {
    let clinic = Clinic::with(RESIDENTS, &[]);
    clinic.acts();
    let backup = backed_up(&clinic);
    clinic.delivers_everything();
    clinic.has_each_order_once();
    ledger_is_restored(&clinic, &backup);
    assert_eq!(clinic.outbox().get("planned"), Some(&ORDERS));
    let said = told(clinic.site(), clinic.does(&["dispatch", "--once"]));
    let status = told(clinic.site(), clinic.site().does(&["effects", "status"]));
    reads("dispatch-of-an-old-copy", &format!("{said}\n{status}"));
    assert_eq!(clinic.requests("creates"), ORDERS);
    assert_eq!(clinic.outbox().get("acknowledged"), Some(&ORDERS));
    goes_on_without_a_second_order(&clinic);
    assert_eq!(clinic.requests("creates"), ORDERS);
}

#[test]
fn a_copy_from_the_middle_of_a_delivery_is_an_old_copy_too() {
    let clinic = Clinic::with(RESIDENTS, &["--faults", "seed=3,lost-answer=0.5"]);
    clinic.acts();
    // Some have left, some have not, some are in doubt.
    clinic.configured(&[("60000", "240")]);
    let dispatcher = clinic.starts(&["dispatch", "--for", "10s"]);
    until("some orders have left", || 3 <= clinic.n_at_server());
    drop(dispatcher);
    let backup = backed_up(&clinic);
    clinic.quiet();
    clinic.configured(&[]);
    clinic.delivers_everything();
    clinic.has_each_order_once();
    ledger_is_restored(&clinic, &backup);
    nothing_is_sent(&clinic);
    goes_on_without_a_second_order(&clinic);
}

#[test]
fn a_copy_from_before_the_run_that_ordered_plans_nothing_twice() {
    let clinic = Clinic::with(RESIDENTS, &[]);
    let backup = backed_up(&clinic);
    clinic.acts();
    clinic.delivers_everything();
    folder_is_restored(&clinic, &backup);
    nothing_is_sent(&clinic);
    goes_on_without_a_second_order(&clinic);
    assert_eq!(clinic.requests("creates"), ORDERS);
}

#[test]
fn a_run_before_the_dispatcher_has_noticed_sends_nothing_twice_either() {
    let clinic = Clinic::with(RESIDENTS, &[]);
    let backup = backed_up(&clinic);
    clinic.acts();
    clinic.delivers_everything();
    folder_is_restored(&clinic, &backup);
    assert_eq!(count(&clinic.acts()["planned"]), ORDERS);
    nothing_is_sent(&clinic);
    goes_on_without_a_second_order(&clinic);
    assert_eq!(clinic.requests("creates"), ORDERS);
}

#[test]
fn a_new_data_folder_in_the_same_place_sends_nothing_twice() {
    let clinic = Clinic::with(RESIDENTS, &[]);
    clinic.acts();
    clinic.delivers_everything();
    fs::remove_dir_all(clinic.site().data()).expect("the folder can be removed");
    clinic.world.pulls();
    assert_eq!(count(&clinic.acts()["planned"]), ORDERS);
    let report = nothing_is_sent(&clinic);
    assert_eq!(
        report["held"],
        "stopped by the program: orders were handed over here from another ledger"
    );
    goes_on_without_a_second_order(&clinic);
    assert_eq!(clinic.requests("creates"), ORDERS);
}

#[test]
fn a_memory_that_is_gone_stops_effects_until_somebody_resumes_them() {
    let clinic = Clinic::with(RESIDENTS, &[]);
    clinic.acts();
    clinic.delivers_everything();
    fs::remove_file(clinic.site().beside("data.epoch")).expect("it was there");
    let report = nothing_is_sent(&clinic);
    let why = report["held"].as_str().expect("a reason");
    let gone = "data.epoch`, which remembers how often, is gone";
    assert!(why.ends_with(gone), "{why}");
    goes_on_without_a_second_order(&clinic);
    assert_eq!(clinic.requests("creates"), ORDERS);
}

#[test]
fn where_the_server_cannot_be_asked_a_person_has_what_the_old_copy_held_open() {
    let clinic = Clinic::with(RESIDENTS, &["--searchable", "no"]);
    clinic.configured(&[("way = ", "reads_back = false\nway = ")]);
    clinic.acts();
    let backup = backed_up(&clinic);
    clinic.delivers_everything();
    clinic.has_each_order_once();
    ledger_is_restored(&clinic, &backup);
    nothing_is_sent(&clinic);
    assert_eq!(clinic.outbox().get("unknown: person"), Some(&ORDERS));
    assert_eq!(clinic.tasks().get("delivery-unknown"), Some(&ORDERS));
    effects_resume(&clinic);
    assert_eq!(count(&clinic.acts()["planned"]), 0);
    clinic.dispatches();
    assert_eq!(clinic.requests("creates"), ORDERS);
    assert_eq!(clinic.n_at_server(), ORDERS);
    clinic.site().is_whole();
}

#[test]
fn what_a_person_holds_or_has_not_approved_stays_in_an_old_copy_too() {
    for is_reviewed in [true, false] {
        let clinic = Clinic::with(1, &[]);
        let reviewed = "mode = \"reviewed\"\nway = ";
        let mode = if is_reviewed { reviewed } else { "way = " };
        clinic.configured(&[("way = ", mode)]);
        let by = ["--by", "Maija Meikäläinen"];
        let says = |what: &str, which: &str| {
            let words = [&["orders", what, which][..], &by].concat();
            clinic.site().does(&words).ends_well()
        };
        let waiting = || {
            let said = clinic.site().does(&["orders", "list"]).ends_well();
            said.matches("laboratory:").count()
        };
        clinic.acts();
        if !is_reviewed {
            says("hold", "--all");
        }
        // Without what remembers how often orders left, the ledger may be an old copy.
        let _ = fs::remove_file(clinic.site().beside("data.epoch"));
        let ledger = clinic.site().data().join("ledger.sqlite");
        let ledger = rusqlite::Connection::open(ledger).expect("the ledger opens");
        let sent_before = ledger.execute("UPDATE epoch SET number = 7", []);
        sent_before.expect("the ledger can be written");
        drop(ledger);
        nothing_is_sent(&clinic);
        effects_resume(&clinic);
        // Asked for twice and nowhere: but for what a person has said, they would leave now.
        until("both are known to be nowhere", || {
            clinic.dispatches();
            clinic.outbox().get("unknown: send-again") == Some(&2)
        });
        clinic.dispatches();
        assert_eq!(clinic.n_at_server(), 0, "reviewed: {is_reviewed}");
        assert_eq!(waiting(), 2, "a person can still look through them");
        let key = crate::support::acting::key("resident-000", "hba1c");
        says("approve", &key);
        clinic.delivers_what_is_planned();
        clinic.dispatches();
        assert_eq!(clinic.n_at_server(), 1, "reviewed: {is_reviewed}");
        assert_eq!(waiting(), 1);
        says("approve", "--all");
        clinic.delivers_everything();
        clinic.has_each_order_once();
        assert_eq!(waiting(), 0);
    }
}
