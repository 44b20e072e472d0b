//! `preventio alarms`

use std::path::PathBuf;

use jiff::civil::Date;
use preventiojyraa::config::Config;
use preventiojyraa::daemon;
use preventiojyraa::ledger::AuditAct;
use preventiojyraa::report::AlarmCode;
use preventiojyraa::steps::{
    self, Access, AlarmsForOthers, AlarmsReport, DataFolder, IntervalCasesReport,
};

use super::{CommandResult, Outcome, RulesArguments, account, print, show};

/// Say what has stopped, does not agree, has grown too much or has not happened, and who acts on it
///
/// To be started daily, after pull, run and dispatch. Streams (invitations, orders, results, by channel,
/// laboratory and district) are judged by their own past: silence is told after the fewest working days in
/// which chance hardly explains it. Limits are under `[alarms]` in the configuration; those that it does
/// not name are drafts. Ends with 7 when an alarm is raised. Nothing is stored and nobody is asked.
///
/// `preventio alarms interval-cases` lists, for the yearly audit, who was diagnosed in the last twelve
/// months without ever having been flagged.
///
/// Example: preventio alarms --data data --config preventio.toml
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Another report than the alarms
    #[arg(value_name = "REPORT")]
    report: Option<Report>,
    /// The data folder
    #[arg(long, value_name = "DATA", required_unless_present = "runbook")]
    data: Option<PathBuf>,
    #[command(flatten)]
    rules: RulesArguments,
    /// The site's configuration; without it the limits are the drafts
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The day as of which it is judged, YYYY-MM-DD; today, unless given
    #[arg(long, value_name = "DATE")]
    on: Option<Date>,
    /// Print what an alarm means and what its owner does, by its code; nothing is judged
    #[arg(long, value_name = "CODE", value_parser = code, conflicts_with = "report")]
    runbook: Option<AlarmCode>,
    /// For others than those who operate the data folder: which alarms, without numbers and names
    #[arg(long, conflicts_with = "report")]
    for_others: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Report {
    /// Who was diagnosed without ever having been flagged
    IntervalCases,
}

fn code(text: &str) -> Result<AlarmCode, String> {
    let found = AlarmCode::NAMES.iter().find(|(name, _)| *name == text);
    found.map(|(_, code)| *code).ok_or_else(|| {
        let names: Vec<&str> = AlarmCode::NAMES.iter().map(|(name, _)| *name).collect();
        format!("no alarm has this code; one of {}", names.join(", "))
    })
}

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    if let Some(code) = arguments.runbook {
        print(&runbook(code))?;
        return Ok(Outcome::Done);
    }
    let Some(data) = &arguments.data else {
        return Err("`--data` is missing".into());
    };
    let rulebook = arguments.rules.load()?;
    let config = arguments.config.as_deref().map(Config::read).transpose()?;
    let mut data = DataFolder::open(data, Access::Read)?;
    let on = match arguments.on {
        Some(on) => on,
        None => daemon::today(&rulebook, config.as_ref())?,
    };
    if let Some(Report::IntervalCases) = arguments.report {
        let report = steps::interval_cases(&rulebook, &data, on)?;
        let n = report.cases.len().to_string();
        data.audit(&account(), AuditAct::ListedIntervalCases, None, &n)?;
        show(&report, arguments.json, interval_cases)?;
        return Ok(Outcome::Done);
    }
    let report = steps::alarms(&rulebook, &data, config.as_ref(), on)?;
    if arguments.for_others {
        show(&report.for_others(), arguments.json, for_others)?;
    } else {
        show(&report, arguments.json, render)?;
    }
    Ok(if report.alarms.is_empty() {
        Outcome::Done
    } else {
        Outcome::Alarmed
    })
}

fn runbook(code: AlarmCode) -> String {
    format!(
        "{}\nRaised when {}.\nWho acts: {}\n\n{}\n",
        code.name(),
        code.definition(),
        code.owner().name(),
        code.runbook()
    )
}

fn render(report: &AlarmsReport) -> String {
    let mut text = String::new();
    for alarm in &report.alarms {
        let about = match alarm.about.as_str() {
            "" => String::new(),
            about => format!("  {about}"),
        };
        text.push_str(&format!(
            "{}{about}  for: {}\n    {}\n",
            alarm.code, alarm.owner, alarm.says
        ));
    }
    text.push_str(&match report.alarms.len() {
        0 => format!("No alarm on {}.\n", report.on),
        1 => format!("1 alarm on {}.\n", report.on),
        n => format!("{n} alarms on {}.\n", report.on),
    });
    if !report.alarms.is_empty() {
        text.push_str("What to do: preventio alarms --runbook CODE\n");
    }
    if !report.streams.is_empty() {
        text.push_str("Silence would be noticed after so many working days\n");
    }
    let names = report.streams.iter().map(|one| one.stream.len());
    let width = names.max().unwrap_or(0);
    for one in &report.streams {
        let (stream, days) = (&one.stream, one.working_days);
        text.push_str(&format!("  {stream:<width$}  {days:>2}\n"));
    }
    if !report.not_judged.is_empty() {
        text.push_str("Of these nothing can be said\n");
    }
    for one in &report.not_judged {
        text.push_str(&format!("  {}: {}\n", one.stream, one.why));
    }
    text
}

fn for_others(report: &AlarmsForOthers) -> String {
    let lines = report.alarms.iter().map(|alarm| {
        format!(
            "{}  for: {}\n    {}\n",
            alarm.code, alarm.owner, alarm.definition
        )
    });
    let mut text: String = lines.collect();
    if report.alarms.is_empty() {
        text.push_str(&format!("No alarm on {}.\n", report.on));
    }
    text
}

fn interval_cases(report: &IntervalCasesReport) -> String {
    let mut text = String::new();
    for case in &report.cases {
        let reached = if case.passed_over {
            "passed over"
        } else {
            "not reached"
        };
        text.push_str(&format!(
            "{}  diagnosed {}, {reached}: {} since {} [{}]\n",
            case.resident, case.diagnosed_on, case.state, case.since, case.row
        ));
    }
    let (n, passed_over) = (report.cases.len(), report.passed_over());
    text.push_str(&format!(
        "{n} diagnosed from {} to {} without ever having been flagged, {passed_over} of them passed over.\n",
        report.from, report.until
    ));
    text
}
