//! Handing out: what is due on a channel, on disk before anybody begins it.

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::types::Value;
use rusqlite::{Connection, params};

use super::due::{OPEN, due_look_ups, due_sends, in_turn, micros, next_due};
use super::names::name_of_row;
use super::outbox::change;
use super::outbox_row::{Leaving, OutboxRow, select};
use super::pace::{read_pace, write_pace};
use super::rechecked::Stamp;
use super::{ChannelTerms, Ledger, LedgerError, sql};
use crate::delivery::{DeliveryEvent, Job, Refused, Route, Taken, Work};
use crate::orders::{AskingTerms, Order};

/// Why an order cannot be put into the words of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotExpressible;

/// Whom an order is for, as its author needs to know.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Addressee<'a> {
    /// What the source calls the resident.
    pub patient_id: &'a str,
    /// Their language of contact, when the register knows one.
    pub language: Option<&'a str>,
    /// Their score when they were last decided about, as a score that is written back says it.
    pub score: Option<&'a str>,
    /// The only way that the order may take: what it takes back left that way.
    pub way: Option<Route>,
    /// Whether they are known not to be reached at the portal.
    pub is_without_portal: bool,
}

/// An order in the words of a way.
#[derive(Clone, PartialEq, Eq)]
pub struct Written {
    /// The way.
    pub way: Route,
    /// What leaves.
    pub bytes: Vec<u8>,
}

/// By which rules orders are put into words, and for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordedBy {
    /// The fingerprint of the rule book.
    pub rules: String,
    /// The laboratory whose codes are taken, by its name in the rules.
    pub laboratory: Option<String>,
    /// The language in which professionals are written to (BCP 47).
    pub language: String,
}

/// One row handed out. Holds what is sent: no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Handed {
    /// The order.
    pub order: Order,
    /// What the source calls the resident.
    pub patient_id: String,
    /// The bytes to send; empty for a look-up.
    pub bytes: Vec<u8>,
    /// The way by which it leaves, or may have left; nothing where the ledger does not know it.
    pub way: Option<Route>,
    /// Whether it was handed over and waits to be taken.
    pub is_awaited: bool,
}

/// What a visit to the outbox may hand out.
#[derive(Debug, Clone, Copy)]
pub struct TakeOptions<'a> {
    /// Rows at most.
    pub most: u32,
    /// Whether anything may be sent; looking up is always allowed.
    pub may_send: bool,
    /// On what residents must have been decided about again; its day is today.
    pub stamp: &'a Stamp,
    /// By which rules what leaves for the first time is put into words.
    pub worded_by: &'a WordedBy,
    /// How many questionnaires may begin to leave in the week of today.
    pub asking: AskingTerms,
}

impl Ledger {
    /// Whether anything of an order's round has left, or may have left by a way that is known.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn has_begun(&self, order: &Order) -> Result<bool, LedgerError> {
        self.connection
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM outbox WHERE resident = ?1 AND round = ?2
                     AND (state = 'acknowledged'
                          OR state IN ('sending', 'unknown') AND way IS NOT NULL))",
            )
            .and_then(|mut statement| {
                let resident = order.resident.as_bytes();
                statement.query_row(params![resident, order.round], |row| row.get(0))
            })
            .map_err(sql("cannot read the outbox"))
    }

    /// Hands out what is due on a channel: look-ups first, then orders to send.
    ///
    /// A row to send is on disk as `sending`, with its bytes, before this returns.
    /// Orders whose resident was not decided about again under the stamp are not handed out.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written; then nothing is handed out.
    pub fn take(
        &mut self,
        channel: &ChannelTerms,
        options: TakeOptions<'_>,
        mut author: impl FnMut(&Order, Addressee<'_>) -> Result<Written, NotExpressible>,
    ) -> Result<Taken<Handed>, LedgerError> {
        let action = "cannot hand out orders";
        let clock = self.clock.clone();
        let transaction = self.begin(action)?;
        let now = clock.now(&transaction)?;
        let mut pace = read_pace(&transaction, &channel.server, now)?;
        end_leases(&transaction, channel, now, options.stamp.day)?;
        stop_what_was_under_way(&transaction, channel, now, options.stamp)?;
        let permits = pace.take(now, channel.per_minute, options.most);
        let mut jobs = Vec::new();
        let most = look_ups_of(permits, now);
        for row in due_look_ups(&transaction, channel, now, most)? {
            jobs.extend(begin_look_up(
                &transaction,
                channel,
                now,
                options.stamp.day,
                &row,
            )?);
        }
        let left = permits.saturating_sub(u32::try_from(jobs.len()).unwrap_or(u32::MAX));
        if options.may_send && 0 < left {
            let rows = due_sends(&transaction, channel, now, options, left)?;
            let claim = if rows.is_empty() {
                0
            } else {
                next_epoch(&transaction)?.cast_unsigned()
            };
            for row in rows {
                let row = in_turn(&transaction, options, row)?;
                let begin = begin_send(
                    &transaction,
                    channel,
                    (now, options),
                    claim,
                    &row,
                    &mut author,
                )?;
                jobs.extend(begin);
            }
        }
        // What was not used is given back.
        let used = u32::try_from(jobs.len()).unwrap_or(u32::MAX);
        pace.permits += i64::from(permits.saturating_sub(used)) * 1_000_000;
        write_pace(&transaction, &channel.server, &pace)?;
        let more_at = next_due(&transaction, channel, options, now)?;
        let more_at = more_at.map(|at| at.max(pace.next_permit(channel.per_minute)));
        transaction.commit().map_err(sql(action))?;
        Ok(Taken { jobs, more_at })
    }
}

/// How many permits look-ups may use: half of them, so that a server which answers no look-up does
/// not keep orders from leaving. A single permit goes to either by turns.
fn look_ups_of(permits: u32, now: Timestamp) -> u32 {
    match permits {
        1 => u32::from(now.as_millisecond() % 2 == 0),
        _ => permits.div_ceil(2),
    }
}

/// The number of this handing over, which is also that of its claims.
fn next_epoch(connection: &Connection) -> Result<i64, LedgerError> {
    connection
        .query_row(
            "UPDATE epoch SET number = number + 1 RETURNING number",
            [],
            |row| row.get(0),
        )
        .map_err(sql("cannot count a handing over"))
}

fn end_leases(
    connection: &Connection,
    channel: &ChannelTerms,
    now: Timestamp,
    today: Date,
) -> Result<(), LedgerError> {
    let rows = select(
        connection,
        &format!("WHERE channel = ?1 AND state = 'sending' AND at <= ?2 AND {OPEN}"),
        &[Value::Text(channel.name.clone()), micros(now)],
    )?;
    for row in rows {
        change(
            connection,
            channel,
            (now, today),
            &row,
            &DeliveryEvent::LeaseOver,
            None,
        )?;
    }
    Ok(())
}

/// Rows that were under way when deciding again said to stop, and now would be sent again.
fn stop_what_was_under_way(
    connection: &Connection,
    channel: &ChannelTerms,
    now: Timestamp,
    stamp: &Stamp,
) -> Result<(), LedgerError> {
    let rows = select(
        connection,
        &format!(
            "INDEXED BY outbox_stopped
             WHERE channel = ?1 AND {OPEN} AND verdict NOT IN ('may-leave', 'hold')
               AND coalesce(next, 'send-again') = 'send-again' AND state <> 'sending'
               AND checked = ?2"
        ),
        &[Value::Text(channel.name.clone()), Value::Text(stamp.text())],
    )?;
    for row in rows {
        let Some(why) = row.verdict.as_deref().and_then(Refused::parse) else {
            continue;
        };
        let event = DeliveryEvent::Stopped(why);
        change(connection, channel, (now, stamp.day), &row, &event, None)?;
    }
    Ok(())
}

fn begin_look_up(
    connection: &Connection,
    channel: &ChannelTerms,
    now: Timestamp,
    today: Date,
    row: &OutboxRow,
) -> Result<Option<Job<Handed>>, LedgerError> {
    let until = now + channel.lease;
    let event = DeliveryEvent::Asking { until };
    let Some(patient_id) = name_of_row(connection, channel, row)? else {
        // Nobody to ask about: a person finds out.
        let event = DeliveryEvent::Stopped(Refused::NotExpressible);
        change(connection, channel, (now, today), row, &event, None)?;
        return Ok(None);
    };
    let begun = change(connection, channel, (now, today), row, &event, None)?;
    let job = || {
        job(
            channel,
            row,
            (Work::LookUp { until }, until),
            patient_id,
            (row.way, Vec::new()),
        )
    };
    Ok(begun.map(|_| job()))
}

fn begin_send(
    connection: &Connection,
    channel: &ChannelTerms,
    (now, options): (Timestamp, TakeOptions<'_>),
    claim: u64,
    row: &OutboxRow,
    author: &mut impl FnMut(&Order, Addressee<'_>) -> Result<Written, NotExpressible>,
) -> Result<Option<Job<Handed>>, LedgerError> {
    let today = options.stamp.day;
    let lease_until = now + channel.lease;
    let patient_id = name_of_row(connection, channel, row)?;
    // The same bytes by the same way again, when the row was sent before.
    let written = match (&row.payload, &patient_id) {
        (Some(bytes), _) => Ok((row.way, bytes.clone())),
        (None, Some(patient_id)) => author(
            &row.order,
            Addressee {
                patient_id,
                language: row.language.as_deref(),
                score: row.score.as_deref(),
                is_without_portal: row.is_without_portal,
                way: match row.way {
                    Some(way) => Some(way),
                    None => way_of_placed(connection, &row.order)?,
                },
            },
        )
        .map(|written| (Some(written.way), written.bytes)),
        (None, None) => Err(NotExpressible),
    };
    let (Ok((way, bytes)), Some(patient_id)) = (written, patient_id) else {
        let event = DeliveryEvent::Stopped(Refused::NotExpressible);
        change(connection, channel, (now, today), row, &event, None)?;
        return Ok(None);
    };
    let event = DeliveryEvent::Claimed { claim, lease_until };
    let written = way.map(|way| Leaving {
        way,
        bytes: &bytes,
        patient_id: &patient_id,
        // What is sent again keeps its words.
        worded_by: row.payload.is_none().then_some(options.worded_by),
    });
    let begun = change(connection, channel, (now, today), row, &event, written)?;
    let job = || {
        job(
            channel,
            row,
            (Work::Send { claim }, lease_until),
            patient_id,
            (way, bytes),
        )
    };
    Ok(begun.map(|_| job()))
}

/// The way by which an order left that is to be taken back: nothing else takes it back.
fn way_of_placed(connection: &Connection, order: &Order) -> Result<Option<Route>, LedgerError> {
    Ok(placed(connection, order)?.and_then(|row| row.way))
}

/// The row of the order that this one takes back.
pub(super) fn placed(
    connection: &Connection,
    order: &Order,
) -> Result<Option<OutboxRow>, LedgerError> {
    let Some((placed, _)) = order.taken_back() else {
        return Ok(None);
    };
    let key = Value::Blob(placed.key().as_bytes().to_vec());
    let rows = select(connection, "WHERE key = ?1", &[key])?;
    Ok(rows.into_iter().next())
}

/// A thing to do that must be over when its lease is.
fn job(
    channel: &ChannelTerms,
    row: &OutboxRow,
    (work, until): (Work, Timestamp),
    patient_id: String,
    (way, bytes): (Option<Route>, Vec<u8>),
) -> Job<Handed> {
    Job {
        row: row.id,
        work,
        start_by: until - channel.request_deadline,
        payload: Handed {
            order: row.order.clone(),
            patient_id,
            bytes,
            way,
            is_awaited: row.delivery.is_awaited(),
        },
    }
}
