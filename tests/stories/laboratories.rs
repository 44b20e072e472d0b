//! The same code in different laboratories, codes that nobody knows, and orders of somebody else.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::site::{Site, count, preventio};
use crate::support::world::{World, file};

const DAY: &str = "2025-10-01";
const KUNTALIITTO: &str = "urn:oid:1.2.246.537.6.3";

fn glucose(code: &str, value: f64, performer: &Value) -> Value {
    json!({
        "resourceType": "Observation",
        "status": "final",
        "code": { "coding": [{ "system": KUNTALIITTO, "code": code }] },
        "effectiveDateTime": DAY,
        "valueQuantity": { "value": value, "unit": "mmol/l", "system": "http://unitsofmeasure.org", "code": "mmol/L" },
        "performer": performer
    })
}

fn signed(name: &str) -> Value {
    json!([{ "display": name }])
}

/// Six residents with the same high result under the same code, by different laboratories.
fn same_code_everywhere() -> World {
    let mut world = World::new();
    for (name, performer) in [
        ("fimlab", signed("Fimlab")),
        ("nordlab", signed("nordlab")),
        ("huslab", signed("HUSLAB")),
        ("elsewhere", signed("Synlab")),
        (
            "two",
            json!([{ "display": "Fimlab" }, { "display": "HUSLAB" }]),
        ),
        (
            "unsigned",
            json!([{ "reference": "Practitioner/7", "display": "Fimlab" }]),
        ),
    ] {
        world
            .resident(name)
            .woman_born("1960-01-01")
            .has(glucose("1483", 11.1, &performer));
    }
    world
}

#[test]
fn a_code_means_what_the_laboratory_that_signed_means_by_it() {
    let world = same_code_everywhere();
    let pulled = world.pulls();
    assert_eq!(
        count(&pulled["codes"]["could_matter"]),
        3,
        "elsewhere, two, unsigned"
    );
    world.runs();
    for name in ["fimlab", "nordlab"] {
        world.decides_that(name, "confirming");
    }
    // In pregnancy, of an unknown laboratory, of two, of nobody: it never poses as the two-hour value.
    for name in ["huslab", "elsewhere", "two", "unsigned"] {
        world.decides_that(name, "asked");
    }
}

#[test]
fn the_source_has_a_laboratory_and_a_signature_goes_before_it() {
    let world = same_code_everywhere();
    let export = world.export();
    let pulled = world.site.pulls(&export, &["--laboratory", "fimlab"]);
    assert_eq!(pulled["laboratory"], "fimlab");
    world.runs();
    for name in ["fimlab", "nordlab", "unsigned"] {
        world.decides_that(name, "confirming");
    }
    for name in ["huslab", "elsewhere", "two"] {
        world.decides_that(name, "asked");
    }
}

#[test]
fn a_laboratory_that_the_rules_do_not_know_is_refused() {
    let world = same_code_everywhere();
    let export = world.export();
    let words = world.site.pull_words(&export, &["--laboratory", "fimlap"]);
    let said = preventio(&words).ends_with(1);
    assert!(
        said.contains("no laboratory is called `fimlap`") && said.contains("huslab"),
        "{said}"
    );
}

/// An export in which one resident has so many results under a code.
fn results_under(world: &mut World, name: &str, code: &str, n: usize) {
    for _ in 0..n {
        world
            .resident(name)
            .woman_born("1960-01-01")
            .has(glucose(code, 5.0, &signed("HUSLAB")));
    }
}

fn many(code: &str, n: usize) -> World {
    let mut world = World::new();
    for m in 0..n {
        results_under(&mut world, &format!("{code}-{m}"), code, 1);
    }
    world
}

#[test]
fn a_run_that_acts_refuses_when_too_much_that_could_matter_is_not_understood() {
    let mut world = many("20271", 20);
    for m in 0..20 {
        results_under(&mut world, &format!("known-{m}"), "1468", 1);
    }
    world.pulls();
    let report = world.runs();
    let over = &report["unmapped_over_limit"][0];
    assert_eq!((count(&over["could_matter"]), count(&over["of"])), (20, 40));
    let said = acts(&world.site).ends_with(1);
    assert!(
        said.contains("of `export`, 20 of 40 resources that could matter have codes that no rule knows; at most 5 of 100 may")
            && said.contains("hint: "),
        "{said}"
    );
}

#[test]
fn a_few_codes_that_nobody_understands_stop_nothing() {
    let world = many("20271", 19);
    world.pulls();
    assert_eq!(world.runs()["unmapped_over_limit"], Value::Null);
    let said = acts(&world.site).ends_with(1);
    assert!(
        !said.contains("could matter"),
        "it stops at something else: {said}"
    );
}

/// A run that acts, with a configuration that would let it.
fn acts(site: &Site) -> crate::support::site::Said {
    let examples = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/config");
    let text = fs::read_to_string(examples.join("trial.toml")).expect("readable");
    let signers = site.beside("signers.toml");
    fs::copy(examples.join("signers.toml"), signers).expect("copied");
    // Another purpose than any before, so that what stops it is told.
    let text = text.replace(
        "reference = \"trial without people\"",
        "reference = \"none\"",
    );
    let text = text.replace("valid_until = 2025-12-31", "valid_until = 2025-01-02");
    let config = site.beside("preventio.toml");
    fs::write(&config, text).expect("writable");
    let config = config.display().to_string();
    site.does(&["run", "--act", "--config", &config])
}

#[test]
fn a_code_that_becomes_frequent_between_two_pulls_is_news() {
    let mut world = many("1468", 30);
    let before = world.pulls();
    assert_eq!(
        before["codes"]["newly_frequent"],
        json!([]),
        "nothing to compare with"
    );
    // The laboratory changes its code overnight.
    for m in 0..25 {
        results_under(&mut world, &format!("new-{m}"), "91468", 1);
    }
    let after = world.pulls();
    let news = json!([["Observation", KUNTALIITTO, "91468", 25, 0]]);
    assert_eq!(after["codes"]["newly_frequent"], news);
    assert_eq!(count(&after["codes"]["could_matter"]), 25);
    let third = world.pulls();
    assert_eq!(third["codes"]["newly_frequent"], json!([]), "known by now");
}

#[test]
fn names_and_identifiers_in_a_code_are_not_kept() {
    let mut world = World::new();
    for code in ["Maija Meikäläinen", "131052-308T"] {
        world
            .resident("somebody")
            .woman_born("1960-01-01")
            .has(glucose(code, 5.0, &signed("HUSLAB")));
    }
    let told = world.pulls().to_string();
    assert!(told.contains("(not a code)"), "{told}");
    assert!(
        !told.contains("Maija") && !told.contains("131052"),
        "{told}"
    );
}

fn order(status: &str, identifier: &str) -> Value {
    json!({
        "resourceType": "ServiceRequest",
        "identifier": [{ "system": identifier, "value": "o-1" }],
        "status": status,
        "intent": "order",
        "code": { "coding": [{ "system": KUNTALIITTO, "code": "6128" }] },
        "authoredOn": "2025-10-05"
    })
}

#[test]
fn whoever_has_an_open_order_of_somebody_else_is_not_ordered_for_again() {
    let mut world = World::new();
    let own = "https://preventiojyraa.example.org/fhir/order";
    for (name, status, identifier) in [
        ("open", "active", "https://apotti.example.org/order"),
        ("done", "completed", "https://apotti.example.org/order"),
        ("revoked", "revoked", "https://apotti.example.org/order"),
        ("ours", "active", own),
    ] {
        crate::support::acting::at_risk(&mut world, name).has(order(status, identifier));
    }
    let export = world.export();
    assert!(file(&export, "ServiceRequest").exists());
    world.decides();
    let rows = world.runs()["rows"].clone();
    assert_eq!(count(&rows["order-open-elsewhere"]), 1, "{rows}");
    assert_eq!(count(&rows["score-at-or-above"]), 3, "{rows}");
}
