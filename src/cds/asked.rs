//! What is asked: the body of a call, checked.
//!
//! # Source
//!
//! HL7 CDS Hooks 2.0, "Calling a CDS Service" and "Hook Definition Format"; hooks `patient-view` 1.0 and
//! `order-select` 1.0. Left out: `fhirServer` and `fhirAuthorization` are checked and dropped, since
//! the client's record system is not called; `encounterId` is not needed.

use serde_json::{Map, Value};

use super::service::{PREFETCH, Service};
use crate::fhir::Given;

/// Who looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looks {
    /// A professional.
    Professional,
    /// Somebody else: the person, or somebody close.
    Other,
}

/// A call that can be answered. About a person: no `Debug`.
pub(super) struct Asked {
    /// Who looks: `Practitioner/123`.
    pub(super) user: String,
    pub(super) looks: Looks,
    pub(super) patient_id: String,
    pub(super) given: Given,
    /// A bundle of what is being ordered; null for a hook without one.
    pub(super) drafts: Value,
}

impl Asked {
    /// Reads the body of a call to a service.
    ///
    /// # Errors
    ///
    /// What is wrong with it, by the name of the field.
    pub(super) fn read(service: Service, body: &[u8]) -> Result<Self, &'static str> {
        let call: Value = serde_json::from_slice(body).map_err(|_| "the body is not JSON")?;
        let call = call.as_object().ok_or("the body is not a JSON object")?;
        if text(call, "hook") != Some(service.hook()) {
            return Err("`hook` is not the hook of this service");
        }
        if !text(call, "hookInstance").is_some_and(is_uuid) {
            return Err("`hookInstance` is not a UUID");
        }
        if given(call, "fhirAuthorization").is_some() && text(call, "fhirServer").is_none() {
            return Err("`fhirAuthorization` comes without `fhirServer`");
        }
        let context = call.get("context").and_then(Value::as_object);
        let context = context.ok_or("`context` is not an object")?;
        let user = text(context, "userId").ok_or("`context.userId` is missing")?;
        let looks = user.split_once('/').filter(|(_, id)| is_id(id));
        let looks = match looks.map(|(kind, _)| kind) {
            Some("Practitioner" | "PractitionerRole") => Looks::Professional,
            Some("Patient" | "RelatedPerson") => Looks::Other,
            _ => return Err("`context.userId` is not like Practitioner/123"),
        };
        let patient_id = text(context, "patientId").filter(|id| is_id(id));
        let patient_id = patient_id.ok_or("`context.patientId` is not a FHIR id")?;
        let drafts = match service {
            Service::PatientView => Value::Null,
            Service::OrderSelect => drafts(context)?,
        };
        Ok(Self {
            user: user.to_owned(),
            looks,
            patient_id: patient_id.to_owned(),
            given: prefetched(call)?,
            drafts,
        })
    }
}

/// What is being ordered, of which something is selected.
fn drafts(context: &Map<String, Value>) -> Result<Value, &'static str> {
    let selections = context.get("selections").and_then(Value::as_array);
    let selections = selections.ok_or("`context.selections` is not a list")?;
    if !selections.iter().all(Value::is_string) {
        return Err("`context.selections` is not a list of references");
    }
    let drafts = context.get("draftOrders");
    let is_bundle = |drafts: &&Value| drafts["resourceType"] == "Bundle";
    let drafts = drafts.filter(is_bundle);
    drafts
        .cloned()
        .ok_or("`context.draftOrders` is not a Bundle")
}

/// What came along under the keys that were asked for; others are passed over.
fn prefetched(call: &Map<String, Value>) -> Result<Given, &'static str> {
    let mut all = Given::default();
    let Some(prefetch) = given(call, "prefetch") else {
        return Ok(all);
    };
    let prefetch = prefetch.as_object().ok_or("`prefetch` is not an object")?;
    for (key, _) in PREFETCH {
        if let Some(value) = prefetch.get(key) {
            all.add(value);
        }
    }
    Ok(all)
}

/// A field that is there and not null.
fn given<'c>(call: &'c Map<String, Value>, field: &str) -> Option<&'c Value> {
    call.get(field).filter(|value| !value.is_null())
}

pub(super) fn text<'c>(object: &'c Map<String, Value>, field: &str) -> Option<&'c str> {
    object.get(field)?.as_str()
}

/// 8-4-4-4-12 hexadecimal digits.
pub(super) fn is_uuid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && text.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
}

/// FHIR's id: 1 to 64 letters, digits, `-` and `.`.
fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn call() -> Value {
        json!({
            "hook": "patient-view",
            "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
            "context": { "userId": "Practitioner/1", "patientId": "aino" },
        })
    }

    fn mistake(change: impl FnOnce(&mut Value)) -> &'static str {
        let mut call = call();
        change(&mut call);
        let read = Asked::read(Service::PatientView, call.to_string().as_bytes());
        read.err().unwrap_or("none")
    }

    #[test]
    fn each_mistake_is_named_by_its_field() {
        assert_eq!(mistake(|_| ()), "none");
        for (field, value, wanted) in [
            ("hook", json!("order-sign"), "`hook`"),
            ("hookInstance", json!("1"), "`hookInstance`"),
            ("hookInstance", Value::Null, "`hookInstance`"),
            ("context", json!([]), "`context`"),
            ("prefetch", json!("x"), "`prefetch`"),
            ("fhirAuthorization", json!({}), "`fhirAuthorization`"),
        ] {
            let said = mistake(|call| call[field] = value);
            assert!(said.starts_with(wanted), "{field}: {said}");
        }
        for (field, value) in [
            ("userId", json!("Practitioner/")),
            ("userId", json!("Device/1")),
            ("userId", Value::Null),
            ("patientId", json!("a b")),
            ("patientId", json!("a".repeat(65))),
            ("patientId", json!(1)),
        ] {
            let said = mistake(|call| call["context"][field] = value);
            assert!(said.contains(field), "{said}");
        }
        assert_eq!(mistake(|call| call["prefetch"] = Value::Null), "none");
    }
}
