//! Killed at any step: the next start goes on where it was, and does nothing twice for a day.

use std::thread;
use std::time::Duration;

use preventiojyraa::ledger::ServedOutcome;
use preventiojyraa::schedule::Step;

use crate::support::acting::{is_open, until};
use crate::support::daily::{ALL_AT_TWO, Daily};
use crate::support::exporter::Reply;
use crate::support::pulling::files_of;
use crate::support::site::Dice;

const BAD_DAY: &str = "seed=7,lost-request=0.05,lost-answer=0.1,status-503=0.05,status-429=0.05,\
    status-500-after=0.05,no-location=0.05";

/// How often a step was done, whatever it found.
fn n_done(daily: &Daily, step: Step) -> usize {
    daily.n_ended(step, ServedOutcome::Done) + daily.n_ended(step, ServedOutcome::Differs)
}

#[test]
fn killed_at_thirty_moments_of_a_night_it_does_each_step_once() {
    let daily = Daily::behind(12, ALL_AT_TWO, &["--faults", BAD_DAY]);
    // The first start is before everything is due.
    daily.serves("2025-11-01T00:30:00+02:00").ends_when_told();
    let mut dice = Dice::new(31);
    for n in 0..30 {
        // It begins what is due as soon as it is watched; later kills meet it further on.
        let daemon = daily.serves("2025-11-01T02:05:00+02:00");
        let after = dice.below(20 + 20 * n);
        thread::park_timeout(Duration::from_millis(u64::try_from(after).expect("few")));
        daemon.dies();
    }
    daily.clinic.quiet();
    let daemon = daily.serves("2025-11-01T08:00:00+02:00");
    daily.waits_for(Step::Run, "2025-11-01 done");
    until("everything was compared", || {
        n_done(&daily, Step::Reconcile) == 1
    });
    until("everything has left", || {
        !daily.clinic.rows().iter().any(is_open)
    });
    daemon.ends_when_told();
    let interrupted = [Step::Pull, Step::Run, Step::Dispatch]
        .map(|step| daily.n_ended(step, ServedOutcome::Interrupted));
    // A run of so few is over in a moment; its own story is below.
    let n_interrupted: usize = interrupted.iter().sum();
    assert!(1 < n_interrupted, "no kill met a step: {interrupted:?}");
    assert_eq!(daily.n_pulls_and_runs(), (1, 1), "{}", daily.talk());
    for step in [Step::Pull, Step::Run, Step::Reconcile] {
        assert_eq!(
            n_done(&daily, step),
            1,
            "{step:?} {:?}",
            daily.on_record(step)
        );
    }
    daily.clinic.has_each_order_once_or_a_person(4);
    daily.clinic.site().is_whole();
}

#[test]
fn what_was_done_when_the_process_ended_is_not_done_again() {
    let daily = Daily::of(2, "pull = \"02:00\"\nrun = \"02:00\"");
    daily.serves("2025-11-01T01:00:00+02:00").ends_when_told();
    let daemon = daily.serves("2025-11-01T02:05:00+02:00");
    daily.waits_for(Step::Run, "2025-11-01 done");
    daemon.dies();
    // As kills between what was done and its record leave it.
    let path = daily.clinic.site().data().join("ledger.sqlite");
    let ledger = rusqlite::Connection::open(path).expect("a ledger");
    let forget = "UPDATE served SET ended = NULL, outcome = NULL, told = NULL";
    assert_eq!(ledger.execute(forget, []).expect("it can be changed"), 2);
    drop(ledger);
    let daemon = daily.serves("2025-11-01T02:10:00+02:00");
    daily.waits_for(Step::Pull, "2025-11-01 done");
    daemon.ends_when_told();
    let pulls = ["2025-11-01 interrupted", "2025-11-01 done"];
    assert_eq!(daily.on_record(Step::Pull), pulls);
    assert_eq!(daily.on_record(Step::Run), ["2025-11-01 done"]);
    assert_eq!(daily.n_pulls_and_runs(), (1, 1));
    let exports = daily.register.was_asked("GET /fhir/Group/g/$export");
    assert_eq!(exports.len(), 1);
}

#[test]
fn told_to_end_while_an_export_is_prepared_it_ends_in_time_and_goes_on_with_that_export() {
    let daily = Daily::of(2, ALL_AT_TWO);
    daily.configured(ALL_AT_TWO, "stop_seconds = 1");
    let wait = Reply::status(202).with("retry-after", "1");
    daily.register.says("GET /status/1", &[wait]);
    let daemon = daily.serves("2025-11-01T01:59:59+02:00");
    daily.waits_for(Step::Pull, "2025-11-01 under way");
    thread::park_timeout(Duration::from_secs(1));
    let took = daemon.ends_when_told();
    assert!(took < Duration::from_secs(7), "{took:?}");
    assert_eq!(daily.on_record(Step::Pull), ["2025-11-01 abandoned"]);
    let n_exports = || daily.register.was_asked("GET /fhir/Group/g/$export").len();
    assert_eq!(n_exports(), 1);
    daily.register.has(&files_of(&daily.clinic.world));
    let daemon = daily.serves("2025-11-01T02:30:00+02:00");
    daily.waits_for(Step::Run, "2025-11-01 done");
    daemon.ends_when_told();
    assert_eq!(
        daily.on_record(Step::Pull),
        ["2025-11-01 abandoned", "2025-11-01 done"]
    );
    assert_eq!(n_exports(), 1);
}
