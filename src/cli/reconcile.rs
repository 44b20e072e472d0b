//! `preventio reconcile`

use std::path::PathBuf;

use preventiojyraa::config::Config;
use preventiojyraa::daemon;
use preventiojyraa::steps::{self, Access, DataFolder, ReconcileReport};

use super::{CommandResult, DataArguments, Outcome, RulesArguments, counts, show};

/// Compare what left, what arrived and what ended; name every difference
///
/// Asks the servers of the configuration for every order of ours. An order in doubt that is there is
/// acknowledged; one that is there twice is to be taken back once and a person is told; one that is
/// gone, or came back undelivered, is a task for a person. Exit code 5 when something does not agree.
///
/// Example: preventio reconcile --data data --config preventio.toml
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    rules: RulesArguments,
    /// The site's configuration; without it only the ledger is compared with itself
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    let rulebook = arguments.rules.load()?;
    let config = arguments.config.as_deref().map(Config::read).transpose()?;
    let mut data = DataFolder::open(&arguments.data.data, Access::Read)?;
    let evidence = match &config {
        Some(config) => daemon::evidence(&data, config)?,
        None => Vec::new(),
    };
    let terms = config.as_ref().map(Config::terms).unwrap_or_default();
    let today = daemon::today(&rulebook, config.as_ref())?;
    let report = steps::reconcile(&mut data, &terms, &evidence, today)?;
    show(&report, arguments.json, render)?;
    Ok(if report.agrees() {
        Outcome::Done
    } else {
        Outcome::Differs
    })
}

fn render(report: &ReconcileReport) -> String {
    let mut text = format!(
        "{} orders: {} not handed over, {} handed over\n{} acknowledged: {} closed, {} waiting for answers or a sample\n",
        report.orders,
        report.not_handed_over,
        report.handed_over,
        report.acknowledged,
        report.closed,
        report.waiting
    );
    if 0 < report.returned {
        text.push_str(&format!(
            "{} came back undelivered; a person has each\n",
            report.returned
        ));
    }
    if !report.cancellations.is_empty() {
        text.push_str("Cancellations\n");
        text.push_str(&counts(&report.cancellations));
    }
    if let Some(active) = report.active_at_server {
        text.push_str(&format!("{active} active at the server\n"));
    }
    if report.agrees() {
        text.push_str("Everything agrees.\n");
    }
    for difference in &report.differences {
        text.push_str(&format!("Differs: {} {}\n", difference.n, difference.what));
        for key in &difference.orders {
            text.push_str(&format!("  order {key}\n"));
        }
    }
    text
}
