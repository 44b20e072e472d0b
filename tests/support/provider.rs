//! A small OpenID Connect provider on loopback: says who somebody is, or lies about it.
//!
//! It checks what a provider must: the code once, the address to come back to, PKCE, and the secret.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// What the provider calls the program, and the secret that both know.
pub(crate) const CLIENT: (&str, &str) = ("preventio", "between us");

/// What is wrong with a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lie {
    None,
    OtherIssuer,
    OtherAudience,
    AlsoForAnother,
    OtherNonce,
    NoNonce,
    Expired,
    OtherKey,
    NotSigned,
    SignedWithTheSecret,
    OtherAccessToken,
    NoToken,
}

struct State {
    address: String,
    own: EcdsaKeyPair,
    other: EcdsaKeyPair,
    /// Claims of whoever signs in next.
    claims: Value,
    lie: Lie,
    /// Codes that were given out and not taken yet: what the browser came with.
    codes: BTreeMap<String, BTreeMap<String, String>>,
}

/// The provider; its thread ends with the test.
#[derive(Clone)]
pub(crate) struct Provider(Arc<Mutex<State>>);

fn pair() -> EcdsaKeyPair {
    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key")
}

impl Provider {
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let provider = Self(Arc::new(Mutex::new(State {
            address,
            own: pair(),
            other: pair(),
            claims: json!({}),
            lie: Lie::None,
            codes: BTreeMap::new(),
        })));
        let serving = provider.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                serving.answers(stream);
            }
        });
        provider
    }

    pub(crate) fn issuer(&self) -> String {
        format!("http://{}", self.0.lock().expect("a lock").address)
    }

    /// `[web]` for this provider, with what values of its claim mean.
    pub(crate) fn configuration(&self, port: u16, grants: &str) -> String {
        let (id, _) = CLIENT;
        let issuer = self.issuer();
        format!(
            r#"
[web]
listen = "127.0.0.1:{port}"
address = "http://127.0.0.1:{port}"
issuer = "{issuer}"
client_id = "{id}"
client_secret_file = "web-secret"
grant = [{grants}]
"#
        )
    }

    /// Whoever signs in next, and how it is told.
    pub(crate) fn says(&self, claims: Value, lie: Lie) {
        let mut state = self.0.lock().expect("a lock");
        (state.claims, state.lie) = (claims, lie);
    }

    fn answers(&self, mut stream: TcpStream) {
        let Some((target, head, body)) = read(&stream) else {
            return;
        };
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let mut state = self.0.lock().expect("a lock");
        let (status, answer) = match path {
            "/.well-known/openid-configuration" => (200, state.discovery()),
            "/keys" => (200, state.keys()),
            "/authorize" => (200, state.authorizes(fields(query))),
            "/token" => state.token(&head, &fields(&body)),
            _ => (404, json!({})),
        };
        let text = answer.to_string();
        let _ = write!(
            stream,
            "HTTP/1.1 {status} OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}",
            text.len()
        );
    }
}

impl State {
    fn issuer(&self) -> String {
        format!("http://{}", self.address)
    }

    fn discovery(&self) -> Value {
        let at = |path: &str| format!("http://{}{path}", self.address);
        json!({
            "issuer": self.issuer(),
            "authorization_endpoint": at("/authorize"),
            "token_endpoint": at("/token"),
            "jwks_uri": at("/keys"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256", "HS256", "none"],
        })
    }

    fn keys(&self) -> Value {
        let point = self.own.public_key().as_ref();
        let half = |from: usize| URL_SAFE_NO_PAD.encode(&point[from..from + 32]);
        json!({ "keys": [{
            "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "k",
            "x": half(1), "y": half(33),
        }] })
    }

    /// What a person would see and agree to; the answer says where the browser goes next.
    fn authorizes(&mut self, asked: BTreeMap<String, String>) -> Value {
        assert_eq!(asked["response_type"], "code");
        assert_eq!(asked["client_id"], CLIENT.0);
        assert_eq!(asked["code_challenge_method"], "S256");
        assert!(asked["scope"].split(' ').any(|scope| scope == "openid"));
        let code = format!("code-{}", self.codes.len());
        let to = format!(
            "{}?code={code}&state={}",
            asked["redirect_uri"], asked["state"]
        );
        self.codes.insert(code, asked);
        json!({ "to": to })
    }

    fn token(&mut self, head: &str, form: &BTreeMap<String, String>) -> (u16, Value) {
        let (id, secret) = CLIENT;
        let basic = STANDARD.encode(format!("{id}:{}", super::browser::escaped(secret)));
        let plus = STANDARD.encode(format!("{id}:{}", secret.replace(' ', "+")));
        let is_known = [basic, plus]
            .iter()
            .any(|basic| head.contains(&format!("Basic {basic}")));
        let code = form.get("code").and_then(|code| self.codes.remove(code));
        let (Some(asked), true) = (code, is_known) else {
            return (401, json!({ "error": "invalid_client" }));
        };
        let verifier = form.get("code_verifier").map_or("", String::as_str);
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
        let fits = challenge == asked["code_challenge"]
            && form.get("redirect_uri") == asked.get("redirect_uri");
        if !fits {
            return (400, json!({ "error": "invalid_grant" }));
        }
        let mut answer = json!({ "access_token": "access", "token_type": "Bearer" });
        if self.lie != Lie::NoToken {
            answer["id_token"] = json!(self.id_token(&asked["nonce"]));
        }
        (200, answer)
    }

    fn id_token(&self, nonce: &str) -> String {
        let now = jiff::Timestamp::now().as_second();
        let mut claims = self.claims.clone();
        claims["iss"] = json!(self.issuer());
        claims["aud"] = json!(CLIENT.0);
        claims["iat"] = json!(now);
        claims["exp"] = json!(now + 60);
        claims["nonce"] = json!(nonce);
        let hash = |token: &str| URL_SAFE_NO_PAD.encode(&Sha256::digest(token)[..16]);
        claims["at_hash"] = json!(hash("access"));
        let (id, secret) = CLIENT;
        match self.lie {
            Lie::OtherIssuer => claims["iss"] = json!("https://login.example.org"),
            Lie::OtherAudience => claims["aud"] = json!("somebody-else"),
            Lie::AlsoForAnother => claims["aud"] = json!([id, "somebody-else"]),
            Lie::OtherNonce => claims["nonce"] = json!("another"),
            Lie::NoNonce => drop(claims.as_object_mut().map(|all| all.remove("nonce"))),
            Lie::Expired => claims["exp"] = json!(now - 60),
            Lie::OtherAccessToken => claims["at_hash"] = json!(hash("another")),
            Lie::NotSigned => {
                let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
                return format!("{}.{}.", part(json!({ "alg": "none" })), part(claims));
            }
            Lie::SignedWithTheSecret => {
                let key = EncodingKey::from_secret(secret.as_bytes());
                let header = Header::new(Algorithm::HS256);
                return jsonwebtoken::encode(&header, &claims, &key).expect("a token");
            }
            Lie::None | Lie::OtherKey | Lie::NoToken => {}
        }
        let pair = match self.lie {
            Lie::OtherKey => &self.other,
            Lie::None
            | Lie::OtherIssuer
            | Lie::OtherAudience
            | Lie::AlsoForAnother
            | Lie::OtherNonce
            | Lie::NoNonce
            | Lie::Expired
            | Lie::NotSigned
            | Lie::SignedWithTheSecret
            | Lie::OtherAccessToken
            | Lie::NoToken => &self.own,
        };
        let der = pair.to_pkcs8v1().expect("a key");
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some("k".to_owned());
        let key = EncodingKey::from_ec_der(der.as_ref());
        jsonwebtoken::encode(&header, &claims, &key).expect("a token")
    }
}

/// Target, head and body of a request.
fn read(stream: &TcpStream) -> Option<(String, String, String)> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 || line == "\r\n" {
            break;
        }
        head.push_str(&line);
    }
    let target = head.split(' ').nth(1)?.to_owned();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        let is_it = name.eq_ignore_ascii_case("content-length");
        is_it.then(|| value.trim().parse::<usize>().ok()).flatten()
    });
    let mut body = vec![0; length.unwrap_or_default()];
    reader.read_exact(&mut body).ok()?;
    Some((target, head, String::from_utf8(body).ok()?))
}

/// The fields of a form or a query.
pub(crate) fn fields(text: &str) -> BTreeMap<String, String> {
    let plain = |text: &str| {
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            bytes.push(match byte {
                b'+' => b' ',
                b'%' => {
                    let digits = [rest.next(), rest.next()].map(|b| b.unwrap_or(b'0'));
                    let digits = String::from_utf8_lossy(&digits).into_owned();
                    u8::from_str_radix(&digits, 16).expect("two digits")
                }
                other => other,
            });
        }
        String::from_utf8(bytes).expect("UTF-8")
    };
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (plain(name), plain(value)))
        .collect()
}
