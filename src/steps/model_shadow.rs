//! Shadow: a proposed recalibration decides about everybody beside the calibration in force, and the
//! newest decisions with an outcome judge it. Nothing that it decides is stored, and nobody is asked.

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::civil::Date;
use sha2::{Digest, Sha256};

use super::cases::{language_of, tens_of_age};
use super::in_force::{InForce, Registry, in_force, model};
use super::learn::{FollowedCase, follow};
use super::model_document::{GateShown, MeansShown, ShadowDocument};
use super::rules_diff::{Counted, both_ways, told};
use super::{DataFolder, StepError};
use crate::lake::{DecisionRow, RegisterRow};
use crate::learning::{
    self, DatedCase, Gate, RegisterChange, ScoreBand, Tested, Update, all_pass, judge_register,
    score_bands,
};
use crate::ledger::{ModelShadow, RecalibrationRecord};
use crate::planning;
use crate::profile::ResidentId;
use crate::report::without_small_numbers;
use crate::rulebook::{Calibration, Rulebook};

/// When to look back from, and how.
#[derive(Debug, Clone)]
pub struct ShadowOptions {
    /// The day of looking back, and that of the profiles.
    pub today: Date,
    /// Worker threads; the answer does not depend on it.
    pub threads: usize,
    /// The instant of now (UTC), for people.
    pub at: String,
}

/// What was shown of a proposal, as it is on record.
pub struct ShadowReport {
    /// The number under which it is on record.
    pub shadow: u32,
    /// SHA-256 over the document.
    pub evidence: String,
    /// Everything that was found.
    pub document: ShadowDocument,
}

/// A proposal that can be tried, beside what is in force.
pub(super) struct Trying {
    pub(super) record: RecalibrationRecord,
    pub(super) proposed: Calibration,
    pub(super) in_force: InForce,
}

/// A proposal that fits the rules and what is in force, and that nobody has taken back.
pub(super) fn trying(rulebook: &Rulebook, data: &DataFolder, id: u32) -> Result<Trying, StepError> {
    let registry = Registry::of(data)?;
    let record = registry.called(id).cloned();
    let record = record.ok_or(StepError::UnknownProposal(id))?;
    if registry.is_rolled_back(id) {
        return Err(StepError::RolledBack(id));
    }
    let in_force = in_force(rulebook, data)?;
    let proposed = registry.calibrated(rulebook, id, &model(rulebook));
    let is_from = record.made_from == in_force.recalibration;
    match proposed.filter(|_| is_from) {
        Some(proposed) => Ok(Trying {
            record,
            proposed,
            in_force,
        }),
        None if in_force.recalibration == Some(id) => Err(StepError::InForceAlready(id)),
        None => Err(StepError::OutOfDate(id)),
    }
}

/// Runs a proposal beside the calibration in force on everybody, holds it against the newest outcomes, and
/// puts on record what was found.
///
/// # Errors
///
/// When there is no such proposal, it does not start from what is in force, the programme does not say
/// what a change must keep, or reading or writing fails.
///
/// # Panics
///
/// Never: what was found is written without maps, of which alone JSON could refuse the keys.
pub fn model_shadow(
    rulebook: &Rulebook,
    data: &mut DataFolder,
    id: u32,
    options: &ShadowOptions,
) -> Result<ShadowReport, StepError> {
    let limits = rulebook.programme.model_changes.as_ref();
    let limits = limits.ok_or(StepError::NoModelChanges)?;
    let Trying {
        record,
        proposed,
        in_force,
    } = trying(rulebook, data, id)?;
    let book = &in_force.rulebook;
    let followed = follow(book, data, (None, options.today))?;
    let register = data.store.register(None)?;
    let (model, action_level) = (&book.model, book.pathway.lowest_level());
    let update = Update {
        in_force: &book.calibration,
        proposed: &proposed,
        slope: record.slope,
        tested: Tested::of(&record.tested),
        fitted_until: record
            .fitted_until
            .as_ref()
            .and_then(|day| day.parse().ok()),
        model,
        action_level,
    };
    let dated = dated(&register, &followed.cases);
    let mut gates = learning::judge(&update, limits, &dated);
    let beside = Rulebook {
        calibration: proposed.clone(),
        ..book.clone()
    };
    let mut tally = Tally::new(score_bands(model, action_level));
    let when = (options.today, options.threads);
    let n_register = both_ways(data, [book, &beside], when, |entry, was, is| {
        tally.add(entry, was, is, options.today);
    })?;
    let change = tally.change(n_register);
    let asking = book.programme.asking.as_ref();
    let per_week = asking.map(|asking| asking.per_week);
    gates.extend(judge_register(limits, per_week, &change));
    let passed = all_pass(&gates);
    let document = ShadowDocument {
        proposal: id,
        in_force: book.calibration.name(),
        update: record.rung.clone(),
        intercept: record.intercept,
        slope: record.slope,
        fitted_until: record.fitted_until.clone(),
        as_of: options.today.to_string(),
        passed,
        gates: gates.iter().map(GateShown::from).collect(),
        register: n_register,
        changed: told(tally.counted.changed()),
        only_scores: told(tally.counted.only_scores),
        cohort_before: change.cohort_before,
        cohort_after: change.cohort_after,
        laboratory: change.laboratory,
        laboratory_per_week: limits.laboratory_per_week,
        questionnaires: change.questionnaires,
        questionnaires_per_week: per_week,
        means: tally.means(),
        gained: tally.counted.gained(),
    };
    let report = serde_json::to_string(&document).expect("a document has no maps with odd keys");
    let evidence = sha256(&report);
    let shadow = data.ledger.add_model_shadow(&ModelShadow {
        id: 0,
        recalibration: id,
        at: options.at.clone(),
        as_of: options.today.to_string(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        rules_fingerprint: rulebook.fingerprint.clone(),
        pull: data.ledger.newest_pull()?,
        ledger_event: followed.ledger_event,
        cases_hash: followed.hash(),
        passed,
        gates: gates.iter().map(line).collect(),
        evidence: evidence.clone(),
        report,
    })?;
    Ok(ShadowReport {
        shadow,
        evidence,
        document,
    })
}

/// A gate as it is signed.
fn line(gate: &Gate) -> String {
    format!("{} {}\n", gate.name.name(), gate.verdict.name())
}

/// 64 hexadecimal digits.
pub(super) fn sha256(text: &str) -> String {
    let mut digits = String::with_capacity(64);
    for byte in Sha256::digest(text.as_bytes()) {
        write!(digits, "{byte:02x}").expect("writing to a String cannot fail");
    }
    digits
}

/// Followed decisions with the groups of whom they are about; `register` is sorted by resident.
fn dated(register: &[RegisterRow], cases: &[FollowedCase]) -> Vec<DatedCase> {
    let of = |resident: ResidentId| {
        let found = register.binary_search_by_key(&resident, |row| row.resident);
        found.ok().and_then(|at| register.get(at))
    };
    let dated = cases.iter().filter(|one| one.case.stands_for_some());
    dated
        .filter_map(|one| {
            let (on, entry) = (one.index_date?, of(one.resident)?);
            Some(DatedCase {
                case: one.case,
                on,
                groups: [
                    entry.register.sex.name().to_owned(),
                    tens_of_age(&entry.register.birth, on),
                    language_of(entry).to_owned(),
                ],
            })
        })
        .collect()
}

/// Mean probabilities of some people by both calibrations.
#[derive(Default)]
struct Means {
    n: u64,
    /// Sums of the middle of each person's range, in units of 1e-9.
    sums: [f64; 2],
}

/// Everything that is counted while decisions pass.
struct Tally {
    bands: Vec<ScoreBand>,
    counted: Counted,
    laboratory: [u64; 2],
    questionnaires: [u64; 2],
    /// By what people are told apart, then by group. Who lives nowhere that may be known is in no district.
    means: BTreeMap<&'static str, BTreeMap<Option<String>, Means>>,
}

impl Tally {
    fn new(bands: Vec<ScoreBand>) -> Self {
        Self {
            bands,
            counted: Counted::default(),
            laboratory: [0; 2],
            questionnaires: [0; 2],
            means: BTreeMap::new(),
        }
    }

    fn add(&mut self, entry: &RegisterRow, was: &DecisionRow, is: &DecisionRow, on: Date) {
        self.counted.add(entry, was, is, on);
        for (n, row) in [was, is].into_iter().enumerate() {
            self.laboratory[n] += u64::from(row.next.starts_with("order-laboratory"));
            self.questionnaires[n] += u64::from(&*row.next == "ask");
        }
        let (Some(score), Some(before), Some(after)) = (is.score, was.probability, is.probability)
        else {
            return;
        };
        let band = self.bands.iter().find(|band| band.holds_middle(score));
        let groups = [
            ("score", band.map(|band| band.name.clone())),
            ("sex", Some(entry.register.sex.name().to_owned())),
            ("age", Some(tens_of_age(&entry.register.birth, on))),
            ("language", Some(language_of(entry).to_owned())),
            ("district", entry.district.as_deref().map(str::to_owned)),
        ];
        let middle = |(low, high): (u32, u32)| f64::midpoint(f64::from(low), f64::from(high));
        for (dimension, group) in groups {
            let means = self.means.entry(dimension).or_default();
            let of_group = means.entry(group).or_default();
            of_group.n += 1;
            of_group.sums[0] += middle(before);
            of_group.sums[1] += middle(after);
        }
    }

    /// To the ten below.
    fn change(&self, register: u64) -> RegisterChange {
        let [cohort_before, cohort_after] = self.counted.cohort.map(planning::told);
        RegisterChange {
            register,
            changed: planning::told(self.counted.changed()),
            cohort_before,
            cohort_after,
            laboratory: self.laboratory.map(planning::told),
            questionnaires: self.questionnaires.map(planning::told),
        }
    }

    /// Mean probabilities by group, without those of few people.
    fn means(&self) -> Vec<MeansShown> {
        let mut shown = Vec::new();
        for (by, groups) in &self.means {
            let counts: Vec<u64> = groups.values().map(|means| means.n).collect();
            let never_told = groups.keys().position(Option::is_none);
            let Some(told) = without_small_numbers(&counts, never_told) else {
                continue;
            };
            for ((name, means), told) in groups.iter().zip(told) {
                // A mean of few people says much about each.
                let told = told.map(planning::told).filter(|n| 0 < *n);
                if let (Some(name), Some(residents)) = (name, told) {
                    let mean = |sum: f64| (sum / means.n as f64 / 1e5).round() / 1e4;
                    shown.push(MeansShown {
                        by: (*by).to_owned(),
                        group: name.clone(),
                        residents,
                        before: mean(means.sums[0]),
                        after: mean(means.sums[1]),
                    });
                }
            }
        }
        shown
    }
}
