//! The portal is down for a week, or for too long.

use preventiojyraa::delivery::Delivery;

use crate::support::programme::Programme;

#[test]
fn after_a_week_without_an_answer_everything_arrives_once() {
    let mut programme = Programme::in_a_town();
    programme.pulls();
    programme.decides();
    let planned = programme.rows().len();
    programme.faults("seed=5,lost-request=0.2,lost-answer=0.2,status-503=0.1");
    programme.does(&["dispatch", "--for", "1s"]);
    // First requests vanish, then nobody listens any more.
    programme.faults("lost-request=1");
    programme.waits(1);
    programme.does(&["dispatch", "--once"]).ends_well();
    programme.portal_is_down(true);
    for _ in 1..7 {
        programme.waits(1);
        programme.does(&["dispatch", "--once"]).ends_with(1);
    }
    programme.portal_is_down(false);
    programme.faults("seed=1");
    programme.delivers();
    let rows = programme.rows();
    assert_eq!(rows.len(), planned, "nothing is planned anew");
    let names = |is_there: bool| {
        let all = rows
            .iter()
            .filter(move |row| is_there == matches!(row.delivery, Delivery::Acknowledged { .. }));
        all.map(|row| format!("{:?} {}", row.delivery, row.order.action.name()))
    };
    assert_eq!(names(false).collect::<Vec<_>>(), Vec::<String>::new());
    assert_eq!(names(true).count(), planned);
    programme.each_order_is_there_once();
    // What was waited for is still waited for, from the day of the decision.
    let aino = programme.somebody_who_is("asked");
    aino.never_answers();
    programme.reaches("2025-02-12");
    assert_eq!(aino.received().lines().count(), 1, "28 days are not over");
    programme.reaches("2025-02-13");
    assert_eq!(aino.received().lines().count(), 2, "reminded");
    programme.everybody_is_accounted_for();
}

#[test]
fn what_could_not_leave_in_two_weeks_is_before_a_person_and_does_not_leave_any_more() {
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
    for resident in [&aino, &eero] {
        assert_eq!(resident.received(), "");
    }
    insta::assert_snapshot!(programme.diary_of(&aino), @"");
    insta::assert_snapshot!(programme.diary_of(&eero), @"");
    let late =
        |row: &preventiojyraa::ledger::RowView| matches!(row.delivery, Delivery::Refused { .. });
    assert!(programme.rows().iter().all(late), "nothing has left");
    programme.each_order_is_there_once();
}
