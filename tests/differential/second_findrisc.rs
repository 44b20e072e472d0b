//! A second FINDRISC, in whole numbers, against `risk::assess` on random residents.
//!
//! Written from the English form by counting the bounds a value has passed, in
//! tenths of a unit; no band, no floating point, nothing from `rules/`.
//!
//! What agreement cannot prove: that the form is read rightly (one reading
//! underlies both), that facts of other kinds (prescriptions, results,
//! relatives) mean what the rules say, or anything about values between tenths.
//! Those are tables in `tests/rules/`.

use std::thread;

use jiff::civil::date;
use preventiojyraa_core::profile::{
    BirthDate, Fact, FactId, FactValue, Profile, Quantity, Register, Sex, Unit,
};
use preventiojyraa_core::risk::assess;
use preventiojyraa_core::rulebook::Score;

use crate::differential::random::Random;
use crate::support::core::{Statement, TODAY, fact_id, rulebook};

/// Residents compared, complete and partial together; 10^6 complete ones among them.
const RESIDENTS_PER_THREAD: u32 = 625_000;
const SEEDS: [u64; 2] = [20_250_615, 20_030_326];

/// A filled-in form; `None` is an unanswered question.
#[derive(Debug, Clone, Copy)]
struct Form {
    sex: Sex,
    years: Option<u32>,
    bmi_tenths: Option<u32>,
    waist_tenths: Option<u32>,
    inactive: Option<bool>,
    few_vegetables: Option<bool>,
    pressure_drug: Option<bool>,
    high_glucose: Option<bool>,
    /// 0 none, 1 a distant relative, 2 a close one.
    relative: Option<u32>,
}

/// Lowest and highest score of the form, by counting bounds passed.
fn second_findrisc(form: &Form) -> (Score, Score) {
    let passed = |bounds: &[(bool, Score)]| -> Score {
        bounds
            .iter()
            .map(|(is_passed, gain)| if *is_passed { *gain } else { 0 })
            .sum()
    };
    let age = form
        .years
        .map(|y| passed(&[(y >= 45, 2), (y >= 55, 1), (y >= 65, 1)]));
    let bmi = form
        .bmi_tenths
        .map(|b| passed(&[(b >= 250, 1), (b > 300, 2)]));
    let man = |w| passed(&[(w >= 940, 3), (w > 1020, 1)]);
    let woman = |w| passed(&[(w >= 800, 3), (w > 880, 1)]);
    // A woman never scores less than a man of the same waist.
    let waist = form.waist_tenths.map(|w| match form.sex {
        Sex::Male => (man(w), man(w)),
        Sex::Female => (woman(w), woman(w)),
        Sex::Unknown => (man(w), woman(w)),
    });
    let yes = |answer: Option<bool>, gain: Score| answer.map(|is_so| if is_so { gain } else { 0 });
    let relative = form.relative.map(|r| passed(&[(r >= 1, 3), (r >= 2, 2)]));
    let certain = [
        (age, 4),
        (bmi, 3),
        (yes(form.inactive, 2), 2),
        (yes(form.few_vegetables, 1), 1),
        (yes(form.pressure_drug, 2), 2),
        (yes(form.high_glucose, 5), 5),
        (relative, 5),
    ];
    let (waist_low, waist_high) = waist.unwrap_or((0, 4));
    let low: Score = certain.iter().map(|(points, _)| points.unwrap_or(0)).sum();
    let high: Score = certain
        .iter()
        .map(|(points, most)| points.unwrap_or(*most))
        .sum();
    (low + waist_low, high + waist_high)
}

/// Draws a form; in one of five forms each question is left out with one chance in three.
fn draw(random: &mut Random) -> Form {
    let is_partial = random.whole(1, 5) == 1;
    let mut given = || !is_partial || random.whole(1, 3) != 1;
    let given: [bool; 8] = std::array::from_fn(|_| given());
    let sexes: &[Sex] = if is_partial {
        &[Sex::Male, Sex::Female, Sex::Unknown]
    } else {
        &[Sex::Male, Sex::Female]
    };
    let mut flag = |is_given: bool| is_given.then(|| random.whole(0, 1) == 1);
    Form {
        inactive: flag(given[3]),
        few_vegetables: flag(given[4]),
        pressure_drug: flag(given[5]),
        high_glucose: flag(given[6]),
        sex: random.one_of(sexes),
        years: given[0].then(|| random.whole(18, 99)),
        bmi_tenths: given[1].then(|| random.whole(180, 400)),
        waist_tenths: given[2].then(|| random.whole(700, 1150)),
        relative: given[7].then(|| random.whole(0, 2)),
    }
}

/// What a form's answers are in the rule book, looked up once.
struct Names {
    bmi: FactId,
    waist: FactId,
    answers: [[Statement; 2]; 4],
    relatives: [Statement; 3],
}

impl Names {
    fn look_up() -> Self {
        let pair = |fact, no, yes| [Statement::answer(fact, no), Statement::answer(fact, yes)];
        let relative = |answer| Statement::answer("family-history-answer", answer);
        Self {
            bmi: fact_id("body-mass-index"),
            waist: fact_id("waist-circumference"),
            answers: [
                pair("physical-activity-answer", "daily", "not-daily"),
                pair("vegetables-answer", "every-day", "not-every-day"),
                pair("antihypertensive-answer", "no", "yes"),
                pair("high-glucose-answer", "no", "yes"),
            ],
            relatives: [
                relative("none"),
                relative("second-degree"),
                relative("first-degree"),
            ],
        }
    }
}

fn profile(names: &Names, form: &Form, random: &mut Random) -> Profile {
    let template = names.relatives[0].0;
    let measured = |id, tenths: Option<u32>, unit| {
        let quantity = tenths.map(|t| Quantity::new(f64::from(t) / 10.0, unit, EXACTLY));
        quantity.flatten().map(|q| Fact {
            id,
            value: FactValue::Quantity(q),
            ..template
        })
    };
    let answered = [
        form.inactive,
        form.few_vegetables,
        form.pressure_drug,
        form.high_glucose,
    ];
    let mut facts = Vec::with_capacity(7);
    facts.extend(measured(names.bmi, form.bmi_tenths, Unit::KgPerSquareMetre));
    facts.extend(measured(names.waist, form.waist_tenths, Unit::Centimetre));
    for (answer, statements) in answered.iter().zip(&names.answers) {
        facts.extend(answer.map(|is_so| statements[usize::from(is_so)].0));
    }
    facts.extend(
        form.relative
            .map(|r| names.relatives[usize::try_from(r).expect("0-2")].0),
    );
    for (part, fact) in (0u16..).zip(&mut facts) {
        fact.part = part;
    }
    let birth = form
        .years
        .map_or(BirthDate::UNKNOWN, |years| birthday(years, random));
    Profile::as_of(
        Register {
            birth,
            sex: form.sex,
            ..Register::unknown()
        },
        facts,
        TODAY,
    )
}

const EXACTLY: preventiojyraa_core::profile::Comparator =
    preventiojyraa_core::profile::Comparator::Exactly;

/// Any birthday of somebody who is so many completed years old on [`TODAY`].
fn birthday(years: u32, random: &mut Random) -> BirthDate {
    let month = i8::try_from(random.whole(1, 12)).expect("a month");
    let day = i8::try_from(random.whole(1, 28)).expect("a day");
    let had_it_this_year = (month, day) <= (TODAY.month(), TODAY.day());
    let years = i16::try_from(years).expect("a life") + i16::from(!had_it_this_year);
    BirthDate::on(date(TODAY.year() - years, month, day))
}

/// Compares a stream of residents; how many of them were complete.
fn compare(seed: u64) -> u32 {
    let names = Names::look_up();
    let mut random = Random::seeded(seed);
    let mut n_complete = 0;
    for n in 0..RESIDENTS_PER_THREAD {
        let form = draw(&mut random);
        let assessment = assess(rulebook(), &profile(&names, &form, &mut random))
            .expect("the form scores every age");
        let found = (assessment.low(), assessment.high());
        assert_eq!(
            found,
            second_findrisc(&form),
            "resident {n} of seed {seed}: {form:?}"
        );
        n_complete += u32::from(found.0 == found.1);
    }
    n_complete
}

#[test]
fn two_findriscs_agree_on_a_million_residents() {
    let n_complete: u32 = thread::scope(|scope| {
        let threads = SEEDS.map(|seed| scope.spawn(move || compare(seed)));
        threads
            .map(|thread| thread.join().expect("the two agree"))
            .iter()
            .sum()
    });
    assert!(
        n_complete >= 990_000,
        "only {n_complete} complete residents were drawn"
    );
}

#[test]
fn the_second_findrisc_knows_the_ends_of_the_form() {
    let lowest = Form {
        sex: Sex::Male,
        years: Some(44),
        bmi_tenths: Some(249),
        waist_tenths: Some(939),
        inactive: Some(false),
        few_vegetables: Some(false),
        pressure_drug: Some(false),
        high_glucose: Some(false),
        relative: Some(0),
    };
    let highest = Form {
        years: Some(65),
        bmi_tenths: Some(301),
        waist_tenths: Some(1021),
        inactive: Some(true),
        few_vegetables: Some(true),
        pressure_drug: Some(true),
        high_glucose: Some(true),
        relative: Some(2),
        ..lowest
    };
    assert_eq!(second_findrisc(&lowest), (0, 0));
    assert_eq!(second_findrisc(&highest), (26, 26));
    assert_eq!(
        second_findrisc(&Form {
            waist_tenths: None,
            ..highest
        }),
        (22, 26)
    );
}
