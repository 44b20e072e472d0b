//! A daytime instant in Helsinki.

use super::calendar::Day;
use super::json;
use super::random::Dice;

/// A day and a local clock time between 07:00 and 21:00; what happens to residents happens before 20:00.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Instant {
    pub(super) day: Day,
    /// Seconds since local midnight.
    second: i32,
}

impl Instant {
    /// Some time of this day.
    pub(super) fn on(day: Day, dice: &mut Dice) -> Instant {
        Instant {
            day,
            second: dice.whole(7 * 3_600, 19 * 3_600),
        }
    }

    /// A morning sample.
    pub(super) fn morning(day: Day, dice: &mut Dice) -> Instant {
        Instant {
            day,
            second: dice.whole(7 * 3_600, 10 * 3_600),
        }
    }

    /// A fixed time of this day, for marks that no draw may influence.
    pub(super) fn late_on(day: Day, minute: i32) -> Instant {
        Instant {
            day,
            second: 20 * 3_600 + (minute.rem_euclid(59)) * 60,
        }
    }

    /// So many minutes later, at most at 19:59 of the same day.
    pub(super) fn minutes_later(self, minutes: i32) -> Instant {
        Instant {
            day: self.day,
            second: (self.second + minutes * 60).min(19 * 3_600 + 59 * 60),
        }
    }

    /// The same clock time so many days later.
    pub(super) fn days_later(self, days: i32) -> Instant {
        Instant {
            day: self.day.plus(days),
            second: self.second,
        }
    }

    /// Writes `YYYY-MM-DDThh:mm:ss+0h:00`.
    pub(super) fn write(self, out: &mut Vec<u8>) {
        json::write_day(out, self.day);
        out.push(b'T');
        json::digits(out, self.second / 3_600, 2);
        out.push(b':');
        json::digits(out, self.second / 60 % 60, 2);
        out.push(b':');
        json::digits(out, self.second % 60, 2);
        out.extend_from_slice(if self.day.helsinki_offset_hours() == 3 {
            b"+03:00"
        } else {
            b"+02:00"
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_carry_the_offset_of_their_day() {
        for (day, text) in [
            (Day::from_civil(2025, 7, 1), "2025-07-01T20:05:00+03:00"),
            (Day::from_civil(2025, 12, 1), "2025-12-01T20:05:00+02:00"),
        ] {
            let mut out = Vec::new();
            Instant::late_on(day, 5).write(&mut out);
            assert_eq!(String::from_utf8(out).expect("ascii"), text);
        }
    }
}
