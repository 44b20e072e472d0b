//! The lake beside the data folder as well: in a bucket of an object store, or in a folder elsewhere.
//!
//! ```text
//! AT/
//! ├── owner                        whose lake this is
//! ├── objects/<sha256>.parquet     every file that a generation names
//! └── generations/<n>.csv          which files generation n has; the largest number is what readers see
//! ```
//!
//! Nothing here is ever changed: files are named by their content, and the list of a generation is
//! created once, on condition that it is not there. So the data folder's own copy is a cache, two that
//! write are noticed, and a reader holds on to a generation by its number. The ledger stays the commit
//! point: files are sent before it names them, the list of the generation after.

mod bucket;
mod folder;
mod list;
mod place;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::OnceLock;

use sha2::{Digest, Sha256};

use self::bucket::Bucket;
use self::folder::Folder;
use self::list::{list_name, list_of, number_of};
pub use self::place::Place;
use super::parquet_file::hex;
use super::{LakeError, ManifestFile, Problem};

/// Bytes read and sent at a time; a larger file goes in several parts, of which stores want no smaller.
const PIECE_BYTES: usize = 5 << 20;
const OWNER: &str = "owner";
const OBJECTS: &str = "objects";
const GENERATIONS: &str = "generations";

/// Why a conversation with the place failed, in one line.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Trouble(String);

/// Objects by name, as either kind of place has them.
#[derive(Debug)]
enum Objects {
    Bucket(Bucket),
    Folder(Folder),
}

impl Objects {
    /// A whole small object; nothing when there is none.
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, Trouble> {
        let mut bytes = Vec::new();
        let found = self.fetch(name, &mut bytes)?;
        Ok(found.then_some(bytes))
    }

    /// Hands an object over piece by piece; `false` when there is none.
    fn fetch(&self, name: &str, into: &mut (dyn Write + Send)) -> Result<bool, Trouble> {
        match self {
            Self::Bucket(bucket) => bucket.fetch(name, into),
            Self::Folder(folder) => folder.fetch(name, into),
        }
    }

    /// Creates an object on condition that there is none; `false` when there is one.
    fn create(&self, name: &str, bytes: Vec<u8>) -> Result<bool, Trouble> {
        match self {
            Self::Bucket(bucket) => bucket.create(name, bytes),
            Self::Folder(folder) => folder.create(name, &bytes),
        }
    }

    /// Sends a file, whatever was there under its name.
    fn send(&self, name: &str, path: &Path, n_bytes: u64) -> Result<(), Trouble> {
        let mut file = File::open(path).map_err(|error| Trouble(error.to_string()))?;
        match self {
            Self::Bucket(bucket) => bucket.send(name, &mut file, n_bytes),
            Self::Folder(folder) => folder.send(name, &mut file),
        }
    }

    /// The objects of a folder, each by its own name, with their sizes.
    fn list(&self, folder: &str) -> Result<BTreeMap<String, u64>, Trouble> {
        match self {
            Self::Bucket(bucket) => bucket.list(folder),
            Self::Folder(place) => place.list(folder),
        }
    }

    fn remove(&self, name: &str) -> Result<(), Trouble> {
        match self {
            Self::Bucket(bucket) => bucket.remove(name),
            Self::Folder(folder) => folder.remove(name),
        }
    }
}

/// A lake's place away from its data folder.
#[derive(Debug)]
pub struct Away {
    place: Place,
    /// The ledger that this lake belongs to.
    owner: String,
    objects: OnceLock<Objects>,
}

/// What lies at a place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lying {
    /// The generation that readers there see.
    pub generation: Option<u32>,
    /// Files there.
    pub files: u64,
    /// Their size.
    pub bytes: u64,
}

impl Away {
    /// A place, for the lake of this ledger; nothing is asked of it yet, nor of its key.
    #[must_use]
    pub fn new(place: Place, ledger: &[u8]) -> Self {
        Self {
            place,
            owner: hex(ledger),
            objects: OnceLock::new(),
        }
    }

    /// What lies there, opened when it is first needed: who only looks at what is here needs no key.
    fn objects(&self) -> Result<&Objects, LakeError> {
        if let Some(objects) = self.objects.get() {
            return Ok(objects);
        }
        let opened = match self.place.bucket() {
            Some(bucket) => Bucket::new(&self.place, bucket).map(Objects::Bucket),
            None => Ok(Objects::Folder(Folder::new(Path::new(&self.place.at)))),
        };
        let opened = opened.map_err(|source| LakeError::Closed {
            at: self.at().to_owned(),
            source,
        })?;
        Ok(self.objects.get_or_init(|| opened))
    }

    fn told<'a>(
        &'a self,
        action: &'static str,
        name: &'a str,
    ) -> impl FnOnce(Trouble) -> LakeError + 'a {
        move |source| LakeError::Away {
            action,
            name: name.to_owned(),
            at: self.at().to_owned(),
            source,
        }
    }

    /// Sends files that are about to be committed on top of a generation.
    ///
    /// # Errors
    ///
    /// When the place is another ledger's, somebody has gone on from another generation, or a file
    /// does not arrive.
    pub(super) fn send<'f>(
        &self,
        last: Option<u32>,
        files: impl Iterator<Item = (&'f ManifestFile, std::path::PathBuf)>,
    ) -> Result<(), LakeError> {
        self.is_ours()?;
        self.not_ahead(last)?;
        self.send_missing(files)
    }

    /// Makes the place show a committed generation; nothing happens when it does already.
    ///
    /// # Errors
    ///
    /// As [`Away::send`], and when the place has other files under that generation.
    pub(super) fn show(
        &self,
        n: u32,
        files: &[ManifestFile],
        here: impl Fn(&ManifestFile) -> std::path::PathBuf,
    ) -> Result<(), LakeError> {
        self.is_ours()?;
        if self.not_ahead(Some(n))? == Some(n) {
            return self.is_same(n, files);
        }
        self.send_missing(files.iter().map(|file| (file, here(file))))?;
        let name = list_name(n);
        let created = self
            .objects()?
            .create(&name, list_of(&self.owner, n, files));
        if created.map_err(self.told("create", &name))? {
            return Ok(());
        }
        // An answer that was lost on the way, or somebody was faster.
        self.is_same(n, files)
    }

    /// Sends again what the place lost or has with another size.
    ///
    /// # Errors
    ///
    /// As [`Away::send`].
    pub(super) fn mend(
        &self,
        files: &[ManifestFile],
        here: impl Fn(&ManifestFile) -> std::path::PathBuf,
    ) -> Result<(), LakeError> {
        self.is_ours()?;
        self.send_missing(files.iter().map(|file| (file, here(file))))
    }

    /// Fetches a file; `false` when the place does not have it.
    ///
    /// # Errors
    ///
    /// When it does not come, or has other content than its name says.
    pub(super) fn fetch(&self, file: &ManifestFile, into: &File) -> Result<bool, LakeError> {
        let name = object_name(file);
        let mut into = Hashing {
            into,
            hash: Sha256::new(),
        };
        let fetched = self.objects()?.fetch(&name, &mut into);
        if !fetched.map_err(self.told("fetch", &name))? {
            return Ok(false);
        }
        let found = hex(&into.hash.finalize());
        if found != file.sha256 {
            return Err(LakeError::OtherContent {
                name,
                at: self.at().to_owned(),
            });
        }
        Ok(true)
    }

    /// What is not at the place as it was committed; every byte is fetched.
    ///
    /// # Errors
    ///
    /// When the place cannot be reached.
    pub(super) fn check(&self, n: u32, files: &[ManifestFile]) -> Result<Vec<Problem>, LakeError> {
        let mut problems = Vec::new();
        let mut problem = |what: String| problems.push(Problem { what });
        let found = self.newest()?;
        if found != Some(n) {
            problem(format!(
                "readers of `{}` see generation {found:?}, the ledger committed {n}",
                self.at()
            ));
        }
        for file in files {
            let name = object_name(file);
            let mut hash = Hashing {
                into: std::io::sink(),
                hash: Sha256::new(),
            };
            let fetched = self.objects()?.fetch(&name, &mut hash);
            let what = match fetched.map_err(self.told("fetch", &name))? {
                true if hex(&hash.hash.finalize()) == file.sha256 => continue,
                true => "has other content than when it was committed",
                false => "is missing",
            };
            problem(format!("`{name}` at `{}` {what}", self.at()));
        }
        Ok(problems)
    }

    /// Removes what neither of the newest two generations names; says how many objects went.
    ///
    /// # Errors
    ///
    /// When the place is not at this generation, or cannot be reached.
    pub(super) fn collect(&self, n: u32, files: &[ManifestFile]) -> Result<u64, LakeError> {
        self.is_ours()?;
        if self.not_ahead(Some(n))? != Some(n) {
            return Err(LakeError::Behind {
                at: self.at().to_owned(),
                here: n,
            });
        }
        self.is_same(n, files)?;
        // Somebody may be reading the generation before.
        let before = self.files_of(n.saturating_sub(1))?;
        let kept: BTreeSet<String> = files.iter().map(own_name).chain(before).collect();
        let mut n_removed = 0;
        let mut remove = |name: String| {
            n_removed += 1;
            self.objects()?
                .remove(&name)
                .map_err(self.told("remove", &name))
        };
        // Lists first: a list must not name what is gone.
        for own in self.listed(GENERATIONS)?.into_keys() {
            if number_of(&own).is_some_and(|number| number + 1 < n) {
                remove(format!("{GENERATIONS}/{own}"))?;
            }
        }
        for own in self.listed(OBJECTS)?.into_keys() {
            if !kept.contains(&own) {
                remove(format!("{OBJECTS}/{own}"))?;
            }
        }
        Ok(n_removed)
    }

    /// The files that the place lists for a generation, by their names; none when it has no such list.
    ///
    /// # Errors
    ///
    /// When the place cannot be reached.
    fn files_of(&self, n: u32) -> Result<Vec<String>, LakeError> {
        let name = list_name(n);
        let list = self
            .objects()?
            .read(&name)
            .map_err(self.told("read", &name))?;
        let text = String::from_utf8(list.unwrap_or_default()).unwrap_or_default();
        Ok(list::files_in(&text))
    }

    /// What lies there.
    ///
    /// # Errors
    ///
    /// When the place cannot be reached.
    pub(super) fn lying(&self) -> Result<Lying, LakeError> {
        let objects = self.listed(OBJECTS)?;
        Ok(Lying {
            generation: self.newest()?,
            files: objects.len() as u64,
            bytes: objects.values().sum(),
        })
    }

    /// Where it is, as the configuration says it.
    pub(super) fn at(&self) -> &str {
        &self.place.at
    }

    fn listed(&self, folder: &str) -> Result<BTreeMap<String, u64>, LakeError> {
        self.objects()?
            .list(folder)
            .map_err(self.told("list", folder))
    }

    fn newest(&self) -> Result<Option<u32>, LakeError> {
        let lists = self.listed(GENERATIONS)?;
        Ok(lists.keys().filter_map(|own| number_of(own)).max())
    }

    /// The newest generation there, which must not be newer than ours.
    fn not_ahead(&self, here: Option<u32>) -> Result<Option<u32>, LakeError> {
        let there = self.newest()?;
        if here < there {
            return Err(LakeError::Ahead {
                at: self.at().to_owned(),
                there: there.unwrap_or(0),
                here: here.unwrap_or(0),
            });
        }
        Ok(there)
    }

    /// The place is this ledger's, from the first use on.
    fn is_ours(&self) -> Result<(), LakeError> {
        let text = format!("ledger {}\n", self.owner).into_bytes();
        let read = || {
            self.objects()?
                .read(OWNER)
                .map_err(self.told("read", OWNER))
        };
        let found = match read()? {
            Some(found) => found,
            None => {
                let created = self.objects()?.create(OWNER, text.clone());
                if created.map_err(self.told("create", OWNER))? {
                    return Ok(());
                }
                read()?.unwrap_or_default()
            }
        };
        if found == text {
            return Ok(());
        }
        Err(LakeError::OthersLake {
            at: self.at().to_owned(),
        })
    }

    /// The place lists the same files for a generation.
    fn is_same(&self, n: u32, files: &[ManifestFile]) -> Result<(), LakeError> {
        let name = list_name(n);
        let found = self
            .objects()?
            .read(&name)
            .map_err(self.told("read", &name))?;
        if found.as_deref() == Some(&list_of(&self.owner, n, files)[..]) {
            return Ok(());
        }
        Err(LakeError::TwoWriters {
            at: self.at().to_owned(),
            generation: n,
        })
    }

    fn send_missing<'f>(
        &self,
        files: impl Iterator<Item = (&'f ManifestFile, std::path::PathBuf)>,
    ) -> Result<(), LakeError> {
        let there = self.listed(OBJECTS)?;
        for (file, path) in files {
            if there.get(&own_name(file)) == Some(&file.bytes) {
                continue;
            }
            let name = object_name(file);
            self.objects()?
                .send(&name, &path, file.bytes)
                .map_err(self.told("send", &name))?;
        }
        Ok(())
    }
}

fn own_name(file: &ManifestFile) -> String {
    format!("{}.parquet", file.sha256)
}

fn object_name(file: &ManifestFile) -> String {
    format!("{OBJECTS}/{}", own_name(file))
}

/// Passes bytes on and hashes them.
struct Hashing<W> {
    into: W,
    hash: Sha256,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        let n = self.into.write(buffer)?;
        self.hash.update(&buffer[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.into.flush()
    }
}
