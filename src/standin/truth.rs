//! `truth.csv`: what is really so, one row per resident.
//!
//! The engine never reads it (it reads `*.ndjson` files). The columns are listed in the room's documentation.

use super::calendar::Day;
use super::health::Health;
use super::json::write_day;
use super::lines::Kind;
use super::numbers;
use super::oddities::{Oddities, SecondEntry};
use super::person::{Kinship, Person, Sex, Stay};
use super::scribe::resource_id;

/// The header, without newline.
pub(super) const HEADER: &str = "patient_id,second_patient_id,sex,birth_date,stay,body_mass_index,waist_circumference,\
     physically_active,vegetables_daily,antihypertensive_medication_ever,high_blood_glucose_ever,family_history,latent,\
     diagnosed_before_as_of,undiagnosed_diabetes_at_as_of,onset_date,drug_treated_diabetes_within_10_years,\
     fasting_plasma_glucose,two_hour_glucose,hba1c";

/// An onset further away than this is left empty: it will not happen in a lifetime.
const FORESEEN_YEARS: f64 = 60.0;

/// Appends one row with its newline.
pub(super) fn write(
    out: &mut Vec<u8>,
    seed: u64,
    as_of: Day,
    person: &Person,
    health: &Health,
    oddities: &Oddities,
) {
    let first = resource_id(seed, person.number, Kind::Patient, 0);
    let second = match oddities.second_entry {
        SecondEntry::None => String::new(),
        SecondEntry::Unlinked | SecondEntry::SeeAlso | SecondEntry::ReplacedBy => {
            resource_id(seed, person.number, Kind::Patient, 1)
        }
    };
    let alive = !matches!(person.stay, Stay::Died(_));
    let (items, values) = (&health.items, health.glycaemia.on(as_of, health.drug));
    let fields = [
        first,
        second,
        (if person.sex == Sex::Male {
            "male"
        } else {
            "female"
        })
        .to_owned(),
        day_text(person.birth),
        stay_text(person.stay).to_owned(),
        fixed(items.body_mass_index, 2),
        fixed(items.waist_circumference, 1),
        yes(items.physically_active),
        yes(items.vegetables_daily),
        yes(items.antihypertensive_medication_ever),
        yes(items.high_blood_glucose_ever),
        kinship_text(items.family_history).to_owned(),
        fixed(health.latent, 4),
        yes(health.diagnosed_by(as_of.min(person.last_day(as_of)))),
        yes(alive && health.undiagnosed_on(as_of)),
        onset_text(health.glycaemia.onset, as_of),
        yes(alive && health.drug_between(as_of, as_of.plus_years(10.0))),
        fixed(values.fasting, 2),
        fixed(values.two_hour, 2),
        fixed(values.hba1c, 1),
    ];
    out.extend_from_slice(fields.join(",").as_bytes());
    out.push(b'\n');
}

fn day_text(day: Day) -> String {
    let mut out = Vec::with_capacity(10);
    write_day(&mut out, day);
    String::from_utf8(out).expect("a date is ASCII")
}

fn onset_text(onset: Day, as_of: Day) -> String {
    if onset <= as_of.plus_years(FORESEEN_YEARS) {
        day_text(onset)
    } else {
        String::new()
    }
}

fn stay_text(stay: Stay) -> &'static str {
    match stay {
        Stay::Lives => "lives",
        Stay::Died(_) => "died",
        Stay::Moved(_) => "moved",
    }
}

fn kinship_text(kinship: Kinship) -> &'static str {
    match kinship {
        Kinship::None => "none",
        Kinship::Distant => "distant",
        Kinship::Close => "close",
    }
}

fn yes(value: bool) -> String {
    (if value { "1" } else { "0" }).to_owned()
}

/// Rounded by whole-number arithmetic, so that the text is the same on every machine.
fn fixed(value: f64, places: usize) -> String {
    let unit = [1_i64, 10, 100, 1_000, 10_000][places];
    let scaled = numbers::rounded(value * numbers::real(unit.unsigned_abs()));
    let sign = if scaled < 0 { "-" } else { "" };
    let (whole, fraction) = (scaled.abs() / unit, scaled.abs() % unit);
    format!("{sign}{whole}.{fraction:0places$}")
}
