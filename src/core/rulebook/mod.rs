//! Rule book: the medicine, loaded and checked.
//!
//! # What lives here
//!
//! The step from rule texts to a [`Rulebook`] whose parts are known to fit:
//! every band covers the line without gap or overlap, every reference leads
//! somewhere, every score has a row. Not the evaluation of a rule for a
//! resident (that is `risk` and `pathway`), and no reading of files: the caller
//! hands over [`RuleFile`]s.
//!
//! # How the data flows
//!
//! [`Rulebook::load`] takes all files at once and returns the rule book, or
//! *all* its [`Diagnostic`]s with file, line and hint; one mistake never hides
//! another.
//!
//! # Invariants
//!
//! * A rule book with a mistake cannot be built.
//! * No clinical number is in this code; each is in a file that names its source.
//! * A number whose source was not seen carries `verified = false`, and
//!   [`Rulebook::unverified`] lists it wherever rules are shown.
//!
//! # Example
//!
//! ```
//! use preventiojyraa_core::rulebook::{RuleFile, Rulebook};
//!
//! let broken = RuleFile { path: "programme.toml".into(), text: "id = 7".into() };
//! let mistakes = Rulebook::load(&[broken]).expect_err("7 is not a name");
//! assert!(mistakes.iter().any(|m| (m.line, m.code) == (1, "rule-wrong-type")));
//! ```
//!
//! # Why it is so
//!
//! Rules are TOML tables, not an expression language: a clinician can read a
//! table aloud, a loader can prove that it is complete, and a difference
//! between two versions is a difference between two lists. The files are
//! walked as trees with the place of every value, not deserialised into
//! structs, since a deserialiser stops at the first mistake of a file.

use std::sync::Arc;

mod bands;
mod calibration;
mod catalogue;
mod changes;
mod diagnostic;
mod header;
mod load;
mod model;
mod model_read;
mod order_codes;
mod pathway;
mod pathway_read;
mod programme;
mod questionnaire;
mod reader;
mod texts;
mod texts_proof;
mod thresholds;
pub mod tree;

pub use bands::{Band, Bands, End};
pub use calibration::{
    Calibration, CalibrationUse, Conversion, Estimand, EstimandsDiffer, Line, Observed,
};
pub(crate) use calibration::{expit, log_odds};
pub use catalogue::{Catalogue, CodeSystem, FactDefinition, FactKind, Specimen};
pub use changes::{Change, changes};
pub use diagnostic::{Diagnostic, RuleFile, Severity};
pub use header::{Header, Source, Status};
pub use load::fingerprint;
pub use model::{
    AnswerOption, Class, Example, Item, ItemInput, MeasureBands, MeasureSource, Model, Resolve,
    Signal, SignalTest,
};
pub use order_codes::{OrderCode, OrderCodes};
pub use pathway::{
    Condition, Deadlines, NextStep, Pathway, Priority, RegisterFinding, Review, Row, ScorePosition,
    StageKind, State,
};
pub use programme::{InForcePeriod, Programme};
pub use questionnaire::{AnswerMeaning, Questionnaire, QuestionnaireItem};
pub use texts::{Language, QuestionText, Text, TextFile, TextStatus, TextValues, Texts};
pub use thresholds::{Category, CategoryBand, Thresholds};

/// A number or choice in the rules whose source nobody has seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unverified {
    /// The rule file, relative to the rules folder.
    pub file: String,
    /// Line in it.
    pub line: usize,
    /// Why it is there all the same.
    pub why: String,
}

/// What a rule file calls itself: every decision can be traced to these.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleName {
    /// The rule's id.
    pub id: String,
    /// Its version.
    pub version: String,
    /// The rule file, relative to the rules folder.
    pub file: String,
}

/// A checked set of rules: everything a decision depends on beside facts and the date.
#[derive(Debug, Clone)]
pub struct Rulebook {
    /// Which rules are in force.
    pub programme: Programme,
    /// What facts exist and which codes mean them.
    pub catalogue: Catalogue,
    /// Forms whose answers become facts.
    pub questionnaires: Vec<Questionnaire>,
    /// The score in force.
    pub model: Model,
    /// Score to probability, in force.
    pub calibration: Calibration,
    /// Score to probability of another estimand, shown beside the one in force.
    pub display_calibration: Option<Calibration>,
    /// Bands of laboratory results in force.
    pub thresholds: Thresholds,
    /// The table of what comes next, in force.
    pub pathway: Pathway,
    /// What laboratories are asked for, in force.
    pub order_codes: OrderCodes,
    /// What people read, in every language.
    pub texts: Texts,
    /// Every number that is not verified, file by file.
    pub unverified: Vec<Unverified>,
    /// The files it was read from, sorted by path.
    pub files: Arc<[RuleFile]>,
    /// What each of the files calls itself, sorted.
    pub names: Vec<RuleName>,
    /// SHA-256 over all files: the identity of this rule book, 64 hexadecimal digits.
    pub fingerprint: String,
    /// SHA-256 over the files that decide which facts are read from submissions.
    pub facts_fingerprint: String,
}

impl Rulebook {
    /// Checks rule files and builds the rule book they describe.
    ///
    /// # Errors
    ///
    /// All mistakes of all files, sorted by file and line.
    pub fn load(files: &[RuleFile]) -> Result<Self, Vec<Diagnostic>> {
        load::load(files)
    }

    /// Whether a rule of this version is part of this rule book.
    #[must_use]
    pub fn holds(&self, id: &str, version: &str) -> bool {
        let mut names = self.names.iter();
        names.any(|name| name.id == id && name.version == version)
    }

    /// The form by which residents are asked, when the programme names one.
    #[must_use]
    pub fn form(&self) -> Option<&Questionnaire> {
        let id = self.programme.form.as_deref()?;
        self.questionnaires.iter().find(|form| form.header.id == id)
    }
}
