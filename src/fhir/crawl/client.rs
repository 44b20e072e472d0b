//! Asks for the machine.

use jiff::{SignedDuration, Timestamp};
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};

use super::super::asking::Asking;
use super::super::bulk::BulkError;
use super::super::http::MAX_BYTES;
use super::super::server::capabilities;
use super::super::smart::{Credentials, NotGranted};
use super::conversation::{Action, Conversation, CrawlFailure, Event, Found, Query, step};

/// A larger answer about a group is not read: a member takes 90 to 120 bytes, so that these are more
/// than four million.
const MAX_GROUP_BYTES: usize = 512 << 20;

/// What came of one resident or one group.
pub type Member = Result<Found, CrawlFailure>;

/// A connection to a server that is read resident by resident.
pub struct CrawlClient {
    asking: Asking,
}

impl CrawlClient {
    /// Prepares to talk to a server; nothing is asked yet.
    ///
    /// # Errors
    ///
    /// When the address cannot be used or the key does not sign.
    pub fn new(
        server: &str,
        credentials: &Credentials,
        types: &[String],
        now: fn() -> Timestamp,
    ) -> Result<Self, BulkError> {
        let asking = Asking::new(server, credentials, types, now)?;
        Ok(Self { asking })
    }

    /// Gets a token and says what of the resource types it does not allow to be read.
    ///
    /// # Errors
    ///
    /// When no token is given.
    pub async fn not_granted(&self) -> Result<NotGranted, BulkError> {
        self.asking.not_granted().await
    }

    /// Which of these types the server declares that it does not let be read resident by resident;
    /// none when it declares nothing: then it is asked for all of them.
    pub async fn not_searchable(&self, types: &[String]) -> Vec<String> {
        let Ok(declared) = capabilities(self.asking.base.as_str()).await else {
            return Vec::new();
        };
        let can = |kind: &&String| {
            let wanted = if *kind == "Patient" {
                "read"
            } else {
                "search-type"
            };
            let resource = declared.resources.get(*kind);
            resource.is_some_and(|known| known.interactions.iter().any(|name| name == wanted))
        };
        types.iter().filter(|kind| !can(kind)).cloned().collect()
    }

    /// Asks who is in a group.
    ///
    /// # Errors
    ///
    /// When no token is given.
    pub async fn members(&self, group: &str) -> Result<Member, BulkError> {
        let group = vec![Query::Group(group.to_owned())];
        self.converses(group, MAX_GROUP_BYTES).await
    }

    /// Reads one resident.
    ///
    /// # Errors
    ///
    /// When no token is given.
    pub async fn resident(&self, patient: &str, types: &[String]) -> Result<Member, BulkError> {
        let queries = Conversation::about(patient, types);
        self.converses(queries, MAX_BYTES).await
    }

    async fn converses(&self, queries: Vec<Query>, max_bytes: usize) -> Result<Member, BulkError> {
        let mut conversation = Conversation::new(&self.asking.base, queries);
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/fhir+json"));
        let now = self.asking.now;
        let mut event = Event::Woke;
        loop {
            event = match step(&mut conversation, now(), event) {
                Action::Ask(url) => {
                    let heard = self.asking.heard_up_to(max_bytes, &url, &headers);
                    Event::Heard(heard.await?)
                }
                Action::WaitUntil(until) => {
                    let wait = until.duration_since(now()).max(SignedDuration::ZERO);
                    let wait = std::time::Duration::try_from(wait).unwrap_or_default();
                    tokio::time::sleep(wait).await;
                    Event::Woke
                }
                Action::Done => return Ok(Ok(conversation.found)),
                Action::Stop(failure) => return Ok(Err(failure)),
            };
        }
    }
}
