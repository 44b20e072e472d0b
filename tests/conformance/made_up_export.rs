//! Bulk export and search at the stand-in's server give the register that the export folder holds.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::served::{Heard, Served};
use crate::support::site::{TempFolder, made_up_register};

const ASYNC: (&str, &str) = ("prefer", "respond-async");

fn kicks_off(server: &Served, target: &str) -> String {
    let heard = server.asks("GET", target, &[ASYNC], &Value::Null);
    heard.with(202);
    heard
        .header("content-location")
        .expect("where to ask")
        .to_owned()
}

/// Asks for the status until the manifest is there.
fn manifest(server: &Served, status: &str) -> Value {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let heard = server.gets(status);
        if heard.status == 200 {
            return heard.json();
        }
        assert_eq!(heard.status, 202, "{}", heard.text);
        assert!(heard.header("x-progress").is_some() && heard.header("retry-after").is_some());
        assert!(Instant::now() < deadline, "the export never ends");
    }
}

/// Lines by type, sorted.
fn files(server: &Served, manifest: &Value) -> BTreeMap<String, Vec<String>> {
    let mut lines: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in manifest["output"].as_array().expect("a list of files") {
        let heard = server.gets(file["url"].as_str().expect("an address"));
        assert_eq!(
            heard.header("content-type"),
            Some("application/fhir+ndjson")
        );
        assert_eq!(file["count"], heard.text.lines().count());
        let of_type = lines
            .entry(file["type"].as_str().expect("a type").to_owned())
            .or_default();
        of_type.extend(heard.text.lines().map(str::to_owned));
    }
    lines.values_mut().for_each(|lines| lines.sort());
    lines
}

fn served(residents: &str, more: &[&str]) -> Served {
    let register = [
        "--residents",
        residents,
        "--seed",
        "9",
        "--as-of",
        "2025-01-15",
    ];
    Served::starts(&[&["--no-auth"], &register[..], more].concat())
}

#[test]
fn an_exported_group_is_what_the_folder_holds() {
    let folder = TempFolder::new();
    let export = made_up_register(&folder, 300, 9);
    let server = served("300", &[]);
    let status = kicks_off(&server, "/fhir/Group/helsinki/$export");
    let manifest = manifest(&server, &status);
    assert_eq!(manifest["requiresAccessToken"], false);
    let lines = files(&server, &manifest);
    assert_eq!(lines.len(), 7);
    for (kind, lines) in lines {
        let text = fs::read_to_string(export.join(format!("{kind}.ndjson"))).expect("a file");
        let mut expected: Vec<String> = text.lines().map(str::to_owned).collect();
        expected.sort();
        assert!(lines == expected, "{kind} differs");
    }
    server.asks("DELETE", &status, &[], &Value::Null).with(202);
    server.gets(&status).with(404);
}

#[test]
fn an_export_is_what_was_asked_for() {
    let server = served("1500", &["--profile", "open"]);
    let types = |target: &str| {
        let manifest = manifest(&server, &kicks_off(&server, target));
        files(&server, &manifest)
    };
    let patients = types("/fhir/Group/helsinki-2/$export?_type=Patient");
    assert_eq!(patients.keys().collect::<Vec<_>>(), ["Patient"]);
    assert!(
        (500..520).contains(&patients["Patient"].len()),
        "the second slice has 500 residents"
    );
    let late = types("/fhir/$export?_type=Patient,Observation&_since=2025-02-01T00:00:00Z");
    assert_eq!(late.len(), 0, "nothing is newer than the register");
    let patient = &server.gets("/fhir/Patient?_count=1").with(200)["entry"][0]["resource"]["id"];
    let order = json!({
        "resourceType": "ServiceRequest", "status": "active", "intent": "order",
        "subject": { "reference": format!("Patient/{}", patient.as_str().expect("an id")) },
    });
    server.posts("/fhir/ServiceRequest", &[], &order).with(201);
    let written = types("/fhir/$export?_type=ServiceRequest&_since=2025-02-01T00:00:00Z");
    assert_eq!(written["ServiceRequest"].len(), 1);
    let body = json!({ "resourceType": "Parameters", "parameter": [
        { "name": "_type", "valueString": "Condition" }, { "name": "_type", "valueString": "Consent" },
    ] });
    let posted = server.posts("/fhir/Patient/$export", &[ASYNC], &body);
    posted.with(202);
    let status = posted
        .header("content-location")
        .expect("where to ask")
        .to_owned();
    let kinds: Vec<String> = files(&server, &manifest(&server, &status))
        .into_keys()
        .collect();
    assert_eq!(kinds, ["Condition", "Consent"]);
    let refuses = |target: &str, headers: &[(&str, &str)]| -> Heard {
        server.asks("GET", target, headers, &Value::Null)
    };
    refuses("/fhir/$export", &[]).with(400);
    refuses("/fhir/$export?_type=Spaceship", &[ASYNC]).with(400);
    refuses("/fhir/$export?_typeFilter=x", &[ASYNC]).with(400);
    refuses("/fhir/Group/nobody/$export", &[ASYNC]).with(404);
}

#[test]
fn a_record_like_apottis_exports_groups_one_at_a_time() {
    let server = served("30", &["--export-seconds", "3600"]);
    server
        .asks("GET", "/fhir/$export", &[ASYNC], &Value::Null)
        .with(400);
    let status = kicks_off(&server, "/fhir/Group/helsinki-1/$export");
    let busy = server.asks(
        "GET",
        "/fhir/Group/helsinki-1/$export",
        &[ASYNC],
        &Value::Null,
    );
    busy.with(429);
    assert!(busy.header("retry-after").is_some());
    server.gets(&status);
    server.asks("DELETE", &status, &[], &Value::Null).with(202);
    kicks_off(&server, "/fhir/Group/helsinki-1/$export");
}

#[test]
fn searching_person_by_person_finds_what_the_export_holds() {
    let server = served("60", &[]);
    let status = kicks_off(&server, "/fhir/Group/helsinki/$export");
    let exported = files(&server, &manifest(&server, &status));
    let ids = |lines: &[String]| -> Vec<String> {
        let id = |line: &String| {
            let line: Value = serde_json::from_str(line).expect("JSON");
            line["id"].as_str().expect("an id").to_owned()
        };
        let mut ids: Vec<String> = lines.iter().map(id).collect();
        ids.sort();
        ids.dedup();
        ids
    };
    let patients = ids(&exported["Patient"]);
    for kind in [
        "Observation",
        "Condition",
        "MedicationRequest",
        "QuestionnaireResponse",
    ] {
        let mut found = Vec::new();
        for patient in &patients {
            let mut next = Some(format!("/fhir/{kind}?patient={patient}&_count=3"));
            while let Some(target) = next {
                let page = server.gets(&target).with(200);
                for entry in page["entry"].as_array().expect("entries") {
                    found.push(entry["resource"].to_string());
                }
                let links = page["link"].as_array().expect("links");
                let link = links.iter().find(|link| link["relation"] == "next");
                next = link.map(|link| link["url"].as_str().expect("an address").to_owned());
            }
        }
        assert_eq!(ids(&found), ids(&exported[kind]), "{kind}");
    }
    let one = &ids(&exported["Observation"])[0];
    assert_eq!(
        server.gets(&format!("/fhir/Observation/{one}")).with(200)["id"],
        one.as_str()
    );
    let page = server
        .gets(&format!("/fhir/Observation?_id={one}"))
        .with(200);
    assert_eq!(page["total"], 1);
}
