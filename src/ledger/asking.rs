//! Who waits for their turn to be asked, and how many have had it this week.

use jiff::civil::Date;
use rusqlite::{Connection, params};

use super::episodes::day;
use super::{Ledger, LedgerError, sql};
use crate::orders::week_of;

/// How many wait to be asked, and how many were asked this week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// Questionnaires of which nothing has left.
    pub waiting: u64,
    /// The day on which the first of them was decided on.
    pub since: Option<Date>,
    /// Questionnaires that began to leave in the week of the day.
    pub left: u64,
}

/// How many questionnaires began to leave in the week of a day. One that was then turned down has
/// begun; one that was given back unsent has not.
pub(super) fn begun_in_the_week(connection: &Connection, on: Date) -> Result<u64, LedgerError> {
    let (monday, sunday) = week_of(on);
    connection
        .prepare_cached(
            "SELECT count(*) FROM outbox WHERE action = 'questionnaire' AND left_on IS NOT NULL
               AND left_on BETWEEN ?1 AND ?2",
        )
        .and_then(|mut statement| {
            statement.query_row(params![monday.to_string(), sunday.to_string()], |row| {
                row.get::<_, i64>(0)
            })
        })
        .map(i64::cast_unsigned)
        .map_err(sql("cannot count who was asked"))
}

pub(super) fn waiting(connection: &Connection, on: Date) -> Result<Waiting, LedgerError> {
    let (waiting, since): (i64, Option<String>) = connection
        .prepare_cached(
            "SELECT count(*), min(decided_on) FROM outbox
             WHERE state = 'planned' AND action = 'questionnaire'",
        )
        .and_then(|mut statement| statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?))))
        .map_err(sql("cannot count who waits to be asked"))?;
    Ok(Waiting {
        waiting: waiting.cast_unsigned(),
        since: since.as_deref().map(day).transpose()?,
        left: begun_in_the_week(connection, on)?,
    })
}

impl Ledger {
    /// Who waits for their turn to be asked, and how many have had it in the week of a day.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn waiting_to_be_asked(&self, on: Date) -> Result<Waiting, LedgerError> {
        waiting(&self.connection, on)
    }
}
