//! Silence: whether something that came day by day has stopped.
//!
//! What is expected of a stream comes from its own recent past: how much came on a working day of that name.
//! How far chance may stray from it is the predictive distribution of a Poisson count whose rate is known from
//! that past alone (a gamma posterior with Jeffreys' prior, so a negative binomial): a short past expects less
//! firmly than a long one.

use std::collections::BTreeMap;

use jiff::Span;
use jiff::civil::Date;

use crate::rulebook::WorkingDays;

/// Working days of a month, rounded up: to spread the false alarms that may be over its days.
const WORKING_DAYS_OF_A_MONTH: f64 = 22.0;
/// Working days that must be known of a stream before it is judged.
const LEAST_PAST: usize = 10;
/// Days on which something came that must be known of it.
const LEAST_DAYS_WITH_ANYTHING: usize = 5;
/// The newest working days of the past, which say what is expected by themselves where something came on most
/// of them: what has grown is not judged by its sparse beginnings.
const NEWEST_PAST: u16 = 20;
/// Days on which something came that must be known of them.
const NEWEST_DAYS_WITH_ANYTHING: usize = 10;
/// A stream that has been silent for so many working days has ended.
const ENDED: usize = 260;
/// Nearly silent: at most this share of what was expected.
const NEARLY: f64 = 0.1;

/// What flows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StreamKind {
    /// Questions, reminders and messages to residents.
    Invitations,
    /// Laboratory orders.
    Orders,
    /// Results of tests that the programme orders.
    Results,
}

impl StreamKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Invitations, Self::Orders, Self::Results];

    /// As people read it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Invitations => "invitations",
            Self::Orders => "orders",
            Self::Results => "results",
        }
    }
}

/// Something that comes day by day from one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// What.
    pub kind: StreamKind,
    /// Of what: `channel/NAME`, `district/NAME`, `laboratory/NAME`.
    pub of: String,
    /// How many on each day on which there were any.
    pub days: BTreeMap<Date, u64>,
    /// The last day of which everything is known.
    pub known_until: Date,
}

impl Stream {
    /// Its name in reports and in `ended`: `results/laboratory/huslab`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}", self.kind.name(), self.of)
    }
}

/// How streams are judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StreamTerms {
    /// False alarms a month that are acceptable, of all streams together.
    pub false_alarms_per_month: f64,
    /// Working days of silence that are never looked at alone.
    pub least_days: u16,
    /// Working days over which a stream is judged, at most.
    pub most_days: u16,
    /// Working days of the past that say what is expected.
    pub look_back_days: u16,
}

/// Why nothing can be said of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NotJudged {
    /// Too little is known of its past.
    TooNew,
    /// So little comes that silence means nothing in the longest time over which streams are judged.
    TooSmall,
    /// Nothing has come for a year.
    Ended,
}

impl NotJudged {
    /// As people read it.
    #[must_use]
    pub const fn says(self) -> &'static str {
        match self {
            Self::TooNew => "too little is known of its past",
            Self::TooSmall => "too little comes for silence to mean anything",
            Self::Ended => "nothing has come for a year",
        }
    }
}

/// What the last days of a stream say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum StreamVerdict {
    /// It flows, or its silence is still within chance.
    Flows,
    /// It has stopped, or nearly.
    Silent {
        /// The last day on which anything came.
        last: Date,
        /// How many came in the working days looked at.
        came: u64,
        /// How many working days those are.
        days: u16,
        /// How many would have been expected in them.
        expected: f64,
    },
    /// Nobody can say.
    NotJudged(NotJudged),
}

/// A stream, and what its last days say.
#[derive(Debug, Clone, PartialEq)]
pub struct Watched {
    /// What.
    pub kind: StreamKind,
    /// Its name.
    pub name: String,
    /// Working days over which it is judged; `None` when it is not.
    pub judged_over: Option<u16>,
    /// What they say.
    pub verdict: StreamVerdict,
}

/// The days that may be looked at, oldest first, and on which of them somebody is there.
struct Calendar(Vec<(Date, bool)>);

impl Calendar {
    /// Up to the day before `today`; long enough to tell what has ended from what is silent.
    fn before(today: Date, look_back_days: u16, working_days: &WorkingDays) -> Self {
        let working = ENDED + usize::from(look_back_days);
        let days = i32::try_from(2 * working).unwrap_or(i32::MAX);
        let mut day = today.saturating_sub(Span::new().days(days));
        let mut calendar = Vec::new();
        while day < today {
            calendar.push((day, working_days.holds(day)));
            let Ok(next) = day.tomorrow() else { break };
            day = next;
        }
        Self(calendar)
    }
}

/// The working days of a stream, oldest first, with what came on each. What came on other days counts on the
/// next working day.
struct Series(Vec<(Date, u64)>);

impl Series {
    fn of(stream: &Stream, calendar: &Calendar) -> Self {
        let mut series = Vec::new();
        let Some((first, _)) = stream.days.first_key_value() else {
            return Self(series);
        };
        let days = calendar.0.iter();
        let known = days.filter(|(day, _)| *first <= *day && *day <= stream.known_until);
        let mut carried = 0;
        for (day, is_working) in known {
            carried += stream.days.get(day).copied().unwrap_or(0);
            if *is_working {
                series.push((*day, carried));
                carried = 0;
            }
        }
        Self(series)
    }

    /// For how many working days up to the last one nothing has come.
    fn silent_days(&self) -> usize {
        self.0.iter().rev().take_while(|(_, n)| *n == 0).count()
    }

    /// The days before the last `skipped`, at most `most` of them.
    fn before(&self, skipped: usize, most: u16) -> &[(Date, u64)] {
        let end = self.0.len().saturating_sub(skipped);
        &self.0[end.saturating_sub(usize::from(most))..end]
    }

    fn last(&self, days: usize) -> &[(Date, u64)] {
        &self.0[self.0.len().saturating_sub(days)..]
    }
}

/// What is expected of a stream.
struct Expected {
    n: f64,
    exposure: f64,
    weights: [f64; 7],
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of a city are far below 2^53"
)]
impl Expected {
    /// From the past: how much comes on a working day, and on those of each name relative to it. Two average
    /// days of each name are added, so that one odd Monday says little.
    fn of(past: &[(Date, u64)]) -> Self {
        let n = past.iter().map(|(_, n)| *n).sum::<u64>() as f64;
        let mean = n / past.len().max(1) as f64;
        let mut weights = [1.0; 7];
        for (weekday, weight) in weights.iter_mut().enumerate() {
            let same = past.iter().filter(|(day, _)| index(*day) == weekday);
            let (days, sum) = same.fold((0.0, 0.0), |(days, sum), (_, n)| {
                (days + 1.0, sum + *n as f64)
            });
            if 0.0 < mean {
                *weight = (sum + 2.0 * mean) / ((days + 2.0) * mean);
            }
        }
        let exposure = past.iter().map(|(day, _)| weights[index(*day)]).sum();
        Self {
            n,
            exposure,
            weights,
        }
    }

    fn exposure_of(&self, days: &[(Date, u64)]) -> f64 {
        days.iter().map(|(day, _)| self.weights[index(*day)]).sum()
    }

    fn count_in(&self, exposure: f64) -> f64 {
        self.n * exposure / self.exposure
    }

    /// The probability of at most so many in so much exposure, as far as the past tells the rate.
    ///
    /// # Formula
    ///
    /// With `r = n + 1/2` and `p = E / (E + e)`: `sum over k <= x of C(k + r - 1, k) p^r (1 - p)^k`.
    fn at_most(&self, x: u64, exposure: f64) -> f64 {
        let r = self.n + 0.5;
        let p = self.exposure / (self.exposure + exposure);
        let mut term = libm::exp(r * libm::log(p));
        let mut sum = term;
        for k in 0..x {
            let k = k as f64;
            term *= (k + r) / (k + 1.0) * (1.0 - p);
            sum += term;
        }
        sum
    }
}

fn index(day: Date) -> usize {
    usize::try_from(day.weekday().to_monday_zero_offset()).unwrap_or(0)
}

/// Judges every stream by its own past.
///
/// Only whole days are looked at: those before `today` of which everything is known. A stream is judged over
/// the fewest working days in which silence would be less probable than its share of the false alarms that are
/// acceptable, and over more than it has been silent for twice before: what comes each Monday, or every fourth
/// week, is not silent between. It is so judged by the whole past and by its newest part.
#[must_use]
pub fn watch(
    terms: &StreamTerms,
    working_days: &WorkingDays,
    streams: &[Stream],
    today: Date,
) -> Vec<Watched> {
    #[expect(clippy::cast_precision_loss, reason = "there are not many streams")]
    let n_streams = streams.len().max(1) as f64;
    let level = terms.false_alarms_per_month / (WORKING_DAYS_OF_A_MONTH * n_streams);
    let calendar = Calendar::before(today, terms.look_back_days, working_days);
    let watched = streams.iter().map(|stream| {
        let series = Series::of(stream, &calendar);
        let (judged_over, verdict) = match judged(terms, &series, level) {
            Ok((days, verdict)) => (Some(days), verdict),
            Err(why) => (None, StreamVerdict::NotJudged(why)),
        };
        Watched {
            kind: stream.kind,
            name: stream.name(),
            judged_over,
            verdict,
        }
    });
    watched.collect()
}

/// By the whole past and by its newest part: either may tell a silence, and each has half of the false alarms.
fn judged(
    terms: &StreamTerms,
    series: &Series,
    level: f64,
) -> Result<(u16, StreamVerdict), NotJudged> {
    if ENDED <= series.silent_days() {
        return Err(NotJudged::Ended);
    }
    let newest = StreamTerms {
        look_back_days: terms.look_back_days.min(NEWEST_PAST),
        ..*terms
    };
    let whole = judged_by(terms, LEAST_DAYS_WITH_ANYTHING, series, level / 2.0);
    let newest = judged_by(&newest, NEWEST_DAYS_WITH_ANYTHING, series, level / 2.0);
    match (whole, newest) {
        (Ok(whole), Ok(newest)) => {
            let verdict = match whole.1 {
                StreamVerdict::Silent { .. } => whole.1,
                StreamVerdict::Flows | StreamVerdict::NotJudged(_) => newest.1,
            };
            Ok((whole.0.min(newest.0), verdict))
        }
        (Err(_), Ok(newest)) => Ok(newest),
        (whole, Err(_)) => whole,
    }
}

fn judged_by(
    terms: &StreamTerms,
    least_days_with_anything: usize,
    series: &Series,
    level: f64,
) -> Result<(u16, StreamVerdict), NotJudged> {
    let silent = series.silent_days();
    let least = usize::from(terms.least_days);
    let past = series.before(silent.max(least), terms.look_back_days);
    let with_anything = past.iter().filter(|(_, n)| 0 < *n).count();
    if past.len() < LEAST_PAST || with_anything < least_days_with_anything {
        return Err(NotJudged::TooNew);
    }
    let days = days_needed(terms, series, past, level).ok_or(NotJudged::TooSmall)?;
    let looked_at = silent.max(usize::from(days));
    let past = series.before(looked_at, terms.look_back_days);
    let window = series.last(looked_at);
    let expected = Expected::of(past);
    let exposure = expected.exposure_of(window);
    let came: u64 = window.iter().map(|(_, n)| *n).sum();
    let count = expected.count_in(exposure);
    #[expect(clippy::cast_precision_loss, reason = "a share needs no exact count")]
    let is_nearly_nothing = came as f64 <= NEARLY * count;
    let is_silent = is_nearly_nothing && expected.at_most(came, exposure) <= level;
    let before = series.0.iter().rev().find(|(_, n)| 0 < *n);
    let verdict = match before {
        Some((last, _)) if is_silent => StreamVerdict::Silent {
            last: *last,
            came,
            days: u16::try_from(looked_at).unwrap_or(u16::MAX),
            expected: count,
        },
        Some(_) | None => StreamVerdict::Flows,
    };
    Ok((days, verdict))
}

/// The fewest working days over which silence says something; `None` when it is more than is looked at.
fn days_needed(
    terms: &StreamTerms,
    series: &Series,
    past: &[(Date, u64)],
    level: f64,
) -> Option<u16> {
    let expected = Expected::of(past);
    let least = terms
        .least_days
        .max(second_longest_gap(past).saturating_add(1));
    let mut days = least..=terms.most_days;
    days.find(|days| {
        let exposure = expected.exposure_of(series.last(usize::from(*days)));
        expected.at_most(0, exposure) <= level
    })
}

/// The second-longest time of working days without anything: one outage of the past does not make the next
/// one look usual, a rhythm does.
fn second_longest_gap(past: &[(Date, u64)]) -> u16 {
    let gaps = past.split(|(_, n)| 0 < *n).map(<[_]>::len);
    let mut gaps: Vec<usize> = gaps.collect();
    gaps.sort_unstable_by(|a, b| b.cmp(a));
    let second = gaps.get(1).copied().unwrap_or(0);
    u16::try_from(second).unwrap_or(u16::MAX)
}
