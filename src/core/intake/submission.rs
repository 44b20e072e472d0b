//! What a source sent, out of its wire format but not yet believed.

use jiff::civil::Date;

use crate::profile::{Comparator, ResidentId, Standing, SubmissionId, Unit, Version};
use crate::rulebook::{CodeSystem, LaboratoryId};

/// One statement of a source about one resident. Holds clinical data: no `Debug`.
#[derive(Clone)]
pub struct Submission<'a> {
    /// About whom.
    pub resident: ResidentId,
    /// Which resource.
    pub id: SubmissionId,
    /// Which version of it.
    pub version: Version,
    /// The day it was true; `None` when the source gives no usable date.
    pub effective: Option<Date>,
    /// The date as the source wrote it, for the issue.
    pub effective_text: Option<&'a str>,
    /// The day it stopped being true.
    pub until: Option<Date>,
    /// The day it was written down.
    pub recorded: Option<Date>,
    /// Who stands behind it.
    pub standing: Standing,
    /// Whose laboratory says it, where that is known: some codes mean something else in each.
    pub laboratory: Option<LaboratoryId>,
    /// What it says.
    pub content: Content<'a>,
}

/// What a submission says.
#[derive(Clone)]
pub enum Content<'a> {
    /// The source took it back.
    Withdrawn,
    /// It is not final yet; the status says so.
    NotFinal(&'a str),
    /// A measurement, diagnosis, prescription or choice.
    Coded {
        /// Its codes, in systems that the rules know.
        codings: Vec<(CodeSystem, &'a str)>,
        /// Its value.
        value: SubmittedValue<'a>,
        /// Which part of the resource it is.
        part: u16,
    },
    /// A relative's condition.
    Relative {
        /// Relationship codes (HL7 v3 `RoleCode`).
        relationships: Vec<&'a str>,
        /// Codes of the relative's condition.
        codings: Vec<(CodeSystem, &'a str)>,
    },
    /// A test that somebody has ordered and that is still to be done.
    Ordered {
        /// Codes of the test.
        codings: Vec<(CodeSystem, &'a str)>,
    },
    /// A task that somebody follows up, and how far it is.
    Progress {
        /// Codes of the task.
        codings: Vec<(CodeSystem, &'a str)>,
        /// Its status, in FHIR's word.
        status: &'a str,
        /// Codes of its business status.
        business: Vec<(CodeSystem, &'a str)>,
    },
    /// A filled-in form.
    Form {
        /// Canonical address of the form, possibly with `|version`.
        questionnaire: &'a str,
        /// Its answers.
        answers: Vec<Answered<'a>>,
    },
}

/// One answer of a form.
#[derive(Clone)]
pub struct Answered<'a> {
    /// Which question.
    pub link_id: &'a str,
    /// The answer; codes come as [`SubmittedValue::Other`].
    pub value: SubmittedValue<'a>,
}

/// A value as sent.
#[derive(Clone)]
pub enum SubmittedValue<'a> {
    /// No value at all, as is right for a diagnosis.
    None,
    /// The source says that there is none, and why.
    Absent,
    /// A number.
    Quantity {
        /// The number.
        value: f64,
        /// How it is limited.
        comparator: Comparator,
        /// Its unit.
        unit: SubmittedUnit<'a>,
    },
    /// Codes, in systems that the rules know.
    Codes(Vec<(CodeSystem, &'a str)>),
    /// Yes or no.
    Flag(bool),
    /// Anything else; for answers the code.
    Other(&'a str),
}

/// A unit as sent.
#[derive(Clone, Copy)]
pub enum SubmittedUnit<'a> {
    /// One this program knows.
    Known(Unit),
    /// One it does not.
    Unknown(&'a str),
    /// None.
    Missing,
}
