//! The command line: one file per subcommand, rendering, exit codes.
//!
//! stdout is data, stderr is talk. Exit codes: 0 done, 1 failed, 2 wrong usage,
//! 3 the data folder is damaged, 4 the rules have mistakes, 5 what left and what arrived differ, not
//! everybody is accounted for, or not everything could be looked back on, 6 a change of rules is out of its bounds
//! or a gate keeps a change of the model back,
//! 7 an alarm is raised. `replay` has 1 for
//! decisions that are different and 2 for what cannot be said.

mod alarms;
mod audit;
mod backup;
mod config;
mod coverage;
mod demo;
mod dispatch;
mod effects;
mod erase;
mod evaluate;
mod explain;
mod fsck;
mod lake;
mod learn;
mod letter;
mod look_back;
mod model;
mod note;
mod opt_out;
mod orders;
mod pull;
mod pull_sources;
mod reconcile;
mod replay;
mod report;
mod retention;
mod rules;
mod run;
mod serve;
mod server;
mod standin;
mod subject_access;
mod tasks;
mod what_if;

use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use jiff::civil::Date;
use preventiojyraa::config::Config;
use preventiojyraa::daemon;
use preventiojyraa::rulebook::Rulebook;
use preventiojyraa::rules::RulesError;

/// Screens a population for disease risk: who to ask, who to test, and why.
///
/// Not a certified medical device. Decisions are proposals; professionals decide.
#[derive(Parser)]
#[command(name = "preventio", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Demo(demo::Arguments),
    Pull(Box<pull::Arguments>),
    Run(run::Arguments),
    Serve(serve::Arguments),
    Dispatch(dispatch::Arguments),
    Orders(orders::Arguments),
    Tasks(tasks::Arguments),
    Note(note::Arguments),
    Effects(effects::Arguments),
    Reconcile(reconcile::Arguments),
    Explain(explain::Arguments),
    Letter(letter::Arguments),
    Coverage(coverage::Arguments),
    Audit(audit::Arguments),
    Alarms(alarms::Arguments),
    Learn(learn::Arguments),
    Report(report::Arguments),
    Model(model::Arguments),
    LookBack(look_back::Arguments),
    Replay(replay::Arguments),
    WhatIf(what_if::Arguments),
    Evaluate(evaluate::Arguments),
    SubjectAccess(subject_access::Arguments),
    OptOut(opt_out::Arguments),
    Erase(erase::Arguments),
    Retention(retention::Arguments),
    Fsck(fsck::Arguments),
    Backup(backup::Arguments),
    Lake(lake::Arguments),
    Rules(rules::Arguments),
    Config(config::Arguments),
    Server(server::Arguments),
    Standin(standin::Arguments),
}

/// How a command ended when it did not fail.
enum Outcome {
    Done,
    Damaged,
    Differs,
    OutOfBounds,
    Alarmed,
    ReplayedDifferently,
    CannotSay,
}

type CommandResult = Result<Outcome, Box<dyn Error>>;

/// Arguments that several commands share.
#[derive(clap::Args)]
struct DataArguments {
    /// The data folder.
    ///
    /// Holds the ledger and the lake; only its owner can open it. Created on first use by `pull`.
    #[arg(long, value_name = "DATA")]
    data: PathBuf,
}

/// Which rules to use.
#[derive(clap::Args)]
struct RulesArguments {
    /// A folder of rules, instead of those shipped with the program.
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
    /// The programme, by the name of its file in `programmes/`; the default one otherwise
    #[arg(long, value_name = "ID")]
    programme: Option<String>,
}

impl RulesArguments {
    /// The rules, checked.
    fn load(&self) -> Result<Rulebook, RulesError> {
        preventiojyraa::rules::load(self.rules.as_deref(), self.programme.as_deref())
    }
}

/// Runs the program.
pub(crate) fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match arguments.command {
        Command::Pull(arguments) => pull::run(&arguments),
        Command::Run(arguments) => run::run(&arguments),
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Dispatch(arguments) => dispatch::run(&arguments),
        Command::Orders(arguments) => orders::run(&arguments),
        Command::Tasks(arguments) => tasks::run(&arguments),
        Command::Note(arguments) => note::run(&arguments),
        Command::Effects(arguments) => effects::run(&arguments),
        Command::Reconcile(arguments) => reconcile::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Letter(arguments) => letter::run(&arguments),
        Command::Coverage(arguments) => coverage::run(&arguments),
        Command::Audit(arguments) => audit::run(&arguments),
        Command::Alarms(arguments) => alarms::run(&arguments),
        Command::Learn(arguments) => learn::run(&arguments),
        Command::Report(arguments) => report::run(&arguments),
        Command::Model(arguments) => model::run(&arguments),
        Command::LookBack(arguments) => look_back::run(&arguments),
        Command::Replay(arguments) => replay::run(&arguments),
        Command::WhatIf(arguments) => what_if::run(&arguments),
        Command::Evaluate(arguments) => evaluate::run(&arguments),
        Command::SubjectAccess(arguments) => subject_access::run(&arguments),
        Command::OptOut(arguments) => opt_out::run(&arguments),
        Command::Erase(arguments) => erase::run(&arguments),
        Command::Retention(arguments) => retention::run(&arguments),
        Command::Fsck(arguments) => fsck::run(&arguments),
        Command::Backup(arguments) => backup::run(&arguments),
        Command::Lake(arguments) => lake::run(&arguments),
        Command::Rules(arguments) => rules::run(&arguments),
        Command::Config(arguments) => config::run(&arguments),
        Command::Server(arguments) => server::run(&arguments),
        Command::Standin(arguments) => standin::run(&arguments),
    };
    match result {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Damaged) => ExitCode::from(3),
        Ok(Outcome::Differs) => ExitCode::from(5),
        Ok(Outcome::OutOfBounds) => ExitCode::from(6),
        Ok(Outcome::Alarmed) => ExitCode::from(7),
        Ok(Outcome::ReplayedDifferently) => ExitCode::from(1),
        Ok(Outcome::CannotSay) => ExitCode::from(2),
        // A reader that has seen enough (`| head`) is no failure.
        Err(error) if is_broken_pipe(&*error) => ExitCode::SUCCESS,
        Err(error) => match error.downcast_ref::<RulesError>() {
            // They were printed as data.
            Some(RulesError::Mistakes(mistakes)) if mistakes.is_empty() => ExitCode::from(4),
            // Each mistake says itself that it is an error.
            Some(RulesError::Mistakes(_)) => {
                tell(&format!("{error}\n"));
                ExitCode::from(4)
            }
            Some(RulesError::Unreadable { .. }) | None => {
                tell(&render(&*error));
                ExitCode::from(1)
            }
        },
    }
}

fn is_broken_pipe(error: &(dyn Error + 'static)) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// An error with its causes; hints stay on lines of their own, last.
fn render(error: &(dyn Error + 'static)) -> String {
    let mut message = error.to_string();
    let mut hint = String::new();
    if let Some(at) = message.find("\nhint: ") {
        hint = message.split_off(at);
    }
    let mut cause = error.source();
    while let Some(error) = cause {
        message.push_str(&format!(": {error}"));
        cause = error.source();
    }
    format!("error: {message}{hint}\n")
}

/// Data: to stdout.
fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Talk: to stderr. When that is closed there is nobody left to tell.
fn tell(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Data as JSON, to stdout.
fn print_json(value: &impl serde::Serialize) -> Result<(), Box<dyn Error>> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    Ok(print(&text)?)
}

/// A report: as JSON for programs, else in words.
fn show<T: serde::Serialize>(
    report: &T,
    as_json: bool,
    in_words: impl FnOnce(&T) -> String,
) -> Result<(), Box<dyn Error>> {
    if as_json {
        print_json(report)
    } else {
        Ok(print(&in_words(report))?)
    }
}

/// The instant of now in UTC, for records that people read.
fn now() -> String {
    jiff::Timestamp::now().to_string()
}

/// What an option says, without blanks around it; when it says nothing, what was expected.
fn filled<'a>(option: &str, text: &'a str, expected: &str) -> Result<&'a str, String> {
    match text.trim() {
        "" => Err(format!("`{option}` is empty\nhint: {expected}")),
        text => Ok(text),
    }
}

/// Who has started the program, for the audit: the account, as its environment calls it.
fn account() -> String {
    let named = ["LOGNAME", "USER"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok());
    let uid = std::fs::metadata("/proc/self").ok();
    let uid = uid.map(|own| std::os::unix::fs::MetadataExt::uid(&own));
    match (named, uid) {
        (Some(name), Some(uid)) => format!("account {name} ({uid})"),
        (Some(name), None) => format!("account {name}"),
        (None, Some(uid)) => format!("account {uid}"),
        (None, None) => "an account without a name".to_owned(),
    }
}

/// The day it is; a trial may choose it.
fn today_of(
    rulebook: &Rulebook,
    config: Option<&Config>,
    chosen: Option<Date>,
) -> Result<Date, Box<dyn Error>> {
    match chosen {
        Some(day) if config.is_some_and(|config| config.site.trial) => Ok(day),
        Some(_) => Err("only a trial chooses the day it is\nhint: `[site] trial = true`".into()),
        None => Ok(daemon::today(rulebook, config)?),
    }
}

/// A share in units of 1e-9 as a percentage: `12.5 %`.
fn share_in_words(billionths: u32) -> String {
    format!("{} %", f64::from(billionths) / 1e7)
}

/// As many threads as the machine has cores.
fn all_cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// A table of names and counts, widest name first aligned.
fn counts<'a>(rows: impl IntoIterator<Item = (&'a String, &'a u64)>) -> String {
    let rows: Vec<(&String, &u64)> = rows.into_iter().filter(|(_, n)| **n > 0).collect();
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    rows.iter()
        .map(|(name, n)| format!("  {name:<width$}  {n:>9}\n"))
        .collect()
}
