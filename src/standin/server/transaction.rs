//! Transactions: every entry happens, or none does.
//!
//! First each entry is checked and each new resource gets its place, under the store's lock; then all are written. Between
//! the two nothing can be refused, so nothing has to be taken back; only a disk or journal that fails leaves a half.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::World;
use super::answers::{Answer, bad_request, precondition_failed, refused};
use super::calls::Call;
use super::checks;
use super::clock;
use super::interactions::{allowed, declared, failed, replaceable};
use super::kinds::Kind;
use super::profiles::Interaction;
use super::search::{address, existing};
use super::store::{Place, Store};

/// What one entry comes to.
enum Step {
    /// A new resource, at a place that is still free.
    Create(Kind, Place, Value),
    /// A resource that met the entry's condition already.
    Found(Kind, Place),
    Update(Kind, Place, Value),
}

/// Answers a transaction Bundle.
pub(super) fn answer(world: &World, call: &Call) -> Result<Answer, Answer> {
    world.counters.transactions.add();
    if !world.options.profile.transactions() {
        return Err(refused(
            StatusCode::METHOD_NOT_ALLOWED,
            "not-supported",
            "this server takes no transactions",
        ));
    }
    let bundle: Value = serde_json::from_slice(&call.body)
        .map_err(|error| bad_request(&format!("the body is not JSON: {error}")))?;
    if bundle["resourceType"] != "Bundle" || bundle["type"] != "transaction" {
        return Err(bad_request("the body is no Bundle of type transaction"));
    }
    let entries = bundle["entry"].as_array().map_or(&[][..], Vec::as_slice);
    let mut store = world.store();
    let mut plan = Plan::default();
    for entry in entries {
        plan.add(world, call, &store, entry)?;
    }
    let now = world.clock.millis();
    let answers = plan.perform(&mut store, now)?;
    let answer = json!({
        "resourceType": "Bundle", "type": "transaction-response", "entry": answers,
    });
    Ok(Answer::resource(
        StatusCode::OK,
        answer.to_string().into_bytes(),
    ))
}

#[derive(Default)]
struct Plan {
    steps: Vec<Step>,
    /// Places by the condition of an earlier entry, so that two entries with one condition are one resource.
    conditions: BTreeMap<String, Place>,
    /// `fullUrl` of an entry and the address its resource gets.
    addresses: Vec<(String, String)>,
    created: Place,
}

impl Plan {
    fn add(
        &mut self,
        world: &World,
        call: &Call,
        store: &Store,
        entry: &Value,
    ) -> Result<(), Answer> {
        let request = &entry["request"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let url = text(&request["url"]);
        let step = match (request["method"].as_str(), url.split_once('/')) {
            (Some("POST"), None) => self.create((world, call, store), &url, entry)?,
            (Some("PUT"), Some((kind, id))) => {
                let declared = declared(world, kind)?;
                allowed(call, declared, Interaction::Update)?;
                checks::whole(world, declared.kind, &entry["resource"])?;
                let tag = request["ifMatch"].as_str();
                let place = replaceable(store, declared.kind, id, tag)?;
                Step::Update(declared.kind, place, entry["resource"].clone())
            }
            _ => {
                return Err(bad_request(
                    "an entry is neither `POST Type` nor `PUT Type/id`",
                ));
            }
        };
        let (Step::Create(kind, place, _)
        | Step::Found(kind, place)
        | Step::Update(kind, place, _)) = &step;
        if let Some(full) = entry["fullUrl"]
            .as_str()
            .filter(|url| url.starts_with("urn:"))
        {
            self.addresses
                .push((full.to_owned(), address(*kind, *place)));
        }
        self.steps.push(step);
        Ok(())
    }

    fn create(
        &mut self,
        (world, call, store): (&World, &Call, &Store),
        kind: &str,
        entry: &Value,
    ) -> Result<Step, Answer> {
        let declared = declared(world, kind)?;
        allowed(call, declared, Interaction::Create)?;
        checks::whole(world, declared.kind, &entry["resource"])?;
        let next = store.next() + self.created;
        let condition = entry["request"]["ifNoneExist"].as_str();
        if let Some(query) = condition.filter(|_| world.options.conditional_create) {
            match existing(store, declared.kind, query)?[..] {
                [] => {}
                [place] => return Ok(Step::Found(declared.kind, place)),
                _ => return Err(precondition_failed("several resources meet a condition")),
            }
            let key = format!("{kind}?{query}");
            let place = *self.conditions.entry(key).or_insert(next);
            if place != next {
                return Ok(Step::Found(declared.kind, place));
            }
        }
        self.created += 1;
        Ok(Step::Create(declared.kind, next, entry["resource"].clone()))
    }

    fn perform(self, store: &mut Store, now: i64) -> Result<Vec<Value>, Answer> {
        let mut answers = Vec::with_capacity(self.steps.len());
        for step in self.steps {
            let (kind, place, status) = match step {
                Step::Create(kind, _, mut value) => {
                    resolve(&mut value, &self.addresses);
                    let place = store.create(kind, value, now).map_err(failed)?;
                    (kind, place, "201 Created")
                }
                Step::Found(kind, place) => (kind, place, "200 OK"),
                Step::Update(kind, place, mut value) => {
                    resolve(&mut value, &self.addresses);
                    store.update(place, value, now).map_err(failed)?;
                    (kind, place, "200 OK")
                }
            };
            let stored = store.at(place).expect("it was just written or found");
            answers.push(json!({ "response": {
                "status": status,
                "location": format!("{}/_history/{}", address(kind, place), stored.version),
                "etag": stored.tag(),
                "lastModified": clock::instant(stored.updated),
            } }));
        }
        Ok(answers)
    }
}

/// References to other entries become references to what they were written as.
fn resolve(value: &mut Value, addresses: &[(String, String)]) {
    match value {
        Value::String(text) => {
            if let Some((_, address)) = addresses.iter().find(|(full, _)| full == text) {
                address.clone_into(text);
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|value| resolve(value, addresses)),
        Value::Object(members) => {
            members
                .values_mut()
                .for_each(|value| resolve(value, addresses));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
