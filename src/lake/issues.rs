//! The table of issues.

use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::FixedSizeBinaryBuilder;
use arrow_array::types::{UInt32Type, UInt64Type};
use arrow_array::{Array, ArrayRef, RecordBatch, StringArray, UInt32Array, UInt64Array};
use arrow_schema::DataType;

use super::layout::Layout;
use super::parquet_file::{self, Columns, FileWriter, Only, id_at};
use super::{LakeError, Table};
use crate::intake::{Issue, IssueCode, IssueSeverity};
use crate::profile::ResidentId;

/// One issue with its place. What was seen is clinical data: no `Debug`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct IssueRow {
    /// Which pull found it.
    pub pull: u32,
    /// File name in the export, without folder.
    pub file: String,
    /// Line, from 1; 0 for an issue of the whole file or of several lines.
    pub line: u64,
    /// Which kind.
    pub code: IssueCode,
    /// About whom, where that is known.
    pub resident: Option<ResidentId>,
    /// Where in the resource.
    pub at: String,
    /// What was seen.
    pub saw: String,
    /// What was expected.
    pub expected: String,
    /// A question worth asking.
    pub hint: Option<String>,
}

impl IssueRow {
    /// An issue with its place: a line of a file, or no line for what several lines show.
    #[must_use]
    pub fn new(
        pull: u32,
        (file, line): (&str, u64),
        resident: Option<ResidentId>,
        issue: Issue,
    ) -> Self {
        Self {
            pull,
            file: file.to_owned(),
            line,
            code: issue.code,
            resident,
            at: issue.at,
            saw: issue.saw,
            expected: issue.expected,
            hint: issue.hint,
        }
    }
}

pub(super) static LAYOUT: Layout = Layout {
    table: Table::Issues,
    first: &[
        ("pull", DataType::UInt32, false),
        ("file", DataType::Utf8, false),
        ("line", DataType::UInt64, false),
        ("code", DataType::Utf8, false),
        ("severity", DataType::Utf8, false),
        ("resident", parquet_file::ID, true),
        ("element", DataType::Utf8, false),
        ("saw", DataType::Utf8, false),
        ("expected", DataType::Utf8, false),
        ("hint", DataType::Utf8, true),
    ],
    later: &[],
};

pub(super) fn write(writer: &mut FileWriter, rows: &[IssueRow]) -> Result<(), LakeError> {
    for chunk in rows.chunks(parquet_file::BATCH_ROWS) {
        let text = |pick: fn(&IssueRow) -> &str| -> ArrayRef {
            Arc::new(StringArray::from_iter_values(chunk.iter().map(pick)))
        };
        let mut residents = FixedSizeBinaryBuilder::with_capacity(chunk.len(), 16);
        for row in chunk {
            match row.resident {
                Some(resident) => {
                    residents
                        .append_value(resident.as_bytes())
                        .expect("sixteen bytes fit sixteen");
                }
                None => residents.append_null(),
            }
        }
        let columns: Vec<ArrayRef> = vec![
            Arc::new(UInt32Array::from_iter_values(
                chunk.iter().map(|row| row.pull),
            )),
            text(|row| &row.file),
            Arc::new(UInt64Array::from_iter_values(
                chunk.iter().map(|row| row.line),
            )),
            text(|row| row.code.name()),
            text(|row| match row.code.severity() {
                IssueSeverity::Error => "error",
                IssueSeverity::Information => "information",
            }),
            Arc::new(residents.finish()),
            text(|row| &row.at),
            text(|row| &row.saw),
            text(|row| &row.expected),
            Arc::new(StringArray::from_iter(
                chunk.iter().map(|row| row.hint.as_deref()),
            )),
        ];
        let batch = RecordBatch::try_new(LAYOUT.schema(), columns)
            .expect("columns are built to the schema");
        writer.write(&batch)?;
    }
    Ok(())
}

/// Reads issues, of one resident or all.
pub(super) fn read(path: &Path, only: Option<ResidentId>) -> Result<Vec<IssueRow>, LakeError> {
    let mut rows = Vec::new();
    for batch in parquet_file::open(Table::Issues, path, Only::default())? {
        let batch = batch?;
        let columns = Columns::new(Table::Issues, &batch);
        let (pulls, lines) = (
            columns.numbers::<UInt32Type>("pull")?,
            columns.numbers::<UInt64Type>("line")?,
        );
        let (files, codes) = (columns.texts("file")?, columns.texts("code")?);
        let residents = columns.ids("resident")?;
        let (ats, saws) = (columns.texts("element")?, columns.texts("saw")?);
        let (expecteds, hints) = (columns.texts("expected")?, columns.texts("hint")?);
        for row in 0..batch.num_rows() {
            let resident =
                (!residents.is_null(row)).then(|| ResidentId::from_bytes(id_at(residents, row)));
            if only.is_some() && only != resident {
                continue;
            }
            let name = codes.value(row);
            let code = IssueCode::ALL.iter().find(|code| code.name() == name);
            rows.push(IssueRow {
                pull: pulls.value(row),
                file: files.value(row).to_owned(),
                line: lines.value(row),
                code: *code.ok_or_else(|| {
                    LakeError::content(Table::Issues, format!("an unknown code `{name}`"))
                })?,
                resident,
                at: ats.value(row).to_owned(),
                saw: saws.value(row).to_owned(),
                expected: expecteds.value(row).to_owned(),
                hint: parquet_file::text_at(hints, row).map(str::to_owned),
            });
        }
    }
    Ok(rows)
}
