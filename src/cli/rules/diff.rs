//! `preventio rules diff`

use std::error::Error;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use preventiojyraa::daemon;
use preventiojyraa::rulebook::{Change, RuleName, Rulebook};
use preventiojyraa::rules;
use preventiojyraa::steps::{
    self, Access, Cell, DataFolder, DiffOptions, Gained, Guard, RulesDiff, StepError,
};
use serde_json::json;

use super::super::all_cores;
use super::{CommandResult, Outcome, print, print_json};

/// Compare two rule books: which numbers differ, and who would be decided about otherwise
///
/// Without `--data` the rule files are compared, number by number. With it, everybody on the register
/// is decided about under both, on the facts of today; nothing is stored and nobody is asked.
/// Numbers of fewer than five people are not told, nor those that would tell them by subtraction.
/// One output is protected so, not several: who subtracts two of nearly the same residents or rules
/// may learn more.
/// Exit code 6 when a bound is not kept.
///
/// Example: preventio rules diff shipped rules-2027 --data data --max-change 2%
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The older rules: a folder, the beginning of the fingerprint of a rule book that a run here
    /// used, or `shipped`
    #[arg(value_name = "OLD")]
    old: String,
    /// The newer rules, likewise
    #[arg(value_name = "NEW")]
    new: String,
    /// The programme, by the name of its file in `programmes/`; the default one otherwise
    #[arg(long, value_name = "ID")]
    programme: Option<String>,
    /// The data folder
    #[arg(long, value_name = "DATA")]
    data: Option<PathBuf>,
    /// The day profiles are taken, YYYY-MM-DD; that of the newest run by default, else today
    #[arg(long, value_name = "DATE", requires = "data")]
    index_date: Option<Date>,
    /// Residents at most whose decision may change: a number (0, or 5 and more), or a share of the
    /// register such as 2.5%; a share that comes to 1 to 4 residents is taken as 4
    #[arg(long, value_name = "N|P%", requires = "data", value_parser = most)]
    max_change: Option<Most>,
    /// Residents at least whom the programme is about under the new rules
    #[arg(long, value_name = "N", requires = "data")]
    min_cohort: Option<u64>,
    /// Residents at most whom the programme is about under the new rules
    #[arg(long, value_name = "N", requires = "data")]
    max_cohort: Option<u64>,
    /// Print what was found as JSON
    #[arg(long)]
    json: bool,
}

/// A bound, as a number or in hundredths of a percent.
#[derive(Debug, Clone, Copy)]
enum Most {
    Residents(u64),
    ShareE4(u64),
}

fn most(text: &str) -> Result<Most, String> {
    let wrong = || format!("`{text}` is neither a number of residents nor a share such as 2.5%");
    if let Some(share) = text.strip_suffix('%') {
        let (whole, part) = share.split_once('.').unwrap_or((share, ""));
        if 2 < part.len() {
            return Err("a share has two decimals at most".to_owned());
        }
        let digits = format!("{whole}{part:0<2}");
        return match digits.parse() {
            Ok(share) if share <= 10_000 && !whole.is_empty() => Ok(Most::ShareE4(share)),
            Ok(_) | Err(_) => Err(wrong()),
        };
    }
    match text.parse() {
        Ok(1..5) => Err("a bound from 1 to 4 would tell numbers of so few people apart".to_owned()),
        Ok(n) => Ok(Most::Residents(n)),
        Err(_) => Err(wrong()),
    }
}

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    let data = arguments.data.as_deref();
    let data = data
        .map(|folder| DataFolder::open(folder, Access::Read))
        .transpose()?;
    let old = named(&arguments.old, arguments, data.as_ref())?;
    let new = named(&arguments.new, arguments, data.as_ref())?;
    let changes = RulesDiff::changes(&old, &new);
    let not_raised = RulesDiff::not_raised(&old, &new, &changes);
    let diff = match &data {
        None => None,
        Some(data) => Some(steps::rules_diff(
            data,
            (&old, &new),
            &options(arguments, data, &new)?,
        )?),
    };
    if arguments.json {
        print_json(&json!({
            "rules": changes.iter().map(|change| json!({
                "file": change.file,
                "key": change.key,
                "old": change.old,
                "new": change.new,
            })).collect::<Vec<_>>(),
            "version_not_raised": not_raised.iter().map(|name| json!({
                "id": name.id,
                "version": name.version,
                "file": name.file,
            })).collect::<Vec<_>>(),
            "decisions": diff,
        }))?;
    } else {
        let mut text = in_words(&old, &new, &changes, &not_raised);
        if let Some(diff) = &diff {
            text.push_str(&decisions(diff));
        }
        print(&text)?;
    }
    let is_broken = diff.is_some_and(|diff| !diff.broken.is_empty());
    Ok(if is_broken {
        Outcome::OutOfBounds
    } else {
        Outcome::Done
    })
}

fn named(
    name: &str,
    arguments: &Arguments,
    data: Option<&DataFolder>,
) -> Result<Rulebook, Box<dyn Error>> {
    let programme = arguments.programme.as_deref();
    if name == "shipped" {
        return Ok(rules::load(None, programme)?);
    }
    let folder = Path::new(name);
    if folder.is_dir() {
        return Ok(rules::load(Some(folder), programme)?);
    }
    let kept = data.map(|data| steps::kept_rules(data, name)).transpose()?;
    Ok(kept
        .flatten()
        .ok_or_else(|| StepError::UnknownRules(name.to_owned()))?)
}

fn options(
    arguments: &Arguments,
    data: &DataFolder,
    rulebook: &Rulebook,
) -> Result<DiffOptions, Box<dyn Error>> {
    let index_date = match (arguments.index_date, data.newest_index_date()?) {
        (Some(day), _) | (None, Some(day)) => day,
        (None, None) => daemon::today(rulebook, None)?,
    };
    let (max_change, max_change_e4) = match arguments.max_change {
        None => (None, None),
        Some(Most::Residents(n)) => (Some(n), None),
        Some(Most::ShareE4(share)) => (None, Some(share)),
    };
    Ok(DiffOptions {
        index_date,
        threads: all_cores(),
        guard: Guard {
            max_change,
            max_change_e4,
            min_cohort: arguments.min_cohort,
            max_cohort: arguments.max_cohort,
        },
    })
}

/// A value that fits on a line.
fn short(value: &str) -> String {
    const LONGEST: usize = 60;
    let line = value.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LONGEST {
        return line;
    }
    line.chars().take(LONGEST).chain("…".chars()).collect()
}

fn in_words(old: &Rulebook, new: &Rulebook, changes: &[Change], not_raised: &[RuleName]) -> String {
    let name = |book: &Rulebook| {
        let header = &book.programme.header;
        let digits: String = book.fingerprint.chars().take(12).collect();
        format!("{} {} ({digits})", header.id, header.version)
    };
    let mut text = format!("From {}\nto   {}\n", name(old), name(new));
    if changes.is_empty() {
        text.push_str("\nThe rules say the same.\n");
    }
    let mut file = "";
    for change in changes {
        if change.file != file {
            text.push_str(&format!("\n{}\n", change.file));
            file = &change.file;
        }
        text.push_str(&match (&change.key[..], &change.old, &change.new) {
            ("", None, _) => "  a new file\n".to_owned(),
            ("", Some(_), None) => "  the file is gone\n".to_owned(),
            (key, Some(old), Some(new)) => format!("  {key}: {} → {}\n", short(old), short(new)),
            (key, Some(old), None) => format!("  {key}: {} → gone\n", short(old)),
            (key, None, new) => {
                format!(
                    "  {key}: new, {}\n",
                    short(new.as_deref().unwrap_or_default())
                )
            }
        });
    }
    for name in not_raised {
        text.push_str(&format!(
            "\nWarning: {} is another and still calls itself {} {}; a changed number is a new version.\n",
            name.file, name.id, name.version
        ));
    }
    text
}

/// What is said in the place of a number that is not told.
const NOT_TOLD: &str = "-";

fn number(n: Option<u64>) -> String {
    n.map_or(NOT_TOLD.to_owned(), |n| n.to_string())
}

fn decisions(diff: &RulesDiff) -> String {
    let changed = diff
        .changed
        .map_or("fewer than 5".to_owned(), |n| n.to_string());
    let mut text = format!(
        "\nDecisions about {} residents as of {}\n  {changed} would be decided about otherwise\n",
        diff.register, diff.index_date
    );
    match diff.only_scores {
        Some(0) => {}
        Some(n) => text.push_str(&format!(
            "  {n} by the same decision with another score or reason\n"
        )),
        None => text.push_str("  fewer than 5 by the same decision with another score or reason\n"),
    }
    text.push_str(&format!(
        "  the programme is about {} of them before and {} after, to the ten below\n",
        diff.cohort_before, diff.cohort_after
    ));
    for gained in &diff.gained {
        text.push_str(&format!(
            "\n{:>7}  {} → {}\n",
            number(gained.n),
            gained.from,
            gained.to
        ));
        text.push_str(&parts(gained));
    }
    let is_hidden = |gained: &Gained| {
        let all = [
            &gained.by_reason,
            &gained.by_age,
            &gained.by_sex,
            &gained.by_language,
            &gained.by_district,
        ];
        gained.n.is_none() || all.into_iter().flatten().any(|cell| cell.n.is_none())
    };
    if diff.gained.iter().any(is_hidden) {
        text.push_str(&format!(
            "\n{NOT_TOLD} stands for fewer than 5, or for a number that would tell such a one. Who is in no district is not shown by district.\n"
        ));
    }
    for broken in &diff.broken {
        text.push_str(&format!("\nOut of bounds: {broken}\n"));
    }
    text
}

fn parts(gained: &Gained) -> String {
    let row = |what: &str, cells: &[Cell]| -> String {
        let cells: Vec<String> = cells
            .iter()
            .map(|cell| format!("{} {}", cell.name, number(cell.n)))
            .collect();
        match cells.is_empty() {
            true => String::new(),
            false => format!("           {what}: {}\n", cells.join(", ")),
        }
    };
    [
        row("because", &gained.by_reason),
        row("age", &gained.by_age),
        row("sex", &gained.by_sex),
        row("language", &gained.by_language),
        row("district", &gained.by_district),
    ]
    .concat()
}
