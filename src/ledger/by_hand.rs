//! Orders that people place by hand: their tasks, in the transaction that changes the order's row.

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::Connection;

use super::outbox::change;
use super::outbox_row::{OutboxRow, select_order};
use super::{ChannelTerms, LedgerError, tasks};
use crate::delivery::{Delivery, DeliveryEvent, TaskCode};
use crate::orders::{Action, Order};

/// What a change of a row means on the worklist: whoever places orders by hand finds a task there
/// as long as it is to be done. One transaction with the row, so a task is never there twice.
pub(super) fn changed(
    connection: &Connection,
    channel: &ChannelTerms,
    (now, today): (Timestamp, Date),
    row: &OutboxRow,
    after: &Delivery,
) -> Result<(), LedgerError> {
    match &row.order.action {
        Action::Laboratory { .. } => {
            if after.is_awaited() {
                // Whoever has closed it is not asked again at each look.
                if row.delivery.is_awaited() {
                    return Ok(());
                }
                let code = TaskCode::PlaceOrder;
                return tasks::open_for_delivery(connection, &row.order, row.id, code, today);
            }
            if after.is_settled() {
                tasks::close(connection, row.id, TaskCode::PlaceOrder, now)?;
            }
            Ok(())
        }
        Action::Cancel { test, .. } if matches!(after, Delivery::Acknowledged { .. }) => {
            let placed = Order {
                action: Action::Laboratory { test: test.clone() },
                ..row.order.clone()
            };
            let placed = select_order(connection, &placed)?;
            // Nobody has placed it yet: then nobody needs to.
            if placed.delivery.is_awaited() {
                let event = DeliveryEvent::TakenBack;
                return change(connection, channel, (now, today), &placed, &event, None).map(drop);
            }
            let code = TaskCode::TakeBackOrder;
            tasks::open_for_delivery(connection, &row.order, row.id, code, today)
        }
        Action::Cancel { .. }
        | Action::Questionnaire
        | Action::RemindQuestionnaire
        | Action::RemindLaboratory
        | Action::Message { .. }
        | Action::Contact { .. } => Ok(()),
    }
}
