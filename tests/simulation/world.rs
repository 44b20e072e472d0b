//! The simulated programme: residents, runs, dispatchers that crash, a network that loses things,
//! and a clock that jumps. The ledger, the dispatcher's machine, episodes and intents are the real
//! thing; the other side, the network and what the rules say about a resident are made up.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};
use preventiojyraa::delivery::{
    Action, Answer, Delivery, DeliveryEvent, Dispatcher, Event, Found, Job, Limits, Mode, Outcome,
    Policy, ReadBack, Refused, Route, ServerNews, Work,
};
use preventiojyraa::ledger::{
    ActCommit, ChannelTerms, Checked, Clock, Handed, Identity, Ledger, NotExpressible, PullCommit,
    PullRecord, Reviewing, RunRecord, Seen, Stamp, TakeOptions, Verdict, Written,
};
use preventiojyraa::orders::{
    self, ActionKind, AskingTerms, Offered, Order, OrderKey, intend, still_wanted,
};
use preventiojyraa::pathway::{Conclusion, Decision, Followed, Stage};
use preventiojyraa::profile::ResidentId;
use preventiojyraa::rulebook::{NextStep, State};

use super::server::{Kind, Server};
use super::worded_by;
use crate::support::shipped::rulebook;

/// A mistake that somebody could have made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bug {
    /// The HTTP client sends again when no answer comes.
    BlindRetry,
    /// An order is written down as acknowledged when it leaves.
    AcknowledgedEarly,
    /// A dispatcher begins what its lease no longer covers.
    LeaseUnchecked,
    /// The key forgets the round.
    KeyWithoutRound,
    /// An order without an answer goes by the next way.
    OtherWayAfterSilence,
}

/// Random numbers of one seed (`SplitMix64`).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: i64) -> i64 {
        let n = n.max(1).unsigned_abs();
        i64::try_from(self.next() % n).expect("a small number")
    }

    /// One in a hundred, so many times.
    fn percent(&mut self, n: i64) -> bool {
        self.below(100) < n
    }
}

/// What can happen, in milliseconds of true time.
enum Happening {
    /// A machine hears something, unless its process has died since.
    Heard(usize, u32, Event<Handed>),
    /// A job ended; only the first ending of each is heard.
    Ended(Request, Outcome),
    /// A request reaches the other side.
    Arrives(Request),
    /// A process ends without warning.
    Crash(usize),
    /// A process starts.
    Start(usize),
    /// A run acts.
    Run,
    /// Residents change, and a pull tells of it.
    LifeGoesOn,
    /// The clock of the host is set.
    ClockJump(i64),
    /// Both sides are compared.
    Reconcile,
}

/// A request on its way. Whoever sent it may have stopped waiting, or be dead.
#[derive(Clone)]
struct Request {
    n: u64,
    process: usize,
    life: u32,
    job: Job<Handed>,
    /// The answer is heard up to then.
    deadline: i64,
}

struct Process {
    life: u32,
    machine: Option<Dispatcher>,
    /// Jobs that were ended, so that a late answer is not a second ending.
    ended: BTreeSet<u64>,
    /// Whether it has been told that the first way is closed.
    knows_closed: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Life {
    AtRisk,
    TestedNormal,
    OptedOut,
}

pub(crate) struct World {
    dice: Dice,
    bug: Option<Bug>,
    time: i64,
    offset: i64,
    clock: Arc<AtomicI64>,
    ledger: Ledger,
    pub(crate) server: Server,
    channel: ChannelTerms,
    queue: BinaryHeap<Reverse<(i64, u64)>>,
    happenings: BTreeMap<u64, Happening>,
    n_happenings: u64,
    processes: Vec<Process>,
    residents: Vec<(ResidentId, Life)>,
    /// Faults end here, so that everything can settle.
    calm_from: i64,
    n_runs: u32,
    n_pulls: u32,
    n_jobs: u64,
    /// Orders that some run planned: resident, round, test.
    planned: BTreeSet<(ResidentId, u16, String)>,
    pub(crate) problems: Vec<String>,
    /// The pull that told of a refusal, by resident.
    refused_in: BTreeMap<ResidentId, u32>,
    /// Whether a request may be under way for longer than anybody waits for it.
    has_long_delays: bool,
    /// When the first way closes, where it does.
    closes_at: Option<i64>,
}

const DAY: i64 = 86_400_000;
const DEADLINE: i64 = 20_000;
const LEASE: i64 = 60_000;
const SETTLE: i64 = 60_000;

impl World {
    pub(crate) fn new(seed: u64, bug: Option<Bug>) -> Self {
        let mut dice = Dice(seed);
        let kind = match dice.below(3) {
            0 => Kind::Conditional,
            1 => Kind::Searchable,
            _ => Kind::Blind,
        };
        let clock = Arc::new(AtomicI64::new(0));
        let ledger = Ledger::simulated(Clock::Simulated(Arc::clone(&clock)));
        let ledger = ledger.expect("a ledger in memory");
        let millis = SignedDuration::from_millis;
        let channel = ChannelTerms {
            name: "laboratory".to_owned(),
            server: "simulated".to_owned(),
            source: "export".to_owned(),
            policy: Policy {
                read_back: match kind {
                    Kind::Conditional | Kind::Searchable => ReadBack::Possible,
                    Kind::Blind => ReadBack::Impossible,
                },
                settle: millis(SETTLE),
            },
            read_backs: BTreeMap::new(),
            reviewing: Reviewing::Nothing,
            per_minute: 120,
            lease: millis(LEASE),
            request_deadline: millis(DEADLINE),
        };
        let n_residents = 3 + dice.below(4);
        let residents = (0..n_residents).map(|n| {
            let n = u8::try_from(n).expect("few residents");
            (ResidentId::from_bytes([n + 1; 16]), Life::AtRisk)
        });
        // Where nothing but reading back protects, a request is bounded as HTTP bounds it.
        let has_long_delays = kind == Kind::Conditional;
        let closes_at = dice.percent(40).then(|| dice.below(30 * 60_000));
        let mut world = Self {
            bug,
            time: 0,
            offset: 1_800_000_000_000,
            clock,
            ledger,
            server: Server::new(kind),
            channel,
            queue: BinaryHeap::new(),
            happenings: BTreeMap::new(),
            n_happenings: 0,
            processes: Vec::new(),
            residents: residents.collect(),
            calm_from: 40 * 60_000,
            n_runs: 0,
            n_pulls: 0,
            n_jobs: 0,
            planned: BTreeSet::new(),
            problems: Vec::new(),
            refused_in: BTreeMap::new(),
            has_long_delays,
            closes_at,
            dice,
        };
        world.set_clock();
        world.pull();
        world.schedule_life();
        world
    }

    fn schedule_life(&mut self) {
        for n in 0..1 + self.dice.below(3) {
            let process = usize::try_from(n).expect("few processes");
            self.processes.push(Process {
                life: 0,
                machine: None,
                ended: BTreeSet::new(),
                knows_closed: false,
            });
            let at = 1 + self.dice.below(5_000);
            self.later(at, Happening::Start(process));
            for _ in 0..self.dice.below(5) {
                let at = self.dice.below(self.calm_from);
                self.later(at, Happening::Crash(process));
            }
        }
        for n in 0..4 {
            self.later(1 + n * 8 * 60_000, Happening::Run);
            let at = self.dice.below(self.calm_from);
            self.later(at, Happening::LifeGoesOn);
        }
        for _ in 0..2 {
            let at = self.dice.below(self.calm_from);
            self.later(at, Happening::Reconcile);
        }
        // When all has calmed down, a last run takes back what nobody wants any more.
        self.later(self.calm_from + 60_000, Happening::Run);
        if self.dice.percent(30) {
            let jump = self.dice.below(8 * 60_000) - 4 * 60_000;
            let at = self.dice.below(self.calm_from);
            self.later(at, Happening::ClockJump(jump));
        }
    }

    fn later(&mut self, delay: i64, happening: Happening) {
        self.n_happenings += 1;
        let at = self.time + delay.max(0);
        self.queue.push(Reverse((at, self.n_happenings)));
        self.happenings.insert(self.n_happenings, happening);
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.time + self.offset).expect("within the calendar")
    }

    fn set_clock(&self) {
        let micros = (self.time + self.offset) * 1_000;
        self.clock.store(micros, Ordering::Relaxed);
    }

    /// The simulation lasts an hour or so: one day.
    fn today() -> Date {
        date(2027, 1, 15)
    }

    fn is_calm(&self) -> bool {
        self.calm_from <= self.time
    }

    /// Something bad, while bad things happen.
    fn fault(&mut self, percent: i64) -> bool {
        let falls = self.dice.percent(percent);
        falls && !self.is_calm()
    }

    /// Runs until everything is settled.
    pub(crate) fn run(&mut self) {
        while let Some(Reverse((at, n))) = self.queue.pop() {
            self.time = at;
            self.set_clock();
            let Some(happening) = self.happenings.remove(&n) else {
                continue;
            };
            self.happens(happening);
            if self.is_calm() && self.is_settled() {
                break;
            }
            if DAY < self.time {
                self.problems
                    .push("it does not settle within a day".to_owned());
                break;
            }
        }
    }

    fn is_settled(&self) -> bool {
        // Cheap first: while requests are under way nothing is settled.
        let in_flight = self.happenings.values().any(|happening| match happening {
            Happening::Arrives(_)
            | Happening::Ended(..)
            | Happening::Run
            | Happening::Reconcile
            | Happening::LifeGoesOn => true,
            Happening::Heard(_, _, event) => !matches!(event, Event::Woke),
            Happening::Crash(_) | Happening::Start(_) | Happening::ClockJump(_) => false,
        });
        if in_flight {
            return false;
        }
        let states = self.ledger.outbox_states().expect("readable");
        let open = [
            "planned",
            "sending",
            "unknown: look-up",
            "unknown: send-again",
        ];
        open.iter().all(|state| !states.contains_key(*state))
    }

    fn happens(&mut self, happening: Happening) {
        match happening {
            Happening::Start(process) => self.start(process),
            Happening::Crash(process) => self.crash(process),
            Happening::Heard(process, life, event) => {
                if self.processes[process].life == life {
                    self.step(process, event);
                }
            }
            Happening::Ended(request, outcome) => {
                let process = &mut self.processes[request.process];
                if process.life == request.life && process.ended.insert(request.n) {
                    self.step(request.process, Event::Ended(outcome));
                }
            }
            Happening::Arrives(request) => self.arrives(&request),
            Happening::Run => self.act(),
            Happening::LifeGoesOn => self.life_goes_on(),
            Happening::Reconcile => self.reconcile(),
            Happening::ClockJump(by) => {
                self.offset += by;
                self.set_clock();
            }
        }
    }

    fn start(&mut self, process: usize) {
        let limits = Limits {
            in_flight: 3,
            gap: SignedDuration::from_millis(50),
            poll: SignedDuration::from_millis(20_000),
        };
        let machine = Dispatcher::new(limits, Mode::Until(Timestamp::MAX));
        self.processes[process].machine = Some(machine);
        self.step(process, Event::Woke);
    }

    fn crash(&mut self, process: usize) {
        let crashed = &mut self.processes[process];
        crashed.life += 1;
        crashed.machine = None;
        let delay = 100 + self.dice.below(3 * 60_000);
        self.later(delay, Happening::Start(process));
    }

    fn hears(&mut self, process: usize, delay: i64, event: Event<Handed>) {
        let life = self.processes[process].life;
        self.later(delay, Happening::Heard(process, life, event));
    }

    fn step(&mut self, process: usize, event: Event<Handed>) {
        let now = self.now();
        let Some(machine) = &mut self.processes[process].machine else {
            return;
        };
        let actions = machine.step(now, event);
        for action in actions {
            // A process can die between any two things it does.
            if self.fault(1) {
                self.crash(process);
                return;
            }
            match action {
                Action::Take { most } => self.take(process, most),
                Action::Start(job) => self.begin(process, job),
                Action::Save(outcomes) => self.save(process, &outcomes),
                Action::WakeAt(at) => {
                    let delay = at.as_millisecond() - (self.time + self.offset);
                    // A clock that was set back must not make anybody sleep for long.
                    let delay = delay.clamp(1, 20_000);
                    self.hears(process, delay, Event::Woke);
                }
                Action::Finished => {}
            }
            if self.processes[process].machine.is_none() {
                return;
            }
        }
    }

    fn take(&mut self, process: usize, most: u32) {
        // A dispatcher looks again when it has noticed that something is new; the ledger holds back
        // what was not looked at.
        if self.dice.percent(70) {
            self.recheck();
        }
        let stamp = self.stamp();
        let options = TakeOptions {
            most,
            may_send: true,
            stamp: &stamp,
            worded_by: &worded_by(),
            asking: AskingTerms::of(rulebook()),
        };
        let newest = self.n_pulls;
        let is_blind = self.channel.policy.read_back == ReadBack::Impossible;
        let first = if self.processes[process].knows_closed {
            Route::Communication
        } else {
            Route::ServiceRequest
        };
        let taken = self.ledger.take(&self.channel, options, |order, to| {
            // What cannot be looked up cannot be taken back by a program.
            if is_blind && matches!(order.action, orders::Action::Cancel { .. }) {
                return Err(NotExpressible);
            }
            Ok(Written {
                // What is taken back goes where it was placed.
                way: to.way.unwrap_or(first),
                bytes: order.key().to_string().into_bytes(),
            })
        });
        let mut taken = taken.expect("the ledger in memory works");
        for job in &taken.jobs {
            let told = self.refused_in.get(&job.payload.order.resident);
            let is_order = matches!(job.payload.order.action, orders::Action::Laboratory { .. });
            if matches!(job.work, Work::Send { .. })
                && is_order
                && told.is_some_and(|pull| *pull <= newest)
            {
                self.problems
                    .push("sent for somebody who had said no".to_owned());
            }
        }
        if self.bug == Some(Bug::LeaseUnchecked) {
            for job in &mut taken.jobs {
                job.start_by = Timestamp::MAX;
            }
        }
        // Committed, and then it dies before it hears of it; or it is stalled for minutes.
        if self.fault(2) {
            self.crash(process);
            return;
        }
        let delay = if self.fault(4) {
            self.dice.below(6 * 60_000)
        } else {
            1 + self.dice.below(20)
        };
        self.hears(process, delay, Event::Taken(taken));
    }

    /// Looks at residents again before orders leave.
    fn recheck(&mut self) {
        let stamp = self.stamp();
        let rows = self
            .ledger
            .unchecked(&stamp, None, usize::MAX)
            .expect("readable");
        let verdicts: Vec<Checked> = rows
            .iter()
            .map(|row| {
                let resident = row.order.resident;
                let decision = self.decision(resident);
                let episode = self.ledger.episode(resident, None).expect("readable");
                let wanted = still_wanted(rulebook(), &row.order, episode.as_ref(), &decision);
                let verdict = if wanted == Some(true) {
                    Verdict::MayLeave
                } else {
                    Verdict::Stop(Refused::Withdrawn)
                };
                Checked {
                    row: row.id,
                    verdict,
                    language: None,
                    score: None,
                    is_without_portal: false,
                    turn: None,
                    is_seen: false,
                }
            })
            .collect();
        let channels = [self.channel.clone()];
        let checked = self.ledger.checked(&channels, &stamp, &verdicts);
        checked.expect("writable");
    }

    fn stamp(&self) -> Stamp {
        Stamp {
            pull: self.n_pulls,
            day: Self::today(),
            rules: String::new(),
        }
    }

    /// Everything at the other side is compared with the outbox; what is there is acknowledged.
    fn reconcile(&mut self) {
        if self.server.kind == Kind::Blind {
            return;
        }
        let rows = self.ledger.outbox().expect("readable");
        let seen: Vec<(i64, Seen)> = rows
            .iter()
            .filter(|row| {
                let is_order = matches!(row.order.action, orders::Action::Laboratory { .. });
                is_order && !matches!(row.delivery, Delivery::Acknowledged { .. })
            })
            .filter_map(|row| match self.server.find(row.order.key(), None) {
                Found::Nothing
                | Found::NotTold { .. }
                | Found::Awaited { .. }
                | Found::NotTaken
                | Found::Returned => None,
                found @ (Found::One { .. } | Found::Several { .. }) => {
                    Some((row.id, Seen::Found(found)))
                }
            })
            .collect();
        let saved = self.ledger.seen(&self.channel, Self::today(), &seen);
        saved.expect("writable");
    }

    fn begin(&mut self, process: usize, job: Job<Handed>) {
        self.n_jobs += 1;
        let request = Request {
            n: self.n_jobs,
            process,
            life: self.processes[process].life,
            deadline: self.time + DEADLINE,
            job,
        };
        if self.bug == Some(Bug::AcknowledgedEarly)
            && let Work::Send { claim } = request.job.work
        {
            let answer = Answer::Accepted {
                reference: Some("early".to_owned()),
            };
            let event = DeliveryEvent::Answered { claim, answer };
            self.ends(&request, 1, event, ServerNews::Answered);
        }
        // No answer by the deadline.
        let silence = silence(&request.job, self.now());
        self.ends(&request, DEADLINE, silence, ServerNews::Failed);
        if self.bug == Some(Bug::BlindRetry) && self.fault(30) {
            let again = self.dice.below(3_000);
            self.later(again, Happening::Arrives(request.clone()));
        }
        self.leaves(request);
    }

    /// A request leaves, and is lost or delayed on the way.
    fn leaves(&mut self, request: Request) {
        if self.fault(8) {
            return;
        }
        let delay = if self.fault(6) {
            self.dice.below(if self.has_long_delays {
                20 * 60_000
            } else {
                DEADLINE
            })
        } else {
            1 + self.dice.below(800)
        };
        self.later(delay, Happening::Arrives(request));
    }

    fn ends(&mut self, request: &Request, delay: i64, event: DeliveryEvent, server: ServerNews) {
        let outcome = Outcome {
            row: request.job.row,
            event,
            server,
        };
        self.later(delay, Happening::Ended(request.clone(), outcome));
    }

    fn arrives(&mut self, request: &Request) {
        let order = request.job.payload.order.clone();
        let event = match request.job.work {
            Work::LookUp { until } => {
                let found = match &order.action {
                    orders::Action::Cancel { test, keep } => {
                        if self.server.is_cancelled(placed(&order, test).key(), *keep) {
                            Found::One {
                                reference: "revoked".to_owned(),
                            }
                        } else {
                            Found::Nothing
                        }
                    }
                    orders::Action::Laboratory { .. }
                    | orders::Action::Questionnaire
                    | orders::Action::RemindQuestionnaire
                    | orders::Action::RemindLaboratory
                    | orders::Action::Message { .. }
                    | orders::Action::Contact { .. } => {
                        self.server.find(order.key(), request.job.payload.way)
                    }
                };
                DeliveryEvent::LookedUp { until, found }
            }
            Work::Send { claim } => {
                let way = request.job.payload.way;
                let answer = self.answer(&order, way.expect("a way was chosen"));
                if matches!(answer, Answer::Closed { .. }) {
                    self.processes[request.process].knows_closed = true;
                }
                DeliveryEvent::Answered { claim, answer }
            }
        };
        // The answer gets lost, or comes too late to be heard.
        if self.fault(8) {
            return;
        }
        let delay = 1 + self.dice.below(500);
        if self.time + delay < request.deadline {
            self.ends(request, delay, event, ServerNews::Answered);
        }
    }

    /// What the other side does with an order, and says.
    fn answer(&mut self, order: &Order, way: Route) -> Answer {
        let now = self.now();
        let retry_at = now + SignedDuration::from_millis(1 + self.dice.below(90_000));
        if self.fault(6) {
            return Answer::Later { retry_at };
        }
        if self.fault(1) {
            return Answer::TurnedDown(422);
        }
        // An answer that says nothing: before the effect or after it.
        if self.fault(4) {
            return Answer::Silence;
        }
        match &order.action {
            orders::Action::Cancel { test, keep } => {
                self.server.cancel(placed(order, test).key(), *keep);
                Answer::Accepted { reference: None }
            }
            orders::Action::Laboratory { .. }
            | orders::Action::Questionnaire
            | orders::Action::RemindQuestionnaire
            | orders::Action::RemindLaboratory
            | orders::Action::Message { .. }
            | orders::Action::Contact { .. } => {
                // It declares that it takes orders, and from some moment on it takes none.
                if way == Route::ServiceRequest && self.closes_at.is_some_and(|at| at <= self.time)
                {
                    return Answer::Closed { retry_at: now };
                }
                let reference = Some(self.server.create(order.key(), way));
                if self.fault(4) {
                    if self.bug == Some(Bug::OtherWayAfterSilence) && way == Route::ServiceRequest {
                        return Answer::Closed { retry_at: now };
                    }
                    return Answer::Silence;
                }
                Answer::Accepted {
                    reference: reference.filter(|_| !self.dice.percent(5)),
                }
            }
        }
    }

    fn save(&mut self, process: usize, outcomes: &[Outcome]) {
        // Dies before it is written down, or right after.
        if self.fault(2) {
            self.crash(process);
            return;
        }
        let saved = self.ledger.save(&self.channel, Self::today(), outcomes);
        saved.expect("the ledger in memory works");
        if self.fault(2) {
            self.crash(process);
            return;
        }
        let delay = 1 + self.dice.below(20);
        self.hears(process, delay, Event::Saved);
    }

    fn pull(&mut self) {
        self.n_pulls += 1;
        let record = PullRecord {
            id: self.n_pulls,
            source: "export".to_owned(),
            at: String::new(),
            facts_fingerprint: String::new(),
            report: String::new(),
        };
        let identities = self.residents.iter().map(|(resident, _)| {
            Ok(Identity {
                resident: *resident,
                patient_id: resident.to_string(),
                national_id: None,
                non_disclosure: false,
            })
        });
        let commit = PullCommit::of(&record);
        let committed = self
            .ledger
            .commit_pull(&commit, identities, std::iter::empty());
        committed.expect("writable");
    }

    /// Somebody is tested, says no, or is due again; a pull tells of it.
    fn life_goes_on(&mut self) {
        let n = self
            .dice
            .below(i64::try_from(self.residents.len()).expect("few"));
        let n = usize::try_from(n).expect("few");
        let (resident, life) = self.residents[n];
        let next = match life {
            Life::AtRisk if self.dice.percent(40) => Life::OptedOut,
            Life::AtRisk => Life::TestedNormal,
            Life::TestedNormal | Life::OptedOut => Life::AtRisk,
        };
        self.residents[n].1 = next;
        self.pull();
        if next == Life::AtRisk {
            self.refused_in.remove(&resident);
        } else {
            self.refused_in.insert(resident, self.n_pulls);
        }
    }

    /// What the rules would say about a resident.
    fn decision(&self, resident: ResidentId) -> Decision {
        let found = self.residents.iter().find(|(id, _)| *id == resident);
        let life = found.expect("a resident of this world").1;
        let (state, next) = match life {
            Life::OptedOut => (State::OptedOut, NextStep::Nothing),
            Life::TestedNormal => (State::Concluded, NextStep::Recall { months: 36 }),
            Life::AtRisk => {
                let test = rulebook().catalogue.find("hba1c").expect("a known test");
                (
                    State::Ordered,
                    NextStep::OrderLaboratory { tests: vec![test] },
                )
            }
        };
        Decision {
            due_for_review: None,
            confirming: None,
            state,
            next,
            row: 0,
            reasons: Vec::new(),
            reviews: Vec::new(),
            assessment: None,
            asks: Vec::new(),
            lot: None,
        }
    }

    fn act(&mut self) {
        let (episodes, event) = self.ledger.episodes(None).expect("readable");
        let offered = Offered::Kinds(BTreeSet::from([ActionKind::Laboratory]));
        let mut intents = Vec::new();
        for (resident, _) in &self.residents {
            let decision = self.decision(*resident);
            let followed = Followed {
                episode: episodes.get(resident).cloned(),
                events: Vec::new(),
            };
            let on = Self::today();
            let mut intent = intend(rulebook(), *resident, on, &followed, &decision, &offered);
            for order in &mut intent.orders {
                self.planned
                    .insert((*resident, order.round, order.action.name()));
                if self.bug == Some(Bug::KeyWithoutRound) {
                    order.round = 1;
                }
            }
            if !intent.events.is_empty() {
                intents.push((*resident, intent));
            }
        }
        // Dies before anything is written down.
        if self.fault(5) {
            self.later(60_000, Happening::Run);
            for (resident, intent) in intents {
                for order in intent.orders {
                    self.planned
                        .remove(&(resident, order.round, order.action.name()));
                }
            }
            return;
        }
        self.n_runs += 1;
        let record = RunRecord {
            recalibration: None,
            shared: None,
            id: self.n_runs,
            at: String::new(),
            index_date: Self::today().to_string(),
            pull: self.n_pulls,
            rules_fingerprint: String::new(),
            decisions_hash: String::new(),
            register: self.residents.len() as u64,
            program: String::new(),
            ledger_event: event,
            acted: true,
            report: String::new(),
        };
        let commit = ActCommit {
            intents,
            tasks: Vec::new(),
            channels: vec![(ActionKind::Laboratory, self.channel.clone())],
        };
        let acting = Some((&commit, Self::today()));
        let committed = self
            .ledger
            .commit_run(&record, &[], &[], acting, |_| String::new());
        committed.expect("writable");
    }

    /// What must be true when everything has settled.
    pub(crate) fn check(&mut self) {
        let rows = self.ledger.outbox().expect("readable");
        let with_a_person: BTreeSet<i64> = self
            .ledger
            .orders_with_a_person()
            .expect("readable")
            .into_iter()
            .collect();
        let mut problems = Vec::new();
        let mut problem = |what: String| problems.push(what);
        for (key, placed) in &self.server.placed {
            if 1 < placed.created {
                problem(format!("{key} was created {} times", placed.created));
            }
        }
        let mut known = BTreeSet::new();
        for row in &rows {
            let orders::Action::Laboratory { .. } = &row.order.action else {
                continue;
            };
            let key: OrderKey = row.order.key();
            known.insert(key);
            let there = self.server.count(key);
            let has_person = with_a_person.contains(&row.id);
            match &row.delivery {
                Delivery::Acknowledged { .. } if there == 0 => {
                    problem(format!("{key} is acknowledged and not there"));
                }
                Delivery::Acknowledged { .. } => {}
                Delivery::Refused {
                    why: Refused::Withdrawn,
                } if there == 0 => {}
                Delivery::Refused { why } if there == 0 => {
                    if !has_person {
                        problem(format!(
                            "{key} is refused ({}) and nobody knows",
                            why.name()
                        ));
                    }
                }
                Delivery::Unknown { .. } => {
                    if !has_person {
                        problem(format!("{key} is unknown and nobody knows"));
                    }
                }
                Delivery::Refused { .. } | Delivery::Planned { .. } | Delivery::Sending { .. } => {
                    problem(format!(
                        "{key} is {:?} and there {there} times",
                        row.delivery
                    ));
                }
            }
        }
        for key in self.server.placed.keys() {
            if !known.contains(key) {
                problem(format!("{key} is there and not in the outbox"));
            }
        }
        let in_outbox: BTreeSet<_> = rows
            .iter()
            .map(|row| (row.order.resident, row.order.round, row.order.action.name()))
            .collect();
        for (resident, round, action) in &self.planned {
            if !in_outbox.contains(&(*resident, *round, action.clone())) {
                problem(format!("{action} of {resident} in round {round} was lost"));
            }
        }
        // Whoever said no has no order that somebody could act on, or a person knows.
        for row in &rows {
            let orders::Action::Laboratory { test } = &row.order.action else {
                continue;
            };
            let life = self
                .residents
                .iter()
                .find(|(id, _)| *id == row.order.resident);
            let newest = self.ledger.episode(row.order.resident, None);
            let newest = newest.expect("readable");
            // An order of a round that ended by a result is not taken back.
            let said_no = life.is_some_and(|(_, life)| *life == Life::OptedOut)
                && newest.is_some_and(|episode| {
                    let ended_by_leaving = matches!(
                        episode.stage,
                        Stage::Closed {
                            conclusion: Conclusion::Left(_) | Conclusion::Withdrawn,
                            ..
                        }
                    );
                    episode.round == row.order.round && ended_by_leaving
                });
            let is_active = !self
                .server
                .is_cancelled(row.order.key(), orders::Keep::None);
            let cancels = |other: &&preventiojyraa::ledger::RowView| {
                matches!(&other.order.action, orders::Action::Cancel { test: of, .. } if of == test)
                    && (other.order.resident, other.order.round)
                        == (row.order.resident, row.order.round)
            };
            let cancel = rows.iter().find(cancels);
            let has_person = with_a_person.contains(&row.id)
                || cancel.is_some_and(|cancel| with_a_person.contains(&cancel.id));
            if said_no && is_active && !has_person {
                problem(format!("{} stayed active after a refusal", row.order.key()));
            }
        }
        let states = self.ledger.outbox_states().expect("readable");
        if states.values().sum::<u64>() != rows.len() as u64 {
            problem("the states do not add up".to_owned());
        }
        // Every event fits the one before it: reading all episodes proves it.
        self.ledger.episodes(None).expect("episodes fold");
        self.problems.extend(problems);
    }
}

fn silence(job: &Job<Handed>, now: Timestamp) -> DeliveryEvent {
    match job.work {
        Work::Send { claim } => DeliveryEvent::Answered {
            claim,
            answer: Answer::Silence,
        },
        Work::LookUp { until } => DeliveryEvent::LookedUp {
            until,
            found: Found::NotTold {
                retry_at: now + SignedDuration::from_secs(30),
            },
        },
    }
}

fn placed(cancel: &Order, test: &str) -> Order {
    Order {
        action: orders::Action::Laboratory {
            test: test.to_owned(),
        },
        ..cancel.clone()
    }
}
