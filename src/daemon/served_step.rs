//! One step of the schedule, done on a thread of its own and put on record.

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use tokio::sync::watch::Receiver;

use super::dispatch::{dispatch, now, today};
use super::dispatching::{DispatchOptions, DispatchReport, Duration};
use super::evidence::evidence;
use super::serving::{ServeOptions, ServedClock};
use super::source_pulls::{SourcePulls, pull_sources};
use crate::config::{Config, NoEffects};
use crate::ledger::{ServedOutcome, ServedStep};
use crate::report;
use crate::schedule::{Ended, Start, Step};
use crate::steps::{
    self, Access, ActOptions, DataFolder, HoldOut, LearnOptions, RunOptions, RunProgress,
    RunReport, StepError,
};

/// Residents read at once where there is no export.
const AT_ONCE: usize = 4;
/// Days after which an export is given up.
const GIVE_UP_DAYS: u32 = 21;

type Told = (ServedOutcome, String);
type Trouble = Box<dyn Error>;

/// What every step needs.
pub(super) struct Work {
    pub(super) options: ServeOptions,
    pub(super) clock: ServedClock,
    pub(super) zone: TimeZone,
    /// Turns true when dispatchers are to begin nothing new.
    pub(super) end: Receiver<bool>,
    /// How far a run is that decides now.
    pub(super) progress: Arc<RunProgress>,
}

impl Work {
    /// The day that it is where the programme is: the one that a set clock shows, else the configuration's.
    pub(super) fn today(&self) -> Date {
        let said = self.clock.chosen_day(&self.zone);
        let said = said.or_else(|| today(&self.options.rulebook, Some(&self.options.config)).ok());
        said.unwrap_or_else(|| self.zone.to_datetime(self.clock.now()).date())
    }

    /// Does a step, however long it takes, and writes down how it ended.
    pub(super) fn does(&self, start: Start) -> Ended {
        let Start { step, day, .. } = start;
        let name = step.name();
        let served = match self.begins(start) {
            Ok(served) => served,
            Err(error) => {
                self.tell(&format!("{name} for {day} cannot begin: {}", chain(&error)));
                return Ended::Failed;
            }
        };
        self.tell(&format!("{name} for {day} begins"));
        // A defect in one step is that step's trouble: the others go on.
        let done = catch_unwind(AssertUnwindSafe(|| self.work(&served, start)));
        let (outcome, told) = match done {
            Ok(Ok(told)) => told,
            Ok(Err(error)) => (ServedOutcome::Failed, chain(error.as_ref())),
            Err(_) => (ServedOutcome::Failed, "a part of it broke down".to_owned()),
        };
        self.tell(&format!("{name} for {day}: {}: {told}", outcome.name()));
        if let Err(error) = self.ends(&served, outcome, &told) {
            // Done all the same: the next process finds out from what is there.
            self.tell(&format!(
                "{name} for {day} is not on record: {}",
                chain(&error)
            ));
        }
        match outcome.settles() {
            true => Ended::Done,
            false => Ended::Failed,
        }
    }

    fn tell(&self, text: &str) {
        (self.options.tell)(text);
    }

    fn begins(&self, start: Start) -> Result<ServedStep, StepError> {
        let mut data = DataFolder::open(&self.options.root, Access::Read)?;
        data.begin_step(start, self.clock.now())
    }

    fn ends(
        &self,
        served: &ServedStep,
        outcome: ServedOutcome,
        told: &str,
    ) -> Result<(), StepError> {
        let data = DataFolder::open(&self.options.root, Access::Read)?;
        data.end_step(served, self.clock.now(), outcome, told)
    }

    /// The configuration with what may be taken back as it is written now, and the day.
    fn of_now(&self) -> Result<(Config, Date), Trouble> {
        let mut config = self.options.config.with_permission_of_now()?;
        if let Some(day) = self.clock.chosen_day(&self.zone) {
            config.site.today = Some(day);
        }
        let today = today(&self.options.rulebook, Some(&config))?;
        Ok((config, today))
    }

    fn work(&self, served: &ServedStep, start: Start) -> Result<Told, Trouble> {
        let (config, today) = self.of_now()?;
        match start.step {
            Step::Pull => self.pulls(served, &config, today),
            Step::Run => self.runs(&config, today),
            Step::Dispatch => {
                let until = start.until.unwrap_or_else(|| self.clock.now());
                let report = dispatch(&DispatchOptions {
                    root: self.options.root.clone(),
                    rulebook: self.options.rulebook.clone(),
                    signature: self.options.signature.clone(),
                    config,
                    duration: Duration::Until(self.clock.on_the_machine(until)),
                    end: Some(self.end.clone()),
                })?;
                Ok(dispatched(&report))
            }
            Step::Reconcile => self.reconciles(&config, today),
            Step::Learn => self.learns(today),
        }
    }

    fn pulls(&self, served: &ServedStep, config: &Config, today: Date) -> Result<Told, Trouble> {
        let options = SourcePulls {
            root: self.options.root.clone(),
            rulebook: &self.options.rulebook,
            config,
            only: None,
            // A source that came before the process ended is not asked again for the same day.
            since: Some(served.before.0),
            at_once: AT_ONCE,
            days: GIVE_UP_DAYS,
            key: self.options.key.as_ref(),
            threads: self.options.threads,
            today,
            tell: &|text| self.tell(text),
        };
        let pulled = pull_sources(&options, |name, pulled| match pulled {
            Ok(report) => {
                let (id, lines, facts) = (report.id, report.lines.read, report.facts);
                self.tell(&format!(
                    "source `{name}`: pull {id}, {lines} lines, {facts} facts"
                ));
            }
            Err(error) => self.tell(&format!("source `{name}` was not pulled: {}", chain(error))),
        })?;
        let trouble = pulled.trouble();
        if trouble.is_empty() {
            return Ok((ServedOutcome::Done, format!("{} sources", pulled.of)));
        }
        Ok((ServedOutcome::Failed, trouble.join("; ")))
    }

    /// Decides about everybody, and acts where that is allowed: scoring goes on while it is not. Without
    /// the law's permission nobody is decided about.
    fn runs(&self, config: &Config, today: Date) -> Result<Told, Trouble> {
        config.legal_basis_holds(today)?;
        let rulebook = &self.options.rulebook;
        let mut data = DataFolder::open(&self.options.root, Access::WriteExisting)?;
        data.lies_as(config)?;
        let mut options = RunOptions {
            index_date: today,
            threads: self.options.threads,
            at: now().to_string(),
            act: Some(ActOptions {
                config,
                today,
                signature: self.options.signature.as_ref(),
            }),
            progress: Some(Arc::clone(&self.progress)),
        };
        let why = match steps::run(rulebook, &mut data, &options) {
            Ok(report) => return Ok(ran(&report)),
            Err(error) if keeps_from_acting(&error) => error.to_string(),
            Err(error) => return Err(error.into()),
        };
        options.act = None;
        let report = steps::run(rulebook, &mut data, &options)?;
        let (_, told) = ran(&report);
        let why = why.lines().next().unwrap_or_default();
        Ok((
            ServedOutcome::Held,
            format!("{told}; nothing is asked of anybody: {why}"),
        ))
    }

    fn reconciles(&self, config: &Config, today: Date) -> Result<Told, Trouble> {
        let mut data = DataFolder::open(&self.options.root, Access::Read)?;
        let evidence = evidence(&data, config)?;
        let report = steps::reconcile(&mut data, &config.terms(), &evidence, today)?;
        if report.agrees() {
            let told = format!("{} orders, everything agrees", report.orders);
            return Ok((ServedOutcome::Done, told));
        }
        let differences = report.differences.iter();
        let told = differences.map(|one| format!("{} {}", one.n, one.what));
        let told = told.collect::<Vec<_>>().join("; ");
        Ok((ServedOutcome::Differs, told))
    }

    fn learns(&self, today: Date) -> Result<Told, Trouble> {
        let mut data = DataFolder::open(&self.options.root, Access::WriteExisting)?;
        let options = LearnOptions {
            today,
            index_run: None,
            accept_as: None,
            hold_out: HoldOut::Nobody,
            at: now().to_string(),
        };
        let learned = steps::learn(&self.options.rulebook, &mut data, &options)?;
        if let Some(folder) = &self.options.config.serve.reports {
            let rulebook = &self.options.rulebook;
            let precision = steps::precision(rulebook, &data, (&learned.cases, today))?;
            let page = report::learning_page(&learned.learning, &learned.subject, &precision);
            let path = folder.join(format!("learned-{today}.html"));
            std::fs::write(&path, page)
                .map_err(|error| format!("cannot write `{}`: {error}", path.display()))?;
        }
        let told = match learned.subject.proposal {
            Some(id) => format!(
                "recalibration {id} is proposed; `preventio model` tests it and has it signed"
            ),
            None => "no recalibration is proposed".to_owned(),
        };
        Ok((ServedOutcome::Done, told))
    }
}

/// Whether a run failed for a reason that does not keep it from deciding, only from acting.
fn keeps_from_acting(error: &StepError) -> bool {
    let is_law = matches!(error, StepError::NoEffects(NoEffects::LegalBasis { .. }));
    !is_law && matches!(error, StepError::NoEffects(_) | StepError::Unmapped(_))
}

fn ran(report: &RunReport) -> Told {
    let told = format!("run {}, {} residents", report.run, report.register);
    match report.act.as_ref().map(|act| (act.planned, &act.stopped)) {
        Some((_, Some(why))) => (
            ServedOutcome::Held,
            format!("{told}; effects are stopped: {why}"),
        ),
        Some((planned, None)) => (
            ServedOutcome::Done,
            format!("{told}, {planned} orders planned"),
        ),
        None => (ServedOutcome::Done, told),
    }
}

fn dispatched(report: &DispatchReport) -> Told {
    let told = format!(
        "{} requests: {} accepted, {} turned down, {} not now, {} without a clear answer",
        report.sent, report.accepted, report.turned_down, report.later, report.without_answer
    );
    match &report.held {
        Some(why) => (
            ServedOutcome::Held,
            format!("{told}; nothing is sent: {why}"),
        ),
        None => (ServedOutcome::Done, told),
    }
}

/// An error with everything that caused it, on one line, without its hints.
fn chain(error: &dyn Error) -> String {
    let mut told = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        let lines = text.lines().filter(|line| !line.starts_with("hint: "));
        told.push(lines.map(str::trim).collect::<Vec<_>>().join("; "));
        next = error.source();
    }
    told.join(": ")
}
