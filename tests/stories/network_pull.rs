//! A group pulled over the network decides as its export folder does.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::exporter::{Exporter, Reply, TOKEN};
use crate::support::pulling::{Keys, base, files_of, job_under_way, n_exports};
use crate::support::site::{Site, TempFolder, count, made_up_register};
use crate::support::world::World;

const DAY: &str = "2025-02-01";
const CITY: [&str; 4] = ["--residents", "300", "--seed", "9"];

/// What the folder of the same city decides, and the lines it has.
fn from_the_folder() -> (String, Value) {
    let folder = TempFolder::new();
    let export = made_up_register(&folder, 300, 9);
    let site = Site::new();
    let report = site.pulls(&export, &[]);
    (site.decisions_hash(DAY), report["lines"].clone())
}

#[test]
fn a_pulled_group_decides_as_its_export_folder_does() {
    let (hash, lines) = from_the_folder();
    for algorithm in ["es384", "rs384"] {
        let keys = Keys::new(algorithm);
        let server = keys.server(&CITY);
        let site = Site::new();
        let report = keys.pulls(&site, &server, &[]);
        assert_eq!(report["lines"], lines);
        assert_eq!(report["is_complete"], true);
        assert_eq!(report["network"]["group"], "helsinki");
        assert_eq!(site.decisions_hash(DAY), hash, "{algorithm}");
        site.is_whole();
        // Nothing is left behind, here or there.
        assert_eq!(job_under_way(&site), None);
    }
}

#[test]
fn a_server_that_wants_no_token_is_pulled_without_one() {
    let (hash, _) = from_the_folder();
    let server = crate::support::served::Served::starts(
        &[&["--no-auth", "--as-of", "2025-01-15"], &CITY[..]].concat(),
    );
    let site = Site::new();
    let words = ["pull", "--server", &base(&server), "--group", "helsinki"];
    site.does(&words).ends_well();
    assert_eq!(site.decisions_hash(DAY), hash);
    server.gets("/bulk/1").with(404);
}

#[test]
fn a_group_is_asked_for_by_post_as_the_newest_guide_says() {
    let (hash, _) = from_the_folder();
    let keys = Keys::new("es384");
    let server = keys.server(&CITY);
    let site = Site::new();
    keys.pulls(&site, &server, &["--post"]);
    assert_eq!(site.decisions_hash(DAY), hash);
}

#[test]
fn a_token_that_expires_while_the_server_prepares_is_renewed() {
    let (hash, _) = from_the_folder();
    let keys = Keys::new("es384");
    let brief = ["--token-lifetime", "1", "--export-seconds", "3"];
    let server = keys.server(&[&CITY[..], &brief].concat());
    let site = Site::new();
    keys.pulls(&site, &server, &[]);
    assert_eq!(site.decisions_hash(DAY), hash);
    assert_eq!(n_exports(&server), 1);
    let requests = server.gets("/_control/requests").with(200);
    assert!(1 < count(&requests["tokens"]), "{requests}");
}

#[test]
fn a_token_taken_back_is_renewed_once() {
    let exporter = Exporter::new();
    let mut world = World::new();
    world
        .resident("aino")
        .woman_born("1961-04-30")
        .bmi(31.2, "2025-10-01");
    exporter.has(&files_of(&world));
    let manifest = exporter.manifest(&[]);
    exporter.says(
        "GET /status/1",
        &[Reply::status(401), Reply::json(200, &manifest)],
    );
    let keys = Keys::new("es384");
    let site = Site::new();
    keys.pulls_from(&site, &exporter, &[]);
    let asked = exporter.was_asked("POST /token");
    assert_eq!(asked.len(), 2);
    assert_ne!(asked[0].body, asked[1].body, "an assertion is used once");
}

#[test]
fn the_scope_is_asked_for_type_by_type_or_in_the_words_of_the_server() {
    let exporter = Exporter::new();
    exporter.has(&files_of(&World::new()));
    let keys = Keys::new("es384");
    for (more, scope) in [
        (
            &[][..],
            "&scope=system%2FGroup.rs+system%2FPatient.rs+system%2FObservation.rs+",
        ),
        (&["--scope", "system/*.rs"], "&scope=system%2F*.rs&"),
    ] {
        keys.pulls_from(&Site::new(), &exporter, more);
        let asked = exporter.was_asked("POST /token").pop().expect("a request");
        assert!(asked.body.contains(scope), "{}", asked.body);
    }
}

#[test]
fn only_what_changed_is_asked_for_when_told_so() {
    let keys = Keys::new("es384");
    let server = keys.server(&[&CITY[..], &["--start", "2025-02-01"]].concat());
    let site = Site::new();
    let first = keys.pulls(&site, &server, &["--changed"]);
    // Nothing is known yet, so everything is asked for.
    assert_eq!(first["network"]["since"], Value::Null);
    assert!(0 < count(&first["facts"]));
    let hash = site.decisions_hash(DAY);
    let second = keys.pulls(&site, &server, &["--changed"]);
    assert_eq!(
        second["network"]["since"],
        first["network"]["transaction_time"]
    );
    assert_eq!(count(&second["lines"]["read"]), 0);
    // By default everything is asked for, and found to be known.
    let third = keys.pulls(&site, &server, &[]);
    assert_eq!(third["network"]["since"], Value::Null);
    assert_eq!(third["facts"], 0);
    assert_eq!(third["lines"]["register"], 0);
    assert_eq!(
        count(&third["lines"]["unchanged"]),
        ["register", "facts", "withdrawn"]
            .map(|kind| count(&first["lines"][kind]))
            .iter()
            .sum::<u64>(),
    );
    assert_eq!(site.decisions_hash(DAY), hash);
    site.is_whole();
}

#[test]
fn a_token_goes_to_the_server_alone_and_is_written_down_nowhere() {
    let mut world = World::new();
    world
        .resident("aino")
        .woman_born("1961-04-30")
        .bmi(31.2, "2025-10-01");
    let (exporter, elsewhere) = (Exporter::new(), Exporter::new());
    let files = files_of(&world);
    exporter.has(&files);
    elsewhere.has(&files);
    // The files are on another origin, where their address is the secret.
    let listed = files
        .keys()
        .map(|kind| (kind.clone(), elsewhere.at(&format!("/file/{kind}"))));
    let listed: Vec<(String, String)> = listed.collect();
    let listed: Vec<(&str, &str, Option<u64>)> = listed
        .iter()
        .map(|(kind, url)| (kind.as_str(), url.as_str(), None))
        .collect();
    let mut manifest = exporter.manifest(&listed);
    manifest["requiresAccessToken"] = json!(false);
    let later = Reply::status(202).with("retry-after", "1");
    exporter.says("GET /status/1", &[later, Reply::json(200, &manifest)]);
    let (keys, site) = (Keys::new("es384"), Site::new());
    let said = keys.pull_from(&site, &exporter, &[]);
    assert!(!said.err.contains(TOKEN) && !said.out.contains(TOKEN));
    said.ends_well();
    assert!(!elsewhere.everything_asked().is_empty());
    assert!(
        elsewhere
            .everything_asked()
            .iter()
            .all(|asked| asked.authorization.is_none())
    );
    let bearer = format!("Bearer {TOKEN}");
    for asked in exporter.everything_asked() {
        let is_public = asked.target.contains("well-known") || asked.target == "/token";
        let expected = (!is_public).then(|| bearer.clone());
        assert_eq!(asked.authorization, expected, "{}", asked.target);
    }
    let kick_off = &exporter.was_asked("GET /fhir/Group/g/$export")[0];
    assert!(
        kick_off.target.contains("_type=Patient%2CObservation"),
        "{}",
        kick_off.target
    );
    assert!(nowhere(&site.data(), TOKEN.as_bytes()));
}

/// Whether no file below a folder holds these bytes.
fn nowhere(folder: &Path, bytes: &[u8]) -> bool {
    fs::read_dir(folder).expect("a folder").all(|entry| {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            return nowhere(&path, bytes);
        }
        let content = fs::read(&path).expect("a file");
        !content.windows(bytes.len()).any(|window| window == bytes)
    })
}

#[test]
fn a_file_that_needs_a_token_on_another_origin_gets_none() {
    let (exporter, elsewhere) = (Exporter::new(), Exporter::new());
    let url = elsewhere.at("/file/Patient");
    let manifest = exporter.manifest(&[("Patient", &url, None)]);
    exporter.says("GET /status/1", &[Reply::json(200, &manifest)]);
    let (keys, site) = (Keys::new("es384"), Site::new());
    let told = keys.pull_from(&site, &exporter, &[]).ends_with(1);
    assert!(told.contains("the token is not sent there"), "{told}");
    assert!(elsewhere.everything_asked().is_empty());
    assert_eq!(
        exporter.was_asked("DELETE /status/1").len(),
        1,
        "nobody needs it any more"
    );
    assert_eq!(job_under_way(&site), None);
}

#[test]
fn what_the_source_has_deleted_is_taken_back() {
    let mut world = World::new();
    world
        .resident("veikko")
        .man_born("1955-01-01")
        .diagnosed("E11.9", "2020-01-01")
        .called("diagnosis");
    let exporter = Exporter::new();
    exporter.has(&files_of(&world));
    let (keys, site) = (Keys::new("es384"), Site::new());
    keys.pulls_from(&site, &exporter, &[]);
    site.runs("2025-11-01", &[]);
    assert_eq!(site.state_of("veikko"), "known-disease");
    let bundle = json!({ "resourceType": "Bundle", "type": "transaction", "entry": [
        { "request": { "method": "DELETE", "url": "Condition/diagnosis" } },
        { "request": { "method": "DELETE", "url": "Observation/nobody-knows" } },
    ] });
    let mut manifest = exporter.manifest(&[]);
    manifest["deleted"] = json!([{ "type": "Bundle", "url": exporter.at("/file/deleted") }]);
    exporter.says(
        "GET /file/deleted",
        &[Reply::status(200).body(format!("{bundle}\n"))],
    );
    exporter.says("GET /status/1", &[Reply::json(200, &manifest)]);
    let report = keys.pulls_from(&site, &exporter, &["--changed"]);
    assert_eq!(report["network"]["deleted"], 2);
    site.runs("2025-11-01", &[]);
    assert_eq!(site.state_of("veikko"), "asked");
    site.is_whole();
}
