//! What other action levels would mean, as programs and people read it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::what_if::Dimension;
use super::{BookShown, FaultyReport};
use crate::planning::{Between, Figures, NotExpected, StratumTold, TENS, Tally};
use crate::rulebook::{Rulebook, Score, ScoreUnit};

/// What other action levels would mean. Numbers of people are to the ten below, but for the register.
#[derive(Debug, Clone, Serialize)]
pub struct WhatIf {
    /// Marks of faulty rules that these hold: nobody should act on the figures.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faulty: Vec<FaultyReport>,
    /// The rules.
    pub rulebook: BookShown,
    /// The model that scores.
    pub model: String,
    /// What levels count: `points` or `per cent`.
    pub unit: &'static str,
    /// The level in force; several where it depends on age.
    pub in_force: Vec<String>,
    /// The day profiles were taken.
    pub index_date: String,
    /// The run whose facts, rounds and lot were looked at; `None` for all that is known now.
    pub run: Option<u32>,
    /// Whether that run was made by other rules than these.
    pub other_rules_than_the_run: bool,
    /// Residents on the register.
    pub register: u64,
    /// To which number below all other numbers of people are cut.
    pub cut_to: u64,
    /// By what cases are expected.
    pub expected_by: ExpectedBy,
    /// Everybody together.
    pub all: StratumShown,
    /// The strata asked for; those of fewer than ten residents are left out: their names alone would
    /// tell that somebody is there.
    pub strata: Vec<StratumShown>,
    /// Always `none`.
    pub effects: &'static str,
}

/// By what cases are expected, and of what.
#[derive(Debug, Clone, Serialize)]
pub struct ExpectedBy {
    /// The calibration in force.
    pub calibration: String,
    /// What it gives the probability of.
    pub estimand: String,
    /// Why no cases are told; `None` when they are.
    pub not_known: Option<String>,
}

/// One stratum.
#[derive(Debug, Clone, Serialize)]
pub struct StratumShown {
    /// Who belongs to it, by dimension; empty for everybody.
    pub of: BTreeMap<&'static str, String>,
    /// Residents whom the programme is about.
    pub residents: u64,
    /// At the level in force.
    pub in_force: AtLevel,
    /// At each level; none where the programme is about fewer than ten residents.
    pub levels: Vec<AtLevel>,
}

/// One level in one stratum.
#[derive(Debug, Clone, Serialize)]
pub struct AtLevel {
    /// The level, as people write it; `None` for those in force.
    pub level: Option<String>,
    /// Residents whose lowest possible score reaches it.
    pub flagged: u64,
    /// Residents whose score lies on either side of it while something is not known.
    pub possible: u64,
    /// Residents for whom laboratory tests would be requested.
    pub laboratory: u64,
    /// Of these, drawn by lot from below the level.
    pub by_lot: u64,
    /// Residents who would be asked questions, or reminded of them.
    pub questionnaires: u64,
    /// The share of the flagged among those whom the programme is about, in per cent: least and most.
    pub share_percent: Option<[f64; 2]>,
    /// Expected cases among the flagged who are tested: least and most.
    pub expected_cases: Option<[f64; 2]>,
    /// Flagged and tested for each expected case: least and most.
    pub needed_to_test: Option<[f64; 2]>,
    /// Flagged residents more than at the level in force, or fewer; to within ten.
    pub more_flagged: i64,
    /// Laboratory requests more, or fewer; to within ten.
    pub more_laboratory: i64,
    /// Residents to be asked more, or fewer; to within ten.
    pub more_questionnaires: i64,
}

/// What may be told of the counts.
pub(super) fn shown(
    rulebook: &Rulebook,
    tally: &Tally<Vec<String>>,
    by: &[Dimension],
    not_expected: Option<NotExpected>,
) -> WhatIf {
    let unit = rulebook.model.unit;
    let (all, strata) = tally.told();
    let of = |names: Vec<String>| {
        let dimensions = by.iter().filter_map(|dimension| {
            let mut known = Dimension::NAMES.iter();
            known.find(|(_, known)| known == dimension)
        });
        dimensions.map(|(name, _)| *name).zip(names).collect()
    };
    let stratum = |names, told: &StratumTold| stratum(of(names), told, tally.levels(), unit);
    let model = &rulebook.model.header;
    let calibration = &rulebook.calibration;
    WhatIf {
        faulty: Vec::new(),
        rulebook: BookShown::from(rulebook),
        model: format!("{} {}", model.id, model.version),
        unit: unit.name(),
        in_force: rulebook
            .pathway
            .levels()
            .map(|level| written(unit, level))
            .collect(),
        index_date: String::new(),
        run: None,
        other_rules_than_the_run: false,
        register: 0,
        cut_to: TENS,
        expected_by: ExpectedBy {
            calibration: calibration.name(),
            estimand: calibration.estimand.to_string(),
            not_known: not_expected.map(|why| why.to_string()),
        },
        all: stratum(Vec::new(), &all),
        strata: if by.is_empty() {
            Vec::new()
        } else {
            strata
                .into_iter()
                .filter(|(_, told)| 0 < told.residents)
                .map(|(names, told)| stratum(names, &told))
                .collect()
        },
        effects: "none",
    }
}

/// A level with all its digits, without its unit.
fn written(unit: ScoreUnit, level: Score) -> String {
    unit.number_beside(level, level)
}

fn stratum(
    of: BTreeMap<&'static str, String>,
    told: &StratumTold,
    levels: &[Score],
    unit: ScoreUnit,
) -> StratumShown {
    let at = |level, figures: &Figures| at_level(level, figures, &told.in_force);
    StratumShown {
        of,
        residents: told.residents,
        in_force: at(None, &told.in_force),
        levels: levels
            .iter()
            .zip(&told.levels)
            .map(|(level, figures)| at(Some(written(unit, *level)), figures))
            .collect(),
    }
}

fn at_level(level: Option<String>, figures: &Figures, in_force: &Figures) -> AtLevel {
    let limits = |between: Option<Between>, scale: f64| {
        let tenth = |x: f64| x * scale * 10.0;
        between.map(|between| {
            [
                tenth(between.least).floor() / 10.0,
                tenth(between.most).ceil() / 10.0,
            ]
        })
    };
    let more = |here: u64, there: u64| here.cast_signed() - there.cast_signed();
    AtLevel {
        level,
        flagged: figures.flagged,
        possible: figures.possible,
        laboratory: figures.laboratory,
        by_lot: figures.by_lot,
        questionnaires: figures.questionnaires,
        share_percent: limits(figures.share, 100.0),
        expected_cases: limits(figures.expected, 1.0),
        needed_to_test: limits(figures.needed_to_test, 1.0),
        more_flagged: more(figures.flagged, in_force.flagged),
        more_laboratory: more(figures.laboratory, in_force.laboratory),
        more_questionnaires: more(figures.questionnaires, in_force.questionnaires),
    }
}
