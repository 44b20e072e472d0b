//! `preventio replay`

use std::collections::BTreeMap;

use preventiojyraa::steps::{
    self, Access, DataFolder, DecidedAgain, DecisionShown, Replay, ReplayOptions, ReplayedRun,
    Verdict, WhichRuns,
};

use super::{
    CommandResult, DataArguments, Outcome, all_cores, counts, render, share_in_words, show, tell,
};

/// Decide a run again, and say whether every decision is the same
///
/// Everything is taken from the data folder: the rules kept with the run, and facts, register and
/// rounds as they were known then. Nothing that came later counts: no pull, no correction, no
/// recalibration, no order. Nothing is written.
///
/// Exit code 0 when every decision is identical, 1 when some are different, 2 when it cannot be said
/// because something that the run saw is not held any more, or this program does not understand it.
/// A run that decided about somebody who was erased since is `not replayable: erased`, with exit code 2.
/// Residents who are decided about otherwise are named by their opaque ids.
///
/// Examples: preventio replay last --data data
/// and: preventio replay --all --data data
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The run: its number, or `last` for the newest
    #[arg(value_name = "RUN", value_parser = run_named, required_unless_present = "all")]
    run: Option<WhichRuns>,
    /// Every run of the folder
    #[arg(long, conflicts_with = "run")]
    all: bool,
    #[command(flatten)]
    data: DataArguments,
    /// Worker threads; all cores by default. The answer does not depend on it
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Print everything as JSON
    #[arg(long)]
    json: bool,
}

fn run_named(word: &str) -> Result<WhichRuns, String> {
    if word == "last" {
        return Ok(WhichRuns::Newest);
    }
    let number = word.parse().map(WhichRuns::One);
    number.map_err(|_| "the number of a run, or `last`".to_owned())
}

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    let options = ReplayOptions {
        which: arguments.run.unwrap_or(WhichRuns::All),
        threads: arguments.threads.unwrap_or_else(all_cores),
    };
    let data = DataFolder::open(&arguments.data.data, Access::Untouched);
    // A failure is no difference: it has the code of what cannot be said.
    let replayed = match data.and_then(|data| steps::replay(&data, &options)) {
        Ok(replayed) => replayed,
        Err(error) => {
            tell(&render(&error));
            return Ok(Outcome::CannotSay);
        }
    };
    show(&replayed, arguments.json, in_words)?;
    Ok(match replayed.verdict() {
        Verdict::Identical => Outcome::Done,
        Verdict::Different => Outcome::ReplayedDifferently,
        Verdict::CannotSay | Verdict::Erased => Outcome::CannotSay,
    })
}

fn in_words(replayed: &Replay) -> String {
    let runs = replayed.runs.iter();
    runs.map(|run| one(run, replayed.program)).collect()
}

fn one(run: &ReplayedRun, program: &str) -> String {
    let hash = run.hash.as_deref().unwrap_or("none");
    let about = format!("Run {} as of {}", run.run, run.index_date);
    let mut text = match run.verdict {
        Verdict::Identical => {
            format!(
                "{about}: identical: {} decisions, hash {hash}\n",
                run.decisions
            )
        }
        Verdict::Different => format!(
            "{about}: different: {} of {} decisions\n",
            run.differing, run.decisions
        ),
        Verdict::CannotSay => format!("{about}: cannot say\n"),
        Verdict::Erased => format!("{about}: not replayable: erased\n"),
    };
    text.push_str(&models(run));
    let missing = run.missing.iter().map(|what| format!("  {what}\n"));
    text.extend(missing);
    if run.verdict == Verdict::Identical {
        return text;
    }
    if run.program != program {
        let versions = format!(
            "  the run was made by version {}, this is version {program}\n",
            run.program
        );
        text.push_str(&versions);
    }
    if run.hash.is_some() {
        let hashes = format!(
            "  hash on record  {}\n  hash now        {hash}\n",
            run.hash_on_record
        );
        text.push_str(&hashes);
    }
    if run.stored_as_recorded == Some(false) {
        text.push_str(
            "  the decisions stored in the lake are not those on record either; see `preventio fsck`\n",
        );
    }
    if !run.changes.is_empty() {
        text.push_str("  What was decided, and is now\n");
        text.push_str(&indented(&run.changes));
    }
    if !run.first.is_empty() {
        text.push_str("  The first of them\n");
        text.extend(run.first.iter().map(shown));
    }
    text
}

/// By which recalibrations the run decided; nothing for the calibration of the rule file.
fn models(run: &ReplayedRun) -> String {
    let all = run.recalibration.map(|id| format!("by recalibration {id}"));
    let shared = run.shared.as_ref().map(|shared| {
        format!(
            "about {} of the residents by recalibration {}",
            share_in_words(shared.share_e9),
            shared.recalibration
        )
    });
    let both: Vec<String> = all.into_iter().chain(shared).collect();
    match both.is_empty() {
        true => String::new(),
        false => format!("  {}\n", both.join("; ")),
    }
}

fn indented(changes: &BTreeMap<String, u64>) -> String {
    let lines = counts(changes);
    lines.lines().map(|line| format!("  {line}\n")).collect()
}

fn shown(who: &DecidedAgain) -> String {
    let words = |decision: &Option<DecisionShown>| match decision {
        Some(decision) => format!("{}, {}", decision.state, decision.next),
        None => "nobody".to_owned(),
    };
    let columns = if who.columns.is_empty() {
        String::new()
    } else {
        format!("; other {}", who.columns.join(", "))
    };
    format!(
        "    {}  {} → {}{columns}\n",
        who.resident,
        words(&who.was),
        words(&who.is)
    )
}
