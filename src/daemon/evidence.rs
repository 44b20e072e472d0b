//! Evidence: what the other side has of ours.

use std::collections::{BTreeMap, BTreeSet};

use super::dispatch::{now, runtime};
use super::dispatching::DispatchError;
use crate::channels;
use crate::config::{Channel, Config};
use crate::delivery::{ReadBack, Route};
use crate::fhir::{FhirChannel, RemoteOrder, RemoteStanding, Way};
use crate::orders::ActionKind;
use crate::steps::{DataFolder, Evidence};

/// What the other side has of ours, channel by channel, for reconciliation; nothing of channels
/// whose server is never asked. Of lists it is what came back.
///
/// # Errors
///
/// When a server cannot be asked, or a folder not read.
pub fn evidence(data: &DataFolder, config: &Config) -> Result<Vec<Evidence>, DispatchError> {
    let runtime = runtime()?;
    let mut all = Vec::new();
    for (kind, channel) in &config.channels {
        runtime.block_on(of_channel(data, *kind, channel, &mut all))?;
        for (way, list) in [
            (Route::List, &channel.list),
            (Route::Outreach, &channel.outreach),
        ] {
            if let Some(list) = list {
                let returned = channels::returned(list).map_err(DispatchError::CameBack)?;
                all.push(of_list(*kind, channel, way, returned));
            }
        }
    }
    Ok(all)
}

/// What the other side says of rows of a list: those that came back.
fn of_list(
    kind: ActionKind,
    channel: &Channel,
    way: Route,
    returned: BTreeMap<String, String>,
) -> Evidence {
    let order = |(key, reference)| RemoteOrder {
        key,
        reference,
        standing: RemoteStanding::Returned,
    };
    Evidence {
        channel: channel.terms.name.clone(),
        server: channel.terms.server.clone(),
        kind,
        way,
        resource_type: None,
        is_revoked: false,
        acknowledged: BTreeSet::new(),
        orders: returned.into_iter().map(order).collect(),
        is_everything: false,
    }
}

/// What the server has by each way of a channel that can be asked.
async fn of_channel(
    data: &DataFolder,
    kind: ActionKind,
    channel: &Channel,
    all: &mut Vec<Evidence>,
) -> Result<(), DispatchError> {
    let asks = |way: Route| channel.terms.policy_of(Some(way)).read_back == ReadBack::Possible;
    if !channel
        .routes
        .iter()
        .any(|way| Way::of(*way).is_some() && asks(*way))
    {
        return Ok(());
    }
    let (open, _) = channels::fhir_ways(kind, channel, now).await?;
    for open in open {
        all.push(of_way(data, kind, channel, &open).await?);
    }
    Ok(())
}

async fn of_way(
    data: &DataFolder,
    kind: ActionKind,
    channel: &Channel,
    open: &FhirChannel,
) -> Result<Evidence, DispatchError> {
    let mut evidence = Evidence {
        channel: channel.terms.name.clone(),
        server: channel.terms.server.clone(),
        kind,
        way: open.way().route(),
        resource_type: Some(open.way().resource_type()),
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
    for (order, patient_id) in data.asked_about(kind, open.way().route())? {
        let key = order.key();
        if open.is_written(&order.action) && !listed.contains(&key.to_string()) {
            let found = open.under(key, &patient_id).await?;
            evidence.orders.extend(found);
        }
    }
    Ok(evidence)
}
