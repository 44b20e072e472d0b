//! The table of facts.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::types::{
    Date32Type, Float64Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{
    ArrayRef, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray, UInt8Array,
    UInt16Array, UInt32Array, UInt64Array,
};
use arrow_schema::DataType;

use super::layout::Layout;
use super::parquet_file::{
    self, Batches, Columns, FileWriter, Only, at, date, days, id_at, ids, text_at,
};
use super::{LakeError, Table};
use crate::profile::{
    Comparator, Fact, FactId, FactValue, Quantity, Recorded, ResidentId, Standing, SubmissionId,
    Unit, Version,
};
use crate::rulebook::Catalogue;

pub(super) static LAYOUT: Layout = Layout {
    table: Table::Facts,
    first: &[
        ("resident", parquet_file::ID, false),
        // Null for a withdrawal, which takes back whatever its submission said.
        ("fact", DataType::Utf8, true),
        ("value", DataType::Float64, true),
        ("comparator", DataType::Utf8, true),
        ("unit", DataType::Utf8, true),
        ("answer", DataType::UInt8, true),
        ("effective", DataType::Date32, false),
        ("until", DataType::Date32, true),
        // Null where the source does not say; then taken as the effective date.
        ("recorded", DataType::Date32, true),
        ("standing", DataType::Utf8, false),
        ("submission", parquet_file::ID, false),
        ("part", DataType::UInt16, false),
        ("updated", DataType::Int64, true),
        ("pull", DataType::UInt32, false),
        ("digest", DataType::UInt64, false),
    ],
    later: &[],
};

const COMPARATORS: [(&str, Comparator); 4] = [
    ("<", Comparator::Below),
    ("<=", Comparator::AtMost),
    (">=", Comparator::AtLeast),
    (">", Comparator::Above),
];

const STANDINGS: [(&str, Standing); 3] = [
    ("established", Standing::Established),
    ("unaccepted", Standing::Unaccepted),
    ("self-reported", Standing::SelfReported),
];

fn word<T: PartialEq + Copy>(words: &[(&'static str, T)], value: T) -> Option<&'static str> {
    words
        .iter()
        .find(|(_, known)| *known == value)
        .map(|(word, _)| *word)
}

fn meaning<T: Copy>(words: &[(&str, T)], text: &str) -> Option<T> {
    words
        .iter()
        .find(|(word, _)| *word == text)
        .map(|(_, value)| *value)
}

/// Writes facts that are sorted by resident.
pub(super) fn write(
    writer: &mut FileWriter,
    catalogue: &Catalogue,
    facts: &[(ResidentId, Fact)],
) -> Result<(), LakeError> {
    for chunk in facts.chunks(parquet_file::BATCH_ROWS) {
        let batch = batch(catalogue, chunk);
        writer.write(&batch)?;
    }
    Ok(())
}

fn batch(catalogue: &Catalogue, rows: &[(ResidentId, Fact)]) -> RecordBatch {
    let facts = || rows.iter().map(|(_, fact)| fact);
    let quantity = |fact: &Fact| fact.quantity();
    let submissions: Vec<[u8; 16]> = facts().map(|f| f.submission.to_bytes()).collect();
    let columns: Vec<ArrayRef> = vec![
        ids(rows.iter().map(|(resident, _)| resident.as_bytes())),
        Arc::new(StringArray::from_iter(facts().map(|f| match f.value {
            FactValue::Withdrawn => None,
            FactValue::Present | FactValue::Answer(_) | FactValue::Quantity(_) => {
                Some(catalogue.definition(f.id).id.as_str())
            }
        }))),
        Arc::new(Float64Array::from_iter(
            facts().map(|f| quantity(f).map(|q| q.value())),
        )),
        Arc::new(StringArray::from_iter(facts().map(|f| {
            quantity(f).and_then(|q| word(&COMPARATORS, q.comparator()))
        }))),
        Arc::new(StringArray::from_iter(
            facts().map(|f| quantity(f).map(|q| q.unit().ucum())),
        )),
        Arc::new(UInt8Array::from_iter(facts().map(|f| match f.value {
            FactValue::Answer(at) => Some(at),
            FactValue::Present | FactValue::Quantity(_) | FactValue::Withdrawn => None,
        }))),
        Arc::new(Date32Array::from_iter_values(
            facts().map(|f| days(f.effective)),
        )),
        Arc::new(Date32Array::from_iter(facts().map(|f| f.until.map(days)))),
        Arc::new(Date32Array::from_iter(facts().map(|f| match f.recorded {
            Recorded::On(date) => Some(days(date)),
            Recorded::AsEffective => None,
        }))),
        Arc::new(StringArray::from_iter_values(facts().map(|f| {
            word(&STANDINGS, f.standing).expect("every standing has a word")
        }))),
        ids(submissions.iter()),
        Arc::new(UInt16Array::from_iter_values(facts().map(|f| f.part))),
        Arc::new(Int64Array::from_iter(facts().map(|f| {
            (f.version.updated != i64::MIN).then_some(f.version.updated)
        }))),
        Arc::new(UInt32Array::from_iter_values(
            facts().map(|f| f.version.pull),
        )),
        Arc::new(UInt64Array::from_iter_values(
            facts().map(|f| f.version.digest),
        )),
    ];
    RecordBatch::try_new(LAYOUT.schema(), columns).expect("columns are built to the schema")
}

/// Reads the facts of one file in the order they were written: by resident.
struct FactStream<'c> {
    catalogue: &'c Catalogue,
    /// None when the file is read to its end: a reader holds buffers of every column.
    reader: Option<Batches>,
    buffer: std::vec::IntoIter<(ResidentId, Fact)>,
}

impl<'c> FactStream<'c> {
    /// Opens a file; with `only`, parts of the file that cannot hold that resident are skipped.
    fn open(
        catalogue: &'c Catalogue,
        path: &Path,
        only: Option<ResidentId>,
    ) -> Result<Self, LakeError> {
        let only = Only {
            resident: only.as_ref().map(ResidentId::as_bytes),
            run: None,
        };
        let reader = parquet_file::open(Table::Facts, path, only)?;
        Ok(Self {
            catalogue,
            reader: Some(reader),
            buffer: Vec::new().into_iter(),
        })
    }

    /// Reads the next batch into the buffer; `false` at the end.
    fn fill(&mut self) -> Result<bool, LakeError> {
        let Some(batch) = self.reader.as_mut().and_then(Iterator::next) else {
            self.reader = None;
            self.buffer = Vec::new().into_iter();
            return Ok(false);
        };
        self.buffer = read_batch(self.catalogue, &batch?)?.into_iter();
        Ok(true)
    }

    /// As [`FactStreams::take_until`], of one file.
    fn take_until(
        &mut self,
        resident: ResidentId,
        facts: &mut Vec<Fact>,
    ) -> Result<u64, LakeError> {
        let mut passed_over = 0;
        loop {
            match self.buffer.as_slice().first().copied() {
                Some((next, _)) if resident < next => return Ok(passed_over),
                Some((next, fact)) => {
                    if next == resident {
                        facts.push(fact);
                    } else {
                        passed_over += 1;
                    }
                    self.buffer.next();
                }
                None => {
                    if !self.fill()? {
                        return Ok(passed_over);
                    }
                }
            }
        }
    }

    /// Whose facts come next; nobody's at the end.
    fn next_resident(&mut self) -> Result<Option<ResidentId>, LakeError> {
        loop {
            if let Some((resident, _)) = self.buffer.as_slice().first() {
                return Ok(Some(*resident));
            }
            if !self.fill()? {
                return Ok(None);
            }
        }
    }
}

/// The facts of several files, all in the order of residents.
pub struct FactStreams<'c> {
    streams: Vec<FactStream<'c>>,
}

impl<'c> FactStreams<'c> {
    /// Opens files; with `only`, parts of them that cannot hold that resident are skipped.
    pub(super) fn open(
        catalogue: &'c Catalogue,
        paths: &[PathBuf],
        only: Option<ResidentId>,
    ) -> Result<Self, LakeError> {
        let streams = paths
            .iter()
            .map(|path| FactStream::open(catalogue, path, only));
        Ok(Self {
            streams: streams.collect::<Result<_, _>>()?,
        })
    }

    /// Whether there are no files.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }

    /// The facts up to and including those of `resident`, appended to `facts` when they are the
    /// resident's; facts of residents before it are counted and passed over.
    ///
    /// Calls go through residents in rising order.
    ///
    /// # Errors
    ///
    /// When a file cannot be read or holds what the rules do not know.
    pub fn take_until(
        &mut self,
        resident: ResidentId,
        facts: &mut Vec<Fact>,
    ) -> Result<u64, LakeError> {
        let mut passed_over = 0;
        for stream in &mut self.streams {
            passed_over += stream.take_until(resident, facts)?;
        }
        Ok(passed_over)
    }

    /// Whose facts come next in any of the files; nobody's at the end.
    ///
    /// # Errors
    ///
    /// As [`FactStreams::take_until`].
    pub fn next_resident(&mut self) -> Result<Option<ResidentId>, LakeError> {
        let mut next = None;
        for stream in &mut self.streams {
            next = [next, stream.next_resident()?].into_iter().flatten().min();
        }
        Ok(next)
    }
}

fn read_batch(
    catalogue: &Catalogue,
    batch: &RecordBatch,
) -> Result<Vec<(ResidentId, Fact)>, LakeError> {
    let columns = Columns::new(Table::Facts, batch);
    let wrong = |what: String| LakeError::content(Table::Facts, what);
    let residents = columns.ids("resident")?;
    let (names, units) = (columns.texts("fact")?, columns.texts("unit")?);
    let (comparators, standings) = (columns.texts("comparator")?, columns.texts("standing")?);
    let values = columns.numbers::<Float64Type>("value")?;
    let answers = columns.numbers::<UInt8Type>("answer")?;
    let effectives = columns.numbers::<Date32Type>("effective")?;
    let untils = columns.numbers::<Date32Type>("until")?;
    let recordeds = columns.numbers::<Date32Type>("recorded")?;
    let submissions = columns.ids("submission")?;
    let parts = columns.numbers::<UInt16Type>("part")?;
    let updateds = columns.numbers::<Int64Type>("updated")?;
    let pulls = columns.numbers::<UInt32Type>("pull")?;
    let digests = columns.numbers::<UInt64Type>("digest")?;
    let value = |row: usize| -> Result<FactValue, LakeError> {
        if text_at(names, row).is_none() {
            return Ok(FactValue::Withdrawn);
        }
        if let Some(answer) = at(answers, row) {
            return Ok(FactValue::Answer(answer));
        }
        let Some(number) = at(values, row) else {
            return Ok(FactValue::Present);
        };
        let unit = text_at(units, row).and_then(Unit::from_ucum);
        let comparator = match text_at(comparators, row) {
            None => Some(Comparator::Exactly),
            Some(text) => meaning(&COMPARATORS, text),
        };
        unit.zip(comparator)
            .and_then(|(unit, comparator)| Quantity::new(number, unit, comparator))
            .map(FactValue::Quantity)
            .ok_or_else(|| wrong("a quantity without a known unit".to_owned()))
    };
    let optional_date = |days: Option<i32>| days.map(|days| date(Table::Facts, days)).transpose();
    (0..batch.num_rows())
        .map(|row| {
            let id = match text_at(names, row) {
                None => FactId(0),
                Some(name) => catalogue
                    .find(name)
                    .ok_or_else(|| wrong(format!("a fact `{name}` that the rules do not know")))?,
            };
            let recorded = optional_date(at(recordeds, row))?;
            let fact = Fact {
                id,
                value: value(row)?,
                effective: date(Table::Facts, effectives.value(row))?,
                until: optional_date(at(untils, row))?,
                recorded: recorded.map_or(Recorded::AsEffective, Recorded::On),
                standing: meaning(&STANDINGS, standings.value(row))
                    .ok_or_else(|| wrong("an unknown standing".to_owned()))?,
                submission: SubmissionId::from_bytes(id_at(submissions, row)),
                part: parts.value(row),
                version: Version {
                    updated: at(updateds, row).unwrap_or(i64::MIN),
                    pull: pulls.value(row),
                    digest: digests.value(row),
                },
            };
            Ok((ResidentId::from_bytes(id_at(residents, row)), fact))
        })
        .collect()
}
