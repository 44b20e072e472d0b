//! What somebody else's record system gives along with a question about one person.
//!
//! # Source
//!
//! HL7 CDS Hooks 2.0, "Prefetch Template": a value is a resource, a searchset `Bundle`, an
//! `OperationOutcome` when it could not be had, or `null`. Left out: following `link.next`, since
//! nothing is asked of that system here; a bundle with a further page is told of as cut off.

use std::collections::BTreeSet;

use preventiojyraa_core::rulebook::{LaboratoryId, Rulebook};
use serde_json::Value;

use super::systems;

/// Resources that came along. Holds clinical data: no `Debug`.
#[derive(Default)]
pub struct Given {
    /// One JSON resource each.
    pub resources: Vec<Vec<u8>>,
    /// Whether anything was given at all: an empty bundle says that there is nothing.
    pub has_answers: bool,
    /// Whether something more was there that did not come: a failure, or a further page.
    pub is_cut_off: bool,
}

impl Given {
    /// Takes in what is under one key.
    pub fn add(&mut self, value: &Value) {
        match kind(value) {
            None => self.is_cut_off = true,
            Some("OperationOutcome") => self.is_cut_off = true,
            Some("Bundle") => self.add_bundle(value),
            Some(_) => {
                self.has_answers = true;
                self.resources.push(value.to_string().into_bytes());
            }
        }
    }

    fn add_bundle(&mut self, bundle: &Value) {
        self.has_answers = true;
        let mut links = list(bundle, "link");
        self.is_cut_off |= links.any(|link| link["relation"] == "next");
        for entry in list(bundle, "entry") {
            let resource = &entry["resource"];
            match kind(resource) {
                Some("OperationOutcome") => self.is_cut_off = true,
                // A bundle in a bundle is no answer to a search.
                None | Some("Bundle") => {}
                Some(_) => self.resources.push(resource.to_string().into_bytes()),
            }
        }
    }
}

/// The laboratory tests, by their names in the rules, that requests of a bundle are for, whatever the
/// status of these.
#[must_use]
pub fn tests_requested(
    rulebook: &Rulebook,
    laboratory: Option<LaboratoryId>,
    bundle: &Value,
) -> BTreeSet<String> {
    let mut requested: BTreeSet<(&str, &str)> = BTreeSet::new();
    for entry in list(bundle, "entry") {
        let resource = &entry["resource"];
        if kind(resource) == Some("ServiceRequest") {
            for coding in list(&resource["code"], "coding") {
                let words = (coding["system"].as_str(), coding["code"].as_str());
                if let (Some(system), Some(code)) = words {
                    requested.insert((system, code));
                }
            }
        }
    }
    let tests = rulebook.catalogue.definitions().iter();
    let is_requested = |test: &str| {
        let Some(test) = rulebook.catalogue.find(test) else {
            return false;
        };
        let mut codes = rulebook.order_codes.of(test, laboratory).iter();
        codes.any(|code| requested.contains(&(systems::uri(code.system), &*code.code)))
    };
    let tests = tests.map(|test| &test.id).filter(|test| is_requested(test));
    tests.cloned().collect()
}

fn kind(value: &Value) -> Option<&str> {
    value.get("resourceType")?.as_str()
}

fn list<'v>(value: &'v Value, field: &str) -> impl Iterator<Item = &'v Value> {
    value
        .get(field)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// An `OperationOutcome` with one error: `code` is FHIR's for the kind, `text` says nothing about anybody.
#[must_use]
pub fn operation_outcome(code: &str, text: &str) -> Value {
    serde_json::json!({
        "resourceType": "OperationOutcome",
        "issue": [{ "severity": "error", "code": code, "diagnostics": text }],
    })
}
