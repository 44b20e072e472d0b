//! The data folder: lock, ledger and lake, recovered on opening.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use super::StepError;
use crate::config::Config;
use crate::fhir::IdentityKey;
use crate::lake::{self, Away, ManifestFile, Place, Store};
use crate::ledger::{Generation, Ledger};

const IDENTITY_KEY: &str = "identity-key";
/// Where the lake lies beside the data folder; nothing where it does not.
const LAKE_AT: &str = "lake-at";
/// Held by whoever writes to the folder.
const LOCK: &str = "lock";

/// What a step is going to do with the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Create the folder when it is not there, write to it; one at a time.
    Write,
    /// Write to a folder that is there; one at a time.
    WriteExisting,
    /// Look at everything, one at a time; what cannot be recovered becomes a finding.
    Check,
    /// Only read; others may write meanwhile.
    Read,
    /// Only read, and change no byte: also a ledger of an earlier version is brought up to date in a
    /// copy that is gone with the process. Others may write meanwhile.
    Untouched,
}

/// An opened data folder.
pub struct DataFolder {
    pub(super) root: PathBuf,
    pub(super) store: Store,
    pub(super) ledger: Ledger,
    pub(super) generation: Option<Generation>,
    /// Why an interrupted step could not be finished; only when opened to check.
    pub(super) not_recovered: Option<String>,
    /// Held while the folder is open for writing; the system releases it with the process.
    _lock: Option<File>,
}

impl DataFolder {
    /// Opens a data folder; for writing, finishes or removes what an earlier process left.
    ///
    /// # Errors
    ///
    /// When the folder is not there (unless writing creates it), another process
    /// writes to it, or it cannot be opened.
    pub fn open(root: &Path, access: Access) -> Result<Self, StepError> {
        Self::opened(root, access, None)
    }

    /// Opens a data folder whose lake lies somewhere else than the ledger says, or nowhere else.
    pub(super) fn opened(
        root: &Path,
        access: Access,
        place: Option<Option<&Place>>,
    ) -> Result<Self, StepError> {
        let ledger_path = root.join("ledger.sqlite");
        if access != Access::Write && !ledger_path.exists() {
            return Err(StepError::NoData(root.to_path_buf()));
        }
        if access == Access::Write {
            lake::private_folder(root)?;
        }
        let lock = match access {
            Access::Write | Access::WriteExisting | Access::Check => Some(lock_of(root, LOCK)?),
            Access::Read | Access::Untouched => None,
        };
        let (ledger, mut store) = match access {
            Access::Untouched => (
                Ledger::open_untouched(&ledger_path)?,
                Store::untouched(&root.join("lake")),
            ),
            Access::Write | Access::WriteExisting | Access::Check | Access::Read => (
                Ledger::open(&ledger_path)?,
                Store::open(&root.join("lake"))?,
            ),
        };
        let place = match place {
            Some(place) => place.cloned(),
            None => recorded_place(&ledger)?,
        };
        if let Some(place) = place {
            store = store.lying_at(Away::new(place, &ledger.epoch()?.ledger));
        }
        let generation = ledger.generation()?;
        let committed = generation.as_ref().map(|g| (g.number, &g.files[..]));
        let mut not_recovered = None;
        if lock.is_some() {
            match store.recover(committed) {
                Err(error) if access == Access::Check => not_recovered = Some(error.to_string()),
                recovered => recovered?,
            }
        }
        if access != Access::Check
            && let Some((n, files)) = committed
        {
            // A ledger that was restored onto an empty disk. Who only looks fetches and changes nothing
            // elsewhere: the ledger may be an old one.
            if access == Access::Read && store.is_away() && store.current().is_none() {
                let _lock = lock_of(root, LOCK)?;
                store.publish_here(n, files)?;
            }
            if store.current() == Some(n) {
                store.is_all_there(n, files)?;
            }
        }
        let is_locked = lock.is_some();
        let mut data = Self {
            root: root.to_path_buf(),
            store,
            ledger,
            generation,
            not_recovered,
            _lock: lock,
        };
        if is_locked && data.not_recovered.is_none() {
            match data.finish_erasing() {
                Err(error) if access == Access::Check => {
                    data.not_recovered = Some(error.to_string());
                }
                finished => drop(finished?),
            }
        }
        Ok(data)
    }

    /// The identity key of the folder; the first caller decides it.
    ///
    /// # Errors
    ///
    /// When the folder has another key than the one given.
    pub(super) fn identity_key(
        &self,
        given: Option<IdentityKey>,
    ) -> Result<IdentityKey, StepError> {
        match self.ledger.setting(IDENTITY_KEY)? {
            Some(bytes) => {
                let bytes = bytes.try_into().map_err(|_| StepError::OtherKey)?;
                let stored = IdentityKey::from_bytes(bytes);
                if given.is_some_and(|given| given != stored) {
                    return Err(StepError::OtherKey);
                }
                Ok(stored)
            }
            None => {
                let key = given.unwrap_or(IdentityKey::PUBLIC);
                self.ledger.set(IDENTITY_KEY, key.as_bytes())?;
                Ok(key)
            }
        }
    }

    /// The identity key of the folder, when a pull has decided it.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn identity_key_on_record(&self) -> Result<Option<IdentityKey>, StepError> {
        let bytes = self.ledger.setting(IDENTITY_KEY)?;
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        Ok(bytes.map(IdentityKey::from_bytes))
    }

    /// The index date of the newest run; nothing when there was none.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn newest_index_date(&self) -> Result<Option<Date>, StepError> {
        let newest = self.ledger.newest_run()?;
        Ok(newest.and_then(|run| run.index_date.parse().ok()))
    }

    /// Where the lake lies beside the data folder; nothing where it does not.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn lake_at(&self) -> Result<Option<Place>, StepError> {
        recorded_place(&self.ledger)
    }

    /// Records where the lake lies from now on.
    pub(super) fn lies_at(&self, place: Option<&Place>) -> Result<(), StepError> {
        let text = place.map(|place| serde_json::to_vec(place).expect("a place has texts only"));
        Ok(self.ledger.change(LAKE_AT, text.as_deref())?)
    }

    /// Refuses a configuration that says of the lake what is not so.
    ///
    /// # Errors
    ///
    /// [`StepError::LakeElsewhere`], or when the ledger cannot be read.
    pub fn lies_as(&self, config: &Config) -> Result<(), StepError> {
        let at = self.lake_at()?;
        match &config.lake {
            Some(wanted) if at.as_ref() != Some(wanted) => Err(StepError::LakeElsewhere {
                wanted: wanted.at.clone(),
                at: at.map_or("the data folder alone".to_owned(), |at| at.at),
            }),
            Some(_) | None => Ok(()),
        }
    }

    /// Makes staged files last, before they are committed.
    pub(super) fn send(&self, files: &[ManifestFile]) -> Result<(), StepError> {
        let last = self.generation.as_ref().map(|generation| generation.number);
        Ok(self.store.send(last, files)?)
    }

    /// Makes what was just committed visible.
    pub(super) fn publish(&mut self, generation: Generation) -> Result<(), StepError> {
        self.store.publish(generation.number, &generation.files)?;
        self.generation = Some(generation);
        Ok(())
    }
}

/// Where the ledger says the lake lies beside the data folder.
fn recorded_place(ledger: &Ledger) -> Result<Option<Place>, StepError> {
    let Some(bytes) = ledger.setting(LAKE_AT)? else {
        return Ok(None);
    };
    let place = serde_json::from_slice(&bytes);
    place.map(Some).map_err(|_| StepError::LakeAt)
}

/// A lock in the folder, by the name of its file, which the system gives back with the process.
pub(super) fn lock_of(root: &Path, name: &str) -> Result<File, StepError> {
    let path = root.join(name);
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(StepError::io("create", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StepError::Busy(root.to_path_buf())),
        Err(TryLockError::Error(source)) => Err(StepError::io("lock", path)(source)),
    }
}
