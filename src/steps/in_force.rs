//! The rules as they are in force: those of the files, with what people have accepted since.

use super::{DataFolder, StepError};
use crate::ledger::RecalibrationRecord;
use crate::rulebook::Rulebook;

/// The rule book that decides, and which accepted recalibration is part of it.
#[derive(Debug, Clone)]
pub struct InForce {
    /// The rules.
    pub rulebook: Rulebook,
    /// The recalibration; nothing for the calibration of the rule file.
    pub recalibration: Option<u32>,
}

/// The rules that decide today: the newest accepted recalibration over the rule file's calibration.
///
/// A recalibration belongs to the calibration it was made from, by name, version and estimand, and
/// to the model's version. When the rule file says something newer, that is in force.
///
/// # Errors
///
/// When the ledger cannot be read.
pub fn in_force(rulebook: &Rulebook, data: &DataFolder) -> Result<InForce, StepError> {
    let all = data.ledger.recalibrations()?;
    let accepted = all.iter().rev().filter(|known| known.accepted.is_some());
    let fitting = accepted.map(|known| with(rulebook, &all, known.id, &model(rulebook)));
    Ok(fitting.flatten().next().unwrap_or_else(|| InForce {
        rulebook: rulebook.clone(),
        recalibration: None,
    }))
}

/// The rules as a run had them.
///
/// # Errors
///
/// When the ledger cannot be read.
pub(super) fn as_pinned(
    rulebook: &Rulebook,
    data: &DataFolder,
    pinned: Option<u32>,
) -> Result<InForce, StepError> {
    pinned_with(rulebook, data, pinned, &model(rulebook))
}

/// The rules as a run would have had them with a corrected file: with the run's own recalibration,
/// although it was made with `model`, the score of the run. So two decisions of a run differ by the
/// file alone. A corrected calibration has none: what was accepted belongs to the faulty one.
///
/// # Errors
///
/// When the ledger cannot be read.
pub(super) fn pinned_with(
    rulebook: &Rulebook,
    data: &DataFolder,
    pinned: Option<u32>,
    model: &str,
) -> Result<InForce, StepError> {
    let all = data.ledger.recalibrations()?;
    let found = pinned.and_then(|id| with(rulebook, &all, id, model));
    Ok(found.unwrap_or_else(|| InForce {
        rulebook: rulebook.clone(),
        recalibration: None,
    }))
}

/// What a recalibration is called by those who made it and those it applies to.
pub(super) fn base(rulebook: &Rulebook) -> String {
    let header = &rulebook.calibration.header;
    format!("{} {}", header.id, header.version)
}

pub(super) fn model(rulebook: &Rulebook) -> String {
    let header = &rulebook.model.header;
    format!("{} {}", header.id, header.version)
}

/// The rules with a recalibration and all it was made from; nothing when they do not fit.
fn with(rulebook: &Rulebook, all: &[RecalibrationRecord], id: u32, model: &str) -> Option<InForce> {
    let mut chain = Vec::new();
    let mut next = Some(id);
    while let Some(id) = next {
        let found = all.iter().find(|known| known.id == id)?;
        let fits = found.base == base(rulebook)
            && found.model == model
            && found.estimand == rulebook.calibration.estimand.to_string();
        // A chain is made of earlier proposals only, so it ends.
        if !fits || found.made_from.is_some_and(|earlier| id <= earlier) {
            return None;
        }
        chain.push(found);
        next = found.made_from;
    }
    let mut calibration = rulebook.calibration.clone();
    for link in chain.iter().rev() {
        calibration = calibration.shifted(link.intercept, link.slope);
    }
    let newest = chain.first()?;
    let (by, at) = newest.accepted.as_ref()?;
    let day = at.get(..10).unwrap_or(at);
    calibration.recalibrated = Some(format!("recalibration {id} accepted by {by} on {day}"));
    Some(InForce {
        rulebook: Rulebook {
            calibration,
            ..rulebook.clone()
        },
        recalibration: Some(id),
    })
}
