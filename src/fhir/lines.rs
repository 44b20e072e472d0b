//! Export files as blocks of whole lines, with bounded memory.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::direct::{ALIGNMENT, DirectFile};

/// A longer line is set aside unread: no resource of a record is this long.
pub const MAX_LINE_BYTES: usize = 1 << 20;
/// How much is read at a time.
const BLOCK_BYTES: usize = 4 << 20;
/// Of a line without end no more than this is kept; as much room is there before the bytes read, for
/// the beginning of a line in which the block before ended.
const CARRY_BYTES: usize = 4 * MAX_LINE_BYTES;

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

/// How a file is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    Plain,
    /// By gzip, one member or several.
    Gzip,
    /// By Zstandard.
    Zstd,
}

impl Packing {
    /// As the end of a file's name says.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("gz") => Self::Gzip,
            Some("zst") => Self::Zstd,
            Some(_) | None => Self::Plain,
        }
    }
}

/// How files are read from the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReadBy {
    /// By plain reads, through the memory that the system keeps files in.
    #[default]
    Plain,
    /// Past that memory, where the file system can: for files larger than it.
    Direct,
}

/// Where a line stands in its file; earlier lines are smaller.
///
/// Blocks are read by one thread and cut into lines by another, so a line knows its block and its
/// number there. [`LineNumbers`] turns that into a number in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LinePlace {
    /// The block, from 0.
    pub block: u32,
    /// The line in the block, from 0.
    pub line: u32,
}

/// How many lines each block of a file has.
#[derive(Debug, Default, Clone)]
pub struct LineNumbers {
    /// Lines before each block, once all are known.
    before: Vec<u64>,
}

impl LineNumbers {
    /// Puts together what threads counted: a block, and how many lines it has.
    #[must_use]
    pub fn new(mut counted: Vec<(u32, u32)>) -> Self {
        counted.sort_unstable();
        let mut before = Vec::with_capacity(counted.len());
        let mut n_lines = 0;
        for (_, n) in counted {
            before.push(n_lines);
            n_lines += u64::from(n);
        }
        Self { before }
    }

    /// The number of a line in its file, from 1.
    #[must_use]
    pub fn number(&self, place: LinePlace) -> u64 {
        let before = self.before.get(place.block as usize).copied();
        before.unwrap_or_default() + u64::from(place.line) + 1
    }
}

/// One line of a block, without its end.
#[derive(Clone, Copy)]
pub struct Line<'b> {
    /// Where it stands.
    pub place: LinePlace,
    /// Its bytes; cut after some megabytes when it is too long.
    pub bytes: &'b [u8],
    /// Why it cannot be tried.
    pub problem: Option<LineProblem>,
    /// Whether the file ended before the line did.
    pub unterminated: bool,
}

/// Some whole lines of a file. Its memory is used again for the next.
pub struct Block {
    buffer: Vec<u8>,
    /// Where bytes are read to: an aligned address with room for a carried line before it.
    read_at: usize,
    start: usize,
    end: usize,
    number: u32,
}

impl Default for Block {
    fn default() -> Self {
        let buffer = vec![0; CARRY_BYTES + ALIGNMENT + BLOCK_BYTES];
        let read_at = CARRY_BYTES + buffer[CARRY_BYTES..].as_ptr().align_offset(ALIGNMENT);
        Self {
            buffer,
            read_at,
            start: read_at,
            end: read_at,
            number: 0,
        }
    }
}

impl Block {
    /// Which block of the file this is, from 0.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Everything that was read.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// The lines; blank ones have no bytes but count.
    pub fn all_lines(&self) -> impl Iterator<Item = Line<'_>> {
        let mut rest = self.bytes();
        let mut n = 0;
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let end = memchr::memchr(b'\n', rest);
            let line = &rest[..end.unwrap_or(rest.len())];
            rest = &rest[end.map_or(rest.len(), |end| end + 1)..];
            let place = LinePlace {
                block: self.number,
                line: n,
            };
            n += 1;
            let mut bytes = line.strip_suffix(b"\r").unwrap_or(line);
            // A line rarely begins with a blank: only such a one may be all blank.
            if bytes.first().is_none_or(u8::is_ascii_whitespace)
                && bytes.iter().all(u8::is_ascii_whitespace)
            {
                bytes = &[];
            }
            let problem = (MAX_LINE_BYTES < bytes.len()).then_some(LineProblem::TooLong);
            Some(Line {
                place,
                bytes: &bytes[..bytes.len().min(CARRY_BYTES)],
                problem,
                unterminated: end.is_none(),
            })
        })
    }

    /// The lines, blank ones left out.
    pub fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        self.all_lines().filter(|line| !line.bytes.is_empty())
    }
}

/// Reads an export file block by block.
pub struct Lines {
    input: Box<dyn Read + Send>,
    carry: Vec<u8>,
    next_block: u32,
    /// Inside a line whose beginning is kept and whose rest is passed over.
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
        Self::open_by(path, ReadBy::Plain)
    }

    /// The same, read in a way of the caller's choice. Where a file system refuses direct reads,
    /// files are read plainly.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened.
    pub fn open_by(path: &Path, by: ReadBy) -> io::Result<Self> {
        let input: Box<dyn Read + Send> = match (Packing::of(path), by) {
            (Packing::Plain, ReadBy::Direct) => Box::new(DirectFile::open(path)?),
            (packing, _) => return Self::of(File::open(path)?, packing),
        };
        Ok(Self::begun(input))
    }

    /// The same of anything that can be read.
    ///
    /// # Errors
    ///
    /// When no room can be had for unpacking.
    pub fn of(input: impl Read + Send + 'static, packing: Packing) -> io::Result<Self> {
        Ok(Self::begun(match packing {
            Packing::Plain => Box::new(input),
            // Servers concatenate members; a plain decoder would stop after the first.
            Packing::Gzip => Box::new(flate2::read::MultiGzDecoder::new(input)),
            Packing::Zstd => Box::new(zstd::Decoder::new(input)?),
        }))
    }

    fn begun(input: Box<dyn Read + Send>) -> Self {
        Self {
            input,
            carry: Vec::new(),
            next_block: 0,
            skipping: false,
            end: None,
        }
    }

    /// How the file ended; `Whole` while it has not.
    #[must_use]
    pub fn end(&self) -> FileEnd {
        self.end.clone().unwrap_or(FileEnd::Whole)
    }

    /// Reads the next block; `false` at the end. A read that fails ends the file as cut off.
    pub fn next_block(&mut self, block: &mut Block) -> bool {
        while self.end.is_none() {
            let from = block.read_at;
            let n_read = self.read_full(&mut block.buffer[from..from + BLOCK_BYTES]);
            (block.start, block.end) = (from, from + n_read);
            let is_first = self.next_block == 0 && self.carry.is_empty();
            if is_first && block.bytes().starts_with(b"\xef\xbb\xbf") {
                block.start += 3;
            }
            if self.skipping {
                let line_end = memchr::memchr(b'\n', block.bytes());
                self.skipping = line_end.is_none();
                block.start = line_end.map_or(block.end, |end| block.start + end);
            }
            let start = block.start - self.carry.len();
            block.buffer[start..block.start].copy_from_slice(&self.carry);
            block.start = start;
            self.carry.clear();
            if self.end.is_none() {
                self.carry_over(block);
            }
            if !block.bytes().is_empty() {
                block.number = self.next_block;
                self.next_block += 1;
                return true;
            }
        }
        false
    }

    /// Keeps what stands after the last line end for the next block; of a line that is too long
    /// already, no more than shows that it is.
    fn carry_over(&mut self, block: &mut Block) {
        let whole = memchr::memrchr(b'\n', block.bytes()).map_or(0, |last| last + 1);
        let tail = &block.bytes()[whole..];
        self.skipping |= CARRY_BYTES <= tail.len();
        self.carry
            .extend_from_slice(&tail[..tail.len().min(CARRY_BYTES)]);
        block.end = block.start + whole;
    }

    /// Fills the buffer as far as the input goes, and notes when it has ended.
    fn read_full(&mut self, buffer: &mut [u8]) -> usize {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.input.read(&mut buffer[filled..]) {
                Ok(0) => {
                    self.end = Some(FileEnd::Whole);
                    break;
                }
                Ok(n) => filled += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.end = Some(FileEnd::CutOff(error.to_string()));
                    break;
                }
            }
        }
        filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every line that reading gives: its number, its length, its beginning and its problem.
    fn read(bytes: &[u8]) -> Vec<(u64, usize, Vec<u8>, bool, bool)> {
        let mut lines = Lines {
            input: Box::new(io::Cursor::new(bytes.to_vec())),
            carry: Vec::new(),
            next_block: 0,
            skipping: false,
            end: None,
        };
        let mut block = Block::default();
        let (mut counted, mut seen) = (Vec::new(), Vec::new());
        while lines.next_block(&mut block) {
            let n_lines = block.all_lines().count();
            counted.push((block.number(), u32::try_from(n_lines).expect("few lines")));
            for line in block.lines() {
                let beginning = line.bytes[..line.bytes.len().min(8)].to_vec();
                let too_long = line.problem.is_some();
                seen.push((
                    line.place,
                    line.bytes.len(),
                    beginning,
                    too_long,
                    line.unterminated,
                ));
            }
        }
        let numbers = LineNumbers::new(counted);
        seen.into_iter()
            .map(|(place, length, beginning, long, open)| {
                (numbers.number(place), length, beginning, long, open)
            })
            .collect()
    }

    #[test]
    fn lines_that_cross_blocks_come_whole_and_keep_their_numbers() {
        let mut text = Vec::new();
        let mut expected = Vec::new();
        // 700,001 bytes a line: each block ends somewhere else in one.
        for n in 1..=40_u64 {
            let line = vec![b'a' + u8::try_from(n % 26).expect("small"); 700_001];
            text.extend_from_slice(&line);
            text.push(b'\n');
            expected.push((2 * n - 1, 700_001, line[..8].to_vec(), false, false));
            text.push(b'\n');
        }
        text.extend_from_slice(b"last");
        expected.push((81, 4, b"last".to_vec(), false, true));
        assert_eq!(read(&text), expected);
    }

    #[test]
    fn a_line_without_end_is_one_line_of_bounded_length() {
        let long = |n: usize| vec![b'x'; n];
        for n in [
            MAX_LINE_BYTES + 1,
            BLOCK_BYTES - 1,
            BLOCK_BYTES,
            BLOCK_BYTES + 1,
            3 * BLOCK_BYTES + 7,
        ] {
            let text = [b"{}\n".to_vec(), long(n), b"\n{}\n".to_vec()].concat();
            let x = b"xxxxxxxx".to_vec();
            let expected = vec![
                (1, 2, b"{}".to_vec(), false, false),
                (2, n.min(CARRY_BYTES), x, true, false),
                (3, 2, b"{}".to_vec(), false, false),
            ];
            assert_eq!(read(&text), expected, "{n}");
            let open = read(&text[..text.len() - 4]);
            assert_eq!(open.len(), 2, "{n}");
            assert!(open[1].3 && open[1].4, "{n}");
        }
    }

    #[test]
    fn a_mark_of_byte_order_and_blank_lines_are_no_lines() {
        let seen = read(b"\xef\xbb\xbf{}\r\n \t\r\n\n{}\r\n");
        let numbers: Vec<u64> = seen.iter().map(|line| line.0).collect();
        assert_eq!(numbers, [1, 4]);
        assert!(read(b"").is_empty());
    }
}
