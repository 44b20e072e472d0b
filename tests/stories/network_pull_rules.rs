//! What a client of bulk export has to do, one rule a test; other rules have their tests beside the
//! stories they belong to.

use std::fs;

use serde_json::{Value, json};

use super::network_pull_trouble::Story;
use crate::support::exporter::{Exporter, Reply};
use crate::support::pulling::job_under_way;
use crate::support::site::text;

const KICK_OFF: &str = "GET /fhir/Group/g/$export";
const STATUS: &str = "GET /status/1";
const TOKEN: &str = "POST /token";

/// The parts of a token that a client signed.
fn parts(assertion: &str) -> Vec<Value> {
    use base64::Engine;
    let decoded = |part: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part);
    let parts = assertion.split('.').take(2);
    let parts = parts.map(|part| decoded(part).expect("base64"));
    parts
        .map(|part| serde_json::from_slice(&part).expect("JSON"))
        .collect()
}

#[test]
fn an_assertion_says_who_we_are_to_whom_for_some_minutes_and_once() {
    let story = Story::new();
    let manifest = Reply::json(200, &story.manifest);
    story.exporter.says(STATUS, &[Reply::status(401), manifest]);
    story.pulls();
    let asked = story.exporter.was_asked(TOKEN);
    let mut names = Vec::new();
    for asked in &asked {
        let form: Vec<(&str, &str)> = asked
            .body
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .collect();
        let fields: Vec<&str> = form.iter().map(|(name, _)| *name).collect();
        let fixed = [
            "grant_type",
            "scope",
            "client_assertion_type",
            "client_assertion",
        ];
        assert_eq!(fields, fixed, "and no refresh token");
        assert_eq!(form[0].1, "client_credentials");
        let [header, claims] = &parts(form[3].1)[..] else {
            panic!("an assertion has a header and claims");
        };
        assert_eq!(
            (&header["alg"], &header["typ"]),
            (&json!("ES384"), &json!("JWT"))
        );
        assert!(header["kid"].is_string());
        assert_eq!(
            (&claims["iss"], &claims["sub"]),
            (&json!("engine"), &json!("engine"))
        );
        assert_eq!(claims["aud"], json!(story.exporter.at("/token")));
        let lifetime =
            claims["exp"].as_i64().expect("seconds") - claims["iat"].as_i64().expect("seconds");
        assert!((1..=300).contains(&lifetime), "{lifetime}");
        names.push(text(&claims["jti"]));
    }
    assert_eq!(names.len(), 2);
    assert_ne!(names[0], names[1]);
}

#[test]
fn the_private_key_is_never_shown() {
    let story = Story::new();
    let key = fs::read_to_string(story.keys.private()).expect("a key");
    let secret: Vec<&str> = key
        .lines()
        .filter(|line| !line.starts_with("---"))
        .collect();
    let refusal = json!({ "error": "invalid_client" });
    story.exporter.says(TOKEN, &[Reply::json(401, &refusal)]);
    let said = story.keys.pull_from(&story.site, &story.exporter, &[]);
    assert!(
        secret.iter().all(|line| !said.err.contains(line)),
        "{}",
        said.err
    );
    said.ends_with(1);
    for asked in story.exporter.everything_asked() {
        assert!(secret.iter().all(|line| !asked.body.contains(line)));
    }
}

#[test]
fn a_scope_with_conditions_leaves_residents_undetermined() {
    let story = Story::new();
    let scope = "system/*.rs system/Observation.rs?category=laboratory";
    for (scope, state) in [
        (
            "system/Patient.rs system/QuestionnaireResponse.rs system/Condition.rs system/Consent.rs system/MedicationRequest.rs system/FamilyMemberHistory.rs system/ServiceRequest.rs system/Observation.rs?category=laboratory",
            "undetermined-incomplete",
        ),
        (scope, "below-level"),
    ] {
        let token = json!({ "access_token": "x", "token_type": "bearer", "expires_in": 300, "scope": scope });
        story.exporter.says(TOKEN, &[Reply::json(200, &token)]);
        let said = story.keys.pull_from(&story.site, &story.exporter, &[]);
        let told = said
            .err
            .contains("does not let this client read all of Observation");
        assert_eq!(told, state != "below-level", "{}", said.err);
        said.ends_well();
        // What is there of it is asked for all the same.
        let asked = story.exporter.was_asked(KICK_OFF).pop().expect("a request");
        assert!(asked.target.contains("Observation"), "{}", asked.target);
        story.bertta_is(state);
    }
}

#[test]
fn no_filter_is_asked_for_and_nothing_leniently() {
    let story = Story::new();
    story.pulls();
    let asked = story.exporter.was_asked(KICK_OFF).pop().expect("a request");
    let query = asked.target.split_once('?').expect("a query").1;
    let names: Vec<&str> = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(
        names,
        ["_type"],
        "what a server may misread is not asked for"
    );
    assert_eq!(asked.prefer.as_deref(), Some("respond-async"));
}

#[test]
fn an_export_of_nobody_is_not_a_city_without_people() {
    let story = Story::new();
    story.pulls();
    story.bertta_is("below-level");
    let empty = story.exporter.manifest(&[]);
    story.exporter.says(STATUS, &[Reply::json(200, &empty)]);
    let report = story.pulls();
    assert_eq!(report["is_complete"], false);
    assert_eq!(report["network"]["incomplete"], json!(["Patient"]));
    story.bertta_is("undetermined-incomplete");
    story.exporter.has(&story.files);
    story.pulls();
    story.bertta_is("below-level");
}

#[test]
fn a_status_that_has_moved_is_followed_on_the_same_server_only() {
    let (story, elsewhere) = (Story::new(), Exporter::new());
    let moved = |to: &str| Reply::status(307).with("location", to);
    let manifest = Reply::json(200, &story.manifest);
    story
        .exporter
        .says(STATUS, &[moved(&story.exporter.at("/status/new"))]);
    story.exporter.says("GET /status/new", &[manifest]);
    story.pulls();
    story.bertta_is("below-level");
    for (asked, more) in [
        (STATUS, &[][..]),
        (KICK_OFF, &[]),
        ("GET /file/Patient", &[]),
        ("GET /fhir/Group/g", &["--by", "crawl"]),
    ] {
        let story = Story::new();
        story
            .exporter
            .says(asked, &[moved(&elsewhere.at("/taken"))]);
        let more = if more.is_empty() {
            &["--by", "export"]
        } else {
            more
        };
        let told = story.is_refused(more);
        assert!(told.contains("307"), "{asked}: {told}");
    }
    assert!(elsewhere.everything_asked().is_empty(), "nobody went there");
}

#[test]
fn a_manifest_that_leads_back_to_itself_is_given_up() {
    let story = Story::new();
    let mut manifest = story.manifest.clone();
    for back in ["/status/1", "/page/2"] {
        manifest["link"] = json!([{ "relation": "next", "url": story.exporter.at(back) }]);
        story.exporter.says(STATUS, &[Reply::json(200, &manifest)]);
        story
            .exporter
            .says("GET /page/2", &[Reply::json(200, &manifest)]);
        let told = story.is_refused(&["--by", "export"]);
        assert!(told.contains("leads back to an earlier one"), "{told}");
        assert_eq!(job_under_way(&story.site), None);
    }
    assert_eq!(story.exporter.was_asked("GET /page/2").len(), 1);
}

#[test]
fn files_in_parts_and_with_header_lines_are_read_like_any_other() {
    let story = Story::new();
    let mut manifest = story.manifest.clone();
    manifest["outputOrganizedBy"] = json!("Patient");
    manifest["extension"] = json!([{ "url": "https://example.org/x" }]);
    let header = json!({ "resourceType": "Parameters", "parameter": [{ "name": "header" }] });
    let text = &story.files["Observation"];
    let (first, rest) = text.split_once('\n').expect("two lines");
    let parts = [format!("{header}\n{first}\n"), format!("{header}\n{rest}")];
    let files = manifest["output"].as_array_mut().expect("files");
    files.retain(|file| file["type"] != "Observation");
    for (n, part) in parts.iter().enumerate() {
        let url = story.exporter.at(&format!("/part/{n}"));
        let next = story.exporter.at("/part/1");
        let mut file = json!({ "url": url, "count": part.lines().count() });
        if n == 0 {
            file["continuesInFile"] = json!(next);
        }
        files.push(file);
        let reply = Reply::status(200).body(part.clone());
        story.exporter.says(&format!("GET /part/{n}"), &[reply]);
    }
    story.exporter.says(STATUS, &[Reply::json(200, &manifest)]);
    let report = story.pulls();
    assert_eq!(report["lines"]["other_type"], 2, "the header lines");
    story.bertta_is("below-level");
}

#[test]
fn a_file_of_another_size_than_promised_leaves_its_residents_undetermined() {
    let story = Story::new();
    let size = story.files["Observation"].len();
    for (size, state) in [(size, "below-level"), (size + 1, "undetermined-incomplete")] {
        let mut manifest = story.manifest.clone();
        for file in manifest["output"].as_array_mut().expect("files") {
            if file["type"] == "Observation" {
                file["fileSize"] = json!(size);
            }
        }
        story.exporter.says(STATUS, &[Reply::json(200, &manifest)]);
        story.pulls();
        story.bertta_is(state);
    }
}

#[test]
fn files_come_under_any_of_the_names_for_lines() {
    for kind in [
        "application/fhir+ndjson",
        "application/ndjson",
        "application/x-ndjson",
        "application/octet-stream",
    ] {
        let story = Story::new();
        let reply = Reply::status(200).with("content-type", kind);
        let reply = reply.body(story.files["Observation"].clone());
        story.exporter.says("GET /file/Observation", &[reply]);
        story.pulls();
        story.bertta_is("below-level");
    }
}

#[test]
fn a_signed_address_that_has_expired_is_had_anew() {
    let story = Story::new();
    let mut manifests = Vec::new();
    for signature in ["old", "new"] {
        let mut manifest = story.manifest.clone();
        manifest["requiresAccessToken"] = json!(false);
        for file in manifest["output"].as_array_mut().expect("files") {
            let url = format!("{}?signature={signature}", text(&file["url"]));
            file["url"] = json!(url);
        }
        manifests.push(Reply::json(200, &manifest));
    }
    story.exporter.says(STATUS, &manifests);
    let expired = Reply::status(403)
        .with("content-type", "application/xml")
        .body("<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>");
    story
        .exporter
        .says("GET /file/Patient?signature=old", &[expired]);
    story.pulls();
    assert_eq!(story.exporter.was_asked(KICK_OFF).len(), 1);
    assert_eq!(story.exporter.was_asked(STATUS).len(), 2);
    let observations = story.exporter.was_asked("GET /file/Observation");
    assert_eq!(observations.len(), 1, "it was here already");
    story.bertta_is("below-level");
}

#[test]
fn a_signed_address_that_is_never_good_does_not_keep_the_export_for_ever() {
    let story = Story::new();
    let mut manifest = story.manifest.clone();
    manifest["requiresAccessToken"] = json!(false);
    story.exporter.says(STATUS, &[Reply::json(200, &manifest)]);
    story
        .exporter
        .says("GET /file/Patient", &[Reply::status(403)]);
    let told = story.is_refused(&["--by", "export"]);
    assert!(told.contains("has forgotten the export twice"), "{told}");
    assert_eq!(job_under_way(&story.site), None, "nobody has to cancel it");
    // Where a token is needed, the next command looks into the manifest again.
    story.exporter.has(&story.files);
    story
        .exporter
        .says("GET /file/Patient", &[Reply::status(403)]);
    story.is_refused(&[]);
    assert!(job_under_way(&story.site).is_some());
    let whole = Reply::status(200).body(story.files["Patient"].clone());
    story
        .exporter
        .says("GET /file/Patient", &[Reply::status(403), whole]);
    let before = story.exporter.was_asked(STATUS).len();
    story.pulls();
    assert_eq!(story.exporter.was_asked(STATUS).len(), before + 1);
    story.bertta_is("below-level");
}

#[test]
fn the_newest_of_several_versions_counts_wherever_it_stands() {
    let story = Story::new();
    // Her weight of the same visit, typed wrong at first.
    let line = |value: f64, updated: Option<&str>| {
        let mut resource = json!({
            "resourceType": "Observation", "id": "typed-twice", "status": "final",
            "code": { "coding": [{ "system": "http://loinc.org", "code": "39156-5" }] },
            "subject": { "reference": "Patient/bertta" }, "effectiveDateTime": "2025-10-02",
            "valueQuantity": { "value": value, "system": "http://unitsofmeasure.org", "code": "kg/m2" },
        });
        if let Some(updated) = updated {
            resource["meta"] = json!({ "lastUpdated": updated });
        }
        format!("{resource}\n")
    };
    let newer = line(22.0, Some("2025-10-03T10:00:00Z"));
    let older = line(45.0, Some("2025-10-02T10:00:00Z"));
    let text = story.files["Observation"].clone();
    for text in [
        format!("{newer}{older}{text}"),
        format!("{older}{text}{newer}{newer}"),
    ] {
        let mut files = story.files.clone();
        files.insert("Observation".to_owned(), text);
        story.exporter.has(&files);
        story.pulls();
        story.bertta_is("below-level");
    }
    // Without a time the content tells versions apart; that nobody knows the newer one is said.
    let mut files = story.files.clone();
    let undated = [line(23.0, None), line(24.0, None), line(24.0, None)].concat();
    files.insert("Observation".to_owned(), format!("{undated}{text}"));
    story.exporter.has(&files);
    let other = Story::new();
    other.exporter.has(&files);
    let report = other.pulls();
    assert_eq!(report["issues"]["same-id-different-content"], 1, "{report}");
}

#[test]
fn references_are_understood_however_they_are_written() {
    let story = Story::new();
    for written in [
        "https://fhir.example.org/R4/Patient/bertta",
        "Patient/bertta/_history/3",
        "urn:uuid:bertta",
    ] {
        let mut files = story.files.clone();
        for text in files.values_mut() {
            *text = text.replace("\"Patient/bertta\"", &format!("\"{written}\""));
        }
        let other = Story::new();
        other.exporter.has(&files);
        other.pulls();
        other.bertta_is("below-level");
    }
}

#[test]
fn whoever_is_new_in_what_changed_waits_until_everything_comes() {
    let story = Story::new();
    story.pulls();
    let mut files = story.files.clone();
    for text in files.values_mut() {
        let newcomer = text.replace("bertta", "dora");
        // Ids of her resources are her own.
        *text = newcomer
            .replace("\"id\":\"", "\"id\":\"n-")
            .replace("\"id\":\"n-dora\"", "\"id\":\"dora\"");
    }
    story.exporter.has(&files);
    let report = story
        .keys
        .pulls_from(&story.site, &story.exporter, &["--changed"]);
    assert!(report["network"]["since"].is_string(), "{report}");
    assert_eq!(report["undetermined"].as_array().map(Vec::len), Some(1));
    story.bertta_is("below-level");
    assert_eq!(story.site.state_of("dora"), "undetermined-incomplete");
    story.pulls();
    story.bertta_is("below-level");
    assert_eq!(story.site.state_of("dora"), "below-level");
}

#[test]
fn an_error_where_resources_should_be_leaves_residents_undetermined() {
    let story = Story::new();
    let issue =
        json!([{ "severity": "error", "code": "exception", "diagnostics": "no laboratory" }]);
    let outcome = json!({ "resourceType": "OperationOutcome", "issue": issue });
    let text = format!("{}{outcome}\n", story.files["Observation"]);
    let mut files = story.files.clone();
    files.insert("Observation".to_owned(), text);
    story.exporter.has(&files);
    let report = story.pulls();
    assert_eq!(report["is_complete"], false);
    assert_eq!(report["network"]["errors"], 1);
    story.bertta_is("undetermined-incomplete");
}

#[test]
fn bad_lines_make_nobody_well_however_many_there_are() {
    let story = Story::new();
    let bad: String = (0..5_000).map(|n| format!("bad line {n}\n")).collect();
    let mut files = story.files.clone();
    files.insert("Condition".to_owned(), bad);
    story.exporter.has(&files);
    let report = story.pulls();
    assert_eq!(report["lines"]["set_aside"], 5_000);
    assert_eq!(report["issues"]["not-json"], 5_000);
    assert_eq!(report["is_complete"], false);
    story.bertta_is("undetermined-incomplete");
    // One is an accident: the others are unharmed.
    let other = Story::new();
    let mut files = story.files.clone();
    files.insert("Condition".to_owned(), "bad line\n".to_owned());
    other.exporter.has(&files);
    let report = other.pulls();
    assert_eq!(report["lines"]["set_aside"], 1);
    other.bertta_is("below-level");
}
