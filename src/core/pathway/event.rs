//! What happens in an episode.

use jiff::civil::Date;

use super::{Inclusion, Offer};
use crate::rulebook::State;

/// Why an order did not reach the one who was to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NotDelivered {
    /// The other side said no.
    TurnedDown,
    /// It left, came back, and reached nobody. No word of the resident: never a refusal.
    Returned,
    /// It may have arrived or not, and cannot be found out by the program.
    Unknown,
    /// It could not leave in time.
    TooLate,
    /// The resident must not be asked by the program; a person decides.
    Withheld,
    /// It is not wanted any more.
    Withdrawn,
}

impl NotDelivered {
    /// The names in the ledger.
    pub const NAMES: [(&'static str, Self); 6] = [
        ("turned-down", Self::TurnedDown),
        ("returned", Self::Returned),
        ("unknown", Self::Unknown),
        ("too-late", Self::TooLate),
        ("withheld", Self::Withheld),
        ("withdrawn", Self::Withdrawn),
    ];
}

/// Why a person has to act for a resident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HandedOver {
    /// No order of the round is with anybody.
    NotDelivered(NotDelivered),
    /// No sample was taken, after a reminder.
    DidNotAttend,
    /// Every result is there, and they decide nothing.
    ResultsUndecided,
}

/// Why tests are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrderedBecause {
    /// The score reaches the action level.
    Flagged,
    /// The resident was drawn from those below it.
    SampledNegative(Inclusion),
}

/// What a result meant for the episode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Finding {
    /// In the range of the disease.
    DiseaseRange,
    /// Between normal and the range of the disease, or normal with a high score.
    Impaired,
    /// Normal.
    Normal,
}

/// Something that happened in an episode. Events are never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The resident is to be asked, and waits until it is their turn.
    Queued {
        /// When that was decided.
        on: Date,
    },
    /// The resident is asked the questions that decide.
    Asked {
        /// When.
        on: Date,
        /// Until when an answer is waited for.
        answer_by: Date,
    },
    /// Laboratory tests are ordered.
    TestsOrdered {
        /// When.
        on: Date,
        /// The tests, by name.
        tests: Vec<String>,
        /// Until when a sample is waited for.
        sample_by: Date,
        /// Why.
        because: OrderedBecause,
    },
    /// What was asked for had not come, and the resident is reminded.
    Reminded {
        /// When.
        on: Date,
        /// Until when it is waited for now.
        until: Date,
    },
    /// The result of an ordered test came.
    ResultReceived {
        /// When a run saw it, or a pull, where it names its order.
        on: Date,
        /// Which test.
        test: String,
        /// The day of the sample.
        sampled_on: Date,
    },
    /// A person acts for the resident, since what was ordered led to nothing.
    HandedOver {
        /// When.
        on: Date,
        /// Why.
        why: HandedOver,
    },
    /// An order reached the other side; `test` is `None` for questions.
    Delivered {
        /// When.
        on: Date,
        /// Which test.
        test: Option<String>,
    },
    /// An order did not, or nobody knows.
    NotDelivered {
        /// When that was settled.
        on: Date,
        /// Which test; `None` for questions.
        test: Option<String>,
        /// Why.
        why: NotDelivered,
    },
    /// A result changed what comes next.
    ResultSeen {
        /// When a run saw it.
        on: Date,
        /// What it meant.
        finding: Finding,
    },
    /// What is known now decides that no test is needed.
    BelowLevel {
        /// When a run saw it.
        on: Date,
    },
    /// The programme is no longer for this resident.
    Left {
        /// When a run saw it.
        on: Date,
        /// The state that says why.
        state: State,
    },
    /// The time for which an offer stood is over, and the rules ask anew.
    RecallDue {
        /// When a run saw it.
        on: Date,
    },
    /// Somebody has told what became of the offer, or took that back.
    OfferMoved {
        /// When a run saw it.
        on: Date,
        /// Where the offer stands now.
        to: Offer,
    },
}
