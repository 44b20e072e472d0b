//! Serving: what is due is done by itself, until the process is told to end.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use super::cards::served_cards;
use super::pages::served_pages;
use super::served_step::Work;
use super::serving::{Listening, ServeError, ServeOptions, ServedClock, timetable, zone};
use super::watch::{Watched, router};
use crate::cds::CdsCounts;
use crate::schedule::{Action, Ended, Event, Schedule, Start, Step};
use crate::steps::{self, Access, DataFolder};

/// How long it may take to write down what was not waited for.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// What comes back from the threads of steps.
type EndedStep = (Step, Ended);

/// Does what is due by itself until the process is told to end (SIGTERM or SIGINT); then begins nothing
/// new, waits for what is under way as long as the configuration says, and writes down what it did not
/// wait for. `listening` hears the addresses at which the daemon is watched, pages are and cards are asked for.
///
/// # Errors
///
/// When the folder, the configuration or the address cannot be used. What fails later is on record, and
/// serving goes on.
pub fn serve(options: ServeOptions, listening: impl FnOnce(Listening)) -> Result<(), ServeError> {
    let table = timetable(&options)?;
    let clock = ServedClock::of(&options)?;
    let zone = zone(&options.rulebook)?;
    let _alone = steps::served_alone(&options.root)?;
    // Whoever writes here already may go on.
    if !options.root.join("ledger.sqlite").exists() {
        drop(DataFolder::open(&options.root, Access::Write)?);
    }
    let data = DataFolder::open(&options.root, Access::Read)?;
    data.lies_as(&options.config)?;
    let now = clock.now();
    let since = data.served_since(now)?;
    let past = data.served_past(now)?;
    let schedule = Schedule::new(table, zone.clone(), since, &past);
    let (end, ended) = watch::channel(false);
    let watched = Arc::new(Watched {
        data: Mutex::new(data),
        schedule: Mutex::new(schedule),
        clock,
        options: options.clone(),
        cards: Arc::new(CdsCounts::default()),
    });
    let work = Arc::new(Work {
        options,
        clock,
        zone,
        end: ended,
        progress: Arc::default(),
    });
    let runtime = runtime()?;
    let served = runtime.block_on(run(&work, &watched, end, listening));
    // Who is still at work was waited for long enough: each step may be cut off at any moment.
    runtime.shutdown_background();
    served
}

/// One thread for the loop and those who watch; each step and each look at the ledger has a blocking one.
fn runtime() -> Result<Runtime, ServeError> {
    let mut builder = Builder::new_multi_thread();
    builder
        .worker_threads(1)
        .max_blocking_threads(8)
        .enable_all();
    builder.build().map_err(ServeError::Runtime)
}

async fn run(
    work: &Arc<Work>,
    watched: &Arc<Watched>,
    end: watch::Sender<bool>,
    listening: impl FnOnce(Listening),
) -> Result<(), ServeError> {
    let (listener, here) = listener(work.options.config.serve.listen).await?;
    let pages = served_pages(work).await?;
    let cards = served_cards(work, &watched.cards).await?;
    let mut signals = Signals::new()?;
    let service = router(Arc::clone(watched));
    // Ends with the runtime: whoever watches sees the connection close.
    let watching = tokio::spawn(async move { axum::serve(listener, service).await });
    listening(Listening {
        watched: here,
        pages,
        cards,
    });
    let (tell, mut hear) = unbounded_channel();
    let mut event = Event::Woke;
    // When what is still under way is not waited for any longer; nothing while nobody has said to end.
    let mut last = None;
    loop {
        let mut wake = None;
        for action in watched.step(event) {
            match action {
                Action::Begin(start) => begin(work, &tell, start),
                Action::Finish(_) => {
                    let _ = end.send(true);
                }
                Action::WakeAt(at) => wake = Some(at),
                Action::Stopped => {
                    watching.abort();
                    return Ok(());
                }
            }
        }
        event = match next(work.clock, wake, last, &mut hear, &mut signals).await {
            Heard::Event(Event::Stop) => {
                let seconds = work.options.config.serve.stop_seconds;
                let wait = Duration::from_secs(seconds.into());
                last = last.or(Some(Instant::now() + wait));
                (work.options.tell)("told to end: nothing new begins");
                Event::Stop
            }
            Heard::Event(event) => event,
            Heard::TooLate => break,
        };
    }
    watching.abort();
    (work.options.tell)(
        "what is under way is not waited for any longer; the next start goes on with it",
    );
    let (root, at) = (work.options.root.clone(), work.clock.now());
    let written = tokio::task::spawn_blocking(move || abandoned(&root, at));
    // A ledger that is being written to may keep us: then the next start finds it out.
    let _ = timeout(LAST_WORDS, written).await;
    Ok(())
}

/// Listens at an address, and says which it is.
pub(super) async fn listener(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ServeError> {
    let refused = |source| ServeError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    let here = listener.local_addr().map_err(refused)?;
    Ok((listener, here))
}

fn abandoned(root: &Path, at: Timestamp) -> Result<(), steps::StepError> {
    DataFolder::open(root, Access::Read)?.abandon_steps(at)
}

/// Does a step on a thread of its own, which tells the loop how it ended.
fn begin(work: &Arc<Work>, tell: &UnboundedSender<EndedStep>, start: Start) {
    let (work, tell) = (Arc::clone(work), tell.clone());
    tokio::task::spawn_blocking(move || {
        let ended = work.does(start);
        // The loop has ended: nobody waits.
        let _ = tell.send((start.step, ended));
    });
}

enum Heard {
    Event(Event),
    TooLate,
}

/// The next thing that happens.
async fn next(
    clock: ServedClock,
    wake: Option<Timestamp>,
    last: Option<Instant>,
    hear: &mut UnboundedReceiver<EndedStep>,
    signals: &mut Signals,
) -> Heard {
    let woken = async {
        match wake {
            Some(at) => sleep(clock.until(at)).await,
            None => std::future::pending().await,
        }
    };
    let too_late = async {
        match last {
            Some(at) => tokio::time::sleep_until(at).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        Some((step, ended)) = hear.recv() => Heard::Event(Event::Ended(step, ended)),
        () = woken => Heard::Event(Event::Woke),
        () = signals.told() => Heard::Event(Event::Stop),
        () = too_late => Heard::TooLate,
    }
}

/// The signals by which a process is told to end.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> Result<Self, ServeError> {
        let of = |kind| signal(kind).map_err(ServeError::Runtime);
        Ok(Self {
            terminate: of(SignalKind::terminate())?,
            interrupt: of(SignalKind::interrupt())?,
        })
    }

    async fn told(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

impl Watched {
    fn step(&self, event: Event) -> Vec<Action> {
        let mut schedule = self.schedule.lock().unwrap_or_else(PoisonError::into_inner);
        schedule.step(self.clock.now(), event)
    }
}
