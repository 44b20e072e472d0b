//! Links: one person in several sources.
//!
//! One source is the register: it says who there is. Every other one only tells about people of the
//! register, and is linked to it by the national identifier. Which of the two was pulled first does
//! not matter once both have been: facts of somebody who was not linked yet wait under a name of
//! their own, and move when a later pull of their source finds the link.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;

use super::pull::{PullOptions, PullReport};
use super::{DataFolder, NetworkReport, PullWay, StepError};
use crate::config::{People, SourceTerms};
use crate::fhir::{Block, Lines, PatientEntry, Reading, Resource, TYPES_READ, read_line};
use crate::intake::{Issue, IssueCode};
use crate::ledger::{Link, PullCommit, PullRecord};
use crate::profile::ResidentId;
use crate::rulebook::Rulebook;

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
}

impl super::harvest::Reader<'_> {
    /// Notes of whom a source beside the register leaves something missing: everybody whom it has
    /// ever told about, unless all of it came whole.
    pub(super) fn linked_undetermined(
        &self,
        report: &mut PullReport,
        data: &DataFolder,
        missed: BTreeSet<ResidentId>,
    ) -> Result<(), StepError> {
        let of_changes = |network: &NetworkReport| network.since.is_some();
        let lacks = |network: &NetworkReport| !network.incomplete.is_empty();
        let lacks_of_anybody = report.slices.iter().any(|slice| !slice.is_whole)
            || report.network.as_ref().is_some_and(lacks);
        let mut left = if lacks_of_anybody {
            let mut everybody = data.ledger.linked(&report.source)?;
            everybody.extend(&self.links.seen);
            everybody
        } else if report.network.as_ref().is_some_and(of_changes) {
            self.undetermined.clone()
        } else {
            BTreeSet::new()
        };
        left.extend(missed);
        report.undetermined = left.iter().map(ResidentId::to_string).collect();
        Ok(())
    }
}

/// A source that was to be pulled and was not.
pub struct FailedSource<'a> {
    /// What it is called.
    pub source: &'a str,
    /// What it is to the programme.
    pub terms: SourceTerms,
    /// FHIR base address.
    pub server: &'a str,
    /// The group.
    pub group: &'a str,
    /// The instant at which it failed (UTC), for people.
    pub at: String,
}

/// Notes that a source told nothing when it was asked: whom it would tell about stay undetermined
/// until all of it comes, since what it would have said could make another decision of theirs.
///
/// Gives the number of the pull that says so; `None` where nothing was ever pulled, and nobody is
/// on the register.
///
/// # Errors
///
/// When the folder's facts belong to other rules, or the ledger cannot be read or written.
pub fn source_failed(
    rulebook: &Rulebook,
    data: &mut DataFolder,
    failed: &FailedSource<'_>,
) -> Result<Option<u32>, StepError> {
    super::ready_to_pull(rulebook, data, None)?;
    let pulls = data.ledger.pulls()?;
    let Some(last) = pulls.last() else {
        return Ok(None);
    };
    let left = match failed.terms.people {
        // Everybody is of the register: who is not whole is known by the source alone.
        People::Register => {
            let mut newest_first = pulls.iter().rev();
            let of_source = newest_first.find(|pull| pull.source == failed.source);
            of_source
                .and_then(|pull| serde_json::from_str::<PullReport>(&pull.report).ok())
                .map_or_else(BTreeSet::new, |report| report.residents_undetermined())
        }
        People::Linked => data.ledger.linked(failed.source)?,
    };
    let mut report = PullReport::of_nothing(last.id + 1, failed.source);
    report.undetermined = left.iter().map(ResidentId::to_string).collect();
    report.network = Some(NetworkReport {
        job: "none".to_owned(),
        way: PullWay::default(),
        server: failed.server.to_owned(),
        group: failed.group.to_owned(),
        listed: None,
        types: Vec::new(),
        since: None,
        transaction_time: String::new(),
        incomplete: TYPES_READ.map(str::to_owned).into(),
        outcomes: 0,
        errors: 1,
        error: Some("the source could not be pulled".to_owned()),
        deleted: 0,
    });
    let record = PullRecord {
        id: report.id,
        source: failed.source.to_owned(),
        at: failed.at.clone(),
        facts_fingerprint: rulebook.facts_fingerprint.clone(),
        report: serde_json::to_string(&report).expect("a report has no maps with odd keys"),
    };
    let commit = PullCommit {
        record: &record,
        files: &[],
        replaced: &[],
        unmapped: &[],
        deleted: &[],
        links: &[],
    };
    let nothing = (std::iter::empty(), std::iter::empty());
    let generation = data.ledger.commit_pull(&commit, nothing.0, nothing.1)?;
    data.publish(generation)?;
    Ok(Some(record.id))
}
