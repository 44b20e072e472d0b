//! CDS Hooks 2.0 (HL7, "CDS Hooks", STU 2), requirement by requirement, on the service that is listened to.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::acting::at_risk;
use crate::support::cards::{BASE, JSON, ORDER_SELECT, PATIENT_VIEW, Ward, bundle, call, claims};
use crate::support::signer::Signer;
use crate::support::world::World;

fn ward() -> Ward {
    let mut world = World::new();
    at_risk(&mut world, "aino");
    Ward::of(world)
}

/// An error is said in an `OperationOutcome`, and names nobody.
#[track_caller]
fn refused(heard: &crate::support::served::Heard, status: u16) {
    let outcome = heard.with(status);
    assert_eq!(outcome["resourceType"], "OperationOutcome");
    assert_eq!(outcome["issue"][0]["severity"], "error");
    assert!(!heard.text.contains("aino"), "{}", heard.text);
}

/// Nothing is null, and no text, list or object is empty.
#[track_caller]
fn nothing_is_empty(value: &Value) {
    match value {
        Value::Null => panic!("null"),
        Value::String(text) => assert!(!text.is_empty()),
        Value::Array(all) => {
            assert!(!all.is_empty());
            all.iter().for_each(nothing_is_empty);
        }
        Value::Object(fields) => {
            assert!(!fields.is_empty());
            fields.values().for_each(nothing_is_empty);
        }
        Value::Bool(_) | Value::Number(_) => {}
    }
}

#[test]
fn services_are_listed_with_what_they_want_to_be_given() {
    let ward = ward();
    let listed = ward.hears("GET", "/cds-services", &[], "").with(200);
    nothing_is_empty(&listed);
    let services = listed["services"].as_array().expect("a list");
    let of = |field: &str| -> Vec<&str> {
        let values = services.iter().map(|service| &service[field]);
        values
            .map(|value| value.as_str().expect("a text"))
            .collect()
    };
    assert_eq!(of("hook"), ["patient-view", "order-select"]);
    assert_eq!(of("id").iter().collect::<BTreeSet<_>>().len(), 2);
    for (service, path) in services.iter().zip([PATIENT_VIEW, ORDER_SELECT]) {
        assert!(path.ends_with(service["id"].as_str().expect("an id")));
        assert!(service["description"].is_string());
        // The only token, and only parameters that every system is to understand.
        for template in service["prefetch"].as_object().expect("templates").values() {
            let template = template.as_str().expect("a text");
            let rest = template.replace("{{context.patientId}}", "");
            assert!(!rest.contains('{') && !rest.contains(':'), "{template}");
            let query = rest.split_once('?').map_or("", |(_, query)| query);
            for parameter in query.split('&').filter(|p| !p.is_empty()) {
                let name = parameter.split('=').next();
                assert!(matches!(name, Some("patient" | "category")), "{template}");
            }
        }
    }
}

#[test]
fn a_call_is_checked_before_anybody_is_looked_up() {
    let ward = ward();
    for path in [
        "/cds-services/nothing",
        "/cds-services/nothing/feedback",
        "/cds-services/",
        "/",
    ] {
        refused(&ward.asks(path, &call("patient-view", "aino")), 404);
    }
    refused(&ward.hears("POST", "/cds-services", &[], ""), 405);
    refused(&ward.hears("GET", PATIENT_VIEW, &[], ""), 405);
    let wrong: [fn(&mut Value); 6] = [
        |call| call["hook"] = json!("order-select"),
        |call| drop(call.as_object_mut().map(|call| call.remove("hookInstance"))),
        |call| drop(call.as_object_mut().map(|call| call.remove("context"))),
        |call| call["hookInstance"] = json!("aino"),
        |call| call["context"]["userId"] = json!("aino"),
        |call| call["fhirAuthorization"] = json!({ "access_token": "aino" }),
    ];
    for change in wrong {
        let mut call = call("patient-view", "aino");
        change(&mut call);
        refused(&ward.asks(PATIENT_VIEW, &call), 400);
    }
    refused(&ward.asks(ORDER_SELECT, &call("order-select", "aino")), 400);
    let token = || format!("Bearer {}", ward.signer.signs(&claims(PATIENT_VIEW)));
    let text = call("patient-view", "aino").to_string();
    for (kind, body, status) in [
        ("text/plain", text.as_str(), 415),
        ("", text.as_str(), 415),
        ("application/json", "{", 400),
        ("application/json", "[]", 400),
        ("Application/JSON; charset=utf-8", text.as_str(), 200),
    ] {
        let token = token();
        let headers = [("authorization", token.as_str()), ("content-type", kind)];
        let heard = ward.hears("POST", PATIENT_VIEW, &headers, body);
        assert_eq!(heard.status, status, "{kind}: {}", heard.text);
    }
}

#[test]
fn without_anything_known_or_given_the_precondition_fails() {
    let ward = ward();
    let mut call = call("patient-view", "stranger");
    refused(&ward.asks(PATIENT_VIEW, &call), 412);
    let outcome = json!({ "resourceType": "OperationOutcome", "issue": [] });
    call["prefetch"] = json!({ "patient": null, "laboratory": outcome });
    refused(&ward.asks(PATIENT_VIEW, &call), 412);
    // It was given that there is nothing.
    call["prefetch"] = json!({ "laboratory": bundle(&[]) });
    assert_eq!(
        ward.asks(PATIENT_VIEW, &call).with(200),
        json!({ "cards": [] })
    );
    // Somebody who is known needs none; what was not given is said to be missing.
    let mut paged = bundle(&[]);
    paged["link"] = json!([{ "relation": "next", "url": "https://elsewhere.example.org" }]);
    for (prefetch, is_cut_off) in [
        (json!({ "laboratory": bundle(&[]) }), false),
        (json!({ "laboratory": paged }), true),
        (json!({ "laboratory": null }), true),
    ] {
        let card = ward.views_with("aino", prefetch).remove(0);
        let detail = card["detail"].as_str().expect("words");
        assert_eq!(detail.contains("more than it gave"), is_cut_off, "{detail}");
    }
}

#[test]
fn a_card_has_all_that_it_must_have_and_nothing_that_is_empty() {
    let ward = ward();
    let heard = ward.asks(PATIENT_VIEW, &call("patient-view", "aino"));
    assert!(
        heard
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("application/json"))
    );
    assert_eq!(heard.header("cache-control"), Some("no-store"));
    let answer = heard.with(200);
    nothing_is_empty(&answer);
    let card = &answer["cards"][0];
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    assert!(text(&card["summary"]).chars().count() < 140);
    assert!(["info", "warning", "critical"].contains(&text(&card["indicator"]).as_str()));
    text(&card["source"]["label"]);
    assert_eq!(text(&card["uuid"]).len(), 36);
    assert_eq!(card["selectionBehavior"], "at-most-one");
    let suggestions = card["suggestions"].as_array().expect("a list");
    let recommended = suggestions
        .iter()
        .filter(|one| one["isRecommended"] == true);
    assert!(recommended.count() <= 1);
    for suggestion in suggestions {
        text(&suggestion["label"]);
        assert_eq!(text(&suggestion["uuid"]).len(), 36);
        // Of 3.0, and only for who says that they know it.
        assert_eq!(suggestion.get("actionSelectionBehavior"), None);
        for action in suggestion["actions"].as_array().expect("a list") {
            assert_eq!(action["type"], "create");
            text(&action["description"]);
            assert_eq!(action.get("resourceId"), None);
            let resource = &action["resource"];
            assert_eq!(resource["resourceType"], "ServiceRequest");
            for field in ["id", "status", "intent"] {
                text(&resource[field]);
            }
        }
    }
    for reason in card["overrideReasons"].as_array().expect("a list") {
        text(&reason["display"]);
    }
    // Each card has a name of its own.
    assert_ne!(ward.views("aino")[0]["uuid"], card["uuid"]);
    // Nobody but a professional has any.
    let mut by_herself = call("patient-view", "aino");
    by_herself["context"]["userId"] = json!("Patient/aino");
    assert_eq!(
        ward.asks(PATIENT_VIEW, &by_herself).with(200),
        json!({ "cards": [] })
    );
}

#[test]
fn feedback_is_checked_and_answered_with_200() {
    let ward = ward();
    let card = ward.views("aino").remove(0);
    let told = json!({
        "card": card["uuid"],
        "outcome": "accepted",
        "acceptedSuggestions": [{ "id": card["suggestions"][0]["uuid"] }],
        "outcomeTimestamp": "2025-11-01T10:00:00+02:00",
    });
    ward.tells(&json!([told])).with(200);
    for (field, value) in [
        ("acceptedSuggestions", json!([])),
        ("acceptedSuggestions", Value::Null),
        ("acceptedSuggestions", json!(["x"])),
        ("outcome", json!("ignored")),
        ("outcomeTimestamp", json!("yesterday")),
        ("outcomeTimestamp", Value::Null),
        ("card", json!("x")),
        ("overrideReason", json!("no")),
        (
            "overrideReason",
            json!({ "userComment": "x".repeat(4_001) }),
        ),
    ] {
        let mut told = told.clone();
        told[field] = value;
        refused(&ward.tells(&json!([told])), 400);
    }
    refused(&ward.tells(&json!([])), 400);
    refused(&ward.tells(&json!("x")), 400);
    // One that is wrong takes the others along.
    let mut other = told.clone();
    other["outcomeTimestamp"] = json!("2025-11-01T11:00:00Z");
    refused(&ward.tells(&json!([other, 1])), 400);
    let n = ward.on_record("SELECT count(*) || '' FROM cds_feedback");
    assert_eq!(n, "1");
}

#[test]
fn only_who_shows_who_they_are_is_answered_and_a_token_is_good_once() {
    let ward = ward();
    let body = call("patient-view", "aino");
    let asks = |token: &str| ward.asks_with(token, PATIENT_VIEW, &body);
    let good = ward.signer.signs(&claims(PATIENT_VIEW));
    asks(&good).with(200);
    let again = asks(&good);
    refused(&again, 401);
    assert_eq!(again.header("www-authenticate"), Some("Bearer"));
    refused(&ward.hears("POST", PATIENT_VIEW, &[JSON], "{}"), 401);
    let now = jsonwebtoken::get_current_timestamp();
    for (field, value) in [
        ("iss", json!("https://elsewhere.example.org")),
        ("aud", json!(BASE)),
        ("aud", json!(format!("{BASE}{ORDER_SELECT}"))),
        ("aud", Value::Null),
        ("exp", json!(now - 20)),
        ("exp", json!(now + 400)),
        ("exp", Value::Null),
        ("iat", json!(now + 60)),
        // Before the service began: whether it came then is not known.
        ("iat", json!(now - 10_000)),
        ("iat", Value::Null),
        ("jti", Value::Null),
        ("jti", json!("")),
    ] {
        let mut claims = claims(PATIENT_VIEW);
        claims[field] = value.clone();
        let heard = asks(&ward.signer.signs(&claims));
        assert_eq!(heard.status, 401, "{field} {value}: {}", heard.text);
    }
    let mut several = claims(PATIENT_VIEW);
    several["aud"] = json!(["https://x.example.org", several["aud"]]);
    asks(&ward.signer.signs(&several)).with(200);
    // Signed by another's key, by a shared secret, by nobody, with keys that only the token names.
    refused(
        &asks(&Signer::new("es384").signs(&claims(PATIENT_VIEW))),
        401,
    );
    let mut named = Signer::new("es384");
    named.header.kid.clone_from(&ward.signer.header.kid);
    refused(&asks(&named.signs(&claims(PATIENT_VIEW))), 401);
    let secret = jsonwebtoken::EncodingKey::from_secret(ward.signer.public.as_bytes());
    let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS384);
    header.kid.clone_from(&ward.signer.header.kid);
    let by_secret = jsonwebtoken::encode(&header, &claims(PATIENT_VIEW), &secret);
    refused(&asks(&by_secret.expect("it can be signed")), 401);
    let parts: Vec<&str> = good.split('.').collect();
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    refused(&asks(&format!("{none}.{}.", parts[1])), 401);
    for odd in ["", ".", "..", "a.b.c", &good[..good.len() - 4]] {
        refused(&asks(odd), 401);
    }
}

#[test]
fn a_token_does_not_come_again_after_the_service_was_ended() {
    let ward = ward();
    let body = call("patient-view", "aino");
    let good = ward.signer.signs(&claims(PATIENT_VIEW));
    ward.asks_with(&good, PATIENT_VIEW, &body).with(200);
    // A token is told from one of another second.
    std::thread::park_timeout(std::time::Duration::from_millis(1_100));
    let ward = ward.starts_again();
    refused(&ward.asks_with(&good, PATIENT_VIEW, &body), 401);
    assert_eq!(ward.views("aino").len(), 1);
}

#[test]
fn keys_are_rsa_too_and_new_ones_are_found() {
    let mut ward = ward();
    assert_eq!(ward.views("aino").len(), 1);
    ward.signer = Signer::new("rs384");
    let keys = ward.clinic.site().beside("jwks.json");
    std::fs::write(keys, &ward.signer.public).expect("a file can be written");
    // Strangers make the service look for keys no oftener than every half minute.
    refused(&ward.asks(PATIENT_VIEW, &call("patient-view", "aino")), 401);
    let ward = ward.starts_again();
    assert_eq!(ward.views("aino").len(), 1);
}

#[test]
fn pages_of_named_origins_may_ask_and_no_other() {
    let ward = ward();
    for (origin, allowed) in [
        (
            "https://sandbox.example.org",
            Some("https://sandbox.example.org"),
        ),
        ("https://elsewhere.example.org", None),
    ] {
        for method in ["OPTIONS", "GET"] {
            let heard = ward.hears(method, "/cds-services", &[("origin", origin)], "");
            assert_eq!(heard.status / 100, 2);
            assert_eq!(heard.header("access-control-allow-origin"), allowed);
        }
    }
}

#[test]
fn what_the_client_may_do_elsewhere_is_kept_nowhere() {
    let ward = ward();
    let mut call = call("patient-view", "aino");
    call["fhirServer"] = json!("https://ehr.example.org/fhir");
    call["fhirAuthorization"] = json!({ "access_token": "secret-4711", "token_type": "Bearer" });
    ward.asks(PATIENT_VIEW, &call).with(200);
    call["context"]["patientId"] = json!("no such id!");
    refused(&ward.asks(PATIENT_VIEW, &call), 400);
    let data = ward.clinic.site().data();
    for file in ["ledger.sqlite", "ledger.sqlite-wal"] {
        let bytes = std::fs::read(data.join(file)).unwrap_or_default();
        let found = bytes.windows(11).any(|window| window == b"secret-4711");
        assert!(!found, "{file}");
    }
    let talk = std::fs::read_to_string(ward.clinic.site().beside("serve.log"));
    assert!(!talk.unwrap_or_default().contains("secret-4711"));
}
