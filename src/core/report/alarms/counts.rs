//! What alarms are judged by: counts of what happened, and limits.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::silence::{Stream, StreamTerms};
use crate::learning::DriftChange;

/// Fewest and most, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The fewest.
    pub from: u64,
    /// The most.
    pub to: u64,
}

/// From when on something is an alarm. The defaults are drafts: a site sets its own.
#[derive(Debug, Clone, PartialEq)]
pub struct AlarmLimits {
    /// How streams are judged.
    pub streams: StreamTerms,
    /// Streams that have ended for good, by name.
    pub ended: Vec<String>,
    /// Working days after which what has left should have been taken.
    pub not_taken_days: u16,
    /// Working days after which what was planned should have left.
    pub not_leaving_days: u16,
    /// Residents to be tested in a run.
    pub flagged: Option<Bounds>,
    /// Residents to be asked in a run.
    pub asked: Option<Bounds>,
    /// How much more or fewer than in the runs before, in per cent.
    pub jump_percent: u16,
    /// And at least so many residents more or fewer.
    pub jump_residents: u64,
    /// Weeks for which somebody may wait to be asked.
    pub waiting_weeks: u16,
    /// Tasks that may be late.
    pub late_tasks: u64,
    /// Laboratory orders a week that the laboratory can take.
    pub laboratory_orders_per_week: Option<u64>,
    /// Exclusions that may be due for review.
    pub exclusions_due: u64,
    /// Residents of every thousand whose record may contradict itself in one way.
    pub contradictions_per_thousand: u16,
    /// Interval cases in twelve months for every thousand residents passed over.
    pub interval_cases_per_thousand: u16,
    /// Days after which a source should have been pulled again.
    pub pull_days: u16,
    /// Days after which there should have been another run.
    pub run_days: u16,
}

impl Default for AlarmLimits {
    fn default() -> Self {
        Self {
            streams: StreamTerms {
                false_alarms_per_month: 0.5,
                least_days: 2,
                most_days: 20,
                look_back_days: 60,
            },
            ended: Vec::new(),
            not_taken_days: 3,
            not_leaving_days: 3,
            flagged: None,
            asked: None,
            jump_percent: 50,
            jump_residents: 50,
            waiting_weeks: 12,
            late_tasks: 0,
            laboratory_orders_per_week: None,
            exclusions_due: 0,
            contradictions_per_thousand: 5,
            interval_cases_per_thousand: 5,
            pull_days: 3,
            run_days: 7,
        }
    }
}

/// Orders of one channel that wait for something since one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOrders {
    /// The channel.
    pub channel: String,
    /// Since when.
    pub since: Date,
    /// How many.
    pub n: u64,
}

/// A code that no rule knows and that has become frequent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCode {
    /// The source.
    pub source: String,
    /// Resource type, coding system and code.
    pub code: String,
    /// How often in the newest pull.
    pub n: u64,
    /// How often in the one before.
    pub before: u64,
}

/// What a run decided, in numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunCounts {
    /// Its index date.
    pub on: Date,
    /// Residents on the register.
    pub register: u64,
    /// Residents to be tested.
    pub flagged: u64,
    /// Residents to be asked.
    pub asked: u64,
    /// Residents passed over: below the level, or concluded.
    pub passed_over: u64,
    /// Exclusions due for review, by row.
    pub exclusions_due: BTreeMap<String, u64>,
    /// Records that contradict themselves, by row.
    pub contradictions: BTreeMap<String, u64>,
}

/// Something that residents or people wait for, each since a day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Waits {
    /// Since when the first has waited to be asked.
    pub to_be_asked: Option<Date>,
    /// The last days of open tasks.
    pub tasks_due: Vec<Date>,
    /// Since when results in the range of the disease wait for a professional.
    pub confirming: Vec<Date>,
    /// Days that the rules give for that; `None` when they do not say.
    pub confirming_days: Option<u16>,
}

/// Laboratory orders that left in one week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Week {
    /// Its Monday.
    pub monday: Date,
    /// How many.
    pub n: u64,
}

/// Laboratory orders that left in this week and the one before.
pub type LaboratoryWeeks = [Week; 2];

/// Everything that alarms are judged by.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AlarmCounts {
    /// What comes day by day.
    pub streams: Vec<Stream>,
    /// What left and was not taken.
    pub not_taken: Vec<LeftOrders>,
    /// What was planned and has not left, beside those who wait for their turn to be asked.
    pub not_left: Vec<LeftOrders>,
    /// What does not agree, and how often.
    pub differences: Vec<(String, u64)>,
    /// Sources over the rules' limit of codes that are not understood, in words.
    pub not_understood: Vec<String>,
    /// Codes that have become frequent.
    pub new_codes: Vec<NewCode>,
    /// Runs, in the order in which they were made.
    pub runs: Vec<RunCounts>,
    /// Who waits.
    pub waits: Waits,
    /// Laboratory orders that left of late; `None` when nothing has ever left.
    pub laboratory: Option<LaboratoryWeeks>,
    /// Residents diagnosed in the last twelve months whom the programme had passed over.
    pub interval_cases: u64,
    /// The newest change of which the calibration in force has seen nothing.
    pub drift: Option<DriftChange>,
    /// By source, the day of its newest pull that brought something; `None` when there was none.
    pub pulls: BTreeMap<String, Option<Date>>,
}
