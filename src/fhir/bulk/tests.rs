//! Every stage with every event, and what each answer leads to.
//!
//! Longer than other files: one row for each case, all in one table of the machine.

use jiff::{SignedDuration, Timestamp};

use super::super::http::Heard;
use super::action::{Action, Call, Patience};
use super::job::{ExportRequest, Failure, Job, Pages, Stage};
use super::manifest::{FileKind, Got, ListedFile, Manifest};
use super::step::{Event, step};

const STATUS: &str = "https://fhir.example.org/bulk/7";
const PATIENCE: Patience = Patience { days: 21 };

fn now() -> Timestamp {
    Timestamp::from_second(784_111_777).expect("Sun, 06 Nov 1994 08:49:37 GMT")
}

fn job(stage: Stage) -> Job {
    let request = ExportRequest {
        server: "https://fhir.example.org/R4".to_owned(),
        group: "g".to_owned(),
        types: vec!["Patient".to_owned()],
        not_granted: Vec::new(),
        narrowed: Vec::new(),
        since: None,
        by_post: false,
    };
    Job {
        stage,
        ..Job::new(request, now())
    }
}

fn file(n: u32, count: Option<u64>, lines: Option<u64>) -> ListedFile {
    ListedFile {
        url: format!("{STATUS}/{n}"),
        kind: FileKind::Output,
        resource_type: "Patient".to_owned(),
        count,
        size: None,
        got: lines.map(|lines| Got {
            name: format!("Patient.{n}.ndjson"),
            lines,
            size: None,
            errors: 0,
        }),
    }
}

fn manifest(files: Vec<ListedFile>) -> Manifest {
    Manifest {
        transaction_time: "1994-11-06T08:00:00Z".to_owned(),
        requires_token: true,
        files,
    }
}

fn asking(tries: u32) -> Stage {
    Stage::Asking { tries }
}

fn preparing(failures: u32) -> Stage {
    Stage::Preparing {
        status: STATUS.to_owned(),
        polls: 2,
        failures,
        pages: None,
        had: Vec::new(),
        again: false,
    }
}

fn fetching(tries: u32, again: bool) -> Stage {
    Stage::Fetching {
        status: STATUS.to_owned(),
        manifest: manifest(vec![file(1, None, Some(3)), file(2, Some(5), None)]),
        tries,
        again,
    }
}

fn fetched() -> Stage {
    Stage::Fetched {
        status: STATUS.to_owned(),
        manifest: manifest(vec![file(1, None, Some(3))]),
    }
}

fn closing(tries: u32, failure: Option<Failure>) -> Stage {
    Stage::Closing {
        status: STATUS.to_owned(),
        tries,
        failure,
    }
}

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Event {
    Event::Heard(Heard::answer(status, headers, body))
}

fn silence() -> Event {
    Event::Heard(Heard::Nothing("connection closed".to_owned()))
}

const TRANSIENT: &str = r#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"transient","diagnostics":"wait"}]}"#;
const FATAL: &str = r#"{"resourceType":"OperationOutcome","issue":[{"severity":"fatal","code":"exception","diagnostics":"broken"}]}"#;

fn ready(url: &str, more: &str) -> String {
    format!(
        r#"{{"transactionTime":"t","requiresAccessToken":true,"output":[{{"type":"Patient","url":"{url}","count":3}}]{more}}}"#
    )
}

/// Where a step leads, and what it does, in one line.
fn told(job: &Job, actions: &[Action]) -> String {
    let stage = match &job.stage {
        Stage::Asking { tries } => format!("asking/{tries}"),
        Stage::Preparing {
            failures,
            pages,
            had,
            again,
            ..
        } => {
            let pages = if pages.is_some() { " more pages" } else { "" };
            let again = if *again { " again" } else { "" };
            format!("preparing/{failures}{pages}{again} had {}", had.len())
        }
        Stage::Fetching { tries, .. } => format!("fetching/{tries}"),
        Stage::Fetched { .. } => "fetched".to_owned(),
        Stage::Closing { tries, .. } => format!("closing/{tries}"),
    };
    let actions = actions.iter().filter_map(|action| {
        Some(match action {
            Action::Save => "save".to_owned(),
            Action::Ask(Call::KickOff) => "kick off".to_owned(),
            Action::Ask(Call::Status(url)) => format!("poll {}", url.rsplit('/').next()?),
            Action::Ask(Call::Delete(_)) => "delete".to_owned(),
            Action::Fetch(fetch) => format!("fetch {}", fetch.name),
            Action::WaitUntil(until) => {
                format!("wait {}", until.duration_since(now()).as_millis())
            }
            Action::Tell(_) => return None,
            Action::Clear => "clear".to_owned(),
            Action::Store => "store".to_owned(),
            Action::Forget => "forget".to_owned(),
            Action::Ended(None) => "done".to_owned(),
            Action::Ended(Some(failure)) => {
                let name = format!("{failure:?}");
                let name = name.split([' ', '(', '{']).next().unwrap_or_default();
                format!("failed {name}")
            }
        })
    });
    let actions: Vec<String> = actions.collect();
    format!("{stage}: {}", actions.join(", "))
}

#[track_caller]
fn check(stage: Stage, event: Event, expected: &str) {
    let (job, actions) = step(job(stage), now(), PATIENCE, event);
    assert_eq!(told(&job, &actions), expected);
    // Whatever it is, it can be kept on disk.
    assert_eq!(Job::from_text(&job.to_text()).as_ref(), Some(&job));
}

#[test]
fn two_exports_asked_for_within_a_second_are_two() {
    let request = || job(asking(0)).request;
    let first = Job::new(request(), now());
    let same = Job::new(request(), now());
    let soon = Job::new(request(), now() + SignedDuration::from_millis(1));
    assert_eq!((&first.id, first.began), (&same.id, soon.began));
    assert_ne!(first.id, soon.id);
}

#[test]
fn each_stage_goes_on_by_itself_after_a_restart() {
    for (stage, expected) in [
        (asking(0), "asking/0: kick off"),
        (preparing(0), "preparing/0 had 0: poll 7"),
        (
            fetching(1, false),
            "fetching/1: fetch Patient.00001.a1abe562.ndjson",
        ),
        (fetched(), "fetched: store"),
        (closing(0, None), "closing/0: delete"),
    ] {
        check(stage, Event::Woke, expected);
    }
}

#[test]
fn what_does_not_belong_to_a_stage_changes_nothing() {
    let got = || {
        Event::Here(Got {
            name: "x".to_owned(),
            lines: 1,
            size: None,
            errors: 0,
        })
    };
    let cut_off = || Event::CutOff("x".to_owned());
    for (stage, event, unchanged) in [
        (asking(1), got(), "asking/1: "),
        (asking(1), cut_off(), "asking/1: "),
        (asking(1), Event::Stored, "asking/1: "),
        (preparing(1), got(), "preparing/1 had 0: "),
        (preparing(1), cut_off(), "preparing/1 had 0: "),
        (preparing(1), Event::Stored, "preparing/1 had 0: "),
        (fetching(1, false), Event::Stored, "fetching/1: "),
        (fetched(), got(), "fetched: "),
        (fetched(), cut_off(), "fetched: "),
        (fetched(), answer(200, &[], ""), "fetched: "),
        (closing(0, None), got(), "closing/0: "),
        (closing(0, None), cut_off(), "closing/0: "),
        (closing(0, None), Event::Stored, "closing/0: "),
    ] {
        check(stage, event, unchanged);
    }
}

#[test]
fn whoever_gives_up_tells_the_server() {
    for (stage, expected) in [
        (asking(0), "asking/0: forget, done"),
        (preparing(0), "closing/0: save, delete"),
        (fetching(0, false), "closing/0: save, delete"),
        (fetched(), "closing/0: save, delete"),
        (closing(2, None), "closing/0: save, delete"),
    ] {
        check(stage, Event::GivenUp, expected);
    }
}

#[test]
fn an_export_that_takes_too_long_is_given_up_but_not_one_that_is_here() {
    for (stage, expected) in [
        (asking(0), "asking/0: forget, failed TooLate"),
        (preparing(0), "closing/0: save, delete"),
        (fetching(0, false), "closing/0: save, delete"),
        (fetched(), "fetched: store"),
        (closing(0, None), "closing/0: delete"),
    ] {
        let old = Job {
            began: now().as_second() - 22 * 86_400,
            ..job(stage)
        };
        let (job, actions) = step(old, now(), PATIENCE, Event::Woke);
        assert_eq!(told(&job, &actions), expected);
    }
}

#[test]
fn the_answer_to_the_kick_off() {
    let at = |place| [("content-location", place)];
    for (tries, event, expected) in [
        (
            0,
            answer(202, &at(STATUS), ""),
            "preparing/0 had 0: save, wait 260",
        ),
        (
            0,
            answer(
                202,
                &[("content-location", STATUS), ("retry-after", "3")],
                "",
            ),
            "preparing/0 had 0: save, wait 3146",
        ),
        (0, answer(202, &[], ""), "asking/0: forget, failed NoStatus"),
        (
            0,
            answer(202, &at("/bulk/7"), ""),
            "asking/0: forget, failed NoStatus",
        ),
        (
            0,
            answer(202, &at("http://fhir.example.org/bulk/7"), ""),
            "asking/0: forget, failed NoStatus",
        ),
        (
            0,
            answer(202, &at("https://other.example.org/bulk/7"), ""),
            "asking/0: forget, failed OtherOrigin",
        ),
        (
            0,
            answer(200, &[], "{}"),
            "asking/0: forget, failed NoExport",
        ),
        (
            0,
            answer(404, &[], FATAL),
            "asking/0: forget, failed Refused",
        ),
        (
            0,
            answer(500, &[], FATAL),
            "asking/0: forget, failed Refused",
        ),
        (0, answer(401, &[], ""), "asking/0: forget, failed Refused"),
        (
            0,
            answer(429, &[("retry-after", "30")], ""),
            "asking/1: wait 30073",
        ),
        (99, answer(429, &[], ""), "asking/100: wait 243750"),
        (0, answer(503, &[], ""), "asking/1: wait 896"),
        (0, answer(500, &[], TRANSIENT), "asking/1: wait 896"),
        (0, silence(), "asking/1: wait 896"),
        (10, silence(), "asking/10: forget, failed Failed"),
    ] {
        let (job, actions) = step(job(asking(tries)), now(), PATIENCE, event);
        let told = told(&job, &actions);
        let (told, expected) = (without_jitter(&told), without_jitter(expected));
        assert_eq!(told, expected);
    }
}

/// The seconds of a wait alone: the rest is the job's own.
fn without_jitter(text: &str) -> String {
    match text.split_once("wait ") {
        None => text.to_owned(),
        Some((before, millis)) => {
            let millis: u64 = millis.parse().expect("milliseconds");
            // Waits without a word from the server spread over half of themselves.
            let seconds = if millis < 1_250 { 1 } else { millis / 1_000 };
            let shown = if 200 < seconds && seconds < 400 {
                "long".to_owned()
            } else {
                seconds.to_string()
            };
            format!("{before}wait {shown}")
        }
    }
}

#[test]
fn the_answer_to_a_question_how_far_it_is() {
    let again = |failures: u32| format!("preparing/{failures} had 0: wait");
    for (failures, event, expected) in [
        (3, answer(202, &[("x-progress", "half")], ""), again(0)),
        (0, answer(200, &[("x-export-status", "202")], ""), again(0)),
        (0, answer(429, &[("retry-after", "soon")], ""), again(0)),
        (0, answer(503, &[("retry-after", "1")], ""), again(0)),
        (0, answer(503, &[], ""), again(1)),
        (0, answer(500, &[], TRANSIENT), again(0)),
        (0, answer(404, &[], TRANSIENT), again(0)),
        (0, answer(502, &[], "<html>"), again(1)),
        (
            0,
            answer(200, &[("content-type", "text/html")], "<html>"),
            again(1),
        ),
        (0, silence(), again(1)),
        (
            10,
            silence(),
            "preparing/11 had 0: failed NoAnswer".to_owned(),
        ),
        (
            0,
            answer(401, &[], ""),
            "preparing/0 had 0: failed Unauthorised".to_owned(),
        ),
        (
            0,
            answer(404, &[], ""),
            "asking/0: clear, save, kick off".to_owned(),
        ),
        (
            0,
            answer(410, &[], FATAL),
            "asking/0: clear, save, kick off".to_owned(),
        ),
        (
            0,
            answer(500, &[], FATAL),
            "closing/0: save, delete".to_owned(),
        ),
        (
            0,
            answer(500, &[], "<html>"),
            "closing/0: save, delete".to_owned(),
        ),
        (
            0,
            answer(400, &[], ""),
            "closing/0: save, delete".to_owned(),
        ),
        (
            0,
            answer(200, &[], "{}"),
            "closing/0: save, delete".to_owned(),
        ),
        (
            0,
            answer(200, &[], &ready("https://fhir.example.org/f", "")),
            "fetching/0: save, fetch Patient.00000.e72efa5a.ndjson".to_owned(),
        ),
        (
            0,
            answer(200, &[], &ready("https://files.example.org/f", "")),
            "closing/0: save, delete".to_owned(),
        ),
        (
            0,
            answer(200, &[], &ready("http://fhir.example.org/f", "")),
            "closing/0: save, delete".to_owned(),
        ),
        (
            0,
            answer(
                200,
                &[],
                &ready(
                    "https://fhir.example.org/f",
                    r#","link":[{"relation":"next","url":"https://fhir.example.org/page/2"}]"#,
                ),
            ),
            "preparing/0 more pages had 0: save, poll 2".to_owned(),
        ),
        (
            0,
            answer(
                200,
                &[],
                &ready(
                    "https://fhir.example.org/f",
                    r#","link":[{"relation":"next","url":"https://else.example.org/page/2"}]"#,
                ),
            ),
            "closing/0: save, delete".to_owned(),
        ),
    ] {
        let (job, actions) = step(job(preparing(failures)), now(), PATIENCE, event);
        let told = told(&job, &actions);
        assert!(told.starts_with(&expected), "{told} is not {expected}");
    }
}

#[test]
fn an_export_is_asked_for_anew_once() {
    let old = Job {
        restarts: 1,
        ..job(preparing(0))
    };
    let (job, actions) = step(old, now(), PATIENCE, answer(404, &[], ""));
    assert_eq!(
        told(&job, &actions),
        "preparing/0 had 0: forget, failed Gone"
    );
}

#[test]
fn pages_of_a_manifest_are_put_together() {
    let stage = Stage::Preparing {
        status: STATUS.to_owned(),
        polls: 0,
        failures: 0,
        pages: Some(Pages {
            manifest: manifest(vec![file(1, None, None)]),
            next: "https://fhir.example.org/page/2".to_owned(),
            before: Vec::new(),
        }),
        had: vec![file(1, None, Some(4))],
        again: true,
    };
    check(
        stage.clone(),
        Event::Woke,
        "preparing/0 more pages again had 1: poll 2",
    );
    let last = ready("https://fhir.example.org/f", "");
    let (job, _) = step(job(stage), now(), PATIENCE, answer(200, &[], &last));
    let Stage::Fetching { manifest, .. } = &job.stage else {
        panic!("it is ready: {:?}", job.stage);
    };
    let got = manifest.files.iter().map(|file| file.got.is_some());
    // What was fetched before the manifest was asked for again is not fetched again.
    assert_eq!(got.collect::<Vec<_>>(), [true, false]);
}

#[test]
fn what_comes_of_a_file() {
    let here = |lines| {
        Event::Here(Got {
            name: "Patient.00001.ndjson".to_owned(),
            lines,
            size: None,
            errors: 0,
        })
    };
    let cut_off = || Event::CutOff("in the middle".to_owned());
    for (tries, again, event, expected) in [
        (0, false, here(5), "fetching/0: save, fetched: store"),
        (0, false, here(4), "fetching/1: wait"),
        (2, false, here(4), "store"),
        (0, false, cut_off(), "fetching/1: wait"),
        (5, false, cut_off(), "fetching/0: save, failed File"),
        (0, false, silence(), "fetching/1: wait"),
        (0, false, answer(503, &[], ""), "fetching/1: wait"),
        (5, false, answer(429, &[], ""), "fetching/5: wait"),
        (
            0,
            false,
            answer(403, &[], FATAL),
            "preparing/0 again had 2: save, poll 7",
        ),
        (
            0,
            false,
            answer(404, &[], ""),
            "preparing/0 again had 2: save, poll 7",
        ),
        (
            0,
            true,
            answer(410, &[], ""),
            "asking/0: clear, save, kick off",
        ),
    ] {
        let (job, actions) = step(job(fetching(tries, again)), now(), PATIENCE, event);
        let told = told(&job, &actions);
        let is_stored = actions.last() == Some(&Action::Store);
        if expected.ends_with("store") {
            assert!(is_stored, "{told}");
            let expected = "fetched: save, save, store";
            assert_eq!(told, expected);
        } else {
            assert!(told.starts_with(expected), "{told} is not {expected}");
        }
    }
    let (short, _) = step(job(fetching(2, false)), now(), PATIENCE, here(4));
    let manifest = short.fetched().expect("every file is here");
    assert!(manifest.files[1].differs(), "it counts as incomplete");
    assert!(!manifest.files[0].differs());
}

#[test]
fn facts_that_are_stored_close_the_export() {
    check(fetched(), Event::Stored, "closing/0: save, delete");
    let gone = || Some(Failure::Gone);
    for (tries, failure, event, expected) in [
        (0, None, answer(202, &[], ""), "closing/0: forget, done"),
        (0, None, answer(404, &[], ""), "closing/0: forget, done"),
        (0, None, answer(500, &[], FATAL), "closing/0: forget, done"),
        (
            0,
            gone(),
            answer(202, &[], ""),
            "closing/0: forget, failed Gone",
        ),
        (3, None, silence(), "closing/3: forget, done"),
    ] {
        check(closing(tries, failure), event, expected);
    }
    let (job, actions) = step(job(closing(0, None)), now(), PATIENCE, silence());
    assert!(told(&job, &actions).starts_with("closing/1: save, wait"));
}

#[test]
fn waits_are_never_shorter_than_the_server_says_and_never_absurd() {
    for (retry_after, least, most) in [
        ("0", 1_000, 1_250),
        ("17", 17_000, 17_250),
        ("18000", 3_600_000, 3_600_250),
        // Milliseconds since 1970 are no seconds to wait.
        ("1790000000000", 1_000, 60_000),
        ("Sun, 06 Nov 1994 08:50:07 GMT", 30_000, 30_250),
        ("Sun, 06 Nov 1994 08:00:00 GMT", 1_000, 1_250),
        ("soon", 3_000, 5_000),
    ] {
        let event = answer(202, &[("retry-after", retry_after)], "");
        let (_, actions) = step(job(preparing(0)), now(), PATIENCE, event);
        let Some(Action::WaitUntil(until)) = actions.last() else {
            panic!("{retry_after}: {actions:?}");
        };
        let wait = until.duration_since(now()).as_millis();
        assert!((least..=most).contains(&wait), "{retry_after}: {wait}");
    }
}

#[test]
fn the_wait_without_a_word_doubles_up_to_five_minutes_and_is_the_same_each_time() {
    let wait = |polls: u32| {
        let stage = Stage::Preparing {
            status: STATUS.to_owned(),
            polls,
            failures: 0,
            pages: None,
            had: Vec::new(),
            again: false,
        };
        let (_, actions) = step(job(stage), now(), PATIENCE, answer(202, &[], ""));
        let Some(Action::WaitUntil(until)) = actions.last() else {
            panic!("{actions:?}");
        };
        until.duration_since(now()).as_millis()
    };
    for (polls, middle) in [
        (0, 1_000),
        (3, 8_000),
        (8, 256_000),
        (9, 300_000),
        (60_000, 300_000),
    ] {
        let range = middle * 3 / 4..=middle * 5 / 4;
        assert!(range.contains(&wait(polls)), "{polls}: {}", wait(polls));
        assert_eq!(wait(polls), wait(polls));
    }
}

#[test]
fn files_that_were_lost_are_fetched_again() {
    let lost = job(fetched()).without_lost(|_| false);
    assert!(matches!(lost.stage, Stage::Fetching { .. }));
    assert!(job(fetched()).without_lost(|_| true).fetched().is_some());
}
