//! A decision in canonical form: codes and dates, no prose, the same bytes for the same decision.

use std::fmt::{self, Write};
use std::sync::Arc;

use crate::lake::DecisionRow;
use crate::pathway::{Decision, ReasonVerdict};
use crate::profile::{Fact, ResidentId};
use crate::risk::{self, Assessment, Basis};
use crate::rulebook::{Amount, NextStep, Rulebook, ScoreUnit};

/// Names that every decision repeats, made once.
pub(super) struct Texts {
    rows: Vec<Arc<str>>,
}

impl Texts {
    pub(super) fn new(rulebook: &Rulebook) -> Self {
        Self {
            rows: rulebook
                .pathway
                .rows
                .iter()
                .map(|row| Arc::from(row.id.as_str()))
                .collect(),
        }
    }
}

/// A decision in canonical form.
pub(super) fn canonical(
    rulebook: &Rulebook,
    texts: &Texts,
    resident: ResidentId,
    decision: &Decision,
) -> DecisionRow {
    let assessment = decision.assessment.as_ref();
    let model = rulebook.model.rung(assessment.map_or(0, Assessment::rung));
    let asks = joined(",", &decision.asks, |out, n| {
        out.push_str(&model.items[*n].id)
    });
    let reviews = joined(";", &decision.reviews, |out, (row, review)| {
        let (row, priority) = (&texts.rows[*row], review.priority.name());
        put(out, format_args!("{row}:{priority}:{}", review.within_days));
    });
    let reasons = joined(";", &decision.reasons, |out, reason| {
        let row = &texts.rows[reason.row];
        match reason.verdict {
            ReasonVerdict::Held => put(out, format_args!("held:{row}")),
            ReasonVerdict::Nearly(near) => put(out, format_args!("nearly-{}:{row}", near.name())),
        }
        if let Some(fact) = &reason.fact {
            mark(rulebook, fact, out);
        }
    });
    DecisionRow {
        resident,
        state: decision.state.name(),
        row: Arc::clone(&texts.rows[decision.row]),
        next: next_text(rulebook, &decision.next).into(),
        score: assessment.map(|a| (a.low(), a.high())),
        probability: assessment.map(|a| risk::probability(&rulebook.calibration, a)),
        items: assessment.map_or(String::new(), |a| items_text(rulebook, a)),
        asks,
        reviews,
        reasons,
    }
}

/// Texts with a separator between them, each written to the end of the whole: a decision has dozens,
/// and a city's worth of small texts of their own costs a tenth of a run.
fn joined<T>(
    separator: &str,
    items: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut String, T),
) -> String {
    let mut whole = String::new();
    for (n, item) in items.into_iter().enumerate() {
        if n != 0 {
            whole.push_str(separator);
        }
        write(&mut whole, item);
    }
    whole
}

fn put(out: &mut String, text: fmt::Arguments<'_>) {
    out.write_fmt(text).expect("memory can be written");
}

/// Which fact, and of which day.
fn mark(rulebook: &Rulebook, fact: &Fact, out: &mut String) {
    let id = &rulebook.catalogue.definition(fact.id).id;
    put(out, format_args!("@{id}:{}", fact.effective));
}

fn next_text(rulebook: &Rulebook, next: &NextStep) -> String {
    match next {
        NextStep::Nothing => "nothing".to_owned(),
        NextStep::Recall { months } => format!("recall:{months}"),
        NextStep::Ask => "ask".to_owned(),
        NextStep::Remind => "remind".to_owned(),
        NextStep::OrderLaboratory { tests } => {
            let tests = tests
                .iter()
                .map(|id| rulebook.catalogue.definition(*id).id.as_str());
            format!("order-laboratory:{}", tests.collect::<Vec<_>>().join(","))
        }
        NextStep::Task => "task".to_owned(),
        NextStep::OfferPrevention { recall_months } => format!("offer-prevention:{recall_months}"),
        NextStep::CompleteRecord => "complete-record".to_owned(),
    }
}

fn items_text(rulebook: &Rulebook, assessment: &Assessment) -> String {
    let model = rulebook.model.rung(assessment.rung());
    let items = model.items.iter().zip(assessment.items());
    let texts = joined(";", items, |out, (item, result)| {
        put(out, format_args!("{}=", item.id));
        let between = if result.adds.is_stretch() { ".." } else { "/" };
        let points = joined(between, result.adds.values(), |out, amount| {
            match model.unit {
                ScoreUnit::Points => put(out, format_args!("{amount}")),
                ScoreUnit::PartsPerMillion => out.push_str(&millionths(amount)),
            }
        });
        out.push_str(&points);
        match &result.basis {
            None | Some(Basis::Age(..) | Basis::Sex(_)) => {}
            Some(Basis::Measured(fact) | Basis::Shown { fact, .. }) => mark(rulebook, fact, out),
            Some(Basis::MassOverHeightSquared { mass, height, .. }) => {
                mark(rulebook, mass, out);
                mark(rulebook, height, out);
            }
        }
    });
    if rulebook.model.rungs.is_empty() {
        texts
    } else {
        // Of a ladder, which model it was.
        format!("{}:{texts}", model.header.id)
    }
}

/// A part of a linear predictor in its own unit, with six decimals: of 1e-12 nothing is lost that counts.
fn millionths(amount: Amount) -> String {
    format!(
        "{:.6}",
        amount as f64 / ScoreUnit::PartsPerMillion.amounts()
    )
}
