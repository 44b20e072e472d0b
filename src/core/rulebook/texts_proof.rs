//! Whether the texts are whole: every text in every language, every question in words.

use std::collections::BTreeSet;

use super::catalogue::Catalogue;
use super::model::{ItemInput, Model};
use super::pathway::Pathway;
use super::questionnaire::Questionnaire;
use super::reader::Table;
use super::state::State;
use super::texts::{Language, Placeholder, QuestionText, TextFile};

/// Texts that acts ask for by name, with what can be put into them. Messages and contacts are named
/// by the pathway, and can tell the day of the next look.
const OF_ACTS: [(&str, &[Placeholder]); 7] = [
    ("questionnaire", &[Placeholder::Due]),
    ("questionnaire-reminder", &[Placeholder::Due]),
    ("laboratory-order", &[Placeholder::Test, Placeholder::Due]),
    ("laboratory-cancel", &[Placeholder::Test]),
    ("laboratory-duplicate", &[Placeholder::Test]),
    ("laboratory-reminder", &[Placeholder::Due]),
    ("other-languages", &[]),
];
/// Texts of the letter about a decision beside one for each state, with what can be put into them.
const OF_LETTERS: [(&str, &[Placeholder]); 10] = [
    ("letter-opening", &[Placeholder::On]),
    ("letter-score", &[Placeholder::Score, Placeholder::Level]),
    ("letter-items", &[]),
    ("letter-points", &[]),
    ("letter-not-known", &[]),
    ("letter-own-word", &[]),
    ("letter-register", &[]),
    ("letter-recall", &[Placeholder::RecallOn]),
    ("letter-closing", &[]),
    ("letter-draft", &[]),
];
const OF_THE_PATHWAY: &[Placeholder] = &[Placeholder::RecallOn, Placeholder::Due];

/// Every text of a set is there in every language and says the same days; nothing in braces is unknown.
///
/// `n_files` is how many files there are, readable or not: what an unreadable file lacks is not known.
pub(super) fn prove_files(files: &[(Table<'_>, TextFile)], n_files: usize) {
    let Some((first, _)) = files.first() else {
        return;
    };
    for (n, (root, file)) in files.iter().enumerate() {
        let mut others = files[..n].iter();
        if others.any(|(_, other)| other.language == file.language) {
            root.report_at(
                "language",
                "text-twice",
                "another file has this language",
                None,
            );
        }
        placeholders(root, file);
    }
    if files.len() == n_files {
        for (code, language) in Language::NAMES {
            if files.iter().all(|(_, file)| file.language != language) {
                let message = format!("there are texts of this set, and none in `{code}`");
                first.report_at("language", "text-missing", message, None);
            }
        }
    }
    let ids: BTreeSet<&str> = files
        .iter()
        .flat_map(|(_, file)| file.texts.keys().map(String::as_str))
        .chain(OF_ACTS.iter().map(|(id, _)| *id))
        .collect();
    for id in ids {
        let mut used: Option<BTreeSet<Placeholder>> = None;
        for (root, file) in files {
            let Some(text) = file.texts.get(id) else {
                let language = file.language.code();
                let message = format!("text `{id}` is missing in `{language}`");
                root.report_at("texts", "text-missing", message, None);
                continue;
            };
            let Ok(here) = text.placeholders() else {
                continue;
            };
            if used.as_ref().is_some_and(|used| *used != here) {
                let message =
                    format!("text `{id}` leaves out or adds a `{{…}}` of another language");
                report_in(root, "texts", id, "text-placeholder", message);
            }
            used.get_or_insert(here);
        }
    }
}

/// What the pathway tells residents and professionals has words.
pub(super) fn prove_pathway(
    programme: &Table<'_>,
    pathway: &Pathway,
    files: &[(Table<'_>, TextFile)],
) {
    if files.is_empty() {
        return;
    }
    for row in &pathway.rows {
        for id in [&row.message, &row.contact].into_iter().flatten() {
            if files.iter().all(|(_, file)| !file.texts.contains_key(id)) {
                let message = format!("row `{}` tells `{id}`, and no text is called so", row.id);
                programme.report_at("pathway", "text-missing", message, None);
            }
        }
    }
}

fn placeholders(root: &Table<'_>, file: &TextFile) {
    for (id, text) in &file.texts {
        let mut known = OF_ACTS.iter().chain(&OF_LETTERS);
        let allowed = known.find(|(known, _)| known == id);
        let is_letter = id.starts_with(LETTER);
        let others = if is_letter { &[] } else { OF_THE_PATHWAY };
        let allowed = allowed.map_or(others, |(_, allowed)| *allowed);
        let names: Vec<String> = allowed
            .iter()
            .map(|p| format!("{{{}}}", p.name()))
            .collect();
        let known = if names.is_empty() {
            "it can have none".to_owned()
        } else {
            format!("it can have {}", names.join(" and "))
        };
        let wrong = match text.placeholders() {
            Ok(used) => {
                let mut used = used.into_iter();
                let wrong = used.find(|placeholder| !allowed.contains(placeholder));
                wrong.map(|placeholder| format!("{{{}}}", placeholder.name()))
            }
            Err(wrong) => Some(wrong),
        };
        if let Some(wrong) = wrong {
            let message = format!("nothing can be put for `{wrong}` in text `{id}`; {known}");
            report_in(root, "texts", id, "text-placeholder", message);
        }
    }
}

/// What the texts of letters begin with.
const LETTER: &str = "letter-";

/// Where there are letters at all, each state has one, and each item of the model is called something.
pub(super) fn prove_letters(model: &Model, files: &[(Table<'_>, TextFile)]) {
    let is_letter = |id: &String| id.starts_with(LETTER);
    if !files
        .iter()
        .any(|(_, file)| file.texts.keys().any(is_letter))
    {
        return;
    }
    let states = State::NAMES.map(|(name, _)| format!("{LETTER}{name}"));
    let others = OF_LETTERS.iter().map(|(id, _)| (*id).to_owned());
    let wanted: BTreeSet<String> = states.into_iter().chain(others).collect();
    let items = model.models().flat_map(|model| &model.items);
    let items: BTreeSet<&str> = items.map(|item| item.id.as_str()).collect();
    for (root, file) in files {
        let language = file.language.code();
        for id in wanted.iter().filter(|id| !file.texts.contains_key(*id)) {
            let message = format!("there are letters, and text `{id}` is missing in `{language}`");
            root.report_at("texts", "text-missing", message, None);
        }
        for id in file.texts.keys().filter(|id| is_letter(id)) {
            if !wanted.contains(id) {
                let message = format!("no letter has a text `{id}`");
                report_in(root, "texts", id, "text-missing", message);
            }
        }
        for id in items.iter().filter(|id| !file.items.contains_key(**id)) {
            let message = format!("letters call item `{id}` nothing in `{language}`");
            root.report_at("texts", "text-missing", message, None);
        }
        for id in file.items.keys().filter(|id| !items.contains(id.as_str())) {
            let message = format!("the model has no item `{id}`");
            report_in(root, "items", id, "text-missing", message);
        }
    }
}

/// The form by which residents are asked asks everything that the score may need.
pub(super) fn prove_form(
    programme: &Table<'_>,
    form: &Questionnaire,
    (model, catalogue): (&Model, &Catalogue),
) {
    for item in model.models().flat_map(|model| &model.items) {
        let is_asked = match item.input {
            ItemInput::Age | ItemInput::Sex => true,
            ItemInput::Measure { .. } | ItemInput::Answers { .. } => {
                item.is_laboratory(catalogue) || !form.questions_about(item).is_empty()
            }
        };
        if !is_asked {
            let message = format!(
                "form `{}` has no question about `{}`",
                form.header.id, item.id
            );
            programme.report_at("form", "form-item", message, None);
        }
    }
}

/// Forms that are sent name their answers, and are in words of every language; no words are of a
/// question that none of them asks.
pub(super) fn prove_words(
    programme: &Table<'_>,
    forms: &[&Questionnaire],
    files: &[(Table<'_>, TextFile)],
) {
    for form in forms {
        let has_codes = form
            .items
            .values()
            .any(|item| !item.meaning.codes().is_empty());
        if has_codes && form.answer_system.is_none() {
            let message = format!(
                "form `{}` is sent and has no `answer_system`",
                form.header.id
            );
            programme.report_at("form", "form-item", message, None);
        }
        if files.is_empty() {
            let message = format!("form `{}` is sent, and there are no texts", form.header.id);
            programme.report_at("form", "text-missing", message, None);
        }
        for (root, file) in files {
            questions(root, file, form);
        }
    }
    let Some(first) = forms.first() else { return };
    for (root, file) in files {
        let is_asked = |link_id: &str| forms.iter().any(|form| form.items.contains_key(link_id));
        for link_id in file.questions.keys().filter(|link_id| !is_asked(link_id)) {
            let message = format!("form `{}` has no question `{link_id}`", first.header.id);
            report_in(root, "questions", link_id, "question-not-on-form", message);
        }
    }
}

fn questions(root: &Table<'_>, file: &TextFile, form: &Questionnaire) {
    for (link_id, item) in &form.items {
        let Some(question) = file.questions.get(link_id) else {
            let message = format!(
                "question `{link_id}` is missing in `{}`",
                file.language.code()
            );
            root.report_at("questions", "text-missing", message, None);
            continue;
        };
        let codes: BTreeSet<&str> = item.meaning.codes().into_iter().collect();
        let QuestionText { answers, .. } = question;
        let in_words: BTreeSet<&str> = answers.keys().map(String::as_str).collect();
        if codes != in_words {
            let codes: Vec<&str> = codes.into_iter().collect();
            let message = format!("question `{link_id}` needs words for: {}", codes.join(", "));
            report_in(root, "questions", link_id, "text-answers", message);
        }
    }
}

/// Reports at an entry of a table of the file.
fn report_in(
    root: &Table<'_>,
    table: &'static str,
    key: &str,
    code: &'static str,
    message: String,
) {
    let entries = root.table(table).map(|table| table.entries());
    let mut entries = entries.into_iter().flatten();
    match entries.find(|(known, _)| *known == key) {
        Some((_, value)) => root.document.report(value.span(), code, message, None),
        None => root.report_at(table, code, message, None),
    }
}
