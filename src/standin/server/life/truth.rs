//! What would have come out, had everybody been ordered the same tests and come: what estimates are held against.
//!
//! "Truth" is positive by the test battery and the clinicians, not disease: whoever has diabetes that fasting glucose and
//! `HbA1c` miss, that nobody repeats, or that no clinician writes down, is negative here too. Each resident comes once to
//! the laboratory for both tests together, and both have a result. Within a month the programme asks a professional to
//! contact whoever has a result in the diabetic range, once. From there on clinicians and the resident behave at the rates
//! of the city: a clinician who was asked looks, or does not; a single abnormal test is repeated once, by whoever orders
//! it first, or not; the resident comes again or not; a clinician writes the diagnosis down or not, and who looks at two
//! abnormal tests later may do what the first one left undone. A diagnosis of usual care within the horizon counts, too.
//! Dice of its own: nothing in the city changes by asking, asking again gives the same, and what is told is a function of
//! seed, resident and date.

use std::io::Write;

use super::super::super::calendar::Day;
use super::super::super::glycaemia::FASTING_LEVEL;
use super::super::super::health::Health;
use super::super::super::json::write_day;
use super::super::super::numbers;
use super::super::super::person::Stay;
use super::super::super::random::{Dice, logistic};
use super::super::World;
use super::clinicians::HBA1C_LEVEL;
use super::{Purpose, rates};

/// The columns, without newline.
const HEADER: &str = "patient_id,here,prevalent,abnormal_tests,confirmed,by,day";
/// How long the horizon is.
const MONTHS: i32 = 12;
/// Days until the programme asks a professional about a result: it runs at least monthly.
const ASKED_DAYS: (i32, i32) = (1, 30);

/// What would become of a resident.
struct Fate {
    abnormal: u8,
    confirmed: Option<(&'static str, Day)>,
}

/// A table of everybody, one row a resident.
pub(in super::super) fn truth(world: &World, from: Day) -> Vec<u8> {
    let n = world.people.count();
    let mut out = Vec::with_capacity(64 * (n as usize + 1));
    out.extend_from_slice(HEADER.as_bytes());
    out.push(b'\n');
    for number in 0..n {
        let (person, health) = world.people.resident(number);
        let is_here = person.stay == Stay::Lives && from < health.death && person.birth <= from;
        let is_prevalent = health.diagnosed_by(from);
        let patient = world.people.patient_of(number);
        let flag = u8::from;
        write!(out, "{patient},{},{},", flag(is_here), flag(is_prevalent))
            .expect("writing to memory cannot fail");
        if is_here && !is_prevalent {
            write_fate(&mut out, &fate(world, number, &health, from));
        } else {
            out.extend_from_slice(b",,,");
        }
        out.push(b'\n');
    }
    out
}

fn write_fate(out: &mut Vec<u8>, fate: &Fate) {
    let (by, day) = fate.confirmed.unzip();
    write!(
        out,
        "{},{},{},",
        fate.abnormal,
        u8::from(by.is_some()),
        by.unwrap_or_default()
    )
    .expect("writing to memory cannot fail");
    if let Some(day) = day {
        write_day(out, day);
    }
}

fn fate(world: &World, number: u32, health: &Health, from: Day) -> Fate {
    let nth = u32::try_from(from.0).unwrap_or_default();
    let mut dice = super::dice(world, number, Purpose::Truth, nth);
    let visit = after(from, rates::ATTENDANCE_DAYS, &mut dice);
    let fasting = fasting(health, visit, &mut dice);
    let hba1c = hba1c(health, visit, &mut dice);
    let looked = looked(visit, &mut dice);
    let abnormal = u8::from(fasting) + u8::from(hba1c);
    let judged = match abnormal {
        0 => None,
        1 => repeated(health, (visit, looked), fasting, &mut dice),
        _ => Some(visit),
    };
    let written = judged.and_then(|judged| written(judged, looked, &mut dice));
    let by_tests = written.map(|day| ("tests", day));
    let usual = Some(("usual-care", health.diagnosis));
    let end = months_later(from, MONTHS);
    let within = |found: &(&str, Day)| from < found.1 && found.1 <= end;
    let first = [by_tests, usual].into_iter().flatten().filter(within);
    Fate {
        abnormal,
        confirmed: first.min_by_key(|(_, day)| *day),
    }
}

/// The day on which a clinician looks at a resident because the programme asks.
fn looked(visit: Day, dice: &mut Dice) -> Option<Day> {
    let asked = visit.plus(dice.whole(ASKED_DAYS.0, ASKED_DAYS.1));
    let (soonest, latest) = rates::PROFESSIONAL_DAYS;
    let day = asked.plus(dice.whole(soonest, latest));
    dice.chance(rates::PROFESSIONAL_LOOKS).then_some(day)
}

/// The day on which a clinician writes down what two abnormal tests say: whoever reads the second, or who looks later.
fn written(judged: Day, looked: Option<Day>, dice: &mut Dice) -> Option<Day> {
    let readings = [Some(judged), looked.filter(|day| judged < *day)];
    let (soonest, latest) = rates::CONFIRMATION_DAYS;
    let days = readings.into_iter().flatten().filter_map(|reading| {
        let day = reading.plus(dice.whole(soonest, latest));
        dice.chance(rates::CONFIRMS).then_some(day)
    });
    days.min()
}

/// The day on which one abnormal test, repeated, was abnormal again.
fn repeated(
    health: &Health,
    (visit, looked): (Day, Option<Day>),
    was_fasting: bool,
    dice: &mut Dice,
) -> Option<Day> {
    let (soonest, latest) = rates::REPEAT_DAYS;
    let day = visit.plus(dice.whole(soonest, latest));
    let unasked = dice.chance(rates::REPEATS).then_some(day);
    let when_looked = looked.map(|day| day.plus(1));
    let ordered = [unasked, when_looked].into_iter().flatten().min()?;
    let log_odds =
        rates::first_or_later(rates::ATTENDS, 0) + rates::ATTENDS_BY_CONTACT * health.contact;
    if !dice.chance(logistic(log_odds)) {
        return None;
    }
    let again = after(ordered, rates::ATTENDANCE_DAYS, dice);
    let is_abnormal = if was_fasting {
        fasting(health, again, dice)
    } else {
        hba1c(health, again, dice)
    };
    is_abnormal.then_some(again)
}

fn after(day: Day, (soonest, mean): (i32, f64), dice: &mut Dice) -> Day {
    day.plus(soonest + numbers::rounded_days(dice.exponential(mean).min(120.0)))
}

/// Whether a fasting glucose, with the variation of a laboratory and rounded to tenths, is abnormal.
fn fasting(health: &Health, day: Day, dice: &mut Dice) -> bool {
    let value = health.glycaemia.on(day, health.drug).fasting * dice.normal(1.0, 0.055);
    numbers::rounded(FASTING_LEVEL * 10.0) <= numbers::rounded(value * 10.0)
}

/// The same of `HbA1c`, rounded to whole numbers.
fn hba1c(health: &Health, day: Day, dice: &mut Dice) -> bool {
    let value = health.glycaemia.on(day, health.drug).hba1c * dice.normal(1.0, 0.025);
    numbers::rounded(HBA1C_LEVEL) <= numbers::rounded(value)
}

/// The same day some months later, or the month's last where it is shorter.
fn months_later(day: Day, months: i32) -> Day {
    let (year, month, of_month) = day.civil();
    let month = month - 1 + months;
    let (year, month) = (year + month.div_euclid(12), month.rem_euclid(12) + 1);
    let first = Day::from_civil(year, month, 1);
    let next = if month == 12 {
        Day::from_civil(year + 1, 1, 1)
    } else {
        Day::from_civil(year, month + 1, 1)
    };
    first.plus(of_month - 1).min(next.plus(-1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_from_a_leap_day_ends_on_the_last_of_february() {
        for (from, to) in [
            ((2024, 2, 29), (2025, 2, 28)),
            ((2024, 2, 28), (2025, 2, 28)),
            ((2025, 12, 31), (2026, 12, 31)),
        ] {
            let day = |(y, m, d)| Day::from_civil(y, m, d);
            assert_eq!(months_later(day(from), 12), day(to));
        }
    }
}
