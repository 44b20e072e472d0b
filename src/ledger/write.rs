//! The rows a commit adds.

use rusqlite::{Transaction, params};

use super::{Identity, LedgerError, PullRecord, Quarantined, sql};
use crate::lake::{LakeError, ManifestFile};

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

/// The indexes of the identity map, as the schema makes them.
const IDENTITY_INDEXES: [(&str, &str); 2] = [
    (
        "DROP INDEX identity_patient",
        "CREATE INDEX identity_patient ON identity (patient_id)",
    ),
    (
        "DROP INDEX identity_national",
        "CREATE INDEX identity_national ON identity (national_id) WHERE national_id IS NOT NULL",
    ),
];

/// Adds identities, each resident once, sorted by resident.
///
/// A whole city at once is indexed afterwards: one by one, each would touch pages all over the
/// indexes, and most of the work would be writing and reading those.
pub(super) fn add_identities(
    transaction: &Transaction<'_>,
    pull: &PullRecord,
    identities: impl Iterator<Item = Result<Identity, LakeError>>,
) -> Result<(), LedgerError> {
    let action = "cannot index identities";
    let is_empty: bool = transaction
        .query_row("SELECT NOT EXISTS (SELECT 1 FROM identity)", [], |row| {
            row.get(0)
        })
        .map_err(sql(action))?;
    if !is_empty {
        return add_each_identity(transaction, pull, identities);
    }
    for (drop, _) in IDENTITY_INDEXES {
        transaction.execute(drop, []).map_err(sql(action))?;
    }
    add_each_identity(transaction, pull, identities)?;
    for (_, create) in IDENTITY_INDEXES {
        transaction.execute(create, []).map_err(sql(action))?;
    }
    Ok(())
}

/// Updates or inserts, by two plain statements: one that did either would be journalled page by page.
fn add_each_identity(
    transaction: &Transaction<'_>,
    pull: &PullRecord,
    identities: impl Iterator<Item = Result<Identity, LakeError>>,
) -> Result<(), LedgerError> {
    let action = "cannot write identities";
    let mut update = transaction
        .prepare(
            "UPDATE identity SET national_id = ?2, national_id_valid = ?3, non_disclosure = ?4, pull = ?5
             WHERE resident = ?1",
        )
        .map_err(sql(action))?;
    let mut insert = transaction
        .prepare(
            "INSERT INTO identity (resident, national_id, national_id_valid, non_disclosure, pull, source, patient_id, joined)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?5)",
        )
        .map_err(sql(action))?;
    for identity in identities {
        let identity = identity?;
        let (national_id, is_valid) = identity
            .national_id
            .as_ref()
            .map(|(id, valid)| (id.as_str(), *valid))
            .unzip();
        let resident = identity.resident.as_bytes();
        let hidden = identity.non_disclosure;
        let updated = update
            .execute(params![resident, national_id, is_valid, hidden, pull.id])
            .map_err(sql(action))?;
        if updated == 0 {
            let (source, patient) = (&pull.source, &identity.patient_id);
            insert
                .execute(params![
                    resident,
                    national_id,
                    is_valid,
                    hidden,
                    pull.id,
                    source,
                    patient
                ])
                .map_err(sql(action))?;
        }
    }
    Ok(())
}

pub(super) fn add_quarantined(
    transaction: &Transaction<'_>,
    pull: &PullRecord,
    quarantined: impl Iterator<Item = Result<Quarantined, LakeError>>,
) -> Result<(), LedgerError> {
    let action = "cannot write lines set aside";
    let statement = transaction.prepare(
        "INSERT INTO quarantine (pull, file, line, code, raw) VALUES (?1, ?2, ?3, ?4, ?5)",
    );
    let mut statement = statement.map_err(sql(action))?;
    for line in quarantined {
        let line = line?;
        let written = statement.execute(params![
            pull.id,
            line.file,
            line.line.cast_signed(),
            line.code,
            line.raw
        ]);
        written.map_err(sql(action))?;
    }
    Ok(())
}
