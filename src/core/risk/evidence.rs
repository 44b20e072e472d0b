//! What the facts of a profile say about one item.

use jiff::civil::Date;

use crate::profile::{
    Comparator, Fact, Profile, Quantity, Sex, Standing, Unit, completed_years, is_within_months,
};
use crate::rulebook::{
    Cell, Item, ItemInput, MeasureSource, Resolve, Rulebook, Signal, SignalTest,
};

/// What is known of an item rests on this.
#[derive(Debug, Clone, PartialEq)]
pub enum Basis {
    /// Age on the index date, in completed years, youngest and oldest possible.
    Age(i16, i16),
    /// Sex, by the register.
    Sex(Sex),
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

/// What the facts leave possible of an item, and why.
#[derive(Clone)]
pub(super) struct Known {
    /// Never empty.
    pub(super) cells: Vec<Cell>,
    pub(super) basis: Option<Basis>,
    pub(super) too_old: Option<Fact>,
    pub(super) contradicted_by: Option<Fact>,
}

impl Known {
    /// Possible for no reason that a fact gives.
    pub(super) const fn open(cells: Vec<Cell>) -> Self {
        Self {
            cells,
            basis: None,
            too_old: None,
            contradicted_by: None,
        }
    }
}

pub(super) fn known(rulebook: &Rulebook, profile: &Profile, item: &Item) -> Known {
    match &item.input {
        ItemInput::Age => Known {
            basis: profile
                .age_in_years()
                .map(|(youngest, oldest)| Basis::Age(youngest, oldest)),
            ..Known::open(vec![Cell::Given])
        },
        ItemInput::Sex => Known {
            basis: match profile.register().sex {
                Sex::Unknown => None,
                sex @ (Sex::Male | Sex::Female) => Some(Basis::Sex(sex)),
            },
            ..Known::open(vec![Cell::Given])
        },
        ItemInput::Measure { unit, sources, .. } => {
            from_measure(rulebook, profile, item, (*unit, sources))
        }
        ItemInput::Answers {
            options,
            resolve,
            signals,
        } => from_signals(rulebook, profile, options.len(), *resolve, signals),
    }
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
    rulebook: &Rulebook,
    profile: &Profile,
    item: &Item,
    (unit, sources): (Unit, &[MeasureSource]),
) -> Known {
    // Facts were held against what is plausible when they were read; what is computed from them was not.
    let plausible = sources.iter().find_map(|source| match source {
        MeasureSource::Fact { fact, .. } => {
            let plausible = &rulebook.catalogue.definition(*fact).plausible;
            let own = plausible.iter().find(|(of, _, _)| *of == unit);
            own.map(|(_, low, high)| (*low, *high))
        }
        MeasureSource::MassOverHeightSquared { .. } => None,
    });
    let is_usable = |candidate: &Candidate| {
        let value = candidate.quantity.value();
        let is_as_received = match &candidate.basis {
            Basis::Measured(fact) => fact.quantity().is_some_and(|own| own.unit() == unit),
            Basis::MassOverHeightSquared { .. } => false,
            Basis::Age(..) | Basis::Sex(_) | Basis::Shown { .. } => true,
        };
        is_as_received || plausible.is_none_or(|(low, high)| (low..=high).contains(&value))
    };
    let mut candidates: Vec<Candidate> = sources
        .iter()
        .flat_map(|source| candidates(profile, unit, *source))
        .filter(is_usable)
        .collect();
    // Newest first; on one day a professional's before the resident's own, and a
    // measured value before a computed one (the sort is stable, sources are in order).
    candidates.sort_by(|a, b| {
        (b.date, a.standing == Standing::SelfReported)
            .cmp(&(a.date, b.standing == Standing::SelfReported))
    });
    let newest = candidates.iter().find(|candidate| candidate.fresh);
    let Some(newest) = newest else {
        return Known {
            too_old: candidates.first().map(|c| c.fact),
            ..Known::open(item.cells_of(None))
        };
    };
    Known {
        basis: Some(newest.basis.clone()),
        ..Known::open(item.cells_of(Some(newest.quantity)))
    }
}

fn candidates(profile: &Profile, unit: Unit, source: MeasureSource) -> Vec<Candidate> {
    match source {
        MeasureSource::Fact {
            fact,
            factor,
            within_months,
        } => profile
            .facts_of(fact)
            .iter()
            .rev()
            .filter_map(|fact| {
                let quantity = converted(fact, unit, factor)?;
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
    let mass = converted(mass, Unit::Kilogram, None)?;
    let height = converted(height, Unit::Centimetre, None)?;
    if mass.comparator() != height.comparator() || mass.comparator() != Comparator::Exactly {
        return None;
    }
    // Scaled before dividing: 86.7 kg at 170 cm is exactly 30, as it is in decimal.
    let value = mass.value() * 10_000.0 / (height.value() * height.value());
    Quantity::new(
        crate::profile::nine_decimals(value),
        Unit::KgPerSquareMetre,
        Comparator::Exactly,
    )
}

fn converted(fact: &Fact, unit: Unit, factor: Option<(Unit, f64)>) -> Option<Quantity> {
    let quantity = fact.quantity()?;
    let value = match factor {
        Some((from, times)) if from == quantity.unit() => {
            crate::profile::nine_decimals(quantity.value() * times)
        }
        Some(_) | None => quantity.unit().convert(quantity.value(), unit)?,
    };
    Quantity::new(value, unit, quantity.comparator())
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
    n_options: usize,
    resolve: Resolve,
    signals: &[Signal],
) -> Known {
    let mut evidence: Vec<Evidence> = Vec::new();
    let mut too_old: Option<Fact> = None;
    for signal in signals {
        for fact in profile.facts_of(signal.fact) {
            let other_standing = signal
                .standing
                .is_some_and(|wanted| wanted != fact.standing);
            if other_standing || !shows(rulebook, fact, signal.test) {
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
        return Known {
            too_old,
            ..Known::open((0..n_options).map(Cell::Answer).collect())
        };
    };
    let top = if chosen.at_least {
        n_options - 1
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
    Known {
        cells: (chosen.answer..=top).map(Cell::Answer).collect(),
        basis: Some(Basis::Shown {
            fact: chosen.fact,
            answer: chosen.answer,
            at_least: chosen.at_least && chosen.answer < top,
        }),
        too_old: None,
        contradicted_by,
    }
}

/// Whether a fact is what a signal waits for.
pub(crate) fn shows(rulebook: &Rulebook, fact: &Fact, test: SignalTest) -> bool {
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
        (SignalTest::From(from, unit), FactValue::Quantity(quantity)) => {
            let is_sure = match quantity.comparator() {
                Comparator::Exactly | Comparator::AtLeast | Comparator::Above => true,
                Comparator::Below | Comparator::AtMost => false,
            };
            is_sure && quantity.unit() == unit && from <= quantity.value()
        }
        (
            SignalTest::Present
            | SignalTest::Answer(_)
            | SignalTest::CategoryAtLeast(_)
            | SignalTest::From(..),
            _,
        ) => false,
    }
}
