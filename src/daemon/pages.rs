//! Pages for people, beside the schedule and in the same process.

use std::net::SocketAddr;
use std::sync::Arc;

use super::serve::listener;
use super::served_step::Work;
use super::serving::{ServeError, web};
use crate::web::{WebOptions, pages};

/// Serves pages where there are any, and says where. They end with the runtime: whoever reads one sees
/// the connection close.
pub(super) async fn served_pages(work: &Arc<Work>) -> Result<Option<SocketAddr>, ServeError> {
    let options = &work.options;
    let Some(web) = web(options) else {
        return Ok(None);
    };
    let (listener, here) = listener(web.listen).await?;
    let clock = work.clock;
    let day = Arc::clone(work);
    let router = pages(
        WebOptions {
            root: options.root.clone(),
            rulebook: options.rulebook.clone(),
            config: options.config.clone(),
            web,
            sign_in_by: options.sign_in_by,
            now: Arc::new(move || clock.now()),
            today: Arc::new(move || day.today()),
            tell: Arc::clone(&options.tell),
            progress: Arc::clone(&work.progress),
        },
        here,
    )?;
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    Ok(Some(here))
}
