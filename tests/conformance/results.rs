//! Measurements and laboratory results.

use super::holds;

#[test]
fn measurements_and_laboratory_results() {
    let rows = [
        ("as-it-should-be", "hba1c 41 mmol/mol"),
        ("code-missing", "passed over"),
        ("code-of-no-interest", "passed over"),
        ("code-without-system", "passed over"),
        ("codes-disagree", "set aside: codes-disagree"),
        ("cut-off", "refused: cut-off"),
        ("date-as-period", "hba1c 41 mmol/mol on 2025-09-03"),
        ("date-garbage", "set aside: date-missing"),
        ("date-in-future", "set aside: date-in-future"),
        ("date-late-evening-in-utc", "hba1c 41 mmol/mol"),
        ("date-missing", "set aside: date-missing"),
        ("date-month-only", "hba1c 41 mmol/mol on 2025-09-30"),
        (
            "family-history-answer-not-listed",
            "set aside: value-not-understood",
        ),
        ("family-history-none", "family-history-none"),
        (
            "fasting-glucose-comparator-below",
            "fasting-plasma-glucose < 3 mmol/L",
        ),
        (
            "fasting-glucose-comparator-unknown",
            "set aside: value-not-understood",
        ),
        (
            "fasting-glucose-finnish-code-only",
            "fasting-plasma-glucose 5.4 mmol/L",
        ),
        ("hba1c-absent-with-reason", "set aside: value-absent"),
        ("hba1c-in-mmol-per-litre", "set aside: unit-not-accepted"),
        ("hba1c-in-text", "set aside: value-not-understood"),
        ("hba1c-null", "set aside: value-missing"),
        ("hba1c-two-values", "set aside: value-not-understood"),
        ("hba1c-unit-old-style", "set aside: unit-unknown"),
        (
            "hba1c-value-as-list",
            "refused: not-fhir at Observation.valueQuantity",
        ),
        (
            "hba1c-value-as-string",
            "refused: not-fhir at Observation.valueQuantity.value",
        ),
        (
            "hba1c-whole-number-without-unit",
            "set aside: value-not-understood",
        ),
        ("hba1c-without-value", "set aside: value-missing"),
        (
            "height-and-weight-as-components",
            "body-height 170 cm, body-weight 80 kg",
        ),
        ("id-missing", "refused: id-missing at Observation.id"),
        ("key-twice", "refused: duplicate-key at Observation"),
        ("latin-1", "refused: not-utf8"),
        (
            "measured-by-the-resident",
            "waist-circumference 96 cm, self-reported",
        ),
        ("number-too-large", "refused: not-json"),
        (
            "status-as-number",
            "refused: not-fhir at Observation.status",
        ),
        ("status-entered-in-error", "taken back"),
        ("status-missing", "set aside: not-final"),
        ("status-preliminary", "set aside: not-final"),
        ("status-preliminary-of-no-interest", "passed over"),
        (
            "subject-a-group",
            "refused: subject-missing at Observation.subject",
        ),
        ("subject-absolute", "hba1c 41 mmol/mol"),
        (
            "subject-missing",
            "refused: subject-missing at Observation.subject",
        ),
        ("subject-urn-uuid", "hba1c 41 mmol/mol"),
        ("waist-12-cm", "set aside: value-implausible"),
        ("waist-as-it-should-be", "waist-circumference 96 cm"),
        ("waist-in-kilograms", "set aside: unit-not-accepted"),
        ("waist-negative", "set aside: value-implausible"),
        ("waist-unit-disagrees-with-code", "set aside: unit-unknown"),
        ("waist-unit-inches", "waist-circumference 38 in"),
        ("waist-unit-missing", "set aside: unit-missing"),
        ("waist-unit-printed-only", "waist-circumference 96 cm"),
    ];
    holds("observation", &rows);
}
