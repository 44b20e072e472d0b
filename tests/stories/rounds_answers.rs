//! What becomes of questions: they are answered, late or never, and whoever says no is left alone.

use insta::assert_snapshot;

use crate::support::programme::Programme;

#[test]
fn who_answers_late_is_reminded_once_and_listed_and_then_the_answer_decides() {
    let mut programme = Programme::in_a_town();
    programme.works();
    let aino = programme.somebody_who_is("asked");
    aino.answers_after(80);
    programme.reaches("2025-04-09");
    assert_snapshot!(programme.diary_of(&aino), @r"
    2025-01-15 asked
    2025-01-15   questionnaire
    2025-02-26   questionnaire-reminder
    2025-03-26 undecided-not-answered
    2025-04-09 below-level
    ");
    assert_snapshot!(aino.received(), @r"
    2025-01-15 Communication to the resident, completed: Muutama kysymys tyypin 2 diabeteksen riskistäsi
    2025-02-26 Communication to the resident, completed: Muistutus: kysymyksiä tyypin 2 diabeteksen riskistäsi
    ");
    programme.everybody_is_accounted_for();
}

#[test]
fn who_never_answers_is_asked_again_after_a_year_and_not_before() {
    let mut programme = Programme::in_a_town();
    programme.works();
    let aino = programme.somebody_who_is("asked");
    aino.never_answers();
    for days in [30, 25, 335, 40] {
        programme.waits(days);
        programme.works();
        programme.agrees_with_the_other_side();
    }
    assert_snapshot!(programme.diary_of(&aino), @r"
    2025-01-15 asked
    2025-01-15   questionnaire
    2025-02-14   questionnaire-reminder
    2025-03-11 undecided-not-answered
    2026-03-21 asked
    2026-03-21   questionnaire
    ");
    assert_snapshot!(aino.received(), @r"
    2025-01-15 Communication to the resident, completed: Muutama kysymys tyypin 2 diabeteksen riskistäsi
    2025-02-14 Communication to the resident, completed: Muistutus: kysymyksiä tyypin 2 diabeteksen riskistäsi
    2026-03-21 Communication to the resident, completed: Muutama kysymys tyypin 2 diabeteksen riskistäsi
    ");
}

#[test]
fn who_says_no_between_the_decision_and_the_sending_hears_nothing() {
    let mut programme = Programme::in_a_town();
    programme.pulls();
    programme.decides();
    let aino = programme.somebody_who_is("asked");
    let eero = programme.somebody_who_is("ordered");
    for resident in [&aino, &eero] {
        resident.refuses();
    }
    programme.waits(1);
    programme.pulls();
    programme.delivers();
    for resident in [&aino, &eero] {
        assert_eq!(resident.received(), "");
    }
    programme.reaches("2025-01-30");
    for resident in [&aino, &eero] {
        assert_eq!(resident.received(), "");
        assert_eq!(programme.tasks_about(resident), Vec::<String>::new());
    }
    assert_snapshot!(programme.diary_of(&aino), @r"
    2025-01-15 asked
    2025-01-16   questionnaire: not sent, withdrawn
    2025-01-30 opted-out
    ");
    assert_snapshot!(programme.diary_of(&eero), @r"
    2025-01-15 ordered
    2025-01-16   laboratory:fasting-plasma-glucose: not sent, withdrawn
    2025-01-16   laboratory:hba1c: not sent, withdrawn
    2025-01-30 opted-out
    ");
    programme.each_order_is_there_once();
}

#[test]
fn whose_address_must_not_be_disclosed_is_met_by_a_person() {
    let mut programme = Programme::in_a_town();
    programme.pulls();
    programme.decides();
    let aino = programme.somebody_who_is("asked");
    let eero = programme.somebody_who_is("ordered");
    for resident in [&aino, &eero] {
        resident.hides();
    }
    programme.waits(1);
    programme.pulls();
    programme.delivers();
    programme.reaches("2025-02-12");
    for resident in [&aino, &eero] {
        assert_eq!(resident.received(), "", "nothing leaves");
    }
    assert_snapshot!(programme.diary_of(&aino), @r"
    2025-01-15 asked
    2025-01-16   questionnaire: not sent, withheld
    2025-01-16   task delivery-withheld, soon, by 2025-01-19
    2025-01-30 with-a-nurse
    ");
    assert_snapshot!(programme.diary_of(&eero), @r"
    2025-01-15 ordered
    2025-01-16   laboratory:fasting-plasma-glucose: not sent, withheld
    2025-01-16   laboratory:hba1c: not sent, withheld
    2025-01-16   task delivery-withheld, soon, by 2025-01-19
    2025-01-16   task delivery-withheld, soon, by 2025-01-19
    2025-01-30 with-a-nurse
    ");
    programme.everybody_is_accounted_for();
}
