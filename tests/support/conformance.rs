//! A table of what is proven, made of the tests that prove it.
//!
//! Each module of tests has a table of rows: the number of a behaviour, what is done about it, and the
//! tests by name. A test that is named and not there, or there and not named, fails.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// What is done about a behaviour.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Done {
    /// It is done.
    Implemented,
    /// It is not done, for this reason.
    Refused(&'static str),
}

/// A behaviour and its proof.
pub(crate) struct Row {
    /// Its number in the checklist, such as `B12`, or the name of a fault.
    pub(crate) id: &'static str,
    /// What it means, as people read it.
    pub(crate) meaning: &'static str,
    pub(crate) done: Done,
    /// The tests that prove it, or that show the refusal; each the name of a function.
    pub(crate) tests: &'static [&'static str],
}

/// Rows from one module of tests.
pub(crate) struct Section {
    pub(crate) heading: &'static str,
    pub(crate) rows: &'static [Row],
}

/// Every function in a folder of sources that has `#[test]` before it.
fn tests_below(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder of tests") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            tests_below(&path, names);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&path).expect("a file of tests");
            let mut is_test = false;
            for line in text.lines().map(str::trim_start) {
                if let Some(rest) = line.strip_prefix("fn ").filter(|_| is_test) {
                    let name = rest.split(['(', '<']).next().unwrap_or_default();
                    names.insert(name.to_owned());
                }
                is_test = line == "#[test]" || is_test && line.starts_with("#[");
            }
        }
    }
}

/// Everything that is wrong with the rows themselves.
pub(crate) fn mistakes(root: &Path, sections: &[&Section]) -> Vec<String> {
    let mut names = BTreeSet::new();
    tests_below(&root.join("tests"), &mut names);
    tests_below(&root.join("src"), &mut names);
    let mut ids = BTreeSet::new();
    let mut mistakes = Vec::new();
    for row in sections.iter().flat_map(|section| section.rows) {
        if !ids.insert(row.id) {
            mistakes.push(format!("{} has two rows", row.id));
        }
        if row.tests.is_empty() {
            mistakes.push(format!("nothing proves {}", row.id));
        }
        let unknown = row.tests.iter().filter(|name| !names.contains(**name));
        mistakes.extend(unknown.map(|name| format!("{}: no test is called `{name}`", row.id)));
    }
    mistakes
}

/// The table as it stands in the README.
pub(crate) fn table(sections: &[&Section]) -> String {
    let mut text = String::new();
    for section in sections {
        text.push_str(&format!(
            "\n| {} | what it means | | proven by |\n|---|---|---|---|\n",
            section.heading
        ));
        for row in section.rows {
            let done = match row.done {
                Done::Implemented => "implemented".to_owned(),
                Done::Refused(why) => format!("refused: {why}"),
            };
            let tests: Vec<String> = row.tests.iter().map(|name| format!("`{name}`")).collect();
            text.push_str(&format!(
                "| {} | {} | {done} | {} |\n",
                row.id,
                row.meaning,
                tests.join(", ")
            ));
        }
    }
    text
}
