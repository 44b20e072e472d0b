//! What is asked about one group or one resident: a machine without IO.
//!
//! | what comes | what follows |
//! |---|---|
//! | the resident | the first search |
//! | 404 or 410 for the resident | over: the source has no such resident any more |
//! | a page of a search | its next page on the same origin, or the next search |
//! | 404 or 410 for a next page | that search from its beginning, once |
//! | 429, 5xx, `transient`, a page for people, an unreadable page | again later; in the end that search is missing; the next one |
//! | no connection | again later; in the end the crawl stops and is kept |
//! | an answer that is too large | that search is missing; of a group: no members |
//! | another 4xx, a page that leads back or elsewhere, one about others, fewer than promised | that search is missing; the next one |

use jiff::{SignedDuration, Timestamp};
use reqwest::{StatusCode, Url};
use serde::{Deserialize, Serialize};

use super::super::answers::{asks_to_wait, later, page_for_people, said, said_of_a_person};
use super::super::http::{Heard, usable};
use super::super::retry_after;
use super::page::{self, Page};
use crate::delivery::clamped_retry;

/// Answers in a row that tell nothing, until that search is given up.
const MOST_TRIES: u32 = 6;
/// Answers that ask for patience, until that search is given up: with waits of an hour at most.
const MOST_WAITS: u32 = 100;
/// A server is never asked to wait for longer than this, whatever it says.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(1);
/// Pages of one search about one resident.
const MOST_PAGES: usize = 1_000;

/// Why a crawl stopped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CrawlFailure {
    /// The members of the group are not to be had.
    #[error(
        "the server does not say who is in the group: {0}\nhint: `--members FILE` names the residents, one Patient id a line"
    )]
    Members(String),
    /// The token is not accepted.
    #[error(
        "the server does not accept our token any more: {0}\nhint: what was read is kept; the same command goes on with it"
    )]
    Unauthorised(String),
    /// Residents in a row of whom something was given up: the server fails, and not they.
    #[error(
        "the server gave no usable answer about {residents} residents in a row, last: {last}\nhint: what was read before is kept; the same command goes on with it"
    )]
    Failing {
        /// How many.
        residents: u32,
        /// What it said of the last one.
        last: String,
    },
    /// Too many answers that told nothing.
    #[error(
        "the server gave no usable answer {tries} times in a row, last: {last}\nhint: what was read is kept; the same command goes on with it"
    )]
    NoAnswer {
        /// How many.
        tries: u32,
        /// The last one.
        last: String,
    },
}

/// What is known about one resident, as lines of an export.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Resource type and line, in the order in which they came. Holds data of people: no `Debug`.
    pub lines: Vec<(String, Vec<u8>)>,
    /// Resource types of which something is missing.
    pub missing: Vec<String>,
    /// Whether the source has no such resident any more.
    pub is_gone: bool,
    /// The ids of a group's members.
    pub members: Vec<String>,
    /// What the server said in the end where it was asked in vain, in words that name nobody.
    pub given_up: Option<String>,
    /// The earliest time on the server's clock at an answer, whatever it said.
    pub date: Option<String>,
}

/// Something to ask for.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Query {
    /// Who is in a group.
    Group(String),
    /// The resident.
    Patient(String),
    /// Resources of a type about the resident.
    Search { kind: String, patient: String },
}

/// What happened.
pub(super) enum Event {
    /// It is time.
    Woke,
    /// An answer to what was asked.
    Heard(Heard),
}

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Ask for this address, and say what was heard.
    Ask(Url),
    /// Wait until then.
    WaitUntil(Timestamp),
    /// Everything was asked.
    Done,
    /// The crawl stops.
    Stop(CrawlFailure),
}

/// Where a conversation is.
pub(super) struct Conversation {
    base: Url,
    queries: Vec<Query>,
    /// The query under way.
    at: usize,
    /// Its next page.
    next: Option<Url>,
    /// Its pages so far.
    pages: Vec<Url>,
    /// Lines before it began.
    before: usize,
    /// Whether it was begun from its beginning again.
    again: bool,
    /// Answers that told nothing, and that asked for patience.
    tries: u32,
    waits: u32,
    pub(super) found: Found,
}

impl Conversation {
    pub(super) fn new(base: &Url, queries: Vec<Query>) -> Self {
        Self {
            base: base.clone(),
            queries,
            at: 0,
            next: None,
            pages: Vec::new(),
            before: 0,
            again: false,
            tries: 0,
            waits: 0,
            found: Found::default(),
        }
    }

    /// Queries about one resident.
    pub(super) fn about(patient: &str, types: &[String]) -> Vec<Query> {
        let of = |kind: &String| {
            let patient = patient.to_owned();
            if kind == "Patient" {
                return Query::Patient(patient);
            }
            let kind = kind.clone();
            Query::Search { kind, patient }
        };
        // First the resident: who is gone is not searched for.
        let (first, rest): (Vec<_>, Vec<_>) = types.iter().partition(|kind| *kind == "Patient");
        first.into_iter().chain(rest).map(of).collect()
    }

    fn address(&self, query: &Query) -> Option<Url> {
        let mut url = self.base.clone();
        let mut path = url.path_segments_mut().ok()?;
        path.pop_if_empty();
        match query {
            Query::Group(id) => path.extend(["Group", id]),
            Query::Patient(id) => path.extend(["Patient", id]),
            Query::Search { kind, .. } => path.push(kind),
        };
        drop(path);
        if let Query::Search { patient, .. } = query {
            url.query_pairs_mut()
                .append_pair("patient", patient)
                .append_pair("_count", "200");
        }
        Some(url)
    }

    fn ask(&mut self) -> Action {
        let Some(query) = self.queries.get(self.at) else {
            return Action::Done;
        };
        match self.next.clone().or_else(|| self.address(query)) {
            Some(url) => Action::Ask(url),
            None => self.without_the_rest(),
        }
    }

    /// The next query.
    fn goes_on(&mut self) -> Action {
        self.at += 1;
        (self.next, self.again, self.tries, self.waits) = (None, false, 0, 0);
        self.pages.clear();
        self.before = self.found.lines.len();
        self.ask()
    }

    /// Notes that something of this query is missing; what came of it stays.
    fn without_the_rest(&mut self) -> Action {
        let kind = match self.queries.get(self.at) {
            None | Some(Query::Group(_)) => {
                let why = "its answer does not list them all".to_owned();
                return Action::Stop(CrawlFailure::Members(why));
            }
            Some(Query::Patient(_)) => "Patient",
            Some(Query::Search { kind, .. }) => kind,
        };
        self.found.missing.push(kind.to_owned());
        self.goes_on()
    }

    fn again_later(&mut self, now: Timestamp, heard: &Heard, why: String) -> Action {
        if asks_to_wait(heard) {
            self.waits += 1;
        } else {
            self.tries += 1;
        }
        if MOST_TRIES <= self.tries || MOST_WAITS <= self.waits {
            let is_about_a_resident = matches!(
                self.queries.get(self.at),
                Some(Query::Patient(_) | Query::Search { .. })
            );
            // Who is broken at the server must not keep everybody else waiting.
            if is_about_a_resident && matches!(heard, Heard::Answer(_)) {
                self.found.given_up = Some(why);
                return self.without_the_rest();
            }
            return Action::Stop(CrawlFailure::NoAnswer {
                tries: self.tries.max(self.waits),
                last: why,
            });
        }
        let told = match heard {
            Heard::Answer(answer) => retry_after::told(&answer.headers, now),
            Heard::Nothing(_) | Heard::TooLarge(_) => None,
        };
        let doubled = 1_i64 << (self.tries + self.waits).min(8);
        let wait = told.unwrap_or_else(|| SignedDuration::from_millis(250 * doubled));
        Action::WaitUntil(clamped_retry(now, wait, LONGEST_WAIT))
    }

    /// Why it should be asked again later, in words that name nobody.
    fn not_yet(heard: &Heard) -> Option<String> {
        match heard {
            Heard::Nothing(why) | Heard::TooLarge(why) => Some(why.clone()),
            Heard::Answer(answer) => {
                let is_later = later(heard).is_some() || answer.status.is_server_error();
                let told = || said_of_a_person(answer);
                is_later.then(told).or_else(|| page_for_people(heard))
            }
        }
    }

    fn heard(&mut self, now: Timestamp, heard: &Heard) -> Action {
        // What comes later than this may have changed since, however often we had to wait for it.
        if let Heard::Answer(answer) = heard {
            let date = answer.header("date").and_then(instant);
            self.found.date = earliest(self.found.date.take(), date);
        }
        // It would be no smaller another time.
        if let Heard::TooLarge(why) = heard {
            return match self.queries.get(self.at) {
                Some(Query::Group(_)) => Action::Stop(CrawlFailure::Members(why.clone())),
                Some(Query::Patient(_) | Query::Search { .. }) | None => self.without_the_rest(),
            };
        }
        if let Some(why) = Self::not_yet(heard) {
            return self.again_later(now, heard, why);
        }
        let Heard::Answer(answer) = heard else {
            return self.ask();
        };
        let Some(query) = self.queries.get(self.at).cloned() else {
            return Action::Done;
        };
        let is_gone = matches!(answer.status, StatusCode::NOT_FOUND | StatusCode::GONE);
        match (query, answer.status) {
            (_, StatusCode::UNAUTHORIZED) => {
                Action::Stop(CrawlFailure::Unauthorised(said_of_a_person(answer)))
            }
            (Query::Group(_), StatusCode::OK) => match page::members(&answer.body) {
                Some(members) => {
                    self.found.members = members;
                    self.goes_on()
                }
                None => self.without_the_rest(),
            },
            (Query::Group(_), _) => Action::Stop(CrawlFailure::Members(said(answer))),
            (Query::Patient(id), StatusCode::OK) => {
                match page::resource(&answer.body, "Patient", &id) {
                    Some(line) => {
                        self.found.lines.push(("Patient".to_owned(), line));
                        self.goes_on()
                    }
                    None => self.without_the_rest(),
                }
            }
            (Query::Patient(_), _) if is_gone => {
                self.found.is_gone = true;
                Action::Done
            }
            (Query::Search { patient, .. }, StatusCode::OK) => {
                match Page::read(&answer.body, &patient) {
                    Some(page) => self.page(page),
                    None => self.again_later(now, heard, "its answer is no Bundle".to_owned()),
                }
            }
            (Query::Search { .. }, _) if is_gone && self.next.is_some() && !self.again => {
                self.again = true;
                self.next = None;
                self.pages.clear();
                self.found.lines.truncate(self.before);
                self.ask()
            }
            (Query::Patient(_) | Query::Search { .. }, _) => self.without_the_rest(),
        }
    }

    fn page(&mut self, page: Page) -> Action {
        (self.tries, self.waits) = (0, 0);
        if page.is_about_others {
            return self.without_the_rest();
        }
        self.found.lines.extend(page.found);
        if page.has_errors {
            return self.without_the_rest();
        }
        let Some(next) = page.next else {
            let came = (self.found.lines.len() - self.before) as u64;
            if page.total.is_some_and(|total| came < total) {
                return self.without_the_rest();
            }
            return self.goes_on();
        };
        let own = usable(&next).filter(|url| url.origin() == self.base.origin());
        match own {
            Some(url) if !self.pages.contains(&url) && self.pages.len() < MOST_PAGES => {
                self.pages.push(url.clone());
                self.next = Some(url);
                self.ask()
            }
            Some(_) | None => self.without_the_rest(),
        }
    }
}

/// What happens next.
pub(super) fn step(conversation: &mut Conversation, now: Timestamp, event: Event) -> Action {
    match event {
        Event::Woke => conversation.ask(),
        Event::Heard(heard) => conversation.heard(now, &heard),
    }
}

/// The earlier of two instants in whole seconds of UTC, whose texts sort as they do.
#[must_use]
pub fn earliest(one: Option<String>, other: Option<String>) -> Option<String> {
    [one, other].into_iter().flatten().min()
}

/// An HTTP date as an instant of FHIR.
fn instant(text: &str) -> Option<String> {
    let date = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(date.timestamp().to_string())
}
