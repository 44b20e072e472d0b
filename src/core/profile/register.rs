//! What the population register, not the clinical record, says about a resident.

use jiff::civil::Date;
use std::fmt;

use super::BirthDate;

/// Legal sex as the register has it; scores use it where the published form does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sex {
    /// Female.
    Female,
    /// Male.
    Male,
    /// Not recorded, or recorded as something else; scores cover both.
    Unknown,
}

impl Sex {
    /// Its word in files and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Female => "female",
            Self::Male => "male",
            Self::Unknown => "unknown",
        }
    }
}

/// Whether and when the resident died.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Death {
    /// No death on record.
    Alive,
    /// Died on this day.
    On(Date),
    /// Recorded as dead without a date: dead on every index date, so that no letter goes out.
    Undated,
}

/// Where the resident lives, as seen from the programme's area.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Residence {
    /// In the programme's area.
    InArea,
    /// Lived in the area and left it; `None` when the register does not say when.
    MovedAway(Option<Date>),
    /// Never known to live in the area.
    Elsewhere,
    /// The source does not say; the resident stays on the register.
    Unknown,
}

/// Which of a person's entries one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryRank {
    /// The only one, or the one under which the person is decided about.
    Leading,
    /// Another one: what it tells counts for the person, who is decided about under the leading one.
    GivesWay,
}

/// The register's entry for one resident.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Register {
    /// Birth date, as precise as known.
    pub birth: BirthDate,
    /// Legal sex.
    pub sex: Sex,
    /// Death.
    pub death: Death,
    /// Residence.
    pub residence: Residence,
    /// False while an export slice that may hold this resident's data is known to be incomplete.
    pub complete: bool,
    /// Whether the person is decided about under this entry.
    pub rank: EntryRank,
}

impl Register {
    /// An entry that knows nothing but that the resident exists.
    #[must_use]
    pub const fn unknown() -> Self {
        Self {
            birth: BirthDate::UNKNOWN,
            sex: Sex::Unknown,
            death: Death::Alive,
            residence: Residence::Unknown,
            complete: true,
            rank: EntryRank::Leading,
        }
    }
}

/// Shows that there is an entry, and nothing of the person.
impl fmt::Debug for Register {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Register")
            .field("complete", &self.complete)
            .finish_non_exhaustive()
    }
}
