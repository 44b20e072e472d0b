//! Who does not answer is reminded once, and then is a number that somebody looks at.

use jiff::Span;
use jiff::civil::Date;
use serde_json::Value;

use crate::support::acting::Clinic;
use crate::support::programme::Programme;
use crate::support::site::{INDEX_DATE, count};
use crate::support::snapshots::reads;
use crate::support::world::World;

const VISIT: &str = "2025-10-01";

/// Somebody of whom each shipped programme has to ask something.
fn clinic() -> Clinic {
    let mut world = World::new();
    world
        .resident("aino")
        .woman_born("1965-06-06")
        .bmi(28.0, VISIT);
    Clinic::of(world, &[] as &[&str], &[])
}

/// What a day brings by a programme: the state of the only resident, and what is planned.
fn day(clinic: &Clinic, programme: &str, days: i64) -> String {
    let first: Date = INDEX_DATE.parse().expect("a date");
    let today = first.saturating_add(Span::new().days(days)).to_string();
    clinic.configured(&[
        (
            "[channel.laboratory]\nway = \"service-request\"",
            "[channel.questionnaire]\nway = \"communication\"",
        ),
        (
            &format!("today = {INDEX_DATE}"),
            &format!("today = {today}"),
        ),
    ]);
    let words = ["run", "--act", "--json", "--programme", programme];
    let report: Value = serde_json::from_str(&clinic.does(&words).ends_well()).expect("JSON");
    let states = report["states"].as_object().expect("states");
    let mut states = states.iter().filter(|(_, n)| 0 < count(n));
    let (state, _) = states.next().expect("everybody is in a state");
    let orders = report["act"]["orders"].as_object().expect("a list");
    let orders: Vec<&str> = orders
        .iter()
        .filter(|(_, n)| 0 < count(n))
        .map(|(what, _)| what.as_str())
        .collect();
    let words = ["dispatch", "--once", "--programme", programme];
    clinic.does(&words).ends_well();
    format!("{days}: {state}; {}", orders.join(", "))
}

#[test]
fn who_does_not_answer_is_reminded_once_by_each_shipped_programme_and_then_stands_undecided() {
    for programme in ["type-2-diabetes", "cardiovascular"] {
        let clinic = clinic();
        let days = [0, 1, 28, 29, 30, 50, 51, 58];
        let told = days.map(|n| day(&clinic, programme, n));
        assert_eq!(
            told,
            [
                "0: asked; questionnaire",
                "1: asked; ",
                "28: asked; ",
                "29: asked; questionnaire-reminder",
                "30: asked; ",
                "50: asked; ",
                "51: undecided-not-answered; ",
                "58: undecided-not-answered; ",
            ],
            "{programme}"
        );
        assert_eq!(
            clinic.rows().len(),
            2,
            "{programme}: one question, one reminder"
        );
    }
}

#[test]
fn who_did_not_answer_is_counted_by_district_age_and_language_and_few_are_not_told() {
    let mut programme = Programme::in_a_town();
    programme.works();
    for one in programme.all_who_are("asked") {
        one.never_answers();
    }
    for days in [29, 22] {
        programme.waits(days);
        programme.works();
    }
    let report = programme.reports(&["run", "--act"]);
    let n = count(&report["states"]["undecided-not-answered"]);
    assert!(40 < n, "the story needs a crowd: {n}");
    for by in ["by_district", "by_age", "by_language"] {
        let parts = report["not_answered"][by].as_array().expect("parts");
        let told: Vec<u64> = parts.iter().filter_map(|part| part["n"].as_u64()).collect();
        let hidden = parts.len() - told.len();
        assert!(told.iter().all(|n| 5 <= *n), "{by}: {parts:?}");
        // A single part that is not told would be what is missing from the sum.
        let sum: u64 = told.iter().sum();
        assert!(
            sum == n || by == "by_district" || hidden != 1,
            "{by}: {parts:?} of {n}"
        );
    }
    let said = programme.does(&["run", "--act"]).ends_well();
    let from = said.find("Did not answer").expect("it is said");
    let lines: Vec<&str> = said[from..].lines().take(4).collect();
    reads("did-not-answer", &format!("{}\n", lines.join("\n")));
}
