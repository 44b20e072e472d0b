//! Counting residents by stratum, at every level at once.

use std::collections::BTreeMap;

use super::told::{Figures, StratumTold, told};
use super::{Expecting, Levels};
use crate::pathway::ByLevel;
use crate::rulebook::{NextStep, Rulebook, Score, ScorePosition, State};

/// What a decision asks for, as far as it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Asked {
    tests: bool,
    questions: bool,
}

/// What counts about one resident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    by_level: ByLevel,
    is_about: bool,
    /// With the score at or above the level, on either side of it, and below it.
    asked: [Asked; 3],
}

impl Reading {
    /// What counts of the decisions about one resident, at every level.
    #[must_use]
    pub fn of(rulebook: &Rulebook, by_level: ByLevel) -> Self {
        let outcome = |row: usize| rulebook.pathway.rows[row].outcome.as_ref();
        let asked = ScorePosition::ALL.map(|position| {
            outcome(by_level.row(position)).map_or_else(Asked::default, |(state, next)| Asked {
                tests: matches!(next, NextStep::OrderLaboratory { .. }),
                // Who is reminded of a sample is asked nothing.
                questions: matches!(next, NextStep::Ask)
                    || matches!(next, NextStep::Remind) && *state == State::Asked,
            })
        });
        let state = outcome(by_level.row_at(by_level.in_force)).map(|(state, _)| *state);
        Self {
            by_level,
            is_about: state.is_some_and(State::is_in_the_programme),
            asked,
        }
    }
}

#[cfg(test)]
impl Reading {
    /// Somebody made up whom the programme is about: tests at or above the level, questions on
    /// either side, and by lot tests below it.
    pub(super) const fn made_up(by_level: ByLevel, tests: bool, is_drawn: bool) -> Self {
        Self {
            by_level,
            is_about: true,
            asked: [
                Asked {
                    tests,
                    questions: false,
                },
                Asked {
                    tests: false,
                    questions: true,
                },
                Asked {
                    tests: is_drawn,
                    questions: false,
                },
            ],
        }
    }
}

/// Exact numbers of residents; they do not leave the room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Exact {
    pub(super) flagged: u64,
    pub(super) possible: u64,
    pub(super) laboratory: u64,
    pub(super) by_lot: u64,
    pub(super) questionnaires: u64,
}

impl Exact {
    /// What one resident adds where the score lies so.
    fn one(reading: &Reading, position: ScorePosition) -> Self {
        let is_open = reading.by_level.is_open_to_the_score();
        let asked = reading.asked[position.place()];
        let is_below = position == ScorePosition::Below;
        Self {
            flagged: u64::from(is_open && position == ScorePosition::AtOrAbove),
            possible: u64::from(is_open && position == ScorePosition::Spans),
            laboratory: u64::from(asked.tests),
            by_lot: u64::from(asked.tests && is_below),
            questionnaires: u64::from(asked.questions),
        }
    }

    fn add(&mut self, other: &Self) {
        self.flagged += other.flagged;
        self.possible += other.possible;
        self.laboratory += other.laboratory;
        self.by_lot += other.by_lot;
        self.questionnaires += other.questionnaires;
    }

    /// Without those of an earlier level who are counted no more.
    fn less(&mut self, other: &Self) {
        self.flagged -= other.flagged;
        self.possible -= other.possible;
        self.laboratory -= other.laboratory;
        self.by_lot -= other.by_lot;
        self.questionnaires -= other.questionnaires;
    }
}

/// Residents who certainly reach a level and are tested, by the bin of their lowest and of their
/// highest possible score.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Standing {
    pub(super) by_low: Vec<u64>,
    pub(super) by_high: Vec<u64>,
}

impl Standing {
    fn add(&mut self, (low, high): (usize, usize), n: u64, n_bins: usize) {
        self.by_low.resize(n_bins, 0);
        self.by_high.resize(n_bins, 0);
        self.by_low[low] += n;
        self.by_high[high] += n;
    }
}

/// The counts of one stratum.
#[derive(Debug, Clone, Default)]
struct Counts {
    residents: u64,
    in_force: Exact,
    /// Who is counted from a level on, and who no more: one place for each level.
    begins: Vec<Exact>,
    ends: Vec<Exact>,
    /// At the level in force, in bins.
    standing: Standing,
    /// In bins of the lowest and the highest possible score, by how many levels the lowest reaches.
    reaching: BTreeMap<(usize, usize, usize), u64>,
}

impl Counts {
    fn add(&mut self, reading: &Reading, levels: &Levels, expecting: Option<&Expecting>) {
        self.residents += u64::from(reading.is_about);
        let by_level = &reading.by_level;
        let n_levels = levels.all().len();
        self.begins.resize(n_levels, Exact::default());
        self.ends.resize(n_levels, Exact::default());
        let position = by_level.position(by_level.in_force);
        let position = position.unwrap_or(ScorePosition::Below);
        self.in_force.add(&Exact::one(reading, position));
        let Some((low, high)) = by_level.range else {
            // Without a score every level decides alike.
            self.count(reading, ScorePosition::Below, (0, n_levels));
            return;
        };
        let (reaches, may_reach) = (levels.reached_by(low), levels.reached_by(high));
        self.count(reading, ScorePosition::AtOrAbove, (0, reaches));
        self.count(reading, ScorePosition::Spans, (reaches, may_reach));
        self.count(reading, ScorePosition::Below, (may_reach, n_levels));
        let is_tested = reading.asked[ScorePosition::AtOrAbove.place()].tests;
        if let Some(expecting) = expecting.filter(|_| is_tested) {
            let bins = (expecting.bin(low), expecting.bin(high));
            let place = (reaches, bins.0, bins.1);
            *self.reaching.entry(place).or_default() += 1;
            if position == ScorePosition::AtOrAbove {
                self.standing.add(bins, 1, expecting.n_bins());
            }
        }
    }

    /// Counts a resident at the levels from one place to before another.
    fn count(&mut self, reading: &Reading, position: ScorePosition, (from, to): (usize, usize)) {
        if to <= from {
            return;
        }
        let one = Exact::one(reading, position);
        self.begins[from].add(&one);
        if let Some(end) = self.ends.get_mut(to) {
            end.add(&one);
        }
    }

    fn take(&mut self, other: &Self) {
        self.residents += other.residents;
        self.in_force.add(&other.in_force);
        for (own, others) in [
            (&mut self.begins, &other.begins),
            (&mut self.ends, &other.ends),
        ] {
            own.resize(own.len().max(others.len()), Exact::default());
            for (own, other) in own.iter_mut().zip(others) {
                own.add(other);
            }
        }
        for (own, others) in [
            (&mut self.standing.by_low, &other.standing.by_low),
            (&mut self.standing.by_high, &other.standing.by_high),
        ] {
            own.resize(own.len().max(others.len()), 0);
            for (own, other) in own.iter_mut().zip(others) {
                *own += other;
            }
        }
        for (place, n) in &other.reaching {
            *self.reaching.entry(*place).or_default() += n;
        }
    }

    /// Exact numbers at each level.
    fn exact(&self) -> Vec<Exact> {
        let mut now = Exact::default();
        let levels = self.begins.iter().zip(&self.ends);
        let exact = levels.map(|(begins, ends)| {
            now.add(begins);
            now.less(ends);
            now
        });
        exact.collect()
    }

    /// Who is tested at each level, in bins: from the last level, which fewest reach, to the first.
    fn standing_by_level(&self, n_levels: usize, n_bins: usize) -> Vec<Standing> {
        let mut standing = vec![Standing::default(); n_levels];
        let mut now = Standing {
            by_low: vec![0; n_bins],
            by_high: vec![0; n_bins],
        };
        let mut waiting = self.reaching.iter().rev().peekable();
        for (level, here) in standing.iter_mut().enumerate().rev() {
            while let Some(((_, low, high), n)) =
                waiting.next_if(|((reaches, ..), _)| level < *reaches)
            {
                now.add((*low, *high), *n, n_bins);
            }
            here.clone_from(&now);
        }
        standing
    }

    fn told(&self, expecting: Option<&Expecting>) -> StratumTold {
        let figures = |exact: &Exact, standing: Option<&Standing>| {
            Figures::of(self.residents, exact, expecting.zip(standing))
        };
        let exact = self.exact();
        let standing =
            expecting.map(|expecting| self.standing_by_level(exact.len(), expecting.n_bins()));
        let levels = exact.iter().enumerate().map(|(n, exact)| {
            figures(
                exact,
                standing.as_ref().and_then(|standing| standing.get(n)),
            )
        });
        let residents = told(self.residents);
        StratumTold {
            residents,
            in_force: figures(&self.in_force, Some(&self.standing)),
            levels: if residents == 0 {
                Vec::new()
            } else {
                levels.collect()
            },
        }
    }
}

/// Counts of residents, by stratum and level.
#[derive(Debug, Clone)]
pub struct Tally<K> {
    levels: Levels,
    expecting: Option<Expecting>,
    strata: BTreeMap<K, Counts>,
}

impl<K: Ord + Clone> Tally<K> {
    /// Nobody counted yet.
    #[must_use]
    pub const fn new(levels: Levels, expecting: Option<Expecting>) -> Self {
        Self {
            levels,
            expecting,
            strata: BTreeMap::new(),
        }
    }

    /// Counts one resident.
    pub fn add(&mut self, stratum: K, reading: &Reading) {
        let counts = self.strata.entry(stratum).or_default();
        counts.add(reading, &self.levels, self.expecting.as_ref());
    }

    /// Residents whom the programme is about, exactly, by a part of the stratum: to choose which strata
    /// to put together, not to be told.
    #[must_use]
    pub fn residents_by<P: Ord>(&self, part: impl Fn(&K) -> P) -> BTreeMap<P, u64> {
        let mut residents = BTreeMap::new();
        for (stratum, counts) in &self.strata {
            *residents.entry(part(stratum)).or_default() += counts.residents;
        }
        residents
    }

    /// The same with strata under other names; those that are called the same become one.
    #[must_use]
    pub fn renamed<N: Ord + Clone>(self, name: impl Fn(K) -> N) -> Tally<N> {
        let mut strata: BTreeMap<N, Counts> = BTreeMap::new();
        for (stratum, counts) in self.strata {
            strata.entry(name(stratum)).or_default().take(&counts);
        }
        Tally {
            levels: self.levels,
            expecting: self.expecting,
            strata,
        }
    }

    /// What may be told of everybody together, and of each stratum.
    #[must_use]
    pub fn told(&self) -> (StratumTold, Vec<(K, StratumTold)>) {
        let expecting = self.expecting.as_ref();
        let mut all = Counts::default();
        for counts in self.strata.values() {
            all.take(counts);
        }
        let strata = self.strata.iter();
        let strata = strata.map(|(stratum, counts)| (stratum.clone(), counts.told(expecting)));
        (all.told(expecting), strata.collect())
    }

    /// The levels looked at.
    #[must_use]
    pub fn levels(&self) -> &[Score] {
        self.levels.all()
    }

    /// Counts so many residents alike.
    #[cfg(test)]
    pub(super) fn add_many(&mut self, stratum: &K, reading: &Reading, n: u64) {
        for _ in 0..n {
            self.add(stratum.clone(), reading);
        }
    }

    /// Exact numbers, for the tests of the room.
    #[cfg(test)]
    pub(super) fn exact(&self) -> Vec<Vec<Exact>> {
        self.strata.values().map(Counts::exact).collect()
    }
}
