//! Bulk export of a group: asked for, waited for, fetched, and forgotten by the server.
//!
//! HL7 FHIR Bulk Data Access, STU1 to STU4, "Bulk Data Export Operation Request Flow". [`Job`] is
//! the state, `step` the machine without IO, [`BulkClient`] asks and fetches for it. Whoever
//! drives writes the job to disk when told to and waits until told.
//!
//! Killed between the kick-off and its answer, nobody knows of the export but the server. One that
//! allows a single export at a time answers 429 to the next kick-off until that one has ended: it
//! is waited for.
//!
//! Left out: `Expires` (a file that is gone says so), `_typeFilter` (lines are filtered by the rules anyway), `patient`, `_elements`,
//! `includeAssociatedData`. Where a server has no export, residents are read one by one (`crawl`).

mod action;
mod client;
mod files;
mod job;
mod manifest;
mod outcomes;
mod step;
#[cfg(test)]
mod tests;

pub use action::{Action, Call, Fetch, Patience};
pub use client::{BulkClient, BulkError, Next};
pub use job::{ExportRequest, Failure, Job, Stage};
pub use manifest::{FileKind, ListedFile, Manifest, NotFollowed, Page};
pub use outcomes::{Deletion, Told, deletions, told};
