//! Asking a server with a token that is renewed, and that goes to the server's own origin only.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Method, Response, StatusCode, Url};

use super::bulk::BulkError;
use super::http::{Clients, Heard, MAX_BYTES, read, read_up_to, stays_at_origin, why};
use super::smart::{Credentials, NotGranted, Right, Tokens, base_address};

/// How long the server may take to answer a question.
const ANSWER_DEADLINE: Duration = Duration::from_secs(120);
/// How long nothing may come of a file.
const SILENCE_DEADLINE: Duration = Duration::from_secs(120);

/// A connection to a server from which data are pulled.
pub(super) struct Asking {
    clients: Clients,
    pub(super) base: Url,
    tokens: Tokens,
    pub(super) now: fn() -> Timestamp,
}

impl Asking {
    /// Prepares to talk to a server; nothing is asked yet.
    pub(super) fn new(
        server: &str,
        credentials: &Credentials,
        types: &[String],
        now: fn() -> Timestamp,
    ) -> Result<Self, BulkError> {
        let wanted = ["Group".to_owned()];
        let wanted = wanted.iter().chain(types);
        let wanted = wanted.map(|kind| (kind.clone(), Right::Read)).collect();
        let base = base_address(server)?;
        let clients = Clients::new(&base, |builder| {
            builder
                .connect_timeout(Duration::from_secs(30))
                .read_timeout(SILENCE_DEADLINE)
                .redirect(stays_at_origin())
        });
        Ok(Self {
            clients: clients.map_err(BulkError::Setup)?,
            base,
            tokens: Tokens::new(server, credentials, wanted, ANSWER_DEADLINE, now)?,
            now,
        })
    }

    /// Gets a token and says what of the resource types it does not allow to be read.
    pub(super) async fn not_granted(&self) -> Result<NotGranted, BulkError> {
        self.tokens.bearer().await?;
        let mut missing = self.tokens.not_granted().await;
        // Nothing is read of it; some servers want it for an export, others do not know it.
        missing.unreadable.retain(|kind| kind != "Group");
        missing.narrowed.retain(|kind| kind != "Group");
        Ok(missing)
    }

    /// Asks, and reads the whole answer.
    pub(super) async fn heard(
        &self,
        (method, url): (Method, &Url),
        headers: &HeaderMap,
        body: Option<&[u8]>,
    ) -> Result<Heard, BulkError> {
        let begun = self.begun((method, url), (headers, body), true, Some(ANSWER_DEADLINE));
        match begun.await? {
            Ok(response) => Ok(read(response).await),
            Err(heard) => Ok(heard),
        }
    }

    /// Asks, and reads the whole answer, which may be large and long in coming.
    pub(super) async fn heard_up_to(
        &self,
        max_bytes: usize,
        url: &Url,
        headers: &HeaderMap,
    ) -> Result<Heard, BulkError> {
        // A large answer may take long, as long as it keeps coming.
        let deadline = (max_bytes <= MAX_BYTES).then_some(ANSWER_DEADLINE);
        let begun = self.begun((Method::GET, url), (headers, None), true, deadline);
        match begun.await? {
            Ok(response) => Ok(read_up_to(max_bytes, response).await),
            Err(heard) => Ok(heard),
        }
    }

    /// Asks, and gives the answer back as it begins; with a renewed token once more when the token
    /// is not accepted.
    pub(super) async fn begun(
        &self,
        (method, url): (Method, &Url),
        (headers, body): (&HeaderMap, Option<&[u8]>),
        with_token: bool,
        deadline: Option<Duration>,
    ) -> Result<Result<Response, Heard>, BulkError> {
        let mut is_last = false;
        loop {
            let client = self.clients.to(url).map_err(BulkError::Setup)?;
            let mut request = client.request(method.clone(), url.clone());
            request = request.headers(headers.clone());
            if let Some(deadline) = deadline {
                request = request.timeout(deadline);
            }
            if let Some(body) = body {
                request = request.body(body.to_vec());
            }
            let token = if with_token {
                self.token_for(url).await?
            } else {
                None
            };
            if let Some(token) = &token {
                request = request.header(AUTHORIZATION, token);
            }
            let response = match request.send().await {
                Ok(response) => response,
                Err(error) => return Ok(Err(Heard::Nothing(why(error)))),
            };
            let is_refused = response.status() == StatusCode::UNAUTHORIZED;
            if is_refused && !is_last && self.renews(token.as_ref()).await {
                is_last = true;
                continue;
            }
            return Ok(Ok(response));
        }
    }

    /// The token, for the server's own origin only.
    async fn token_for(&self, url: &Url) -> Result<Option<HeaderValue>, BulkError> {
        if url.origin() == self.base.origin() {
            Ok(self.tokens.bearer().await?)
        } else {
            Ok(None)
        }
    }

    async fn renews(&self, token: Option<&HeaderValue>) -> bool {
        match token {
            Some(token) => self.tokens.refused(token).await,
            None => false,
        }
    }
}
