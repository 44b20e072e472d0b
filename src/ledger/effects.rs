//! Effects: who stopped them, who resumed them, and how an old copy of the ledger is noticed.

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::params;
use rusqlite::types::Value;

use super::clock::instant;
use super::outbox::{change, epoch};
use super::outbox_row::select;
use super::{AuditAct, AuditEntry, ChannelTerms, Ledger, LedgerError, sql};
use crate::delivery::DeliveryEvent;

/// What was done about effects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EffectsChange {
    /// Somebody stopped them.
    Stopped,
    /// Somebody resumed them.
    Resumed,
    /// An old copy of the ledger was noticed.
    Restored,
}

impl EffectsChange {
    /// The names in the ledger.
    pub const NAMES: [(&'static str, Self); 3] = [
        ("stopped", Self::Stopped),
        ("resumed", Self::Resumed),
        ("restored", Self::Restored),
    ];

    /// The name in the ledger and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Resumed => "resumed",
            Self::Restored => "restored",
        }
    }
}

/// One entry of the log of effects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectsEntry {
    /// When.
    pub at: Timestamp,
    /// What.
    pub change: EffectsChange,
    /// By whom.
    pub who: String,
    /// Why.
    pub reason: String,
}

/// Which ledger this is and how often it has handed orders over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Epoch {
    /// Drawn when the ledger was made.
    pub ledger: [u8; 16],
    /// Rises with every group of orders handed over.
    pub number: i64,
}

impl Ledger {
    /// Writes down who did what about effects, and why.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub fn log_effects(
        &mut self,
        change: EffectsChange,
        who: &str,
        reason: &str,
    ) -> Result<(), LedgerError> {
        let entry = AuditEntry {
            who,
            act: match change {
                EffectsChange::Stopped => AuditAct::StoppedEffects,
                EffectsChange::Resumed => AuditAct::ResumedEffects,
                EffectsChange::Restored => AuditAct::NoticedOldCopy,
            },
            about: None,
            detail: "",
        };
        self.do_on_record(
            "cannot write the log of effects",
            &entry,
            |transaction, now| {
                transaction
                    .execute(
                        "INSERT INTO effects_log (at, what, who, reason) VALUES (?1, ?2, ?3, ?4)",
                        params![now.as_microsecond(), change.name(), who, reason],
                    )
                    .map(|_| true)
            },
        )
        .map(drop)
    }

    /// The log of effects, oldest first.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn effects_log(&self) -> Result<Vec<EffectsEntry>, LedgerError> {
        let action = "cannot read the log of effects";
        let mut statement = self
            .connection
            .prepare("SELECT at, what, who, reason FROM effects_log ORDER BY id")
            .map_err(sql(action))?;
        let rows = statement
            .query_map([], |row| {
                let what: String = row.get(1)?;
                Ok((row.get::<_, i64>(0)?, what, row.get(2)?, row.get(3)?))
            })
            .map_err(sql(action))?;
        rows.map(|row| {
            let (at, what, who, reason) = row.map_err(sql(action))?;
            let known = EffectsChange::NAMES.iter().find(|(name, _)| *name == what);
            let (_, change) =
                known.ok_or_else(|| LedgerError::Content(format!("an entry `{what}`")))?;
            Ok(EffectsEntry {
                at: instant(at)?,
                change: *change,
                who,
                reason,
            })
        })
        .collect()
    }

    /// Which ledger this is and how often it has handed orders over.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn epoch(&self) -> Result<Epoch, LedgerError> {
        self.connection
            .query_row("SELECT ledger, number FROM epoch", [], |row| {
                Ok(Epoch {
                    ledger: row.get(0)?,
                    number: row.get(1)?,
                })
            })
            .map_err(sql("cannot read the epoch"))
    }

    /// Marks this ledger as an old copy: nothing that it holds open, and nothing that it will ever
    /// plan, is sent before the other side was asked for it.
    ///
    /// `outside` is the epoch kept outside; from here on this ledger is ahead of it.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written; then nothing of it is.
    pub fn mark_restored(
        &mut self,
        channels: &[ChannelTerms],
        outside: i64,
        today: Date,
    ) -> Result<(), LedgerError> {
        let action = "cannot mark the ledger as an old copy";
        let clock = self.clock.clone();
        let transaction = self.begin(action)?;
        let now = clock.now(&transaction)?;
        for channel in channels {
            let open = select(
                &transaction,
                "WHERE channel = ?1 AND state IN ('planned', 'sending', 'unknown') ORDER BY id",
                &[Value::Text(channel.name.clone())],
            )?;
            for row in open {
                let event = DeliveryEvent::Doubted;
                change(&transaction, channel, (now, today), &row, &event, None)?;
            }
        }
        let number = epoch(&transaction)?.max(outside) + 1;
        transaction
            .execute("UPDATE epoch SET number = ?1, restored = 1", [number])
            .map_err(sql(action))?;
        transaction.commit().map_err(sql(action))
    }
}
