//! What kind of answer a server gave.

use reqwest::StatusCode;

use super::http::{Answer, Heard, Outcome, shown};

/// Why something should be asked again later; `None` when what was heard is an answer.
pub(super) fn later(heard: &Heard) -> Option<String> {
    match heard {
        Heard::Nothing(why) | Heard::TooLarge(why) => Some(why.clone()),
        Heard::Answer(answer) => {
            let is_gateway = matches!(answer.status.as_u16(), 429 | 502 | 503 | 504);
            let is_bad = answer.status.is_client_error() || answer.status.is_server_error();
            // Only what went wrong is looked at: a good answer may be a whole group.
            let outcome = || Outcome::read(&answer.body);
            let is_transient = || is_bad && outcome().is_some_and(|outcome| outcome.is_transient());
            (is_gateway || is_transient()).then(|| said(answer))
        }
    }
}

/// Whether the server itself asks for patience, as often as it likes.
pub(super) fn asks_to_wait(heard: &Heard) -> bool {
    match heard {
        Heard::Nothing(_) | Heard::TooLarge(_) => false,
        Heard::Answer(answer) => {
            let is_told = answer.headers.contains_key("retry-after");
            answer.status == StatusCode::TOO_MANY_REQUESTS
                || is_told && later(heard).is_some()
                || Outcome::read(&answer.body).is_some_and(|outcome| outcome.is_transient())
        }
    }
}

/// A success that no FHIR server gives: the page of a gateway on the way.
pub(super) fn page_for_people(heard: &Heard) -> Option<String> {
    let Heard::Answer(answer) = heard else {
        return None;
    };
    let kind = answer.header("content-type").unwrap_or_default();
    let is_page = answer.status.is_success() && kind.starts_with("text/html");
    is_page.then(|| "a page for people instead of an answer".to_owned())
}

/// What an answer says, for people.
pub(super) fn said(answer: &Answer) -> String {
    if answer.status.is_redirection() {
        return format!("{}, which is not followed there", answer.status);
    }
    let text = Outcome::read(&answer.body).and_then(|outcome| outcome.text);
    let text = text.map_or_else(String::new, |text| format!(": {text}"));
    format!("{}{text}", answer.status)
}

/// What an answer about one resident says: its status and the code of its outcome. The text of such
/// an outcome may name the resident.
pub(super) fn said_of_a_person(answer: &Answer) -> String {
    let code = Outcome::read(&answer.body).and_then(|outcome| outcome.code());
    let code = code.map_or_else(String::new, |code| format!(": {}", shown(&code)));
    format!("{}{code}", answer.status)
}
