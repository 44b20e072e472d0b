//! One line of an export into what it says.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use preventiojyraa_core::intake::{
    Answered, Content, Issue, IssueCode, Submission, SubmittedUnit, SubmittedValue,
};
use preventiojyraa_core::profile::{Comparator, ResidentId, Standing, Version};
use preventiojyraa_core::rulebook::{CodeSystem, Rulebook};
use serde::Deserialize;

use super::dates;
use super::identity::IdentityKey;
use super::patient::{self, PatientEntry};
use super::systems::{code_system, unit};
use super::wire::{
    Component, Concept, Condition, Consent, FamilyMemberHistory, FormAnswer, FormItem, Head,
    MedicationRequest, Meta, Observation, Patient, Quantity, QuestionnaireResponse, Reference,
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
        Ok(Self { rulebook, key, source: source.to_owned(), zone, pull: 0 })
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
    fn codings<'p>(&self, concept: Option<&'p Concept<'_>>) -> Vec<(CodeSystem, &'p str)> {
        let codings = concept.and_then(|concept| concept.coding.as_deref()).unwrap_or_default();
        let known = |uri: &str| {
            let is_local = || self.rulebook.programme.code_systems.iter().any(|local| local == uri);
            code_system(uri).or_else(|| is_local().then_some(CodeSystem::Programme))
        };
        codings
            .iter()
            .filter_map(|coding| Some((known(coding.system.as_deref()?)?, coding.code.as_deref()?)))
            .collect()
    }

    /// Whether the rules know any of the codes.
    fn knows(&self, concept: Option<&Concept<'_>>) -> bool {
        let codings = self.codings(concept);
        self.rulebook.catalogue.question(&codings).is_some()
            || codings.iter().any(|(system, code)| {
                self.rulebook.catalogue.meaning(*system, code).is_some()
            })
    }

    pub(super) fn zone(&self) -> &TimeZone {
        &self.zone
    }

    pub(super) fn is_in_area(&self, municipality: &str) -> bool {
        self.rulebook.programme.municipalities.iter().any(|code| code == municipality)
    }

    pub(super) fn version(&self, meta: Option<&Meta<'_>>, digest: u64) -> Version {
        let updated = meta.and_then(|meta| meta.last_updated.as_deref());
        let updated = updated.and_then(dates::microseconds).unwrap_or(i64::MIN);
        Version { updated, pull: self.pull, digest }
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
    let text = std::str::from_utf8(line).map_err(|_| not_utf8(line))?;
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
            statements!("MedicationRequest", MedicationRequest<'_>, medication_request)
        }
        "FamilyMemberHistory" => {
            statements!("FamilyMemberHistory", FamilyMemberHistory<'_>, family_member_history)
        }
        "QuestionnaireResponse" => {
            statements!("QuestionnaireResponse", QuestionnaireResponse<'_>, questionnaire_response)
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
    let end = rest.iter().position(|b| !(b.is_ascii_alphanumeric() || *b == b'-' || *b == b'.'))?;
    std::str::from_utf8(&rest[..end]).ok().filter(|id| !id.is_empty())
}

fn digest(line: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&blake3::hash(line).as_bytes()[..8]);
    u64::from_le_bytes(bytes)
}

fn not_utf8(line: &[u8]) -> Issue {
    let issue = Issue::reading(IssueCode::NotUtf8, "", "UTF-8 text");
    let is_utf16 = line.iter().filter(|b| **b == 0).count() * 3 > line.len();
    issue.with_hint(if is_utf16 { "is this UTF-16?" } else { "is this ISO 8859-1 (Latin-1)?" })
}

/// Parses, and says what is wrong and where when it cannot.
fn parse<'a, T: Deserialize<'a>>(text: &'a str, resource_type: &str) -> Result<T, Issue> {
    serde_json::from_str(text).map_err(|error| {
        // Only now is the slower path worth it: it names the place.
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let place = serde_path_to_error::deserialize::<_, T>(&mut deserializer).err();
        explain(resource_type, &error, place.map(|place| place.path().to_string()))
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

/// Identity and dates that every statement has.
struct Frame<'p> {
    resource_type: &'static str,
    id: Option<&'p str>,
    meta: Option<&'p Meta<'p>>,
    subject: Option<&'p Reference<'p>>,
    digest: u64,
    standing: Standing,
    effective: Option<&'p str>,
    until: Option<&'p str>,
    recorded: Option<&'p str>,
}

impl<'p> Frame<'p> {
    /// Puts contents into submissions of one resource.
    fn statements(
        &self,
        reading: &Reading<'_>,
        contents: Vec<Content<'p>>,
        first_code: Option<Unmapped>,
    ) -> Result<Resource<'p>, Issue> {
        let kind = self.resource_type;
        let missing = |code, field: &str, what: &str| {
            Issue::reading(code, format!("{kind}.{field}"), what)
        };
        let id = self
            .id
            .filter(|id| !id.is_empty())
            .ok_or_else(|| missing(IssueCode::IdMissing, "id", "an id"))?;
        let patient = self
            .subject
            .and_then(|subject| subject.reference.as_deref())
            .and_then(patient_reference)
            .ok_or_else(|| missing(IssueCode::SubjectMissing, "subject", "a reference to a Patient"))?;
        let resident = reading.resident(patient);
        let recorded = self.recorded.and_then(|text| dates::latest_day(text, reading.zone()));
        let effective = self.effective.and_then(|text| effective_day(text, recorded, reading));
        let until = self.until.and_then(|text| dates::latest_day(text, reading.zone()));
        let submissions = contents
            .into_iter()
            .map(|content| Submission {
                resident,
                id: reading.key.submission(&reading.source, kind, id),
                version: reading.version(self.meta, self.digest),
                effective,
                effective_text: self.effective,
                until,
                recorded,
                standing: self.standing,
                content,
            })
            .collect();
        Ok(Resource::Statements { resource_type: kind, resident, submissions, first_code })
    }
}

/// The last day the date can mean, but not after it was written down.
fn effective_day(text: &str, recorded: Option<Date>, reading: &Reading<'_>) -> Option<Date> {
    let (earliest, latest) = dates::date_bounds(text, reading.zone())?;
    Some(match recorded {
        Some(recorded) if earliest <= recorded && recorded < latest => recorded,
        _ => latest,
    })
}

fn first_code(resource_type: &str, concept: Option<&Concept<'_>>) -> Option<Unmapped> {
    let coding = concept.and_then(|concept| concept.coding.as_deref()).and_then(<[_]>::first);
    Some(Unmapped {
        resource_type: resource_type.to_owned(),
        system: coding.and_then(|c| c.system.as_deref()).unwrap_or_default().to_owned(),
        code: coding.and_then(|c| c.code.as_deref()).unwrap_or_default().to_owned(),
    })
}

fn has_code(concept: Option<&Concept<'_>>, wanted: &[&str]) -> bool {
    let codings = concept.and_then(|concept| concept.coding.as_deref()).unwrap_or_default();
    codings.iter().any(|coding| coding.code.as_deref().is_some_and(|code| wanted.contains(&code)))
}

fn quantity<'p>(quantity: &'p Quantity<'_>) -> SubmittedValue<'p> {
    let comparator = match quantity.comparator.as_deref() {
        None => Comparator::Exactly,
        Some("<") => Comparator::Below,
        Some("<=") => Comparator::AtMost,
        Some(">=") => Comparator::AtLeast,
        Some(">") => Comparator::Above,
        Some(_) => return SubmittedValue::Other("a comparator that FHIR does not have"),
    };
    match quantity.value {
        Some(value) => SubmittedValue::Quantity { value, comparator, unit: unit(quantity) },
        None => SubmittedValue::Other("a quantity without a number"),
    }
}

/// The one value of an observation or component.
fn value<'p>(reading: &Reading<'_>, part: &'p Component<'_>) -> SubmittedValue<'p> {
    let given = [
        part.value_quantity.as_ref().map(quantity),
        part.value_boolean.map(SubmittedValue::Flag),
        part.value_codeable_concept
            .as_ref()
            .map(|concept| SubmittedValue::Codes(reading.codings(Some(concept)))),
        part.value_string.as_ref().map(|_| SubmittedValue::Other("a text")),
        part.value_integer.map(|_| SubmittedValue::Other("a number without a unit")),
    ];
    one_value(given, part.data_absent_reason.is_some())
}

fn observation<'p>(
    reading: &Reading<'_>,
    observation: &'p Observation<'_>,
    digest: u64,
) -> Result<Resource<'p>, Issue> {
    let by_resident = observation.performer.iter().flatten().any(|performer| {
        performer.reference.as_deref().is_some_and(|r| patient_reference(r).is_some() && r.contains("Patient/"))
    });
    let period = observation.effective_period.as_ref();
    let frame = Frame {
        resource_type: "Observation",
        id: observation.id.as_deref(),
        meta: observation.meta.as_ref(),
        subject: observation.subject.as_ref(),
        digest,
        standing: if by_resident { Standing::SelfReported } else { Standing::Established },
        effective: observation
            .effective_date_time
            .as_deref()
            .or(observation.effective_instant.as_deref())
            .or_else(|| period.and_then(|p| p.end.as_deref().or(p.start.as_deref()))),
        until: None,
        recorded: observation.issued.as_deref(),
    };
    let unmapped = first_code("Observation", observation.code.as_ref());
    let status = observation.status.as_deref().unwrap_or("missing");
    let contents = match status {
        "final" | "amended" | "corrected" => observation_contents(reading, observation),
        // Without a code it may be anything that was said before under this id.
        "entered-in-error" | "cancelled"
            if observation.code.is_none() || is_mapped(reading, observation) =>
        {
            vec![Content::Withdrawn]
        }
        other if is_mapped(reading, observation) => vec![Content::NotFinal(other)],
        _ => observation_contents(reading, observation),
    };
    frame.statements(reading, contents, unmapped)
}

/// Whether the rules know any code of an observation; a preliminary result of
/// another kind is nobody's issue.
fn is_mapped(reading: &Reading<'_>, observation: &Observation<'_>) -> bool {
    let components = observation.component.iter().flatten().map(|part| part.code.as_ref());
    std::iter::once(observation.code.as_ref())
        .chain(components)
        .any(|code| reading.knows(code))
}

fn observation_contents<'p>(
    reading: &Reading<'_>,
    observation: &'p Observation<'_>,
) -> Vec<Content<'p>> {
    let own = Content::Coded {
        codings: reading.codings(observation.code.as_ref()),
        value: own_value(reading, observation),
        part: 0,
    };
    let components = observation.component.iter().flatten().zip(1..).map(|(part, n)| {
        Content::Coded { codings: reading.codings(part.code.as_ref()), value: value(reading, part), part: n }
    });
    std::iter::once(own).chain(components).collect()
}

fn own_value<'p>(reading: &Reading<'_>, observation: &'p Observation<'_>) -> SubmittedValue<'p> {
    let given = [
        observation.value_quantity.as_ref().map(quantity),
        observation.value_boolean.map(SubmittedValue::Flag),
        observation
            .value_codeable_concept
            .as_ref()
            .map(|concept| SubmittedValue::Codes(reading.codings(Some(concept)))),
        observation.value_string.as_ref().map(|_| SubmittedValue::Other("a text")),
        observation.value_integer.map(|_| SubmittedValue::Other("a number without a unit")),
    ];
    one_value(given, observation.data_absent_reason.is_some())
}

fn condition<'p>(
    reading: &Reading<'_>,
    condition: &'p Condition<'_>,
    digest: u64,
) -> Result<Resource<'p>, Issue> {
    let is_diagnosis = condition
        .category
        .iter()
        .flatten()
        .any(|category| has_code(Some(category), &["encounter-diagnosis", "problem-list-item"]));
    let verification = condition.verification_status.as_ref();
    let is_doubted = has_code(verification, &["unconfirmed", "provisional", "differential"]);
    let is_withdrawn = has_code(verification, &["refuted", "entered-in-error"]);
    let is_over = has_code(condition.clinical_status.as_ref(), &["resolved", "inactive", "remission"]);
    let onset = condition.onset_period.as_ref().and_then(|period| period.start.as_deref());
    let abatement = condition
        .abatement_period
        .as_ref()
        .and_then(|period| period.end.as_deref().or(period.start.as_deref()));
    let recorded = condition.recorded_date.as_deref();
    let effective = condition.onset_date_time.as_deref().or(onset).or(recorded);
    let frame = Frame {
        resource_type: "Condition",
        id: condition.id.as_deref(),
        meta: condition.meta.as_ref(),
        subject: condition.subject.as_ref(),
        digest,
        standing: if is_diagnosis && !is_doubted { Standing::Established } else { Standing::Unaccepted },
        effective,
        // Over without a date of ending: over since it was written down.
        until: condition
            .abatement_date_time
            .as_deref()
            .or(abatement)
            .or(if is_over { recorded.or(effective) } else { None }),
        recorded,
    };
    let contents = if is_withdrawn && (condition.code.is_none() || reading.knows(condition.code.as_ref())) {
        vec![Content::Withdrawn]
    } else {
        vec![Content::Coded {
            codings: reading.codings(condition.code.as_ref()),
            value: SubmittedValue::None,
            part: 0,
        }]
    };
    frame.statements(reading, contents, first_code("Condition", condition.code.as_ref()))
}

fn medication_request<'p>(
    reading: &Reading<'_>,
    request: &'p MedicationRequest<'_>,
    digest: u64,
) -> Result<Resource<'p>, Issue> {
    let contained = || {
        let local = request.medication_reference.as_ref()?.reference.as_deref()?.strip_prefix('#')?;
        let mut contained = request.contained.iter().flatten();
        contained.find(|inner| inner.id.as_deref() == Some(local))?.code.as_ref()
    };
    let medication = request.medication_codeable_concept.as_ref().or_else(contained);
    let frame = Frame {
        resource_type: "MedicationRequest",
        id: request.id.as_deref(),
        meta: request.meta.as_ref(),
        subject: request.subject.as_ref(),
        digest,
        standing: Standing::Established,
        effective: request.authored_on.as_deref(),
        until: None,
        recorded: request.authored_on.as_deref(),
    };
    let codings = reading.codings(medication);
    let is_mapped = reading.knows(medication);
    let status = request.status.as_deref().unwrap_or("missing");
    // A proposal or plan is nobody's prescription yet.
    let is_order = !matches!(request.intent.as_deref(), Some("proposal" | "plan" | "option"));
    let content = match status {
        "entered-in-error" | "cancelled" if medication.is_none() || is_mapped => Content::Withdrawn,
        "active" | "completed" | "stopped" | "on-hold" if is_order => {
            Content::Coded { codings, value: SubmittedValue::None, part: 0 }
        }
        _ if !is_mapped => Content::Coded { codings, value: SubmittedValue::None, part: 0 },
        _ if !is_order => Content::NotFinal("a proposal"),
        other => Content::NotFinal(other),
    };
    frame.statements(reading, vec![content], first_code("MedicationRequest", medication))
}

fn family_member_history<'p>(
    reading: &Reading<'_>,
    history: &'p FamilyMemberHistory<'_>,
    digest: u64,
) -> Result<Resource<'p>, Issue> {
    let frame = Frame {
        resource_type: "FamilyMemberHistory",
        id: history.id.as_deref(),
        meta: history.meta.as_ref(),
        subject: history.patient.as_ref(),
        digest,
        standing: Standing::Established,
        effective: history.date.as_deref().or_else(|| {
            history.meta.as_ref().and_then(|meta| meta.last_updated.as_deref())
        }),
        until: None,
        recorded: None,
    };
    let relationship = history.relationship.as_ref();
    let relationships: Vec<&str> = relationship
        .and_then(|concept| concept.coding.as_deref())
        .unwrap_or_default()
        .iter()
        .filter_map(|coding| coding.code.as_deref())
        .collect();
    let conditions = history.condition.as_deref().unwrap_or_default();
    let contents = match history.status.as_deref() {
        Some("entered-in-error") => vec![Content::Withdrawn],
        _ => conditions
            .iter()
            .map(|relative| Content::Relative {
                relationships: relationships.clone(),
                codings: reading.codings(relative.code.as_ref()),
            })
            .collect(),
    };
    let first = conditions.first().and_then(|relative| relative.code.as_ref());
    frame.statements(reading, contents, first_code("FamilyMemberHistory", first))
}

fn questionnaire_response<'p>(
    reading: &Reading<'_>,
    response: &'p QuestionnaireResponse<'_>,
    digest: u64,
) -> Result<Resource<'p>, Issue> {
    let frame = Frame {
        resource_type: "QuestionnaireResponse",
        id: response.id.as_deref(),
        meta: response.meta.as_ref(),
        subject: response.subject.as_ref(),
        digest,
        standing: Standing::SelfReported,
        effective: response.authored.as_deref(),
        until: None,
        recorded: response.authored.as_deref(),
    };
    let questionnaire = response.questionnaire.as_deref().unwrap_or_default();
    let content = match response.status.as_deref().unwrap_or("missing") {
        "completed" | "amended" => {
            let mut answers = Vec::new();
            collect_answers(response.item.as_deref().unwrap_or_default(), &mut answers);
            Content::Form { questionnaire, answers }
        }
        "entered-in-error" => Content::Withdrawn,
        other => Content::NotFinal(other),
    };
    let unmapped = Unmapped {
        resource_type: "QuestionnaireResponse".to_owned(),
        system: String::new(),
        code: questionnaire.to_owned(),
    };
    frame.statements(reading, vec![content], Some(unmapped))
}

/// Answers of all items, groups opened, in the order of the form.
fn collect_answers<'p>(items: &'p [FormItem<'_>], answers: &mut Vec<Answered<'p>>) {
    for item in items {
        if let (Some(link_id), Some([first, ..])) = (item.link_id.as_deref(), item.answer.as_deref()) {
            answers.push(Answered { link_id, value: answer_value(first) });
        }
        collect_answers(item.item.as_deref().unwrap_or_default(), answers);
    }
}

fn answer_value<'p>(answer: &'p FormAnswer<'_>) -> SubmittedValue<'p> {
    #[expect(clippy::cast_precision_loss, reason = "a whole number that a form asks for is small")]
    let whole = answer.value_integer.map(|value| value as f64);
    let number = answer.value_decimal.or(whole).map(|value| SubmittedValue::Quantity {
        value,
        comparator: Comparator::Exactly,
        unit: SubmittedUnit::Missing,
    });
    let code = answer.value_coding.as_ref().and_then(|coding| coding.code.as_deref());
    let given = [
        number,
        answer.value_quantity.as_ref().map(quantity),
        code.map(SubmittedValue::Other),
        answer.value_boolean.map(|yes| SubmittedValue::Other(if yes { "true" } else { "false" })),
        answer.value_string.as_deref().map(SubmittedValue::Other),
    ];
    one_value(given, false)
}

fn consent<'p>(
    reading: &Reading<'_>,
    consent: &'p Consent<'_>,
    digest: u64,
) -> Result<Resource<'p>, Issue> {
    let provision = consent.provision.as_ref();
    let denies = provision.and_then(|p| p.kind.as_deref()) == Some("deny");
    let status = consent.status.as_deref().unwrap_or("missing");
    let frame = Frame {
        resource_type: "Consent",
        id: consent.id.as_deref(),
        meta: consent.meta.as_ref(),
        subject: consent.patient.as_ref(),
        digest,
        standing: Standing::Established,
        effective: consent.date_time.as_deref(),
        until: None,
        recorded: consent.date_time.as_deref(),
    };
    let concepts = consent
        .category
        .iter()
        .flatten()
        .chain(provision.and_then(|p| p.code.as_deref()).unwrap_or_default());
    let mut all: Vec<(CodeSystem, &str)> = concepts.flat_map(|concept| reading.codings(Some(concept))).collect();
    all.dedup();
    let is_mapped =
        all.iter().any(|(system, code)| reading.rulebook.catalogue.meaning(*system, code).is_some());
    let content = match status {
        _ if !is_mapped && !all.is_empty() => {
            Content::Coded { codings: all, value: SubmittedValue::None, part: 0 }
        }
        "active" if denies => Content::Coded { codings: all, value: SubmittedValue::None, part: 0 },
        // A refusal taken back, or permission given: whatever this consent refused, it no longer does.
        _ => Content::Withdrawn,
    };
    let first = consent.category.as_deref().and_then(<[_]>::first);
    frame.statements(reading, vec![content], first_code("Consent", first))
}

/// The one value given; two are as bad as none.
fn one_value<'p, const N: usize>(
    given: [Option<SubmittedValue<'p>>; N],
    is_absent: bool,
) -> SubmittedValue<'p> {
    let mut given = given.into_iter().flatten();
    match (given.next(), given.next()) {
        (Some(value), None) => value,
        (Some(_), Some(_)) => SubmittedValue::Other("two values"),
        (None, _) if is_absent => SubmittedValue::Absent,
        (None, _) => SubmittedValue::None,
    }
}
