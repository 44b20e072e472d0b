//! What earlier pulls have stored: when a submission comes again and yields nothing, or is about
//! somebody else, its old facts must go.

use super::{DataFolder, StepError};
use crate::profile::{Fact, FactValue, ResidentId, SubmissionId};
use crate::rulebook::Rulebook;

/// Submissions of earlier pulls and whom they were about. A city has millions: this is a sorted list
/// of as few bytes as it takes.
pub(super) struct Earlier {
    /// Sorted by submission; of several residents, one of whom it was not taken back comes first.
    submissions: Vec<Stored>,
    residents: Vec<ResidentId>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Stored {
    submission: SubmissionId,
    is_taken_back: bool,
    /// Position in the list of residents.
    resident: u32,
    /// Whether the source dates it.
    is_dated: bool,
    /// Whether it was about others as well.
    is_shared: bool,
}

/// What is known of a submission that was stored.
#[derive(Clone, Copy)]
pub(super) struct Known {
    /// Whom it was about last.
    pub(super) resident: ResidentId,
    /// Whether the source dates it.
    pub(super) is_dated: bool,
    /// Whether it was about others as well, who have lost it.
    pub(super) is_shared: bool,
}

impl Earlier {
    /// Reads every stored fact once.
    pub(super) fn of(rulebook: &Rulebook, data: &DataFolder) -> Result<Self, StepError> {
        let mut earlier = Self {
            submissions: Vec::new(),
            residents: Vec::new(),
        };
        let mut stored = data.store.facts(&rulebook.catalogue, None)?;
        let mut facts = Vec::new();
        while let Some(resident) = stored.next_resident()? {
            facts.clear();
            stored.take_until(resident, &mut facts)?;
            earlier.add(resident, &mut facts);
        }
        earlier.sort();
        Ok(earlier)
    }

    fn add(&mut self, resident: ResidentId, facts: &mut [Fact]) {
        let position = u32::try_from(self.residents.len()).expect("there are not so many people");
        self.residents.push(resident);
        facts.sort_unstable_by_key(|fact| (fact.submission, fact.version));
        for versions in facts.chunk_by(|a, b| a.submission == b.submission) {
            let is_silent = |fact: &Fact| fact.value == FactValue::Withdrawn;
            if let Some(newest) = versions.last() {
                self.submissions.push(Stored {
                    submission: newest.submission,
                    is_taken_back: is_silent(newest),
                    resident: position,
                    is_dated: newest.version.updated != i64::MIN,
                    is_shared: false,
                });
            }
        }
    }

    fn sort(&mut self) {
        self.submissions.sort_unstable();
        self.submissions.dedup_by(|other, first| {
            let is_same = other.submission == first.submission;
            first.is_shared |= is_same;
            is_same
        });
    }

    /// Whether nothing was ever stored.
    pub(super) fn is_empty(&self) -> bool {
        self.submissions.is_empty()
    }

    /// What is known of a submission; nothing when nothing of it was ever stored.
    pub(super) fn known(&self, submission: SubmissionId) -> Option<Known> {
        let found = self
            .submissions
            .binary_search_by_key(&submission, |stored| stored.submission);
        let stored = &self.submissions[found.ok()?];
        Some(Known {
            resident: *self.residents.get(stored.resident as usize)?,
            is_dated: stored.is_dated,
            is_shared: stored.is_shared,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::harvest::withdrawal;
    use super::*;
    use crate::profile::Version;

    fn fact(submission: u8, pull: u32, value: FactValue) -> Fact {
        let version = Version {
            updated: i64::MIN,
            pull,
            digest: 0,
        };
        Fact {
            value,
            ..withdrawal(SubmissionId::from_bytes([submission; 16]), version)
        }
    }

    #[test]
    fn a_submission_is_known_by_whom_it_was_about_last() {
        let (present, withdrawn) = (FactValue::Present, FactValue::Withdrawn);
        let someone = |n| ResidentId::from_bytes([n; 16]);
        let mut earlier = Earlier {
            submissions: Vec::new(),
            residents: Vec::new(),
        };
        // The first resident has lost submission 1 to the second; 3 was only ever taken back.
        earlier.add(
            someone(1),
            &mut [
                fact(2, 1, present),
                fact(1, 2, withdrawn),
                fact(1, 1, present),
            ],
        );
        earlier.add(
            someone(2),
            &mut [fact(1, 2, present), fact(3, 1, withdrawn)],
        );
        // Taken back and never given to anybody else: it is still known.
        earlier.add(
            someone(3),
            &mut [fact(4, 1, present), fact(4, 2, withdrawn)],
        );
        earlier.sort();
        let known = |n| earlier.known(SubmissionId::from_bytes([n; 16]));
        let subject = |n| known(n).map(|known| known.resident);
        assert_eq!(subject(1), Some(someone(2)));
        assert_eq!(subject(2), Some(someone(1)));
        assert_eq!(subject(3), Some(someone(2)));
        assert_eq!(subject(4), Some(someone(3)));
        assert_eq!(subject(5), None);
        assert!(known(1).is_some_and(|known| known.is_shared));
        assert!(known(2).is_some_and(|known| !known.is_shared && !known.is_dated));
    }
}
