//! `preventio evaluate`

use std::fs;
use std::path::PathBuf;

use preventiojyraa::calibration::{self, Settings};
use preventiojyraa::evaluate::{
    Columns, Document, Drawn, FollowUpColumns, Missing, Table, read, resample,
};
use preventiojyraa::report;

use super::{CommandResult, Outcome, print, print_json};

/// Say how right a risk model is, on a researcher's own table
///
/// Reads predicted probabilities and what happened from a CSV file (UTF-8, a header, separated by commas,
/// semicolons or tabs; decimals with a point) or a Parquet file. Prints discrimination, calibration and what each
/// threshold would do, each figure with its 95 % interval and the method that made it, or the reason why it
/// cannot be had. Nothing is sent anywhere.
///
/// Example: preventio evaluate cohort.csv --outcome y --prediction p --threshold 0.1 --group sex
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The table: CSV or Parquet
    file: PathBuf,
    /// Column of outcomes: 0 or 1, true or false
    #[arg(long, value_name = "COLUMN")]
    outcome: String,
    /// Column of predicted probabilities, 0 to 1
    #[arg(long, value_name = "COLUMN")]
    prediction: String,
    /// Column of sampling weights, zero or more: inverse probabilities of being in the table
    #[arg(long, value_name = "COLUMN")]
    weight: Option<String>,
    /// Column of times to the event, the competing event or the end of observation; the outcome then says whether the event ended it
    #[arg(long, value_name = "COLUMN", requires = "horizon")]
    time: Option<String>,
    /// Time by which risk was predicted, in the unit of the times
    #[arg(long, value_name = "H", requires = "time", value_parser = horizon)]
    horizon: Option<f64>,
    /// Column that says whether a competing event came first, such as death: 0 or 1, true or false
    #[arg(long, value_name = "COLUMN", requires = "time")]
    competing: Option<String>,
    /// Column that splits people into groups; can be given again
    #[arg(long, value_name = "COLUMN")]
    group: Vec<String>,
    /// Threshold on the prediction, 0 up to but not including 1; at or above it, people are flagged. Can be given again
    #[arg(long, value_name = "T", value_parser = threshold)]
    threshold: Vec<f64>,
    /// Number of bootstrap replicates: limits from resampling, the only ones for ICI, E50, E90 and Emax
    #[arg(long, value_name = "B", value_parser = clap::value_parser!(u32).range(100..=100_000))]
    bootstrap: Option<u32>,
    /// What the replicates follow from; the same seed draws the same ones
    #[arg(long, value_name = "S", default_value_t = 1, requires = "bootstrap")]
    seed: u64,
    /// Leave out rows that lack a value in a named column, and count them
    #[arg(long)]
    drop_missing: bool,
    /// Write the figures with plots as one offline page
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Print the figures as JSON
    #[arg(long)]
    json: bool,
}

fn threshold(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..1.0).contains(&value) {
        Ok(value)
    } else {
        Err("a threshold is a probability of 0 up to but not including 1".to_owned())
    }
}

fn horizon(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if 0.0 < value && value.is_finite() {
        Ok(value)
    } else {
        Err("a horizon is a time above 0".to_owned())
    }
}

fn columns(arguments: &Arguments) -> Columns {
    let times = arguments.time.clone().zip(arguments.horizon);
    Columns {
        outcome: arguments.outcome.clone(),
        prediction: arguments.prediction.clone(),
        weight: arguments.weight.clone(),
        follow_up: times.map(|(time, horizon)| FollowUpColumns {
            time,
            competing: arguments.competing.clone(),
            horizon,
        }),
        groups: arguments.group.clone(),
    }
}

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    let missing = if arguments.drop_missing {
        Missing::Dropped
    } else {
        Missing::Refused
    };
    let table = read(&arguments.file, &columns(arguments), missing)?;
    let settings = Settings {
        thresholds: arguments.threshold.clone(),
    };
    let mut evaluation = calibration::evaluate(&table.rows, &table.groupings, &settings)?;
    let drawn = arguments.bootstrap.map(|replicates| Drawn {
        replicates,
        seed: arguments.seed,
    });
    if let Some(drawn) = drawn {
        let threads = u32::try_from(super::all_cores()).unwrap_or(1);
        let replicates = resample(&table.rows, drawn, threads)?;
        evaluation.bootstrap = calibration::bootstrap_figures(&evaluation, &replicates);
    }
    if let Some(path) = &arguments.html {
        let page = report::evaluation_page(&evaluation, &subject(arguments, &table));
        fs::write(path, page).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    if arguments.json {
        print_json(&Document::new(&table, &evaluation, drawn))?;
    } else {
        if 0 < table.dropped {
            super::tell(&format!(
                "note: {} rows lack a value and are left out\n",
                table.dropped
            ));
        }
        print(&report::evaluation_text(&evaluation))?;
    }
    Ok(Outcome::Done)
}

/// What the page calls things; a file without its folder, which would tell of the machine.
fn subject(arguments: &Arguments, table: &Table) -> report::Subject {
    let name = arguments.file.file_name().unwrap_or_default();
    report::Subject {
        table: name.to_string_lossy().into_owned(),
        outcome: arguments.outcome.clone(),
        prediction: arguments.prediction.clone(),
        dropped: table.dropped,
    }
}
