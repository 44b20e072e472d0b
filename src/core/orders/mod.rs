//! Orders: what we intend to ask others to do.
//!
//! # What lives here
//!
//! An [`Order`]: whom it is about, which act, until when it may leave and when
//! it is due, and the [`OrderKey`] that makes it one order however often it is
//! sent. No HTTP and no retries: how an order leaves is `delivery`.
//!
//! # How the data flows
//!
//! `(decision, episode) → [`intend`] → events for the episode, orders for the outbox`.
//!
//! # Invariants
//!
//! * The key is a function of resident, programme, round and action, and of nothing else:
//!   who has lost every record of an order can derive its key again.
//! * A round asks for each act once.
//! * What a result means for a resident is told to somebody: the resident, or a person who tells them.
//!
//! # Example
//!
//! ```
//! use preventiojyraa_core::orders::{Action, OrderKey};
//! use preventiojyraa_core::profile::ResidentId;
//!
//! let resident = ResidentId::from_bytes([7; 16]);
//! let action = Action::Laboratory { test: "hba1c".into() };
//! let first = OrderKey::derive(resident, "programme", 1, &action);
//! assert_eq!(first, OrderKey::derive(resident, "programme", 1, &action));
//! assert_ne!(first, OrderKey::derive(resident, "programme", 2, &action));
//! ```
//!
//! # Why it is so
//!
//! One laboratory test is one order, not one bundle of tests: a receiver that
//! takes one test and refuses the other then leaves no half-done order behind.
//! The key is derived and not drawn, since a drawn key dies with the ledger
//! that holds it, and the other side could never be asked about it again.

mod intend;

mod score_note;
mod to_do;
mod turn;
mod wanted;

pub use intend::{Intent, Offered, asks, intend};
pub use score_note::ScoreNote;
pub use to_do::is_to_do;
pub use turn::{AskingTerms, Candidate, week_of, weeks_at_this_pace};
pub use wanted::{before_leaving, still_wanted};

use std::fmt;

use jiff::civil::Date;
use sha2::{Digest, Sha256};

use crate::profile::ResidentId;

/// An act that somebody else is asked to do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// The resident answers the questions that decide.
    Questionnaire,
    /// They are asked once more.
    RemindQuestionnaire,
    /// A laboratory takes a sample and measures one test.
    Laboratory {
        /// The test, by its name in the rules.
        test: String,
    },
    /// The resident is reminded of a sample that was not taken.
    RemindLaboratory,
    /// The resident is told something.
    Message {
        /// What, as the id of a text in the rules.
        text: String,
    },
    /// A professional gets in touch with the resident.
    Contact {
        /// Why, as the id of a text in the rules.
        text: String,
    },
    /// A laboratory order is taken back.
    Cancel {
        /// The test that was ordered.
        test: String,
        /// Whether one of several is to stay.
        keep: Keep,
    },
}

/// How many of the orders under one key stay when orders are taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Keep {
    /// None: the resident is no longer to be tested.
    None,
    /// The oldest: the others are duplicates.
    Oldest,
}

impl Action {
    /// The name in the ledger and in reports, `laboratory:hba1c`.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Questionnaire => "questionnaire".to_owned(),
            Self::RemindQuestionnaire => "questionnaire-reminder".to_owned(),
            Self::Laboratory { test } => format!("laboratory:{test}"),
            Self::RemindLaboratory => "laboratory-reminder".to_owned(),
            Self::Message { text } => format!("message:{text}"),
            Self::Contact { text } => format!("contact:{text}"),
            Self::Cancel {
                test,
                keep: Keep::None,
            } => format!("cancel:{test}"),
            Self::Cancel {
                test,
                keep: Keep::Oldest,
            } => format!("cancel-duplicates:{test}"),
        }
    }

    /// Reads what [`Action::name`] wrote; `None` for anything else.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let (kind, test) = match name.split_once(':') {
            None => (name, None),
            Some((kind, test)) => (kind, Some(test.to_owned())),
        };
        Some(match (kind, test) {
            ("questionnaire", None) => Self::Questionnaire,
            ("questionnaire-reminder", None) => Self::RemindQuestionnaire,
            ("laboratory", Some(test)) => Self::Laboratory { test },
            ("laboratory-reminder", None) => Self::RemindLaboratory,
            ("message", Some(text)) => Self::Message { text },
            ("contact", Some(text)) => Self::Contact { text },
            ("cancel", Some(test)) => Self::Cancel {
                test,
                keep: Keep::None,
            },
            ("cancel-duplicates", Some(test)) => Self::Cancel {
                test,
                keep: Keep::Oldest,
            },
            _ => return None,
        })
    }

    /// The id of the text in the rules that tells somebody of it, where the way carries words.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Questionnaire => "questionnaire",
            Self::RemindQuestionnaire => "questionnaire-reminder",
            Self::Laboratory { .. } => "laboratory-order",
            Self::RemindLaboratory => "laboratory-reminder",
            Self::Message { text } | Self::Contact { text } => text,
            Self::Cancel {
                keep: Keep::None, ..
            } => "laboratory-cancel",
            Self::Cancel {
                keep: Keep::Oldest, ..
            } => "laboratory-duplicate",
        }
    }

    /// Who reads that text: residents what is asked or told, professionals all else.
    #[must_use]
    pub const fn is_for_resident(&self) -> bool {
        match self {
            Self::Questionnaire
            | Self::RemindQuestionnaire
            | Self::RemindLaboratory
            | Self::Message { .. } => true,
            Self::Laboratory { .. } | Self::Contact { .. } | Self::Cancel { .. } => false,
        }
    }

    /// What kind of act it is; channels are configured for kinds.
    #[must_use]
    pub const fn kind(&self) -> ActionKind {
        match self {
            Self::Questionnaire | Self::RemindQuestionnaire => ActionKind::Questionnaire,
            // Who takes an order takes it back too.
            Self::Laboratory { .. } | Self::Cancel { .. } => ActionKind::Laboratory,
            Self::RemindLaboratory | Self::Message { .. } => ActionKind::Message,
            Self::Contact { .. } => ActionKind::Professional,
        }
    }
}

/// A kind of act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ActionKind {
    /// Questions to the resident.
    Questionnaire,
    /// Laboratory orders and their cancellation.
    Laboratory,
    /// What residents are told.
    Message,
    /// What professionals are asked to do.
    Professional,
}

impl ActionKind {
    /// Every kind with its name in the configuration and in reports.
    pub const NAMES: [(&'static str, Self); 4] = [
        ("questionnaire", Self::Questionnaire),
        ("laboratory", Self::Laboratory),
        ("message", Self::Message),
        ("professional", Self::Professional),
    ];

    /// The name in the configuration and in reports.
    ///
    /// # Panics
    ///
    /// Never: every kind is in [`ActionKind::NAMES`].
    #[must_use]
    pub fn name(self) -> &'static str {
        let found = Self::NAMES.iter().find(|(_, kind)| *kind == self);
        found.expect("every kind has a name").0
    }
}

/// What makes an order one order, here and on the other side: 16 bytes, shown as 32 hexadecimal digits.
///
/// Says nothing about the person; safe in logs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderKey([u8; 16]);

impl OrderKey {
    /// The key of an act in a round of a programme.
    ///
    /// # Formula
    ///
    /// The first 16 bytes of SHA-256 over `preventio-order`, programme, resident
    /// (32 digits), round and action name, joined by U+001F.
    #[must_use]
    pub fn derive(resident: ResidentId, programme: &str, round: u16, action: &Action) -> Self {
        let text = format!(
            "preventio-order\u{1f}{programme}\u{1f}{resident}\u{1f}{round}\u{1f}{}",
            action.name()
        );
        let hash = Sha256::digest(text.as_bytes());
        let mut key = [0; 16];
        key.copy_from_slice(&hash[..16]);
        Self(key)
    }

    /// Wraps the bytes of a stored key.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for OrderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for OrderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OrderKey({self})")
    }
}

/// An intended act by somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Whom it is about.
    pub resident: ResidentId,
    /// Which programme asks.
    pub programme: String,
    /// Which round of the resident's episodes.
    pub round: u16,
    /// The act.
    pub action: Action,
    /// The day it was decided.
    pub decided_on: Date,
    /// The last day on which it may leave; later the decision is stale.
    pub send_by: Date,
    /// The day by which the act is expected to have happened.
    pub due: Date,
    /// Items of the model to ask, by id; empty for other acts.
    pub asks: Vec<String>,
    /// The day of the next look, where the act tells one.
    pub recall_on: Option<Date>,
}

impl Order {
    /// Its key.
    #[must_use]
    pub fn key(&self) -> OrderKey {
        OrderKey::derive(self.resident, &self.programme, self.round, &self.action)
    }

    /// The order that this one takes back, and how many of it are to stay; `None` for one that takes
    /// nothing back.
    #[must_use]
    pub fn taken_back(&self) -> Option<(Self, Keep)> {
        let Action::Cancel { test, keep } = &self.action else {
            return None;
        };
        let placed = Self {
            action: Action::Laboratory { test: test.clone() },
            ..self.clone()
        };
        Some((placed, *keep))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_read_back_from_its_name() {
        let test = || "hba1c".to_owned();
        for action in [
            Action::Questionnaire,
            Action::RemindQuestionnaire,
            Action::RemindLaboratory,
            Action::Message { text: test() },
            Action::Contact { text: test() },
            Action::Laboratory { test: test() },
            Action::Cancel {
                test: test(),
                keep: Keep::None,
            },
            Action::Cancel {
                test: test(),
                keep: Keep::Oldest,
            },
        ] {
            assert_eq!(Action::parse(&action.name()), Some(action));
        }
        for wrong in ["", "laboratory", "questionnaire:hba1c", "message"] {
            assert_eq!(Action::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn each_part_of_the_key_counts() {
        let key = |resident: u8, programme, round, test: &str| {
            let action = Action::Laboratory { test: test.into() };
            OrderKey::derive(
                ResidentId::from_bytes([resident; 16]),
                programme,
                round,
                &action,
            )
        };
        let keys = [
            key(1, "a", 1, "x"),
            key(2, "a", 1, "x"),
            key(1, "b", 1, "x"),
            key(1, "a", 2, "x"),
            key(1, "a", 1, "y"),
        ];
        let different: std::collections::BTreeSet<_> = keys.into_iter().collect();
        assert_eq!(different.len(), keys.len());
    }
}
