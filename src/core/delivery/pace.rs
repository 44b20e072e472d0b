//! How fast one server may be asked, by all dispatchers together.

use jiff::{SignedDuration, Timestamp};

use super::{ServerNews, after};

/// A wait longer than this is a slip (a date of next year, milliseconds as seconds) and says nothing.
const ABSURD: SignedDuration = SignedDuration::from_hours(24);
/// What is waited when a server says something absurd.
const SHORT: SignedDuration = SignedDuration::from_secs(5);
const MIN_PAUSE: SignedDuration = SignedDuration::from_secs(1);
const MILLION: i64 = 1_000_000;
/// Failures in a row that are put up with.
const FORGIVEN: u16 = 2;

/// When to come back to a server that said how long to wait.
///
/// Clamped to between one second and `longest`; five seconds when it said more than a day.
#[must_use]
pub fn clamped_retry(now: Timestamp, wait: SignedDuration, longest: SignedDuration) -> Timestamp {
    let wait = if ABSURD < wait { SHORT } else { wait };
    let wait = wait.min(longest).max(MIN_PAUSE);
    after(now, wait)
}

/// A server's bucket of permits, and whether it wants to be left alone.
///
/// Kept in the ledger, so that all processes share it. Holds at most one
/// second's worth of permits: after a quiet night there is no burst.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Permits in the bucket, in millionths.
    pub permits: i64,
    /// When they were last counted.
    pub counted_at: Timestamp,
    /// Nothing is asked before.
    pub paused_until: Timestamp,
    /// Failures in a row.
    pub failures: u16,
}

impl Pace {
    /// A server that was never asked: one permit.
    #[must_use]
    pub const fn new(now: Timestamp) -> Self {
        Self {
            permits: MILLION,
            counted_at: now,
            paused_until: Timestamp::UNIX_EPOCH,
            failures: 0,
        }
    }

    /// Takes up to `wanted` permits, at `per_minute` permits a minute.
    ///
    /// A clock that jumps back costs one refill; one that jumps ahead gains no
    /// more than a second's worth.
    #[must_use]
    pub fn take(&mut self, now: Timestamp, per_minute: u32, wanted: u32) -> u32 {
        if now < self.paused_until {
            return 0;
        }
        let elapsed = now.duration_since(self.counted_at).as_micros();
        let elapsed = i64::try_from(elapsed.clamp(0, i128::from(60 * MILLION))).unwrap_or(0);
        // Microseconds times permits a minute is sixty times millionths of a permit.
        let gained = elapsed.saturating_mul(i64::from(per_minute)) / 60;
        let most = (i64::from(per_minute) * MILLION / 60).max(MILLION);
        self.permits = (self.permits + gained).clamp(0, most);
        self.counted_at = now;
        let whole = u32::try_from(self.permits / MILLION).unwrap_or(0);
        let taken = whole.min(wanted);
        self.permits -= i64::from(taken) * MILLION;
        taken
    }

    /// When the next permit is there.
    #[must_use]
    pub fn next_permit(&self, per_minute: u32) -> Timestamp {
        let missing = (MILLION - self.permits).max(0);
        let micros = (missing * 60).div_euclid(i64::from(per_minute.max(1))) + 1;
        let at = after(self.counted_at, SignedDuration::from_micros(micros));
        at.max(self.paused_until)
    }

    /// What an answer, or its lack, told about the server; `spread` is any number that differs
    /// between callers.
    pub fn heard(&mut self, now: Timestamp, news: ServerNews, spread: u64) {
        match news {
            ServerNews::NotAsked => {}
            ServerNews::Answered => self.failures = 0,
            ServerNews::Wait(until) => self.told_to_wait(until),
            ServerNews::Failed => self.failed(now, spread),
        }
    }

    /// The server asked to be left alone until then.
    fn told_to_wait(&mut self, until: Timestamp) {
        self.paused_until = self.paused_until.max(until);
    }

    /// The server could not be reached, or broke off. From the third time in a row it is left alone
    /// for a while, twice as long each time, up to five minutes, and by up to half less so that
    /// dispatchers do not return together. A connection that breaks now and then is no reason to
    /// wait.
    fn failed(&mut self, now: Timestamp, spread: u64) {
        self.failures = self.failures.saturating_add(1);
        let Some(doublings) = self.failures.checked_sub(FORGIVEN + 1) else {
            return;
        };
        let longest = (200_i64 << doublings.min(11)).min(300_000);
        let part = i64::try_from(spread % 1_000).unwrap_or(0);
        let wait = longest - longest * part / 2_000;
        self.told_to_wait(after(now, SignedDuration::from_millis(wait)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(millis).expect("a small number")
    }

    #[test]
    fn over_a_minute_no_more_leave_than_the_minute_allows() {
        for (per_minute, step) in [(60, 10), (600, 7), (6_000, 3), (7, 1_000)] {
            let mut pace = Pace::new(at(0));
            let mut taken = 0;
            for millis in (0..=60_000).step_by(step) {
                taken += pace.take(at(millis), per_minute, 50);
            }
            // The bucket of the beginning and the rounding of the end.
            assert!(
                taken.abs_diff(per_minute) <= 1 + per_minute / 60,
                "{taken} of {per_minute}"
            );
        }
    }

    #[test]
    fn a_quiet_night_saves_up_a_second_and_no_more() {
        let mut pace = Pace::new(at(0));
        assert_eq!(pace.take(at(30_000_000), 600, 1_000), 10);
        assert_eq!(pace.take(at(30_000_000), 600, 1_000), 0);
    }

    #[test]
    fn a_clock_that_jumps_back_gives_nothing_and_takes_nothing() {
        let mut pace = Pace::new(at(100_000));
        assert_eq!(pace.take(at(100_000), 60, 1), 1);
        assert_eq!(pace.take(at(50_000), 60, 1), 0);
        assert_eq!(pace.take(at(51_000), 60, 1), 1);
    }

    #[test]
    fn what_a_server_says_about_waiting_is_taken_with_limits() {
        let now = at(0);
        for (said, waited) in [
            (-5, 1),
            (0, 1),
            (1, 1),
            (120, 120),
            (3_600, 3_600),
            (3_601, 3_600),
            (86_400, 3_600),
            (86_401, 5),
            (1_790_000_000, 5),
        ] {
            let longest = SignedDuration::from_hours(1);
            let until = clamped_retry(now, SignedDuration::from_secs(said), longest);
            assert_eq!(until, at(waited * 1_000), "{said}");
        }
    }

    #[test]
    fn from_the_third_failure_in_a_row_the_pause_doubles_up_to_five_minutes() {
        let mut pace = Pace::new(at(0));
        let mut now = at(1);
        let mut waits = Vec::new();
        for _ in 0..14 {
            pace.heard(now, ServerNews::Failed, 0);
            let until = pace.paused_until.max(now);
            waits.push(until.duration_since(now).as_millis());
            assert_eq!(pace.take(now, 600, 0), 0);
            now = until;
        }
        let expected = [
            0, 0, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 51_200, 102_400, 204_800,
            300_000,
        ];
        assert_eq!(waits, expected);
        pace.heard(now, ServerNews::Answered, 0);
        for _ in 0..3 {
            pace.heard(now, ServerNews::Failed, 999);
        }
        let wait = pace.paused_until.duration_since(now).as_millis();
        assert!((100..=200).contains(&wait), "{wait}");
    }
}
