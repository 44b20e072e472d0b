//! What a row of the pathway asks about: the register, the round, facts, results, the score.

use super::Score;
use super::catalogue::Specimen;
use super::definitions::DefinitionSignal;
use super::thresholds::Category;
use crate::profile::{FactId, Standing};

/// What the register says that matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegisterFinding {
    /// Born after the index date.
    NotYetBorn,
    /// Dead on the index date.
    Deceased,
    /// Left the area on or before the index date.
    MovedAway,
    /// Another entry of a person who is decided about under the leading one.
    SecondEntry,
    /// Never lived in the area.
    Elsewhere,
    /// No usable birth date.
    BirthDateUnknown,
    /// No sex that a score could use.
    SexUnknown,
    /// A sex that a score could use.
    SexKnown,
    /// Male.
    Male,
    /// Data of this resident may be missing from the last pull.
    Incomplete,
}

/// Where a score range lies relative to the action level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScorePosition {
    /// The lowest possible score reaches the level.
    AtOrAbove,
    /// The highest possible score stays below it.
    Below,
    /// The level lies inside the range.
    Spans,
}

impl ScorePosition {
    /// All of them, from above down.
    pub const ALL: [Self; 3] = [Self::AtOrAbove, Self::Spans, Self::Below];

    /// Its place among [`Self::ALL`].
    #[must_use]
    pub const fn place(self) -> usize {
        match self {
            Self::AtOrAbove => 0,
            Self::Spans => 1,
            Self::Below => 2,
        }
    }

    /// Where a score between two numbers, both included, lies.
    #[must_use]
    pub const fn of((low, high): (Score, Score), level: Score) -> Self {
        if level <= low {
            Self::AtOrAbove
        } else if high < level {
            Self::Below
        } else {
            Self::Spans
        }
    }

    /// The words in rule files.
    pub const NAMES: [(&'static str, Self); 3] = [
        ("at-or-above", Self::AtOrAbove),
        ("below", Self::Below),
        ("spans", Self::Spans),
    ];
}

/// Where a resident's newest round stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StageKind {
    /// Begun, nothing asked yet.
    Eligible,
    /// Asked questions.
    Asked,
    /// The answer is late, and no reminder was sent.
    AnswerOverdue,
    /// The answer is late, after a reminder.
    NotAnswered,
    /// Tests are ordered.
    Ordered,
    /// The sample is late, and no reminder was sent.
    SampleOverdue,
    /// The sample is late, after a reminder.
    DidNotAttend,
    /// Every ordered test has its result.
    Resulted,
    /// A result waits for a professional.
    Confirming,
    /// The lifestyle service is offered.
    OfferedPrevention,
    /// A person acts, since the program could not.
    WithANurse,
    /// Ended.
    Closed,
}

impl StageKind {
    /// The names in rule files and in the ledger.
    pub const NAMES: [(&'static str, Self); 12] = [
        ("eligible", Self::Eligible),
        ("asked", Self::Asked),
        ("answer-overdue", Self::AnswerOverdue),
        ("not-answered", Self::NotAnswered),
        ("ordered", Self::Ordered),
        ("sample-overdue", Self::SampleOverdue),
        ("did-not-attend", Self::DidNotAttend),
        ("resulted", Self::Resulted),
        ("confirming", Self::Confirming),
        ("offered-prevention", Self::OfferedPrevention),
        ("with-a-nurse", Self::WithANurse),
        ("closed", Self::Closed),
    ];
}

/// When a row holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// The register says so.
    Register(RegisterFinding),
    /// The newest round stands at one of these.
    Episode {
        /// Where; `None` for a resident who never had a round.
        stages: Vec<Option<StageKind>>,
        /// For how long at most, counted from the round's deadline or from when it came there.
        within_months: Option<u32>,
        /// For longer than this, counted alike.
        beyond_months: Option<u32>,
    },
    /// Whether the resident was drawn as a sampled negative.
    Lot {
        /// Drawn, or not.
        drawn: bool,
    },
    /// Certainly outside the programme's ages.
    OutsideAge,
    /// A fact is there.
    Fact {
        /// Which.
        fact: FactId,
        /// Who must stand behind it; `None` for anybody.
        standing: Option<Standing>,
        /// Whether it must still hold on the index date.
        current: bool,
        /// How old it may be.
        within_months: Option<u32>,
    },
    /// What a named definition names is shown.
    Defined {
        /// The definition.
        definition: String,
        /// Its signals that count here.
        signals: Vec<DefinitionSignal>,
    },
    /// The newest result of a test lies below a category.
    NewestBelow {
        /// The test.
        of: FactId,
        /// The category.
        below: Category,
        /// How old the result may be.
        within_months: Option<u32>,
    },
    /// A laboratory test has this result (or a worse one, for the range of the disease and critical).
    Test {
        /// The result.
        category: Category,
        /// From which kind of sample; `None` for any.
        specimen: Option<Specimen>,
        /// How old it may be.
        within_months: Option<u32>,
    },
    /// The score lies so.
    Score(ScorePosition),
    /// All of these hold.
    All(Vec<Condition>),
    /// One of these holds, or more.
    Any(Vec<Condition>),
    /// This does not hold.
    Not(Box<Condition>),
}

impl Condition {
    /// The conditions that it is put together from; none of one that asks something itself.
    #[must_use]
    pub const fn parts(&self) -> &[Self] {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.as_slice(),
            Self::Not(part) => std::slice::from_ref(&**part),
            Self::Register(_)
            | Self::Episode { .. }
            | Self::Lot { .. }
            | Self::OutsideAge
            | Self::Fact { .. }
            | Self::Defined { .. }
            | Self::NewestBelow { .. }
            | Self::Test { .. }
            | Self::Score(_) => &[],
        }
    }
}
