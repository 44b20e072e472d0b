//! Whatever is repeated, nobody gets the same order twice.

use crate::support::acting::Clinic;
use crate::support::served::Served;
use crate::support::site::count;

#[test]
fn a_second_run_on_the_same_day_plans_nothing() {
    let clinic = Clinic::with(10, &[]);
    let first = clinic.acts();
    assert_eq!(
        [count(&first["planned"]), count(&first["events"])],
        [20, 10]
    );
    for sent in [false, true] {
        let again = clinic.acts();
        let did = [
            "planned",
            "repeated",
            "cancelled",
            "moved_on",
            "events",
            "tasks_opened",
        ];
        assert_eq!(did.map(|what| count(&again[what])), [0; 6], "sent: {sent}");
        assert_eq!(clinic.rows().len(), 20);
        clinic.delivers_everything();
    }
    clinic.world.pulls();
    assert_eq!(
        count(&clinic.acts()["planned"]),
        0,
        "a pull without news is no news"
    );
    clinic.dispatches();
    clinic.has_each_order_once();
    assert_eq!(clinic.requests("creates"), 20);
}

#[test]
fn a_sender_that_fails_and_starts_again_sends_each_order_once_at_most() {
    let plan = "seed=11,lost-answer=0.4,status-500-after=0.2,wrong-type=0.1,no-location=0.1";
    let clinic = Clinic::with(10, &["--conditional-create", "ignored", "--faults", plan]);
    clinic.acts();
    for _ in 0..12 {
        clinic.does(&["dispatch", "--for", "300ms"]).ends_well();
        clinic.acts();
        let at_server = clinic.at_server();
        let twice = at_server.iter().find(|(_, found)| found.len() != 1);
        assert_eq!(twice, None);
    }
    clinic.quiet();
    clinic.delivers_everything();
    clinic.has_each_order_once();
    assert!(clinic.differences().is_empty());
}

#[test]
fn an_order_that_is_turned_down_is_not_tried_again_and_a_person_knows() {
    // This server takes orders about its own residents only, and has none.
    let mut clinic = Clinic::with(3, &[]);
    clinic.acts();
    clinic.server = Served::open(&["--residents", "0"]);
    clinic.configured(&[]);
    let report = clinic.dispatches();
    assert_eq!(count(&report["turned_down"]), 6);
    assert_eq!(clinic.tasks()["delivery-refused"], 6);
    clinic.dispatches();
    assert_eq!(count(&clinic.acts()["planned"]), 0);
    clinic.dispatches();
    assert_eq!(clinic.requests("creates"), 6);
    assert!(clinic.differences().is_empty());
}
