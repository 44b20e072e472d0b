//! Report: what is known of the programme's precision, read and nowhere written.

use jiff::civil::Date;

use super::in_force::{self, in_force};
use super::learn::{Followed, follow};
use super::model::{model_list, model_show};
use super::model_drift::drift_seen;
use super::precision::precision;
use super::{DataFolder, DriftOptions, StepError};
use crate::fhir::{MeasuredShare, Measurements, NotWritten, measure_report};
use crate::learning::{self, Case, Round, RoundLearning, flow};
use crate::report::{
    LearningSubject, ModelOnRecord, ProposalOnRecord, Reported, without_small_numbers,
};
use crate::rulebook::Rulebook;

/// What is reported, and when it began.
#[derive(Debug, Clone)]
pub struct ProgrammeReport {
    /// Figures, rules and registry.
    pub reported: Reported,
    /// The first index date that counts.
    pub since: Date,
}

/// Holds past decisions against what became of them as `learn` does, and puts nothing on record.
///
/// # Errors
///
/// When nothing was pulled or decided, the calibration in force is of something the programme does
/// not observe, or reading fails.
pub fn programme_report(
    rulebook: &Rulebook,
    data: &DataFolder,
    options: DriftOptions,
) -> Result<ProgrammeReport, StepError> {
    let today = options.today;
    let in_force = in_force(rulebook, data)?;
    let rules = &in_force.rulebook;
    let calibration = &rules.calibration;
    learning::observed(calibration)?;
    let followed = follow(rules, data, (None, today))?;
    let cases: Vec<Case> = followed.cases.iter().map(|one| one.case).collect();
    let model = (&rules.model, rules.pathway.lowest_level());
    let learning = learning::learn(calibration, &calibration.estimand, model, &cases)?;
    let days = followed.cases.iter().filter_map(|one| one.index_date);
    let since = days.min().unwrap_or(today);
    let subject = LearningSubject {
        as_of: today,
        runs: followed.runs.iter().copied().collect(),
        has_acted: followed.has_acted,
        residents: followed.residents,
        proposal: on_record(
            data,
            &followed,
            (&in_force::base(rules), in_force.recalibration),
        )?,
        accepted: None,
    };
    Ok(ProgrammeReport {
        since,
        reported: Reported {
            precision: precision(rules, data, (&followed.cases, today))?,
            drift: drift_seen(&in_force, data, (&followed.cases, options))?,
            registry: registry(rulebook, data)?,
            rulebook: in_force.rulebook,
            learning,
            subject,
        },
    })
}

/// The number of a proposal that was made from the very same cases and calibration.
fn on_record(
    data: &DataFolder,
    followed: &Followed,
    (base, made_from): (&str, Option<u32>),
) -> Result<Option<u32>, StepError> {
    let hash = followed.hash();
    let all = data.ledger.recalibrations()?;
    let mut same = all.iter().rev().filter(|known| {
        known.cases_hash == hash && known.base == base && known.made_from == made_from
    });
    Ok(same.next().map(|known| known.id))
}

/// What the registry says, without names of people.
fn registry(rulebook: &Rulebook, data: &DataFolder) -> Result<ModelOnRecord, StepError> {
    let list = model_list(rulebook, data)?;
    let mut proposals = Vec::new();
    for listed in list.proposals {
        let shown = model_show(data, listed.proposal)?;
        let document = shown.shadow.and_then(|shadow| shadow.document);
        let gates = document.map_or_else(Vec::new, |document| document.gates);
        proposals.push(ProposalOnRecord {
            number: listed.proposal,
            as_of: listed.as_of,
            intercept: listed.intercept,
            slope: listed.slope,
            verified: listed.verified,
            confirmed: listed.confirmed,
            standing: listed.standing,
            gates: gates
                .into_iter()
                .map(|gate| (gate.gate, gate.verdict))
                .collect(),
        });
    }
    let shared = list.shared.map(|shared| {
        let percent = f64::from(shared.share_e9) / 1e7;
        (shared.recalibration, format!("{percent} %"))
    });
    Ok(ModelOnRecord { proposals, shared })
}

impl ProgrammeReport {
    /// The figures as a FHIR `MeasureReport`, as the bytes of one JSON resource.
    ///
    /// Small numbers are not in it, and no share by which they could be found.
    ///
    /// # Errors
    ///
    /// When the rules hold texts that FHIR does not allow.
    pub fn measure_report(&self) -> Result<Vec<u8>, NotWritten> {
        let Reported {
            learning,
            subject,
            rulebook,
            ..
        } = &self.reported;
        let mut shares = shares(&learning.first, Round::First);
        if let Some(repeat) = &learning.repeat {
            shares.extend(self::shares(repeat, Round::Repeat));
        }
        let measured = Measurements {
            programme: &rulebook.programme.header.id,
            from: self.since,
            until: subject.as_of,
            shares: &shares,
        };
        Ok(measure_report(&measured)?)
    }
}

fn shares(round: &RoundLearning, of: Round) -> Vec<MeasuredShare> {
    let arm = flow(round).flagged;
    let name = |first, repeat| match of {
        Round::First => first,
        Round::Repeat => repeat,
    };
    let share = |(code, display), hits: u64, n: u64| {
        let told = without_small_numbers(&[hits, n.saturating_sub(hits)], None);
        let told = told.and_then(|told| told.into_iter().collect::<Option<Vec<u64>>>());
        MeasuredShare {
            code,
            display,
            told: told.map(|_| (hits, n)).filter(|(_, n)| 0 < *n),
        }
    };
    let found = arm.confirmed + arm.confirmed_otherwise;
    vec![
        share(
            name(
                ("uptake-first", "Uptake of tests, first rounds"),
                ("uptake-repeat", "Uptake of tests, repeat rounds"),
            ),
            arm.tested,
            arm.counted,
        ),
        share(
            name(
                ("ppv-per-order-first", "PPV per order, first rounds"),
                ("ppv-per-order-repeat", "PPV per order, repeat rounds"),
            ),
            found,
            arm.counted,
        ),
        share(
            name(
                ("ppv-per-result-first", "PPV per result, first rounds"),
                ("ppv-per-result-repeat", "PPV per result, repeat rounds"),
            ),
            arm.confirmed,
            arm.tested,
        ),
    ]
}
