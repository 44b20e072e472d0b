//! What would be decided about a resident at every action level there could be.
//!
//! A decision looks at the level only to ask where the score lies: at or above it, below it, or on
//! either side. So each resident has at most three decisions over all levels, and they change at the
//! lowest score that the resident can have and above the highest.

use super::conditions::Known;
use super::{Episode, Inclusion, assessed, looked_at};
use crate::profile::Profile;
use crate::rulebook::{Condition, Row, Rulebook, Score, ScorePosition};

/// The row of the pathway that decides about one resident, at every action level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByLevel {
    /// The lowest and the highest score that the resident can have; `None` for who has no score.
    pub range: Option<(Score, Score)>,
    /// The level in force for the resident.
    pub in_force: Score,
    /// The deciding row, by position in the pathway: with the score at or above the level, with the
    /// level inside the range, and with the score below it.
    rows: [usize; 3],
}

impl ByLevel {
    /// Where the score lies at a level; `None` for who has no score.
    #[must_use]
    pub const fn position(&self, level: Score) -> Option<ScorePosition> {
        match self.range {
            None => None,
            Some(range) => Some(ScorePosition::of(range, level)),
        }
    }

    /// The row that decides where the score lies so, by position in the pathway.
    #[must_use]
    pub const fn row(&self, position: ScorePosition) -> usize {
        self.rows[position.place()]
    }

    /// The row that decides at a level, by position in the pathway.
    #[must_use]
    pub const fn row_at(&self, level: Score) -> usize {
        match self.position(level) {
            Some(position) => self.row(position),
            // Without a score every row is the same.
            None => self.rows[2],
        }
    }

    /// Whether the score decides anything about the resident: at some level another row than at others.
    #[must_use]
    pub const fn is_open_to_the_score(&self) -> bool {
        let [at_or_above, spans, below] = self.rows;
        match self.range {
            None => false,
            Some((low, high)) => at_or_above != below || low < high && spans != below,
        }
    }
}

#[cfg(test)]
impl ByLevel {
    /// Somebody made up, for counting.
    pub(crate) const fn made_up(
        range: Option<(Score, Score)>,
        in_force: Score,
        rows: [usize; 3],
    ) -> Self {
        Self {
            range,
            in_force,
            rows,
        }
    }
}

/// Decides about one resident at every action level at once: as [`super::decide`] would, by rules
/// that differ in the level alone.
///
/// # Panics
///
/// Never: the loader proved that some row decides for every score.
#[must_use]
pub fn decide_by_level(
    rulebook: &Rulebook,
    profile: &Profile,
    episode: Option<&Episode>,
    lot: Option<Inclusion>,
) -> ByLevel {
    let assessment = assessed(rulebook, profile);
    let known = Known {
        rulebook,
        profile,
        assessment: assessment.as_ref(),
        supposed: None,
        stage: episode.map(|episode| &episode.stage),
        lot,
    };
    let mut rows = [None; 3];
    let deciding = rulebook.pathway.rows.iter().enumerate();
    for (n, row) in deciding.filter(|(_, row)| row.outcome.is_some()) {
        let held = held_at(&known, row);
        for (decided, held) in rows.iter_mut().zip(held) {
            if held && decided.is_none() {
                *decided = Some(n);
            }
        }
        if rows.iter().all(Option::is_some) {
            break;
        }
    }
    ByLevel {
        range: assessment.map(|assessment| (assessment.low(), assessment.high())),
        in_force: rulebook.pathway.level(profile.age_in_years()),
        rows: rows.map(|row| row.expect("the loader proved that a row decides for every position")),
    }
}

/// Whether a row holds with the score at or above the level, on either side of it, and below it.
fn held_at(known: &Known<'_>, row: &Row) -> [bool; 3] {
    if !asks_for_the_score(&row.when) {
        return [looked_at(known, row).0.holds; 3];
    }
    ScorePosition::ALL.map(|position| {
        let supposed = Known {
            supposed: Some(position),
            ..*known
        };
        looked_at(&supposed, row).0.holds
    })
}

fn asks_for_the_score(condition: &Condition) -> bool {
    matches!(condition, Condition::Score(_)) || condition.parts().iter().any(asks_for_the_score)
}
