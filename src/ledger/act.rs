//! Acting: what a run's decisions ask of the world, in the transaction that records the run.

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::types::Value;
use rusqlite::{Connection, Transaction};

use super::answers::ANSWERED;
use super::asking::waiting;
use super::outbox::{cancel_order, change};
use super::outbox_row::{insert, select, select_order};
use super::{ActCommit, Acted, ChannelTerms, LedgerError, NewTask, episodes, sql, tasks};
use crate::delivery::{Delivery, DeliveryEvent};
use crate::orders::{Action, ActionKind, Intent, Keep, Order};
use crate::pathway::{Conclusion, Stage};
use crate::profile::ResidentId;
use crate::rulebook::Priority;

pub(super) fn act(
    transaction: &Transaction<'_>,
    commit: &ActCommit,
    run: u32,
    now: Timestamp,
    today: Date,
) -> Result<Acted, LedgerError> {
    let mut acted = Acted::default();
    let is_restored: bool = transaction
        .query_row("SELECT restored FROM epoch", [], |row| row.get(0))
        .map_err(sql("cannot read the epoch"))?;
    let planning = Planning {
        connection: transaction,
        commit,
        run,
        now,
        is_restored,
        today,
    };
    for (resident, intent) in &commit.intents {
        planning.intent(*resident, intent, &mut acted)?;
    }
    for task in &commit.tasks {
        acted.tasks += u64::from(tasks::open(transaction, task, None, Some(run))?);
    }
    acted.cancelled = planning.cancellations(today)?;
    acted.asking = Some(waiting(transaction, today)?);
    Ok(acted)
}

struct Planning<'a> {
    connection: &'a Connection,
    commit: &'a ActCommit,
    run: u32,
    now: Timestamp,
    /// Whether this ledger was once an old copy: then what seems new may have been sent.
    is_restored: bool,
    today: Date,
}

impl Planning<'_> {
    fn channel(&self, kind: ActionKind) -> Option<&ChannelTerms> {
        let mut channels = self.commit.channels.iter();
        channels
            .find(|(of, _)| *of == kind)
            .map(|(_, channel)| channel)
    }

    /// All of an intent or nothing: its events must fit where the episode stands now.
    fn intent(
        &self,
        resident: ResidentId,
        intent: &Intent,
        acted: &mut Acted,
    ) -> Result<(), LedgerError> {
        // A dispatcher may have moved the round on since the run read it.
        let (run, at) = (Some(self.run), self.now.as_microsecond());
        if !episodes::add_events(self.connection, resident, &intent.events, run, at)? {
            acted.moved_on += 1;
            return Ok(());
        }
        for order in &intent.orders {
            if self.plan(order)? {
                acted.planned += 1;
            } else {
                acted.repeated += 1;
                // The round has told this before, and it has become true again: a person tells it.
                if matches!(
                    order.action,
                    Action::Message { .. } | Action::Contact { .. }
                ) {
                    let task = NewTask {
                        resident,
                        code: order.action.name(),
                        priority: Priority::Soon,
                        opened_on: self.today,
                        due: order.send_by,
                        about: Some(order.decided_on),
                    };
                    let opened = tasks::open(self.connection, &task, None, Some(self.run))?;
                    acted.tasks += u64::from(opened);
                }
            }
        }
        Ok(())
    }

    fn plan(&self, order: &Order) -> Result<bool, LedgerError> {
        let Some(channel) = self.channel(order.action.kind()) else {
            return Err(LedgerError::Content(format!(
                "no channel takes `{}`",
                order.action.name()
            )));
        };
        let planned = Delivery::planned(self.now);
        let added = insert(
            self.connection,
            order,
            &channel.name,
            &planned,
            Some(self.run),
        )?;
        if added && self.is_restored {
            self.changes(channel, order, &DeliveryEvent::Doubted)?;
        }
        Ok(added)
    }

    /// Applies an event to an order's row, with all that it means for the episode and for people.
    fn changes(
        &self,
        channel: &ChannelTerms,
        order: &Order,
        event: &DeliveryEvent,
    ) -> Result<(), LedgerError> {
        let row = select_order(self.connection, order)?;
        let when = (self.now, self.today);
        change(self.connection, channel, when, &row, event, None).map(drop)
    }

    /// Plans to take back what was delivered for rounds that ended without need of it, unless its
    /// result is there.
    fn cancellations(&self, today: Date) -> Result<u64, LedgerError> {
        let Some(channel) = self.channel(ActionKind::Laboratory) else {
            return Ok(0);
        };
        let delivered = select(
            self.connection,
            &format!("WHERE (state = 'acknowledged' OR awaited) AND action LIKE 'laboratory:%' AND EXISTS (
                 SELECT 1 FROM episode_event e
                 WHERE e.resident = outbox.resident AND e.round = outbox.round
                   AND (e.kind = 'left' OR (e.kind = 'not-delivered' AND e.detail = 'withdrawn')))
             AND NOT {ANSWERED} ORDER BY id"),
            &[] as &[Value],
        )?;
        let mut n = 0;
        for row in delivered {
            let Action::Laboratory { test } = &row.order.action else {
                continue;
            };
            let (resident, round) = (row.order.resident, row.order.round);
            let episode = episodes::episode_of(self.connection, resident, Some(round), None)?;
            let is_over = episode.is_some_and(|episode| match episode.stage {
                Stage::Closed { conclusion, .. } => match conclusion {
                    Conclusion::Left(_) | Conclusion::Withdrawn => true,
                    Conclusion::Normal | Conclusion::BelowLevel | Conclusion::Recalled => false,
                },
                Stage::Eligible
                | Stage::Queued { .. }
                | Stage::Asked { .. }
                | Stage::Ordered { .. }
                | Stage::Confirming { .. }
                | Stage::OfferedPrevention { .. }
                | Stage::WithANurse { .. } => false,
            });
            if is_over {
                let cancel = cancel_order(&row.order, test, Keep::None, today);
                let planned = Delivery::planned(self.now);
                let run = Some(self.run);
                let added = insert(self.connection, &cancel, &channel.name, &planned, run)?;
                n += u64::from(added);
            }
        }
        Ok(n)
    }
}
