//! `preventio standin`

use std::path::PathBuf;

use jiff::civil::{Date, date};
use preventiojyraa::standin::{self, ExportOptions};

use super::{CommandResult, Outcome, print};

/// Play the other side: a made-up Helsinki
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Export(ExportArguments),
}

/// Write a made-up register as a FHIR R4 export folder
///
/// Nobody in it exists: identifiers are of the test range. The same seed gives the same bytes.
/// `truth.csv` holds what is really so, for judging the engine; the engine never reads it.
///
/// Example: preventio standin export --residents 10000 --seed 1 --out export
#[derive(clap::Args)]
struct ExportArguments {
    /// How many residents
    #[arg(long, value_name = "N")]
    residents: u32,
    /// Which of all possible registers
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// A new or empty folder
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// About 37 kB a resident, subjects permuted: for benchmarks
    #[arg(long)]
    verbose: bool,
    /// The day the register is of, YYYY-MM-DD
    #[arg(long, value_name = "DATE", default_value_t = date(2026, 1, 15))]
    as_of: Date,
}

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    let Command::Export(export) = &arguments.command;
    let options = ExportOptions {
        residents: export.residents,
        seed: export.seed,
        out: export.out.clone(),
        verbose: export.verbose,
        as_of: export.as_of,
    };
    let summary = standin::export(&options)?;
    print(&format!("{summary}\n"))?;
    Ok(Outcome::Done)
}
