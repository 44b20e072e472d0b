//! What a made-up population could be known by, to look for in what the program says.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

/// Names, identifiers, addresses and values of the residents in an export folder.
pub(crate) struct Population(BTreeSet<String>);

/// Words shorter than this could be anything.
const SHORTEST: usize = 4;

impl Population {
    pub(crate) fn of(export: &Path) -> Self {
        let mut known = BTreeSet::new();
        for entry in fs::read_dir(export).expect("an export folder") {
            let path = entry.expect("an entry").path();
            if path.extension().is_none_or(|ending| ending != "ndjson") {
                continue;
            }
            let text = fs::read_to_string(&path).expect("an export file");
            for line in text.lines() {
                // Some lines are broken on purpose.
                if let Ok(resource) = serde_json::from_str::<Value>(line) {
                    known_by(&resource, &mut known);
                }
            }
        }
        assert!(200 < known.len(), "a population is known by more");
        Self(known)
    }

    /// What a text says of them; nothing, if all is well.
    pub(crate) fn named_in(&self, text: &str) -> Vec<&str> {
        let is_part = |c: char| c.is_alphanumeric() || "-.".contains(c);
        let words: BTreeSet<&str> = text
            .split(|c: char| !is_part(c))
            .map(|word| word.trim_matches('.'))
            .collect();
        let found = self.0.iter().map(String::as_str);
        found
            .filter(|known| {
                let is_one_word = known.chars().all(is_part);
                (is_one_word && words.contains(known)) || (!is_one_word && text.contains(known))
            })
            .collect()
    }
}

fn known_by(resource: &Value, known: &mut BTreeSet<String>) {
    let mut note = |text: &str| {
        if SHORTEST <= text.chars().count() {
            known.insert(text.to_owned());
        }
    };
    if let Some(id) = resource["id"].as_str() {
        note(id);
    }
    if resource["resourceType"] == "Patient" {
        for identifier in resource["identifier"].as_array().into_iter().flatten() {
            note(identifier["value"].as_str().unwrap_or_default());
        }
        for name in resource["name"].as_array().into_iter().flatten() {
            note(name["family"].as_str().unwrap_or_default());
            for given in name["given"].as_array().into_iter().flatten() {
                note(given.as_str().unwrap_or_default());
            }
        }
        for address in resource["address"].as_array().into_iter().flatten() {
            for line in address["line"].as_array().into_iter().flatten() {
                note(line.as_str().unwrap_or_default());
            }
        }
        note(resource["birthDate"].as_str().unwrap_or_default());
    }
    let value = &resource["valueQuantity"]["value"];
    let text = value.to_string();
    if value.is_number() && text.contains('.') {
        note(&text);
    }
    for key in ["effectiveDateTime", "onsetDateTime", "authoredOn"] {
        if let Some(date) = resource[key].as_str().filter(|date| 10 < date.len()) {
            note(date);
        }
    }
}
