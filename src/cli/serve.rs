//! `preventio serve`

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use preventiojyraa::config::Config;
use preventiojyraa::daemon::{self, ServeOptions};
use preventiojyraa::rules;
use preventiojyraa::web::SignInBy;

use super::pull::read_key;
use super::{CommandResult, DataArguments, Outcome, RulesArguments, print, tell};

/// Do what is due by itself, and go on until told to end
///
/// Pulls, runs and acts, dispatches, reconciles and learns at the times of `[schedule]` in the
/// configuration, in the programme's time zone. Each step is on record; one that fails is tried again
/// and keeps no other from its turn; one that was missed is caught up once. Killed at any moment, the
/// next start goes on where it was and does nothing twice for a day.
///
/// Answers `/health`, `/ready` and `/metrics` at `[serve] listen`, and prints the address. On SIGTERM
/// or SIGINT nothing new begins; what is under way has `[serve] stop_seconds` to end, and five more to be
/// written down. Exit code 0 then.
///
/// Where the configuration has `[web]`, people sign in and work at its `listen`: the address of the pages
/// is printed too. In a trial on this machine, `--dev` lets anybody sign in as anybody, and `[web]` and
/// `[schedule]` may be missing.
/// Where the configuration has `[cds]`, systems ask for cards at its `listen` (CDS Hooks 2.0): the address
/// is printed too.
///
/// Rules and configuration are read at the start. The law's permission, the scope, the signers and the
/// channels' modes are read again before each step.
///
/// Example: preventio serve --config preventio.toml --data data
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    rules: RulesArguments,
    /// The site's configuration
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// A file with the key that identities are made with, 64 hexadecimal digits; for a new data folder
    #[arg(long, value_name = "FILE")]
    identity_key: Option<PathBuf>,
    /// Worker threads of a step; all cores by default
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Let anybody sign in to the pages as anybody: only in a trial, and only on this machine
    ///
    /// Every page says so.
    #[arg(long)]
    dev: bool,
    /// The instant that it is, for example 2026-01-15T04:59:00+02:00; only a trial chooses it
    ///
    /// The clock goes on from there, and the day of the steps is the day that it shows.
    #[arg(long, value_name = "INSTANT")]
    now: Option<Timestamp>,
}

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    let rulebook = arguments.rules.load()?;
    let config = Config::read(&arguments.config)?;
    let signature = rules::signature(arguments.rules.rules.as_deref(), &rulebook)?;
    let options = ServeOptions {
        root: arguments.data.data.clone(),
        rulebook,
        signature,
        config,
        key: arguments.identity_key.as_ref().map(read_key).transpose()?,
        threads: arguments.threads.unwrap_or_else(super::all_cores),
        sign_in_by: match arguments.dev {
            true => SignInBy::OwnWord,
            false => SignInBy::Provider,
        },
        starting: arguments.now,
        tell: Arc::new(|text| tell(&format!("{} {text}\n", super::now()))),
    };
    daemon::serve(options, |listening| {
        let mut text = format!("listening on http://{}\n", listening.watched);
        if let Some(pages) = listening.pages {
            text.push_str(&format!("pages at http://{pages}\n"));
        }
        if let Some(cards) = listening.cards {
            text.push_str(&format!("cards at http://{cards}/cds-services\n"));
        }
        // Nobody may be reading; the daemon serves all the same.
        let _ = print(&text);
    })?;
    Ok(Outcome::Done)
}
