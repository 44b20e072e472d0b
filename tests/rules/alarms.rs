//! Every alarm on both sides of its limit, and where nothing is known.

use std::collections::BTreeMap;

use insta::assert_snapshot;
use jiff::civil::{Date, date};
use jiff::{Span, ToSpan};
use preventiojyraa_core::calibration::{Estimate, Method, NotIdentifiable};
use preventiojyraa_core::learning::DriftChange;
use preventiojyraa_core::report::{
    AlarmCode, AlarmCounts, AlarmLimits, Bounds, LeftOrders, NewCode, NotJudged, RunCounts, Stream,
    StreamKind, StreamVerdict, Waits, Week, alarms,
};
use preventiojyraa_core::rulebook::WorkingDays;

use crate::support::core::rulebook;

/// A Thursday, a month away from any holiday.
const TODAY: Date = date(2026, 10, 15);

fn working_days() -> &'static WorkingDays {
    let days = rulebook().programme.working_days.as_ref();
    days.expect("the shipped programme says when somebody is there")
}

fn ago(days: i32) -> Date {
    TODAY.saturating_sub(Span::new().days(days))
}

fn run(on: Date) -> RunCounts {
    RunCounts {
        on,
        register: 1000,
        flagged: 100,
        asked: 200,
        passed_over: 400,
        exclusions_due: BTreeMap::new(),
        contradictions: BTreeMap::new(),
    }
}

/// A site at which all is well.
fn quiet() -> AlarmCounts {
    AlarmCounts {
        runs: vec![run(ago(2)), run(ago(1))],
        pulls: BTreeMap::from([("apotti".to_owned(), Some(ago(1)))]),
        ..AlarmCounts::default()
    }
}

/// What is raised, one line each.
fn raised(limits: &AlarmLimits, counts: &AlarmCounts) -> Vec<String> {
    let judged = alarms(limits, working_days(), counts, TODAY);
    let lines = judged.alarms.iter().map(|alarm| {
        let code = alarm.code.name();
        format!("{code} [{}] {}", alarm.about, alarm.says)
    });
    lines.collect()
}

fn codes(counts: &AlarmCounts) -> Vec<AlarmCode> {
    codes_by(&AlarmLimits::default(), counts)
}

fn codes_by(limits: &AlarmLimits, counts: &AlarmCounts) -> Vec<AlarmCode> {
    let judged = alarms(limits, working_days(), counts, TODAY);
    judged.alarms.iter().map(|alarm| alarm.code).collect()
}

#[test]
fn where_all_is_well_nothing_is_raised() {
    assert_eq!(raised(&AlarmLimits::default(), &quiet()), [""; 0]);
}

#[test]
fn where_nothing_is_known_it_is_an_alarm_that_nothing_was_pulled_or_decided() {
    let counts = AlarmCounts::default();
    assert_snapshot!(raised(&AlarmLimits::default(), &counts).join("\n"), @"
    pull-missing [] nothing was ever pulled
    run-missing [] no run has decided yet
    ");
}

fn left(days: i32) -> Vec<LeftOrders> {
    vec![LeftOrders {
        channel: "letters".to_owned(),
        since: ago(days),
        n: 2,
    }]
}

#[test]
fn what_left_is_taken_and_what_was_planned_leaves_within_three_whole_working_days() {
    // Monday to Wednesday are whole when today is Thursday: what left on the Friday before has had them.
    for (days, is_alarm) in [
        (0, false),
        (3, false),
        (4, true),
        (5, true),
        (6, true),
        (7, true),
    ] {
        // Three days ago is a Monday: Tuesday and Wednesday are whole. Four is a Sunday.
        let not_taken = AlarmCounts {
            not_taken: left(days),
            ..quiet()
        };
        let expected = if is_alarm {
            vec![AlarmCode::OrdersNotTaken]
        } else {
            Vec::new()
        };
        assert_eq!(codes(&not_taken), expected, "{days} days ago");
        let not_left = AlarmCounts {
            not_left: left(days),
            ..quiet()
        };
        let expected = if is_alarm {
            vec![AlarmCode::OrdersNotLeaving]
        } else {
            Vec::new()
        };
        assert_eq!(codes(&not_left), expected, "{days} days ago");
    }
    let mut several = left(7);
    several.extend(left(10));
    several.extend(left(1));
    let counts = AlarmCounts {
        not_taken: several,
        ..quiet()
    };
    assert_snapshot!(
        raised(&AlarmLimits::default(), &counts).join("\n"),
        @"orders-not-taken [letters] 4 have left, and nothing says that they were taken, the first of 2026-10-05"
    );
}

#[test]
fn a_difference_is_an_alarm_and_none_is_not() {
    for (n, expected) in [(0, Vec::new()), (1, vec![AlarmCode::OrdersDiffer])] {
        let counts = AlarmCounts {
            differences: vec![("there more than once".to_owned(), n)],
            ..quiet()
        };
        assert_eq!(codes(&counts), expected);
    }
}

#[test]
fn codes_that_the_rules_call_too_many_or_new_are_alarms() {
    let counts = AlarmCounts {
        not_understood: vec!["of `apotti`, 30 of 100".to_owned()],
        new_codes: vec![NewCode {
            source: "apotti".to_owned(),
            code: "Observation urn:oid:1 4548".to_owned(),
            n: 500,
            before: 3,
        }],
        ..quiet()
    };
    assert_snapshot!(raised(&AlarmLimits::default(), &counts).join("\n"), @"
    codes-not-understood [] of `apotti`, 30 of 100
    code-newly-frequent [apotti] Observation urn:oid:1 4548: 500 in the newest pull, 3 in the one before
    ");
}

#[test]
fn a_cohort_is_within_its_bounds_with_both_ends_included() {
    let limits = AlarmLimits {
        flagged: Some(Bounds { from: 90, to: 110 }),
        asked: Some(Bounds { from: 0, to: 250 }),
        ..AlarmLimits::default()
    };
    for (flagged, asked, n_alarms) in [
        (89, 200, 1),
        (90, 200, 0),
        (110, 250, 0),
        (111, 200, 1),
        (111, 251, 2),
    ] {
        let counts = AlarmCounts {
            runs: vec![RunCounts {
                flagged,
                asked,
                ..run(ago(1))
            }],
            ..quiet()
        };
        let expected = vec![AlarmCode::CohortOutOfBounds; n_alarms];
        assert_eq!(codes_by(&limits, &counts), expected, "{flagged} {asked}");
        // Without bounds nobody says what is too much, and a first run has nothing to jump from.
        assert_eq!(codes(&counts), []);
    }
}

#[test]
fn a_cohort_jumps_when_it_changes_by_more_than_half_and_by_more_than_fifty() {
    // The median of the five before is 100, whatever one odd run said.
    let before = [100, 3, 100, 100, 120];
    for (flagged, is_alarm) in [(150, false), (151, true), (50, false), (49, true)] {
        let mut runs: Vec<RunCounts> = Vec::new();
        for (n, flagged) in (0..).zip(before.into_iter().chain([flagged])) {
            let on = ago(6 - n);
            runs.push(RunCounts { flagged, ..run(on) });
        }
        let counts = AlarmCounts { runs, ..quiet() };
        let expected = vec![AlarmCode::CohortJumped; usize::from(is_alarm)];
        assert_eq!(codes(&counts), expected, "{flagged}");
    }
    // Of few people a large share is a small number.
    let few = |flagged| RunCounts {
        flagged,
        ..run(ago(1))
    };
    for (flagged, is_alarm) in [(60, false), (61, true)] {
        let counts = AlarmCounts {
            runs: vec![few(10), few(flagged)],
            ..quiet()
        };
        let expected = vec![AlarmCode::CohortJumped; usize::from(is_alarm)];
        assert_eq!(codes(&counts), expected, "{flagged}");
    }
}

#[test]
fn nobody_waits_to_be_asked_for_more_than_twelve_weeks() {
    for (since, expected) in [
        (None, Vec::new()),
        (Some(ago(84)), Vec::new()),
        (Some(ago(85)), vec![AlarmCode::AskingBehind]),
    ] {
        let counts = AlarmCounts {
            waits: Waits {
                to_be_asked: since,
                ..Waits::default()
            },
            ..quiet()
        };
        assert_eq!(codes(&counts), expected, "{since:?}");
    }
}

#[test]
fn a_task_is_late_on_the_day_after_its_last() {
    let late = |limit, due: Vec<Date>| {
        let limits = AlarmLimits {
            late_tasks: limit,
            ..AlarmLimits::default()
        };
        let waits = Waits {
            tasks_due: due,
            ..Waits::default()
        };
        codes_by(&limits, &AlarmCounts { waits, ..quiet() })
    };
    assert_eq!(late(0, vec![TODAY]), []);
    assert_eq!(late(0, vec![ago(1), TODAY]), [AlarmCode::TasksLate]);
    assert_eq!(late(1, vec![ago(1), TODAY]), []);
    assert_eq!(late(1, vec![ago(1), ago(3)]), [AlarmCode::TasksLate]);
}

#[test]
fn who_waits_for_a_professional_waits_for_no_longer_than_the_rules_give() {
    for (since, days, expected) in [
        (7, Some(7), Vec::new()),
        (8, Some(7), vec![AlarmCode::ConfirmingLate]),
        (80, None, Vec::new()),
    ] {
        let waits = Waits {
            confirming: vec![ago(since)],
            confirming_days: days,
            ..Waits::default()
        };
        let counts = AlarmCounts { waits, ..quiet() };
        assert_eq!(codes(&counts), expected, "{since}");
    }
}

#[test]
fn a_laboratory_takes_so_many_orders_a_week_this_week_and_the_one_before() {
    let weeks = |before, this| {
        let weeks = [(date(2026, 10, 5), before), (date(2026, 10, 12), this)];
        Some(weeks.map(|(monday, n)| Week { monday, n }))
    };
    let limits = AlarmLimits {
        laboratory_orders_per_week: Some(400),
        ..AlarmLimits::default()
    };
    for (laboratory, n_alarms) in [
        (None, 0),
        (weeks(400, 400), 0),
        (weeks(401, 0), 1),
        (weeks(400, 401), 1),
        (weeks(401, 401), 2),
    ] {
        let counts = AlarmCounts {
            laboratory,
            ..quiet()
        };
        let expected = vec![AlarmCode::LaboratoryOverfull; n_alarms];
        assert_eq!(codes_by(&limits, &counts), expected);
        // A site that has not said what its laboratory takes is not told.
        assert_eq!(codes(&counts), []);
    }
}

#[test]
fn exclusions_due_and_contradictions_of_the_newest_run_count_above_their_limits() {
    let newest = |due, contradicted| {
        let mut newest = run(ago(1));
        newest.exclusions_due.insert("pregnant".to_owned(), due);
        let rows = &mut newest.contradictions;
        rows.insert("diagnosis-without-trace".to_owned(), contradicted);
        AlarmCounts {
            runs: vec![newest],
            ..quiet()
        }
    };
    assert_eq!(codes(&newest(0, 5)), []);
    assert_eq!(codes(&newest(1, 5)), [AlarmCode::ExclusionsDue]);
    assert_eq!(codes(&newest(0, 6)), [AlarmCode::RecordsContradict]);
    // What an older run counted is over.
    let mut counts = newest(9, 99);
    counts.runs.push(run(TODAY));
    assert_eq!(codes(&counts), []);
}

#[test]
fn interval_cases_count_for_every_thousand_who_are_passed_over() {
    for (interval_cases, expected) in [
        (0, Vec::new()),
        (2, Vec::new()),
        (3, vec![AlarmCode::IntervalCasesMany]),
    ] {
        let counts = AlarmCounts {
            interval_cases,
            ..quiet()
        };
        assert_eq!(codes(&counts), expected, "{interval_cases} of 400");
    }
}

#[test]
fn a_calibration_that_has_changed_is_told_with_both_figures() {
    let before = Estimate {
        value: 0.9,
        lower: 0.8,
        upper: 1.0,
        method: Method::LogBinomial,
    };
    let counts = AlarmCounts {
        drift: Some(DriftChange {
            since: date(2025, 3, 1),
            seen: date(2025, 9, 1),
            statistic: -4.06,
            before: Ok(before),
            after: Err(NotIdentifiable::NoEvents),
        }),
        ..quiet()
    };
    assert_snapshot!(
        raised(&AlarmLimits::default(), &counts).join("\n"),
        @"calibration-drifts [] observed over expected is not known for decisions since 2025-03-01, and was 0.90 before (4.1 standard errors)"
    );
}

#[test]
fn pulls_and_runs_happen_within_their_days() {
    for (pulled, decided, expected) in [
        (Some(ago(3)), ago(7), Vec::new()),
        (Some(ago(4)), ago(7), vec![AlarmCode::PullMissing]),
        (None, ago(7), vec![AlarmCode::PullMissing]),
        (Some(ago(3)), ago(8), vec![AlarmCode::RunMissing]),
        // A trial may be on a day before that of the clock.
        (Some(TODAY.saturating_add(400.days())), TODAY, Vec::new()),
    ] {
        let counts = AlarmCounts {
            runs: vec![run(decided)],
            pulls: BTreeMap::from([("apotti".to_owned(), pulled)]),
            ..AlarmCounts::default()
        };
        assert_eq!(codes(&counts), expected, "{pulled:?} {decided}");
    }
}

/// Results of a laboratory on every working day up to one, so many each.
fn laboratory(per_day: u64, from: Date, last: Date) -> Stream {
    let mut days = BTreeMap::new();
    let mut day = from;
    while day <= last {
        if working_days().holds(day) {
            days.insert(day, per_day);
        }
        day = day.tomorrow().expect("in range");
    }
    Stream {
        kind: StreamKind::Results,
        of: "laboratory/huslab".to_owned(),
        days,
        known_until: Date::MAX,
    }
}

fn verdict(stream: Stream) -> (Option<u16>, StreamVerdict) {
    let counts = AlarmCounts {
        streams: vec![stream],
        ..quiet()
    };
    let judged = alarms(&AlarmLimits::default(), working_days(), &counts, TODAY);
    (judged.streams[0].judged_over, judged.streams[0].verdict)
}

#[test]
fn silence_is_told_after_as_many_days_as_it_takes_to_mean_something() {
    let from = date(2026, 6, 1);
    // Eight a day are judged over two days; one a day over a few more.
    for (per_day, last, is_silent) in [(8, ago(2), false), (8, ago(3), true), (1, ago(3), false)] {
        let (_, verdict) = verdict(laboratory(per_day, from, last));
        let found = matches!(verdict, StreamVerdict::Silent { .. });
        assert_eq!(found, is_silent, "{per_day} a day until {last}");
    }
    let (days, _) = verdict(laboratory(8, from, ago(1)));
    assert_eq!(days, Some(2));
    let (days, _) = verdict(laboratory(1, from, ago(1)));
    assert!(days.is_some_and(|days| 3 < days), "{days:?}");
    let counts = AlarmCounts {
        streams: vec![laboratory(8, from, ago(6))],
        ..quiet()
    };
    assert_snapshot!(
        raised(&AlarmLimits::default(), &counts).join("\n"),
        @"results-silent [results/laboratory/huslab] 0 in the last 3 working days, where 24.0 would be expected; anything came last on 2026-10-09"
    );
    let ended = AlarmLimits {
        ended: vec!["results/laboratory/huslab".to_owned()],
        ..AlarmLimits::default()
    };
    assert_eq!(raised(&ended, &counts), [""; 0]);
}

#[test]
fn a_trickle_is_silence_too_and_a_half_is_not() {
    let mut stream = laboratory(100, date(2026, 6, 1), ago(4));
    for (each, is_silent) in [(9, true), (11, false), (50, false)] {
        for day in [ago(3), ago(2), ago(1)] {
            stream.days.insert(day, each);
        }
        let (_, verdict) = verdict(stream.clone());
        let found = matches!(verdict, StreamVerdict::Silent { .. });
        assert_eq!(found, is_silent, "{each} a day");
    }
}

#[test]
fn what_comes_each_monday_is_not_silent_on_other_days() {
    let mut mondays = laboratory(50, date(2026, 6, 1), TODAY);
    mondays
        .days
        .retain(|day, _| day.weekday() == jiff::civil::Weekday::Monday);
    assert_eq!(verdict(mondays.clone()), (Some(5), StreamVerdict::Flows));
    // Nothing came on the 5th and the 12th of October.
    mondays.days.retain(|day, _| *day < date(2026, 10, 5));
    let (_, silent) = verdict(mondays);
    assert!(matches!(silent, StreamVerdict::Silent { .. }), "{silent:?}");
}

#[test]
fn what_has_grown_is_not_judged_by_its_sparse_beginnings_and_a_wave_is_no_rhythm() {
    // Something each second week, and for four weeks every day.
    let mut grown = laboratory(8, date(2026, 6, 1), ago(3));
    let is_sparse = |day: Date| day < date(2026, 9, 14) && day.day() % 14 != 1;
    grown.days.retain(|day, _| !is_sparse(*day));
    let (days, verdict_then) = verdict(grown);
    assert_eq!(days, Some(2));
    assert!(
        matches!(verdict_then, StreamVerdict::Silent { .. }),
        "{verdict_then:?}"
    );
    // A week every four weeks: between two of them nothing is silent.
    let mut waves = laboratory(200, date(2026, 6, 1), TODAY);
    let monday = date(2026, 6, 8);
    waves
        .days
        .retain(|day, _| (*day - monday).get_days().rem_euclid(28) < 7);
    for today in [date(2026, 10, 5), date(2026, 10, 12), TODAY] {
        let counts = AlarmCounts {
            streams: vec![waves.clone()],
            ..quiet()
        };
        let judged = alarms(&AlarmLimits::default(), working_days(), &counts, today);
        assert_eq!(judged.streams[0].verdict, StreamVerdict::Flows, "{today}");
    }
}

#[test]
fn of_what_is_new_small_or_long_over_nothing_is_said() {
    let new = |from| verdict(laboratory(8, from, ago(1))).1;
    // The two newest days are judged, and ten before them must be known.
    assert_eq!(new(ago(16)), StreamVerdict::Flows);
    let why = StreamVerdict::NotJudged(NotJudged::TooNew);
    assert_eq!(new(ago(15)), why);
    let mut small = laboratory(1, date(2026, 6, 1), ago(1));
    small.days.retain(|day, _| day.day() % 9 == 1);
    let why = StreamVerdict::NotJudged(NotJudged::TooSmall);
    assert_eq!(verdict(small).1, why);
    let over = laboratory(8, date(2025, 1, 1), date(2025, 9, 1));
    let why = StreamVerdict::NotJudged(NotJudged::Ended);
    assert_eq!(verdict(over).1, why);
}

#[test]
fn days_of_which_not_everything_is_known_are_not_silent() {
    let stopped = |known_until| Stream {
        known_until,
        ..laboratory(8, date(2026, 6, 1), ago(6))
    };
    let (_, not_pulled) = verdict(stopped(ago(3)));
    assert_eq!(not_pulled, StreamVerdict::Flows);
    let (_, pulled) = verdict(stopped(ago(2)));
    assert!(matches!(pulled, StreamVerdict::Silent { .. }), "{pulled:?}");
}
