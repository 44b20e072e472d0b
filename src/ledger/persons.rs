//! Persons: which entries of the register are of one person, and under which they are decided about.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, Transaction, params};

use super::{Ledger, LedgerError, NewTask, sql, tasks};
use crate::profile::{PersonStanding, ResidentId};

/// What an entry of the register says about another one of the same person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntryLink {
    /// The other entry.
    pub other: ResidentId,
    /// Whether this one gives way to it (`replaced-by`), or the other way round (`replaces`).
    pub gives_way: bool,
}

const fn name(standing: PersonStanding) -> &'static str {
    match standing {
        PersonStanding::United(_) => "united",
        PersonStanding::Alone => "alone",
        PersonStanding::Unclear => "unclear",
    }
}

/// Adds what entries say about others, each entry all that it says.
pub(super) fn add_links(
    transaction: &Transaction<'_>,
    pull: u32,
    links: &BTreeMap<ResidentId, BTreeSet<EntryLink>>,
) -> Result<(), LedgerError> {
    let action = "cannot write links between entries";
    let mut statement = transaction
        .prepare(
            "INSERT INTO entry_link (resident, other, gives_way, pull) VALUES (?1, ?2, ?3, ?4)",
        )
        .map_err(sql(action))?;
    for (resident, of_entry) in links {
        let none = of_entry.is_empty().then_some((None, false));
        let some = of_entry
            .iter()
            .map(|link| (Some(link.other), link.gives_way));
        for (other, gives_way) in some.chain(none) {
            let other = other.as_ref().map(ResidentId::as_bytes);
            let row = params![resident.as_bytes(), other, gives_way, pull];
            statement.execute(row).map_err(sql(action))?;
        }
    }
    Ok(())
}

fn rows<A>(
    connection: &Connection,
    select: &str,
    last: u32,
    read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<A>,
) -> Result<Vec<A>, LedgerError> {
    let action = "cannot read which entries are of one person";
    let mut statement = connection.prepare(select).map_err(sql(action))?;
    let rows = statement.query_map([last], read);
    rows.and_then(Iterator::collect).map_err(sql(action))
}

impl Ledger {
    /// What entries say about others, as of the newest pull of each up to one.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn entry_links(
        &self,
        last: u32,
    ) -> Result<BTreeMap<ResidentId, BTreeSet<EntryLink>>, LedgerError> {
        let found = rows(
            &self.connection,
            "SELECT resident, other, gives_way FROM entry_link AS newest
             WHERE pull = (SELECT max(pull) FROM entry_link AS any
                           WHERE any.resident = newest.resident AND any.pull <= ?1)",
            last,
            |row| {
                let resident: [u8; 16] = row.get(0)?;
                let other: Option<[u8; 16]> = row.get(1)?;
                Ok((resident, other, row.get::<_, bool>(2)?))
            },
        )?;
        let mut links: BTreeMap<ResidentId, BTreeSet<EntryLink>> = BTreeMap::new();
        for (resident, other, gives_way) in found {
            let of_entry = links.entry(ResidentId::from_bytes(resident)).or_default();
            of_entry.extend(other.map(|other| EntryLink {
                other: ResidentId::from_bytes(other),
                gives_way,
            }));
        }
        Ok(links)
    }

    /// Entries that share a valid national identifier, group by group.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn entries_that_share(&self) -> Result<Vec<Vec<ResidentId>>, LedgerError> {
        let found = rows(
            &self.connection,
            "SELECT national_id, resident FROM identity
             WHERE pull <= ?1 AND national_id_valid = 1 AND national_id IN (
                 SELECT national_id FROM identity WHERE national_id_valid = 1
                 GROUP BY national_id HAVING 1 < count(*))
             ORDER BY national_id, resident",
            u32::MAX,
            |row| Ok((row.get::<_, String>(0)?, row.get::<_, [u8; 16]>(1)?)),
        )?;
        let groups = found.chunk_by(|a, b| a.0 == b.0);
        let residents = |group: &[(String, [u8; 16])]| {
            let each = group.iter().map(|(_, id)| ResidentId::from_bytes(*id));
            each.collect()
        };
        Ok(groups.map(residents).collect())
    }

    /// What entries were to their persons after so many pulls; those of whom nothing was ever said are
    /// alone, and not in it.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn persons(&self, last: u32) -> Result<BTreeMap<ResidentId, PersonStanding>, LedgerError> {
        let found = rows(
            &self.connection,
            "SELECT resident, lead, why FROM person WHERE pull <= ?1 ORDER BY id",
            last,
            |row| {
                let (resident, lead): ([u8; 16], [u8; 16]) = (row.get(0)?, row.get(1)?);
                Ok((resident, lead, row.get::<_, String>(2)?))
            },
        )?;
        let each = found.into_iter().map(|(resident, lead, why)| {
            let standing = match why.as_str() {
                "united" => PersonStanding::United(ResidentId::from_bytes(lead)),
                "unclear" => PersonStanding::Unclear,
                _ => PersonStanding::Alone,
            };
            (ResidentId::from_bytes(resident), standing)
        });
        Ok(each.collect())
    }

    /// Writes what has changed of persons since, as of a pull, with what a person is to look at.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub fn settle_persons(
        &mut self,
        pull: u32,
        changed: &[(ResidentId, PersonStanding)],
        asked: &[NewTask],
    ) -> Result<(), LedgerError> {
        let action = "cannot write which entries are of one person";
        let transaction = self.begin(action)?;
        for (resident, standing) in changed {
            transaction
                .execute(
                    "INSERT INTO person (resident, lead, why, pull) VALUES (?1, ?2, ?3, ?4)",
                    params![
                        resident.as_bytes(),
                        standing.lead(*resident).as_bytes(),
                        name(*standing),
                        pull
                    ],
                )
                .map_err(sql(action))?;
        }
        for task in asked {
            tasks::open(&transaction, task, None, None)?;
        }
        transaction.commit().map_err(sql(action))
    }
}
