//! Schedule: which step is due when, and in which order.
//!
//! # What lives here
//!
//! The timetable of a site: on which days and at which times its steps are due,
//! and the hours in which orders may leave. The machine that says what to begin
//! now, given what is on record and the clock. Not the steps, and no clock.
//!
//! # How the data flows
//!
//! A driver makes a [`Schedule`] from a [`Timetable`] and what is on record of
//! each step ([`Past`]), tells it what happened ([`Event`]) and does what it says
//! ([`Action`]). It keeps the record.
//!
//! # Invariants
//!
//! * A step is done once for a day, however often the clock shows that day's time:
//!   a night on which the hour comes twice, or a clock that is put back.
//! * A time that a night leaves out is taken as much later as the clock leaps.
//! * What was missed is caught up once, not as often as it was missed; what was
//!   due before the schedule was first served was not missed.
//! * Of those that decide, compare and learn, one is under way at a time; a pull does
//!   not begin while one of them may be reading what it would change.
//! * Orders leave only within the hours given.
//! * A step that failed is tried again, after a while that doubles, until its next
//!   time comes. It keeps no other from its turn.
//!
//! # Example
//!
//! ```
//! use jiff::civil::date;
//! use jiff::tz::TimeZone;
//! use preventiojyraa_core::schedule::{Action, Event, Past, Schedule, Start, Step, Timetable};
//!
//! let mut table = Timetable::default();
//! table.times.insert(Step::Run, "mon-fri 05:00".parse()?);
//! let at = |hour| date(2026, 2, 2).at(hour, 0, 0, 0).to_zoned(TimeZone::UTC).map(|at| at.timestamp());
//! let mut schedule = Schedule::new(table, TimeZone::UTC, at(0)?, &[]);
//! let begin = Start { step: Step::Run, day: date(2026, 2, 2), until: None };
//! assert!(!schedule.step(at(4)?, Event::Woke).contains(&Action::Begin(begin)));
//! assert!(schedule.step(at(5)?, Event::Woke).contains(&Action::Begin(begin)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Why it is so
//!
//! A timer for each step would be shorter, and nobody could say what happens on
//! the night on which the clock is put back while yesterday's pull still waits.
//! A machine that is told the time can be asked.

mod machine;
mod timetable;

#[cfg(test)]
mod tests;

pub use machine::{Action, Ended, Event, Past, Schedule, Start};
pub use timetable::{Hours, NotATime, Step, Timetable, When};
