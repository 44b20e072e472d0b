//! Groups of residents that an export can be asked for: everybody, and slices of a thousand.
//!
//! Group ids are agreed with the hospital and configured at the client: `helsinki` is everybody, `helsinki-1` the first
//! thousand by number, and so on.

use std::ops::Range;

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::World;
use super::answers::{Answer, not_found};
use super::calls::Call;

const EVERYBODY: &str = "helsinki";
/// Residents of a slice.
const SLICE: u32 = 1_000;

/// The numbers of a group's residents.
pub(super) fn members(world: &World, id: &str) -> Option<Range<u32>> {
    let count = world.people.count();
    if id == EVERYBODY {
        return Some(0..count);
    }
    let slice: u32 = id
        .strip_prefix(EVERYBODY)?
        .strip_prefix('-')?
        .parse()
        .ok()?;
    let first = slice.checked_sub(1)?.checked_mul(SLICE)?;
    (first < count).then(|| first..count.min(first.saturating_add(SLICE)))
}

/// Answers a read of one group, or a search for all.
pub(super) fn answer(world: &World, call: &Call, id: Option<&str>) -> Result<Answer, Answer> {
    let body = match id {
        Some(id) => {
            let members = members(world, id).ok_or_else(|| not_found("group with this id"))?;
            group(world, id, members)
        }
        None => bundle(world, call),
    };
    Ok(Answer::resource(
        StatusCode::OK,
        body.to_string().into_bytes(),
    ))
}

fn bundle(world: &World, call: &Call) -> Value {
    let slices = world.people.count().div_ceil(SLICE);
    let ids = (1..=slices).map(|n| format!("{EVERYBODY}-{n}"));
    let entries: Vec<Value> = [EVERYBODY.to_owned()]
        .into_iter()
        .chain(ids)
        .map(|id| {
            let range = members(world, &id).unwrap_or_default();
            let mut group = group(world, &id, range);
            group["member"].take();
            json!({ "fullUrl": format!("{}/Group/{id}", call.base()), "resource": without_null(group) })
        })
        .collect();
    json!({ "resourceType": "Bundle", "type": "searchset", "total": entries.len(), "entry": entries })
}

fn without_null(mut value: Value) -> Value {
    if let Some(members) = value.as_object_mut() {
        members.retain(|_, member| !member.is_null());
    }
    value
}

/// A group; a slice lists its members, the whole city does not.
fn group(world: &World, id: &str, range: Range<u32>) -> Value {
    let mut group = json!({
        "resourceType": "Group", "id": id, "type": "person", "actual": true,
        "name": format!("Keinotekoinen {id}"), "quantity": range.len(),
    });
    if id != EVERYBODY {
        let members = range.map(|number| {
            let reference = format!("Patient/{}", world.people.patient_of(number));
            json!({ "entity": { "reference": reference } })
        });
        group["member"] = members.collect();
    }
    group
}
