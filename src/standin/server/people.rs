//! The residents of the made-up register: who exists, and the lines about one of them, made when asked for.
//!
//! Only the ids are remembered, 16 bytes a Patient; everything else is a function of the seed and the resident's number.

use std::collections::BTreeMap;
use std::sync::{OnceLock, PoisonError, RwLock};

use jiff::civil::Date;

use super::super::calendar::Day;
use super::super::health::{self, Health};
use super::super::json;
use super::super::lines::{self, Lines};
use super::super::oddities::{Oddities, SecondEntry};
use super::super::parameters::FITTED;
use super::super::person::{Person, Population};
use super::super::random::{Dice, Stream};
use super::super::register::{self, Changes};
use super::super::scribe::{Detail, Scribe, resource_id};
use super::store::{hash, parsed};

/// Everybody.
#[derive(Debug)]
pub(super) struct People {
    population: Population,
    residents: u32,
    /// Hashes of Patient ids with the resident's number, in order.
    ids: Vec<(u64, u32)>,
    /// The same for all other types, each made when somebody first reads one of its resources by id.
    others: [OnceLock<Vec<(u64, u32)>>; 7],
    /// What became of residents since the day of the register; the lock is held for a look or an entry.
    changes: RwLock<BTreeMap<u32, Changes>>,
}

impl People {
    /// The residents of a seed on a day.
    pub(super) fn new(residents: u32, seed: u64, as_of: Date) -> People {
        let mut ids = Vec::with_capacity(residents as usize + residents as usize / 100);
        for number in 0..residents {
            ids.push((hash(&[&patient_id(seed, number, 0)]), number));
            if has_second_entry(seed, number) {
                ids.push((hash(&[&patient_id(seed, number, 1)]), number));
            }
        }
        ids.sort_unstable();
        People {
            population: Population::new(seed, Day::from(as_of)),
            residents,
            ids,
            others: Default::default(),
            changes: RwLock::default(),
        }
    }

    /// How many.
    pub(super) fn count(&self) -> u32 {
        self.residents
    }

    /// The seed they were drawn with.
    pub(super) fn seed(&self) -> u64 {
        self.population.seed()
    }

    /// The number of the resident who has this Patient id.
    pub(super) fn number_of(&self, patient: &str) -> Option<u32> {
        let seed = self.seed();
        let mut candidates = with_hash(&self.ids, hash(&[patient])).into_iter();
        candidates.find(|number| (0..2).any(|n| patient_id(seed, *number, n) == patient))
    }

    /// The lines of one type about one resident, as an export would write them.
    pub(super) fn lines(&self, number: u32, kind: lines::Kind) -> Vec<Vec<u8>> {
        let changed = (kind == lines::Kind::Patient)
            .then(|| self.changed(number))
            .flatten();
        changed.unwrap_or_else(|| {
            let mut written = Lines::default();
            let place = &mut written;
            register::write_one(&self.population, Detail::Compact, number, &[kind], place);
            split(written.bytes(kind)).map(<[u8]>::to_vec).collect()
        })
    }

    /// How a resident really is.
    pub(super) fn resident(&self, number: u32) -> (Person, Health) {
        let person = self.population.resident(number);
        let health = health::live(&FITTED, &person, self.seed(), self.population.as_of());
        (person, health)
    }

    /// Lets somebody write about a resident on a later day; returns what was written.
    pub(super) fn write_later<T>(
        &self,
        number: u32,
        today: Day,
        act: impl FnOnce(&mut Scribe<'_>) -> T,
    ) -> (T, Lines) {
        register::write_later(&self.population, number, today, act)
    }

    /// From now on the register says what became of this resident.
    pub(super) fn change(&self, number: u32, change: impl FnOnce(&mut Changes)) {
        let mut changes = self.changes.write().unwrap_or_else(PoisonError::into_inner);
        change(changes.entry(number).or_default());
    }

    /// The Patients of a resident who has changed.
    fn changed(&self, number: u32) -> Option<Vec<Vec<u8>>> {
        let changes = self.changes.read().unwrap_or_else(PoisonError::into_inner);
        let changes = changes.get(&number)?;
        let mut date = Vec::new();
        json::write_day(&mut date, changes.last()?);
        let updated = format!("{}T12:00:00.000Z", String::from_utf8_lossy(&date));
        let written = register::write_changed(&self.population, number, changes);
        let stamped = split(written.bytes(lines::Kind::Patient)).map(|line| {
            let mut patient = parsed(line);
            patient["meta"]["lastUpdated"] = updated.clone().into();
            patient.to_string().into_bytes()
        });
        Some(stamped.collect())
    }

    /// The id of a resident's first Patient.
    pub(super) fn patient_of(&self, number: u32) -> String {
        patient_id(self.seed(), number, 0)
    }

    /// Noon of the register's day in milliseconds since 1970: by then everything on it was recorded.
    pub(super) fn recorded_by(&self) -> i64 {
        (i64::from(self.population.as_of().0) * 24 + 12) * 3_600_000
    }

    /// False when nothing of this type was updated about a resident after a moment: then nobody has to be made up.
    pub(super) fn has_news(&self, number: u32, kind: lines::Kind, since: Option<i64>) -> bool {
        let register_ends = (i64::from(self.population.as_of().0) + 1) * 86_400_000;
        if since.is_none_or(|since| since < register_ends) {
            return true;
        }
        let changes = self.changes.read().unwrap_or_else(PoisonError::into_inner);
        kind == lines::Kind::Patient && changes.contains_key(&number)
    }

    /// Adds the lines of one type about a resident, as an export has them: repeats come when it finishes the lines.
    pub(super) fn write(&self, number: u32, kind: lines::Kind, lines: &mut Lines) {
        if kind == lines::Kind::Patient {
            for patient in self.lines(number, kind) {
                lines.add(kind, false, |line| line.extend_from_slice(&patient));
            }
        } else {
            register::write_one(&self.population, Detail::Compact, number, &[kind], lines);
        }
    }

    /// The register's resource with this id.
    pub(super) fn line(&self, kind: lines::Kind, id: &str) -> Option<Vec<u8>> {
        let numbers = if kind == lines::Kind::Patient {
            self.number_of(id).into_iter().collect()
        } else {
            let index = self.others[kind.place()].get_or_init(|| self.index(kind));
            with_hash(index, hash(&[id]))
        };
        let mut lines = numbers
            .into_iter()
            .flat_map(|number| self.lines(number, kind));
        lines.find(|line| parsed(line)["id"] == id)
    }

    fn index(&self, kind: lines::Kind) -> Vec<(u64, u32)> {
        let mut index = Vec::new();
        for number in 0..self.residents {
            for line in self.lines(number, kind) {
                let id = parsed(&line)["id"].as_str().map(|id| hash(&[id]));
                index.extend(id.map(|id| (id, number)));
            }
        }
        index.sort_unstable();
        index
    }
}

/// Lines without their ends.
fn split(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
}

/// The numbers of those with this hash.
fn with_hash(index: &[(u64, u32)], wanted: u64) -> Vec<u32> {
    let first = index.partition_point(|(id, _)| *id < wanted);
    let same = index[first..].iter().take_while(|(id, _)| *id == wanted);
    same.map(|(_, number)| *number).collect()
}

fn patient_id(seed: u64, number: u32, entry: u32) -> String {
    resource_id(seed, number, lines::Kind::Patient, entry)
}

fn has_second_entry(seed: u64, number: u32) -> bool {
    let oddities = Oddities::draw(&mut Dice::of(seed, number, Stream::Oddities));
    oddities.second_entry != SecondEntry::None
}
