//! What if the action level were another: for how many, whom, and at which cost in tests and questions.
//!
//! One pass over the register serves every level. Nothing is stored and nobody is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;

use super::cases::{Along, OTHER, along, language_of, tens_of_age};
use super::faulty::faulty_in;
use super::in_force::{InForce, as_pinned, in_force};
use super::run::{checked_pulls, lot_of};
use super::seen::entry_until;
use super::sources::Sources;
use super::what_if_document::{WhatIf, shown};
use super::{DataFolder, StepError, sampling};
use crate::lake::RegisterRow;
use crate::ledger::RunRecord;
use crate::pathway;
use crate::planning::{Expecting, Levels, Reading, Tally};
use crate::profile::{Fact, ResidentId};
use crate::rulebook::Rulebook;

/// By what residents are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dimension {
    /// The district of the register. Who is in none is counted with the smallest districts, as `other`.
    District,
    /// The sex of the register.
    Sex,
    /// Age on the index date, in tens of years.
    Age,
    /// The language of contact, where there are texts in it.
    Language,
}

impl Dimension {
    /// The names on the command line.
    pub const NAMES: [(&'static str, Self); 4] = [
        ("district", Self::District),
        ("sex", Self::Sex),
        ("age", Self::Age),
        ("language", Self::Language),
    ];
}

/// The day and the state of knowledge to count on.
#[derive(Debug, Clone, Copy)]
pub enum AsOf {
    /// All that is known now, as of a day.
    Day(Date),
    /// What a run saw: its day, facts, rounds, lot and accepted recalibration.
    Run(u32),
}

/// Which levels, for whom.
#[derive(Debug, Clone)]
pub struct WhatIfOptions<'a> {
    /// The levels.
    pub levels: Levels,
    /// By what residents are told apart, in the order of the report.
    pub by: &'a [Dimension],
    /// The day and the state of knowledge.
    pub as_of: AsOf,
    /// Worker threads; the answer does not depend on it.
    pub threads: usize,
}

/// Where somebody lives, as far as it may be known.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    In(Arc<str>),
    Nowhere,
}

/// Residents who are told together.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    District(Place),
    Named(String),
}

/// Counts the register at every level.
///
/// # Errors
///
/// When nothing was pulled, the facts belong to other rules, the run is not known, or reading fails.
pub fn what_if(
    rulebook: &Rulebook,
    data: &DataFolder,
    options: &WhatIfOptions<'_>,
) -> Result<WhatIf, StepError> {
    let mut pulls = checked_pulls(rulebook, data)?;
    let runs = data.ledger.runs()?;
    let (of_run, index_date) = match options.as_of {
        AsOf::Day(day) => (None, day),
        AsOf::Run(id) => {
            let run = runs.iter().find(|run| run.id == id);
            let day = run.and_then(|run| run.index_date.parse().ok());
            (run, day.ok_or(StepError::UnknownRun(id))?)
        }
    };
    let InForce { rulebook, .. } = &match of_run {
        None => in_force(rulebook, data)?,
        Some(run) => as_pinned(rulebook, data, run)?,
    };
    let last_pull = of_run.map_or(u32::MAX, |run| run.pull);
    pulls.retain(|pull| pull.id <= last_pull);
    // Whom the newest run drew, or the run that is looked at.
    let drawing = of_run.or(runs.last());
    let sampling = drawing.map(|run| sampling::of_run(data, run));
    let sampling = sampling.transpose()?.flatten();
    let (episodes, _) = data.ledger.episodes(of_run.map(|run| run.ledger_event))?;
    let sources = Sources::of(data, rulebook, &pulls)?;
    let register = register_at(data, of_run)?;
    let residents: Vec<ResidentId> = register.iter().map(|row| row.resident).collect();
    let everybody = Along {
        store: &data.store,
        catalogue: &rulebook.catalogue,
        residents: &residents,
        threads: options.threads,
    };
    let work = |n: usize, mut facts: Vec<Fact>| -> (Vec<Part>, Reading) {
        let entry = &register[n];
        facts.retain(|fact| fact.version.pull <= last_pull);
        let profile = sources.profile(entry, facts, index_date);
        let followed = pathway::follow(rulebook, &profile, episodes.get(&entry.resident));
        let newest = followed.episode.as_ref();
        let lot = lot_of(
            rulebook,
            entry.resident,
            &profile,
            newest,
            sampling.as_ref(),
        );
        let by_level = pathway::decide_by_level(rulebook, &profile, newest, lot);
        let parts = options.by.iter();
        let parts = parts.map(|dimension| part(*dimension, entry, index_date));
        (parts.collect(), Reading::of(rulebook, by_level))
    };
    let expecting = Expecting::by(&rulebook.calibration, &rulebook.model);
    let mut tally = Tally::new(options.levels.clone(), expecting.clone().ok());
    along(everybody, work, |in_order| {
        for (stratum, reading) in in_order.flatten() {
            tally.add(stratum, &reading);
        }
        Ok(())
    })?;
    let tally = named(tally);
    let mut report = shown(rulebook, &tally, options.by, expecting.err());
    report.index_date = index_date.to_string();
    report.register = register.len() as u64;
    report.run = of_run.map(|run| run.id);
    let other = |run: &RunRecord| run.rules_fingerprint != rulebook.fingerprint;
    report.other_rules_than_the_run = of_run.is_some_and(other);
    report.faulty = faulty_in(data, rulebook)?;
    Ok(report)
}

/// The register as a run saw it, or as it is now.
fn register_at(data: &DataFolder, run: Option<&RunRecord>) -> Result<Vec<RegisterRow>, StepError> {
    let Some(run) = run else {
        return Ok(data.store.register(None)?);
    };
    let versions = data.store.register_versions(None)?;
    let entries = versions.chunk_by(|a, b| a.resident == b.resident);
    let seen = entries.filter_map(|rows| entry_until(rows, run.pull));
    Ok(seen.cloned().collect())
}

fn part(dimension: Dimension, entry: &RegisterRow, index_date: Date) -> Part {
    match dimension {
        Dimension::District => Part::District(match &entry.district {
            Some(district) => Place::In(Arc::clone(district)),
            None => Place::Nowhere,
        }),
        Dimension::Sex => Part::Named(entry.register.sex.name().to_owned()),
        Dimension::Age => Part::Named(tens_of_age(&entry.register.birth, index_date)),
        Dimension::Language => Part::Named(language_of(entry).to_owned()),
    }
}

/// Fewer residents than these in the districts that are told together with those who live where
/// nobody may know would show how many these are.
const FEWEST_BESIDE: u64 = 10;

/// The strata under the names that are told.
///
/// Who lives where nobody may know must not be counted by subtracting all districts from everybody:
/// the smallest districts are told together with them.
fn named(tally: Tally<Vec<Part>>) -> Tally<Vec<String>> {
    let hiding = hiding(&tally.residents_by(Vec::clone));
    tally.renamed(|stratum| {
        let is_hiding = hiding.contains(&stratum);
        let names = stratum.into_iter().map(|part| match part {
            Part::District(Place::In(name)) if !is_hiding => name.to_string(),
            Part::District(_) => OTHER.to_owned(),
            Part::Named(name) => name,
        });
        names.collect()
    })
}

/// How many are hidden in a cell, and its strata with a district.
type Cell<'a> = (u64, Vec<(u64, &'a Vec<Part>)>);

/// The strata with a district that are told together with those without one.
///
/// In each cell of the other dimensions: from the smallest up, until they hold at least ten residents
/// of the programme, and as many as they hide. In every cell as soon as somebody is hidden in any, so
/// that it does not tell in which.
fn hiding(residents: &BTreeMap<Vec<Part>, u64>) -> BTreeSet<Vec<Part>> {
    let place = |stratum: &[Part]| {
        stratum.iter().find_map(|part| match part {
            Part::District(place) => Some(place.clone()),
            Part::Named(_) => None,
        })
    };
    let mut cells: BTreeMap<Vec<&Part>, Cell<'_>> = BTreeMap::new();
    let mut is_anybody_hidden = false;
    for (stratum, n) in residents {
        let others = stratum.iter();
        let others = others.filter(|part| matches!(part, Part::Named(_)));
        let (hidden, districts) = cells.entry(others.collect()).or_default();
        match place(stratum) {
            Some(Place::Nowhere) => {
                is_anybody_hidden = true;
                *hidden += n;
            }
            Some(Place::In(_)) => districts.push((*n, stratum)),
            None => {}
        }
    }
    let mut hiding = BTreeSet::new();
    if !is_anybody_hidden {
        return hiding;
    }
    for (hidden, mut districts) in cells.into_values() {
        districts.sort();
        let mut beside = 0;
        for (n, stratum) in districts {
            if hidden.max(FEWEST_BESIDE) <= beside {
                break;
            }
            beside += n;
            hiding.insert(stratum.clone());
        }
    }
    hiding
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(district: Option<&str>, sex: &str) -> Vec<Part> {
        let place = district.map_or(Place::Nowhere, |name| Place::In(name.into()));
        vec![Part::District(place), Part::Named(sex.to_owned())]
    }

    /// The districts told as `other`, by sex.
    fn told(residents: &[(Option<&str>, &str, u64)]) -> BTreeSet<(String, String)> {
        let residents = residents.iter();
        let residents = residents.map(|(district, sex, n)| (of(*district, sex), *n));
        let hiding = hiding(&residents.collect()).into_iter();
        hiding
            .map(|stratum| match &stratum[..] {
                [Part::District(Place::In(name)), Part::Named(sex)] => {
                    (name.to_string(), sex.clone())
                }
                _ => panic!("only districts hide others"),
            })
            .collect()
    }

    fn are(expected: &[(&str, &str)]) -> BTreeSet<(String, String)> {
        let expected = expected.iter();
        expected
            .map(|(name, sex)| ((*name).to_owned(), (*sex).to_owned()))
            .collect()
    }

    #[test]
    fn districts_without_residents_of_the_programme_hide_nobody() {
        let city = [
            (None, "female", 7),
            (Some("empty"), "female", 0),
            (Some("few"), "female", 9),
            (Some("more"), "female", 40),
            (Some("most"), "female", 90),
        ];
        let expected = [("empty", "female"), ("few", "female"), ("more", "female")];
        assert_eq!(told(&city), are(&expected));
    }

    #[test]
    fn as_many_are_put_together_with_the_hidden_as_these_are() {
        let city = [
            (None, "female", 60),
            (Some("a"), "female", 20),
            (Some("b"), "female", 40),
            (Some("c"), "female", 41),
        ];
        assert_eq!(told(&city), are(&[("a", "female"), ("b", "female")]));
    }

    #[test]
    fn each_cell_hides_by_its_own_districts_also_where_nobody_is_hidden() {
        let city = [
            (None, "female", 5),
            (Some("a"), "female", 20),
            (Some("b"), "female", 40),
            (Some("a"), "male", 70),
            (Some("b"), "male", 0),
            (Some("c"), "male", 30),
        ];
        let expected = [("a", "female"), ("b", "male"), ("c", "male")];
        assert_eq!(told(&city), are(&expected));
        assert_eq!(told(&city[1..]), are(&[]), "nobody is hidden");
    }
}
