//! Hand-overs: who has a task in hand, or a resident who is to be confirmed. No deadline moves by them.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{AuditAct, AuditEntry, Ledger, LedgerError, audit, sql};
use crate::profile::ResidentId;

/// Who has something in hand. `Debug` names nobody.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holder {
    /// A person, by name.
    Person(String),
    /// Whoever has a role, by its name.
    Role(String),
}

impl std::fmt::Debug for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Person(_) => "a person",
            Self::Role(_) => "a role",
        })
    }
}

impl Holder {
    /// The name of the person or of the role.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Person(name) | Self::Role(name) => name,
        }
    }
}

/// What can be handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matter {
    /// A task, by its number.
    Task(u64),
    /// That a resident is to be confirmed, with or without a task.
    Confirming(ResidentId),
}

/// Why something was not handed over.
#[derive(Debug, thiserror::Error)]
pub enum NotHandedOver {
    /// There is no task of this number.
    #[error(
        "no task here has the number {0}\nhint: `preventio tasks list` shows those that are open"
    )]
    Unknown(u64),
    /// Somebody has seen to it.
    #[error(
        "task {0} is closed already: nobody needs to have it in hand\nhint: `preventio tasks list` shows those that are open"
    )]
    Closed(u64),
    /// Nobody has it in hand, so it cannot be given back.
    #[error(
        "nobody has this in hand: there is nothing to give back\nhint: `--to NAME` hands it over"
    )]
    Nobodys,
    /// The ledger said no.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// The columns of the newest hand-over of a task `t`, for a query that has it.
pub(super) const OF_TASK: &str =
    "LEFT JOIN handover AS h ON h.id = (SELECT max(id) FROM handover WHERE task = t.id)";

/// How many rounds a resident has begun: a confirming of an earlier one was another.
const ROUNDS: &str = "(SELECT coalesce(max(round), 0) FROM episode_event WHERE resident = ?1)";

/// Who has something in hand, from two columns; nobody when it was given back.
pub(super) fn holder(
    row: &Row<'_>,
    (person, role): (usize, usize),
) -> rusqlite::Result<Option<Holder>> {
    let person: Option<String> = row.get(person)?;
    let role: Option<String> = row.get(role)?;
    Ok(person.map(Holder::Person).or(role.map(Holder::Role)))
}

impl Ledger {
    /// Hands matters over, all of them or none: `to` somebody, or back to nobody. Which day they are due
    /// on stays as it is.
    ///
    /// # Errors
    ///
    /// [`NotHandedOver`] names the first matter that cannot be handed over.
    pub fn hand_over(
        &mut self,
        matters: &[Matter],
        to: Option<&Holder>,
        (by, reason): (&str, &str),
    ) -> Result<(), NotHandedOver> {
        let action = "cannot hand over";
        let clock = self.clock.clone();
        let transaction = self.begin(action)?;
        let now = clock.now(&transaction)?;
        for matter in matters {
            let (resident, task) = match *matter {
                Matter::Task(id) => (about(&transaction, id)?, Some(id)),
                Matter::Confirming(resident) => (resident, None),
            };
            if to.is_none() && in_hand(&transaction, resident, task)?.is_none() {
                return Err(NotHandedOver::Nobodys);
            }
            let (person, role) = match to {
                Some(Holder::Person(name)) => (Some(name), None),
                Some(Holder::Role(name)) => (None, Some(name)),
                None => (None, None),
            };
            transaction
                .execute(
                    &format!(
                        "INSERT INTO handover (resident, round, task, person, role, by, reason, at)
                         VALUES (?1, {ROUNDS}, ?2, ?3, ?4, ?5, ?6, ?7)"
                    ),
                    params![
                        resident.as_bytes(),
                        task.map(u64::cast_signed),
                        person,
                        role,
                        by,
                        reason,
                        now.as_microsecond()
                    ],
                )
                .map_err(sql(action))?;
            let entry = AuditEntry {
                who: by,
                act: match to {
                    Some(_) => AuditAct::HandedOver,
                    None => AuditAct::GaveBack,
                },
                about: Some(resident),
                detail: &task.map_or_else(|| "confirming".to_owned(), |id| id.to_string()),
            };
            audit::add(&transaction, now, &entry)?;
        }
        transaction.commit().map_err(sql(action))?;
        Ok(())
    }

    /// Who has it in hand to confirm residents, or one resident: what was handed over in the round that a
    /// resident is in.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn confirming_in_hand(
        &self,
        of: Option<ResidentId>,
    ) -> Result<HashMap<ResidentId, Holder>, LedgerError> {
        let action = "cannot read what was handed over";
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT h.resident, h.person, h.role FROM handover AS h
                 WHERE (?1 IS NULL OR h.resident = ?1) AND h.id IN (
                     SELECT max(id) FROM handover WHERE task IS NULL GROUP BY resident)
                 AND h.round = (SELECT coalesce(max(round), 0) FROM episode_event AS e
                                WHERE e.resident = h.resident)",
            )
            .map_err(sql(action))?;
        let wanted = of.as_ref().map(ResidentId::as_bytes);
        let rows = statement.query_map([wanted], |row| {
            let resident = ResidentId::from_bytes(row.get(0)?);
            Ok((resident, holder(row, (1, 2))?))
        });
        let rows = rows.map_err(sql(action))?;
        let mut found = HashMap::new();
        for row in rows {
            if let (resident, Some(holder)) = row.map_err(sql(action))? {
                found.insert(resident, holder);
            }
        }
        Ok(found)
    }
}

/// Whom an open task is about.
fn about(connection: &Connection, task: u64) -> Result<ResidentId, NotHandedOver> {
    let row = i64::try_from(task).map_err(|_| NotHandedOver::Unknown(task))?;
    let found: Option<([u8; 16], bool)> = connection
        .query_row(
            "SELECT resident, closed_at IS NULL FROM task WHERE id = ?1",
            [row],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()
        .map_err(sql("cannot read tasks"))?;
    match found {
        Some((resident, true)) => Ok(ResidentId::from_bytes(resident)),
        Some((_, false)) => Err(NotHandedOver::Closed(task)),
        None => Err(NotHandedOver::Unknown(task)),
    }
}

/// Who has a matter in hand now.
fn in_hand(
    connection: &Connection,
    resident: ResidentId,
    task: Option<u64>,
) -> Result<Option<Holder>, LedgerError> {
    let of_confirming = format!("task IS NULL AND round = {ROUNDS}");
    let which = match task {
        Some(_) => "task = ?2",
        None => of_confirming.as_str(),
    };
    connection
        .query_row(
            &format!(
                "SELECT person, role FROM handover
                 WHERE resident = ?1 AND {which} AND (?2 IS NULL OR task = ?2)
                 ORDER BY id DESC LIMIT 1"
            ),
            params![resident.as_bytes(), task.map(u64::cast_signed)],
            |row| holder(row, (0, 1)),
        )
        .optional()
        .map(Option::flatten)
        .map_err(sql("cannot read what was handed over"))
}
