//! Every kind of answer to a read, a search and a group.

use jiff::Timestamp;
use reqwest::Url;

use super::super::http::Heard;
use super::conversation::{Action, Conversation, CrawlFailure, Event, Query, step};
use super::page::{members, patient_of};

fn now() -> Timestamp {
    Timestamp::from_second(784_111_777).expect("Sun, 06 Nov 1994 08:49:37 GMT")
}

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Event {
    Event::Heard(Heard::answer(status, headers, body))
}

fn conversation(types: &[&str]) -> Conversation {
    let base = Url::parse("https://fhir.example.org/R4/").expect("an address");
    let types: Vec<String> = types.iter().map(|kind| (*kind).to_owned()).collect();
    Conversation::new(&base, Conversation::about("p1", &types))
}

/// What follows an answer, in one line.
fn told(action: &Action) -> String {
    match action {
        Action::Ask(url) => format!(
            "ask {}",
            url.as_str()
                .trim_start_matches("https://fhir.example.org/R4/")
        ),
        Action::WaitUntil(until) => format!("wait {}", until.duration_since(now()).as_millis()),
        Action::Done => "done".to_owned(),
        Action::Stop(CrawlFailure::Members(why)) => format!("no members: {why}"),
        Action::Stop(CrawlFailure::Unauthorised(_)) => "unauthorised".to_owned(),
        Action::Stop(CrawlFailure::Failing { .. }) => "failing".to_owned(),
        Action::Stop(CrawlFailure::NoAnswer { tries, .. }) => format!("stop after {tries}"),
    }
}

const PATIENT: &str = r#"{"resourceType":"Patient","id":"p1"}"#;

#[test]
fn a_resident_is_read_first_and_then_searched_for_type_by_type() {
    let mut talk = conversation(&["Observation", "Patient", "Condition"]);
    let mut next = |event| told(&step(&mut talk, now(), event));
    assert_eq!(next(Event::Woke), "ask Patient/p1");
    let date = [("date", "Sun, 06 Nov 1994 08:49:30 GMT")];
    assert_eq!(
        next(answer(200, &date, PATIENT)),
        "ask Observation?patient=p1&_count=200"
    );
    // Neither mode nor total nor link is needed; what it says stays byte for byte, on one line.
    let page = "{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":{\n\"resourceType\":\"Observation\", \"x\":6.10}}]}";
    assert_eq!(
        next(answer(200, &[], page)),
        "ask Condition?patient=p1&_count=200"
    );
    assert_eq!(
        next(answer(200, &[], r#"{"resourceType":"Bundle"}"#)),
        "done"
    );
    let found = &talk.found;
    assert_eq!(found.date.as_deref(), Some("1994-11-06T08:49:30Z"));
    assert_eq!(found.lines.len(), 2);
    assert_eq!(
        found.lines[1].1,
        b"{ \"resourceType\":\"Observation\", \"x\":6.10}"
    );
    assert!(found.missing.is_empty());
}

#[test]
fn each_answer_to_a_search_leads_somewhere() {
    let bundle = |more: &str| format!(r#"{{"resourceType":"Bundle"{more}}}"#);
    let link = |url: &str| bundle(&format!(r#","link":[{{"relation":"next","url":"{url}"}}]"#));
    let own = link("https://fhir.example.org/R4/page/2");
    let elsewhere = link("https://else.example.org/R4/page/2");
    let short = bundle(r#","total":1"#);
    for (event, expected, missing) in [
        (answer(200, &[], &own), "ask page/2", ""),
        (answer(200, &[], &elsewhere), "done", "Condition"),
        (answer(200, &[], &short), "done", "Condition"),
        (answer(400, &[], ""), "done", "Condition"),
        (answer(403, &[], ""), "done", "Condition"),
        (answer(404, &[], ""), "done", "Condition"),
        (answer(307, &[], ""), "done", "Condition"),
        (answer(401, &[], ""), "unauthorised", ""),
        (answer(429, &[("retry-after", "7")], ""), "wait 7000", ""),
        (
            answer(503, &[("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT")], ""),
            "wait 10000",
            "",
        ),
        (answer(500, &[], ""), "wait 1000", ""),
        (answer(200, &[], "{}"), "wait 1000", ""),
        (
            answer(200, &[("content-type", "text/html")], "<html>"),
            "wait 1000",
            "",
        ),
        (
            Event::Heard(Heard::Nothing("x".to_owned())),
            "wait 1000",
            "",
        ),
    ] {
        let mut talk = conversation(&["Condition"]);
        step(&mut talk, now(), Event::Woke);
        assert_eq!(told(&step(&mut talk, now(), event)), expected);
        assert_eq!(talk.found.missing.join(","), missing, "{expected}");
    }
}

#[test]
fn a_server_that_says_nothing_stops_the_crawl() {
    let mut talk = conversation(&["Condition"]);
    step(&mut talk, now(), Event::Woke);
    let mut last = String::new();
    for _ in 0..6 {
        let silence = Event::Heard(Heard::Nothing("x".to_owned()));
        last = told(&step(&mut talk, now(), silence));
        if last.starts_with("wait") {
            assert_eq!(
                told(&step(&mut talk, now(), Event::Woke)),
                "ask Condition?patient=p1&_count=200"
            );
        }
    }
    assert_eq!(last, "stop after 6");
}

#[test]
fn who_cannot_be_read_at_the_server_is_left_and_the_next_search_follows() {
    let outcome = r#"{"resourceType":"OperationOutcome","issue":[]}"#;
    let nameless = r#"{"resourceType":"Bundle","link":[{"url":"x"}]}"#;
    for (status, body) in [(500, ""), (200, outcome), (200, nameless), (504, "")] {
        let mut talk = conversation(&["Condition", "Consent"]);
        step(&mut talk, now(), Event::Woke);
        let mut last = String::new();
        for _ in 0..6 {
            last = told(&step(&mut talk, now(), answer(status, &[], body)));
        }
        assert_eq!(last, "ask Consent?patient=p1&_count=200", "{status} {body}");
        assert_eq!(talk.found.missing, ["Condition"]);
        assert!(talk.found.given_up.is_some());
    }
    let too_large = || Event::Heard(Heard::TooLarge("large".to_owned()));
    let mut talk = conversation(&["Condition", "Consent"]);
    step(&mut talk, now(), Event::Woke);
    let last = told(&step(&mut talk, now(), too_large()));
    assert_eq!(last, "ask Consent?patient=p1&_count=200");
    assert_eq!(talk.found.missing, ["Condition"]);
    let base = Url::parse("https://fhir.example.org/R4/").expect("an address");
    let mut talk = Conversation::new(&base, vec![Query::Group("g".to_owned())]);
    step(&mut talk, now(), Event::Woke);
    let last = told(&step(&mut talk, now(), too_large()));
    assert_eq!(last, "no members: large");
}

#[test]
fn the_time_of_what_was_read_is_the_earliest_that_the_server_told() {
    let mut talk = conversation(&["Patient"]);
    step(&mut talk, now(), Event::Woke);
    let wait = [
        ("date", "Sun, 06 Nov 1994 07:49:30 GMT"),
        ("retry-after", "3600"),
    ];
    step(&mut talk, now(), answer(429, &wait, ""));
    step(&mut talk, now(), Event::Woke);
    let date = [("date", "Sun, 06 Nov 1994 08:49:30 GMT")];
    step(&mut talk, now(), answer(200, &date, PATIENT));
    assert_eq!(talk.found.date.as_deref(), Some("1994-11-06T07:49:30Z"));
}

#[test]
fn a_search_whose_page_is_gone_is_begun_again_once() {
    let page = |n: u32| {
        let entry = r#"{"resource":{"resourceType":"Condition","id":"c"}}"#;
        let next = format!("https://fhir.example.org/R4/page/{n}");
        format!(
            r#"{{"resourceType":"Bundle","entry":[{entry}],"link":[{{"relation":"next","url":"{next}"}}]}}"#
        )
    };
    let mut talk = conversation(&["Condition"]);
    let mut next = |event| told(&step(&mut talk, now(), event));
    let first = "ask Condition?patient=p1&_count=200";
    assert_eq!(next(Event::Woke), first);
    assert_eq!(next(answer(200, &[], &page(2))), "ask page/2");
    assert_eq!(next(answer(410, &[], "")), first);
    assert_eq!(next(answer(200, &[], &page(2))), "ask page/2");
    assert_eq!(next(answer(410, &[], "")), "done");
    assert_eq!(talk.found.missing, ["Condition"]);
    assert_eq!(talk.found.lines.len(), 1, "nothing comes twice");
}

#[test]
fn whoever_is_gone_is_not_searched_for() {
    for status in [404, 410] {
        let mut talk = conversation(&["Patient", "Condition"]);
        step(&mut talk, now(), Event::Woke);
        assert_eq!(
            told(&step(&mut talk, now(), answer(status, &[], ""))),
            "done"
        );
        assert!(talk.found.is_gone && talk.found.missing.is_empty());
    }
    let mut talk = conversation(&["Patient"]);
    step(&mut talk, now(), Event::Woke);
    let other = r#"{"resourceType":"Patient","id":"somebody-else"}"#;
    step(&mut talk, now(), answer(200, &[], other));
    assert_eq!(talk.found.missing, ["Patient"]);
}

#[test]
fn a_group_lists_its_members_or_is_none() {
    let of = |body: &str| members(body.as_bytes()).map(|ids| ids.join(","));
    let member = |reference: &str| format!(r#"{{"entity":{{"reference":"{reference}"}}}}"#);
    let (a, b) = (
        member("Patient/a"),
        member("https://x.example.org/R4/Patient/b/_history/2"),
    );
    let left = r#"{"entity":{"reference":"Patient/c"},"inactive":true}"#;
    for (members, quantity, expected) in [
        (format!("{a},{b},{left}"), "3", Some("a,b")),
        (a.clone(), "2", None),
        (String::new(), "0", Some("")),
        (String::new(), "5", None),
        (format!("{a},{}", member("Practitioner/x")), "2", None),
    ] {
        let body =
            format!(r#"{{"resourceType":"Group","quantity":{quantity},"member":[{members}]}}"#);
        assert_eq!(of(&body).as_deref(), expected, "{body}");
    }
    assert_eq!(of(r#"{"resourceType":"Group"}"#), None);
    assert_eq!(of(r#"{"resourceType":"Bundle","member":[]}"#), None);
    let base = Url::parse("https://fhir.example.org/R4/").expect("an address");
    let mut talk = Conversation::new(&base, vec![Query::Group("g/1".to_owned())]);
    assert_eq!(
        told(&step(&mut talk, now(), Event::Woke)),
        "ask Group/g%2F1"
    );
    assert_eq!(
        told(&step(&mut talk, now(), answer(403, &[], ""))),
        "no members: 403 Forbidden"
    );
}

#[test]
fn a_reference_to_a_patient_is_told_from_others() {
    for (reference, id) in [
        ("Patient/a", Some("a")),
        ("https://x.example.org/R4/Patient/a", Some("a")),
        ("Patient/a/_history/1", Some("a")),
        ("Group/a", None),
        ("#p", None),
        ("urn:uuid:a", None),
        ("Patient/", None),
    ] {
        assert_eq!(patient_of(reference), id, "{reference}");
    }
}
