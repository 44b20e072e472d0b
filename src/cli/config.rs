//! `preventio config`

use std::error::Error;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use preventiojyraa::config::{Config, Retention};
use preventiojyraa::fhir::{KeysAt, keys_in};
use preventiojyraa::rulebook::Rulebook;
use preventiojyraa::{daemon, rules};

use super::{CommandResult, Outcome, RulesArguments, print, tell};

/// Look at the site's configuration before anything is done by it
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Check(CheckArguments),
}

/// Name every mistake of a configuration, and say what it means today
///
/// Reads the file, the files with secrets that it names, and the rules; asks no server. Sections are
/// looked at one by one, so that a mistake in one hides none in another; what does not go together is
/// named once every section can be read.
///
/// A flag of the command line counts more than the file, and the file more than a default. The
/// environment is looked at for the keys of a bucket alone (`AWS_ACCESS_KEY_ID` and its like), and only
/// where the file names none. Secrets are files, named in the configuration. Exit code 1 when there are
/// mistakes.
///
/// Example: preventio config check --config preventio.toml
#[derive(clap::Args)]
struct CheckArguments {
    #[command(flatten)]
    rules: RulesArguments,
    /// The site's configuration
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    match &arguments.command {
        Command::Check(arguments) => check(arguments),
    }
}

fn check(arguments: &CheckArguments) -> CommandResult {
    let config = Config::read(&arguments.config)?;
    let rulebook = arguments.rules.load()?;
    let mut mistakes = Vec::new();
    for (what, path) in config.secrets() {
        mistakes.extend(secret(&what, path));
    }
    for (name, source) in &config.sources {
        if let Some((laboratory, known)) = source.unknown_laboratory(&rulebook) {
            mistakes.push(format!(
                "source `{name}`: the rules know no laboratory `{laboratory}`\nhint: known: {known}"
            ));
        }
    }
    mistakes.extend(cards(&config, &rulebook));
    if !mistakes.is_empty() {
        return Err(format!(
            "the configuration `{}` cannot be used\n{}",
            arguments.config.display(),
            mistakes.join("\n")
        )
        .into());
    }
    let today = daemon::today(&rulebook, Some(&config))?;
    let signature = rules::signature(arguments.rules.rules.as_deref(), &rulebook)?;
    let mut text = format!("Sound: {}\n", arguments.config.display());
    text.push_str(
        &match config.may_go_on(&rulebook, signature.as_ref(), today) {
            Ok(()) => format!("Effects may start on {today}\n"),
            Err(why) => format!("No effect starts on {today}: {why}\n"),
        },
    );
    if let Some(cds) = &config.cds {
        let clients: Vec<&str> = cds.clients.keys().map(String::as_str).collect();
        let clients = clients.join(", ");
        text.push_str(&format!(
            "Cards at {}/cds-services for {clients}\n",
            cds.base
        ));
    }
    text.push_str(&kept(&config.retention));
    text.push_str(&timetable(&config, &rulebook.programme.time_zone)?);
    print(&text)?;
    Ok(Outcome::Done)
}

/// What is wrong with the systems that may ask for cards.
fn cards(config: &Config, rulebook: &Rulebook) -> Vec<String> {
    let clients = config.cds.iter().flat_map(|cds| &cds.clients);
    let mut mistakes = Vec::new();
    for (name, client) in clients {
        if let KeysAt::File(path) = &client.keys
            && let Err(why) = keys_in(path)
        {
            let path = path.display();
            mistakes.push(format!("cds: client `{name}`: `{path}`: {why}"));
        }
        let vocabulary = &rulebook.catalogue.vocabulary;
        if let Some(laboratory) = &client.laboratory
            && vocabulary.laboratory(laboratory).is_none()
        {
            mistakes.push(format!(
                "cds: client `{name}`: the rules know no laboratory `{laboratory}`"
            ));
        }
    }
    mistakes
}

/// For how long what is kept.
fn kept(retention: &Retention) -> String {
    let kept = retention.periods().map(|(what, months)| match months {
        Some(months) => format!("{what}: {months} months"),
        None => format!("{what}: for ever"),
    });
    format!("Kept: {}\n", kept.join("; "))
}

/// What is wrong with a file that holds a secret.
fn secret(what: &str, path: &Path) -> Option<String> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) => {
            let path = path.display();
            return Some(format!("{what}: cannot read `{path}`: {error}"));
        }
    };
    if metadata.permissions().mode() & 0o077 != 0 {
        let path = path.display();
        tell(&format!(
            "note: {what}: `{path}` can be opened by others than its owner\nhint: chmod 600 {path}\n"
        ));
    }
    None
}

/// When what is done next by itself.
fn timetable(config: &Config, zone: &str) -> Result<String, Box<dyn Error>> {
    let Some(table) = &config.schedule else {
        return Ok("Nothing is done by itself: there is no `[schedule]`\n".to_owned());
    };
    let zone = jiff::tz::TimeZone::get(zone)?;
    let now = Timestamp::now();
    let told = |at: Timestamp| {
        at.to_zoned(zone.clone())
            .strftime("%a %Y-%m-%d %H:%M %:z")
            .to_string()
    };
    let mut text = String::from("Next by itself\n");
    for (step, when) in &table.times {
        if let Some(at) = when.next(now, &zone) {
            text.push_str(&format!("  {:<10} {}\n", step.name(), told(at)));
        }
    }
    let begin = table
        .dispatch
        .iter()
        .filter_map(|hours| hours.next(now, &zone));
    if let Some((_, until)) = table.may_leave(now, &zone) {
        text.push_str(&format!("  dispatch   until {}\n", told(until)));
    } else if let Some(at) = begin.min() {
        text.push_str(&format!("  dispatch   {}\n", told(at)));
    }
    Ok(text)
}
