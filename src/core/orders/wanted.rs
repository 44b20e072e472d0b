//! Whether what was decided is still wanted when it is about to leave.

use super::{Action, Order};
use crate::pathway::{Decision, Episode, OrderedBecause, Stage, TestOrder};
use crate::rulebook::{Rulebook, State};

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
        Stage::Queued { .. } | Stage::Asked { .. } => true,
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
pub fn still_wanted(
    rulebook: &Rulebook,
    order: &Order,
    episode: Option<&Episode>,
    decision: &Decision,
) -> Option<bool> {
    let stage = episode
        .filter(|episode| episode.round == order.round)
        .map(|episode| &episode.stage);
    let is_incomplete = decision.state == State::UndeterminedIncomplete;
    let unless_incomplete = |wanted: bool| (!is_incomplete).then_some(wanted);
    let row = &rulebook.pathway.rows[decision.row];
    match (&order.action, stage) {
        // Taking back what is out there is never out of date.
        (Action::Cancel { .. }, _) => Some(true),
        (Action::Laboratory { test }, Some(Stage::Ordered { tests, because, .. }))
            if tests.contains_key(test) =>
        {
            unless_incomplete(match because {
                OrderedBecause::Flagged => decision.state == State::Ordered,
                // Who has come to be flagged meanwhile is tested all the same.
                OrderedBecause::SampledNegative(_) => {
                    matches!(decision.state, State::Ordered | State::SampledNegative)
                }
            })
        }
        (Action::Questionnaire | Action::RemindQuestionnaire, Some(Stage::Asked { .. }))
        | (Action::Questionnaire, Some(Stage::Queued { .. })) => {
            unless_incomplete(decision.state == State::Asked)
        }
        (Action::RemindLaboratory, Some(Stage::Ordered { .. })) => {
            unless_incomplete(matches!(decision.state, State::Ordered | State::Overdue))
        }
        // What is told is what the rules say now: an amended result has another text, or none.
        (Action::Message { text }, Some(_)) => {
            unless_incomplete(row.message.as_ref() == Some(text))
        }
        // Whoever a professional was to look after still waits for one.
        (Action::Contact { .. }, Some(Stage::Confirming { .. } | Stage::WithANurse { .. })) => {
            unless_incomplete(matches!(
                decision.state,
                State::Confirming | State::WithANurse
            ))
        }
        // A round that is over, or that has gone on, asks for nothing any more.
        (
            Action::Laboratory { .. }
            | Action::Questionnaire
            | Action::RemindQuestionnaire
            | Action::RemindLaboratory
            | Action::Message { .. }
            | Action::Contact { .. },
            _,
        ) => Some(false),
    }
}
