//! What is deployed says what the program knows: its commands, its flags and what it answers.

use crate::support::site::preventio;

const UNIT: &str = include_str!("../../deploy/preventio.service");
const COMPOSE: &str = include_str!("../../deploy/compose.yaml");
const KUBERNETES: &str = include_str!("../../deploy/kubernetes.yaml");
const DOCKERFILE: &str = include_str!("../../deploy/Dockerfile");
const WATCH: &str = include_str!("../../src/daemon/watch.rs");

/// The flags of a command that a text uses are in the command's manual.
#[track_caller]
fn are_known(command: &[&str], text: &str) {
    let manual = preventio(&[command, &["--help"]].concat()).ends_well();
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    let flags: Vec<&str> = words.filter(|word| word.starts_with("--")).collect();
    assert!(!flags.is_empty(), "{text}");
    for flag in flags {
        assert!(
            manual.contains(&format!("{flag} ")),
            "{command:?} knows no {flag}"
        );
    }
}

#[track_caller]
fn line<'t>(text: &'t str, begins: &str) -> &'t str {
    let mut lines = text.lines().map(str::trim);
    let found = lines.find(|line| line.starts_with(begins));
    found.unwrap_or_else(|| panic!("no line begins with `{begins}`"))
}

#[test]
fn what_is_started_is_known_to_the_program() {
    are_known(&["serve"], line(UNIT, "ExecStart="));
    are_known(&["config", "check"], line(UNIT, "ExecStartPre="));
    are_known(&["serve"], line(DOCKERFILE, "CMD"));
    are_known(&["serve"], line(KUBERNETES, "args:"));
}

#[test]
fn what_is_asked_is_answered_and_one_serves_a_folder() {
    for probe in ["/health", "/ready"] {
        assert!(KUBERNETES.contains(&format!("path: {probe},")), "{probe}");
        assert!(WATCH.contains(&format!(".route(\"{probe}\"")), "{probe}");
    }
    assert_eq!(line(KUBERNETES, "replicas:"), "replicas: 1");
    assert!(KUBERNETES.contains("accessModes: [ReadWriteOnce]"));
    // Whoever is told to end has the time to: 20 seconds by default, and five more.
    for (text, begins) in [
        (UNIT, "TimeoutStopSec="),
        (COMPOSE, "stop_grace_period: "),
        (KUBERNETES, "terminationGracePeriodSeconds: "),
    ] {
        let seconds = line(text, begins)
            .trim_start_matches(begins)
            .trim_end_matches('s');
        assert!(
            seconds.parse::<u32>().is_ok_and(|n| 25 < n),
            "{begins}{seconds}"
        );
    }
    // YAML has no tabs.
    assert!(!KUBERNETES.contains('\t') && !COMPOSE.contains('\t'));
}
