//! Whatever is asked: the answer is JSON, and the service lives on.

use std::sync::OnceLock;

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::support::acting::at_risk;
use crate::support::cards::{ORDER_SELECT, PATIENT_VIEW, Ward, bundle, call, claims};
use crate::support::world::World;

fn ward() -> &'static Ward {
    static WARD: OnceLock<Ward> = OnceLock::new();
    WARD.get_or_init(|| {
        let mut world = World::new();
        at_risk(&mut world, "aino");
        Ward::of(world)
    })
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
fn is_answered(path: &str, body: &str) {
    let ward = ward();
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

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 150,
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(2026),
        ..ProptestConfig::default()
    })]

    #[test]
    fn whatever_stands_anywhere_in_a_call_the_answer_is_json(
        place in select(PLACES.to_vec()),
        value in anything(),
        is_view in any::<bool>(),
    ) {
        let (path, hook) = if is_view {
            (PATIENT_VIEW, "patient-view")
        } else {
            (ORDER_SELECT, "order-select")
        };
        let mut call = good(hook);
        *call.pointer_mut(place).expect("the place is there") = value;
        is_answered(path, &call.to_string());
    }

    #[test]
    fn whatever_is_told_back_the_answer_is_json(value in anything(), at in 0_usize..4) {
        let mut told = json!({ "feedback": [{
            "card": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
            "outcome": "overridden",
            "overrideReason": { "reason": { "code": "x" } },
            "outcomeTimestamp": "2025-11-01T10:00:00Z",
        }] });
        let places = ["/feedback", "/feedback/0", "/feedback/0/overrideReason", "/feedback/0/card"];
        *told.pointer_mut(places[at]).expect("the place is there") = value;
        is_answered(&format!("{PATIENT_VIEW}/feedback"), &told.to_string());
    }

    #[test]
    fn a_call_that_is_cut_off_anywhere_is_answered(share in 0.0_f64..1.0, text in ".{0,200}") {
        let call = good("patient-view").to_string();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in a short text")]
        let at = (share * call.len() as f64) as usize;
        is_answered(PATIENT_VIEW, call.get(..at).unwrap_or_default());
        is_answered(PATIENT_VIEW, &text);
        is_answered(PATIENT_VIEW, &"[".repeat(100 + at));
    }
}
