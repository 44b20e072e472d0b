//! Results of ordered tests, found among what is known.

use super::{Episode, Event, Stage, TestOrder};
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

/// Looks for the results of the tests that the newest round has ordered.
///
/// A result belongs to an order when it is of the ordered test, of a sample taken on or after the day
/// of the order, and not measured by the residents themselves. What it means is decided by the
/// rows of the pathway; here it only ends the waiting. Each test is answered once: a second result of
/// it changes facts, not the order.
#[must_use]
pub fn follow(rulebook: &Rulebook, profile: &Profile, episode: Option<&Episode>) -> Followed {
    let Some(episode) = episode else {
        return Followed::default();
    };
    let mut followed = Followed {
        episode: Some(episode.clone()),
        events: Vec::new(),
    };
    let Stage::Ordered {
        on: ordered_on,
        tests,
        ..
    } = &episode.stage
    else {
        return followed;
    };
    for (test, order) in tests {
        if matches!(order, TestOrder::Resulted(_)) {
            continue;
        }
        let Some(id) = rulebook.catalogue.find(test) else {
            continue;
        };
        let mut results = profile.facts_of(id).iter();
        let result = results
            .find(|fact| *ordered_on <= fact.effective && fact.standing != Standing::SelfReported);
        let Some(result) = result else { continue };
        let event = Event::ResultReceived {
            on: profile.index_date(),
            test: test.clone(),
            sampled_on: result.effective,
        };
        if let Some(newest) = &mut followed.episode
            && newest.apply(&event).is_ok()
        {
            followed.events.push((newest.round, event));
        }
    }
    followed
}
