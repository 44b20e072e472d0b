//! How many questionnaires may leave a week, and who is asked first.

use super::reader::Table;

/// By what it is decided who is asked before whom. What comes first in a programme's list counts
/// first; of those who are alike in all of it, the lower opaque id goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AskFirst {
    /// Who could score highest: the upper end of the score range, from high to low.
    HighestPossibleScore,
    /// Who scores highest at least: the lower end of the score range, from high to low.
    HighestCertainScore,
    /// Of whom nothing is known, then of whom the newest fact is oldest.
    LongestUnseen,
    /// Whose questions were decided on earliest.
    LongestWaiting,
    /// Whom the fewest questions decide.
    FewestQuestions,
}

impl AskFirst {
    /// Every word with its name in the rules and in reports.
    pub const NAMES: [(&'static str, Self); 5] = [
        ("highest-possible-score", Self::HighestPossibleScore),
        ("highest-certain-score", Self::HighestCertainScore),
        ("longest-unseen", Self::LongestUnseen),
        ("longest-waiting", Self::LongestWaiting),
        ("fewest-questions", Self::FewestQuestions),
    ];

    /// The name in the rules and in reports.
    ///
    /// # Panics
    ///
    /// Never: every word is in [`AskFirst::NAMES`].
    #[must_use]
    pub fn name(self) -> &'static str {
        let found = Self::NAMES.iter().find(|(_, word)| *word == self);
        found.expect("every word has a name").0
    }

    /// Whether it compares scores, which those of several models do not allow.
    #[must_use]
    pub const fn compares_scores(self) -> bool {
        match self {
            Self::HighestPossibleScore | Self::HighestCertainScore => true,
            Self::LongestUnseen | Self::LongestWaiting | Self::FewestQuestions => false,
        }
    }
}

/// How questionnaires leave when not all may at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asking {
    /// Questionnaires that may begin to leave in an ISO week, Monday to Sunday in the programme's time
    /// zone; at least 1. Reminders are not among them.
    pub per_week: u32,
    /// Who is asked first.
    pub first: Vec<AskFirst>,
}

impl Asking {
    pub(super) fn read(root: &Table<'_>) -> Option<Self> {
        let table = root.table("questionnaires")?;
        let per_week = table.whole::<u32>("per_week");
        if per_week == Some(0) {
            let hint = "1 or more; `preventio effects stop` is what stops";
            table.report_at(
                "per_week",
                "asking-nobody",
                "nobody would ever be asked",
                Some(hint.to_owned()),
            );
        }
        let first = table.words("first", &AskFirst::NAMES);
        let known = || AskFirst::NAMES.map(|(name, _)| name).join(", ");
        if first.is_empty() {
            let message = "it is not said who is asked first";
            table.report_at("first", "asking-order", message, Some(known()));
        }
        if first
            .iter()
            .enumerate()
            .any(|(n, word)| first[..n].contains(word))
        {
            let message = "a word is there twice: the second never decides";
            table.report_at("first", "asking-order", message, Some(known()));
        }
        table.note_verification();
        table.finish();
        Some(Self {
            per_week: per_week.filter(|n| 0 < *n)?,
            first,
        })
    }
}
