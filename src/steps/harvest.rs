//! Harvest: what reading an export brings in, line by line.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex};
use std::thread;

use jiff::civil::Date;

use super::StepError;
use super::earlier::Earlier;
use super::pull::{LineCounts, SliceReport};
use super::unmapped::UnmappedCounts;
use crate::fhir::{
    Block, CODE_BEARING, FileEnd, Line, LineProblem, Lines, PatientEntry, Reading, Resource,
    Unmapped, read_line, salvage_subject,
};
use crate::intake::{self, Issue, IssueCode};
use crate::lake::IssueRow;
use crate::ledger::Quarantined;
use crate::profile::{
    Fact, FactId, FactValue, Recorded, ResidentId, Standing, SubmissionId, Version,
};
use crate::rulebook::Rulebook;

/// What reading a line needs.
pub(super) struct Reader<'r> {
    pub(super) rulebook: &'r Rulebook,
    pub(super) reading: Reading<'r>,
    pub(super) today: Date,
    /// Submissions of earlier pulls and whom they were about.
    pub(super) earlier: Earlier,
    pub(super) pull: u32,
}

/// What was read so far.
#[derive(Default)]
pub(super) struct Harvest {
    pub(super) counts: LineCounts,
    pub(super) entries: Vec<PatientEntry>,
    pub(super) facts: Vec<(ResidentId, Fact)>,
    pub(super) issues: Vec<IssueRow>,
    pub(super) quarantined: Vec<Quarantined>,
    pub(super) unmapped: UnmappedCounts,
    /// Lines whose code says what they are about, and those of them that the rules understand.
    pub(super) bearing: u64,
    pub(super) mapped: u64,
    /// The first line of each resident met, to find those who are not on the register.
    pub(super) subjects: HashMap<ResidentId, (Arc<str>, u64)>,
    pub(super) slices: Vec<SliceReport>,
    /// Resource types of the file being read.
    pub(super) types: BTreeSet<String>,
    /// Dated versions that say nothing here: each may follow a version that said something.
    pub(super) silent: Vec<(ResidentId, SubmissionId, Version)>,
    /// Lines that took an earlier statement back.
    pub(super) withdrawn: Vec<(ResidentId, SubmissionId, Version)>,
    /// How many lines there were of the same statement or entry, where more than one.
    pub(super) repeated: HashMap<(ResidentId, SubmissionId, Version), u64>,
    pub(super) repeated_entries: HashMap<(ResidentId, Version), u64>,
}

/// Whether the codes of a resource type say what it is about.
pub(super) fn bears_codes(resource_type: &str) -> bool {
    CODE_BEARING.contains(&resource_type)
}

/// An issue about a statement that changed whom it is about.
pub(super) fn subject_changed() -> Issue {
    let expected = "the same subject as before";
    Issue::reading(IssueCode::SubjectChanged, "subject", expected)
}

/// What takes back everything that earlier versions of a submission said: the source changed
/// it into one that says nothing here, so the old facts must not live on.
pub(super) fn withdrawal(submission: SubmissionId, version: Version) -> Fact {
    Fact {
        id: FactId(0),
        value: FactValue::Withdrawn,
        effective: Fact::UNDATED,
        until: None,
        recorded: Recorded::AsEffective,
        standing: Standing::Unaccepted,
        submission,
        part: 0,
        version,
    }
}

impl Harvest {
    fn absorb(&mut self, other: Self) {
        self.counts.add(other.counts);
        self.entries.extend(other.entries);
        self.facts.extend(other.facts);
        self.issues.extend(other.issues);
        self.quarantined.extend(other.quarantined);
        self.silent.extend(other.silent);
        self.withdrawn.extend(other.withdrawn);
        self.types.extend(other.types);
        self.unmapped.absorb(other.unmapped);
        self.bearing += other.bearing;
        self.mapped += other.mapped;
        for (resident, place) in other.subjects {
            self.subjects
                .entry(resident)
                .and_modify(|first| {
                    if place < *first {
                        first.clone_from(&place);
                    }
                })
                .or_insert(place);
        }
    }
}

/// Reads one file with several threads; what they find is put together in any order, since
/// everything that depends on order is sorted afterwards.
pub(super) fn read_file(
    reader: &Reader<'_>,
    path: &Path,
    threads: usize,
    harvest: &mut Harvest,
) -> Result<(), StepError> {
    let name: Arc<str> = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
        .into();
    let mut lines = Lines::open(path).map_err(StepError::io("open", path))?;
    let read_before = harvest.counts.read;
    let threads = threads.max(1);
    let (send, receive) = sync_channel::<Block>(threads);
    // One channel end for all workers: each takes the next block that is ready.
    let receive = Mutex::new(receive);
    let found: Vec<(Harvest, bool)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let mut own = Harvest::default();
                    let mut cut_off = false;
                    loop {
                        let next = receive
                            .lock()
                            .expect("no worker panics while it waits")
                            .recv();
                        let Ok(block) = next else {
                            return (own, cut_off);
                        };
                        for line in block.lines() {
                            cut_off |= reader.line(&name, line, &mut own);
                        }
                    }
                })
            })
            .collect();
        while let Some(block) = lines.next_block() {
            if send.send(block).is_err() {
                break;
            }
        }
        drop(send);
        workers
            .into_iter()
            .map(|worker| worker.join().expect("reading a line never panics"))
            .collect()
    });
    let mut cut_off = false;
    for (own, own_cut_off) in found {
        harvest.absorb(own);
        cut_off |= own_cut_off;
    }
    if let FileEnd::CutOff(reason) = lines.end() {
        cut_off = true;
        harvest.issues.push(
            reader.issue_row(
                &name,
                0,
                None,
                Issue::reading(IssueCode::CutOff, "", "a file that can be read to its end")
                    .with_saw(reason),
            ),
        );
    }
    harvest.slices.push(SliceReport {
        file: name.to_string(),
        lines: harvest.counts.read - read_before,
        is_whole: !cut_off,
        types: std::mem::take(&mut harvest.types).into_iter().collect(),
    });
    Ok(())
}

impl Reader<'_> {
    pub(super) fn issue_row(
        &self,
        file: &str,
        line: u64,
        resident: Option<ResidentId>,
        issue: Issue,
    ) -> IssueRow {
        IssueRow::new(self.pull, (file, line), resident, issue)
    }

    /// Reads one line; says whether the file seems to be cut off in it.
    fn line(&self, file: &Arc<str>, line: Line<'_>, harvest: &mut Harvest) -> bool {
        harvest.counts.read += 1;
        let read = match line.problem {
            Some(LineProblem::TooLong) => Err(Issue::reading(
                IssueCode::LineTooLong,
                "",
                format!("at most {} bytes a line", crate::fhir::MAX_LINE_BYTES),
            )),
            None => read_line(&self.reading, line.bytes, |resource| {
                self.resource(file, line.number, resource, harvest);
            }),
        };
        let Err(issue) = read else { return false };
        harvest.counts.set_aside += 1;
        // A last line that stops in the middle of JSON, without a line end: so did the file.
        let cut_off = line.unterminated && issue.code == IssueCode::CutOff;
        harvest.quarantined.push(Quarantined {
            file: file.to_string(),
            line: line.number,
            code: issue.code.name(),
            raw: zstd::bulk::compress(line.bytes, 1).expect("bytes in memory can be compressed"),
        });
        let resident = salvage_subject(line.bytes).map(|id| self.reading.resident(id));
        harvest
            .issues
            .push(self.issue_row(file, line.number, resident, issue));
        cut_off
    }

    fn resource(&self, file: &Arc<str>, line: u64, resource: Resource<'_>, harvest: &mut Harvest) {
        let kind = match &resource {
            Resource::Register(_) => "Patient",
            Resource::Statements { resource_type, .. } => resource_type,
            Resource::OtherType(name) => name,
        };
        if !harvest.types.contains(kind) {
            harvest.types.insert(kind.to_owned());
        }
        match resource {
            Resource::OtherType(name) => {
                harvest.counts.other_type += 1;
                let code = Unmapped {
                    resource_type: name,
                    system: String::new(),
                    code: String::new(),
                };
                harvest.unmapped.add(code, false);
            }
            Resource::Register(mut entry) => {
                harvest.counts.register += 1;
                for issue in std::mem::take(&mut entry.issues) {
                    harvest
                        .issues
                        .push(self.issue_row(file, line, Some(entry.resident), issue));
                }
                harvest.entries.push(*entry);
            }
            Resource::Statements {
                resident,
                submissions,
                first_code,
                could_matter,
                resource_type,
            } => {
                let mut facts: Vec<Fact> = Vec::new();
                let mut issues = Vec::new();
                for submission in &submissions {
                    let intake = intake::admit(self.rulebook, self.today, submission);
                    facts.extend(intake.facts);
                    issues.extend(intake.issues);
                }
                let taken_back = facts.iter().all(|fact| fact.value == FactValue::Withdrawn);
                let (has_facts, has_issues) = (!facts.is_empty(), !issues.is_empty());
                if let Some(first) = submissions.first()
                    && has_facts
                    && taken_back
                {
                    harvest.withdrawn.push((resident, first.id, first.version));
                }
                if bears_codes(resource_type) {
                    harvest.bearing += 1;
                    harvest.mapped += u64::from(has_facts || has_issues);
                }
                let counts = &mut harvest.counts;
                match (has_facts, has_issues) {
                    (true, _) if taken_back => counts.withdrawn += 1,
                    (true, _) => counts.facts += 1,
                    (false, true) => counts.set_aside += 1,
                    (false, false) => {
                        counts.unmapped += 1;
                        harvest.unmapped.add(first_code, could_matter);
                    }
                }
                if let Some(first) = submissions.first()
                    && !has_facts
                {
                    let before = self.earlier.subject(first.id);
                    if before.is_some() {
                        facts.push(withdrawal(first.id, first.version));
                    } else if first.version.updated != i64::MIN {
                        harvest.silent.push((resident, first.id, first.version));
                    }
                }
                // The source now says that it was about somebody else all along.
                if let Some(first) = submissions.first()
                    && let Some(before) = self.earlier.subject(first.id)
                    && before != resident
                {
                    harvest
                        .facts
                        .push((before, withdrawal(first.id, first.version)));
                    issues.push(subject_changed());
                }
                if !facts.is_empty() {
                    let place = (Arc::clone(file), line);
                    harvest.subjects.entry(resident).or_insert(place);
                }
                harvest
                    .facts
                    .extend(facts.into_iter().map(|fact| (resident, fact)));
                let rows = issues.into_iter();
                harvest
                    .issues
                    .extend(rows.map(|issue| self.issue_row(file, line, Some(resident), issue)));
            }
        }
    }
}
