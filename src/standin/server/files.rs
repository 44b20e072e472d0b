//! The files of an export: which there are, how many lines they have, and their bytes.
//!
//! A file is made while it is fetched, a chunk at a time, so that what stands in memory does not grow with it.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::mem;
use std::ops::Range;
use std::sync::Arc;

use axum::http::{StatusCode, header};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Deserialize;

use super::super::lines::{self, Lines};
use super::World;
use super::answers::{Answer, not_found, refused};
use super::calls::Call;
use super::export::{Job, RESIDENTS, Scope};
use super::interactions::failed;
use super::kinds::Kind;
use super::shaped;
use super::store::{Place, parsed, patient_of};

const NDJSON: &str = "application/fhir+ndjson";
/// Places of the store that one file covers.
const WRITTEN: Place = 20_000;
/// A chunk is at least so many bytes, unless it is the last, and little more: what is added at once is small.
const CHUNK: usize = 256 << 10;
/// Residents, and places of the store, that are added to a chunk at once.
const AT_ONCE: (u32, Place) = (16, 256);

/// What one file of a type covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// The nth block of residents of the register.
    Register(u32),
    /// The nth block of what was written.
    Written(u32),
}

/// The parts of an export.
pub(super) fn parts(world: &World, scope: &Scope) -> Vec<Part> {
    let range = residents(world, scope);
    let blocks = range.start / RESIDENTS..range.end.div_ceil(RESIDENTS);
    let written = world.store().next().div_ceil(WRITTEN);
    let blocks = if range.is_empty() { 0..0 } else { blocks };
    blocks
        .map(Part::Register)
        .chain((0..written).map(Part::Written))
        .collect()
}

fn residents(world: &World, scope: &Scope) -> Range<u32> {
    match scope {
        Scope::System => 0..world.people.count(),
        Scope::Residents(range) => range.clone(),
    }
}

/// A file's name.
pub(super) fn name(kind: Kind, part: Part) -> String {
    match part {
        Part::Register(n) => format!("{}.r{n}.ndjson", kind.name()),
        Part::Written(n) => format!("{}.w{n}.ndjson", kind.name()),
    }
}

fn named(name: &str) -> Option<(Kind, Part)> {
    let (kind, rest) = name.strip_suffix(".ndjson")?.split_once('.')?;
    let kind = Kind::named(kind)?;
    let part = match rest.split_at_checked(1)? {
        ("r", n) => Part::Register(n.parse().ok()?),
        ("w", n) => Part::Written(n.parse().ok()?),
        _ => return None,
    };
    Some((kind, part))
}

/// How many lines each type has in this part, where it has some.
pub(super) fn count(
    world: &Arc<World>,
    job: &Arc<Job>,
    part: Part,
) -> io::Result<BTreeMap<Kind, u64>> {
    let mut counted = BTreeMap::new();
    for kind in &job.kinds {
        let mut lines = 0;
        for chunk in Making::of((world, job), *kind, part, false) {
            lines += chunk?.iter().filter(|byte| **byte == b'\n').count() as u64;
        }
        if 0 < lines {
            counted.insert(*kind, lines);
        }
    }
    Ok(counted)
}

/// Answers a file.
pub(super) fn answer(
    world: &Arc<World>,
    call: &Call,
    job: &Arc<Job>,
    file: &str,
) -> Result<Answer, Answer> {
    let about_it = match file {
        "said.ndjson" => Some(shaped::said()),
        "deleted.ndjson" => {
            let first = residents(world, &job.scope).start;
            Some(shaped::deleted(&world.people.patient_of(first)))
        }
        _ => None,
    };
    if let Some(lines) = about_it {
        let mut answer = Answer::resource(StatusCode::OK, lines);
        answer.kind = NDJSON;
        return Ok(answer);
    }
    let (kind, part) = named(file).ok_or_else(|| not_found("such file"))?;
    if !job.kinds.contains(&kind) {
        return Err(not_found("such file"));
    }
    if !call.scopes.allow(kind, 'r') {
        return Err(refused(
            StatusCode::FORBIDDEN,
            "forbidden",
            "the token does not allow that",
        ));
    }
    let accepted = call.header("accept-encoding");
    let packed = accepted.is_some_and(|list| list.contains("gzip"));
    let mut making = Making::of((world, job), kind, part, packed);
    let first = making.next().transpose().map_err(failed)?;
    let mut answer = Answer::resource(StatusCode::OK, first.unwrap_or_default());
    answer.kind = NDJSON;
    if packed {
        answer = answer.with(header::CONTENT_ENCODING, "gzip");
    }
    Ok(if making.is_over() {
        answer
    } else {
        answer.followed_by(making)
    })
}

/// A file that is being made; its items are the chunks.
struct Making {
    world: Arc<World>,
    job: Arc<Job>,
    kind: Kind,
    source: Source,
    packed: Option<GzEncoder<Vec<u8>>>,
    /// What belongs to the next chunk.
    chunk: Vec<u8>,
    is_over: bool,
}

/// What is still to be added to a file.
enum Source {
    /// Residents by number, and lines that are repeated at the end.
    Register(lines::Kind, Range<u32>, Box<Lines>),
    /// Places of the store.
    Written(Range<Place>),
    Nothing,
}

impl Making {
    fn of((world, job): (&Arc<World>, &Arc<Job>), kind: Kind, part: Part, packed: bool) -> Making {
        let source = match (part, kind.in_register()) {
            (Part::Register(n), Some(kind)) => {
                let range = residents(world, &job.scope);
                let first = n.saturating_mul(RESIDENTS);
                let block = first.max(range.start)..first.saturating_add(RESIDENTS).min(range.end);
                Source::Register(kind, block, Box::default())
            }
            (Part::Register(_), None) => Source::Nothing,
            (Part::Written(n), _) => {
                let first = n.saturating_mul(WRITTEN);
                Source::Written(first..first.saturating_add(WRITTEN).min(world.store().next()))
            }
        };
        Making {
            world: Arc::clone(world),
            job: Arc::clone(job),
            kind,
            source,
            packed: packed.then(|| GzEncoder::new(Vec::new(), Compression::fast())),
            chunk: Vec::new(),
            is_over: false,
        }
    }

    /// True when the last chunk has been given.
    fn is_over(&self) -> bool {
        self.is_over
    }

    /// Adds some lines, or ends the file.
    fn add(&mut self) -> io::Result<()> {
        let lines = match &mut self.source {
            Source::Register(kind, range, lines) => {
                for number in range.by_ref().take(AT_ONCE.0 as usize) {
                    let people = &self.world.people;
                    if people.has_news(number, *kind, self.job.since) {
                        people.write(number, *kind, lines);
                    }
                }
                let is_last = Range::is_empty(range);
                if is_last {
                    lines.finish();
                }
                let lines = since(&self.world, &self.job, lines.take(*kind));
                if is_last {
                    self.source = Source::Nothing;
                }
                lines
            }
            Source::Written(range) => {
                let some = range.by_ref().take(AT_ONCE.1 as usize);
                let lines = of_store(&self.world, &self.job, self.kind, some)?;
                if Range::is_empty(range) {
                    self.source = Source::Nothing;
                }
                lines
            }
            Source::Nothing => {
                self.is_over = true;
                if let Some(packed) = self.packed.take() {
                    self.chunk.append(&mut packed.finish()?);
                }
                return Ok(());
            }
        };
        match &mut self.packed {
            None => self.chunk.extend_from_slice(&lines),
            Some(packed) => {
                packed.write_all(&lines)?;
                self.chunk.append(packed.get_mut());
            }
        }
        Ok(())
    }
}

impl Iterator for Making {
    type Item = io::Result<Vec<u8>>;

    fn next(&mut self) -> Option<io::Result<Vec<u8>>> {
        while !self.is_over && self.chunk.len() < CHUNK {
            if let Err(error) = self.add() {
                self.is_over = true;
                return Some(Err(error));
            }
        }
        Some(Ok(mem::take(&mut self.chunk)))
            .filter(|chunk| chunk.as_ref().is_ok_and(|c| !c.is_empty()))
    }
}

/// The lines of the register that were updated after the moment from which the client wants to know.
fn since(world: &World, job: &Job, bytes: Vec<u8>) -> Vec<u8> {
    let Some(since) = job.since else {
        return bytes;
    };
    let first_seen = world.people.recorded_by();
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    lines
        .filter(|line| since < updated(line).unwrap_or(first_seen))
        .flatten()
        .copied()
        .collect()
}

/// When a line says that it was last updated, in milliseconds since 1970.
fn updated(line: &[u8]) -> Option<i64> {
    #[derive(Deserialize)]
    struct Dated {
        meta: Option<Meta>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Meta {
        last_updated: Option<String>,
    }
    let dated: Dated = serde_json::from_slice(line).ok()?;
    let at: jiff::Timestamp = dated.meta?.last_updated?.parse().ok()?;
    Some(at.as_millisecond())
}

fn of_store(
    world: &World,
    job: &Job,
    kind: Kind,
    places: impl Iterator<Item = Place>,
) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let store = world.store();
    for stored in places.filter_map(|place| store.at(place)) {
        let dated =
            job.since.is_none_or(|since| since < stored.updated) && stored.updated <= job.at;
        if stored.kind != kind || !dated {
            continue;
        }
        let body = store.body(stored)?;
        if concerns(world, job, kind, &body) {
            bytes.extend_from_slice(&body);
            bytes.push(b'\n');
        }
    }
    Ok(bytes)
}

/// True when a written resource is about somebody of the export.
fn concerns(world: &World, job: &Job, kind: Kind, body: &[u8]) -> bool {
    let Scope::Residents(range) = &job.scope else {
        return true;
    };
    let resource = parsed(body);
    let number = patient_of(kind, &resource).and_then(|id| world.people.number_of(id));
    number.is_some_and(|number| range.contains(&number))
}
