//! A server that exports as it is told to, one answer after another, and remembers what it was asked.
//!
//! It shares no code with the client: it has one address for everything and knows no FHIR beyond
//! what a story lets it say.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{Request, Response};
use serde_json::{Value, json};
use tokio::runtime::Builder;
use tokio::sync::oneshot::{Sender, channel};

/// The token that it gives, always the same.
pub(crate) const TOKEN: &str = "a-token-that-nobody-else-may-see";

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) authorization: Option<String>,
    pub(crate) prefer: Option<String>,
    pub(crate) body: String,
}

/// An answer as it goes.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// It never goes: the connection stays open.
    hangs: bool,
}

impl Reply {
    pub(crate) fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            hangs: false,
        }
    }

    pub(crate) fn hangs() -> Self {
        Self {
            hangs: true,
            ..Self::status(200)
        }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::status(status)
            .with("content-type", "application/json")
            .body(body.to_string())
    }

    /// An `OperationOutcome` with one issue.
    pub(crate) fn outcome(status: u16, code: &str, diagnostics: &str) -> Self {
        let issue = json!([{ "severity": "error", "code": code, "diagnostics": diagnostics }]);
        Self::json(
            status,
            &json!({ "resourceType": "OperationOutcome", "issue": issue }),
        )
    }

    pub(crate) fn page(status: u16) -> Self {
        Self::status(status)
            .with("content-type", "text/html; charset=utf-8")
            .body("<html><body>Palvelussa on katko</body></html>")
    }
}

#[derive(Default)]
struct Script {
    /// Answers by method and path, the last of which repeats.
    answers: BTreeMap<String, Vec<Reply>>,
    asked: Vec<Asked>,
}

type Shared = Arc<Mutex<Script>>;

/// The server; it ends with the story.
pub(crate) struct Exporter {
    address: SocketAddr,
    script: Shared,
    _stop: Sender<()>,
}

impl Exporter {
    /// A server that takes an export of group `g` at once and has nothing to say yet.
    pub(crate) fn new() -> Self {
        let script = Shared::default();
        let (stop, stopped) = channel::<()>();
        let (tell, told) = std::sync::mpsc::channel();
        let shared = Arc::clone(&script);
        thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async move {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
                let listener = listener.expect("a free port");
                let address = listener.local_addr().expect("an address");
                tell.send(address).expect("the story waits");
                let router = Router::new().fallback(answer).with_state(shared);
                tokio::select! {
                    served = axum::serve(listener, router) => served.expect("it serves"),
                    _ = stopped => {}
                }
            });
        });
        let address = told.recv().expect("it listens");
        let exporter = Self {
            address,
            script,
            _stop: stop,
        };
        let token = json!({
            "access_token": TOKEN, "token_type": "bearer", "expires_in": 300, "scope": "system/*.rs",
        });
        let place = exporter.at("/token");
        let configuration = json!({ "token_endpoint": place });
        exporter.says(
            "GET /fhir/.well-known/smart-configuration",
            &[Reply::json(200, &configuration)],
        );
        exporter.says("POST /token", &[Reply::json(200, &token)]);
        let status = exporter.at("/status/1");
        let taken = Reply::status(202).with("content-location", &status);
        exporter.says("GET /fhir/Group/g/$export", &[taken]);
        exporter.says("DELETE /status/1", &[Reply::status(202)]);
        exporter
    }

    /// An address on it.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What it answers to a method and path, time after time; the last answer repeats.
    pub(crate) fn says(&self, asked: &str, answers: &[Reply]) {
        let mut script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
        script.answers.insert(asked.to_owned(), answers.to_vec());
    }

    /// What it would answer now.
    pub(crate) fn answer_to(&self, asked: &str) -> Reply {
        let script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
        script.answers[asked][0].clone()
    }

    /// What it was asked, in order, by method and path.
    pub(crate) fn was_asked(&self, what: &str) -> Vec<Asked> {
        let script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it = |asked: &&Asked| name(&asked.method, &asked.target) == what;
        script.asked.iter().filter(is_it).cloned().collect()
    }

    /// Everything it was asked.
    pub(crate) fn everything_asked(&self) -> Vec<Asked> {
        let script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
        script.asked.clone()
    }

    /// A manifest of files at these addresses: type, address, count.
    pub(crate) fn manifest(&self, files: &[(&str, &str, Option<u64>)]) -> Value {
        let output = files.iter().map(|(kind, url, count)| {
            let mut file = json!({ "type": kind, "url": url });
            if let Some(count) = count {
                file["count"] = json!(count);
            }
            file
        });
        json!({
            "transactionTime": "2025-10-20T10:00:00Z",
            "request": self.at("/fhir/Group/g/$export"),
            "requiresAccessToken": true,
            "output": output.collect::<Vec<_>>(),
            "error": [],
        })
    }

    /// Has files ready, each under its type's name, and a manifest of them.
    pub(crate) fn has(&self, files: &BTreeMap<String, String>) -> Value {
        let urls: Vec<String> = files
            .keys()
            .map(|kind| self.at(&format!("/file/{kind}")))
            .collect();
        let listed = files.iter().zip(&urls).map(|((kind, text), url)| {
            let reply = Reply::status(200).with("content-type", "application/fhir+ndjson");
            self.says(&format!("GET /file/{kind}"), &[reply.body(text.clone())]);
            (
                kind.as_str(),
                url.as_str(),
                Some(text.lines().count() as u64),
            )
        });
        let manifest = self.manifest(&listed.collect::<Vec<_>>());
        self.says("GET /status/1", &[Reply::json(200, &manifest)]);
        manifest
    }
}

fn name(method: &str, target: &str) -> String {
    let path = target.split('?').next().unwrap_or_default();
    format!("{method} {path}")
}

async fn answer(State(script): State<Shared>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.expect("a small body");
    let header = |name: &str| {
        let value = parts.headers.get(name)?;
        Some(value.to_str().expect("text").to_owned())
    };
    let asked = Asked {
        method: parts.method.to_string(),
        target: parts
            .uri
            .path_and_query()
            .map(ToString::to_string)
            .unwrap_or_default(),
        authorization: header("authorization"),
        prefer: header("prefer"),
        body: String::from_utf8(body.to_vec()).expect("text"),
    };
    let reply = {
        let mut script = script.lock().unwrap_or_else(PoisonError::into_inner);
        // Told with its query, or without.
        let exact = format!("{} {}", asked.method, asked.target);
        let name = if script.answers.contains_key(&exact) {
            exact
        } else {
            name(&asked.method, &asked.target)
        };
        script.asked.push(asked);
        match script.answers.get_mut(&name) {
            None => Reply::outcome(404, "not-found", "nothing is here"),
            Some(answers) if 1 < answers.len() => answers.remove(0),
            Some(answers) => answers
                .first()
                .cloned()
                .unwrap_or_else(|| Reply::status(404)),
        }
    };
    if reply.hangs {
        tokio::time::sleep(Duration::from_secs(3_600)).await;
    }
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(reply.body)).expect("a response")
}
