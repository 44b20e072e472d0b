//! Notes of professionals about residents, as they are written and shown.

use serde::Serialize;

use super::{DataFolder, StepError};
use crate::ledger::{NotNoted, Note};
use crate::profile::ResidentId;

/// The longest note, in characters: two pages of text. What is longer belongs in the record.
pub const LONGEST_NOTE: usize = 4_000;

/// A note, by opaque ids only. Holds what a person wrote: for the screen alone, no `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct NoteShown {
    /// Its number.
    pub note: u64,
    /// When it was written (UTC).
    pub at: String,
    /// Who wrote it.
    pub by: String,
    /// What was written.
    pub text: String,
    /// The number of the note that it corrects.
    pub corrects: Option<u64>,
    /// The number of the newest note that corrects it.
    pub corrected_by: Option<u64>,
}

/// Why a note was not written.
#[derive(Debug, thiserror::Error)]
pub enum NotWritten {
    /// It says nothing.
    #[error("the note is empty\nhint: what the next professional should know, in a few words")]
    Empty,
    /// It says too much.
    #[error(
        "the note has {0} characters, and {LONGEST_NOTE} is the most\nhint: what is longer belongs in the record; say here where it stands"
    )]
    TooLong(usize),
    /// The ledger did not take it.
    #[error(transparent)]
    Ledger(#[from] NotNoted),
}

impl DataFolder {
    /// Writes a note about a resident in somebody's name; blanks around it are left out.
    ///
    /// # Errors
    ///
    /// [`NotWritten`] says why nothing was written.
    pub fn write_note(
        &mut self,
        resident: ResidentId,
        corrects: Option<u64>,
        (by, text): (&str, &str),
    ) -> Result<NoteShown, NotWritten> {
        // Browsers end lines by two characters.
        let text = text.replace("\r\n", "\n");
        let text = text.trim();
        let n = text.chars().count();
        if n == 0 {
            return Err(NotWritten::Empty);
        }
        if LONGEST_NOTE < n {
            return Err(NotWritten::TooLong(n));
        }
        let note = self.ledger.add_note(resident, corrects, (by, text))?;
        Ok(shown(note, &[]))
    }

    /// The notes about a resident, oldest first.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn notes_about(&self, resident: ResidentId) -> Result<Vec<NoteShown>, StepError> {
        let notes = self.ledger.notes(resident)?;
        let corrections: Vec<(u64, u64)> = notes
            .iter()
            .filter_map(|note| Some((note.corrects?, note.id)))
            .collect();
        let notes = notes.into_iter();
        Ok(notes.map(|note| shown(note, &corrections)).collect())
    }
}

/// A note as it is shown; `corrections` are numbers of notes with those that correct them, oldest first.
fn shown(note: Note, corrections: &[(u64, u64)]) -> NoteShown {
    let newest = corrections.iter().rfind(|(wrong, _)| *wrong == note.id);
    NoteShown {
        note: note.id,
        at: note.at.to_string(),
        by: note.by,
        text: note.text,
        corrects: note.corrects,
        corrected_by: newest.map(|(_, right)| *right),
    }
}
