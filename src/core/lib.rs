//! The pure rooms of PreventioJyrää: what we know, what it means, what we do about it.
//!
//! Nothing here reads a clock, a file or a network, or parses JSON; the package's
//! `Cargo.toml` has no crate that could. Random numbers are drawn by the bootstrap
//! alone, from a seed that the caller gives.
//!
//! ```text
//! profile → rulebook → intake → risk → pathway → orders → delivery → outcomes → calibration → learning → planning → schedule → report
//! ```
//!
//! Imports point left only. A caller reads data, calls the core with
//! `(rulebook, profile, index date)`, and writes what comes back.

pub mod calibration;
pub mod delivery;
pub mod intake;
pub mod learning;
pub mod orders;
pub mod outcomes;
pub mod pathway;
pub mod planning;
pub mod profile;
pub mod report;
pub mod risk;
pub mod rulebook;
pub mod schedule;
