//! The lake as files: how it lies, in as few files as there can be, and where.

use std::path::Path;

use serde::Serialize;

use super::{Access, DataFolder, StepError};
use crate::lake::{Lying, ManifestFile, Place, TableLying};

/// How the lake lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LakeReport {
    /// The generation that readers see; nothing before the first pull.
    pub generation: Option<u32>,
    /// Each table.
    pub tables: Vec<TableReport>,
    /// Where it lies beside the data folder; nothing where it does not.
    pub away: Option<LyingReport>,
}

/// The files of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableReport {
    /// Its name.
    pub table: String,
    /// How many files.
    pub files: u64,
    /// Their rows.
    pub rows: u64,
    /// Their bytes.
    pub bytes: u64,
    /// How many files are of each version, oldest first.
    pub versions: Vec<VersionReport>,
}

/// Files of one version of a table's columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VersionReport {
    /// The version, from 1.
    pub version: u32,
    /// Whether the files say so themselves.
    pub is_stamped: bool,
    /// How many.
    pub files: u64,
}

/// What lies at a place away from the data folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LyingReport {
    /// Where.
    pub at: String,
    /// The generation that readers there see.
    pub generation: Option<u32>,
    /// Files there, those of earlier generations too.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Why nothing is known of it, when it does not answer.
    pub trouble: Option<String>,
}

/// What compacting did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CompactReport {
    /// Files that were replaced.
    pub replaced: u64,
    /// Files that replace them.
    pub written: u64,
    /// Objects removed from where the lake lies, when that was asked for.
    pub removed: Option<u64>,
    /// How the lake lies now.
    pub lake: LakeReport,
}

/// How the lake lies, by what its files say of themselves.
///
/// # Errors
///
/// When a file cannot be opened, is of a newer version, or is not what it says. A place away that
/// does not answer is told, not an error.
pub fn lake_report(data: &DataFolder) -> Result<LakeReport, StepError> {
    let tables = data.store.tables(committed(data))?.into_iter();
    let tables = tables.map(|(table, lying)| table_report(table.name(), &lying));
    let away = data.store.lying_away().map(|(at, lying)| {
        let (lying, trouble) = match lying {
            Ok(lying) => (Some(lying), None),
            Err(error) => (None, error.to_string().lines().next().map(str::to_owned)),
        };
        let Lying {
            generation,
            files,
            bytes,
        } = lying.unwrap_or_default();
        LyingReport {
            at: at.to_owned(),
            generation,
            files,
            bytes,
            trouble,
        }
    });
    Ok(LakeReport {
        generation: data.store.current(),
        tables: tables.collect(),
        away,
    })
}

fn table_report(table: &str, lying: &TableLying) -> TableReport {
    let versions = lying.versions.iter().map(|(version, files)| VersionReport {
        version: version.version,
        is_stamped: version.is_stamped,
        files: *files,
    });
    TableReport {
        table: table.to_owned(),
        files: lying.files,
        rows: lying.rows,
        bytes: lying.bytes,
        versions: versions.collect(),
    }
}

fn committed(data: &DataFolder) -> &[ManifestFile] {
    data.generation.as_ref().map_or(&[], |g| &g.files)
}

/// Rewrites the lake into as few files as `rows_per_file`, the rows of a full file, allows, all of
/// the newest version, and says what it did.
///
/// Every row stays as it was, so that every run on record can be looked at and decided again as
/// before. Readers go on in the generation that they have opened. `collects` asks to remove from where
/// the lake lies what neither of the newest two generations names.
///
/// # Errors
///
/// When a file cannot be read or written, is of a newer version or not what it says, or does not
/// arrive where the lake lies; then nothing was changed.
pub fn compact(
    data: &mut DataFolder,
    rows_per_file: u64,
    collects: bool,
) -> Result<CompactReport, StepError> {
    let compacted = data.store.stage_compacted(committed(data), rows_per_file)?;
    let files: Vec<ManifestFile> = compacted.staged.into_iter().map(|s| s.file).collect();
    if !compacted.replaced.is_empty() {
        data.send(&files)?;
        let generation = data.ledger.commit_compacted(&files, &compacted.replaced)?;
        data.publish(generation)?;
    }
    let removed = if collects { Some(collect(data)?) } else { None };
    Ok(CompactReport {
        replaced: compacted.replaced.len() as u64,
        written: files.len() as u64,
        removed,
        lake: lake_report(data)?,
    })
}

/// Removes from where the lake lies what neither of the newest two generations names; says how many
/// objects went. An older copy of the ledger cannot be restored from there afterwards.
///
/// # Errors
///
/// When the lake lies nowhere else, or the place does not answer or is not at this generation.
fn collect(data: &DataFolder) -> Result<u64, StepError> {
    let number = data.generation.as_ref().map_or(0, |g| g.number);
    let removed = data.store.collect_away(number, committed(data))?;
    removed.ok_or(StepError::LakeHere)
}

/// Brings the lake to a place away from the data folder, or home again, and remembers it: from then
/// on every command that writes keeps it there as well.
///
/// What the data folder lost is fetched from the place, so that this also tells a restored ledger
/// where its lake lies.
///
/// # Errors
///
/// When the folder cannot be opened, or a file does not arrive; then the lake lies where it lay.
pub fn move_lake(root: &Path, place: Option<&Place>) -> Result<LakeReport, StepError> {
    let folder = place.filter(|place| place.bucket().is_none());
    if let Some(folder) = folder {
        let (here, there) = (std::path::absolute(root), std::path::absolute(&folder.at));
        if here.is_ok_and(|here| there.is_ok_and(|there| there.starts_with(here))) {
            return Err(StepError::LakeInside(folder.at.clone()));
        }
    }
    let data = DataFolder::opened(root, Access::Write, Some(place))?;
    data.store.send_again(committed(&data))?;
    data.lies_at(place)?;
    lake_report(&data)
}
