//! `preventio look-back`

mod words;

use std::error::Error;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use preventiojyraa::ledger::AuditAct;
use preventiojyraa::rules;
use preventiojyraa::steps::{
    self, Access, Affected, DataFolder, DecisionShown, LookBack, LookBackOptions, LookedBack,
};

use super::{
    CommandResult, DataArguments, Outcome, account, all_cores, counts, print, print_json, tell,
};

/// Find everybody whom a faulty rule decided about otherwise, or told something else
///
/// Every run that held the rule, from the first faulty version until before the corrected one, is
/// decided again on what it saw, with the corrected file in the place of the faulty one. Listed is
/// whose decision should have been another, in which run, what it should have been, and what was
/// asked of or about them since. Exit code 5 when some run could not be looked at on exactly what it
/// saw.
///
/// A rule that says how acts are written (`orders/`, `texts/`) decides about nobody: listed are the
/// orders, messages and requests that left with other words than they should have had, when and by
/// which way. Exit code 5 when something left of which it is not on record by which rules.
///
/// The list is about people, by their opaque ids. It is printed, or goes to a file for its owner alone.
///
/// Example: preventio look-back --rule findrisc --from 2025.1 --corrected rules --data data --out affected.csv
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    /// The rule: the `id` of a rule file
    #[arg(long, value_name = "ID")]
    rule: String,
    /// The first faulty version
    #[arg(long, value_name = "VERSION")]
    from: String,
    /// A folder of rules with the corrected file; the rules shipped with the program by default
    #[arg(long, value_name = "DIR")]
    corrected: Option<PathBuf>,
    /// The programme, by the name of its file in `programmes/`; the default one otherwise
    #[arg(long, value_name = "ID")]
    programme: Option<String>,
    /// Write the list to a new file, as CSV
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Worker threads; all cores by default. The answer does not depend on it
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Print everything as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    let corrected = rules::load(
        arguments.corrected.as_deref(),
        arguments.programme.as_deref(),
    )?;
    let mut data = DataFolder::open(&arguments.data.data, Access::Read)?;
    let rule = format!("{} {}", arguments.rule, arguments.from);
    data.audit(&account(), AuditAct::LookedBack, None, &rule)?;
    let looked = steps::look_back(
        &data,
        &LookBackOptions {
            rule: &arguments.rule,
            from: &arguments.from,
            corrected: &corrected,
            threads: arguments.threads.unwrap_or_else(all_cores),
        },
    )?;
    if let Some(path) = &arguments.out {
        let place = path.display();
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(|error| format!("cannot create `{place}`: {error}"))?;
        write(file, &looked).map_err(|error| format!("cannot write `{place}`: {error}"))?;
    }
    if arguments.json {
        print_json(&looked)?;
    } else {
        print(&in_text(&looked, arguments.out.is_none()))?;
    }
    let (is_whole, note) = match &looked {
        LookedBack::Decisions(looked) => (
            looked.is_whole(),
            "not every run could be looked at on exactly what it saw",
        ),
        LookedBack::Words(looked) => (
            looked.is_whole(),
            "not of everything that left it is known what it said",
        ),
    };
    if is_whole {
        return Ok(Outcome::Done);
    }
    tell(&format!("note: {note}; there may be more affected\n"));
    Ok(Outcome::Differs)
}

fn in_text(looked: &LookedBack, is_listed: bool) -> String {
    match looked {
        LookedBack::Decisions(looked) if is_listed => {
            summary(looked) + &looked.affected.iter().map(listed).collect::<String>()
        }
        LookedBack::Decisions(looked) => summary(looked),
        LookedBack::Words(looked) => words::in_text(looked, is_listed),
    }
}

fn summary(looked: &LookBack) -> String {
    let mut text = format!(
        "Rule {} from {} until before {}: {} residents were decided about otherwise than they should have been\n",
        looked.rule, looked.from, looked.corrected, looked.residents
    );
    for run in &looked.runs {
        text.push_str(&format!(
            "  run {} as of {}, by {}, {}: {} decisions, {} only in score or reasons{}\n",
            run.run,
            run.index_date,
            run.version,
            if run.acted {
                "which acted"
            } else {
                "which asked nothing of anybody"
            },
            run.decisions,
            run.scores,
            if run.replayed {
                ""
            } else {
                "; decided again by its own rules it gives other decisions than those on record"
            }
        ));
    }
    if !looked.not_kept.is_empty() {
        let runs: Vec<String> = looked.not_kept.iter().map(u32::to_string).collect();
        text.push_str(&format!(
            "  of runs {} nothing can be said: their rules are not kept, are damaged, or this program cannot read them\n",
            runs.join(", ")
        ));
    }
    if !looked.not_ordered.is_empty() {
        let runs: Vec<String> = looked.not_ordered.iter().map(u32::to_string).collect();
        text.push_str(&format!(
            "  of runs {} it cannot be said whether they held a faulty version: theirs has no place among the others\n",
            runs.join(", ")
        ));
    }
    if 0 < looked.only_scores {
        text.push_str(&format!(
            "  {} more had another score or other reasons, and the same decisions\n",
            looked.only_scores
        ));
    }
    if !looked.states.is_empty() {
        text.push_str("What was decided, and should have been\n");
        text.push_str(&counts(&looked.states));
    }
    if !looked.acts.is_empty() {
        text.push_str("What those decisions asked for, and what became of it\n");
        text.push_str(&counts(&looked.acts));
    }
    text
}

fn score(decision: &DecisionShown) -> String {
    match decision.score {
        None => String::new(),
        Some([low, high]) if low == high => low.to_string(),
        Some([low, high]) => format!("{low} to {high}"),
    }
}

fn in_words(decision: &DecisionShown) -> String {
    let mut text = format!("{}, {}", decision.state, decision.next);
    for (what, value) in [
        ("asks", &decision.asks),
        ("reviews", &decision.reviews),
        ("score", &score(decision)),
    ] {
        if !value.is_empty() {
            text.push_str(&format!(", {what} {value}"));
        }
    }
    text
}

fn listed(affected: &Affected) -> String {
    let mut text = format!("\n{}\n", affected.resident);
    for decision in &affected.decisions {
        text.push_str(&format!(
            "  run {} as of {}\n    was        {}\n    should be  {}\n",
            decision.run,
            decision.index_date,
            in_words(&decision.was),
            in_words(&decision.should_be)
        ));
    }
    for act in &affected.acts {
        text.push_str(&format!(
            "  {} decided on {} by {}: {}{}\n",
            act.action,
            act.decided_on,
            act.run
                .map_or("no run on record".to_owned(), |run| format!("run {run}")),
            act.state,
            if act.by_affected_decision {
                ""
            } else {
                ", by a decision that stands"
            }
        ));
    }
    text
}

/// A row for each decision, or act, that should have been another.
fn write(file: File, looked: &LookedBack) -> Result<(), Box<dyn Error>> {
    let mut table = csv::Writer::from_writer(file);
    match looked {
        LookedBack::Decisions(looked) => write_decisions(&mut table, &looked.affected)?,
        LookedBack::Words(looked) => words::write(&mut table, &looked.affected)?,
    }
    let mut file = table.into_inner()?;
    file.flush()?;
    file.sync_all()?;
    Ok(())
}

fn write_decisions(table: &mut csv::Writer<File>, affected: &[Affected]) -> csv::Result<()> {
    table.write_record([
        "resident",
        "run",
        "index_date",
        "was",
        "was_next",
        "was_asks",
        "was_reviews",
        "was_score",
        "should_be",
        "next",
        "asks",
        "reviews",
        "score",
        "acts",
    ])?;
    for who in affected {
        for decision in &who.decisions {
            let acts: Vec<String> = who
                .acts
                .iter()
                .filter(|act| act.run == Some(decision.run))
                .map(|act| format!("{}={}", act.action, act.state))
                .collect();
            let (was, is) = (&decision.was, &decision.should_be);
            table.write_record([
                &who.resident,
                &decision.run.to_string(),
                &decision.index_date,
                was.state,
                &was.next,
                &was.asks,
                &was.reviews,
                &score(was),
                is.state,
                &is.next,
                &is.asks,
                &is.reviews,
                &score(is),
                &acts.join(";"),
            ])?;
        }
    }
    Ok(())
}
