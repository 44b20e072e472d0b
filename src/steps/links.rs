//! Links: one person in several sources.
//!
//! One source is the register: it says who there is. Every other one only tells about people of the
//! register, and is linked to it by the national identifier. Which of the two was pulled first does
//! not matter once both have been: facts of somebody who was not linked yet wait under a name of
//! their own, and move when a later pull of their source finds the link.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;

use super::pull::PullOptions;
use super::whole::Seen;
use super::{DataFolder, StepError};
use crate::config::People;
use crate::fhir::{Block, Lines, PatientEntry, Reading, Resource, read_line};
use crate::intake::{Issue, IssueCode};
use crate::ledger::Link;
use crate::profile::ResidentId;

/// An issue about somebody whom a source beside the register knows and the register does not.
pub(super) fn nobody_of_the_register() -> Issue {
    let expected = "a valid national identifier that one entry of the register has";
    Issue::reading(IssueCode::SubjectUnknown, "Patient.identifier", expected)
}

/// Residents whom a source calls by names of its own.
pub(super) struct Links {
    people: People,
    known: HashMap<String, ResidentId>,
    /// Those that no earlier pull has found, or found otherwise.
    pub(super) new: Vec<Link>,
    seen: BTreeSet<ResidentId>,
}

impl Links {
    /// Finds out whom a source beside the register speaks of, before anything else of it is read: a
    /// file of results may come before the file that says whose they are.
    pub(super) fn of(
        reading: &Reading<'_>,
        data: &DataFolder,
        options: &PullOptions<'_>,
        files: &[PathBuf],
    ) -> Result<Self, StepError> {
        let mut links = Self {
            people: options.terms.people,
            known: HashMap::new(),
            new: Vec::new(),
            seen: BTreeSet::new(),
        };
        if links.are_of_the_register() {
            return Ok(links);
        }
        links.known = data.ledger.links(options.source)?;
        let patient = memchr::memmem::Finder::new("\"Patient\"");
        let mut block = Block::default();
        for path in files {
            let lines = Lines::open_by(path, options.read_by);
            let mut lines = lines.map_err(StepError::io("open", path))?;
            while lines.next_block(&mut block) {
                for line in block.all_lines() {
                    if line.problem.is_some() || patient.find(line.bytes).is_none() {
                        continue;
                    }
                    let mut entry = None;
                    let keep = |resource: Resource<'_>| {
                        if let Resource::Register(found) = resource {
                            entry = Some(found);
                        }
                    };
                    // What cannot be read becomes an issue when the lines are read for good.
                    if read_line(reading, line.bytes, keep).is_ok()
                        && let Some(entry) = entry
                    {
                        links.meet(data, &entry)?;
                    }
                }
            }
        }
        // Of several entries with one name in one pull, the last line counts.
        let newest: HashMap<_, _> = std::mem::take(&mut links.new).into_iter().collect();
        links.new = newest.into_iter().collect();
        links.new.sort();
        Ok(links)
    }

    fn meet(&mut self, data: &DataFolder, entry: &PatientEntry) -> Result<(), StepError> {
        let known = self.known.get(&entry.patient_id).copied();
        let national_id = entry.national_id.as_ref().filter(|id| id.is_valid);
        let found = match national_id {
            // A link once found stays until the source says that it is somebody else.
            None => known,
            Some(id) => match data.ledger.holders(&id.value)?[..] {
                [one] => Some(one),
                // Of nobody, or of several entries: choosing one would be a guess about a person.
                _ => None,
            },
        };
        let Some(resident) = found else {
            if self.known.remove(&entry.patient_id).is_some() {
                self.new.push((entry.patient_id.clone(), None));
            }
            return Ok(());
        };
        self.seen.insert(resident);
        if known != Some(resident) {
            self.known.insert(entry.patient_id.clone(), resident);
            self.new.push((entry.patient_id.clone(), Some(resident)));
        }
        Ok(())
    }

    /// Whether the source is the register itself, in which nobody needs to be linked.
    pub(super) const fn are_of_the_register(&self) -> bool {
        match self.people {
            People::Register => true,
            People::Linked => false,
        }
    }

    /// Residents by what the source calls them.
    pub(super) fn ids(&self) -> HashMap<String, ResidentId> {
        self.known.clone()
    }

    /// Residents of whom the source has an entry in this pull.
    pub(super) fn n_seen(&self) -> u64 {
        self.seen.len() as u64
    }

    /// Of these, of whom something was missing before; and, where only what changed was asked for, who
    /// is linked now and was not before.
    pub(super) fn seen(&self, undetermined: &BTreeSet<ResidentId>, is_of_changes: bool) -> Seen {
        let again = self.seen.intersection(undetermined).copied();
        let new = self.new.iter().filter(|_| is_of_changes);
        Seen {
            again: again.collect(),
            new: new.filter_map(|(_, resident)| *resident).collect(),
        }
    }
}
