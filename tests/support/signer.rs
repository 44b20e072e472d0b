//! A client's key, made as operators make one, and the tokens that it signs.

use std::fs;
use std::path::PathBuf;

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::Value;

use super::site::{TempFolder, preventio};

/// A client's key.
pub(crate) struct Signer {
    key: EncodingKey,
    pub(crate) header: Header,
    /// The public half, as a JWK set.
    pub(crate) public: String,
    /// Where the public half lies, as long as this is there.
    pub(crate) keys: PathBuf,
    _folder: TempFolder,
}

impl Signer {
    /// With `es384` or `rs384`.
    pub(crate) fn new(algorithm: &str) -> Self {
        let folder = TempFolder::new();
        let out = folder.join("keys");
        let place = out.display().to_string();
        let words = [
            "standin",
            "client-key",
            "--out",
            &place,
            "--algorithm",
            algorithm,
        ];
        preventio(&words).ends_well();
        let pem = fs::read(out.join("private.pem")).expect("a private key");
        let public = fs::read_to_string(out.join("jwks.json")).expect("public keys");
        let keys: Value = serde_json::from_str(&public).expect("JSON");
        let (key, algorithm) = if algorithm == "es384" {
            (EncodingKey::from_ec_pem(&pem), Algorithm::ES384)
        } else {
            (EncodingKey::from_rsa_pem(&pem), Algorithm::RS384)
        };
        let mut header = Header::new(algorithm);
        let kid = keys["keys"][0]["kid"].as_str().expect("a key id");
        header.kid = Some(kid.to_owned());
        Self {
            key: key.expect("a key"),
            header,
            public,
            keys: out.join("jwks.json"),
            _folder: folder,
        }
    }

    pub(crate) fn signs(&self, claims: &Value) -> String {
        encode(&self.header, claims, &self.key).expect("claims can be signed")
    }
}
