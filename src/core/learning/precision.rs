//! How often the programme is right, for whom and when: by sex, age, language, district, quarter and
//! laboratory; how soon after the flag, and by which tests.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::burden::Burden;
use super::cases::{Case, Round, ScoreBand, score_bands};
use super::figures::{Counts, proportion};
use super::gates::{named, quarter};
use super::uptake::uptake_figures;
use crate::calibration::{FEWEST_IN_GROUP, Figure, NotIdentifiable};
use crate::outcomes::{Decided, Outcome, Verification, verifying_tests};
use crate::rulebook::{Category, Model, Rulebook, Score};

/// A decision that stands for somebody, with whom it is about and how it was found out.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupedCase {
    /// The decision and what became of it.
    pub case: Case,
    /// Day zero; nothing for a decision that does not count.
    pub index_date: Option<Date>,
    /// Language of contact, as tables call it.
    pub language: String,
    /// District; nothing where it is not known, or nobody's to know.
    pub district: Option<String>,
    /// Whose results they were; nothing where there were none.
    pub laboratory: Option<String>,
    /// By which tests, and when.
    pub verification: Verification,
}

/// By what people are told apart. Bands of scores and rounds are told apart before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grouping {
    /// Legal sex.
    Sex,
    /// Ten years of age on the index date.
    Age,
    /// Language of contact.
    Language,
    /// District.
    District,
    /// Quarter of the index date.
    Quarter,
}

impl Grouping {
    /// Every one, in the order of reports.
    pub const ALL: [Self; 5] = [
        Self::Sex,
        Self::Age,
        Self::Language,
        Self::District,
        Self::Quarter,
    ];

    /// The name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sex => "sex",
            Self::Age => "age",
            Self::Language => "language",
            Self::District => "district",
            Self::Quarter => "quarter",
        }
    }

    /// The group of somebody; nothing for who is in none.
    fn of(self, one: &GroupedCase) -> Option<String> {
        match self {
            Self::Sex => Some(one.case.sex.name().to_owned()),
            Self::Age => Some(one.case.age.map_or("unknown".to_owned(), |age| {
                let from = age.div_euclid(10) * 10;
                format!("{from}-{}", from + 9)
            })),
            Self::Language => Some(one.language.clone()),
            Self::District => one.district.clone(),
            Self::Quarter => one.index_date.map(|on| {
                let quarter = quarter(on);
                named(quarter, quarter)
            }),
        }
    }
}

/// Days within which so many of the diagnosed had their diagnosis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quartiles {
    /// A quarter.
    pub lower: i32,
    /// Half.
    pub median: i32,
    /// Three quarters.
    pub upper: i32,
}

/// How long it took from the flag to the diagnosis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeadTime {
    /// Flagged residents who were diagnosed within the horizon: the denominator.
    pub diagnosed: usize,
    /// Days from the index date to the professional's word, or why they are not given.
    pub days: Result<Quartiles, NotIdentifiable>,
}

/// Figures of some of the flagged whose horizon is over.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupFigures {
    /// Who they are.
    pub name: String,
    /// Tests were ordered for so many.
    pub ordered: usize,
    /// So many of them had all tests.
    pub tested: usize,
    /// Of the tested so many were confirmed.
    pub confirmed: usize,
    /// Of those ordered for so many were diagnosed, tested or not.
    pub diagnosed: usize,
    /// `tested / ordered`.
    pub uptake: Figure,
    /// `diagnosed / ordered`.
    pub ppv_per_order: Figure,
    /// `confirmed / tested`.
    pub ppv_per_result: Figure,
    /// Share of the ordered who would be confirmed if all came, were those who did like the others of their
    /// band, sex and age.
    pub ppv_if_all_came: Figure,
    /// From the flag to the diagnosis.
    pub lead_time: LeadTime,
}

/// The flagged told apart in one way.
#[derive(Debug, Clone, PartialEq)]
pub struct Grouped {
    /// By what.
    pub by: Grouping,
    /// Groups by name.
    pub groups: Vec<GroupFigures>,
    /// Tests were ordered for so many who are in no group: their place is not known, or nobody's to know.
    pub in_none: usize,
}

/// What the results of one laboratory said. Who had no result has no laboratory, so that there is no uptake.
#[derive(Debug, Clone, PartialEq)]
pub struct LaboratoryFigures {
    /// Whose results they were.
    pub name: String,
    /// So many of the flagged had all tests, with results from there.
    pub tested: usize,
    /// Of them so many were confirmed.
    pub confirmed: usize,
    /// `confirmed / tested`.
    pub ppv_per_result: Figure,
}

/// How often one test was done, and said something, among the verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestCounts {
    /// Its name in a sentence.
    pub name: String,
    /// Of the diagnosed so many had a result before the diagnosis.
    pub diagnosed_with_result: usize,
    /// Of these so many had one in the range of the disease.
    pub diagnosed_in_range: usize,
    /// Of the verified negatives so many had a result.
    pub negatives_with_result: usize,
}

/// By which tests outcomes were found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct References {
    /// Diagnosed within the horizon, whether all tests were done or not.
    pub diagnosed: usize,
    /// Of them so many had no result in the range of the disease before it.
    pub diagnosed_without_range: usize,
    /// All tests done, and nobody confirmed anything.
    pub negatives: usize,
    /// The tests, in the order of the rules.
    pub tests: Vec<TestCounts>,
}

/// One round's precision by group.
#[derive(Debug, Clone, PartialEq)]
pub struct RoundPrecision {
    /// Which.
    pub round: Round,
    /// Flagged residents who are in no figure: their horizon is not over, or the disease was there before.
    pub not_counted: usize,
    /// All flagged whose horizon is over.
    pub all: GroupFigures,
    /// The same people told apart.
    pub grouped: Vec<Grouped>,
    /// The tested among them by laboratory.
    pub laboratories: Vec<LaboratoryFigures>,
    /// By which tests the flagged were found out.
    pub flagged_by: References,
    /// By which tests the sampled negatives were: another mix of tests finds another share.
    pub sampled_by: References,
}

/// How often the programme is right, for whom, and what it asks of people.
#[derive(Debug, Clone, PartialEq)]
pub struct PrecisionByGroup {
    /// Months of the horizon.
    pub horizon_months: u16,
    /// First rounds, then repeat rounds where there are any.
    pub rounds: Vec<RoundPrecision>,
    /// Orders and tasks a week; nothing when there have been none.
    pub burden: Option<Burden>,
}

/// Tells apart for whom the programme is right.
///
/// Cases that stand for nobody are left out. Only the flagged are in groups: a sampled negative stands
/// for many, and few of them are in any group.
#[must_use]
pub fn precision_by_group(
    rulebook: &Rulebook,
    cases: &[GroupedCase],
    burden: Option<Burden>,
) -> PrecisionByGroup {
    let of_round = |round: Round| -> Vec<&GroupedCase> {
        let cases = cases.iter().filter(|one| one.case.round == round);
        cases.filter(|one| one.case.is_asked()).collect()
    };
    let (first, repeat) = (of_round(Round::First), of_round(Round::Repeat));
    let mut rounds = vec![round_precision(rulebook, Round::First, &first)];
    if !repeat.is_empty() {
        rounds.push(round_precision(rulebook, Round::Repeat, &repeat));
    }
    PrecisionByGroup {
        horizon_months: rulebook.calibration.estimand.horizon_months,
        rounds,
        burden,
    }
}

fn round_precision(rulebook: &Rulebook, round: Round, cases: &[&GroupedCase]) -> RoundPrecision {
    let (flagged, sampled): (Vec<&GroupedCase>, Vec<&GroupedCase>) = cases
        .iter()
        .partition(|one| one.case.decided == Decided::Flagged);
    let n_flagged = flagged.len();
    let counted = |cases: Vec<&'_ GroupedCase>| -> Vec<GroupedCase> {
        let counted = cases.into_iter().filter(|one| one.case.outcome.counts());
        counted.cloned().collect()
    };
    let (flagged, sampled) = (counted(flagged), counted(sampled));
    let at = Level {
        model: &rulebook.model,
        level: rulebook.pathway.lowest_level(),
        bands: score_bands(&rulebook.model, rulebook.pathway.lowest_level()),
    };
    let everybody: Vec<&GroupedCase> = flagged.iter().collect();
    RoundPrecision {
        round,
        not_counted: n_flagged - flagged.len(),
        all: at.figures("all flagged".to_owned(), &everybody),
        grouped: Grouping::ALL.map(|by| at.grouped(by, &flagged)).into(),
        laboratories: laboratories(&flagged),
        flagged_by: references(rulebook, &flagged),
        sampled_by: references(rulebook, &sampled),
    }
}

/// From which score on tests are ordered, and the bands in which those who come are like the others.
struct Level<'a> {
    model: &'a Model,
    level: Score,
    bands: Vec<ScoreBand>,
}

impl Level<'_> {
    fn grouped(&self, by: Grouping, flagged: &[GroupedCase]) -> Grouped {
        let mut groups: BTreeMap<String, Vec<&GroupedCase>> = BTreeMap::new();
        let mut in_none = 0;
        for one in flagged {
            match by.of(one) {
                Some(name) => groups.entry(name).or_default().push(one),
                None => in_none += 1,
            }
        }
        let groups = groups.into_iter();
        Grouped {
            by,
            groups: groups
                .map(|(name, people)| self.figures(name, &people))
                .collect(),
            in_none,
        }
    }

    fn figures(&self, name: String, people: &[&GroupedCase]) -> GroupFigures {
        let cases: Vec<Case> = people.iter().map(|one| one.case).collect();
        let counts = Counts::of(&cases);
        let at = (self.model, self.level);
        let if_unlike = uptake_figures(at, &self.bands, (&cases, &[]));
        GroupFigures {
            name,
            ordered: counts.ordered,
            tested: counts.tested,
            confirmed: counts.confirmed,
            diagnosed: counts.found,
            uptake: proportion(counts.tested, counts.ordered),
            ppv_per_order: proportion(counts.found, counts.ordered),
            ppv_per_result: proportion(counts.confirmed, counts.tested),
            ppv_if_all_came: if_unlike.ppv.alike_in_kind,
            lead_time: lead_time(people),
        }
    }
}

fn lead_time(people: &[&GroupedCase]) -> LeadTime {
    let diagnosed = people.iter().filter(|one| one.case.outcome.is_confirmed());
    let days = diagnosed.filter_map(|one| one.verification.days_to_diagnosis);
    let mut days: Vec<i32> = days.collect();
    days.sort_unstable();
    LeadTime {
        diagnosed: days.len(),
        days: quartiles(&days),
    }
}

/// The fewest days within which a quarter, half and three quarters have their diagnosis.
fn quartiles(sorted: &[i32]) -> Result<Quartiles, NotIdentifiable> {
    if sorted.len() < FEWEST_IN_GROUP {
        return Err(NotIdentifiable::TooFewPeople {
            found: sorted.len(),
            needed: FEWEST_IN_GROUP,
        });
    }
    let within = |quarters: usize| sorted[(sorted.len() * quarters).div_ceil(4) - 1];
    Ok(Quartiles {
        lower: within(1),
        median: within(2),
        upper: within(3),
    })
}

fn laboratories(flagged: &[GroupedCase]) -> Vec<LaboratoryFigures> {
    let mut by_name: BTreeMap<&str, Vec<Case>> = BTreeMap::new();
    let tested = flagged
        .iter()
        .filter(|one| one.case.outcome.verified().is_some());
    for one in tested {
        let name = one.laboratory.as_deref().unwrap_or("unknown");
        by_name.entry(name).or_default().push(one.case);
    }
    let figures = by_name.into_iter().map(|(name, cases)| {
        let counts = Counts::of(&cases);
        LaboratoryFigures {
            name: name.to_owned(),
            tested: counts.tested,
            confirmed: counts.confirmed,
            ppv_per_result: proportion(counts.confirmed, counts.tested),
        }
    });
    figures.collect()
}

fn references(rulebook: &Rulebook, cases: &[GroupedCase]) -> References {
    let of = |wanted: fn(Outcome) -> bool| -> Vec<&Verification> {
        let cases = cases.iter().filter(|one| wanted(one.case.outcome));
        cases.map(|one| &one.verification).collect()
    };
    let diagnosed = of(|outcome| matches!(outcome, Outcome::Positive { .. }));
    let negatives = of(|outcome| matches!(outcome, Outcome::Negative(_)));
    let is_in_range = |category: Category| Category::DiseaseRange <= category;
    let without_range = diagnosed.iter().filter(|found| {
        let mut results = found.results.iter();
        !results.any(|result| is_in_range(result.category))
    });
    let tests = verifying_tests(rulebook).into_iter().map(|test| {
        let with = |found: &&&Verification| found.results.iter().any(|one| one.test == test);
        let in_range = |found: &&&Verification| {
            let mut results = found.results.iter();
            results.any(|one| one.test == test && is_in_range(one.category))
        };
        TestCounts {
            name: rulebook.catalogue.definition(test).name.clone(),
            diagnosed_with_result: diagnosed.iter().filter(with).count(),
            diagnosed_in_range: diagnosed.iter().filter(in_range).count(),
            negatives_with_result: negatives.iter().filter(with).count(),
        }
    });
    References {
        diagnosed: diagnosed.len(),
        diagnosed_without_range: without_range.count(),
        negatives: negatives.len(),
        tests: tests.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quartile_is_the_day_by_which_that_share_has_its_diagnosis() {
        let days: Vec<i32> = (1..=10).collect();
        let found = quartiles(&days).expect("ten people");
        assert_eq!((found.lower, found.median, found.upper), (3, 5, 8));
        let days: Vec<i32> = (1..=12).collect();
        let found = quartiles(&days).expect("twelve people");
        assert_eq!((found.lower, found.median, found.upper), (3, 6, 9));
        let few = NotIdentifiable::TooFewPeople {
            found: 9,
            needed: 10,
        };
        assert_eq!(quartiles(&[7; 9]), Err(few));
    }
}
