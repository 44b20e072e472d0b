//! Reading a ledger without changing a byte of its folder.
//!
//! `SQLite` writes beside a database in WAL mode even when it only reads: it makes the files of the
//! log when they are not there, and leaves them. Where there is a log, somebody writes or was killed,
//! and it is read along. Where there is none, the file is read as one that nobody changes; should
//! somebody begin to meanwhile, that is noticed and it is read again, along with the log.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags};

use super::{Clock, Ledger, LedgerError, schema, sql};

/// Pages copied at a time; between them others may write.
const PAGES: i32 = 4096;

impl Ledger {
    /// A copy of the ledger, in a file without a name that is gone with its door. One of an earlier
    /// version is brought up to date there.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or a newer program wrote it.
    pub fn open_untouched(path: &Path) -> Result<Self, LedgerError> {
        let before = state_of(path);
        let mut copy = copied(path, before.has_log)?;
        if !before.has_log && before != state_of(path) {
            copy = copied(path, true)?;
        }
        let found: i64 = copy
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .map_err(sql("cannot read the version"))?;
        if schema::known() < found {
            return Err(LedgerError::Newer {
                found,
                known: schema::known(),
            });
        }
        Self::prepared(copy, Clock::Database)
    }
}

/// What tells whether somebody writes to a database.
#[derive(PartialEq, Eq)]
struct State {
    has_log: bool,
    /// Its size, and the second and nanosecond of its last change.
    file: Option<(u64, i64, i64)>,
}

fn state_of(path: &Path) -> State {
    let metadata = fs::metadata(path).ok();
    let log = PathBuf::from(format!("{}-wal", path.display()));
    State {
        has_log: log.exists(),
        file: metadata.as_ref().map(changed),
    }
}

fn changed(metadata: &Metadata) -> (u64, i64, i64) {
    (metadata.len(), metadata.mtime(), metadata.mtime_nsec())
}

fn copied(path: &Path, has_log: bool) -> Result<Connection, LedgerError> {
    let action = "cannot read the file";
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let unchanging = if has_log { "" } else { "?immutable=1" };
    let uri = format!("file:{}{unchanging}", escaped(path));
    let original = Connection::open_with_flags(uri, flags).map_err(sql(action))?;
    original
        .busy_timeout(Duration::from_secs(30))
        .map_err(sql(action))?;
    // Without a name: a temporary file that nobody else can open.
    let mut copy = Connection::open("").map_err(sql(action))?;
    let backup = Backup::new(&original, &mut copy).map_err(sql(action))?;
    backup
        .run_to_completion(PAGES, Duration::from_millis(1), None)
        .map_err(sql(action))?;
    drop(backup);
    Ok(copy)
}

/// A path as part of a URI: whatever is no plain character is written as its bytes.
fn escaped(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-~".contains(&byte);
    let bytes = path.as_os_str().as_bytes().iter();
    bytes
        .map(|byte| {
            if is_plain(*byte) {
                char::from(*byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_told_as_its_bytes() {
        let path = Path::new("/tmp/a b?#%/ä.sqlite");
        assert_eq!(escaped(path), "/tmp/a%20b%3F%23%25/%C3%A4.sqlite");
    }
}
