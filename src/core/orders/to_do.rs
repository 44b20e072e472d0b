//! What a decision asks for and nobody has put on record yet.

use jiff::civil::Date;

use super::{ActionKind, Offered, intend};
use crate::pathway::{Decision, Episode, Followed};
use crate::profile::ResidentId;
use crate::rulebook::{Rulebook, State};

/// Whether a decision, by the row of the pathway that made it, asks for something that has not
/// happened where the resident's newest round stands: a run that acts would begin or move a round, or
/// open a task.
///
/// It is what [`intend`] says with every kind of act on offer, so that there is one definition of
/// what follows from a decision. `has_task` is whether a task was opened by the row, be it closed since.
///
/// # Panics
///
/// Never for rows of the pathway: `row` is a position in it.
#[must_use]
pub fn is_to_do(
    rulebook: &Rulebook,
    row: usize,
    (resident, on): (ResidentId, Date),
    episode: Option<&Episode>,
    has_task: bool,
) -> bool {
    let decided = &rulebook.pathway.rows[row];
    let Some((state, next)) = &decided.outcome else {
        return false;
    };
    let is_for_a_professional = match state {
        State::UnderReview | State::Confirming => decided.review.is_some(),
        State::Deceased
        | State::NotYetBorn
        | State::Moved
        | State::OutsideAge
        | State::OutOfScope
        | State::OptedOut
        | State::KnownDisease
        | State::UndeterminedIncomplete
        | State::Asked
        | State::UndecidedNotAnswered
        | State::BelowLevel
        | State::SampledNegative
        | State::Ordered
        | State::Overdue
        | State::WithANurse
        | State::OfferedPrevention
        | State::Concluded => false,
    };
    if is_for_a_professional && !has_task {
        return true;
    }
    // What it rests on does not change whether something follows.
    let decision = Decision {
        state: *state,
        next: next.clone(),
        row,
        reasons: Vec::new(),
        reviews: Vec::new(),
        assessment: None,
        asks: Vec::new(),
        due_for_review: None,
        confirming: None,
        lot: None,
    };
    let followed = Followed {
        episode: episode.cloned(),
        events: Vec::new(),
    };
    let every = ActionKind::NAMES.iter().map(|(_, kind)| *kind).collect();
    let offered = Offered::Kinds(every);
    let intent = intend(rulebook, resident, on, &followed, &decision, &offered);
    !intent.events.is_empty()
}
