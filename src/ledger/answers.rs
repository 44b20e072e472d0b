//! Results that say which order they answer, put to the order's round or before a person.

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::types::Value;
use rusqlite::{Connection, params};

use super::episodes::day;
use super::outbox_row::{OutboxRow, select, select_one};
use super::{Ledger, LedgerError, episodes, sql, tasks};
use crate::delivery::{Delivery, TaskCode};
use crate::orders::{Action, OrderKey};
use crate::pathway::Event;
use crate::profile::ResidentId;

/// How an order for a test stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderStanding {
    /// Its result is waited for.
    Waiting,
    /// Nobody waits for its result any more: its round was handed to a person, or is over.
    GivenUp,
    /// A result of it has come.
    Answered {
        /// The day of its sample.
        sampled_on: Date,
    },
}

/// An order for a test that has left, or may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOrder {
    /// Its number in the outbox.
    pub number: i64,
    /// Its key: its identifier at the other side.
    pub key: OrderKey,
    /// What the other side called it when it took it.
    pub reference: Option<String>,
    /// For whom.
    pub resident: ResidentId,
    /// The test, by its name in the rules.
    pub test: String,
    /// How it stands.
    pub standing: OrderStanding,
}

/// A result that names an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Answer {
    /// The order's number in the outbox.
    pub order: i64,
    /// The day of the pull.
    pub on: Date,
    /// What it says.
    pub says: Answered,
}

/// What a result says about the order that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answered {
    /// It is of the ordered test.
    Result {
        /// The day of the sample.
        sampled_on: Date,
    },
    /// It yields nothing about the ordered test: another code, or a value that is not understood.
    NotUnderstood,
    /// It is about somebody else than the order.
    OfAnother(ResidentId),
}

/// Puts what results say about the orders that they name to the rounds, where it fits, and the rest
/// before a person, once for each order.
pub(super) fn add(
    connection: &Connection,
    answers: &[Answer],
    now: Timestamp,
) -> Result<(), LedgerError> {
    for Answer { order, on, says } in answers {
        let row = select_one(connection, *order)?;
        match says {
            Answered::Result { sampled_on } => {
                received(connection, &row, *sampled_on, (now, *on))?;
            }
            // A test can have several results of which one is the ordered one; results come sorted first.
            Answered::NotUnderstood => {
                if !is_answered(connection, *order)? {
                    let code = TaskCode::ResultNotUnderstood;
                    ask(connection, &row, row.order.resident, code, *on)?;
                }
            }
            Answered::OfAnother(resident) => {
                ask(connection, &row, *resident, TaskCode::ResultOfAnother, *on)?;
            }
        }
    }
    Ok(())
}

/// Ends the waiting of the order's round for this test, if it still waits.
fn received(
    connection: &Connection,
    row: &OutboxRow,
    sampled_on: Date,
    (now, on): (Timestamp, Date),
) -> Result<(), LedgerError> {
    let Action::Laboratory { test } = &row.order.action else {
        return Ok(());
    };
    let test = test.clone();
    let event = Event::ResultReceived {
        on,
        test,
        sampled_on,
    };
    let events = [(row.order.round, event)];
    let at = now.as_microsecond();
    episodes::add_events(connection, row.order.resident, &events, None, at)?;
    tasks::close(connection, row.id, TaskCode::ResultNotUnderstood, now)
}

/// Rows of the outbox whose test has a result.
pub(super) const ANSWERED: &str = "EXISTS (
    SELECT 1 FROM episode_event e
    WHERE e.resident = outbox.resident AND e.round = outbox.round
      AND e.kind = 'result-received' AND 'laboratory:' || e.tests = outbox.action)";

fn is_answered(connection: &Connection, order: i64) -> Result<bool, LedgerError> {
    connection
        .prepare_cached(&format!("SELECT {ANSWERED} FROM outbox WHERE id = ?1"))
        .and_then(|mut statement| statement.query_row([order], |found| found.get(0)))
        .map_err(sql("cannot read results of orders"))
}

/// Opens a task about an order unless there was one before: the same line comes again with every export.
fn ask(
    connection: &Connection,
    row: &OutboxRow,
    resident: ResidentId,
    code: TaskCode,
    today: Date,
) -> Result<(), LedgerError> {
    let was_asked: bool = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM task WHERE outbox = ?1 AND code = ?2)")
        .and_then(|mut statement| {
            statement.query_row(params![row.id, code.name()], |found| found.get(0))
        })
        .map_err(sql("cannot read tasks"))?;
    if was_asked {
        return Ok(());
    }
    tasks::open_for_order(connection, (resident, row.order.due), row.id, code, today)
}

impl Ledger {
    /// Every order for a test that has left or may have, and how it stands.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn left_orders(&self) -> Result<Vec<LeftOrder>, LedgerError> {
        let rows = select(
            &self.connection,
            "WHERE action LIKE 'laboratory:%' AND state <> 'planned' ORDER BY id",
            &[] as &[Value],
        )?;
        let mut orders = Vec::with_capacity(rows.len());
        for row in rows {
            let key = row.order.key();
            let Action::Laboratory { test } = &row.order.action else {
                continue;
            };
            orders.push(LeftOrder {
                number: row.id,
                key,
                standing: standing(&self.connection, &row, test)?,
                resident: row.order.resident,
                test: test.clone(),
                reference: match row.delivery {
                    Delivery::Acknowledged { reference } => reference,
                    Delivery::Planned { .. }
                    | Delivery::Sending { .. }
                    | Delivery::Refused { .. }
                    | Delivery::Unknown { .. } => None,
                },
            });
        }
        Ok(orders)
    }
}

/// How an order stands, by the events of its resident's rounds. A round that has found what it looked for
/// still waits for the results of its other tests.
fn standing(
    connection: &Connection,
    row: &OutboxRow,
    test: &str,
) -> Result<OrderStanding, LedgerError> {
    let (answered, is_given_up): (Option<String>, bool) = connection
        .prepare_cached(
            "SELECT max(CASE WHEN round = ?2 AND kind = 'result-received' AND tests = ?3
                             THEN until END),
                    coalesce(max(?2 < round OR round = ?2 AND kind IN ('handed-over', 'left')), 0)
             FROM episode_event WHERE resident = ?1",
        )
        .and_then(|mut statement| {
            let of = params![row.order.resident.as_bytes(), row.order.round, test];
            statement.query_row(of, |found| Ok((found.get(0)?, found.get(1)?)))
        })
        .map_err(sql("cannot read results of orders"))?;
    Ok(match (answered, is_given_up) {
        (Some(sampled_on), _) => OrderStanding::Answered {
            sampled_on: day(&sampled_on)?,
        },
        (None, true) => OrderStanding::GivenUp,
        (None, false) => OrderStanding::Waiting,
    })
}
