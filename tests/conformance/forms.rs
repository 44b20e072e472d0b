//! The form that is sent, the rules that read its answers, and the texts name the same answers, in every language.

use std::collections::BTreeSet;

use jiff::civil::date;
use preventiojyraa::fhir::{To, Way, Writing, written};
use preventiojyraa::orders::{Action, Order};
use preventiojyraa::profile::ResidentId;
use preventiojyraa::rulebook::{AnswerMeaning, Language, Rulebook};
use serde_json::Value;

use crate::support::shipped::rule_files;

/// The form with every question that a programme can ask, as it leaves.
fn form(rulebook: &Rulebook, language: Language) -> Value {
    let form = rulebook.form().expect("the programme asks residents");
    let asks = rulebook.model.models().flat_map(|model| &model.items);
    let asks = asks.filter(|item| !form.questions_about(item).is_empty());
    let order = Order {
        resident: ResidentId::from_bytes([7; 16]),
        programme: rulebook.programme.header.id.clone(),
        round: 1,
        action: Action::Questionnaire,
        decided_on: date(2026, 2, 1),
        send_by: date(2026, 2, 15),
        due: date(2026, 4, 1),
        asks: asks.map(|item| item.id.clone()).collect(),
        recall_on: None,
    };
    let writing = Writing {
        rulebook,
        way: Way::Task,
        to: &[To::Resource("PractitionerRole/nurses".to_owned())],
        language: Language::English,
        score: None,
        laboratory: None,
        on: date(2026, 2, 2),
    };
    let bytes = written(&writing, &order, "r-17", Some(language.code())).expect("it is written");
    let task: Value = serde_json::from_slice(&bytes).expect("a resource is JSON");
    task["contained"][0].clone()
}

#[test]
fn text_rule_and_questionnaire_name_the_same_answers_in_every_language() {
    for id in programmes() {
        let rulebook = Rulebook::load_programme(&rule_files(), &id).expect("the rules hold");
        let rules = rulebook.form().expect("the programme asks residents");
        let mut codes_by_language = BTreeSet::new();
        let mut words_by_language = BTreeSet::new();
        for (_, language) in Language::NAMES {
            let sent = form(&rulebook, language);
            let (mut codes, mut words) = (Vec::new(), Vec::new());
            for item in sent["item"].as_array().expect("questions") {
                let link = item["linkId"].as_str().expect("a name");
                let place = format!("{id}, {link} in {}", language.code());
                let rule = &rules.items[link];
                let text = rulebook.texts.question(language, link).expect("words");
                assert_eq!(item["text"], text.text.as_str(), "{place}");
                // What is asked is a code, not words: the rules' name of the fact, or LOINC's.
                let fact = rulebook.catalogue.definition(rule.fact);
                let name = rule.loinc.as_deref().unwrap_or(&fact.id);
                assert_eq!(item["code"][0]["code"], name, "{place}");
                words.push(text.text.clone());
                let AnswerMeaning::Codes(meanings) = &rule.meaning else {
                    assert!(item.get("answerOption").is_none(), "{place}");
                    continue;
                };
                let options = item["answerOption"].as_array().expect("answers");
                let offered: Vec<(&str, &str)> = options
                    .iter()
                    .map(|option| &option["valueCoding"])
                    .map(|coding| (&coding["code"], &coding["display"]))
                    .filter_map(|(code, display)| Some((code.as_str()?, display.as_str()?)))
                    .collect();
                assert_eq!(offered.len(), meanings.len(), "{place}");
                // Each answer is coded, and in words means what the rules mean by it: all of the fact's
                // answers, each once, in the order of the rules.
                let meant: Vec<usize> = offered
                    .iter()
                    .map(|(code, _)| usize::from(meanings[*code]))
                    .collect();
                assert!(meant.is_sorted(), "{place}: {meant:?}");
                let all: Vec<usize> = (0..fact.answers.len()).collect();
                let each: BTreeSet<usize> = meant.iter().copied().collect();
                assert_eq!(each.into_iter().collect::<Vec<_>>(), all, "{place}");
                for (code, display) in offered {
                    assert_eq!(text.answers[code], display, "{place}");
                    codes.push(format!("{link}={code}"));
                }
            }
            codes_by_language.insert(codes);
            words_by_language.insert(words);
        }
        assert_eq!(
            codes_by_language.len(),
            1,
            "{id}: every language has the same"
        );
        assert_eq!(words_by_language.len(), 3, "{id}: each in its own words");
    }
}

#[test]
fn a_question_called_by_the_code_of_another_fact_is_refused() {
    let mut files = rule_files();
    let file = files
        .iter_mut()
        .find(|file| file.path == "questionnaires/programme-t2d.toml")
        .expect("shipped");
    file.text = file
        .text
        .replacen("loinc = \"8302-2\"", "loinc = \"29463-7\"", 1);
    let mistakes = Rulebook::load(&files).expect_err("a height called weight");
    let codes: Vec<&str> = mistakes.iter().map(|mistake| mistake.code).collect();
    assert_eq!(codes, ["item-code"]);
}

/// The ids of the shipped programmes.
fn programmes() -> Vec<String> {
    let files = rule_files().into_iter();
    let names = files.filter_map(|file| {
        let name = file.path.strip_prefix("programmes/")?;
        Some(name.strip_suffix(".toml")?.to_owned())
    });
    names.collect()
}
