//! Bulk export: kick-off, status, manifest, files, delete.
//!
//! A job remembers what was asked for and how many lines each file has; the files themselves are made up again while they
//! are fetched, so a city's export costs no memory. One that the server's disk fails ends as an error.
//!
//! # Source
//!
//! HL7 FHIR Bulk Data Access, STU2, "Bulk Data Export Operation Request Flow". Left out: `_typeFilter`, `patient`,
//! `includeAssociatedData`, `_elements`, expiry of files.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::{Method, StatusCode, header};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use super::answers::{Answer, bad_request, not_found, refused};
use super::calls::{Call, pairs};
use super::files::{self, Part};
use super::interactions::broken;
use super::kinds::Kind;
use super::profiles::{Interaction, Profile};
use super::{World, clock, groups};

/// Residents of a file.
pub(super) const RESIDENTS: u32 = 2_048;

/// What an export is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// Everything on the server.
    System,
    /// Everything about residents with these numbers.
    Residents(Range<u32>),
}

/// One export.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) scope: Scope,
    pub(super) kinds: Vec<Kind>,
    /// Only what was updated after this, in milliseconds since 1970.
    pub(super) since: Option<i64>,
    /// The state of this moment is exported.
    pub(super) at: i64,
    /// The address the client asked.
    request: String,
    /// The machine's second from which it may be ready.
    ready_from: i64,
    parts: u32,
    done: AtomicU32,
    cancelled: AtomicBool,
    failed: AtomicBool,
    /// Lines of each file that has some; complete when all parts are done.
    lines: Mutex<BTreeMap<(Kind, Part), u64>>,
}

impl Job {
    fn lines(&self) -> MutexGuard<'_, BTreeMap<(Kind, Part), u64>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_ready(&self) -> bool {
        self.parts <= self.done.load(Ordering::Acquire)
            && self.ready_from <= clock::machine_seconds()
    }
}

/// All exports that have not been deleted; one lock, held for a look or an entry.
#[derive(Debug, Default)]
pub(super) struct Exports(Mutex<(u64, BTreeMap<u64, Arc<Job>>)>);

impl Exports {
    fn jobs(&self) -> MutexGuard<'_, (u64, BTreeMap<u64, Arc<Job>>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, id: &str) -> Result<Arc<Job>, Answer> {
        let id = id.parse().ok();
        let jobs = self.jobs();
        let found = id.and_then(|id: u64| jobs.1.get(&id));
        found.cloned().ok_or_else(|| not_found("such export"))
    }
}

/// What is exported, by the segments before `$export`.
pub(super) fn kick_off(world: &Arc<World>, call: &Call, about: &[&str]) -> Result<Answer, Answer> {
    world.counters.exports.add();
    let scope = match about {
        [] => Scope::System,
        ["Patient"] => Scope::Residents(0..world.people.count()),
        ["Group", id] => {
            let members = groups::members(world, id);
            Scope::Residents(members.ok_or_else(|| not_found("group with this id"))?)
        }
        _ => return Err(not_found("such export")),
    };
    let group = matches!(about, ["Group", _]);
    if world.options.profile == Profile::Apotti && !group {
        return Err(bad_request("only groups can be exported"));
    }
    if !call.prefers("respond-async") {
        return Err(bad_request("an export needs `Prefer: respond-async`"));
    }
    let asked = Asked::read(call)?;
    let kinds = kinds(world, call, &scope, &asked)?;
    let parts = files::parts(world, &scope);
    let job = Arc::new(Job {
        kinds,
        since: asked.since,
        at: world.clock.millis(),
        request: format!("{}/{}?{}", call.origin, call.path, call.query),
        ready_from: clock::machine_seconds() + i64::from(world.options.export_seconds),
        parts: u32::try_from(parts.len()).unwrap_or(u32::MAX),
        done: AtomicU32::new(0),
        cancelled: AtomicBool::new(false),
        failed: AtomicBool::new(false),
        lines: Mutex::default(),
        scope,
    });
    let id = register(world, &job)?;
    let shared = Arc::clone(world);
    // It ends when every part is counted or the job is deleted; its status tells.
    drop(spawn_blocking(move || prepare(&shared, &job, &parts)));
    let address = format!("{}/bulk/{id}", call.origin);
    Ok(Answer::resource(StatusCode::ACCEPTED, Vec::new()).with(header::CONTENT_LOCATION, address))
}

fn register(world: &World, job: &Arc<Job>) -> Result<u64, Answer> {
    let mut jobs = world.exports.jobs();
    let busy = |other: &Arc<Job>| {
        let is_over = other.is_ready() || other.failed.load(Ordering::Acquire);
        other.scope == job.scope && !is_over
    };
    if world.options.profile == Profile::Apotti && jobs.1.values().any(busy) {
        return Err(refused(
            StatusCode::TOO_MANY_REQUESTS,
            "throttled",
            "an export of this group is under way: wait for it or delete it",
        )
        .with(header::RETRY_AFTER, "2"));
    }
    jobs.0 += 1;
    let id = jobs.0;
    jobs.1.insert(id, Arc::clone(job));
    Ok(id)
}

fn prepare(world: &Arc<World>, job: &Arc<Job>, parts: &[Part]) {
    for part in parts {
        if job.cancelled.load(Ordering::Acquire) {
            return;
        }
        let Ok(counted) = files::count(world, job, *part) else {
            job.failed.store(true, Ordering::Release);
            return;
        };
        job.lines().extend(
            counted
                .into_iter()
                .map(|(kind, lines)| ((kind, *part), lines)),
        );
        job.done.fetch_add(1, Ordering::AcqRel);
    }
}

/// The parameters of a kick-off.
#[derive(Default)]
struct Asked {
    types: Option<Vec<String>>,
    since: Option<i64>,
}

impl Asked {
    fn read(call: &Call) -> Result<Asked, Answer> {
        let mut given = pairs(&call.query);
        if call.method == Method::POST {
            given.extend(parameters(&call.body)?);
        }
        let mut asked = Asked::default();
        for (name, value) in given {
            match name.as_str() {
                "_type" => {
                    let types = value.split(',').map(str::to_owned);
                    asked.types.get_or_insert_default().extend(types);
                }
                "_since" => {
                    let at: jiff::Timestamp = value
                        .parse()
                        .map_err(|_| bad_request("`_since` is no instant"))?;
                    asked.since = Some(at.as_millisecond());
                }
                "_outputFormat" => {
                    let known = ["application/fhir+ndjson", "application/ndjson", "ndjson"];
                    if !known.contains(&value.as_str()) {
                        return Err(bad_request("`_outputFormat` is not supported"));
                    }
                }
                _ if call.prefers("handling=lenient") => {}
                _ => return Err(bad_request(&format!("`{name}` is not supported"))),
            }
        }
        Ok(asked)
    }
}

/// Names and values of a `Parameters` resource.
fn parameters(body: &[u8]) -> Result<Vec<(String, String)>, Answer> {
    let value: Value =
        serde_json::from_slice(body).map_err(|_| bad_request("the body is no Parameters"))?;
    let list = value["parameter"].as_array().map_or(&[][..], Vec::as_slice);
    let pair = |parameter: &Value| {
        let members = parameter.as_object()?;
        let value = members
            .iter()
            .find(|(name, _)| name.starts_with("value"))?
            .1;
        Some((
            parameter["name"].as_str()?.to_owned(),
            value.as_str()?.to_owned(),
        ))
    };
    let pairs: Option<Vec<_>> = list.iter().map(pair).collect();
    pairs.ok_or_else(|| bad_request("a parameter has no name or no value"))
}

fn kinds(world: &World, call: &Call, scope: &Scope, asked: &Asked) -> Result<Vec<Kind>, Answer> {
    let forbidden = || {
        refused(
            StatusCode::FORBIDDEN,
            "forbidden",
            "the token does not allow that",
        )
    };
    let declared = world.options.profile.declared().iter();
    let exported = |kind: Kind| match scope {
        Scope::System => kind != Kind::Group,
        Scope::Residents(_) => kind == Kind::Patient || kind.person_member().is_some(),
    };
    let all = declared.filter(|declared| declared.allows(Interaction::Read));
    let all: Vec<Kind> = all
        .map(|declared| declared.kind)
        .filter(|kind| exported(*kind))
        .collect();
    let may_read = |kind: &Kind| call.scopes.allow(*kind, 'r');
    let Some(types) = &asked.types else {
        let kinds: Vec<Kind> = all.into_iter().filter(may_read).collect();
        return if kinds.is_empty() {
            Err(forbidden())
        } else {
            Ok(kinds)
        };
    };
    let mut kinds = Vec::new();
    for name in types {
        let kind = Kind::named(name).filter(|kind| all.contains(kind));
        let kind = kind.ok_or_else(|| bad_request(&format!("`{name}` cannot be exported")))?;
        if !may_read(&kind) {
            return Err(forbidden());
        }
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    Ok(kinds)
}

/// Answers what is below `/bulk`: the status of a job, its deletion, its files.
pub(super) fn answer(world: &Arc<World>, call: &Call, segments: &[&str]) -> Result<Answer, Answer> {
    match (segments, call.method.as_str()) {
        ([id], "GET") => Ok(status(world, call, id, &*world.exports.find(id)?)),
        ([id], "DELETE") => {
            let job = world.exports.find(id)?;
            job.cancelled.store(true, Ordering::Release);
            world
                .exports
                .jobs()
                .1
                .retain(|known, _| known.to_string() != *id);
            Ok(Answer::resource(StatusCode::ACCEPTED, Vec::new()))
        }
        ([id, file], "GET") => {
            let job = world.exports.find(id)?;
            files::answer(world, call, &job, file)
        }
        _ => Err(not_found("such export")),
    }
}

fn status(world: &World, call: &Call, id: &str, job: &Job) -> Answer {
    if job.failed.load(Ordering::Acquire) {
        return broken();
    }
    if !job.is_ready() {
        let done = job.done.load(Ordering::Acquire);
        return Answer::resource(StatusCode::ACCEPTED, Vec::new())
            .with(
                "x-progress".parse().expect("a header name"),
                format!("{done} of {}", job.parts),
            )
            .with(header::RETRY_AFTER, "1");
    }
    let lines = job.lines();
    let output = lines.iter().map(|((kind, part), count)| {
        let url = format!("{}/bulk/{id}/{}", call.origin, files::name(*kind, *part));
        json!({ "type": kind.name(), "url": url, "count": count })
    });
    let manifest = json!({
        "transactionTime": clock::instant(job.at),
        "request": job.request,
        "requiresAccessToken": world.access.needs_tokens(),
        "output": output.collect::<Vec<Value>>(),
        "deleted": [],
        "error": [],
    });
    Answer::plain(StatusCode::OK, &manifest)
}
