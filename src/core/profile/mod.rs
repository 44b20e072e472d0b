//! Profile: who and what we know about one resident on one index date.
//!
//! # What lives here
//!
//! Identifiers, dated [`Fact`]s with their unit and standing, what the
//! population register says ([`Register`]), and [`Profile`]: all of it as it
//! was known on an index date. No threshold, score or judgement lives here.
//!
//! # How the data flows
//!
//! `intake` makes facts; the lake keeps them; [`Profile::as_of`] selects those
//! that were true *and* recorded by the index date, one version of each
//! submission. Every later room reads a profile and nothing else.
//!
//! # Invariants
//!
//! * A profile on day `d` holds no fact that became true, or was recorded, after `d`.
//! * Of several versions of one submission only the newest is in a profile.
//! * The same measurement told by several submissions (same kind, day and value) is in a profile once,
//!   as told by whoever stands behind it most firmly, then by the source that takes precedence.
//! * A quantity is a finite number with a unit; it is compared in the unit received.
//! * `Debug` of facts and registers shows no value and no date.
//!
//! # Example
//!
//! ```
//! use jiff::civil::date;
//! use preventiojyraa_core::profile::{BirthDate, Profile, Register};
//!
//! let register = Register { birth: BirthDate::on(date(1960, 2, 29)), ..Register::unknown() };
//! let profile = Profile::as_of(register, Vec::new(), date(2025, 2, 28));
//! // Born on a leap day: in a common year the birthday is 1 March.
//! assert_eq!(profile.age_in_years(), Some((64, 64)));
//! ```
//!
//! # Why it is so
//!
//! Which facts exist is rule data (a second disease needs no Rust), so a fact
//! is named by a [`FactId`] that the rule book hands out, not by an enum.
//! Units, on the other hand, are physics and are a closed enum.

mod age;
mod fact;
mod id;
mod persons;
mod precedence;
mod register;
mod unit;

pub use age::{BirthDate, completed_years, is_within_months, months_between};
pub use fact::{Comparator, Fact, FactId, FactValue, Quantity, Recorded, Standing, Version};
pub use id::{ResidentId, SubmissionId};
pub use persons::{Candidate, PersonStanding, Rounds, persons};
pub use precedence::Precedence;
pub use register::{Death, EntryRank, Register, Residence, Sex};
pub use unit::Unit;
pub(crate) use unit::nine_decimals;

use jiff::civil::Date;

/// All that is known about one resident on one index date.
///
/// Built only by [`Profile::as_of`], so that nothing later than the index date
/// can be in it.
#[derive(Debug, Clone)]
pub struct Profile {
    register: Register,
    facts: Vec<Fact>,
    index_date: Date,
}

impl Profile {
    /// Selects what was known on `index_date`.
    ///
    /// A fact is visible when it was true (`effective`) and written down
    /// (`recorded`) on or before the index date. Versions of one submission
    /// supersede each other whole: the newest visible version wins, and when that
    /// version withdrew the submission, nothing of it remains. Of a measurement that
    /// several submissions tell, only the one with the firmest [`Standing`] remains: the
    /// record and the resident's own account of it are one measurement. Register
    /// attributes carry no history in FHIR `Patient`, so they are taken as given;
    /// dated events in them (death, move) are compared with the index date
    /// wherever they are read.
    #[must_use]
    pub fn as_of(register: Register, facts: Vec<Fact>, index_date: Date) -> Self {
        Self::of_sources(register, facts, index_date, &Precedence::default())
    }

    /// The same where several sources may tell one measurement, each with the same standing: then it
    /// is the source's that takes precedence.
    #[must_use]
    pub fn of_sources(
        register: Register,
        mut facts: Vec<Fact>,
        index_date: Date,
        precedence: &Precedence,
    ) -> Self {
        facts.retain(|fact| fact.recorded.date(fact.effective) <= index_date);
        facts.sort_by(|a, b| {
            (a.submission, a.version, a.id, &a.part).cmp(&(b.submission, b.version, b.id, &b.part))
        });
        let mut newest: Vec<Fact> = Vec::with_capacity(facts.len());
        for fact in facts {
            while newest.last().is_some_and(|kept| {
                kept.submission == fact.submission && kept.version < fact.version
            }) {
                newest.pop();
            }
            // The same version twice (a repeated line, a second pull) is one fact.
            let repeated = newest.last().is_some_and(|kept| {
                (kept.submission, kept.id, kept.part) == (fact.submission, fact.id, fact.part)
            });
            if !repeated {
                newest.push(fact);
            }
        }
        newest.retain(|fact| {
            fact.effective <= index_date && !matches!(fact.value, FactValue::Withdrawn)
        });
        newest.sort_by(|a, b| {
            (a.id, a.effective, a.submission, a.part).cmp(&(
                b.id,
                b.effective,
                b.submission,
                b.part,
            ))
        });
        precedence.each_measurement_once(&mut newest);
        Self {
            register,
            facts: newest,
            index_date,
        }
    }

    /// The day this profile is taken and risk is counted from.
    #[must_use]
    pub fn index_date(&self) -> Date {
        self.index_date
    }

    /// What the population register says.
    #[must_use]
    pub fn register(&self) -> &Register {
        &self.register
    }

    /// Every visible fact, sorted by kind, then by the date it was true.
    #[must_use]
    pub fn facts(&self) -> &[Fact] {
        &self.facts
    }

    /// The visible facts of one kind, oldest first.
    #[must_use]
    pub fn facts_of(&self, id: FactId) -> &[Fact] {
        let start = self.facts.partition_point(|fact| fact.id < id);
        let end = self.facts.partition_point(|fact| fact.id <= id);
        &self.facts[start..end]
    }

    /// Age in completed years on the index date, as `(youngest, oldest)`.
    ///
    /// The two differ only when the register knows the birth date to the month or
    /// the year. `None` when the birth date is unknown or after the index date.
    #[must_use]
    pub fn age_in_years(&self) -> Option<(i16, i16)> {
        self.register.birth.age_on(self.index_date)
    }

    /// Whether the resident is dead on the index date; later deaths are invisible.
    #[must_use]
    pub fn is_deceased(&self) -> bool {
        match self.register.death {
            Death::Alive => false,
            Death::On(date) => date <= self.index_date,
            Death::Undated => true,
        }
    }
}

#[cfg(test)]
mod tests;
