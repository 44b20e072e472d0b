//! `preventio what-if`

use jiff::civil::Date;
use preventiojyraa::daemon;
use preventiojyraa::planning::Levels;
use preventiojyraa::steps::{
    self, Access, AsOf, AtLevel, DataFolder, Dimension, StratumShown, WhatIf, WhatIfOptions,
};

use super::{CommandResult, DataArguments, Outcome, RulesArguments, all_cores, show};

/// Count what other action levels would mean: residents flagged, tests, questions, cases
///
/// Everybody on the register is decided about at every level of the range, in one pass, on the facts
/// of one day; nothing is stored and nobody is asked. Whoever is decided about by something else than
/// the score, such as a known disease or a refusal, stays as they are. Where a programme's level
/// depends on age, each level of the range is held to be the level of all ages.
/// Numbers of people are to the ten below, at every level and in every stratum, so that none tells of
/// a few by subtraction; shares and cases are the limits that follow. One output is protected so:
/// who holds several of nearly the same residents against each other may learn more.
/// A score is not a probability: cases are told only where the calibration in force is verified, or
/// was made from outcomes and accepted.
///
/// Example: preventio what-if --thresholds 10..15 --by sex,age --data data
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    rules: RulesArguments,
    /// The action levels, first and last: in points, or in per cent where the score is a probability
    #[arg(long, value_name = "A..B")]
    thresholds: String,
    /// From level to level; 1 point or 1 per cent by default
    #[arg(long, value_name = "N")]
    step: Option<String>,
    /// Tell residents apart by `district`, `sex`, `age` (tens of years) and `language`
    ///
    /// Whose district may not be known is counted with the smallest districts, as `other`.
    #[arg(long, value_name = "WHAT,…", value_delimiter = ',', value_parser = dimension)]
    by: Vec<Dimension>,
    /// Count on what this run saw: its day, facts, rounds, lot and accepted recalibration
    #[arg(long, value_name = "RUN", conflicts_with = "index_date")]
    run: Option<u32>,
    /// The day profiles are taken, YYYY-MM-DD; that of the newest run by default, else today
    #[arg(long, value_name = "DATE")]
    index_date: Option<Date>,
    /// Worker threads; all cores by default. The answer does not depend on it
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Print the counts as JSON
    #[arg(long)]
    json: bool,
}

fn dimension(text: &str) -> Result<Dimension, String> {
    let mut known = Dimension::NAMES.iter();
    let found = known.find(|(name, _)| *name == text);
    found
        .map(|(_, dimension)| *dimension)
        .ok_or_else(|| "residents are told apart by district, sex, age and language".to_owned())
}

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    let rulebook = arguments.rules.load()?;
    let model = &rulebook.model;
    let levels = Levels::read(
        &arguments.thresholds,
        arguments.step.as_deref(),
        model.unit,
        // A level that everybody reaches decides nothing.
        (model.min + 1, model.max),
    )?;
    let data = DataFolder::open(&arguments.data.data, Access::Read)?;
    let as_of = match (arguments.run, arguments.index_date) {
        (Some(run), _) => AsOf::Run(run),
        (None, Some(day)) => AsOf::Day(day),
        (None, None) => AsOf::Day(match data.newest_index_date()? {
            Some(day) => day,
            None => daemon::today(&rulebook, None)?,
        }),
    };
    let mut by = arguments.by.clone();
    by.sort_unstable();
    by.dedup();
    let options = WhatIfOptions {
        levels,
        by: &by,
        as_of,
        threads: arguments.threads.unwrap_or_else(all_cores),
    };
    let report = steps::what_if(&rulebook, &data, &options)?;
    show(&report, arguments.json, render)?;
    Ok(Outcome::Done)
}

fn render(report: &WhatIf) -> String {
    let faulty = report.faulty.iter();
    let mut text: String = faulty
        .map(|mark| format!("Do not act on this: {mark}\n"))
        .collect();
    let book = &report.rulebook;
    text.push_str(&format!(
        "What if the action level of {} {} were another?\n{} residents as of {}",
        book.id, book.version, report.register, report.index_date
    ));
    if let Some(run) = report.run {
        text.push_str(&format!(", as run {run} saw them"));
    }
    text.push_str(&format!(
        "\nIn force: {} {}, by {}\n",
        report.in_force.join(", "),
        report.unit,
        report.model
    ));
    if report.other_rules_than_the_run {
        text.push_str("That run was made by other rules than these.\n");
    }
    let all = [&report.all].into_iter().chain(&report.strata);
    for stratum in all {
        text.push_str(&table(stratum, report));
    }
    text.push_str(&format!(
        "
Numbers of people are to the {} below, and differences to within {}; - stands for fewer than {0}.
flagged: the lowest possible score reaches the level, and the score decides
possible: the score lies on either side, while something is not known
tests: residents with laboratory requests, those drawn by lot from below the level with them
questions: residents to be asked, or to be reminded
share: flagged among residents of the stratum whom the programme is about
Who is decided about by something else than the score is the same at every level.
",
        report.cut_to, report.cut_to
    ));
    let expected = &report.expected_by;
    text.push_str(&match &expected.not_known {
        None => format!(
            "cases: expected among the flagged who are tested, from the lowest to the highest possible scores, by {}: {}. How sure the calibration itself is, is not in them.\ntested for a case: flagged who are tested, for each of these\n",
            expected.calibration, expected.estimand
        ),
        Some(why) => format!(
            "Expected cases and the number needed to test are not known: {why} ({}).\n",
            expected.calibration
        ),
    });
    text.push_str("Effects: none: nothing was stored and nobody was asked\n");
    text
}

fn table(stratum: &StratumShown, report: &WhatIf) -> String {
    let names: Vec<&str> = stratum.of.values().map(String::as_str).collect();
    let name = if names.is_empty() {
        "Everybody".to_owned()
    } else {
        names.join(", ")
    };
    if stratum.residents == 0 {
        return format!("\n{name}: fewer than {} residents\n", report.cut_to);
    }
    let has_cases = report.expected_by.not_known.is_none();
    let mut head = vec![
        report.unit,
        "flagged",
        "possible",
        "tests",
        "by lot",
        "questions",
        "share %",
        "± tests",
        "± questions",
    ];
    if has_cases {
        head.extend(["cases", "tested for a case"]);
    }
    let mut rows = vec![head.into_iter().map(str::to_owned).collect()];
    rows.push(row(&stratum.in_force, has_cases));
    rows.extend(stratum.levels.iter().map(|level| row(level, has_cases)));
    format!(
        "\n{name}: {} residents whom the programme is about\n{}",
        stratum.residents,
        aligned(&rows)
    )
}

fn row(level: &AtLevel, has_cases: bool) -> Vec<String> {
    let people = |n: u64| match n {
        0 => "-".to_owned(),
        n => n.to_string(),
    };
    let limits = |limits: Option<[f64; 2]>| match limits {
        None => "-".to_owned(),
        Some([least, most]) => format!("{least:.1} to {most:.1}"),
    };
    let more = |n: i64| match (&level.level, n) {
        (None, _) | (Some(_), 0) => String::new(),
        (Some(_), n) => format!("{n:+}"),
    };
    let mut cells = vec![
        level.level.clone().unwrap_or_else(|| "in force".to_owned()),
        people(level.flagged),
        people(level.possible),
        people(level.laboratory),
        people(level.by_lot),
        people(level.questionnaires),
        limits(level.share_percent),
        more(level.more_laboratory),
        more(level.more_questionnaires),
    ];
    if has_cases {
        cells.push(limits(level.expected_cases));
        cells.push(limits(level.needed_to_test));
    }
    cells
}

/// Columns as wide as their widest cell, aligned to the right.
fn aligned(rows: &[Vec<String>]) -> String {
    let n_columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..n_columns).map(width).collect();
    let lines = rows.iter().map(|row| {
        let cells = row.iter().zip(&widths);
        let cells = cells.map(|(cell, width)| format!("  {cell:>width$}"));
        let line: String = cells.collect();
        format!("{}\n", line.trim_end())
    });
    lines.collect()
}
