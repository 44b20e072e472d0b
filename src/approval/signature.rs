//! A signature as it lies beside the rules, and whether it holds.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::signers::Signed;
use super::{Manifest, Signer, Signers, ordinary};
use crate::rulebook::Rulebook;

/// The folder of signatures in a rules folder.
const FOLDER: &str = "signatures";
/// A manifest of ten thousand files is shorter.
const MAX_BYTES: u64 = 1 << 22;

/// Why a signature could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
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
    /// It is not what a manifest looks like.
    #[error(
        "`{0}` is not a manifest as `preventio rules sign` writes it\nhint: sign the rules again"
    )]
    NoManifest(PathBuf),
}

/// Why rules are not approved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotApproved {
    /// Nobody has signed.
    #[error(
        "the rule book `{programme}` is not signed: there is no `signatures/{programme}.sig` in its folder\nhint: `preventio rules sign --key FILE --signer NAME --rules DIR`"
    )]
    Unsigned {
        /// The programme.
        programme: String,
    },
    /// Nobody is allowed to.
    #[error(
        "the configuration does not say whose signatures count\nhint: `[rules] signers = \"signers.toml\"`"
    )]
    NoSigners,
    /// The rules are not those that were signed.
    #[error(
        "the rules are not what {signer} signed; different since: {}\nhint: look at what changed (`preventio rules diff`), then sign again", .files.join(", ")
    )]
    Changed {
        /// Who signed.
        signer: String,
        /// What is different.
        files: Vec<String>,
    },
    /// Nobody knows who signed.
    #[error("`{name}`, who signed {what}, is not among the signers in `{path}`")]
    UnknownSigner {
        /// What was signed.
        what: &'static str,
        /// Who signed.
        name: String,
        /// The file of signers.
        path: PathBuf,
    },
    /// Somebody else wrote it, or a byte of it is not as it was.
    #[error(
        "the signature beside {what} was not made with the key of {name}, or was changed since\nhint: sign {what} again"
    )]
    Forged {
        /// What was signed.
        what: &'static str,
        /// In whose name.
        name: String,
    },
    /// They were not allowed to sign on that day.
    #[error("{name} signed {what} on {on}, and may sign from {from} to {until}")]
    OutsideOffice {
        /// What was signed.
        what: &'static str,
        /// Who signed.
        name: String,
        /// When.
        on: Date,
        /// First day.
        from: Date,
        /// Last day.
        until: Date,
    },
    /// The day of the signature is still to come.
    #[error("{name} signed {what} on {on}, and today is {today}")]
    NotYet {
        /// What was signed.
        what: &'static str,
        /// Who signed.
        name: String,
        /// When.
        on: Date,
        /// Today.
        today: Date,
    },
    /// The key is not trusted any more.
    #[error(
        "the key of {name} was revoked on {on}: {why}\nhint: somebody else looks at {what} and signs"
    )]
    Revoked {
        /// What was signed.
        what: &'static str,
        /// Who signed.
        name: String,
        /// Since when.
        on: Date,
        /// Why.
        why: String,
    },
}

/// A signature over a rule book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    manifest: Manifest,
    bytes: Vec<u8>,
}

impl Signature {
    pub(super) const fn new(manifest: Manifest, bytes: Vec<u8>) -> Self {
        Self { manifest, bytes }
    }

    /// What was signed.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The signature that lies in a rules folder for a programme, when there is one.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is no manifest.
    pub fn read(folder: &Path, programme: &str) -> Result<Option<Self>, SignatureError> {
        let [manifest, signature] = places(folder, programme);
        let (Some(text), Some(bytes)) = (content(&manifest)?, content(&signature)?) else {
            return Ok(None);
        };
        let text = String::from_utf8(text).ok();
        let parsed = text.as_deref().and_then(Manifest::parse);
        let manifest = parsed.ok_or(SignatureError::NoManifest(manifest))?;
        Ok(Some(Self { manifest, bytes }))
    }

    /// Puts it into a rules folder, in place of an older one; returns where.
    ///
    /// # Errors
    ///
    /// When a file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<[PathBuf; 2], SignatureError> {
        let places = places(folder, &self.manifest.programme);
        let error = |action, path: &Path| {
            let path = path.to_path_buf();
            move |source| SignatureError::Io {
                action,
                path,
                source,
            }
        };
        let below = folder.join(FOLDER);
        fs::create_dir_all(&below).map_err(error("create", &below))?;
        let [manifest, signature] = &places;
        // The older signature goes first: between the two steps there is none, never a wrong one.
        match fs::remove_file(signature) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(error("remove", signature)(source));
            }
            Ok(()) | Err(_) => {}
        }
        let text = self.manifest.text();
        fs::write(manifest, text).map_err(error("write", manifest))?;
        fs::write(signature, &self.bytes).map_err(error("write", signature))?;
        Ok(places)
    }

    /// Who stands for a rule book on a day by this signature.
    ///
    /// # Errors
    ///
    /// [`NotApproved`] says what does not hold.
    pub fn holds<'s>(
        &self,
        rulebook: &Rulebook,
        signers: &'s Signers,
        today: Date,
    ) -> Result<&'s Signer, NotApproved> {
        let manifest = &self.manifest;
        let name = manifest.signer.clone();
        let header = &rulebook.programme.header;
        let mut files = manifest.differing(rulebook);
        let is_other = (
            &manifest.programme,
            &manifest.version,
            &manifest.fingerprint,
        ) != (&header.id, &header.version, &rulebook.fingerprint);
        if !files.is_empty() || is_other {
            if files.is_empty() {
                files.push("the name of the programme".to_owned());
            }
            return Err(NotApproved::Changed {
                signer: name,
                files,
            });
        }
        let zone = TimeZone::get(&rulebook.programme.time_zone).unwrap_or(TimeZone::UTC);
        let signed = Signed {
            what: "the rules",
            signer: &name,
            on: manifest.signed_at.to_zoned(zone).date(),
            text: &manifest.text(),
            signature: &self.bytes,
        };
        signers.vouch(&signed, today)
    }
}

fn places(folder: &Path, programme: &str) -> [PathBuf; 2] {
    let below = folder.join(FOLDER);
    // An id is a name, not a way out of the folder.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let plain = programme.chars().map(|c| if is_plain(c) { c } else { '-' });
    let programme: String = plain.collect();
    ["manifest", "sig"].map(|end| below.join(format!("{programme}.{end}")))
}

/// The bytes of a file, no more than a signature can have; nothing when it is not there.
fn content(path: &Path) -> Result<Option<Vec<u8>>, SignatureError> {
    match ordinary::read(path, MAX_BYTES) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(SignatureError::Io {
            action: "read",
            path: path.to_path_buf(),
            source,
        }),
    }
}
