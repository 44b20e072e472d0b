//! Erasing: every file that has rows about some residents, written anew without them.

use std::collections::{BTreeMap, BTreeSet};

use arrow_array::{Array, BooleanArray, RecordBatch};
use arrow_select::filter::filter_record_batch;

use super::digest::RowsDigest;
use super::parquet_file::{self, Columns, Only, id_at};
use super::{LakeError, ManifestFile, Staged, Store, Table};
use crate::profile::ResidentId;

/// New files that hold all rows of those they replace, but for some residents'.
#[derive(Debug, Default)]
pub struct Without {
    /// The new files.
    pub staged: Vec<Staged>,
    /// Files whose other rows are all in the new ones.
    pub replaced: Vec<ManifestFile>,
    /// Rows that are left out, by table.
    pub rows: BTreeMap<&'static str, u64>,
}

impl Store {
    /// Stages a generation's files without some residents. Files without a row about them stay as they are.
    ///
    /// Every other row is as it was: the new files are read again and their rows compared.
    ///
    /// # Errors
    ///
    /// When a file cannot be read or written, or other rows came out than went in.
    pub fn stage_without(
        &self,
        files: &[ManifestFile],
        residents: &BTreeSet<ResidentId>,
    ) -> Result<Without, LakeError> {
        let mut without = Without::default();
        for file in files {
            let Some((staged, n_left_out)) = self.file_without(file, residents)? else {
                continue;
            };
            *without.rows.entry(file.table.name()).or_default() += n_left_out;
            without.staged.push(staged);
            without.replaced.push(file.clone());
        }
        Ok(without)
    }

    /// Those of some residents about whom facts are held.
    ///
    /// # Errors
    ///
    /// When a file cannot be read.
    pub fn with_facts_among(
        &self,
        residents: &BTreeSet<ResidentId>,
    ) -> Result<BTreeSet<ResidentId>, LakeError> {
        let mut found = BTreeSet::new();
        for path in self.files(Table::Facts)? {
            for batch in parquet_file::open(Table::Facts, &path, Only::default())? {
                let batch = batch?;
                let columns = Columns::new(Table::Facts, &batch);
                let ids = columns.ids("resident")?;
                let here = (0..batch.num_rows()).map(|row| ResidentId::from_bytes(id_at(ids, row)));
                found.extend(here.filter(|resident| residents.contains(resident)));
            }
        }
        Ok(found)
    }

    /// One file without some residents, and how many rows that leaves out; nothing where there are none.
    fn file_without(
        &self,
        file: &ManifestFile,
        residents: &BTreeSet<ResidentId>,
    ) -> Result<Option<(Staged, u64)>, LakeError> {
        let table = file.table;
        let path = self.object(&file.sha256);
        // Where it is one, most of a file need not be read to see that they are not in it.
        let only = match (residents.first(), residents.len()) {
            (Some(one), 1) => Only::about(table, one),
            _ => Only::default(),
        };
        let mut has_any = false;
        for batch in parquet_file::open(table, &path, only)? {
            let others = others(table, &batch?, residents)?;
            has_any = has_any || others.true_count() < others.len();
        }
        if !has_any {
            return Ok(None);
        }
        let (mut writer, writing) = self.start(table)?;
        let mut before = RowsDigest::default();
        let mut n_left_out = 0;
        for batch in parquet_file::open(table, &path, Only::default())? {
            let batch = batch?;
            let others = others(table, &batch, residents)?;
            n_left_out += (others.len() - others.true_count()) as u64;
            let kept = filter_record_batch(&batch, &others)
                .map_err(|error| LakeError::content(table, error.to_string()))?;
            before.add(table, &kept)?;
            writer.write(&kept)?;
        }
        let staged = self.finish(table, writer, &writing)?;
        let mut after = RowsDigest::default();
        for batch in parquet_file::open(table, &self.staged(&staged.file), Only::default())? {
            after.add(table, &batch?)?;
        }
        if after != before {
            return Err(LakeError::RowsDiffer {
                table: table.name(),
            });
        }
        Ok(Some((staged, n_left_out)))
    }
}

/// Which rows are about none of some residents.
fn others(
    table: Table,
    batch: &RecordBatch,
    about: &BTreeSet<ResidentId>,
) -> Result<BooleanArray, LakeError> {
    let columns = Columns::new(table, batch);
    let residents = columns.ids("resident")?;
    let rows = 0..batch.num_rows();
    let is_other = |row| {
        residents.is_null(row) || !about.contains(&ResidentId::from_bytes(id_at(residents, row)))
    };
    Ok(rows.map(|row| Some(is_other(row))).collect())
}
