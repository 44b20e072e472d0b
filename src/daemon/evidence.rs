//! Evidence: what the other side has of ours.

use std::collections::BTreeSet;

use super::dispatch::{DispatchError, open, runtime};
use crate::config::Config;
use crate::steps::{DataFolder, Evidence};

/// What the other side has of ours, for reconciliation.
///
/// # Errors
///
/// When the server cannot be asked.
pub fn evidence(data: &DataFolder, config: &Config) -> Result<Option<Evidence>, DispatchError> {
    let Some((_, channel)) = config.channels.first() else {
        return Ok(None);
    };
    if channel.terms.policy.read_back == crate::delivery::ReadBack::Impossible {
        return Ok(None);
    }
    let runtime = runtime()?;
    runtime.block_on(async {
        let open = open(channel).await?;
        let mut evidence = Evidence {
            channel: channel.terms.name.clone(),
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
        for (key, patient_id) in data.asked_about()? {
            if !listed.contains(&key.to_string()) {
                let found = open.requests(key, &patient_id).await?;
                evidence.orders.extend(found);
            }
        }
        Ok(Some(evidence))
    })
}
