//! The letter about a decision: what was decided about one resident and why, in plain words of the rules.

use jiff::Span;
use jiff::civil::Date;

use super::evaluation_page::{STYLE, escaped};
use super::phrases::number_phrase;
use crate::pathway::Decision;
use crate::profile::{Fact, Profile, Standing};
use crate::risk::{Assessment, Basis, ItemResult};
use crate::rulebook::{
    Language, NextStep, Rulebook, ScoreUnit, State, Text, TextStatus, TextValues,
};

/// Why there is no letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoLetter {
    /// The rules of this programme have none.
    #[error(
        "the rules of this programme have no letters\nhint: texts `letter-…` in its folder under `texts/`; `rules check` says what is missing"
    )]
    NoTexts,
}

/// What was decided about one resident and why, in one language. No `Debug`: it is about a person.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    language: Language,
    opening: Text,
    decided: Text,
    recall: Option<Text>,
    score: Option<Score>,
    closing: Text,
    /// Where nobody stands for the words yet.
    draft: Option<Text>,
}

/// The score with what it is made of.
#[derive(Clone, PartialEq, Eq)]
struct Score {
    says: Text,
    heading: Text,
    items: Vec<Item>,
}

/// One item: what it is called, what is known of it, and its points.
#[derive(Clone, PartialEq, Eq)]
struct Item {
    name: String,
    known: String,
    points: String,
}

/// What letters are written with.
struct Writing<'a> {
    rulebook: &'a Rulebook,
    language: Language,
    profile: &'a Profile,
}

impl Writing<'_> {
    fn text(&self, id: &str, values: TextValues<'_>) -> Result<Text, NoLetter> {
        let texts = &self.rulebook.texts;
        texts
            .message(self.language, id, values)
            .ok_or(NoLetter::NoTexts)
    }

    fn words(&self, id: &str) -> Result<String, NoLetter> {
        Ok(self.text(id, TextValues::default())?.subject)
    }

    fn recall(&self, decision: &Decision) -> Option<Date> {
        let months = match &decision.next {
            NextStep::Recall { months } => *months,
            NextStep::OfferPrevention { recall_months } => *recall_months,
            NextStep::Nothing
            | NextStep::Ask
            | NextStep::Remind
            | NextStep::OrderLaboratory { .. }
            | NextStep::Task
            | NextStep::CompleteRecord => return None,
        };
        let decided_by = decision.fact_of(decision.row);
        let from = decided_by.map_or(self.profile.index_date(), |fact| fact.effective);
        Some(from.saturating_add(Span::new().months(i64::from(months))))
    }

    fn score(&self, assessment: &Assessment) -> Result<Option<Score>, NoLetter> {
        let model = self.rulebook.model.rung(assessment.rung());
        if model.unit != ScoreUnit::Points {
            return Ok(None);
        }
        let (low, high) = (assessment.low(), assessment.high());
        let score = match low == high {
            true => low.to_string(),
            false => format!("{low}–{high}"),
        };
        let level = self.rulebook.pathway.level(self.profile.age_in_years());
        let says = self.text(
            "letter-score",
            TextValues {
                score: Some(&format!("{score} / {}", model.max)),
                level: Some(&level.to_string()),
                ..TextValues::default()
            },
        )?;
        let unit = self.words("letter-points")?;
        let mut items = Vec::new();
        for (item, result) in model.items.iter().zip(assessment.items()) {
            let name = self.rulebook.texts.item(self.language, &item.id);
            let (low, high) = (result.adds.low(), result.adds.high());
            let points = match low == high {
                true => low.to_string(),
                false => format!("{low}–{high}"),
            };
            items.push(Item {
                name: name.ok_or(NoLetter::NoTexts)?.to_owned(),
                known: self.known(result)?,
                points: format!("{unit}: {points}"),
            });
        }
        Ok(Some(Score {
            says,
            heading: self.text("letter-items", TextValues::default())?,
            items,
        }))
    }

    /// What is known of an item, from when, and by whose word.
    fn known(&self, result: &ItemResult) -> Result<String, NoLetter> {
        Ok(match &result.basis {
            None => self.words("letter-not-known")?,
            Some(Basis::Age(young, old)) => {
                let years = match young == old {
                    true => young.to_string(),
                    false => format!("{young}–{old}"),
                };
                format!("{years}, {}", self.words("letter-register")?)
            }
            Some(Basis::Sex(_)) => self.words("letter-register")?,
            Some(Basis::Measured(fact)) => match fact.quantity() {
                Some(quantity) => {
                    format!("{}, {}", number_phrase(quantity), self.when(fact)?)
                }
                None => self.when(fact)?,
            },
            Some(Basis::MassOverHeightSquared { mass, height, .. }) => {
                let older = match mass.effective < height.effective {
                    true => mass,
                    false => height,
                };
                self.when(older)?
            }
            Some(Basis::Shown { fact, .. }) => self.when(fact)?,
        })
    }

    /// The day of a fact, and that it is the resident's own word where it is.
    fn when(&self, fact: &Fact) -> Result<String, NoLetter> {
        let mut said = Vec::new();
        if fact.effective != Fact::UNDATED {
            said.push(self.language.day(fact.effective));
        }
        if fact.standing == Standing::SelfReported {
            said.push(self.words("letter-own-word")?);
        }
        Ok(said.join(", "))
    }
}

/// Writes the letter about a decision. Nothing of it says where somebody lives.
///
/// A score is told as points with the level beside it, never as a probability. What was decided is told by
/// the state, in the words of the rules; the rows that led there are for professionals
/// ([`explain`](super::explain)).
///
/// # Errors
///
/// [`NoLetter`] when the rules have no words for it.
pub fn letter(
    rulebook: &Rulebook,
    language: Language,
    profile: &Profile,
    decision: &Decision,
) -> Result<Letter, NoLetter> {
    let writing = Writing {
        rulebook,
        language,
        profile,
    };
    let on = TextValues {
        on: Some(profile.index_date()),
        ..TextValues::default()
    };
    let none = TextValues::default();
    let recall = writing.recall(decision).map(|recall_on| {
        let values = TextValues {
            recall_on: Some(recall_on),
            ..none
        };
        writing.text("letter-recall", values)
    });
    // Whom the programme is not about has no use for a score; what a result says, a professional says first.
    let is_about = decision.state.is_in_the_programme()
        && !matches!(decision.state, State::Confirming | State::UnderReview);
    let assessment = decision.assessment.as_ref().filter(|_| is_about);
    let score = assessment.map(|assessment| writing.score(assessment));
    let mut files = rulebook.texts.files();
    let file = files.find(|file| file.language == language);
    let is_draft = file.is_none_or(|file| file.status == TextStatus::Draft);
    let draft = is_draft.then(|| writing.text("letter-draft", none));
    Ok(Letter {
        language,
        opening: writing.text("letter-opening", on)?,
        decided: writing.text(&format!("letter-{}", decision.state.name()), none)?,
        recall: recall.transpose()?,
        score: score.transpose()?.flatten(),
        closing: writing.text("letter-closing", none)?,
        draft: draft.transpose()?,
    })
}

impl Letter {
    /// The language that it is in.
    #[must_use]
    pub const fn language(&self) -> Language {
        self.language
    }

    /// The letter as text.
    #[must_use]
    pub fn text(&self) -> String {
        let part = |part: &Text| format!("{}\n\n{}\n\n", part.subject, part.text);
        let mut text = String::new();
        if let Some(draft) = &self.draft {
            text.push_str(&format!("{}: {}\n\n", draft.subject, draft.text));
        }
        text.push_str(&part(&self.opening));
        text.push_str(&part(&self.decided));
        if let Some(recall) = &self.recall {
            text.push_str(&format!("{}\n\n", recall.text));
        }
        if let Some(score) = &self.score {
            text.push_str(&part(&score.says));
            text.push_str(&part(&score.heading));
            for item in &score.items {
                let Item {
                    name,
                    known,
                    points,
                } = item;
                text.push_str(&format!("  {name}: {known}; {points}\n"));
            }
            text.push('\n');
        }
        text.push_str(part(&self.closing).trim_end());
        text.push('\n');
        text
    }

    /// The letter as one offline page: nothing is loaded from anywhere, and everything is escaped.
    #[must_use]
    pub fn page(&self) -> String {
        let paragraphs = |text: &str| {
            let lines = text
                .lines()
                .map(|line| format!("<p>{}</p>\n", escaped(line)));
            lines.collect::<String>()
        };
        let title = escaped(&self.opening.subject);
        let code = self.language.code();
        let mut page = format!(
            "<!DOCTYPE html>\n<html lang=\"{code}\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n"
        );
        if let Some(draft) = &self.draft {
            page.push_str(&format!(
                "<p class=\"caution\"><strong>{}.</strong> {}</p>\n",
                escaped(&draft.subject),
                escaped(&draft.text)
            ));
        }
        page.push_str(&paragraphs(&self.opening.text));
        let mut parts = vec![&self.decided];
        parts.extend(self.score.as_ref().map(|score| &score.says));
        for part in parts {
            page.push_str(&format!("<h2>{}</h2>\n", escaped(&part.subject)));
            page.push_str(&paragraphs(&part.text));
            if let (true, Some(recall)) = (part == &self.decided, &self.recall) {
                page.push_str(&paragraphs(&recall.text));
            }
        }
        if let Some(score) = &self.score {
            page.push_str(&format!("<h2>{}</h2>\n", escaped(&score.heading.subject)));
            page.push_str(&paragraphs(&score.heading.text));
            page.push_str("<table>\n<tbody>\n");
            for item in &score.items {
                page.push_str(&format!(
                    "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td></tr>\n",
                    escaped(&item.name),
                    escaped(&item.known),
                    escaped(&item.points)
                ));
            }
            page.push_str("</tbody>\n</table>\n");
        }
        page.push_str(&format!("<h2>{}</h2>\n", escaped(&self.closing.subject)));
        page.push_str(&paragraphs(&self.closing.text));
        page.push_str("</main>\n</body>\n</html>\n");
        page
    }
}
