//! Coverage: everybody on the register, each in one standing, from lake and ledger.

use std::collections::{HashMap, HashSet};

use jiff::civil::Date;

use super::coverage_document::CoverageReport;
use super::persons::Persons;
use super::run::runs_of;
use super::seen::{Books, entry_until};
use super::{DataFolder, StepError};
use crate::ledger::RunRecord;
use crate::pathway::{Episode, Stage};
use crate::profile::ResidentId;
use crate::report::{Coverage, Covered, Decided, Offers, Registered, Unaccounted, standing};
use crate::rulebook::Rulebook;

/// Where everybody on the register stands: by the newest run of a programme, and by what has happened
/// since.
///
/// The run decides about states; whether what follows from them is on record is seen in the ledger.
/// Nothing is stored.
///
/// # Errors
///
/// When nothing was pulled, or lake or ledger cannot be read. What does not add up is part of the
/// report.
pub fn coverage(rulebook: &Rulebook, data: &DataFolder) -> Result<CoverageReport, StepError> {
    let pulls = data.ledger.pulls()?;
    if pulls.is_empty() {
        return Err(StepError::NothingPulled);
    }
    let runs = runs_of(rulebook, data)?;
    let run = runs.last();
    let register = registered(data, run)?;
    let (decided, wrong) = match run {
        Some(run) => covered(rulebook, data, run, &runs)?,
        None => (Vec::new(), Vec::new()),
    };
    let mut coverage = Coverage::of(&register, &decided);
    coverage.unaccounted.extend(wrong);
    let newer_pulls = pulls
        .iter()
        .filter(|pull| run.is_none_or(|run| run.pull < pull.id));
    let n_newer = newer_pulls.count() as u64;
    let mut offers = Offers::default();
    let (rounds, _) = data.ledger.episodes(None)?;
    rounds.values().for_each(|round| offers.count(&round.stage));
    let persons = Persons::of(data, run.map_or(0, |run| run.pull))?;
    let beside = (n_newer, &offers, persons.n_second_entries());
    Ok(CoverageReport::of(rulebook, &coverage, run, beside))
}

/// The register as it is now, and who came after a run.
fn registered(data: &DataFolder, run: Option<&RunRecord>) -> Result<Vec<Registered>, StepError> {
    let versions = data.store.register_versions(None)?;
    let entries = versions.chunk_by(|a, b| a.resident == b.resident);
    let newest = entries.filter_map(|rows| Some((rows, rows.last()?)));
    let registered = newest.map(|(rows, newest)| Registered {
        resident: newest.resident,
        is_new: run.is_none_or(|run| entry_until(rows, run.pull).is_none()),
        district: newest.district.clone(),
        language: newest.language.clone(),
    });
    Ok(registered.collect())
}

/// Everybody about whom a run has decided, and where they stand; and what does not add up in it.
fn covered(
    rulebook: &Rulebook,
    data: &DataFolder,
    run: &RunRecord,
    runs: &[RunRecord],
) -> Result<(Vec<Covered>, Vec<Unaccounted>), StepError> {
    let on: Date = run.index_date.parse().map_err(|_| StepError::NothingRun)?;
    // What follows from a decision is for the rules to say by which it was made.
    let kept = Books::default().of(data, &run.rules_fingerprint)?;
    let rules = kept.as_ref().unwrap_or(rulebook);
    let rows = rules.pathway.rows.iter().enumerate();
    let rows: HashMap<&str, usize> = rows.map(|(at, row)| (row.id.as_str(), at)).collect();
    let before = data.ledger.episodes(Some(run.ledger_event))?.0;
    let now = data.ledger.episodes(None)?.0;
    let tasks = data.ledger.tasks_ever()?;
    let since = since(data, run, runs)?;
    let mut covered = Vec::new();
    data.store.decisions_of(run.id, |row| {
        let resident = row.resident;
        let decided = Decided {
            resident,
            state: row.known_state(),
            row: rows.get(&*row.row).copied(),
            on,
            before: before.get(&resident),
            now: now.get(&resident),
            has_task: tasks.contains(&(resident, row.row.to_string())),
        };
        let standing = standing(rules, &decided);
        let since = match (standing.state(), decided.now) {
            (Some(state), _) if state == decided.state => since.get(&resident).map(|(_, on)| *on),
            (_, Some(round)) => since_of(round),
            (_, None) => None,
        };
        covered.push(Covered {
            resident,
            standing,
            since,
            row: row.row,
        });
    })?;
    let mut wrong = Vec::new();
    let found = covered.len() as u64;
    if found != run.register {
        let recorded = run.register;
        wrong.push(Unaccounted::OtherNumber { recorded, found });
    }
    let known: HashSet<ResidentId> = covered.iter().map(|one| one.resident).collect();
    let strangers = now.keys().filter(|resident| !known.contains(resident));
    wrong.extend(strangers.map(|resident| Unaccounted::RoundOfNobody(*resident)));
    Ok((covered, wrong))
}

/// Since when a round stands where it does, as far as its stage says so.
const fn since_of(round: &Episode) -> Option<Date> {
    match &round.stage {
        Stage::Ordered { on, .. } | Stage::Closed { on, .. } => Some(*on),
        Stage::Queued { since }
        | Stage::Confirming { since }
        | Stage::OfferedPrevention { since, .. }
        | Stage::WithANurse { since, .. } => Some(*since),
        Stage::Eligible | Stage::Asked { .. } => None,
    }
}

/// Since when residents have been in the state that a run gave them: the day of the first run of an
/// unbroken row of runs, in the order of their days, that gave them the same.
fn since(
    data: &DataFolder,
    run: &RunRecord,
    runs: &[RunRecord],
) -> Result<HashMap<ResidentId, (&'static str, Date)>, StepError> {
    let until = (&run.index_date, run.id);
    let earlier = runs
        .iter()
        .filter(|other| (&other.index_date, other.id) <= until);
    let mut in_order: Vec<&RunRecord> = earlier.collect();
    in_order.sort_by_key(|run| (&run.index_date, run.id));
    let mut since: HashMap<ResidentId, (&'static str, Date)> = HashMap::new();
    for run in in_order {
        let on: Date = run.index_date.parse().map_err(|_| StepError::NothingRun)?;
        data.store.decisions_of(run.id, |row| {
            let known = since.entry(row.resident).or_insert((row.state, on));
            if known.0 != row.state {
                *known = (row.state, on);
            }
        })?;
    }
    Ok(since)
}
