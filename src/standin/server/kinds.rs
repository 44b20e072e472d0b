//! The resource types the server knows, and what each must say before it is taken in.

use super::super::lines;

/// A resource type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Patient,
    Observation,
    Condition,
    MedicationRequest,
    FamilyMemberHistory,
    QuestionnaireResponse,
    Consent,
    ServiceRequest,
    Communication,
    Task,
    Questionnaire,
    DiagnosticReport,
    Group,
}

impl Kind {
    /// All of them.
    pub(super) const ALL: [Kind; 13] = [
        Kind::Patient,
        Kind::Observation,
        Kind::Condition,
        Kind::MedicationRequest,
        Kind::FamilyMemberHistory,
        Kind::QuestionnaireResponse,
        Kind::Consent,
        Kind::ServiceRequest,
        Kind::Communication,
        Kind::Task,
        Kind::Questionnaire,
        Kind::DiagnosticReport,
        Kind::Group,
    ];

    /// The type with this name.
    pub(super) fn named(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// FHIR's name of the type.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Patient => "Patient",
            Kind::Observation => "Observation",
            Kind::Condition => "Condition",
            Kind::MedicationRequest => "MedicationRequest",
            Kind::FamilyMemberHistory => "FamilyMemberHistory",
            Kind::QuestionnaireResponse => "QuestionnaireResponse",
            Kind::Consent => "Consent",
            Kind::ServiceRequest => "ServiceRequest",
            Kind::Communication => "Communication",
            Kind::Task => "Task",
            Kind::Questionnaire => "Questionnaire",
            Kind::DiagnosticReport => "DiagnosticReport",
            Kind::Group => "Group",
        }
    }

    /// The same type among those of the made-up register.
    pub(super) fn in_register(self) -> Option<lines::Kind> {
        lines::Kind::ALL
            .into_iter()
            .find(|kind| kind.name() == self.name())
    }

    /// Which member names the person; `None` where a resource is about nobody.
    pub(super) fn person_member(self) -> Option<&'static str> {
        match self {
            Kind::FamilyMemberHistory | Kind::Consent => Some("patient"),
            Kind::Task => Some("for"),
            Kind::Observation
            | Kind::Condition
            | Kind::MedicationRequest
            | Kind::QuestionnaireResponse
            | Kind::ServiceRequest
            | Kind::Communication
            | Kind::DiagnosticReport => Some("subject"),
            Kind::Patient | Kind::Questionnaire | Kind::Group => None,
        }
    }

    /// Members that FHIR R4 requires.
    pub(super) fn required(self) -> &'static [&'static str] {
        match self {
            Kind::ServiceRequest => &["status", "intent", "subject"],
            Kind::MedicationRequest => &["status", "intent", "subject"],
            Kind::Task => &["status", "intent"],
            Kind::Observation | Kind::DiagnosticReport => &["status", "code"],
            Kind::Condition => &["subject"],
            Kind::FamilyMemberHistory => &["status", "patient", "relationship"],
            Kind::Consent => &["status", "scope", "category"],
            Kind::Communication | Kind::QuestionnaireResponse | Kind::Questionnaire => &["status"],
            Kind::Group => &["type", "actual"],
            Kind::Patient => &[],
        }
    }

    /// The codes that FHIR R4 allows as status; empty where the type has none.
    pub(super) fn statuses(self) -> &'static [&'static str] {
        match self {
            Kind::ServiceRequest => &[
                "draft",
                "active",
                "on-hold",
                "revoked",
                "completed",
                "entered-in-error",
                "unknown",
            ],
            Kind::Task => &[
                "draft",
                "requested",
                "received",
                "accepted",
                "rejected",
                "ready",
                "cancelled",
                "in-progress",
                "on-hold",
                "failed",
                "completed",
                "entered-in-error",
            ],
            Kind::Communication => &[
                "preparation",
                "in-progress",
                "not-done",
                "on-hold",
                "stopped",
                "completed",
                "entered-in-error",
                "unknown",
            ],
            Kind::Observation => &[
                "registered",
                "preliminary",
                "final",
                "amended",
                "corrected",
                "cancelled",
                "entered-in-error",
                "unknown",
            ],
            Kind::QuestionnaireResponse => &[
                "in-progress",
                "completed",
                "amended",
                "entered-in-error",
                "stopped",
            ],
            Kind::Questionnaire => &["draft", "active", "retired", "unknown"],
            Kind::Patient
            | Kind::Condition
            | Kind::MedicationRequest
            | Kind::FamilyMemberHistory
            | Kind::Consent
            | Kind::DiagnosticReport
            | Kind::Group => &[],
        }
    }
}
