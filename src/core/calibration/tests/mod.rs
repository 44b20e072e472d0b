//! Figures against those of other people's programs, on made-up tables.
//!
//! `fixtures/reference/evaluate-r.tsv` says with which program and version each
//! value was made. Agreement shows that the formulas are the ones others use;
//! it cannot show that they are the right ones for a question.

mod binary;
mod coverage;
mod curves;
mod followed;
mod levels;
mod python;
mod recalibration;
mod refusals;
mod resampled;
mod weighted;

use super::{Estimate, PairedOutcomes};

const R: &str = include_str!("../../../../fixtures/reference/evaluate-r.tsv");

const PYTHON: &str = include_str!("../../../../fixtures/reference/evaluate-python.tsv");

/// A made-up table by its name.
pub(super) fn table(name: &str) -> Vec<Vec<String>> {
    let text = match name {
        "ordinary" => include_str!("../../../../fixtures/evaluate/ordinary.csv"),
        "levels" => include_str!("../../../../fixtures/evaluate/levels.csv"),
        "ties" => include_str!("../../../../fixtures/evaluate/ties.csv"),
        "rare" => include_str!("../../../../fixtures/evaluate/rare.csv"),
        "weights" => include_str!("../../../../fixtures/evaluate/weights.csv"),
        "censored" => include_str!("../../../../fixtures/evaluate/censored.csv"),
        "competing" => include_str!("../../../../fixtures/evaluate/competing.csv"),
        other => panic!("no table {other}"),
    };
    let cells = |line: &str| line.split(',').map(str::to_owned).collect();
    text.lines().map(cells).collect()
}

pub(super) fn numbers(table: &[Vec<String>], column: &str) -> Vec<f64> {
    let at = table[0].iter().position(|name| name == column);
    let at = at.expect("the column is there");
    let number = |row: &Vec<String>| row[at].parse().expect("a number");
    table[1..].iter().map(number).collect()
}

pub(super) fn outcomes(name: &str) -> PairedOutcomes {
    let rows = table(name);
    let occurred = numbers(&rows, "y").into_iter().map(|y| 0.5 < y).collect();
    let weights = rows[0]
        .contains(&"w".to_owned())
        .then(|| numbers(&rows, "w"));
    PairedOutcomes::new(numbers(&rows, "p"), occurred, weights).expect("a sound table")
}

/// What R said.
#[track_caller]
pub(super) fn r(table: &str, measure: &str) -> f64 {
    said(R, table, measure)
}

/// What a Python package said.
#[track_caller]
pub(super) fn python(table: &str, measure: &str) -> f64 {
    said(PYTHON, table, measure)
}

#[track_caller]
fn said(text: &str, table: &str, measure: &str) -> f64 {
    let start = format!("{table}\t{measure}\t");
    let line = text.lines().find(|line| line.starts_with(&start));
    let line = line.unwrap_or_else(|| panic!("nothing is said of {table} {measure}"));
    line[start.len()..].parse().expect("a number")
}

/// What a Python package said of measures that begin alike: the rest of the name, the value.
pub(super) fn python_lines(table: &str, start: &str) -> impl Iterator<Item = (&'static str, f64)> {
    let start = format!("{table}\t{start}");
    PYTHON.lines().filter_map(move |line| {
        let (rest, value) = line.strip_prefix(&start)?.split_once('\t')?;
        Some((rest, value.parse().expect("a number")))
    })
}

/// Equal to nine digits.
#[track_caller]
pub(super) fn same(ours: f64, theirs: f64) {
    assert!(
        (ours - theirs).abs() <= 1e-9 * theirs.abs(),
        "{ours} is not {theirs}"
    );
}

/// An estimate and both limits equal R's.
#[track_caller]
pub(super) fn agrees(table: &str, measure: &str, ours: Estimate) {
    same(ours.value, r(table, measure));
    same(ours.lower, r(table, &format!("{measure}.lower")));
    same(ours.upper, r(table, &format!("{measure}.upper")));
}
