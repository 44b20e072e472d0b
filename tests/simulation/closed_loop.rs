//! Ten years in closed loop: a programme decides, treats, looks at what became of those it decided about,
//! changes its calibration by its own gates, and decides again.
//!
//! Each year some thousands come to the programme's age, and are decided about once. Their disease has causes
//! that nobody measures, and one that the score leaves out (sex); it becomes rarer or more frequent over the
//! years. Who comes to the tests depends on score and age, and on what nobody sees. Of the flagged many
//! are treated before it is known of them, those with more points more often, and what is treated is seldom
//! confirmed: a programme that took that for health would learn that those whom it treats are safe. Once a year
//! a recalibration is proposed from the older decisions, judged on the newest, and put in force when all gates
//! that outcomes judge are passed, as `preventio model propose`, `shadow` and `promote` do; people sign
//! everything.
//!
//! The shipped programme flags by points, which no recalibration moves. Here the level moves with the
//! calibration: tests are ordered from the points on whose probability is that of the level at the beginning,
//! so that a loop could run away. Beside each programme stands one that never learns, in the same city.
//!
//! What must hold in 95 of 100 programmes of every city: nobody is further from right than where nothing is
//! learned, by more than a margin, in any year and in any group ([`MARGIN`]), and recalibrations are few. Where
//! the calibration was wrong at the beginning, most programmes must end right ([`RIGHT`]): the gates keep some of
//! them waiting for evidence for ten years.

use std::io::Write;

use jiff::ToSpan;
use jiff::civil::{Date, date};
use preventiojyraa_core::learning::{
    Case, DatedCase, Gate, GateVerdict, Round, Update, fitted_until, judge, learn,
};
use preventiojyraa_core::outcomes::{Decided, Negative, Outcome, Unverified};
use preventiojyraa_core::pathway::Inclusion;
use preventiojyraa_core::profile::Sex;
use preventiojyraa_core::rulebook::{Calibration, Line, Score};

use super::learning::{draw_score, scores, unit};
use super::uptake::expit;
use crate::support::shipped::rulebook;
use crate::support::site::Dice;

const YEARS: i16 = 10;
const BEGINS: Date = date(2022, 1, 3);
/// Residents who are decided about for the first time in a year.
const A_YEAR: usize = 12_000;
/// Share of those below the level who are drawn.
const SHARE: f64 = 0.05;
/// Share of the flagged at 12 points who are treated before it is known of them; more with more points.
const TREATED: f64 = 0.45;
/// Share of those who do not have it who are said to have it, in a year in which outcomes are spoiled.
const SPOILED: f64 = 0.12;
/// Spread of the log odds by what nobody measures.
const UNMEASURED: f64 = 0.6;
/// Log odds of men above those of women with the same points.
const MEN: f64 = 0.3;
/// Share of the treated whose disease is not confirmed any more.
const AVERTED: f64 = 0.7;

/// Confirmed, were nobody treated and had all come, over predicted, at the end, where the city stays as it is.
const RIGHT: (f64, f64) = (0.80, 1.25);
/// The same in women, men, and each ten years of age. The sexes differ by 0.3 in log odds that no calibration of
/// the score can tell: were everybody right, women and men would be at about 0.86 and 1.15.
const RIGHT_IN_GROUPS: (f64, f64) = (0.65, 1.45);
/// How much further from right than a programme that never learns one that does may be, as a factor: of O:E, of
/// O:E in groups, and of the share of the flagged in every year. A point more or less at the level is a fifth of
/// the flagged.
const MARGIN: (f64, f64, f64) = (1.15, 1.25, 1.35);
/// Recalibrations in ten years, at most, where the city stays as it is.
const CHANGES: usize = 4;

/// A city.
#[derive(Debug, Clone, Copy)]
struct City {
    name: &'static str,
    /// The line of log odds at the beginning, of women in whom everything else is in the middle.
    line: Line,
    /// By how much log odds move each year.
    trend: f64,
    /// The year in which some of those who do not have it are said to have it, as by a laboratory that reports
    /// otherwise for so long.
    spoiled: Option<i16>,
}

impl City {
    const fn stays(self) -> bool {
        self.trend == 0.0
    }
}

/// What is left out on purpose, to see that it is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LeftOut {
    Nothing,
    /// Learning itself.
    Learning,
    /// The treated in whom nothing is confirmed are taken for healthy.
    TreatmentGuard,
    /// Every proposal is put in force.
    Gates,
}

const fn city(name: &'static str, (intercept, slope): (f64, f64), trend: f64) -> City {
    City {
        name,
        line: Line { intercept, slope },
        trend,
        spoiled: None,
    }
}

const CITIES: [City; 6] = [
    city("right from the beginning", (-5.55, 0.19), 0.0),
    city("three fifths as frequent as thought", (-6.05, 0.19), 0.0),
    city("steeper than thought", (-6.8, 0.27), 0.0),
    city("less frequent every year", (-5.45, 0.19), -0.05),
    city("more frequent every year", (-5.65, 0.19), 0.05),
    City {
        spoiled: Some(5),
        ..city("spoiled in the sixth year", (-5.55, 0.19), 0.0)
    },
];

/// Somebody who comes to the programme's age.
struct Resident {
    score: Score,
    is_man: bool,
    age: i16,
    /// Log odds by what nobody measures.
    unmeasured: f64,
}

impl Resident {
    fn drawn(dice: &mut Dice, scores: &[(Score, f64)]) -> Self {
        let normal = (0..12).map(|_| unit(dice)).sum::<f64>() - 6.0;
        Self {
            score: draw_score(dice, scores),
            is_man: unit(dice) < 0.48,
            age: 45 + 10 * i16::try_from(dice.below(3)).expect("a small number"),
            unmeasured: UNMEASURED * normal,
        }
    }

    /// Whether the disease would be confirmed had they come and been left alone.
    fn risk(&self, city: City, year: i16) -> f64 {
        let men = if self.is_man { MEN } else { 0.0 };
        expit(
            city.line.intercept
                + city.line.slope * f64::from(self.score)
                + men
                + self.unmeasured
                + city.trend * f64::from(year),
        )
    }

    /// Who has more points comes more often; who has it, and does not know, somewhat less.
    fn comes(&self) -> f64 {
        expit(0.4 + 0.06 * f64::from(self.score - 12) - 0.3 * self.unmeasured)
    }

    fn group(&self) -> [usize; 2] {
        let tens = usize::try_from((self.age - 45) / 10).expect("an age of ours");
        [usize::from(self.is_man), 2 + tens]
    }
}

/// Women, men, and three tens of ages.
const GROUPS: usize = 5;

/// How far from right a programme is.
struct Became {
    /// O:E of everybody in the last year, and of each group.
    o_e: f64,
    group_o_e: [f64; GROUPS],
    /// Share of the flagged over that of whoever knows the truth, by year.
    flagged: Vec<f64>,
    changes: usize,
}

/// Whether one is no further from 1 than the other, or by less than a factor.
fn no_further(one: f64, other: f64, factor: f64) -> bool {
    one.ln().abs() <= other.ln().abs() + factor.ln()
}

impl Became {
    /// Whether the end is right, in everybody and in each group.
    fn is_right(&self) -> bool {
        let within = |value: f64, (low, high): (f64, f64)| low <= value && value <= high;
        let mut groups = self.group_o_e.iter();
        within(self.o_e, RIGHT) && groups.all(|one| within(*one, RIGHT_IN_GROUPS))
    }

    /// What does not hold, beside a programme that never learns.
    fn wrong(&self, city: City, open: &Self) -> Vec<&'static str> {
        let (all, groups, flagged) = MARGIN;
        let mut in_groups = self.group_o_e.iter().zip(open.group_o_e);
        let mut years = self.flagged.iter().zip(&open.flagged);
        let checks = [
            ("O:E", no_further(self.o_e, open.o_e, all)),
            (
                "O:E in a group",
                in_groups.all(|(one, other)| no_further(*one, other, groups)),
            ),
            (
                "flagged",
                years.all(|(one, other)| no_further(*one, *other, flagged)),
            ),
            ("recalibrations", !city.stays() || self.changes <= CHANGES),
        ];
        let failed = checks.into_iter().filter(|(_, holds)| !holds);
        failed.map(|(name, _)| name).collect()
    }
}

/// The probability of a calibration at a score.
fn predicted(calibration: &Calibration, score: Score) -> f64 {
    f64::from(calibration.at(score)) / 1e9
}

/// The first score whose probability is that of the level at the beginning, or more.
fn level(of: &dyn Fn(Score) -> f64) -> Score {
    let shipped = rulebook().pathway.lowest_level();
    let wanted = predicted(&rulebook().calibration, shipped);
    (0..=26).find(|score| wanted <= of(*score)).unwrap_or(26)
}

/// The truth by points, over all that is not measured and both sexes.
fn true_risk(city: City, year: i16, score: Score) -> f64 {
    let steps = 41;
    let (mut sum, mut weights) = (0.0, 0.0);
    for step in 0..steps {
        let normal = -4.0 + 8.0 * f64::from(step) / f64::from(steps - 1);
        let weight = (-normal * normal / 2.0).exp();
        for (is_man, share) in [(false, 0.52), (true, 0.48)] {
            let resident = Resident {
                score,
                is_man,
                age: 55,
                unmeasured: UNMEASURED * normal,
            };
            sum += weight * share * resident.risk(city, year);
            weights += weight * share;
        }
    }
    sum / weights
}

fn ten_years(seed: u64, city: City, left_out: LeftOut) -> Became {
    let mut dice = Dice::new(seed);
    let scores = scores();
    let book = rulebook();
    let limits = book.programme.model_changes.as_ref().expect("limits");
    let mut calibration = book.calibration.clone();
    let mut people: Vec<DatedCase> = Vec::new();
    let (mut flagged, mut changes) = (Vec::new(), 0);
    for year in 0..YEARS {
        let from = level(&|score| predicted(&calibration, score));
        let right = level(&|score| true_risk(city, year, score));
        let above = |level: Score| -> f64 {
            let above = scores.iter().filter(|(score, _)| level <= *score);
            above.map(|(_, share)| share).sum()
        };
        flagged.push(above(from) / above(right));
        for n in 0..A_YEAR {
            let resident = Resident::drawn(&mut dice, &scores);
            let week = i64::try_from(n * 52 / A_YEAR).expect("a week of the year");
            let on = BEGINS.saturating_add((i64::from(year) * 52 + week).weeks());
            people.push(decided(
                &mut dice,
                (city, year),
                (&resident, from),
                on,
                left_out,
            ));
        }
        let next = match left_out {
            LeftOut::Learning => None,
            LeftOut::Nothing | LeftOut::TreatmentGuard | LeftOut::Gates => {
                changed(&calibration, (from, limits.held_out), &people, left_out)
            }
        };
        if let Some(next) = next {
            calibration = next;
            changes += 1;
        }
    }
    let (o_e, group_o_e) = truth_over_predicted(&mut dice, city, &scores, &calibration);
    Became {
        o_e,
        group_o_e,
        flagged,
        changes,
    }
}

/// What was decided about somebody, and what became of it.
fn decided(
    dice: &mut Dice,
    (city, year): (City, i16),
    (resident, level): (&Resident, Score),
    on: Date,
    left_out: LeftOut,
) -> DatedCase {
    let (drawn, comes, has_it) = (
        unit(dice) < SHARE,
        unit(dice) < resident.comes(),
        unit(dice) < resident.risk(city, year),
    );
    let (treated, averted) = (unit(dice), unit(dice) < AVERTED);
    let decided = match (level <= resident.score, drawn) {
        (true, _) => Decided::Flagged,
        (false, true) => {
            let inclusion = Inclusion::from_billionths(50_000_000);
            Decided::SampledNegative(inclusion.expect("a probability"))
        }
        (false, false) => Decided::BelowLevel,
    };
    let more = f64::from(resident.score - 12) * 0.02;
    let is_treated = decided == Decided::Flagged && treated < TREATED + more;
    let is_spoiled = city.spoiled == Some(year) && unit(dice) < SPOILED;
    let confirmed = (has_it && !(is_treated && averted)) || is_spoiled;
    let asked = decided != Decided::BelowLevel;
    let outcome = match (asked && comes, is_treated, confirmed) {
        (true, true, false) if left_out == LeftOut::TreatmentGuard => {
            Outcome::Negative(Negative::Normal)
        }
        (true, true, true) if left_out == LeftOut::TreatmentGuard => {
            Outcome::Positive { tested: true }
        }
        (true, true, confirmed) => Outcome::Treated { confirmed },
        (true, false, true) => Outcome::Positive { tested: true },
        (true, false, false) => Outcome::Negative(Negative::Normal),
        (false, _, _) => Outcome::Unverified(Unverified::NotTested),
    };
    DatedCase {
        case: Case {
            round: Round::First,
            decided,
            score: Some((resident.score, resident.score)),
            sex: [Sex::Female, Sex::Male][usize::from(resident.is_man)],
            age: Some(resident.age),
            outcome,
        },
        on,
        groups: [
            ["female", "male"][usize::from(resident.is_man)].to_owned(),
            format!("{}-{}", resident.age / 10 * 10, resident.age / 10 * 10 + 9),
            "fi".to_owned(),
        ],
    }
}

/// The calibration that a year of looking back puts in force; nothing when none.
fn changed(
    in_force: &Calibration,
    (level, held_out): (Score, f64),
    people: &[DatedCase],
    left_out: LeftOut,
) -> Option<Calibration> {
    let book = rulebook();
    let days = people.iter().filter(|one| one.case.is_verified());
    let last = fitted_until(days.map(|one| one.on).collect(), held_out)?;
    let fitted = people.iter().filter(|one| one.on <= last);
    let fitted: Vec<Case> = fitted.map(|one| one.case).collect();
    let learned = learn(in_force, &in_force.estimand, (&book.model, level), &fitted);
    let learned = learned.expect("one estimand").first;
    let proposal = learned.proposal.ok().filter(|p| p.changes())?;
    let update = Update {
        in_force,
        proposed: &proposal.calibration,
        slope: proposal.recalibration.update().1,
        tested: learned.tested,
        fitted_until: Some(last),
        model: &book.model,
        action_level: level,
    };
    let limits = book.programme.model_changes.as_ref().expect("limits");
    let gates = judge(&update, limits, people);
    // What a change would mean for the register is not judged here: nobody's orders are counted.
    let passed = |gate: &Gate| gate.verdict == GateVerdict::Passed;
    let passes = left_out == LeftOut::Gates || gates.iter().all(passed);
    passes.then_some(proposal.calibration)
}

/// What is true of the last year over what is predicted, in a hundred thousand who were not decided about.
fn truth_over_predicted(
    dice: &mut Dice,
    city: City,
    scores: &[(Score, f64)],
    calibration: &Calibration,
) -> (f64, [f64; GROUPS]) {
    let (mut all, mut groups) = ([0.0; 2], [[0.0; 2]; GROUPS]);
    for _ in 0..20_000 {
        let resident = Resident::drawn(dice, scores);
        let sums = [
            resident.risk(city, YEARS - 1),
            predicted(calibration, resident.score),
        ];
        for at in 0..2 {
            all[at] += sums[at];
            for group in resident.group() {
                groups[group][at] += sums[at];
            }
        }
    }
    (all[0] / all[1], groups.map(|[o, e]| o / e))
}

/// How many programmes of a city; a sweep sets its own number.
fn n_programmes() -> u64 {
    let asked = std::env::var("PREVENTIO_PROGRAMMES").ok();
    asked.map_or(6, |n| n.parse().expect("a number of programmes"))
}

fn programmes(city: City, left_out: LeftOut) -> Vec<(Became, Vec<&'static str>)> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let seeds: Vec<u64> = (0..n_programmes()).collect();
    let both = |seed: &u64| {
        let open = ten_years(*seed, city, LeftOut::Learning);
        let closed = ten_years(*seed, city, left_out);
        let wrong = closed.wrong(city, &open);
        (closed, wrong)
    };
    let all: Vec<(Became, Vec<&'static str>)> = std::thread::scope(|scope| {
        let parts: Vec<_> = seeds
            .chunks(seeds.len().div_ceil(threads))
            .map(|seeds| scope.spawn(move || seeds.iter().map(both).collect::<Vec<_>>()))
            .collect();
        let joined = parts.into_iter().map(|part| part.join().expect("no panic"));
        joined.flatten().collect()
    });
    told(city, left_out, &all);
    all
}

/// Says how the programmes of a city ended.
fn told(city: City, left_out: LeftOut, all: &[(Became, Vec<&'static str>)]) {
    let ends = |values: &mut dyn Iterator<Item = f64>| {
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        })
    };
    let became = || all.iter().map(|(became, _)| became);
    let o_e = ends(&mut became().map(|one| one.o_e));
    let groups = ends(&mut became().flat_map(|one| one.group_o_e));
    let flagged = ends(&mut became().flat_map(|one| one.flagged.last().copied()));
    let changes: usize = became().map(|one| one.changes).sum();
    let mut wrong: Vec<&str> = all.iter().flat_map(|(_, wrong)| wrong.clone()).collect();
    wrong.sort_unstable();
    wrong.dedup();
    let _ = writeln!(
        std::io::stderr(),
        "closed loop: {}, left out: {left_out:?}: {} of {} hold {wrong:?}; {} end right; at the end O:E {:.2} to {:.2}, of groups {:.2} to {:.2}, flagged {:.2} to {:.2} of what is right; {:.1} recalibrations",
        city.name,
        n_held(all),
        all.len(),
        became().filter(|one| one.is_right()).count(),
        o_e.0,
        o_e.1,
        groups.0,
        groups.1,
        flagged.0,
        flagged.1,
        changes as f64 / all.len() as f64
    );
}

fn n_held(all: &[(Became, Vec<&'static str>)]) -> usize {
    all.iter().filter(|(_, wrong)| wrong.is_empty()).count()
}

#[test]
fn ten_years_of_learning_from_itself_stay_within_bounds() {
    for city in CITIES {
        let all = programmes(city, LeftOut::Nothing);
        let held = n_held(&all);
        assert!(all.len() * 95 <= held * 100, "{}: {held}", city.name);
        let right = all.iter().filter(|(became, _)| became.is_right()).count();
        // Where the city moves, what was right for the years before is not right for the last.
        assert!(
            !city.stays() || all.len() * 6 <= right * 10,
            "{}: {right} end right",
            city.name
        );
    }
}

#[test]
fn who_takes_the_treated_for_healthy_learns_that_they_are_safe() {
    // The gates hold back most of what it would learn, not all: with the guard nobody is off.
    let all = programmes(CITIES[0], LeftOut::TreatmentGuard);
    assert!(n_held(&all) * 4 <= all.len() * 3, "{}", n_held(&all));
}

#[test]
fn who_puts_every_proposal_in_force_learns_from_a_laboratory_that_is_wrong() {
    let all = programmes(CITIES[5], LeftOut::Gates);
    assert!(n_held(&all) * 2 <= all.len(), "{}", n_held(&all));
}
