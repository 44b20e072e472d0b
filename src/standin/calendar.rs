//! Days as numbers, and the clock time that Helsinki showed on them.
//!
//! The register needs only whole days, completed years and daytime instants, by the million; so this is plain
//! arithmetic on the proleptic Gregorian calendar. `jiff` stays the type at the room's door.

use jiff::civil::Date;

/// A day, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Day(pub(super) i32);

impl Day {
    /// The day with this calendar date (days-from-civil by Howard Hinnant, public domain).
    pub(super) fn from_civil(year: i32, month: i32, day: i32) -> Day {
        let shifted = if month <= 2 { year - 1 } else { year };
        let era = shifted.div_euclid(400);
        let year_of_era = shifted.rem_euclid(400);
        let month_from_march = (month + 9) % 12;
        let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Day(era * 146_097 + day_of_era - 719_468)
    }

    /// The calendar date: year, month, day.
    pub(super) fn civil(self) -> (i32, i32, i32) {
        let shifted = self.0 + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 {
            month_from_march + 3
        } else {
            month_from_march - 9
        };
        let year = year_of_era + era * 400 + i32::from(month <= 2);
        (year, month, day)
    }

    /// The calendar year.
    pub(super) fn year(self) -> i32 {
        self.civil().0
    }

    /// So many days later, or earlier when negative.
    pub(super) fn plus(self, days: i32) -> Day {
        Day(self.0 + days)
    }

    /// So many years of 365.25 days later, kept within two thousand years so that "never" stays a day.
    pub(super) fn plus_years(self, years: f64) -> Day {
        self.plus(super::numbers::rounded_days(
            years.clamp(-2_000.0, 2_000.0) * 365.25,
        ))
    }

    /// Years of 365.25 days from `earlier` to this day.
    pub(super) fn years_since(self, earlier: Day) -> f64 {
        f64::from(self.0 - earlier.0) / 365.25
    }

    /// Completed years of age on this day of somebody born on `birth`.
    pub(super) fn completed_years_since(self, birth: Day) -> i32 {
        let (year, month, day) = self.civil();
        let (birth_year, birth_month, birth_day) = birth.civil();
        year - birth_year - i32::from((month, day) < (birth_month, birth_day))
    }

    /// Helsinki's offset from UTC at daytime on this day, in hours.
    ///
    /// Summer time runs from the last Sunday of March to the last Sunday of October, as in the whole European Union;
    /// all instants written here lie between 07:00 and 21:00, after the change at 03:00 or 04:00.
    pub(super) fn helsinki_offset_hours(self) -> i32 {
        let year = self.year();
        let summer = last_sunday(year, 3) <= self && self < last_sunday(year, 10);
        if summer { 3 } else { 2 }
    }
}

/// The last Sunday of a month of 31 days.
fn last_sunday(year: i32, month: i32) -> Day {
    let last = Day::from_civil(year, month, 31);
    // 1970-01-01 was a Thursday, so day number 3 was a Sunday.
    last.plus(-(last.0 - 3).rem_euclid(7))
}

impl From<Date> for Day {
    fn from(date: Date) -> Day {
        Day::from_civil(
            i32::from(date.year()),
            i32::from(date.month()),
            i32::from(date.day()),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn day_numbers_agree_with_jiff_over_two_centuries() {
        let mut date = jiff::civil::date(1899, 1, 1);
        while date.year() < 2101 {
            let day = Day::from(date);
            let (year, month, day_of_month) = day.civil();
            assert_eq!(
                (
                    i32::from(date.year()),
                    i32::from(date.month()),
                    i32::from(date.day())
                ),
                (year, month, day_of_month)
            );
            let later = date.tomorrow().expect("within range");
            assert_eq!(Day::from(later), day.plus(1));
            date = later;
        }
    }

    #[test]
    fn summer_time_starts_and_ends_on_the_last_sundays() {
        for (year, month, day, hours) in [
            (2025, 3, 29, 2),
            (2025, 3, 30, 3),
            (2025, 10, 25, 3),
            (2025, 10, 26, 2),
            (2024, 3, 31, 3),
        ] {
            assert_eq!(
                Day::from_civil(year, month, day).helsinki_offset_hours(),
                hours
            );
        }
    }

    #[test]
    fn a_birthday_completes_the_year() {
        let birth = Day::from_civil(1980, 1, 15);
        assert_eq!(
            Day::from_civil(2026, 1, 14).completed_years_since(birth),
            45
        );
        assert_eq!(
            Day::from_civil(2026, 1, 15).completed_years_since(birth),
            46
        );
    }
}
