//! The folder of an export under way: the job, and the files that have come.
//!
//! ```text
//! DATA/pulls/NAME.lock       held while a process works on it
//! DATA/pulls/NAME/job.json   where it is; replaced as a whole, synced before anything follows
//! DATA/pulls/NAME/crawl.json the same, of a group that is read resident by resident
//! DATA/pulls/NAME/members    whom it reads, one id a line
//! DATA/pulls/NAME/files/     files with resources, whole and checked
//! DATA/pulls/NAME/other/     files about the export: what went wrong, what was deleted
//! DATA/pulls/NAME/coming/    what is not whole yet
//! ```

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::fhir::{Crawl, CrawledFile, FileKind, Job, ListedFile};
use crate::steps;

/// Why the folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JobFolderError {
    /// A file operation failed.
    #[error("cannot {action} `{path}`")]
    Io {
        /// What was tried.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Another process is at it.
    #[error("another process pulls this group for this source\nhint: wait until it has finished")]
    Busy,
    /// Something else stands where a job should.
    #[error("`{0}` is not an export under way\nhint: remove it to ask for a new export")]
    Unreadable(PathBuf),
}

pub(super) fn wrong(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> JobFolderError {
    let path = path.to_path_buf();
    move |source| JobFolderError::Io {
        action,
        path,
        source,
    }
}

/// The folder of one source and group; one process at a time.
pub(super) struct JobFolder {
    place: PathBuf,
    /// Released by the system with the process.
    _lock: File,
}

impl JobFolder {
    /// Opens the folder below a data folder that is there; nothing is made in it yet.
    pub(super) fn open(data: &Path, source: &str, group: &str) -> Result<Self, JobFolderError> {
        let pulls = data.join("pulls");
        private(&pulls)?;
        let name = name(source, group);
        let path = pulls.join(format!("{name}.lock"));
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(wrong("create", &path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                place: pulls.join(name),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(JobFolderError::Busy),
            Err(TryLockError::Error(source)) => Err(wrong("lock", &path)(source)),
        }
    }

    /// The job that is under way, if one is.
    pub(super) fn job(&self) -> Result<Option<Job>, JobFolderError> {
        let path = self.place.join("job.json");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(wrong("read", &path)(error)),
        };
        let job = Job::from_text(&text).ok_or(JobFolderError::Unreadable(path))?;
        Ok(Some(job.without_lost(|file| {
            self.file(file).is_some_and(|path| path.exists())
        })))
    }

    /// Writes the job: on disk when this returns.
    pub(super) fn save(&self, job: &Job) -> Result<(), JobFolderError> {
        self.replaces("job.json", job.to_text().as_bytes())
    }

    /// The crawl that is under way, if one is.
    pub(super) fn crawl(&self) -> Result<Option<Crawl>, JobFolderError> {
        let path = self.place.join("crawl.json");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(wrong("read", &path)(error)),
        };
        let crawl = Crawl::from_text(&text).ok_or(JobFolderError::Unreadable(path))?;
        Ok(Some(crawl))
    }

    /// Writes the crawl: on disk when this returns.
    pub(super) fn save_crawl(&self, crawl: &Crawl) -> Result<(), JobFolderError> {
        self.replaces("crawl.json", crawl.to_text().as_bytes())
    }

    /// Whom the crawl reads.
    pub(super) fn members(&self) -> Result<Vec<String>, JobFolderError> {
        let path = self.place.join("members");
        let text = fs::read_to_string(&path).map_err(wrong("read", &path))?;
        Ok(text.lines().map(str::to_owned).collect())
    }

    /// Writes whom the crawl reads: on disk when this returns.
    pub(super) fn save_members(&self, members: &[String]) -> Result<(), JobFolderError> {
        let text: String = members.iter().flat_map(|id| [id.as_str(), "\n"]).collect();
        self.replaces("members", text.as_bytes())
    }

    fn replaces(&self, name: &str, content: &[u8]) -> Result<(), JobFolderError> {
        private(&self.place)?;
        let path = self.place.join(name);
        steps::replace(&path, content).map_err(wrong("write", &path))?;
        self.place.parent().map_or(Ok(()), synced)
    }

    /// The files of a crawl, as far as its book knows them: what was written after that goes.
    pub(super) fn writing(
        &self,
        files: &BTreeMap<String, CrawledFile>,
    ) -> Result<Writing, JobFolderError> {
        let mut writing = Writing {
            folder: self.folder(FileKind::Output)?,
            open: BTreeMap::new(),
        };
        for (kind, known) in files {
            writing.open(kind, *known)?;
        }
        Ok(writing)
    }

    /// Where files of a kind go; made when it is not there.
    pub(super) fn folder(&self, kind: FileKind) -> Result<PathBuf, JobFolderError> {
        let folder = self.place.join(folder_of(kind));
        private(&folder)?;
        Ok(folder)
    }

    /// Where files are that are coming; made when it is not there.
    pub(super) fn coming(&self) -> Result<PathBuf, JobFolderError> {
        let folder = self.place.join("coming");
        private(&folder)?;
        Ok(folder)
    }

    /// Where a file is that has come.
    pub(super) fn file(&self, file: &ListedFile) -> Option<PathBuf> {
        let got = file.got.as_ref()?;
        Some(self.place.join(folder_of(file.kind)).join(&got.name))
    }

    /// Removes what the manifest does not name: what is left of an earlier one, or never came whole.
    pub(super) fn keep_only(&self, files: &[ListedFile]) -> Result<(), JobFolderError> {
        let kept: Vec<PathBuf> = files.iter().filter_map(|file| self.file(file)).collect();
        remove(&self.place.join("coming"))?;
        for kind in [FileKind::Output, FileKind::Outcome] {
            let folder = self.folder(kind)?;
            for entry in fs::read_dir(&folder).map_err(wrong("list", &folder))? {
                let path = entry.map_err(wrong("list", &folder))?.path();
                if !kept.contains(&path) {
                    remove(&path)?;
                }
            }
        }
        Ok(())
    }

    /// Removes the files that have come.
    pub(super) fn clear(&self) -> Result<(), JobFolderError> {
        for kind in [FileKind::Output, FileKind::Outcome] {
            remove(&self.place.join(folder_of(kind)))?;
        }
        Ok(())
    }

    /// Removes everything, the job first: what is left then is nobody's.
    pub(super) fn forget(&self) -> Result<(), JobFolderError> {
        remove(&self.place.join("job.json"))?;
        remove(&self.place.join("crawl.json"))?;
        remove(&self.place)
    }
}

/// The files of a crawl while they are written, one for each resource type.
pub(super) struct Writing {
    folder: PathBuf,
    open: BTreeMap<String, (BufWriter<File>, CrawledFile)>,
}

impl Writing {
    fn open(&mut self, kind: &str, known: CrawledFile) -> Result<(), JobFolderError> {
        let path = self.folder.join(format!("{kind}.ndjson"));
        let opened = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .and_then(|mut file| {
                file.set_len(known.bytes)?;
                file.seek(SeekFrom::End(0))?;
                Ok(file)
            });
        let file = BufWriter::new(opened.map_err(wrong("write", &path))?);
        self.open.insert(kind.to_owned(), (file, known));
        Ok(())
    }

    /// Adds a line to the file of a type.
    pub(super) fn add(&mut self, kind: &str, line: &[u8]) -> Result<(), JobFolderError> {
        // It names a file, and a server has written it.
        let is_plain = !kind.is_empty() && kind.chars().all(|c| c.is_ascii_alphabetic());
        let kind = if is_plain { kind } else { "Resource" };
        if !self.open.contains_key(kind) {
            self.open(kind, CrawledFile::default())?;
        }
        let (file, counted) = self.open.get_mut(kind).expect("it was opened just now");
        let written = file.write_all(line).and_then(|()| file.write_all(b"\n"));
        written.map_err(wrong("write", &self.folder))?;
        counted.lines += 1;
        counted.bytes += line.len() as u64 + 1;
        Ok(())
    }

    /// Everything is on disk when this returns; what there is.
    pub(super) fn synced(&mut self) -> Result<BTreeMap<String, CrawledFile>, JobFolderError> {
        let mut files = BTreeMap::new();
        for (kind, (file, counted)) in &mut self.open {
            let done = file.flush().and_then(|()| file.get_ref().sync_data());
            done.map_err(wrong("write", &self.folder))?;
            files.insert(kind.clone(), *counted);
        }
        synced(&self.folder)?;
        Ok(files)
    }
}

fn folder_of(kind: FileKind) -> &'static str {
    match kind {
        FileKind::Output => "files",
        FileKind::Deleted | FileKind::Outcome => "other",
    }
}

/// A name for people, and a mark that keeps `a-b` of `c` and `a` of `b-c` apart.
fn name(source: &str, group: &str) -> String {
    let plain = |text: &str| -> String {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let chars = text.chars().map(|c| if allowed(c) { c } else { '_' });
        chars.take(40).collect()
    };
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(source.len() as u64).to_le_bytes());
    hasher.update(source.as_bytes());
    hasher.update(group.as_bytes());
    let mark = hasher.finalize().to_hex();
    format!("{}-{}-{}", plain(source), plain(group), &mark[..8])
}

fn private(path: &Path) -> Result<(), JobFolderError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(wrong("create", path))
}

fn synced(folder: &Path) -> Result<(), JobFolderError> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(wrong("sync", folder))
}

fn remove(path: &Path) -> Result<(), JobFolderError> {
    let removed = if path.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(wrong("remove", path)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn names_of_folders_are_plain_and_differ() {
        assert_ne!(name("a-b", "c"), name("a", "b-c"));
        assert!(name("../x", "e.3/y").starts_with("___x-e_3_y-"));
    }
}
