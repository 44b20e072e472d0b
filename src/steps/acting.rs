//! Acting: collects, while a run decides, what its decisions ask of the world.

use std::collections::BTreeMap;

use jiff::Span;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::effects::Switch;
use super::faulty::faulty_in;
use super::{DataFolder, StepError};
use crate::approval::Signature;
use crate::config::{Config, NoEffects};
use crate::ledger::{ActCommit, Acted, NewTask};
use crate::orders::{Intent, Offered, intend};
use crate::pathway::{Decision, Followed};
use crate::profile::ResidentId;
use crate::rulebook::{Priority, Rulebook};

/// Days within which a person does what no channel takes.
const BY_PERSON_DAYS: i64 = 7;

/// What a run needs in order to act.
#[derive(Debug, Clone, Copy)]
pub struct ActOptions<'a> {
    /// What the site allows, and who takes orders.
    pub config: &'a Config,
    /// Today in the programme's time zone.
    pub today: Date,
    /// The signature that lies beside the rules.
    pub signature: Option<&'a Signature>,
}

/// What a run asked of the world.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActReport {
    /// Why nothing is asked of anybody, while effects are stopped.
    pub stopped: Option<String>,
    /// Orders that the decisions ask for, by act.
    pub orders: BTreeMap<String, u64>,
    /// Residents whose decision asks for an act that no channel takes, by kind of act.
    pub without_channel: BTreeMap<String, u64>,
    /// Residents whose decision asks for an act that waits until effects are resumed, by kind of act.
    #[serde(default)]
    pub held: BTreeMap<String, u64>,
    /// Events added to episodes.
    pub events: u64,
    /// Orders put into the outbox.
    pub planned: u64,
    /// Orders that were in the outbox already.
    pub repeated: u64,
    /// Delivered orders that are to be taken back.
    pub cancelled: u64,
    /// Residents whose episode moved on while the run decided; the next run decides again.
    pub moved_on: u64,
    /// Tasks opened for professionals.
    pub tasks_opened: u64,
}

impl ActReport {
    pub(super) fn with(self, acted: Acted) -> Self {
        Self {
            planned: acted.planned,
            repeated: acted.repeated,
            cancelled: acted.cancelled,
            moved_on: acted.moved_on,
            tasks_opened: acted.tasks,
            ..self
        }
    }
}

/// How a run acts: fixed before it decides.
pub(super) struct Acting {
    offered: Offered,
    /// Whether effects are stopped: then only what cannot wait a day is put before people.
    stopped: Option<String>,
    index_date: Date,
}

/// What one decision asks.
pub(super) struct Asked {
    resident: ResidentId,
    intent: Intent,
    tasks: Vec<NewTask>,
}

impl Acting {
    /// Checks that effects may start.
    pub(super) fn begin(
        rulebook: &Rulebook,
        data: &DataFolder,
        index_date: Date,
        options: ActOptions<'_>,
    ) -> Result<Self, StepError> {
        let ActOptions {
            config,
            today,
            signature,
        } = options;
        if index_date != today {
            return Err(NoEffects::NotToday { today, index_date }.into());
        }
        let key = data.identity_key_on_record()?;
        config.allows_effects(rulebook, signature, key.as_ref(), today)?;
        data.pin_trial(config.site.trial)?;
        let stopped = Switch::of(&data.root).stopped();
        let stopped = stopped.map(|stopped| stopped.reason);
        let faulty = faulty_in(data, rulebook)?;
        let stopped = stopped.or_else(|| faulty.first().map(ToString::to_string));
        Ok(Self {
            offered: if stopped.is_some() {
                Offered::Stopped
            } else {
                config.offered()
            },
            stopped,
            index_date,
        })
    }

    /// What a decision asks.
    pub(super) fn ask(
        &self,
        rulebook: &Rulebook,
        resident: ResidentId,
        followed: &Followed,
        decision: &Decision,
    ) -> Asked {
        let on = self.index_date;
        let may_open = |priority| self.stopped.is_none() || priority == Priority::SameDay;
        let tasks = decision
            .reviews
            .iter()
            .filter(|(_, review)| may_open(review.priority))
            .map(|(row, review)| NewTask {
                resident,
                code: rulebook.pathway.rows[*row].id.clone(),
                priority: review.priority,
                opened_on: on,
                due: on.saturating_add(Span::new().days(i64::from(review.within_days))),
                about: about(decision, *row),
            });
        let intent = intend(rulebook, resident, on, followed, decision, &self.offered);
        // The round goes on as if it had been done, so that somebody has to do it.
        let by_person = intent.by_person.as_ref().map(|action| NewTask {
            resident,
            code: action.name(),
            priority: Priority::Soon,
            opened_on: on,
            due: on.saturating_add(Span::new().days(BY_PERSON_DAYS)),
            about: about(decision, decision.row),
        });
        Asked {
            resident,
            tasks: tasks.chain(by_person).collect(),
            intent,
        }
    }
}

/// The day of the fact that opens a review: a new value opens a new task.
fn about(decision: &Decision, row: usize) -> Option<Date> {
    decision.fact_of(row).map(|fact| fact.effective)
}

/// Everything asked, in the order of the register.
pub(super) struct Collected {
    pub(super) commit: ActCommit,
    pub(super) report: ActReport,
}

impl Collected {
    pub(super) fn new(acting: &Acting, config: &Config) -> Self {
        let channels = if acting.stopped.is_some() {
            Vec::new()
        } else {
            let terms = config.channels.iter();
            terms
                .map(|(kind, channel)| (*kind, channel.terms.clone()))
                .collect()
        };
        Self {
            commit: ActCommit {
                channels,
                ..ActCommit::default()
            },
            report: ActReport {
                stopped: acting.stopped.clone(),
                ..ActReport::default()
            },
        }
    }

    pub(super) fn add(&mut self, asked: Asked) {
        let Asked {
            resident,
            intent,
            tasks,
        } = asked;
        for order in &intent.orders {
            *self.report.orders.entry(order.action.name()).or_default() += 1;
        }
        if let Some(kind) = intent.without_channel {
            let name = kind.name().to_owned();
            *self.report.without_channel.entry(name).or_default() += 1;
        }
        if let Some(kind) = intent.held {
            let name = kind.name().to_owned();
            *self.report.held.entry(name).or_default() += 1;
        }
        self.report.events += intent.events.len() as u64;
        if !intent.events.is_empty() {
            self.commit.intents.push((resident, intent));
        }
        self.commit.tasks.extend(tasks);
    }
}
