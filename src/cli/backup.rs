//! `preventio backup`

use std::path::PathBuf;

use preventiojyraa::steps::{self, BackupReport};

use super::{CommandResult, DataArguments, Outcome, show};

/// Copy the data folder as it is at one point, while a daemon goes on
///
/// The ledger as it is at one instant, and the files of the lake that it names, each read again after
/// copying. Waits for nobody: while a pull or run writes it fails, and may be tried again. What is at
/// `--to` is whole.
///
/// To restore, put the copy where the data folder was and run `preventio fsck`. Keep the epoch file
/// (`DATA.epoch`) out of backups: by it an old copy is noticed, effects stop, and nothing is sent again
/// before the other side was asked for it.
///
/// Example: preventio backup --data data --to /backups/2026-01-15
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    /// A new folder, outside the data folder
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    let report = steps::back_up(&arguments.data.data, &arguments.to)?;
    show(&report, arguments.json, render)?;
    Ok(Outcome::Done)
}

fn render(report: &BackupReport) -> String {
    let lake = match report.generation {
        Some(generation) => format!(
            "generation {generation} of the lake, {} files, {} bytes",
            report.files, report.bytes
        ),
        None => "no lake yet".to_owned(),
    };
    format!(
        "Backed up: the ledger, {lake}\nOrders had been handed over {} times\n",
        report.handed_over
    )
}
