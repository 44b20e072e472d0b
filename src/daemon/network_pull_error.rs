//! Why a pull over the network ended without facts.

use super::dispatching::DispatchError;
use super::job_folder::JobFolderError;
use crate::fhir::{BulkError, CrawlFailure, Failure};
use crate::steps::StepError;

/// Why a pull over the network ended without facts.
#[derive(Debug, thiserror::Error)]
pub enum NetworkPullError {
    /// The export ended without its data.
    #[error(transparent)]
    Export(#[from] Failure),
    /// Reading resident by resident stopped.
    #[error(transparent)]
    Crawl(#[from] CrawlFailure),
    /// Neither way.
    #[error("{export}\nhint: reading resident by resident is no way either: {crawl}")]
    Neither {
        /// Why the export ended.
        export: Failure,
        /// Why a crawl cannot begin.
        crawl: CrawlFailure,
    },
    /// The server cannot be talked to.
    #[error(transparent)]
    Bulk(#[from] BulkError),
    /// The folder of the job cannot be used.
    #[error(transparent)]
    Folder(#[from] JobFolderError),
    /// The facts cannot be stored.
    #[error(transparent)]
    Step(#[from] StepError),
    /// A file of the export cannot be read.
    #[error("cannot read what the server says about the export")]
    Told(#[source] std::io::Error),
    /// The runtime could not be started.
    #[error(transparent)]
    Runtime(#[from] DispatchError),
    /// Another export of this group is under way.
    #[error(
        "a pull of this group is under way that was asked for with other words ({0})\nhint: finish it with the same words, or `--cancel` it"
    )]
    OtherJob(String),
    /// Somebody has cancelled it.
    #[error("the export had been cancelled\nhint: the same command asks for a new one")]
    GivenUp,
    /// Others have their turn.
    #[error(
        "it was not here after {0} seconds\nhint: what is under way is kept; the same command goes on with it, and `give_up_seconds` gives it more time"
    )]
    NotInTime(u64),
    /// How the program shows who it is does not go together.
    #[error("{0}")]
    Credentials(&'static str),
    /// The token allows nothing.
    #[error(
        "the server allows this client to read none of the resource types\nhint: ask the hospital for `system/Patient.rs` and its like"
    )]
    NothingGranted,
}

impl NetworkPullError {
    /// Whether another process is at it, which may well end with all of it.
    #[must_use]
    pub const fn is_busy(&self) -> bool {
        matches!(self, Self::Folder(JobFolderError::Busy))
    }
}
