//! The server's time: the machine's, or one of its own that is told to advance.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// What time it is here.
#[derive(Debug)]
pub(super) enum Clock {
    /// The machine's.
    Machine,
    /// Stands still until told to advance; milliseconds since 1970.
    Own(AtomicI64),
}

impl Clock {
    /// A clock of its own that starts at noon UTC of this day.
    pub(super) fn starting(day: Date) -> Clock {
        let noon = day.at(12, 0, 0, 0).to_zoned(TimeZone::UTC);
        Clock::Own(AtomicI64::new(
            noon.map_or(0, |noon| noon.timestamp().as_millisecond()),
        ))
    }

    /// Milliseconds since 1970.
    pub(super) fn millis(&self) -> i64 {
        match self {
            Clock::Machine => Timestamp::now().as_millisecond(),
            Clock::Own(millis) => millis.load(Ordering::Acquire),
        }
    }

    /// One day later; false when the clock is the machine's.
    pub(super) fn next_day(&self) -> bool {
        match self {
            Clock::Machine => false,
            Clock::Own(millis) => {
                millis.fetch_add(DAY, Ordering::AcqRel);
                true
            }
        }
    }
}

/// An instant as FHIR writes it.
pub(super) fn instant(millis: i64) -> String {
    let at = Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH);
    format!("{at:.3}")
}

/// Seconds of the machine's clock since 1970: what signatures and header dates go by.
pub(super) fn machine_seconds() -> i64 {
    Timestamp::now().as_second()
}

/// An instant as HTTP headers write it.
pub(super) fn header_date(seconds: i64) -> String {
    let at = Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH);
    let printer = jiff::fmt::rfc2822::DateTimePrinter::new();
    printer.timestamp_to_rfc9110_string(&at).unwrap_or_default()
}
