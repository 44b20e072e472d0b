//! A line on disk for every effect, written before its answer, so that a killed server leaves a record.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use serde_json::json;

use super::kinds::Kind;

/// The record of effects; without a file it records nothing.
#[derive(Debug)]
pub(super) struct Journal(Option<File>);

impl Journal {
    /// Appends to a file, which is made when it is not there.
    pub(super) fn open(path: Option<&Path>) -> io::Result<Journal> {
        let open = |path| OpenOptions::new().create(true).append(true).open(path);
        Ok(Journal(path.map(open).transpose()?))
    }

    /// Writes one line in one call: it is in the system's hands when this returns, and survives the server's death.
    pub(super) fn note(
        &mut self,
        effect: &str,
        kind: Kind,
        id: &str,
        identifiers: &[String],
    ) -> io::Result<()> {
        let Some(file) = &mut self.0 else {
            return Ok(());
        };
        let mut line = json!({
            "effect": effect, "type": kind.name(), "id": id, "identifier": identifiers,
        })
        .to_string();
        line.push('\n');
        file.write_all(line.as_bytes())
    }
}
