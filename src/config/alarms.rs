//! From when on something is an alarm at this site.

use preventiojyraa_core::report::{AlarmLimits, Bounds, StreamKind};
use serde::Deserialize;

/// The keys of `[alarms]`; what is not said is as the drafts have it.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawAlarms {
    false_alarms_per_month: Option<f64>,
    silence_from_days: Option<u16>,
    silence_until_days: Option<u16>,
    look_back_days: Option<u16>,
    ended: Vec<String>,
    not_taken_days: Option<u16>,
    not_leaving_days: Option<u16>,
    flagged: Option<RawBounds>,
    asked: Option<RawBounds>,
    jump_percent: Option<u16>,
    jump_residents: Option<u64>,
    waiting_weeks: Option<u16>,
    late_tasks: Option<u64>,
    laboratory_orders_per_week: Option<u64>,
    exclusions_due: Option<u64>,
    contradictions_per_thousand: Option<u16>,
    interval_cases_per_thousand: Option<u16>,
    pull_days: Option<u16>,
    run_days: Option<u16>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBounds {
    from: u64,
    to: u64,
}

impl RawAlarms {
    /// The limits; what is wrong goes to the other mistakes.
    pub(super) fn checked(self, mistakes: &mut Vec<String>) -> AlarmLimits {
        let drafts = AlarmLimits::default();
        let mut wrong = |what: String| mistakes.push(format!("alarms: {what}"));
        let mut streams = drafts.streams;
        if let Some(n) = self.false_alarms_per_month {
            if 0.0 < n && n <= 30.0 {
                streams.false_alarms_per_month = n;
            } else {
                wrong("`false_alarms_per_month` is above 0 and at most 30".to_owned());
            }
        }
        streams.least_days = self.silence_from_days.unwrap_or(streams.least_days);
        streams.most_days = self.silence_until_days.unwrap_or(streams.most_days);
        streams.look_back_days = self.look_back_days.unwrap_or(streams.look_back_days);
        if streams.least_days == 0 {
            wrong("`silence_from_days` is 1 working day or more".to_owned());
        }
        if streams.most_days < streams.least_days {
            wrong("`silence_until_days` is below `silence_from_days`".to_owned());
        }
        if !(20..=260).contains(&streams.look_back_days) {
            wrong("`look_back_days` is 20 to 260 working days".to_owned());
        }
        for (name, bounds) in [("flagged", self.flagged), ("asked", self.asked)] {
            if bounds.is_some_and(|bounds| bounds.to < bounds.from) {
                wrong(format!("`{name}` ends before it begins"));
            }
        }
        for name in &self.ended {
            let mut parts = name.splitn(3, '/');
            let kind = parts
                .next()
                .is_some_and(|kind| StreamKind::ALL.iter().any(|known| known.name() == kind));
            let of = parts
                .next()
                .is_some_and(|of| ["channel", "district", "laboratory"].contains(&of));
            if !kind || !of || parts.next().is_none_or(str::is_empty) {
                wrong(format!(
                    "`ended` names `{name}`; a stream is called as `results/district/091 101`"
                ));
            }
        }
        let bounds = |raw: Option<RawBounds>| {
            raw.map(|raw| Bounds {
                from: raw.from,
                to: raw.to,
            })
        };
        AlarmLimits {
            streams,
            ended: self.ended,
            not_taken_days: self.not_taken_days.unwrap_or(drafts.not_taken_days),
            not_leaving_days: self.not_leaving_days.unwrap_or(drafts.not_leaving_days),
            flagged: bounds(self.flagged),
            asked: bounds(self.asked),
            jump_percent: self.jump_percent.unwrap_or(drafts.jump_percent),
            jump_residents: self.jump_residents.unwrap_or(drafts.jump_residents),
            waiting_weeks: self.waiting_weeks.unwrap_or(drafts.waiting_weeks),
            late_tasks: self.late_tasks.unwrap_or(drafts.late_tasks),
            laboratory_orders_per_week: self.laboratory_orders_per_week,
            exclusions_due: self.exclusions_due.unwrap_or(drafts.exclusions_due),
            contradictions_per_thousand: self
                .contradictions_per_thousand
                .unwrap_or(drafts.contradictions_per_thousand),
            interval_cases_per_thousand: self
                .interval_cases_per_thousand
                .unwrap_or(drafts.interval_cases_per_thousand),
            pull_days: self.pull_days.unwrap_or(drafts.pull_days),
            run_days: self.run_days.unwrap_or(drafts.run_days),
        }
    }
}
