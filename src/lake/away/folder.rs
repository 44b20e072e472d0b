//! A folder elsewhere, such as a mounted disk, with the promises of a bucket.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::{PIECE_BYTES, Trouble};
use crate::lake::folder::private_folder;

/// Objects as files; each appears whole and on disk, or not at all.
#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
}

#[expect(clippy::needless_pass_by_value, reason = "as `map_err` hands it over")]
fn trouble(error: impl ToString) -> Trouble {
    Trouble(error.to_string())
}

impl Folder {
    pub(super) fn new(root: &Path) -> Self {
        Self {
            root: root.to_path_buf(),
        }
    }

    pub(super) fn fetch(&self, name: &str, into: &mut dyn Write) -> Result<bool, Trouble> {
        let mut file = match File::open(self.root.join(name)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(trouble(error)),
        };
        io::copy(&mut file, into).map_err(trouble)?;
        Ok(true)
    }

    pub(super) fn create(&self, name: &str, mut bytes: &[u8]) -> Result<bool, Trouble> {
        let (path, written) = self.written(name, &mut bytes)?;
        // A link, unlike a rename, does not replace what is there.
        let linked = fs::hard_link(&written, &path);
        fs::remove_file(&written).map_err(trouble)?;
        match linked {
            Ok(()) => self.synced(&path).map(|()| true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(trouble(error)),
        }
    }

    pub(super) fn send(&self, name: &str, from: &mut dyn Read) -> Result<(), Trouble> {
        let (path, written) = self.written(name, from)?;
        fs::rename(&written, &path).map_err(trouble)?;
        self.synced(&path)
    }

    pub(super) fn list(&self, folder: &str) -> Result<BTreeMap<String, u64>, Trouble> {
        let entries = match fs::read_dir(self.root.join(folder)) {
            Ok(entries) => entries,
            // A disk that is not mounted must not look like an empty lake: `owner` tells them apart.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
            Err(error) => return Err(trouble(error)),
        };
        let entry = |entry: io::Result<fs::DirEntry>| {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            Ok((name, entry.metadata()?.len()))
        };
        entries
            .map(entry)
            .collect::<io::Result<_>>()
            .map_err(trouble)
    }

    pub(super) fn remove(&self, name: &str) -> Result<(), Trouble> {
        match fs::remove_file(self.root.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(trouble(error)),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Writes and syncs a file beside its place: where it belongs, and where it is.
    fn written(&self, name: &str, from: &mut dyn Read) -> Result<(PathBuf, PathBuf), Trouble> {
        let path = self.root.join(name);
        let folder = path.parent().unwrap_or(&self.root);
        private_folder(folder).map_err(trouble)?;
        let writing = self
            .root
            .join(format!("{}.writing", name.replace('/', "-")));
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&writing)
            .map_err(trouble)?;
        let mut buffer = vec![0; PIECE_BYTES.min(1 << 20)];
        loop {
            match from.read(&mut buffer).map_err(trouble)? {
                0 => break,
                n => file.write_all(&buffer[..n]).map_err(trouble)?,
            }
        }
        file.sync_all().map_err(trouble)?;
        Ok((path, writing))
    }

    fn synced(&self, path: &Path) -> Result<(), Trouble> {
        let folder = path.parent().unwrap_or(&self.root);
        let sync = |folder: &Path| File::open(folder).and_then(|folder| folder.sync_all());
        sync(folder)
            .and_then(|()| sync(&self.root))
            .map_err(trouble)
    }
}
