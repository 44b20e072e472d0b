//! Whose turn it is to be asked, and in which week.

use jiff::Span;
use jiff::civil::Date;

use crate::pathway::Decision;
use crate::profile::Profile;
use crate::risk::Assessment;
use crate::rulebook::{AskFirst, Rulebook, Score};

/// What the programme says about questionnaires that wait, as the outbox needs to know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AskingTerms {
    /// Questionnaires that may begin to leave in a week; nothing where all may.
    pub per_week: Option<u32>,
    /// How long an answer is waited for, from the day of leaving, in days.
    pub answer_days: u16,
    /// How long sending may take once it has begun, in days.
    pub send_days: u16,
}

impl AskingTerms {
    /// Those of a rule book.
    #[must_use]
    pub fn of(rulebook: &Rulebook) -> Self {
        let deadlines = rulebook.pathway.deadlines;
        let asking = rulebook.programme.asking.as_ref();
        Self {
            per_week: asking.map(|asking| asking.per_week),
            answer_days: deadlines.answer_days,
            send_days: deadlines.send_days,
        }
    }

    /// Until when somebody who is asked on a day is waited for.
    #[must_use]
    pub fn answer_by(&self, on: Date) -> Date {
        on.saturating_add(Span::new().days(i64::from(self.answer_days)))
    }

    /// The last day for sending what began to leave on a day.
    #[must_use]
    pub fn send_by(&self, on: Date) -> Date {
        on.saturating_add(Span::new().days(i64::from(self.send_days)))
    }
}

/// The Monday and the Sunday of a day's ISO week.
#[must_use]
pub fn week_of(day: Date) -> (Date, Date) {
    let since_monday = i64::from(day.weekday().to_monday_zero_offset());
    let monday = day.saturating_sub(Span::new().days(since_monday));
    (monday, monday.saturating_add(Span::new().days(6)))
}

/// How many further weeks it takes until those who wait have been asked, when nobody joins them and
/// `left` have been asked this week; 0 when all of them may leave this week.
#[must_use]
pub fn weeks_at_this_pace(waiting: u64, left: u64, per_week: u32) -> u64 {
    let per_week = u64::from(per_week).max(1);
    let now = per_week.saturating_sub(left);
    waiting.saturating_sub(now).div_ceil(per_week)
}

/// What decides about somebody's turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// The lowest score that they can have.
    pub low: Score,
    /// The highest.
    pub high: Score,
    /// The day of the newest fact; nothing when none is known.
    pub seen_on: Option<Date>,
    /// The day on which their questions were decided on.
    pub waits_since: Date,
    /// How many questions decide.
    pub questions: u16,
}

impl Candidate {
    /// Where a resident stands, whose questions were decided on on a day; `None` when nothing is asked.
    #[must_use]
    pub fn of(profile: &Profile, decision: &Decision, waits_since: Date) -> Option<Self> {
        let assessment: &Assessment = decision.assessment.as_ref()?;
        Some(Self {
            low: assessment.low(),
            high: assessment.high(),
            seen_on: profile.facts().iter().map(|fact| fact.effective).max(),
            waits_since,
            questions: u16::try_from(decision.asks.len()).unwrap_or(u16::MAX),
        })
    }

    /// A name for the place in the order: whoever has the lower one, byte by byte, is asked first.
    /// Those who are alike in all that the order looks at have the same.
    #[must_use]
    pub fn rank(&self, first: &[AskFirst]) -> Vec<u8> {
        let number = |word: &AskFirst| match word {
            AskFirst::HighestPossibleScore => -i64::from(self.high),
            AskFirst::HighestCertainScore => -i64::from(self.low),
            // The year 0 is before every fact.
            AskFirst::LongestUnseen => self.seen_on.map_or(i64::MIN, number_of),
            AskFirst::LongestWaiting => number_of(self.waits_since),
            AskFirst::FewestQuestions => i64::from(self.questions),
        };
        // With the sign turned, the order of bytes is that of numbers.
        let bytes = |number: i64| (number.cast_unsigned() ^ (1 << 63)).to_be_bytes();
        first.iter().flat_map(|word| bytes(number(word))).collect()
    }
}

/// A day as a number that rises with it.
fn number_of(day: Date) -> i64 {
    i64::from(day.year()) * 10_000 + i64::from(day.month()) * 100 + i64::from(day.day())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_week_begins_on_monday_and_ends_on_sunday_also_over_the_end_of_a_year() {
        for (day, monday, sunday) in [
            (date(2026, 11, 22), date(2026, 11, 16), date(2026, 11, 22)),
            (date(2026, 11, 23), date(2026, 11, 23), date(2026, 11, 29)),
            (date(2026, 12, 31), date(2026, 12, 28), date(2027, 1, 3)),
            (date(2027, 1, 3), date(2026, 12, 28), date(2027, 1, 3)),
            (date(2027, 1, 4), date(2027, 1, 4), date(2027, 1, 10)),
            (date(2028, 2, 29), date(2028, 2, 28), date(2028, 3, 5)),
        ] {
            assert_eq!(week_of(day), (monday, sunday), "{day}");
        }
    }

    #[test]
    fn the_pace_says_how_many_further_weeks_it_takes() {
        for (waiting, left, per_week, weeks) in [
            (0, 0, 10, 0),
            (10, 0, 10, 0),
            (11, 0, 10, 1),
            (1, 10, 10, 1),
            (10, 10, 10, 1),
            (11, 10, 10, 2),
            // A cap that was lowered below what has left.
            (5, 30, 10, 1),
        ] {
            let told = weeks_at_this_pace(waiting, left, per_week);
            assert_eq!(told, weeks, "{waiting} wait, {left} left of {per_week}");
        }
    }
}
