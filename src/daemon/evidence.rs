//! Evidence: what the other side has of ours.

use std::collections::BTreeSet;

use super::dispatch::{open, runtime};
use super::dispatching::DispatchError;
use crate::config::{Channel, Config};
use crate::delivery::ReadBack;
use crate::orders::ActionKind;
use crate::steps::{DataFolder, Evidence};

/// What the other side has of ours, channel by channel, for reconciliation; nothing of channels
/// whose server is never asked.
///
/// # Errors
///
/// When a server cannot be asked.
pub fn evidence(data: &DataFolder, config: &Config) -> Result<Vec<Evidence>, DispatchError> {
    let runtime = runtime()?;
    let mut all = Vec::new();
    for (kind, channel) in &config.channels {
        if channel.terms.policy.read_back == ReadBack::Possible {
            all.push(runtime.block_on(of_channel(data, *kind, channel))?);
        }
    }
    Ok(all)
}

async fn of_channel(
    data: &DataFolder,
    kind: ActionKind,
    channel: &Channel,
) -> Result<Evidence, DispatchError> {
    let open = open(kind, channel).await?;
    let mut evidence = Evidence {
        channel: channel.terms.name.clone(),
        server: channel.terms.server.clone(),
        kind,
        resource_type: open.way().resource_type(),
        is_revoked: open.way().is_revoked(),
        // Judged is only what was acknowledged before anything was asked.
        acknowledged: data.acknowledged()?,
        orders: Vec::new(),
        is_everything: false,
    };
    let is_everything = open.all(|order| evidence.orders.push(order)).await?;
    evidence.is_everything = is_everything;
    // What is not in the list is asked about by itself: once more, or for the first time where
    // the server does not find orders by identifier.
    let orders = evidence.orders.iter();
    let listed: BTreeSet<String> = orders.map(|order| order.key.clone()).collect();
    for (order, patient_id) in data.asked_about(kind)? {
        let key = order.key();
        if open.is_written(&order.action) && !listed.contains(&key.to_string()) {
            let found = open.under(key, &patient_id).await?;
            evidence.orders.extend(found);
        }
    }
    Ok(evidence)
}
