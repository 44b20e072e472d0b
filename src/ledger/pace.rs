//! How fast each server is asked: one bucket of permits for all processes and all channels to it.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::{LedgerError, sql};
use crate::delivery::Pace;

pub(super) fn read_pace(
    connection: &Connection,
    server: &str,
    now: Timestamp,
) -> Result<Pace, LedgerError> {
    let row: Option<(i64, i64, i64, u16)> = connection
        .prepare_cached(
            "SELECT permits, counted_at, paused_until, failures FROM pace WHERE server = ?1",
        )
        .and_then(|mut statement| {
            statement
                .query_row([server], |row| {
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

pub(super) fn write_pace(
    connection: &Connection,
    server: &str,
    pace: &Pace,
) -> Result<(), LedgerError> {
    connection
        .prepare_cached(
            "INSERT INTO pace (server, permits, counted_at, paused_until, failures)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (server) DO UPDATE SET permits = excluded.permits,
                 counted_at = excluded.counted_at, paused_until = excluded.paused_until,
                 failures = excluded.failures",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                server,
                pace.permits,
                pace.counted_at.as_microsecond(),
                pace.paused_until.as_microsecond(),
                pace.failures
            ])
        })
        .map(drop)
        .map_err(sql("cannot write the pace"))
}
