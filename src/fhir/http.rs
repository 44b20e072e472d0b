//! One request and its whole answer, for conversations in which each answer is small.

use std::net::IpAddr;
use std::sync::OnceLock;

use reqwest::header::HeaderMap;
use reqwest::{Client, ClientBuilder, RequestBuilder, Response, StatusCode, Url, redirect};
use serde::Deserialize;

/// A larger answer is not read: manifests of a city are some megabytes.
pub(super) const MAX_BYTES: usize = 64 << 20;
/// Characters of a server's text that are repeated to people.
const SHOWN: usize = 200;

/// What came of a request.
pub(super) enum Heard {
    /// A whole answer.
    Answer(Answer),
    /// None, or not a whole one; why, without an address or a token.
    Nothing(String),
    /// One that is larger than it may be, which is not read; in words.
    TooLarge(String),
}

/// A whole answer.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

#[cfg(test)]
impl Heard {
    /// A whole answer, for machines that are told of one.
    pub(super) fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        let header = |(name, value): &(&str, &str)| {
            let name: reqwest::header::HeaderName = name.parse().expect("a header name");
            (name, value.parse().expect("a header value"))
        };
        Self::Answer(Answer {
            status: StatusCode::from_u16(status).expect("a status"),
            headers: headers.iter().map(header).collect(),
            body: body.as_bytes().to_vec(),
        })
    }
}

impl Answer {
    /// A header's text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Sends a request and reads the answer to its end.
pub(super) async fn hear(request: RequestBuilder) -> Heard {
    match request.send().await {
        Ok(response) => read(response).await,
        Err(error) => Heard::Nothing(why(error)),
    }
}

/// Why a body did not come whole.
pub(super) enum NotWhole {
    /// The connection broke.
    Broke(reqwest::Error),
    /// It is larger than it may be.
    TooLarge,
}

/// Reads a body to its end, or as far as it comes.
pub(super) async fn read_body(
    response: &mut Response,
    max_bytes: usize,
) -> (Vec<u8>, Result<(), NotWhole>) {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return (body, Ok(())),
            Err(error) => return (body, Err(NotWhole::Broke(error))),
        }
        if max_bytes < body.len() {
            return (body, Err(NotWhole::TooLarge));
        }
    }
}

/// Reads the rest of an answer.
pub(super) async fn read(response: Response) -> Heard {
    read_up_to(MAX_BYTES, response).await
}

/// Reads the rest of an answer that may have so many bytes.
pub(super) async fn read_up_to(max_bytes: usize, mut response: Response) -> Heard {
    let body = match read_body(&mut response, max_bytes).await {
        (body, Ok(())) => body,
        (_, Err(NotWhole::Broke(error))) => return Heard::Nothing(why(error)),
        (_, Err(NotWhole::TooLarge)) => {
            return Heard::TooLarge(format!("the answer is larger than {max_bytes} bytes"));
        }
    };
    Heard::Answer(Answer {
        status: response.status(),
        headers: response.headers().clone(),
        body,
    })
}

/// Why a request failed, without its address, which may hold a capability or an id.
pub(super) fn why(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

/// Follows redirects on the same origin only, five at most: a token must not travel.
pub(super) fn same_origin_only() -> redirect::Policy {
    redirect::Policy::custom(|attempt| {
        if stays(&attempt) {
            attempt.follow()
        } else {
            attempt.error("a redirect to another origin, which is not followed")
        }
    })
}

/// Whether a redirect leads to where it came from, and not in circles.
fn stays(attempt: &redirect::Attempt<'_>) -> bool {
    let mut asked = attempt.previous().iter();
    let n_asked = asked.len();
    asked.all(|url| url.origin() == attempt.url().origin()) && n_asked < 5
}

/// How a client is set up, beside whom it trusts.
type Settings = Box<dyn Fn(ClientBuilder) -> ClientBuilder + Send + Sync>;

/// Clients for a conversation that may leave its first origin: for http on this machine, and for
/// https, for which all certificates of the system are read. Each is made when it is first needed.
pub(super) struct Clients {
    settings: Settings,
    on_this_machine: OnceLock<Client>,
    verifying: OnceLock<Client>,
}

impl Clients {
    /// For a conversation that begins at an address; the client for that is made at once.
    ///
    /// # Errors
    ///
    /// When no client can be made.
    pub(super) fn new(
        base: &Url,
        settings: impl Fn(ClientBuilder) -> ClientBuilder + Send + Sync + 'static,
    ) -> Result<Self, reqwest::Error> {
        let clients = Self {
            settings: Box::new(settings),
            on_this_machine: OnceLock::new(),
            verifying: OnceLock::new(),
        };
        clients.to(base)?;
        Ok(clients)
    }

    /// The client for an address.
    ///
    /// # Errors
    ///
    /// When none can be made.
    pub(super) fn to(&self, url: &Url) -> Result<&Client, reqwest::Error> {
        let client = match url.scheme() {
            "http" => &self.on_this_machine,
            _ => &self.verifying,
        };
        if let Some(made) = client.get() {
            return Ok(made);
        }
        let made = (self.settings)(client_of(url)).build()?;
        Ok(client.get_or_init(|| made))
    }
}

/// Follows redirects on the same origin only, five at most; any other is the answer itself, so that
/// whoever asked sees that the server points elsewhere, and does not take it for a lost connection.
pub(super) fn stays_at_origin() -> redirect::Policy {
    redirect::Policy::custom(|attempt| {
        if stays(&attempt) {
            attempt.follow()
        } else {
            attempt.stop()
        }
    })
}

/// A client for one origin, which it never leaves.
///
/// On this machine without https nothing is verified: a trial with hundreds of short visits does not
/// read all certificates of the system for each.
pub(super) fn client_of(base: &Url) -> ClientBuilder {
    let builder = Client::builder();
    if base.scheme() == "http" {
        builder.tls_certs_only([])
    } else {
        builder
    }
}

/// An address that may be asked: https, or http on this machine.
pub(super) fn usable(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let host = url.host_str()?;
    (url.scheme() == "https" || url.scheme() == "http" && is_this_machine(host)).then_some(url)
}

/// Whether a host is this machine by its name or address, `[::1]` with or without brackets.
pub(crate) fn is_this_machine(host: &str) -> bool {
    host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse::<IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}

/// What an `OperationOutcome` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    /// `issue.code` and `issue.severity` of each issue.
    issues: Vec<(String, String)>,
    /// The first text for people, cut to a line.
    pub(super) text: Option<String>,
}

impl Outcome {
    /// Reads an `OperationOutcome`; `None` when it is something else.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let wire: WireOutcome = serde_json::from_slice(body).ok()?;
        if wire.resource_type != "OperationOutcome" {
            return None;
        }
        let texts = wire.issue.iter().filter_map(|issue| {
            let details = issue.details.as_ref().and_then(|d| d.text.as_deref());
            issue.diagnostics.as_deref().or(details)
        });
        let text = texts.map(shown).find(|text| !text.is_empty());
        let issues = wire.issue.into_iter();
        Some(Self {
            issues: issues
                .map(|issue| {
                    (
                        issue.code.unwrap_or_default(),
                        issue.severity.unwrap_or_default(),
                    )
                })
                .collect(),
            text,
        })
    }

    /// Whether the server says that asking again may help.
    pub(super) fn is_transient(&self) -> bool {
        self.issues.iter().any(|(code, _)| code == "transient")
    }

    /// The code of the first issue; texts of outcomes about an export may name patients.
    pub(super) fn code(&self) -> Option<String> {
        let (code, severity) = self.issues.first()?;
        Some(format!("{code} ({severity})"))
    }

    /// Whether it speaks of something that went wrong or is left out, and not just of something to know.
    pub(super) fn is_error(&self) -> bool {
        let mild = |severity: &str| matches!(severity, "information" | "warning" | "success");
        // However mildly it is said, something is not there.
        let left_out = |code: &str| {
            matches!(
                code,
                "incomplete" | "timeout" | "throttled" | "suppressed" | "too-costly"
            )
        };
        let mut issues = self.issues.iter();
        issues.any(|(code, severity)| !mild(severity) || left_out(code))
    }
}

/// The first line of a text, cut short.
pub(super) fn shown(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.chars()
        .filter(|c| !c.is_control())
        .take(SHOWN)
        .collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireOutcome {
    resource_type: String,
    #[serde(default)]
    issue: Vec<WireIssue>,
}

#[derive(Deserialize)]
struct WireIssue {
    severity: Option<String>,
    code: Option<String>,
    diagnostics: Option<String>,
    details: Option<WireDetails>,
}

#[derive(Deserialize)]
struct WireDetails {
    text: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_and_this_machine_are_asked() {
        for (text, is_usable) in [
            ("https://fhir.example.org/R4", true),
            ("http://127.0.0.1:80/fhir", true),
            ("http://[::1]:80/fhir", true),
            ("http://localhost/fhir", true),
            ("http://fhir.example.org/R4", false),
            ("http://127.0.0.1.example.org/", false),
            ("/bulk/1", false),
            ("ftp://127.0.0.1/", false),
        ] {
            assert_eq!(usable(text).is_some(), is_usable, "{text}");
        }
    }

    #[test]
    fn an_outcome_is_told_from_other_bodies() {
        let transient = br#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"transient","diagnostics":"a\nb"}]}"#;
        let outcome = Outcome::read(transient).expect("an outcome");
        assert!(outcome.is_transient() && outcome.is_error());
        assert_eq!(outcome.text.as_deref(), Some("a"));
        let mild = br#"{"resourceType":"OperationOutcome","issue":[{"severity":"warning","code":"informational","details":{"text":"x"}}]}"#;
        let outcome = Outcome::read(mild).expect("an outcome");
        assert!(!outcome.is_transient() && !outcome.is_error());
        assert_eq!(outcome.text.as_deref(), Some("x"));
        assert_eq!(Outcome::read(b"<html>"), None);
        assert_eq!(Outcome::read(br#"{"resourceType":"Bundle"}"#), None);
    }
}
