//! Report: telling people what was decided, and why.
//!
//! # What lives here
//!
//! Explanations of one decision in plain sentences and as a card, the phrases they are
//! made of (dates, ages of facts, numbers), the evaluation of a model and a whole
//! rule book as text and as one offline page, the programme's report, how far everybody has come and where everybody stands,
//! what has stopped or gone wrong (alarms), and which small numbers are not told. It computes no number that another room owns.
//!
//! # How the data flows
//!
//! `(rulebook, profile, decision) → text`. Texts for residents are rule data in
//! three languages and not made here; this text is for professionals.
//!
//! # Invariants
//!
//! * Every fact that is named is named with its age on the index date.
//! * No name, national identifier or address: the caller's label is all that identifies.
//! * What is not verified in the rules is said to be a draft.
//!
//! # Example
//!
//! ```
//! use jiff::civil::date;
//! use preventiojyraa_core::report::age_phrase;
//!
//! assert_eq!(age_phrase(date(2018, 3, 14), date(2019, 6, 1)), "1 year and 2 months earlier");
//! ```
//!
//! # Why it is so
//!
//! A nurse trusts a sentence with a date in it more than a table of codes, so
//! the explanation is prose; the codes stand in the stored decision.

mod alarms;
mod card;
mod course;
mod coverage;
mod demonstration;
mod evaluation_page;
mod evaluation_plots;
mod evaluation_text;
mod explanation;
mod funnel;
mod learning_page;
mod learning_text;
mod letter;
mod offer;
mod phrases;
mod precision_page;
mod precision_text;
mod programme;
mod rule_book;
mod suppression;
mod svg;
mod telling;
mod waiting;

pub use alarms::{
    Alarm, AlarmCode, AlarmCounts, AlarmLimits, AlarmOwner, Bounds, Judged, LaboratoryWeeks,
    LeftOrders, NewCode, NotJudged, RunCounts, Stream, StreamKind, StreamTerms, StreamVerdict,
    Waits, Watched, Week, alarms, watch,
};
pub use card::{CardText, CardWeight, card};
pub use course::{Course, OnRecord, Place, Questions, Tests};
pub use coverage::{
    Coverage, CoverageLine, Covered, Decided, Registered, Standing, Standings, ToDecide,
    Unaccounted, standing,
};
pub use demonstration::{
    DemonstrationShown, Learned, Look, ProposalWay, Truth, demonstration_page, demonstration_text,
    waits_for,
};
pub use evaluation_page::{Subject, evaluation_page};
pub use evaluation_text::evaluation_text;
pub use explanation::explain;
pub use funnel::{Funnel, FunnelLine};
pub use learning_page::{learning_page, learning_section};
pub use learning_text::{LearningSubject, learning_text};
pub use letter::{Letter, NoLetter, letter};
pub use offer::{Offers, offer_sentence};
pub use phrases::{age_phrase, date_phrase, list_phrase, number_phrase};
pub use precision_page::precision_section;
pub use precision_text::{GroupTold, groups_told, laboratories_told, precision_text};
pub use programme::{
    CardLine, FirstPage, ModelOnRecord, ProposalOnRecord, Reported, TripodItem, first_page,
    model_card, not_in_this_report, report_page, tripod,
};
pub use rule_book::{
    RuleBookShown, RuleBookSubject, rule_book_page, rule_book_shown, rule_book_text,
};
pub use suppression::{SMALLEST_TOLD, without_small_numbers};
pub use telling::explain_score;
