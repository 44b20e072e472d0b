//! By which rules orders were put into words.

use super::outbox_row::{OutboxRow, select};
use super::{Ledger, LedgerError, WordedBy, sql};
use crate::delivery::{Delivery, Route};
use crate::orders::Order;

/// An order that left in words, or may have. Its order is about a person: no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct WordedOrder {
    /// The order.
    pub order: Order,
    /// What became of it.
    pub delivery: Delivery,
    /// The way by which it left.
    pub way: Option<Route>,
    /// The resident's language of contact then, as the register had it.
    pub language: Option<String>,
    /// By which rules; nothing for what left before that was written down.
    pub by: Option<WordedBy>,
    /// When it was last handed over (UTC); nothing where that is not on record.
    pub at: Option<String>,
}

impl Ledger {
    /// Every order that left in words, or may have, in the order in which they were planned.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn worded(&self) -> Result<Vec<WordedOrder>, LedgerError> {
        let action = "cannot read the outbox";
        let rows = select(
            &self.connection,
            "WHERE worded_by IS NOT NULL OR 0 < sends ORDER BY id",
            &[],
        )?;
        let mut statement = self
            .connection
            .prepare(
                "SELECT worded_by, worded_for, worded_in,
                        (SELECT strftime('%Y-%m-%dT%H:%M:%SZ', max(e.at) / 1000000, 'unixepoch')
                         FROM outbox_event e
                         WHERE e.outbox = o.id AND e.what LIKE 'sending under claim %')
                 FROM outbox o WHERE id = ?1",
            )
            .map_err(sql(action))?;
        let mut worded = Vec::with_capacity(rows.len());
        for row in rows {
            let (by, at) = statement
                .query_row([row.id], |columns| {
                    let rules: Option<String> = columns.get(0)?;
                    let laboratory = columns.get(1)?;
                    let language: Option<String> = columns.get(2)?;
                    let by = rules.zip(language).map(|(rules, language)| WordedBy {
                        rules,
                        laboratory,
                        language,
                    });
                    Ok((by, columns.get(3)?))
                })
                .map_err(sql(action))?;
            let OutboxRow {
                order,
                delivery,
                way,
                language,
                ..
            } = row;
            worded.push(WordedOrder {
                order,
                delivery,
                way,
                language,
                by,
                at,
            });
        }
        Ok(worded)
    }
}
