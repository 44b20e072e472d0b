//! Where everybody stands, as programs and people read it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::ledger::RunRecord;
use crate::report::{
    Coverage, Offers, Standing, Standings, ToDecide, waits_for, without_small_numbers,
};
use crate::rulebook::{Language, Rulebook, Words};

/// What languages are called in which there are no texts, and those that are not known.
const OTHER: &str = "other";

/// Where everybody on the register stands, for those who operate the data folder: numbers are exact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CoverageReport {
    /// Residents on the register.
    pub register: u64,
    /// The newest run; `None` when none has decided yet.
    pub run: Option<u32>,
    /// The day as of which it decided.
    pub index_date: Option<String>,
    /// Pulls since that run: what they brought counts from the next run on.
    pub newer_pulls: u64,
    /// Whether everybody is in one standing, and every sum is the register.
    pub adds_up: bool,
    /// What does not add up, with opaque ids.
    pub unaccounted: Vec<String>,
    /// Standings in which somebody is; they add up to `register`.
    pub standings: Vec<StandingShown>,
    /// By district; `None` where it is not known or nobody's to know. They add up to `register`.
    pub by_district: Vec<GroupShown>,
    /// By language of contact; `None` where it is not known. They add up to `register`.
    pub by_language: Vec<GroupShown>,
    /// Offers of the lifestyle service that stand, by what was told of them; they add up to the residents
    /// whose newest round stands at an offer.
    pub offers: BTreeMap<String, u64>,
    /// Entries of the register that are second ones of a person who is decided about under another.
    pub second_entries: u64,
}

/// Everybody in one standing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StandingShown {
    /// Its name: a state, a state `:not-acted-on`, `to-decide:` and why, or `lost`.
    pub standing: String,
    /// How many residents.
    pub residents: u64,
    /// Since when the one is there who has been there longest.
    pub since: Option<String>,
    /// Who that is, by opaque id.
    pub longest: Option<String>,
    /// For whom they wait; `None` for nobody.
    pub waits_for: Option<&'static str>,
    /// How many by the row of the pathway that decided: why they are there.
    pub rows: BTreeMap<String, u64>,
}

/// The residents of one district or language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupShown {
    /// Its name.
    pub name: Option<String>,
    /// How many residents; the standings add up to them.
    pub residents: u64,
    /// How many in each standing in which somebody is.
    pub standings: BTreeMap<String, u64>,
}

/// The same for others than the operators: without small numbers, ids and days, and without standings
/// by district or language, by which hidden numbers could be found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CoverageForOthers {
    /// The day as of which the newest run decided.
    pub index_date: Option<String>,
    /// Whether everybody is in one standing, and every sum is the register.
    pub adds_up: bool,
    /// Residents on the register; `None` when they are so few that it is not told.
    pub register: Option<u64>,
    /// Every standing; none when not even that may be told.
    pub standings: Vec<StandingForOthers>,
    /// Residents by district, who is in none last; none when not even that may be told.
    pub by_district: Vec<GroupForOthers>,
    /// Residents by language of contact, those without texts together as `other`; none when not even that
    /// may be told.
    pub by_language: Vec<GroupForOthers>,
}

/// How many residents are in one standing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StandingForOthers {
    /// Its name.
    pub standing: String,
    /// How many; `None` where it is not told.
    pub residents: Option<u64>,
}

/// How many residents a district or a language has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupForOthers {
    /// Its name; `None` where it is not known or nobody's to know.
    pub name: Option<String>,
    /// How many; `None` where it is not told.
    pub residents: Option<u64>,
}

/// The name of a standing in reports, in the words of a programme.
fn name(standing: Standing, words: &Words) -> String {
    match standing {
        Standing::At(state) => words.state(state).to_owned(),
        Standing::NotActedOn(state) => format!("{}:not-acted-on", words.state(state)),
        Standing::ToDecide(ToDecide::NewOnTheRegister) => {
            "to-decide:new-on-the-register".to_owned()
        }
        Standing::ToDecide(ToDecide::TakenBack) => "to-decide:taken-back".to_owned(),
        Standing::Lost => "lost".to_owned(),
    }
}

const fn whom(standing: Standing) -> Option<&'static str> {
    match standing {
        Standing::At(state) => waits_for(state),
        Standing::NotActedOn(_) => Some("a run that acts: nothing was done about it"),
        Standing::ToDecide(_) => Some("the next run, to decide"),
        Standing::Lost => Some("a person, to find out why no run decides"),
    }
}

impl CoverageReport {
    pub(super) fn of(
        rulebook: &Rulebook,
        coverage: &Coverage,
        run: Option<&RunRecord>,
        (newer_pulls, offers, second_entries): (u64, &Offers, u64),
    ) -> Self {
        let words = &rulebook.programme.words;
        let in_order = Standing::all().filter_map(|standing| {
            let line = coverage.lines.get(&standing)?;
            let rows = line.rows.iter().map(|(row, n)| (row.to_string(), *n));
            let (since, longest) = line.longest.unzip();
            Some(StandingShown {
                standing: name(standing, words),
                residents: line.n,
                since: since.map(|day| day.to_string()),
                longest: longest.map(|who| who.to_string()),
                waits_for: whom(standing),
                rows: rows.collect(),
            })
        });
        Self {
            register: coverage.register,
            run: run.map(|run| run.id),
            index_date: run.map(|run| run.index_date.clone()),
            newer_pulls,
            adds_up: coverage.adds_up(),
            unaccounted: coverage
                .unaccounted
                .iter()
                .map(ToString::to_string)
                .collect(),
            standings: in_order.collect(),
            by_district: groups(&coverage.by_district, words),
            by_language: groups(&coverage.by_language, words),
            offers: offers.shown(),
            second_entries,
        }
    }

    /// What may be told to others.
    #[must_use]
    pub fn for_others(&self, rulebook: &Rulebook) -> CoverageForOthers {
        let words = &rulebook.programme.words;
        let names: Vec<String> = Standing::all()
            .map(|standing| name(standing, words))
            .collect();
        let of = |name: &String| {
            let shown = self.standings.iter().find(|shown| shown.standing == *name);
            shown.map_or(0, |shown| shown.residents)
        };
        let counts: Vec<u64> = names.iter().map(of).collect();
        let standings = without_small_numbers(&counts, None).unwrap_or_default();
        let register = without_small_numbers(&[self.register], None).unwrap_or_default();
        CoverageForOthers {
            index_date: self.index_date.clone(),
            adds_up: self.adds_up,
            register: register.into_iter().next().flatten(),
            standings: names
                .into_iter()
                .zip(standings)
                .map(|(standing, residents)| StandingForOthers {
                    standing,
                    residents,
                })
                .collect(),
            by_district: without_places(&self.by_district),
            by_language: told(&with_texts(&self.by_language), None),
        }
    }
}

fn groups(table: &BTreeMap<Option<Arc<str>>, Standings>, words: &Words) -> Vec<GroupShown> {
    let shown = table.iter().map(|(group, standings)| GroupShown {
        name: group.as_deref().map(str::to_owned),
        residents: standings.values().sum(),
        standings: standings
            .iter()
            .map(|(standing, n)| (name(*standing, words), *n))
            .collect(),
    });
    shown.collect()
}

/// Districts: how many are in none is never told, nor whether anybody is, since those whose place nobody
/// may know are among them.
fn without_places(groups: &[GroupShown]) -> Vec<GroupForOthers> {
    let (nowhere, places): (Vec<GroupShown>, Vec<GroupShown>) = groups
        .iter()
        .cloned()
        .partition(|group| group.name.is_none());
    let nowhere = nowhere.into_iter().next().unwrap_or(GroupShown {
        name: None,
        residents: 0,
        standings: BTreeMap::new(),
    });
    let last = places.len();
    told(&[places, vec![nowhere]].concat(), Some(last))
}

/// Languages in which there are texts, and all others together: the name of a rare one alone would tell
/// that somebody is there.
fn with_texts(groups: &[GroupShown]) -> Vec<GroupShown> {
    let mut residents: BTreeMap<&str, u64> = BTreeMap::new();
    for group in groups {
        let language = group.name.as_deref().and_then(Language::of);
        let name = language.map_or(OTHER, Language::code);
        *residents.entry(name).or_default() += group.residents;
    }
    let groups = residents.into_iter().map(|(name, residents)| GroupShown {
        name: Some(name.to_owned()),
        residents,
        standings: BTreeMap::new(),
    });
    groups.collect()
}

fn told(groups: &[GroupShown], never: Option<usize>) -> Vec<GroupForOthers> {
    let counts: Vec<u64> = groups.iter().map(|group| group.residents).collect();
    let told = without_small_numbers(&counts, never).unwrap_or_default();
    let told = groups.iter().zip(told);
    told.map(|(group, residents)| GroupForOthers {
        name: group.name.clone(),
        residents,
    })
    .collect()
}
