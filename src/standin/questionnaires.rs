//! `QuestionnaireResponse`: the portal's risk test, answered by some, and other forms.
//!
//! The form is invented; its canonical URL, link ids and answer codes are what a mapping in the rule files names:
//! `pituus` (cm), `paino` (kg), `vyotaro` (cm), `liikunta` (`kylla`, `ei`), `kasvikset` (`paivittain`, `ei-paivittain`),
//! `verenpainelaake` and `korkea-verensokeri` (`kylla`, `ei`, `en-osaa-sanoa`), `suku` (`ei`, `etainen`, `lahi`,
//! `en-osaa-sanoa`). Asked for it, residents also say whether they smoke, `tupakointi` (`ei`, `lopettanut`, `kylla`,
//! `en-osaa-sanoa`), take a drug for blood pressure now, `verenpainelaake-nyt`, or have diabetes, `diabetes` (`kylla`, `ei`,
//! `en-osaa-sanoa`), and what their own meter shows, `verenpaine-yla` and `verenpaine-ala` (mmHg).

use super::calendar::Day;
use super::circulation::Smoking;
use super::instant::Instant;
use super::json::{List, Object};
use super::lines::Kind;
use super::numbers;
use super::person::{Kinship, Sex};
use super::random::{Dice, Stream, logistic};
use super::scribe::Scribe;
use super::vitals;

/// The risk test's canonical URL with its version.
pub(super) const RISK_TEST: &str =
    "https://maisa.example.org/fhir/Questionnaire/t2d-riskitesti|1.0";
/// A form about something else.
const OTHER_FORM: &str = "https://maisa.example.org/fhir/Questionnaire/esitiedot|3.2";
/// The system of the answer codes.
pub(super) const ANSWERS: &str = "https://maisa.example.org/fhir/CodeSystem/vastaus";

/// The answers of one response; `None` is an item left open.
#[derive(Clone, Copy, Debug)]
struct Answers {
    /// Tenths of cm, of kg, of cm.
    height: Option<i64>,
    weight: Option<i64>,
    waist: Option<i64>,
    activity: Option<&'static str>,
    vegetables: Option<&'static str>,
    blood_pressure_drug: Option<&'static str>,
    high_glucose: Option<&'static str>,
    family: Option<&'static str>,
}

/// Writes the responses of a resident.
pub(super) fn write(scribe: &mut Scribe<'_>) {
    let mut dice = scribe.dice(Stream::Questionnaires);
    let answered = dice.chance(answering(scribe));
    if scribe.person.age >= 18 && answered {
        let times = if dice.chance(0.12) { 2 } else { 1 };
        for _ in 0..times {
            write_risk_test(scribe, &mut dice);
        }
    }
    for _ in 0..dice.poisson(if scribe.verbose() { 0.62 } else { 0.01 }) {
        write_other_form(scribe, &mut dice);
    }
}

/// What a resident says when asked on this day: link id and answer, without the items they leave open.
pub(super) fn asked(scribe: &Scribe<'_>, day: Day, dice: &mut Dice) -> Vec<(&'static str, Given)> {
    let answers = answers_on(scribe, day, dice);
    let measured = [
        ("pituus", answers.height),
        ("paino", answers.weight),
        ("vyotaro", answers.waist),
    ];
    let coded = [
        ("liikunta", answers.activity),
        ("kasvikset", answers.vegetables),
        ("verenpainelaake", answers.blood_pressure_drug),
        ("korkea-verensokeri", answers.high_glucose),
        ("suku", answers.family),
    ];
    let measured = measured
        .into_iter()
        .filter_map(|(link_id, tenths)| Some((link_id, Given::Tenths(tenths?))));
    let coded = coded
        .into_iter()
        .filter_map(|(link_id, code)| Some((link_id, Given::Code(code?))));
    let more = circulation_answers(scribe, day);
    measured.chain(coded).chain(more).collect()
}

/// One answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Given {
    /// Tenths of cm or kg.
    Tenths(i64),
    Code(&'static str),
}

/// Probability of having answered: about 15 % of adults, more among women, Finnish and Swedish speakers and at 45–74.
fn answering(scribe: &Scribe<'_>) -> f64 {
    logistic(-1.75 + readiness(scribe))
}

/// How much readier somebody is to answer than others, in log odds.
pub(super) fn readiness(scribe: &Scribe<'_>) -> f64 {
    let person = scribe.person;
    let age = match person.age {
        ..30 => -0.9,
        30..45 => -0.3,
        45..75 => 0.45,
        75.. => -1.0,
    };
    let women = if person.sex == Sex::Female {
        0.25
    } else {
        -0.25
    };
    let language = if matches!(person.language, "fi" | "sv") {
        0.15
    } else {
        -0.9
    };
    age + women + language + 0.15 * scribe.health.contact
}

fn write_risk_test(scribe: &mut Scribe<'_>, dice: &mut Dice) {
    let day = scribe
        .last_day()
        .plus_years(-dice.exponential(1.2))
        .plus(-1);
    if day < scribe.person.birth.plus_years(18.0) || day < scribe.as_of.plus_years(-6.0) {
        return;
    }
    let answers = answers_on(scribe, day, dice);
    let status = dice.weighted(&[
        (0.93, "completed"),
        (0.03, "amended"),
        (0.035, "in-progress"),
        (0.005, "entered-in-error"),
    ]);
    let authored = Instant::on(day, dice);
    scribe.resource(Kind::QuestionnaireResponse, authored, |common, o| {
        common.narrative(o, "Tyypin 2 diabeteksen riskitesti", day);
        o.text("questionnaire", RISK_TEST);
        o.text("status", status);
        common.subject(o, "subject");
        o.instant("authored", authored);
        o.object("author", |o| o.text("reference", &common.subject));
        o.list("item", |l| write_items(l, &answers));
    });
}

/// People round, forget, and do not know; nobody answers what a clinic would measure.
fn answers_on(scribe: &Scribe<'_>, day: Day, dice: &mut Dice) -> Answers {
    let truth = &scribe.health.items;
    let height = vitals::height_on(scribe, day);
    let weight = vitals::body_mass_index_on(scribe, day) * height * height / 10_000.0;
    let own_height = libm::round(height + dice.normal(0.5, 1.3));
    let own_weight = libm::round(weight * dice.normal(0.985, 0.02));
    let own_waist = libm::round(truth.waist_circumference + dice.normal(-1.5, 3.5));
    let family = family_answer(truth.family_history, dice);
    let high_glucose = if truth.high_blood_glucose_ever {
        dice.weighted(&[(0.82, "kylla"), (0.10, "ei"), (0.08, "en-osaa-sanoa")])
    } else {
        dice.weighted(&[(0.93, "ei"), (0.01, "kylla"), (0.06, "en-osaa-sanoa")])
    };
    let blood_pressure_drug = if truth.antihypertensive_medication_ever {
        dice.weighted(&[(0.95, "kylla"), (0.03, "ei"), (0.02, "en-osaa-sanoa")])
    } else {
        dice.weighted(&[(0.975, "ei"), (0.01, "kylla"), (0.015, "en-osaa-sanoa")])
    };
    let says_active = dice.chance(if truth.physically_active { 0.94 } else { 0.22 });
    let says_daily = dice.chance(if truth.vegetables_daily { 0.93 } else { 0.15 });
    Answers {
        height: kept(numbers::rounded(own_height * 10.0), 0.02, dice),
        weight: kept(numbers::rounded(own_weight * 10.0), 0.03, dice),
        waist: kept(numbers::rounded(own_waist * 10.0), 0.16, dice),
        activity: kept(if says_active { "kylla" } else { "ei" }, 0.02, dice),
        vegetables: kept(
            if says_daily {
                "paivittain"
            } else {
                "ei-paivittain"
            },
            0.02,
            dice,
        ),
        blood_pressure_drug: kept(blood_pressure_drug, 0.02, dice),
        high_glucose: kept(high_glucose, 0.03, dice),
        family: kept(family, 0.03, dice),
    }
}

/// Smoking, drugs and diseases of now, and blood pressure as measured at home; half have no meter. With dice of its own,
/// so that a question more changes no answer to the others.
fn circulation_answers(scribe: &Scribe<'_>, day: Day) -> Vec<(&'static str, Given)> {
    let mut dice = scribe.dice(Stream::SelfMeasured);
    let (health, usual) = (scribe.health, &scribe.health.circulation);
    let smoking = match usual.smoking {
        Smoking::Never => dice.weighted(&[(0.98, "ei"), (0.02, "en-osaa-sanoa")]),
        Smoking::Former => {
            dice.weighted(&[(0.90, "lopettanut"), (0.08, "ei"), (0.02, "en-osaa-sanoa")])
        }
        Smoking::Daily => dice.weighted(&[
            (0.93, "kylla"),
            (0.05, "lopettanut"),
            (0.02, "en-osaa-sanoa"),
        ]),
    };
    let mut yes_or_no = |is_so: bool| {
        let (right, wrong) = if is_so {
            ("kylla", "ei")
        } else {
            ("ei", "kylla")
        };
        dice.weighted(&[(0.96, right), (0.02, wrong), (0.02, "en-osaa-sanoa")])
    };
    let treated = yes_or_no(
        health
            .blood_pressure_drug_from
            .is_some_and(|from| from <= day),
    );
    let diabetic = yes_or_no(health.diagnosed_by(day));
    let mut given = Vec::new();
    for (link_id, answer) in [
        ("tupakointi", smoking),
        ("verenpainelaake-nyt", treated),
        ("diabetes", diabetic),
    ] {
        given.extend(kept(answer, 0.02, &mut dice).map(|code| (link_id, Given::Code(code))));
    }
    if dice.chance(0.5) {
        for (link_id, usual, spread) in [
            ("verenpaine-yla", usual.systolic, 7.0),
            ("verenpaine-ala", usual.diastolic, 5.0),
        ] {
            let value = numbers::rounded(dice.normal(usual - 3.0, spread)) * 10;
            given.push((link_id, Given::Tenths(value)));
        }
    }
    given
}

/// People mix up near and far relatives, and some do not know.
fn family_answer(family: Kinship, dice: &mut Dice) -> &'static str {
    match family {
        Kinship::Close => dice.weighted(&[
            (0.88, "lahi"),
            (0.03, "etainen"),
            (0.04, "ei"),
            (0.05, "en-osaa-sanoa"),
        ]),
        Kinship::Distant => {
            dice.weighted(&[(0.72, "etainen"), (0.14, "ei"), (0.14, "en-osaa-sanoa")])
        }
        Kinship::None => dice.weighted(&[
            (0.86, "ei"),
            (0.03, "etainen"),
            (0.01, "lahi"),
            (0.10, "en-osaa-sanoa"),
        ]),
    }
}

/// The answer, unless the item was left open.
fn kept<T>(answer: T, left_open: f64, dice: &mut Dice) -> Option<T> {
    (!dice.chance(left_open)).then_some(answer)
}

fn write_items(l: &mut List<'_>, answers: &Answers) {
    let measured = [
        ("pituus", "Pituus (cm)", answers.height),
        ("paino", "Paino (kg)", answers.weight),
        ("vyotaro", "Vyötärönympärys (cm)", answers.waist),
    ];
    for (link_id, text, tenths) in measured {
        write_item(l, (link_id, text), tenths.is_some(), |o| {
            o.decimal("valueDecimal", tenths.unwrap_or(0), 1)
        });
    }
    let coded = [
        (
            "liikunta",
            "Liikutko vähintään puoli tuntia päivässä?",
            answers.activity,
        ),
        (
            "kasvikset",
            "Syötkö kasviksia, hedelmiä tai marjoja päivittäin?",
            answers.vegetables,
        ),
        (
            "verenpainelaake",
            "Oletko koskaan käyttänyt verenpainelääkettä säännöllisesti?",
            answers.blood_pressure_drug,
        ),
        (
            "korkea-verensokeri",
            "Onko verensokerisi joskus ollut koholla?",
            answers.high_glucose,
        ),
        ("suku", "Onko suvussasi diabetesta?", answers.family),
    ];
    for (link_id, text, code) in coded {
        write_item(l, (link_id, text), code.is_some(), |o| {
            o.object("valueCoding", |o| {
                o.text("system", ANSWERS);
                o.text("code", code.unwrap_or_default());
            });
        });
    }
}

/// An item left open is there without an answer.
fn write_item(
    l: &mut List<'_>,
    item: (&str, &str),
    answered: bool,
    answer: impl FnOnce(&mut Object<'_>),
) {
    l.object(|o| {
        o.text("linkId", item.0);
        o.text("text", item.1);
        if answered {
            o.list("answer", |l| l.object(answer));
        }
    });
}

fn write_other_form(scribe: &mut Scribe<'_>, dice: &mut Dice) {
    let Some(day) = vitals::visit_day(scribe, dice, 2.0) else {
        return;
    };
    let authored = Instant::on(day, dice);
    scribe.resource(Kind::QuestionnaireResponse, authored, |common, o| {
        common.narrative(o, "Esitiedot", day);
        o.text("questionnaire", OTHER_FORM);
        o.text("status", "completed");
        common.subject(o, "subject");
        o.instant("authored", authored);
        o.list("item", |l| {
            write_item(l, ("tupakointi", "Tupakoitko?"), true, |o| {
                o.text("valueString", "en")
            });
            write_item(l, ("allergiat", "Onko sinulla allergioita?"), true, |o| {
                o.text("valueString", "ei tiedossa")
            });
        });
    });
}
