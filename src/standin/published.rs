//! The published figures that the register is held against, each with its source.

use super::fit::Measure;
use super::person::Sex::{Female, Male};

/// A published value of a measure.
#[derive(Clone, Copy, Debug)]
pub(super) struct Published {
    pub(super) measure: Measure,
    pub(super) label: &'static str,
    /// Percent, except areas and concordances, which lie in `0.0..=1.0`.
    pub(super) value: f64,
    pub(super) source: &'static str,
}

/// FIN-D2D population survey 2004–2005, Finland, 45–74 years, oral glucose tolerance test; abstract.
const FIN_D2D: &str = "FIN-D2D 2004-05, doi 10.1186/1471-2458-8-423, abstract";
/// Finland, 45–74 years, 2,966 people, oral glucose tolerance test; abstract.
const SAARISTO: &str = "Saaristo 2005, doi 10.3132/dvdr.2005.011, abstract";
/// Norway, at least 20 years, 47,804 people, ten years of glucose-lowering prescriptions; abstract.
const HUNT3: &str = "Jølle 2019 (HUNT3), PMC6887494, abstract";

/// The rows of the table of fit.
pub(super) const PUBLISHED: [Published; 18] = [
    row(
        Measure::Undiagnosed(Male),
        "undiagnosed diabetes, men 45-74, %",
        9.3,
        FIN_D2D,
    ),
    row(
        Measure::Undiagnosed(Female),
        "undiagnosed diabetes, women 45-74, %",
        7.3,
        FIN_D2D,
    ),
    row(
        Measure::AbnormalTolerance(Male),
        "any abnormal tolerance, men 45-74, %",
        42.0,
        FIN_D2D,
    ),
    row(
        Measure::AbnormalTolerance(Female),
        "any abnormal tolerance, women 45-74, %",
        33.4,
        FIN_D2D,
    ),
    row(
        Measure::Obesity(Male),
        "obesity, men 45-74, %",
        23.5,
        FIN_D2D,
    ),
    row(
        Measure::Obesity(Female),
        "obesity, women 45-74, %",
        28.0,
        FIN_D2D,
    ),
    row(
        Measure::UndiagnosedArea(Male),
        "area under the curve, undiagnosed, men",
        0.72,
        SAARISTO,
    ),
    row(
        Measure::UndiagnosedArea(Female),
        "area under the curve, undiagnosed, women",
        0.73,
        SAARISTO,
    ),
    row(
        Measure::UndiagnosedSensitivity(Male, 11),
        "sensitivity at 11+, undiagnosed, men, %",
        66.0,
        SAARISTO,
    ),
    row(
        Measure::UndiagnosedSensitivity(Female, 11),
        "sensitivity at 11+, undiagnosed, women, %",
        70.0,
        SAARISTO,
    ),
    row(
        Measure::UndiagnosedFalsePositives(Male, 11),
        "false-positive rate at 11+, men, %",
        31.0,
        SAARISTO,
    ),
    row(
        Measure::UndiagnosedFalsePositives(Female, 11),
        "false-positive rate at 11+, women, %",
        39.0,
        SAARISTO,
    ),
    row(
        Measure::TenYearIncidence,
        "drug-treated within 10 years, 20+, %",
        4.0,
        HUNT3,
    ),
    row(
        Measure::TenYearConcordance,
        "concordance, 10 years, 20+",
        0.77,
        HUNT3,
    ),
    row(
        Measure::TenYearSensitivity(15),
        "sensitivity at 15+, 10 years, %",
        38.0,
        HUNT3,
    ),
    row(
        Measure::TenYearSpecificity(15),
        "specificity at 15+, 10 years, %",
        90.0,
        HUNT3,
    ),
    row(
        Measure::TenYearSensitivity(11),
        "sensitivity at 11+, 10 years, %",
        73.0,
        HUNT3,
    ),
    row(
        Measure::TenYearSpecificity(11),
        "specificity at 11+, 10 years, %",
        67.0,
        HUNT3,
    ),
];

const fn row(measure: Measure, label: &'static str, value: f64, source: &'static str) -> Published {
    Published {
        measure,
        label,
        value,
        source,
    }
}
