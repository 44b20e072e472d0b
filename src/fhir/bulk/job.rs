//! An export under way, as it is kept on disk between one step and the next.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::manifest::{ListedFile, Manifest};

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportRequest {
    /// FHIR base address.
    pub server: String,
    /// The group.
    pub group: String,
    /// Resource types.
    pub types: Vec<String>,
    /// Resource types that were wanted and that the server does not let this client read.
    pub not_granted: Vec<String>,
    /// Resource types of which the server lets this client read only a part.
    #[serde(default)]
    pub narrowed: Vec<String>,
    /// Only what changed after this instant of the server's clock.
    pub since: Option<String>,
    /// Whether the server is asked by POST with repeated parameters (Bulk Data STU4) instead of by
    /// GET with lists.
    pub by_post: bool,
}

/// An export under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Its name among all exports ever asked for.
    pub id: String,
    /// What is asked for.
    pub request: ExportRequest,
    /// When it began, in seconds since 1970.
    pub began: i64,
    /// How often it was begun anew, because the server had forgotten it.
    pub restarts: u32,
    /// Where it is.
    pub stage: Stage,
}

/// Where an export is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum Stage {
    /// The server has not said yes yet.
    Asking {
        /// Answers that were none, or "not now".
        tries: u32,
    },
    /// The server prepares it.
    Preparing {
        /// Where to ask how far it is.
        status: String,
        /// How often that was asked.
        polls: u32,
        /// Answers in a row that told nothing.
        failures: u32,
        /// Pages of the manifest that are there, and where it goes on.
        pages: Option<Pages>,
        /// Files that were fetched before the manifest was asked for again.
        had: Vec<ListedFile>,
        /// Whether this is the second time that the manifest is asked for.
        again: bool,
    },
    /// Files are fetched, one after another.
    Fetching {
        /// Where its status was.
        status: String,
        /// The files, and which of them are here.
        manifest: Manifest,
        /// How often the next file was tried in vain.
        tries: u32,
        /// Whether the manifest was asked for a second time.
        again: bool,
    },
    /// Every file is here.
    Fetched {
        /// Where its status was.
        status: String,
        /// The files.
        manifest: Manifest,
    },
    /// The server is told that nobody needs it any more.
    Closing {
        /// Where its status was.
        status: String,
        /// How often it was told in vain.
        tries: u32,
        /// Why it is given up; none when its facts are stored, or nobody wants it.
        failure: Option<Failure>,
    },
}

/// The beginning of a long manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pages {
    /// What came so far.
    pub manifest: Manifest,
    /// Where it goes on.
    pub next: String,
    /// Where it went on before: a page that leads back would be asked for again and again.
    #[serde(default)]
    pub before: Vec<String>,
}

/// Why an export ended without its data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Failure {
    /// The server said no.
    #[error(
        "the server refused the export: {0}\nhint: is the group known to the server, and may this client export it?"
    )]
    Refused(String),
    /// It said yes without saying where to ask.
    #[error(
        "the server took the export and did not say where its status is (`Content-Location` is {0})"
    )]
    NoStatus(String),
    /// It answered with something else, as servers do that do not know `$export`.
    #[error(
        "the server has no bulk export of groups: it answered {0}\nhint: `--by crawl` reads resident by resident"
    )]
    NoExport(String),
    /// An address to which no token may go.
    #[error(
        "the server names {what} at {origin}, which is another origin than its own: the token is not sent there"
    )]
    OtherOrigin {
        /// What it names.
        what: String,
        /// Where.
        origin: String,
    },
    /// Addresses that cannot be asked.
    #[error("the manifest names a file at {0}, which is neither https nor on this machine")]
    Address(String),
    /// The server failed.
    #[error("the server could not finish the export: {0}")]
    Failed(String),
    /// The token is not accepted.
    #[error(
        "the server does not accept our token any more: {0}\nhint: the export is kept; the same command goes on with it"
    )]
    Unauthorised(String),
    /// Too many answers that told nothing.
    #[error(
        "the server gave no usable answer {tries} times in a row, last: {last}\nhint: the export is kept; the same command goes on with it"
    )]
    NoAnswer {
        /// How many.
        tries: u32,
        /// The last one.
        last: String,
    },
    /// A file that does not come.
    #[error(
        "a file with {resource_type} did not come whole in {tries} tries, last: {last}; nothing was stored\nhint: the export is kept; the same command fetches what is missing"
    )]
    File {
        /// What is in it.
        resource_type: String,
        /// How often it was tried.
        tries: u32,
        /// What happened last.
        last: String,
    },
    /// Forgotten by the server, twice.
    #[error(
        "the server has forgotten the export twice; nothing was stored\nhint: the same command asks for a new one"
    )]
    Gone,
    /// It took too long.
    #[error(
        "the export was not there after {0} days and was given up\nhint: `--give-up-after DAYS`, or a smaller group"
    )]
    TooLate(u32),
}

impl Failure {
    /// Whether the same command can go on with the export.
    #[must_use]
    pub fn keeps_the_job(&self) -> bool {
        match self {
            Self::Unauthorised(_) | Self::NoAnswer { .. } | Self::File { .. } => true,
            Self::Refused(_)
            | Self::NoExport(_)
            | Self::NoStatus(_)
            | Self::OtherOrigin { .. }
            | Self::Address(_)
            | Self::Failed(_)
            | Self::Gone
            | Self::TooLate(_) => false,
        }
    }
}

impl Failure {
    /// Whether the server cannot export, so that reading by search is the other way; not when it
    /// is to be asked again, nor when it names places that should be looked at by a person.
    #[must_use]
    pub fn leaves_a_crawl(&self) -> bool {
        match self {
            Self::Refused(_)
            | Self::NoExport(_)
            | Self::NoStatus(_)
            | Self::Failed(_)
            | Self::Gone
            | Self::TooLate(_) => true,
            Self::OtherOrigin { .. }
            | Self::Address(_)
            | Self::Unauthorised(_)
            | Self::NoAnswer { .. }
            | Self::File { .. } => false,
        }
    }
}

impl Job {
    /// A new one, asked for at an instant; asked for at another instant it is another one.
    #[must_use]
    pub fn new(request: ExportRequest, now: Timestamp) -> Self {
        let mut hasher = blake3::Hasher::new();
        // To the nanosecond: what is stored already is known by its job, and one of the same second
        // would be taken for it.
        let instant = now.as_nanosecond().to_string();
        for part in [&request.server, &request.group, &instant] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        let id = hasher.finalize().to_hex()[..16].to_owned();
        Self {
            id,
            request,
            began: now.as_second(),
            restarts: 0,
            stage: Stage::Asking { tries: 0 },
        }
    }

    /// As text, for its file.
    ///
    /// # Panics
    ///
    /// Never: it has texts and numbers only.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string_pretty(self).expect("a job has texts and numbers only")
    }

    /// From the text of its file.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The same, without files that are not where they were put: they are fetched again.
    #[must_use]
    pub fn without_lost(mut self, is_here: impl Fn(&ListedFile) -> bool) -> Self {
        let lost = |manifest: &mut Manifest| {
            let mut n_lost = 0;
            for file in &mut manifest.files {
                if file.got.is_some() && !is_here(file) {
                    file.got = None;
                    n_lost += 1;
                }
            }
            n_lost
        };
        match &mut self.stage {
            Stage::Preparing { had, .. } => had.retain(is_here),
            Stage::Fetching { manifest, .. } => {
                lost(manifest);
            }
            Stage::Fetched { status, manifest } => {
                if 0 < lost(manifest) {
                    self.stage = Stage::Fetching {
                        status: std::mem::take(status),
                        manifest: manifest.clone(),
                        tries: 0,
                        again: false,
                    };
                }
            }
            Stage::Asking { .. } | Stage::Closing { .. } => {}
        }
        self
    }

    /// The manifest, once every file is here.
    #[must_use]
    pub fn fetched(&self) -> Option<&Manifest> {
        match &self.stage {
            Stage::Fetched { manifest, .. } => Some(manifest),
            Stage::Asking { .. }
            | Stage::Preparing { .. }
            | Stage::Fetching { .. }
            | Stage::Closing { .. } => None,
        }
    }

    /// A share of one that is this job's own and changes with `n`: many clients that wait alike do
    /// not come back at the same instant.
    pub(super) fn jitter(&self, n: u32) -> f64 {
        let hash = blake3::hash(format!("{}/{n}", self.id).as_bytes());
        f64::from(hash.as_bytes()[0]) / 256.0
    }
}
