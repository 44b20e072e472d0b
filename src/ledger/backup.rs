//! A copy of the ledger as it is at one instant, while others write to it.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::Backup;

use super::{Ledger, LedgerError, sql};

/// All pages in one go: what others write meanwhile is not in the copy, nor does it begin anew for it.
const ALL: i32 = i32::MAX;

impl Ledger {
    /// Copies the ledger into a new file that only its owner can open.
    ///
    /// # Errors
    ///
    /// When the file is there, or cannot be written.
    pub fn copy_to(&self, path: &Path) -> Result<(), LedgerError> {
        let action = "cannot copy the ledger";
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(LedgerError::Create)?;
        let mut copy = Connection::open(path).map_err(sql(action))?;
        let backup = Backup::new(&self.connection, &mut copy).map_err(sql(action))?;
        backup
            .run_to_completion(ALL, Duration::from_millis(50), None)
            .map_err(sql(action))?;
        drop(backup);
        copy.close().map_err(|(_, error)| sql(action)(error))?;
        file.sync_all().map_err(LedgerError::Create)
    }
}
