//! The capability statement: what the server declares is what it does.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::World;
use super::answers::Answer;
use super::calls::Call;
use super::kinds::Kind;
use super::parameters;
use super::profiles::{Declared, Interaction, Profile};

/// Answers `GET metadata`.
pub(super) fn answer(world: &World, call: &Call) -> Answer {
    let profile = world.options.profile;
    let name = match profile {
        Profile::Apotti => "Stand-in like Apotti's published statement",
        Profile::Open => "Stand-in, open",
    };
    let resources = profile.declared().iter().map(|d| resource(world, d));
    let mut rest = json!({ "mode": "server", "resource": resources.collect::<Vec<_>>() });
    if profile.transactions() {
        rest["interaction"] = json!([{ "code": "transaction" }]);
    }
    let statement = json!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-01-15",
        "kind": "instance",
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "software": { "name": name, "version": env!("CARGO_PKG_VERSION") },
        "implementation": {
            "description": "An invented city; nobody in it exists", "url": call.base(),
        },
        "rest": [rest],
    });
    Answer::resource(StatusCode::OK, statement.to_string().into_bytes())
}

fn resource(world: &World, declared: &Declared) -> Value {
    let order = declared.kind == Kind::ServiceRequest;
    let hidden = order && !world.options.orders_searchable;
    let interactions = declared.interactions.iter();
    let codes: Vec<Value> = interactions
        .filter(|interaction| !(hidden && **interaction == Interaction::Search))
        .map(|interaction| json!({ "code": interaction.code() }))
        .collect();
    let mut value = json!({ "type": declared.kind.name(), "interaction": codes });
    let names = ["_id"]
        .into_iter()
        .chain(declared.parameters.iter().copied());
    let searchable: Vec<Value> = names
        .filter(|name| world.options.searches_by(declared, name))
        .filter_map(parameters::named)
        .map(|parameter| json!({ "name": parameter.name, "type": parameter.sort.code() }))
        .collect();
    if !hidden {
        value["searchParam"] = json!(searchable);
    }
    if declared.allows(Interaction::Create) && world.options.conditional_create {
        value["conditionalCreate"] = json!(true);
    }
    if declared.allows(Interaction::Update) {
        value["versioning"] = json!("versioned-update");
    }
    value
}
