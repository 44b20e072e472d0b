//! `preventio retention`

use std::path::PathBuf;

use jiff::civil::Date;
use preventiojyraa::config::Config;
use preventiojyraa::daemon;
use preventiojyraa::ledger::AuditAct;
use preventiojyraa::steps::{self, Access, DataFolder, PastIs, Removed, RetentionReport};

use super::erase::asked;
use super::{CommandResult, DataArguments, Outcome, RulesArguments, account, show};

/// List what is past its period, and remove it
///
/// Periods are those of `[retention]` in the configuration; what has none is kept for ever. With `--act`,
/// what is listed is removed: residents who have died or left, as `erase` does it, and the bytes of
/// lines set aside. Residents about whom something is under way, or a task is open, are named and stay. Who was removed
/// stays away, also when a later pull tells of them, until the register says that they live here again.
///
/// Killed at any moment, a kind is either still there or removed; the same command goes on with the rest.
///
/// Examples: preventio retention --data data --config preventio.toml
/// and: preventio retention --act --by "Maija Meikäläinen" --reason "plan of 2026" --data data --config preventio.toml
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    rules: RulesArguments,
    /// The site's configuration
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The day on which periods are over or not, YYYY-MM-DD; today, unless given
    #[arg(long, value_name = "DATE")]
    on: Option<Date>,
    /// Remove it; as of today or earlier, outside a trial
    #[arg(long, requires = "by", requires = "reason")]
    act: bool,
    /// Who removes it; stays on record
    #[arg(long, value_name = "NAME", requires = "act")]
    by: Option<String>,
    /// Why; stays on record, so it names nobody
    #[arg(long, value_name = "TEXT", requires = "act")]
    reason: Option<String>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    let config = Config::read(&arguments.config)?;
    let rulebook = arguments.rules.load()?;
    let today = daemon::today(&rulebook, Some(&config))?;
    let on = arguments.on.unwrap_or(today);
    let periods = &config.retention;
    let report = if arguments.act {
        if today < on && !config.site.trial {
            return Err(format!(
                "nothing is removed on {today} that is kept until {on}\nhint: without `--on`, or without `--act`"
            )
            .into());
        }
        let [by, reason] =
            [&arguments.by, &arguments.reason].map(|text| text.as_deref().unwrap_or_default());
        let record = asked(by, reason)?;
        let mut data = DataFolder::open(&arguments.data.data, Access::WriteExisting)?;
        steps::retention(&rulebook, &mut data, periods, on, PastIs::Removed(&record))?
    } else {
        let mut data = DataFolder::open(&arguments.data.data, Access::Read)?;
        let report = steps::retention(&rulebook, &mut data, periods, on, PastIs::Listed)?;
        let n = report.kinds.iter().map(|kind| kind.n).sum::<u64>();
        let n = n.to_string();
        data.audit(&account(), AuditAct::ListedPastPeriod, None, &n)?;
        report
    };
    show(&report, arguments.json, render)?;
    Ok(Outcome::Done)
}

fn render(report: &RetentionReport) -> String {
    if report.kinds.is_empty() {
        return "Everything is kept for ever: there is no `[retention]`\n".to_owned();
    }
    let mut text = match report.removed {
        None => format!("Past its period on {}\n", report.on),
        Some(Removed::Finished | Removed::TracesLeft) => {
            format!("Removed: past its period on {}\n", report.on)
        }
    };
    for kind in &report.kinds {
        let oldest = kind.oldest.as_deref();
        let oldest = oldest.map_or_else(String::new, |day| format!(", the oldest since {day}"));
        text.push_str(&format!(
            "  {:<15}  {:>6} after {} months{oldest}\n",
            kind.kind.name(),
            kind.n,
            kind.months
        ));
    }
    if !report.under_way.is_empty() {
        text.push_str("Past their period, and something about them is under way or a task is open: they stay\n");
        for resident in &report.under_way {
            text.push_str(&format!("  {resident}\n"));
        }
    }
    if report.removed == Some(Removed::TracesLeft) {
        text.push_str(
            "Somebody else reads the ledger, so its log still has traces: the next pull, run or fsck removes them\n",
        );
    }
    text
}
