//! Residents without a portal: people write to them or call them, from a list that is kept true.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;

use jiff::civil::Date;
use preventiojyraa::delivery::{Delivery, Route};
use preventiojyraa::orders::{Action, OrderKey};
use preventiojyraa::pathway::{Event, Stage};
use serde_json::json;

use crate::support::acting::{Clinic, until};
use crate::support::places::Folders;
use crate::support::site::{INDEX_DATE, count, opaque};
use crate::support::snapshots::reads;
use crate::support::world::{LOWEST, World};

const VISIT: &str = "2025-01-10";
const CHOICES: &str = "https://maisa.example.org/fhir/CodeSystem/suostumus";

/// Somebody whom questions decide; of some the record says that they are not reached at the portal.
fn resident(world: &mut World, name: &str, language: &str, has_portal: bool) {
    let communication = json!([{ "language": { "coding": [{ "code": language }] } }]);
    let one = world
        .resident(name)
        .woman_born("1965-06-06")
        .bmi(28.0, VISIT)
        .registered("communication", communication);
    if !has_portal {
        drop(one.has(no_portal(&format!("{name}-reach"))));
    }
}

fn no_portal(id: &str) -> serde_json::Value {
    json!({
        "resourceType": "Consent",
        "id": id,
        "status": "active",
        "category": [{ "coding": [{ "system": CHOICES, "code": "sahkoinen-asiointi" }] }],
        "dateTime": VISIT,
        "provision": { "type": "deny" },
    })
}

/// Aino and Birgitta have no portal, Carl has; all three are to be asked.
fn clinic(folders: &Folders, more: &str) -> Clinic {
    let mut world = World::new();
    resident(&mut world, "aino", "fi", false);
    resident(&mut world, "birgitta", "sv", false);
    resident(&mut world, "carl", "en", true);
    let clinic = Clinic::of(world, &[] as &[&str], &[]);
    configured(&clinic, folders, more, INDEX_DATE);
    clinic
}

fn configured(clinic: &Clinic, folders: &Folders, more: &str, today: &str) {
    let list = folders
        .list()
        .replace("laboratory.list", "questionnaire.outreach");
    let channel = format!(
        "[channel.questionnaire]\nway = [\"communication\", \"outreach\"]\nserver = \"standin\"\n{list}by = \"letter\"\n{more}\n[channel.laboratory]"
    );
    let day = format!("today = {today}");
    clinic.configured(&[
        ("[channel.laboratory]", &channel),
        (&format!("today = {INDEX_DATE}"), &day),
    ]);
}

fn key(name: &str, action: &Action) -> String {
    OrderKey::derive(opaque(name), "type-2-diabetes", 1, action).to_string()
}

fn rows(folders: &Folders) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut by_key = BTreeMap::new();
    for row in folders.rows() {
        if row.len() == 1 {
            continue;
        }
        let before = by_key.insert(row["order"].clone(), row);
        assert_eq!(before, None, "an order is in one row once");
    }
    by_key
}

fn called_off(folders: &Folders) -> BTreeSet<String> {
    let text = fs::read_to_string(folders.path("out").join("called-off.csv"));
    let text = text.unwrap_or_default();
    text.lines().skip(1).map(str::to_owned).collect()
}

fn stage(clinic: &Clinic, name: &str) -> Stage {
    let ledger = preventiojyraa::ledger::Ledger::open(&clinic.site().data().join("ledger.sqlite"));
    let episode = ledger.expect("it opens").episode(opaque(name), None);
    episode.expect("readable").expect("a round").stage
}

fn awaited(clinic: &Clinic) -> usize {
    let rows = clinic.rows();
    rows.iter().filter(|row| row.delivery.is_awaited()).count()
}

/// How much residents can read at the portal.
fn n_at_the_portal(clinic: &Clinic) -> u64 {
    let server = &clinic.server;
    let said = server.gets("/_control/orders?type=Communication&summary=true");
    count(&said.with(200)["total"])
}

#[test]
fn who_has_no_portal_is_in_the_list_once_in_their_language_and_who_has_one_is_not() {
    let folders = Folders::new();
    let clinic = clinic(&folders, "");
    // A rehearsal tells it before anybody is asked.
    let dry = clinic.reports(&["run", "--dry-run"]);
    let questions = &dry["load"][0];
    assert_eq!(questions["kind"], "questionnaire");
    assert_eq!(
        (
            count(&questions["planned"]),
            count(&questions["without_portal"])
        ),
        (3, 2)
    );
    clinic.acts();
    clinic.delivers_everything();
    let rows = rows(&folders);
    let who: BTreeSet<&str> = rows.values().map(|row| row["patient"].as_str()).collect();
    assert_eq!(who, BTreeSet::from(["aino", "birgitta"]));
    let birgitta = &rows[&key("birgitta", &Action::Questionnaire)];
    assert_eq!((&*birgitta["language"], &*birgitta["by"]), ("sv", "letter"));
    let aino = &rows[&key("aino", &Action::Questionnaire)];
    reads(
        "letter",
        &format!("{}\n\n{}\n", aino["subject"], aino["text"]),
    );
    // Where they live is not known here.
    for file in folders.files(".csv").values() {
        assert!(!file.contains("address") && !file.contains("091"), "{file}");
    }
    for name in folders.files(".csv").keys() {
        let of_file = fs::metadata(folders.path("out").join(name)).expect("a file");
        assert_eq!(of_file.permissions().mode() & 0o007, 0, "for nobody else");
    }
    // Carl was asked at the portal.
    assert_eq!(n_at_the_portal(&clinic), 1);
    // Killed or repeated, the list stays as it is.
    clinic.acts();
    clinic.delivers_everything();
    assert_eq!(rows.len(), self::rows(&folders).len());
    assert_eq!(awaited(&clinic), 2);
}

#[test]
fn what_the_people_say_is_read_back_and_the_time_to_answer_runs_from_then() {
    let folders = Folders::new();
    let clinic = clinic(&folders, "");
    clinic.acts();
    clinic.delivers_everything();
    assert!(matches!(stage(&clinic, "aino"), Stage::Queued { .. }));
    folders.acknowledges("taken");
    until("what was taken is acknowledged", || {
        clinic.dispatches();
        awaited(&clinic) == 0
    });
    let rows = clinic.rows();
    let outreach = rows.iter().filter(|row| row.way == Some(Route::Outreach));
    let taken = |row: &&_| {
        let row: &preventiojyraa::ledger::RowView = row;
        matches!(row.delivery, Delivery::Acknowledged { .. })
    };
    assert_eq!(outreach.filter(taken).count(), 2);
    assert!(matches!(
        stage(&clinic, "aino"),
        Stage::Asked {
            reminded: false,
            ..
        }
    ));
}

#[test]
fn what_they_could_not_do_is_a_persons() {
    let folders = Folders::new();
    let clinic = clinic(&folders, "");
    clinic.acts();
    clinic.delivers_everything();
    folders.acknowledges("refused");
    until("the refusal is read", || {
        clinic.dispatches();
        awaited(&clinic) == 0
    });
    assert_eq!(clinic.tasks().get("delivery-refused"), Some(&2));
    assert!(matches!(stage(&clinic, "aino"), Stage::WithANurse { .. }));
}

#[test]
fn who_says_no_or_answers_before_they_were_reached_is_called_off_or_counted_as_reached() {
    let folders = Folders::new();
    let mut clinic = clinic(&folders, "");
    clinic.acts();
    clinic.delivers_everything();
    drop(clinic.world.resident("aino").says_no(INDEX_DATE));
    drop(
        clinic
            .world
            .resident("birgitta")
            .answers(&LOWEST, INDEX_DATE),
    );
    clinic.world.pulls();
    until("nothing waits to be taken", || {
        clinic.dispatches();
        awaited(&clinic) == 0
    });
    clinic.dispatches();
    let aino = key("aino", &Action::Questionnaire);
    assert_eq!(called_off(&folders), BTreeSet::from([aino]));
    clinic.acts();
    assert!(matches!(stage(&clinic, "aino"), Stage::Closed { .. }));
    assert!(matches!(stage(&clinic, "birgitta"), Stage::Closed { .. }));
    assert_eq!(clinic.tasks(), BTreeMap::new(), "nobody has to do anything");
}

#[test]
fn a_reminder_goes_the_same_way_by_telephone_where_it_is_said_so_and_then_a_person_knows() {
    let folders = Folders::new();
    let clinic = clinic(&folders, "reminders_by = \"phone\"\n");
    clinic.acts();
    clinic.delivers_everything();
    folders.acknowledges("taken");
    until("it is acknowledged", || {
        clinic.dispatches();
        awaited(&clinic) == 0
    });
    let lives_on = |day: &str| {
        configured(&clinic, &folders, "reminders_by = \"phone\"\n", day);
        clinic.acts()
    };
    let first: Date = INDEX_DATE.parse().expect("a date");
    let late = first.saturating_add(jiff::Span::new().days(29)).to_string();
    assert_eq!(
        count(&lives_on(&late)["orders"]["questionnaire-reminder"]),
        3
    );
    clinic.delivers_everything();
    let reminder = &rows(&folders)[&key("aino", &Action::RemindQuestionnaire)];
    assert_eq!(reminder["by"], "phone");
    // Nobody calls: after the last day a person has it, and the resident is counted as not answering.
    let over = first.saturating_add(jiff::Span::new().days(60)).to_string();
    lives_on(&over);
    clinic.delivers_everything();
    clinic.dispatches();
    assert_eq!(clinic.tasks().get("delivery-unknown"), Some(&2));
    let report = clinic.does(&["run", "--act", "--json"]).ends_well();
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(count(&report["states"]["undecided-not-answered"]), 3);
    let told = clinic.site().data().join("ledger.sqlite");
    let ledger = preventiojyraa::ledger::Ledger::open(&told).expect("it opens");
    let mut reminded = 0;
    let each = |_, _, event: &Event| {
        reminded += u32::from(matches!(event, Event::Reminded { .. }));
    };
    ledger.every_event(each).expect("readable");
    assert_eq!(reminded, 3, "once each");
}

#[test]
fn without_a_list_who_has_no_portal_is_a_persons_and_is_not_written_to_where_nobody_reads() {
    let mut world = World::new();
    resident(&mut world, "aino", "fi", false);
    let clinic = Clinic::of(world, &[] as &[&str], &[]);
    clinic.configured(&[(
        "[channel.laboratory]",
        "[channel.questionnaire]\nway = \"communication\"\nserver = \"standin\"\n\n[channel.laboratory]",
    )]);
    clinic.acts();
    clinic.delivers_everything();
    assert_eq!(n_at_the_portal(&clinic), 0);
    assert_eq!(clinic.tasks().get("delivery-refused"), Some(&1));
}

#[test]
fn who_must_not_be_found_is_in_no_list() {
    let folders = Folders::new();
    let mut world = World::new();
    resident(&mut world, "aino", "fi", false);
    let hidden = json!({ "security": [{ "code": "TURVAKIELTO" }] });
    drop(world.resident("aino").registered("meta", hidden));
    let clinic = Clinic::of(world, &[] as &[&str], &[]);
    configured(&clinic, &folders, "", INDEX_DATE);
    clinic.acts();
    clinic.delivers_everything();
    assert_eq!(rows(&folders), BTreeMap::new());
    assert_eq!(clinic.tasks().get("delivery-withheld"), Some(&1));
}

#[test]
fn who_must_not_be_found_any_more_is_called_off_and_a_person_decides() {
    let folders = Folders::new();
    let mut clinic = clinic(&folders, "");
    clinic.acts();
    clinic.delivers_everything();
    let hidden = json!({ "security": [{ "code": "TURVAKIELTO" }] });
    drop(clinic.world.resident("aino").registered("meta", hidden));
    clinic.world.pulls();
    until("aino is called off", || {
        clinic.dispatches();
        awaited(&clinic) == 1
    });
    clinic.dispatches();
    let aino = key("aino", &Action::Questionnaire);
    assert_eq!(called_off(&folders), BTreeSet::from([aino]));
    // They are to be asked all the same, and somebody finds a way or does not.
    clinic.acts();
    clinic.dispatches();
    assert_eq!(clinic.tasks().get("delivery-withheld"), Some(&1));
    assert_eq!(rows(&folders).len(), 2, "no row is added");
}

#[test]
fn what_is_wrong_about_a_list_for_people_is_said() {
    let folders = Folders::new();
    let mut world = World::new();
    resident(&mut world, "aino", "fi", false);
    let clinic = Clinic::of(world, &[] as &[&str], &[]);
    for (from, to, said) in [
        ("by = \"letter\"", "", "outreach: `by` is missing"),
        ("by = \"letter\"", "by = \"pigeon\"", "pigeon"),
        (
            "look_seconds = 3",
            "look_seconds = 1",
            "outreach: `look_seconds`",
        ),
        (
            "way = [\"communication\", \"outreach\"]",
            "way = \"communication\"",
            "does not name `outreach`",
        ),
    ] {
        configured(&clinic, &folders, "", INDEX_DATE);
        let path = clinic.config();
        let text = fs::read_to_string(&path).expect("a configuration");
        assert!(text.contains(from), "{from}");
        fs::write(&path, text.replacen(from, to, 1)).expect("writable");
        let heard = clinic.does(&["run", "--act"]);
        assert!(heard.err.contains(said), "{said}: {}", heard.err);
    }
}
