//! What only the whole harvest shows: order, repetitions, strangers, shared identifiers.

use std::collections::{HashMap, HashSet};

use super::harvest::{Harvest, subject_changed, withdrawal};
use super::unchanged::repeats;
use super::{DataFolder, StepError};
use crate::intake::{Issue, IssueCode};
use crate::lake::IssueRow;
use crate::profile::{Fact, FactId, FactValue, ResidentId, SubmissionId, Version};

/// Sorts, removes repetitions, and finds what only the whole shows.
pub(super) fn finish(data: &DataFolder, harvest: &mut Harvest, pull: u32) -> Result<(), StepError> {
    sort_and_count_facts(harvest);
    take_back_what_fell_silent(harvest);
    take_back_from_former_subjects(harvest, pull);
    for pair in harvest.facts.windows(2) {
        let ((resident, a), (_, b)) = (pair[0], pair[1]);
        let same_time = a.submission == b.submission && a.version.updated == b.version.updated;
        if same_time && a.version.digest != b.version.digest {
            harvest.issues.push(of_several_lines(
                pull,
                resident,
                undated_versions("meta.lastUpdated"),
            ));
        }
    }
    harvest
        .entries
        .sort_by_key(|entry| (entry.resident, entry.version));
    harvest.repeated_entries = repeats(
        &harvest.entries,
        |a, b| (a.resident, a.version) == (b.resident, b.version),
        |entry| (entry.resident, entry.version),
    );
    harvest
        .entries
        .dedup_by(|a, b| (a.resident, a.version) == (b.resident, b.version));
    for pair in harvest.entries.windows(2) {
        let same_time = pair[0].resident == pair[1].resident
            && pair[0].version.updated == pair[1].version.updated;
        if same_time {
            harvest.issues.push(of_several_lines(
                pull,
                pair[0].resident,
                undated_versions("Patient.meta.lastUpdated"),
            ));
        }
    }
    find_unknown_subjects(data, harvest, pull)?;
    find_shared_identifiers(data, harvest, pull)?;
    harvest.issues.sort();
    harvest.issues.dedup();
    Ok(())
}

/// A row for what no single line shows.
fn of_several_lines(pull: u32, resident: ResidentId, issue: Issue) -> IssueRow {
    IssueRow::new(pull, ("", 0), Some(resident), issue)
}

fn undated_versions(at: &str) -> Issue {
    let expected = "a time that tells which version is newer";
    Issue::reading(IssueCode::SameIdDifferentContent, at, expected)
}

fn sort_facts(harvest: &mut Harvest) {
    harvest.facts.sort_unstable_by_key(order);
    harvest.facts.dedup();
}

fn order(
    (resident, fact): &(ResidentId, Fact),
) -> (ResidentId, SubmissionId, Version, u16, FactId) {
    (*resident, fact.submission, fact.version, fact.part, fact.id)
}

/// The same for the first time, when a line that came twice still shows by its facts.
fn sort_and_count_facts(harvest: &mut Harvest) {
    harvest.facts.sort_unstable_by_key(order);
    harvest.repeated = repeats(
        &harvest.facts,
        |a, b| a == b,
        |(resident, fact)| (*resident, fact.submission, fact.version),
    );
    harvest.facts.dedup();
}

/// A version that says nothing takes back what an older one in the same export said.
fn take_back_what_fell_silent(harvest: &mut Harvest) {
    let silent = std::mem::take(&mut harvest.silent);
    let spoken = |resident: ResidentId, submission: SubmissionId| {
        let found = |(r, f): &(ResidentId, Fact)| (*r, f.submission).cmp(&(resident, submission));
        harvest.facts.binary_search_by(found).is_ok()
    };
    let taken_back: Vec<(ResidentId, Fact)> = silent
        .into_iter()
        .filter(|(resident, submission, _)| spoken(*resident, *submission))
        .map(|(resident, submission, version)| (resident, withdrawal(submission, version)))
        .collect();
    if !taken_back.is_empty() {
        harvest.facts.extend(taken_back);
        sort_facts(harvest);
    }
}

/// When versions of one submission are about different residents, the newest decides whom it is
/// about, and the others lose it.
fn take_back_from_former_subjects(harvest: &mut Harvest, pull: u32) {
    let facts = &harvest.facts;
    // Positions, not facts, are sorted: a city has millions.
    let mut order: Vec<u32> = (0..u32::try_from(facts.len()).unwrap_or(u32::MAX)).collect();
    let at = |n: u32| &facts[n as usize];
    order.sort_unstable_by_key(|n| (at(*n).1.submission, at(*n).1.version));
    let mut taken_back = Vec::new();
    for versions in order.chunk_by(|a, b| at(*a).1.submission == at(*b).1.submission) {
        let Some((owner, newest)) = versions.last().map(|n| at(*n)) else {
            continue;
        };
        for (former, fact) in versions.iter().map(|n| at(*n)) {
            let is_silent = fact.value == FactValue::Withdrawn;
            if former != owner && !is_silent && newest.value != FactValue::Withdrawn {
                taken_back.push((*former, withdrawal(fact.submission, newest.version)));
            }
        }
    }
    for (former, _) in &taken_back {
        harvest
            .issues
            .push(of_several_lines(pull, *former, subject_changed()));
    }
    if !taken_back.is_empty() {
        harvest.facts.extend(taken_back);
        sort_facts(harvest);
    }
}

fn find_unknown_subjects(
    data: &DataFolder,
    harvest: &mut Harvest,
    pull: u32,
) -> Result<(), StepError> {
    let mut known: HashSet<ResidentId> =
        harvest.entries.iter().map(|entry| entry.resident).collect();
    known.extend(data.store.register(None)?.iter().map(|row| row.resident));
    for (resident, (file, line)) in &harvest.subjects {
        if !known.contains(resident) {
            let expected = "a Patient in this or an earlier pull";
            let issue = Issue::reading(IssueCode::SubjectUnknown, "subject", expected);
            harvest
                .issues
                .push(IssueRow::new(pull, (file, *line), Some(*resident), issue));
        }
    }
    Ok(())
}

fn find_shared_identifiers(
    data: &DataFolder,
    harvest: &mut Harvest,
    pull: u32,
) -> Result<(), StepError> {
    let mut holders: HashMap<&str, Vec<ResidentId>> = HashMap::new();
    for entry in &harvest.entries {
        if let Some(national_id) = &entry.national_id {
            holders
                .entry(&national_id.value)
                .or_default()
                .push(entry.resident);
        }
    }
    let mut shared = Vec::new();
    for (national_id, mut residents) in holders {
        residents.extend(data.ledger.holders(national_id)?);
        residents.sort_unstable();
        residents.dedup();
        if 1 < residents.len() {
            shared.extend(residents);
        }
    }
    let issue = Issue::reading(
        IssueCode::NationalIdShared,
        "Patient.identifier",
        "one entry a person",
    );
    let rows = shared.into_iter();
    harvest
        .issues
        .extend(rows.map(|resident| of_several_lines(pull, resident, issue.clone())));
    Ok(())
}
