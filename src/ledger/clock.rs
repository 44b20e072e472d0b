//! The database's clock, which decides leases.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use rusqlite::Connection;

use super::{LedgerError, sql};

/// Where the ledger takes the time from.
#[derive(Clone, Default)]
pub enum Clock {
    /// The database itself: one clock for all processes of a host.
    #[default]
    Database,
    /// Microseconds since 1970 that a simulation sets.
    Simulated(Arc<AtomicI64>),
}

impl Clock {
    pub(super) fn now(&self, connection: &Connection) -> Result<Timestamp, LedgerError> {
        let micros = match self {
            Self::Simulated(micros) => micros.load(Ordering::Relaxed),
            Self::Database => {
                let seconds: f64 = connection
                    .prepare_cached("SELECT unixepoch('now', 'subsec')")
                    .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
                    .map_err(sql("cannot read its clock"))?;
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "microseconds since 1970 fit until the year 294,000"
                )]
                let micros = (seconds * 1e6) as i64;
                micros
            }
        };
        instant(micros)
    }
}

/// An instant as stored.
pub(super) fn instant(micros: i64) -> Result<Timestamp, LedgerError> {
    Timestamp::from_microsecond(micros)
        .map_err(|_| LedgerError::Content("an instant outside the calendar".into()))
}
