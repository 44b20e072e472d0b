//! The portal is down for a week, or for too long.

use preventiojyraa::delivery::{Delivery, Refused};
use preventiojyraa::ledger::RowView;
use preventiojyraa::orders::Action;

use crate::support::programme::Programme;

#[test]
fn after_a_week_without_an_answer_everything_arrives_once() {
    let mut programme = Programme::in_a_town();
    programme.pulls();
    programme.decides();
    let planned = programme.rows().len();
    programme.faults("seed=5,lost-request=0.2,lost-answer=0.2,status-503=0.1");
    programme.does(&["dispatch", "--for", "1s"]);
    programme.portal_is_down(true);
    for _ in 0..7 {
        programme.waits(1);
        programme.does(&["dispatch", "--once"]).ends_with(1);
    }
    programme.portal_is_down(false);
    programme.faults("seed=1");
    programme.delivers();
    let rows = programme.rows();
    assert_eq!(rows.len(), planned, "nothing is planned anew");
    let withheld = Delivery::Refused {
        why: Refused::Withheld,
    };
    let is_settled = |row: &RowView| {
        matches!(row.delivery, Delivery::Acknowledged { .. }) || row.delivery == withheld
    };
    let not_there: Vec<String> = rows
        .iter()
        .filter(|row| !is_settled(row))
        .map(|row| format!("{} {:?}", row.order.action.name(), row.delivery))
        .collect();
    assert_eq!(not_there, Vec::<String>::new(), "but for the non-disclosed");
    programme.each_order_is_there_once();
    // What was waited for is still waited for, from the day on which it left.
    let aino = programme.somebody_who_is("asked");
    aino.never_answers();
    let received = aino.received();
    let left: jiff::civil::Date = received[..10].parse().expect("a day");
    let after = |days: i64| {
        let day = left.saturating_add(jiff::Span::new().days(days));
        day.to_string()
    };
    programme.reaches(&after(28));
    assert_eq!(aino.received().lines().count(), 1, "28 days are not over");
    programme.reaches(&after(29));
    assert_eq!(aino.received().lines().count(), 2, "reminded");
    programme.everybody_is_accounted_for();
}

#[test]
fn an_order_that_could_not_leave_in_two_weeks_is_before_a_person_and_questions_wait_their_turn() {
    let mut programme = Programme::in_a_town();
    programme.pulls();
    programme.decides();
    let aino = programme.somebody_who_is("asked");
    let eero = programme.somebody_who_is("ordered");
    programme.portal_is_down(true);
    programme.waits(15);
    programme.does(&["dispatch", "--once"]).ends_with(1);
    programme.portal_is_down(false);
    programme.delivers();
    assert_eq!(eero.received(), "");
    // Nothing had left of the questions: they are asked as of today, with the whole time to answer.
    assert!(
        aino.received().starts_with("2025-01-30 "),
        "{}",
        aino.received()
    );
    insta::assert_snapshot!(programme.diary_of(&aino), @r"
    2025-01-15 asked
    2025-01-30   questionnaire
    ");
    insta::assert_snapshot!(programme.diary_of(&eero), @r"
    2025-01-15 ordered
    2025-01-30   laboratory:fasting-plasma-glucose: not sent, too-late
    2025-01-30   laboratory:hba1c: not sent, too-late
    2025-01-30   task delivery-too-late, soon, by 2025-02-02
    2025-01-30   task delivery-too-late, soon, by 2025-02-02
    ");
    let late = |row: &RowView| {
        row.order.action == Action::Questionnaire
            || matches!(row.delivery, Delivery::Refused { .. })
    };
    assert!(programme.rows().iter().all(late), "no order has left");
    programme.each_order_is_there_once();
}
