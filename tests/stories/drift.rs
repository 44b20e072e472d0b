//! A calibration that was as right in one month as in the next, and one that is no longer: it is told since
//! when, an alarm is raised, and it ends when a recalibration has seen those months.

use std::fs;

use serde_json::Value;

use crate::support::site::{Dice, count, text};
use crate::support::snapshots::reads;
use crate::support::world::{HIGHEST, LOWEST, World};

/// The first day on which every horizon is over.
const OVER: &str = "2025-08-01";

/// Points of the portal's questions, in the order of [`LOWEST`], and what age, body-mass index and waist
/// give.
const POINTS: [i32; 5] = [2, 1, 2, 5, 5];
const KNOWN: i32 = 11;

/// Half a year of decisions; log odds of disease are above what the calibration promises by as much as
/// `more` says for the month.
fn programme(n: usize, more: impl Fn(usize) -> f64) -> World {
    let mut world = World::new();
    let mut dice = Dice::new(17);
    for at in 0..n {
        let (month, name) = (1 + at % 6, format!("resident-{at:04}"));
        // A bit a question.
        let pattern = 1 + (at / 6) % 31;
        let is_high = |at: usize| (pattern >> at) & 1 == 1;
        let answers: Vec<(&str, &str)> = (0..5)
            .map(|at| if is_high(at) { HIGHEST[at] } else { LOWEST[at] })
            .collect();
        let answered = format!("2024-0{month}-10");
        let someone = world.resident(&name).woman_born("1950-06-06");
        someone
            .bmi(33.0, &answered)
            .waist(101.0, &answered)
            .answers(&answers, &answered);
        let points: i32 = (0..5).filter(|at| is_high(*at)).map(|at| POINTS[at]).sum();
        let log_odds = -5.2575 + 0.187_96 * f64::from(KNOWN + points) + more(month);
        let p = 1.0 / (1.0 + (-log_odds).exp());
        let tested = format!("2024-0{}-20", month + 1);
        let someone = world.resident(&name);
        if p * 1e6 <= dice.below(1_000_000) as f64 {
            someone.fasting_glucose(5.4, &tested).hba1c(38.0, &tested);
            continue;
        }
        let diagnosed = format!("2024-0{}-20", month + 2);
        someone
            .fasting_glucose(8.1, &tested)
            .hba1c(55.0, &tested)
            .diagnosed("E11.9", &diagnosed);
    }
    world.pulls();
    for month in 1..=6 {
        world.runs_as_of(&format!("2024-0{month}-11"));
    }
    let config = "[site]\ntrial = true\ntoday = 2025-08-01\n\n[legal_basis]\nreference = \"trial without people\"\nvalid_from = 2024-01-01\nvalid_until = 2026-12-31\n";
    fs::write(world.site.beside("preventio.toml"), config).expect("a configuration can be written");
    world
}

fn drift(world: &World, words: &[&str]) -> String {
    let config = world.site.beside("preventio.toml").display().to_string();
    let words = [&["model", "drift", "--config", &config], words].concat();
    world.site.does(&words).ends_well()
}

/// Whether an alarm of drift is raised.
fn is_alarmed(world: &World) -> bool {
    let said = world.site.does(&["alarms", "--json", "--on", OVER]);
    let report: Value = serde_json::from_str(&said.out).expect("the report is JSON");
    let alarms = report["alarms"].as_array().expect("a list");
    alarms
        .iter()
        .any(|alarm| alarm["code"] == "calibration-drifts")
}

#[test]
fn a_change_is_told_with_its_month_until_a_recalibration_has_seen_it() {
    let world = programme(1_800, |month| if month < 4 { 0.4 } else { -1.4 });
    reads("model-drift", &drift(&world, &[]));
    let report: Value = serde_json::from_str(&drift(&world, &["--json"])).expect("it is JSON");
    let changes = report["changes"].as_array().expect("a list");
    assert_eq!(changes.len(), 1, "{report}");
    assert_eq!(text(&changes[0]["since"]), "2024-04-01");
    assert_eq!(report["unanswered"], true);
    assert!(is_alarmed(&world));
    // Nothing was stored by looking.
    assert_eq!(drift(&world, &["--threads", "1"]), drift(&world, &[]));

    let config = world.site.beside("preventio.toml").display().to_string();
    let accepts = [
        "learn",
        "--config",
        &config,
        "--accept-as",
        "Maija Meikäläinen",
    ];
    world.site.does(&accepts).ends_well();
    let report: Value = serde_json::from_str(&drift(&world, &["--json"])).expect("it is JSON");
    assert_eq!(text(&report["fitted_until"]), "2024-06-11");
    // The months still differ from each other, and the calibration has seen both kinds.
    assert_eq!(report["unanswered"], false, "{report}");
    assert!(!is_alarmed(&world));
}

#[test]
fn a_calibration_that_is_wrong_all_the_time_has_not_changed() {
    let world = programme(1_200, |_| 0.6);
    let report: Value = serde_json::from_str(&drift(&world, &["--json"])).expect("it is JSON");
    assert_eq!(report["changes"], Value::Array(Vec::new()), "{report}");
    assert_eq!(text(&report["alike_since"]), "2024-01-01");
    assert_eq!(count(&report["verified"]), 1_200);
    assert!(!is_alarmed(&world));
    // On the first run's day nobody of the later months had answered.
    let items = report["inputs"]["items"].as_array().expect("a list");
    let score = items.last().expect("the score is the last");
    assert_eq!(text(&score["item"]), "score");
    assert_eq!(text(&score["verdict"]), "changed");
    assert!(score["missing"][0].as_f64() > score["missing"][1].as_f64());
}

#[test]
fn before_any_outcome_is_known_nothing_is_told() {
    let mut world = World::new();
    let someone = world.resident("aino").woman_born("1950-06-06");
    someone
        .bmi(33.0, "2025-10-01")
        .answers(&HIGHEST, "2025-10-01");
    world.pulls();
    let refused = world.site.does(&["model", "drift"]).ends_with(1);
    assert!(refused.contains("preventio run"), "{refused}");
    assert!(!is_alarmed(&world));
    world.runs();
    let said = world.site.does(&["model", "drift"]).ends_well();
    assert!(said.contains("insufficient evidence"), "{said}");
    assert!(said.contains("nobody is verified"), "{said}");
}
