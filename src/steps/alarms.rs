//! Alarms: what has stopped or gone wrong, and who acts on it.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;

use super::alarm_counts::counts;
use super::{DataFolder, StepError};
use crate::config::Config;
use crate::report::{self, AlarmCode, AlarmLimits, Judged, StreamVerdict};
use crate::rulebook::{Rulebook, WorkingDays};

/// What somebody has to look at, for those who operate the data folder: numbers are exact.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AlarmsReport {
    /// The day as of which it was judged.
    pub on: String,
    /// What was raised, in the order of codes.
    pub alarms: Vec<AlarmShown>,
    /// Streams that are judged, and over how many working days.
    pub streams: Vec<StreamShown>,
    /// Streams of which nothing can be said, and why.
    pub not_judged: Vec<StreamNotJudged>,
}

/// One alarm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlarmShown {
    /// Its code, stable.
    pub code: &'static str,
    /// About what; empty for the whole programme.
    pub about: String,
    /// What is the matter.
    pub says: String,
    /// Who acts on it.
    pub owner: &'static str,
    /// When it is raised.
    pub definition: &'static str,
}

/// A stream that is judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StreamShown {
    /// Its name.
    pub stream: String,
    /// Over how many working days: its silence is noticed after so many.
    pub working_days: u16,
}

/// A stream that is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StreamNotJudged {
    /// Its name.
    pub stream: String,
    /// Why.
    pub why: &'static str,
}

/// The same for others than the operators: which alarms, and whose they are; no number and no name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlarmsForOthers {
    /// The day as of which it was judged.
    pub on: String,
    /// Which alarms are raised, each once.
    pub alarms: Vec<AlarmForOthers>,
}

/// A kind of alarm that is raised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlarmForOthers {
    /// Its code.
    pub code: &'static str,
    /// Who acts on it.
    pub owner: &'static str,
    /// When it is raised.
    pub definition: &'static str,
}

/// What has stopped, does not agree, has grown too much or has not happened, as of a day.
///
/// Nothing is stored and nobody is asked.
///
/// # Errors
///
/// When lake or ledger cannot be read. That nothing was pulled or decided is an alarm, not an error.
pub fn alarms(
    rulebook: &Rulebook,
    data: &DataFolder,
    config: Option<&Config>,
    on: Date,
) -> Result<AlarmsReport, StepError> {
    let drafts = AlarmLimits::default();
    let limits = config.map_or(&drafts, |config| &config.alarms);
    let counts = counts(rulebook, data, config, on)?;
    let working_days = rulebook.programme.working_days.clone();
    let working_days = working_days.unwrap_or_else(WorkingDays::every_day);
    let judged = report::alarms(limits, &working_days, &counts, on);
    Ok(AlarmsReport::of(&judged, on))
}

impl AlarmsReport {
    fn of(judged: &Judged, on: Date) -> Self {
        let alarms = judged.alarms.iter().map(|alarm| AlarmShown {
            code: alarm.code.name(),
            about: alarm.about.clone(),
            says: alarm.says.clone(),
            owner: alarm.code.owner().name(),
            definition: alarm.code.definition(),
        });
        let mut shown = Self {
            on: on.to_string(),
            alarms: alarms.collect(),
            streams: Vec::new(),
            not_judged: Vec::new(),
        };
        for one in &judged.streams {
            let stream = one.name.clone();
            match (one.verdict, one.judged_over) {
                (StreamVerdict::NotJudged(why), _) => {
                    let why = why.says();
                    shown.not_judged.push(StreamNotJudged { stream, why });
                }
                (StreamVerdict::Flows | StreamVerdict::Silent { .. }, days) => {
                    let working_days = days.unwrap_or_default();
                    shown.streams.push(StreamShown {
                        stream,
                        working_days,
                    });
                }
            }
        }
        shown
    }

    /// What may be told to others.
    #[must_use]
    pub fn for_others(&self) -> AlarmsForOthers {
        let raised: BTreeMap<&str, &AlarmShown> =
            self.alarms.iter().map(|one| (one.code, one)).collect();
        let in_order = AlarmCode::NAMES.iter();
        let alarms = in_order.filter_map(|(name, _)| raised.get(name));
        AlarmsForOthers {
            on: self.on.clone(),
            alarms: alarms
                .map(|one| AlarmForOthers {
                    code: one.code,
                    owner: one.owner,
                    definition: one.definition,
                })
                .collect(),
        }
    }
}
