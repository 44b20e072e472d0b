//! A group that is read resident by resident says what its export says.

use serde_json::{Value, json};

use crate::support::acting::until;
use crate::support::exporter::{Exporter, Reply, TOKEN};
use crate::support::pulling::{Keys, base, files_of, n_exports};
use crate::support::served::Served;
use crate::support::site::{Site, count, preventio_starts};
use crate::support::world::{LOWEST, World};

const DAY: &str = "2025-02-01";
const KICK_OFF: &str = "GET /fhir/Group/g/$export";

/// A made-up city of some residents, which lists them in its first slice.
fn city(profile: &str, seed: &str, more: &[&str]) -> Served {
    let words = [
        "--no-auth",
        "--as-of",
        "2025-01-15",
        "--residents",
        "40",
        "--seed",
        seed,
        "--profile",
        profile,
    ];
    Served::starts(&[&words[..], more].concat())
}

#[track_caller]
fn pulls(site: &Site, server: &Served, more: &[&str]) -> Value {
    let base = base(server);
    let words = ["pull", "--server", &base, "--group", "helsinki-1", "--json"];
    let said = site.does(&[&words[..], more].concat());
    serde_json::from_str(&said.ends_well()).expect("the report is JSON")
}

#[test]
fn facts_by_search_are_the_facts_of_the_export() {
    for (profile, seed) in [
        ("open", "1"),
        ("apotti", "2"),
        ("apotti", "3"),
        ("open", "4"),
    ] {
        let server = city(profile, seed, &[]);
        let (exported, crawled) = (Site::new(), Site::new());
        let first = pulls(&exported, &server, &["--by", "export"]);
        let second = pulls(&crawled, &server, &["--by", "crawl"]);
        assert_eq!(first["network"]["way"], "export");
        assert_eq!(second["network"]["way"], "crawl");
        assert_eq!(second["is_complete"], true, "{second}");
        assert!(0 < count(&second["facts"]));
        assert!(
            exported.facts_about_those_of(&crawled) == crawled.facts(),
            "{profile} {seed}"
        );
        // Somebody's second entry is in the export, and its group does not list it.
        let n_members = crawled.register().len();
        assert!(n_members <= exported.register().len() && 40 <= n_members);
        if exported.register().len() == n_members {
            assert_eq!(exported.decisions_hash(DAY), crawled.decisions_hash(DAY));
        }
        // Known is known, whichever way it comes.
        let third = pulls(&exported, &server, &["--by", "crawl"]);
        assert_eq!(third["facts"], 0, "{third}");
        exported.is_whole();
        crawled.is_whole();
    }
}

#[test]
fn residents_are_read_whole_through_a_server_that_fails_now_and_then() {
    let straight = Site::new();
    pulls(&straight, &city("apotti", "5", &[]), &["--by", "export"]);
    for faults in [
        "seed=1,status-503=0.1,status-429=0.1,status-500-transient=0.05,retry-after=0",
        "seed=2,lost-request=0.05,lost-answer=0.05,cut-short=0.1,no-mode=0.5",
        "seed=3,wrong-type=0.15,status-500=0.05",
    ] {
        let server = city("apotti", "5", &["--faults", faults]);
        let site = Site::new();
        let report = pulls(&site, &server, &["--by", "crawl"]);
        assert_eq!(report["is_complete"], true, "{faults}: {report}");
        assert!(
            straight.facts_about_those_of(&site) == site.facts(),
            "{faults}"
        );
    }
}

#[test]
fn a_crawl_that_is_killed_goes_on_where_it_was() {
    let words = ["--no-auth", "--as-of", "2025-01-15", "--residents", "200"];
    let server = Served::starts(&words);
    let straight = Site::new();
    pulls(&straight, &server, &["--by", "export"]);
    let site = Site::new();
    let address = base(&server);
    let words = ["pull", "--server", &address, "--group", "helsinki-1"];
    let slowly = ["--by", "crawl", "--at-once", "1"];
    let words = site.arguments(&[&words[..], &slowly].concat());
    let mut child = preventio_starts(&words);
    // One handful is in the book, and the crawl is not over.
    let is_under_way = || {
        let status = site.does(&["pull", "--status", "--json"]);
        status.code == Some(0) && {
            let status: Value = serde_json::from_str(&status.out).expect("JSON");
            let pull = &status["under_way"][0];
            pull["way"] == "crawl" && pull["here"].as_u64().is_some_and(|here| 0 < here)
        }
    };
    until("a handful is read", is_under_way);
    child.kill().expect("it can be killed");
    child.wait().expect("it has ended");
    let told = site.does(&["pull", "--status"]).ends_well();
    assert!(told.contains("Under way: group helsinki-1"), "{told}");
    assert!(told.contains("of 200 residents here"), "{told}");
    let searches = |server: &Served| {
        let requests = server.gets("/_control/requests").with(200);
        count(&requests["searches"])
    };
    let before = searches(&server);
    // The same question, without a word about the way.
    let report = pulls(&site, &server, &[]);
    assert_eq!(report["network"]["way"], "crawl");
    assert!(straight.facts_about_those_of(&site) == site.facts());
    assert!(
        searches(&server) - before < 200 * 7,
        "those who were read are not read again"
    );
    let told = site.does(&["pull", "--status"]).ends_well();
    assert!(!told.contains("Under way"), "{told}");
    assert!(told.contains("everything up to"), "{told}");
    site.is_whole();
}

/// Two residents at a server that answers as it is told.
struct Clinic {
    exporter: Exporter,
    site: Site,
    keys: Keys,
}

impl Clinic {
    fn new() -> Self {
        let day = "2025-10-01";
        let mut world = World::new();
        for (name, born) in [("bertta", "1985-05-05"), ("cecilia", "1986-06-06")] {
            world
                .resident(name)
                .woman_born(born)
                .bmi(22.0, day)
                .waist(75.0, day)
                .answers(&LOWEST, day);
        }
        let clinic = Self {
            exporter: Exporter::new(),
            site: Site::new(),
            keys: Keys::new("es384"),
        };
        let exporter = &clinic.exporter;
        let members = ["bertta", "cecilia"]
            .map(|id| json!({ "entity": { "reference": format!("Patient/{id}") } }));
        let group = json!({ "resourceType": "Group", "id": "g", "quantity": 2, "member": members });
        exporter.says("GET /fhir/Group/g", &[Reply::json(200, &group)]);
        let files = files_of(&world);
        let lines = |kind: &str| -> Vec<Value> {
            let text = files.get(kind).map_or("", String::as_str);
            let lines = text.lines();
            lines
                .map(|line| serde_json::from_str(line).expect("JSON"))
                .collect()
        };
        for patient in lines("Patient") {
            let id = patient["id"].as_str().expect("an id").to_owned();
            let asked = format!("GET /fhir/Patient/{id}");
            exporter.says(&asked, &[Reply::json(200, &patient)]);
            for kind in [
                "Observation",
                "Condition",
                "MedicationRequest",
                "FamilyMemberHistory",
                "QuestionnaireResponse",
                "Consent",
                "ServiceRequest",
            ] {
                let about = format!("Patient/{id}");
                let mut found = lines(kind);
                found.retain(|line| {
                    line["subject"]["reference"] == about || line["patient"]["reference"] == about
                });
                clinic.answers(kind, &id, &[Reply::json(200, &bundle(&found))]);
            }
        }
        clinic
    }

    /// What a search of a type about a resident is answered with.
    fn answers(&self, kind: &str, patient: &str, replies: &[Reply]) {
        let asked = format!("GET /fhir/{kind}?patient={patient}&_count=200");
        self.exporter.says(&asked, replies);
    }

    #[track_caller]
    fn pulls(&self, more: &[&str]) -> Value {
        let words = [&["--by", "crawl"], more].concat();
        self.keys.pulls_from(&self.site, &self.exporter, &words)
    }

    #[track_caller]
    fn are(&self, bertta: &str, cecilia: &str) {
        self.site.runs("2025-11-01", &[]);
        assert_eq!(self.site.state_of("bertta"), bertta);
        assert_eq!(self.site.state_of("cecilia"), cecilia);
        self.site.is_whole();
    }
}

fn bundle(resources: &[Value]) -> Value {
    let entries = resources
        .iter()
        .map(|resource| json!({ "resource": resource }));
    json!({ "resourceType": "Bundle", "type": "searchset", "entry": entries.collect::<Vec<_>>() })
}

#[test]
fn what_cannot_be_read_about_somebody_leaves_them_undetermined_and_nobody_else() {
    let forbidden = || Reply::outcome(403, "forbidden", "behind the glass");
    let short = || {
        let mut short = bundle(&[]);
        short["total"] = json!(3);
        Reply::json(200, &short)
    };
    let about_others = || {
        let other = json!({ "resourceType": "Observation", "id": "x", "subject": { "reference": "Patient/nobody" } });
        Reply::json(200, &bundle(&[other]))
    };
    let outcome = || {
        let issue = json!([{ "severity": "error", "code": "exception" }]);
        let outcome = json!({ "resourceType": "OperationOutcome", "issue": issue });
        let mut bundle = bundle(&[]);
        bundle["entry"] = json!([{ "resource": outcome, "search": { "mode": "outcome" } }]);
        Reply::json(200, &bundle)
    };
    // Said mildly, and a resource is withheld all the same.
    let mild = || {
        let issue = json!([{ "severity": "warning", "code": "suppressed" }]);
        let outcome = json!({ "resourceType": "OperationOutcome", "issue": issue });
        let mut bundle = bundle(&[]);
        bundle["entry"] = json!([{ "resource": outcome, "search": { "mode": "outcome" } }]);
        Reply::json(200, &bundle)
    };
    let withheld = || {
        let mut bundle = bundle(&[]);
        bundle["entry"] = json!([{ "search": { "mode": "match" } }]);
        Reply::json(200, &bundle)
    };
    let broken = || Reply::outcome(500, "exception", "a stack trace");
    for reply in [
        forbidden(),
        broken(),
        short(),
        about_others(),
        outcome(),
        mild(),
        withheld(),
    ] {
        let clinic = Clinic::new();
        clinic.answers("Observation", "bertta", &[reply]);
        let report = clinic.pulls(&[]);
        assert_eq!(report["is_complete"], false);
        assert_eq!(report["network"]["incomplete"], json!([]));
        assert_eq!(report["undetermined"].as_array().map(Vec::len), Some(1));
        clinic.are("undetermined-incomplete", "below-level");
        let told = clinic.site.does(&["pull", "--status"]).ends_well();
        assert!(
            told.contains("1 residents of this source stay undetermined"),
            "{told}"
        );
        // Until she can be read: not by what asks for less.
        clinic.answers("Observation", "bertta", &[Reply::json(200, &bundle(&[]))]);
        let report = clinic.pulls(&["--types", "Patient,Condition"]);
        assert_eq!(report["undetermined"].as_array().map(Vec::len), Some(1));
        clinic.are("undetermined-incomplete", "below-level");
        let report = clinic.pulls(&[]);
        assert_eq!(report["is_complete"], true, "{report}");
        clinic.site.runs("2025-11-01", &[]);
        assert_ne!(clinic.site.state_of("bertta"), "undetermined-incomplete");
    }
}

/// A list of some residents is not the group: what is missing of the others is missing after it as before.
#[test]
fn residents_on_a_list_do_not_stand_for_their_group() {
    let clinic = Clinic::new();
    let token = |scope: &str| {
        let token = json!({ "access_token": "x", "token_type": "bearer", "expires_in": 300, "scope": scope });
        clinic
            .exporter
            .says("POST /token", &[Reply::json(200, &token)]);
    };
    token("system/Patient.rs system/Condition.rs");
    clinic.pulls(&[]);
    clinic.are("undetermined-incomplete", "undetermined-incomplete");
    token("system/*.rs");
    let file = clinic.site.beside("members");
    std::fs::write(&file, "bertta\n").expect("a file can be written");
    let file = file.display().to_string();
    let report = clinic.pulls(&["--members", &file]);
    assert_eq!(report["is_complete"], true, "{report}");
    clinic.are("undetermined-incomplete", "undetermined-incomplete");
    let told = clinic.site.does(&["pull", "--status"]).ends_well();
    assert!(!told.contains("everything up to"), "{told}");
    clinic.pulls(&[]);
    clinic.are("below-level", "below-level");
}

#[test]
fn what_a_server_writes_about_somebody_is_not_repeated() {
    let texts = ["Virtanen, Bertta (050585-XXXX) is locked", "bertta"];
    for status in [403, 401, 500] {
        let clinic = Clinic::new();
        let said = Reply::outcome(status, "security", texts[0]).with("retry-after", "0");
        clinic.answers("Observation", "bertta", &[said]);
        let said = clinic
            .keys
            .pull_from(&clinic.site, &clinic.exporter, &["--by", "crawl"]);
        for text in texts {
            assert!(!said.err.contains(text), "{}", said.err);
        }
        assert_eq!(said.code, Some(i32::from(status == 401)), "{}", said.err);
    }
}

#[test]
fn pages_are_followed_on_the_same_server_only_and_never_in_a_circle() {
    let elsewhere = Exporter::new();
    let clinic = Clinic::new();
    let next = |url: &str| {
        let mut page = bundle(&[]);
        page["link"] = json!([{ "relation": "next", "url": url }]);
        Reply::json(200, &page)
    };
    let own = clinic.exporter.at("/fhir/page/2");
    clinic.answers("Condition", "bertta", &[next(&own)]);
    clinic
        .exporter
        .says("GET /fhir/page/2", &[Reply::json(200, &bundle(&[]))]);
    clinic.pulls(&[]);
    assert_eq!(clinic.exporter.was_asked("GET /fhir/page/2").len(), 1);
    clinic.are("below-level", "below-level");
    for url in [own.clone(), elsewhere.at("/fhir/page/2")] {
        clinic.answers("Condition", "bertta", &[next(&url)]);
        clinic.exporter.says("GET /fhir/page/2", &[next(&own)]);
        clinic.pulls(&[]);
        clinic.are("undetermined-incomplete", "below-level");
    }
    assert!(elsewhere.everything_asked().is_empty());
    // Nor does a redirect take the token elsewhere.
    let moved = Reply::status(307).with("location", &elsewhere.at("/fhir/Condition"));
    clinic.answers("Condition", "bertta", &[moved]);
    clinic.pulls(&[]);
    clinic.are("undetermined-incomplete", "below-level");
    assert!(elsewhere.everything_asked().is_empty());
    let bearer = format!("Bearer {TOKEN}");
    let asked = clinic.exporter.was_asked("GET /fhir/Patient/bertta");
    assert!(
        asked
            .iter()
            .all(|asked| asked.authorization.as_ref() == Some(&bearer))
    );
}

#[test]
fn somebody_whom_the_source_has_deleted_waits_for_a_person() {
    let clinic = Clinic::new();
    clinic.pulls(&[]);
    clinic.are("below-level", "below-level");
    let patient = clinic.exporter.answer_to("GET /fhir/Patient/bertta");
    let gone = Reply::outcome(410, "deleted", "gone");
    clinic.exporter.says("GET /fhir/Patient/bertta", &[gone]);
    let report = clinic.pulls(&[]);
    assert_eq!(report["issues"]["patient-deleted"], 1, "{report}");
    clinic.are("undetermined-incomplete", "below-level");
    // Who is back is back.
    clinic.exporter.says("GET /fhir/Patient/bertta", &[patient]);
    clinic.pulls(&[]);
    clinic.are("below-level", "below-level");
}

#[test]
fn a_server_without_export_is_read_resident_by_resident() {
    let clinic = Clinic::new();
    let searchset = json!({ "resourceType": "Bundle", "type": "searchset", "total": 0 });
    for (n, answer) in [
        Reply::json(200, &searchset),
        Reply::outcome(405, "not-supported", "no"),
        Reply::outcome(404, "not-found", "no such operation"),
        Reply::outcome(400, "not-supported", "no such operation"),
    ]
    .into_iter()
    .enumerate()
    {
        clinic.exporter.says(KICK_OFF, &[answer]);
        let said = clinic
            .keys
            .pull_from(&clinic.site, &clinic.exporter, &["--json"]);
        assert!(
            said.err.contains("reading resident by resident instead"),
            "{}",
            said.err
        );
        let report: Value = serde_json::from_str(&said.ends_well()).expect("JSON");
        assert_eq!(report["network"]["way"], "crawl");
        assert_eq!(report["is_complete"], true);
        assert_eq!(clinic.exporter.was_asked(KICK_OFF).len(), n + 1);
        clinic.are("below-level", "below-level");
    }
    // Unless it is not wanted.
    let said = clinic
        .keys
        .pull_from(&clinic.site, &clinic.exporter, &["--by", "export"]);
    said.ends_with(1);
}

#[test]
fn an_export_that_takes_too_long_is_given_up_for_a_crawl() {
    let clinic = Clinic::new();
    let waiting = Reply::status(202).with("retry-after", "0");
    clinic.exporter.says("GET /status/1", &[waiting]);
    let report = clinic
        .keys
        .pulls_from(&clinic.site, &clinic.exporter, &["--give-up-after", "0"]);
    assert_eq!(report["network"]["way"], "crawl");
    clinic.are("below-level", "below-level");
}

#[test]
fn members_are_named_where_the_server_does_not_list_them() {
    let server = city("apotti", "7", &[]);
    let site = Site::new();
    let address = base(&server);
    let everybody = [
        "pull", "--server", &address, "--group", "helsinki", "--by", "crawl",
    ];
    let told = site.does(&everybody).ends_with(1);
    assert!(told.contains("does not say who is in the group"), "{told}");
    assert!(told.contains("--members FILE"), "{told}");
    let group = server.gets("/fhir/Group/helsinki-1").with(200);
    let members = group["member"].as_array().expect("members");
    let lines: String = members
        .iter()
        .map(|member| {
            format!(
                "{}\n",
                member["entity"]["reference"].as_str().expect("text")
            )
        })
        .collect();
    let file = site.beside("members");
    std::fs::write(&file, lines).expect("a file can be written");
    let file = file.display().to_string();
    let more = ["--members", &file];
    let said = site.does(&[&everybody[..], &more].concat());
    said.ends_well();
    let exported = Site::new();
    pulls(&exported, &server, &["--by", "export"]);
    assert!(exported.facts_about_those_of(&site) == site.facts());
    assert_eq!(n_exports(&server), 1);
    // A slip of the pen is told by its line, not repeated.
    std::fs::write(site.beside("members"), "ok\nAino Testi\n").expect("a file can be written");
    let told = site.does(&[&everybody[..], &more].concat()).ends_with(1);
    assert!(
        told.contains("line 2 of") && !told.contains("Aino"),
        "{told}"
    );
}
