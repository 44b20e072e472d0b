//! Audit: who did what, and who looked at whom, chained so that nothing in it changes unnoticed.
//!
//! Each writer has a chain of its own. A record's hash covers the record and the hash before it, so
//! that a change, a gap or another order shows at the first record concerned. That the end of a chain
//! was cut off, or a whole chain written anew, shows against a checkpoint that is kept elsewhere.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use sha2::{Digest, Sha256};

use super::clock::instant;
use super::{Ledger, LedgerError, sql};
use crate::profile::ResidentId;

/// What somebody did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AuditAct {
    /// Signed in to the pages.
    SignedIn,
    /// Looked at what is known of a resident, and why they were decided about as they were.
    ViewedResident,
    /// Was shown everything that is held about a resident.
    ShownEverything,
    /// Had a card made about a resident in their own system.
    AskedForCard,
    /// Said what was done with a card.
    AnsweredCard,
    /// Had open tasks listed.
    ListedTasks,
    /// Had waiting orders listed.
    ListedOrders,
    /// Had listed whom a mistake in the rules has concerned.
    LookedBack,
    /// Had those listed who were diagnosed without having been flagged.
    ListedIntervalCases,
    /// Had the audit listed.
    ListedAudit,
    /// Closed a task.
    ClosedTask,
    /// Handed a task, or that a resident is to be confirmed, over to somebody.
    HandedOver,
    /// Gave it back, so that nobody has it in hand.
    GaveBack,
    /// Wrote a note about a resident.
    WroteNote,
    /// Had the notes about a resident listed.
    ListedNotes,
    /// Let an order leave.
    ApprovedOrder,
    /// Kept an order back.
    HeldOrder,
    /// Took back what they had said about an order.
    TookBackReview,
    /// Stopped every effect.
    StoppedEffects,
    /// Let effects start again.
    ResumedEffects,
    /// Noticed that the ledger is an old copy.
    NoticedOldCopy,
    /// Put a recalibration in force by one name, in a trial.
    AcceptedRecalibration,
    /// Signed a recalibration.
    SignedModel,
    /// Put a signed recalibration in force, for a share of residents or for all.
    PromotedModel,
    /// Took back the newest recalibration in force.
    RolledBackModel,
    /// Listed refusals that people have put on record.
    ListedOptOuts,
    /// Put on record that a resident does not want the screening.
    OptedOut,
    /// Put on record that a resident wants it again, or never said no.
    TookBackOptOut,
    /// Put on record that a rule is faulty.
    MarkedRuleFaulty,
    /// Erased everything about a resident.
    Erased,
    /// Let an erased resident come back.
    LiftedErasure,
    /// Had listed what is past its period.
    ListedPastPeriod,
    /// Removed what was past its period.
    RemovedPastPeriod,
}

impl AuditAct {
    /// Every act with its name.
    pub const NAMES: [(&'static str, Self); 33] = [
        ("signed-in", Self::SignedIn),
        ("viewed-resident", Self::ViewedResident),
        ("shown-everything", Self::ShownEverything),
        ("asked-for-card", Self::AskedForCard),
        ("answered-card", Self::AnsweredCard),
        ("listed-tasks", Self::ListedTasks),
        ("listed-orders", Self::ListedOrders),
        ("looked-back", Self::LookedBack),
        ("listed-interval-cases", Self::ListedIntervalCases),
        ("listed-audit", Self::ListedAudit),
        ("closed-task", Self::ClosedTask),
        ("handed-over-task", Self::HandedOver),
        ("gave-back-task", Self::GaveBack),
        ("wrote-note", Self::WroteNote),
        ("listed-notes", Self::ListedNotes),
        ("approved-order", Self::ApprovedOrder),
        ("held-order", Self::HeldOrder),
        ("took-back-review", Self::TookBackReview),
        ("stopped-effects", Self::StoppedEffects),
        ("resumed-effects", Self::ResumedEffects),
        ("noticed-old-copy", Self::NoticedOldCopy),
        ("accepted-recalibration", Self::AcceptedRecalibration),
        ("signed-model", Self::SignedModel),
        ("promoted-model", Self::PromotedModel),
        ("rolled-back-model", Self::RolledBackModel),
        ("listed-opt-outs", Self::ListedOptOuts),
        ("opted-out", Self::OptedOut),
        ("took-back-opt-out", Self::TookBackOptOut),
        ("marked-rule-faulty", Self::MarkedRuleFaulty),
        ("erased", Self::Erased),
        ("lifted-erasure", Self::LiftedErasure),
        ("listed-past-period", Self::ListedPastPeriod),
        ("removed-past-period", Self::RemovedPastPeriod),
    ];

    /// The name in the ledger and in reports.
    ///
    /// # Panics
    ///
    /// Never: every act is in [`AuditAct::NAMES`].
    #[must_use]
    pub fn name(self) -> &'static str {
        let found = Self::NAMES.iter().find(|(_, act)| *act == self);
        found.map_or("", |(name, _)| name)
    }
}

/// Something that somebody does, to be put on record.
///
/// It holds no words about a person: who it is about is an opaque id, and `detail` numbers and codes.
#[derive(Debug, Clone, Copy)]
pub struct AuditEntry<'a> {
    /// Who, as far as the program knows.
    pub who: &'a str,
    /// What they do.
    pub act: AuditAct,
    /// About whom, when it is about one.
    pub about: Option<ResidentId>,
    /// Which, or how many: the number of a task, the key of an order, a rule and its version.
    pub detail: &'a str,
}

/// An entry as it is on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    /// Whose chain it is in.
    pub writer: String,
    /// Its number in the chain, from 1.
    pub n: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: String,
    /// What they did, one of [`AuditAct::NAMES`] or of a newer program.
    pub act: String,
    /// About whom.
    pub about: Option<ResidentId>,
    /// Which, or how many.
    pub detail: String,
    /// SHA-256 over this record and the hash before it.
    pub hash: [u8; 32],
}

/// How far a chain goes: what a checkpoint remembers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AuditHead {
    /// Whose chain.
    pub writer: String,
    /// The number of its last record.
    pub n: u64,
    /// The hash of that.
    pub hash: [u8; 32],
}

/// The first record of a chain that is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuditBroken {
    /// It, or the one before it, was changed.
    #[error("record {n} of the audit chain `{writer}` is not what was written")]
    Changed {
        /// Whose chain.
        writer: String,
        /// Its number.
        n: u64,
    },
    /// It is not there.
    #[error("record {n} of the audit chain `{writer}` is missing")]
    Missing {
        /// Whose chain.
        writer: String,
        /// Its number.
        n: u64,
    },
}

/// The part of the program that writes: commands that people start.
const COMMAND: &str = "command";

/// The hash of a record: over lengths and bytes of every field, after the hash before it.
fn chained(before: &[u8; 32], record: &AuditRecord) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(before);
    hash.update(record.n.to_le_bytes());
    hash.update(record.at.as_microsecond().to_le_bytes());
    let about = record.about.map(|resident| *resident.as_bytes());
    let about = about.as_ref().map_or(&[][..], |bytes| &bytes[..]);
    for field in [
        record.writer.as_bytes(),
        record.who.as_bytes(),
        record.act.as_bytes(),
        about,
        record.detail.as_bytes(),
    ] {
        hash.update((field.len() as u64).to_le_bytes());
        hash.update(field);
    }
    hash.finalize().into()
}

/// What a chain begins with: no other ledger's chain can be put in its place.
fn beginning(connection: &Connection) -> Result<[u8; 32], LedgerError> {
    let ledger: [u8; 16] = connection
        .query_row("SELECT ledger FROM epoch", [], |row| row.get(0))
        .map_err(sql("cannot read the epoch"))?;
    Ok(Sha256::digest(ledger).into())
}

/// Adds an entry to the chain of commands, inside the caller's transaction.
pub(super) fn add(
    transaction: &Connection,
    now: Timestamp,
    entry: &AuditEntry<'_>,
) -> Result<(), LedgerError> {
    let action = "cannot write the audit";
    let last: Option<(i64, [u8; 32])> = transaction
        .prepare_cached("SELECT n, hash FROM audit WHERE writer = ?1 ORDER BY n DESC LIMIT 1")
        .and_then(|mut statement| {
            let row = statement.query_row([COMMAND], |row| Ok((row.get(0)?, row.get(1)?)));
            row.optional()
        })
        .map_err(sql(action))?;
    let (n, before) = match last {
        Some((n, hash)) => (n.cast_unsigned() + 1, hash),
        None => (1, beginning(transaction)?),
    };
    let record = AuditRecord {
        writer: COMMAND.to_owned(),
        n,
        at: now,
        who: entry.who.to_owned(),
        act: entry.act.name().to_owned(),
        about: entry.about,
        detail: entry.detail.to_owned(),
        hash: [0; 32],
    };
    let hash = chained(&before, &record);
    transaction
        .prepare_cached(
            "INSERT INTO audit (writer, n, at, who, act, about, detail, hash)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                record.writer,
                n.cast_signed(),
                now.as_microsecond(),
                record.who,
                record.act,
                record.about.map(|resident| *resident.as_bytes()),
                record.detail,
                hash
            ])
        })
        .map(drop)
        .map_err(sql(action))
}

fn read(row: &Row<'_>) -> rusqlite::Result<(AuditRecord, i64)> {
    let at: i64 = row.get(2)?;
    let about: Option<[u8; 16]> = row.get(5)?;
    let record = AuditRecord {
        writer: row.get(0)?,
        n: row.get::<_, i64>(1)?.cast_unsigned(),
        at: Timestamp::UNIX_EPOCH,
        who: row.get(3)?,
        act: row.get(4)?,
        about: about.map(ResidentId::from_bytes),
        detail: row.get(6)?,
        hash: row.get(7)?,
    };
    Ok((record, at))
}

impl Ledger {
    /// Puts on record what somebody does; it is on disk when this returns.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written: then nothing may be shown.
    pub fn audit(&mut self, entry: &AuditEntry<'_>) -> Result<(), LedgerError> {
        let action = "cannot write the audit";
        self.do_on_record(action, entry, |_, _| Ok(true)).map(drop)
    }

    /// Does something and puts it on record, in one transaction. `act` says whether it changed anything:
    /// what changed nothing is not on record.
    pub(super) fn do_on_record(
        &mut self,
        action: &'static str,
        entry: &AuditEntry<'_>,
        act: impl FnOnce(&Transaction<'_>, Timestamp) -> rusqlite::Result<bool>,
    ) -> Result<bool, LedgerError> {
        let clock = self.clock.clone();
        let transaction = self.begin(action)?;
        let now = clock.now(&transaction)?;
        let is_news = act(&transaction, now).map_err(sql(action))?;
        if is_news {
            add(&transaction, now, entry)?;
        }
        transaction.commit().map_err(sql(action))?;
        Ok(is_news)
    }

    /// Every record, chain by chain, oldest first; of one resident, when one is named.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read, or a record does not read as one.
    pub fn audit_records(
        &self,
        about: Option<ResidentId>,
    ) -> Result<Vec<AuditRecord>, LedgerError> {
        let mut records = Vec::new();
        self.each_audit_record(about, |record| records.push(record))?;
        Ok(records)
    }

    fn each_audit_record(
        &self,
        about: Option<ResidentId>,
        mut each: impl FnMut(AuditRecord),
    ) -> Result<(), LedgerError> {
        let action = "cannot read the audit";
        let mut statement = self
            .connection
            .prepare(
                "SELECT writer, n, at, who, act, about, detail, hash FROM audit
                 WHERE ?1 IS NULL OR about = ?1 ORDER BY writer, n",
            )
            .map_err(sql(action))?;
        let rows = statement
            .query_map([about.map(|resident| *resident.as_bytes())], read)
            .map_err(sql(action))?;
        for row in rows {
            let (mut record, at) = row.map_err(sql(action))?;
            record.at = instant(at)?;
            each(record);
        }
        Ok(())
    }

    /// Follows every chain from its beginning, and holds it against what checkpoints remember: how far
    /// each goes, or the first record that is not what was written.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read, or a record does not read as one.
    pub fn audit_verified(
        &self,
        checkpoints: &[AuditHead],
    ) -> Result<Result<Vec<AuditHead>, AuditBroken>, LedgerError> {
        let remembered = checkpoints.iter().cloned();
        let mut chains = Chains {
            beginning: beginning(&self.connection)?,
            remembered: remembered
                .map(|head| ((head.writer, head.n), head.hash))
                .collect(),
            heads: Vec::new(),
            broken: None,
        };
        self.each_audit_record(None, |record| chains.follow(&record))?;
        Ok(chains.end())
    }
}

/// Chains as far as they were followed, a record at a time.
struct Chains {
    beginning: [u8; 32],
    /// What checkpoints say of records that have not come yet.
    remembered: BTreeMap<(String, u64), [u8; 32]>,
    heads: Vec<AuditHead>,
    /// The first record that is not what was written: nothing after it says anything.
    broken: Option<AuditBroken>,
}

impl Chains {
    fn follow(&mut self, record: &AuditRecord) {
        if self.broken.is_some() {
            return;
        }
        let writer = record.writer.clone();
        let of_chain = self.heads.pop_if(|head| head.writer == writer);
        let (n, before) = of_chain.map_or((1, self.beginning), |head| (head.n + 1, head.hash));
        let remembered = self.remembered.remove(&(writer.clone(), n));
        let head = AuditHead {
            writer: writer.clone(),
            n,
            hash: chained(&before, record),
        };
        if record.n != n {
            self.broken = Some(AuditBroken::Missing { writer, n });
        } else if record.hash != head.hash || remembered.is_some_and(|hash| hash != head.hash) {
            self.broken = Some(AuditBroken::Changed { writer, n });
        }
        self.heads.push(head);
    }

    /// How far each goes; a record that a checkpoint remembers and that never came is missed after the
    /// last of its chain.
    fn end(self) -> Result<Vec<AuditHead>, AuditBroken> {
        if let Some(broken) = self.broken {
            return Err(broken);
        }
        match self.remembered.into_keys().next() {
            Some((writer, _)) => {
                let chain = self.heads.iter().find(|head| head.writer == writer);
                let n = chain.map_or(1, |head| head.n + 1);
                Err(AuditBroken::Missing { writer, n })
            }
            None => Ok(self.heads),
        }
    }
}
