//! `preventio tasks`

use jiff::civil::Date;
use preventiojyraa::config::{Reach, Role};
use preventiojyraa::daemon;
use preventiojyraa::ledger::{AuditAct, Holder, Matter};
use preventiojyraa::steps::{Access, DataFolder, HOLDING, OpenTasks, TaskShown, holding_role};

use super::{CommandResult, DataArguments, Outcome, RulesArguments, account, filled, print, show};

/// What people have to look at: list it, hand it over, and close what is done
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
    HandOver(HandOverArguments),
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

/// Hand tasks over to somebody, or back to nobody
///
/// A name, or a role: `clinician`, `operator` or `medical-lead`. All of them are handed over, or none. The
/// last day of a task stays as it is, and it stays on everybody's list: whoever is away hides nothing.
/// `--confirming` hands over that a resident is to be confirmed, which may be so without a task.
///
/// Examples: preventio tasks hand-over 12 --to "Matti Meikäläinen" --by "Maija Meikäläinen" --reason "knows her" --data data
/// and: preventio tasks hand-over 12 --back --by "Maija Meikäläinen" --reason "he is on leave" --data data
#[derive(clap::Args)]
struct HandOverArguments {
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    rules: RulesArguments,
    /// The tasks' numbers, as `tasks list` shows them
    #[arg(value_name = "TASK", required_unless_present = "confirming")]
    tasks: Vec<u64>,
    /// A resident who is to be confirmed: the 32-digit opaque id, or a source's `Patient.id`
    #[arg(long, value_name = "RESIDENT")]
    confirming: Option<String>,
    #[command(flatten)]
    to: ToArguments,
    /// Who hands it over
    #[arg(long, value_name = "NAME")]
    by: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// To whom.
#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct ToArguments {
    /// The person who has it in hand from now on
    #[arg(long, value_name = "NAME")]
    to: Option<String>,
    /// The role of those who have it in hand from now on
    #[arg(long, value_name = "ROLE")]
    to_role: Option<String>,
    /// Nobody has it in hand any more
    #[arg(long)]
    back: bool,
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
        Command::HandOver(arguments) => hand_over(arguments),
    }
}

fn hand_over(arguments: &HandOverArguments) -> CommandResult {
    let expected = "the name of the person who hands it over";
    let by = filled("--by", &arguments.by, expected)?;
    let reason = filled("--reason", &arguments.reason, "why, in a few words")?;
    let to = match (&arguments.to.to, &arguments.to.to_role) {
        (Some(name), _) => {
            let expected = "the name of the person who has it in hand from now on";
            Some(Holder::Person(filled("--to", name, expected)?.to_owned()))
        }
        (None, Some(role)) => Some(holding_role(role).ok_or_else(|| {
            let known = HOLDING.map(Role::name).join("`, `");
            format!("nothing can be handed over to the role `{role}`\nhint: `{known}`")
        })?),
        (None, None) => None,
    };
    let mut data = DataFolder::open(&arguments.data.data, Access::Read)?;
    let mut tasks = arguments.tasks.clone();
    tasks.sort_unstable();
    tasks.dedup();
    let mut matters: Vec<Matter> = tasks.into_iter().map(Matter::Task).collect();
    if let Some(name) = &arguments.confirming {
        let rulebook = arguments.rules.load()?;
        let resident = data.in_reach(&Reach::Everybody, name)?;
        if !data.is_confirming(&rulebook, resident)? {
            return Err("this resident is not to be confirmed\nhint: `preventio explain RESIDENT` says where they stand".into());
        }
        matters.push(Matter::Confirming(resident));
    }
    data.hand_over(&matters, to.as_ref(), by, reason)?;
    let n = matters.len();
    let word = if n == 1 { "matter" } else { "matters" };
    print(&match &to {
        Some(holder) => format!("{n} {word} handed over to {} by {by}.\n", holder.name()),
        None => format!("{n} {word} given back by {by}.\n"),
    })?;
    Ok(Outcome::Done)
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
    if let Some(holder) = &task.holder {
        text.push_str(&format!("    in hand: {holder}\n"));
    }
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
