//! Facts: our dated truth, each with its unit, standing and origin.

use std::cmp::Ordering;
use std::fmt;

use jiff::civil::Date;

use super::{SubmissionId, Unit};

/// Which kind of fact: an index into the rule book's catalogue of facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FactId(pub u16);

/// How a laboratory limits what it says about a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Comparator {
    /// The value itself.
    Exactly,
    /// Below the value (`<`).
    Below,
    /// At or below the value (`<=`).
    AtMost,
    /// At or above the value (`>=`).
    AtLeast,
    /// Above the value (`>`).
    Above,
}

/// A finite number with its unit, and how it is limited.
///
/// The unit is the one received: values are compared in it, never converted
/// first (6.5 % is in the range of the disease, its conversion 47.5 mmol/mol is not).
#[derive(Clone, Copy, PartialEq)]
pub struct Quantity {
    value: f64,
    unit: Unit,
    comparator: Comparator,
}

impl Quantity {
    /// A measured value; `None` when the number is not finite.
    #[must_use]
    pub fn new(value: f64, unit: Unit, comparator: Comparator) -> Option<Self> {
        // Adding zero turns -0.0 into 0.0, so that equal values have equal bits.
        value.is_finite().then_some(Self {
            value: value + 0.0,
            unit,
            comparator,
        })
    }

    /// The number, in [`Quantity::unit`].
    #[must_use]
    pub const fn value(&self) -> f64 {
        self.value
    }

    /// The unit received.
    #[must_use]
    pub const fn unit(&self) -> Unit {
        self.unit
    }

    /// How the number is limited.
    #[must_use]
    pub const fn comparator(&self) -> Comparator {
        self.comparator
    }

    /// Whether the true value can lie in the band from `from` to `to`.
    ///
    /// Each end is a number and whether it belongs to the band; `None` is no end.
    #[must_use]
    pub fn can_lie_in(&self, from: Option<(f64, bool)>, to: Option<(f64, bool)>) -> bool {
        let v = self.value;
        // The set of possible true values as an interval of its own.
        let (low, high) = match self.comparator {
            Comparator::Exactly => (Some((v, true)), Some((v, true))),
            Comparator::Below => (None, Some((v, false))),
            Comparator::AtMost => (None, Some((v, true))),
            Comparator::AtLeast => (Some((v, true)), None),
            Comparator::Above => (Some((v, false)), None),
        };
        starts_before_end(low, to) && starts_before_end(from, high)
    }
}

/// Whether an interval starting at `start` has a point at or before `end`.
fn starts_before_end(start: Option<(f64, bool)>, end: Option<(f64, bool)>) -> bool {
    let (Some((start, start_in)), Some((end, end_in))) = (start, end) else {
        return true;
    };
    match start.total_cmp(&end) {
        Ordering::Less => true,
        Ordering::Equal => start_in && end_in,
        Ordering::Greater => false,
    }
}

/// Shows the unit, never the value.
impl fmt::Debug for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Quantity(_ {})", self.unit)
    }
}

/// What a fact says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FactValue {
    /// It is so: a diagnosis, a prescription, a refusal.
    Present,
    /// One of the answers the rule book lists for this fact, by position.
    Answer(u8),
    /// A measurement.
    Quantity(Quantity),
    /// The source took the submission back (entered in error, refuted, deleted).
    Withdrawn,
}

/// When a fact was written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// The source says so.
    On(Date),
    /// The source does not say; taken as the day it was true.
    AsEffective,
}

impl Recorded {
    /// The day, given the day the fact was true.
    #[must_use]
    pub const fn date(self, effective: Date) -> Date {
        match self {
            Self::On(date) => date,
            Self::AsEffective => effective,
        }
    }
}

/// Who stands behind a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// A professional or a laboratory; for a diagnosis: an encounter diagnosis or the problem list.
    Established,
    /// A diagnosis without a category, or one that no professional has accepted.
    Unaccepted,
    /// The resident's own measurement or answer.
    SelfReported,
}

/// Which version of a submission: later `updated` wins, then the larger digest,
/// so that the order of files and lines cannot matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// `meta.lastUpdated` in microseconds since 1970 UTC; `i64::MIN` when the source gives none.
    pub updated: i64,
    /// The pull that brought it: a later pull wins where the source gives no time.
    pub pull: u32,
    /// Digest of the content.
    pub digest: u64,
}

/// One dated statement about one resident.
#[derive(Clone, Copy, PartialEq)]
pub struct Fact {
    /// Which kind.
    pub id: FactId,
    /// What it says.
    pub value: FactValue,
    /// The day it was true.
    pub effective: Date,
    /// The day it stopped being true, for what can end (a pregnancy, a prescription).
    pub until: Option<Date>,
    /// The day it was written down.
    pub recorded: Recorded,
    /// Who stands behind it.
    pub standing: Standing,
    /// The resource it came in.
    pub submission: SubmissionId,
    /// Which part of that resource (a component, a questionnaire item).
    pub part: u16,
    /// Which version of that resource.
    pub version: Version,
}

impl Fact {
    /// The day of a fact without a date: before every index date, too old for
    /// every limit of age. Diagnoses and refusals keep their meaning without a
    /// date; measurements do not.
    pub const UNDATED: Date = jiff::civil::date(1, 1, 1);

    /// The measurement, when the fact is one.
    #[must_use]
    pub const fn quantity(&self) -> Option<Quantity> {
        match self.value {
            FactValue::Quantity(quantity) => Some(quantity),
            FactValue::Present | FactValue::Answer(_) | FactValue::Withdrawn => None,
        }
    }
}

/// Shows the kind and standing, no value and no date.
impl fmt::Debug for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fact")
            .field("id", &self.id)
            .field("standing", &self.standing)
            .finish_non_exhaustive()
    }
}
