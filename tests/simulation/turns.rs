//! The weekly cap: several dispatchers on one ledger, across restarts, weeks and other caps.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::thread;

use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};
use preventiojyraa::delivery::{
    Answer, Delivery, DeliveryEvent, Job, Outcome, Policy, ReadBack, Route, ServerNews, Work,
};
use preventiojyraa::ledger::{
    ActCommit, ChannelTerms, Checked, Handed, Identity, Ledger, PullCommit, Reviewing, RunRecord,
    Stamp, TakeOptions, Turn, Verdict, Written,
};
use preventiojyraa::orders::{Action, ActionKind, AskingTerms, Intent, Order};
use preventiojyraa::pathway::{Event, Stage};
use preventiojyraa::profile::ResidentId;

use super::{first_pull, worded_by};
use crate::support::site::TempFolder;

const SUNDAY: Date = date(2026, 11, 22);
const MONDAY: Date = date(2026, 11, 23);

/// A ledger on disk in which residents wait to be asked.
struct Queue {
    folder: TempFolder,
    /// Whoever has the lower rank first; of the same, by id.
    ranks: BTreeMap<ResidentId, u8>,
}

fn channel() -> ChannelTerms {
    ChannelTerms {
        name: "questionnaire".to_owned(),
        server: "portal".to_owned(),
        source: "export".to_owned(),
        policy: Policy {
            read_back: ReadBack::Possible,
            settle: SignedDuration::from_secs(60),
        },
        read_backs: BTreeMap::new(),
        reviewing: Reviewing::Nothing,
        per_minute: 1_000_000,
        lease: SignedDuration::from_hours(1),
        request_deadline: SignedDuration::from_secs(20),
    }
}

fn stamp(day: Date) -> Stamp {
    Stamp {
        pull: 1,
        day,
        rules: String::new(),
    }
}

fn order(resident: ResidentId, action: Action, on: Date) -> Order {
    Order {
        resident,
        programme: "type-2-diabetes".to_owned(),
        round: 1,
        action,
        decided_on: on,
        send_by: on,
        due: on,
        asks: vec!["waist".to_owned()],
        recall_on: None,
    }
}

impl Queue {
    /// So many residents, decided on on a day.
    fn of(n: u8, on: Date) -> Self {
        let queue = Self {
            folder: TempFolder::new(),
            // Ranks of three, in another order than that of the ids.
            ranks: (0..n)
                .map(|id| (ResidentId::from_bytes([id; 16]), (n - id) % 3))
                .collect(),
        };
        let mut ledger = queue.ledger();
        let record = first_pull();
        let commit = PullCommit::of(&record);
        let identities = queue.ranks.keys().map(|resident| {
            Ok(Identity {
                resident: *resident,
                patient_id: resident.to_string(),
                national_id: None,
                non_disclosure: false,
            })
        });
        let pulled = ledger.commit_pull(&commit, identities, std::iter::empty());
        pulled.expect("writable");
        let intents = queue.ranks.keys().map(|resident| {
            let intent = Intent {
                events: vec![(1, Event::Queued { on })],
                orders: vec![order(*resident, Action::Questionnaire, on)],
                ..Intent::default()
            };
            (*resident, intent)
        });
        queue.acts(&mut ledger, 1, intents.collect(), on);
        queue
    }

    fn acts(&self, ledger: &mut Ledger, run: u32, intents: Vec<(ResidentId, Intent)>, on: Date) {
        let record = RunRecord {
            recalibration: None,
            shared: None,
            id: run,
            at: String::new(),
            index_date: on.to_string(),
            pull: 1,
            rules_fingerprint: String::new(),
            decisions_hash: String::new(),
            register: 1,
            program: String::new(),
            ledger_event: 0,
            acted: true,
            report: String::new(),
        };
        let commit = ActCommit {
            intents,
            channels: vec![(ActionKind::Questionnaire, channel())],
            ..ActCommit::default()
        };
        let acting = Some((&commit, on));
        let committed = ledger.commit_run(&record, &[], &[], acting, |_| String::new());
        committed.expect("writable");
    }

    fn path(&self) -> PathBuf {
        self.folder.join("ledger.sqlite")
    }

    fn ledger(&self) -> Ledger {
        Ledger::open(&self.path()).expect("a ledger")
    }

    /// Decides about everybody again: all may leave.
    fn looks_again(&self, day: Date) {
        let mut ledger = self.ledger();
        let rows = ledger.unchecked(&stamp(day), None, usize::MAX);
        let verdicts: Vec<Checked> = rows
            .expect("readable")
            .iter()
            .map(|row| Checked {
                row: row.id,
                verdict: Verdict::MayLeave,
                language: None,
                score: None,
                is_without_portal: false,
                turn: Some(Turn {
                    asks: vec!["waist".to_owned(), "family".to_owned()],
                    rank: vec![self.ranks[&row.order.resident]],
                }),
                is_seen: false,
            })
            .collect();
        let checked = ledger.checked(&[channel()], &stamp(day), &verdicts);
        checked.expect("writable");
    }

    /// Visits to the outbox under a cap, until it gives nothing.
    fn takes(&self, day: Date, per_week: Option<u32>, most: u32) -> Vec<Job<Handed>> {
        let mut ledger = self.ledger();
        let visits = std::iter::repeat_with(|| takes(&mut ledger, day, per_week, most));
        visits
            .take_while(|jobs| !jobs.is_empty())
            .flatten()
            .collect()
    }

    /// Everything that may leave on a day, acknowledged at once.
    fn delivers(&self, day: Date, per_week: Option<u32>) -> Vec<ResidentId> {
        self.looks_again(day);
        let mut asked = Vec::new();
        loop {
            // A new process each time.
            let jobs = self.takes(day, per_week, 4);
            if jobs.is_empty() {
                return asked;
            }
            asked.extend(jobs.iter().map(|job| job.payload.order.resident));
            let accepted = || Answer::Accepted { reference: None };
            self.hears(day, &jobs, accepted);
        }
    }

    fn hears(&self, day: Date, jobs: &[Job<Handed>], answer: impl Fn() -> Answer) {
        let outcomes: Vec<Outcome> = jobs
            .iter()
            .filter_map(|job| match job.work {
                Work::Send { claim } => Some(Outcome {
                    row: job.row,
                    event: DeliveryEvent::Answered {
                        claim,
                        answer: answer(),
                    },
                    server: ServerNews::NotAsked,
                }),
                Work::LookUp { .. } => None,
            })
            .collect();
        let saved = self.ledger().save(&channel(), day, &outcomes);
        saved.expect("writable");
    }

    /// Who goes when, as the order is published.
    fn in_order(&self) -> Vec<ResidentId> {
        let mut all: Vec<_> = self.ranks.iter().map(|(id, rank)| (*rank, *id)).collect();
        all.sort_unstable();
        all.into_iter().map(|(_, id)| id).collect()
    }

    fn stage(&self, resident: ResidentId) -> Stage {
        let episode = self.ledger().episode(resident, None).expect("readable");
        episode.expect("a round").stage
    }
}

fn takes(ledger: &mut Ledger, day: Date, per_week: Option<u32>, most: u32) -> Vec<Job<Handed>> {
    let stamp = stamp(day);
    let options = TakeOptions {
        most,
        may_send: true,
        stamp: &stamp,
        worded_by: &worded_by(),
        asking: AskingTerms {
            per_week,
            answer_days: 28,
            send_days: 14,
        },
    };
    let taken = ledger.take(&channel(), options, |order, _| {
        Ok(Written {
            way: Route::Communication,
            bytes: order.due.to_string().into_bytes(),
        })
    });
    let taken = taken.expect("writable");
    // Nobody is told to come back at once when there is nothing to have.
    if taken.jobs.is_empty() {
        let soon = Timestamp::now() + SignedDuration::from_secs(1);
        assert!(
            taken.more_at.is_none_or(|at| soon < at),
            "{:?}",
            taken.more_at
        );
    }
    taken.jobs
}

#[test]
fn as_many_leave_in_a_week_as_may_and_in_the_published_order() {
    for cap in [1, 6, 7, 8, 20, 30] {
        let queue = Queue::of(20, date(2026, 11, 2));
        let all = queue.in_order();
        // Saturday, Sunday, and the Monday after them.
        let mut asked = queue.delivers(date(2026, 11, 21), Some(cap));
        let first = usize::try_from(cap).expect("few").min(20);
        assert_eq!(asked, all[..first], "the first week under {cap}");
        assert!(queue.delivers(SUNDAY, Some(cap)).is_empty());
        asked.extend(queue.delivers(MONDAY, Some(cap)));
        assert_eq!(asked, all[..(2 * first).min(20)], "two weeks under {cap}");
        let left = queue
            .ledger()
            .waiting_to_be_asked(MONDAY)
            .expect("readable");
        assert_eq!(left.waiting, 20 - asked.len() as u64);
        assert_eq!(left.left, asked.len() as u64 - first as u64);
        let waits = left.since.map(|since| since == date(2026, 11, 2));
        assert_eq!(waits, (asked.len() < 20).then_some(true));
    }
}

#[test]
fn whose_turn_has_come_has_the_whole_time_from_then_on_and_whoever_waits_has_none_running() {
    let queue = Queue::of(3, date(2026, 3, 2));
    queue.looks_again(SUNDAY);
    let jobs = queue.takes(SUNDAY, Some(2), 8);
    let due = date(2026, 12, 20);
    for job in &jobs {
        assert_eq!(job.payload.order.due, due);
        assert_eq!(job.payload.order.send_by, date(2026, 12, 6));
        assert_eq!(job.payload.bytes, due.to_string().into_bytes());
        assert_eq!(
            job.payload.order.asks,
            ["waist", "family"],
            "as decided last"
        );
        // Nobody knows yet whether it has arrived.
        let stage = queue.stage(job.payload.order.resident);
        let since = date(2026, 3, 2);
        assert_eq!(stage, Stage::Queued { since });
    }
    queue.hears(MONDAY, &jobs, || Answer::Accepted { reference: None });
    let asked = Stage::Asked {
        answer_by: due,
        reminded: false,
    };
    for job in &jobs {
        assert_eq!(queue.stage(job.payload.order.resident), asked);
    }
    let last = queue.in_order()[2];
    assert!(matches!(queue.stage(last), Stage::Queued { .. }));
}

#[test]
fn a_cap_that_is_raised_lowered_or_taken_away_holds_from_then_on() {
    let queue = Queue::of(20, MONDAY);
    assert_eq!(queue.delivers(MONDAY, Some(5)).len(), 5);
    assert_eq!(queue.delivers(MONDAY, Some(8)).len(), 3, "raised");
    assert_eq!(queue.delivers(MONDAY, Some(2)).len(), 0, "lowered");
    let tuesday = date(2026, 12, 1);
    assert_eq!(queue.delivers(tuesday, Some(2)).len(), 2, "the week after");
    assert_eq!(queue.delivers(tuesday, None).len(), 10, "taken away");
}

#[test]
fn what_was_given_back_unsent_does_not_count_and_what_was_turned_down_or_is_in_doubt_does() {
    let queue = Queue::of(9, MONDAY);
    queue.looks_again(MONDAY);
    let jobs = queue.takes(MONDAY, Some(2), 8);
    assert_eq!(jobs.len(), 2);
    let retry_at = Timestamp::UNIX_EPOCH;
    queue.hears(MONDAY, &jobs, || Answer::NotSent { retry_at });
    let again = queue.takes(MONDAY, Some(2), 8);
    let who = |jobs: &[Job<Handed>]| -> Vec<ResidentId> {
        jobs.iter().map(|job| job.payload.order.resident).collect()
    };
    assert_eq!(who(&again), who(&jobs), "their turn is still theirs");
    queue.hears(MONDAY, &again[..1], || Answer::TurnedDown(422));
    queue.hears(MONDAY, &again[1..], || Answer::Silence);
    assert!(queue.takes(MONDAY, Some(2), 8).is_empty());
    assert_eq!(queue.takes(MONDAY, Some(3), 8).len(), 1);
}

#[test]
fn reminders_do_not_count_and_are_not_kept_waiting() {
    let queue = Queue::of(4, MONDAY);
    let asked = queue.delivers(MONDAY, Some(2));
    let on = date(2026, 11, 24);
    let reminders = asked.iter().map(|resident| {
        let intent = Intent {
            events: vec![(1, Event::Reminded { on, until: on })],
            orders: vec![order(*resident, Action::RemindQuestionnaire, on)],
            ..Intent::default()
        };
        (*resident, intent)
    });
    queue.acts(&mut queue.ledger(), 2, reminders.collect(), on);
    queue.looks_again(on);
    let jobs = queue.takes(on, Some(2), 8);
    let is_reminder = |job: &Job<Handed>| job.payload.order.action == Action::RemindQuestionnaire;
    assert_eq!(jobs.len(), 2);
    assert!(jobs.iter().all(is_reminder));
}

#[test]
fn several_processes_at_once_keep_one_cap() {
    let queue = Queue::of(60, MONDAY);
    queue.looks_again(MONDAY);
    let taken: Vec<ResidentId> = thread::scope(|scope| {
        let takers: Vec<_> = (0..6)
            .map(|_| {
                scope.spawn(|| {
                    let mut ledger = queue.ledger();
                    let mut taken = Vec::new();
                    for _ in 0..10 {
                        let jobs = takes(&mut ledger, MONDAY, Some(25), 3);
                        taken.extend(jobs.iter().map(|job| job.payload.order.resident));
                    }
                    taken
                })
            })
            .collect();
        let taken = takers.into_iter();
        taken
            .flat_map(|taker| taker.join().expect("no panic"))
            .collect()
    });
    assert_eq!(taken.len(), 25);
    let first: BTreeSet<ResidentId> = queue.in_order()[..25].iter().copied().collect();
    assert_eq!(taken.into_iter().collect::<BTreeSet<_>>(), first);
    let rows = queue.ledger().outbox().expect("readable");
    let planned = rows
        .iter()
        .filter(|row| matches!(row.delivery, Delivery::Planned { .. }));
    assert_eq!(planned.count(), 35);
}
