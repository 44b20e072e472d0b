//! Periods are over: what is past them is listed, a named person removes it, and whoever moves back is
//! somebody new.

use std::fs;
use std::time::{Duration, Instant};

use insta::assert_snapshot;
use jiff::Span;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::support::acting::{Clinic, at_risk, dies_after};
use crate::support::site::{Said, Site, count, opaque, preventio, preventio_starts};
use crate::support::world::{World, file, national_id};

const NATIONAL_ID: &str = "131052-308T";
const WHO: [&str; 5] = [
    "--act",
    "--by",
    "Maija Meikäläinen",
    "--reason",
    "plan of 2026",
];

/// Writes a configuration with periods.
fn configured(site: &Site, retention: &str) -> String {
    let path = site.beside("preventio.toml");
    let text = format!(
        "[site]\ntrial = true\ntoday = 2025-11-01\n\n[legal_basis]\nreference = \"trial\"\nvalid_from = 2025-01-01\nvalid_until = 2025-12-31\n\n{retention}"
    );
    fs::write(&path, text).expect("a configuration can be written");
    path.display().to_string()
}

fn does(site: &Site, retention: &str, more: &[&str]) -> Said {
    let config = configured(site, retention);
    site.does(&[&["retention", "--config", &config], more].concat())
}

#[track_caller]
fn reports(site: &Site, retention: &str, more: &[&str]) -> Value {
    let said = does(site, retention, &[&["--json"], more].concat()).ends_well();
    serde_json::from_str(&said).expect("JSON")
}

const LEFT: &str = "[retention]\nleft_months = 60\n";
const LINES: &str = "[retention]\nlines_set_aside_months = 1\n";

/// How many are listed on a day, and since when the oldest of them.
#[track_caller]
fn listed(site: &Site, retention: &str, on: &str) -> (u64, Option<String>) {
    let report = reports(site, retention, &["--on", on]);
    let kind = &report["kinds"][0];
    (
        count(&kind["n"]),
        kind["oldest"].as_str().map(str::to_owned),
    )
}

/// The day on which the only pull was.
#[track_caller]
fn day_of_the_pull(site: &Site, retention: &str) -> Date {
    let (_, oldest) = listed(site, retention, "9000-01-01");
    let day = oldest.expect("something is past its period in a long time");
    day.parse().expect("a day")
}

fn after(day: Date, months: i32, days: i32) -> String {
    let last = day.saturating_add(Span::new().months(months));
    last.saturating_add(Span::new().days(days)).to_string()
}

/// Somebody who has left, somebody who has died, and somebody who lives here.
fn town() -> World {
    let mut world = World::new();
    for name in ["aino", "veikko", "helmi"] {
        drop(
            world
                .resident(name)
                .woman_born("1960-01-01")
                .bmi(31.0, "2015-10-01"),
        );
    }
    drop(world.resident("aino").leaves("2020-02-29"));
    drop(world.resident("veikko").dies("2019-05-31"));
    world
}

fn on_register(site: &Site, name: &str) -> bool {
    let register = site.register();
    register.iter().any(|row| row.resident == opaque(name))
}

#[test]
fn everything_is_kept_for_ever_unless_the_configuration_says_otherwise() {
    let world = town();
    world.decides();
    let site = &world.site;
    for retention in ["", "[retention]\n"] {
        let said = does(site, retention, &["--on", "2100-01-01"]).ends_well();
        assert_eq!(
            said,
            "Everything is kept for ever: there is no `[retention]`\n"
        );
        does(site, retention, &WHO).ends_well();
    }
    assert_eq!(site.register().len(), 3);
    let config = configured(site, LEFT);
    let checked = preventio(&["config", "check", "--config", &config]);
    let checked = checked.ends_well();
    let kept =
        "\nKept: residents who have died or left the area: 60 months; lines set aside: for ever\n";
    assert!(checked.contains(kept), "{checked}");
}

#[test]
fn residents_go_the_day_after_the_last_day_of_their_period() {
    for (says, last, since) in [
        ("leaves", "2025-02-28", "2020-02-29"),
        ("dies", "2024-05-31", "2019-05-31"),
        // Whichever came first.
        ("leaves-and-dies", "2025-02-28", "2020-02-29"),
    ] {
        let mut world = World::new();
        drop(world.resident("helmi").woman_born("1960-01-01"));
        let gone = world.resident("aino").woman_born("1950-01-01");
        drop(match says {
            "leaves" => gone.leaves("2020-02-29"),
            "dies" => gone.dies("2019-05-31"),
            _ => gone.leaves("2020-02-29").dies("2023-05-31"),
        });
        world.pulls();
        let day_after = after(last.parse().expect("a day"), 0, 1);
        assert_eq!(listed(&world.site, LEFT, last), (0, None), "{says}");
        let past = (1, Some(since.to_owned()));
        assert_eq!(listed(&world.site, LEFT, &day_after), past, "{says}");
    }
}

/// Nobody is removed earlier than can be known.
#[test]
fn where_no_day_is_said_the_period_begins_with_the_pull_that_told_of_it() {
    for says in ["dies", "lives elsewhere"] {
        let mut world = World::new();
        let gone = world.resident("aino").woman_born("1950-01-01");
        drop(match says {
            "dies" => gone.registered("deceasedBoolean", json!(true)),
            _ => gone.lives_in("049"),
        });
        drop(
            world
                .resident("nobody-knows")
                .registered("extension", json!([])),
        );
        world.pulls();
        let site = &world.site;
        let day = day_of_the_pull(site, LEFT);
        assert_eq!(listed(site, LEFT, &after(day, 60, 0)).0, 0, "{says}");
        assert_eq!(listed(site, LEFT, &after(day, 60, 1)).0, 1, "{says}");
        // The same again is nothing new.
        world.pulls();
        assert_eq!(day_of_the_pull(site, LEFT), day, "{says}");
    }
}

#[test]
fn who_is_past_goes_with_everything_by_name_and_stays_away() {
    let mut world = town();
    world.decides();
    let site = &world.site;
    let said = does(site, LEFT, &[]).ends_well();
    assert_snapshot!(said, @"
    Past its period on 2025-11-01
      left                  2 after 60 months, the oldest since 2019-05-31
    ");
    for (who, what) in [
        (&WHO[..1], "--by"),
        (&["--by", "Maija"][..], "--act"),
        (&["--act", "--by", " ", "--reason", "plan"][..], "--by"),
        (
            &["--act", "--by", "Maija", "--reason", "aino left"][..],
            "identifier of a resident",
        ),
    ] {
        let said = does(site, LEFT, who);
        assert!(
            said.code != Some(0) && said.err.contains(what),
            "{}",
            said.err
        );
    }
    assert_eq!(site.register().len(), 3);
    let said = does(site, LEFT, &WHO).ends_well();
    assert_snapshot!(said, @"
    Removed: past its period on 2025-11-01
      left                  2 after 60 months, the oldest since 2019-05-31
    ");
    assert!(on_register(site, "helmi"));
    assert_eq!(site.register().len(), 1);
    site.is_whole();
    let audit = site.does(&["audit", "list"]).ends_well();
    for told in [
        "listed-past-period",
        "removed-past-period",
        "left 60 months: 2",
        &format!("erased  {}", opaque("aino")),
    ] {
        assert!(audit.contains(told), "{told} in {audit}");
    }
    assert_eq!(listed(site, LEFT, "2025-11-01"), (0, None));

    // The register goes on telling of them, and of one that it tells more.
    drop(world.resident("aino").bmi(33.0, "2025-06-06"));
    let report = world.pulls();
    assert_eq!(report["issues"]["erased-resident"], 2);
    assert_eq!(world.site.register().len(), 1);
    world.runs();
    world.site.covers();
    world.site.is_whole();
}

#[test]
fn whoever_lives_here_again_comes_back_with_the_pull_that_says_so() {
    let mut world = town();
    world.decides();
    does(&world.site, LEFT, &WHO).ends_well();
    // Undoes the move, and the mistake about the death.
    drop(world.resident("aino").registered("address", json!([])));
    drop(
        world
            .resident("veikko")
            .registered("deceasedDateTime", Value::Null),
    );
    drop(world.resident("helmi").bmi(30.0, "2025-06-06"));
    let report = world.pulls();
    assert_eq!(report["issues"]["erased-resident"], Value::Null);
    let site = &world.site;
    for name in ["aino", "veikko"] {
        assert!(on_register(site, name), "{name}");
        let facts = site.facts().into_iter();
        assert_eq!(facts.filter(|(who, _)| *who == opaque(name)).count(), 1);
    }
    let audit = site.does(&["audit", "list"]).ends_well();
    assert_eq!(audit.matches("lifted-erasure").count(), 2, "{audit}");
    world.runs();
    site.covers();
    site.is_whole();
    // They can leave once more.
    drop(world.resident("aino").leaves("2020-03-01"));
    world.pulls();
    does(&world.site, LEFT, &WHO).ends_well();
    assert!(!on_register(&world.site, "aino"));
    world.site.is_whole();
}

#[test]
fn whoever_asked_to_be_erased_does_not_come_back_by_moving() {
    let mut world = town();
    world.decides();
    let words = ["erase", "aino", "--by", "Maija", "--reason", "request 17"];
    world.site.does(&words).ends_well();
    drop(world.resident("aino").registered("address", json!([])));
    let report = world.pulls();
    assert_eq!(report["issues"]["erased-resident"], 1);
    assert!(!on_register(&world.site, "aino"));
    world.site.is_whole();
}

#[test]
fn a_person_with_several_entries_goes_when_all_of_them_have_left() {
    let mut world = town();
    let id = national_id(NATIONAL_ID);
    drop(world.resident("aino").registered("identifier", id.clone()));
    drop(world.resident("helmi").registered("identifier", id));
    world.decides();
    assert_eq!(listed(&world.site, LEFT, "2025-11-01").0, 1);
    drop(world.resident("helmi").leaves("2020-10-31"));
    world.pulls();
    assert_eq!(listed(&world.site, LEFT, "2025-10-31").0, 1);
    assert_eq!(listed(&world.site, LEFT, "2025-11-01").0, 3);
    does(&world.site, LEFT, &WHO).ends_well();
    assert_eq!(world.site.register().len(), 0);
    // Nor is it kept that one entry says something of another.
    let link = json!([{ "other": { "reference": "Patient/helmi" }, "type": "replaces" }]);
    drop(world.resident("aino").registered("link", link));
    world.pulls();
    world.site.is_whole();
}

#[test]
fn who_is_waited_for_at_the_laboratory_stays_and_is_named() {
    let mut world = World::new();
    drop(at_risk(&mut world, "aino"));
    drop(at_risk(&mut world, "veikko"));
    let mut clinic = Clinic::of(world, &["aino", "veikko"], &[]);
    clinic.acts();
    clinic.delivers_everything();
    for name in ["aino", "veikko"] {
        drop(clinic.world.resident(name).dies("2019-05-31"));
    }
    drop(clinic.world.resident("helmi").dies("2019-05-31"));
    clinic.world.pulls();
    let channel = "[channel.laboratory]\n";
    clinic.configured(&[(channel, &format!("{LEFT}\n{channel}"))]);
    let removes = [&["retention"], &WHO[..]].concat();
    let said = clinic.does(&removes).ends_well();
    let named = clinic.world.with_names(&said);
    for told in ["task is open: they stay\n", "  <aino>\n", "  <veikko>\n"] {
        assert!(named.contains(told), "{named}");
    }
    assert_eq!(clinic.site().register().len(), 2);
    // What was ordered is taken back, and then nothing is in the way.
    clinic.acts();
    clinic.delivers_everything();
    let said = clinic.does(&removes).ends_well();
    assert!(!said.contains("under way"), "{said}");
    assert_eq!(clinic.site().register().len(), 0);
    clinic.site().is_whole();
}

/// Two entries that contradict each other are looked at first.
#[test]
fn whoever_is_on_a_persons_list_stays_until_it_is_done() {
    let mut world = town();
    for name in ["aino", "veikko"] {
        let id = national_id(NATIONAL_ID);
        drop(world.resident(name).registered("identifier", id));
    }
    drop(world.resident("veikko").man_born("1931-12-12"));
    world.decides();
    let site = &world.site;
    let open = || -> Vec<String> {
        let said = site.does(&["tasks", "list", "--json"]).ends_well();
        let said: Value = serde_json::from_str(&said).expect("JSON");
        let tasks = said["tasks"].as_array().expect("a list").iter();
        tasks.map(|task| task["task"].to_string()).collect()
    };
    let tasks = open();
    assert!(!tasks.is_empty(), "somebody is to look at them");
    let report = reports(site, LEFT, &WHO);
    assert_eq!(count(&report["kinds"][0]["n"]), 0);
    assert_eq!(report["under_way"].as_array().map(Vec::len), Some(2));
    assert_eq!(open(), tasks);
    let numbers: Vec<&str> = tasks.iter().map(String::as_str).collect();
    let closes = [
        &["tasks", "close"],
        &numbers[..],
        &["--by", "Maija", "--reason", "two people"],
    ];
    site.does(&closes.concat()).ends_well();
    assert_eq!(count(&reports(site, LEFT, &WHO)["kinds"][0]["n"]), 2);
    site.is_whole();
}

#[test]
fn lines_set_aside_go_the_day_after_the_last_day_of_their_period() {
    let world = town();
    let export = world.export();
    let path = file(&export, "Patient");
    let mut lines = fs::read_to_string(&path).expect("an export file");
    lines.push_str("Marjatta, who lives at Esimerkkikatu 1\nand more\n");
    fs::write(path, lines).expect("an export file can be written");
    let site = &world.site;
    site.pulls(&export, &[]);
    let day = day_of_the_pull(site, LINES);
    let (last, day_after) = (after(day, 1, 0), after(day, 1, 1));
    let removed = |on: &str| {
        let report = reports(site, LINES, &[&["--on", on], &WHO[..]].concat());
        assert_eq!(report["removed"], "finished");
        count(&report["kinds"][0]["n"])
    };
    let issues = site.issues().len();
    assert_eq!(removed(&last), 0);
    assert_eq!(listed(site, LINES, &day_after).0, 2);
    assert_eq!(removed(&day_after), 2);
    assert_eq!(listed(site, LINES, "9000-01-01"), (0, None));
    assert_eq!(
        site.issues().len(),
        issues,
        "what was wrong with them is known"
    );
    let ledger = rusqlite::Connection::open(site.data().join("ledger.sqlite"));
    let ledger = ledger.expect("the ledger opens");
    let record: (String, u32, String) = ledger
        .query_row("SELECT kind, n, reason FROM removal", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .expect("one removal is on record");
    assert_eq!(
        record,
        ("lines-set-aside".to_owned(), 2, "plan of 2026".to_owned())
    );
    site.is_whole();
    assert_eq!(site.register().len(), 3);
}

#[test]
fn nothing_is_removed_today_whose_period_is_over_tomorrow() {
    let world = town();
    world.pulls();
    let site = &world.site;
    let path = configured(site, LEFT);
    let text = fs::read_to_string(&path).expect("a configuration");
    let text = text.replace("trial = true\ntoday = 2025-11-01\n", "");
    fs::write(&path, text).expect("a configuration can be written");
    let words = ["retention", "--config", &path, "--on", "9000-01-01"];
    let said = site.does(&[&words, &WHO[..]].concat()).ends_with(1);
    assert!(said.contains("that is kept until 9000-01-01"), "{said}");
    assert_eq!(site.register().len(), 3);
    // As of a day that has been, less is past.
    let words = ["retention", "--config", &path, "--on", "2024-06-01"];
    site.does(&[&words, &WHO[..]].concat()).ends_well();
    assert_eq!(site.register().len(), 2);
}

#[test]
fn killed_at_any_moment_the_same_command_goes_on() {
    for milliseconds in [2, 8, 13, 18, 22, 28, 36, 50, 80] {
        let world = town();
        world.decides();
        let site = &world.site;
        let config = configured(site, LEFT);
        let words = [&["retention", "--config", &config], &WHO[..]].concat();
        let words = site.arguments(&words);
        let mut child = preventio_starts(&words);
        dies_after(
            &mut child,
            Instant::now(),
            Duration::from_millis(milliseconds),
        );
        site.is_whole();
        let left = site.register().len();
        assert!(left == 1 || left == 3, "{left} after {milliseconds} ms");
        does(site, LEFT, &WHO).ends_well();
        assert_eq!(site.register().len(), 1);
        site.is_whole();
    }
}

#[test]
fn periods_that_make_no_sense_are_mistakes() {
    let site = Site::new();
    for (months, is_wrong) in [("0", true), ("1", false), ("1200", false), ("1201", true)] {
        let retention = format!("[retention]\nleft_months = {months}\n");
        let config = configured(&site, &retention);
        let said = preventio(&["config", "check", "--config", &config]);
        let told = said.err.contains("retention: `left_months` is 1 to 1200");
        assert_eq!(told, is_wrong, "{months}: {}", said.err);
    }
}
