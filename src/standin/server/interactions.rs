//! What clients can do with resources: read, create, update, search.

use std::io;
use std::sync::Arc;

use axum::http::{Method, StatusCode, header};

use super::World;
use super::answers::{Answer, bad_request, not_found, precondition_failed, refused, unprocessable};
use super::calls::{Call, pairs};
use super::checks;
use super::kinds::Kind;
use super::profiles::{Declared, Interaction};
use super::search;
use super::store::{Place, Store, Stored, id_of};
use super::{access, capability, export, groups, transaction};

/// Answers a request below the FHIR base.
pub(super) fn answer(world: &Arc<World>, call: &Call) -> Answer {
    routed(world, call).unwrap_or_else(|refusal| refusal)
}

fn routed(world: &Arc<World>, call: &Call) -> Result<Answer, Answer> {
    let (root, path) = call.path.split_once('/').unwrap_or((&call.path, ""));
    let segments: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let is = |method: &Method| call.method == *method;
    if root == "bulk" {
        return export::answer(world, call, &segments);
    }
    match segments[..] {
        [".well-known", "smart-configuration"] => Ok(access::configuration(call)),
        [ref about @ .., "$export"] => export::kick_off(world, call, about),
        ["Group"] if is(&Method::GET) => group(world, call, None),
        ["Group", id] if is(&Method::GET) => group(world, call, Some(id)),
        ["metadata"] if is(&Method::GET) => Ok(capability::answer(world, call)),
        [] if is(&Method::POST) => transaction::answer(world, call),
        [kind] if is(&Method::POST) => create(world, call, declared(world, kind)?),
        [kind] if is(&Method::GET) => search(world, call, declared(world, kind)?, &call.query),
        [kind, "_search"] if is(&Method::POST) => {
            let form = String::from_utf8_lossy(&call.body);
            let all = format!("{}&{form}", call.query);
            search(world, call, declared(world, kind)?, &all)
        }
        [kind, id] if is(&Method::GET) => read(world, call, declared(world, kind)?, (id, None)),
        [kind, id, "_history", version] if is(&Method::GET) => {
            read(world, call, declared(world, kind)?, (id, Some(version)))
        }
        [kind, id] if is(&Method::PUT) => update(world, call, declared(world, kind)?, id),
        _ => Err(refused(
            StatusCode::METHOD_NOT_ALLOWED,
            "not-supported",
            "this server does not do that",
        )),
    }
}

/// What is declared about a type, or that there is no such type.
pub(super) fn declared(world: &World, kind: &str) -> Result<&'static Declared, Answer> {
    let kind = Kind::named(kind).ok_or_else(|| not_found("such resource type"))?;
    let all = world.options.profile.declared();
    let found = all.iter().find(|declared| declared.kind == kind);
    found.ok_or_else(|| not_found("such resource type"))
}

/// Refuses what the profile does not declare and what the client's token does not allow.
pub(super) fn allowed(
    call: &Call,
    declared: &Declared,
    interaction: Interaction,
) -> Result<(), Answer> {
    if !call.scopes.allow(declared.kind, interaction.letter()) {
        return Err(refused(
            StatusCode::FORBIDDEN,
            "forbidden",
            "the token does not allow that",
        ));
    }
    if declared.allows(interaction) {
        return Ok(());
    }
    // Epic answers 403 to an order and 405 to other types that it does not take.
    let status = if declared.kind == Kind::ServiceRequest {
        StatusCode::FORBIDDEN
    } else {
        StatusCode::METHOD_NOT_ALLOWED
    };
    let said = format!(
        "{} of {} is not supported",
        interaction.code(),
        declared.kind.name()
    );
    Err(refused(status, "not-supported", &said))
}

/// The server failed at its own work.
pub(super) fn failed(_: io::Error) -> Answer {
    broken()
}

/// The same, when it is no longer known why.
pub(super) fn broken() -> Answer {
    refused(
        StatusCode::INTERNAL_SERVER_ERROR,
        "exception",
        "the server's disk or journal cannot be read or written",
    )
}

fn group(world: &World, call: &Call, id: Option<&str>) -> Result<Answer, Answer> {
    world.counters.reads.add();
    allowed(call, declared(world, "Group")?, Interaction::Read)?;
    groups::answer(world, call, id)
}

fn search(world: &World, call: &Call, declared: &Declared, query: &str) -> Result<Answer, Answer> {
    world.counters.searches.add();
    allowed(call, declared, Interaction::Search)?;
    if declared.kind == Kind::ServiceRequest && !world.options.orders_searchable {
        return Err(refused(
            StatusCode::FORBIDDEN,
            "forbidden",
            "orders cannot be searched",
        ));
    }
    search::answer(world, call, declared, &pairs(query))
}

fn read(
    world: &World,
    call: &Call,
    declared: &Declared,
    (id, version): (&str, Option<&str>),
) -> Result<Answer, Answer> {
    world.counters.reads.add();
    allowed(call, declared, Interaction::Read)?;
    let store = world.store();
    if let Some((_, stored)) = store.find(declared.kind, id) {
        // Only the present version is kept.
        if version.is_some_and(|version| version != stored.version.to_string()) {
            return Err(not_found("such version any more"));
        }
        return represented(StatusCode::OK, &store, stored);
    }
    drop(store);
    let in_register = declared.kind.in_register();
    let line = in_register.and_then(|kind| world.people.line(kind, id));
    let line = line.ok_or_else(|| not_found("resource with this id"))?;
    Ok(Answer::resource(StatusCode::OK, line))
}

/// A stored resource with its entity tag.
fn represented(status: StatusCode, store: &Store, stored: &Stored) -> Result<Answer, Answer> {
    let body = store.body(stored).map_err(failed)?;
    Ok(Answer::resource(status, body).with(header::ETAG, stored.tag()))
}

fn create(world: &World, call: &Call, declared: &Declared) -> Result<Answer, Answer> {
    world.counters.creates.add();
    allowed(call, declared, Interaction::Create)?;
    let kind = declared.kind;
    if kind == Kind::ServiceRequest && !world.options.takes_orders {
        return Err(refused(
            StatusCode::FORBIDDEN,
            "forbidden",
            "orders are not taken from programs",
        ));
    }
    let value = checks::read(world, kind, &call.body)?;
    let now = world.clock.millis();
    let mut store = world.store();
    let condition = call.header("if-none-exist");
    if let Some(query) = condition.filter(|_| world.options.conditional_create) {
        match search::existing(&store, kind, query)?[..] {
            [] => {}
            [place] => return placed(call, kind, place, StatusCode::OK, &store),
            _ => return Err(precondition_failed("several resources meet the condition")),
        }
    }
    let place = store.create(kind, value, now).map_err(failed)?;
    placed(call, kind, place, StatusCode::CREATED, &store)
}

/// The answer about a resource that was created or found instead.
fn placed(
    call: &Call,
    kind: Kind,
    place: Place,
    status: StatusCode,
    store: &Store,
) -> Result<Answer, Answer> {
    let stored = store.at(place).expect("it was just created or found");
    let address = search::address(kind, place);
    let location = format!("{}/{address}/_history/{}", call.base(), stored.version);
    let answer = if call.prefers("return=minimal") {
        Answer::resource(status, Vec::new()).with(header::ETAG, stored.tag())
    } else {
        represented(status, store, stored)?
    };
    Ok(answer.with(header::LOCATION, location))
}

fn update(world: &World, call: &Call, declared: &Declared, id: &str) -> Result<Answer, Answer> {
    world.counters.updates.add();
    allowed(call, declared, Interaction::Update)?;
    let value = checks::read(world, declared.kind, &call.body)?;
    if value["id"] != id {
        return Err(bad_request("the id in the body is not that of the address"));
    }
    let tag = call.header("if-match");
    let mut store = world.store();
    let place = replaceable(&store, declared.kind, id, tag)?;
    store
        .update(place, value, world.clock.millis())
        .map_err(failed)?;
    let stored = store.at(place).expect("it was just updated");
    represented(StatusCode::OK, &store, stored)
}

/// The place of a resource whose version is the one the client knows.
pub(super) fn replaceable(
    store: &Store,
    kind: Kind,
    id: &str,
    tag: Option<&str>,
) -> Result<Place, Answer> {
    let Some((place, stored)) = store.find(kind, id) else {
        return Err(unprocessable(
            "not-supported",
            "only resources created over this interface can be updated",
        ));
    };
    let tag = tag.ok_or_else(|| bad_request("an update needs If-Match"))?;
    let wanted = tag.trim_start_matches("W/").trim_matches('"');
    if wanted != stored.version.to_string() {
        let said = format!("{}/{} has another version", kind.name(), id_of(place));
        return Err(precondition_failed(&said));
    }
    Ok(place)
}
