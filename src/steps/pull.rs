//! Pull: an export folder becomes facts, register entries and issues.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::earlier::Earlier;
use super::harvest::{Harvest, Reader, read_file};
use super::network::NetworkReport;
use super::unchanged::{pass_over_known_entries, pass_over_known_facts};
use super::unmapped::{Before, CodesReport};
use super::whole::finish;
use super::{DataFolder, StepError};
use crate::fhir::{Deletion, IdentityKey, Reading, Unmapped, is_export_file};
use crate::lake::{RegisterRow, Words};
use crate::ledger::{Identity, PullCommit, PullRecord};
use crate::profile::ResidentId;
use crate::rulebook::{LaboratoryId, Rulebook};

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
    /// The laboratory whose results these are, by its name in the rules, unless they name another.
    pub laboratory: Option<&'a str>,
    /// How the files came over the network; none from a folder.
    pub network: Option<&'a NetworkReport>,
    /// What the source says that it has deleted.
    pub deleted: &'a [Deletion],
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Whether identities were made with the key that everybody knows.
    pub public_identity_key: bool,
    /// How the files came over the network; none from a folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkReport>,
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
    let pulls = data.ledger.pulls()?;
    if pulls
        .iter()
        .any(|pull| pull.facts_fingerprint != rulebook.facts_fingerprint)
    {
        return Err(StepError::OtherFacts);
    }
    let id = pulls.last().map_or(1, |pull| pull.id + 1);
    let key = data.identity_key(options.key.clone())?;
    let public_identity_key = key == IdentityKey::PUBLIC;
    let laboratory = laboratory(rulebook, options)?;
    let reading = Reading::new(rulebook, key, options.source).map_err(StepError::TimeZone)?;
    let reading = reading.at_laboratory(laboratory);
    let reader = Reader {
        rulebook,
        reading: reading.for_pull(id, options.today),
        today: options.today,
        earlier: Earlier::of(rulebook, data)?,
        pull: id,
    };
    let mut harvest = Harvest::default();
    for file in &files {
        read_file(&reader, file, options.threads, &mut harvest)?;
    }
    if let Some(network) = options.network {
        reader.about_the_export(network, options.deleted, &mut harvest);
    }
    finish(data, &mut harvest, id)?;
    let register = register_rows(options.source, &harvest);
    let register = pass_over_known_entries(data, &mut harvest, &register)?;
    pass_over_known_facts(rulebook, data, &mut harvest)?;
    let mut report = report(&harvest, id, options, ignored_files);
    report.public_identity_key = public_identity_key;
    let before = before(data, &pulls, options.source)?;
    let seen = (harvest.bearing, harvest.mapped);
    let limits = rulebook.catalogue.vocabulary.limits;
    report.codes = Some(harvest.unmapped.report(limits, seen, before.as_ref()));
    commit(rulebook, data, options, (harvest, register), &report)?;
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
    let mut residents: Vec<ResidentId> =
        harvest.entries.iter().map(|entry| entry.resident).collect();
    residents.dedup();
    let mut unmapped = harvest.unmapped.rows();
    unmapped.truncate(UNMAPPED_SHOWN);
    PullReport {
        id,
        source: options.source.to_owned(),
        is_complete: harvest.slices.iter().all(|slice| slice.is_whole)
            && options
                .network
                .is_none_or(|network| network.incomplete.is_empty()),
        lines: harvest.counts,
        facts: harvest.facts.len() as u64,
        residents: residents.len() as u64,
        issues,
        unmapped,
        codes: None,
        laboratory: options.laboratory.map(str::to_owned),
        slices: harvest.slices.clone(),
        ignored_files,
        public_identity_key: false,
        network: options.network.cloned(),
    }
}

fn register_rows(source: &str, harvest: &Harvest) -> Vec<RegisterRow> {
    let source: Arc<str> = source.into();
    let mut words = Words::default();
    let mut shared = |word: &Option<String>| word.as_deref().map(|word| words.shared(word));
    let rows = harvest.entries.iter().map(|entry| RegisterRow {
        resident: entry.resident,
        source: Arc::clone(&source),
        version: entry.version,
        register: entry.register,
        district: shared(&entry.district),
        language: shared(&entry.language),
    });
    rows.collect()
}

fn commit(
    rulebook: &Rulebook,
    data: &mut DataFolder,
    options: &PullOptions<'_>,
    (mut harvest, register): (Harvest, Vec<RegisterRow>),
    report: &PullReport,
) -> Result<(), StepError> {
    let committed = data.generation.as_ref().map_or(&[][..], |g| &g.files);
    let facts = data
        .store
        .stage_facts(&rulebook.catalogue, committed, &harvest.facts)?;
    // What is on disk now need not stay in memory while people and lines are written down.
    drop(std::mem::take(&mut harvest.facts));
    let register = data.store.stage_register(committed, register)?;
    let issues = data.store.stage_issues(&harvest.issues)?;
    let staged = [facts.staged, register.staged, issues];
    let replaced = [facts.replaced, register.replaced].concat();
    let identities: Vec<Identity> = std::mem::take(&mut harvest.entries)
        .into_iter()
        .map(|entry| Identity {
            resident: entry.resident,
            patient_id: entry.patient_id,
            national_id: entry.national_id.map(|id| (id.value, id.is_valid)),
            non_disclosure: entry.non_disclosure,
        })
        .collect();
    let record = PullRecord {
        id: report.id,
        source: options.source.to_owned(),
        at: options.at.clone(),
        facts_fingerprint: rulebook.facts_fingerprint.clone(),
        report: serde_json::to_string(report).expect("a report has no maps with odd keys"),
    };
    let generation = data.ledger.commit_pull(&PullCommit {
        record: &record,
        files: &staged.map(|staged| staged.file),
        replaced: &replaced,
        identities: &identities,
        quarantined: &harvest.quarantined,
        unmapped: &harvest.unmapped.rows(),
    })?;
    data.publish(generation)
}
