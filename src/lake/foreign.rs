//! Parquet files that others wrote: named columns, cell by cell.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};

use super::parquet_file::BATCH_ROWS;

/// A cell of a table that somebody else made.
#[derive(Debug, Clone, Copy)]
pub enum Cell<'a> {
    /// Nothing there.
    Missing,
    /// A number.
    Number(f64),
    /// True or false.
    Flag(bool),
    /// A text, which may not be UTF-8.
    Text(&'a [u8]),
}

/// Why a foreign file cannot be read.
#[derive(Debug)]
pub enum ForeignError<E> {
    /// The file cannot be opened.
    Io(io::Error),
    /// It is no sound Parquet file.
    Format(String),
    /// A column is not there.
    NoColumn {
        /// Which one.
        column: String,
        /// What there is.
        found: Vec<String>,
    },
    /// A column of a type that holds neither numbers, flags nor texts.
    Type {
        /// Which one.
        column: String,
        /// Its type.
        found: String,
    },
    /// The caller refused a cell.
    Caller(E),
}

/// Whether a file begins like Parquet.
pub(crate) fn is_parquet(path: &Path) -> io::Result<bool> {
    let mut first = [0; 4];
    match File::open(path)?.read_exact(&mut first) {
        Ok(()) => Ok(&first == b"PAR1"),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// Reads the named columns batch by batch; `take` gets row (from 1), which
/// column, and the cell, row by row in the order of the names.
pub(crate) fn read_foreign<E>(
    path: &Path,
    names: &[&str],
    take: &mut dyn FnMut(u64, usize, Cell<'_>) -> Result<(), E>,
) -> Result<(), ForeignError<E>> {
    let format = |error: parquet::errors::ParquetError| ForeignError::Format(error.to_string());
    let file = File::open(path).map_err(ForeignError::Io)?;
    // Without the writer's hints a category is the text it stands for.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let builder =
        ParquetRecordBatchReaderBuilder::try_new_with_options(file, options).map_err(format)?;
    let fields = builder.schema().fields().clone();
    for name in names {
        if !fields.iter().any(|field| field.name() == name) {
            return Err(ForeignError::NoColumn {
                column: (*name).to_owned(),
                found: fields.iter().map(|field| field.name().clone()).collect(),
            });
        }
    }
    let wanted = (0..fields.len()).filter(|n| names.contains(&fields[*n].name().as_str()));
    let mask = ProjectionMask::roots(builder.parquet_schema(), wanted);
    let reader = builder
        .with_projection(mask)
        .with_batch_size(BATCH_ROWS)
        .build()
        .map_err(format)?;
    let mut row = 0;
    for batch in reader {
        let batch = batch.map_err(|error| ForeignError::Format(error.to_string()))?;
        let columns = names.iter().map(|name| {
            let column = batch.column_by_name(name).expect("checked above");
            Cells::of(name, column)
        });
        let columns: Vec<Cells<'_>> = columns.collect::<Result<_, _>>()?;
        for at in 0..batch.num_rows() {
            row += 1;
            for (n, column) in columns.iter().enumerate() {
                take(row, n, column.at(at)).map_err(ForeignError::Caller)?;
            }
        }
    }
    Ok(())
}

/// One column of a batch.
enum Cells<'b> {
    Numbers(Vec<Option<f64>>),
    Flags(&'b arrow_array::BooleanArray),
    Texts(&'b arrow_array::StringArray),
    LongTexts(&'b arrow_array::LargeStringArray),
}

impl<'b> Cells<'b> {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "three dozen types; those named are the ones that hold a number, a flag or a text"
    )]
    fn of<E>(name: &str, column: &'b ArrayRef) -> Result<Self, ForeignError<E>> {
        let found = column.data_type();
        let numbers = match found {
            DataType::Float64 => numbers::<Float64Type>(column, |x| x),
            DataType::Float32 => numbers::<Float32Type>(column, f64::from),
            DataType::Int8 => numbers::<Int8Type>(column, f64::from),
            DataType::Int16 => numbers::<Int16Type>(column, f64::from),
            DataType::Int32 => numbers::<Int32Type>(column, f64::from),
            DataType::Int64 => numbers::<Int64Type>(column, |x| x as f64),
            DataType::UInt8 => numbers::<UInt8Type>(column, f64::from),
            DataType::UInt16 => numbers::<UInt16Type>(column, f64::from),
            DataType::UInt32 => numbers::<UInt32Type>(column, f64::from),
            DataType::UInt64 => numbers::<UInt64Type>(column, |x| x as f64),
            DataType::Boolean => return Ok(Self::Flags(column.as_boolean())),
            DataType::Utf8 => return Ok(Self::Texts(column.as_string())),
            DataType::LargeUtf8 => return Ok(Self::LongTexts(column.as_string())),
            _ => {
                return Err(ForeignError::Type {
                    column: name.to_owned(),
                    found: found.to_string(),
                });
            }
        };
        Ok(Self::Numbers(numbers))
    }

    fn at(&self, row: usize) -> Cell<'_> {
        match self {
            Self::Numbers(values) => values[row].map_or(Cell::Missing, Cell::Number),
            Self::Flags(values) if values.is_valid(row) => Cell::Flag(values.value(row)),
            Self::Texts(values) if values.is_valid(row) => Cell::Text(values.value(row).as_bytes()),
            Self::LongTexts(values) if values.is_valid(row) => {
                Cell::Text(values.value(row).as_bytes())
            }
            Self::Flags(_) | Self::Texts(_) | Self::LongTexts(_) => Cell::Missing,
        }
    }
}

fn numbers<T: ArrowPrimitiveType>(
    column: &ArrayRef,
    number: impl Fn(T::Native) -> f64,
) -> Vec<Option<f64>> {
    let values = column.as_primitive::<T>();
    values.iter().map(|value| value.map(&number)).collect()
}
