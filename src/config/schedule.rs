//! What is done by itself, when, and how it is watched.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use jiff::SignedDuration;
use preventiojyraa_core::schedule::{Step, Timetable};
use serde::Deserialize;

/// Keys of `[schedule]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSchedule {
    pull: Option<String>,
    run: Option<String>,
    reconcile: Option<String>,
    learn: Option<String>,
    #[serde(default)]
    dispatch: Vec<String>,
    /// Minutes that a run waits for a pull under way.
    #[serde(default = "default_run_waits")]
    run_waits_minutes: u32,
    /// Seconds until what failed is tried again the first time.
    #[serde(default = "default_retry")]
    retry_seconds: u32,
}

fn default_run_waits() -> u32 {
    120
}

fn default_retry() -> u32 {
    60
}

impl RawSchedule {
    pub(super) fn checked(&self, mistakes: &mut Vec<String>) -> Timetable {
        let mut table = Timetable {
            run_waits: SignedDuration::from_mins(self.run_waits_minutes.into()),
            retry: SignedDuration::from_secs(self.retry_seconds.into()),
            ..Timetable::default()
        };
        for (step, text) in [
            (Step::Pull, &self.pull),
            (Step::Run, &self.run),
            (Step::Reconcile, &self.reconcile),
            (Step::Learn, &self.learn),
        ] {
            match text.as_deref().map(str::parse).transpose() {
                Ok(when) => table.times.extend(when.map(|when| (step, when))),
                Err(error) => mistakes.push(format!("schedule: `{}`: {error}", step.name())),
            }
        }
        for text in &self.dispatch {
            match text.parse() {
                Ok(hours) => table.dispatch.push(hours),
                Err(error) => mistakes.push(format!("schedule: `dispatch`: {error}")),
            }
        }
        if table.times.is_empty() && table.dispatch.is_empty() && mistakes.is_empty() {
            mistakes.push("schedule: it says no time: nothing would be done".to_owned());
        }
        if !(1..=3_600).contains(&self.retry_seconds) {
            mistakes.push("schedule: `retry_seconds` is 1 to 3600".to_owned());
        }
        if 10_080 < self.run_waits_minutes {
            mistakes.push("schedule: `run_waits_minutes` is a week at most: 10080".to_owned());
        }
        table
    }
}

/// How the daemon is watched and ended.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Serve {
    /// Where `/health`, `/ready` and `/metrics` are answered.
    pub listen: SocketAddr,
    /// Seconds that steps under way are waited for when the daemon is told to end.
    pub stop_seconds: u32,
    /// Minutes after which a step that is due and not done makes the daemon not ready.
    pub unready_after_minutes: u32,
    /// A folder for what was learned, as offline pages; none are written where it is not named.
    pub reports: Option<PathBuf>,
}

impl Default for Serve {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            stop_seconds: 20,
            unready_after_minutes: 360,
            reports: None,
        }
    }
}

impl Serve {
    pub(super) fn mistakes(&self, mistakes: &mut Vec<String>) {
        if 600 < self.stop_seconds {
            mistakes.push("serve: `stop_seconds` is ten minutes at most: 600".to_owned());
        }
        if self.unready_after_minutes == 0 {
            mistakes.push("serve: `unready_after_minutes` must be at least 1".to_owned());
        }
        if self.reports.as_ref().is_some_and(|folder| !folder.is_dir()) {
            mistakes.push("serve: `reports` is not a folder".to_owned());
        }
    }
}
