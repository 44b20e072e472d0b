//! Answers over HTTP: JSON, or what was wrong as an `OperationOutcome`.

use axum::body::Body;
use axum::http::header::{self, HeaderValue};
use axum::http::{Response, StatusCode};
use serde_json::Value;

use super::counts::CdsOutcome;
use crate::fhir::operation_outcome;

/// What is answered, and how it is counted.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// Null for an answer without a body.
    pub(super) body: Value,
    pub(super) outcome: CdsOutcome,
}

impl Answer {
    pub(super) const fn good(body: Value, outcome: CdsOutcome) -> Self {
        Self {
            status: StatusCode::OK,
            body,
            outcome,
        }
    }

    /// What was wrong. `why` says nothing about anybody.
    pub(super) fn wrong(status: StatusCode, why: &str, outcome: CdsOutcome) -> Self {
        let code = match status {
            StatusCode::NOT_FOUND | StatusCode::PRECONDITION_FAILED => "not-found",
            StatusCode::UNAUTHORIZED => "login",
            StatusCode::METHOD_NOT_ALLOWED | StatusCode::UNSUPPORTED_MEDIA_TYPE => "not-supported",
            StatusCode::PAYLOAD_TOO_LARGE => "too-long",
            StatusCode::SERVICE_UNAVAILABLE => "transient",
            StatusCode::INTERNAL_SERVER_ERROR => "exception",
            _ => "invalid",
        };
        Self {
            status,
            body: operation_outcome(code, why),
            outcome,
        }
    }

    pub(super) fn response(self) -> Response<Body> {
        let body = if self.body.is_null() {
            Body::empty()
        } else {
            Body::from(self.body.to_string())
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        let json = HeaderValue::from_static("application/json; charset=utf-8");
        headers.insert(header::CONTENT_TYPE, json);
        // Cards are about people: nobody on the way keeps them.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        );
        if self.status == StatusCode::UNAUTHORIZED {
            let bearer = HeaderValue::from_static("Bearer");
            headers.insert(header::WWW_AUTHENTICATE, bearer);
        }
        response
    }
}
