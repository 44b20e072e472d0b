//! What people read: whole in every language, or refused with every mistake by name.

use std::collections::BTreeSet;

use jiff::civil::date;
use preventiojyraa_core::rulebook::{
    AnswerMeaning, ItemInput, Language, RuleFile, Rulebook, TextStatus, TextValues,
};

use super::loader::{PROGRAMME, edited, mistakes_after};
use crate::support::core::{rule_files, rulebook};

const FI: &str = "texts/type-2-diabetes/fi.toml";
const SV: &str = "texts/type-2-diabetes/sv.toml";
const FORM: &str = "questionnaires/programme-t2d.toml";

/// `file code` of each mistake after a change.
#[track_caller]
fn said(path: &str, find: &str, replace: &str) -> Vec<String> {
    let mistakes = mistakes_after(path, find, replace);
    let each = mistakes.iter();
    each.map(|m| format!("{}:{} {}", m.file, m.line, m.code))
        .collect()
}

/// Codes of each mistake, without places.
#[track_caller]
fn codes(files: &[RuleFile]) -> Vec<&'static str> {
    let mistakes = Rulebook::load(files).expect_err("there are mistakes");
    mistakes.iter().map(|m| m.code).collect()
}

fn line_of(path: &str, text: &str) -> usize {
    let files = rule_files();
    let file = files
        .iter()
        .find(|file| file.path == path)
        .expect("shipped");
    let at = file.text.find(text).expect("the file says so");
    file.text[..at].matches('\n').count() + 1
}

#[test]
fn the_shipped_texts_are_drafts_in_three_languages() {
    let texts = &rulebook().texts;
    let files: Vec<(&str, bool)> = texts
        .files()
        .map(|file| (file.language.code(), file.status == TextStatus::Draft))
        .collect();
    assert_eq!(files, [("fi", true), ("sv", true), ("en", true)]);
    assert_eq!(
        texts.drafts(),
        [Language::Finnish, Language::Swedish, Language::English]
    );
    for id in [
        "questionnaire",
        "questionnaire-reminder",
        "laboratory-order",
        "laboratory-cancel",
        "laboratory-duplicate",
        "laboratory-reminder",
        "normal-result",
        "offer-prevention",
        "contact-diabetic-range",
        "contact-overdue",
        "other-languages",
    ] {
        assert!(texts.has(id), "{id}");
    }
    assert!(!texts.has("something-else"));
}

#[test]
fn every_text_can_be_written_in_every_language_and_differs() {
    let texts = &rulebook().texts;
    let values = TextValues {
        recall_on: Some(date(2029, 3, 1)),
        due: Some(date(2026, 5, 4)),
        test: Some("B-HbA1c"),
        on: Some(date(2026, 1, 15)),
        score: Some("9–14"),
        level: Some("12"),
    };
    let ids = texts.files().flat_map(|file| file.texts.keys());
    for id in ids.collect::<BTreeSet<_>>() {
        let mut written = BTreeSet::new();
        for (_, language) in Language::NAMES {
            let text = texts.message(language, id, values).expect("it is written");
            assert!(!text.text.contains(['{', '}']), "{id}: {}", text.text);
            assert!(!text.subject.contains('\n'), "{id}");
            written.insert(text.text);
        }
        assert_eq!(written.len(), 3, "`{id}` is the same in two languages");
    }
}

#[test]
fn the_form_asks_every_item_but_age_and_sends_each_question_once() {
    let form = rulebook().form().expect("the programme names a form");
    assert_eq!(
        form.canonical,
        "https://preventiojyraa.example.org/fhir/Questionnaire/t2d-riskikysymykset"
    );
    let mut asked = Vec::new();
    for item in &rulebook().model.items {
        let questions = form.questions_about(item);
        let links: Vec<&str> = questions.iter().map(|(link, _)| *link).collect();
        match item.input {
            ItemInput::Age | ItemInput::Sex => assert!(links.is_empty(), "{}", item.id),
            ItemInput::Measure { .. } | ItemInput::Answers { .. } => {
                assert!(!links.is_empty(), "{}", item.id);
            }
        }
        asked.extend(links);
    }
    assert_eq!(
        asked,
        [
            "pituus",
            "paino",
            "vyotaro",
            "liikunta",
            "kasvikset",
            "verenpainelaake",
            "korkea-verensokeri",
            "suku"
        ]
    );
    // What the portal's own form means, ours means too.
    let portal = rulebook().questionnaires.iter();
    let mut portal = portal.filter(|other| other.canonical != form.canonical);
    let portal = portal.next().expect("the portal's form");
    for (link, item) in &form.items {
        let other = &portal.items[link];
        assert_eq!(item.fact, other.fact, "{link}");
        match (&item.meaning, &other.meaning) {
            (AnswerMeaning::NumberIn(a), AnswerMeaning::NumberIn(b)) => assert_eq!(a, b, "{link}"),
            (AnswerMeaning::Codes(a), AnswerMeaning::Codes(b)) => assert_eq!(a, b, "{link}"),
            (
                AnswerMeaning::NumberIn(_) | AnswerMeaning::Codes(_) | AnswerMeaning::Choice(_),
                _,
            ) => panic!("{link}"),
        }
    }
}

#[test]
fn a_text_that_one_language_lacks_is_named_there() {
    let found = said(FI, "[texts.normal-result]", "[texts.normal-results]");
    // It is missing under its name here, and under the new name in the other two.
    let expected = |file: &str| format!("{file}:");
    assert_eq!(found.len(), 3, "{found:?}");
    for file in ["texts/type-2-diabetes/en.toml", FI, SV] {
        let here = found.iter().filter(|m| m.starts_with(&expected(file)));
        let here: Vec<_> = here.collect();
        assert_eq!(here.len(), 1, "{found:?}");
        assert!(here[0].ends_with(" text-missing"), "{found:?}");
    }
}

#[test]
fn what_cannot_be_put_into_a_text_is_named_at_the_text() {
    let line = |text: &str| line_of(FI, text);
    for (find, replace, at) in [
        (
            "uudelleen {recall_on}",
            "uudelleen {next}",
            "[texts.normal-result]",
        ),
        (
            "uudelleen {recall_on}",
            "uudelleen {recall_on",
            "[texts.normal-result]",
        ),
        (
            "Vastaa viimeistään {due}",
            "Vastaa {test} viimeistään {due}",
            "[texts.questionnaire]",
        ),
        (
            "Saat tämän viestin",
            "Saat {due} tämän viestin",
            "[texts.other-languages]",
        ),
    ] {
        let found = said(FI, find, replace);
        let expected = format!("{FI}:{} text-placeholder", line(at));
        assert!(found.contains(&expected), "{replace}: {found:?}");
    }
    // A day that one language leaves out is a mistake too.
    let found = said(FI, "uudelleen {recall_on}", "uudelleen aikanaan");
    assert!(!found.is_empty());
    assert!(
        found.iter().all(|m| m.ends_with("text-placeholder")),
        "{found:?}"
    );
}

#[test]
fn whoever_reviewed_is_named_and_a_draft_has_nobody() {
    for (find, replace) in [
        ("status = \"draft\"", "status = \"reviewed\""),
        (
            "status = \"draft\"",
            "status = \"draft\"\nreviewer = \"Maija Meikäläinen\"",
        ),
    ] {
        let found = said(FI, find, replace);
        assert!(
            found
                .iter()
                .any(|m| m.starts_with(FI) && m.ends_with("text-without-reviewer")),
            "{replace}: {found:?}"
        );
    }
    let (files, _) = edited(
        FI,
        "status = \"draft\"",
        "status = \"reviewed\"\nreviewer = \"Maija Meikäläinen\"",
    );
    let reviewed = Rulebook::load(&files).expect("somebody stands for it");
    assert_eq!(
        reviewed.texts.drafts(),
        [Language::Swedish, Language::English]
    );
}

#[test]
fn a_question_or_an_answer_without_words_is_named() {
    for (find, replace, code) in [
        ("[questions.suku]", "[questions.sukulaiset]", "text-missing"),
        (
            "[questions.suku]",
            "[questions.sukulaiset]",
            "question-not-on-form",
        ),
        ("lahi = ", "lähi = ", "rule-syntax"),
        ("lahi = ", "laheinen = ", "text-answers"),
        ("kylla = \"Kyllä\", ", "", "text-answers"),
        ("kylla = \"Kyllä\"", "kylla = \" \"", "rule-wrong-type"),
        ("kylla = \"Kyllä\"", "kylla = true", "rule-wrong-type"),
    ] {
        let found = said(FI, find, replace);
        assert!(
            found.iter().any(|m| m.starts_with(FI) && m.ends_with(code)),
            "{replace}: {found:?}"
        );
    }
}

#[test]
fn the_form_that_is_sent_asks_everything_and_says_whose_codes_its_answers_are() {
    for (path, find, replace, code) in [
        (
            FORM,
            "fact = \"waist-circumference\"",
            "fact = \"body-height\"",
            "form-item",
        ),
        (FORM, "answer_system = ", "# answer_system = ", "form-item"),
        (
            PROGRAMME,
            "form = \"programme-t2d\"",
            "form = \"programme\"",
            "rule-not-found",
        ),
        (
            PROGRAMME,
            "form = \"programme-t2d\"",
            "form = \"maisa-t2d-riskitesti\"",
            "form-item",
        ),
    ] {
        let found = said(path, find, replace);
        assert!(
            found
                .iter()
                .any(|m| m.starts_with(PROGRAMME) && m.ends_with(code)),
            "{replace}: {found:?}"
        );
    }
}

#[test]
fn rules_without_texts_or_form_are_whole_and_send_nothing() {
    let files: Vec<RuleFile> = rule_files()
        .into_iter()
        .filter(|file| !file.path.starts_with("texts/"))
        .filter(|file| file.path != "programmes/cardiovascular.toml")
        .map(|mut file| {
            for line in [
                "form = \"programme-t2d\"\n",
                "texts = \"type-2-diabetes\"\n",
                "form = \"programme-cvd\"\n",
                "texts = \"cardiovascular\"\n",
            ] {
                file.text = file.text.replace(line, "");
            }
            // Who writes to nobody offers nothing.
            if let Some(at) = file.text.find("[offer]\n") {
                let rest = file.text.split_off(at);
                let (_, rest) = rest.split_once("\n\n").expect("a table ends");
                file.text.push_str(rest);
            }
            file
        })
        .collect();
    let rules = Rulebook::load(&files).expect("rules that only score and decide");
    assert!(rules.texts.is_empty() && rules.form().is_none());
    assert!(!rules.texts.has("questionnaire"));
}

#[test]
fn a_language_that_is_missing_or_there_twice_is_named_and_the_pathway_tells_only_what_has_words() {
    let without = |path: &str| -> Vec<RuleFile> {
        let files = rule_files().into_iter();
        files.filter(|file| file.path != path).collect()
    };
    assert_eq!(codes(&without(SV)), ["text-missing"]);
    let (files, _) = edited(SV, "language = \"sv\"", "language = \"fi\"");
    let found = codes(&files);
    assert!(
        found.contains(&"text-twice") && found.contains(&"text-missing"),
        "{found:?}"
    );
    let (mut files, _) = edited(FI, "[texts.contact-overdue]", "[texts.contact-late]");
    for file in &mut files {
        if file.path.starts_with("texts/type-2-diabetes/") {
            file.text = file
                .text
                .replace("[texts.contact-overdue]", "[texts.contact-late]");
        }
    }
    let mut found = codes(&files);
    found.dedup();
    assert_eq!(found, ["text-missing"], "the pathways tell it");
}
