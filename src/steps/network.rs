//! What a pull over the network says about itself, and what the next one builds on.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::harvest::{Harvest, Reader, withdrawal};
use super::sources::same_terms;
use super::waiting::{FactRow, Owner, Said};
use super::whole::Seen;
use super::{DataFolder, PullOptions, PullReport, StepError};
use crate::config::SourceTerms;
use crate::fhir::{Deletion, IdentityKey};
use crate::intake::{Issue, IssueCode};
use crate::ledger::PullRecord;
use crate::profile::{ResidentId, Version};
use crate::rulebook::Rulebook;

/// Lines that may be unreadable in any pull over the network, and one in how many in a large one.
const MOST_UNREADABLE: u64 = 20;
const UNREADABLE_SHARE: u64 = 1_000;

/// How data are asked for over the network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PullWay {
    /// By bulk export of a group.
    #[default]
    Export,
    /// By reading and searching, resident by resident.
    Crawl,
}

/// How an export came over the network.
///
/// It is part of the pull's record, written in the transaction that stores the facts: so the
/// watermark is never ahead of them, whenever the program is killed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkReport {
    /// The export's name among all that were ever asked for.
    pub job: String,
    /// How the data were asked for.
    #[serde(default)]
    pub way: PullWay,
    /// FHIR base address.
    pub server: String,
    /// The group.
    pub group: String,
    /// A digest of the list of residents who were read; none when the group said who they are.
    #[serde(default)]
    pub listed: Option<String>,
    /// The resource types that were asked for.
    pub types: Vec<String>,
    /// Only what changed after this was asked for; none when everything was.
    pub since: Option<String>,
    /// The server's clock when the export was taken.
    pub transaction_time: String,
    /// Resource types of which something may be missing.
    pub incomplete: Vec<String>,
    /// What the server has to say about the export, in lines.
    pub outcomes: u64,
    /// Of these, how many speak of something that went wrong.
    pub errors: u64,
    /// The first of them.
    pub error: Option<String>,
    /// Resources that the source says it has deleted.
    pub deleted: u64,
}

impl NetworkReport {
    /// Whether it says that the source could not be pulled: then nothing was asked for to its end.
    #[must_use]
    pub fn is_of_nothing(&self) -> bool {
        self.types.is_empty()
    }
}

/// Whether a pull could be stored: looked at before a server is asked to export for days.
///
/// # Errors
///
/// When the folder's facts belong to other rules, its identities to another key, or the source was
/// something else to the programme.
pub fn ready_to_pull(
    rulebook: &Rulebook,
    data: &DataFolder,
    key: Option<&IdentityKey>,
    (source, terms): (&str, SourceTerms),
) -> Result<(), StepError> {
    let pulls = data.ledger.pulls()?;
    let fits = |pull: &PullRecord| pull.facts_fingerprint == rulebook.facts_fingerprint;
    if !pulls.iter().all(fits) {
        return Err(StepError::OtherFacts);
    }
    same_terms(&pulls, source, terms)?;
    match (key, data.identity_key_on_record()?) {
        (Some(given), Some(stored)) if *given != stored => Err(StepError::OtherKey),
        _ => Ok(()),
    }
}

/// What is known of a slice: a group of a source at a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SliceKnown {
    /// What the source is called.
    pub source: String,
    /// FHIR base address.
    pub server: String,
    /// The group.
    pub group: String,
    /// The newest pull of it.
    pub pull: u32,
    /// How that one asked.
    pub way: PullWay,
    /// Whether that one brought nothing: the source could not be pulled.
    pub failed: bool,
    /// The server's clock up to which everything is known; none when no pull lacked nothing.
    pub watermark: Option<String>,
    /// Resource types that the newest pull lacked.
    pub incomplete: Vec<String>,
    /// Residents of the source of whom something is missing, while the rest of it is whole.
    pub undetermined: u64,
}

impl DataFolder {
    /// What is known of each slice, in the order of their names.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn slices(&self) -> Result<Vec<SliceKnown>, StepError> {
        let mut slices: BTreeMap<[String; 3], SliceKnown> = BTreeMap::new();
        for (report, network) in self.network_pulls()? {
            let name = [
                report.source.clone(),
                network.server.clone(),
                network.group.clone(),
            ];
            let before = slices.get(&name).and_then(|slice| slice.watermark.clone());
            let own = known_up_to(&report, &network);
            let failed = network.is_of_nothing();
            let slice = SliceKnown {
                source: report.source,
                server: network.server,
                group: network.group,
                pull: report.id,
                way: network.way,
                failed,
                watermark: own.or(before),
                incomplete: network.incomplete,
                undetermined: report.undetermined.len() as u64,
            };
            slices.insert(name, slice);
        }
        Ok(slices.into_values().collect())
    }

    fn network_pulls(&self) -> Result<Vec<(PullReport, NetworkReport)>, StepError> {
        let reports = self.ledger.pulls()?.into_iter().filter_map(|pull| {
            let report: PullReport = serde_json::from_str(&pull.report).ok()?;
            let network = report.network.clone()?;
            Some((report, network))
        });
        Ok(reports.collect())
    }

    /// The report of the pull that stored an export, if one did.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn pull_of(&self, job: &str) -> Result<Option<PullReport>, StepError> {
        let mut pulls = self.network_pulls()?.into_iter();
        let found = pulls.find(|(_, network)| network.job == job);
        Ok(found.map(|(report, _)| report))
    }

    /// Up to when everything of these types about a group is known: the server's clock at its newest
    /// pull that asked for all of them and lacked nothing.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn watermark(
        &self,
        source: &str,
        (server, group): (&str, &str),
        types: &[String],
    ) -> Result<Option<String>, StepError> {
        let pulls = self.network_pulls()?.into_iter().rev();
        // What another server exported, or what was not asked for then, is not known up to then.
        let mut of_these = pulls.filter(|(report, network)| {
            report.source == source
                && network.server == server
                && network.group == group
                && types.iter().all(|kind| network.types.contains(kind))
        });
        Ok(of_these.find_map(|(report, network)| known_up_to(&report, &network)))
    }
}

/// Up to when a pull has made everything it asked for known. A crawl without the clock of the server
/// says nothing of the kind, nor does one of residents on a list, nor what lacked something.
fn known_up_to(report: &PullReport, network: &NetworkReport) -> Option<String> {
    let at = &network.transaction_time;
    let is_known = report.is_complete && network.listed.is_none() && !at.is_empty();
    is_known.then(|| at.clone())
}

impl Reader<'_> {
    /// Adds what the export says about itself: what is missing becomes an issue, what was deleted
    /// is taken back. Gives back of whom something is missing.
    pub(super) fn about_the_export(
        &self,
        network: &NetworkReport,
        options: &PullOptions<'_>,
        data: &DataFolder,
        harvest: &mut Harvest,
    ) -> Result<BTreeSet<ResidentId>, StepError> {
        for kind in &network.incomplete {
            self.is_missing(kind, None, harvest)?;
        }
        let mut missed = BTreeSet::new();
        for patient_id in options.lacking {
            let resident = self.reading.resident(patient_id);
            self.is_missing("", Some(resident), harvest)?;
            missed.insert(resident);
        }
        for Deletion { resource_type, id } in options.deleted {
            if resource_type == "Patient" {
                missed.extend(self.without_entry(id, data, harvest)?);
                continue;
            }
            let (submission, version) =
                self.reading
                    .deletion(resource_type, id, &network.transaction_time);
            let Some(known) = self.earlier.known(submission) else {
                // An older version may still come: then it is taken back.
                let owner = Owner {
                    submission,
                    version,
                    said: Said::Withdrawn,
                    resident: None,
                };
                harvest.owners.push(owner, &self.spill)?;
                harvest.deleted.push((submission, version));
                continue;
            };
            // Of statements without dates the newest pull tells what is so: one that comes back counts.
            let updated = if known.is_dated {
                version.updated
            } else {
                i64::MIN
            };
            let row = FactRow {
                resident: known.resident,
                fact: withdrawal(submission, Version { updated, ..version }),
                place: None,
                counts_as_withdrawn: false,
            };
            self.add(vec![row], harvest)?;
        }
        Ok(missed)
    }

    /// Notes that something of a resource type is missing, of one resident or of all.
    fn is_missing(
        &self,
        kind: &str,
        resident: Option<ResidentId>,
        harvest: &mut Harvest,
    ) -> Result<(), StepError> {
        let issue = Issue::reading(IssueCode::CutOff, kind, "everything that was asked for");
        let row = self.issue_row("manifest", 0, resident, issue);
        harvest.issues.push(row, &self.spill)?;
        Ok(())
    }

    /// Somebody whose entry the source has deleted stays on the register: merged into another entry,
    /// erased or deleted by mistake, nobody knows. Nothing is decided about them until a person has
    /// found out, or the entry is back.
    fn without_entry(
        &self,
        patient_id: &str,
        data: &DataFolder,
        harvest: &mut Harvest,
    ) -> Result<Option<ResidentId>, StepError> {
        let resident = self.reading.resident(patient_id);
        if data.store.register(Some(resident))?.is_empty() {
            return Ok(None);
        }
        let expected = "an entry: was it merged into another one, erased, or deleted by mistake?";
        let issue = Issue::reading(IssueCode::PatientDeleted, "Patient", expected);
        let row = self.issue_row("manifest", 0, Some(resident), issue);
        harvest.issues.push(row, &self.spill)?;
        Ok(Some(resident))
    }

    /// More lines than an accident explains cannot be read, and nobody knows about whom they are:
    /// it is as if they had not come.
    pub(super) fn too_much_is_unreadable(
        &self,
        report: &mut PullReport,
        harvest: &mut Harvest,
    ) -> Result<(), StepError> {
        let is_too_much = MOST_UNREADABLE < harvest.unreadable
            && harvest.counts.read < UNREADABLE_SHARE * harvest.unreadable;
        let Some(network) = report.network.as_mut().filter(|_| is_too_much) else {
            return Ok(());
        };
        for kind in network.types.clone() {
            self.lacks(kind, network, harvest)?;
        }
        report.is_complete = false;
        Ok(())
    }

    /// Notes once that a resource type did not come whole.
    fn lacks(
        &self,
        kind: String,
        network: &mut NetworkReport,
        harvest: &mut Harvest,
    ) -> Result<(), StepError> {
        if !network.incomplete.contains(&kind) {
            self.is_missing(&kind, None, harvest)?;
            network.incomplete.push(kind);
        }
        Ok(())
    }

    /// An export of everything in which nobody is: a filter that the server has misunderstood, or a
    /// group that it has lost. It does not say that there are no residents.
    pub(super) fn nobody_came(
        &self,
        report: &mut PullReport,
        harvest: &mut Harvest,
    ) -> Result<(), StepError> {
        let nobody = report.residents == 0;
        let Some(network) = &mut report.network else {
            return Ok(());
        };
        let kind = "Patient".to_owned();
        let is_everything = network.since.is_none() && network.types.contains(&kind);
        if nobody && is_everything {
            self.lacks(kind, network, harvest)?;
            report.is_complete = false;
        }
        Ok(())
    }

    /// Notes of whom something is missing after this pull: who was missing before and has not come
    /// with everything since, and who is missing now.
    pub(super) fn left_undetermined(
        &self,
        report: &mut PullReport,
        missed: BTreeSet<ResidentId>,
        seen: Seen,
    ) {
        // A folder does not say what was asked for: only who was asked about everything has come with everything.
        let is_everything = report.slices.iter().all(|slice| slice.is_whole)
            && (report.network.as_ref()).is_some_and(|network| {
                let mut asked = self.asked_for.iter();
                network.since.is_none()
                    && network.incomplete.is_empty()
                    && asked.all(|kind| network.types.contains(kind))
            });
        let mut left = self.undetermined.clone();
        if is_everything {
            left.retain(|resident| !seen.again.contains(resident));
        }
        left.extend(missed);
        if !is_everything {
            left.extend(seen.new);
        }
        left.retain(|resident| !self.erased.contains_key(resident));
        report.undetermined = left.iter().map(ResidentId::to_string).collect();
    }
}
