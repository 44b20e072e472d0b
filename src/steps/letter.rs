//! The letter about a decision, from what explaining it has found.

use super::{DataFolder, StepError, explain};
use crate::report::{self, Letter};
use crate::rulebook::{Language, Rulebook};

/// Writes the letter about the newest run's decision on a resident, named by the opaque id or by
/// `Patient.id` of a source; in their language of contact unless another is asked for, and in Finnish where
/// it has no texts. That `viewer` looks is on record before.
///
/// # Errors
///
/// As [`explain`]; when the newest run has decided otherwise than the facts of today would have it, so that
/// a letter would tell what was never decided; or when the rules have no letters.
pub fn letter(
    rulebook: &Rulebook,
    data: &mut DataFolder,
    viewer: &str,
    resident: &str,
    language: Option<Language>,
) -> Result<Letter, StepError> {
    let explained = explain(rulebook, data, viewer, resident, None)?;
    if explained.decided_by_run.is_none() {
        return Err(StepError::DecidedOtherwise);
    }
    let spoken = explained.language.as_deref().and_then(Language::of);
    let language = language.or(spoken).unwrap_or(Language::Finnish);
    let (profile, decision) = (&explained.profile, &explained.decision);
    Ok(report::letter(
        &explained.rulebook,
        language,
        profile,
        decision,
    )?)
}
