//! What is wrong with data, as data.

use std::fmt;

use crate::profile::Unit;
use crate::rulebook::FactDefinition;

/// How bad an issue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum IssueSeverity {
    /// Something was set aside and may matter for a person.
    Error,
    /// Something was set aside as the source meant it to be.
    Information,
}

macro_rules! issue_codes {
    ($($variant:ident $name:literal $severity:ident $meaning:literal,)*) => {
        /// Stable codes of issues, unique over the whole program.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum IssueCode { $(#[doc = $meaning] $variant,)* }

        impl IssueCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The code in kebab-case.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it means, in one line.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }

            /// How bad it is.
            #[must_use]
            pub const fn severity(self) -> IssueSeverity {
                match self { $(Self::$variant => IssueSeverity::$severity,)* }
            }
        }
    };
}

issue_codes! {
    NotJson "not-json" Error "the line is not JSON",
    CutOff "cut-off" Error "the line or the file ends in the middle",
    LineTooLong "line-too-long" Error "the line is longer than any resource should be",
    NotUtf8 "not-utf8" Error "the line is not UTF-8 text",
    DuplicateKey "duplicate-key" Error "the same key stands twice in one object",
    NotFhir "not-fhir" Error "the line is JSON but not the FHIR resource it claims to be",
    IdMissing "id-missing" Error "the resource has no id",
    SubjectMissing "subject-missing" Error "the resource does not say whom it is about",
    SubjectChanged "subject-changed" Error "a statement is now about somebody else than before",
    SubjectUnknown "subject-unknown" Error "the resource is about somebody who is not on the register",
    ResultOfAnother "result-of-another" Error "a result says that it answers an order for somebody else than it is about",
    ResultLate "result-late" Information "a result came when its order was not waited for any more",
    ResultDoubled "result-doubled" Information "an order has results of two samples",
    SameIdDifferentContent "same-id-different-content" Error "one resource came twice with different content and no time to tell which is newer",
    DateMissing "date-missing" Error "there is no usable date",
    DateInFuture "date-in-future" Error "the date is after the day of the pull",
    BirthDateInvalid "birth-date-invalid" Error "the birth date is not a date",
    GenderUnknown "gender-not-understood" Error "the gender is not one that FHIR has",
    DeathUndated "death-undated" Information "the resident is marked as dead without a date",
    PatientDeleted "patient-deleted" Error "the source has deleted the entry of somebody who is on the register",
    NationalIdInvalid "national-id-invalid" Error "the national identifier has a wrong form or check character",
    NationalIdShared "national-id-shared" Error "two residents share one national identifier",
    IdentityLinked "identity-linked" Information "the source links two entries as one person",
    ErasedResident "erased-resident" Error "somebody who was erased was sent again; nothing of it was stored",
    CodesDisagree "codes-disagree" Error "the codes of one resource mean different facts",
    UnitUnknown "unit-unknown" Error "the unit is not known",
    UnitMissing "unit-missing" Error "a number came without its unit",
    UnitNotAccepted "unit-not-accepted" Error "the unit does not belong to this measurement",
    ValueImplausible "value-implausible" Error "the value is outside what is plausible",
    ValueMissing "value-missing" Error "there is no value",
    ValueAbsent "value-absent" Information "the source says that there is no value",
    ValueNotUnderstood "value-not-understood" Error "the value is of a kind that this fact does not have",
    NotFinal "not-final" Information "the resource is not final",
    RelationshipUnknown "relationship-unknown" Error "the relationship of the relative is not known",
    QuestionUnknown "question-unknown" Information "the form has a question that the rules do not map",
    FormVersionUnknown "form-version-unknown" Error "the form is of a version that the rules do not map",
    AnswerUnknown "answer-unknown-code" Error "the answer is not one of those the rules map",
}

/// One thing wrong with one submission or line.
///
/// `saw` is clinical data: stored and shown to staff, never logged, and not
/// part of `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Issue {
    /// Which kind.
    pub code: IssueCode,
    /// Where in the resource, `FHIRPath`-like; empty for the whole.
    pub at: String,
    /// What we saw.
    pub saw: String,
    /// What we expected.
    pub expected: String,
    /// A question worth asking.
    pub hint: Option<String>,
}

impl fmt::Debug for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issue")
            .field("code", &self.code)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

impl Issue {
    /// An issue of a line or resource, as reading finds it.
    #[must_use]
    pub fn reading(code: IssueCode, at: impl Into<String>, expected: impl Into<String>) -> Self {
        Self {
            code,
            at: at.into(),
            saw: String::new(),
            expected: expected.into(),
            hint: None,
        }
    }

    /// Adds a hint.
    #[must_use]
    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }

    /// Adds what was seen; what looks like a national identifier is left out of it.
    #[must_use]
    pub fn with_saw(self, saw: impl Into<String>) -> Self {
        Self {
            saw: without_identifiers(saw.into()),
            ..self
        }
    }

    pub(super) fn not_final(status: &str) -> Self {
        Self::reading(IssueCode::NotFinal, "status", "a final status").with_saw(status)
    }

    pub(super) fn date_missing(text: Option<&str>) -> Self {
        Self::reading(IssueCode::DateMissing, "date", "a FHIR date, as 2025-03-14")
            .with_saw(text.unwrap_or("nothing"))
    }

    pub(super) fn date_in_future() -> Self {
        Self::reading(
            IssueCode::DateInFuture,
            "date",
            "a date not after the day of the pull",
        )
    }

    pub(super) fn codes_disagree(facts: &[&str]) -> Self {
        Self::reading(
            IssueCode::CodesDisagree,
            "code",
            "codes that all mean one fact",
        )
        .with_saw(facts.join(", "))
    }

    fn value(code: IssueCode, definition: &FactDefinition, expected: &str) -> Self {
        let issue = Self::reading(code, "value", format!("{}: {expected}", definition.name));
        Self {
            hint: definition.hint.clone(),
            ..issue
        }
    }

    pub(super) fn unit_unknown(definition: &FactDefinition, unit: &str) -> Self {
        Self {
            at: "value.unit".into(),
            hint: None,
            ..Self::value(IssueCode::UnitUnknown, definition, &units(definition))
        }
        .with_saw(unit)
    }

    pub(super) fn unit_missing(definition: &FactDefinition) -> Self {
        Self {
            at: "value.unit".into(),
            hint: None,
            ..Self::value(IssueCode::UnitMissing, definition, &units(definition))
        }
    }

    pub(super) fn unit_not_accepted(definition: &FactDefinition, unit: Unit) -> Self {
        Self {
            at: "value.unit".into(),
            hint: None,
            ..Self::value(IssueCode::UnitNotAccepted, definition, &units(definition))
        }
        .with_saw(unit.text())
    }

    pub(super) fn value_implausible(
        definition: &FactDefinition,
        value: f64,
        unit: Unit,
        (low, high): (f64, f64),
    ) -> Self {
        Self::value(
            IssueCode::ValueImplausible,
            definition,
            &format!("{low}–{high} {unit}"),
        )
        .with_saw(format!("{} {unit}", (value * 1e4).trunc() / 1e4))
    }

    pub(super) fn value_absent(definition: &FactDefinition) -> Self {
        Self {
            hint: None,
            ..Self::value(IssueCode::ValueAbsent, definition, "a value")
        }
    }

    pub(super) fn value_missing(definition: &FactDefinition) -> Self {
        Self {
            hint: None,
            ..Self::value(
                IssueCode::ValueMissing,
                definition,
                &format!("a number in {}", units(definition)),
            )
        }
    }

    pub(super) fn value_not_understood(definition: &FactDefinition) -> Self {
        Self {
            hint: None,
            ..Self::value(
                IssueCode::ValueNotUnderstood,
                definition,
                "another kind of value",
            )
        }
    }

    pub(super) fn statement_not_understood() -> Self {
        Self::reading(
            IssueCode::ValueNotUnderstood,
            "valueCodeableConcept",
            "a code that the rules list as an answer to this question",
        )
    }

    pub(super) fn relationship_unknown(relationships: &[&str]) -> Self {
        Self::reading(
            IssueCode::RelationshipUnknown,
            "relationship",
            "a v3 RoleCode listed in `facts/family.toml`",
        )
        .with_saw(relationships.join(", "))
    }

    pub(super) fn form_version_unknown(version: &str, known: &[String]) -> Self {
        let expected = format!("one of the mapped versions: {}", known.join(", "));
        Self::reading(IssueCode::FormVersionUnknown, "questionnaire", expected).with_saw(version)
    }

    pub(super) fn progress_unknown(definition: &FactDefinition) -> Self {
        Self::reading(
            IssueCode::AnswerUnknown,
            "businessStatus",
            format!("{}: a mapped status", definition.name),
        )
    }

    pub(super) fn question_unknown(link_id: &str) -> Self {
        Self::reading(
            IssueCode::QuestionUnknown,
            format!("item({link_id})"),
            "a mapped question",
        )
    }

    pub(super) fn answer_unknown(definition: &FactDefinition, link_id: &str) -> Self {
        Self::reading(
            IssueCode::AnswerUnknown,
            format!("item({link_id}).answer"),
            format!("{}: a mapped answer", definition.name),
        )
    }
}

/// The units of a fact, for people.
fn units(definition: &FactDefinition) -> String {
    let units: Vec<&str> = definition
        .plausible
        .iter()
        .map(|(unit, _, _)| unit.text())
        .collect();
    units.join(" or ")
}

/// Blanks out everything of the form `DDMMYY`, century sign, three digits, check character:
/// sources put identifiers into fields that are not for them.
fn without_identifiers(mut text: String) -> String {
    const LENGTH: usize = 11;
    let is_identifier = |window: &[u8]| {
        let digits = window[..6].iter().chain(&window[7..10]);
        digits.copied().all(|b| b.is_ascii_digit())
            && b"+-YXWVUABCDEF".contains(&window[6].to_ascii_uppercase())
            && window[10].is_ascii_alphanumeric()
    };
    while let Some(at) = text.as_bytes().windows(LENGTH).position(is_identifier) {
        text.replace_range(at..at + LENGTH, "[identifier]");
    }
    text
}
