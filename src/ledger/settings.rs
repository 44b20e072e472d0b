//! Settings of the data folder: what it was first used for, its identity key, where its lake lies.

use rusqlite::{OptionalExtension, params};

use super::{Ledger, LedgerError, sql};

impl Ledger {
    /// A setting of the data folder.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn setting(&self, key: &str) -> Result<Option<Vec<u8>>, LedgerError> {
        self.connection
            .query_row("SELECT value FROM setting WHERE key = ?1", [key], |row| {
                row.get(0)
            })
            .optional()
            .map_err(sql("cannot read a setting"))
    }

    /// Stores a setting that is not there yet.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written, or the setting is there.
    pub fn set(&self, key: &str, value: &[u8]) -> Result<(), LedgerError> {
        self.connection
            .execute(
                "INSERT INTO setting (key, value) VALUES (?1, ?2)",
                params![key, value],
            )
            .map(drop)
            .map_err(sql("cannot store a setting"))
    }

    /// Stores a setting, in place of what it was; without a value it is gone.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub fn change(&self, key: &str, value: Option<&[u8]>) -> Result<(), LedgerError> {
        let changed = match value {
            Some(value) => self.connection.execute(
                "INSERT INTO setting (key, value) VALUES (?1, ?2)
                 ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                params![key, value],
            ),
            None => self
                .connection
                .execute("DELETE FROM setting WHERE key = ?1", [key]),
        };
        changed.map(drop).map_err(sql("cannot store a setting"))
    }
}
