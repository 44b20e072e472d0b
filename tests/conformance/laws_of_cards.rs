//! Whatever is asked: the answer is JSON, and the service lives on.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{RngSeed, TestRunner};
use serde_json::{Value, json};

use crate::support::acting::at_risk;
use crate::support::cards::{ORDER_SELECT, PATIENT_VIEW, Ward, bundle, call, claims};
use crate::support::world::World;

/// A service of its own for each law, gone with it.
fn ward() -> Ward {
    let mut world = World::new();
    at_risk(&mut world, "aino");
    Ward::of(world)
}

/// Holds a law against so many calls, the same ones each time.
#[track_caller]
fn holds<S: Strategy>(calls: &S, law: impl Fn(S::Value)) {
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 150,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(2026),
        ..ProptestConfig::default()
    });
    let held = runner.run(calls, |call| {
        law(call);
        Ok(())
    });
    held.expect("it holds");
}

/// Any JSON, of a few levels; also what looks like a resource.
fn anything() -> impl Strategy<Value = Value> {
    let words = select(vec![
        "",
        "Bundle",
        "Observation",
        "Patient",
        "Patient/aino",
        "next",
        "final",
        "\u{0}",
        "💥",
        "1e999",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        words.prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    let fields = select(vec![
        "resourceType",
        "entry",
        "resource",
        "link",
        "relation",
        "code",
        "coding",
        "subject",
        "valueQuantity",
        "value",
        "id",
        "status",
    ]);
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(fields.clone(), inner, 0..5).prop_map(|fields| {
                let fields = fields
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value));
                Value::Object(fields.collect())
            }),
        ]
    })
}

const PLACES: [&str; 12] = [
    "",
    "/hook",
    "/hookInstance",
    "/fhirServer",
    "/fhirAuthorization",
    "/context",
    "/context/userId",
    "/context/patientId",
    "/context/draftOrders",
    "/prefetch",
    "/prefetch/laboratory",
    "/prefetch/laboratory/entry/0/resource",
];

fn good(hook: &str) -> Value {
    let mut call = call(hook, "aino");
    call["fhirServer"] = json!("https://ehr.example.org");
    call["fhirAuthorization"] = json!({ "access_token": "x" });
    call["context"]["selections"] = json!(["ServiceRequest/1"]);
    call["context"]["draftOrders"] = bundle(&[json!({ "resourceType": "ServiceRequest" })]);
    call["prefetch"] = json!({ "laboratory": bundle(&[json!({ "resourceType": "Observation" })]) });
    call
}

#[track_caller]
fn is_answered(ward: &Ward, path: &str, body: &str) {
    let token = format!("Bearer {}", ward.signer.signs(&claims(path)));
    let headers = [
        ("authorization", token.as_str()),
        ("content-type", "application/json"),
    ];
    let heard = ward.hears("POST", path, &headers, body);
    assert!(
        matches!(heard.status, 200 | 400 | 412),
        "{}: {body}",
        heard.status
    );
    if heard.status != 200 {
        assert_eq!(heard.json()["resourceType"], "OperationOutcome", "{body}");
    } else if !path.ends_with("feedback") {
        assert!(heard.json()["cards"].is_array(), "{body}");
    }
}

#[test]
fn whatever_stands_anywhere_in_a_call_the_answer_is_json() {
    let ward = ward();
    let calls = (select(PLACES.to_vec()), anything(), any::<bool>());
    holds(&calls, |(place, value, is_view)| {
        let (path, hook) = if is_view {
            (PATIENT_VIEW, "patient-view")
        } else {
            (ORDER_SELECT, "order-select")
        };
        let mut call = good(hook);
        *call.pointer_mut(place).expect("the place is there") = value;
        is_answered(&ward, path, &call.to_string());
    });
}

#[test]
fn whatever_is_told_back_the_answer_is_json() {
    let ward = ward();
    let places = [
        "/feedback",
        "/feedback/0",
        "/feedback/0/overrideReason",
        "/feedback/0/card",
    ];
    let calls = (anything(), select(places.to_vec()));
    holds(&calls, |(value, place)| {
        let mut told = json!({ "feedback": [{
            "card": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
            "outcome": "overridden",
            "overrideReason": { "reason": { "code": "x" } },
            "outcomeTimestamp": "2025-11-01T10:00:00Z",
        }] });
        *told.pointer_mut(place).expect("the place is there") = value;
        is_answered(
            &ward,
            &format!("{PATIENT_VIEW}/feedback"),
            &told.to_string(),
        );
    });
}

#[test]
fn a_call_that_is_cut_off_anywhere_is_answered() {
    let ward = ward();
    let whole = good("patient-view").to_string();
    let calls = (0..whole.len(), ".{0,200}");
    holds(&calls, |(at, text)| {
        is_answered(&ward, PATIENT_VIEW, whole.get(..at).unwrap_or_default());
        is_answered(&ward, PATIENT_VIEW, &text);
        is_answered(&ward, PATIENT_VIEW, &"[".repeat(100 + at));
    });
}
