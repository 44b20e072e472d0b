//! When rows of the outbox were decided, and when they left.

use jiff::civil::Date;

use super::episodes::day;
use super::{Ledger, LedgerError, sql};
use crate::orders::Action;
use crate::profile::ResidentId;

/// How far a row has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gone {
    /// It has not left.
    NotYet,
    /// It has left, and nothing says that it was taken; or it is leaving now.
    NotTaken,
    /// Nothing more is to happen with it.
    Settled,
}

/// A row of the outbox on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Departure {
    /// About whom.
    pub resident: ResidentId,
    /// What is asked.
    pub action: Action,
    /// By which channel.
    pub channel: String,
    /// When that was decided.
    pub decided_on: Date,
    /// When it began to leave.
    pub left_on: Option<Date>,
    /// How far it has come.
    pub gone: Gone,
}

impl Ledger {
    /// Hands every row of the outbox to `each`, in order, with the days of its way.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn departures(&self, mut each: impl FnMut(Departure)) -> Result<(), LedgerError> {
        let problem = "cannot read the outbox";
        let mut statement = self
            .connection
            .prepare(
                "SELECT resident, action, channel, decided_on, left_on, state FROM outbox ORDER BY id",
            )
            .map_err(sql(problem))?;
        let mut rows = statement.query([]).map_err(sql(problem))?;
        while let Some(row) = rows.next().map_err(sql(problem))? {
            let text = |column| row.get::<_, String>(column).map_err(sql(problem));
            let (action, state) = (text(1)?, text(5)?);
            let left_on: Option<String> = row.get(4).map_err(sql(problem))?;
            let wrong = || LedgerError::Content("a row of the outbox makes no sense".to_owned());
            each(Departure {
                resident: ResidentId::from_bytes(row.get(0).map_err(sql(problem))?),
                action: Action::parse(&action).ok_or_else(wrong)?,
                channel: text(2)?,
                decided_on: day(&text(3)?)?,
                left_on: left_on.as_deref().map(day).transpose()?,
                gone: match state.as_str() {
                    "planned" => Gone::NotYet,
                    "sending" | "unknown" => Gone::NotTaken,
                    _ => Gone::Settled,
                },
            });
        }
        Ok(())
    }
}
