//! Tasks: what a person has to look at.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use rusqlite::{Connection, params};

use super::{Ledger, LedgerError, NewTask, sql};
use crate::delivery::TaskCode;
use crate::orders::Order;
use crate::rulebook::Priority;

/// Days within which somebody looks at an order that did not arrive, or may not have.
const DELIVERY_DAYS: i64 = 3;

/// Opens a task unless the same is open; says whether it was opened.
pub(super) fn open(
    connection: &Connection,
    task: &NewTask,
    outbox: Option<i64>,
    run: Option<u32>,
) -> Result<bool, LedgerError> {
    connection
        .prepare_cached(
            "INSERT INTO task (resident, code, outbox, priority, opened_on, due, run, about)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                task.resident.as_bytes(),
                task.code,
                outbox,
                task.priority.name(),
                task.opened_on.to_string(),
                task.due.to_string(),
                run,
                task.about.map(|day| day.to_string())
            ])
        })
        .map(|n| n == 1)
        .map_err(sql("cannot open a task"))
}

/// Opens a task about an order.
pub(super) fn open_for_delivery(
    connection: &Connection,
    order: &Order,
    outbox: i64,
    code: TaskCode,
    today: Date,
) -> Result<(), LedgerError> {
    let task = NewTask {
        resident: order.resident,
        code: code.name().to_owned(),
        priority: Priority::Soon,
        opened_on: today,
        // Sooner when the act itself was due sooner: a contact does not wait for a worklist.
        due: today
            .saturating_add(Span::new().days(DELIVERY_DAYS))
            .min(order.due)
            .max(today),
        about: None,
    };
    open(connection, &task, Some(outbox), None).map(drop)
}

/// Closes a task about an order: what it asked for has happened, or is not to.
pub(super) fn close(
    connection: &Connection,
    outbox: i64,
    code: TaskCode,
    now: Timestamp,
) -> Result<(), LedgerError> {
    connection
        .prepare_cached(
            "UPDATE task SET closed_at = ?3, closed_by = 'the program'
             WHERE outbox = ?1 AND code = ?2 AND closed_at IS NULL",
        )
        .and_then(|mut statement| {
            statement.execute(params![outbox, code.name(), now.as_microsecond()])
        })
        .map(drop)
        .map_err(sql("cannot close a task"))
}

impl Ledger {
    /// Open tasks, counted by code.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn open_tasks(&self) -> Result<BTreeMap<String, u64>, LedgerError> {
        let action = "cannot read tasks";
        let mut statement = self
            .connection
            .prepare("SELECT code, count(*) FROM task WHERE closed_at IS NULL GROUP BY code")
            .map_err(sql(action))?;
        let rows = statement.query_map([], |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned()))
        });
        rows.and_then(Iterator::collect).map_err(sql(action))
    }

    /// The orders with an open task about their delivery, by number in the outbox.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn orders_with_a_person(&self) -> Result<Vec<i64>, LedgerError> {
        let action = "cannot read tasks";
        let mut statement = self
            .connection
            .prepare(
                "SELECT DISTINCT outbox FROM task
                 WHERE closed_at IS NULL AND outbox IS NOT NULL ORDER BY outbox",
            )
            .map_err(sql(action))?;
        let rows = statement.query_map([], |row| row.get(0));
        rows.and_then(Iterator::collect).map_err(sql(action))
    }

    /// The orders of which a person has seen that they are there more than once, by number in the
    /// outbox.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn doubles_seen_to(&self) -> Result<BTreeSet<i64>, LedgerError> {
        let action = "cannot read tasks";
        let mut statement = self
            .connection
            .prepare(
                "SELECT DISTINCT outbox FROM task
                 WHERE closed_at IS NOT NULL AND outbox IS NOT NULL AND code = ?1",
            )
            .map_err(sql(action))?;
        let code = TaskCode::DeliveryDoubled.name();
        let rows = statement.query_map([code], |row| row.get(0));
        rows.and_then(Iterator::collect).map_err(sql(action))
    }
}
