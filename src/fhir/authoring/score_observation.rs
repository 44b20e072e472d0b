//! `Observation`: the score of a resident, for a record's own rules to act on.

use fhir_sdk::DateTime;
use fhir_sdk::r4b::codes::ObservationStatus;
use fhir_sdk::r4b::resources::{
    Observation, ObservationComponent, ObservationComponentValue, ObservationEffective,
    ObservationValue,
};
use fhir_sdk::r4b::types::{CodeableConcept, Quantity, Range};

use crate::AuthoringError;
use crate::ScoreIn;
use crate::parts::{
    BusinessIdentifier, Coded, CodedFields, concept, date, identifier, note, optional_text,
    reference, text,
};
use crate::risk_assessment::DISCLAIMER;

/// UCUM.
const UCUM: &str = "http://unitsofmeasure.org";

const CODE: CodedFields = CodedFields {
    system: "score.system",
    code: "score.code",
    display: "score.display",
};
const TEST: CodedFields = CodedFields {
    system: "tests.system",
    code: "tests.code",
    display: "tests.display",
};
const CATEGORY: CodedFields = CodedFields {
    system: "category.system",
    code: "category.code",
    display: "category.display",
};
/// HL7 observation category: what is asked and answered, or computed from it.
const SURVEY: Coded<'static> = Coded {
    system: "http://terminology.hl7.org/CodeSystem/observation-category",
    code: "survey",
    display: "Survey",
};
/// What the component says.
const PROPOSED: &str = "laboratory test proposed";

/// What an `Observation` of a score says: one resident, one score, one test that it speaks for.
///
/// It has no `Debug`, which would print a resident's data.
#[derive(Clone, Copy, PartialEq)]
pub struct ScoreObservationContent<'a> {
    /// The same however often it is sent.
    pub identifier: BusinessIdentifier<'a>,
    /// The reference `Patient/{id}`, relative or absolute, as the receiver knows the resident.
    pub resident: &'a str,
    /// The score that was used, with its version.
    pub score: Coded<'a>,
    /// The day as of which it holds, `YYYY-MM-DD`.
    pub decided_on: &'a str,
    /// The lowest score that what is known allows.
    pub low: i32,
    /// The highest; equal to the lowest when nothing is missing.
    pub high: i32,
    /// What both count.
    pub score_in: ScoreIn,
    /// The test for which the score speaks, by its codes; at least one.
    pub tests: &'a [Coded<'a>],
    /// What is not known, in words; left out of the resource when blank.
    pub open: &'a str,
}

/// A score as the bytes of one JSON resource: a range and `preliminary` while answers are missing,
/// else a number and `final`.
///
/// # Errors
///
/// [`AuthoringError`] names the first field that does not keep the promise in its description.
///
/// # Source
///
/// HL7 FHIR R4 (4.0.1), resource `Observation`.
pub fn score_observation(content: &ScoreObservationContent<'_>) -> Result<Vec<u8>, AuthoringError> {
    serde_json::to_vec(&built(content)?).map_err(AuthoringError::Json)
}

/// The typed resource; apart from its bytes, so that the tests can compare the two.
pub(crate) fn built(content: &ScoreObservationContent<'_>) -> Result<Observation, AuthoringError> {
    if content.high < content.low {
        return Err(AuthoringError::ScoreOrder);
    }
    if content.tests.is_empty() {
        return Err(AuthoringError::Text { field: "tests" });
    }
    let is_certain = content.low == content.high;
    let proposed = ObservationComponent::builder()
        .code(
            CodeableConcept::builder()
                .text(text("proposed", PROPOSED)?)
                .build()?,
        )
        .value(ObservationComponentValue::CodeableConcept(concept(
            &TEST,
            content.tests,
        )?))
        .build()?;
    let mut notes = vec![Some(note(DISCLAIMER.to_owned())?)];
    if let Some(open) = optional_text("open", content.open)? {
        notes.push(Some(note(open)?));
    }
    let value = if is_certain {
        ObservationValue::Quantity(quantity(content, content.high)?)
    } else {
        ObservationValue::Range(
            Range::builder()
                .low(quantity(content, content.low)?)
                .high(quantity(content, content.high)?)
                .build()?,
        )
    };
    let built = Observation::builder()
        .identifier(vec![Some(identifier(&content.identifier)?)])
        .status(if is_certain {
            ObservationStatus::Final
        } else {
            ObservationStatus::Preliminary
        })
        .category(vec![Some(concept(&CATEGORY, &[SURVEY])?)])
        .code(concept(&CODE, &[content.score])?)
        .subject(reference("resident", content.resident, Some("Patient"))?)
        .effective(ObservationEffective::DateTime(DateTime::Date(date(
            "decided_on",
            content.decided_on,
        )?)))
        .value(value)
        .component(vec![Some(proposed)])
        .note(notes)
        .build()?;
    Ok(built)
}

fn quantity(content: &ScoreObservationContent<'_>, score: i32) -> Result<Quantity, AuthoringError> {
    let (value, unit, code) = match content.score_in {
        ScoreIn::Points => (f64::from(score), "points", "{score}"),
        ScoreIn::PartsPerMillion => (f64::from(score) / 1e4, "%", "%"),
    };
    let quantity = Quantity::builder()
        .value(value)
        .unit(unit.to_owned())
        .system(UCUM.to_owned())
        .code(code.to_owned())
        .build()?;
    Ok(quantity)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const CONTENT: ScoreObservationContent<'_> = ScoreObservationContent {
        identifier: BusinessIdentifier {
            system: "https://preventio.example/order",
            value: "o-17",
        },
        resident: "Patient/17",
        score: Coded {
            system: "https://preventio.example/model",
            code: "findrisc-2025.1",
            display: "FINDRISC",
        },
        decided_on: "2026-03-02",
        low: 12,
        high: 17,
        score_in: ScoreIn::Points,
        tests: &[Coded {
            system: "http://loinc.org",
            code: "59261-8",
            display: "HbA1c",
        }],
        open: "Not known: waist.",
    };

    fn json(content: &ScoreObservationContent<'_>) -> Value {
        let bytes = score_observation(content).expect("it is written");
        serde_json::from_slice(&bytes).expect("it is JSON")
    }

    #[test]
    fn a_range_is_not_the_last_word_and_names_what_is_missing() {
        let range = json(&CONTENT);
        assert_eq!(range["status"], "preliminary");
        assert_eq!(range["valueRange"]["low"]["value"], json!(12.0));
        assert_eq!(range["valueRange"]["high"]["value"], json!(17.0));
        assert_eq!(range["note"][1]["text"], "Not known: waist.");
        let test = &range["component"][0]["valueCodeableConcept"]["coding"][0];
        assert_eq!(test["code"], "59261-8");
        let whole = json(&ScoreObservationContent {
            low: 17,
            open: "",
            ..CONTENT
        });
        assert_eq!(whole["status"], "final");
        assert_eq!(whole["valueQuantity"]["value"], json!(17.0));
        assert_eq!(whole["code"]["coding"][0]["code"], "findrisc-2025.1");
        assert_eq!(whole["note"].as_array().map(Vec::len), Some(1));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let backwards = ScoreObservationContent { low: 18, ..CONTENT };
        assert!(matches!(built(&backwards), Err(AuthoringError::ScoreOrder)));
        let of_nothing = ScoreObservationContent {
            tests: &[],
            ..CONTENT
        };
        assert!(matches!(
            built(&of_nothing),
            Err(AuthoringError::Text { field: "tests" })
        ));
    }
}
