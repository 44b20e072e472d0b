//! What becomes of results: a message, an offer, or a professional who makes the diagnosis.

use insta::assert_snapshot;

use crate::support::programme::{Programme, Resident};

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
    let mut programme = Programme::of("apotti", 600, "");
    programme.works();
    let aino = programme.somebody_who_is_and("ordered", |truth| truth.confirmed);
    aino.comes_after(3);
    programme.reaches("2025-02-12");
    let first = &programme.worklist()[0];
    assert_eq!(
        (first.2.as_str(), first.3.as_str()),
        ("result-diabetic-range", "urgent")
    );
    assert_snapshot!(programme.explanation_for(&aino), @"");
    programme.reaches("2025-04-09");
    assert_snapshot!(programme.diary_of(&aino), @"");
    assert_snapshot!(aino.received(), @"");
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
    assert_snapshot!(programme.diary_of(&aino), @"");
    assert_snapshot!(aino.received(), @"");
}

#[test]
fn a_diabetic_result_amended_to_normal_stays_with_the_professional() {
    let (mut programme, aino) = somebody("ordered");
    aino.has_results(8.4, 53.0);
    programme.works();
    aino.has_other_results(5.1, 34.0);
    programme.waits(1);
    programme.works();
    assert_snapshot!(programme.diary_of(&aino), @"");
    assert_snapshot!(aino.received(), @"");
    assert_snapshot!(programme.explanation_for(&aino), @"");
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
