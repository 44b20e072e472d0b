//! Working days: on which days somebody is there to look.

use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan};

use super::reader::Table;

/// The days of a week with their names in rule files.
const WEEKDAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

/// On which days nobody is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkingDays {
    weekend: Vec<Weekday>,
    holidays: Vec<Holiday>,
}

/// A day of each year on which nobody is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holiday {
    /// The same day of a month each year.
    On(i8, i8),
    /// So many days after Easter Sunday; before it, below 0.
    FromEaster(i16),
    /// The first day of this name from a day of a month on.
    First(Weekday, i8, i8),
}

impl Holiday {
    /// The day in a year; nothing where the year has no such day.
    fn of_year(self, year: i16) -> Option<Date> {
        match self {
            Self::On(month, day) => Date::new(year, month, day).ok(),
            Self::FromEaster(days) => easter(year)?.checked_add(i64::from(days).days()).ok(),
            Self::First(weekday, month, day) => {
                let from = Date::new(year, month, day).ok()?;
                let until = from.weekday().until(weekday);
                from.checked_add(i64::from(until).days()).ok()
            }
        }
    }
}

/// Easter Sunday of a year of the Gregorian calendar.
///
/// The rule of the calendar itself, in the form printed without author in *Nature* 13 (1876) 487 and in
/// Butcher's *Ecclesiastical Calendar* (1877) 225.
fn easter(year: i16) -> Option<Date> {
    let y = i32::from(year);
    let (golden, century, of_century) = (y % 19, y / 100, y % 100);
    let moon =
        (19 * golden + century - century / 4 - (century - (century + 8) / 25 + 1) / 3 + 15) % 30;
    let to_sunday = (32 + 2 * (century % 4) + 2 * (of_century / 4) - moon - of_century % 4) % 7;
    let late = (golden + 11 * moon + 22 * to_sunday) / 451;
    let days = moon + to_sunday - 7 * late + 114;
    let (month, day) = (i8::try_from(days / 31).ok()?, i8::try_from(days % 31).ok()?);
    Date::new(year, month, day + 1).ok()
}

impl WorkingDays {
    /// Somebody is there every day: what holds where a programme says nothing.
    #[must_use]
    pub const fn every_day() -> Self {
        Self {
            weekend: Vec::new(),
            holidays: Vec::new(),
        }
    }

    /// Whether somebody is there.
    #[must_use]
    pub fn holds(&self, day: Date) -> bool {
        let is_holiday = |holiday: &Holiday| {
            // What is counted from a day late in the year may fall into the next.
            let years = [day.year() - 1, day.year()];
            years.iter().any(|year| holiday.of_year(*year) == Some(day))
        };
        !self.weekend.contains(&day.weekday()) && !self.holidays.iter().any(is_holiday)
    }

    /// The last working day from one day to another: until when somebody can have looked who has time
    /// until then. The first of the two where there is none.
    #[must_use]
    pub fn last_within(&self, from: Date, until: Date) -> Date {
        let mut day = until;
        while from < day && !self.holds(day) {
            day = day.saturating_sub(Span::new().days(1));
        }
        day.max(from)
    }

    pub(super) fn read(root: &Table<'_>) -> Option<Self> {
        let table = root.table("working_days")?;
        let weekend = table.words("weekend", &WEEKDAYS);
        if WEEKDAYS.iter().all(|(_, day)| weekend.contains(day)) {
            let message = "nobody would ever be there";
            table.report_at("weekend", "no-working-day", message, None);
        }
        let holidays = table.tables("holiday");
        let holidays: Vec<Option<Holiday>> = holidays.iter().map(read_holiday).collect();
        table.note_verification();
        table.finish();
        Some(Self {
            weekend,
            holidays: holidays.into_iter().collect::<Option<_>>()?,
        })
    }
}

fn read_holiday(table: &Table<'_>) -> Option<Holiday> {
    let name = table.text("name");
    let on = read_day(table, "on");
    let from = read_day(table, "from");
    let easter = table.optional_whole::<i16>("easter");
    let weekday = table.optional_word("weekday", &WEEKDAYS);
    table.finish();
    name?;
    match (on, easter, weekday, from) {
        (Some(on), None, None, None) => on.map(|(month, day)| Holiday::On(month, day)),
        (None, Some(days), None, None) => Some(Holiday::FromEaster(days)),
        (None, None, Some(weekday), Some(from)) => {
            from.map(|(month, day)| Holiday::First(weekday, month, day))
        }
        _ => {
            let expected =
                "one of `on = \"MM-DD\"`, `easter = DAYS`, or `weekday` with `from = \"MM-DD\"`";
            table.report("holiday-day", format!("it takes {expected}"));
            None
        }
    }
}

/// A day of a month, `06-20`; the inner nothing for what is none, which is reported.
fn read_day(table: &Table<'_>, key: &'static str) -> Option<Option<(i8, i8)>> {
    let text = table.optional_text(key)?;
    let day = text.split_once('-').and_then(|(month, day)| {
        let is_two = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        let whole = is_two(month) && is_two(day);
        let (month, day) = (month.parse().ok()?, day.parse().ok()?);
        // A leap year has every day that any year has.
        (whole && Date::new(2024, month, day).is_ok()).then_some((month, day))
    });
    if day.is_none() {
        let hint = "month and day with two digits each, as 06-20".to_owned();
        table.report_at(key, "holiday-day", "it is no day of a month", Some(hint));
    }
    Some(day)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn finnish() -> WorkingDays {
        WorkingDays {
            weekend: vec![Weekday::Saturday, Weekday::Sunday],
            holidays: vec![
                Holiday::On(1, 1),
                Holiday::FromEaster(-2),
                Holiday::FromEaster(1),
                Holiday::FromEaster(39),
                Holiday::First(Weekday::Friday, 6, 19),
                Holiday::On(12, 6),
                Holiday::On(12, 24),
                Holiday::On(12, 25),
                Holiday::On(12, 26),
            ],
        }
    }

    /// python-dateutil 2.9.0.post0: `dateutil.easter.easter(year)`.
    #[test]
    fn easter_is_where_another_program_has_it() {
        for sunday in [
            date(1900, 4, 15),
            date(1943, 4, 25),
            date(1954, 4, 18),
            date(1981, 4, 19),
            date(2000, 4, 23),
            date(2008, 3, 23),
            date(2019, 4, 21),
            date(2024, 3, 31),
            date(2025, 4, 20),
            date(2026, 4, 5),
            date(2027, 3, 28),
            date(2028, 4, 16),
            date(2038, 4, 25),
            date(2049, 4, 18),
            date(2076, 4, 19),
            date(2099, 4, 12),
            date(2100, 3, 28),
        ] {
            assert_eq!(easter(sunday.year()), Some(sunday));
        }
    }

    #[test]
    fn nobody_is_there_at_weekends_and_on_holidays() {
        let days = finnish();
        for (day, is_working) in [
            (date(2026, 1, 1), false),
            (date(2026, 1, 2), true),
            // Good Friday, Easter Monday, Ascension Day.
            (date(2026, 4, 2), true),
            (date(2026, 4, 3), false),
            (date(2026, 4, 6), false),
            (date(2026, 4, 7), true),
            (date(2026, 5, 14), false),
            // Midsummer Eve is the Friday between the 19th and the 25th of June.
            (date(2026, 6, 19), false),
            (date(2025, 6, 20), false),
            (date(2021, 6, 25), false),
            (date(2021, 6, 18), true),
            (date(2026, 12, 6), false),
            (date(2026, 12, 23), true),
            (date(2026, 12, 24), false),
            (date(2026, 12, 28), true),
        ] {
            assert_eq!(days.holds(day), is_working, "{day}");
        }
    }

    #[test]
    fn a_deadline_is_the_last_working_day_and_never_before_it_began() {
        let days = finnish();
        // Friday the 18th of December 2026.
        let friday = date(2026, 12, 18);
        for (until, last) in [
            (friday, friday),
            (date(2026, 12, 19), friday),
            (date(2026, 12, 20), friday),
            (date(2026, 12, 21), date(2026, 12, 21)),
            (date(2026, 12, 27), date(2026, 12, 23)),
        ] {
            assert_eq!(days.last_within(friday, until), last, "{until}");
        }
        // What begins when nobody is there has its first day at least.
        let saturday = date(2026, 12, 19);
        assert_eq!(days.last_within(saturday, saturday), saturday);
        assert_eq!(days.last_within(saturday, date(2026, 12, 20)), saturday);
    }

    #[test]
    fn what_is_counted_from_the_end_of_a_year_may_fall_into_the_next() {
        let days = WorkingDays {
            weekend: Vec::new(),
            holidays: vec![Holiday::First(Weekday::Thursday, 12, 30)],
        };
        assert!(!days.holds(date(2026, 12, 31)));
        assert!(days.holds(date(2027, 1, 1)));
        // The 30th of December 2022 is a Friday.
        assert!(!days.holds(date(2023, 1, 5)));
    }
}
