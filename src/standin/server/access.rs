//! SMART Backend Services: who gets a token, and what it is good for.
//!
//! # Source
//!
//! HL7 SMART App Launch 2.x, "Backend Services" and "Asymmetric client authentication": a client signs an assertion with
//! its private key (ES384 or RS384) whose `iss` and `sub` are its id and whose `aud` is the token address; it expires
//! within five minutes and its `jti` is accepted once. Left out: `jku` (keys are registered as files), refresh tokens.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use axum::http::{StatusCode, header};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answers::{Answer, refused};
use super::calls::{Call, pairs};
use super::clock::machine_seconds;
use super::scopes::{Granted, Scopes};

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Assertions may not be valid for longer, in seconds.
const LONGEST_ASSERTION: i64 = 300;
/// By how much clocks may differ, in seconds.
const LEEWAY: i64 = 5;

/// A client that may ask for tokens.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its id.
    pub id: String,
    /// Its public keys.
    pub keys: JwkSet,
}

/// How tokens are given.
#[derive(Clone, Debug)]
pub struct TokenOptions {
    /// Who may have some.
    pub clients: Vec<Client>,
    /// The most that is granted, as SMART scopes separated by blanks.
    pub scopes: String,
    /// For how many seconds a token is good.
    pub lifetime: u32,
}

/// The claims of an assertion that are looked at.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    exp: i64,
    jti: String,
}

/// A token that was given.
#[derive(Debug)]
struct Token {
    granted: Granted,
    expires: i64,
}

/// Everything about tokens; without options nobody is asked for one.
///
/// One lock for both maps, held for a look or an entry; what has expired is dropped whenever a token is given.
#[derive(Debug)]
pub(super) struct Access {
    options: Option<TokenOptions>,
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    tokens: BTreeMap<String, Token>,
    /// Assertions seen, by client and `jti`, with the second until which they could come again.
    seen: BTreeMap<(String, String), i64>,
}

impl Access {
    pub(super) fn new(options: Option<TokenOptions>) -> Access {
        Access {
            options,
            memory: Mutex::default(),
        }
    }

    /// True when requests need a token.
    pub(super) fn needs_tokens(&self) -> bool {
        self.options.is_some()
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the token of a request allows.
    pub(super) fn scopes_of(&self, call: &Call) -> Result<Scopes, Answer> {
        if !self.needs_tokens() {
            return Ok(Scopes::Unchecked);
        }
        let given = call.header("authorization").unwrap_or_default();
        let token = given.strip_prefix("Bearer ").ok_or_else(|| unknown(""))?;
        let memory = self.memory();
        let found = memory.tokens.get(token.trim());
        let valid = found.filter(|token| machine_seconds() < token.expires);
        let granted = valid.ok_or_else(|| unknown(", error=\"invalid_token\""))?;
        Ok(Scopes::Of(granted.granted.clone()))
    }

    /// Answers the token address.
    pub(super) fn token(&self, call: &Call) -> Answer {
        let Some(options) = &self.options else {
            return denied(
                StatusCode::BAD_REQUEST,
                "invalid_request",
                "no token is needed here",
            );
        };
        match self.granted(options, call) {
            Ok(granted) => self.given(options, granted),
            Err(refusal) => refusal,
        }
    }

    fn granted(&self, options: &TokenOptions, call: &Call) -> Result<Granted, Answer> {
        let form = pairs(&String::from_utf8_lossy(&call.body));
        let field = |name: &str| {
            let found = form.iter().find(|(n, _)| n == name);
            found.map_or("", |(_, value)| value.as_str())
        };
        let bad = |code, why| denied(StatusCode::BAD_REQUEST, code, why);
        if field("grant_type") != "client_credentials" {
            return Err(bad(
                "unsupported_grant_type",
                "grant_type is not client_credentials",
            ));
        }
        if field("client_assertion_type") != ASSERTION_TYPE {
            return Err(bad(
                "invalid_request",
                "client_assertion_type is not jwt-bearer",
            ));
        }
        let claims = verified(options, field("client_assertion"), call)?;
        self.note(claims)?;
        let registered = Granted::read(&options.scopes);
        let granted = registered.narrowed(&Granted::read(field("scope")));
        if granted.is_empty() {
            return Err(bad("invalid_scope", "none of the scopes is registered"));
        }
        Ok(granted)
    }

    /// Remembers an assertion, or refuses it when it has come before.
    fn note(&self, claims: Claims) -> Result<(), Answer> {
        let now = machine_seconds();
        let mut memory = self.memory();
        memory.seen.retain(|_, until| now <= *until);
        memory.tokens.retain(|_, token| now < token.expires);
        let key = (claims.iss, claims.jti);
        if memory.seen.insert(key, claims.exp + LEEWAY).is_some() {
            return Err(not_client("the assertion has been used before"));
        }
        Ok(())
    }

    fn given(&self, options: &TokenOptions, granted: Granted) -> Answer {
        let mut bytes = [0_u8; 24];
        if SystemRandom::new().fill(&mut bytes).is_err() {
            return denied(
                StatusCode::INTERNAL_SERVER_ERROR,
                "server_error",
                "the system gives no random bytes",
            );
        }
        let token: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let answer = json!({
            "access_token": token,
            "token_type": "bearer",
            "expires_in": options.lifetime,
            "scope": granted.text(),
        });
        let expires = machine_seconds() + i64::from(options.lifetime);
        self.memory()
            .tokens
            .insert(token, Token { granted, expires });
        Answer::plain(StatusCode::OK, &answer).with(header::CACHE_CONTROL, "no-store")
    }
}

/// The claims of an assertion that a registered client signed for us just now.
fn verified(options: &TokenOptions, assertion: &str, call: &Call) -> Result<Claims, Answer> {
    let wrong = |_| not_client("the assertion is not valid");
    let header = decode_header(assertion).map_err(wrong)?;
    if !matches!(header.alg, Algorithm::ES384 | Algorithm::RS384) {
        return Err(not_client(
            "the assertion is signed by neither ES384 nor RS384",
        ));
    }
    let mut validation = Validation::new(header.alg);
    validation.leeway = LEEWAY.unsigned_abs();
    validation.set_audience(&[token_address(call)]);
    validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
    let kid = header.kid.unwrap_or_default();
    let of_kid = |jwk: &&Jwk| jwk.common.key_id.as_deref().unwrap_or_default() == kid;
    let keys = options.clients.iter().flat_map(|client| {
        let keys = client.keys.keys.iter().filter(of_kid);
        keys.map(move |key| (client, key))
    });
    for (client, jwk) in keys {
        let key = DecodingKey::from_jwk(jwk).map_err(wrong)?;
        let Ok(data) = decode::<Claims>(assertion, &key, &validation) else {
            continue;
        };
        let claims = data.claims;
        if claims.iss != client.id || claims.sub != client.id {
            return Err(not_client("iss and sub are not the client's id"));
        }
        if machine_seconds() + LONGEST_ASSERTION + LEEWAY < claims.exp {
            return Err(not_client(
                "the assertion is valid for more than five minutes",
            ));
        }
        return Ok(claims);
    }
    Err(not_client("the assertion is not valid"))
}

fn token_address(call: &Call) -> String {
    format!("{}/auth/token", call.origin)
}

fn denied(status: StatusCode, code: &str, why: &str) -> Answer {
    Answer::plain(status, &json!({ "error": code, "error_description": why }))
}

fn not_client(why: &str) -> Answer {
    denied(StatusCode::UNAUTHORIZED, "invalid_client", why)
}

fn unknown(error: &str) -> Answer {
    refused(StatusCode::UNAUTHORIZED, "login", "a token is needed").with(
        header::WWW_AUTHENTICATE,
        format!("Bearer realm=\"standin\"{error}"),
    )
}

/// A token that was good is not any more.
pub(super) fn expired() -> Answer {
    unknown(", error=\"invalid_token\"")
}

/// An assertion comes a second time, says the server.
pub(super) fn replayed() -> Answer {
    not_client("the assertion has been used before")
}

/// What clients learn about tokens before they ask for one.
pub(super) fn configuration(call: &Call) -> Answer {
    let answer: Value = json!({
        "token_endpoint": token_address(call),
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"],
        "grant_types_supported": ["client_credentials"],
        "scopes_supported": ["system/*.cruds", "system/*.rs", "system/*.read", "system/*.write"],
        "capabilities": ["client-confidential-asymmetric", "permission-v1", "permission-v2"],
    });
    Answer::plain(StatusCode::OK, &answer)
}
