//! The score of anybody: its bounds, what an answer does to it, and where it only rises.

use jiff::ToSpan;
use preventiojyraa_core::profile::{BirthDate, Sex, SubmissionId, Unit};
use preventiojyraa_core::risk::probability;
use preventiojyraa_core::rulebook::{Amount, BySex, ItemInput, Weights};
use proptest::prelude::*;
use proptest::sample::select;

use crate::support::core::anyone;
use crate::support::core::{Someone, Statement, TODAY, fact_id, item_at, rulebook};
use crate::support::draw::fixed;

/// Every answer to every question, with the item it is about; measurements come separately.
fn answers() -> Vec<(&'static str, Statement)> {
    let mut answers = Vec::new();
    for (item, fact) in [
        ("physical-activity", "physical-activity-answer"),
        ("vegetables-fruit-berries", "vegetables-answer"),
        ("antihypertensive-medication", "antihypertensive-answer"),
        ("high-blood-glucose-ever", "high-glucose-answer"),
        ("family-history", "family-history-answer"),
    ] {
        for answer in &rulebook().catalogue.definition(fact_id(fact)).answers {
            answers.push((item, Statement::answer(fact, answer)));
        }
    }
    answers
}

/// An answer or a measurement of today, and the item it is about.
fn answer() -> impl Strategy<Value = (&'static str, Statement)> {
    let tenths = |from: u32, to: u32| (from..to).prop_map(|t| f64::from(t) / 10.0);
    let bmi = tenths(150, 600).prop_map(|value| {
        let unit = Unit::KgPerSquareMetre;
        (
            "body-mass-index",
            Statement::measured("body-mass-index", value, unit),
        )
    });
    let waist = tenths(500, 1500).prop_map(|value| {
        let unit = Unit::Centimetre;
        (
            "waist-circumference",
            Statement::measured("waist-circumference", value, unit),
        )
    });
    prop_oneof![4 => select(answers()), 1 => bmi, 1 => waist]
}

/// The points of a table of the form, men's and women's.
#[expect(
    clippy::cast_possible_truncation,
    reason = "points of a form are small and whole"
)]
fn points(weights: &BySex<Weights>) -> Vec<Amount> {
    let of = |weights: &Weights| match weights {
        Weights::Answers(points) => points.clone(),
        Weights::Bands(bands) => bands.as_slice().iter().map(|band| band.value).collect(),
        Weights::Constant(_) | Weights::Line { .. } => Vec::new(),
    };
    let mut all = of(&weights.male);
    all.extend(of(&weights.female));
    let mut all: Vec<Amount> = all.into_iter().map(|points| points as Amount).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// A submission that no drawn resident has, newer than all of theirs.
fn told(someone: &Someone, statement: Statement) -> Someone {
    let mut told = someone.clone();
    let submission = SubmissionId::from_bytes([0xEE; 16]);
    told.facts.push(preventiojyraa_core::profile::Fact {
        submission,
        ..statement.0
    });
    told
}

proptest! {
    #![proptest_config(fixed(2_000))]

    #[test]
    fn a_score_lies_in_0_to_26(someone in anyone()) {
        let assessment = someone.assessment();
        prop_assert!(0 <= assessment.low());
        prop_assert!(assessment.low() <= assessment.high());
        prop_assert!(assessment.high() <= 26);
        let items = assessment.items().iter().zip(&rulebook().model.items);
        for (result, item) in items {
            let all: Vec<Amount> = item.terms.iter().flat_map(|term| points(&term.weights)).collect();
            prop_assert!(result.adds.values().all(|points| all.contains(&points)));
        }
    }

    #[test]
    fn an_item_without_evidence_can_have_any_of_its_points(someone in anyone()) {
        let model = &rulebook().model;
        let results = someone.assessment();
        for (item, result) in model.items.iter().zip(results.items()) {
            if let ItemInput::Answers { options, .. } = &item.input
                && result.basis.is_none()
            {
                let all = points(&item.terms[0].weights);
                let possible: Vec<Amount> = result.adds.values().collect();
                prop_assert_eq!(all.len(), options.len());
                prop_assert_eq!(possible, all, "{}", item.id);
            }
        }
    }

    #[test]
    fn answering_an_open_question_stays_inside_the_range(
        someone in anyone(),
        (item, statement) in answer(),
    ) {
        prop_assume!(someone.item(item).basis.is_none());
        let (low, high) = someone.score();
        let (new_low, new_high) = told(&someone, statement).score();
        prop_assert!(low <= new_low && new_high <= high);
    }

    /// A waist without a sex is the one case where a newer value can leave more open.
    #[test]
    fn answering_any_question_never_widens_the_range(
        someone in anyone(),
        (item, statement) in answer(),
    ) {
        prop_assume!(someone.register.sex != Sex::Unknown || item != "waist-circumference");
        let (low, high) = someone.score();
        let (new_low, new_high) = told(&someone, statement).score();
        prop_assert!(new_high - new_low <= high - low, "{item}");
    }

    #[test]
    fn an_answer_touches_no_other_item(someone in anyone(), (item, statement) in answer()) {
        let (before, after) = (someone.assessment(), told(&someone, statement).assessment());
        for (n, (one, other)) in before.items().iter().zip(after.items()).enumerate() {
            prop_assert!(n == item_at(item) || one == other, "item {n}");
        }
    }

    #[test]
    fn a_higher_bmi_or_waist_never_lowers_the_score(
        someone in anyone(),
        is_waist in any::<bool>(),
        tenths in 150..900u32,
        more in 0..300u32,
    ) {
        let with = |tenths: u32| {
            let value = f64::from(tenths) / 10.0;
            let statement = if is_waist {
                Statement::measured("waist-circumference", value, Unit::Centimetre)
            } else {
                Statement::measured("body-mass-index", value, Unit::KgPerSquareMetre)
            };
            let mut someone = someone.clone();
            someone.facts.retain(|fact| fact.id != statement.0.id);
            told(&someone, statement).score()
        };
        let offset = if is_waist { 350 } else { 0 };
        let ((low, high), (new_low, new_high)) = (with(tenths + offset), with(tenths + more + offset));
        prop_assert!(low <= new_low && high <= new_high);
    }

    #[test]
    fn growing_older_never_lowers_the_score(
        someone in anyone(),
        days in 0..40_000i64,
        more in 0..4_000i64,
    ) {
        // Heights are measured against an age, so a weight and a height are left out.
        let mut someone = someone;
        someone.facts.retain(|fact| fact.id != fact_id("body-height"));
        let born = |days: i64| {
            let birth = TODAY.checked_sub(days.days()).expect("in the calendar");
            someone.clone().registered(|register| register.birth = BirthDate::on(birth)).score()
        };
        let ((low, high), (new_low, new_high)) = (born(days), born(days + more));
        prop_assert!(low <= new_low && high <= new_high);
    }

    #[test]
    fn a_probability_is_one_and_its_range_is_in_order(someone in anyone()) {
        let (low, high) = probability(&rulebook().calibration, &someone.assessment());
        prop_assert!(low <= high && high <= 1_000_000_000);
    }
}
