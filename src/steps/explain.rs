//! Explain: one resident's decision in sentences, held against the stored one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;

use super::canonical::{Texts, canonical};
use super::faulty::{FaultyReport, faulty_in};
use super::in_force::{as_pinned, in_force};
use super::run::{checked_pulls, decided, runs_of};
use super::sources::Sources;
use super::{DataFolder, StepError, opt_outs, sampling};
use crate::lake::{DecisionRow, IssueRow, RegisterRow};
use crate::ledger::{AuditAct, PullRecord};
use crate::pathway::Decision;
use crate::profile::{Fact, Profile, ResidentId, Standing};
use crate::report;
use crate::rulebook::Rulebook;

/// An explanation and how it relates to what was decided.
pub struct Explanation {
    /// The resident.
    pub resident: ResidentId,
    /// The explanation, for a professional.
    pub text: String,
    /// The day of the profile.
    pub index_date: Date,
    /// What is known, as of that day.
    pub profile: Profile,
    /// What was decided.
    pub decision: Decision,
    /// Their district, where it is known and anybody's to know.
    pub district: Option<Arc<str>>,
    /// Their language of contact, as the register has it.
    pub language: Option<Arc<str>>,
    /// The resident's `Patient.id` in the source; never for a log.
    pub patient_id: Option<String>,
    /// Things wrong with what was sent about this resident.
    pub issues: Vec<IssueRow>,
    /// The run whose decision this is; `None` when the facts or rules have changed since.
    pub decided_by_run: Option<u32>,
    /// Rules of it that are marked faulty.
    pub faulty: Vec<FaultyReport>,
    /// The rules, with the calibration that was in force for that run.
    pub rulebook: Rulebook,
}

/// What the lake has of one resident: the newest entry of the register, and every fact.
pub(super) fn on_record(
    rulebook: &Rulebook,
    data: &DataFolder,
    resident: ResidentId,
) -> Result<(RegisterRow, Vec<Fact>), StepError> {
    let entry = data.store.register(Some(resident))?.into_iter().next();
    let entry = entry.ok_or_else(|| StepError::UnknownResident(resident.to_string()))?;
    let mut facts = Vec::new();
    let mut known = data.store.facts(&rulebook.catalogue, Some(resident))?;
    known.take_until(resident, &mut facts)?;
    Ok((entry, facts))
}

/// Explains the newest run's decision about a resident, named by the opaque id or by
/// `Patient.id` of a source. That `viewer` looks is on record before.
///
/// The decision is made again from the stored facts; when it is not the stored
/// one, the text says so.
///
/// # Errors
///
/// When nobody or several people are called so, no run has decided, or reading fails.
pub fn explain(
    rulebook: &Rulebook,
    data: &mut DataFolder,
    viewer: &str,
    resident: &str,
    index_date: Option<Date>,
) -> Result<Explanation, StepError> {
    let pulls = checked_pulls(rulebook, data)?;
    let resident = find(data, resident)?;
    data.audit(viewer, AuditAct::ViewedResident, Some(resident), "")?;
    let data = &*data;
    let runs = runs_of(rulebook, data)?;
    let run = runs.last();
    let index_date = match (index_date, run) {
        (Some(date), _) => date,
        (None, Some(run)) => run.index_date.parse().map_err(|_| StepError::NothingRun)?,
        (None, None) => return Err(StepError::NothingRun),
    };
    let (entry, facts) = on_record(rulebook, data, resident)?;
    let same_day = runs
        .iter()
        .rev()
        .find(|run| run.index_date == index_date.to_string());
    let in_force = match same_day {
        Some(run) => as_pinned(rulebook, data, run)?,
        None => in_force(rulebook, data)?,
    };
    let rulebook = in_force.rules_for(resident);
    let sources = Sources::of_person(data, rulebook, &pulls, resident)?;
    let profile = sources.profile(&entry, facts, index_date);
    // The run decided on the round as it was then, before what it asked for itself.
    let episode = data
        .ledger
        .episode(resident, same_day.map(|run| run.ledger_event))?;
    let sampling = same_day
        .map(|run| sampling::of_run(data, run))
        .transpose()?;
    let sampling = sampling.flatten();
    let (followed, decision) = decided(
        rulebook,
        resident,
        &profile,
        episode.as_ref(),
        sampling.as_ref(),
    );
    let mut text = report::explain(
        rulebook,
        &profile,
        &decision,
        &format!("Resident {resident}"),
    );
    let stage = followed.episode.as_ref().map(|episode| &episode.stage);
    text.extend(stage.and_then(report::offer_sentence));
    text.extend(sources.of_several_entries(resident));
    text.extend(opt_outs::sentence(data, resident, index_date)?);
    let faulty = faulty_in(data, rulebook)?;
    if !faulty.is_empty() {
        let marks = faulty
            .iter()
            .map(|mark| format!("Do not rely on this: {mark}\n"));
        text = marks.chain(["\n".to_owned(), text]).collect();
    }
    let now = canonical(rulebook, &Texts::new(rulebook), resident, &decision);
    let stored = match same_day {
        Some(run) => stored(data, resident, run.id)?,
        None => None,
    };
    let decided_by_run = same_day
        .filter(|_| stored.as_ref() == Some(&now))
        .map(|run| run.id);
    let issues = data.store.issues(Some(resident))?;
    text.push_str(&told_by(&pulls, &profile));
    for source in sources.missing_about(&data.ledger, &entry)? {
        text.push_str(&format!(
            "Something of source `{source}` is missing, which could decide otherwise.\n"
        ));
    }
    text.push_str(&footing(decided_by_run, stored.is_some()));
    text.push_str(&issue_sentences(&issues));
    Ok(Explanation {
        resident,
        text,
        index_date,
        district: entry.district,
        language: entry.language,
        patient_id: data.ledger.patient_id(resident)?,
        decision,
        profile,
        issues,
        decided_by_run,
        faulty,
        rulebook: rulebook.clone(),
    })
}

pub(super) fn find(data: &DataFolder, name: &str) -> Result<ResidentId, StepError> {
    let patient_id = name.strip_prefix("Patient/").unwrap_or(name);
    let called = data.ledger.residents_called(patient_id)?;
    match (called[..].first(), called.len()) {
        (Some(resident), 1) => Ok(*resident),
        (Some(_), n) => Err(StepError::AmbiguousResident(n, name.to_owned())),
        (None, _) => {
            ResidentId::parse(name).ok_or_else(|| StepError::UnknownResident(name.to_owned()))
        }
    }
}

pub(super) fn stored(
    data: &DataFolder,
    resident: ResidentId,
    run: u32,
) -> Result<Option<DecisionRow>, StepError> {
    let mut found = None;
    data.store.decisions(Some(resident), |of, row| {
        if of == run {
            found = Some(row);
        }
    })?;
    Ok(found)
}

/// Who told what is known, where a folder has several sources.
fn told_by(pulls: &[PullRecord], profile: &Profile) -> String {
    let source_of: BTreeMap<u32, &str> =
        pulls.iter().map(|pull| (pull.id, &*pull.source)).collect();
    let sources: BTreeSet<&str> = source_of.values().copied().collect();
    if sources.len() < 2 {
        return String::new();
    }
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for fact in profile.facts() {
        let source = source_of.get(&fact.version.pull).copied();
        let (all, own) = counts.entry(source.unwrap_or("?")).or_default();
        *all += 1;
        *own += usize::from(fact.standing == Standing::SelfReported);
    }
    let told = counts.into_iter().map(|(source, (all, own))| {
        let statements = if all == 1 { "statement" } else { "statements" };
        let own = if own == 0 {
            String::new()
        } else {
            format!(", {own} of them the resident's own word")
        };
        format!("  {source}: {all} {statements}{own}\n")
    });
    format!("Told by:\n{}", told.collect::<String>())
}

fn footing(decided_by_run: Option<u32>, is_stored: bool) -> String {
    match (decided_by_run, is_stored) {
        (Some(run), _) => format!("This is what run {run} decided.\n"),
        (None, true) => {
            "The newest run decided otherwise: facts or rules have changed since; run again.\n"
                .to_owned()
        }
        (None, false) => "No run has decided for this date.\n".to_owned(),
    }
}

fn issue_sentences(issues: &[IssueRow]) -> String {
    if issues.is_empty() {
        return String::new();
    }
    let mut text = "\nSet aside or doubtful in what was sent:\n".to_owned();
    for issue in issues {
        let at = if issue.at.is_empty() {
            String::new()
        } else {
            format!(" at {}", issue.at)
        };
        let saw = if issue.saw.is_empty() {
            String::new()
        } else {
            format!("; was {}", issue.saw)
        };
        let place = if issue.line == 0 {
            String::new()
        } else {
            format!(" ({}, line {})", issue.file, issue.line)
        };
        let hint = issue
            .hint
            .as_ref()
            .map_or(String::new(), |hint| format!(" Hint: {hint}"));
        text.push_str(&format!(
            "  {}{at}{saw}; expected {}{place}. [{}]{hint}\n",
            issue.code.meaning(),
            issue.expected,
            issue.code.name()
        ));
    }
    text
}
