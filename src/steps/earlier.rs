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
            if let Some(newest) = versions.last()
                && !versions.iter().all(is_silent)
            {
                self.submissions.push(Stored {
                    submission: newest.submission,
                    is_taken_back: is_silent(newest),
                    resident: position,
                });
            }
        }
    }

    fn sort(&mut self) {
        self.submissions.sort_unstable();
        self.submissions.dedup_by_key(|stored| stored.submission);
    }

    /// Whether nothing was ever stored.
    pub(super) fn is_empty(&self) -> bool {
        self.submissions.is_empty()
    }

    /// Whom a submission was about; nobody when nothing of it was ever stored.
    pub(super) fn subject(&self, submission: SubmissionId) -> Option<ResidentId> {
        let found = self
            .submissions
            .binary_search_by_key(&submission, |stored| stored.submission);
        let stored = &self.submissions[found.ok()?];
        self.residents.get(stored.resident as usize).copied()
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
        // The first resident has lost submission 1 to the second; 3 never said anything.
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
        let subject = |n| earlier.subject(SubmissionId::from_bytes([n; 16]));
        assert_eq!(subject(1), Some(someone(2)));
        assert_eq!(subject(2), Some(someone(1)));
        assert_eq!(subject(3), None);
        assert_eq!(subject(4), Some(someone(3)));
        assert_eq!(subject(5), None);
    }
}
