//! Silence in simulated years: false alarms of a quiet one, and how soon each stream's end is noticed.

use std::collections::BTreeMap;
use std::io::Write;

use jiff::ToSpan;
use jiff::civil::{Date, Weekday, date};
use preventiojyraa_core::report::{AlarmLimits, Stream, StreamKind, StreamVerdict, Watched, watch};
use preventiojyraa_core::rulebook::WorkingDays;

use crate::support::core::rulebook;

/// The first day of every history; a quarter of a year later judging begins.
const BEGIN: Date = date(2026, 1, 1);
const JUDGED_FROM: Date = date(2026, 4, 1);
const END: Date = date(2027, 4, 1);
/// Per working day: from a small district to a city's laboratory.
const RATES: [f64; 10] = [0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 40.0, 120.0, 400.0];
/// From here on three working days say enough.
const LARGE: f64 = 4.0;
const SEEDS: u64 = 12;

/// Seeded chance (`SplitMix64`).
struct Chance(u64);

impl Chance {
    /// Above 0, at most 1.
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let bits = u32::try_from((mixed ^ (mixed >> 31)) >> 32).expect("32 bits");
        (f64::from(bits) + 1.0) / 4_294_967_296.0
    }

    /// Events of a time unit, by the times between them.
    fn poisson(&mut self, rate: f64) -> u64 {
        let (mut n, mut time) = (0, 0.0);
        loop {
            time -= self.unit().ln();
            if rate < time {
                return n;
            }
            n += 1;
        }
    }
}

fn working_days() -> &'static WorkingDays {
    let days = rulebook().programme.working_days.as_ref();
    days.expect("the shipped programme says when somebody is there")
}

/// Mondays are busy and Fridays short; a little comes at weekends where it is let.
fn rhythm(day: Date, weekends: f64) -> f64 {
    if !working_days().holds(day) {
        return weekends;
    }
    match day.weekday() {
        Weekday::Monday => 1.4,
        Weekday::Tuesday => 1.1,
        Weekday::Wednesday | Weekday::Saturday | Weekday::Sunday => 1.0,
        Weekday::Thursday => 0.9,
        Weekday::Friday => 0.6,
    }
}

/// Thirty streams: three of each size, one of each with a little at weekends.
fn city(seed: u64) -> Vec<Stream> {
    let mut chance = Chance(seed);
    let mut streams = Vec::new();
    for rate in RATES {
        for (kind, weekends) in [
            (StreamKind::Invitations, 0.0),
            (StreamKind::Orders, 0.0),
            (StreamKind::Results, 0.1),
        ] {
            let mut days = BTreeMap::new();
            let mut day = BEGIN;
            while day < END {
                let n = chance.poisson(rate * rhythm(day, weekends));
                if 0 < n {
                    days.insert(day, n);
                }
                day = day.tomorrow().expect("in range");
            }
            streams.push(Stream {
                kind,
                of: format!("district/{rate}"),
                days,
                known_until: Date::MAX,
            });
        }
    }
    streams
}

fn is_silent(one: &Watched) -> bool {
    matches!(one.verdict, StreamVerdict::Silent { .. })
}

#[test]
fn in_quiet_years_there_is_less_than_one_false_alarm_a_month() {
    let terms = AlarmLimits::default().streams;
    let mut begun = 0_u32;
    for seed in 0..SEEDS {
        let streams = city(seed);
        let mut was_silent = vec![false; streams.len()];
        let mut today = JUDGED_FROM;
        while today < END {
            // Looked at on working days, when somebody is there.
            if working_days().holds(today) {
                let watched = watch(&terms, working_days(), &streams, today);
                for (was, one) in was_silent.iter_mut().zip(&watched) {
                    begun += u32::from(is_silent(one) && !*was);
                    *was = is_silent(one);
                }
            }
            today = today.tomorrow().expect("in range");
        }
    }
    let months = 12.0 * f64::from(u32::try_from(SEEDS).expect("few"));
    let a_month = f64::from(begun) / months;
    let _ = writeln!(
        std::io::stderr(),
        "{begun} false alarms in {months} months of 30 streams: {a_month:.3} a month"
    );
    assert!(a_month < 0.5, "{a_month} false alarms a month");
}

/// Working days without anything until somebody knows, when a stream stops after a day.
fn noticed_after(stream: &Stream, others: &[Stream], last: Date) -> Option<u32> {
    let mut stopped = stream.clone();
    stopped.days.retain(|day, _| *day <= last);
    let mut streams = others.to_vec();
    streams.push(stopped);
    let terms = AlarmLimits::default().streams;
    let mut silent_days = 0;
    let mut today = last.tomorrow().expect("in range");
    while silent_days <= 40 {
        if working_days().holds(today) {
            let watched = watch(&terms, working_days(), &streams, today);
            if watched.last().is_some_and(is_silent) {
                return Some(silent_days);
            }
            silent_days += 1;
        }
        today = today.tomorrow().expect("in range");
    }
    None
}

#[test]
fn what_stops_is_noticed_within_three_working_days_where_it_is_large_enough() {
    // Some day of each month, weekends and holidays among them.
    let days: Vec<Date> = (0..8)
        .map(|n: i32| date(2026, 4, 2).saturating_add((n * 31).days()))
        .collect();
    let mut latest: BTreeMap<String, u32> = BTreeMap::new();
    for seed in 0..2 {
        let streams = city(seed);
        for (n, stream) in streams.iter().enumerate() {
            let rate = RATES[n / 3];
            // The others count for the number of streams alone.
            let others = vec![
                Stream {
                    days: BTreeMap::new(),
                    ..stream.clone()
                };
                streams.len() - 1
            ];
            for last in &days {
                let after = noticed_after(stream, &others, *last);
                if LARGE <= rate {
                    assert!(
                        after.is_some_and(|n| n <= 3),
                        "{rate} a day, {last}: {after:?}"
                    );
                }
                let known = latest.entry(format!("{rate:>5}")).or_default();
                *known = (*known).max(after.unwrap_or(u32::MAX));
            }
        }
    }
    let _ = writeln!(
        std::io::stderr(),
        "latest, in working days, by rate: {latest:?}"
    );
    // What came on a Saturday counts on Monday, so that Tuesday is the first silent day.
    assert_eq!(latest["  120"], 3);
    // A city's trickle is judged over more days, and the smallest is not judged.
    assert!(3 < latest["    1"] && latest["    1"] <= 20);
    assert_eq!(latest["  0.2"], u32::MAX);
}

#[test]
fn a_stream_is_silent_until_something_comes_again_and_for_as_long_as_that_takes() {
    let terms = AlarmLimits::default().streams;
    let mut streams = city(7);
    let stream = &mut streams[20];
    assert_eq!(stream.of, "district/15");
    stream
        .days
        .retain(|day, _| *day <= date(2026, 5, 29) || date(2026, 11, 2) <= *day);
    for (today, expected) in [
        (date(2026, 6, 1), false),
        (date(2026, 6, 2), false),
        (date(2026, 6, 3), true),
        (date(2026, 8, 3), true),
        (date(2026, 11, 2), true),
        (date(2026, 11, 3), false),
    ] {
        let watched = watch(&terms, working_days(), &streams, today);
        assert_eq!(is_silent(&watched[20]), expected, "{today}");
    }
}
