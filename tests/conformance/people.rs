//! Entries of the register and choices.

use super::holds;

#[test]
fn entries_of_the_register() {
    let rows = [
        ("as-it-should-be", "woman, born 1961-04-30, in the area"),
        ("address-not-a-list", "refused: not-fhir at Patient.address"),
        (
            "birth-date-february-31",
            "woman, born some day, in the area, set aside: birth-date-invalid",
        ),
        ("birth-date-missing", "woman, born some day, in the area"),
        (
            "birth-date-with-time",
            "woman, born some day, in the area, set aside: birth-date-invalid",
        ),
        (
            "birth-date-year-only",
            "woman, born 1961-01-01 to 1961-12-31, in the area",
        ),
        (
            "deceased-as-text",
            "refused: not-fhir at Patient.deceasedBoolean",
        ),
        (
            "deceased-date-garbage",
            "woman, born 1961-04-30, in the area, died some day, set aside: death-undated",
        ),
        ("deceased-false", "woman, born 1961-04-30, in the area"),
        (
            "deceased-on-a-date",
            "woman, born 1961-04-30, in the area, died 2025-03-01",
        ),
        (
            "deceased-without-date",
            "woman, born 1961-04-30, in the area, died some day, set aside: death-undated",
        ),
        ("gender-other", "somebody, born 1961-04-30, in the area"),
        (
            "gender-unheard-of",
            "somebody, born 1961-04-30, in the area, set aside: gender-not-understood",
        ),
        ("id-as-number", "refused: not-fhir at Patient.id"),
        ("id-missing", "refused: id-missing at Patient.id"),
        (
            "linked-to-another",
            "woman, born 1961-04-30, in the area, set aside: identity-linked",
        ),
        (
            "moved-away",
            "woman, born 1961-04-30, moved 2025-07-01, without district",
        ),
        (
            "municipality-elsewhere",
            "woman, born 1961-04-30, elsewhere",
        ),
        ("municipality-missing", "woman, born 1961-04-30, somewhere"),
        (
            "national-id-missing",
            "woman, born 1961-04-30, in the area, without national identifier",
        ),
        (
            "national-id-wrong-check-character",
            "woman, born 1961-04-30, in the area, set aside: national-id-invalid",
        ),
        (
            "safety-non-disclosure",
            "woman, born 1961-04-30, in the area, without district, not disclosed",
        ),
    ];
    holds("patient", &rows);
}

#[test]
fn choices_about_this_screening() {
    let rows = [
        ("as-it-should-be", "screening-opt-out"),
        ("about-research", "passed over"),
        ("category-missing", "passed over"),
        ("choice-in-provision-code", "screening-opt-out"),
        (
            "date-missing",
            "screening-opt-out on 0001-01-01, set aside: date-missing",
        ),
        ("inactive", "taken back"),
        (
            "patient-missing",
            "refused: subject-missing at Consent.patient",
        ),
        ("permits", "taken back"),
        ("provision-missing", "taken back"),
    ];
    holds("consent", &rows);
}
