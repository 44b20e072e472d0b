//! What became of offers of the lifestyle service: one in a sentence, many by what was answered.

use std::collections::BTreeMap;

use super::phrases::date_phrase;
use crate::pathway::{Offer, Stage};
use crate::profile::Standing;
use crate::rulebook::OfferAnswer;

/// Where the offer of a round stands, in a sentence; `None` for a round that offers nothing.
#[must_use]
pub fn offer_sentence(stage: &Stage) -> Option<String> {
    let Stage::OfferedPrevention { since, offer } = stage else {
        return None;
    };
    let made = format!(
        "The lifestyle service was offered on {}",
        date_phrase(*since)
    );
    let Offer::Told { answer, on, by } = offer else {
        return Some(format!("{made}; nobody has answered yet.\n"));
    };
    let became = match answer {
        OfferAnswer::Accepted => "was accepted",
        OfferAnswer::Declined => "was declined",
        OfferAnswer::Started => "was started",
        OfferAnswer::Finished => "was finished",
        OfferAnswer::DidNotStart => "was accepted and then not started, found out",
    };
    let by = match by {
        Standing::SelfReported => "the resident",
        Standing::Established | Standing::Unaccepted => "the service",
    };
    let on = date_phrase(*on);
    Some(format!("{made}; it {became} on {on}, as {by} told.\n"))
}

/// How many offers stand where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offers(BTreeMap<&'static str, u64>);

impl Offers {
    /// Counts the offer of a round, if it stands at one.
    pub fn count(&mut self, stage: &Stage) {
        if let Stage::OfferedPrevention { offer, .. } = stage {
            *self.0.entry(offer.name()).or_default() += 1;
        }
    }

    /// Where offers stand, by name, and how many there. None when there are no offers; else everything
    /// that can become of one is named.
    #[must_use]
    pub fn shown(&self) -> BTreeMap<String, u64> {
        if self.0.is_empty() {
            return BTreeMap::new();
        }
        let answers = OfferAnswer::NAMES.iter().map(|(name, _)| *name);
        let all = answers.chain([Offer::NOT_ANSWERED]);
        all.map(|name| (name.to_owned(), self.0.get(name).copied().unwrap_or(0)))
            .collect()
    }
}
