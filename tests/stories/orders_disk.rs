//! No room, no right to write, no free ledger: nothing is half done, and the next attempt completes it.

use std::fs;
use std::process::{Command, Stdio};

use preventiojyraa::steps::{Access, DataFolder};
use rusqlite::Connection;

use crate::support::acting::{Clinic, until};
use crate::support::site::{Said, count};

/// Sizes beyond which no file may grow, in blocks of 512 bytes: from no room at all to nearly enough.
pub(super) const ROOM: [u32; 9] = [0, 1, 9, 18, 40, 80, 160, 320, 640];

/// Runs the program where no file may grow beyond so many blocks, as on a full disk.
pub(super) fn with_room(blocks: u32, words: &[String]) -> Said {
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let output = Command::new("sh")
        .args(["-c", &script, env!("CARGO_BIN_EXE_preventio")])
        .args(words)
        .stdin(Stdio::null())
        .output()
        .expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("the program writes UTF-8");
    Said {
        code: output.status.code(),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

/// Either it went well, or it says that it did not.
#[track_caller]
pub(super) fn fails_clearly(said: &Said) -> bool {
    match said.code {
        Some(0) => false,
        code => {
            assert_eq!(code, Some(1), "{}", said.err);
            assert!(said.err.starts_with("error: "), "{}", said.err);
            true
        }
    }
}

#[test]
fn a_run_that_acts_on_a_full_disk_plans_everything_or_nothing() {
    let clinic = Clinic::with(30, &[]);
    let mut failed = 0;
    for blocks in ROOM {
        let said = with_room(blocks, &clinic.words(&["run", "--act"]));
        failed += usize::from(fails_clearly(&said));
        let n = clinic.rows().len();
        assert!(n == 0 || n == 60, "{n} of 60 orders are planned");
        clinic.site().is_whole();
    }
    assert!(3 < failed, "only {failed} runs had too little room");
    clinic.acts();
    clinic.delivers_everything();
    clinic.has_each_order_once();
}

#[test]
fn a_dispatcher_on_a_full_disk_sends_nothing_twice() {
    let clinic = Clinic::with(30, &[]);
    clinic.acts();
    let mut failed = 0;
    for blocks in ROOM {
        let said = with_room(blocks, &clinic.words(&["dispatch", "--for", "1s"]));
        failed += usize::from(fails_clearly(&said));
        assert!(clinic.at_server().values().all(|found| found.len() == 1));
    }
    assert!(3 < failed, "only {failed} dispatchers had too little room");
    clinic.delivers_everything();
    clinic.has_each_order_once();
    clinic.site().is_whole();
}

#[test]
fn a_stop_works_on_a_full_disk_and_a_resumption_does_not() {
    let clinic = Clinic::with(1, &[]);
    clinic.acts();
    let stop = clinic
        .site()
        .arguments(&["effects", "stop", "--reason", "full"]);
    let said = with_room(0, &stop);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(clinic.status()["stopped"].is_object());
    let resume = clinic
        .site()
        .arguments(&["effects", "resume", "--by", "Maija Meikäläinen"]);
    assert!(
        fails_clearly(&with_room(0, &resume)),
        "who resumes is not on record"
    );
    assert!(clinic.status()["stopped"].is_object());
    assert_eq!(count(&clinic.dispatches()["sent"]), 0);
    assert_eq!(clinic.n_at_server(), 0);
}

#[test]
fn nothing_leaves_before_it_is_remembered_outside() {
    let clinic = Clinic::with(2, &[]);
    clinic.acts();
    let epoch = clinic.site().beside("data.epoch");
    fs::create_dir(&epoch).expect("a folder can be made");
    let said = clinic.does(&["dispatch", "--once"]);
    assert!(fails_clearly(&said));
    assert_eq!(clinic.n_at_server(), 0);
    assert_eq!(clinic.outbox().get("planned"), Some(&4));
    fs::remove_dir(&epoch).expect("the folder can be removed");
    clinic.delivers_everything();
    clinic.has_each_order_once();
}

#[test]
fn a_ledger_that_is_none_is_told_and_the_next_attempt_completes() {
    let clinic = Clinic::with(2, &[]);
    clinic.acts();
    let ledger = clinic.site().data().join("ledger.sqlite");
    let away = clinic.site().beside("ledger.away");
    fs::rename(&ledger, &away).expect("a ledger can be moved");
    fs::create_dir(&ledger).expect("a folder can be made");
    for words in [
        &["dispatch", "--once"][..],
        &["run", "--act"],
        &["reconcile"],
    ] {
        assert!(fails_clearly(&clinic.does(words)), "{words:?}");
    }
    fs::remove_dir(&ledger).expect("the folder can be removed");
    fs::rename(&away, &ledger).expect("a ledger can be moved");
    assert_eq!(clinic.n_at_server(), 0);
    clinic.delivers_everything();
    clinic.has_each_order_once();
}

#[test]
fn a_held_ledger_is_waited_for_and_nothing_leaves_meanwhile() {
    let clinic = Clinic::with(5, &[]);
    clinic.acts();
    let ledger = Connection::open(clinic.site().data().join("ledger.sqlite")).expect("a ledger");
    ledger
        .execute_batch("BEGIN IMMEDIATE")
        .expect("the ledger can be held");
    let mut dispatcher = clinic.starts(&["dispatch", "--once"]);
    until("it has opened the way", || {
        assert_eq!(clinic.n_at_server(), 0);
        clinic.site().data().join("ledger.sqlite-wal").exists()
    });
    assert_eq!(clinic.n_at_server(), 0);
    ledger
        .execute_batch("COMMIT")
        .expect("the ledger can be let go");
    assert!(dispatcher.0.wait().expect("a child ends").success());
    clinic.delivers_everything();
    clinic.has_each_order_once();
}

#[test]
fn a_run_at_work_keeps_other_runs_out_and_dispatchers_not() {
    let clinic = Clinic::with(2, &[]);
    clinic.acts();
    let data = clinic.site().data();
    let writer = DataFolder::open(&data, Access::WriteExisting).expect("nobody else writes");
    let said = clinic.does(&["run", "--act"]).ends_with(1);
    let said = said.replace(&data.display().to_string(), "<data>");
    insta::assert_snapshot!(said, @r#"
    error: another pull or run is writing to `<data>`
    hint: wait until it has finished
    "#);
    clinic.delivers_everything();
    drop(writer);
    assert_eq!(count(&clinic.acts()["planned"]), 0);
    clinic.has_each_order_once();
}

#[test]
fn a_memory_that_cannot_be_written_yet_lets_nothing_leave() {
    let clinic = Clinic::with(2, &[]);
    clinic.acts();
    let folder = clinic.site().beside("elsewhere");
    let epoch = folder.join("epoch").display().to_string();
    let change = format!("trial = true\nepoch_file = \"{epoch}\"");
    clinic.configured(&[("trial = true", &change)]);
    assert!(fails_clearly(&clinic.does(&["dispatch", "--once"])));
    assert_eq!(clinic.n_at_server(), 0);
    fs::create_dir(&folder).expect("a folder can be made");
    clinic.delivers_everything();
    clinic.has_each_order_once();
}
