//! Export files as blocks of whole lines, with bounded memory.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// A longer line is set aside unread: no resource of a record is this long.
pub const MAX_LINE_BYTES: usize = 1 << 20;
/// How much is read at a time.
const BLOCK_BYTES: usize = 1 << 20;
/// Of a line without end no more than this is kept.
const KEPT_BYTES: usize = 4 * MAX_LINE_BYTES;

/// Whether a file name is that of an export file.
#[must_use]
pub fn is_export_file(name: &str) -> bool {
    [".ndjson", ".ndjson.gz", ".ndjson.zst"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

/// How a file ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileEnd {
    /// It was read to its end.
    Whole,
    /// It stops in the middle; what could be read was read.
    CutOff(String),
}

/// Why a line cannot even be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineProblem {
    /// Longer than [`MAX_LINE_BYTES`].
    TooLong,
}

/// One line of a block, without its end.
#[derive(Clone, Copy)]
pub struct Line<'b> {
    /// Its number in the file, from 1.
    pub number: u64,
    /// Its bytes; cut after some megabytes when it is too long.
    pub bytes: &'b [u8],
    /// Why it cannot be tried.
    pub problem: Option<LineProblem>,
    /// Whether the file ended before the line did.
    pub unterminated: bool,
}

/// Some whole lines of a file.
pub struct Block {
    bytes: Vec<u8>,
    first_line: u64,
}

impl Block {
    /// The lines, blank ones left out.
    pub fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        let mut rest = &self.bytes[..];
        let mut number = self.first_line;
        std::iter::from_fn(move || {
            loop {
                if rest.is_empty() {
                    return None;
                }
                let end = memchr::memchr(b'\n', rest);
                let line = &rest[..end.unwrap_or(rest.len())];
                rest = &rest[end.map_or(rest.len(), |end| end + 1)..];
                let this = number;
                number += 1;
                let bytes = line.strip_suffix(b"\r").unwrap_or(line);
                if bytes.iter().all(u8::is_ascii_whitespace) {
                    continue;
                }
                let problem = (MAX_LINE_BYTES < bytes.len()).then_some(LineProblem::TooLong);
                return Some(Line {
                    number: this,
                    bytes,
                    problem,
                    unterminated: end.is_none(),
                });
            }
        })
    }
}

/// Reads an export file block by block.
pub struct Lines {
    input: Box<dyn Read + Send>,
    carry: Vec<u8>,
    next_line: u64,
    /// Inside a line whose beginning was given out already.
    skipping: bool,
    end: Option<FileEnd>,
}

impl Lines {
    /// Opens a file; `.gz` and `.zst` are decompressed on the way.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let input: Box<dyn Read + Send> = match path.extension().and_then(|e| e.to_str()) {
            // Servers concatenate members; a plain decoder would stop after the first.
            Some("gz") => Box::new(flate2::read::MultiGzDecoder::new(file)),
            Some("zst") => Box::new(zstd::Decoder::new(file)?),
            _ => Box::new(file),
        };
        Ok(Self {
            input,
            carry: Vec::new(),
            next_line: 1,
            skipping: false,
            end: None,
        })
    }

    /// How the file ended; `Whole` while it has not.
    #[must_use]
    pub fn end(&self) -> FileEnd {
        self.end.clone().unwrap_or(FileEnd::Whole)
    }

    /// The next block, or `None` at the end. A read that fails ends the file as cut off.
    pub fn next_block(&mut self) -> Option<Block> {
        while self.end.is_none() {
            let mut bytes = std::mem::take(&mut self.carry);
            let start = bytes.len();
            bytes.resize(start + BLOCK_BYTES, 0);
            let read = read_full(&mut self.input, &mut bytes[start..]);
            let n_read = match read {
                Ok(n) => n,
                Err((n, error)) => {
                    self.end = Some(FileEnd::CutOff(error.to_string()));
                    n
                }
            };
            bytes.truncate(start + n_read);
            if n_read < BLOCK_BYTES && self.end.is_none() {
                self.end = Some(FileEnd::Whole);
            }
            if self.next_line == 1 && start == 0 && bytes.starts_with(b"\xef\xbb\xbf") {
                bytes.drain(..3);
            }
            if self.skipping {
                let end = memchr::memchr(b'\n', &bytes);
                self.skipping = end.is_none();
                bytes.drain(..end.map_or(bytes.len(), |end| end + 1));
            }
            if let Some(block) = self.cut(bytes) {
                return Some(block);
            }
        }
        None
    }

    /// Cuts after the last line end; the rest waits for more.
    fn cut(&mut self, mut bytes: Vec<u8>) -> Option<Block> {
        let last = memchr::memrchr(b'\n', &bytes);
        if self.end.is_none() {
            match last {
                Some(last) => self.carry = bytes.split_off(last + 1),
                None if bytes.len() < KEPT_BYTES => {
                    self.carry = bytes;
                    return None;
                }
                // A line without end: what is here stands for it, the rest is passed over.
                None => self.skipping = true,
            }
        }
        if bytes.is_empty() {
            return None;
        }
        let first_line = self.next_line;
        let ends = memchr::memchr_iter(b'\n', &bytes).count() as u64;
        self.next_line += ends + u64::from(self.skipping);
        Some(Block { bytes, first_line })
    }
}

/// Fills the buffer as far as the input goes.
fn read_full(input: &mut dyn Read, buffer: &mut [u8]) -> Result<usize, (usize, io::Error)> {
    let mut filled = 0;
    while filled < buffer.len() {
        match input.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err((filled, error)),
        }
    }
    Ok(filled)
}
