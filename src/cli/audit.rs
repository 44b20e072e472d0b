//! `preventio audit`

use std::path::PathBuf;

use preventiojyraa::ledger::AuditAct;
use preventiojyraa::steps::{
    Access, AuditList, AuditVerified, DataFolder, add_checkpoints, read_checkpoints,
};

use super::{CommandResult, DataArguments, Outcome, account, now, print, show};

/// List who did what and who looked at whom, prove it, and remember how far it went
///
/// Whoever looks at a resident or a list, closes a task, lets an order leave, stops effects or puts
/// something in force is on record before anything is shown or done. Each record is chained to the one
/// before it. It holds opaque ids, no words about a person.
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    List(ListArguments),
    Verify(VerifyArguments),
    Checkpoint(CheckpointArguments),
}

/// List the audit, or who has looked at one resident; that is on record too
///
/// Example: preventio audit list --resident Patient/018f428e --data data
#[derive(clap::Args)]
struct ListArguments {
    #[command(flatten)]
    data: DataArguments,
    /// Only what is about this resident: the 32-digit id, or the source's Patient.id
    #[arg(long, value_name = "RESIDENT")]
    resident: Option<String>,
    /// Print the list as JSON
    #[arg(long)]
    json: bool,
}

/// Prove that nothing in the audit was changed, and name the first record that was
///
/// Follows each chain from its beginning. That its end was cut off, or all of it written anew, shows
/// only against checkpoints that are kept elsewhere. Ends with 3 when a chain is broken.
///
/// Example: preventio audit verify --checkpoints /srv/elsewhere/audit.txt --data data
#[derive(clap::Args)]
struct VerifyArguments {
    #[command(flatten)]
    data: DataArguments,
    /// What `audit checkpoint` has written
    #[arg(long, value_name = "FILE")]
    checkpoints: Option<PathBuf>,
    /// Print what was found as JSON
    #[arg(long)]
    json: bool,
}

/// Write down how far the audit goes, in a file to be kept elsewhere
///
/// Adds a line for each chain. A chain that is broken is not written down.
///
/// Example: preventio audit checkpoint --to /srv/elsewhere/audit.txt --data data
#[derive(clap::Args)]
struct CheckpointArguments {
    #[command(flatten)]
    data: DataArguments,
    /// The file of checkpoints: on another machine, or where this program's account cannot change it
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    match &arguments.command {
        Command::List(arguments) => list(arguments),
        Command::Verify(arguments) => verify(arguments),
        Command::Checkpoint(arguments) => checkpoint(arguments),
    }
}

fn list(arguments: &ListArguments) -> CommandResult {
    let mut data = DataFolder::open(&arguments.data.data, Access::Read)?;
    let listed = data.audit_list(arguments.resident.as_deref())?;
    let n = listed.records.len().to_string();
    data.audit(&account(), AuditAct::ListedAudit, None, &n)?;
    show(&listed, arguments.json, render)?;
    Ok(Outcome::Done)
}

fn verify(arguments: &VerifyArguments) -> CommandResult {
    let checkpoints = match &arguments.checkpoints {
        Some(path) => read_checkpoints(path)?,
        None => Vec::new(),
    };
    let data = DataFolder::open(&arguments.data.data, Access::Read)?;
    let verified = data.audit_verified(&checkpoints)?;
    show(&verified, arguments.json, verdict)?;
    Ok(match verified.broken {
        None => Outcome::Done,
        Some(_) => Outcome::Damaged,
    })
}

fn checkpoint(arguments: &CheckpointArguments) -> CommandResult {
    let data = DataFolder::open(&arguments.data.data, Access::Read)?;
    let verified = data.audit_verified(&[])?;
    if verified.broken.is_some() {
        print(&verdict(&verified))?;
        return Ok(Outcome::Damaged);
    }
    add_checkpoints(&arguments.to, &verified.heads, &now())?;
    print(&verdict(&verified))?;
    Ok(Outcome::Done)
}

fn render(list: &AuditList) -> String {
    if list.records.is_empty() {
        return "Nothing is on record.\n".to_owned();
    }
    let lines = list.records.iter().map(|record| {
        let about = record.about.as_deref().unwrap_or("-");
        let line = format!(
            "{} {}  {}  {}  {}  {about}  {}",
            record.writer, record.n, record.at, record.who, record.act, record.detail
        );
        format!("{}\n", line.trim_end())
    });
    lines.collect()
}

fn verdict(verified: &AuditVerified) -> String {
    if let Some(broken) = &verified.broken {
        return format!("Broken: {broken}\n");
    }
    if verified.heads.is_empty() {
        return "Nothing is on record.\n".to_owned();
    }
    let heads = verified.heads.iter();
    let mut text: String = heads
        .map(|head| {
            format!(
                "{}: {} records, the last is {}\n",
                head.writer, head.n, head.hash
            )
        })
        .collect();
    text.push_str(match verified.checkpoints {
        0 => "Whole, as far as it goes: held against no checkpoint.\n",
        _ => "Whole, and all that the checkpoints remember is there.\n",
    });
    text
}
