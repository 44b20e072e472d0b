//! Killed while it waits or fetches, the same command goes on where it was.

use std::fs;

use crate::support::acting::{Running, until};
use crate::support::exporter::{Exporter, Reply};
use crate::support::pulling::{Keys, base, files_of, job_under_way, n_exports};
use crate::support::site::{Site, TempFolder, made_up_register, preventio_starts};
use crate::support::world::World;

const DAY: &str = "2025-02-01";

#[test]
fn killed_while_the_server_prepares_it_does_not_ask_for_another_export() {
    let folder = TempFolder::new();
    let export = made_up_register(&folder, 60, 5);
    let straight = Site::new();
    straight.pulls(&export, &[]);
    let keys = Keys::new("es384");
    let slow = ["--residents", "60", "--seed", "5", "--export-seconds", "4"];
    let server = keys.server(&slow);
    let site = Site::new();
    for _ in 0..2 {
        let words = keys.words(&site, &base(&server), "helsinki", &[]);
        let mut child = Running(preventio_starts(&words));
        until("the server took the export", || {
            job_under_way(&site).is_some_and(|job| job.contains("preparing"))
        });
        child.0.kill().expect("a child can be killed");
        child.0.wait().expect("a child ends");
    }
    let report = keys.pulls(&site, &server, &[]);
    assert_eq!(n_exports(&server), 1);
    assert_eq!(report["id"], 1);
    assert_eq!(site.decisions_hash(DAY), straight.decisions_hash(DAY));
    site.is_whole();
}

fn clinic() -> World {
    let mut world = World::new();
    world
        .resident("aino")
        .woman_born("1961-04-30")
        .bmi(31.2, "2025-10-01")
        .diagnosed("E11.9", "2019-02-03");
    world
}

/// Starts a pull and kills it once the server was asked for something.
fn killed_when(site: &Site, keys: &Keys, exporter: &Exporter, asked: &str) {
    let words = keys.words(site, &exporter.at("/fhir"), "g", &[]);
    let mut child = Running(preventio_starts(&words));
    until(asked, || !exporter.was_asked(asked).is_empty());
    child.0.kill().expect("a child can be killed");
    child.0.wait().expect("a child ends");
}

#[test]
fn killed_while_it_fetches_it_does_not_fetch_again_what_is_whole() {
    let world = clinic();
    let exporter = Exporter::new();
    let files = files_of(&world);
    exporter.has(&files);
    let last = format!("GET /file/{}", files.keys().last().expect("files"));
    let whole = Reply::status(200).body(files.values().last().expect("files").clone());
    exporter.says(&last, &[Reply::hangs(), whole]);
    let (keys, site) = (Keys::new("es384"), Site::new());
    killed_when(&site, &keys, &exporter, &last);
    assert!(
        !site.lake().join("current").exists(),
        "nothing is stored yet"
    );
    keys.pulls_from(&site, &exporter, &[]);
    for kind in files.keys() {
        let asked = format!("GET /file/{kind}");
        let n = exporter.was_asked(&asked).len();
        assert_eq!(n, if asked == last { 2 } else { 1 }, "{asked}");
    }
    assert_eq!(exporter.was_asked("GET /fhir/Group/g/$export").len(), 1);
    site.runs("2025-11-01", &[]);
    assert_eq!(site.state_of("aino"), "known-disease");
    site.is_whole();
}

#[test]
fn killed_after_the_facts_are_stored_they_are_not_stored_again() {
    let world = clinic();
    let exporter = Exporter::new();
    exporter.has(&files_of(&world));
    exporter.says("DELETE /status/1", &[Reply::hangs(), Reply::status(202)]);
    let (keys, site) = (Keys::new("es384"), Site::new());
    killed_when(&site, &keys, &exporter, "DELETE /status/1");
    site.is_whole();
    assert!(job_under_way(&site).is_some());
    // The end of it is all that is left to do; the report is that of the pull that stored them.
    let said = keys.pull_from(&site, &exporter, &["--json"]).ends_well();
    assert!(said.contains("\"id\": 1"), "{said}");
    assert_eq!(exporter.was_asked("DELETE /status/1").len(), 2);
    assert_eq!(job_under_way(&site), None);
    let report = keys.pulls_from(&site, &exporter, &[]);
    assert_eq!(report["id"], 2, "and the next pull is a new one");
}

#[test]
fn a_fetched_file_that_is_lost_is_fetched_again() {
    let world = clinic();
    let exporter = Exporter::new();
    let files = files_of(&world);
    exporter.has(&files);
    let (first, last) = (files.keys().next(), files.keys().last());
    let (first, last) = (first.expect("files"), last.expect("files"));
    let whole = Reply::status(200).body(files[last].clone());
    let asked = format!("GET /file/{last}");
    exporter.says(&asked, &[Reply::hangs(), whole]);
    let (keys, site) = (Keys::new("es384"), Site::new());
    killed_when(&site, &keys, &exporter, &asked);
    let pulls = fs::read_dir(site.data().join("pulls")).expect("a folder");
    let mut folders = pulls
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_dir());
    let here = folders.next().expect("a job").join("files");
    fs::remove_dir_all(here).expect("a folder can be removed");
    keys.pulls_from(&site, &exporter, &[]);
    assert_eq!(exporter.was_asked(&format!("GET /file/{first}")).len(), 2);
}

#[test]
fn two_at_once_do_not_pull_one_group() {
    let world = clinic();
    let exporter = Exporter::new();
    exporter.has(&files_of(&world));
    exporter.says("GET /status/1", &[Reply::hangs()]);
    let (keys, site) = (Keys::new("es384"), Site::new());
    let words = keys.words(&site, &exporter.at("/fhir"), "g", &[]);
    let _first = Running(preventio_starts(&words));
    until("the first waits", || {
        !exporter.was_asked("GET /status/1").is_empty()
    });
    let told = keys.pull_from(&site, &exporter, &[]).ends_with(1);
    assert!(told.contains("another process pulls this group"), "{told}");
    // Waiting does not hold the data folder.
    let export = world.export();
    site.pulls(&export, &[]);
}
