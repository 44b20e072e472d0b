//! A demonstration as a document of plain fields, ready to become JSON.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::Demo;
use crate::calibration::Evaluation;
use crate::evaluate::FigureEntry;
use crate::report::{Truth, waits_for};
use crate::steps::{LearnDocument, LearnReport};

/// Everything that `preventio demo --json` says.
#[derive(Debug, Serialize)]
pub struct DemoDocument {
    register: u64,
    states: BTreeMap<String, u64>,
    rulebook: Value,
    decisions_hash: String,
    /// Lines by name; the parts of a line are one deeper and add up to it.
    funnel: Vec<Value>,
    /// Who waits for whom, by state.
    waiting: BTreeMap<String, &'static str>,
    precision: Value,
    calibration: Value,
    outbox: BTreeMap<String, u64>,
    happened: Value,
    peak_memory_bytes: Value,
}

impl DemoDocument {
    /// The document of a demonstration.
    #[must_use]
    pub fn new(demo: &Demo) -> Self {
        let lines = demo.lines();
        let funnel = lines.iter().map(
            |line| json!({ "id": line.id, "depth": line.depth, "n": line.n, "says": line.says }),
        );
        let waiting = demo.states().into_iter().filter_map(|(state, n)| {
            let whom = waits_for(state)?;
            (0 < n).then(|| (demo.words.state(state).to_owned(), whom))
        });
        let run = &demo.run;
        let (engine, standin) = demo.peak_memory;
        Self {
            register: run.register,
            states: run.states.clone(),
            rulebook: json!(run.rulebook),
            decisions_hash: run.decisions_hash.clone(),
            funnel: funnel.collect(),
            waiting: waiting.collect(),
            precision: demo
                .looks
                .last()
                .map_or(Value::Null, |look| part(look, "precision")),
            calibration: calibration(demo),
            outbox: demo.outbox.clone(),
            happened: demo.happened.clone(),
            peak_memory_bytes: json!({ "engine": engine, "standin": standin }),
        }
    }
}

/// A part of what a look found, as `preventio learn --json` says it.
fn part(look: &LearnReport, name: &str) -> Value {
    let document = json!(LearnDocument::new(&look.learning, &look.subject));
    document[name].clone()
}

/// Before and after by the look whose recalibration was put in force, with the truth beside it.
fn calibration(demo: &Demo) -> Value {
    let accepted = demo
        .looks
        .iter()
        .find(|look| look.subject.accepted.is_some());
    let Some(look) = accepted.or(demo.looks.last()) else {
        return Value::Null;
    };
    let mut found = part(look, "calibration");
    if let Some(fields) = found.as_object_mut() {
        fields.insert("way".to_owned(), json!(demo.way.told().to_string()));
    }
    if let (Some(truth), Some(fields)) = (&demo.truth, found.as_object_mut()) {
        fields.insert("truth".to_owned(), truth_entry(truth));
    }
    found
}

fn truth_entry(truth: &Truth) -> Value {
    json!({
        "among": truth.among.name(),
        "residents": truth.before.whole.n,
        "confirmed": truth.before.whole.events,
        "flagged": truth.flagged,
        "flagged_confirmed": truth.flagged_confirmed,
        "before": against(&truth.before),
        "after": truth.after.as_ref().map(against),
    })
}

fn against(evaluation: &Evaluation) -> Value {
    let whole = &evaluation.whole;
    json!({
        "o_e": FigureEntry::of(whole.o_e),
        "calibration_in_the_large": FigureEntry::of(whole.calibration_in_the_large),
        "slope": FigureEntry::of(whole.slope),
    })
}
