//! A decision in canonical form: codes and dates, no prose, the same bytes for the same decision.

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
    let asks: Vec<&str> = decision
        .asks
        .iter()
        .map(|n| model.items[*n].id.as_str())
        .collect();
    let reviews: Vec<String> = decision
        .reviews
        .iter()
        .map(|(row, review)| {
            format!(
                "{}:{}:{}",
                texts.rows[*row],
                review.priority.name(),
                review.within_days
            )
        })
        .collect();
    let reasons: Vec<String> = decision
        .reasons
        .iter()
        .map(|reason| {
            let fact = reason
                .fact
                .as_ref()
                .map_or(String::new(), |fact| fact_mark(rulebook, fact));
            let row = &texts.rows[reason.row];
            match reason.verdict {
                ReasonVerdict::Held => format!("held:{row}{fact}"),
                ReasonVerdict::Nearly(near) => format!("nearly-{}:{row}{fact}", near.name()),
            }
        })
        .collect();
    DecisionRow {
        resident,
        state: decision.state.name(),
        row: Arc::clone(&texts.rows[decision.row]),
        next: next_text(rulebook, &decision.next).into(),
        score: assessment.map(|a| (a.low(), a.high())),
        probability: assessment.map(|a| risk::probability(&rulebook.calibration, a)),
        items: assessment.map_or(String::new(), |a| items_text(rulebook, a)),
        asks: asks.join(","),
        reviews: reviews.join(";"),
        reasons: reasons.join(";"),
    }
}

fn fact_mark(rulebook: &Rulebook, fact: &Fact) -> String {
    format!(
        "@{}:{}",
        rulebook.catalogue.definition(fact.id).id,
        fact.effective
    )
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
    let texts = items.map(|(item, result)| {
        let amounts = result.adds.values().map(|amount| match model.unit {
            ScoreUnit::Points => amount.to_string(),
            ScoreUnit::PartsPerMillion => millionths(amount),
        });
        let points: Vec<String> = amounts.collect();
        let between = if result.adds.is_stretch() { ".." } else { "/" };
        let basis = match &result.basis {
            None | Some(Basis::Age(..) | Basis::Sex(_)) => String::new(),
            Some(Basis::Measured(fact) | Basis::Shown { fact, .. }) => fact_mark(rulebook, fact),
            Some(Basis::MassOverHeightSquared { mass, height, .. }) => {
                fact_mark(rulebook, mass) + &fact_mark(rulebook, height)
            }
        };
        format!("{}={}{basis}", item.id, points.join(between))
    });
    let texts = texts.collect::<Vec<_>>().join(";");
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
