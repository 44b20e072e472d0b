//! From a decision to what is asked of the world.

use std::collections::BTreeSet;

use jiff::Span;
use jiff::civil::Date;

use super::{Action, ActionKind, Order};
use crate::pathway::{Decision, Episode, Event, Finding, Stage, TestOrder};
use crate::profile::ResidentId;
use crate::rulebook::{NextStep, Rulebook, State};

/// What a run that acts adds for one resident: news for episodes, orders for the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Intent {
    /// Events, each with the round it belongs to, in order.
    pub events: Vec<(u16, Event)>,
    /// Orders.
    pub orders: Vec<Order>,
    /// An act that the decision asks for and that nobody is there to take.
    pub without_channel: Option<ActionKind>,
}

/// What somebody who takes orders can be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Offered {
    /// Kinds of acts with a channel.
    pub kinds: BTreeSet<ActionKind>,
}

/// What a decision asks of the world, given where the resident's newest round stands.
///
/// A round asks for each act once: the same decision again adds nothing.
#[must_use]
pub fn intend(
    rulebook: &Rulebook,
    resident: ResidentId,
    on: Date,
    episode: Option<&Episode>,
    decision: &Decision,
    offered: &Offered,
) -> Intent {
    let asking = Asking {
        rulebook,
        resident,
        on,
        episode,
        offered,
    };
    match (&decision.next, decision.state) {
        (NextStep::OrderLaboratory { tests }, _) => {
            let name = |id| rulebook.catalogue.definition(id).id.clone();
            asking.tests(tests.iter().map(|test| name(*test)).collect())
        }
        (NextStep::Ask, _) => asking.questions(decision),
        (_, State::Confirming) => asking.result(Finding::DiabeticRange),
        (_, State::OfferedPrevention) => asking.result(Finding::Impaired),
        (_, State::Concluded) => asking.result(Finding::Normal),
        (_, State::BelowLevel) => asking.news(|on| Event::BelowLevel { on }),
        (
            _,
            state @ (State::Deceased
            | State::NotYetBorn
            | State::Moved
            | State::OutsideAge
            | State::OutOfScope
            | State::OptedOut
            | State::KnownDiabetes),
        ) => asking.news(|on| Event::Left { on, state }),
        (
            _,
            State::UnderReview
            | State::UndeterminedIncomplete
            | State::Asked
            | State::UndecidedNotAnswered
            | State::SampledNegative
            | State::Ordered
            | State::Overdue
            | State::WithANurse,
        ) => Intent::default(),
    }
}

/// The round as it is for whoever decides again just before an order leaves: orders of which none
/// has arrived do not count as a reason for themselves.
#[must_use]
pub fn before_leaving(episode: Option<&Episode>) -> Option<Episode> {
    let episode = episode?;
    let has_left_nothing = match &episode.stage {
        Stage::Ordered { tests, .. } => {
            let intended = |test: &TestOrder| *test == TestOrder::Intended;
            tests.values().all(intended)
        }
        Stage::Asked { .. } => true,
        Stage::Eligible
        | Stage::Confirming { .. }
        | Stage::OfferedPrevention { .. }
        | Stage::WithANurse { .. }
        | Stage::Closed { .. } => false,
    };
    Some(if has_left_nothing {
        Episode::begin(episode.round)
    } else {
        episode.clone()
    })
}

/// Whether an order that has not arrived yet is still wanted, by a decision made again on
/// [`before_leaving`]. `episode` is the resident's newest round.
///
/// `None` while that cannot be said: data of the resident may be missing.
#[must_use]
pub fn still_wanted(order: &Order, episode: Option<&Episode>, decision: &Decision) -> Option<bool> {
    let stage = episode
        .filter(|episode| episode.round == order.round)
        .map(|episode| &episode.stage);
    let (is_open, wants) = match (&order.action, stage) {
        // Taking back what is out there is never out of date.
        (Action::Cancel { .. }, _) => return Some(true),
        (Action::Laboratory { test }, Some(Stage::Ordered { tests, .. })) => {
            (tests.contains_key(test), State::Ordered)
        }
        (Action::Questionnaire, Some(Stage::Asked { .. })) => (true, State::Asked),
        (Action::RemindLaboratory, Some(Stage::Ordered { .. })) => (true, State::Ordered),
        (Action::RemindQuestionnaire, Some(Stage::Asked { .. })) => (true, State::Asked),
        // What a result means is told whatever else is decided since.
        (Action::Message { .. } | Action::Contact { .. }, _) => return Some(true),
        // A round that is over, or that has gone on, asks for nothing any more.
        (Action::Laboratory { .. } | Action::RemindLaboratory, _) => (false, State::Ordered),
        (Action::Questionnaire | Action::RemindQuestionnaire, _) => (false, State::Asked),
    };
    if !is_open {
        return Some(false);
    }
    (decision.state != State::UndeterminedIncomplete).then_some(decision.state == wants)
}

struct Asking<'a> {
    rulebook: &'a Rulebook,
    resident: ResidentId,
    on: Date,
    episode: Option<&'a Episode>,
    offered: &'a Offered,
}

impl Asking<'_> {
    /// The round that may ask, with what must happen before it does; `None` when the newest
    /// round has asked already.
    fn round(&self, may_follow_questions: bool) -> Option<(u16, Vec<(u16, Event)>)> {
        let Some(episode) = self.episode else {
            return Some((1, Vec::new()));
        };
        let next = episode.round.saturating_add(1);
        match &episode.stage {
            Stage::Eligible => Some((episode.round, Vec::new())),
            Stage::Asked { .. } => may_follow_questions.then(|| (episode.round, Vec::new())),
            Stage::Closed { .. } => Some((next, Vec::new())),
            // The rules ask anew, so the time for which the offer stood is over.
            Stage::OfferedPrevention { .. } => {
                let over = Event::RecallDue { on: self.on };
                Some((next, vec![(episode.round, over)]))
            }
            Stage::Ordered { .. } | Stage::Confirming { .. } | Stage::WithANurse { .. } => None,
        }
    }

    fn tests(&self, tests: Vec<String>) -> Intent {
        let Some((round, mut events)) = self.round(true) else {
            return Intent::default();
        };
        if !self.offered.kinds.contains(&ActionKind::Laboratory) {
            return Intent::lacking(ActionKind::Laboratory);
        }
        let due = self.after(self.rulebook.pathway.deadlines.sample_days);
        let orders = tests
            .iter()
            .map(|test| self.order(round, Action::Laboratory { test: test.clone() }, due))
            .collect();
        let event = Event::TestsOrdered {
            on: self.on,
            tests,
            sample_by: due,
        };
        events.push((round, event));
        Intent {
            events,
            orders,
            without_channel: None,
        }
    }

    fn questions(&self, decision: &Decision) -> Intent {
        let Some((round, mut events)) = self.round(false) else {
            return Intent::default();
        };
        if !self.offered.kinds.contains(&ActionKind::Questionnaire) {
            return Intent::lacking(ActionKind::Questionnaire);
        }
        let answer_by = self.after(self.rulebook.pathway.deadlines.answer_days);
        let mut order = self.order(round, Action::Questionnaire, answer_by);
        let items = &self.rulebook.model.items;
        let asked = decision.asks.iter().filter_map(|at| items.get(*at));
        order.asks = asked.map(|item| item.id.clone()).collect();
        events.push((
            round,
            Event::Asked {
                on: self.on,
                answer_by,
            },
        ));
        Intent {
            events,
            orders: vec![order],
            without_channel: None,
        }
    }

    fn result(&self, finding: Finding) -> Intent {
        self.news(|on| Event::ResultSeen { on, finding })
    }

    /// An event for an open round, when it changes where the round stands.
    fn news(&self, event: impl FnOnce(Date) -> Event) -> Intent {
        let Some(episode) = self.episode else {
            return Intent::default();
        };
        let event = event(self.on);
        let changes = episode
            .stage
            .apply(&event)
            .is_ok_and(|after| after != episode.stage);
        Intent {
            events: changes
                .then_some((episode.round, event))
                .into_iter()
                .collect(),
            ..Intent::default()
        }
    }

    fn order(&self, round: u16, action: Action, due: Date) -> Order {
        Order {
            resident: self.resident,
            programme: self.rulebook.programme.header.id.clone(),
            round,
            action,
            decided_on: self.on,
            send_by: self.after(self.rulebook.pathway.deadlines.send_days),
            due,
            asks: Vec::new(),
            recall_on: None,
        }
    }

    fn after(&self, days: u16) -> Date {
        self.on.saturating_add(Span::new().days(i64::from(days)))
    }
}

impl Intent {
    fn lacking(kind: ActionKind) -> Self {
        Self {
            without_channel: Some(kind),
            ..Self::default()
        }
    }
}
