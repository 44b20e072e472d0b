//! Orders over FHIR, requirement by requirement; the table says which test stands for which.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use preventiojyraa::delivery::Route;
use preventiojyraa::orders::ActionKind;
use serde_json::{Value, json};

use super::pulled::row;
use crate::support::acting::{Clinic, key, keys};
use crate::support::conformance::Section;
use crate::support::site::count;

/// What sending orders has to do (O1 to O8), and the tests that prove it.
pub(super) const ORDERS_SENT: Section = Section {
    heading: "Order sent to a server",
    rows: &[
        row(
            "O1",
            "create with If-None-Exist on our own identifier: 201, 200 (it is there) and 412 (several are there)",
            &["o1_an_order_is_created_once_found_or_taken_back_where_it_is_double"],
        ),
        row(
            "O2",
            "after a request without an answer the server is searched before anything is sent again",
            &["o2_what_was_sent_without_an_answer_is_searched_for_and_not_sent_again"],
        ),
        row(
            "O3",
            "429 and 503 with Retry-After: wait, then once",
            &["o3_a_server_that_is_busy_is_waited_for_and_has_each_order_once"],
        ),
        row(
            "O4",
            "201 without a body or a Location is an order that is there",
            &["o4_a_created_order_without_its_address_is_there_all_the_same"],
        ),
        row(
            "O5",
            "one order is one request: no transaction can be half done",
            &["o5_no_order_leaves_in_a_bundle_with_another"],
        ),
        row(
            "O6",
            "a change names the version that it changes; what was completed meanwhile stays so",
            &["o6_an_order_that_was_completed_meanwhile_is_not_revoked"],
        ),
        row(
            "O7",
            "results close orders once; an amended result is decided about again",
            &["a_result_amended_into_the_range_of_diabetes_is_a_professionals_after_the_message"],
        ),
        row(
            "O8",
            "a match without search.mode is a match",
            &["a_match_without_its_mode_is_a_match"],
        ),
    ],
};

/// What every way of a laboratory order has to show, and where it does: way, what, test. Nobody refuses a
/// task on the worklist: what is not done stays a person's.
const WAYS: [(&str, &str, &str); 35] = {
    const REVIEW: &str = "by_every_way_nothing_leaves_before_a_person_has_approved_it";
    const SCOPE: &str = "by_every_way_nothing_leaves_about_anybody_outside_the_scope";
    const WHATEVER: &str = "every_kind_of_act_arrives_once_by_the_way_that_the_server_declares";
    [
        (
            "service-request",
            "once",
            "o5_no_order_leaves_in_a_bundle_with_another",
        ),
        (
            "service-request",
            "lost",
            "o2_what_was_sent_without_an_answer_is_searched_for_and_not_sent_again",
        ),
        (
            "service-request",
            "cancelled",
            "an_order_is_taken_back_once_however_badly_the_server_behaves",
        ),
        (
            "service-request",
            "refused",
            "an_order_that_is_turned_down_is_not_tried_again_and_a_person_knows",
        ),
        ("communication", "once", WHATEVER),
        ("communication", "lost", WHATEVER),
        (
            "communication",
            "cancelled",
            "a_request_that_was_said_is_taken_back_by_saying_so",
        ),
        (
            "communication",
            "refused",
            "a_server_that_has_no_way_for_an_act_is_named_with_all_that_it_lacks",
        ),
        (
            "score-observation",
            "once",
            "a_score_is_written_back_once_and_names_model_and_test",
        ),
        (
            "score-observation",
            "lost",
            "a_score_is_written_back_once_and_names_model_and_test",
        ),
        (
            "score-observation",
            "cancelled",
            "a_score_is_taken_back_where_the_server_lets_it_be_changed",
        ),
        (
            "score-observation",
            "refused",
            "a_score_that_is_never_read_back_is_taken_back_by_a_person",
        ),
        (
            "hl7v2",
            "once",
            "hl7_is_sent_once_and_acknowledged_by_its_answer",
        ),
        (
            "hl7v2",
            "lost",
            "hl7_whose_answer_is_lost_is_sent_again_as_it_was_where_repeats_are_safe",
        ),
        (
            "hl7v2",
            "cancelled",
            "hl7_is_taken_back_by_a_message_that_names_the_order",
        ),
        (
            "hl7v2",
            "refused",
            "hl7_that_is_turned_down_is_a_person_s_and_rejected_for_now_waits",
        ),
        (
            "list",
            "once",
            "a_list_is_sent_once_and_signed_and_acknowledged_by_what_the_other_side_says",
        ),
        (
            "list",
            "lost",
            "a_list_is_there_once_whenever_the_dispatcher_is_killed",
        ),
        (
            "list",
            "cancelled",
            "a_list_takes_back_by_a_row_that_names_the_order",
        ),
        (
            "list",
            "refused",
            "a_list_whose_rows_are_refused_is_a_person_s",
        ),
        (
            "worklist",
            "once",
            "the_worklist_has_each_order_once_and_is_done_when_the_record_shows_it",
        ),
        (
            "worklist",
            "lost",
            "the_worklist_has_each_order_once_whenever_the_dispatcher_is_killed",
        ),
        (
            "worklist",
            "cancelled",
            "the_worklist_takes_a_task_back_that_nobody_has_done",
        ),
        ("service-request", "reviewed", REVIEW),
        ("service-request", "scope", SCOPE),
        ("communication", "reviewed", REVIEW),
        ("communication", "scope", SCOPE),
        ("score-observation", "reviewed", REVIEW),
        ("score-observation", "scope", SCOPE),
        ("hl7v2", "reviewed", REVIEW),
        ("hl7v2", "scope", SCOPE),
        ("list", "reviewed", REVIEW),
        ("list", "scope", SCOPE),
        ("worklist", "reviewed", REVIEW),
        ("worklist", "scope", SCOPE),
    ]
};

const NAMES: [&str; 3] = ["resident-000", "resident-001", "resident-002"];
const ORDERS: &str = "https://preventiojyraa.example.org/fhir/order";

fn clinic(words: &[&str]) -> Clinic {
    let clinic = Clinic::with(NAMES.len(), words);
    clinic.acts();
    clinic
}

#[test]
fn every_requirement_has_its_test() {
    let mut sources = String::new();
    for folder in ["tests/conformance", "tests/stories", "src/fhir/channel"] {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        for entry in fs::read_dir(folder).expect("a folder of sources") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|ending| ending == "rs") {
                sources.push_str(&fs::read_to_string(path).expect("a source"));
            }
        }
    }
    for (n, row) in ORDERS_SENT.rows.iter().enumerate() {
        assert_eq!(row.id, format!("O{}", n + 1));
    }
    for route in Route::of(ActionKind::Laboratory) {
        let of_it = WAYS.iter().filter(|(way, _, _)| *way == route.name());
        let shown: BTreeSet<&str> = of_it.map(|(_, what, _)| *what).collect();
        let wanted = ["cancelled", "lost", "once", "refused", "reviewed", "scope"];
        let wanted = wanted
            .into_iter()
            .filter(|what| *route != Route::Worklist || *what != "refused");
        assert_eq!(shown, wanted.collect(), "{}", route.name());
    }
    for (way, what, test) in WAYS {
        let is_there = sources.contains(&format!("fn {test}("));
        assert!(is_there, "{way}, {what}: no test `{test}`");
    }
}

/// An order as somebody else's copy of the program would have placed it.
fn placed(name: &str, test: &str) -> Value {
    json!({
        "resourceType": "ServiceRequest", "status": "active", "intent": "order",
        "identifier": [{ "system": ORDERS, "value": key(name, test) }],
        "subject": { "reference": format!("Patient/{name}") },
        "code": { "coding": [{ "system": "http://loinc.org", "code": "59261-8" }] },
    })
}

#[test]
fn o1_an_order_is_created_once_found_or_taken_back_where_it_is_double() {
    let clinic = clinic(&["--conditional-create", "honoured"]);
    // One is there already (200), another twice (412), the others are new (201).
    for (name, n) in [(NAMES[0], 1), (NAMES[1], 2)] {
        for _ in 0..n {
            let order = placed(name, "hba1c");
            clinic
                .server
                .posts("/fhir/ServiceRequest", &[], &order)
                .with(201);
        }
    }
    clinic.delivers_everything();
    clinic.delivers_everything();
    assert_eq!(
        clinic.active_at_server(),
        keys(&NAMES),
        "each is active once"
    );
    let statuses = clinic.at_server()[&key(NAMES[1], "hba1c")].clone();
    assert_eq!(statuses.len(), 2, "the double was there before");
    assert!(statuses.contains(&"revoked".to_owned()), "{statuses:?}");
    assert_eq!(clinic.tasks().get("delivery-doubled"), Some(&1));
}

#[test]
fn o2_what_was_sent_without_an_answer_is_searched_for_and_not_sent_again() {
    let clinic = clinic(&["--conditional-create", "ignored"]);
    clinic.faults("seed=1,lost-answer=1");
    clinic.does(&["dispatch", "--for", "1s"]).ends_well();
    clinic.quiet();
    clinic.delivers_everything();
    clinic.has_each_order_once();
    assert_eq!(
        clinic.requests("creates"),
        6,
        "nothing was sent a second time"
    );
    assert!(6 <= clinic.requests("searches"));
}

#[test]
fn o3_a_server_that_is_busy_is_waited_for_and_has_each_order_once() {
    for fault in ["status-429", "status-503"] {
        let clinic = clinic(&[]);
        clinic.faults(&format!("seed=1,retry-after=1,{fault}=1"));
        clinic.does(&["dispatch", "--for", "1s"]).ends_well();
        assert_eq!(clinic.n_at_server(), 0, "{fault}");
        clinic.quiet();
        clinic.delivers_everything();
        clinic.has_each_order_once();
    }
}

#[test]
fn o4_a_created_order_without_its_address_is_there_all_the_same() {
    let clinic = clinic(&[]);
    clinic.faults("seed=1,no-location=1");
    let report = clinic.dispatches();
    assert_eq!(count(&report["accepted"]), 6, "{report}");
    clinic.quiet();
    clinic.has_each_order_once();
    assert_eq!(clinic.differences(), BTreeMap::new());
}

#[test]
fn o5_no_order_leaves_in_a_bundle_with_another() {
    let clinic = clinic(&[]);
    clinic.delivers_everything();
    assert_eq!(clinic.requests("transactions"), 0);
    assert_eq!(clinic.requests("creates"), 6);
}

#[test]
fn o6_an_order_that_was_completed_meanwhile_is_not_revoked() {
    let mut clinic = clinic(&[]);
    clinic.delivers_everything();
    let found = clinic
        .server
        .gets(&format!(
            "/fhir/ServiceRequest?identifier={ORDERS}|{}",
            key(NAMES[0], "hba1c")
        ))
        .with(200);
    let mut order = found["entry"][0]["resource"].clone();
    let id = order["id"].as_str().expect("an id").to_owned();
    let version = order["meta"]["versionId"]
        .as_str()
        .expect("a version")
        .to_owned();
    order["status"] = "completed".into();
    let matches = format!("W/\"{version}\"");
    let target = format!("/fhir/ServiceRequest/{id}");
    clinic
        .server
        .asks("PUT", &target, &[("if-match", &matches)], &order)
        .with(200);
    // The version that was read before is not there any more.
    order["status"] = "revoked".into();
    clinic
        .server
        .asks("PUT", &target, &[("if-match", &matches)], &order)
        .with(412);
    clinic.world.resident(NAMES[0]).says_no("2025-10-20");
    clinic.world.pulls();
    clinic.acts();
    clinic.delivers_everything();
    let at_server = clinic.at_server();
    assert_eq!(at_server[&key(NAMES[0], "hba1c")], ["completed"]);
    assert_eq!(
        at_server[&key(NAMES[0], "fasting-plasma-glucose")],
        ["revoked"]
    );
}
