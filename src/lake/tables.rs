//! Reading the tables of the generation that readers see.

use std::path::PathBuf;

use super::decisions::Wanted;
use super::facts::FactStreams;
use super::{
    DecisionRow, IssueRow, LakeError, RegisterRow, RegisterStreams, Store, Table, decisions,
    issues, parquet_file, register,
};
use crate::profile::ResidentId;
use crate::rulebook::Catalogue;

impl Store {
    /// Everybody's facts, or one resident's, to be read along residents in rising order.
    ///
    /// # Errors
    ///
    /// When a file cannot be opened or is not Parquet.
    pub fn facts<'c>(
        &self,
        catalogue: &'c Catalogue,
        only: Option<ResidentId>,
    ) -> Result<FactStreams<'c>, LakeError> {
        FactStreams::open(catalogue, &self.files(Table::Facts)?, only)
    }

    /// Reads the newest version of every register entry, sorted by resident; or of one.
    ///
    /// # Errors
    ///
    /// When a file cannot be read.
    pub fn register(&self, only: Option<ResidentId>) -> Result<Vec<RegisterRow>, LakeError> {
        let mut rows = Vec::new();
        for path in self.files(Table::Register)? {
            rows.extend(register::read(&path, only)?);
        }
        rows.sort_by(|a, b| (a.resident, b.version).cmp(&(b.resident, a.version)));
        rows.dedup_by_key(|row| row.resident);
        Ok(rows)
    }

    /// Reads every version of every register entry, sorted by resident and version; or of one.
    ///
    /// # Errors
    ///
    /// When a file cannot be read.
    pub fn register_versions(
        &self,
        only: Option<ResidentId>,
    ) -> Result<Vec<RegisterRow>, LakeError> {
        let mut rows = Vec::new();
        for path in self.files(Table::Register)? {
            rows.extend(register::read(&path, only)?);
        }
        rows.sort_by_key(|row| (row.resident, row.version));
        Ok(rows)
    }

    /// Every version of every register entry, to be read along residents in rising order.
    ///
    /// # Errors
    ///
    /// When a file cannot be opened or is not Parquet.
    pub fn register_rows(&self) -> Result<RegisterStreams, LakeError> {
        RegisterStreams::open(&self.files(Table::Register)?)
    }

    /// Reads issues, about one resident or all.
    ///
    /// # Errors
    ///
    /// When a file cannot be read.
    pub fn issues(&self, only: Option<ResidentId>) -> Result<Vec<IssueRow>, LakeError> {
        let mut rows = Vec::new();
        for path in self.files(Table::Issues)? {
            rows.extend(issues::read(&path, only)?);
        }
        rows.sort();
        Ok(rows)
    }

    /// The files of decisions, in the order of runs and residents: compacting may spread a run over
    /// two of them.
    fn decision_files(&self) -> Result<Vec<PathBuf>, LakeError> {
        let placed = self.files(Table::Decisions)?.into_iter();
        let placed = placed.map(|path| Ok((parquet_file::place_of_decisions(&path)?, path)));
        let mut placed: Vec<_> = placed.collect::<Result<_, LakeError>>()?;
        placed.sort();
        Ok(placed.into_iter().map(|(_, path)| path).collect())
    }

    /// Reads decisions, about one resident or all, sorted by run and resident.
    ///
    /// # Errors
    ///
    /// When a file cannot be read.
    pub fn decisions(
        &self,
        only: Option<ResidentId>,
        mut each: impl FnMut(u32, DecisionRow),
    ) -> Result<(), LakeError> {
        let wanted = Wanted {
            resident: only,
            run: None,
        };
        for path in self.decision_files()? {
            decisions::read(&path, wanted, &mut each)?;
        }
        Ok(())
    }

    /// Reads what one run decided, sorted by resident.
    ///
    /// # Errors
    ///
    /// When a file cannot be read.
    pub fn decisions_of(
        &self,
        run: u32,
        mut each: impl FnMut(DecisionRow),
    ) -> Result<(), LakeError> {
        let wanted = Wanted {
            resident: None,
            run: Some(run),
        };
        for path in self.decision_files()? {
            decisions::read(&path, wanted, |_, row| each(row))?;
        }
        Ok(())
    }
}
