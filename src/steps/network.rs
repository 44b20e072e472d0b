//! What a pull over the network says about itself, and what the next one builds on.

use serde::{Deserialize, Serialize};

use super::harvest::{Harvest, Reader, withdrawal};
use super::waiting::{FactRow, Owner, Said};
use super::{DataFolder, PullReport, StepError};
use crate::fhir::{Deletion, IdentityKey};
use crate::intake::{Issue, IssueCode};
use crate::ledger::PullRecord;
use crate::profile::Version;
use crate::rulebook::Rulebook;

/// How an export came over the network.
///
/// It is part of the pull's record, written in the transaction that stores the facts: so the
/// watermark is never ahead of them, whenever the program is killed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkReport {
    /// The export's name among all that were ever asked for.
    pub job: String,
    /// FHIR base address.
    pub server: String,
    /// The group.
    pub group: String,
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

/// Whether a pull could be stored: looked at before a server is asked to export for days.
///
/// # Errors
///
/// When the folder's facts belong to other rules or its identities to another key.
pub fn ready_to_pull(
    rulebook: &Rulebook,
    data: &DataFolder,
    key: Option<&IdentityKey>,
) -> Result<(), StepError> {
    let fits = |pull: &PullRecord| pull.facts_fingerprint == rulebook.facts_fingerprint;
    if !data.ledger.pulls()?.iter().all(fits) {
        return Err(StepError::OtherFacts);
    }
    match (key, data.identity_key_on_record()?) {
        (Some(given), Some(stored)) if *given != stored => Err(StepError::OtherKey),
        _ => Ok(()),
    }
}

impl DataFolder {
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
        let mut whole = pulls.filter(|(report, network)| {
            report.source == source
                && network.server == server
                && network.group == group
                && types.iter().all(|kind| network.types.contains(kind))
                && report.is_complete
        });
        Ok(whole.next().map(|(_, network)| network.transaction_time))
    }
}

impl Reader<'_> {
    /// Adds what the export says about itself: what is missing becomes an issue, what was deleted
    /// is taken back.
    pub(super) fn about_the_export(
        &self,
        network: &NetworkReport,
        deleted: &[Deletion],
        harvest: &mut Harvest,
    ) -> Result<(), StepError> {
        for kind in &network.incomplete {
            let expected = "everything that was asked for";
            let issue = Issue::reading(IssueCode::CutOff, kind.as_str(), expected);
            let row = self.issue_row("manifest", 0, None, issue);
            harvest.issues.push(row, &self.spill)?;
        }
        for Deletion { resource_type, id } in deleted {
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
        Ok(())
    }
}
