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
//! [`Rulebook::load_programme`] takes all files of a folder at once, which may hold several
//! programmes, and returns the rule book of one, or *all* [`Diagnostic`]s with file, line and hint; one mistake never hides
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
//! let broken = RuleFile { path: "programmes/p.toml".into(), text: "id = 7".into() };
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

mod asking;
mod bands;
mod calibration;
mod catalogue;
mod catalogue_read;
mod changes;
mod condition;
mod confirmation;
mod definitions;
mod diagnostic;
mod equation;
mod example_read;
mod fit;
mod folder;
mod header;
mod ladder;
mod load;
mod model;
mod model_changes;
mod model_file;
mod model_read;
mod offer;
mod order_codes;
mod pathway;
mod pathway_read;
mod programme;
mod progress;
mod questionnaire;
mod reader;
mod repointed;
mod state;
mod state_table;
mod sum;
mod term;
mod texts;
mod texts_proof;
mod thresholds;
pub mod tree;
mod vacuity;
mod vocabulary;
mod working_days;

pub use asking::{AskFirst, Asking};
pub use bands::{Band, Bands, End};
pub use calibration::{
    Calibration, CalibrationUse, Conversion, Estimand, EstimandsDiffer, Line, Observed, Treatment,
};
pub(crate) use calibration::{expit, log_odds};
pub use catalogue::{Catalogue, CodeSystem, FactDefinition, FactKind, Specimen};
pub use changes::{Change, changes};
pub use condition::{Condition, RegisterFinding, ScorePosition, StageKind};
pub use confirmation::{Abnormal, Confirmation, ConfirmationRow, NextTest};
pub use definitions::{Definition, DefinitionSignal, Strength};
pub use diagnostic::{Diagnostic, RuleFile, Severity};
pub use equation::{Equation, Layer, LayerLink, Layers};
pub use header::{Header, Source, Status, version_numbers};
pub use ladder::Rung;
use load::Origin;
pub use load::fingerprint;
pub use model::{
    Ages, Amount, AnswerOption, Class, Example, Item, ItemInput, MeasureSource, Model, Resolve,
    Score, ScoreUnit, Signal, SignalTest,
};
pub use model_changes::ModelChanges;
pub use offer::{OfferAnswer, OfferRules};
pub use order_codes::{OrderCode, OrderCodes};
pub use pathway::{Deadlines, Exclusion, NextStep, Pathway, Priority, Review, Row};
pub use programme::{InForcePeriod, Programme, Words};
pub use progress::Progress;
pub use questionnaire::{AnswerMeaning, Chosen, Questionnaire, QuestionnaireItem};
use reader::suggest as suggest_among;
pub use repointed::{NewPoints, next_version, repointed, with_examples};
pub use state::State;
pub(crate) use sum::{Cell, Context, OLDEST, for_each_value};
pub use term::{BySex, Centred, Term, Transform, Weights, When};
pub(crate) use term::{Value, amount};
pub use texts::{Language, QuestionText, Text, TextFile, TextStatus, TextValues, Texts};
pub use thresholds::{Category, CategoryBand, Policy, Thresholds};
pub use vocabulary::{
    Ambiguous, CodeSystemVersion, Laboratory, LaboratoryId, UnmappedLimits, Vocabulary, Watched,
};
pub use working_days::WorkingDays;

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
    /// Every score of the folder, for rehearsals; no region is chosen in them.
    pub models: Vec<Model>,
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
    /// Every number of its files that is not verified, file by file.
    pub unverified: Vec<Unverified>,
    /// Every programme of the folder, by its id.
    pub programmes: Vec<String>,
    /// The files that this rule book is: the programme's own, those that it names, all facts and all forms; sorted by path.
    pub files: Arc<[RuleFile]>,
    /// What each of these files calls itself, sorted.
    pub names: Vec<RuleName>,
    /// SHA-256 over those files: the identity of this rule book, 64 hexadecimal digits.
    pub fingerprint: String,
    /// SHA-256 over the files that decide which facts are read from submissions.
    pub facts_fingerprint: String,
}

/// A score cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelNotReady {
    /// There is none of this id.
    #[error("no model is called `{id}`\nhint: {hint}")]
    Unknown {
        /// What was asked for.
        id: String,
        /// What there is.
        hint: String,
    },
    /// It has numbers by region, and none for the programme's.
    #[error(
        "model `{id}` has numbers by region, and the programme's region is {region}\nhint: name one in `region` of the programme file: {known}"
    )]
    Region {
        /// The model.
        id: String,
        /// The programme's region.
        region: String,
        /// The model's regions.
        known: String,
    },
}

impl Rulebook {
    /// Checks rule files and builds the rule book of the default programme.
    ///
    /// # Errors
    ///
    /// All mistakes of all files, sorted by file and line: also of those that no programme names.
    pub fn load(files: &[RuleFile]) -> Result<Self, Vec<Diagnostic>> {
        load::load(files, None, Origin::Written)
    }

    /// Checks rule files and builds the rule book of one programme, by its id.
    ///
    /// # Errors
    ///
    /// All mistakes of all files, sorted by file and line; `programme-unknown` when none is called so.
    pub fn load_programme(files: &[RuleFile], id: &str) -> Result<Self, Vec<Diagnostic>> {
        load::load(files, Some(id), Origin::Written)
    }

    /// Builds the rule book of files that were kept with a run.
    ///
    /// Refusals that came later and change no decision, such as that of a version without an order,
    /// do not count here: what was decided by such rules can still be decided again.
    ///
    /// # Errors
    ///
    /// All other mistakes, as [`Rulebook::load`].
    pub fn load_kept(files: &[RuleFile]) -> Result<Self, Vec<Diagnostic>> {
        load::load(files, None, Origin::Kept)
    }

    /// The score of this id, with the layers of the programme's region.
    ///
    /// # Errors
    ///
    /// [`ModelNotReady`], with what there is.
    pub fn model_called(&self, id: &str) -> Result<Model, ModelNotReady> {
        let mut models = self.models.iter();
        let Some(model) = models.find(|model| model.header.id == id) else {
            let known: Vec<&str> = self.models.iter().map(|m| m.header.id.as_str()).collect();
            return Err(ModelNotReady::Unknown {
                id: id.to_owned(),
                hint: suggest_among(id, &known),
            });
        };
        let region = self.programme.region.as_deref();
        model
            .in_region(region)
            .ok_or_else(|| ModelNotReady::Region {
                id: id.to_owned(),
                region: region.map_or("none".to_owned(), str::to_owned),
                known: model.regions().join(", "),
            })
    }

    /// The numbers that are not verified and can count: those of scores that nobody uses are left out.
    pub fn unverified_in_use(&self) -> impl Iterator<Item = &Unverified> {
        let used: Vec<&str> = self
            .model
            .models()
            .chain([&self.model])
            .map(|m| &*m.file)
            .collect();
        let entries = self.unverified.iter();
        entries
            .filter(move |entry| !entry.file.starts_with("scores/") || used.contains(&&*entry.file))
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
        self.form_called(self.programme.form.as_deref()?)
    }

    /// The form by which residents say yes or no to an offer that a message makes; `None` when the
    /// message makes none.
    #[must_use]
    pub fn offer_form(&self, message: &str) -> Option<&Questionnaire> {
        let offer = self.programme.offer.as_ref();
        let offer = offer.filter(|offer| offer.message == message)?;
        self.form_called(&offer.form)
    }

    fn form_called(&self, id: &str) -> Option<&Questionnaire> {
        self.questionnaires.iter().find(|form| form.header.id == id)
    }
}
