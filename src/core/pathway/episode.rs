//! One pass of a resident through the pathway, as the fold of what happened.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::rulebook::{StageKind, State};

/// Why an order did not reach the one who was to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NotDelivered {
    /// The other side said no.
    TurnedDown,
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
    pub const NAMES: [(&'static str, Self); 5] = [
        ("turned-down", Self::TurnedDown),
        ("unknown", Self::Unknown),
        ("too-late", Self::TooLate),
        ("withheld", Self::Withheld),
        ("withdrawn", Self::Withdrawn),
    ];
}

/// What a result meant for the episode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Finding {
    /// In the range of diabetes.
    DiabeticRange,
    /// Between normal and diabetes, or normal with a high score.
    Impaired,
    /// Normal.
    Normal,
}

/// Something that happened in an episode. Events are never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
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
}

/// What became of an ordered test on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestOrder {
    /// It is in the outbox.
    Intended,
    /// The other side has it.
    Delivered,
    /// It has not, or nobody knows.
    NotDelivered(NotDelivered),
}

/// How a round ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conclusion {
    /// A normal result.
    Normal,
    /// The answers put the score below the level.
    BelowLevel,
    /// The programme is no longer for this resident.
    Left(State),
    /// Every order of the round was taken back before it left.
    Withdrawn,
    /// The offer of the lifestyle service has had its time.
    Recalled,
}

/// Where a round stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Begun, nothing asked of anybody yet.
    Eligible,
    /// The resident was asked questions.
    Asked {
        /// Until when an answer is waited for.
        answer_by: Date,
    },
    /// Laboratory tests are ordered.
    Ordered {
        /// Until when a sample is waited for.
        sample_by: Date,
        /// The tests and what became of their orders.
        tests: BTreeMap<String, TestOrder>,
    },
    /// A result in the range of diabetes waits for a professional.
    Confirming {
        /// Since when.
        since: Date,
    },
    /// The lifestyle service is offered.
    OfferedPrevention {
        /// Since when.
        since: Date,
    },
    /// A person has to act, since the program could not.
    WithANurse {
        /// Since when.
        since: Date,
        /// Why.
        why: NotDelivered,
    },
    /// Ended by a named conclusion.
    Closed {
        /// When.
        on: Date,
        /// How.
        conclusion: Conclusion,
    },
}

/// An event that does not fit the stage it meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// Questions when the round is beyond questions.
    #[error("this round has asked already")]
    AskedAlready,
    /// Orders when the round has some.
    #[error("this round has ordered already")]
    OrderedAlready,
    /// A round that ended takes only news about its orders.
    #[error("this round has ended")]
    Ended,
    /// News about an order that this round did not give.
    #[error("this round gave no such order")]
    NoSuchOrder,
    /// A result in the range of diabetes was seen, and a later one says otherwise: no program decides that.
    #[error("a professional decides about this round")]
    AProfessionalDecides,
    /// The end of an offer that was not made.
    #[error("this round offers nothing")]
    NothingOffered,
}

impl Stage {
    /// Which kind of stage, for the rows of a pathway.
    #[must_use]
    pub const fn kind(&self) -> StageKind {
        match self {
            Self::Eligible => StageKind::Eligible,
            Self::Asked { .. } => StageKind::Asked,
            Self::Ordered { .. } => StageKind::Ordered,
            Self::Confirming { .. } => StageKind::Confirming,
            Self::OfferedPrevention { .. } => StageKind::OfferedPrevention,
            Self::WithANurse { .. } => StageKind::WithANurse,
            Self::Closed { .. } => StageKind::Closed,
        }
    }

    /// The stage after an event. Total: every pair is answered.
    ///
    /// # Errors
    ///
    /// [`Misfit`] names why the event does not belong here; the stage is then unchanged.
    pub fn apply(&self, event: &Event) -> Result<Self, Misfit> {
        match event {
            Event::Asked { answer_by, .. } => self.asked(*answer_by),
            Event::TestsOrdered {
                tests, sample_by, ..
            } => self.tests_ordered(tests, *sample_by),
            Event::Delivered { test, on } => self.settled(*on, test.as_deref(), None),
            Event::NotDelivered { test, on, why } => self.settled(*on, test.as_deref(), Some(*why)),
            Event::ResultSeen { on, finding } => self.result_seen(*on, *finding),
            Event::BelowLevel { on } => self.below_level(*on),
            Event::Left { on, state } => self.left(*on, *state),
            Event::RecallDue { on } => self.recall_due(*on),
        }
    }

    fn recall_due(&self, on: Date) -> Result<Self, Misfit> {
        match self {
            Self::OfferedPrevention { .. } => Ok(Self::Closed {
                on,
                conclusion: Conclusion::Recalled,
            }),
            Self::Eligible
            | Self::Asked { .. }
            | Self::Ordered { .. }
            | Self::Confirming { .. }
            | Self::WithANurse { .. } => Err(Misfit::NothingOffered),
            Self::Closed { .. } => Err(Misfit::Ended),
        }
    }

    fn asked(&self, answer_by: Date) -> Result<Self, Misfit> {
        match self {
            Self::Eligible => Ok(Self::Asked { answer_by }),
            Self::Asked { .. } => Err(Misfit::AskedAlready),
            Self::Ordered { .. }
            | Self::Confirming { .. }
            | Self::OfferedPrevention { .. }
            | Self::WithANurse { .. } => Err(Misfit::OrderedAlready),
            Self::Closed { .. } => Err(Misfit::Ended),
        }
    }

    fn tests_ordered(&self, tests: &[String], sample_by: Date) -> Result<Self, Misfit> {
        match self {
            Self::Eligible | Self::Asked { .. } => Ok(Self::Ordered {
                sample_by,
                tests: tests
                    .iter()
                    .map(|test| (test.clone(), TestOrder::Intended))
                    .collect(),
            }),
            Self::Ordered { .. }
            | Self::Confirming { .. }
            | Self::OfferedPrevention { .. }
            | Self::WithANurse { .. } => Err(Misfit::OrderedAlready),
            Self::Closed { .. } => Err(Misfit::Ended),
        }
    }

    /// News about an order on its way out: delivered, or not and why.
    fn settled(
        &self,
        on: Date,
        test: Option<&str>,
        failed: Option<NotDelivered>,
    ) -> Result<Self, Misfit> {
        match self {
            Self::Eligible => Err(Misfit::NoSuchOrder),
            Self::Asked { .. } => match (test, failed) {
                (Some(_), _) => Err(Misfit::NoSuchOrder),
                (None, None) => Ok(self.clone()),
                (None, Some(why)) => Ok(Self::without_orders(on, why)),
            },
            Self::Ordered { sample_by, tests } => {
                // Questions asked earlier in the round no longer matter.
                let Some(test) = test else {
                    return Ok(self.clone());
                };
                let mut tests = tests.clone();
                let order = tests.get_mut(test).ok_or(Misfit::NoSuchOrder)?;
                // What the other side has, it has: later doubts cannot take it back.
                if *order != TestOrder::Delivered {
                    *order = failed.map_or(TestOrder::Delivered, TestOrder::NotDelivered);
                }
                Ok(match given_up(&tests) {
                    Some(why) => Self::without_orders(on, why),
                    None => Self::Ordered {
                        sample_by: *sample_by,
                        tests,
                    },
                })
            }
            // Late news about an order: the stage has moved on, or found out after all that the
            // other side has it; a person who is already asked decides.
            Self::Confirming { .. }
            | Self::OfferedPrevention { .. }
            | Self::WithANurse { .. }
            | Self::Closed { .. } => Ok(self.clone()),
        }
    }

    /// A round of which no order is with anybody.
    fn without_orders(on: Date, why: NotDelivered) -> Self {
        match why {
            NotDelivered::Withdrawn => Self::Closed {
                on,
                conclusion: Conclusion::Withdrawn,
            },
            NotDelivered::TurnedDown
            | NotDelivered::Unknown
            | NotDelivered::TooLate
            | NotDelivered::Withheld => Self::WithANurse { since: on, why },
        }
    }

    fn result_seen(&self, on: Date, finding: Finding) -> Result<Self, Misfit> {
        match self {
            Self::Eligible
            | Self::Asked { .. }
            | Self::Ordered { .. }
            | Self::OfferedPrevention { .. }
            | Self::WithANurse { .. } => Ok(match (finding, self) {
                // Seen again in every run: the first time counts.
                (Finding::Impaired, Self::OfferedPrevention { .. }) => self.clone(),
                (Finding::DiabeticRange, _) => Self::Confirming { since: on },
                (Finding::Impaired, _) => Self::OfferedPrevention { since: on },
                (Finding::Normal, _) => Self::Closed {
                    on,
                    conclusion: Conclusion::Normal,
                },
            }),
            Self::Confirming { .. } => match finding {
                Finding::DiabeticRange => Ok(self.clone()),
                Finding::Impaired | Finding::Normal => Err(Misfit::AProfessionalDecides),
            },
            Self::Closed { .. } => Err(Misfit::Ended),
        }
    }

    fn below_level(&self, on: Date) -> Result<Self, Misfit> {
        match self {
            Self::Eligible | Self::Asked { .. } => Ok(Self::Closed {
                on,
                conclusion: Conclusion::BelowLevel,
            }),
            // A test that is ordered is waited for, whatever the score has become.
            Self::Ordered { .. }
            | Self::Confirming { .. }
            | Self::OfferedPrevention { .. }
            | Self::WithANurse { .. } => Err(Misfit::OrderedAlready),
            Self::Closed { .. } => Err(Misfit::Ended),
        }
    }

    fn left(&self, on: Date, state: State) -> Result<Self, Misfit> {
        match self {
            Self::Eligible
            | Self::Asked { .. }
            | Self::Ordered { .. }
            | Self::Confirming { .. }
            | Self::OfferedPrevention { .. }
            | Self::WithANurse { .. } => Ok(Self::Closed {
                on,
                conclusion: Conclusion::Left(state),
            }),
            Self::Closed { .. } => Err(Misfit::Ended),
        }
    }
}

/// Why nobody has any test of the round, when every order is settled so; a reason for a person
/// outweighs a withdrawal.
fn given_up(tests: &BTreeMap<String, TestOrder>) -> Option<NotDelivered> {
    let mut reason = None;
    for order in tests.values() {
        match order {
            TestOrder::Intended | TestOrder::Delivered => return None,
            TestOrder::NotDelivered(why) => {
                reason = Some(reason.map_or(*why, |other: NotDelivered| other.min(*why)));
            }
        }
    }
    reason
}

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

    /// Whether the round has ended.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        matches!(self.stage, Stage::Closed { .. })
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
