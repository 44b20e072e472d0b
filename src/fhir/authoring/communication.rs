//! `Communication`: something said to a resident or to professionals.

use fhir_sdk::DateTime;
use fhir_sdk::r4b::codes::{EventStatus, RequestPriority};
use fhir_sdk::r4b::resources::{
    Communication, CommunicationPayload, CommunicationPayloadContent, Resource,
};
use fhir_sdk::r4b::types::{CodeableConcept, Reference};

use crate::AuthoringError;
use crate::parts::{
    BusinessIdentifier, Coded, CodedFields, Recipient, concept, date, identifier, note, recipient,
    reference, sender, text, token,
};
use crate::questionnaire::{FORM, FormContent, form};

const CODE: CodedFields = CodedFields {
    system: "tests.system",
    code: "tests.code",
    display: "tests.display",
};

/// What whoever reads a message must know about its origin.
pub(crate) const DISCLAIMER: &str = "Sent by PreventioJyrää, a screening program that is not a certified medical device, by rules a medical lead has approved. A professional decides.";

/// Types that may receive a `Communication`, by the standard.
const RECIPIENTS: [&str; 9] = [
    "Device",
    "Organization",
    "Patient",
    "Practitioner",
    "PractitionerRole",
    "RelatedPerson",
    "Group",
    "CareTeam",
    "HealthcareService",
];

/// What a `Communication` says: about one resident, to the resident or to professionals.
///
/// Nothing about where the resident lives. It has no `Debug`, which would print
/// a resident's data.
#[derive(Clone, Copy, PartialEq)]
pub struct CommunicationContent<'a> {
    /// The message's own name: the same whenever it is sent, and for no other message.
    pub identifier: BusinessIdentifier<'a>,
    /// The reference `Patient/{id}`, relative or absolute, as the receiver knows the resident.
    pub resident: &'a str,
    /// Who reads it; not empty.
    pub recipients: &'a [Recipient<'a>],
    /// The subject line.
    pub subject: &'a str,
    /// The words.
    pub text: &'a str,
    /// Their language (BCP 47).
    pub language: &'a str,
    /// The day it is written, `YYYY-MM-DD`.
    pub sent_on: &'a str,
    /// The laboratory test that professionals are asked to order, under all its codes; else empty.
    pub tests: &'a [Coded<'a>],
    /// An earlier message of ours that this one is about.
    pub about: Option<BusinessIdentifier<'a>>,
    /// The form that the resident is asked to fill in.
    pub form: Option<FormContent<'a>>,
}

/// Writes a `Communication` as the bytes of one JSON resource.
///
/// Status `completed`: what is said is said, and cannot be taken back. A form is
/// contained, with the questions that are asked and no others.
///
/// # Errors
///
/// [`AuthoringError`] names the first field that does not keep the promise in
/// its description.
///
/// # Source
///
/// HL7 FHIR R4 (4.0.1), resource `Communication`: `topic` is a description of
/// the content like a subject line, `about` is what the message is about.
///
/// # Example
///
/// ```
/// use preventiojyraa_authoring::{
///     BusinessIdentifier, CommunicationContent, Recipient, communication,
/// };
///
/// let json = communication(&CommunicationContent {
///     identifier: BusinessIdentifier { system: "https://preventio.example/order", value: "o-17" },
///     resident: "Patient/17",
///     recipients: &[Recipient::Reference("Patient/17")],
///     subject: "Your results",
///     text: "Your results are in the normal range.",
///     language: "en",
///     sent_on: "2026-03-02",
///     tests: &[],
///     about: None,
///     form: None,
/// })?;
/// assert!(String::from_utf8(json)?.contains(r#""status":"completed""#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn communication(content: &CommunicationContent<'_>) -> Result<Vec<u8>, AuthoringError> {
    serde_json::to_vec(&built(content)?).map_err(AuthoringError::Json)
}

/// The typed resource; apart from its bytes, so that the tests can compare the two.
pub(crate) fn built(content: &CommunicationContent<'_>) -> Result<Communication, AuthoringError> {
    if content.recipients.is_empty() {
        return Err(AuthoringError::Text {
            field: "recipients",
        });
    }
    let recipients = content.recipients.iter();
    let recipients = recipients.map(|to| recipient("recipients", to, &RECIPIENTS).map(Some));
    let topic = CodeableConcept::builder().text(text("subject", content.subject)?);
    let words = CommunicationPayloadContent::String(text("text", content.text)?);
    let mut payload = vec![said(words)?];
    let built = Communication::builder()
        .language(token("language", content.language)?)
        .identifier(vec![Some(identifier(&content.identifier)?)])
        .status(EventStatus::Completed)
        .priority(RequestPriority::Routine)
        .subject(reference("resident", content.resident, Some("Patient"))?)
        .topic(topic.build()?)
        .sent(DateTime::Date(date("sent_on", content.sent_on)?))
        .recipient(recipients.collect::<Result<_, _>>()?)
        .sender(sender()?)
        .note(vec![Some(note(DISCLAIMER.to_owned())?)]);
    let built = if content.tests.is_empty() {
        built
    } else {
        built.reason_code(vec![Some(concept(&CODE, content.tests)?)])
    };
    let built = match &content.about {
        None => built,
        Some(about) => {
            let about = Reference::builder()
                .identifier(identifier(about)?)
                .build()?;
            built.about(vec![Some(about)])
        }
    };
    let built = match &content.form {
        None => built,
        Some(asked) => {
            let inside = Reference::builder().reference(format!("#{FORM}")).build()?;
            payload.push(said(CommunicationPayloadContent::Reference(inside))?);
            built.contained(vec![Resource::Questionnaire(form(asked)?)])
        }
    };
    Ok(built.payload(payload).build()?)
}

fn said(
    content: CommunicationPayloadContent,
) -> Result<Option<CommunicationPayload>, AuthoringError> {
    let payload = CommunicationPayload::builder().content(content).build()?;
    Ok(Some(payload))
}
