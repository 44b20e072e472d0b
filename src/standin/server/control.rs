//! Addresses for whoever runs a test: the server's own count, faults, and time. No FHIR, no token, this machine only.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{Method, StatusCode};
use jiff::civil::Date;
use serde_json::{Value, json};

use super::super::calendar::Day;
use super::answers::Answer;
use super::calls::{Call, pairs};
use super::faults::{FAULTS, Fault, FaultPlan};
use super::interactions::failed;
use super::kinds::Kind;
use super::life::{self, Fate};
use super::store::{Place, hash, id_of, identifiers_of};
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
    pub(super) exports: Count,
    pub(super) tokens: Count,
    /// By the order of [`Fault::ALL`].
    pub(super) faults: [Count; FAULTS],
}

/// Answers a control request.
pub(super) fn answer(world: &World, call: &Call) -> Answer {
    let what = call.path.strip_prefix("_control/").unwrap_or_default();
    let text = String::from_utf8_lossy(&call.body);
    match (&call.method, what) {
        (&Method::GET, "orders") => {
            orders(world, &call.query).map_or_else(failed, |told| done(&told))
        }
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
        (&Method::GET, "world") => done(&world.life().told()),
        (&Method::GET, "truth") => truth(world, &call.query),
        (&Method::POST, what @ ("fate" | "dies" | "moves" | "hides" | "refuses")) => {
            decide(world, what, &text)
        }
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
        match life::next_day(world) {
            Ok(true) => {}
            Ok(false) => {
                return refused("the time here is the machine's: start the server with --start");
            }
            Err(error) => return failed(error),
        }
    }
    done(&json!({ "now": clock::instant(world.clock.millis()) }))
}

/// What would have come out, had everybody been tested from a day on; today by default.
fn truth(world: &World, query: &str) -> Answer {
    let pairs = pairs(query);
    let from = pairs.iter().find(|(name, _)| name == "from");
    let from = from.map(|(_, value)| value.parse::<Date>().map(Day::from));
    match from.unwrap_or_else(|| Ok(life::today(world))) {
        Ok(from) => Answer {
            status: StatusCode::OK,
            kind: "text/csv;charset=utf-8",
            headers: Vec::new(),
            body: life::truth(world, from),
            rest: None,
        },
        Err(_) => refused("`from` is not a date like 2026-02-01"),
    }
}

fn decide(world: &World, what: &str, body: &str) -> Answer {
    let wanted: Value = serde_json::from_str(body).unwrap_or_default();
    let patient = wanted["patient"].as_str().unwrap_or_default();
    let Some(number) = world.people.number_of(patient) else {
        return refused("there is no such patient");
    };
    let today = life::today(world);
    let mut life = world.life();
    match what {
        "dies" => life::dies(world, &mut life, today, number),
        "moves" => life::moves(world, &mut life, today, number),
        "hides" => life::hides(world, today, number),
        "refuses" => {
            if let Err(error) = life::refuses(world, &mut life, today, number) {
                return failed(error);
            }
        }
        _ => life.decide(number, Fate::read(&wanted)),
    }
    done(&json!({ "patient": patient }))
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
        "exports": counters.exports.get(),
        "tokens": counters.tokens.get(),
        "faults": faults,
    })
}

/// The server's own count of orders, or of the type named by `type`; `summary=true` leaves the list out.
fn orders(world: &World, query: &str) -> io::Result<Value> {
    let pairs = pairs(query);
    let value = |name: &str| {
        let found = pairs.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.as_str())
    };
    let kind = value("type").and_then(Kind::named);
    let kind = kind.unwrap_or(Kind::ServiceRequest);
    let mut tally = Tally::default();
    let with_list = value("summary") != Some("true");
    let store = world.store();
    for (place, stored) in store.from(0).filter(|(_, stored)| stored.kind == kind) {
        tally.add(place, &store.value(stored)?, with_list);
    }
    drop(store);
    Ok(tally.told(with_list))
}

/// Orders counted.
#[derive(Default)]
struct Tally {
    total: u64,
    without_identifier: u64,
    by_status: BTreeMap<String, u64>,
    /// How many orders have an identifier, by its hash: what a hundred thousand orders can afford.
    counts: HashMap<u64, u32>,
    by_identifier: BTreeMap<String, (Vec<String>, Vec<String>)>,
}

impl Tally {
    fn add(&mut self, place: Place, resource: &Value, with_list: bool) {
        let status = resource["status"].as_str().unwrap_or_default();
        let identifiers = identifiers_of(resource);
        self.total += 1;
        self.without_identifier += u64::from(identifiers.is_empty());
        *self.by_status.entry(status.to_owned()).or_default() += 1;
        for identifier in identifiers {
            *self.counts.entry(hash(&[&identifier])).or_default() += 1;
            if with_list {
                let (ids, statuses) = self.by_identifier.entry(identifier).or_default();
                ids.push(id_of(place));
                statuses.push(status.to_owned());
            }
        }
    }

    fn told(self, with_list: bool) -> Value {
        let mut answer = json!({
            "total": self.total,
            "identifiers": self.counts.len(),
            "duplicated": self.counts.values().filter(|count| 1 < **count).count(),
            "without_identifier": self.without_identifier,
            "by_status": self.by_status,
        });
        if with_list {
            let list = self
                .by_identifier
                .into_iter()
                .map(|(identifier, (ids, statuses))| {
                    let entry = json!({ "count": ids.len(), "ids": ids, "statuses": statuses });
                    (identifier, entry)
                });
            answer["by_identifier"] = list.collect();
        }
        answer
    }
}
