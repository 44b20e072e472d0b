//! `preventio report`

use std::fs;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use preventiojyraa::config::Config;
use preventiojyraa::report;
use preventiojyraa::rulebook::Language;
use preventiojyraa::steps::{self, Access, DataFolder, DriftOptions, ReportDocument};

use super::{
    CommandResult, DataArguments, Outcome, RulesArguments, all_cores, print, print_json, today_of,
};

/// Say in plain sentences how often the programme is right, with all that stands behind it
///
/// Prints the first page: how many were asked, tested and found, how often the programme is right, and
/// what is not known. `--html` writes it with who was verified, precision, calibration, the decision
/// curve, precision over time, equity, drift, the model card and the headings of TRIPOD+AI, as one page
/// that loads nothing. Numbers of people are exact, so it is for those who run the programme; small numbers
/// are left out of `--measure-report`. Reads only: no proposal is put on record by it.
///
/// Example: preventio report --data data --lang fi --html report.html --measure-report report.json
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    rules: RulesArguments,
    /// The language of the first page; what stands behind it is in English
    #[arg(long, value_name = "LANGUAGE", default_value = "fi", value_parser = steps::LANGUAGES)]
    lang: String,
    /// The day of looking back, YYYY-MM-DD; only a trial (`--config` with `trial = true`) chooses it
    #[arg(long, value_name = "DATE", requires = "config")]
    today: Option<Date>,
    /// The site's configuration
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Write the whole report as one offline page
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write uptake and precision as a FHIR R4 `MeasureReport`
    #[arg(long, value_name = "FILE")]
    measure_report: Option<PathBuf>,
    /// Worker threads; all cores by default. The answer does not depend on it
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Print everything as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    let rulebook = arguments.rules.load()?;
    let config = arguments.config.as_deref().map(Config::read).transpose()?;
    let today = today_of(&rulebook, config.as_ref(), arguments.today)?;
    let known = Language::NAMES.iter();
    let mut known = known.filter(|(code, _)| *code == arguments.lang);
    let language = known.next().map_or(Language::Finnish, |(_, known)| *known);
    let data = DataFolder::open(&arguments.data.data, Access::Read)?;
    let made = steps::programme_report(
        &rulebook,
        &data,
        DriftOptions {
            today,
            threads: arguments.threads.unwrap_or_else(all_cores),
        },
    )?;
    if let Some(path) = &arguments.html {
        let page = report::report_page(&made.reported, language);
        write(path, page.as_bytes())?;
    }
    if let Some(path) = &arguments.measure_report {
        write(path, &made.measure_report()?)?;
    }
    if arguments.json {
        print_json(&ReportDocument::new(&made, language))?;
    } else {
        print(&report::first_page(&made.reported, language).text())?;
    }
    Ok(Outcome::Done)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()))
}
