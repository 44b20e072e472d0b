//! Questions, requests, messages and contacts leave by the way that a server declares: each arrives once, is found
//! again, and is taken back as that way can take back.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use preventiojyraa::delivery::Delivery;
use preventiojyraa::orders::{Action, ActionKind};
use serde_json::{Value, json};

use crate::support::acting::{Clinic, at_risk, key, until};
use crate::support::earlier_ledgers::back_to;
use crate::support::places::{CHANNEL, DECLARED};
use crate::support::rules::{Rules, signer};
use crate::support::served::Served;
use crate::support::site::{INDEX_DATE, count, made_up_register, opaque, text};
use crate::support::site::{Site, TempFolder};
use crate::support::world::World;

const FAULTS: &str =
    "seed=3,lost-request=0.1,lost-answer=0.15,status-503=0.1,status-500-after=0.1,no-location=0.1";
const ORDERS: &str = "https://preventiojyraa.example.org/fhir/order|";
const TYPES: [&str; 3] = ["ServiceRequest", "Communication", "Task"];

/// Residents who end in every kind of act: ordered tests for, asked, told and handed to a person.
const ORDERED: [&str; 2] = ["ordered-1", "ordered-2"];
const ASKED: [&str; 2] = ["asked-1", "asked-2"];
const NORMAL: &str = "normal";
const DIABETIC: &str = "diabetic";

fn world() -> World {
    let mut world = World::new();
    for name in ORDERED.into_iter().chain([NORMAL, DIABETIC]) {
        at_risk(&mut world, name);
    }
    for name in ASKED {
        world
            .resident(name)
            .woman_born("1970-06-06")
            .bmi(28.0, "2025-10-01");
    }
    world
}

/// A clinic with a server of a profile that takes every kind of act.
fn clinic(profile: &str, world: World) -> Clinic {
    let mut clinic = Clinic::of::<&str>(world, &[], &[]);
    if profile == "apotti" {
        let words = ["--no-auth", "--residents", "0", "--accept-any-subject"];
        clinic.server = Served::starts(&words);
    }
    clinic.configured(&[(CHANNEL, DECLARED)]);
    clinic
}

/// How often each key of ours is at the server, by resource type.
#[track_caller]
fn there(clinic: &Clinic, kind: &str) -> BTreeMap<String, u64> {
    let counted = clinic.server.gets(&format!("/_control/orders?type={kind}"));
    let counted = counted.with(200);
    let by_identifier = counted["by_identifier"].as_object().expect("a list");
    let each = by_identifier.iter().filter_map(|(identifier, entry)| {
        let key = identifier.strip_prefix(ORDERS)?;
        Some((key.to_owned(), count(&entry["count"])))
    });
    each.collect()
}

/// Our keys at the server, each once over all types, with the type.
#[track_caller]
fn everything(clinic: &Clinic) -> BTreeMap<String, &'static str> {
    let mut all = BTreeMap::new();
    for kind in TYPES {
        for (key, n) in there(clinic, kind) {
            assert_eq!(n, 1, "{key} is there {n} times as {kind}");
            assert_eq!(all.insert(key, kind), None, "it is there in two ways");
        }
    }
    all
}

/// What left, by kind of act and resource type, each once; every row is acknowledged.
#[track_caller]
fn left(clinic: &Clinic) -> BTreeSet<String> {
    let there = everything(clinic);
    let rows = clinic.rows();
    assert_eq!(rows.len(), there.len(), "what was planned is there");
    let each = rows.iter().map(|row| {
        let name = row.order.action.name();
        let is_there = matches!(row.delivery, Delivery::Acknowledged { .. });
        assert!(is_there, "{name}: {:?}", row.delivery);
        let kind = there.get(&row.order.key().to_string());
        format!("{name} as {}", kind.expect("it is there"))
    });
    each.collect()
}

/// The resources of a type about somebody.
#[track_caller]
fn about(clinic: &Clinic, kind: &str, name: &str) -> Vec<Value> {
    let found = clinic
        .server
        .gets(&format!("/fhir/{kind}?patient=Patient/{name}"));
    let found = found.with(200);
    let entries = found["entry"].as_array().cloned().unwrap_or_default();
    let each = entries.into_iter();
    each.map(|mut entry| entry["resource"].take()).collect()
}

/// Delivers while requests and answers get lost, and then the rest.
#[track_caller]
fn delivers_whatever_goes_wrong(clinic: &Clinic) {
    clinic.faults(FAULTS);
    // Too short for anything to be sent a second time: what fails twice is a person's.
    clinic.does(&["dispatch", "--for", "1s"]).ends_well();
    clinic.quiet();
    clinic.delivers_everything();
}

/// Results of the tests that were ordered for two of them, and a decision about what they mean.
fn results_come(clinic: &mut Clinic) {
    let world = &mut clinic.world;
    world
        .resident(NORMAL)
        .fasting_glucose(5.1, INDEX_DATE)
        .hba1c(34.0, INDEX_DATE);
    world
        .resident(DIABETIC)
        .fasting_glucose(8.4, INDEX_DATE)
        .hba1c(52.0, INDEX_DATE);
    world.pulls();
    clinic.acts();
}

#[test]
fn every_kind_of_act_arrives_once_by_the_way_that_the_server_declares() {
    for (profile, request, task) in [
        ("open", "ServiceRequest", "Task"),
        ("apotti", "Communication", "Communication"),
    ] {
        let mut clinic = clinic(profile, world());
        assert_eq!(count(&clinic.acts()["planned"]), 10, "{profile}");
        delivers_whatever_goes_wrong(&clinic);
        results_come(&mut clinic);
        delivers_whatever_goes_wrong(&clinic);
        let requested = |test: &str| format!("laboratory:{test} as {request}");
        let expected = [
            requested("hba1c"),
            requested("fasting-plasma-glucose"),
            format!("questionnaire as {task}"),
            "message:offer-prevention as Communication".to_owned(),
            format!("contact:contact-diabetic-range as {task}"),
        ];
        assert_eq!(left(&clinic), expected.into_iter().collect(), "{profile}");
        assert!(clinic.tasks().keys().all(|code| !code.contains("deliver")));
        assert_eq!(clinic.differences(), BTreeMap::new(), "{profile}");
        // The same decisions again ask for nothing.
        assert_eq!(count(&clinic.acts()["planned"]), 0);
        clinic.site().is_whole();
    }
}

#[test]
fn a_request_that_was_said_is_taken_back_by_saying_so() {
    let mut clinic = clinic("apotti", world());
    clinic.acts();
    clinic.delivers_everything();
    let before = everything(&clinic);
    clinic.world.resident(ORDERED[0]).says_no("2025-10-20");
    clinic.world.pulls();
    assert_eq!(count(&clinic.acts()["cancelled"]), 2);
    delivers_whatever_goes_wrong(&clinic);
    let after = everything(&clinic);
    assert_eq!(after.len(), before.len() + 2, "two messages more");
    assert_eq!(clinic.differences(), BTreeMap::new());
    let placed: BTreeSet<String> = ["hba1c", "fasting-plasma-glucose"]
        .map(|test| key(ORDERED[0], test))
        .into();
    let messages = about(&clinic, "Communication", ORDERED[0]);
    let mut about_what = BTreeSet::new();
    for message in messages.iter().filter(|m| !m["about"].is_null()) {
        about_what.insert(text(&message["about"][0]["identifier"]["value"]));
        assert!(message["reasonCode"].is_null(), "nobody orders it anew");
        let words = text(&message["payload"][0]["contentString"]);
        assert!(words.contains("peruu"), "{words}");
    }
    assert_eq!(about_what, placed);
    clinic.site().is_whole();
}

#[test]
fn what_was_said_twice_is_before_a_person_and_professionals_are_told_of_a_test() {
    let mut world = World::new();
    at_risk(&mut world, ORDERED[0]);
    let asked = world.resident(ASKED[0]).woman_born("1970-06-06");
    drop(asked.bmi(28.0, "2025-10-01"));
    let clinic = clinic("apotti", world);
    clinic.acts();
    clinic.faults("late=1,late-ms=30000");
    let mut dispatcher = clinic.starts(&["dispatch", "--for", "6s"]);
    // A claim alone is no request: it may leave only after the faults have ended.
    until("each request is lost for now", || {
        let is_lost = |d: &Delivery| matches!(d, Delivery::Unknown { .. });
        clinic.rows().iter().all(|row| is_lost(&row.delivery))
    });
    clinic.quiet();
    dispatcher.0.wait().expect("a child ends");
    clinic.delivers_everything();
    until("what was late is there", || {
        there(&clinic, "Communication").values().all(|n| *n == 2)
    });
    let twice = |n| BTreeMap::from([("there more than once".to_owned(), n)]);
    assert_eq!(clinic.differences(), twice(3));
    assert_eq!(clinic.tasks().get("delivery-doubled"), Some(&3));
    // Professionals are told of each test; the questions stay before a person.
    clinic.delivers_everything();
    assert_eq!(clinic.differences(), twice(1));
    let words = about(&clinic, "Communication", ORDERED[0]);
    let words = words.iter().map(|m| text(&m["topic"]["text"]));
    let n_told = words
        .filter(|subject| subject.contains("tuli kahdesti"))
        .count();
    assert_eq!(n_told, 2, "one for each test");
    assert_eq!(clinic.tasks().get("delivery-doubled"), Some(&3));
    let ledger = clinic.site().data().join("ledger.sqlite");
    let ledger = rusqlite::Connection::open(ledger).expect("the ledger opens");
    let closed = ledger.execute("UPDATE task SET closed_at = 1, closed_by = 'a nurse'", []);
    closed.expect("a person closes their tasks");
    assert_eq!(clinic.differences(), BTreeMap::new());
    assert_eq!(clinic.tasks(), BTreeMap::new(), "and is left alone");
}

#[test]
fn whoever_does_not_answer_or_come_is_reminded_once_and_handed_to_a_professional() {
    for profile in ["open", "apotti"] {
        let clinic = clinic(profile, world());
        clinic.acts();
        clinic.delivers_everything();
        let mut seen: BTreeSet<String> = clinic
            .rows()
            .iter()
            .map(|r| r.order.action.name())
            .collect();
        let mut sent = Vec::new();
        for day in ["2025-12-05", "2026-01-05", "2026-02-20", "2026-03-20"] {
            let today = format!("today = {day}");
            let until = "valid_until = 2026-12-31";
            clinic.configured(&[
                (CHANNEL, DECLARED),
                ("today = 2025-11-01", &today),
                ("valid_until = 2025-12-31", until),
            ]);
            clinic.acts();
            delivers_whatever_goes_wrong(&clinic);
            let acts = clinic.rows();
            let acts: BTreeSet<String> = acts.iter().map(|r| r.order.action.name()).collect();
            sent.extend(acts.difference(&seen).map(|act| format!("{day} {act}")));
            seen = acts;
        }
        assert_eq!(
            sent,
            [
                "2025-12-05 questionnaire-reminder",
                "2026-01-05 laboratory-reminder",
                "2026-02-20 contact:contact-overdue",
            ],
            "{profile}"
        );
        // Each act of each round is there once.
        let there = everything(&clinic);
        let rows = clinic.rows();
        let missing = rows
            .iter()
            .filter(|row| !there.contains_key(&row.order.key().to_string()));
        let missing: Vec<String> = missing
            .map(|row| format!("{} {:?}", row.order.action.name(), row.delivery))
            .collect();
        assert_eq!(missing, Vec::<String>::new(), "{profile}");
    }
}

#[test]
fn residents_are_asked_what_decides_in_their_own_language() {
    let mut world = world();
    for (name, language) in [("asked-1", "sv"), ("asked-2", "ru")] {
        let spoken = json!([{ "language": { "coding": [{ "system": "urn:ietf:bcp:47", "code": language }] } }]);
        world.resident(name).registered("communication", spoken);
    }
    let clinic = clinic("open", world);
    clinic.acts();
    clinic.delivers_everything();
    let [swedish, other] = ASKED.map(|name| about(&clinic, "Task", name).remove(0));
    assert_eq!(swedish["language"], "sv");
    assert_eq!(swedish["owner"]["reference"], "Patient/asked-1");
    let note = text(&swedish["note"][0]["text"]);
    assert!(note.contains("Det är frivilligt att svara"), "{note}");
    // Whose language has no texts is written to in Finnish, and told how to have another.
    assert_eq!(other["language"], "fi");
    let note = text(&other["note"][0]["text"]);
    for words in ["Vastaaminen on vapaaehtoista", "på svenska", "in English"] {
        assert!(note.contains(words), "{words}: {note}");
    }
    for task in [&swedish, &other] {
        let form = &task["contained"][0];
        let items = form["item"].as_array().expect("questions");
        let asked: Vec<&str> = items
            .iter()
            .filter_map(|item| item["linkId"].as_str())
            .collect();
        let rows = clinic.rows();
        let row = rows.iter().find(|row| {
            let name = task["for"]["reference"]
                .as_str()
                .and_then(|r| r.strip_prefix("Patient/"));
            name.is_some_and(|name| row.order.resident == opaque(name))
        });
        let asks = &row.expect("it was planned").order.asks;
        assert!(!asks.is_empty() && !asks.contains(&"body-mass-index".to_owned()));
        assert_eq!(asked.len(), asks.len(), "{asks:?}: {asked:?}");
        assert!(!asked.contains(&"paino"), "her BMI is known");
    }
}

#[test]
fn what_cannot_be_told_to_a_resident_is_told_by_a_person() {
    for (who, code) in [
        (NORMAL, "resident-not-told"),
        (DIABETIC, "contact-not-asked"),
    ] {
        let mut clinic = clinic("apotti", world());
        clinic.acts();
        clinic.delivers_everything();
        results_come(&mut clinic);
        let label = json!({ "security": [{ "code": "TURVAKIELTO" }] });
        drop(clinic.world.resident(who).registered("meta", label));
        clinic.world.pulls();
        clinic.delivers_everything();
        assert_eq!(clinic.tasks().get(code), Some(&1), "{:?}", clinic.tasks());
        let kind = match code {
            "resident-not-told" => ActionKind::Message,
            _ => ActionKind::Professional,
        };
        let rows = clinic.rows();
        let row = rows.iter().find(|row| row.order.action.kind() == kind);
        let row = row.expect("it was planned");
        assert!(matches!(row.delivery, Delivery::Refused { .. }));
        clinic.site().is_whole();
    }
}

#[test]
fn a_server_that_has_no_way_for_an_act_is_named_with_all_that_it_lacks() {
    let clinic = clinic("apotti", world());
    clinic.acts();
    let refusal = |changes: &[(&str, &str)]| {
        clinic.configured(changes);
        clinic.does(&["dispatch", "--once"]).ends_with(1)
    };
    let only = |channel: &str| format!("[channel.{channel}]\nserver = \"standin\"\nway = ");
    let task = format!("{}\"task\"\n", only("questionnaire"));
    insta::assert_snapshot!(refusal(&[(CHANNEL, &task)]), @"error: orders cannot leave as Task: the server does not declare create of Task");
    let nobody = format!("{}\"declared\"\n", only("laboratory"));
    insta::assert_snapshot!(refusal(&[(CHANNEL, &nobody)]), @r#"
    error: `laboratory` goes to professionals as Communication, and nobody is named who takes it
    hint: `to = ["PractitionerRole/…"]` beside `way`; a Task has no Group as its owner
    "#);
    assert_eq!(everything(&clinic), BTreeMap::new(), "nothing has left");
}

#[test]
fn texts_that_nobody_stands_for_are_not_sent_to_people() {
    let clinic = clinic("open", world());
    let rules = Rules::at(clinic.site().beside("rules"));
    rules.are_in_force("2020-01-01", "2999-12-31");
    let lead = clinic.site().beside("lead.pem");
    let signers = signer(
        "Maija",
        &crate::support::rules::key(&lead),
        "2020-01-01",
        "2999-12-31",
    );
    fs::write(clinic.site().beside("signers.toml"), signers).expect("it can be written");
    let for_people = [
        ("trial = true\ntoday = 2025-11-01", "trial = false"),
        (
            "valid_until = 2025-12-31",
            "valid_until = 2999-12-31\n[rules]\nsigners = \"signers.toml\"\n",
        ),
        (CHANNEL, DECLARED),
    ];
    clinic.configured(&for_people);
    let change = |file: &str, from: &str, to: &str| rules.says(file, &[(from, to)]);
    let folder = rules.name();
    let refusals = || {
        rules.signed(&lead, "Maija").ends_well();
        let words = [&["run", "--act"][..], &["dispatch", "--once"]];
        words.map(|words| {
            clinic
                .does(&[words, &["--rules", &folder]].concat())
                .ends_with(1)
        })
    };
    let [run, dispatch] = refusals();
    assert_eq!(run, dispatch);
    insta::assert_snapshot!(run, @r#"
    error: the texts in fi, sv, en are a draft that nobody stands for: effects on people refuse to start
    hint: `status = "reviewed"` and `reviewer` in `texts/`, or a trial against this machine alone (`[site] trial = true`)
    "#);
    let reviewed = "status = \"reviewed\"\nreviewer = \"Maija Meikäläinen\"";
    change(
        "texts/type-2-diabetes/fi.toml",
        "status = \"draft\"",
        reviewed,
    );
    change(
        "texts/type-2-diabetes/en.toml",
        "status = \"draft\"",
        reviewed,
    );
    assert!(refusals()[0].contains("the texts in sv are a draft"));
    change(
        "texts/type-2-diabetes/sv.toml",
        "status = \"draft\"",
        reviewed,
    );
    // The next thing that is missing.
    assert!(
        refusals()
            .iter()
            .all(|told| told.contains("a key that everybody knows"))
    );
    // Who sends codes only needs no words.
    clinic.configured(&for_people[..2]);
    change(
        "texts/type-2-diabetes/sv.toml",
        reviewed,
        "status = \"draft\"",
    );
    assert!(
        refusals()
            .iter()
            .all(|told| told.contains("a key that everybody knows"))
    );
    assert_eq!(everything(&clinic), BTreeMap::new());
}

#[test]
fn a_channel_with_much_to_do_keeps_no_other_waiting() {
    let mut world = world();
    for n in 0..30 {
        at_risk(&mut world, &format!("more-{n}"));
    }
    let clinic = clinic("open", world);
    clinic.acts();
    // Eight a second: the laboratory alone would take eight seconds.
    clinic.configured(&[(CHANNEL, DECLARED), ("60000", "480")]);
    clinic.does(&["dispatch", "--for", "3s"]).ends_well();
    let there = everything(&clinic);
    let asked = clinic
        .rows()
        .into_iter()
        .filter(|row| row.order.action == Action::Questionnaire);
    for row in asked {
        let key = row.order.key().to_string();
        assert_eq!(there.get(&key), Some(&"Task"), "asked beside the orders");
    }
    assert!(
        there.len() < 60,
        "the pace is the server's, not each channel's"
    );
}

#[test]
fn answers_to_our_form_come_back_as_facts() {
    for profile in ["open", "apotti"] {
        let folder = TempFolder::new();
        let export = made_up_register(&folder, 150, 9);
        let site = Site::new();
        site.pulls(&export, &[]);
        let server = Served::starts(&[
            "--no-auth",
            "--profile",
            profile,
            "--residents",
            "150",
            "--seed",
            "9",
            "--as-of",
            "2025-01-15",
            "--start",
            "2025-01-15",
        ]);
        let config = site.beside("preventio.toml");
        let base = server.address();
        let configured = format!(
            "[site]\ntrial = true\ntoday = 2025-01-15\n[legal_basis]\nreference = \"trial\"\nvalid_from = 2025-01-01\nvalid_until = 2025-12-31\n[server.standin]\nbase = \"http://{base}/fhir\"\nsource = \"export\"\nrequests_per_minute = 60000\n[channel.questionnaire]\nway = \"declared\"\nserver = \"standin\"\n"
        );
        fs::write(&config, configured).expect("a configuration can be written");
        let config = config.display().to_string();
        site.does(&["run", "--act", "--config", &config])
            .ends_well();
        site.does(&["dispatch", "--once", "--config", &config])
            .ends_well();
        server
            .posts("/_control/advance", &[], &json!({ "days": 60 }))
            .with(200);
        let mut lines = String::new();
        let register = fs::read_to_string(export.join("truth.csv")).expect("the truth");
        for row in register.lines().skip(1) {
            let id = row.split(',').next().expect("an id");
            let found = server.gets(&format!(
                "/fhir/QuestionnaireResponse?patient=Patient/{id}&_count=1000"
            ));
            let found = found.with(200);
            for entry in found["entry"].as_array().into_iter().flatten() {
                let form = entry["resource"]["questionnaire"].as_str().unwrap_or("");
                if form.starts_with("https://preventiojyraa.example.org/") {
                    lines.push_str(&format!("{}\n", entry["resource"]));
                }
            }
        }
        let n_answered = lines.lines().count() as u64;
        assert!(5 < n_answered, "{profile}: only {n_answered} answered");
        let answers = folder.join("answers");
        fs::create_dir_all(&answers).expect("a folder can be made");
        fs::write(answers.join("QuestionnaireResponse.ndjson"), lines)
            .expect("an export file can be written");
        let pulled = site.pulls(&answers, &[]);
        assert_eq!(
            count(&pulled["lines"]["facts"]),
            n_answered,
            "{profile}: {pulled}"
        );
        assert_eq!(pulled["issues"], json!({}), "{profile}");
        let before = site.runs("2025-01-15", &[])["states"]["asked"].clone();
        let after = site.runs("2025-03-16", &[])["states"]["asked"].clone();
        assert!(
            count(&after) < count(&before),
            "{profile}: {before} and then {after}"
        );
    }
}

#[test]
fn a_ledger_from_before_is_read_with_empty_questions() {
    let clinic = Clinic::with(2, &[]);
    clinic.acts();
    let path = clinic.site().data().join("ledger.sqlite");
    let connection = rusqlite::Connection::open(&path).expect("the ledger opens");
    back_to(2, &connection);
    drop(connection);
    let rows = clinic.rows();
    assert_eq!(rows.len(), 4);
    for row in rows {
        assert_eq!((row.order.asks.len(), row.order.recall_on), (0, None));
    }
    clinic.delivers_everything();
    assert_eq!(clinic.n_at_server(), 4);
}
