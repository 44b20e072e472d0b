//! What a resident without a portal is written or told: the same words and questions, as plain text.

use jiff::civil::Date;
use preventiojyraa_core::orders::{Action, Order};
use preventiojyraa_core::rulebook::{Language, Rulebook};

use super::super::channel::Way;
use super::acts::{Act, NotWritten, Writing};

/// Words for a letter, or for whoever calls. They are for the resident: no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    /// The language they are in.
    pub language: Language,
    /// What it is about.
    pub subject: String,
    /// What is said, with the questions and their answers where some are asked.
    pub text: String,
}

/// The id of the text that is added to whatever somebody without a portal is written or told.
pub const WITHOUT_PORTAL: &str = "without-portal";

/// What an act says to a resident, as [`written`](super::written) says it at the portal.
///
/// # Errors
///
/// [`NotWritten`] says what is missing; it never shows a resident's data.
pub fn letter(
    rulebook: &Rulebook,
    order: &Order,
    on: Date,
    language: Option<&str>,
) -> Result<Letter, NotWritten> {
    let writing = Writing {
        rulebook,
        way: Way::Communication,
        to: &[],
        language: Language::NAMES[0].1,
        laboratory: None,
        score: None,
        on,
    };
    let act = Act::of(&writing, order, "", language);
    let asks = match &order.action {
        Action::Questionnaire | Action::RemindQuestionnaire => true,
        Action::Message { text } => rulebook.offer_form(text).is_some(),
        Action::RemindLaboratory => false,
        Action::Laboratory { .. } | Action::Contact { .. } | Action::Cancel { .. } => {
            return Err(NotWritten::OtherWay(order.action.name(), writing.way));
        }
    };
    let (language, text) = act.for_resident()?;
    let mut said = text.text.trim_end().to_owned();
    if asks {
        for (n, (question, answers)) in act.asked_in_words(language)?.into_iter().enumerate() {
            said.push_str(&format!("\n\n{}. {question}", n + 1));
            if answers.is_empty() {
                said.push_str("\n   ________");
            }
            for answer in answers {
                said.push_str(&format!("\n   [ ] {answer}"));
            }
        }
    }
    let how = act.text(language, WITHOUT_PORTAL, None)?;
    said.push_str("\n\n");
    said.push_str(how.text.trim_end());
    Ok(Letter {
        language,
        subject: text.subject,
        text: said,
    })
}
