//! Web: pages for people, who have signed in, by the same steps as the command line.
//!
//! # What lives here
//!
//! Routes and who may go there, signing in at the site's provider, sessions, pages as HTML in three
//! languages. No rule, no SQL and no FHIR field name; no clock: the daemon gives it.
//!
//! # How the data flows
//!
//! request → is it for us, who asks, may they, does it come from one of our pages → a step → a page.
//!
//! # Invariants
//!
//! * [`Route`] is the one table of what can be asked for and of who may; there is no other way in.
//! * Nobody who has not signed in is shown anything about anybody.
//! * Whoever looks at a person is on record before the page is made.
//! * A session is in memory alone, and what is kept of its name does not open it.
//! * Every form carries what only the browser that was shown it knows.
//! * Every text is escaped; no page runs anything or loads anything from elsewhere.
//! * Nothing about anybody, also not who signs in, is in what is told to operators.
//!
//! # Example
//!
//! ```
//! use preventiojyraa::config::Role;
//! use preventiojyraa::web::Route;
//!
//! assert!(!Route::Start.is_open_to(None));
//! assert!(Route::Start.is_open_to(Some(&[Role::Researcher])));
//! ```
//!
//! # Why it is so
//!
//! Pages are made here and not in the browser: they work on any machine of a ward, with the keyboard
//! and with a screen reader, and there is no second program to be kept safe. Sessions end with the
//! process: signing in again costs seconds, and a table of sessions would be one more secret to keep.

mod answer;
mod asked;
mod audits;
mod chart;
mod drawn;
mod hand_over;
mod limits;
mod notes;
mod operations;
mod page;
mod pages;
mod provider;
mod research;
mod resident;
mod reviewing;
mod route;
mod sessions;
mod sign_in;
mod texts;
mod worklist;

pub use pages::{SignInBy, WebError, WebOptions, pages};
pub use route::{Admits, Route, Verb};
