//! Diagnoses, prescriptions, relatives, answers, and what is none of these.

use super::holds;

#[test]
fn diagnoses() {
    let rows = [
        ("as-it-should-be", "diabetes-diagnosis"),
        ("code-as-text-only", "passed over"),
        ("code-of-no-interest", "passed over"),
        (
            "diabetes-date-missing",
            "diabetes-diagnosis on 0001-01-01, set aside: date-missing",
        ),
        (
            "diabetes-in-a-version-suffixed-system",
            "diabetes-diagnosis",
        ),
        ("diabetes-on-problem-list", "diabetes-diagnosis"),
        ("diabetes-onset-as-an-age", "diabetes-diagnosis"),
        (
            "diabetes-onset-in-a-year",
            "diabetes-diagnosis on 2019-12-31",
        ),
        ("diabetes-provisional", "diabetes-diagnosis, not accepted"),
        ("diabetes-refuted", "taken back"),
        (
            "diabetes-without-category",
            "diabetes-diagnosis, not accepted",
        ),
        ("pregnancy-over", "pregnancy on 2025-01-15 until 2025-09-20"),
        (
            "pregnancy-resolved-without-date",
            "pregnancy on 2025-01-15 until 2025-10-01",
        ),
    ];
    holds("condition", &rows);
}

#[test]
fn prescriptions() {
    let rows = [
        ("as-it-should-be", "antihypertensive-medication"),
        ("date-missing", "set aside: date-missing"),
        ("drug-contained", "antihypertensive-medication"),
        ("drug-elsewhere", "passed over"),
        ("drug-of-no-interest", "passed over"),
        ("glucose-lowering", "glucose-lowering-medication"),
        ("intent-plan", "set aside: not-final"),
        ("status-cancelled", "taken back"),
        ("status-draft", "set aside: not-final"),
        ("status-stopped", "antihypertensive-medication"),
    ];
    holds("medication-request", &rows);
}

#[test]
fn diseases_of_relatives() {
    let rows = [
        ("as-it-should-be", "family-history-first-degree"),
        ("date-missing", "family-history-first-degree"),
        ("entered-in-error", "taken back"),
        ("grandmother", "family-history-second-degree"),
        ("other-disease", "passed over"),
        ("relationship-missing", "set aside: relationship-unknown"),
        ("relationship-unlisted", "set aside: relationship-unknown"),
        ("status-partial", "family-history-first-degree"),
        ("without-condition", "passed over"),
    ];
    holds("family-member-history", &rows);
}

#[test]
fn answers_of_the_form() {
    let rows = [
        (
            "as-it-should-be",
            "physical-activity-answer not-daily, self-reported",
        ),
        (
            "answer-do-not-know",
            "physical-activity-answer do-not-know, self-reported",
        ),
        ("answer-missing", "says nothing"),
        ("answer-unknown-code", "set aside: answer-unknown-code"),
        (
            "answers-in-groups",
            "physical-activity-answer not-daily, self-reported",
        ),
        ("date-missing", "set aside: date-missing"),
        ("form-of-somebody-else", "passed over"),
        (
            "form-with-version",
            "physical-activity-answer not-daily, self-reported",
        ),
        ("in-progress", "set aside: not-final"),
        ("question-unknown", "set aside: question-unknown"),
        (
            "two-answers-to-one-question",
            "set aside: value-not-understood",
        ),
        ("waist-12", "set aside: value-implausible"),
        ("waist-as-text", "set aside: value-not-understood"),
        (
            "waist-as-whole-number",
            "waist-circumference 96 cm, self-reported",
        ),
        (
            "waist-in-inches",
            "waist-circumference 38 in, self-reported",
        ),
    ];
    holds("questionnaire-response", &rows);
}

#[test]
fn what_is_no_resource_that_is_read() {
    let rows = [
        ("encounter", "passed over: Encounter"),
        ("bundle-around-an-observation", "passed over: Bundle"),
        ("resource-type-missing", "refused: not-fhir"),
        ("resource-type-in-lower-case", "passed over: observation"),
        ("list-around-an-observation", "refused: not-fhir"),
    ];
    holds("other", &rows);
}
