//! Facts and register entries drawn at random for laws, always the same ones.

use jiff::ToSpan;
use jiff::civil::Date;
use preventiojyraa_core::profile::{
    BirthDate, Comparator, Death, EntryRank, Fact, FactId, FactValue, Quantity, Recorded, Register,
    Residence, Sex, Standing, SubmissionId, Unit, Version,
};
use preventiojyraa_core::rulebook::{FactDefinition, FactKind};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngSeed};

use super::shipped::{TODAY, rulebook};

/// So many cases from a fixed seed; failures are shown, not stored.
pub(crate) fn fixed(cases: u32) -> Config {
    Config {
        cases,
        rng_seed: RngSeed::Fixed(20_250_615),
        failure_persistence: None,
        max_global_rejects: 100 * cases,
        ..Config::default()
    }
}

/// A day some days from [`TODAY`].
pub(crate) fn day(from_today: i64) -> Date {
    TODAY
        .checked_add(from_today.days())
        .expect("in the calendar")
}

pub(crate) fn sex() -> impl Strategy<Value = Sex> {
    select(&[Sex::Female, Sex::Male, Sex::Unknown][..])
}

fn birth() -> impl Strategy<Value = BirthDate> {
    let exact = (-365 * 125..400i64).prop_map(|n| BirthDate::on(day(n)));
    let partial = (-365 * 125..0i64, 0..400i64)
        .prop_map(|(n, length)| BirthDate::between(day(n), day(n + length)).expect("in order"));
    prop_oneof![8 => exact, 3 => partial, 1 => Just(BirthDate::UNKNOWN)]
}

/// Anything a register may say.
pub(crate) fn register() -> impl Strategy<Value = Register> {
    // `Death` and `Residence` have no `Debug`, so they are picked by number.
    let picks = (0..14u8, -900..900i64, 0..17u8, -900..900i64);
    (birth(), sex(), picks, proptest::bool::weighted(0.9)).prop_map(
        |(birth, sex, (death, died, residence, moved), complete)| Register {
            birth,
            sex,
            death: match death {
                0 => Death::On(day(died)),
                1 => Death::Undated,
                _ => Death::Alive,
            },
            residence: match residence {
                0 => Residence::MovedAway(Some(day(moved))),
                1 => Residence::MovedAway(None),
                2 => Residence::Elsewhere,
                3 | 4 => Residence::Unknown,
                _ => Residence::InArea,
            },
            complete,
            rank: match death {
                2 => EntryRank::GivesWay,
                _ => EntryRank::Leading,
            },
        },
    )
}

fn quantity(plausible: (Unit, f64, f64)) -> impl Strategy<Value = FactValue> {
    use Comparator::{Above, AtLeast, AtMost, Below, Exactly};
    let (unit, low, high) = plausible;
    let limited = select(
        &[
            Exactly, Exactly, Exactly, Exactly, Below, AtMost, AtLeast, Above,
        ][..],
    );
    (0.0..1.0f64, limited).prop_map(move |(at, comparator)| {
        // More low values than high ones, as people have; in tenths, so that they
        // meet the ends of bands now and then.
        let value = ((low + (high - low) * at * at * at) * 10.0).round() / 10.0;
        FactValue::Quantity(Quantity::new(value, unit, comparator).expect("finite"))
    })
}

fn value(definition: &FactDefinition) -> BoxedStrategy<FactValue> {
    match definition.kind {
        FactKind::Quantity => select(definition.plausible.clone())
            .prop_flat_map(quantity)
            .boxed(),
        FactKind::Answer => {
            let n_answers = u8::try_from(definition.answers.len()).expect("few answers");
            (0..n_answers).prop_map(FactValue::Answer).boxed()
        }
        FactKind::Condition | FactKind::Medication | FactKind::Choice => {
            Just(FactValue::Present).boxed()
        }
    }
}

fn value_among(ids: Vec<FactId>) -> impl Strategy<Value = (FactId, FactValue)> {
    select(ids).prop_flat_map(|id| (Just(id), value(rulebook().catalogue.definition(id))))
}

/// Any fact of the catalogue.
pub(crate) fn every_fact() -> Vec<FactId> {
    let n_facts = rulebook().catalogue.definitions().len();
    (0..u16::try_from(n_facts).expect("few facts"))
        .map(FactId)
        .collect()
}

/// Any fact of the catalogue, mostly known by [`TODAY`], in one of `n_submissions`.
pub(crate) fn fact(n_submissions: u8) -> impl Strategy<Value = Fact> {
    fact_among(every_fact(), n_submissions)
}

/// The same, of some kinds of facts only.
pub(crate) fn fact_among(ids: Vec<FactId>, n_submissions: u8) -> impl Strategy<Value = Fact> {
    let standing = select(
        &[
            Standing::Established,
            Standing::Unaccepted,
            Standing::SelfReported,
        ][..],
    );
    // Half of all facts are of the last year.
    let effective = prop_oneof![-365 * 8..200i64, -380..1i64];
    let dates = (effective, proptest::option::weighted(0.3, -60..300i64));
    let until = proptest::option::weighted(0.2, 0..900i64);
    let place = (0..n_submissions, 0..2u16, 0..3i64);
    let is_withdrawn = proptest::bool::weighted(0.05);
    (
        value_among(ids),
        dates,
        until,
        standing,
        place,
        is_withdrawn,
    )
        .prop_map(
            |(
                (id, value),
                (effective, recorded),
                until,
                standing,
                (submission, part, version),
                gone,
            )| {
                Fact {
                    id,
                    value: if gone { FactValue::Withdrawn } else { value },
                    effective: day(effective),
                    until: until.map(|n| day(effective + n)),
                    recorded: recorded
                        .map_or(Recorded::AsEffective, |n| Recorded::On(day(effective + n))),
                    standing,
                    submission: SubmissionId::from_bytes([submission; 16]),
                    part,
                    version: Version {
                        updated: version,
                        pull: 1,
                        digest: 0,
                    },
                }
            },
        )
}

/// A few facts; of two that are one part of one version of one submission, only the first,
/// as the digest of a version stands for its content.
pub(crate) fn facts(n: usize) -> impl Strategy<Value = Vec<Fact>> {
    proptest::collection::vec(fact(12), 0..n).prop_map(|mut facts| {
        let key = |fact: &Fact| (fact.submission, fact.version, fact.id, fact.part);
        facts.sort_by_key(key);
        facts.dedup_by_key(|fact| key(fact));
        facts
    })
}
