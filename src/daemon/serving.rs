//! What serving is given, and why it ends early.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::dispatch::now;
use crate::approval::Signature;
use crate::config::{Config, ConfigError, Web};
use crate::fhir::{IdentityKey, SmartError};
use crate::rulebook::Rulebook;
use crate::schedule::Timetable;
use crate::steps::StepError;
use crate::web::{SignInBy, WebError};

/// Tells people how it goes: a line each, nobody in it.
pub type Tell = Arc<dyn Fn(&str) + Send + Sync>;

/// What serving needs.
#[derive(Clone)]
pub struct ServeOptions {
    /// The data folder; made when it is not there.
    pub root: PathBuf,
    /// The rules.
    pub rulebook: Rulebook,
    /// The signature that lies beside them.
    pub signature: Option<Signature>,
    /// What is done by itself and when, and all that the steps need.
    pub config: Config,
    /// The identity key, for a new data folder.
    pub key: Option<IdentityKey>,
    /// Worker threads of a step.
    pub threads: usize,
    /// By whom people are known who sign in to the pages.
    pub sign_in_by: SignInBy,
    /// The instant that it is when serving begins; only a trial chooses it. The clock goes on from there.
    pub starting: Option<Timestamp>,
    /// Tells people how it goes.
    pub tell: Tell,
}

/// Where the daemon answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listening {
    /// Those who watch.
    pub watched: SocketAddr,
    /// People, where there are pages.
    pub pages: Option<SocketAddr>,
    /// Systems that ask for cards, where there are any.
    pub cards: Option<SocketAddr>,
}

/// Why serving could not begin, or broke off.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Nothing is to be done by itself.
    #[error(
        "the configuration says of nothing when it is to be done\nhint: `[schedule]`, for example `run = \"05:00\"`"
    )]
    NoSchedule,
    /// The clock of a site with people is the machine's.
    #[error("only a trial chooses the instant that it is\nhint: `[site] trial = true`")]
    NotATrial,
    /// The data folder cannot be used.
    #[error(transparent)]
    Step(#[from] StepError),
    /// The configuration does not fit.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// There can be no pages.
    #[error(transparent)]
    Web(#[from] WebError),
    /// There can be no cards.
    #[error("there can be no cards: {0}")]
    Cards(#[source] SmartError),
    /// The address cannot be listened on.
    #[error(
        "cannot listen on {address}\nhint: `listen` in `[serve]`, `[web]` and `[cds]` of the configuration; port 0 takes a free one"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Threads or signals are refused.
    #[error("cannot start the runtime")]
    Runtime(#[source] std::io::Error),
}

/// The clock that the schedule goes by: the machine's, or one that a trial has set.
#[derive(Debug, Clone, Copy)]
pub(super) struct ServedClock {
    ahead: SignedDuration,
    is_set: bool,
}

impl ServedClock {
    pub(super) fn of(options: &ServeOptions) -> Result<Self, ServeError> {
        let Some(starting) = options.starting else {
            return Ok(Self {
                ahead: SignedDuration::ZERO,
                is_set: false,
            });
        };
        if !options.config.site.trial {
            return Err(ServeError::NotATrial);
        }
        Ok(Self {
            ahead: starting.duration_since(now()),
            is_set: true,
        })
    }

    pub(super) fn now(self) -> Timestamp {
        now().checked_add(self.ahead).unwrap_or(Timestamp::MAX)
    }

    /// An instant of this clock as the machine's clock shows it.
    pub(super) fn on_the_machine(self, at: Timestamp) -> Timestamp {
        at.checked_sub(self.ahead).unwrap_or(Timestamp::MAX)
    }

    /// How long it is until an instant.
    pub(super) fn until(self, at: Timestamp) -> std::time::Duration {
        let left = at.duration_since(self.now()).max(SignedDuration::ZERO);
        std::time::Duration::try_from(left).unwrap_or_default()
    }

    /// The day in the time of the place that a set clock shows; the machine's is not chosen.
    pub(super) fn chosen_day(self, zone: &TimeZone) -> Option<Date> {
        self.is_set.then(|| zone.to_datetime(self.now()).date())
    }
}

/// The programme's time zone.
pub(super) fn zone(rulebook: &Rulebook) -> Result<TimeZone, StepError> {
    let name = &rulebook.programme.time_zone;
    TimeZone::get(name).map_err(|_| StepError::TimeZone(name.clone()))
}

/// What is done when; pages alone can be served without anything being done by itself.
pub(super) fn timetable(options: &ServeOptions) -> Result<Timetable, ServeError> {
    let schedule = options.config.schedule.clone();
    match (schedule, web(options)) {
        (Some(table), _) => Ok(table),
        (None, Some(_)) => Ok(Timetable::default()),
        (None, None) => Err(ServeError::NoSchedule),
    }
}

/// What is said of pages; somebody who signs in by their own word needs nothing said.
pub(super) fn web(options: &ServeOptions) -> Option<Web> {
    match (&options.config.web, options.sign_in_by) {
        (Some(web), _) => Some(web.clone()),
        (None, SignInBy::OwnWord) => Some(Web::default()),
        (None, SignInBy::Provider) => None,
    }
}
