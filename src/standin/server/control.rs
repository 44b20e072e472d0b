//! Addresses for whoever runs a test: the server's own count, faults, and time. No FHIR, no token, this machine only.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::answers::Answer;
use super::calls::{Call, pairs};
use super::faults::{Fault, FaultPlan};
use super::kinds::Kind;
use super::store::{id_of, identifiers_of, parsed};
use super::{World, clock};

/// A count that many threads add to.
#[derive(Debug, Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    pub(super) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How many requests of each kind reached the work, whatever became of their answers.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) creates: Count,
    pub(super) reads: Count,
    pub(super) searches: Count,
    pub(super) updates: Count,
    pub(super) transactions: Count,
    /// By the order of [`Fault::ALL`].
    pub(super) faults: [Count; 9],
}

/// Answers a control request.
pub(super) fn answer(world: &World, call: &Call) -> Answer {
    let what = call.path.strip_prefix("_control/").unwrap_or_default();
    let text = String::from_utf8_lossy(&call.body);
    match (&call.method, what) {
        (&Method::GET, "orders") => done(&orders(world, &call.query)),
        (&Method::GET, "requests") => done(&requests(&world.counters)),
        (&Method::POST, "faults") => match text.trim().parse() {
            Ok(plan) => {
                world.faults.set(plan);
                done(&json!({ "faults": text.trim() }))
            }
            Err(error) => refused(&format!("{error}")),
        },
        (&Method::POST, "quiet") => {
            world.faults.set(FaultPlan::default());
            done(&json!({ "faults": "none" }))
        }
        (&Method::POST, "advance") => advance(world, &text),
        _ => refused("there is no such control address"),
    }
}

fn done(body: &Value) -> Answer {
    Answer::plain(StatusCode::OK, body)
}

fn refused(why: &str) -> Answer {
    Answer::plain(StatusCode::BAD_REQUEST, &json!({ "error": why }))
}

fn advance(world: &World, body: &str) -> Answer {
    let wanted: Value = serde_json::from_str(body).unwrap_or_default();
    let Some(days) = wanted["days"].as_u64() else {
        return refused("the body is not {\"days\": n}");
    };
    for _ in 0..days {
        if !world.clock.next_day() {
            return refused("the time here is the machine's: start the server with --start");
        }
    }
    done(&json!({ "now": clock::instant(world.clock.millis()) }))
}

fn requests(counters: &Counters) -> Value {
    let faults = Fault::ALL.iter().zip(&counters.faults);
    let faults: BTreeMap<&str, u64> = faults
        .map(|(fault, count)| (fault.name(), count.get()))
        .collect();
    json!({
        "creates": counters.creates.get(),
        "reads": counters.reads.get(),
        "searches": counters.searches.get(),
        "updates": counters.updates.get(),
        "transactions": counters.transactions.get(),
        "faults": faults,
    })
}

/// The server's own count of orders, or of the type named by `type`; `summary=true` leaves the list out.
fn orders(world: &World, query: &str) -> Value {
    let pairs = pairs(query);
    let value = |name: &str| {
        pairs
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    };
    let kind = value("type")
        .and_then(Kind::named)
        .unwrap_or(Kind::ServiceRequest);
    let mut by_identifier: BTreeMap<String, (Vec<String>, Vec<String>)> = BTreeMap::new();
    let mut by_status: BTreeMap<String, u64> = BTreeMap::new();
    let (mut total, mut without_identifier) = (0_u64, 0_u64);
    let store = world.store();
    for (place, stored) in store.from(0).filter(|(_, stored)| stored.kind == kind) {
        let resource = parsed(&stored.body);
        let status = resource["status"].as_str().unwrap_or_default().to_owned();
        let identifiers = identifiers_of(&resource);
        total += 1;
        without_identifier += u64::from(identifiers.is_empty());
        *by_status.entry(status.clone()).or_default() += 1;
        for identifier in identifiers {
            let (ids, statuses) = by_identifier.entry(identifier).or_default();
            ids.push(id_of(place));
            statuses.push(status.clone());
        }
    }
    drop(store);
    let duplicated = by_identifier
        .values()
        .filter(|(ids, _)| 1 < ids.len())
        .count();
    let mut answer = json!({
        "total": total,
        "identifiers": by_identifier.len(),
        "duplicated": duplicated,
        "without_identifier": without_identifier,
        "by_status": by_status,
    });
    if value("summary") != Some("true") {
        let list = by_identifier
            .into_iter()
            .map(|(identifier, (ids, statuses))| {
                let entry = json!({ "count": ids.len(), "ids": ids, "statuses": statuses });
                (identifier, entry)
            });
        answer["by_identifier"] = list.collect::<serde_json::Map<_, _>>().into();
    }
    answer
}
