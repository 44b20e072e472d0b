//! What rows a table holds, whatever their order and however they are spread over files.
//!
//! Each row becomes its canonical bytes, each of its columns told apart, and those a BLAKE3 hash of
//! 256 bits; the hashes are added up. Two tables have the same sum when they hold the same rows as
//! often each: a row lost, doubled or changed in any column changes it.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Float64Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::DataType;

use super::{LakeError, Table};

/// The digest of rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct RowsDigest {
    n_rows: u64,
    sum: [u64; 4],
}

impl RowsDigest {
    /// Adds rows, which have the columns of the newest version.
    pub(super) fn add(&mut self, table: Table, batch: &RecordBatch) -> Result<(), LakeError> {
        let mut rows = vec![Vec::new(); batch.num_rows()];
        for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
            put(column, &mut rows).ok_or_else(|| {
                let kind = field.data_type();
                LakeError::content(table, format!("a column of type `{kind}`"))
            })?;
        }
        for row in rows {
            let hash = blake3::hash(&row);
            for (sum, part) in self.sum.iter_mut().zip(hash.as_bytes().chunks_exact(8)) {
                let part = part.try_into().expect("eight bytes");
                *sum = sum.wrapping_add(u64::from_le_bytes(part));
            }
        }
        self.n_rows += batch.num_rows() as u64;
        Ok(())
    }
}

/// Appends a column's value to each row: whether there is one, and its bytes.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "three dozen types; those named are the ones that tables have, others are refused"
)]
fn put(column: &ArrayRef, rows: &mut [Vec<u8>]) -> Option<()> {
    match column.data_type() {
        DataType::FixedSizeBinary(_) => {
            let column = column.as_fixed_size_binary();
            each(column, rows, |row, at| row.extend(column.value(at)));
        }
        DataType::Utf8 => {
            let column = column.as_string::<i32>();
            each(column, rows, |row, at| {
                let text = column.value(at);
                row.extend((text.len() as u64).to_le_bytes());
                row.extend(text.as_bytes());
            });
        }
        DataType::Float64 => {
            numbers::<Float64Type, 8>(column, rows, |x| x.to_bits().to_le_bytes());
        }
        DataType::UInt8 => numbers::<UInt8Type, 1>(column, rows, u8::to_le_bytes),
        DataType::UInt16 => numbers::<UInt16Type, 2>(column, rows, u16::to_le_bytes),
        DataType::UInt32 => numbers::<UInt32Type, 4>(column, rows, u32::to_le_bytes),
        DataType::UInt64 => numbers::<UInt64Type, 8>(column, rows, u64::to_le_bytes),
        DataType::Int32 => numbers::<Int32Type, 4>(column, rows, i32::to_le_bytes),
        DataType::Int64 => numbers::<Int64Type, 8>(column, rows, i64::to_le_bytes),
        DataType::Date32 => numbers::<Date32Type, 4>(column, rows, i32::to_le_bytes),
        _ => return None,
    }
    Some(())
}

fn numbers<T: ArrowPrimitiveType, const N: usize>(
    column: &ArrayRef,
    rows: &mut [Vec<u8>],
    bytes: impl Fn(T::Native) -> [u8; N],
) {
    let column = column.as_primitive::<T>();
    each(column, rows, |row, at| row.extend(bytes(column.value(at))));
}

fn each(column: &dyn Array, rows: &mut [Vec<u8>], put: impl Fn(&mut Vec<u8>, usize)) {
    for (at, row) in rows.iter_mut().enumerate() {
        let is_there = column.is_valid(at);
        row.push(u8::from(is_there));
        if is_there {
            put(row, at);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{StringArray, UInt32Array};
    use arrow_schema::{Field, Schema};

    use super::*;

    fn digest(batches: &[&[(u32, Option<&str>)]]) -> RowsDigest {
        let mut digest = RowsDigest::default();
        for rows in batches {
            let numbers: ArrayRef =
                Arc::new(UInt32Array::from_iter_values(rows.iter().map(|r| r.0)));
            let texts: ArrayRef = Arc::new(StringArray::from_iter(rows.iter().map(|r| r.1)));
            let schema = Schema::new(vec![
                Field::new("n", DataType::UInt32, false),
                Field::new("text", DataType::Utf8, true),
            ]);
            let batch = RecordBatch::try_new(Arc::new(schema), vec![numbers, texts]);
            let added = digest.add(Table::Facts, &batch.expect("a batch"));
            added.expect("known types");
        }
        digest
    }

    #[test]
    fn rows_count_whatever_their_order_and_their_files() {
        let (a, b, c) = ((1, Some("x")), (2, None), (2, Some("")));
        let all = digest(&[&[a, b, c]]);
        assert_eq!(all, digest(&[&[c], &[], &[b, a]]));
        for other in [
            &[a, b][..],
            &[a, b, c, c],
            &[a, b, b],
            &[a, b, (2, Some(" "))],
            &[a, b, (3, Some(""))],
        ] {
            assert_ne!(all, digest(&[other]));
        }
        // Lost and doubled rows do not make up for each other.
        assert_ne!(digest(&[&[a, a, b]]), digest(&[&[a, b, b]]));
    }
}
