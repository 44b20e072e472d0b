//! A crawl under way, as it is kept on disk between one handful of residents and the next.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::bulk::{ExportRequest, Job};

/// Residents of whom something is missing that are named; of more, all of the source wait.
///
/// The book is written anew after every handful: it must not grow with the city.
const MOST_NAMED: usize = 10_000;

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
    /// Resource types of which something is missing of more residents than are named: nobody is
    /// named then.
    #[serde(default)]
    pub missing_of_too_many: BTreeSet<String>,
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
            missing_of_too_many: BTreeSet::new(),
            gone: Vec::new(),
        }
    }

    /// Notes that something of these resource types is missing of a resident.
    pub fn lacks(&mut self, patient: &str, kinds: Vec<String>) {
        if self.missing_of_too_many.is_empty() && self.missing.len() < MOST_NAMED {
            self.missing.push((patient.to_owned(), kinds));
            return;
        }
        let named = self.missing.drain(..).flat_map(|(_, kinds)| kinds);
        self.missing_of_too_many.extend(named.chain(kinds));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_book_does_not_grow_with_the_city() {
        let request = ExportRequest {
            server: "https://fhir.example.org/R4".to_owned(),
            group: "g".to_owned(),
            types: Vec::new(),
            not_granted: Vec::new(),
            narrowed: Vec::new(),
            since: None,
            by_post: false,
        };
        let mut crawl = Crawl::new(request, Timestamp::UNIX_EPOCH, 700_000, None);
        for n in 0..MOST_NAMED {
            crawl.lacks(&format!("p{n}"), vec!["Condition".to_owned()]);
        }
        assert_eq!(crawl.missing.len(), MOST_NAMED);
        assert!(crawl.missing_of_too_many.is_empty());
        for n in 0..MOST_NAMED {
            crawl.lacks(&format!("q{n}"), vec!["Consent".to_owned()]);
        }
        assert!(crawl.missing.is_empty() && crawl.to_text().len() < 2_000);
        let kinds: Vec<&String> = crawl.missing_of_too_many.iter().collect();
        assert_eq!(kinds, ["Condition", "Consent"]);
    }
}
