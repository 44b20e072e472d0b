//! Nothing stops unnoticed: what has stopped, does not agree or has not happened is told, with its owner.

use std::collections::BTreeMap;
use std::fs;

use insta::assert_snapshot;
use preventiojyraa::report::AlarmCode;
use serde_json::{Value, json};

use crate::support::acting::{Clinic, at_risk, until};
use crate::support::places::Folders;
use crate::support::programme::{Programme, Resident};
use crate::support::site::{
    INDEX_DATE, Said, Site, TempFolder, count, made_up_register, preventio, text,
};
use crate::support::snapshots::reads;
use crate::support::world::{LOWEST, World};

/// The codes that a report names; it ends with 7 when there are any.
#[track_caller]
fn raised(said: &Said) -> Vec<String> {
    let report: Value = serde_json::from_str(&said.out).expect("the report is JSON");
    let alarms = report["alarms"].as_array().expect("a list");
    let code = if alarms.is_empty() { 0 } else { 7 };
    assert_eq!(said.code, Some(code), "{}{}", said.out, said.err);
    let about = |alarm: &Value| {
        let words = [text(&alarm["code"]), text(&alarm["about"])];
        words.join(" ").trim_end().to_owned()
    };
    alarms.iter().map(about).collect()
}

#[track_caller]
fn raised_at(site: &Site, day: &str) -> Vec<String> {
    raised(&site.does(&["alarms", "--json", "--on", day]))
}

/// Somebody below the level whatever may come.
fn below_level(world: &mut World, name: &str) {
    drop(
        world
            .resident(name)
            .woman_born("1985-03-03")
            .bmi(21.0, "2025-10-01")
            .waist(70.0, "2025-10-01")
            .answers(&LOWEST, "2025-10-01"),
    );
}

#[test]
fn before_the_first_pull_and_run_it_is_said_that_there_was_none_and_then_all_is_well() {
    let mut world = World::new();
    below_level(&mut world, "aino");
    world.pulls();
    assert_eq!(raised_at(&world.site, INDEX_DATE), ["run-missing"]);
    world.runs();
    let said = world.site.does(&["alarms", "--on", INDEX_DATE]).ends_well();
    assert_eq!(said, "No alarm on 2025-11-01.\n");
    assert_eq!(raised_at(&world.site, "2025-11-08"), [""; 0]);
    // The eighth day without a run.
    assert_eq!(raised_at(&world.site, "2025-11-09"), ["run-missing"]);
}

#[test]
fn a_source_that_is_not_pulled_any_more_or_never_was_is_told() {
    let mut world = World::new();
    below_level(&mut world, "aino");
    world.decides();
    let path = world.site.data().join("ledger.sqlite");
    let ledger = rusqlite::Connection::open(path).expect("the ledger opens");
    let pulled = "UPDATE pull SET at = '2025-10-30T21:30:00Z'";
    ledger.execute(pulled, []).expect("it can be changed");
    // In Helsinki it was half past eleven of the same evening.
    assert_eq!(raised_at(&world.site, "2025-11-02"), [""; 0]);
    assert_eq!(
        raised_at(&world.site, "2025-11-03"),
        ["pull-missing export"]
    );
}

#[test]
fn a_laboratory_that_goes_silent_is_noticed_and_the_alarm_ends_when_results_return() {
    let mut programme = Programme::in_a_town();
    let pulled = programme.pulls();
    assert!(0 < count(&pulled["residents"]));
    programme.decides();
    let tested: Vec<_> = programme.all_who_are("below-level").into_iter().collect();
    let more = programme.all_who_are("asked");
    let tested: Vec<_> = tested.into_iter().chain(more).take(6).collect();
    assert_eq!(tested.len(), 6);
    // Thursday the 16th of January until Tuesday the 11th of February 2025: results on each working day.
    let reports = |programme: &mut Programme, days: i32| {
        for _ in 0..days {
            programme.waits(1);
            if programme.is_a_weekday() {
                tested.iter().for_each(|one| one.has_results(5.2, 34.0));
            }
        }
    };
    let silent = |programme: &Programme| {
        let all = raised(&programme.does(&["alarms", "--json"]));
        let about = all
            .into_iter()
            .filter(|one| one.starts_with("results-silent"));
        about.collect::<Vec<String>>()
    };
    reports(&mut programme, 27);
    programme.pulls();
    programme.waits(1);
    assert_eq!(silent(&programme), [""; 0]);
    // Wednesday, Thursday and Friday without a result.
    programme.waits(3);
    programme.pulls();
    let all = silent(&programme);
    assert!(
        all.contains(&"results-silent results/laboratory/export".to_owned()),
        "{all:?}"
    );
    let said = programme.does(&["alarms"]);
    assert_eq!(said.code, Some(7));
    let of_laboratory = said
        .out
        .lines()
        .skip_while(|line| !line.contains("results/laboratory"));
    let lines: Vec<&str> = of_laboratory.take(2).collect();
    assert_snapshot!(lines.join("\n"), @"
    results-silent  results/laboratory/export  for: laboratory liaison
        0 in the last 3 working days, where 33.4 would be expected; anything came last on 2025-02-11
    ");
    reports(&mut programme, 3);
    programme.pulls();
    programme.waits(1);
    assert_eq!(silent(&programme), [""; 0]);
}

#[test]
fn a_district_that_goes_silent_is_noticed_while_the_laboratory_reports_for_others() {
    let mut programme = Programme::in_a_town();
    programme.pulls();
    programme.decides();
    let mut districts: BTreeMap<String, Vec<Resident>> = BTreeMap::new();
    for state in ["below-level", "asked"] {
        for resident in programme.all_who_are(state) {
            if let Some(district) = programme.district_of(&resident) {
                districts.entry(district).or_default().push(resident);
            }
        }
    }
    let mut districts: Vec<(String, Vec<Resident>)> = districts.into_iter().collect();
    districts.sort_by_key(|(_, residents)| std::cmp::Reverse(residents.len()));
    let [(here, falls_silent), (_, goes_on), ..] = &districts[..] else {
        panic!("a town has more than one district");
    };
    let [falls_silent, goes_on] = [falls_silent, goes_on].map(|residents| &residents[..4]);
    let reports = |programme: &mut Programme, days: i32, who: &[&[Resident]]| {
        for _ in 0..days {
            programme.waits(1);
            if programme.is_a_weekday() {
                who.iter()
                    .copied()
                    .flatten()
                    .for_each(|one| one.has_results(5.2, 34.0));
            }
        }
        programme.pulls();
    };
    let silent = |programme: &Programme| {
        let all = raised(&programme.does(&["alarms", "--json"]));
        let about = all
            .into_iter()
            .filter(|one| one.starts_with("results-silent"));
        about.collect::<Vec<String>>()
    };
    reports(&mut programme, 27, &[falls_silent, goes_on]);
    programme.waits(1);
    assert_eq!(silent(&programme), [""; 0]);
    reports(&mut programme, 3, &[goes_on]);
    let of_district = [format!("results-silent results/district/{here}")];
    assert_eq!(silent(&programme), of_district);
}

const CHOICES: &str = "https://maisa.example.org/fhir/CodeSystem/suostumus";

/// Somebody whom questions decide and who is written to, since nothing at the portal reaches them.
fn letters(folders: &Folders, today: &str, clinic: &Clinic) {
    let list = folders
        .list()
        .replace("laboratory.list", "questionnaire.outreach");
    let channel = format!(
        "[channel.questionnaire]\nway = [\"communication\", \"outreach\"]\nserver = \"standin\"\n{list}by = \"letter\"\n\n[channel.laboratory]"
    );
    let day = format!("today = {today}");
    clinic.configured(&[
        ("[channel.laboratory]", &channel),
        (&format!("today = {INDEX_DATE}"), &day),
    ]);
}

#[test]
fn england_2018_letters_that_were_never_uploaded_are_noticed() {
    let folders = Folders::new();
    let mut world = World::new();
    for name in ["aino", "birgitta"] {
        drop(
            world
                .resident(name)
                .woman_born("1965-06-06")
                .bmi(28.0, "2025-01-10")
                .registered(
                    "communication",
                    json!([{ "language": { "coding": [{ "code": "fi" }] } }]),
                )
                .has(json!({
                    "resourceType": "Consent",
                    "status": "active",
                    "category": [{ "coding": [{ "system": CHOICES, "code": "sahkoinen-asiointi" }] }],
                    "dateTime": "2025-01-10",
                    "provision": { "type": "deny" },
                })),
        );
    }
    let clinic = Clinic::of(world, &[] as &[&str], &[]);
    letters(&folders, INDEX_DATE, &clinic);
    clinic.acts();
    clinic.delivers_everything();
    let alarms = || raised(&clinic.does(&["alarms", "--json"]));
    // Files lie in the folder, and nobody takes them: Monday to Wednesday are whole on Thursday.
    letters(&folders, "2025-11-05", &clinic);
    assert_eq!(alarms(), [""; 0]);
    letters(&folders, "2025-11-06", &clinic);
    assert_eq!(alarms(), ["orders-not-taken questionnaire"]);
    let said = clinic.does(&["alarms"]);
    assert_eq!(said.code, Some(7));
    reads("alarms-of-letters-not-taken", &said.out);
    folders.acknowledges("taken");
    until("they are taken", || {
        clinic.dispatches();
        alarms().is_empty()
    });
}

#[test]
fn orders_that_nobody_sends_are_noticed_and_what_has_left_and_is_gone_differs() {
    let mut world = World::new();
    at_risk(&mut world, "aino");
    let clinic = Clinic::of(world, &["aino"], &[]);
    clinic.acts();
    let alarms = |day: &str| {
        let said = clinic.does(&["alarms", "--json", "--on", day]);
        raised(&said)
    };
    assert_eq!(alarms("2025-11-05"), [""; 0]);
    assert_eq!(alarms("2025-11-06"), ["orders-not-leaving laboratory"]);
    clinic.delivers_everything();
    assert_eq!(alarms("2025-11-06"), [""; 0]);
    // Long after the last day nobody has chased it, and no run has decided since.
    let late = alarms("2026-02-02");
    assert_eq!(late, ["orders-differ", "run-missing"]);
}

#[test]
fn who_is_diagnosed_after_being_passed_over_is_listed_for_the_yearly_audit() {
    let mut world = World::new();
    for name in ["aino", "birgitta", "carl", "dora"] {
        below_level(&mut world, name);
    }
    at_risk(&mut world, "elli");
    world.decides();
    drop(world.resident("aino").diagnosed("E11.9", "2025-12-20"));
    // An old diagnosis that came late is no news of the interval, nor is that of somebody who was to be tested.
    drop(world.resident("birgitta").diagnosed("E11.9", "2025-06-01"));
    drop(world.resident("elli").diagnosed("E11.9", "2025-12-22"));
    world.pulls();
    world.runs_as_of("2026-01-15");
    let listed = |day: &str| {
        let words = ["alarms", "interval-cases", "--on", day];
        world.with_names(&world.site.does(&words).ends_well())
    };
    assert_snapshot!(listed("2026-01-15"), @"
    <aino>  diagnosed 2025-12-20, passed over: below-level since 2025-11-01 [score-below]
    1 diagnosed from 2025-01-16 to 2026-01-15 without ever having been flagged, 1 of them passed over.
    ");
    assert_snapshot!(listed("2026-12-19"), @"
    <aino>  diagnosed 2025-12-20, passed over: below-level since 2025-11-01 [score-below]
    1 diagnosed from 2025-12-20 to 2026-12-19 without ever having been flagged, 1 of them passed over.
    ");
    let audit = world.site.does(&["audit", "list"]).ends_well();
    assert_eq!(audit.matches("listed-interval-cases").count(), 2, "{audit}");
    // A year later it is another report's.
    assert!(listed("2026-12-20").starts_with("0 diagnosed"));
    assert_eq!(
        raised_at(&world.site, "2026-01-15"),
        ["interval-cases-many"]
    );
}

#[test]
fn what_is_told_of_a_made_up_city_names_owners_and_others_read_no_number() {
    let folder = TempFolder::new();
    let site = Site::new();
    site.pulls(&made_up_register(&folder, 300, 5), &[]);
    site.runs("2025-01-15", &[]);
    let said = site.does(&["alarms", "--on", "2025-01-16"]);
    assert_eq!(said.code, Some(7));
    reads("alarms-of-a-made-up-city", &said.out);
    let said = site.does(&["alarms", "--on", "2025-01-16", "--for-others"]);
    assert_eq!(said.code, Some(7));
    reads("alarms-for-others", &said.out);
}

#[test]
fn every_alarm_has_a_runbook_that_the_command_prints_and_a_line_in_the_readme() {
    let readme = fs::read_to_string(format!("{}/README.md", crate::ROOT)).expect("readable");
    let mut all = Vec::new();
    for (name, code) in AlarmCode::NAMES {
        let said = preventio(&["alarms", "--runbook", name]).ends_well();
        assert!(said.contains(code.runbook()), "{name}");
        all.push(said);
        assert!(
            readme.contains(&format!("| `{name}` |")),
            "{name} is not in the README"
        );
    }
    reads("alarm-runbooks", &all.join("\n"));
    let said = preventio(&["alarms", "--runbook", "no-such"]).ends_with(2);
    assert!(said.contains("no alarm has this code"), "{said}");
}
