//! What people have to look at is listed with owner and deadline, stays until somebody has seen to it,
//! and does not come back for the same reason.

use serde_json::Value;

use crate::support::acting::{Clinic, at_risk};
use crate::support::site::{count, text};
use crate::support::snapshots::reads;
use crate::support::world::World;

const BY: [&str; 4] = [
    "--by",
    "Maija Meikäläinen",
    "--reason",
    "treated on the ward",
];

/// One with a glucose value that cannot wait, and one with a result in the range of diabetes.
fn clinic() -> Clinic {
    let mut world = World::new();
    world
        .resident("ill")
        .man_born("1960-01-01")
        .fasting_glucose(24.0, "2025-10-28");
    at_risk(&mut world, "high").hba1c(52.0, "2025-10-20");
    let clinic = Clinic::of::<&str>(world, &[], &[]);
    clinic.acts();
    clinic
}

fn listed(clinic: &Clinic) -> Vec<Value> {
    let words = ["tasks", "list", "--on", "2025-11-02", "--json"];
    let said = clinic.site().does(&words).ends_well();
    let listed: Value = serde_json::from_str(&said).expect("JSON");
    listed["tasks"].as_array().expect("a list").clone()
}

fn number(tasks: &[Value], what: &str) -> String {
    let found = tasks.iter().find(|task| text(&task["what"]) == what);
    let found = found.unwrap_or_else(|| panic!("no task `{what}` among {tasks:?}"));
    count(&found["task"]).to_string()
}

#[track_caller]
fn closes(clinic: &Clinic, tasks: &[&str]) -> crate::support::site::Said {
    clinic
        .site()
        .does(&[&["tasks", "close"], tasks, &BY[..]].concat())
}

#[test]
fn a_value_that_cannot_wait_is_first_and_is_done_when_somebody_says_so() {
    let clinic = clinic();
    let words = ["tasks", "list", "--on", "2025-11-02"];
    let said = clinic.site().does(&words).ends_well();
    reads("tasks", &said);
    let tasks = listed(&clinic);
    assert_eq!(text(&tasks[0]["what"]), "glucose-critical");
    assert_eq!(text(&tasks[0]["priority"]), "same-day");
    assert_eq!(tasks[0]["is_late"], true);
    let critical = number(&tasks, "glucose-critical");
    let said = closes(&clinic, &[&critical]).ends_well();
    assert_eq!(said, "1 task closed by Maija Meikäläinen.\n");
    assert_eq!(listed(&clinic).len(), tasks.len() - 1);
    // The same value opens nothing again.
    clinic.acts();
    assert_eq!(clinic.tasks().get("glucose-critical"), None);
    let said = closes(&clinic, &[&critical]).ends_with(1);
    let closed = format!("error: task {critical} was closed already, by Maija Meikäläinen\n");
    assert!(said.starts_with(&closed), "{said}");
}

#[test]
fn all_of_several_tasks_are_closed_or_none_and_by_somebody_who_says_why() {
    let clinic = clinic();
    let tasks = listed(&clinic);
    let known = number(&tasks, "glucose-critical");
    let said = closes(&clinic, &[&known, "999"]).ends_with(1);
    assert!(
        said.starts_with("error: no task here has the number 999\n"),
        "{said}"
    );
    assert_eq!(listed(&clinic), tasks);
    for (option, at) in [("--by", 1), ("--reason", 3)] {
        let mut words = BY;
        words[at] = " ";
        let words = [&["tasks", "close", known.as_str()], &words[..]].concat();
        let said = clinic.site().does(&words).ends_with(1);
        assert!(
            said.starts_with(&format!("error: `{option}` is empty\n")),
            "{said}"
        );
    }
    let all: Vec<String> = tasks
        .iter()
        .map(|task| count(&task["task"]).to_string())
        .collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    closes(&clinic, &all).ends_well();
    let said = clinic.site().does(&["tasks", "list"]).ends_well();
    assert_eq!(said, "No task is open.\n");
    clinic.site().is_whole();
}
