//! Simulated programmes whose outcomes are right, shuffled, shifted, spoiled or late: what do the gates
//! let through?
//!
//! Two years of first decisions, quarter by quarter; the flagged alone are tested. A proposal is made from
//! the older decisions and judged on the newest, as `preventio model propose` and `shadow` do. Each rate is
//! of proposals among so many programmes that passed every gate which outcomes judge; seeds are fixed.

use std::collections::BTreeMap;
use std::io::Write;

use jiff::ToSpan;
use jiff::civil::{Date, date};
use preventiojyraa_core::learning::{
    Case, DatedCase, Gate, GateName, GateVerdict, Round, Tested, Update, fitted_until, judge, learn,
};
use preventiojyraa_core::outcomes::{Decided, Negative, Outcome};
use preventiojyraa_core::profile::Sex;
use preventiojyraa_core::rulebook::{Calibration, Conversion, Line, ModelChanges, Score};

use crate::support::dice::Dice;
use crate::support::shipped::rulebook;

const BEGINS: Date = date(2022, 1, 3);
/// Weeks over which first decisions are spread.
const WEEKS: i64 = 104;
/// The week from which on something is otherwise: among the held-out.
const SINCE: i64 = 78;

fn limits() -> &'static ModelChanges {
    let limits = rulebook().programme.model_changes.as_ref();
    limits.expect("the programme says what a change must keep")
}

/// The line of log odds by which people are confirmed.
#[derive(Debug, Clone, Copy)]
struct Truth(Line);

impl Truth {
    fn at(self, score: Score) -> f64 {
        let log_odds = self.0.intercept + self.0.slope * f64::from(score);
        1.0 / (1.0 + (-log_odds).exp())
    }
}

fn in_force() -> Line {
    match &rulebook().calibration.conversion {
        Conversion::Logistic(line) => *line,
        Conversion::Bands(_) | Conversion::Identity(_) => {
            panic!("the calibration in force is a line")
        }
    }
}

/// A number from 0 to 1.
fn unit(dice: &mut Dice) -> f64 {
    dice.below(1 << 40) as f64 / (1_u64 << 40) as f64
}

/// A score from the action level on: a normal distribution of mean 9 and spread 4.6, cut there.
fn score(dice: &mut Dice, level: Score) -> Score {
    let density = |score: Score| (-((f64::from(score) - 9.0) / 4.6).powi(2) / 2.0).exp();
    let all: f64 = (level..=26).map(density).sum();
    let mut place = unit(dice) * all;
    let found = (level..=26).find(|score| {
        place -= density(*score);
        place < 0.0
    });
    found.unwrap_or(26)
}

/// Flagged people who came, oldest first.
fn people(seed: u64, n: usize, truth: Truth) -> Vec<DatedCase> {
    let mut dice = Dice::new(seed);
    let level = rulebook().pathway.lowest_level();
    let mut people: Vec<DatedCase> = (0..n)
        .map(|_| {
            let score = score(&mut dice, level);
            let week = i64::try_from(dice.below(104)).unwrap_or(WEEKS);
            let has_it = unit(&mut dice) < truth.at(score);
            let [sex, tens, tongue] = [2, 4, 20].map(|n| dice.below(n));
            let language = match tongue {
                0 => "sv",
                1..=3 => "en",
                _ => "fi",
            };
            DatedCase {
                case: Case {
                    round: Round::First,
                    decided: Decided::Flagged,
                    score: Some((score, score)),
                    sex: [Sex::Female, Sex::Male][sex],
                    age: i16::try_from(45 + 10 * tens).ok(),
                    outcome: outcome(has_it),
                },
                on: BEGINS.saturating_add(week.weeks()),
                groups: [
                    ["female", "male"][sex].to_owned(),
                    ["40-49", "50-59", "60-69", "70-79"][tens].to_owned(),
                    language.to_owned(),
                ],
            }
        })
        .collect();
    people.sort_by_key(|one| one.on);
    people
}

/// The last day that is fitted.
fn split(people: &[DatedCase]) -> Date {
    let days = people.iter().filter(|one| one.case.is_verified());
    let days = days.map(|one| one.on).collect();
    fitted_until(days, limits().held_out).expect("many days")
}

fn outcome(has_it: bool) -> Outcome {
    if has_it {
        Outcome::Positive { tested: true }
    } else {
        Outcome::Negative(Negative::Normal)
    }
}

fn has_it(one: &DatedCase) -> bool {
    one.case.outcome.verified() == Some(true)
}

/// What goes wrong with outcomes.
#[derive(Debug, Clone, Copy)]
enum Wrong {
    Nothing,
    /// Everybody has the outcome of somebody else.
    Shuffled,
    /// Shuffled among the older decisions only: the others were looked at by then.
    ShuffledBefore,
    /// Everybody has the outcome of the next one: a join that is off by one.
    OffByOne,
    /// One in so many of those without it is said to have it, among the older decisions.
    SpoiledBefore(usize),
    /// The same from the middle of the second year on: a laboratory that reports otherwise.
    SpoiledSince(usize),
    /// The same of everybody.
    Spoiled(usize),
    /// Within the last so many weeks, half of those who have it are not on record yet.
    Late(i64),
    /// From the middle of the second year on, half of what was found before is not found any more.
    Shifted,
}

fn goes_wrong(wrong: Wrong, seed: u64, people: &mut [DatedCase]) {
    let mut dice = Dice::new(seed ^ 0x5eed);
    let since = BEGINS.saturating_add(SINCE.weeks());
    let until = split(people);
    let shuffles = |dice: &mut Dice, people: &mut [DatedCase]| {
        for at in (1..people.len()).rev() {
            let other = dice.below(at + 1);
            let (one, two) = (people[at].case.outcome, people[other].case.outcome);
            people[at].case.outcome = two;
            people[other].case.outcome = one;
        }
    };
    let n_before = people.iter().filter(|one| one.on <= until).count();
    let mut spoils = |people: &mut [DatedCase], days: &dyn Fn(Date) -> bool, one_in: usize| {
        for one in people.iter_mut().filter(|one| days(one.on)) {
            if !has_it(one) && dice.below(one_in) == 0 {
                one.case.outcome = outcome(true);
            }
        }
    };
    match wrong {
        Wrong::Nothing => {}
        Wrong::Shuffled => shuffles(&mut dice, people),
        Wrong::ShuffledBefore => shuffles(&mut dice, &mut people[..n_before]),
        Wrong::OffByOne => {
            let first = people[0].case.outcome;
            for at in 1..people.len() {
                people[at - 1].case.outcome = people[at].case.outcome;
            }
            if let Some(last) = people.last_mut() {
                last.case.outcome = first;
            }
        }
        Wrong::SpoiledBefore(one_in) => spoils(people, &|on| on <= until, one_in),
        Wrong::SpoiledSince(one_in) => spoils(people, &|on| since <= on, one_in),
        Wrong::Spoiled(one_in) => spoils(people, &|_| true, one_in),
        Wrong::Late(weeks) => {
            let from = BEGINS.saturating_add((WEEKS - weeks).weeks());
            for one in people.iter_mut().filter(|one| from <= one.on) {
                if has_it(one) && dice.below(2) == 0 {
                    one.case.outcome = outcome(false);
                }
            }
        }
        Wrong::Shifted => {
            for one in people.iter_mut().filter(|one| since <= one.on) {
                if has_it(one) && dice.below(2) == 0 {
                    one.case.outcome = outcome(false);
                }
            }
        }
    }
}

/// What became of a programme's outcomes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Came {
    /// Nothing was proposed.
    NoProposal,
    /// The gates that stayed shut.
    Shut(Vec<&'static str>),
    Through,
}

fn judged(seed: u64, n: usize, truth: Truth, wrong: Wrong) -> Came {
    let mut people = people(seed, n, truth);
    goes_wrong(wrong, seed, &mut people);
    let gates = gates_of(&people, split(&people));
    if gates.is_empty() {
        return Came::NoProposal;
    }
    let shut = gates
        .iter()
        .filter(|gate| gate.verdict != GateVerdict::Passed);
    let shut: Vec<&str> = shut.map(|gate| gate.name.name()).collect();
    match shut.is_empty() {
        true => Came::Through,
        false => Came::Shut(shut),
    }
}

/// What the gates say of the proposal that is made from decisions until a day; nothing where none is.
fn gates_of(people: &[DatedCase], last: Date) -> Vec<Gate> {
    judged_with(people, last, Some(last))
}

/// The same with another day on record.
fn judged_with(people: &[DatedCase], last: Date, on_record: Option<Date>) -> Vec<Gate> {
    let book = rulebook();
    let fitted = people.iter().filter(|one| one.on <= last);
    let fitted: Vec<Case> = fitted.map(|one| one.case).collect();
    let (model, level) = (&book.model, book.pathway.lowest_level());
    let calibration: &Calibration = &book.calibration;
    let learned = learn(calibration, &calibration.estimand, (model, level), &fitted);
    let learned = learned.expect("one estimand").first;
    let proposal = learned.proposal.as_ref().ok().filter(|p| p.changes());
    let Some(proposal) = proposal else {
        return Vec::new();
    };
    let update = Update {
        in_force: calibration,
        proposed: &proposal.calibration,
        slope: proposal.recalibration.update().1,
        tested: Tested::FlaggedOnly,
        fitted_until: on_record,
        model,
        action_level: level,
    };
    judge(&update, limits(), people)
}

/// How many of a hundred programmes have a proposal that comes through, and what happened to the others.
fn through(n: usize, truth: Truth, wrong: Wrong) -> (f64, String) {
    let asked = std::env::var("PREVENTIO_PROGRAMMES").ok();
    let n_programmes = asked.map_or(60_u64, |n| n.parse().expect("a number of programmes"));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let seeds: Vec<u64> = (0..n_programmes).collect();
    let all: Vec<Came> = std::thread::scope(|scope| {
        let parts: Vec<_> = seeds
            .chunks(seeds.len().div_ceil(threads))
            .map(|seeds| {
                scope.spawn(move || {
                    let came = seeds.iter().map(|seed| judged(*seed, n, truth, wrong));
                    came.collect::<Vec<Came>>()
                })
            })
            .collect();
        let joined = parts
            .into_iter()
            .map(|part| part.join().expect("no seed panics"));
        joined.flatten().collect()
    });
    let count = |wanted: &Came| all.iter().filter(|came| *came == wanted).count();
    let mut shut: BTreeMap<&str, usize> = BTreeMap::new();
    for came in &all {
        if let Came::Shut(gates) = came {
            for gate in gates {
                *shut.entry(gate).or_default() += 1;
            }
        }
    }
    let told = format!(
        "{wrong:?}, {n} people: {} of {n_programmes} through, {} without a proposal, shut {shut:?}",
        count(&Came::Through),
        count(&Came::NoProposal)
    );
    // A sweep shows what it found.
    if n_programmes != 60 {
        let _ = writeln!(std::io::stderr(), "{told}");
    }
    let share = count(&Came::Through) as f64 / n_programmes as f64;
    (share * 100.0, told)
}

/// The calibration in force promises half of what is found.
fn too_low() -> Truth {
    Truth(Line {
        intercept: -4.2,
        slope: 0.16,
    })
}

/// Log odds are 0.4 too low everywhere.
fn a_little_too_low() -> Truth {
    let line = in_force();
    Truth(Line {
        intercept: line.intercept + 0.4,
        ..line
    })
}

fn right() -> Truth {
    Truth(in_force())
}

/// A gate that lets nothing through is no gate but a wall.
#[test]
fn a_true_improvement_comes_through() {
    for (truth, n, least) in [(too_low(), 6_000, 80.0), (a_little_too_low(), 6_000, 70.0)] {
        let (share, told) = through(n, truth, Wrong::Nothing);
        assert!(least <= share, "{told}");
    }
    // Of too few people nobody can say that no group is harmed.
    let (share, told) = through(1_500, too_low(), Wrong::Nothing);
    assert!(share <= 30.0, "{told}");
}

#[test]
fn a_calibration_that_is_right_stays() {
    let (share, told) = through(6_000, right(), Wrong::Nothing);
    assert!(share <= 3.4, "{told}");
}

#[test]
fn outcomes_that_are_shuffled_shifted_spoiled_or_late_do_not_come_through() {
    for (truth, wrong) in [
        (right(), Wrong::Shuffled),
        (too_low(), Wrong::Shuffled),
        (right(), Wrong::ShuffledBefore),
        (right(), Wrong::OffByOne),
        (right(), Wrong::SpoiledBefore(10)),
        (too_low(), Wrong::SpoiledBefore(10)),
        (right(), Wrong::SpoiledSince(10)),
        (right(), Wrong::Spoiled(5)),
        (right(), Wrong::Late(26)),
        (too_low(), Wrong::Late(26)),
        (right(), Wrong::Shifted),
        (too_low(), Wrong::Shifted),
    ] {
        let (share, told) = through(6_000, truth, wrong);
        assert!(share <= 3.4, "{told}");
    }
}

/// What is right for women and far too high for men is not right for all: the mean between them would
/// promise women too little.
#[test]
fn a_proposal_that_harms_a_group_is_shut_by_name() {
    let mut dice = Dice::new(5);
    let mut people = people(5, 12_000, right());
    for one in people.iter_mut().filter(|one| one.groups[0] == "male") {
        if has_it(one) && dice.below(3) != 0 {
            one.case.outcome = outcome(false);
        }
    }
    let gates = gates_of(&people, split(&people));
    let groups = gates.iter().find(|gate| gate.name == GateName::Groups);
    let groups = groups.expect("there is one");
    let why = groups.verdict.why().expect("it is shut");
    assert!(why.contains("it harms sex female"), "{why} {groups:?}");
    assert!(!why.contains("sex male"), "{why} {groups:?}");
}

/// What nobody was held out for, or nobody knows to have been, is not judged.
#[test]
fn without_newer_outcomes_no_gate_opens() {
    let people = people(6, 4_000, too_low());
    let newest = people.iter().map(|one| one.on).max().expect("somebody");
    for fitted_until in [Some(newest), None] {
        let gates = judged_with(&people, split(&people), fitted_until);
        let shut = |gate: &&Gate| matches!(gate.verdict, GateVerdict::NotJudgeable(_));
        assert_eq!(
            gates.iter().filter(shut).count(),
            gates.len(),
            "{fitted_until:?}"
        );
    }
}

/// A limit: one in twenty of those without it, at all times and in all groups alike, looks like more
/// disease. Outcomes are all that a gate knows; this is for the people who sign.
#[test]
fn a_few_spoiled_outcomes_everywhere_look_like_more_disease() {
    let (share, told) = through(6_000, right(), Wrong::Spoiled(20));
    assert!(50.0 < share, "{told}");
}

/// What cannot teach anything leaves the calibration in force, and says why.
#[test]
fn one_class_separation_and_a_handful_of_outcomes_propose_nothing() {
    let everybody = people(3, 4_000, right());
    let level = rulebook().pathway.lowest_level();
    let set = |has_it: &dyn Fn(&DatedCase) -> bool, n: usize| -> Vec<Case> {
        let some = everybody.iter().take(n);
        let case = |one: &DatedCase| Case {
            outcome: outcome(has_it(one)),
            ..one.case
        };
        some.map(case).collect()
    };
    let scored = |one: &DatedCase| one.case.score.map_or(level, |(low, _)| low);
    let same = |cases: Vec<Case>| -> Vec<Case> {
        let alike = |case: &Case| Case {
            score: Some((15, 15)),
            ..*case
        };
        cases.iter().map(alike).collect()
    };
    for (what, cases, why) in [
        ("nobody", Vec::new(), "insufficient evidence"),
        (
            "none confirmed",
            set(&|_| false, 4_000),
            "insufficient evidence",
        ),
        (
            "all confirmed",
            set(&|_| true, 4_000),
            "insufficient evidence",
        ),
        (
            "separated",
            set(&|one| 16 <= scored(one), 4_000),
            "separate events from non-events",
        ),
        ("a handful", set(&has_it, 120), "insufficient evidence"),
        (
            "one score",
            same(set(&has_it, 4_000)),
            "the predictions are all the same",
        ),
        (
            "the wrong way round",
            set(&|one| scored(one) < 14 && one.on.day() % 2 == 0, 4_000),
            "slope is not above zero",
        ),
    ] {
        let book = rulebook();
        let calibration = &book.calibration;
        let learned = learn(
            calibration,
            &calibration.estimand,
            (&book.model, level),
            &cases,
        );
        let proposal = learned.expect("one estimand").first.proposal;
        let reason = proposal.expect_err(what).to_string();
        assert!(reason.contains(why), "{what}: {reason}");
    }
}
