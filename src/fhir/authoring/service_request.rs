//! `ServiceRequest`: a laboratory test that is ordered.

use fhir_sdk::DateTime;
use fhir_sdk::r4b::codes::{RequestIntent, RequestPriority, RequestStatus};
use fhir_sdk::r4b::resources::{ServiceRequest, ServiceRequestOccurrence};
use fhir_sdk::r4b::types::{CodeableConcept, Period};

use crate::AuthoringError;
use crate::parts::{
    BusinessIdentifier, Coded, CodedFields, concept, date, identifier, note, reference, text, token,
};

/// SNOMED CT, whose code for a laboratory procedure is the category by which R4 servers search.
const LABORATORY: Coded<'static> = Coded {
    system: "http://snomed.info/sct",
    code: "108252007",
    display: "Laboratory procedure",
};

const CATEGORY: CodedFields = CodedFields {
    system: "category.system",
    code: "category.code",
    display: "category.display",
};

const CODE: CodedFields = CodedFields {
    system: "codes.system",
    code: "codes.code",
    display: "codes.display",
};

/// What a professional must know about the origin of a suggestion.
const SUGGESTED: &str = "Suggested by PreventioJyrää, a screening program that is not a certified medical device; a professional decides.";

/// What a laboratory's staff must know about the origin of an order.
const DISCLAIMER: &str = "Ordered by PreventioJyrää, a screening program that is not a certified medical device, by rules a medical lead has approved.";

/// How far an order is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum RequestStanding<'a> {
    /// It is placed: status `active`.
    Placed,
    /// A professional is to sign it: status `draft`, under an id that holds until then.
    Draft {
        /// The id, unique where it is shown.
        id: &'a str,
    },
}

/// What a `ServiceRequest` says: one resident, one laboratory test, one period for the sample.
///
/// Nothing about where the resident lives. It has no `Debug`, which would print
/// a resident's data.
#[derive(Clone, Copy, PartialEq)]
pub struct ServiceRequestContent<'a> {
    /// The order's own name: the same whenever this order is sent, and for no other order.
    pub identifier: BusinessIdentifier<'a>,
    /// The name that the orders of one round share.
    pub requisition: BusinessIdentifier<'a>,
    /// The reference `Patient/{id}`, relative or absolute, as the receiver knows the resident.
    pub resident: &'a str,
    /// The test under all codes that name it, the receiver's own first; not empty.
    pub codes: &'a [Coded<'a>],
    /// Why it is ordered, in words.
    pub reason: &'a str,
    /// The day it was decided, `YYYY-MM-DD`.
    pub decided_on: &'a str,
    /// The last day for the sample, `YYYY-MM-DD`.
    pub sample_by: &'a str,
    /// How far it is.
    pub standing: RequestStanding<'a>,
}

/// Writes a `ServiceRequest` as the bytes of one JSON resource.
///
/// Status `active` (a draft: `draft`), intent `order`, priority `routine`: what this program may
/// order has no urgency; what is urgent goes to a person.
///
/// # Errors
///
/// [`AuthoringError`] names the first field that does not keep the promise in
/// its description.
///
/// # Source
///
/// HL7 FHIR R4 (4.0.1), resource `ServiceRequest`: `requisition` is the
/// identifier that requests share which were authorised together.
///
/// # Example
///
/// ```
/// use preventiojyraa_authoring::{
///     BusinessIdentifier, Coded, RequestStanding, ServiceRequestContent, service_request,
/// };
///
/// let json = service_request(&ServiceRequestContent {
///     identifier: BusinessIdentifier { system: "https://preventio.example/order", value: "o-17" },
///     requisition: BusinessIdentifier { system: "https://preventio.example/round", value: "r-17" },
///     resident: "Patient/17",
///     codes: &[Coded { system: "http://loinc.org", code: "59261-8", display: "HbA1c" }],
///     reason: "Screening for type 2 diabetes",
///     decided_on: "2026-03-02",
///     sample_by: "2026-05-01",
///     standing: RequestStanding::Placed,
/// })?;
/// assert!(String::from_utf8(json)?.contains(r#""status":"active""#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn service_request(content: &ServiceRequestContent<'_>) -> Result<Vec<u8>, AuthoringError> {
    serde_json::to_vec(&built(content)?).map_err(AuthoringError::Json)
}

/// The typed resource; apart from its bytes, so that the tests can compare the two.
pub(crate) fn built(content: &ServiceRequestContent<'_>) -> Result<ServiceRequest, AuthoringError> {
    if content.codes.is_empty() {
        return Err(AuthoringError::Text { field: "codes" });
    }
    let from = date("decided_on", content.decided_on)?;
    let to = date("sample_by", content.sample_by)?;
    let period = Period::builder()
        .start(DateTime::Date(from.clone()))
        .end(DateTime::Date(to))
        .build()?;
    let reason = CodeableConcept::builder()
        .text(text("reason", content.reason)?)
        .build()?;
    let (status, origin) = match content.standing {
        RequestStanding::Placed => (RequestStatus::Active, DISCLAIMER),
        RequestStanding::Draft { .. } => (RequestStatus::Draft, SUGGESTED),
    };
    let builder = ServiceRequest::builder();
    let builder = match content.standing {
        RequestStanding::Placed => builder,
        RequestStanding::Draft { id } => builder.id(token("standing.id", id)?),
    };
    let built = builder
        .identifier(vec![Some(identifier(&content.identifier)?)])
        .requisition(identifier(&content.requisition)?)
        .status(status)
        .intent(RequestIntent::Order)
        .category(vec![Some(concept(&CATEGORY, &[LABORATORY])?)])
        .priority(RequestPriority::Routine)
        .code(concept(&CODE, content.codes)?)
        .subject(reference("resident", content.resident, Some("Patient"))?)
        .occurrence(ServiceRequestOccurrence::Period(period))
        .authored_on(DateTime::Date(from))
        .reason_code(vec![Some(reason)])
        .note(vec![Some(note(origin.to_owned())?)])
        .build()?;
    Ok(built)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const HBA1C: ServiceRequestContent<'static> = ServiceRequestContent {
        identifier: BusinessIdentifier {
            system: "https://preventio.example/order",
            value: "00ff",
        },
        requisition: BusinessIdentifier {
            system: "https://preventio.example/round",
            value: "r-17-1",
        },
        resident: "Patient/r-17",
        codes: &[
            Coded {
                system: "urn:oid:1.2.246.537.6.3",
                code: "6128",
                display: "B-HbA1c",
            },
            Coded {
                system: "http://loinc.org",
                code: "59261-8",
                display: "",
            },
        ],
        reason: "Type-2 diabetes prevention",
        decided_on: "2026-03-02",
        sample_by: "2026-05-01",
        standing: RequestStanding::Placed,
    };

    #[test]
    fn an_order_says_this_and_nothing_else() {
        let bytes = service_request(&HBA1C).expect("the content is sound");
        let written: Value = serde_json::from_slice(&bytes).expect("a resource is JSON");
        assert_eq!(
            written,
            json!({
                "resourceType": "ServiceRequest",
                "identifier": [{"system": "https://preventio.example/order", "value": "00ff"}],
                "requisition": {"system": "https://preventio.example/round", "value": "r-17-1"},
                "status": "active",
                "intent": "order",
                "category": [{"coding": [{
                    "system": "http://snomed.info/sct",
                    "code": "108252007",
                    "display": "Laboratory procedure"
                }]}],
                "priority": "routine",
                "code": {"coding": [
                    {"system": "urn:oid:1.2.246.537.6.3", "code": "6128", "display": "B-HbA1c"},
                    {"system": "http://loinc.org", "code": "59261-8"}
                ]},
                "subject": {"reference": "Patient/r-17"},
                "occurrencePeriod": {"start": "2026-03-02", "end": "2026-05-01"},
                "authoredOn": "2026-03-02",
                "reasonCode": [{"text": "Type-2 diabetes prevention"}],
                "note": [{"text": DISCLAIMER}]
            })
        );
    }

    #[test]
    fn a_draft_says_that_nobody_has_signed_it() {
        let draft = ServiceRequestContent {
            standing: RequestStanding::Draft { id: "draft-1" },
            ..HBA1C
        };
        let bytes = service_request(&draft).expect("the content is sound");
        let written: Value = serde_json::from_slice(&bytes).expect("a resource is JSON");
        assert_eq!(written["id"], "draft-1");
        assert_eq!(written["status"], "draft");
        assert_eq!(written["note"], json!([{ "text": SUGGESTED }]));
        let placed = service_request(&HBA1C).expect("the content is sound");
        let mut placed: Value = serde_json::from_slice(&placed).expect("a resource is JSON");
        for field in ["id", "status", "note"] {
            placed[field] = written[field].clone();
        }
        assert_eq!(placed, written);
    }

    #[test]
    fn an_order_reads_back_unchanged_in_the_typed_models() {
        let bytes = service_request(&HBA1C).expect("the content is sound");
        let read: ServiceRequest = serde_json::from_slice(&bytes).expect("the models read it");
        assert_eq!(read, built(&HBA1C).expect("the content is sound"));
    }

    #[test]
    fn what_is_missing_or_odd_is_refused_by_name() {
        let refusal = |content| {
            let refused = service_request(&content).expect_err("not sound");
            refused.to_string()
        };
        for (content, field) in [
            (
                ServiceRequestContent {
                    codes: &[],
                    ..HBA1C
                },
                "`codes`",
            ),
            (
                ServiceRequestContent {
                    resident: "r-17",
                    ..HBA1C
                },
                "`resident`",
            ),
            (
                ServiceRequestContent {
                    resident: "Practitioner/r-17",
                    ..HBA1C
                },
                "`resident`",
            ),
            (
                ServiceRequestContent {
                    decided_on: "2026-03",
                    ..HBA1C
                },
                "`decided_on`",
            ),
            (
                ServiceRequestContent {
                    sample_by: "2026-02-30",
                    ..HBA1C
                },
                "`sample_by`",
            ),
            (
                ServiceRequestContent {
                    reason: " ",
                    ..HBA1C
                },
                "`reason`",
            ),
        ] {
            let said = refusal(content);
            assert!(said.contains(field), "{said}");
            assert!(!said.contains("r-17"), "{said}");
        }
    }
}
