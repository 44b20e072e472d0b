//! A round that moves on while a run decides.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use jiff::civil::{Date, date};
use preventiojyraa::ledger::{ActCommit, Clock, Ledger, PullCommit, RunRecord};
use preventiojyraa::orders::Intent;
use preventiojyraa::pathway::{Conclusion, Event, OrderedBecause, Stage};
use preventiojyraa::profile::ResidentId;
use preventiojyraa::rulebook::State;

use super::first_pull;

const DAY: Date = date(2026, 3, 2);

fn ledger() -> Ledger {
    let clock = Clock::Simulated(Arc::new(AtomicI64::new(1_772_000_000_000_000)));
    let mut ledger = Ledger::simulated(clock).expect("a ledger in memory");
    let record = first_pull();
    let commit = PullCommit::of(&record);
    let nothing = (std::iter::empty(), std::iter::empty());
    ledger
        .commit_pull(&commit, nothing.0, nothing.1)
        .expect("writable");
    ledger
}

/// A run whose decisions mean these events for one resident, each with its round.
fn acts(ledger: &mut Ledger, id: u32, events: Vec<(u16, Event)>) -> u64 {
    let record = RunRecord {
        recalibration: None,
        shared: None,
        id,
        at: String::new(),
        index_date: DAY.to_string(),
        pull: 1,
        rules_fingerprint: String::new(),
        decisions_hash: String::new(),
        register: 1,
        program: String::new(),
        ledger_event: 0,
        acted: true,
        report: String::new(),
    };
    let intent = Intent {
        events,
        ..Intent::default()
    };
    let commit = ActCommit {
        intents: vec![(resident(), intent)],
        ..ActCommit::default()
    };
    let mut moved_on = 0;
    let acting = Some((&commit, DAY));
    let committed = ledger.commit_run(&record, &[], &[], acting, |acted| {
        moved_on = acted.moved_on;
        String::new()
    });
    committed.expect("the run is committed all the same");
    moved_on
}

fn resident() -> ResidentId {
    ResidentId::from_bytes([3; 16])
}

#[test]
fn an_intent_of_which_a_later_event_no_longer_fits_is_left_out_whole() {
    let mut ledger = ledger();
    let ordered = Event::TestsOrdered {
        on: DAY,
        tests: vec!["hba1c".to_owned()],
        sample_by: DAY,
        because: OrderedBecause::Flagged,
    };
    let left = |state| Event::Left { on: DAY, state };
    assert_eq!(acts(&mut ledger, 1, vec![(1, ordered)]), 0);
    assert_eq!(acts(&mut ledger, 2, vec![(1, left(State::Moved))]), 0);
    // A run that had read the round before it ended: its first event still fits, its second does not.
    let received = Event::ResultReceived {
        on: DAY,
        test: "hba1c".to_owned(),
        sampled_on: DAY,
    };
    let late = vec![(1, received), (1, left(State::Deceased))];
    assert_eq!(acts(&mut ledger, 3, late), 1);
    let mut events = 0;
    ledger.every_event(|_, _, _| events += 1).expect("readable");
    assert_eq!(events, 2, "nothing of it was written");
    let episode = ledger.episode(resident(), None).expect("readable");
    let ended = Stage::Closed {
        on: DAY,
        conclusion: Conclusion::Left(State::Moved),
    };
    assert_eq!(episode.map(|episode| episode.stage), Some(ended));
}
