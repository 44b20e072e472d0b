//! The wire to one server: requests with our token, answers read to their end, pages on the same server only.

use jiff::{SignedDuration, Timestamp};
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap};
use reqwest::{Client, Method, StatusCode, Url, redirect};

use super::super::http::client_of;
use super::super::smart::{Right, Tokens};
use super::answers::{Moment, Sent, not_now, sent};
use super::bundle::Page;
use super::{ChannelError, ChannelOptions, FHIR_JSON, Way};
use crate::delivery::ServerNews;

/// A larger answer is not read.
const MAX_BYTES: usize = 16 << 20;

/// A server, and how it is spoken to.
pub(super) struct Connection {
    client: Client,
    base: Url,
    tokens: Tokens,
    longest_pause: SignedDuration,
    /// The clock of whoever drives.
    now: fn() -> Timestamp,
}

impl Connection {
    /// Asks for a token at once, so that a wrong key is told and not taken for a server that is down.
    pub(super) async fn open(
        options: &ChannelOptions,
        way: Way,
        now: fn() -> Timestamp,
    ) -> Result<Self, ChannelError> {
        let wanted = vec![(way.resource_type().to_owned(), Right::Write)];
        let deadline = options.request_deadline;
        let tokens = Tokens::new(&options.base, &options.credentials, wanted, deadline, now)?;
        tokens.bearer().await?;
        let base = format!("{}/", options.base.trim_end_matches('/'));
        let base = Url::parse(&base).map_err(|_| ChannelError::Address(options.base.clone()))?;
        let client = client_of(&base)
            .timeout(options.request_deadline)
            // An order is about a person: it goes where it was addressed, or nowhere.
            .redirect(redirect::Policy::none())
            .build()
            .map_err(ChannelError::Setup)?;
        Ok(Self {
            client,
            base,
            tokens,
            longest_pause: options.longest_pause,
            now,
        })
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.now)()
    }

    pub(super) fn moment(&self) -> Moment {
        Moment {
            now: self.now(),
            longest: self.longest_pause,
        }
    }

    /// An address below the base.
    pub(super) fn address(&self, path: &str) -> Option<Url> {
        self.base.join(path).ok()
    }

    /// `Type/id` of a location.
    pub(super) fn reference(&self, way: Way, location: &str) -> Option<String> {
        let url = self.base.join(location).ok()?;
        let path = url.path().strip_prefix(self.base.path())?;
        let mut parts = path.split('/');
        let kind = way.resource_type();
        match (parts.next(), parts.next()) {
            (Some(found), Some(id)) if found == kind && !id.is_empty() => {
                Some(format!("{kind}/{id}"))
            }
            _ => None,
        }
    }

    pub(super) async fn page(&self, way: Way, url: Url) -> Result<Page, ServerNews> {
        match self.send(Method::GET, url, HeaderMap::new(), None).await {
            Sent::Answered {
                status: StatusCode::OK,
                body,
                ..
            } => Page::read(&body, way).ok_or(ServerNews::Answered),
            Sent::Answered {
                status, headers, ..
            } => Err(not_now(status, &headers, self.moment())),
            Sent::Unsent | Sent::Silence => Err(ServerNews::Failed),
        }
    }

    /// The address of the next page, on the same server only.
    pub(super) fn next_page(&self, next: Option<String>) -> Result<Option<Url>, ServerNews> {
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

    pub(super) async fn ready(&self) {
        // Whoever sends next asks again and hears of the failure.
        drop(self.tokens.bearer().await);
    }

    pub(super) async fn send(
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
