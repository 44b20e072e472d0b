//! The life of one row of the outbox.
//!
//! ```text
//! planned ──claimed──▶ sending ──accepted──────────▶ acknowledged
//!    ▲                   │ ├─┬──turned down────────▶ refused
//!    └──later, not sent──┘ │ └──handed over────────▶ unknown: awaited ─▶ taken: acknowledged
//!       way closed         └──silence, lease over──▶ unknown: look up ─▶ look up ─▶ send again
//!                                                       │ found             └─▶ a person
//!                                                       └──▶ acknowledged
//! ```
//!
//! What was acknowledged or handed over, and came back, is refused as `returned`.

use jiff::{SignedDuration, Timestamp};

use super::{Answer, DeliveryEvent, Found, Refused, after};

/// How often the other side must say that it has nothing before anything is sent again.
const LOOK_UPS: u8 = 2;
/// How often a row is sent at most.
const SENDS: u8 = 2;

/// Whether a channel lets us ask what it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReadBack {
    /// It can be asked by our key: orders arrive exactly once.
    Possible,
    /// It cannot: orders arrive at most once, and a doubt goes to a person.
    Impossible,
}

/// What a channel and its server allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Whether it can be asked.
    pub read_back: ReadBack,
    /// How long after a send without answer, and between two look-ups, to wait: longer than a
    /// request can be under way.
    pub settle: SignedDuration,
}

/// Where a row stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// Nothing has left.
    Planned {
        /// Not to be sent before.
        not_before: Timestamp,
    },
    /// Somebody is sending it.
    Sending {
        /// Who: the number of the claim.
        claim: u64,
        /// Until when the claim holds.
        lease_until: Timestamp,
        /// How often it was sent, this time included.
        sends: u8,
    },
    /// It may have arrived or not.
    Unknown {
        /// How often it was sent.
        sends: u8,
        /// What comes next.
        next: Next,
    },
    /// The other side has it.
    Acknowledged {
        /// What the other side calls it, when it said so.
        reference: Option<String>,
    },
    /// It does not leave.
    Refused {
        /// Why.
        why: Refused,
    },
}

/// What comes next for a row that may have arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The other side is asked.
    LookUp {
        /// How often it has said that it has nothing.
        absent: u8,
        /// When.
        at: Timestamp,
    },
    /// It was handed over and waits to be taken: the other side is looked at.
    Awaited {
        /// When.
        at: Timestamp,
    },
    /// It is sent once more.
    SendAgain {
        /// When.
        at: Timestamp,
    },
    /// A person finds out.
    Person,
}

/// News that does not fit the row: it comes from somebody whose claim is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("news about an order from somebody who no longer holds it")]
pub struct Stale;

impl Delivery {
    /// A row that waits to be sent.
    #[must_use]
    pub const fn planned(not_before: Timestamp) -> Self {
        Self::Planned { not_before }
    }

    /// A row that may have been sent in a time of which the ledger knows nothing.
    #[must_use]
    pub const fn doubted(policy: &Policy, now: Timestamp) -> Self {
        Self::after_silence(policy, now, 1)
    }

    /// The name of the state, in the ledger and in reports.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Planned { .. } => "planned",
            Self::Sending { .. } => "sending",
            Self::Unknown { .. } => "unknown",
            Self::Acknowledged { .. } => "acknowledged",
            Self::Refused { .. } => "refused",
        }
    }

    /// Whether it may be claimed now.
    #[must_use]
    pub fn is_sendable(&self, now: Timestamp) -> bool {
        self.sendable_at().is_some_and(|at| at <= now)
    }

    /// When it may be claimed; `None` when it may not.
    #[must_use]
    pub const fn sendable_at(&self) -> Option<Timestamp> {
        match self {
            Self::Planned { not_before } => Some(*not_before),
            Self::Unknown {
                next: Next::SendAgain { at },
                ..
            } => Some(*at),
            Self::Unknown {
                next: Next::LookUp { .. } | Next::Awaited { .. } | Next::Person,
                ..
            }
            | Self::Sending { .. }
            | Self::Acknowledged { .. }
            | Self::Refused { .. } => None,
        }
    }

    /// Whether it was handed over and waits to be taken.
    #[must_use]
    pub const fn is_awaited(&self) -> bool {
        matches!(
            self,
            Self::Unknown {
                next: Next::Awaited { .. },
                ..
            }
        )
    }

    /// Whether nothing more is done with it by the program.
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        match self {
            Self::Acknowledged { .. }
            | Self::Refused { .. }
            | Self::Unknown {
                next: Next::Person, ..
            } => true,
            Self::Planned { .. }
            | Self::Sending { .. }
            | Self::Unknown {
                next: Next::LookUp { .. } | Next::Awaited { .. } | Next::SendAgain { .. },
                ..
            } => false,
        }
    }

    /// Whether nothing of it has left, or only what the other side has clearly not kept: then any
    /// way may be taken, and else only the one by which it left.
    #[must_use]
    pub const fn may_take_any_way(&self) -> bool {
        match self {
            Self::Planned { .. } => true,
            Self::Sending { .. }
            | Self::Unknown { .. }
            | Self::Acknowledged { .. }
            | Self::Refused { .. } => false,
        }
    }

    /// How often it was sent.
    #[must_use]
    pub const fn sends(&self) -> u8 {
        match self {
            Self::Sending { sends, .. } | Self::Unknown { sends, .. } => *sends,
            Self::Planned { .. } | Self::Acknowledged { .. } | Self::Refused { .. } => 0,
        }
    }

    const fn after_silence(policy: &Policy, at: Timestamp, sends: u8) -> Self {
        let next = match policy.read_back {
            ReadBack::Possible => Next::LookUp { absent: 0, at },
            ReadBack::Impossible => Next::Person,
        };
        Self::Unknown { sends, next }
    }

    /// The row after an event.
    ///
    /// # Errors
    ///
    /// [`Stale`] when the news comes from somebody who no longer holds the row, or the row is
    /// settled; the row is then unchanged.
    pub fn apply(
        &self,
        policy: &Policy,
        now: Timestamp,
        event: &DeliveryEvent,
    ) -> Result<Self, Stale> {
        match event {
            DeliveryEvent::Claimed { claim, lease_until } => {
                self.claimed(now, *claim, *lease_until)
            }
            DeliveryEvent::Answered { claim, answer } => self.answered(policy, now, *claim, answer),
            DeliveryEvent::Asking { until } => self.asking(now, *until),
            DeliveryEvent::LookedUp { until, found } => self.looked_up(policy, now, *until, found),
            DeliveryEvent::LeaseOver => self.lease_over(policy, now),
            DeliveryEvent::Stopped(why) => self.stopped(*why),
            DeliveryEvent::TakenBack => match self {
                Self::Unknown {
                    next: Next::Awaited { .. },
                    ..
                } => Ok(Self::Refused {
                    why: Refused::Withdrawn,
                }),
                Self::Planned { .. }
                | Self::Sending { .. }
                | Self::Unknown { .. }
                | Self::Acknowledged { .. }
                | Self::Refused { .. } => Err(Stale),
            },
            DeliveryEvent::Doubted => match self {
                Self::Planned { .. } => Ok(Self::doubted(policy, now)),
                Self::Sending { sends, .. } | Self::Unknown { sends, .. } => {
                    Ok(Self::after_silence(policy, now, *sends))
                }
                Self::Acknowledged { .. } | Self::Refused { .. } => Err(Stale),
            },
        }
    }

    fn asking(&self, now: Timestamp, until: Timestamp) -> Result<Self, Stale> {
        let Self::Unknown { sends, next } = self else {
            return Err(Stale);
        };
        let next = match next {
            Next::LookUp { absent, at } if *at <= now => Next::LookUp {
                absent: *absent,
                at: until,
            },
            Next::Awaited { at } if *at <= now => Next::Awaited { at: until },
            Next::LookUp { .. } | Next::Awaited { .. } | Next::SendAgain { .. } | Next::Person => {
                return Err(Stale);
            }
        };
        Ok(Self::Unknown {
            sends: *sends,
            next,
        })
    }

    fn lease_over(&self, policy: &Policy, now: Timestamp) -> Result<Self, Stale> {
        let Self::Sending {
            lease_until, sends, ..
        } = self
        else {
            return Err(Stale);
        };
        if now < *lease_until {
            return Err(Stale);
        }
        let waited = after(now, policy.settle);
        Ok(Self::after_silence(policy, waited, *sends))
    }

    fn claimed(&self, now: Timestamp, claim: u64, lease_until: Timestamp) -> Result<Self, Stale> {
        if !self.is_sendable(now) {
            return Err(Stale);
        }
        Ok(Self::Sending {
            claim,
            lease_until,
            sends: self.sends() + 1,
        })
    }

    fn answered(
        &self,
        policy: &Policy,
        now: Timestamp,
        claim: u64,
        answer: &Answer,
    ) -> Result<Self, Stale> {
        // That it is there is true whoever says it, and however late.
        if let Answer::Accepted { reference } = answer {
            return self.there(reference.clone());
        }
        let Self::Sending {
            claim: held, sends, ..
        } = self
        else {
            return Err(Stale);
        };
        if *held != claim {
            return Err(Stale);
        }
        let sends = *sends;
        let waited = after(now, policy.settle);
        Ok(match answer {
            Answer::Accepted { .. } => return Err(Stale),
            Answer::Silence => Self::after_silence(policy, waited, sends),
            Answer::Several => Self::after_silence(policy, now, sends),
            // The next way needs no waiting.
            Answer::Closed { .. } if sends == 1 => Self::planned(now),
            Answer::HandedOver { look_at } => Self::Unknown {
                sends,
                next: Next::Awaited { at: *look_at },
            },
            // Before the first send, a clear answer leaves nothing in doubt.
            Answer::TurnedDown(status) if sends == 1 => Self::Refused {
                why: Refused::TurnedDown(*status),
            },
            Answer::NotTaken if sends == 1 => Self::Refused {
                why: Refused::NotTaken,
            },
            Answer::Later { retry_at } | Answer::NotSent { retry_at } if sends == 1 => {
                Self::Planned {
                    not_before: *retry_at,
                }
            }
            // An earlier send is still in doubt.
            Answer::TurnedDown(_) | Answer::NotTaken => Self::Unknown {
                sends,
                next: Next::Person,
            },
            Answer::Later { retry_at }
            | Answer::NotSent { retry_at }
            | Answer::Closed { retry_at } => Self::Unknown {
                sends: sends - 1,
                next: Next::SendAgain { at: *retry_at },
            },
        })
    }

    const fn for_a_person(sends: u8) -> Self {
        Self::Unknown {
            sends,
            next: Next::Person,
        }
    }

    fn there(&self, reference: Option<String>) -> Result<Self, Stale> {
        match self {
            Self::Acknowledged { reference: Some(_) } => Err(Stale),
            // It was there and came back: a person finds another way.
            Self::Refused {
                why: Refused::Returned,
            } => Err(Stale),
            // A late answer to a send after which a person was already asked still settles it.
            Self::Planned { .. }
            | Self::Sending { .. }
            | Self::Unknown { .. }
            | Self::Refused { .. }
            | Self::Acknowledged { reference: None } => Ok(Self::Acknowledged { reference }),
        }
    }

    fn looked_up(
        &self,
        policy: &Policy,
        now: Timestamp,
        until: Timestamp,
        found: &Found,
    ) -> Result<Self, Stale> {
        match (self, found) {
            // Nothing new about the row; that it is there twice is news all the same.
            (Self::Acknowledged { reference: Some(_) }, Found::Several { .. }) => {
                return Ok(self.clone());
            }
            (_, Found::One { reference } | Found::Several { reference }) => {
                return self.there(Some(reference.clone()));
            }
            (Self::Acknowledged { .. } | Self::Unknown { .. }, Found::Returned) => {
                return Ok(Self::Refused {
                    why: Refused::Returned,
                });
            }
            (
                Self::Planned { .. } | Self::Sending { .. } | Self::Refused { .. },
                Found::Returned,
            ) => {
                return Err(Stale);
            }
            (
                _,
                Found::Nothing | Found::NotTold { .. } | Found::Awaited { .. } | Found::NotTaken,
            ) => {}
        }
        let (sends, absent, at) = match self {
            Self::Unknown {
                sends,
                next: Next::LookUp { absent, at },
            } => (*sends, Some(*absent), *at),
            Self::Unknown {
                sends,
                next: Next::Awaited { at },
            } => (*sends, None, *at),
            Self::Unknown {
                next: Next::SendAgain { .. } | Next::Person,
                ..
            }
            | Self::Planned { .. }
            | Self::Sending { .. }
            | Self::Acknowledged { .. }
            | Self::Refused { .. } => return Err(Stale),
        };
        // Two answers to two askings at the same time are no two askings one after the other.
        if at != until {
            return Err(Stale);
        }
        let next = match (found, absent) {
            (Found::NotTaken, _) => {
                return Ok(Self::Refused {
                    why: Refused::NotTaken,
                });
            }
            (Found::Awaited { look_at }, _) => Next::Awaited { at: *look_at },
            (Found::NotTold { retry_at }, None) => Next::Awaited { at: *retry_at },
            (Found::NotTold { retry_at }, Some(absent)) => Next::LookUp {
                absent,
                at: *retry_at,
            },
            // It was there to be taken and is gone, and nobody has said that they took it.
            (
                Found::Nothing | Found::One { .. } | Found::Several { .. } | Found::Returned,
                None,
            ) => Next::Person,
            (
                Found::Nothing | Found::One { .. } | Found::Several { .. } | Found::Returned,
                Some(absent),
            ) => {
                let absent = absent + 1;
                if absent < LOOK_UPS {
                    let at = after(now, policy.settle);
                    Next::LookUp { absent, at }
                } else if sends < SENDS {
                    Next::SendAgain { at: now }
                } else {
                    Next::Person
                }
            }
        };
        Ok(Self::Unknown { sends, next })
    }

    fn stopped(&self, why: Refused) -> Result<Self, Stale> {
        match self {
            Self::Planned { .. } => Ok(Self::Refused { why }),
            // It was sent once and seems not to be there; nobody can promise that it never was.
            Self::Unknown {
                sends,
                next: Next::SendAgain { .. },
            } => Ok(Self::for_a_person(*sends)),
            // Asking has no end of its own: after the last day, or with nobody to ask about, a
            // person finds out. One that is only not wanted any more is asked about all the same.
            Self::Unknown {
                sends,
                next: Next::LookUp { .. } | Next::Awaited { .. },
            } if matches!(why, Refused::TooLate | Refused::NotExpressible) => {
                Ok(Self::for_a_person(*sends))
            }
            Self::Unknown {
                next: Next::LookUp { .. } | Next::Awaited { .. } | Next::Person,
                ..
            }
            | Self::Sending { .. }
            | Self::Acknowledged { .. }
            | Self::Refused { .. } => Err(Stale),
        }
    }
}
