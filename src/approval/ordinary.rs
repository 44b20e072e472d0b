//! Small ordinary files: never a pipe to wait at, never more than fits.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// Reads an ordinary file of at most so many bytes.
///
/// # Errors
///
/// When it is something else, is longer, or cannot be read.
pub(super) fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    // Opening a pipe would wait for its writer.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no ordinary file"));
    }
    let mut bytes = Vec::new();
    // One byte more than is allowed tells that a file is longer.
    File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    if most < bytes.len() as u64 {
        return Err(io::Error::other(format!("it is over {most} bytes")));
    }
    Ok(bytes)
}

/// The same, as text.
///
/// # Errors
///
/// As [`read`], and when it is no UTF-8.
pub(super) fn read_text(path: &Path, most: u64) -> io::Result<String> {
    String::from_utf8(read(path, most)?).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_ordinary_file_or_too_long_is_refused() {
        let folder = std::env::temp_dir();
        assert!(read(&folder, 10).is_err(), "a folder");
        assert!(read(Path::new("/dev/zero"), 10).is_err(), "a device");
        let path = folder.join(format!("ordinary-{}", std::process::id()));
        fs::write(&path, "12345").expect("written");
        assert_eq!(read_text(&path, 5).expect("short enough"), "12345");
        assert!(read(&path, 4).is_err(), "too long");
        fs::remove_file(&path).expect("gone");
    }
}
