//! Any bytes as an export file, plain or packed: cut into the lines that a plain split finds, each
//! of which says the same by every way of reading it.
//!
//! The first byte says how the file is packed: as it is, packed here as a server would, or taken for packed.

#![no_main]

use std::cell::RefCell;
use std::io::{Cursor, Read, Write};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use libfuzzer_sys::fuzz_target;
use preventiojyraa::fhir::{Block, FileEnd, Lines, Packing};
use preventiojyraa_fuzz::check_line;

/// Bytes at most that are unpacked: a few of them can hold terabytes.
const MOST: u64 = 1 << 20;

fuzz_target!(|data: &[u8]| {
    let Some((how, rest)) = data.split_first() else {
        return;
    };
    match how % 5 {
        0 => same_lines(rest.to_vec(), Packing::Plain, Some(rest)),
        1 => same_lines(gzip(rest), Packing::Gzip, Some(rest)),
        2 => {
            let packed = zstd::bulk::compress(rest, 1).expect("bytes in memory can be packed");
            same_lines(packed, Packing::Zstd, Some(rest));
        }
        3 => {
            let mut known = Vec::new();
            let is_whole = MultiGzDecoder::new(rest).take(MOST).read_to_end(&mut known);
            let is_small = (known.len() as u64) < MOST;
            if is_small {
                same_lines(
                    rest.to_vec(),
                    Packing::Gzip,
                    is_whole.is_ok().then_some(&known),
                );
            }
        }
        _ => {
            let mut known = Vec::new();
            let decoder = zstd::Decoder::new(rest).expect("a decoder");
            let is_whole = decoder.take(MOST).read_to_end(&mut known);
            if (known.len() as u64) < MOST {
                same_lines(
                    rest.to_vec(),
                    Packing::Zstd,
                    is_whole.is_ok().then_some(&known),
                );
            }
        }
    }
});

fn gzip(bytes: &[u8]) -> Vec<u8> {
    // Two members, as servers that append write them.
    let (first, second) = bytes.split_at(bytes.len() / 2);
    let member = |bytes: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).expect("memory can be written");
        encoder.finish().expect("memory can be written")
    };
    [member(first), member(second)].concat()
}

/// Reads a file; `known` is what is in it, when that is known to be whole.
fn same_lines(file: Vec<u8>, packing: Packing, known: Option<impl AsRef<[u8]>>) {
    thread_local! {
        static BLOCK: RefCell<Block> = RefCell::default();
    }
    BLOCK.with_borrow_mut(|block| {
        let mut lines = Lines::of(Cursor::new(file), packing).expect("room to unpack");
        let mut found: Vec<(Vec<u8>, bool)> = Vec::new();
        while lines.next_block(block) {
            for line in block.lines() {
                if line.problem.is_none() {
                    check_line(line.bytes);
                }
                found.push((line.bytes.to_vec(), line.unterminated));
            }
        }
        let Some(known) = known else {
            return;
        };
        assert!(lines.end() == FileEnd::Whole, "a whole file ends whole");
        assert!(found == split(known.as_ref()), "other lines than are there");
    });
}

/// The lines of a file, found in the plainest way: blank ones left out, and whether each has no end.
fn split(bytes: &[u8]) -> Vec<(Vec<u8>, bool)> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut lines = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n');
        let line = &rest[..end.unwrap_or(rest.len())];
        rest = end.map_or(&[], |end| &rest[end + 1..]);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if !line.iter().all(u8::is_ascii_whitespace) {
            lines.push((line.to_vec(), end.is_none()));
        }
    }
    lines
}
