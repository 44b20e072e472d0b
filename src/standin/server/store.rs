//! What clients and the world behind the server have written: texts on disk, and in memory what searches start from.
//!
//! The id of a resource is its place plus one, so finding it needs no map. Searches by identifier or person start from
//! hashes of 32 bits: enough to leave a few candidates, each of which is then read and compared. Forms that travel inside
//! messages are the same for thousands of residents and stand on disk once. A resource takes about 60 bytes of memory.

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::num::NonZero;

use serde_json::{Value, json};

use super::bodies::{Bodies, Span};
use super::clock;
use super::journal::Journal;
use super::kinds::Kind;

/// A resource's place: its id less one.
pub(super) type Place = u32;

/// One resource, without its text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stored {
    pub(super) kind: Kind,
    pub(super) version: u32,
    /// Milliseconds since 1970.
    pub(super) updated: i64,
    text: Span,
    /// Which of the shared texts is its `contained`.
    contained: Option<NonZero<u32>>,
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
    /// Hashes of kind and value of each identifier.
    identifiers: BTreeSet<(u32, Place)>,
    /// Hashes of kind and Patient id.
    patients: BTreeSet<(u32, Place)>,
    bodies: Bodies,
    /// What several resources contain, and where each such text is by its hash.
    shared: Vec<Span>,
    known: HashMap<u64, NonZero<u32>>,
    journal: Journal,
}

impl Store {
    /// An empty store; its file is in the system's folder for temporary ones.
    pub(super) fn new(journal: Journal) -> io::Result<Store> {
        Ok(Store {
            resources: Vec::new(),
            identifiers: BTreeSet::new(),
            patients: BTreeSet::new(),
            bodies: Bodies::new()?,
            shared: Vec::new(),
            known: HashMap::new(),
            journal,
        })
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

    /// A resource's JSON with `id` and `meta`.
    pub(super) fn body(&self, stored: &Stored) -> io::Result<Vec<u8>> {
        let own = self.bodies.read(stored.text)?;
        let Some(shared) = stored.contained.and_then(|n| self.shared.get(place_in(n))) else {
            return Ok(own);
        };
        let contained = self.bodies.read(*shared)?;
        let mut body = Vec::with_capacity(own.len() + contained.len() + CONTAINED.len() + 1);
        body.extend_from_slice(CONTAINED);
        body.extend_from_slice(&contained);
        // A stamped resource has members of its own: `id`, for one.
        body.push(b',');
        body.extend_from_slice(&own[1..]);
        Ok(body)
    }

    /// The same as a tree.
    pub(super) fn value(&self, stored: &Stored) -> io::Result<Value> {
        Ok(parsed(&self.body(stored)?))
    }

    /// Candidates for an identifier as searches write it, in order, from a place on: `value`, `system|value` or `system|`.
    pub(super) fn identified<'a>(
        &'a self,
        kind: Kind,
        token: &str,
        first: Place,
    ) -> Box<dyn Iterator<Item = Place> + 'a> {
        let value = token.split_once('|').map_or(token, |(_, value)| value);
        if value.is_empty() {
            return Box::new(self.all(kind, first));
        }
        let key = key(&[kind.name(), "identifier", value]);
        let range = self.identifiers.range((key, first)..=(key, Place::MAX));
        Box::new(range.map(|(_, place)| *place))
    }

    /// Candidates about a person, in order, from a place on.
    pub(super) fn about(
        &self,
        kind: Kind,
        patient: &str,
        first: Place,
    ) -> impl Iterator<Item = Place> {
        let key = key(&[kind.name(), "patient", patient]);
        let range = self.patients.range((key, first)..=(key, Place::MAX));
        range.map(|(_, place)| *place)
    }

    /// All of a type, in order, from a place on.
    pub(super) fn all(&self, kind: Kind, first: Place) -> impl Iterator<Item = Place> {
        let of_kind = self
            .from(first)
            .filter(move |(_, other)| other.kind == kind);
        of_kind.map(|(place, _)| place)
    }

    /// Adds a resource at the next place. It has happened when this returns.
    pub(super) fn create(&mut self, kind: Kind, value: Value, now: i64) -> io::Result<Place> {
        let place = self.next();
        let keys = keys_of(kind, &value);
        let identifiers = identifiers_of(&value);
        let id = id_of(place);
        let stored = self.written(kind, value, (&id, 1), now)?;
        self.journal.note("created", kind, &id, &identifiers)?;
        self.index(place, &keys, true);
        self.resources.push(stored);
        Ok(place)
    }

    /// Replaces what stands at a place, which must be taken.
    pub(super) fn update(&mut self, place: Place, value: Value, now: i64) -> io::Result<()> {
        let Some(before) = self.at(place).copied() else {
            return Ok(());
        };
        let (kind, id) = (before.kind, id_of(place));
        let keys = keys_of(kind, &value);
        let keys_before = keys_of(kind, &self.value(&before)?);
        let identifiers = identifiers_of(&value);
        let stored = self.written(kind, value, (&id, before.version + 1), now)?;
        self.journal.note("updated", kind, &id, &identifiers)?;
        self.index(place, &keys_before, false);
        self.index(place, &keys, true);
        self.resources[place as usize] = stored;
        Ok(())
    }

    /// Writes a resource's text, which nobody can see yet.
    fn written(
        &mut self,
        kind: Kind,
        mut value: Value,
        (id, version): (&str, u32),
        now: i64,
    ) -> io::Result<Stored> {
        value["resourceType"] = json!(kind.name());
        value["id"] = json!(id);
        value["meta"]["versionId"] = json!(version.to_string());
        value["meta"]["lastUpdated"] = json!(clock::instant(now));
        let members = value.as_object_mut();
        let contained = members.and_then(|members| members.remove("contained"));
        let contained = contained.map(|list| self.share(&list.to_string()));
        Ok(Stored {
            kind,
            version,
            updated: now,
            contained: contained.transpose()?,
            text: self.bodies.append(value.to_string().as_bytes())?,
        })
    }

    /// Writes a text that other resources may have, too, unless it stands there already.
    fn share(&mut self, text: &str) -> io::Result<NonZero<u32>> {
        let known = self.known.get(&hash(&[text])).copied();
        if let Some(n) = known
            && self.bodies.read(self.shared[place_in(n)])? == text.as_bytes()
        {
            return Ok(n);
        }
        self.shared.push(self.bodies.append(text.as_bytes())?);
        let n = u32::try_from(self.shared.len()).ok().and_then(NonZero::new);
        let n = n.expect("one was just added, and there are fewer than resources");
        self.known.insert(hash(&[text]), n);
        Ok(n)
    }

    fn index(&mut self, place: Place, keys: &Keys, present: bool) {
        let sets = [
            (&mut self.identifiers, &keys.identifiers),
            (&mut self.patients, &keys.patient),
        ];
        for (set, keys) in sets {
            for key in keys {
                if present {
                    set.insert((*key, place));
                } else {
                    set.remove(&(*key, place));
                }
            }
        }
    }
}

/// How a text begins whose `contained` is shared.
const CONTAINED: &[u8] = b"{\"contained\":";

/// Shared texts are counted from 1.
fn place_in(n: NonZero<u32>) -> usize {
    n.get() as usize - 1
}

/// By what a resource is found.
struct Keys {
    identifiers: Vec<u32>,
    /// None or one.
    patient: Vec<u32>,
}

fn keys_of(kind: Kind, value: &Value) -> Keys {
    let identifiers = identifiers_of(value);
    let values = identifiers.iter().filter_map(|token| token.split_once('|'));
    let patient = patient_of(kind, value).into_iter();
    Keys {
        identifiers: values
            .map(|(_, value)| key(&[kind.name(), "identifier", value]))
            .collect(),
        patient: patient
            .map(|id| key(&[kind.name(), "patient", id]))
            .collect(),
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

/// 64 bits of some words.
pub(super) fn hash(words: &[&str]) -> u64 {
    let mut hasher = DefaultHasher::new();
    words.hash(&mut hasher);
    hasher.finish()
}

/// 32 bits of some words.
fn key(words: &[&str]) -> u32 {
    u32::try_from(hash(words) >> 32).expect("32 bits are left")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> Store {
        let journal = Journal::open(None).expect("no journal");
        Store::new(journal).expect("a store")
    }

    fn message(key: &str, patient: &str, form: &str) -> Value {
        json!({
            "contained": [{ "resourceType": "Questionnaire", "title": form }],
            "identifier": [{ "system": "urn:x", "value": key }],
            "subject": { "reference": format!("Patient/{patient}") },
        })
    }

    #[test]
    fn resources_come_back_whole_and_forms_stand_once() {
        let mut store = store();
        for (key, form) in [("k1", "form"), ("k2", "form"), ("k3", "other form")] {
            let message = message(key, "p1", form);
            let place = store.create(Kind::Communication, message.clone(), 0);
            let stored = *store.at(place.expect("created")).expect("there");
            let value = store.value(&stored).expect("read");
            assert_eq!(value["contained"], message["contained"]);
            assert_eq!(value["identifier"], message["identifier"]);
            assert_eq!(value["resourceType"], "Communication");
        }
        assert_eq!(store.shared.len(), 2);
    }

    #[test]
    fn an_update_is_found_by_what_it_says_now() {
        let mut store = store();
        let kind = Kind::Communication;
        let place = store.create(kind, message("k1", "p1", "form"), 0);
        let place = place.expect("created");
        let found = |store: &Store, token: &str, patient: &str| {
            let identified: Vec<_> = store.identified(kind, token, 0).collect();
            let about: Vec<_> = store.about(kind, patient, 0).collect();
            (identified.len(), about.len())
        };
        for token in ["k1", "urn:x|k1", "urn:x|"] {
            assert_eq!(found(&store, token, "p1"), (1, 1), "{token}");
        }
        let other = message("k2", "p2", "form");
        store.update(place, other, 0).expect("updated");
        assert_eq!(found(&store, "urn:x|k1", "p1"), (0, 0));
        assert_eq!(found(&store, "urn:x|k2", "p2"), (1, 1));
        assert_eq!(store.at(place).map(|stored| stored.version), Some(2));
    }
}
