//! `preventio tasks`

use jiff::civil::Date;
use preventiojyraa::daemon;
use preventiojyraa::ledger::AuditAct;
use preventiojyraa::steps::{Access, DataFolder, OpenTasks, TaskShown};

use super::{CommandResult, DataArguments, Outcome, RulesArguments, account, filled, print, show};

/// What people have to look at: list it, and close what is done
///
/// A run, a sending or a comparison with the record opens a task wherever a person has to decide or to
/// find out. It stays open, and is listed, until somebody closes it by name or what it asks for is seen to
/// have happened.
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    List(ListArguments),
    Close(CloseArguments),
}

/// List open tasks: what cannot wait a day first, then by their deadline
///
/// `preventio explain RESIDENT` says more about whoever it is about.
///
/// Example: preventio tasks list --data data
#[derive(clap::Args)]
struct ListArguments {
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    rules: RulesArguments,
    /// The day on which it is said what is late, YYYY-MM-DD; today, unless given
    #[arg(long, value_name = "DATE")]
    on: Option<Date>,
    /// Print the list as JSON
    #[arg(long)]
    json: bool,
}

/// Say that what tasks asked for is done, and what came of it
///
/// All of them are closed, or none. A matter that rests on a dated fact comes up again with a newer
/// fact; one without comes up again with the next run, as long as it is so.
///
/// Example: preventio tasks close 12 --by "Maija Meikäläinen" --reason "rang the ward, treated there" --data data
#[derive(clap::Args)]
struct CloseArguments {
    #[command(flatten)]
    data: DataArguments,
    /// The tasks' numbers, as `tasks list` shows them
    #[arg(value_name = "TASK", required = true)]
    tasks: Vec<u64>,
    /// Who has seen to them
    #[arg(long, value_name = "NAME")]
    by: String,
    /// What came of it
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    match &arguments.command {
        Command::List(arguments) => {
            let rulebook = arguments.rules.load()?;
            let mut data = DataFolder::open(&arguments.data.data, Access::Read)?;
            let on = match arguments.on {
                Some(on) => on,
                None => daemon::today(&rulebook, None)?,
            };
            let open = data.open_tasks(&rulebook, on)?;
            let n = open.tasks.len().to_string();
            data.audit(&account(), AuditAct::ListedTasks, None, &n)?;
            show(&open, arguments.json, render)?;
            Ok(Outcome::Done)
        }
        Command::Close(arguments) => close(arguments),
    }
}

fn close(arguments: &CloseArguments) -> CommandResult {
    let expected = "the name of the person who has seen to it";
    let by = filled("--by", &arguments.by, expected)?;
    let expected = "what came of it, in a few words";
    let reason = filled("--reason", &arguments.reason, expected)?;
    let mut data = DataFolder::open(&arguments.data.data, Access::Read)?;
    let mut tasks = arguments.tasks.clone();
    tasks.sort_unstable();
    tasks.dedup();
    data.close_tasks(&tasks, by, reason)?;
    let n = tasks.len();
    let word = if n == 1 { "task" } else { "tasks" };
    print(&format!("{n} {word} closed by {by}.\n"))?;
    Ok(Outcome::Done)
}

fn render(open: &OpenTasks) -> String {
    if open.tasks.is_empty() {
        return "No task is open.\n".to_owned();
    }
    let mut text: String = open.tasks.iter().map(line).collect();
    let n = open.tasks.len();
    let word = if n == 1 { "task is" } else { "tasks are" };
    text.push_str(&format!(
        "{n} {word} open, {} of them late on {}.\n",
        open.late, open.on
    ));
    text
}

fn line(task: &TaskShown) -> String {
    let late = if task.is_late { " (late)" } else { "" };
    let mut text = format!(
        "{}  {}, due {}{late}  {}  {}  for: {}\n",
        task.task, task.priority, task.due, task.what, task.resident, task.owner
    );
    if let Some(says) = &task.says {
        text.push_str(&format!("    {says}\n"));
    }
    if let Some(day) = &task.about {
        text.push_str(&format!("    rests on what is dated {day}\n"));
    }
    if let Some(key) = &task.order {
        text.push_str(&format!("    order {key}\n"));
    }
    text
}
