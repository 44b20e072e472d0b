//! What a dispatcher is given, what it reports, and why it ends early.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tokio::sync::watch::Receiver;

use crate::approval::Signature;
use crate::channels::NotOpen;
use crate::config::{Config, ConfigError, NoEffects};
use crate::delivery::{Answer, DeliveryEvent, Outcome};
use crate::fhir::ChannelError;
use crate::rulebook::Rulebook;
use crate::steps::{AskingReport, StepError};

/// How long to dispatch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duration {
    /// Until nothing is due.
    Once,
    /// For so long.
    For(SignedDuration),
    /// Until this instant.
    Until(Timestamp),
}

/// What a dispatcher needs.
#[derive(Clone)]
pub struct DispatchOptions {
    /// The data folder.
    pub root: PathBuf,
    /// The rules: residents are decided about again before an order leaves.
    pub rulebook: Rulebook,
    /// The signature that lies beside them.
    pub signature: Option<Signature>,
    /// Whom to talk to.
    pub config: Config,
    /// How long.
    pub duration: Duration,
    /// Turns true when nothing new is to be begun; nobody says so where there is none.
    pub end: Option<Receiver<bool>>,
}

/// Why dispatching ended early.
#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    /// A step failed.
    #[error(transparent)]
    Step(#[from] StepError),
    /// No order may leave this way.
    #[error(transparent)]
    Channel(#[from] NotOpen),
    /// A server could not be asked for what it has.
    #[error(transparent)]
    Asking(#[from] ChannelError),
    /// The configuration names no channel.
    #[error("the configuration names no channel: there is nothing to dispatch to")]
    NoChannel,
    /// The runtime could not be started.
    #[error("cannot start the runtime")]
    Runtime(#[source] std::io::Error),
    /// Those who reach residents without a portal could not be told whom to reach no more.
    #[error("cannot write down which letters and calls are called off")]
    CalledOff(#[source] std::io::Error),
    /// The folder in which people say what became of letters and calls.
    #[error("cannot read what came back of a list")]
    CameBack(#[source] std::io::Error),
    /// A defect of the program.
    #[error("a part of the dispatcher broke down; what was under way is asked about by the next")]
    Broke(#[source] tokio::task::JoinError),
    /// The configuration does not fit the folder.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

impl From<NoEffects> for DispatchError {
    fn from(error: NoEffects) -> Self {
        Self::Step(error.into())
    }
}

/// What a dispatcher did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DispatchReport {
    /// Requests that were to place or take back an order.
    pub sent: u64,
    /// Of these, accepted.
    pub accepted: u64,
    /// Of these, handed over to be taken: in a file, or as a task.
    pub handed_over: u64,
    /// Of these, turned down.
    pub turned_down: u64,
    /// Of these, "not now", or never left.
    pub later: u64,
    /// Of these, without a clear answer.
    pub without_answer: u64,
    /// Times the other side was asked whether it has an order.
    pub looked_up: u64,
    /// Ways that a server declares and yet refused to take anything by, with their channel: another
    /// one was taken.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub closed: Vec<String>,
    /// Why nothing is sent, when it is not.
    pub held: Option<String>,
    /// Who waits for their turn to be asked, where the rules do not let all be asked at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asking: Option<AskingReport>,
    /// Rows of the outbox by state, afterwards.
    pub outbox: BTreeMap<String, u64>,
}

impl DispatchReport {
    pub(super) fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.accepted += other.accepted;
        self.handed_over += other.handed_over;
        self.turned_down += other.turned_down;
        self.later += other.later;
        self.without_answer += other.without_answer;
        self.looked_up += other.looked_up;
    }

    pub(super) fn count(&mut self, outcome: &Outcome) {
        match &outcome.event {
            DeliveryEvent::Answered { answer, .. } => {
                self.sent += 1;
                match answer {
                    Answer::Accepted { .. } => self.accepted += 1,
                    Answer::HandedOver { .. } => self.handed_over += 1,
                    Answer::TurnedDown(_) | Answer::NotTaken => self.turned_down += 1,
                    Answer::Later { .. } | Answer::NotSent { .. } | Answer::Closed { .. } => {
                        self.later += 1;
                    }
                    Answer::Several | Answer::Silence => self.without_answer += 1,
                }
            }
            DeliveryEvent::LookedUp { .. } => self.looked_up += 1,
            DeliveryEvent::Claimed { .. }
            | DeliveryEvent::Asking { .. }
            | DeliveryEvent::LeaseOver
            | DeliveryEvent::Stopped(_)
            | DeliveryEvent::TakenBack
            | DeliveryEvent::Doubted => {}
        }
    }
}
