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

use super::pull::LineCounts;
use crate::fhir::LinePlace;
use crate::lake::RegisterRow;
use crate::profile::{Fact, FactValue, SubmissionId, Version};

/// A submission in one of its versions: what a line is about.
pub(super) type LineOf = (SubmissionId, Version);

/// What a pull brings about one resident.
#[derive(Default)]
pub(super) struct OfResident {
    /// Sorted by submission, version, part and kind of fact, each once.
    pub(super) facts: Vec<Fact>,
    /// The file and the first line that are about the resident.
    pub(super) first_place: Option<(u32, LinePlace)>,
    /// Lines that took an earlier statement back, sorted.
    pub(super) withdrawn: Vec<LineOf>,
    /// How many lines there were of the same statement, where more than one.
    pub(super) repeated: HashMap<LineOf, u64>,
}

/// Takes facts out that are stored already, and counts their lines as unchanged.
pub(super) fn pass_over_known_facts(
    stored: &mut [Fact],
    new: &mut OfResident,
    counts: &mut LineCounts,
) {
    if stored.is_empty() {
        return;
    }
    stored.sort_unstable_by_key(|fact| (moment(fact), fact.version, fact.part, fact.id));
    let facts = std::mem::take(&mut new.facts);
    for of_moment in facts.chunk_by(|a, b| moment(a) == moment(b)) {
        let Some(now) = of_moment.first().map(moment) else {
            continue;
        };
        if is_what_was_stored(of_moment.iter(), newest(stored, now)) {
            count_instead(of_moment, new, counts, |counts| &mut counts.unchanged);
        } else {
            new.facts.extend_from_slice(of_moment);
        }
    }
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

/// Counts the lines of somebody who was erased as set aside.
pub(super) fn set_aside_facts(of_resident: &OfResident, counts: &mut LineCounts) {
    for of_moment in of_resident.facts.chunk_by(|a, b| moment(a) == moment(b)) {
        count_instead(of_moment, of_resident, counts, |counts| {
            &mut counts.set_aside
        });
    }
}

/// Counts the lines of one moment's facts as something else.
fn count_instead(
    facts: &[Fact],
    of_resident: &OfResident,
    counts: &mut LineCounts,
    instead: impl Fn(&mut LineCounts) -> &mut u64,
) {
    for versions in facts.chunk_by(|a, b| a.version == b.version) {
        let Some(first) = versions.first() else {
            continue;
        };
        let line = (first.submission, first.version);
        let (counted, n_lines) = if versions.iter().any(|f| f.value != FactValue::Withdrawn) {
            let n_lines = of_resident.repeated.get(&line).copied().unwrap_or(1);
            (&mut counts.facts, n_lines)
        } else {
            // What was taken back on behalf of lines that say nothing is counted with those.
            let withdrawn = &of_resident.withdrawn;
            let start = withdrawn.partition_point(|other| *other < line);
            let end = withdrawn.partition_point(|other| *other <= line);
            (&mut counts.withdrawn, (end - start) as u64)
        };
        let n_lines = n_lines.min(*counted);
        *counted -= n_lines;
        *instead(counts) += n_lines;
    }
}

/// The entries of one resident that a pull brings, sorted by version, each once.
#[derive(Default)]
pub(super) struct Versions {
    pub(super) rows: Vec<RegisterRow>,
    /// How many lines there were of each.
    n_lines: Vec<u64>,
}

impl Versions {
    pub(super) fn push(&mut self, row: RegisterRow) {
        self.rows.push(row);
        self.n_lines.push(1);
    }

    /// Counts one more line of the last entry.
    pub(super) fn count_again(&mut self) {
        if let Some(n) = self.n_lines.last_mut() {
            *n += 1;
        }
    }
}

/// The register entries that are not stored already; the lines of the others count as unchanged.
///
/// `stored` are those of the same resident, in any order.
pub(super) fn pass_over_known_entries(
    stored: &mut [RegisterRow],
    new: Versions,
    counts: &mut LineCounts,
) -> Vec<RegisterRow> {
    stored.sort_by_key(|row| row.version);
    let mut n_lines = new.n_lines.into_iter();
    let mut kept = Vec::with_capacity(new.rows.len());
    for of_time in new
        .rows
        .chunk_by(|a, b| a.version.updated == b.version.updated)
    {
        let now = of_time.first().map(|row| row.version.updated);
        let stored = stored.iter().filter(|row| Some(row.version.updated) == now);
        let newest = stored.clone().map(|row| row.version.pull).max();
        let of_newest: Vec<_> = stored
            .filter(|row| Some(row.version.pull) == newest)
            .collect();
        let is_known = of_time.len() == of_newest.len()
            && of_time
                .iter()
                .zip(of_newest)
                .all(|(new, old)| says_the_same(new, old));
        let n_lines: u64 = n_lines.by_ref().take(of_time.len()).sum();
        if is_known {
            let n_lines = n_lines.min(counts.register);
            counts.register -= n_lines;
            counts.unchanged += n_lines;
        } else {
            kept.extend_from_slice(of_time);
        }
    }
    kept
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
