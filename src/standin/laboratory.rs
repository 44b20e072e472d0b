//! Glucose, `HbA1c` and lipid results, and results that say nothing about the programme.
//!
//! Results follow the resident's true course with biological and analytical variation (coefficients of variation of 5.5 %
//! for fasting glucose, 14 % for the two-hour value, 2.5 % for `HbA1c`; round textbook values). Somebody whose diabetes nobody
//! knows has mostly not been tested since it began: four of five such results are left out.

use super::calendar::Day;
use super::circulation::{self, Lipid};
use super::concepts::{self, Observable};
use super::glycaemia::Values;
use super::instant::Instant;
use super::numbers;
use super::observations::{self, Codings, Effective, Found, Observed, Performer, UnitSpelling};
use super::random::{Dice, Stream};
use super::scribe::Scribe;
use super::vitals::visit_day;

/// Laboratories report `HbA1c` in mmol/mol since about this year; older results are in percent.
const PERCENT_BEFORE: i32 = 2013;

/// Writes all laboratory results.
pub(super) fn write(scribe: &mut Scribe<'_>) {
    let mut dice = scribe.dice(Stream::Laboratory);
    if scribe.person.age >= 16 {
        write_screening(scribe, &mut dice);
        write_diagnostic(scribe, &mut dice);
        write_follow_up(scribe, &mut dice);
        write_gestational(scribe, &mut dice);
        write_lesser(scribe, &mut dice);
    }
    let unrelated = dice.poisson((0.75 * libm::exp(0.3 * scribe.health.contact)).min(5.0));
    for _ in 0..unrelated {
        write_unrelated(scribe, &mut dice);
    }
}

/// A test that can be ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Test {
    HbA1c,
    FastingGlucose,
    /// Fasting, and two hours after glucose.
    Tolerance,
    /// One of the lipids.
    Lipid(Lipid),
}

/// Writes the results of one sample, taken on this day.
pub(super) fn sample(scribe: &mut Scribe<'_>, day: Day, tests: &[Test], dice: &mut Dice) {
    let values = values_on(scribe, day);
    for test in tests {
        match test {
            Test::HbA1c => write_hba1c(scribe, day, values, dice),
            Test::FastingGlucose => write_fasting(scribe, day, values, dice),
            Test::Tolerance => {
                write_two_hour(scribe, day, values, &concepts::TWO_HOUR_GLUCOSE, dice);
            }
            Test::Lipid(lipid) => write_lipid(scribe, day, *lipid, dice),
        }
    }
}

/// Tests that people without known diabetes have had.
fn write_screening(scribe: &mut Scribe<'_>, dice: &mut Dice) {
    let by_age = match scribe.person.age {
        ..30 => 0.20,
        30..45 => 0.50,
        45.. => 1.05,
    };
    let at_risk = if scribe.health.blood_pressure_drug_from.is_some() {
        1.6
    } else {
        1.0
    };
    let known_high = if scribe.health.items.high_blood_glucose_ever {
        1.8
    } else {
        1.0
    };
    let rate = by_age * at_risk * known_high * libm::exp(0.40 * scribe.health.contact);
    for _ in 0..dice.poisson(rate.min(6.0)) {
        let day = visit_day(scribe, dice, 3.5);
        let (with_hba1c, with_fasting, with_ogtt) =
            (dice.chance(0.55), dice.chance(0.80), dice.chance(0.025));
        let kept = dice.chance(0.2);
        let Some(day) = day else { continue };
        let hidden = scribe.health.glycaemia.onset <= day;
        if scribe.health.diagnosed_by(day) || (hidden && !kept) {
            continue;
        }
        let values = values_on(scribe, day);
        if with_fasting {
            write_fasting(scribe, day, values, dice);
        }
        if with_hba1c {
            write_hba1c(scribe, day, values, dice);
        }
        if with_ogtt {
            write_two_hour(scribe, day, values, &concepts::TWO_HOUR_GLUCOSE, dice);
        }
    }
}

/// The results on which a diagnosis rested: one day, and a confirmation.
fn write_diagnostic(scribe: &mut Scribe<'_>, dice: &mut Dice) {
    let day = scribe.health.diagnosis;
    let confirmed = day.plus(-dice.whole(1, 12));
    let first = confirmed.plus(-dice.whole(5, 40));
    let recent = first > scribe.as_of.plus_years(-14.0).max(scribe.person.birth);
    if !recent || day > scribe.last_day() {
        return;
    }
    let values = values_on(scribe, first);
    write_fasting(scribe, first, values, dice);
    write_hba1c(scribe, first, values, dice);
    if scribe.health.glycaemia.fasting_first {
        write_fasting(scribe, confirmed, values, dice);
    } else {
        write_two_hour(scribe, confirmed, values, &concepts::TWO_HOUR_GLUCOSE, dice);
    }
}

/// About two `HbA1c` results a year once the diagnosis is known.
fn write_follow_up(scribe: &mut Scribe<'_>, dice: &mut Dice) {
    if !scribe.health.diagnosed_by(scribe.last_day()) {
        return;
    }
    for _ in 0..dice.poisson(2.8) {
        let Some(day) = visit_day(scribe, dice, 1.8) else {
            continue;
        };
        if scribe.health.diagnosed_by(day) {
            let values = values_on(scribe, day);
            write_hba1c(scribe, day, values, dice);
        }
    }
}

/// The tolerance test of a pregnancy.
fn write_gestational(scribe: &mut Scribe<'_>, dice: &mut Dice) {
    let Some(day) = scribe.health.gestational else {
        return;
    };
    if day > scribe.last_day() || day < scribe.as_of.plus_years(-14.0) || dice.chance(0.3) {
        return;
    }
    let values = Values {
        fasting: dice.normal(5.4, 0.3),
        two_hour: dice.normal(9.2, 0.8),
        hba1c: 36.0,
    };
    write_two_hour(
        scribe,
        day,
        values,
        &concepts::TWO_HOUR_GLUCOSE_PREGNANCY,
        dice,
    );
}

/// Results of a lesser kind: capillary, meter, point of care, or of unknown fasting state.
fn write_lesser(scribe: &mut Scribe<'_>, dice: &mut Dice) {
    for _ in 0..dice.poisson(0.14) {
        let Some(day) = visit_day(scribe, dice, 3.0) else {
            continue;
        };
        let values = values_on(scribe, day);
        let any_time = values.fasting + dice.exponential(0.9);
        let (observable, found) = match dice.whole(0, 5) {
            0 | 1 => (&concepts::GLUCOSE_PLASMA, tenths(any_time)),
            2 => {
                write_own_glucose(scribe, day, any_time - 0.4, dice);
                continue;
            }
            3 => (&concepts::GLUCOSE_POINT_OF_CARE, tenths(any_time)),
            4 => (&concepts::CAPILLARY_FASTING_GLUCOSE, tenths(values.fasting)),
            _ => (&concepts::HBA1C_POINT_OF_CARE, whole(values.hba1c)),
        };
        report(scribe, observable, day, found, dice);
    }
}

/// A reading of the resident's own meter, through the national personal health record: the day only.
fn write_own_glucose(scribe: &mut Scribe<'_>, day: Day, value: f64, dice: &mut Dice) {
    let observed = Observed {
        observable: &concepts::GLUCOSE_BLOOD,
        found: tenths(value),
        at: Instant::on(day, dice),
        issued: None,
        status: "final",
        unit: UnitSpelling::Local,
        effective: Effective::Day,
        performer: Performer::Resident,
        codings: Codings::Both,
    };
    observations::write(scribe, &observed);
}

fn write_unrelated(scribe: &mut Scribe<'_>, dice: &mut Dice) {
    // Four of twelve such results are lipids.
    let others = concepts::UNRELATED.len();
    let place = numbers::position(dice.unit(), others + Lipid::PANEL.len());
    let Some((observable, typical, spread)) = concepts::UNRELATED.get(place) else {
        return write_lipids(scribe, dice);
    };
    let value = dice.normal(*typical, *spread).max(0.3);
    let Some(day) = visit_day(scribe, dice, 3.0) else {
        return;
    };
    let scaled = numbers::rounded(if observable.places == 0 {
        value
    } else {
        value * 10.0
    });
    report(scribe, observable, day, Found::Quantity(scaled), dice);
}

/// A panel that somebody had ordered.
fn write_lipids(scribe: &mut Scribe<'_>, dice: &mut Dice) {
    let Some(day) = visit_day(scribe, dice, 3.0) else {
        return;
    };
    for lipid in Lipid::PANEL {
        write_lipid(scribe, day, lipid, dice);
    }
}

fn write_lipid(scribe: &mut Scribe<'_>, day: Day, lipid: Lipid, dice: &mut Dice) {
    let found = circulation::lipid_found(scribe, lipid, day, dice);
    report(scribe, lipid.observable(), day, found, dice);
}

fn write_fasting(scribe: &mut Scribe<'_>, day: Day, values: Values, dice: &mut Dice) {
    let value = values.fasting * dice.normal(1.0, 0.055);
    report(scribe, &concepts::FASTING_GLUCOSE, day, tenths(value), dice);
}

/// A tolerance test has a fasting sample and one two hours later.
fn write_two_hour(
    scribe: &mut Scribe<'_>,
    day: Day,
    values: Values,
    observable: &'static Observable,
    dice: &mut Dice,
) {
    write_fasting(scribe, day, values, dice);
    report(
        scribe,
        observable,
        day,
        tenths(values.two_hour * dice.normal(1.0, 0.14)),
        dice,
    );
}

fn write_hba1c(scribe: &mut Scribe<'_>, day: Day, values: Values, dice: &mut Dice) {
    let value = values.hba1c * dice.normal(1.0, 0.025);
    if day.year() < PERCENT_BEFORE {
        // NGSP % = 0.09148 × IFCC mmol/mol + 2.152 (the laboratories' master equation).
        report(
            scribe,
            &concepts::HBA1C_PERCENT,
            day,
            tenths(0.09148 * value + 2.152),
            dice,
        );
    } else if value < 20.0 || dice.chance(0.001) {
        report(scribe, &concepts::HBA1C, day, Found::Beyond("<", 20), dice);
    } else {
        report(scribe, &concepts::HBA1C, day, whole(value), dice);
    }
}

/// Writes one result with the variation that laboratories show.
fn report(
    scribe: &mut Scribe<'_>,
    observable: &'static Observable,
    day: Day,
    found: Found,
    dice: &mut Dice,
) {
    let at = Instant::morning(day, dice);
    let delay = dice.weighted(&[(0.70, 0), (0.22, 1), (0.06, 3), (0.02, 9)]);
    let issued_day = day.plus(delay).min(scribe.as_of);
    let issued = if issued_day == day {
        at.minutes_later(190)
    } else {
        at.days_later(issued_day.0 - day.0)
    };
    let found = spoilt(observable, found, dice);
    let codings = dice.weighted(&[
        (0.86, Codings::Both),
        (0.05, Codings::PrimaryOnly),
        (0.09, Codings::KuntaliittoOnly),
    ]);
    let observed = Observed {
        observable,
        found,
        at,
        issued: dice.chance(0.96).then_some(issued),
        status: dice.weighted(&[
            (0.972, "final"),
            (0.010, "amended"),
            (0.008, "corrected"),
            (0.007, "entered-in-error"),
            (0.003, "preliminary"),
        ]),
        unit: dice.weighted(&[
            (0.55, UnitSpelling::Local),
            (0.42, UnitSpelling::Ucum),
            (0.03, UnitSpelling::TextOnly),
        ]),
        effective: Effective::Instant,
        performer: dice.weighted(&[(0.7, Performer::Laboratory), (0.3, Performer::None)]),
        codings: possible(observable, codings),
    };
    observations::write(scribe, &observed);
}

/// Nine results in a thousand are cut off, failed or were never done.
fn spoilt(observable: &Observable, found: Found, dice: &mut Dice) -> Found {
    match dice.weighted(&[(0.9910, 0), (0.0020, 1), (0.0030, 2), (0.0040, 3)]) {
        1 if observable.reference.is_some() => {
            Found::Beyond("<", observable.reference.map_or(1, |(low, _)| low.max(1)))
        }
        2 => Found::Absent("error"),
        3 => Found::Absent("not-performed"),
        _ => found,
    }
}

/// A result keeps at least one code, and a tolerance test the one that tells its two samples apart.
fn possible(observable: &Observable, wanted: Codings) -> Codings {
    let tolerance_test = observable
        .kuntaliitto
        .is_some_and(|code| matches!(code.code, "20271" | "1483"));
    let two_codes = observable.primary.is_some() && observable.kuntaliitto.is_some();
    if two_codes && !tolerance_test {
        wanted
    } else {
        Codings::Both
    }
}

fn values_on(scribe: &Scribe<'_>, day: Day) -> Values {
    let values = scribe.health.glycaemia.on(day, scribe.health.drug);
    if scribe.health.type_1_since.is_some_and(|since| since <= day) {
        return Values {
            fasting: 9.0,
            two_hour: 14.0,
            hba1c: 60.0,
        };
    }
    values
}

fn tenths(value: f64) -> Found {
    Found::Quantity(numbers::rounded(value.clamp(1.0, 40.0) * 10.0))
}

fn whole(value: f64) -> Found {
    Found::Quantity(numbers::rounded(value.clamp(15.0, 160.0)))
}
