//! Failed source: what is noted of a source that was to be pulled and was not.

use super::pull::PullReport;
use super::{DataFolder, NetworkReport, PullWay, StepError};
use crate::config::{People, SourceTerms};
use crate::fhir::TYPES_READ;
use crate::ledger::{PullCommit, PullRecord};
use crate::rulebook::Rulebook;

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

/// Notes that a source told nothing when it was asked: whom it tells about stay undetermined until all
/// of it comes, since what it would have said could make another decision of theirs.
///
/// Of the register that is everybody; of a source beside it everybody who was ever linked to it and, while
/// it has never come, everybody. Gives the number of the pull that says so; `None` for a register where
/// nothing was ever pulled: there is nobody who could wait.
///
/// # Errors
///
/// When the folder's facts belong to other rules, the source was something else to the programme, or the
/// ledger cannot be read or written.
pub fn source_failed(
    rulebook: &Rulebook,
    data: &mut DataFolder,
    failed: &FailedSource<'_>,
) -> Result<Option<u32>, StepError> {
    let terms = (failed.source, failed.terms);
    super::ready_to_pull(rulebook, data, None, terms)?;
    let pulls = data.ledger.pulls()?;
    if pulls.is_empty() && failed.terms.people == People::Register {
        return Ok(None);
    }
    let last = pulls.last().map_or(0, |pull| pull.id);
    let mut newest_first = pulls.iter().rev();
    let of_source = newest_first.find(|pull| pull.source == failed.source);
    let of_source =
        of_source.and_then(|pull| serde_json::from_str::<PullReport>(&pull.report).ok());
    let report = PullReport {
        id: last + 1,
        source: failed.source.to_owned(),
        terms: failed.terms,
        // Of whom something was missing before, it is missing still.
        undetermined: of_source.map_or_else(Vec::new, |report| report.undetermined),
        network: Some(NetworkReport {
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
        }),
        ..PullReport::default()
    };
    let record = PullRecord {
        id: report.id,
        source: failed.source.to_owned(),
        at: failed.at.clone(),
        facts_fingerprint: rulebook.facts_fingerprint.clone(),
        report: report.to_text(),
    };
    let commit = PullCommit::of(&record);
    let nothing = (std::iter::empty(), std::iter::empty());
    let generation = data.ledger.commit_pull(&commit, nothing.0, nothing.1)?;
    data.publish(generation)?;
    Ok(Some(record.id))
}
