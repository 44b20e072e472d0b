//! The way `service-request`: laboratory orders as FHIR `ServiceRequest`.
//!
//! FHIR R4, `http.html`: conditional create (`If-None-Exist`), search, and update
//! with `If-Match`. What an answer means for an order is said in the words of
//! `delivery`; nothing here decides to send again.

mod answers;
mod bundle;
mod needs;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, IF_MATCH,
};
use reqwest::{Client, Method, StatusCode, Url, redirect};
use serde_json::Value;

use super::server::ServerError;
use super::smart::{Credentials, Right, SmartError, Tokens};
use crate::delivery::{Answer, Found, ServerNews};
use crate::orders::{Keep, OrderKey};
use answers::{Moment, Sent, refused_news, sent, waiting};
use bundle::{Page, RemoteRequest};
use needs::{SearchBy, needs};

/// Namespace of our orders: by this identifier the other side knows an order again.
pub(super) const ORDERS: &str = "https://preventiojyraa.example.org/fhir/order";
/// A larger answer is not read.
const MAX_BYTES: usize = 16 << 20;
/// Pages of one search; more means that the server does not search for what was asked.
const MAX_PAGES: usize = 200;
const FHIR_JSON: HeaderValue = HeaderValue::from_static("application/fhir+json");

/// Why orders cannot leave this way.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    /// The server lacks something.
    #[error("orders cannot leave as ServiceRequest: the server does not declare {}", .0.join(", "))]
    Lacks(Vec<String>),
    /// The server could not be asked what it can do.
    #[error("cannot ask the server what it can do")]
    Server(#[from] ServerError),
    /// The client could not be set up.
    #[error("cannot set up the client")]
    Setup(#[source] reqwest::Error),
    /// The address is not one.
    #[error("`{0}` is not an http or https address")]
    Address(String),
    /// No token was given, or it could not be read.
    #[error(transparent)]
    Token(#[from] SmartError),
    /// An answer that is not what was asked for.
    #[error("the server did not answer the search for our orders ({0})")]
    Search(String),
}

/// How to reach a server.
#[derive(Debug, Clone)]
pub struct ChannelOptions {
    /// FHIR base address.
    pub base: String,
    /// How the program shows who it is.
    pub credentials: Credentials,
    /// How long a request may take.
    pub request_deadline: Duration,
    /// Whether the server is asked for orders, or never.
    pub reads_back: bool,
    /// How long the server may ask to be left alone.
    pub longest_pause: SignedDuration,
}

/// An order as the other side has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteOrder {
    /// Our key, as the identifier has it.
    pub key: String,
    /// What the other side calls it.
    pub reference: String,
    /// Its status there.
    pub status: String,
}

/// An open way to a server.
pub struct ServiceRequestChannel {
    client: Client,
    base: Url,
    /// `ServiceRequest` below the base.
    requests: Url,
    tokens: Tokens,
    search_by: SearchBy,
    longest_pause: SignedDuration,
    /// The clock of whoever drives.
    now: fn() -> Timestamp,
}

impl ServiceRequestChannel {
    /// Opens the way, when the server declares what it needs.
    ///
    /// # Errors
    ///
    /// [`ChannelError`] names what the server lacks.
    pub async fn open(
        options: &ChannelOptions,
        now: fn() -> Timestamp,
    ) -> Result<Self, ChannelError> {
        let declared = super::capabilities(&options.base).await?;
        let search_by = needs(&declared, options.reads_back).map_err(ChannelError::Lacks)?;
        let wanted = vec![("ServiceRequest".to_owned(), Right::Write)];
        let deadline = options.request_deadline;
        let tokens = Tokens::new(&options.base, &options.credentials, wanted, deadline, now)?;
        // Asked for at once, so that a wrong key is told and not taken for a server that is down.
        tokens.bearer().await?;
        let wrong = || ChannelError::Address(options.base.clone());
        let base = format!("{}/", options.base.trim_end_matches('/'));
        let client = Client::builder()
            .timeout(options.request_deadline)
            // An order is about a person: it goes where it was addressed, or nowhere.
            .redirect(redirect::Policy::none())
            .build()
            .map_err(ChannelError::Setup)?;
        let base = Url::parse(&base).map_err(|_| wrong())?;
        Ok(Self {
            client,
            requests: base.join("ServiceRequest").map_err(|_| wrong())?,
            base,
            tokens,
            search_by,
            longest_pause: options.longest_pause,
            now,
        })
    }

    /// Sends an order: creates it unless one with its key is there.
    ///
    /// # Panics
    ///
    /// Never: an address and hexadecimal digits make a header.
    pub async fn create(&self, key: OrderKey, bytes: &[u8]) -> (Answer, ServerNews) {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, FHIR_JSON);
        let minimal = HeaderValue::from_static("return=minimal");
        headers.insert(HeaderName::from_static("prefer"), minimal);
        let condition = HeaderValue::from_str(&format!("identifier={ORDERS}|{key}"));
        let condition = condition.expect("an address and hexadecimal digits make a header");
        headers.insert(HeaderName::from_static("if-none-exist"), condition);
        let url = self.requests.clone();
        let answer = self.send(Method::POST, url, headers, Some(bytes)).await;
        match answer {
            Sent::Answered {
                status, headers, ..
            } => answers::created(status, &headers, self.moment(), |text| self.reference(text)),
            Sent::Unsent => {
                let retry_at = (self.now)();
                (Answer::NotSent { retry_at }, ServerNews::Failed)
            }
            Sent::Silence => (Answer::Silence, ServerNews::Failed),
        }
    }

    /// Asks whether an order is there.
    pub async fn look_up(&self, key: OrderKey, patient_id: &str) -> (Found, ServerNews) {
        match self.find(key, patient_id).await {
            Err(news) => self.not_told(news),
            Ok(found) => {
                let n_active = found.iter().filter(|remote| remote.is_active()).count();
                // An order that somebody has revoked or completed has arrived all the same.
                let oldest = oldest(&found);
                let found = match oldest {
                    None => Found::Nothing,
                    Some(remote) if 1 < n_active => Found::Several {
                        reference: remote.reference(),
                    },
                    Some(remote) => Found::One {
                        reference: remote.reference(),
                    },
                };
                (found, ServerNews::Answered)
            }
        }
    }

    /// Takes an order back: revokes what is active under its key, but for what is kept, as long as
    /// `may_go_on` says so.
    pub async fn cancel(
        &self,
        key: OrderKey,
        patient_id: &str,
        keep: Keep,
        may_go_on: impl Fn() -> bool,
    ) -> (Answer, ServerNews) {
        let found = match self.find(key, patient_id).await {
            // Nothing was changed yet, so it can simply be tried again.
            Err(news) => {
                let retry_at = waiting(news, self.moment());
                return (Answer::NotSent { retry_at }, news);
            }
            Ok(found) => found,
        };
        // The order was acknowledged, so a search that finds nothing has not found it yet.
        if found.is_empty() {
            return (Answer::Silence, ServerNews::Answered);
        }
        for remote in superfluous(found, keep) {
            // Searching took its time: the switch may have been set meanwhile.
            if !may_go_on() {
                let retry_at = (self.now)();
                return (Answer::NotSent { retry_at }, ServerNews::NotAsked);
            }
            match self.revoke(remote).await {
                Sent::Answered { status, .. } if status.is_success() => {}
                Sent::Answered { status, .. } if refused_news(status).is_some() => {
                    let retry_at = waiting(ServerNews::Failed, self.moment());
                    return (Answer::Later { retry_at }, ServerNews::Wait(retry_at));
                }
                // Somebody else changed it meanwhile, or nobody knows: look again before the next try.
                Sent::Answered { .. } => return (Answer::Silence, ServerNews::Answered),
                Sent::Unsent | Sent::Silence => return (Answer::Silence, ServerNews::Failed),
            }
        }
        (Answer::Accepted { reference: None }, ServerNews::Answered)
    }

    /// Asks whether an order was taken back.
    pub async fn look_up_cancelled(
        &self,
        key: OrderKey,
        patient_id: &str,
        keep: Keep,
    ) -> (Found, ServerNews) {
        match self.find(key, patient_id).await {
            Err(news) => self.not_told(news),
            Ok(found) => {
                let reference = oldest(&found).map(RemoteRequest::reference);
                let is_done = !found.is_empty() && superfluous(found, keep).is_empty();
                let found = if is_done {
                    Found::One {
                        reference: reference.unwrap_or_default(),
                    }
                } else {
                    Found::Nothing
                };
                (found, ServerNews::Answered)
            }
        }
    }

    /// Every order of ours that the other side has, page by page; false where it does not find them
    /// by identifier and nothing was asked.
    ///
    /// # Errors
    ///
    /// [`ChannelError::Search`] when an answer is missing or not a whole one.
    pub async fn all(&self, mut each: impl FnMut(RemoteOrder)) -> Result<bool, ChannelError> {
        if self.search_by != SearchBy::Identifier {
            return Ok(false);
        }
        let failed = |what: &str| ChannelError::Search(what.to_owned());
        let mut url = self.requests.clone();
        url.query_pairs_mut()
            .append_pair("identifier", &format!("{ORDERS}|"))
            .append_pair("_count", "500");
        let mut next = Some(url);
        while let Some(url) = next {
            let page = self.page(url.clone()).await;
            let page = page.map_err(|news| failed(&format!("{news:?}")))?;
            for remote in page.requests {
                remote.keys().for_each(|key| each(remote.as_order(key)));
            }
            next = self
                .next_page(page.next)
                .map_err(|news| failed(&format!("{news:?}")))?;
            if next.as_ref() == Some(&url) {
                return Err(failed("a page is its own next page"));
            }
        }
        Ok(true)
    }

    /// What the other side has under one of our keys.
    ///
    /// # Errors
    ///
    /// [`ChannelError::Search`] when it did not say.
    pub async fn requests(
        &self,
        key: OrderKey,
        patient_id: &str,
    ) -> Result<Vec<RemoteOrder>, ChannelError> {
        let found = self.find(key, patient_id).await;
        let found = found.map_err(|news| ChannelError::Search(format!("{news:?}")))?;
        let key = key.to_string();
        Ok(found.iter().map(|remote| remote.as_order(&key)).collect())
    }

    /// The requests under our key, on all pages.
    async fn find(
        &self,
        key: OrderKey,
        patient_id: &str,
    ) -> Result<Vec<RemoteRequest>, ServerNews> {
        let mut url = self.requests.clone();
        match self.search_by {
            SearchBy::Identifier => url
                .query_pairs_mut()
                .append_pair("identifier", &format!("{ORDERS}|{key}")),
            SearchBy::Resident(parameter) => url
                .query_pairs_mut()
                .append_pair(parameter, &format!("Patient/{patient_id}")),
        };
        let key = key.to_string();
        let mut found = Vec::new();
        let mut next = Some(url);
        for _ in 0..MAX_PAGES {
            let Some(url) = next else {
                return Ok(found);
            };
            let page = self.page(url).await?;
            let ours = page.requests.into_iter();
            found.extend(ours.filter(|remote| remote.keys().any(|other| other == key)));
            next = self.next_page(page.next)?;
        }
        Err(ServerNews::Failed)
    }

    async fn page(&self, url: Url) -> Result<Page, ServerNews> {
        match self.send(Method::GET, url, HeaderMap::new(), None).await {
            Sent::Answered {
                status: StatusCode::OK,
                body,
                ..
            } => Page::read(&body).ok_or(ServerNews::Answered),
            Sent::Answered {
                status, headers, ..
            } => Err(answers::not_now(status, &headers, self.moment())),
            Sent::Unsent | Sent::Silence => Err(ServerNews::Failed),
        }
    }

    /// The address of the next page, on the same server only.
    fn next_page(&self, next: Option<String>) -> Result<Option<Url>, ServerNews> {
        let Some(next) = next else {
            return Ok(None);
        };
        let next = self.base.join(&next).map_err(|_| ServerNews::Failed)?;
        if next.origin() == self.base.origin() {
            Ok(Some(next))
        } else {
            Err(ServerNews::Failed)
        }
    }

    async fn revoke(&self, remote: RemoteRequest) -> Sent {
        let Ok(url) = self.base.join(&remote.reference()) else {
            return Sent::Unsent;
        };
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, FHIR_JSON);
        // Without its version it could have been completed meanwhile, and would be un-completed.
        let version = remote.version().map(|version| format!("W/\"{version}\""));
        let Some(version) = version.and_then(|v| HeaderValue::from_str(&v).ok()) else {
            return Sent::Silence;
        };
        headers.insert(IF_MATCH, version);
        let mut resource = remote.into_resource();
        if let Value::Object(fields) = &mut resource {
            fields.insert("status".to_owned(), Value::from("revoked"));
        }
        let Ok(bytes) = serde_json::to_vec(&resource) else {
            return Sent::Unsent;
        };
        self.send(Method::PUT, url, headers, Some(&bytes)).await
    }

    fn moment(&self) -> Moment {
        Moment {
            now: (self.now)(),
            longest: self.longest_pause,
        }
    }

    fn not_told(&self, news: ServerNews) -> (Found, ServerNews) {
        let retry_at = waiting(news, self.moment());
        (Found::NotTold { retry_at }, news)
    }

    /// `ServiceRequest/id` of a location.
    fn reference(&self, location: &str) -> Option<String> {
        let url = self.base.join(location).ok()?;
        let path = url.path().strip_prefix(self.base.path())?;
        let mut parts = path.split('/');
        match (parts.next(), parts.next()) {
            (Some("ServiceRequest"), Some(id)) if !id.is_empty() => {
                Some(format!("ServiceRequest/{id}"))
            }
            _ => None,
        }
    }

    async fn send(
        &self,
        method: Method,
        url: Url,
        mut headers: HeaderMap,
        body: Option<&[u8]>,
    ) -> Sent {
        // No fhirVersion parameter: some R4 servers refuse any they do not know.
        headers.insert(ACCEPT, FHIR_JSON);
        let mut may_repeat = method == Method::GET;
        loop {
            let Ok(token) = self.tokens.bearer().await else {
                return Sent::Unsent;
            };
            let mut request = self.client.request(method.clone(), url.clone());
            request = request.headers(headers.clone());
            if let Some(token) = &token {
                request = request.header(AUTHORIZATION, token);
            }
            if let Some(body) = body {
                request = request.body(body.to_vec());
            }
            let sent = sent(request, MAX_BYTES).await;
            let is_refused = matches!(&sent, Sent::Answered { status, .. } if *status == StatusCode::UNAUTHORIZED);
            if let (true, Some(token)) = (is_refused, &token)
                && self.tokens.refused(token).await
                && may_repeat
            {
                // Reading may be repeated with a new token; what changes something is the
                // dispatcher's to send again.
                may_repeat = false;
                continue;
            }
            return sent;
        }
    }
}

/// The one that came first, an active one before the others.
fn oldest(found: &[RemoteRequest]) -> Option<&RemoteRequest> {
    found
        .iter()
        .min_by_key(|remote| (!remote.is_active(), remote.reference()))
}

/// Active requests that are not to stay.
fn superfluous(mut found: Vec<RemoteRequest>, keep: Keep) -> Vec<RemoteRequest> {
    found.retain(RemoteRequest::is_active);
    found.sort_by_key(RemoteRequest::reference);
    match keep {
        Keep::None => found,
        Keep::Oldest => found.split_off(found.len().min(1)),
    }
}
