//! How a resident fills in the form they were sent.

use std::io;

use serde_json::{Value, json};

use super::super::super::questionnaires::{ANSWERS, Given, RISK_TEST};
use super::super::kinds::Kind;
use super::super::store::Store;
use super::requests::{contained_form, forms};

type Answers = [(&'static str, Given)];

/// A filled-in form: `questionnaire` and `item`, nothing else.
///
/// The form is the one in the message, or one that was written to this server, or the portal's own risk test.
pub(super) fn filled_in(store: &Store, message: &Value, answers: &Answers) -> io::Result<Value> {
    let named = forms(message);
    let form = match contained_form(message) {
        Some(form) => Some(form.clone()),
        None => known_form(store, &named)?,
    };
    let canonical = named.iter().find(|name| name.starts_with("http"));
    Ok(match form {
        Some(form) => {
            let address = form["url"]
                .as_str()
                .or(canonical.copied())
                .unwrap_or(RISK_TEST);
            json!({ "questionnaire": address, "item": items(&form["item"], answers) })
        }
        None => {
            let address = canonical.copied().unwrap_or(RISK_TEST);
            let items = answers
                .iter()
                .map(|(link_id, given)| json!({ "linkId": link_id, "answer": [plain(*given)] }));
            json!({ "questionnaire": address, "item": items.collect::<Vec<Value>>() })
        }
    })
}

/// A form on this server, by reference or by canonical address.
fn known_form(store: &Store, named: &[&str]) -> io::Result<Option<Value>> {
    let by_id = named.iter().find_map(|name| {
        let (_, id) = name.rsplit_once("Questionnaire/")?;
        store.find(Kind::Questionnaire, id)
    });
    if let Some((_, stored)) = by_id {
        return store.value(stored).map(Some);
    }
    for stored in store
        .all(Kind::Questionnaire, 0)
        .filter_map(|place| store.at(place))
    {
        let form = store.value(stored)?;
        let url = form["url"].as_str().unwrap_or("none");
        if named.iter().any(|name| name.split('|').next() == Some(url)) {
            return Ok(Some(form));
        }
    }
    Ok(None)
}

/// Items as the form has them, each answered where the resident understands it.
fn items(asked: &Value, answers: &Answers) -> Vec<Value> {
    let list = asked.as_array().map_or(&[][..], Vec::as_slice);
    let item = |asked: &Value| {
        let mut item = json!({ "linkId": asked["linkId"] });
        let inner = items(&asked["item"], answers);
        if !inner.is_empty() {
            item["item"] = json!(inner);
        }
        let link_id = asked["linkId"].as_str().unwrap_or_default();
        let given = answers
            .iter()
            .find(|(question, _)| means(link_id, question));
        if let Some(answer) = given.and_then(|(_, given)| answer(asked, *given)) {
            item["answer"] = json!([answer]);
        }
        item
    };
    list.iter().map(item).collect()
}

/// True when a link id asks this question of the portal's form, by its name there or by a word in it.
fn means(link_id: &str, question: &str) -> bool {
    let words: &[&str] = match question {
        "pituus" => &["height"],
        "paino" => &["weight"],
        "vyotaro" => &["waist"],
        "liikunta" => &["activity"],
        "kasvikset" => &["vegetable"],
        "verenpainelaake" => &["hypertensive", "blood-pressure"],
        "korkea-verensokeri" => &["glucose"],
        "suku" => &["family"],
        "tupakointi" => &["smoking", "tobacco"],
        "verenpaine-yla" => &["systolic"],
        "verenpaine-ala" => &["diastolic"],
        _ => &[],
    };
    link_id == question || words.iter().any(|word| link_id.contains(word))
}

/// The answer in the type that the item wants; `None` where no option says what the resident means.
fn answer(asked: &Value, given: Given) -> Option<Value> {
    let options = asked["answerOption"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    match (asked["type"].as_str().unwrap_or_default(), given) {
        ("boolean", Given::Code("kylla" | "paivittain")) => Some(json!({ "valueBoolean": true })),
        ("boolean", Given::Code("ei" | "ei-paivittain")) => Some(json!({ "valueBoolean": false })),
        ("boolean", _) => None,
        ("integer", Given::Tenths(tenths)) => Some(json!({ "valueInteger": tenths / 10 })),
        ("quantity", Given::Tenths(tenths)) => {
            Some(json!({ "valueQuantity": { "value": decimal(tenths) } }))
        }
        (_, Given::Code(code)) if !options.is_empty() => {
            let mut codings = options.iter().map(|option| &option["valueCoding"]);
            let chosen = codings.find(|coding| coding["code"] == code)?;
            Some(json!({ "valueCoding": chosen }))
        }
        _ => Some(plain(given)),
    }
}

fn plain(given: Given) -> Value {
    match given {
        Given::Tenths(tenths) => json!({ "valueDecimal": decimal(tenths) }),
        Given::Code(code) => json!({ "valueCoding": { "system": ANSWERS, "code": code } }),
    }
}

/// Exactly one decimal place.
fn decimal(tenths: i64) -> Value {
    let text = format!("{}.{}", tenths / 10, tenths % 10);
    serde_json::from_str(&text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::super::journal::Journal;
    use super::*;

    #[test]
    fn a_form_is_answered_item_by_item_in_its_own_types() {
        let store = Store::new(Journal::open(None).expect("no journal")).expect("a store");
        let answers = [
            ("vyotaro", Given::Tenths(934)),
            ("suku", Given::Code("lahi")),
            ("liikunta", Given::Code("kylla")),
        ];
        let option = |code: &str| json!({ "valueCoding": { "code": code } });
        let form = json!({
            "resourceType": "Questionnaire", "url": "http://x/form",
            "item": [
                { "linkId": "waist-circumference", "type": "quantity" },
                { "linkId": "group", "type": "group", "item": [
                    { "linkId": "suku", "type": "choice", "answerOption": [option("ei"), option("lahi")] },
                    { "linkId": "physical-activity", "type": "boolean" },
                ] },
                { "linkId": "shoe-size", "type": "integer" },
            ],
        });
        let message = json!({ "contained": [form] });
        let response = filled_in(&store, &message, &answers).expect("read");
        assert_eq!(response["questionnaire"], "http://x/form");
        let item = &response["item"];
        assert_eq!(item[0]["answer"][0]["valueQuantity"]["value"], 93.4);
        assert_eq!(
            item[1]["item"][0]["answer"][0]["valueCoding"]["code"],
            "lahi"
        );
        assert_eq!(item[1]["item"][1]["answer"][0]["valueBoolean"], true);
        assert!(item[2].get("answer").is_none());
        let portals = filled_in(&store, &json!({}), &answers).expect("read");
        assert_eq!(portals["questionnaire"], RISK_TEST);
        assert_eq!(portals["item"].as_array().map(Vec::len), Some(3));
    }
}
