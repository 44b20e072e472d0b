//! Refusals that a person has put on record: who, when, why and until when.

use jiff::civil::Date;
use rusqlite::{Connection, Row, params};

use super::episodes::day;
use super::{AuditAct, AuditEntry, Ledger, LedgerError, sql};
use crate::profile::ResidentId;

/// What a person puts on record of a resident's will.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptOutChange {
    /// The resident does not want the screening.
    Said {
        /// The first day on which they may be asked again; none when there is no end.
        until: Option<Date>,
    },
    /// What was put on record last does not hold any more.
    TakenBack,
}

/// A refusal, or the end of one, as a person has put it on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptOut {
    /// Whose.
    pub resident: ResidentId,
    /// What.
    pub change: OptOutChange,
    /// The day from which on it holds.
    pub on: Date,
    /// Who has put it on record.
    pub by: String,
    /// Why, in words that name nobody.
    pub reason: String,
    /// When (UTC), for people.
    pub at: String,
}

impl OptOut {
    /// The name of the change in the ledger and in reports.
    #[must_use]
    pub const fn what(&self) -> &'static str {
        match self.change {
            OptOutChange::Said { .. } => "opted-out",
            OptOutChange::TakenBack => "taken-back",
        }
    }

    pub(super) fn on_record(&self) -> AuditEntry<'_> {
        AuditEntry {
            who: &self.by,
            act: match self.change {
                OptOutChange::Said { .. } => AuditAct::OptedOut,
                OptOutChange::TakenBack => AuditAct::TookBackOptOut,
            },
            about: Some(self.resident),
            detail: "",
        }
    }
}

/// Adds what a pull by hand brings.
pub(super) fn add(connection: &Connection, pull: u32, said: &OptOut) -> Result<(), LedgerError> {
    let until = match said.change {
        OptOutChange::Said { until } => until,
        OptOutChange::TakenBack => None,
    };
    connection
        .execute(
            "INSERT INTO opt_out (resident, pull, what, on_day, until, by, reason, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                said.resident.as_bytes(),
                pull,
                said.what(),
                said.on.to_string(),
                until.map(|day| day.to_string()),
                said.by,
                said.reason,
                said.at
            ],
        )
        .map(drop)
        .map_err(sql("cannot record a refusal"))
}

type Raw = (
    [u8; 16],
    String,
    String,
    Option<String>,
    String,
    String,
    String,
);

fn raw(row: &Row<'_>) -> rusqlite::Result<Raw> {
    Ok((
        row.get(0)?,
        row.get(1)?,
        row.get(2)?,
        row.get(3)?,
        row.get(4)?,
        row.get(5)?,
        row.get(6)?,
    ))
}

fn read((resident, what, on, until, by, reason, at): Raw) -> Result<OptOut, LedgerError> {
    let change = match what.as_str() {
        "opted-out" => OptOutChange::Said {
            until: until.as_deref().map(day).transpose()?,
        },
        "taken-back" => OptOutChange::TakenBack,
        _ => return Err(LedgerError::Content("a refusal of no kind".to_owned())),
    };
    Ok(OptOut {
        resident: ResidentId::from_bytes(resident),
        change,
        on: day(&on)?,
        by,
        reason,
        at,
    })
}

impl Ledger {
    /// Every refusal that a person has put on record or taken back, oldest first; of one resident, when
    /// one is named.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn opt_outs(&self, resident: Option<ResidentId>) -> Result<Vec<OptOut>, LedgerError> {
        let action = "cannot read refusals";
        let mut statement = self
            .connection
            .prepare(
                "SELECT resident, what, on_day, until, by, reason, at FROM opt_out
                 WHERE ?1 IS NULL OR resident = ?1 ORDER BY id",
            )
            .map_err(sql(action))?;
        let wanted = resident.as_ref().map(ResidentId::as_bytes);
        let rows = statement.query_map([wanted], raw).map_err(sql(action))?;
        rows.map(|row| read(row.map_err(sql(action))?)).collect()
    }
}
