//! Condition: diabetes in all the forms in which records hold it, and everything else.

use super::calendar::Day;
use super::concepts::{Coding, coding, system};
use super::diagnoses;
use super::instant::Instant;
use super::lines::Kind;
use super::person::Sex;
use super::random::{Dice, Stream};
use super::scribe::{self, Scribe};
use super::vitals::visit_day;

/// A diagnosis about to be written.
#[derive(Clone, Copy, Debug)]
struct Diagnosis {
    code: Coding,
    category: Option<&'static str>,
    clinical: Option<&'static str>,
    verification: Option<&'static str>,
    onset: Option<Day>,
    abatement: Option<Day>,
    recorded: Instant,
}

const ENCOUNTER: Option<&str> = Some("encounter-diagnosis");
const PROBLEM_LIST: Option<&str> = Some("problem-list-item");

/// Writes all Conditions of a resident.
pub(super) fn write(scribe: &mut Scribe<'_>) {
    let mut dice = scribe.dice(Stream::Conditions);
    write_diabetes(scribe, &mut dice);
    write_raised_glucose(scribe, &mut dice);
    write_hypertension(scribe, &mut dice);
    write_pregnancy(scribe, &mut dice);
    write_statements(scribe, &mut dice);
    let mean = if scribe.verbose() {
        1.75
    } else {
        0.7 * libm::exp(0.25 * scribe.health.contact)
    };
    for _ in 0..dice.poisson(mean.min(5.0)) {
        let code = dice.pick(&diagnoses::UNRELATED);
        let category = dice.weighted(&[(0.72, ENCOUNTER), (0.10, PROBLEM_LIST), (0.18, None)]);
        let Some(day) = visit_day(scribe, &mut dice, 4.0) else {
            continue;
        };
        write_one(scribe, diagnosis(code, category, day, &mut dice));
    }
    write_vessels(scribe);
}

/// A disease of the heart or the vessels of the brain; six in a hundred times it is not in the record.
fn write_vessels(scribe: &mut Scribe<'_>) {
    let mut dice = scribe.dice(Stream::Vessels);
    let known = scribe.health.circulation.diagnosis;
    let Some(day) = known.filter(|day| *day <= scribe.last_day()) else {
        return;
    };
    if dice.chance(0.06) {
        return;
    }
    let category = dice.weighted(&[(0.80, ENCOUNTER), (0.16, PROBLEM_LIST), (0.04, None)]);
    let code = dice.weighted(&diagnoses::VESSELS);
    let day = day
        .max(scribe.as_of.plus_years(-18.0))
        .max(scribe.person.birth);
    write_one(scribe, diagnosis(code, category, day, &mut dice));
}

/// A known diabetes is in the record once or a few times; three in a hundred times it is not there at all.
fn write_diabetes(scribe: &mut Scribe<'_>, dice: &mut Dice) {
    if let Some(since) = scribe
        .health
        .type_1_since
        .filter(|since| *since <= scribe.last_day())
    {
        let recorded = since.max(scribe.as_of.plus_years(-20.0));
        write_one(
            scribe,
            diagnosis(diagnoses::TYPE_1, ENCOUNTER, recorded, dice),
        );
    }
    if scribe.health.diagnosis > scribe.last_day() {
        write_mistaken(scribe, dice);
        return;
    }
    let oldest = scribe.as_of.plus_years(-18.0).max(scribe.person.birth);
    let day = scribe.health.diagnosis.max(oldest);
    let Some(chosen) = type_2(day, dice) else {
        return;
    };
    write_one(scribe, chosen);
    for _ in 0..dice.poisson(0.6) {
        let Some(later) = visit_day(scribe, dice, 2.0).filter(|later| *later > day) else {
            continue;
        };
        write_one(
            scribe,
            Diagnosis {
                recorded: Instant::on(later, dice),
                ..chosen
            },
        );
    }
}

/// The form in which a known type-2 diabetes is written, if it is: by a clinician, on the problem list, migrated without a
/// category or without acceptance, as unspecified diabetes, or in another code system.
fn type_2(day: Day, dice: &mut Dice) -> Option<Diagnosis> {
    let code = dice.weighted(&diagnoses::TYPE_2);
    let verification = dice.pick(&[Some("unconfirmed"), Some("provisional"), None]);
    let form = dice.weighted(&[
        (0.61, 0),
        (0.20, 1),
        (0.06, 2),
        (0.03, 3),
        (0.03, 4),
        (0.02, 5),
        (0.02, 6),
        (0.03, 7),
    ]);
    let clinicians = diagnosis(code, ENCOUNTER, day, dice);
    match form {
        0 => Some(clinicians),
        1 => Some(Diagnosis {
            category: PROBLEM_LIST,
            ..clinicians
        }),
        2 => Some(Diagnosis {
            category: None,
            ..clinicians
        }),
        3 => Some(Diagnosis {
            category: None,
            verification,
            ..clinicians
        }),
        4 => Some(Diagnosis {
            code: diagnoses::UNSPECIFIED_DIABETES,
            ..clinicians
        }),
        5 => Some(Diagnosis {
            code: diagnoses::TYPE_2_ICPC,
            ..clinicians
        }),
        6 => Some(Diagnosis {
            code: diagnoses::TYPE_2_SNOMED,
            category: PROBLEM_LIST,
            ..clinicians
        }),
        _ => None,
    }
}

/// Writes a clinician's diagnosis of type-2 diabetes, made on this day.
pub(super) fn confirm(scribe: &mut Scribe<'_>, day: Day, dice: &mut Dice) {
    let category = dice.weighted(&[(0.85, ENCOUNTER), (0.15, PROBLEM_LIST)]);
    let code = dice.weighted(&[(0.9, diagnoses::TYPE_2[0].1), (0.1, diagnoses::TYPE_2[5].1)]);
    let entry = diagnosis(code, category, day, dice);
    let confirmed = Diagnosis {
        clinical: Some("active"),
        verification: Some("confirmed"),
        onset: None,
        ..entry
    };
    write_one(scribe, confirmed);
}

/// Two residents in a thousand without diabetes carry a diabetes entry that somebody withdrew.
fn write_mistaken(scribe: &mut Scribe<'_>, dice: &mut Dice) {
    if !dice.chance(0.002) {
        return;
    }
    let Some(day) = visit_day(scribe, dice, 4.0) else {
        return;
    };
    let verification = dice.pick(&[Some("refuted"), Some("entered-in-error")]);
    let wrong = diagnosis(diagnoses::TYPE_2[0].1, ENCOUNTER, day, dice);
    write_one(
        scribe,
        Diagnosis {
            verification,
            clinical: None,
            ..wrong
        },
    );
}

fn write_raised_glucose(scribe: &mut Scribe<'_>, dice: &mut Dice) {
    let found =
        scribe.health.items.high_blood_glucose_ever && !scribe.health.diagnosed_by(scribe.as_of);
    if found && scribe.health.gestational.is_none() && dice.chance(0.35) {
        let category = dice.weighted(&[(0.7, ENCOUNTER), (0.2, PROBLEM_LIST), (0.1, None)]);
        if let Some(day) = visit_day(scribe, dice, 4.0) {
            write_one(
                scribe,
                diagnosis(diagnoses::RAISED_GLUCOSE, category, day, dice),
            );
        }
    }
    let recorded = scribe
        .health
        .gestational
        .filter(|day| *day <= scribe.last_day());
    if let Some(day) = recorded.filter(|_| dice.chance(0.8)) {
        let entry = diagnosis(
            diagnoses::GESTATIONAL,
            ENCOUNTER,
            day.max(scribe.person.birth),
            dice,
        );
        write_one(
            scribe,
            Diagnosis {
                clinical: Some("resolved"),
                abatement: Some(day.plus(90).min(scribe.as_of)),
                ..entry
            },
        );
    }
}

fn write_hypertension(scribe: &mut Scribe<'_>, dice: &mut Dice) {
    let Some(from) = scribe.health.blood_pressure_drug_from else {
        return;
    };
    let category = dice.weighted(&[(0.62, ENCOUNTER), (0.25, PROBLEM_LIST), (0.13, None)]);
    if from <= scribe.last_day() && dice.chance(0.8) {
        let day = from
            .max(scribe.as_of.plus_years(-18.0))
            .max(scribe.person.birth);
        write_one(
            scribe,
            diagnosis(diagnoses::HYPERTENSION, category, day, dice),
        );
    }
}

/// Most present pregnancies are recorded at the first visit, in the third month; some past ones are there too.
fn write_pregnancy(scribe: &mut Scribe<'_>, dice: &mut Dice) {
    if scribe.person.sex == Sex::Male {
        return;
    }
    let code = dice.weighted(&diagnoses::PREGNANCY);
    if let Some(delivery) = scribe.health.delivery {
        let began = delivery.plus(-280);
        let recorded = began.plus(dice.whole(45, 80));
        if recorded <= scribe.last_day() && dice.chance(0.95) {
            let entry = diagnosis(code, ENCOUNTER, recorded, dice);
            write_one(
                scribe,
                Diagnosis {
                    clinical: Some("active"),
                    verification: Some("confirmed"),
                    onset: Some(began),
                    abatement: None,
                    ..entry
                },
            );
        }
    } else if (20..50).contains(&scribe.person.age) && dice.chance(0.12) {
        let Some(recorded) = visit_day(scribe, dice, 4.0) else {
            return;
        };
        let over = recorded.plus(210);
        if over <= scribe.last_day() {
            let entry = diagnosis(code, ENCOUNTER, recorded, dice);
            write_one(
                scribe,
                Diagnosis {
                    clinical: Some("resolved"),
                    abatement: Some(over),
                    ..entry
                },
            );
        }
    }
}

/// Family history written as a Condition, and end-of-life care.
fn write_statements(scribe: &mut Scribe<'_>, dice: &mut Dice) {
    let (stated, palliative) = (dice.chance(0.008), dice.chance(0.006));
    let Some(day) = visit_day(scribe, dice, 4.0) else {
        return;
    };
    if stated && scribe.person.age >= 18 {
        let related = scribe.health.items.family_history != super::person::Kinship::None;
        let code = if related {
            diagnoses::FAMILY_HISTORY
        } else {
            diagnoses::NO_FAMILY_HISTORY
        };
        write_one(scribe, diagnosis(code, PROBLEM_LIST, day, dice));
    }
    if palliative && scribe.person.age >= 60 {
        write_one(
            scribe,
            diagnosis(diagnoses::PALLIATIVE, ENCOUNTER, day, dice),
        );
    }
}

fn diagnosis(code: Coding, category: Option<&'static str>, day: Day, dice: &mut Dice) -> Diagnosis {
    Diagnosis {
        code,
        category,
        clinical: dice.weighted(&[
            (0.70, Some("active")),
            (0.12, Some("resolved")),
            (0.18, None),
        ]),
        verification: dice.weighted(&[(0.66, Some("confirmed")), (0.34, None)]),
        onset: dice.chance(0.5).then_some(day),
        abatement: None,
        recorded: Instant::on(day, dice),
    }
}

fn write_one(scribe: &mut Scribe<'_>, diagnosis: Diagnosis) {
    // Nobody recovers from diabetes or high blood pressure by a draw of the dice.
    let chronic = ["E1", "T90", "44054006", "I10"]
        .iter()
        .any(|start| diagnosis.code.code.starts_with(start));
    let clinical = if chronic {
        diagnosis.clinical.map(|_| "active")
    } else {
        diagnosis.clinical
    };
    scribe.resource(Kind::Condition, diagnosis.recorded, |common, o| {
        common.narrative(o, diagnosis.code.display, diagnosis.recorded.day);
        common.identifier(o);
        if let Some(status) = clinical {
            scribe::write_concept(
                o,
                "clinicalStatus",
                &[coding(system::CONDITION_CLINICAL, status, "")],
                None,
            );
        }
        if let Some(status) = diagnosis.verification {
            scribe::write_concept(
                o,
                "verificationStatus",
                &[coding(system::CONDITION_VERIFICATION, status, "")],
                None,
            );
        }
        if let Some(category) = diagnosis.category {
            o.list("category", |l| {
                l.object(|o| {
                    let codings = [coding(system::CONDITION_CATEGORY, category, "")];
                    o.list("coding", |l| scribe::write_codings(l, &codings));
                });
            });
        }
        scribe::write_concept(o, "code", &[diagnosis.code], None);
        common.subject(o, "subject");
        if let Some(onset) = diagnosis.onset {
            o.day("onsetDateTime", onset);
        }
        if let Some(abatement) = diagnosis.abatement {
            o.day("abatementDateTime", abatement);
        }
        o.instant("recordedDate", diagnosis.recorded);
    });
}
