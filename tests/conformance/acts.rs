//! What we send: every act in every way and language, or a refusal that says why.

use std::collections::BTreeSet;

use jiff::civil::date;
use preventiojyraa::delivery::Route;
use preventiojyraa::fhir::{NotWritten, To, Way, Writing, written};
use preventiojyraa::orders::{Action, Keep, Order};
use preventiojyraa::profile::ResidentId;
use preventiojyraa::rulebook::{AnswerMeaning, Language};
use serde_json::Value;

use crate::support::shipped::rulebook;

const WAYS: [Way; 3] = [Way::ServiceRequest, Way::Communication, Way::Task];

fn acts() -> Vec<Action> {
    let test = || "hba1c".to_owned();
    let mut acts = vec![
        Action::Questionnaire,
        Action::RemindQuestionnaire,
        Action::Laboratory { test: test() },
        Action::RemindLaboratory,
        Action::Cancel {
            test: test(),
            keep: Keep::None,
        },
        Action::Cancel {
            test: test(),
            keep: Keep::Oldest,
        },
    ];
    let rows = &rulebook().pathway.rows;
    let messages = rows.iter().filter_map(|row| row.message.clone());
    let messages: BTreeSet<String> = messages.collect();
    acts.extend(messages.into_iter().map(|text| Action::Message { text }));
    let contacts: BTreeSet<String> = rows.iter().filter_map(|row| row.contact.clone()).collect();
    acts.extend(contacts.into_iter().map(|text| Action::Contact { text }));
    acts
}

fn order(action: Action) -> Order {
    let is_asked = matches!(action, Action::Questionnaire | Action::RemindQuestionnaire);
    let asks = ["body-mass-index", "family-history"];
    let items = rulebook().model.items.iter();
    let asks = items.filter(|item| is_asked && (asks.contains(&item.id.as_str())));
    let asks: Vec<String> = asks.map(|item| item.id.clone()).collect();
    assert!(!is_asked || asks.len() == 2, "{asks:?}");
    Order {
        resident: ResidentId::from_bytes([7; 16]),
        programme: "programme".to_owned(),
        round: 1,
        action,
        decided_on: date(2026, 2, 1),
        send_by: date(2026, 2, 15),
        due: date(2026, 4, 1),
        asks,
        recall_on: Some(date(2029, 2, 1)),
    }
}

fn write(way: Way, order: &Order, language: Option<&str>) -> Result<Value, NotWritten> {
    let to = [To::Resource("PractitionerRole/nurses".to_owned())];
    let writing = Writing {
        rulebook: rulebook(),
        way,
        to: &to,
        language: Language::English,
        score: None,
        laboratory: None,
        on: date(2026, 2, 2),
    };
    let bytes = written(&writing, order, "r-17", language)?;
    Ok(serde_json::from_slice(&bytes).expect("a resource is JSON"))
}

#[test]
fn each_act_leaves_by_its_ways_and_by_no_other() {
    let mut table = Vec::new();
    for action in acts() {
        let ways = WAYS.iter().filter(|way| {
            let kind = action.kind();
            let written = write(**way, &order(action.clone()), None);
            match written {
                Ok(resource) => {
                    assert_eq!(resource["resourceType"], way.resource_type());
                    assert!(
                        Route::of(kind).contains(&way.route()),
                        "{action:?} by {way:?}"
                    );
                    true
                }
                Err(NotWritten::OtherWay(..)) => false,
                Err(error) => panic!("{action:?} by {way:?}: {error}"),
            }
        });
        let ways: Vec<&str> = ways.map(|way| way.resource_type()).collect();
        table.push(format!("{}: {}", action.name(), ways.join(", ")));
    }
    insta::assert_snapshot!(table.join("\n"), @"
    questionnaire: Communication, Task
    questionnaire-reminder: Communication, Task
    laboratory:hba1c: ServiceRequest, Communication
    laboratory-reminder: Communication
    cancel:hba1c: Communication
    cancel-duplicates:hba1c: Communication
    message:normal-result: Communication
    message:offer-prevention: Communication
    contact:contact-diabetic-range: Communication, Task
    contact:contact-overdue: Communication, Task
    ");
}

#[test]
fn every_act_has_its_key_its_reader_and_words_in_every_language() {
    for action in acts() {
        let order = order(action);
        let name = order.action.name();
        let is_for_resident = matches!(
            order.action,
            Action::Questionnaire
                | Action::RemindQuestionnaire
                | Action::RemindLaboratory
                | Action::Message { .. }
        );
        for way in WAYS {
            let mut words = BTreeSet::new();
            for language in ["fi", "sv", "en"] {
                let Ok(resource) = write(way, &order, Some(language)) else {
                    continue;
                };
                let name = format!("{name} by {way:?} in {language}");
                let identifiers = resource["identifier"].as_array().expect("a key");
                assert_eq!(identifiers.len(), 1, "{name}");
                assert_eq!(identifiers[0]["value"], order.key().to_string(), "{name}");
                let text = resource.to_string();
                assert!(!text.contains("{due}"), "{name}");
                assert!(text.contains("not a certified medical device"), "{name}");
                if way == Way::ServiceRequest {
                    continue;
                }
                let reader = match way {
                    Way::Task => &resource["owner"],
                    Way::Communication | Way::ServiceRequest | Way::Observation => {
                        &resource["recipient"][0]
                    }
                };
                let expected = if is_for_resident {
                    "Patient/r-17"
                } else {
                    "PractitionerRole/nurses"
                };
                assert_eq!(reader["reference"], expected, "{name}");
                let written_in = if is_for_resident { language } else { "en" };
                assert_eq!(resource["language"], written_in, "{name}");
                let said = match way {
                    Way::Task => &resource["note"][0]["text"],
                    Way::Communication | Way::ServiceRequest | Way::Observation => {
                        &resource["payload"][0]["contentString"]
                    }
                };
                words.insert(said.as_str().expect("words").to_owned());
            }
            let expected = if is_for_resident { 3 } else { 1 };
            assert!(
                words.is_empty() || words.len() == expected,
                "{name}: {words:?}"
            );
        }
    }
}

#[test]
fn a_form_asks_what_is_asked_and_each_answer_is_one_that_we_understand() {
    let form = rulebook().form().expect("the programme names a form");
    for way in [Way::Communication, Way::Task] {
        let resource =
            write(way, &order(Action::Questionnaire), Some("en")).expect("it is written");
        let inside = &resource["contained"][0];
        assert_eq!(inside["url"], form.canonical.as_str());
        let items = inside["item"].as_array().expect("questions");
        let links: Vec<&str> = items
            .iter()
            .filter_map(|item| item["linkId"].as_str())
            .collect();
        assert_eq!(
            links,
            ["pituus", "paino", "suku"],
            "height and weight for the BMI"
        );
        for item in items {
            let link = item["linkId"].as_str().expect("a name");
            match &form.items[link].meaning {
                AnswerMeaning::NumberIn(unit) => {
                    assert_eq!(item["type"], "decimal", "{link}");
                    assert_eq!(item["extension"][0]["valueCoding"]["code"], unit.ucum());
                }
                AnswerMeaning::Choice(_) => panic!("{link}: no question of the score is a choice"),
                AnswerMeaning::Codes(codes) => {
                    assert_eq!(item["type"], "choice", "{link}");
                    let options = item["answerOption"].as_array().expect("answers");
                    let offered: Vec<u8> = options
                        .iter()
                        .filter_map(|option| option["valueCoding"]["code"].as_str())
                        .map(|code| codes[code])
                        .collect();
                    assert_eq!(offered, [0, 1, 2, 3], "in the fact's own order");
                }
            }
        }
    }
}

#[test]
fn what_cannot_be_said_whole_is_not_said() {
    let refused = |change: fn(&mut Order), action: Action, way: Way| {
        let mut order = order(action);
        change(&mut order);
        let refused = write(way, &order, Some("fi")).expect_err("not whole");
        refused.to_string()
    };
    let message = |text: &str| Action::Message {
        text: text.to_owned(),
    };
    for (said, expected) in [
        (
            refused(
                |o| o.recall_on = None,
                message("normal-result"),
                Way::Communication,
            ),
            "the rules have no text `normal-result`, or not all that it tells is known",
        ),
        (
            refused(|_| {}, message("unheard-of"), Way::Communication),
            "the rules have no text `unheard-of`, or not all that it tells is known",
        ),
        (
            refused(|o| o.asks.clear(), Action::Questionnaire, Way::Task),
            "the form of the rules does not ask what is to be asked",
        ),
        (
            refused(
                |o| o.asks.push("age".to_owned()),
                Action::Questionnaire,
                Way::Task,
            ),
            "the form of the rules does not ask what is to be asked",
        ),
        (
            refused(
                |o| o.asks.push("shoe-size".to_owned()),
                Action::Questionnaire,
                Way::Task,
            ),
            "the form of the rules does not ask what is to be asked",
        ),
        (
            refused(
                |_| {},
                Action::Laboratory {
                    test: "ogtt".to_owned(),
                },
                Way::Communication,
            ),
            "the rules give no code for the test",
        ),
        (
            refused(|_| {}, Action::Questionnaire, Way::ServiceRequest),
            "`questionnaire` does not leave as ServiceRequest",
        ),
    ] {
        assert_eq!(said, expected);
    }
}

#[test]
fn whoever_takes_it_is_a_resource_or_an_identifier() {
    for (text, is_read, is_group) in [
        ("PractitionerRole/nurses", true, false),
        ("Group/nurses", true, true),
        ("https://fhir.example.org/R4/Group/nurses", true, true),
        ("urn:oid:1.2.246.10|4711", true, false),
        ("urn:oid:1.2.246.10|", false, false),
        ("|4711", false, false),
        ("nurses", false, false),
        ("practitioner/nurses", false, false),
        ("Group/", false, false),
    ] {
        let read = To::parse(text);
        assert_eq!(read.is_some(), is_read, "{text}");
        assert_eq!(read.is_some_and(|to| to.is_group()), is_group, "{text}");
    }
}
