//! The residents of the made-up register: who exists, and the lines about one of them, made when asked for.
//!
//! Only the ids are remembered, 16 bytes a Patient; everything else is a function of the seed and the resident's number.

use std::sync::OnceLock;

use jiff::civil::Date;

use super::super::calendar::Day;
use super::super::lines::{self, Lines};
use super::super::oddities::{Oddities, SecondEntry};
use super::super::person::Population;
use super::super::random::{Dice, Stream};
use super::super::register;
use super::super::scribe::{Detail, resource_id};
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
        let mut written = Lines::default();
        register::write_one(
            &self.population,
            Detail::Compact,
            number,
            &[kind],
            &mut written,
        );
        let lines = written.bytes(kind).split(|byte| *byte == b'\n');
        lines
            .filter(|line| !line.is_empty())
            .map(<[u8]>::to_vec)
            .collect()
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
