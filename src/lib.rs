//! PreventioJyrää: who is at risk, who to ask, who to test, and why.
//!
//! The tree is the path of the data: what we know → what it means → what we do.
//!
//! ```text
//! core (pure: no clock, no IO, no JSON, no async)
//! ├── profile    who and what we know: ids, dated facts, units
//! ├── rulebook   the medicine, loaded and checked
//! ├── intake     submissions become facts, or are set aside with an issue
//! ├── risk       facts become a score, a range if incomplete, a probability
//! ├── pathway    where a resident stands and what comes next, with reasons; episodes
//! ├── orders     what we intend to ask others to do
//! ├── delivery   how an order leaves, so that it arrives once or a person knows
//! ├── outcomes   what became of those who were decided about
//! ├── calibration  how right predictions were
//! ├── learning   what outcomes say about the calibration in force, and would change
//! ├── planning   what another action level would mean
//! ├── schedule   which step is due when
//! └── report     telling people
//!
//! edges (talk to the world)
//! ├── approval   who stands for a rule book or a change of its model: signatures and signers
//! ├── rules      rule files: those shipped in the binary, or a folder
//! ├── config     the site's configuration: what may be done here, and with whom
//! ├── fhir       export files and FHIR JSON, tokens, bulk export; authoring and carrying what we send
//! ├── channels   the ways by which orders leave, behind one trait: FHIR, signed files, HL7 v2, the worklist
//! ├── lake       Parquet: facts, register, issues, decisions
//! ├── ledger     SQL: pulls, runs, identities, episodes, outbox, tasks; the commit point
//! ├── evaluate   a researcher's own table, held against what happened
//! ├── steps      pull, run, act, explain, learn, reconcile, check, look back, replay, erase, retention: the order in which rooms work together
//! ├── web        pages for people who have signed in: routes and roles, sessions, HTML in three languages
//! ├── cds        cards for professionals in their own systems (CDS Hooks): who calls, what is asked, what is told back
//! ├── daemon     the clock and the drivers: the schedule, dispatcher, pull over the network, health and metrics
//! ├── standin    a made-up Helsinki to try it all on
//! ├── demo       the whole programme on it, in one command
//! └── cli        the command line (part of the program, not of the library)
//! ```
//!
//! # Invariants
//!
//! Each is checked by a test (`tests/tidy.rs` for those about the source).
//!
//! * Imports point one way:
//!   `profile → rulebook → intake → risk → pathway → orders → delivery → outcomes → calibration → learning → planning → schedule → report`,
//!   then the edges.
//! * The core is a package without IO, clock, JSON or async in its dependencies.
//! * `fhir` is the only room that knows FHIR JSON; `ledger` the only one that knows SQL.
//! * Only `cli`, `daemon` and the stand-in's server read the clock; everybody else takes dates as
//!   arguments. Leases are judged by the database's clock.
//! * `standin` imports no room: two sides that share one misreading would agree.
//! * A clinical number stands once, in `rules/`, with a source.
//! * Same facts, same rules, same date: same decision, byte for byte.
//! * No resident's data in logs, errors, panics or `Debug` output.
//!
//! The words are in the [`glossary`].

pub use preventiojyraa_core::{
    calibration, delivery, intake, learning, orders, outcomes, pathway, planning, profile, report,
    risk, rulebook, schedule,
};

pub mod approval;
pub mod cds;
pub mod channels;
pub mod config;
pub mod daemon;
pub mod demo;
pub mod evaluate;
pub mod fhir;
pub mod lake;
pub mod ledger;
pub mod rules;
pub mod standin;
pub mod steps;
pub mod web;

#[doc = include_str!("glossary.md")]
pub mod glossary {}
