//! The evaluation of a model as one page that needs nothing else.

use super::evaluation_plots::{self as plots, Compared, Plot};
use super::evaluation_text::{caution, figures, short, threshold_figures, update};
use crate::calibration::{Curve, Evaluation, Figure, NotIdentifiable};

/// What was evaluated, as its owner calls it.
#[derive(Debug, Clone, Default)]
pub struct Subject {
    /// The table: a file's name, without its folder.
    pub table: String,
    /// The column of outcomes.
    pub outcome: String,
    /// The column of predictions.
    pub prediction: String,
    /// Rows left out because a value was missing.
    pub dropped: u64,
}

pub(super) const STYLE: &str = "
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #1b1b1b; background: #fff; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.25rem; margin-top: 2.2rem; border-top: 1px solid #ccc; padding-top: 1rem; }
table { border-collapse: collapse; font-size: .9rem; margin: .6rem 0; }
th, td { text-align: left; padding: .2rem .9rem .2rem 0; vertical-align: top; }
td { font-variant-numeric: tabular-nums; } .wide { overflow-x: auto; }
thead th { border-bottom: 1px solid #888; }
.caution { background: #fff3d6; border-left: 4px solid #b36b00; padding: .5rem .8rem; }
svg { width: 100%; height: auto; } svg text { font: 13px system-ui, sans-serif; fill: #1b1b1b; }
.frame { fill: none; stroke: #888; } .grid { stroke: #e4e4e4; }
.ideal { fill: none; stroke: #555; stroke-dasharray: 7 5; }
.loess { fill: none; stroke: #12579b; stroke-width: 2.2; } .band-loess { fill: #12579b; fill-opacity: .16; }
.spline { fill: none; stroke: #a34a00; stroke-width: 2.2; stroke-dasharray: 2 4; } .band-spline { fill: #a34a00; fill-opacity: .12; }
.with { fill: #a34a00; } .without { fill: #12579b; } .dot { fill: #12579b; }
details { margin: .4rem 0 1rem; } summary { cursor: pointer; } figure { margin: 1rem 0; } figcaption { font-size: .9rem; color: #444; }
@media print { details > * { display: block; } }
";

/// One offline page: figures first, methods after.
///
/// Every plot has a text alternative and a table of its numbers. Nothing is
/// loaded from anywhere, nothing is run; what the table's owner wrote is escaped.
#[must_use]
pub fn evaluation_page(evaluation: &Evaluation, subject: &Subject) -> String {
    let title = format!("How right is {}?", escaped(&subject.prediction));
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
    );
    page.push_str(&opening(evaluation, subject));
    let observed = evaluation.whole.observed_risk;
    let mut first: Vec<(&str, Figure)> = observed
        .map(|risk| ("observed risk", risk))
        .into_iter()
        .collect();
    first.extend(figures(&evaluation.whole));
    page.push_str(&figure_table("figure", &first));
    page.push_str(&calibration(evaluation));
    page.push_str(&decision(evaluation));
    page.push_str(&discrimination(evaluation));
    page.push_str(&groups(evaluation));
    page.push_str(&methods(evaluation));
    page.push_str("</body>\n</html>\n");
    page
}

/// Text that cannot become markup.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            other => safe.push(other),
        }
    }
    safe
}

fn opening(evaluation: &Evaluation, subject: &Subject) -> String {
    let whole = &evaluation.whole;
    let weighted = if evaluation.is_weighted {
        " Rows are weighted."
    } else {
        ""
    };
    let dropped = match subject.dropped {
        0 => String::new(),
        rows => format!(" {rows} rows lack a value and are left out."),
    };
    let mut text = format!(
        "<p>Predictions <em>{}</em> held against <em>{}</em> in <em>{}</em>: {} people, {} with the event.{weighted}{dropped}</p>\n",
        escaped(&subject.prediction),
        escaped(&subject.outcome),
        escaped(&subject.table),
        whole.n,
        whole.events
    );
    if let Some(caution) = caution(evaluation.evidence) {
        text.push_str(&format!("<p class=\"caution\">{caution}</p>\n"));
    }
    text
}

pub(super) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let head: String = head
        .iter()
        .map(|name| format!("<th scope=\"col\">{name}</th>"))
        .collect();
    let mut text =
        format!("<div class=\"wide\"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n");
    for row in rows {
        let cells: String = row[1..]
            .iter()
            .map(|cell| format!("<td>{cell}</td>"))
            .collect();
        text.push_str(&format!(
            "<tr><th scope=\"row\">{}</th>{cells}</tr>\n",
            row[0]
        ));
    }
    text + "</tbody>\n</table></div>\n"
}

/// Estimate, interval and method of a figure; a reason stands in the place of the interval.
fn cells(figure: Figure) -> [String; 3] {
    match figure {
        Ok(known) => [
            short(known.value),
            format!("{} to {}", short(known.lower), short(known.upper)),
            known.method.name().to_owned(),
        ],
        Err(reason) => [
            "–".to_owned(),
            format!("not identifiable: {reason}"),
            String::new(),
        ],
    }
}

pub(super) fn figure_table(what: &str, figures: &[(&str, Figure)]) -> String {
    let row = |(name, figure): &(&str, Figure)| {
        let mut row = vec![(*name).to_owned()];
        row.extend(cells(*figure));
        row
    };
    let rows: Vec<Vec<String>> = figures.iter().map(row).collect();
    table(&[what, "estimate", "95 % interval", "method"], &rows)
}

/// A plot with what it shows, and its numbers to unfold.
fn plot(plot: &Plot, caption: &str, table: &str) -> String {
    format!(
        "<figure>\n{}\n<figcaption>{caption}</figcaption>\n</figure>\n<details><summary>The numbers of this plot</summary>\n{table}</details>\n",
        plot.svg
    )
}

fn calibration(evaluation: &Evaluation) -> String {
    let numbers =
        curve_table("loess", &evaluation.loess) + &curve_table("spline", &evaluation.spline);
    let bars: Vec<Vec<String>> = evaluation
        .histogram
        .iter()
        .map(|bar| {
            vec![
                format!("{} to {}", short(bar.from), short(bar.to)),
                percent(bar.with_event),
                percent(bar.without_event),
            ]
        })
        .collect();
    let bars = table(
        &["predicted", "with the event, % of all", "without, % of all"],
        &bars,
    );
    let drawn = plot(
        &plots::calibration(evaluation),
        "Observed against predicted risk: loess (solid) and restricted cubic spline (dotted) with pointwise 95 % bands; the dashed diagonal is perfect calibration. Below, how predictions are spread among people with and without the event, each to its own height.",
        &(numbers + &bars),
    );
    let recalibration = match &evaluation.ladder {
        Ok(ladder) => format!(
            "<p>Recalibration that the outcomes justify: <strong>{}</strong>.</p>\n",
            update(ladder)
        ),
        Err(reason) => format!("<p>Recalibration is refused: {reason}.</p>\n"),
    };
    format!(
        "<h2>Calibration</h2>\n{}{drawn}{recalibration}{}",
        distances(evaluation),
        resampled(evaluation)
    )
}

fn resampled(evaluation: &Evaluation) -> String {
    if evaluation.bootstrap.is_empty() {
        return String::new();
    }
    let drawn = evaluation.bootstrap.iter();
    let figures: Vec<(&str, Figure)> = drawn.map(|drawn| (drawn.name, drawn.figure)).collect();
    format!(
        "<h3>Limits from resampling</h3>\n{}",
        figure_table("figure", &figures)
    )
}

fn distances(evaluation: &Evaluation) -> String {
    let row = |name: &str, curve: &Result<Curve, NotIdentifiable>| match curve {
        Ok(curve) => {
            let i = curve.indices;
            let numbers = [i.ici, i.e50, i.e90, i.emax].map(short);
            [vec![name.to_owned()], numbers.to_vec()].concat()
        }
        Err(reason) => vec![name.to_owned(), format!("not identifiable: {reason}")],
    };
    let rows = [
        row("loess", &evaluation.loess),
        row("spline", &evaluation.spline),
    ];
    table(
        &["distance from the curve", "ICI", "E50", "E90", "Emax"],
        &rows,
    )
}

fn curve_table(name: &str, curve: &Result<Curve, NotIdentifiable>) -> String {
    let Ok(curve) = curve else {
        return String::new();
    };
    let rows: Vec<Vec<String>> = curve
        .points
        .iter()
        .map(|p| {
            [p.predicted, p.observed, p.lower, p.upper]
                .map(short)
                .to_vec()
        })
        .collect();
    table(
        &[&format!("predicted, {name}"), "observed", "lower", "upper"],
        &rows,
    )
}

fn percent(share: f64) -> String {
    format!("{:.2}", share * 100.0)
}

fn decision(evaluation: &Evaluation) -> String {
    let rows: Vec<Vec<String>> = evaluation
        .decision_curve
        .iter()
        .map(|p| {
            [p.threshold, p.net_benefit, p.lower, p.upper, p.treat_all]
                .map(short)
                .to_vec()
        })
        .collect();
    let head = ["threshold", "net benefit", "lower", "upper", "all flagged"];
    let drawn = plot(
        &plots::decision(evaluation),
        "Net benefit of flagging by the model (solid, with its pointwise 95 % band), of flagging everybody (dotted) and nobody (dashed).",
        &table(&head, &rows),
    );
    let mut text = format!("<h2>Use at a threshold</h2>\n{drawn}");
    for at in &evaluation.whole.thresholds {
        text.push_str(&format!(
            "<h3>Flagged at {} or above: {} people</h3>\n",
            at.threshold, at.flagged
        ));
        text.push_str(&figure_table("figure", &threshold_figures(at)));
    }
    text
}

fn discrimination(evaluation: &Evaluation) -> String {
    let rows: Vec<Vec<String>> = evaluation
        .roc
        .iter()
        .map(|p| {
            let specificity = 1.0 - p.false_positive_rate;
            [p.threshold, p.sensitivity, specificity]
                .map(short)
                .to_vec()
        })
        .collect();
    let drawn = plot(
        &plots::roc(evaluation),
        "Sensitivity against one minus specificity over all thresholds; the dashed diagonal is chance.",
        &table(&["threshold", "sensitivity", "specificity"], &rows),
    );
    format!("<h2>Discrimination</h2>\n{drawn}")
}

/// Figures to compare groups by.
const COMPARED: [Compared; 2] = [
    Compared {
        id: "forest-oe",
        name: "O:E",
        ideal: Some(1.0),
        figure: |summary| summary.o_e,
    },
    Compared {
        id: "forest-auroc",
        name: "AUROC",
        ideal: None,
        figure: |summary| summary.auroc.map(|area| area.estimate),
    },
];

fn groups(evaluation: &Evaluation) -> String {
    if evaluation.groups.is_empty() {
        return String::new();
    }
    let label = |column: &str, group: &str| escaped(&format!("{column}: {group}"));
    let labels: Vec<String> = evaluation
        .groups
        .iter()
        .map(|group| label(&group.column, &group.label))
        .collect();
    let mut rows = Vec::new();
    for (group, label) in evaluation.groups.iter().zip(&labels) {
        let mut row = vec![label.clone(), group.n.to_string(), group.events.to_string()];
        match &group.summary {
            Ok(summary) => row.extend(figures(summary).map(|(_, figure)| {
                let [value, interval, _] = cells(figure);
                format!("{value}<br>{interval}")
            })),
            Err(reason) => row.push(reason.to_string()),
        }
        rows.push(row);
    }
    let head = [
        "group",
        "people",
        "events",
        "AUROC",
        "O:E",
        "in the large",
        "slope",
        "Brier",
        "scaled Brier",
    ];
    let numbers = table(&head, &rows);
    let mut text = "<h2>Groups</h2>\n".to_owned();
    for compared in &COMPARED {
        if let Some(drawn) = plots::forest(compared, &evaluation.groups, &labels) {
            text.push_str(&format!(
                "<figure>\n{}\n<figcaption>{} by group, with 95 % intervals; the numbers are in the table below.</figcaption>\n</figure>\n",
                drawn.svg, compared.name
            ));
        }
    }
    text + &numbers
}

fn methods(evaluation: &Evaluation) -> String {
    let weighted = if evaluation.is_weighted || evaluation.horizon.is_some() {
        "Rows have sampling weights: intervals use the with-replacement design variance, and updates are tested by Wald's test with that variance."
    } else {
        "Rows are unweighted: DeLong's variance for the area, Wilson's limits for proportions, likelihood ratios for updates."
    };
    let followed = match evaluation.horizon {
        Some(horizon) => format!(
            "<li>Risk is counted up to {horizon}. Whoever is not observed so long is weighted for by the inverse probability of being observed (Kaplan-Meier of censoring); intervals take these weights as known. Observed risk is the Kaplan-Meier estimate, or with competing events that of Aalen and Johansen.</li>\n"
        ),
        None => String::new(),
    };
    format!(
        "<h2>Methods</h2>
<ul>
<li>{weighted}</li>
{followed}<li>Calibration-in-the-large is the intercept of a logistic regression with the log odds of the prediction as offset; the slope is the coefficient of those log odds.</li>
<li>O:E is the observed over the expected number of events, with limits on the log scale.</li>
<li>The loess curve is a local quadratic through three quarters of the sample; the spline has three to five knots on the log odds, as many as there are ten events and ten non-events for. ICI, E50, E90 and Emax are mean, median, 90th percentile and maximum of the distance between prediction and curve.</li>
<li>Net benefit is true positives minus false positives times the odds of the threshold, per person.</li>
<li>Updates are tested simplest first against the spline, each at 5 %; the first that is not rejected is proposed.</li>
<li>Groups with fewer than ten events or non-events have no figures.</li>
</ul>
<p>Made by PreventioJyrää. Not a certified medical device.</p>
"
    )
}
