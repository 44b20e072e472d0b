//! Cells become typed columns, or a refusal with its place.

use std::collections::HashMap;
use std::path::Path;

use super::error::{CellError, EvaluateError, Place, quoted};
use crate::calibration::{FollowUp, Grouping, Rows};
use crate::lake::Cell;

/// A column of more groups than this is an identifier or a measurement.
const MOST_GROUPS: usize = 50;

/// Which columns of a file mean what.
#[derive(Debug, Clone, Default)]
pub struct Columns {
    /// Whether the event occurred.
    pub outcome: String,
    /// Predicted probability.
    pub prediction: String,
    /// Sampling weight.
    pub weight: Option<String>,
    /// Follow-up over time, where outcomes are.
    pub follow_up: Option<FollowUpColumns>,
    /// Columns that split the rows into groups.
    pub groups: Vec<String>,
}

/// Columns of outcomes over time.
#[derive(Debug, Clone, Default)]
pub struct FollowUpColumns {
    /// Time to the event, the competing event or the end of observation.
    pub time: String,
    /// Whether a competing event ended the observation.
    pub competing: Option<String>,
    /// The time by which risk was predicted.
    pub horizon: f64,
}

impl Columns {
    /// An outcome and a prediction.
    #[must_use]
    pub fn new(outcome: &str, prediction: &str) -> Self {
        Self {
            outcome: outcome.to_owned(),
            prediction: prediction.to_owned(),
            ..Self::default()
        }
    }

    /// Every column with its role, in a fixed order.
    fn roles(&self) -> Vec<(Role, &str)> {
        let mut roles = vec![
            (Role::Outcome, self.outcome.as_str()),
            (Role::Prediction, self.prediction.as_str()),
        ];
        roles.extend(self.weight.iter().map(|name| (Role::Weight, name.as_str())));
        if let Some(follow_up) = &self.follow_up {
            roles.push((Role::Time, follow_up.time.as_str()));
            let competing = follow_up.competing.iter();
            roles.extend(competing.map(|name| (Role::Competing, name.as_str())));
        }
        let groups = self.groups.iter().enumerate();
        roles.extend(groups.map(|(n, name)| (Role::Group(n), name.as_str())));
        roles
    }

    /// The names, in that order.
    pub(super) fn names(&self) -> Vec<&str> {
        self.roles().into_iter().map(|(_, name)| name).collect()
    }
}

#[derive(Debug, Clone, Copy)]
enum Role {
    Outcome,
    Prediction,
    Weight,
    Time,
    Competing,
    Group(usize),
}

/// What to do with a row that lacks a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// Stop there.
    Refused,
    /// Leave the row out and count it.
    Dropped,
}

/// A table that was read.
#[derive(Debug, Clone)]
pub struct Table {
    /// Predictions and outcomes.
    pub rows: Rows,
    /// The columns of groups.
    pub groupings: Vec<Grouping>,
    /// Rows left out because a value was missing.
    pub dropped: u64,
}

/// A table being read: cell by cell, each row in the order of the columns.
pub(super) struct Builder {
    roles: Vec<(Role, String)>,
    missing: Missing,
    table: Table,
    labels: Vec<HashMap<String, usize>>,
    row: RowSoFar,
}

#[derive(Default)]
struct RowSoFar {
    outcome: bool,
    prediction: f64,
    weight: f64,
    time: f64,
    competing: bool,
    groups: Vec<usize>,
    lacks: bool,
}

type Refusal = (Place, String, CellError);

impl Builder {
    pub(super) fn new(columns: &Columns, missing: Missing) -> Self {
        let roles = columns.roles().into_iter();
        let grouping = |name: &String| Grouping {
            column: name.clone(),
            ..Grouping::default()
        };
        Self {
            roles: roles.map(|(role, name)| (role, name.to_owned())).collect(),
            missing,
            table: Table {
                rows: Rows {
                    weights: columns.weight.as_ref().map(|_| Vec::new()),
                    follow_up: columns.follow_up.as_ref().map(|follow_up| FollowUp {
                        horizon: follow_up.horizon,
                        competing: follow_up.competing.as_ref().map(|_| Vec::new()),
                        ..FollowUp::default()
                    }),
                    ..Rows::default()
                },
                groupings: columns.groups.iter().map(grouping).collect(),
                dropped: 0,
            },
            labels: vec![HashMap::new(); columns.groups.len()],
            row: RowSoFar {
                groups: vec![0; columns.groups.len()],
                ..RowSoFar::default()
            },
        }
    }

    /// Takes the cell of a row in the `column`th named column; the last one ends the row.
    pub(super) fn cell(
        &mut self,
        place: Place,
        column: usize,
        cell: Cell<'_>,
    ) -> Result<(), Refusal> {
        let role = self.roles[column].0;
        let taken = match (is_missing(cell), self.missing) {
            (false, _) => self.take(role, cell),
            (true, Missing::Refused) => Err(CellError::Missing),
            (true, Missing::Dropped) => {
                self.row.lacks = true;
                Ok(())
            }
        };
        taken.map_err(|error| (place, self.roles[column].1.clone(), error))?;
        if column + 1 == self.roles.len() {
            self.end_row();
        }
        Ok(())
    }

    fn take(&mut self, role: Role, cell: Cell<'_>) -> Result<(), CellError> {
        match role {
            Role::Outcome => self.row.outcome = outcome(cell)?,
            Role::Prediction => {
                let p = number(cell)?;
                if !(0.0..=1.0).contains(&p) {
                    return Err(CellError::NotProbability(p));
                }
                self.row.prediction = p;
            }
            Role::Weight => self.row.weight = not_negative(cell)?,
            Role::Time => self.row.time = not_negative(cell)?,
            Role::Competing => {
                self.row.competing = outcome(cell)?;
                if self.row.competing && self.row.outcome {
                    return Err(CellError::TwoEvents);
                }
            }
            Role::Group(n) => self.row.groups[n] = self.label(n, cell)?,
        }
        Ok(())
    }

    fn label(&mut self, group: usize, cell: Cell<'_>) -> Result<usize, CellError> {
        let label = match cell {
            Cell::Number(value) => value.to_string(),
            Cell::Flag(value) => value.to_string(),
            Cell::Text(bytes) => text(bytes)?.to_owned(),
            Cell::Missing => return Err(CellError::Missing),
        };
        if let Some(at) = self.labels[group].get(&label) {
            return Ok(*at);
        }
        let labels = &mut self.table.groupings[group].labels;
        if labels.len() == MOST_GROUPS {
            return Err(CellError::TooManyGroups(MOST_GROUPS));
        }
        labels.push(label.clone());
        self.labels[group].insert(label, labels.len() - 1);
        Ok(labels.len() - 1)
    }

    fn end_row(&mut self) {
        if std::mem::take(&mut self.row.lacks) {
            self.table.dropped += 1;
            return;
        }
        self.table.rows.predicted.push(self.row.prediction);
        self.table.rows.occurred.push(self.row.outcome);
        if let Some(weights) = &mut self.table.rows.weights {
            weights.push(self.row.weight);
        }
        if let Some(follow_up) = &mut self.table.rows.follow_up {
            follow_up.times.push(self.row.time);
            if let Some(competing) = &mut follow_up.competing {
                competing.push(self.row.competing);
            }
        }
        for (grouping, at) in self.table.groupings.iter_mut().zip(&self.row.groups) {
            grouping.of_row.push(*at);
        }
    }

    /// Of people followed over time all may have the event in the end.
    fn has_both_classes(&self, path: &Path) -> Result<(), EvaluateError> {
        let rows = &self.table.rows;
        let n = rows.occurred.len();
        let events = rows.occurred.iter().filter(|y| **y).count();
        if 0 < events && (events < n || rows.follow_up.is_some()) {
            return Ok(());
        }
        let (column, value) = (&self.roles[0].1, u8::from(events == n));
        let what = format!("column `{column}` is {value} in all {n} rows");
        let hint = "figures need people with and without the event";
        Err(EvaluateError::file(path, what, hint))
    }

    /// The table, with its groups in the order of their names.
    pub(super) fn finish(mut self, path: &Path) -> Result<Table, EvaluateError> {
        let rows = &self.table.rows;
        let n = rows.predicted.len();
        if n == 0 {
            let what = match self.table.dropped {
                0 => "no rows".to_owned(),
                dropped => format!("no complete rows; {dropped} lack a value"),
            };
            return Err(EvaluateError::file(
                path,
                what,
                "a header alone is no table",
            ));
        }
        self.has_both_classes(path)?;
        if let Some(weights) = &rows.weights
            && weights.iter().all(|weight| *weight <= 0.0)
        {
            return Err(EvaluateError::file(
                path,
                "every weight is zero",
                "leave out `--weight`",
            ));
        }
        for grouping in &mut self.table.groupings {
            sort_labels(grouping);
        }
        Ok(self.table)
    }
}

/// Groups in the order of their names, so that the order of rows does not show.
fn sort_labels(grouping: &mut Grouping) {
    let mut order: Vec<usize> = (0..grouping.labels.len()).collect();
    order.sort_by(|a, b| grouping.labels[*a].cmp(&grouping.labels[*b]));
    let mut place = vec![0; order.len()];
    for (new, old) in order.iter().enumerate() {
        place[*old] = new;
    }
    grouping.labels.sort();
    for at in &mut grouping.of_row {
        *at = place[*at];
    }
}

fn is_missing(cell: Cell<'_>) -> bool {
    match cell {
        Cell::Missing => true,
        // What R and pandas write for a missing value.
        Cell::Text(bytes) => bytes.is_empty() || bytes == b"NA",
        Cell::Number(_) | Cell::Flag(_) => false,
    }
}

fn text(bytes: &[u8]) -> Result<&str, CellError> {
    std::str::from_utf8(bytes).map_err(|_| CellError::NotUtf8)
}

fn number(cell: Cell<'_>) -> Result<f64, CellError> {
    let value = match cell {
        Cell::Number(value) => value,
        Cell::Flag(value) => f64::from(u8::from(value)),
        Cell::Text(bytes) => {
            let text = text(bytes)?.trim();
            text.parse().map_err(|_| wrong_number(text))?
        }
        Cell::Missing => return Err(CellError::Missing),
    };
    if value.is_finite() {
        Ok(value)
    } else {
        Err(CellError::NotFinite(format!("`{value}`")))
    }
}

fn wrong_number(text: &str) -> CellError {
    let with_point = text.replacen(',', ".", 1);
    if text.contains(',') && with_point.parse::<f64>().is_ok() {
        CellError::DecimalComma(quoted(text))
    } else {
        CellError::NotNumber(quoted(text))
    }
}

fn not_negative(cell: Cell<'_>) -> Result<f64, CellError> {
    let value = number(cell)?;
    if value < 0.0 {
        Err(CellError::Negative(value))
    } else {
        Ok(value)
    }
}

fn outcome(cell: Cell<'_>) -> Result<bool, CellError> {
    if let Cell::Flag(value) = cell {
        return Ok(value);
    }
    if let Cell::Text(bytes) = cell {
        match text(bytes)?.trim() {
            "1" | "true" | "TRUE" | "True" => return Ok(true),
            "0" | "false" | "FALSE" | "False" => return Ok(false),
            _ => {}
        }
    }
    let value = number(cell).map_err(|error| {
        if let CellError::NotNumber(text) = error {
            CellError::NotOutcome(text)
        } else {
            error
        }
    })?;
    let is = |outcome: f64| value.total_cmp(&outcome).is_eq();
    if is(1.0) {
        Ok(true)
    } else if is(0.0) {
        Ok(false)
    } else {
        Err(CellError::NotOutcome(format!("`{value}`")))
    }
}
