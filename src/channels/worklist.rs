//! The worklist: a professional places the order by hand.
//!
//! The task is a row of the ledger, opened in the transaction that writes down the handing over, so
//! that it is there exactly once. Done it is when the record shows it: the result of the test, or
//! somebody's order of it.

use jiff::{SignedDuration, Timestamp};

use super::{Coming, OrderChannel, Placing, Writer, taken_back, test_of};
use crate::delivery::{Answer, Found, Route, ServerNews, after};
use crate::ledger::{Addressee, NotExpressible};
use crate::orders::{Action, Keep, Order};

/// Only a pull tells more; looking costs nothing and is seldom needed.
const LOOK: SignedDuration = SignedDuration::from_hours(1);

/// Orders that people place.
pub(super) struct Worklist {
    now: fn() -> Timestamp,
}

impl Worklist {
    pub(super) fn open(now: fn() -> Timestamp) -> Self {
        Self { now }
    }
}

impl OrderChannel for Worklist {
    fn route(&self) -> Route {
        Route::Worklist
    }

    fn author(
        &self,
        _: Writer<'_>,
        order: &Order,
        _: Addressee<'_>,
    ) -> Result<Vec<u8>, NotExpressible> {
        match (test_of(order), taken_back(order)) {
            // A task is there once: nothing is ever doubled.
            (None, _) | (_, Some((_, Keep::Oldest))) => Err(NotExpressible),
            (Some(_), None | Some((_, Keep::None))) => Ok(Vec::new()),
        }
    }

    fn send<'a>(
        &'a self,
        placing: Placing<'a>,
        _: &'a (dyn Fn() -> bool + Sync),
    ) -> Coming<'a, (Answer, ServerNews)> {
        let answer = match &placing.order.action {
            // Whoever places it is told by the ledger, or the task is closed again.
            Action::Cancel { .. } => Answer::Accepted { reference: None },
            Action::Laboratory { .. }
            | Action::Questionnaire
            | Action::RemindQuestionnaire
            | Action::RemindLaboratory
            | Action::Message { .. }
            | Action::Contact { .. } => Answer::HandedOver {
                look_at: after((self.now)(), LOOK),
            },
        };
        Box::pin(std::future::ready((answer, ServerNews::NotAsked)))
    }

    fn look_up<'a>(&'a self, placing: Placing<'a>) -> Coming<'a, (Found, ServerNews)> {
        let found = if placing.is_awaited {
            Found::Awaited {
                look_at: after((self.now)(), LOOK),
            }
        } else if placing.way.is_none() {
            // An old copy of the ledger has lost its tasks too: whether somebody placed it, a person finds out.
            Found::NotTold {
                retry_at: after((self.now)(), LOOK),
            }
        } else {
            // The task and the handing over are one transaction: without the one there is not the other.
            Found::Nothing
        };
        Box::pin(std::future::ready((found, ServerNews::NotAsked)))
    }
}
