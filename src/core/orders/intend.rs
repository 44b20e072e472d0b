//! From a decision to what is asked of the world.

use std::collections::BTreeSet;

use jiff::Span;
use jiff::civil::Date;

use super::{Action, ActionKind, Order};
use crate::pathway::{
    Conclusion, Decision, Episode, Event, Finding, Followed, HandedOver, OrderedBecause, Stage,
};
use crate::profile::ResidentId;
use crate::rulebook::{NextStep, Rulebook, StageKind, State};

/// What a run that acts adds for one resident: news for episodes, orders for the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Intent {
    /// Events, each with the round it belongs to, in order.
    pub events: Vec<(u16, Event)>,
    /// Orders.
    pub orders: Vec<Order>,
    /// An act that the decision asks for and that no channel takes: nothing happens.
    pub without_channel: Option<ActionKind>,
    /// An act that the decision asks for while effects are stopped, or that would begin a round where
    /// none is to begin: a later run asks for it.
    pub held: Option<ActionKind>,
    /// An act that a person does, since no channel takes it and the round goes on.
    pub by_person: Option<Action>,
}

/// What others can be asked for now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offered {
    /// Nothing: effects are stopped.
    Stopped,
    /// Acts of the kinds that have a channel.
    Kinds(BTreeSet<ActionKind>),
    /// The same, for a round that is open: none begins. What was begun with somebody is finished with
    /// them, or a result would end with nobody told.
    OpenRound(BTreeSet<ActionKind>),
}

/// What a decision asks of the world, given where the resident's newest round stands.
///
/// A round asks for each act once: the same decision again adds nothing. What
/// came in since the last run (`followed`) is part of it.
#[must_use]
pub fn intend(
    rulebook: &Rulebook,
    resident: ResidentId,
    on: Date,
    followed: &Followed,
    decision: &Decision,
    offered: &Offered,
) -> Intent {
    let asking = Asking {
        rulebook,
        resident,
        on,
        episode: followed.episode.as_ref(),
        decision,
        offered,
    };
    let mut intent = asking.intent();
    intent.events.splice(0..0, followed.events.iter().cloned());
    intent
}

/// The items of the model that a decision asks for, by id.
#[must_use]
pub fn asks(rulebook: &Rulebook, decision: &Decision) -> Vec<String> {
    let assessment = decision.assessment.as_ref();
    let rung = assessment.map_or(0, crate::risk::Assessment::rung);
    let items = &rulebook.model.rung(rung).items;
    let asks = decision.asks.iter();
    asks.map(|item| items[*item].id.clone()).collect()
}

struct Asking<'a> {
    rulebook: &'a Rulebook,
    resident: ResidentId,
    on: Date,
    episode: Option<&'a Episode>,
    decision: &'a Decision,
    offered: &'a Offered,
}

impl Asking<'_> {
    fn intent(&self) -> Intent {
        match (&self.decision.next, self.decision.state) {
            (NextStep::OrderLaboratory { tests }, state) => {
                let name = |id| self.rulebook.catalogue.definition(id).id.clone();
                let tests = tests.iter().map(|test| name(*test)).collect();
                let drawn = self.decision.lot;
                let drawn = drawn.filter(|_| state == State::SampledNegative);
                let because =
                    drawn.map_or(OrderedBecause::Flagged, OrderedBecause::SampledNegative);
                self.tests(tests, because)
            }
            (NextStep::Ask, _) => self.questions(),
            (NextStep::Remind, _) => self.reminder(),
            (_, State::Confirming) => self.result(Finding::DiseaseRange),
            (_, State::OfferedPrevention) => self.result(Finding::Impaired),
            (_, State::Concluded) => self.result(Finding::Normal),
            (_, State::WithANurse) => self.hand_over(),
            (_, State::BelowLevel) => self.news(Event::BelowLevel { on: self.on }),
            (
                _,
                state @ (State::Deceased
                | State::NotYetBorn
                | State::Moved
                | State::OutsideAge
                | State::OutOfScope
                | State::OptedOut
                | State::KnownDisease),
            ) => self.news(Event::Left { on: self.on, state }),
            (
                _,
                State::UnderReview
                | State::UndeterminedIncomplete
                | State::Asked
                | State::UndecidedNotAnswered
                | State::SampledNegative
                | State::Ordered
                | State::Overdue,
            ) => Intent::default(),
        }
    }

    /// The round that may ask, with what must happen before it does; `None` when the newest
    /// round has asked already.
    fn round(&self, may_follow_questions: bool) -> Option<(u16, Vec<(u16, Event)>)> {
        let Some(episode) = self.episode else {
            return Some((1, Vec::new()));
        };
        let next = episode.round.saturating_add(1);
        // The rules ask anew, so the time for which the offer or the questions stood is over.
        let over = || {
            let over = Event::RecallDue { on: self.on };
            Some((next, vec![(episode.round, over)]))
        };
        match &episode.stage {
            Stage::Eligible => Some((episode.round, Vec::new())),
            Stage::Queued { .. } if may_follow_questions => Some((episode.round, Vec::new())),
            // Their questions are in the outbox.
            Stage::Queued { .. } => None,
            Stage::Asked { .. } if may_follow_questions => Some((episode.round, Vec::new())),
            Stage::Asked { .. } if episode.stage.kind(self.on) == StageKind::NotAnswered => over(),
            Stage::Asked { .. } => None,
            Stage::Closed { .. } => Some((next, Vec::new())),
            Stage::OfferedPrevention { .. }
            | Stage::WithANurse { .. }
            | Stage::Confirming { .. } => over(),
            Stage::Ordered { .. } => None,
        }
    }

    fn takes(&self, kind: ActionKind) -> bool {
        match self.offered {
            Offered::Stopped => false,
            Offered::Kinds(kinds) | Offered::OpenRound(kinds) => kinds.contains(&kind),
        }
    }

    /// Whether an act in a round would begin it, where none is to begin.
    fn begins_in_vain(&self, round: u16) -> bool {
        let goes_on = self
            .episode
            .is_some_and(|episode| episode.round == round && episode.is_under_way());
        match self.offered {
            Offered::OpenRound(_) => !goes_on,
            Offered::Stopped | Offered::Kinds(_) => false,
        }
    }

    fn held(kind: ActionKind) -> Intent {
        Intent {
            held: Some(kind),
            ..Intent::default()
        }
    }

    /// Nothing happens, since nobody takes such an act, now or at all.
    fn not_asked(&self, kind: ActionKind) -> Intent {
        match self.offered {
            Offered::Stopped => Self::held(kind),
            Offered::Kinds(_) | Offered::OpenRound(_) => Intent {
                without_channel: Some(kind),
                ..Intent::default()
            },
        }
    }

    fn tests(&self, tests: Vec<String>, because: OrderedBecause) -> Intent {
        let Some((round, mut events)) = self.round(true) else {
            return Intent::default();
        };
        if self.begins_in_vain(round) {
            return Self::held(ActionKind::Laboratory);
        }
        if !self.takes(ActionKind::Laboratory) {
            return self.not_asked(ActionKind::Laboratory);
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
            because,
        };
        events.push((round, event));
        Intent {
            events,
            orders,
            ..Intent::default()
        }
    }

    fn questions(&self) -> Intent {
        let Some((round, mut events)) = self.round(false) else {
            return Intent::default();
        };
        if self.begins_in_vain(round) {
            return Self::held(ActionKind::Questionnaire);
        }
        if !self.takes(ActionKind::Questionnaire) {
            return self.not_asked(ActionKind::Questionnaire);
        }
        let answer_by = self.after(self.rulebook.pathway.deadlines.answer_days);
        let order = self.order(round, Action::Questionnaire, answer_by);
        let on = self.on;
        // Where not everybody may be asked at once, an answer is waited for from the day of leaving.
        let event = match self.rulebook.programme.asking {
            Some(_) => Event::Queued { on },
            None => Event::Asked { on, answer_by },
        };
        events.push((round, event));
        Intent {
            events,
            orders: vec![order],
            ..Intent::default()
        }
    }

    /// What is late is reminded of once.
    fn reminder(&self) -> Intent {
        let Some(episode) = self.episode else {
            return Intent::default();
        };
        let deadlines = self.rulebook.pathway.deadlines;
        let (action, days) = match episode.stage.kind(self.on) {
            StageKind::AnswerOverdue => {
                (Action::RemindQuestionnaire, deadlines.answer_reminder_days)
            }
            StageKind::SampleOverdue => (Action::RemindLaboratory, deadlines.sample_reminder_days),
            StageKind::Eligible
            | StageKind::Asked
            | StageKind::NotAnswered
            | StageKind::Ordered
            | StageKind::DidNotAttend
            | StageKind::Resulted
            | StageKind::Confirming
            | StageKind::OfferedPrevention
            | StageKind::WithANurse
            | StageKind::Closed => return Intent::default(),
        };
        let until = self.after(days);
        let event = Event::Reminded { on: self.on, until };
        self.with_act(episode.round, event, action, until)
    }

    /// A result, by what the rules say it means.
    fn result(&self, finding: Finding) -> Intent {
        let row = &self.rulebook.pathway.rows[self.decision.row];
        let (action, days) = match (&row.message, &row.contact) {
            (_, Some(text)) => {
                let days = row.review.map(|review| review.within_days);
                (Some(Action::Contact { text: text.clone() }), days)
            }
            (Some(text), None) => (Some(Action::Message { text: text.clone() }), None),
            (None, None) => (None, None),
        };
        let event = Event::ResultSeen {
            on: self.on,
            finding,
        };
        let due = self.after(days.unwrap_or(self.rulebook.pathway.deadlines.send_days));
        let Some(action) = action else {
            return self.news(event);
        };
        if let Some(round) = self.round_of_a_result(finding, &action) {
            return self.with_act(round, event, action, due);
        }
        let intent = self.news(event.clone());
        match (&intent.events[..], self.episode) {
            ([_, ..], Some(episode)) => self.with_act(episode.round, event, action, due),
            _ => intent,
        }
    }

    /// The round that begins with a result which nobody here has ordered, when it asks for something
    /// and somebody takes it. A normal result of somebody else's is theirs to tell.
    fn round_of_a_result(&self, finding: Finding, action: &Action) -> Option<u16> {
        let asks = match finding {
            Finding::DiseaseRange | Finding::Impaired => self.takes(action.kind()),
            Finding::Normal => false,
        };
        let round = match self.episode {
            _ if !asks => None,
            None => Some(1),
            Some(episode) => match &episode.stage {
                Stage::Closed {
                    conclusion:
                        Conclusion::BelowLevel
                        | Conclusion::Left(_)
                        | Conclusion::Withdrawn
                        | Conclusion::Recalled,
                    ..
                } => Some(episode.round.saturating_add(1)),
                Stage::Closed {
                    conclusion: Conclusion::Normal,
                    ..
                }
                | Stage::Eligible
                | Stage::Queued { .. }
                | Stage::Asked { .. }
                | Stage::Ordered { .. }
                | Stage::Confirming { .. }
                | Stage::OfferedPrevention { .. }
                | Stage::WithANurse { .. } => None,
            },
        };
        round.filter(|round| !self.begins_in_vain(*round))
    }

    /// What was ordered has led to nothing: a person acts.
    fn hand_over(&self) -> Intent {
        let Some(episode) = self.episode else {
            return Intent::default();
        };
        let why = match episode.stage.kind(self.on) {
            StageKind::DidNotAttend => HandedOver::DidNotAttend,
            StageKind::Resulted => HandedOver::ResultsUndecided,
            StageKind::Eligible
            | StageKind::Asked
            | StageKind::AnswerOverdue
            | StageKind::NotAnswered
            | StageKind::Ordered
            | StageKind::SampleOverdue
            | StageKind::Confirming
            | StageKind::OfferedPrevention
            | StageKind::WithANurse
            | StageKind::Closed => return Intent::default(),
        };
        let event = Event::HandedOver { on: self.on, why };
        let row = &self.rulebook.pathway.rows[self.decision.row];
        match &row.contact {
            None => self.news(event),
            Some(text) => {
                let days = row.review.map_or(0, |review| review.within_days);
                let action = Action::Contact { text: text.clone() };
                self.with_act(episode.round, event, action, self.after(days))
            }
        }
    }

    /// An event and the act that goes with it; without a channel the event stands and a person acts.
    /// While effects are stopped both wait.
    fn with_act(&self, round: u16, event: Event, action: Action, due: Date) -> Intent {
        if *self.offered == Offered::Stopped {
            return self.not_asked(action.kind());
        }
        let mut intent = Intent {
            events: vec![(round, event)],
            ..Intent::default()
        };
        if self.takes(action.kind()) {
            intent.orders.push(self.order(round, action, due));
        } else {
            match action.kind() {
                // The row's review has put it before a professional already.
                ActionKind::Professional => {}
                ActionKind::Questionnaire | ActionKind::Laboratory | ActionKind::Message => {
                    intent.by_person = Some(action);
                }
            }
        }
        intent
    }

    /// An event for an open round, when it changes where the round stands.
    fn news(&self, event: Event) -> Intent {
        let Some(episode) = self.episode else {
            return Intent::default();
        };
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
        let asks = match &action {
            Action::Questionnaire | Action::RemindQuestionnaire => {
                asks(self.rulebook, self.decision)
            }
            Action::Laboratory { .. }
            | Action::RemindLaboratory
            | Action::Message { .. }
            | Action::Contact { .. }
            | Action::Cancel { .. } => Vec::new(),
        };
        let recall_on = match (&action, &self.decision.next) {
            (Action::Message { .. }, NextStep::Recall { months })
            | (
                Action::Message { .. },
                NextStep::OfferPrevention {
                    recall_months: months,
                },
            ) => {
                let months = Span::new().months(i64::from(*months));
                Some(self.decided_by().saturating_add(months))
            }
            _ => None,
        };
        Order {
            resident: self.resident,
            programme: self.rulebook.programme.header.id.clone(),
            round,
            action,
            decided_on: self.on,
            send_by: self.after(self.rulebook.pathway.deadlines.send_days),
            due,
            asks,
            recall_on,
        }
    }

    /// The day of the fact that decided; else today.
    fn decided_by(&self) -> Date {
        let fact = self.decision.fact_of(self.decision.row);
        fact.map_or(self.on, |fact| fact.effective)
    }

    fn after(&self, days: u16) -> Date {
        self.on.saturating_add(Span::new().days(i64::from(days)))
    }
}
