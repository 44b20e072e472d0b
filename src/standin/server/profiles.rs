//! What the server declares and allows: like Apotti's published statement, or everything it can do.
//!
//! # Source
//!
//! Apotti: HL7 Finland, Finnish SMART IG, `CapabilityStatement-apotti-ekosysteemi.json` (2022), R4 base; reduced to the
//! types served here. It lists no create for `ServiceRequest` and no search of it by identifier.

use super::kinds::Kind;
use Interaction::{Create, Read, Search, Update};

/// Which server this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Declares what Apotti's published statement declares, and refuses the rest.
    Apotti,
    /// Declares everything it can do.
    Open,
}

/// An interaction with a resource type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interaction {
    Create,
    Read,
    Update,
    Search,
}

impl Interaction {
    /// FHIR's code of it.
    pub(super) fn code(self) -> &'static str {
        match self {
            Create => "create",
            Read => "read",
            Update => "update",
            Search => "search-type",
        }
    }
}

/// What is declared about one type.
pub(super) struct Declared {
    pub(super) kind: Kind,
    pub(super) interactions: &'static [Interaction],
    /// Search parameters besides `_id` and `_count`.
    pub(super) parameters: &'static [&'static str],
}

impl Declared {
    /// True when clients may do this.
    pub(super) fn allows(&self, interaction: Interaction) -> bool {
        self.interactions.contains(&interaction)
    }
}

impl Profile {
    /// What is declared, type by type.
    pub(super) fn declared(self) -> &'static [Declared] {
        match self {
            Profile::Apotti => APOTTI,
            Profile::Open => OPEN,
        }
    }

    /// True when the server takes transactions and batches.
    pub(super) fn transactions(self) -> bool {
        self == Profile::Open
    }

    /// True when a search must name a person or ids, as that of an operational record must.
    pub(super) fn searches_name_a_person(self) -> bool {
        self == Profile::Apotti
    }
}

const fn declared(
    kind: Kind,
    interactions: &'static [Interaction],
    parameters: &'static [&'static str],
) -> Declared {
    Declared {
        kind,
        interactions,
        parameters,
    }
}

const APOTTI: &[Declared] = &[
    declared(
        Kind::Patient,
        &[Create, Read, Search],
        &["identifier", "birthdate", "family", "given", "gender"],
    ),
    declared(
        Kind::Observation,
        &[Create, Read, Search, Update],
        &[
            "patient", "subject", "category", "code", "date", "issued", "based-on",
        ],
    ),
    declared(
        Kind::Condition,
        &[Create, Read, Search],
        &[
            "patient",
            "category",
            "clinical-status",
            "code",
            "onset-date",
            "recorded-date",
        ],
    ),
    declared(
        Kind::MedicationRequest,
        &[Read, Search],
        &["patient", "status", "intent", "authoredon"],
    ),
    declared(Kind::FamilyMemberHistory, &[Read, Search], &["patient"]),
    declared(
        Kind::QuestionnaireResponse,
        &[Create, Read, Search],
        &["patient", "subject"],
    ),
    declared(
        Kind::ServiceRequest,
        &[Read, Search],
        &["category", "patient", "status", "requester"],
    ),
    declared(
        Kind::Communication,
        &[Create, Read, Search],
        &["based-on", "category", "patient", "part-of"],
    ),
    declared(
        Kind::Task,
        &[Read, Search, Update],
        &["code", "patient", "status", "focus"],
    ),
    declared(
        Kind::DiagnosticReport,
        &[Read, Search, Update],
        &["category", "code", "date", "identifier", "patient"],
    ),
    declared(Kind::Consent, &[Read, Search], &["patient"]),
    declared(Kind::Group, &[Read, Search], &[]),
];

const EVERYTHING: &[Interaction] = &[Create, Read, Update, Search];

const OPEN: &[Declared] = &[
    declared(
        Kind::Patient,
        &[Read, Search],
        &[
            "identifier",
            "birthdate",
            "family",
            "given",
            "gender",
            "_lastUpdated",
        ],
    ),
    declared(
        Kind::Observation,
        EVERYTHING,
        &[
            "identifier",
            "patient",
            "subject",
            "status",
            "category",
            "code",
            "date",
            "issued",
            "based-on",
            "_lastUpdated",
        ],
    ),
    declared(
        Kind::Condition,
        EVERYTHING,
        &[
            "identifier",
            "patient",
            "subject",
            "category",
            "clinical-status",
            "code",
            "onset-date",
            "recorded-date",
            "_lastUpdated",
        ],
    ),
    declared(
        Kind::MedicationRequest,
        &[Read, Search],
        &[
            "identifier",
            "patient",
            "subject",
            "status",
            "intent",
            "code",
            "authoredon",
            "_lastUpdated",
        ],
    ),
    declared(
        Kind::FamilyMemberHistory,
        &[Read, Search],
        &["patient", "status", "_lastUpdated"],
    ),
    declared(
        Kind::QuestionnaireResponse,
        EVERYTHING,
        &[
            "identifier",
            "patient",
            "subject",
            "status",
            "authored",
            "questionnaire",
            "based-on",
            "_lastUpdated",
        ],
    ),
    declared(
        Kind::Consent,
        EVERYTHING,
        &[
            "identifier",
            "patient",
            "status",
            "category",
            "date",
            "_lastUpdated",
        ],
    ),
    declared(
        Kind::ServiceRequest,
        EVERYTHING,
        &[
            "identifier",
            "patient",
            "subject",
            "status",
            "intent",
            "category",
            "code",
            "authored",
            "_lastUpdated",
        ],
    ),
    declared(
        Kind::Communication,
        EVERYTHING,
        &[
            "identifier",
            "patient",
            "subject",
            "status",
            "category",
            "sent",
            "based-on",
            "part-of",
            "_lastUpdated",
        ],
    ),
    declared(
        Kind::Task,
        EVERYTHING,
        &[
            "identifier",
            "patient",
            "status",
            "intent",
            "code",
            "focus",
            "based-on",
            "_lastUpdated",
        ],
    ),
    declared(
        Kind::Questionnaire,
        EVERYTHING,
        &["identifier", "url", "status", "_lastUpdated"],
    ),
    declared(
        Kind::DiagnosticReport,
        EVERYTHING,
        &[
            "identifier",
            "patient",
            "subject",
            "status",
            "category",
            "code",
            "date",
            "based-on",
            "_lastUpdated",
        ],
    ),
    declared(Kind::Group, &[Read, Search], &[]),
];
