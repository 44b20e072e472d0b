//! Handing out: what is due on a channel, on disk before anybody begins it.

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params};

use super::outbox::{change, epoch, newest_pull};
use super::outbox_row::{OutboxRow, select};
use super::pace::{read_pace, write_pace};
use super::{ChannelTerms, Ledger, LedgerError, sql};
use crate::delivery::{DeliveryEvent, Job, Refused, Taken, Work};
use crate::orders::Order;

/// Why an order cannot be put into the words of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotExpressible;

/// One row handed out. Holds what is sent: no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Handed {
    /// The order.
    pub order: Order,
    /// What the source calls the resident.
    pub patient_id: String,
    /// The bytes to send; empty for a look-up.
    pub bytes: Vec<u8>,
}

/// What a visit to the outbox may hand out.
#[derive(Debug, Clone, Copy)]
pub struct TakeOptions {
    /// Rows at most.
    pub most: u32,
    /// Whether anything may be sent; looking up is always allowed.
    pub may_send: bool,
    /// The day in the programme's time zone.
    pub today: Date,
}

/// What was handed out.
pub struct Handout {
    /// For the dispatcher.
    pub taken: Taken<Handed>,
    /// How often this ledger has handed orders over, this time included.
    pub epoch: i64,
}

impl Ledger {
    /// Hands out what is due on a channel: look-ups first, then orders to send.
    ///
    /// A row to send is on disk as `sending`, with its bytes, before this returns.
    /// Rows whose resident was not looked at again since the newest pull, or
    /// today, are not handed out.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written; then nothing is handed out.
    pub fn take(
        &mut self,
        channel: &ChannelTerms,
        options: TakeOptions,
        mut author: impl FnMut(&Order, &str) -> Result<Vec<u8>, NotExpressible>,
    ) -> Result<Handout, LedgerError> {
        let action = "cannot hand out orders";
        let clock = self.clock.clone();
        let transaction = self.begin(action)?;
        let now = clock.now(&transaction)?;
        let mut pace = read_pace(&transaction, &channel.name, now)?;
        end_leases(&transaction, channel, now, options.today)?;
        let permits = pace.take(now, channel.per_minute, options.most);
        let mut jobs = Vec::new();
        for row in due_look_ups(&transaction, channel, now, permits)? {
            jobs.extend(begin_look_up(
                &transaction,
                channel,
                now,
                options.today,
                &row,
            )?);
        }
        let left = permits.saturating_sub(u32::try_from(jobs.len()).unwrap_or(u32::MAX));
        let mut epoch = epoch(&transaction)?;
        if options.may_send && 0 < left {
            let rows = due_sends(&transaction, channel, now, options.today, left)?;
            if !rows.is_empty() {
                epoch += 1;
                transaction
                    .execute("UPDATE epoch SET number = ?1", [epoch])
                    .map_err(sql(action))?;
            }
            for row in rows {
                let claim = epoch.cast_unsigned();
                let begin = begin_send(
                    &transaction,
                    channel,
                    (now, options.today),
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
        write_pace(&transaction, &channel.name, &pace)?;
        let more_at = next_due(&transaction, channel, options, now)?;
        let more_at = more_at.map(|at| at.max(pace.next_permit(channel.per_minute)));
        transaction.commit().map_err(sql(action))?;
        Ok(Handout {
            taken: Taken { jobs, more_at },
            epoch,
        })
    }
}

fn micros(at: Timestamp) -> Value {
    Value::Integer(at.as_microsecond())
}

fn end_leases(
    connection: &Connection,
    channel: &ChannelTerms,
    now: Timestamp,
    today: Date,
) -> Result<(), LedgerError> {
    let rows = select(
        connection,
        "WHERE channel = ?1 AND state = 'sending' AND at <= ?2",
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

fn due_look_ups(
    connection: &Connection,
    channel: &ChannelTerms,
    now: Timestamp,
    most: u32,
) -> Result<Vec<OutboxRow>, LedgerError> {
    select(
        connection,
        "WHERE channel = ?1 AND state = 'unknown' AND next = 'look-up' AND at <= ?2
         ORDER BY at, id LIMIT ?3",
        &[
            Value::Text(channel.name.clone()),
            micros(now),
            Value::Integer(most.into()),
        ],
    )
}

/// Rows to send; of the two halves, those that were sent once come first.
fn due_sends(
    connection: &Connection,
    channel: &ChannelTerms,
    now: Timestamp,
    today: Date,
    most: u32,
) -> Result<Vec<OutboxRow>, LedgerError> {
    let pull = newest_pull(connection)?;
    let mut rows = Vec::new();
    for half in [
        "state = 'unknown' AND next = 'send-again'",
        "state = 'planned' AND next IS NULL",
    ] {
        let left = usize::try_from(most).unwrap_or(usize::MAX) - rows.len();
        rows.extend(select(
            connection,
            &format!(
                "WHERE channel = ?1 AND {half} AND at <= ?2
                   AND (action GLOB 'cancel*' OR (checked_pull = ?3 AND checked_on = ?4))
                 ORDER BY at, id LIMIT ?5"
            ),
            &[
                Value::Text(channel.name.clone()),
                micros(now),
                Value::Integer(pull.into()),
                Value::Text(today.to_string()),
                Value::Integer(i64::try_from(left).unwrap_or(i64::MAX)),
            ],
        )?);
    }
    Ok(rows)
}

fn patient_id(
    connection: &Connection,
    channel: &ChannelTerms,
    order: &Order,
) -> Result<Option<String>, LedgerError> {
    connection
        .prepare_cached("SELECT patient_id FROM identity WHERE resident = ?1 AND source = ?2")
        .and_then(|mut statement| {
            statement
                .query_row(params![order.resident.as_bytes(), channel.source], |row| {
                    row.get(0)
                })
                .optional()
        })
        .map_err(sql("cannot read the identity map"))
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
    let Some(patient_id) = patient_id(connection, channel, &row.order)? else {
        return Ok(None);
    };
    let begun = change(connection, channel, (now, today), row, &event, None)?;
    Ok(begun.map(|_| Job {
        row: row.id,
        work: Work::LookUp { until },
        start_by: until - channel.request_deadline,
        payload: Handed {
            order: row.order.clone(),
            patient_id,
            bytes: Vec::new(),
        },
    }))
}

fn begin_send(
    connection: &Connection,
    channel: &ChannelTerms,
    (now, today): (Timestamp, Date),
    claim: u64,
    row: &OutboxRow,
    author: &mut impl FnMut(&Order, &str) -> Result<Vec<u8>, NotExpressible>,
) -> Result<Option<Job<Handed>>, LedgerError> {
    let lease_until = now + channel.lease;
    let patient_id = patient_id(connection, channel, &row.order)?;
    // The same bytes again, when the row was sent before.
    let bytes = match (&row.payload, &patient_id) {
        (Some(bytes), _) => Ok(bytes.clone()),
        (None, Some(patient_id)) => author(&row.order, patient_id),
        (None, None) => Err(NotExpressible),
    };
    let (Ok(bytes), Some(patient_id)) = (bytes, patient_id) else {
        let event = DeliveryEvent::Stopped(Refused::NotExpressible);
        change(connection, channel, (now, today), row, &event, None)?;
        return Ok(None);
    };
    let event = DeliveryEvent::Claimed { claim, lease_until };
    let begun = change(connection, channel, (now, today), row, &event, Some(&bytes))?;
    Ok(begun.map(|_| Job {
        row: row.id,
        work: Work::Send { claim },
        start_by: lease_until - channel.request_deadline,
        payload: Handed {
            order: row.order.clone(),
            patient_id,
            bytes,
        },
    }))
}

/// When the next row of a channel is due.
fn next_due(
    connection: &Connection,
    channel: &ChannelTerms,
    options: TakeOptions,
    now: Timestamp,
) -> Result<Option<Timestamp>, LedgerError> {
    let pull = newest_pull(connection)?;
    let at: Option<i64> = connection
        .prepare_cached(
            "SELECT min(at) FROM outbox
             WHERE channel = ?1 AND (state = 'sending' OR next = 'look-up'
               OR (?2 AND (action GLOB 'cancel*' OR (checked_pull = ?3 AND checked_on = ?4))
                   AND (state = 'planned' OR next = 'send-again')))
               AND state IN ('planned', 'sending', 'unknown')",
        )
        .and_then(|mut statement| {
            statement.query_row(
                params![
                    channel.name,
                    options.may_send,
                    pull,
                    options.today.to_string()
                ],
                |row| row.get(0),
            )
        })
        .map_err(sql("cannot read the outbox"))?;
    at.map(super::clock::instant)
        .transpose()
        .map(|at| at.map(|at| at.max(now)))
}
