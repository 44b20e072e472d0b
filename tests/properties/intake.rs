//! Anything a source can send: no panic, and no fact outside what is plausible.

use preventiojyraa_core::intake::{
    Answered, Content, Submission, SubmittedUnit, SubmittedValue, admit,
};
use preventiojyraa_core::profile::{
    Comparator, FactValue, ResidentId, Standing, SubmissionId, Unit, Version,
};
use preventiojyraa_core::rulebook::{CodeSystem, FactKind};
use proptest::prelude::*;
use proptest::sample::select;

use crate::support::core::{TODAY, rulebook};
use crate::support::draw::{day, fixed};

/// Codes of every measurement, of two things that are none, and of nothing known.
const CODES: [&str; 12] = [
    "39156-5", "29463-7", "8302-2", "8280-0", "56086-2", "59261-8", "4548-4", "14771-0", "14995-5",
    "14770-2", "15074-8", "0000-0",
];

const COMPARATORS: [Comparator; 5] = [
    Comparator::Exactly,
    Comparator::Below,
    Comparator::AtMost,
    Comparator::AtLeast,
    Comparator::Above,
];

const FORM: &str = "https://maisa.example.org/fhir/Questionnaire/t2d-riskitesti";

fn number() -> impl Strategy<Value = f64> {
    let edges = [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        0.0,
        -0.0,
        f64::MAX,
        f64::MIN,
        f64::MIN_POSITIVE,
        5e-324,
        -1.0,
        1e308,
    ];
    prop_oneof![
        2 => proptest::num::f64::ANY,
        2 => select(edges.to_vec()),
        4 => -50.0..500.0f64,
        1 => 0.0..1e6f64,
    ]
}

/// A unit as a source sends it; the core's own type has no `Debug`, as it holds clinical data.
#[derive(Debug, Clone, Copy)]
enum SentUnit {
    Known(Unit),
    Unknown(&'static str),
    Missing,
}

/// A value as a source sends it.
#[derive(Debug, Clone, Copy)]
enum Sent {
    Number(f64, Comparator, SentUnit),
    Flag(bool),
    Other(&'static str),
    Absent,
    None,
}

impl Sent {
    fn submitted(self) -> SubmittedValue<'static> {
        match self {
            Self::Number(value, comparator, unit) => {
                let unit = match unit {
                    SentUnit::Known(unit) => SubmittedUnit::Known(unit),
                    SentUnit::Unknown(text) => SubmittedUnit::Unknown(text),
                    SentUnit::Missing => SubmittedUnit::Missing,
                };
                SubmittedValue::Quantity {
                    value,
                    comparator,
                    unit,
                }
            }
            Self::Flag(flag) => SubmittedValue::Flag(flag),
            Self::Other(text) => SubmittedValue::Other(text),
            Self::Absent => SubmittedValue::Absent,
            Self::None => SubmittedValue::None,
        }
    }
}

fn unit() -> impl Strategy<Value = SentUnit> {
    prop_oneof![
        8 => select(&Unit::ALL[..]).prop_map(SentUnit::Known),
        1 => Just(SentUnit::Missing),
        1 => select(&["", "mmol/l", "CM", "stone", "\u{b5}mol/L"][..])
            .prop_map(SentUnit::Unknown),
    ]
}

fn sent() -> impl Strategy<Value = Sent> {
    let number = (number(), select(&COMPARATORS[..]), unit())
        .prop_map(|(value, comparator, unit)| Sent::Number(value, comparator, unit));
    prop_oneof![
        10 => number,
        1 => Just(Sent::None),
        1 => Just(Sent::Absent),
        1 => any::<bool>().prop_map(Sent::Flag),
        1 => select(&["kylla", "ei", "lahi", "nonsense", ""][..]).prop_map(Sent::Other),
    ]
}

fn submission(content: Content<'_>) -> Submission<'_> {
    Submission {
        resident: ResidentId::from_bytes([7; 16]),
        id: SubmissionId::from_bytes([9; 16]),
        version: Version {
            updated: 1,
            pull: 1,
            digest: 1,
        },
        effective: Some(TODAY),
        effective_text: None,
        until: None,
        recorded: None,
        standing: Standing::Established,
        laboratory: None,
        content,
    }
}

fn coded<'a>(code: &'a str, value: SubmittedValue<'a>) -> Submission<'a> {
    let codings = vec![(CodeSystem::Loinc, code)];
    submission(Content::Coded {
        codings,
        value,
        part: 0,
    })
}

/// What comes out is plausible, and nothing went in without leaving a trace.
fn check(submission: &Submission<'_>) -> Result<(), TestCaseError> {
    let intake = admit(rulebook(), TODAY, submission);
    for fact in &intake.facts {
        let definition = rulebook().catalogue.definition(fact.id);
        match fact.value {
            FactValue::Quantity(quantity) => {
                let range = definition
                    .plausible
                    .iter()
                    .find(|(unit, _, _)| *unit == quantity.unit());
                let (_, low, high) = range.expect("a unit the fact is measured in");
                prop_assert!(*low <= quantity.value() && quantity.value() <= *high);
            }
            FactValue::Answer(at) => prop_assert!(usize::from(at) < definition.answers.len()),
            FactValue::Present | FactValue::Withdrawn => {
                prop_assert!(definition.kind != FactKind::Quantity);
            }
        }
    }
    let traces = usize::from(intake.unmapped) + intake.facts.len() + intake.issues.len();
    prop_assert!(traces >= 1, "dropped silently");
    Ok(())
}

proptest! {
    #![proptest_config(fixed(5_000))]

    #[test]
    fn a_number_in_any_unit_is_plausible_or_set_aside(
        code in select(&CODES[..]),
        sent in sent(),
    ) {
        check(&coded(code, sent.submitted()))?;
    }

    #[test]
    fn an_answer_of_a_form_is_plausible_or_set_aside(
        link_id in select(&["pituus", "paino", "vyotaro", "liikunta", "suku", "muu"][..]),
        sent in sent(),
    ) {
        let answers = vec![Answered { link_id, value: sent.submitted() }];
        check(&submission(Content::Form { questionnaire: FORM, answers }))?;
    }

    #[test]
    fn a_plausible_value_keeps_its_number_unit_and_comparator(
        at in 0.0..=1.0f64,
        comparator in select(&COMPARATORS[..]),
        code in select(&CODES[..11]),
    ) {
        let id = rulebook().catalogue.meaning(CodeSystem::Loinc, code).expect("a known code");
        for (unit, low, high) in &rulebook().catalogue.definition(id).plausible {
            let value = (low + at * (high - low)).clamp(*low, *high);
            let sent = SubmittedValue::Quantity { value, comparator, unit: SubmittedUnit::Known(*unit) };
            let intake = admit(rulebook(), TODAY, &coded(code, sent));
            prop_assert!(intake.issues.is_empty());
            let kept = intake.facts[0].quantity().expect("a quantity");
            prop_assert_eq!(kept.value().to_bits(), value.to_bits());
            prop_assert_eq!((kept.unit(), kept.comparator()), (*unit, comparator));
        }
    }

    #[test]
    fn a_value_just_outside_the_plausible_range_is_set_aside(code in select(&CODES[..11])) {
        let id = rulebook().catalogue.meaning(CodeSystem::Loinc, code).expect("a known code");
        for (unit, low, high) in &rulebook().catalogue.definition(id).plausible {
            for (value, n_facts) in [(*low, 1), (*high, 1), (low.next_down(), 0), (high.next_up(), 0)] {
                let unit = SubmittedUnit::Known(*unit);
                let sent = SubmittedValue::Quantity { value, comparator: Comparator::Exactly, unit };
                let intake = admit(rulebook(), TODAY, &coded(code, sent));
                prop_assert_eq!((intake.facts.len(), intake.issues.len()), (n_facts, 1 - n_facts));
            }
        }
    }

    #[test]
    fn a_date_in_the_future_or_no_date_sets_the_submission_aside(
        effective in proptest::option::of(-500..500i64),
        recorded in proptest::option::of(-500..500i64),
    ) {
        let unit = SubmittedUnit::Known(Unit::Centimetre);
        let value = SubmittedValue::Quantity { value: 90.0, comparator: Comparator::Exactly, unit };
        let sent = Submission {
            effective: effective.map(day),
            recorded: recorded.map(day),
            ..coded("8280-0", value)
        };
        let intake = admit(rulebook(), TODAY, &sent);
        let is_usable = effective.is_some_and(|n| n <= 0) && recorded.is_none_or(|n| n <= 0);
        prop_assert_eq!((intake.facts.len(), intake.issues.len()), if is_usable { (1, 0) } else { (0, 1) });
    }
}

/// What the answer of a form is known as, or nothing.
fn fact_of(questionnaire: &str, link_id: &str, value: SubmittedValue<'_>) -> Option<FactValue> {
    let answers = vec![Answered { link_id, value }];
    let intake = admit(
        rulebook(),
        TODAY,
        &submission(Content::Form {
            questionnaire,
            answers,
        }),
    );
    assert_eq!(intake.unmapped, !questionnaire.starts_with(FORM));
    intake.facts.first().map(|fact| fact.value)
}

#[test]
fn an_answer_of_a_known_form_becomes_a_fact_whatever_the_version_of_the_form() {
    let versioned = format!("{FORM}|2.1");
    for (questionnaire, expected) in [
        (FORM, Some(FactValue::Answer(1))),
        (versioned.as_str(), Some(FactValue::Answer(1))),
        ("https://elsewhere.example.org/fhir/Questionnaire/x", None),
    ] {
        let found = fact_of(questionnaire, "liikunta", SubmittedValue::Other("ei"));
        assert_eq!(found, expected, "{questionnaire}");
    }
    // A number without a unit is in the unit the form asks for.
    let (comparator, unit) = (Comparator::Exactly, SubmittedUnit::Missing);
    let sent = SubmittedValue::Quantity {
        value: 94.0,
        comparator,
        unit,
    };
    let Some(FactValue::Quantity(waist)) = fact_of(FORM, "vyotaro", sent) else {
        panic!("a waist is a quantity");
    };
    assert_eq!(
        (waist.unit(), waist.value().to_bits()),
        (Unit::Centimetre, 94f64.to_bits())
    );
}
