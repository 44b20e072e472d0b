//! What a resource must be before it is taken in.

use serde_json::Value;

use super::World;
use super::answers::{Answer, bad_request, unprocessable};
use super::kinds::Kind;
use super::store::patient_of;

/// Reads a body as a resource of this type.
pub(super) fn read(world: &World, kind: Kind, body: &[u8]) -> Result<Value, Answer> {
    let value: Value = serde_json::from_slice(body)
        .map_err(|error| bad_request(&format!("the body is not JSON: {error}")))?;
    whole(world, kind, &value)?;
    Ok(value)
}

/// Refuses what is not a complete resource of this type about somebody known.
pub(super) fn whole(world: &World, kind: Kind, value: &Value) -> Result<(), Answer> {
    if value["resourceType"] != kind.name() {
        let said = format!("the body is no {}", kind.name());
        return Err(bad_request(&said));
    }
    if let Some(member) = kind
        .required()
        .iter()
        .find(|member| value[**member].is_null())
    {
        let said = format!("{}.{member} is missing", kind.name());
        return Err(unprocessable("required", &said));
    }
    let status = value["status"].as_str().unwrap_or_default();
    if !kind.statuses().is_empty() && !kind.statuses().contains(&status) {
        let said = format!("{}.status is none of FHIR's codes", kind.name());
        return Err(unprocessable("code-invalid", &said));
    }
    somebody_known(world, kind, value)
}

fn somebody_known(world: &World, kind: Kind, value: &Value) -> Result<(), Answer> {
    let Some(member) = kind.person_member() else {
        return Ok(());
    };
    if value[member].is_null() || world.options.any_subject {
        return Ok(());
    }
    let known = patient_of(kind, value).is_some_and(|id| world.people.number_of(id).is_some());
    if known {
        return Ok(());
    }
    let said = format!("{}.{member} refers to nobody on this server", kind.name());
    Err(unprocessable("not-found", &said))
}
