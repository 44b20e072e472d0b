//! The evaluation of a model, as tables in plain text.

use std::fmt::Write;

use crate::calibration::{
    Evaluation, Evidence, Figure, GroupEvaluation, Ladder, Rung, Summary, ThresholdFigures,
};

/// Writing to a `String` cannot fail.
macro_rules! say {
    ($text:expr, $($arguments:tt)*) => {
        writeln!($text, $($arguments)*).expect("writing to a String cannot fail")
    };
}

/// All figures with their intervals and methods, for reading in a terminal.
#[must_use]
pub fn evaluation_text(evaluation: &Evaluation) -> String {
    let whole = &evaluation.whole;
    let mut text = String::new();
    let weighted = if evaluation.is_weighted {
        ", weighted"
    } else {
        ""
    };
    say!(
        text,
        "{} people, {} with the event{weighted}",
        whole.n,
        whole.events
    );
    if let Some(caution) = caution(evaluation.evidence) {
        say!(text, "{caution}");
    }
    if let Some(horizon) = evaluation.horizon {
        say!(
            text,
            "Risk by {horizon}; who is not observed so long is weighted for."
        );
    }
    say!(
        text,
        "\n{:<26} {:>9}  {:<22} method",
        "",
        "estimate",
        "95 % interval"
    );
    if let Some(observed) = whole.observed_risk {
        say!(text, "{:<26} {}", "observed risk", figure_cells(observed));
    }
    for (name, figure) in figures(whole) {
        say!(text, "{name:<26} {}", figure_cells(figure));
    }
    for at in &whole.thresholds {
        say!(
            text,
            "\nFlagged at {} or above: {} people",
            at.threshold,
            at.flagged
        );
        for (name, figure) in threshold_figures(at) {
            say!(text, "  {name:<24} {}", figure_cells(figure));
        }
    }
    curves(&mut text, evaluation);
    recalibration(&mut text, evaluation);
    if !evaluation.bootstrap.is_empty() {
        say!(text, "\nLimits from resampling");
        for drawn in &evaluation.bootstrap {
            say!(text, "  {:<24} {}", drawn.name, figure_cells(drawn.figure));
        }
    }
    groups(&mut text, &evaluation.groups);
    text
}

/// What a reader must know before the figures.
pub(super) fn caution(evidence: Evidence) -> Option<&'static str> {
    match evidence {
        Evidence::Insufficient => Some(
            "Insufficient evidence: fewer than 100 events or non-events; the figures are uncertain.",
        ),
        Evidence::EnoughForFigures => {
            Some("Fewer than 200 events or non-events: do not read much into the shape of a curve.")
        }
        Evidence::Enough => None,
    }
}

/// The figures of a summary by their names.
pub(super) fn figures(summary: &Summary) -> [(&'static str, Figure); 6] {
    [
        ("AUROC", summary.auroc.map(|auroc| auroc.estimate)),
        ("O:E", summary.o_e),
        ("calibration-in-the-large", summary.calibration_in_the_large),
        ("calibration slope", summary.slope),
        ("Brier score", summary.brier),
        ("scaled Brier score", summary.scaled_brier),
    ]
}

/// The figures of a threshold by their names.
pub(super) fn threshold_figures(at: &ThresholdFigures) -> [(&'static str, Figure); 8] {
    [
        ("flagged share", at.flagged_share),
        ("PPV", at.ppv),
        ("NPV", at.npv),
        ("sensitivity", at.sensitivity),
        ("specificity", at.specificity),
        ("number needed to screen", at.number_needed_to_screen),
        ("net benefit", at.net_benefit),
        ("net benefit, all flagged", at.net_benefit_treat_all),
    ]
}

pub(super) fn figure_cells(figure: Figure) -> String {
    match figure {
        Ok(known) => format!(
            "{:>9}  {:<22} {}",
            short(known.value),
            format!("{} to {}", short(known.lower), short(known.upper)),
            known.method.name()
        ),
        Err(reason) if reason.is_for_want_of_people() => format!("{:>9}  {reason}", "–"),
        Err(reason) => format!("{:>9}  not identifiable: {reason}", "–"),
    }
}

/// Four significant digits or four decimals, whichever is shorter to read.
pub(super) fn short(value: f64) -> String {
    if !value.is_finite() {
        return "∞".to_owned();
    }
    match value.abs() {
        size if size < 0.001 && 0.0 < size => format!("{value:.2e}"),
        size if size < 10.0 => format!("{value:.4}"),
        _ => format!("{value:.1}"),
    }
}

fn curves(text: &mut String, evaluation: &Evaluation) {
    say!(text, "\nDistance of predictions from a flexible curve");
    for (name, curve) in [("loess", &evaluation.loess), ("spline", &evaluation.spline)] {
        match curve {
            Ok(curve) => say!(
                text,
                "  {name:<24} ICI {}  E50 {}  E90 {}  Emax {}",
                short(curve.indices.ici),
                short(curve.indices.e50),
                short(curve.indices.e90),
                short(curve.indices.emax)
            ),
            Err(reason) => say!(text, "  {name:<24} not identifiable: {reason}"),
        }
    }
}

fn recalibration(text: &mut String, evaluation: &Evaluation) {
    let ladder = match &evaluation.ladder {
        Ok(ladder) => ladder,
        Err(reason) => {
            say!(text, "\nRecalibration: refused: {reason}");
            return;
        }
    };
    say!(
        text,
        "\nRecalibration, by closed testing ({}): {}",
        ladder.test.name(),
        update(ladder)
    );
    for step in &ladder.steps {
        let name = format!("{} enough?", step.rung.name());
        let degrees = step.degrees;
        say!(
            text,
            "  {name:<28} chi-squared {} on {degrees} df, p {}",
            short(step.statistic),
            short(step.p_value)
        );
    }
}

/// The chosen update in words.
pub(super) fn update(ladder: &Ladder) -> String {
    let (intercept, slope) = ladder.line;
    match ladder.chosen {
        Rung::Original => "keep the predictions as they are".to_owned(),
        Rung::Intercept => format!("add {} to the log odds", short(ladder.shift)),
        Rung::InterceptAndSlope => format!(
            "log odds become {} + {} × log odds",
            short(intercept),
            short(slope)
        ),
        Rung::Flexible => format!(
            "log odds become a restricted cubic spline with {} knots (see the JSON)",
            ladder.spline.knots.len()
        ),
    }
}

fn groups(text: &mut String, groups: &[GroupEvaluation]) {
    let mut column = "";
    for group in groups {
        if group.column != column {
            column = &group.column;
            say!(text, "\nBy {column}");
        }
        say!(
            text,
            "  {} ({} people, {} with the event)",
            group.label,
            group.n,
            group.events
        );
        match &group.summary {
            Ok(summary) => {
                for (name, figure) in figures(summary) {
                    say!(text, "    {name:<24} {}", figure_cells(figure));
                }
                for at in &summary.thresholds {
                    say!(text, "    flagged at {} or above", at.threshold);
                    for (name, figure) in threshold_figures(at) {
                        say!(text, "      {name:<24} {}", figure_cells(figure));
                    }
                }
            }
            Err(reason) => say!(text, "    {reason}"),
        }
    }
}
