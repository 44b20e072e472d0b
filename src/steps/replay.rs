//! Replay: a run decided again on exactly what it saw, and held against what it decided.
//!
//! The rules are those kept with the run, never those of this program; facts, register, rounds and
//! recalibration are cut off where the run saw them end. When the hash is the one on record,
//! nothing more is looked at. When it is not, first what the run saw is counted: what is not held any
//! more makes the answer "cannot say". Only when all is there are the decisions said to be different.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::canonical::Texts;
use super::cases::{Along, along};
use super::in_force::{InForce, as_pinned};
use super::replay_document::{DecidedAgain, Replay, ReplayedRun, SharedAgain, Verdict};
use super::seen::{Books, NoRules, Seen, TOGETHER, until};
use super::{DataFolder, DecisionShown, PullReport, StepError};
use crate::lake::{DecisionRow, DecisionsHash, RegisterRow};
use crate::ledger::{PullRecord, RunRecord};
use crate::profile::{Fact, ResidentId};
use crate::rulebook::Catalogue;

/// How many residents who are decided about otherwise are shown of a run.
const SHOWN: usize = 5;

/// Which runs to decide again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhichRuns {
    /// The one of this number.
    One(u32),
    /// The newest.
    Newest,
    /// Every one.
    All,
}

/// What replaying needs beside the data folder.
#[derive(Debug, Clone, Copy)]
pub struct ReplayOptions {
    /// Which runs.
    pub which: WhichRuns,
    /// Worker threads; the answer does not depend on it.
    pub threads: usize,
}

/// A run whose rules are at hand.
struct Again {
    seen: Seen,
    rules: (InForce, Texts),
}

/// Decides runs again and says of each whether it gives the decisions on record.
///
/// # Errors
///
/// When there is no such run, or reading fails. What a run saw and is not held any more is no error:
/// it is told.
pub fn replay(data: &DataFolder, options: &ReplayOptions) -> Result<Replay, StepError> {
    let runs = wanted(data, options.which)?;
    let pulls = data.ledger.pulls()?;
    let mut books = Books::default();
    let mut replayed = BTreeMap::new();
    let mut waiting = Vec::new();
    let erased = data.ledger.erased_runs()?;
    for run in runs {
        let mut report = begun(&run);
        if let Some(erased) = erased.get(&run.id) {
            report.verdict = Verdict::Erased;
            report.missing = vec![not_replayable(erased.residents)];
            replayed.insert(report.run, report);
            continue;
        }
        match begin(data, &mut books, run, &pulls)? {
            Ok(again) => waiting.push(again),
            Err(missing) => report.missing = missing,
        }
        replayed.insert(report.run, report);
    }
    while !waiting.is_empty() {
        let later = waiting.split_off(waiting.len().min(TOGETHER));
        let batch = std::mem::replace(&mut waiting, later).into_iter();
        let batch = batch.map(|again| {
            let seen = again.seen.with_episodes(data)?;
            Ok(Again { seen, ..again })
        });
        let batch = batch.collect::<Result<Vec<Again>, StepError>>()?;
        let hashes = decided_again(data, options.threads, &batch)?;
        for (again, (hash, n_decided)) in batch.iter().zip(hashes) {
            if let Some(report) = replayed.get_mut(&again.seen.run.id) {
                report.hash = Some(hash);
                judge(data, options.threads, again, (&pulls, n_decided), report)?;
            }
        }
    }
    Ok(Replay {
        program: env!("CARGO_PKG_VERSION"),
        runs: replayed.into_values().collect(),
    })
}

/// Why a run whose residents were erased is not decided again.
fn not_replayable(n_erased: u64) -> String {
    let who = if n_erased == 1 {
        "1 resident".to_owned()
    } else {
        format!("{n_erased} residents")
    };
    format!(
        "{who} about whom it decided, with the facts, {} erased since",
        if n_erased == 1 { "was" } else { "were" }
    )
}

/// The runs that are wanted, oldest first; there is one or more.
fn wanted(data: &DataFolder, which: WhichRuns) -> Result<Vec<RunRecord>, StepError> {
    let mut runs = data.ledger.runs()?;
    match which {
        WhichRuns::One(id) => {
            runs.retain(|run| run.id == id);
            if runs.is_empty() {
                return Err(StepError::UnknownRun(id));
            }
        }
        WhichRuns::Newest => runs = runs.split_off(runs.len().saturating_sub(1)),
        WhichRuns::All => {}
    }
    if runs.is_empty() {
        return Err(StepError::NothingRun);
    }
    Ok(runs)
}

/// Says what deciding again shows. Other decisions count only when all that the run saw is held.
fn judge(
    data: &DataFolder,
    threads: usize,
    again: &Again,
    (pulls, n_decided): (&[PullRecord], u64),
    report: &mut ReplayedRun,
) -> Result<(), StepError> {
    let is_same = report.hash.as_deref() == Some(&report.hash_on_record);
    if is_same && n_decided == report.decisions {
        report.verdict = Verdict::Identical;
        return Ok(());
    }
    report.missing = not_held(data, again, pulls, n_decided)?;
    if report.missing.is_empty() {
        report.verdict = Verdict::Different;
    }
    tell_apart(data, threads, again, report)
}

/// Nothing can be said of a run before it is decided again.
fn begun(run: &RunRecord) -> ReplayedRun {
    ReplayedRun {
        run: run.id,
        index_date: run.index_date.clone(),
        program: run.program.clone(),
        rules_fingerprint: run.rules_fingerprint.clone(),
        acted: run.acted,
        recalibration: run.recalibration,
        shared: run.shared.map(SharedAgain::from),
        verdict: Verdict::CannotSay,
        decisions: run.register,
        hash_on_record: run.decisions_hash.clone(),
        hash: None,
        missing: Vec::new(),
        differing: 0,
        changes: BTreeMap::new(),
        first: Vec::new(),
        stored_as_recorded: None,
    }
}

/// Finds the rules of a run and what it saw, or says why it cannot be decided again.
fn begin(
    data: &DataFolder,
    books: &mut Books,
    run: RunRecord,
    pulls: &[PullRecord],
) -> Result<Result<Again, Vec<String>>, StepError> {
    let book = match books.of(data, &run.rules_fingerprint)? {
        Ok(book) => book,
        Err(why) => return Ok(Err(vec![no_rules(&why)])),
    };
    let is_other = |pull: &&PullRecord| pull.facts_fingerprint != book.facts_fingerprint;
    if let Some(pull) = until(pulls, run.pull).find(is_other) {
        let why = format!(
            "the facts of pull {} were read by other fact definitions than the run's rules have",
            pull.id
        );
        return Ok(Err(vec![why]));
    }
    let pinned = as_pinned(&book, data, &run)?;
    let held = [pinned.recalibration, pinned.share().map(|(id, _)| id)];
    let wanted = [run.recalibration, run.shared.map(|(id, _)| id)];
    let lost = wanted
        .into_iter()
        .flatten()
        .find(|id| !held.contains(&Some(*id)));
    if let Some(wanted) = lost {
        let why = format!("recalibration {wanted}, by which it decided, is not held any more");
        return Ok(Err(vec![why]));
    }
    let texts = Texts::new(&pinned.rulebook);
    let seen = Seen::of(data, &pinned.rulebook, run, pulls)?;
    let seen = seen.ok_or_else(|| vec!["its record has no index date".to_owned()]);
    Ok(seen.map(|seen| Again {
        seen,
        rules: (pinned, texts),
    }))
}

fn no_rules(why: &NoRules) -> String {
    match why {
        NoRules::NotKept => "its rules are not kept".to_owned(),
        NoRules::Damaged(what) => format!("its rules are damaged: {what}"),
        NoRules::NotUnderstood(mistake) => {
            format!("this version of the program does not understand its rules: {mistake}")
        }
    }
}

/// The register in all its versions, and those of each resident.
struct Entries {
    rows: Vec<RegisterRow>,
}

impl Entries {
    fn of(data: &DataFolder) -> Result<Self, StepError> {
        let rows = data.store.register_versions(None)?;
        Ok(Self { rows })
    }

    fn by_resident(&self) -> (Vec<ResidentId>, Vec<&[RegisterRow]>) {
        let entries = self.rows.chunk_by(|a, b| a.resident == b.resident);
        entries.map(|rows| (rows[0].resident, rows)).unzip()
    }
}

/// Decides everybody again for several runs, in one reading of the facts; hands over each decision
/// in the order of residents, with the place of its run.
fn each_decision(
    data: &DataFolder,
    threads: usize,
    batch: &[Again],
    mut each: impl FnMut(usize, DecisionRow),
) -> Result<(), StepError> {
    let Some(first) = batch.first() else {
        return Ok(());
    };
    let entries = Entries::of(data)?;
    let (residents, entries) = entries.by_resident();
    let everybody = Along {
        store: &data.store,
        catalogue: &first.rules.0.rulebook.catalogue,
        residents: &residents,
        threads,
    };
    let work = |n: usize, facts: Vec<Fact>| -> Vec<Option<DecisionRow>> {
        let of_runs = batch.iter().map(|again| {
            let entry = again.seen.entry(entries[n])?;
            let profile = again.seen.profile(entry, &facts);
            Some(again.seen.decide(&again.rules, entry.resident, &profile))
        });
        of_runs.collect()
    };
    along(everybody, work, |in_order| {
        for of_resident in in_order.flatten() {
            for (n, row) in of_resident.into_iter().enumerate() {
                if let Some(row) = row {
                    each(n, row);
                }
            }
        }
        Ok(())
    })?;
    Ok(())
}

/// The hash and the number of what each run decides now.
fn decided_again(
    data: &DataFolder,
    threads: usize,
    batch: &[Again],
) -> Result<Vec<(String, u64)>, StepError> {
    let mut found: Vec<(DecisionsHash, u64)> = batch.iter().map(|_| Default::default()).collect();
    each_decision(data, threads, batch, |n, row| {
        found[n].0.add(&row);
        found[n].1 += 1;
    })?;
    let found = found.into_iter();
    Ok(found.map(|(hash, n)| (hash.finish(), n)).collect())
}

/// What the run saw and is not held any more, in words.
fn not_held(
    data: &DataFolder,
    again: &Again,
    pulls: &[PullRecord],
    n_decided: u64,
) -> Result<Vec<String>, StepError> {
    let run = &again.seen.run;
    let mut missing = Vec::new();
    let committed = data.generation.as_ref().map(|generation| generation.number);
    if data.store.current() < committed {
        let what = "an interrupted pull or run is not finished; `preventio fsck` finishes it";
        missing.push(what.to_owned());
    }
    if n_decided < run.register {
        missing.push(format!(
            "{} of {} residents are not on the register any more",
            run.register - n_decided,
            run.register
        ));
    }
    if !again.seen.has_all_events() {
        missing.push("what the ledger knew of residents' rounds is not whole".to_owned());
    }
    if !again.seen.has_its_lot {
        missing.push("the key of the lot by which it drew is not held".to_owned());
    }
    let held = facts_held(data, &again.rules.0.rulebook.catalogue)?;
    for pull in until(pulls, run.pull) {
        let Ok(report) = serde_json::from_str::<PullReport>(&pull.report) else {
            missing.push(format!("the report of pull {} cannot be read", pull.id));
            continue;
        };
        let held = held.get(&pull.id).copied().unwrap_or_default();
        if held < report.facts {
            missing.push(format!(
                "{} of the {} facts that pull {} stored are not held any more",
                report.facts - held,
                report.facts,
                pull.id
            ));
        }
    }
    Ok(missing)
}

/// How many facts of each pull are held.
fn facts_held(data: &DataFolder, catalogue: &Catalogue) -> Result<BTreeMap<u32, u64>, StepError> {
    let mut held = BTreeMap::new();
    let mut stored = data.store.facts(catalogue, None)?;
    let mut facts = Vec::new();
    while let Some(resident) = stored.next_resident()? {
        facts.clear();
        stored.take_until(resident, &mut facts)?;
        for fact in &facts {
            *held.entry(fact.version.pull).or_default() += 1;
        }
    }
    Ok(held)
}

/// A stored decision in few bytes: a city has hundreds of thousands.
struct Stored {
    digest: u64,
    state: &'static str,
    row: Arc<str>,
}

fn digest(row: &DecisionRow) -> u64 {
    let mut hasher = DefaultHasher::new();
    row.hash(&mut hasher);
    hasher.finish()
}

/// Counts who is decided about otherwise than stored, by state and reason, and shows the first.
fn tell_apart(
    data: &DataFolder,
    threads: usize,
    again: &Again,
    report: &mut ReplayedRun,
) -> Result<(), StepError> {
    let mut names: BTreeSet<Arc<str>> = BTreeSet::new();
    let mut stored: BTreeMap<ResidentId, Stored> = BTreeMap::new();
    let mut hash = DecisionsHash::default();
    data.store.decisions_of(again.seen.run.id, |row| {
        hash.add(&row);
        if !names.contains(&row.row) {
            names.insert(Arc::clone(&row.row));
        }
        let name = names.get(&row.row).map_or(&row.row, |name| name);
        let one = Stored {
            digest: digest(&row),
            state: row.state,
            row: Arc::clone(name),
        };
        stored.insert(row.resident, one);
    })?;
    report.stored_as_recorded = Some(hash.finish() == report.hash_on_record);
    let named = |state: &str, row: &str| format!("{state} [{row}]");
    let mut first: Vec<(ResidentId, Option<DecisionRow>)> = Vec::new();
    each_decision(data, threads, std::slice::from_ref(again), |_, row| {
        let was = stored.remove(&row.resident);
        if was.as_ref().is_some_and(|was| was.digest == digest(&row)) {
            return;
        }
        let was = was.map_or("nobody".to_owned(), |was| named(was.state, &was.row));
        let change = format!("{was} → {}", named(row.state, &row.row));
        *report.changes.entry(change).or_default() += 1;
        report.differing += 1;
        if first.len() < SHOWN {
            first.push((row.resident, Some(row)));
        }
    })?;
    for (resident, was) in stored {
        let change = format!("{} → nobody", named(was.state, &was.row));
        *report.changes.entry(change).or_default() += 1;
        report.differing += 1;
        if first.len() < SHOWN {
            first.push((resident, None));
        }
    }
    for (resident, is) in first {
        let mut was = None;
        data.store.decisions(Some(resident), |run, row| {
            if run == report.run {
                was = Some(row);
            }
        })?;
        report.first.push(DecidedAgain {
            resident: resident.to_string(),
            columns: columns(was.as_ref(), is.as_ref()),
            was: was.as_ref().map(DecisionShown::from),
            is: is.as_ref().map(DecisionShown::from),
        });
    }
    Ok(())
}

/// The names of the columns in which two decisions differ.
fn columns(was: Option<&DecisionRow>, is: Option<&DecisionRow>) -> Vec<&'static str> {
    let Some((was, is)) = was.zip(is) else {
        return Vec::new();
    };
    let differ = [
        ("state", was.state != is.state),
        ("decided_by", was.row != is.row),
        ("next", was.next != is.next),
        ("score", was.score != is.score),
        ("probability", was.probability != is.probability),
        ("items", was.items != is.items),
        ("asks", was.asks != is.asks),
        ("reviews", was.reviews != is.reviews),
        ("reasons", was.reasons != is.reasons),
    ];
    let differ = differ.into_iter().filter(|(_, differs)| *differs);
    differ.map(|(name, _)| name).collect()
}
