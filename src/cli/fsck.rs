//! `preventio fsck`

use preventiojyraa::steps::{self, Access, CheckReport, DataFolder};

use super::{CommandResult, DataArguments, Outcome, show};

/// Prove that a data folder is whole
///
/// First finishes or removes what an interrupted pull or run left, as every command does; then
/// reads every file and compares it with what the ledger committed, counts with counts, and the
/// decisions of each run with their hash. Exit code 3 when something is wrong.
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    let data = DataFolder::open(&arguments.data.data, Access::Check)?;
    let report = steps::check(&data)?;
    show(&report, arguments.json, render)?;
    Ok(if report.is_whole() {
        Outcome::Done
    } else {
        Outcome::Damaged
    })
}

fn render(report: &CheckReport) -> String {
    if report.is_whole() {
        return format!(
            "Whole: generation {}, {} pulls, {} runs, {} files\n",
            report.generation.unwrap_or(0),
            report.pulls,
            report.runs,
            report.files
        );
    }
    let problems: String = report
        .problems
        .iter()
        .map(|problem| format!("  {problem}\n"))
        .collect();
    format!("Damaged:\n{problems}")
}
