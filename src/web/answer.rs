//! Answers, and the headers that each of them has.

use axum::body::Body;
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use maud::Markup;

use super::sessions::Ticket;

/// Nothing runs, nothing is loaded from elsewhere, nobody frames us, and forms come back to us alone.
const CONTENT: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
    base-uri 'none'; frame-ancestors 'none'";

/// What every answer says beside its content.
const HEADERS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // What is in an address stays here; our own forms still say where they come from.
    (header::REFERRER_POLICY, "same-origin"),
    // Pages are about people: nobody on the way and no browser keeps them.
    (header::CACHE_CONTROL, "no-store"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];
/// Two years: browsers come back encrypted alone.
const ENCRYPTED: &str = "max-age=63072000";

/// What is answered.
pub(super) enum Content {
    /// A page.
    Page(StatusCode, Markup),
    /// Look there.
    See(String),
    /// The style sheet.
    Style(&'static str),
}

/// What the browser is to hold from now on.
pub(super) enum Cookie {
    /// What it holds already.
    Same,
    /// A new ticket.
    New(Ticket),
}

/// How browsers reach us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transport {
    /// Encrypted, by a proxy before us.
    Encrypted,
    /// Not, on this machine.
    Plain,
}

impl Transport {
    /// The name of the cookie. Browsers let nobody else set one that begins with `__Host-`.
    pub(super) const fn cookie(self) -> &'static str {
        match self {
            Self::Encrypted => "__Host-preventio",
            Self::Plain => "preventio",
        }
    }

    /// The ticket among the cookies of a request.
    pub(super) fn ticket(self, headers: &HeaderMap) -> Option<Ticket> {
        let lines = headers.get_all(header::COOKIE).iter();
        let lines = lines.filter_map(|line| line.to_str().ok());
        let mut pairs = lines
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='));
        let (_, ticket) = pairs.find(|(name, _)| *name == self.cookie())?;
        Ticket::read(ticket)
    }

    fn set_cookie(self, ticket: &Ticket) -> String {
        let secure = match self {
            Self::Encrypted => "; Secure",
            Self::Plain => "",
        };
        // Lax and not Strict: the way back from the provider begins at another site.
        format!(
            "{}={}; Path=/; HttpOnly; SameSite=Lax{secure}",
            self.cookie(),
            ticket.text()
        )
    }
}

/// The whole answer.
pub(super) fn response(transport: Transport, content: Content, cookie: Cookie) -> Response<Body> {
    let (status, kind, body) = match content {
        Content::Page(status, page) => (status, "text/html; charset=utf-8", page.into_string()),
        Content::Style(text) => (StatusCode::OK, "text/css; charset=utf-8", text.to_owned()),
        Content::See(to) => {
            let mut response = response(transport, Content::Style(""), cookie);
            *response.status_mut() = StatusCode::SEE_OTHER;
            // An address that is no header is none of ours: the start is.
            let to = HeaderValue::from_str(&to).unwrap_or(HeaderValue::from_static("/"));
            response.headers_mut().insert(header::LOCATION, to);
            return response;
        }
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if transport == Transport::Encrypted {
        let value = HeaderValue::from_static(ENCRYPTED);
        headers.insert(header::STRICT_TRANSPORT_SECURITY, value);
    }
    if let Cookie::New(ticket) = cookie
        && let Ok(value) = HeaderValue::from_str(&transport.set_cookie(&ticket))
    {
        headers.insert(header::SET_COOKIE, value);
    }
    response
}
