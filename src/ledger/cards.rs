//! Cards that the decision-support service has shown, and what professionals did with them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::{AuditAct, AuditEntry, Ledger, LedgerError, sql};
use crate::profile::ResidentId;

/// A card that is about to be shown.
#[derive(Debug, Clone, Copy)]
pub struct CardShown<'a> {
    /// Its name, by which feedback names it.
    pub uuid: &'a str,
    /// About whom.
    pub resident: ResidentId,
    /// By which service.
    pub service: &'a str,
    /// To which client of the configuration.
    pub client: &'a str,
    /// The row of the pathway that decided.
    pub row: &'a str,
    /// The name of its suggestion, where it has one.
    pub suggestion: Option<&'a str>,
}

/// What a professional did with a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardOutcome {
    /// Took the suggestion.
    Accepted,
    /// Did otherwise.
    Overridden,
}

impl CardOutcome {
    /// The names, as CDS Hooks has them.
    pub const NAMES: [(&'static str, Self); 2] = [
        ("accepted", Self::Accepted),
        ("overridden", Self::Overridden),
    ];

    /// The name in the ledger and in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Overridden => "overridden",
        }
    }
}

/// What came back about a card. Words of a professional may be about a person: no `Debug`.
#[derive(Clone, Copy)]
pub struct CardFeedback<'a> {
    /// The card.
    pub card: &'a str,
    /// The client that tells; only the one that was shown the card is heard.
    pub client: &'a str,
    /// What was done with it.
    pub outcome: CardOutcome,
    /// The suggestions that were taken, by name.
    pub suggestions: &'a [String],
    /// Why not, as `system|code` of the client's reasons.
    pub reason: Option<&'a str>,
    /// Why not, in the professional's words.
    pub comment: Option<&'a str>,
    /// When, as the client says.
    pub happened_at: Timestamp,
}

impl Ledger {
    /// Puts on record that a professional was shown a card, before they are.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written: then nothing may be shown.
    pub fn note_card(&mut self, card: &CardShown<'_>, on: Timestamp) -> Result<(), LedgerError> {
        let action = "cannot write down a card";
        self.connection
            .execute(
                "INSERT INTO cds_card (uuid, resident, service, client, pathway_row, suggestion, at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    card.uuid,
                    card.resident.as_bytes(),
                    card.service,
                    card.client,
                    card.row,
                    card.suggestion,
                    on.to_string()
                ],
            )
            .map(drop)
            .map_err(sql(action))
    }

    /// Puts on record what a professional did with a card, once however often it is told. Says whether
    /// the card is one that this client was shown.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub fn note_feedback(
        &mut self,
        told: &CardFeedback<'_>,
        on: Timestamp,
    ) -> Result<bool, LedgerError> {
        let action = "cannot write down what was done with a card";
        let found: Option<(i64, [u8; 16])> = self
            .connection
            .query_row(
                "SELECT id, resident FROM cds_card WHERE uuid = ?1 AND client = ?2",
                [told.card, told.client],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()
            .map_err(sql(action))?;
        let Some((card, resident)) = found else {
            return Ok(false);
        };
        let entry = AuditEntry {
            who: told.client,
            act: AuditAct::AnsweredCard,
            about: Some(ResidentId::from_bytes(resident)),
            detail: told.outcome.name(),
        };
        let suggestions = told.suggestions.join(" ");
        let suggestions = (!suggestions.is_empty()).then_some(suggestions);
        self.do_on_record(action, &entry, |transaction, _| {
            transaction
                .execute(
                    "INSERT INTO cds_feedback (card, outcome, suggestions, reason, comment, happened_at, at)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                     ON CONFLICT (card, outcome, happened_at) DO NOTHING",
                    params![
                        card,
                        told.outcome.name(),
                        suggestions,
                        told.reason,
                        told.comment,
                        told.happened_at.to_string(),
                        on.to_string()
                    ],
                )
                .map(|n| 0 < n)
        })?;
        Ok(true)
    }

    /// How many cards were shown, and what was done with how many of them: by `shown`, `accepted` and
    /// `overridden`.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn n_cards(&self) -> Result<BTreeMap<String, u64>, LedgerError> {
        let action = "cannot count cards";
        let mut statement = self
            .connection
            .prepare(
                "SELECT 'shown', count(*) FROM cds_card
                 UNION ALL SELECT outcome, count(*) FROM cds_feedback GROUP BY outcome",
            )
            .map_err(sql(action))?;
        let rows = statement.query_map([], |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned()))
        });
        rows.and_then(Iterator::collect).map_err(sql(action))
    }
}
