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

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::{AsBigEndian, AsDer, Pkcs8V1Der};
    use aws_lc_rs::rsa::{KeyPair, KeySize};
    use aws_lc_rs::signature::KeyPair as _;
    use jsonwebtoken::jwk::AlgorithmParameters;
    use jsonwebtoken::{DecodingKey, Validation, decode};
    use serde_json::{Value, json};

    use super::*;

    /// Whether what a key signs is good for whoever knows its public half.
    #[track_caller]
    fn signs(bytes: &[u8], key_id: Option<&str>, algorithm: Algorithm, kid: Option<&str>) {
        let key = SigningKey::of(bytes, key_id).expect("a key");
        assert_eq!(key.header.alg, algorithm);
        assert_eq!(key.header.typ.as_deref(), Some("JWT"));
        if let Some(kid) = kid {
            assert_eq!(key.header.kid.as_deref(), Some(kid));
        } else {
            assert_eq!(
                key.header.kid.as_ref().map(String::len),
                Some(43),
                "a thumbprint"
            );
        }
        let public = Jwk::from_encoding_key(&key.key, algorithm).expect("its public half");
        let text = key.signs(&json!({ "sub": "x" })).expect("a signature");
        let public = DecodingKey::from_jwk(&public).expect("a public key");
        let mut validation = Validation::new(algorithm);
        validation.set_required_spec_claims::<&str>(&[]);
        decode::<Value>(&text, &public, &validation).expect("a good signature");
    }

    fn elliptic() -> Value {
        let pair = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).expect("a key");
        let point = pair.public_key().as_ref().to_vec();
        let secret = pair
            .private_key()
            .as_be_bytes()
            .expect("a number")
            .as_ref()
            .to_vec();
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        json!({
            "kty": "EC", "crv": "P-384", "kid": "own",
            "x": text(&point[1..49]), "y": text(&point[49..]), "d": text(&secret),
        })
    }

    #[test]
    fn a_key_as_jwk_signs_and_says_its_id() {
        let jwk = elliptic();
        let text = jwk.to_string();
        signs(text.as_bytes(), None, Algorithm::ES384, Some("own"));
        signs(
            text.as_bytes(),
            Some("given"),
            Algorithm::ES384,
            Some("given"),
        );
        let mut nameless = jwk;
        nameless.as_object_mut().expect("an object").remove("kid");
        signs(
            nameless.to_string().as_bytes(),
            None,
            Algorithm::ES384,
            None,
        );
    }

    #[test]
    fn an_rsa_key_as_jwk_signs() {
        let pair = KeyPair::generate(KeySize::Rsa2048).expect("a key");
        let der: Pkcs8V1Der<'_> = pair.as_der().expect("its bytes");
        let numbers = rsa_numbers(der.as_ref());
        let names = ["n", "e", "d", "p", "q", "dp", "dq", "qi"];
        let mut jwk = json!({ "kty": "RSA", "kid": "own" });
        for (name, number) in names.iter().zip(&numbers) {
            jwk[*name] = json!(URL_SAFE_NO_PAD.encode(number));
        }
        signs(
            jwk.to_string().as_bytes(),
            None,
            Algorithm::RS384,
            Some("own"),
        );
    }

    /// The eight numbers of a PKCS #8 RSA key: what follows the last version 0.
    fn rsa_numbers(der: &[u8]) -> Vec<Vec<u8>> {
        let inner = der
            .windows(2)
            .position(|two| two == [0x04, 0x82])
            .expect("an octet string");
        // OCTET STRING and SEQUENCE, each with two bytes of length; then the version.
        let mut rest = &der[inner + 8 + 3..];
        let mut numbers = Vec::new();
        while let [0x02, length, tail @ ..] = rest {
            let (length, tail) = match length {
                0x81 => (usize::from(tail[0]), &tail[1..]),
                0x82 => (
                    usize::from(tail[0]) * 256 + usize::from(tail[1]),
                    &tail[2..],
                ),
                short => (usize::from(*short), tail),
            };
            let digits = &tail[..length];
            numbers.push(digits.strip_prefix(&[0]).unwrap_or(digits).to_vec());
            rest = &tail[length..];
        }
        numbers
    }

    #[test]
    fn what_does_not_sign_as_smart_asks_is_no_key() {
        let other_curve = json!({ "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "d": "AA" });
        let public = SigningKey::of(elliptic().to_string().as_bytes(), None).expect("a key");
        let public =
            Jwk::from_encoding_key(&public.key, Algorithm::ES384).expect("its public half");
        assert!(matches!(
            public.algorithm,
            AlgorithmParameters::EllipticCurve(_)
        ));
        for text in [
            String::new(),
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".to_owned(),
            other_curve.to_string(),
            json!(public).to_string(),
            json!({ "kty": "oct", "k": "AA" }).to_string(),
        ] {
            assert!(SigningKey::of(text.as_bytes(), None).is_none(), "{text}");
        }
    }
}
