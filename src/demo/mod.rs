//! Demo: the whole programme on a made-up city, in one command.
//!
//! # What lives here
//!
//! The script of a demonstration: which day it is, what is done on it, and what is told at the end.
//! Each act is a step or the dispatcher, as an operator would start it; nothing is done here that
//! they could not do with the other commands. The other side is the stand-in, in a process of its
//! own, behind tokens and real requests.
//!
//! # How the data flows
//!
//! [`DemoOptions`] → for each of the programme's months: pull, run that acts, dispatch; then the
//! city lives on until the next month → [`Demo`]: the last run, the funnel, what was learned.
//!
//! # Invariants
//!
//! * The configuration in force is written beside the data, so every act can be repeated by hand.
//! * The engine knows of the city what it pulls; only the comparison at the end knows the truth.
//!
//! # Example
//!
//! ```no_run
//! use preventiojyraa::demo::{DemoOptions, demo};
//!
//! let options = DemoOptions {
//!     programme: None,
//!     residents: 5_000,
//!     seed: 1,
//!     out: "demo".into(),
//!     threads: 2,
//!     progress: &|_| {},
//! };
//! let demo = demo(&options)?;
//! assert_eq!(demo.lines()[0].n, demo.run.register);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Why it is so
//!
//! The stand-in runs as a process and not as a thread: a demonstration that shared memory with its
//! other side would show nothing about an interface, and stopping one would stop both.

mod city;
mod document;
mod folder;
mod rules;
mod signed;
mod truth;

pub use document::DemoDocument;
pub use rules::rulebook;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Span;
use jiff::civil::{Date, date};

use crate::approval::KeyError;
use crate::config::SourceTerms;
use crate::config::{Config, ConfigError};
use crate::daemon::{
    self, DispatchError, DispatchOptions, Duration, NetworkPullError, NetworkPullOptions, PullBy,
};
use crate::fhir::{Credentials, MORE_TYPES, TYPES_READ};
use crate::learning::Tested;
use crate::report::{DemonstrationShown, Funnel, FunnelLine, Learned, Truth};
use crate::rulebook::{Programme as Rules, Rulebook, State, Words};
use crate::rules::RulesError;
use crate::standin::server::{ClientKeyError, ClientKeyKind, write_client_key};
use crate::steps::{
    self, Access, ActOptions, DataFolder, HoldOut, LearnOptions, LearnReport, RunOptions,
    RunReport, StepError,
};
use city::{CLIENT, City, CityOptions};
use folder::{last_day, prepared, written_config};
use signed::Way;

/// The first day of the programme.
const START: Date = date(2026, 1, 15);
/// Days between two runs.
const DAYS: u16 = 28;
/// Runs of a year.
const RUNS: u16 = 13;
/// Years: each is a round of asking, testing and learning.
const YEARS: u16 = 3;
/// Runs from the first day to the last.
const RUNS_IN_ALL: u16 = YEARS * RUNS + 1;
/// Runs between two looks back, until a recalibration is signed.
const QUARTER: u16 = 3;
/// The first look back: everybody whom the first year decided about has had their twelve months.
const FIRST_LOOK: u16 = 2 * RUNS;
/// The group that is everybody.
const GROUP: &str = "helsinki";
const SOURCE: &str = "apotti";

/// What a demonstration needs.
pub struct DemoOptions<'a> {
    /// The programme, by its id; the default one otherwise.
    pub programme: Option<String>,
    /// Residents of the city.
    pub residents: u32,
    /// Another seed is another city.
    pub seed: u64,
    /// A folder for everything that is written; it must be empty or not there.
    pub out: PathBuf,
    /// Worker threads.
    pub threads: usize,
    /// Hears how far it is.
    pub progress: &'a dyn Fn(&Progress),
}

/// How far a demonstration is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// What is done now.
    pub doing: &'static str,
    /// The day in the city.
    pub today: Date,
    /// Runs that are done.
    pub done: u16,
    /// Runs in all.
    pub of: u16,
}

/// Why a demonstration ended early.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// There is something in the folder.
    #[error("`{0}` is not empty\nhint: `--out` names a new folder")]
    NotEmpty(PathBuf),
    /// A file could not be written.
    #[error("cannot write `{path}`")]
    File {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The stand-in did not start.
    #[error("the stand-in cannot be started")]
    City(#[source] std::io::Error),
    /// The stand-in could not be asked.
    #[error("the stand-in does not answer")]
    NoAnswer(#[from] reqwest::Error),
    /// It answered something else.
    #[error("the stand-in answered something else than was asked")]
    Told,
    /// The key pair could not be made.
    #[error(transparent)]
    Key(#[from] ClientKeyError),
    /// A signer's key could not be made or read.
    #[error(transparent)]
    Signer(#[from] KeyError),
    /// The rules in the program are wrong.
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// The configuration that the demonstration wrote is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Credentials that make no sense.
    #[error("{0}")]
    Credentials(&'static str),
    /// A pull failed.
    #[error(transparent)]
    Pull(#[from] NetworkPullError),
    /// A step failed.
    #[error(transparent)]
    Step(#[from] StepError),
    /// Dispatching failed.
    #[error(transparent)]
    Dispatch(#[from] DispatchError),
}

/// What a demonstration showed.
pub struct Demo {
    /// The day of the last run.
    pub today: Date,
    /// What things are called in the programme.
    pub words: Words,
    /// What the calibration is of, in words.
    pub estimand: String,
    /// The last run.
    pub run: RunReport,
    /// How far everybody has come.
    pub funnel: Funnel,
    /// Orders by state of the outbox.
    pub outbox: BTreeMap<String, u64>,
    /// What happened in the city, by its own count.
    pub happened: serde_json::Value,
    /// The looks back, in order.
    pub looks: Vec<LearnReport>,
    /// How far the recalibration that was proposed has come.
    way: Way,
    /// What is really so, for those whose score decided; nothing when there were too few.
    pub truth: Option<Truth>,
    /// How it was asked for.
    asked: (u32, u64),
    /// The most memory that the engine and the stand-in have used, in bytes, where the system tells.
    pub peak_memory: (Option<u64>, Option<u64>),
}

/// Lets a city live with the programme for three years.
///
/// # Errors
///
/// [`DemoError`]; what was done until then stays in the folder.
pub fn demo(options: &DemoOptions<'_>) -> Result<Demo, DemoError> {
    let rulebook = rulebook(options.programme.as_deref())?;
    let out = prepared(&options.out)?;
    let (private, public) = write_client_key(ClientKeyKind::Es384, &out.join("keys"))?;
    signed::write_signers(&out, last_day())?;
    let city = City::start(&CityOptions {
        residents: options.residents,
        seed: options.seed,
        start: START,
        keys: &public,
    })?;
    let mut programme = Programme {
        options,
        root: out.join("data"),
        config: written_config(&out, &city.base(), &private)?,
        private,
        keys: out.join("keys"),
        base: city.base(),
        rulebook,
        way: Way::None,
    };
    let of = RUNS_IN_ALL;
    let mut looks = Vec::new();
    let mut done = 0;
    let (run, outbox) = loop {
        let today = day_of(done);
        programme.config.site.today = Some(today);
        let so_far = done;
        let tell = |doing| {
            (options.progress)(&Progress {
                doing,
                today,
                done: so_far,
                of,
            });
        };
        tell("pulling");
        programme.pull(today, 0 < done)?;
        tell("deciding");
        let run = programme.run(today)?;
        tell("delivering");
        let outbox = programme.dispatch()?;
        if programme.observes() && programme.is_to_look(done) {
            tell("learning");
            looks = vec![programme.learn_and_sign(today)?];
        } else {
            programme.goes_on(today)?;
        }
        if programme.observes() && done + 1 == of {
            tell("learning");
            looks.push(programme.look_back(today, HoldOut::Nobody)?);
        }
        done += 1;
        if done == of {
            break (run, outbox);
        }
        tell("the city lives on");
        city.advance(DAYS)?;
    };
    let today = day_of(of - 1);
    (options.progress)(&Progress {
        doing: "holding it against the truth",
        today,
        done: of,
        of,
    });
    let funnel = programme.funnel(&run, today)?;
    let truth = programme.truth(&city, &looks)?;
    let Rulebook {
        programme: Rules { words, .. },
        calibration,
        ..
    } = programme.rulebook;
    Ok(Demo {
        today,
        words,
        estimand: calibration.estimand.to_string(),
        run,
        funnel,
        looks,
        way: programme.way,
        truth,
        asked: (options.residents, options.seed),
        outbox,
        happened: city.happened()?,
        peak_memory: (
            city::peak_memory(Path::new("/proc/self/status")),
            city.peak_memory(),
        ),
    })
}

impl Demo {
    /// How far everybody has come, line by line.
    #[must_use]
    pub fn lines(&self) -> Vec<FunnelLine> {
        self.funnel.lines(&self.words)
    }

    /// As a report shows it.
    #[must_use]
    pub fn shown<'a>(
        &'a self,
        lines: &'a [FunnelLine],
        states: &'a [(State, u64)],
    ) -> DemonstrationShown<'a> {
        let look = |report: &'a LearnReport| (&report.learning, &report.subject);
        let accepted = self
            .looks
            .iter()
            .find(|look| look.subject.accepted.is_some());
        let learned = self.looks.last().map(|last| Learned {
            recalibrated: look(accepted.unwrap_or(last)),
            last: look(last),
            way: self.way.told(),
        });
        DemonstrationShown {
            residents: self.asked.0,
            seed: self.asked.1,
            days: (START, self.today),
            runs: RUNS_IN_ALL,
            words: &self.words,
            funnel: lines,
            states,
            learned: learned.ok_or_else(|| self.estimand.clone()),
            truth: self.truth.as_ref(),
        }
    }

    /// Residents by state at the last run, in the order of the closed list.
    #[must_use]
    pub fn states(&self) -> Vec<(State, u64)> {
        let states = State::NAMES.iter();
        let n = |state| self.run.states.get(self.words.state(state)).copied();
        states
            .map(|(_, state)| (*state, n(*state).unwrap_or_default()))
            .collect()
    }
}

/// The day of a run, from 0.
fn day_of(run: u16) -> Date {
    START.saturating_add(Span::new().days(i64::from(run) * i64::from(DAYS)))
}

/// What acts of the programme share.
struct Programme<'a> {
    options: &'a DemoOptions<'a>,
    root: PathBuf,
    config: Config,
    private: PathBuf,
    keys: PathBuf,
    base: String,
    rulebook: Rulebook,
    way: Way,
}

impl Programme<'_> {
    /// Whether the programme observes what its calibration is of.
    fn observes(&self) -> bool {
        self.rulebook.calibration.estimand.observed.is_some()
    }

    fn pull(&self, today: Date, changed: bool) -> Result<(), DemoError> {
        let client = (Some(CLIENT.to_owned()), Some(self.private.clone()));
        let credentials = Credentials::of(None, client, None).map_err(DemoError::Credentials)?;
        daemon::network_pull(&NetworkPullOptions {
            root: self.root.clone(),
            rulebook: &self.rulebook,
            server: self.base.clone(),
            credentials,
            group: GROUP.to_owned(),
            source: SOURCE.to_owned(),
            types: (TYPES_READ.iter().chain(&MORE_TYPES))
                .map(|kind| (*kind).to_owned())
                .collect(),
            by: PullBy::Export,
            members: None,
            at_once: 1,
            changed,
            by_post: false,
            days: 1,
            within: None,
            key: None,
            laboratory: None,
            terms: SourceTerms::default(),
            threads: self.options.threads,
            today,
            tell: &|_| {},
        })?;
        Ok(())
    }

    fn run(&self, today: Date) -> Result<RunReport, DemoError> {
        let mut data = DataFolder::open(&self.root, Access::WriteExisting)?;
        let options = RunOptions {
            index_date: today,
            threads: self.options.threads,
            at: today.to_string(),
            act: Some(ActOptions {
                config: &self.config,
                today,
                signature: None,
            }),
            progress: None,
        };
        Ok(steps::run(&self.rulebook, &mut data, &options)?)
    }

    fn dispatch(&self) -> Result<BTreeMap<String, u64>, DemoError> {
        let report = daemon::dispatch(&DispatchOptions {
            root: self.root.clone(),
            rulebook: self.rulebook.clone(),
            signature: None,
            config: self.config.clone(),
            duration: Duration::Once,
            end: None,
        })?;
        Ok(report.outbox)
    }

    /// Whether what the outcomes justify is looked for at a run: every quarter, until something is signed.
    fn is_to_look(&self, run: u16) -> bool {
        let is_open = match self.way {
            Way::None | Way::Shut(_) => true,
            Way::ForAShare(_) | Way::ForAll(_) => false,
        };
        let since = run.checked_sub(FIRST_LOOK);
        is_open && run + 1 < RUNS_IN_ALL && since.is_some_and(|n| n.is_multiple_of(QUARTER))
    }

    /// Looks back.
    fn look_back(&self, today: Date, hold_out: HoldOut) -> Result<LearnReport, DemoError> {
        let mut data = DataFolder::open(&self.root, Access::WriteExisting)?;
        let options = LearnOptions {
            today,
            index_run: None,
            accept_as: None,
            hold_out,
            at: today.to_string(),
        };
        Ok(steps::learn(&self.rulebook, &mut data, &options)?)
    }

    /// Holds the calibrations against the truth, on the people whom the last look followed.
    fn truth(&self, city: &City, looks: &[LearnReport]) -> Result<Option<Truth>, DemoError> {
        let observed = self.rulebook.calibration.estimand.observed.as_ref();
        let (system, code) = city::TRUTH_IS_ABOUT;
        let about = self.rulebook.catalogue.meaning(system, code);
        // The city knows the truth about one disease.
        if observed.is_none_or(|observed| about != Some(observed.confirmed_by)) {
            return Ok(None);
        }
        let data = DataFolder::open(&self.root, Access::Read)?;
        let in_force = steps::in_force(&self.rulebook, &data)?;
        let accepted = in_force.recalibration.is_some();
        let after = accepted.then_some(&in_force.rulebook.calibration);
        let confirmed = |day| truth::confirmed(&city.truth(day)?);
        let cases = looks.last().map_or(&[][..], |look| &look.cases[..]);
        let both = (&self.rulebook.calibration, after);
        let accepted = looks.iter().find(|look| look.subject.accepted.is_some());
        let among = accepted.map_or(Tested::Everybody, |look| look.learning.first.tested);
        truth::compared(both, cases, confirmed, among)
    }

    /// How far everybody has come by the last run.
    fn funnel(&self, run: &RunReport, today: Date) -> Result<Funnel, DemoError> {
        let data = DataFolder::open(&self.root, Access::Read)?;
        Ok(steps::funnel(&data, run.run, today)?)
    }
}
