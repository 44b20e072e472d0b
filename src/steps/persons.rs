//! Persons: entries of the register that are of one person are decided about as one.
//!
//! A pull ends with settling which entries are of one person: those that the source links as such
//! (`replaced-by`, `replaces`), and those with the same valid national identifier, unless they contradict
//! each other. What was settled is on record by pull, so that a run is decided again as it saw it. The entry
//! that leads has the facts of all; the others are on the register as second entries and ask for nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Span;
use jiff::civil::Date;

use super::{DataFolder, StepError};
use crate::delivery::TaskCode;
use crate::fhir::PatientEntry;
use crate::lake::RegisterRow;
use crate::ledger::{EntryLink, EpisodeMap, NewTask};
use crate::pathway::Stage;
use crate::profile::{
    Candidate, Death, Fact, PersonStanding, Register, ResidentId, Rounds, persons,
};
use crate::rulebook::{Catalogue, Priority};

/// Days within which somebody looks at entries that contradict each other or have parted.
const LOOK_WITHIN_DAYS: i64 = 7;

/// Settles which entries are of one person, as of the newest pull; `today` is the day of what a person is
/// to look at. Does nothing when nothing has changed.
///
/// # Errors
///
/// When lake or ledger cannot be read, or the ledger cannot be written.
pub(super) fn settle(data: &mut DataFolder, today: Date) -> Result<(), StepError> {
    let Some(pull) = data.ledger.pulls()?.last().map(|pull| pull.id) else {
        return Ok(());
    };
    let before = data.ledger.persons(u32::MAX)?;
    let (pairs, replaced) = pairs(data)?;
    let mut wanted: BTreeSet<ResidentId> = before.keys().copied().collect();
    wanted.extend(pairs.iter().flat_map(|(one, other)| [*one, *other]));
    if wanted.is_empty() {
        return Ok(());
    }
    let (episodes, _) = data.ledger.episodes(None)?;
    let hidden = data.ledger.non_disclosed()?;
    let led: BTreeSet<ResidentId> = before
        .iter()
        .map(|(resident, standing)| standing.lead(*resident))
        .collect();
    let mut candidates = Vec::new();
    for row in data.store.register(None)? {
        if wanted.contains(&row.resident) {
            candidates.push(Candidate {
                resident: row.resident,
                birth: row.register.birth,
                sex: row.register.sex,
                is_hidden: hidden.contains(&row.resident),
                is_replaced: replaced.contains(&row.resident),
                rounds: rounds(&episodes, row.resident),
                led_before: led.contains(&row.resident),
            });
        }
    }
    let now = persons(&candidates, &pairs);
    let standing = |of: &BTreeMap<ResidentId, PersonStanding>, resident: &ResidentId| {
        of.get(resident).copied().unwrap_or(PersonStanding::Alone)
    };
    let changed: Vec<(ResidentId, PersonStanding)> = now
        .iter()
        .filter(|(resident, is)| **is != standing(&before, resident))
        .map(|(resident, is)| (*resident, *is))
        .collect();
    if changed.is_empty() {
        return Ok(());
    }
    let asked: Vec<NewTask> = changed
        .iter()
        .filter_map(|(resident, is)| {
            let was = standing(&before, resident);
            let had_rounds = rounds(&episodes, was.lead(*resident)) != Rounds::None;
            let code = match (was, is) {
                (_, PersonStanding::Unclear) => TaskCode::EntriesUnclear,
                // Whatever was done while they were one was done for one of the two.
                (PersonStanding::United(_), PersonStanding::Alone) if had_rounds => {
                    TaskCode::EntriesParted
                }
                (_, PersonStanding::United(_) | PersonStanding::Alone) => return None,
            };
            Some(NewTask {
                resident: *resident,
                code: code.name().to_owned(),
                priority: Priority::Soon,
                opened_on: today,
                due: today.saturating_add(Span::new().days(LOOK_WITHIN_DAYS)),
                about: None,
            })
        })
        .collect();
    Ok(data.ledger.settle_persons(pull, &changed, &asked)?)
}

type Pairs = Vec<(ResidentId, ResidentId)>;

/// Which entries are said to be of one person, and those that another replaces.
fn pairs(data: &DataFolder) -> Result<(Pairs, BTreeSet<ResidentId>), StepError> {
    let links = data.ledger.entry_links(u32::MAX)?;
    let each = links.iter();
    let mut pairs: Pairs = each
        .flat_map(|(resident, links)| links.iter().map(|link| (*resident, link.other)))
        .collect();
    let replaced = replaced(&links);
    for group in data.ledger.entries_that_share()? {
        pairs.extend(group.windows(2).map(|pair| (pair[0], pair[1])));
    }
    Ok((pairs, replaced))
}

/// Entries that another one replaces, by what either says.
fn replaced(links: &BTreeMap<ResidentId, BTreeSet<EntryLink>>) -> BTreeSet<ResidentId> {
    let each = links
        .iter()
        .flat_map(|(resident, links)| links.iter().map(|link| (*resident, *link)));
    each.map(|(resident, link)| match link.gives_way {
        true => resident,
        false => link.other,
    })
    .collect()
}

fn rounds(episodes: &EpisodeMap, resident: ResidentId) -> Rounds {
    match episodes.get(&resident).map(|episode| &episode.stage) {
        None => Rounds::None,
        Some(Stage::Closed { .. } | Stage::OfferedPrevention { .. }) => Rounds::Over,
        Some(
            Stage::Eligible
            | Stage::Queued { .. }
            | Stage::Asked { .. }
            | Stage::Ordered { .. }
            | Stage::Confirming { .. }
            | Stage::WithANurse { .. },
        ) => Rounds::Open,
    }
}

/// What an entry says about others of the same person: that one replaces the other. What it only refers to
/// may be somebody else.
pub(super) fn entry_links(entry: &PatientEntry) -> BTreeSet<EntryLink> {
    let links = entry.links.iter().filter_map(|link| {
        let gives_way = match link.kind.as_str() {
            "replaced-by" => true,
            "replaces" => false,
            _ => return None,
        };
        let other = link.other;
        Some(EntryLink { other, gives_way })
    });
    links.collect()
}

/// Of two entries of one person, the death that one of them tells; the earlier where both tell a day.
fn first_death(one: Death, other: Death) -> Death {
    match (one, other) {
        (Death::On(a), Death::On(b)) => Death::On(a.min(b)),
        (Death::On(day), Death::Alive | Death::Undated)
        | (Death::Alive | Death::Undated, Death::On(day)) => Death::On(day),
        (Death::Undated, _) | (_, Death::Undated) => Death::Undated,
        (Death::Alive, Death::Alive) => Death::Alive,
    }
}

/// About whom something is read: for one person a city is not read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Whom {
    /// All of the register.
    Everybody,
    /// The person of this entry.
    Person(ResidentId),
}

/// Which entries give way to which, as some pulls have left it.
#[derive(Debug, Default)]
pub(super) struct Persons {
    gives_way_to: BTreeMap<ResidentId, ResidentId>,
    /// Entries of them that another one replaces in the source; one of these can lead all the same.
    replaced: BTreeSet<ResidentId>,
}

impl Persons {
    /// After the pulls up to one.
    pub(super) fn of(data: &DataFolder, last: u32) -> Result<Self, StepError> {
        let standings = data.ledger.persons(last)?.into_iter();
        let gives_way_to = standings.filter_map(|(resident, standing)| {
            let lead = standing.lead(resident);
            (lead != resident).then_some((resident, lead))
        });
        let gives_way_to: BTreeMap<ResidentId, ResidentId> = gives_way_to.collect();
        let replaced = match gives_way_to.is_empty() {
            true => BTreeSet::new(),
            false => replaced(&data.ledger.entry_links(last)?),
        };
        Ok(Self {
            gives_way_to,
            replaced,
        })
    }

    /// What the register says of people with several entries, by each of their entries, up to a pull: dead
    /// when any entry says so, and living where that entry says which was written last and is not replaced.
    /// One that is replaced is written anew when that is found out, with an address that nobody keeps.
    pub(super) fn registered(
        &self,
        data: &DataFolder,
        last: u32,
        about: Whom,
    ) -> Result<HashMap<ResidentId, Register>, StepError> {
        let mut registered = HashMap::new();
        if self.gives_way_to.is_empty() {
            return Ok(registered);
        }
        let leads: BTreeSet<ResidentId> = self.gives_way_to.values().copied().collect();
        let mut of_person: BTreeMap<ResidentId, BTreeMap<ResidentId, RegisterRow>> =
            BTreeMap::new();
        for row in self.versions(data, about)? {
            let lead = self.lead_of(row.resident);
            let lead = lead.or_else(|| leads.get(&row.resident).copied());
            if let Some(lead) = lead.filter(|_| row.version.pull <= last) {
                // Versions come in order: the newest of each entry stays.
                let entries = of_person.entry(lead).or_default();
                entries.insert(row.resident, row);
            }
        }
        for entries in of_person.into_values() {
            let is_kept = |entry: &ResidentId| !self.replaced.contains(entry);
            let newest = entries
                .iter()
                .max_by_key(|(entry, row)| (is_kept(entry), row.version));
            let newest = newest.map(|(_, row)| row);
            let Some(residence) = newest.map(|row| row.register.residence) else {
                continue;
            };
            let deaths = entries.values().map(|row| row.register.death);
            let death = deaths.reduce(first_death).unwrap_or(Death::Alive);
            let each = entries.into_iter().map(|(entry, row)| {
                let register = Register {
                    death,
                    residence,
                    ..row.register
                };
                (entry, register)
            });
            registered.extend(each);
        }
        Ok(registered)
    }

    /// Every version of the register entries of some people, sorted by resident and version.
    fn versions(&self, data: &DataFolder, about: Whom) -> Result<Vec<RegisterRow>, StepError> {
        let resident = match about {
            Whom::Everybody => return Ok(data.store.register_versions(None)?),
            Whom::Person(resident) => resident,
        };
        let mut versions = Vec::new();
        for entry in self.entries_of(resident) {
            versions.extend(data.store.register_versions(Some(entry))?);
        }
        Ok(versions)
    }

    /// All entries of the person of one of them, in order; nobody where there is no other.
    fn entries_of(&self, resident: ResidentId) -> BTreeSet<ResidentId> {
        let lead = self.lead_of(resident).unwrap_or(resident);
        let mut entries: BTreeSet<ResidentId> = self.others_of(lead).collect();
        if !entries.is_empty() {
            entries.insert(lead);
        }
        entries
    }

    /// The entry that leads the person of another one.
    pub(super) fn lead_of(&self, resident: ResidentId) -> Option<ResidentId> {
        self.gives_way_to.get(&resident).copied()
    }

    /// The entries that lead the persons of second entries.
    pub(super) fn leads_of(&self, entries: &BTreeSet<ResidentId>) -> BTreeSet<ResidentId> {
        let leads = entries.iter().filter_map(|entry| self.lead_of(*entry));
        leads.collect()
    }

    /// How many entries give way to another.
    pub(super) fn n_second_entries(&self) -> u64 {
        self.gives_way_to.len() as u64
    }

    /// The other entries of the person that one leads.
    pub(super) fn others_of(&self, lead: ResidentId) -> impl Iterator<Item = ResidentId> {
        let all = self.gives_way_to.iter();
        all.filter(move |(_, of)| **of == lead)
            .map(|(other, _)| *other)
    }

    /// The facts that second entries tell of their persons, by the leading entry, up to a pull.
    pub(super) fn facts(
        &self,
        data: &DataFolder,
        catalogue: &Catalogue,
        last: u32,
        about: Whom,
    ) -> Result<HashMap<ResidentId, Vec<Fact>>, StepError> {
        let mut told: HashMap<ResidentId, Vec<Fact>> = HashMap::new();
        let mut add = |lead: ResidentId, facts: &[Fact]| {
            let seen = facts.iter().filter(|fact| fact.version.pull <= last);
            told.entry(lead).or_default().extend(seen);
        };
        let mut facts = Vec::new();
        match about {
            Whom::Everybody if self.gives_way_to.is_empty() => {}
            Whom::Everybody => {
                let mut stored = data.store.facts(catalogue, None)?;
                for (other, lead) in &self.gives_way_to {
                    facts.clear();
                    stored.take_until(*other, &mut facts)?;
                    add(*lead, &facts);
                }
            }
            Whom::Person(resident) => {
                let lead = self.lead_of(resident).unwrap_or(resident);
                for other in self.others_of(lead) {
                    facts.clear();
                    let mut stored = data.store.facts(catalogue, Some(other))?;
                    stored.take_until(other, &mut facts)?;
                    add(lead, &facts);
                }
            }
        }
        Ok(told)
    }
}
