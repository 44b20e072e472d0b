//! What goes wrong is on record, is tried again, and keeps nothing else from its turn.

use preventiojyraa::ledger::ServedOutcome;
use preventiojyraa::schedule::Step;

use crate::support::acting::until;
use crate::support::daily::Daily;
use crate::support::exporter::Reply;
use crate::support::pulling::files_of;

const NIGHT: &str =
    "pull = \"02:00\"\nrun = \"02:00\"\ndispatch = [\"00:00-24:00\"]\nretry_seconds = 1";

#[test]
fn a_run_goes_on_after_a_failed_pull_and_the_pull_is_tried_again() {
    let daily = Daily::of(3, NIGHT);
    daily.clinic.world.pulls();
    daily
        .register
        .says("GET /fhir/Group/g/$export", &[Reply::page(500)]);
    daily
        .register
        .says("GET /fhir/metadata", &[Reply::page(500)]);
    let daemon = daily.serves("2025-11-01T01:59:59+02:00");
    daily.waits_for(Step::Run, "2025-11-01 done");
    until("the pull is tried again", || {
        1 < daily.n_ended(Step::Pull, ServedOutcome::Failed)
    });
    // What the register would have said could make another decision: nobody is asked by guess.
    let state = || daily.clinic.site().state_of("resident-000");
    assert_eq!(state(), "undetermined-incomplete");
    assert_eq!(daily.clinic.n_at_server(), 0);
    // It answers again: the same day's pull comes after all, without a new start.
    let status = daily.register.at("/status/1");
    let taken = Reply::status(202).with("content-location", &status);
    daily.register.says("GET /fhir/Group/g/$export", &[taken]);
    daily.register.has(&files_of(&daily.clinic.world));
    daily.waits_for(Step::Pull, "2025-11-01 done");
    daemon.ends_when_told();
    assert_eq!(daily.on_record(Step::Run), ["2025-11-01 done"]);
    let daemon = daily.serves("2025-11-02T02:00:00+02:00");
    daily.waits_for_all_orders();
    daemon.ends_when_told();
    assert_eq!(state(), "ordered");
    assert!(
        daily.talk().contains("sources failed: export"),
        "{}",
        daily.talk()
    );
    daily.clinic.site().is_whole();
}

#[test]
fn while_effects_are_stopped_scoring_goes_on_and_nothing_leaves() {
    let daily = Daily::of(3, NIGHT);
    daily.clinic.world.pulls();
    let stop = ["effects", "stop", "--reason", "a trial"];
    daily.clinic.site().does(&stop).ends_well();
    let daemon = daily.serves("2025-11-01T01:59:59+02:00");
    daily.waits_for(Step::Run, "2025-11-01 held");
    daemon.ends_when_told();
    daily.waits_for(Step::Dispatch, "2025-11-01 held");
    assert_eq!(daily.clinic.site().decisions().len(), 3);
    assert_eq!(daily.clinic.n_at_server(), 0);
    assert!(
        daily.talk().contains("effects are stopped"),
        "{}",
        daily.talk()
    );
    // Resumed, the next day's run asks.
    let resume = ["effects", "resume", "--by", "a person"];
    daily.clinic.site().does(&resume).ends_well();
    let daemon = daily.serves("2025-11-02T02:00:00+02:00");
    daily.waits_for_all_orders();
    daemon.ends_when_told();
    daily.clinic.has_each_order_once();
}

#[test]
fn without_the_laws_permission_nobody_is_decided_about() {
    let daily = Daily::of(2, NIGHT);
    daily.clinic.world.pulls();
    let daemon = daily.serves("2025-12-31T01:59:59+02:00");
    daily.waits_for(Step::Run, "2025-12-31 done");
    // Withdrawn while it is served.
    daily.says_now("valid_until = 2025-12-31", "valid_until = 2025-12-30");
    daemon.ends_when_told();
    let daemon = daily.serves("2026-01-01T02:00:00+02:00");
    daily.waits_for(Step::Run, "2026-01-01 failed");
    assert!(daily.talk().contains("the legal basis"), "{}", daily.talk());
    daemon.ends_when_told();
    let (_, runs) = daily.n_pulls_and_runs();
    assert_eq!(runs, 1);
}
