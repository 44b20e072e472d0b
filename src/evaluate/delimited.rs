//! CSV and its relatives.

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use csv::{ByteRecord, ErrorKind, ReaderBuilder};

use super::error::{EvaluateError, Place, quoted};
use super::table::{Builder, Columns};
use crate::lake::Cell;

const UTF8: &str = "save the file as UTF-8; one file must not mix encodings";

pub(super) fn read(
    path: &Path,
    columns: &Columns,
    builder: &mut Builder,
) -> Result<(), EvaluateError> {
    let mut file = File::open(path).map_err(EvaluateError::io(path))?;
    let separator = separator(path, &mut file)?;
    let mut reader = ReaderBuilder::new()
        .delimiter(separator)
        .from_reader(BufReader::with_capacity(1 << 18, file));
    let header = reader
        .byte_headers()
        .map_err(|error| unreadable(path, error))?
        .clone();
    let at = places(path, &header, columns)?;
    let mut record = ByteRecord::new();
    let mut row = 0;
    while reader
        .read_byte_record(&mut record)
        .map_err(|error| unreadable(path, error))?
    {
        row += 1;
        let line = record.position().map_or(row + 1, csv::Position::line);
        for (column, at) in at.iter().enumerate() {
            builder
                .cell(Place::line(row, line), column, Cell::Text(&record[*at]))
                .map_err(|(place, column, error)| EvaluateError::Cell {
                    path: path.to_owned(),
                    place,
                    column,
                    error,
                })?;
        }
    }
    Ok(())
}

/// What separates the cells, from the first line; the file is left at the first byte of the header.
fn separator(path: &Path, file: &mut File) -> Result<u8, EvaluateError> {
    let mut head = Vec::new();
    let limit = 1 << 16;
    file.by_ref()
        .take(limit)
        .read_to_end(&mut head)
        .map_err(EvaluateError::io(path))?;
    if head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) {
        return Err(EvaluateError::file(path, "the text is UTF-16", UTF8));
    }
    if head.is_empty() {
        return Err(EvaluateError::file(
            path,
            "the file is empty",
            "it needs a header and rows",
        ));
    }
    // Spreadsheets put a mark before UTF-8; it is no part of the first column's name.
    let start = if head.starts_with(&[0xef, 0xbb, 0xbf]) {
        3
    } else {
        0
    };
    file.seek(std::io::SeekFrom::Start(start))
        .map_err(EvaluateError::io(path))?;
    let first_line = head.split(|byte| *byte == b'\n').next().unwrap_or(&head);
    let count = |separator: u8| first_line.iter().filter(|byte| **byte == separator).count();
    let candidates = [b',', b';', b'\t'];
    // The last of equals would win: a comma is the most usual.
    let best = candidates.into_iter().rev().max_by_key(|byte| count(*byte));
    Ok(best.unwrap_or(b','))
}

/// Where the named columns stand.
fn places(
    path: &Path,
    header: &ByteRecord,
    columns: &Columns,
) -> Result<Vec<usize>, EvaluateError> {
    let mut names = Vec::new();
    for (n, name) in header.iter().enumerate() {
        let name = std::str::from_utf8(name).map_err(|_| {
            let what = format!("line 1, column {}: the header is not UTF-8", n + 1);
            EvaluateError::file(path, what, UTF8)
        })?;
        names.push(name.trim().to_owned());
    }
    let place = |wanted: &str| {
        let mut found = (0..names.len()).filter(|n| names[*n] == wanted);
        match (found.next(), found.next()) {
            (Some(at), None) => Ok(at),
            (Some(_), Some(_)) => Err(EvaluateError::file(
                path,
                format!("two columns are called {}", quoted(wanted)),
                "rename one of them",
            )),
            (None, _) => Err(EvaluateError::NoColumn {
                path: path.to_owned(),
                column: wanted.to_owned(),
                found: names.clone(),
            }),
        }
    };
    columns.names().into_iter().map(place).collect()
}

fn unreadable(path: &Path, error: csv::Error) -> EvaluateError {
    let text = error.to_string();
    match error.into_kind() {
        ErrorKind::Io(source) => EvaluateError::io(path)(source),
        ErrorKind::UnequalLengths {
            pos,
            expected_len,
            len,
        } => {
            let place = pos.map_or_else(String::new, |pos| {
                format!("row {} (line {}): ", pos.record(), pos.line())
            });
            EvaluateError::file(
                path,
                format!("{place}{len} cells, but the header has {expected_len}"),
                "a decimal comma splits a cell in two; write decimals with a point",
            )
        }
        ErrorKind::Utf8 { .. }
        | ErrorKind::Seek
        | ErrorKind::Serialize(_)
        | ErrorKind::Deserialize { .. }
        | _ => EvaluateError::file(path, text, "is this a table with a header?"),
    }
}
