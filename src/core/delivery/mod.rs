//! Delivery: how an order leaves, so that it arrives once or a person knows.
//!
//! # What lives here
//!
//! The life of one row of the outbox ([`Delivery`]), how fast one server may be
//! asked ([`Pace`]), and the [`Dispatcher`], a machine that decides what to do
//! next and does nothing itself. No network, no database, no clock.
//!
//! # How the data flows
//!
//! The driver tells the dispatcher what happened (`step(now, event)`), and does
//! what the actions say: take jobs from the ledger, send, look up, save. What an
//! answer means for a row is `Delivery::apply`, called inside the ledger's
//! transaction; what it means for people is [`consequence`].
//!
//! # Invariants
//!
//! * Nothing is sent that is not first on disk as being sent.
//! * After a send without a clear answer, nothing is sent again before the other side was asked
//!   twice whether it has the order; where it cannot be asked, a person is.
//! * A row takes one way: another only after a clear answer that nothing was done.
//! * A row is sent twice at most. What is then still unknown goes to a person.
//! * What the other side has, it has: no later news makes an acknowledged row unacknowledged.
//!
//! # Example
//!
//! ```
//! use jiff::{SignedDuration, Timestamp};
//! use preventiojyraa_core::delivery::{Answer, Delivery, DeliveryEvent, Policy, ReadBack};
//!
//! let policy = Policy { read_back: ReadBack::Possible, settle: SignedDuration::from_secs(60) };
//! let now = Timestamp::UNIX_EPOCH;
//! let claimed = DeliveryEvent::Claimed { claim: 1, lease_until: now + SignedDuration::from_secs(90) };
//! let sending = Delivery::planned(now).apply(&policy, now, &claimed)?;
//! // The connection broke: nobody knows, so the other side is asked before anything is sent again.
//! let answer = DeliveryEvent::Answered { claim: 1, answer: Answer::Silence };
//! let unknown = sending.apply(&policy, now, &answer)?;
//! assert!(!unknown.is_sendable(now + SignedDuration::from_hours(9)));
//! # Ok::<(), preventiojyraa_core::delivery::Stale>(())
//! ```
//!
//! # Why it is so
//!
//! A room of its own between `orders` (what is intended) and the edges (how
//! bytes travel), because this is where a wrong thought asks a person twice:
//! as a pure machine it is tested in simulated time with crashes at every step,
//! which a loop around a socket cannot be. The rejected alternative, retries
//! inside the HTTP client, repeats a request whose answer was lost.

mod consequence;
mod dispatcher;
mod event;
mod pace;
mod refused;
mod route;
mod state;

pub use consequence::{Consequence, TaskCode, consequence};
pub use dispatcher::{
    Action, Dispatcher, Event, Job, Limits, Mode, Outcome, ServerNews, Taken, Work,
};
pub use event::{Answer, DeliveryEvent, Found};
pub use pace::{Pace, clamped_retry};
pub use refused::Refused;
pub use route::Route;
pub use state::{Delivery, Next, Policy, ReadBack, Stale};

use jiff::{SignedDuration, Timestamp};

/// An instant so much later; the end of the calendar is late enough for any wait.
#[must_use]
pub fn after(at: Timestamp, wait: SignedDuration) -> Timestamp {
    at.saturating_add(wait).unwrap_or(Timestamp::MAX)
}
