//! Ed25519 keys as openssl writes them: PEM.

use std::path::{Path, PathBuf};

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Manifest, Signature, ordinary};

/// A key is a few lines.
const MAX_BYTES: u64 = 1 << 16;

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
    /// Nothing in it signs.
    #[error(
        "`{0}` holds no private Ed25519 key\nhint: `preventio rules keygen --out FILE`, or `openssl genpkey -algorithm ed25519 -out FILE`"
    )]
    NoKey(PathBuf),
    /// The system has no randomness to give.
    #[error("no key could be made")]
    NoRandomness,
}

/// A private key. No `Debug`.
pub struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// A new key.
    ///
    /// # Errors
    ///
    /// [`KeyError::NoRandomness`].
    pub fn generate() -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::generate();
        pair.map(Self).map_err(|_| KeyError::NoRandomness)
    }

    /// Reads a PEM file in PKCS #8 form.
    ///
    /// # Errors
    ///
    /// When it cannot be read or holds no such key.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let text = ordinary::read(path, MAX_BYTES).map_err(|source| KeyError::Unreadable {
            path: path.to_path_buf(),
            source,
        })?;
        let no_key = || KeyError::NoKey(path.to_path_buf());
        let text = String::from_utf8(text).map_err(|_| no_key())?;
        let der = from_pem(&text, "PRIVATE KEY").ok_or_else(no_key)?;
        let pair = Ed25519KeyPair::from_pkcs8(&der);
        pair.map(Self).map_err(|_| no_key())
    }

    /// The key as PEM, for its owner's file alone.
    ///
    /// # Errors
    ///
    /// [`KeyError::NoRandomness`], when the library cannot write it down.
    pub fn to_pem(&self) -> Result<String, KeyError> {
        let der = self.0.to_pkcs8v1().map_err(|_| KeyError::NoRandomness)?;
        Ok(to_pem(der.as_ref(), "PRIVATE KEY"))
    }

    /// The half that everybody may know.
    ///
    /// # Panics
    ///
    /// Never: a public Ed25519 key has 32 bytes.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        let bytes = self.0.public_key().as_ref().try_into();
        PublicKey(bytes.expect("a public Ed25519 key has 32 bytes"))
    }

    /// A detached signature over a file: 64 bytes.
    #[must_use]
    pub fn sign_bytes(&self, content: &[u8]) -> Vec<u8> {
        self.0.sign(content).as_ref().to_vec()
    }

    /// Signs a manifest.
    #[must_use]
    pub fn sign(&self, manifest: &Manifest) -> Signature {
        let bytes = self.0.sign(manifest.text().as_bytes());
        Signature::new(manifest.clone(), bytes.as_ref().to_vec())
    }
}

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

/// RFC 8410: `SubjectPublicKeyInfo` of an Ed25519 key, up to the key itself.
const HEAD: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

impl PublicKey {
    /// Reads PEM, as `openssl pkey -pubout` writes it.
    #[must_use]
    pub fn from_pem(text: &str) -> Option<Self> {
        let der = from_pem(text, "PUBLIC KEY")?;
        let key = der.strip_prefix(&HEAD)?;
        key.try_into().ok().map(Self)
    }

    /// The key as PEM.
    #[must_use]
    pub fn to_pem(&self) -> String {
        to_pem(&[&HEAD[..], &self.0].concat(), "PUBLIC KEY")
    }

    /// Whether bytes are this key's signature over a text.
    #[must_use]
    pub fn has_signed(&self, text: &[u8], signature: &[u8]) -> bool {
        let key = UnparsedPublicKey::new(&ED25519, self.0);
        key.verify(text, signature).is_ok()
    }
}

/// RFC 7468: what stands between the lines that say what it is.
fn from_pem(text: &str, label: &str) -> Option<Vec<u8>> {
    let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
    let body: String = body.split_whitespace().collect();
    STANDARD.decode(body).ok()
}

fn to_pem(der: &[u8], label: &str) -> String {
    let body = STANDARD.encode(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    let mut rest = body.as_str();
    while !rest.is_empty() {
        // Base64 is ASCII, so any place is between characters.
        let (line, after) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text + &format!("-----END {label}-----\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8410, section 10.1: a public key and, in 10.3, its private half without the public one.
    const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";
    const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";

    #[test]
    fn the_keys_of_the_standard_are_read_and_written() {
        let public = PublicKey::from_pem(PUBLIC).expect("a public key");
        assert_eq!(public.to_pem(), PUBLIC);
        let der = from_pem(PRIVATE, "PRIVATE KEY").expect("PEM");
        let pair = Ed25519KeyPair::from_pkcs8(&der).expect("a private key");
        assert_eq!(SigningKey(pair).public(), public);
    }

    #[test]
    fn other_pem_is_no_key() {
        for text in [
            "",
            PRIVATE,
            "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
        ] {
            assert_eq!(PublicKey::from_pem(text), None);
        }
    }
}
