//! Results that cannot wait: on a Friday evening, while nothing may leave, and when tests disagree.

use insta::assert_snapshot;

use crate::support::programme::{Programme, Resident, Task};

/// Friday of the third week.
const FRIDAY: &str = "2025-01-31";

/// A programme that waits for somebody's samples, on a Friday.
fn on_a_friday() -> (Programme, Resident) {
    let mut programme = Programme::in_a_town();
    programme.works();
    let resident = programme.somebody_who_is("ordered");
    resident.never_comes().never_answers();
    programme.reaches(FRIDAY);
    (programme, resident)
}

/// The tasks about somebody, the most urgent first: what, how soon, until when.
fn tasks_about(programme: &Programme, resident: &Resident) -> Vec<String> {
    let tasks = programme.worklist().into_iter();
    let about = tasks.filter(|task| task.about(resident));
    about
        .map(|task| format!("{} {} by {}", task.code, task.priority, task.due))
        .collect()
}

#[test]
fn a_critical_value_on_a_friday_evening_is_for_that_evening_and_not_for_monday() {
    let (mut programme, aino) = on_a_friday();
    aino.has_results(31.0, 95.0);
    programme.works();
    let first: Vec<Task> = programme.worklist();
    assert!(first[0].about(&aino), "before everything else");
    // What is for the same day is due that day, whether or not anybody works on the next.
    assert_eq!(
        tasks_about(&programme, &aino),
        [
            format!("glucose-critical same-day by {FRIDAY}"),
            "result-diabetic-range urgent by 2025-02-07".to_owned(),
        ]
    );
    let on_saturday = ["tasks", "list", "--on", "2025-02-01"];
    let said = programme.site.does(&on_saturday).ends_well();
    let first = said.lines().find(|line| line.contains("same-day"));
    assert!(first.is_some_and(|line| line.contains("(late)")), "{said}");
}

#[test]
fn a_critical_value_is_before_a_person_while_nothing_may_leave() {
    let (mut programme, aino) = on_a_friday();
    let stops = [
        "effects",
        "stop",
        "--by",
        "Maija",
        "--reason",
        "a portal misbehaves",
    ];
    programme.site.does(&stops).ends_well();
    aino.has_results(31.0, 95.0);
    programme.works();
    let tasks = tasks_about(&programme, &aino);
    assert_eq!(tasks[0], format!("glucose-critical same-day by {FRIDAY}"));
    assert_snapshot!(programme.diary_of(&aino), @r"
    2025-01-15 ordered
    2025-01-15   laboratory:fasting-plasma-glucose
    2025-01-15   laboratory:hba1c
    2025-01-31 confirming
    2025-01-31   task glucose-critical, same-day, by 2025-01-31
    ");
}

#[test]
fn tests_that_disagree_ask_for_the_one_that_was_abnormal_once_more() {
    let (mut programme, aino) = on_a_friday();
    aino.has_results(8.4, 38.0);
    programme.works();
    let asks = |programme: &Programme| {
        let told = programme.explanation_for(&aino);
        let line = told.lines().find(|line| line.starts_with("To confirm"));
        line.unwrap_or("nothing to confirm").to_owned()
    };
    assert_snapshot!(asks(&programme), @"To confirm or rule out (fasting plasma glucose): one test is in the range and another is not: repeat the abnormal one on another day, the clinician concludes. [tests-disagree]");
    assert_snapshot!(tasks_about(&programme, &aino).join("\n"), @"result-diabetic-range urgent by 2025-02-07");
    // The repeated test is in the range too: there is nothing more to ask for.
    programme.waits(5);
    aino.has_results(8.1, 38.0);
    programme.works();
    assert_snapshot!(asks(&programme), @"To confirm or rule out (fasting plasma glucose): the same test is in the range on different days: no further test is needed, the professional concludes. [same-test-on-different-days]");
}
