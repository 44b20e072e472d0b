//! What residents fill in at the portal: half, whole, corrected, twice, or in a form that has changed.

use serde_json::{Value, json};

use crate::support::world::World;

/// Anna, asked by the portal's form; what she says comes response by response.
struct Portal(World);

impl Portal {
    fn new() -> Self {
        let mut world = World::new();
        world.resident("anna").woman_born("1970-01-01");
        Self(world)
    }

    /// A response under a name of its own, with one answer about daily activity.
    fn says(&mut self, response: &str, activity: &str, day: &str) -> &mut Value {
        let anna = self.0.resident("anna");
        anna.answers(&[("liikunta", activity)], day)
            .called(response);
        self.0.statement(response)
    }

    /// What is said about her activity, once all that came is pulled.
    #[track_caller]
    fn activity(&self) -> String {
        self.0.decides();
        let told = self.0.explanation_for("anna");
        let mut lines = told.lines().filter(|line| line.contains("points"));
        let line = lines.find(|line| line.contains("activ"));
        line.unwrap_or_else(|| panic!("{told}")).trim().to_owned()
    }

    #[track_caller]
    fn is_inactive(&self) {
        let line = self.activity();
        assert!(line.ends_with(": 2 points."), "{line}");
    }

    #[track_caller]
    fn is_active(&self) {
        let line = self.activity();
        assert!(line.ends_with(": 0 points."), "{line}");
    }

    #[track_caller]
    fn is_silent(&self) {
        let line = self.activity();
        assert!(line.contains("not known: 0 to 2 points"), "{line}");
    }

    fn issues(&self) -> Vec<&'static str> {
        let rows = self.0.site.issues().into_iter();
        rows.map(|row| row.code.name()).collect()
    }
}

#[test]
fn a_response_in_progress_says_nothing_yet_and_counts_once_it_is_completed() {
    let mut portal = Portal::new();
    portal.says("r1", "ei", "2025-10-01")["status"] = json!("in-progress");
    portal.is_silent();
    assert_eq!(portal.issues(), ["not-final"]);
    portal.0.statement("r1")["status"] = json!("completed");
    portal.is_inactive();
}

#[test]
fn an_amended_response_replaces_what_it_said_before() {
    let mut portal = Portal::new();
    portal.says("r1", "ei", "2025-10-01");
    portal.is_inactive();
    let response = portal.0.statement("r1");
    response["status"] = json!("amended");
    response["item"][0]["answer"][0]["valueCoding"]["code"] = json!("kylla");
    portal.is_active();
}

#[test]
fn a_response_entered_in_error_is_as_if_it_had_never_been() {
    let mut portal = Portal::new();
    portal.says("r1", "ei", "2025-10-01");
    portal.is_inactive();
    portal.0.statement("r1")["status"] = json!("entered-in-error");
    portal.is_silent();
}

#[test]
fn of_several_responses_the_one_written_last_counts_whatever_order_they_come_in() {
    for newer_first in [false, true] {
        let mut portal = Portal::new();
        let mut responses = [("r1", "ei", "2025-09-01"), ("r2", "kylla", "2025-10-01")];
        if newer_first {
            responses.reverse();
        }
        for (name, activity, day) in responses {
            portal.says(name, activity, day);
            portal.0.pulls();
        }
        portal.is_active();
    }
}

#[test]
fn a_question_that_nobody_knows_is_named_and_the_others_count() {
    let mut portal = Portal::new();
    let response = portal.says("r1", "ei", "2025-10-01");
    let items = response["item"].as_array_mut().expect("items");
    items.push(json!({ "linkId": "uusi-kysymys", "answer": [{ "valueBoolean": true }] }));
    portal.is_inactive();
    assert_eq!(portal.issues(), ["question-unknown"]);
}

#[test]
fn an_answer_that_nobody_knows_is_named_and_not_guessed() {
    let mut portal = Portal::new();
    portal.says("r1", "joskus", "2025-10-01");
    portal.is_silent();
    assert_eq!(portal.issues(), ["answer-unknown-code"]);
}

#[test]
fn residents_are_written_to_in_the_language_that_they_prefer() {
    let spoken = |code: &str, preferred: Option<bool>| {
        let system = "urn:ietf:bcp:47";
        let mut language =
            json!({ "language": { "coding": [{ "system": system, "code": code }] } });
        if let Some(preferred) = preferred {
            language["preferred"] = json!(preferred);
        }
        language
    };
    for (communication, expected) in [
        (json!([spoken("fi", None), spoken("sv", Some(true))]), "sv"),
        (
            json!([spoken("fi", Some(false)), spoken("en", Some(true))]),
            "en",
        ),
        (json!([spoken("sv", None), spoken("fi", None)]), "sv"),
        (json!([spoken("en", Some(false))]), "en"),
    ] {
        let mut world = World::new();
        world
            .resident("anna")
            .registered("communication", communication);
        world.pulls();
        let [entry] = &world.site.register()[..] else {
            panic!("one entry")
        };
        assert_eq!(entry.language.as_deref(), Some(expected));
    }
}
