//! `MeasureReport`: shares of residents over a time, nobody by name.

use fhir_sdk::DateTime;
use fhir_sdk::r4b::codes::{MeasureReportStatus, MeasureReportType};
use fhir_sdk::r4b::resources::{MeasureReport, MeasureReportGroup, MeasureReportGroupPopulation};
use fhir_sdk::r4b::types::{Period, Quantity};

use crate::AuthoringError;
use crate::parts::{
    BusinessIdentifier, Coded, CodedFields, concept, date, identifier, sender, token,
};

/// HL7: which population of a measure.
const POPULATION_SYSTEM: &str = "http://terminology.hl7.org/CodeSystem/measure-population";
/// UCUM.
const UCUM: &str = "http://unitsofmeasure.org";

const SHARE: CodedFields = CodedFields {
    system: "shares.system",
    code: "shares.code",
    display: "shares.display",
};
const POPULATION: CodedFields = CodedFields {
    system: "population.system",
    code: "population.code",
    display: "population.display",
};

/// A share: so many of so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShareContent<'a> {
    /// What it is of.
    pub code: Coded<'a>,
    /// Numerator and denominator; nothing where they are not told, which leaves numbers out.
    pub told: Option<(u64, u64)>,
}

/// What a `MeasureReport` says: shares over a time.
#[derive(Clone, Copy, PartialEq)]
pub struct MeasureReportContent<'a> {
    /// The same however often it is sent.
    pub identifier: BusinessIdentifier<'a>,
    /// The canonical address of the measure.
    pub measure: &'a str,
    /// The first day, `YYYY-MM-DD`.
    pub from: &'a str,
    /// The last day, on which it was made, `YYYY-MM-DD`.
    pub until: &'a str,
    /// The shares; at least one.
    pub shares: &'a [ShareContent<'a>],
}

/// Shares as the bytes of one JSON resource: `complete`, of the type `summary`.
///
/// # Errors
///
/// [`AuthoringError`] names the first field that does not keep the promise in its description.
///
/// # Source
///
/// HL7 FHIR R4 (4.0.1), resource `MeasureReport`; its score of a proportion is a percentage here.
pub fn measure_report(content: &MeasureReportContent<'_>) -> Result<Vec<u8>, AuthoringError> {
    serde_json::to_vec(&built(content)?).map_err(AuthoringError::Json)
}

/// The typed resource; apart from its bytes, so that the tests can compare the two.
pub(crate) fn built(content: &MeasureReportContent<'_>) -> Result<MeasureReport, AuthoringError> {
    if content.shares.is_empty() {
        return Err(AuthoringError::Text { field: "shares" });
    }
    let (from, until) = (date("from", content.from)?, date("until", content.until)?);
    // Days of one form are in the order of their texts.
    if content.until < content.from {
        return Err(AuthoringError::Date { field: "until" });
    }
    let groups = content.shares.iter().map(|share| group(share).map(Some));
    let built = MeasureReport::builder()
        .identifier(vec![Some(identifier(&content.identifier)?)])
        .status(MeasureReportStatus::Complete)
        .r#type(MeasureReportType::Summary)
        .measure(token("measure", content.measure)?)
        .date(DateTime::Date(until.clone()))
        .reporter(sender()?)
        .period(
            Period::builder()
                .start(DateTime::Date(from))
                .end(DateTime::Date(until))
                .build()?,
        )
        .group(groups.collect::<Result<_, _>>()?)
        .build()?;
    Ok(built)
}

fn group(share: &ShareContent<'_>) -> Result<MeasureReportGroup, AuthoringError> {
    let group = MeasureReportGroup::builder().code(concept(&SHARE, &[share.code])?);
    let Some((hits, n)) = share.told else {
        return Ok(group.build()?);
    };
    if n < hits || n == 0 {
        return Err(AuthoringError::Probability { field: "shares" });
    }
    let populations = [
        population("denominator", "Denominator", n)?,
        population("numerator", "Numerator", hits)?,
    ];
    let score = Quantity::builder()
        // Tenths of a thousandth: no digits that the numbers do not carry.
        .value((hits as f64 / n as f64 * 1e6).round() / 1e4)
        .unit("%".to_owned())
        .system(UCUM.to_owned())
        .code("%".to_owned())
        .build()?;
    Ok(group
        .population(populations.map(Some).into())
        .measure_score(score)
        .build()?)
}

fn population(
    code: &str,
    display: &str,
    n: u64,
) -> Result<MeasureReportGroupPopulation, AuthoringError> {
    let code = Coded {
        system: POPULATION_SYSTEM,
        code,
        display,
    };
    let count = i32::try_from(n).map_err(|_| AuthoringError::Probability { field: "shares" })?;
    Ok(MeasureReportGroupPopulation::builder()
        .code(concept(&POPULATION, &[code])?)
        .count(count)
        .build()?)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const SHARES: [ShareContent<'static>; 2] = [
        ShareContent {
            code: Coded {
                system: "https://preventio.example/share",
                code: "ppv",
                display: "PPV",
            },
            told: Some((27, 310)),
        },
        ShareContent {
            code: Coded {
                system: "https://preventio.example/share",
                code: "uptake",
                display: "",
            },
            told: None,
        },
    ];
    const CONTENT: MeasureReportContent<'_> = MeasureReportContent {
        identifier: BusinessIdentifier {
            system: "https://preventio.example/report",
            value: "t2d-2027-03-02",
        },
        measure: "https://preventio.example/Measure/level",
        from: "2026-01-15",
        until: "2027-03-02",
        shares: &SHARES,
    };

    #[test]
    fn a_share_has_its_numbers_and_an_untold_one_has_none() {
        let bytes = measure_report(&CONTENT).expect("it is written");
        let read: MeasureReport = serde_json::from_slice(&bytes).expect("the models read it");
        assert_eq!(read, built(&CONTENT).expect("it is built"));
        let written: Value = serde_json::from_slice(&bytes).expect("it is JSON");
        let population = |code: &str, display: &str, count: u64| json!({"code": {"coding": [{"system": POPULATION_SYSTEM, "code": code, "display": display}]}, "count": count});
        let expected = json!({
            "resourceType": "MeasureReport",
            "identifier": [{"system": "https://preventio.example/report", "value": "t2d-2027-03-02"}],
            "status": "complete",
            "type": "summary",
            "measure": "https://preventio.example/Measure/level",
            "date": "2027-03-02",
            "reporter": {"display": "PreventioJyrää"},
            "period": {"start": "2026-01-15", "end": "2027-03-02"},
            "group": [
                {
                    "code": {"coding": [{"system": "https://preventio.example/share", "code": "ppv", "display": "PPV"}]},
                    "population": [
                        population("denominator", "Denominator", 310),
                        population("numerator", "Numerator", 27),
                    ],
                    "measureScore": {"value": 8.7097, "unit": "%", "system": UCUM, "code": "%"},
                },
                {"code": {"coding": [{"system": "https://preventio.example/share", "code": "uptake"}]}},
            ],
        });
        assert_eq!(written, expected);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let with = |told| {
            [ShareContent {
                told: Some(told),
                ..SHARES[0]
            }]
        };
        for told in [(311, 310), (0, 0), (1, 3_000_000_000)] {
            let shares = with(told);
            let content = MeasureReportContent {
                shares: &shares,
                ..CONTENT
            };
            assert!(built(&content).is_err(), "{told:?}");
        }
        let all = with((310, 310));
        assert!(
            built(&MeasureReportContent {
                shares: &all,
                ..CONTENT
            })
            .is_ok()
        );
        let one_day = MeasureReportContent {
            from: "2027-03-02",
            ..CONTENT
        };
        assert!(built(&one_day).is_ok());
        let backwards = MeasureReportContent {
            from: "2027-03-03",
            ..CONTENT
        };
        assert!(matches!(
            built(&backwards),
            Err(AuthoringError::Date { field: "until" })
        ));
        assert!(
            built(&MeasureReportContent {
                shares: &[],
                ..CONTENT
            })
            .is_err()
        );
    }
}
