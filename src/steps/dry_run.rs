//! Dry run: what a run that acts would ask of whom, and how much work that is; nothing of it is stored.

use std::collections::BTreeMap;

use serde::Serialize;

use super::acting::{ActOptions, Acting};
use super::in_force::in_force;
use super::run::everybody;
use super::{DataFolder, RunOptions, RunReport, StepError};
use crate::config::{Channel, Config};
use crate::ledger::{Reviewing, WouldAct};
use crate::orders::{Action, ActionKind, Order, weeks_at_this_pace};
use crate::rulebook::Rulebook;

/// What a run that acts would ask of the world.
#[derive(Debug, Serialize)]
pub struct DryRun {
    /// What it would report.
    pub report: RunReport,
    /// Why it would be refused today, or nothing of it would leave; empty where nothing stands against it.
    pub obstacles: Vec<String>,
    /// How much work that is, by kind of act.
    pub load: Vec<Load>,
    /// Tasks that would be opened for professionals, by code.
    pub tasks: Vec<TaskLoad>,
    /// Every order that would be planned, in the order of the register.
    pub orders: Vec<WouldLeave>,
}

/// An order that would be planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WouldLeave {
    /// Whom it is about, by opaque id.
    pub resident: String,
    /// What would be asked.
    pub act: String,
    /// The channel of the configuration that would take it.
    pub channel: String,
    /// Whether it is for a resident who is not reached at the portal.
    pub is_without_portal: bool,
    /// The last day on which it might leave.
    pub send_by: String,
    /// The day by which the act would be expected to have happened.
    pub due: String,
}

/// Work of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Load {
    /// The kind of act.
    pub kind: &'static str,
    /// The channel that takes it.
    pub channel: String,
    /// What a person approves first: `nothing`, `drawn` (tests of those drawn by lot) or `everything`.
    pub approved_first: &'static str,
    /// What this run would ask, by act.
    pub acts: BTreeMap<String, u64>,
    /// Orders that this run would plan.
    pub planned: u64,
    /// Of them so many are for residents who are not reached at the portal: by letter or phone, or a person
    /// decides.
    pub without_portal: u64,
    /// Orders of earlier runs that have not left yet.
    pub waiting: u64,
    /// How many may leave, or are taken, in a week; nothing where nobody has said.
    pub per_week: Option<u64>,
    /// Weeks after this one until all of them have left or been taken at that pace.
    pub further_weeks: Option<u64>,
}

/// Tasks of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskLoad {
    /// What is to be done.
    pub code: String,
    /// How soon.
    pub priority: &'static str,
    /// How many.
    pub n: u64,
}

/// Decides about everybody as a run that acts would today, and tells what it would ask of whom. Where
/// effects are not allowed, or stopped, it tells what stands against them and goes on as if they were not.
///
/// Nothing is stored and nothing is asked of anybody: what would be put on record is put there in a
/// transaction that is given up, so that it is the same to the last order.
///
/// # Errors
///
/// When nothing was pulled, the facts belong to other rules, the options name another day than today, or
/// reading fails.
///
/// # Panics
///
/// Never by design: only when a run that acts collects nothing.
pub fn dry_run(
    rulebook: &Rulebook,
    data: &mut DataFolder,
    (options, act): (&RunOptions<'_>, ActOptions<'_>),
) -> Result<DryRun, StepError> {
    let options = &RunOptions {
        act: Some(act),
        ..options.clone()
    };
    let in_force = &in_force(rulebook, data)?;
    let rulebook = &in_force.rulebook;
    let (acting, mut obstacles) = Acting::as_if_allowed(rulebook, data, options.index_date, act)?;
    let decided = everybody(in_force, data, (options, Some(&acting)), |_, next| {
        while next()?.is_some() {}
        Ok(())
    })?;
    let mut report = decided.report;
    let over = report.unmapped_over_limit.iter();
    obstacles.extend(over.map(|over| format!("not understood: {over}")));
    let collected = decided.collected.expect("a run that acts collects");
    let would = (&collected.commit, act.today);
    let would = data
        .ledger
        .would_act(&decided.record, &rulebook.files, would)?;
    let config = act.config;
    let without_portal = |order: &Order| {
        order.action.is_for_resident() && collected.without_portal.contains(&order.resident)
    };
    let load = load(rulebook, config, &would, &without_portal);
    let tasks = would.tasks.into_iter();
    let orders = would.planned.iter();
    report.rehearsed(collected.report.clone().with(would.acted, rulebook, &act));
    Ok(DryRun {
        report,
        obstacles,
        load,
        tasks: tasks
            .map(|(code, priority, n)| TaskLoad {
                code,
                priority: priority.name(),
                n,
            })
            .collect(),
        orders: orders
            .map(|order| WouldLeave {
                resident: order.resident.to_string(),
                act: order.action.name(),
                channel: channel(config, order.action.kind())
                    .map_or("", |c| &c.terms.name)
                    .to_owned(),
                is_without_portal: without_portal(order),
                send_by: order.send_by.to_string(),
                due: order.due.to_string(),
            })
            .collect(),
    })
}

/// The channel that takes a kind of act.
fn channel(config: &Config, kind: ActionKind) -> Option<&Channel> {
    let mut channels = config.channels.iter();
    channels
        .find(|(of, _)| *of == kind)
        .map(|(_, channel)| channel)
}

fn load(
    rulebook: &Rulebook,
    config: &Config,
    would: &WouldAct,
    without_portal: &dyn Fn(&Order) -> bool,
) -> Vec<Load> {
    let left = would.acted.asking.map_or(0, |waiting| waiting.left);
    let kinds = ActionKind::NAMES.iter().filter_map(|(name, kind)| {
        let terms = &channel(config, *kind)?.terms;
        let of_kind = |order: &&Order| order.action.kind() == *kind;
        let mut acts: BTreeMap<String, u64> = BTreeMap::new();
        let mut n_without_portal = 0;
        for order in would.planned.iter().filter(of_kind) {
            *acts.entry(order.action.name()).or_default() += 1;
            n_without_portal += u64::from(without_portal(order));
        }
        let (per_week, left) = match kind {
            ActionKind::Questionnaire => (config.asking(rulebook).per_week.map(u64::from), left),
            ActionKind::Laboratory => (config.alarms.laboratory_orders_per_week, 0),
            ActionKind::Message | ActionKind::Professional => (None, 0),
        };
        // A reminder has no turn, and taking an order back needs no laboratory.
        let takes_a_turn = |order: &&Order| match order.action {
            Action::Questionnaire | Action::Laboratory { .. } => true,
            Action::RemindQuestionnaire
            | Action::RemindLaboratory
            | Action::Message { .. }
            | Action::Contact { .. }
            | Action::Cancel { .. } => false,
        };
        let all = would.planned.iter().chain(&would.waiting);
        let in_turn = all.filter(of_kind).filter(takes_a_turn).count() as u64;
        let pace = per_week.and_then(|n| u32::try_from(n).ok());
        Some(Load {
            kind: name,
            channel: terms.name.clone(),
            approved_first: match terms.reviewing {
                Reviewing::Nothing => "nothing",
                Reviewing::Drawn => "drawn",
                Reviewing::Everything => "everything",
            },
            planned: acts.values().sum(),
            without_portal: n_without_portal,
            acts,
            waiting: would.waiting.iter().filter(of_kind).count() as u64,
            per_week,
            further_weeks: pace.map(|pace| weeks_at_this_pace(in_turn, left, pace)),
        })
    });
    kinds.collect()
}
