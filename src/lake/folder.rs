//! Folders that only their owner can open.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

use super::store::{list, name};
use super::{LakeError, Problem};

/// Creates a folder that only its owner can enter.
pub(crate) fn private_folder(path: &Path) -> Result<(), LakeError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(LakeError::io("create", path))
}

/// Files and folders below `root` that others than the owner can open.
///
/// # Errors
///
/// When a folder cannot be listed.
pub(crate) fn not_private(root: &Path) -> Result<Vec<Problem>, LakeError> {
    let mut problems = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    let metadata = fs::metadata(root).map_err(LakeError::io("look at", root))?;
    if metadata.permissions().mode() & 0o077 != 0 {
        problems.push(Problem {
            what: "the data folder can be opened by others than its owner".to_owned(),
        });
    }
    while let Some(folder) = folders.pop() {
        for path in list(&folder)? {
            let metadata = fs::symlink_metadata(&path).map_err(LakeError::io("look at", &path))?;
            if metadata.file_type().is_symlink() {
                continue;
            }
            if metadata.permissions().mode() & 0o077 != 0 {
                problems.push(Problem {
                    what: format!("`{}` can be opened by others than its owner", name(&path)),
                });
            }
            if metadata.is_dir() {
                folders.push(path);
            }
        }
    }
    problems.sort();
    Ok(problems)
}
