//! Who calls us: systems that show who they are by a token they have signed.
//!
//! # Source
//!
//! HL7 CDS Hooks 2.0, "Trusting CDS Clients": "each time a CDS Client transmits a request to a CDS
//! Service which requires authentication, the request MUST include an `Authorization` header presenting
//! the JWT as a 'Bearer' token"; "`aud`: the CDS Service endpoint that is being called"; "`exp`: …
//! SHOULD be no more than five minutes"; `jti` "may be used to mitigate replay". Signed by ES384 or RS384.
//! Left out: keys from an address that only the token names (`jku`): it must be the configured one.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use reqwest::header::{ACCEPT, HeaderValue};
use serde::Deserialize;

use super::super::http::{Clients, Heard, hear, same_origin_only, usable};
use super::SmartError;

/// Tokens may not be valid for longer, in seconds.
const LONGEST: i64 = 300;
/// By how much clocks may differ, in seconds.
const LEEWAY: i64 = 10;
/// Seconds until keys that are not found are looked for again: strangers make us ask no oftener.
const ASK_AGAIN: i64 = 30;
/// Seconds after which keys are looked at again: one may have been withdrawn.
const KEEP: i64 = 3_600;
/// How long the keys of an issuer are waited for.
const DEADLINE: Duration = Duration::from_secs(5);

/// Where the public keys of an issuer are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeysAt {
    /// In a file, a JWK set.
    File(PathBuf),
    /// At an address, which answers with a JWK set.
    Address(String),
}

/// A system that may call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// What the site calls it.
    pub name: String,
    /// The issuer of its tokens.
    pub issuer: String,
    /// Its public keys.
    pub keys: KeysAt,
}

/// Why a caller is not believed. It shows nothing of the token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotBelieved {
    /// No token, or not one that is signed as it must be.
    #[error("there is no token that is signed by RS384 or ES384")]
    NoToken,
    /// Nobody knows who has made it.
    #[error("the issuer of the token is not one that is known here")]
    Issuer,
    /// It names other keys than those that are known.
    #[error("the token names an address of keys that is not the one known here")]
    OtherKeys,
    /// The issuer has no such key.
    #[error("the issuer has no key of the name in the token")]
    NoKey,
    /// The keys could not be had: not the caller's fault.
    #[error("the keys of the issuer cannot be had: {0}")]
    KeysAway(String),
    /// The signature, the audience or the time is wrong.
    #[error("the signature, the audience or the period of the token is wrong")]
    Wrong,
    /// It is good for too long.
    #[error("the token is valid for more than five minutes")]
    TooLong,
    /// It was made before this service began, which cannot know whether it has come before.
    #[error("the token was made before this service began")]
    TooOld,
    /// It has come before.
    #[error("the token has been used before")]
    Used,
}

/// The claims that are looked at; audience and expiry are looked at by the library as well.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    exp: i64,
    iat: i64,
    jti: String,
}

/// The systems that may call, their keys, and the tokens that have come.
///
/// Each system's keys are behind a lock of their own, held while they are asked for: whoever comes
/// meanwhile waits. The one over tokens is held for a look and an entry.
pub struct Callers {
    known: Vec<Known>,
    /// Tokens that have come, by issuer and `jti`, with the second until which they could come again.
    used: Mutex<BTreeMap<(String, String), i64>>,
    /// The second at which this began.
    since: i64,
    now: fn() -> Timestamp,
}

struct Known {
    caller: Caller,
    clients: Option<Clients>,
    keys: tokio::sync::Mutex<Option<Keys>>,
}

struct Keys {
    set: JwkSet,
    asked: i64,
}

impl Callers {
    /// Prepares to believe these; no key is asked for yet.
    ///
    /// # Errors
    ///
    /// When an address is neither https nor of this machine.
    pub fn new(callers: Vec<Caller>, now: fn() -> Timestamp) -> Result<Self, SmartError> {
        let known = callers.into_iter().map(|caller| {
            let clients = match &caller.keys {
                KeysAt::File(_) => None,
                KeysAt::Address(address) => {
                    let address =
                        usable(address).ok_or_else(|| SmartError::Address(address.clone()))?;
                    let clients = Clients::new(&address, move |builder| {
                        builder.timeout(DEADLINE).redirect(same_origin_only())
                    });
                    Some(clients.map_err(SmartError::Setup)?)
                }
            };
            Ok(Known {
                caller,
                clients,
                keys: tokio::sync::Mutex::default(),
            })
        });
        Ok(Self {
            known: known.collect::<Result<_, SmartError>>()?,
            used: Mutex::default(),
            since: now().as_second(),
            now,
        })
    }

    /// Who calls, by what the site calls them. `token` is what came after `Bearer`, `address` the whole
    /// address that was called; a token is good once.
    ///
    /// # Errors
    ///
    /// [`NotBelieved`].
    pub async fn believed(&self, token: &str, address: &str) -> Result<&str, NotBelieved> {
        let header = decode_header(token).map_err(|_| NotBelieved::NoToken)?;
        if !matches!(header.alg, Algorithm::ES384 | Algorithm::RS384) {
            return Err(NotBelieved::NoToken);
        }
        let issuer = issuer(token).ok_or(NotBelieved::NoToken)?;
        let mut known = self.known.iter();
        let known = known.find(|known| known.caller.issuer == issuer);
        let known = known.ok_or(NotBelieved::Issuer)?;
        if let Some(named) = &header.jku
            && known.caller.keys != KeysAt::Address(named.clone())
        {
            return Err(NotBelieved::OtherKeys);
        }
        let name = header.kid.as_deref().ok_or(NotBelieved::NoKey)?;
        let key = known.key(name, (self.now)().as_second()).await?;
        let mut validation = Validation::new(header.alg);
        validation.leeway = LEEWAY.unsigned_abs();
        validation.set_audience(&[address]);
        validation.set_issuer(&[&known.caller.issuer]);
        validation.set_required_spec_claims(&["exp", "aud", "iss"]);
        let claims = decode::<Claims>(token, &key, &validation);
        let claims = claims.map_err(|_| NotBelieved::Wrong)?.claims;
        self.note(claims)?;
        Ok(&known.caller.name)
    }

    /// Remembers a token, or refuses it for its times or because it has come before.
    fn note(&self, claims: Claims) -> Result<(), NotBelieved> {
        let now = (self.now)().as_second();
        if now + LEEWAY < claims.iat || claims.jti.is_empty() {
            return Err(NotBelieved::Wrong);
        }
        if now.max(claims.iat) + LONGEST + LEEWAY < claims.exp {
            return Err(NotBelieved::TooLong);
        }
        if claims.iat < self.since {
            return Err(NotBelieved::TooOld);
        }
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.retain(|_, until| now <= *until);
        let until = claims.exp.saturating_add(LEEWAY);
        match used.insert((claims.iss, claims.jti), until) {
            None => Ok(()),
            Some(_) => Err(NotBelieved::Used),
        }
    }
}

impl Known {
    /// The key of a name; keys are asked for once more when they do not have it.
    async fn key(&self, name: &str, now: i64) -> Result<DecodingKey, NotBelieved> {
        let mut keys = self.keys.lock().await;
        let age = keys.as_ref().map(|keys| now.saturating_sub(keys.asked));
        let is_there = keys
            .as_ref()
            .is_some_and(|keys| keys.set.find(name).is_some());
        let is_time = match (age, is_there) {
            (None, _) => true,
            (Some(age), true) => KEEP < age,
            (Some(age), false) => ASK_AGAIN <= age,
        };
        if is_time {
            let set = self.asked().await?;
            *keys = Some(Keys { set, asked: now });
        }
        let found = keys.as_ref().and_then(|keys| keys.set.find(name));
        let found = found.ok_or(NotBelieved::NoKey)?;
        DecodingKey::from_jwk(found).map_err(|_| NotBelieved::NoKey)
    }

    async fn asked(&self) -> Result<JwkSet, NotBelieved> {
        let away = |why: &str| NotBelieved::KeysAway(why.to_owned());
        let text = match &self.caller.keys {
            KeysAt::File(path) => {
                std::fs::read(path).map_err(|error| away(&error.kind().to_string()))?
            }
            KeysAt::Address(address) => {
                let address = usable(address).ok_or_else(|| away("no address"))?;
                let clients = self.clients.as_ref().ok_or_else(|| away("no address"))?;
                let client = clients.to(&address).map_err(|_| away("no client"))?;
                let accept = HeaderValue::from_static("application/json");
                match hear(client.get(address).header(ACCEPT, accept)).await {
                    Heard::Answer(answer) if answer.status.is_success() => answer.body,
                    Heard::Answer(answer) => return Err(away(answer.status.as_str())),
                    Heard::Nothing(why) | Heard::TooLarge(why) => return Err(away(&why)),
                }
            }
        };
        serde_json::from_slice(&text).map_err(|_| away("they are no JWK set"))
    }
}

/// Who a token says has made it, before anything of it is believed.
fn issuer(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Said {
        iss: String,
    }
    let payload = token.split('.').nth(1)?;
    let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
    let said: Said = serde_json::from_slice(&payload).ok()?;
    Some(said.iss)
}

/// Whether keys can be read from a file: what a check of the configuration asks.
///
/// # Errors
///
/// [`NotBelieved::KeysAway`].
pub fn keys_in(path: &std::path::Path) -> Result<(), NotBelieved> {
    let away = |why: String| NotBelieved::KeysAway(why);
    let text = std::fs::read(path).map_err(|error| away(error.kind().to_string()))?;
    let keys: Result<JwkSet, _> = serde_json::from_slice(&text);
    keys.map(drop)
        .map_err(|_| away("they are no JWK set".to_owned()))
}
