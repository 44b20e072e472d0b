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
//!     residents: 5_000,
//!     seed: 1,
//!     out: "demo".into(),
//!     threads: 2,
//!     progress: &|_| {},
//! };
//! let demo = demo(&options)?;
//! assert_eq!(demo.funnel.lines()[0].n, demo.run.register);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Why it is so
//!
//! The stand-in runs as a process and not as a thread: a demonstration that shared memory with its
//! other side would show nothing about an interface, and stopping one would stop both.

mod city;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Span;
use jiff::civil::{Date, date};

use crate::config::{Config, ConfigError};
use crate::daemon::{
    self, DispatchError, DispatchOptions, Duration, NetworkPullError, NetworkPullOptions,
};
use crate::fhir::{Credentials, TYPES_READ};
use crate::report::Funnel;
use crate::rulebook::Rulebook;
use crate::rules::{self, RulesError};
use crate::standin::server::{ClientKeyError, ClientKeyKind, write_client_key};
use crate::steps::{self, Access, ActOptions, DataFolder, RunOptions, RunReport, StepError};
use city::{CLIENT, City, CityOptions};

/// The first day of the programme.
const START: Date = date(2026, 1, 15);
/// Days between two runs.
const DAYS: u16 = 28;
/// Runs of a year.
const RUNS: u16 = 13;
/// Years: each is a round of asking, testing and learning.
const YEARS: u16 = 3;
/// The group that is everybody.
const GROUP: &str = "helsinki";
const SOURCE: &str = "apotti";

/// What a demonstration needs.
pub struct DemoOptions<'a> {
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
    /// The last run.
    pub run: RunReport,
    /// How far everybody has come.
    pub funnel: Funnel,
    /// Orders by state of the outbox.
    pub outbox: BTreeMap<String, u64>,
    /// What happened in the city, by its own count.
    pub happened: serde_json::Value,
    /// The most memory that the engine and the stand-in have used, in bytes, where the system tells.
    pub peak_memory: (Option<u64>, Option<u64>),
}

/// Lets a city live with the programme for three years.
///
/// # Errors
///
/// [`DemoError`]; what was done until then stays in the folder.
pub fn demo(options: &DemoOptions<'_>) -> Result<Demo, DemoError> {
    let out = prepared(&options.out)?;
    let (private, public) = write_client_key(ClientKeyKind::Es384, &out.join("keys"))?;
    let city = City::start(&CityOptions {
        residents: options.residents,
        seed: options.seed,
        start: START,
        keys: &public,
    })?;
    let rulebook = rules::shipped()?;
    let mut programme = Programme {
        options,
        root: out.join("data"),
        config: written_config(&out, &city.base(), &private)?,
        private,
        base: city.base(),
        rulebook,
    };
    let of = YEARS * RUNS + 1;
    let mut done = 0;
    let (run, outbox) = loop {
        let today = START.saturating_add(Span::new().days(i64::from(done) * i64::from(DAYS)));
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
        done += 1;
        if done == of {
            break (run, outbox);
        }
        tell("the city lives on");
        city.advance(DAYS)?;
    };
    let today = START.saturating_add(Span::new().days(i64::from(of - 1) * i64::from(DAYS)));
    let funnel = programme.funnel(&run, today)?;
    Ok(Demo {
        today,
        run,
        funnel,
        outbox,
        happened: city.happened()?,
        peak_memory: (
            city::peak_memory(Path::new("/proc/self/status")),
            city.peak_memory(),
        ),
    })
}

/// The folder, made and empty.
fn prepared(out: &Path) -> Result<PathBuf, DemoError> {
    let failed = |source| DemoError::File {
        path: out.to_path_buf(),
        source,
    };
    fs::create_dir_all(out).map_err(failed)?;
    if fs::read_dir(out).map_err(failed)?.next().is_some() {
        return Err(DemoError::NotEmpty(out.to_path_buf()));
    }
    out.canonicalize().map_err(failed)
}

/// Writes the configuration as an operator would, and reads it.
fn written_config(out: &Path, base: &str, key: &Path) -> Result<Config, DemoError> {
    let last = START.saturating_add(Span::new().years(i64::from(YEARS) + 1));
    let text = format!(
        include_str!("preventio.toml"),
        start = START,
        last = last,
        base = base,
        source = SOURCE,
        client = CLIENT,
        key = key.display(),
    );
    let path = out.join("preventio.toml");
    fs::write(&path, text).map_err(|source| DemoError::File {
        path: path.clone(),
        source,
    })?;
    Ok(Config::read(&path)?)
}

/// What acts of the programme share.
struct Programme<'a> {
    options: &'a DemoOptions<'a>,
    root: PathBuf,
    config: Config,
    private: PathBuf,
    base: String,
    rulebook: Rulebook,
}

impl Programme<'_> {
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
            types: TYPES_READ.map(str::to_owned).into(),
            changed,
            by_post: false,
            days: 1,
            key: None,
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
            }),
        };
        Ok(steps::run(&self.rulebook, &mut data, &options)?)
    }

    fn dispatch(&self) -> Result<BTreeMap<String, u64>, DemoError> {
        let report = daemon::dispatch(&DispatchOptions {
            root: self.root.clone(),
            rulebook: self.rulebook.clone(),
            config: self.config.clone(),
            duration: Duration::Once,
        })?;
        Ok(report.outbox)
    }

    /// How far everybody has come by the last run.
    fn funnel(&self, run: &RunReport, today: Date) -> Result<Funnel, DemoError> {
        let data = DataFolder::open(&self.root, Access::Read)?;
        Ok(steps::funnel(&data, run.run, today)?)
    }
}
