//! Height, weight, body mass index, waist and blood pressure, as clinics and residents record them.

use super::calendar::Day;
use super::concepts::{self, Observable};
use super::instant::Instant;
use super::numbers;
use super::observations::{self, Codings, Effective, Found, Observed, Performer, UnitSpelling};
use super::random::{Dice, Stream};
use super::scribe::Scribe;

/// Writes the measurements of all visits.
pub(super) fn write(scribe: &mut Scribe<'_>) {
    let mut dice = scribe.dice(Stream::Vitals);
    let visits = dice.poisson((1.15 * libm::exp(0.35 * scribe.health.contact)).min(6.0));
    for _ in 0..visits {
        if let Some(day) = visit_day(scribe, &mut dice, 4.0) {
            write_visit(scribe, day, &mut dice);
        }
    }
    if scribe.person.age >= 18 && dice.chance(0.07) {
        write_own_weight(scribe, &mut dice);
    }
}

/// A day within the life and stay of the resident, about so many years back in the mean.
pub(super) fn visit_day(scribe: &Scribe<'_>, dice: &mut Dice, mean_years: f64) -> Option<Day> {
    let day = scribe
        .last_day()
        .plus_years(-dice.exponential(mean_years))
        .plus(-1);
    let oldest = scribe.as_of.plus_years(-16.0).max(scribe.person.birth);
    (day > oldest).then_some(day)
}

fn write_visit(scribe: &mut Scribe<'_>, day: Day, dice: &mut Dice) {
    let at = Instant::on(day, dice);
    let height = height_on(scribe, day) + dice.normal(0.0, 0.8);
    let body_mass_index = body_mass_index_on(scribe, day);
    let weight = body_mass_index * height * height / 10_000.0 + dice.normal(0.0, 0.9);
    if dice.chance(0.55) {
        write_height(scribe, at, height, dice);
    }
    let (with_weight, with_index, with_pressure) =
        (dice.chance(0.80), dice.chance(0.42), dice.chance(0.35));
    if with_weight {
        let found = Found::Quantity(numbers::rounded(weight * 10.0));
        observe(scribe, &concepts::WEIGHT, at, found, dice);
    }
    if with_index {
        let index = weight / (height * height / 10_000.0);
        observe(
            scribe,
            &concepts::BODY_MASS_INDEX,
            at,
            Found::Quantity(numbers::rounded(index * 10.0)),
            dice,
        );
    }
    if scribe.person.age >= 18 && dice.chance(0.025) {
        write_waist(scribe, at, dice);
    }
    if with_pressure && scribe.person.age >= 18 {
        // One reading varies around what is usual for the resident.
        let usual = &scribe.health.circulation;
        let systolic = numbers::rounded(dice.normal(usual.systolic, 9.0).max(75.0));
        let diastolic = numbers::rounded(dice.normal(usual.diastolic, 6.0).max(40.0));
        observe(
            scribe,
            &concepts::BLOOD_PRESSURE,
            at,
            Found::Pressure(systolic, diastolic),
            dice,
        );
    }
}

/// One in a thousand heights is typed in metres.
fn write_height(scribe: &mut Scribe<'_>, at: Instant, height: f64, dice: &mut Dice) {
    let in_metres = dice.chance(0.001);
    let found = Found::Quantity(numbers::rounded(if in_metres {
        height / 100.0
    } else {
        height
    }));
    observe(scribe, &concepts::HEIGHT, at, found, dice);
}

/// One waist in three hundred is a slip: inches, or a missing digit.
fn write_waist(scribe: &mut Scribe<'_>, at: Instant, dice: &mut Dice) {
    let true_waist = scribe.health.items.waist_circumference + dice.normal(0.0, 2.5);
    let value = if dice.chance(0.003) {
        true_waist / dice.pick(&[2.54, 10.0])
    } else {
        true_waist
    };
    let observable = if dice.chance(0.8) {
        &concepts::WAIST
    } else {
        &concepts::WAIST_PROTOCOL
    };
    observe(
        scribe,
        observable,
        at,
        Found::Quantity(numbers::rounded(value)),
        dice,
    );
}

/// From the resident's own scales, through the national personal health record: the day only.
fn write_own_weight(scribe: &mut Scribe<'_>, dice: &mut Dice) {
    let Some(day) = visit_day(scribe, dice, 1.0) else {
        return;
    };
    let height = height_on(scribe, day);
    let weight =
        body_mass_index_on(scribe, day) * height * height / 10_000.0 + dice.normal(-1.0, 1.5);
    let at = Instant::on(day, dice);
    let observed = Observed {
        observable: &concepts::WEIGHT,
        found: Found::Quantity(numbers::rounded(weight * 10.0)),
        at,
        issued: None,
        status: "final",
        unit: UnitSpelling::Local,
        effective: Effective::Day,
        performer: Performer::Resident,
        codings: Codings::Both,
    };
    observations::write(scribe, &observed);
}

fn observe(
    scribe: &mut Scribe<'_>,
    observable: &'static Observable,
    at: Instant,
    found: Found,
    dice: &mut Dice,
) {
    let found = if dice.chance(0.004) {
        Found::Absent("not-performed")
    } else {
        found
    };
    let observed = Observed {
        observable,
        found,
        at,
        issued: dice.chance(0.5).then(|| at.minutes_later(3)),
        status: dice.weighted(&[
            (0.985, "final"),
            (0.006, "amended"),
            (0.004, "corrected"),
            (0.005, "entered-in-error"),
        ]),
        unit: dice.weighted(&[
            (0.85, UnitSpelling::Ucum),
            (0.13, UnitSpelling::Local),
            (0.02, UnitSpelling::TextOnly),
        ]),
        effective: Effective::Instant,
        performer: dice.weighted(&[(0.6, Performer::None), (0.4, Performer::Clinic)]),
        codings: Codings::Both,
    };
    observations::write(scribe, &observed);
}

/// Children grow; adults stay as they are.
pub(super) fn height_on(scribe: &Scribe<'_>, day: Day) -> f64 {
    let (then, now) = (
        day.years_since(scribe.person.birth),
        scribe.person.age_exact,
    );
    if then >= 18.0 {
        return scribe.health.height_cm;
    }
    let grown = |age: f64| libm::pow(age.clamp(0.0, 18.0) / 18.0, 0.75);
    50.0 + (scribe.health.height_cm - 50.0) * grown(then) / grown(now).max(0.01)
}

/// Adults were a little lighter in the past; a child's index stays as it is.
pub(super) fn body_mass_index_on(scribe: &Scribe<'_>, day: Day) -> f64 {
    let ago = scribe.as_of.years_since(day);
    let now = scribe.health.items.body_mass_index;
    if scribe.person.age < 20 {
        now
    } else {
        now * (1.0 - 0.003 * ago)
    }
}
