//! The machine: what to begin now.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::timetable::{Step, Timetable, day_of};

/// The longest that what failed waits for the next try, unless the first wait is longer.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(1);
/// The clock is looked at as often as this at least: it may be put forward, and a machine may sleep.
const LOOK: SignedDuration = SignedDuration::from_secs(60);

/// What is on record of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Past {
    /// Which.
    pub step: Step,
    /// The newest day for which it was done.
    pub settled: Option<Date>,
    /// The newer day for which it failed, how often in a row, and when last.
    pub failed: Option<(Date, u32, Timestamp)>,
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It did what there was to do.
    Done,
    /// It did not, and may be tried again.
    Failed,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The time asked for has come, or the machine starts.
    Woke,
    /// A step ended.
    Ended(Step, Ended),
    /// Nothing more is to begin.
    Stop,
}

/// One step to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// Which.
    pub step: Step,
    /// The day for which it is due, in the time of the place.
    pub day: Date,
    /// When it is to end; only of a dispatcher.
    pub until: Option<Timestamp>,
}

/// What the driver is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Begin a step, and tell when it has ended.
    Begin(Start),
    /// Let a step that can end early come to its end.
    Finish(Step),
    /// Come back then, if nothing happens before.
    WakeAt(Timestamp),
    /// Nothing is under way any more, and nothing begins.
    Stopped,
}

/// How it stands with one step.
#[derive(Debug, Clone, Copy, Default)]
struct Course {
    settled: Option<Date>,
    /// The day for which it failed, and how often in a row.
    failed: Option<(Date, u32)>,
    /// Since when it has not ended well.
    failing_since: Option<Timestamp>,
    not_before: Option<Timestamp>,
    /// For which day it is under way, and since when.
    under_way: Option<(Date, Timestamp)>,
}

/// What is due, and what is under way.
#[derive(Debug, Clone)]
pub struct Schedule {
    table: Timetable,
    zone: TimeZone,
    /// When it was first served: what was due before was not missed.
    since: Timestamp,
    courses: BTreeMap<Step, Course>,
    is_stopping: bool,
}

impl Schedule {
    /// At rest, with what is on record; the first event is [`Event::Woke`].
    #[must_use]
    pub fn new(table: Timetable, zone: TimeZone, since: Timestamp, past: &[Past]) -> Self {
        let mut courses: BTreeMap<Step, Course> = BTreeMap::new();
        for known in past {
            let course = courses.entry(known.step).or_default();
            course.settled = known.settled;
            if let Some((day, failures, at)) = known.failed {
                course.failed = Some((day, failures));
                course.failing_since = Some(at);
                course.not_before = Some(later(at, wait(table.retry, failures)));
            }
        }
        Self {
            table,
            zone,
            since,
            courses,
            is_stopping: false,
        }
    }

    /// Takes an event in and says what to do.
    #[must_use]
    pub fn step(&mut self, now: Timestamp, event: Event) -> Vec<Action> {
        let mut actions = Vec::new();
        match event {
            Event::Woke => {}
            Event::Ended(step, ended) => self.ended(now, step, ended),
            Event::Stop => {
                self.is_stopping = true;
                if self.is_under_way(Step::Dispatch) {
                    actions.push(Action::Finish(Step::Dispatch));
                }
            }
        }
        if self.is_stopping {
            if !Step::ALL.into_iter().any(|step| self.is_under_way(step)) {
                actions.push(Action::Stopped);
            }
            return actions;
        }
        // A pull is looked at first: a run that is due with it waits for what it brings.
        for step in Step::ALL {
            if let Some(start) = self.may_begin(now, step) {
                self.course(step).under_way = Some((start.day, now));
                actions.push(Action::Begin(start));
            }
        }
        actions.push(Action::WakeAt(self.next_look(now)));
        actions
    }

    /// Since when a step is due and not done, or a dispatcher fails within its hours; for whoever
    /// watches.
    #[must_use]
    pub fn overdue_since(&self, now: Timestamp, step: Step) -> Option<Timestamp> {
        if step == Step::Dispatch {
            self.table.may_leave(now, &self.zone)?;
            let course = self.known(step);
            // One that is at work may well go on until its hours end.
            return course.failing_since.filter(|_| course.under_way.is_none());
        }
        let (day, at) = self.table.times.get(&step)?.newest(now, &self.zone)?;
        let is_due = self.since <= at && self.known(step).settled < Some(day);
        is_due.then_some(at)
    }

    /// Since when a step is under way; for whoever watches.
    #[must_use]
    pub fn under_way_since(&self, step: Step) -> Option<Timestamp> {
        self.known(step).under_way.map(|(_, since)| since)
    }

    fn known(&self, step: Step) -> Course {
        self.courses.get(&step).copied().unwrap_or_default()
    }

    fn course(&mut self, step: Step) -> &mut Course {
        self.courses.entry(step).or_default()
    }

    fn is_under_way(&self, step: Step) -> bool {
        self.known(step).under_way.is_some()
    }

    fn ended(&mut self, now: Timestamp, step: Step, ended: Ended) {
        let retry = self.table.retry;
        let course = self.course(step);
        let Some((day, _)) = course.under_way.take() else {
            return;
        };
        match ended {
            Ended::Done => {
                (course.failed, course.failing_since) = (None, None);
                // A dispatcher goes on for as long as its hours last; one that ended early is not hurried.
                course.not_before = (step == Step::Dispatch).then(|| later(now, retry));
                course.settled = course.settled.max(Some(day));
                // What failed for want of this need not wait any longer.
                let after: &[Step] = match step {
                    Step::Pull => &[Step::Run, Step::Dispatch],
                    Step::Run => &[Step::Dispatch],
                    Step::Dispatch | Step::Reconcile | Step::Learn => &[],
                };
                for step in after {
                    self.course(*step).not_before = None;
                }
            }
            Ended::Failed => {
                let before = course.failed.filter(|(of, _)| *of == day);
                let failures = before.map_or(0, |(_, n)| n).saturating_add(1);
                course.failed = Some((day, failures));
                course.failing_since = course.failing_since.or(Some(now));
                course.not_before = Some(later(now, wait(retry, failures)));
            }
        }
    }

    /// The day for which a step is due and not done, and until when it is to go on.
    fn due(&self, now: Timestamp, step: Step) -> Option<(Date, Option<Timestamp>)> {
        if step == Step::Dispatch {
            let (day, until) = self.table.may_leave(now, &self.zone)?;
            return Some((day, Some(until)));
        }
        self.overdue_since(now, step)?;
        let (day, _) = self.table.times.get(&step)?.newest(now, &self.zone)?;
        Some((day, None))
    }

    fn may_begin(&self, now: Timestamp, step: Step) -> Option<Start> {
        let course = self.known(step);
        let (day, until) = self.due(now, step)?;
        // What failed for an earlier day says nothing of this one.
        let is_tried_again = course.failed.is_none_or(|(of, _)| of == day);
        let is_early = course.not_before.is_some_and(|at| now < at) && is_tried_again;
        let is_held = course.under_way.is_some() || is_early || self.is_in_the_way(now, step);
        (!is_held).then_some(Start { step, day, until })
    }

    /// Whether another step that is under way has to end first.
    fn is_in_the_way(&self, now: Timestamp, step: Step) -> bool {
        let others: &[Step] = match step {
            Step::Pull => &[Step::Run, Step::Learn],
            Step::Run => &[Step::Reconcile, Step::Learn],
            Step::Reconcile => &[Step::Run, Step::Learn],
            Step::Learn => &[Step::Run, Step::Reconcile],
            Step::Dispatch => return false,
        };
        if others.iter().any(|other| self.is_under_way(*other)) {
            return true;
        }
        // An export may take days: then everybody is decided about by what is known.
        step != Step::Pull && self.waits_until(now, step).is_some_and(|end| now < end)
    }

    /// Until when a step that is due waits for the pull that is under way.
    fn waits_until(&self, now: Timestamp, step: Step) -> Option<Timestamp> {
        let (_, began) = self.known(Step::Pull).under_way?;
        let due = self.overdue_since(now, step)?;
        Some(later(began.max(due), self.table.run_waits))
    }

    fn next_look(&self, now: Timestamp) -> Timestamp {
        let times = self.table.times.values();
        let times = times.filter_map(|when| when.next(now, &self.zone));
        let hours = self.table.dispatch.iter();
        let hours = hours.filter_map(|hours| hours.next(now, &self.zone));
        let tries = self.courses.values().filter_map(|course| course.not_before);
        let waits = Step::ALL.into_iter();
        let waits = waits.filter_map(|step| self.waits_until(now, step));
        let all = times.chain(hours).chain(tries).chain(waits);
        let ahead = all.filter(|at| now < *at);
        ahead.min().unwrap_or(Timestamp::MAX).min(later(now, LOOK))
    }

    /// The day that it is where the schedule is served.
    #[must_use]
    pub fn today(&self, now: Timestamp) -> Date {
        day_of(now, &self.zone)
    }
}

/// How long what failed so often waits.
fn wait(retry: SignedDuration, failures: u32) -> SignedDuration {
    let doubled = 1_i32.checked_shl(failures.saturating_sub(1).min(30));
    let wait = retry.checked_mul(doubled.unwrap_or(i32::MAX));
    wait.unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT.max(retry))
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}
