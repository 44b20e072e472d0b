//! Dispatch: orders leave the outbox.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::watch::Receiver;
use tokio::task::{JoinHandle, JoinSet};

use super::dispatching::{DispatchError, DispatchOptions, DispatchReport, Duration};
use super::routes::Routes;
use crate::channels::{self, Placing, Writer};
use crate::config::{Channel, Config};
use crate::delivery::{
    Action, Answer, DeliveryEvent, Dispatcher, Event, Found, Job, Limits, Mode, Outcome,
    ServerNews, Work, after,
};
use crate::ledger::{
    Addressee, ChannelTerms, Handed, NotExpressible, Stamp, TakeOptions, WordedBy, Written,
};
use crate::orders::Order;
use crate::rulebook::Rulebook;
use crate::steps::{self, DataFolder, EpochFile, FaultyMarks, FaultyReport, StepError, Switch};

/// How long `--once` waits for what is due soon: permits of a slow server, no more.
const PATIENCE: SignedDuration = SignedDuration::from_secs(2);
/// Requests under way at once where no server says how many it takes.
const PARALLEL: u32 = 4;
/// So many times as many orders are under way where some of them may leave in one file.
const FOR_FILES: u32 = 16;
/// The first retry of something that never left.
const SOON: SignedDuration = SignedDuration::from_secs(1);

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
    data.lies_as(&options.config)?;
    let today = today(&options.rulebook, Some(&options.config))?;
    let key = data.identity_key_on_record()?;
    let signature = options.signature.as_ref();
    options
        .config
        .allows_effects(&options.rulebook, signature, key.as_ref(), today)?;
    data.pin_trial(options.config.site.trial)?;
    let epoch = options.config.epoch_file(&options.root)?;
    if options.config.channels.is_empty() {
        return Err(DispatchError::NoChannel);
    }
    let runtime = runtime()?;
    let data = Arc::new(Mutex::new(data));
    let options = &Arc::new(options.clone());
    let mut report = DispatchReport::default();
    runtime.block_on(async {
        let drivers = drivers(options, &data, &epoch).await?;
        let mut driven = JoinSet::new();
        for driver in &drivers {
            let driver = Arc::clone(driver);
            let limits = Limits {
                in_flight: driver.in_flight(),
                gap: SignedDuration::from_millis(50),
                poll: SignedDuration::from_millis(500),
            };
            let mode = match options.duration {
                Duration::Once => Mode::Once(PATIENCE),
                Duration::For(length) => Mode::Until(after(now(), length)),
                Duration::Until(end) => Mode::Until(end),
            };
            // All at once: a channel with much to do keeps no other waiting.
            driven.spawn(async move { drive(&driver, Dispatcher::new(limits, mode)).await });
        }
        while let Some(done) = driven.join_next().await {
            report.add(&done.map_err(DispatchError::Broke)??);
        }
        for driver in &drivers {
            let name = &driver.channel.terms.name;
            let closed = driver.open.closed();
            report
                .closed
                .extend(closed.map(|way| format!("{name}: {}", way.name())));
        }
        Ok::<(), DispatchError>(())
    })?;
    let data = data.lock().unwrap_or_else(PoisonError::into_inner);
    report.outbox = data.outbox_states()?;
    let faulty = steps::faulty_in(&data, &options.rulebook)?;
    let today = self::today(&options.rulebook, Some(&options.config))?;
    report.asking =
        steps::waiting_to_be_asked(&options.rulebook, &data, Some(&options.config), today)?;
    report.held = permitted(options, &faulty, today).err();
    Ok(report)
}

pub(super) fn runtime() -> Result<Runtime, DispatchError> {
    let mut builder = Builder::new_current_thread();
    // Work that waits for the ledger goes one by one anyway, and each thread keeps memory of its own.
    builder
        .max_blocking_threads(2)
        .enable_all()
        .build()
        .map_err(DispatchError::Runtime)
}

/// A driver for each channel: every way is open before anything leaves by any.
async fn drivers(
    options: &Arc<DispatchOptions>,
    data: &Arc<Mutex<DataFolder>>,
    epoch: &Path,
) -> Result<Vec<Arc<Driver>>, DispatchError> {
    let mut at_once: BTreeMap<String, Arc<Semaphore>> = BTreeMap::new();
    let mut drivers = Vec::new();
    for (kind, channel) in &options.config.channels {
        let parallel = channel
            .server
            .as_ref()
            .map_or(PARALLEL, |server| server.parallel);
        let slots = at_once
            .entry(channel.terms.server.clone())
            .or_insert_with(|| Arc::new(Semaphore::new(parallel as usize)));
        drivers.push(Arc::new(Driver {
            data: Arc::clone(data),
            options: Arc::clone(options),
            channels: options.config.terms(),
            open: Routes::new(channels::open(*kind, channel, now).await?.channels),
            channel: channel.clone(),
            switch: Switch::of(&options.root),
            marks: FaultyMarks::of(&options.root),
            epoch: EpochFile::at(epoch.to_path_buf()),
            parallel,
            slots: Arc::clone(slots),
            checked: Mutex::new(None),
            permitted: Mutex::new(None),
        }));
    }
    Ok(drivers)
}

pub(super) fn now() -> Timestamp {
    Timestamp::now()
}

/// Today: the day in the programme's time zone, or the day that a trial has chosen.
///
/// # Errors
///
/// [`StepError::TimeZone`].
pub fn today(rulebook: &Rulebook, config: Option<&Config>) -> Result<Date, StepError> {
    if let Some(today) = config.and_then(Config::trial_day) {
        return Ok(today);
    }
    let zone = &rulebook.programme.time_zone;
    let zoned = now().in_tz(zone);
    let zoned = zoned.map_err(|_| StepError::TimeZone(zone.clone()))?;
    Ok(zoned.date())
}

/// What may be sent by: the configuration with the permission as it is written now, or why nothing
/// may be sent.
fn permitted(
    options: &DispatchOptions,
    faulty: &[FaultyReport],
    today: Date,
) -> Result<Config, String> {
    if let Some(stopped) = Switch::of(&options.root).stopped() {
        return Err(format!("stopped by {}: {}", stopped.by, stopped.reason));
    }
    if let Some(mark) = faulty.first() {
        return Err(mark.to_string());
    }
    let signature = options.signature.as_ref();
    let config = options.config.with_permission_of_now();
    let config = config.map_err(|error| error.to_string())?;
    let may = config.may_go_on(&options.rulebook, signature, today);
    may.map_err(|error| error.to_string())?;
    Ok(config)
}

/// Everything that jobs share. The data folder is behind a lock that only blocking threads take,
/// for one transaction at a time; nobody holds it while waiting for the network.
struct Driver {
    data: Arc<Mutex<DataFolder>>,
    options: Arc<DispatchOptions>,
    /// The terms of every channel, and the one that is driven.
    channels: Vec<ChannelTerms>,
    channel: Channel,
    open: Routes,
    switch: Switch,
    marks: FaultyMarks,
    epoch: EpochFile,
    /// Requests under way at once, by this process, and their places among all channels to the server.
    parallel: u32,
    slots: Arc<Semaphore>,
    /// On what this process last decided about residents again, and the newest order then.
    checked: Mutex<Option<(Stamp, i64)>>,
    /// What the newest batch may be sent by, read when it was taken; nothing while nothing may be sent.
    permitted: Mutex<Option<Config>>,
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
    if let Some(end) = driver.options.end.clone() {
        tokio::spawn(told_to_end(end, tell.clone()));
    }
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

/// Tells the loop when nothing new is to be begun. Ends with the loop, or with whoever would have said so.
async fn told_to_end(mut end: Receiver<bool>, tell: UnboundedSender<Message>) {
    tokio::select! {
        said = end.wait_for(|is_over| *is_over) => {
            if said.is_ok() {
                let _ = tell.send(Message::Event(Event::Finish));
            }
        }
        () = tell.closed() => {}
    }
}

fn start(driver: &Arc<Driver>, tell: &UnboundedSender<Message>, job: Job<Handed>) {
    let (driver, tell) = (Arc::clone(driver), tell.clone());
    let work = tokio::spawn(async move { driver.run(job).await });
    hear_of(tell, work, |outcome| Message::Event(Event::Ended(outcome)));
}

/// Tells the loop how a piece of work ended, also when it broke down.
fn hear_of<T: Send + 'static>(
    tell: UnboundedSender<Message>,
    work: JoinHandle<T>,
    message: impl FnOnce(T) -> Message + Send + 'static,
) {
    tokio::spawn(async move {
        let message = match work.await {
            Ok(ended) => message(ended),
            Err(error) => Message::Failed(DispatchError::Broke(error)),
        };
        // The loop has ended: nobody waits, and leases end the claims.
        let _ = tell.send(message);
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
        let work = tokio::task::spawn_blocking(move || work(&driver));
        hear_of(tell, work, |ended| match ended {
            Ok(event) => Message::Event(event),
            Err(error) => Message::Failed(error),
        });
    }

    fn take(&self, most: u32) -> Result<Event<Handed>, DispatchError> {
        let today = today(&self.options.rulebook, Some(&self.options.config))?;
        let mut data = self.data.lock().unwrap_or_else(PoisonError::into_inner);
        let at = now().to_string();
        steps::notice_old_copy(&mut data, &self.epoch, &self.channels, today, &at)?;
        let faulty = steps::faulty_in(&data, &self.options.rulebook)?;
        let permitted = permitted(&self.options, &faulty, today).ok();
        let mut may_send = permitted.is_some();
        // Scope and mode are those of now; while nothing may be sent, they decide nothing.
        let config = permitted.as_ref().unwrap_or(&self.options.config).clone();
        *self
            .permitted
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = permitted;
        let terms = config.terms_of(&self.channel.terms.name);
        let terms = terms.unwrap_or(&self.channel.terms);
        let (stamp, newest_order) = data.stamp(&self.options.rulebook, &config.scope, today)?;
        if may_send {
            let now = Some((stamp.clone(), newest_order));
            let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
            if *checked != now {
                may_send = steps::recheck(&self.options.rulebook, &mut data, &config, &stamp)?;
                *checked = now.filter(|_| may_send);
            }
        }
        let worded_by = WordedBy {
            rules: self.options.rulebook.fingerprint.clone(),
            laboratory: self.channel.laboratory.clone(),
            language: self.channel.language.code().to_owned(),
        };
        let options = TakeOptions {
            most,
            may_send,
            stamp: &stamp,
            worded_by: &worded_by,
            asking: self.options.config.asking(&self.options.rulebook),
        };
        // Before anybody is asked to reach somebody, they know whom not to reach any more.
        if let Some(outreach) = &self.channel.outreach {
            let keys = data.called_off(&self.channel.terms.name)?;
            channels::call_off(outreach, &keys).map_err(DispatchError::CalledOff)?;
        }
        let taken = data.take(terms, options, |order, to| self.author(order, to, today))?;
        let is_sending = |job: &Job<Handed>| matches!(job.work, Work::Send { .. });
        if taken.jobs.iter().any(is_sending)
            && let Err(error) = self.epoch.advance(data.epoch()?)
        {
            // Nothing may leave, and nothing has: the claims are given back.
            let outcomes: Vec<Outcome> = taken.jobs.iter().filter_map(not_sent).collect();
            data.save(&self.channel.terms, today, &outcomes)?;
            return Err(error.into());
        }
        Ok(Event::Taken(taken))
    }

    fn author(
        &self,
        order: &Order,
        to: Addressee<'_>,
        today: Date,
    ) -> Result<Written, NotExpressible> {
        let writer = Writer {
            rulebook: &self.options.rulebook,
            channel: &self.channel,
            on: today,
            is_trial: self.options.config.site.trial,
        };
        self.open.author(writer, order, to)
    }

    /// How many orders are under way at once. A file takes as many as its settings say; requests to a
    /// server wait for their places there.
    fn in_flight(&self) -> u32 {
        match self
            .channel
            .list
            .as_ref()
            .or(self.channel.outreach.as_ref())
        {
            Some(list) if !self.open.has_server() => list.rows,
            Some(_) => self.parallel.saturating_mul(FOR_FILES),
            None => self.parallel,
        }
    }

    fn save(&self, outcomes: &[Outcome]) -> Result<Event<Handed>, DispatchError> {
        let today = today(&self.options.rulebook, Some(&self.options.config))?;
        let mut data = self.data.lock().unwrap_or_else(PoisonError::into_inner);
        data.save(&self.channel.terms, today, outcomes)?;
        Ok(Event::Saved)
    }

    /// Whether neither the switch nor a mark on one of the rules nor the day is in the way.
    fn may_send(&self) -> bool {
        !self.switch.is_stopped()
            && self.marks.concerning(&self.options.rulebook).is_none()
            && self.is_permitted_today()
    }

    /// Whether law and rules, as they were when the newest batch was taken, still hold on this day.
    fn is_permitted_today(&self) -> bool {
        let rulebook = &self.options.rulebook;
        let Ok(today) = today(rulebook, Some(&self.options.config)) else {
            return false;
        };
        let permitted = self
            .permitted
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let config = permitted.as_ref();
        config.is_some_and(|config| config.holds_on(rulebook, today).is_ok())
    }

    /// Does one thing. Switch and marks are looked at here, last before anything leaves.
    async fn run(&self, job: Job<Handed>) -> Outcome {
        let Handed {
            order,
            patient_id,
            bytes,
            way,
            is_awaited,
        } = &job.payload;
        let placing = Placing {
            order,
            patient_id,
            bytes,
            is_awaited: *is_awaited,
            way: *way,
        };
        // Other channels to the same server may be using all places there.
        let _slot = if Routes::is_at_server(*way) {
            Some(self.slots.acquire().await)
        } else {
            None
        };
        // A new token may take its time: what is looked at last must not be looked at before it is here.
        if matches!(job.work, Work::Send { .. }) {
            self.open.ready(*way).await;
        }
        let is_late = job.start_by < now();
        let soon = after(now(), SOON);
        let (event, server) = match job.work {
            Work::Send { claim } if is_late || !self.may_send() => {
                let answer = Answer::NotSent { retry_at: soon };
                (
                    DeliveryEvent::Answered { claim, answer },
                    ServerNews::NotAsked,
                )
            }
            Work::Send { claim } => {
                let may_go_on = || self.may_send();
                let (answer, server) = self.open.send(*way, placing, &may_go_on, now()).await;
                (DeliveryEvent::Answered { claim, answer }, server)
            }
            Work::LookUp { until } if is_late => {
                let found = Found::NotTold { retry_at: soon };
                (
                    DeliveryEvent::LookedUp { until, found },
                    ServerNews::NotAsked,
                )
            }
            Work::LookUp { until } => {
                let (found, server) = self.open.look_up(*way, placing, now()).await;
                (DeliveryEvent::LookedUp { until, found }, server)
            }
        };
        Outcome {
            row: job.row,
            event,
            server,
        }
    }
}

/// A claim given back.
fn not_sent(job: &Job<Handed>) -> Option<Outcome> {
    let Work::Send { claim } = job.work else {
        return None;
    };
    let answer = Answer::NotSent { retry_at: now() };
    Some(Outcome {
        row: job.row,
        event: DeliveryEvent::Answered { claim, answer },
        server: ServerNews::NotAsked,
    })
}
