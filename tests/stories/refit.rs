//! The points of the score are held against the programme's own outcomes: a question that means more than
//! was published is found, rules with other points are written, compared and signed by nobody yet.

use std::fs;

use serde_json::Value;

use crate::support::site::{Dice, Said, preventio, text};
use crate::support::snapshots::reads;
use crate::support::world::{HIGHEST, LOWEST, World};

/// The first day on which every horizon is over.
const OVER: &str = "2025-08-01";

/// Points of the portal's questions, in the order of [`LOWEST`], and what age, body-mass index and waist
/// give.
const POINTS: [i32; 5] = [2, 1, 2, 5, 5];
const KNOWN: i32 = 11;

/// Half a year of decisions about people of whom all come; `points` is what the questions really mean.
fn programme(n: usize, points: [i32; 5]) -> World {
    let mut world = World::new();
    let mut dice = Dice::new(29);
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
        let sum: i32 = (0..5).filter(|at| is_high(*at)).map(|at| points[at]).sum();
        let log_odds = -5.2575 + 0.187_96 * f64::from(KNOWN + sum);
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
    let config = format!(
        "[site]\ntrial = true\ntoday = {OVER}\n\n[legal_basis]\nreference = \"trial without people\"\nvalid_from = 2024-01-01\nvalid_until = 2026-12-31\n"
    );
    fs::write(world.site.beside("preventio.toml"), config).expect("a configuration can be written");
    world
}

fn refit(world: &World, words: &[&str]) -> Said {
    let config = world.site.beside("preventio.toml").display().to_string();
    let words = [&["model", "refit", "--config", &config], words].concat();
    world.site.does(&words)
}

#[test]
fn a_question_that_means_more_than_was_published_gets_more_points_in_rules_of_their_own() {
    // A parent or sibling with diabetes counts for ten, where the form gives five.
    let world = programme(3_000, [2, 1, 2, 5, 10]);
    let config = world.site.beside("preventio.toml").display().to_string();
    let learns = ["learn", "--config", &config];
    world.site.does(&learns).ends_well();
    let decisions = world.site.decisions();
    let told = refit(&world, &[]).ends_well();
    reads("model-refit", &told);
    assert_eq!(refit(&world, &["--threads", "1"]).ends_well(), told);

    // Rules in which the score alone is another.
    let out = world.site.beside("refitted").display().to_string();
    let said = refit(&world, &["--out", &out, "--json"]).ends_well();
    let report: Value = serde_json::from_str(&said).expect("it is JSON");
    assert_eq!(text(&report["written"]), out);
    let proposed =
        |item: usize, level: usize| report["items"][item]["levels"][level]["proposed"].as_i64();
    let family = proposed(7, 2).expect("a number");
    assert!((7..=11).contains(&family), "{report}");
    // Everybody is of one age: nothing can be said of what age adds.
    assert_eq!(
        [0, 1, 2, 3].map(|at| proposed(0, at)),
        [0, 2, 3, 4].map(Some)
    );
    let again = refit(&world, &["--out", &out]).ends_with(1);
    assert!(again.contains("is there already"), "{again}");
    preventio(&["rules", "check", "--rules", &out]).ends_well();

    // What differs is the score's file: points, version, source, range, examples.
    let differs = preventio(&["rules", "diff", "shipped", &out]).ends_well();
    let files = differs.lines().filter(|line| line.contains(".toml"));
    assert!(
        files
            .clone()
            .all(|line| line.contains("scores/findrisc.toml")),
        "{differs}"
    );
    assert!(differs.contains("2025.1.1"), "{differs}");
    let hash = text(&report["cases_hash"]);
    let written = fs::read_to_string(world.site.beside("refitted/scores/findrisc.toml"));
    let written = written.expect("a file of the score");
    assert!(written.contains(&hash) && written.contains("published table findrisc 2025.1"));
    assert!(written.contains("status = \"draft\""));

    // Who would be decided about otherwise: nobody was, and nobody is by looking.
    let words = [
        "rules",
        "diff",
        "shipped",
        &out,
        "--index-date",
        "2024-06-11",
        "--json",
    ];
    let diff: Value =
        serde_json::from_str(&world.site.does(&words).ends_well()).expect("it is JSON");
    assert!(
        diff["changed"].is_null() || diff["changed"].is_u64(),
        "{diff}"
    );
    assert!(world.site.decisions() == decisions);
    // Decided about by the new rules, people have the new points.
    world.site.runs("2024-06-11", &["--rules", &out]);
    let after = world.site.decisions();
    assert!(
        after
            .values()
            .any(|row| row.items.contains(&format!("family-history={family}")))
    );
}

#[test]
fn points_that_are_right_stay_and_nothing_is_written() {
    let world = programme(1_800, POINTS);
    let told = refit(&world, &[]).ends_well();
    assert!(
        told.contains("Every point stays: the outcomes do not contradict the points in force."),
        "{told}"
    );
    let out = world.site.beside("refitted");
    let name = out.display().to_string();
    let refused = refit(&world, &["--out", &name]).ends_with(1);
    assert!(refused.contains("no point changes"), "{refused}");
    assert!(!out.exists());
}

#[test]
fn few_outcomes_leave_every_point_with_a_reason() {
    let world = programme(186, POINTS);
    let told = refit(&world, &[]).ends_well();
    assert!(
        told.contains("Every point stays: insufficient evidence"),
        "{told}"
    );
}
