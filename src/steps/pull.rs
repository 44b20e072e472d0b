//! Pull: an export folder becomes facts, register entries and issues.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::answered::orders_named;
use super::earlier::Earlier;
use super::harvest::{Harvest, Reader, line_number, read_file};
use super::links::{Links, has_facts};
use super::network::NetworkReport;
use super::second_look::look_again;
use super::sources::same_terms;
use super::unmapped::{Before, CodesReport};
use super::waiting::FactRow;
use super::whole::{Finished, finish};
use super::{DataFolder, StepError, persons};
use crate::config::{BY_HAND, SourceTerms, Trust};
use crate::fhir::{Deletion, Filter, IdentityKey, ReadBy, Reading, Unmapped, is_export_file};
use crate::intake::IssueCode;
use crate::lake::{IssueRow, LakeError, RegisterRow, Sorter, Staged};
use crate::ledger::{Identity, PullCommit, PullRecord, Quarantined};
use crate::profile::ResidentId;
use crate::rulebook::{LaboratoryId, Rulebook};

/// How lines are read; both give the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LineReader {
    /// Lines of no interest pass a filter of the rule book's codes and are not parsed.
    #[default]
    Filtered,
    /// Every line is parsed: what the other is held against.
    Reference,
}

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
    /// How lines are read.
    pub reader: LineReader,
    /// How files are read from the disk.
    pub read_by: ReadBy,
    /// The day of the pull: later dates are in the future.
    pub today: Date,
    /// The instant of the pull (UTC), for people.
    pub at: String,
    /// The laboratory whose results these are, by its name in the rules, unless they name another.
    pub laboratory: Option<&'a str>,
    /// What the source is to the programme.
    pub terms: SourceTerms,
    /// How the files came over the network; none from a folder.
    pub network: Option<&'a NetworkReport>,
    /// What the source says that it has deleted.
    pub deleted: &'a [Deletion],
    /// `Patient.id`s of residents of whom something could not be read.
    pub lacking: &'a [String],
}

/// Lines by what became of them; they add up to the lines read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineCounts {
    /// Lines read, blank ones not counted.
    pub read: u64,
    /// Entries of the register.
    pub register: u64,
    /// Lines that yielded facts.
    pub facts: u64,
    /// Lines that took an earlier statement back.
    pub withdrawn: u64,
    /// Lines that say what an earlier pull has stored.
    #[serde(default)]
    pub unchanged: u64,
    /// Lines whose codes no rule speaks of.
    pub unmapped: u64,
    /// Lines of resource types that are not used.
    pub other_type: u64,
    /// Lines set aside with an issue.
    pub set_aside: u64,
}

impl LineCounts {
    pub(super) fn add(&mut self, other: Self) {
        self.read += other.read;
        self.register += other.register;
        self.facts += other.facts;
        self.withdrawn += other.withdrawn;
        self.unchanged += other.unchanged;
        self.unmapped += other.unmapped;
        self.other_type += other.other_type;
        self.set_aside += other.set_aside;
    }
}

/// One export file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SliceReport {
    /// Its name, without folder.
    pub file: String,
    /// Lines read.
    pub lines: u64,
    /// Whether it was read to its end.
    pub is_whole: bool,
    /// Resource types in it; none when it is cut off before its first line.
    pub types: Vec<String>,
}

/// What a pull did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullReport {
    /// Its number.
    pub id: u32,
    /// Which source.
    pub source: String,
    /// What it is to the programme; the register, unless something else is said.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub terms: SourceTerms,
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
    /// What of the codes the rules understand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codes: Option<CodesReport>,
    /// The laboratory whose results these are, unless they name another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub laboratory: Option<String>,
    /// The files.
    pub slices: Vec<SliceReport>,
    /// Files in the folder that are no export files.
    pub ignored_files: Vec<String>,
    /// Opaque ids of residents of this source of whom something is missing after this pull, while the
    /// rest of it is whole: deleted at the source, not readable one by one, or new in what changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undetermined: Vec<String>,
    /// Whether identities were made with the key that everybody knows.
    pub public_identity_key: bool,
    /// How the files came over the network; none from a folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkReport>,
}

fn is_usual(terms: &SourceTerms) -> bool {
    *terms == SourceTerms::default()
}

impl PullReport {
    /// As the ledger keeps it.
    pub(super) fn to_text(&self) -> String {
        serde_json::to_string(self).expect("a report has no maps with odd keys")
    }

    /// Whether it says that the source could not be pulled.
    pub(super) fn is_of_nothing(&self) -> bool {
        let network = self.network.as_ref();
        network.is_some_and(NetworkReport::is_of_nothing)
    }

    /// Residents of whom something is missing.
    pub(super) fn residents_undetermined(&self) -> BTreeSet<ResidentId> {
        let ids = self.undetermined.iter();
        ids.filter_map(|id| ResidentId::parse(id)).collect()
    }
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
    let (files, ignored_files) = match export_files(options.from) {
        // A server may have nothing to say about a group.
        Err(StepError::NothingToPull(_)) if options.network.is_some() => Default::default(),
        listed => listed?,
    };
    if options.source == BY_HAND {
        return Err(StepError::ByHand);
    }
    let pulls = data.ledger.pulls()?;
    if pulls
        .iter()
        .any(|pull| pull.facts_fingerprint != rulebook.facts_fingerprint)
    {
        return Err(StepError::OtherFacts);
    }
    same_terms(&pulls, options.source, options.terms)?;
    let id = pulls.last().map_or(1, |pull| pull.id + 1);
    let key = data.identity_key(options.key.clone())?;
    let public_identity_key = key == IdentityKey::PUBLIC;
    let laboratory = laboratory(rulebook, options)?;
    let reading = Reading::new(rulebook, key, options.source).map_err(StepError::TimeZone)?;
    let reading = reading
        .at_laboratory(laboratory)
        .told_by_residents(options.terms.trust == Trust::Resident);
    let has_facts = has_facts(&pulls, options.source);
    let links = Links::of(&reading, (data, has_facts), rulebook, options, &files)?;
    let left = data.ledger.left_orders()?;
    let orders = orders_named(&left, links.are_of_the_register());
    let reading = reading.linked_by(links.ids()).answering(orders);
    let name = |path: &PathBuf| {
        path.file_name()
            .map(|name| name.to_string_lossy().into_owned())
    };
    let (undetermined, asked_for) = left_before(&pulls, options.source);
    let mut reader = Reader {
        undetermined,
        asked_for,
        is_of_changes: options
            .network
            .is_some_and(|network| network.since.is_some()),
        left_orders: left,
        linked_before: data.ledger.entry_links(u32::MAX)?.into_keys().collect(),
        rulebook,
        reading: reading.for_pull(id, options.today),
        today: options.today,
        earlier: Earlier::of(rulebook, data)?,
        erased: data.ledger.erased()?,
        links,
        pull: id,
        filter: match options.reader {
            LineReader::Filtered => Some(Filter::new(rulebook)),
            LineReader::Reference => None,
        },
        read_by: options.read_by,
        threads: options.threads.max(1),
        spill: data.store.spill_file()?,
        files: files
            .iter()
            .map(|path| name(path).unwrap_or_default())
            .collect(),
    };
    let mut harvest = Harvest::new(1);
    for (n, file) in files.iter().enumerate() {
        read_file(&reader, n, file, &mut harvest)?;
    }
    look_again(&reader, &files, &mut harvest)?;
    let mut missed = BTreeSet::new();
    if let Some(network) = options.network {
        missed = reader.about_the_export(network, options, data, &mut harvest)?;
    }
    let mut finished = finish(&mut reader, data, options.source, &mut harvest)?;
    finished.n_residents += reader.links.n_told();
    let mut report = report(&harvest, &finished, id, options, ignored_files);
    reader.nobody_came(&mut report, &mut harvest)?;
    reader.too_much_is_unreadable(&mut report, &mut harvest)?;
    let mut seen = finished.seen.clone();
    if !reader.links.are_of_the_register() {
        seen = (reader.links).seen(&reader.undetermined, reader.is_of_changes);
    }
    reader.left_undetermined(&mut report, missed, seen);
    report.public_identity_key = public_identity_key;
    let before = before(data, &pulls, options.source)?;
    let seen = (harvest.bearing, harvest.mapped);
    let limits = rulebook.catalogue.vocabulary.limits;
    report.codes = Some(harvest.unmapped.report(limits, seen, before.as_ref()));
    commit(&reader, data, options, (harvest, &finished), &mut report)?;
    persons::settle(data, options.today)?;
    Ok(report)
}

/// The export files of a folder, and the names of the others, both sorted by name.
///
/// # Errors
///
/// When the folder cannot be listed, or holds no export file.
pub fn export_files(folder: &Path) -> Result<(Vec<PathBuf>, Vec<String>), StepError> {
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

/// What the pull before of the same source counted.
fn before(
    data: &DataFolder,
    pulls: &[PullRecord],
    source: &str,
) -> Result<Option<Before>, StepError> {
    let Some((pull, bearing, is_whole_list)) = Before::of(pulls, source) else {
        return Ok(None);
    };
    let rows = data.ledger.unmapped(pull.id)?.into_iter();
    let counts = rows.map(|(resource_type, system, code, n)| {
        let code = Unmapped {
            resource_type,
            system,
            code,
        };
        (code, n)
    });
    Ok(Some(Before {
        bearing,
        is_whole_list,
        counts: counts.collect(),
    }))
}

/// The laboratory of a source, by its name in the rules.
fn laboratory(
    rulebook: &Rulebook,
    options: &PullOptions<'_>,
) -> Result<Option<LaboratoryId>, StepError> {
    let Some(name) = options.laboratory else {
        return Ok(None);
    };
    let vocabulary = &rulebook.catalogue.vocabulary;
    let found = vocabulary.laboratory(name);
    if found.is_none() {
        let known: Vec<&str> = vocabulary.laboratories.iter().map(|l| &*l.id).collect();
        let hint = format!("known: {}", known.join(", "));
        return Err(StepError::UnknownLaboratory(name.to_owned(), hint));
    }
    Ok(found)
}

/// The report without its issues, which are counted as they are written.
fn report(
    harvest: &Harvest,
    finished: &Finished,
    id: u32,
    options: &PullOptions<'_>,
    ignored_files: Vec<String>,
) -> PullReport {
    let mut unmapped = harvest.unmapped.rows();
    unmapped.truncate(UNMAPPED_SHOWN);
    PullReport {
        id,
        source: options.source.to_owned(),
        terms: options.terms,
        is_complete: harvest.slices.iter().all(|slice| slice.is_whole)
            && options
                .network
                .is_none_or(|network| network.incomplete.is_empty() && options.lacking.is_empty()),
        lines: harvest.counts,
        facts: finished.facts.len(),
        residents: finished.n_residents,
        issues: BTreeMap::new(),
        unmapped,
        codes: None,
        laboratory: options.laboratory.map(str::to_owned),
        slices: harvest.slices.clone(),
        ignored_files,
        undetermined: Vec::new(),
        public_identity_key: false,
        network: options.network.cloned(),
    }
}

/// Writes everything into the lake, then commits it in the ledger, then shows it to readers.
fn commit(
    reader: &Reader<'_>,
    data: &mut DataFolder,
    options: &PullOptions<'_>,
    (mut harvest, finished): (Harvest, &Finished),
    report: &mut PullReport,
) -> Result<(), StepError> {
    let spill = &reader.spill;
    let committed = data.generation.as_ref().map_or(&[][..], |g| &g.files);
    let rows = finished.facts.rows::<FactRow>(spill);
    let rows = rows.map(|row| row.map(|row| (row.resident, row.fact)));
    let facts = data.store.stage_facts(
        &reader.rulebook.catalogue,
        committed,
        finished.facts.len(),
        rows,
    )?;
    let rows = finished.register.rows::<RegisterRow>(spill);
    let register = data
        .store
        .stage_register(committed, finished.register.len(), rows)?;
    let issues = stage_issues(reader, data, &mut harvest, report)?;
    let staged = [facts.staged, register.staged, issues];
    let replaced = [facts.replaced, register.replaced].concat();
    let record = PullRecord {
        id: report.id,
        source: options.source.to_owned(),
        at: options.at.clone(),
        facts_fingerprint: reader.rulebook.facts_fingerprint.clone(),
        report: report.to_text(),
    };
    let unmapped = harvest.unmapped.rows();
    let mut quarantined = harvest.quarantined.sorted(spill)?;
    let quarantined = std::iter::from_fn(|| quarantined.next().transpose());
    let quarantined = quarantined.map(|row: Result<Quarantined, LakeError>| {
        let row = row?;
        let line = line_number(row.line, harvest.line_numbers.get(&row.file));
        Ok(Quarantined { line, ..row })
    });
    let files = staged.map(|staged| staged.file);
    data.send(&files)?;
    let entry_links = std::mem::take(&mut harvest.entry_links).into_iter();
    let entry_links = entry_links.map(|(resident, (_, links))| (resident, links));
    let generation = data.ledger.commit_pull(
        &PullCommit {
            files: &files,
            replaced: &replaced,
            unmapped: &unmapped,
            deleted: &harvest.deleted,
            links: &reader.links.new,
            entry_links: Some(&entry_links.collect()),
            returned: &finished.returned,
            answers: &harvest.answers.iter().copied().collect::<Vec<_>>(),
            ..PullCommit::of(&record)
        },
        finished.identities.rows::<Identity>(spill),
        quarantined,
    )?;
    data.publish(generation)
}

/// Of whom something was missing after the newest pull of a source, and the resource types that it was
/// ever asked for over the network.
fn left_before(pulls: &[PullRecord], source: &str) -> (BTreeSet<ResidentId>, BTreeSet<String>) {
    let of_source = pulls.iter().filter(|pull| pull.source == source);
    let reports: Vec<Option<PullReport>> = of_source
        .map(|pull| serde_json::from_str(&pull.report).ok())
        .collect();
    let newest = reports.last().and_then(Option::as_ref);
    let undetermined = newest.map_or_else(BTreeSet::new, PullReport::residents_undetermined);
    let networks = reports.into_iter().flatten();
    let networks = networks.filter_map(|report| report.network);
    (
        undetermined,
        networks.flat_map(|network| network.types).collect(),
    )
}

/// Writes the issues, each once, and counts them by code.
fn stage_issues(
    reader: &Reader<'_>,
    data: &DataFolder,
    harvest: &mut Harvest,
    report: &mut PullReport,
) -> Result<Staged, StepError> {
    let issues = std::mem::replace(&mut harvest.issues, Sorter::new(1));
    let mut issues = issues.sorted(&reader.spill)?;
    let mut last: Option<IssueRow> = None;
    let rows = std::iter::from_fn(|| {
        loop {
            let mut row = match issues.next() {
                Ok(row) => row?,
                Err(error) => return Some(Err(error)),
            };
            let is_erased = row
                .resident
                .is_some_and(|who| reader.erased.contains_key(&who));
            if is_erased && row.code != IssueCode::ErasedResident {
                continue;
            }
            row.line = line_number(row.line, harvest.line_numbers.get(&row.file));
            if last.as_ref() == Some(&row) {
                continue;
            }
            last = Some(row.clone());
            let n = report.issues.entry(row.code.name().to_owned());
            *n.or_default() += 1;
            return Some(Ok(row));
        }
    });
    Ok(data.store.stage_issues(rows)?)
}
