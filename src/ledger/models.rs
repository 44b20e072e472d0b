//! The registry of the calibration in force: what was shown of proposals, who signed, what was done.

use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::{AuditAct, AuditEntry, Ledger, LedgerError, sql};
use crate::learning::ModelChange;
use crate::pathway::Inclusion;

/// What a person did to the calibration in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelChangeRecord {
    /// What.
    pub change: ModelChange,
    /// The recalibration that it was about.
    pub recalibration: u32,
    /// Who.
    pub by: String,
    /// Why; empty where nobody was asked.
    pub why: String,
    /// When (UTC), for people.
    pub at: String,
}

/// What a proposal would have done beside the calibration in force, and what the gates said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelShadow {
    /// Its number.
    pub id: u32,
    /// The proposal.
    pub recalibration: u32,
    /// When (UTC), for people.
    pub at: String,
    /// The day of looking back, ISO.
    pub as_of: String,
    /// Version of the program.
    pub program: String,
    /// Fingerprint of the whole rule book.
    pub rules_fingerprint: String,
    /// The newest pull seen.
    pub pull: u32,
    /// The newest event of episodes seen.
    pub ledger_event: i64,
    /// SHA-256 over all cases that were looked at, fitted and held out.
    pub cases_hash: String,
    /// Whether every gate let it through.
    pub passed: bool,
    /// Each gate with what it said, a line each.
    pub gates: String,
    /// SHA-256 over the report.
    pub evidence: String,
    /// The whole report as JSON, opaque here.
    pub report: String,
}

/// Somebody's signature over a proposal as a shadow shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelSignature {
    /// The shadow.
    pub shadow: u32,
    /// Who signed.
    pub signer: String,
    /// When, as the signer says; part of what is signed.
    pub signed_at: String,
    /// The signature: 64 bytes.
    pub signature: Vec<u8>,
}

fn read_change(row: &Row<'_>) -> rusqlite::Result<Option<ModelChangeRecord>> {
    let (what, recalibration): (String, u32) = (row.get(0)?, row.get(1)?);
    let share: Option<u32> = row.get(2)?;
    let share = share.and_then(Inclusion::from_billionths);
    let change = match (&*what, share) {
        ("accepted", None) => ModelChange::Accepted(recalibration),
        ("promoted", Some(share)) => ModelChange::Promoted(recalibration, share),
        ("rolled-back", None) => ModelChange::RolledBack,
        _ => return Ok(None),
    };
    Ok(Some(ModelChangeRecord {
        change,
        recalibration,
        by: row.get(3)?,
        why: row.get(4)?,
        at: row.get(5)?,
    }))
}

fn read_shadow(row: &Row<'_>) -> rusqlite::Result<ModelShadow> {
    Ok(ModelShadow {
        id: row.get(0)?,
        recalibration: row.get(1)?,
        at: row.get(2)?,
        as_of: row.get(3)?,
        program: row.get(4)?,
        rules_fingerprint: row.get(5)?,
        pull: row.get(6)?,
        ledger_event: row.get(7)?,
        cases_hash: row.get(8)?,
        passed: row.get(9)?,
        gates: row.get(10)?,
        evidence: row.get(11)?,
        report: row.get(12)?,
    })
}

impl Ledger {
    /// Everything that people did to the calibration in force, oldest first.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn model_changes(&self) -> Result<Vec<ModelChangeRecord>, LedgerError> {
        let action = "cannot read changes of the model";
        let select = "SELECT what, recalibration, share, by, why, at FROM model_change ORDER BY id";
        let mut statement = self.connection.prepare(select).map_err(sql(action))?;
        let rows = statement.query_map([], read_change).map_err(sql(action))?;
        rows.map(|row| {
            let known = row.map_err(sql(action))?;
            known.ok_or_else(|| LedgerError::Content("a change of the model of no kind".to_owned()))
        })
        .collect()
    }

    /// The key of the lot of a recalibration that was promoted; nothing before.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn model_lot(&self, recalibration: u32) -> Result<Option<[u8; 32]>, LedgerError> {
        let select = "SELECT lot FROM model_change WHERE recalibration = ?1 AND lot IS NOT NULL
             ORDER BY id LIMIT 1";
        self.connection
            .query_row(select, [recalibration], |row| row.get(0))
            .optional()
            .map_err(sql("cannot read the lot of a model"))
    }

    /// Puts a proposal in force for all, by a person's name; accepting it again changes nothing.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written, or no proposal has that number.
    pub fn accept(&mut self, id: u32, by: &str, at: &str) -> Result<(), LedgerError> {
        let (act, detail) = (AuditAct::AcceptedRecalibration, id.to_string());
        self.change_model(act, &detail, by, |transaction| {
            transaction.execute(
                "INSERT INTO model_change (what, recalibration, by, why, at)
                 SELECT 'accepted', ?1, ?2, '', ?3
                 WHERE NOT EXISTS (SELECT 1 FROM model_change WHERE recalibration = ?1)",
                params![id, by, at],
            )
        })
    }

    /// Puts a proposal in force for a share of residents, or for all.
    ///
    /// The key of its lot is drawn the first time, and is the same ever after.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written, or no proposal has that number.
    pub fn promote(
        &mut self,
        id: u32,
        share: Inclusion,
        by: &str,
        at: &str,
    ) -> Result<(), LedgerError> {
        let detail = format!("{id} for {} in 1e9", share.billionths());
        self.change_model(AuditAct::PromotedModel, &detail, by, |transaction| {
            transaction.execute(
                "INSERT INTO model_change (what, recalibration, share, lot, by, why, at)
                 VALUES ('promoted', ?1, ?2, coalesce(
                     (SELECT lot FROM model_change WHERE recalibration = ?1 AND lot IS NOT NULL
                      ORDER BY id LIMIT 1), randomblob(32)), ?3, '', ?4)",
                params![id, share.billionths(), by, at],
            )
        })
    }

    /// Takes back the newest recalibration that is in force, which the caller names.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub fn roll_back(&mut self, id: u32, by: &str, why: &str, at: &str) -> Result<(), LedgerError> {
        let detail = id.to_string();
        self.change_model(AuditAct::RolledBackModel, &detail, by, |transaction| {
            transaction.execute(
                "INSERT INTO model_change (what, recalibration, by, why, at)
                 VALUES ('rolled-back', ?1, ?2, ?3, ?4)",
                params![id, by, why, at],
            )
        })
    }

    /// Writes a change and, when it changed something, who made it.
    fn change_model(
        &mut self,
        act: AuditAct,
        detail: &str,
        by: &str,
        write: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<usize>,
    ) -> Result<(), LedgerError> {
        let entry = AuditEntry {
            who: by,
            act,
            about: None,
            detail,
        };
        let action = "cannot record a change of the model";
        self.do_on_record(action, &entry, |transaction, _| {
            write(transaction).map(|n| n == 1)
        })
        .map(drop)
    }

    /// Every shadow of a proposal, oldest first.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn model_shadows(&self, recalibration: u32) -> Result<Vec<ModelShadow>, LedgerError> {
        let action = "cannot read what was shown of a proposal";
        let select =
            "SELECT id, recalibration, at, as_of, program, rules_fingerprint, pull, ledger_event,
                 cases_hash, passed, gates, evidence, report
             FROM model_shadow WHERE recalibration = ?1 ORDER BY id";
        let mut statement = self.connection.prepare(select).map_err(sql(action))?;
        let rows = statement.query_map([recalibration], read_shadow);
        rows.and_then(Iterator::collect).map_err(sql(action))
    }

    /// Puts on record what was shown of a proposal, and says under which number. Its own is ignored.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub fn add_model_shadow(&mut self, shadow: &ModelShadow) -> Result<u32, LedgerError> {
        let action = "cannot record what was shown of a proposal";
        let transaction = self.begin(action)?;
        transaction
            .execute(
                "INSERT INTO model_shadow (recalibration, at, as_of, program, rules_fingerprint, pull,
                     ledger_event, cases_hash, passed, gates, evidence, report)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
                params![
                    shadow.recalibration,
                    shadow.at,
                    shadow.as_of,
                    shadow.program,
                    shadow.rules_fingerprint,
                    shadow.pull,
                    shadow.ledger_event,
                    shadow.cases_hash,
                    shadow.passed,
                    shadow.gates,
                    shadow.evidence,
                    shadow.report
                ],
            )
            .map_err(sql(action))?;
        let id = u32::try_from(transaction.last_insert_rowid())
            .map_err(|_| LedgerError::Content("too many shadows".to_owned()))?;
        transaction.commit().map_err(sql(action))?;
        Ok(id)
    }

    /// Every signature over a shadow, oldest first.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn model_signatures(&self, shadow: u32) -> Result<Vec<ModelSignature>, LedgerError> {
        let action = "cannot read signatures of a proposal";
        let select = "SELECT shadow, signer, signed_at, signature FROM model_signature
             WHERE shadow = ?1 ORDER BY id";
        let mut statement = self.connection.prepare(select).map_err(sql(action))?;
        let rows = statement.query_map([shadow], |row| {
            Ok(ModelSignature {
                shadow: row.get(0)?,
                signer: row.get(1)?,
                signed_at: row.get(2)?,
                signature: row.get(3)?,
            })
        });
        rows.and_then(Iterator::collect).map_err(sql(action))
    }

    /// Stores a signature; a second one of the same person over the same shadow changes nothing.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub fn add_model_signature(&mut self, signed: &ModelSignature) -> Result<(), LedgerError> {
        let detail = format!("shadow {}", signed.shadow);
        self.change_model(
            AuditAct::SignedModel,
            &detail,
            &signed.signer,
            |transaction| {
                transaction.execute(
                    "INSERT INTO model_signature (shadow, signer, signed_at, signature)
                 VALUES (?1, ?2, ?3, ?4) ON CONFLICT (shadow, signer) DO NOTHING",
                    params![
                        signed.shadow,
                        signed.signer,
                        signed.signed_at,
                        signed.signature
                    ],
                )
            },
        )
    }
}
