//! People whom the register does not know, or knows twice.

use serde_json::json;

use crate::support::site::{count, opaque};
use crate::support::world::{World, national_id};

/// Codes of all issues, with the resident each is about, sorted.
fn issues(world: &World) -> Vec<String> {
    let rows = world.site.issues();
    let name = |row: &preventiojyraa::lake::IssueRow| {
        row.resident
            .map_or("nobody".to_owned(), |id| world.with_names(&id.to_string()))
    };
    rows.iter()
        .map(|row| format!("{} {}", row.code.name(), name(row)))
        .collect()
}

#[test]
fn a_result_of_somebody_who_is_not_on_the_register_is_kept_and_named() {
    let mut world = World::new();
    world
        .resident("aino")
        .woman_born("1960-01-01")
        .hba1c(52.0, "2025-10-01")
        .called("strays");
    world.statement("strays")["subject"] = json!({ "reference": "Patient/stranger" });
    let report = world.pulls();
    assert_eq!(count(&report["issues"]["subject-unknown"]), 1);
    let [issue] = &world.site.issues()[..] else {
        panic!("one issue")
    };
    assert_eq!(issue.resident, Some(opaque("stranger")));
    assert_eq!((issue.file.as_str(), issue.line), ("Observation.ndjson", 1));
    let report = world.runs();
    assert_eq!(count(&report["register"]), 1);
    assert_eq!(count(&report["facts_without_resident"]), 1);
    world.decides_that("aino", "asked");
    // Once the register knows the stranger, the result that waited is theirs.
    world.resident("stranger").man_born("1950-01-01");
    world.decides();
    world.decides_that("stranger", "confirming");
    world.site.is_whole();
}

#[test]
fn two_entries_with_one_national_identifier_are_both_named_and_both_counted() {
    let mut world = World::new();
    for name in ["aino", "aino-again"] {
        world
            .resident(name)
            .woman_born("1990-01-01")
            .registered("identifier", national_id("010190-999W"));
    }
    world
        .resident("other")
        .woman_born("1990-01-01")
        .registered("identifier", national_id("010190-998V"));
    let report = world.pulls();
    assert_eq!(count(&report["issues"]["national-id-shared"]), 2);
    let found = issues(&world);
    assert!(
        found.contains(&"national-id-shared <aino>".to_owned()),
        "{found:?}"
    );
    assert!(
        found.contains(&"national-id-shared <aino-again>".to_owned()),
        "{found:?}"
    );
    assert_eq!(count(&world.runs()["register"]), 3);
    world.site.is_whole();
}

#[test]
fn a_national_identifier_shared_with_an_earlier_pull_is_named_too() {
    let mut world = World::new();
    world
        .resident("aino")
        .registered("identifier", national_id("010190-999W"));
    world.pulls();
    world
        .resident("later")
        .registered("identifier", national_id("010190-999W"));
    world.pulls();
    let found = issues(&world);
    assert!(
        found.contains(&"national-id-shared <later>".to_owned()),
        "{found:?}"
    );
}

#[test]
fn linked_entries_are_named_and_both_counted() {
    let mut world = World::new();
    world.resident("new").woman_born("1960-01-01").registered(
        "link",
        json!([{ "other": { "reference": "Patient/old" }, "type": "replaces" }]),
    );
    world.resident("old").woman_born("1960-01-01");
    world.pulls();
    assert_eq!(issues(&world), ["identity-linked <new>"]);
    assert_eq!(count(&world.runs()["register"]), 2);
}
