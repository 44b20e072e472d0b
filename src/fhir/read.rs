//! One line of an export into what it says.

use preventiojyraa_core::intake::{Issue, IssueCode};
use serde::Deserialize;

use super::filter::type_at_start;
use super::form::questionnaire_response;
use super::patient;
use super::progress::task;
use super::reading::{Reading, Resource};
use super::statements::{
    condition, consent, family_member_history, medication_request, observation, service_request,
};
use super::wire::{
    Condition, Consent, FamilyMemberHistory, Head, MedicationRequest, Observation, Patient,
    QuestionnaireResponse, ServiceRequest, Task,
};

/// The resource types that decisions rest on: what every server is asked for.
pub const TYPES_READ: [&str; 8] = [
    "Patient",
    "Observation",
    "Condition",
    "MedicationRequest",
    "FamilyMemberHistory",
    "QuestionnaireResponse",
    "Consent",
    "ServiceRequest",
];

/// Types that [`read_line`] understands as well, and on which no decision rests: a server is asked for
/// them where the site says so, since many do not let them be read.
pub const MORE_TYPES: [&str; 1] = ["Task"];

/// A resource of a type that is read.
enum Parsed<'a> {
    Patient(Patient<'a>),
    Observation(Observation<'a>),
    Condition(Condition<'a>),
    MedicationRequest(MedicationRequest<'a>),
    FamilyMemberHistory(FamilyMemberHistory<'a>),
    QuestionnaireResponse(QuestionnaireResponse<'a>),
    ServiceRequest(ServiceRequest<'a>),
    Consent(Consent<'a>),
    Task(Task<'a>),
}

impl<'a> Parsed<'a> {
    /// Parses a line as a type; `None` when this program does not use that type.
    fn parse(kind: &str, text: &'a str) -> Option<Result<Self, Issue>> {
        Some(match kind {
            "Patient" => parse(text, kind).map(Self::Patient),
            "Observation" => parse(text, kind).map(Self::Observation),
            "Condition" => parse(text, kind).map(Self::Condition),
            "MedicationRequest" => parse(text, kind).map(Self::MedicationRequest),
            "FamilyMemberHistory" => parse(text, kind).map(Self::FamilyMemberHistory),
            "QuestionnaireResponse" => parse(text, kind).map(Self::QuestionnaireResponse),
            "ServiceRequest" => parse(text, kind).map(Self::ServiceRequest),
            "Consent" => parse(text, kind).map(Self::Consent),
            "Task" => parse(text, kind).map(Self::Task),
            _ => return None,
        })
    }

    /// What it says itself that it is.
    fn resource_type(&self) -> Option<&str> {
        let resource_type = match self {
            Self::Patient(resource) => &resource.resource_type,
            Self::Observation(resource) => &resource.resource_type,
            Self::Condition(resource) => &resource.resource_type,
            Self::MedicationRequest(resource) => &resource.resource_type,
            Self::FamilyMemberHistory(resource) => &resource.resource_type,
            Self::QuestionnaireResponse(resource) => &resource.resource_type,
            Self::ServiceRequest(resource) => &resource.resource_type,
            Self::Consent(resource) => &resource.resource_type,
            Self::Task(resource) => &resource.resource_type,
        };
        resource_type.as_deref()
    }

    /// What it says.
    fn says(&self, reading: &Reading<'_>, digest: u64) -> Result<Resource<'_>, Issue> {
        match self {
            Self::Patient(resource) => patient::entry(reading, resource, digest)
                .map(|entry| Resource::Register(Box::new(entry))),
            Self::Observation(resource) => observation(reading, resource, digest),
            Self::Condition(resource) => condition(reading, resource, digest),
            Self::MedicationRequest(resource) => medication_request(reading, resource, digest),
            Self::FamilyMemberHistory(resource) => family_member_history(reading, resource, digest),
            Self::QuestionnaireResponse(resource) => {
                questionnaire_response(reading, resource, digest)
            }
            Self::ServiceRequest(resource) => service_request(reading, resource, digest),
            Self::Consent(resource) => consent(reading, resource, digest),
            Self::Task(resource) => task(reading, resource, digest),
        }
    }
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
    match Parsed::parse(&head.resource_type, text) {
        Some(parsed) => Ok(use_it(parsed?.says(reading, digest(line))?)),
        None => Ok(use_it(Resource::OtherType(head.resource_type.to_string()))),
    }
}

/// The same in one pass over the line, where it begins with its type. What cannot be read so is
/// left to [`read_line`], which says what is wrong.
///
/// # Errors
///
/// As [`read_line`].
pub fn read_line_once<R>(
    reading: &Reading<'_>,
    line: &[u8],
    use_it: impl FnOnce(Resource<'_>) -> R,
) -> Result<R, Issue> {
    let as_it_begins = || {
        let text = simdutf8::basic::from_utf8(line).ok()?;
        let kind = type_at_start(line)?;
        let parsed = Parsed::parse(kind, text)?.ok()?;
        (parsed.resource_type() == Some(kind)).then_some(parsed)
    };
    match as_it_begins() {
        Some(parsed) => Ok(use_it(parsed.says(reading, digest(line))?)),
        None => read_line(reading, line, use_it),
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

/// Tells versions apart; it guards against chance, not against a source that lies about itself.
fn digest(line: &[u8]) -> u64 {
    twox_hash::XxHash3_64::oneshot(line)
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
                .rsplit_once("expected ")
                .map_or("a FHIR R4 resource with `resourceType`", |(_, rest)| {
                    rest.split(" at line").next().unwrap_or(rest)
                })
                .to_owned();
            Issue::reading(IssueCode::NotFhir, at, expected)
        }
    }
}
