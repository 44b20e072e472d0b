//! `preventio evaluate`

use std::fs;
use std::path::PathBuf;

use preventiojyraa::calibration::{self, Settings};
use preventiojyraa::evaluate::{Columns, Document, Missing, Table, read};
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
    /// Column that splits people into groups; can be given again
    #[arg(long, value_name = "COLUMN")]
    group: Vec<String>,
    /// Threshold on the prediction, 0 up to but not including 1; at or above it, people are flagged. Can be given again
    #[arg(long, value_name = "T", value_parser = threshold)]
    threshold: Vec<f64>,
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

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    let columns = Columns {
        outcome: arguments.outcome.clone(),
        prediction: arguments.prediction.clone(),
        weight: arguments.weight.clone(),
        groups: arguments.group.clone(),
    };
    let missing = if arguments.drop_missing {
        Missing::Dropped
    } else {
        Missing::Refused
    };
    let table = read(&arguments.file, &columns, missing)?;
    let settings = Settings {
        thresholds: arguments.threshold.clone(),
    };
    let evaluation = calibration::evaluate(&table.rows, &table.groupings, &settings)?;
    if let Some(path) = &arguments.html {
        let page = report::evaluation_page(&evaluation, &subject(arguments, &table));
        fs::write(path, page).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    if arguments.json {
        print_json(&Document::new(&table, &evaluation))?;
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
