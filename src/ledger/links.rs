//! Links: what sources beside the register call its residents.

use std::collections::{BTreeSet, HashMap};

use rusqlite::{Transaction, params};

use super::{Ledger, LedgerError, sql};
use crate::profile::ResidentId;

/// A `Patient.id` of a source, and whose it is; nobody's where it was somebody's and is no more.
pub type Link = (String, Option<ResidentId>);

/// Adds links that a pull has found; what was linked before stays, for runs that saw it so.
pub(super) fn add(
    transaction: &Transaction<'_>,
    (source, pull): (&str, u32),
    links: &[Link],
) -> Result<(), LedgerError> {
    let action = "cannot write links between sources";
    let mut statement = transaction
        .prepare("INSERT INTO link (source, patient_id, pull, resident) VALUES (?1, ?2, ?3, ?4)")
        .map_err(sql(action))?;
    for (patient_id, resident) in links {
        let resident = resident.as_ref().map(ResidentId::as_bytes);
        let row = params![source, patient_id, pull, resident];
        statement.execute(row).map_err(sql(action))?;
    }
    Ok(())
}

impl Ledger {
    /// How many links lead to nobody in the identity map.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn n_links_to_nobody(&self) -> Result<u64, LedgerError> {
        self.connection
            .query_row(
                "SELECT count(*) FROM link WHERE resident IS NOT NULL
                    AND resident NOT IN (SELECT resident FROM identity)",
                [],
                |row| row.get::<_, i64>(0),
            )
            .map(i64::cast_unsigned)
            .map_err(sql("cannot read links between sources"))
    }

    /// Whom a source beside the register calls by which `Patient.id`, as the newest pull has found it.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn links(&self, source: &str) -> Result<HashMap<String, ResidentId>, LedgerError> {
        let action = "cannot read links between sources";
        let mut statement = self
            .connection
            .prepare("SELECT patient_id, resident FROM link WHERE source = ?1 ORDER BY pull")
            .map_err(sql(action))?;
        let rows = statement.query_map([source], |row| {
            let resident: Option<[u8; 16]> = row.get(1)?;
            Ok((row.get(0)?, resident.map(ResidentId::from_bytes)))
        });
        let rows = rows.map_err(sql(action))?;
        // Later rows replace earlier ones.
        let newest: HashMap<String, Option<ResidentId>> =
            rows.collect::<Result<_, _>>().map_err(sql(action))?;
        let links = newest.into_iter();
        Ok(links
            .filter_map(|(id, resident)| Some((id, resident?)))
            .collect())
    }

    /// Everybody of the register whom a source beside it has ever called by some name, up to a pull.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn linked(&self, source: &str, pull: u32) -> Result<BTreeSet<ResidentId>, LedgerError> {
        let action = "cannot read links between sources";
        let mut statement = self
            .connection
            .prepare(
                "SELECT DISTINCT resident FROM link
                 WHERE source = ?1 AND pull <= ?2 AND resident IS NOT NULL",
            )
            .map_err(sql(action))?;
        let rows = statement.query_map(params![source, pull], |row| {
            row.get(0).map(ResidentId::from_bytes)
        });
        rows.and_then(Iterator::collect).map_err(sql(action))
    }

    /// Residents of whom the register first told after one pull, and not after another.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn joined(&self, after: u32, until: u32) -> Result<Vec<ResidentId>, LedgerError> {
        let action = "cannot read the identity map";
        let mut statement = self
            .connection
            .prepare("SELECT resident FROM identity WHERE ?1 < joined AND joined <= ?2")
            .map_err(sql(action))?;
        let rows =
            statement.query_map([after, until], |row| row.get(0).map(ResidentId::from_bytes));
        rows.and_then(Iterator::collect).map_err(sql(action))
    }
}
