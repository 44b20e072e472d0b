//! Timetable: when a step is due, in the time of the place.

use std::collections::BTreeMap;
use std::str::FromStr;

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};

/// Days to look back or ahead for a time: more than the longest month.
const FAR: i32 = 40;
/// The last day that every month has.
const LAST_OF_EVERY_MONTH: i8 = 28;

/// What a site does by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Asks the sources for what is known.
    Pull,
    /// Decides about everybody, and plans what follows.
    Run,
    /// Lets orders leave.
    Dispatch,
    /// Compares what left with what arrived.
    Reconcile,
    /// Holds past decisions against what became of them.
    Learn,
}

impl Step {
    /// All of them, in the order of a day.
    pub const ALL: [Self; 5] = [
        Self::Pull,
        Self::Run,
        Self::Dispatch,
        Self::Reconcile,
        Self::Learn,
    ];

    /// Its name in the configuration and on record.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Run => "run",
            Self::Dispatch => "dispatch",
            Self::Reconcile => "reconcile",
            Self::Learn => "learn",
        }
    }

    /// The one of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.name() == name)
    }
}

/// A text that is no time of a timetable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct NotATime {
    text: String,
    expected: &'static str,
}

/// On which days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Days {
    /// On these days of the week, Monday first.
    OfWeek([bool; 7]),
    /// On this day of each month, one that every month has.
    OfMonth(i8),
}

const WEEK: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

impl Days {
    const EVERY: Self = Self::OfWeek([true; 7]);

    fn has(self, day: Date) -> bool {
        match self {
            Self::OfWeek(days) => {
                let of_day = WEEK
                    .iter()
                    .position(|(_, weekday)| *weekday == day.weekday());
                of_day.is_some_and(|n| days[n])
            }
            Self::OfMonth(n) => day.day() == n,
        }
    }

    /// `mon-fri`, `mon,thu`, `sat-sun,wed`.
    fn of_week(text: &str) -> Option<Self> {
        let place = |name: &str| WEEK.iter().position(|(known, _)| *known == name);
        let mut days = [false; 7];
        for part in text.split(',') {
            let (from, to) = part.split_once('-').unwrap_or((part, part));
            let (from, to) = (place(from)?, place(to)?);
            if to < from {
                return None;
            }
            days[from..=to].fill(true);
        }
        Some(Self::OfWeek(days))
    }

    /// `day 1`.
    fn of_month(text: &str) -> Option<Self> {
        let n: i8 = text.strip_prefix("day ")?.parse().ok()?;
        (1..=LAST_OF_EVERY_MONTH)
            .contains(&n)
            .then_some(Self::OfMonth(n))
    }

    /// The days before the last word of a text, and that word.
    fn before(text: &str) -> Option<(Self, &str)> {
        let text = text.trim();
        match text.rsplit_once(' ') {
            None => Some((Self::EVERY, text)),
            Some((days, last)) => {
                let days = Self::of_month(days).or_else(|| Self::of_week(days))?;
                Some((days, last))
            }
        }
    }
}

/// `05:00`.
fn time(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let is_written = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
    if !is_written(hour) || !is_written(minute) {
        return None;
    }
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

/// The instant at which a day's clock shows a time. One that the clock leaps over comes as much later as
/// it leaps; of one that it shows twice the first counts.
fn instant(day: Date, time: Time, zone: &TimeZone) -> Timestamp {
    let at = zone.to_ambiguous_timestamp(day.to_datetime(time));
    // Only the ends of all time are none.
    at.compatible().unwrap_or(Timestamp::MAX)
}

/// The day that it is somewhere.
pub(super) fn day_of(now: Timestamp, zone: &TimeZone) -> Date {
    zone.to_datetime(now).date()
}

fn days_from(day: Date, days: i32) -> Date {
    day.saturating_add(Span::new().days(days))
}

/// A time of day on some days: `05:00`, `mon-fri 05:00`, `mon,thu 05:00`, `day 1 06:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct When {
    days: Days,
    time: Time,
}

impl FromStr for When {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        let parsed = Days::before(text).and_then(|(days, last)| {
            Some(Self {
                days,
                time: time(last)?,
            })
        });
        parsed.ok_or_else(|| NotATime {
            text: text.to_owned(),
            expected: "a time like `05:00`, `mon-fri 05:00`, `mon,thu 05:00` or `day 1 06:00` (1 to 28)",
        })
    }
}

impl When {
    /// The newest day whose time has come, and when it came.
    #[must_use]
    pub fn newest(self, now: Timestamp, zone: &TimeZone) -> Option<(Date, Timestamp)> {
        let today = day_of(now, zone);
        let days = (0..=FAR).map(|back| days_from(today, -back));
        let mut times = days
            .filter(|day| self.days.has(*day))
            .map(|day| (day, instant(day, self.time, zone)));
        times.find(|(_, at)| *at <= now)
    }

    /// When it comes next, after now.
    #[must_use]
    pub fn next(self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let today = day_of(now, zone);
        let days = (-1..=FAR).map(|ahead| days_from(today, ahead));
        let mut times = days
            .filter(|day| self.days.has(*day))
            .map(|day| instant(day, self.time, zone));
        times.find(|at| now < *at)
    }
}

/// Hours of some days: `08:00-20:00`, `mon-fri 08:00-24:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    days: Days,
    from: Time,
    /// The first time that is outside; midnight is the end of the day.
    until: Time,
}

impl FromStr for Hours {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        let parsed = Days::before(text).and_then(|(days, last)| {
            let (from, until) = last.split_once('-')?;
            let (from, until) = match until {
                "24:00" => (time(from)?, Time::midnight()),
                until => (time(from)?, time(until).filter(|t| *t != Time::midnight())?),
            };
            let is_order = until == Time::midnight() || from < until;
            is_order.then_some(Self { days, from, until })
        });
        parsed.ok_or_else(|| NotATime {
            text: text.to_owned(),
            expected: "hours of a day like `08:00-20:00` or `mon-fri 08:00-24:00`, the first before the second",
        })
    }
}

impl Hours {
    fn of(self, day: Date, zone: &TimeZone) -> (Timestamp, Timestamp) {
        let end = match self.until == Time::midnight() {
            true => days_from(day, 1),
            false => day,
        };
        (
            instant(day, self.from, zone),
            instant(end, self.until, zone),
        )
    }

    /// When now is within: the day, and the first instant that is not any more.
    #[must_use]
    pub fn within(self, now: Timestamp, zone: &TimeZone) -> Option<(Date, Timestamp)> {
        let day = day_of(now, zone);
        let (from, until) = self.of(day, zone);
        (self.days.has(day) && from <= now && now < until).then_some((day, until))
    }

    /// When they begin next, after now.
    #[must_use]
    pub fn next(self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let begins = When {
            days: self.days,
            time: self.from,
        };
        begins.next(now, zone)
    }
}

/// When what is due at a site; what has no time is not done by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timetable {
    /// Steps that have a time; that of a dispatcher is in `dispatch`.
    pub times: BTreeMap<Step, When>,
    /// The hours in which orders may leave.
    pub dispatch: Vec<Hours>,
    /// How long a run waits for a pull that is under way: from its own time, or from when the pull began.
    pub run_waits: SignedDuration,
    /// After how long what failed is tried again the first time; it doubles, up to an hour.
    pub retry: SignedDuration,
}

impl Default for Timetable {
    fn default() -> Self {
        Self {
            times: BTreeMap::new(),
            dispatch: Vec::new(),
            run_waits: SignedDuration::from_hours(2),
            retry: SignedDuration::from_mins(1),
        }
    }
}

impl Timetable {
    /// The hours in which now is: their day, and when the last of them end.
    #[must_use]
    pub fn may_leave(&self, now: Timestamp, zone: &TimeZone) -> Option<(Date, Timestamp)> {
        let within = self.dispatch.iter();
        within
            .filter_map(|hours| hours.within(now, zone))
            .max_by_key(|(_, until)| *until)
    }
}
