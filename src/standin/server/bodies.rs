//! Texts on disk, so that what a city writes in years costs no memory.
//!
//! They are appended to a file without a name, which the system takes back when the server ends, however it ends. Nothing
//! is ever written over: a text that was replaced stays until then.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, process};

/// Where a text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    start: u64,
    length: u32,
}

/// The file, and where the next text goes.
#[derive(Debug)]
pub(super) struct Bodies {
    file: File,
    end: u64,
}

impl Bodies {
    /// An empty file in the system's folder for such (`TMPDIR`).
    pub(super) fn new() -> io::Result<Bodies> {
        Ok(Bodies {
            file: nameless()?,
            end: 0,
        })
    }

    /// Adds a text. What could not be written whole is written over by the next one.
    pub(super) fn append(&mut self, text: &[u8]) -> io::Result<Span> {
        let length = u32::try_from(text.len()).map_err(|_| ErrorKind::FileTooLarge)?;
        self.file.write_all_at(text, self.end)?;
        let start = self.end;
        self.end += u64::from(length);
        Ok(Span { start, length })
    }

    /// The text at a place.
    pub(super) fn read(&self, span: Span) -> io::Result<Vec<u8>> {
        let mut text = vec![0; span.length as usize];
        self.file.read_exact_at(&mut text, span.start)?;
        Ok(text)
    }
}

/// A new file for this user alone, whose name is gone before anything is in it.
fn nameless() -> io::Result<File> {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let (folder, id) = (env::temp_dir(), process::id());
    loop {
        let n = MADE.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!("preventio-standin-{id}-{n}"));
        let mut options = OpenOptions::new();
        let made = options.read(true).write(true).create_new(true).mode(0o600);
        match made.open(&path) {
            Ok(file) => {
                fs::remove_file(&path)?;
                return Ok(file);
            }
            // Left by a server that was killed between the two.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_as_they_were_and_a_short_file_is_an_error() {
        let mut bodies = Bodies::new().expect("a file");
        let texts: [&[u8]; 3] = [b"first", b"", b"third"];
        let spans = texts.map(|text| bodies.append(text).expect("written"));
        for (span, text) in spans.into_iter().zip(texts) {
            assert_eq!(bodies.read(span).expect("read"), text);
        }
        bodies.file.set_len(7).expect("cut");
        assert!(bodies.read(spans[2]).is_err());
        assert_eq!(bodies.read(spans[0]).expect("read"), b"first");
    }
}
