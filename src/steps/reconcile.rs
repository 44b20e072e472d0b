//! Reconcile: handed over = acknowledged = closed, and every difference by name.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::Serialize;

use super::{DataFolder, StepError};
use crate::delivery::{Delivery, Found, Next, Refused, Route};
use crate::fhir::{RemoteOrder, RemoteStanding};
use crate::ledger::{ChannelTerms, RowView, Seen};
use crate::orders::{Action, ActionKind, Keep};
use crate::pathway::{Stage, TestOrder};
use crate::rulebook::StageKind;

/// Orders named in a report, at most; the count is always whole.
const NAMED: usize = 20;

/// Differences that end by themselves while a dispatcher is at work.
pub(super) const PASSING: [&str; 2] = [BEING_SENT, FINDING_OUT];
const BEING_SENT: &str = "being sent now, or broken off while it was";
const FINDING_OUT: &str = "handed over without a clear answer; the dispatcher finds out";

/// What the other side has by one channel, by our keys.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// Which channel was asked.
    pub channel: String,
    /// Which server.
    pub server: String,
    /// The kind of acts that leave by it.
    pub kind: ActionKind,
    /// By which way they leave.
    pub way: Route,
    /// The type of resource by which they leave, as it is in references; nothing where they are rows
    /// of a list.
    pub resource_type: Option<&'static str>,
    /// Whether orders are taken back there by changing them; else a cancellation is there by itself.
    pub is_revoked: bool,
    /// Orders that were acknowledged before it was asked, by number in the outbox.
    pub acknowledged: BTreeSet<i64>,
    /// What it has.
    pub orders: Vec<RemoteOrder>,
    /// Whether it was asked for everything of ours, or only for what we know of.
    pub is_everything: bool,
}

/// One kind of difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What differs.
    pub what: &'static str,
    /// How many orders.
    pub n: u64,
    /// Their keys, the first twenty.
    pub orders: Vec<String>,
}

/// How what left, what arrived and what ended compare.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReconcileReport {
    /// Orders in the outbox, those taken back included; cancellations are counted apart.
    pub orders: u64,
    /// Orders that have not left, and those that never will.
    pub not_handed_over: u64,
    /// Orders that left, or may have.
    pub handed_over: u64,
    /// Orders that lie where the other side takes them from, and were not taken yet.
    #[serde(skip_serializing_if = "is_none")]
    pub awaited: u64,
    /// Orders that had left and came back; a person has each.
    #[serde(skip_serializing_if = "is_none")]
    pub returned: u64,
    /// Orders that the other side has acknowledged.
    pub acknowledged: u64,
    /// Acknowledged orders of which nothing is waited for: something was told, or the round has gone on.
    pub closed: u64,
    /// Acknowledged orders for which answers or a sample are waited for.
    pub waiting: u64,
    /// Cancellations, by state.
    pub cancellations: BTreeMap<String, u64>,
    /// Active orders of ours at the other side; `None` when it was not asked.
    pub active_at_server: Option<u64>,
    /// Everything that does not agree; empty when all is well.
    pub differences: Vec<Difference>,
}

fn is_none(n: &u64) -> bool {
    *n == 0
}

impl ReconcileReport {
    /// Whether everything agrees.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.differences.is_empty()
    }
}

#[derive(Default)]
struct Differences(BTreeMap<&'static str, (u64, Vec<String>)>);

impl Differences {
    fn add(&mut self, what: &'static str, key: String) {
        let (n, named) = self.0.entry(what).or_default();
        *n += 1;
        if named.len() < NAMED {
            named.push(key);
        }
    }
}

/// Compares the outbox with the episodes and, where the other side was asked, with what it has.
///
/// What is learned is written down: an order that was in doubt and is there is acknowledged; one
/// that is there twice is to be taken back once, and a person is told; one that is gone, or came back
/// undelivered, is a task for a person.
///
/// # Errors
///
/// When the ledger cannot be read or written.
pub fn reconcile(
    data: &mut DataFolder,
    channels: &[ChannelTerms],
    evidence: &[Evidence],
    today: Date,
) -> Result<ReconcileReport, StepError> {
    let mut differences = Differences::default();
    let mut unknown = BTreeSet::new();
    for evidence in evidence {
        if let Some(channel) = channels.iter().find(|c| c.name == evidence.channel) {
            let rows = data.ledger.outbox()?;
            let seen_to = data.ledger.doubles_seen_to()?;
            let seen = compare(&rows, evidence, &seen_to, &mut differences);
            data.ledger.seen(channel, today, &seen)?;
            unknown.extend(unknown_here(&rows, evidence));
        }
    }
    // Channels to one server may each have come upon it.
    for (_, key) in unknown {
        differences.add(
            "at the other side under our name, and unknown here",
            key.to_owned(),
        );
    }
    compared(data, active(evidence), differences, today)
}

/// How what left and what ended compare by the ledger alone: nobody is asked, and nothing is written.
pub(super) fn on_record(data: &DataFolder, today: Date) -> Result<ReconcileReport, StepError> {
    compared(data, None, Differences::default(), today)
}

fn compared(
    data: &DataFolder,
    active_at_server: Option<u64>,
    mut differences: Differences,
    today: Date,
) -> Result<ReconcileReport, StepError> {
    let rows = data.ledger.outbox()?;
    let mut report = ReconcileReport {
        orders: 0,
        not_handed_over: 0,
        handed_over: 0,
        awaited: 0,
        returned: 0,
        acknowledged: 0,
        closed: 0,
        waiting: 0,
        cancellations: BTreeMap::new(),
        active_at_server,
        differences: Vec::new(),
    };
    let (episodes, _) = data.ledger.episodes(None)?;
    for row in &rows {
        count(row, &episodes, today, &mut report, &mut differences);
    }
    report.differences = differences
        .0
        .into_iter()
        .map(|(what, (n, orders))| Difference { what, n, orders })
        .collect();
    Ok(report)
}

fn count(
    row: &RowView,
    episodes: &crate::ledger::EpisodeMap,
    today: Date,
    report: &mut ReconcileReport,
    differences: &mut Differences,
) {
    let key = || row.order.key().to_string();
    if matches!(row.order.action, Action::Cancel { .. }) {
        let state = row.delivery.name().to_owned();
        *report.cancellations.entry(state).or_default() += 1;
        if !matches!(row.delivery, Delivery::Acknowledged { .. }) && row.delivery.is_settled() {
            differences.add("not taken back, though it should have been", key());
        }
        return;
    }
    report.orders += 1;
    match &row.delivery {
        Delivery::Planned { .. }
        | Delivery::Refused {
            why:
                Refused::TooLate
                | Refused::Withdrawn
                | Refused::Withheld
                | Refused::NotExpressible
                | Refused::NotTaken
                | Refused::TurnedDown(_),
        } => report.not_handed_over += 1,
        Delivery::Refused {
            why: Refused::Returned,
        } => {
            report.handed_over += 1;
            report.returned += 1;
        }
        Delivery::Sending { .. } => {
            report.handed_over += 1;
            differences.add(BEING_SENT, key());
        }
        // In a file, or before a person: that it is waited for is no difference.
        Delivery::Unknown {
            next: Next::Awaited { .. },
            ..
        } => {
            report.handed_over += 1;
            report.awaited += 1;
        }
        Delivery::Unknown { next, .. } => {
            report.handed_over += 1;
            let what = match next {
                Next::LookUp { .. } | Next::Awaited { .. } | Next::SendAgain { .. } => FINDING_OUT,
                Next::Person => "handed over without a clear answer; a person finds out",
            };
            differences.add(what, key());
        }
        Delivery::Acknowledged { .. } => {
            report.handed_over += 1;
            report.acknowledged += 1;
            let episode = episodes.get(&row.order.resident);
            let episode = episode.filter(|episode| episode.round == row.order.round);
            match episode.map_or(Answer::Settled, |e| {
                answer(&row.order.action, &e.stage, today)
            }) {
                Answer::Settled => report.closed += 1,
                Answer::Awaited => report.waiting += 1,
                Answer::Overdue => {
                    differences.add("acknowledged, overdue, and no run has chased it", key());
                }
            }
        }
    }
}

/// What is still to come of an act that the other side has.
enum Answer {
    /// Nothing: it came, or nobody waits for it any more.
    Settled,
    /// It is waited for until the round's own deadline, which a reminder moves.
    Awaited,
    /// The deadline has passed, and the next run reminds or hands over.
    Overdue,
}

/// What is still to come of an act in its round: answers, or a sample. Who was told something is done.
fn answer(action: &Action, stage: &Stage, today: Date) -> Answer {
    let is_open = match (action, stage) {
        (Action::Questionnaire, Stage::Asked { .. }) => true,
        (Action::Laboratory { test }, Stage::Ordered { tests, .. }) => {
            !matches!(tests.get(test), Some(TestOrder::Resulted(_)))
        }
        (
            Action::Questionnaire
            | Action::Laboratory { .. }
            | Action::RemindQuestionnaire
            | Action::RemindLaboratory
            | Action::Message { .. }
            | Action::Contact { .. }
            | Action::Cancel { .. },
            _,
        ) => false,
    };
    if !is_open {
        return Answer::Settled;
    }
    match stage.kind(today) {
        StageKind::AnswerOverdue | StageKind::SampleOverdue | StageKind::DidNotAttend => {
            Answer::Overdue
        }
        StageKind::Asked | StageKind::Ordered => Answer::Awaited,
        // Whoever did not answer after a reminder is listed as undecided until asked anew.
        StageKind::NotAnswered
        | StageKind::Eligible
        | StageKind::Resulted
        | StageKind::Confirming
        | StageKind::OfferedPrevention
        | StageKind::WithANurse
        | StageKind::Closed => Answer::Settled,
    }
}

/// What stands at all servers that were asked, each once, however many channels came upon it.
fn active(evidence: &[Evidence]) -> Option<u64> {
    // A list is no server.
    let mut servers = evidence.iter().filter(|of| of.resource_type.is_some());
    let first = servers.next()?;
    let standing = std::iter::once(first).chain(servers).flat_map(|of| {
        let orders = of.orders.iter().filter(|order| stands(order));
        orders.map(|order| (&of.server, &order.reference))
    });
    Some(standing.collect::<BTreeSet<_>>().len() as u64)
}

/// What stands at a server under our name and is in no row, with its server.
fn unknown_here<'e>(rows: &[RowView], evidence: &'e Evidence) -> Vec<(&'e str, &'e str)> {
    if !evidence.is_everything {
        return Vec::new();
    }
    let known: BTreeSet<String> = rows.iter().map(|row| row.order.key().to_string()).collect();
    let standing = evidence.orders.iter().filter(|order| stands(order));
    standing
        .filter(|order| !known.contains(&order.key))
        .map(|order| (evidence.server.as_str(), order.key.as_str()))
        .collect()
}

/// What the other side's list tells about our rows.
fn compare(
    rows: &[RowView],
    evidence: &Evidence,
    seen_to: &BTreeSet<i64>,
    differences: &mut Differences,
) -> Vec<(i64, Seen)> {
    let mut there: BTreeMap<&str, Vec<&RemoteOrder>> = BTreeMap::new();
    for order in &evidence.orders {
        there.entry(&order.key).or_default().push(order);
    }
    // Tests that are to be taken back, wholly or but for one; those that were; and those wholly.
    let (mut cancelled, mut told, mut taken_back) =
        (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for row in rows {
        if let Action::Cancel { test, keep } = &row.order.action {
            let who = (row.order.resident, row.order.round, test);
            cancelled.insert(who);
            let is_done = matches!(row.delivery, Delivery::Acknowledged { .. });
            if is_done {
                told.insert(who);
            }
            if is_done && *keep == Keep::None {
                taken_back.insert(who);
            }
        }
    }
    let mut seen = Vec::new();
    for row in rows {
        let test = match &row.order.action {
            Action::Laboratory { test } => Some(test),
            // Taken back by a change of the order itself: nothing is there under its own key.
            Action::Cancel { .. } if evidence.is_revoked => continue,
            Action::Cancel { .. }
            | Action::Questionnaire
            | Action::RemindQuestionnaire
            | Action::RemindLaboratory
            | Action::Message { .. }
            | Action::Contact { .. } => None,
        };
        let is_of_another_way = row.way.is_some_and(|way| way != evidence.way);
        if row.order.action.kind() != evidence.kind
            || is_of_another_way
            || went_another_way(&row.delivery, evidence)
        {
            continue;
        }
        let key = row.order.key().to_string();
        let mut found = there.remove(key.as_str()).unwrap_or_default();
        found.sort_by_key(|order| (order.standing, order.reference.clone()));
        let n_standing = found.iter().filter(|order| stands(order)).count();
        let who = test.map(|test| (row.order.resident, row.order.round, test));
        let is_taken_back =
            evidence.is_revoked && who.as_ref().is_some_and(|who| taken_back.contains(who));
        if 0 < n_standing && is_taken_back {
            differences.add("taken back, and the other side still has it", key);
            seen.push((row.id, Seen::NotTakenBack));
            continue;
        }
        match (&row.delivery, found.first()) {
            (Delivery::Acknowledged { .. }, None) if !evidence.acknowledged.contains(&row.id) => {}
            (Delivery::Acknowledged { .. }, None) => {
                differences.add("acknowledged, and the other side no longer has it", key);
                seen.push((row.id, Seen::Missing));
            }
            // A person has it.
            (
                Delivery::Refused {
                    why: Refused::Returned,
                },
                _,
            ) => {}
            (_, Some(order)) if order.standing == RemoteStanding::Returned => {
                seen.push((row.id, Seen::Found(Found::Returned)));
            }
            (Delivery::Refused { .. } | Delivery::Planned { .. }, Some(order)) if stands(order) => {
                differences.add("not handed over, and the other side has it", key);
                seen.push((row.id, found_event(order, n_standing)));
            }
            (_, Some(order)) => {
                // What was said twice stays said twice: professionals are told so of a test, and of
                // anything else a person has to know.
                let is_seen_to = !evidence.is_revoked
                    && (seen_to.contains(&row.id)
                        || who.as_ref().is_some_and(|who| told.contains(who)));
                let is_doubled = 1 < n_standing && !is_seen_to;
                if is_doubled {
                    differences.add("there more than once", key);
                }
                let is_being_seen_to = who.as_ref().is_some_and(|who| cancelled.contains(who));
                let is_news = !matches!(row.delivery, Delivery::Acknowledged { .. });
                if is_news || (is_doubled && !is_being_seen_to) {
                    seen.push((row.id, found_event(order, n_standing)));
                }
            }
            (_, None) => {}
        }
    }
    seen
}

/// Whether an order was acknowledged as another type of resource, before the configuration changed:
/// this search cannot tell anything about it.
fn went_another_way(delivery: &Delivery, evidence: &Evidence) -> bool {
    match delivery {
        Delivery::Acknowledged {
            reference: Some(reference),
        } => evidence
            .resource_type
            .is_some_and(|kind| !reference.starts_with(&format!("{kind}/"))),
        Delivery::Acknowledged { reference: None }
        | Delivery::Planned { .. }
        | Delivery::Sending { .. }
        | Delivery::Unknown { .. }
        | Delivery::Refused { .. } => false,
    }
}

fn stands(order: &RemoteOrder) -> bool {
    order.standing == RemoteStanding::Stands
}

fn found_event(order: &RemoteOrder, n_standing: usize) -> Seen {
    let reference = order.reference.clone();
    Seen::Found(if 1 < n_standing {
        Found::Several { reference }
    } else {
        Found::One { reference }
    })
}
