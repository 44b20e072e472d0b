//! Deletions of what never came: kept, so that an older version that comes late says nothing.

use rusqlite::{Transaction, params};

use super::{Ledger, LedgerError, sql};
use crate::profile::{SubmissionId, Version};

/// Adds deletions; of one submission the newest stays.
pub(super) fn add(
    transaction: &Transaction<'_>,
    deleted: &[(SubmissionId, Version)],
) -> Result<(), LedgerError> {
    let action = "cannot write deletions";
    let statement = transaction.prepare(
        "INSERT INTO deletion (submission, updated, pull) VALUES (?1, ?2, ?3)
         ON CONFLICT (submission) DO UPDATE SET updated = excluded.updated, pull = excluded.pull
         WHERE updated <= excluded.updated",
    );
    let mut statement = statement.map_err(sql(action))?;
    for (submission, version) in deleted {
        let row = params![submission.to_bytes(), version.updated, version.pull];
        statement.execute(row).map_err(sql(action))?;
    }
    Ok(())
}

impl Ledger {
    /// What a source has deleted before anything of it came, by submission, and when it said so.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn deletions(&self) -> Result<Vec<(SubmissionId, Version)>, LedgerError> {
        let action = "cannot read deletions";
        let mut statement = self
            .connection
            .prepare("SELECT submission, updated, pull FROM deletion ORDER BY submission")
            .map_err(sql(action))?;
        let rows = statement.query_map([], |row| {
            let version = Version {
                updated: row.get(1)?,
                pull: row.get(2)?,
                digest: 0,
            };
            Ok((SubmissionId::from_bytes(row.get(0)?), version))
        });
        rows.and_then(Iterator::collect).map_err(sql(action))
    }
}
