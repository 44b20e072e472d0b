//! What is accepted, passed over and refused, resource by resource.

mod acts;
mod cds_hooks;
mod configuration;
mod days;
mod deploy;
mod forms;
mod lake_versions;
mod laws_of_cards;
mod laws_of_folding;
mod laws_of_pulling;
mod made_up_export;
mod made_up_server;
mod made_up_tokens;
mod made_up_world;
mod orders;
mod outcome;
mod people;
mod pulled;
mod readers;
mod results;
mod servers;
mod statements;

use std::collections::BTreeSet;
use std::fs;

use outcome::{Reader, folder};

/// A fixture and what becomes of it.
type Row = (&'static str, &'static str);

/// Every row holds, and every fixture of the folder has one.
#[track_caller]
fn holds(kind: &str, rows: &[Row]) {
    let reader = Reader::new();
    let wrong: Vec<String> = rows
        .iter()
        .filter_map(|(name, wanted)| {
            let found = reader.outcome(&format!("{kind}/{name}"));
            (found != *wanted).then(|| format!("        (\"{name}\", \"{found}\"),"))
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "other outcomes of {kind}:\n{}",
        wrong.join("\n")
    );
    let listed: BTreeSet<String> = rows
        .iter()
        .map(|(name, _)| format!("{name}.json"))
        .collect();
    assert_eq!(listed.len(), rows.len(), "a fixture has one row");
    let files = fs::read_dir(folder().join(kind)).expect("a folder of fixtures");
    let present: BTreeSet<String> = files
        .map(|entry| {
            entry
                .expect("a folder entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    assert_eq!(listed, present, "every fixture has a row");
}
