//! Interval cases: residents who were diagnosed without the programme ever having flagged them.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::{Span, ToSpan};
use serde::Serialize;

use super::run::runs_of;
use super::{DataFolder, StepError};
use crate::lake::DecisionRow;
use crate::profile::ResidentId;
use crate::rulebook::{Rulebook, State};

/// How far a yearly report looks back.
const MONTHS: i32 = 12;

/// Residents diagnosed in twelve months without ever having been flagged, for the yearly audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IntervalCasesReport {
    /// The first day of diagnoses that count.
    pub from: String,
    /// The last one.
    pub until: String,
    /// Each of them, the earliest diagnosis first.
    pub cases: Vec<IntervalCase>,
}

/// Somebody who was diagnosed, and what was decided about them before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IntervalCase {
    /// Who, by opaque id.
    pub resident: String,
    /// The day of the diagnosis.
    pub diagnosed_on: String,
    /// The state that the last run before it gave them.
    pub state: &'static str,
    /// The row of the pathway that decided so.
    pub row: String,
    /// The first day on which it was decided so without a change since.
    pub since: String,
    /// Whether the programme had passed them over: below the level, or concluded. Others it had not
    /// reached.
    pub passed_over: bool,
}

impl IntervalCasesReport {
    /// How many the programme had passed over.
    #[must_use]
    pub fn passed_over(&self) -> u64 {
        self.cases.iter().filter(|case| case.passed_over).count() as u64
    }
}

/// A time without a change of what was decided.
struct Stood {
    since: Date,
    state: State,
    row: Arc<str>,
}

/// What runs have decided about somebody, until they were known to have the disease.
#[derive(Default)]
struct Past {
    stood: Vec<Stood>,
    first_flagged: Option<Date>,
    is_known: bool,
}

/// Who was diagnosed in the twelve months up to a day after a run had decided about them, and had never been
/// flagged until then: not to be tested, not found, not with a person.
///
/// # Errors
///
/// When lake or ledger cannot be read.
pub fn interval_cases(
    rulebook: &Rulebook,
    data: &DataFolder,
    on: Date,
) -> Result<IntervalCasesReport, StepError> {
    let from = on
        .saturating_sub(Span::new().months(MONTHS))
        .saturating_add(1.day());
    let mut runs = Vec::new();
    for run in runs_of(rulebook, data)? {
        let day: Date = run.index_date.parse().map_err(|_| StepError::NothingRun)?;
        if day <= on {
            runs.push((day, run.id));
        }
    }
    runs.sort_unstable();
    let mut pasts: HashMap<ResidentId, Past> = HashMap::new();
    let mut found: Vec<(Date, ResidentId, IntervalCase)> = Vec::new();
    for (day, run) in runs {
        data.store.decisions_of(run, |row| {
            let resident = row.resident;
            let past = pasts.entry(resident).or_default();
            if let Some((diagnosed, case)) = past.add(day, &row)
                && from <= diagnosed
                && diagnosed <= on
            {
                found.push((diagnosed, resident, case));
            }
        })?;
    }
    found.sort_by_key(|(day, resident, _)| (*day, *resident));
    Ok(IntervalCasesReport {
        from: from.to_string(),
        until: on.to_string(),
        cases: found.into_iter().map(|(_, _, case)| case).collect(),
    })
}

impl Past {
    /// Adds what a run decided; says when it is the first to know of a diagnosis that nobody flagged.
    fn add(&mut self, day: Date, row: &DecisionRow) -> Option<(Date, IntervalCase)> {
        if self.is_known {
            return None;
        }
        let state = row.known_state();
        if state == State::KnownDisease {
            self.is_known = true;
            return self.case(diagnosed_on(row).unwrap_or(day), row.resident);
        }
        if is_flagged(state) {
            self.first_flagged.get_or_insert(day);
        }
        if self.stood.last().is_none_or(|last| last.state != state) {
            self.stood.push(Stood {
                since: day,
                state,
                row: Arc::clone(&row.row),
            });
        }
        None
    }

    fn case(&self, diagnosed: Date, resident: ResidentId) -> Option<(Date, IntervalCase)> {
        if self.first_flagged.is_some_and(|day| day <= diagnosed) {
            return None;
        }
        // Who had the diagnosis before anything was decided about them was known elsewhere.
        let before = self
            .stood
            .iter()
            .rev()
            .find(|stood| stood.since < diagnosed)?;
        let case = IntervalCase {
            resident: resident.to_string(),
            diagnosed_on: diagnosed.to_string(),
            state: before.state.name(),
            row: before.row.to_string(),
            since: before.since.to_string(),
            passed_over: matches!(before.state, State::BelowLevel | State::Concluded),
        };
        // Whom the programme was not for, it could not flag.
        before
            .state
            .is_in_the_programme()
            .then_some((diagnosed, case))
    }
}

/// Whether somebody is to be tested, was found, or is with a person.
const fn is_flagged(state: State) -> bool {
    match state {
        State::UnderReview
        | State::SampledNegative
        | State::Ordered
        | State::Overdue
        | State::Confirming
        | State::WithANurse
        | State::OfferedPrevention => true,
        State::Deceased
        | State::NotYetBorn
        | State::Moved
        | State::OutsideAge
        | State::OutOfScope
        | State::OptedOut
        | State::KnownDisease
        | State::UndeterminedIncomplete
        | State::Asked
        | State::UndecidedNotAnswered
        | State::BelowLevel
        | State::Concluded => false,
    }
}

/// The day of the fact on which the decision rests, `held:ROW@FACT:DATE` among its reasons.
fn diagnosed_on(row: &DecisionRow) -> Option<Date> {
    let held = format!("held:{}@", row.row);
    let reason = row
        .reasons
        .split(';')
        .find_map(|one| one.strip_prefix(&held))?;
    reason.rsplit_once(':')?.1.parse().ok()
}
