//! What becomes of results: a message, an offer, or a professional who makes the diagnosis.

use insta::assert_snapshot;

use crate::support::programme::{Programme, Resident, Task};

/// A programme that waits for somebody in a state, two weeks after its first day.
fn somebody(state: &str) -> (Programme, Resident) {
    let mut programme = Programme::in_a_town();
    programme.works();
    let resident = programme.somebody_who_is(state);
    resident.never_comes().never_answers();
    programme.waits(14);
    (programme, resident)
}

#[test]
fn a_diabetic_result_comes_first_and_ends_in_a_clinicians_diagnosis() {
    let (mut programme, aino) = somebody("ordered");
    aino.has_results(8.4, 53.0);
    programme.works();
    let worklist = programme.worklist();
    let her_task = worklist.iter().position(|task| task.about(&aino));
    let (her_task, before) = worklist[..=her_task.expect("a task")]
        .split_last()
        .expect("it holds her task");
    assert_eq!(her_task.code, "result-diabetic-range");
    assert_eq!(her_task.priority, "urgent");
    let is_no_later = |task: &Task| task.priority == "urgent" && task.due <= her_task.due;
    assert!(before.iter().all(is_no_later), "only what is due before");
    assert_snapshot!(programme.explanation_for(&aino), @r"
    Resident <resident>, as of 29 January 2025

    A man of 75.
    He has a laboratory result in the range of diabetes and no diagnosis.
    Next: a professional looks at this.
    To confirm or rule out (fasting plasma glucose and HbA1c): two different tests are in the range, in one sample or in two: no further test is needed, the professional concludes. [two-different-tests]
    For a professional (urgent, within 7 days): He has a laboratory result in the range of diabetes and no diagnosis.

    His risk score lies between 12 and 24 of 26; 12 is the action level.
      He is 75: 4 points.
      His BMI was 30 kg/m² on 16 June 2024, 7 months earlier: 1 point.
      His waist is not known: 0 to 4 points.
      His daily activity is not known: 0 to 2 points.
      His eating of vegetables, fruit or berries is not known: 0 to 1 points.
      He has been on medication for blood pressure (blood-pressure drug, 17 March 2024, 10 months earlier): 2 points.
      He has been found to have high blood glucose (HbA1c 53 mmol/mol, in the range of diabetes, on 29 January 2025, the same day): 5 points.
      His family history of diabetes is not known: 0 to 5 points.

    Why:
      He has a laboratory result in the range of diabetes and no diagnosis (HbA1c 53 mmol/mol, in the range of diabetes, on 29 January 2025, the same day). [result-diabetic-range]

    By type-2-diabetes 2026.1, an unsigned draft, with findrisc 2025.1, stepwise 2026.1 and glycaemia-finland 2025.1.
    This program is not a certified medical device; a professional decides.
    This is what run 2 decided.
    ");
    programme.reaches("2025-04-09");
    assert_snapshot!(programme.diary_of(&aino), @r"
    2025-01-15 ordered
    2025-01-15   laboratory:fasting-plasma-glucose
    2025-01-15   laboratory:hba1c
    2025-01-29 confirming
    2025-01-29   task result-diabetic-range, urgent, by 2025-02-05
    2025-01-29   contact:contact-diabetic-range
    2025-03-12 known-disease
    ");
    assert_snapshot!(aino.received(), @r"
    2025-01-15 Communication to professionals, completed: Pyyntö laboratoriotutkimuksesta: B-HbA1c
    2025-01-15 Communication to professionals, completed: Pyyntö laboratoriotutkimuksesta: fP-Gluk
    2025-01-29 Communication to professionals, completed: Ota yhteyttä asukkaaseen: tulos diabeteksen alueella
    ");
    programme.everybody_is_accounted_for();
}

#[test]
fn a_normal_result_of_who_was_asked_is_told_with_the_day_of_the_next_round() {
    let (mut programme, aino) = somebody("asked");
    aino.has_results(5.1, 34.0);
    programme.works();
    assert_snapshot!(programme.diary_of(&aino), @r"
    2025-01-15 asked
    2025-01-15   questionnaire
    2025-01-29 concluded
    2025-01-29   message:normal-result
    ");
    assert_snapshot!(aino.received(), @r"
    2025-01-15 Communication to the resident, completed: Muutama kysymys tyypin 2 diabeteksen riskistäsi
    2025-01-29 Communication to the resident, completed: Verikokeidesi tulokset ovat normaalit
    ");
}

#[test]
fn a_normal_result_at_a_high_score_and_an_impaired_one_are_offered_the_lifestyle_service() {
    for (fasting, hba1c, recall) in [(5.1, 34.0, "2028"), (6.5, 40.0, "2026")] {
        let (mut programme, aino) = somebody("ordered");
        aino.has_results(fasting, hba1c);
        programme.works();
        programme.reaches("2025-02-12");
        let rows = programme.rows();
        let offers = rows
            .iter()
            .filter(|row| row.order.action.name() == "message:offer-prevention");
        let recalls: Vec<String> = offers
            .filter(|row| row.order.resident == crate::support::site::opaque(&aino.patient))
            .filter_map(|row| row.order.recall_on)
            .map(|day| day.to_string())
            .collect();
        assert_eq!(recalls, [format!("{recall}-01-29")], "told once");
        insta::allow_duplicates!(assert_snapshot!(programme.diary_of(&aino), @r"
        2025-01-15 ordered
        2025-01-15   laboratory:fasting-plasma-glucose
        2025-01-15   laboratory:hba1c
        2025-01-29 offered-prevention
        2025-01-29   message:offer-prevention
        "));
    }
}

#[test]
fn a_result_amended_into_the_range_of_diabetes_is_a_professionals_after_the_message() {
    let (mut programme, aino) = somebody("ordered");
    aino.has_results(5.1, 34.0);
    programme.works();
    aino.has_other_results(8.4, 53.0);
    programme.reaches("2025-02-12");
    assert_snapshot!(programme.diary_of(&aino), @r"
    2025-01-15 ordered
    2025-01-15   laboratory:fasting-plasma-glucose
    2025-01-15   laboratory:hba1c
    2025-01-29 offered-prevention
    2025-01-29   message:offer-prevention
    2025-02-12 confirming
    2025-02-12   task result-diabetic-range, urgent, by 2025-02-19
    2025-02-12   contact:contact-diabetic-range
    ");
    assert_snapshot!(aino.received(), @r"
    2025-01-15 Communication to professionals, completed: Pyyntö laboratoriotutkimuksesta: B-HbA1c
    2025-01-15 Communication to professionals, completed: Pyyntö laboratoriotutkimuksesta: fP-Gluk
    2025-01-29 Communication to the resident, completed: Tukea terveytesi hoitamiseen
    2025-02-12 Communication to professionals, completed: Ota yhteyttä asukkaaseen: tulos diabeteksen alueella
    ");
}

#[test]
fn a_diabetic_result_amended_to_normal_stays_with_the_professional() {
    let (mut programme, aino) = somebody("ordered");
    aino.has_results(8.4, 53.0);
    programme.works();
    aino.has_other_results(5.1, 34.0);
    programme.waits(1);
    programme.works();
    assert_snapshot!(programme.diary_of(&aino), @r"
    2025-01-15 ordered
    2025-01-15   laboratory:fasting-plasma-glucose
    2025-01-15   laboratory:hba1c
    2025-01-29 confirming
    2025-01-29   task result-diabetic-range, urgent, by 2025-02-05
    2025-01-29   contact:contact-diabetic-range
    2025-01-30   task result-gone, urgent, by 2025-02-06
    ");
    assert_snapshot!(aino.received(), @r"
    2025-01-15 Communication to professionals, completed: Pyyntö laboratoriotutkimuksesta: B-HbA1c
    2025-01-15 Communication to professionals, completed: Pyyntö laboratoriotutkimuksesta: fP-Gluk
    2025-01-29 Communication to professionals, completed: Ota yhteyttä asukkaaseen: tulos diabeteksen alueella
    ");
    assert_snapshot!(programme.explanation_for(&aino), @r"
    Resident <resident>, as of 30 January 2025

    A man of 75.
    He had a laboratory result in the range of diabetes that is no longer there.
    Next: a professional looks at this.
    For a professional (urgent, within 7 days): He had a laboratory result in the range of diabetes that is no longer there.

    His risk score lies between 12 and 24 of 26; 12 is the action level.
      He is 75: 4 points.
      His BMI was 30 kg/m² on 16 June 2024, 7 months earlier: 1 point.
      His waist is not known: 0 to 4 points.
      His daily activity is not known: 0 to 2 points.
      His eating of vegetables, fruit or berries is not known: 0 to 1 points.
      He has been on medication for blood pressure (blood-pressure drug, 17 March 2024, 10 months earlier): 2 points.
      He has been found to have high blood glucose (fasting plasma glucose 6.5 mmol/L, impaired fasting glucose, on 23 June 2023, 1 year and 7 months earlier): 5 points.
      His family history of diabetes is not known: 0 to 5 points.

    Why:
      He had a laboratory result in the range of diabetes that is no longer there. [result-gone]

    By type-2-diabetes 2026.1, an unsigned draft, with findrisc 2025.1, stepwise 2026.1 and glycaemia-finland 2025.1.
    This program is not a certified medical device; a professional decides.
    This is what run 3 decided.
    ");
}

#[test]
fn a_message_that_cannot_be_delivered_opens_a_task() {
    let (mut programme, aino) = somebody("ordered");
    aino.has_results(5.1, 34.0);
    programme.pulls();
    programme.decides();
    aino.hides();
    programme.pulls();
    programme.delivers();
    assert_snapshot!(programme.diary_of(&aino), @r"
    2025-01-15 ordered
    2025-01-15   laboratory:fasting-plasma-glucose
    2025-01-15   laboratory:hba1c
    2025-01-29 offered-prevention
    2025-01-29   message:offer-prevention: not sent, withheld
    2025-01-29   task resident-not-told, soon, by 2025-02-01
    ");
    assert_eq!(programme.tasks_about(&aino), ["resident-not-told"]);
}
