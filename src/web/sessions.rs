//! Who has signed in, and who is about to: in memory alone, so that a restart signs everybody out.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::config::{Reach, Role};
use crate::rulebook::Language;

/// How many may be signed in, and on their way to the provider, at once; more would be an attack.
const MOST: usize = 10_000;
/// How long somebody may take to sign in at the provider.
const SIGN_IN: SignedDuration = SignedDuration::from_mins(10);

/// A name that a browser holds for us in its cookie, and nobody can guess.
///
/// No `Debug`: whoever knows it is that person.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Ticket(String);

impl Ticket {
    /// A new one.
    pub(super) fn new() -> Result<Self, NoRandomness> {
        let mut bytes = [0; 32];
        aws_lc_rs::rand::fill(&mut bytes).map_err(|_| NoRandomness)?;
        Ok(Self(blake3::Hash::from_bytes(bytes).to_hex().to_string()))
    }

    /// The one that a cookie holds, when it looks like one.
    pub(super) fn read(text: &str) -> Option<Self> {
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (text.len() == 64 && text.bytes().all(is_hex)).then(|| Self(text.to_owned()))
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// What is kept of it: who reads our memory cannot sign in by it.
    fn kept(&self) -> [u8; 32] {
        *blake3::hash(self.0.as_bytes()).as_bytes()
    }
}

/// The system has no random numbers: nobody can sign in.
#[derive(Debug, thiserror::Error)]
#[error("the system has no random numbers: nobody can sign in")]
pub(super) struct NoRandomness;

/// Somebody who has signed in.
///
/// No `Debug`: it names them.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Staff {
    /// What they are called.
    pub(super) name: String,
    /// What the provider calls them, for ever.
    pub(super) subject: String,
    /// What they may do.
    pub(super) roles: Vec<Role>,
    /// Whom they may see.
    pub(super) reach: Reach,
}

/// Characters of a name that are kept: nobody's is longer.
const LONGEST_NAME: usize = 80;

impl Staff {
    /// How they stand on record: the name for people, and what the provider calls them.
    pub(super) fn on_record(&self) -> String {
        format!("{} ({})", self.name, self.subject)
    }
}

/// A name as the record takes it: one line, no marks that turn text around, not without end.
pub(super) fn tame(name: &str) -> String {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let kept = name.chars().filter(|c| !c.is_control() && !turns(*c));
    let kept: String = kept.take(LONGEST_NAME).collect();
    kept.trim().to_owned()
}

/// A session.
#[derive(Clone)]
pub(super) struct Session {
    pub(super) staff: Staff,
    pub(super) language: Language,
    begun: Timestamp,
    seen: Timestamp,
}

/// Somebody on the way to the provider.
pub(super) struct Leaving<T> {
    /// The browser that went.
    browser: [u8; 32],
    since: Timestamp,
    /// What is needed when it comes back.
    pub(super) with: T,
}

/// How long somebody stays signed in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lasting {
    pub(super) idle: SignedDuration,
    pub(super) longest: SignedDuration,
}

/// Who has signed in, and who is on the way. Each lock is held for one look and never while waiting.
pub(super) struct Sessions<T> {
    lasting: Lasting,
    signed_in: Mutex<HashMap<[u8; 32], Session>>,
    leaving: Mutex<HashMap<String, Leaving<T>>>,
}

/// There are so many already that one more is an attack.
#[derive(Debug, thiserror::Error)]
#[error("too many sign in at once")]
pub(super) struct TooMany;

impl<T> Sessions<T> {
    pub(super) fn new(lasting: Lasting) -> Self {
        Self {
            lasting,
            signed_in: Mutex::default(),
            leaving: Mutex::default(),
        }
    }

    fn lasts(&self, session: &Session, now: Timestamp) -> bool {
        let Lasting { idle, longest } = self.lasting;
        now.duration_since(session.seen) < idle && now.duration_since(session.begun) < longest
    }

    /// Whose session a ticket is, and that they are here.
    pub(super) fn of(&self, ticket: &Ticket, now: Timestamp) -> Option<Session> {
        let mut all = self
            .signed_in
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let key = ticket.kept();
        let session = all.get_mut(&key)?;
        if !self.lasts(session, now) {
            all.remove(&key);
            return None;
        }
        session.seen = now;
        Some(session.clone())
    }

    /// Signs somebody in.
    pub(super) fn begin(
        &self,
        ticket: &Ticket,
        staff: Staff,
        language: Language,
        now: Timestamp,
    ) -> Result<(), TooMany> {
        let mut all = self
            .signed_in
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, session| self.lasts(session, now));
        if MOST <= all.len() {
            return Err(TooMany);
        }
        let session = Session {
            staff,
            language,
            begun: now,
            seen: now,
        };
        all.insert(ticket.kept(), session);
        Ok(())
    }

    /// Signs somebody out.
    pub(super) fn end(&self, ticket: &Ticket) {
        let mut all = self
            .signed_in
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        all.remove(&ticket.kept());
    }

    /// Another language from now on.
    pub(super) fn speak(&self, ticket: &Ticket, language: Language) {
        let mut all = self
            .signed_in
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(session) = all.get_mut(&ticket.kept()) {
            session.language = language;
        }
    }

    /// A browser leaves for the provider, under a name that comes back with it.
    pub(super) fn leave(
        &self,
        state: String,
        browser: &Ticket,
        with: T,
        now: Timestamp,
    ) -> Result<(), TooMany> {
        let mut all = self.leaving.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, leaving| now.duration_since(leaving.since) < SIGN_IN);
        if MOST <= all.len() {
            return Err(TooMany);
        }
        let leaving = Leaving {
            browser: browser.kept(),
            since: now,
            with,
        };
        all.insert(state, leaving);
        Ok(())
    }

    /// A browser comes back: what it left with, once, and only for the browser that left.
    pub(super) fn back(&self, state: &str, browser: &Ticket, now: Timestamp) -> Option<T> {
        let mut all = self.leaving.lock().unwrap_or_else(PoisonError::into_inner);
        let is_its = |leaving: &Leaving<T>| {
            leaving.browser == browser.kept() && now.duration_since(leaving.since) < SIGN_IN
        };
        if !all.get(state).is_some_and(is_its) {
            return None;
        }
        all.remove(state).map(|leaving| leaving.with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_700_000_000, 0);

    fn sessions() -> Sessions<u8> {
        Sessions::new(Lasting {
            idle: SignedDuration::from_mins(30),
            longest: SignedDuration::from_mins(60),
        })
    }

    fn staff() -> Staff {
        Staff {
            name: "Maija".to_owned(),
            subject: "m".to_owned(),
            roles: vec![Role::Clinician],
            reach: Reach::Everybody,
        }
    }

    fn after(minutes: i64) -> Timestamp {
        NOW + SignedDuration::from_mins(minutes)
    }

    #[test]
    fn a_session_ends_when_nothing_happens_and_when_it_is_old() {
        let (sessions, ticket) = (sessions(), Ticket::new().expect("random numbers"));
        let begins = |at| {
            let begun = sessions.begin(&ticket, staff(), Language::Finnish, at);
            begun.expect("there is room");
        };
        begins(NOW);
        let just = after(30) - SignedDuration::from_secs(1);
        assert!(sessions.of(&ticket, just).is_some());
        begins(NOW);
        assert!(sessions.of(&ticket, after(30)).is_none());
        // Once ended, it does not come back.
        assert!(sessions.of(&ticket, NOW).is_none());
        begins(NOW);
        for minutes in [20, 40, 59] {
            assert!(sessions.of(&ticket, after(minutes)).is_some(), "{minutes}");
        }
        assert!(sessions.of(&ticket, after(60)).is_none());
        begins(NOW);
        sessions.end(&ticket);
        assert!(sessions.of(&ticket, NOW).is_none());
    }

    #[test]
    fn a_browser_comes_back_once_in_time_and_is_the_one_that_left() {
        let sessions = sessions();
        let [own, other] = [(); 2].map(|()| Ticket::new().expect("random numbers"));
        let leaves = || {
            let left = sessions.leave("state".to_owned(), &own, 7, NOW);
            left.expect("there is room");
        };
        leaves();
        assert_eq!(sessions.back("other", &own, NOW), None);
        assert_eq!(sessions.back("state", &other, NOW), None);
        assert_eq!(sessions.back("state", &own, after(9)), Some(7));
        assert_eq!(sessions.back("state", &own, after(9)), None);
        leaves();
        assert_eq!(sessions.back("state", &own, after(10)), None);
    }

    #[test]
    fn a_name_is_one_line_that_reads_from_left_to_right() {
        let name = "Maija\n\u{202e}<b>Meikäläinen</b>";
        assert_eq!(tame(name), "Maija<b>Meikäläinen</b>");
        assert_eq!(tame(&"x".repeat(10_000)).len(), LONGEST_NAME);
        assert_eq!(tame(" \u{0} "), "");
    }
}
