//! The city lives at the stand-in's server: residents, the laboratory and clinicians react, day by day.

use std::fs;

use serde_json::{Value, json};

use crate::support::served::Served;
use crate::support::site::{TempFolder, made_up_register};

const KUNTALIITTO: &str = "urn:oid:1.2.246.537.6.3";

/// A city of its own clock; day 0 is the register's.
fn city(residents: u32, profile: &str) -> Served {
    let residents = residents.to_string();
    Served::starts(&[
        "--no-auth",
        "--profile",
        profile,
        "--residents",
        &residents,
        "--seed",
        "9",
        "--as-of",
        "2025-01-15",
        "--start",
        "2025-01-15",
    ])
}

fn passes(server: &Served, days: u32) {
    server
        .posts("/_control/advance", &[], &json!({ "days": days }))
        .with(200);
}

fn does(server: &Served, patient: &str, what: Value) {
    let mut fate = what;
    fate["patient"] = json!(patient);
    server.posts("/_control/fate", &[], &fate).with(200);
}

/// The resources of a search about a patient.
fn about(server: &Served, kind: &str, patient: &str) -> Vec<Value> {
    let target = format!("/fhir/{kind}?patient={patient}&_count=1000");
    let page = server.gets(&target).with(200);
    let entries = page["entry"].as_array().expect("entries").iter();
    entries.map(|entry| entry["resource"].clone()).collect()
}

/// What was written since the city began: its ids are numbers.
fn new_about(server: &Served, kind: &str, patient: &str) -> Vec<Value> {
    let mut all = about(server, kind, patient);
    all.retain(|one| {
        one["id"]
            .as_str()
            .is_some_and(|id| id.parse::<u32>().is_ok())
    });
    all
}

/// Ids of residents whose row of the truth meets a condition.
fn residents(truth: &dyn Fn(&[&str]) -> bool, of: u32) -> Vec<String> {
    let folder = TempFolder::new();
    let export = made_up_register(&folder, of, 9);
    let table = fs::read_to_string(export.join("truth.csv")).expect("the truth");
    let rows = table
        .lines()
        .skip(1)
        .map(|row| row.split(',').collect::<Vec<_>>());
    rows.filter(|row| truth(row))
        .map(|row| row[0].to_owned())
        .collect()
}

/// Columns of the truth.
const STAY: usize = 4;
const DIAGNOSED: usize = 13;
const UNDIAGNOSED: usize = 14;
const FASTING: usize = 17;
const HBA1C: usize = 19;

fn number(text: &str) -> f64 {
    text.parse().expect("a number")
}

fn codes(codes: &[&str]) -> Value {
    let coding = |code: &&str| json!({ "system": KUNTALIITTO, "code": code });
    json!({ "coding": codes.iter().map(coding).collect::<Vec<_>>() })
}

fn order(patient: &str, key: &str, tests: &[&str]) -> Value {
    json!({
        "resourceType": "ServiceRequest", "status": "active", "intent": "order",
        "identifier": [{ "system": "urn:preventio:order", "value": key }],
        "code": codes(tests),
        "subject": { "reference": format!("Patient/{patient}") },
    })
}

fn healthy(row: &[&str]) -> bool {
    row[STAY] == "lives" && row[DIAGNOSED] == "0" && row[UNDIAGNOSED] == "0"
}

#[test]
fn a_form_is_answered_when_the_resident_gets_to_it_or_never() {
    let server = city(200, "open");
    let people = residents(&healthy, 200);
    let form = json!({
        "resourceType": "Questionnaire", "status": "active", "url": "http://example.org/form",
        "item": [{ "linkId": "vyotaro", "type": "decimal" }],
    });
    let form = server.posts("/fhir/Questionnaire", &[], &form).with(201);
    let focus = format!("Questionnaire/{}", form["id"].as_str().expect("an id"));
    let task = |patient: &str| {
        let task = json!({
            "resourceType": "Task", "status": "requested", "intent": "order",
            "focus": { "reference": focus }, "for": { "reference": format!("Patient/{patient}") },
        });
        server.posts("/fhir/Task", &[], &task).with(201);
    };
    does(&server, &people[0], json!({ "answers_after_days": 9 }));
    does(&server, &people[1], json!({ "answers_after_days": null }));
    task(&people[0]);
    task(&people[1]);
    passes(&server, 8);
    assert_eq!(
        new_about(&server, "QuestionnaireResponse", &people[0]).len(),
        0
    );
    passes(&server, 60);
    let answered = new_about(&server, "QuestionnaireResponse", &people[0]);
    assert_eq!(answered.len(), 1);
    assert_eq!(answered[0]["questionnaire"], "http://example.org/form");
    assert_eq!(answered[0]["item"][0]["linkId"], "vyotaro");
    assert!(
        answered[0]["authored"]
            .as_str()
            .is_some_and(|at| at.starts_with("2025-01-24T"))
    );
    assert_eq!(about(&server, "Task", &people[0])[0]["status"], "completed");
    assert_eq!(
        new_about(&server, "QuestionnaireResponse", &people[1]).len(),
        0
    );
    assert_eq!(about(&server, "Task", &people[1])[0]["status"], "requested");
}

#[test]
fn results_come_back_to_their_order_and_some_are_amended() {
    let server = city(200, "open");
    let people = residents(&healthy, 200);
    does(
        &server,
        &people[0],
        json!({ "attends_after_days": 2, "amended": true }),
    );
    does(&server, &people[1], json!({ "attends_after_days": null }));
    does(&server, &people[2], json!({ "attends_after_days": 5 }));
    for (n, patient) in people[..3].iter().enumerate() {
        let order = order(patient, &n.to_string(), &["6128", "1468"]);
        server.posts("/fhir/ServiceRequest", &[], &order).with(201);
    }
    let mut revoked = server.gets("/fhir/ServiceRequest/3").with(200);
    revoked["status"] = json!("revoked");
    server
        .asks(
            "PUT",
            "/fhir/ServiceRequest/3",
            &[("if-match", "W/\"1\"")],
            &revoked,
        )
        .with(200);
    passes(&server, 30);
    let results = new_about(&server, "Observation", &people[0]);
    assert_eq!(results.len(), 2, "HbA1c and fasting glucose");
    for result in &results {
        assert_eq!(result["basedOn"][0]["reference"], "ServiceRequest/1");
        let measured = result["valueQuantity"]["value"].is_number();
        let status = if measured { "amended" } else { "final" };
        assert_eq!(result["status"], status);
    }
    for (n, status) in [(1, "completed"), (2, "active"), (3, "revoked")] {
        let order = server.gets(&format!("/fhir/ServiceRequest/{n}")).with(200);
        assert_eq!(order["status"], status);
    }
    assert_eq!(
        new_about(&server, "Observation", &people[2]).len(),
        0,
        "the order was taken back"
    );
}

#[test]
fn a_message_to_professionals_becomes_an_order_where_none_can_be_created() {
    let server = city(300, "apotti");
    let people = residents(&healthy, 300);
    for (n, patient) in people[..20].iter().enumerate() {
        does(&server, patient, json!({ "attends_after_days": 3 }));
        let message = json!({
            "resourceType": "Communication", "status": "completed",
            "identifier": [{ "system": "urn:preventio:order", "value": format!("k{n}") }],
            "subject": { "reference": format!("Patient/{patient}") },
            "recipient": [{ "display": "Terveysasema 7" }],
            "reasonCode": [codes(&["6128", "1468"])],
        });
        server.posts("/fhir/Communication", &[], &message).with(201);
    }
    passes(&server, 40);
    let mut ordered = 0;
    for patient in &people[..20] {
        let orders = about(&server, "ServiceRequest", patient);
        for order in orders.iter().filter(|order| order["identifier"].is_array()) {
            ordered += 1;
            assert_eq!(order["status"], "completed");
            assert_eq!(order["identifier"][0]["system"], "urn:preventio:order");
            assert!(2 <= new_about(&server, "Observation", patient).len());
        }
    }
    assert!(
        (15..=20).contains(&ordered),
        "nearly every message is acted on: {ordered}"
    );
}

#[test]
fn two_abnormal_tests_become_a_clinicians_diagnosis() {
    let diabetic = |row: &[&str]| {
        let clearly = 7.9 < number(row[FASTING]) && 54.0 < number(row[HBA1C]);
        row[STAY] == "lives" && row[UNDIAGNOSED] == "1" && clearly
    };
    let people = residents(&diabetic, 3_000);
    assert!(4 <= people.len(), "the city has some: {}", people.len());
    let server = city(3_000, "open");
    for (n, patient) in people.iter().enumerate() {
        does(
            &server,
            patient,
            json!({ "attends_after_days": 3, "amended": false }),
        );
        let order = order(patient, &n.to_string(), &["6128", "1468"]);
        server.posts("/fhir/ServiceRequest", &[], &order).with(201);
    }
    passes(&server, 75);
    let diagnosed = people.iter().filter(|patient| {
        let conditions = new_about(&server, "Condition", patient);
        assert!(conditions.len() <= 1, "written down once");
        conditions.iter().any(|condition| {
            let category = condition["category"][0]["coding"][0]["code"].as_str();
            let code = condition["code"]["coding"][0]["code"]
                .as_str()
                .unwrap_or_default();
            matches!(category, Some("encounter-diagnosis" | "problem-list-item"))
                && code.starts_with("E11")
        })
    });
    let share = diagnosed.count() * 10 / people.len();
    assert!(7 <= share, "most are confirmed: {share} of ten");
}

#[test]
fn people_die_move_hide_and_refuse_and_the_record_says_so() {
    let server = city(50, "open");
    let people = residents(&healthy, 50);
    let patient = |n: usize| json!({ "patient": people[n] });
    passes(&server, 3);
    server.posts("/_control/dies", &[], &patient(0)).with(200);
    server
        .posts("/_control/refuses", &[], &patient(1))
        .with(200);
    let dead = server
        .gets(&format!("/fhir/Patient/{}", people[0]))
        .with(200);
    let died = dead["deceasedDateTime"].as_str().unwrap_or_default();
    assert!(died.starts_with("2025-01-18"), "{died}");
    for (n, what, member) in [
        (2, "moves", "/address/1/period/start"),
        (3, "hides", "/meta/security/0/code"),
    ] {
        let before = server
            .gets(&format!("/fhir/Patient/{}", people[n]))
            .with(200);
        assert_eq!(before.pointer(member), None);
        server
            .posts(&format!("/_control/{what}"), &[], &patient(n))
            .with(200);
        let after = server
            .gets(&format!("/fhir/Patient/{}", people[n]))
            .with(200);
        let said = after
            .pointer(member)
            .and_then(Value::as_str)
            .unwrap_or_default();
        assert!(["2025-01-18", "TURVAKIELTO"].contains(&said), "{after}");
        assert_eq!(
            after["address"][0]["line"], before["address"][0]["line"],
            "the same person"
        );
        assert_eq!(after["identifier"], before["identifier"], "the same person");
    }
    let refusal = new_about(&server, "Consent", &people[1]);
    assert_eq!(refusal[0]["provision"]["type"], "deny");
    // Whoever is dead comes to no laboratory.
    does(&server, &people[0], json!({ "attends_after_days": 2 }));
    server
        .posts(
            "/fhir/ServiceRequest",
            &[],
            &order(&people[0], "k", &["6128"]),
        )
        .with(201);
    passes(&server, 20);
    assert_eq!(new_about(&server, "Observation", &people[0]).len(), 0);
    server
        .posts("/_control/dies", &[], &json!({ "patient": "nobody" }))
        .with(400);
}

/// Everything that came of ordering tests for everybody, in any order, without the numbers of places.
fn came_of(people: &[String]) -> (Value, Vec<String>) {
    let server = city(120, "open");
    for patient in people {
        let order = order(patient, patient, &["6128", "1468"]);
        server.posts("/fhir/ServiceRequest", &[], &order).with(201);
    }
    passes(&server, 200);
    let mut results = Vec::new();
    for patient in people {
        for mut result in new_about(&server, "Observation", patient) {
            for member in ["id", "meta", "basedOn"] {
                result[member].take();
            }
            results.push(result.to_string());
        }
    }
    results.sort();
    (server.gets("/_control/world").with(200), results)
}

#[test]
fn a_residents_story_does_not_depend_on_who_else_is_asked_or_when() {
    let mut people = residents(&healthy, 120);
    let (world, results) = came_of(&people);
    people.reverse();
    assert_eq!(came_of(&people), (world.clone(), results));
    let (ordered, attended) = (&world["ordered"], &world["attended"]);
    let came = attended.as_f64().expect("a count") / ordered.as_f64().expect("a count");
    assert!((0.5..0.95).contains(&came), "some never come: {came}");
}

/// The rows of `/_control/truth`.
fn truth(server: &Served, from: &str) -> Vec<Vec<String>> {
    let heard = server.gets(&format!("/_control/truth?from={from}"));
    assert_eq!(heard.status, 200);
    let cells = |line: &str| line.split(',').map(str::to_owned).collect();
    heard.text.lines().map(cells).collect()
}

#[test]
fn the_truth_is_told_without_changing_anything() {
    let server = city(600, "open");
    let told = truth(&server, "2025-01-15");
    assert_eq!(
        told[0].join(","),
        "patient_id,here,prevalent,abnormal_tests,confirmed,by,day"
    );
    assert_eq!(told.len(), 601);
    let followed = |row: &&Vec<String>| row[1] == "1" && row[2] == "0";
    let here: Vec<&Vec<String>> = told.iter().filter(followed).collect();
    let confirmed: Vec<&&Vec<String>> = here.iter().filter(|row| row[4] == "1").collect();
    assert!(400 < here.len(), "{}", here.len());
    assert!((5..80).contains(&confirmed.len()), "{}", confirmed.len());
    for row in &confirmed {
        assert!(
            "2025-01-15" < row[6].as_str() && row[6].as_str() <= "2026-01-15",
            "{row:?}"
        );
        assert!(
            ["tests", "usual-care"].contains(&row[5].as_str()),
            "{row:?}"
        );
    }
    for row in told[1..].iter().filter(|row| !followed(row)) {
        assert_eq!(row[3..].concat(), "", "{row:?}");
    }
    // Asking changes nothing, and days that pass change nothing of what was told.
    assert_eq!(truth(&server, "2025-01-15"), told);
    passes(&server, 3);
    assert_eq!(truth(&server, "2025-01-15"), told);
    assert_ne!(truth(&server, "2025-07-15"), told);
    let refused = server.gets("/_control/truth?from=yesterday").with(400);
    assert!(refused["error"].is_string());
}

/// True when a result is one that a programme asks professionals about.
fn is_in_the_diabetic_range(result: &Value) -> bool {
    let coded = |code: &str| {
        let codings = result["code"]["coding"].as_array();
        codings.is_some_and(|all| all.iter().any(|coding| coding["code"] == code))
    };
    // Some samples are of no use and have none.
    let Some(value) = result["valueQuantity"]["value"].as_f64() else {
        return false;
    };
    coded("6128") && 48.0 <= value || coded("1468") && 7.0 <= value
}

/// A programme that orders both tests for everybody, sees them come, and has a professional contact whoever has a
/// result in the diabetic range, finds what the truth says, up to chance.
#[test]
fn the_truth_is_what_a_programme_finds_when_everybody_comes() {
    let server = city(2_500, "open");
    let told = truth(&server, "2025-01-15");
    let followed: Vec<&Vec<String>> = told
        .iter()
        .filter(|row| row[1] == "1" && row[2] == "0")
        .collect();
    for row in &followed {
        does(&server, &row[0], json!({ "attends_after_days": 10 }));
        let order = order(&row[0], &format!("k-{}", row[0]), &["6128", "1468"]);
        server.posts("/fhir/ServiceRequest", &[], &order).with(201);
    }
    passes(&server, 18);
    let mut contacted = 0.0;
    for row in &followed {
        // They came; whether they come again for a repeated test is up to them.
        does(&server, &row[0], json!({}));
        let results = new_about(&server, "Observation", &row[0]);
        if results.iter().any(is_in_the_diabetic_range) {
            contacted += 1.0;
            let message = json!({
                "resourceType": "Communication", "status": "completed",
                "identifier": [{ "system": "urn:preventio:order", "value": format!("c-{}", row[0]) }],
                "subject": { "reference": format!("Patient/{}", row[0]) },
                "recipient": [{ "reference": "PractitionerRole/1" }],
                "payload": [{ "contentString": "a result in the diabetic range" }],
            });
            server.posts("/fhir/Communication", &[], &message).with(201);
        }
    }
    passes(&server, 347);
    let world = server.gets("/_control/world").with(200);
    let happened = world["confirmed"].as_u64().expect("a count") as f64;
    let expected = followed.iter().filter(|row| row[4] == "1").count() as f64;
    let abnormal = |row: &&&Vec<String>| row[3] == "1" || row[3] == "2";
    let found = followed.iter().filter(abnormal).count() as f64;
    // Two counts of the same rare things, each with dice of its own.
    for (one, other) in [(happened, expected), (contacted, found)] {
        let spread = (one + other).sqrt();
        assert!((one - other).abs() < 3.0 * spread, "{one} {other}");
        assert!(25.0 < other, "{other}");
    }
}

/// Confirmations and results as the engine reads them: a clinician's diagnosis, and results of their order.
#[test]
fn what_becomes_of_an_order_is_in_the_record_as_clinicians_write_it() {
    let server = city(600, "open");
    let told = truth(&server, "2025-01-15");
    let followed = told.iter().filter(|row| row[1] == "1" && row[2] == "0");
    let people: Vec<String> = followed.map(|row| row[0].clone()).collect();
    for patient in &people {
        does(&server, patient, json!({ "attends_after_days": 5 }));
        let order = order(patient, &format!("k-{patient}"), &["6128", "1468"]);
        server.posts("/fhir/ServiceRequest", &[], &order).with(201);
    }
    passes(&server, 120);
    let (mut confirmed, mut at_encounters) = (0, 0);
    for patient in &people {
        let orders: Vec<String> = new_about(&server, "ServiceRequest", patient)
            .iter()
            .map(|order| format!("ServiceRequest/{}", order["id"].as_str().expect("an id")))
            .collect();
        for result in new_about(&server, "Observation", patient) {
            let order = result["basedOn"][0]["reference"].as_str();
            let order = order.expect("a result is of an order").to_owned();
            assert!(orders.contains(&order), "{result}");
        }
        for condition in new_about(&server, "Condition", patient) {
            confirmed += 1;
            let category = condition["category"][0]["coding"][0]["code"].as_str();
            match category {
                Some("encounter-diagnosis") => at_encounters += 1,
                Some("problem-list-item") => {}
                _ => panic!("no clinician's diagnosis: {condition}"),
            }
        }
    }
    let world = server.gets("/_control/world").with(200);
    assert_eq!(world["confirmed"], confirmed);
    assert!(5 < confirmed, "{confirmed}");
    assert!(
        confirmed < 2 * at_encounters,
        "most are made at an encounter"
    );
}
