//! Reading a file past the memory that the system keeps files in.
//!
//! An export larger than that memory pushes everything else out of it and still comes from the
//! disk; read directly, it comes several times as fast, and nothing is copied twice. The file
//! system must be able to, offsets and addresses must be aligned, and whatever is refused is read
//! plainly.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Alignment of offsets, lengths and addresses that every disk in use accepts.
pub(super) const ALIGNMENT: usize = 4096;

/// A file that is read directly while that works, and plainly from then on.
pub(super) struct DirectFile {
    path: PathBuf,
    file: File,
    is_direct: bool,
    /// How far it was read.
    at: u64,
}

impl DirectFile {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let direct = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_DIRECT)
            .open(path);
        let (file, is_direct) = match direct {
            Ok(file) => (file, true),
            // A file system in memory has nothing to read past.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => (File::open(path)?, false),
            Err(error) => return Err(error),
        };
        Ok(Self {
            path: path.to_path_buf(),
            file,
            is_direct,
            at: 0,
        })
    }

    /// Whether the next read may be a direct one.
    fn is_aligned(&self, buffer: &[u8]) -> bool {
        let misaligned = buffer.as_ptr().align_offset(ALIGNMENT);
        misaligned == 0
            && buffer.len().is_multiple_of(ALIGNMENT)
            && self.at.is_multiple_of(ALIGNMENT as u64)
    }

    fn go_on_plainly(&mut self) -> io::Result<()> {
        self.file = File::open(&self.path)?;
        self.file.seek(SeekFrom::Start(self.at))?;
        self.is_direct = false;
        Ok(())
    }
}

impl Read for DirectFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // The last bytes of a file end between two aligned places.
        if self.is_direct && !self.is_aligned(buffer) {
            self.go_on_plainly()?;
        }
        let n = match self.file.read(buffer) {
            Err(error) if self.is_direct && error.kind() == io::ErrorKind::InvalidInput => {
                self.go_on_plainly()?;
                self.file.read(buffer)?
            }
            read => read?,
        };
        self.at += n as u64;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_once_whatever_the_buffer_and_the_length() {
        let folder = std::env::temp_dir().join(format!("preventio-direct-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder can be made");
        for length in [0, 1, 4095, 4096, 4097, 20_000, 40_960] {
            let bytes: Vec<u8> = (0..length).map(|n: u32| n.to_le_bytes()[0]).collect();
            let path = folder.join(length.to_string());
            std::fs::write(&path, &bytes).expect("a file can be written");
            for shift in [0, 7] {
                let mut buffer = vec![0; 3 * ALIGNMENT + shift];
                let start = buffer.as_ptr().align_offset(ALIGNMENT) + shift;
                let mut file = DirectFile::open(&path).expect("it can be opened");
                let mut read = Vec::new();
                loop {
                    let window = &mut buffer[start..start + ALIGNMENT];
                    let n = file.read(window).expect("it can be read");
                    if n == 0 {
                        break;
                    }
                    read.extend_from_slice(&window[..n]);
                }
                assert_eq!(read, bytes, "{length} {shift}");
            }
        }
        std::fs::remove_dir_all(&folder).expect("the folder can be removed");
    }
}
