//! The folder of the lake: staging, generations, and the pointer readers follow.
//!
//! ```text
//! lake/
//! ├── _staging/                 files being written; nothing here counts
//! ├── objects/<sha256>.parquet  every file that a committed generation names
//! ├── generations/<n>/<table>/  hard links to the objects of generation n
//! └── current -> generations/<n>
//! ```

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use jiff::civil::Date;

use super::away::Away;
use super::folder::private_folder;
use super::parquet_file::{BATCH_ROWS, FileWriter};
use super::{DecisionRow, IssueRow, LakeError, Table, decisions, issues};

/// A file that a generation names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ManifestFile {
    /// Which table.
    pub table: Table,
    /// SHA-256 of its content; also its name.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// Its rows.
    pub rows: u64,
}

/// A finished file that no generation names yet.
#[derive(Debug)]
pub struct Staged {
    /// What it will be.
    pub file: ManifestFile,
}

/// The folder of the lake.
#[derive(Debug)]
pub struct Store {
    pub(super) root: PathBuf,
    next_staged: AtomicU32,
    /// Where the lake lies as well; the folder is a cache of it then.
    pub(super) away: Option<Away>,
}

fn sync_folder(path: &Path) -> Result<(), LakeError> {
    File::open(path)
        .and_then(|folder| folder.sync_all())
        .map_err(LakeError::io("sync", path))
}

impl Store {
    /// Opens the folder, creating it when it is not there.
    ///
    /// # Errors
    ///
    /// When folders cannot be created.
    pub fn open(root: &Path) -> Result<Self, LakeError> {
        for folder in [
            root.to_path_buf(),
            root.join("_staging"),
            root.join("objects"),
            root.join("generations"),
        ] {
            private_folder(&folder)?;
        }
        Ok(Self {
            root: root.to_path_buf(),
            next_staged: AtomicU32::new(0),
            away: None,
        })
    }

    /// The folder as it is, for reading only: nothing is created, and one that is not there is empty.
    #[must_use]
    pub fn untouched(root: &Path) -> Self {
        Self {
            root: root.to_path_buf(),
            next_staged: AtomicU32::new(0),
            away: None,
        }
    }

    /// The same lake, lying at a place away from the data folder as well.
    #[must_use]
    pub fn lying_at(self, away: Away) -> Self {
        Self {
            away: Some(away),
            ..self
        }
    }

    /// Whether the lake lies at a place away from the data folder as well.
    #[must_use]
    pub fn is_away(&self) -> bool {
        self.away.is_some()
    }

    /// Makes staged files last, before a commit on top of generation `last` names them: sends them to
    /// where the lake lies.
    ///
    /// # Errors
    ///
    /// When the place is another ledger's, somebody has gone on from another generation, or a file
    /// does not arrive; then nothing may be committed.
    pub fn send(&self, last: Option<u32>, files: &[ManifestFile]) -> Result<(), LakeError> {
        let Some(away) = &self.away else {
            return Ok(());
        };
        let staged = |file: &ManifestFile| {
            let staged = self.staged(file);
            if staged.exists() {
                staged
            } else {
                self.object(&file.sha256)
            }
        };
        away.send(last, files.iter().map(|file| (file, staged(file))))
    }

    pub(super) fn staging(&self) -> PathBuf {
        self.root.join("_staging")
    }

    pub(super) fn object(&self, sha256: &str) -> PathBuf {
        self.root.join("objects").join(format!("{sha256}.parquet"))
    }

    /// Where a finished file waits to be committed.
    pub(super) fn staged(&self, file: &ManifestFile) -> PathBuf {
        self.staging().join(format!("{}.parquet", file.sha256))
    }

    pub(super) fn generation(&self, n: u32) -> PathBuf {
        self.root.join("generations").join(n.to_string())
    }

    /// The files of a table that readers see now, sorted by name.
    ///
    /// They stay while the next generation appears, also those that it does not have any more.
    ///
    /// # Errors
    ///
    /// When the folder cannot be listed.
    pub fn files(&self, table: Table) -> Result<Vec<PathBuf>, LakeError> {
        let Some(n) = self.current() else {
            return Ok(Vec::new());
        };
        let folder = self.generation(n).join(table.name());
        if !folder.exists() {
            return Ok(Vec::new());
        }
        let mut files: Vec<PathBuf> = list(&folder)?;
        files.sort();
        Ok(files)
    }

    pub(super) fn start(&self, table: Table) -> Result<(FileWriter, PathBuf), LakeError> {
        let n = self.next_staged.fetch_add(1, Ordering::Relaxed);
        let path = self.staging().join(format!("{}-{n}.writing", table.name()));
        let file = private_file(&path)?;
        Ok((FileWriter::create(table.layout(), file)?, path))
    }

    pub(super) fn finish(
        &self,
        table: Table,
        writer: FileWriter,
        path: &Path,
    ) -> Result<Staged, LakeError> {
        let written = writer.finish(path)?;
        let named = self.staging().join(format!("{}.parquet", written.sha256));
        fs::rename(path, &named).map_err(LakeError::io("rename", path))?;
        // The name must be on disk before the ledger names it.
        sync_folder(&self.staging())?;
        let file = ManifestFile {
            table,
            sha256: written.sha256,
            bytes: written.bytes,
            rows: written.rows,
        };
        Ok(Staged { file })
    }

    /// Stages issues.
    ///
    /// # Errors
    ///
    /// When the file cannot be written, or a row cannot be had.
    pub fn stage_issues(
        &self,
        rows: impl Iterator<Item = Result<IssueRow, LakeError>>,
    ) -> Result<Staged, LakeError> {
        let (mut writer, path) = self.start(Table::Issues)?;
        let mut batch = Vec::new();
        for row in rows {
            batch.push(row?);
            if BATCH_ROWS <= batch.len() {
                issues::write(&mut writer, &batch)?;
                batch.clear();
            }
        }
        issues::write(&mut writer, &batch)?;
        self.finish(Table::Issues, writer, &path)
    }

    /// Stages the decisions of a run as of a day, handed over piece by piece in order of residents.
    ///
    /// # Errors
    ///
    /// When the file cannot be written, or `next` fails.
    pub fn stage_decisions<E: From<LakeError>>(
        &self,
        run: (u32, Date),
        mut next: impl FnMut() -> Result<Option<Vec<DecisionRow>>, E>,
    ) -> Result<Staged, E> {
        let (mut writer, path) = self.start(Table::Decisions)?;
        while let Some(rows) = next()? {
            decisions::write(&mut writer, run, &rows)?;
        }
        Ok(self.finish(Table::Decisions, writer, &path)?)
    }

    /// Makes a committed generation visible and clears what nobody needs.
    ///
    /// Can be repeated from any point at which it was interrupted.
    ///
    /// # Errors
    ///
    /// When a file that the generation names is neither staged nor in place, or
    /// a folder operation fails.
    pub fn publish(&self, n: u32, files: &[ManifestFile]) -> Result<(), LakeError> {
        self.publish_here(n, files)?;
        self.show(n, files)
    }

    /// The same in this folder alone: what is gone here is fetched, and nothing is told to the place
    /// where the lake lies as well.
    ///
    /// # Errors
    ///
    /// As [`Store::publish`].
    pub fn publish_here(&self, n: u32, files: &[ManifestFile]) -> Result<(), LakeError> {
        for file in files {
            self.place(file)?;
        }
        sync_folder(&self.root.join("objects"))?;
        self.link_generation(n, files)?;
        self.point_at(n)?;
        self.clear(n, files)
    }

    /// Makes the place away show a generation.
    fn show(&self, n: u32, files: &[ManifestFile]) -> Result<(), LakeError> {
        let here = |file: &ManifestFile| self.object(&file.sha256);
        self.away
            .as_ref()
            .map_or(Ok(()), |away| away.show(n, files, here))
    }

    /// Puts a committed file into place: from staging, or, when it is lost from there, from the
    /// links of a generation that still has it.
    fn place(&self, file: &ManifestFile) -> Result<(), LakeError> {
        let object = self.object(&file.sha256);
        if object.exists() {
            return Ok(());
        }
        let staged = self.staged(file);
        if staged.exists() {
            return fs::rename(&staged, &object).map_err(LakeError::io("move into place", &staged));
        }
        let generations = list(&self.root.join("generations"))?;
        let mut links = generations
            .into_iter()
            .map(|folder| folder.join(file.table.name()).join(name(&object)));
        match links.find(|link| link.exists()) {
            Some(link) => fs::hard_link(&link, &object).map_err(LakeError::io("link", &link)),
            None => self.fetch(file, &object),
        }
    }

    /// Fetches a committed file that is lost here from where the lake lies.
    fn fetch(&self, file: &ManifestFile, object: &Path) -> Result<(), LakeError> {
        let coming = self.staging().join(format!("{}.coming", file.sha256));
        let into = private_file(&coming)?;
        let fetched = self
            .away
            .as_ref()
            .map_or(Ok(false), |away| away.fetch(file, &into));
        if !matches!(fetched, Ok(true)) {
            remove(&coming)?;
            fetched?;
            return Err(LakeError::Lost { file: name(object) });
        }
        into.sync_all().map_err(LakeError::io("sync", &coming))?;
        fs::rename(&coming, object).map_err(LakeError::io("move into place", &coming))
    }

    /// Fetches what this folder lost of the generation that readers see.
    fn mend(&self, n: u32, files: &[ManifestFile]) -> Result<(), LakeError> {
        for file in files {
            self.place(file)?;
            let link = self.link(n, file);
            if !link.exists() {
                private_folder(&self.generation(n).join(file.table.name()))?;
                let object = self.object(&file.sha256);
                fs::hard_link(object, &link).map_err(LakeError::io("link", &link))?;
            }
        }
        Ok(())
    }

    pub(super) fn link(&self, n: u32, file: &ManifestFile) -> PathBuf {
        let folder = self.generation(n).join(file.table.name());
        folder.join(format!("{}.parquet", file.sha256))
    }

    /// Whether readers of generation `n` see every file that the ledger names; rows of a file that is
    /// gone would be missing without a word.
    ///
    /// # Errors
    ///
    /// [`LakeError::Lost`] names the first file that is gone.
    pub fn is_all_there(&self, n: u32, files: &[ManifestFile]) -> Result<(), LakeError> {
        let lost = files.iter().find(|file| !self.link(n, file).exists());
        match lost {
            // Another process may have published and cleared meanwhile.
            Some(file) if self.current() == Some(n) => Err(LakeError::Lost {
                file: format!("{}.parquet", file.sha256),
            }),
            Some(_) | None => Ok(()),
        }
    }

    fn link_generation(&self, n: u32, files: &[ManifestFile]) -> Result<(), LakeError> {
        let place = self.generation(n);
        if place.exists() {
            return Ok(());
        }
        let building = self.staging().join(format!("generation-{n}"));
        if building.exists() {
            fs::remove_dir_all(&building).map_err(LakeError::io("remove", &building))?;
        }
        for table in Table::ALL {
            private_folder(&building.join(table.name()))?;
        }
        for file in files {
            let own_name = format!("{}.parquet", file.sha256);
            let link = building.join(file.table.name()).join(own_name);
            fs::hard_link(self.object(&file.sha256), &link)
                .map_err(LakeError::io("link", &link))?;
        }
        for table in Table::ALL {
            sync_folder(&building.join(table.name()))?;
        }
        sync_folder(&building)?;
        fs::rename(&building, &place).map_err(LakeError::io("move into place", &place))?;
        sync_folder(&self.root.join("generations"))
    }

    fn point_at(&self, n: u32) -> Result<(), LakeError> {
        let pointer = self.staging().join("current");
        if fs::symlink_metadata(&pointer).is_ok() {
            fs::remove_file(&pointer).map_err(LakeError::io("remove", &pointer))?;
        }
        symlink(Path::new("generations").join(n.to_string()), &pointer)
            .map_err(LakeError::io("create", &pointer))?;
        let current = self.root.join("current");
        fs::rename(&pointer, &current).map_err(LakeError::io("replace", &current))?;
        sync_folder(&self.root)
    }

    /// Removes staged leftovers, objects nobody names, and generations before the last two.
    fn clear(&self, n: u32, files: &[ManifestFile]) -> Result<(), LakeError> {
        for path in list(&self.staging())? {
            remove(&path)?;
        }
        let named: BTreeSet<PathBuf> = files.iter().map(|file| self.object(&file.sha256)).collect();
        for path in list(&self.root.join("objects"))? {
            if !named.contains(&path) {
                remove(&path)?;
            }
        }
        for path in list(&self.root.join("generations"))? {
            let number = path
                .file_name()
                .and_then(|name| name.to_str())
                .and_then(|name| name.parse().ok());
            // The generation before stays: a reader may have opened it a moment ago.
            if number.is_none_or(|number: u32| number + 1 < n || n < number) {
                remove(&path)?;
            }
        }
        Ok(())
    }

    /// Brings the folder to what the ledger says: finishes a committed generation, or
    /// removes what was never committed.
    ///
    /// # Errors
    ///
    /// As [`Store::publish`].
    pub fn recover(&self, committed: Option<(u32, &[ManifestFile])>) -> Result<(), LakeError> {
        match committed {
            Some((n, files)) if self.current() != Some(n) => self.publish(n, files),
            Some((n, files)) if self.away.is_some() => {
                self.mend(n, files)?;
                self.clear(n, files)?;
                self.show(n, files)
            }
            Some((n, files)) => self.clear(n, files),
            None => {
                for path in list(&self.staging())? {
                    remove(&path)?;
                }
                Ok(())
            }
        }
    }

    /// The generation that readers see.
    #[must_use]
    pub fn current(&self) -> Option<u32> {
        let target = fs::read_link(self.root.join("current")).ok()?;
        target.file_name()?.to_str()?.parse().ok()
    }
}

/// Creates a file that only its owner can open, empty.
pub(super) fn private_file(path: &Path) -> Result<File, LakeError> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .map_err(LakeError::io("create", path))
}

pub(super) fn name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

pub(super) fn list(folder: &Path) -> Result<Vec<PathBuf>, LakeError> {
    fs::read_dir(folder)
        .and_then(|entries| {
            entries
                .map(|entry| entry.map(|entry| entry.path()))
                .collect()
        })
        .map_err(LakeError::io("list", folder))
}

fn remove(path: &Path) -> Result<(), LakeError> {
    let is_folder = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir());
    let removed = if is_folder {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    };
    removed.map_err(LakeError::io("remove", path))
}
