//! What goes back to the client, and refusals as `OperationOutcome`.

use std::io;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

use super::chunks::Chunks;

/// The content type of FHIR JSON.
pub(super) const FHIR: &str = "application/fhir+json;charset=utf-8";
/// The content type of everything else.
pub(super) const JSON: &str = "application/json";

/// One answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) kind: &'static str,
    pub(super) headers: Vec<(HeaderName, String)>,
    /// All of the body, or the first chunk of a long one.
    pub(super) body: Vec<u8>,
    /// What follows that is made while it is sent.
    pub(super) rest: Option<Chunks>,
}

impl Answer {
    /// An answer with a FHIR resource.
    pub(super) fn resource(status: StatusCode, body: Vec<u8>) -> Answer {
        Answer {
            status,
            kind: FHIR,
            headers: Vec::new(),
            body,
            rest: None,
        }
    }

    /// An answer with JSON that is not FHIR.
    pub(super) fn plain(status: StatusCode, body: &Value) -> Answer {
        Answer {
            status,
            kind: JSON,
            headers: Vec::new(),
            body: body.to_string().into_bytes(),
            rest: None,
        }
    }

    /// The same with one more header.
    pub(super) fn with(mut self, name: HeaderName, value: impl Into<String>) -> Answer {
        self.headers.push((name, value.into()));
        self
    }

    /// The same with more to follow.
    pub(super) fn followed_by(
        mut self,
        rest: impl Iterator<Item = io::Result<Vec<u8>>> + Send + 'static,
    ) -> Answer {
        self.rest = Some(Chunks::new(rest));
        self
    }

    /// As bytes for the wire.
    pub(super) fn into_response(self) -> Response<Body> {
        let empty = self.body.is_empty();
        let body = match self.rest {
            None => Body::from(self.body),
            Some(rest) => rest.after(self.body),
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        if !empty {
            let kind = HeaderValue::from_static(self.kind);
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
        }
        for (name, value) in self.headers {
            // What a client sent may come back in a header; what cannot stand there is left out.
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

/// A refusal: HTTP status, FHIR issue type, and what to tell the client.
pub(super) fn refused(status: StatusCode, code: &str, diagnostics: &str) -> Answer {
    Answer::resource(
        status,
        outcome("error", code, diagnostics).to_string().into_bytes(),
    )
}

/// An `OperationOutcome` of one issue.
pub(super) fn outcome(severity: &str, code: &str, diagnostics: &str) -> Value {
    json!({
        "resourceType": "OperationOutcome",
        "issue": [{ "severity": severity, "code": code, "diagnostics": diagnostics }],
    })
}

pub(super) fn bad_request(diagnostics: &str) -> Answer {
    refused(StatusCode::BAD_REQUEST, "invalid", diagnostics)
}

pub(super) fn unprocessable(code: &str, diagnostics: &str) -> Answer {
    refused(StatusCode::UNPROCESSABLE_ENTITY, code, diagnostics)
}

pub(super) fn not_found(what: &str) -> Answer {
    refused(
        StatusCode::NOT_FOUND,
        "not-found",
        &format!("there is no {what}"),
    )
}

pub(super) fn precondition_failed(diagnostics: &str) -> Answer {
    refused(StatusCode::PRECONDITION_FAILED, "conflict", diagnostics)
}
