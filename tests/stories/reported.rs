//! The report: what a clinician reads aloud, and all that stands behind it.

use std::fs;

use serde_json::{Value, json};

use super::learn::Programme;
use crate::support::site::Said;
use crate::support::snapshots::reads;

fn reports(programme: &Programme, more: &[&str]) -> Said {
    let config = programme.config().display().to_string();
    let words = [&["report", "--config", &config], more].concat();
    programme.world.site.does(&words)
}

#[track_caller]
fn reported(programme: &Programme) -> Value {
    let said = reports(programme, &["--lang", "en", "--json"]).ends_well();
    serde_json::from_str(&said).expect("the report is JSON")
}

fn after_a_year(n: usize) -> Programme {
    let mut programme = Programme::of(n);
    programme.decides();
    programme.a_year_passes();
    programme
}

#[test]
fn the_first_page_is_read_aloud_in_three_languages() {
    let programme = after_a_year(640);
    for language in ["fi", "sv", "en"] {
        let said = reports(&programme, &["--lang", language]).ends_well();
        reads(&format!("report-first-page-{language}"), &said);
    }
    let said = reports(&programme, &["--lang", "se"]).ends_with(2);
    assert!(said.contains("possible values: fi, sv, en"), "{said}");
}

#[test]
fn of_a_few_it_says_that_it_does_not_know() {
    let mut programme = Programme::new();
    for (name, pattern) in [("aino", 31), ("bertta", 31), ("cecilia", 3), ("dagny", 0)] {
        programme.scoring(name, pattern);
    }
    programme.decides();
    programme.is_diagnosed("aino");
    programme.world.pulls();
    let said = reports(&programme, &["--lang", "en"]).ends_well();
    reads("report-first-page-of-a-few", &said);
    let page = programme.world.site.beside("report.html");
    reports(&programme, &["--html", &page.display().to_string()]).ends_well();
    let page = fs::read_to_string(page).expect("a page");
    // Nothing to draw, so there is no heading either.
    assert!(!page.contains("Decision curve"));
    assert!(page.contains("insufficient evidence"));
}

#[test]
fn the_whole_report_is_one_page_that_loads_nothing() {
    let programme = after_a_year(640);
    let path = programme.world.site.beside("report.html");
    let path_text = path.display().to_string();
    reports(&programme, &["--lang", "sv", "--html", &path_text]).ends_well();
    let page = fs::read_to_string(path).expect("a page");
    assert!(page.contains("<html lang=\"sv\">") && page.contains("<main lang=\"en\">"));
    for outside in ["http", "src=", "@import", "url(", "<script"] {
        assert!(!page.contains(outside), "{outside}");
    }
    let headings = [
        "Who was verified",
        "First rounds: precision",
        "First rounds: calibration",
        "Recalibration",
        "Decision curve",
        "Precision over time",
        "Equity",
        "First rounds: for whom the programme is right",
        "Drift",
        "Model card",
        "TRIPOD+AI",
        "Not in this report",
    ];
    let places: Vec<Option<usize>> = headings
        .iter()
        .map(|heading| page.find(&format!("<h2>{heading}</h2>")))
        .collect();
    assert!(places.iter().all(Option::is_some), "{places:?}");
    assert!(places.is_sorted(), "{places:?}");
    let pictures = page.matches("<svg").count();
    assert_eq!(page.matches("<desc").count(), pictures);
    assert!(8 <= pictures, "{pictures}");
    // No heading without something under it, no id twice.
    for (at, _) in page.match_indices("</h2>") {
        let rest = page[at + "</h2>".len()..].trim_start();
        assert!(!rest.starts_with("<h2>") && !rest.starts_with("</main>"));
    }
    let ids: Vec<&str> = page
        .split(" id=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    let unique: std::collections::BTreeSet<&&str> = ids.iter().collect();
    assert_eq!(unique.len(), ids.len(), "{ids:?}");
}

#[test]
fn it_tells_the_numbers_of_learning_and_puts_nothing_on_record() {
    let programme = after_a_year(640);
    let report = reported(&programme);
    let site = &programme.world.site;
    let list = site.does(&["model", "list", "--json"]).ends_well();
    let list: Value = serde_json::from_str(&list).expect("a list");
    assert_eq!(list["proposals"], json!([]));
    assert_eq!(report["learned"]["proposal"], Value::Null);
    let config = programme.config().display().to_string();
    let learned = site
        .does(&["learn", "--config", &config, "--json"])
        .ends_well();
    let mut learned: Value = serde_json::from_str(&learned).expect("JSON");
    assert_eq!(learned["proposal"], 1);
    // Once it is on record the report says its number, and is learning's to the last digit.
    let report = reported(&programme);
    assert_eq!(report["learned"], learned.take());
    let flagged = &report["verification"]["flagged"];
    let sum = ["not_over", "left_out", "counted"].map(|part| flagged[part].as_u64().unwrap_or(0));
    assert_eq!(flagged["decided"], sum.iter().sum::<u64>());
    let groupings = &report["learned"]["by_group"]["rounds"][0]["groupings"];
    let groups_by = |name: &str| -> Vec<Value> {
        let mut groupings = groupings.as_array().expect("a list").iter();
        let found = groupings.find(|one| one["by"] == name).expect("a grouping");
        found["groups"].as_array().expect("a list").clone()
    };
    let quarters = groups_by("quarter");
    assert_eq!(quarters.len(), 1);
    assert_eq!(quarters[0]["group"], "2024 Q1");
    assert_eq!(quarters[0]["confirmed_of_tested"], flagged["confirmed"]);
    assert_eq!(groups_by("age")[0]["group"], "70-79");
    // And it tells of drift what `model drift` tells.
    let config = programme.config().display().to_string();
    let words = ["model", "drift", "--config", &config, "--json"];
    let drift = site.does(&words).ends_well();
    let drift: Value = serde_json::from_str(&drift).expect("JSON");
    assert_eq!(report["drift"], drift);
    let registry = report["model_card"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|line| line["of"] == "Recalibrations on record");
    let says = registry.expect("a line")["says"][0].to_string();
    assert!(
        says.contains("proposed") && says.contains("not tried"),
        "{says}"
    );
}

#[test]
fn every_heading_of_the_checklist_is_filled_or_says_that_nothing_is_stated() {
    let programme = after_a_year(64);
    let report = reported(&programme);
    let items = report["tripod"].as_array().expect("a list");
    let numbers: Vec<u64> = items
        .iter()
        .filter_map(|item| item["item"].as_u64())
        .collect();
    assert_eq!(numbers, (1..=27).collect::<Vec<_>>());
    let empty: Vec<&str> = items
        .iter()
        .filter(|item| item["says"] == json!(["not stated"]))
        .filter_map(|item| item["heading"].as_str())
        .collect();
    assert_eq!(
        empty,
        [
            "Ethical approval",
            "Open science",
            "Patient and public involvement",
            "Interpretation"
        ]
    );
    for item in items {
        let says = item["says"].as_array().expect("a list");
        let is_said = says
            .iter()
            .all(|one| one.as_str().is_some_and(|text| !text.trim().is_empty()));
        assert!(!says.is_empty() && is_said, "{item}");
    }
}

#[test]
fn the_measure_report_has_the_shares_and_no_small_numbers() {
    let measured = |programme: &Programme| -> Value {
        let path = programme.world.site.beside("measure.json");
        reports(
            programme,
            &["--measure-report", &path.display().to_string()],
        )
        .ends_well();
        serde_json::from_str(&fs::read_to_string(path).expect("a resource")).expect("JSON")
    };
    let programme = after_a_year(640);
    let resource = measured(&programme);
    assert_eq!(resource["resourceType"], "MeasureReport");
    assert_eq!(resource["status"], "complete");
    assert_eq!(
        resource["period"],
        json!({"start": "2024-03-01", "end": "2025-03-02"})
    );
    let report = reported(&programme);
    let flagged = &report["verification"]["flagged"];
    let groups = resource["group"].as_array().expect("a list");
    assert_eq!(groups.len(), 3);
    let counts = |at: usize| {
        let populations = groups[at]["population"].as_array().expect("a list");
        [&populations[0]["count"], &populations[1]["count"]].map(Value::as_u64)
    };
    assert_eq!(
        counts(0),
        [flagged["counted"].as_u64(), flagged["tested"].as_u64()]
    );
    assert_eq!(
        counts(2),
        [flagged["tested"].as_u64(), flagged["confirmed"].as_u64()]
    );

    // Four of a few: named, not told.
    let mut few = Programme::of(32);
    few.decides();
    for name in [
        "resident-0031",
        "resident-0030",
        "resident-0029",
        "resident-0028",
    ] {
        few.is_diagnosed(name);
    }
    few.world.pulls();
    let resource = measured(&few);
    for group in resource["group"].as_array().expect("a list") {
        assert_eq!(group["population"], Value::Null, "{group}");
        assert_eq!(group["measureScore"], Value::Null, "{group}");
    }
}
