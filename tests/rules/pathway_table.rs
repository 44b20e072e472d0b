//! The pathway as a whole: the table that the medical lead is to sign, in order.

use preventiojyraa_core::rulebook::{NextStep, Row};

use crate::support::core::rulebook;

/// Row, state, next step, review, `-` where a row has none; then what somebody is told.
const TABLE: &str = "
born-later | not-yet-born | nothing | -
deceased | deceased | nothing | -
glucose-critical | - | - | same-day within 0 days
second-entry | out-of-scope | nothing | -
moved-away | moved | nothing | -
lives-elsewhere | out-of-scope | nothing | -
refused-with-a-high-result | - | - | urgent within 7 days
refused-with-high-results | - | - | urgent within 7 days
opted-out | opted-out | nothing | -
birth-date-unknown | under-review | task | routine within 30 days
diagnosis-ended | - | - | - | a contradiction
diagnosis-without-trace | - | - | - | a contradiction
diagnosis-contradicted | - | - | routine within 90 days | a contradiction
diabetes-known | known-disease | nothing | -
diabetes-unaccepted-and-high | under-review | task | urgent within 7 days
diabetes-unaccepted | under-review | task | routine within 90 days
result-diabetic-range | confirming | task | urgent within 7 days | asks a professional: contact-diabetic-range
result-diabetic-range-old | - | - | routine within 90 days
result-unconfirmed | confirming | task | urgent within 7 days
result-gone | confirming | task | urgent within 7 days
outside-age | outside-age | nothing | -
lesser-sample-high | - | - | soon within 30 days
drug-without-diagnosis | - | - | routine within 90 days | a contradiction
family-contradicted | - | - | - | a contradiction
pregnancy-of-a-man | - | - | routine within 30 days | a contradiction
pregnant | out-of-scope | nothing | -
end-of-life-care | out-of-scope | nothing | -
record-incomplete | undetermined-incomplete | complete the record | -
glucose-impaired | offered-prevention | offer prevention, recall in 12 months | - | tells: offer-prevention
sample-overdue | overdue | remind | -
did-not-attend | with-a-nurse | task | soon within 30 days | asks a professional: contact-overdue
order-open | ordered | nothing | -
recently-normal-and-high-score | offered-prevention | offer prevention, recall in 36 months | - | tells: offer-prevention
recently-normal | concluded | recall in 36 months | - | tells: normal-result
handed-to-a-nurse | with-a-nurse | nothing | -
results-undecided | with-a-nurse | task | soon within 14 days
order-open-elsewhere | ordered | nothing | -
score-at-or-above | ordered | order fasting-plasma-glucose and hba1c | -
sampled-negative | sampled-negative | order fasting-plasma-glucose and hba1c | -
score-below | below-level | recall in 36 months | -
sex-decides | under-review | task | routine within 90 days
answer-overdue | asked | remind | -
not-answered | undecided-not-answered | recall in 12 months | -
score-spans | asked | ask | -
";

fn next(step: &NextStep) -> String {
    match step {
        NextStep::Nothing => "nothing".to_owned(),
        NextStep::Recall { months } => format!("recall in {months} months"),
        NextStep::Ask => "ask".to_owned(),
        NextStep::Remind => "remind".to_owned(),
        NextStep::OrderLaboratory { tests } => {
            let name = |id| rulebook().catalogue.definition(id).id.as_str();
            let names: Vec<&str> = tests.iter().map(|test| name(*test)).collect();
            format!("order {}", names.join(" and "))
        }
        NextStep::Task => "task".to_owned(),
        NextStep::OfferPrevention { recall_months } => {
            format!("offer prevention, recall in {recall_months} months")
        }
        NextStep::CompleteRecord => "complete the record".to_owned(),
    }
}

fn line(row: &Row) -> String {
    let none = || "-".to_owned();
    let (state, next) = row
        .outcome
        .as_ref()
        .map_or((none(), none()), |(state, step)| {
            (state.name().to_owned(), next(step))
        });
    let review = row.review.map_or_else(none, |review| {
        format!(
            "{} within {} days",
            review.priority.name(),
            review.within_days
        )
    });
    let mut line = format!("{} | {state} | {next} | {review}", row.id);
    if let Some(text) = &row.message {
        line.push_str(&format!(" | tells: {text}"));
    }
    if let Some(text) = &row.contact {
        line.push_str(&format!(" | asks a professional: {text}"));
    }
    if row.contradiction {
        line.push_str(" | a contradiction");
    }
    line
}

#[test]
fn the_pathway_says_this_and_in_this_order() {
    let lines: Vec<String> = rulebook().pathway.rows.iter().map(line).collect();
    let expected: Vec<&str> = TABLE.trim().lines().collect();
    assert_eq!(lines, expected);
}

#[test]
fn the_level_the_ages_and_every_deadline_are_marked_as_not_verified() {
    let pathway = &rulebook().pathway;
    assert_eq!((pathway.lowest_level(), pathway.near), (12, 2));
    assert_eq!((pathway.age_from, pathway.age_below), (18, 120));
    let marked = rulebook()
        .unverified
        .iter()
        .filter(|u| u.file == "pathways/stepwise.toml");
    let deadlines = pathway.deadlines;
    assert_eq!(
        (
            deadlines.send_days,
            deadlines.sample_days,
            deadlines.answer_days,
            deadlines.sample_reminder_days,
            deadlines.answer_reminder_days
        ),
        (14, 60, 28, 30, 21)
    );
    assert_eq!(
        marked.count(),
        8,
        "action level, ages, deadlines, intervals and four exclusions"
    );
}
