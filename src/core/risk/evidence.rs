//! What the facts of a profile say about one item.

use jiff::civil::Date;

use super::{ItemResult, PointSet};
use crate::profile::{
    Fact, Profile, Quantity, Sex, Standing, Unit, completed_years, is_within_months,
};
use crate::rulebook::{
    AnswerOption, Bands, Item, ItemInput, MeasureBands, MeasureSource, Resolve, Rulebook, Signal,
    SignalTest,
};

/// What an item's points rest on.
#[derive(Debug, Clone, PartialEq)]
pub enum Basis {
    /// Age on the index date, in completed years, youngest and oldest possible.
    Age(i16, i16),
    /// A measurement, in the unit received.
    Measured(Fact),
    /// Body-mass index from a weight and a height, in kg/m².
    MassOverHeightSquared {
        /// The result, not rounded.
        value: f64,
        /// The weight.
        mass: Fact,
        /// The height.
        height: Fact,
    },
    /// A fact that shows an answer.
    Shown {
        /// The fact.
        fact: Fact,
        /// The answer, by position.
        answer: usize,
        /// Whether a stronger answer stays possible.
        at_least: bool,
    },
}

pub(super) fn item_result(rulebook: &Rulebook, profile: &Profile, item: &Item) -> ItemResult {
    match &item.input {
        ItemInput::Age(bands) => from_age(profile, bands),
        ItemInput::Measure {
            unit,
            bands,
            sources,
        } => from_measure(profile, *unit, bands, sources),
        ItemInput::Answers {
            options,
            resolve,
            signals,
        } => from_signals(rulebook, profile, options, *resolve, signals),
    }
}

fn from_age(profile: &Profile, bands: &Bands<i16>) -> ItemResult {
    let Some((youngest, oldest)) = profile.age_in_years() else {
        return unknown(all_points(bands));
    };
    let ages = youngest..=oldest;
    let points = PointSet::of(ages.map(|age| *bands.at(f64::from(age))));
    ItemResult {
        basis: Some(Basis::Age(youngest, oldest)),
        ..unknown(points)
    }
}

fn unknown(points: PointSet) -> ItemResult {
    ItemResult {
        points,
        basis: None,
        too_old: None,
        contradicted_by: None,
    }
}

fn all_points(bands: &Bands<i16>) -> PointSet {
    PointSet::of(bands.as_slice().iter().map(|band| band.value))
}

/// A measurement that could fill an item.
struct Candidate {
    basis: Basis,
    quantity: Quantity,
    date: Date,
    standing: Standing,
    fact: Fact,
    fresh: bool,
}

fn from_measure(
    profile: &Profile,
    unit: Unit,
    bands: &MeasureBands,
    sources: &[MeasureSource],
) -> ItemResult {
    let mut candidates: Vec<Candidate> = sources
        .iter()
        .flat_map(|source| candidates(profile, unit, *source))
        .collect();
    // Newest first; on one day a professional's before the resident's own, and a
    // measured value before a computed one (the sort is stable, sources are in order).
    candidates.sort_by(|a, b| {
        (b.date, a.standing == Standing::SelfReported)
            .cmp(&(a.date, b.standing == Standing::SelfReported))
    });
    let bands = bands_for(profile.register().sex, bands);
    let newest = candidates.iter().find(|candidate| candidate.fresh);
    let Some(newest) = newest else {
        let points = PointSet::of(bands.iter().flat_map(|bands| all_points(bands).values()));
        return ItemResult {
            too_old: candidates.first().map(|c| c.fact),
            ..unknown(points)
        };
    };
    let points = bands.iter().flat_map(|bands| {
        let admitting = bands
            .as_slice()
            .iter()
            .filter(|band| band.admits(newest.quantity));
        admitting.map(|band| band.value)
    });
    ItemResult {
        basis: Some(newest.basis.clone()),
        ..unknown(PointSet::of(points))
    }
}

/// The bands that can apply: both sexes' when the sex is unknown.
fn bands_for(sex: Sex, bands: &MeasureBands) -> Vec<&Bands<i16>> {
    match (bands, sex) {
        (MeasureBands::Common(bands), _) => vec![bands],
        (MeasureBands::BySex { male, .. }, Sex::Male) => vec![male],
        (MeasureBands::BySex { female, .. }, Sex::Female) => vec![female],
        (MeasureBands::BySex { male, female }, Sex::Unknown) => vec![male, female],
    }
}

fn candidates(profile: &Profile, unit: Unit, source: MeasureSource) -> Vec<Candidate> {
    match source {
        MeasureSource::Fact {
            fact,
            within_months,
        } => profile
            .facts_of(fact)
            .iter()
            .rev()
            .filter_map(|fact| {
                let quantity = converted(fact, unit)?;
                Some(Candidate {
                    basis: Basis::Measured(*fact),
                    quantity,
                    date: fact.effective,
                    standing: fact.standing,
                    fact: *fact,
                    fresh: is_within_months(fact.effective, profile.index_date(), within_months),
                })
            })
            .collect(),
        MeasureSource::MassOverHeightSquared {
            mass,
            height,
            height_from_age,
            within_months,
        } => {
            let Some(height) = final_height(profile, height, height_from_age) else {
                return Vec::new();
            };
            let masses = profile.facts_of(mass).iter().rev();
            masses
                .filter_map(|mass| {
                    let quantity = mass_over_height_squared(mass, height)?;
                    Some(Candidate {
                        basis: Basis::MassOverHeightSquared {
                            value: quantity.value(),
                            mass: *mass,
                            height: *height,
                        },
                        quantity,
                        date: mass.effective,
                        standing: mass.standing,
                        fact: *mass,
                        fresh: is_within_months(
                            mass.effective,
                            profile.index_date(),
                            within_months,
                        ),
                    })
                })
                .collect()
        }
    }
}

/// The newest height measured when the resident was grown up.
fn final_height(profile: &Profile, height: crate::profile::FactId, from_age: i16) -> Option<&Fact> {
    let (_, latest_birth) = profile.register().birth.bounds()?;
    profile.facts_of(height).iter().rev().find(|fact| {
        latest_birth <= fact.effective && from_age <= completed_years(latest_birth, fact.effective)
    })
}

fn mass_over_height_squared(mass: &Fact, height: &Fact) -> Option<Quantity> {
    let mass = converted(mass, Unit::Kilogram)?;
    let height = converted(height, Unit::Centimetre)?;
    if mass.comparator() != height.comparator()
        || mass.comparator() != crate::profile::Comparator::Exactly
    {
        return None;
    }
    // Scaled before dividing: 86.7 kg at 170 cm is exactly 30, as it is in decimal.
    let value = mass.value() * 10_000.0 / (height.value() * height.value());
    Quantity::new(
        crate::profile::nine_decimals(value),
        Unit::KgPerSquareMetre,
        crate::profile::Comparator::Exactly,
    )
}

fn converted(fact: &Fact, unit: Unit) -> Option<Quantity> {
    let quantity = fact.quantity()?;
    Quantity::new(
        quantity.unit().convert(quantity.value(), unit)?,
        unit,
        quantity.comparator(),
    )
}

/// A fact that shows an answer.
#[derive(Clone, Copy)]
struct Evidence {
    fact: Fact,
    answer: usize,
    at_least: bool,
}

fn from_signals(
    rulebook: &Rulebook,
    profile: &Profile,
    options: &[AnswerOption],
    resolve: Resolve,
    signals: &[Signal],
) -> ItemResult {
    let mut evidence: Vec<Evidence> = Vec::new();
    let mut too_old: Option<Fact> = None;
    for signal in signals {
        for fact in profile.facts_of(signal.fact) {
            if !shows(rulebook, fact, signal.test) {
                continue;
            }
            if is_within_months(fact.effective, profile.index_date(), signal.within_months) {
                evidence.push(Evidence {
                    fact: *fact,
                    answer: signal.means,
                    at_least: signal.at_least,
                });
            } else if too_old.is_none_or(|old| old.effective < fact.effective) {
                too_old = Some(*fact);
            }
        }
    }
    let chosen = match resolve {
        // Of two answers of one day the one with more points counts.
        Resolve::Latest => evidence.iter().max_by_key(|e| (e.fact.effective, e.answer)),
        // A sure sign before one that leaves more open; then the newest.
        Resolve::Strongest => evidence
            .iter()
            .max_by_key(|e| (e.answer, e.fact.effective, !e.at_least)),
    };
    let Some(chosen) = chosen.copied() else {
        return ItemResult {
            too_old,
            ..unknown(PointSet::of(options.iter().map(|option| option.points)))
        };
    };
    let top = if chosen.at_least {
        options.len() - 1
    } else {
        chosen.answer
    };
    let contradicted_by = evidence
        .iter()
        .filter(|e| {
            e.answer != chosen.answer && !e.at_least && chosen.fact.effective <= e.fact.effective
        })
        .max_by_key(|e| e.fact.effective)
        .map(|e| e.fact);
    ItemResult {
        points: PointSet::of(
            options[chosen.answer..=top]
                .iter()
                .map(|option| option.points),
        ),
        basis: Some(Basis::Shown {
            fact: chosen.fact,
            answer: chosen.answer,
            at_least: chosen.at_least && chosen.answer < top,
        }),
        too_old: None,
        contradicted_by,
    }
}

fn shows(rulebook: &Rulebook, fact: &Fact, test: SignalTest) -> bool {
    use crate::profile::FactValue;
    match (test, fact.value) {
        (SignalTest::Present, FactValue::Present) => true,
        (SignalTest::Answer(wanted), FactValue::Answer(given)) => wanted == given,
        (SignalTest::CategoryAtLeast(least), FactValue::Quantity(quantity)) => {
            // A value from home is not what a laboratory found.
            fact.standing != Standing::SelfReported
                && rulebook
                    .thresholds
                    .category(fact.id, quantity)
                    .is_some_and(|band| least <= band.category)
        }
        (SignalTest::Present | SignalTest::Answer(_) | SignalTest::CategoryAtLeast(_), _) => false,
    }
}
