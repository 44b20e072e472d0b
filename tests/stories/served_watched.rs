//! Who watches sees whether it is alive, whether it is well, and numbers without people.

use preventiojyraa::schedule::Step;

use crate::support::acting::until;
use crate::support::daily::{ALL_AT_TWO, Daily};
use crate::support::exporter::Reply;
use crate::support::snapshots::reads;

/// The numbers as a picture: in order, and without how long something took.
fn picture(text: &str) -> String {
    let mut all = Vec::new();
    for metric in text.split("# HELP ").skip(1) {
        let (head, numbers): (Vec<&str>, Vec<&str>) = metric
            .lines()
            .enumerate()
            .filter(|(_, line)| *line != "# EOF")
            .map(|(n, line)| (n < 2, line))
            .fold(
                Default::default(),
                |(mut head, mut rest), (is_head, line)| {
                    if is_head {
                        head.push(line)
                    } else {
                        rest.push(line)
                    }
                    (head, rest)
                },
            );
        let mut numbers: Vec<String> = numbers.into_iter().map(without_seconds).collect();
        numbers.sort();
        all.push(format!(
            "# HELP {}\n{}\n",
            head.join("\n"),
            numbers.join("\n")
        ));
    }
    all.concat()
}

fn without_seconds(line: &str) -> String {
    match line.rsplit_once(' ') {
        Some((name, number)) if line.contains("seconds") && number != "0.0" => {
            format!("{name} <seconds>")
        }
        Some(_) | None => line.to_owned(),
    }
}

#[test]
fn alive_ready_and_numbers_without_people() {
    let daily = Daily::of(
        6,
        "pull = \"02:00\"\nrun = \"02:00\"\ndispatch = [\"02:00-03:00\"]\nretry_seconds = 1",
    );
    let daemon = daily.serves("2025-11-01T01:59:59+02:00");
    assert_eq!(daemon.gets("/health").status, 200);
    assert_eq!(daemon.gets("/health").text, "alive\n");
    daily.waits_for(Step::Run, "2025-11-01 done");
    daily.waits_for_all_orders();
    assert_eq!(daemon.gets("/ready").text, "ready\n");
    until("every order is acknowledged", || {
        let numbers = daemon.gets("/metrics").text;
        numbers.contains("preventio_outbox_orders{state=\"acknowledged\"} 12.0")
    });
    let heard = daemon.gets("/metrics");
    assert_eq!(heard.status, 200);
    assert!(
        heard
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("application/openmetrics-text"))
    );
    for name in ["resident-0", "export"] {
        assert!(!heard.text.contains(name), "{}", heard.text);
    }
    reads("served-metrics", &picture(&heard.text));
    daemon.ends_when_told();
}

#[test]
fn it_is_not_ready_when_a_step_has_been_due_for_long_or_the_configuration_is_broken() {
    let daily = Daily::of(1, ALL_AT_TWO);
    daily.configured(
        "pull = \"02:00\"\nretry_seconds = 1",
        "unready_after_minutes = 30",
    );
    daily
        .register
        .says("GET /fhir/Group/g/$export", &[Reply::page(500)]);
    daily
        .register
        .says("GET /fhir/metadata", &[Reply::page(500)]);
    daily.serves("2025-11-01T01:00:00+02:00").ends_when_told();
    let daemon = daily.serves("2025-11-01T02:29:00+02:00");
    assert_eq!(daemon.gets("/ready").status, 200, "half an hour is allowed");
    daemon.ends_when_told();
    let daemon = daily.serves("2025-11-01T02:31:00+02:00");
    let heard = daemon.gets("/ready");
    assert_eq!(heard.status, 503);
    let expected = "not ready\npull has been due since 2025-11-01T00:00:00Z and is not done\n";
    assert_eq!(heard.text, expected);
    assert_eq!(daemon.gets("/health").status, 200);
    daily.says_now("[legal_basis]", "[legal_bases]");
    let heard = daemon.gets("/ready");
    assert!(heard.text.contains("legal_bases"), "{}", heard.text);
    daemon.ends_when_told();
}
