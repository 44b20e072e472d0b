//! PreventioJyrää: a population-screening engine.
pub use preventiojyraa_core::{intake, pathway, profile, report, risk, rulebook};

pub mod fhir;
pub mod lake;
pub mod ledger;
pub mod rules;
pub mod standin;
pub mod steps;
