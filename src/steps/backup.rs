//! Backup: the ledger and the lake as they are at one point, in a folder of their own.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::data::{Access, DataFolder};
use super::{StepError, replace};
use crate::lake::{self, Store};
use crate::ledger::Ledger;

/// What a backup does without: locks, logs that the copy of the ledger holds already, and downloads under
/// way, which belong to a server's export and are asked for again.
const LEFT_OUT: [&str; 7] = [
    "ledger.sqlite",
    "ledger.sqlite-wal",
    "ledger.sqlite-shm",
    "lake",
    "lock",
    "serve.lock",
    "pulls",
];

/// What was backed up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BackupReport {
    /// The generation of the lake; nothing before the first pull.
    pub generation: Option<u32>,
    /// Its files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Orders were handed over so often when the copy was made.
    pub handed_over: i64,
}

/// Copies a data folder into a new one: the ledger as it is at one instant, and the files of the lake that
/// it names. No pull, run or compacting goes on meanwhile; a dispatcher may.
///
/// What is at `to` is whole: until it is, it has another name. The file outside the data folder that
/// remembers how often orders were handed over is not part of it: what is restored from an old copy
/// sends nothing before somebody has looked.
///
/// # Errors
///
/// When the folder is being written to, something is there already, it lies in the data folder, or a
/// file is lost, damaged or cannot be copied.
pub fn back_up(root: &Path, to: &Path) -> Result<BackupReport, StepError> {
    if to.exists() {
        return Err(StepError::BackupThere(to.to_path_buf()));
    }
    let (here, there) = (std::path::absolute(root), std::path::absolute(to));
    if here.is_ok_and(|here| there.is_ok_and(|there| there.starts_with(here))) {
        return Err(StepError::BackupInside(to.to_path_buf()));
    }
    let data = DataFolder::open(root, Access::WriteExisting)?;
    let partial = partial(to);
    if partial.exists() {
        fs::remove_dir_all(&partial).map_err(StepError::io("remove", &partial))?;
    }
    lake::private_folder(&partial)?;
    let path = partial.join("ledger.sqlite");
    data.ledger.copy_to(&path)?;
    // What the copy names, whatever the ledger says by now.
    let copy = Ledger::open(&path)?;
    let generation = copy.generation()?;
    let handed_over = copy.epoch()?.number;
    drop(copy);
    let store = Store::open(&partial.join("lake"))?;
    let mut report = BackupReport {
        generation: None,
        files: 0,
        bytes: 0,
        handed_over,
    };
    if let Some(generation) = generation {
        report.bytes = data
            .store
            .copy_to(&store, generation.number, &generation.files)?;
        report.files = generation.files.len() as u64;
        report.generation = Some(generation.number);
    }
    copy_others(root, &partial)?;
    let sync = |path: &Path| File::open(path).and_then(|folder| folder.sync_all());
    sync(&partial).map_err(StepError::io("sync", &partial))?;
    fs::rename(&partial, to).map_err(StepError::io("move into place", to))?;
    let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    sync(parent).map_err(StepError::io("sync", parent))?;
    Ok(report)
}

/// What it is called until it is whole.
fn partial(to: &Path) -> PathBuf {
    let mut name = to
        .file_name()
        .unwrap_or(OsStr::new("backup"))
        .to_os_string();
    name.push(".partial");
    to.with_file_name(name)
}

/// The rest of the folder, such as the switch of effects and the marks of faulty rules.
fn copy_others(from: &Path, to: &Path) -> Result<(), StepError> {
    let entries = fs::read_dir(from).map_err(StepError::io("list", from))?;
    for entry in entries {
        let path = entry.map_err(StepError::io("list", from))?.path();
        let Some(name) = path.file_name() else {
            continue;
        };
        if LEFT_OUT.iter().any(|left| *left == name) {
            continue;
        }
        let there = to.join(name);
        if path.is_dir() {
            lake::private_folder(&there)?;
            copy_others(&path, &there)?;
        } else {
            let content = fs::read(&path).map_err(StepError::io("read", &path))?;
            replace(&there, &content).map_err(StepError::io("write", &there))?;
        }
    }
    Ok(())
}
