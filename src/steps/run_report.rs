//! What a run reports, and how it is counted while decisions pass.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::acting::ActReport;
use super::in_force::{InForce, Shared};
use super::not_answered::NotAnsweredReport;
use super::run::RunOptions;
use super::sources::Sources;
use super::{FaultyReport, OverLimit, PullReport, SamplingReport};
use crate::lake::{DecisionRow, DecisionsHash};
use crate::ledger::PullRecord;
use crate::pathway::{Decision, Followed, ReasonVerdict, Stage};
use crate::profile::ResidentId;
use crate::report::Offers;
use crate::rulebook::{Rulebook, State, Status};

/// Which rules decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulebookReport {
    /// Id of the programme.
    pub id: String,
    /// Its version.
    pub version: String,
    /// `draft` or `in-force`.
    pub status: String,
    /// SHA-256 over the files of the programme's rule book.
    pub fingerprint: String,
    /// Model and its version.
    pub model: String,
    /// Calibration and its version.
    pub calibration: String,
    /// Numbers in the rules that nobody has verified.
    pub unverified: usize,
}

/// By which recalibration a share of residents was decided about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedModelReport {
    /// Its number.
    pub recalibration: u32,
    /// The share, in units of 1e-9.
    pub share_e9: u32,
    /// The calibration, by name.
    pub calibration: String,
    /// How many residents of the register.
    pub residents: u64,
}

impl SharedModelReport {
    pub(super) fn of(in_force: &InForce, residents: &[ResidentId]) -> Option<Self> {
        let Shared { rulebook, lot } = in_force.shared.as_ref()?;
        let within = residents.iter().filter(|resident| lot.holds(**resident));
        Some(Self {
            recalibration: lot.recalibration,
            share_e9: lot.share.billionths(),
            calibration: rulebook.calibration.name(),
            residents: within.count() as u64,
        })
    }
}

/// Which data were decided on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullSummary {
    /// The pull the run saw.
    pub id: u32,
    /// Whether the newest pull of every source was read to its end.
    pub is_complete: bool,
    /// Lines of all pulls, by what became of them.
    pub lines: u64,
    /// Facts of all pulls.
    pub facts: u64,
}

/// What a run decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunReport {
    /// Its number.
    pub run: u32,
    /// The day profiles were taken.
    pub index_date: String,
    /// Residents on the register.
    pub register: u64,
    /// Residents by state, in the words of the programme; every state of the closed list is named, and they
    /// add up to `register`.
    pub states: BTreeMap<String, u64>,
    /// Residents by the pathway row that decided.
    pub rows: BTreeMap<String, u64>,
    /// Reviews opened for professionals, by pathway row.
    pub reviews: BTreeMap<String, u64>,
    /// Residents whose record contradicts itself, by the pathway row that says how.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub contradictions: BTreeMap<String, u64>,
    /// Residents whose exclusion should be looked at again, by pathway row.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub exclusions_due: BTreeMap<String, u64>,
    /// Residents with a result that waits for a professional, by the row of the confirmation table.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub to_confirm: BTreeMap<String, u64>,
    /// Offers of the lifestyle service that stand, by what was told of them; they add up to the residents
    /// whose newest round stands at an offer.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub offers: BTreeMap<String, u64>,
    /// Sources of which too much that could matter is not understood: a run that acts refuses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unmapped_over_limit: Vec<OverLimit>,
    /// Who did not answer after a reminder, by district, age and language, without small numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_answered: Option<NotAnsweredReport>,
    /// Issues by code, of all pulls seen.
    pub issues: BTreeMap<String, u64>,
    /// Facts about people who are not on the register; named by the issue `subject-unknown`.
    pub facts_without_resident: u64,
    /// Which rules decided.
    pub rulebook: RulebookReport,
    /// Rules of it that were marked faulty by then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faulty: Vec<FaultyReport>,
    /// By which recalibration a share of residents was decided about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared_model: Option<SharedModelReport>,
    /// Which data were decided on.
    pub pull: PullSummary,
    /// What was done to the world: nothing, unless a run is told to act.
    pub effects: String,
    /// How residents below the action level were drawn, when somebody has approved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampled_negatives: Option<SamplingReport>,
    /// What a run that acts asked of the world.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<ActReport>,
    /// SHA-256 over the canonical decisions, sorted by resident.
    pub decisions_hash: String,
}

/// Counts decisions as they pass.
#[derive(Default)]
pub(super) struct Tally {
    hash: DecisionsHash,
    states: BTreeMap<&'static str, u64>,
    rows: BTreeMap<Arc<str>, u64>,
    reviews: BTreeMap<String, u64>,
    contradictions: BTreeMap<String, u64>,
    exclusions_due: BTreeMap<String, u64>,
    to_confirm: BTreeMap<String, u64>,
    offers: Offers,
    pub(super) passed_over: u64,
    /// Who did not answer, in the order of the register.
    pub(super) not_answered: Vec<ResidentId>,
}

/// What a run counts of a decision beside what it stores: rows, by position.
#[derive(Debug, Default)]
pub(super) struct Told {
    contradictions: Vec<String>,
    due: Option<String>,
    confirm: Option<String>,
    stage: Option<Stage>,
}

impl Told {
    pub(super) fn of(rulebook: &Rulebook, followed: &Followed, decision: &Decision) -> Self {
        let id = |row: usize| rulebook.pathway.rows[row].id.clone();
        let held = decision.reasons.iter().filter(|reason| {
            reason.verdict == ReasonVerdict::Held && rulebook.pathway.rows[reason.row].contradiction
        });
        let table = rulebook.thresholds.confirmation.as_ref();
        let is_confirming = decision.state == State::Confirming;
        let confirming = decision.confirming.as_ref().filter(|_| is_confirming);
        Self {
            contradictions: held.map(|reason| id(reason.row)).collect(),
            due: decision.due_for_review.map(id),
            confirm: table
                .zip(confirming)
                .map(|(table, confirming)| table.rows[confirming.row].id.clone()),
            stage: followed
                .episode
                .as_ref()
                .map(|episode| episode.stage.clone()),
        }
    }
}

impl Tally {
    pub(super) fn add(&mut self, row: &DecisionRow, told: &Told) {
        for row in &told.contradictions {
            *self.contradictions.entry(row.clone()).or_default() += 1;
        }
        if let Some(row) = &told.due {
            *self.exclusions_due.entry(row.clone()).or_default() += 1;
        }
        if let Some(row) = &told.confirm {
            *self.to_confirm.entry(row.clone()).or_default() += 1;
        }
        if let Some(stage) = &told.stage {
            self.offers.count(stage);
        }
        if row.state == State::UndecidedNotAnswered.name() {
            self.not_answered.push(row.resident);
        }
        self.hash.add(row);
        *self.states.entry(row.state).or_default() += 1;
        *self.rows.entry(Arc::clone(&row.row)).or_default() += 1;
        for review in row
            .reviews
            .split(';')
            .filter_map(|review| review.split(':').next())
        {
            if !review.is_empty() {
                *self.reviews.entry(review.to_owned()).or_default() += 1;
            }
        }
    }

    pub(super) fn report(
        self,
        rulebook: &Rulebook,
        run: u32,
        options: &RunOptions<'_>,
        (pulls, sources): (&[PullRecord], &Sources),
        n_residents: usize,
    ) -> RunReport {
        let reports: Vec<PullReport> = pulls
            .iter()
            .filter_map(|pull| serde_json::from_str(&pull.report).ok())
            .collect();
        let mut issues: BTreeMap<String, u64> = BTreeMap::new();
        for (code, n) in reports.iter().flat_map(|report| &report.issues) {
            *issues.entry(code.clone()).or_default() += n;
        }
        let states = State::NAMES
            .iter()
            .map(|(name, state)| {
                (
                    rulebook.programme.words.state(*state).to_owned(),
                    self.states.get(name).copied().unwrap_or(0),
                )
            })
            .collect();
        RunReport {
            run,
            index_date: options.index_date.to_string(),
            register: n_residents as u64,
            states,
            rows: self
                .rows
                .into_iter()
                .map(|(row, n)| (row.to_string(), n))
                .collect(),
            reviews: self.reviews,
            contradictions: self.contradictions,
            exclusions_due: self.exclusions_due,
            to_confirm: self.to_confirm,
            offers: self.offers.shown(),
            unmapped_over_limit: Vec::new(),
            not_answered: None,
            issues,
            facts_without_resident: self.passed_over,
            rulebook: rulebook_report(rulebook),
            faulty: Vec::new(),
            shared_model: None,
            pull: PullSummary {
                id: pulls.last().map_or(0, |pull| pull.id),
                is_complete: sources.are_whole(),
                lines: reports.iter().map(|report| report.lines.read).sum(),
                facts: reports.iter().map(|report| report.facts).sum(),
            },
            effects: "none: nothing was sent to anybody".to_owned(),
            sampled_negatives: None,
            act: None,
            decisions_hash: self.hash.finish(),
        }
    }
}

impl RunReport {
    /// Adds what was asked of the world.
    pub(super) fn finish(&mut self, act: Option<ActReport>) {
        self.effects = match &act {
            None => return,
            Some(ActReport {
                stopped: Some(reason),
                ..
            }) => format!("stopped ({reason}): nobody is asked for anything"),
            Some(act) => format!(
                "{} orders planned, {} to be taken back; `preventio dispatch` delivers them",
                act.planned, act.cancelled
            ),
        };
        self.act = act;
    }

    /// Adds what would have been asked of the world.
    pub(super) fn rehearsed(&mut self, act: ActReport) {
        self.effects = format!(
            "none: {} orders would be planned, {} taken back; nothing is stored",
            act.planned, act.cancelled
        );
        self.act = Some(act);
    }
}

fn rulebook_report(rulebook: &Rulebook) -> RulebookReport {
    let named = |header: &crate::rulebook::Header| format!("{} {}", header.id, header.version);
    let programme = &rulebook.programme.header;
    RulebookReport {
        id: programme.id.clone(),
        version: programme.version.clone(),
        status: match programme.status {
            Status::Draft => "draft".to_owned(),
            Status::InForce => "in-force".to_owned(),
        },
        fingerprint: rulebook.fingerprint.clone(),
        model: named(&rulebook.model.header),
        calibration: rulebook.calibration.name(),
        unverified: rulebook.unverified_in_use().count(),
    }
}
