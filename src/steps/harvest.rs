//! Harvest: what reading an export brings in, line by line.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Mutex;
use std::thread;

use jiff::civil::Date;

use super::StepError;
use super::earlier::Earlier;
use super::links::Links;
use super::pull::{LineCounts, SliceReport};
use super::returning::Whereabouts;
use super::unmapped::UnmappedCounts;
use super::waiting::{FactRow, Owner};
use crate::fhir::{
    Block, CODE_BEARING, FileEnd, Filter, LineNumbers, LinePlace, Lines, PatientEntry, ReadBy,
    Reading, Unmapped,
};
use crate::intake::{Issue, IssueCode};
use crate::lake::{IssueRow, LakeError, Sorter, SpillFile, Spool};
use crate::ledger::{Answer, EntryLink, LeftOrder, Quarantined, StaysAway};
use crate::profile::{
    Fact, FactId, FactValue, Recorded, ResidentId, Standing, SubmissionId, Version,
};
use crate::rulebook::Rulebook;

/// What reading a line needs.
pub(super) struct Reader<'r> {
    pub(super) rulebook: &'r Rulebook,
    pub(super) reading: Reading<'r>,
    pub(super) today: Date,
    /// Orders that have left, in the order of their numbers.
    pub(super) left_orders: Vec<LeftOrder>,
    /// Entries that have said something about others of the same person.
    pub(super) linked_before: BTreeSet<ResidentId>,
    /// Residents of the source of whom something was missing before.
    pub(super) undetermined: BTreeSet<ResidentId>,
    /// The resource types that this source was ever asked for over the network.
    pub(super) asked_for: BTreeSet<String>,
    /// Whether the export holds only what changed.
    pub(super) is_of_changes: bool,
    /// Submissions of earlier pulls and whom they were about.
    pub(super) earlier: Earlier,
    /// Residents who were erased, and until when they stay away.
    pub(super) erased: BTreeMap<ResidentId, StaysAway>,
    /// Residents whom the source calls by names of its own, where it is beside the register.
    pub(super) links: Links,
    pub(super) pull: u32,
    /// Lets lines of no interest pass; without it every line is parsed.
    pub(super) filter: Option<Filter>,
    pub(super) read_by: ReadBy,
    pub(super) threads: usize,
    /// Where rows wait until everything is read.
    pub(super) spill: SpillFile,
    /// The names of the files, in order.
    pub(super) files: Vec<String>,
}

/// How many rows of each kind wait in memory, in all threads together; the rest waits on disk.
const FACTS_IN_MEMORY: usize = 1 << 16;
const OWNERS_IN_MEMORY: usize = 1 << 16;
const ENTRIES_IN_MEMORY: usize = 1 << 14;
const ISSUES_IN_MEMORY: usize = 1 << 14;
/// Different codes of lines that were not parsed, before they are counted with the others.
const GLANCED_IN_MEMORY: usize = 1 << 12;
/// Lines set aside can be long.
const QUARANTINED_IN_MEMORY: usize = 32;

/// What was read so far: by one thread, or by all.
pub(super) struct Harvest {
    pub(super) counts: LineCounts,
    pub(super) entries: Sorter<PatientEntry>,
    pub(super) facts: Sorter<FactRow>,
    pub(super) owners: Sorter<Owner>,
    pub(super) issues: Sorter<IssueRow>,
    pub(super) quarantined: Sorter<Quarantined>,
    /// How many of these do not even say whom they are about.
    pub(super) unreadable: u64,
    pub(super) unmapped: UnmappedCounts,
    /// Lines whose code says what they are about, and those of them that the rules understand.
    pub(super) bearing: u64,
    pub(super) mapped: u64,
    pub(super) slices: Vec<SliceReport>,
    /// How many lines each file has up to each of its blocks.
    pub(super) line_numbers: HashMap<String, LineNumbers>,
    /// By what lines are known that were not parsed, of each file.
    pub(super) passed_over: Vec<(usize, Spool)>,
    /// By what lines are known that said something.
    pub(super) spoken: Vec<Spool>,
    /// Submissions that earlier pulls have stored about somebody else.
    pub(super) moved: BTreeSet<SubmissionId>,
    /// Deleted submissions of which nothing is stored, and when the source said so.
    pub(super) deleted: Vec<(SubmissionId, Version)>,
    /// What entries say about others of the same person, and in which version: of those that say or have
    /// said something.
    pub(super) entry_links: BTreeMap<ResidentId, (Version, BTreeSet<EntryLink>)>,
    /// Of those who stay away until they return: in which version of their entry, and where it says that
    /// they are.
    pub(super) away: BTreeMap<ResidentId, (Version, Whereabouts)>,
    /// What results say about the orders that they name.
    pub(super) answers: BTreeSet<Answer>,
    /// Resource types of the file being read.
    types: BTreeSet<String>,
    /// Lines of each block of the file being read.
    n_lines: Vec<(u32, u32)>,
    /// As `unmapped`, of lines that were not parsed, by all three texts in one.
    glanced: HashMap<String, (Unmapped, u64)>,
    key: String,
}

/// The place of a line as a number, in the order of lines; 0 is no line.
pub(super) fn place_number(place: LinePlace) -> u64 {
    u64::from(place.block) << 32 | (u64::from(place.line) + 1)
}

/// The line in its file, from 1, of a place as a number; 0 for none.
pub(super) fn line_number(place: u64, lines: Option<&LineNumbers>) -> u64 {
    let half = |number: u64| u32::try_from(number & u64::from(u32::MAX)).unwrap_or_default();
    let Some(line) = half(place).checked_sub(1) else {
        return 0;
    };
    let block = half(place >> 32);
    lines.map_or(0, |lines| lines.number(LinePlace { block, line }))
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
    /// With room for the share of one of so many threads.
    pub(super) fn new(threads: usize) -> Self {
        Self {
            counts: LineCounts::default(),
            entries: Sorter::new(ENTRIES_IN_MEMORY / threads),
            facts: Sorter::new(FACTS_IN_MEMORY / threads),
            owners: Sorter::new(OWNERS_IN_MEMORY / threads),
            issues: Sorter::new(ISSUES_IN_MEMORY / threads),
            quarantined: Sorter::new(QUARANTINED_IN_MEMORY / threads),
            unreadable: 0,
            unmapped: UnmappedCounts::default(),
            bearing: 0,
            mapped: 0,
            slices: Vec::new(),
            line_numbers: HashMap::new(),
            passed_over: Vec::new(),
            spoken: Vec::new(),
            moved: BTreeSet::new(),
            deleted: Vec::new(),
            entry_links: BTreeMap::new(),
            away: BTreeMap::new(),
            answers: BTreeSet::new(),
            types: BTreeSet::new(),
            n_lines: Vec::new(),
            glanced: HashMap::new(),
            key: String::new(),
        }
    }

    fn absorb(&mut self, other: Self, spill: &SpillFile) -> Result<(), LakeError> {
        self.counts.add(other.counts);
        self.entries.absorb(other.entries, spill)?;
        self.facts.absorb(other.facts, spill)?;
        self.owners.absorb(other.owners, spill)?;
        self.issues.absorb(other.issues, spill)?;
        self.quarantined.absorb(other.quarantined, spill)?;
        self.types.extend(other.types);
        self.n_lines.extend(other.n_lines);
        for (n, mut spool) in other.passed_over {
            spool.flush(spill)?;
            self.passed_over.push((n, spool));
        }
        self.moved.extend(other.moved);
        self.deleted.extend(other.deleted);
        self.answers.extend(other.answers);
        for (resident, (version, links)) in other.entry_links {
            self.note_links(resident, version, links);
        }
        for (resident, (version, is)) in other.away {
            self.note_away(resident, version, is);
        }
        for mut spool in other.spoken {
            spool.flush(spill)?;
            self.spoken.push(spool);
        }
        self.unmapped.absorb(other.unmapped);
        self.unreadable += other.unreadable;
        self.bearing += other.bearing;
        self.mapped += other.mapped;
        for (code, n) in other.glanced.into_values() {
            self.unmapped.add_many(code, n);
        }
        Ok(())
    }

    /// Notes what an entry says about others, unless a newer version of it has said something.
    pub(super) fn note_links(
        &mut self,
        resident: ResidentId,
        version: Version,
        links: BTreeSet<EntryLink>,
    ) {
        let known = self.entry_links.get(&resident);
        if known.is_none_or(|(newest, _)| *newest <= version) {
            self.entry_links.insert(resident, (version, links));
        }
    }

    pub(super) fn note_type(&mut self, kind: &str) {
        if !self.types.contains(kind) {
            self.types.insert(kind.to_owned());
        }
    }

    /// Counts the code of a line that was not parsed, and could not matter.
    pub(super) fn count_glanced(&mut self, resource_type: &str, system: &str, code: &str) {
        self.bearing += u64::from(bears_codes(resource_type));
        self.key.clear();
        for part in [resource_type, "\0", system, "\0", code] {
            self.key.push_str(part);
        }
        match self.glanced.get_mut(&self.key) {
            Some((_, n)) => *n += 1,
            None => {
                if GLANCED_IN_MEMORY <= self.glanced.len() {
                    for (code, n) in std::mem::take(&mut self.glanced).into_values() {
                        self.unmapped.add_many(code, n);
                    }
                }
                let code = Unmapped {
                    resource_type: resource_type.to_owned(),
                    system: system.to_owned(),
                    code: code.to_owned(),
                };
                self.glanced.insert(self.key.clone(), (code, 1));
            }
        }
    }
}

/// Which file is being read.
#[derive(Clone, Copy)]
pub(super) struct Place<'f> {
    pub(super) file: u32,
    pub(super) name: &'f str,
    pub(super) line: LinePlace,
}

/// Reads one file with several threads. Each takes the next block when it is free; what they find
/// is put together in any order, since everything that depends on order is sorted afterwards.
pub(super) fn read_file(
    reader: &Reader<'_>,
    n: usize,
    path: &Path,
    harvest: &mut Harvest,
) -> Result<(), StepError> {
    let name = &reader.files[n];
    let lines = Lines::open_by(path, reader.read_by).map_err(StepError::io("open", path))?;
    let lines = Mutex::new(lines);
    let read_before = harvest.counts.read;
    let found: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..reader.threads)
            .map(|_| scope.spawn(|| reader.read_blocks(n, &lines)))
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().expect("reading a line never panics"))
            .collect()
    });
    let mut cut_off = false;
    for found in found {
        let (own, own_cut_off) = found?;
        harvest.absorb(own, &reader.spill)?;
        cut_off |= own_cut_off;
    }
    let end = lines.into_inner().expect("no worker panics").end();
    if let FileEnd::CutOff(reason) = end {
        cut_off = true;
        let expected = "a file that can be read to its end";
        let issue = Issue::reading(IssueCode::CutOff, "", expected).with_saw(reason);
        let row = reader.issue_row(name, 0, None, issue);
        harvest.issues.push(row, &reader.spill)?;
    }
    let numbers = LineNumbers::new(std::mem::take(&mut harvest.n_lines));
    harvest.line_numbers.insert(name.clone(), numbers);
    harvest.slices.push(SliceReport {
        file: name.clone(),
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

    /// Reads blocks until there are none; says whether the file seems to be cut off in the last.
    fn read_blocks(&self, n: usize, lines: &Mutex<Lines>) -> Result<(Harvest, bool), LakeError> {
        let file = u32::try_from(n).expect("there are not so many files");
        let mut own = Harvest::new(self.threads);
        own.passed_over.push((n, Spool::new()));
        own.spoken.push(Spool::new());
        let mut block = Block::default();
        let mut cut_off = false;
        loop {
            let more = {
                let mut lines = lines.lock().expect("no worker panics while it reads");
                lines.next_block(&mut block)
            };
            if !more {
                return Ok((own, cut_off));
            }
            let mut n_lines = 0;
            for line in block.all_lines() {
                n_lines += 1;
                if !line.bytes.is_empty() {
                    let place = Place {
                        file,
                        name: &self.files[n],
                        line: line.place,
                    };
                    cut_off |= self.line(place, line, &mut own)?;
                }
            }
            own.n_lines.push((block.number(), n_lines));
        }
    }
}
