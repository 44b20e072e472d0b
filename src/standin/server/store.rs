//! What clients and the world behind the server have written, as bytes, with indexes.
//!
//! A resource is kept as its JSON text; what searches start from are three kinds of hash in one ordered set each. The id
//! of a resource is its place plus one, so finding it needs no map. 100,000 orders of 800 bytes take about 100 MB.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;

use serde_json::{Value, json};

use super::clock;
use super::journal::Journal;
use super::kinds::Kind;

/// A resource's place: its id less one.
pub(super) type Place = u32;

/// One resource.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) kind: Kind,
    pub(super) version: u32,
    /// Milliseconds since 1970.
    pub(super) updated: i64,
    /// JSON with `id` and `meta`.
    pub(super) body: Box<[u8]>,
}

impl Stored {
    /// The version as a weak entity tag.
    pub(super) fn tag(&self) -> String {
        format!("W/\"{}\"", self.version)
    }
}

/// Everything that was written.
///
/// One lock around the whole store makes "create unless it exists" and transactions atomic.
#[derive(Debug)]
pub(super) struct Store {
    resources: Vec<Stored>,
    /// Hashes of kind and `system|value`, `system|` and `value` of each identifier.
    identifiers: BTreeSet<(u64, Place)>,
    /// Hashes of kind and Patient id.
    patients: BTreeSet<(u64, Place)>,
    journal: Journal,
}

impl Store {
    pub(super) fn new(journal: Journal) -> Store {
        Store {
            resources: Vec::new(),
            identifiers: BTreeSet::new(),
            patients: BTreeSet::new(),
            journal,
        }
    }

    /// The place the next resource will have.
    pub(super) fn next(&self) -> Place {
        Place::try_from(self.resources.len()).expect("no test writes four thousand million")
    }

    /// The resource of this type with this id, and its place.
    pub(super) fn find(&self, kind: Kind, id: &str) -> Option<(Place, &Stored)> {
        let place = place_of(id)?;
        let stored = self.resources.get(place as usize)?;
        (stored.kind == kind).then_some((place, stored))
    }

    /// The resource at a place.
    pub(super) fn at(&self, place: Place) -> Option<&Stored> {
        self.resources.get(place as usize)
    }

    /// All places with their resources, from one on.
    pub(super) fn from(&self, first: Place) -> impl Iterator<Item = (Place, &Stored)> {
        let rest = self.resources.get(first as usize..).unwrap_or_default();
        (first..).zip(rest)
    }

    /// Candidates for an identifier as searches write it, in order, from a place on.
    pub(super) fn identified(
        &self,
        kind: Kind,
        token: &str,
        first: Place,
    ) -> impl Iterator<Item = Place> {
        let key = hash(&[kind.name(), "identifier", token]);
        let range = self.identifiers.range((key, first)..=(key, Place::MAX));
        range.map(|(_, place)| *place)
    }

    /// Candidates about a person, in order, from a place on.
    pub(super) fn about(
        &self,
        kind: Kind,
        patient: &str,
        first: Place,
    ) -> impl Iterator<Item = Place> {
        let key = hash(&[kind.name(), "patient", patient]);
        let range = self.patients.range((key, first)..=(key, Place::MAX));
        range.map(|(_, place)| *place)
    }

    /// Adds a resource at the next place. It has happened when this returns.
    pub(super) fn create(&mut self, kind: Kind, value: Value, now: i64) -> io::Result<Place> {
        let place = self.next();
        let identifiers = identifiers_of(&value);
        let id = id_of(place);
        self.journal.note("created", kind, &id, &identifiers)?;
        self.index(kind, place, &value, true);
        let stored = stamped(kind, value, &id, 1, now);
        self.resources.push(stored);
        Ok(place)
    }

    /// Replaces what stands at a place, which must be taken.
    pub(super) fn update(&mut self, place: Place, value: Value, now: i64) -> io::Result<()> {
        let (kind, version) = match self.at(place) {
            Some(stored) => (stored.kind, stored.version + 1),
            None => return Ok(()),
        };
        let id = id_of(place);
        let identifiers = identifiers_of(&value);
        self.journal.note("updated", kind, &id, &identifiers)?;
        let before = parsed(&self.resources[place as usize].body);
        self.index(kind, place, &before, false);
        self.index(kind, place, &value, true);
        self.resources[place as usize] = stamped(kind, value, &id, version, now);
        Ok(())
    }

    fn index(&mut self, kind: Kind, place: Place, value: &Value, present: bool) {
        let mut set = |set: fn(&mut Store) -> &mut BTreeSet<(u64, Place)>, key| {
            if present {
                set(self).insert((key, place));
            } else {
                set(self).remove(&(key, place));
            }
        };
        for identifier in identifiers_of(value) {
            let system = identifier.split_once('|').map_or("", |(system, _)| system);
            let bare = &identifier[system.len() + 1..];
            for token in [identifier.as_str(), bare, &identifier[..=system.len()]] {
                let key = hash(&[kind.name(), "identifier", token]);
                set(|store| &mut store.identifiers, key);
            }
        }
        if let Some(patient) = patient_of(kind, value) {
            let key = hash(&[kind.name(), "patient", patient]);
            set(|store| &mut store.patients, key);
        }
    }
}

/// The id at a place.
pub(super) fn id_of(place: Place) -> String {
    (u64::from(place) + 1).to_string()
}

fn place_of(id: &str) -> Option<Place> {
    let number: u32 = id.parse().ok()?;
    // No leading zeros or signs: another spelling is another id.
    (number.to_string() == id).then(|| number.checked_sub(1))?
}

/// A stored text as JSON.
pub(super) fn parsed(body: &[u8]) -> Value {
    serde_json::from_slice(body).expect("only JSON is stored")
}

/// Each identifier as `system|value`.
pub(super) fn identifiers_of(value: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = value["identifier"].as_array().into_iter().flatten();
    // Questionnaire responses have one identifier, not a list.
    let single = Some(&value["identifier"]).filter(|identifier| identifier.is_object());
    list.chain(single)
        .map(|identifier| {
            format!(
                "{}|{}",
                text(&identifier["system"]),
                text(&identifier["value"])
            )
        })
        .collect()
}

/// The id of the Patient a resource is about.
pub(super) fn patient_of(kind: Kind, value: &Value) -> Option<&str> {
    let reference = value[kind.person_member()?]["reference"].as_str()?;
    patient_in(reference)
}

/// The Patient id in a relative or absolute reference.
pub(super) fn patient_in(reference: &str) -> Option<&str> {
    let (before, id) = reference.rsplit_once("Patient/")?;
    let whole = before.is_empty() || before.ends_with('/');
    (whole && !id.is_empty() && !id.contains('/')).then_some(id)
}

fn stamped(kind: Kind, mut value: Value, id: &str, version: u32, now: i64) -> Stored {
    value["resourceType"] = json!(kind.name());
    value["id"] = json!(id);
    value["meta"]["versionId"] = json!(version.to_string());
    value["meta"]["lastUpdated"] = json!(clock::instant(now));
    Stored {
        kind,
        version,
        updated: now,
        body: value.to_string().into_bytes().into_boxed_slice(),
    }
}

/// 64 bits of some words.
pub(super) fn hash(words: &[&str]) -> u64 {
    let mut hasher = DefaultHasher::new();
    words.hash(&mut hasher);
    hasher.finish()
}
