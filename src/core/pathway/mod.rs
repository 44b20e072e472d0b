//! Pathway: where a resident stands and what comes next, with the reasons.
//!
//! # What lives here
//!
//! [`decide`] walks the rows of the pathway in force, from the first, and
//! returns a [`Decision`]: the state, the next step, the reviews a professional
//! should do, every row that held and every row that nearly did. An
//! [`Episode`] is one pass through the pathway: the fold of its [`Event`]s.
//! [`follow`] finds the results of what an episode has ordered, and what became of an [`Offer`]. [`Sampling`]
//! draws residents below the level who are offered the same tests.
//! [`decide_by_level`] says what would be decided at every other action level.
//! Nothing is sent, stored or scheduled here.
//!
//! # How the data flows
//!
//! `(rulebook, profile, episode) → Followed`, and with it and the lot `→ Decision`. The assessment is part of the
//! decision, also of a negative one. What a decision asks of the world is
//! `orders`; what happened comes back as events.
//!
//! # Invariants
//!
//! * Every resident gets exactly one state: the loader proved that the rows are total.
//! * Same rule book, same profile, same episode, same lot: same decision.
//! * A negative decision has its reason, like a positive one.
//! * Every pair of stage and event is answered, by a stage or by a named misfit.
//! * A round orders once: whoever has an open order is not ordered for again.
//! * What is overdue is reminded of once, then a person acts, or it has a state of its own.
//!
//! # Example
//!
//! ```
//! use preventiojyraa_core::rulebook::State;
//!
//! assert_eq!(State::BelowLevel.name(), "below-level");
//! ```
//!
//! # Why it is so
//!
//! The order of precedence is medicine (a diagnosis before a score), so it is
//! the order of the rows in the file, not of branches in code. The rejected
//! alternative, a function per state, hid the precedence in control flow.

mod conditions;
mod confirm;
mod episode;
mod event;
mod follow;
mod levels;
mod offer;
mod sampling;
mod stage;

pub use conditions::NearMiss;
pub use confirm::Confirming;
pub use episode::Episode;
pub use event::{Event, Finding, HandedOver, NotDelivered, OrderedBecause};
pub use follow::{Followed, follow};
pub use levels::{ByLevel, decide_by_level};
pub use offer::Offer;
pub use sampling::{Inclusion, Sampling, Stratum, is_drawn};
pub use stage::{Conclusion, Misfit, Stage, TestOrder};

use crate::profile::{Fact, FactValue, Profile, is_within_months};
use crate::risk::{self, Assessment};
use crate::rulebook::{Condition, Exclusion, NextStep, Review, Row, Rulebook, State};

/// A row of the pathway that held, or nearly did.
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    /// The row, by position in the pathway.
    pub row: usize,
    /// Whether it held, and if not, what it lacked.
    pub verdict: ReasonVerdict,
    /// The newest fact it rests on.
    pub fact: Option<Fact>,
}

/// Whether a row held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReasonVerdict {
    /// It held.
    Held,
    /// It nearly did.
    Nearly(NearMiss),
}

/// What the rules say about one resident on one index date.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// Where the resident stands.
    pub state: State,
    /// What comes next.
    pub next: NextStep,
    /// The row that decided, by position; its id is the reason code.
    pub row: usize,
    /// Rows that held or nearly did, in order; the deciding one is the last that held.
    pub reasons: Vec<Reason>,
    /// Reviews opened for professionals: row and urgency.
    pub reviews: Vec<(usize, Review)>,
    /// The score; `None` for residents not alive on the index date, or of an age that the model
    /// was not made for.
    pub assessment: Option<Assessment>,
    /// Items to ask, by position in the model that was used; empty unless the next step is to ask or remind.
    pub asks: Vec<usize>,
    /// The exclusion that decided and is due for review, by its row.
    pub due_for_review: Option<usize>,
    /// What the confirmation table says, when a result waits for a professional.
    pub confirming: Option<Confirming>,
    /// With which probability the resident was drawn from those below the level; `None` for who was not.
    pub lot: Option<Inclusion>,
}

impl Decision {
    /// The fact that a row rests on; `None` when it rests on none, or was not looked at.
    #[must_use]
    pub fn fact_of(&self, row: usize) -> Option<Fact> {
        let reason = self.reasons.iter().find(|reason| reason.row == row);
        reason.and_then(|reason| reason.fact)
    }
}

/// The score of who is born and alive; nobody else has one.
fn assessed(rulebook: &Rulebook, profile: &Profile) -> Option<Assessment> {
    let unborn = profile.register().birth.is_after(profile.index_date());
    let alive = !unborn && !profile.is_deceased();
    alive.then(|| risk::assess(rulebook, profile)).flatten()
}

/// Decides what comes next for one resident, whose newest round is `episode`, looked after by
/// [`follow`], and who has drawn `lot`, should they be below the action level.
///
/// # Panics
///
/// Never: the loader proved that some row decides for every score.
#[must_use]
pub fn decide(
    rulebook: &Rulebook,
    profile: &Profile,
    episode: Option<&Episode>,
    lot: Option<Inclusion>,
) -> Decision {
    let assessment = assessed(rulebook, profile);
    let known = conditions::Known {
        rulebook,
        profile,
        assessment: assessment.as_ref(),
        supposed: None,
        stage: episode.map(|episode| &episode.stage),
        lot,
    };
    let mut reasons = Vec::new();
    let mut reviews = Vec::new();
    for (n, row) in rulebook.pathway.rows.iter().enumerate() {
        let (found, standing) = looked_at(&known, row);
        let verdict = match (found.holds, found.near) {
            (true, _) => ReasonVerdict::Held,
            (false, Some(near)) => ReasonVerdict::Nearly(near),
            (false, None) => continue,
        };
        reasons.push(Reason {
            row: n,
            verdict,
            fact: found.fact,
        });
        if !found.holds {
            continue;
        }
        let is_due = standing == Some(ExclusionStanding::Due);
        let when_due = row.exclusion.as_ref().filter(|_| is_due);
        reviews.extend(row.review.map(|review| (n, review)));
        reviews.extend(when_due.and_then(|e| e.review).map(|review| (n, review)));
        let Some((state, next)) = &row.outcome else {
            continue;
        };
        let asks = match next {
            NextStep::Ask => asks(rulebook, profile, assessment.as_ref()),
            // Who is reminded of a sample is asked nothing.
            NextStep::Remind if *state == State::Asked => {
                asks(rulebook, profile, assessment.as_ref())
            }
            NextStep::Nothing
            | NextStep::Remind
            | NextStep::Recall { .. }
            | NextStep::OrderLaboratory { .. }
            | NextStep::Task
            | NextStep::OfferPrevention { .. }
            | NextStep::CompleteRecord => Vec::new(),
        };
        let opens_review = |row| reviews.iter().any(|(of, _)| *of == row);
        let about_a_result = *state == State::Confirming
            || reasons.iter().any(|reason| {
                opens_review(reason.row)
                    && matches!(reason.fact.map(|f| f.value), Some(FactValue::Quantity(_)))
            });
        let confirming = about_a_result.then(|| confirm::confirming(rulebook, profile));
        return Decision {
            state: *state,
            next: next.clone(),
            row: n,
            due_for_review: is_due.then_some(n),
            confirming: confirming.flatten(),
            reasons,
            reviews,
            assessment,
            asks,
            lot,
        };
    }
    unreachable!("the loader proved that a row decides for every position of the score")
}

/// A row held against what is known: an exclusion that has expired holds no more.
fn looked_at(
    known: &conditions::Known<'_>,
    row: &Row,
) -> (conditions::Found, Option<ExclusionStanding>) {
    let mut found = conditions::evaluate(known, &row.when);
    let exclusion = row.exclusion.as_ref();
    let standing = exclusion.map(|e| standing(e, known.profile, found.fact));
    if found.holds && standing == Some(ExclusionStanding::Expired) {
        (found.holds, found.near) = (false, Some(NearMiss::Expired));
    }
    (found, standing)
}

/// Whether an exclusion still holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ExclusionStanding {
    Holds,
    /// It holds, and somebody should look at it again.
    Due,
    Expired,
}

/// How an exclusion stands, by the newest fact that it rests on. One without a date never ends by
/// itself: nobody knows how old it is, so it is due for review.
fn standing(exclusion: &Exclusion, profile: &Profile, fact: Option<Fact>) -> ExclusionStanding {
    let Some(fact) = fact else {
        return ExclusionStanding::Holds;
    };
    let is_past = |limit: Option<u32>| {
        limit.is_some() && !is_within_months(fact.effective, profile.index_date(), limit)
    };
    if is_past(exclusion.expires_after_months) && fact.effective != Fact::UNDATED {
        ExclusionStanding::Expired
    } else if is_past(exclusion.review_after_months) {
        ExclusionStanding::Due
    } else {
        ExclusionStanding::Holds
    }
}

/// Whether a condition of the rules holds for a resident: for proofs that no clause is always true
/// or never.
#[must_use]
pub fn holds(
    rulebook: &Rulebook,
    profile: &Profile,
    episode: Option<&Episode>,
    lot: Option<Inclusion>,
    condition: &Condition,
) -> bool {
    let assessment = assessed(rulebook, profile);
    let known = conditions::Known {
        rulebook,
        profile,
        assessment: assessment.as_ref(),
        supposed: None,
        stage: episode.map(|episode| &episode.stage),
        lot,
    };
    conditions::evaluate(&known, condition).holds
}

/// The fewest questions that decide for this resident.
fn asks(rulebook: &Rulebook, profile: &Profile, assessment: Option<&Assessment>) -> Vec<usize> {
    let Some(assessment) = assessment else {
        return Vec::new();
    };
    let level = rulebook.pathway.level(profile.age_in_years());
    assessment.deciding_items(&rulebook.model, level)
}
