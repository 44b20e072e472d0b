//! The files of an export: which there are, how many lines they have, and their bytes.

use std::collections::BTreeMap;
use std::io::Write;

use axum::http::{StatusCode, header};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Deserialize;

use super::World;
use super::answers::{Answer, not_found, refused};
use super::calls::Call;
use super::export::{Job, RESIDENTS, Scope};
use super::kinds::Kind;
use super::store::{Place, parsed, patient_of};

const NDJSON: &str = "application/fhir+ndjson";
/// Places of the store that one file covers.
const WRITTEN: Place = 20_000;

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

fn residents(world: &World, scope: &Scope) -> std::ops::Range<u32> {
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
pub(super) fn count(world: &World, job: &Job, part: Part) -> BTreeMap<Kind, u64> {
    let of = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
    let counted = job
        .kinds
        .iter()
        .map(|kind| (*kind, of(&bytes(world, job, *kind, part))));
    counted.filter(|(_, lines)| 0 < *lines).collect()
}

/// Answers a file.
pub(super) fn answer(world: &World, call: &Call, job: &Job, file: &str) -> Result<Answer, Answer> {
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
    let mut answer = Answer::resource(StatusCode::OK, bytes(world, job, kind, part));
    answer.kind = NDJSON;
    if call
        .header("accept-encoding")
        .is_some_and(|list| list.contains("gzip"))
    {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        let done = packed
            .write_all(&answer.body)
            .and_then(|()| packed.finish());
        answer.body = done.expect("writing into memory cannot fail");
        answer = answer.with(header::CONTENT_ENCODING, "gzip");
    }
    Ok(answer)
}

fn bytes(world: &World, job: &Job, kind: Kind, part: Part) -> Vec<u8> {
    match part {
        Part::Register(n) => of_register(world, job, kind, n),
        Part::Written(n) => of_store(world, job, kind, n),
    }
}

fn of_register(world: &World, job: &Job, kind: Kind, n: u32) -> Vec<u8> {
    let Some(kind) = kind.in_register() else {
        return Vec::new();
    };
    let range = residents(world, &job.scope);
    let block = range.start.max(n * RESIDENTS)..range.end.min((n + 1) * RESIDENTS);
    let bytes = world.people.block(block, kind);
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

fn of_store(world: &World, job: &Job, kind: Kind, n: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let store = world.store();
    let block = store.from(n * WRITTEN).take(WRITTEN as usize);
    for (_, stored) in block {
        let dated =
            job.since.is_none_or(|since| since < stored.updated) && stored.updated <= job.at;
        if stored.kind == kind && dated && concerns(world, job, kind, &stored.body) {
            bytes.extend_from_slice(&stored.body);
            bytes.push(b'\n');
        }
    }
    bytes
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
