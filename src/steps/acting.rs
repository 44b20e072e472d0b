//! Acting: collects, while a run decides, what its decisions ask of the world.

use std::collections::{BTreeMap, HashSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::asking::AskingReport;
use super::effects::Switch;
use super::faulty::faulty_in;
use super::recheck::is_without_portal;
use super::{DataFolder, StepError};
use crate::approval::Signature;
use crate::config::{Config, NoEffects, Scope};
use crate::ledger::{ActCommit, Acted, NewTask};
use crate::orders::{Intent, Offered, intend};
use crate::pathway::{Decision, Episode, Followed};
use crate::profile::{Profile, ResidentId};
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
    /// Residents outside the scope of effects whose decision asks for a new round, by kind of act.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub out_of_scope: BTreeMap<String, u64>,
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
    /// Who waits for their turn to be asked, where not everybody may be asked at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asking: Option<AskingReport>,
}

impl ActReport {
    pub(super) fn with(self, acted: Acted, rulebook: &Rulebook, act: &ActOptions<'_>) -> Self {
        let asking = acted.asking;
        let (config, today) = (Some(act.config), act.today);
        Self {
            asking: asking.and_then(|waiting| AskingReport::of(rulebook, config, today, waiting)),
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
    /// The same for residents outside the scope.
    offered_outside: Offered,
    /// Whether effects are stopped: then only what cannot wait a day is put before people.
    stopped: Option<String>,
    index_date: Date,
    /// Residents outside the scope: no round begins with them.
    outside: HashSet<ResidentId>,
}

/// What one decision asks.
pub(super) struct Asked {
    resident: ResidentId,
    intent: Intent,
    tasks: Vec<NewTask>,
    is_outside: bool,
    is_without_portal: bool,
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
        is_today(index_date, today)?;
        let key = data.identity_key_on_record()?;
        config.allows_effects(rulebook, signature, key.as_ref(), today)?;
        data.pin_trial(config.site.trial)?;
        let stopped = stopped_now(rulebook, data)?;
        Self::new(data, index_date, options, stopped)
    }

    /// The same as if effects were allowed and nobody had stopped them, with what stands against it.
    pub(super) fn as_if_allowed(
        rulebook: &Rulebook,
        data: &DataFolder,
        index_date: Date,
        options: ActOptions<'_>,
    ) -> Result<(Self, Vec<String>), StepError> {
        let ActOptions {
            config,
            today,
            signature,
        } = options;
        is_today(index_date, today)?;
        let key = data.identity_key_on_record()?;
        let allowed = config.allows_effects(rulebook, signature, key.as_ref(), today);
        let refused = allowed.err().map(|why| why.to_string());
        let stopped = stopped_now(rulebook, data)?;
        let stopped = stopped.map(|why| format!("effects are stopped: {why}"));
        let acting = Self::new(data, index_date, options, None)?;
        Ok((acting, refused.into_iter().chain(stopped).collect()))
    }

    fn new(
        data: &DataFolder,
        index_date: Date,
        ActOptions { config, today, .. }: ActOptions<'_>,
        stopped: Option<String>,
    ) -> Result<Self, StepError> {
        let (offered, offered_outside) = match config.offered() {
            _ if stopped.is_some() => (Offered::Stopped, Offered::Stopped),
            Offered::Kinds(kinds) => (Offered::Kinds(kinds.clone()), Offered::OpenRound(kinds)),
            same @ (Offered::OpenRound(_) | Offered::Stopped) => (same.clone(), same),
        };
        Ok(Self {
            offered,
            offered_outside,
            stopped,
            index_date,
            outside: outside(data, &config.scope, today)?,
        })
    }

    /// Why nothing may be asked any more, when effects were stopped or a rule was marked since.
    pub(super) fn stopped_since(
        &self,
        rulebook: &Rulebook,
        data: &DataFolder,
    ) -> Result<Option<String>, StepError> {
        if self.stopped.is_some() {
            return Ok(None);
        }
        stopped_now(rulebook, data)
    }

    /// What a decision asks.
    pub(super) fn ask(
        &self,
        rulebook: &Rulebook,
        (resident, profile): (ResidentId, &Profile),
        followed: &Followed,
        decision: &Decision,
    ) -> Asked {
        let on = self.index_date;
        let is_outside = self.outside.contains(&resident);
        // Whoever leaves the scope between sample and result is told what the sample said.
        let is_under_way = followed.episode.as_ref().is_some_and(Episode::is_under_way);
        let may_open = |priority| {
            // A value that cannot wait a day is put before a person wherever somebody lives.
            (self.stopped.is_none() && (!is_outside || is_under_way))
                || priority == Priority::SameDay
        };
        let tasks = decision
            .reviews
            .iter()
            .filter(|(_, review)| may_open(review.priority))
            .map(|(row, review)| NewTask {
                resident,
                code: rulebook.pathway.rows[*row].id.clone(),
                priority: review.priority,
                opened_on: on,
                due: rulebook
                    .programme
                    .deadline(on, i64::from(review.within_days)),
                about: about(decision, *row),
            });
        let offered = if is_outside {
            &self.offered_outside
        } else {
            &self.offered
        };
        let intent = intend(rulebook, resident, on, followed, decision, offered);
        // The round goes on as if it had been done, so that somebody has to do it.
        let by_person = intent.by_person.as_ref().map(|action| NewTask {
            resident,
            code: action.name(),
            priority: Priority::Soon,
            opened_on: on,
            due: rulebook.programme.deadline(on, BY_PERSON_DAYS),
            about: about(decision, decision.row),
        });
        let mut orders = intent.orders.iter();
        let is_without_portal = orders.any(|order| order.action.is_for_resident())
            && is_without_portal(rulebook, profile);
        Asked {
            resident,
            tasks: tasks.chain(by_person).collect(),
            is_without_portal,
            intent,
            // While effects are stopped, an open round waits for them and not for the scope.
            is_outside: is_outside && (self.stopped.is_none() || !is_under_way),
        }
    }
}

/// Nobody is asked for anything as of another day.
fn is_today(index_date: Date, today: Date) -> Result<(), NoEffects> {
    if index_date == today {
        Ok(())
    } else {
        Err(NoEffects::NotToday { today, index_date })
    }
}

/// Everybody outside the scope; nobody is read where it is everybody.
fn outside(data: &DataFolder, scope: &Scope, on: Date) -> Result<HashSet<ResidentId>, StepError> {
    if scope.is_everybody() {
        return Ok(HashSet::new());
    }
    let register = data.store.register(None)?.into_iter();
    let outside =
        register.filter(|row| !scope.holds(row.district.as_deref(), row.register.birth, on));
    Ok(outside.map(|row| row.resident).collect())
}

/// Why nothing may be asked of anybody now.
fn stopped_now(rulebook: &Rulebook, data: &DataFolder) -> Result<Option<String>, StepError> {
    if let Some(stopped) = Switch::of(&data.root).stopped() {
        return Ok(Some(stopped.reason));
    }
    let faulty = faulty_in(data, rulebook)?;
    Ok(faulty.first().map(ToString::to_string))
}

/// The day of the fact that opens a review: a new value opens a new task.
fn about(decision: &Decision, row: usize) -> Option<Date> {
    decision.fact_of(row).map(|fact| fact.effective)
}

/// Everything asked, in the order of the register.
pub(super) struct Collected {
    pub(super) commit: ActCommit,
    pub(super) report: ActReport,
    /// Who is to be told or asked something and is not reached at the portal.
    pub(super) without_portal: HashSet<ResidentId>,
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
            without_portal: HashSet::new(),
        }
    }

    /// Leaves nothing but the tasks that cannot wait a day: somebody has stopped effects meanwhile.
    pub(super) fn stop(&mut self, why: String) {
        let commit = std::mem::take(&mut self.commit);
        self.commit.tasks = commit.tasks;
        self.commit
            .tasks
            .retain(|task| task.priority == Priority::SameDay);
        let report = &mut self.report;
        for (_, intent) in &commit.intents {
            if let Some(order) = intent.orders.first() {
                let kind = order.action.kind().name().to_owned();
                *report.held.entry(kind).or_default() += 1;
            }
        }
        for (kind, n) in std::mem::take(&mut report.without_channel) {
            *report.held.entry(kind).or_default() += n;
        }
        report.orders.clear();
        report.events = 0;
        report.stopped = Some(why);
    }

    pub(super) fn add(&mut self, asked: Asked) {
        let Asked {
            resident,
            mut intent,
            tasks,
            is_outside,
            is_without_portal,
        } = asked;
        if is_without_portal {
            self.without_portal.insert(resident);
        }
        if is_outside && let Some(kind) = intent.held.take() {
            let name = kind.name().to_owned();
            *self.report.out_of_scope.entry(name).or_default() += 1;
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orders::Action;

    #[test]
    fn a_stop_while_a_run_decides_leaves_only_what_cannot_wait_a_day() {
        let on: Date = "2026-03-02".parse().expect("a day");
        let resident = ResidentId::from_bytes([1; 16]);
        let mut collected = Collected {
            commit: ActCommit::default(),
            report: ActReport::default(),
            without_portal: HashSet::new(),
        };
        let task = |priority| NewTask {
            resident,
            code: "code".to_owned(),
            priority,
            opened_on: on,
            due: on,
            about: None,
        };
        let tasks = vec![task(Priority::SameDay), task(Priority::Soon)];
        let intent = Intent {
            by_person: Some(Action::Questionnaire),
            ..Intent::default()
        };
        collected.add(Asked {
            resident,
            intent,
            tasks,
            is_outside: false,
            is_without_portal: false,
        });
        collected.commit.intents.push((resident, Intent::default()));
        collected.stop("a look".to_owned());
        assert!(collected.commit.intents.is_empty());
        let left = collected.commit.tasks.iter().map(|task| task.priority);
        assert_eq!(left.collect::<Vec<_>>(), [Priority::SameDay]);
        assert_eq!(collected.report.stopped.as_deref(), Some("a look"));
    }
}
