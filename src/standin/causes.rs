//! Body, habits and hidden causes of one resident, before any disease.
//!
//! Levels by age and sex are round approximations of Finnish adults, shifted by the fitted parameters; living conditions of
//! the district act on weight, activity, diet, sleep and vessels.

use super::parameters::Parameters;
use super::person::{Kinship, Person, Sex};
use super::random::{Dice, logistic};

/// Body, habits and hidden causes, before any disease.
#[derive(Clone, Copy, Debug)]
pub(super) struct Causes {
    /// Genetic liability, standard deviations.
    pub(super) genetic: f64,
    /// Poor sleep, standard deviations.
    pub(super) sleep: f64,
    /// Fat in the liver, standard deviations.
    pub(super) hepatic_fat: f64,
    /// Waist for body mass index, standard deviations.
    pub(super) waist_residual: f64,
    /// Weight for age and sex, standard deviations.
    pub(super) weight_residual: f64,
    /// cm.
    pub(super) height_cm: f64,
    /// kg/m².
    pub(super) body_mass_index: f64,
    /// cm.
    pub(super) waist: f64,
    pub(super) inactive: bool,
    pub(super) vegetables_daily: bool,
    /// Stiffness of vessels, standard deviations.
    pub(super) vascular: f64,
    pub(super) family_history: Kinship,
}

/// Draws the causes.
pub(super) fn draw(parameters: &Parameters, person: &Person, dice: &mut Dice) -> Causes {
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

/// The log hazard that the causes add up to: the latent risk.
pub(super) fn latent(parameters: &Parameters, causes: &Causes) -> f64 {
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
