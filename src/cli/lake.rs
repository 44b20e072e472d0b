//! `preventio lake`: the stored tables as files.

use std::path::PathBuf;

use preventiojyraa::config::Config;
use preventiojyraa::lake::ROWS_OF_A_FULL_FILE;
use preventiojyraa::steps::{
    self, Access, CompactReport, DataFolder, LakeReport, LyingReport, VersionReport,
};

use super::{CommandResult, DataArguments, Outcome, show, tell};

/// Look at the stored tables as files, compact them, and say where they lie
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Status(StatusArguments),
    Compact(CompactArguments),
    Move(MoveArguments),
}

/// How many files, rows and bytes each table has, of which versions, and where they lie
///
/// Reads what the files say of themselves, not their rows; `preventio fsck` proves those.
///
/// Example: preventio lake status --data data
#[derive(clap::Args)]
struct StatusArguments {
    #[command(flatten)]
    data: DataArguments,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// Rewrite the tables into as few files as their size allows
///
/// Every row stays as it was, which is proved by reading the new files again; every run on record
/// can be looked at and decided again as before. Files of earlier versions are rewritten in the newest.
/// Readers go on in the generation that they have opened. Killed at any moment, the lake is as it
/// was or as it is after.
///
/// Example: preventio lake compact --data data
#[derive(clap::Args)]
struct CompactArguments {
    #[command(flatten)]
    data: DataArguments,
    /// Rows of a full file; what is full is not rewritten
    #[arg(long, value_name = "N", default_value_t = ROWS_OF_A_FULL_FILE,
        value_parser = clap::value_parser!(u64).range(1..))]
    rows_per_file: u64,
    /// Also remove, from the place away where the lake lies, what the newest two generations do not
    /// name. Older copies of the ledger cannot be restored from there afterwards: keep it as long as
    /// you keep backups of the ledger
    #[arg(long)]
    collect: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// Bring the lake to where the configuration says, and keep it there from then on
///
/// `[lake]` in the configuration names a bucket of an S3-compatible object store, or a folder on
/// another disk; without it the lake comes home to the data folder alone. Every later command that
/// writes sends its files there before it commits them. What the data folder lost is fetched from
/// there: after restoring `ledger.sqlite` into an empty folder, this brings the lake back.
///
/// Example: preventio lake move --config preventio.toml --data data
#[derive(clap::Args)]
struct MoveArguments {
    #[command(flatten)]
    data: DataArguments,
    /// The configuration
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    match &arguments.command {
        Command::Status(arguments) => {
            let data = DataFolder::open(&arguments.data.data, Access::Read)?;
            let report = steps::lake_report(&data)?;
            show(&report, arguments.json, render)?;
        }
        Command::Compact(arguments) => {
            let mut data = DataFolder::open(&arguments.data.data, Access::WriteExisting)?;
            let report = steps::compact(&mut data, arguments.rows_per_file, arguments.collect)?;
            show(&report, arguments.json, compacted)?;
        }
        Command::Move(arguments) => {
            let config = Config::read(&arguments.config)?;
            let report = steps::move_lake(&arguments.data.data, config.lake.as_ref())?;
            if config.lake.is_none() {
                tell(
                    "note: `[lake]` is not in the configuration: the lake lies in the data folder alone\n",
                );
            }
            show(&report, arguments.json, render)?;
        }
    }
    Ok(Outcome::Done)
}

fn compacted(report: &CompactReport) -> String {
    let mut text = if report.replaced == 0 {
        "Nothing to compact\n".to_owned()
    } else {
        format!(
            "{} files became {}, with the same rows\n",
            report.replaced, report.written
        )
    };
    if let Some(removed) = report.removed {
        text.push_str(&format!("{removed} objects removed\n"));
    }
    text + &render(&report.lake)
}

fn render(report: &LakeReport) -> String {
    let mut text = match report.generation {
        Some(generation) => format!("Generation {generation}\n"),
        None => "Nothing was pulled yet\n".to_owned(),
    };
    text.push_str("  table       files         rows          bytes  versions\n");
    for table in &report.tables {
        let versions: Vec<String> = table.versions.iter().map(version).collect();
        text.push_str(&format!(
            "  {:<10} {:>6} {:>12} {:>14}  {}\n",
            table.table,
            table.files,
            table.rows,
            table.bytes,
            versions.join(", ")
        ));
    }
    match &report.away {
        None => text.push_str("It lies in the data folder alone\n"),
        Some(LyingReport {
            at,
            trouble: Some(trouble),
            ..
        }) => text.push_str(&format!(
            "It lies at {at} as well, which does not answer: {trouble}\n"
        )),
        Some(away) => {
            let generation = match away.generation {
                Some(generation) => format!("generation {generation}"),
                None => "no generation yet".to_owned(),
            };
            text.push_str(&format!(
                "It lies at {} as well: {generation}, {} files with those of before, {} bytes\n",
                away.at, away.files, away.bytes
            ));
        }
    }
    text
}

fn version(version: &VersionReport) -> String {
    let told = if version.is_stamped {
        ""
    } else {
        ", which they do not say"
    };
    format!("{} of version {}{told}", version.files, version.version)
}
