//! Our results and acts in the words of FHIR, through the authoring package.

mod acts;
mod letter;
mod measure;
mod score;

use jiff::civil::Date;
use preventiojyraa_authoring::{
    AuthoringError, BusinessIdentifier, Coded, RequestStanding, RiskAssessmentContent, ScoreIn,
    ServiceRequestContent, risk_assessment as author_risk_assessment,
    service_request as author_service_request,
};
use preventiojyraa_core::orders::{Action, Order};
use preventiojyraa_core::profile::ResidentId;
use preventiojyraa_core::risk::{self, Assessment};
use preventiojyraa_core::rulebook::{LaboratoryId, Rulebook, ScoreUnit};

pub use acts::{NotWritten, To, Writing, written};
pub use letter::{Letter, WITHOUT_PORTAL, letter};
pub use measure::{MeasuredShare, Measurements, measure_report};

/// Namespace of our assessments: a receiver updates what it has under the same identifier.
const ASSESSMENTS: &str = "https://preventiojyraa.example.org/fhir/risk-assessment";
/// Namespace of our risk models.
const MODELS: &str = "https://preventiojyraa.example.org/fhir/CodeSystem/risk-model";

/// A `RiskAssessment` for display in a record, as the bytes of one JSON resource.
///
/// `patient_id` is the resident's `Patient.id` where the resource goes. The
/// identifier is the same for one resident, programme and index date. A score
/// range gives the status `preliminary`, a complete score `final`.
///
/// # Errors
///
/// [`AuthoringError`] when `patient_id` is not a FHIR id or the rules hold texts
/// that FHIR does not allow.
pub fn risk_assessment(
    rulebook: &Rulebook,
    resident: ResidentId,
    patient_id: &str,
    index_date: Date,
    assessment: &Assessment,
) -> Result<Vec<u8>, AuthoringError> {
    let model = rulebook.model.rung(assessment.rung());
    let calibration = &rulebook.calibration;
    let (low, high) = risk::probability(calibration, assessment);
    let askable = assessment.open_items(&rulebook.model);
    let items = model.items.iter().zip(assessment.items()).enumerate();
    let names: Vec<&str> = items
        .filter(|(n, (_, result))| {
            // Age is never asked, and may be known to a few years only.
            let is_vague = matches!(result.basis, None | Some(risk::Basis::Age(..)));
            askable.contains(n) || (is_vague && !result.adds.is_certain())
        })
        .map(|(_, (item, _))| item.name.as_str())
        .collect();
    let open = if names.is_empty() {
        "Every item is known.".to_owned()
    } else {
        format!("Not known: {}.", names.join("; "))
    };
    let source = &calibration.header.source;
    let standing = if calibration.verified || calibration.recalibrated.is_some() {
        ""
    } else {
        "; a draft: these numbers are not verified"
    };
    let rationale = format!(
        "{open} Probability by {} ({}, {}{standing}).",
        calibration.name(),
        source.author,
        source.year
    );
    author_risk_assessment(&RiskAssessmentContent {
        identifier: BusinessIdentifier {
            system: ASSESSMENTS,
            value: &format!("{resident}-{}-{index_date}", rulebook.programme.header.id),
        },
        resident: &format!("Patient/{patient_id}"),
        method: Coded {
            system: MODELS,
            code: &format!("{}-{}", model.header.id, model.header.version),
            display: &model.header.summary,
        },
        index_date: &index_date.to_string(),
        score_low: assessment.low(),
        score_high: assessment.high(),
        score_in: match model.unit {
            ScoreUnit::Points => ScoreIn::Points,
            ScoreUnit::PartsPerMillion => ScoreIn::PartsPerMillion,
        },
        probability_low: f64::from(low) / 1e9,
        probability_high: f64::from(high) / 1e9,
        outcome: &calibration.estimand.outcome,
        horizon_months: calibration.estimand.horizon_months,
        rationale: &rationale,
        basis: &[],
    })
}

/// Namespace of rounds: the orders of one round share this identifier.
const ROUNDS: &str = "https://preventiojyraa.example.org/fhir/round";

/// A laboratory order as a `ServiceRequest`.
///
/// The identifier is the order's key, so the same order is the same resource.
fn service_request(
    writing: &Writing<'_>,
    order: &Order,
    test: &str,
    patient_id: &str,
    standing: RequestStanding<'_>,
) -> Result<Vec<u8>, NotWritten> {
    let rulebook = writing.rulebook;
    let codes = codes(rulebook, writing.laboratory, test)?;
    let round = format!("{}-{}-{}", order.resident, order.programme, order.round);
    author_service_request(&ServiceRequestContent {
        identifier: BusinessIdentifier {
            system: super::channel::ORDERS,
            value: &order.key().to_string(),
        },
        requisition: BusinessIdentifier {
            system: ROUNDS,
            value: &round,
        },
        resident: &format!("Patient/{patient_id}"),
        codes: &codes,
        reason: &rulebook.programme.header.summary,
        decided_on: &order.decided_on.to_string(),
        sample_by: &order.due.to_string(),
        standing,
    })
    .map_err(NotWritten::Authoring)
}

/// A laboratory order that a professional is to sign, as the bytes of one `ServiceRequest` of status
/// `draft`. `id` is its name until then; the identifier is the order's key, as of an order that is placed.
///
/// # Errors
///
/// As [`written`]; also for an act that is no laboratory order.
pub fn draft(
    writing: &Writing<'_>,
    order: &Order,
    patient_id: &str,
    id: &str,
) -> Result<Vec<u8>, NotWritten> {
    let Action::Laboratory { test } = &order.action else {
        return Err(NotWritten::OtherWay(order.action.name(), writing.way));
    };
    let standing = RequestStanding::Draft { id };
    service_request(writing, order, test, patient_id, standing)
}

/// The codes under which a test is ordered there, the laboratory's own first.
fn codes<'r>(
    rulebook: &'r Rulebook,
    laboratory: Option<LaboratoryId>,
    test: &str,
) -> Result<Vec<Coded<'r>>, NotWritten> {
    let test = rulebook.catalogue.find(test).ok_or(NotWritten::NoCode)?;
    let codes = rulebook.order_codes.of(test, laboratory).iter();
    let codes: Vec<Coded<'_>> = codes
        .map(|code| Coded {
            system: super::systems::uri(code.system),
            code: &code.code,
            display: &code.display,
        })
        .collect();
    if codes.is_empty() {
        return Err(NotWritten::NoCode);
    }
    Ok(codes)
}
