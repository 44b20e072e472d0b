//! The truth about one resident's health, most of which nobody records.
//!
//! Causes act on the hazard of hyperglycaemia; some of them (genes, hepatic fat, sleep) no register holds, and none of them
//! is the questionnaire's score. With average hazard `H(age) = c·(age/60)^k` and the resident's causes `λ`, the age of onset
//! solves `H(age)·exp(λ) = E` for an exponential `E`. Detection, diagnosis and treatment follow with delays.
//! Causes are taken as constant over the adult life; weight history is not simulated.

use super::calendar::Day;
use super::findrisc::Items;
use super::glycaemia::Glycaemia;
use super::parameters::Parameters;
use super::person::{Kinship, Person, Sex, Stay};
use super::random::{Dice, Stream, logistic};

/// The truth about one resident.
#[derive(Clone, Copy, Debug)]
pub(super) struct Health {
    /// The log hazard that the causes add up to: the latent risk.
    pub(super) latent: f64,
    pub(super) items: Items,
    pub(super) height_cm: f64,
    /// Contact with care in standard deviations.
    pub(super) contact: f64,
    /// Start of blood-pressure medication, where there is one.
    pub(super) blood_pressure_drug_from: Option<Day>,
    pub(super) glycaemia: Glycaemia,
    /// Type-2 diabetes was diagnosed, or will be, on this day.
    pub(super) diagnosis: Day,
    /// A glucose-lowering drug was started, or will be, on this day.
    pub(super) drug: Day,
    /// Type-1 diabetes since this day.
    pub(super) type_1_since: Option<Day>,
    /// Gestational diabetes was found on this day.
    pub(super) gestational: Option<Day>,
    /// Expected day of delivery of a present pregnancy.
    pub(super) delivery: Option<Day>,
    /// The natural day of death of those alive on the day of the register.
    pub(super) death: Day,
}

impl Health {
    /// Diabetes of any type is diagnosed by this day.
    pub(super) fn diagnosed_by(&self, day: Day) -> bool {
        self.diagnosis <= day || self.type_1_since.is_some_and(|since| since <= day)
    }

    /// Diabetes by glucose tolerance test on this day that nobody has diagnosed.
    pub(super) fn undiagnosed_on(&self, day: Day) -> bool {
        self.glycaemia.onset <= day && !self.diagnosed_by(day)
    }

    /// A glucose-lowering drug is started in `(from, to]`, in life.
    pub(super) fn drug_between(&self, from: Day, to: Day) -> bool {
        from < self.drug && self.drug <= to && self.drug <= self.death
    }
}

/// Body, habits and hidden causes, before any disease.
struct Causes {
    genetic: f64,
    sleep: f64,
    hepatic_fat: f64,
    waist_residual: f64,
    weight_residual: f64,
    height_cm: f64,
    body_mass_index: f64,
    waist: f64,
    inactive: bool,
    vegetables_daily: bool,
    vascular: f64,
    family_history: Kinship,
}

/// Draws one resident's health.
pub(super) fn live(parameters: &Parameters, person: &Person, seed: u64, as_of: Day) -> Health {
    let mut dice = Dice::of(seed, person.number, Stream::Health);
    let causes = causes_of(parameters, person, &mut dice);
    let contact = contact_of(person, &mut dice);
    let latent = latent_of(parameters, &causes);
    let onset = onset_of(
        parameters,
        person,
        latent,
        &mut dice_for_onset(seed, person),
    );
    let burden =
        0.035 * (person.age_exact.min(80.0) - 50.0) + 0.8 * (latent - parameters.average_latent());
    let glycaemia = Glycaemia::draw(parameters, onset, burden, &mut dice);
    let diagnosis = diagnosis_of(parameters, &causes, contact, &glycaemia, &mut dice);
    let wait = if dice.chance(parameters.drug_at_once) {
        dice.between(0.0, 0.8)
    } else {
        dice.exponential(6.0)
    };
    let blood_pressure_drug_from =
        blood_pressure_drug(parameters, person, &causes, as_of, &mut dice);
    let (gestational, delivery) = pregnancies(person, &causes, as_of, &mut dice);
    let type_1_since = type_1(person, as_of, &mut dice);
    let death = death_of(person, as_of, &mut dice);
    let found = found_high(parameters, person, contact, &glycaemia, as_of, &mut dice);
    let diagnosed = diagnosis <= as_of || type_1_since.is_some();
    Health {
        latent,
        items: Items {
            age: person.age,
            sex: person.sex,
            body_mass_index: causes.body_mass_index,
            waist_circumference: causes.waist,
            physically_active: !causes.inactive,
            vegetables_daily: causes.vegetables_daily,
            antihypertensive_medication_ever: blood_pressure_drug_from.is_some(),
            high_blood_glucose_ever: found || gestational.is_some() || diagnosed,
            family_history: causes.family_history,
        },
        height_cm: causes.height_cm,
        contact,
        blood_pressure_drug_from,
        glycaemia,
        diagnosis,
        drug: diagnosis.plus_years(wait),
        type_1_since,
        gestational,
        delivery,
        death,
    }
}

/// Onset has a stream position of its own, so that refitting other causes leaves it comparable.
fn dice_for_onset(seed: u64, person: &Person) -> Dice {
    Dice::of(seed ^ 0x05e7, person.number, Stream::Health)
}

fn causes_of(parameters: &Parameters, person: &Person, dice: &mut Dice) -> Causes {
    let male = person.sex == Sex::Male;
    let age = person.age_exact;
    let deprivation = person.district.deprivation + dice.normal(0.0, 0.6);
    let genetic = dice.normal(0.0, 1.0);
    let sleep = dice.normal(0.15 * deprivation, 1.0);
    let inactive = dice.chance(logistic(
        parameters.inactive + 0.35 * deprivation + 0.006 * (age - 50.0),
    ));
    let weight_residual = 0.93 * dice.normal(0.0, 1.0)
        + 0.15 * deprivation
        + 0.15 * genetic
        + if inactive { 0.20 } else { -0.08 };
    let body_mass_index = body_mass_index(parameters, male, age, weight_residual);
    let waist_residual = dice.normal(0.0, 1.0) + if inactive { 0.15 } else { -0.05 };
    let vegetables = if male {
        parameters.no_vegetables_men
    } else {
        parameters.no_vegetables_women
    };
    Causes {
        genetic,
        sleep,
        hepatic_fat: 0.45 * weight_residual + 0.25 * waist_residual + dice.normal(0.0, 0.8),
        waist_residual,
        weight_residual,
        height_cm: height(male, age, person.birth.year(), dice),
        body_mass_index,
        waist: waist(parameters, male, age, body_mass_index, waist_residual),
        inactive,
        vegetables_daily: !dice.chance(logistic(
            vegetables + 0.25 * deprivation - 0.006 * (age - 50.0),
        )),
        vascular: dice.normal(0.15 * deprivation, 1.0),
        family_history: family_history(parameters, male, age, genetic, dice),
    }
}

/// The median rises to the age of 60 and falls a little after it; children are slimmer.
fn body_mass_index(parameters: &Parameters, male: bool, age: f64, residual: f64) -> f64 {
    let (median_at_45, deviation) = if male {
        (parameters.bmi_men, 0.145)
    } else {
        (parameters.bmi_women, 0.178)
    };
    let distance = (age - 62.0) / 40.0;
    let at_45 = (45.0 - 62.0) / 40.0;
    let adult = median_at_45 * (1.0 - 0.115 * (distance * distance - at_45 * at_45));
    let median = if age < 20.0 {
        15.5 + (adult - 15.5) * (age / 20.0) * (age / 20.0)
    } else {
        adult
    };
    (median * libm::exp(deviation * residual)).clamp(11.5, 68.0)
}

fn waist(
    parameters: &Parameters,
    male: bool,
    age: f64,
    body_mass_index: f64,
    residual: f64,
) -> f64 {
    let value = if male {
        parameters.waist_men
            + 2.45 * (body_mass_index - 26.0)
            + 0.20 * (age - 50.0)
            + 4.6 * residual
    } else {
        parameters.waist_women
            + 2.15 * (body_mass_index - 26.0)
            + 0.14 * (age - 50.0)
            + 5.2 * residual
    };
    value.clamp(38.0, 190.0)
}

fn height(male: bool, age: f64, birth_year: i32, dice: &mut Dice) -> f64 {
    let secular = 0.07 * f64::from((birth_year - 1980).clamp(-60, 10));
    let adult = if male {
        dice.normal(180.5 + secular, 6.8)
    } else {
        dice.normal(167.0 + secular, 6.2)
    };
    let value = if age < 18.0 {
        50.0 + (adult - 50.0) * libm::pow(age / 18.0, 0.75)
    } else {
        adult
    };
    value.clamp(45.0, 215.0)
}

fn family_history(
    parameters: &Parameters,
    male: bool,
    age: f64,
    genetic: f64,
    dice: &mut Dice,
) -> Kinship {
    let close = if male {
        parameters.close_family_men
    } else {
        parameters.close_family_women
    };
    let relatives_age = 0.02 * (age.min(70.0) - 50.0);
    if dice.chance(logistic(close + 0.8 * genetic + relatives_age)) {
        Kinship::Close
    } else if dice.chance(logistic(
        parameters.distant_family + 0.4 * genetic - 0.02 * (age - 50.0),
    )) {
        Kinship::Distant
    } else {
        Kinship::None
    }
}

/// Women, the old and Finnish or Swedish speakers meet care more often.
fn contact_of(person: &Person, dice: &mut Dice) -> f64 {
    let women = if person.sex == Sex::Female {
        0.15
    } else {
        -0.15
    };
    let language = if matches!(person.language, "fi" | "sv") {
        0.08
    } else {
        -0.30
    };
    dice.normal(0.018 * (person.age_exact - 45.0) + women + language, 0.9)
}

fn latent_of(parameters: &Parameters, causes: &Causes) -> f64 {
    parameters.genetic * causes.genetic
        + parameters.hepatic_fat * causes.hepatic_fat
        + parameters.waist * (causes.waist_residual + causes.weight_residual)
        + if causes.inactive {
            parameters.inactivity
        } else {
            0.0
        }
        + if causes.vegetables_daily {
            0.0
        } else {
            parameters.diet
        }
        + parameters.sleep * causes.sleep
        + parameters.vascular * causes.vascular
}

fn onset_of(parameters: &Parameters, person: &Person, latent: f64, dice: &mut Dice) -> Day {
    let at_60 = match person.sex {
        Sex::Male => parameters.onset_men,
        Sex::Female => parameters.onset_women,
    };
    let reached = dice.exponential(1.0) / (at_60 * libm::exp(latent));
    let age = 60.0 * libm::pow(reached, 1.0 / parameters.onset_shape);
    person.birth.plus_years(age.max(16.0))
}

fn diagnosis_of(
    parameters: &Parameters,
    causes: &Causes,
    contact: f64,
    glycaemia: &Glycaemia,
    dice: &mut Dice,
) -> Day {
    let severity = if glycaemia.fasting_first { 0.8 } else { -0.3 }
        + 0.45 * causes.weight_residual
        + 0.5 * contact
        + if causes.family_history == Kinship::Close {
            0.4
        } else {
            0.0
        };
    let mean = parameters.detection_years * libm::exp(-parameters.detection_slope * severity);
    glycaemia.onset.plus_years(0.05 + dice.exponential(mean))
}

fn blood_pressure_drug(
    parameters: &Parameters,
    person: &Person,
    causes: &Causes,
    as_of: Day,
    dice: &mut Dice,
) -> Option<Day> {
    let log_odds = parameters.blood_pressure
        + 0.085 * (person.age_exact.min(82.0) - 60.0)
        + 0.35 * causes.weight_residual
        + 0.55 * causes.vascular;
    let started = dice
        .exponential(8.0)
        .min((person.age_exact - 18.0).max(0.1));
    (person.age >= 18 && dice.chance(logistic(log_odds))).then(|| as_of.plus_years(-started))
}

/// Past gestational diabetes and a present pregnancy.
fn pregnancies(
    person: &Person,
    causes: &Causes,
    as_of: Day,
    dice: &mut Dice,
) -> (Option<Day>, Option<Day>) {
    if person.sex == Sex::Male || person.age < 17 {
        return (None, None);
    }
    let mother = dice.chance(logistic((person.age_exact.min(45.0) - 32.0) / 3.5) * 0.8);
    let screened = logistic(f64::from(person.birth.year() - 1968) / 5.0);
    let gestational = mother
        && dice.chance(
            (0.16 * screened + 0.012)
                * libm::exp(0.40 * causes.genetic + 0.35 * causes.weight_residual).min(4.0),
        );
    let at_age = dice.between(22.0, 41.0).min(person.age_exact - 0.1);
    let pregnant = person.age <= 46
        && person.stay == Stay::Lives
        && dice.chance(if person.age < 40 { 0.048 } else { 0.012 });
    let due = as_of.plus(dice.whole(5, 215));
    (
        gestational.then(|| person.birth.plus_years(at_age)),
        pregnant.then_some(due),
    )
}

fn type_1(person: &Person, as_of: Day, dice: &mut Dice) -> Option<Day> {
    let from = dice.between(1.0, 40.0);
    let since = person.birth.plus_years(from);
    (dice.chance(0.011) && since <= as_of).then_some(since)
}

/// Gompertz mortality from the day of the register on.
fn death_of(person: &Person, as_of: Day, dice: &mut Dice) -> Day {
    let (level, slope) = match person.sex {
        Sex::Male => (0.000_035, 0.096),
        Sex::Female => (0.000_016, 0.101),
    };
    let now = level * libm::exp(slope * person.age_exact);
    let years = libm::log(1.0 + slope * dice.exponential(1.0) / now) / slope;
    match person.stay {
        Stay::Died(day) => day,
        Stay::Lives | Stay::Moved(_) => as_of.plus_years(years.max(0.01)),
    }
}

/// "Ever found": a raised glucose was there to be found, and somebody looked; or an illness raised it.
fn found_high(
    parameters: &Parameters,
    person: &Person,
    contact: f64,
    glycaemia: &Glycaemia,
    as_of: Day,
    dice: &mut Dice,
) -> bool {
    let found = if person.sex == Sex::Male {
        parameters.found_men
    } else {
        parameters.found_women
    };
    let looked = (found * libm::exp(0.3 * contact)).min(0.9);
    let in_illness = parameters.found_in_illness * (person.age_exact / 60.0).min(1.3);
    (glycaemia.on(as_of, as_of).abnormal() && dice.chance(looked)) || dice.chance(in_illness)
}
