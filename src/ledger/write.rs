//! The rows a commit adds.

use rusqlite::{Transaction, params};

use super::{Identity, PullRecord};
use crate::lake::ManifestFile;

/// A new generation, with `files` and without those they replace.
pub(super) fn add_generation(
    transaction: &Transaction<'_>,
    files: &[ManifestFile],
    replaced: &[ManifestFile],
) -> rusqlite::Result<i64> {
    transaction.execute("INSERT INTO generation DEFAULT VALUES", [])?;
    let generation = transaction.last_insert_rowid();
    let mut statement = transaction.prepare(
        "UPDATE lake_file SET folded = ?1 WHERE table_name = ?2 AND sha256 = ?3 AND folded IS NULL",
    )?;
    for file in replaced {
        statement.execute(params![generation, file.table.name(), file.sha256])?;
    }
    let mut statement = transaction.prepare(
        "INSERT INTO lake_file (generation, table_name, sha256, bytes, rows) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for file in files {
        statement.execute(params![
            generation,
            file.table.name(),
            file.sha256,
            file.bytes.cast_signed(),
            file.rows.cast_signed()
        ])?;
    }
    Ok(generation)
}

pub(super) fn add_identities(
    transaction: &Transaction<'_>,
    pull: &PullRecord,
    identities: &[Identity],
) -> rusqlite::Result<()> {
    let mut statement = transaction.prepare(
        "INSERT INTO identity (resident, source, patient_id, national_id, national_id_valid, non_disclosure, pull)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (resident) DO UPDATE SET
           national_id = excluded.national_id,
           national_id_valid = excluded.national_id_valid,
           non_disclosure = excluded.non_disclosure,
           pull = excluded.pull",
    )?;
    for identity in identities {
        let (national_id, is_valid) = identity
            .national_id
            .as_ref()
            .map(|(id, valid)| (id.as_str(), *valid))
            .unzip();
        statement.execute(params![
            identity.resident.as_bytes(),
            pull.source,
            identity.patient_id,
            national_id,
            is_valid,
            identity.non_disclosure,
            pull.id
        ])?;
    }
    Ok(())
}
