//! What is known is not stored again, and what comes back counts again.

use serde_json::{Value, json};

use crate::support::site::{INDEX_DATE, Site, TempFolder, count, made_up_register};
use crate::support::world::World;

const DAY: &str = "2025-02-01";

#[test]
fn an_export_pulled_again_and_again_is_stored_once() {
    let folder = TempFolder::new();
    let export = made_up_register(&folder, 500, 6);
    let site = Site::new();
    let first = site.pulls(&export, &[]);
    let hash = site.decisions_hash(DAY);
    for _ in 0..2 {
        let again = site.pulls(&export, &[]);
        assert_eq!(again["facts"], 0);
        for kind in ["register", "facts", "withdrawn"] {
            assert_eq!(again["lines"][kind], 0, "{kind}");
        }
        for kind in ["read", "unmapped", "other_type", "set_aside"] {
            assert_eq!(again["lines"][kind], first["lines"][kind], "{kind}");
        }
        assert_eq!(again["residents"], first["residents"]);
        assert_eq!(again["issues"], first["issues"]);
        assert_eq!(site.decisions_hash(DAY), hash);
        site.is_whole();
    }
}

#[track_caller]
fn stores(world: &World, facts: u64, unchanged: u64) -> Value {
    let report = world.pulls();
    assert_eq!(count(&report["facts"]), facts, "{report}");
    assert_eq!(count(&report["lines"]["unchanged"]), unchanged, "{report}");
    world.runs();
    world.site.is_whole();
    report
}

#[test]
fn a_value_that_comes_back_counts_again() {
    let mut world = World::with_a_result_and_a_diagnosis();
    stores(&world, 2, 0);
    world.decides_that("aino", "confirming");
    for (value, state) in [(42.0, "asked"), (52.0, "confirming"), (42.0, "asked")] {
        world.statement("result")["valueQuantity"]["value"] = json!(value);
        stores(&world, 1, 3);
        world.decides_that("aino", state);
        // And the same once more is the same.
        stores(&world, 0, 4);
        world.decides_that("aino", state);
    }
}

#[test]
fn a_diagnosis_taken_back_and_said_again_is_taken_back_and_said_again() {
    let mut world = World::with_a_result_and_a_diagnosis();
    stores(&world, 2, 0);
    let error = json!({ "coding": [{ "code": "entered-in-error" }] });
    let confirmed = json!({ "coding": [{ "code": "confirmed" }] });
    for (status, state) in [
        (&error, "asked"),
        (&confirmed, "known-disease"),
        (&error, "asked"),
    ] {
        world.statement("diagnosis")["verificationStatus"] = status.clone();
        stores(&world, 1, 3);
        world.decides_that("veikko", state);
        stores(&world, 0, 4);
        world.decides_that("veikko", state);
    }
}

#[test]
fn what_falls_silent_and_speaks_again_does_so_once_each() {
    let mut world = World::with_a_result_and_a_diagnosis();
    stores(&world, 2, 0);
    let spoken = world.statement("result")["code"].clone();
    let silent = json!({ "coding": [{ "system": "http://loinc.org", "code": "2708-6" }] });
    for (code, state, unchanged) in [
        (&silent, "asked", 3),
        (&spoken, "confirming", 3),
        (&silent, "asked", 3),
    ] {
        world.statement("result")["code"] = code.clone();
        stores(&world, 1, unchanged);
        world.decides_that("aino", state);
        let report = world.pulls();
        assert_eq!(report["facts"], 0, "{report}");
        world.runs();
        world.decides_that("aino", state);
    }
}

#[test]
fn a_register_entry_that_comes_back_counts_again() {
    let mut world = World::with_a_result_and_a_diagnosis();
    stores(&world, 2, 0);
    for municipality in ["049", "091", "049"] {
        world.resident("aino").lives_in(municipality);
        let report = stores(&world, 0, 3);
        assert_eq!(report["lines"]["register"], 1);
        let state = if municipality == "091" {
            "confirming"
        } else {
            "moved"
        };
        let is = world.site.state_of("aino");
        assert!(
            is == state || is == "out-of-scope" && state == "moved",
            "{is}"
        );
        stores(&world, 0, 4);
    }
}

#[test]
fn a_result_that_moves_between_residents_ends_with_the_last() {
    let mut world = World::new();
    world.resident("bertta").woman_born("1960-01-01");
    world
        .resident("aino")
        .woman_born("1960-01-01")
        .hba1c(90.0, "2025-10-01")
        .called("result");
    world.decides();
    for (name, other) in [("bertta", "aino"), ("aino", "bertta"), ("bertta", "aino")] {
        let subject = json!({ "reference": format!("Patient/{name}") });
        world.statement("result")["subject"] = subject;
        for _ in 0..2 {
            world.decides();
            world.decides_that(name, "confirming");
            world.decides_that(other, "asked");
        }
    }
    world.site.is_whole();
}

#[test]
fn dated_versions_in_one_export_are_known_the_second_time() {
    let mut world = World::new();
    let version = |day: &str| json!({ "lastUpdated": format!("2025-10-{day}T10:00:00Z") });
    world
        .resident("aino")
        .woman_born("1960-01-01")
        .hba1c(52.0, "2025-10-01")
        .which_has("meta", version("02"))
        .called("result")
        .hba1c(42.0, "2025-10-01")
        .which_has("meta", version("05"))
        .called("result");
    stores(&world, 2, 0);
    stores(&world, 0, 3);
    world.decides_that("aino", "asked");
    assert_eq!(
        world.site.decisions_hash(INDEX_DATE),
        world.site.decisions_hash(INDEX_DATE)
    );
}

#[test]
fn a_line_that_comes_twice_in_one_file_is_counted_twice() {
    let world = World::with_a_result_and_a_diagnosis();
    stores(&world, 2, 0);
    let export = world.export();
    for kind in ["Observation", "Patient"] {
        let path = crate::support::world::file(&export, kind);
        let text = std::fs::read_to_string(&path).expect("an export file");
        std::fs::write(&path, text.repeat(2)).expect("an export file can be written");
    }
    let report = world.site.pulls(&export, &[]);
    assert_eq!(count(&report["lines"]["unchanged"]), 7, "{report}");
    assert_eq!(report["lines"]["facts"], 0);
    world.site.is_whole();
}
