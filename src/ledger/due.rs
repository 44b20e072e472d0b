//! What is due on a channel: look-ups, orders to send, and whose turn it is to be asked.

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params};

use super::handout::TakeOptions;
use super::outbox::waits_for_a_turn;
use super::outbox_row::{OutboxRow, select};
use super::{ChannelTerms, LedgerError, Reviewing, asking, sql};
use crate::orders::Action;

pub(super) fn micros(at: Timestamp) -> Value {
    Value::Integer(at.as_microsecond())
}

/// The words of the partial index: without them the planner does not see that it holds the row.
/// They come after the state that is looked for, or it goes through all three.
pub(super) const OPEN: &str = "state IN ('planned', 'sending', 'unknown')";

/// What a person must have said for a row to leave: on a reviewed channel that it may, on any that
/// they have not held it. What was claimed once is past that: it is only finished. A claim is what
/// gives a row its way; one that is merely in doubt, as all are after an old copy was put back, has none.
const fn reviewed(channel: &ChannelTerms) -> &'static str {
    match channel.reviewing {
        Reviewing::Everything => "(way IS NOT NULL OR review IS 'approved')",
        Reviewing::Drawn => {
            "(way IS NOT NULL OR review IS 'approved' OR review IS NOT 'held' AND NOT (
                action LIKE 'laboratory:%' AND EXISTS (
                    SELECT 1 FROM episode_event AS e
                    WHERE e.resident = outbox.resident AND e.round = outbox.round
                      AND e.kind = 'tests-ordered' AND e.detail LIKE 'sampled-negative:%')))"
        }
        Reviewing::Nothing => "(way IS NOT NULL OR review IS NOT 'held')",
    }
}

pub(super) fn due_look_ups(
    connection: &Connection,
    channel: &ChannelTerms,
    now: Timestamp,
    most: u32,
) -> Result<Vec<OutboxRow>, LedgerError> {
    select(
        connection,
        &format!(
            "WHERE channel = ?1 AND state = 'unknown' AND next = 'look-up' AND at <= ?2 AND {OPEN}
             ORDER BY at, id LIMIT ?3"
        ),
        &[
            Value::Text(channel.name.clone()),
            micros(now),
            Value::Integer(most.into()),
        ],
    )
}

/// Rows that were sent once, where nobody knows whether they arrived: they are finished first.
const AGAIN: &str = "state = 'unknown' AND next = 'send-again'";
/// Rows of which nothing has left: those that the weekly cap does not count, and those that it does.
const NOT_IN_TURN: &str = "state = 'planned' AND next IS NULL AND action <> 'questionnaire'";
const IN_TURN: &str = "state = 'planned' AND next IS NULL AND action = 'questionnaire'";
/// A row that was sent in a time of which the ledger knows nothing is counted when it is sent again.
const IS_COUNTED: &str = "action = 'questionnaire' AND left_on IS NULL";

/// Rows that were sent once, without those that would be counted when nothing more may be.
fn again(may_begin: Option<u64>) -> String {
    match may_begin {
        Some(0) => format!("{AGAIN} AND NOT ({IS_COUNTED})"),
        Some(_) | None => AGAIN.to_owned(),
    }
}

/// Rows to send: those that were sent once, then what no cap counts, then questionnaires, those first
/// whom the programme asks first, as many as may still begin to leave in this week.
pub(super) fn due_sends(
    connection: &Connection,
    channel: &ChannelTerms,
    now: Timestamp,
    options: TakeOptions<'_>,
    most: u32,
) -> Result<Vec<OutboxRow>, LedgerError> {
    let mut may_begin = may_begin(connection, options)?;
    let mut rows: Vec<OutboxRow> = Vec::new();
    let again = again(may_begin);
    for (index, part, order) in [
        ("outbox_open", again.as_str(), "at, id"),
        ("outbox_not_in_turn", NOT_IN_TURN, "at, id"),
        ("outbox_turn", IN_TURN, "rank, resident, id"),
    ] {
        let mut left = u64::from(most) - rows.len() as u64;
        if part == IN_TURN {
            left = may_begin.map_or(left, |may| may.min(left));
        }
        if left == 0 {
            continue;
        }
        let found = select(
            connection,
            &format!(
                "INDEXED BY {index} WHERE channel = ?1 AND {part} AND at <= ?2 AND {OPEN}
                   AND checked = ?3 AND verdict = 'may-leave' AND {}
                 ORDER BY {order} LIMIT ?4",
                reviewed(channel)
            ),
            &[
                Value::Text(channel.name.clone()),
                micros(now),
                Value::Text(options.stamp.text()),
                Value::Integer(i64::try_from(left).unwrap_or(i64::MAX)),
            ],
        )?;
        for row in found {
            let is_counted = row.order.action == Action::Questionnaire && row.left_on.is_none();
            match &mut may_begin {
                // The next time they are not looked at any more.
                Some(0) if is_counted => continue,
                Some(may) if is_counted => *may -= 1,
                Some(_) | None => {}
            }
            rows.push(row);
        }
    }
    Ok(rows)
}

/// How many questionnaires may still begin to leave in the week of today; nothing where all may.
fn may_begin(
    connection: &Connection,
    options: TakeOptions<'_>,
) -> Result<Option<u64>, LedgerError> {
    let Some(per_week) = options.asking.per_week else {
        return Ok(None);
    };
    let begun = asking::begun_in_the_week(connection, options.stamp.day)?;
    Ok(Some(u64::from(per_week).saturating_sub(begun)))
}

/// The row as it leaves: whose turn has come is told the days that are counted from today.
pub(super) fn in_turn(
    connection: &Connection,
    options: TakeOptions<'_>,
    mut row: OutboxRow,
) -> Result<OutboxRow, LedgerError> {
    if row.left_on.is_none() && row.payload.is_none() && waits_for_a_turn(connection, &row.order)? {
        let today = options.stamp.day;
        row.order.due = options.asking.answer_by(today);
        row.order.send_by = options.asking.send_by(today);
        connection
            .prepare_cached("UPDATE outbox SET due = ?2, send_by = ?3 WHERE id = ?1")
            .and_then(|mut statement| {
                let (due, send_by) = (row.order.due.to_string(), row.order.send_by.to_string());
                statement.execute(params![row.id, due, send_by])
            })
            .map_err(sql("cannot write the outbox"))?;
    }
    Ok(row)
}

/// When the next questionnaire of a channel is due that waits for its turn. There may be many: one that
/// is due now is enough to know.
fn next_turn(
    connection: &Connection,
    channel: &str,
    may: &str,
    (stamp, now): (&str, Timestamp),
) -> Result<Option<i64>, LedgerError> {
    for what in ["at", "min(at)"] {
        let until = if what == "at" { now } else { Timestamp::MAX };
        let found: Option<Option<i64>> = connection
            .prepare_cached(&format!(
                "SELECT {what} FROM outbox INDEXED BY outbox_turn
                 WHERE channel = ?1 AND {IN_TURN} AND {may} AND at <= ?3 LIMIT 1"
            ))
            .and_then(|mut statement| {
                let values = params![channel, stamp, until.as_microsecond()];
                statement.query_row(values, |row| row.get(0)).optional()
            })
            .map_err(sql("cannot read the outbox"))?;
        if let Some(Some(at)) = found {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

/// When the next row of a channel is due.
pub(super) fn next_due(
    connection: &Connection,
    channel: &ChannelTerms,
    options: TakeOptions<'_>,
    now: Timestamp,
) -> Result<Option<Timestamp>, LedgerError> {
    let least = |what: &str, values: &[&dyn rusqlite::ToSql]| -> Result<Option<i64>, LedgerError> {
        connection
            .prepare_cached(&format!(
                "SELECT min(at) FROM outbox WHERE channel = ?1 AND {what} AND {OPEN}"
            ))
            .and_then(|mut statement| statement.query_row(values, |row| row.get(0)))
            .map_err(sql("cannot read the outbox"))
    };
    let name = &channel.name;
    let mut at = [
        least("state = 'sending'", &[name])?,
        // What waits to be taken is looked at whenever somebody is here: nobody stays for it.
        least(
            "state = 'unknown' AND next = 'look-up' AND NOT awaited",
            &[name],
        )?,
        None,
        None,
        None,
    ];
    if options.may_send {
        let stamp = options.stamp.text();
        let may = format!(
            "checked = ?2 AND verdict = 'may-leave' AND {}",
            reviewed(channel)
        );
        at[2] = least(&format!("{NOT_IN_TURN} AND {may}"), &[name, &stamp])?;
        let may_begin = may_begin(connection, options)?;
        // Whoever has to wait for another week is not due.
        at[4] = match may_begin {
            Some(0) => None,
            Some(_) | None => next_turn(connection, name, &may, (&stamp, now))?,
        };
        let again = again(may_begin);
        at[3] = least(&format!("{again} AND {may}"), &[name, &stamp])?;
    }
    let at = at.into_iter().flatten().min();
    at.map(super::clock::instant)
        .transpose()
        .map(|at| at.map(|at| at.max(now)))
}
