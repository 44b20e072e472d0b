//! A request, as pages see it: who asks, for what, with which words.

use std::net::IpAddr;

use axum::extract::{Form, FromRequest, Query, Request};
use axum::http::{HeaderMap, header};
use jiff::Timestamp;

use super::page::CSRF;
use super::route::{Route, Verb};
use super::sessions::{Session, Ticket};
use crate::config::Reach;
use crate::rulebook::Language;

/// A request that may be answered.
pub(super) struct Asked {
    pub(super) route: Route,
    /// From where it comes.
    pub(super) from: IpAddr,
    pub(super) now: Timestamp,
    /// What the browser holds.
    pub(super) ticket: Ticket,
    pub(super) session: Option<Session>,
    pub(super) language: Language,
    /// The fields of the form, or the words after the path.
    fields: Vec<(String, String)>,
}

/// What a request says of itself, before it is known who asks.
pub(super) struct Words {
    fields: Vec<(String, String)>,
}

impl Words {
    /// Reads what a request says; nothing when it cannot be read.
    pub(super) async fn read(route: Route, request: Request) -> Option<Self> {
        let fields = match route.verb() {
            Verb::Get => Query::try_from_uri(request.uri()).ok()?.0,
            Verb::Post => Form::from_request(request, &()).await.ok()?.0,
        };
        Some(Self { fields })
    }

    /// What the form is sealed with.
    pub(super) fn seal(&self) -> Option<&str> {
        field(&self.fields, CSRF)
    }

    pub(super) fn language(&self) -> Option<Language> {
        Language::called(field(&self.fields, "language")?)
    }

    pub(super) fn asked(
        self,
        (route, from, now): (Route, IpAddr, Timestamp),
        (ticket, session): (Ticket, Option<Session>),
        language: Language,
    ) -> Asked {
        Asked {
            route,
            from,
            now,
            ticket,
            session,
            language,
            fields: self.fields,
        }
    }
}

fn field<'f>(fields: &'f [(String, String)], name: &str) -> Option<&'f str> {
    let found = fields.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.as_str())
}

impl Asked {
    /// A field of the form, or a word after the path, without blanks around it; empty when it is not there.
    pub(super) fn field(&self, name: &str) -> &str {
        field(&self.fields, name).unwrap_or_default().trim()
    }

    /// Every field of that name, in their order.
    pub(super) fn fields(&self, name: &str) -> impl Iterator<Item = &str> {
        let found = self.fields.iter().filter(move |(known, _)| known == name);
        found.map(|(_, value)| value.trim())
    }

    /// Whom who asks may see.
    pub(super) fn reach(&self) -> &Reach {
        self.session
            .as_ref()
            .map_or(&Reach::Nobody, |session| &session.staff.reach)
    }

    /// How who asks stands on record; nobody's name where nobody has signed in.
    pub(super) fn who(&self) -> String {
        let session = self.session.as_ref();
        session.map_or_else(String::new, |session| session.staff.on_record())
    }
}

/// The first language of a browser that we speak; Finnish when there is none.
pub(super) fn language_of(headers: &HeaderMap) -> Language {
    let wanted = headers.get(header::ACCEPT_LANGUAGE);
    let wanted = wanted
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let mut codes = wanted.split(',').filter_map(|one| one.split(';').next());
    codes
        .find_map(|code| Language::of(code.trim()))
        .unwrap_or(Language::Finnish)
}
