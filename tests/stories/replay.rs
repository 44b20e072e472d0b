//! A run decided again: the same, other, or it cannot be said and why. Nothing on disk changes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use preventiojyraa::lake::Store;
use preventiojyraa::ledger::Ledger;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::acting::copy;
use crate::support::programme::Programme;
use crate::support::shipped::rulebook;
use crate::support::site::{INDEX_DATE, Said, Site, opaque};
use crate::support::world::World;

/// Every file below a folder, links as where they lead.
pub(super) fn content(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let kind = fs::symlink_metadata(&path).expect("an entry").file_type();
            let name = path.display().to_string();
            if kind.is_symlink() {
                let target = fs::read_link(&path).expect("a link");
                found.insert(name, target.display().to_string().into_bytes());
            } else if kind.is_dir() {
                found.insert(name, Vec::new());
                folders.push(path);
            } else {
                found.insert(name, fs::read(&path).expect("a file"));
            }
        }
    }
    found
}

/// Decides again, and nothing of the folder is another.
#[track_caller]
pub(super) fn replays(site: &Site, words: &[&str]) -> Said {
    let before = content(&site.data());
    let said = site.does(&[&["replay"], words].concat());
    let after = content(&site.data());
    let names = |content: &BTreeMap<String, Vec<u8>>| content.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&after), names(&before));
    assert!(before == after, "the folder has changed");
    said
}

#[track_caller]
fn found(site: &Site, words: &[&str]) -> Value {
    let said = replays(site, &[words, &["--json"]].concat());
    serde_json::from_str(&said.out).expect("JSON")
}

/// What is said, without hashes and with names for opaque ids.
#[track_caller]
fn said(world: &World, words: &[&str], code: i32) -> String {
    let said = replays(&world.site, words);
    assert_eq!(said.code, Some(code), "{}{}", said.out, said.err);
    let is_hash = |word: &str| word.len() == 64 && word.bytes().all(|b| b.is_ascii_hexdigit());
    let text = world.with_names(&(said.out + &said.err));
    let lines = text.lines().map(|line| {
        let words = line.split(' ');
        let words = words.map(|word| if is_hash(word) { "<hash>" } else { word });
        words.collect::<Vec<_>>().join(" ") + "\n"
    });
    lines.collect()
}

fn ledger(site: &Site) -> Connection {
    Connection::open(site.data().join("ledger.sqlite")).expect("a ledger")
}

#[track_caller]
fn alters(site: &Site, sql: &str) {
    ledger(site).execute_batch(sql).expect(sql);
}

#[test]
fn what_comes_later_changes_no_earlier_run() {
    let mut world = World::with_a_result_and_a_diagnosis();
    world.decides();
    // Corrected, withdrawn, moved away, somebody new, decided about as of another day.
    world.statement("result")["valueQuantity"]["value"] = json!(42.0);
    world.decides();
    world.statement("diagnosis")["verificationStatus"] =
        json!({ "coding": [{ "code": "entered-in-error" }] });
    world.resident("veikko").lives_in("049");
    world.resident("iiris").woman_born("1971-03-03");
    world.pulls();
    world.runs_as_of("2025-12-01");
    insta::assert_snapshot!(said(&world, &["--all"], 0), @r"
    Run 1 as of 2025-11-01: identical: 2 decisions, hash <hash>
    Run 2 as of 2025-11-01: identical: 2 decisions, hash <hash>
    Run 3 as of 2025-12-01: identical: 3 decisions, hash <hash>
    ");
    assert!(said(&world, &["last"], 0).starts_with("Run 3 "));
    assert!(said(&world, &["1"], 0).starts_with("Run 1 "));
    let of_one = found(&world.site, &["2", "--threads", "1"]);
    assert_eq!(of_one["runs"][0]["verdict"], "identical");
    assert_eq!(
        of_one["runs"][0]["hash"],
        of_one["runs"][0]["hash_on_record"]
    );
    world.site.is_whole();
}

#[test]
fn orders_answers_lots_and_rounds_that_came_later_change_no_earlier_run() {
    let lots = "[sampled_negatives]\nshare = 0.3\napproved_by = \"Maija Meikäläinen\"\n";
    let mut programme = Programme::of("apotti", 100, lots);
    for days in [0, 42, 28] {
        programme.waits(days);
        programme.works();
    }
    let all = found(&programme.site, &["--all"]);
    let runs = all["runs"].as_array().expect("runs");
    assert_eq!(runs.len(), 3);
    for run in runs {
        assert_eq!(run["verdict"], "identical", "{run}");
        assert_eq!(run["acted"], true);
    }
    let hashes: Vec<&Value> = runs.iter().map(|run| &run["hash"]).collect();
    assert!(hashes[0] != hashes[1] && hashes[1] != hashes[2]);
    // While somebody writes, and what is written is still in the log beside the file.
    let held = ledger(&programme.site);
    held.execute_batch("BEGIN IMMEDIATE; DELETE FROM setting WHERE key = 'none'")
        .expect("the ledger can be held");
    let said = programme.site.does(&["replay", "--all"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    drop(held);
    // The key of the lot is gone: who was drawn cannot be said.
    alters(
        &programme.site,
        "DELETE FROM setting WHERE key = 'identity-key'",
    );
    let said = replays(&programme.site, &["--all"]);
    assert_eq!(said.code, Some(2), "{}{}", said.out, said.err);
    let told = "the key of the lot by which it drew is not held";
    assert!(said.out.contains(told), "{}", said.out);
}

/// Puts a recalibration in force, as a person who accepts a proposal does.
fn recalibrated(site: &Site) {
    let book = rulebook();
    let (calibration, model) = (&book.calibration.header, &book.model.header);
    let base = format!("{} {}", calibration.id, calibration.version);
    let model = format!("{} {}", model.id, model.version);
    let estimand = book.calibration.estimand.to_string();
    ledger(site)
        .execute(
            "INSERT INTO recalibration (id, at, as_of, program, rules_fingerprint, model, base, estimand,
                 pull, ledger_event, runs, cases_hash, n, events, tested, method, rung, intercept, slope, report)
             VALUES (1, 'then', '2025-11-01', '0', 'none', ?1, ?2, ?3, 1, 0, '1', 'none', 200, 100, 'all',
                 'closed', 'both', 0.5, 1.5, '{}')",
            [model, base, estimand],
        )
        .expect("a proposal");
    alters(
        site,
        "INSERT INTO model_change (what, recalibration, by, why, at)
         VALUES ('accepted', 1, 'Maija Meikäläinen', '', '2025-11-02T10:00:00Z')",
    );
}

#[test]
fn a_recalibration_belongs_to_the_runs_since_it_is_in_force() {
    let mut world = World::with_a_result_and_a_diagnosis();
    world.resident("aino").bmi(33.0, "2025-10-01");
    world.decides();
    recalibrated(&world.site);
    world.runs();
    let all = found(&world.site, &["--all"]);
    assert_eq!(all["runs"][0]["verdict"], "identical");
    assert_eq!(all["runs"][1]["verdict"], "identical");
    assert_ne!(all["runs"][0]["hash"], all["runs"][1]["hash"]);
    alters(
        &world.site,
        "PRAGMA foreign_keys = OFF; DROP TRIGGER recalibration_remains;
         DROP TRIGGER model_change_remains;
         DELETE FROM model_change; DELETE FROM recalibration;",
    );
    insta::assert_snapshot!(said(&world, &["--all"], 2), @r"
    Run 1 as of 2025-11-01: identical: 2 decisions, hash <hash>
    Run 2 as of 2025-11-01: cannot say
      by recalibration 1
      recalibration 1, by which it decided, is not held any more
    ");
}

#[test]
fn decisions_that_are_not_those_of_the_run_are_told_by_state_and_reason() {
    let world = World::with_a_result_and_a_diagnosis();
    world.decides();
    // As if the run had been as of a day before anything was known.
    alters(
        &world.site,
        "UPDATE run SET index_date = '2019-06-01', program = '0.0.7'",
    );
    let told = said(&world, &["last"], 1).replace(env!("CARGO_PKG_VERSION"), "<version>");
    insta::assert_snapshot!(told);
    let of_one = found(&world.site, &["last"]);
    assert_eq!(of_one["runs"][0]["verdict"], "different");
    assert_eq!(of_one["runs"][0]["differing"], 2);
    assert_eq!(of_one["runs"][0]["stored_as_recorded"], true);
}

#[test]
fn facts_that_are_not_held_any_more_are_counted() {
    let world = World::with_a_result_and_a_diagnosis();
    world.decides();
    let store = Store::open(&world.site.lake()).expect("a lake");
    let ledger = Ledger::open(&world.site.data().join("ledger.sqlite")).expect("a ledger");
    let generation = ledger.generation().expect("readable").expect("there");
    let catalogue = &rulebook().catalogue;
    let mut stored = store.facts(catalogue, None).expect("facts");
    let (mut kept, mut facts) = (Vec::new(), Vec::new());
    while let Some(resident) = stored.next_resident().expect("facts") {
        facts.clear();
        stored.take_until(resident, &mut facts).expect("facts");
        if resident != opaque("aino") {
            kept.extend(facts.iter().map(|fact| Ok((resident, *fact))));
        }
    }
    let n = kept.len() as u64;
    let folded = store.stage_facts(catalogue, &[], n, kept.into_iter());
    let mut files = generation.files;
    files.retain(|file| file.table != preventiojyraa::lake::Table::Facts);
    files.push(folded.expect("staged").staged.file);
    store
        .publish(generation.number + 1, &files)
        .expect("published");
    let of_one = found(&world.site, &["last"]);
    assert_eq!(of_one["runs"][0]["verdict"], "cannot-say");
    let told = json!(["1 of the 2 facts that pull 1 stored are not held any more"]);
    assert_eq!(of_one["runs"][0]["missing"], told);
    assert_eq!(replays(&world.site, &["last"]).code, Some(2));
}

#[test]
fn what_was_committed_and_not_put_in_place_yet_is_no_difference() {
    let mut world = World::with_a_result_and_a_diagnosis();
    world.pulls();
    let before = world.site.beside("before");
    copy(&world.site.lake(), &before);
    world.statement("result")["valueQuantity"]["value"] = json!(42.0);
    world.decides();
    // As if killed right after the commits.
    let after = world.site.beside("after");
    fs::rename(world.site.lake(), &after).expect("a folder can be moved");
    copy(&before, &world.site.lake());
    let of_one = found(&world.site, &["last"]);
    assert_eq!(of_one["runs"][0]["verdict"], "cannot-say");
    let told = "an interrupted pull or run is not finished; `preventio fsck` finishes it";
    assert_eq!(of_one["runs"][0]["missing"][0], told);
}

#[test]
fn rules_that_are_not_to_be_had_are_told_with_both_versions() {
    let world = World::with_a_result_and_a_diagnosis();
    world.decides();
    alters(
        &world.site,
        "UPDATE run SET program = '0.0.7'; DROP TRIGGER rule_text_stays;
         UPDATE rule_text SET content = x'00';",
    );
    let told = said(&world, &["1"], 2);
    assert!(
        told.contains("its rules are damaged: the rule file"),
        "{told}"
    );
    let versions = format!(
        "the run was made by version 0.0.7, this is version {}",
        env!("CARGO_PKG_VERSION")
    );
    assert!(told.contains(&versions), "{told}");
    alters(
        &world.site,
        "DROP TRIGGER rule_book_remains; DELETE FROM rule_book;",
    );
    let told = said(&world, &["1"], 2);
    assert!(told.contains("its rules are not kept"), "{told}");
}

#[test]
fn a_run_that_is_not_there_cannot_be_decided_again() {
    let world = World::with_a_result_and_a_diagnosis();
    let nothing = world.site.does(&["replay", "last"]).ends_with(2);
    assert!(
        nothing.starts_with("error: there is no data folder"),
        "{nothing}"
    );
    world.pulls();
    let none = replays(&world.site, &["--all"]).ends_with(2);
    assert!(none.starts_with("error: no run has decided yet"), "{none}");
    world.runs_as_of(INDEX_DATE);
    let nine = replays(&world.site, &["9"]).ends_with(2);
    assert_eq!(nine, "error: no run has the number 9\n");
    alters(&world.site, "PRAGMA user_version = 99");
    let newer = replays(&world.site, &["last"]).ends_with(2);
    assert!(newer.contains("written by a newer program"), "{newer}");
}
