//! Cards for professionals, beside the schedule and in the same process.

use std::net::SocketAddr;
use std::sync::Arc;

use super::dispatch::now;
use super::serve::listener;
use super::served_step::Work;
use super::serving::ServeError;
use crate::cds::{CdsCounts, CdsOptions, services};

/// Serves cards where the configuration says so, and says where. It ends with the runtime: whoever asks
/// sees the connection close.
pub(super) async fn served_cards(
    work: &Arc<Work>,
    counts: &Arc<CdsCounts>,
) -> Result<Option<SocketAddr>, ServeError> {
    let options = &work.options;
    let Some(cds) = options.config.cds.clone() else {
        return Ok(None);
    };
    let (listener, here) = listener(cds.listen).await?;
    let clock = work.clock;
    let day = Arc::clone(work);
    let router = services(CdsOptions {
        root: options.root.clone(),
        rulebook: options.rulebook.clone(),
        signature: options.signature.clone(),
        config: options.config.clone(),
        cds,
        clock: now,
        now: Arc::new(move || clock.now()),
        today: Arc::new(move || day.today()),
        tell: Arc::clone(&options.tell),
        counts: Arc::clone(counts),
    })
    .map_err(ServeError::Cards)?;
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(Some(here))
}
