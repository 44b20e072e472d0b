//! What deciding again about residents said of their rows.

use std::sync::Arc;

use jiff::civil::Date;
use rusqlite::params;
use rusqlite::types::Value;

use super::outbox::{change, channel_of, view};
use super::outbox_row::{select, select_one};
use super::{ChannelTerms, Ledger, LedgerError, RowView, sql};
use crate::delivery::{DeliveryEvent, Found, Refused, Route};
use crate::orders::OrderKey;
use crate::profile::ResidentId;

/// On what a resident was decided about again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// The newest pull.
    pub pull: u32,
    /// The day.
    pub day: Date,
    /// Fingerprint of the rules, and the scope of effects where there is one.
    pub rules: String,
}

impl Stamp {
    pub(super) fn text(&self) -> String {
        format!("{} {} {}", self.pull, self.day, self.rules)
    }
}

/// What deciding again says about a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may leave.
    MayLeave,
    /// It stays and does not leave: data of the resident may be missing.
    Hold,
    /// It does not leave any more.
    Stop(Refused),
}

impl Verdict {
    /// What the ledger keeps of it.
    fn name(self) -> String {
        match self {
            Self::MayLeave => "may-leave".to_owned(),
            Self::Hold => "hold".to_owned(),
            Self::Stop(why) => why.name(),
        }
    }
}

/// Questions that wait for the resident's turn, as deciding again sees them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Items of the model to ask, by id.
    pub asks: Vec<String>,
    /// Whoever has the lower one is asked first.
    pub rank: Vec<u8>,
}

/// A row whose resident was decided about again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Its number.
    pub row: i64,
    /// What that said about it.
    pub verdict: Verdict,
    /// The resident's language of contact by the register of the day.
    pub language: Option<Arc<str>>,
    /// The resident's score, as a score that is written back says it.
    pub score: Option<String>,
    /// Whether the resident is known not to be reached at the portal.
    pub is_without_portal: bool,
    /// Of questions that wait for the resident's turn: what is asked now, and how soon.
    pub turn: Option<Turn>,
    /// Whether the record shows that what was handed over was taken: a result, or somebody's order.
    pub is_seen: bool,
}

/// How the ledger refers to what was found in the record itself.
const SEEN: &str = "seen in the record";

impl Ledger {
    /// The rows whose resident was not decided about again under a stamp: every row that may still
    /// be sent, also those that are being sent or asked about now.
    ///
    /// Sorted by resident; those of residents after `after`, about `most` of them, and always all of
    /// a resident.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn unchecked(
        &self,
        stamp: &Stamp,
        after: Option<ResidentId>,
        most: usize,
    ) -> Result<Vec<RowView>, LedgerError> {
        const UNCHECKED: &str = "state IN ('planned', 'sending', 'unknown')
               AND next IS NOT 'person' AND checked IS NOT ?1";
        let after = after.map_or(Vec::new(), |resident| resident.as_bytes().to_vec());
        let mut rows = select(
            &self.connection,
            &format!("WHERE {UNCHECKED} AND ?2 < resident ORDER BY resident, id LIMIT ?3"),
            &[
                Value::Text(stamp.text()),
                Value::Blob(after),
                Value::Integer(i64::try_from(most).unwrap_or(i64::MAX)),
            ],
        )?;
        if let Some(last) = rows.last() {
            let (resident, id) = (last.order.resident.as_bytes().to_vec(), last.id);
            rows.extend(select(
                &self.connection,
                &format!("WHERE {UNCHECKED} AND resident = ?2 AND ?3 < id ORDER BY id"),
                &[
                    Value::Text(stamp.text()),
                    Value::Blob(resident),
                    Value::Integer(id),
                ],
            )?);
        }
        Ok(rows.into_iter().map(view).collect())
    }

    /// Notes what deciding again said about rows.
    ///
    /// A row that is under way now and should not be sent again is held until it is known what
    /// became of it.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written; then nothing of it is.
    pub fn checked(
        &mut self,
        channels: &[ChannelTerms],
        stamp: &Stamp,
        checked: &[Checked],
    ) -> Result<(), LedgerError> {
        let action = "cannot note what was looked at again";
        let clock = self.clock.clone();
        let transaction = self.begin(action)?;
        let now = clock.now(&transaction)?;
        let text = stamp.text();
        for Checked {
            row: id,
            verdict,
            language,
            score,
            is_without_portal,
            turn,
            is_seen,
        } in checked
        {
            transaction
                .prepare_cached(
                    // What has left in words keeps the language that they are in.
                    "UPDATE outbox SET checked = ?2, verdict = ?3, score = ?5, without_portal = ?6,
                         language = CASE WHEN worded_by IS NULL THEN ?4 ELSE language END
                     WHERE id = ?1",
                )
                .and_then(|mut s| {
                    let verdict = verdict.name();
                    s.execute(params![
                        id,
                        text,
                        verdict,
                        language,
                        score,
                        is_without_portal
                    ])
                })
                .map_err(sql(action))?;
            if let Some(turn) = turn {
                transaction
                    .prepare_cached(
                        "UPDATE outbox SET asks = ?2, rank = ?3
                         WHERE id = ?1 AND state = 'planned'",
                    )
                    .and_then(|mut s| s.execute(params![id, turn.asks.join(" "), turn.rank]))
                    .map_err(sql(action))?;
            }
            if !*is_seen && !matches!(verdict, Verdict::Stop(_)) {
                continue;
            }
            let name = channel_of(&transaction, *id)?;
            let Some(channel) = channels.iter().find(|channel| channel.name == name) else {
                continue;
            };
            let row = select_one(&transaction, *id)?;
            let event = match verdict {
                _ if *is_seen && row.delivery.is_awaited() => {
                    let reference = SEEN.to_owned();
                    DeliveryEvent::LookedUp {
                        until: now,
                        found: Found::One { reference },
                    }
                }
                // Nobody has reached them yet, as far as is known: they are not to be.
                Verdict::Stop(Refused::Withdrawn | Refused::Withheld)
                    if row.delivery.is_awaited() && row.way == Some(Route::Outreach) =>
                {
                    DeliveryEvent::TakenBack
                }
                Verdict::Stop(why) => DeliveryEvent::Stopped(*why),
                Verdict::MayLeave | Verdict::Hold => continue,
            };
            change(&transaction, channel, (now, stamp.day), &row, &event, None)?;
        }
        transaction.commit().map_err(sql(action))
    }

    /// The orders of a channel that were handed over to people who reach residents without a portal,
    /// and called off before anybody said that they had.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn called_off(&self, channel: &str) -> Result<Vec<OrderKey>, LedgerError> {
        let rows = select(
            &self.connection,
            "WHERE channel = ?1 AND way = 'outreach' AND state = 'refused' AND why = 'withdrawn'
             ORDER BY key",
            &[Value::Text(channel.to_owned())],
        )?;
        Ok(rows.into_iter().map(|row| row.order.key()).collect())
    }
}
