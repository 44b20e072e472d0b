//! The rules as they are in force: those of the files, with what people have put in force since.

use super::{DataFolder, StepError};
use crate::learning::{ModelChange, ModelLot, Standing};
use crate::ledger::{ModelChangeRecord, RecalibrationRecord, RunRecord};
use crate::pathway::Inclusion;
use crate::profile::ResidentId;
use crate::rulebook::{Calibration, Rulebook};

/// The rule book that decides, and which recalibrations are part of it.
#[derive(Debug, Clone)]
pub struct InForce {
    /// The rules.
    pub rulebook: Rulebook,
    /// The recalibration; nothing for the calibration of the rule file.
    pub recalibration: Option<u32>,
    /// The rules for a share of residents, where some are decided about by another recalibration first.
    pub shared: Option<Shared>,
}

/// The rules for a share of residents.
#[derive(Clone)]
pub struct Shared {
    /// The rules.
    pub rulebook: Rulebook,
    /// Who belongs to the share.
    pub lot: ModelLot,
}

/// The key of a lot does not show itself.
impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("recalibration", &self.lot.recalibration)
            .field("share", &self.lot.share)
            .finish_non_exhaustive()
    }
}

impl InForce {
    /// The rules that decide about a resident.
    #[must_use]
    pub fn rules_for(&self, resident: ResidentId) -> &Rulebook {
        match &self.shared {
            Some(shared) if shared.lot.holds(resident) => &shared.rulebook,
            Some(_) | None => &self.rulebook,
        }
    }

    /// The recalibration that decides about a share of residents, and the share.
    #[must_use]
    pub fn share(&self) -> Option<(u32, Inclusion)> {
        let lot = self.shared.as_ref().map(|shared| &shared.lot);
        lot.map(|lot| (lot.recalibration, lot.share))
    }
}

/// Every recalibration with all that people did, in the order in which it happened.
pub(super) struct Registry {
    pub(super) all: Vec<RecalibrationRecord>,
    pub(super) changes: Vec<ModelChangeRecord>,
}

impl Registry {
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub(super) fn of(data: &DataFolder) -> Result<Self, StepError> {
        Ok(Self {
            all: data.ledger.recalibrations()?,
            changes: data.ledger.model_changes()?,
        })
    }

    pub(super) fn standing(&self) -> Standing {
        Standing::after(self.changes.iter().map(|known| known.change))
    }

    pub(super) fn called(&self, id: u32) -> Option<&RecalibrationRecord> {
        self.all.iter().find(|known| known.id == id)
    }

    /// Whether a recalibration was taken back: it is not put in force again.
    pub(super) fn is_rolled_back(&self, id: u32) -> bool {
        let mut of_it = self
            .changes
            .iter()
            .filter(|known| known.recalibration == id);
        of_it.any(|known| known.change == ModelChange::RolledBack)
    }

    /// The calibration of the rules with a recalibration and all that it was made from, whoever has put
    /// them in force; nothing when they do not fit.
    pub(super) fn calibrated(
        &self,
        rulebook: &Rulebook,
        id: u32,
        model: &str,
    ) -> Option<Calibration> {
        let mut chain = Vec::new();
        let mut next = Some(id);
        while let Some(id) = next {
            let found = self.called(id)?;
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
        Some(calibration)
    }

    /// The rules with a recalibration that a person has put in force; nothing when they do not fit, or
    /// nobody has.
    fn with(&self, rulebook: &Rulebook, id: u32, model: &str) -> Option<Rulebook> {
        let mut calibration = self.calibrated(rulebook, id, model)?;
        let mut of_it = self
            .changes
            .iter()
            .filter(|known| known.recalibration == id);
        let first = of_it.find(|known| known.change != ModelChange::RolledBack)?;
        let did = match first.change {
            ModelChange::Accepted(_) => "accepted",
            ModelChange::Promoted(..) | ModelChange::RolledBack => "promoted",
        };
        let day = first.at.get(..10).unwrap_or(&first.at);
        let by = &first.by;
        calibration.recalibrated = Some(format!("recalibration {id} {did} by {by} on {day}"));
        Some(Rulebook {
            calibration,
            ..rulebook.clone()
        })
    }

    /// The rules with what was in force for all and for a share.
    fn in_force(
        &self,
        data: &DataFolder,
        rulebook: &Rulebook,
        (for_all, shared): (Option<u32>, Option<(u32, Inclusion)>),
        model: &str,
    ) -> Result<InForce, StepError> {
        let of_all = for_all.and_then(|id| Some((id, self.with(rulebook, id, model)?)));
        let of_share = shared.and_then(|(id, share)| {
            let rules = self.with(rulebook, id, model)?;
            Some((id, share, rules))
        });
        let shared = match of_share {
            None => None,
            Some((id, share, rulebook)) => data.ledger.model_lot(id)?.map(|key| Shared {
                rulebook,
                lot: ModelLot {
                    recalibration: id,
                    share,
                    key,
                },
            }),
        };
        let (recalibration, own) = of_all.unzip();
        Ok(InForce {
            rulebook: own.unwrap_or_else(|| rulebook.clone()),
            recalibration,
            shared,
        })
    }
}

/// The rules that decide today: the newest recalibration in force over the rule file's calibration.
///
/// A recalibration belongs to the calibration it was made from, by name, version and estimand, and
/// to the model's version. When the rule file says something newer, that is in force.
///
/// # Errors
///
/// When the ledger cannot be read.
pub fn in_force(rulebook: &Rulebook, data: &DataFolder) -> Result<InForce, StepError> {
    let registry = Registry::of(data)?;
    let (standing, model) = (registry.standing(), model(rulebook));
    let mut newest_first = standing.for_all.iter().rev().copied();
    let for_all = newest_first.find(|id| registry.calibrated(rulebook, *id, &model).is_some());
    registry.in_force(data, rulebook, (for_all, standing.for_a_share), &model)
}

/// The rules as a run had them.
///
/// # Errors
///
/// When the ledger cannot be read.
pub(super) fn as_pinned(
    rulebook: &Rulebook,
    data: &DataFolder,
    run: &RunRecord,
) -> Result<InForce, StepError> {
    pinned_with(rulebook, data, run, &model(rulebook))
}

/// The rules as a run would have had them with a corrected file: with the run's own recalibrations,
/// although they were made with `model`, the score of the run. So two decisions of a run differ by the
/// file alone. A corrected calibration has none: what was put in force belongs to the faulty one.
///
/// # Errors
///
/// When the ledger cannot be read.
pub(super) fn pinned_with(
    rulebook: &Rulebook,
    data: &DataFolder,
    run: &RunRecord,
    model: &str,
) -> Result<InForce, StepError> {
    let pinned = (run.recalibration, run.shared);
    Registry::of(data)?.in_force(data, rulebook, pinned, model)
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
