//! The numbers as Prometheus reads them. Labels are names of closed lists: steps, outcomes, states, codes.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::AtomicU64;

use jiff::Timestamp;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::cds::CdsOutcome;
use crate::schedule::Step;
use crate::steps::ServedReport;

/// What the text is.
pub(super) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Labels = Vec<(&'static str, String)>;
type Numbers = Family<Labels, Gauge<f64, AtomicU64>>;
type Counts = Family<Labels, Counter<f64, AtomicU64>>;
/// Since when, of each step.
type Since = [(Step, Option<Timestamp>); 5];

/// How often cards were asked for since the process began, and what the ledger has of them.
type Cards = (Vec<(&'static str, CdsOutcome, u64)>, BTreeMap<String, u64>);

/// Everything that watchers are told, made anew for each look: the ledger is what remembers.
pub(super) fn metrics(
    report: &ServedReport,
    (overdue, under_way): (&Since, &Since),
    cards: Option<&Cards>,
    now: Timestamp,
) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("preventio");
    let (ended, seconds) = (Counts::default(), Counts::default());
    for (step, outcome, n, took) in &report.steps {
        let labels = vec![("step", step.clone()), ("outcome", outcome.clone())];
        ended.get_or_create(&labels).inc_by(as_number(*n));
        seconds.get_or_create(&labels).inc_by(took.max(0.0));
    }
    registry.register(
        "steps_ended",
        "Steps of the schedule that ended, by how",
        ended,
    );
    registry.register(
        "steps_seconds",
        "Seconds that those steps took in all",
        seconds,
    );
    let (ages, took) = (Numbers::default(), Numbers::default());
    for (step, (at, seconds)) in &report.newest {
        let labels = vec![("step", (*step).to_owned())];
        let age = now.duration_since(*at).as_secs_f64();
        ages.get_or_create(&labels).set(age.max(0.0));
        took.get_or_create(&labels).set(*seconds);
    }
    registry.register(
        "step_age_seconds",
        "Seconds since a step last ended well",
        ages,
    );
    registry.register("step_newest_seconds", "Seconds that it took then", took);
    for (name, help, since) in [
        (
            "step_overdue_seconds",
            "Seconds for which a step has been due and is not done; 0 when it is",
            overdue,
        ),
        (
            "step_under_way_seconds",
            "Seconds for which a step has been under way; 0 when it is not",
            under_way,
        ),
    ] {
        let numbers = Numbers::default();
        for (step, since) in since {
            let labels = vec![("step", step.name().to_owned())];
            let seconds = since.map_or(0.0, |at| now.duration_since(at).as_secs_f64());
            numbers.get_or_create(&labels).set(seconds.max(0.0));
        }
        registry.register(name, help, numbers);
    }
    for (name, help, label, counts) in [
        (
            "outbox_orders",
            "Orders in the outbox, by state",
            "state",
            &report.outbox,
        ),
        (
            "tasks_open",
            "Open tasks for people, by code",
            "code",
            &report.tasks,
        ),
        (
            "tasks_late",
            "Open tasks whose day is over, by code",
            "code",
            &report.late,
        ),
        (
            "residents",
            "Residents of the newest run, by state",
            "state",
            &report.residents,
        ),
    ] {
        registry.register(name, help, counted(label, counts));
    }
    let stopped: Gauge<f64, AtomicU64> = Gauge::default();
    stopped.set(f64::from(u8::from(report.is_stopped)));
    registry.register(
        "effects_stopped",
        "1 while effects are stopped by hand",
        stopped,
    );
    if let Some((asked, cards)) = cards {
        let calls = Counts::default();
        for (what, outcome, n) in asked {
            let labels = vec![
                ("asked", (*what).to_owned()),
                ("outcome", outcome.name().to_owned()),
            ];
            calls.get_or_create(&labels).inc_by(as_number(*n));
        }
        registry.register(
            "cds_calls",
            "Calls of the decision-support service since it began, by how they ended",
            calls,
        );
        registry.register(
            "cds_cards",
            "Cards that were shown, and what was done with them",
            counted("what", cards),
        );
    }
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

fn counted(label: &'static str, counts: &BTreeMap<String, u64>) -> Numbers {
    let numbers = Numbers::default();
    for (name, n) in counts {
        numbers
            .get_or_create(&vec![(label, name.clone())])
            .set(as_number(*n));
    }
    numbers
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of people and orders are far below 2^53"
)]
fn as_number(n: u64) -> f64 {
    n as f64
}
