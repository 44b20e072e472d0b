//! Planning: what another action level would mean, for how many.
//!
//! # What lives here
//!
//! [`Tally`] counts, for every action level of a range and every stratum of residents, who would be
//! flagged, tested and asked, and how many cases are to be expected; [`Figures`] is what may be told of
//! it. Who decides what about one resident is [`crate::pathway::decide_by_level`]'s to say. Nothing
//! is changed here.
//!
//! # How the data flows
//!
//! `ByLevel → Reading → Tally → StratumTold`. One pass over the residents serves every level: a
//! resident is added where their decisions change, and sums along the levels give the counts.
//!
//! # Invariants
//!
//! * What does not depend on the score is the same at every level.
//! * All that is told is made of numbers of people to the ten below, the derived figures too.
//! * A score is not a probability: cases are expected by a verified calibration of what the
//!   programme observes, or they are not known.
//!
//! # Example
//!
//! ```
//! use preventiojyraa_core::planning::Levels;
//! use preventiojyraa_core::rulebook::ScoreUnit;
//!
//! let levels = Levels::read("10..12", None, ScoreUnit::Points, (0, 26))?;
//! assert_eq!(levels.all(), [10, 11, 12]);
//! # Ok::<(), preventiojyraa_core::planning::LevelsError>(())
//! ```
//!
//! # Why it is so
//!
//! Exact counts at neighbouring levels, in strata and in their sum cannot be told side by side without
//! telling small ones by subtraction, and a table with holes that protect each other hides most of
//! what a planner asks for. So every number of people is cut to the ten below: whoever subtracts
//! two of them knows the difference to within ten, and a number from one to four could be five or more
//! as well. What is computed further, such as a share or expected cases, is computed from the cut
//! numbers, with limits that hold whatever was cut off, and can tell no more than they do.
//! The rejected alternatives: random noise, which two readers of one report would have to explain to
//! each other, and hiding single cells, which is proved for one row with one sum only.

mod expecting;
mod levels;
mod tally;
#[cfg(test)]
mod tests;
mod told;

pub use expecting::{Expecting, NotExpected};
pub use levels::{Levels, LevelsError};
pub use tally::{Reading, Tally};
pub use told::{Between, Figures, StratumTold, TENS, told};
