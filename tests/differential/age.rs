//! Ages and spans of months by a second method, every day around every boundary.
//!
//! Completed years are counted birthday by birthday instead of subtracted;
//! months are added by `jiff` instead of counted.

use std::collections::BTreeSet;

use jiff::ToSpan;
use jiff::civil::{Date, date};
use preventiojyraa_core::profile::{BirthDate, completed_years, is_within_months};
use preventiojyraa_core::rulebook::{ItemInput, State, Weights};

use crate::support::core::{Someone, rulebook};

/// The day somebody turns `years`: in a common year 1 March for the 29 February.
fn birthday(birth: Date, years: i16) -> Date {
    let year = birth.year() + years;
    Date::new(year, birth.month(), birth.day()).unwrap_or_else(|_| date(year, 3, 1))
}

/// Counts birthdays until one lies in the future.
fn birthdays_had(birth: Date, day: Date) -> i16 {
    (1..)
        .take_while(|years| birthday(birth, *years) <= day)
        .last()
        .unwrap_or(0)
}

/// Every day of a leap year and of a common year.
fn births() -> impl Iterator<Item = Date> {
    [date(1956, 1, 1), date(1957, 1, 1)]
        .into_iter()
        .flat_map(|first| {
            first
                .series(1.day())
                .take_while(move |day| day.year() == first.year())
        })
}

/// Each age at which a shipped rule changes its mind.
fn boundaries() -> Vec<i16> {
    let pathway = &rulebook().pathway;
    let mut ages = BTreeSet::from([pathway.age_from, pathway.age_below]);
    for item in &rulebook().model.items {
        if let ItemInput::Age = &item.input
            && let Weights::Bands(bands) = &item.terms[0].weights.male
        {
            let ends = bands.as_slice().iter().filter_map(|band| band.from);
            ages.extend(ends.map(|end| (0..).find(|n| end.at <= f64::from(*n)).expect("an age")));
        }
    }
    ages.into_iter().collect()
}

#[test]
fn the_rule_book_changes_its_mind_at_these_ages() {
    assert_eq!(boundaries(), [18, 45, 55, 65, 120]);
}

#[test]
fn completed_years_agree_forty_days_around_each_boundary_for_every_birthday() {
    for birth in births() {
        for years in boundaries() {
            let turning = birthday(birth, years);
            for days in -40..=40 {
                let day = turning.checked_add(days.days()).expect("in the calendar");
                // Forty days never hold a second birthday.
                let expected = if days < 0 { years - 1 } else { years };
                assert_eq!(completed_years(birth, day), expected, "{birth} on {day}");
            }
        }
    }
}

#[test]
fn completed_years_agree_with_birthdays_counted_one_by_one() {
    for birth in [
        date(1956, 2, 28),
        date(1956, 2, 29),
        date(1956, 3, 1),
        date(1957, 12, 31),
    ] {
        let lives = birth.series(1.day()).take_while(|day| day.year() <= 1976);
        for day in lives.chain([birthday(birth, 100), date(2100, 2, 28), date(2100, 3, 1)]) {
            assert_eq!(
                completed_years(birth, day),
                birthdays_had(birth, day),
                "{birth} on {day}"
            );
        }
    }
}

#[test]
fn points_and_state_change_on_the_birthday_and_on_no_other_day() {
    for birth in [
        date(1956, 2, 29),
        date(1956, 3, 1),
        date(1957, 2, 28),
        date(1956, 12, 31),
    ] {
        for (years, before, from) in [(45, 0, 2), (55, 2, 3), (65, 3, 4)] {
            for days in -40..=40 {
                let day = birthday(birth, years)
                    .checked_add(days.days())
                    .expect("a day");
                let someone = Someone::unknown().seen_on(day);
                let someone = someone.registered(|r| r.birth = BirthDate::on(birth));
                let expected = if days < 0 { before } else { from };
                assert_eq!(someone.points("age"), [expected], "{birth} on {day}");
            }
        }
        for days in -40..=40 {
            for (years, is_inside_from) in [(18, true), (120, false)] {
                let day = birthday(birth, years)
                    .checked_add(days.days())
                    .expect("a day");
                let someone = Someone::unknown().seen_on(day);
                let someone = someone.registered(|r| r.birth = BirthDate::on(birth));
                let is_outside = someone.decision().state == State::OutsideAge;
                assert_eq!(is_outside, (days < 0) == is_inside_from, "{birth} on {day}");
            }
        }
    }
}

#[test]
fn a_partial_birth_date_gives_the_ages_of_its_first_and_its_last_day() {
    for (from, to) in [
        (date(1956, 1, 1), date(1956, 12, 31)),
        (date(1956, 2, 1), date(1956, 2, 29)),
        (date(1957, 2, 1), date(1957, 2, 28)),
    ] {
        let birth = BirthDate::between(from, to).expect("in order");
        for day in date(2001, 1, 1).series(1.day()).take(400) {
            let ages = from.series(1.day()).take_while(|b| *b <= to);
            let ages: Vec<i16> = ages.map(|b| birthdays_had(b, day)).collect();
            let expected = ages.iter().min().copied().zip(ages.iter().max().copied());
            assert_eq!(birth.age_on(day), expected, "{from} to {to} on {day}");
        }
    }
}

#[test]
fn within_so_many_months_agrees_with_adding_the_months() {
    for earlier in births() {
        for months in [0i32, 1, 10, 12, 24, 36, 60] {
            let last = earlier
                .checked_add(months.months())
                .expect("in the calendar");
            let days = (-40..=40).map(|n| last.checked_add(n.days()).expect("in the calendar"));
            for day in days.filter(|day| earlier <= *day) {
                let limit = u32::try_from(months).ok();
                let is_within = is_within_months(earlier, day, limit);
                assert_eq!(
                    is_within,
                    day <= last,
                    "{earlier} within {months} months of {day}"
                );
            }
        }
    }
}
