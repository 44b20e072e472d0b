//! What the ledger records.

use crate::lake::ManifestFile;
use crate::profile::ResidentId;

/// A committed set of lake files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generation {
    /// Its number, rising.
    pub number: u32,
    /// Its files.
    pub files: Vec<ManifestFile>,
}

/// An entry of the identity map. Direct identifiers: no `Debug`.
pub struct Identity {
    /// The opaque id.
    pub resident: ResidentId,
    /// Which source.
    pub source: String,
    /// `Patient.id` there.
    pub patient_id: String,
    /// National identifier, as sent, and whether it holds.
    pub national_id: Option<(String, bool)>,
    /// Whether a safety non-disclosure is in force.
    pub non_disclosure: bool,
}

/// A line that could not be read, kept whole. Holds what a source sent: no `Debug`.
pub struct Quarantined {
    /// File name in the export.
    pub file: String,
    /// Line in it.
    pub line: u64,
    /// Issue code.
    pub code: &'static str,
    /// The bytes, compressed with zstd.
    pub raw: Vec<u8>,
}

/// A pull, as recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRecord {
    /// Its number.
    pub id: u32,
    /// Which source.
    pub source: String,
    /// When it was committed (UTC), for people.
    pub at: String,
    /// Fingerprint of the rules that decided which facts were read.
    pub facts_fingerprint: String,
    /// The report as JSON, opaque here.
    pub report: String,
}

/// A run, as recorded: everything its decisions depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRecord {
    /// Its number.
    pub id: u32,
    /// When it was committed (UTC), for people.
    pub at: String,
    /// The index date, ISO.
    pub index_date: String,
    /// The pull it saw.
    pub pull: u32,
    /// Fingerprint of the whole rule book.
    pub rules_fingerprint: String,
    /// Hash of its decisions.
    pub decisions_hash: String,
    /// Residents decided about.
    pub register: u64,
    /// Version of the program.
    pub program: String,
    /// The report as JSON, opaque here.
    pub report: String,
}

/// What a pull adds beside lake files.
pub struct PullCommit<'a> {
    /// The record.
    pub record: &'a PullRecord,
    /// New lake files.
    pub files: &'a [ManifestFile],
    /// Identities seen.
    pub identities: &'a [Identity],
    /// Lines set aside unread.
    pub quarantined: &'a [Quarantined],
    /// Codes that no rule knows: resource type, system, code, count.
    pub unmapped: &'a [(String, String, String, u64)],
}
