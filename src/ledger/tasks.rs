//! Tasks: what a person has to look at.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use rusqlite::{Connection, OptionalExtension, Params, Row, params};

use super::episodes::day;
use super::handovers::{self, Holder, OF_TASK};
use super::{AuditAct, AuditEntry, Ledger, LedgerError, NewTask, audit, sql};
use crate::delivery::TaskCode;
use crate::orders::{Order, OrderKey};
use crate::profile::ResidentId;
use crate::rulebook::Priority;

/// Days within which somebody looks at an order that did not arrive, or may not have.
const DELIVERY_DAYS: i64 = 3;

/// Opens a task unless the same is open, or a person has closed it and the fact it rests on is the same;
/// says whether it was opened.
pub(super) fn open(
    connection: &Connection,
    task: &NewTask,
    outbox: Option<i64>,
    run: Option<u32>,
) -> Result<bool, LedgerError> {
    connection
        .prepare_cached(
            "INSERT INTO task (resident, code, outbox, priority, opened_on, due, run, about)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8
             WHERE NOT EXISTS (SELECT 1 FROM task
                               WHERE resident = ?1 AND code = ?2 AND about = ?8
                                 AND ?3 IS NULL AND outbox IS NULL AND closed_why IS NOT NULL)
             ON CONFLICT DO NOTHING",
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

/// Tasks that a run has opened, by code and urgency.
pub(super) fn opened_by_run(
    connection: &Connection,
    run: u32,
) -> Result<Vec<(String, Priority, u64)>, LedgerError> {
    let action = "cannot count tasks";
    let mut statement = connection
        .prepare_cached(
            "SELECT code, priority, count(*) FROM task WHERE run = ?1
             GROUP BY code, priority ORDER BY code, priority",
        )
        .map_err(sql(action))?;
    let rows = statement
        .query_map([run], |row| {
            Ok((row.get(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?))
        })
        .map_err(sql(action))?;
    rows.map(|row| {
        let (code, priority, n) = row.map_err(sql(action))?;
        Ok((code, urgency(&priority)?, n.cast_unsigned()))
    })
    .collect()
}

fn urgency(name: &str) -> Result<Priority, LedgerError> {
    let found = Priority::NAMES.iter().find(|(known, _)| *known == name);
    let wrong = || LedgerError::Content(format!("`{name}` is no priority of a task"));
    Ok(found.ok_or_else(wrong)?.1)
}

/// Opens a task about an order.
pub(super) fn open_for_delivery(
    connection: &Connection,
    order: &Order,
    outbox: i64,
    code: TaskCode,
    today: Date,
) -> Result<(), LedgerError> {
    open_for_order(connection, (order.resident, order.due), outbox, code, today)
}

/// Opens a task about an order that is due by a day, for whoever it is about.
pub(super) fn open_for_order(
    connection: &Connection,
    (resident, due): (ResidentId, Date),
    outbox: i64,
    code: TaskCode,
    today: Date,
) -> Result<(), LedgerError> {
    let task = NewTask {
        resident,
        code: code.name().to_owned(),
        priority: Priority::Soon,
        opened_on: today,
        // Sooner when the act itself was due sooner: a contact does not wait for a worklist.
        due: today
            .saturating_add(Span::new().days(DELIVERY_DAYS))
            .min(due)
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

/// An open task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenTask {
    /// Its number.
    pub id: u64,
    /// What there is to do, about whom, how soon.
    pub task: NewTask,
    /// The key of the order it is about, if any.
    pub order: Option<OrderKey>,
    /// Who has it in hand, when it was handed over.
    pub holder: Option<Holder>,
}

/// Why a task was not closed.
#[derive(Debug, thiserror::Error)]
pub enum NotClosed {
    /// There is none of this number.
    #[error(
        "no task here has the number {0}\nhint: `preventio tasks list` shows those that are open"
    )]
    Unknown(u64),
    /// Somebody was there before.
    #[error(
        "task {0} was closed already, by {1}\nhint: `preventio tasks list` shows those that are open"
    )]
    Closed(u64, String),
    /// The ledger said no.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

fn read(row: &Row<'_>) -> rusqlite::Result<Result<OpenTask, LedgerError>> {
    let id: i64 = row.get(0)?;
    let resident = ResidentId::from_bytes(row.get(1)?);
    let code = row.get(2)?;
    let key: Option<[u8; 16]> = row.get(3)?;
    let [priority, opened_on, due]: [String; 3] = [row.get(4)?, row.get(5)?, row.get(6)?];
    let about: Option<String> = row.get(7)?;
    let holder = handovers::holder(row, (8, 9))?;
    let task = || {
        Ok(OpenTask {
            id: id.cast_unsigned(),
            task: NewTask {
                resident,
                code,
                priority: urgency(&priority)?,
                opened_on: day(&opened_on)?,
                due: day(&due)?,
                about: about.as_deref().map(day).transpose()?,
            },
            order: key.map(OrderKey::from_bytes),
            holder,
        })
    };
    Ok(task())
}

/// Puts on record who closed a task.
fn audit_closed(
    transaction: &Connection,
    task: i64,
    by: &str,
    now: Timestamp,
) -> Result<(), LedgerError> {
    let about: [u8; 16] = transaction
        .query_row("SELECT resident FROM task WHERE id = ?1", [task], |row| {
            row.get(0)
        })
        .map_err(sql("cannot read tasks"))?;
    let entry = AuditEntry {
        who: by,
        act: AuditAct::ClosedTask,
        about: Some(ResidentId::from_bytes(about)),
        detail: &task.to_string(),
    };
    audit::add(transaction, now, &entry)
}

impl Ledger {
    /// Tasks that are open: what cannot wait a day first, then by the day until when somebody should
    /// have looked.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn tasks(&self) -> Result<Vec<OpenTask>, LedgerError> {
        self.open_where("", [])
    }

    /// The same about one resident.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn tasks_about(&self, resident: ResidentId) -> Result<Vec<OpenTask>, LedgerError> {
        self.open_where("AND t.resident = ?1", [resident.as_bytes()])
    }

    fn open_where(&self, whose: &str, values: impl Params) -> Result<Vec<OpenTask>, LedgerError> {
        let action = "cannot read tasks";
        let mut statement = self
            .connection
            .prepare(&format!(
                "SELECT t.id, t.resident, t.code, o.key, t.priority, t.opened_on, t.due, t.about,
                        h.person, h.role
                 FROM task AS t LEFT JOIN outbox AS o ON o.id = t.outbox {OF_TASK}
                 WHERE t.closed_at IS NULL {whose}"
            ))
            .map_err(sql(action))?;
        let rows = statement.query_map(values, read).map_err(sql(action))?;
        let tasks = rows.map(|row| row.map_err(sql(action))?);
        let mut tasks = tasks.collect::<Result<Vec<OpenTask>, LedgerError>>()?;
        tasks.sort_by_key(|open| {
            let waits = open.task.priority != Priority::SameDay;
            (waits, open.task.due, open.task.priority, open.id)
        });
        Ok(tasks)
    }

    /// Closes tasks, all of them or none: a person has done what there was to do, and says what came of it.
    ///
    /// # Errors
    ///
    /// [`NotClosed`] names the first task that cannot be closed.
    pub fn close_tasks(&mut self, ids: &[u64], by: &str, why: &str) -> Result<(), NotClosed> {
        let action = "cannot close tasks";
        let clock = self.clock.clone();
        let transaction = self.begin(action)?;
        let now = clock.now(&transaction)?;
        for id in ids {
            let row = i64::try_from(*id).map_err(|_| NotClosed::Unknown(*id))?;
            let n = transaction
                .execute(
                    "UPDATE task SET closed_at = ?2, closed_by = ?3, closed_why = ?4
                     WHERE id = ?1 AND closed_at IS NULL",
                    params![row, now.as_microsecond(), by, why],
                )
                .map_err(sql(action))?;
            if n == 1 {
                audit_closed(&transaction, row, by, now)?;
                continue;
            }
            let closed = transaction
                .query_row("SELECT closed_by FROM task WHERE id = ?1", [row], |row| {
                    row.get::<_, Option<String>>(0)
                })
                .optional()
                .map_err(sql(action))?;
            return Err(match closed {
                None => NotClosed::Unknown(*id),
                Some(by) => NotClosed::Closed(*id, by.unwrap_or_default()),
            });
        }
        transaction.commit().map_err(sql(action))?;
        Ok(())
    }

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

    /// Every task that was ever opened, by resident and code.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn tasks_ever(&self) -> Result<HashSet<(ResidentId, String)>, LedgerError> {
        let action = "cannot read tasks";
        let mut statement = self
            .connection
            .prepare("SELECT DISTINCT resident, code FROM task")
            .map_err(sql(action))?;
        let rows = statement.query_map([], |row| {
            Ok((ResidentId::from_bytes(row.get(0)?), row.get(1)?))
        });
        rows.and_then(Iterator::collect).map_err(sql(action))
    }

    /// Every task that was ever opened, by code and day, in the order of opening.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn tasks_opened(&self) -> Result<Vec<(String, Date)>, LedgerError> {
        let action = "cannot read tasks";
        let mut statement = self
            .connection
            .prepare("SELECT code, opened_on FROM task ORDER BY id")
            .map_err(sql(action))?;
        let rows = statement
            .query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))
            .map_err(sql(action))?;
        let opened = rows.map(|row| {
            let (code, opened_on) = row.map_err(sql(action))?;
            Ok((code, day(&opened_on)?))
        });
        opened.collect()
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
