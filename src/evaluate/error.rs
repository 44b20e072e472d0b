//! What can be wrong with a researcher's file.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::lake::ForeignError;

/// Why a file cannot be evaluated.
#[derive(Debug, Error)]
pub enum EvaluateError {
    /// The file cannot be read.
    #[error("{}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is not what it should be, as a whole.
    #[error("{}: {what}\nhint: {hint}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        what: String,
        /// What to do.
        hint: &'static str,
    },
    /// A named column is not there.
    #[error("{}: no column `{column}`\nhint: its columns are {}", path.display(), list(found))]
    NoColumn {
        /// Which file.
        path: PathBuf,
        /// Which column.
        column: String,
        /// What there is.
        found: Vec<String>,
    },
    /// A cell is not what its column must hold.
    #[error("{}: {place}, column `{column}`: {error}", path.display())]
    Cell {
        /// Which file.
        path: PathBuf,
        /// Which row.
        place: Place,
        /// Which column.
        column: String,
        /// What is wrong with it.
        error: CellError,
    },
}

/// Where a row stands in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Counted from 1, without the header.
    row: u64,
    /// Counted from 1, with the header; of text files only.
    line: Option<u64>,
}

impl Place {
    /// A row of a file without lines.
    pub(super) const fn row(row: u64) -> Self {
        Self { row, line: None }
    }

    /// A row of a text file.
    pub(super) const fn line(row: u64, line: u64) -> Self {
        Self {
            row,
            line: Some(line),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "row {}", self.row)?;
        self.line.map_or(Ok(()), |line| write!(f, " (line {line})"))
    }
}

/// What is wrong with a cell.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum CellError {
    /// Nothing stands there.
    #[error(
        "no value\nhint: fill in or impute it, or give `--drop-missing` to leave out incomplete rows and have them counted"
    )]
    Missing,
    /// Not a number.
    #[error("{0} is not a number")]
    NotNumber(String),
    /// Infinite or not-a-number.
    #[error("{0} is not a finite number\nhint: a value that is not known is an empty cell")]
    NotFinite(String),
    /// A comma where a point belongs.
    #[error(
        "{0} has a decimal comma\nhint: write decimals with a point, and separate cells with `,`, `;` or tabs"
    )]
    DecimalComma(String),
    /// Not a probability.
    #[error("{0} is outside 0..1\nhint: predictions are probabilities; divide percentages by 100")]
    NotProbability(f64),
    /// A negative weight or time.
    #[error("{0} is negative")]
    Negative(f64),
    /// Not one of two outcomes.
    #[error("{0} is neither 0 nor 1\nhint: write the outcome as 0 and 1, or as true and false")]
    NotOutcome(String),
    /// Two events at once.
    #[error("both the event and the competing event are 1\nhint: mark what came first")]
    TwoEvents,
    /// Bytes that are no UTF-8.
    #[error("the text is not UTF-8\nhint: save the file as UTF-8; one file must not mix encodings")]
    NotUtf8,
    /// A column of very many groups.
    #[error(
        "more than {0} groups\nhint: a group is a district or a sex, not an identifier or a number"
    )]
    TooManyGroups(usize),
}

impl EvaluateError {
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + use<'_> {
        move |source| Self::Io {
            path: path.to_owned(),
            source,
        }
    }

    pub(super) fn file(path: &Path, what: impl Into<String>, hint: &'static str) -> Self {
        Self::File {
            path: path.to_owned(),
            what: what.into(),
            hint,
        }
    }

    pub(super) fn from_lake(path: &Path, error: ForeignError<(Place, String, CellError)>) -> Self {
        let path = path.to_owned();
        match error {
            ForeignError::Io(source) => Self::Io { path, source },
            ForeignError::Format(what) => {
                Self::file(&path, what, "it begins like Parquet; was it copied whole?")
            }
            ForeignError::NoColumn { column, found } => Self::NoColumn {
                path,
                column,
                found,
            },
            ForeignError::Type { column, found } => Self::file(
                &path,
                format!("column `{column}` holds {found}"),
                "columns hold numbers, booleans or texts",
            ),
            ForeignError::Caller((place, column, error)) => Self::Cell {
                path,
                place,
                column,
                error,
            },
        }
    }
}

/// The first dozen of some names.
fn list(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(12).map(|name| quoted(name)).collect();
    let more = if shown.len() < names.len() {
        ", …"
    } else {
        ""
    };
    shown.join(", ") + more
}

/// A text in backticks; a long one only by its length, since it may be about a person.
pub(super) fn quoted(text: &str) -> String {
    let n_characters = text.chars().count();
    if n_characters <= 20 {
        format!("`{}`", text.escape_debug())
    } else {
        format!("a text of {n_characters} characters")
    }
}
