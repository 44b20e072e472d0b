//! Retention: what is past its period is listed, and removed once a named person says so.
//!
//! Nothing has a period that the configuration does not give. Residents go as by an erasure, all who are
//! past at once, and stay away until the register says that they live here again. A person with several
//! entries goes as one: while one entry lives here, or something about one is under way, all stay.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::Serialize;

use super::erase::{erase_all, is_at_laboratory};
use super::persons::Persons;
use super::returning::Whereabouts;
use super::{DataFolder, StepError};
use crate::config::Retention;
use crate::ledger::{Erased, ErasedSince, Removal};
use crate::profile::{Death, Register, Residence, ResidentId};
use crate::rulebook::Rulebook;

/// What is past its period, by kind. Names nobody but those who have to wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RetentionReport {
    /// The day on which periods are over or not.
    pub on: String,
    /// Each kind that has a period.
    pub kinds: Vec<PastPeriod>,
    /// Opaque ids of residents who are past theirs, and about whom something is under way or a task is open.
    pub under_way: Vec<String>,
    /// Whether it was removed, and no trace of it is left; nothing where it was only listed.
    pub removed: Option<Removed>,
}

/// What is past its period of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PastPeriod {
    /// Which kind.
    pub kind: Kind,
    /// Its period.
    pub months: u16,
    /// How many can be removed.
    pub n: u64,
    /// The oldest day since which one of them counts.
    pub oldest: Option<String>,
}

/// What has a period of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Residents who have died or left, with everything held about them.
    Left,
    /// The bytes of lines set aside.
    LinesSetAside,
}

impl Kind {
    /// Its name on record and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::LinesSetAside => "lines-set-aside",
        }
    }
}

/// What became of a removal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Removed {
    /// No trace is left in the data folder.
    Finished,
    /// The next command that writes removes what traces are left.
    TracesLeft,
}

/// What is to happen with what is past its period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PastIs<'a> {
    /// It is listed.
    Listed,
    /// It is removed, as this record says.
    Removed(&'a Erased),
}

/// Lists what is past its period on a day, or removes it.
///
/// # Errors
///
/// When who removes it, or why, would name one of the residents, or reading or writing fails. What was
/// removed before that is on record, and the next time goes on with the rest.
pub fn retention(
    rulebook: &Rulebook,
    data: &mut DataFolder,
    periods: &Retention,
    on: Date,
    what: PastIs<'_>,
) -> Result<RetentionReport, StepError> {
    let days = days_of_pulls(rulebook, data)?;
    let mut report = RetentionReport {
        on: on.to_string(),
        kinds: Vec::new(),
        under_way: Vec::new(),
        removed: None,
    };
    let mut lines = Vec::new();
    if let Some(months) = periods.lines_set_aside_months {
        let set_aside = data.ledger.n_lines_set_aside()?;
        let past: BTreeMap<u32, (Date, u64)> = set_aside
            .into_iter()
            .filter_map(|(pull, n)| Some((pull, (*days.get(&pull)?, n))))
            .filter(|(_, (day, _))| is_past(*day, months, on))
            .collect();
        report.kinds.push(PastPeriod {
            kind: Kind::LinesSetAside,
            months,
            n: past.values().map(|(_, n)| n).sum(),
            oldest: past.values().map(|(day, _)| day.to_string()).min(),
        });
        lines.extend(past.into_keys());
    }
    let mut gone = BTreeSet::new();
    if let Some(months) = periods.left_months {
        let past = left(data, &days, |day| is_past(day, months, on))?;
        let (waiting, free): (Vec<_>, Vec<_>) = past.into_iter().partition(|one| one.is_under_way);
        let ids = waiting.into_iter().flat_map(|one| one.entries);
        report.under_way = ids.map(|resident| resident.to_string()).collect();
        report.under_way.sort();
        let oldest = free.iter().map(|one| one.left_on).min();
        gone = free.into_iter().flat_map(|one| one.entries).collect();
        report.kinds.push(PastPeriod {
            kind: Kind::Left,
            months,
            n: gone.len() as u64,
            oldest: oldest.map(|day| day.to_string()),
        });
    }
    if let PastIs::Removed(record) = what {
        for kind in report.kinds.iter().filter(|kind| 0 < kind.n) {
            let removal = Removal {
                kind: kind.kind.name(),
                months: kind.months,
                on,
                n: kind.n,
            };
            match kind.kind {
                Kind::LinesSetAside => {
                    data.ledger
                        .remove_lines_set_aside(&lines, &removal, record)?;
                }
                Kind::Left => {
                    let since = ErasedSince::PastPeriod(&removal);
                    erase_all(data, &gone, record, since)?;
                }
            }
        }
        let is_finished = data.finish_erasing()?;
        report.removed = Some(if is_finished {
            Removed::Finished
        } else {
            Removed::TracesLeft
        });
    }
    Ok(report)
}

/// Whether so many months are over: the day of the same number is the last one on which it is kept, or
/// the last of the month that has no such day.
fn is_past(since: Date, months: u16, on: Date) -> bool {
    since.saturating_add(Span::new().months(months)) < on
}

/// The day of each pull, where the programme is.
fn days_of_pulls(rulebook: &Rulebook, data: &DataFolder) -> Result<BTreeMap<u32, Date>, StepError> {
    let name = &rulebook.programme.time_zone;
    let zone = TimeZone::get(name).map_err(|_| StepError::TimeZone(name.clone()))?;
    let pulls = data.ledger.pulls()?.into_iter();
    let days = pulls.filter_map(|pull| {
        let at: Timestamp = pull.at.parse().ok()?;
        Some((pull.id, at.to_zoned(zone.clone()).date()))
    });
    Ok(days.collect())
}

/// A person of whom all entries have left.
struct Left {
    entries: Vec<ResidentId>,
    /// The day on which the last of them did.
    left_on: Date,
    is_under_way: bool,
}

/// Everybody who has left on a day that is past.
fn left(
    data: &DataFolder,
    days: &BTreeMap<u32, Date>,
    is_past: impl Fn(Date) -> bool,
) -> Result<Vec<Left>, StepError> {
    let persons = Persons::of(data, u32::MAX)?;
    let mut found: BTreeMap<ResidentId, Option<Left>> = BTreeMap::new();
    for row in data.store.register(None)? {
        let lead = persons.lead_of(row.resident).unwrap_or(row.resident);
        let told_on = days.get(&row.version.pull).copied();
        let left_on = left_on(&row.register, told_on);
        let person = found.entry(lead).or_insert_with(|| {
            Some(Left {
                entries: Vec::new(),
                left_on: Date::MIN,
                is_under_way: false,
            })
        });
        match (person.as_mut(), left_on) {
            (Some(person), Some(day)) => {
                person.entries.push(row.resident);
                person.left_on = person.left_on.max(day);
            }
            (_, None) => *person = None,
            (None, Some(_)) => {}
        }
    }
    let mut past: Vec<Left> = found.into_values().flatten().collect();
    past.retain(|person| is_past(person.left_on));
    let (episodes, _) = data.ledger.episodes(None)?;
    let tasks = data.ledger.tasks()?.into_iter();
    // Somebody is to look at them: a period that ends takes nothing off a person's list.
    let looked_at: BTreeSet<ResidentId> = tasks.map(|open| open.task.resident).collect();
    for person in &mut past {
        for resident in &person.entries {
            let is_ordered = episodes.get(resident).is_some_and(is_at_laboratory);
            let n = data.ledger.n_under_way(*resident)?;
            let is_waited_for = is_ordered || 0 < n || looked_at.contains(resident);
            person.is_under_way = person.is_under_way || is_waited_for;
        }
    }
    Ok(past)
}

/// The day on which somebody died or left, whichever came first; the day on which it was told where the
/// register does not say when. Nothing for those who are here.
fn left_on(register: &Register, told_on: Option<Date>) -> Option<Date> {
    if Whereabouts::of(register) == Whereabouts::Here {
        return None;
    }
    let died = match register.death {
        Death::Alive => None,
        Death::On(day) => Some(day),
        Death::Undated => told_on,
    };
    let moved = match register.residence {
        Residence::InArea | Residence::Unknown => None,
        Residence::MovedAway(Some(day)) => Some(day),
        Residence::MovedAway(None) | Residence::Elsewhere => told_on,
    };
    [died, moved].into_iter().flatten().min()
}
