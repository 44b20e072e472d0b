//! Signing in at the site's provider: OpenID Connect, authorization code with PKCE (RFC 7636).
//!
//! Left out: claims that only the userinfo endpoint tells, encrypted ID tokens, signing out at the
//! provider. What the provider is and which keys it has is asked for anew each time: keys change.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::time::Duration;

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreProviderMetadata,
    CoreResponseType, CoreRevocableToken, CoreRevocationErrorResponse,
    CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AccessTokenHash, AdditionalClaims, AuthenticationFlow, AuthorizationCode, Client, ClientId,
    ClientSecret, CsrfToken, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet,
    HttpRequest, HttpResponse, IdTokenClaims, IdTokenFields, IssuerUrl, Nonce, OAuth2TokenResponse,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, StandardErrorResponse,
    StandardTokenResponse, TokenResponse,
};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::route::Route;
use super::sessions::{Staff, tame};
use crate::config;
use crate::config::{Grant, Reach, Web};

/// How long the provider may take for one answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer of a provider that is read, in bytes.
const LONGEST: usize = 1 << 20;

/// A claim of which nothing is known: the provider may say anything.
#[derive(Deserialize, Serialize)]
#[serde(untagged)]
enum Claim {
    One(String),
    Several(Vec<String>),
    #[serde(skip_serializing)]
    Other(IgnoredAny),
}

/// Claims beside those of the standard, by name. `Debug` shows none: they are about a person.
#[derive(Deserialize, Serialize)]
struct Claims(BTreeMap<String, Claim>);

impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Claims(_)")
    }
}

impl AdditionalClaims for Claims {}

type Fields = IdTokenFields<
    Claims,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;
type Party = Client<
    Claims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    StandardTokenResponse<Fields, CoreTokenType>,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// What is needed when somebody comes back from the provider. No `Debug`: it holds a secret.
pub(super) struct Left {
    nonce: Nonce,
    verifier: PkceCodeVerifier,
}

/// Where a browser goes, and what is needed when it comes back.
pub(super) struct Departure {
    /// The address at the provider.
    pub(super) to: String,
    /// The name under which it comes back.
    pub(super) state: String,
    pub(super) left: Left,
}

/// Why nobody was signed in. Names nobody.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotSignedIn {
    /// The secret is not to be had.
    #[error("the secret by which the provider knows this program cannot be read")]
    NoSecret(#[source] io::Error),
    /// The configuration does not name a usable provider.
    #[error("`[web]` does not name a usable provider")]
    NoProvider,
    /// The provider does not say who it is.
    #[error("the provider does not say where to sign in: {0}")]
    NotDiscovered(String),
    /// The code was not taken.
    #[error("the provider does not take the code: {0}")]
    NotExchanged(String),
    /// The provider says who it is in a way that must not be believed.
    #[error("what the provider says of who it is cannot be believed: {0}")]
    NotBelieved(String),
    /// The system cannot ask.
    #[error("the provider cannot be asked")]
    NoClient(#[source] reqwest::Error),
}

/// Why a request came to nothing.
#[derive(Debug, thiserror::Error)]
enum NotAnswered {
    #[error("it cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    #[error("its answer is longer than {LONGEST} bytes")]
    TooLong,
}

/// The client that talks to the provider: follows nobody elsewhere, and waits for nobody long.
fn client(issuer: &str) -> Result<reqwest::Client, NotSignedIn> {
    let is_encrypted = issuer.starts_with("https://");
    let mut builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .https_only(is_encrypted)
        .timeout(PATIENCE);
    if !is_encrypted {
        // On this machine, in a trial: nothing is verified, so no certificates are read.
        builder = builder.tls_certs_only([]);
    }
    builder.build().map_err(NotSignedIn::NoClient)
}

async fn asks(client: reqwest::Client, request: HttpRequest) -> Result<HttpResponse, NotAnswered> {
    let request = request.try_into().map_err(NotAnswered::Unreachable)?;
    let asked = client.execute(request).await;
    let mut answer = asked.map_err(NotAnswered::Unreachable)?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await.map_err(NotAnswered::Unreachable)? {
        if LONGEST < body.len() + part.len() {
            return Err(NotAnswered::TooLong);
        }
        body.extend_from_slice(&part);
    }
    let mut response = HttpResponse::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}

fn secret(provider: &config::Provider) -> Result<Option<ClientSecret>, NotSignedIn> {
    let text = match &provider.client_secret {
        config::ClientSecret::None => return Ok(None),
        config::ClientSecret::File(file) => std::fs::read_to_string(file),
        config::ClientSecret::Variable(name) => {
            std::env::var(name).map_err(|error| io::Error::new(io::ErrorKind::NotFound, error))
        }
    };
    let text = text.map_err(NotSignedIn::NoSecret)?;
    Ok(Some(ClientSecret::new(text.trim().to_owned())))
}

/// An error with all of its causes, in a line.
fn whole(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

async fn party(
    web: &Web,
    provider: &config::Provider,
    client: &reqwest::Client,
) -> Result<Party, NotSignedIn> {
    let none = |_| NotSignedIn::NoProvider;
    let issuer = IssuerUrl::new(provider.issuer.clone()).map_err(none)?;
    let address = web.address.as_ref().ok_or(NotSignedIn::NoProvider)?;
    let back = format!("{address}{}", Route::SignedInAtProvider.path());
    let back = RedirectUrl::new(back).map_err(none)?;
    let http = |request| asks(client.clone(), request);
    let metadata = CoreProviderMetadata::discover_async(issuer, &http).await;
    let metadata = metadata.map_err(|error| NotSignedIn::NotDiscovered(whole(&error)))?;
    let id = ClientId::new(provider.client_id.clone());
    let party = Client::from_provider_metadata(metadata, id, secret(provider)?);
    Ok(party.set_redirect_uri(back))
}

/// Where somebody goes to sign in.
pub(super) async fn leave(web: &Web) -> Result<Departure, NotSignedIn> {
    let provider = web.provider.as_ref().ok_or(NotSignedIn::NoProvider)?;
    let client = client(&provider.issuer)?;
    let party = party(web, provider, &client).await?;
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let scopes = provider.scopes.iter().cloned().map(Scope::new);
    let (to, state, nonce) = party
        .authorize_url(
            AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
            CsrfToken::new_random,
            Nonce::new_random,
        )
        .add_scopes(scopes)
        .set_pkce_challenge(challenge)
        .url();
    Ok(Departure {
        to: to.to_string(),
        state: state.secret().clone(),
        left: Left { nonce, verifier },
    })
}

/// Who has come back with a code.
pub(super) async fn arrive(web: &Web, left: Left, code: String) -> Result<Staff, NotSignedIn> {
    let provider = web.provider.as_ref().ok_or(NotSignedIn::NoProvider)?;
    let client = client(&provider.issuer)?;
    let party = party(web, provider, &client).await?;
    let http = |request| asks(client.clone(), request);
    let not_exchanged = |what: String| NotSignedIn::NotExchanged(what);
    let answer = party
        .exchange_code(AuthorizationCode::new(code))
        .map_err(|error| not_exchanged(error.to_string()))?
        .set_pkce_verifier(left.verifier)
        .request_async(&http)
        .await
        .map_err(|error| not_exchanged(without_words(&error)))?;
    let not_believed = |what: &str| NotSignedIn::NotBelieved(what.to_owned());
    let token = answer
        .id_token()
        .ok_or_else(|| not_believed("there is no ID token"))?;
    // Only signatures that nobody but the provider can make: none with a secret that both know.
    let verifier = party.id_token_verifier().set_allowed_algs([
        CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
        CoreJwsSigningAlgorithm::RsaSsaPssSha256,
        CoreJwsSigningAlgorithm::EcdsaP256Sha256,
        CoreJwsSigningAlgorithm::EcdsaP384Sha384,
        CoreJwsSigningAlgorithm::EdDsa,
    ]);
    let claims = token
        .claims(&verifier, &left.nonce)
        .map_err(|error| not_believed(&whole(&error)))?;
    if let Some(expected) = claims.access_token_hash() {
        let wrong = |_| not_believed("its hash of the access token cannot be checked");
        let alg = token
            .signing_alg()
            .map_err(|error| not_believed(&whole(&error)))?;
        let key = token.signing_key(&verifier);
        let key = key.map_err(|error| not_believed(&whole(&error)))?;
        let is = AccessTokenHash::from_token(answer.access_token(), alg, key).map_err(wrong)?;
        if is != *expected {
            return Err(not_believed("its hash of the access token is another's"));
        }
    }
    Ok(staff(claims, &provider.roles_claim, &web.grants))
}

/// What was wrong, without what the provider wrote: nobody knows what is in it.
fn without_words<RE, T>(error: &openidconnect::RequestTokenError<RE, T>) -> String
where
    RE: std::error::Error + 'static,
    T: openidconnect::ErrorResponse + 'static,
{
    match error {
        openidconnect::RequestTokenError::ServerResponse(_) => "it refuses".to_owned(),
        openidconnect::RequestTokenError::Request(error) => whole(error),
        openidconnect::RequestTokenError::Parse(..) => "its answer cannot be read".to_owned(),
        openidconnect::RequestTokenError::Other(_) => "its answer is none".to_owned(),
    }
}

/// Who somebody is, and what the values of the claim let them do.
fn staff(
    claims: &IdTokenClaims<Claims, CoreGenderClaim>,
    roles_claim: &str,
    grants: &[Grant],
) -> Staff {
    let named = claims.name().and_then(|name| name.get(None));
    let named = named.map(|name| name.as_str());
    let account = claims.preferred_username().map(|name| name.as_str());
    let subject = tame(claims.subject().as_str());
    let name = named.or(account).map(tame).filter(|name| !name.is_empty());
    let values: &[String] = match claims.additional_claims().0.get(roles_claim) {
        Some(Claim::One(value)) => std::slice::from_ref(value),
        Some(Claim::Several(values)) => values,
        Some(Claim::Other(_)) | None => &[],
    };
    let mut roles = Vec::new();
    let mut reach = Reach::Nobody;
    for grant in grants.iter().filter(|grant| values.contains(&grant.value)) {
        roles.push(grant.role);
        reach = reach.and(grant.reach.clone());
    }
    roles.sort_unstable();
    roles.dedup();
    Staff {
        name: name.unwrap_or_else(|| subject.clone()),
        subject,
        roles,
        reach,
    }
}
