//! Erase: everything held about one resident goes, and stays gone.
//!
//! The files of the lake are written anew without them, then one transaction of the ledger names the new
//! files, deletes the rows and writes down that it was done. Before that nothing is erased; after it the
//! rest (files of before, traces in the database's free pages) is owed, and done by this or the next
//! command that writes.

use std::collections::BTreeMap;

use serde::Serialize;

use super::explain::find;
use super::{DataFolder, PullReport, StepError};
use crate::lake::DecisionsHash;
use crate::ledger::{AboutResident, EraseCommit, Erased, ErasedRun, LineSetAside, NotErased};
use crate::pathway::Stage;
use crate::profile::ResidentId;

/// What an erasure did. Names nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EraseReport {
    /// Rows that the lake held, by table.
    pub rows: BTreeMap<&'static str, u64>,
    /// Rows that the ledger held, by table.
    pub ledger: BTreeMap<&'static str, u64>,
    /// Lines set aside that were about the resident.
    pub lines: u64,
    /// Runs that decided about the resident and cannot be decided again.
    pub runs: Vec<u32>,
    /// Whether no trace is left in the data folder; else the next command that writes sees to it.
    pub is_finished: bool,
    /// Where else the lake lies, as far as this program reaches: versions that a bucket keeps by
    /// itself, and backups, are not among it.
    pub away: Option<String>,
    /// How many other entries of the register have the same national identifier.
    pub same_national_id: u64,
}

/// Erases a resident, named by the opaque id or by `Patient.id` of a source.
///
/// # Errors
///
/// When nobody or several people are called so, something about the resident is under way, `by` or
/// `reason` would name the resident, or reading or writing fails. Then nothing is erased, unless the error
/// came after the commit: the next command that writes finishes it.
pub fn erase(data: &mut DataFolder, name: &str, record: &Erased) -> Result<EraseReport, StepError> {
    let resident = on_register(data, name)?;
    let tables = data.ledger.about(resident)?;
    let identifiers = identifiers(&tables);
    let tells = |text: &str| identifiers.iter().any(|one| text.contains(one.as_str()));
    if tells(&record.by) || tells(&record.reason) {
        return Err(StepError::ErasureTells);
    }
    let episode = data.ledger.episode(resident, None)?;
    if episode.is_some_and(|episode| matches!(episode.stage, Stage::Ordered { .. })) {
        return Err(NotErased::UnderWay(1).into());
    }
    let others = match data.ledger.national_id(resident)? {
        Some(id) => data.ledger.holders(&id)?.len() as u64 - 1,
        None => 0,
    };
    let committed = data.generation.as_ref().map_or(&[][..], |g| &g.files);
    let without = data.store.stage_without(committed, resident)?;
    let runs = runs_without(data, resident)?;
    let reports = reports_without(data, resident)?;
    let lines = lines_about(data, resident, &identifiers)?;
    let to_go = tables.iter().filter(|table| !STAYS.contains(&table.table));
    let ledger = to_go
        .map(|table| (table.table, table.rows.len() as u64))
        .collect();
    let files: Vec<_> = without
        .staged
        .into_iter()
        .map(|staged| staged.file)
        .collect();
    data.send(&files)?;
    let generation = data.ledger.commit_erased(&EraseCommit {
        resident,
        record,
        files: &files,
        replaced: &without.replaced,
        runs: &runs,
        reports: &reports,
        lines: &lines,
    })?;
    data.publish(generation)?;
    let is_finished = data.finish_erasing()?;
    Ok(EraseReport {
        rows: without.rows,
        ledger,
        lines: lines.len() as u64,
        runs: runs.into_iter().map(|run| run.run).collect(),
        is_finished,
        away: data.lake_at()?.map(|place| place.at),
        same_national_id: others,
    })
}

/// Tables of the ledger whose rows about somebody stay: who looked, and that they were erased.
pub(super) const STAYS: [&str; 3] = ["access", "audit", "erasure"];

/// Lets an erased resident come back with the next pull that tells of them, as somebody new.
///
/// # Errors
///
/// When nobody of this opaque id was erased, or the ledger cannot be written.
pub fn lift_erasure(data: &mut DataFolder, name: &str, record: &Erased) -> Result<(), StepError> {
    let resident = ResidentId::parse(name);
    let is_lifted = resident.map_or(Ok(false), |resident| {
        data.ledger.lift_erasure(resident, record)
    })?;
    if is_lifted {
        Ok(())
    } else {
        Err(StepError::NotErasedBefore(name.to_owned()))
    }
}

/// Somebody whom the identity map or the lake still knows.
pub(super) fn on_register(data: &DataFolder, name: &str) -> Result<ResidentId, StepError> {
    let resident = find(data, name)?;
    match data.ledger.patient_id(resident)? {
        Some(_) => Ok(resident),
        None => Err(StepError::UnknownResident(name.to_owned())),
    }
}

/// By what sources call a resident, and the national identifier: of what the ledger has about them.
pub(super) fn identifiers(tables: &[AboutResident]) -> Vec<String> {
    let named = ["patient_id", "national_id"];
    let columns = tables.iter().flat_map(|table| table.rows.iter().flatten());
    let found = columns.filter(|(name, _)| named.contains(&name.as_str()));
    let mut found: Vec<String> = found.map(|(_, value)| value.clone()).collect();
    found.sort();
    found.dedup();
    found
}

/// Of each run that decided about a resident: how many are erased then, and the hash of what is left.
fn runs_without(data: &DataFolder, resident: ResidentId) -> Result<Vec<ErasedRun>, StepError> {
    let mut hashes: BTreeMap<u32, u64> = BTreeMap::new();
    data.store.decisions(Some(resident), |run, _| {
        hashes.insert(run, 0);
    })?;
    let before = data.ledger.erased_runs()?;
    let mut runs = Vec::new();
    for run in hashes.into_keys() {
        let mut hash = DecisionsHash::default();
        data.store.decisions_of(run, |row| {
            if row.resident != resident {
                hash.add(&row);
            }
        })?;
        runs.push(ErasedRun {
            run,
            residents: before.get(&run).map_or(0, |run| run.residents) + 1,
            decisions_hash: hash.finish(),
        });
    }
    Ok(runs)
}

/// Reports of pulls that name a resident, without.
fn reports_without(
    data: &DataFolder,
    resident: ResidentId,
) -> Result<Vec<(u32, String)>, StepError> {
    let id = resident.to_string();
    let mut reports = Vec::new();
    for pull in data.ledger.pulls()? {
        let Ok(mut report) = serde_json::from_str::<PullReport>(&pull.report) else {
            continue;
        };
        if report.undetermined.contains(&id) {
            report.undetermined.retain(|other| *other != id);
            reports.push((pull.id, report.to_text()));
        }
    }
    Ok(reports)
}

/// Lines set aside that are about a resident: an issue says so, or an identifier stands in them.
pub(super) fn lines_about(
    data: &DataFolder,
    resident: ResidentId,
    identifiers: &[String],
) -> Result<Vec<LineSetAside>, StepError> {
    let issues = data.store.issues(Some(resident))?;
    let mut lines = Vec::new();
    data.ledger.each_line_set_aside(|line| {
        let is_said = issues.iter().any(|issue| {
            (issue.pull, &issue.file, issue.line) == (line.pull, &line.file, line.line)
        });
        if is_said || has_any(&line.raw, identifiers) {
            lines.push(line);
        }
    })?;
    Ok(lines)
}

/// Whether one of some words stands in a compressed line, not as a part of a longer word. A line that
/// does not unpack is taken for one that has it: nobody could tell.
fn has_any(raw: &[u8], words: &[String]) -> bool {
    let Ok(line) = zstd::stream::decode_all(raw) else {
        return true;
    };
    let is_part = |byte: Option<&u8>| {
        byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
    };
    words.iter().any(|word| {
        let word = word.as_bytes();
        let windows = line.windows(word.len().max(1)).enumerate();
        windows.into_iter().any(|(at, found)| {
            let before = at.checked_sub(1).and_then(|at| line.get(at));
            found == word && !is_part(before) && !is_part(line.get(at + word.len()))
        })
    })
}

impl DataFolder {
    /// Does what an erasure owes: the generation before goes from here and from where the lake lies,
    /// and the ledger's file is written anew. Says whether nothing is owed any more.
    ///
    /// Can be repeated from any point at which it was interrupted.
    pub(super) fn finish_erasing(&mut self) -> Result<bool, StepError> {
        let Some(first) = self.ledger.erasure_owed()? else {
            return Ok(true);
        };
        // Readers keep the generation before the newest: one more, with the same files, lets go of it.
        if self.generation.as_ref().is_none_or(|g| g.number <= first) {
            self.send(&[])?;
            let generation = self.ledger.commit_compacted(&[], &[])?;
            self.publish(generation)?;
        }
        if let Some(generation) = &self.generation {
            self.store
                .collect_away(generation.number, &generation.files)?;
        }
        Ok(self.ledger.shred()?)
    }
}
