//! Clinical resources as statements about one resident.

use preventiojyraa_core::intake::{Content, Issue, SubmittedValue};
use preventiojyraa_core::profile::Standing;
use preventiojyraa_core::rulebook::CodeSystem;

use super::channel::ORDERS;
use super::frame::{Frame, first_code, has_code};
use super::reading::{Reading, Resource, patient_reference};
use super::values::{own_value, value};
use super::wire::{
    Condition, Consent, FamilyMemberHistory, MedicationRequest, Observation, ServiceRequest,
};

pub(super) fn observation<'p>(
    reading: &Reading<'_>,
    observation: &'p Observation<'_>,
    digest: u64,
) -> Result<Resource<'p>, Issue> {
    let by_resident = observation.performer.iter().flatten().any(|performer| {
        performer
            .reference
            .as_deref()
            .is_some_and(|r| patient_reference(r).is_some() && r.contains("Patient/"))
    });
    let period = observation.effective_period.as_ref();
    let own_codings = reading.codings(observation.code.as_ref());
    let frame = Frame {
        resource_type: "Observation",
        id: observation.id.as_deref(),
        meta: observation.meta.as_ref(),
        subject: observation.subject.as_ref(),
        digest,
        standing: if by_resident {
            Standing::SelfReported
        } else if reading.means_condition(&own_codings) {
            // Only a Condition is a clinician's diagnosis.
            Standing::Unaccepted
        } else {
            Standing::Established
        },
        effective: observation
            .effective_date_time
            .as_deref()
            .or(observation.effective_instant.as_deref())
            .or_else(|| period.and_then(|p| p.end.as_deref().or(p.start.as_deref()))),
        until: None,
        recorded: observation.issued.as_deref(),
        laboratory: reading.laboratory(observation.performer.as_deref().unwrap_or_default()),
    };
    let unmapped = first_code("Observation", observation.code.as_ref());
    let status = observation.status.as_deref().unwrap_or("missing");
    let contents = match status {
        "final" | "amended" | "corrected" => {
            observation_contents(reading, observation, own_codings)
        }
        // Without a code it may be anything that was said before under this id.
        "entered-in-error" | "cancelled"
            if observation.code.is_none() || is_mapped(reading, observation) =>
        {
            vec![Content::Withdrawn]
        }
        other if is_mapped(reading, observation) => vec![Content::NotFinal(other)],
        _ => observation_contents(reading, observation, own_codings),
    };
    let mut resource = frame.statements(reading, contents, unmapped)?;
    if let (Resource::Statements { answers, .. }, "final" | "amended" | "corrected") =
        (&mut resource, status)
    {
        *answers = reading.answered(observation.based_on.as_deref().unwrap_or_default());
    }
    Ok(resource)
}

/// Whether the rules know any code of an observation; a preliminary result of
/// another kind is nobody's issue.
fn is_mapped(reading: &Reading<'_>, observation: &Observation<'_>) -> bool {
    let components = observation
        .component
        .iter()
        .flatten()
        .map(|part| part.code.as_ref());
    std::iter::once(observation.code.as_ref())
        .chain(components)
        .any(|code| reading.knows(code))
}

fn observation_contents<'p>(
    reading: &Reading<'_>,
    observation: &'p Observation<'_>,
    own_codings: Vec<(CodeSystem, &'p str)>,
) -> Vec<Content<'p>> {
    let own = Content::Coded {
        codings: own_codings,
        value: own_value(reading, observation),
        part: 0,
    };
    let components = observation
        .component
        .iter()
        .flatten()
        .zip(1..)
        .map(|(part, n)| Content::Coded {
            codings: reading.codings(part.code.as_ref()),
            value: value(reading, part),
            part: n,
        });
    std::iter::once(own).chain(components).collect()
}

pub(super) fn condition<'p>(
    reading: &Reading<'_>,
    condition: &'p Condition<'_>,
    digest: u64,
) -> Result<Resource<'p>, Issue> {
    let is_diagnosis = condition.category.iter().flatten().any(|category| {
        has_code(
            Some(category),
            &["encounter-diagnosis", "problem-list-item"],
        )
    });
    let verification = condition.verification_status.as_ref();
    let is_doubted = has_code(
        verification,
        &["unconfirmed", "provisional", "differential"],
    );
    let is_withdrawn = has_code(verification, &["refuted", "entered-in-error"]);
    let is_over = has_code(
        condition.clinical_status.as_ref(),
        &["resolved", "inactive", "remission"],
    );
    let onset = condition
        .onset_period
        .as_ref()
        .and_then(|period| period.start.as_deref());
    let abatement = condition
        .abatement_period
        .as_ref()
        .and_then(|period| period.end.as_deref().or(period.start.as_deref()));
    let recorded = condition.recorded_date.as_deref();
    let effective = condition.onset_date_time.as_deref().or(onset).or(recorded);
    let frame = Frame {
        resource_type: "Condition",
        id: condition.id.as_deref(),
        meta: condition.meta.as_ref(),
        subject: condition.subject.as_ref(),
        digest,
        standing: if is_diagnosis && !is_doubted {
            Standing::Established
        } else {
            Standing::Unaccepted
        },
        effective,
        // Over without a date of ending: over since it was written down.
        until: condition
            .abatement_date_time
            .as_deref()
            .or(abatement)
            .or(if is_over {
                recorded.or(effective)
            } else {
                None
            }),
        recorded,
        laboratory: None,
    };
    let contents =
        if is_withdrawn && (condition.code.is_none() || reading.knows(condition.code.as_ref())) {
            vec![Content::Withdrawn]
        } else {
            vec![Content::Coded {
                codings: reading.codings(condition.code.as_ref()),
                value: SubmittedValue::None,
                part: 0,
            }]
        };
    frame.statements(
        reading,
        contents,
        first_code("Condition", condition.code.as_ref()),
    )
}

pub(super) fn medication_request<'p>(
    reading: &Reading<'_>,
    request: &'p MedicationRequest<'_>,
    digest: u64,
) -> Result<Resource<'p>, Issue> {
    let contained = || {
        let local = request
            .medication_reference
            .as_ref()?
            .reference
            .as_deref()?
            .strip_prefix('#')?;
        let mut contained = request.contained.iter().flatten();
        contained
            .find(|inner| inner.id.as_deref() == Some(local))?
            .code
            .as_ref()
    };
    let medication = request
        .medication_codeable_concept
        .as_ref()
        .or_else(contained);
    let frame = Frame {
        resource_type: "MedicationRequest",
        id: request.id.as_deref(),
        meta: request.meta.as_ref(),
        subject: request.subject.as_ref(),
        digest,
        standing: Standing::Established,
        effective: request.authored_on.as_deref(),
        until: None,
        recorded: request.authored_on.as_deref(),
        laboratory: None,
    };
    let codings = reading.codings(medication);
    let is_mapped = reading.knows(medication);
    let status = request.status.as_deref().unwrap_or("missing");
    // A proposal or plan is nobody's prescription yet.
    let is_order = !matches!(
        request.intent.as_deref(),
        Some("proposal" | "plan" | "option")
    );
    let content = match status {
        "entered-in-error" | "cancelled" if medication.is_none() || is_mapped => Content::Withdrawn,
        "active" | "completed" | "stopped" | "on-hold" if is_order => Content::Coded {
            codings,
            value: SubmittedValue::None,
            part: 0,
        },
        _ if !is_mapped => Content::Coded {
            codings,
            value: SubmittedValue::None,
            part: 0,
        },
        _ if !is_order => Content::NotFinal("a proposal"),
        other => Content::NotFinal(other),
    };
    frame.statements(
        reading,
        vec![content],
        first_code("MedicationRequest", medication),
    )
}

/// A test that somebody ordered: open, or over. Our own orders are known from the ledger and say
/// nothing here.
pub(super) fn service_request<'p>(
    reading: &Reading<'_>,
    request: &'p ServiceRequest<'_>,
    digest: u64,
) -> Result<Resource<'p>, Issue> {
    let frame = Frame {
        resource_type: "ServiceRequest",
        id: request.id.as_deref(),
        meta: request.meta.as_ref(),
        subject: request.subject.as_ref(),
        digest,
        standing: Standing::Established,
        effective: request.authored_on.as_deref(),
        until: None,
        recorded: request.authored_on.as_deref(),
        laboratory: reading.laboratory(request.performer.as_deref().unwrap_or_default()),
    };
    let mut identifiers = request.identifier.iter().flatten();
    let is_own = identifiers.any(|identifier| identifier.system.as_deref() == Some(ORDERS));
    let is_order = !matches!(
        request.intent.as_deref(),
        Some("proposal" | "plan" | "option")
    );
    let is_open = matches!(request.status.as_deref(), Some("active" | "on-hold"));
    let codings = reading.codings(request.code.as_ref());
    let is_mapped = reading.is_ordered(&codings);
    let content = match (is_own || !is_order || !is_mapped, is_open) {
        (true, _) => Content::Ordered {
            codings: Vec::new(),
        },
        (false, true) => Content::Ordered { codings },
        (false, false) => Content::Withdrawn,
    };
    frame.statements(
        reading,
        vec![content],
        first_code("ServiceRequest", request.code.as_ref()),
    )
}

pub(super) fn family_member_history<'p>(
    reading: &Reading<'_>,
    history: &'p FamilyMemberHistory<'_>,
    digest: u64,
) -> Result<Resource<'p>, Issue> {
    let frame = Frame {
        resource_type: "FamilyMemberHistory",
        id: history.id.as_deref(),
        meta: history.meta.as_ref(),
        subject: history.patient.as_ref(),
        digest,
        standing: Standing::Established,
        effective: history.date.as_deref().or_else(|| {
            history
                .meta
                .as_ref()
                .and_then(|meta| meta.last_updated.as_deref())
        }),
        until: None,
        recorded: None,
        laboratory: None,
    };
    let relationship = history.relationship.as_ref();
    let relationships: Vec<&str> = relationship
        .and_then(|concept| concept.coding.as_deref())
        .unwrap_or_default()
        .iter()
        .filter_map(|coding| coding.code.as_deref())
        .collect();
    let conditions = history.condition.as_deref().unwrap_or_default();
    let contents = match history.status.as_deref() {
        Some("entered-in-error") => vec![Content::Withdrawn],
        _ => conditions
            .iter()
            .map(|relative| Content::Relative {
                relationships: relationships.clone(),
                codings: reading.codings(relative.code.as_ref()),
            })
            .collect(),
    };
    let first = conditions
        .first()
        .and_then(|relative| relative.code.as_ref());
    frame.statements(reading, contents, first_code("FamilyMemberHistory", first))
}

pub(super) fn consent<'p>(
    reading: &Reading<'_>,
    consent: &'p Consent<'_>,
    digest: u64,
) -> Result<Resource<'p>, Issue> {
    let provision = consent.provision.as_ref();
    let denies = provision.and_then(|p| p.kind.as_deref()) == Some("deny");
    let status = consent.status.as_deref().unwrap_or("missing");
    let frame = Frame {
        resource_type: "Consent",
        id: consent.id.as_deref(),
        meta: consent.meta.as_ref(),
        subject: consent.patient.as_ref(),
        digest,
        standing: Standing::Established,
        effective: consent.date_time.as_deref(),
        until: provision.and_then(|p| p.period.as_ref()?.end.as_deref()),
        recorded: consent.date_time.as_deref(),
        laboratory: None,
    };
    let concepts = consent.category.iter().flatten().chain(
        provision
            .and_then(|p| p.code.as_deref())
            .unwrap_or_default(),
    );
    let mut all: Vec<(CodeSystem, &str)> = concepts
        .flat_map(|concept| reading.codings(Some(concept)))
        .collect();
    all.dedup();
    let is_mapped = all
        .iter()
        .any(|(system, code)| reading.has_meaning(*system, code));
    let content = match status {
        _ if !is_mapped && !all.is_empty() => Content::Coded {
            codings: all,
            value: SubmittedValue::None,
            part: 0,
        },
        "active" if denies => Content::Coded {
            codings: all,
            value: SubmittedValue::None,
            part: 0,
        },
        // A refusal taken back, or permission given: whatever this consent refused, it no longer does.
        _ => Content::Withdrawn,
    };
    let first = consent.category.as_deref().and_then(<[_]>::first);
    frame.statements(reading, vec![content], first_code("Consent", first))
}
