//! The services, and what they want to be given.

use serde_json::{Map, Value, json};

use crate::rulebook::Rulebook;

/// What record systems are asked for, by key. Parameters are those that CDS Hooks recommends: a
/// reference by `patient`, one token by `category`.
pub(super) const PREFETCH: [(&str, &str); 9] = [
    ("patient", "Patient/{{context.patientId}}"),
    (
        "laboratory",
        "Observation?patient={{context.patientId}}&category=laboratory",
    ),
    (
        "vitals",
        "Observation?patient={{context.patientId}}&category=vital-signs",
    ),
    ("conditions", "Condition?patient={{context.patientId}}"),
    (
        "medications",
        "MedicationRequest?patient={{context.patientId}}",
    ),
    (
        "family",
        "FamilyMemberHistory?patient={{context.patientId}}",
    ),
    (
        "answers",
        "QuestionnaireResponse?patient={{context.patientId}}",
    ),
    ("consents", "Consent?patient={{context.patientId}}"),
    ("requests", "ServiceRequest?patient={{context.patientId}}"),
];

/// A service, one for each moment at which it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// Somebody's record is opened.
    PatientView,
    /// An order is being chosen.
    OrderSelect,
}

impl Service {
    /// Every service.
    pub const ALL: [Self; 2] = [Self::PatientView, Self::OrderSelect];

    /// Its id in addresses, in the ledger and in metrics.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::PatientView => "screening-patient-view",
            Self::OrderSelect => "screening-order-select",
        }
    }

    /// The hook by which it is called.
    #[must_use]
    pub const fn hook(self) -> &'static str {
        match self {
            Self::PatientView => "patient-view",
            Self::OrderSelect => "order-select",
        }
    }

    /// The service of an id.
    #[must_use]
    pub fn of(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.id() == id)
    }

    const fn description(self) -> &'static str {
        match self {
            Self::PatientView => {
                "Says what the city's screening would do next for the person whose record is open, with the score, its reasons and what is not known; suggests the laboratory tests that would be ordered."
            }
            Self::OrderSelect => {
                "Suggests the laboratory tests that the city's screening would order, while others are being ordered; says nothing of those that are."
            }
        }
    }
}

/// What there is: the answer to `GET /cds-services`.
pub(super) fn discovery(rulebook: &Rulebook) -> Value {
    let prefetch: Map<String, Value> = PREFETCH
        .iter()
        .map(|(key, template)| ((*key).to_owned(), json!(template)))
        .collect();
    let services = Service::ALL.map(|service| {
        json!({
            "hook": service.hook(),
            "id": service.id(),
            "title": format!("Screening: {}", rulebook.programme.header.id),
            "description": service.description(),
            "prefetch": prefetch,
            "usageRequirements": "Works without prefetch for residents whose data the screening has pulled already.",
        })
    });
    json!({ "services": services })
}
