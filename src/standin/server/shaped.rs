//! Answers that are whole, and not what they should be: what servers do wrong with exports and searches.

use axum::http::{StatusCode, header};
use serde_json::{Value, json};

use super::answers::{Answer, outcome, refused};
use super::calls::Call;
use super::faults::Fault;

/// Where a request went.
pub(super) struct Place {
    origin: String,
    path: String,
    query: String,
}

impl Place {
    pub(super) fn of(call: &Call) -> Place {
        Place {
            origin: call.origin.clone(),
            path: call.path.clone(),
            query: call.query.clone(),
        }
    }
}

/// The words in which a store for files refuses an address whose time is over.
pub(super) fn expired_url() -> Answer {
    let body = "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>";
    Answer {
        status: StatusCode::FORBIDDEN,
        kind: "application/xml",
        headers: Vec::new(),
        body: body.as_bytes().to_vec(),
        rest: None,
    }
}

/// The same path on another origin.
pub(super) fn redirect(place: &Place, elsewhere: &str) -> Answer {
    let mark = if place.query.is_empty() { "" } else { "?" };
    let address = format!("{elsewhere}/{}{mark}{}", place.path, place.query);
    Answer::resource(StatusCode::TEMPORARY_REDIRECT, Vec::new()).with(header::LOCATION, address)
}

/// What a server says that takes `$export` for a search.
pub(super) fn empty_searchset() -> Answer {
    let body = json!({ "resourceType": "Bundle", "type": "searchset", "total": 0 });
    Answer::resource(StatusCode::OK, body.to_string().into_bytes())
}

/// An answer as a fault leaves it. One that is no success stays as it is.
pub(super) async fn shaped(
    fault: Fault,
    mut answer: Answer,
    place: &Place,
    elsewhere: &str,
) -> Answer {
    if answer.status != StatusCode::OK {
        return answer;
    }
    if let Some(rest) = answer.rest.take() {
        match rest.whole(std::mem::take(&mut answer.body)).await {
            Some(body) => answer.body = body,
            None => {
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                return refused(status, "exception", "the file cannot be made");
            }
        }
    }
    if fault == Fault::TruncatedFile {
        let half = answer.body.len() / 2;
        answer.body.truncate(half);
        return answer;
    }
    match serde_json::from_slice::<Value>(&answer.body) {
        Ok(mut value) if value.get("output").is_some() => {
            shape_manifest(fault, &mut value, place, elsewhere);
            answer.body = value.to_string().into_bytes();
        }
        Ok(mut value) if value["resourceType"] == "Bundle" => {
            shape_searchset(fault, &mut value, elsewhere);
            answer.body = value.to_string().into_bytes();
        }
        // One line is one resource as well.
        Ok(_) | Err(_) if fault == Fault::Duplicates => answer.body = turned(&answer.body),
        Ok(_) | Err(_) => {}
    }
    answer
}

fn shape_manifest(fault: Fault, manifest: &mut Value, place: &Place, elsewhere: &str) {
    let about = |name: &str| format!("{}/{}/{name}", place.origin, place.path);
    if fault == Fault::PartialManifest {
        if let Some(files) = manifest["output"].as_array_mut() {
            files.pop();
        }
        manifest["error"] =
            json!([{ "type": "OperationOutcome", "url": about("said.ndjson"), "count": 1 }]);
    }
    if fault == Fault::DeletedResources {
        manifest["deleted"] =
            json!([{ "type": "Bundle", "url": about("deleted.ndjson"), "count": 1 }]);
    }
    if fault == Fault::NextElsewhere {
        let url = format!("{elsewhere}/{}/2", place.path);
        manifest["link"] = json!([{ "relation": "next", "url": url }]);
    }
    if fault == Fault::Duplicates {
        for file in manifest["output"].as_array_mut().into_iter().flatten() {
            if let Some(members) = file.as_object_mut() {
                members.remove("count");
            }
        }
    }
}

fn shape_searchset(fault: Fault, bundle: &mut Value, elsewhere: &str) {
    if fault == Fault::NextElsewhere {
        let next = json!({ "relation": "next", "url": format!("{elsewhere}/fhir/next") });
        match bundle["link"].as_array_mut() {
            Some(links) => {
                links.retain(|link| link["relation"] != "next");
                links.push(next);
            }
            None => bundle["link"] = json!([next]),
        }
    }
    if fault == Fault::NoMode {
        for entry in bundle["entry"].as_array_mut().into_iter().flatten() {
            if let Some(members) = entry.as_object_mut() {
                members.remove("search");
            }
        }
    }
}

/// Every line twice, from last to first.
fn turned(lines: &[u8]) -> Vec<u8> {
    let mut turned = Vec::with_capacity(2 * lines.len());
    let all: Vec<&[u8]> = lines.split_inclusive(|byte| *byte == b'\n').collect();
    for line in all.iter().rev().chain(all.iter().rev()) {
        turned.extend_from_slice(line);
    }
    turned
}

/// The lines of a file about an export: what went wrong.
pub(super) fn said() -> Vec<u8> {
    let said = outcome("error", "exception", "a part of the export has failed");
    format!("{said}\n").into_bytes()
}

/// The lines of a file about an export: what was deleted.
pub(super) fn deleted(patient: &str) -> Vec<u8> {
    let entry = |url: String| json!({ "request": { "method": "DELETE", "url": url } });
    let entries = [
        entry(format!("Patient/{patient}")),
        entry("Observation/nobody-knows-it".to_owned()),
    ];
    let bundle = json!({ "resourceType": "Bundle", "type": "transaction", "entry": entries });
    format!("{bundle}\n").into_bytes()
}
