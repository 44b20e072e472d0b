//! `RiskAssessment`: the result of a risk score, for display in a record.

use fhir_sdk::DateTime;
use fhir_sdk::r4b::codes::ObservationStatus;
use fhir_sdk::r4b::resources::{
    RiskAssessment, RiskAssessmentOccurrence, RiskAssessmentPrediction,
    RiskAssessmentPredictionProbability, RiskAssessmentPredictionWhen,
};
use fhir_sdk::r4b::types::{CodeableConcept, Quantity, Range};

use crate::AuthoringError;
use crate::parts::{
    BusinessIdentifier, Coded, CodedFields, concept, date, identifier, note, optional_text,
    reference, text,
};

/// UCUM.
const UCUM: &str = "http://unitsofmeasure.org";

const METHOD: CodedFields = CodedFields {
    system: "method.system",
    code: "method.code",
    display: "method.display",
};

/// What a person who reads the record must know about its origin.
pub(crate) const DISCLAIMER: &str = "Computed by PreventioJyrää. This program is not a certified medical device; a professional decides.";

/// What a score counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScoreIn {
    /// Points of a form.
    Points,
    /// Probability in parts per million.
    PartsPerMillion,
}

/// What a `RiskAssessment` says: one resident, one method, one index date, one outcome.
///
/// All texts are without control characters other than tab and line ends, and
/// not blank unless their field says so; codes and URIs are without spaces too.
/// It has no `Debug`, which would print a resident's data.
#[derive(Clone, Copy, PartialEq)]
pub struct RiskAssessmentContent<'a> {
    /// The same for every version of this assessment, and for no other assessment.
    pub identifier: BusinessIdentifier<'a>,
    /// The reference `Patient/{id}`, relative or absolute, as the receiver knows the resident.
    pub resident: &'a str,
    /// The score that was used, with its version.
    pub method: Coded<'a>,
    /// The day the profile was taken, `YYYY-MM-DD`.
    pub index_date: &'a str,
    /// The lowest score that the known answers allow.
    pub score_low: i32,
    /// The highest score that the known answers allow; equal to the lowest when none is missing.
    pub score_high: i32,
    /// What both count.
    pub score_in: ScoreIn,
    /// The lower bound of the probability of the outcome, in `0.0..=1.0`.
    pub probability_low: f64,
    /// The upper bound of the probability of the outcome, in `0.0..=1.0`.
    pub probability_high: f64,
    /// What is predicted, in words.
    pub outcome: &'a str,
    /// The time at risk from the index date on, in months, at least one.
    pub horizon_months: u16,
    /// Why the prediction is what it is, in words; left out of the resource when blank.
    pub rationale: &'a str,
    /// References `Type/id` to what the score was computed from; may be empty.
    pub basis: &'a [&'a str],
}

/// Writes a `RiskAssessment` as the bytes of one JSON resource.
///
/// The status is `final` when the score is one number, and `preliminary` while
/// missing answers leave a range. The score stands in a note, because the
/// resource has no element for it.
///
/// The probability is written as percentages in `0.0..=100.0`, rounded to four
/// decimals, and always as a range that carries the unit `%`, also when both
/// bounds are equal. A bare `probabilityDecimal` is a percentage too by the
/// standard's words, but its own example `cardiac` writes 2 % as 0.02, so a
/// receiver could read 1 as certainty. The horizon is a range from zero
/// to its length, in years when it is whole years, and otherwise in months;
/// a note says it in words, since such a range may also mean ages.
///
/// # Errors
///
/// [`AuthoringError`] names the first field that does not keep the promise in
/// its description; bounds in the wrong order have variants of their own.
///
/// # Source
///
/// HL7 FHIR R4 (4.0.1), resource `RiskAssessment`: the comment on
/// `prediction.probability[x]` ("Decimal values are expressed as percentages
/// as well (max = 100)"), and the rules ras-1 (low and high are percentages in
/// UCUM) and ras-2 (a decimal is at most 100).
///
/// # Example
///
/// ```
/// use preventiojyraa_authoring::{BusinessIdentifier, Coded, RiskAssessmentContent, ScoreIn, risk_assessment};
///
/// let json = risk_assessment(&RiskAssessmentContent {
///     identifier: BusinessIdentifier { system: "https://preventio.example/assessment", value: "a-17" },
///     resident: "Patient/17",
///     method: Coded { system: "https://preventio.example/method", code: "findrisc", display: "FINDRISC" },
///     index_date: "2026-03-02",
///     score_low: 15,
///     score_high: 15,
///     score_in: ScoreIn::Points,
///     probability_low: 0.33,
///     probability_high: 0.33,
///     outcome: "Type 2 diabetes",
///     horizon_months: 120,
///     rationale: "",
///     basis: &[],
/// })?;
/// assert!(String::from_utf8(json)?.contains(r#""status":"final""#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn risk_assessment(content: &RiskAssessmentContent<'_>) -> Result<Vec<u8>, AuthoringError> {
    serde_json::to_vec(&built(content)?).map_err(AuthoringError::Json)
}

/// The typed resource; apart from its bytes, so that the tests can compare the two.
pub(crate) fn built(content: &RiskAssessmentContent<'_>) -> Result<RiskAssessment, AuthoringError> {
    if content.score_high < content.score_low {
        return Err(AuthoringError::ScoreOrder);
    }
    let basis = content
        .basis
        .iter()
        .map(|basis| reference("basis", basis, None).map(Some))
        .collect::<Result<_, _>>()?;
    let built = RiskAssessment::builder()
        .identifier(vec![Some(identifier(&content.identifier)?)])
        .status(status(content))
        .method(concept(&METHOD, &[content.method])?)
        .subject(reference("resident", content.resident, Some("Patient"))?)
        .occurrence(RiskAssessmentOccurrence::DateTime(DateTime::Date(date(
            "index_date",
            content.index_date,
        )?)))
        .basis(basis)
        .prediction(vec![Some(prediction(content)?)])
        .note(vec![
            Some(note(score_in_words(content))?),
            Some(note(DISCLAIMER.to_owned())?),
        ])
        .build()?;
    Ok(built)
}

/// A range of scores is not the last word; a single one is.
fn status(content: &RiskAssessmentContent<'_>) -> ObservationStatus {
    if content.score_low < content.score_high {
        ObservationStatus::Preliminary
    } else {
        ObservationStatus::Final
    }
}

fn prediction(
    content: &RiskAssessmentContent<'_>,
) -> Result<RiskAssessmentPrediction, AuthoringError> {
    let outcome = CodeableConcept::builder()
        .text(text("outcome", content.outcome)?)
        .build()?;
    let prediction = RiskAssessmentPrediction::builder()
        .outcome(outcome)
        .probability(RiskAssessmentPredictionProbability::Range(probability(
            content,
        )?))
        .when(RiskAssessmentPredictionWhen::Range(horizon(
            content.horizon_months,
        )?));
    let prediction = match optional_text("rationale", content.rationale)? {
        Some(rationale) => prediction.rationale(rationale),
        None => prediction,
    };
    Ok(prediction.build()?)
}

fn probability(content: &RiskAssessmentContent<'_>) -> Result<Range, AuthoringError> {
    let low = percent("probability_low", content.probability_low)?;
    let high = percent("probability_high", content.probability_high)?;
    if content.probability_high < content.probability_low {
        return Err(AuthoringError::ProbabilityOrder);
    }
    range(low, high, "%", "%")
}

/// A probability as a percentage with at most four decimals.
///
/// Without rounding, 0.07 would be shown as 7.000000000000001 %.
fn percent(field: &'static str, probability: f64) -> Result<f64, AuthoringError> {
    // A number that is not a number is in no range.
    if !(0.0..=1.0).contains(&probability) {
        return Err(AuthoringError::Probability { field });
    }
    // Adding zero turns minus zero, which is in the range, into zero.
    Ok((probability * 1e6).round() / 1e4 + 0.0)
}

fn horizon(months: u16) -> Result<Range, AuthoringError> {
    if months == 0 {
        return Err(AuthoringError::Horizon);
    }
    let (length, unit, code) = time_at_risk(months);
    range(0.0, f64::from(length), unit, code)
}

/// Whole years where possible: the number, what a person reads, and the UCUM code.
fn time_at_risk(months: u16) -> (u16, &'static str, &'static str) {
    match (months / 12, months % 12) {
        (1, 0) => (1, "year", "a"),
        (years, 0) => (years, "years", "a"),
        (0, 1) => (1, "month", "mo"),
        _ => (months, "months", "mo"),
    }
}

fn range(low: f64, high: f64, unit: &str, code: &str) -> Result<Range, AuthoringError> {
    let quantity = |value| {
        Quantity::builder()
            .value(value)
            .unit(unit.to_owned())
            .system(UCUM.to_owned())
            .code(code.to_owned())
            .build()
    };
    Ok(Range::builder()
        .low(quantity(low)?)
        .high(quantity(high)?)
        .build()?)
}

/// Parts per million as per cent with a decimal.
fn percent_of_risk(parts_per_million: i32) -> String {
    format!("{:.1}", (f64::from(parts_per_million) / 1e3).round() / 10.0)
}

fn score_in_words(content: &RiskAssessmentContent<'_>) -> String {
    let (low, high) = (content.score_low, content.score_high);
    let (name, number, counted) = match content.score_in {
        ScoreIn::Points => (
            "Score",
            (|score| score.to_string()) as fn(i32) -> String,
            "points",
        ),
        ScoreIn::PartsPerMillion => ("Risk", percent_of_risk as fn(i32) -> String, "%"),
    };
    let points = if low < high {
        let (low, high) = (number(low), number(high));
        format!("{low} to {high} {counted}, as answers are missing")
    } else {
        format!("{} {counted}", number(high))
    };
    let (length, unit, _) = time_at_risk(content.horizon_months);
    format!(
        "{name}: {points}. The prediction covers {length} {unit} from {}.",
        content.index_date
    )
}
