//! `preventio erase`

use preventiojyraa::ledger::Erased;
use preventiojyraa::steps::{self, Access, DataFolder, EraseReport};

use super::{CommandResult, DataArguments, Outcome, filled, now, print, show};

/// Erase everything held about one resident
///
/// Identifiers, facts, register entries, issues, decisions, rounds, what was sent, tasks and lines set
/// aside go from the data folder and from where the lake lies. What stays is the opaque id with when, by
/// whom and why: a later pull does not bring the resident back, and says so with the issue
/// `erased-resident`, until somebody lifts the erasure by name. Runs that decided about the resident
/// cannot be replayed any more. Nothing is erased while something is under way: then the command says so.
///
/// Killed at any moment, the erasure is either not begun or finished by the next command that writes.
/// Backups, versions that a bucket keeps by itself, files that left by a way of orders, and what other
/// systems hold are beyond its reach.
///
/// Examples: preventio erase 1234 --by "Maija Meikäläinen" --reason "request 17/2026" --data data
/// and: preventio erase 5d0e… --lift --by "Maija Meikäläinen" --reason "objection rejected" --data data
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    /// The resident: the 32-digit opaque id, or a source's `Patient.id`
    #[arg(value_name = "RESIDENT")]
    resident: String,
    /// Who erases; stays on record
    #[arg(long, value_name = "NAME")]
    by: String,
    /// Why; stays on record, so it names nobody
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Let an erased resident come back with the next pull, as somebody new; by the opaque id
    #[arg(long)]
    lift: bool,
    /// Print the report as JSON
    #[arg(long, conflicts_with = "lift")]
    json: bool,
}

/// Who asks for something about a resident, when and why; neither is empty.
pub(super) fn asked(by: &str, reason: &str) -> Result<Erased, String> {
    let by = filled("--by", by, "the name of the person who asks for it")?;
    let reason = filled("--reason", reason, "why, in a few words that name nobody")?;
    Ok(Erased {
        at: now(),
        by: by.to_owned(),
        reason: reason.to_owned(),
    })
}

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    let record = asked(&arguments.by, &arguments.reason)?;
    let mut data = DataFolder::open(&arguments.data.data, Access::WriteExisting)?;
    if arguments.lift {
        steps::lift_erasure(&mut data, &arguments.resident, &record)?;
        print("Lifted: the next pull that tells of this resident begins anew.\n")?;
        return Ok(Outcome::Done);
    }
    let report = steps::erase(&mut data, &arguments.resident, &record)?;
    show(&report, arguments.json, render)?;
    Ok(Outcome::Done)
}

fn render(report: &EraseReport) -> String {
    let mut text = "Erased\n".to_owned();
    for (table, n) in report.rows.iter().chain(&report.ledger) {
        text.push_str(&format!("  {table:<15}  {n:>6}\n"));
    }
    if 0 < report.lines {
        text.push_str(&format!(
            "  {:<15}  {:>6}\n",
            "lines set aside", report.lines
        ));
    }
    if !report.runs.is_empty() {
        let runs: Vec<String> = report.runs.iter().map(ToString::to_string).collect();
        text.push_str(&format!(
            "Runs that are not replayable from now on: {}\n",
            runs.join(", ")
        ));
    }
    if 0 < report.same_national_id {
        text.push_str(&format!(
            "{} other entries have the same national identifier and stay: erase them too if they are the same person\n",
            report.same_national_id
        ));
    }
    if let Some(at) = &report.away {
        text.push_str(&format!(
            "Also from `{at}`; versions that the place keeps by itself are for its owner to remove\n"
        ));
    }
    if !report.is_finished {
        text.push_str(
            "Somebody else reads the ledger, so its log still has traces: the next pull, run or fsck removes them\n",
        );
    }
    text
}
