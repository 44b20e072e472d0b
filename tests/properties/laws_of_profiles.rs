//! Order, repetition and the future do not matter to a profile or a decision.

use std::collections::BTreeSet;

use preventiojyraa_core::pathway::ReasonVerdict;
use preventiojyraa_core::profile::{
    Fact, Precedence, Profile, Recorded, Standing, SubmissionId, Version,
};
use preventiojyraa_core::rulebook::{Condition, NextStep, State};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::support::core::anyone;
use crate::support::core::{Someone, Statement, rulebook};
use crate::support::draw::{day, fact, facts, fixed};

/// Two residents are one: the same facts seen, the same decision.
fn same(one: &Someone, other: &Someone) -> Result<(), TestCaseError> {
    let (seen, also_seen) = (one.profile(), other.profile());
    prop_assert_eq!(seen.facts(), also_seen.facts());
    prop_assert_eq!(one.decision(), other.decision());
    Ok(())
}

/// Statements that are no evidence of anything the score or the pathway asks.
fn unrelated() -> Vec<Statement> {
    use preventiojyraa_core::profile::Unit::{MillimolePerLitre, MillimolePerMole};
    vec![
        Statement::answer("physical-activity-answer", "do-not-know"),
        Statement::answer("vegetables-answer", "do-not-know"),
        Statement::answer("antihypertensive-answer", "do-not-know"),
        Statement::answer("high-glucose-answer", "do-not-know"),
        Statement::answer("family-history-answer", "do-not-know"),
        Statement::measured("hba1c", 47.0, MillimolePerMole),
        Statement::measured("hba1c-point-of-care", 47.0, MillimolePerMole),
        Statement::measured("glucose-fasting-unknown", 11.0, MillimolePerLitre),
        Statement::measured("fasting-capillary-glucose", 6.9, MillimolePerLitre),
        // Opens a review, decides nothing.
        Statement::present("glucose-lowering-medication"),
    ]
}

/// A fact as another submission than any that [`facts`] draws.
fn as_new_submission(fact: Fact) -> Fact {
    Fact {
        submission: SubmissionId::from_bytes([0xEE; 16]),
        ..fact
    }
}

proptest! {
    #![proptest_config(fixed(1_500))]

    #[test]
    fn the_order_of_facts_does_not_matter(someone in anyone(), seed in any::<u64>()) {
        let mut shuffled = someone.clone();
        let mut random = crate::differential::random::Random::seeded(seed);
        shuffled.facts.sort_by_cached_key(|_| random.whole(0, u32::MAX - 1));
        same(&someone, &shuffled)?;
        let mut reversed = someone.clone();
        reversed.facts.reverse();
        same(&someone, &reversed)?;
    }

    #[test]
    fn the_same_submission_twice_is_the_same_as_once(someone in anyone(), n in 0..14usize) {
        let mut all_twice = someone.clone();
        all_twice.facts.extend(someone.facts.clone());
        same(&someone, &all_twice)?;
        let mut one_again = someone.clone();
        one_again.facts.extend(someone.facts.get(n).copied());
        same(&someone, &one_again)?;
    }

    #[test]
    fn a_fact_that_became_true_after_the_index_date_changes_nothing(
        someone in anyone(),
        later in fact(1),
        n in 1..900i64,
        recorded in proptest::option::of(-900..900i64),
    ) {
        let recorded = recorded.map_or(Recorded::AsEffective, |n| Recorded::On(day(n)));
        let mut told = someone.clone();
        told.facts.push(as_new_submission(Fact { effective: day(n), recorded, ..later }));
        same(&someone, &told)?;
    }

    #[test]
    fn a_fact_written_down_after_the_index_date_changes_nothing(
        someone in anyone(),
        later in fact(12),
        n in 1..900i64,
    ) {
        // Even as a newer version of a submission that is known already.
        let version = Version { updated: 9, ..later.version };
        let mut told = someone.clone();
        told.facts.push(Fact { recorded: Recorded::On(day(n)), version, ..later });
        same(&someone, &told)?;
    }

    #[test]
    fn an_unrelated_fact_changes_no_state_and_no_row(
        someone in anyone(),
        unrelated in proptest::sample::select(unrelated()),
        days_ago in 0..3_000i64,
    ) {
        let mut told = someone.clone();
        told.facts.push(as_new_submission(unrelated.on(day(-days_ago)).0));
        let (before, after) = (someone.decision(), told.decision());
        prop_assert_eq!((before.state, before.row), (after.state, after.row));
        prop_assert_eq!(before.next, after.next);
        prop_assert_eq!(before.asks, after.asks);
    }

    #[test]
    fn a_withdrawn_submission_is_as_if_it_had_never_been(
        someone in anyone(),
        told in fact(1),
    ) {
        use preventiojyraa_core::profile::FactValue::Withdrawn;
        let told = as_new_submission(told);
        let version = Version { updated: 9, ..told.version };
        let mut taken_back = someone.clone();
        taken_back.facts.push(told);
        taken_back.facts.push(Fact { value: Withdrawn, version, ..told });
        same(&someone, &taken_back)?;
    }

    #[test]
    fn a_measurement_that_several_sources_tell_counts_once_in_any_order(
        someone in anyone(),
        told in fact(1).prop_filter("a measurement", |told| told.quantity().is_some()),
        sources in Just([0_u32, 1, 2, 3]).prop_shuffle(),
        arrival in Just([0_u32, 1, 2, 3]).prop_shuffle(),
        standings in proptest::collection::vec(0..3u8, 1..5),
        seed in any::<u64>(),
    ) {
        let told = Fact { recorded: Recorded::AsEffective, ..told };
        // Each source calls it something else, stands behind it in its own way, and came in some pull.
        let by_source = |n: usize| Fact {
            submission: SubmissionId::from_bytes([0xE0 + u8::try_from(n).expect("few sources"); 16]),
            standing: [Standing::Established, Standing::Unaccepted, Standing::SelfReported]
                [usize::from(standings[n])],
            version: Version { pull: 1_000 + arrival[n], ..told.version },
            ..told
        };
        let ranks = (0..standings.len()).map(|n| (1_000 + arrival[n], sources[n]));
        let precedence = Precedence::of(ranks);
        let mut facts = someone.facts.clone();
        facts.retain(|fact| (fact.id, fact.effective) != (told.id, told.effective));
        facts.extend((0..standings.len()).map(by_source));
        let mut random = crate::differential::random::Random::seeded(seed);
        facts.sort_by_cached_key(|_| random.whole(0, u32::MAX - 1));
        let seen = Profile::of_sources(someone.register, facts, someone.index_date, &precedence);
        let seen = seen.facts_of(told.id).iter().filter(|fact| fact.effective == told.effective);
        let seen: Vec<Fact> = seen.copied().collect();
        // Whatever the order of arrival: the firmest standing, then the source that takes precedence.
        let best = (0..standings.len()).min_by_key(|n| (by_source(*n).standing, sources[*n]));
        let best = best.map(by_source).filter(|_| told.effective <= someone.index_date);
        prop_assert_eq!(seen, best.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn a_decision_is_total_and_has_its_reason(someone in anyone()) {
        let decision = someone.decision();
        let last_held = decision
            .reasons
            .iter()
            .rev()
            .find(|reason| reason.verdict == ReasonVerdict::Held);
        prop_assert_eq!(last_held.map(|reason| reason.row), Some(decision.row));
        let has_task = decision.next == NextStep::Task;
        prop_assert!(!has_task || decision.reviews.iter().any(|(row, _)| *row == decision.row));
        prop_assert!(decision.asks.is_empty() || matches!(decision.next, NextStep::Ask | NextStep::Remind));
        prop_assert_eq!(&decision, &someone.decision());
    }

    #[test]
    fn an_incomplete_record_is_never_a_negative(someone in anyone()) {
        let incomplete = someone.registered(|register| register.complete = false);
        let state = incomplete.decision().state;
        let negative = [State::BelowLevel, State::SampledNegative, State::Concluded];
        prop_assert!(!negative.contains(&state), "{}", state.name());
    }

    #[test]
    fn a_profile_holds_nothing_from_the_future(someone in anyone(), facts in facts(10)) {
        let mut someone = someone;
        someone.facts.extend(facts);
        for fact in someone.profile().facts() {
            prop_assert!(fact.effective <= someone.index_date);
            prop_assert!(fact.recorded.date(fact.effective) <= someone.index_date);
        }
    }
}

/// No row is vacuous: on random residents each one holds for somebody and fails for somebody.
#[test]
fn each_row_holds_for_somebody_and_fails_for_somebody() {
    let mut runner = TestRunner::new(fixed(16_000));
    let seen = std::cell::RefCell::new((BTreeSet::new(), BTreeSet::new()));
    let outcome = runner.run(&anyone(), |someone| {
        let decision = someone.decision();
        let (held, failed) = &mut *seen.borrow_mut();
        for row in 0..=decision.row {
            let is_held = decision
                .reasons
                .iter()
                .any(|reason| reason.row == row && reason.verdict == ReasonVerdict::Held);
            let _ = if is_held {
                held.insert(row)
            } else {
                failed.insert(row)
            };
        }
        Ok(())
    });
    outcome.expect("nothing is asserted of a single resident");
    let (mut held, failed) = seen.into_inner();
    let rows = &rulebook().pathway.rows;
    let n_rows = rows.len();
    // Chance does not bring three things together, nor a round and a result that no row before it
    // takes; such rows have cases of their own in `tests/rules`.
    let is_rare = |condition: &Condition| match condition {
        Condition::All(parts) => {
            let has = |of: fn(&Condition) -> bool| parts.iter().any(of);
            let is_of_a_round = has(|part| matches!(part, Condition::Episode { .. }));
            3 <= parts.len() || is_of_a_round && has(|part| matches!(part, Condition::Test { .. }))
        }
        Condition::Any(_) | Condition::Not(_) => false,
        Condition::Register(_)
        | Condition::Episode { .. }
        | Condition::Lot { .. }
        | Condition::Defined { .. }
        | Condition::NewestBelow { .. }
        | Condition::OutsideAge
        | Condition::Fact { .. }
        | Condition::Test { .. }
        | Condition::Score(_) => false,
    };
    held.extend((0..n_rows).filter(|row| is_rare(&rows[*row].when)));
    assert_eq!(held.len(), n_rows, "rows that held: {held:?}");
    // The last row holds for everybody who gets there.
    assert_eq!(failed.len(), n_rows - 1, "rows that failed: {failed:?}");
}
