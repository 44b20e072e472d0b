//! Whatever becomes of orders, no command tells who somebody is.

use serde_json::json;

use crate::support::acting::{Clinic, at_risk};
use crate::support::served::Served;
use crate::support::site::Said;
use crate::support::world::World;

const PATIENT_ID: &str = "merkki-0001";
/// The identifier is invented, and of the range reserved for tests.
const MARKERS: [&str; 6] = [
    PATIENT_ID,
    "Merkkinen",
    "Tuntematon",
    "Salapolku 13",
    "+358 50 000 1313",
    "010190-999W",
];

fn telling_world() -> World {
    let mut world = World::new();
    at_risk(&mut world, PATIENT_ID)
        .registered(
            "name",
            json!([{ "family": "Merkkinen", "given": ["Tuntematon"] }]),
        )
        .registered(
            "telecom",
            json!([{ "system": "phone", "value": "+358 50 000 1313" }]),
        )
        .registered(
            "identifier",
            json!([{ "system": "urn:oid:1.2.246.21", "value": "010190-999W" }]),
        )
        .registered(
            "address",
            json!([{ "line": ["Salapolku 13"], "district": "Keskinen" }]),
        );
    world
}

#[track_caller]
fn is_silent(what: &str, said: &Said) {
    for marker in MARKERS {
        assert!(
            !said.out.contains(marker),
            "stdout of {what} tells `{marker}`: {}",
            said.out
        );
        assert!(
            !said.err.contains(marker),
            "stderr of {what} tells `{marker}`: {}",
            said.err
        );
    }
}

/// Every command about orders, in words and as JSON.
#[track_caller]
fn every_command_is_silent(clinic: &Clinic, when: &str) {
    for words in [
        &["run", "--act"][..],
        &["run", "--act", "--json"],
        &["dispatch", "--for", "300ms"],
        &["dispatch", "--for", "300ms", "--json"],
        &["reconcile"],
        &["reconcile", "--json"],
    ] {
        is_silent(&format!("{words:?} {when}"), &clinic.does(words));
    }
    for words in [
        &["effects", "status"][..],
        &["effects", "status", "--json"],
        &["effects", "stop", "--reason", "a story"],
        &["effects", "status"],
        &["effects", "resume", "--by", "Maija Meikäläinen"],
        &["reconcile"],
        &["fsck"],
    ] {
        is_silent(&format!("{words:?} {when}"), &clinic.site().does(words));
    }
}

#[test]
fn no_command_about_orders_tells_who_somebody_is() {
    let mut clinic = Clinic::of(telling_world(), &[PATIENT_ID], &[]);
    clinic.faults("seed=2,lost-request=0.3,lost-answer=0.3,wrong-type=0.2,status-500-after=0.2");
    every_command_is_silent(&clinic, "on a bad day");
    clinic.quiet();
    clinic.delivers_everything();
    assert_eq!(clinic.n_at_server(), 2);
    every_command_is_silent(&clinic, "after a delivery");
    clinic.world.resident(PATIENT_ID).says_no("2025-10-30");
    clinic.world.pulls();
    every_command_is_silent(&clinic, "after a change of mind");
    clinic.server = Served::open(&["--residents", "0", "--accept-any-subject"]);
    clinic.configured(&[]);
    every_command_is_silent(&clinic, "after orders have gone");
    clinic.configured(&[(clinic.server.address(), "127.0.0.1:9")]);
    every_command_is_silent(&clinic, "without a server");
    clinic.configured(&[("way = ", "colour = 1\nway = ")]);
    every_command_is_silent(&clinic, "with a wrong configuration");
}

#[test]
fn a_server_that_turns_an_order_down_in_many_words_is_not_repeated() {
    let mut clinic = Clinic::of(telling_world(), &[PATIENT_ID], &[]);
    clinic.acts();
    // Its refusal says whom it does not know.
    clinic.server = Served::open(&["--residents", "0"]);
    clinic.configured(&[]);
    every_command_is_silent(&clinic, "after a refusal");
    assert_eq!(clinic.tasks()["delivery-refused"], 2);
}
