//! Lines that were passed over without parsing and may take something back after all.
//!
//! A line of no interest says nothing, but a dated one may be a newer version of a statement that
//! said something. An export has each resource once, so this hardly ever happens; what is kept of
//! each line is a number that its type and id lead to, on disk. Where a line that spoke has the same
//! number, the file is read once more, and the lines with that number are parsed.

use std::collections::HashSet;
use std::path::PathBuf;

use super::StepError;
use super::harvest::{Harvest, Reader};
use crate::fhir::{Block, Glance, Lines, Resource, line_key, read_line};
use crate::lake::LakeError;

/// Bits for each number in the first sieve: one in sixteen passes by chance.
const BITS_A_KEY: u64 = 16;

/// A set of numbers that may hold others as well.
struct Sieve {
    words: Vec<u64>,
}

impl Sieve {
    fn new(n_keys: u64) -> Self {
        let n_words = (n_keys * BITS_A_KEY / 64 + 1).next_power_of_two();
        let n_words = usize::try_from(n_words).expect("memory is addressable");
        Self {
            words: vec![0; n_words],
        }
    }

    fn place(&self, key: u64) -> (usize, u64) {
        let n_words = self.words.len() as u64;
        let word = usize::try_from((key >> 6) & (n_words - 1)).expect("it is below the length");
        (word, 1 << (key & 63))
    }

    fn add(&mut self, key: u64) {
        let (word, bit) = self.place(key);
        self.words[word] |= bit;
    }

    fn may_hold(&self, key: u64) -> bool {
        let (word, bit) = self.place(key);
        self.words[word] & bit != 0
    }
}

/// Finds lines that were passed over and share their id with lines that spoke, and adds what they
/// say: nothing, as of a date.
pub(super) fn look_again(
    reader: &Reader<'_>,
    paths: &[PathBuf],
    harvest: &mut Harvest,
) -> Result<(), StepError> {
    let shared = shared_keys(reader, harvest)?;
    for (n, path) in paths.iter().enumerate() {
        let keys: HashSet<u64> = shared
            .iter()
            .filter(|(_, file)| *file == n)
            .map(|(key, _)| *key)
            .collect();
        if keys.is_empty() {
            continue;
        }
        let lines = Lines::open_by(path, reader.read_by);
        let mut lines = lines.map_err(StepError::io("open", path))?;
        let mut block = Block::default();
        while lines.next_block(&mut block) {
            for line in block.lines() {
                look_at(reader, line.bytes, &keys, harvest)?;
            }
        }
    }
    Ok(())
}

fn look_at(
    reader: &Reader<'_>,
    line: &[u8],
    keys: &HashSet<u64>,
    harvest: &mut Harvest,
) -> Result<(), LakeError> {
    let glance = reader.filter.as_ref().map(|filter| filter.glance(line));
    let Some(Glance::NoInterest {
        resource_type, id, ..
    }) = glance
    else {
        return Ok(());
    };
    if !keys.contains(&line_key(resource_type, id)) {
        return Ok(());
    }
    let mut added = Ok(());
    let read = read_line(&reader.reading, line, |resource| {
        if let Resource::Statements {
            resident,
            submissions,
            ..
        } = resource
            && let Some(first) = submissions.first()
        {
            added = reader.add_silent(resident, first.id, first.version, harvest);
        }
    });
    // What is damaged in a line of no interest takes nothing back.
    drop(read);
    added
}

/// Numbers of lines passed over that lines which spoke have too, with the file of the former.
fn shared_keys(
    reader: &Reader<'_>,
    harvest: &mut Harvest,
) -> Result<HashSet<(u64, usize)>, LakeError> {
    let spoken = std::mem::take(&mut harvest.spoken);
    let passed_over = std::mem::take(&mut harvest.passed_over);
    let mut sieve = Sieve::new(spoken.iter().map(crate::lake::Spool::len).sum());
    for spool in &spoken {
        for key in spool.rows::<u64>(&reader.spill) {
            sieve.add(key?);
        }
    }
    let mut candidates = Vec::new();
    for (n, spool) in &passed_over {
        for key in spool.rows::<u64>(&reader.spill) {
            let key = key?;
            if sieve.may_hold(key) {
                candidates.push((key, *n));
            }
        }
    }
    candidates.sort_unstable();
    let mut shared = HashSet::new();
    for spool in &spoken {
        for key in spool.rows::<u64>(&reader.spill) {
            let key = key?;
            let start = candidates.partition_point(|(candidate, _)| *candidate < key);
            let same = candidates[start..].iter();
            shared.extend(same.take_while(|(candidate, _)| *candidate == key));
        }
    }
    Ok(shared)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sieve_forgets_nothing_and_holds_little_else() {
        let mixed = |n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut sieve = Sieve::new(1_000);
        (0..1_000).for_each(|n| sieve.add(mixed(n)));
        assert!((0..1_000).all(|n| sieve.may_hold(mixed(n))));
        let by_chance = (1_000..11_000)
            .filter(|n| sieve.may_hold(mixed(*n)))
            .count();
        assert!(by_chance < 1_200, "{by_chance}");
    }
}
