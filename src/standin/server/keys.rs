//! Keys for clients: a private one as PEM, and its public half as a JWK set to register.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair};
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey};

/// How a client signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientKeyKind {
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// RSA of 3072 bits with SHA-384.
    Rs384,
}

/// Why keys could not be made or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientKeyError {
    /// The cryptographic library gave no key.
    #[error("a key could not be made")]
    Made,
    /// A file cannot be written or read.
    #[error("cannot use `{}`\nhint: keys are written to files that do not exist yet", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file is no JWK set.
    #[error("`{}` is no JWK set\nhint: `preventio standin client-key` makes one", path.display())]
    NoKeys {
        /// The file.
        path: PathBuf,
        /// Where it stops being one.
        #[source]
        source: serde_json::Error,
    },
}

impl From<Unspecified> for ClientKeyError {
    fn from(_: Unspecified) -> ClientKeyError {
        ClientKeyError::Made
    }
}

impl From<jsonwebtoken::errors::Error> for ClientKeyError {
    fn from(_: jsonwebtoken::errors::Error) -> ClientKeyError {
        ClientKeyError::Made
    }
}

/// Writes `private.pem`, readable by its owner only, and `jwks.json` into a folder; returns both paths.
///
/// # Errors
///
/// [`ClientKeyError`] when a file is there already or cannot be written.
pub fn write_client_key(
    kind: ClientKeyKind,
    folder: &Path,
) -> Result<(PathBuf, PathBuf), ClientKeyError> {
    let pem = match kind {
        ClientKeyKind::Es384 => {
            let pair = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING)?;
            pem_of(pair.to_pkcs8v1()?.as_ref())
        }
        ClientKeyKind::Rs384 => {
            let pair = KeyPair::generate(KeySize::Rsa3072)?;
            let der: Pkcs8V1Der<'_> = pair.as_der()?;
            pem_of(der.as_ref())
        }
    };
    let keys = serde_json::json!(public_half(kind, &pem)?).to_string();
    let made = fs::create_dir_all(folder);
    made.map_err(|source| ClientKeyError::File {
        path: folder.to_owned(),
        source,
    })?;
    let (private, public) = (folder.join("private.pem"), folder.join("jwks.json"));
    write_new(&private, &pem, 0o600)?;
    write_new(&public, &keys, 0o644)?;
    Ok((private, public))
}

/// Reads a client's public keys.
///
/// # Errors
///
/// [`ClientKeyError`] when the file cannot be read or is no JWK set.
pub fn read_client_keys(path: &Path) -> Result<JwkSet, ClientKeyError> {
    let text = fs::read(path).map_err(|source| ClientKeyError::File {
        path: path.to_owned(),
        source,
    })?;
    serde_json::from_slice(&text).map_err(|source| ClientKeyError::NoKeys {
        path: path.to_owned(),
        source,
    })
}

fn public_half(kind: ClientKeyKind, pem: &str) -> Result<JwkSet, ClientKeyError> {
    let (key, algorithm) = match kind {
        ClientKeyKind::Es384 => (EncodingKey::from_ec_pem(pem.as_bytes())?, Algorithm::ES384),
        ClientKeyKind::Rs384 => (EncodingKey::from_rsa_pem(pem.as_bytes())?, Algorithm::RS384),
    };
    let mut jwk = Jwk::from_encoding_key(&key, algorithm)?;
    jwk.common.key_id = Some(jwk.thumbprint(ThumbprintHash::SHA256)?);
    jwk.common.public_key_use = Some(PublicKeyUse::Signature);
    Ok(JwkSet { keys: vec![jwk] })
}

fn write_new(path: &Path, text: &str, mode: u32) -> Result<(), ClientKeyError> {
    let opened = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path);
    let written = opened.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|source| ClientKeyError::File {
        path: path.to_owned(),
        source,
    })
}

/// PKCS #8 in the armour of RFC 7468.
fn pem_of(der: &[u8]) -> String {
    let text = base64(der);
    let lines = text.as_bytes().chunks(64).map(String::from_utf8_lossy);
    let lines: Vec<_> = lines.collect();
    format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        lines.join("\n")
    )
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let byte = |n: usize| u32::from(three.get(n).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            if digit <= three.len() {
                let place = (bits >> (18 - 6 * digit)) & 63;
                text.push(char::from(DIGITS[place as usize]));
            } else {
                text.push('=');
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_padded_as_rfc_4648_shows() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }
}
