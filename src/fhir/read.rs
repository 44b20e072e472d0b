//! One line of an export into what it says.

use jiff::tz::TimeZone;
use preventiojyraa_core::intake::{Issue, IssueCode, Submission};
use preventiojyraa_core::profile::{ResidentId, SubmissionId, Version};
use preventiojyraa_core::rulebook::{CodeSystem, Rulebook};
use serde::Deserialize;

use super::dates;
use super::form::questionnaire_response;
use super::identity::IdentityKey;
use super::patient::{self, PatientEntry};
use super::statements::{
    condition, consent, family_member_history, medication_request, observation,
};
use super::systems::code_system;
use super::wire::{
    Concept, Condition, Consent, FamilyMemberHistory, Head, MedicationRequest, Meta, Observation,
    Patient, QuestionnaireResponse,
};

/// What reading needs beside the line.
pub struct Reading<'r> {
    rulebook: &'r Rulebook,
    key: IdentityKey,
    source: String,
    zone: TimeZone,
    pull: u32,
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
        })
    }

    /// The same for one pull, by its number.
    #[must_use]
    pub fn for_pull(self, pull: u32) -> Self {
        Self { pull, ..self }
    }

    /// The opaque id of a resident whom the source calls by this `Patient.id`.
    #[must_use]
    pub fn resident(&self, patient_id: &str) -> ResidentId {
        self.key.resident(&self.source, patient_id)
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

    /// Whether the rules know this very code.
    pub(super) fn has_meaning(&self, system: CodeSystem, code: &str) -> bool {
        self.rulebook.catalogue.meaning(system, code).is_some()
    }

    pub(super) fn submission(&self, resource_type: &str, id: &str) -> SubmissionId {
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

/// What one line says.
pub enum Resource<'a> {
    /// An entry of the register.
    Register(Box<PatientEntry>),
    /// Statements about one resident; `f` is called with each.
    Statements {
        /// Resource type.
        resource_type: &'static str,
        /// About whom.
        resident: ResidentId,
        /// What it says, part by part.
        submissions: Vec<Submission<'a>>,
        /// Its first code, should no rule know any.
        first_code: Option<Unmapped>,
    },
    /// A resource type that this program does not use.
    OtherType(String),
}

/// Reads one line and calls `use_it` with what it says.
///
/// The resource borrows from the line and from the parsed wire structs, so it
/// lives only during the call.
///
/// # Errors
///
/// The issue that sets the line aside: not UTF-8, not JSON, cut off, a key
/// twice, not the resource it claims to be, no id, no subject.
pub fn read_line<R>(
    reading: &Reading<'_>,
    line: &[u8],
    use_it: impl FnOnce(Resource<'_>) -> R,
) -> Result<R, Issue> {
    let text = std::str::from_utf8(line).map_err(|error| match error.error_len() {
        Some(_) => not_utf8(line),
        // The last letter is there by half.
        None => Issue::reading(IssueCode::CutOff, "", "a whole JSON object"),
    })?;
    let head: Head<'_> = parse(text, "")?;
    let digest = digest(line);
    macro_rules! statements {
        ($name:literal, $kind:ty, $read:ident) => {{
            let resource: $kind = parse(text, $name)?;
            let statements = $read(reading, &resource, digest)?;
            Ok(use_it(statements))
        }};
    }
    match &*head.resource_type {
        "Patient" => {
            let resource: Patient<'_> = parse(text, "Patient")?;
            let entry = patient::entry(reading, &resource, digest)?;
            Ok(use_it(Resource::Register(Box::new(entry))))
        }
        "Observation" => statements!("Observation", Observation<'_>, observation),
        "Condition" => statements!("Condition", Condition<'_>, condition),
        "MedicationRequest" => {
            statements!(
                "MedicationRequest",
                MedicationRequest<'_>,
                medication_request
            )
        }
        "FamilyMemberHistory" => {
            statements!(
                "FamilyMemberHistory",
                FamilyMemberHistory<'_>,
                family_member_history
            )
        }
        "QuestionnaireResponse" => {
            statements!(
                "QuestionnaireResponse",
                QuestionnaireResponse<'_>,
                questionnaire_response
            )
        }
        "Consent" => statements!("Consent", Consent<'_>, consent),
        other => Ok(use_it(Resource::OtherType(other.to_owned()))),
    }
}

/// Whom a line that could not be read seems to be about, found in its raw bytes.
///
/// Only for showing the issue to the right people; nothing is decided on it.
#[must_use]
pub fn salvage_subject(line: &[u8]) -> Option<&str> {
    const MARK: &[u8] = b"\"Patient/";
    let start = memchr::memmem::find(line, MARK)? + MARK.len();
    let rest = &line[start..];
    let end = rest
        .iter()
        .position(|b| !(b.is_ascii_alphanumeric() || *b == b'-' || *b == b'.'))?;
    std::str::from_utf8(&rest[..end])
        .ok()
        .filter(|id| !id.is_empty())
}

fn digest(line: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&blake3::hash(line).as_bytes()[..8]);
    u64::from_le_bytes(bytes)
}

fn not_utf8(line: &[u8]) -> Issue {
    let issue = Issue::reading(IssueCode::NotUtf8, "", "UTF-8 text");
    let is_utf16 = line.iter().filter(|b| **b == 0).count() * 3 > line.len();
    issue.with_hint(if is_utf16 {
        "is this UTF-16?"
    } else {
        "is this ISO 8859-1 (Latin-1)?"
    })
}

/// Parses, and says what is wrong and where when it cannot.
fn parse<'a, T: Deserialize<'a>>(text: &'a str, resource_type: &str) -> Result<T, Issue> {
    serde_json::from_str(text).map_err(|error| {
        // Only now is the slower path worth it: it names the place.
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let place = serde_path_to_error::deserialize::<_, T>(&mut deserializer).err();
        explain(
            resource_type,
            &error,
            place.map(|place| place.path().to_string()),
        )
    })
}

fn explain(resource_type: &str, error: &serde_json::Error, place: Option<String>) -> Issue {
    use serde_json::error::Category;
    let column = error.column();
    match error.classify() {
        Category::Eof => Issue::reading(IssueCode::CutOff, "", "a whole JSON object"),
        Category::Syntax | Category::Io => Issue::reading(
            IssueCode::NotJson,
            "",
            format!("one JSON object a line; the mistake is at column {column}"),
        ),
        Category::Data => {
            let at = place.filter(|path| path != ".").unwrap_or_default();
            let at = match (resource_type, at.as_str()) {
                ("", _) => at,
                (kind, "") => kind.to_owned(),
                (kind, path) => format!("{kind}.{path}"),
            };
            // serde's message names types and keys, never values of strings; numbers it
            // does name, so only the part about what was expected is kept.
            let message = error.to_string();
            if message.contains("duplicate field") {
                return Issue::reading(IssueCode::DuplicateKey, at, "each key once");
            }
            let expected = message
                .split_once("expected ")
                .map_or("a FHIR R4 resource with `resourceType`", |(_, rest)| {
                    rest.split(" at line").next().unwrap_or(rest)
                })
                .to_owned();
            Issue::reading(IssueCode::NotFhir, at, expected)
        }
    }
}

/// `Patient.id` of a reference: relative, absolute, versioned, or a `urn:uuid`.
pub(super) fn patient_reference(reference: &str) -> Option<&str> {
    if let Some(uuid) = reference.strip_prefix("urn:uuid:") {
        return Some(uuid).filter(|id| !id.is_empty());
    }
    let start = match reference.find("Patient/") {
        Some(0) => 0,
        Some(at) if reference.as_bytes()[at - 1] == b'/' => at,
        _ => return None,
    };
    let id = reference[start + "Patient/".len()..].split('/').next()?;
    Some(id).filter(|id| !id.is_empty())
}
