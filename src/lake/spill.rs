//! Sorted runs on disk: more rows than memory should hold, in order in the end.
//!
//! Rows are collected until there are enough of them, sorted, and appended to a file as one run; in
//! the end all runs are read side by side. The file has no name: what is in it is gone with the
//! process, however that ends, and nothing of it can be found in the folder of the lake.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::atomic::{self, AtomicU64};

use super::{LakeError, Store};

/// A row that can wait on disk.
pub(crate) trait Spilled: Sized {
    /// Which of two comes first.
    fn order(&self, other: &Self) -> Ordering;

    /// Appends its bytes.
    fn put(&self, out: &mut Vec<u8>);

    /// Takes a row off the front; `None` when the bytes are not those of one.
    fn take(bytes: &mut &[u8]) -> Option<Self>;
}

/// Bytes written and read at a time, of each run.
const PIECE_BYTES: usize = 32 * 1024;

/// A file without a name, to which runs are appended.
pub(crate) struct SpillFile {
    file: File,
    length: AtomicU64,
}

impl SpillFile {
    pub(super) fn create(path: &Path) -> Result<Self, LakeError> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(path)
            .map_err(LakeError::io("create", path))?;
        fs::remove_file(path).map_err(LakeError::io("remove", path))?;
        Ok(Self {
            file,
            length: AtomicU64::new(0),
        })
    }

    /// Appends a piece, its length before it, and says where it is.
    fn append(&self, piece: &[u8]) -> Result<u64, LakeError> {
        let at = self
            .length
            .fetch_add(piece.len() as u64, atomic::Ordering::Relaxed);
        self.file
            .write_all_at(piece, at)
            .map_err(LakeError::io("write", "(rows that wait)"))?;
        Ok(at)
    }

    fn read(&self, at: u64, bytes: &mut [u8]) -> Result<(), LakeError> {
        self.file
            .read_exact_at(bytes, at)
            .map_err(LakeError::io("read", "(rows that wait)"))
    }
}

/// Where the pieces of one run are.
#[derive(Default, Clone)]
struct Run {
    pieces: Vec<(u64, usize)>,
}

impl Run {
    fn write<T: Spilled>(
        file: &SpillFile,
        rows: impl Iterator<Item = T>,
    ) -> Result<Self, LakeError> {
        let mut run = Self::default();
        let mut bytes = Vec::with_capacity(PIECE_BYTES + 1024);
        for row in rows {
            row.put(&mut bytes);
            if PIECE_BYTES <= bytes.len() {
                run.end_piece(file, &mut bytes)?;
            }
        }
        run.end_piece(file, &mut bytes)?;
        Ok(run)
    }

    fn end_piece(&mut self, file: &SpillFile, bytes: &mut Vec<u8>) -> Result<(), LakeError> {
        if !bytes.is_empty() {
            self.pieces.push((file.append(bytes)?, bytes.len()));
            bytes.clear();
        }
        Ok(())
    }
}

/// Rows to be sorted: those of one thread, before they are put together with the others'.
pub(crate) struct Sorter<T> {
    rows: Vec<T>,
    runs: Vec<Run>,
    room: usize,
}

impl<T: Spilled> Sorter<T> {
    /// Holds `room` rows in memory.
    pub(crate) fn new(room: usize) -> Self {
        Self {
            rows: Vec::new(),
            runs: Vec::new(),
            room: room.max(1),
        }
    }

    /// Adds a row; when memory is full, writes a run.
    pub(crate) fn push(&mut self, row: T, file: &SpillFile) -> Result<(), LakeError> {
        self.rows.push(row);
        if self.room <= self.rows.len() {
            self.end_run(file)?;
        }
        Ok(())
    }

    fn end_run(&mut self, file: &SpillFile) -> Result<(), LakeError> {
        self.rows.sort_unstable_by(Spilled::order);
        self.runs.push(Run::write(file, self.rows.drain(..))?);
        Ok(())
    }

    /// Adds what another thread collected.
    pub(crate) fn absorb(&mut self, mut other: Self, file: &SpillFile) -> Result<(), LakeError> {
        self.runs.append(&mut other.runs);
        if self.room < self.rows.len() + other.rows.len() {
            self.end_run(file)?;
        }
        self.rows.append(&mut other.rows);
        Ok(())
    }

    /// All rows in order; those that compare as equal in any order.
    pub(crate) fn sorted(mut self, file: &SpillFile) -> Result<Sorted<'_, T>, LakeError> {
        self.rows.sort_unstable_by(Spilled::order);
        let n_runs = self.runs.len();
        let mut sorted = Sorted {
            file,
            memory: self.rows.into_iter(),
            runs: self.runs.into_iter().map(RunReader::new).collect(),
            heap: BinaryHeap::with_capacity(n_runs + 1),
        };
        for n in 0..=n_runs {
            sorted.refill(n)?;
        }
        Ok(sorted)
    }
}

/// Reads a run piece by piece.
struct RunReader {
    pieces: std::vec::IntoIter<(u64, usize)>,
    bytes: Vec<u8>,
    at: usize,
}

impl RunReader {
    fn new(run: Run) -> Self {
        Self {
            pieces: run.pieces.into_iter(),
            bytes: Vec::new(),
            at: 0,
        }
    }

    fn next<T: Spilled>(&mut self, file: &SpillFile) -> Result<Option<T>, LakeError> {
        if self.at == self.bytes.len() {
            let Some((at, length)) = self.pieces.next() else {
                self.bytes = Vec::new();
                self.at = 0;
                return Ok(None);
            };
            self.bytes.resize(length, 0);
            self.at = 0;
            file.read(at, &mut self.bytes)?;
        }
        let mut rest = &self.bytes[self.at..];
        let row = T::take(&mut rest);
        self.at = self.bytes.len() - rest.len();
        row.map(Some).ok_or_else(|| LakeError::Spilled)
    }
}

/// The next row of a run; the greatest in the heap is the first in order.
struct Next<T> {
    row: T,
    run: usize,
}

impl<T: Spilled> Ord for Next<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.row.order(&self.row)
    }
}

impl<T: Spilled> PartialOrd for Next<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Spilled> PartialEq for Next<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<T: Spilled> Eq for Next<T> {}

/// Rows in order, from memory and from disk.
pub(crate) struct Sorted<'f, T> {
    file: &'f SpillFile,
    /// Comes after all runs.
    memory: std::vec::IntoIter<T>,
    runs: Vec<RunReader>,
    heap: BinaryHeap<Next<T>>,
}

impl<T: Spilled> Sorted<'_, T> {
    fn refill(&mut self, run: usize) -> Result<(), LakeError> {
        let next = match self.runs.get_mut(run) {
            Some(reader) => reader.next::<T>(self.file)?,
            None => self.memory.next(),
        };
        self.heap.extend(next.map(|row| Next { row, run }));
        Ok(())
    }

    /// The next row, left where it is.
    pub(crate) fn peek(&self) -> Option<&T> {
        self.heap.peek().map(|next| &next.row)
    }

    /// The next row.
    pub(crate) fn next(&mut self) -> Result<Option<T>, LakeError> {
        let Some(Next { row, run }) = self.heap.pop() else {
            return Ok(None);
        };
        self.refill(run)?;
        Ok(Some(row))
    }

    /// The next row, if it is wanted.
    pub(crate) fn next_if(&mut self, wanted: impl Fn(&T) -> bool) -> Result<Option<T>, LakeError> {
        if self.peek().is_some_and(wanted) {
            self.next()
        } else {
            Ok(None)
        }
    }
}

/// Rows in the order in which they are given.
pub(crate) struct Spool {
    bytes: Vec<u8>,
    run: Run,
    n_rows: u64,
}

impl Spool {
    pub(crate) fn new() -> Self {
        Self {
            bytes: Vec::new(),
            run: Run::default(),
            n_rows: 0,
        }
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> u64 {
        self.n_rows
    }

    pub(crate) fn push<T: Spilled>(&mut self, row: &T, file: &SpillFile) -> Result<(), LakeError> {
        row.put(&mut self.bytes);
        self.n_rows += 1;
        if PIECE_BYTES <= self.bytes.len() {
            self.run.end_piece(file, &mut self.bytes)?;
        }
        Ok(())
    }

    /// Writes what is still in memory.
    pub(crate) fn flush(&mut self, file: &SpillFile) -> Result<(), LakeError> {
        self.run.end_piece(file, &mut self.bytes)?;
        self.bytes = Vec::new();
        Ok(())
    }

    /// All rows that were flushed, from the first.
    pub(crate) fn rows<T: Spilled>(
        &self,
        file: &SpillFile,
    ) -> impl Iterator<Item = Result<T, LakeError>> {
        let mut reader = RunReader::new(self.run.clone());
        std::iter::from_fn(move || reader.next(file).transpose())
    }
}

impl Store {
    /// A place for rows that wait; gone with the process.
    pub(crate) fn spill_file(&self) -> Result<SpillFile, LakeError> {
        SpillFile::create(&self.staging().join("waiting.rows"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Eq)]
    struct Word(u32, String);

    impl Spilled for Word {
        fn order(&self, other: &Self) -> Ordering {
            (self.0, &self.1).cmp(&(other.0, &other.1))
        }

        fn put(&self, out: &mut Vec<u8>) {
            out.extend_from_slice(&self.0.to_le_bytes());
            out.extend_from_slice(&u32::try_from(self.1.len()).expect("short").to_le_bytes());
            out.extend_from_slice(self.1.as_bytes());
        }

        fn take(bytes: &mut &[u8]) -> Option<Self> {
            let (number, rest) = bytes.split_first_chunk()?;
            let (length, rest) = rest.split_first_chunk()?;
            let (text, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
            *bytes = rest;
            let text = String::from_utf8(text.to_vec()).ok()?;
            Some(Self(u32::from_le_bytes(*number), text))
        }
    }

    fn file(name: &str) -> SpillFile {
        let name = format!("preventio-spill-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let file = SpillFile::create(&path).expect("a file can be made");
        assert!(!path.exists(), "it has no name");
        file
    }

    /// Words in an order that has nothing to do with theirs.
    fn words(n: u32) -> Vec<Word> {
        let mixed = (0..n).map(|n| n.wrapping_mul(2_654_435_761) >> 7);
        mixed
            .map(|n| Word(n, "x".repeat(n as usize % 90)))
            .collect()
    }

    #[test]
    fn rows_come_back_in_order_whatever_the_memory_and_the_threads() {
        let file = file("sorted");
        let mut expected = words(10_000);
        expected.sort_by(Spilled::order);
        for (room, threads) in [(1, 1), (7, 3), (1_000, 2), (100_000, 2)] {
            let mut all = Sorter::new(room);
            let mut others: Vec<Sorter<Word>> = (0..threads).map(|_| Sorter::new(room)).collect();
            for (n, word) in words(10_000).into_iter().enumerate() {
                others[n % threads].push(word, &file).expect("written");
            }
            for other in others {
                all.absorb(other, &file).expect("written");
            }
            let mut sorted = all.sorted(&file).expect("read");
            let mut rows = Vec::new();
            while let Some(row) = sorted.next().expect("read") {
                rows.push(row);
            }
            assert!(rows == expected, "{room} {threads}");
        }
    }

    #[test]
    fn a_spool_keeps_the_order_given() {
        let file = file("spool");
        let mut spool = Spool::new();
        for word in words(5_000) {
            spool.push(&word, &file).expect("written");
        }
        assert_eq!(spool.len(), 5_000);
        spool.flush(&file).expect("written");
        let rows: Result<Vec<Word>, _> = spool.rows(&file).collect();
        assert!(rows.expect("read") == words(5_000));
    }
}
