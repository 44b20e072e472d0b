//! Shares of residents as a `MeasureReport`.

use jiff::civil::Date;
use preventiojyraa_authoring::{
    AuthoringError, BusinessIdentifier, Coded, MeasureReportContent, ShareContent,
    measure_report as author,
};

/// Namespace of our reports: a receiver updates what it has under the same identifier.
const REPORTS: &str = "https://preventiojyraa.example.org/fhir/measure-report";
/// What the shares are of.
const MEASURE: &str = "https://preventiojyraa.example.org/fhir/Measure/action-level";
/// Namespace of the shares.
const SHARES: &str = "https://preventiojyraa.example.org/fhir/CodeSystem/action-level-share";

/// A share of residents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeasuredShare {
    /// Its code.
    pub code: &'static str,
    /// What a person reads.
    pub display: &'static str,
    /// Numerator and denominator; nothing where they may not be told.
    pub told: Option<(u64, u64)>,
}

/// Shares of residents with the time that they are about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measurements<'a> {
    /// The programme's id.
    pub programme: &'a str,
    /// The first index date.
    pub from: Date,
    /// The day of looking back.
    pub until: Date,
    /// The shares.
    pub shares: &'a [MeasuredShare],
}

/// A `MeasureReport` of the type `summary`, as the bytes of one JSON resource.
///
/// The identifier is the same for one programme and day of looking back. A share that may not be told
/// is named without numbers.
///
/// # Errors
///
/// [`AuthoringError`] when a number of residents is larger than FHIR allows or a text is not allowed.
pub fn measure_report(measured: &Measurements<'_>) -> Result<Vec<u8>, AuthoringError> {
    let shares = measured.shares.iter();
    let shares: Vec<ShareContent<'_>> = shares
        .map(|share| ShareContent {
            code: Coded {
                system: SHARES,
                code: share.code,
                display: share.display,
            },
            told: share.told,
        })
        .collect();
    author(&MeasureReportContent {
        identifier: BusinessIdentifier {
            system: REPORTS,
            value: &format!("{}-{}", measured.programme, measured.until),
        },
        measure: MEASURE,
        from: &measured.from.to_string(),
        until: &measured.until.to_string(),
        shares: &shares,
    })
}
