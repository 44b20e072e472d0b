//! Links: one person in several sources.
//!
//! One source is the register: it says who there is. Every other one only tells about people of the
//! register, and is linked to it by the national identifier. Which of the two was pulled first does
//! not matter once both have been: facts of somebody who was not linked yet wait under a name of
//! their own, and move when a later pull of their source finds the link and tells them again. What a
//! later pull does not tell again stays where it is; then something is missing of whom the link was
//! found for, and of whom it was taken from.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

use super::pull::{PullOptions, PullReport};
use super::whole::Seen;
use super::{DataFolder, StepError};
use crate::config::People;
use crate::fhir::{Block, Lines, PatientEntry, Reading, Resource, read_line};
use crate::intake::{Issue, IssueCode};
use crate::ledger::{Link, PullRecord};
use crate::profile::{PersonStanding, ResidentId, Version};
use crate::rulebook::Rulebook;

/// An issue about somebody whom a source beside the register knows and the register does not.
pub(super) fn nobody_of_the_register() -> Issue {
    let expected = "a valid national identifier that one entry of the register has";
    Issue::reading(IssueCode::SubjectUnknown, "Patient.identifier", expected)
}

/// Residents whom a source calls by names of its own.
pub(super) struct Links {
    people: People,
    /// What entries of the register are to their persons.
    persons: BTreeMap<ResidentId, PersonStanding>,
    known: HashMap<String, Known>,
    /// Those that no earlier pull has found, or found otherwise.
    pub(super) new: Vec<Link>,
    /// Residents of whom the source has an entry in this pull.
    told: BTreeSet<ResidentId>,
    /// Of whom something may be missing when not everything of the source is told again: whoever a link
    /// was found for, while facts wait under the source's own name of them, and whoever it was taken from.
    moved: BTreeSet<ResidentId>,
}

/// What is known of a source's name for somebody.
#[derive(Clone, Copy, Default)]
struct Known {
    /// Whose it was before this pull.
    before: Option<ResidentId>,
    /// Whose it is now.
    now: Option<ResidentId>,
    /// Which version of the entry in this pull says so; nothing while there is none.
    told: Option<Version>,
}

impl Links {
    /// Finds out whom a source beside the register speaks of, before anything else of it is read: a
    /// file of results may come before the file that says whose they are.
    pub(super) fn of(
        reading: &Reading<'_>,
        (data, has_facts): (&DataFolder, bool),
        rulebook: &Rulebook,
        options: &PullOptions<'_>,
        files: &[PathBuf],
    ) -> Result<Self, StepError> {
        let mut links = Self {
            people: options.terms.people,
            persons: data.ledger.persons(u32::MAX)?,
            known: HashMap::new(),
            new: Vec::new(),
            told: BTreeSet::new(),
            moved: BTreeSet::new(),
        };
        if links.are_of_the_register() {
            return Ok(links);
        }
        let before = data.ledger.links(options.source)?.into_iter();
        let before = before.map(|(patient_id, resident)| {
            let known = Known {
                before: Some(resident),
                now: Some(resident),
                told: None,
            };
            (patient_id, known)
        });
        links.known = before.collect();
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
        let told = links.known.values().filter(|known| known.told.is_some());
        links.told = told.filter_map(|known| known.now).collect();
        let known = links.known.iter();
        let changed = known.filter(|(_, known)| known.told.is_some() && known.now != known.before);
        let mut changed: Vec<(String, Known)> = changed
            .map(|(name, known)| (name.clone(), *known))
            .collect();
        changed.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        links.moved = moved(&changed, reading, (data, has_facts), rulebook)?;
        let new = changed.into_iter();
        links.new = new.map(|(name, known)| (name, known.now)).collect();
        Ok(links)
    }

    /// The entry that leads, when all of some entries are of one person.
    fn one_person(&self, entries: &[ResidentId]) -> Option<ResidentId> {
        let lead = |entry: &ResidentId| {
            let standing = self.persons.get(entry);
            standing.map_or(*entry, |standing| standing.lead(*entry))
        };
        let first = lead(entries.first()?);
        let are_one = entries.iter().all(|entry| lead(entry) == first);
        are_one.then_some(first)
    }

    fn meet(&mut self, data: &DataFolder, entry: &PatientEntry) -> Result<(), StepError> {
        let known = self.known.get(&entry.patient_id).copied();
        let known = known.unwrap_or_default();
        // Of several entries with one name in one pull, the newest version counts.
        if Some(entry.version) < known.told {
            return Ok(());
        }
        let national_id = entry.national_id.as_ref().filter(|id| id.is_valid);
        let now = match national_id {
            // A link once found stays until the source says that it is somebody else.
            None => known.before,
            Some(id) => match data.ledger.holders(&id.value)?[..] {
                [one] => Some(one),
                // Of nobody, or of entries that are not one person's: choosing one would be a guess.
                ref holders => self.one_person(holders),
            },
        };
        let known = Known {
            now,
            told: Some(entry.version),
            ..known
        };
        self.known.insert(entry.patient_id.clone(), known);
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
        let known = self.known.iter();
        known
            .filter_map(|(name, known)| Some((name.clone(), known.now?)))
            .collect()
    }

    /// Of how many residents the source has an entry in this pull.
    pub(super) fn n_told(&self) -> u64 {
        self.told.len() as u64
    }

    /// Of whom nothing is missing any more, of those of whom something was, when everything was told
    /// again; and of whom something is missing now, when it was not: what was told of them before they
    /// were linked, or while the link led to somebody else, stays where it was.
    pub(super) fn seen(&self, undetermined: &BTreeSet<ResidentId>, is_of_changes: bool) -> Seen {
        let mut again = self.told.clone();
        let linked: BTreeSet<ResidentId> =
            self.known.values().filter_map(|known| known.now).collect();
        // Whom the source does not know any more has nothing to wait for.
        again.extend(undetermined.difference(&linked));
        again.retain(|resident| undetermined.contains(resident));
        let mut new = self.moved.clone();
        if is_of_changes {
            // Of whom is linked only now, what did not change has not come.
            new.extend(self.new.iter().filter_map(|(_, resident)| *resident));
        }
        Seen { again, new }
    }
}

/// Of whom something may be missing after links have changed.
fn moved(
    changed: &[(String, Known)],
    reading: &Reading<'_>,
    (data, has_facts): (&DataFolder, bool),
    rulebook: &Rulebook,
) -> Result<BTreeSet<ResidentId>, StepError> {
    let mut moved: BTreeSet<ResidentId> = changed
        .iter()
        .filter_map(|(_, known)| known.before)
        .collect();
    let now = changed.iter().filter_map(|(name, known)| {
        // The reading knows no links yet: this is the name of those who are not linked.
        Some((reading.resident(name), known.now?))
    });
    let now: BTreeMap<ResidentId, ResidentId> = now.collect();
    // Only what an earlier pull of the source has stored can lie under a name of its own.
    if now.is_empty() || !has_facts {
        return Ok(moved);
    }
    let mut stored = data.store.facts(&rulebook.catalogue, None)?;
    let mut facts = Vec::new();
    for (own, linked) in now {
        facts.clear();
        stored.take_until(own, &mut facts)?;
        if !facts.is_empty() {
            moved.insert(linked);
        }
    }
    Ok(moved)
}

/// Whether anything of a source may be stored.
pub(super) fn has_facts(pulls: &[PullRecord], source: &str) -> bool {
    let of_source = pulls.iter().filter(|pull| pull.source == source);
    let mut reports = of_source.map(|pull| serde_json::from_str::<PullReport>(&pull.report));
    reports.any(|report| report.is_ok_and(|report| 0 < report.facts))
}
