//! Killed at any moment while orders leave: each order is there once, or a person has it.

use std::time::{Duration, Instant};

use crate::support::acting::{Clinic, Running, dies_after};
use crate::support::site::{Dice, count};

/// A server on a bad day, its network included.
const BAD_DAY: &str = "seed=7,lost-request=0.05,lost-answer=0.1,status-503=0.05,status-429=0.05,\
    status-500-after=0.05,slow=0.02,late=0.03,no-location=0.05,wrong-type=0.01,slow-ms=700,late-ms=300";
/// The same without requests that take effect after they were given up.
const BAD_DAY_WITHOUT_LATE: &str = "seed=8,lost-request=0.05,lost-answer=0.1,status-503=0.05,\
    status-429=0.05,status-500-after=0.05,slow=0.02,no-location=0.05,wrong-type=0.01,slow-ms=700";

fn moment(dice: &mut Dice, most: usize) -> Duration {
    let millis = u64::try_from(dice.below(most)).expect("a small number");
    Duration::from_millis(millis)
}

/// Starts dispatchers together, so many times, and kills each at a moment of its own; says how
/// many were met at work.
fn dies(clinic: &Clinic, rounds: usize, together: usize, dice: &mut Dice) -> usize {
    let mut at_work = 0;
    for _ in 0..rounds {
        let started = Instant::now();
        let mut running: Vec<(Duration, Running)> = (0..together)
            .map(|_| {
                let dispatcher = clinic.starts(&["dispatch", "--for", "10s"]);
                (moment(dice, 350), dispatcher)
            })
            .collect();
        running.sort_by_key(|(after, _)| *after);
        for (after, dispatcher) in &mut running {
            at_work += usize::from(dies_after(&mut dispatcher.0, started, *after));
        }
    }
    at_work
}

#[track_caller]
fn everything_is_well(clinic: &Clinic) {
    clinic.quiet();
    clinic.delivers_everything();
    clinic.has_each_order_once_or_a_person(12);
    clinic.site().is_whole();
}

#[test]
fn a_dispatcher_killed_at_a_hundred_moments_delivers_each_order_once() {
    let clinic = Clinic::with(40, &["--faults", BAD_DAY]);
    clinic.acts();
    clinic.configured(&[("60000", "3000")]);
    assert_eq!(dies(&clinic, 100, 1, &mut Dice::new(20)), 100);
    assert!(
        0 < clinic.n_at_server(),
        "no kill met a dispatcher that sends"
    );
    everything_is_well(&clinic);
}

#[test]
fn dispatchers_killed_side_by_side_deliver_each_order_once() {
    let clinic = Clinic::with(
        40,
        &[
            "--conditional-create",
            "ignored",
            "--faults",
            BAD_DAY_WITHOUT_LATE,
        ],
    );
    clinic.acts();
    clinic.configured(&[("60000", "3000")]);
    assert_eq!(dies(&clinic, 34, 3, &mut Dice::new(21)), 102);
    everything_is_well(&clinic);
}

#[test]
fn dispatchers_side_by_side_on_a_bad_day_deliver_each_order_once() {
    let clinic = Clinic::with(20, &["--faults", BAD_DAY]);
    clinic.acts();
    let running: Vec<Running> = (0..4)
        .map(|_| clinic.starts(&["dispatch", "--once"]))
        .collect();
    for mut dispatcher in running {
        let ended = dispatcher.0.wait().expect("a child ends");
        assert!(ended.success(), "a dispatcher fails");
    }
    everything_is_well(&clinic);
}

#[test]
fn a_run_that_acts_killed_at_forty_moments_plans_each_order_once() {
    let clinic = Clinic::with(20, &["--faults", BAD_DAY]);
    let mut dice = Dice::new(22);
    let mut at_work = 0;
    for _ in 0..40 {
        let started = Instant::now();
        let mut run = clinic.starts(&["run", "--act"]);
        at_work += usize::from(dies_after(&mut run.0, started, moment(&mut dice, 50)));
        // What is on record already leaves meanwhile, however often runs die.
        let mut dispatcher = clinic.starts(&["dispatch", "--for", "10s"]);
        let started = Instant::now();
        dies_after(&mut dispatcher.0, started, moment(&mut dice, 120));
    }
    assert!(4 < at_work, "only {at_work} of 40 kills met a run at work");
    clinic.acts();
    everything_is_well(&clinic);
    assert_eq!(count(&clinic.acts()["planned"]), 0);
}
