//! What failed in other programmes, told here: letters, exclusions, and people who were lost.
//!
//! Each story is named after what happened, and fails when its guard is taken away;
//! `benches/RESULTS.md` says which line that was and what the story then said.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use jiff::Span;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::support::acting::{Clinic, at_risk, key, until};
use crate::support::places::Folders;
use crate::support::site::{INDEX_DATE, Said, Site, count, opaque, text};
use crate::support::world::{LOWEST, World, national_id};

const VISIT: &str = "2025-01-10";
const CHOICES: &str = "https://maisa.example.org/fhir/CodeSystem/suostumus";
const OURS: &str = "https://preventiojyraa.example.org/fhir/order";

fn day(text: &str) -> Date {
    text.parse().expect("a day")
}

fn after(first: &str, days: i64) -> String {
    let later = day(first).saturating_add(Span::new().days(days));
    later.to_string()
}

/// A report of a command, whatever it ended with.
#[track_caller]
fn told(said: &Said) -> Value {
    serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("no JSON: {}{}", said.out, said.err))
}

// England, cervical screening: letters were handed over as files, nobody took them, and for months
// nobody compared what was handed over with what was taken.

fn no_portal(name: &str) -> Value {
    json!({
        "resourceType": "Consent",
        "id": format!("{name}-reach"),
        "status": "active",
        "category": [{ "coding": [{ "system": CHOICES, "code": "sahkoinen-asiointi" }] }],
        "dateTime": VISIT,
        "provision": { "type": "deny" },
    })
}

/// Four who are to be asked by letter.
fn by_letter(folders: &Folders) -> Clinic {
    let mut world = World::new();
    for name in ["aino", "bertta", "cecilia", "dagny"] {
        world
            .resident(name)
            .woman_born("1965-06-06")
            .bmi(28.0, VISIT)
            .has(no_portal(name));
    }
    let clinic = Clinic::of(world, &[] as &[&str], &[]);
    lives_on(&clinic, folders, INDEX_DATE);
    clinic
}

fn lives_on(clinic: &Clinic, folders: &Folders, today: &str) {
    let list = folders.list();
    let list = list.replace("laboratory.list", "questionnaire.outreach");
    let channel = format!(
        "[channel.questionnaire]\nway = [\"communication\", \"outreach\"]\nserver = \"standin\"\n{list}by = \"letter\"\n\n[channel.laboratory]"
    );
    let day = format!("today = {today}");
    clinic.configured(&[
        ("[channel.laboratory]", &channel),
        (&format!("today = {INDEX_DATE}"), &day),
    ]);
}

fn letters(folders: &Folders) -> BTreeMap<String, BTreeMap<String, String>> {
    let rows = folders.rows().into_iter().filter(|row| 1 < row.len());
    rows.map(|row| (row["patient"].clone(), row)).collect()
}

/// What the people say of the letters of some.
fn say(folders: &Folders, of: &[&str], outcome: &str) {
    let letters = letters(folders);
    for (name, _) in folders.files(".csv") {
        if name == "called-off.csv" {
            continue;
        }
        let rows = of.iter().map(|who| {
            let order = &letters[*who]["order"];
            format!("{order},{outcome},\n")
        });
        let path = folders.path("acknowledged").join(format!("{name}.ack"));
        let before = fs::read_to_string(&path);
        let before = before.unwrap_or_else(|_| "order,outcome,reference\n".to_owned());
        fs::write(path, before + &rows.collect::<String>()).expect("writable");
    }
}

/// Dispatches until so many letters wait to be taken.
fn waits_for(clinic: &Clinic, n: usize) {
    until(&format!("{n} letters wait to be taken"), || {
        clinic.dispatches();
        let rows = clinic.rows();
        rows.iter().filter(|row| row.delivery.is_awaited()).count() == n
    });
}

/// What left, and what of it has arrived, waits or came back: handed over, acknowledged, awaited, returned.
#[track_caller]
fn reconciled(clinic: &Clinic) -> [u64; 4] {
    let report = told(&clinic.does(&["reconcile", "--json"]));
    ["handed_over", "acknowledged", "awaited", "returned"]
        .map(|what| report[what].as_u64().unwrap_or_default())
}

#[track_caller]
fn standings(site: &Site) -> BTreeMap<String, u64> {
    let report = site.covers();
    let all = report["standings"].as_array().expect("a list").iter();
    let each = all.map(|one| (text(&one["standing"]), count(&one["residents"])));
    each.filter(|(_, n)| 0 < *n).collect()
}

fn open_tasks(clinic: &Clinic, code: &str) -> Vec<Value> {
    let said = clinic.site().does(&["tasks", "list", "--json"]);
    let tasks = told(&said)["tasks"].as_array().expect("a list").clone();
    tasks
        .into_iter()
        .filter(|task| task["what"] == code)
        .collect()
}

#[test]
fn england_2018_cervical_a_letter_that_nobody_takes_is_before_a_person_after_its_last_day() {
    let folders = Folders::new();
    let clinic = by_letter(&folders);
    clinic.acts();
    clinic.delivers_everything();
    assert_eq!(
        reconciled(&clinic),
        [4, 0, 4, 0],
        "in the file, and not taken"
    );
    say(&folders, &["aino"], "taken");
    waits_for(&clinic, 3);
    assert_eq!(reconciled(&clinic), [4, 1, 3, 0]);
    let last = letters(&folders)["bertta"]["until"].clone();
    assert_eq!(last, after(INDEX_DATE, 28));
    // On the last day somebody may still write.
    lives_on(&clinic, &folders, &last);
    clinic.dispatches();
    assert_eq!(clinic.tasks(), BTreeMap::new());
    assert_eq!(clinic.differences(), BTreeMap::new());
    lives_on(&clinic, &folders, &after(&last, 1));
    clinic.dispatches();
    let tasks = open_tasks(&clinic, "delivery-unknown");
    assert_eq!(
        tasks.len(),
        3,
        "those whom nobody wrote to are before a person: {tasks:?}"
    );
    for task in &tasks {
        assert_eq!(task["owner"], "operator");
        assert_eq!(
            task["due"],
            json!(after(&last, 1)),
            "the letter is late already: today"
        );
    }
    // A run reminds whom a letter has reached and acts no more on the others.
    clinic.acts();
    let unclear = "handed over without a clear answer; a person finds out";
    let differences = clinic.differences();
    assert_eq!(differences, BTreeMap::from([(unclear.to_owned(), 3)]));
    // Handed over is taken or with a person, nobody has vanished, and nobody has refused.
    assert_eq!(reconciled(&clinic)[..2], [4, 1]);
    let standings = standings(clinic.site());
    assert_eq!(standings.values().sum::<u64>(), 4, "{standings:?}");
    assert_eq!(standings.get("with-a-nurse"), Some(&3), "{standings:?}");
}

// Scotland, cervical screening: exclusions that were meant for some time stayed for ever, and nobody
// looked at them again.

#[test]
fn scotland_2021_an_exclusion_is_looked_at_again() {
    let mut world = World::new();
    // Due after twelve months, over after thirty-six.
    let since = "2022-11-01";
    world
        .resident("cared-for")
        .woman_born("1965-06-06")
        .bmi(28.0, "2025-09-01")
        .diagnosed("Z51.5", since);
    // Due after thirty-six months, and never over: it is the resident's own word.
    world
        .resident("refusing")
        .woman_born("1965-06-06")
        .says_no(since);
    // Nobody stands behind the diagnosis, and the newest result speaks against it.
    world
        .resident("mislabelled")
        .woman_born("1965-06-06")
        .bmi(28.0, "2025-09-01")
        .mentioned("E11.9", "2015-01-01")
        .called("old-diagnosis")
        .hba1c(36.0, "2025-08-01");
    let mut clinic = Clinic::of(world, &[] as &[&str], &[]);
    clinic.configured(&[(
        "[channel.laboratory]\nway = \"service-request\"",
        "[channel.questionnaire]\nway = \"communication\"",
    )]);
    let due = |report: &Value| report["exclusions_due"].clone();
    let site = clinic.site();
    let fresh = site.runs("2023-11-01", &[]);
    assert_eq!(due(&fresh), Value::Null, "a year has not passed");
    let after_a_year = site.runs("2023-11-02", &[]);
    assert_eq!(due(&after_a_year), json!({ "end-of-life-care": 1 }));
    assert_eq!(site.reviews_of("cared-for"), "end-of-life-care:routine:90");
    assert_eq!(
        site.state_of("cared-for"),
        "out-of-scope",
        "it holds until somebody has looked"
    );
    // The day before its end somebody has a task, with an owner and a last day.
    clinic.acts();
    let review = open_tasks(&clinic, "end-of-life-care");
    assert_eq!(
        (review.len(), &review[0]["owner"]),
        (1, &json!("professional"))
    );
    assert_eq!(clinic.site().state_of("cared-for"), "out-of-scope");
    let contradicted = open_tasks(&clinic, "diagnosis-contradicted");
    assert_eq!(
        contradicted.len(),
        1,
        "evidence against an exclusion is before a person"
    );
    assert_eq!(clinic.site().state_of("mislabelled"), "under-review");
    // The day after, it has ended by itself; the resident's own word has not, and is named as due.
    let tomorrow = after(INDEX_DATE, 1);
    let ended = clinic.site().runs(&tomorrow, &[]);
    assert_eq!(
        clinic.site().state_of("cared-for"),
        "asked",
        "nobody is left out for ever"
    );
    assert_eq!(due(&ended), json!({ "opted-out": 1 }));
    assert_eq!(clinic.site().state_of("refusing"), "opted-out");
    // Somebody finds that the diagnosis was never theirs: they are screened like anybody else.
    clinic.world.statement("old-diagnosis")["verificationStatus"] =
        json!({ "coding": [{ "code": "entered-in-error" }] });
    clinic.world.pulls();
    clinic.acts();
    clinic.delivers_everything();
    assert_eq!(clinic.site().state_of("mislabelled"), "asked");
    let asked: Vec<_> = clinic.rows().iter().map(|row| row.order.resident).collect();
    assert_eq!(asked, [opaque("mislabelled")], "and is really asked");
}

// New Zealand, bowel screening: a letter that came back was read as "does not want", an address that
// somebody had locked was never corrected, and people with two entries were invited by neither.

#[test]
fn new_zealand_2018_returned_mail_is_a_task_and_no_refusal() {
    let folders = Folders::new();
    let clinic = by_letter(&folders);
    clinic.acts();
    clinic.delivers_everything();
    // One is back before anybody said that it was posted, one was posted and came back, two arrived.
    say(&folders, &["aino"], "returned");
    say(&folders, &["bertta", "cecilia", "dagny"], "taken");
    waits_for(&clinic, 0);
    say(&folders, &["bertta"], "returned");
    assert_eq!(reconciled(&clinic), [4, 2, 0, 2]);
    assert_eq!(
        clinic.differences(),
        BTreeMap::new(),
        "every letter is accounted for"
    );
    let tasks = open_tasks(&clinic, "delivery-returned");
    let about: BTreeSet<String> = tasks.iter().map(|task| text(&task["resident"])).collect();
    let expected = ["aino", "bertta"].map(|name| opaque(name).to_string());
    assert_eq!(about, BTreeSet::from(expected));
    for task in &tasks {
        assert_eq!(task["owner"], "professional");
        assert_eq!(task["due"], json!(after(INDEX_DATE, 3)));
    }
    // They stay in the programme's count, with a person, and have refused nothing.
    clinic.acts();
    let standings = standings(clinic.site());
    assert_eq!(standings.get("with-a-nurse"), Some(&2), "{standings:?}");
    assert_eq!(standings.get("asked"), Some(&2), "{standings:?}");
    assert_eq!(standings.values().sum::<u64>(), 4, "{standings:?}");
    // Looking again opens nothing twice and finds nothing else.
    assert_eq!(reconciled(&clinic), [4, 2, 0, 2]);
    assert_eq!(clinic.tasks().get("delivery-returned"), Some(&2));
    let said = clinic.does(&["reconcile"]).ends_well();
    assert!(
        said.contains("2 came back undelivered; a person has each"),
        "{said}"
    );
}

/// Changes the status of everything of ours of a type at the server.
fn all_become(clinic: &Clinic, kind: &str, status: &str) {
    let target = format!("/fhir/{kind}?identifier={OURS}%7C&_count=100");
    let page = clinic.server.gets(&target).with(200);
    let entries = page["entry"].as_array().expect("something is there");
    for entry in entries {
        let mut resource = entry["resource"].clone();
        resource["status"] = json!(status);
        let target = format!("/fhir/{kind}/{}", text(&resource["id"]));
        let version = format!("W/\"{}\"", text(&resource["meta"]["versionId"]));
        let headers = [("if-match", version.as_str())];
        clinic
            .server
            .asks("PUT", &target, &headers, &resource)
            .with(200);
    }
}

#[test]
fn new_zealand_2018_what_the_portal_could_not_deliver_is_a_task_and_no_refusal() {
    for (way, kind, status, is_back) in [
        ("communication", "Communication", "not-done", true),
        ("communication", "Communication", "entered-in-error", true),
        ("communication", "Communication", "completed", false),
        ("task", "Task", "failed", true),
        ("task", "Task", "rejected", true),
        ("task", "Task", "completed", false),
    ] {
        let mut world = World::new();
        world
            .resident("aino")
            .woman_born("1965-06-06")
            .bmi(28.0, VISIT);
        let clinic = Clinic::of(world, &[] as &[&str], &[]);
        clinic.configured(&[(
            "[channel.laboratory]\nway = \"service-request\"",
            &format!("[channel.questionnaire]\nway = \"{way}\""),
        )]);
        clinic.acts();
        clinic.delivers_everything();
        all_become(&clinic, kind, status);
        let back = u64::from(is_back);
        assert_eq!(
            reconciled(&clinic),
            [1, 1 - back, 0, back],
            "{kind} {status}"
        );
        let tasks = clinic.tasks().get("delivery-returned").copied();
        assert_eq!(tasks, is_back.then_some(1), "{kind} {status}");
        clinic.acts();
        let state = clinic.site().state_of("aino");
        let expected = if is_back { "with-a-nurse" } else { "asked" };
        assert_eq!(state, expected, "{kind} {status}");
    }
}

#[test]
fn new_zealand_2018_who_is_locked_by_hand_shows_what_the_register_has_said_since() {
    let mut world = World::new();
    at_risk(&mut world, "aino");
    at_risk(&mut world, "bertta");
    let mut clinic = Clinic::of(world, &["aino", "bertta"], &[]);
    clinic.acts();
    let hold = [
        "orders",
        "hold",
        "--all",
        "--by",
        "Maija Meikäläinen",
        "--reason",
        "moves house",
    ];
    clinic.site().does(&hold).ends_well();
    let listed = |clinic: &Clinic| {
        let orders = told(&clinic.site().does(&["orders", "list", "--json"]))["orders"].clone();
        let orders = orders.as_array().expect("a list").clone();
        let each = orders.into_iter().map(|order| {
            let since = order["told_since_held"].as_u64();
            (text(&order["key"]), since)
        });
        each.collect::<BTreeMap<String, Option<u64>>>()
    };
    let hba1c = |name| key(name, "hba1c");
    assert_eq!(listed(&clinic)[&hba1c("aino")], Some(0));
    // A pull that says nothing new is no news.
    clinic.world.pulls();
    assert_eq!(listed(&clinic)[&hba1c("aino")], Some(0));
    // Their entry changes, and something is measured.
    let language = json!([{ "language": { "coding": [{ "code": "sv" }] } }]);
    clinic
        .world
        .resident("aino")
        .registered("communication", language)
        .waist(99.0, INDEX_DATE);
    clinic.world.pulls();
    assert_eq!(
        listed(&clinic)[&hba1c("aino")],
        Some(2),
        "the entry and the measurement"
    );
    assert_eq!(
        listed(&clinic)[&hba1c("bertta")],
        Some(0),
        "and of nobody else"
    );
    let said = clinic.site().does(&["orders", "list"]).ends_well();
    let line = said.lines().find(|line| line.starts_with(&hba1c("aino")));
    let line = line.expect("the order is listed");
    assert!(
        line.ends_with("held; 2 newer statements since, look again"),
        "{line}"
    );
    // It stays held: the conflict is shown, and a person decides.
    clinic.dispatches();
    assert_eq!(clinic.n_at_server(), 0);
    let approve = [
        "orders",
        "approve",
        &hba1c("aino"),
        "--by",
        "Maija Meikäläinen",
    ];
    clinic.site().does(&approve).ends_well();
    assert_eq!(listed(&clinic)[&hba1c("aino")], None, "nothing is held");
    clinic.dispatches();
    assert_eq!(clinic.n_at_server(), 1);
}

#[test]
fn new_zealand_2018_two_entries_of_one_person_are_both_named_and_neither_is_lost() {
    let mut world = World::new();
    for name in ["aino", "aino-again"] {
        world
            .resident(name)
            .woman_born("1965-06-06")
            .bmi(28.0, VISIT)
            .registered("identifier", national_id("131052-308T"));
    }
    world.resident("aino-again").answers(&LOWEST, VISIT);
    let clinic = Clinic::of(world, &[] as &[&str], &[]);
    clinic.acts();
    let shared = clinic.site().issues().into_iter();
    let shared: BTreeSet<_> = shared
        .filter(|issue| issue.code.name() == "national-id-shared")
        .filter_map(|issue| issue.resident)
        .collect();
    assert_eq!(shared, ["aino", "aino-again"].map(opaque).into());
    let standings = standings(clinic.site());
    assert_eq!(standings.values().sum::<u64>(), 2, "{standings:?}");
    assert!(!standings.contains_key("lost"), "{standings:?}");
}
