//! From counts to alarms.

use jiff::civil::Date;

use super::code::AlarmCode;
use super::counts::{AlarmCounts, AlarmLimits, Bounds, LeftOrders, RunCounts};
use super::silence::{StreamKind, StreamVerdict, Watched, watch};
use crate::calibration::Figure;
use crate::rulebook::WorkingDays;

/// Runs before the newest whose median says how many are to be expected.
const RUNS_BEFORE: usize = 5;

/// Something that somebody has to look at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Alarm {
    /// Which kind.
    pub code: AlarmCode,
    /// About what: a stream, a channel, a source, a row; empty for the whole programme.
    pub about: String,
    /// What is the matter, in a sentence without a full stop.
    pub says: String,
}

/// What was judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// What was raised, in the order of codes.
    pub alarms: Vec<Alarm>,
    /// Every stream, and over how many days it is judged.
    pub streams: Vec<Watched>,
}

#[derive(Default)]
struct Raised(Vec<Alarm>);

impl Raised {
    fn add(&mut self, code: AlarmCode, about: &str, says: String) {
        let about = about.to_owned();
        self.0.push(Alarm { code, about, says });
    }
}

/// Judges everything as of a day.
#[must_use]
pub fn alarms(
    limits: &AlarmLimits,
    working_days: &WorkingDays,
    counts: &AlarmCounts,
    today: Date,
) -> Judged {
    let mut raised = Raised::default();
    let live = counts.streams.iter();
    let live = live.filter(|stream| !limits.ended.contains(&stream.name()));
    let live: Vec<_> = live.cloned().collect();
    let streams = watch(&limits.streams, working_days, &live, today);
    streams.iter().for_each(|one| silence(one, &mut raised));
    orders(limits, working_days, counts, today, &mut raised);
    codes(counts, &mut raised);
    newest_run(limits, counts, today, &mut raised);
    calibration(counts, &mut raised);
    capacity(limits, counts, today, &mut raised);
    pulls(limits, counts, today, &mut raised);
    raised.0.sort();
    Judged {
        alarms: raised.0,
        streams,
    }
}

fn silence(one: &Watched, raised: &mut Raised) {
    let StreamVerdict::Silent {
        last,
        came,
        days,
        expected,
    } = one.verdict
    else {
        return;
    };
    let code = match one.kind {
        StreamKind::Invitations => AlarmCode::InvitationsSilent,
        StreamKind::Orders => AlarmCode::OrdersSilent,
        StreamKind::Results => AlarmCode::ResultsSilent,
    };
    let says = format!(
        "{came} in the last {days} working days, where {expected:.1} would be expected; anything came last on {last}"
    );
    raised.add(code, &one.name, says);
}

/// Whole working days after one day and before another.
fn whole_working_days(working_days: &WorkingDays, after: Date, before: Date) -> u64 {
    let mut n = 0;
    let mut day = after;
    while let Ok(next) = day.tomorrow()
        && next < before
    {
        n += u64::from(working_days.holds(next));
        day = next;
    }
    n
}

fn orders(
    limits: &AlarmLimits,
    working_days: &WorkingDays,
    counts: &AlarmCounts,
    today: Date,
    raised: &mut Raised,
) {
    let mut too_long = |code, orders: &[LeftOrders], limit: u16, what: &str| {
        let mut channels: Vec<&str> = orders.iter().map(|one| &*one.channel).collect();
        channels.sort_unstable();
        channels.dedup();
        for channel in channels {
            let of_channel = orders.iter().filter(|one| one.channel == channel);
            let old = of_channel.filter(|one| {
                u64::from(limit) <= whole_working_days(working_days, one.since, today)
            });
            if let Some((n, since)) = number_and_first(old.map(|one| (one.n, one.since))) {
                raised.add(code, channel, format!("{n} {what}, the first of {since}"));
            }
        }
    };
    too_long(
        AlarmCode::OrdersNotTaken,
        &counts.not_taken,
        limits.not_taken_days,
        "have left, and nothing says that they were taken",
    );
    too_long(
        AlarmCode::OrdersNotLeaving,
        &counts.not_left,
        limits.not_leaving_days,
        "were decided, and have not left",
    );
    for (what, n) in counts.differences.iter().filter(|(_, n)| 0 < *n) {
        raised.add(AlarmCode::OrdersDiffer, "", format!("{n} {what}"));
    }
}

fn codes(counts: &AlarmCounts, raised: &mut Raised) {
    for says in &counts.not_understood {
        raised.add(AlarmCode::CodesNotUnderstood, "", says.clone());
    }
    for new in &counts.new_codes {
        let says = format!(
            "{}: {} in the newest pull, {} in the one before",
            new.code, new.n, new.before
        );
        raised.add(AlarmCode::CodeNewlyFrequent, &new.source, says);
    }
}

fn newest_run(limits: &AlarmLimits, counts: &AlarmCounts, today: Date, raised: &mut Raised) {
    let Some((newest, before)) = counts.runs.split_last() else {
        let says = "no run has decided yet".to_owned();
        raised.add(AlarmCode::RunMissing, "", says);
        return;
    };
    if limits.run_days < days_between(newest.on, today) {
        let says = format!("the newest run decided as of {}", newest.on);
        raised.add(AlarmCode::RunMissing, "", says);
    }
    type Count = fn(&RunCounts) -> u64;
    let groups: [(&str, Option<Bounds>, Count); 2] = [
        ("flagged", limits.flagged, |run| run.flagged),
        ("asked", limits.asked, |run| run.asked),
    ];
    for (what, bounds, count) in groups {
        let n = count(newest);
        if let Some(bounds) = bounds.filter(|bounds| n < bounds.from || bounds.to < n) {
            let says = format!(
                "{n} residents; from {} to {} are within bounds",
                bounds.from, bounds.to
            );
            raised.add(AlarmCode::CohortOutOfBounds, what, says);
        }
        let mut earlier: Vec<u64> = before.iter().rev().take(RUNS_BEFORE).map(count).collect();
        earlier.sort_unstable();
        let Some(median) = earlier.get(earlier.len() / 2).copied() else {
            continue;
        };
        let change = n.abs_diff(median);
        if u64::from(limits.jump_percent) * median < change * 100 && limits.jump_residents < change
        {
            let says = format!("{n} residents; {median} is the median of the runs before");
            raised.add(AlarmCode::CohortJumped, what, says);
        }
    }
    let due: u64 = newest.exclusions_due.values().sum();
    if limits.exclusions_due < due {
        for (row, n) in &newest.exclusions_due {
            let says = format!("exclusions due for review: {n}");
            raised.add(AlarmCode::ExclusionsDue, row, says);
        }
    }
    for (row, n) in &newest.contradictions {
        if u64::from(limits.contradictions_per_thousand) * newest.register < n * 1000 {
            let says = format!(
                "{n} of {} records contradict themselves so",
                newest.register
            );
            raised.add(AlarmCode::RecordsContradict, row, says);
        }
    }
    let cases = counts.interval_cases;
    if u64::from(limits.interval_cases_per_thousand) * newest.passed_over < cases * 1000 {
        let says = format!(
            "{cases} were diagnosed in twelve months without having been flagged; {} are passed over now",
            newest.passed_over
        );
        raised.add(AlarmCode::IntervalCasesMany, "", says);
    }
}

fn calibration(counts: &AlarmCounts, raised: &mut Raised) {
    let Some(change) = &counts.drift else {
        return;
    };
    let o_e = |figure: Figure| {
        figure.map_or("not known".to_owned(), |known| {
            format!("{:.2}", known.value)
        })
    };
    let says = format!(
        "observed over expected is {} for decisions since {}, and was {} before ({:.1} standard errors)",
        o_e(change.after),
        change.since,
        o_e(change.before),
        change.statistic.abs()
    );
    raised.add(AlarmCode::CalibrationDrifts, "", says);
}

/// How many there are in all, and the first of their days; nothing where there are none.
fn number_and_first(some: impl Iterator<Item = (u64, Date)>) -> Option<(u64, Date)> {
    some.reduce(|(n, first), (more, day)| (n + more, first.min(day)))
}

fn days_between(from: Date, to: Date) -> u16 {
    let days = (to - from).get_days().max(0);
    u16::try_from(days).unwrap_or(u16::MAX)
}

fn capacity(limits: &AlarmLimits, counts: &AlarmCounts, today: Date, raised: &mut Raised) {
    let waits = &counts.waits;
    if let Some(since) = waits.to_be_asked
        && limits.waiting_weeks.saturating_mul(7) < days_between(since, today)
    {
        let says = format!("somebody has waited to be asked since {since}");
        raised.add(AlarmCode::AskingBehind, "", says);
    }
    let late = waits.tasks_due.iter().filter(|due| **due < today);
    let late = number_and_first(late.map(|due| (1, *due)));
    if let Some((n, first)) = late.filter(|(n, _)| limits.late_tasks < *n) {
        let says = format!("{n} tasks are late, the first since {first}");
        raised.add(AlarmCode::TasksLate, "", says);
    }
    if let (Some(most), Some(weeks)) = (limits.laboratory_orders_per_week, counts.laboratory) {
        for week in weeks.iter().filter(|week| most < week.n) {
            let says = format!(
                "{} orders left in the week from {}; the laboratory takes {most}",
                week.n, week.monday
            );
            raised.add(AlarmCode::LaboratoryOverfull, "", says);
        }
    }
    let Some(days) = waits.confirming_days else {
        return;
    };
    let long = waits.confirming.iter();
    let long = long.filter(|since| days < days_between(**since, today));
    if let Some((n, first)) = number_and_first(long.map(|since| (1, *since))) {
        let says = format!("{n} have waited for longer than {days} days, the first since {first}");
        raised.add(AlarmCode::ConfirmingLate, "", says);
    }
}

fn pulls(limits: &AlarmLimits, counts: &AlarmCounts, today: Date, raised: &mut Raised) {
    for (source, newest) in &counts.pulls {
        let says = match newest {
            None => "was never pulled".to_owned(),
            Some(day) if limits.pull_days < days_between(*day, today) => {
                format!("was last pulled on {day}")
            }
            Some(_) => continue,
        };
        raised.add(AlarmCode::PullMissing, source, says);
    }
    if counts.pulls.is_empty() {
        let says = "nothing was ever pulled".to_owned();
        raised.add(AlarmCode::PullMissing, "", says);
    }
}
