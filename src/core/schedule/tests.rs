//! What is due when: both nights on which clocks are changed, missed times, failures, and laws.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, date};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;

/// Helsinki, written as POSIX writes it: summer from the last Sunday of March at 3 to that of October at 4.
fn helsinki() -> TimeZone {
    TimeZone::posix("EET-2EEST,M3.5.0/3,M10.5.0/4").expect("a zone")
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn table(times: &[(Step, &str)], dispatch: &[&str]) -> Timetable {
    let times = times.iter();
    Timetable {
        times: times
            .map(|(step, when)| (*step, when.parse().expect("a time")))
            .collect(),
        dispatch: dispatch
            .iter()
            .map(|hours| hours.parse().expect("hours"))
            .collect(),
        ..Timetable::default()
    }
}

const DAILY: [(Step, &str); 4] = [
    (Step::Pull, "02:00"),
    (Step::Run, "05:00"),
    (Step::Reconcile, "06:00"),
    (Step::Learn, "day 1 07:00"),
];

fn begun(actions: &[Action]) -> Vec<(Step, Date)> {
    let begun = actions.iter().filter_map(|action| match action {
        Action::Begin(start) => Some((start.step, start.day)),
        Action::Finish(_) | Action::WakeAt(_) | Action::Stopped => None,
    });
    begun.collect()
}

/// Everything begun from one instant to another, looking every five minutes; each ends at once.
fn days_of(schedule: &mut Schedule, from: &str, until: &str) -> Vec<(String, Step)> {
    let (mut now, until) = (at(from), at(until));
    let mut all = Vec::new();
    while now < until {
        let mut actions = schedule.step(now, Event::Woke);
        loop {
            let steps = begun(&actions);
            let Some((step, _)) = steps.first() else {
                break;
            };
            all.extend(steps.iter().map(|(step, _)| (now.to_string(), *step)));
            actions = schedule.step(now, Event::Ended(*step, Ended::Done));
        }
        now += SignedDuration::from_mins(5);
    }
    all
}

#[test]
fn a_time_that_a_night_leaves_out_comes_as_much_later_as_the_clock_leaps() {
    let zone = helsinki();
    let when: When = "03:30".parse().expect("a time");
    for (now, day, came) in [
        // The night before, 03:30 at +02:00; and the night after, at +03:00.
        (
            "2026-03-28T01:30:00Z",
            date(2026, 3, 28),
            "2026-03-28T01:30:00Z",
        ),
        (
            "2026-03-29T01:29:59Z",
            date(2026, 3, 28),
            "2026-03-28T01:30:00Z",
        ),
        (
            "2026-03-29T01:30:00Z",
            date(2026, 3, 29),
            "2026-03-29T01:30:00Z",
        ),
        (
            "2026-03-30T00:29:59Z",
            date(2026, 3, 29),
            "2026-03-29T01:30:00Z",
        ),
        (
            "2026-03-30T00:30:00Z",
            date(2026, 3, 30),
            "2026-03-30T00:30:00Z",
        ),
    ] {
        assert_eq!(when.newest(at(now), &zone), Some((day, at(came))), "{now}");
    }
    assert_eq!(
        Offset::constant(3),
        zone.to_offset(at("2026-03-29T01:30:00Z"))
    );
}

#[test]
fn a_time_that_a_night_shows_twice_counts_once() {
    let zone = helsinki();
    let when: When = "03:30".parse().expect("a time");
    for (now, day, came) in [
        (
            "2026-10-25T00:29:59Z",
            date(2026, 10, 24),
            "2026-10-24T00:30:00Z",
        ),
        // 03:30 at +03:00, the first of the two …
        (
            "2026-10-25T00:30:00Z",
            date(2026, 10, 25),
            "2026-10-25T00:30:00Z",
        ),
        // … and the second, at +02:00.
        (
            "2026-10-25T01:30:00Z",
            date(2026, 10, 25),
            "2026-10-25T00:30:00Z",
        ),
        (
            "2026-10-26T01:30:00Z",
            date(2026, 10, 26),
            "2026-10-26T01:30:00Z",
        ),
    ] {
        assert_eq!(when.newest(at(now), &zone), Some((day, at(came))), "{now}");
    }
    let times = table(&[(Step::Run, "03:30")], &[]);
    let mut schedule = Schedule::new(times, zone, at("2026-10-24T12:00:00Z"), &[]);
    assert_eq!(
        days_of(
            &mut schedule,
            "2026-10-24T12:00:00Z",
            "2026-10-26T12:00:00Z"
        ),
        [
            ("2026-10-25T00:30:00Z".to_owned(), Step::Run),
            ("2026-10-26T01:30:00Z".to_owned(), Step::Run)
        ]
    );
}

#[test]
fn a_day_has_its_steps_in_order_and_each_once() {
    let times = table(&DAILY, &["08:00-20:00"]);
    let mut schedule = Schedule::new(times, helsinki(), at("2026-01-31T12:00:00Z"), &[]);
    let all = days_of(
        &mut schedule,
        "2026-01-31T18:00:00Z",
        "2026-02-02T02:00:00Z",
    );
    let told = all.iter().filter(|(_, step)| *step != Step::Dispatch);
    let told: Vec<(&str, Step)> = told.map(|(at, step)| (at.as_str(), *step)).collect();
    assert_eq!(
        told,
        [
            ("2026-02-01T00:00:00Z", Step::Pull),
            ("2026-02-01T03:00:00Z", Step::Run),
            ("2026-02-01T04:00:00Z", Step::Reconcile),
            ("2026-02-01T05:00:00Z", Step::Learn),
            ("2026-02-02T00:00:00Z", Step::Pull),
        ]
    );
    let hours = all.iter().filter(|(_, step)| *step == Step::Dispatch);
    let hours: Vec<&str> = hours.map(|(at, _)| at.as_str()).collect();
    assert_eq!(hours.first().copied(), Some("2026-02-01T06:00:00Z"));
    assert_eq!(hours.last().copied(), Some("2026-02-01T17:55:00Z"));
}

#[test]
fn a_missed_time_is_caught_up_once_and_a_first_start_has_missed_nothing() {
    let since = at("2026-01-01T10:00:00Z");
    let times = table(&DAILY, &[]);
    let mut schedule = Schedule::new(times.clone(), helsinki(), since, &[]);
    assert_eq!(begun(&schedule.step(since, Event::Woke)), []);
    // Off for two weeks: the newest of each, the pull before the others.
    let now = at("2026-01-15T10:00:00Z");
    let today = date(2026, 1, 15);
    assert_eq!(
        begun(&schedule.step(now, Event::Woke)),
        [(Step::Pull, today)]
    );
    let actions = schedule.step(now, Event::Ended(Step::Pull, Ended::Done));
    assert_eq!(begun(&actions), [(Step::Run, today)]);
    let actions = schedule.step(now, Event::Ended(Step::Run, Ended::Done));
    assert_eq!(begun(&actions), [(Step::Reconcile, today)]);
    let actions = schedule.step(now, Event::Ended(Step::Reconcile, Ended::Done));
    assert_eq!(
        begun(&actions),
        [],
        "the first of January was before the first start"
    );
    // What is on record is not done again by the next process, nor when the clock is put back.
    let past = [Step::Pull, Step::Run, Step::Reconcile].map(|step| Past {
        step,
        settled: Some(today),
        failed: None,
    });
    let mut next = Schedule::new(times, helsinki(), since, &past);
    assert_eq!(begun(&next.step(now, Event::Woke)), []);
    assert_eq!(
        begun(&next.step(at("2026-01-14T10:00:00Z"), Event::Woke)),
        []
    );
}

#[test]
fn a_failed_pull_keeps_no_run_from_its_turn_and_is_tried_again() {
    let mut schedule = Schedule::new(
        table(&DAILY, &[]),
        helsinki(),
        at("2026-01-14T12:00:00Z"),
        &[],
    );
    let two = at("2026-01-15T00:00:00Z");
    let day = date(2026, 1, 15);
    assert_eq!(begun(&schedule.step(two, Event::Woke)), [(Step::Pull, day)]);
    // Tried again after a minute, two, four, … and no hour apart.
    let mut now = two;
    for minutes in [1, 2, 4, 8, 16, 32, 60] {
        let actions = schedule.step(now, Event::Ended(Step::Pull, Ended::Failed));
        let tried = now + SignedDuration::from_mins(minutes);
        assert_eq!(begun(&actions), []);
        let just_before = tried - SignedDuration::from_secs(1);
        assert_eq!(begun(&schedule.step(just_before, Event::Woke)), []);
        assert_eq!(
            begun(&schedule.step(tried, Event::Woke)),
            [(Step::Pull, day)]
        );
        now = tried;
    }
    let _ = schedule.step(now, Event::Ended(Step::Pull, Ended::Failed));
    // 05:00: the pull has failed and waits; the run goes on.
    let five = at("2026-01-15T03:00:00Z");
    assert_eq!(begun(&schedule.step(five, Event::Woke)), [(Step::Run, day)]);
    // While it is under way no pull begins, though its time has come.
    let later = at("2026-01-15T03:50:00Z");
    assert_eq!(begun(&schedule.step(later, Event::Woke)), []);
    let actions = schedule.step(later, Event::Ended(Step::Run, Ended::Done));
    assert_eq!(begun(&actions), [(Step::Pull, day)]);
}

#[test]
fn a_run_waits_for_a_pull_under_way_but_not_for_ever() {
    let mut schedule = Schedule::new(
        table(&DAILY, &[]),
        helsinki(),
        at("2026-01-14T12:00:00Z"),
        &[],
    );
    let day = date(2026, 1, 15);
    let two = at("2026-01-15T00:00:00Z");
    assert_eq!(begun(&schedule.step(two, Event::Woke)), [(Step::Pull, day)]);
    for (now, expected) in [
        ("2026-01-15T03:00:00Z", vec![]),
        ("2026-01-15T04:59:59Z", vec![]),
        ("2026-01-15T05:00:00Z", vec![(Step::Run, day)]),
    ] {
        assert_eq!(
            begun(&schedule.step(at(now), Event::Woke)),
            expected,
            "{now}"
        );
    }
}

#[test]
fn orders_leave_within_their_hours_only() {
    let mut schedule = Schedule::new(
        table(&[], &["mon-fri 08:00-20:00"]),
        helsinki(),
        at("2026-01-14T12:00:00Z"),
        &[],
    );
    let thursday = date(2026, 1, 15);
    for (now, begins) in [
        ("2026-01-15T05:59:59Z", false),
        ("2026-01-15T06:00:00Z", true),
        ("2026-01-15T17:59:59Z", true),
        ("2026-01-15T18:00:00Z", false),
        // Saturday.
        ("2026-01-17T10:00:00Z", false),
    ] {
        let actions = schedule.clone().step(at(now), Event::Woke);
        let expected: &[_] = if begins {
            &[(Step::Dispatch, thursday)]
        } else {
            &[]
        };
        assert_eq!(begun(&actions), expected, "{now}");
    }
    let actions = schedule.step(at("2026-01-15T06:00:00Z"), Event::Woke);
    let begin = Start {
        step: Step::Dispatch,
        day: thursday,
        until: Some(at("2026-01-15T18:00:00Z")),
    };
    assert!(actions.contains(&Action::Begin(begin)));
    // One that fails is overdue since it first failed, while its hours last.
    for seconds in [1, 2] {
        let now = at("2026-01-15T06:00:00Z") + SignedDuration::from_secs(61 * seconds);
        let _ = schedule.step(now, Event::Ended(Step::Dispatch, Ended::Failed));
        let since = at("2026-01-15T06:01:01Z");
        assert_eq!(schedule.overdue_since(now, Step::Dispatch), Some(since));
        let tried = now + SignedDuration::from_secs(60 * seconds);
        let actions = schedule.step(tried, Event::Woke);
        assert_eq!(begun(&actions), [(Step::Dispatch, thursday)]);
        assert_eq!(schedule.overdue_since(tried, Step::Dispatch), None);
    }
    let night = at("2026-01-15T18:00:00Z");
    assert_eq!(schedule.overdue_since(night, Step::Dispatch), None);
    let actions = schedule.step(at("2026-01-15T06:10:01Z"), Event::Stop);
    assert_eq!(actions, [Action::Finish(Step::Dispatch)]);
    let ended = Event::Ended(Step::Dispatch, Ended::Done);
    let actions = schedule.step(at("2026-01-15T06:10:02Z"), ended);
    assert_eq!(actions, [Action::Stopped]);
}

#[test]
fn what_is_no_time_is_refused() {
    for text in [
        "",
        "5:00",
        "24:00",
        "05:60",
        "05.00",
        "0x:00",
        "+5:00",
        "mon 5:00",
        "fri-mon 05:00",
        "tues 05:00",
        "day 0 05:00",
        "day 29 05:00",
        "day 1",
        "mon-fri",
        "05:00 mon",
        "mon,,tue 05:00",
    ] {
        assert!(text.parse::<When>().is_err(), "{text}");
    }
    for text in [
        "",
        "08:00",
        "20:00-08:00",
        "08:00-08:00",
        "08:00-24:01",
        "08:00-00:00",
        "day 08:00-09:00",
    ] {
        assert!(text.parse::<Hours>().is_err(), "{text}");
    }
    for text in [
        "05:00",
        "mon-fri 05:00",
        "mon,thu 05:00",
        "sat-sun,wed 23:59",
        "day 28 00:00",
    ] {
        assert!(text.parse::<When>().is_ok(), "{text}");
    }
    for text in ["00:00-24:00", "mon-fri 08:00-20:00", "day 1 08:00-20:00"] {
        assert!(text.parse::<Hours>().is_ok(), "{text}");
    }
}

proptest! {
    /// However long each step takes and however it ends, and wherever the process is killed.
    #[test]
    fn each_day_is_done_once_at_most_and_never_two_at_once(
        moves in prop::collection::vec((0_u8..8, 1_i64..400, any::<u8>()), 1..400),
    ) {
        let since = at("2026-03-20T12:00:00Z");
        let times = table(&DAILY, &["08:00-20:00"]);
        let mut schedule = Schedule::new(times.clone(), helsinki(), since, &[]);
        let (mut now, mut done) = (since, BTreeSet::new());
        let mut under_way: BTreeMap<Step, Date> = BTreeMap::new();
        let mut failed: BTreeMap<Step, (Date, u32, Timestamp)> = BTreeMap::new();
        for (what, minutes, which) in moves {
            let n = usize::from(which) % under_way.len().max(1);
            let one = under_way.keys().nth(n).copied();
            let event = match (what, one) {
                (0, _) => {
                    // Killed, and started again with what is on record.
                    under_way.clear();
                    let past = Step::ALL.map(|step| Past {
                        step,
                        settled: done.iter().filter(|(of, _)| *of == step).map(|(_, day)| *day).max(),
                        failed: failed.get(&step).copied(),
                    });
                    schedule = Schedule::new(times.clone(), helsinki(), since, &past);
                    Event::Woke
                }
                (1..=4, Some(step)) => {
                    let day = under_way.remove(&step).expect("it is under way");
                    failed.remove(&step);
                    let is_new = done.insert((step, day));
                    prop_assert!(is_new || step == Step::Dispatch, "{step:?} twice for {day}");
                    Event::Ended(step, Ended::Done)
                }
                (5, Some(step)) => {
                    let day = under_way.remove(&step).expect("it is under way");
                    let n = failed.get(&step).filter(|(of, ..)| *of == day).map_or(0, |(_, n, _)| *n);
                    failed.insert(step, (day, n + 1, now));
                    Event::Ended(step, Ended::Failed)
                }
                (_, _) => {
                    now += SignedDuration::from_mins(minutes);
                    Event::Woke
                }
            };
            for action in schedule.step(now, event) {
                match action {
                    Action::Begin(start) => {
                        let newest = done.iter().filter(|(step, _)| *step == start.step).map(|(_, day)| *day).max();
                        prop_assert!(start.step == Step::Dispatch || newest < Some(start.day));
                        prop_assert!(start.day <= schedule.today(now));
                        if let Some(until) = start.until {
                            let zoned = helsinki().to_datetime(now);
                            prop_assert!((8..20).contains(&zoned.hour()) && now < until);
                            prop_assert_eq!(helsinki().to_datetime(until).hour(), 20);
                        }
                        prop_assert!(under_way.insert(start.step, start.day).is_none());
                    }
                    Action::WakeAt(at) => prop_assert!(now < at),
                    Action::Finish(_) | Action::Stopped => prop_assert!(false, "nobody stopped it"),
                }
            }
            let alone = [Step::Run, Step::Reconcile, Step::Learn];
            let n_alone = alone.iter().filter(|step| under_way.contains_key(step)).count();
            prop_assert!(n_alone <= 1);
        }
    }

    /// What ends well is done on each of its days, whatever the clock does at night.
    #[test]
    fn no_day_is_left_out(start in 0_i64..365) {
        let since = at("2026-01-01T12:00:00Z") + SignedDuration::from_hours(24 * start);
        let mut schedule = Schedule::new(table(&DAILY, &[]), helsinki(), since, &[]);
        let until = since + SignedDuration::from_hours(24 * 40);
        let all = days_of(&mut schedule, &since.to_string(), &until.to_string());
        let of = |wanted: Step| all.iter().filter(|(_, step)| *step == wanted).count();
        prop_assert_eq!(of(Step::Pull), 40);
        prop_assert_eq!(of(Step::Run), 40);
        prop_assert!((1..=2).contains(&of(Step::Learn)));
    }
}
