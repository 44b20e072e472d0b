//! Files of an export that hold no resources: what went wrong, and what was deleted.

use std::io;
use std::path::Path;

use serde::Deserialize;

use super::super::http::Outcome;
use super::super::lines::{Block, Lines};

/// What the files with `OperationOutcome`s say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// Outcomes, one a line.
    pub outcomes: u64,
    /// Of these, how many speak of something that went wrong, or cannot be understood.
    pub errors: u64,
    /// Code and severity of the first that went wrong.
    pub code: Option<String>,
}

/// Reads a file with `OperationOutcome`s, and adds what it says.
///
/// # Errors
///
/// When the file cannot be opened.
pub fn told(path: &Path, told: &mut Told) -> io::Result<()> {
    let (mut lines, mut block) = (Lines::open(path)?, Block::default());
    while lines.next_block(&mut block) {
        for line in block.lines() {
            told.outcomes += 1;
            let outcome = Outcome::read(line.bytes);
            // What cannot be understood may be an error.
            if outcome.as_ref().is_none_or(Outcome::is_error) {
                told.errors += 1;
                let code = outcome.and_then(|outcome| outcome.code());
                told.code = told.code.take().or(code);
            }
        }
    }
    Ok(())
}

/// Something that the source has deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletion {
    /// Resource type.
    pub resource_type: String,
    /// Its id.
    pub id: String,
}

/// Reads a file with what was deleted: a transaction `Bundle` a line, an entry for each resource.
/// Lines that are something else are counted.
///
/// # Errors
///
/// When the file cannot be opened.
pub fn deletions(path: &Path, deleted: &mut Vec<Deletion>) -> io::Result<u64> {
    let mut not_understood = 0;
    let (mut lines, mut block) = (Lines::open(path)?, Block::default());
    while lines.next_block(&mut block) {
        for line in block.lines() {
            let bundle = serde_json::from_slice::<Bundle>(line.bytes).ok();
            // Anything else may be an error in the place of what was deleted.
            let Some(bundle) = bundle.filter(|bundle| bundle.resource_type == "Bundle") else {
                not_understood += 1;
                continue;
            };
            for entry in bundle.entry {
                let url = entry.request.url.as_deref().unwrap_or_default();
                let mut parts = url.rsplitn(3, '/');
                match (entry.request.method.as_deref(), parts.next(), parts.next()) {
                    (Some("DELETE"), Some(id), Some(resource_type)) if !id.is_empty() => {
                        deleted.push(Deletion {
                            resource_type: resource_type.to_owned(),
                            id: id.to_owned(),
                        });
                    }
                    _ => not_understood += 1,
                }
            }
        }
    }
    Ok(not_understood)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bundle {
    #[serde(default)]
    resource_type: String,
    #[serde(default)]
    entry: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    request: Request,
}

#[derive(Deserialize)]
struct Request {
    method: Option<String>,
    url: Option<String>,
}
