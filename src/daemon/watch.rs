//! For those who watch: whether the daemon is alive, whether it is well, and numbers.
//!
//! What is told is about steps and states of closed lists; nobody and no place is in it.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::SignedDuration;

use super::metrics::{CONTENT_TYPE, metrics};
use super::serving::{ServeOptions, ServedClock};
use crate::cds::CdsCounts;
use crate::config::Config;
use crate::schedule::{Schedule, Step};
use crate::steps::DataFolder;

/// What those who watch look at. The folder is behind a lock that only blocking threads take, for one
/// look; the schedule behind one that nobody holds while waiting.
pub(super) struct Watched {
    pub(super) data: Mutex<DataFolder>,
    pub(super) schedule: Mutex<Schedule>,
    pub(super) clock: ServedClock,
    pub(super) options: ServeOptions,
    /// How often cards were asked for.
    pub(super) cards: Arc<CdsCounts>,
}

pub(super) fn router(watched: Arc<Watched>) -> Router {
    Router::new()
        .route("/health", get(|| async { "alive\n" }))
        .route("/ready", get(ready))
        .route("/metrics", get(numbers))
        .with_state(watched)
}

/// 200 and `ready`, or 503 and why not, a line each.
async fn ready(State(watched): State<Arc<Watched>>) -> Response {
    let looked = tokio::task::spawn_blocking(move || watched.not_ready()).await;
    let why = looked.unwrap_or_else(|_| vec!["a look at it broke down".to_owned()]);
    match why.is_empty() {
        true => (StatusCode::OK, "ready\n".to_owned()).into_response(),
        false => {
            let text = format!("not ready\n{}\n", why.join("\n"));
            (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
        }
    }
}

async fn numbers(State(watched): State<Arc<Watched>>) -> Response {
    let looked = tokio::task::spawn_blocking(move || watched.numbers()).await;
    match looked {
        Ok(Ok(text)) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response(),
        Ok(Err(why)) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

impl Watched {
    /// Why the daemon is not well; nothing when it is.
    fn not_ready(&self) -> Vec<String> {
        let mut why = Vec::new();
        // Whoever changes the file wants to know before the next start.
        if let Err(error) = Config::read(&self.options.config.path) {
            why.push(error.to_string());
        }
        let now = self.clock.now();
        if let Err(error) = self.data().outbox_states() {
            why.push(error.to_string());
        }
        let minutes = self.options.config.serve.unready_after_minutes;
        let allowed = SignedDuration::from_mins(minutes.into());
        let schedule = self.schedule.lock().unwrap_or_else(PoisonError::into_inner);
        for step in Step::ALL {
            let overdue = schedule.overdue_since(now, step);
            if let Some(since) = overdue.filter(|since| allowed < now.duration_since(*since)) {
                let name = step.name();
                why.push(format!("{name} has been due since {since} and is not done"));
            }
        }
        why
    }

    fn numbers(&self) -> Result<String, String> {
        let now = self.clock.now();
        let schedule = self.schedule.lock().unwrap_or_else(PoisonError::into_inner);
        let today = schedule.today(now);
        let overdue = Step::ALL.map(|step| (step, schedule.overdue_since(now, step)));
        let under_way = Step::ALL.map(|step| (step, schedule.under_way_since(step)));
        drop(schedule);
        let report = self.data().served_report(today);
        let report = report.map_err(|error| error.to_string())?;
        let cards = match self.options.config.cds {
            Some(_) => {
                let cards = self.data().n_cards().map_err(|error| error.to_string())?;
                Some((self.cards.all(), cards))
            }
            None => None,
        };
        let since = (&overdue, &under_way);
        metrics(&report, since, cards.as_ref(), now).map_err(|error| error.to_string())
    }

    fn data(&self) -> std::sync::MutexGuard<'_, DataFolder> {
        self.data.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
