//! FHIR dates. Date-only values never pass through a time zone; instants take
//! their date in the programme's zone.
//!
//! FHIR R4, `datatypes.html#dateTime`: "a date, date-time or partial date (e.g.
//! just year or year + month) … If hours and minutes are specified, a time zone
//! SHALL be populated." A time without a zone is accepted for its date, which
//! is not in doubt.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// First and last day that a FHIR date can mean.
pub(super) fn date_bounds(text: &str, zone: &TimeZone) -> Option<(Date, Date)> {
    let digits = |part: &str| -> Option<i16> {
        part.bytes()
            .all(|b| b.is_ascii_digit())
            .then(|| part.parse().ok())
            .flatten()
    };
    match text.len() {
        4 => {
            let year = digits(text)?;
            Some((Date::new(year, 1, 1).ok()?, Date::new(year, 12, 31).ok()?))
        }
        7 => {
            let (year, month) = text.split_once('-')?;
            let month = i8::try_from(digits(month)?).ok()?;
            let first = Date::new(digits(year)?, month, 1).ok()?;
            Some((first, first.last_of_month()))
        }
        10 => {
            let day = full_date(text)?;
            Some((day, day))
        }
        _ => instant_date(text, zone).map(|day| (day, day)),
    }
}

fn full_date(text: &str) -> Option<Date> {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    text.parse().ok()
}

fn instant_date(text: &str, zone: &TimeZone) -> Option<Date> {
    full_date(text.get(..10)?)?;
    if text.as_bytes().get(10) != Some(&b'T') {
        return None;
    }
    match text.parse::<Timestamp>() {
        Ok(instant) => Some(zone.to_datetime(instant).date()),
        // No zone: the date as written.
        Err(_) => text.parse::<DateTime>().ok().map(|time| time.date()),
    }
}

/// The last day a FHIR date can mean, so that a profile never looks ahead.
pub(super) fn latest_day(text: &str, zone: &TimeZone) -> Option<Date> {
    date_bounds(text, zone).map(|(_, latest)| latest)
}

/// Microseconds since 1970 of an instant.
pub(super) fn microseconds(text: &str) -> Option<i64> {
    text.parse::<Timestamp>()
        .ok()
        .map(Timestamp::as_microsecond)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_keep_their_day_and_instants_take_it_in_the_zone() {
        let zone = TimeZone::get("Europe/Helsinki").expect("bundled");
        for (text, bounds) in [
            ("2020", Some(("2020-01-01", "2020-12-31"))),
            ("2020-02", Some(("2020-02-01", "2020-02-29"))),
            ("2020-02-29", Some(("2020-02-29", "2020-02-29"))),
            ("2021-02-29", None),
            ("2021-13", None),
            ("01/02/2020", None),
            ("20200102", None),
            ("", None),
            ("2020-06-30T23:30:00Z", Some(("2020-07-01", "2020-07-01"))),
            (
                "2020-06-30T23:30:00.123+03:00",
                Some(("2020-06-30", "2020-06-30")),
            ),
            ("2020-06-30T23:30:00", Some(("2020-06-30", "2020-06-30"))),
            ("2020-06-30 23:30", None),
        ] {
            let wanted = bounds.map(|(a, b)| {
                (
                    a.parse::<Date>().expect("a date"),
                    b.parse::<Date>().expect("a date"),
                )
            });
            assert_eq!(date_bounds(text, &zone), wanted, "{text}");
        }
        assert_eq!(microseconds("1970-01-01T00:00:01Z"), Some(1_000_000));
        assert_eq!(microseconds("1970-01-01"), None);
    }
}
