//! Action levels to look at.

use crate::rulebook::{Score, ScoreUnit};

/// Levels at most in one look.
const MOST: usize = 101;
/// Parts per million in one per cent.
const PERCENT: i64 = 10_000;

/// Action levels to look at: at least one and at most 101, rising, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Levels(Vec<Score>);

/// Why levels cannot be looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LevelsError {
    /// Not a range of levels.
    #[error(
        "`{text}` is no range of action levels in {unit}\nhint: the first and the last with two dots between, such as {example}"
    )]
    NoRange {
        /// What was given.
        text: String,
        /// What levels count.
        unit: &'static str,
        /// What it should look like.
        example: &'static str,
    },
    /// A step that leads nowhere.
    #[error("`{0}` is no step from level to level\nhint: a number above zero")]
    NoStep(String),
    /// The last comes before the first.
    #[error("the range of action levels `{0}` ends before it begins")]
    Backwards(String),
    /// No score could reach the first level, or every score does.
    #[error("action levels lie from {least} to {most} {unit} here, `{text}` does not")]
    OutOfReach {
        /// What was given.
        text: String,
        /// The lowest level.
        least: String,
        /// The highest level.
        most: String,
        /// What levels count.
        unit: &'static str,
    },
    /// More than anybody reads.
    #[error("{0} action levels are more than 101\nhint: a shorter range, or a larger `--step`")]
    TooMany(usize),
}

impl Levels {
    /// Levels from one to another, both included: `10..15`, `7.5..12`, or one alone.
    ///
    /// They count points, or per cent with four decimals at most where the score is a probability; the
    /// step is 1 of these unless given. The last argument says how low and how high levels can be.
    ///
    /// # Errors
    ///
    /// When the text is no such range, or holds none or more than 101 levels.
    pub fn read(
        text: &str,
        step: Option<&str>,
        unit: ScoreUnit,
        (lowest, highest): (Score, Score),
    ) -> Result<Self, LevelsError> {
        let no_range = || LevelsError::NoRange {
            text: text.to_owned(),
            unit: unit.name(),
            example: match unit {
                ScoreUnit::Points => "`10..15`",
                ScoreUnit::PartsPerMillion => "`5..12.5`",
            },
        };
        let (first, last) = text.split_once("..").unwrap_or((text, text));
        let first = score(first, unit).ok_or_else(no_range)?;
        let last = score(last, unit).ok_or_else(no_range)?;
        let step = step.unwrap_or("1");
        let step = score(step, unit)
            .filter(|step| 0 < *step)
            .ok_or_else(|| LevelsError::NoStep(step.to_owned()))?;
        if last < first {
            return Err(LevelsError::Backwards(text.to_owned()));
        }
        if first < lowest || highest < last {
            return Err(LevelsError::OutOfReach {
                text: text.to_owned(),
                least: unit.number_beside(lowest, lowest),
                most: unit.number_beside(highest, highest),
                unit: unit.name(),
            });
        }
        let n_levels = (last - first) / step + 1;
        let n_levels = usize::try_from(n_levels).unwrap_or(usize::MAX);
        if MOST < n_levels {
            return Err(LevelsError::TooMany(n_levels));
        }
        let rest = std::iter::successors(Some(first), |level| level.checked_add(step));
        Ok(Self(rest.take_while(|level| *level <= last).collect()))
    }

    /// The levels, rising.
    #[must_use]
    pub fn all(&self) -> &[Score] {
        &self.0
    }

    /// How many of them a score reaches.
    pub(super) fn reached_by(&self, score: Score) -> usize {
        self.0.partition_point(|level| *level <= score)
    }
}

/// A level as people write it, exactly; nothing for anything else.
fn score(text: &str, unit: ScoreUnit) -> Option<Score> {
    let text = text.trim();
    if unit == ScoreUnit::Points {
        return text.parse().ok();
    }
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !is_digits(whole) || !is_digits(part) || 4 < part.len() {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let part: i64 = format!("{part:0<4}").parse().ok()?;
    let all = whole.checked_mul(PERCENT)?.checked_add(part)?;
    Score::try_from(all).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERCENTS: ScoreUnit = ScoreUnit::PartsPerMillion;

    #[test]
    fn levels_are_read_exactly() {
        for (text, step, unit, expected) in [
            ("10..12", None, ScoreUnit::Points, Ok(vec![10, 11, 12])),
            ("12", None, ScoreUnit::Points, Ok(vec![12])),
            ("0..26", Some("13"), ScoreUnit::Points, Ok(vec![0, 13, 26])),
            (
                "7.5..8.1",
                Some("0.3"),
                PERCENTS,
                Ok(vec![75_000, 78_000, 81_000]),
            ),
            ("5..6.9", None, PERCENTS, Ok(vec![50_000, 60_000])),
            ("0.0001", None, PERCENTS, Ok(vec![1])),
            (
                "12..10",
                None,
                ScoreUnit::Points,
                Err("ends before it begins"),
            ),
            ("10-12", None, ScoreUnit::Points, Err("no range")),
            ("7.5", None, ScoreUnit::Points, Err("no range")),
            ("..", None, ScoreUnit::Points, Err("no range")),
            ("1.00001", None, PERCENTS, Err("no range")),
            ("-1..3", None, PERCENTS, Err("no range")),
            ("5..", None, PERCENTS, Err("no range")),
            ("99999999999999999999", None, PERCENTS, Err("no range")),
            (
                "10..12",
                Some("0"),
                ScoreUnit::Points,
                Err("`0` is no step"),
            ),
            (
                "10..12",
                Some("-1"),
                ScoreUnit::Points,
                Err("`-1` is no step"),
            ),
            (
                "-3..12",
                None,
                ScoreUnit::Points,
                Err("from 0 to 26 points"),
            ),
            (
                "10..27",
                None,
                ScoreUnit::Points,
                Err("from 0 to 26 points"),
            ),
            ("0..26", Some("0.1"), PERCENTS, Err("more than 101")),
        ] {
            let reach = match unit {
                ScoreUnit::Points => (0, 26),
                ScoreUnit::PartsPerMillion => (0, 1_000_000),
            };
            match (Levels::read(text, step, unit, reach), expected) {
                (Ok(levels), Ok(expected)) => assert_eq!(levels.all(), expected, "{text}"),
                (Err(error), Err(words)) => {
                    assert!(error.to_string().contains(words), "{text}: {error}");
                }
                (levels, _) => panic!("{text}: {levels:?}"),
            }
        }
    }
}
