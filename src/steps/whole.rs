//! What only the whole harvest shows: order, repetitions, strangers, shared identifiers.
//!
//! Everything that was read waits in sorted runs. Here they are read side by side, resident by
//! resident, along with what earlier pulls have stored, so that a city needs no more memory than
//! one resident does.

use std::collections::{BTreeSet, HashSet};

use super::harvest::{Harvest, Reader, place_number, subject_changed, withdrawal};
use super::unchanged::{
    OfResident, Versions, pass_over_known_entries, pass_over_known_facts, set_aside_facts,
};
use super::waiting::{FactRow, Holder, Owner, Said};
use super::{DataFolder, StepError};
use crate::fhir::PatientEntry;
use crate::intake::{Issue, IssueCode};
use crate::lake::{IssueRow, LakeError, RegisterRow, Sorted, Sorter, Spool};
use crate::ledger::{Identity, StaysAway};
use crate::profile::{Fact, ResidentId, SubmissionId, Version};

/// What is to be stored, each in the order of the lake.
pub(super) struct Finished {
    pub(super) facts: Spool,
    pub(super) register: Spool,
    pub(super) identities: Spool,
    pub(super) n_residents: u64,
    pub(super) seen: Seen,
    /// Who was erased since their period was over, and is here again.
    pub(super) returned: Vec<ResidentId>,
}

/// Which residents came that are to be noted.
#[derive(Clone, Default)]
pub(super) struct Seen {
    /// Of whom something was missing before.
    pub(super) again: BTreeSet<ResidentId>,
    /// Who was not known before, though only what changed was asked for.
    pub(super) new: BTreeSet<ResidentId>,
}

/// Names of holders that wait in memory.
const HOLDERS_IN_MEMORY: usize = 1 << 15;

/// Puts in order what was read, removes repetitions and what is known already, and finds what only
/// the whole shows.
pub(super) fn finish(
    reader: &mut Reader<'_>,
    data: &DataFolder,
    source: &str,
    harvest: &mut Harvest,
) -> Result<Finished, StepError> {
    let returned = reader.lets_return(harvest);
    let reader = &*reader;
    let spill = &reader.spill;
    let mut owners = std::mem::replace(&mut harvest.owners, Sorter::new(1));
    owners_before(reader, data, &harvest.moved, &mut owners)?;
    let corrections = corrections(reader, owners, harvest)?;
    let facts = std::mem::replace(&mut harvest.facts, Sorter::new(1));
    let entries = std::mem::replace(&mut harvest.entries, Sorter::new(1));
    let mut facts = facts.sorted(spill)?;
    let mut entries = entries.sorted(spill)?;
    let mut corrections = corrections.into_iter().peekable();
    let mut stored_facts = data.store.facts(&reader.rulebook.catalogue, None)?;
    let mut stored_register = data.store.register_rows()?;
    let mut writing = Writing {
        reader,
        source: source.into(),
        finished: Finished {
            facts: Spool::new(),
            register: Spool::new(),
            identities: Spool::new(),
            n_residents: 0,
            seen: Seen::default(),
            returned,
        },
        holders: Sorter::new(HOLDERS_IN_MEMORY),
    };
    let (mut known_facts, mut known_entries) = (Vec::new(), Vec::new());
    loop {
        let of_facts = facts.peek().map(|row: &FactRow| row.resident);
        let of_entries = entries.peek().map(|entry: &PatientEntry| entry.resident);
        let of_corrections = corrections.peek().map(|(resident, _)| *resident);
        let next = [of_facts, of_entries, of_corrections];
        let Some(resident) = next.into_iter().flatten().min() else {
            break;
        };
        if let Some(stays_away) = reader.erased.get(&resident) {
            let mut rows = Vec::new();
            while let Some(row) = facts.next_if(|row| row.resident == resident)? {
                rows.push(row);
            }
            while entries
                .next_if(|entry| entry.resident == resident)?
                .is_some()
            {
                harvest.counts.register -= 1;
                harvest.counts.set_aside += 1;
            }
            // What versions of theirs take back from each other is not stored either.
            while corrections.next_if(|(next, _)| *next == resident).is_some() {}
            harvest.entry_links.remove(&resident);
            set_aside_facts(&sorted(of_resident(rows)), &mut harvest.counts);
            let expected = match stays_away {
                StaysAway::UntilLifted => "nothing, unless a named person lifts the erasure",
                StaysAway::UntilReturn => "nothing, until the entry says that they live here",
            };
            let issue = Issue::reading(IssueCode::ErasedResident, "subject", expected);
            writing.note(resident, issue, harvest)?;
            continue;
        }
        known_entries.clear();
        stored_register.take_until(resident, &mut known_entries)?;
        let is_known = !known_entries.is_empty() || (of_entries == Some(resident));
        writing.entries(resident, &mut entries, &mut known_entries, harvest)?;
        if of_facts == Some(resident) || of_corrections == Some(resident) {
            known_facts.clear();
            stored_facts.take_until(resident, &mut known_facts)?;
            let mut rows = Vec::new();
            while let Some(row) = facts.next_if(|row| row.resident == resident)? {
                rows.push(row);
            }
            let mut of_resident = of_resident(rows);
            if let Some((file, place)) = of_resident.first_place
                && !is_known
            {
                let expected = "a Patient in this or an earlier pull";
                let issue = Issue::reading(IssueCode::SubjectUnknown, "subject", expected);
                let place = place_number(place);
                let file = &reader.files[file as usize];
                let row = reader.issue_row(file, place, Some(resident), issue);
                harvest.issues.push(row, spill)?;
            }
            while let Some((_, fact)) = corrections.next_if(|(next, _)| *next == resident) {
                of_resident.facts.push(fact);
            }
            writing.facts(resident, of_resident, &mut known_facts, harvest)?;
        }
    }
    let Writing {
        mut finished,
        holders,
        ..
    } = writing;
    find_shared_identifiers(data, reader, holders, harvest)?;
    for spool in [
        &mut finished.facts,
        &mut finished.register,
        &mut finished.identities,
    ] {
        spool.flush(spill)?;
    }
    Ok(finished)
}

/// What is being written, resident by resident.
struct Writing<'r, 'b> {
    reader: &'r Reader<'b>,
    source: std::sync::Arc<str>,
    finished: Finished,
    holders: Sorter<Holder>,
}

impl Writing<'_, '_> {
    /// Adds the entries of one resident.
    fn entries(
        &mut self,
        resident: ResidentId,
        entries: &mut Sorted<'_, PatientEntry>,
        known: &mut [RegisterRow],
        harvest: &mut Harvest,
    ) -> Result<(), StepError> {
        let mut versions = Versions::default();
        let (mut last_time, mut newest) = (None, None);
        while let Some(entry) = entries.next_if(|entry| entry.resident == resident)? {
            let row = RegisterRow {
                resident,
                source: self.source.clone(),
                version: entry.version,
                register: entry.register,
                district: entry.district.as_deref().map(Into::into),
                language: entry.language.as_deref().map(Into::into),
            };
            let is_repeated = |last: &RegisterRow| last.version == row.version;
            if versions.rows.last().is_some_and(is_repeated) {
                versions.count_again();
                continue;
            }
            if last_time.replace(row.version.updated) == Some(row.version.updated) {
                let issue = undated_versions("Patient.meta.lastUpdated");
                self.note(resident, issue, harvest)?;
            }
            versions.push(row);
            let national_id = entry.national_id;
            if let Some(national_id) = &national_id {
                let holder = Holder {
                    national_id: national_id.value.clone(),
                    resident,
                };
                self.holders.push(holder, &self.reader.spill)?;
            }
            newest = Some(Identity {
                resident,
                patient_id: entry.patient_id,
                national_id: national_id.map(|id| (id.value, id.is_valid)),
                non_disclosure: entry.non_disclosure,
            });
        }
        let Some(identity) = newest else {
            return Ok(());
        };
        // An older entry that comes late changes nothing of who somebody is, nor what is to be hidden.
        let known_before = known.iter().map(|row| row.version).max();
        let brought = versions.rows.last().map(|row| row.version);
        if known_before <= brought {
            self.finished
                .identities
                .push(&identity, &self.reader.spill)?;
        } else {
            harvest.entry_links.remove(&resident);
        }
        self.finished.n_residents += 1;
        if self.reader.undetermined.contains(&resident) {
            self.finished.seen.again.insert(resident);
        }
        if self.reader.is_of_changes && known.is_empty() {
            self.finished.seen.new.insert(resident);
            let expected = "everything about somebody who is new: a pull without `--changed`";
            let issue = Issue::reading(IssueCode::CutOff, "Patient", expected);
            self.note(resident, issue, harvest)?;
        }
        for row in pass_over_known_entries(known, versions, &mut harvest.counts) {
            self.finished.register.push(&row, &self.reader.spill)?;
        }
        Ok(())
    }

    /// Adds the facts of one resident.
    fn facts(
        &mut self,
        resident: ResidentId,
        mut of_resident: OfResident,
        known: &mut [Fact],
        harvest: &mut Harvest,
    ) -> Result<(), StepError> {
        of_resident = sorted(of_resident);
        let facts = &of_resident.facts;
        for pair in facts.windows(2) {
            let (a, b) = (&pair[0], &pair[1]);
            let same_time = a.submission == b.submission && a.version.updated == b.version.updated;
            if same_time && a.version.digest != b.version.digest {
                let issue = undated_versions("meta.lastUpdated");
                self.note(resident, issue, harvest)?;
            }
        }
        pass_over_known_facts(known, &mut of_resident, &mut harvest.counts);
        for fact in of_resident.facts {
            let row = FactRow {
                resident,
                fact,
                place: None,
                counts_as_withdrawn: false,
            };
            self.finished.facts.push(&row, &self.reader.spill)?;
        }
        Ok(())
    }

    fn note(
        &self,
        resident: ResidentId,
        issue: Issue,
        harvest: &mut Harvest,
    ) -> Result<(), LakeError> {
        let row = of_several_lines(self.reader.pull, resident, issue);
        harvest.issues.push(row, &self.reader.spill)
    }
}

/// One resident's facts without repetitions, and what repetitions there were.
fn of_resident(rows: Vec<FactRow>) -> OfResident {
    let mut of_resident = OfResident {
        first_place: rows.iter().filter_map(|row| row.place).min(),
        ..OfResident::default()
    };
    let mut n_same = 1;
    for row in rows {
        let line = (row.fact.submission, row.fact.version);
        if row.counts_as_withdrawn {
            of_resident.withdrawn.push(line);
        }
        if of_resident.facts.last() == Some(&row.fact) {
            n_same += 1;
            of_resident.repeated.insert(line, n_same);
        } else {
            n_same = 1;
            of_resident.facts.push(row.fact);
        }
    }
    of_resident
}

/// The same with its facts in order, each once.
fn sorted(mut of_resident: OfResident) -> OfResident {
    let facts = &mut of_resident.facts;
    facts.sort_by_key(|fact| (fact.submission, fact.version, fact.part, fact.id));
    facts.dedup();
    of_resident
}

/// A row for what no single line shows.
fn of_several_lines(pull: u32, resident: ResidentId, issue: Issue) -> IssueRow {
    IssueRow::new(pull, ("", 0), Some(resident), issue)
}

fn undated_versions(at: &str) -> Issue {
    let expected = "a time that tells which version is newer";
    Issue::reading(IssueCode::SameIdDifferentContent, at, expected)
}

/// Adds whom submissions were about by what is stored already: of those that were about somebody else,
/// and of those that were deleted before anything of them came.
fn owners_before(
    reader: &Reader<'_>,
    data: &DataFolder,
    moved: &BTreeSet<SubmissionId>,
    owners: &mut Sorter<Owner>,
) -> Result<(), StepError> {
    for (submission, version) in data.ledger.deletions()? {
        let owner = Owner {
            submission,
            version,
            said: Said::Withdrawn,
            resident: None,
        };
        owners.push(owner, &reader.spill)?;
    }
    // Hardly ever any: then what is stored is read once more.
    if moved.is_empty() {
        return Ok(());
    }
    let mut stored = data.store.facts(&reader.rulebook.catalogue, None)?;
    let mut facts = Vec::new();
    while let Some(resident) = stored.next_resident()? {
        facts.clear();
        stored.take_until(resident, &mut facts)?;
        facts.retain(|fact| moved.contains(&fact.submission));
        facts.sort_unstable_by_key(|fact| (fact.submission, fact.version));
        for versions in facts.chunk_by(|a, b| a.submission == b.submission) {
            let Some(newest) = versions.last() else {
                continue;
            };
            let owner = Owner::of(resident, newest);
            owners.push(owner, &reader.spill)?;
        }
    }
    Ok(())
}

/// What versions of one submission take back from each other, in the order of residents.
///
/// A version that says nothing takes back what an older one in the same export said. When versions
/// are about different residents, the newest decides whom it is about, also one that an earlier pull
/// has stored, and the others lose it.
fn corrections(
    reader: &Reader<'_>,
    owners: Sorter<Owner>,
    harvest: &mut Harvest,
) -> Result<Vec<(ResidentId, Fact)>, LakeError> {
    let mut corrections = Vec::new();
    let mut owners = owners.sorted(&reader.spill)?;
    let mut versions: Vec<Owner> = Vec::new();
    while let Some(first) = owners.next()? {
        versions.clear();
        versions.push(first);
        while let Some(next) = owners.next_if(|next| next.submission == first.submission)? {
            versions.push(next);
        }
        // Without dates a deletion and a version of another pull have no order but that of the pulls.
        let is_undated =
            |version: &Owner| version.resident.is_some() && version.version.updated == i64::MIN;
        if versions.iter().any(is_undated) {
            versions.retain(|version| version.resident.is_some());
        }
        let newest = versions.iter().max_by_key(|version| newness(version));
        let Some(newest) = newest.copied().filter(|_| 1 < versions.len()) else {
            continue;
        };
        let version = Version {
            // Another pull may have brought it; what it takes back here, this pull does.
            pull: reader.pull,
            ..newest.version
        };
        let spoke: HashSet<ResidentId> = versions
            .iter()
            .filter(|version| version.said != Said::Nothing)
            .filter_map(|version| version.resident)
            .collect();
        for former in &versions {
            // What was stored before has been taken back where the line was read.
            let Some(resident) = former
                .resident
                .filter(|_| former.version.pull == reader.pull)
            else {
                continue;
            };
            match former.said {
                // Silence about somebody of whom nothing was said takes nothing from them.
                Said::Nothing if spoke.contains(&resident) => {
                    corrections.push((resident, withdrawal(former.submission, former.version)));
                }
                Said::Something if former.resident != newest.resident => {
                    corrections.push((resident, withdrawal(former.submission, version)));
                    let row = of_several_lines(reader.pull, resident, subject_changed());
                    harvest.issues.push(row, &reader.spill)?;
                }
                Said::Nothing | Said::Withdrawn | Said::Something => {}
            }
        }
    }
    corrections.sort_by_key(|(resident, fact)| (*resident, fact.submission, fact.version));
    Ok(corrections)
}

/// What orders versions of one submission. Of one date, what says something is newer than what takes
/// back: others have lost it by that very version, perhaps in a later pull.
fn newness(owner: &Owner) -> (i64, bool, Version, Said) {
    let Owner { version, said, .. } = *owner;
    let is_dated = version.updated != i64::MIN;
    let says_something = is_dated && said == Said::Something;
    (version.updated, says_something, version, said)
}

fn find_shared_identifiers(
    data: &DataFolder,
    reader: &Reader<'_>,
    holders: Sorter<Holder>,
    harvest: &mut Harvest,
) -> Result<(), StepError> {
    let is_first = data.ledger.n_identities()? == 0;
    let mut holders = holders.sorted(&reader.spill)?;
    while let Some(Holder {
        national_id,
        resident,
    }) = holders.next()?
    {
        let mut residents = vec![resident];
        while let Some(other) = holders.next_if(|other| other.national_id == national_id)? {
            residents.push(other.resident);
        }
        if !is_first {
            residents.extend(data.ledger.holders(&national_id)?);
        }
        residents.sort_unstable();
        residents.dedup();
        if residents.len() == 1 {
            continue;
        }
        for resident in residents {
            let expected = "one entry a person";
            let code = IssueCode::NationalIdShared;
            let issue = Issue::reading(code, "Patient.identifier", expected);
            let row = of_several_lines(reader.pull, resident, issue);
            harvest.issues.push(row, &reader.spill)?;
        }
    }
    Ok(())
}
