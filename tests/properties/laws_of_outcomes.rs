//! What holds for any decision and any later history.

use jiff::civil::{Date, date};
use preventiojyraa_core::learning::{Case, Round, learn};
use preventiojyraa_core::outcomes::{Account, Decided, IndexDecision, Outcome, outcome};
use preventiojyraa_core::pathway::Inclusion;
use preventiojyraa_core::profile::Sex;
use preventiojyraa_core::profile::{Death, Residence, Standing, Unit};
use proptest::prelude::*;

use crate::support::core::{Someone, Statement, rulebook};
use crate::support::draw::fixed;

const INDEX: Date = date(2024, 3, 1);

fn day() -> impl Strategy<Value = Date> {
    (-60..800_i64).prop_map(|days| INDEX.saturating_add(jiff::Span::new().days(days)))
}

fn statement() -> impl Strategy<Value = Statement> {
    let standing = prop::sample::select(vec![Standing::Established, Standing::Unaccepted]);
    (0..5_u8, 4.0..9.0_f64, day(), standing).prop_map(|(kind, value, on, standing)| {
        let statement = match kind {
            0 => Statement::measured("fasting-plasma-glucose", value, Unit::MillimolePerLitre),
            1 => Statement::measured("hba1c", value * 7.0, Unit::MillimolePerMole),
            2 => Statement::present("diabetes-diagnosis").by(standing),
            3 => Statement::present("glucose-lowering-medication"),
            _ => Statement::answer("lifestyle-service", "started"),
        };
        statement.on(on)
    })
}

fn decided() -> impl Strategy<Value = Decided> {
    prop::sample::select(vec![
        Decided::Flagged,
        Decided::SampledNegative(Inclusion::from_billionths(20_000_000).expect("a probability")),
        Decided::BelowLevel,
        Decided::Undecided,
        Decided::NotEligible,
    ])
}

/// A decision, what happened later, and the day of looking back.
fn history() -> impl Strategy<Value = (Decided, Someone, Date)> {
    let facts = prop::collection::vec(statement(), 0..6);
    let left = prop::option::of((any::<bool>(), day()));
    (decided(), facts, left, day()).prop_map(|(decided, facts, left, seen)| {
        let someone = facts.into_iter().fold(Someone::man_of(60), Someone::with);
        let someone = match left {
            Some((true, on)) => someone.registered(|r| r.death = Death::On(on)),
            Some((false, on)) => {
                someone.registered(|r| r.residence = Residence::MovedAway(Some(on)))
            }
            None => someone,
        };
        (decided, someone, seen)
    })
}

fn after(decided: Decided, someone: &Someone, seen: Date) -> Outcome {
    let observed = &rulebook().calibration.estimand.observed;
    let index = IndexDecision {
        on: INDEX,
        decided,
        first_on: INDEX,
    };
    let later = someone.clone().seen_on(seen).profile();
    let observed = observed.as_ref().expect("it is observed");
    outcome(rulebook(), observed, 12, &index, &later)
}

proptest! {
    #![proptest_config(fixed(300))]

    /// Everybody is in the account once, whatever happened.
    #[test]
    fn accounts_add_up(histories in prop::collection::vec(history(), 1..60)) {
        let mut account = Account::default();
        let mut cases = Vec::new();
        for (decided, someone, seen) in &histories {
            let outcome = after(*decided, someone, *seen);
            prop_assert!(Outcome::ALL.contains(&outcome));
            account.add(*decided, outcome);
            cases.push(Case { round: Round::First, decided: *decided, score: Some((12, 14)), sex: Sex::Female, age: Some(55), outcome });
        }
        let n = histories.len() as u64;
        prop_assert_eq!(account.total(), n);
        prop_assert_eq!(account.decisions().values().sum::<u64>(), n);
        prop_assert_eq!(account.outcomes().values().sum::<u64>(), n);
        let calibration = &rulebook().calibration;
        let model = (&rulebook().model, rulebook().pathway.lowest_level());
        let learning = learn(calibration, &calibration.estimand, model, &cases).expect("one estimand");
        prop_assert_eq!(learning.first.account, account);
    }

    /// Once the horizon is over nothing that happens later changes an outcome.
    #[test]
    fn what_happens_after_the_horizon_changes_nothing((decided, someone, _) in history(), more in statement()) {
        let late = Statement(more.0).on(date(2025, 3, 2));
        let (now, then) = (date(2026, 12, 1), date(2027, 1, 1));
        prop_assert_eq!(after(decided, &someone.clone().with(late), then), after(decided, &someone, now));
    }

    /// A diagnosis more never makes a positive negative.
    #[test]
    fn a_diagnosis_within_the_horizon_makes_a_positive_unless_it_was_there((_, someone, _) in history()) {
        let over = date(2025, 3, 2);
        let diagnosis = Statement::present("diabetes-diagnosis").on(date(2024, 6, 1));
        let found = after(Decided::Flagged, &someone.with(diagnosis), over);
        prop_assert!(found.is_confirmed() || found == Outcome::Prevalent, "{:?}", found);
    }
}
