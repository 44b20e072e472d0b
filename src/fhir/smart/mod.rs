//! SMART Backend Services: how a program without a user gets a token.
//!
//! HL7 SMART App Launch 2.x, "Backend Services" and "Asymmetric client authentication": the token
//! address is taken from the server's own `smart-configuration`; the client signs an assertion
//! with its private key (ES384 or RS384), good for a few minutes and for one use, and gets a token
//! in return. Left out: refresh tokens (there are none for backends) and keys of our own under a
//! public address (`jku`): a site registers the public key with its hospital.
//!
//! The token is sent to the origin of the FHIR base and to no other; neither it nor the key is
//! ever shown.

mod callers;
mod key;
mod scopes;

use std::path::PathBuf;
use std::time::Duration;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use jiff::{SignedDuration, Timestamp};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use reqwest::{StatusCode, Url};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::http::{Clients, Heard, hear, same_origin_only, shown, usable};
pub use callers::{Caller, Callers, KeysAt, NotBelieved, keys_in};
pub use key::KeyError;
use key::SigningKey;
pub use scopes::{NotGranted, Right};
use scopes::{not_granted, scopes};

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// For how long an assertion is good; the standard allows five minutes, clocks differ.
const ASSERTION_LIFETIME: SignedDuration = SignedDuration::from_mins(4);
/// A token is renewed so long before it expires, or in the last fifth of a short life.
const EARLY: SignedDuration = SignedDuration::from_secs(30);
/// The life of a token whose answer does not say it.
const UNSAID_LIFETIME: i64 = 60;
/// How often a token is asked for again when an earlier one was given: servers refuse now and then.
const RENEWALS: u32 = 4;

/// How a program shows who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// Not at all.
    None,
    /// By a bearer token that somebody else writes into a file.
    TokenFile(PathBuf),
    /// By an assertion signed with a private key.
    Key {
        /// What the server calls this program.
        client_id: String,
        /// The private key, PEM or JWK.
        key_file: PathBuf,
        /// What the server calls the key, where the file does not say it.
        key_id: Option<String>,
        /// The scope to ask for, where the server wants other words than one for each type.
        scope: Option<String>,
    },
}

impl Credentials {
    /// From what a person wrote: a token file, or a client id with its key file, or nothing.
    ///
    /// # Errors
    ///
    /// What does not go together.
    pub fn of(
        token_file: Option<PathBuf>,
        key: (Option<String>, Option<PathBuf>),
        key_id: Option<String>,
    ) -> Result<Self, &'static str> {
        match (token_file, key, key_id) {
            (None, (Some(client_id), Some(key_file)), key_id) => Ok(Self::Key {
                client_id,
                key_file,
                key_id,
                scope: None,
            }),
            (Some(file), (None, None), None) => Ok(Self::TokenFile(file)),
            (None, (None, None), None) => Ok(Self::None),
            (Some(_), (Some(_), _) | (_, Some(_)), _) => {
                Err("`token_file` does not go together with `client_id` and `key_file`")
            }
            (None, (Some(_), None) | (None, Some(_)), _) => {
                Err("`client_id` and `key_file` go together")
            }
            (_, (None, None), Some(_)) => Err("`key_id` needs `client_id` and `key_file`"),
        }
    }

    /// The same, asking for a scope in the server's own words.
    #[must_use]
    pub fn with_scope(mut self, asked: Option<String>) -> Self {
        if let Self::Key { scope, .. } = &mut self {
            *scope = asked;
        }
        self
    }
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum SmartError {
    /// The address is not one.
    #[error(
        "`{0}` is not an https address\nhint: http is for servers on this machine alone (127.0.0.1, ::1, localhost)"
    )]
    Address(String),
    /// The key does not sign.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The token could not be read.
    #[error("cannot read the token file `{path}`")]
    TokenFile {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The token is not one.
    #[error("the token holds characters that no token has")]
    OddToken,
    /// The client could not be set up.
    #[error("cannot set up the client")]
    Setup(#[source] reqwest::Error),
    /// The server does not say where tokens are given.
    #[error(
        "`{address}` does not say where tokens are given: {why}\nhint: is this the FHIR base address, and does the server know SMART Backend Services?"
    )]
    NoDiscovery {
        /// What was asked.
        address: String,
        /// What came.
        why: String,
    },
    /// No token was given.
    #[error(
        "no token was given to client `{client_id}`: {why}\nhint: the client id, the public key registered with the server, its key id, and the clock of this machine must all be right"
    )]
    Refused {
        /// What the program calls itself.
        client_id: String,
        /// What the server said.
        why: String,
    },
}

/// Gives tokens to requests, and renews them.
///
/// One lock over the token, held while a new one is asked for: whoever comes meanwhile waits for
/// it, so that a token is asked for once.
pub struct Tokens {
    way: Way,
    now: fn() -> Timestamp,
}

enum Way {
    None,
    File(PathBuf),
    Key(Box<Signed>),
}

struct Signed {
    clients: Clients,
    base: Url,
    client_id: String,
    key: SigningKey,
    scope: Option<String>,
    wanted: Vec<(String, Right)>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    discovered: Option<Discovered>,
    token: Option<Token>,
    /// Whether a token was ever given: then the key is known to be right.
    was_given: bool,
}

#[derive(Clone)]
struct Discovered {
    token_endpoint: Url,
    /// The same as the server wrote it: an assertion names it letter by letter.
    audience: String,
    is_version_1: bool,
}

struct Token {
    header: HeaderValue,
    renew_at: Timestamp,
    missing: NotGranted,
}

impl Tokens {
    /// Prepares to ask for tokens for what is to be done with which resource types; nothing is
    /// asked yet.
    ///
    /// # Errors
    ///
    /// When the address is neither https nor of this machine, or the key does not sign.
    pub fn new(
        base: &str,
        credentials: &Credentials,
        wanted: Vec<(String, Right)>,
        deadline: Duration,
        now: fn() -> Timestamp,
    ) -> Result<Self, SmartError> {
        let way = match credentials {
            Credentials::None => Way::None,
            Credentials::TokenFile(path) => Way::File(path.clone()),
            Credentials::Key {
                client_id,
                key_file,
                key_id,
                scope,
            } => {
                let base = base_address(base)?;
                let clients = Clients::new(&base, move |builder| {
                    builder.timeout(deadline).redirect(same_origin_only())
                });
                Way::Key(Box::new(Signed {
                    clients: clients.map_err(SmartError::Setup)?,
                    base,
                    client_id: client_id.clone(),
                    key: SigningKey::read(key_file, key_id.as_deref())?,
                    scope: scope.clone(),
                    wanted,
                    state: Mutex::default(),
                }))
            }
        };
        Ok(Self { way, now })
    }

    /// The token for a request as a header, if one is needed; a new one when it is time.
    ///
    /// # Errors
    ///
    /// When none is given.
    pub async fn bearer(&self) -> Result<Option<HeaderValue>, SmartError> {
        match &self.way {
            Way::None => Ok(None),
            Way::File(path) => {
                // As it is now: whoever renews it writes the file anew.
                let text = std::fs::read_to_string(path);
                let text = text.map_err(|source| SmartError::TokenFile {
                    path: path.clone(),
                    source,
                })?;
                header(text.trim()).map(Some)
            }
            Way::Key(signed) => signed.token(self.now).await.map(Some),
        }
    }

    /// Notes that the server does not accept a token any more; says whether another can be had.
    pub async fn refused(&self, token: &HeaderValue) -> bool {
        let Way::Key(signed) = &self.way else {
            return false;
        };
        let mut state = signed.state.lock().await;
        // Somebody else may have renewed it meanwhile.
        state.token.take_if(|known| known.header == *token);
        true
    }

    /// What was asked for and not granted, once a token was given.
    pub async fn not_granted(&self) -> NotGranted {
        let Way::Key(signed) = &self.way else {
            return NotGranted::default();
        };
        let state = signed.state.lock().await;
        let token = state.token.as_ref();
        token.map_or_else(NotGranted::default, |token| token.missing.clone())
    }
}

/// A FHIR base address with its closing slash.
pub(super) fn base_address(base: &str) -> Result<Url, SmartError> {
    usable(&format!("{}/", base.trim_end_matches('/')))
        .ok_or_else(|| SmartError::Address(base.to_owned()))
}

fn header(token: &str) -> Result<HeaderValue, SmartError> {
    let mut value =
        HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| SmartError::OddToken)?;
    value.set_sensitive(true);
    Ok(value)
}

/// What an assertion claims.
#[derive(Serialize)]
struct Claims<'c> {
    iss: &'c str,
    sub: &'c str,
    aud: &'c str,
    exp: i64,
    iat: i64,
    jti: String,
}

impl Signed {
    async fn token(&self, now: fn() -> Timestamp) -> Result<HeaderValue, SmartError> {
        let mut state = self.state.lock().await;
        if let Some(token) = &state.token
            && now() < token.renew_at
        {
            return Ok(token.header.clone());
        }
        let discovered = match &state.discovered {
            Some(discovered) => discovered.clone(),
            None => self.discover().await?,
        };
        state.discovered = Some(discovered.clone());
        // Servers have been seen to refuse a good assertion with a bare 400 now and then. The first
        // refusal is told at once all the same: then it is the key or the id that is wrong.
        let tries = if state.was_given { RENEWALS } else { 1 };
        let mut last = None;
        for n in 0..tries {
            if 0 < n {
                tokio::time::sleep(Duration::from_millis(500 << n)).await;
            }
            match self.ask(&discovered, now()).await {
                Ok(token) => {
                    let header = token.header.clone();
                    state.token = Some(token);
                    state.was_given = true;
                    return Ok(header);
                }
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or(SmartError::OddToken))
    }

    /// Asks where tokens are given; no token is sent there.
    async fn discover(&self) -> Result<Discovered, SmartError> {
        let failed = |why: String| SmartError::NoDiscovery {
            address: self.base.to_string(),
            why,
        };
        let place = self.base.join(".well-known/smart-configuration");
        let place = place.map_err(|error| failed(error.to_string()))?;
        let accept = HeaderValue::from_static("application/json");
        let client = self.clients.to(&place).map_err(SmartError::Setup)?;
        let answer = match hear(client.get(place).header(ACCEPT, accept)).await {
            Heard::Nothing(why) | Heard::TooLarge(why) => return Err(failed(why)),
            Heard::Answer(answer) => answer,
        };
        if answer.status != StatusCode::OK {
            return Err(failed(format!("it answered {}", answer.status)));
        }
        let wire: Configuration = serde_json::from_slice(&answer.body)
            .map_err(|_| failed("its answer is not a SMART configuration".to_owned()))?;
        let endpoint = wire
            .token_endpoint
            .ok_or_else(|| failed("it names no `token_endpoint`".to_owned()))?;
        let token_endpoint =
            usable(&endpoint).ok_or_else(|| SmartError::Address(endpoint.clone()))?;
        let has = |name: &str| wire.capabilities.iter().any(|has| has == name);
        Ok(Discovered {
            token_endpoint,
            audience: endpoint,
            is_version_1: has("permission-v1") && !has("permission-v2"),
        })
    }

    async fn ask(&self, at: &Discovered, now: Timestamp) -> Result<Token, SmartError> {
        let refused = |why: String| SmartError::Refused {
            client_id: self.client_id.clone(),
            why,
        };
        let assertion = self.assertion(at, now);
        let assertion = assertion.ok_or_else(|| refused("nothing could be signed".to_owned()))?;
        let own_words = || scopes(&self.wanted, at.is_version_1);
        let scope = self.scope.clone().unwrap_or_else(own_words);
        // An address writes its query as a form is written.
        let mut form = at.token_endpoint.clone();
        form.set_query(None);
        form.query_pairs_mut()
            .append_pair("grant_type", "client_credentials")
            .append_pair("scope", &scope)
            .append_pair("client_assertion_type", ASSERTION_TYPE)
            .append_pair("client_assertion", &assertion);
        let form = form.query().unwrap_or_default().to_owned();
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        let client = self.clients.to(&at.token_endpoint);
        let request = client
            .map_err(SmartError::Setup)?
            .post(at.token_endpoint.clone())
            .header(CONTENT_TYPE, kind)
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .body(form);
        let answer = match hear(request).await {
            Heard::Nothing(why) | Heard::TooLarge(why) => return Err(refused(why)),
            Heard::Answer(answer) => answer,
        };
        if !answer.status.is_success() {
            let said = serde_json::from_slice::<Refusal>(&answer.body).ok();
            let said = said.map(|said| {
                let parts = [Some(said.error), said.error_description];
                let parts: Vec<String> = parts.into_iter().flatten().collect();
                format!(": {}", shown(&parts.join(": ")))
            });
            let said = said.unwrap_or_default();
            return Err(refused(format!(
                "the server answered {}{said}",
                answer.status
            )));
        }
        let wire: Given = serde_json::from_slice(&answer.body)
            .map_err(|_| refused("the answer holds no token".to_owned()))?;
        let lifetime = wire.expires_in.unwrap_or(UNSAID_LIFETIME).max(0);
        let lifetime = SignedDuration::from_secs(lifetime);
        let early = EARLY.min(lifetime / 5);
        let scope = wire.scope.unwrap_or_default();
        Ok(Token {
            header: header(&wire.access_token)?,
            renew_at: now.saturating_add(lifetime - early).unwrap_or(now),
            missing: not_granted(&self.wanted, self.scope.as_deref(), &scope),
        })
    }

    fn assertion(&self, at: &Discovered, now: Timestamp) -> Option<String> {
        let mut bytes = [0_u8; 16];
        SystemRandom::new().fill(&mut bytes).ok()?;
        let jti: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        self.key.signs(&Claims {
            iss: &self.client_id,
            sub: &self.client_id,
            aud: &at.audience,
            exp: now.as_second() + ASSERTION_LIFETIME.as_secs(),
            iat: now.as_second(),
            jti,
        })
    }
}

#[derive(Deserialize)]
struct Configuration {
    token_endpoint: Option<String>,
    #[serde(default)]
    capabilities: Vec<String>,
}

#[derive(Deserialize)]
struct Given {
    access_token: String,
    expires_in: Option<i64>,
    scope: Option<String>,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
    error_description: Option<String>,
}
