//! A crawl under way, as it is kept on disk between one handful of residents and the next.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::bulk::{ExportRequest, Job};

/// A file that is written while a group is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrawledFile {
    /// Lines so far.
    pub lines: u64,
    /// Bytes so far; what stands after them was not finished.
    pub bytes: u64,
}

/// A crawl under way. Holds ids of the source: no `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crawl {
    /// Its name among all pulls over the network.
    pub id: String,
    /// What is asked for.
    pub request: ExportRequest,
    /// When it began, in seconds since 1970.
    pub began: i64,
    /// The server's clock when it began: what changes later may be missing.
    pub transaction_time: Option<String>,
    /// Residents to read.
    pub members: u64,
    /// A digest of who they are where a list said so; none where the group did.
    #[serde(default)]
    pub listed: Option<String>,
    /// Residents read.
    pub done: u64,
    /// By resource type, what is in its file.
    pub files: BTreeMap<String, CrawledFile>,
    /// Resource types that the server does not let be searched.
    pub not_searchable: Vec<String>,
    /// `Patient.id`s of residents of whom something is missing, and which resource types.
    pub missing: Vec<(String, Vec<String>)>,
    /// `Patient.id`s of residents whom the source does not have any more.
    pub gone: Vec<String>,
}

impl Crawl {
    /// A new one, of so many residents.
    #[must_use]
    pub fn new(
        request: ExportRequest,
        now: Timestamp,
        members: u64,
        transaction_time: Option<String>,
    ) -> Self {
        let job = Job::new(request, now);
        Self {
            id: job.id,
            request: job.request,
            began: job.began,
            transaction_time,
            members,
            listed: None,
            done: 0,
            files: BTreeMap::new(),
            not_searchable: Vec::new(),
            missing: Vec::new(),
            gone: Vec::new(),
        }
    }

    /// As text, for its file.
    ///
    /// # Panics
    ///
    /// Never: it has texts and numbers only.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string_pretty(self).expect("a crawl has texts and numbers only")
    }

    /// From the text of its file.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}
