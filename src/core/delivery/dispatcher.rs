//! The dispatcher: what to do next, as a machine that does nothing itself.

use jiff::{SignedDuration, Timestamp};

use super::{Answer, DeliveryEvent, Found, after};

/// How long a dispatcher goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Until nothing is due within this time.
    Once(SignedDuration),
    /// Until this instant.
    Until(Timestamp),
}

/// How much a dispatcher does at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests under way at once.
    pub in_flight: u32,
    /// Least time between two visits to the ledger that bring nothing new: permits gather meanwhile.
    pub gap: SignedDuration,
    /// How often to look for orders that somebody else planned.
    pub poll: SignedDuration,
}

/// One thing to do for one row; `P` is what the driver needs for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job<P> {
    /// The row.
    pub row: i64,
    /// Send or look up.
    pub work: Work,
    /// Not to be started later: the lease would not outlast the request.
    pub start_by: Timestamp,
    /// For the driver.
    pub payload: P,
}

/// What to do for a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Send it, under this claim.
    Send {
        /// The number of the claim.
        claim: u64,
    },
    /// Ask the other side whether it has it.
    LookUp {
        /// Until when nobody else asks: tells one asking from another.
        until: Timestamp,
    },
}

/// How one thing ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The row.
    pub row: i64,
    /// What it means for the row.
    pub event: DeliveryEvent,
    /// What it tells about the server.
    pub server: ServerNews,
}

/// What one answer, or its lack, tells about a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerNews {
    /// It was not asked.
    NotAsked,
    /// It is there.
    Answered,
    /// It is not, or broke off.
    Failed,
    /// It wants to be left alone until then.
    Wait(Timestamp),
}

/// What a visit to the ledger brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken<P> {
    /// Things to do.
    pub jobs: Vec<Job<P>>,
    /// When more is due, as far as the ledger knows.
    pub more_at: Option<Timestamp>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<P> {
    /// The time asked for has come, or the machine starts.
    Woke,
    /// The ledger was visited.
    Taken(Taken<P>),
    /// One thing ended.
    Ended(Outcome),
    /// What was to be saved is on disk.
    Saved,
    /// Nothing new is to be begun.
    Finish,
}

/// What the driver is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action<P> {
    /// Visit the ledger for so many things to do.
    Take {
        /// At most.
        most: u32,
    },
    /// Begin one thing.
    Start(Job<P>),
    /// Write outcomes down, all in one transaction.
    Save(Vec<Outcome>),
    /// Come back then, if nothing happens before.
    WakeAt(Timestamp),
    /// Everything begun is done and written down.
    Finished,
}

/// The machine.
///
/// It begins nothing that it was not handed by the ledger and nothing that its lease would not
/// outlast, writes every outcome down, and saves in groups: what ends while a group is being written forms the next.
#[derive(Debug, Clone)]
pub struct Dispatcher {
    limits: Limits,
    mode: Mode,
    in_flight: u32,
    is_taking: bool,
    is_saving: bool,
    is_finishing: bool,
    /// When the ledger is worth a visit; `None` when it said that nothing will be due.
    due: Option<Timestamp>,
    outcomes: Vec<Outcome>,
    /// Outcomes in a row that brought no order forward.
    fruitless: u32,
}

/// So many outcomes in a row without any that brings an order forward, for each request that may be
/// under way, and a dispatcher that was to run once gives up: the server is not there today.
const FRUITLESS: u32 = 5;

impl Dispatcher {
    /// A machine at rest; the first event is [`Event::Woke`].
    #[must_use]
    pub fn new(limits: Limits, mode: Mode) -> Self {
        Self {
            limits,
            mode,
            in_flight: 0,
            is_taking: false,
            is_saving: false,
            is_finishing: false,
            due: Some(Timestamp::MIN),
            outcomes: Vec::new(),
            fruitless: 0,
        }
    }

    /// Takes an event in and says what to do.
    #[must_use]
    pub fn step<P>(&mut self, now: Timestamp, event: Event<P>) -> Vec<Action<P>> {
        let mut actions = Vec::new();
        match event {
            Event::Woke => {}
            Event::Taken(taken) => self.taken(now, taken, &mut actions),
            Event::Ended(outcome) => {
                self.in_flight = self.in_flight.saturating_sub(1);
                self.fruitless = if is_fruitless(&outcome.event) {
                    self.fruitless.saturating_add(1)
                } else {
                    0
                };
                self.outcomes.push(outcome);
            }
            Event::Saved => {
                self.is_saving = false;
                // What was written may be due again, and there is room for more.
                self.due = Some(self.due.map_or(now, |due| due.min(now)));
            }
            Event::Finish => self.is_finishing = true,
        }
        self.go_on(now, &mut actions);
        actions
    }

    fn taken<P>(&mut self, now: Timestamp, taken: Taken<P>, actions: &mut Vec<Action<P>>) {
        self.is_taking = false;
        let not_before = |at: Timestamp| at.max(after(now, self.limits.gap));
        self.due = taken.more_at.map(not_before);
        for job in taken.jobs {
            if job.start_by < now {
                self.outcomes.push(late(&job, now));
            } else {
                self.in_flight += 1;
                actions.push(Action::Start(job));
            }
        }
    }

    fn go_on<P>(&mut self, now: Timestamp, actions: &mut Vec<Action<P>>) {
        if !self.outcomes.is_empty() && !self.is_saving {
            self.is_saving = true;
            actions.push(Action::Save(std::mem::take(&mut self.outcomes)));
        }
        let is_over = match self.mode {
            Mode::Once(_) => self.limits.in_flight.saturating_mul(FRUITLESS) <= self.fruitless,
            Mode::Until(end) => end <= now,
        };
        self.is_finishing |= is_over;
        let is_idle =
            self.in_flight == 0 && !self.is_taking && !self.is_saving && self.outcomes.is_empty();
        if self.is_finishing {
            if is_idle {
                actions.push(Action::Finished);
            }
            return;
        }
        let free = self.limits.in_flight.saturating_sub(self.in_flight);
        if !self.is_taking && 0 < free && self.due.is_some_and(|due| due <= now) {
            self.is_taking = true;
            actions.push(Action::Take { most: free });
            return;
        }
        if is_idle {
            self.rest(now, actions);
        } else if let Some(due) = self.due.filter(|due| now < *due) {
            actions.push(Action::WakeAt(due));
        }
    }

    /// Nothing is under way: wait for what is due, or end.
    fn rest<P>(&mut self, now: Timestamp, actions: &mut Vec<Action<P>>) {
        match self.mode {
            Mode::Once(patience) => {
                let last = after(now, patience);
                match self.due.filter(|due| *due <= last) {
                    Some(due) => actions.push(Action::WakeAt(due)),
                    None => {
                        self.is_finishing = true;
                        actions.push(Action::Finished);
                    }
                }
            }
            Mode::Until(end) => {
                let polled = after(now, self.limits.poll);
                let next = self.due.map_or(polled, |due| due.min(polled)).min(end);
                self.due = Some(next);
                actions.push(Action::WakeAt(next));
            }
        }
    }
}

/// Whether nothing came of it but to try again.
const fn is_fruitless(event: &DeliveryEvent) -> bool {
    match event {
        DeliveryEvent::Answered { answer, .. } => {
            matches!(
                answer,
                Answer::Later { .. } | Answer::NotSent { .. } | Answer::Closed { .. }
            )
        }
        DeliveryEvent::LookedUp { found, .. } => matches!(found, Found::NotTold { .. }),
        DeliveryEvent::Claimed { .. }
        | DeliveryEvent::Asking { .. }
        | DeliveryEvent::LeaseOver
        | DeliveryEvent::Stopped(_)
        | DeliveryEvent::TakenBack
        | DeliveryEvent::Doubted => false,
    }
}

/// A job that reached the machine when its lease would no longer outlast the request: somebody
/// else may hold the row by the time it would be answered, so it is not begun.
fn late<P>(job: &Job<P>, now: Timestamp) -> Outcome {
    let event = match job.work {
        Work::Send { claim } => DeliveryEvent::Answered {
            claim,
            answer: Answer::NotSent { retry_at: now },
        },
        Work::LookUp { until } => DeliveryEvent::LookedUp {
            until,
            found: Found::NotTold { retry_at: now },
        },
    };
    Outcome {
        row: job.row,
        event,
        server: ServerNews::NotAsked,
    }
}
