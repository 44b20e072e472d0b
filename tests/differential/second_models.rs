//! Every shipped model a second time, straight from the published formula, on random residents.
//!
//! Nothing here reads `rules/`: the numbers are written down again, and the arithmetic is another
//! (`powf` instead of `expm1`, one product instead of terms). Measured numbers are those that a
//! laboratory or a nurse would write down, so that bands are met on both their sides.

use std::collections::BTreeMap;

use preventiojyraa_core::profile::{Sex, Unit};
use preventiojyraa_core::risk::assess_by;
use preventiojyraa_core::rulebook::Score;

use super::random::Random;
use crate::support::core::{Someone, Statement, rulebook};

/// A complete person, in the words of the answers.
struct Person {
    is_man: bool,
    age: f64,
    numbers: BTreeMap<&'static str, f64>,
    answers: BTreeMap<&'static str, &'static str>,
}

const NUMBERS: [(&str, u32, u32, f64, Unit); 5] = [
    ("body-mass-index", 170, 500, 10.0, Unit::KgPerSquareMetre),
    ("waist-circumference", 600, 1400, 10.0, Unit::Centimetre),
    (
        "systolic-blood-pressure",
        90,
        220,
        1.0,
        Unit::MillimetreOfMercury,
    ),
    ("total-cholesterol", 25, 110, 10.0, Unit::MillimolePerLitre),
    ("hdl-cholesterol", 5, 30, 10.0, Unit::MillimolePerLitre),
];

const ANSWERS: [(&str, &[&str]); 12] = [
    ("physical-activity-answer", &["daily", "not-daily"]),
    ("active-answer", &["active", "not-active"]),
    ("vegetables-answer", &["every-day", "not-every-day"]),
    ("antihypertensive-now-answer", &["no", "yes"]),
    ("high-glucose-answer", &["no", "yes"]),
    (
        "relatives-answer",
        &["none", "parent-or-sibling", "parent-and-sibling"],
    ),
    ("smoking-answer", &["never", "former", "current"]),
    ("steroid-answer", &["no", "yes"]),
    ("hypertension-answer", &["no", "yes"]),
    ("diabetes-answer", &["no", "yes"]),
    (
        "ancestry-answer",
        &[
            "white-european",
            "indigenous-australian-pacific-maori",
            "asian",
            "middle-east-north-africa-south-europe",
            "other",
        ],
    ),
    (
        "birthplace-answer",
        &["asia", "middle-east-north-africa-south-europe", "other"],
    ),
];

impl Person {
    fn draw(random: &mut Random) -> (Self, Someone) {
        let is_man = random.whole(0, 1) == 1;
        let years = i16::try_from(random.whole(20, 95)).expect("a life");
        let sex = if is_man { Sex::Male } else { Sex::Female };
        let mut someone = Someone::of(sex, years);
        let mut person = Self {
            is_man,
            age: f64::from(years),
            numbers: BTreeMap::new(),
            answers: BTreeMap::new(),
        };
        for (fact, from, to, per, unit) in NUMBERS {
            let value = f64::from(random.whole(from, to)) / per;
            person.numbers.insert(fact, value);
            someone = someone.with(Statement::measured(fact, value, unit));
        }
        for (fact, answers) in ANSWERS {
            let answer = random.one_of(answers);
            person.answers.insert(fact, answer);
            someone = someone.answers(fact, answer);
        }
        // One question says that nobody in the family has it where another says who has.
        let family = if person.is("relatives-answer", "none") {
            "none"
        } else {
            "first-degree"
        };
        someone = someone.answers("family-history-answer", family);
        (person, someone)
    }

    fn is(&self, fact: &str, answer: &str) -> bool {
        self.answers[fact] == answer
    }

    fn x(&self, fact: &str) -> f64 {
        self.numbers[fact]
    }

    fn smokes(&self) -> bool {
        self.is("smoking-answer", "current")
    }

    fn has_family(&self) -> bool {
        !self.is("relatives-answer", "none")
    }

    fn pick(&self, men: f64, women: f64) -> f64 {
        if self.is_man { men } else { women }
    }
}

fn one(is_so: bool) -> f64 {
    f64::from(u8::from(is_so))
}

/// How many of the limits the number has reached.
fn reached(x: f64, limits: [f64; 3]) -> usize {
    limits.iter().filter(|limit| **limit <= x).count()
}

fn ada(p: &Person) -> f64 {
    let age = [0.0, 1.0, 2.0, 3.0][reached(p.age, [40.0, 50.0, 60.0])];
    let inches = p.x("waist-circumference") / 2.54;
    let by_waist = if p.is_man {
        reached(inches, [37.0, 40.0, 50.0])
    } else {
        reached(inches, [31.5, 35.0, 49.0])
    };
    let by_bmi = reached(p.x("body-mass-index"), [25.0, 30.0, 40.0]);
    // The shipped item takes the newest word; of one day the stronger, which is "not active".
    let inactive =
        p.is("active-answer", "not-active") || p.is("physical-activity-answer", "not-daily");
    age + one(p.is_man)
        + one(p.has_family())
        + one(p.is("hypertension-answer", "yes"))
        + f64::from(u8::try_from(by_waist.max(by_bmi)).expect("small"))
        - one(!inactive)
}

fn leicester(p: &Person) -> f64 {
    [0.0, 5.0, 9.0, 13.0][reached(p.age, [50.0, 60.0, 70.0])]
        + one(p.is_man)
        + 6.0 * one(!p.is("ancestry-answer", "white-european"))
        + 5.0 * one(p.has_family())
        + [0.0, 4.0, 6.0, 9.0][reached(p.x("waist-circumference"), [90.0, 100.0, 110.0])]
        + [0.0, 3.0, 5.0, 8.0][reached(p.x("body-mass-index"), [25.0, 30.0, 35.0])]
        + 5.0 * one(p.is("hypertension-answer", "yes"))
}

fn ausdrisk(p: &Person) -> f64 {
    let mut points = 0.0;
    for (from, more) in [(35.0, 2.0), (45.0, 2.0), (55.0, 2.0), (65.0, 2.0)] {
        points += more * one(from <= p.age);
    }
    let indigenous = p.is("ancestry-answer", "indigenous-australian-pacific-maori");
    points += 3.0 * one(p.is_man) + 2.0 * one(indigenous);
    points += 2.0 * one(!p.is("birthplace-answer", "other"));
    points += 3.0 * one(p.has_family()) + 6.0 * one(p.is("high-glucose-answer", "yes"));
    points += 2.0 * one(p.is("antihypertensive-now-answer", "yes")) + 2.0 * one(p.smokes());
    points += one(p.is("vegetables-answer", "not-every-day"));
    points += 2.0 * one(p.is("active-answer", "not-active"));
    let lower = indigenous || p.is("birthplace-answer", "asia");
    let (middle, top) = match (p.is_man, lower) {
        (true, true) => (90.0, 100.0),
        (false, true) => (80.0, 90.0),
        (true, false) => (102.0, 110.0),
        (false, false) => (88.0, 100.0),
    };
    let waist = p.x("waist-circumference");
    points
        + if top < waist {
            7.0
        } else if middle <= waist {
            4.0
        } else {
            0.0
        }
}

fn sigmoid(x: f64) -> f64 {
    x.exp() / (1.0 + x.exp())
}

fn cambridge(p: &Person) -> f64 {
    let bmi = p.x("body-mass-index");
    let weight = [0.0, 0.699, 1.97, 2.518][reached(bmi, [25.0, 27.5, 30.0])];
    let relatives = match p.answers["relatives-answer"] {
        "none" => 0.0,
        "parent-or-sibling" => 0.728,
        _ => 0.753,
    };
    let smoking = match p.answers["smoking-answer"] {
        "never" => 0.0,
        "former" => -0.218,
        _ => 0.855,
    };
    sigmoid(
        0.063 * p.age - 6.322 - 0.879 * one(!p.is_man)
            + 1.222 * one(p.is("antihypertensive-now-answer", "yes"))
            + 2.191 * one(p.is("steroid-answer", "yes"))
            + weight
            + relatives
            + smoking,
    )
}

fn desir(p: &Person) -> f64 {
    let high = p.is("hypertension-answer", "yes") || 140.0 <= p.x("systolic-blood-pressure");
    let waist = p.x("waist-circumference");
    sigmoid(if p.is_man {
        0.72 * one(p.smokes()) + 0.081 * waist + 0.5 * one(high) - 10.45
    } else {
        1.09 * one(p.has_family()) + 0.095 * waist + 0.64 * one(high) - 11.81
    })
}

fn framingham(p: &Person) -> f64 {
    let treated = p.is("antihypertensive-now-answer", "yes");
    let pressure = match (p.is_man, treated) {
        (true, false) => 1.85508,
        (true, true) => 1.92672,
        (false, false) => 2.81291,
        (false, true) => 2.88267,
    };
    let sum = p.pick(3.11296, 2.72107) * p.age.ln()
        + p.pick(0.79277, 0.51125) * p.x("body-mass-index").ln()
        + pressure * p.x("systolic-blood-pressure").ln()
        + p.pick(0.70953, 0.61868) * one(p.smokes())
        + p.pick(0.53160, 0.77763) * one(p.is("diabetes-answer", "yes"));
    let survival: f64 = p.pick(0.88431, 0.94833);
    1.0 - survival.powf((sum - p.pick(23.9388, 26.0145)).exp())
}

/// Finland's layer: a region of moderate risk.
fn recalibrated(risk: f64, k1: f64, k2: f64) -> f64 {
    1.0 - (-(k1 + k2 * (-(1.0 - risk).ln()).ln()).exp()).exp()
}

fn score2(p: &Person) -> f64 {
    let (a, s) = (
        (p.age - 60.0) / 5.0,
        (p.x("systolic-blood-pressure") - 120.0) / 20.0,
    );
    let (t, h) = (
        p.x("total-cholesterol") - 6.0,
        (p.x("hdl-cholesterol") - 1.3) / 0.5,
    );
    let (sm, dm) = (one(p.smokes()), one(p.is("diabetes-answer", "yes")));
    if p.is_man {
        let x = 0.3742 * a + 0.6012 * sm + 0.2777 * s + 0.6457 * dm + 0.1458 * t
            - 0.2698 * h
            - 0.0755 * a * sm
            - 0.0255 * a * s
            - 0.0281 * a * t
            + 0.0426 * a * h
            - 0.0983 * a * dm;
        recalibrated(1.0 - 0.9605_f64.powf(x.exp()), -0.1565, 0.8009)
    } else {
        let x = 0.4648 * a + 0.7744 * sm + 0.3131 * s + 0.8096 * dm + 0.1002 * t
            - 0.2606 * h
            - 0.1088 * a * sm
            - 0.0277 * a * s
            - 0.0226 * a * t
            + 0.0613 * a * h
            - 0.1272 * a * dm;
        recalibrated(1.0 - 0.9776_f64.powf(x.exp()), -0.3143, 0.7701)
    }
}

fn score2_op(p: &Person) -> f64 {
    let (a, s) = (p.age - 73.0, p.x("systolic-blood-pressure") - 150.0);
    let (t, h) = (p.x("total-cholesterol") - 6.0, p.x("hdl-cholesterol") - 1.4);
    let (sm, dm) = (one(p.smokes()), one(p.is("diabetes-answer", "yes")));
    if p.is_man {
        let x = 0.0634 * a + 0.4245 * dm + 0.3524 * sm + 0.0094 * s + 0.0850 * t
            - 0.3564 * h
            - 0.0174 * dm * a
            - 0.0247 * sm * a
            - 0.0005 * a * s
            + 0.0073 * a * t
            + 0.0091 * a * h;
        recalibrated(1.0 - 0.7576_f64.powf((x - 0.0929).exp()), 0.01, 1.25)
    } else {
        let x = 0.0789 * a + 0.6010 * dm + 0.4921 * sm + 0.0102 * s + 0.0605 * t
            - 0.3040 * h
            - 0.0107 * dm * a
            - 0.0255 * sm * a
            - 0.0004 * a * s
            - 0.0009 * a * t
            + 0.0154 * a * h;
        recalibrated(1.0 - 0.8082_f64.powf((x - 0.229).exp()), -0.1, 1.1)
    }
}

/// A model, its second implementation, and the ages it is for.
type Second = (&'static str, fn(&Person) -> f64, f64, f64);

const POINTS: [Second; 3] = [
    ("ada-bang-2009", ada, 0.0, 200.0),
    ("leicester-2010", leicester, 0.0, 200.0),
    ("ausdrisk", ausdrisk, 0.0, 200.0),
];
const EQUATIONS: [Second; 5] = [
    ("cambridge-2000", cambridge, 0.0, 200.0),
    ("desir-2008", desir, 0.0, 200.0),
    ("framingham-office-2008", framingham, 30.0, 75.0),
    ("score2", score2, 40.0, 70.0),
    ("score2-op", score2_op, 70.0, 200.0),
];

#[test]
fn every_model_agrees_with_its_second_implementation() {
    let mut random = Random::seeded(2009);
    let models: BTreeMap<&str, _> = POINTS
        .iter()
        .chain(&EQUATIONS)
        .map(|(id, ..)| (*id, rulebook().model_called(id).expect("shipped")))
        .collect();
    let mut n_compared = BTreeMap::new();
    for _ in 0..20_000 {
        let (person, someone) = Person::draw(&mut random);
        let profile = someone.profile();
        let all = POINTS
            .iter()
            .map(|m| (m, 1.0))
            .chain(EQUATIONS.iter().map(|m| (m, 1e6)));
        for ((id, second, from, below), per_unit) in all {
            let found = assess_by(rulebook(), &models[id], &profile);
            let is_for = (*from..*below).contains(&person.age);
            assert_eq!(found.is_some(), is_for, "{id} at {}", person.age);
            let Some(found) = found else { continue };
            assert_eq!(found.low(), found.high(), "{id} is complete: {someone:?}");
            let expected = second(&person) * per_unit;
            // A part per million is where two ways of rounding may differ.
            let off = (f64::from(found.low()) - expected).abs();
            assert!(
                off <= 0.51,
                "{id}: {} and {expected}: {someone:?}",
                found.low()
            );
            *n_compared.entry(*id).or_insert(0) += 1;
        }
    }
    assert_eq!(n_compared.len(), 8);
    assert!(n_compared.values().all(|n| 5_000 < *n), "{n_compared:?}");
}

/// The people that the ladder must send to each model, and what they then score.
#[test]
fn the_ladder_takes_the_first_model_that_is_for_the_age_and_has_what_it_needs() {
    let ladder = rulebook()
        .model_called("cardiovascular-ladder")
        .expect("shipped");
    let mut random = Random::seeded(7);
    let mut seen = BTreeMap::new();
    for _ in 0..3_000 {
        let (person, mut someone) = Person::draw(&mut random);
        let drop_hdl = random.whole(0, 1) == 0;
        if drop_hdl {
            let hdl = crate::support::core::fact_id("hdl-cholesterol");
            someone.facts.retain(|fact| fact.id != hdl);
        }
        let wanted = match (person.age, drop_hdl) {
            (age, _) if age < 30.0 => None,
            (age, false) if (40.0..70.0).contains(&age) => Some("score2"),
            (age, false) if 70.0 <= age => Some("score2-op"),
            (age, _) if age < 75.0 => Some("framingham-office-2008"),
            _ => Some("score2-op"),
        };
        let found = assess_by(rulebook(), &ladder, &someone.profile());
        let used = found
            .as_ref()
            .map(|found| ladder.rung(found.rung()).header.id.as_str());
        assert_eq!(used, wanted, "{} {drop_hdl}", person.age);
        *seen.entry((wanted, drop_hdl)).or_insert(0) += 1;
        if let (Some(found), Some(id)) = (found, wanted) {
            let alone = rulebook().model_called(id).expect("shipped");
            let alone = assess_by(rulebook(), &alone, &someone.profile()).expect("its age");
            let ends: (Score, Score) = (alone.low(), alone.high());
            assert_eq!((found.low(), found.high()), ends);
        }
    }
    assert_eq!(seen.len(), 7, "{seen:?}");
}
