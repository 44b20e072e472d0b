//! Outcomes: what became of a resident after the decision that counts.
//!
//! # What lives here
//!
//! The [`IndexDecision`] of a resident in a round, and [`outcome`]: what a later
//! profile says about it; [`verification`] says by which tests, and when. [`Account`] counts both,
//! so that nobody is left out of a report. No statistics (that is `calibration` and `learning`) and no
//! threshold: what confirms and what verifies stands in the calibration's estimand.
//!
//! # How the data flows
//!
//! `(rulebook, index decision, later profile) → Outcome`. The later profile is
//! taken on the day of looking back; it holds what was recorded until then.
//!
//! # Invariants
//!
//! * A clinician's established diagnosis alone makes a positive; no result does.
//! * Before the horizon is over nobody has an outcome, not even the diagnosed:
//!   early positives without early negatives would be a biased half.
//! * Every decision has exactly one outcome, and counts add up.
//! * What became of somebody after a treatment began verifies nothing, in either direction.
//!
//! # Example
//!
//! ```
//! use jiff::civil::date;
//! use preventiojyraa_core::outcomes::horizon_end;
//!
//! // The last day that belongs to the horizon.
//! assert_eq!(horizon_end(date(2024, 2, 29), 12), date(2025, 2, 28));
//! ```
//!
//! # Why it is so
//!
//! Who came to the tests is settled by a complete battery, not by what it
//! found: if a diagnosis made somebody "verified" while its absence left them
//! unverified, the share of positives among the verified would be too high.
//! So a positive remembers whether the battery was complete when it was
//! confirmed, and figures about the tested leave the others out.
//!
//! Whoever is flagged may be treated for it, and then the disease may not come: a
//! good programme would teach its own model that the flagged are safe. So time
//! at risk ends where a treatment begins, unless the tests had been completed, or
//! had found something, until then. A diagnosis after it is left out as much as its
//! absence: keeping the one alone would make the treated look ill.
//!
//! A result in the range of the disease that nobody confirmed within the horizon
//! is a negative of the estimand ("confirmed within"), under a name of its own,
//! since it is also a resident somebody should have looked at.

mod account;
mod verification;

pub use account::{Account, Tally};
pub use verification::{TestResult, Verification, verification, verifying_tests};

use jiff::Span;
use jiff::civil::Date;

use crate::pathway::Inclusion;
use crate::profile::{Death, Fact, FactId, FactValue, Profile, Residence, Standing};
use crate::rulebook::{Category, Observed, Rulebook, Treatment};

/// What a run decided about a resident, as far as learning is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decided {
    /// Tests were ordered because of the score.
    Flagged,
    /// Scored below the level, and was drawn at random for the same tests.
    SampledNegative(Inclusion),
    /// Scored below the level, and was not drawn.
    BelowLevel,
    /// The score was open on both sides of the level.
    Undecided,
    /// The programme did not decide by the score.
    NotEligible,
    /// Another decision counts, or none: a rehearsal, or one after the first.
    NotCounted,
}

impl Decided {
    /// The name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Flagged => "flagged",
            Self::SampledNegative(_) => "sampled-negative",
            Self::BelowLevel => "below-level",
            Self::Undecided => "undecided",
            Self::NotEligible => "not-eligible",
            Self::NotCounted => "not-counted",
        }
    }
}

impl Decided {
    /// What is left of a decision that is not the one to follow.
    #[must_use]
    pub const fn unless_it_counts(self) -> Self {
        match self {
            Self::Flagged | Self::SampledNegative(_) | Self::BelowLevel => Self::NotCounted,
            Self::Undecided | Self::NotEligible | Self::NotCounted => self,
        }
    }
}

/// The decision from which a resident's horizon is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexDecision {
    /// The index date: day zero.
    pub on: Date,
    /// What was decided.
    pub decided: Decided,
    /// The day of the programme's first decision about the resident, the same or an earlier one: a
    /// treatment that began after it may be the programme's doing.
    pub first_on: Date,
}

/// What verified that the disease is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Negative {
    /// Nothing in the battery was out of order.
    Normal,
    /// Between normal and the range of the disease.
    Intermediate,
    /// A result in the range of the disease that no professional confirmed within the horizon.
    NotConfirmed,
}

/// Why nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unverified {
    /// The horizon is not over.
    HorizonNotOver,
    /// No test of the battery was taken.
    NotTested,
    /// Some test of the battery has no usable result.
    ResultMissing,
}

/// How a resident was lost before the horizon's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lost {
    /// Died.
    Died,
    /// Moved out of the area.
    Moved,
}

/// What became of an index decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Confirmed by a professional within the horizon.
    Positive {
        /// Whether the battery was complete by then.
        tested: bool,
    },
    /// The battery is complete and nobody confirmed anything within the horizon.
    Negative(Negative),
    /// A treatment began before it was known.
    Treated {
        /// Whether a professional confirmed it within the horizon all the same.
        confirmed: bool,
    },
    /// Not known.
    Unverified(Unverified),
    /// Left before it was known.
    Lost(Lost),
    /// Was confirmed on or before the index date, and the program did not know.
    Prevalent,
    /// There was no decision by the score to follow.
    NotFollowed,
}

impl Outcome {
    /// Every outcome that there is.
    pub const ALL: [Self; 14] = [
        Self::Positive { tested: true },
        Self::Positive { tested: false },
        Self::Negative(Negative::Normal),
        Self::Negative(Negative::Intermediate),
        Self::Negative(Negative::NotConfirmed),
        Self::Treated { confirmed: true },
        Self::Treated { confirmed: false },
        Self::Unverified(Unverified::HorizonNotOver),
        Self::Unverified(Unverified::NotTested),
        Self::Unverified(Unverified::ResultMissing),
        Self::Lost(Lost::Died),
        Self::Lost(Lost::Moved),
        Self::Prevalent,
        Self::NotFollowed,
    ];

    /// The name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Positive { tested: true } => "verified-positive",
            Self::Positive { tested: false } => "diagnosed-untested",
            Self::Negative(Negative::Normal) => "verified-negative",
            Self::Negative(Negative::Intermediate) => "verified-negative-intermediate",
            Self::Negative(Negative::NotConfirmed) => "verified-negative-not-confirmed",
            Self::Treated { confirmed: true } => "treated-then-confirmed",
            Self::Treated { confirmed: false } => "treated-not-confirmed",
            Self::Unverified(Unverified::HorizonNotOver) => "horizon-not-over",
            Self::Unverified(Unverified::NotTested) => "not-tested",
            Self::Unverified(Unverified::ResultMissing) => "result-missing",
            Self::Lost(Lost::Died) => "lost-died",
            Self::Lost(Lost::Moved) => "lost-moved",
            Self::Prevalent => "prevalent-at-index",
            Self::NotFollowed => "not-followed",
        }
    }

    /// Whether the event occurred, for those whose battery is complete.
    #[must_use]
    pub const fn verified(self) -> Option<bool> {
        match self {
            Self::Positive { tested: true } => Some(true),
            Self::Negative(_) => Some(false),
            Self::Positive { tested: false }
            | Self::Treated { .. }
            | Self::Unverified(_)
            | Self::Lost(_)
            | Self::Prevalent
            | Self::NotFollowed => None,
        }
    }

    /// Whether a professional confirmed the disease within the horizon, tested, treated or not.
    #[must_use]
    pub const fn is_confirmed(self) -> bool {
        match self {
            Self::Positive { .. } | Self::Treated { confirmed: true } => true,
            Self::Negative(_)
            | Self::Treated { confirmed: false }
            | Self::Unverified(_)
            | Self::Lost(_)
            | Self::Prevalent
            | Self::NotFollowed => false,
        }
    }

    /// Whether the decision counts in the denominator of those who were decided about: its
    /// horizon is over, and the disease was not there before.
    #[must_use]
    pub const fn counts(self) -> bool {
        match self {
            Self::Positive { .. } | Self::Negative(_) | Self::Treated { .. } | Self::Lost(_) => {
                true
            }
            Self::Unverified(why) => !matches!(why, Unverified::HorizonNotOver),
            Self::Prevalent | Self::NotFollowed => false,
        }
    }
}

/// The last day that belongs to a horizon of so many months after an index date.
///
/// Twelve months from 29 February end on 28 February.
#[must_use]
pub fn horizon_end(index: Date, months: u16) -> Date {
    index.saturating_add(Span::new().months(i64::from(months)))
}

/// What a later profile says about an index decision.
///
/// The horizon reaches from the day after the index date to the same day so
/// many months later, that day included; it is over on the next. A diagnosis
/// counts on the day a professional wrote it down, which is when it was
/// confirmed, whatever day the disease is said to have begun; one on or before
/// the index date was there already. Results count from the index date on, and
/// up to the day of confirmation, so that tests done because of a diagnosis
/// do not make a battery complete.
///
/// A treatment counts from the first day on which anything tells of it, when that
/// is after the programme's first decision and before the day of confirmation:
/// what is prescribed on that day is prescribed because of it. What complete tests,
/// or a result in the range of the disease, had shown until the day it began stands.
#[must_use]
pub fn outcome(
    rulebook: &Rulebook,
    observed: &Observed,
    horizon_months: u16,
    index: &IndexDecision,
    later: &Profile,
) -> Outcome {
    match index.decided {
        Decided::Undecided | Decided::NotEligible | Decided::NotCounted => {
            return Outcome::NotFollowed;
        }
        Decided::Flagged | Decided::SampledNegative(_) | Decided::BelowLevel => {}
    }
    let end = horizon_end(index.on, horizon_months);
    let confirmed = confirmed_on(later.facts_of(observed.confirmed_by));
    if confirmed.is_some_and(|day| day <= index.on) {
        return Outcome::Prevalent;
    }
    if later.index_date() <= end {
        return Outcome::Unverified(Unverified::HorizonNotOver);
    }
    let confirmed = confirmed.filter(|day| *day <= end);
    if is_treated(rulebook, observed, index, (later, confirmed, end)) {
        return Outcome::Treated {
            confirmed: confirmed.is_some(),
        };
    }
    let results = battery(
        rulebook,
        observed,
        later,
        (index.on, confirmed.unwrap_or(end)),
    );
    if confirmed.is_some() {
        let tested = matches!(results, Battery::Complete(_));
        return Outcome::Positive { tested };
    }
    let left = left_by(later, end);
    match (results, left) {
        (Battery::Complete(Negative::NotConfirmed), Some(lost)) => Outcome::Lost(lost),
        // Settled before they left.
        (Battery::Complete(negative), _) => Outcome::Negative(negative),
        (Battery::Nothing | Battery::Partly(_), Some(lost)) => Outcome::Lost(lost),
        (Battery::Nothing, None) => Outcome::Unverified(Unverified::NotTested),
        (Battery::Partly(_), None) => Outcome::Unverified(Unverified::ResultMissing),
    }
}

/// The first day on which a professional wrote the diagnosis down.
fn confirmed_on(diagnoses: &[Fact]) -> Option<Date> {
    diagnoses
        .iter()
        .filter(|fact| fact.standing == Standing::Established && fact.value == FactValue::Present)
        .map(|fact| fact.recorded.date(fact.effective))
        .min()
}

/// Whether a treatment began before anything was known.
fn is_treated(
    rulebook: &Rulebook,
    observed: &Observed,
    index: &IndexDecision,
    (later, confirmed, end): (&Profile, Option<Date>, Date),
) -> bool {
    let begun = observed.treated_by.iter();
    let begun = begun.filter_map(|treatment| begun_on(treatment, later));
    // Who was treated before the programme came is treated as they were.
    let begun = begun
        .filter(|day| index.first_on < *day && *day <= end)
        .min();
    let Some(day) = begun.filter(|day| confirmed.is_none_or(|confirmed| *day < confirmed)) else {
        return false;
    };
    match battery(rulebook, observed, later, (index.on, day)) {
        Battery::Complete(_) | Battery::Partly(Negative::NotConfirmed) => false,
        Battery::Nothing | Battery::Partly(Negative::Normal | Negative::Intermediate) => true,
    }
}

/// The first day on which anything tells of a treatment.
fn begun_on(treatment: &Treatment, later: &Profile) -> Option<Date> {
    let tells = |fact: &&Fact| match fact.value {
        FactValue::Present => true,
        FactValue::Answer(answer) => treatment.answers.contains(&answer),
        FactValue::Quantity(_) | FactValue::Withdrawn => false,
    };
    let facts = later.facts_of(treatment.fact).iter();
    facts.filter(tells).map(|fact| fact.effective).min()
}

/// The tests that verify, taken together.
enum Battery {
    Nothing,
    Partly(Negative),
    Complete(Negative),
}

/// What the tests within some days, both included, say together.
fn battery(
    rulebook: &Rulebook,
    observed: &Observed,
    later: &Profile,
    days: (Date, Date),
) -> Battery {
    let mut worst = Negative::Normal;
    let mut found = 0;
    for test in &observed.verified_by {
        let results = later.facts_of(*test).iter();
        let results = results.filter(|fact| days.0 <= fact.effective && fact.effective <= days.1);
        let categories: Vec<Category> = results
            .filter_map(|fact| category(rulebook, *test, fact))
            .collect();
        found += usize::from(!categories.is_empty());
        for category in categories {
            worst = worst.max(match category {
                Category::Inconclusive | Category::Normal => Negative::Normal,
                Category::Intermediate => Negative::Intermediate,
                Category::DiseaseRange | Category::Critical => Negative::NotConfirmed,
            });
        }
    }
    if found == observed.verified_by.len() {
        Battery::Complete(worst)
    } else if found == 0 {
        Battery::Nothing
    } else {
        Battery::Partly(worst)
    }
}

/// What a laboratory's result means; nothing for what somebody measured at home.
fn category(rulebook: &Rulebook, test: FactId, fact: &Fact) -> Option<Category> {
    let quantity = fact.quantity()?;
    match fact.standing {
        Standing::Established | Standing::Unaccepted => {}
        Standing::SelfReported => return None,
    }
    if rulebook.thresholds.is_critical(test, quantity) {
        return Some(Category::Critical);
    }
    let band = rulebook.thresholds.category(test, quantity)?;
    Some(band.category)
}

/// How the resident left on or before a day.
fn left_by(later: &Profile, day: Date) -> Option<Lost> {
    let register = later.register();
    match register.death {
        Death::On(died) if died <= day => return Some(Lost::Died),
        // When is not known: it may have been before.
        Death::Undated => return Some(Lost::Died),
        Death::On(_) | Death::Alive => {}
    }
    match register.residence {
        Residence::MovedAway(Some(moved)) if moved <= day => Some(Lost::Moved),
        Residence::MovedAway(None) => Some(Lost::Moved),
        Residence::MovedAway(Some(_))
        | Residence::InArea
        | Residence::Elsewhere
        | Residence::Unknown => None,
    }
}
