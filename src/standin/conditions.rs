//! Condition: diabetes in all the forms in which records hold it, and everything else.

use super::calendar::Day;
use super::concepts::{Coding, coding, system};
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

const fn icd(code: &'static str, display: &'static str) -> Coding {
    coding(system::ICD10_FINLAND, code, display)
}

const TYPE_2: [(f64, Coding); 6] = [
    (
        0.62,
        icd("E11.9", "Aikuistyypin diabetes ilman komplikaatioita"),
    ),
    (
        0.10,
        icd(
            "E11.8",
            "Aikuistyypin diabetes, määrittämättömät komplikaatiot",
        ),
    ),
    (
        0.07,
        icd(
            "E11.3",
            "Aikuistyypin diabetes diabeteksen silmäkomplikaatiot",
        ),
    ),
    (
        0.06,
        icd(
            "E11.2",
            "Aikuistyypin diabetes diabeteksen munuaiskomplikaatiot",
        ),
    ),
    (
        0.05,
        icd(
            "E11.4",
            "Aikuistyypin diabetes diabeteksen hermostokomplikaatiot",
        ),
    ),
    (0.10, icd("E11", "Aikuistyypin diabetes")),
];
const TYPE_1: Coding = icd("E10.9", "Nuoruustyypin diabetes ilman komplikaatioita");
const UNSPECIFIED_DIABETES: Coding = icd("E14.9", "Määrittämätön diabetes ilman komplikaatioita");
const TYPE_2_ICPC: Coding = coding(system::ICPC2_FINLAND, "T90", "Aikuistyypin diabetes");
const TYPE_2_SNOMED: Coding = coding(system::SNOMED, "44054006", "Diabetes mellitus type 2");
const RAISED_GLUCOSE: Coding = icd("R73.0", "Poikkeava tulos sokerirasituskokeessa");
const GESTATIONAL: Coding = icd("O24.4", "Raskauden aikana alkanut diabetes");
const HYPERTENSION: Coding = icd("I10", "Essentiaalinen verenpainetauti");
const PREGNANCY: [(f64, Coding); 3] = [
    (
        0.80,
        icd("Z34.9", "Tavallisen raskauden seuranta, määrittämätön"),
    ),
    (
        0.12,
        icd("Z34.0", "Ensimmäisen tavallisen raskauden seuranta"),
    ),
    (
        0.08,
        icd("O26.8", "Muu määritetty raskauteen liittyvä tila"),
    ),
];
const NO_FAMILY_HISTORY: Coding =
    coding(system::SNOMED, "160274005", "No family history of diabetes");
const FAMILY_HISTORY: Coding = coding(
    system::SNOMED,
    "160303001",
    "Family history of diabetes mellitus",
);
const PALLIATIVE: Coding = icd("Z51.5", "Palliatiivinen hoito");

const UNRELATED: [Coding; 14] = [
    icd("J06.9", "Akuutti ylähengitystieinfektio"),
    icd("M54.5", "Lannesärky"),
    icd("F32.9", "Masennustila, määrittämätön"),
    icd("E78.0", "Puhdas hyperkolesterolemia"),
    icd("M17.1", "Muu primaarinen polvinivelrikko"),
    icd("K21.9", "Ruokatorven refluksitauti"),
    icd("L30.9", "Määrittämätön ihotulehdus"),
    icd("J45.9", "Astma, määrittämätön"),
    icd("S93.4", "Nilkan nyrjähdys"),
    icd("N39.0", "Virtsatieinfektio"),
    icd("G47.3", "Uniapnea"),
    icd("E03.9", "Kilpirauhasen vajaatoiminta"),
    coding(system::ICPC2_FINLAND, "R74", "Ylähengitystieinfektio"),
    coding(system::ICPC2_FINLAND, "L03", "Alaselän oire"),
];

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
        let code = dice.pick(&UNRELATED);
        let category = dice.weighted(&[(0.72, ENCOUNTER), (0.10, PROBLEM_LIST), (0.18, None)]);
        let Some(day) = visit_day(scribe, &mut dice, 4.0) else {
            continue;
        };
        write_one(scribe, diagnosis(code, category, day, &mut dice));
    }
}

/// A known diabetes is in the record once or a few times; three in a hundred times it is not there at all.
fn write_diabetes(scribe: &mut Scribe<'_>, dice: &mut Dice) {
    if let Some(since) = scribe
        .health
        .type_1_since
        .filter(|since| *since <= scribe.last_day())
    {
        let recorded = since.max(scribe.as_of.plus_years(-20.0));
        write_one(scribe, diagnosis(TYPE_1, ENCOUNTER, recorded, dice));
    }
    let day = scribe.health.diagnosis;
    if day > scribe.last_day() {
        write_mistaken(scribe, dice);
        return;
    }
    let code = dice.weighted(&TYPE_2);
    let unaccepted = dice.pick(&[Some("unconfirmed"), Some("provisional"), None]);
    let day = day
        .max(scribe.as_of.plus_years(-18.0))
        .max(scribe.person.birth);
    let first = diagnosis(code, ENCOUNTER, day, dice);
    let chosen = match dice.weighted(&[
        (0.61, 0),
        (0.20, 1),
        (0.06, 2),
        (0.03, 3),
        (0.03, 4),
        (0.02, 5),
        (0.02, 6),
        (0.03, 7),
    ]) {
        0 => first,
        1 => Diagnosis {
            category: PROBLEM_LIST,
            ..first
        },
        2 => Diagnosis {
            category: None,
            ..first
        },
        3 => Diagnosis {
            category: None,
            verification: unaccepted,
            ..first
        },
        4 => Diagnosis {
            code: UNSPECIFIED_DIABETES,
            ..first
        },
        5 => Diagnosis {
            code: TYPE_2_ICPC,
            ..first
        },
        6 => Diagnosis {
            code: TYPE_2_SNOMED,
            category: PROBLEM_LIST,
            ..first
        },
        _ => return,
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

/// Two residents in a thousand without diabetes carry a diabetes entry that somebody withdrew.
fn write_mistaken(scribe: &mut Scribe<'_>, dice: &mut Dice) {
    if !dice.chance(0.002) {
        return;
    }
    let Some(day) = visit_day(scribe, dice, 4.0) else {
        return;
    };
    let verification = dice.pick(&[Some("refuted"), Some("entered-in-error")]);
    let wrong = diagnosis(TYPE_2[0].1, ENCOUNTER, day, dice);
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
            write_one(scribe, diagnosis(RAISED_GLUCOSE, category, day, dice));
        }
    }
    let recorded = scribe
        .health
        .gestational
        .filter(|day| *day <= scribe.last_day());
    if let Some(day) = recorded.filter(|_| dice.chance(0.8)) {
        let entry = diagnosis(GESTATIONAL, ENCOUNTER, day.max(scribe.person.birth), dice);
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
        write_one(scribe, diagnosis(HYPERTENSION, category, day, dice));
    }
}

/// Most present pregnancies are recorded at the first visit, in the third month; some past ones are there too.
fn write_pregnancy(scribe: &mut Scribe<'_>, dice: &mut Dice) {
    if scribe.person.sex == Sex::Male {
        return;
    }
    let code = dice.weighted(&PREGNANCY);
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
            FAMILY_HISTORY
        } else {
            NO_FAMILY_HISTORY
        };
        write_one(scribe, diagnosis(code, PROBLEM_LIST, day, dice));
    }
    if palliative && scribe.person.age >= 60 {
        write_one(scribe, diagnosis(PALLIATIVE, ENCOUNTER, day, dice));
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
