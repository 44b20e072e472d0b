//! What becomes of ordered tests: they are missed, chased, taken back.

use insta::assert_snapshot;

use crate::support::programme::Programme;

#[test]
fn a_missed_blood_test_is_chased_once_then_handed_to_a_nurse() {
    let mut programme = Programme::in_a_town();
    programme.works();
    let aino = programme.somebody_who_is("ordered");
    aino.never_comes();
    for days in [59, 2, 29, 2, 60] {
        programme.waits(days);
        programme.works();
        programme.agrees_with_the_other_side();
    }
    assert_snapshot!(programme.diary_of(&aino), @r"
    2025-01-15 ordered
    2025-01-15   laboratory:fasting-plasma-glucose
    2025-01-15   laboratory:hba1c
    2025-03-17 overdue
    2025-03-17   laboratory-reminder
    2025-04-15 ordered
    2025-04-17 with-a-nurse
    2025-04-17   task did-not-attend, soon, by 2025-05-16
    2025-04-17   contact:contact-overdue
    ");
    assert_snapshot!(aino.received(), @r"
    2025-01-15 Communication to professionals, completed: Pyyntö laboratoriotutkimuksesta: B-HbA1c
    2025-01-15 Communication to professionals, completed: Pyyntö laboratoriotutkimuksesta: fP-Gluk
    2025-03-17 Communication to the resident, completed: Muistutus: verikokeesi
    2025-04-17 Communication to professionals, completed: Ota yhteyttä asukkaaseen: näytettä ei ole otettu
    ");
    assert_eq!(programme.tasks_about(&aino), ["did-not-attend"]);
    assert_snapshot!(programme.explanation_for(&aino), @r"
    Resident <resident>, as of 16 June 2025

    A man of 75.
    He has an order that led to nothing, and a person acts on it.
    Nothing is asked of him.

    His risk score lies between 12 and 24 of 26; 12 is the action level.
      He is 75: 4 points.
      His BMI was 30 kg/m² on 16 June 2024, 1 year earlier: 1 point.
      His waist is not known: 0 to 4 points.
      His daily activity is not known: 0 to 2 points.
      His eating of vegetables, fruit or berries is not known: 0 to 1 points.
      He has been on medication for blood pressure (blood-pressure drug, 17 March 2024, 1 year and 2 months earlier): 2 points.
      He has been found to have high blood glucose (fasting plasma glucose 6.5 mmol/L, impaired fasting glucose, on 23 June 2023, 1 year and 11 months earlier): 5 points.
      His family history of diabetes is not known: 0 to 5 points.
      Of people with such scores, between 4.7 % and 32.2 % are expected to meet this within 12 months: diabetes confirmed by a professional (a draft: these numbers are not verified).
      Not to be compared with that: of people with such scores, between 2.8 % and 13.5 % met this within 10 years: start of a glucose-lowering drug (Jølle A, Midthjell K, Holmen J, et al., 2019).
      The form calls such scores moderate to very high.

    Why:
      He has an order that led to nothing, and a person acts on it. [handed-to-a-nurse]
    Nearly, but not:
      That he has had impaired glucose within a year: too old to count (fasting plasma glucose 6.5 mmol/L, impaired fasting glucose, on 23 June 2023, 1 year and 11 months earlier). [glucose-impaired]

    By type-2-diabetes 2026.1, an unsigned draft, with findrisc 2025.1, stepwise 2026.1 and glycaemia-finland 2025.1.
    This program is not a certified medical device; a professional decides.
    This is what run 6 decided.
    ");
    programme.everybody_is_accounted_for();
}

#[test]
fn who_comes_after_the_reminder_is_tested_all_the_same() {
    let mut programme = Programme::in_a_town();
    programme.works();
    let aino = programme.somebody_who_is("ordered");
    aino.comes_after(70);
    for days in [61, 28] {
        programme.waits(days);
        programme.works();
    }
    assert_snapshot!(programme.diary_of(&aino), @r"
    2025-01-15 ordered
    2025-01-15   laboratory:fasting-plasma-glucose
    2025-01-15   laboratory:hba1c
    2025-03-17 overdue
    2025-03-17   laboratory-reminder
    2025-04-14 offered-prevention
    2025-04-14   message:offer-prevention
    ");
}

#[test]
fn an_order_is_taken_back_from_professionals_when_the_resident_has_died() {
    let mut programme = Programme::in_a_town();
    programme.works();
    let aino = programme.somebody_who_is("ordered");
    programme.waits(1);
    aino.dies();
    programme.works();
    assert_snapshot!(programme.diary_of(&aino), @r"
    2025-01-15 ordered
    2025-01-15   laboratory:fasting-plasma-glucose
    2025-01-15   laboratory:hba1c
    2025-01-16 deceased
    2025-01-16   cancel:fasting-plasma-glucose
    2025-01-16   cancel:hba1c
    ");
    assert_snapshot!(aino.received(), @r"
    2025-01-15 Communication to professionals, completed: Pyyntö laboratoriotutkimuksesta: B-HbA1c
    2025-01-15 Communication to professionals, completed: Pyyntö laboratoriotutkimuksesta: fP-Gluk
    2025-01-16 Communication to professionals, completed: Pyyntö laboratoriotutkimuksesta perutaan: B-HbA1c
    2025-01-16 Communication to professionals, completed: Pyyntö laboratoriotutkimuksesta perutaan: fP-Gluk
    ");
    programme.each_order_is_there_once();
}

#[test]
fn an_order_at_a_laboratory_is_revoked_when_the_resident_has_died() {
    let mut programme = Programme::of("open", 150, "");
    programme.works();
    let aino = programme.somebody_who_is("ordered");
    aino.never_comes();
    programme.waits(1);
    aino.dies();
    programme.works();
    assert_snapshot!(programme.diary_of(&aino), @r"
    2025-01-15 ordered
    2025-01-15   laboratory:fasting-plasma-glucose
    2025-01-15   laboratory:hba1c
    2025-01-16 deceased
    2025-01-16   cancel:fasting-plasma-glucose
    2025-01-16   cancel:hba1c
    ");
    assert_snapshot!(aino.received(), @r"
    2025-01-15 ServiceRequest to the laboratory, revoked: B-HbA1c
    2025-01-15 ServiceRequest to the laboratory, revoked: fP-Gluk
    ");
}

#[test]
fn nothing_is_ordered_for_who_has_died_before_it_left() {
    let mut programme = Programme::in_a_town();
    programme.pulls();
    programme.decides();
    let aino = programme.somebody_who_is("ordered");
    aino.dies();
    programme.waits(1);
    programme.pulls();
    programme.delivers();
    programme.reaches("2025-01-30");
    assert_snapshot!(programme.diary_of(&aino), @r"
    2025-01-15 ordered
    2025-01-16   laboratory:fasting-plasma-glucose: not sent, withdrawn
    2025-01-16   laboratory:hba1c: not sent, withdrawn
    2025-01-30 deceased
    ");
    assert_eq!(aino.received(), "");
}
