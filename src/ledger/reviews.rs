//! What people say about orders before they leave: this one may, that one may not.

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::{Connection, Transaction, params};

use super::clock::instant;
use super::episodes::drawn_for;
use super::outbox_row::{OutboxRow, note, select};
use super::{AuditAct, AuditEntry, Ledger, LedgerError, audit, sql};
use crate::delivery::{Delivery, Next};
use crate::orders::{Order, OrderKey};
use crate::pathway::Inclusion;

/// What a person has said about an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Review {
    /// It may leave.
    Approved,
    /// It may not, until it is approved.
    Held,
}

impl Review {
    /// The name in the ledger and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Held => "held",
        }
    }

    /// What is called so.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let all = [Self::Approved, Self::Held];
        all.into_iter().find(|review| review.name() == name)
    }
}

/// An order that has not left, as a person who reviews it needs to see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingOrder {
    /// The order.
    pub order: Order,
    /// The channel that takes it.
    pub channel: String,
    /// What somebody has said about it already.
    pub review: Option<Review>,
    /// Of an order that is held: the newest pull when that was said, zero before the first.
    pub held_after: Option<u32>,
    /// What deciding again said about it last: `may-leave`, `hold`, or why it is to stop.
    pub verdict: Option<String>,
    /// The last day on which it may leave; none of questions that wait for the resident's turn.
    pub send_by: Option<Date>,
    /// How probable it was that the resident was drawn, of tests of those drawn by lot.
    pub drawn: Option<Inclusion>,
}

/// What came of saying the same about orders.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reviewed {
    /// Orders about which it was news.
    pub news: u64,
    /// The number by which all of it can be taken back; none when it was no news.
    pub act: Option<u64>,
}

/// What came of taking back what was said about orders.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TakenBack {
    /// Orders about which nothing is said any more, or what was said before.
    pub orders: u64,
    /// Orders that had left already: nothing that is said reaches them.
    pub had_left: u64,
    /// Orders about which somebody has said something else since: that holds.
    pub said_since: u64,
}

/// Why nothing was taken back.
#[derive(Debug, thiserror::Error)]
pub enum NotTakenBack {
    /// Nobody has said anything of this number.
    #[error(
        "nothing that was said about orders has the number {0}\nhint: `orders approve` and `orders hold` tell the number"
    )]
    Unknown(u64),
    /// All of it is past that.
    #[error(
        "nothing was taken back: of what was said, {had_left} had left already, and {said_since} were taken back or spoken of otherwise since"
    )]
    Nothing {
        /// Orders that had left.
        had_left: u64,
        /// Orders about which something was said since.
        said_since: u64,
    },
    /// The ledger said no.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// What came of saying the same about everything that has not left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReviewedAll {
    /// What was said about the orders that wait.
    pub reviewed: Reviewed,
    /// Orders that were on their way: nothing that is said reaches them.
    pub on_their_way: u64,
}

/// Why what a person said was not written down.
#[derive(Debug, thiserror::Error)]
pub enum NotReviewed {
    /// No order is called so.
    #[error("no order here is called `{0}`\nhint: `preventio orders list` shows those that wait")]
    Unknown(String),
    /// It is too late for an opinion.
    #[error(
        "order `{0}` is `{1}`: only what has not left can be approved or held\nhint: `preventio orders list` shows those that wait"
    )]
    HasLeft(String, &'static str),
    /// The ledger said no.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// Reads the 32 hexadecimal digits of a key.
fn key_of(text: &str) -> Option<OrderKey> {
    let digits = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
    let number = u128::from_str_radix(text, 16).ok().filter(|_| digits)?;
    Some(OrderKey::from_bytes(number.to_be_bytes()))
}

/// Orders that have not left as far as this ledger knows: planned, or in doubt only because the ledger
/// is an old copy. What a person has been asked about is theirs already.
const WAITING: &str =
    "(state = 'planned' OR state = 'unknown' AND way IS NULL AND next IS NOT 'person')";

pub(super) fn is_waiting(row: &OutboxRow) -> bool {
    match &row.delivery {
        Delivery::Planned { .. } => true,
        Delivery::Unknown { next, .. } => match next {
            Next::LookUp { .. } | Next::Awaited { .. } | Next::SendAgain { .. } => {
                row.way.is_none()
            }
            Next::Person => false,
        },
        Delivery::Sending { .. } | Delivery::Acknowledged { .. } | Delivery::Refused { .. } => {
            false
        }
    }
}

impl Ledger {
    /// Orders that have not left, oldest decision first.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn waiting_orders(&self) -> Result<Vec<WaitingOrder>, LedgerError> {
        let rows = select(
            &self.connection,
            &format!("WHERE {WAITING} ORDER BY decided_on, id"),
            &[],
        )?;
        let is_held = |row: &OutboxRow| row.review == Some(Review::Held);
        // Hardly ever anything is held.
        let pulls = match rows.iter().any(is_held) {
            true => pulls(&self.connection)?,
            false => Vec::new(),
        };
        let each = rows.into_iter().map(|row| {
            let held_at = match is_held(&row) {
                true => held_at(&self.connection, row.id)?,
                false => None,
            };
            let is_planned = matches!(row.delivery, Delivery::Planned { .. });
            let is_in_turn =
                is_planned && super::outbox::waits_for_a_turn(&self.connection, &row.order)?;
            Ok(WaitingOrder {
                channel: super::outbox::channel_of(&self.connection, row.id)?,
                review: row.review,
                held_after: held_at.map(|at| newest(&pulls, at)),
                verdict: row.verdict,
                send_by: (!is_in_turn).then_some(row.order.send_by),
                drawn: drawn_for(&self.connection, &row.order)?,
                order: row.order,
            })
        });
        each.collect()
    }

    /// Writes down what a person says about orders, all of them or none.
    ///
    /// # Errors
    ///
    /// [`NotReviewed`] names the first order about which nothing can be said.
    pub fn review(
        &mut self,
        keys: &[String],
        review: Review,
        by: &str,
        reason: &str,
    ) -> Result<Reviewed, NotReviewed> {
        let action = "cannot write down what was said about orders";
        let clock = self.clock.clone();
        let transaction = self.begin(action)?;
        let now = clock.now(&transaction)?;
        let mut reviewed = Reviewed::default();
        for text in keys {
            let unknown = || NotReviewed::Unknown(text.clone());
            let key = key_of(text).ok_or_else(unknown)?;
            let value = rusqlite::types::Value::Blob(key.as_bytes().to_vec());
            let rows = select(&transaction, "WHERE key = ?1", &[value])?;
            let row = rows.into_iter().next().ok_or_else(unknown)?;
            if !is_waiting(&row) {
                return Err(NotReviewed::HasLeft(text.clone(), row.delivery.name()));
            }
            said(&transaction, &row, review, (by, reason), now, &mut reviewed)?;
        }
        transaction.commit().map_err(sql(action))?;
        Ok(reviewed)
    }

    /// Writes down what a person says about everything that has not left, as it stands in one moment.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written; then nothing of it is.
    pub fn review_all(
        &mut self,
        review: Review,
        by: &str,
        reason: &str,
    ) -> Result<ReviewedAll, LedgerError> {
        let action = "cannot write down what was said about orders";
        let clock = self.clock.clone();
        let transaction = self.begin(action)?;
        let now = clock.now(&transaction)?;
        let mut all = ReviewedAll::default();
        for row in select(&transaction, &format!("WHERE {WAITING} ORDER BY id"), &[])? {
            let reviewed = &mut all.reviewed;
            said(&transaction, &row, review, (by, reason), now, reviewed)?;
        }
        let on_their_way: i64 = transaction
            .query_row(
                "SELECT count(*) FROM outbox
                 WHERE state IN ('sending', 'unknown') AND way IS NOT NULL",
                [],
                |row| row.get(0),
            )
            .map_err(sql(action))?;
        all.on_their_way = on_their_way.cast_unsigned();
        transaction.commit().map_err(sql(action))?;
        Ok(all)
    }
}

/// Every pull with its time, oldest first.
fn pulls(connection: &Connection) -> Result<Vec<(u32, Timestamp)>, LedgerError> {
    let action = "cannot read pulls";
    let mut statement = connection
        .prepare("SELECT id, at FROM pull ORDER BY id")
        .map_err(sql(action))?;
    let rows = statement.query_map([], |row| {
        Ok((row.get::<_, u32>(0)?, row.get::<_, String>(1)?))
    });
    let rows = rows.map_err(sql(action))?;
    let each = rows.map(|row| {
        let (id, at) = row.map_err(sql(action))?;
        let wrong = |_| LedgerError::Content(format!("pull {id} has no usable time"));
        Ok((id, at.parse().map_err(wrong)?))
    });
    each.collect()
}

/// The newest pull at an instant; zero before the first.
fn newest(pulls: &[(u32, Timestamp)], at: Timestamp) -> u32 {
    let before = pulls.iter().take_while(|(_, pulled)| *pulled <= at);
    before.last().map_or(0, |(id, _)| *id)
}

/// When somebody last said that an order is held.
fn held_at(connection: &Connection, outbox: i64) -> Result<Option<Timestamp>, LedgerError> {
    let at: Option<i64> = connection
        .query_row(
            "SELECT max(at) FROM order_review WHERE outbox = ?1 AND what = ?2",
            params![outbox, Review::Held.name()],
            |row| row.get(0),
        )
        .map_err(sql("cannot read what was said about orders"))?;
    at.map(instant).transpose()
}

/// Writes down what a person says about an order, unless it was said already, and adds it to what they
/// say with it.
fn said(
    transaction: &Transaction<'_>,
    row: &OutboxRow,
    review: Review,
    (by, reason): (&str, &str),
    now: Timestamp,
    all: &mut Reviewed,
) -> Result<(), LedgerError> {
    if row.review == Some(review) {
        return Ok(());
    }
    let act = match all.act {
        Some(act) => act.cast_signed(),
        None => next_review(transaction)?,
    };
    let at = now.as_microsecond();
    transaction
        .execute(
            "UPDATE outbox SET review = ?2 WHERE id = ?1",
            params![row.id, review.name()],
        )
        .and_then(|_| {
            transaction.execute(
                "INSERT INTO order_review (outbox, what, by, reason, at, act)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![row.id, review.name(), by, reason, at, act],
            )
        })
        .map_err(sql("cannot write down what was said about orders"))?;
    let what = format!("{} by a person", review.name());
    note(transaction, row.id, now, &what)?;
    let entry = AuditEntry {
        who: by,
        act: match review {
            Review::Approved => AuditAct::ApprovedOrder,
            Review::Held => AuditAct::HeldOrder,
        },
        about: Some(row.order.resident),
        detail: &row.order.key().to_string(),
    };
    audit::add(transaction, now, &entry)?;
    all.news += 1;
    all.act = Some(act.cast_unsigned());
    Ok(())
}

/// The number that the next row of what people say will have.
fn next_review(connection: &Connection) -> Result<i64, LedgerError> {
    connection
        .query_row(
            "SELECT coalesce(max(id), 0) + 1 FROM order_review",
            [],
            |row| row.get(0),
        )
        .map_err(sql("cannot read what was said about orders"))
}
