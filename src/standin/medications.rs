//! `MedicationRequest`: blood-pressure drugs, glucose-lowering drugs, and others.
//!
//! Drugs do not name their reason: some beta blockers are for migraine, some metformin and GLP-1 agonists for other things
//! than diabetes, as in any record.

use super::calendar::Day;
use super::concepts::{Coding, coding, system};
use super::instant::Instant;
use super::lines::Kind;
use super::person::Sex;
use super::random::{Dice, Stream};
use super::scribe::{self, Scribe};
use super::vitals::visit_day;

/// ATC code and the substance.
type Drug = (&'static str, &'static str);

const BLOOD_PRESSURE: [(f64, Drug); 9] = [
    (0.24, ("C08CA01", "amlodipiini")),
    (0.18, ("C09AA05", "ramipriili")),
    (0.12, ("C09CA06", "kandesartaani")),
    (0.12, ("C09CA01", "losartaani")),
    (0.14, ("C07AB07", "bisoprololi")),
    (0.07, ("C03AA03", "hydroklooritiatsidi")),
    (0.06, ("C09BA05", "ramipriili ja diureetit")),
    (0.05, ("C09DB07", "kandesartaani ja amlodipiini")),
    (0.02, ("C02AC05", "moksonidiini")),
];
const GLUCOSE_LOWERING: [(f64, Drug); 6] = [
    (0.66, ("A10BA02", "metformiini")),
    (0.10, ("A10BD07", "metformiini ja sitagliptiini")),
    (0.09, ("A10BK03", "empagliflotsiini")),
    (0.07, ("A10BJ06", "semaglutidi")),
    (0.05, ("A10BH01", "sitagliptiini")),
    (0.03, ("A10AE04", "glargiini-insuliini")),
];
const INSULIN: Drug = ("A10AB05", "aspart-insuliini");
const METFORMIN: Drug = ("A10BA02", "metformiini");
const SEMAGLUTIDE: Drug = ("A10BJ06", "semaglutidi");
const EMPAGLIFLOZIN: Drug = ("A10BK03", "empagliflotsiini");
const PROPRANOLOL: Drug = ("C07AA05", "propranololi");
const FUROSEMIDE: Drug = ("C03CA01", "furosemidi");
const LIPID_LOWERING: [(f64, Drug); 3] = [
    (0.55, ("C10AA05", "atorvastatiini")),
    (0.30, ("C10AA07", "rosuvastatiini")),
    (0.15, ("C10AA01", "simvastatiini")),
];
const UNRELATED: [Drug; 11] = [
    ("N02BE01", "parasetamoli"),
    ("M01AE01", "ibuprofeeni"),
    ("A02BC02", "pantopratsoli"),
    ("R03AC02", "salbutamoli"),
    ("N06AB10", "essitalopraami"),
    ("J01CA08", "pivmesillinaami"),
    ("H03AA01", "levotyroksiini"),
    ("B01AC06", "asetyylisalisyylihappo"),
    ("R06AE07", "setiritsiini"),
    ("H02AB06", "prednisoloni"),
    ("G03AA12", "drospirenoni ja etinyyliestradioli"),
];

/// A prescription about to be written.
#[derive(Clone, Copy, Debug)]
struct Prescription {
    drug: Drug,
    status: &'static str,
    authored: Instant,
    to_the_day: bool,
    finnish: bool,
    international: bool,
}

/// Writes all prescriptions of a resident.
pub(super) fn write(scribe: &mut Scribe<'_>) {
    let mut dice = scribe.dice(Stream::Medications);
    write_blood_pressure(scribe, &mut dice);
    write_glucose_lowering(scribe, &mut dice);
    write_look_alikes(scribe, &mut dice);
    let mean = if scribe.verbose() {
        1.6
    } else {
        0.55 * libm::exp(0.3 * scribe.health.contact)
    };
    for _ in 0..dice.poisson(mean.min(6.0)) {
        let drug = dice.pick(&UNRELATED);
        if let Some(day) = visit_day(scribe, &mut dice, 2.5) {
            write_one(scribe, prescription(drug, day, false, &mut dice));
        }
    }
    write_lipid_lowering(scribe);
}

/// One in fourteen who take such a drug got it outside the city's record.
fn write_blood_pressure(scribe: &mut Scribe<'_>, dice: &mut Dice) {
    let Some(from) = scribe.health.blood_pressure_drug_from else {
        return;
    };
    if from > scribe.last_day() || !dice.chance(0.93) {
        return;
    }
    let drugs = if dice.chance(0.35) { 2 } else { 1 };
    for _ in 0..drugs {
        let drug = dice.weighted(&BLOOD_PRESSURE);
        let renewed = renewal(scribe, from, dice);
        write_one(scribe, prescription(drug, renewed, true, dice));
    }
}

fn write_glucose_lowering(scribe: &mut Scribe<'_>, dice: &mut Dice) {
    if let Some(since) = scribe
        .health
        .type_1_since
        .filter(|since| *since <= scribe.last_day())
    {
        let renewed = renewal(scribe, since, dice);
        write_one(scribe, prescription(INSULIN, renewed, true, dice));
    }
    if scribe.health.drug > scribe.last_day() || !dice.chance(0.95) {
        return;
    }
    for _ in 0..=dice.poisson(0.5) {
        let drug = dice.weighted(&GLUCOSE_LOWERING);
        let renewed = renewal(scribe, scribe.health.drug, dice);
        write_one(scribe, prescription(drug, renewed, true, dice));
    }
}

/// A statin, where there is one; nine in a hundred got it outside the city's record.
fn write_lipid_lowering(scribe: &mut Scribe<'_>) {
    let mut dice = scribe.dice(Stream::Statins);
    let from = scribe.health.circulation.statin_from;
    let Some(from) = from.filter(|from| *from <= scribe.last_day()) else {
        return;
    };
    if dice.chance(0.91) {
        let renewed = renewal(scribe, from, &mut dice);
        let drug = dice.weighted(&LIPID_LOWERING);
        write_one(scribe, prescription(drug, renewed, true, &mut dice));
    }
}

/// A clinician prescribes a statin.
pub(super) fn prescribe_statin(scribe: &mut Scribe<'_>, day: Day, dice: &mut Dice) {
    let written = Prescription {
        status: "active",
        ..prescription(LIPID_LOWERING[0].1, day, true, dice)
    };
    write_one(scribe, written);
}

/// Drugs that look like treated hypertension or diabetes and are something else.
fn write_look_alikes(scribe: &mut Scribe<'_>, dice: &mut Dice) {
    let person = scribe.person;
    let young_woman = person.sex == Sex::Female && (18..45).contains(&person.age);
    let obese = scribe.health.items.body_mass_index > 32.0;
    let cases = [
        (METFORMIN, young_woman, 0.006),
        (SEMAGLUTIDE, obese && person.age >= 18, 0.03),
        (EMPAGLIFLOZIN, person.age >= 65, 0.006),
        (PROPRANOLOL, (18..65).contains(&person.age), 0.008),
        (FUROSEMIDE, person.age >= 75, 0.03),
    ];
    for (drug, fits, share) in cases {
        let drawn = dice.chance(share);
        if fits
            && drawn
            && let Some(day) = visit_day(scribe, dice, 1.5)
        {
            write_one(scribe, prescription(drug, day, false, dice));
        }
    }
}

/// The day of the newest prescription: within two years of the end of the record, not before the start.
fn renewal(scribe: &Scribe<'_>, from: Day, dice: &mut Dice) -> Day {
    let last = scribe.last_day();
    last.plus(-dice.whole(1, 720))
        .max(from)
        .max(scribe.person.birth)
        .min(last)
}

fn prescription(drug: Drug, day: Day, lasting: bool, dice: &mut Dice) -> Prescription {
    let active = if lasting { 0.86 } else { 0.35 };
    let (finnish, international) = dice.weighted(&[
        (0.78, (true, false)),
        (0.13, (false, true)),
        (0.09, (true, true)),
    ]);
    Prescription {
        drug,
        status: dice.weighted(&[
            (active, "active"),
            (0.90 - active, "completed"),
            (0.05, "stopped"),
            (0.02, "cancelled"),
            (0.015, "entered-in-error"),
            (0.01, "on-hold"),
            (0.005, "unknown"),
        ]),
        authored: Instant::on(day, dice),
        to_the_day: dice.chance(0.10),
        finnish,
        international,
    }
}

fn write_one(scribe: &mut Scribe<'_>, prescription: Prescription) {
    scribe.resource(
        Kind::MedicationRequest,
        prescription.authored,
        |common, o| {
            common.narrative(o, prescription.drug.1, prescription.authored.day);
            common.identifier(o);
            o.text("status", prescription.status);
            o.text("intent", "order");
            let codings: Vec<Coding> = [
                (prescription.finnish, system::ATC_FINLAND),
                (prescription.international, system::ATC_WHO),
            ]
            .into_iter()
            .filter(|(present, _)| *present)
            .map(|(_, namespace)| coding(namespace, prescription.drug.0, prescription.drug.1))
            .collect();
            scribe::write_concept(
                o,
                "medicationCodeableConcept",
                &codings,
                Some(prescription.drug.1),
            );
            common.subject(o, "subject");
            if prescription.to_the_day {
                o.day("authoredOn", prescription.authored.day);
            } else {
                o.instant("authoredOn", prescription.authored);
            }
            if common.verbose {
                o.object("requester", |o| {
                    o.text("reference", "PractitionerRole/keinotekoinen-laakari")
                });
                o.list("dosageInstruction", |l| {
                    l.object(|o| o.text("text", "1 tabletti kerran päivässä (keinotekoinen)"))
                });
            }
        },
    );
}
