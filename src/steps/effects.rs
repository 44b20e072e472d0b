//! Effects on people: the switch that stops them, and the guard against an old copy of the ledger.
//!
//! The switch is a file in the data folder, so that it works at once in every
//! process and also while the ledger is locked, full or broken; the ledger keeps
//! the story of who switched. The guard is a file outside the data folder: when
//! it remembers more than the ledger does, the ledger is an old copy.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::asking::{AskingReport, waiting_to_be_asked};
use super::faulty::{FaultyReport, faulty_rules};
use super::{DataFolder, StepError};
use crate::config::Config;
use crate::ledger::{ChannelTerms, EffectsChange, EffectsEntry, Epoch};
use crate::rulebook::Rulebook;

const SWITCH: &str = "effects-stopped";

/// Effects are stopped: since when, by whom and why, as far as the switch can tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stopped {
    /// Since when (UTC).
    pub since: String,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// The switch of a data folder.
#[derive(Debug, Clone)]
pub struct Switch {
    path: PathBuf,
}

impl Switch {
    /// The switch of a data folder.
    #[must_use]
    pub fn of(root: &Path) -> Self {
        Self {
            path: root.join(SWITCH),
        }
    }

    /// Whether nothing may be sent now. A switch that cannot be looked at counts as stopped.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.path.try_exists().unwrap_or(true)
    }

    /// What is known of a stop.
    #[must_use]
    pub fn stopped(&self) -> Option<Stopped> {
        if !self.is_stopped() {
            return None;
        }
        let text = fs::read(&self.path).unwrap_or_default();
        // Whatever the file says, that it is there is what counts.
        let unknown = || Stopped {
            since: "unknown".to_owned(),
            by: "unknown".to_owned(),
            reason: "the switch is on and does not say why".to_owned(),
        };
        Some(serde_json::from_slice(&text).unwrap_or_else(|_| unknown()))
    }

    fn set(&self, stopped: &Stopped) -> Result<(), StepError> {
        let error = StepError::io("write", &self.path);
        let text = serde_json::to_vec(stopped).unwrap_or_default();
        let written = replace(&self.path, &text);
        // On a full disk an empty file still stops everything.
        let written = written.or_else(|first| private(&self.path).map(drop).map_err(|_| first));
        written.map_err(error)
    }

    fn clear(&self) -> Result<(), StepError> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(StepError::io("remove", &self.path)(error))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
}

/// Replaces a file whole, for its owner alone: readers see the old content or the new, and it is on disk
/// when this returns.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.new", std::process::id()));
    let new = path.with_file_name(name);
    let written = (|| {
        let mut file = private(&new)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&new, path)
    })();
    if written.is_err() {
        // A leftover is harmless; the next one replaces it.
        let _ = fs::remove_file(&new);
    }
    written?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Stops every effect, in every process, now. Needs nothing but a data folder that can be written to.
///
/// Returns why the ledger could not note it, when it could not.
///
/// # Errors
///
/// When the switch cannot be set: then effects go on.
pub fn stop(root: &Path, stopped: &Stopped) -> Result<Option<StepError>, StepError> {
    if !root.join("ledger.sqlite").exists() {
        return Err(StepError::NoData(root.to_path_buf()));
    }
    Switch::of(root).set(stopped)?;
    let noted = DataFolder::open(root, super::Access::Read).and_then(|mut data| {
        let log = data
            .ledger
            .log_effects(EffectsChange::Stopped, &stopped.by, &stopped.reason);
        Ok(log?)
    });
    Ok(noted.err())
}

/// Lets effects start again. Who does so is on record before anything can leave.
///
/// # Errors
///
/// When it cannot be put on record, or the switch cannot be cleared: then effects stay stopped.
pub fn resume(data: &mut DataFolder, by: &str, reason: &str) -> Result<(), StepError> {
    data.ledger
        .log_effects(EffectsChange::Resumed, by, reason)?;
    Switch::of(&data.root).clear()
}

/// Where effects stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EffectsStatus {
    /// The stop in force, if there is one.
    pub stopped: Option<Stopped>,
    /// Rules that nothing may be done by, oldest first.
    pub faulty: Vec<FaultyReport>,
    /// Who did what and why, oldest first.
    pub log: Vec<LogLine>,
    /// Rows of the outbox by state.
    pub outbox: std::collections::BTreeMap<String, u64>,
    /// Open tasks by code.
    pub tasks: std::collections::BTreeMap<String, u64>,
    /// Who waits for their turn to be asked, where the rules do not let all be asked at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asking: Option<AskingReport>,
}

/// One line of the log of effects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogLine {
    /// When (UTC).
    pub at: String,
    /// `stopped`, `resumed` or `restored`.
    pub what: &'static str,
    /// By whom.
    pub who: String,
    /// Why.
    pub reason: String,
}

/// Where effects stand in a data folder, on a day. How fast residents are asked is said when the rules
/// are those of the programme that acts there.
///
/// # Errors
///
/// When the ledger cannot be read.
pub fn effects_status(
    data: &DataFolder,
    rulebook: &Rulebook,
    config: Option<&Config>,
    today: Date,
) -> Result<EffectsStatus, StepError> {
    let acts = data.ledger.acting_programme()?;
    let asking = if acts.as_deref() == Some(&*rulebook.programme.header.id) {
        waiting_to_be_asked(rulebook, data, config, today)?
    } else {
        None
    };
    let line = |entry: EffectsEntry| LogLine {
        at: entry.at.to_string(),
        what: entry.change.name(),
        who: entry.who,
        reason: entry.reason,
    };
    Ok(EffectsStatus {
        stopped: Switch::of(&data.root).stopped(),
        faulty: faulty_rules(data)?,
        log: data.ledger.effects_log()?.into_iter().map(line).collect(),
        outbox: data.ledger.outbox_states()?,
        tasks: data.ledger.open_tasks()?,
        asking,
    })
}

/// The file outside the data folder that remembers how often orders were handed over.
#[derive(Debug, Clone)]
pub struct EpochFile {
    path: PathBuf,
}

/// What the file remembers.
#[derive(Serialize, Deserialize)]
struct Remembered {
    ledger: String,
    number: i64,
}

impl EpochFile {
    /// The file at this place.
    #[must_use]
    pub const fn at(path: PathBuf) -> Self {
        Self { path }
    }

    fn read(&self) -> Result<Option<Remembered>, StepError> {
        match fs::read(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StepError::io("read", &self.path)(error)),
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|_| StepError::Epoch(self.path.clone())),
        }
    }

    /// Remembers an epoch before anything of it leaves; never goes back.
    ///
    /// # Errors
    ///
    /// When the file cannot be written: then nothing may leave.
    pub fn advance(&self, epoch: Epoch) -> Result<(), StepError> {
        let error = |action| StepError::io(action, &self.path);
        // Several processes may want to; a lock on a file beside it lets them in one by one.
        let mut name = self.path.file_name().unwrap_or_default().to_os_string();
        name.push(".lock");
        let guard = private(&self.path.with_file_name(name)).map_err(error("create"))?;
        guard.lock().map_err(error("lock"))?;
        let ledger = hex(epoch.ledger);
        let before = self.read()?;
        let is_known = before.is_some_and(|b| b.ledger == ledger && epoch.number <= b.number);
        if is_known {
            return Ok(());
        }
        let remembered = Remembered {
            ledger,
            number: epoch.number,
        };
        let text = serde_json::to_vec(&remembered).unwrap_or_default();
        replace(&self.path, &text).map_err(error("write"))
    }

    /// Whether a ledger knows less than this file: how it is told, and the number to go beyond.
    ///
    /// Read the file first and the ledger after: the file never gets ahead of its own ledger.
    fn knows_more(
        &self,
        ledger: impl FnOnce() -> Result<Epoch, StepError>,
    ) -> Result<Option<(String, i64)>, StepError> {
        let remembered = self.read()?;
        let epoch = ledger()?;
        Ok(match remembered {
            None if epoch.number == 0 => None,
            None => Some((
                format!(
                    "orders were handed over from this ledger, and `{}`, which remembers how often, is gone",
                    self.path.display()
                ),
                epoch.number,
            )),
            Some(r) if r.ledger != hex(epoch.ledger) => Some((
                "orders were handed over here from another ledger".to_owned(),
                r.number,
            )),
            Some(r) if epoch.number < r.number => Some((
                format!(
                    "the ledger is an old copy: it knows {} of {} times that orders were handed over",
                    epoch.number, r.number
                ),
                r.number,
            )),
            Some(_) => None,
        })
    }
}

fn hex(bytes: [u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(bytes))
}

/// Notices an old copy of the ledger: stops effects, saying why, and marks everything open as in
/// doubt.
///
/// # Errors
///
/// When files or ledger cannot be read or written.
pub fn notice_old_copy(
    data: &mut DataFolder,
    file: &EpochFile,
    channels: &[ChannelTerms],
    today: Date,
    at: &str,
) -> Result<(), StepError> {
    let Some((why, number)) = file.knows_more(|| Ok(data.ledger.epoch()?))? else {
        // There before the first claim, so that it is never missing for a reason of our own.
        let epoch = data.ledger.epoch()?;
        if epoch.number == 0 && file.read()?.is_none() {
            file.advance(epoch)?;
        }
        return Ok(());
    };
    // First the switch: whatever fails after it, nothing leaves.
    Switch::of(&data.root).set(&Stopped {
        since: at.to_owned(),
        by: "the program".to_owned(),
        reason: why.clone(),
    })?;
    data.ledger.mark_restored(channels, number, today)?;
    data.ledger
        .log_effects(EffectsChange::Restored, "the program", &why)?;
    file.advance(data.ledger.epoch()?)
}
