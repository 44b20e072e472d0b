//! The programme's report: one offline page for clinicians, researchers and whoever signs.
//!
//! A first page in three languages that can be read aloud, then what stands behind it. A section is
//! added in [`page`], in one place; what is not in the report stands in [`not_in_this_report`].

mod card;
mod first_page;
mod page;
mod tripod;

use super::learning_text::LearningSubject;
use crate::learning::{DriftSeen, Learning, PrecisionByGroup};
use crate::rulebook::Rulebook;

pub use card::{CardLine, model_card};
pub use first_page::{FirstPage, first_page};
pub use page::report_page;
pub use tripod::{TripodItem, tripod};

/// Everything that the report tells of.
#[derive(Debug, Clone)]
pub struct Reported {
    /// The rules as they are in force.
    pub rulebook: Rulebook,
    /// The figures.
    pub learning: Learning,
    /// What they are about.
    pub subject: LearningSubject,
    /// For whom and when the programme is right.
    pub precision: PrecisionByGroup,
    /// How the calibration in force and the items of the score have moved.
    pub drift: DriftSeen,
    /// What the registry of the model says.
    pub registry: ModelOnRecord,
}

/// What is on record of the model's recalibrations.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelOnRecord {
    /// Every proposal, oldest first.
    pub proposals: Vec<ProposalOnRecord>,
    /// The share of residents about whom a newer one decides, and its number.
    pub shared: Option<(u32, String)>,
}

/// A proposed recalibration.
#[derive(Debug, Clone, PartialEq)]
pub struct ProposalOnRecord {
    /// Its number.
    pub number: u32,
    /// The day of looking back, ISO.
    pub as_of: String,
    /// Added to the log odds.
    pub intercept: f64,
    /// What the log odds are multiplied by.
    pub slope: f64,
    /// How many verified people it was fitted on.
    pub verified: u64,
    /// How many of them were confirmed.
    pub confirmed: u64,
    /// How far it has come, in words.
    pub standing: String,
    /// Gates that it was judged by, each with what it said; none before it was tried.
    pub gates: Vec<(String, String)>,
}

/// What the report does not hold, a sentence each.
#[must_use]
pub fn not_in_this_report() -> [&'static str; 4] {
    [
        "The effect of treatment after a flag beyond the drugs and the service that the calibration names: advice and changed habits lower what is observed later, and no figure is corrected for them.",
        "The costs and harms of tests and of waiting for them.",
        "Groups told apart by more than one thing at a time; differences between groups are not tested.",
        "Other data than this programme's own: there is no external validation.",
    ]
}

/// What stands where nothing is known.
pub(super) const NOT_STATED: &str = "not stated";
