//! Steps of the schedule on record: what is settled, what a dead process left, and what watchers count.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;

use jiff::Timestamp;
use jiff::civil::Date;

use super::data::lock_of;
use super::{DataFolder, PullReport, RunReport, StepError, Switch};
use crate::lake;
use crate::ledger::{ServedOutcome, ServedStep};
use crate::schedule::{Past, Start, Step};

/// Since when this folder is served.
const SINCE: &str = "served-since";
/// Steps looked back on: more than fail between two that do not.
const MOST: u32 = 256;

/// The right to serve a data folder; the system gives it back with the process.
pub struct ServedAlone(#[expect(dead_code, reason = "held, not read")] File);

/// Takes the right to serve a data folder, which is made when it is not there.
///
/// # Errors
///
/// [`StepError::Served`] when another process has it, or the folder cannot be made.
pub fn served_alone(root: &Path) -> Result<ServedAlone, StepError> {
    lake::private_folder(root)?;
    match lock_of(root, "serve.lock") {
        Ok(file) => Ok(ServedAlone(file)),
        Err(StepError::Busy(root)) => Err(StepError::Served(root)),
        Err(error) => Err(error),
    }
}

/// What watchers are told of a data folder: counts by states of closed lists, nobody and no place.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ServedReport {
    /// Steps of the schedule by name and how they ended: how many, and their seconds in all.
    pub steps: Vec<(String, String, u64, f64)>,
    /// By step: when it last ended well, and how long it took then, in seconds.
    pub newest: BTreeMap<&'static str, (Timestamp, f64)>,
    /// Rows of the outbox by state.
    pub outbox: BTreeMap<String, u64>,
    /// Open tasks by code.
    pub tasks: BTreeMap<String, u64>,
    /// Those of them whose day is over.
    pub late: BTreeMap<String, u64>,
    /// Residents by state after the newest run.
    pub residents: BTreeMap<String, u64>,
    /// Whether effects are stopped by hand.
    pub is_stopped: bool,
}

impl DataFolder {
    /// Since when this folder is served; from now on, where it never was.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read or written.
    pub fn served_since(&self, now: Timestamp) -> Result<Timestamp, StepError> {
        let known = self.ledger.setting(SINCE)?;
        let known = known.and_then(|bytes| String::from_utf8(bytes).ok()?.parse().ok());
        if let Some(since) = known {
            return Ok(since);
        }
        self.ledger
            .change(SINCE, Some(now.to_string().as_bytes()))?;
        Ok(now)
    }

    /// The newest of each step of the schedule, in the order of a day; a step that was never begun is not there.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn served_newest(&self) -> Result<Vec<ServedStep>, StepError> {
        let mut newest = Vec::new();
        for step in Step::ALL {
            newest.extend(self.ledger.served(step, 1)?.into_iter().next());
        }
        Ok(newest)
    }

    /// What is on record of each step. What a process left that ended without a word is looked at: a
    /// pull or run that is there was done, whatever else could not be written down any more.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read or written.
    pub fn served_past(&self, now: Timestamp) -> Result<Vec<Past>, StepError> {
        let mut past = Vec::new();
        for step in Step::ALL {
            for served in self.ledger.served(step, MOST)? {
                let outcome = served.ended.map(|(_, outcome)| outcome);
                if matches!(outcome, None | Some(ServedOutcome::Abandoned)) {
                    self.settle(&served, now)?;
                }
            }
            past.push(past_of(step, &self.ledger.served(step, MOST)?));
        }
        Ok(past)
    }

    fn settle(&self, served: &ServedStep, now: Timestamp) -> Result<(), StepError> {
        let (outcome, told) = if self.has_come(served)? {
            (ServedOutcome::Done, "done when its process ended")
        } else if served.ended.is_none() {
            (
                ServedOutcome::Interrupted,
                "its process ended without a word",
            )
        } else {
            return Ok(());
        };
        self.ledger.end_served(served.id, now, outcome, told)?;
        Ok(())
    }

    /// Whether a run for the day is there that was not when the step began. Of a pull each source is
    /// looked at when it is pulled again.
    fn has_come(&self, served: &ServedStep) -> Result<bool, StepError> {
        match served.step {
            Step::Run => {
                let runs = self.ledger.runs()?;
                Ok(runs.iter().any(|run| {
                    let day: Option<Date> = run.index_date.parse().ok();
                    served.before.1 < run.id && Some(served.day) <= day
                }))
            }
            Step::Pull | Step::Dispatch | Step::Reconcile | Step::Learn => Ok(false),
        }
    }

    /// Writes down that a step begins.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub fn begin_step(&mut self, start: Start, at: Timestamp) -> Result<ServedStep, StepError> {
        Ok(self.ledger.begin_served(start.step, start.day, at)?)
    }

    /// Writes down how a step ended, in words without a person.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub fn end_step(
        &self,
        served: &ServedStep,
        at: Timestamp,
        outcome: ServedOutcome,
        told: &str,
    ) -> Result<(), StepError> {
        self.ledger.end_served(served.id, at, outcome, told)?;
        Ok(())
    }

    /// Writes down of every step under way that it was not waited for.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read or written.
    pub fn abandon_steps(&self, at: Timestamp) -> Result<(), StepError> {
        for step in Step::ALL {
            for served in self.ledger.served(step, 1)? {
                if served.ended.is_none() {
                    let told = "told to end";
                    self.end_step(&served, at, ServedOutcome::Abandoned, told)?;
                }
            }
        }
        Ok(())
    }

    /// The sources of which something has come since a pull.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn sources_since(&self, pull: u32) -> Result<BTreeSet<String>, StepError> {
        let pulls = self.ledger.pulls()?.into_iter();
        let since = pulls.filter(|known| pull < known.id);
        let brought = since.filter(|known| {
            let report = serde_json::from_str::<PullReport>(&known.report);
            // A mark that a source failed is no pull of it.
            !report.is_ok_and(|report| report.is_of_nothing())
        });
        Ok(brought.map(|known| known.source).collect())
    }

    /// What watchers are told, on a day.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn served_report(&self, today: Date) -> Result<ServedReport, StepError> {
        let mut newest = BTreeMap::new();
        for step in Step::ALL {
            let steps = self.ledger.served(step, MOST)?.into_iter();
            let ended = steps.filter_map(|served| Some((served.started, served.ended?)));
            let well = ended
                .filter(|(_, (_, outcome))| outcome.settles())
                .map(|(from, (to, _))| (from, to));
            if let Some((from, to)) = well.max_by_key(|(_, to)| *to) {
                newest.insert(step.name(), (to, to.duration_since(from).as_secs_f64()));
            }
        }
        let (mut tasks, mut late) = (BTreeMap::new(), BTreeMap::new());
        for open in self.ledger.tasks()? {
            *tasks.entry(open.task.code.clone()).or_default() += 1;
            let n: &mut u64 = late.entry(open.task.code).or_default();
            *n += u64::from(open.task.due < today);
        }
        let newest_run = self.ledger.newest_run()?;
        let report = newest_run.and_then(|run| serde_json::from_str::<RunReport>(&run.report).ok());
        Ok(ServedReport {
            steps: self.ledger.served_counts()?,
            newest,
            outbox: self.ledger.outbox_states()?,
            tasks,
            late,
            residents: report.map(|report| report.states).unwrap_or_default(),
            is_stopped: Switch::of(&self.root).is_stopped(),
        })
    }
}

/// What the steps of a kind, newest first, mean for the next.
fn past_of(step: Step, newest_first: &[ServedStep]) -> Past {
    let ends = newest_first.iter();
    let ends = ends.filter_map(|served| Some((served.day, served.ended?)));
    let ends: Vec<(Date, (Timestamp, ServedOutcome))> = ends.collect();
    let well = ends.iter().filter(|(_, (_, outcome))| outcome.settles());
    let since_well = ends
        .iter()
        .take_while(|(_, (_, outcome))| !outcome.settles());
    let since_well: Vec<_> = since_well.collect();
    let failed = since_well.first().and_then(|(day, (at, _))| {
        let same_day = since_well.iter().filter(|(of, _)| of == day);
        let outcomes: Vec<ServedOutcome> = same_day.map(|(_, (_, outcome))| *outcome).collect();
        let n = |wanted: ServedOutcome| outcomes.iter().filter(|known| **known == wanted).count();
        // Once a process may be killed; a step that kills it each time is not hurried.
        let n = n(ServedOutcome::Failed) + n(ServedOutcome::Interrupted).saturating_sub(1);
        let n = u32::try_from(n).unwrap_or(u32::MAX);
        (0 < n).then_some((*day, n, *at))
    });
    Past {
        step,
        settled: well.map(|(day, _)| *day).max(),
        failed,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn what_is_on_record_says_what_is_settled_and_what_is_tried_again() {
        use ServedOutcome::{Abandoned, Differs, Done, Failed, Held, Interrupted};
        let (first, second) = (date(2026, 1, 15), date(2026, 1, 16));
        let at = |n: i64| Timestamp::from_second(n).expect("an instant");
        // Oldest first: the day, and how it ended.
        for (rows, settled, failed) in [
            (vec![], None, None),
            (vec![(first, Done)], Some(first), None),
            (vec![(first, Held), (second, Differs)], Some(second), None),
            (
                vec![(first, Done), (second, Failed)],
                Some(first),
                Some((second, 1, at(2))),
            ),
            (
                vec![(second, Failed), (second, Failed)],
                None,
                Some((second, 2, at(2))),
            ),
            (vec![(second, Failed), (second, Done)], Some(second), None),
            // Killed once: at once. Killed twice: not so fast.
            (vec![(first, Interrupted)], None, None),
            (
                vec![(first, Interrupted), (first, Interrupted)],
                None,
                Some((first, 1, at(2))),
            ),
            (
                vec![(first, Failed), (first, Abandoned)],
                None,
                Some((first, 1, at(2))),
            ),
            (vec![(first, Failed), (second, Abandoned)], None, None),
        ] {
            let served = rows.iter().zip(1..).map(|((day, outcome), n)| ServedStep {
                id: n,
                step: Step::Run,
                day: *day,
                started: at(0),
                before: (0, 0),
                ended: Some((at(n), *outcome)),
            });
            let mut newest_first: Vec<ServedStep> = served.collect();
            newest_first.reverse();
            let past = past_of(Step::Run, &newest_first);
            assert_eq!((past.settled, past.failed), (settled, failed), "{rows:?}");
        }
    }
}
