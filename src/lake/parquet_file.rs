//! One Parquet file: written to be named by its content, read batch by batch.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::ArrowPrimitiveType;
use arrow_array::{
    Array, ArrayRef, BooleanArray, FixedSizeBinaryArray, PrimitiveArray, StringArray,
};
use arrow_schema::{ArrowError, DataType};
use parquet::arrow::arrow_reader::{
    ArrowPredicateFn, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder, RowFilter,
};
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, PageIndexPolicy};
use parquet::file::properties::WriterProperties;
use sha2::{Digest, Sha256};

use super::layout::{FileVersion, Layout};
use super::store::name;
use super::{LakeError, Table};
use crate::profile::ResidentId;

/// Rows a batch holds in memory when writing.
pub(super) const BATCH_ROWS: usize = 16_384;
/// Rows a batch holds in memory when reading: several files are open at once.
const READ_ROWS: usize = 2_048;
/// Rows of a row group: the unit a lookup of one resident can skip, and what a writer holds.
const GROUP_ROWS: usize = 65_536;
/// Rows of a page: what a reader holds of each column.
const PAGE_ROWS: usize = 8_192;
/// Bytes of a column's dictionary, which readers hold whole; beyond it values are written plainly.
const DICTIONARY_BYTES: usize = 128 * 1024;

/// Passes bytes on and hashes them, so that a file is never read back to be named.
struct HashingWriter {
    file: File,
    hash: Sha256,
    bytes: u64,
}

impl Write for HashingWriter {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let n = self.file.write(buffer)?;
        self.hash.update(&buffer[..n]);
        self.bytes += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A Parquet file being written.
pub(super) struct FileWriter {
    table: Table,
    writer: ArrowWriter<HashingWriter>,
    rows: u64,
}

/// What a finished file is.
pub(super) struct Written {
    pub(super) sha256: String,
    pub(super) bytes: u64,
    pub(super) rows: u64,
}

impl FileWriter {
    pub(super) fn create(layout: &Layout, file: File) -> Result<Self, LakeError> {
        let table = layout.table;
        let level = ZstdLevel::try_new(1).map_err(|source| parquet_error(table, source))?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .set_data_page_row_count_limit(PAGE_ROWS)
            .set_dictionary_page_size_limit(DICTIONARY_BYTES)
            // The same rows must give the same file on every release of the library's defaults.
            .set_created_by("preventiojyraa".to_owned())
            .set_key_value_metadata(Some(layout.stamp()))
            .build();
        let sink = HashingWriter {
            file,
            hash: Sha256::new(),
            bytes: 0,
        };
        let writer = ArrowWriter::try_new(sink, layout.schema(), Some(properties))
            .map_err(|source| parquet_error(table, source))?;
        Ok(Self {
            table,
            writer,
            rows: 0,
        })
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<(), LakeError> {
        self.rows += batch.num_rows() as u64;
        self.writer
            .write(batch)
            .map_err(|source| parquet_error(self.table, source))
    }

    /// Finishes and syncs the file.
    pub(super) fn finish(self, path: &Path) -> Result<Written, LakeError> {
        let table = self.table;
        let sink = self
            .writer
            .into_inner()
            .map_err(|source| parquet_error(table, source))?;
        sink.file.sync_all().map_err(LakeError::io("sync", path))?;
        let sha256 = hex(&sink.hash.finalize());
        Ok(Written {
            sha256,
            bytes: sink.bytes,
            rows: self.rows,
        })
    }
}

pub(super) fn parquet_error(table: Table, source: ParquetError) -> LakeError {
    LakeError::Parquet {
        table: table.name(),
        source,
    }
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The rows of a file, batch by batch, with the columns of the newest version.
pub(super) struct Batches {
    layout: &'static Layout,
    reader: ParquetRecordBatchReader,
}

impl Iterator for Batches {
    type Item = Result<RecordBatch, LakeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.reader.next()?;
        let unsound = |error: ArrowError| LakeError::content(self.layout.table, error.to_string());
        Some(
            batch
                .map(|batch| self.layout.brought_up(batch))
                .map_err(unsound),
        )
    }
}

/// Which rows are wanted; parts of a file that cannot hold them are skipped, others may hold more.
#[derive(Clone, Copy, Default)]
pub(super) struct Only<'a> {
    /// Of this resident, in tables whose first column that is.
    pub(super) resident: Option<&'a [u8; 16]>,
    /// Of this run, in the table of decisions.
    pub(super) run: Option<u32>,
}

impl<'a> Only<'a> {
    /// What may be about a resident, in a table; all of it where rows are not in the order of residents.
    pub(super) const fn about(table: Table, resident: &'a ResidentId) -> Self {
        let resident = match table {
            Table::Facts | Table::Register | Table::Decisions => Some(resident.as_bytes()),
            Table::Issues => None,
        };
        Self {
            resident,
            run: None,
        }
    }
}

/// Opens a file of any known version for reading. Of a resident only the rows themselves come, and pages
/// without any are not unpacked.
///
/// # Errors
///
/// When it cannot be opened, is not Parquet, is of a newer version, or is not what it says.
pub(super) fn open(table: Table, path: &Path, only: Only<'_>) -> Result<Batches, LakeError> {
    let pages = match only.resident {
        Some(_) => PageIndexPolicy::Optional,
        None => PageIndexPolicy::Skip,
    };
    let (builder, _) = begin_with(table, path, pages)?;
    let groups = builder.metadata().row_groups().iter().enumerate();
    let kept = groups
        .filter(|(_, group)| {
            let is_of_resident = only.resident.is_none_or(|wanted| {
                let (low, high) = bounds(group.column(0));
                low.is_none_or(|low| low <= &wanted[..])
                    && high.is_none_or(|high| &wanted[..] <= high)
            });
            let is_of_run = only.run.is_none_or(|wanted| {
                let (low, high) = bounds(group.column(1));
                number(low).is_none_or(|low| low <= wanted)
                    && number(high).is_none_or(|high| wanted <= high)
            });
            is_of_resident && is_of_run
        })
        .map(|(n, _)| n)
        .collect();
    let mut builder = builder.with_row_groups(kept).with_batch_size(READ_ROWS);
    if let Some(wanted) = only.resident {
        let residents = ProjectionMask::leaves(builder.parquet_schema(), [0]);
        let wanted = *wanted;
        let is_wanted = ArrowPredicateFn::new(residents, move |batch| {
            let ids = batch.column(0).as_fixed_size_binary();
            Ok(BooleanArray::from_unary(ids, |id| id == wanted))
        });
        builder = builder.with_row_filter(RowFilter::new(vec![Box::new(is_wanted)]));
    }
    let reader = builder
        .build()
        .map_err(|source| parquet_error(table, source))?;
    Ok(Batches {
        layout: table.layout(),
        reader,
    })
}

/// Of which version a file is; its columns are looked at, its rows are not.
///
/// # Errors
///
/// As [`open`].
pub(super) fn version(table: Table, path: &Path) -> Result<FileVersion, LakeError> {
    begin(table, path).map(|(_, version)| version)
}

/// The smallest value of a column of numbers, as far as the file says it.
///
/// # Errors
///
/// As [`open`].
pub(super) fn least(table: Table, path: &Path, column: usize) -> Result<Option<u32>, LakeError> {
    let (builder, _) = begin(table, path)?;
    let groups = builder.metadata().row_groups().iter();
    let of_groups = groups.map(|group| number(bounds(group.column(column)).0));
    Ok(of_groups.min().flatten())
}

/// Smallest and largest run, and the smallest resident of the first rows.
type PlaceOfDecisions = (Option<u32>, Option<u32>, Vec<u8>);

/// What files of decisions are sorted by: the smallest and the largest run, then the smallest resident
/// of the first rows.
///
/// Rows are in the order of runs and residents, also from one file to the next. So of files that begin
/// with one run those with that run alone come first, by resident, and the one that goes on with
/// the next run after them.
///
/// # Errors
///
/// As [`open`].
pub(super) fn place_of_decisions(path: &Path) -> Result<PlaceOfDecisions, LakeError> {
    let (builder, _) = begin(Table::Decisions, path)?;
    let groups = builder.metadata().row_groups();
    let runs = || groups.iter().map(|group| bounds(group.column(1)));
    let least = runs().filter_map(|(low, _)| number(low)).min();
    let greatest = runs().filter_map(|(_, high)| number(high)).max();
    let first = groups.first().and_then(|group| bounds(group.column(0)).0);
    Ok((least, greatest, first.unwrap_or_default().to_vec()))
}

fn begin(
    table: Table,
    path: &Path,
) -> Result<(ParquetRecordBatchReaderBuilder<File>, FileVersion), LakeError> {
    begin_with(table, path, PageIndexPolicy::Skip)
}

fn begin_with(
    table: Table,
    path: &Path,
    pages: PageIndexPolicy,
) -> Result<(ParquetRecordBatchReaderBuilder<File>, FileVersion), LakeError> {
    let file = File::open(path).map_err(LakeError::io("open", path))?;
    let options = ArrowReaderOptions::new().with_page_index_policy(pages);
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)
        .map_err(|source| parquet_error(table, source))?;
    let stamp = builder.metadata().file_metadata().key_value_metadata();
    let version = table
        .layout()
        .version(&name(path), stamp, builder.schema())?;
    Ok((builder, version))
}

/// The smallest and the largest value of a column in a row group, as far as the file says them.
fn bounds(column: &ColumnChunkMetaData) -> (Option<&[u8]>, Option<&[u8]>) {
    let statistics = column.statistics();
    (
        statistics.and_then(|s| s.min_bytes_opt()),
        statistics.and_then(|s| s.max_bytes_opt()),
    )
}

fn number(bytes: Option<&[u8]>) -> Option<u32> {
    Some(u32::from_le_bytes(bytes?.try_into().ok()?))
}

/// Sixteen bytes: an opaque identifier.
pub(super) const ID: DataType = DataType::FixedSizeBinary(16);

pub(super) fn ids<'a>(values: impl ExactSizeIterator<Item = &'a [u8; 16]>) -> ArrayRef {
    let mut builder = arrow_array::builder::FixedSizeBinaryBuilder::with_capacity(values.len(), 16);
    for value in values {
        builder
            .append_value(value)
            .expect("sixteen bytes fit sixteen");
    }
    Arc::new(builder.finish())
}

/// A batch read back, with its columns by name.
pub(super) struct Columns<'b> {
    table: Table,
    batch: &'b RecordBatch,
}

impl<'b> Columns<'b> {
    pub(super) fn new(table: Table, batch: &'b RecordBatch) -> Self {
        Self { table, batch }
    }

    fn column(&self, name: &str) -> Result<&'b ArrayRef, LakeError> {
        self.batch
            .column_by_name(name)
            .ok_or_else(|| LakeError::content(self.table, format!("no column `{name}`")))
    }

    fn wrong(&self, name: &str) -> LakeError {
        LakeError::content(self.table, format!("a column `{name}` of another type"))
    }

    pub(super) fn ids(&self, name: &str) -> Result<&'b FixedSizeBinaryArray, LakeError> {
        let column = self
            .column(name)?
            .as_fixed_size_binary_opt()
            .ok_or_else(|| self.wrong(name))?;
        if column.value_length() == 16 {
            Ok(column)
        } else {
            Err(self.wrong(name))
        }
    }

    pub(super) fn texts(&self, name: &str) -> Result<&'b StringArray, LakeError> {
        self.column(name)?
            .as_string_opt()
            .ok_or_else(|| self.wrong(name))
    }

    pub(super) fn numbers<T: ArrowPrimitiveType>(
        &self,
        name: &str,
    ) -> Result<&'b PrimitiveArray<T>, LakeError> {
        self.column(name)?
            .as_primitive_opt()
            .ok_or_else(|| self.wrong(name))
    }
}

/// Sixteen bytes of a row.
pub(super) fn id_at(column: &FixedSizeBinaryArray, row: usize) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(column.value(row));
    bytes
}

/// A value, or nothing where the column is null.
pub(super) fn at<T: ArrowPrimitiveType>(
    column: &PrimitiveArray<T>,
    row: usize,
) -> Option<T::Native> {
    (!column.is_null(row)).then(|| column.value(row))
}

/// A text, or nothing where the column is null.
pub(super) fn text_at(column: &StringArray, row: usize) -> Option<&str> {
    (!column.is_null(row)).then(|| column.value(row))
}

/// Days since 1970 of a date, as Arrow's `Date32`.
pub(super) fn days(date: jiff::civil::Date) -> i32 {
    (date - jiff::civil::date(1970, 1, 1)).get_days()
}

/// The date of a `Date32`.
pub(super) fn date(table: Table, days: i32) -> Result<jiff::civil::Date, LakeError> {
    jiff::civil::date(1970, 1, 1)
        .checked_add(jiff::Span::new().days(days))
        .map_err(|_| LakeError::content(table, "a date beyond the calendar"))
}
