//! The stand-in's server: the made-up city over FHIR R4, with faults on demand.
//!
//! # What lives here
//!
//! An HTTP server on one address: FHIR below `/fhir`, and below `/_control` what a test wants to know or to change.
//! What does not live here: decisions about anybody, and anything that production needs.
//!
//! # How the data flows
//!
//! A request → its fault, if the plan draws one (`faults`) → the interaction (`interactions`, `search`, `transaction`) on
//! the register (`people`, made up when asked for) and on what was written (`store`) → an answer (`answers`) on a
//! connection that can be cut or made to drip (`connection`).
//!
//! | control address | what it does |
//! |---|---|
//! | `GET /_control/orders` | the server's own count of orders by identifier; `?type=Task` for others, `?summary=true` without the list |
//! | `GET /_control/requests` | how many requests reached the work, by kind, and how many faults happened |
//! | `POST /_control/faults` | puts the plan in the body in force, written like `--faults` |
//! | `POST /_control/quiet` | nothing goes wrong any more |
//! | `POST /_control/advance` | `{"days": n}`: so many days pass; only with a clock of its own |
//!
//! # Invariants
//!
//! * What is declared is what is done: an interaction or a search parameter that is not declared is refused or ignored.
//! * "Create unless it exists" and transactions are atomic: one lock around the store.
//! * An effect is in the journal before it can be seen.
//! * A fault changes answers and moments, never what an effect is.
//!
//! # Why it is so
//!
//! **Bytes and hashes, not trees.** A hundred thousand orders as JSON trees are over a gigabyte. Kept as text they are what
//! they were on the wire, and parsing the few that a search looks at costs microseconds.
//!
//! **The register is computed, not stored.** A resident is a function of seed and number, so a city costs 16 bytes a head.
//! Resources of the register therefore cannot be updated; what is written over the interface can.
//!
//! **Decimals of clients are read as numbers.** `6.10` sent by a client comes back as `6.1`. Orders have no decimals.

mod answers;
mod calls;
mod capability;
mod checks;
mod clock;
mod connection;
mod control;
mod faults;
mod http;
mod interactions;
mod journal;
mod kinds;
mod parameters;
mod people;
mod profiles;
mod search;
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

use clock::Clock;
use connection::{Line, Lines};
use control::Counters;
use faults::Faults;
use journal::Journal;
use kinds::Kind;
use people::People;
use profiles::Declared;
use store::Store;

use super::person;

pub use faults::{FaultPlan, FaultPlanError};
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
    /// What goes wrong.
    pub faults: FaultPlan,
    /// Whether `If-None-Exist` is looked at; declared as it is.
    pub conditional_create: bool,
    /// Whether orders can be searched; declared as it is.
    pub orders_searchable: bool,
    /// Whether orders can be searched by identifier, where the profile has it; declared as it is.
    pub identifier_search: bool,
    /// Whether orders about people who are not on the register are taken.
    pub any_subject: bool,
    /// A file that gets one line for each effect.
    pub journal: Option<PathBuf>,
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
    runtime.block_on(run(options, listening))
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
        store: Mutex::new(Store::new(journal)),
        people,
        counters: Counters::default(),
        clock: options.start.map_or(Clock::Machine, Clock::starting),
        here: here.to_string(),
        options,
    });
    let [mut terminate, mut interrupt] = [
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    ];
    let service = http::router(world).into_make_service_with_connect_info::<Line>();
    listening(here)?;
    tokio::select! {
        served = axum::serve(Lines(listener), service) => served?,
        // What clients are still waiting for is lost, as it is when a real server is stopped.
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
