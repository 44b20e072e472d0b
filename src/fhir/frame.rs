//! Identity, dates and codes that every statement has.

use jiff::civil::Date;
use preventiojyraa_core::intake::{Content, Issue, IssueCode, Submission, SubmittedValue};
use preventiojyraa_core::profile::Standing;
use preventiojyraa_core::rulebook::LaboratoryId;

use super::dates;
use super::reading::{FirstCode, Reading, Resource, patient_reference};
use super::wire::{Concept, Meta, Reference};

/// The resource types whose codes say what they are about.
pub const CODE_BEARING: [&str; 4] = [
    "Observation",
    "Condition",
    "MedicationRequest",
    "FamilyMemberHistory",
];

/// Identity and dates that every statement has.
pub(super) struct Frame<'p> {
    pub(super) resource_type: &'static str,
    pub(super) id: Option<&'p str>,
    pub(super) meta: Option<&'p Meta<'p>>,
    pub(super) subject: Option<&'p Reference<'p>>,
    pub(super) digest: u64,
    pub(super) standing: Standing,
    pub(super) effective: Option<&'p str>,
    pub(super) until: Option<&'p str>,
    pub(super) recorded: Option<&'p str>,
    pub(super) laboratory: Option<LaboratoryId>,
}

impl<'p> Frame<'p> {
    /// Puts contents into submissions of one resource.
    pub(super) fn statements(
        &self,
        reading: &Reading<'_>,
        mut contents: Vec<Content<'p>>,
        first_code: FirstCode<'p>,
    ) -> Result<Resource<'p>, Issue> {
        let kind = self.resource_type;
        // What says nothing at all cannot matter.
        let could_matter =
            !contents.is_empty() && CODE_BEARING.contains(&kind) && reading.could_matter(&contents);
        if contents.is_empty() {
            // It says nothing, which may be less than an earlier version said.
            contents.push(Content::Coded {
                codings: Vec::new(),
                value: SubmittedValue::None,
                part: 0,
            });
        }
        let missing =
            |code, field: &str, what: &str| Issue::reading(code, format!("{kind}.{field}"), what);
        let id = self
            .id
            .filter(|id| !id.is_empty())
            .ok_or_else(|| missing(IssueCode::IdMissing, "id", "an id"))?;
        let patient = self
            .subject
            .and_then(|subject| subject.reference.as_deref())
            .and_then(patient_reference)
            .ok_or_else(|| {
                let field = match kind {
                    "Consent" | "FamilyMemberHistory" => "patient",
                    "Task" => "for",
                    _ => "subject",
                };
                missing(IssueCode::SubjectMissing, field, "a reference to a Patient")
            })?;
        let resident = reading.resident(patient);
        // What says no other time of writing was written when it was last touched.
        let updated = || self.meta.and_then(|meta| meta.last_updated.as_deref());
        let recorded = self
            .recorded
            .or_else(updated)
            .and_then(|text| dates::latest_day(text, reading.zone()));
        let effective = self
            .effective
            .and_then(|text| effective_day(text, recorded, reading));
        let until = self
            .until
            .and_then(|text| dates::latest_day(text, reading.zone()));
        let submission = reading.submission(kind, id);
        let version = reading.version(self.meta, self.digest);
        let submissions = contents
            .into_iter()
            .map(|content| Submission {
                resident,
                id: submission,
                version,
                effective,
                effective_text: self.effective,
                until,
                recorded,
                standing: reading.standing(self.standing),
                laboratory: self.laboratory,
                content,
            })
            .collect();
        Ok(Resource::Statements {
            resource_type: kind,
            id,
            resident,
            submissions,
            answers: Vec::new(),
            first_code,
            could_matter,
        })
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

pub(super) fn first_code<'p>(
    resource_type: &'static str,
    concept: Option<&'p Concept<'_>>,
) -> FirstCode<'p> {
    let coding = concept
        .and_then(|concept| concept.coding.as_deref())
        .and_then(<[_]>::first);
    FirstCode {
        resource_type,
        system: coding.and_then(|c| c.system.as_deref()).unwrap_or_default(),
        code: coding.and_then(|c| c.code.as_deref()).unwrap_or_default(),
    }
}

pub(super) fn has_code(concept: Option<&Concept<'_>>, wanted: &[&str]) -> bool {
    let codings = concept
        .and_then(|concept| concept.coding.as_deref())
        .unwrap_or_default();
    codings.iter().any(|coding| {
        coding
            .code
            .as_deref()
            .is_some_and(|code| wanted.contains(&code))
    })
}
