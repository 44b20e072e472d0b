//! The stand-in's server: the made-up city over FHIR R4, with faults on demand.
//!
//! # What lives here
//!
//! An HTTP server on one address: FHIR below `/fhir`, exports below `/bulk`, tokens at `/auth/token`, and below `/_control`
//! what a test wants to know or to change.
//! What does not live here: decisions about anybody, and anything that production needs.
//!
//! # How the data flows
//!
//! A request → its fault, if the plan draws one or the header `X-Standin-Fault` names one (`faults`, `shaped`) → the interaction (`interactions`, `search`, `transaction`) on
//! the register (`people`, made up when asked for) and on what was written (`store`), if the token (`access`, `scopes`)
//! allows it, or on the files of an export (`export`, `files`) → an answer (`answers`) on a
//! connection that can be cut or made to drip (`connection`). What was written stands on disk (`bodies`); what is long is
//! made while it is sent (`chunks`).
//!
//! With a clock of its own the server also lives (`life`): residents, the laboratory and clinicians react to what was
//! written, day by day, as often as assumed rates say.
//!
//! | control address | what it does |
//! |---|---|
//! | `GET /_control/orders` | the server's own count of orders by identifier; `?type=Task` for others, `?summary=true` without the list |
//! | `GET /_control/requests` | how many requests reached the work, by kind, and how many faults happened |
//! | `POST /_control/faults` | puts the plan in the body in force, written like `--faults` |
//! | `POST /_control/quiet` | nothing goes wrong any more |
//! | `POST /_control/advance` | `{"days": n}`: so many days pass and the city lives them; only with a clock of its own |
//! | `GET /_control/world` | what has happened in the city, counted |
//! | `GET /_control/truth` | CSV of everybody: would they be confirmed within 12 months of `?from=` (a date; today by default), had they been ordered both tests and come, and had a professional been asked about each result in the diabetic range |
//! | `POST /_control/fate` | `{"patient": id, "answers_after_days": n or null, "attends_after_days": n or null, "amended": bool, "offer": "ignores", "declines", "does-not-start", "starts" or "finishes"}` |
//! | `POST /_control/dies`, `moves`, `hides`, `refuses` | `{"patient": id}`: they die, leave the city, get their address hidden, or refuse the programme, today |
//!
//! # Invariants
//!
//! * What is declared is what is done: an interaction or a search parameter that is not declared is refused or ignored.
//! * "Create unless it exists" and transactions are atomic: one lock around the store.
//! * An effect is in the journal before it can be seen.
//! * What somebody in the city does is a function of seed, resident, and how often they were asked the like.
//! * A fault changes answers and moments, never what an effect is.
//!
//! # Why it is so
//!
//! **Texts on disk, hashes in memory.** What a city of a hundred thousand writes in three years is hundreds of megabytes
//! of JSON, and gigabytes as trees. Texts stand in a file without a name, in the system's folder for temporary ones
//! (`TMPDIR`); reading and parsing the few that a search looks at costs microseconds. Files of exports are made while they
//! are fetched. So a city costs about a hundred bytes of memory a resident, and about sixty more for each resource.
//!
//! **The register is computed, not stored.** A resident is a function of seed and number, so a city costs 16 bytes a head.
//! Resources of the register therefore cannot be updated; what is written over the interface can.
//!
//! **Decimals of clients are read as numbers.** `6.10` sent by a client comes back as `6.1`. Orders have no decimals.

mod access;
mod answers;
mod bodies;
mod calls;
mod capability;
mod checks;
mod chunks;
mod clock;
mod connection;
mod control;
mod export;
mod faults;
mod files;
mod groups;
mod http;
mod interactions;
mod journal;
mod keys;
mod kinds;
mod life;
mod parameters;
mod people;
mod profiles;
mod scopes;
mod search;
mod shaped;
mod store;
mod transaction;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::civil::Date;
use tokio::net::TcpListener;
use tokio::runtime;
use tokio::signal::unix::{SignalKind, signal};

use access::Access;
use clock::Clock;
use connection::{Line, Lines};
use control::Counters;
use export::Exports;
use faults::Faults;
use journal::Journal;
use kinds::Kind;
use life::Life;
use people::People;
use profiles::Declared;
use store::Store;

use super::person;

pub use access::{Client, TokenOptions};
pub use faults::{FaultPlan, FaultPlanError};
pub use keys::{ClientKeyError, ClientKeyKind, read_client_keys, write_client_key};
pub use profiles::Profile;

/// What to serve, and how.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// Number of residents; 0 is an empty city.
    pub residents: u32,
    /// The seed; another seed is another city.
    pub seed: u64,
    /// The day of the register.
    pub as_of: Date,
    /// Noon of this day is the time here, until told to advance; otherwise the machine's clock is.
    pub start: Option<Date>,
    /// What is declared and allowed.
    pub profile: Profile,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// How tokens are given; without it nobody needs one.
    pub tokens: Option<TokenOptions>,
    /// For how many seconds an export is under way at least.
    pub export_seconds: u32,
    /// What goes wrong.
    pub faults: FaultPlan,
    /// Whether `If-None-Exist` is looked at; declared as it is.
    pub conditional_create: bool,
    /// Whether orders can be searched; declared as it is.
    pub orders_searchable: bool,
    /// Whether orders are taken, whatever is declared.
    pub takes_orders: bool,
    /// Whether orders can be searched by identifier, where the profile has it; declared as it is.
    pub identifier_search: bool,
    /// Whether orders about people who are not on the register are taken.
    pub any_subject: bool,
    /// A file that gets one line for each effect.
    pub journal: Option<PathBuf>,
    /// Whether the server ends when its standard input does: whoever started it may die without a word.
    pub until_stdin_closes: bool,
}

impl ServeOptions {
    /// True when a type can be searched by a parameter.
    fn searches_by(&self, declared: &Declared, parameter: &str) -> bool {
        let hidden = !self.identifier_search && declared.kind == Kind::ServiceRequest;
        let known = parameter == "_id" || declared.parameters.contains(&parameter);
        known && !(hidden && parameter == "identifier")
    }
}

/// Why the city cannot be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// There are not so many test identity codes.
    #[error("cannot simulate {residents} residents\nhint: at most {most} have test identity codes")]
    Residents {
        /// What was asked for.
        residents: u32,
        /// The most there can be.
        most: u32,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}\nhint: port 0 takes a free one")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The journal cannot be opened.
    #[error("cannot append to `{}`", path.display())]
    Journal {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file for what clients write cannot be made.
    #[error(
        "cannot make a file in the folder for temporary ones\nhint: `TMPDIR` names another folder"
    )]
    Disk(#[source] io::Error),
    /// The server broke down.
    #[error("the server broke down")]
    Broken(#[from] io::Error),
}

/// Everything the handlers of requests share.
///
/// The store has one lock, held for one interaction or one page; faults have another. Nobody holds both.
struct World {
    options: ServeOptions,
    people: People,
    store: Mutex<Store>,
    faults: Faults,
    /// Taken before the store's lock, never while that is held.
    life: Mutex<Life>,
    access: Access,
    exports: Exports,
    counters: Counters,
    clock: Clock,
    /// The address we listen on, for clients that do not say by which name they know us.
    here: String,
}

impl World {
    /// The store, locked. A handler that panicked left it whole or lost its own resource only.
    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn life(&self) -> MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves until the process is told to end; `listening` hears the address as soon as clients can connect.
///
/// # Errors
///
/// [`ServeError`] when an option is out of range, or the system refuses the address, the journal or threads.
pub fn serve(
    options: ServeOptions,
    listening: impl FnOnce(SocketAddr) -> io::Result<()>,
) -> Result<(), ServeError> {
    if person::MOST_RESIDENTS < options.residents {
        return Err(ServeError::Residents {
            residents: options.residents,
            most: person::MOST_RESIDENTS,
        });
    }
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(4)
        .enable_all()
        .build()?;
    let served = runtime.block_on(run(options, listening));
    // An export that is being prepared has nobody left to ask for it.
    runtime.shutdown_background();
    served
}

/// Waits for the end of standard input, or for ever.
async fn parent_gone(is_wanted: bool) {
    if !is_wanted {
        return std::future::pending().await;
    }
    let (tell, hear) = tokio::sync::oneshot::channel::<()>();
    // A thread of its own, which nobody waits for: a blocking read cannot be called off.
    std::thread::spawn(move || {
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        drop(tell);
    });
    let _ = hear.await;
}

async fn run(
    options: ServeOptions,
    listening: impl FnOnce(SocketAddr) -> io::Result<()>,
) -> Result<(), ServeError> {
    let address = options.listen;
    let journal = Journal::open(options.journal.as_deref()).map_err(|source| {
        let path = options.journal.clone().unwrap_or_default();
        ServeError::Journal { path, source }
    })?;
    let people = People::new(options.residents, options.seed, options.as_of);
    let refused = |source| ServeError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    let here = listener.local_addr().map_err(refused)?;
    let world = Arc::new(World {
        faults: Faults::new(options.faults.clone()),
        store: Mutex::new(Store::new(journal).map_err(ServeError::Disk)?),
        people,
        life: Mutex::default(),
        access: Access::new(options.tokens.clone()),
        exports: Exports::default(),
        counters: Counters::default(),
        clock: options.start.map_or(Clock::Machine, Clock::starting),
        here: here.to_string(),
        options,
    });
    let [mut terminate, mut interrupt] = [
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    ];
    let parent_gone = parent_gone(world.options.until_stdin_closes);
    let service = http::router(world).into_make_service_with_connect_info::<Line>();
    listening(here)?;
    tokio::select! {
        served = axum::serve(Lines(listener), service) => served?,
        // What clients are still waiting for is lost, as it is when a real server is stopped.
        _ = terminate.recv() => {}
        _ = parent_gone => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
