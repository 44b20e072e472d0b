//! `preventio effects`

use std::path::PathBuf;

use preventiojyraa::config::Config;
use preventiojyraa::daemon;
use preventiojyraa::steps::{self, Access, DataFolder, EffectsStatus, Stopped};

use super::{
    CommandResult, DataArguments, Outcome, RulesArguments, counts, now, print, show, tell,
};

/// Stop and resume everything that the program does to the world
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Stop(StopArguments),
    Resume(ResumeArguments),
    Status(StatusArguments),
}

/// Stop every effect in every process, at once
///
/// Works also while the ledger is locked or the disk is full. What is already on its way to a
/// server cannot be called back; its answer is still written down. Scoring, looking up and
/// same-day tasks for professionals go on.
///
/// Example: preventio effects stop --reason "wrong cut-off in force" --data data
#[derive(clap::Args)]
struct StopArguments {
    #[command(flatten)]
    data: DataArguments,
    /// Why; every later command shows it
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who stops
    #[arg(long, value_name = "NAME", default_value = "not named")]
    by: String,
}

/// Let effects start again; who does so is put on record first
///
/// Example: preventio effects resume --by "Maija Meikäläinen" --data data
#[derive(clap::Args)]
struct ResumeArguments {
    #[command(flatten)]
    data: DataArguments,
    /// Who takes the responsibility
    #[arg(long, value_name = "NAME")]
    by: String,
    /// Why it is safe again
    #[arg(long, value_name = "TEXT", default_value = "not given")]
    reason: String,
}

/// Say whether effects are stopped, since when and why, what waits in the outbox, and who for their turn
#[derive(clap::Args)]
struct StatusArguments {
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    rules: RulesArguments,
    /// The site's configuration: a trial may have a day of its own
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print the status as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    match &arguments.command {
        Command::Stop(arguments) => stop(arguments),
        Command::Resume(arguments) => resume(arguments),
        Command::Status(arguments) => status(arguments),
    }
}

fn stop(arguments: &StopArguments) -> CommandResult {
    let stopped = Stopped {
        since: now(),
        by: arguments.by.clone(),
        reason: named(&arguments.reason, "--reason")?,
    };
    let not_noted = steps::stop(&arguments.data.data, &stopped)?;
    if let Some(error) = not_noted {
        tell(&format!(
            "note: effects are stopped, but the ledger could not note who did it: {error}\n"
        ));
    }
    print("Effects are stopped.\n")?;
    Ok(Outcome::Done)
}

fn resume(arguments: &ResumeArguments) -> CommandResult {
    let mut data = DataFolder::open(&arguments.data.data, Access::Read)?;
    let by = named(&arguments.by, "--by")?;
    steps::resume(&mut data, &by, &arguments.reason)?;
    print(&format!("Effects may start again, by {by}.\n"))?;
    Ok(Outcome::Done)
}

/// A name or reason that says something.
fn named(text: &str, argument: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err(format!("`{argument}` is empty"));
    }
    Ok(text.to_owned())
}

fn status(arguments: &StatusArguments) -> CommandResult {
    let data = DataFolder::open(&arguments.data.data, Access::Read)?;
    let rulebook = arguments.rules.load()?;
    let config = arguments.config.as_deref().map(Config::read).transpose()?;
    let today = daemon::today(&rulebook, config.as_ref())?;
    let status = steps::effects_status(&data, &rulebook, config.as_ref(), today)?;
    show(&status, arguments.json, render)?;
    Ok(Outcome::Done)
}

fn render(status: &EffectsStatus) -> String {
    let mut text = match &status.stopped {
        None => "Effects are not stopped.\n".to_owned(),
        Some(stopped) => format!(
            "Effects are stopped since {} by {}: {}\n",
            stopped.since, stopped.by, stopped.reason
        ),
    };
    for mark in &status.faulty {
        text.push_str(&format!("Nothing is sent by rules that hold it: {mark}\n"));
    }
    for line in &status.log {
        text.push_str(&format!(
            "  {} {} by {}: {}\n",
            line.at, line.what, line.who, line.reason
        ));
    }
    if !status.outbox.is_empty() {
        text.push_str("Outbox\n");
        text.push_str(&counts(&status.outbox));
    }
    if let Some(asking) = &status.asking {
        text.push_str(&format!("{asking}\n"));
    }
    if !status.tasks.is_empty() {
        text.push_str("Open tasks\n");
        text.push_str(&counts(&status.tasks));
    }
    text
}
