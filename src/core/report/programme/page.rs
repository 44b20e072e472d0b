//! The report as one page that needs nothing else.

use super::super::evaluation_page::{STYLE, escaped, table};
use super::super::evaluation_plots::{self as plots, Plot};
use super::super::evaluation_text::short;
use super::super::learning_page::learning_section;
use super::super::phrases::date_phrase;
use super::super::precision_page::precision_section;
use super::super::precision_text::{GroupTold, groups_told};
use super::super::svg::Frame;
use super::{CardLine, FirstPage, Reported, first_page, model_card, not_in_this_report, tripod};
use crate::calibration::Figure;
use crate::learning::{
    Arm, DriftChange, GroupFigures, Grouping, INPUT_MOVED_FROM, ItemDrift, ItemsDrift, flow,
};
use crate::rulebook::Language;

/// The first page is printed alone.
const FIRST_PAGE_STYLE: &str = "
.first p { font-size: 1.15rem; margin: .5rem 0; } @media print { .first { break-after: page; } }
";

/// One offline page: the first page in a language, what stands behind it in English.
///
/// Nothing is loaded from anywhere, nothing is run.
#[must_use]
pub fn report_page(reported: &Reported, language: Language) -> String {
    let first = first_page(reported, language);
    // A section is added here, and only where it has something to say.
    let sections = [
        verification(reported),
        learning_section(&reported.learning, &reported.subject),
        decision(reported),
        over_time(reported),
        equity(reported),
        precision_section(&reported.precision),
        drift(reported),
        card(&model_card(reported)),
        checklist(reported),
        not_in(),
    ];
    let title = escaped(&first.title);
    format!(
        "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n<style>{STYLE}{FIRST_PAGE_STYLE}</style>\n</head>\n<body>\n{}<main lang=\"en\">\n{}</main>\n<p>Made by PreventioJyrää. {}</p>\n</body>\n</html>\n",
        language.code(),
        opening(&first),
        sections.concat(),
        escaped(&first.closing)
    )
}

fn opening(first: &FirstPage) -> String {
    let paragraphs = |all: &[String]| -> String {
        let all = all.iter();
        all.map(|sentence| format!("<p>{}</p>\n", escaped(sentence)))
            .collect()
    };
    format!(
        "<section class=\"first\">\n<h1>{}</h1>\n{}<h2>{}</h2>\n{}<p class=\"caution\">{}</p>\n</section>\n",
        escaped(&first.title),
        paragraphs(&first.known),
        escaped(&first.not_known_title),
        paragraphs(&first.not_known),
        escaped(&first.closing)
    )
}

fn figure(plot: &Plot, caption: &str) -> String {
    format!(
        "<figure>\n{}\n<figcaption>{caption}</figcaption>\n</figure>\n",
        plot.svg
    )
}

fn verification(reported: &Reported) -> String {
    let flow = flow(&reported.learning.first);
    let mut rows = arm(
        &flow.flagged,
        ["flagged", "follow-up over", "had all tests", "confirmed"],
    );
    if 0 < flow.drawn.decided {
        rows.extend(arm(
            &flow.drawn,
            [
                "drawn by lot",
                "drawn, over",
                "drawn, tested",
                "drawn, confirmed",
            ],
        ));
    }
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|(name, n)| vec![(*name).to_owned(), n.to_string()])
        .collect();
    let caption = "First rounds: from those for whom tests were decided to those confirmed; each bar is a number of residents.";
    format!(
        "<h2>Who was verified</h2>\n<p>{} residents were decided about; most are neither flagged nor drawn, and nobody tested them for it.</p>\n{}{}<p>Of the flagged, {} are still followed, {} had the disease before or are not followed, for {} a treatment was begun before it was known, and {} were diagnosed without all tests or after that.</p>\n",
        flow.decided,
        figure(&bars(&rows), caption),
        table(&["step", "residents"], &cells),
        flow.flagged.not_over,
        flow.flagged.left_out,
        flow.flagged.treated,
        flow.flagged.confirmed_otherwise
    )
}

fn arm(arm: &Arm, names: [&'static str; 4]) -> Vec<(&'static str, u64)> {
    let steps = [arm.decided, arm.counted, arm.tested, arm.confirmed];
    names.into_iter().zip(steps).collect()
}

/// Numbers of residents as lying bars, the first on top.
fn bars(rows: &[(&str, u64)]) -> Plot {
    let most = rows.iter().map(|(_, n)| *n).max().unwrap_or(1).max(1);
    let n_rows = rows.len() as f64;
    let frame = Frame {
        x: (0.0, most as f64),
        y: (0.0, n_rows),
        place: (170.0, 10.0, 440.0, 28.0 * n_rows),
    };
    let mut marks = String::new();
    frame.x_axis(&mut marks, "residents");
    let mut says = String::new();
    for (at, (name, n)) in rows.iter().enumerate() {
        let y = n_rows - at as f64;
        frame.bar(
            &mut marks,
            "without",
            (0.0, *n as f64),
            (y - 0.85, y - 0.15),
        );
        frame.row_name(&mut marks, y - 0.5, name);
        says.push_str(&format!("{name} {n}; "));
    }
    let height = 28.0 * n_rows + 60.0;
    let says = says.trim_end_matches("; ");
    Plot::new("flow", height, "Who was verified", says, &marks)
}

/// PPV and uptake of groups, each as a plot where any group has one.
fn plots_of(id: &str, groups: &[&GroupFigures]) -> String {
    let shown = |of: fn(&GroupFigures) -> Figure| -> Vec<(String, Figure)> {
        let groups = groups.iter();
        groups
            .map(|group| (escaped(&group.name), of(group)))
            .collect()
    };
    let ppv = shown(|group| group.ppv_per_result);
    let uptake = shown(|group| group.uptake);
    let plots = [
        plots::in_rows((&format!("{id}-ppv"), "PPV per result"), None, &ppv),
        plots::in_rows((&format!("{id}-uptake"), "uptake"), None, &uptake),
    ];
    let plots = plots.into_iter().flatten();
    plots
        .map(|plot| figure(&plot, &format!("First rounds, by {id}, with 95 % intervals (Wilson); groups without a figure are left out. The numbers are in the table by {id}.")))
        .collect()
}

/// The groups of first rounds that may be told, told apart in one way.
fn first_rounds(reported: &Reported, by: Grouping) -> Vec<&GroupFigures> {
    let first = reported.precision.rounds.first();
    let grouped = first.and_then(|first| first.grouped.iter().find(|one| one.by == by));
    let told = grouped.and_then(groups_told).unwrap_or_default();
    let told = told.into_iter().filter_map(|group| match group {
        GroupTold::Told(group) => Some(group),
        GroupTold::NotTold(_) => None,
    });
    told.collect()
}

fn over_time(reported: &Reported) -> String {
    let plots = plots_of("quarter", &first_rounds(reported, Grouping::Quarter));
    if plots.is_empty() {
        return String::new();
    }
    format!("<h2>Precision over time</h2>\n{plots}")
}

fn equity(reported: &Reported) -> String {
    let ways = [
        Grouping::Sex,
        Grouping::Age,
        Grouping::Language,
        Grouping::District,
    ];
    let plots: String = ways
        .into_iter()
        .map(|by| plots_of(by.name(), &first_rounds(reported, by)))
        .collect();
    if plots.is_empty() {
        return String::new();
    }
    format!(
        "<h2>Equity</h2>\n<p>A group that is not drawn has too few people, which says neither that it is treated alike nor that it is not. Groups differ in age and much else: a difference is a question, not an answer.</p>\n{plots}"
    )
}

fn drift(reported: &Reported) -> String {
    let seen = &reported.drift;
    let calibration = &seen.calibration;
    let fitted = match seen.fitted_until {
        Some(day) => format!("It was fitted on decisions until {}.", date_phrase(day)),
        None => "It was not fitted on this programme's outcomes.".to_owned(),
    };
    let mut text = format!(
        "<h2>Drift</h2>\n<p>{} verified decisions of first rounds, {} confirmed. {fitted}</p>\n",
        calibration.verified, calibration.confirmed
    );
    let by_quarter: Vec<(String, Figure)> = calibration
        .stretches
        .iter()
        .map(|stretch| (stretch.name.clone(), stretch.o_e))
        .collect();
    match plots::in_rows(("drift", "O:E"), Some(1.0), &by_quarter) {
        Some(plot) => text.push_str(&figure(&plot, "Observed over expected by index date, as many quarters together as have ten confirmed and ten others; 1 is right.")),
        None => text.push_str("<p class=\"caution\">O:E over time: insufficient evidence, fewer than ten confirmed and ten others.</p>\n"),
    }
    let changes: Vec<String> = calibration.changes.iter().map(change).collect();
    text.push_str(&match changes.is_empty() {
        true => "<p>No change of the calibration is told.</p>\n".to_owned(),
        false => format!("<ul>\n{}</ul>\n", changes.concat()),
    });
    if seen.unanswered().is_some() {
        text.push_str("<p class=\"caution\">The calibration in force has seen nothing of the newest change.</p>\n");
    }
    text + &seen.items.as_ref().map_or_else(String::new, items_drift)
}

fn change(change: &DriftChange) -> String {
    let what = match 0.0 < change.statistic {
        true => "more",
        false => "fewer",
    };
    let o_e = |figure: Figure| match figure {
        Ok(known) => format!(
            "{} ({} to {})",
            short(known.value),
            short(known.lower),
            short(known.upper)
        ),
        Err(reason) => format!("not known: {reason}"),
    };
    format!(
        "<li>Since {} {what} are confirmed than before: O:E {}, before {}. Seen with the decisions of the month from {}.</li>\n",
        date_phrase(change.since),
        o_e(change.after),
        o_e(change.before),
        date_phrase(change.seen)
    )
}

fn items_drift(drift: &ItemsDrift) -> String {
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    let row = |one: &ItemDrift| match &one.found {
        Ok(known) => vec![
            escaped(&one.item),
            format!("{:.3}", known.index),
            known.verdict.name().to_owned(),
            percent(known.missing[0]),
            percent(known.missing[1]),
        ],
        Err(reason) => vec![
            escaped(&one.item),
            "–".to_owned(),
            format!("not known: {reason}"),
            "–".to_owned(),
            "–".to_owned(),
        ],
    };
    let rows: Vec<Vec<String>> = drift.items.iter().map(row).collect();
    let (moved, changed) = INPUT_MOVED_FROM;
    let head = [
        "item",
        "stability index",
        "what is made of it",
        "not known then",
        "not known now",
    ];
    format!(
        "<p>Items of the score on {} ({} residents) and on {} ({}): moved from an index of {moved:.2}, changed from {changed:.2}, where chance does not explain it.</p>\n{}",
        date_phrase(drift.then),
        drift.residents[0],
        date_phrase(drift.now),
        drift.residents[1],
        table(&head, &rows)
    )
}

fn decision(reported: &Reported) -> String {
    let round = &reported.learning.first;
    let Ok(known) = &round.calibration else {
        return String::new();
    };
    let rows: Vec<Vec<String>> = known
        .evaluation
        .decision_curve
        .iter()
        .map(|p| {
            [p.threshold, p.net_benefit, p.lower, p.upper, p.treat_all]
                .map(short)
                .to_vec()
        })
        .collect();
    let head = ["threshold", "net benefit", "lower", "upper", "all flagged"];
    format!(
        "<h2>Decision curve</h2>\n<p>Among {}; it says nothing of anybody else.</p>\n{}<details><summary>The numbers of this plot</summary>\n{}</details>\n",
        round.tested.name(),
        figure(
            &plots::decision(&known.evaluation),
            "Net benefit of flagging by the probability in force (solid, with its pointwise 95 % band), of flagging everybody (dotted) and nobody (dashed)."
        ),
        table(&head, &rows)
    )
}

fn listed(says: &[String]) -> String {
    let says: Vec<String> = says.iter().map(|one| escaped(one)).collect();
    says.join("<br>")
}

fn card(lines: &[CardLine]) -> String {
    let rows: Vec<Vec<String>> = lines
        .iter()
        .map(|line| vec![line.what.to_owned(), listed(&line.says)])
        .collect();
    format!(
        "<h2>Model card</h2>\n{}",
        table(&["of", "what is known"], &rows)
    )
}

fn checklist(reported: &Reported) -> String {
    let rows: Vec<Vec<String>> = tripod(reported)
        .iter()
        .map(|item| {
            vec![
                item.number.to_string(),
                item.heading.to_owned(),
                listed(&item.says),
            ]
        })
        .collect();
    format!(
        "<h2>TRIPOD+AI</h2>\n<p>Filled from rules, registry and figures. What these do not say is not stated, and is for people to write.</p>\n{}",
        table(&["item", "heading", "what is known"], &rows)
    )
}

fn not_in() -> String {
    let all: String = not_in_this_report()
        .iter()
        .map(|one| format!("<li>{one}</li>\n"))
        .collect();
    format!("<h2>Not in this report</h2>\n<ul>\n{all}</ul>\n")
}
