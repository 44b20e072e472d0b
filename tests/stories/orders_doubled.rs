//! What left and what arrived differ: each difference is found, named and put right, or before a person.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::support::acting::{Clinic, until};
use crate::support::served::Served;
use crate::support::site::count;
use crate::support::snapshots::reads;

const RESIDENTS: usize = 2;
const ORDERS: u64 = 4;

fn only(what: &str, n: u64) -> BTreeMap<String, u64> {
    BTreeMap::from([(what.to_owned(), n)])
}

/// A server at which each order is twice: requests that were given up take effect after all.
fn doubled() -> Clinic {
    let words = [
        "--conditional-create",
        "ignored",
        "--faults",
        "late=1,late-ms=8000",
    ];
    let clinic = Clinic::with(RESIDENTS, &words);
    clinic.acts();
    let mut dispatcher = clinic.starts(&["dispatch", "--for", "2s"]);
    until("each request is lost for now", || {
        let requests = clinic.server.gets("/_control/requests").with(200);
        ORDERS <= count(&requests["faults"]["late"])
    });
    clinic.quiet();
    dispatcher.0.wait().expect("a child ends");
    clinic.delivers_everything();
    until("what was late is there", || {
        clinic.n_at_server() == 2 * ORDERS
    });
    clinic
}

#[test]
fn an_order_that_is_there_twice_is_taken_back_once_and_a_person_knows() {
    let clinic = doubled();
    assert_eq!(clinic.differences(), only("there more than once", ORDERS));
    assert_eq!(clinic.tasks(), only("delivery-doubled", ORDERS));
    clinic.delivers_everything();
    assert_eq!(
        clinic.active_at_server().len() as u64,
        ORDERS,
        "one of each stays"
    );
    for (key, statuses) in clinic.at_server() {
        let statuses: BTreeSet<&str> = statuses.iter().map(String::as_str).collect();
        assert_eq!(statuses, BTreeSet::from(["active", "revoked"]), "{key}");
    }
    assert!(clinic.differences().is_empty());
    assert_eq!(clinic.tasks(), only("delivery-doubled", ORDERS));
    assert_eq!(count(&clinic.acts()["planned"]), 0);
    clinic.dispatches();
    assert_eq!(clinic.active_at_server().len() as u64, ORDERS);
    clinic.site().is_whole();
}

#[test]
fn a_difference_that_was_found_twice_is_put_right_once() {
    let clinic = doubled();
    for _ in 0..3 {
        assert_eq!(clinic.differences(), only("there more than once", ORDERS));
    }
    assert_eq!(clinic.tasks(), only("delivery-doubled", ORDERS));
    clinic.delivers_everything();
    assert_eq!(clinic.requests("updates"), ORDERS);
    assert_eq!(clinic.active_at_server().len() as u64, ORDERS);
}

#[test]
fn an_order_that_is_gone_is_a_difference_and_a_task_and_is_not_sent_again() {
    let mut clinic = Clinic::with(RESIDENTS, &[]);
    clinic.acts();
    clinic.delivers_everything();
    clinic.server = Served::open(&["--residents", "0", "--accept-any-subject"]);
    clinic.configured(&[]);
    let gone = only("acknowledged, and the other side no longer has it", ORDERS);
    assert_eq!(clinic.differences(), gone);
    assert_eq!(clinic.tasks(), only("delivery-missing", ORDERS));
    assert_eq!(
        clinic.differences(),
        gone,
        "it stays one until somebody has looked"
    );
    assert_eq!(clinic.tasks(), only("delivery-missing", ORDERS));
    clinic.dispatches();
    clinic.acts();
    clinic.dispatches();
    assert_eq!(clinic.n_at_server(), 0);
}

#[test]
fn an_order_that_nobody_here_knows_is_a_difference() {
    let clinic = Clinic::with(1, &[]);
    clinic.acts();
    clinic.delivers_everything();
    let order = json!({
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "identifier": [{
            "system": "https://preventiojyraa.example.org/fhir/order",
            "value": "0123456789abcdef0123456789abcdef",
        }],
        "code": { "coding": [{ "system": "http://loinc.org", "code": "59261-8" }] },
        "subject": { "reference": "Patient/somebody" },
    });
    clinic
        .server
        .posts("/fhir/ServiceRequest", &[], &order)
        .with(201);
    let said = clinic.does(&["reconcile"]);
    assert_eq!((said.code, said.err.as_str()), (Some(5), ""));
    reads("reconcile-with-an-unknown-order", &said.out);
    clinic.dispatches();
    assert_eq!(clinic.n_at_server(), 3, "what is not ours is not touched");
}
