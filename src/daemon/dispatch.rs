//! Dispatch: orders leave the outbox.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::config::{Channel, Config, NoEffects};
use crate::delivery::{
    Action, Answer, DeliveryEvent, Dispatcher, Event, Found, Job, Limits, Mode, Outcome,
    ServerNews, Work,
};
use crate::fhir::{self, ChannelError, ChannelOptions, RemoteOrder, ServiceRequestChannel};
use crate::ledger::{ChannelTerms, Handed, NotExpressible, TakeOptions};
use crate::orders::{self, Order};
use crate::rulebook::Rulebook;
use crate::steps::{self, DataFolder, EpochFile, Evidence, StepError, Switch};

/// How long `--once` waits for what is due soon: permits of a slow server, no more.
const PATIENCE: SignedDuration = SignedDuration::from_secs(2);
/// The first retry of something that never left.
const SOON: SignedDuration = SignedDuration::from_secs(1);

/// How long to dispatch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duration {
    /// Until nothing is due.
    Once,
    /// For so long.
    For(SignedDuration),
}

/// What a dispatcher needs.
pub struct DispatchOptions {
    /// The data folder.
    pub root: PathBuf,
    /// The rules: residents are decided about again before an order leaves.
    pub rulebook: Rulebook,
    /// Whom to talk to.
    pub config: Config,
    /// How long.
    pub duration: Duration,
}

/// Why dispatching ended early.
#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    /// A step failed.
    #[error(transparent)]
    Step(#[from] StepError),
    /// No order may leave this way.
    #[error(transparent)]
    Channel(#[from] ChannelError),
    /// The configuration names no channel.
    #[error("the configuration names no channel: there is nothing to dispatch to")]
    NoChannel,
    /// The runtime could not be started.
    #[error("cannot start the runtime")]
    Runtime(#[source] std::io::Error),
    /// The clock says a day that is none.
    #[error("the programme's time zone `{0}` is not in the time-zone database")]
    TimeZone(String),
}

impl From<NoEffects> for DispatchError {
    fn from(error: NoEffects) -> Self {
        Self::Step(error.into())
    }
}

/// What a dispatcher did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DispatchReport {
    /// Requests that were to place or take back an order.
    pub sent: u64,
    /// Of these, accepted.
    pub accepted: u64,
    /// Of these, turned down.
    pub turned_down: u64,
    /// Of these, "not now", or never left.
    pub later: u64,
    /// Of these, without a clear answer.
    pub without_answer: u64,
    /// Times the other side was asked whether it has an order.
    pub looked_up: u64,
    /// Why nothing is sent, when it is not.
    pub held: Option<String>,
    /// Rows of the outbox by state, afterwards.
    pub outbox: BTreeMap<String, u64>,
}

/// Delivers orders until there is nothing to do, or for a while.
///
/// Several may run at once, on one host. When effects are stopped nothing is
/// sent; the other side is still asked about what is in doubt, which is reading.
///
/// # Errors
///
/// When effects may not start, the server lacks something, or ledger or lake fail.
pub fn dispatch(options: &DispatchOptions) -> Result<DispatchReport, DispatchError> {
    let data = DataFolder::open(&options.root, steps::Access::Read)?;
    let today = today(&options.rulebook, &options.config)?;
    let key = data.identity_key_on_record()?;
    options
        .config
        .allows_effects(&options.rulebook, key.as_ref(), today)?;
    if options.config.channels.is_empty() {
        return Err(DispatchError::NoChannel);
    }
    let runtime = runtime()?;
    let data = Arc::new(Mutex::new(data));
    let mut report = DispatchReport::default();
    for (_, channel) in &options.config.channels {
        let open = runtime.block_on(open(channel))?;
        let driver = Arc::new(Driver {
            data: Arc::clone(&data),
            rulebook: options.rulebook.clone(),
            config: options.config.clone(),
            terms: channel.terms.clone(),
            switch: Switch::of(&options.root),
            epoch: EpochFile::at(options.config.epoch_file(&options.root)),
            channel: open,
            checked: Mutex::new(None),
        });
        let machine = Dispatcher::new(
            Limits {
                in_flight: channel.server.parallel,
                gap: SignedDuration::from_millis(50),
                poll: SignedDuration::from_millis(500),
            },
            match options.duration {
                Duration::Once => Mode::Once(PATIENCE),
                Duration::For(length) => {
                    Mode::Until(now().saturating_add(length).unwrap_or(Timestamp::MAX))
                }
            },
        );
        let done = runtime.block_on(drive(&driver, machine))?;
        report.add(&done);
    }
    let data = data.lock().unwrap_or_else(PoisonError::into_inner);
    report.outbox = data.outbox_states()?;
    report.held = held(&options.config, &Switch::of(&options.root), today);
    Ok(report)
}

/// What the other side has of ours, for reconciliation.
///
/// # Errors
///
/// When the server cannot be asked.
pub fn evidence(data: &DataFolder, config: &Config) -> Result<Option<Evidence>, DispatchError> {
    let Some((_, channel)) = config.channels.first() else {
        return Ok(None);
    };
    if channel.terms.policy.read_back == crate::delivery::ReadBack::Impossible {
        return Ok(None);
    }
    let runtime = runtime()?;
    runtime.block_on(async {
        let open = open(channel).await?;
        let mut evidence = Evidence {
            channel: channel.terms.name.clone(),
            orders: Vec::new(),
            is_everything: true,
        };
        if open
            .all(|order| evidence.orders.push(order))
            .await?
            .is_some()
        {
            return Ok(Some(evidence));
        }
        // It does not find orders by identifier, so it is asked about each that may have left.
        evidence.is_everything = false;
        for (key, patient_id) in data.asked_about()? {
            let found: Vec<RemoteOrder> = open.requests(key, &patient_id).await?;
            evidence.orders.extend(found);
        }
        Ok(Some(evidence))
    })
}

fn runtime() -> Result<Runtime, DispatchError> {
    let mut builder = Builder::new_current_thread();
    builder.enable_all().build().map_err(DispatchError::Runtime)
}

async fn open(channel: &Channel) -> Result<ServiceRequestChannel, ChannelError> {
    let server = &channel.server;
    let options = ChannelOptions {
        base: server.base.clone(),
        token_file: server.token_file.clone(),
        request_deadline: std::time::Duration::from_secs_f64(server.request_deadline_seconds),
        longest_pause: SignedDuration::from_secs(i64::from(server.longest_pause_seconds)),
        reads_back: channel.terms.policy.read_back == crate::delivery::ReadBack::Possible,
    };
    ServiceRequestChannel::open(&options, now).await
}

fn now() -> Timestamp {
    Timestamp::now()
}

/// The day in the programme's time zone, or the day a trial has chosen.
fn today(rulebook: &Rulebook, config: &Config) -> Result<Date, DispatchError> {
    if let Some(today) = config.trial_day() {
        return Ok(today);
    }
    let zone = &rulebook.programme.time_zone;
    let zoned = now().in_tz(zone);
    Ok(zoned
        .map_err(|_| DispatchError::TimeZone(zone.clone()))?
        .date())
}

/// Why nothing may be sent now.
fn held(config: &Config, switch: &Switch, today: Date) -> Option<String> {
    if let Some(stopped) = switch.stopped() {
        return Some(format!("stopped by {}: {}", stopped.by, stopped.reason));
    }
    config
        .legal_basis_holds(today)
        .err()
        .map(|error| error.to_string())
}

impl DispatchReport {
    fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.accepted += other.accepted;
        self.turned_down += other.turned_down;
        self.later += other.later;
        self.without_answer += other.without_answer;
        self.looked_up += other.looked_up;
    }

    fn count(&mut self, outcome: &Outcome) {
        match &outcome.event {
            DeliveryEvent::Answered { answer, .. } => {
                self.sent += 1;
                match answer {
                    Answer::Accepted { .. } => self.accepted += 1,
                    Answer::TurnedDown(_) => self.turned_down += 1,
                    Answer::Later { .. } | Answer::NotSent { .. } => self.later += 1,
                    Answer::Several | Answer::Silence => self.without_answer += 1,
                }
            }
            DeliveryEvent::LookedUp { .. } => self.looked_up += 1,
            DeliveryEvent::Claimed { .. }
            | DeliveryEvent::Asking { .. }
            | DeliveryEvent::LeaseOver
            | DeliveryEvent::Stopped(_)
            | DeliveryEvent::Doubted => {}
        }
    }
}

/// Everything that jobs share. The data folder is behind a lock that only blocking threads take,
/// for one transaction at a time; nobody holds it while waiting for the network.
struct Driver {
    data: Arc<Mutex<DataFolder>>,
    rulebook: Rulebook,
    config: Config,
    terms: ChannelTerms,
    switch: Switch,
    epoch: EpochFile,
    channel: ServiceRequestChannel,
    /// The pull and the day as of which this process last looked at residents again.
    checked: Mutex<Option<(u32, Date)>>,
}

/// What comes back to the loop.
enum Message {
    Event(Event<Handed>),
    Failed(DispatchError),
}

async fn drive(
    driver: &Arc<Driver>,
    mut machine: Dispatcher,
) -> Result<DispatchReport, DispatchError> {
    let (tell, mut hear) = unbounded_channel();
    let mut report = DispatchReport::default();
    let mut wake = Some(now());
    loop {
        let message = match wake {
            None => hear.recv().await,
            Some(at) => {
                let wait = at.duration_since(now()).max(SignedDuration::ZERO);
                let wait = std::time::Duration::try_from(wait).unwrap_or_default();
                match tokio::time::timeout(wait, hear.recv()).await {
                    Ok(message) => message,
                    Err(_) => Some(Message::Event(Event::Woke)),
                }
            }
        };
        let event = match message {
            Some(Message::Event(event)) => event,
            Some(Message::Failed(error)) => return Err(error),
            None => return Ok(report),
        };
        wake = None;
        for action in machine.step(now(), event) {
            match action {
                Action::Take { most } => driver.blocking(&tell, move |d| d.take(most)),
                Action::Start(job) => start(driver, &tell, job),
                Action::Save(outcomes) => {
                    outcomes.iter().for_each(|outcome| report.count(outcome));
                    driver.blocking(&tell, move |d| d.save(&outcomes));
                }
                Action::WakeAt(at) => wake = Some(at),
                Action::Finished => return Ok(report),
            }
        }
    }
}

fn start(driver: &Arc<Driver>, tell: &UnboundedSender<Message>, job: Job<Handed>) {
    let (driver, tell) = (Arc::clone(driver), tell.clone());
    tokio::spawn(async move {
        let outcome = driver.run(job).await;
        // The loop has ended: nobody waits, and the lease ends the claim.
        let _ = tell.send(Message::Event(Event::Ended(outcome)));
    });
}

impl Driver {
    /// Runs something that waits for disk on a thread of its own and tells the loop how it ended.
    fn blocking(
        self: &Arc<Self>,
        tell: &UnboundedSender<Message>,
        work: impl FnOnce(&Self) -> Result<Event<Handed>, DispatchError> + Send + 'static,
    ) {
        let (driver, tell) = (Arc::clone(self), tell.clone());
        tokio::task::spawn_blocking(move || {
            let message = match work(&driver) {
                Ok(event) => Message::Event(event),
                Err(error) => Message::Failed(error),
            };
            // The loop has ended: nobody waits.
            let _ = tell.send(message);
        });
    }

    fn take(&self, most: u32) -> Result<Event<Handed>, DispatchError> {
        let today = today(&self.rulebook, &self.config)?;
        let mut data = self.data.lock().unwrap_or_else(PoisonError::into_inner);
        let channels = self.config.terms();
        let at = now().to_string();
        steps::notice_old_copy(&mut data, &self.epoch, &channels, today, &at)?;
        let may_send = held(&self.config, &self.switch, today).is_none();
        if may_send {
            let pull = data.newest_pull()?;
            let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
            if *checked != Some((pull, today)) {
                steps::recheck(&self.rulebook, &mut data, &channels, today)?;
                *checked = Some((pull, today));
            }
        }
        let options = TakeOptions {
            most,
            may_send,
            today,
        };
        let handout = data.take(&self.terms, options, |order, patient_id| {
            self.author(order, patient_id)
        })?;
        let is_sending = |job: &Job<Handed>| matches!(job.work, Work::Send { .. });
        if handout.taken.jobs.iter().any(is_sending) {
            self.epoch.advance(data.epoch()?)?;
        }
        Ok(Event::Taken(handout.taken))
    }

    fn author(&self, order: &Order, patient_id: &str) -> Result<Vec<u8>, NotExpressible> {
        match &order.action {
            orders::Action::Laboratory { .. } => {
                let written = fhir::service_request(&self.rulebook, order, patient_id);
                written.ok().flatten().ok_or(NotExpressible)
            }
            // What is taken back is read from the other side first.
            orders::Action::Cancel { .. } => Ok(Vec::new()),
            orders::Action::Questionnaire => Err(NotExpressible),
        }
    }

    fn save(&self, outcomes: &[Outcome]) -> Result<Event<Handed>, DispatchError> {
        let today = today(&self.rulebook, &self.config)?;
        let mut data = self.data.lock().unwrap_or_else(PoisonError::into_inner);
        data.save(&self.terms, today, outcomes)?;
        Ok(Event::Saved)
    }

    /// Does one thing. The switch is looked at here, last before anything leaves.
    async fn run(&self, job: Job<Handed>) -> Outcome {
        let Handed {
            order,
            patient_id,
            bytes,
        } = &job.payload;
        let (event, server) = match job.work {
            Work::Send { claim } if self.switch.is_stopped() => {
                let retry_at = now().saturating_add(SOON).unwrap_or(Timestamp::MAX);
                let answer = Answer::NotSent { retry_at };
                (
                    DeliveryEvent::Answered { claim, answer },
                    ServerNews::NotAsked,
                )
            }
            Work::Send { claim } => {
                let (answer, server) = match &order.action {
                    orders::Action::Cancel { test, keep } => {
                        let key = placed(order, test).key();
                        self.channel.cancel(key, patient_id, *keep).await
                    }
                    orders::Action::Laboratory { .. } | orders::Action::Questionnaire => {
                        self.channel.create(order.key(), bytes).await
                    }
                };
                (DeliveryEvent::Answered { claim, answer }, server)
            }
            Work::LookUp { until } => {
                let (found, server) = self.look_up(order, patient_id).await;
                (DeliveryEvent::LookedUp { until, found }, server)
            }
        };
        Outcome {
            row: job.row,
            event,
            server,
        }
    }

    async fn look_up(&self, order: &Order, patient_id: &str) -> (Found, ServerNews) {
        match &order.action {
            orders::Action::Cancel { test, keep } => {
                let key = placed(order, test).key();
                self.channel.look_up_cancelled(key, patient_id, *keep).await
            }
            orders::Action::Laboratory { .. } | orders::Action::Questionnaire => {
                self.channel.look_up(order.key(), patient_id).await
            }
        }
    }
}

/// The order that a cancellation takes back.
fn placed(cancel: &Order, test: &str) -> Order {
    Order {
        action: orders::Action::Laboratory {
            test: test.to_owned(),
        },
        ..cancel.clone()
    }
}
