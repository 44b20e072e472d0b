//! `Task`: something that a resident or a professional is asked to do.

use fhir_sdk::DateTime;
use fhir_sdk::r4b::codes::{RequestPriority, TaskIntent, TaskStatus};
use fhir_sdk::r4b::resources::{Resource, Task, TaskInput, TaskInputValue, TaskRestriction};
use fhir_sdk::r4b::types::Period;

use crate::AuthoringError;
use crate::communication::DISCLAIMER;
use crate::parts::{
    BusinessIdentifier, Coded, CodedFields, Recipient, concept, date, identifier, note, recipient,
    reference, sender, text, token,
};
use crate::questionnaire::{FORM, FormContent, form};

/// The codes of Structured Data Capture for tasks about forms.
const SDC: &str = "http://hl7.org/fhir/uv/sdc/CodeSystem/temp";
/// Our codes for what else is asked.
const ACTS: &str = "https://preventiojyraa.example.org/fhir/CodeSystem/act";

const CODE: CodedFields = CodedFields {
    system: "code.system",
    code: "code.code",
    display: "code.display",
};

/// Types that may own a `Task`, by the standard.
const OWNERS: [&str; 8] = [
    "Practitioner",
    "PractitionerRole",
    "Organization",
    "CareTeam",
    "HealthcareService",
    "Patient",
    "Device",
    "RelatedPerson",
];

/// What a `Task` says: about one resident, for the resident or for professionals.
///
/// Nothing about where the resident lives. It has no `Debug`, which would print
/// a resident's data.
#[derive(Clone, Copy, PartialEq)]
pub struct TaskContent<'a> {
    /// The task's own name: the same whenever it is sent, and for no other task.
    pub identifier: BusinessIdentifier<'a>,
    /// The reference `Patient/{id}`, relative or absolute, as the receiver knows the resident.
    pub resident: &'a str,
    /// Who is to do it.
    pub owner: Recipient<'a>,
    /// What it is, in a line.
    pub subject: &'a str,
    /// The words.
    pub text: &'a str,
    /// Their language (BCP 47).
    pub language: &'a str,
    /// The day it is written, `YYYY-MM-DD`.
    pub written_on: &'a str,
    /// The last day for it, `YYYY-MM-DD`.
    pub due: &'a str,
    /// The form that is to be filled in; without one, somebody is to contact the resident.
    pub form: Option<FormContent<'a>>,
}

/// Writes a `Task` as the bytes of one JSON resource.
///
/// Status `requested`, intent `order`. With a form it is a task to complete it,
/// as Structured Data Capture has it: the form is an input and there is no focus.
///
/// # Errors
///
/// [`AuthoringError`] names the first field that does not keep the promise in
/// its description.
///
/// # Source
///
/// HL7 FHIR R4 (4.0.1), resource `Task`; Structured Data Capture 3.0.0, profile
/// `sdc-task` and its rule sdc-t1 ("code is 'complete-questionnaire', focus is
/// omitted and 'questionnaire' input"). `requester` has a name only: the program
/// is no resource of the receiver's.
///
/// # Example
///
/// ```
/// use preventiojyraa_authoring::{BusinessIdentifier, Recipient, TaskContent, task};
///
/// let json = task(&TaskContent {
///     identifier: BusinessIdentifier { system: "https://preventio.example/order", value: "o-17" },
///     resident: "Patient/17",
///     owner: Recipient::Reference("CareTeam/prevention"),
///     subject: "Please contact a resident",
///     text: "A result is in the range of diabetes.",
///     language: "en",
///     written_on: "2026-03-02",
///     due: "2026-03-05",
///     form: None,
/// })?;
/// assert!(String::from_utf8(json)?.contains(r#""status":"requested""#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn task(content: &TaskContent<'_>) -> Result<Vec<u8>, AuthoringError> {
    serde_json::to_vec(&built(content)?).map_err(AuthoringError::Json)
}

/// The typed resource; apart from its bytes, so that the tests can compare the two.
pub(crate) fn built(content: &TaskContent<'_>) -> Result<Task, AuthoringError> {
    let from = date("written_on", content.written_on)?;
    let until = date("due", content.due)?;
    let period = Period::builder().end(DateTime::Date(until)).build()?;
    let restriction = TaskRestriction::builder().period(period).build()?;
    let words = text("text", content.text)?;
    let code = match content.form {
        Some(_) => Coded {
            system: SDC,
            code: "complete-questionnaire",
            display: "Complete Questionnaire",
        },
        None => Coded {
            system: ACTS,
            code: "contact",
            display: "Contact the resident",
        },
    };
    let built = Task::builder()
        .language(token("language", content.language)?)
        .identifier(vec![Some(identifier(&content.identifier)?)])
        .status(TaskStatus::Requested)
        // The models know no other code of this list by name.
        .intent(TaskIntent::_Custom("order".to_owned()))
        .priority(RequestPriority::Routine)
        .code(concept(&CODE, &[code])?)
        .description(text("subject", content.subject)?)
        .r#for(reference("resident", content.resident, Some("Patient"))?)
        .authored_on(DateTime::Date(from))
        .requester(sender()?)
        .owner(recipient("owner", &content.owner, &OWNERS)?)
        .restriction(restriction)
        .note(vec![Some(note(words)?), Some(note(DISCLAIMER.to_owned())?)]);
    let built = match &content.form {
        None => built,
        Some(asked) => built
            .contained(vec![Resource::Questionnaire(form(asked)?)])
            .input(vec![Some(form_input()?)]),
    };
    Ok(built.build()?)
}

fn form_input() -> Result<TaskInput, AuthoringError> {
    let kind = Coded {
        system: SDC,
        code: "questionnaire",
        display: "Questionnaire",
    };
    Ok(TaskInput::builder()
        .r#type(concept(&CODE, &[kind])?)
        .value(TaskInputValue::Canonical(format!("#{FORM}")))
        .build()?)
}
