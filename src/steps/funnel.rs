//! How far everybody has come, from the states of a run and the events of every round.

use std::collections::HashMap;

use jiff::civil::Date;

use super::{DataFolder, StepError};
use crate::profile::ResidentId;
use crate::report::{Course, Funnel};

/// Counts everybody whom a run decided about, each once.
///
/// # Errors
///
/// When lake or ledger cannot be read.
///
/// # Panics
///
/// Never: the lake hands out states of the closed list only.
pub fn funnel(data: &DataFolder, run: u32, today: Date) -> Result<Funnel, StepError> {
    let mut courses: HashMap<ResidentId, Course> = HashMap::new();
    data.ledger.every_event(|resident, round, event| {
        courses.entry(resident).or_default().add(round, event);
    })?;
    let mut funnel = Funnel::default();
    data.store.decisions_of(run, |row| {
        let course = courses.remove(&row.resident).unwrap_or_default();
        funnel.count(course.place(row.known_state(), today));
    })?;
    Ok(funnel)
}
