//! Cds: cards for professionals who have somebody's record open in their own system (CDS Hooks 2.0).
//!
//! # What lives here
//!
//! The services and what they want to be given, reading what is asked and what is told back, cards as
//! JSON, and the answers over HTTP. No rule, no SQL; FHIR resources pass through and are read and written
//! by `fhir`. No clock: the daemon gives it.
//!
//! # How the data flows
//!
//! request → is there such a service → who calls → what is asked → [`card`](crate::steps::card) → what is
//! on record of it → a card. Feedback → on record.
//!
//! # Invariants
//!
//! * Nobody is told anything about anybody who has not shown who they are by a token that is good once.
//! * That a professional looks is on record before anything is read about anybody, and a card before it is shown.
//! * Nobody is scored here: a card is what the rules in force decide by the steps of a run.
//! * While nothing may be asked of anybody, there are no cards.
//! * The client's access token is neither kept nor used, and its record system is not called.
//! * Nothing about anybody is in an address, in what is told to operators, or in an error.
//! * Whatever comes, the answer is JSON of its standard, or says in one what was wrong.
//!
//! # Example
//!
//! ```
//! use preventiojyraa::cds::Service;
//!
//! assert_eq!(Service::PatientView.hook(), "patient-view");
//! ```
//!
//! # Why it is so
//!
//! Electronic records let no program place orders by itself, but show a suggestion that a professional
//! signs. So the order that a run would place is shown here as a draft, under the same key: whichever way
//! it is placed, it is one order. A listener of its own, since those who watch the daemon have no business
//! with people, and those who ask about people none with the daemon.

mod answers;
mod asked;
mod counts;
mod feedback;
mod listen;
mod service;
mod shown;

pub use counts::{CdsCounts, CdsOutcome};
pub use listen::{CdsOptions, services};
pub use service::Service;
