//! `FamilyMemberHistory`: present for few residents, and about other diseases too.

use super::concepts::{Coding, coding, system};
use super::instant::Instant;
use super::lines::Kind;
use super::person::Kinship;
use super::random::{Dice, Stream};
use super::scribe::{self, Scribe};
use super::vitals::visit_day;

const CLOSE: [Coding; 6] = [
    coding(system::ROLE, "MTH", "mother"),
    coding(system::ROLE, "FTH", "father"),
    coding(system::ROLE, "BRO", "brother"),
    coding(system::ROLE, "SIS", "sister"),
    coding(system::ROLE, "SON", "natural son"),
    coding(system::ROLE, "DAU", "natural daughter"),
];
const DISTANT: [Coding; 5] = [
    coding(system::ROLE, "GRMTH", "grandmother"),
    coding(system::ROLE, "GRFTH", "grandfather"),
    coding(system::ROLE, "AUNT", "aunt"),
    coding(system::ROLE, "UNCLE", "uncle"),
    coding(system::ROLE, "COUSN", "cousin"),
];
const DIABETES: [(f64, Coding); 4] = [
    (
        0.50,
        coding(
            system::ICD10_FINLAND,
            "E11.9",
            "Aikuistyypin diabetes ilman komplikaatioita",
        ),
    ),
    (
        0.10,
        coding(
            system::ICD10_FINLAND,
            "E10.9",
            "Nuoruustyypin diabetes ilman komplikaatioita",
        ),
    ),
    (
        0.25,
        coding(system::SNOMED, "44054006", "Diabetes mellitus type 2"),
    ),
    (
        0.15,
        coding(system::SNOMED, "73211009", "Diabetes mellitus"),
    ),
];
const OTHER_DISEASES: [Coding; 3] = [
    coding(system::ICD10_FINLAND, "I21.9", "Sydäninfarkti"),
    coding(system::ICD10_FINLAND, "C50.9", "Rintasyöpä"),
    coding(
        system::ICD10_FINLAND,
        "I10",
        "Essentiaalinen verenpainetauti",
    ),
];

/// Writes what the record knows of relatives.
pub(super) fn write(scribe: &mut Scribe<'_>) {
    let mut dice = scribe.dice(Stream::Family);
    if scribe.person.age < 18 {
        return;
    }
    let recorded = if scribe.verbose() { 0.30 } else { 0.05 };
    match scribe.health.items.family_history {
        Kinship::Close if dice.chance(recorded * 2.0) => {
            let (relative, disease) = (dice.pick(&CLOSE), dice.weighted(&DIABETES));
            write_one(scribe, relative, Some(disease), &mut dice);
        }
        Kinship::Distant if dice.chance(recorded) => {
            let (relative, disease) = (dice.pick(&DISTANT), dice.weighted(&DIABETES));
            write_one(scribe, relative, Some(disease), &mut dice);
        }
        Kinship::Close | Kinship::Distant | Kinship::None => {}
    }
    if dice.chance(if scribe.verbose() { 0.42 } else { 0.02 }) {
        let (relative, disease) = (dice.pick(&CLOSE), dice.pick(&OTHER_DISEASES));
        write_one(scribe, relative, Some(disease), &mut dice);
    }
    if dice.chance(0.002) {
        let relative = dice.pick(&CLOSE);
        write_one(scribe, relative, None, &mut dice);
    }
}

fn write_one(scribe: &mut Scribe<'_>, relative: Coding, disease: Option<Coding>, dice: &mut Dice) {
    let Some(day) = visit_day(scribe, dice, 5.0) else {
        return;
    };
    let at = Instant::on(day, dice);
    let status = match disease {
        None => "health-unknown",
        Some(_) => dice.weighted(&[
            (0.72, "completed"),
            (0.26, "partial"),
            (0.02, "entered-in-error"),
        ]),
    };
    scribe.resource(Kind::FamilyMemberHistory, at, |common, o| {
        common.narrative(o, "Sukuhistoria", day);
        common.identifier(o);
        o.text("status", status);
        common.subject(o, "patient");
        o.instant("date", at);
        scribe::write_concept(o, "relationship", &[relative], None);
        let Some(disease) = disease else { return };
        o.list("condition", |l| {
            l.object(|o| scribe::write_concept(o, "code", &[disease], None))
        });
    });
}
