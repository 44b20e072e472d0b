//! What is signed: who, when, and every file of the rule book with its hash.

use std::fmt::Write;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::rulebook::{RuleFile, Rulebook};

const FIRST: &str = "preventio rule book manifest 1";

/// What is signed. Every manifest has exactly one text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The programme's id.
    pub programme: String,
    /// Its version.
    pub version: String,
    /// Fingerprint of the rule book.
    pub fingerprint: String,
    /// Who signs.
    pub signer: String,
    /// When, as the signer says.
    pub signed_at: Timestamp,
    /// Each file: SHA-256 and path, sorted by path.
    pub files: Vec<(String, String)>,
}

impl Manifest {
    /// The manifest of a rule book for a signer. A line break in a name becomes a space.
    #[must_use]
    pub fn of(rulebook: &Rulebook, signer: &str, signed_at: Timestamp) -> Self {
        let header = &rulebook.programme.header;
        Self {
            programme: one_line(&header.id),
            version: one_line(&header.version),
            fingerprint: rulebook.fingerprint.clone(),
            signer: one_line(signer),
            signed_at,
            files: hashes(&rulebook.files),
        }
    }

    /// The text that is signed.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!(
            "{FIRST}\nprogramme {}\nversion {}\nfingerprint {}\nsigner {}\nsigned-at {}\n",
            self.programme, self.version, self.fingerprint, self.signer, self.signed_at
        );
        for (sha256, path) in &self.files {
            // Writing to a String cannot fail. Two spaces, as `sha256sum` has them.
            let _ = writeln!(text, "{sha256}  {path}");
        }
        text
    }

    /// Reads a manifest; `None` for any text that is not exactly one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let first = lines.next()?;
        let mut field = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
        let (programme, version) = (field("programme")?, field("version")?);
        let (fingerprint, signer) = (field("fingerprint")?, field("signer")?);
        let signed_at = field("signed-at")?.parse().ok()?;
        let files = lines.map(|line| {
            let (sha256, path) = line.split_once("  ")?;
            Some((sha256.to_owned(), path.to_owned()))
        });
        let manifest = Self {
            programme: programme.to_owned(),
            version: version.to_owned(),
            fingerprint: fingerprint.to_owned(),
            signer: signer.to_owned(),
            signed_at,
            files: files.collect::<Option<_>>()?,
        };
        // Whatever reads the same but is written otherwise is no manifest.
        (first == FIRST && manifest.text() == text).then_some(manifest)
    }

    /// Files that are not as they were signed: changed, gone or new, each once, sorted.
    #[must_use]
    pub fn differing(&self, rulebook: &Rulebook) -> Vec<String> {
        let now = hashes(&rulebook.files);
        let signed = self.files.iter().filter(|file| !now.contains(file));
        let there = now.iter().filter(|file| !self.files.contains(file));
        let mut paths: Vec<String> = signed.chain(there).map(|(_, path)| path.clone()).collect();
        paths.sort();
        paths.dedup();
        paths
    }
}

/// A line break in a name becomes a space.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn hashes(files: &[RuleFile]) -> Vec<(String, String)> {
    let hash = |file: &RuleFile| {
        let digest = Sha256::digest(file.text.as_bytes());
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        (hex, file.path.clone())
    };
    let mut all: Vec<(String, String)> = files.iter().map(hash).collect();
    all.sort_by(|a, b| a.1.cmp(&b.1));
    all
}
