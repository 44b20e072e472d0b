//! The day of an instant is that of Helsinki, half an hour by half an hour around every boundary of age.
//!
//! Helsinki's clock is kept here by the European rule, not by a time-zone database, and birthdays are counted
//! one by one.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Weekday, date};
use preventiojyraa::fhir::{IdentityKey, Reading, Resource, read_line};
use preventiojyraa::profile::completed_years;
use preventiojyraa::rulebook::{ItemInput, Rulebook, Weights};

/// The day somebody turns `years`: in a common year 1 March for the 29 February.
fn birthday(birth: Date, years: i16) -> Date {
    let year = birth.year() + years;
    Date::new(year, birth.month(), birth.day()).unwrap_or_else(|_| date(year, 3, 1))
}

/// Counts birthdays until one lies in the future.
fn birthdays_had(birth: Date, day: Date) -> i16 {
    let had = (1..).take_while(|years| birthday(birth, *years) <= day);
    had.last().unwrap_or(0)
}

/// Each age at which a shipped rule changes its mind.
fn boundaries(rules: &Rulebook) -> Vec<i16> {
    let mut ages = vec![rules.pathway.age_from, rules.pathway.age_below];
    for item in &rules.model.items {
        if !matches!(item.input, ItemInput::Age) {
            continue;
        }
        let weights = item.terms.iter().map(|term| &term.weights);
        for weights in weights.flat_map(|by_sex| [&by_sex.male, &by_sex.female]) {
            let Weights::Bands(bands) = weights else {
                continue;
            };
            let ends = bands.as_slice().iter().filter_map(|band| band.from);
            ages.extend(ends.map(|end| (0..).find(|n| end.at <= f64::from(*n)).expect("an age")));
        }
    }
    ages
}

/// How far Helsinki is ahead of UTC, by the European rule: three hours from the last Sunday of March
/// 01:00 UTC to the last Sunday of October 01:00 UTC, else two.
fn hours_ahead(utc: DateTime) -> i64 {
    let last_sunday = |month: i8| {
        let mut day = date(utc.year(), month, 31);
        while day.weekday() != Weekday::Sunday {
            day = day.yesterday().expect("in the calendar");
        }
        day.at(1, 0, 0, 0)
    };
    if last_sunday(3) <= utc && utc < last_sunday(10) {
        3
    } else {
        2
    }
}

/// The day of an instant as the program reads it from a record.
fn day_read(reading: &Reading<'_>, instant: &str) -> Date {
    let line = format!(
        r#"{{"resourceType":"Observation","id":"o","status":"final","subject":{{"reference":"Patient/p"}},"code":{{"coding":[{{"system":"http://loinc.org","code":"8302-2"}}]}},"effectiveDateTime":"{instant}","valueQuantity":{{"value":170,"unit":"cm"}}}}"#
    );
    let read = read_line(reading, line.as_bytes(), |resource| match resource {
        Resource::Statements { submissions, .. } => submissions[0].effective,
        Resource::Register(_) | Resource::OtherType(_) => None,
    });
    read.expect("a good line").expect("a date")
}

#[test]
fn around_each_boundary_the_day_is_that_of_helsinki_and_not_of_utc() {
    let rules = preventiojyraa::rules::shipped().expect("the shipped rules hold");
    let zone = &rules.programme.time_zone;
    assert_eq!(zone, "Europe/Helsinki");
    let reading = Reading::new(&rules, IdentityKey::PUBLIC, "example").expect("a known zone");
    let mut differ = 0;
    // In winter, in summer, on a leap day, and next to both changes of the clock.
    // From 1996 on the rule of the clock is the one below.
    for birth in [
        date(1980, 1, 1),
        date(1980, 2, 29),
        date(1980, 7, 1),
        date(1980, 3, 28),
        date(1980, 10, 31),
    ] {
        for years in boundaries(&rules) {
            let turning = birthday(birth, years);
            for days in -40..=40 {
                let midnight = turning
                    .checked_add(days.days())
                    .expect("a day")
                    .at(0, 0, 0, 0);
                for half_hours in -8..=2i64 {
                    let utc = midnight
                        .checked_add((30 * half_hours).minutes())
                        .expect("a time");
                    let local = utc
                        .checked_add(hours_ahead(utc).hours())
                        .expect("a time")
                        .date();
                    let day = day_read(&reading, &format!("{utc}Z"));
                    assert_eq!(day, local, "{utc} UTC");
                    let ages = [
                        birthdays_had(birth, local),
                        birthdays_had(birth, utc.date()),
                    ];
                    assert_eq!(completed_years(birth, day), ages[0], "{birth} at {utc} UTC");
                    differ += u32::from(ages[0] != ages[1]);
                }
            }
        }
    }
    assert!(
        0 < differ,
        "by the day of UTC somebody would be a year younger"
    );
}
