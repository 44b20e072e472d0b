//! What a written resource asks of somebody: tests, or answers to a form.

use serde_json::Value;

use super::super::super::circulation::Lipid;
use super::super::super::laboratory::Test;
use super::super::kinds::Kind;
use super::offers::QUESTION;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// An order: the laboratory waits for the resident.
    Tests(Vec<Test>),
    /// A message or task for professionals: would somebody order these?
    ToOrder(Vec<Test>),
    /// A message or task for the resident with a form.
    Form,
    /// A message for the resident with the form by which an offer is answered.
    Offer,
    /// A message or task for professionals that asks for no test: would somebody look at this resident?
    ToLook,
    /// Something that nobody here reacts to.
    Nothing,
}

/// Codes by which laboratories know the tests: LOINC, and the Finnish nomenclature.
///
/// Source: LOINC's code pages; published hospital laboratory manuals (see `concepts`).
const CODES: [(&str, Test); 21] = [
    ("59261-8", Test::HbA1c),
    ("4548-4", Test::HbA1c),
    ("17856-6", Test::HbA1c),
    ("6128", Test::HbA1c),
    ("1560", Test::HbA1c),
    ("14771-0", Test::FastingGlucose),
    ("1558-6", Test::FastingGlucose),
    ("1468", Test::FastingGlucose),
    ("14995-5", Test::Tolerance),
    ("1518-0", Test::Tolerance),
    ("20271", Test::Tolerance),
    ("14647-2", Test::Lipid(Lipid::Total)),
    ("4515", Test::Lipid(Lipid::Total)),
    ("14646-4", Test::Lipid(Lipid::Hdl)),
    ("2085-9", Test::Lipid(Lipid::Hdl)),
    ("4516", Test::Lipid(Lipid::Hdl)),
    ("22748-8", Test::Lipid(Lipid::Ldl)),
    ("39469-2", Test::Lipid(Lipid::Ldl)),
    ("4599", Test::Lipid(Lipid::Ldl)),
    ("14927-8", Test::Lipid(Lipid::Triglycerides)),
    ("4568", Test::Lipid(Lipid::Triglycerides)),
];

/// Reads a resource as whoever it is for would.
pub(super) fn asked(kind: Kind, resource: &Value) -> Asked {
    let status = resource["status"].as_str().unwrap_or_default();
    let tests = tests(resource);
    let is_one_of = |statuses: &[&str]| statuses.contains(&status);
    if kind == Kind::ServiceRequest && is_one_of(&["active"]) && !tests.is_empty() {
        return Asked::Tests(tests);
    }
    let message_arrives = kind == Kind::Communication && is_one_of(&["completed", "in-progress"]);
    let task_arrives = kind == Kind::Task && is_one_of(&["requested", "ready", "accepted"]);
    if message_arrives || task_arrives {
        return message(resource, tests);
    }
    Asked::Nothing
}

fn message(resource: &Value, tests: Vec<Test>) -> Asked {
    let form = !forms(resource).is_empty() || contained_form(resource).is_some();
    if contained_form(resource).is_some_and(is_offer) {
        Asked::Offer
    } else if form {
        Asked::Form
    } else if tests.is_empty() && for_professionals(resource) {
        Asked::ToLook
    } else if tests.is_empty() {
        Asked::Nothing
    } else {
        Asked::ToOrder(tests)
    }
}

/// Whether a message or task is for professionals and not for the resident.
fn for_professionals(resource: &Value) -> bool {
    let recipients = [
        &resource["recipient"],
        &resource["owner"],
        &resource["performer"],
    ];
    let mut professional = false;
    for recipient in recipients {
        texts(recipient, &mut |member, text| {
            let kinds = [
                "Practitioner/",
                "PractitionerRole/",
                "CareTeam/",
                "Organization/",
            ];
            professional |= member == "reference" && kinds.iter().any(|kind| text.contains(kind));
        });
    }
    professional
}

/// The form that came inside a message.
pub(super) fn contained_form(resource: &Value) -> Option<&Value> {
    let contained = resource["contained"].as_array()?;
    contained
        .iter()
        .find(|inner| inner["resourceType"] == "Questionnaire")
}

/// Whether a form is one by which an offer is answered.
fn is_offer(form: &Value) -> bool {
    let items = form["item"].as_array();
    let mut items = items.into_iter().flatten();
    items.any(|item| item["linkId"] == QUESTION)
}

/// Every text that names a form: references and canonical addresses.
pub(super) fn forms(resource: &Value) -> Vec<&str> {
    let mut found = Vec::new();
    texts(resource, &mut |_, text| {
        if text.contains("Questionnaire/") && !text.contains(' ') {
            found.push(text);
        }
    });
    found
}

/// The tests whose codes a resource names, each once.
pub(super) fn tests(resource: &Value) -> Vec<Test> {
    let mut found = Vec::new();
    texts(resource, &mut |member, text| {
        let known = CODES
            .iter()
            .find(|(code, _)| member == "code" && *code == text);
        found.extend(known.map(|(_, test)| *test));
    });
    found.sort_unstable();
    found.dedup();
    found
}

/// All texts of a resource with the names of their members.
fn texts<'a>(value: &'a Value, each: &mut impl FnMut(&'a str, &'a str)) {
    match value {
        Value::Array(list) => list.iter().for_each(|value| texts(value, each)),
        Value::Object(members) => {
            for (name, value) in members {
                if let Some(text) = value.as_str() {
                    each(name, text);
                } else {
                    texts(value, each);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn requests_are_understood_by_their_codes_and_forms() {
        let coded = |code: &str| json!({ "coding": [{ "system": "x", "code": code }] });
        let both = json!([coded("6128"), coded("1468"), coded("59261-8")]);
        for (kind, resource, expected) in [
            (
                Kind::ServiceRequest,
                json!({ "status": "active", "code": coded("4548-4") }),
                Asked::Tests(vec![Test::HbA1c]),
            ),
            (
                Kind::ServiceRequest,
                json!({ "status": "active", "code": coded("4599") }),
                Asked::Tests(vec![Test::Lipid(Lipid::Ldl)]),
            ),
            (
                Kind::ServiceRequest,
                json!({ "status": "revoked", "code": coded("4548-4") }),
                Asked::Nothing,
            ),
            (
                Kind::ServiceRequest,
                json!({ "status": "active", "code": coded("9999") }),
                Asked::Nothing,
            ),
            (
                Kind::Communication,
                json!({ "status": "completed", "reasonCode": both }),
                Asked::ToOrder(vec![Test::HbA1c, Test::FastingGlucose]),
            ),
            (
                Kind::Task,
                json!({ "status": "requested", "focus": { "reference": "Questionnaire/7" } }),
                Asked::Form,
            ),
            (
                Kind::Communication,
                json!({ "status": "completed", "contained": [{ "resourceType": "Questionnaire" }] }),
                Asked::Form,
            ),
            (
                Kind::Communication,
                json!({ "status": "completed", "contained": [
                    { "resourceType": "Questionnaire", "item": [{ "linkId": QUESTION }] },
                ] }),
                Asked::Offer,
            ),
            (
                Kind::Communication,
                json!({ "status": "completed" }),
                Asked::Nothing,
            ),
            (
                Kind::Communication,
                json!({ "status": "completed", "recipient": [{ "reference": "Patient/7" }] }),
                Asked::Nothing,
            ),
            (
                Kind::Communication,
                json!({ "status": "completed", "recipient": [{ "reference": "PractitionerRole/7" }] }),
                Asked::ToLook,
            ),
        ] {
            assert_eq!(asked(kind, &resource), expected, "{resource}");
        }
    }
}
