//! Entries of the register and choices.

use super::holds;

#[test]
fn entries_of_the_register() {
    let rows = [
        ("as-it-should-be", ""),
        ("address-not-a-list", ""),
        ("birth-date-february-31", ""),
        ("birth-date-missing", ""),
        ("birth-date-with-time", ""),
        ("birth-date-year-only", ""),
        ("deceased-as-text", ""),
        ("deceased-date-garbage", ""),
        ("deceased-false", ""),
        ("deceased-on-a-date", ""),
        ("deceased-without-date", ""),
        ("gender-other", ""),
        ("gender-unheard-of", ""),
        ("id-as-number", ""),
        ("id-missing", ""),
        ("linked-to-another", ""),
        ("moved-away", ""),
        ("municipality-elsewhere", ""),
        ("municipality-missing", ""),
        ("national-id-missing", ""),
        ("national-id-wrong-check-character", ""),
        ("safety-non-disclosure", ""),
    ];
    holds("patient", &rows);
}

#[test]
fn choices_about_this_screening() {
    let rows = [
        ("as-it-should-be", ""),
        ("about-research", ""),
        ("category-missing", ""),
        ("choice-in-provision-code", ""),
        ("date-missing", ""),
        ("inactive", ""),
        ("patient-missing", ""),
        ("permits", ""),
        ("provision-missing", ""),
    ];
    holds("consent", &rows);
}
