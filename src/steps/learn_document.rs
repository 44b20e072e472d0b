//! What was learned as a document of plain fields, ready to become JSON.

use serde::Serialize;

use super::precision_document::PrecisionDocument;
use crate::calibration::{NotIdentifiable, RecalibrationTest};
use crate::evaluate::FigureEntry;
use crate::learning::{
    BandFigures, Calibrated, Learning, ODDS_OF_NON_COMERS, Population, PrecisionByGroup, Proposal,
    RoundLearning,
};
use crate::report::LearningSubject;
use crate::rulebook::Score;

/// Everything that `preventio learn --json` says.
///
/// A figure is `{estimate, lower, upper, method}` with a 95 % interval, or
/// `{not_identifiable: reason}`.
#[derive(Debug, Serialize)]
pub struct LearnDocument {
    as_of: String,
    runs: Vec<u32>,
    acted: bool,
    residents: u64,
    estimand: EstimandEntry,
    calibration_in_force: String,
    action_level: Score,
    #[serde(flatten)]
    first: RoundEntry,
    #[serde(skip_serializing_if = "Option::is_none")]
    repeat_rounds: Option<RoundEntry>,
    /// For whom the programme is right, where it was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    by_group: Option<PrecisionDocument>,
    proposal: Option<u32>,
    accepted_by: Option<String>,
}

#[derive(Debug, Serialize)]
struct EstimandEntry {
    outcome: String,
    horizon_months: u16,
    verification: String,
}

#[derive(Debug, Serialize)]
struct RoundEntry {
    account: Vec<AccountEntry>,
    total: u64,
    /// Diagnosed within the horizon though neither flagged nor drawn.
    interval_cases: u64,
    precision: Precision,
    bands: Vec<BandEntry>,
    population: PopulationEntry,
    if_unlike: IfUnlike,
    calibration: CalibrationEntry,
}

#[derive(Debug, Serialize)]
struct AccountEntry {
    decision: &'static str,
    outcome: &'static str,
    n: u64,
}

#[derive(Debug, Serialize)]
struct Precision {
    ppv_per_order: FigureEntry,
    ppv_per_result: FigureEntry,
    ppv_if_all_came: FigureEntry,
    uptake: FigureEntry,
    in_no_figure: f64,
}

#[derive(Debug, Serialize)]
struct BandEntry {
    band: String,
    from: Score,
    to: Score,
    flagged: bool,
    ordered: usize,
    tested: usize,
    confirmed: usize,
    predicted: Option<f64>,
    uptake: FigureEntry,
    ppv_per_order: FigureEntry,
    ppv_per_result: FigureEntry,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum PopulationEntry {
    Known {
        sampled: usize,
        tested: usize,
        confirmed: usize,
        sensitivity: FigureEntry,
        specificity: FigureEntry,
        npv: FigureEntry,
        auroc: FigureEntry,
    },
    Unknown {
        not_identifiable: String,
    },
}

/// Measures by what is taken for granted of those who did not come.
#[derive(Debug, Serialize)]
struct IfUnlike {
    /// Lowest and highest odds of those who did not come over those of the ones who did.
    odds: [f64; 2],
    measures: Vec<MeasureEntry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    weights: Option<WeightsEntry>,
}

#[derive(Debug, Serialize)]
struct MeasureEntry {
    measure: &'static str,
    left_out: FigureEntry,
    alike_in_band: FigureEntry,
    alike_in_band_sex_and_age: FigureEntry,
    within_odds: FigureEntry,
    at_worst: FigureEntry,
}

#[derive(Debug, Serialize)]
struct WeightsEntry {
    tested: usize,
    effective: f64,
    largest_over_mean: f64,
}

#[derive(Debug, Serialize)]
struct CalibrationEntry {
    among: &'static str,
    verified: usize,
    confirmed: usize,
    score_ranges: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<CalibratedEntry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<CalibratedEntry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recalibration: Option<RecalibrationEntry>,
    /// Why the calibration in force cannot be judged, or why no recalibration was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    insufficient_evidence: Option<String>,
}

#[derive(Debug, Serialize)]
struct CalibratedEntry {
    o_e: FigureEntry,
    calibration_in_the_large: FigureEntry,
    slope: FigureEntry,
    o_e_if_ranges_lowest: FigureEntry,
    o_e_if_ranges_highest: FigureEntry,
    /// Bounds where the odds of those who did not come are within `if_unlike.odds` of those who did.
    o_e_within_odds: FigureEntry,
    slope_within_odds: FigureEntry,
    brier: FigureEntry,
}

#[derive(Debug, Serialize)]
struct RecalibrationEntry {
    update: &'static str,
    method: &'static str,
    intercept: FigureEntry,
    slope: FigureEntry,
    shift_alone: FigureEntry,
    tests: Vec<TestEntry>,
    proposed_intercept: f64,
    proposed_slope: f64,
}

#[derive(Debug, Serialize)]
struct TestEntry {
    enough: &'static str,
    statistic: f64,
    degrees: usize,
    p_value: f64,
}

impl LearnDocument {
    /// The document of what was learned.
    #[must_use]
    pub fn new(learning: &Learning, subject: &LearningSubject) -> Self {
        Self {
            as_of: subject.as_of.to_string(),
            runs: subject.runs.clone(),
            acted: subject.has_acted,
            residents: subject.residents,
            estimand: EstimandEntry {
                outcome: learning.estimand.outcome.clone(),
                horizon_months: learning.estimand.horizon_months,
                verification: learning.estimand.verification.clone(),
            },
            calibration_in_force: learning.calibration.clone(),
            action_level: learning.action_level,
            first: round(&learning.first),
            repeat_rounds: learning.repeat.as_ref().map(round),
            by_group: None,
            proposal: subject.proposal,
            accepted_by: subject.accepted.clone(),
        }
    }

    /// The same with precision by group.
    #[must_use]
    pub fn with_precision(self, precision: &PrecisionByGroup) -> Self {
        Self {
            by_group: Some(PrecisionDocument::new(precision)),
            ..self
        }
    }
}

fn round(round: &RoundLearning) -> RoundEntry {
    let entries = round.account.entries();
    RoundEntry {
        account: entries
            .map(|(decision, outcome, n)| AccountEntry {
                decision,
                outcome,
                n,
            })
            .collect(),
        total: round.account.total(),
        interval_cases: round.interval_cases(),
        precision: Precision {
            ppv_per_order: FigureEntry::of(round.ppv_per_order),
            ppv_per_result: FigureEntry::of(round.ppv_per_result),
            ppv_if_all_came: FigureEntry::of(round.ppv_if_all_came),
            uptake: FigureEntry::of(round.uptake),
            in_no_figure: round.uncovered,
        },
        bands: round.bands.iter().map(band).collect(),
        population: match &round.population {
            Ok(known) => population(known),
            Err(reason) => PopulationEntry::Unknown {
                not_identifiable: reason.to_string(),
            },
        },
        if_unlike: if_unlike(round),
        calibration: calibration(round),
    }
}

fn band(band: &BandFigures) -> BandEntry {
    BandEntry {
        band: band.band.name.clone(),
        from: band.band.from,
        to: band.band.to,
        flagged: band.flagged,
        ordered: band.ordered,
        tested: band.tested,
        confirmed: band.confirmed,
        predicted: band.predicted,
        uptake: FigureEntry::of(band.uptake),
        ppv_per_order: FigureEntry::of(band.ppv_per_order),
        ppv_per_result: FigureEntry::of(band.ppv_per_result),
    }
}

fn if_unlike(round: &RoundLearning) -> IfUnlike {
    let measures = round.if_unlike.named();
    IfUnlike {
        odds: [ODDS_OF_NON_COMERS.0, ODDS_OF_NON_COMERS.1],
        measures: measures
            .map(|(measure, by)| MeasureEntry {
                measure,
                left_out: FigureEntry::of(by.among_tested),
                alike_in_band: FigureEntry::of(by.alike_in_band),
                alike_in_band_sex_and_age: FigureEntry::of(by.alike_in_kind),
                within_odds: FigureEntry::of(by.within_odds),
                at_worst: FigureEntry::of(by.at_worst),
            })
            .into(),
        weights: round.if_unlike.weights.map(|weights| WeightsEntry {
            tested: weights.people,
            effective: weights.effective,
            largest_over_mean: weights.largest_over_mean,
        }),
    }
}

fn population(known: &Population) -> PopulationEntry {
    PopulationEntry::Known {
        sampled: known.sampled,
        tested: known.tested,
        confirmed: known.confirmed,
        sensitivity: FigureEntry::of(known.sensitivity),
        specificity: FigureEntry::of(known.specificity),
        npv: FigureEntry::of(known.npv),
        auroc: FigureEntry::of(known.auroc),
    }
}

fn calibration(round: &RoundLearning) -> CalibrationEntry {
    let proposal = round.proposal.as_ref().ok();
    let refused = round.calibration.as_ref().err();
    let refused: Option<&NotIdentifiable> = refused.or(round.proposal.as_ref().err());
    CalibrationEntry {
        among: round.tested.name(),
        verified: round.verified,
        confirmed: round.confirmed,
        score_ranges: round.ranges,
        before: round.calibration.as_ref().ok().map(calibrated),
        after: proposal
            .filter(|proposal| proposal.changes())
            .map(|proposal| calibrated(&proposal.after)),
        recalibration: proposal.map(recalibration),
        insufficient_evidence: refused.map(ToString::to_string),
    }
}

fn calibrated(known: &Calibrated) -> CalibratedEntry {
    let whole = &known.evaluation.whole;
    CalibratedEntry {
        o_e: FigureEntry::of(whole.o_e),
        calibration_in_the_large: FigureEntry::of(whole.calibration_in_the_large),
        slope: FigureEntry::of(whole.slope),
        o_e_if_ranges_lowest: FigureEntry::of(known.o_e_if_lowest),
        o_e_if_ranges_highest: FigureEntry::of(known.o_e_if_highest),
        o_e_within_odds: FigureEntry::of(known.o_e_within_odds),
        slope_within_odds: FigureEntry::of(known.slope_within_odds),
        brier: FigureEntry::of(whole.brier),
    }
}

fn recalibration(proposal: &Proposal) -> RecalibrationEntry {
    let fitted = &proposal.recalibration;
    let (proposed_intercept, proposed_slope) = fitted.update();
    RecalibrationEntry {
        update: fitted.chosen.name(),
        method: fitted.test.name(),
        intercept: FigureEntry::of(Ok(fitted.intercept)),
        slope: FigureEntry::of(Ok(fitted.slope)),
        shift_alone: FigureEntry::of(Ok(fitted.shift)),
        tests: fitted.steps.iter().map(test).collect(),
        proposed_intercept,
        proposed_slope,
    }
}

fn test(step: &RecalibrationTest) -> TestEntry {
    TestEntry {
        enough: step.rung.name(),
        statistic: step.statistic,
        degrees: step.degrees,
        p_value: step.p_value,
    }
}
