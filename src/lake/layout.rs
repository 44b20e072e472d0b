//! Which columns each version of a table has, and how files of earlier versions are read.
//!
//! Every file says in its metadata of which table and version it is; a file without that is of
//! version 1, from before versions were written down. What a version has is never edited: files of
//! it lie in data folders. Whoever adds a column
//!
//! 1. appends an entry to `later` of the table's layout: the column, and what rows have that were
//!    written before it (null, unless there is a value that is true of all of them);
//! 2. writes it in the table's `batch` and reads it, if the program uses it, in `read_batch`: files of
//!    earlier versions come with the column filled in;
//! 3. puts a file of the new version beside the others in `fixtures/lake/` (`fixtures/SOURCES.md` says how),
//!    where a test reads every one of them for ever.
//!
//! Earlier programs then refuse the new files by name instead of leaving the column out. A change that
//! is no new column (another type, another meaning) is a new column and the old one kept as it was.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, new_null_array};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use parquet::file::metadata::KeyValue;

use super::{LakeError, Table};

/// A column: its name, its type, whether it can be null.
pub(super) type Column = (&'static str, DataType, bool);

/// Under these names a file says what it is.
const TABLE: &str = "preventio.table";
const VERSION: &str = "preventio.version";

/// The columns of a table, version by version.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) table: Table,
    /// Columns of version 1.
    pub(super) first: &'static [Column],
    /// The column that each later version added at the end; rows of before have null there.
    pub(super) later: &'static [(&'static str, DataType)],
}

/// Of which version a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileVersion {
    /// The version of its table's columns, from 1.
    pub version: u32,
    /// Whether the file says so itself; those from before versions were written down do not.
    pub is_stamped: bool,
}

impl Layout {
    /// The newest version: the one that is written.
    pub(super) fn newest(&self) -> u32 {
        u32::try_from(self.later.len()).expect("there are few versions") + 1
    }

    /// The columns of a version.
    fn columns(&self, version: u32) -> impl Iterator<Item = Column> {
        let n_later = usize::try_from(version).unwrap_or(usize::MAX) - 1;
        let later = self.later.iter().take(n_later);
        let later = later.map(|(name, kind)| (*name, kind.clone(), true));
        self.first.iter().cloned().chain(later)
    }

    /// The columns that are written, as Arrow has them.
    pub(super) fn schema(&self) -> SchemaRef {
        let fields: Vec<Field> = self
            .columns(self.newest())
            .map(|(name, kind, nullable)| Field::new(name, kind, nullable))
            .collect();
        Arc::new(Schema::new(fields))
    }

    /// What a file of the newest version says of itself.
    pub(super) fn stamp(&self) -> Vec<KeyValue> {
        vec![
            KeyValue::new(TABLE.to_owned(), self.table.name().to_owned()),
            KeyValue::new(VERSION.to_owned(), self.newest().to_string()),
        ]
    }

    /// The version of a file, when its columns are those of that version.
    ///
    /// # Errors
    ///
    /// When it is of a newer version, of another table, or has other columns than its version.
    pub(super) fn version(
        &self,
        file: &str,
        stamp: Option<&Vec<KeyValue>>,
        found: &Schema,
    ) -> Result<FileVersion, LakeError> {
        let said = |key: &str| {
            let mut pairs = stamp.into_iter().flatten();
            let pair = pairs.find(|pair| pair.key == key)?;
            Some(pair.value.clone().unwrap_or_default())
        };
        let wrong = |what: String| LakeError::Layout {
            table: self.table.name(),
            file: file.to_owned(),
            what,
        };
        if let Some(table) = said(TABLE).filter(|table| table != self.table.name()) {
            return Err(wrong(format!("it says it is of table `{table}`")));
        }
        let stamped = said(VERSION);
        let version = match &stamped {
            None => 1,
            Some(text) => text
                .parse()
                .ok()
                .filter(|version| 1 <= *version)
                .ok_or_else(|| wrong(format!("it says it is of version `{text}`")))?,
        };
        if self.newest() < version {
            return Err(LakeError::Newer {
                table: self.table.name(),
                file: file.to_owned(),
                found: version,
                known: self.newest(),
            });
        }
        let expected: Vec<Column> = self.columns(version).collect();
        for (n, (name, kind, nullable)) in expected.iter().enumerate() {
            let shown = |kind: &DataType, nullable: bool| {
                format!("`{kind}`{}", if nullable { ", can be null" } else { "" })
            };
            let there = found.fields().get(n);
            let Some(field) = there.filter(|field| field.name() == name) else {
                let there = there.map_or("nothing".to_owned(), |f| format!("`{}`", f.name()));
                let n = n + 1;
                return Err(wrong(format!(
                    "column {n} is {there}; version {version} has `{name}` there"
                )));
            };
            if field.data_type() != kind || field.is_nullable() != *nullable {
                return Err(wrong(format!(
                    "column `{name}` is {}; in version {version} it is {}",
                    shown(field.data_type(), field.is_nullable()),
                    shown(kind, *nullable)
                )));
            }
        }
        if let Some(more) = found.fields().get(expected.len()) {
            return Err(wrong(format!(
                "it has a column `{}`, which version {version} has not",
                more.name()
            )));
        }
        Ok(FileVersion {
            version,
            is_stamped: stamped.is_some(),
        })
    }

    /// Rows of an earlier version, with the columns that have come since.
    pub(super) fn brought_up(&self, batch: RecordBatch) -> RecordBatch {
        let schema = self.schema();
        if batch.num_columns() == schema.fields().len() {
            return batch;
        }
        let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
        for field in &schema.fields()[columns.len()..] {
            columns.push(new_null_array(field.data_type(), batch.num_rows()));
        }
        RecordBatch::try_new(schema, columns).expect("the columns were compared with the version")
    }
}

impl Table {
    /// The table's columns.
    pub(super) const fn layout(self) -> &'static Layout {
        match self {
            Self::Facts => &super::facts::LAYOUT,
            Self::Register => &super::register::LAYOUT,
            Self::Issues => &super::issues::LAYOUT,
            Self::Decisions => &super::decisions::LAYOUT,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static MADE_UP: Layout = Layout {
        table: Table::Facts,
        first: &[("a", DataType::UInt32, false), ("b", DataType::Utf8, true)],
        later: &[("c", DataType::Date32), ("d", DataType::Utf8)],
    };

    fn schema(columns: &[Column]) -> Schema {
        let field = |(name, kind, nullable): &Column| Field::new(*name, kind.clone(), *nullable);
        Schema::new(columns.iter().map(field).collect::<Vec<_>>())
    }

    fn said(stamp: &[(&str, &str)], columns: &[Column]) -> Result<u32, String> {
        let pairs = stamp.iter();
        let pairs = pairs.map(|(k, v)| KeyValue::new((*k).to_owned(), (*v).to_owned()));
        let found = MADE_UP.version("x.parquet", Some(&pairs.collect()), &schema(columns));
        found
            .map(|found| found.version)
            .map_err(|error| error.to_string())
    }

    const A: Column = ("a", DataType::UInt32, false);
    const B: Column = ("b", DataType::Utf8, true);
    const C: Column = ("c", DataType::Date32, true);
    const D: Column = ("d", DataType::Utf8, true);

    #[test]
    fn a_version_is_believed_when_the_columns_are_its_own() {
        assert_eq!(said(&[], &[A, B]), Ok(1));
        assert_eq!(said(&[(VERSION, "1")], &[A, B]), Ok(1));
        assert_eq!(said(&[(TABLE, "facts"), (VERSION, "2")], &[A, B, C]), Ok(2));
        assert_eq!(said(&[(VERSION, "3")], &[A, B, C, D]), Ok(3));
    }

    #[test]
    fn what_a_file_is_not_is_said() {
        for (stamp, columns, expected) in [
            (
                &[(VERSION, "4")][..],
                &[A, B, C, D][..],
                "is of version 4, this program knows 1 to 3",
            ),
            (&[(VERSION, "0")], &[A, B], "it says it is of version `0`"),
            (&[(VERSION, "two")], &[A, B], "version `two`"),
            (&[(TABLE, "issues")], &[A, B], "of table `issues`"),
            (
                &[(VERSION, "2")],
                &[A, B],
                "column 3 is nothing; version 2 has `c` there",
            ),
            (
                &[],
                &[A, B, C],
                "it has a column `c`, which version 1 has not",
            ),
            (&[], &[B, A], "column 1 is `b`; version 1 has `a` there"),
            (
                &[],
                &[("a", DataType::Int32, false), B],
                "column `a` is `Int32`; in version 1 it is `UInt32`",
            ),
            (
                &[],
                &[("a", DataType::UInt32, true), B],
                "column `a` is `UInt32`, can be null; in version 1 it is `UInt32`",
            ),
        ] {
            let told = said(stamp, columns).expect_err(expected);
            assert!(told.contains(expected), "{told}");
            assert!(
                told.contains("`x.parquet`") && told.contains("\nhint: "),
                "{told}"
            );
        }
    }

    #[test]
    fn rows_of_earlier_versions_come_with_the_columns_of_today() {
        let numbers: ArrayRef = Arc::new(arrow_array::UInt32Array::from(vec![7, 8]));
        let texts: ArrayRef = Arc::new(arrow_array::StringArray::from(vec![Some("x"), None]));
        let first = Arc::new(schema(&[A, B]));
        let old = RecordBatch::try_new(first, vec![numbers.clone(), texts]).expect("a batch");
        let new = MADE_UP.brought_up(old);
        assert_eq!(new.schema(), MADE_UP.schema());
        assert_eq!(new.column(0), &numbers);
        assert_eq!(new.column(2).null_count(), 2);
        assert_eq!(new.column(3).null_count(), 2);
        assert_eq!(MADE_UP.brought_up(new.clone()), new);
    }
}
