//! The table of register entries.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::types::{Date32Type, Int64Type, UInt32Type, UInt64Type};
use arrow_array::{
    ArrayRef, Date32Array, Int64Array, RecordBatch, StringArray, UInt32Array, UInt64Array,
};
use arrow_schema::DataType;

use super::layout::Layout;
use super::parquet_file::{
    self, Batches, Columns, FileWriter, Only, at, date, days, id_at, ids, text_at,
};
use super::{LakeError, Table};
use crate::profile::{BirthDate, Death, EntryRank, Register, Residence, ResidentId, Sex, Version};

/// One version of one resident's register entry, without direct identifiers.
#[derive(Clone)]
pub struct RegisterRow {
    /// Who.
    pub resident: ResidentId,
    /// Which source.
    pub source: Arc<str>,
    /// Which version.
    pub version: Version,
    /// What decisions use; `complete` is not stored, it belongs to the pull.
    pub register: Register,
    /// District; null under a safety non-disclosure.
    pub district: Option<Arc<str>>,
    /// Language of contact.
    pub language: Option<Arc<str>>,
}

pub(super) static LAYOUT: Layout = Layout {
    table: Table::Register,
    first: &[
        ("resident", parquet_file::ID, false),
        ("source", DataType::Utf8, false),
        ("birth_from", DataType::Date32, true),
        ("birth_to", DataType::Date32, true),
        ("sex", DataType::Utf8, false),
        ("death", DataType::Utf8, false),
        ("died_on", DataType::Date32, true),
        ("residence", DataType::Utf8, false),
        ("moved_on", DataType::Date32, true),
        ("district", DataType::Utf8, true),
        ("language", DataType::Utf8, true),
        ("updated", DataType::Int64, true),
        ("pull", DataType::UInt32, false),
        ("digest", DataType::UInt64, false),
    ],
    later: &[],
};

fn death(death: Death) -> (&'static str, Option<i32>) {
    match death {
        Death::Alive => ("alive", None),
        Death::On(date) => ("dated", Some(days(date))),
        Death::Undated => ("undated", None),
    }
}

fn residence(residence: Residence) -> (&'static str, Option<i32>) {
    match residence {
        Residence::InArea => ("in-area", None),
        Residence::MovedAway(on) => ("moved-away", on.map(days)),
        Residence::Elsewhere => ("elsewhere", None),
        Residence::Unknown => ("unknown", None),
    }
}

pub(super) fn write(writer: &mut FileWriter, rows: &[RegisterRow]) -> Result<(), LakeError> {
    for chunk in rows.chunks(parquet_file::BATCH_ROWS) {
        let birth = |row: &RegisterRow| row.register.birth.bounds();
        let columns: Vec<ArrayRef> = vec![
            ids(chunk.iter().map(|row| row.resident.as_bytes())),
            Arc::new(StringArray::from_iter_values(
                chunk.iter().map(|row| &*row.source),
            )),
            Arc::new(Date32Array::from_iter(
                chunk.iter().map(|r| birth(r).map(|(a, _)| days(a))),
            )),
            Arc::new(Date32Array::from_iter(
                chunk.iter().map(|r| birth(r).map(|(_, b)| days(b))),
            )),
            Arc::new(StringArray::from_iter_values(
                chunk.iter().map(|r| r.register.sex.name()),
            )),
            Arc::new(StringArray::from_iter_values(
                chunk.iter().map(|r| death(r.register.death).0),
            )),
            Arc::new(Date32Array::from_iter(
                chunk.iter().map(|r| death(r.register.death).1),
            )),
            Arc::new(StringArray::from_iter_values(
                chunk.iter().map(|r| residence(r.register.residence).0),
            )),
            Arc::new(Date32Array::from_iter(
                chunk.iter().map(|r| residence(r.register.residence).1),
            )),
            Arc::new(StringArray::from_iter(
                chunk.iter().map(|r| r.district.as_deref()),
            )),
            Arc::new(StringArray::from_iter(
                chunk.iter().map(|r| r.language.as_deref()),
            )),
            Arc::new(Int64Array::from_iter(chunk.iter().map(|r| {
                (r.version.updated != i64::MIN).then_some(r.version.updated)
            }))),
            Arc::new(UInt32Array::from_iter_values(
                chunk.iter().map(|r| r.version.pull),
            )),
            Arc::new(UInt64Array::from_iter_values(
                chunk.iter().map(|r| r.version.digest),
            )),
        ];
        let batch = RecordBatch::try_new(LAYOUT.schema(), columns)
            .expect("columns are built to the schema");
        writer.write(&batch)?;
    }
    Ok(())
}

pub(super) fn read(path: &Path, only: Option<ResidentId>) -> Result<Vec<RegisterRow>, LakeError> {
    let wanted = Only {
        resident: only.as_ref().map(ResidentId::as_bytes),
        run: None,
    };
    let mut rows = Vec::new();
    let mut words = Words::default();
    for batch in parquet_file::open(Table::Register, path, wanted)? {
        read_batch(&batch?, only, &mut words, &mut rows)?;
    }
    Ok(rows)
}

/// The register entries of several files, all in the order of residents.
pub struct RegisterStreams {
    streams: Vec<RegisterStream>,
}

struct RegisterStream {
    /// None when the file is read to its end: a reader holds buffers of every column.
    reader: Option<Batches>,
    buffer: std::vec::IntoIter<RegisterRow>,
    words: Words,
}

impl RegisterStream {
    /// The next row, left where it is; `None` at the end.
    fn peek(&mut self) -> Result<Option<&RegisterRow>, LakeError> {
        while self.buffer.as_slice().is_empty() {
            let Some(batch) = self.reader.as_mut().and_then(Iterator::next) else {
                self.reader = None;
                return Ok(None);
            };
            let mut rows = Vec::new();
            read_batch(&batch?, None, &mut self.words, &mut rows)?;
            self.buffer = rows.into_iter();
        }
        Ok(self.buffer.as_slice().first())
    }
}

impl RegisterStreams {
    pub(super) fn open(paths: &[PathBuf]) -> Result<Self, LakeError> {
        let streams = paths.iter().map(|path| {
            Ok(RegisterStream {
                reader: Some(parquet_file::open(Table::Register, path, Only::default())?),
                buffer: Vec::new().into_iter(),
                words: Words::default(),
            })
        });
        Ok(Self {
            streams: streams.collect::<Result<_, _>>()?,
        })
    }

    /// The entries of `resident`, appended to `rows`; those of residents before it are passed over.
    ///
    /// Calls go through residents in rising order.
    ///
    /// # Errors
    ///
    /// When a file cannot be read.
    pub fn take_until(
        &mut self,
        resident: ResidentId,
        rows: &mut Vec<RegisterRow>,
    ) -> Result<(), LakeError> {
        for stream in &mut self.streams {
            while stream.peek()?.is_some_and(|row| row.resident <= resident) {
                let row = stream.buffer.next();
                rows.extend(row.filter(|row| row.resident == resident));
            }
        }
        Ok(())
    }

    /// Whose entries come next in any of the files; nobody's at the end.
    ///
    /// # Errors
    ///
    /// When a file cannot be read.
    pub fn next_resident(&mut self) -> Result<Option<ResidentId>, LakeError> {
        let mut next = None;
        for stream in &mut self.streams {
            let of_stream = stream.peek()?.map(|row| row.resident);
            next = [next, of_stream].into_iter().flatten().min();
        }
        Ok(next)
    }
}

/// The few words of which a register has many.
#[derive(Default)]
struct Words(HashSet<Arc<str>>);

impl Words {
    fn shared(&mut self, word: &str) -> Arc<str> {
        if let Some(known) = self.0.get(word) {
            return Arc::clone(known);
        }
        let new: Arc<str> = word.into();
        self.0.insert(Arc::clone(&new));
        new
    }
}

fn read_batch(
    batch: &RecordBatch,
    only: Option<ResidentId>,
    words: &mut Words,
    rows: &mut Vec<RegisterRow>,
) -> Result<(), LakeError> {
    let columns = Columns::new(Table::Register, batch);
    let residents = columns.ids("resident")?;
    let (source, sexes) = (columns.texts("source")?, columns.texts("sex")?);
    let (deaths, residences) = (columns.texts("death")?, columns.texts("residence")?);
    let (districts, languages) = (columns.texts("district")?, columns.texts("language")?);
    let births_from = columns.numbers::<Date32Type>("birth_from")?;
    let births_to = columns.numbers::<Date32Type>("birth_to")?;
    let died = columns.numbers::<Date32Type>("died_on")?;
    let moved = columns.numbers::<Date32Type>("moved_on")?;
    let updated = columns.numbers::<Int64Type>("updated")?;
    let pulls = columns.numbers::<UInt32Type>("pull")?;
    let digests = columns.numbers::<UInt64Type>("digest")?;
    let day = |days: Option<i32>| days.map(|days| date(Table::Register, days)).transpose();
    let wrong = |what: &str| LakeError::content(Table::Register, what);
    for row in 0..batch.num_rows() {
        let resident = ResidentId::from_bytes(id_at(residents, row));
        if only.is_some_and(|only| only != resident) {
            continue;
        }
        let birth = match (day(at(births_from, row))?, day(at(births_to, row))?) {
            (Some(from), Some(to)) => {
                BirthDate::between(from, to).ok_or_else(|| wrong("birth dates out of order"))?
            }
            _ => BirthDate::UNKNOWN,
        };
        let register = Register {
            birth,
            sex: match sexes.value(row) {
                "female" => Sex::Female,
                "male" => Sex::Male,
                _ => Sex::Unknown,
            },
            death: match (deaths.value(row), day(at(died, row))?) {
                ("alive", None) => Death::Alive,
                ("dated", Some(date)) => Death::On(date),
                ("undated", None) => Death::Undated,
                _ => return Err(wrong("a death that is neither dated nor undated")),
            },
            residence: match (residences.value(row), day(at(moved, row))?) {
                ("in-area", None) => Residence::InArea,
                ("moved-away", date) => Residence::MovedAway(date),
                ("elsewhere", None) => Residence::Elsewhere,
                ("unknown", None) => Residence::Unknown,
                _ => return Err(wrong("an unknown residence")),
            },
            complete: true,
            rank: EntryRank::Leading,
        };
        rows.push(RegisterRow {
            resident,
            source: words.shared(source.value(row)),
            version: Version {
                updated: at(updated, row).unwrap_or(i64::MIN),
                pull: pulls.value(row),
                digest: digests.value(row),
            },
            register,
            district: text_at(districts, row).map(|word| words.shared(word)),
            language: text_at(languages, row).map(|word| words.shared(word)),
        });
    }
    Ok(())
}
