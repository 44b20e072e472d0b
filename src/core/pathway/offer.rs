//! Where an offer of the lifestyle service stands, by what the resident and the service have told.

use jiff::civil::Date;

use super::stage::{Misfit, Stage};
use crate::profile::{Fact, FactValue, Profile, Standing};
use crate::rulebook::{OfferAnswer, Rulebook};

/// Where an offer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Offer {
    /// Nobody has told anything of it.
    NotAnswered,
    /// Somebody has; the newest word counts.
    Told {
        /// What.
        answer: OfferAnswer,
        /// The day it was so.
        on: Date,
        /// Who said it: the resident, or the service.
        by: Standing,
    },
}

impl Offer {
    /// What nobody has answered is called in reports.
    pub const NOT_ANSWERED: &'static str = "not-answered";

    /// What was told; nothing while nobody has answered.
    #[must_use]
    pub const fn answer(self) -> Option<OfferAnswer> {
        match self {
            Self::NotAnswered => None,
            Self::Told { answer, .. } => Some(answer),
        }
    }

    /// The name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotAnswered => Self::NOT_ANSWERED,
            Self::Told { answer, .. } => answer.name(),
        }
    }
}

/// Where an offer stands that was made on a day: by the newest word about it, from that day on.
///
/// Of several words of one day the one that was written down last counts.
pub(super) fn told(rulebook: &Rulebook, profile: &Profile, made_on: Date) -> Offer {
    let rules = rulebook.programme.offer.as_ref();
    let Some(id) = rules.and_then(|rules| rulebook.catalogue.find(&rules.fact)) else {
        return Offer::NotAnswered;
    };
    let answers = &rulebook.catalogue.definition(id).answers;
    let answer = |fact: &Fact| match fact.value {
        FactValue::Answer(at) => OfferAnswer::parse(answers.get(usize::from(at))?),
        FactValue::Present | FactValue::Quantity(_) | FactValue::Withdrawn => None,
    };
    let since = profile.facts_of(id).iter();
    let since = since.filter(|fact| made_on <= fact.effective);
    let words = since.filter_map(|fact| Some((fact, answer(fact)?)));
    let newest = words.max_by_key(|(fact, answer)| {
        (
            fact.effective,
            fact.version.updated,
            *answer,
            fact.submission,
        )
    });
    newest.map_or(Offer::NotAnswered, |(fact, answer)| Offer::Told {
        answer,
        on: fact.effective,
        by: fact.standing,
    })
}

impl Stage {
    /// The stage after news of an offer. It ends no round: the day of the next look stays.
    pub(super) fn offer_moved(&self, to: Offer) -> Result<Self, Misfit> {
        match self {
            Self::OfferedPrevention { since, .. } => Ok(Self::OfferedPrevention {
                since: *since,
                offer: to,
            }),
            Self::Eligible
            | Self::Queued { .. }
            | Self::Asked { .. }
            | Self::Ordered { .. }
            | Self::Confirming { .. }
            | Self::WithANurse { .. } => Err(Misfit::NothingOffered),
            Self::Closed { .. } => Err(Misfit::Ended),
        }
    }
}
