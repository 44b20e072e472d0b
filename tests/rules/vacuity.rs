//! No row and no clause of a row is always true, or never: each is both on residents made for it.
//!
//! For each row, residents are drawn whose facts, results and round are of the kinds that the row asks
//! about. A clause that is true of nobody or of everybody is named.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use preventiojyraa_core::pathway::{Stage, holds};
use preventiojyraa_core::profile::{FactId, Profile};
use preventiojyraa_core::rulebook::{Condition, ItemInput, RuleFile, Rulebook, SignalTest};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{RngSeed, TestRunner};

use super::lipids::{hearts, known};
use super::loader::{STEPWISE, edited};
use crate::support::core::{Someone, TODAY, fact_id, rulebook, somebody, stages};
use crate::support::draw::{day, every_fact, fact_among, fixed, register};

/// Residents drawn for each row at first.
const CASES: u32 = 700;
/// How often as many again are drawn for what was not yet seen both ways.
const AGAIN: u64 = 10;

/// Every clause of a condition that can be true or false by itself, with its name.
fn clauses(condition: &Condition, found: &mut Vec<Condition>) {
    match condition {
        Condition::All(parts) | Condition::Any(parts) => {
            for part in parts {
                clauses(part, found);
            }
        }
        Condition::Not(part) => clauses(part, found),
        Condition::Episode {
            stages,
            within_months,
            beyond_months,
        } => found.extend(stages.iter().map(|stage| Condition::Episode {
            stages: vec![*stage],
            within_months: *within_months,
            beyond_months: *beyond_months,
        })),
        Condition::Defined {
            definition,
            signals,
        } => found.extend(signals.iter().map(|signal| Condition::Defined {
            definition: definition.clone(),
            signals: vec![*signal],
        })),
        Condition::Register(_)
        | Condition::Lot { .. }
        | Condition::OutsideAge
        | Condition::Fact { .. }
        | Condition::NewestBelow { .. }
        | Condition::Test { .. }
        | Condition::Score(_) => found.push(condition.clone()),
    }
}

/// A programme, and what its score takes.
struct Programme {
    rules: Rulebook,
    /// Facts of which some are told where a clause asks about the score.
    scored: Vec<FactId>,
    /// Adds everything the score needs, at the highest risk or the lowest.
    complete: fn(Someone, bool) -> Someone,
}

fn diabetes(rules: Rulebook) -> Programme {
    Programme {
        rules,
        scored: vec![fact_id("body-mass-index"), fact_id("vegetables-answer")],
        complete: |someone, high| {
            if high {
                someone.with_highest_answers()
            } else {
                someone.with_lowest_answers()
            }
        },
    }
}

fn heart_and_vessels() -> Programme {
    Programme {
        rules: hearts(),
        scored: vec![
            fact_id("smoking-answer"),
            fact_id("systolic-blood-pressure"),
        ],
        complete: known,
    }
}

/// The facts that a clause asks about.
fn facts_of(programme: &Programme, clause: &Condition) -> Vec<FactId> {
    match clause {
        Condition::Fact { fact, .. } | Condition::NewestBelow { of: fact, .. } => vec![*fact],
        Condition::Defined { signals, .. } => signals.iter().map(|signal| signal.fact).collect(),
        Condition::Test { .. } => programme.rules.thresholds.tests(),
        Condition::Score(_) => programme.scored.clone(),
        Condition::All(_)
        | Condition::Any(_)
        | Condition::Not(_)
        | Condition::Episode { .. }
        | Condition::Register(_)
        | Condition::Lot { .. }
        | Condition::OutsideAge => Vec::new(),
    }
}

/// Rounds of today and of long ago.
fn rounds() -> Vec<Option<Stage>> {
    let ago = |date: Date| {
        let years = jiff::ToSpan::years(4);
        date.checked_sub(years).expect("in the calendar")
    };
    let old = stages().into_iter().map(|stage| match stage {
        Stage::Asked {
            answer_by,
            reminded,
        } => Stage::Asked {
            answer_by: ago(answer_by),
            reminded,
        },
        Stage::WithANurse { since, why } => Stage::WithANurse {
            since: ago(since),
            why,
        },
        Stage::Confirming { since } => Stage::Confirming { since: ago(since) },
        Stage::OfferedPrevention { since, offer } => Stage::OfferedPrevention {
            since: ago(since),
            offer,
        },
        other @ (Stage::Eligible
        | Stage::Queued { .. }
        | Stage::Ordered { .. }
        | Stage::Closed { .. }) => other,
    });
    let all = stages().into_iter().chain(old).map(Some);
    [None].into_iter().chain(all).collect()
}

/// Residents whose facts are mostly of these kinds; of every fourth all is known that the score needs, at its
/// highest, and of another fourth at its lowest.
fn told_of(
    ids: Vec<FactId>,
    complete: fn(Someone, bool) -> Someone,
) -> impl Strategy<Value = Someone> {
    let ids = if ids.is_empty() { every_fact() } else { ids };
    let told = proptest::collection::vec(fact_among(ids, 12), 0..5);
    let few = (told, 0..4u8, select(rounds()), any::<bool>());
    // A year of the kinds asked about; half of them of the last weeks.
    (register(), few, any::<bool>()).prop_map(
        move |(register, (told, form, stage, drawn), fresh)| {
            const NO_FORM: u8 = 2;
            let mut someone = somebody(register, NO_FORM, stage, drawn);
            if form < 2 {
                someone = complete(someone, form == 1);
            }
            let times = told.into_iter().enumerate().map(|(n, mut fact)| {
                if fresh && fact.effective < TODAY {
                    fact.effective = day(-i64::try_from(n).expect("few"));
                    fact.recorded = preventiojyraa_core::profile::Recorded::AsEffective;
                }
                fact
            });
            someone.facts.extend(times);
            someone
        },
    )
}

/// What was never true and what was never false, by row and clause.
fn vacuous(programme: &Programme) -> BTreeSet<String> {
    let rules = &programme.rules;
    let mut named: BTreeMap<String, (Condition, Vec<FactId>)> = BTreeMap::new();
    for row in &rules.pathway.rows {
        let mut found = Vec::new();
        clauses(&row.when, &mut found);
        let ids: Vec<FactId> = found.iter().flat_map(|c| facts_of(programme, c)).collect();
        named.insert(
            format!("{}: the row", row.id),
            (row.when.clone(), ids.clone()),
        );
        for clause in found {
            let name = format!("{}: {clause:?}", row.id);
            named.insert(name, (clause, ids.clone()));
        }
    }
    let mut by_ids: BTreeMap<Vec<FactId>, Vec<(String, Condition)>> = BTreeMap::new();
    for (name, (condition, ids)) in named {
        by_ids.entry(ids).or_default().push((name, condition));
    }
    let mut missing = BTreeSet::new();
    for (ids, conditions) in by_ids {
        let seen = RefCell::new(vec![(false, false); conditions.len()]);
        for time in 0..=AGAIN {
            if seen.borrow().iter().all(|both| *both == (true, true)) {
                break;
            }
            let mut config = fixed(CASES);
            config.rng_seed = RngSeed::Fixed(time);
            let mut runner = TestRunner::new(config);
            let outcome = runner.run(&told_of(ids.clone(), programme.complete), |someone| {
                let profile: Profile = someone.profile();
                let episode = someone.episode.as_ref();
                for ((_, condition), seen) in conditions.iter().zip(seen.borrow_mut().iter_mut()) {
                    match holds(rules, &profile, episode, someone.lot, condition) {
                        true => seen.0 = true,
                        false => seen.1 = true,
                    }
                }
                Ok(())
            });
            outcome.expect("nothing is asserted of a single resident");
        }
        for ((name, _), (was_true, was_false)) in conditions.iter().zip(seen.into_inner()) {
            if !was_true {
                missing.insert(format!("never true, {name}"));
            }
            if !was_false {
                missing.insert(format!("never false, {name}"));
            }
        }
    }
    missing
}

#[test]
fn no_row_and_no_clause_of_a_pathway_is_always_true_or_never() {
    assert_eq!(vacuous(&diabetes(rulebook().clone())), BTreeSet::new());
    assert_eq!(vacuous(&heart_and_vessels()), BTreeSet::new());
}

/// The proof can fail: a clause that is true of nobody is named, and so is one that is true of everybody.
#[test]
fn a_clause_that_is_true_of_nobody_or_of_everybody_is_named() {
    let load =
        |(files, _): (Vec<RuleFile>, usize)| diabetes(Rulebook::load(&files).expect("it loads"));
    let of_nobody = load(edited(
        STEPWISE,
        "{ newest = \"hba1c\", below = \"disease-range\", within_months = 24 }",
        "{ newest = \"hba1c\", below = \"inconclusive\", within_months = 24 }",
    ));
    let named = vacuous(&of_nobody);
    assert!(
        named
            .iter()
            .any(|n| n.starts_with("never true, diagnosis-without-trace: NewestBelow")),
        "{named:?}"
    );
    let of_everybody = load(edited(
        STEPWISE,
        "{ all = [{ fact = \"family-history-none\" }, { fact = \"family-history-first-degree\" }] }",
        "{ not = { newest = \"hba1c\", below = \"inconclusive\" } }",
    ));
    let named = vacuous(&of_everybody);
    assert!(
        named.contains("never false, family-contradicted: the row"),
        "{named:?}"
    );
}

/// Each signal of a score is met and not met, so that no evidence is named that nobody can have.
#[test]
fn each_signal_of_the_score_is_met_by_somebody_and_not_by_somebody_else() {
    let programme = diabetes(rulebook().clone());
    for item in &programme.rules.model.items {
        let ItemInput::Answers { signals, .. } = &item.input else {
            continue;
        };
        for signal in signals {
            let clause = Condition::Defined {
                definition: item.id.clone(),
                signals: vec![preventiojyraa_core::rulebook::DefinitionSignal {
                    fact: signal.fact,
                    test: signal.test,
                    standing: signal.standing,
                    within_months: signal.within_months,
                    shows: preventiojyraa_core::rulebook::Strength::Certain,
                }],
            };
            let seen = RefCell::new((false, false));
            let mut runner = TestRunner::new(fixed(CASES));
            let outcome = runner.run(&told_of(vec![signal.fact], programme.complete), |someone| {
                let profile = someone.profile();
                match holds(rulebook(), &profile, None, None, &clause) {
                    true => seen.borrow_mut().0 = true,
                    false => seen.borrow_mut().1 = true,
                }
                Ok(())
            });
            outcome.expect("nothing is asserted of a single resident");
            let name = &rulebook().catalogue.definition(signal.fact).id;
            let test: SignalTest = signal.test;
            assert_eq!(
                seen.into_inner(),
                (true, true),
                "{}: {name} {test:?}",
                item.id
            );
        }
    }
}
