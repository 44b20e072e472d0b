//! What several resources are made of, each checked when it is built.

use std::str::FromStr;

use fhir_sdk::r4b::types::{Annotation, CodeableConcept, Coding, Identifier, Reference};
use fhir_sdk::{Date, ParsedReference};

use crate::AuthoringError;

/// A code in a coding system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coded<'a> {
    /// The URI of the coding system.
    pub system: &'a str,
    /// The code in that system.
    pub code: &'a str,
    /// What a person reads; left out of the resource when blank.
    pub display: &'a str,
}

/// A name of ours for the resource, by which a receiver updates it instead of storing it twice.
///
/// It has no `Debug`, which could print the name of a resident's record.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BusinessIdentifier<'a> {
    /// The URI of the namespace of the value.
    pub system: &'a str,
    /// The value, unique in its namespace.
    pub value: &'a str,
}

pub(crate) fn identifier(
    identifier: &BusinessIdentifier<'_>,
) -> Result<Identifier, AuthoringError> {
    let identifier = Identifier::builder()
        .system(token("identifier.system", identifier.system)?)
        .value(text("identifier.value", identifier.value)?)
        .build()?;
    Ok(identifier)
}

/// Names of the parts of a code in messages.
pub(crate) struct CodedFields {
    pub(crate) system: &'static str,
    pub(crate) code: &'static str,
    pub(crate) display: &'static str,
}

/// One concept under all its codes.
pub(crate) fn concept(
    fields: &CodedFields,
    codes: &[Coded<'_>],
) -> Result<CodeableConcept, AuthoringError> {
    let codings = codes.iter().map(|coded| coding(fields, coded).map(Some));
    Ok(CodeableConcept::builder()
        .coding(codings.collect::<Result<_, _>>()?)
        .build()?)
}

pub(crate) fn coding(fields: &CodedFields, coded: &Coded<'_>) -> Result<Coding, AuthoringError> {
    let coding = Coding::builder()
        .system(token(fields.system, coded.system)?)
        .code(token(fields.code, coded.code)?);
    let coding = match optional_text(fields.display, coded.display)? {
        Some(display) => coding.display(display),
        None => coding,
    };
    Ok(coding.build()?)
}

/// Who reads a message or does a task.
///
/// It has no `Debug`, which could print the name of a resident's record.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Recipient<'a> {
    /// A resource `Type/id` at the receiver, relative or absolute.
    Reference(&'a str),
    /// Somebody known to the receiver by an identifier.
    Identifier(BusinessIdentifier<'a>),
}

/// Somebody of one of these types, or somebody with an identifier.
pub(crate) fn recipient(
    field: &'static str,
    to: &Recipient<'_>,
    types: &[&str],
) -> Result<Reference, AuthoringError> {
    match to {
        Recipient::Reference(to) => {
            let built = reference(field, to, None)?;
            let parsed = ParsedReference::new(to);
            let is_known = parsed.resource_type().is_some_and(|is| types.contains(&is));
            if is_known {
                Ok(built)
            } else {
                Err(AuthoringError::Recipient { field })
            }
        }
        Recipient::Identifier(by) => {
            Ok(Reference::builder().identifier(identifier(by)?).build()?)
        }
    }
}

/// This program, by name: it is no resource of the receiver's.
pub(crate) fn sender() -> Result<Reference, AuthoringError> {
    let named = Reference::builder().display("PreventioJyrää".to_owned());
    Ok(named.build()?)
}

pub(crate) fn note(text: String) -> Result<Annotation, AuthoringError> {
    Ok(Annotation::builder().text(text).build()?)
}

/// A reference to a resource by type and id; `only` is the type it must name.
pub(crate) fn reference(
    field: &'static str,
    text: &str,
    only: Option<&'static str>,
) -> Result<Reference, AuthoringError> {
    let refused = AuthoringError::Reference {
        field,
        expected: if only.is_some() {
            "Patient/id"
        } else {
            "Type/id"
        },
    };
    let parsed = ParsedReference::new(text);
    let (Some(resource_type), Some(id)) = (parsed.resource_type(), parsed.id()) else {
        return Err(refused);
    };
    let is_type =
        !resource_type.is_empty() && resource_type.bytes().all(|byte| byte.is_ascii_alphabetic());
    let has_gap = text.chars().any(|c| c.is_whitespace() || c.is_control());
    if has_gap || !is_type || only.is_some_and(|only| only != resource_type) || !is_id(id) {
        return Err(refused);
    }
    Ok(Reference::builder().reference(text.to_owned()).build()?)
}

/// "Any combination of upper- or lower-case ASCII letters, numerals, '-' and '.', with a length limit of 64 characters."
fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
}

/// A full date. The standard would also allow a year or a month alone; what is sent from here is dated to the day.
pub(crate) fn date(field: &'static str, text: &str) -> Result<Date, AuthoringError> {
    // The parser would also take a plus sign before the year.
    let is_plain = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'-');
    match Date::from_str(text) {
        Ok(Date::Date(day)) if is_plain && 0 < day.year() => Ok(Date::Date(day)),
        _ => Err(AuthoringError::Date { field }),
    }
}

/// A code or a URI of ours: a text without spaces.
pub(crate) fn token(field: &'static str, token: &str) -> Result<String, AuthoringError> {
    if token.contains(char::is_whitespace) {
        return Err(AuthoringError::Text { field });
    }
    text(field, token)
}

pub(crate) fn text(field: &'static str, text: &str) -> Result<String, AuthoringError> {
    optional_text(field, text)?.ok_or(AuthoringError::Text { field })
}

/// `None` when blank, since FHIR forbids empty strings.
pub(crate) fn optional_text(
    field: &'static str,
    text: &str,
) -> Result<Option<String>, AuthoringError> {
    if text
        .chars()
        .any(|c| c.is_control() && !matches!(c, '\t' | '\r' | '\n'))
    {
        return Err(AuthoringError::Text { field });
    }
    Ok((!text.trim().is_empty()).then(|| text.to_owned()))
}
