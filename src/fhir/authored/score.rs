//! The score written back, for the record's own rules to act on.

use preventiojyraa_authoring::{
    BusinessIdentifier, Coded, ScoreIn, ScoreObservationContent, score_observation as author,
};
use preventiojyraa_core::orders::Order;
use preventiojyraa_core::rulebook::ScoreUnit;

use super::{MODELS, NotWritten, Writing, codes};

/// The score that an order of a test rests on, as an `Observation` which names the test.
///
/// The identifier is the order's key, so the same order is the same resource. What the score was
/// computed from is named by its items and not by references: the lake keeps facts, not the ids of
/// the resources that brought them.
pub(super) fn score_observation(
    writing: &Writing<'_>,
    order: &Order,
    test: &str,
    patient_id: &str,
) -> Result<Vec<u8>, NotWritten> {
    let score = writing.score.ok_or(NotWritten::NoScore)?;
    let model = writing.rulebook.model.rung(score.rung);
    let names = model
        .items
        .iter()
        .filter(|item| score.open.contains(&item.id));
    let names: Vec<&str> = names.map(|item| item.name.as_str()).collect();
    let open = if names.is_empty() {
        String::new()
    } else {
        format!("Not known: {}.", names.join("; "))
    };
    let bytes = author(&ScoreObservationContent {
        identifier: BusinessIdentifier {
            system: super::super::channel::ORDERS,
            value: &order.key().to_string(),
        },
        resident: &format!("Patient/{patient_id}"),
        score: Coded {
            system: MODELS,
            code: &format!("{}-{}", model.header.id, model.header.version),
            display: &model.header.summary,
        },
        decided_on: &order.decided_on.to_string(),
        low: score.low,
        high: score.high,
        score_in: match model.unit {
            ScoreUnit::Points => ScoreIn::Points,
            ScoreUnit::PartsPerMillion => ScoreIn::PartsPerMillion,
        },
        tests: &codes(writing.rulebook, writing.laboratory, test)?,
        open: &open,
    })?;
    Ok(bytes)
}
