//! Where a round stands, and how events move it.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::event::{Event, Finding, HandedOver, NotDelivered, OrderedBecause};
use super::offer::Offer;
use crate::rulebook::{StageKind, State};

/// What became of an ordered test on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestOrder {
    /// It is in the outbox.
    Intended,
    /// The other side has it.
    Delivered,
    /// It has not, or nobody knows.
    NotDelivered(NotDelivered),
    /// The result is there, of a sample of this day.
    Resulted(Date),
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
    /// The offer of the lifestyle service, or a professional's look, has had its time.
    Recalled,
}

/// Where a round stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Begun, nothing asked of anybody yet.
    Eligible,
    /// The resident is to be asked, and nothing has left yet: not everybody may be asked at once.
    Queued {
        /// Since when.
        since: Date,
    },
    /// The resident was asked questions.
    Asked {
        /// Until when an answer is waited for.
        answer_by: Date,
        /// Whether they were reminded.
        reminded: bool,
    },
    /// Laboratory tests are ordered.
    Ordered {
        /// When.
        on: Date,
        /// Why.
        because: OrderedBecause,
        /// Until when a sample is waited for.
        sample_by: Date,
        /// Whether the resident was reminded.
        reminded: bool,
        /// The tests and what became of their orders.
        tests: BTreeMap<String, TestOrder>,
    },
    /// A result in the range of the disease waits for a professional.
    Confirming {
        /// Since when.
        since: Date,
    },
    /// The lifestyle service is offered.
    OfferedPrevention {
        /// Since when.
        since: Date,
        /// What became of the offer.
        offer: Offer,
    },
    /// A person has to act, since the program could not.
    WithANurse {
        /// Since when.
        since: Date,
        /// Why.
        why: HandedOver,
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
    /// A result in the range of the disease was seen, and a later one says otherwise: no program decides that.
    #[error("a professional decides about this round")]
    AProfessionalDecides,
    /// The end of an offer that was not made, or of questions that may still be answered.
    #[error("this round offers nothing")]
    NothingOffered,
    /// A reminder of nothing, or a second one.
    #[error("this round has nothing to remind of")]
    NothingToRemindOf,
}

impl Stage {
    /// Which kind of stage it is on a day, for the rows of a pathway: what is overdue depends on it.
    #[must_use]
    pub fn kind(&self, on: Date) -> StageKind {
        match self {
            // Whoever waits for their turn is decided about like anybody of whom nothing was asked.
            Self::Eligible | Self::Queued { .. } => StageKind::Eligible,
            Self::Asked {
                answer_by,
                reminded,
            } => match (on <= *answer_by, reminded) {
                (true, _) => StageKind::Asked,
                (false, false) => StageKind::AnswerOverdue,
                (false, true) => StageKind::NotAnswered,
            },
            Self::Ordered {
                sample_by,
                reminded,
                tests,
                ..
            } => {
                let has_result = |test: &TestOrder| matches!(test, TestOrder::Resulted(_));
                if tests.values().all(has_result) {
                    return StageKind::Resulted;
                }
                match (on <= *sample_by, reminded) {
                    (true, _) => StageKind::Ordered,
                    (false, false) => StageKind::SampleOverdue,
                    (false, true) => StageKind::DidNotAttend,
                }
            }
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
            Event::Queued { on } => self.queued(*on),
            Event::Asked { answer_by, .. } => self.asked(*answer_by),
            Event::TestsOrdered {
                on,
                tests,
                sample_by,
                because,
            } => self.tests_ordered(*on, tests, *sample_by, *because),
            Event::Reminded { until, .. } => self.reminded(*until),
            Event::ResultReceived {
                on,
                test,
                sampled_on,
            } => self.result_received(*on, test, *sampled_on),
            Event::HandedOver { on, why } => self.handed_over(*on, *why),
            Event::Delivered { test, on } => self.settled(*on, test.as_deref(), None),
            Event::NotDelivered { test, on, why } => self.settled(*on, test.as_deref(), Some(*why)),
            Event::ResultSeen { on, finding } => self.result_seen(*on, *finding),
            Event::BelowLevel { on } => self.below_level(*on),
            Event::Left { on, state } => self.left(*on, *state),
            Event::RecallDue { on } => self.recall_due(*on),
            Event::OfferMoved { to, .. } => self.offer_moved(*to),
        }
    }

    fn recall_due(&self, on: Date) -> Result<Self, Misfit> {
        match self {
            // Whoever did not answer in time is asked anew when the rules say so.
            // Whom a person was to look after is asked anew like anybody else, when the rules say so.
            // A professional who was asked to look has had the time that the rules give.
            Self::OfferedPrevention { .. }
            | Self::Asked { reminded: true, .. }
            | Self::Confirming { .. }
            | Self::WithANurse { .. } => Ok(Self::Closed {
                on,
                conclusion: Conclusion::Recalled,
            }),
            Self::Eligible
            | Self::Queued { .. }
            | Self::Asked {
                reminded: false, ..
            }
            | Self::Ordered { .. } => Err(Misfit::NothingOffered),
            Self::Closed { .. } => Err(Misfit::Ended),
        }
    }

    fn reminded(&self, until: Date) -> Result<Self, Misfit> {
        match self {
            Self::Asked {
                reminded: false, ..
            } => Ok(Self::Asked {
                answer_by: until,
                reminded: true,
            }),
            Self::Ordered {
                on,
                because,
                reminded: false,
                tests,
                ..
            } => Ok(Self::Ordered {
                on: *on,
                because: *because,
                sample_by: until,
                reminded: true,
                tests: tests.clone(),
            }),
            Self::Eligible
            | Self::Queued { .. }
            | Self::Asked { reminded: true, .. }
            | Self::Ordered { reminded: true, .. }
            | Self::Confirming { .. }
            | Self::OfferedPrevention { .. }
            | Self::WithANurse { .. } => Err(Misfit::NothingToRemindOf),
            Self::Closed { .. } => Err(Misfit::Ended),
        }
    }

    fn result_received(&self, today: Date, test: &str, sampled_on: Date) -> Result<Self, Misfit> {
        match self {
            Self::Ordered { .. } => self.with_order(today, test, |order| {
                *order = TestOrder::Resulted(sampled_on);
            }),
            Self::Eligible | Self::Queued { .. } | Self::Asked { .. } => Err(Misfit::NoSuchOrder),
            // What it means is another event; who is asked already goes on.
            Self::Confirming { .. }
            | Self::OfferedPrevention { .. }
            | Self::WithANurse { .. }
            | Self::Closed { .. } => Ok(self.clone()),
        }
    }

    fn handed_over(&self, on: Date, why: HandedOver) -> Result<Self, Misfit> {
        match self {
            Self::Ordered { .. } => Ok(Self::WithANurse { since: on, why }),
            Self::WithANurse { .. } => Ok(self.clone()),
            Self::Eligible | Self::Queued { .. } | Self::Asked { .. } => Err(Misfit::NoSuchOrder),
            Self::Confirming { .. } | Self::OfferedPrevention { .. } => {
                Err(Misfit::AProfessionalDecides)
            }
            Self::Closed { .. } => Err(Misfit::Ended),
        }
    }

    fn queued(&self, on: Date) -> Result<Self, Misfit> {
        match self {
            Self::Eligible => Ok(Self::Queued { since: on }),
            Self::Queued { .. } | Self::Asked { .. } => Err(Misfit::AskedAlready),
            Self::Ordered { .. }
            | Self::Confirming { .. }
            | Self::OfferedPrevention { .. }
            | Self::WithANurse { .. } => Err(Misfit::OrderedAlready),
            Self::Closed { .. } => Err(Misfit::Ended),
        }
    }

    fn asked(&self, answer_by: Date) -> Result<Self, Misfit> {
        match self {
            Self::Eligible | Self::Queued { .. } => Ok(Self::Asked {
                answer_by,
                reminded: false,
            }),
            Self::Asked { .. } => Err(Misfit::AskedAlready),
            Self::Ordered { .. }
            | Self::Confirming { .. }
            | Self::OfferedPrevention { .. }
            | Self::WithANurse { .. } => Err(Misfit::OrderedAlready),
            Self::Closed { .. } => Err(Misfit::Ended),
        }
    }

    fn tests_ordered(
        &self,
        on: Date,
        tests: &[String],
        sample_by: Date,
        because: OrderedBecause,
    ) -> Result<Self, Misfit> {
        match self {
            Self::Eligible | Self::Queued { .. } | Self::Asked { .. } => Ok(Self::Ordered {
                on,
                because,
                sample_by,
                reminded: false,
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
            Self::Queued { .. } | Self::Asked { .. } => match (test, failed) {
                (Some(_), _) => Err(Misfit::NoSuchOrder),
                (None, None) => Ok(self.clone()),
                (None, Some(why)) => Ok(Self::without_orders(on, why)),
            },
            // Questions asked earlier in the round no longer matter.
            Self::Ordered { .. } => test.map_or(Ok(self.clone()), |test| {
                self.with_order(on, test, |order| match order {
                    // What came back is with nobody, whoever said before that they have it.
                    TestOrder::Delivered if failed == Some(NotDelivered::Returned) => {
                        *order = TestOrder::NotDelivered(NotDelivered::Returned);
                    }
                    // What the other side has, it has: later doubts cannot take it back.
                    TestOrder::Delivered | TestOrder::Resulted(_) => {}
                    TestOrder::Intended | TestOrder::NotDelivered(_) => {
                        *order = failed.map_or(TestOrder::Delivered, TestOrder::NotDelivered);
                    }
                })
            }),
            // Late news about an order: the stage has moved on, or found out after all that the
            // other side has it; a person who is already asked decides.
            Self::Confirming { .. }
            | Self::OfferedPrevention { .. }
            | Self::WithANurse { .. }
            | Self::Closed { .. } => Ok(self.clone()),
        }
    }

    /// The stage after news of an ordered test; a person acts when some order failed and nothing more
    /// will come of the others.
    fn with_order(
        &self,
        on: Date,
        test: &str,
        change: impl FnOnce(&mut TestOrder),
    ) -> Result<Self, Misfit> {
        let mut after = self.clone();
        let Self::Ordered { tests, .. } = &mut after else {
            return Err(Misfit::NoSuchOrder);
        };
        change(tests.get_mut(test).ok_or(Misfit::NoSuchOrder)?);
        Ok(match given_up(tests) {
            Some(why) => Self::without_orders(on, why),
            None => after,
        })
    }

    /// A round of which no order is with anybody.
    fn without_orders(on: Date, why: NotDelivered) -> Self {
        match why {
            NotDelivered::Withdrawn => Self::Closed {
                on,
                conclusion: Conclusion::Withdrawn,
            },
            NotDelivered::TurnedDown
            | NotDelivered::Returned
            | NotDelivered::Unknown
            | NotDelivered::TooLate
            | NotDelivered::Withheld => Self::WithANurse {
                since: on,
                why: HandedOver::NotDelivered(why),
            },
        }
    }

    fn result_seen(&self, on: Date, finding: Finding) -> Result<Self, Misfit> {
        match self {
            Self::Eligible
            | Self::Queued { .. }
            | Self::Asked { .. }
            | Self::Ordered { .. }
            | Self::OfferedPrevention { .. }
            | Self::WithANurse { .. } => Ok(match (finding, self) {
                // Seen again in every run: the first time counts.
                (Finding::Impaired, Self::OfferedPrevention { .. }) => self.clone(),
                (finding, _) => Self::found(on, finding),
            }),
            Self::Confirming { .. } => match finding {
                Finding::DiseaseRange => Ok(self.clone()),
                Finding::Impaired | Finding::Normal => Err(Misfit::AProfessionalDecides),
            },
            // A result that ended the round was amended, or another one came.
            Self::Closed {
                conclusion: Conclusion::Normal,
                ..
            } => Ok(match finding {
                Finding::Normal => self.clone(),
                Finding::DiseaseRange | Finding::Impaired => Self::found(on, finding),
            }),
            Self::Closed {
                conclusion:
                    Conclusion::BelowLevel
                    | Conclusion::Left(_)
                    | Conclusion::Withdrawn
                    | Conclusion::Recalled,
                ..
            } => Err(Misfit::Ended),
        }
    }

    const fn found(on: Date, finding: Finding) -> Self {
        match finding {
            Finding::DiseaseRange => Self::Confirming { since: on },
            Finding::Impaired => Self::OfferedPrevention {
                since: on,
                offer: Offer::NotAnswered,
            },
            Finding::Normal => Self::Closed {
                on,
                conclusion: Conclusion::Normal,
            },
        }
    }

    fn below_level(&self, on: Date) -> Result<Self, Misfit> {
        match self {
            Self::Eligible | Self::Queued { .. } | Self::Asked { .. } => Ok(Self::Closed {
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
            | Self::Queued { .. }
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

/// Why a person has to look, when some order failed and every other one has its result; a reason for
/// a person outweighs a withdrawal.
fn given_up(tests: &BTreeMap<String, TestOrder>) -> Option<NotDelivered> {
    let mut reason = None;
    for order in tests.values() {
        match order {
            TestOrder::Intended | TestOrder::Delivered => return None,
            TestOrder::Resulted(_) => {}
            TestOrder::NotDelivered(why) => {
                reason = Some(reason.map_or(*why, |other: NotDelivered| other.min(*why)));
            }
        }
    }
    reason
}
