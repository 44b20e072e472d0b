//! The table of decisions, and the hash that pins them.

use std::path::Path;
use std::sync::Arc;

use arrow_array::types::{Int32Type, UInt32Type};
use arrow_array::{ArrayRef, Date32Array, Int32Array, RecordBatch, StringArray, UInt32Array};
use arrow_schema::DataType;
use jiff::civil::Date;
use sha2::{Digest, Sha256};

use super::layout::Layout;
use super::parquet_file::{self, Columns, FileWriter, Only, at, days, hex, id_at, ids, text_at};
use super::{LakeError, Table};
use crate::profile::ResidentId;
use crate::rulebook::{Score, State};

/// One decision in canonical form: everything that `decisions_hash` covers.
///
/// Texts are codes of the rule book, never prose, and hold the dates of facts
/// but no values of laboratory results. No `Debug`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DecisionRow {
    /// Who.
    pub resident: ResidentId,
    /// The state, from the closed list.
    pub state: &'static str,
    /// The row of the pathway that decided.
    pub row: Arc<str>,
    /// What comes next.
    pub next: Arc<str>,
    /// Lowest and highest score; null for residents not alive on the index date.
    pub score: Option<(Score, Score)>,
    /// Lowest and highest probability in units of 1e-9.
    pub probability: Option<(u32, u32)>,
    /// Points per item and the fact each rests on, `id=points@fact:date;…`.
    pub items: String,
    /// Items to ask, comma-separated.
    pub asks: String,
    /// Reviews opened, `row:priority:days;…`.
    pub reviews: String,
    /// Rows that held or nearly did, with their facts, `held|nearly-…:row@fact:date;…`.
    pub reasons: String,
}

impl DecisionRow {
    /// The state, of the closed list.
    ///
    /// # Panics
    ///
    /// Never: a row that is read or made has one of them.
    #[must_use]
    pub fn known_state(&self) -> State {
        let known = State::NAMES.iter().find(|(name, _)| *name == self.state);
        known.expect("a decision has a state of the closed list").1
    }
}

pub(super) static LAYOUT: Layout = Layout {
    table: Table::Decisions,
    first: &[
        ("resident", parquet_file::ID, false),
        ("run", DataType::UInt32, false),
        ("state", DataType::Utf8, false),
        ("decided_by", DataType::Utf8, false),
        ("next", DataType::Utf8, false),
        ("score_low", DataType::Int32, true),
        ("score_high", DataType::Int32, true),
        ("probability_low_e9", DataType::UInt32, true),
        ("probability_high_e9", DataType::UInt32, true),
        ("items", DataType::Utf8, false),
        ("asks", DataType::Utf8, false),
        ("reviews", DataType::Utf8, false),
        ("reasons", DataType::Utf8, false),
    ],
    later: &[
        // Version 2: the day as of which the run decided, which no foreign reader could know.
        ("index_date", DataType::Date32),
    ],
};

/// SHA-256 over canonical decision records, sorted by resident.
///
/// A record is its fields joined by U+001F and ended by U+001E, the run's
/// number left out, so that two runs with the same answer have the same hash.
#[derive(Default)]
pub struct DecisionsHash {
    hash: Sha256,
    line: String,
}

impl DecisionsHash {
    /// Adds the next decision; the caller goes through residents in rising order.
    pub fn add(&mut self, row: &DecisionRow) {
        use std::fmt::Write;
        self.line.clear();
        let (low, high) = row.score.unzip();
        let (p_low, p_high) = row.probability.unzip();
        let optional = |number: Option<i64>| number.map_or(String::new(), |n| n.to_string());
        write!(
            self.line,
            "{}\u{1f}{}\u{1f}{}\u{1f}{}\u{1f}{}\u{1f}{}\u{1f}{}\u{1f}{}\u{1f}{}\u{1f}{}\u{1f}{}\u{1f}{}\u{1e}",
            row.resident,
            row.state,
            row.row,
            row.next,
            optional(low.map(i64::from)),
            optional(high.map(i64::from)),
            optional(p_low.map(i64::from)),
            optional(p_high.map(i64::from)),
            row.items,
            row.asks,
            row.reviews,
            row.reasons
        )
        .expect("writing to a String cannot fail");
        self.hash.update(self.line.as_bytes());
    }

    /// The hash, 64 hexadecimal digits.
    #[must_use]
    pub fn finish(self) -> String {
        hex(&self.hash.finalize())
    }
}

pub(super) fn write(
    writer: &mut FileWriter,
    (run, index_date): (u32, Date),
    rows: &[DecisionRow],
) -> Result<(), LakeError> {
    let index_date = days(index_date);
    for chunk in rows.chunks(parquet_file::BATCH_ROWS) {
        let text = |pick: fn(&DecisionRow) -> &str| -> ArrayRef {
            Arc::new(StringArray::from_iter_values(chunk.iter().map(pick)))
        };
        let columns: Vec<ArrayRef> = vec![
            ids(chunk.iter().map(|row| row.resident.as_bytes())),
            Arc::new(UInt32Array::from_iter_values(chunk.iter().map(|_| run))),
            text(|row| row.state),
            text(|row| &row.row),
            text(|row| &row.next),
            Arc::new(Int32Array::from_iter(
                chunk.iter().map(|row| row.score.map(|(low, _)| low)),
            )),
            Arc::new(Int32Array::from_iter(
                chunk.iter().map(|row| row.score.map(|(_, high)| high)),
            )),
            Arc::new(UInt32Array::from_iter(
                chunk.iter().map(|row| row.probability.map(|p| p.0)),
            )),
            Arc::new(UInt32Array::from_iter(
                chunk.iter().map(|row| row.probability.map(|p| p.1)),
            )),
            text(|row| &row.items),
            text(|row| &row.asks),
            text(|row| &row.reviews),
            text(|row| &row.reasons),
            Arc::new(Date32Array::from_iter_values(
                chunk.iter().map(|_| index_date),
            )),
        ];
        let batch = RecordBatch::try_new(LAYOUT.schema(), columns)
            .expect("columns are built to the schema");
        writer.write(&batch)?;
    }
    Ok(())
}

/// Whose decisions, of which runs.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    pub(super) resident: Option<ResidentId>,
    pub(super) run: Option<u32>,
}

/// Reads decisions in order and hands each that is wanted to `each` with its run.
pub(super) fn read(
    path: &Path,
    wanted: Wanted,
    mut each: impl FnMut(u32, DecisionRow),
) -> Result<(), LakeError> {
    let is_wanted = |resident: ResidentId, run: u32| {
        wanted.resident.is_none_or(|only| only == resident)
            && wanted.run.is_none_or(|only| only == run)
    };
    let only = Only {
        resident: wanted.resident.as_ref().map(ResidentId::as_bytes),
        run: wanted.run,
    };
    for batch in parquet_file::open(Table::Decisions, path, only)? {
        let batch = batch?;
        let columns = Columns::new(Table::Decisions, &batch);
        let residents = columns.ids("resident")?;
        let runs = columns.numbers::<UInt32Type>("run")?;
        let (states, rows) = (columns.texts("state")?, columns.texts("decided_by")?);
        let nexts = columns.texts("next")?;
        let lows = columns.numbers::<Int32Type>("score_low")?;
        let highs = columns.numbers::<Int32Type>("score_high")?;
        let p_lows = columns.numbers::<UInt32Type>("probability_low_e9")?;
        let p_highs = columns.numbers::<UInt32Type>("probability_high_e9")?;
        let (items, asks) = (columns.texts("items")?, columns.texts("asks")?);
        let (reviews, reasons) = (columns.texts("reviews")?, columns.texts("reasons")?);
        for n in 0..batch.num_rows() {
            let resident = ResidentId::from_bytes(id_at(residents, n));
            if !is_wanted(resident, runs.value(n)) {
                continue;
            }
            let state = states.value(n);
            let known = State::NAMES.iter().find(|(name, _)| *name == state);
            let (state, _) = known.ok_or_else(|| {
                LakeError::content(Table::Decisions, format!("an unknown state `{state}`"))
            })?;
            let own = |column, n| text_at(column, n).unwrap_or_default().to_owned();
            each(
                runs.value(n),
                DecisionRow {
                    resident,
                    state,
                    row: Arc::from(rows.value(n)),
                    next: Arc::from(nexts.value(n)),
                    score: at(lows, n).zip(at(highs, n)),
                    probability: at(p_lows, n).zip(at(p_highs, n)),
                    items: own(items, n),
                    asks: own(asks, n),
                    reviews: own(reviews, n),
                    reasons: own(reasons, n),
                },
            );
        }
    }
    Ok(())
}
