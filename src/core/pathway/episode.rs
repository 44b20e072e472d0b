//! One pass of a resident through the pathway, as the fold of what happened.

use super::event::Event;
use super::stage::{Misfit, Stage};

/// A resident's newest round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Episode {
    /// Which round, from 1.
    pub round: u16,
    /// Where it stands.
    pub stage: Stage,
}

impl Episode {
    /// Begins a round.
    #[must_use]
    pub const fn begin(round: u16) -> Self {
        Self {
            round,
            stage: Stage::Eligible,
        }
    }

    /// Whether it was begun with the resident and is not over: somebody was asked, tested or told.
    #[must_use]
    pub const fn is_under_way(&self) -> bool {
        match &self.stage {
            Stage::Asked { .. }
            | Stage::Ordered { .. }
            | Stage::Confirming { .. }
            | Stage::OfferedPrevention { .. }
            | Stage::WithANurse { .. } => true,
            Stage::Eligible | Stage::Queued { .. } | Stage::Closed { .. } => false,
        }
    }

    /// Takes an event in; one that does not fit leaves the episode as it is.
    ///
    /// # Errors
    ///
    /// [`Misfit`].
    pub fn apply(&mut self, event: &Event) -> Result<(), Misfit> {
        self.stage = self.stage.apply(event)?;
        Ok(())
    }
}
