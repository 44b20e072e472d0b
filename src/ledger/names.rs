//! Names: what a source calls the resident whom a row is about, and whether it still means them.
//!
//! The register makes one resident of each name. A source beside it may give a name to somebody else;
//! what is then sent again, looked up or taken back under that name would be about them.

use rusqlite::{Connection, OptionalExtension, params};

use super::handout::placed;
use super::outbox_row::OutboxRow;
use super::{ChannelTerms, LedgerError, sql};
use crate::orders::Order;
use crate::profile::ResidentId;

/// Under which name a row leaves or is looked up: the one under which it, or the order that it takes
/// back, was put into words, while that still means the same person. Nothing when it was given to
/// somebody else since, or there is none.
pub(super) fn name_of_row(
    connection: &Connection,
    channel: &ChannelTerms,
    row: &OutboxRow,
) -> Result<Option<String>, LedgerError> {
    let before = match &row.patient_id {
        Some(name) => Some(name.clone()),
        None => placed(connection, &row.order)?.and_then(|row| row.patient_id),
    };
    let Some(name) = before else {
        return patient_id(connection, channel, &row.order);
    };
    let whose = whose(connection, channel, &name)?;
    Ok((whose == Some(row.order.resident)).then_some(name))
}

/// What a channel's source calls a resident. Of several names in a source beside the register the one that
/// holds for longest.
fn patient_id(
    connection: &Connection,
    channel: &ChannelTerms,
    order: &Order,
) -> Result<Option<String>, LedgerError> {
    connection
        .prepare_cached(
            "SELECT patient_id FROM identity WHERE resident = ?1 AND source = ?2
             UNION ALL
             SELECT * FROM (SELECT patient_id FROM link AS newest
                            WHERE resident = ?1 AND source = ?2
                              AND NOT EXISTS (SELECT 1 FROM link AS later
                                              WHERE later.source = newest.source
                                                AND later.patient_id = newest.patient_id
                                                AND newest.pull < later.pull)
                            ORDER BY pull, patient_id LIMIT 1)
             LIMIT 1",
        )
        .and_then(|mut statement| {
            let resident = order.resident.as_bytes();
            let values = params![resident, channel.source];
            statement.query_row(values, |row| row.get(0)).optional()
        })
        .map_err(sql("cannot read the identity map"))
}

/// Whom a name of a channel's source means by the newest pull.
fn whose(
    connection: &Connection,
    channel: &ChannelTerms,
    patient_id: &str,
) -> Result<Option<ResidentId>, LedgerError> {
    connection
        .prepare_cached(
            "SELECT resident FROM identity WHERE patient_id = ?1 AND source = ?2
             UNION ALL
             SELECT * FROM (SELECT resident FROM link WHERE source = ?2 AND patient_id = ?1
                            ORDER BY pull DESC LIMIT 1)
             LIMIT 1",
        )
        .and_then(|mut statement| {
            let values = params![patient_id, channel.source];
            let found = statement.query_row(values, |row| row.get::<_, Option<[u8; 16]>>(0));
            found.optional()
        })
        .map(|found| found.flatten().map(ResidentId::from_bytes))
        .map_err(sql("cannot read the identity map"))
}
