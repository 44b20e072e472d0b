//! Cases: everybody's facts, read along the register and worked on in several threads.
//!
//! One thread reads, as facts lie in the order of residents; others decide; results come back in
//! the order of the register, whatever the threads did. A few chunks are in memory at a time.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;

use jiff::civil::Date;

use super::StepError;
use crate::lake::{RegisterRow, Store};
use crate::profile::{BirthDate, Fact, ResidentId};
use crate::rulebook::{Catalogue, Language};

/// Residents a worker takes at a time.
const CHUNK: usize = 256;

/// Whom to go through, and how.
#[derive(Clone, Copy)]
pub(super) struct Along<'a> {
    pub(super) store: &'a Store,
    pub(super) catalogue: &'a Catalogue,
    /// In rising order.
    pub(super) residents: &'a [ResidentId],
    pub(super) threads: usize,
}

/// A chunk of residents: where it begins, and the facts of each.
type Chunk = (usize, Vec<Vec<Fact>>);

/// Works on everybody and hands the results to `consume` in the order of residents.
///
/// `work` is given the place of a resident in the list and all stored facts about them. Returns what
/// `consume` made, and how many facts belong to nobody in the list.
///
/// # Errors
///
/// When facts cannot be read, or `consume` fails.
///
/// # Panics
///
/// When `work` does.
pub(super) fn along<T: Send, R>(
    along: Along<'_>,
    work: impl Fn(usize, Vec<Fact>) -> T + Sync,
    consume: impl FnOnce(&mut InOrder<T>) -> Result<R, StepError>,
) -> Result<(R, u64), StepError> {
    let threads = along.threads.max(1);
    thread::scope(|scope| {
        let (send_done, receive_done) = sync_channel(threads * 2);
        let work = &work;
        let passed_over = scope.spawn(move || worked(along, threads, work, &send_done));
        let mut in_order = InOrder {
            receive: receive_done,
            waiting: BTreeMap::new(),
            next: 0,
        };
        let consumed = consume(&mut in_order);
        // When consuming failed, nobody takes results any more and the workers must stop.
        drop(in_order);
        let passed_over = passed_over.join().expect("the work never panics")?;
        Ok((consumed?, passed_over))
    })
}

fn worked<T: Send>(
    along: Along<'_>,
    threads: usize,
    work: &(impl Fn(usize, Vec<Fact>) -> T + Sync),
    done: &SyncSender<(usize, Vec<T>)>,
) -> Result<u64, StepError> {
    let (send, receive) = sync_channel::<Chunk>(threads);
    // Held by the workers alone: when they stop, sending cases fails instead of waiting.
    let receive = Arc::new(Mutex::new(receive));
    thread::scope(|scope| {
        for _ in 0..threads {
            let (done, receive) = (done.clone(), Arc::clone(&receive));
            scope.spawn(move || {
                loop {
                    let next = receive
                        .lock()
                        .expect("no worker panics while it waits")
                        .recv();
                    let Ok((start, chunk)) = next else { return };
                    let results = chunk.into_iter().enumerate();
                    let results = results.map(|(n, facts)| work(start + n, facts));
                    if done.send((start, results.collect())).is_err() {
                        return;
                    }
                }
            });
        }
        drop(receive);
        // Takes the sender along, so that workers stop when there is nothing left to do.
        read(along, send)
    })
}

fn read(along: Along<'_>, send: SyncSender<Chunk>) -> Result<u64, StepError> {
    let mut stored = along.store.facts(along.catalogue, None)?;
    let mut passed_over = 0;
    for (n, chunk) in along.residents.chunks(CHUNK).enumerate() {
        let mut cases = Vec::with_capacity(chunk.len());
        for resident in chunk {
            let mut facts = Vec::new();
            passed_over += stored.take_until(*resident, &mut facts)?;
            cases.push(facts);
        }
        if send.send((n * CHUNK, cases)).is_err() {
            break;
        }
    }
    drop(send);
    // What sorts after the last resident belongs to nobody either.
    let last = ResidentId::from_bytes([0xff; 16]);
    let mut rest = Vec::new();
    passed_over += stored.take_until(last, &mut rest)?;
    Ok(passed_over + rest.len() as u64)
}

/// Puts finished chunks back into the order of residents.
pub(super) struct InOrder<T> {
    receive: Receiver<(usize, Vec<T>)>,
    waiting: BTreeMap<usize, Vec<T>>,
    next: usize,
}

impl<T> Iterator for InOrder<T> {
    type Item = Vec<T>;

    fn next(&mut self) -> Option<Vec<T>> {
        loop {
            if let Some(results) = self.waiting.remove(&self.next) {
                self.next += results.len();
                return Some(results);
            }
            let (start, results) = self.receive.recv().ok()?;
            self.waiting.insert(start, results);
        }
    }
}

/// The ten years of age that somebody is in, as tables call them: `40-49`; `unknown` without an age.
pub(super) fn tens_of_age(birth: &BirthDate, on: Date) -> String {
    let age = birth.age_on(on);
    age.map_or("unknown".to_owned(), |(youngest, _)| {
        let from = youngest.div_euclid(10) * 10;
        format!("{from}-{}", from + 9)
    })
}

/// What tables call languages without texts, and those of nobody.
pub(super) const OTHER: &str = "other";

/// The language of contact, as tables call it.
pub(super) fn language_of(entry: &RegisterRow) -> &'static str {
    let known = entry.language.as_deref().and_then(Language::of);
    known.map_or(OTHER, Language::code)
}
