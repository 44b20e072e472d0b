//! Birth dates, some of them known only to the month or the year, and ages.

use std::fmt;

use jiff::civil::Date;

/// A birth date as precise as the register has it: every date from `earliest`
/// to `latest`, both included, is possible.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BirthDate {
    bounds: Option<(Date, Date)>,
}

impl BirthDate {
    /// The register has no usable birth date.
    pub const UNKNOWN: Self = Self { bounds: None };

    /// Known to the day.
    #[must_use]
    pub const fn on(date: Date) -> Self {
        Self {
            bounds: Some((date, date)),
        }
    }

    /// Known to lie between two dates, both included; `None` when they are out of order.
    #[must_use]
    pub fn between(earliest: Date, latest: Date) -> Option<Self> {
        (earliest <= latest).then_some(Self {
            bounds: Some((earliest, latest)),
        })
    }

    /// Earliest and latest possible date.
    #[must_use]
    pub const fn bounds(&self) -> Option<(Date, Date)> {
        self.bounds
    }

    /// Whether the resident is certainly not yet born on `day`.
    #[must_use]
    pub fn is_after(&self, day: Date) -> bool {
        self.bounds.is_some_and(|(earliest, _)| day < earliest)
    }

    /// Age in completed years on `day` as `(youngest, oldest)`.
    ///
    /// `None` when unknown or when certainly not yet born.
    #[must_use]
    pub fn age_on(&self, day: Date) -> Option<(i16, i16)> {
        let (earliest, latest) = self.bounds?;
        if day < earliest {
            return None;
        }
        let youngest = if day < latest {
            0
        } else {
            completed_years(latest, day)
        };
        Some((youngest, completed_years(earliest, day)))
    }
}

/// Shows how precise the date is, never the date.
impl fmt::Debug for BirthDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.bounds {
            None => "BirthDate(unknown)",
            Some((a, b)) if a == b => "BirthDate(day)",
            Some(_) => "BirthDate(partial)",
        })
    }
}

/// Completed years from `birth` to `day`; `birth <= day`.
///
/// A year completes on the birthday. Somebody born on 29 February completes
/// the year on 1 March in common years: a choice of this program, so that
/// nobody is called a day too early.
#[must_use]
pub fn completed_years(birth: Date, day: Date) -> i16 {
    let years = day.year() - birth.year();
    let before_birthday = (day.month(), day.day()) < (birth.month(), birth.day());
    years - i16::from(before_birthday)
}

/// Whole calendar months from `earlier` to `later`; zero when `later` is earlier.
///
/// A month completes on the same day of the month, or on the first day after
/// it when the later month is shorter.
#[must_use]
pub fn months_between(earlier: Date, later: Date) -> u32 {
    let months = (i32::from(later.year()) - i32::from(earlier.year())) * 12
        + i32::from(later.month())
        - i32::from(earlier.month())
        - i32::from(later.day() < earlier.day());
    u32::try_from(months).unwrap_or(0)
}

/// Whether `date` lies at most `months` calendar months before `day`; always when there is no limit.
///
/// The day on which the last month completes still counts: 15 January is within
/// twelve months of 15 January a year later, not of the 16th. Twelve months from
/// 29 February end on the last day of the next February.
#[must_use]
pub fn is_within_months(date: Date, day: Date, months: Option<u32>) -> bool {
    months.is_none_or(|months| {
        let age = months_between(date, day);
        age < months || (age == months && date.day() == day.day())
    })
}
