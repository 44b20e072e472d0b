//! A decision in canonical form: codes and dates, no prose, the same bytes for the same decision.

use std::sync::Arc;

use crate::lake::DecisionRow;
use crate::pathway::{Decision, ReasonVerdict};
use crate::profile::{Fact, ResidentId};
use crate::risk::{self, Basis};
use crate::rulebook::{NextStep, Rulebook};

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
    let asks: Vec<&str> = decision
        .asks
        .iter()
        .map(|n| rulebook.model.items[*n].id.as_str())
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

fn items_text(rulebook: &Rulebook, assessment: &risk::Assessment) -> String {
    let items = rulebook.model.items.iter().zip(assessment.items());
    let texts = items.map(|(item, result)| {
        let points: Vec<String> = result
            .points
            .values()
            .map(|points| points.to_string())
            .collect();
        let basis = match &result.basis {
            None | Some(Basis::Age(..)) => String::new(),
            Some(Basis::Measured(fact) | Basis::Shown { fact, .. }) => fact_mark(rulebook, fact),
            Some(Basis::MassOverHeightSquared { mass, height, .. }) => {
                fact_mark(rulebook, mass) + &fact_mark(rulebook, height)
            }
        };
        format!("{}={}{basis}", item.id, points.join("/"))
    });
    texts.collect::<Vec<_>>().join(";")
}
