//! Faulty rules: from the moment one is marked, nothing is done by any rule book that holds it.
//!
//! A mark is a file in the data folder, so that it works at once in every
//! process and also while the ledger is locked or broken, and a row of the
//! ledger, so that it is on record. Either is enough. There is no way to take a
//! mark back: a new version of the rule is the way out.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::effects::replace;
use super::{Access, DataFolder, StepError};
use crate::lake;
use crate::ledger::FaultyRule;
use crate::rulebook::{RuleName, Rulebook};

const FOLDER: &str = "faulty-rules";

/// A rule that nothing may be done by, as reports show it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FaultyReport {
    /// The rule's id.
    pub rule: String,
    /// The version that is faulty.
    pub version: String,
    /// Who found it faulty.
    pub by: String,
    /// Why.
    pub why: String,
    /// Since when (UTC).
    pub at: String,
}

impl std::fmt::Display for FaultyReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "rule {} {} is marked faulty since {} by {}: {}",
            self.rule, self.version, self.at, self.by, self.why
        )
    }
}

impl From<FaultyRule> for FaultyReport {
    fn from(mark: FaultyRule) -> Self {
        Self {
            rule: mark.rule,
            version: mark.version,
            by: mark.by,
            why: mark.why,
            at: mark.at,
        }
    }
}

/// The marks of a data folder that work without its ledger.
#[derive(Debug, Clone)]
pub struct FaultyMarks {
    folder: PathBuf,
}

impl FaultyMarks {
    /// The marks of a data folder.
    #[must_use]
    pub fn of(root: &Path) -> Self {
        Self {
            folder: root.join(FOLDER),
        }
    }

    /// Every mark; `None` when they cannot all be read: then any rule may be faulty.
    fn all(&self) -> Option<Vec<FaultyReport>> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Some(Vec::new()),
            Err(_) => return None,
            Ok(entries) => entries,
        };
        let mut marks = Vec::new();
        for entry in entries {
            let path = entry.ok()?.path();
            // A mark that is being written has another end, and counts when it is whole.
            if path.extension().is_some_and(|end| end == "json") {
                marks.push(serde_json::from_slice(&fs::read(path).ok()?).ok()?);
            }
        }
        marks.sort();
        Some(marks)
    }

    /// Why nothing may be done by a rule book, as far as these marks tell.
    #[must_use]
    pub fn concerning(&self, rulebook: &Rulebook) -> Option<FaultyReport> {
        let Some(marks) = self.all() else {
            return Some(unreadable());
        };
        let mut marks = marks.into_iter();
        marks.find(|mark| rulebook.holds(&mark.rule, &mark.version))
    }

    fn add(&self, mark: &FaultyReport) -> Result<(), StepError> {
        lake::private_folder(&self.folder)?;
        let name = blake3::hash(format!("{}\n{}", mark.rule, mark.version).as_bytes());
        let path = self.folder.join(format!("{}.json", name.to_hex()));
        if path.exists() {
            return Ok(());
        }
        let text = serde_json::to_vec(mark).unwrap_or_default();
        replace(&path, &text).map_err(StepError::io("write", &path))
    }
}

/// What is said when nobody can tell which rules are faulty.
fn unreadable() -> FaultyReport {
    let unknown = || "unknown".to_owned();
    FaultyReport {
        rule: "any".to_owned(),
        version: unknown(),
        by: unknown(),
        why: format!("the marks in `{FOLDER}` cannot be read"),
        at: unknown(),
    }
}

/// Every faulty rule of a data folder, by the ledger or by a file.
///
/// # Errors
///
/// When the ledger cannot be read.
pub fn faulty_rules(data: &DataFolder) -> Result<Vec<FaultyReport>, StepError> {
    let on_record = data.ledger.faulty()?.into_iter().map(FaultyReport::from);
    let mut marks: Vec<FaultyReport> = on_record.collect();
    match FaultyMarks::of(&data.root).all() {
        None => marks.push(unreadable()),
        Some(files) => {
            for mark in files {
                let is_same = |known: &FaultyReport| {
                    (&known.rule, &known.version) == (&mark.rule, &mark.version)
                };
                if !marks.iter().any(is_same) {
                    marks.push(mark);
                }
            }
        }
    }
    Ok(marks)
}

/// The faulty rules that a rule book holds.
///
/// # Errors
///
/// When the ledger cannot be read.
pub fn faulty_in(data: &DataFolder, rulebook: &Rulebook) -> Result<Vec<FaultyReport>, StepError> {
    let mut marks = faulty_rules(data)?;
    marks.retain(|mark| mark.rule == "any" || rulebook.holds(&mark.rule, &mark.version));
    Ok(marks)
}

/// How a mark was set.
#[derive(Debug)]
pub struct Marked {
    /// The rules that are known here, when the marked one is not among them.
    pub unknown: Option<String>,
    /// Why the ledger could not note it, when it could not; the mark holds all the same.
    pub not_noted: Option<StepError>,
}

/// Marks a rule as faulty: from the moment this returns, nothing is sent by any rule book that holds it.
///
/// Whatever is wrong with the ledger, the mark holds. A rule that nobody here knows is marked too:
/// it may be of a folder that is still to come.
///
/// # Errors
///
/// When there is no data folder, or the mark cannot be written: then nothing is marked.
pub fn mark_faulty(
    root: &Path,
    rulebook: &Rulebook,
    mark: &FaultyReport,
) -> Result<Marked, StepError> {
    if !root.join("ledger.sqlite").exists() {
        return Err(StepError::NoData(root.to_path_buf()));
    }
    FaultyMarks::of(root).add(mark)?;
    let data = DataFolder::open(root, Access::Read);
    let mut known: BTreeSet<RuleName> = rulebook.names.iter().cloned().collect();
    // What the ledger cannot tell is not known.
    if let Ok(data) = &data {
        known.extend(kept_names(data).unwrap_or_default());
    }
    let is_meant = |name: &RuleName| (&name.id, &name.version) == (&mark.rule, &mark.version);
    let unknown = (!known.iter().any(is_meant)).then(|| listed(&known, &mark.rule));
    let noted = data.and_then(|mut data| {
        let mark = mark.clone();
        Ok(data.ledger.mark_faulty(&FaultyRule {
            rule: mark.rule,
            version: mark.version,
            by: mark.by,
            why: mark.why,
            at: mark.at,
        })?)
    });
    Ok(Marked {
        unknown,
        not_noted: noted.err(),
    })
}

/// Every rule of every rule book that is kept here and can be read.
fn kept_names(data: &DataFolder) -> Result<BTreeSet<RuleName>, StepError> {
    let mut known = BTreeSet::new();
    for fingerprint in data.ledger.rule_books()? {
        // One that is damaged, or does not load any more, is as one that is not kept.
        let files = data.ledger.rule_book(&fingerprint).unwrap_or(None);
        let loaded = files.and_then(|files| Rulebook::load_kept(&files).ok());
        known.extend(loaded.into_iter().flat_map(|book| book.names));
    }
    Ok(known)
}

/// The versions of a rule, or every rule when nobody knows any.
fn listed(known: &BTreeSet<RuleName>, rule: &str) -> String {
    let is_it = |name: &&RuleName| name.id == rule;
    let some = known.iter().any(|name| is_it(&name));
    let names = known.iter().filter(|name| !some || is_it(name));
    let names: BTreeSet<String> = names
        .map(|name| format!("{} {}", name.id, name.version))
        .collect();
    names.into_iter().collect::<Vec<_>>().join(", ")
}
