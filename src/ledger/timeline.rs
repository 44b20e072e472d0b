//! What waits for people, and what has happened about one resident, as whoever works on a case needs it.

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::types::Value;
use rusqlite::{Row, params};

use super::answers::ANSWERED;
use super::episodes::{day, drawn_for};
use super::outbox_row::{OutboxRow, select};
use super::{Ledger, LedgerError, Review, sql};
use crate::delivery::Delivery;
use crate::orders::{Action, OrderKey};
use crate::pathway::Inclusion;
use crate::profile::ResidentId;

/// A laboratory order that has not been answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenOrder {
    /// Its key.
    pub key: OrderKey,
    /// For whom.
    pub resident: ResidentId,
    /// The test, by its name in the rules.
    pub test: String,
    /// The day of the decision.
    pub decided_on: Date,
    /// The last day on which it may leave.
    pub send_by: Date,
    /// The day by which a sample is expected.
    pub due: Date,
    /// What a person has said about it.
    pub review: Option<Review>,
    /// Whether it can still be held: it has not left.
    pub waits: bool,
    /// How probable it was that the resident was drawn, of those drawn by lot, while it waits.
    pub drawn: Option<Inclusion>,
}

/// Of which kind something is that has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Happening {
    /// A step of a round.
    Round,
    /// What became of something that was sent.
    Sending,
    /// What a person said about something that had not left.
    Review,
    /// A matter came before a person.
    TaskOpened,
    /// A person, or what happened, has closed it.
    TaskClosed,
    /// A refusal was put on record, or taken back.
    OptOut,
    /// A task was handed over to somebody.
    HandedOver,
    /// It was given back.
    GivenBack,
    /// A professional wrote a note.
    Note,
}

impl Happening {
    const NAMES: [(&'static str, Self); 9] = [
        ("round", Self::Round),
        ("sending", Self::Sending),
        ("review", Self::Review),
        ("task-opened", Self::TaskOpened),
        ("task-closed", Self::TaskClosed),
        ("opt-out", Self::OptOut),
        ("handed-over", Self::HandedOver),
        ("given-back", Self::GivenBack),
        ("note", Self::Note),
    ];
}

/// When something has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// On a day.
    On(Date),
    /// At an instant.
    At(Timestamp),
}

/// Something that has happened about a resident. What people wrote is in it: for the screen alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    /// When.
    pub when: When,
    /// Of which kind.
    pub kind: Happening,
    /// What: an event of a round, a state of a sending, a task's code.
    pub what: String,
    /// About which act or test, or until when.
    pub about: Option<String>,
    /// Who did it, where a person did.
    pub by: Option<String>,
    /// What they said about it.
    pub why: Option<String>,
}

/// Events of rounds, sendings, opinions, tasks, refusals, hand-overs and notes of one resident, as one list.
const HAPPENED: &str = "
SELECT on_day AS day, NULL AS at, 'round' AS kind, kind AS what, coalesce(tests, detail) AS about,
       NULL AS by, NULL AS why, id FROM episode_event WHERE resident = ?1
UNION ALL
SELECT NULL, e.at, 'sending', e.what, o.action, NULL, NULL, e.id
    FROM outbox_event AS e JOIN outbox AS o ON o.id = e.outbox WHERE o.resident = ?1
UNION ALL
SELECT NULL, r.at, 'review', r.what, o.action, r.by, r.reason, r.id
    FROM order_review AS r JOIN outbox AS o ON o.id = r.outbox WHERE o.resident = ?1
UNION ALL
SELECT NULL, u.at, 'review', r.what || ' taken back', o.action, u.by, NULL, u.id
    FROM review_undone AS u JOIN order_review AS r ON r.id = u.review
    JOIN outbox AS o ON o.id = r.outbox WHERE o.resident = ?1
UNION ALL
SELECT opened_on, NULL, 'task-opened', code, about, NULL, NULL, id FROM task WHERE resident = ?1
UNION ALL
SELECT NULL, closed_at, 'task-closed', code, about, closed_by, closed_why, id
    FROM task WHERE resident = ?1 AND closed_at IS NOT NULL
UNION ALL
SELECT on_day, NULL, 'opt-out', what, until, by, reason, id FROM opt_out WHERE resident = ?1
UNION ALL
SELECT NULL, h.at, CASE WHEN coalesce(h.person, h.role) IS NULL THEN 'given-back' ELSE 'handed-over' END,
       coalesce(t.code, 'confirming'), coalesce(h.person, h.role), h.by, h.reason, h.id
    FROM handover AS h LEFT JOIN task AS t ON t.id = h.task WHERE h.resident = ?1
UNION ALL
SELECT NULL, at, 'note', CASE WHEN corrects IS NULL THEN 'written' ELSE 'correction' END,
       CAST(corrects AS TEXT), by, text, id FROM note WHERE resident = ?1
ORDER BY kind, id";

fn happened(row: &Row<'_>) -> rusqlite::Result<Result<Happened, LedgerError>> {
    let on: Option<String> = row.get(0)?;
    let at: Option<i64> = row.get(1)?;
    let kind: String = row.get(2)?;
    let what = row.get(3)?;
    let [about, by, why]: [Option<String>; 3] = [row.get(4)?, row.get(5)?, row.get(6)?];
    let read = || {
        let wrong = || LedgerError::Content(format!("a row of kind `{kind}` has no day"));
        let when = match (on, at) {
            (Some(on), _) => When::On(day(&on)?),
            (None, Some(at)) => When::At(Timestamp::from_microsecond(at).map_err(|_| wrong())?),
            (None, None) => return Err(wrong()),
        };
        let known = Happening::NAMES.iter().find(|(name, _)| *name == kind);
        Ok(Happened {
            when,
            kind: known.ok_or_else(wrong)?.1,
            what,
            about,
            by,
            why,
        })
    };
    Ok(read())
}

fn open_order(row: OutboxRow, drawn: Option<Inclusion>) -> Option<OpenOrder> {
    let key = row.order.key();
    let Action::Laboratory { test } = row.order.action else {
        return None;
    };
    let waits = match row.delivery {
        Delivery::Planned { .. } => true,
        Delivery::Sending { .. } | Delivery::Unknown { .. } | Delivery::Acknowledged { .. } => {
            false
        }
        // Whoever looks after it is told by a task.
        Delivery::Refused { .. } => return None,
    };
    Some(OpenOrder {
        key,
        resident: row.order.resident,
        test,
        decided_on: row.order.decided_on,
        send_by: row.order.send_by,
        due: row.order.due,
        review: row.review,
        waits,
        drawn,
    })
}

/// How far the work of a ledger has come: the same as long as nothing of it has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkStamp([i64; 10]);

/// Rows of these tables are added and never changed, but for tasks, which are closed, and orders, of which each
/// change is an event.
const WORK_STAMP: &str = "SELECT
    coalesce((SELECT max(id) FROM generation), 0),
    coalesce((SELECT max(id) FROM episode_event), 0),
    coalesce((SELECT max(id) FROM outbox), 0),
    coalesce((SELECT max(id) FROM outbox_event), 0),
    coalesce((SELECT max(id) FROM order_review), 0),
    coalesce((SELECT max(id) FROM task), 0),
    coalesce((SELECT max(closed_at) FROM task WHERE closed_at IS NOT NULL), 0),
    coalesce((SELECT max(id) FROM handover), 0),
    coalesce((SELECT max(id) FROM review_undone), 0),
    (SELECT count(*) FROM erasure)";

impl Ledger {
    /// A number that changes whenever another connection has written to the ledger.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn data_version(&self) -> Result<i64, LedgerError> {
        self.connection
            .query_row("PRAGMA data_version", [], |row| row.get(0))
            .map_err(sql("cannot ask whether the ledger has changed"))
    }

    /// What says whether anything has changed of whom the program works on: pulls and runs, rounds, orders
    /// and what was said of them, tasks and in whose hands they are, erasures. That somebody looks changes nothing of it.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn work_stamp(&self) -> Result<WorkStamp, LedgerError> {
        self.connection
            .prepare_cached(WORK_STAMP)
            .and_then(|mut statement| {
                statement.query_row([], |row| {
                    let mut stamp = [0; 10];
                    for (at, part) in stamp.iter_mut().enumerate() {
                        *part = row.get(at)?;
                    }
                    Ok(WorkStamp(stamp))
                })
            })
            .map_err(sql("cannot ask whether the ledger has changed"))
    }

    /// Laboratory orders without an answer, of one resident or of all: those that wait to leave and those
    /// that have left. Orders of rounds that are over are among them.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn open_orders(&self, of: Option<ResidentId>) -> Result<Vec<OpenOrder>, LedgerError> {
        let whose = match of {
            Some(_) => "AND resident = ?1",
            None => "",
        };
        let values: Vec<Value> = of
            .map(|resident| Value::Blob(resident.as_bytes().to_vec()))
            .into_iter()
            .collect();
        let rows = select(
            &self.connection,
            &format!("WHERE action LIKE 'laboratory:%' AND NOT {ANSWERED} {whose} ORDER BY id"),
            &values,
        )?;
        let mut orders = Vec::new();
        for row in rows {
            let drawn = match row.delivery {
                Delivery::Planned { .. } => drawn_for(&self.connection, &row.order)?,
                Delivery::Sending { .. }
                | Delivery::Unknown { .. }
                | Delivery::Acknowledged { .. }
                | Delivery::Refused { .. } => None,
            };
            orders.extend(open_order(row, drawn));
        }
        Ok(orders)
    }

    /// What has happened about a resident, in no order of days.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn timeline(&self, resident: ResidentId) -> Result<Vec<Happened>, LedgerError> {
        let action = "cannot read what has happened";
        let mut statement = self
            .connection
            .prepare_cached(HAPPENED)
            .map_err(sql(action))?;
        let rows = statement
            .query_map(params![resident.as_bytes()], happened)
            .map_err(sql(action))?;
        rows.map(|row| row.map_err(sql(action))?).collect()
    }
}
