//! `preventio coverage`

use preventiojyraa::steps::{
    self, Access, CoverageForOthers, CoverageReport, DataFolder, GroupShown, StandingShown,
};

use super::{CommandResult, DataArguments, Outcome, RulesArguments, counts, show};

/// Say where everybody on the register stands, and since when: nobody is forgotten
///
/// Each resident is in exactly one standing: the state that the newest run gave them, or the same
/// with `:not-acted-on` when what follows from it has not happened, or `to-decide` when the next run
/// has to say. Districts and languages add up to the register too. Ends with 5 when something does
/// not add up. Nothing is stored and nobody is asked.
///
/// Example: preventio coverage --data data
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    rules: RulesArguments,
    /// For others than those who operate the data folder: without small numbers, days and ids
    ///
    /// Numbers below 5 are left out, and others with them, so that no subtraction tells them.
    /// Standings are told of all together, districts and languages as a whole.
    #[arg(long)]
    for_others: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    let rulebook = arguments.rules.load()?;
    let data = DataFolder::open(&arguments.data.data, Access::Read)?;
    let report = steps::coverage(&rulebook, &data)?;
    if arguments.for_others {
        show(&report.for_others(&rulebook), arguments.json, for_others)?;
    } else {
        show(&report, arguments.json, render)?;
    }
    Ok(if report.adds_up {
        Outcome::Done
    } else {
        Outcome::Differs
    })
}

fn render(report: &CoverageReport) -> String {
    let mut text = format!("{} residents on the register", report.register);
    match (report.run, &report.index_date) {
        (Some(run), Some(day)) => {
            text.push_str(&format!(", as run {run} decided as of {day}\n"));
        }
        (_, _) => text.push_str("; no run has decided yet\n"),
    }
    if report.run.is_some() && 0 < report.newer_pulls {
        text.push_str(&format!(
            "Pulls after that run: {}; what they brought counts from the next run on.\n",
            report.newer_pulls
        ));
    }
    let names = report.standings.iter().map(|shown| shown.standing.len());
    let rows = report.standings.iter().flat_map(|shown| shown.rows.keys());
    let width = names
        .chain(rows.map(|row| row.len() + 2))
        .max()
        .unwrap_or(0);
    text.extend(report.standings.iter().map(|shown| standing(shown, width)));
    text.push_str(&groups("By district", &report.by_district));
    text.push_str(&groups("By language", &report.by_language));
    if !report.offers.is_empty() {
        text.push_str("Offers of the lifestyle service, by what became of them\n");
        text.push_str(&counts(&report.offers));
    }
    if 0 < report.second_entries {
        text.push_str(&format!(
            "{} of these entries are second ones of a person who is decided about under another.\n",
            report.second_entries
        ));
    }
    if report.adds_up {
        text.push_str("Everybody is in one standing, and every sum is the register.\n");
    }
    for wrong in &report.unaccounted {
        text.push_str(&format!("Does not add up: {wrong}\n"));
    }
    text
}

/// A standing, and below it the rows that decided, where there are several or one by another name.
fn standing(shown: &StandingShown, width: usize) -> String {
    let mut line = format!("  {:<width$}  {:>9}", shown.standing, shown.residents);
    if let Some(since) = &shown.since {
        line.push_str(&format!("  since {since}"));
    }
    if let (Some(whom), Some(longest)) = (shown.waits_for, &shown.longest) {
        line.push_str(&format!(", longest {longest}; waits for {whom}"));
    }
    line.push('\n');
    let is_itself = shown.rows.len() == 1 && shown.rows.contains_key(&shown.standing);
    for (row, n) in shown.rows.iter().filter(|_| !is_itself) {
        let width = width.saturating_sub(2);
        line.push_str(&format!("    {row:<width$}  {n:>9}\n"));
    }
    line
}

fn groups(heading: &str, groups: &[GroupShown]) -> String {
    let mut text = format!("{heading}\n");
    for group in groups {
        let name = group.name.as_deref().unwrap_or(NOT_KNOWN);
        let standings = group.standings.iter();
        let standings: Vec<String> = standings.map(|(name, n)| format!("{n} {name}")).collect();
        text.push_str(&format!(
            "  {name}: {}: {}\n",
            group.residents,
            standings.join(", ")
        ));
    }
    text
}

const NOT_KNOWN: &str = "not known or not told";

fn for_others(report: &CoverageForOthers) -> String {
    let number = |n: Option<u64>| n.map_or("-".to_owned(), |n| n.to_string());
    let mut text = format!("{} residents on the register", number(report.register));
    if let Some(day) = &report.index_date {
        text.push_str(&format!(", as of {day}"));
    }
    text.push('\n');
    let standings = report.standings.iter();
    let standings = standings.filter(|shown| shown.residents != Some(0));
    for shown in standings {
        text.push_str(&format!(
            "  {:<40}  {:>9}\n",
            shown.standing,
            number(shown.residents)
        ));
    }
    for (heading, groups) in [
        ("By district\n", &report.by_district),
        ("By language\n", &report.by_language),
    ] {
        text.push_str(heading);
        for group in groups {
            let name = group.name.as_deref().unwrap_or(NOT_KNOWN);
            text.push_str(&format!("  {name:<40}  {:>9}\n", number(group.residents)));
        }
    }
    text.push_str("- stands for a number that is not told. ");
    text.push_str(if report.standings.is_empty() {
        "Standings are not told at all: too few residents.\n"
    } else {
        "What is not listed is 0.\n"
    });
    if !report.adds_up {
        text.push_str("Something does not add up; those who operate the data folder see what.\n");
    }
    text
}
