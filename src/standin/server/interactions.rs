//! What clients can do with resources: read, create, update, search.

use axum::http::{Method, StatusCode, header};

use super::World;
use super::answers::{Answer, bad_request, not_found, precondition_failed, refused, unprocessable};
use super::calls::{Call, pairs};
use super::checks;
use super::kinds::Kind;
use super::profiles::{Declared, Interaction};
use super::search;
use super::store::{Place, Stored, id_of};
use super::{capability, transaction};

/// Answers a request below the FHIR base.
pub(super) fn answer(world: &World, call: &Call) -> Answer {
    routed(world, call).unwrap_or_else(|refusal| refusal)
}

fn routed(world: &World, call: &Call) -> Result<Answer, Answer> {
    let path = call.path.strip_prefix("fhir").unwrap_or(&call.path);
    let segments: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let is = |method: &Method| call.method == *method;
    match segments[..] {
        ["metadata"] if is(&Method::GET) => Ok(capability::answer(world, call)),
        [] if is(&Method::POST) => transaction::answer(world, call),
        [kind] if is(&Method::POST) => create(world, call, declared(world, kind)?),
        [kind] if is(&Method::GET) => search(world, call, declared(world, kind)?, &call.query),
        [kind, "_search"] if is(&Method::POST) => {
            let form = String::from_utf8_lossy(&call.body);
            let all = format!("{}&{form}", call.query);
            search(world, call, declared(world, kind)?, &all)
        }
        [kind, id] | [kind, id, "_history", _] if is(&Method::GET) => {
            read(world, declared(world, kind)?, id)
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

/// Refuses what the profile does not declare.
pub(super) fn allowed(declared: &Declared, interaction: Interaction) -> Result<(), Answer> {
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
pub(super) fn failed(_: std::io::Error) -> Answer {
    refused(
        StatusCode::INTERNAL_SERVER_ERROR,
        "exception",
        "the journal cannot be written",
    )
}

fn search(world: &World, call: &Call, declared: &Declared, query: &str) -> Result<Answer, Answer> {
    world.counters.searches.add();
    allowed(declared, Interaction::Search)?;
    if declared.kind == Kind::ServiceRequest && !world.options.orders_searchable {
        return Err(refused(
            StatusCode::FORBIDDEN,
            "forbidden",
            "orders cannot be searched",
        ));
    }
    search::answer(world, call, declared, &pairs(query))
}

fn read(world: &World, declared: &Declared, id: &str) -> Result<Answer, Answer> {
    world.counters.reads.add();
    allowed(declared, Interaction::Read)?;
    if let Some((_, stored)) = world.store().find(declared.kind, id) {
        return Ok(represented(StatusCode::OK, stored));
    }
    let in_register = declared.kind.in_register();
    let line = in_register.and_then(|kind| world.people.line(kind, id));
    let line = line.ok_or_else(|| not_found("resource with this id"))?;
    Ok(Answer::resource(StatusCode::OK, line))
}

/// A stored resource with its entity tag.
fn represented(status: StatusCode, stored: &Stored) -> Answer {
    Answer::resource(status, stored.body.to_vec()).with(header::ETAG, stored.tag())
}

fn create(world: &World, call: &Call, declared: &Declared) -> Result<Answer, Answer> {
    world.counters.creates.add();
    allowed(declared, Interaction::Create)?;
    let kind = declared.kind;
    let value = checks::read(world, kind, &call.body)?;
    let now = world.clock.millis();
    let mut store = world.store();
    let condition = call.header("if-none-exist");
    if let Some(query) = condition.filter(|_| world.options.conditional_create) {
        match search::existing(&store, kind, query)?[..] {
            [] => {}
            [place] => return Ok(placed(call, kind, place, StatusCode::OK, &store)),
            _ => return Err(precondition_failed("several resources meet the condition")),
        }
    }
    let place = store.create(kind, value, now).map_err(failed)?;
    Ok(placed(call, kind, place, StatusCode::CREATED, &store))
}

/// The answer about a resource that was created or found instead.
fn placed(
    call: &Call,
    kind: Kind,
    place: Place,
    status: StatusCode,
    store: &super::store::Store,
) -> Answer {
    let stored = store.at(place).expect("it was just created or found");
    let address = search::address(kind, place);
    let location = format!("{}/{address}/_history/{}", call.base(), stored.version);
    let mut answer = represented(status, stored).with(header::LOCATION, location);
    if call.prefers("return=minimal") {
        answer.body.clear();
        answer.kind = "";
    }
    answer
}

fn update(world: &World, call: &Call, declared: &Declared, id: &str) -> Result<Answer, Answer> {
    world.counters.updates.add();
    allowed(declared, Interaction::Update)?;
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
    Ok(represented(StatusCode::OK, stored))
}

/// The place of a resource whose version is the one the client knows.
pub(super) fn replaceable(
    store: &super::store::Store,
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
