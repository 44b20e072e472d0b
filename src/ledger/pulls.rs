//! Pulls: what each brought, committed at once.

use rusqlite::params;

use super::write::{add_generation, add_identities, add_quarantined};
use super::{
    Generation, Identity, Ledger, LedgerError, PullCommit, PullRecord, Quarantined, answers, audit,
    coming_back, deletions, links, opt_outs, persons, sql,
};
use crate::lake::LakeError;

impl Ledger {
    /// Records a pull with everything it brought, in one transaction: beside the commit, the
    /// identities seen and the lines set aside, of which there can be more than memory should hold.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written, or a row cannot be had; then nothing of it is written.
    pub fn commit_pull(
        &mut self,
        commit: &PullCommit<'_>,
        identities: impl Iterator<Item = Result<Identity, LakeError>>,
        quarantined: impl Iterator<Item = Result<Quarantined, LakeError>>,
    ) -> Result<Generation, LedgerError> {
        let action = "cannot commit the pull";
        let clock = self.clock.clone();
        let transaction = self.begin(action)?;
        let generation =
            add_generation(&transaction, commit.files, commit.replaced).map_err(sql(action))?;
        let write = || -> rusqlite::Result<()> {
            let pull = commit.record;
            transaction.execute(
                "INSERT INTO pull (id, generation, source, at, facts_fingerprint, report)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    pull.id,
                    generation,
                    pull.source,
                    pull.at,
                    pull.facts_fingerprint,
                    pull.report
                ],
            )?;
            let mut statement = transaction.prepare(
                "INSERT INTO unmapped (pull, resource_type, system, code, n) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?;
            for (resource_type, system, code, n) in commit.unmapped {
                statement.execute(params![
                    pull.id,
                    resource_type,
                    system,
                    code,
                    n.cast_signed()
                ])?;
            }
            Ok(())
        };
        write().map_err(sql(action))?;
        add_identities(&transaction, commit.record, identities)?;
        add_quarantined(&transaction, commit.record, quarantined)?;
        deletions::add(&transaction, commit.deleted)?;
        let of_pull = (commit.record.source.as_str(), commit.record.id);
        links::add(&transaction, of_pull, commit.links)?;
        let now = clock.now(&transaction)?;
        answers::add(&transaction, commit.answers, now)?;
        coming_back::add_returned(&transaction, now, &commit.record.at, commit.returned)?;
        if let Some(links) = commit.entry_links {
            persons::add_links(&transaction, commit.record.id, links)?;
        }
        if let Some(said) = commit.by_hand {
            opt_outs::add(&transaction, commit.record.id, said)?;
            audit::add(&transaction, now, &said.on_record())?;
        }
        transaction.commit().map_err(sql(action))?;
        self.committed()
    }

    /// Every pull, oldest first.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn pulls(&self) -> Result<Vec<PullRecord>, LedgerError> {
        let action = "cannot read pulls";
        let mut statement = self
            .connection
            .prepare("SELECT id, source, at, facts_fingerprint, report FROM pull ORDER BY id")
            .map_err(sql(action))?;
        let rows = statement.query_map([], |row| {
            Ok(PullRecord {
                id: row.get(0)?,
                source: row.get(1)?,
                at: row.get(2)?,
                facts_fingerprint: row.get(3)?,
                report: row.get(4)?,
            })
        });
        rows.and_then(Iterator::collect).map_err(sql(action))
    }

    /// Codes that no rule knew in a pull: resource type, system, code and how many resources.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn unmapped(&self, pull: u32) -> Result<Vec<(String, String, String, u64)>, LedgerError> {
        let action = "cannot read unmapped codes";
        let mut statement = self
            .connection
            .prepare("SELECT resource_type, system, code, n FROM unmapped WHERE pull = ?1")
            .map_err(sql(action))?;
        let rows = statement.query_map([pull], |row| {
            let n: i64 = row.get(3)?;
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, n.cast_unsigned()))
        });
        rows.and_then(Iterator::collect).map_err(sql(action))
    }
}
