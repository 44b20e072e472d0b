//! One resident, for the professional who works on the case: the decision, results over time, what waits
//! and what has happened.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::explain::find;
use super::{DataFolder, Explanation, NoteShown, OptOutShown, StepError, explain};
use crate::config::Reach;
use crate::ledger::{Happened, Holder, OpenOrder, OpenTask, RunRecord, When};
use crate::profile::{Fact, FactId, Profile, ResidentId};
use crate::report::number_phrase;
use crate::rulebook::Rulebook;

/// One measurement.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// The day of the sample.
    pub on: Date,
    /// The value, in the unit of the series.
    pub value: f64,
    /// The same for people, with what is known of a bound.
    pub says: String,
}

/// One test over time, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// What was measured, as the rules name it.
    pub name: String,
    /// The unit of the values.
    pub unit: String,
    /// What was measured.
    pub values: Vec<Measured>,
}

/// One resident. No `Debug`: it is about a person.
pub struct ResidentShown {
    /// The decision and why it was made.
    pub explanation: Explanation,
    /// What was measured, over time, in the order of the rules.
    pub tests: Vec<Series>,
    /// Open tasks, what cannot wait first.
    pub tasks: Vec<OpenTask>,
    /// Who has it in hand to confirm them, when that was handed over.
    pub holder: Option<Holder>,
    /// Laboratory orders without an answer, of rounds that are over too.
    pub orders: Vec<OpenOrder>,
    /// What has happened, newest first, by the day in the programme's time zone.
    pub happened: Vec<(Date, Happened)>,
    /// Notes that professionals have written, oldest first.
    pub notes: Vec<NoteShown>,
    /// Refusals that people have put on record, oldest first.
    pub refusals: Vec<OptOutShown>,
}

/// Shows one resident, named by the opaque id or by `Patient.id`, to somebody who may see those whom
/// `reach` holds. That they look is on record before.
///
/// # Errors
///
/// As [`explain`]; whom the reach does not hold is nobody.
pub fn resident_shown(
    rulebook: &Rulebook,
    data: &mut DataFolder,
    (viewer, reach): (&str, &Reach),
    name: &str,
) -> Result<ResidentShown, StepError> {
    let resident = data.in_reach(reach, name)?;
    let explanation = explain(rulebook, data, viewer, &resident.to_string(), None)?;
    let refusals = data.ledger.opt_outs(Some(resident))?;
    Ok(ResidentShown {
        tests: series(&explanation.rulebook, &explanation.profile),
        explanation,
        tasks: data.ledger.tasks_about(resident)?,
        holder: data
            .ledger
            .confirming_in_hand(Some(resident))?
            .remove(&resident),
        orders: data.ledger.open_orders(Some(resident))?,
        happened: happened(rulebook, data, resident)?,
        notes: data.notes_about(resident)?,
        refusals: refusals.into_iter().map(OptOutShown::from).collect(),
    })
}

impl DataFolder {
    /// Who is called so, by the opaque id or by `Patient.id`, when a reach holds them.
    ///
    /// # Errors
    ///
    /// When nobody or several people are called so, the reach does not hold them, or reading fails.
    pub fn in_reach(&self, reach: &Reach, name: &str) -> Result<ResidentId, StepError> {
        let unknown = || StepError::UnknownResident(name.to_owned());
        let resident = find(self, name)?;
        let entry = self.store.register(Some(resident))?.into_iter().next();
        let entry = entry.ok_or_else(unknown)?;
        match reach.holds(entry.district.as_deref()) {
            true => Ok(resident),
            false => Err(unknown()),
        }
    }

    /// Whether an open task is about a resident.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn is_task_of(&self, task: u64, resident: ResidentId) -> Result<bool, StepError> {
        let open = self.ledger.tasks_about(resident)?;
        Ok(open.iter().any(|open| open.id == task))
    }

    /// Whether a laboratory order, by its key, is about a resident.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn is_order_of(&self, key: &str, resident: ResidentId) -> Result<bool, StepError> {
        let open = self.ledger.open_orders(Some(resident))?;
        Ok(open.iter().any(|order| order.key.to_string() == key))
    }

    /// The newest runs, the newest first.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn newest_runs(&self, most: usize) -> Result<Vec<RunRecord>, StepError> {
        let mut runs = self.ledger.runs()?;
        runs.reverse();
        runs.truncate(most);
        Ok(runs)
    }
}

/// What has happened, newest first; of one day in the order in which it was written down, the last first.
fn happened(
    rulebook: &Rulebook,
    data: &DataFolder,
    resident: ResidentId,
) -> Result<Vec<(Date, Happened)>, StepError> {
    let name = &rulebook.programme.time_zone;
    let zone = TimeZone::get(name).map_err(|_| StepError::TimeZone(name.clone()))?;
    let timeline = data.ledger.timeline(resident)?.into_iter();
    let mut happened: Vec<(Date, Happened)> = timeline
        .map(|one| match one.when {
            When::On(day) => (day, one),
            When::At(instant) => (zone.to_datetime(instant).date(), one),
        })
        .collect();
    happened.sort_by_key(|(day, one)| (*day, one.kind));
    happened.reverse();
    Ok(happened)
}

/// What was measured, over time, each kind and unit by itself, in the order of the rules.
fn series(rulebook: &Rulebook, profile: &Profile) -> Vec<Series> {
    let mut found: BTreeMap<(FactId, String), Vec<Measured>> = BTreeMap::new();
    for fact in profile.facts() {
        if let Some(quantity) = fact.quantity()
            && fact.effective != Fact::UNDATED
        {
            let unit = quantity.unit().to_string();
            found.entry((fact.id, unit)).or_default().push(Measured {
                on: fact.effective,
                value: quantity.value(),
                says: number_phrase(quantity),
            });
        }
    }
    let series = found.into_iter().map(|((id, unit), mut values)| {
        values.sort_by_key(|measured| measured.on);
        Series {
            name: rulebook.catalogue.definition(id).name.clone(),
            unit,
            values,
        }
    });
    series.collect()
}
