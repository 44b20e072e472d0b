//! Backup and restore: one point of ledger and lake, whole, and nothing is sent again from it.

use std::fs;
use std::thread;
use std::time::Duration;

use preventiojyraa::schedule::Step;

use crate::support::acting::{Clinic, copy};
use crate::support::daily::{ALL_AT_TWO, Daily};

#[test]
fn what_is_restored_from_a_backup_is_whole_and_sends_nothing_again() {
    let clinic = Clinic::with(6, &[]);
    clinic.acts();
    clinic.dispatches();
    let before = clinic.n_at_server();
    let to = clinic.site().beside("backup").display().to_string();
    let said = clinic.site().does(&["backup", "--to", &to]).ends_well();
    assert!(
        said.starts_with("Backed up: the ledger, generation 2 of the lake, "),
        "{said}"
    );
    // What happens after the backup is lost with the disk.
    clinic.delivers_everything();
    clinic.has_each_order_once();
    let decisions = clinic.site().decisions().len();
    let data = clinic.site().data();
    fs::remove_dir_all(&data).expect("a disk is lost");
    copy(clinic.site().beside("backup").as_path(), &data);
    clinic.site().is_whole();
    assert_eq!(clinic.site().decisions().len(), decisions);
    assert!(before <= clinic.n_at_server());
    let at_server = clinic.n_at_server();
    clinic.dispatches();
    assert_eq!(clinic.n_at_server(), at_server);
    clinic.has_each_order_once();
    clinic.site().is_whole();
}

#[test]
fn a_backup_from_before_orders_left_stops_effects_and_sends_nothing() {
    let clinic = Clinic::with(4, &[]);
    clinic.acts();
    let to = clinic.site().beside("backup").display().to_string();
    clinic.site().does(&["backup", "--to", &to]).ends_well();
    clinic.delivers_everything();
    let data = clinic.site().data();
    fs::remove_dir_all(&data).expect("a disk is lost");
    copy(clinic.site().beside("backup").as_path(), &data);
    clinic.dispatches();
    assert!(
        !clinic.status()["stopped"].is_null(),
        "an old copy stops effects"
    );
    assert_eq!(clinic.n_at_server(), 8);
    clinic.has_each_order_once();
    // A person resumes: what is there is found, nothing is doubled.
    let resume = ["effects", "resume", "--by", "a person"];
    clinic.site().does(&resume).ends_well();
    clinic.delivers_everything();
    clinic.has_each_order_once();
    clinic.site().is_whole();
}

#[test]
fn a_backup_of_a_lost_or_changed_file_is_none() {
    let clinic = Clinic::with(2, &[]);
    let objects = clinic.site().lake().join("objects");
    let object = fs::read_dir(&objects).expect("objects").next();
    let object = object.expect("one").expect("one").path();
    let text = fs::read(&object).expect("a file");
    let mut changed = text.clone();
    let last = changed.len() / 2;
    changed[last] ^= 1;
    fs::write(&object, changed).expect("a file");
    let to = clinic.site().beside("backup").display().to_string();
    let said = clinic.site().does(&["backup", "--to", &to]).ends_with(1);
    assert!(said.contains("is not what was committed"), "{said}");
    assert!(!clinic.site().beside("backup").exists());
    fs::write(&object, text).expect("a file");
    clinic.site().does(&["backup", "--to", &to]).ends_well();
    let twice = clinic.site().does(&["backup", "--to", &to]).ends_with(1);
    assert!(twice.contains("is there already"), "{twice}");
    let inside = clinic.site().data().join("backup").display().to_string();
    let inside = clinic
        .site()
        .does(&["backup", "--to", &inside])
        .ends_with(1);
    assert!(inside.contains("lies in the data folder"), "{inside}");
}

#[test]
fn a_backup_is_made_while_the_daemon_goes_on() {
    let daily = Daily::of(4, ALL_AT_TWO);
    let daemon = daily.serves("2025-11-01T01:59:59+02:00");
    daily.waits_for(Step::Run, "2025-11-01 done");
    daily.waits_for_all_orders();
    daily.waits_for(Step::Dispatch, "2025-11-01 under way");
    let to = daily.clinic.site().beside("backup").display().to_string();
    daily
        .clinic
        .site()
        .does(&["backup", "--to", &to])
        .ends_well();
    thread::park_timeout(Duration::from_millis(100));
    daemon.ends_when_told();
    let whole = crate::support::site::preventio(&["fsck", "--data", &to]).ends_well();
    assert!(whole.starts_with("Whole: generation "), "{whole}");
}

#[test]
fn the_script_backs_up_reads_it_whole_and_keeps_the_newest() {
    let clinic = Clinic::with(2, &[]);
    let backups = clinic.site().beside("backups");
    for old in ["2020-01-01T000000Z", "2020-01-02T000000Z", "notes"] {
        fs::create_dir_all(backups.join(old)).expect("a folder");
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/backup.sh");
    let said = std::process::Command::new(script)
        .args([clinic.site().data(), backups.clone()])
        .arg("2")
        .env("PREVENTIO", env!("CARGO_BIN_EXE_preventio"))
        .output()
        .expect("the script starts");
    assert!(said.status.success(), "{said:?}");
    assert!(String::from_utf8_lossy(&said.stdout).contains("Whole: generation 1"));
    let there = fs::read_dir(&backups).expect("backups");
    let there = there.map(|entry| entry.expect("one").file_name().into_string().expect("text"));
    let mut there: Vec<String> = there.collect();
    there.sort();
    assert_eq!(there.len(), 3, "{there:?}");
    assert_eq!((&*there[0], &*there[2]), ("2020-01-02T000000Z", "notes"));
}
