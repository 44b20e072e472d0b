//! Copying a generation into the lake of another folder.

use std::fs;

use super::check::hash_file;
use super::folder::private_folder;
use super::store::private_file;
use super::{LakeError, ManifestFile, Store};

impl Store {
    /// Copies the files of a committed generation into another lake, where readers see them at the end;
    /// says how many bytes. Each copy is read again: it is what was committed, or nothing is seen there.
    ///
    /// # Errors
    ///
    /// When a file is lost or not what was committed, or cannot be copied.
    pub fn copy_to(&self, other: &Self, n: u32, files: &[ManifestFile]) -> Result<u64, LakeError> {
        private_folder(&other.staging())?;
        let mut copied = 0;
        for file in files {
            let (from, to) = (self.object(&file.sha256), other.staged(file));
            let lost = || LakeError::Lost {
                file: format!("{}.parquet", file.sha256),
            };
            let mut source = fs::File::open(&from).map_err(|_| lost())?;
            let mut into = private_file(&to)?;
            std::io::copy(&mut source, &mut into).map_err(LakeError::io("copy", &from))?;
            into.sync_all().map_err(LakeError::io("sync", &to))?;
            let (sha256, bytes) = hash_file(&to).map_err(LakeError::io("read", &to))?;
            if sha256 != file.sha256 {
                return Err(LakeError::Copied {
                    file: format!("{}.parquet", file.sha256),
                });
            }
            copied += bytes;
        }
        other.publish_here(n, files)?;
        Ok(copied)
    }
}
