//! What waits for a professional beside the reviews: a result to confirm, an exclusion to look at again.

use super::phrases::list_phrase;
use crate::pathway::Decision;
use crate::rulebook::Rulebook;

/// A sentence for each, one a line.
pub(super) fn sentences(rulebook: &Rulebook, decision: &Decision) -> String {
    let all = [confirming(rulebook, decision), due(rulebook, decision)];
    all.into_iter().flatten().collect()
}

/// What the confirmation table asks for, when a result waits for a professional.
fn confirming(rulebook: &Rulebook, decision: &Decision) -> Option<String> {
    let table = rulebook.thresholds.confirmation.as_ref()?;
    let confirming = decision.confirming.as_ref()?;
    let row = table.rows.get(confirming.row)?;
    let tests = confirming.tests.iter();
    let tests: Vec<&str> = tests
        .map(|id| rulebook.catalogue.definition(*id).name.as_str())
        .collect();
    Some(format!(
        "To confirm or rule out ({}): {}. [{}]\n",
        list_phrase(&tests),
        row.says,
        row.id
    ))
}

/// That the exclusion which decided should be looked at again.
fn due(rulebook: &Rulebook, decision: &Decision) -> Option<String> {
    let row = &rulebook.pathway.rows[decision.due_for_review?];
    let exclusion = row.exclusion.as_ref()?;
    Some(format!(
        "This exclusion is due for review: it rests on {}, decided by {}. [{}]\n",
        exclusion.evidence, exclusion.author, row.id
    ))
}
