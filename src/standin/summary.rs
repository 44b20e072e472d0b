//! What an export wrote, and how far it resembles the published cohorts, as text.

use std::fmt;

use super::fit::{FitCounts, is_percentage, people};
use super::intervals::Estimate;
use super::published::{PUBLISHED, Published};

/// Below this many living adults the table of fit says nothing.
const ENOUGH_ADULTS: u64 = 2_000;

/// One file of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportedFile {
    /// File name inside the directory.
    pub name: String,
    /// Lines: resources, or rows of `truth.csv` without its header.
    pub lines: u64,
    /// Size in bytes.
    pub bytes: u64,
}

/// What an export wrote; its `Display` is the report for people, with the table of fit.
#[derive(Clone, Debug)]
pub struct ExportSummary {
    pub(super) residents: u32,
    pub(super) files: Vec<ExportedFile>,
    pub(super) fit: FitCounts,
}

impl ExportSummary {
    /// How many residents were simulated; the Patient file also holds their second entries.
    pub fn residents(&self) -> u32 {
        self.residents
    }

    /// The files, `truth.csv` last.
    pub fn files(&self) -> &[ExportedFile] {
        &self.files
    }
}

impl fmt::Display for ExportSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes: u64 = self.files.iter().map(|file| file.bytes).sum();
        writeln!(
            f,
            "{} residents, {} bytes",
            people(u64::from(self.residents)),
            people(bytes)
        )?;
        for file in &self.files {
            writeln!(
                f,
                "  {:30} {:>14} lines {:>18} bytes",
                file.name,
                people(file.lines),
                people(file.bytes)
            )?;
        }
        writeln!(f)?;
        write_fit(f, &self.fit)
    }
}

fn write_fit(f: &mut fmt::Formatter<'_>, fit: &FitCounts) -> fmt::Result {
    writeln!(
        f,
        "Fit of the simulated truth to published cohorts ({} living adults of 20 or more)",
        people(fit.adults)
    )?;
    if fit.adults < ENOUGH_ADULTS {
        return writeln!(
            f,
            "  too few residents to judge the fit: at least {} adults are needed",
            people(ENOUGH_ADULTS)
        );
    }
    writeln!(
        f,
        "  {:42} {:>9} {:>8}  {:15} {:>8}  source",
        "measure", "published", "here", "95 % interval", "people"
    )?;
    for row in &PUBLISHED {
        write_row(f, row, &fit.estimate(row.measure))?;
    }
    writeln!(
        f,
        "The cohorts differ in country, ages and outcome, so no single register can meet every row."
    )
}

fn write_row(f: &mut fmt::Formatter<'_>, row: &Published, estimate: &Estimate) -> fmt::Result {
    let (factor, places) = if is_percentage(row.measure) {
        (100.0, 1)
    } else {
        (1.0, 3)
    };
    let here = estimate.value.map_or_else(
        || "none".to_owned(),
        |value| format!("{:.places$}", value * factor),
    );
    let interval = format!(
        "{:.places$} to {:.places$}",
        estimate.low * factor,
        estimate.high * factor
    );
    writeln!(
        f,
        "  {:42} {:>9} {:>8}  {:15} {:>8}  {}",
        row.label,
        row.value,
        here,
        interval,
        people(estimate.people),
        row.source
    )
}
