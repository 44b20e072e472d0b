//! The plots of an evaluation, each with what it shows in words.

use super::evaluation_text::short;
use super::svg::Frame;
use crate::calibration::{Curve, Evaluation, Figure, GroupEvaluation, Summary};

/// A picture and its text alternative.
pub(super) struct Plot {
    /// The whole `<svg>` element.
    pub(super) svg: String,
}

impl Plot {
    pub(super) fn new(id: &str, height: f64, title: &str, says: &str, marks: &str) -> Self {
        let svg = format!(
            r#"<svg viewBox="0 0 640 {height}" role="img" aria-labelledby="{id}-title {id}-says">
<title id="{id}-title">{title}</title>
<desc id="{id}-says">{says}</desc>
{marks}</svg>"#
        );
        Self { svg }
    }
}

/// Observed against predicted risk with bands, and the histogram of predictions below.
pub(super) fn calibration(evaluation: &Evaluation) -> Plot {
    calibration_named(evaluation, "calibration", "Calibration plot")
}

/// The same under an id of its own, for pages with several.
pub(super) fn calibration_named(evaluation: &Evaluation, id: &str, title: &str) -> Plot {
    let end = evaluation.histogram.last().map_or(1.0, |bar| bar.to);
    let curves = [&evaluation.loess, &evaluation.spline];
    let places = curves.iter().filter_map(|curve| curve.as_ref().ok());
    let observed = places.flat_map(|curve| curve.points.iter().map(|point| point.observed));
    let top = observed.fold(end, f64::max).min(1.0);
    let top = ((top * 10.0).ceil() / 10.0).min(1.0);
    let frame = Frame {
        x: (0.0, end),
        y: (0.0, top),
        place: (70.0, 15.0, 550.0, 380.0),
    };
    let mut marks = String::new();
    frame.axes(&mut marks, "", "observed risk");
    let diagonal = end.min(top);
    frame.line(&mut marks, "ideal", &[(0.0, 0.0), (diagonal, diagonal)]);
    for (class, curve) in ["loess", "spline"].into_iter().zip(curves) {
        if let Ok(curve) = curve {
            draw_curve(&mut marks, &frame, class, curve);
        }
    }
    histogram(&mut marks, evaluation, end);
    let says = format!(
        "Observed on predicted risk from 0 to {}. The dashed diagonal is perfect calibration. {} {}",
        short(end),
        distance("The solid loess curve", &evaluation.loess),
        distance("The dotted spline curve", &evaluation.spline)
    );
    Plot::new(id, 545.0, title, &says, &marks)
}

fn draw_curve(marks: &mut String, frame: &Frame, class: &str, curve: &Curve) {
    let points = curve.points.iter();
    let band: Vec<_> = points
        .clone()
        .map(|p| (p.predicted, p.lower, p.upper))
        .collect();
    let line: Vec<_> = points.map(|p| (p.predicted, p.observed)).collect();
    frame.band(marks, &format!("band-{class}"), &band);
    frame.line(marks, class, &line);
}

fn distance(name: &str, curve: &Result<Curve, crate::calibration::NotIdentifiable>) -> String {
    match curve {
        Ok(curve) => format!(
            "{name} lies on average {} from it, at most {}.",
            short(curve.indices.ici),
            short(curve.indices.emax)
        ),
        Err(reason) => format!("{name} is missing: {reason}."),
    }
}

/// Bars upwards for people with the event and downwards for the others.
fn histogram(marks: &mut String, evaluation: &Evaluation, end: f64) {
    let bars = &evaluation.histogram;
    let tallest =
        |share: fn(&crate::calibration::Bar) -> f64| bars.iter().map(share).fold(1e-12, f64::max);
    let (up, down) = (
        tallest(|bar| bar.with_event),
        tallest(|bar| bar.without_event),
    );
    let frame = Frame {
        x: (0.0, end),
        y: (-1.0, 1.0),
        place: (70.0, 425.0, 550.0, 70.0),
    };
    frame.x_axis(marks, "predicted risk");
    for bar in bars {
        let x = (bar.from, bar.to);
        frame.bar(marks, "with", x, (0.0, bar.with_event / up));
        frame.bar(marks, "without", x, (-bar.without_event / down, 0.0));
    }
    frame.row_name(marks, 0.5, "event");
    frame.row_name(marks, -0.5, "no event");
}

/// Net benefit over thresholds.
pub(super) fn decision(evaluation: &Evaluation) -> Plot {
    let curve = &evaluation.decision_curve;
    let highest = curve.iter().map(|point| point.upper.max(point.treat_all));
    let top = highest.fold(0.01, f64::max);
    // Flagging all falls without bound; what matters lies near zero.
    let frame = Frame {
        x: (0.0, curve.last().map_or(1.0, |point| point.threshold)),
        y: (-top * 0.25, top * 1.05),
        place: (70.0, 15.0, 550.0, 340.0),
    };
    let mut marks = String::new();
    frame.axes(&mut marks, "threshold", "net benefit");
    let band: Vec<_> = curve
        .iter()
        .map(|p| (p.threshold, p.lower, p.upper))
        .collect();
    frame.band(&mut marks, "band-loess", &band);
    frame.line(
        &mut marks,
        "ideal",
        &[frame.x.0, frame.x.1].map(|x| (x, 0.0)),
    );
    let line = |of: fn(&crate::calibration::DecisionPoint) -> f64| -> Vec<_> {
        let above = curve.iter().filter(|p| frame.y.0 <= of(p));
        above.map(|p| (p.threshold, of(p))).collect()
    };
    frame.line(&mut marks, "spline", &line(|p| p.treat_all));
    frame.line(&mut marks, "loess", &line(|p| p.net_benefit));
    let mut best = curve
        .iter()
        .filter(|p| p.treat_all.max(0.0) < p.net_benefit);
    let (first, last) = (best.clone().next(), best.next_back());
    let says = match first.zip(last) {
        Some((first, last)) => format!(
            "The solid line is the model, the dotted one flagging everybody, the dashed one flagging nobody. The model is best at thresholds between {} and {}.",
            short(first.threshold),
            short(last.threshold)
        ),
        None => "At no threshold is the model better than flagging everybody or nobody.".to_owned(),
    };
    Plot::new("decision", 410.0, "Decision curve", &says, &marks)
}

/// Sensitivity against false alarms.
pub(super) fn roc(evaluation: &Evaluation) -> Plot {
    let frame = Frame {
        x: (0.0, 1.0),
        y: (0.0, 1.0),
        place: (70.0, 15.0, 380.0, 380.0),
    };
    let mut marks = String::new();
    frame.axes(&mut marks, "1 − specificity", "sensitivity");
    frame.line(&mut marks, "ideal", &[(0.0, 0.0), (1.0, 1.0)]);
    let mut line = vec![(0.0, 0.0)];
    line.extend(
        evaluation
            .roc
            .iter()
            .map(|p| (p.false_positive_rate, p.sensitivity)),
    );
    frame.line(&mut marks, "loess", &line);
    let area = match evaluation.whole.auroc {
        Ok(area) => format!(
            "The area under the curve is {}.",
            short(area.estimate.value)
        ),
        Err(reason) => format!("The area is not identifiable: {reason}."),
    };
    let says =
        format!("Sensitivity against one minus specificity; the dashed diagonal is chance. {area}");
    Plot::new(
        "roc",
        450.0,
        "Receiver operating characteristic",
        &says,
        &marks,
    )
}

/// A figure to compare groups by.
pub(super) struct Compared {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    /// Where it would be best, if there is such a place.
    pub(super) ideal: Option<f64>,
    pub(super) figure: fn(&Summary) -> Figure,
}

/// One figure of every group with its interval, in rows.
pub(super) fn forest(
    compared: &Compared,
    groups: &[GroupEvaluation],
    labels: &[String],
) -> Option<Plot> {
    let figure = |group: &GroupEvaluation| match &group.summary {
        Ok(known) => (compared.figure)(known),
        Err(reason) => Err(*reason),
    };
    let rows = groups.iter().zip(labels);
    let rows: Vec<(String, Figure)> = rows
        .map(|(group, label)| (label.clone(), figure(group)))
        .collect();
    in_rows((compared.id, compared.name), compared.ideal, &rows)
}

/// Figures with their intervals, one below the other, the first on top; nothing where there is none.
///
/// `ideal` is where they would be best, if there is such a place.
pub(super) fn in_rows(
    (id, title): (&str, &str),
    ideal: Option<f64>,
    figures: &[(String, Figure)],
) -> Option<Plot> {
    let rows = figures.iter();
    let rows: Vec<_> = rows
        .filter_map(|(label, figure)| figure.ok().map(|known| (label, known)))
        .collect();
    let lower = rows.iter().map(|(_, known)| known.lower).chain(ideal);
    let upper = rows.iter().map(|(_, known)| known.upper).chain(ideal);
    let low = lower.fold(f64::INFINITY, f64::min);
    let high = upper.fold(f64::NEG_INFINITY, f64::max);
    if rows.is_empty() || !low.is_finite() || !high.is_finite() || high <= low {
        return None;
    }
    let margin = (high - low) * 0.05;
    let n_rows = rows.len() as f64;
    let frame = Frame {
        x: (low - margin, high + margin),
        y: (0.0, n_rows),
        place: (170.0, 10.0, 450.0, 28.0 * n_rows),
    };
    let mut marks = String::new();
    frame.x_axis(&mut marks, title);
    if let Some(ideal) = ideal {
        frame.line(&mut marks, "ideal", &[(ideal, 0.0), (ideal, n_rows)]);
    }
    let mut says = format!("{title} by group: ");
    for (n, (label, known)) in rows.iter().enumerate() {
        let y = n_rows - n as f64 - 0.5;
        frame.row_name(&mut marks, y, label);
        frame.interval(&mut marks, y, known.value, (known.lower, known.upper));
        says.push_str(&format!("{label} {}; ", short(known.value)));
    }
    let height = 28.0 * n_rows + 55.0;
    let says = says.trim_end_matches("; ");
    Some(Plot::new(id, height, title, says, &marks))
}
