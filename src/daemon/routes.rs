//! The open ways of one channel, and which of them an order takes.

use std::sync::atomic::{AtomicBool, Ordering};

use jiff::{SignedDuration, Timestamp};

use crate::channels::{OrderChannel, Placing, Writer};
use crate::delivery::{Answer, Found, Route, ServerNews, after};
use crate::fhir::Way;
use crate::ledger::{Addressee, NotExpressible, Written};
use crate::orders::{Action, Order};

/// When an order is looked at again whose way is not open here any more.
const NOT_OPEN: SignedDuration = SignedDuration::from_mins(5);

/// The open ways, in the order of the configuration.
pub(super) struct Routes {
    ways: Vec<OneWay>,
}

struct OneWay {
    channel: Box<dyn OrderChannel>,
    /// The other side has said that it takes nothing of ours this way, whatever its statement says.
    is_closed: AtomicBool,
}

impl Routes {
    pub(super) fn new(channels: Vec<Box<dyn OrderChannel>>) -> Self {
        let ways = channels.into_iter().map(|channel| OneWay {
            channel,
            is_closed: AtomicBool::new(false),
        });
        Self {
            ways: ways.collect(),
        }
    }

    fn open(&self) -> impl Iterator<Item = &OneWay> {
        let open = self.ways.iter();
        open.filter(|way| !way.is_closed.load(Ordering::SeqCst))
    }

    /// Whether the way needs the server of the channel.
    pub(super) fn is_at_server(way: Option<Route>) -> bool {
        way.is_none_or(|way| Way::of(way).is_some())
    }

    /// Whether any open way needs the server.
    pub(super) fn has_server(&self) -> bool {
        self.open()
            .any(|way| Self::is_at_server(Some(way.channel.route())))
    }

    /// The ways that were closed while the dispatcher ran.
    pub(super) fn closed(&self) -> impl Iterator<Item = Route> {
        let closed = self.ways.iter();
        let closed = closed.filter(|way| way.is_closed.load(Ordering::SeqCst));
        closed.map(|way| way.channel.route())
    }

    /// The channel of an order that has left, or is written already. Of one whose way the ledger does
    /// not know it is the only one there is.
    fn of(&self, way: Option<Route>) -> Option<&OneWay> {
        match (way, &self.ways[..]) {
            (Some(way), ways) => ways.iter().find(|one| one.channel.route() == way),
            (None, [one]) => Some(one),
            (None, _) => None,
        }
    }

    /// An order in the words of the first open way that takes it, or of the only one that it may take.
    pub(super) fn author(
        &self,
        writer: Writer<'_>,
        order: &Order,
        to: Addressee<'_>,
    ) -> Result<Written, NotExpressible> {
        let written = |one: &OneWay| {
            let bytes = one.channel.author(writer, order, to)?;
            Ok(Written {
                way: one.channel.route(),
                bytes,
            })
        };
        match to.way {
            Some(_) => written(self.of(to.way).ok_or(NotExpressible)?),
            // What is taken back left by one of several ways, and nobody knows which: a person finds out.
            None if matches!(order.action, Action::Cancel { .. }) && 1 < self.ways.len() => {
                Err(NotExpressible)
            }
            None => self
                .open()
                .find_map(|one| written(one).ok())
                .ok_or(NotExpressible),
        }
    }

    pub(super) async fn ready(&self, way: Option<Route>) {
        if let Some(one) = self.of(way) {
            one.channel.ready().await;
        }
    }

    /// Sends an order by its way. When that turns out to be closed and another is open, the order goes
    /// back into the outbox for it; when none is, it waits.
    pub(super) async fn send(
        &self,
        way: Option<Route>,
        placing: Placing<'_>,
        may_go_on: &(dyn Fn() -> bool + Sync),
        now: Timestamp,
    ) -> (Answer, ServerNews) {
        let Some(one) = self.of(way) else {
            let retry_at = after(now, NOT_OPEN);
            return (Answer::NotSent { retry_at }, ServerNews::NotAsked);
        };
        // What takes an order back goes where that order went, and nowhere else.
        let is_cancel = matches!(placing.order.action, Action::Cancel { .. });
        let (answer, server) = one.channel.send(placing, may_go_on).await;
        let Answer::Closed { retry_at } = answer else {
            return (answer, server);
        };
        if is_cancel {
            return (Answer::Later { retry_at }, server);
        }
        let route = one.channel.route();
        let has_other = self.open().any(|other| other.channel.route() != route);
        if has_other {
            one.is_closed.store(true, Ordering::SeqCst);
            return (Answer::Closed { retry_at }, server);
        }
        (Answer::Later { retry_at }, ServerNews::Wait(retry_at))
    }

    /// Asks whether an order is there. Of one whose way the ledger does not know, as after an old copy
    /// was put back, every way is asked: it is nowhere only when it is nowhere at all.
    pub(super) async fn look_up(
        &self,
        way: Option<Route>,
        placing: Placing<'_>,
        now: Timestamp,
    ) -> (Found, ServerNews) {
        if let Some(one) = self.of(way) {
            return one.channel.look_up(placing).await;
        }
        let not_told = Found::NotTold {
            retry_at: after(now, NOT_OPEN),
        };
        if way.is_some() {
            return (not_told, ServerNews::NotAsked);
        }
        let mut nowhere = (Found::Nothing, ServerNews::NotAsked);
        for one in &self.ways {
            let (found, server) = one.channel.look_up(placing).await;
            match found {
                Found::Nothing if nowhere.0 == Found::Nothing => nowhere.1 = server,
                Found::Nothing => {}
                Found::One { .. }
                | Found::Several { .. }
                | Found::Awaited { .. }
                | Found::NotTaken
                | Found::Returned => return (found, server),
                Found::NotTold { .. } => nowhere = (found, server),
            }
        }
        nowhere
    }
}
