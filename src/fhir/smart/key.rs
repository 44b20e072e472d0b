//! The private key with which a client signs.

use std::fs;
use std::path::{Path, PathBuf};

use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde::{Deserialize, Serialize};

/// Why a key cannot sign.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file could not be read.
    #[error("cannot read the key file `{path}`")]
    Unreadable {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Nothing in it signs as SMART asks.
    #[error(
        "`{0}` holds no private key that can sign ES384 or RS384\nhint: a PEM file in PKCS #8 form (`openssl pkcs8 -topk8 -nocrypt`) or a JWK, of an elliptic-curve key on P-384 or an RSA key"
    )]
    NoKey(PathBuf),
}

/// A private key, with what the other side needs to find its public half. No `Debug`.
pub(super) struct SigningKey {
    key: EncodingKey,
    header: Header,
}

impl SigningKey {
    /// Reads a PEM file or a JWK; the algorithm follows from the kind of key. The key id is the
    /// one given, else that of the JWK, else the thumbprint of the public half (RFC 7638).
    pub(super) fn read(path: &Path, key_id: Option<&str>) -> Result<Self, KeyError> {
        let bytes = fs::read(path).map_err(|source| KeyError::Unreadable {
            path: path.to_path_buf(),
            source,
        })?;
        Self::of(&bytes, key_id).ok_or_else(|| KeyError::NoKey(path.to_path_buf()))
    }

    fn of(bytes: &[u8], key_id: Option<&str>) -> Option<Self> {
        let (key, algorithm, own_id) = match serde_json::from_slice::<PrivateJwk>(bytes) {
            Ok(jwk) => {
                let (key, algorithm) = jwk.key()?;
                (key, algorithm, jwk.kid)
            }
            Err(_) => {
                let (key, algorithm) = from_pem(bytes)?;
                (key, algorithm, None)
            }
        };
        let thumbprint = || {
            let public = Jwk::from_encoding_key(&key, algorithm).ok()?;
            public.thumbprint(ThumbprintHash::SHA256).ok()
        };
        let mut header = Header::new(algorithm);
        header.kid = key_id.map(str::to_owned).or(own_id).or_else(thumbprint);
        let signer = Self { key, header };
        // A key of another curve fails here and not days later.
        signer.signs(&()).map(|_| signer)
    }

    /// Signs claims.
    pub(super) fn signs(&self, claims: &impl Serialize) -> Option<String> {
        encode(&self.header, claims, &self.key).ok()
    }

    #[cfg(test)]
    pub(super) fn header(&self) -> &Header {
        &self.header
    }
}

fn from_pem(bytes: &[u8]) -> Option<(EncodingKey, Algorithm)> {
    let elliptic = EncodingKey::from_ec_pem(bytes).map(|key| (key, Algorithm::ES384));
    let rsa = || EncodingKey::from_rsa_pem(bytes).map(|key| (key, Algorithm::RS384));
    elliptic.or_else(|_| rsa()).ok()
}

/// RFC 7517 and 7518: a private key in JSON.
#[derive(Deserialize)]
struct PrivateJwk {
    kid: Option<String>,
    #[serde(flatten)]
    numbers: Numbers,
}

#[derive(Deserialize)]
#[serde(tag = "kty")]
enum Numbers {
    #[serde(rename = "EC")]
    EllipticCurve { x: String, y: String, d: String },
    #[serde(rename = "RSA")]
    Rsa {
        n: String,
        e: String,
        d: String,
        p: String,
        q: String,
        dp: String,
        dq: String,
        qi: String,
    },
}

impl PrivateJwk {
    fn key(&self) -> Option<(EncodingKey, Algorithm)> {
        let bytes = |text: &String| URL_SAFE_NO_PAD.decode(text).ok();
        match &self.numbers {
            Numbers::EllipticCurve { x, y, d } => {
                // SEC 1: an uncompressed point begins with 4.
                let point = [vec![4], bytes(x)?, bytes(y)?].concat();
                let algorithm = &ECDSA_P384_SHA384_FIXED_SIGNING;
                let pair =
                    EcdsaKeyPair::from_private_key_and_public_key(algorithm, &bytes(d)?, &point);
                let document = pair.ok()?.to_pkcs8v1().ok()?;
                Some((
                    EncodingKey::from_ec_der(document.as_ref()),
                    Algorithm::ES384,
                ))
            }
            Numbers::Rsa {
                n,
                e,
                d,
                p,
                q,
                dp,
                dq,
                qi,
            } => {
                // RFC 8017, A.1.2: RSAPrivateKey, version 0 and eight numbers.
                let mut body = number(&[0]);
                for text in [n, e, d, p, q, dp, dq, qi] {
                    body.extend(number(&bytes(text)?));
                }
                let document = tagged(0x30, &body);
                Some((EncodingKey::from_rsa_der(&document), Algorithm::RS384))
            }
        }
    }
}

/// A DER INTEGER that is not negative.
fn number(bytes: &[u8]) -> Vec<u8> {
    let significant = bytes.iter().position(|byte| *byte != 0);
    let bytes = &bytes[significant.unwrap_or(bytes.len().saturating_sub(1))..];
    let mut content = Vec::with_capacity(bytes.len() + 1);
    // A first bit that is set would be a sign.
    if bytes.first().is_some_and(|byte| 0x7f < *byte) {
        content.push(0);
    }
    content.extend_from_slice(bytes);
    tagged(0x02, &content)
}

fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let significant = length.iter().position(|byte| *byte != 0);
    let length = &length[significant.unwrap_or(length.len() - 1)..];
    let mut bytes = vec![tag];
    match length {
        [short] if *short < 0x80 => bytes.push(*short),
        long => {
            bytes.push(0x80 | u8::try_from(long.len()).unwrap_or(u8::MAX));
            bytes.extend_from_slice(long);
        }
    }
    bytes.extend_from_slice(content);
    bytes
}
