//! The whole register under two rule books: who gains and who loses which decision.
//!
//! What comes out is for a board: numbers of fewer than five people are not told, nor those that
//! would tell them by subtraction, and who lives nowhere that may be known is in no district.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::canonical::{Texts, canonical};
use super::cases::{Along, along, language_of, tens_of_age};
use super::in_force::in_force;
use super::look_back::decides_otherwise;
use super::run::{checked_pulls, decided};
use super::sources::Sources;
use super::{DataFolder, StepError, sampling};
use crate::lake::{DecisionRow, RegisterRow};
use crate::planning;
use crate::profile::{Fact, ResidentId};
use crate::report::{SMALLEST_TOLD, without_small_numbers};
use crate::rulebook::{Change, RuleName, Rulebook, State, changes};

/// How to compare, and within which bounds.
#[derive(Debug, Clone, Copy)]
pub struct DiffOptions {
    /// The day profiles are taken.
    pub index_date: Date,
    /// Worker threads.
    pub threads: usize,
    /// What may change at most.
    pub guard: Guard,
}

/// Bounds that a change of rules must keep.
#[derive(Debug, Clone, Copy, Default)]
pub struct Guard {
    /// Residents at most whose decision changes.
    pub max_change: Option<u64>,
    /// The same in hundredths of a percent of the register; a share that comes to 1 to 4 residents is
    /// taken as 4.
    pub max_change_e4: Option<u64>,
    /// Residents at least whom the programme is about, under the new rules.
    pub min_cohort: Option<u64>,
    /// Residents at most.
    pub max_cohort: Option<u64>,
}

/// What two rule books decide differently.
#[derive(Debug, Clone, Serialize)]
pub struct RulesDiff {
    /// The older rules.
    pub old: BookShown,
    /// The newer rules.
    pub new: BookShown,
    /// The day profiles were taken.
    pub index_date: String,
    /// Residents on the register.
    pub register: u64,
    /// Residents whose decision changes; not told when fewer than five.
    pub changed: Option<u64>,
    /// Residents of whom only score, probability or reasons change; not told when fewer than five.
    pub only_scores: Option<u64>,
    /// Residents whom the programme is about under the old rules, rounded down to tens.
    pub cohort_before: u64,
    /// The same under the new rules.
    pub cohort_after: u64,
    /// Decisions that are lost and gained, by state.
    pub gained: Vec<Gained>,
    /// Bounds that are not kept, in words; empty when all are.
    pub broken: Vec<String>,
}

/// A rule book, as a comparison names it.
#[derive(Debug, Clone, Serialize)]
pub struct BookShown {
    /// The programme's id.
    pub id: String,
    /// Its version.
    pub version: String,
    /// The fingerprint.
    pub fingerprint: String,
}

impl From<&Rulebook> for BookShown {
    fn from(rulebook: &Rulebook) -> Self {
        let header = &rulebook.programme.header;
        Self {
            id: header.id.clone(),
            version: header.version.clone(),
            fingerprint: rulebook.fingerprint.clone(),
        }
    }
}

/// A decision that some lose and another that they gain.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Gained {
    /// The state they lose.
    pub from: String,
    /// The state they gain; the same with ", otherwise" when another step, question or review comes.
    pub to: String,
    /// How many; `None` where it is not told.
    pub n: Option<u64>,
    /// By the rows of the pathway that decide, old and new.
    pub by_reason: Vec<Cell>,
    /// By age in tens of years.
    pub by_age: Vec<Cell>,
    /// By sex.
    pub by_sex: Vec<Cell>,
    /// By language of contact.
    pub by_language: Vec<Cell>,
    /// By district; who is in none is not shown.
    pub by_district: Vec<Cell>,
}

/// A part of a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// Of what.
    pub name: String,
    /// How many; `None` where it is not told.
    pub n: Option<u64>,
}

/// Counts before anything is left out.
#[derive(Default)]
struct Exact {
    n: u64,
    by_reason: BTreeMap<String, u64>,
    by_age: BTreeMap<String, u64>,
    by_sex: BTreeMap<String, u64>,
    by_language: BTreeMap<String, u64>,
    by_district: BTreeMap<String, u64>,
    without_district: u64,
}

/// Decides the whole register under both rule books, each with what is in force for all.
///
/// # Errors
///
/// When nothing was pulled, the facts belong to other rules than one of the two, or reading fails.
pub fn rules_diff(
    data: &DataFolder,
    (old, new): (&Rulebook, &Rulebook),
    options: &DiffOptions,
) -> Result<RulesDiff, StepError> {
    let books = [in_force(old, data)?.rulebook, in_force(new, data)?.rulebook];
    let mut counted = Counted::default();
    let when = (options.index_date, options.threads);
    let register = both_ways(data, [&books[0], &books[1]], when, |entry, was, is| {
        counted.add(entry, was, is, options.index_date);
    })?;
    let [cohort_before, cohort_after] = counted.cohort.map(planning::told);
    let changed = counted.changed();
    let mut diff = RulesDiff {
        old: BookShown::from(old),
        new: BookShown::from(new),
        index_date: options.index_date.to_string(),
        register,
        changed: told(changed),
        only_scores: told(counted.only_scores),
        cohort_before,
        cohort_after,
        gained: counted.gained(),
        broken: Vec::new(),
    };
    diff.broken = broken(&diff, changed, options.guard);
    Ok(diff)
}

/// Decides about everybody by two rule books, on all that is known; hands both decisions over in the
/// order of the register, and says how many residents are on it.
///
/// # Errors
///
/// As [`rules_diff`].
pub(super) fn both_ways(
    data: &DataFolder,
    books: [&Rulebook; 2],
    (index_date, threads): (Date, usize),
    mut each: impl FnMut(&RegisterRow, &DecisionRow, &DecisionRow),
) -> Result<u64, StepError> {
    checked_pulls(books[0], data)?;
    let pulls = checked_pulls(books[1], data)?;
    let texts = books.map(Texts::new);
    let newest = data.ledger.newest_run()?;
    let sampling = newest
        .map(|run| sampling::of_run(data, &run))
        .transpose()?
        .flatten();
    let (episodes, _) = data.ledger.episodes(None)?;
    let sources = Sources::of(data, books[1], &pulls)?;
    let register = data.store.register(None)?;
    let residents: Vec<ResidentId> = register.iter().map(|row| row.resident).collect();
    let everybody = Along {
        store: &data.store,
        catalogue: &books[0].catalogue,
        residents: &residents,
        threads,
    };
    let work = |n: usize, facts: Vec<Fact>| -> [DecisionRow; 2] {
        let entry = &register[n];
        let profile = sources.profile(entry, facts, index_date);
        let episode = episodes.get(&entry.resident);
        [0, 1].map(|of| {
            let (book, texts) = (books[of], &texts[of]);
            let (_, decision) = decided(book, entry.resident, &profile, episode, sampling.as_ref());
            canonical(book, texts, entry.resident, &decision)
        })
    };
    along(everybody, work, |in_order| {
        for (entry, [was, is]) in register.iter().zip(in_order.flatten()) {
            each(entry, &was, &is);
        }
        Ok(())
    })?;
    Ok(register.len() as u64)
}

/// Differences between two decisions about everybody, before anything is left out.
#[derive(Default)]
pub(super) struct Counted {
    exact: BTreeMap<(String, String), Exact>,
    /// Residents of whom only score, probability or reasons differ.
    pub(super) only_scores: u64,
    /// Residents whom the programme is about, by the older and by the newer rules.
    pub(super) cohort: [u64; 2],
}

impl Counted {
    pub(super) fn add(
        &mut self,
        entry: &RegisterRow,
        was: &DecisionRow,
        is: &DecisionRow,
        index_date: Date,
    ) {
        self.cohort[0] += u64::from(is_about(was.state));
        self.cohort[1] += u64::from(is_about(is.state));
        if decides_otherwise(was, is) {
            count(&mut self.exact, entry, was, is, index_date);
        } else if was != is {
            self.only_scores += 1;
        }
    }

    /// Residents who are decided about otherwise.
    pub(super) fn changed(&self) -> u64 {
        self.exact.values().map(|exact| exact.n).sum()
    }

    /// What may be told of it.
    pub(super) fn gained(self) -> Vec<Gained> {
        // How fewer than five are spread would tell who they are.
        match told(self.changed()) {
            Some(_) => shown(self.exact),
            None => Vec::new(),
        }
    }
}

/// Whether the programme is about somebody in a state, or they are outside it.
fn is_about(state: &str) -> bool {
    let known = State::NAMES.iter().find(|(name, _)| *name == state);
    known.is_some_and(|(_, state)| state.is_in_the_programme())
}

fn count(
    exact: &mut BTreeMap<(String, String), Exact>,
    entry: &RegisterRow,
    was: &DecisionRow,
    is: &DecisionRow,
    index_date: Date,
) {
    let to = if was.state == is.state {
        format!("{}, otherwise", is.state)
    } else {
        is.state.to_owned()
    };
    let counted = exact.entry((was.state.to_owned(), to)).or_default();
    let add = |to: &mut BTreeMap<String, u64>, name: String| *to.entry(name).or_default() += 1;
    counted.n += 1;
    add(&mut counted.by_reason, format!("{} → {}", was.row, is.row));
    let age = tens_of_age(&entry.register.birth, index_date);
    add(&mut counted.by_age, age);
    add(&mut counted.by_sex, entry.register.sex.name().to_owned());
    add(&mut counted.by_language, language_of(entry).to_owned());
    match &entry.district {
        Some(district) => add(&mut counted.by_district, district.to_string()),
        None => counted.without_district += 1,
    }
}

pub(super) fn told(n: u64) -> Option<u64> {
    (n == 0 || SMALLEST_TOLD <= n).then_some(n)
}

/// What may be told of the exact counts.
fn shown(exact: BTreeMap<(String, String), Exact>) -> Vec<Gained> {
    let counts: Vec<u64> = exact.values().map(|exact| exact.n).collect();
    let Some(told) = without_small_numbers(&counts, None) else {
        return Vec::new();
    };
    let gained = exact.into_iter().zip(told).map(|(((from, to), exact), n)| {
        // Of a number that is not told no part is.
        let parts = |parts: BTreeMap<String, u64>, never_told: Option<u64>| -> Vec<Cell> {
            if n.is_none() {
                return Vec::new();
            }
            let counts: Vec<u64> = parts.values().copied().chain(never_told).collect();
            let always = never_told.map(|_| parts.len());
            let Some(told) = without_small_numbers(&counts, always) else {
                return Vec::new();
            };
            let cells = parts.into_keys().zip(told);
            cells.map(|(name, n)| Cell { name, n }).collect()
        };
        Gained {
            by_reason: parts(exact.by_reason, None),
            by_age: parts(exact.by_age, None),
            by_sex: parts(exact.by_sex, None),
            by_language: parts(exact.by_language, None),
            by_district: parts(exact.by_district, Some(exact.without_district)),
            from,
            to,
            n,
        }
    });
    gained.collect()
}

/// Bounds that are not kept. They are held against what is shown, or against a number that tells nothing small.
fn broken(diff: &RulesDiff, changed: u64, guard: Guard) -> Vec<String> {
    let share = guard
        .max_change_e4
        .map(|share| diff.register * share / 10_000)
        // A bound from 1 to 4 would tell numbers of so few people apart.
        .map(|most| match most {
            1..SMALLEST_TOLD => SMALLEST_TOLD - 1,
            most => most,
        });
    let most = [guard.max_change, share].into_iter().flatten().min();
    let mut broken = Vec::new();
    if let Some(most) = most.filter(|most| *most < changed) {
        broken.push(format!("more than {most} residents' decisions change"));
    }
    if let Some(least) = guard.min_cohort.filter(|least| diff.cohort_after < *least) {
        broken.push(format!(
            "the programme is about fewer than {least} residents under the new rules, about {}",
            diff.cohort_after
        ));
    }
    if let Some(most) = guard.max_cohort.filter(|most| *most < diff.cohort_after) {
        broken.push(format!(
            "the programme is about more than {most} residents under the new rules, about {}",
            diff.cohort_after
        ));
    }
    broken
}

impl RulesDiff {
    /// What differs between the rule files, number by number.
    #[must_use]
    pub fn changes(old: &Rulebook, new: &Rulebook) -> Vec<Change> {
        changes(&old.files, &new.files)
    }

    /// Rules whose numbers or words differ under one and the same version.
    #[must_use]
    pub fn not_raised(old: &Rulebook, new: &Rulebook, changes: &[Change]) -> Vec<RuleName> {
        let differs = |name: &&RuleName| changes.iter().any(|change| change.file == name.file);
        let names = new.names.iter().filter(differs);
        names
            .filter(|name| old.names.contains(name))
            .cloned()
            .collect()
    }
}

/// The rule book that a run here used, by the beginning of its fingerprint; nothing when it is not
/// one and only one.
///
/// # Errors
///
/// When the ledger cannot be read, or the rules do not load any more.
pub fn kept_rules(data: &DataFolder, beginning: &str) -> Result<Option<Rulebook>, StepError> {
    /// Fewer digits are likely to be something else.
    const FEWEST: usize = 6;
    if beginning.len() < FEWEST {
        return Ok(None);
    }
    let all = data.ledger.rule_books()?;
    let mut meant = all.iter().filter(|known| known.starts_with(beginning));
    let (Some(fingerprint), None) = (meant.next(), meant.next()) else {
        return Ok(None);
    };
    let files = data.ledger.rule_book(fingerprint)?;
    let book = files.map(|files| Rulebook::load_kept(&files)).transpose();
    book.map_err(StepError::KeptRules)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_share_tells_numbers_below_five_apart() {
        let book = || BookShown {
            id: String::new(),
            version: String::new(),
            fingerprint: String::new(),
        };
        let diff = RulesDiff {
            old: book(),
            new: book(),
            index_date: String::new(),
            register: 100,
            changed: None,
            only_scores: None,
            cohort_before: 0,
            cohort_after: 0,
            gained: Vec::new(),
            broken: Vec::new(),
        };
        for percent in 1..5 {
            let guard = Guard {
                max_change_e4: Some(percent * 100),
                ..Guard::default()
            };
            for changed in 0..5 {
                assert!(
                    broken(&diff, changed, guard).is_empty(),
                    "{percent} {changed}"
                );
            }
            assert_eq!(broken(&diff, 5, guard).len(), 1, "{percent}");
        }
    }
}
