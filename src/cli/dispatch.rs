//! `preventio dispatch`

use std::path::PathBuf;

use jiff::SignedDuration;
use preventiojyraa::config::Config;
use preventiojyraa::daemon::{self, DispatchOptions, DispatchReport, Duration};
use preventiojyraa::rules;

use super::{CommandResult, DataArguments, Outcome, RulesArguments, counts, show};

/// Deliver planned orders to the servers of the configuration
///
/// Each order is on disk as being sent before it leaves, and is never sent again before the other
/// side was asked for it. May be killed at any moment, and several may run at once on one host.
/// While effects are stopped nothing is sent; the other side is still asked about what is in doubt.
///
/// Example: preventio dispatch --once --data data --config preventio.toml
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    rules: RulesArguments,
    /// The site's configuration
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Deliver what is due now, then end
    #[arg(long, required_unless_present = "length", conflicts_with = "length")]
    once: bool,
    /// Go on for so long, for example 90s, 10m or 1h 30m
    #[arg(long = "for", value_name = "DURATION", id = "length")]
    length: Option<SignedDuration>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    let rulebook = arguments.rules.load()?;
    let config = Config::read(&arguments.config)?;
    let signature = rules::signature(arguments.rules.rules.as_deref(), &rulebook)?;
    let report = daemon::dispatch(&DispatchOptions {
        root: arguments.data.data.clone(),
        rulebook,
        signature,
        config,
        duration: arguments.length.map_or(Duration::Once, Duration::For),
        end: None,
    })?;
    show(&report, arguments.json, render)?;
    Ok(Outcome::Done)
}

fn render(report: &DispatchReport) -> String {
    let mut text = format!(
        "{} requests: {} accepted, {} turned down, {} not now, {} without a clear answer; {} look-ups\n",
        report.sent,
        report.accepted,
        report.turned_down,
        report.later,
        report.without_answer,
        report.looked_up
    );
    if 0 < report.handed_over {
        text.push_str(&format!(
            "{} of them handed over and waiting to be taken\n",
            report.handed_over
        ));
    }
    for way in &report.closed {
        text.push_str(&format!(
            "{way}: declared by the server and refused by it; the next way was taken\n"
        ));
    }
    if let Some(why) = &report.held {
        text.push_str(&format!("Nothing is sent: {why}\n"));
    }
    if let Some(asking) = &report.asking {
        text.push_str(&format!("{asking}\n"));
    }
    text.push_str("Outbox\n");
    text.push_str(&counts(&report.outbox));
    text
}
