//! Evaluate: a researcher's own table, read and held against what happened.
//!
//! # What lives here
//!
//! Reading named columns of a CSV or Parquet file into typed ones
//! ([`read`]), and the figures as a document that becomes JSON
//! ([`Document`]). No figure is computed here: that is `calibration`'s.
//!
//! # How the data flows
//!
//! `(path, columns) → Table → calibration::evaluate → Document`.
//!
//! # Invariants
//!
//! * Only the named columns are kept, at eight bytes a number: a file of any size streams through.
//! * A cell that is not what its column must hold stops the reading, with its
//!   row and column; a missing value is never a zero.
//! * No text longer than twenty characters of a cell is ever repeated in a message.
//!
//! # Example
//!
//! ```
//! use preventiojyraa::calibration::{self, Settings};
//! use preventiojyraa::evaluate::{Columns, Missing, read};
//!
//! let file = std::env::temp_dir().join(format!("evaluate-{}.csv", std::process::id()));
//! std::fs::write(&file, "p,y\n0.1,0\n0.7,1\n0.4,0\n0.6,1\n")?;
//! let columns = Columns::new("y", "p");
//! let table = read(&file, &columns, Missing::Refused)?;
//! let evaluation = calibration::evaluate(&table.rows, &table.groupings, &Settings::default())?;
//! assert_eq!(evaluation.whole.auroc.map(|auroc| auroc.estimate.value), Ok(1.0));
//! std::fs::remove_file(&file)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Why it is so
//!
//! Guessing what a cell means (a decimal comma, a missing outcome) would give a
//! figure that nobody can trace. The file is refused at the first such cell,
//! with a hint; dropping incomplete rows is possible, by asking for it, and counted.

mod delimited;
mod document;
mod error;
mod figure;
mod resample;
mod table;

use std::path::Path;

pub use document::Document;
pub use error::{CellError, EvaluateError, Place};
pub use figure::FigureEntry;
pub use resample::{Drawn, resample};
pub use table::{Columns, FollowUpColumns, Missing, Table};

use crate::lake;

/// Reads the named columns of a file.
///
/// Parquet is known by its first four bytes; everything else is delimited text:
/// UTF-8, a header, separated by commas, semicolons or tabs.
///
/// # Errors
///
/// A file that cannot be read, a column that is not there, a cell that is not
/// what its column must hold, no rows, or one class only.
pub fn read(path: &Path, columns: &Columns, missing: Missing) -> Result<Table, EvaluateError> {
    let mut reader = table::Builder::new(columns, missing);
    if lake::is_parquet(path).map_err(EvaluateError::io(path))? {
        let read = lake::read_foreign(path, &columns.names(), &mut |row, column, cell| {
            reader.cell(Place::row(row), column, cell)
        });
        read.map_err(|error| EvaluateError::from_lake(path, error))?;
    } else {
        delimited::read(path, columns, &mut reader)?;
    }
    reader.finish(path)
}
