//! The figures as a document of plain fields, ready to become JSON.

use std::collections::BTreeMap;

use serde::Serialize;

use super::figure::FigureEntry;
use super::resample::Drawn;
use super::table::Table;
use crate::calibration::{
    Auroc, BootstrapFigure, Curve, DecisionPoint, Evaluation, Evidence, GroupEvaluation,
    IsotonicStep, Ladder, LadderStep, NotIdentifiable, Summary, ThresholdFigures,
};

/// Everything that `preventio evaluate --json` says.
///
/// A figure is `{estimate, lower, upper, method}` with a 95 % interval, or
/// `{not_identifiable: reason}`. A limit that nothing bounds is `null`.
#[derive(Debug, Serialize)]
pub struct Document {
    n: usize,
    events: usize,
    weighted: bool,
    dropped_rows: u64,
    evidence: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    horizon: Option<f64>,
    #[serde(flatten)]
    figures: Figures,
    loess: CurveEntry,
    spline: CurveEntry,
    curve: Vec<CurvePointEntry>,
    ladder: LadderEntry,
    decision_curve: Vec<DecisionEntry>,
    groups: Vec<GroupEntry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bootstrap: Option<BootstrapEntry>,
}

#[derive(Debug, Serialize)]
struct BootstrapEntry {
    replicates: u32,
    seed: u64,
    figures: BTreeMap<&'static str, FigureEntry>,
}

#[derive(Debug, Serialize)]
struct Figures {
    #[serde(skip_serializing_if = "Option::is_none")]
    observed_risk: Option<FigureEntry>,
    auroc: AurocEntry,
    o_e: FigureEntry,
    calibration_in_the_large: FigureEntry,
    slope: FigureEntry,
    brier: FigureEntry,
    scaled_brier: FigureEntry,
    thresholds: Vec<ThresholdEntry>,
}

#[derive(Debug, Serialize)]
struct AurocEntry {
    #[serde(flatten)]
    figure: FigureEntry,
    #[serde(skip_serializing_if = "Option::is_none")]
    variance: Option<f64>,
}

#[derive(Debug, Serialize)]
struct ThresholdEntry {
    threshold: f64,
    flagged: usize,
    flagged_share: FigureEntry,
    ppv: FigureEntry,
    npv: FigureEntry,
    sensitivity: FigureEntry,
    specificity: FigureEntry,
    number_needed_to_screen: FigureEntry,
    net_benefit: FigureEntry,
    net_benefit_treat_all: FigureEntry,
    net_benefit_treat_none: f64,
}

/// Distances of a curve from the predictions.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum CurveEntry {
    Known {
        ici: f64,
        e50: f64,
        e90: f64,
        emax: f64,
    },
    Unknown {
        not_identifiable: String,
    },
}

#[derive(Debug, Serialize)]
struct CurvePointEntry {
    smoother: &'static str,
    predicted: f64,
    observed: f64,
    lower: f64,
    upper: f64,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum LadderEntry {
    Known(Box<KnownLadder>),
    Unknown { not_identifiable: String },
}

#[derive(Debug, Serialize)]
struct KnownLadder {
    chosen: &'static str,
    test: &'static str,
    steps: Vec<LadderStepEntry>,
    intercept: InterceptEntry,
    intercept_and_slope: LineEntry,
    flexible: SplineEntry,
    isotonic: Vec<IsotonicEntry>,
}

#[derive(Debug, Serialize)]
struct LadderStepEntry {
    rung: &'static str,
    statistic: f64,
    degrees: usize,
    p_value: f64,
}

#[derive(Debug, Serialize)]
struct InterceptEntry {
    shift: f64,
}

#[derive(Debug, Serialize)]
struct LineEntry {
    intercept: f64,
    slope: f64,
}

#[derive(Debug, Serialize)]
struct SplineEntry {
    knots: Vec<f64>,
    coefficients: Vec<f64>,
}

#[derive(Debug, Serialize)]
struct IsotonicEntry {
    from: f64,
    to: f64,
    observed: f64,
    weight: f64,
}

#[derive(Debug, Serialize)]
struct DecisionEntry {
    threshold: f64,
    net_benefit: f64,
    lower: f64,
    upper: f64,
    treat_all: f64,
    treat_none: f64,
}

#[derive(Debug, Serialize)]
struct GroupEntry {
    column: String,
    group: String,
    n: usize,
    events: usize,
    #[serde(flatten)]
    figures: GroupFigures,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum GroupFigures {
    Known(Box<Figures>),
    Unknown { insufficient_evidence: String },
}

impl Document {
    /// The document of an evaluation of a table.
    #[must_use]
    pub fn new(table: &Table, evaluation: &Evaluation, drawn: Option<Drawn>) -> Self {
        Self {
            n: evaluation.whole.n,
            events: evaluation.whole.events,
            weighted: evaluation.is_weighted,
            dropped_rows: table.dropped,
            evidence: match evaluation.evidence {
                Evidence::Insufficient => "insufficient: fewer than 100 events or non-events",
                Evidence::EnoughForFigures => "enough for figures, not for curves",
                Evidence::Enough => "enough for figures and curves",
            },
            horizon: evaluation.horizon,
            figures: Figures::of(&evaluation.whole),
            loess: indices(&evaluation.loess),
            spline: indices(&evaluation.spline),
            curve: points("loess", &evaluation.loess)
                .chain(points("spline", &evaluation.spline))
                .collect(),
            ladder: ladder(&evaluation.ladder),
            decision_curve: evaluation.decision_curve.iter().map(decision).collect(),
            groups: evaluation.groups.iter().map(group).collect(),
            bootstrap: drawn.map(|drawn| BootstrapEntry {
                replicates: drawn.replicates,
                seed: drawn.seed,
                figures: bootstrap(&evaluation.bootstrap),
            }),
        }
    }
}

impl Figures {
    fn of(summary: &Summary) -> Self {
        Self {
            observed_risk: summary.observed_risk.map(FigureEntry::of),
            auroc: auroc(summary.auroc),
            o_e: FigureEntry::of(summary.o_e),
            calibration_in_the_large: FigureEntry::of(summary.calibration_in_the_large),
            slope: FigureEntry::of(summary.slope),
            brier: FigureEntry::of(summary.brier),
            scaled_brier: FigureEntry::of(summary.scaled_brier),
            thresholds: summary.thresholds.iter().map(threshold).collect(),
        }
    }
}

fn bootstrap(figures: &[BootstrapFigure]) -> BTreeMap<&'static str, FigureEntry> {
    let entry = |drawn: &BootstrapFigure| (drawn.name, FigureEntry::of(drawn.figure));
    figures.iter().map(entry).collect()
}

fn auroc(auroc: Result<Auroc, NotIdentifiable>) -> AurocEntry {
    AurocEntry {
        figure: FigureEntry::of(auroc.map(|auroc| auroc.estimate)),
        variance: auroc.ok().map(|auroc| auroc.variance),
    }
}

fn threshold(at: &ThresholdFigures) -> ThresholdEntry {
    ThresholdEntry {
        threshold: at.threshold,
        flagged: at.flagged,
        flagged_share: FigureEntry::of(at.flagged_share),
        ppv: FigureEntry::of(at.ppv),
        npv: FigureEntry::of(at.npv),
        sensitivity: FigureEntry::of(at.sensitivity),
        specificity: FigureEntry::of(at.specificity),
        number_needed_to_screen: FigureEntry::of(at.number_needed_to_screen),
        net_benefit: FigureEntry::of(at.net_benefit),
        net_benefit_treat_all: FigureEntry::of(at.net_benefit_treat_all),
        net_benefit_treat_none: 0.0,
    }
}

fn indices(curve: &Result<Curve, NotIdentifiable>) -> CurveEntry {
    match curve {
        Ok(curve) => CurveEntry::Known {
            ici: curve.indices.ici,
            e50: curve.indices.e50,
            e90: curve.indices.e90,
            emax: curve.indices.emax,
        },
        Err(reason) => CurveEntry::Unknown {
            not_identifiable: reason.to_string(),
        },
    }
}

fn points<'a>(
    smoother: &'static str,
    curve: &'a Result<Curve, NotIdentifiable>,
) -> impl Iterator<Item = CurvePointEntry> + 'a {
    let points = curve.as_ref().map_or(&[][..], |curve| &curve.points);
    points.iter().map(move |point| CurvePointEntry {
        smoother,
        predicted: point.predicted,
        observed: point.observed,
        lower: point.lower,
        upper: point.upper,
    })
}

fn ladder(ladder: &Result<Ladder, NotIdentifiable>) -> LadderEntry {
    let known = match ladder {
        Ok(known) => known,
        Err(reason) => {
            return LadderEntry::Unknown {
                not_identifiable: reason.to_string(),
            };
        }
    };
    LadderEntry::Known(Box::new(KnownLadder {
        chosen: known.chosen.name(),
        test: known.test.name(),
        steps: known.steps.iter().map(ladder_step).collect(),
        intercept: InterceptEntry { shift: known.shift },
        intercept_and_slope: LineEntry {
            intercept: known.line.0,
            slope: known.line.1,
        },
        flexible: SplineEntry {
            knots: known.spline.knots.clone(),
            coefficients: known.spline.coefficients.clone(),
        },
        isotonic: known.isotonic.iter().map(isotonic_step).collect(),
    }))
}

fn ladder_step(step: &LadderStep) -> LadderStepEntry {
    LadderStepEntry {
        rung: step.rung.name(),
        statistic: step.statistic,
        degrees: step.degrees,
        p_value: step.p_value,
    }
}

fn isotonic_step(step: &IsotonicStep) -> IsotonicEntry {
    IsotonicEntry {
        from: step.from,
        to: step.to,
        observed: step.observed,
        weight: step.weight,
    }
}

fn decision(point: &DecisionPoint) -> DecisionEntry {
    DecisionEntry {
        threshold: point.threshold,
        net_benefit: point.net_benefit,
        lower: point.lower,
        upper: point.upper,
        treat_all: point.treat_all,
        treat_none: 0.0,
    }
}

fn group(group: &GroupEvaluation) -> GroupEntry {
    GroupEntry {
        column: group.column.clone(),
        group: group.label.clone(),
        n: group.n,
        events: group.events,
        figures: match &group.summary {
            Ok(summary) => GroupFigures::Known(Box::new(Figures::of(summary))),
            Err(reason) => GroupFigures::Unknown {
                insufficient_evidence: reason.to_string(),
            },
        },
    }
}
