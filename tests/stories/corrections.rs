//! What a source takes back or says anew replaces what it said before.

use preventiojyraa::ledger::Ledger;
use serde_json::json;

use crate::support::site::{INDEX_DATE, count, opaque};
use crate::support::world::World;

fn high_hba1c() -> World {
    let world = World::with_a_result_and_a_diagnosis();
    world.decides();
    world.decides_that("aino", "confirming");
    world.decides_that("veikko", "known-disease");
    world
}

#[test]
fn an_amended_result_replaces_the_one_before() {
    let mut world = high_hba1c();
    let result = world.statement("result");
    result["status"] = json!("amended");
    result["valueQuantity"]["value"] = json!(42.0);
    world.decides();
    world.decides_that("aino", "asked");
    world.decides_that("veikko", "known-disease");
    world.site.is_whole();
}

#[test]
fn a_diagnosis_entered_in_error_no_longer_counts() {
    let mut world = high_hba1c();
    world.statement("diagnosis")["verificationStatus"] =
        json!({ "coding": [{ "code": "entered-in-error" }] });
    let report = world.pulls();
    assert_eq!(count(&report["lines"]["withdrawn"]), 1);
    world.runs();
    world.decides_that("veikko", "asked");
    world.site.is_whole();
}

#[test]
fn an_error_without_its_code_takes_back_what_was_said_under_its_id() {
    let mut world = high_hba1c();
    let result = world.statement("result");
    result["status"] = json!("entered-in-error");
    result.as_object_mut().expect("a resource").remove("code");
    world.decides();
    world.decides_that("aino", "asked");
}

#[test]
fn a_resource_that_now_says_something_no_rule_speaks_of_says_nothing_any_more() {
    let mut world = high_hba1c();
    world.statement("result")["code"] =
        json!({ "coding": [{ "system": "http://loinc.org", "code": "2708-6" }] });
    world.statement("diagnosis")["code"] =
        json!({ "coding": [{ "system": "urn:oid:1.2.246.537.6.1", "code": "I10" }] });
    let report = world.pulls();
    assert_eq!(count(&report["lines"]["unmapped"]), 2);
    world.runs();
    world.decides_that("aino", "asked");
    world.decides_that("veikko", "asked");
}

#[test]
fn a_resource_that_now_cannot_be_understood_says_nothing_any_more() {
    let mut world = high_hba1c();
    world.statement("result")["valueQuantity"]["unit"] = json!("bananas");
    world.statement("result")["valueQuantity"]["code"] = json!("bananas");
    let report = world.pulls();
    assert_eq!(count(&report["issues"]["unit-unknown"]), 1);
    world.runs();
    world.decides_that("aino", "asked");
}

#[test]
fn an_older_version_that_comes_later_does_not_win() {
    let mut world = World::new();
    world
        .resident("aino")
        .woman_born("1960-01-01")
        .hba1c(42.0, "2025-10-01")
        .which_has("meta", json!({ "lastUpdated": "2025-10-05T10:00:00Z" }))
        .called("result");
    world.decides();
    let result = world.statement("result");
    result["valueQuantity"]["value"] = json!(52.0);
    result["meta"]["lastUpdated"] = json!("2025-10-02T10:00:00Z");
    world.decides();
    world.decides_that("aino", "asked");
}

#[test]
fn the_same_export_pulled_twice_decides_the_same() {
    let world = high_hba1c();
    let once = world.site.decisions_hash(INDEX_DATE);
    let report = world.pulls();
    assert_eq!(count(&report["id"]), 2);
    assert_eq!(world.site.decisions_hash(INDEX_DATE), once);
    world.site.is_whole();
}

#[test]
fn a_consent_taken_back_puts_a_resident_back_into_the_screening() {
    let mut world = World::new();
    world
        .resident("iiris")
        .woman_born("1960-01-01")
        .says_no("2025-01-01")
        .called("choice");
    world.decides();
    world.decides_that("iiris", "opted-out");
    world.statement("choice")["status"] = json!("inactive");
    world.decides();
    world.decides_that("iiris", "asked");
}

#[test]
fn an_illness_taken_out_of_a_family_history_no_longer_counts() {
    let mut world = World::new();
    world
        .resident("aino")
        .woman_born("1985-01-01")
        .has(json!({
            "resourceType": "FamilyMemberHistory",
            "status": "completed",
            "date": "2025-01-01",
            "relationship": { "coding": [{ "code": "MTH" }] },
            "condition": [{ "code": { "coding": [
                { "system": "urn:oid:1.2.246.537.6.1", "code": "E11.9" },
            ] } }],
        }))
        .called("mother");
    world.decides();
    let told = "She has a parent, sibling or child with diabetes";
    assert!(world.explanation_for("aino").contains(told));
    let history = world.statement("mother");
    history
        .as_object_mut()
        .expect("a resource")
        .remove("condition");
    world.decides();
    assert!(!world.explanation_for("aino").contains(told));
}

#[test]
fn of_two_versions_in_one_export_the_newer_counts_though_it_cannot_be_understood() {
    let mut world = World::new();
    let version = |day: &str| json!({ "lastUpdated": format!("2025-10-{day}T10:00:00Z") });
    world
        .resident("aino")
        .woman_born("1960-01-01")
        .hba1c(52.0, "2025-10-01")
        .which_has("meta", version("02"))
        .called("result")
        .measures("59261-8", 42.0, "bananas", "2025-10-01")
        .which_has("meta", version("05"))
        .called("result");
    world.decides();
    world.decides_that("aino", "asked");
}

#[test]
fn a_result_that_turns_out_to_be_somebody_elses_moves_to_them() {
    let mut world = World::new();
    world.resident("bertta").woman_born("1960-01-01");
    world
        .resident("aino")
        .woman_born("1960-01-01")
        .hba1c(90.0, "2025-10-01")
        .called("result");
    world.decides();
    world.decides_that("aino", "confirming");
    world.statement("result")["subject"] = json!({ "reference": "Patient/bertta" });
    world.decides();
    world.decides_that("aino", "asked");
    world.decides_that("bertta", "confirming");
    let codes: Vec<&str> = world
        .site
        .issues()
        .iter()
        .map(|issue| issue.code.name())
        .collect();
    assert_eq!(codes, ["subject-changed"]);
}

#[test]
fn an_older_entry_that_comes_late_does_not_lift_a_non_disclosure() {
    let mut world = World::new();
    let hidden = json!({
        "lastUpdated": "2025-10-05T10:00:00Z",
        "security": [{ "code": "TURVAKIELTO" }],
    });
    world
        .resident("aino")
        .woman_born("1960-01-01")
        .registered("meta", hidden);
    world.pulls();
    let older = json!({ "lastUpdated": "2025-10-02T10:00:00Z" });
    world.resident("aino").registered("meta", older);
    world.pulls();
    let ledger = Ledger::open(&world.site.data().join("ledger.sqlite")).expect("a ledger");
    let hidden = ledger.non_disclosed().expect("identities can be read");
    assert!(hidden.contains(&opaque("aino")));
    let newer = json!({ "lastUpdated": "2025-10-09T10:00:00Z" });
    world.resident("aino").registered("meta", newer);
    world.pulls();
    let hidden = ledger.non_disclosed().expect("identities can be read");
    assert!(hidden.is_empty(), "a newer entry lifts it");
    world.site.is_whole();
}

#[test]
fn an_older_version_about_somebody_else_that_comes_late_says_nothing_of_them() {
    let mut world = World::new();
    world.resident("bertta").woman_born("1960-01-01");
    world
        .resident("aino")
        .woman_born("1960-01-01")
        .hba1c(90.0, "2025-10-01")
        .which_has("meta", json!({ "lastUpdated": "2025-10-05T10:00:00Z" }))
        .called("result");
    world.decides();
    let result = world.statement("result");
    result["subject"] = json!({ "reference": "Patient/bertta" });
    result["meta"]["lastUpdated"] = json!("2025-10-02T10:00:00Z");
    world.decides();
    world.decides_that("aino", "confirming");
    world.decides_that("bertta", "asked");
}
