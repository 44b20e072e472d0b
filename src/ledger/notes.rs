//! Notes that professionals write about residents: never changed, corrected by a further one.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, params};

use super::clock::instant;
use super::{AuditAct, AuditEntry, Ledger, LedgerError, audit, sql};
use crate::profile::ResidentId;

/// A note about a resident. Holds what a person wrote: no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Note {
    /// Its number.
    pub id: u64,
    /// The number of the note that it corrects.
    pub corrects: Option<u64>,
    /// What was written.
    pub text: String,
    /// Who wrote it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// Why the ledger took no note.
#[derive(Debug, thiserror::Error)]
pub enum NotNoted {
    /// It would correct a note that there is not.
    #[error(
        "there is no note {0} about this resident\nhint: `preventio note list` shows those there are"
    )]
    NothingToCorrect(u64),
    /// The ledger said no.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

fn note(row: &Row<'_>) -> rusqlite::Result<(Note, i64)> {
    let at = row.get(4)?;
    let note = Note {
        id: row.get::<_, i64>(0)?.cast_unsigned(),
        corrects: row.get::<_, Option<i64>>(1)?.map(i64::cast_unsigned),
        text: row.get(2)?,
        by: row.get(3)?,
        at: Timestamp::UNIX_EPOCH,
    };
    Ok((note, at))
}

impl Ledger {
    /// Adds a note about a resident, and that it was written to the audit; says which note it is.
    ///
    /// # Errors
    ///
    /// [`NotNoted::NothingToCorrect`] when what it corrects is no note about the same resident; or when
    /// the ledger cannot be written. Then nothing is.
    pub fn add_note(
        &mut self,
        resident: ResidentId,
        corrects: Option<u64>,
        (by, text): (&str, &str),
    ) -> Result<Note, NotNoted> {
        let action = "cannot write a note";
        let clock = self.clock.clone();
        let transaction = self.begin(action)?;
        let now = clock.now(&transaction)?;
        if let Some(number) = corrects {
            let found = transaction
                .query_row(
                    "SELECT id FROM note WHERE id = ?1 AND resident = ?2",
                    params![number.cast_signed(), resident.as_bytes()],
                    |row| row.get::<_, i64>(0),
                )
                .optional()
                .map_err(sql(action))?;
            if found.is_none() {
                return Err(NotNoted::NothingToCorrect(number));
            }
        }
        transaction
            .execute(
                "INSERT INTO note (resident, corrects, text, by, at) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![
                    resident.as_bytes(),
                    corrects.map(u64::cast_signed),
                    text,
                    by,
                    now.as_microsecond()
                ],
            )
            .map_err(sql(action))?;
        let id = transaction.last_insert_rowid().cast_unsigned();
        let entry = AuditEntry {
            who: by,
            act: AuditAct::WroteNote,
            about: Some(resident),
            detail: &id.to_string(),
        };
        audit::add(&transaction, now, &entry)?;
        transaction.commit().map_err(sql(action))?;
        Ok(Note {
            id,
            corrects,
            text: text.to_owned(),
            by: by.to_owned(),
            at: now,
        })
    }

    /// The notes about a resident, oldest first.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn notes(&self, resident: ResidentId) -> Result<Vec<Note>, LedgerError> {
        let action = "cannot read notes";
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT id, corrects, text, by, at FROM note WHERE resident = ?1 ORDER BY id",
            )
            .map_err(sql(action))?;
        let rows = statement
            .query_map([resident.as_bytes()], note)
            .map_err(sql(action))?;
        let notes = rows.map(|row| {
            let (note, at) = row.map_err(sql(action))?;
            let at = instant(at)?;
            Ok(Note { at, ..note })
        });
        notes.collect()
    }
}
