//! Everything that the tables hold about one resident, column by column.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Float64Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;

use super::parquet_file::{self, Columns, Only, date, id_at};
use super::{LakeError, Store, Table};
use crate::profile::ResidentId;

/// A row: its columns by name, as people read them; nulls are left out. Personal data.
pub type RowInWords = Vec<(String, String)>;

impl Store {
    /// Every row of a table about a resident, in the order of files. Their own opaque id is left out.
    ///
    /// # Errors
    ///
    /// When a file cannot be read.
    pub fn about(&self, table: Table, resident: ResidentId) -> Result<Vec<RowInWords>, LakeError> {
        let only = Only::about(table, &resident);
        let mut found = Vec::new();
        for path in self.files(table)? {
            for batch in parquet_file::open(table, &path, only)? {
                let batch = batch?;
                let columns = Columns::new(table, &batch);
                let residents = columns.ids("resident")?;
                let is_theirs = |row: &usize| {
                    residents.is_valid(*row) && id_at(residents, *row) == *resident.as_bytes()
                };
                for row in (0..batch.num_rows()).filter(is_theirs) {
                    let schema = batch.schema();
                    let columns = schema.fields().iter().zip(batch.columns());
                    let columns = columns.filter(|(field, _)| field.name() != "resident");
                    let words = columns.filter_map(|(field, column)| {
                        Some((field.name().clone(), in_words(table, column, row)?))
                    });
                    found.push(words.collect());
                }
            }
        }
        Ok(found)
    }
}

/// A value as people read it; nothing for null.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "three dozen types; those named are the ones that tables have"
)]
fn in_words(table: Table, column: &ArrayRef, row: usize) -> Option<String> {
    if column.is_null(row) {
        return None;
    }
    let words = match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().value(row).to_owned(),
        DataType::Date32 => {
            let days = column.as_primitive::<Date32Type>().value(row);
            date(table, days).map_or_else(|_| days.to_string(), |day| day.to_string())
        }
        DataType::Float64 => column.as_primitive::<Float64Type>().value(row).to_string(),
        DataType::UInt8 => column.as_primitive::<UInt8Type>().value(row).to_string(),
        DataType::UInt16 => column.as_primitive::<UInt16Type>().value(row).to_string(),
        DataType::UInt32 => column.as_primitive::<UInt32Type>().value(row).to_string(),
        DataType::UInt64 => column.as_primitive::<UInt64Type>().value(row).to_string(),
        DataType::Int32 => column.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::FixedSizeBinary(_) => parquet_file::hex(column.as_fixed_size_binary().value(row)),
        other => format!("a value of type `{other}`"),
    };
    Some(words)
}
