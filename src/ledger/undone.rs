//! Taking back what a person has said about orders, as long as they have not left.

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::outbox_row::{OutboxRow, note, select};
use super::reviews::is_waiting;
use super::{
    AuditAct, AuditEntry, Ledger, LedgerError, NotTakenBack, Review, TakenBack, audit, sql,
};

/// Something that a person has said about an order.
struct Said {
    id: i64,
    outbox: i64,
    what: String,
    by: String,
    /// Whether it was taken back already, or something else was said since.
    is_over: bool,
}

impl Ledger {
    /// Takes back what a person said about orders in one act: of each that has not left, and about which
    /// nothing was said since, what was said before holds again. Only what `own` has said, when somebody
    /// is named.
    ///
    /// # Errors
    ///
    /// [`NotTakenBack`] when there is no such act, or nothing of it can be taken back; then nothing is
    /// written.
    pub fn take_back_review(
        &mut self,
        act: u64,
        own: Option<&str>,
        by: &str,
    ) -> Result<TakenBack, NotTakenBack> {
        let clock = self.clock.clone();
        let transaction = self.begin("cannot take back what was said about orders")?;
        let now = clock.now(&transaction)?;
        let said = of_act(&transaction, act)?;
        let is_own = |one: &Said| own.is_none_or(|own| own == one.by);
        if said.is_empty() || !said.iter().all(is_own) {
            return Err(NotTakenBack::Unknown(act));
        }
        let mut back = TakenBack::default();
        for one in &said {
            let value = Value::Integer(one.outbox);
            let rows = select(&transaction, "WHERE id = ?1", &[value])?;
            match rows.into_iter().next() {
                Some(row) if is_waiting(&row) && one.is_over => back.said_since += 1,
                Some(row) if is_waiting(&row) => {
                    undo(&transaction, one, &row, (by, now))?;
                    back.orders += 1;
                }
                Some(_) | None => back.had_left += 1,
            }
        }
        if back.orders == 0 {
            return Err(NotTakenBack::Nothing {
                had_left: back.had_left,
                said_since: back.said_since,
            });
        }
        transaction
            .commit()
            .map_err(sql("cannot take back what was said about orders"))?;
        Ok(back)
    }
}

fn of_act(connection: &Connection, act: u64) -> Result<Vec<Said>, LedgerError> {
    let action = "cannot read what was said about orders";
    let mut statement = connection
        .prepare_cached(
            "SELECT id, outbox, what, by,
                    EXISTS (SELECT 1 FROM review_undone WHERE review = r.id)
                    OR EXISTS (SELECT 1 FROM order_review AS later
                               WHERE later.outbox = r.outbox AND r.id < later.id
                                 AND NOT EXISTS (SELECT 1 FROM review_undone WHERE review = later.id))
             FROM order_review AS r WHERE act = ?1 ORDER BY id",
        )
        .map_err(sql(action))?;
    let rows = statement.query_map([act.cast_signed()], |row| {
        Ok(Said {
            id: row.get(0)?,
            outbox: row.get(1)?,
            what: row.get(2)?,
            by: row.get(3)?,
            is_over: row.get(4)?,
        })
    });
    rows.and_then(Iterator::collect).map_err(sql(action))
}

/// Takes back one thing that was said; what was said before it, and not taken back, holds again.
fn undo(
    transaction: &Transaction<'_>,
    one: &Said,
    row: &OutboxRow,
    (by, now): (&str, Timestamp),
) -> Result<(), LedgerError> {
    let action = "cannot take back what was said about orders";
    let before: Option<String> = transaction
        .query_row(
            "SELECT what FROM order_review AS r WHERE outbox = ?1 AND id < ?2
                AND NOT EXISTS (SELECT 1 FROM review_undone WHERE review = r.id)
             ORDER BY id DESC LIMIT 1",
            params![one.outbox, one.id],
            |row| row.get(0),
        )
        .optional()
        .map_err(sql(action))?;
    let before = before.as_deref().and_then(Review::parse);
    transaction
        .execute(
            "INSERT INTO review_undone (review, by, at) VALUES (?1, ?2, ?3)",
            params![one.id, by, now.as_microsecond()],
        )
        .and_then(|_| {
            transaction.execute(
                "UPDATE outbox SET review = ?2 WHERE id = ?1",
                params![one.outbox, before.map(Review::name)],
            )
        })
        .map_err(sql(action))?;
    note(
        transaction,
        row.id,
        now,
        &format!("{} taken back by a person", one.what),
    )?;
    let entry = AuditEntry {
        who: by,
        act: AuditAct::TookBackReview,
        about: Some(row.order.resident),
        detail: &row.order.key().to_string(),
    };
    audit::add(transaction, now, &entry)
}
