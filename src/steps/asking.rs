//! Who waits for their turn to be asked, for people.

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{DataFolder, StepError};
use crate::config::Config;
use crate::ledger::Waiting;
use crate::orders::{week_of, weeks_at_this_pace};
use crate::rulebook::{AskFirst, Rulebook};

/// How many wait for their turn to be asked, and how long that takes at the pace of the rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskingReport {
    /// Questionnaires that may begin to leave in a week.
    pub per_week: u32,
    /// Who is asked first, in the words of the rules.
    pub first: Vec<String>,
    /// The Monday of the week.
    pub week_from: String,
    /// Questionnaires that began to leave in this week.
    pub left: u64,
    /// Questionnaires that wait for their turn.
    pub waiting: u64,
    /// The day on which the first of those was decided on.
    pub since: Option<String>,
    /// How many further weeks it takes until all of them have left, when nobody joins them.
    pub further_weeks: u64,
}

impl AskingReport {
    /// What the rules make of what the ledger counts; `None` where all may leave at once by the rules
    /// or in this trial, or nobody waits and nobody was asked this week.
    pub(super) fn of(
        rulebook: &Rulebook,
        config: Option<&Config>,
        today: Date,
        waiting: Waiting,
    ) -> Option<Self> {
        let asking = rulebook.programme.asking.as_ref()?;
        let per_week = match config {
            Some(config) => config.asking(rulebook).per_week?,
            None => asking.per_week,
        };
        let Waiting {
            waiting,
            since,
            left,
        } = waiting;
        // Of a city in which nobody is asked there is nothing to say.
        if waiting == 0 && left == 0 {
            return None;
        }
        let (monday, _) = week_of(today);
        let first = asking.first.iter().copied();
        Some(Self {
            per_week,
            first: first.map(|word| AskFirst::name(word).to_owned()).collect(),
            week_from: monday.to_string(),
            left,
            waiting,
            since: since.map(|day| day.to_string()),
            further_weeks: weeks_at_this_pace(waiting, left, per_week),
        })
    }
}

impl fmt::Display for AskingReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of {} questionnaires have left in the week from {}, {} wait for their turn",
            self.left, self.per_week, self.week_from, self.waiting
        )?;
        if let Some(since) = &self.since {
            write!(f, ", the first since {since}")?;
        }
        match (self.waiting, self.further_weeks) {
            (0, _) => {}
            (_, 0) => write!(f, "; all may leave this week")?,
            (_, 1) => write!(f, "; at this pace 1 further week")?,
            (_, weeks) => write!(f, "; at this pace {weeks} further weeks")?,
        }
        if self.waiting == 0 {
            return Ok(());
        }
        write!(f, "\nFirst go: {}", self.first.join(", then "))
    }
}

/// Who waits for their turn to be asked; `None` where all may leave at once.
///
/// # Errors
///
/// When the ledger cannot be read.
pub fn waiting_to_be_asked(
    rulebook: &Rulebook,
    data: &DataFolder,
    config: Option<&Config>,
    today: Date,
) -> Result<Option<AskingReport>, StepError> {
    let waiting = data.ledger.waiting_to_be_asked(today)?;
    Ok(AskingReport::of(rulebook, config, today, waiting))
}
