//! What is told back: what professionals did with cards.
//!
//! # Source
//!
//! HL7 CDS Hooks 2.0, "Feedback": `card`, `outcome` and `outcomeTimestamp` are required,
//! `acceptedSuggestions` when accepted; `overrideReason` is optional when overridden.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::asked::{is_uuid, text};
use crate::ledger::CardOutcome;

/// So many are taken at once.
const MOST: usize = 1_000;
/// Characters of what a professional writes; more is no reason.
const LONGEST: usize = 4_000;

/// What was done with a card. A professional's words may be about a person: no `Debug`.
pub(super) struct Told {
    pub(super) card: String,
    pub(super) outcome: CardOutcome,
    pub(super) suggestions: Vec<String>,
    pub(super) reason: Option<String>,
    pub(super) comment: Option<String>,
    pub(super) happened_at: Timestamp,
}

/// Reads all that is told at once; nothing of it when anything is wrong.
pub(super) fn read(body: &[u8]) -> Result<Vec<Told>, &'static str> {
    let told: Value = serde_json::from_slice(body).map_err(|_| "the body is not JSON")?;
    let told = told.get("feedback").and_then(Value::as_array);
    let told = told.ok_or("`feedback` is not a list")?;
    if told.is_empty() || MOST < told.len() {
        return Err("`feedback` has no entry, or more than 1000");
    }
    told.iter().map(one).collect()
}

fn one(told: &Value) -> Result<Told, &'static str> {
    let told = told
        .as_object()
        .ok_or("`feedback` has something else than objects")?;
    let card = text(told, "card").filter(|card| is_uuid(card));
    let card = card.ok_or("`card` is not the UUID of a card")?;
    let outcome = text(told, "outcome").and_then(|name| {
        let mut names = CardOutcome::NAMES.into_iter();
        names.find(|(known, _)| *known == name)
    });
    let (_, outcome) = outcome.ok_or("`outcome` is neither `accepted` nor `overridden`")?;
    let at = text(told, "outcomeTimestamp").and_then(|at| at.parse().ok());
    let happened_at = at.ok_or("`outcomeTimestamp` is not an instant")?;
    let suggestions = suggestions(told)?;
    if outcome == CardOutcome::Accepted && suggestions.is_empty() {
        return Err("`accepted` comes without `acceptedSuggestions`");
    }
    let (reason, comment) = reasons(told)?;
    Ok(Told {
        card: card.to_ascii_lowercase(),
        outcome,
        suggestions,
        reason,
        comment,
        happened_at,
    })
}

fn suggestions(told: &Map<String, Value>) -> Result<Vec<String>, &'static str> {
    let wrong = "`acceptedSuggestions` is not a list of `id`s";
    let Some(accepted) = told.get("acceptedSuggestions").filter(|a| !a.is_null()) else {
        return Ok(Vec::new());
    };
    let accepted = accepted.as_array().ok_or(wrong)?;
    if MOST < accepted.len() {
        return Err(wrong);
    }
    let ids = accepted.iter().map(|one| {
        let id = one.get("id").and_then(Value::as_str);
        id.filter(|id| is_uuid(id)).map(str::to_ascii_lowercase)
    });
    ids.collect::<Option<_>>().ok_or(wrong)
}

/// The coded reason as `system|code`, and the professional's words.
fn reasons(told: &Map<String, Value>) -> Result<(Option<String>, Option<String>), &'static str> {
    let Some(why) = told.get("overrideReason").filter(|why| !why.is_null()) else {
        return Ok((None, None));
    };
    let why = why.as_object().ok_or("`overrideReason` is not an object")?;
    let reason = match why.get("reason").filter(|reason| !reason.is_null()) {
        None => None,
        Some(reason) => {
            let reason = reason.as_object().ok_or("`reason` is not a coding")?;
            let code = text(reason, "code").ok_or("`reason` has no `code`")?;
            let system = text(reason, "system").unwrap_or_default();
            Some(format!("{system}|{code}"))
        }
    };
    let comment = match why.get("userComment").filter(|comment| !comment.is_null()) {
        None => None,
        Some(comment) => {
            let comment = comment
                .as_str()
                .ok_or("`userComment` is not a text")?
                .trim();
            (!comment.is_empty()).then(|| comment.to_owned())
        }
    };
    for text in [&reason, &comment].into_iter().flatten() {
        if LONGEST < text.chars().count() {
            return Err("`overrideReason` is longer than 4000 characters");
        }
    }
    Ok((reason, comment))
}
