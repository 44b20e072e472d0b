//! Folding: many small files become one, so that reading along the register has few to read from.
//!
//! Every pull brings a file of facts and one of register entries. A year of daily pulls would be
//! hundreds of files, each read with buffers of its own. So a pull writes its rows together with
//! those of the smaller files into one new file: afterwards each file holds more rows than all
//! smaller ones together, so there are never more than some twenty. No row is left out or changed;
//! each says itself which pull brought it.

use std::iter::Peekable;
use std::path::PathBuf;

use super::facts::{self, FactStreams};
use super::parquet_file::BATCH_ROWS;
use super::register::{self, RegisterStreams};
use super::{LakeError, ManifestFile, RegisterRow, Staged, Store, Table};
use crate::profile::{Fact, ResidentId};
use crate::rulebook::Catalogue;

/// What was written, and which files it makes needless.
#[derive(Debug)]
pub struct Folded {
    /// The new file.
    pub staged: Staged,
    /// Files whose rows are all in the new one.
    pub replaced: Vec<ManifestFile>,
}

/// The files of a table whose rows are written once more together with `n_new` new ones: each that
/// holds no more rows than the new ones and all smaller files together, and all smaller than that.
fn small_files(files: &[ManifestFile], table: Table, n_new: u64) -> Vec<ManifestFile> {
    let of_table = files.iter().filter(|file| file.table == table);
    let mut by_size: Vec<&ManifestFile> = of_table.collect();
    by_size.sort_by_key(|file| (file.rows, &file.sha256));
    let mut n_rows = n_new;
    let mut n_small = 0;
    for (n, file) in by_size.iter().enumerate() {
        if file.rows <= n_rows {
            n_small = n + 1;
        }
        n_rows += file.rows;
    }
    by_size.into_iter().take(n_small).cloned().collect()
}

impl Store {
    /// Stages new facts, so many, sorted by resident, together with those of the smaller files of a
    /// generation.
    ///
    /// # Errors
    ///
    /// When a file cannot be read or written, or a new row cannot be had.
    pub fn stage_facts(
        &self,
        catalogue: &Catalogue,
        files: &[ManifestFile],
        n_new: u64,
        new: impl Iterator<Item = Result<(ResidentId, Fact), LakeError>>,
    ) -> Result<Folded, LakeError> {
        let replaced = small_files(files, Table::Facts, n_new);
        let mut stored = FactStreams::open(catalogue, &self.objects(&replaced), None)?;
        let (mut writer, path) = self.start(Table::Facts)?;
        let mut new = new.peekable();
        let mut of_resident = Vec::new();
        let mut rows: Vec<(ResidentId, Fact)> = Vec::new();
        loop {
            let next_new = first_of(&mut new, |(resident, _)| *resident)?;
            let next = [next_new, stored.next_resident()?]
                .into_iter()
                .flatten()
                .min();
            if next.is_none() || BATCH_ROWS <= rows.len() {
                facts::write(&mut writer, catalogue, &rows)?;
                rows.clear();
            }
            let Some(resident) = next else { break };
            let start = rows.len();
            while first_of(&mut new, |(resident, _)| *resident)? == Some(resident) {
                rows.extend(new.next().transpose()?);
            }
            stored.take_until(resident, &mut of_resident)?;
            rows.extend(of_resident.drain(..).map(|fact| (resident, fact)));
            rows[start..]
                .sort_by_key(|(_, fact)| (fact.submission, fact.version, fact.part, fact.id));
        }
        let staged = self.finish(Table::Facts, writer, &path)?;
        Ok(Folded { staged, replaced })
    }

    /// Stages new register entries, so many, sorted by resident, together with those of the smaller
    /// files of a generation.
    ///
    /// # Errors
    ///
    /// When a file cannot be read or written, or a new row cannot be had.
    pub fn stage_register(
        &self,
        files: &[ManifestFile],
        n_new: u64,
        new: impl Iterator<Item = Result<RegisterRow, LakeError>>,
    ) -> Result<Folded, LakeError> {
        let replaced = small_files(files, Table::Register, n_new);
        let mut stored = RegisterStreams::open(&self.objects(&replaced))?;
        let (mut writer, path) = self.start(Table::Register)?;
        let mut new = new.peekable();
        let mut rows: Vec<RegisterRow> = Vec::new();
        loop {
            let next_new = first_of(&mut new, |row| row.resident)?;
            let next = [next_new, stored.next_resident()?]
                .into_iter()
                .flatten()
                .min();
            if next.is_none() || BATCH_ROWS <= rows.len() {
                register::write(&mut writer, &rows)?;
                rows.clear();
            }
            let Some(resident) = next else { break };
            let start = rows.len();
            while first_of(&mut new, |row| row.resident)? == Some(resident) {
                rows.extend(new.next().transpose()?);
            }
            stored.take_until(resident, &mut rows)?;
            rows[start..].sort_by_key(|row| row.version);
        }
        let staged = self.finish(Table::Register, writer, &path)?;
        Ok(Folded { staged, replaced })
    }

    fn objects(&self, files: &[ManifestFile]) -> Vec<PathBuf> {
        files.iter().map(|file| self.object(&file.sha256)).collect()
    }
}

/// Whom the next new row is about; an error comes out instead of waiting behind it.
fn first_of<T>(
    rows: &mut Peekable<impl Iterator<Item = Result<T, LakeError>>>,
    resident: impl Fn(&T) -> ResidentId,
) -> Result<Option<ResidentId>, LakeError> {
    match rows.peek() {
        None => Ok(None),
        Some(Ok(row)) => Ok(Some(resident(row))),
        Some(Err(_)) => rows.next().transpose().map(|_| None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(rows: u64) -> ManifestFile {
        ManifestFile {
            table: Table::Facts,
            sha256: format!("{rows:064x}"),
            bytes: rows,
            rows,
        }
    }

    fn folded(rows: &[u64], n_new: u64) -> Vec<u64> {
        let files: Vec<_> = rows.iter().map(|rows| file(*rows)).collect();
        let small = small_files(&files, Table::Facts, n_new);
        small.iter().map(|file| file.rows).collect()
    }

    #[test]
    fn small_files_go_into_the_new_one_and_large_ones_stay() {
        assert!(folded(&[], 5).is_empty());
        assert!(folded(&[100], 5).is_empty());
        assert_eq!(folded(&[100, 5], 5), [5]);
        assert_eq!(folded(&[100, 5, 11], 5), [5]);
        assert_eq!(folded(&[1_000, 11, 7, 22], 7), [7, 11, 22]);
        assert_eq!(folded(&[100, 60], 50), [60, 100]);
        assert_eq!(folded(&[0, 3], 0), [0]);
    }

    #[test]
    fn a_thousand_pulls_leave_few_files() {
        let mut rows = vec![1_000_000];
        for n in 0..1_000_u64 {
            let n_new = 1_000 + n * 7_919 % 977;
            let small = folded(&rows, n_new);
            rows.retain(|rows| !small.contains(rows));
            rows.push(n_new + small.iter().sum::<u64>());
            assert!(rows.len() <= 12, "{rows:?}");
        }
    }
}
