//! Somebody asks what is held about them, and to be erased: all of it is shown, all of it goes, and it
//! stays gone, while everybody else's numbers still add up.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::acting::{Clinic, at_risk, dies_after};
use crate::support::site::{Said, Site, count, opaque, preventio_starts, text};
use crate::support::world::{World, file, national_id};

/// Invented, and of the range of identifiers reserved for tests.
const NATIONAL_ID: &str = "010190-999W";
const PATIENT_ID: &str = "merkki-0001";
const SURNAME: &str = "Merkkinen";
const WHO: [&str; 4] = ["--by", "Maija Meikäläinen", "--reason", "request 17/2026"];

/// One who asks, with a name and a line that cannot be read, among others.
fn town() -> World {
    let mut world = World::new();
    world
        .resident(PATIENT_ID)
        .woman_born("1960-01-01")
        .registered("name", json!([{ "family": SURNAME }]))
        .registered("identifier", national_id(NATIONAL_ID))
        .bmi(31.0, "2025-10-01")
        .which_has("note", json!([{ "text": "soitti Merkkinen" }]))
        .waist(99.0, "2025-10-01");
    for n in 0..20 {
        let name = format!("other-{n:02}");
        world
            .resident(&name)
            .man_born("1970-01-01")
            .bmi(25.0, "2025-10-01");
    }
    world
}

fn export(world: &World) -> std::path::PathBuf {
    let export = world.export();
    let path = file(&export, "Patient");
    let mut lines = fs::read_to_string(&path).expect("an export file");
    lines.push_str(&format!("{SURNAME}, {NATIONAL_ID}\n"));
    lines.push_str(&format!(
        "{{\"resourceType\":\"Observation\",\"id\":7,\"subject\":{{\"reference\":\"Patient/{PATIENT_ID}\"}},\"note\":\"{SURNAME}\"}}\n"
    ));
    fs::write(path, lines).expect("an export file can be written");
    export
}

fn pulled() -> World {
    let world = town();
    world.site.pulls(&export(&world), &[]);
    world.runs();
    world
}

fn erases(site: &Site, more: &[&str]) -> Said {
    site.does(&[&["erase", PATIENT_ID], &WHO[..], more].concat())
}

/// Every file of a folder, with what zstd packs in a database row left packed.
fn bytes_below(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("a folder entry").path();
        let metadata = fs::symlink_metadata(&path).expect("metadata");
        if metadata.is_dir() {
            bytes_below(&path, found);
        } else if metadata.is_file() {
            found.push((path.display().to_string(), fs::read(&path).expect("a file")));
        }
    }
}

/// The files of the data folder in which somebody stands.
fn told_in(site: &Site) -> Vec<String> {
    let mut files = Vec::new();
    bytes_below(&site.data(), &mut files);
    let has = |bytes: &[u8], word: &str| bytes.windows(word.len()).any(|at| at == word.as_bytes());
    let mut told: Vec<String> = files
        .into_iter()
        .filter(|(_, bytes)| {
            [NATIONAL_ID, PATIENT_ID, SURNAME]
                .iter()
                .any(|word| has(bytes, word))
        })
        .map(|(name, _)| name)
        .collect();
    told.sort();
    told
}

#[test]
fn everything_held_about_somebody_is_shown_and_who_asked_is_written_down() {
    let world = pulled();
    let words = [&["subject-access", PATIENT_ID, "--json"], &WHO[..]].concat();
    let shown = |words: &[&str]| -> Value {
        let said = world.site.does(words).ends_well();
        serde_json::from_str(&said).expect("JSON")
    };
    let first = shown(&words);
    let held = |document: &Value, kind: &str| -> Vec<Value> {
        let held = document["held"].as_array().expect("a list").iter();
        let mut rows = held.filter(|held| held["kind"] == kind);
        rows.next()
            .and_then(|held| held["rows"].as_array().cloned())
            .unwrap_or_default()
    };
    assert_eq!(
        text(&held(&first, "identity")[0]["national_id"]),
        NATIONAL_ID
    );
    assert_eq!(held(&first, "facts").len(), 2);
    assert_eq!(held(&first, "register").len(), 1);
    assert_eq!(held(&first, "decisions").len(), 1);
    assert_eq!(held(&first, "quarantine").len(), 2);
    assert_eq!(held(&first, "access").len(), 1);
    assert_eq!(held(&shown(&words), "access").len(), 2);
    for (language, heading) in [
        ("fi", "Terveystiedot (2)"),
        ("sv", "Hälsouppgifter (2)"),
        ("en", "Facts (2)"),
    ] {
        let words = [
            &["subject-access", PATIENT_ID, "--lang", language],
            &WHO[..],
        ]
        .concat();
        let said = world.site.does(&words).ends_well();
        assert!(said.contains(heading), "{said}");
    }
    let nobody = [&["subject-access", "nobody"], &WHO[..]].concat();
    world.site.does(&nobody).ends_with(1);
    world.site.is_whole();
}

#[test]
fn no_byte_of_who_is_erased_remains_and_everybody_else_still_adds_up() {
    let world = pulled();
    let site = &world.site;
    assert!(!told_in(site).is_empty());
    let said = erases(site, &[]).ends_well();
    assert!(
        said.contains("Runs that are not replayable from now on: 1"),
        "{said}"
    );
    assert_eq!(told_in(site), [""; 0]);
    site.is_whole();
    erases(site, &[]).ends_with(1);

    let replayed = site.does(&["replay", "1"]);
    assert_eq!(replayed.code, Some(2));
    assert!(
        replayed.out.contains("not replayable: erased"),
        "{}",
        replayed.out
    );
    // The others are decided about as before, and their runs can be decided again.
    assert_eq!(count(&world.runs()["register"]), 20);
    site.does(&["replay", "last"]).ends_well();
    site.covers();
    site.does(&["learn"]).ends_well();
    site.is_whole();
}

#[test]
fn a_later_pull_brings_nobody_back_until_somebody_lifts_it_by_name() {
    let world = pulled();
    let site = &world.site;
    erases(site, &[]).ends_well();
    let report = site.pulls(&world.export(), &[]);
    assert_eq!(report["issues"]["erased-resident"], 1);
    // An entry and two statements.
    assert_eq!(report["lines"]["set_aside"], 3);
    assert_eq!(told_in(site), [""; 0]);
    assert_eq!(site.register().len(), 20);
    site.is_whole();

    let id = opaque(PATIENT_ID).to_string();
    let lift = [&["erase", id.as_str(), "--lift"], &WHO[..]].concat();
    site.does(&lift).ends_well();
    site.does(&lift).ends_with(1);
    site.pulls(&world.export(), &[]);
    assert_eq!(site.register().len(), 21);
    let mine = site.facts().into_iter();
    assert_eq!(
        mine.filter(|(who, _)| *who == opaque(PATIENT_ID)).count(),
        2
    );
    world.runs();
    site.is_whole();
}

#[test]
fn an_erasure_names_who_did_it_and_why_and_not_whom() {
    let world = pulled();
    let site = &world.site;
    for (by, reason) in [
        (" ", "request 17"),
        ("Maija", ""),
        ("Maija", "asked by 010190-999W"),
        (PATIENT_ID, "request 17"),
    ] {
        let words = ["erase", PATIENT_ID, "--by", by, "--reason", reason];
        let said = site.does(&words).ends_with(1);
        assert!(!said.contains(NATIONAL_ID), "{said}");
        assert_eq!(site.register().len(), 21);
    }
}

#[test]
fn what_is_open_at_the_laboratory_is_taken_back_first_then_everything_goes() {
    let mut world = World::new();
    at_risk(&mut world, PATIENT_ID);
    at_risk(&mut world, "other");
    let mut clinic = Clinic::of(world, &[PATIENT_ID, "other"], &[]);
    let refused = |clinic: &Clinic| {
        let said = erases(clinic.site(), &[]).ends_with(1);
        assert!(
            said.contains("is under way; nothing was erased\nhint: "),
            "{said}"
        );
        assert_eq!(clinic.site().register().len(), 2);
    };
    clinic.acts();
    clinic.delivers_everything();
    refused(&clinic);
    clinic.world.resident(PATIENT_ID).says_no("2025-10-30");
    clinic.world.pulls();
    clinic.acts();
    refused(&clinic);
    clinic.delivers_everything();

    let site = clinic.site();
    let words = [&["subject-access", PATIENT_ID, "--lang", "en"], &WHO[..]].concat();
    let shown = site.does(&words).ends_well();
    for told in [
        "What was asked, ordered and sent (4)",
        "action: laboratory:hba1c",
        "action: cancel:hba1c",
        "worded_by: ",
        "Events of rounds (",
    ] {
        assert!(shown.contains(told), "{told} in {shown}");
    }
    erases(site, &[]).ends_well();
    assert_eq!(told_in(site), [""; 0]);
    assert_eq!(clinic.rows().len(), 2);
    // What has left about her is no difference to the other side: nobody here knows of it.
    assert_eq!(clinic.differences(), [].into());
    clinic.acts();
    site.covers();
    site.is_whole();
}

#[test]
fn notes_are_shown_to_whom_they_are_about_and_go_with_them() {
    let world = pulled();
    let site = &world.site;
    let add = ["note", "add", "--by", "Maija", "--resident", PATIENT_ID];
    let said = site.is_told(&add, format!("{SURNAME} called\nback at four").as_bytes());
    assert_eq!(said.ends_well(), "Note 1 written by Maija.\n");
    let more = [&add[..], &["--corrects", "1"]].concat();
    site.is_told(&more, b"back at five").ends_well();
    let others = ["note", "add", "--by", "Maija", "--resident", "other-01"];
    site.is_told(&others, b"not hers").ends_well();
    let words = [&["subject-access", PATIENT_ID, "--lang", "en"], &WHO[..]].concat();
    let shown = site.does(&words).ends_well();
    assert!(shown.contains("Notes of professionals (2)"), "{shown}");
    assert!(
        shown.contains("text: Merkkinen called\nback at four\n"),
        "{shown}"
    );
    assert!(shown.contains("corrects: 1\n"), "{shown}");
    assert!(!shown.contains("not hers"), "{shown}");
    erases(site, &[]).ends_well();
    assert_eq!(told_in(site), [""; 0]);
    let mut files = Vec::new();
    bytes_below(&site.data(), &mut files);
    let word = b"back at five";
    let left = |bytes: &[u8]| bytes.windows(word.len()).any(|at| at == word);
    assert!(!files.iter().any(|(_, bytes)| left(bytes)));
    let list = ["note", "list", "--resident", "other-01"];
    assert!(site.does(&list).ends_well().contains("not hers"));
    site.is_whole();
}

#[test]
fn killed_at_any_moment_an_erasure_is_not_begun_or_is_finished_by_the_next_command() {
    for milliseconds in [2, 6, 10, 13, 16, 19, 22, 25, 28, 32, 40, 55, 80] {
        let world = pulled();
        let site = &world.site;
        let words = site.arguments(&[&["erase", PATIENT_ID], &WHO[..]].concat());
        let mut child = preventio_starts(&words);
        dies_after(
            &mut child,
            Instant::now(),
            Duration::from_millis(milliseconds),
        );
        site.is_whole();
        match site.register().len() {
            20 => assert_eq!(told_in(site), [""; 0], "killed after {milliseconds} ms"),
            21 => drop(erases(site, &[]).ends_well()),
            n => panic!("{n} on the register when killed after {milliseconds} ms"),
        }
        assert_eq!(told_in(site), [""; 0]);
    }
}

/// A table that is added later and forgotten would keep somebody for ever.
#[test]
fn every_table_of_the_ledger_that_names_residents_is_shown_and_erased_or_said_to_stay() {
    let world = World::with_a_result_and_a_diagnosis();
    world.decides();
    let path = world.site.data().join("ledger.sqlite");
    let ledger = rusqlite::Connection::open(path).expect("the ledger opens");
    let mut statement = ledger
        .prepare(
            "SELECT DISTINCT t.name FROM sqlite_master AS t JOIN pragma_table_info(t.name) AS c
             WHERE t.type = 'table' AND (c.name = 'resident' OR t.name = 'audit' AND c.name = 'about')",
        )
        .expect("SQL");
    let tables = statement.query_map([], |row| row.get::<_, String>(0));
    let tables: Vec<String> = tables.and_then(Iterator::collect).expect("tables");
    assert!(6 < tables.len(), "{tables:?}");
    let source = include_str!("../../src/ledger/erasures.rs");
    let stays = include_str!("../../src/steps/erase.rs");
    let stays = stays.lines().find(|line| line.contains("const STAYS"));
    let stays = stays.expect("it says what stays");
    for table in tables {
        let is_shown = source.contains(&format!("        \"{table}\",\n"));
        let is_deleted = source.contains(&format!("DELETE FROM {table} WHERE resident = ?1"));
        let is_to_stay = stays.contains(&format!("\"{table}\""));
        assert!(is_shown, "`{table}` is not shown");
        assert!(is_deleted != is_to_stay, "`{table}` is erased or stays");
    }
}
