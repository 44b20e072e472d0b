//! Order channels: by whichever way an order leaves, the dispatcher sees one trait.
//!
//! # What lives here
//!
//! [`OrderChannel`], what every way can be asked to do, and the ways: FHIR (through `fhir`), a signed
//! file for the record's own bulk ordering (`list`), one for the people who reach residents without a
//! portal (`outreach`), HL7 v2 by listener or file (`hl7v2`), and the
//! worklist on which a professional places the order by hand (`worklist`).
//!
//! # How the data flows
//!
//! Configuration and the server's statement → [`open`] → channels in their order, and why the others
//! are not open. An order is written by the first that takes it, sent, and looked up by the same.
//!
//! # Invariants
//!
//! * A channel never sends by itself again what it has sent: that is `delivery`'s to decide.
//! * Under one key a channel has one effect, or says that it does not know.
//! * Looking up changes nothing at the other side.
//!
//! # Example
//!
//! ```toml
//! [channel.laboratory]
//! way = ["service-request", "list", "worklist"]
//! server = "apotti"
//! ```
//!
//! # Why it is so
//!
//! Records differ in what they take: the one in Helsinki takes no order over FHIR from a program. A
//! trait and not an enum of ways in the dispatcher, since each way has an "is it there?" of its own,
//! and the dispatcher must treat the answers alike. The choice is made per order and written down
//! with it, since two ways for one order would be two blood samples.

mod fhir_way;
mod handover;
mod hl7v2;
mod list;
mod outreach;
mod worklist;

pub use list::returned;
pub use outreach::call_off;

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use crate::approval::KeyError;
use crate::config::Channel;
use crate::delivery::{Answer, Found, ReadBack, Route, ServerNews};
use crate::fhir::{ChannelError, ChannelOptions, FhirChannel, Lacking, Way, somebody_takes};
use crate::ledger::{Addressee, NotExpressible};
use crate::orders::{Action, ActionKind, Keep, Order, OrderKey};
use crate::rulebook::{LaboratoryId, OrderCode, Rulebook};

/// What is still to come of a question to a channel.
pub type Coming<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// An order on its way. Holds what a resident reads: no `Debug`.
#[derive(Clone, Copy)]
pub struct Placing<'a> {
    /// The order.
    pub order: &'a Order,
    /// What the other side calls the resident.
    pub patient_id: &'a str,
    /// What leaves; empty for a look-up.
    pub bytes: &'a [u8],
    /// Whether it was handed over and waits to be taken.
    pub is_awaited: bool,
    /// The way by which it left, or may have; nothing where the ledger does not know it.
    pub way: Option<Route>,
}

/// What a channel needs to write orders with.
#[derive(Clone, Copy)]
pub struct Writer<'a> {
    /// The rules: codes and texts.
    pub rulebook: &'a Rulebook,
    /// How the channel is configured.
    pub channel: &'a Channel,
    /// Today.
    pub on: Date,
    /// Whether it is a trial without people.
    pub is_trial: bool,
}

impl Writer<'_> {
    fn laboratory(&self) -> Option<LaboratoryId> {
        self.channel.laboratory(self.rulebook)
    }
}

/// A way by which orders leave.
pub trait OrderChannel: Send + Sync {
    /// Which one.
    fn route(&self) -> Route;

    /// An order in this way's words.
    ///
    /// # Errors
    ///
    /// [`NotExpressible`] when it has none for it.
    fn author(
        &self,
        writer: Writer<'_>,
        order: &Order,
        to: Addressee<'_>,
    ) -> Result<Vec<u8>, NotExpressible>;

    /// Gets what a request needs beforehand. A failure shows itself when the request is made.
    fn ready(&self) -> Coming<'_, ()> {
        Box::pin(async {})
    }

    /// Sends an order once. What takes several steps goes on as long as `may_go_on` says so.
    fn send<'a>(
        &'a self,
        placing: Placing<'a>,
        may_go_on: &'a (dyn Fn() -> bool + Sync),
    ) -> Coming<'a, (Answer, ServerNews)>;

    /// Asks whether an order is there; changes nothing.
    fn look_up<'a>(&'a self, placing: Placing<'a>) -> Coming<'a, (Found, ServerNews)>;
}

/// Why no order of a channel can leave.
#[derive(Debug, thiserror::Error)]
pub enum NotOpen {
    /// FHIR: nothing is declared, or the server cannot be asked.
    #[error(transparent)]
    Fhir(#[from] ChannelError),
    /// The key that signs files.
    #[error("files of orders cannot be signed")]
    Key(#[from] KeyError),
    /// A folder.
    #[error("cannot read `{path}`")]
    Folder {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// The ways of a channel that are open.
pub struct Opened {
    /// In the order of the configuration.
    pub channels: Vec<Box<dyn OrderChannel>>,
    /// Ways that the configuration names and the server does not declare, with what it lacks.
    pub lacking: Lacking,
}

/// Opens the ways of a channel: those of FHIR as the server's statement says, the others as configured.
///
/// # Errors
///
/// [`NotOpen`] when no way is open, or one that should be is not.
pub async fn open(
    kind: ActionKind,
    channel: &Channel,
    now: fn() -> Timestamp,
) -> Result<Opened, NotOpen> {
    let (fhir, lacking) = fhir_ways(kind, channel, now).await?;
    let mut fhir = fhir.into_iter().map(Some).collect::<Vec<_>>();
    let mut channels: Vec<Box<dyn OrderChannel>> = Vec::new();
    for route in &channel.routes {
        match route {
            Route::ServiceRequest
            | Route::Task
            | Route::Communication
            | Route::ScoreObservation => {
                let is_it = |open: &&mut Option<FhirChannel>| {
                    open.as_ref()
                        .is_some_and(|open| open.way().route() == *route)
                };
                if let Some(open) = fhir.iter_mut().find(is_it).and_then(Option::take) {
                    channels.push(Box::new(open));
                }
            }
            Route::List => {
                if let Some(settings) = &channel.list {
                    let open = list::ListChannel::open(&list::ORDERS, settings, now)?;
                    channels.push(Box::new(open));
                }
            }
            Route::Outreach => {
                if let Some(settings) = &channel.outreach {
                    let open = list::ListChannel::open(&outreach::OUTREACH, settings, now)?;
                    channels.push(Box::new(open));
                }
            }
            Route::Hl7v2 => {
                if let Some(settings) = &channel.hl7v2 {
                    let deadline = channel.terms.request_deadline;
                    let open = hl7v2::Hl7Channel::open(settings, deadline, now);
                    channels.push(Box::new(open));
                }
            }
            Route::Worklist => channels.push(Box::new(worklist::Worklist::open(now))),
        }
    }
    if channels.is_empty() {
        return Err(ChannelError::Lacks(lacking).into());
    }
    Ok(Opened { channels, lacking })
}

/// The ways of FHIR that are open, and what the server lacks for the others; nothing is asked where
/// the configuration names none.
///
/// # Errors
///
/// [`NotOpen::Fhir`].
///
/// # Panics
///
/// Never: credentials that do not go together were refused when the configuration was read.
pub async fn fhir_ways(
    kind: ActionKind,
    channel: &Channel,
    now: fn() -> Timestamp,
) -> Result<(Vec<FhirChannel>, Lacking), NotOpen> {
    let ways: Vec<Way> = channel.routes.iter().filter_map(|r| Way::of(*r)).collect();
    let Some(server) = channel.server.as_ref().filter(|_| !ways.is_empty()) else {
        return Ok((Vec::new(), Vec::new()));
    };
    let credentials = server.credentials();
    // What holds where no way says otherwise: whether the server is ever asked.
    let mut fhir = channel
        .routes
        .iter()
        .filter(|route| Way::of(**route).is_some());
    let reads_back =
        fhir.all(|route| channel.terms.policy_of(Some(*route)).read_back == ReadBack::Possible);
    let options = ChannelOptions {
        base: server.base.clone(),
        credentials: credentials.expect("checked when the configuration was read"),
        request_deadline: Duration::from_secs_f64(server.request_deadline_seconds),
        longest_pause: SignedDuration::from_secs(i64::from(server.longest_pause_seconds)),
        ways,
        is_first_only: channel.is_first_only,
        reads_back,
    };
    let (open, lacking) = FhirChannel::open(&options, now).await?;
    for way in &open {
        somebody_takes(kind, way.way(), &channel.to)?;
    }
    Ok((open, lacking))
}

/// The key of the order that another one takes back, and how many are to stay; `None` for an order
/// that takes nothing back.
fn taken_back(order: &Order) -> Option<(OrderKey, Keep)> {
    order
        .taken_back()
        .map(|(placed, keep)| (placed.key(), keep))
}

/// The codes under which the test of an order is ordered at the writer's laboratory.
fn codes_of<'r>(writer: Writer<'r>, order: &Order) -> Result<&'r [OrderCode], NotExpressible> {
    let rulebook = writer.rulebook;
    let test = test_of(order).and_then(|test| rulebook.catalogue.find(test));
    let codes = &rulebook.order_codes;
    Ok(codes.of(test.ok_or(NotExpressible)?, writer.laboratory()))
}

/// A test that is ordered or taken back.
fn test_of(order: &Order) -> Option<&str> {
    match &order.action {
        Action::Laboratory { test } | Action::Cancel { test, .. } => Some(test),
        Action::Questionnaire
        | Action::RemindQuestionnaire
        | Action::RemindLaboratory
        | Action::Message { .. }
        | Action::Contact { .. } => None,
    }
}
