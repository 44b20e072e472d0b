//! Pull: an export folder becomes facts, register entries and issues.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::{fs, thread};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{DataFolder, StepError};
use crate::fhir::{
    Block, FileEnd, IdentityKey, Line, LineProblem, Lines, PatientEntry, Reading, Resource,
    Unmapped, is_export_file, read_line, salvage_subject,
};
use crate::intake::{self, Issue, IssueCode};
use crate::lake::{FactStream, IssueRow, RegisterRow, Table};
use crate::ledger::{Identity, PullCommit, PullRecord, Quarantined};
use crate::profile::{Fact, FactId, FactValue, Recorded, ResidentId, SubmissionId};
use crate::rulebook::Rulebook;

/// What a pull needs beside the rules and the data folder.
pub struct PullOptions<'a> {
    /// The export folder.
    pub from: &'a Path,
    /// What the source is called; part of every identity.
    pub source: &'a str,
    /// The identity key, for a new data folder; else the folder's own is used.
    pub key: Option<IdentityKey>,
    /// Worker threads.
    pub threads: usize,
    /// The day of the pull: later dates are in the future.
    pub today: Date,
    /// The instant of the pull (UTC), for people.
    pub at: String,
}

/// Lines by what became of them; they add up to the lines read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LineCounts {
    /// Lines read, blank ones not counted.
    pub read: u64,
    /// Entries of the register.
    pub register: u64,
    /// Lines that yielded facts.
    pub facts: u64,
    /// Lines that took an earlier statement back.
    pub withdrawn: u64,
    /// Lines whose codes no rule speaks of.
    pub unmapped: u64,
    /// Lines of resource types that are not used.
    pub other_type: u64,
    /// Lines set aside with an issue.
    pub set_aside: u64,
}

impl LineCounts {
    fn add(&mut self, other: Self) {
        self.read += other.read;
        self.register += other.register;
        self.facts += other.facts;
        self.withdrawn += other.withdrawn;
        self.unmapped += other.unmapped;
        self.other_type += other.other_type;
        self.set_aside += other.set_aside;
    }
}

/// One export file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SliceReport {
    /// Its name, without folder.
    pub file: String,
    /// Lines read.
    pub lines: u64,
    /// Whether it was read to its end.
    pub is_whole: bool,
}

/// What a pull did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PullReport {
    /// Its number.
    pub id: u32,
    /// Which source.
    pub source: String,
    /// Whether every file was read to its end.
    pub is_complete: bool,
    /// Lines by what became of them.
    pub lines: LineCounts,
    /// Facts stored.
    pub facts: u64,
    /// Residents in this pull.
    pub residents: u64,
    /// Issues by code.
    pub issues: BTreeMap<String, u64>,
    /// The codes most often met that no rule speaks of: resource type, system, code, count.
    pub unmapped: Vec<(String, String, String, u64)>,
    /// The files.
    pub slices: Vec<SliceReport>,
    /// Files in the folder that are no export files.
    pub ignored_files: Vec<String>,
    /// Whether identities were made with the key that everybody knows.
    pub public_identity_key: bool,
}

/// How many unmapped codes a report lists.
const UNMAPPED_SHOWN: usize = 10;

/// Reads an export folder into the data folder.
///
/// # Errors
///
/// When the folder has no export files, or reading or writing fails. Bad data
/// is never an error: it becomes issues.
pub fn pull(
    rulebook: &Rulebook,
    data: &mut DataFolder,
    options: &PullOptions<'_>,
) -> Result<PullReport, StepError> {
    let (files, ignored_files) = export_files(options.from)?;
    let pulls = data.ledger.pulls()?;
    if pulls.iter().any(|pull| pull.facts_fingerprint != rulebook.facts_fingerprint) {
        return Err(StepError::OtherFacts);
    }
    let id = pulls.last().map_or(1, |pull| pull.id + 1);
    let key = data.identity_key(options.key.clone())?;
    let public_identity_key = key == IdentityKey::PUBLIC;
    let reading = Reading::new(rulebook, key, options.source).map_err(StepError::TimeZone)?;
    let reader = Reader {
        rulebook,
        reading: reading.for_pull(id),
        today: options.today,
        earlier: earlier_submissions(rulebook, data)?,
        pull: id,
    };
    let mut harvest = Harvest::default();
    for file in &files {
        read_file(&reader, file, options.threads, &mut harvest)?;
    }
    finish(data, &mut harvest, id)?;
    let mut report = report(&harvest, id, options, ignored_files);
    report.public_identity_key = public_identity_key;
    commit(rulebook, data, options, &harvest, &report)?;
    Ok(report)
}

/// Export files, and the names of the others, both sorted by name.
fn export_files(folder: &Path) -> Result<(Vec<PathBuf>, Vec<String>), StepError> {
    let mut files = Vec::new();
    let mut others = Vec::new();
    for entry in fs::read_dir(folder).map_err(StepError::io("list", folder))? {
        let entry = entry.map_err(StepError::io("list", folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if is_export_file(&name) {
            files.push(entry.path());
        } else {
            others.push(name);
        }
    }
    files.sort();
    others.sort();
    if files.is_empty() {
        return Err(StepError::NothingToPull(folder.to_path_buf()));
    }
    Ok((files, others))
}

/// Submissions of earlier pulls: when one comes again and yields nothing, its old facts must go.
fn earlier_submissions(
    rulebook: &Rulebook,
    data: &DataFolder,
) -> Result<HashSet<SubmissionId>, StepError> {
    let mut earlier = HashSet::new();
    for path in data.store.files(Table::Facts)? {
        FactStream::open(&rulebook.catalogue, &path, None)?.submissions(&mut earlier)?;
    }
    Ok(earlier)
}

/// What reading a line needs.
struct Reader<'r> {
    rulebook: &'r Rulebook,
    reading: Reading<'r>,
    today: Date,
    earlier: HashSet<SubmissionId>,
    pull: u32,
}

/// What was read so far.
#[derive(Default)]
struct Harvest {
    counts: LineCounts,
    entries: Vec<PatientEntry>,
    facts: Vec<(ResidentId, Fact)>,
    issues: Vec<IssueRow>,
    quarantined: Vec<Quarantined>,
    unmapped: HashMap<Unmapped, u64>,
    /// The first line of each resident met, to find those who are not on the register.
    subjects: HashMap<ResidentId, (Arc<str>, u64)>,
    slices: Vec<SliceReport>,
}

impl Harvest {
    fn absorb(&mut self, other: Self) {
        self.counts.add(other.counts);
        self.entries.extend(other.entries);
        self.facts.extend(other.facts);
        self.issues.extend(other.issues);
        self.quarantined.extend(other.quarantined);
        for (code, n) in other.unmapped {
            *self.unmapped.entry(code).or_default() += n;
        }
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
fn read_file(
    reader: &Reader<'_>,
    path: &Path,
    threads: usize,
    harvest: &mut Harvest,
) -> Result<(), StepError> {
    let name: Arc<str> =
        path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default().into();
    let mut lines = Lines::open(path).map_err(StepError::io("open", path))?;
    let read_before = harvest.counts.read;
    let threads = threads.max(1);
    let (send, receive) = sync_channel::<Block>(threads);
    // One channel end for all workers: each takes the next block that is ready.
    let receive = std::sync::Mutex::new(receive);
    let found: Vec<(Harvest, bool)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let mut own = Harvest::default();
                    let mut cut_off = false;
                    loop {
                        let next = receive.lock().expect("no worker panics while it waits").recv();
                        let Ok(block) = next else { return (own, cut_off) };
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
        workers.into_iter().map(|worker| worker.join().expect("reading a line never panics")).collect()
    });
    let mut cut_off = false;
    for (own, own_cut_off) in found {
        harvest.absorb(own);
        cut_off |= own_cut_off;
    }
    if let FileEnd::CutOff(reason) = lines.end() {
        cut_off = true;
        harvest.issues.push(reader.issue_row(
            &name,
            0,
            None,
            Issue::reading(IssueCode::CutOff, "", "a file that can be read to its end").with_saw(reason),
        ));
    }
    harvest.slices.push(SliceReport {
        file: name.to_string(),
        lines: harvest.counts.read - read_before,
        is_whole: !cut_off,
    });
    Ok(())
}

impl Reader<'_> {
    fn issue_row(&self, file: &str, line: u64, resident: Option<ResidentId>, issue: Issue) -> IssueRow {
        IssueRow {
            pull: self.pull,
            file: file.to_owned(),
            line,
            code: issue.code,
            resident,
            at: issue.at,
            saw: issue.saw,
            expected: issue.expected,
            hint: issue.hint,
        }
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
            raw: zstd::bulk::compress(line.bytes, 1).unwrap_or_default(),
        });
        let resident = salvage_subject(line.bytes).map(|id| self.reading.resident(id));
        harvest.issues.push(self.issue_row(file, line.number, resident, issue));
        cut_off
    }

    fn resource(
        &self,
        file: &Arc<str>,
        line: u64,
        resource: Resource<'_>,
        harvest: &mut Harvest,
    ) {
        match resource {
            Resource::OtherType(name) => {
                harvest.counts.other_type += 1;
                let code = Unmapped { resource_type: name, system: String::new(), code: String::new() };
                *harvest.unmapped.entry(code).or_default() += 1;
            }
            Resource::Register(mut entry) => {
                harvest.counts.register += 1;
                for issue in std::mem::take(&mut entry.issues) {
                    harvest.issues.push(self.issue_row(file, line, Some(entry.resident), issue));
                }
                harvest.entries.push(*entry);
            }
            Resource::Statements { resource_type, resident, submissions, first_code } => {
                let mut facts: Vec<Fact> = Vec::new();
                let mut issues = Vec::new();
                for submission in &submissions {
                    let intake = intake::admit(self.rulebook, self.today, submission);
                    facts.extend(intake.facts);
                    issues.extend(intake.issues);
                }
                let taken_back = facts.iter().all(|fact| fact.value == FactValue::Withdrawn);
                let (has_facts, has_issues) = (!facts.is_empty(), !issues.is_empty());
                let counts = &mut harvest.counts;
                match (has_facts, has_issues) {
                    (true, _) if taken_back => counts.withdrawn += 1,
                    (true, _) => counts.facts += 1,
                    (false, true) => counts.set_aside += 1,
                    (false, false) => {
                        counts.unmapped += 1;
                        let code = first_code.unwrap_or(Unmapped {
                            resource_type: resource_type.to_owned(),
                            system: String::new(),
                            code: String::new(),
                        });
                        *harvest.unmapped.entry(code).or_default() += 1;
                    }
                }
                // The source changed a statement into one that says nothing here: the old
                // facts of it must not live on.
                if let Some(first) = submissions.first()
                    && !has_facts
                    && self.earlier.contains(&first.id)
                {
                    facts.push(Fact {
                        id: FactId(0),
                        value: FactValue::Withdrawn,
                        effective: Date::MIN,
                        until: None,
                        recorded: Recorded::AsEffective,
                        standing: first.standing,
                        submission: first.id,
                        part: 0,
                        version: first.version,
                    });
                }
                if !facts.is_empty() {
                    let place = (Arc::clone(file), line);
                    harvest.subjects.entry(resident).or_insert(place);
                }
                harvest.facts.extend(facts.into_iter().map(|fact| (resident, fact)));
                let rows = issues.into_iter();
                harvest
                    .issues
                    .extend(rows.map(|issue| self.issue_row(file, line, Some(resident), issue)));
            }
        }
    }
}

/// Sorts, removes repetitions, and finds what only the whole shows.
fn finish(data: &DataFolder, harvest: &mut Harvest, pull: u32) -> Result<(), StepError> {
    let whole = |code, resident, at: &str, expected: &str| IssueRow {
        pull,
        file: String::new(),
        line: 0,
        code,
        resident: Some(resident),
        at: at.to_owned(),
        saw: String::new(),
        expected: expected.to_owned(),
        hint: None,
    };
    harvest.facts.sort_unstable_by_key(|(resident, f)| {
        (*resident, f.submission, f.version, f.part, f.id)
    });
    harvest.facts.dedup();
    for pair in harvest.facts.windows(2) {
        let ((resident, a), (_, b)) = (pair[0], pair[1]);
        let same_time = a.submission == b.submission && a.version.updated == b.version.updated;
        if same_time && a.version.digest != b.version.digest {
            harvest.issues.push(whole(
                IssueCode::SameIdDifferentContent,
                resident,
                "meta.lastUpdated",
                "a time that tells which version is newer",
            ));
        }
    }
    harvest.entries.sort_by(|a, b| (a.resident, a.version).cmp(&(b.resident, b.version)));
    harvest.entries.dedup_by(|a, b| (a.resident, a.version) == (b.resident, b.version));
    for pair in harvest.entries.windows(2) {
        let same_time = pair[0].resident == pair[1].resident
            && pair[0].version.updated == pair[1].version.updated;
        if same_time {
            harvest.issues.push(whole(
                IssueCode::SameIdDifferentContent,
                pair[0].resident,
                "Patient.meta.lastUpdated",
                "a time that tells which version is newer",
            ));
        }
    }
    find_unknown_subjects(data, harvest, pull)?;
    find_shared_identifiers(data, harvest, pull)?;
    harvest.issues.sort();
    harvest.issues.dedup();
    Ok(())
}

fn find_unknown_subjects(
    data: &DataFolder,
    harvest: &mut Harvest,
    pull: u32,
) -> Result<(), StepError> {
    let mut known: HashSet<ResidentId> = harvest.entries.iter().map(|entry| entry.resident).collect();
    known.extend(data.store.register(None)?.iter().map(|row| row.resident));
    for (resident, (file, line)) in &harvest.subjects {
        if !known.contains(resident) {
            harvest.issues.push(IssueRow {
                pull,
                file: file.to_string(),
                line: *line,
                code: IssueCode::SubjectUnknown,
                resident: Some(*resident),
                at: "subject".to_owned(),
                saw: String::new(),
                expected: "a Patient in this or an earlier pull".to_owned(),
                hint: None,
            });
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
            holders.entry(&national_id.value).or_default().push(entry.resident);
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
    harvest.issues.extend(shared.into_iter().map(|resident| IssueRow {
        pull,
        file: String::new(),
        line: 0,
        code: IssueCode::NationalIdShared,
        resident: Some(resident),
        at: "Patient.identifier".to_owned(),
        saw: String::new(),
        expected: "one entry a person".to_owned(),
        hint: None,
    }));
    Ok(())
}

fn unmapped_rows(harvest: &Harvest) -> Vec<(String, String, String, u64)> {
    let mut rows: Vec<_> = harvest
        .unmapped
        .iter()
        .map(|(code, n)| (code.resource_type.clone(), code.system.clone(), code.code.clone(), *n))
        .collect();
    rows.sort_by(|a, b| b.3.cmp(&a.3).then_with(|| a.cmp(b)));
    rows
}

fn report(
    harvest: &Harvest,
    id: u32,
    options: &PullOptions<'_>,
    ignored_files: Vec<String>,
) -> PullReport {
    let mut issues: BTreeMap<String, u64> = BTreeMap::new();
    for issue in &harvest.issues {
        *issues.entry(issue.code.name().to_owned()).or_default() += 1;
    }
    let mut residents: Vec<ResidentId> = harvest.entries.iter().map(|entry| entry.resident).collect();
    residents.dedup();
    let mut unmapped = unmapped_rows(harvest);
    unmapped.truncate(UNMAPPED_SHOWN);
    PullReport {
        id,
        source: options.source.to_owned(),
        is_complete: harvest.slices.iter().all(|slice| slice.is_whole),
        lines: harvest.counts,
        facts: harvest.facts.len() as u64,
        residents: residents.len() as u64,
        issues,
        unmapped,
        slices: harvest.slices.clone(),
        ignored_files,
        public_identity_key: false,
    }
}

fn commit(
    rulebook: &Rulebook,
    data: &mut DataFolder,
    options: &PullOptions<'_>,
    harvest: &Harvest,
    report: &PullReport,
) -> Result<(), StepError> {
    let source: Arc<str> = options.source.into();
    let register: Vec<RegisterRow> = harvest
        .entries
        .iter()
        .map(|entry| RegisterRow {
            resident: entry.resident,
            source: Arc::clone(&source),
            version: entry.version,
            register: entry.register,
            district: entry.district.clone(),
            language: entry.language.clone(),
        })
        .collect();
    let identities: Vec<Identity> = harvest
        .entries
        .iter()
        .map(|entry| Identity {
            resident: entry.resident,
            source: options.source.to_owned(),
            patient_id: entry.patient_id.clone(),
            national_id: entry.national_id.as_ref().map(|id| (id.value.clone(), id.is_valid)),
            non_disclosure: entry.non_disclosure,
        })
        .collect();
    let staged = [
        data.store.stage_facts(&rulebook.catalogue, &harvest.facts)?,
        data.store.stage_register(&register)?,
        data.store.stage_issues(&harvest.issues)?,
    ];
    let record = PullRecord {
        id: report.id,
        source: options.source.to_owned(),
        at: options.at.clone(),
        facts_fingerprint: rulebook.facts_fingerprint.clone(),
        is_complete: report.is_complete,
        report: serde_json::to_string(report).expect("a report has no maps with odd keys"),
    };
    let generation = data.ledger.commit_pull(&PullCommit {
        record: &record,
        files: &staged.map(|staged| staged.file),
        identities: &identities,
        quarantined: &harvest.quarantined,
        unmapped: &unmapped_rows(harvest),
    })?;
    data.publish(generation)
}
