//! The stand-in's server, asked as FHIR R4 clients ask.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::acting::until;
use crate::support::served::Served;
use crate::support::site::TempFolder;

const KEY: &str = "urn:preventio:order";

fn order(patient: &str, key: &str) -> Value {
    json!({
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "identifier": [{ "system": KEY, "value": key }],
        "code": { "coding": [{ "system": "http://loinc.org", "code": "4548-4" }] },
        "subject": { "reference": format!("Patient/{patient}") },
    })
}

/// A server that takes orders about anybody.
fn anybody() -> Served {
    Served::open(&["--residents", "0", "--accept-any-subject"])
}

fn if_none_exist(key: &str) -> String {
    format!("identifier={KEY}|{key}")
}

/// The ids on a page.
fn ids(bundle: &Value) -> Vec<String> {
    let entries = bundle["entry"].as_array().expect("a list of entries");
    let id = |entry: &Value| entry["resource"]["id"].as_str().expect("an id").to_owned();
    entries.iter().map(id).collect()
}

fn link<'a>(bundle: &'a Value, relation: &str) -> Option<&'a str> {
    let links = bundle["link"].as_array().expect("a list of links");
    let found = links.iter().find(|link| link["relation"] == relation)?;
    found["url"].as_str()
}

/// All ids of a search, page by page.
fn all_ids(server: &Served, target: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut next = Some(target.to_owned());
    while let Some(target) = next {
        let bundle = server.gets(&target).with(200);
        found.extend(ids(&bundle));
        next = link(&bundle, "next").map(str::to_owned);
    }
    found
}

#[test]
fn an_order_is_created_once_however_often_it_is_sent() {
    let server = anybody();
    let condition = if_none_exist("k1");
    let headers = [("if-none-exist", condition.as_str())];
    let created = server.posts("/fhir/ServiceRequest", &headers, &order("p1", "k1"));
    let location = format!(
        "http://{}/fhir/ServiceRequest/1/_history/1",
        server.address()
    );
    assert_eq!(
        (created.status, created.header("location")),
        (201, Some(location.as_str()))
    );
    assert_eq!(created.header("etag"), Some("W/\"1\""));
    let again = server.posts("/fhir/ServiceRequest", &headers, &order("p1", "k1"));
    assert_eq!(again.with(200)["id"], "1");
    // Two without the condition make the condition ambiguous.
    server
        .posts("/fhir/ServiceRequest", &[], &order("p1", "k1"))
        .with(201);
    server
        .posts("/fhir/ServiceRequest", &headers, &order("p1", "k1"))
        .with(412);
    let minimal = [("prefer", "return=minimal")];
    let bare = server.posts("/fhir/ServiceRequest", &minimal, &order("p1", "k2"));
    assert_eq!((bare.status, bare.text.as_str()), (201, ""));
    assert!(bare.header("location").is_some());
    let count = server.gets("/_control/orders").with(200);
    assert_eq!(count["total"], 3);
    assert_eq!(count["by_identifier"]["urn:preventio:order|k1"]["count"], 2);
    assert_eq!(count["duplicated"], 1);
}

#[test]
fn orders_are_found_by_what_is_declared_and_paged_on_the_same_host() {
    let server = anybody();
    for n in 0..7 {
        let patient = if n % 2 == 0 { "p1" } else { "p2" };
        server
            .posts(
                "/fhir/ServiceRequest",
                &[],
                &order(patient, &format!("k{n}")),
            )
            .with(201);
    }
    for (query, expected) in [
        ("identifier=urn:preventio:order|k3", vec!["4"]),
        ("identifier=urn%3Apreventio%3Aorder%7Ck3", vec!["4"]),
        ("identifier=k3", vec!["4"]),
        ("identifier=urn:other|k3", vec![]),
        ("patient=p2", vec!["2", "4", "6"]),
        ("patient=Patient/p2", vec!["2", "4", "6"]),
        ("subject=Patient/p2&status=active", vec!["2", "4", "6"]),
        ("status=completed", vec![]),
        ("_id=3,5,99", vec!["3", "5"]),
        (
            "identifier=urn:preventio:order|&_count=2",
            vec!["1", "2", "3", "4", "5", "6", "7"],
        ),
        ("_count=3", vec!["1", "2", "3", "4", "5", "6", "7"]),
    ] {
        let found = all_ids(&server, &format!("/fhir/ServiceRequest?{query}"));
        assert_eq!(found, expected, "{query}");
    }
    let page = server.gets("/fhir/ServiceRequest?_count=3").with(200);
    let next = link(&page, "next").expect("there is more");
    assert!(
        next.starts_with(&format!("http://{}/fhir/", server.address())),
        "{next}"
    );
    let form = "identifier=urn%3Apreventio%3Aorder%7Ck3";
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    let posted = server.hears("POST", "/fhir/ServiceRequest/_search", &kind, form);
    assert_eq!(ids(&posted.expect("an answer").with(200)), ["4"]);
    let strict = [("prefer", "handling=strict")];
    server
        .asks(
            "GET",
            "/fhir/ServiceRequest?colour=red",
            &strict,
            &Value::Null,
        )
        .with(400);
}

#[test]
fn an_update_needs_the_version_it_is_about() {
    let server = anybody();
    let mut changed = server
        .posts("/fhir/ServiceRequest", &[], &order("p1", "k1"))
        .with(201);
    changed["status"] = json!("revoked");
    let update =
        |headers: &[(&str, &str)]| server.asks("PUT", "/fhir/ServiceRequest/1", headers, &changed);
    update(&[]).with(400);
    update(&[("if-match", "W/\"2\"")]).with(412);
    let updated = update(&[("if-match", "W/\"1\"")]);
    assert_eq!(updated.with(200)["status"], "revoked");
    assert_eq!(updated.header("etag"), Some("W/\"2\""));
    let read = server.gets("/fhir/ServiceRequest/1");
    assert_eq!(read.with(200)["meta"]["versionId"], "2");
    server.gets("/fhir/ServiceRequest/1/_history/2").with(200);
    server.gets("/fhir/ServiceRequest/1/_history/1").with(404);
    server.gets("/fhir/ServiceRequest/2").with(404);
}

#[test]
fn a_transaction_happens_whole_or_not_at_all() {
    let server = anybody();
    let entry = |key: &str, resource: Value| {
        json!({
            "fullUrl": format!("urn:uuid:{key}"),
            "resource": resource,
            "request": { "method": "POST", "url": "ServiceRequest", "ifNoneExist": if_none_exist(key) },
        })
    };
    let bundle = |entries: Value| json!({ "resourceType": "Bundle", "type": "transaction", "entry": entries });
    let mut bad = order("p1", "k2");
    bad["status"] = json!("done");
    let refused = bundle(json!([entry("k1", order("p1", "k1")), entry("k2", bad)]));
    server.posts("/fhir", &[], &refused).with(422);
    assert_eq!(server.gets("/_control/orders").with(200)["total"], 0);
    let mut second = order("p1", "k2");
    second["basedOn"] = json!([{ "reference": "urn:uuid:k1" }]);
    let taken = bundle(json!([
        entry("k1", order("p1", "k1")),
        entry("k2", second),
        entry("k1", order("p1", "k1")),
    ]));
    let answers = server.posts("/fhir", &[], &taken).with(200);
    let statuses = [0, 1, 2].map(|n| answers["entry"][n]["response"]["status"].clone());
    assert_eq!(statuses, ["201 Created", "201 Created", "200 OK"]);
    let read = server.gets("/fhir/ServiceRequest/2").with(200);
    assert_eq!(read["basedOn"][0]["reference"], "ServiceRequest/1");
    server.posts("/fhir", &[], &taken).with(200);
    assert_eq!(server.gets("/_control/orders").with(200)["total"], 2);
}

#[test]
fn what_is_no_order_about_a_resident_is_refused() {
    let server = Served::open(&["--residents", "30"]);
    let patients = all_ids(&server, "/fhir/Patient?_count=7");
    assert!(30 <= patients.len(), "some have two entries");
    let patient = server
        .gets(&format!("/fhir/Patient/{}", patients[0]))
        .with(200);
    assert_eq!(patient["id"], patients[0].as_str());
    let known = order(&patients[0], "k1");
    server.posts("/fhir/ServiceRequest", &[], &known).with(201);
    let changed = |member: &str, value: Value| {
        let mut order = known.clone();
        order[member] = value;
        order
    };
    for (body, status) in [
        (order("nobody", "k2"), 422),
        (changed("subject", Value::Null), 422),
        (changed("intent", Value::Null), 422),
        (changed("status", json!("bogus")), 422),
        (changed("resourceType", json!("Task")), 400),
    ] {
        let refused = server.posts("/fhir/ServiceRequest", &[], &body);
        assert_eq!(refused.with(status)["resourceType"], "OperationOutcome");
    }
    let broken = server
        .hears("POST", "/fhir/ServiceRequest", &[], "{")
        .expect("an answer");
    broken.with(400);
    server.gets("/fhir/Spaceship").with(404);
}

#[test]
fn a_server_declares_what_it_does() {
    let resource = |server: &Served, kind: &str| {
        let statement = server.gets("/fhir/metadata").with(200);
        assert_eq!(statement["fhirVersion"], "4.0.1");
        let resources = statement["rest"][0]["resource"]
            .as_array()
            .expect("resources")
            .clone();
        let found = resources
            .into_iter()
            .find(|resource| resource["type"] == kind);
        found.expect("the type is declared").to_string()
    };
    let apotti = Served::starts(&["--no-auth", "--residents", "3"]);
    let orders = resource(&apotti, "ServiceRequest");
    assert!(
        !orders.contains("create") && !orders.contains("identifier"),
        "{orders}"
    );
    apotti
        .posts("/fhir/ServiceRequest", &[], &order("p1", "k1"))
        .with(403);
    apotti
        .posts("/fhir/MedicationRequest", &[], &json!({}))
        .with(405);
    apotti.gets("/fhir/ServiceRequest?status=active").with(400);
    let somebody = apotti
        .gets("/fhir/ServiceRequest?patient=p1&identifier=x")
        .with(200);
    assert!(
        somebody
            .to_string()
            .contains("not supported and ignored: identifier")
    );

    let orders = resource(&anybody(), "ServiceRequest");
    assert!(orders.contains("\"conditionalCreate\":true") && orders.contains("identifier"));

    let blind = Served::open(&[
        "--residents",
        "0",
        "--accept-any-subject",
        "--searchable",
        "no",
    ]);
    assert!(!resource(&blind, "ServiceRequest").contains("search-type"));
    blind
        .posts("/fhir/ServiceRequest", &[], &order("p1", "k1"))
        .with(201);
    blind.gets("/fhir/ServiceRequest?patient=p1").with(403);

    let words = ["--residents", "0", "--accept-any-subject"];
    let careless = Served::open(&[&words[..], &["--conditional-create", "ignored"]].concat());
    assert!(!resource(&careless, "ServiceRequest").contains("conditionalCreate"));
    let condition = if_none_exist("k1");
    for _ in 0..2 {
        let headers = [("if-none-exist", condition.as_str())];
        careless
            .posts("/fhir/ServiceRequest", &headers, &order("p1", "k1"))
            .with(201);
    }
}

/// What one kind of fault does to one create: whether an answer came, and how many orders exist then.
fn under(plan: &str) -> (Option<(u16, bool)>, Value) {
    let server = anybody();
    server
        .hears("POST", "/_control/faults", &[], plan)
        .expect("an answer")
        .with(200);
    let body = order("p1", "k1").to_string();
    let heard = server.hears("POST", "/fhir/ServiceRequest", &[], &body);
    let heard = heard.map(|heard| (heard.status, heard.header("location").is_some()));
    (
        heard,
        server.gets("/_control/orders?summary=true").with(200)["total"].clone(),
    )
}

#[test]
fn each_fault_does_what_its_name_says() {
    for (plan, heard, orders) in [
        ("lost-request=1", None, 0),
        ("lost-answer=1", None, 1),
        ("status-503=1", Some((503, false)), 0),
        ("status-429=1", Some((429, false)), 0),
        ("status-500-after=1", Some((500, false)), 1),
        ("slow=1,slow-ms=5", Some((201, true)), 1),
        ("no-location=1", Some((201, false)), 1),
        ("late=1,late-ms=3600000", None, 0),
    ] {
        assert_eq!(under(plan), (heard, json!(orders)), "{plan}");
    }
    let (page, orders) = under("wrong-type=1");
    assert!(
        matches!(page, Some((200 | 502, false))) && orders == 1,
        "{page:?}"
    );
}

#[test]
fn an_answer_can_break_off_in_the_middle() {
    let server = anybody();
    server
        .hears("POST", "/_control/faults", &[], "cut-short=1")
        .expect("an answer");
    let body = order("p1", "k1").to_string();
    let heard = server
        .hears("POST", "/fhir/ServiceRequest", &[], &body)
        .expect("a beginning");
    let promised = heard.header("content-length").map(str::parse::<usize>);
    let promised = promised.expect("a length").expect("a number");
    assert!(
        heard.text.len() < promised,
        "{} of {promised}",
        heard.text.len()
    );
    assert_eq!(server.gets("/_control/orders").with(200)["total"], 1);
}

#[test]
fn an_effect_of_a_lost_connection_can_come_late() {
    let server = anybody();
    server
        .hears("POST", "/_control/faults", &[], "late=1,late-ms=50")
        .expect("an answer");
    let body = order("p1", "k1").to_string();
    assert!(
        server
            .hears("POST", "/fhir/ServiceRequest", &[], &body)
            .is_none()
    );
    server.posts("/_control/quiet", &[], &Value::Null).with(200);
    let deadline = Instant::now() + Duration::from_secs(20);
    let came = || server.gets("/_control/orders").with(200)["total"] == 1;
    while !came() {
        assert!(Instant::now() < deadline, "the effect never came");
    }
}

#[test]
fn a_killed_server_leaves_a_record_of_every_effect() {
    let folder = TempFolder::new();
    let journal = folder.join("journal");
    let path = journal.display().to_string();
    let server = Served::open(&[
        "--residents",
        "0",
        "--accept-any-subject",
        "--journal",
        &path,
    ]);
    for n in 0..3 {
        server
            .posts("/fhir/ServiceRequest", &[], &order("p1", &format!("k{n}")))
            .with(201);
    }
    server.dies();
    let record = std::fs::read_to_string(journal).expect("the journal is there");
    assert_eq!(record.lines().count(), 3);
    assert!(
        record.contains(r#""id":"3","identifier":["urn:preventio:order|k2"]"#),
        "{record}"
    );
}

/// Whoever holds the other end of the server's standard input may die without a word: the pipe closes then.
#[test]
fn a_server_that_ends_when_tolds_when_whoever_started_it_dies() {
    let words = ["--no-auth", "--residents", "5", "--until-stdin-closes"];
    let mut parent = Command::new("sleep")
        .arg("600")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a process that holds a pipe open");
    let pipe = parent.stdout.take().expect("its end of the pipe");
    let mut server = Served::starts_hearing(&words, pipe);
    server.gets("/fhir/metadata").with(200);
    assert!(!server.has_ended(), "while its parent lives it serves");
    parent.kill().expect("a child can be killed");
    parent.wait().expect("a child ends");
    until("the server ends", || server.has_ended());
    let mut other = Served::starts(&words[..3]);
    other.gets("/fhir/metadata").with(200);
    assert!(!other.has_ended(), "who is not told to serves on without");
}

#[test]
fn a_disk_that_is_full_is_an_error_that_is_answered() {
    let words = ["--no-auth", "--profile", "open", "--accept-any-subject"];
    let server = Served::starts_where_files_end(&words, 64);
    let mut created = 0;
    let refused = loop {
        let order = order("p", &format!("k{created}"));
        let heard = server.posts("/fhir/ServiceRequest", &[], &order);
        if heard.status != 201 {
            break heard;
        }
        created += 1;
        assert!(created < 1_000, "32 kB hold fewer orders");
    };
    let said = refused.with(500)["issue"][0]["code"].clone();
    assert_eq!(said, "exception");
    assert!(10 < created, "{created}");
    // What was written is still there, and nothing of what was not.
    server.gets("/fhir/ServiceRequest/1").with(200);
    let next = format!("/fhir/ServiceRequest/{}", created + 1);
    server.gets(&next).with(404);
    let count = server.gets("/_control/orders?summary=true").with(200);
    assert_eq!(count["total"], created);
}
