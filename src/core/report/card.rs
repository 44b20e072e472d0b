//! A decision as a card for a professional who has somebody's record open.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::phrases::{age_phrase, date_phrase, list_phrase};
use super::telling::Telling;
use crate::pathway::{Decision, ReasonVerdict};
use crate::profile::{Fact, Profile};
use crate::risk::{Assessment, Basis};
use crate::rulebook::{NextStep, Rulebook, ScoreUnit, Status};

/// What a card says. Clinical data: no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct CardText {
    /// One line of at most [`CardText::MOST`] characters.
    pub summary: String,
    /// More, in Markdown; what comes from rules is escaped.
    pub detail: String,
    /// How much it asks for attention.
    pub weight: CardWeight,
}

impl CardText {
    /// Characters of a summary, at most: CDS Hooks wants fewer than 140.
    pub const MOST: usize = 139;
}

/// How much a card asks for attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardWeight {
    /// When there is time.
    Info,
    /// A result waits for a professional.
    Warning,
}

/// What a professional is told who has the record of a resident open; nothing when nothing is asked of
/// anybody now.
#[must_use]
pub fn card(rulebook: &Rulebook, profile: &Profile, decision: &Decision) -> Option<CardText> {
    let (asked, weight) = match &decision.next {
        NextStep::OrderLaboratory { tests } => {
            let names = tests
                .iter()
                .map(|test| rulebook.catalogue.definition(*test));
            let names: Vec<&str> = names.map(|test| &*test.name).collect();
            (format!("{} due", list_phrase(&names)), CardWeight::Info)
        }
        NextStep::Ask => ("a few answers decide".to_owned(), CardWeight::Info),
        NextStep::Remind => ("not done by its day".to_owned(), CardWeight::Info),
        NextStep::OfferPrevention { .. } => {
            ("lifestyle service on offer".to_owned(), CardWeight::Info)
        }
        NextStep::Task => (
            "for a professional to look at".to_owned(),
            CardWeight::Warning,
        ),
        NextStep::Nothing | NextStep::Recall { .. } | NextStep::CompleteRecord => return None,
    };
    let telling = Telling::of(rulebook, &rulebook.model, profile);
    let score = decision.assessment.as_ref();
    let score = score.map(|assessment| score_phrase(rulebook, assessment));
    let told = match &score {
        Some(score) => format!("Screening: {asked}; {score}"),
        None => format!("Screening: {asked}"),
    };
    let mut lines = Vec::new();
    for reason in &decision.reasons {
        if reason.verdict == ReasonVerdict::Held {
            let row = &rulebook.pathway.rows[reason.row];
            let fact = reason.fact.as_ref();
            let fact = fact.map_or(String::new(), |fact| {
                format!(" ({})", telling.fact_phrase(fact))
            });
            let (subject, says) = (telling.person.subject, &row.says);
            lines.push(format!("{subject} {says}{fact}. [{}]", row.id));
        }
    }
    if let Some(assessment) = &decision.assessment {
        let level = rulebook.pathway.level(profile.age_in_years());
        let unit = rulebook.model.rung(assessment.rung()).unit;
        let level = match unit {
            ScoreUnit::Points => unit.number(level),
            ScoreUnit::PartsPerMillion => format!("{} %", unit.number(level)),
        };
        let score = score_phrase(rulebook, assessment);
        lines.push(format!(
            "By what is known: {score}; {level} is the action level."
        ));
        lines.push(missing(rulebook, assessment));
    }
    lines.push(data_age(decision, profile.index_date()));
    lines.push(source(rulebook));
    let lines = lines.iter().map(|line| format!("* {}\n", escaped(line)));
    Some(CardText {
        summary: shortened(&told),
        detail: lines.collect(),
        weight,
    })
}

/// The range of a score: `score 13 to 15 of 26`.
fn score_phrase(rulebook: &Rulebook, assessment: &Assessment) -> String {
    let model = rulebook.model.rung(assessment.rung());
    let (low, high) = (assessment.low(), assessment.high());
    let number = |score| model.unit.number(score);
    let range = if low == high {
        number(low)
    } else {
        format!("{} to {}", number(low), number(high))
    };
    match model.unit {
        ScoreUnit::Points => format!("score {range} of {}", model.max),
        ScoreUnit::PartsPerMillion => format!("risk {range} %"),
    }
}

fn missing(rulebook: &Rulebook, assessment: &Assessment) -> String {
    let items = &rulebook.model.rung(assessment.rung()).items;
    let open = assessment.open_items(&rulebook.model).into_iter();
    let names: Vec<&str> = open.map(|item| &*items[item].name).collect();
    match names.is_empty() {
        true => "Not known: nothing that counts.".to_owned(),
        false => format!("Not known: {}.", list_phrase(&names)),
    }
}

/// From when to when the facts are that it rests on.
fn data_age(decision: &Decision, day: Date) -> String {
    let mut days = BTreeSet::new();
    let mut add = |fact: &Fact| {
        if fact.effective != Fact::UNDATED {
            days.insert(fact.effective);
        }
    };
    decision
        .reasons
        .iter()
        .filter_map(|reason| reason.fact.as_ref())
        .for_each(&mut add);
    let items = decision.assessment.iter().flat_map(Assessment::items);
    for basis in items.filter_map(|item| item.basis.as_ref()) {
        match basis {
            Basis::Measured(fact) | Basis::Shown { fact, .. } => add(fact),
            Basis::MassOverHeightSquared { mass, height, .. } => {
                add(mass);
                add(height);
            }
            Basis::Age(..) | Basis::Sex(_) => {}
        }
    }
    let phrase = |date: Date| format!("{} ({})", date_phrase(date), age_phrase(date, day));
    match (days.first(), days.last()) {
        (Some(oldest), Some(newest)) if oldest == newest => {
            format!("Data: of {}.", phrase(*newest))
        }
        (Some(oldest), Some(newest)) => {
            format!("Data: from {} to {}.", phrase(*oldest), phrase(*newest))
        }
        (None, _) | (_, None) => "Data: of no known day.".to_owned(),
    }
}

fn source(rulebook: &Rulebook) -> String {
    let (programme, pathway) = (&rulebook.programme.header, &rulebook.pathway.header);
    let draft = match programme.status {
        Status::Draft => ", an unsigned draft",
        Status::InForce => "",
    };
    format!(
        "By {} {}{draft}, with {} {}. This program is not a certified medical device; a professional decides.",
        programme.id, programme.version, pathway.id, pathway.version
    )
}

/// A text in which nothing is Markdown.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' => escaped.push(' '),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '!'
            | '&' => escaped.extend(['\\', c]),
            _ => escaped.push(c),
        }
    }
    escaped
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= CardText::MOST {
        return text.to_owned();
    }
    let kept: String = text.chars().take(CardText::MOST - 1).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_shortened_at_its_limit_and_not_before() {
        for (n, ends) in [(CardText::MOST, false), (CardText::MOST + 1, true)] {
            let short = shortened(&"ä".repeat(n));
            assert_eq!(short.chars().count(), CardText::MOST);
            assert_eq!(short.ends_with('…'), ends);
        }
    }

    #[test]
    fn what_would_be_markdown_is_shown_as_it_is() {
        assert_eq!(escaped("*a* [b](c)\n<i>"), r"\*a\* \[b\](c) \<i\>");
        assert_eq!(escaped("5.7 % of 26"), "5.7 % of 26");
    }
}
