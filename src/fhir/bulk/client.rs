//! Asks and fetches for the machine.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Response, StatusCode, Url};
use serde::de::IgnoredAny;
use serde_json::json;

use super::super::asking::Asking;
use super::super::http::{Heard, Outcome, read, why};
use super::super::lines::{Block, FileEnd, Lines};
use super::super::smart::{Credentials, NotGranted, SmartError};
use super::action::{Action, Call, Fetch, Patience};
use super::job::{ExportRequest, Job};
use super::manifest::Got;
use super::step::{Event, step};

const FHIR_JSON: HeaderValue = HeaderValue::from_static("application/fhir+json");

/// Why a file could not be stored, or no token was had.
#[derive(Debug, thiserror::Error)]
pub enum BulkError {
    /// No token.
    #[error(transparent)]
    Smart(#[from] SmartError),
    /// The client could not be set up.
    #[error("cannot set up the client")]
    Setup(#[source] reqwest::Error),
    /// A file could not be written.
    #[error("cannot write `{path}`")]
    File {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// What is left to do.
pub type Next = (Job, Vec<Action>);

/// A connection to a server that exports.
pub struct BulkClient {
    asking: Asking,
    patience: Patience,
}

impl BulkClient {
    /// Prepares to talk to a server; nothing is asked yet.
    ///
    /// # Errors
    ///
    /// When the address cannot be used or the key does not sign.
    pub fn new(
        server: &str,
        credentials: &Credentials,
        types: &[String],
        patience: Patience,
        now: fn() -> Timestamp,
    ) -> Result<Self, BulkError> {
        Ok(Self {
            asking: Asking::new(server, credentials, types, now)?,
            patience,
        })
    }

    /// Gets a token and says what of the resource types it does not allow to be read.
    ///
    /// # Errors
    ///
    /// When no token is given.
    pub async fn not_granted(&self) -> Result<NotGranted, BulkError> {
        self.asking.not_granted().await
    }

    fn now(&self) -> Timestamp {
        (self.asking.now)()
    }

    /// Goes on with a job: at the beginning of a process, and when a wait is over.
    #[must_use]
    pub fn go_on(&self, job: Job) -> Next {
        step(job, self.now(), self.patience, Event::Woke)
    }

    /// Notes that the facts are stored.
    #[must_use]
    pub fn stored(&self, job: Job) -> Next {
        step(job, self.now(), self.patience, Event::Stored)
    }

    /// Gives a job up.
    #[must_use]
    pub fn give_up(&self, job: Job) -> Next {
        step(job, self.now(), self.patience, Event::GivenUp)
    }

    /// Asks the server something.
    ///
    /// # Errors
    ///
    /// When there is no token to ask with.
    pub async fn ask(&self, job: Job, call: &Call) -> Result<Next, BulkError> {
        let heard = match call {
            Call::KickOff => match self.kick_off(&job.request) {
                Some((method, url, headers, body)) => {
                    self.asking
                        .heard((method, &url), &headers, body.as_deref())
                        .await?
                }
                None => Heard::Nothing("the group makes no address".to_owned()),
            },
            Call::Status(url) => {
                let mut headers = HeaderMap::new();
                headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
                self.heard_at(Method::GET, url, headers).await?
            }
            Call::Delete(url) => self.heard_at(Method::DELETE, url, HeaderMap::new()).await?,
        };
        Ok(step(job, self.now(), self.patience, Event::Heard(heard)))
    }

    /// Fetches a file: into a folder for what is coming, checked there, then put into its place.
    ///
    /// # Errors
    ///
    /// When the file cannot be written, or there is no token.
    pub async fn fetch(
        &self,
        job: Job,
        fetch: &Fetch,
        coming: &Path,
        into: &Path,
    ) -> Result<Next, BulkError> {
        let event = self.fetched(fetch, coming, into).await?;
        Ok(step(job, self.now(), self.patience, event))
    }

    fn kick_off(
        &self,
        request: &ExportRequest,
    ) -> Option<(Method, Url, HeaderMap, Option<Vec<u8>>)> {
        let mut url = self.asking.base.clone();
        let mut path = url.path_segments_mut().ok()?;
        path.pop_if_empty()
            .extend(["Group", &request.group, "$export"]);
        drop(path);
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, FHIR_JSON);
        let asynchronous = HeaderValue::from_static("respond-async");
        headers.insert(HeaderName::from_static("prefer"), asynchronous);
        if request.by_post {
            let types = request.types.iter();
            let mut parameters: Vec<_> = types
                .map(|kind| json!({ "name": "_type", "valueString": kind }))
                .collect();
            if let Some(since) = &request.since {
                parameters.push(json!({ "name": "_since", "valueInstant": since }));
            }
            let body = json!({ "resourceType": "Parameters", "parameter": parameters });
            headers.insert(CONTENT_TYPE, FHIR_JSON);
            return Some((
                Method::POST,
                url,
                headers,
                Some(body.to_string().into_bytes()),
            ));
        }
        url.query_pairs_mut()
            .append_pair("_type", &request.types.join(","))
            .extend_pairs(request.since.iter().map(|since| ("_since", since)));
        Some((Method::GET, url, headers, None))
    }

    async fn heard_at(
        &self,
        method: Method,
        url: &str,
        headers: HeaderMap,
    ) -> Result<Heard, BulkError> {
        match Url::parse(url) {
            Ok(url) => self.asking.heard((method, &url), &headers, None).await,
            Err(error) => Ok(Heard::Nothing(error.to_string())),
        }
    }

    async fn fetched(&self, fetch: &Fetch, folder: &Path, into: &Path) -> Result<Event, BulkError> {
        let response = match self.begun(fetch).await? {
            Ok(response) => response,
            Err(heard) => return Ok(Event::Heard(heard)),
        };
        let partial = folder.join(&fetch.name);
        let wrong = |path: &Path| {
            let path = path.to_path_buf();
            move |source| BulkError::File { path, source }
        };
        let packed = match write_all(response, &partial).await {
            Ok(Ok(packed)) => packed,
            Ok(Err(why)) => return Ok(Event::CutOff(why)),
            Err(source) => return Err(wrong(&partial)(source)),
        };
        let name = format!("{}{}", fetch.name, if packed { ".gz" } else { "" });
        let named = folder.join(&name);
        if packed {
            fs::rename(&partial, &named).map_err(wrong(&named))?;
        }
        let (lines, errors) = match whole_lines(&named).map_err(wrong(&named))? {
            Ok(counted) => counted,
            Err(why) => return Ok(Event::CutOff(why)),
        };
        // A packed file is as large as its packing makes it.
        let size = if packed {
            None
        } else {
            Some(fs::metadata(&named).map_err(wrong(&named))?.len())
        };
        let place = into.join(&name);
        fs::rename(&named, &place).map_err(wrong(&place))?;
        // The name must be on disk before the job says that the file is here.
        let synced = File::open(into).and_then(|folder| folder.sync_all());
        synced.map_err(wrong(into))?;
        Ok(Event::Here(Got {
            name,
            lines,
            size,
            errors,
        }))
    }

    /// Asks for a file; an answer that is not one is given back as what was heard.
    async fn begun(&self, fetch: &Fetch) -> Result<Result<Response, Heard>, BulkError> {
        let Ok(url) = Url::parse(&fetch.url) else {
            return Ok(Err(Heard::Nothing("its address is none".to_owned())));
        };
        let mut headers = HeaderMap::new();
        let accept = HeaderValue::from_static("application/fhir+ndjson, application/ndjson");
        headers.insert(ACCEPT, accept);
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        // Where no token is required the address itself is the secret: nothing goes along.
        let begun = self.asking.begun(
            (Method::GET, &url),
            (&headers, None),
            fetch.with_token,
            None,
        );
        let response = match begun.await? {
            Ok(response) => response,
            Err(heard) => return Ok(Err(heard)),
        };
        if response.status() != StatusCode::OK {
            return Ok(Err(read(response).await));
        }
        let kind = response.headers().get(CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if kind.starts_with("text/html") {
            let why = "a page for people instead of a file".to_owned();
            return Ok(Err(Heard::Nothing(why)));
        }
        Ok(Ok(response))
    }
}

/// Writes what comes to disk as it comes; says whether it is gzip, by its first bytes: servers
/// pack with and without saying so.
async fn write_all(mut response: Response, path: &Path) -> io::Result<Result<bool, String>> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    let mut head: Vec<u8> = Vec::with_capacity(2);
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                head.extend(chunk.iter().take(2 - head.len()));
                file.write_all(&chunk)?;
            }
            Ok(None) => break,
            Err(error) => return Ok(Err(why(error))),
        }
    }
    file.sync_all()?;
    Ok(Ok(head == [0x1f, 0x8b]))
}

/// Counts the lines of a file, and those that say that something went wrong; why it is not whole,
/// if it is not.
fn whole_lines(path: &Path) -> io::Result<Result<(u64, u64), String>> {
    let (mut lines, mut block) = (Lines::open(path)?, Block::default());
    let outcomes = memchr::memmem::Finder::new("OperationOutcome");
    let (mut n_lines, mut n_errors) = (0, 0);
    while lines.next_block(&mut block) {
        for line in block.lines() {
            n_lines += 1;
            let is_json = || serde_json::from_slice::<IgnoredAny>(line.bytes).is_ok();
            if line.unterminated && line.problem.is_none() && !is_json() {
                return Ok(Err("it ends in the middle of a line".to_owned()));
            }
            if outcomes.find(line.bytes).is_some() {
                let outcome = Outcome::read(line.bytes);
                n_errors += u64::from(outcome.is_some_and(|outcome| outcome.is_error()));
            }
        }
    }
    Ok(match lines.end() {
        FileEnd::Whole => Ok((n_lines, n_errors)),
        FileEnd::CutOff(why) => Err(why),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client() -> BulkClient {
        let patience = Patience { days: 1 };
        let types = ["Patient".to_owned()];
        BulkClient::new(
            "https://fhir.example.org/R4",
            &Credentials::None,
            &types,
            patience,
            || Timestamp::UNIX_EPOCH,
        )
        .expect("an address")
    }

    fn request(by_post: bool, since: Option<&str>) -> ExportRequest {
        ExportRequest {
            server: "https://fhir.example.org/R4".to_owned(),
            group: "a b/c".to_owned(),
            types: vec!["Patient".to_owned(), "Observation".to_owned()],
            not_granted: Vec::new(),
            narrowed: Vec::new(),
            since: since.map(str::to_owned),
            by_post,
        }
    }

    #[test]
    fn an_export_is_asked_for_in_the_form_of_the_guide() {
        let asked = client().kick_off(&request(false, Some("2026-01-15T10:00:00+02:00")));
        let (method, url, headers, body) = asked.expect("a request");
        assert_eq!((method, body), (Method::GET, None));
        assert_eq!(
            url.as_str(),
            "https://fhir.example.org/R4/Group/a%20b%2Fc/$export?_type=Patient%2CObservation&_since=2026-01-15T10%3A00%3A00%2B02%3A00"
        );
        assert_eq!(headers["prefer"], "respond-async");
        assert_eq!(headers["accept"], "application/fhir+json");
        let (method, url, _, body) = client().kick_off(&request(true, None)).expect("a request");
        assert_eq!((method, url.query()), (Method::POST, None));
        let body = String::from_utf8(body.expect("a body")).expect("text");
        assert_eq!(
            body,
            r#"{"parameter":[{"name":"_type","valueString":"Patient"},{"name":"_type","valueString":"Observation"}],"resourceType":"Parameters"}"#
        );
    }
}
