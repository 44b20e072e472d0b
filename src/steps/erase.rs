//! Erase: everything held about one resident goes, and stays gone.
//!
//! The files of the lake are written anew without them, then one transaction of the ledger names the new
//! files, deletes the rows and writes down that it was done. Before that nothing is erased; after it the
//! rest (files of before, traces in the database's free pages) is owed, and done by this or the next
//! command that writes.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::explain::find;
use super::{DataFolder, PullReport, StepError};
use crate::lake::DecisionsHash;
use crate::ledger::{
    AboutResident, EraseCommit, Erased, ErasedRun, ErasedSince, LineSetAside, NotErased,
};
use crate::pathway::{Episode, Stage};
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
    let episode = data.ledger.episode(resident, None)?;
    if episode.as_ref().is_some_and(is_at_laboratory) {
        return Err(NotErased::UnderWay(1).into());
    }
    let others = match data.ledger.national_id(resident)? {
        Some(id) => data.ledger.holders(&id)?.len() as u64 - 1,
        None => 0,
    };
    let report = erase_all(data, &[resident].into(), record, ErasedSince::Asked)?;
    Ok(EraseReport {
        same_national_id: others,
        ..report
    })
}

/// Whether something is open at the laboratory.
pub(super) fn is_at_laboratory(episode: &Episode) -> bool {
    matches!(episode.stage, Stage::Ordered { .. })
}

/// Erases residents, all of them or nobody.
pub(super) fn erase_all(
    data: &mut DataFolder,
    residents: &BTreeSet<ResidentId>,
    record: &Erased,
    since: ErasedSince<'_>,
) -> Result<EraseReport, StepError> {
    let mut known = Vec::new();
    let mut ledger: BTreeMap<&'static str, u64> = BTreeMap::new();
    for resident in residents {
        let tables = data.ledger.about(*resident)?;
        known.extend(identifiers(&tables));
        for table in tables.iter().filter(|one| !STAYS.contains(&one.table)) {
            *ledger.entry(table.table).or_default() += table.rows.len() as u64;
        }
    }
    let tells = |text: &str| known.iter().any(|one| text.contains(one.as_str()));
    if tells(&record.by) || tells(&record.reason) {
        return Err(StepError::ErasureTells);
    }
    let committed = data.generation.as_ref().map_or(&[][..], |g| &g.files);
    let without = data.store.stage_without(committed, residents)?;
    let runs = runs_without(data, residents)?;
    let reports = reports_without(data, residents)?;
    let lines = lines_about(data, residents, &known)?;
    let files: Vec<_> = without
        .staged
        .into_iter()
        .map(|staged| staged.file)
        .collect();
    data.send(&files)?;
    let generation = data.ledger.commit_erased(&EraseCommit {
        residents,
        record,
        since,
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
        same_national_id: 0,
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

/// The one, where it is one: then most of what is stored need not be read.
fn only(residents: &BTreeSet<ResidentId>) -> Option<ResidentId> {
    let one = residents.first().copied();
    one.filter(|_| residents.len() == 1)
}

/// Of each run that decided about some residents: how many are erased then, and the hash of what is left.
fn runs_without(
    data: &DataFolder,
    residents: &BTreeSet<ResidentId>,
) -> Result<Vec<ErasedRun>, StepError> {
    let mut decided: BTreeMap<u32, u64> = BTreeMap::new();
    data.store.decisions(only(residents), |run, row| {
        if residents.contains(&row.resident) {
            *decided.entry(run).or_default() += 1;
        }
    })?;
    let before = data.ledger.erased_runs()?;
    let mut runs = Vec::new();
    for (run, n) in decided {
        let mut hash = DecisionsHash::default();
        data.store.decisions_of(run, |row| {
            if !residents.contains(&row.resident) {
                hash.add(&row);
            }
        })?;
        runs.push(ErasedRun {
            run,
            residents: before.get(&run).map_or(0, |run| run.residents) + n,
            decisions_hash: hash.finish(),
        });
    }
    Ok(runs)
}

/// Reports of pulls that name some residents, without.
fn reports_without(
    data: &DataFolder,
    residents: &BTreeSet<ResidentId>,
) -> Result<Vec<(u32, String)>, StepError> {
    let ids: BTreeSet<String> = residents.iter().map(ToString::to_string).collect();
    let mut reports = Vec::new();
    for pull in data.ledger.pulls()? {
        let Ok(mut report) = serde_json::from_str::<PullReport>(&pull.report) else {
            continue;
        };
        let n_named = report.undetermined.len();
        report.undetermined.retain(|other| !ids.contains(other));
        if report.undetermined.len() < n_named {
            reports.push((pull.id, report.to_text()));
        }
    }
    Ok(reports)
}

/// Lines set aside that are about some residents: an issue says so, or an identifier stands in them.
pub(super) fn lines_about(
    data: &DataFolder,
    residents: &BTreeSet<ResidentId>,
    identifiers: &[String],
) -> Result<Vec<LineSetAside>, StepError> {
    let issues = data.store.issues(only(residents))?.into_iter();
    let told = issues.filter(|issue| issue.resident.is_some_and(|who| residents.contains(&who)));
    let said: BTreeSet<(u32, String, u64)> = told
        .map(|issue| (issue.pull, issue.file, issue.line))
        .collect();
    let mut lines = Vec::new();
    data.ledger.each_line_set_aside(|line| {
        let is_said = said.contains(&(line.pull, line.file.clone(), line.line));
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
