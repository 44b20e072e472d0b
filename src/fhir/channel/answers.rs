//! What an HTTP answer, or its lack, means for an order.
//!
//! | what came back | for the order | for the server |
//! |---|---|---|
//! | 201, or 200 with the address of a `ServiceRequest` | it is there | answered |
//! | 412 | several are there | answered |
//! | 429 | not now | leave alone as told |
//! | 3xx, 401, 404, 407, 415 | not now: it is about us, not about this order | leave alone, five minutes |
//! | 403, 405, 501 | not by this way: the next may be taken; where there is none, not now | leave alone, five minutes, where there is none |
//! | other 4xx | no | answered |
//! | 503, other 5xx, 408, 409, other 2xx | nobody knows | leave alone as told, or for a while |
//! | no connection | it never left | leave alone for a while |
//! | anything else | nobody knows | leave alone for a while |
//!
//! A 503 may come from a gateway after the server behind it has done the work,
//! so it is not taken for a "no".

use jiff::{SignedDuration, Timestamp};
use reqwest::header::{HeaderMap, LOCATION};
use reqwest::{RequestBuilder, StatusCode};

use super::super::http::{NotWhole, read_body};
use super::super::retry_after::told;
use crate::delivery::{Answer, ServerNews, clamped_retry};

/// When an answer came, and how long a server may ask to be left alone.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    pub(super) now: Timestamp,
    pub(super) longest: SignedDuration,
}

impl Moment {
    pub(super) fn after(self, wait: SignedDuration) -> Timestamp {
        clamped_retry(self.now, wait, self.longest)
    }
}

/// How long a server that refuses us, not the order, is left alone.
const REFUSES_US: SignedDuration = SignedDuration::from_mins(5);
const SHORT: SignedDuration = SignedDuration::from_secs(5);

/// What came of a request.
pub(super) enum Sent {
    /// A whole answer.
    Answered {
        status: StatusCode,
        headers: HeaderMap,
        body: Vec<u8>,
    },
    /// It never left.
    Unsent,
    /// Anything may have happened.
    Silence,
}

/// Sends a request and reads the answer to its end.
pub(super) async fn sent(request: RequestBuilder, max_bytes: usize) -> Sent {
    let mut response = match request.send().await {
        Ok(response) => response,
        // Only a connection that never stood says for sure that nothing was sent.
        Err(error) if error.is_connect() || error.is_builder() => return Sent::Unsent,
        Err(_) => return Sent::Silence,
    };
    let body = match read_body(&mut response, max_bytes).await {
        (body, Ok(())) => body,
        // The status stands; only the body is missing.
        (body, Err(NotWhole::Broke(_))) if response.status() == StatusCode::CREATED => body,
        (_, Err(NotWhole::Broke(_) | NotWhole::TooLarge)) => return Sent::Silence,
    };
    Sent::Answered {
        status: response.status(),
        headers: response.headers().clone(),
        body,
    }
}

/// What the answer to a create means.
pub(super) fn created(
    status: StatusCode,
    headers: &HeaderMap,
    at: Moment,
    reference: impl Fn(&str) -> Option<String>,
) -> (Answer, ServerNews) {
    match status {
        StatusCode::OK | StatusCode::CREATED => {
            let location = headers.get(LOCATION).and_then(|value| value.to_str().ok());
            let reference = location.and_then(reference);
            if status == StatusCode::OK && reference.is_none() {
                // A page of a gateway is also a 200.
                return (Answer::Silence, ServerNews::Answered);
            }
            (Answer::Accepted { reference }, ServerNews::Answered)
        }
        StatusCode::PRECONDITION_FAILED => (Answer::Several, ServerNews::Answered),
        StatusCode::TOO_MANY_REQUESTS => {
            let retry_at = at.after(told(headers, at.now).unwrap_or(SHORT));
            (Answer::Later { retry_at }, ServerNews::Wait(retry_at))
        }
        _ => match refused_news(status) {
            // It says that it takes such things, and takes none of ours.
            Some(wait) if is_closed(status) => {
                let retry_at = at.after(wait);
                (Answer::Closed { retry_at }, ServerNews::Answered)
            }
            Some(wait) => {
                let retry_at = at.after(wait);
                (Answer::Later { retry_at }, ServerNews::Wait(retry_at))
            }
            None if status == StatusCode::REQUEST_TIMEOUT || status == StatusCode::CONFLICT => {
                (Answer::Silence, ServerNews::Answered)
            }
            None if status.is_client_error() => {
                (Answer::TurnedDown(status.as_u16()), ServerNews::Answered)
            }
            None => (Answer::Silence, not_now(status, headers, at)),
        },
    }
}

/// Whether an answer says that nothing of ours will be taken this way.
fn is_closed(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::FORBIDDEN | StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED
    )
}

/// How long to wait when an answer is about us and not about the order: a token, an address, a right.
pub(super) fn refused_news(status: StatusCode) -> Option<SignedDuration> {
    let is_about_us = matches!(
        status,
        StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
            | StatusCode::NOT_FOUND
            | StatusCode::METHOD_NOT_ALLOWED
            | StatusCode::PROXY_AUTHENTICATION_REQUIRED
            | StatusCode::UNSUPPORTED_MEDIA_TYPE
            | StatusCode::NOT_IMPLEMENTED
    ) || status.is_redirection();
    is_about_us.then_some(REFUSES_US)
}

/// What an answer that is no success tells about the server.
pub(super) fn not_now(status: StatusCode, headers: &HeaderMap, at: Moment) -> ServerNews {
    if let Some(wait) = told(headers, at.now) {
        return ServerNews::Wait(at.after(wait));
    }
    if let Some(wait) = refused_news(status) {
        return ServerNews::Wait(at.after(wait));
    }
    if status.is_client_error() {
        return ServerNews::Answered;
    }
    ServerNews::Failed
}

/// When to ask again, given what was learned about the server.
pub(super) fn waiting(news: ServerNews, at: Moment) -> Timestamp {
    match news {
        ServerNews::Wait(until) => until,
        ServerNews::NotAsked | ServerNews::Answered | ServerNews::Failed => at.after(SHORT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::{HeaderValue, RETRY_AFTER};

    fn meaning(status: u16, retry_after: Option<&'static str>) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(
            LOCATION,
            HeaderValue::from_static("ServiceRequest/7/_history/1"),
        );
        if let Some(text) = retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from_static(text));
        }
        let status = StatusCode::from_u16(status).expect("a status");
        let now = Timestamp::from_second(784_111_777).expect("Sun, 06 Nov 1994 08:49:37 GMT");
        let seconds = |at: Timestamp| at.duration_since(now).as_secs();
        let longest = SignedDuration::from_hours(1);
        let at = Moment { now, longest };
        let (answer, news) = created(status, &headers, at, |text| Some(text.to_owned()));
        let answer = match answer {
            Answer::Accepted { reference } => format!("there as {reference:?}"),
            Answer::TurnedDown(status) => format!("no {status}"),
            Answer::Later { retry_at } => format!("later by {}", seconds(retry_at)),
            Answer::NotSent { .. } => "never left".to_owned(),
            Answer::Several => "several".to_owned(),
            Answer::Closed { retry_at } => format!("closed, later by {}", seconds(retry_at)),
            Answer::NotTaken | Answer::HandedOver { .. } => "no answer of HTTP".to_owned(),
            Answer::Silence => "unknown".to_owned(),
        };
        let news = match news {
            ServerNews::Wait(until) => format!("wait {}", seconds(until)),
            ServerNews::NotAsked | ServerNews::Answered | ServerNews::Failed => {
                format!("{news:?}").to_lowercase()
            }
        };
        format!("{answer}; {news}")
    }

    #[test]
    fn a_200_that_names_no_order_is_no_order() {
        let at = Moment {
            now: Timestamp::UNIX_EPOCH,
            longest: SHORT,
        };
        let (answer, _) = created(StatusCode::OK, &HeaderMap::new(), at, |_| None);
        assert_eq!(answer, Answer::Silence);
        let (answer, _) = created(StatusCode::CREATED, &HeaderMap::new(), at, |_| None);
        assert_eq!(answer, Answer::Accepted { reference: None });
    }

    #[test]
    fn each_answer_means_one_thing() {
        let there = "there as Some(\"ServiceRequest/7/_history/1\"); answered";
        for (status, retry_after, expected) in [
            (200, None, there),
            (201, None, there),
            (202, None, "unknown; failed"),
            (302, None, "later by 300; wait 300"),
            (307, None, "later by 300; wait 300"),
            (400, None, "no 400; answered"),
            (401, None, "later by 300; wait 300"),
            (403, None, "closed, later by 300; answered"),
            (404, None, "later by 300; wait 300"),
            (405, None, "closed, later by 300; answered"),
            (408, None, "unknown; answered"),
            (409, None, "unknown; answered"),
            (412, None, "several; answered"),
            (415, None, "later by 300; wait 300"),
            (422, None, "no 422; answered"),
            (429, None, "later by 5; wait 5"),
            (429, Some("17"), "later by 17; wait 17"),
            (429, Some("0"), "later by 1; wait 1"),
            (429, Some("18000"), "later by 3600; wait 3600"),
            (429, Some("1790000000000"), "later by 5; wait 5"),
            (
                429,
                Some("Sun, 06 Nov 1994 08:50:07 GMT"),
                "later by 30; wait 30",
            ),
            (
                429,
                Some("Sun, 06 Nov 1994 08:00:00 GMT"),
                "later by 1; wait 1",
            ),
            (429, Some("soon"), "later by 5; wait 5"),
            (500, None, "unknown; failed"),
            (501, None, "closed, later by 300; answered"),
            (502, None, "unknown; failed"),
            (503, None, "unknown; failed"),
            (503, Some("90"), "unknown; wait 90"),
            (504, None, "unknown; failed"),
        ] {
            assert_eq!(meaning(status, retry_after), expected, "{status}");
        }
    }
}
