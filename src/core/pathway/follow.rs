//! What has come of a round, found among what is known: results of ordered tests, words about an offer.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{Episode, Event, Stage, TestOrder, offer};
use crate::profile::{Profile, Standing};
use crate::rulebook::Rulebook;

/// A resident's newest round with what came in since it was last looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Followed {
    /// Where the round stands now; `None` when the resident never had one.
    pub episode: Option<Episode>,
    /// What came in, in order; the episode has them already.
    pub events: Vec<(u16, Event)>,
}

/// Looks for what has come of the newest round: results of the tests that it has ordered, or what
/// became of its offer.
#[must_use]
pub fn follow(rulebook: &Rulebook, profile: &Profile, episode: Option<&Episode>) -> Followed {
    let Some(episode) = episode else {
        return Followed::default();
    };
    let events = match &episode.stage {
        Stage::Ordered { on, tests, .. } => results(rulebook, profile, *on, tests),
        Stage::OfferedPrevention { since, offer } => {
            let to = offer::told(rulebook, profile, *since);
            let on = profile.index_date();
            let news = Event::OfferMoved { on, to };
            (to != *offer).then_some(news).into_iter().collect()
        }
        Stage::Eligible
        | Stage::Queued { .. }
        | Stage::Asked { .. }
        | Stage::Confirming { .. }
        | Stage::WithANurse { .. }
        | Stage::Closed { .. } => Vec::new(),
    };
    let mut newest = episode.clone();
    let events = events.into_iter();
    let events = events.filter(|event| newest.apply(event).is_ok());
    let events = events.map(|event| (episode.round, event)).collect();
    Followed {
        episode: Some(newest),
        events,
    }
}

/// The results of tests that were ordered on a day.
///
/// A result that names its order has ended the waiting when it was pulled. Any other belongs to an order
/// when it is of the ordered test, of a sample taken on or after the day
/// of the order, and not measured by the residents themselves. What it means is decided by the
/// rows of the pathway; here it only ends the waiting. Each test is answered once: a second result of
/// it changes facts, not the order.
fn results(
    rulebook: &Rulebook,
    profile: &Profile,
    ordered_on: Date,
    tests: &BTreeMap<String, TestOrder>,
) -> Vec<Event> {
    let waiting = tests.iter().filter(|(_, order)| match order {
        TestOrder::Intended | TestOrder::Delivered | TestOrder::NotDelivered(_) => true,
        TestOrder::Resulted(_) => false,
    });
    let received = waiting.filter_map(|(test, _)| {
        let id = rulebook.catalogue.find(test)?;
        let mut results = profile.facts_of(id).iter();
        let result = results
            .find(|fact| ordered_on <= fact.effective && fact.standing != Standing::SelfReported)?;
        Some(Event::ResultReceived {
            on: profile.index_date(),
            test: test.clone(),
            sampled_on: result.effective,
        })
    });
    received.collect()
}
