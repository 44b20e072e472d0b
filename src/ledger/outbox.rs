//! The outbox: handing rows out, and writing down what became of them.
//!
//! Every function is one transaction. What an event means for a row is
//! `delivery`'s to say; here it is read, asked and written.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params};

use super::outbox_row::{OutboxRow, insert, note, select, select_one, update};
use super::{ChannelTerms, Ledger, LedgerError, episodes, sql, tasks};
use crate::delivery::{
    Answer, Consequence, Delivery, DeliveryEvent, Found, Job, Outcome, Pace, Refused, ServerNews,
    Taken, TaskCode, Work, consequence,
};
use crate::orders::{Action, Keep, Order};
use crate::pathway::{Event, NotDelivered};

/// Why an order cannot be put into the words of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotExpressible;

/// What reconciliation saw of a row at the other side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// It is there, once or more often.
    Found(Found),
    /// It was there once and is not any more.
    Missing,
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

/// A row as reconciliation sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowView {
    /// Its number.
    pub id: i64,
    /// The order.
    pub order: Order,
    /// Where it stands.
    pub delivery: Delivery,
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

    /// Writes down what became of rows, with what it means for episodes and people.
    ///
    /// News from somebody who no longer holds a row changes nothing and is noted.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written; then nothing of it is.
    pub fn save(
        &mut self,
        channel: &ChannelTerms,
        today: Date,
        outcomes: &[Outcome],
    ) -> Result<(), LedgerError> {
        let action = "cannot write down what became of orders";
        let clock = self.clock.clone();
        let transaction = self.begin(action)?;
        let now = clock.now(&transaction)?;
        let mut pace = read_pace(&transaction, &channel.name, now)?;
        let mut has_failed = false;
        for outcome in outcomes {
            match outcome.server {
                // One pause for one group: connections fail together.
                ServerNews::Failed if has_failed => {}
                news @ (ServerNews::NotAsked
                | ServerNews::Answered
                | ServerNews::Failed
                | ServerNews::Wait(_)) => pace.heard(now, news, outcome.row.cast_unsigned()),
            }
            has_failed |= outcome.server == ServerNews::Failed;
            let row = select_one(&transaction, outcome.row)?;
            change(
                &transaction,
                channel,
                (now, today),
                &row,
                &outcome.event,
                None,
            )?;
        }
        write_pace(&transaction, &channel.name, &pace)?;
        transaction.commit().map_err(sql(action))
    }

    /// Writes down what reconciliation saw at the other side.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written; then nothing of it is.
    pub fn seen(
        &mut self,
        channel: &ChannelTerms,
        today: Date,
        rows: &[(i64, Seen)],
    ) -> Result<(), LedgerError> {
        let action = "cannot write down what was seen";
        let clock = self.clock.clone();
        let transaction = self.begin(action)?;
        let now = clock.now(&transaction)?;
        for (id, seen) in rows {
            let row = select_one(&transaction, *id)?;
            match seen {
                Seen::Missing => {
                    let code = TaskCode::DeliveryMissing;
                    tasks::open_for_delivery(&transaction, &row.order, row.id, code, today)?;
                }
                Seen::Found(found) => {
                    let event = DeliveryEvent::LookedUp {
                        until: now,
                        found: found.clone(),
                    };
                    change(&transaction, channel, (now, today), &row, &event, None)?;
                }
            }
        }
        transaction.commit().map_err(sql(action))
    }

    /// The newest pull, and the rows that have to be looked at again before they may be sent.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn unchecked(&self, today: Date) -> Result<(u32, Vec<RowView>), LedgerError> {
        let pull = newest_pull(&self.connection)?;
        let rows = select(
            &self.connection,
            "WHERE state IN ('planned', 'unknown') AND coalesce(next, 'send-again') = 'send-again'
               AND (checked_pull IS NOT ?1 OR checked_on IS NOT ?2)
             ORDER BY resident, id",
            &[Value::Integer(pull.into()), Value::Text(today.to_string())],
        )?;
        Ok((pull, rows.into_iter().map(view).collect()))
    }

    /// Notes that rows were looked at again as of a pull and a day: they may leave, or do not.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written; then nothing of it is.
    pub fn checked(
        &mut self,
        channels: &[ChannelTerms],
        (pull, today): (u32, Date),
        verdicts: &[(i64, Result<(), Refused>)],
    ) -> Result<(), LedgerError> {
        let action = "cannot note what was looked at again";
        let clock = self.clock.clone();
        let transaction = self.begin(action)?;
        let now = clock.now(&transaction)?;
        for (id, verdict) in verdicts {
            match verdict {
                Ok(()) => {
                    transaction
                        .prepare_cached(
                            "UPDATE outbox SET checked_pull = ?2, checked_on = ?3 WHERE id = ?1",
                        )
                        .and_then(|mut s| s.execute(params![id, pull, today.to_string()]))
                        .map_err(sql(action))?;
                }
                Err(why) => {
                    let name = channel_of(&transaction, *id)?;
                    let Some(channel) = channels.iter().find(|channel| channel.name == name) else {
                        continue;
                    };
                    let row = select_one(&transaction, *id)?;
                    let event = DeliveryEvent::Stopped(*why);
                    change(&transaction, channel, (now, today), &row, &event, None)?;
                }
            }
        }
        transaction.commit().map_err(sql(action))
    }

    /// The number of the newest pull; zero before the first.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn newest_pull(&self) -> Result<u32, LedgerError> {
        newest_pull(&self.connection)
    }

    /// Rows of the outbox, counted by state; unknown ones by what comes next for them.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn outbox_states(&self) -> Result<BTreeMap<String, u64>, LedgerError> {
        let action = "cannot read the outbox";
        let mut statement = self
            .connection
            .prepare("SELECT state || coalesce(': ' || next, ''), count(*) FROM outbox GROUP BY 1")
            .map_err(sql(action))?;
        let rows = statement.query_map([], |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned()))
        });
        rows.and_then(Iterator::collect).map_err(sql(action))
    }

    /// Every row of the outbox, in order.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn outbox(&self) -> Result<Vec<RowView>, LedgerError> {
        let rows = select(&self.connection, "ORDER BY id", &[])?;
        Ok(rows.into_iter().map(view).collect())
    }
}

fn view(row: OutboxRow) -> RowView {
    RowView {
        id: row.id,
        order: row.order,
        delivery: row.delivery,
    }
}

pub(super) fn newest_pull(connection: &Connection) -> Result<u32, LedgerError> {
    connection
        .query_row("SELECT coalesce(max(id), 0) FROM pull", [], |row| {
            row.get(0)
        })
        .map_err(sql("cannot read pulls"))
}

fn channel_of(connection: &Connection, id: i64) -> Result<String, LedgerError> {
    connection
        .query_row("SELECT channel FROM outbox WHERE id = ?1", [id], |row| {
            row.get(0)
        })
        .map_err(sql("cannot read the outbox"))
}

pub(super) fn epoch(connection: &Connection) -> Result<i64, LedgerError> {
    connection
        .query_row("SELECT number FROM epoch", [], |row| row.get(0))
        .map_err(sql("cannot read the epoch"))
}

/// Applies an event to a row and writes down the row, its story and what it means for people.
pub(super) fn change(
    connection: &Connection,
    channel: &ChannelTerms,
    (now, today): (Timestamp, Date),
    row: &OutboxRow,
    event: &DeliveryEvent,
    payload: Option<&[u8]>,
) -> Result<Option<Delivery>, LedgerError> {
    let Ok(after) = row.delivery.apply(&channel.policy, now, event) else {
        note(connection, row.id, now, &format!("stale: {}", name(event)))?;
        return Ok(None);
    };
    update(connection, row.id, &after, payload)?;
    note(connection, row.id, now, &name(event))?;
    let Consequence {
        episode,
        task,
        cancel_duplicates,
    } = consequence(&row.order.action, &row.delivery, event, &after);
    if let Some(news) = episode {
        let event = episode_event(&row.order.action, today, news);
        let about = (row.order.resident, row.order.round, &event);
        episodes::add_event(connection, about, None, now.as_microsecond())?;
    }
    if let Some(code) = task {
        tasks::open_for_delivery(connection, &row.order, row.id, code, today)?;
    }
    if cancel_duplicates && let Action::Laboratory { test } = &row.order.action {
        let cancel = cancel_order(&row.order, test, Keep::Oldest, today);
        insert(
            connection,
            &cancel,
            &channel.name,
            &Delivery::planned(now),
            None,
            None,
        )?;
    }
    Ok(Some(after))
}

/// The order that takes a laboratory order back.
pub(super) fn cancel_order(order: &Order, test: &str, keep: Keep, today: Date) -> Order {
    // As long as there is anything to take back, it is worth trying; a month of failing is a
    // matter for a person.
    let last = today.saturating_add(jiff::Span::new().days(30));
    Order {
        action: Action::Cancel {
            test: test.to_owned(),
            keep,
        },
        decided_on: today,
        send_by: last,
        due: last,
        ..order.clone()
    }
}

fn episode_event(action: &Action, on: Date, news: Result<(), NotDelivered>) -> Event {
    let test = match action {
        Action::Laboratory { test } | Action::Cancel { test, .. } => Some(test.clone()),
        Action::Questionnaire => None,
    };
    match news {
        Ok(()) => Event::Delivered { on, test },
        Err(why) => Event::NotDelivered { on, test, why },
    }
}

/// How an event reads in the story of a row.
fn name(event: &DeliveryEvent) -> String {
    match event {
        DeliveryEvent::Claimed { claim, .. } => format!("sending under claim {claim}"),
        DeliveryEvent::Answered { claim, answer } => match answer {
            Answer::Accepted { .. } => format!("accepted under claim {claim}"),
            Answer::TurnedDown(status) => format!("turned down with {status}"),
            Answer::Later { .. } => "not now".to_owned(),
            Answer::NotSent { .. } => "not sent".to_owned(),
            Answer::Several => "several are there".to_owned(),
            Answer::Silence => "no clear answer".to_owned(),
        },
        DeliveryEvent::Asking { .. } => "asking".to_owned(),
        DeliveryEvent::LookedUp { found, .. } => match found {
            Found::Nothing => "not there".to_owned(),
            Found::One { .. } => "there".to_owned(),
            Found::Several { .. } => "there more than once".to_owned(),
            Found::NotTold { .. } => "not told".to_owned(),
        },
        DeliveryEvent::LeaseOver => "lease over".to_owned(),
        DeliveryEvent::Stopped(why) => format!("stopped: {}", why.name()),
        DeliveryEvent::Doubted => "doubted".to_owned(),
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

fn read_pace(connection: &Connection, channel: &str, now: Timestamp) -> Result<Pace, LedgerError> {
    let row: Option<(i64, i64, i64, u16)> = connection
        .prepare_cached(
            "SELECT permits, counted_at, paused_until, failures FROM pace WHERE channel = ?1",
        )
        .and_then(|mut statement| {
            statement
                .query_row([channel], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
                })
                .optional()
        })
        .map_err(sql("cannot read the pace"))?;
    let Some((permits, counted_at, paused_until, failures)) = row else {
        return Ok(Pace::new(now));
    };
    Ok(Pace {
        permits,
        counted_at: super::clock::instant(counted_at)?,
        paused_until: super::clock::instant(paused_until)?,
        failures,
    })
}

fn write_pace(connection: &Connection, channel: &str, pace: &Pace) -> Result<(), LedgerError> {
    connection
        .prepare_cached(
            "INSERT INTO pace (channel, permits, counted_at, paused_until, failures)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (channel) DO UPDATE SET permits = excluded.permits,
                 counted_at = excluded.counted_at, paused_until = excluded.paused_until,
                 failures = excluded.failures",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                channel,
                pace.permits,
                pace.counted_at.as_microsecond(),
                pace.paused_until.as_microsecond(),
                pace.failures
            ])
        })
        .map(drop)
        .map_err(sql("cannot write the pace"))
}
