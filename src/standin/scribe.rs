//! Writes the resources of one resident: ids, references, and what every resource has in common.

use super::calendar::Day;
use super::concepts::Coding;
use super::health::Health;
use super::instant::Instant;
use super::json::{self, List, Object};
use super::lines::{Kind, Lines};
use super::numbers;
use super::oddities::{Oddities, SecondEntry};
use super::person::Person;
use super::random::{Dice, Stream, mixed};

/// How much each resource says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    /// What a reader needs.
    Compact,
    /// With narrative, displays, performers, identifiers and profiles.
    Verbose,
}

/// Which resources of a kind one pass over the residents writes: those whose ordinal leaves `turn` modulo `of`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    pub(super) turn: u32,
    pub(super) of: u32,
}

/// Everything.
pub(super) const EVERY_TURN: Turn = Turn { turn: 0, of: 1 };

/// How rarely a line is repeated; see [`Scribe::resource`].
const ONE_REPEAT_IN: u64 = 2_000;

/// A resident, and the lines that are being written about them.
pub(super) struct Scribe<'a> {
    pub(super) person: &'a Person,
    pub(super) health: &'a Health,
    pub(super) oddities: &'a Oddities,
    pub(super) as_of: Day,
    pub(super) seed: u64,
    pub(super) detail: Detail,
    pub(super) turn: Turn,
    pub(super) lines: &'a mut Lines,
    /// How many resources of each kind this resident has had.
    pub(super) written: [u32; 7],
}

impl Scribe<'_> {
    /// This resident's dice for one purpose.
    pub(super) fn dice(&self, stream: Stream) -> Dice {
        Dice::of(self.seed, self.person.number, stream)
    }

    /// True when every resource is written in full.
    pub(super) fn verbose(&self) -> bool {
        self.detail == Detail::Verbose
    }

    /// The last day on which something can be recorded.
    pub(super) fn last_day(&self) -> Day {
        self.person.last_day(self.as_of)
    }

    /// Writes one resource: `resourceType`, `id`, `meta`, then what `fill` adds.
    ///
    /// `fill` must not draw dice: it is skipped when it is not this resource's turn. One line in two thousand is written
    /// twice, except a Patient's.
    pub(super) fn resource(
        &mut self,
        kind: Kind,
        at: Instant,
        fill: impl FnOnce(&Common, &mut Object<'_>),
    ) {
        let ordinal = self.written[kind.place()];
        self.written[kind.place()] += 1;
        if ordinal % self.turn.of != self.turn.turn {
            return;
        }
        let hash = mixed(&[
            self.seed,
            u64::from(self.person.number),
            kind as u64,
            u64::from(ordinal),
            0xd5,
        ]);
        let repeated = kind != Kind::Patient && hash.is_multiple_of(ONE_REPEAT_IN);
        let common = self.common(kind, ordinal, hash);
        let (verbose, latest) = (self.verbose(), self.last_day());
        self.lines.add(kind, repeated, |out| {
            json::object(out, |o| {
                o.text("resourceType", kind.name());
                o.text("id", &common.id);
                if kind != Kind::Patient {
                    write_meta(o, kind, at, latest, hash, verbose);
                }
                fill(&common, o);
            });
        });
    }

    fn common(&self, kind: Kind, ordinal: u32, hash: u64) -> Common {
        let second =
            self.oddities.second_entry != SecondEntry::None && (hash >> 20).is_multiple_of(4);
        let patient = u32::from(second);
        Common {
            id: self.id(kind, ordinal),
            subject: format!("Patient/{}", self.id(Kind::Patient, patient)),
            verbose: self.verbose(),
            hash,
        }
    }

    /// The id of a resident's resource.
    pub(super) fn id(&self, kind: Kind, ordinal: u32) -> String {
        resource_id(self.seed, self.person.number, kind, ordinal)
    }
}

/// What every resource of a resident shares.
pub(super) struct Common {
    pub(super) id: String,
    /// The reference to the Patient.
    pub(super) subject: String,
    pub(super) verbose: bool,
    /// Bits that belong to this resource alone, for variation that is no part of the simulation.
    pub(super) hash: u64,
}

impl Common {
    /// Writes `subject` or `patient`.
    pub(super) fn subject(&self, o: &mut Object<'_>, name: &str) {
        o.object(name, |o| {
            o.text("reference", &self.subject);
            if self.verbose {
                o.text("type", "Patient");
            }
        });
    }

    /// Writes a narrative, in full detail only.
    pub(super) fn narrative(&self, o: &mut Object<'_>, what: &str, at: Day) {
        if !self.verbose {
            return;
        }
        let (year, month, day) = at.civil();
        o.object("text", |o| {
            o.text("status", "generated");
            o.text(
                "div",
                &format!(
                    "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p><b>{what}</b></p><p>{day}.{month}.{year}, \
                     keinotekoinen aineisto</p></div>"
                ),
            );
        });
    }

    /// Writes the sending system's own identifier, in full detail only.
    pub(super) fn identifier(&self, o: &mut Object<'_>) {
        if !self.verbose {
            return;
        }
        o.list("identifier", |l| {
            l.object(|o| {
                o.text("use", "usual");
                o.text("system", "urn:oid:1.2.246.10.99999999.11");
                o.text("value", &format!("{:020}", self.hash));
            });
        });
    }
}

/// The id of one resource: a UUID-like text that is a function of seed, resident, kind and ordinal.
pub(super) fn resource_id(seed: u64, resident: u32, kind: Kind, ordinal: u32) -> String {
    let words = [seed, u64::from(resident), kind as u64, u64::from(ordinal)];
    let high = mixed(&[words[0], words[1], words[2], words[3], 1]);
    let low = mixed(&[words[0], words[1], words[2], words[3], 2]);
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        low >> 52,
        low & 0xffff_ffff_ffff
    )
}

/// `meta`: half of the resources carry `lastUpdated`, as exports differ in it.
fn write_meta(o: &mut Object<'_>, kind: Kind, at: Instant, latest: Day, hash: u64, verbose: bool) {
    let dated = (hash >> 8).is_multiple_of(2);
    if !dated && !verbose {
        return;
    }
    o.object("meta", |o| {
        if dated {
            let later = numbers::rounded_days(numbers::real((hash >> 9) % 3));
            let day = Day((at.day.0 + later).min(latest.0).max(at.day.0));
            o.text("versionId", "1");
            o.instant("lastUpdated", Instant::late_on(day, later * 7));
        }
        if verbose {
            o.list("profile", |l| {
                l.text(&format!(
                    "https://hl7.fi/fhir/finnish-base-profiles/StructureDefinition/fi-base-{}",
                    kind.name().to_lowercase()
                ));
            });
        }
    });
}

/// Writes a `CodeableConcept` member.
pub(super) fn write_concept(
    o: &mut Object<'_>,
    name: &str,
    codings: &[Coding],
    text: Option<&str>,
) {
    o.object(name, |o| {
        if !codings.is_empty() {
            o.list("coding", |l| write_codings(l, codings));
        }
        o.text_if("text", text);
    });
}

/// Writes codings as elements.
pub(super) fn write_codings(l: &mut List<'_>, codings: &[Coding]) {
    for coding in codings {
        l.object(|o| {
            o.text("system", coding.system);
            o.text("code", coding.code);
            if !coding.display.is_empty() {
                o.text("display", coding.display);
            }
        });
    }
}
