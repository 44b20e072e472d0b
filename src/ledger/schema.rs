//! The tables of the ledger and how they came to be, version by version.

use rusqlite::Connection;

use super::{LedgerError, sql};

/// One step per schema version; a step that was released is never edited.
const STEPS: [&str; 1] = [r"
CREATE TABLE setting (
    key   TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;

CREATE TABLE generation (
    id INTEGER PRIMARY KEY AUTOINCREMENT
) STRICT;

-- Files live from the generation that brought them; a generation holds all files up to it.
CREATE TABLE lake_file (
    id         INTEGER PRIMARY KEY,
    generation INTEGER NOT NULL REFERENCES generation (id),
    table_name TEXT NOT NULL,
    sha256     TEXT NOT NULL,
    bytes      INTEGER NOT NULL,
    rows       INTEGER NOT NULL
) STRICT;

CREATE TABLE pull (
    id                INTEGER PRIMARY KEY,
    generation        INTEGER NOT NULL REFERENCES generation (id),
    source            TEXT NOT NULL,
    at                TEXT NOT NULL,
    facts_fingerprint TEXT NOT NULL,
    report            TEXT NOT NULL
) STRICT;

CREATE TABLE run (
    id                INTEGER PRIMARY KEY,
    generation        INTEGER NOT NULL REFERENCES generation (id),
    at                TEXT NOT NULL,
    index_date        TEXT NOT NULL,
    pull              INTEGER NOT NULL REFERENCES pull (id),
    rules_fingerprint TEXT NOT NULL,
    decisions_hash    TEXT NOT NULL,
    register          INTEGER NOT NULL,
    program           TEXT NOT NULL,
    report            TEXT NOT NULL
) STRICT;

-- The only place where an opaque id meets a person.
CREATE TABLE identity (
    resident          BLOB PRIMARY KEY,
    source            TEXT NOT NULL,
    patient_id        TEXT NOT NULL,
    national_id       TEXT,
    national_id_valid INTEGER,
    non_disclosure    INTEGER NOT NULL,
    pull              INTEGER NOT NULL REFERENCES pull (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX identity_patient ON identity (patient_id);
CREATE INDEX identity_national ON identity (national_id) WHERE national_id IS NOT NULL;

-- Lines that could not be read, whole, until somebody has looked.
CREATE TABLE quarantine (
    pull INTEGER NOT NULL REFERENCES pull (id),
    file TEXT NOT NULL,
    line INTEGER NOT NULL,
    code TEXT NOT NULL,
    raw  BLOB NOT NULL
) STRICT;

CREATE TABLE unmapped (
    pull          INTEGER NOT NULL REFERENCES pull (id),
    resource_type TEXT NOT NULL,
    system        TEXT NOT NULL,
    code          TEXT NOT NULL,
    n             INTEGER NOT NULL
) STRICT;
"];

/// Brings the tables to the newest version, one transaction per step.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), LedgerError> {
    let action = "cannot create tables";
    let known = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    loop {
        let transaction = connection
            .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
            .map_err(sql(action))?;
        let found: i64 = transaction
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .map_err(sql(action))?;
        if known < found {
            return Err(LedgerError::Newer { found, known });
        }
        let Some(step) = usize::try_from(found)
            .ok()
            .and_then(|found| STEPS.get(found))
        else {
            return Ok(());
        };
        transaction.execute_batch(step).map_err(sql(action))?;
        transaction
            .pragma_update(None, "user_version", found + 1)
            .map_err(sql(action))?;
        transaction.commit().map_err(sql(action))?;
    }
}
