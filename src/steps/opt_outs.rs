//! Opt-outs by hand: what a resident has said to a person who puts it on record.
//!
//! It becomes a fact as a refusal that a source tells does: a pull of its own, of the source
//! [`BY_HAND`], with one statement. So whatever looks at facts sees it, from the next decision on, and what
//! earlier runs saw stays what it was. Who has put it on record, and why, is in the ledger.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use super::erase::on_register;
use super::pull::PullReport;
use super::{DataFolder, StepError};
use crate::config::{BY_HAND, People, SourceTerms};
use crate::ledger::{OptOut, OptOutChange, PullCommit, PullRecord};
use crate::profile::{Fact, FactValue, Recorded, ResidentId, Standing, Version};
use crate::rulebook::Rulebook;

/// Why nothing was put on record.
#[derive(Debug, thiserror::Error)]
pub enum NotOptedOut {
    /// The programme has no such fact.
    #[error(
        "the programme `{0}` names no fact for refusals\nhint: `opt_out` in its file under `programmes/`"
    )]
    NoFact(String),
    /// The same is on record.
    #[error(
        "{0} has put a refusal on record that holds from {1}\nhint: `preventio opt-out undo` ends it; then another can be put on record"
    )]
    Already(String, Date),
    /// Nothing is there to take back.
    #[error(
        "no refusal that holds was put on record by hand\nhint: one that a source tells is taken back there; `preventio explain` says who told it"
    )]
    NothingToUndo,
    /// It would end before it begins.
    #[error(
        "it would end on {until} and begin on {on}\nhint: `--until` is the first day on which they may be asked again"
    )]
    EndsFirst {
        /// The first day on which it holds.
        on: Date,
        /// The first day on which it does not hold any more.
        until: Date,
    },
}

/// A refusal that a person has put on record, or the end of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OptOutShown {
    /// Whose: the opaque id.
    pub resident: String,
    /// `opted-out` or `taken-back`.
    pub what: &'static str,
    /// The day from which on it holds.
    pub on: String,
    /// The first day on which it does not hold any more.
    pub until: Option<String>,
    /// Who has put it on record.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When (UTC).
    pub at: String,
}

impl From<OptOut> for OptOutShown {
    fn from(said: OptOut) -> Self {
        let until = match said.change {
            OptOutChange::Said { until } => until,
            OptOutChange::TakenBack => None,
        };
        Self {
            resident: said.resident.to_string(),
            what: said.what(),
            on: said.on.to_string(),
            until: until.map(|day| day.to_string()),
            by: said.by,
            reason: said.reason,
            at: said.at,
        }
    }
}

/// What a person puts on record, and when.
#[derive(Debug, Clone)]
pub struct OptOutAsked {
    /// What.
    pub change: OptOutChange,
    /// The day from which on it holds.
    pub on: Date,
    /// Who puts it on record.
    pub by: String,
    /// Why, in words that name nobody.
    pub reason: String,
    /// The instant.
    pub at: Timestamp,
}

/// Puts on record that a resident, named by the opaque id or by `Patient.id` of a source, does not want
/// the screening, or that what was put on record last does not hold any more.
///
/// # Errors
///
/// [`NotOptedOut`]; or when nobody or several people are called so, the facts belong to other rules, or
/// the ledger or the lake cannot be written. Then nothing is on record.
pub fn opt_out(
    rulebook: &Rulebook,
    data: &mut DataFolder,
    name: &str,
    asked: OptOutAsked,
) -> Result<OptOutShown, StepError> {
    let terms = SourceTerms {
        people: People::Linked,
        ..SourceTerms::default()
    };
    super::ready_to_pull(rulebook, data, None, (BY_HAND, terms))?;
    let programme = &rulebook.programme;
    let fact = programme.opt_out.as_deref();
    let fact = fact.and_then(|fact| rulebook.catalogue.find(fact));
    let fact = fact.ok_or_else(|| NotOptedOut::NoFact(programme.header.id.clone()))?;
    let resident = on_register(data, name)?;
    let before = data.ledger.opt_outs(Some(resident))?;
    let said = OptOut {
        resident,
        change: asked.change,
        on: asked.on,
        by: asked.by,
        reason: asked.reason,
        at: asked.at.to_string(),
    };
    let (on, until) = holds(&before, &said)?;
    let report = PullReport {
        id: data.ledger.pulls()?.last().map_or(1, |pull| pull.id + 1),
        source: BY_HAND.to_owned(),
        terms,
        is_complete: true,
        facts: 1,
        residents: 1,
        ..PullReport::default()
    };
    let n_said = before.iter().filter(|one| is_said(one)).count();
    let number = match said.change {
        OptOutChange::Said { .. } => n_said + 1,
        OptOutChange::TakenBack => n_said,
    };
    let key = data.identity_key(None)?;
    let statement = Fact {
        id: fact,
        value: FactValue::Present,
        effective: on,
        until,
        recorded: Recorded::On(said.on),
        standing: Standing::Established,
        submission: key.submission(BY_HAND, "Consent", &format!("{resident}/{number}")),
        part: 0,
        version: Version {
            updated: later_than(&before, asked.at),
            pull: report.id,
            digest: 0,
        },
    };
    commit(rulebook, data, &report, &said, statement)?;
    Ok(said.into())
}

const fn is_said(one: &OptOut) -> bool {
    matches!(one.change, OptOutChange::Said { .. })
}

/// From when until when the refusal holds that is put on record or ended.
fn holds(before: &[OptOut], said: &OptOut) -> Result<(Date, Option<Date>), NotOptedOut> {
    let standing = before.last().and_then(|last| match last.change {
        OptOutChange::Said { until } if until.is_none_or(|until| said.on < until) => Some(last),
        OptOutChange::Said { .. } | OptOutChange::TakenBack => None,
    });
    match (said.change, standing) {
        (OptOutChange::Said { .. }, Some(standing)) => {
            Err(NotOptedOut::Already(standing.by.clone(), standing.on))
        }
        (OptOutChange::Said { until: Some(until) }, None) if until <= said.on => {
            Err(NotOptedOut::EndsFirst { on: said.on, until })
        }
        (OptOutChange::Said { until }, None) => Ok((said.on, until)),
        (OptOutChange::TakenBack, Some(standing)) => Ok((standing.on, Some(said.on))),
        (OptOutChange::TakenBack, None) => Err(NotOptedOut::NothingToUndo),
    }
}

/// An instant in microseconds that comes after what was said before, whatever the clock says.
fn later_than(before: &[OptOut], at: Timestamp) -> i64 {
    let last = before.iter().filter_map(|one| one.at.parse().ok());
    let last = last.map(|at: Timestamp| at.as_microsecond() + 1).max();
    at.as_microsecond().max(last.unwrap_or(i64::MIN))
}

fn commit(
    rulebook: &Rulebook,
    data: &mut DataFolder,
    report: &PullReport,
    said: &OptOut,
    statement: Fact,
) -> Result<(), StepError> {
    let committed = data.generation.as_ref().map_or(&[][..], |g| &g.files);
    let row = std::iter::once(Ok((said.resident, statement)));
    let facts = data
        .store
        .stage_facts(&rulebook.catalogue, committed, 1, row)?;
    let record = PullRecord {
        id: report.id,
        source: BY_HAND.to_owned(),
        at: said.at.clone(),
        facts_fingerprint: rulebook.facts_fingerprint.clone(),
        report: report.to_text(),
    };
    let files = [facts.staged.file];
    data.send(&files)?;
    let commit = PullCommit {
        files: &files,
        replaced: &facts.replaced,
        by_hand: Some(said),
        ..PullCommit::of(&record)
    };
    let nothing = (std::iter::empty(), std::iter::empty());
    let generation = data.ledger.commit_pull(&commit, nothing.0, nothing.1)?;
    data.publish(generation)
}

impl DataFolder {
    /// Every refusal that a person has put on record or taken back, oldest first.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn opt_outs(&self) -> Result<Vec<OptOutShown>, StepError> {
        let all = self.ledger.opt_outs(None)?.into_iter();
        Ok(all.map(OptOutShown::from).collect())
    }
}

/// Who has put a refusal on record that holds on a day, and why; nothing when no person has.
pub(super) fn sentence(
    data: &DataFolder,
    resident: ResidentId,
    day: Date,
) -> Result<Option<String>, StepError> {
    let all = data.ledger.opt_outs(Some(resident))?;
    let mut by_then = all.into_iter().filter(|one| one.on <= day);
    Ok(by_then.next_back().and_then(|said| {
        let until = match said.change {
            OptOutChange::Said { until: None } => "without an end".to_owned(),
            OptOutChange::Said { until: Some(until) } if day < until => format!("until {until}"),
            OptOutChange::Said { until: Some(_) } | OptOutChange::TakenBack => return None,
        };
        Some(format!(
            "The refusal was put on record by {} on {}, {until}: {}\n",
            said.by, said.on, said.reason
        ))
    }))
}
