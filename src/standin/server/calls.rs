//! A request as the interactions see it.

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, Method, Request, header};

use super::answers::{Answer, bad_request};
use super::store::hash;

/// No resource or transaction of a test is larger.
const LARGEST: usize = 32 << 20;

/// One request, read to its end.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    /// The path without the leading slash.
    pub(super) path: String,
    /// The query as it was written.
    pub(super) query: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// `http://` and the host by which the client knows this server.
    pub(super) origin: String,
}

impl Call {
    /// Reads a request. `here` is the address to name when the client names none.
    pub(super) async fn read(request: Request<Body>, here: &str) -> Result<Call, Answer> {
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, LARGEST)
            .await
            .map_err(|_| bad_request("the body ended early or is larger than 32 MiB"))?;
        let host = parts
            .headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok());
        Ok(Call {
            method: parts.method,
            path: parts.uri.path().trim_start_matches('/').to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            origin: format!("http://{}", host.unwrap_or(here)),
            headers: parts.headers,
            body,
        })
    }

    /// A header as text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// True when `Prefer` asks for this.
    pub(super) fn prefers(&self, what: &str) -> bool {
        let list = self.header("prefer").unwrap_or_default();
        list.split([',', ';'])
            .any(|preference| preference.trim() == what)
    }

    /// The FHIR base address as the client knows it.
    pub(super) fn base(&self) -> String {
        format!("{}/fhir", self.origin)
    }

    /// What tells this request from others, apart from its body, which may hold the time of day.
    pub(super) fn fingerprint(&self) -> u64 {
        let condition = self.header("if-none-exist").unwrap_or_default();
        hash(&[self.method.as_str(), &self.path, &self.query, condition])
    }
}

/// The names and values of a query or a form.
pub(super) fn pairs(query: &str) -> Vec<(String, String)> {
    let parts = query.split('&').filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (decoded(name), decoded(value))
        })
        .collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let code = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let code = code.and_then(|two| u8::from_str_radix(two, 16).ok());
        match (first, code) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            (b'+', _) => bytes.push(b' '),
            (byte, _) => bytes.push(*byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A value as it stands in a query.
pub(super) fn encoded(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/,".contains(&byte);
    value
        .bytes()
        .map(|byte| {
            if plain(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded_and_encoded() {
        let query = "identifier=urn%3Ax%7Ck+1&status=active&odd=%zz&empty";
        let read = pairs(query);
        let expected = [
            ("identifier", "urn:x|k 1"),
            ("status", "active"),
            ("odd", "%zz"),
            ("empty", ""),
        ];
        assert_eq!(
            read,
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
        assert_eq!(pairs(&format!("x={}", encoded("a|b &ä")))[0].1, "a|b &ä");
    }
}
