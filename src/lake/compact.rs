//! Compacting: all rows of a table in as few files as their size allows, in the newest version.
//!
//! Pulls fold small files into larger ones as they come, runs add a file each, and neither ever
//! rewrites what is large. Compacting goes through everything that is not full: rows are merged in the
//! table's order, in which each file already is, so a few batches are in memory at a time. What was
//! written is then read again and its rows are compared with those that were there, each by its digest.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::PathBuf;

use arrow_array::{FixedSizeBinaryArray, RecordBatch, UInt32Array};
use arrow_select::interleave::interleave_record_batch;

use super::digest::RowsDigest;
use super::parquet_file::{self, BATCH_ROWS, Batches, Columns, FileWriter, Only, id_at};
use super::{FileVersion, LakeError, ManifestFile, Staged, Store, Table};

/// Rows of a full file: one to two gigabytes of facts.
pub const ROWS_OF_A_FULL_FILE: u64 = 50_000_000;

/// New files that hold all rows of those they replace, and no others.
#[derive(Debug, Default)]
pub struct Compacted {
    /// The new files.
    pub staged: Vec<Staged>,
    /// Files whose rows are all in the new ones.
    pub replaced: Vec<ManifestFile>,
}

/// What rows of a table are sorted by: run or pull, then resident, as far as the table has them.
type Key = (u32, [u8; 16]);

/// The files of a table that are worth rewriting, so that there are as few as the rows of a full file
/// allow and all are of the newest version; none when that is so already.
fn worth_rewriting(
    files: &[(ManifestFile, FileVersion)],
    table: Table,
    full: u64,
) -> Vec<ManifestFile> {
    let newest = FileVersion {
        version: table.layout().newest(),
        is_stamped: true,
    };
    let rest = files
        .iter()
        .filter(|(file, version)| file.table == table && (file.rows != full || *version != newest));
    let rest: Vec<_> = rest.collect();
    let n_rows: u64 = rest.iter().map(|(file, _)| file.rows).sum();
    let n_needed = n_rows.div_ceil(full.max(1)).max(1);
    let is_other =
        |(file, version): &(ManifestFile, FileVersion)| full < file.rows || *version != newest;
    if rest.iter().any(|file| is_other(file)) || n_needed < rest.len() as u64 {
        rest.into_iter().map(|(file, _)| file.clone()).collect()
    } else {
        Vec::new()
    }
}

impl Store {
    /// Of which version each file is.
    ///
    /// # Errors
    ///
    /// When one cannot be opened, is of a newer version, or is not what it says.
    pub fn versions(
        &self,
        files: &[ManifestFile],
    ) -> Result<Vec<(ManifestFile, FileVersion)>, LakeError> {
        let version = |file: &ManifestFile| {
            let path = self.object(&file.sha256);
            parquet_file::version(file.table, &path).map(|version| (file.clone(), version))
        };
        files.iter().map(version).collect()
    }

    /// Stages all rows of a generation in as few files as `full`, the rows of a full file, allows.
    ///
    /// Every row is as it was: the rows of the new files are read again and compared with those of
    /// the files that they replace.
    ///
    /// # Errors
    ///
    /// When a file cannot be read or written, is of a newer version or not what it says, or when the
    /// rows came out otherwise than they went in.
    pub fn stage_compacted(
        &self,
        files: &[ManifestFile],
        full: u64,
    ) -> Result<Compacted, LakeError> {
        let versions = self.versions(files)?;
        let mut compacted = Compacted::default();
        for table in Table::ALL {
            let replaced = worth_rewriting(&versions, table, full);
            if replaced.is_empty() {
                continue;
            }
            let (staged, before) = self.rewritten(table, &replaced, full)?;
            let mut after = RowsDigest::default();
            for file in &staged {
                let path = self.staged(&file.file);
                for batch in parquet_file::open(table, &path, Only::default())? {
                    after.add(table, &batch?)?;
                }
            }
            if after != before {
                return Err(LakeError::RowsDiffer {
                    table: table.name(),
                });
            }
            compacted.staged.extend(staged);
            compacted.replaced.extend(replaced);
        }
        Ok(compacted)
    }

    /// Writes the rows of files in the table's order, and says what they were.
    fn rewritten(
        &self,
        table: Table,
        files: &[ManifestFile],
        full: u64,
    ) -> Result<(Vec<Staged>, RowsDigest), LakeError> {
        let mut merge = Merge::begin(table, files, |file| self.object(&file.sha256))?;
        let mut writing = self.start(table)?;
        let mut n_written = 0;
        let mut staged = Vec::new();
        while let Some(batch) = merge.next_batch()? {
            let mut from = 0;
            while from < batch.num_rows() {
                if n_written == full {
                    let (writer, path) = std::mem::replace(&mut writing, self.start(table)?);
                    staged.push(self.finish(table, writer, &path)?);
                    n_written = 0;
                }
                let room = usize::try_from(full - n_written).unwrap_or(usize::MAX);
                let n = room.min(batch.num_rows() - from);
                writing.0.write(&batch.slice(from, n))?;
                n_written += n as u64;
                from += n;
            }
        }
        let (writer, path): (FileWriter, PathBuf) = writing;
        staged.push(self.finish(table, writer, &path)?);
        Ok((staged, merge.digest))
    }
}

/// Rows of several files of a table, in its order.
struct Merge {
    table: Table,
    streams: Vec<Stream>,
    /// The next key of each stream that is not at its end, or a lower bound of it.
    next: BinaryHeap<Reverse<(Key, usize)>>,
    /// Batches that rows are still taken from.
    held: Vec<RecordBatch>,
    /// All rows that were read.
    digest: RowsDigest,
}

/// One file; opened when its first row may be the next one, so that runs that follow each other are
/// not all open at once.
struct Stream {
    path: PathBuf,
    state: State,
}

enum State {
    NotOpen,
    Open {
        rest: Box<Batches>,
        keys: Box<Keys>,
        /// Place of the batch among those held.
        batch: usize,
        row: usize,
    },
}

/// The columns that rows are sorted by, as far as the table has them.
struct Keys {
    numbers: Option<UInt32Array>,
    ids: Option<FixedSizeBinaryArray>,
    n_rows: usize,
}

impl Keys {
    fn of(table: Table, batch: &RecordBatch) -> Result<Self, LakeError> {
        let columns = Columns::new(table, batch);
        let number = match table {
            Table::Facts | Table::Register => None,
            Table::Issues => Some("pull"),
            Table::Decisions => Some("run"),
        };
        let id = match table {
            Table::Issues => None,
            Table::Facts | Table::Register | Table::Decisions => Some("resident"),
        };
        let numbers = number.map(|name| columns.numbers(name).cloned());
        let ids = id.map(|name| columns.ids(name).cloned());
        Ok(Self {
            numbers: numbers.transpose()?,
            ids: ids.transpose()?,
            n_rows: batch.num_rows(),
        })
    }

    fn at(&self, row: usize) -> Key {
        (
            self.numbers.as_ref().map_or(0, |column| column.value(row)),
            self.ids
                .as_ref()
                .map_or([0; 16], |column| id_at(column, row)),
        )
    }
}

impl Merge {
    fn begin(
        table: Table,
        files: &[ManifestFile],
        place: impl Fn(&ManifestFile) -> PathBuf,
    ) -> Result<Self, LakeError> {
        // Position of the number among the columns; others have no lower bound worth reading.
        let number = match table {
            Table::Facts | Table::Register => None,
            Table::Issues => Some(0),
            Table::Decisions => Some(1),
        };
        let mut merge = Self {
            table,
            streams: Vec::new(),
            next: BinaryHeap::new(),
            held: Vec::new(),
            digest: RowsDigest::default(),
        };
        for (n, file) in files.iter().enumerate() {
            let path = place(file);
            let least = number.map(|column| parquet_file::least(table, &path, column));
            let least = least.transpose()?.flatten().unwrap_or(0);
            merge.next.push(Reverse(((least, [0; 16]), n)));
            merge.streams.push(Stream {
                path,
                state: State::NotOpen,
            });
        }
        Ok(merge)
    }

    /// The next rows; nothing when there are no more.
    fn next_batch(&mut self) -> Result<Option<RecordBatch>, LakeError> {
        self.let_go();
        let mut rows = Vec::with_capacity(BATCH_ROWS);
        while rows.len() < BATCH_ROWS
            && let Some(Reverse((key, n))) = self.next.pop()
        {
            let stream = &mut self.streams[n];
            let next = match &mut stream.state {
                State::NotOpen => {
                    let rest = parquet_file::open(self.table, &stream.path, Only::default())?;
                    self.read_on(n, Box::new(rest))?
                }
                State::Open {
                    keys, batch, row, ..
                } => {
                    rows.push((*batch, *row));
                    *row += 1;
                    if *row < keys.n_rows {
                        Some(keys.at(*row))
                    } else {
                        let open = std::mem::replace(&mut stream.state, State::NotOpen);
                        match open {
                            State::Open { rest, .. } => self.read_on(n, rest)?,
                            State::NotOpen => None,
                        }
                    }
                }
            };
            if let Some(next) = next {
                if next < key {
                    return Err(LakeError::content(self.table, "rows that are out of order"));
                }
                self.next.push(Reverse((next, n)));
            }
        }
        if rows.is_empty() {
            return Ok(None);
        }
        let held: Vec<&RecordBatch> = self.held.iter().collect();
        let merged = interleave_record_batch(&held, &rows);
        merged
            .map(Some)
            .map_err(|error| LakeError::content(self.table, error.to_string()))
    }

    /// Holds the next batch of a file that has rows, and says its first key; nothing at the end.
    fn read_on(&mut self, n: usize, mut rest: Box<Batches>) -> Result<Option<Key>, LakeError> {
        for batch in rest.by_ref() {
            let batch = batch?;
            self.digest.add(self.table, &batch)?;
            if batch.num_rows() == 0 {
                continue;
            }
            let keys = Box::new(Keys::of(self.table, &batch)?);
            let first = keys.at(0);
            self.held.push(batch);
            self.streams[n].state = State::Open {
                rest,
                keys,
                batch: self.held.len() - 1,
                row: 0,
            };
            return Ok(Some(first));
        }
        Ok(None)
    }

    /// Forgets the batches that no row is taken from any more.
    fn let_go(&mut self) {
        let held = std::mem::take(&mut self.held);
        for stream in &mut self.streams {
            if let State::Open { batch, .. } = &mut stream.state {
                self.held.push(held[*batch].clone());
                *batch = self.held.len() - 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEWEST: FileVersion = FileVersion {
        version: 1,
        is_stamped: true,
    };
    const UNSTAMPED: FileVersion = FileVersion {
        version: 1,
        is_stamped: false,
    };

    fn rewritten(files: &[(u64, FileVersion)], full: u64) -> Vec<u64> {
        let file = |rows: u64| ManifestFile {
            table: Table::Facts,
            sha256: format!("{rows:064x}"),
            bytes: rows,
            rows,
        };
        let files: Vec<_> = files.iter().map(|(rows, v)| (file(*rows), *v)).collect();
        let chosen = worth_rewriting(&files, Table::Facts, full);
        chosen.iter().map(|file| file.rows).collect()
    }

    #[test]
    fn what_is_full_or_alone_stays_and_what_is_old_is_rewritten() {
        let new = |rows| (rows, NEWEST);
        assert!(rewritten(&[], 10).is_empty());
        assert!(rewritten(&[new(0)], 10).is_empty());
        assert!(rewritten(&[new(10), new(10), new(3)], 10).is_empty());
        assert_eq!(rewritten(&[new(10), new(4), new(3)], 10), [4, 3]);
        assert!(rewritten(&[new(9), new(8)], 10).is_empty());
        assert_eq!(rewritten(&[new(9), new(8), new(3)], 10), [9, 8, 3]);
        assert_eq!(rewritten(&[new(0), new(0)], 10), [0, 0]);
        assert_eq!(rewritten(&[new(12), new(10)], 10), [12]);
        assert_eq!(rewritten(&[(8, UNSTAMPED)], 10), [8]);
        assert_eq!(rewritten(&[(2, UNSTAMPED), new(10)], 10), [2]);
    }
}
