//! `preventio opt-out`

use jiff::Timestamp;
use jiff::civil::Date;
use preventiojyraa::daemon;
use preventiojyraa::ledger::{AuditAct, OptOutChange};
use preventiojyraa::steps::{self, Access, DataFolder, OptOutAsked, OptOutShown};

use super::{CommandResult, DataArguments, Outcome, RulesArguments, account, filled, print, show};

/// Put on record that a resident does not want the screening, or wants it again
///
/// For what a resident says to a professional. It holds from the next decision on, as a refusal that the
/// portal tells does: nothing is asked of the resident, and what has not left does not leave. Who has put
/// it on record and why stays on record, also when it is taken back. It is kept in this data folder and in
/// no other: the record that is pulled is the better place where it can be written there.
///
/// Examples: preventio opt-out record 1234 --by "Maija Meikäläinen" --reason "said so at the visit" --data data
/// and: preventio opt-out undo 1234 --by "Maija Meikäläinen" --reason "changed her mind" --data data
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Record(RecordArguments),
    Undo(UndoArguments),
    List(ListArguments),
}

/// Put a refusal on record
///
/// Example: preventio opt-out record 1234 --until 2028-01-01 --by "Maija Meikäläinen" --reason "said so at the visit" --data data
#[derive(clap::Args)]
struct RecordArguments {
    #[command(flatten)]
    said: SaidArguments,
    /// The first day on which they may be asked again, YYYY-MM-DD; never, unless given
    #[arg(long, value_name = "DATE")]
    until: Option<Date>,
}

/// Take back what was put on record last
///
/// Example: preventio opt-out undo 1234 --by "Maija Meikäläinen" --reason "changed her mind" --data data
#[derive(clap::Args)]
struct UndoArguments {
    #[command(flatten)]
    said: SaidArguments,
}

/// List what was put on record and taken back, oldest first
///
/// Example: preventio opt-out list --data data
#[derive(clap::Args)]
struct ListArguments {
    #[command(flatten)]
    data: DataArguments,
    /// Print the list as JSON
    #[arg(long)]
    json: bool,
}

/// Whose will it is, who puts it on record and why.
#[derive(clap::Args)]
struct SaidArguments {
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    rules: RulesArguments,
    /// The resident: the 32-digit opaque id, or a source's `Patient.id`
    #[arg(value_name = "RESIDENT")]
    resident: String,
    /// Who puts it on record
    #[arg(long, value_name = "NAME")]
    by: String,
    /// Why, in words that name nobody
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The day from which on it holds, YYYY-MM-DD; today, unless given
    #[arg(long, value_name = "DATE")]
    on: Option<Date>,
}

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    match &arguments.command {
        Command::Record(arguments) => {
            let until = arguments.until;
            put(&arguments.said, OptOutChange::Said { until })
        }
        Command::Undo(arguments) => put(&arguments.said, OptOutChange::TakenBack),
        Command::List(arguments) => {
            let mut data = DataFolder::open(&arguments.data.data, Access::Read)?;
            let all = data.opt_outs()?;
            let n = all.len().to_string();
            data.audit(&account(), AuditAct::ListedOptOuts, None, &n)?;
            show(&all, arguments.json, |all| render(all))?;
            Ok(Outcome::Done)
        }
    }
}

fn put(said: &SaidArguments, change: OptOutChange) -> CommandResult {
    let expected = "the name of the person who puts it on record";
    let by = filled("--by", &said.by, expected)?.to_owned();
    let expected = "why, in a few words that name nobody";
    let reason = filled("--reason", &said.reason, expected)?.to_owned();
    let rulebook = said.rules.load()?;
    let on = match said.on {
        Some(on) => on,
        None => daemon::today(&rulebook, None)?,
    };
    let mut data = DataFolder::open(&said.data.data, Access::WriteExisting)?;
    let asked = OptOutAsked {
        change,
        on,
        by,
        reason,
        at: Timestamp::now(),
    };
    let shown = steps::opt_out(&rulebook, &mut data, &said.resident, asked)?;
    let holds = match change {
        OptOutChange::Said { .. } => {
            "On record: nothing is asked of this resident from the next decision on.\n"
        }
        OptOutChange::TakenBack => "Taken back: the next run decides about this resident again.\n",
    };
    print(&format!("{}{holds}", line(&shown)))?;
    Ok(Outcome::Done)
}

fn render(all: &[OptOutShown]) -> String {
    if all.is_empty() {
        return "Nothing was put on record.\n".to_owned();
    }
    all.iter().map(line).collect()
}

fn line(shown: &OptOutShown) -> String {
    let until = shown.until.as_ref();
    let until = until.map_or_else(String::new, |until| format!(" until {until}"));
    let OptOutShown {
        resident,
        what,
        on,
        by,
        reason,
        ..
    } = shown;
    format!("{resident}  {what} on {on}{until}, by {by}: {reason}\n")
}
