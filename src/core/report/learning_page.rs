//! What was learned, as one page that needs nothing else, or as a part of another page.

use super::evaluation_page::{STYLE, escaped, figure_table, table};
use super::evaluation_plots::{self as plots, Plot};
use super::evaluation_text::{caution, short};
use super::learning_text::{
    LearningSubject, assumptions, band_name, calibration_figures, limit, precision, round_name,
    size_rule, standing, taken_for_granted, update,
};
use super::phrases::date_phrase;
use super::precision_page::precision_section;
use crate::learning::{BandFigures, Calibrated, Learning, PrecisionByGroup, Round, RoundLearning};

/// One offline page.
///
/// Every plot has a text alternative and a table of its numbers. Nothing is
/// loaded from anywhere, nothing is run.
#[must_use]
pub fn learning_page(
    learning: &Learning,
    subject: &LearningSubject,
    precision: &PrecisionByGroup,
) -> String {
    let title = "What the outcomes say";
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n{}{}<p>Made by PreventioJyrää. Not a certified medical device.</p>\n</body>\n</html>\n",
        learning_section(learning, subject),
        precision_section(precision)
    )
}

/// The same as sections for another page: headings from `h2` down, ids that begin with `learning-`.
#[must_use]
pub fn learning_section(learning: &Learning, subject: &LearningSubject) -> String {
    let mut text = format!(
        "<p>As of {}, {} residents. Outcome: {}. Calibration in force: {}.</p>\n",
        date_phrase(subject.as_of),
        subject.residents,
        escaped(&learning.estimand.to_string()),
        escaped(&learning.calibration)
    );
    text.push_str(&round(learning, &learning.first));
    if let Some(repeat) = &learning.repeat {
        text.push_str(&round(learning, repeat));
    }
    text.push_str(&proposal(learning, subject));
    text.push_str("<h2>Taken for granted</h2>\n<ul>\n");
    for assumption in assumptions(learning, subject)
        .into_iter()
        .chain([size_rule()])
    {
        text.push_str(&format!("<li>{}</li>\n", escaped(&assumption)));
    }
    text + "</ul>\n"
}

const fn key(round: Round) -> &'static str {
    match round {
        Round::First => "first",
        Round::Repeat => "repeat",
    }
}

fn round(learning: &Learning, round: &RoundLearning) -> String {
    let name = round_name(round.round);
    let rows: Vec<Vec<String>> = round
        .account
        .entries()
        .map(|(decided, outcome, n)| vec![decided.to_owned(), outcome.to_owned(), n.to_string()])
        .chain([vec![
            "all".to_owned(),
            String::new(),
            round.account.total().to_string(),
        ]])
        .collect();
    let mut text = format!(
        "<h2>{name}: precision</h2>\n<p>Tests are ordered from {} on.</p>\n{}",
        learning.unit.text(learning.action_level),
        figure_table("figure", &precision(round))
    );
    text.push_str(&bands(round));
    text.push_str(&format!(
        "<p>Diagnosed within the horizon though neither flagged nor drawn: {}.</p>\n",
        round.interval_cases()
    ));
    text.push_str(&match &round.population {
        Err(reason) => format!(
            "<p class=\"caution\">Sensitivity, specificity and what lies below the level are not identifiable: {reason}.</p>\n"
        ),
        Ok(known) => {
            format!(
                "<p>{} residents below the level were drawn at random, {} tested, {} confirmed; each stands for all like them.</p>\n",
                known.sampled, known.tested, known.confirmed
            ) + &figure_table(
                "everybody",
                &[
                    ("sensitivity", known.sensitivity),
                    ("specificity", known.specificity),
                    ("NPV", known.npv),
                    ("AUROC of the score", known.auroc),
                ],
            )
        }
    });
    text.push_str("<p>By what is taken for granted of those who did not come:</p>\n");
    for (name, measure) in round.if_unlike.named() {
        let rows = taken_for_granted(measure);
        let rows = rows
            .each_ref()
            .map(|(what, figure)| (what.as_str(), *figure));
        text.push_str(&figure_table(name, &rows));
    }
    text.push_str(&format!(
        "<details><summary>Everybody by decision and outcome</summary>\n{}</details>\n",
        table(&["decision", "outcome", "residents"], &rows)
    ));
    text.push_str(&format!(
        "<h2>{name}: calibration</h2>\n<p>Among {}: {} verified, {} confirmed.</p>\n",
        round.tested.name(),
        round.verified,
        round.confirmed
    ));
    match &round.calibration {
        Ok(known) => {
            let id = format!("learning-{}-before", key(round.round));
            text.push_str(&calibrated(known, &id, "Calibration in force"));
        }
        Err(reason) => text.push_str(&format!("<p class=\"caution\">{reason}.</p>\n")),
    }
    text
}

/// A calibration's figures and plot.
fn calibrated(known: &Calibrated, id: &str, title: &str) -> String {
    let cautious = caution(known.evidence()).map_or(String::new(), |caution| {
        format!("<p class=\"caution\">{caution}</p>\n")
    });
    let plot = plots::calibration_named(&known.evaluation, id, title);
    cautious + &figure_table("figure", &calibration_figures(known)) + &figure(&plot, title)
}

fn figure(plot: &Plot, caption: &str) -> String {
    format!(
        "<figure>\n{}\n<figcaption>{caption}: observed against predicted risk, loess (solid) and spline (dotted) with pointwise 95 % bands; the dashed diagonal is perfect calibration.</figcaption>\n</figure>\n",
        plot.svg
    )
}

fn bands(round: &RoundLearning) -> String {
    let share = |figure: crate::calibration::Figure| match figure {
        Ok(known) => format!(
            "{}<br>{} to {}",
            short(known.value),
            short(known.lower),
            short(known.upper)
        ),
        Err(reason) => reason.to_string(),
    };
    let row = |band: &BandFigures| {
        vec![
            escaped(&band_name(band)),
            band.ordered.to_string(),
            band.tested.to_string(),
            band.confirmed.to_string(),
            band.predicted.map_or("–".to_owned(), short),
            share(band.ppv_per_result),
            share(band.ppv_per_order),
            share(band.uptake),
        ]
    };
    let rows: Vec<Vec<String>> = round.bands.iter().map(row).collect();
    let head = [
        "scores",
        "ordered",
        "tested",
        "confirmed",
        "predicted",
        "PPV per result",
        "PPV per order",
        "uptake",
    ];
    format!("<h3>By score</h3>\n{}", table(&head, &rows))
}

fn proposal(learning: &Learning, subject: &LearningSubject) -> String {
    let heading = "<h2>Recalibration</h2>\n";
    let proposal = match &learning.first.proposal {
        Ok(proposal) => proposal,
        Err(reason) => {
            return format!("{heading}<p class=\"caution\">None is proposed: {reason}.</p>\n");
        }
    };
    let mut text = format!(
        "{heading}<p>By closed testing ({}): <strong>{}</strong>. {}</p>\n",
        proposal.recalibration.test.name(),
        update(proposal),
        escaped(&standing(proposal, subject))
    );
    if proposal.changes() {
        text.push_str(&format!(
            "<p class=\"caution\">After it, on the same people: the same data, so it looks better than it will be. {}</p>\n",
            limit(learning).unwrap_or_default()
        ));
        let title = "After the recalibration, same people";
        text.push_str(&calibrated(&proposal.after, "learning-after", title));
    }
    text
}
