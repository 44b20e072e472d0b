//! Returning: who was erased since their period was over, and lives here again.

use super::harvest::{Harvest, Reader};
use crate::profile::{Death, Register, Residence, ResidentId, Version};

/// Where an entry of the register says that somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whereabouts {
    /// Alive and in the area, as far as it is said.
    Here,
    /// Dead, or in no place of the area.
    Gone,
}

impl Whereabouts {
    pub(super) const fn of(register: &Register) -> Self {
        match (register.death, register.residence) {
            (Death::Alive, Residence::InArea | Residence::Unknown) => Self::Here,
            (Death::On(_) | Death::Undated, _)
            | (Death::Alive, Residence::MovedAway(_) | Residence::Elsewhere) => Self::Gone,
        }
    }
}

impl Harvest {
    /// Notes where an entry says that somebody is, unless a newer version of it has said so.
    pub(super) fn note_away(&mut self, resident: ResidentId, version: Version, is: Whereabouts) {
        let known = self.away.get(&resident);
        if known.is_none_or(|(newest, _)| *newest <= version) {
            self.away.insert(resident, (version, is));
        }
    }
}

impl Reader<'_> {
    /// Whoever is here again is erased no longer: what the pull tells of them is stored. Says who they are.
    pub(super) fn lets_return(&mut self, harvest: &Harvest) -> Vec<ResidentId> {
        let here = harvest.away.iter();
        let here = here.filter(|(_, (_, is))| *is == Whereabouts::Here);
        let returned: Vec<ResidentId> = here.map(|(resident, _)| *resident).collect();
        for resident in &returned {
            self.erased.remove(resident);
        }
        returned
    }
}
