//! What a server does wrong is got over, or told; it never makes anybody well.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::exporter::{Exporter, Reply};
use crate::support::pulling::{Keys, base, files_of, job_under_way};
use crate::support::site::{Site, TempFolder, made_up_register};
use crate::support::snapshots::reads;
use crate::support::world::{LOWEST, World};

const DAY: &str = "2025-10-01";
const KICK_OFF: &str = "GET /fhir/Group/g/$export";
const STATUS: &str = "GET /status/1";
const DELETE: &str = "DELETE /status/1";

/// Somebody who is well, as far as everything about her is known.
fn clinic() -> World {
    let mut world = World::new();
    world
        .resident("bertta")
        .woman_born("1985-05-05")
        .bmi(22.0, DAY)
        .waist(75.0, DAY)
        .answers(&LOWEST, DAY);
    world
}

/// Somebody who is well, and a server that is told what to answer.
pub(super) struct Story {
    pub(super) keys: Keys,
    pub(super) site: Site,
    pub(super) exporter: Exporter,
    pub(super) files: BTreeMap<String, String>,
    pub(super) manifest: Value,
}

impl Story {
    pub(super) fn new() -> Self {
        let exporter = Exporter::new();
        let files = files_of(&clinic());
        let manifest = exporter.has(&files);
        Self {
            keys: Keys::new("es384"),
            site: Site::new(),
            exporter,
            files,
            manifest,
        }
    }

    #[track_caller]
    pub(super) fn pulls(&self) -> Value {
        self.keys.pulls_from(&self.site, &self.exporter, &[])
    }

    /// What is said when nothing can be pulled, in words without this machine's port; nothing is
    /// stored.
    #[track_caller]
    pub(super) fn is_refused(&self, more: &[&str]) -> String {
        let said = self.keys.pull_from(&self.site, &self.exporter, more);
        assert_eq!(said.out, "", "nothing is data");
        let told = said.ends_with(1);
        assert!(
            !self.site.lake().join("current").exists(),
            "nothing is stored"
        );
        told.replace(&self.exporter.at(""), "<server>")
    }

    #[track_caller]
    pub(super) fn bertta_is(&self, state: &str) {
        self.site.runs("2025-11-01", &[]);
        assert_eq!(self.site.state_of("bertta"), state);
        self.site.is_whole();
    }
}

fn after_a_second(reply: Reply) -> Reply {
    reply.with("retry-after", "1")
}

#[test]
fn an_export_comes_through_a_server_that_fails_now_and_then() {
    let folder = TempFolder::new();
    let export = made_up_register(&folder, 60, 5);
    let straight = Site::new();
    straight.pulls(&export, &[]);
    let keys = Keys::new("es384");
    let city = ["--residents", "60", "--seed", "5", "--export-seconds", "1"];
    for faults in [
        "seed=1,status-503=0.2,status-429=0.2",
        "seed=2,lost-request=0.1,lost-answer=0.1,cut-short=0.15",
        "seed=3,wrong-type=0.2,slow=0.2,slow-ms=100",
    ] {
        let server = keys.server(&[&city[..], &["--faults", faults]].concat());
        let site = Site::new();
        keys.pulls(&site, &server, &[]);
        let (is, expected) = (
            site.decisions_hash("2025-02-01"),
            straight.decisions_hash("2025-02-01"),
        );
        assert_eq!(is, expected, "{faults}");
        site.is_whole();
    }
}

#[test]
fn every_way_of_saying_not_yet_is_waited_for() {
    let story = Story::new();
    let status = story.exporter.at("/status/1");
    let taken = Reply::status(202).with("content-location", &status);
    let busy = after_a_second(Reply::outcome(429, "throttled", "one at a time"));
    story
        .exporter
        .says(KICK_OFF, &[busy, Reply::page(200), taken]);
    let manifest = Reply::json(200, &story.manifest);
    story.exporter.says(
        STATUS,
        &[
            after_a_second(Reply::status(202).with("x-progress", "half-way")),
            after_a_second(Reply::status(200).with("x-export-status", "202")),
            Reply::status(503).with("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"),
            after_a_second(Reply::outcome(500, "transient", "the database is away")),
            after_a_second(Reply::status(429)),
            after_a_second(Reply::page(200)),
            after_a_second(Reply::page(502)),
            manifest,
        ],
    );
    let said = story.keys.pull_from(&story.site, &story.exporter, &[]);
    for told in [
        "the server says: half-way",
        "the database is away",
        "one at a time",
    ] {
        assert!(said.err.contains(told), "{}", said.err);
    }
    said.ends_well();
    assert_eq!(story.exporter.was_asked(STATUS).len(), 8);
    assert_eq!(story.exporter.was_asked(DELETE).len(), 1);
    story.bertta_is("below-level");
}

#[test]
fn an_export_that_the_server_forgot_is_asked_for_anew_once() {
    let story = Story::new();
    let manifest = Reply::json(200, &story.manifest);
    story.exporter.says(STATUS, &[Reply::status(404), manifest]);
    story.pulls();
    assert_eq!(story.exporter.was_asked(KICK_OFF).len(), 2);
    story.bertta_is("below-level");
    let story = Story::new();
    story.exporter.says(STATUS, &[Reply::status(410)]);
    let told = story.is_refused(&[]);
    assert!(
        told.contains("the server has forgotten the export twice"),
        "{told}"
    );
    assert_eq!(story.exporter.was_asked(KICK_OFF).len(), 2);
    assert_eq!(job_under_way(&story.site), None);
}

#[test]
fn a_file_that_is_gone_is_looked_for_in_the_manifest_once_more() {
    let story = Story::new();
    let whole = Reply::status(200).body(story.files["Patient"].clone());
    let asked = "GET /file/Patient";
    story.exporter.says(asked, &[Reply::status(410), whole]);
    story.pulls();
    assert_eq!(story.exporter.was_asked(STATUS).len(), 2);
    assert_eq!(story.exporter.was_asked(KICK_OFF).len(), 1);
    assert_eq!(
        story.exporter.was_asked("GET /file/Observation").len(),
        1,
        "it was here already"
    );
    story.bertta_is("below-level");
}

#[test]
fn a_file_with_fewer_lines_than_promised_leaves_its_residents_undetermined() {
    let story = Story::new();
    let text = &story.files["Observation"];
    let short: String = text.split_inclusive('\n').skip(1).collect();
    let reply = Reply::status(200).body(short);
    story.exporter.says("GET /file/Observation", &[reply]);
    let report = story.pulls();
    assert_eq!(report["is_complete"], false);
    assert_eq!(report["network"]["incomplete"], json!(["Observation"]));
    story.bertta_is("undetermined-incomplete");
    // It does not move the watermark: what was missing is asked for again.
    story.exporter.has(&story.files);
    let report = story
        .keys
        .pulls_from(&story.site, &story.exporter, &["--changed"]);
    assert_eq!(report["network"]["since"], Value::Null);
    story.bertta_is("below-level");
}

#[test]
fn a_file_that_breaks_off_is_fetched_again() {
    let story = Story::new();
    let text = story.files["Observation"].clone();
    let half = Reply::status(200).body(text[..text.len() / 2].to_owned());
    let whole = Reply::status(200).body(text);
    story
        .exporter
        .says("GET /file/Observation", &[half.clone(), whole]);
    story.pulls();
    assert_eq!(story.exporter.was_asked("GET /file/Observation").len(), 2);
    story.bertta_is("below-level");
}

#[test]
fn a_packed_file_is_read_whether_it_is_said_to_be_packed_or_not() {
    for says_so in [true, false] {
        let story = Story::new();
        let packed = gzip(story.files["Observation"].as_bytes());
        let broken = Reply::status(200).body(packed[..packed.len() - 6].to_vec());
        let mut whole = Reply::status(200).body(packed);
        if says_so {
            whole = whole.with("content-encoding", "gzip");
        }
        story
            .exporter
            .says("GET /file/Observation", &[broken, whole]);
        story.pulls();
        assert_eq!(story.exporter.was_asked("GET /file/Observation").len(), 2);
        story.bertta_is("below-level");
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory can be written");
    encoder.finish().expect("memory can be written")
}

#[test]
fn lines_come_with_any_ending_and_strangers_are_counted() {
    let story = Story::new();
    let text = story.files["Observation"].replace('\n', "\r\n\r\n");
    let odd = json!({ "resourceType": "Spaceship", "id": "x" });
    let text = format!("\u{feff}{text}{odd}\nthis is no resource\n{odd}");
    let reply = Reply::status(200).body(text);
    story.exporter.says("GET /file/Observation", &[reply]);
    let mut manifest = story.manifest.clone();
    for file in manifest["output"].as_array_mut().expect("files") {
        file.as_object_mut().expect("a file").remove("count");
    }
    story.exporter.says(STATUS, &[Reply::json(200, &manifest)]);
    let report = story.pulls();
    assert_eq!(report["lines"]["other_type"], 2);
    assert_eq!(report["lines"]["set_aside"], 1);
    story.bertta_is("below-level");
}

#[test]
fn what_the_server_could_not_export_leaves_residents_undetermined_until_it_can() {
    let story = Story::new();
    let outcome = |severity: &str| {
        let issue = json!([{ "severity": severity, "code": "exception", "diagnostics": "no laboratory today" }]);
        json!({ "resourceType": "OperationOutcome", "issue": issue }).to_string()
    };
    let with = |list: &str, severity: &str| {
        let mut manifest = story.manifest.clone();
        manifest[list] =
            json!([{ "type": "OperationOutcome", "url": story.exporter.at("/file/said") }]);
        let said = Reply::status(200).body(format!("{}\n", outcome(severity)));
        story.exporter.says("GET /file/said", &[said]);
        story.exporter.says(STATUS, &[Reply::json(200, &manifest)]);
    };
    for list in ["error", "outcome"] {
        with(list, "error");
        let said = story
            .keys
            .pull_from(&story.site, &story.exporter, &[])
            .ends_well();
        // What a server writes may name a patient: the code is said, the text is not.
        assert!(said.contains("exception"), "{said}");
        assert!(!said.contains("no laboratory today"), "{said}");
        story.bertta_is("undetermined-incomplete");
        // A folder or another group that is whole does not bring what was missing here.
        story.site.pulls(&clinic().export(), &[]);
        story.bertta_is("undetermined-incomplete");
        // What is merely to be known is no error.
        with(list, "information");
        let report = story.pulls();
        assert_eq!(report["is_complete"], true, "{report}");
        assert_eq!(report["network"]["outcomes"], 1);
        story.bertta_is("below-level");
    }
}

#[test]
fn what_the_token_does_not_allow_leaves_residents_undetermined_unless_it_is_meant_so() {
    let story = Story::new();
    let token = |scope: &str| json!({ "access_token": "x", "token_type": "bearer", "expires_in": 300, "scope": scope });
    let narrow = "system/Patient.rs system/Observation.r system/QuestionnaireResponse.rs";
    story
        .exporter
        .says("POST /token", &[Reply::json(200, &token(narrow))]);
    let said = story.keys.pull_from(&story.site, &story.exporter, &[]);
    assert!(
        said.err.contains("does not let this client read Condition"),
        "{}",
        said.err
    );
    said.ends_well();
    let kick_off = &story.exporter.was_asked(KICK_OFF)[0].target;
    assert!(!kick_off.contains("Condition"), "{kick_off}");
    story.bertta_is("undetermined-incomplete");
    let other = Story::new();
    other
        .exporter
        .says("POST /token", &[Reply::json(200, &token(narrow))]);
    let types = ["--types", "Patient,Observation,QuestionnaireResponse"];
    other.keys.pulls_from(&other.site, &other.exporter, &types);
    other.bertta_is("below-level");
}

#[test]
fn a_file_that_never_comes_whole_fails_the_pull_and_the_next_one_goes_on() {
    let story = Story::new();
    let last = story.files.keys().last().expect("files").clone();
    let asked = format!("GET /file/{last}");
    let refusal = Reply::outcome(403, "forbidden", "not this one");
    story.exporter.says(&asked, &[refusal]);
    let told = story.is_refused(&[]);
    assert!(told.contains("nothing was stored"), "{told}");
    assert!(job_under_way(&story.site).is_some());
    let other = story.is_refused(&["--types", "Patient"]);
    assert!(other.contains("asked for with other words"), "{other}");
    let whole = Reply::status(200).body(story.files[&last].clone());
    story.exporter.says(&asked, &[whole]);
    story.pulls();
    assert_eq!(story.exporter.was_asked(KICK_OFF).len(), 1);
    assert_eq!(story.exporter.was_asked("GET /file/Observation").len(), 1);
    story.bertta_is("below-level");
}

#[test]
fn an_export_can_be_cancelled() {
    let story = Story::new();
    let last = format!("GET /file/{}", story.files.keys().last().expect("files"));
    story.exporter.says(&last, &[Reply::status(403)]);
    story.is_refused(&[]);
    let said = story
        .keys
        .pull_from(&story.site, &story.exporter, &["--cancel"])
        .ends_well();
    assert_eq!(said, "The export was given up.\n");
    assert_eq!(story.exporter.was_asked(DELETE).len(), 1);
    assert_eq!(job_under_way(&story.site), None);
    let said = story
        .keys
        .pull_from(&story.site, &story.exporter, &["--cancel"])
        .ends_well();
    assert_eq!(said, "No export of this group is under way.\n");
}

#[test]
fn each_refusal_says_what_is_wrong() {
    let mut told = String::new();
    let mut case = |what: &str, said: String| told.push_str(&format!("{what}\n{said}\n"));
    let story = Story::new();
    let outcome = Reply::outcome(404, "not-found", "no group with this id");
    story.exporter.says(KICK_OFF, &[outcome]);
    case(
        "a group that the server does not know",
        story.is_refused(&[]),
    );
    story.exporter.says(KICK_OFF, &[Reply::status(202)]);
    case("an export without a place", story.is_refused(&[]));
    let relative = Reply::status(202).with("content-location", "/status/1");
    story.exporter.says(KICK_OFF, &[relative]);
    case("an export at a relative place", story.is_refused(&[]));
    let elsewhere = Reply::status(202).with("content-location", "https://else.example.org/1");
    story.exporter.says(KICK_OFF, &[elsewhere]);
    case("an export at another origin", story.is_refused(&[]));
    let story = Story::new();
    story
        .exporter
        .says(STATUS, &[Reply::outcome(500, "exception", "out of disk")]);
    case("an export that fails", story.is_refused(&[]));
    story.exporter.says(
        STATUS,
        &[Reply::json(200, &json!({ "resourceType": "Bundle" }))],
    );
    case("an answer that is no manifest", story.is_refused(&[]));
    let mut manifest = story.manifest.clone();
    manifest["output"][0]["url"] = json!("http://files.example.org/secret/1");
    story.exporter.says(STATUS, &[Reply::json(200, &manifest)]);
    case("a file without TLS", story.is_refused(&[]));
    let refusal = json!({ "error": "invalid_client", "error_description": "unknown key" });
    story
        .exporter
        .says("POST /token", &[Reply::json(401, &refusal)]);
    case(
        "a client that the server does not know",
        story.is_refused(&[]),
    );
    let smart = "GET /fhir/.well-known/smart-configuration";
    story.exporter.says(smart, &[Reply::status(404)]);
    case("a server without SMART", story.is_refused(&[]));
    reads("refusals-of-a-pull", &told);
}

#[test]
fn a_key_that_the_server_does_not_know_is_told_and_nothing_is_asked_for() {
    let (keys, others) = (Keys::new("es384"), Keys::new("es384"));
    let server = keys.server(&["--residents", "5"]);
    let site = Site::new();
    let told = others
        .pull(&site, &base(&server), "helsinki", &[])
        .ends_with(1);
    assert!(
        told.contains("no token was given to client `engine`"),
        "{told}"
    );
    assert!(told.contains("invalid_client"), "{told}");
    let told = keys.pull(&site, &base(&server), "nobody", &[]).ends_with(1);
    assert!(
        told.contains("the server refused the export: 404"),
        "{told}"
    );
    let plain = keys
        .pull(&site, "http://fhir.example.org", "g", &[])
        .ends_with(1);
    assert!(plain.contains("is not an https address"), "{plain}");
}
