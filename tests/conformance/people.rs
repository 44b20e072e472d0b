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
        // FIXME: a gender that FHIR does not have is read as none, and no issue says so.
        (
            "gender-unheard-of",
            "somebody, born 1961-04-30, in the area",
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
        // FIXME: a refusal without a date does not count, and who said no is asked all the same;
        // FHIR does not demand the date.
        ("date-missing", "set aside: date-missing"),
        ("inactive", "taken back"),
        // FIXME: the field is `Consent.patient`.
        (
            "patient-missing",
            "refused: subject-missing at Consent.subject",
        ),
        ("permits", "taken back"),
        ("provision-missing", "taken back"),
    ];
    holds("consent", &rows);
}
