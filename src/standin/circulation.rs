//! Vessels, lipids and smoking: what is so, and what records hold of it.
//!
//! # Source
//!
//! None was looked up: levels by age and sex are round assumptions of the order that surveys of Finnish adults report
//! (one adult in seven smokes daily, systolic pressure rises by about half a millimetre a year, total cholesterol lies
//! around 5.2 mmol/L with a spread of 1, HDL lower in men). Nothing may be concluded about any real population. Laboratory
//! codes and where they come from stand in `concepts`.
//!
//! Everything here has dice of its own, so that it changes nobody's course of glucose.

use super::calendar::Day;
use super::concepts::{self, Coding, Observable};
use super::instant::Instant;
use super::numbers;
use super::observations::{self, Codings, Effective, Found, Observed, Performer, UnitSpelling};
use super::person::{Person, Sex};
use super::random::{Dice, Stream, logistic};
use super::scribe::Scribe;
use super::vitals::visit_day;

/// Whether somebody smokes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Smoking {
    Never,
    Former,
    Daily,
}

/// The truth about one resident's circulation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Circulation {
    pub(super) smoking: Smoking,
    /// Usual systolic and diastolic pressure, mmHg.
    pub(super) systolic: f64,
    pub(super) diastolic: f64,
    /// Usual values without a drug, mmol/L.
    pub(super) ldl: f64,
    pub(super) hdl: f64,
    pub(super) triglycerides: f64,
    /// Start of a lipid-lowering drug, where there is one.
    pub(super) statin_from: Option<Day>,
    /// The day on which a disease of the heart or the vessels of the brain was diagnosed, where it was.
    pub(super) diagnosis: Option<Day>,
}

/// What a statin leaves of LDL: about two thirds.
const STATIN_LEAVES: f64 = 0.66;

impl Circulation {
    /// Draws one resident's circulation; `body_mass_index` in kg/m², `treated` for blood pressure.
    pub(super) fn draw(
        person: &Person,
        body_mass_index: f64,
        treated: bool,
        seed: u64,
        as_of: Day,
    ) -> Circulation {
        let mut dice = Dice::of(seed, person.number, Stream::Circulation);
        let age = person.age_exact;
        let male = person.sex == Sex::Male;
        let smoking = smoking(person, &mut dice);
        let weight = body_mass_index - 26.5;
        let systolic = 120.0
            + 0.42 * (age - 45.0)
            + 0.55 * weight
            + if male { 4.0 } else { -2.0 }
            + if treated { 9.0 } else { 0.0 }
            + dice.normal(0.0, 11.0);
        let diastolic = 77.0 + 0.30 * (systolic - 125.0) + dice.normal(0.0, 5.0);
        let ldl = (3.05 + 0.010 * (age.min(62.0) - 45.0) + 0.015 * weight + dice.normal(0.0, 0.82))
            .clamp(1.0, 8.5);
        let hdl = (if male { 1.33 } else { 1.63 } - 0.020 * weight + dice.normal(0.0, 0.30))
            .clamp(0.6, 3.2);
        let triglycerides = 1.15 * libm::exp(0.035 * weight + dice.normal(0.0, 0.38));
        let statin = logistic(-3.4 + 0.075 * (age.min(78.0) - 50.0) + 1.1 * (ldl - 3.2));
        let years = dice.exponential(5.0);
        let statin_from =
            (person.age >= 35 && dice.chance(statin)).then(|| as_of.plus_years(-years));
        let smokes = if smoking == Smoking::Daily { 0.7 } else { 0.0 };
        let sick = logistic(
            -4.6 + 0.085 * (age.min(85.0) - 55.0)
                + if male { 0.4 } else { -0.3 }
                + smokes
                + 0.012 * (systolic - 130.0)
                + 0.25 * (ldl - 3.2),
        );
        let since = dice.exponential(6.0);
        let diagnosis = (person.age >= 35 && dice.chance(sick)).then(|| as_of.plus_years(-since));
        Circulation {
            smoking,
            systolic,
            diastolic,
            ldl,
            hdl,
            triglycerides,
            statin_from,
            diagnosis,
        }
    }

    /// LDL on a day, mmol/L.
    fn ldl_on(&self, day: Day) -> f64 {
        let treated = self.statin_from.is_some_and(|from| from <= day);
        self.ldl * if treated { STATIN_LEAVES } else { 1.0 }
    }

    /// A result of a lipid on a day, mmol/L, without the variation of one sample.
    fn lipid(&self, lipid: Lipid, day: Day) -> f64 {
        match lipid {
            // What LDL, HDL and triglycerides carry together (Friedewald's 0.45).
            Lipid::Total => self.ldl_on(day) + self.hdl + 0.45 * self.triglycerides,
            Lipid::Hdl => self.hdl,
            Lipid::Ldl => self.ldl_on(day),
            Lipid::Triglycerides => self.triglycerides,
        }
    }
}

/// Daily smoking falls after sixty; men smoke a little more, and more have stopped.
fn smoking(person: &Person, dice: &mut Dice) -> Smoking {
    let age = person.age_exact;
    let male = if person.sex == Sex::Male { 0.25 } else { -0.15 };
    let daily =
        logistic(-1.75 + male - 0.045 * (age - 60.0).max(0.0) + 0.3 * person.district.deprivation);
    let former = logistic(-1.2 + 2.0 * male + 0.02 * (age - 45.0));
    let (daily, former) = (dice.chance(daily), dice.chance(former));
    match (person.age >= 16, daily, former) {
        (false, ..) | (true, false, false) => Smoking::Never,
        (true, true, _) => Smoking::Daily,
        (true, false, true) => Smoking::Former,
    }
}

/// A lipid of the panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lipid {
    Total,
    Hdl,
    Ldl,
    Triglycerides,
}

impl Lipid {
    pub(super) const PANEL: [Lipid; 4] =
        [Lipid::Total, Lipid::Hdl, Lipid::Ldl, Lipid::Triglycerides];

    pub(super) fn observable(self) -> &'static Observable {
        match self {
            Lipid::Total => &concepts::CHOLESTEROL,
            Lipid::Hdl => &concepts::HDL,
            Lipid::Ldl => &concepts::LDL,
            Lipid::Triglycerides => &concepts::TRIGLYCERIDES,
        }
    }

    /// Variation from sample to sample, as a share: biological and analytical together.
    fn variation(self) -> f64 {
        match self {
            Lipid::Total => 0.06,
            Lipid::Hdl => 0.07,
            Lipid::Ldl => 0.08,
            Lipid::Triglycerides => 0.20,
        }
    }
}

/// What the laboratory finds in a sample of this day, in tenths of mmol/L.
pub(super) fn lipid_found(scribe: &Scribe<'_>, lipid: Lipid, day: Day, dice: &mut Dice) -> Found {
    let value = scribe.health.circulation.lipid(lipid, day) * dice.normal(1.0, lipid.variation());
    Found::Quantity(numbers::rounded(value.clamp(0.2, 20.0) * 10.0))
}

/// Writes what clinics have asked about smoking. Lipids and blood pressure are written with what is like them.
pub(super) fn write_smoking(scribe: &mut Scribe<'_>) {
    let mut dice = scribe.dice(Stream::Smoking);
    if scribe.person.age < 16 {
        return;
    }
    let asked = 0.55 * libm::exp(0.3 * scribe.health.contact);
    for _ in 0..dice.poisson(asked.min(3.0)) {
        if let Some(day) = visit_day(scribe, &mut dice, 2.5) {
            let smoking = scribe.health.circulation.smoking;
            write_status(scribe, day, code_of(smoking, &mut dice), &mut dice);
        }
    }
}

/// One answer in fifty is that of somebody else's record, or was never brought up to date.
fn code_of(smoking: Smoking, dice: &mut Dice) -> Coding {
    let slip = dice.chance(0.02);
    match (smoking, slip) {
        (Smoking::Never, false) => concepts::NEVER_SMOKED,
        (Smoking::Daily, false) | (Smoking::Former, true) => concepts::SMOKES_DAILY,
        (Smoking::Former, false) | (Smoking::Never | Smoking::Daily, true) => concepts::EX_SMOKER,
    }
}

fn write_status(scribe: &mut Scribe<'_>, day: Day, code: Coding, dice: &mut Dice) {
    let observed = Observed {
        observable: &concepts::SMOKING_STATUS,
        found: Found::Coded(code),
        at: Instant::on(day, dice),
        issued: None,
        status: dice.weighted(&[(0.99, "final"), (0.01, "entered-in-error")]),
        unit: UnitSpelling::Ucum,
        effective: Effective::Instant,
        performer: Performer::Clinic,
        codings: Codings::Both,
    };
    observations::write(scribe, &observed);
}

#[cfg(test)]
mod tests {
    use super::super::health;
    use super::super::parameters::FITTED;
    use super::super::person::Population;
    use super::*;

    #[test]
    fn levels_are_those_of_adults_and_nobody_else_changes_them() {
        let as_of = Day::from_civil(2026, 1, 15);
        let population = Population::new(9, as_of);
        let (mut adults, mut smokers, mut total, mut systolic) = (0.0, 0.0, 0.0, 0.0);
        for number in 0..4_000 {
            let person = population.resident(number);
            if !(45..70).contains(&person.age) {
                continue;
            }
            let circulation = health::live(&FITTED, &person, 9, as_of).circulation;
            adults += 1.0;
            smokers += f64::from(u8::from(circulation.smoking == Smoking::Daily));
            total += circulation.lipid(Lipid::Total, as_of);
            systolic += circulation.systolic;
        }
        let share = |sum: f64| sum / adults;
        assert!((0.08..0.22).contains(&share(smokers)), "{}", share(smokers));
        assert!((4.6..5.7).contains(&share(total)), "{}", share(total));
        assert!(
            (122.0..138.0).contains(&share(systolic)),
            "{}",
            share(systolic)
        );
    }
}
