//! The outbox: writing down what became of rows.
//!
//! Every function is one transaction. What an event means for a row is
//! `delivery`'s to say; here it is read, asked and written.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::Connection;

use super::outbox_row::{Leaving, OutboxRow, insert, note, select, select_one, update};
use super::pace::{read_pace, write_pace};
use super::{ChannelTerms, Ledger, LedgerError, by_hand, episodes, sql, tasks};
use crate::delivery::{
    Answer, Consequence, Delivery, DeliveryEvent, Found, Outcome, Route, ServerNews, TaskCode,
    consequence,
};
use crate::orders::{Action, Keep, Order};
use crate::pathway::{Event, NotDelivered, Stage};

/// What reconciliation saw of a row at the other side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// It is there, once or more often.
    Found(Found),
    /// It was there once and is not any more.
    Missing,
    /// It was taken back and is there all the same.
    NotTakenBack,
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
    /// By which way it left, or may have.
    pub way: Option<Route>,
}

impl Ledger {
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
        let mut pace = read_pace(&transaction, &channel.server, now)?;
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
        write_pace(&transaction, &channel.server, &pace)?;
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
                Seen::Missing | Seen::NotTakenBack => {
                    let code = if *seen == Seen::Missing {
                        TaskCode::DeliveryMissing
                    } else {
                        TaskCode::DeliveryNotTakenBack
                    };
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

    /// The number of the newest row; zero before the first.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn newest_order(&self) -> Result<i64, LedgerError> {
        self.connection
            .query_row("SELECT coalesce(max(id), 0) FROM outbox", [], |row| {
                row.get(0)
            })
            .map_err(sql("cannot read the outbox"))
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
            .prepare(
                "SELECT CASE WHEN awaited THEN 'handed over, waits to be taken'
                        ELSE state || coalesce(': ' || next, '') END, count(*)
                 FROM outbox GROUP BY 1",
            )
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

pub(super) fn view(row: OutboxRow) -> RowView {
    RowView {
        id: row.id,
        order: row.order,
        delivery: row.delivery,
        way: row.way,
    }
}

pub(super) fn newest_pull(connection: &Connection) -> Result<u32, LedgerError> {
    connection
        .query_row("SELECT coalesce(max(id), 0) FROM pull", [], |row| {
            row.get(0)
        })
        .map_err(sql("cannot read pulls"))
}

pub(super) fn channel_of(connection: &Connection, id: i64) -> Result<String, LedgerError> {
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
    written: Option<Leaving<'_>>,
) -> Result<Option<Delivery>, LedgerError> {
    let way = written.map(|written| written.way).or(row.way);
    let policy = channel.policy_of(way);
    let Ok(after) = row.delivery.apply(&policy, now, event) else {
        note(connection, row.id, now, &format!("stale: {}", name(event)))?;
        return Ok(None);
    };
    update(connection, (row.id, today), &after, written)?;
    note(connection, row.id, now, &name(event))?;
    let Consequence {
        episode,
        task,
        cancel_duplicates,
    } = consequence(&row.order.action, &row.delivery, event, &after);
    if let Some(news) = episode {
        let event = episode_event(&row.order.action, today, news);
        let (resident, round) = (row.order.resident, row.order.round);
        let mut events = vec![(round, event)];
        // Whoever waited for their turn has had it.
        if news.is_ok() && waits_for_a_turn(connection, &row.order)? {
            let answer_by = row.order.due;
            events.insert(
                0,
                (
                    round,
                    Event::Asked {
                        on: today,
                        answer_by,
                    },
                ),
            );
        }
        let at = now.as_microsecond();
        episodes::add_events(connection, resident, &events, None, at)?;
    }
    if let Some(code) = task {
        tasks::open_for_delivery(connection, &row.order, row.id, code, today)?;
    }
    if way == Some(Route::Worklist) {
        by_hand::changed(connection, channel, (now, today), row, &after)?;
    }
    if cancel_duplicates && let Action::Laboratory { test } = &row.order.action {
        let cancel = cancel_order(&row.order, test, Keep::Oldest, today);
        insert(
            connection,
            &cancel,
            &channel.name,
            &Delivery::planned(now),
            None,
        )?;
    }
    Ok(Some(after))
}

/// Whether an order is of questions that wait for the resident's turn: nothing of them has arrived.
pub(super) fn waits_for_a_turn(
    connection: &Connection,
    order: &Order,
) -> Result<bool, LedgerError> {
    if order.action != Action::Questionnaire {
        return Ok(false);
    }
    let episode = episodes::episode_of(connection, order.resident, Some(order.round), None)?;
    Ok(episode.is_some_and(|episode| matches!(episode.stage, Stage::Queued { .. })))
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
        asks: Vec::new(),
        recall_on: None,
        ..order.clone()
    }
}

fn episode_event(action: &Action, on: Date, news: Result<(), NotDelivered>) -> Event {
    let test = match action {
        Action::Laboratory { test } | Action::Cancel { test, .. } => Some(test.clone()),
        Action::Questionnaire
        | Action::RemindQuestionnaire
        | Action::RemindLaboratory
        | Action::Message { .. }
        | Action::Contact { .. } => None,
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
            Answer::NotTaken => "turned down".to_owned(),
            Answer::Closed { .. } => "not by this way".to_owned(),
            Answer::HandedOver { .. } => "handed over".to_owned(),
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
            Found::Awaited { .. } => "waits to be taken".to_owned(),
            Found::NotTaken => "turned down".to_owned(),
            Found::Returned => "came back".to_owned(),
        },
        DeliveryEvent::LeaseOver => "lease over".to_owned(),
        DeliveryEvent::Stopped(why) => format!("stopped: {}", why.name()),
        DeliveryEvent::TakenBack => "taken back".to_owned(),
        DeliveryEvent::Doubted => "doubted".to_owned(),
    }
}
