//! Which recalibration is in force: the fold of all that people have done.

use crate::pathway::{Inclusion, is_drawn};
use crate::profile::ResidentId;

/// What a person did to the calibration in force. Recalibrations go by their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelChange {
    /// Put one in force for all, by one name: in a trial only.
    Accepted(u32),
    /// Put one in force for a share of residents, or for all.
    Promoted(u32, Inclusion),
    /// Took back the newest that is in force, for a share or for all.
    RolledBack,
}

/// Which recalibrations are in force.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Those that were put in force for all and not taken back, oldest first: the last decides.
    pub for_all: Vec<u32>,
    /// The one that decides about a share of residents, and the share.
    pub for_a_share: Option<(u32, Inclusion)>,
}

impl Standing {
    /// What follows from all changes, oldest first.
    ///
    /// What was rolled back is as if it had never been: the one before it is in force again.
    #[must_use]
    pub fn after(changes: impl IntoIterator<Item = ModelChange>) -> Self {
        let mut standing = Self::default();
        for change in changes {
            match change {
                ModelChange::Accepted(id) => standing.decides_about_all(id),
                ModelChange::Promoted(id, share) if share == Inclusion::EVERYBODY => {
                    standing.decides_about_all(id);
                }
                ModelChange::Promoted(id, share) => standing.for_a_share = Some((id, share)),
                ModelChange::RolledBack => {
                    if standing.for_a_share.take().is_none() {
                        standing.for_all.pop();
                    }
                }
            }
        }
        standing
    }

    fn decides_about_all(&mut self, id: u32) {
        self.for_a_share = None;
        self.for_all.push(id);
    }

    /// The number that rolling back would take back; nothing where there is none.
    #[must_use]
    pub fn newest(&self) -> Option<u32> {
        let share = self.for_a_share.map(|(id, _)| id);
        share.or(self.for_all.last().copied())
    }
}

/// The lot by which a recalibration decides about a share of residents first.
#[derive(Clone, PartialEq, Eq)]
pub struct ModelLot {
    /// Which recalibration: each has a lot of its own, so that nobody is always first.
    pub recalibration: u32,
    /// The share.
    pub share: Inclusion,
    /// The key of the lot, drawn once for the recalibration.
    pub key: [u8; 32],
}

impl ModelLot {
    /// Whether a resident is decided about by it: for good, and by a larger share all the same.
    ///
    /// # Formula
    ///
    /// As for the lot of residents below the level, over key, `preventio-model`, the recalibration's
    /// number and the resident.
    #[must_use]
    pub fn holds(&self, resident: ResidentId) -> bool {
        let text = format!(
            "\u{1f}preventio-model\u{1f}{}\u{1f}{resident}",
            self.recalibration
        );
        is_drawn(&self.key, &text, self.share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(billionths: u32) -> Inclusion {
        Inclusion::from_billionths(billionths).expect("a share")
    }

    fn resident(n: u32) -> ResidentId {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&n.to_be_bytes());
        ResidentId::from_bytes(bytes)
    }

    #[test]
    fn rolling_back_is_as_if_it_had_never_been() {
        use ModelChange::{Accepted, Promoted, RolledBack};
        let tenth = share(100_000_000);
        let all = Inclusion::EVERYBODY;
        let before = Standing::after([Accepted(1)]);
        for (changes, expected) in [
            (vec![Accepted(1), Promoted(2, tenth), RolledBack], &before),
            (
                vec![
                    Accepted(1),
                    Promoted(2, tenth),
                    Promoted(2, all),
                    RolledBack,
                ],
                &before,
            ),
            (
                vec![Promoted(2, tenth), Promoted(2, all), RolledBack],
                &Standing::default(),
            ),
            // Nothing is in force, so nothing is taken back.
            (vec![RolledBack, RolledBack], &Standing::default()),
        ] {
            assert_eq!(&Standing::after(changes.clone()), expected, "{changes:?}");
        }
        let shared = Standing::after([Accepted(1), Promoted(2, tenth)]);
        assert_eq!((&shared.for_all, shared.newest()), (&vec![1], Some(2)));
        let replaced = Standing::after([Accepted(1), Promoted(2, tenth), Promoted(2, all)]);
        assert_eq!(
            (&replaced.for_all, replaced.for_a_share),
            (&vec![1, 2], None)
        );
    }

    #[test]
    fn a_resident_is_in_the_share_for_good_and_each_recalibration_has_a_lot_of_its_own() {
        let lot = |recalibration, billionths| ModelLot {
            recalibration,
            share: share(billionths),
            key: [7; 32],
        };
        let within = |lot: &ModelLot| -> Vec<u32> {
            (0..20_000).filter(|n| lot.holds(resident(*n))).collect()
        };
        let tenth = within(&lot(1, 100_000_000));
        // Binomial with n = 20,000 and p = 0.1: 2,000 with a standard deviation of 42.4; five of them.
        assert!((1_788..=2_212).contains(&tenth.len()), "{}", tenth.len());
        let half = within(&lot(1, 500_000_000));
        assert!(tenth.iter().all(|n| half.binary_search(n).is_ok()));
        assert_ne!(tenth, within(&lot(2, 100_000_000)));
        assert_eq!(within(&lot(1, 1_000_000_000)).len(), 20_000);
    }
}
