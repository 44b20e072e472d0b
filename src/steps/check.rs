//! Check: whether a data folder is whole.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::erase::STAYS;
use super::{DataFolder, PullReport, RunReport, StepError};
use crate::intake::IssueCode;
use crate::lake::{self, DecisionsHash, Table};
use crate::profile::ResidentId;

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckReport {
    /// The generation that readers see.
    pub generation: Option<u32>,
    /// Pulls on record.
    pub pulls: usize,
    /// Runs on record.
    pub runs: usize,
    /// Files of that generation.
    pub files: usize,
    /// Everything that is not as it should be; empty when the folder is whole.
    pub problems: Vec<String>,
}

impl CheckReport {
    /// Whether nothing was found.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Proves a data folder: every file byte by byte against the ledger, the database
/// against itself, counts against counts, decisions against their hash, the rules of each run against
/// their fingerprint, episodes against their events, the audit against its chains, and that
/// nobody but the owner can open anything.
///
/// # Errors
///
/// When the folder cannot be read at all; damage is a finding, not an error.
pub fn check(data: &DataFolder) -> Result<CheckReport, StepError> {
    let committed = data.generation.as_ref().map(|g| (g.number, &g.files[..]));
    let mut problems: Vec<String> = Vec::new();
    problems.extend(data.not_recovered.clone());
    problems.extend(data.ledger.integrity()?);
    let audit = data.ledger.audit_verified(&[])?;
    problems.extend(audit.err().map(|broken| broken.to_string()));
    problems.extend(
        data.store
            .check(committed)?
            .into_iter()
            .map(|problem| problem.what),
    );
    problems.extend(
        lake::not_private(&data.root)?
            .into_iter()
            .map(|problem| problem.what),
    );
    let (pulls, runs) = (data.ledger.pulls()?, data.ledger.runs()?);
    if problems.is_empty() {
        // Only files with the committed content are worth reading.
        check_pulls(data, &mut problems)?;
        check_runs(data, &mut problems)?;
        check_rules(data, &mut problems)?;
        check_erased(data, &mut problems)?;
        // Every event fits the one before it, and every order can be read: reading them proves it.
        let read = [data.ledger.episodes(None).err(), data.ledger.outbox().err()];
        problems.extend(read.into_iter().flatten().map(|error| error.to_string()));
    }
    Ok(CheckReport {
        generation: data.store.current(),
        pulls: pulls.len(),
        runs: runs.len(),
        files: committed.map_or(0, |(_, files)| files.len()),
        problems,
    })
}

fn check_pulls(data: &DataFolder, problems: &mut Vec<String>) -> Result<(), StepError> {
    let mut facts = 0;
    let mut issues = 0;
    for pull in data.ledger.pulls()? {
        let Ok(report) = serde_json::from_str::<PullReport>(&pull.report) else {
            problems.push(format!("the report of pull {} cannot be read", pull.id));
            continue;
        };
        let lines = report.lines;
        let sum = lines.register
            + lines.facts
            + lines.withdrawn
            + lines.unchanged
            + lines.unmapped
            + lines.other_type
            + lines.set_aside;
        if sum != lines.read {
            problems.push(format!(
                "pull {} read {} lines and accounts for {sum}",
                pull.id, lines.read
            ));
        }
        facts += report.facts;
        issues += report.issues.values().sum::<u64>();
    }
    let rows = |table| -> u64 {
        let files = data
            .generation
            .iter()
            .flat_map(|generation| &generation.files);
        files
            .filter(|file| file.table == table)
            .map(|file| file.rows)
            .sum()
    };
    for (table, counted) in [(Table::Facts, facts), (Table::Issues, issues)] {
        // Two pulls can bring identical files, which are stored once.
        if rows(table) > counted {
            problems.push(format!(
                "`{}` has {} rows, pulls brought {counted}",
                table.name(),
                rows(table)
            ));
        }
    }
    let register = data.store.register(None)?.len() as u64;
    let identities = data.ledger.n_identities()?;
    if register != identities {
        problems.push(format!(
            "{register} residents on the register, {identities} in the identity map"
        ));
    }
    let lost = data.ledger.n_links_to_nobody()?;
    if 0 < lost {
        problems.push(format!(
            "{lost} names of other sources are linked to nobody in the identity map"
        ));
    }
    Ok(())
}

fn check_runs(data: &DataFolder, problems: &mut Vec<String>) -> Result<(), StepError> {
    let mut found: BTreeMap<u32, (DecisionsHash, u64)> = BTreeMap::new();
    data.store.decisions(None, |run, row| {
        let (hash, n) = found.entry(run).or_default();
        hash.add(&row);
        *n += 1;
    })?;
    let erased = data.ledger.erased_runs()?;
    for run in data.ledger.runs()? {
        let (hash, n) = found.remove(&run.id).unwrap_or_default();
        let erased = erased.get(&run.id);
        if n + erased.map_or(0, |erased| erased.residents) != run.register {
            problems.push(format!(
                "run {} decided about {} residents, {n} are stored",
                run.id, run.register
            ));
        }
        let committed = erased.map_or(&run.decisions_hash, |erased| &erased.decisions_hash);
        if hash.finish() != *committed {
            problems.push(format!(
                "the decisions of run {} are not those that were committed",
                run.id
            ));
        }
        let report = serde_json::from_str::<RunReport>(&run.report);
        let sum = report.map(|report| report.states.values().sum::<u64>());
        if sum.ok() != Some(run.register) {
            problems.push(format!(
                "the states of run {} do not add up to its register",
                run.id
            ));
        }
    }
    for run in found.keys() {
        problems.push(format!("decisions of run {run}, which is not on record"));
    }
    Ok(())
}

/// Nothing is held about anybody who was erased, and no erasure is half done.
fn check_erased(data: &DataFolder, problems: &mut Vec<String>) -> Result<(), StepError> {
    if data.ledger.erasure_owed()?.is_some() {
        problems.push("traces of somebody who was erased may be left: somebody else reads the ledger; end that, then check again".to_owned());
    }
    let erased: BTreeSet<ResidentId> = data.ledger.erased()?.into_keys().collect();
    if erased.is_empty() {
        return Ok(());
    }
    // Once through everything: they may be many.
    let is_erased = |resident: &ResidentId| erased.contains(resident);
    let mut held = data.store.with_facts_among(&erased)?;
    data.store.decisions(None, |_, row| {
        held.extend(Some(row.resident).filter(is_erased));
    })?;
    let register = data.store.register(None)?.into_iter();
    held.extend(register.map(|row| row.resident).filter(is_erased));
    let issues = data.store.issues(None)?.into_iter();
    let issues = issues.filter(|issue| issue.code != IssueCode::ErasedResident);
    held.extend(issues.filter_map(|issue| issue.resident).filter(is_erased));
    for resident in &erased {
        let tables = data.ledger.about(*resident)?;
        if tables.iter().any(|held| !STAYS.contains(&held.table)) {
            held.insert(*resident);
        }
    }
    for resident in held {
        problems.push(format!(
            "something is held about {resident}, who was erased"
        ));
    }
    Ok(())
}

/// Every run since rules are kept has its rule book, whole.
fn check_rules(data: &DataFolder, problems: &mut Vec<String>) -> Result<(), StepError> {
    let mut looked_at = BTreeSet::new();
    for (run, fingerprint) in data.ledger.runs_with_rules()? {
        if !looked_at.insert(fingerprint.clone()) {
            continue;
        }
        match data.ledger.rule_book(&fingerprint) {
            Ok(Some(_)) => {}
            Ok(None) => problems.push(format!("the rules of run {run} are not kept")),
            Err(error) => problems.push(format!("the rules of run {run}: {error}")),
        }
    }
    Ok(())
}
