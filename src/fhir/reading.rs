//! What reading needs, and what a line can say.

use std::collections::HashMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use preventiojyraa_core::intake::{Content, Submission};
use preventiojyraa_core::profile::{ResidentId, Standing, SubmissionId, Version};
use preventiojyraa_core::rulebook::{CodeSystem, FactKind, LaboratoryId, Rulebook};

use super::channel::ORDERS;
use super::dates;
use super::identity::IdentityKey;
use super::register_entry::PatientEntry;
use super::systems::code_system;
use super::wire::{Concept, Meta, OrderReference, Performer};

/// What reading needs beside the line.
pub struct Reading<'r> {
    rulebook: &'r Rulebook,
    key: IdentityKey,
    source: String,
    zone: TimeZone,
    pull: u32,
    today: Option<Date>,
    laboratory: Option<LaboratoryId>,
    links: HashMap<String, ResidentId>,
    orders: OrdersNamed,
    told_by_residents: bool,
}

impl<'r> Reading<'r> {
    /// Prepares to read what `source` sent.
    ///
    /// # Errors
    ///
    /// When the programme's time zone is not in the time-zone database; the
    /// name of the zone is returned.
    pub fn new(rulebook: &'r Rulebook, key: IdentityKey, source: &str) -> Result<Self, String> {
        let name = &rulebook.programme.time_zone;
        let zone = TimeZone::get(name).map_err(|_| name.clone())?;
        Ok(Self {
            rulebook,
            key,
            source: source.to_owned(),
            zone,
            pull: 0,
            today: None,
            laboratory: None,
            links: HashMap::new(),
            orders: OrdersNamed::default(),
            told_by_residents: false,
        })
    }

    /// Whether a day has come by the day of the pull; any day, while that is not known.
    pub(super) fn has_come(&self, day: Date) -> bool {
        self.today.is_none_or(|today| day <= today)
    }

    /// The same for one pull, by its number and day.
    #[must_use]
    pub fn for_pull(self, pull: u32, today: Date) -> Self {
        Self {
            pull,
            today: Some(today),
            ..self
        }
    }

    /// The same for a source whose results are of this laboratory, unless they name another.
    #[must_use]
    pub fn at_laboratory(self, laboratory: Option<LaboratoryId>) -> Self {
        Self { laboratory, ..self }
    }

    /// The same for a source beside the register, which calls some of its residents by other names.
    #[must_use]
    pub fn linked_by(self, links: HashMap<String, ResidentId>) -> Self {
        Self { links, ..self }
    }

    /// The same where results may say which of these orders they answer.
    #[must_use]
    pub fn answering(self, orders: OrdersNamed) -> Self {
        Self { orders, ..self }
    }

    /// The orders that a result says it is based on, each once; those of others are passed over.
    pub(super) fn answered(&self, based_on: &[OrderReference<'_>]) -> Vec<i64> {
        let mut found: Vec<i64> = based_on
            .iter()
            .filter_map(|order| self.orders.find(order))
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Whether a line of which no rule speaks could all the same answer an order, seen without parsing it.
    #[must_use]
    pub fn may_answer(&self, line: &[u8]) -> bool {
        self.orders.may_be_in(line)
    }

    /// The same for a source whose statements are all the residents' own, whatever codes they have.
    #[must_use]
    pub fn told_by_residents(self, told_by_residents: bool) -> Self {
        Self {
            told_by_residents,
            ..self
        }
    }

    /// Who stands behind a statement that looks like `standing`.
    pub(super) const fn standing(&self, standing: Standing) -> Standing {
        if self.told_by_residents {
            Standing::SelfReported
        } else {
            standing
        }
    }

    /// Whether the source's name for somebody is linked to a resident of the register.
    #[must_use]
    pub fn is_linked(&self, patient_id: &str) -> bool {
        self.links.contains_key(patient_id)
    }

    /// The laboratory that made a result: as it is signed, else the source's own.
    ///
    /// A signature that the rules do not know is another laboratory, of which only the codes that mean
    /// the same everywhere are understood; so is one that names two.
    pub(super) fn laboratory(&self, performers: &[Performer<'_>]) -> Option<LaboratoryId> {
        const PEOPLE: [&str; 5] = [
            "Patient/",
            "Practitioner/",
            "PractitionerRole/",
            "RelatedPerson/",
            "CareTeam/",
        ];
        let mut found: Vec<Option<LaboratoryId>> = Vec::new();
        for performer in performers {
            let reference = performer.reference.as_deref().unwrap_or_default();
            if PEOPLE.iter().any(|kind| reference.contains(kind)) {
                continue;
            }
            let identifier = performer.identifier.as_ref();
            let names = [
                performer.display.as_deref(),
                identifier.and_then(|identifier| identifier.value.as_deref()),
            ];
            let mut names = names.into_iter().flatten().peekable();
            if names.peek().is_some() {
                let vocabulary = &self.rulebook.catalogue.vocabulary;
                found.push(names.find_map(|name| vocabulary.performer(name)));
            }
        }
        found.sort_unstable();
        found.dedup();
        match found[..] {
            [] => self.laboratory,
            [one] => one,
            _ => None,
        }
    }

    /// The opaque id of a resident whom the source calls by this `Patient.id`.
    #[must_use]
    pub fn resident(&self, patient_id: &str) -> ResidentId {
        let linked = self.links.get(patient_id).copied();
        linked.unwrap_or_else(|| self.key.resident(&self.source, patient_id))
    }

    /// Codings in systems that the rules know.
    pub(super) fn codings<'p>(
        &self,
        concept: Option<&'p Concept<'_>>,
    ) -> Vec<(CodeSystem, &'p str)> {
        let codings = concept
            .and_then(|concept| concept.coding.as_deref())
            .unwrap_or_default();
        let known = |uri: &str| {
            let is_local = || {
                self.rulebook
                    .programme
                    .code_systems
                    .iter()
                    .any(|local| local == uri)
            };
            code_system(uri).or_else(|| is_local().then_some(CodeSystem::Programme))
        };
        codings
            .iter()
            .filter_map(|coding| Some((known(coding.system.as_deref()?)?, coding.code.as_deref()?)))
            .collect()
    }

    /// Whether the rules know any of the codes.
    pub(super) fn knows(&self, concept: Option<&Concept<'_>>) -> bool {
        let codings = self.codings(concept);
        self.rulebook.catalogue.question(&codings).is_some()
            || codings
                .iter()
                .any(|(system, code)| self.has_meaning(*system, code))
    }

    /// Whether any code means a test whose open orders matter to the rules.
    pub(super) fn is_ordered(&self, codings: &[(CodeSystem, &str)]) -> bool {
        let catalogue = &self.rulebook.catalogue;
        let meanings = codings
            .iter()
            .filter_map(|(system, code)| catalogue.meaning_at(*system, code, self.laboratory));
        let mut orders = meanings.filter_map(|test| catalogue.order_meaning(test));
        orders.next().is_some()
    }

    /// Whether any code is of a task that tells a fact.
    pub(super) fn is_progress(&self, codings: &[(CodeSystem, &str)]) -> bool {
        self.rulebook.catalogue.progress(codings).is_some()
    }

    /// Whether any code means a diagnosis or finding.
    pub(super) fn means_condition(&self, codings: &[(CodeSystem, &str)]) -> bool {
        let catalogue = &self.rulebook.catalogue;
        let mut meanings = codings
            .iter()
            .filter_map(|(system, code)| catalogue.meaning(*system, code));
        meanings.any(|id| catalogue.definition(id).kind == FactKind::Condition)
    }

    /// Whether a resource could matter to the rules though they know none of its codes: one of no
    /// system that they know, or next to those that they do.
    pub(super) fn could_matter(&self, contents: &[Content<'_>]) -> bool {
        let vocabulary = &self.rulebook.catalogue.vocabulary;
        let mut codings = contents.iter().flat_map(|content| match content {
            Content::Coded { codings, .. } | Content::Relative { codings, .. } => &codings[..],
            Content::Withdrawn
            | Content::NotFinal(_)
            | Content::Ordered { .. }
            | Content::Progress { .. }
            | Content::Form { .. } => &[],
        });
        let mut known = codings.by_ref().peekable();
        known.peek().is_none()
            || known.any(|(system, code)| vocabulary.could_matter(Some(*system), code))
    }

    /// Whether the rules know this code in some laboratory.
    pub(super) fn has_meaning(&self, system: CodeSystem, code: &str) -> bool {
        self.rulebook.catalogue.knows(system, code)
    }

    /// What the source calls `resource_type/id`, as an opaque id.
    #[must_use]
    pub fn submission(&self, resource_type: &str, id: &str) -> SubmissionId {
        self.key.submission(&self.source, resource_type, id)
    }

    pub(super) fn zone(&self) -> &TimeZone {
        &self.zone
    }

    pub(super) fn is_in_area(&self, municipality: &str) -> bool {
        self.rulebook
            .programme
            .municipalities
            .iter()
            .any(|code| code == municipality)
    }

    pub(super) fn version(&self, meta: Option<&Meta<'_>>, digest: u64) -> Version {
        let updated = meta.and_then(|meta| meta.last_updated.as_deref());
        let updated = updated.and_then(dates::microseconds).unwrap_or(i64::MIN);
        Version {
            updated,
            pull: self.pull,
            digest,
        }
    }
}

impl Reading<'_> {
    /// The submission that a source says it has deleted, and the version that takes it back: as of
    /// the instant at which the source said so.
    #[must_use]
    pub fn deletion(
        &self,
        resource_type: &str,
        id: &str,
        said_at: &str,
    ) -> (SubmissionId, Version) {
        let version = Version {
            updated: dates::microseconds(said_at).unwrap_or(i64::MIN),
            pull: self.pull,
            digest: 0,
        };
        (self.submission(resource_type, id), version)
    }
}

/// Orders for tests that wait for their results, by what a result can call them.
#[derive(Debug, Default)]
pub struct OrdersNamed {
    by_key: HashMap<String, i64>,
    by_id: HashMap<String, i64>,
}

impl OrdersNamed {
    /// Adds an order: its number in the ledger, its key, which is its identifier at the other side, and
    /// its id there as a `ServiceRequest`, where that is known and the results come from the same server.
    pub fn add(&mut self, number: i64, key: String, id: Option<&str>) {
        self.by_key.insert(key, number);
        if let Some(id) = id.and_then(service_request) {
            self.by_id.insert(id.to_owned(), number);
        }
    }

    fn find(&self, order: &OrderReference<'_>) -> Option<i64> {
        let id = order.reference.as_deref().and_then(service_request);
        let named = id.and_then(|id| self.by_id.get(id));
        named.copied().or_else(|| {
            let identifier = order.identifier.as_ref()?;
            let is_ours = identifier.system.as_deref() == Some(ORDERS);
            let key = identifier.value.as_deref().filter(|_| is_ours)?;
            self.by_key.get(key).copied()
        })
    }

    fn may_be_in(&self, line: &[u8]) -> bool {
        if self.by_key.is_empty() {
            return false;
        }
        let Some(at) = memchr::memmem::find(line, b"\"basedOn\"") else {
            return false;
        };
        let rest = &line[at..];
        // Escapes can hide a slash; only a parser sees through them.
        memchr::memchr(b'\\', rest).is_some()
            || memchr::memmem::find(rest, ORDERS.as_bytes()).is_some()
            || memchr::memmem::find_iter(rest, SERVICE_REQUEST).any(|at| {
                let id = &rest[at + SERVICE_REQUEST.len()..];
                let end = memchr::memchr2(b'"', b'/', id).unwrap_or(id.len());
                let id = str::from_utf8(&id[..end]).unwrap_or_default();
                self.by_id.contains_key(id)
            })
    }
}

const SERVICE_REQUEST: &[u8] = b"ServiceRequest/";

/// The id of a `ServiceRequest` in a reference to it, relative or absolute, of any version.
fn service_request(reference: &str) -> Option<&str> {
    let mut parts = reference
        .split('/')
        .skip_while(|part| *part != "ServiceRequest");
    parts.nth(1).filter(|id| !id.is_empty())
}

/// A code that no rule knows, for the count of unmapped codes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Unmapped {
    /// Resource type.
    pub resource_type: String,
    /// URI of the coding system, as sent.
    pub system: String,
    /// The code, as sent.
    pub code: String,
}

/// The first code of a line, as it stands there: counted when no rule knows any of the line's codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirstCode<'a> {
    /// Resource type.
    pub resource_type: &'static str,
    /// URI of the coding system, as sent.
    pub system: &'a str,
    /// The code, as sent.
    pub code: &'a str,
}

impl From<FirstCode<'_>> for Unmapped {
    fn from(first: FirstCode<'_>) -> Self {
        Self {
            resource_type: first.resource_type.to_owned(),
            system: first.system.to_owned(),
            code: first.code.to_owned(),
        }
    }
}

/// What one line says.
pub enum Resource<'a> {
    /// An entry of the register.
    Register(Box<PatientEntry>),
    /// Statements about one resident; `f` is called with each.
    Statements {
        /// Resource type.
        resource_type: &'static str,
        /// What the source calls it.
        id: &'a str,
        /// About whom.
        resident: ResidentId,
        /// What it says, part by part.
        submissions: Vec<Submission<'a>>,
        /// Numbers of the orders whose final answer it says it is.
        answers: Vec<i64>,
        /// Its first code, for the count should no rule know any.
        first_code: FirstCode<'a>,
        /// Whether it could matter should no rule know any of its codes.
        could_matter: bool,
    },
    /// A resource type that this program does not use.
    OtherType(String),
}

/// `Patient.id` of a reference: relative, absolute, versioned, or a `urn:uuid`.
pub(super) fn patient_reference(reference: &str) -> Option<&str> {
    if let Some(uuid) = reference.strip_prefix("urn:uuid:") {
        return Some(uuid).filter(|id| !id.is_empty());
    }
    let start = if reference.starts_with("Patient/") {
        0
    } else {
        let at = reference.find("Patient/")?;
        if reference.as_bytes()[at - 1] != b'/' {
            return None;
        }
        at
    };
    let id = reference[start + "Patient/".len()..].split('/').next()?;
    Some(id).filter(|id| !id.is_empty())
}
