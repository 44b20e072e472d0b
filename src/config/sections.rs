//! Sections of the file, read one by one: a mistake in one hides none in another.

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::alarms::RawAlarms;
use super::cds::RawCds;
use super::channel::RawChannel;
use super::sampled::RawSampledNegatives;
use super::schedule::RawSchedule;
use super::web::RawWeb;
use super::{File, LegalBasis, RawRules, Retention, Scope, Serve, Server, Site, Source};
use crate::lake::Place;

/// Reads the text; all of its mistakes otherwise, the first with the line in which it is.
pub(super) fn read(text: &str) -> Result<File, String> {
    let first = match toml::from_str::<File>(text) {
        Ok(file) => return Ok(file),
        Err(error) => error.to_string().trim_end().to_owned(),
    };
    // What is no TOML at all has no sections.
    let Ok(table) = text.parse::<Table>() else {
        return Err(first);
    };
    let mut mistakes = Vec::new();
    for (name, value) in &table {
        section(name, value, &mut mistakes);
    }
    for name in ["site", "legal_basis"] {
        if !table.contains_key(name) {
            mistakes.push(format!("`[{name}]` is missing"));
        }
    }
    match mistakes.len() {
        0 | 1 => Err(first),
        n => Err(format!(
            "{first}\n{n} mistakes in all:\n  {}",
            mistakes.join("\n  ")
        )),
    }
}

fn section(name: &str, value: &Value, mistakes: &mut Vec<String>) {
    match name {
        "site" => one::<Site>(name, value, mistakes),
        "rules" => one::<RawRules>(name, value, mistakes),
        "legal_basis" => one::<LegalBasis>(name, value, mistakes),
        "server" => each::<Server>(name, value, mistakes),
        "source" => each::<Source>(name, value, mistakes),
        "channel" => each::<RawChannel>(name, value, mistakes),
        "sampled_negatives" => one::<RawSampledNegatives>(name, value, mistakes),
        "lake" => one::<Place>(name, value, mistakes),
        "scope" => one::<Scope>(name, value, mistakes),
        "schedule" => one::<RawSchedule>(name, value, mistakes),
        "serve" => one::<Serve>(name, value, mistakes),
        "alarms" => one::<RawAlarms>(name, value, mistakes),
        "retention" => one::<Retention>(name, value, mistakes),
        "web" => one::<RawWeb>(name, value, mistakes),
        "cds" => one::<RawCds>(name, value, mistakes),
        _ => mistakes.push(format!("`[{name}]`: there is no such section")),
    }
}

fn one<T: DeserializeOwned>(name: &str, value: &Value, mistakes: &mut Vec<String>) {
    if let Err(error) = T::deserialize(value.clone()) {
        let told = error.to_string();
        mistakes.push(format!(
            "`[{name}]`: {}",
            told.trim_end().replace('\n', " ")
        ));
    }
}

/// The same for a section whose parts have names of the site's own.
fn each<T: DeserializeOwned>(name: &str, value: &Value, mistakes: &mut Vec<String>) {
    let Some(table) = value.as_table() else {
        mistakes.push(format!("`{name}` is no section: `[{name}.NAME]`"));
        return;
    };
    for (part, value) in table {
        one::<T>(&format!("{name}.{part}"), value, mistakes);
    }
}
