//! The truth about one resident's health, most of which nobody records.
//!
//! Causes act on the hazard of hyperglycaemia; some of them (genes, hepatic fat, sleep) no register holds, and none of them
//! is the questionnaire's score. With average hazard `H(age) = c·(age/60)^k` and the resident's causes `λ`, the age of onset
//! solves `H(age)·exp(λ) = E` for an exponential `E`. Detection, diagnosis and treatment follow with delays.
//! Causes are taken as constant over the adult life; weight history is not simulated.

use super::calendar::Day;
use super::causes::{self, Causes};
use super::circulation::Circulation;
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
    pub(super) circulation: Circulation,
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

/// Draws one resident's health.
pub(super) fn live(parameters: &Parameters, person: &Person, seed: u64, as_of: Day) -> Health {
    let mut dice = Dice::of(seed, person.number, Stream::Health);
    let causes = causes::draw(parameters, person, &mut dice);
    let contact = contact_of(person, &mut dice);
    let latent = causes::latent(parameters, &causes);
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
    let high_blood_glucose_ever = found || gestational.is_some() || diagnosed;
    let treated = blood_pressure_drug_from.is_some();
    let circulation = Circulation::draw(person, causes.body_mass_index, treated, seed, as_of);
    Health {
        latent,
        items: items_of(
            person,
            &causes,
            blood_pressure_drug_from,
            high_blood_glucose_ever,
        ),
        height_cm: causes.height_cm,
        contact,
        blood_pressure_drug_from,
        glycaemia,
        circulation,
        diagnosis,
        drug: diagnosis.plus_years(wait),
        type_1_since,
        gestational,
        delivery,
        death,
    }
}

fn items_of(
    person: &Person,
    causes: &Causes,
    drug_from: Option<Day>,
    high_blood_glucose_ever: bool,
) -> Items {
    Items {
        age: person.age,
        sex: person.sex,
        body_mass_index: causes.body_mass_index,
        waist_circumference: causes.waist,
        physically_active: !causes.inactive,
        vegetables_daily: causes.vegetables_daily,
        antihypertensive_medication_ever: drug_from.is_some(),
        high_blood_glucose_ever,
        family_history: causes.family_history,
    }
}

/// Onset has a stream position of its own, so that refitting other causes leaves it comparable.
fn dice_for_onset(seed: u64, person: &Person) -> Dice {
    Dice::of(seed ^ 0x05e7, person.number, Stream::Health)
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
