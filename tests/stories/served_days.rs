//! A day goes by itself: each step once, in order, on record; and the next day again.

use preventiojyraa::ledger::ServedOutcome;
use preventiojyraa::schedule::Step;

use crate::support::daily::{ALL_AT_TWO, Daily};

#[test]
fn a_night_and_the_next_go_by_themselves_and_nothing_is_done_twice() {
    let daily = Daily::of(4, ALL_AT_TWO);
    let daemon = daily.serves("2025-11-01T01:59:59+02:00");
    daily.waits_for(Step::Run, "2025-11-01 done");
    daily.waits_for_all_orders();
    daemon.ends_when_told();
    // Dispatching may have failed before anything was pulled; it is well in the end.
    assert_eq!(daily.on_record(Step::Pull), ["2025-11-01 done"]);
    assert_eq!(daily.on_record(Step::Run), ["2025-11-01 done"]);
    daily.waits_for(Step::Dispatch, "2025-11-01 done");
    assert_eq!(daily.n_pulls_and_runs(), (1, 1));
    // Later on the same day, what was missed is caught up, once; what was done is not done again.
    let daemon = daily.serves("2025-11-01T09:00:00+02:00");
    daily.waits_for(Step::Reconcile, "2025-11-01 done");
    daily.waits_for(Step::Learn, "2025-11-01 done");
    daemon.ends_when_told();
    assert_eq!(daily.n_pulls_and_runs(), (1, 1));
    // The machine was off for days.
    let daemon = daily.serves("2025-11-07T12:00:00+02:00");
    daily.waits_for(Step::Run, "2025-11-07 done");
    daily.waits_for(Step::Reconcile, "2025-11-07 done");
    daemon.ends_when_told();
    assert_eq!(
        daily.on_record(Step::Run),
        ["2025-11-01 done", "2025-11-07 done"]
    );
    assert_eq!(daily.n_pulls_and_runs(), (2, 2));
    assert_eq!(daily.n_ended(Step::Learn, ServedOutcome::Done), 1);
    daily.clinic.has_each_order_once();
    daily.clinic.site().is_whole();
}

#[test]
fn the_first_start_has_missed_nothing() {
    let daily = Daily::of(1, ALL_AT_TWO);
    let daemon = daily.serves("2025-11-01T14:00:00+02:00");
    daemon.ends_when_told();
    assert_eq!(daily.on_record(Step::Pull), [""; 0]);
    assert_eq!(daily.on_record(Step::Run), [""; 0]);
}

#[test]
fn one_serves_a_data_folder_and_only_a_trial_chooses_the_time() {
    let daily = Daily::of(1, "run = \"05:00\"");
    let daemon = daily.serves("2025-11-01T14:00:00+02:00");
    let second = daily.serves_and_ends(&[]).ends_with(1);
    assert!(
        second.contains("another `preventio serve` is at work"),
        "{second}"
    );
    daemon.ends_when_told();
    daily.clinic.configured(&[]);
    let without = daily.serves_and_ends(&[]).ends_with(1);
    assert!(
        without.contains("says of nothing when it is to be done"),
        "{without}"
    );
    daily.configured("run = \"05:00\"", "");
    // Outside a trial nothing else is wrong with it: the servers are on this machine.
    daily.says_now("trial = true\ntoday = 2025-11-01", "trial = false");
    let real = daily
        .serves_and_ends(&["--now", "2025-11-01T14:00:00+02:00"])
        .ends_with(1);
    assert!(
        real.contains("only a trial chooses the instant that it is"),
        "{real}"
    );
}
