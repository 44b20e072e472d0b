//! What a pull brings that an earlier one has stored already: counted, and not stored again.
//!
//! Statements that share resident, submission and time of update are versions of one moment; of
//! these a profile takes the one that the newest pull brought. So they are passed over together,
//! and only when they are, all of them and nothing else, what the newest pull that brought any of
//! them has stored. A version that comes back after another one (A, B, A) is not what the newest
//! pull stored, and counts again.
//!
//! The stored facts are read along the new ones, both in the order of residents, so this needs
//! memory for one resident and no more.

use std::collections::HashMap;

use super::harvest::Harvest;
use super::{DataFolder, StepError};
use crate::lake::RegisterRow;
use crate::profile::{Fact, FactValue, ResidentId, SubmissionId, Version};
use crate::rulebook::Rulebook;

/// Takes facts out of the harvest that are stored already, and counts their lines as unchanged.
///
/// The harvest is sorted by resident, submission, version, part and kind of fact.
pub(super) fn pass_over_known_facts(
    rulebook: &Rulebook,
    data: &DataFolder,
    harvest: &mut Harvest,
) -> Result<(), StepError> {
    let mut streams = data.store.facts(&rulebook.catalogue, None)?;
    if streams.is_empty() {
        return Ok(());
    }
    harvest.withdrawn.sort_unstable();
    let mut facts = std::mem::take(&mut harvest.facts);
    let mut stored: Vec<Fact> = Vec::new();
    let (mut n_kept, mut at) = (0, 0);
    while let Some((resident, _)) = facts.get(at).copied() {
        let n_facts = facts[at..].partition_point(|(next, _)| *next == resident);
        let end = at + n_facts;
        stored.clear();
        streams.take_until(resident, &mut stored)?;
        stored.sort_unstable_by_key(|fact| (moment(fact), fact.version, fact.part, fact.id));
        while at < end {
            let now = moment(&facts[at].1);
            let moment_end = at + facts[at..end].partition_point(|(_, fact)| moment(fact) == now);
            let new = facts[at..moment_end].iter().map(|(_, fact)| fact);
            if is_what_was_stored(new, newest(&stored, now)) {
                count_unchanged(&facts[at..moment_end], harvest);
            } else {
                facts.copy_within(at..moment_end, n_kept);
                n_kept += moment_end - at;
            }
            at = moment_end;
        }
    }
    facts.truncate(n_kept);
    harvest.facts = facts;
    Ok(())
}

/// A submission, and when it was updated.
type Moment = (SubmissionId, i64);

fn moment(fact: &Fact) -> Moment {
    (fact.submission, fact.version.updated)
}

/// What the newest pull stored of a moment; `stored` is sorted by moment, then by version.
fn newest(stored: &[Fact], now: Moment) -> &[Fact] {
    let start = stored.partition_point(|fact| moment(fact) < now);
    let end = stored.partition_point(|fact| moment(fact) <= now);
    let of_moment = &stored[start..end];
    let newest = of_moment.last().map_or(0, |fact| fact.version.pull);
    let before = of_moment.partition_point(|fact| fact.version.pull < newest);
    &of_moment[before..]
}

fn is_what_was_stored<'f>(new: impl ExactSizeIterator<Item = &'f Fact>, stored: &[Fact]) -> bool {
    let of_no_pull = |fact: &Fact| Fact {
        version: Version {
            pull: 0,
            ..fact.version
        },
        ..*fact
    };
    new.len() == stored.len()
        && new
            .zip(stored)
            .all(|(new, stored)| of_no_pull(new) == of_no_pull(stored))
}

/// Counts the lines of one moment's facts as unchanged.
fn count_unchanged(facts: &[(ResidentId, Fact)], harvest: &mut Harvest) {
    for versions in facts.chunk_by(|(_, a), (_, b)| a.version == b.version) {
        let Some((resident, first)) = versions.first() else {
            continue;
        };
        let line = (*resident, first.submission, first.version);
        let speaks = |(_, fact): &(ResidentId, Fact)| fact.value != FactValue::Withdrawn;
        let counts = &mut harvest.counts;
        let (counted, n_lines) = if versions.iter().any(speaks) {
            let n_lines = harvest.repeated.get(&line).copied().unwrap_or(1);
            (&mut counts.facts, n_lines)
        } else {
            // What was taken back on behalf of lines that say nothing is counted with those.
            let start = harvest.withdrawn.partition_point(|other| *other < line);
            let end = harvest.withdrawn.partition_point(|other| *other <= line);
            (&mut counts.withdrawn, (end - start) as u64)
        };
        let n_lines = n_lines.min(*counted);
        *counted -= n_lines;
        counts.unchanged += n_lines;
    }
}

/// The register entries that are not stored already; the lines of the others count as unchanged.
///
/// `rows` are sorted by resident and version.
pub(super) fn pass_over_known_entries(
    data: &DataFolder,
    harvest: &mut Harvest,
    rows: &[RegisterRow],
) -> Result<Vec<RegisterRow>, StepError> {
    let stored = data.store.register_versions()?;
    let moment = |row: &RegisterRow| (row.resident, row.version.updated);
    let mut kept = Vec::with_capacity(rows.len());
    for new in rows.chunk_by(|a, b| moment(a) == moment(b)) {
        let Some(now) = new.first().map(moment) else {
            continue;
        };
        let start = stored.partition_point(|row| moment(row) < now);
        let end = stored.partition_point(|row| moment(row) <= now);
        let of_moment = &stored[start..end];
        let newest = of_moment.last().map_or(0, |row| row.version.pull);
        let before = of_moment.partition_point(|row| row.version.pull < newest);
        let of_newest = &of_moment[before..];
        let is_known = new.len() == of_newest.len()
            && new
                .iter()
                .zip(of_newest)
                .all(|(new, old)| says_the_same(new, old));
        if !is_known {
            kept.extend(new.iter().cloned());
            continue;
        }
        for row in new {
            let line = (row.resident, row.version);
            let n_lines = harvest.repeated_entries.get(&line).copied().unwrap_or(1);
            let n_lines = n_lines.min(harvest.counts.register);
            harvest.counts.register -= n_lines;
            harvest.counts.unchanged += n_lines;
        }
    }
    Ok(kept)
}

fn says_the_same(new: &RegisterRow, old: &RegisterRow) -> bool {
    let RegisterRow {
        resident,
        source,
        version,
        register,
        district,
        language,
    } = new;
    (
        resident,
        source,
        version.updated,
        version.digest,
        register,
        district,
        language,
    ) == (
        &old.resident,
        &old.source,
        old.version.updated,
        old.version.digest,
        &old.register,
        &old.district,
        &old.language,
    )
}

/// How many lines said the same, where more than one did: keys of runs of equal items.
pub(super) fn repeats<T, K: std::hash::Hash + Eq>(
    sorted: &[T],
    same: impl Fn(&T, &T) -> bool,
    key: impl Fn(&T) -> K,
) -> HashMap<K, u64> {
    let runs = sorted
        .chunk_by(|a, b| same(a, b))
        .filter(|run| 1 < run.len());
    runs.map(|run| (key(&run[0]), run.len() as u64)).collect()
}
