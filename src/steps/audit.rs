//! The audit, for those who watch over it: listing it, proving it, remembering how far it went.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::Serialize;

use super::explain::find;
use super::{DataFolder, StepError};
use crate::ledger::{AuditAct, AuditBroken, AuditEntry, AuditHead, AuditRecord};
use crate::profile::ResidentId;

/// Records of the audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditList {
    /// Chain by chain, oldest first.
    pub records: Vec<AuditShown>,
}

/// A record of the audit, by opaque ids only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditShown {
    /// Whose chain it is in.
    pub writer: String,
    /// Its number there.
    pub n: u64,
    /// When (UTC).
    pub at: String,
    /// Who.
    pub who: String,
    /// What they did.
    pub act: String,
    /// About whom.
    pub about: Option<String>,
    /// Which, or how many.
    pub detail: String,
}

/// Whether the audit is what was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditVerified {
    /// How far each chain goes; empty when one is broken.
    pub heads: Vec<HeadShown>,
    /// Checkpoints that it was held against.
    pub checkpoints: usize,
    /// The first record that is not what was written.
    pub broken: Option<String>,
}

/// How far a chain goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeadShown {
    /// Whose chain.
    pub writer: String,
    /// Its records.
    pub n: u64,
    /// The hash of the last, hexadecimal.
    pub hash: String,
}

impl DataFolder {
    /// Puts on record what somebody does or sees, before it is done or shown.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written: then nothing may be shown.
    pub fn audit(
        &mut self,
        who: &str,
        act: AuditAct,
        about: Option<ResidentId>,
        detail: &str,
    ) -> Result<(), StepError> {
        let entry = AuditEntry {
            who,
            act,
            about,
            detail,
        };
        Ok(self.ledger.audit(&entry)?)
    }

    /// The audit; of one resident, by the opaque id or by `Patient.id` of a source, when one is named.
    ///
    /// # Errors
    ///
    /// When nobody or several people are called so, or the ledger cannot be read.
    pub fn audit_list(&self, about: Option<&str>) -> Result<AuditList, StepError> {
        let about = about.map(|name| find(self, name)).transpose()?;
        let records = self.ledger.audit_records(about)?.into_iter();
        Ok(AuditList {
            records: records.map(shown).collect(),
        })
    }

    /// Follows every chain of the audit, and holds it against checkpoints.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read. A broken chain is a finding, not an error.
    pub fn audit_verified(&self, checkpoints: &[AuditHead]) -> Result<AuditVerified, StepError> {
        let found = self.ledger.audit_verified(checkpoints)?;
        let (heads, broken) = match found {
            Ok(heads) => (heads, None),
            Err(broken) => (Vec::new(), Some(broken)),
        };
        Ok(AuditVerified {
            heads: heads.into_iter().map(head_shown).collect(),
            checkpoints: checkpoints.len(),
            broken: broken.map(|broken: AuditBroken| broken.to_string()),
        })
    }
}

fn shown(record: AuditRecord) -> AuditShown {
    AuditShown {
        writer: record.writer,
        n: record.n,
        at: record.at.to_string(),
        who: record.who,
        act: record.act,
        about: record.about.map(|resident| resident.to_string()),
        detail: record.detail,
    }
}

fn head_shown(head: AuditHead) -> HeadShown {
    HeadShown {
        writer: head.writer,
        n: head.n,
        hash: head.hash.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

/// A checkpoint as a line of a file: writer, number, hash, and when it was taken.
fn line(head: &HeadShown, at: &str) -> String {
    format!("{} {} {} {at}\n", head.writer, head.n, head.hash)
}

fn head(line: &str) -> Option<AuditHead> {
    let [writer, n, hash, _] = line.split(' ').collect::<Vec<_>>().try_into().ok()?;
    let mut bytes = [0; 32];
    if hash.len() != 64 {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hash.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(AuditHead {
        writer: writer.to_owned(),
        n: n.parse().ok()?,
        hash: bytes,
    })
}

/// Reads checkpoints, one a line.
///
/// # Errors
///
/// When the file cannot be read, or a line is no checkpoint.
pub fn read_checkpoints(path: &Path) -> Result<Vec<AuditHead>, StepError> {
    let text = std::fs::read_to_string(path).map_err(StepError::io("read", path))?;
    let heads = (1..).zip(text.lines());
    let heads = heads.map(|(n, text)| {
        head(text).ok_or_else(|| StepError::NoCheckpoint {
            path: path.to_owned(),
            line: n,
        })
    });
    heads.collect()
}

/// Adds how far each chain goes to a file of checkpoints, which is made when it is not there.
///
/// # Errors
///
/// When the file cannot be written.
pub fn add_checkpoints(path: &Path, heads: &[HeadShown], at: &str) -> Result<(), StepError> {
    let text: String = heads.iter().map(|head| line(head, at)).collect();
    let mut options = OpenOptions::new();
    let file = options.append(true).create(true).mode(0o600).open(path);
    let written = file.and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.map_err(StepError::io("write", path))
}
