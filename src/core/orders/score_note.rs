//! The score that an order rests on, as the outbox keeps it until the order leaves.

use std::fmt;

use crate::risk::Assessment;
use crate::rulebook::Rulebook;

/// A score as it was when the resident was last decided about.
#[derive(Clone, PartialEq, Eq)]
pub struct ScoreNote {
    /// Which model of the programme's ladder scored.
    pub rung: usize,
    /// The lowest score that what is known allows.
    pub low: i32,
    /// The highest; equal to the lowest when nothing is missing.
    pub high: i32,
    /// The items that are not known, by id.
    pub open: Vec<String>,
}

/// A score is about a person: it does not show itself.
impl fmt::Debug for ScoreNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScoreNote").finish_non_exhaustive()
    }
}

impl ScoreNote {
    /// What an assessment says.
    #[must_use]
    pub fn of(rulebook: &Rulebook, assessment: &Assessment) -> Self {
        let items = &rulebook.model.rung(assessment.rung()).items;
        let open = assessment.open_items(&rulebook.model).into_iter();
        Self {
            rung: assessment.rung(),
            low: assessment.low(),
            high: assessment.high(),
            open: open.map(|item| items[item].id.clone()).collect(),
        }
    }

    /// One line for the ledger.
    #[must_use]
    pub fn text(&self) -> String {
        let Self {
            rung,
            low,
            high,
            open,
        } = self;
        format!("{rung} {low} {high} {}", open.join(","))
    }

    /// Reads what [`ScoreNote::text`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let mut word = || words.next();
        let (rung, low, high) = (word()?, word()?, word()?);
        let open = word()?.split(',').filter(|id| !id.is_empty());
        Some(Self {
            rung: rung.parse().ok()?,
            low: low.parse().ok()?,
            high: high.parse().ok()?,
            open: open.map(str::to_owned).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_read_back_as_it_was_written() {
        for open in [vec![], vec!["waist".to_owned(), "activity".to_owned()]] {
            let note = ScoreNote {
                rung: 1,
                low: -2,
                high: 21,
                open,
            };
            assert!(ScoreNote::parse(&note.text()) == Some(note.clone()));
        }
        assert!(ScoreNote::parse("1 2").is_none());
    }
}
