//! What lies in the lake, and whether it is what the ledger says.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::parquet_file::{self, hex};
use super::store::{list, name};
use super::{FileVersion, LakeError, Lying, ManifestFile, Store, Table};

/// Something in the folder that should not be so.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// What is wrong, without personal data.
    pub what: String,
}

/// What a table of a generation is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableLying {
    /// Its files.
    pub files: u64,
    /// Their rows.
    pub rows: u64,
    /// Their size.
    pub bytes: u64,
    /// How many files are of each version.
    pub versions: BTreeMap<FileVersion, u64>,
}

impl Store {
    /// What each table of a generation is made of.
    ///
    /// # Errors
    ///
    /// When a file cannot be opened, is of a newer version, or is not what it says.
    pub fn tables(&self, files: &[ManifestFile]) -> Result<Vec<(Table, TableLying)>, LakeError> {
        let mut tables: BTreeMap<Table, TableLying> = BTreeMap::new();
        for (file, version) in self.versions(files)? {
            let table = tables.entry(file.table).or_default();
            table.files += 1;
            table.rows += file.rows;
            table.bytes += file.bytes;
            *table.versions.entry(version).or_default() += 1;
        }
        let mut of_table = |table| (table, tables.remove(&table).unwrap_or_default());
        Ok(Table::ALL.into_iter().map(&mut of_table).collect())
    }

    /// Where the lake lies beside the data folder, and what is there; nothing when it does not.
    #[must_use]
    pub fn lying_away(&self) -> Option<(&str, Result<Lying, LakeError>)> {
        let away = self.away.as_ref()?;
        Some((away.at(), away.lying()))
    }

    /// Sends again to where the lake lies what is missing there or has another size.
    ///
    /// # Errors
    ///
    /// When the place does not answer or does not take a file.
    pub fn send_again(&self, files: &[ManifestFile]) -> Result<(), LakeError> {
        let here = |file: &ManifestFile| self.object(&file.sha256);
        self.away
            .as_ref()
            .map_or(Ok(()), |away| away.mend(files, here))
    }

    /// Removes from where the lake lies what neither generation `n` nor the one before it names, and
    /// says how many objects; nothing when the lake lies nowhere else.
    ///
    /// # Errors
    ///
    /// When the place is not at generation `n`, or does not answer.
    pub fn collect_away(&self, n: u32, files: &[ManifestFile]) -> Result<Option<u64>, LakeError> {
        let away = self.away.as_ref();
        away.map(|away| away.collect(n, files)).transpose()
    }

    /// Compares the folder with what the ledger says, reading every byte.
    ///
    /// # Errors
    ///
    /// When a folder cannot be listed.
    pub fn check(
        &self,
        committed: Option<(u32, &[ManifestFile])>,
    ) -> Result<Vec<Problem>, LakeError> {
        let mut problems = Vec::new();
        let mut problem = |what: String| problems.push(Problem { what });
        let (n, files) = committed.map_or((None, &[][..]), |(n, files)| (Some(n), files));
        if self.current() != n {
            problem(format!(
                "readers see generation {:?}, the ledger committed {n:?}",
                self.current()
            ));
        }
        for path in list(&self.staging())? {
            problem(format!("`{}` is left over in staging", name(&path)));
        }
        let mut expected = BTreeSet::new();
        for file in files {
            let object = self.object(&file.sha256);
            match hash_file(&object) {
                Ok((sha256, bytes)) if sha256 == file.sha256 && bytes == file.bytes => {
                    // What its columns are does not follow from its content being the committed one.
                    if let Err(error) = parquet_file::version(file.table, &object) {
                        problem(first_line(&error));
                    }
                }
                Ok(_) => problem(format!(
                    "`{}` has other content than when it was committed",
                    name(&object)
                )),
                Err(_) => problem(format!("`{}` is missing or cannot be read", name(&object))),
            }
            if let Some(n) = n
                && !self.link(n, file).exists()
            {
                problem(format!(
                    "generation {n} lacks `{}` of `{}`",
                    name(&object),
                    file.table.name()
                ));
            }
            expected.insert(object);
        }
        for path in list(&self.root.join("objects"))? {
            if !expected.contains(&path) {
                problem(format!("`{}` belongs to no generation", name(&path)));
            }
        }
        for table in Table::ALL {
            let seen = self.files(table)?.len();
            let named = files.iter().filter(|file| file.table == table).count();
            if seen != named {
                problem(format!(
                    "readers see {seen} files of `{}`, the ledger names {named}",
                    table.name()
                ));
            }
        }
        if let (Some(away), Some(n)) = (&self.away, n) {
            match away.check(n, files) {
                Ok(found) => problems.extend(found),
                Err(error) => problems.push(Problem {
                    what: first_line(&error),
                }),
            }
        }
        Ok(problems)
    }
}

/// An error as a finding: with its cause, without its hint.
fn first_line(error: &LakeError) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    std::error::Error::source(error).map_or(line.to_owned(), |cause| format!("{line}: {cause}"))
}

pub(super) fn hash_file(path: &Path) -> std::io::Result<(String, u64)> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let mut bytes = 0;
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok((hex(&hash.finalize()), bytes)),
            n => {
                hash.update(&buffer[..n]);
                bytes += n as u64;
            }
        }
    }
}
