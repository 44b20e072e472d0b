//! The loop of orders in simulated time: decisions, ledger and dispatcher are the real ones; the
//! other side, the network, the processes and the clock are made up, and fail as often as they can.

mod city;
mod closed_loop;
mod drift;
mod learning;
mod moved_on;
mod refit;
mod server;
mod turns;
mod uptake;
mod uptake_calibration;
mod world;
mod years;

use std::io::Write;
use std::time::Instant;

use preventiojyraa::ledger::{PullRecord, WordedBy};
use server::Kind;
use world::{Bug, World};

/// A pull of which nothing matters but that there was one.
fn first_pull() -> PullRecord {
    PullRecord {
        id: 1,
        source: "export".to_owned(),
        at: String::new(),
        facts_fingerprint: String::new(),
        report: String::new(),
    }
}

/// Words of which nothing matters but whose they are.
fn worded_by() -> WordedBy {
    WordedBy {
        rules: "rules".to_owned(),
        laboratory: None,
        language: "fi".to_owned(),
    }
}

/// Seeds of the gate; a sweep sets its own number.
fn n_seeds() -> u64 {
    let asked = std::env::var("PREVENTIO_SEEDS").ok();
    asked.map_or(2_000, |n| n.parse().expect("PREVENTIO_SEEDS is a number"))
}

/// What went wrong in one seed; empty when all is as it must be.
fn problems(seed: u64, bug: Option<Bug>) -> Vec<String> {
    let mut world = World::new(seed, bug);
    world.run();
    world.check();
    let kind = world.server.kind;
    world.problems.sort();
    world.problems.dedup();
    let named = world.problems.iter();
    named
        .map(|what| format!("seed {seed}, {kind:?}: {what}"))
        .collect()
}

/// Straight to the terminal: how fast the simulation is, is worth seeing when it passes too.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

#[test]
fn no_order_is_sent_twice_or_lost_whatever_fails() {
    let started = Instant::now();
    let n = n_seeds();
    let halves = std::thread::scope(|scope| {
        let half = |from: u64| {
            scope.spawn(move || {
                let seeds = (from..n).step_by(2);
                seeds
                    .flat_map(|seed| problems(seed, None))
                    .collect::<Vec<_>>()
            })
        };
        [half(0), half(1)].map(|half| half.join().expect("a simulation never panics"))
    });
    let took = started.elapsed().as_secs_f64();
    say(&format!(
        "simulation: {n} seeds in {took:.0} s, {:.0} seeds a second",
        n as f64 / took
    ));
    let problems = halves.concat();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// A mistake must be found within the seeds of the gate, or the simulation looks away.
#[track_caller]
fn is_found(bug: Bug) {
    let found = (0..2_000).find(|seed| !problems(*seed, Some(bug)).is_empty());
    let seed = found.unwrap_or_else(|| panic!("{bug:?} is not found in 2,000 seeds"));
    say(&format!("simulation: {bug:?} is found by seed {seed}"));
}

#[test]
fn a_client_that_sends_again_blindly_is_found() {
    is_found(Bug::BlindRetry);
}

#[test]
fn an_acknowledgement_written_down_too_early_is_found() {
    is_found(Bug::AcknowledgedEarly);
}

#[test]
fn a_dispatcher_that_does_not_look_at_its_lease_is_found() {
    is_found(Bug::LeaseUnchecked);
}

#[test]
fn a_key_that_forgets_the_round_is_found() {
    is_found(Bug::KeyWithoutRound);
}

#[test]
fn an_order_that_takes_another_way_while_the_first_is_in_doubt_is_found() {
    is_found(Bug::OtherWayAfterSilence);
}

#[test]
fn a_way_that_closes_sends_orders_by_the_next_and_none_by_both() {
    let by_both_ways = (0..200).filter(|seed| {
        let mut world = World::new(*seed, None);
        world.run();
        world.check();
        assert_eq!(world.problems, Vec::<String>::new(), "seed {seed}");
        world.server.used_both_ways()
    });
    assert!(
        20 < by_both_ways.count(),
        "hardly any order takes the second way"
    );
}

#[test]
fn every_kind_of_server_is_simulated() {
    let kinds: Vec<Kind> = (0..50)
        .map(|seed| World::new(seed, None).server.kind)
        .collect();
    for kind in [Kind::Conditional, Kind::Searchable, Kind::Blind] {
        assert!(kinds.contains(&kind), "{kind:?}");
    }
}
