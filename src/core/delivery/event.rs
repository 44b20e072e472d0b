//! News about a row of the outbox.

use jiff::Timestamp;

use super::Refused;

/// What came of sending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It is there.
    Accepted {
        /// What the other side calls it, when it said so.
        reference: Option<String>,
    },
    /// A clear no, with its HTTP status.
    TurnedDown(u16),
    /// A clear no in other words than a status.
    NotTaken,
    /// A clear "not by this way, whatever you send": nothing was done, and another way may be taken.
    Closed {
        /// Not to be tried before, where there is no other way.
        retry_at: Timestamp,
    },
    /// It lies where the other side takes it from; whether it has is found out later.
    HandedOver {
        /// When to look.
        look_at: Timestamp,
    },
    /// A clear "not now": nothing was done.
    Later {
        /// Not to be tried before.
        retry_at: Timestamp,
    },
    /// It never left.
    NotSent {
        /// Not to be tried before.
        retry_at: Timestamp,
    },
    /// Several are there under our key.
    Several,
    /// Anything may have happened.
    Silence,
}

/// What came of asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// It has nothing.
    Nothing,
    /// It has the order.
    One {
        /// What it calls it.
        reference: String,
    },
    /// It has the order more than once.
    Several {
        /// The oldest.
        reference: String,
    },
    /// It lies where the other side takes it from, and has not been taken yet.
    Awaited {
        /// When to look again.
        look_at: Timestamp,
    },
    /// The other side has looked at it and said no.
    NotTaken,
    /// The other side had it and could not deliver it: it reached nobody.
    Returned,
    /// It did not say.
    NotTold {
        /// Not to be asked before.
        retry_at: Timestamp,
    },
}

/// News about a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryEvent {
    /// Somebody starts to send it.
    Claimed {
        /// Who.
        claim: u64,
        /// Until when.
        lease_until: Timestamp,
    },
    /// Sending ended.
    Answered {
        /// Who sent.
        claim: u64,
        /// How it ended.
        answer: Answer,
    },
    /// Somebody starts to ask; nobody else should until then.
    Asking {
        /// Until when.
        until: Timestamp,
    },
    /// Asking ended.
    LookedUp {
        /// Until when whoever asked was alone in asking: tells one asking from another.
        until: Timestamp,
        /// What came of it.
        found: Found,
    },
    /// The lease is over: whoever was sending is gone or slow.
    LeaseOver,
    /// It is not to leave any more.
    Stopped(Refused),
    /// It was taken back before anybody had taken it.
    TakenBack,
    /// The ledger is an old copy: what it says has not left may have left.
    Doubted,
}
