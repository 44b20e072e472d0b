//! Daemon: the clock, and what goes on by itself.
//!
//! # What lives here
//!
//! The driver of the dispatcher: it reads the clock, holds the connections and
//! the threads, and does what `delivery`'s machine says. The driver of a pull
//! over the network: it waits, keeps the job on disk, and does what the bulk
//! export's machine says; or it reads residents some at a time, with a book on
//! disk of who was read. The driver of the schedule: it begins what `schedule`'s machine
//! says is due, keeps it on record, ends when it is told to, and answers those who
//! watch and, by `cds`, professionals who have a record open. No rule, no SQL and no FHIR field name.
//!
//! # How the data flows
//!
//! `ledger.take` → job → `fhir` channel → outcome → `ledger.save`, with
//! [`Dispatcher`](crate::delivery::Dispatcher) deciding what comes when.
//!
//! [`serve`]: `schedule`'s machine → a step on a thread of its own → the record.
//!
//! [`network_pull`]: `fhir`'s machine → ask, fetch, wait → files →
//! [`pull`](crate::steps::pull).
//!
//! # Invariants
//!
//! * Where an export is asked for is on disk before the server is asked how far it is.
//! * The data folder is not held while a server prepares an export.
//! * The switch and the marks of faulty rules are looked at before each send, not once at the start.
//! * Nothing leaves before the epoch outside the data folder knows of it.
//! * Channels run side by side; those to one server share its places and its pace.
//! * A step of the schedule is on record before it begins. One that failed, broke down or was cut
//!   off keeps no other from its turn.
//! * Whoever watches is told counts of closed lists, nobody and no place.
//! * An error of the ledger ends the dispatcher; what was under way is found in
//!   doubt by the next one and asked about.
//!
//! # Why it is so
//!
//! One thread runs the connections, blocking threads run the ledger: a
//! transaction is never cut in half by a cancelled task. Whoever stops waiting
//! for an answer leaves the row `sending`; its lease ends it.
//!
//! Steps of the schedule run in this process, not as programs of their own: a child would outlive
//! a daemon that was killed, and be in the way of the next one. Each may be cut off at any moment,
//! so that a daemon told to end need not wait for an export.

mod cards;
mod dispatch;
mod dispatching;
mod evidence;
mod job_folder;
mod metrics;
mod network_crawl;
mod network_pull;
mod network_pull_error;
mod pages;
mod pull_status;
mod routes;
mod serve;
mod served_step;
mod serving;
mod source_pulls;
mod watch;

pub use dispatch::{dispatch, today};
pub use dispatching::{DispatchError, DispatchOptions, DispatchReport, Duration};
pub use evidence::evidence;
pub use job_folder::JobFolderError;
pub use network_pull::{NetworkPullOptions, PullBy, cancel_pull, network_pull};
pub use network_pull_error::NetworkPullError;
pub use pull_status::{PullStatus, UnderWay, pull_status};
pub use serve::serve;
pub use serving::{Listening, ServeError, ServeOptions, Tell};
pub use source_pulls::{SourcePulls, SourcePullsError, SourcesPulled, pull_sources};
