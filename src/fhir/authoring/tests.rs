//! What we write is what the standard asks for, and what its typed models read back.

use fhir_sdk::r4b::resources::RiskAssessment;
use serde_json::{Value, json};

use crate::risk_assessment::built;
use crate::{
    AuthoringError, BusinessIdentifier, Coded, RiskAssessmentContent, ScoreIn, risk_assessment,
};

/// All answers given, so one score.
const COMPLETE: RiskAssessmentContent<'static> = RiskAssessmentContent {
    identifier: BusinessIdentifier {
        system: "https://preventio.example/assessment",
        value: "2026-03-02/r-17",
    },
    resident: "Patient/r-17",
    method: Coded {
        system: "https://preventio.example/method",
        code: "findrisc-2003",
        display: "FINDRISC",
    },
    index_date: "2026-03-02",
    score_low: 15,
    score_high: 15,
    score_in: ScoreIn::Points,
    probability_low: 0.07,
    probability_high: 0.07,
    outcome: "Type 2 diabetes",
    horizon_months: 120,
    rationale: "Waist and family history weigh most.",
    basis: &[
        "QuestionnaireResponse/q-1",
        "https://fhir.example/r4/Observation/o.2",
    ],
};

/// Two answers missing, and nothing said that may be left unsaid.
const PARTIAL: RiskAssessmentContent<'static> = RiskAssessmentContent {
    method: Coded {
        system: "https://preventio.example/method",
        code: "findrisc-2003",
        display: "",
    },
    score_low: 12,
    score_high: 17,
    score_in: ScoreIn::Points,
    probability_low: 0.13,
    probability_high: 0.331_234_567,
    horizon_months: 90,
    rationale: " ",
    basis: &[],
    ..COMPLETE
};

fn written(content: &RiskAssessmentContent<'_>) -> Value {
    let bytes = risk_assessment(content).expect("the content is sound");
    serde_json::from_slice(&bytes).expect("a resource is JSON")
}

/// The variant and field of the refusal, without its wording.
fn refusal(content: &RiskAssessmentContent<'_>) -> String {
    let error = risk_assessment(content)
        .map(String::from_utf8)
        .expect_err("the content is unsound");
    format!("{error:?}")
}

#[test]
fn a_complete_assessment_is_final() {
    let percent = |value: f64| json!({"value": value, "unit": "%", "system": "http://unitsofmeasure.org", "code": "%"});
    let years = |value: f64| json!({"value": value, "unit": "years", "system": "http://unitsofmeasure.org", "code": "a"});
    let expected = json!({
        "resourceType": "RiskAssessment",
        "identifier": [{"system": "https://preventio.example/assessment", "value": "2026-03-02/r-17"}],
        "status": "final",
        "method": {"coding": [
            {"system": "https://preventio.example/method", "code": "findrisc-2003", "display": "FINDRISC"}
        ]},
        "subject": {"reference": "Patient/r-17"},
        "occurrenceDateTime": "2026-03-02",
        "basis": [
            {"reference": "QuestionnaireResponse/q-1"},
            {"reference": "https://fhir.example/r4/Observation/o.2"}
        ],
        "prediction": [{
            "outcome": {"text": "Type 2 diabetes"},
            "probabilityRange": {"low": percent(7.0), "high": percent(7.0)},
            "whenRange": {"low": years(0.0), "high": years(10.0)},
            "rationale": "Waist and family history weigh most."
        }],
        "note": [
            {"text": "Score: 15 points. The prediction covers 10 years from 2026-03-02."},
            {"text": "Computed by PreventioJyrää. This program is not a certified medical device; a professional decides."}
        ]
    });
    assert_eq!(written(&COMPLETE), expected);
}

#[test]
fn a_partial_assessment_is_preliminary_and_leaves_out_what_is_not_said() {
    let percent = |value: f64| json!({"value": value, "unit": "%", "system": "http://unitsofmeasure.org", "code": "%"});
    let months = |value: f64| json!({"value": value, "unit": "months", "system": "http://unitsofmeasure.org", "code": "mo"});
    let expected = json!({
        "resourceType": "RiskAssessment",
        "identifier": [{"system": "https://preventio.example/assessment", "value": "2026-03-02/r-17"}],
        "status": "preliminary",
        "method": {"coding": [{"system": "https://preventio.example/method", "code": "findrisc-2003"}]},
        "subject": {"reference": "Patient/r-17"},
        "occurrenceDateTime": "2026-03-02",
        "prediction": [{
            "outcome": {"text": "Type 2 diabetes"},
            "probabilityRange": {"low": percent(13.0), "high": percent(33.1235)},
            "whenRange": {"low": months(0.0), "high": months(90.0)}
        }],
        "note": [
            {"text": "Score: 12 to 17 points, as answers are missing. The prediction covers 90 months from 2026-03-02."},
            {"text": "Computed by PreventioJyrää. This program is not a certified medical device; a professional decides."}
        ]
    });
    assert_eq!(written(&PARTIAL), expected);
}

/// Agreement proves that the JSON means to the models what was built; not that every R4 server accepts it.
#[test]
fn typed_models_read_back_what_was_built() {
    for content in [COMPLETE, PARTIAL] {
        let bytes = risk_assessment(&content).expect("the content is sound");
        let read: RiskAssessment =
            serde_json::from_slice(&bytes).expect("the models read what they wrote");
        assert_eq!(read, built(&content).expect("the content is sound"));
        assert_eq!(
            serde_json::to_value(&read).expect("a resource is JSON"),
            written(&content)
        );
    }
}

#[test]
fn the_same_content_gives_the_same_bytes() {
    assert_eq!(
        risk_assessment(&PARTIAL).expect("sound"),
        risk_assessment(&PARTIAL).expect("sound")
    );
}

#[test]
fn nothing_empty_is_written() {
    fn check(value: &Value) {
        match value {
            Value::Array(items) => {
                assert!(!items.is_empty());
                items.iter().for_each(check);
            }
            Value::Object(members) => {
                assert!(!members.is_empty());
                members.values().for_each(check);
            }
            Value::String(text) => assert!(!text.trim().is_empty()),
            Value::Null => panic!("a null was written"),
            Value::Bool(_) | Value::Number(_) => {}
        }
    }
    check(&written(&COMPLETE));
    check(&written(&PARTIAL));
}

#[test]
fn probabilities_become_percentages_up_to_both_ends() {
    let table = [
        (0.0, "0.0"),
        (-0.0, "0.0"),
        (0.000_000_4, "0.0"),
        (0.000_001, "0.0001"),
        (0.01, "1.0"),
        (0.07, "7.0"),
        (0.29, "29.0"),
        (1.0 / 3.0, "33.3333"),
        (1.0, "100.0"),
    ];
    for (probability, percent) in table {
        let json = written(&RiskAssessmentContent {
            probability_low: probability,
            probability_high: probability,
            ..COMPLETE
        });
        let range = &json["prediction"][0]["probabilityRange"];
        assert_eq!(range["low"]["value"].to_string(), percent);
        assert_eq!(range["high"]["value"].to_string(), percent);
    }
}

#[test]
fn what_is_no_probability_is_refused() {
    for wrong in [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        -0.000_001,
        1.000_001,
        33.0,
    ] {
        let low = RiskAssessmentContent {
            probability_low: wrong,
            ..COMPLETE
        };
        let high = RiskAssessmentContent {
            probability_high: wrong,
            ..COMPLETE
        };
        assert_eq!(refusal(&low), r#"Probability { field: "probability_low" }"#);
        assert_eq!(
            refusal(&high),
            r#"Probability { field: "probability_high" }"#
        );
    }
    let crossed = RiskAssessmentContent {
        probability_low: 0.08,
        ..COMPLETE
    };
    assert_eq!(refusal(&crossed), "ProbabilityOrder");
}

#[test]
fn a_score_range_has_two_ends_in_order() {
    assert_eq!(
        written(&RiskAssessmentContent {
            score_low: 14,
            ..COMPLETE
        })["status"],
        "preliminary"
    );
    assert_eq!(
        written(&RiskAssessmentContent {
            score_low: 15,
            ..COMPLETE
        })["status"],
        "final"
    );
    assert_eq!(
        refusal(&RiskAssessmentContent {
            score_low: 16,
            ..COMPLETE
        }),
        "ScoreOrder"
    );
}

#[test]
fn an_index_date_is_a_day_that_exists() {
    for right in ["0001-01-01", "2024-02-29", "9999-12-31"] {
        assert_eq!(
            written(&RiskAssessmentContent {
                index_date: right,
                ..COMPLETE
            })["occurrenceDateTime"],
            right
        );
    }
    for wrong in [
        "",
        "2026",
        "2026-03",
        "2026-02-29",
        "2026-13-01",
        "2026-3-2",
        "02.03.2026",
        "2026-03-02T10:00:00Z",
        " 2026-03-02",
        "+2026-03-02",
        "-2026-03-02",
        "0000-01-01",
        "20260302",
    ] {
        let content = RiskAssessmentContent {
            index_date: wrong,
            ..COMPLETE
        };
        assert_eq!(
            refusal(&content),
            r#"Date { field: "index_date" }"#,
            "{wrong}"
        );
    }
}

#[test]
fn a_horizon_reads_in_years_when_it_is_whole_years() {
    let table = [
        (1, 1.0, "month", "mo"),
        (11, 11.0, "months", "mo"),
        (12, 1.0, "year", "a"),
        (13, 13.0, "months", "mo"),
    ];
    for (horizon_months, length, unit, code) in table {
        let json = written(&RiskAssessmentContent {
            horizon_months,
            ..COMPLETE
        });
        let high = &json["prediction"][0]["whenRange"]["high"];
        assert_eq!(
            (&high["value"], &high["unit"], &high["code"]),
            (&json!(length), &json!(unit), &json!(code))
        );
    }
    assert_eq!(
        refusal(&RiskAssessmentContent {
            horizon_months: 0,
            ..COMPLETE
        }),
        "Horizon"
    );
}

#[test]
fn references_name_a_type_and_an_id() {
    let longest = format!("Patient/{}", "a".repeat(64));
    for resident in [
        "Patient/1",
        &longest,
        "https://fhir.example/r4/Patient/1",
        "Patient/1/_history/2",
    ] {
        let json = written(&RiskAssessmentContent {
            resident,
            ..COMPLETE
        });
        assert_eq!(json["subject"]["reference"], resident);
    }
    let too_long = format!("Patient/{}", "a".repeat(65));
    for resident in [
        "",
        "1",
        "Patient",
        "Patient/",
        "/1",
        "patient/1",
        "Group/1",
        "#p",
        "Patient/1?a=b",
        "Patient/a b",
        "x y/Patient/1",
        &too_long,
    ] {
        let content = RiskAssessmentContent {
            resident,
            ..COMPLETE
        };
        assert_eq!(
            refusal(&content),
            r#"Reference { field: "resident", expected: "Patient/id" }"#,
            "{resident}"
        );
    }
    for basis in ["", "q-1", "/q-1", "#q"] {
        let content = RiskAssessmentContent {
            basis: &["Observation/1", basis],
            ..COMPLETE
        };
        assert_eq!(
            refusal(&content),
            r#"Reference { field: "basis", expected: "Type/id" }"#,
            "{basis}"
        );
    }
}

#[test]
fn what_must_be_said_is_not_blank() {
    type Spoil = fn(&mut RiskAssessmentContent<'static>, &'static str);
    let fields: [(&str, Spoil); 5] = [
        ("identifier.system", |content, text| {
            content.identifier.system = text
        }),
        ("identifier.value", |content, text| {
            content.identifier.value = text
        }),
        ("method.system", |content, text| {
            content.method.system = text
        }),
        ("method.code", |content, text| content.method.code = text),
        ("outcome", |content, text| content.outcome = text),
    ];
    for (field, spoil) in fields {
        for text in ["", " \t\n", "bell\u{7}"] {
            let mut content = COMPLETE;
            spoil(&mut content, text);
            assert_eq!(refusal(&content), format!("Text {{ field: {field:?} }}"));
        }
    }
    for (field, spoil) in &fields[..4] {
        let mut content = COMPLETE;
        spoil(&mut content, "two words");
        let refused = *field != "identifier.value";
        assert_eq!(risk_assessment(&content).is_err(), refused, "{field}");
    }
    let display = Coded {
        display: "\0",
        ..COMPLETE.method
    };
    assert_eq!(
        refusal(&RiskAssessmentContent {
            method: display,
            ..COMPLETE
        }),
        r#"Text { field: "method.display" }"#
    );
    assert_eq!(
        refusal(&RiskAssessmentContent {
            rationale: "\u{1b}",
            ..COMPLETE
        }),
        r#"Text { field: "rationale" }"#
    );
}

#[test]
fn a_refusal_never_shows_the_value() {
    let content = RiskAssessmentContent {
        resident: "Henkilö/131052-308T",
        ..COMPLETE
    };
    let error = risk_assessment(&content).expect_err("not a patient");
    assert!(matches!(error, AuthoringError::Reference { .. }));
    assert_eq!(
        error.to_string(),
        "`resident` is not a reference of the form `Patient/id`, relative or absolute"
    );
    assert!(!format!("{error:?}").contains("131052"));
}
