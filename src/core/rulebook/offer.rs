//! The offer of the lifestyle service: by which message it is made, and which fact tells what became of it.

use super::catalogue::{self, Catalogue};
use super::pathway::{NextStep, Pathway};
use super::reader::Table;

/// What somebody has told of an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OfferAnswer {
    /// The resident wants to take part.
    Accepted,
    /// The resident does not.
    Declined,
    /// The resident takes part.
    Started,
    /// The resident has taken part to the end.
    Finished,
    /// The resident had said yes, and has not come.
    DidNotStart,
}

impl OfferAnswer {
    /// The names in rules, in the ledger and in reports.
    pub const NAMES: [(&'static str, Self); 5] = [
        ("accepted", Self::Accepted),
        ("declined", Self::Declined),
        ("started", Self::Started),
        ("finished", Self::Finished),
        ("did-not-start", Self::DidNotStart),
    ];

    /// The name in rules, in the ledger and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Started => "started",
            Self::Finished => "finished",
            Self::DidNotStart => "did-not-start",
        }
    }

    /// Reads what [`OfferAnswer::name`] wrote; `None` for anything else.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let found = Self::NAMES.iter().find(|(known, _)| *known == name);
        found.map(|(_, answer)| *answer)
    }
}

/// How a programme offers the lifestyle service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferRules {
    /// The message by which it is made, as the id of a text.
    pub message: String,
    /// The fact that says what became of it, by its id; its answers are [`OfferAnswer`]s.
    pub fact: String,
    /// The form by which the resident says yes or no, by its id.
    pub form: String,
}

impl OfferRules {
    pub(super) fn read(root: &Table<'_>) -> Option<Self> {
        let table = root.table("offer")?;
        let own = |key| table.text(key).map(str::to_owned);
        let (message, fact, form) = (own("message"), own("fact"), own("form"));
        table.finish();
        Some(Self {
            message: message?,
            fact: fact?,
            form: form?,
        })
    }

    /// Every row that offers does so by this message, and whatever the fact can say is understood.
    pub(super) fn prove(&self, programme: &Table<'_>, pathway: &Pathway, catalogue: &Catalogue) {
        let Some(table) = programme.table("offer") else {
            return;
        };
        for row in &pathway.rows {
            let offers = matches!(row.outcome, Some((_, NextStep::OfferPrevention { .. })));
            let other = row.message.as_ref().filter(|text| **text != self.message);
            if offers && other.is_some() {
                let message = format!(
                    "row `{}` offers the lifestyle service by another message",
                    row.id
                );
                table.report_at("message", "offer-message", message, None);
            }
        }
        let Some(fact) = catalogue::find(catalogue, &table, "fact", &self.fact) else {
            return;
        };
        let answers = &catalogue.definition(fact).answers;
        let is_known = |answer: &String| OfferAnswer::parse(answer).is_some();
        if answers.is_empty() || !answers.iter().all(is_known) {
            let known: Vec<&str> = OfferAnswer::NAMES.iter().map(|(name, _)| *name).collect();
            let message = format!("`{}` can say something else of an offer", self.fact);
            let hint = Some(format!("answers: {}", known.join(", ")));
            table.report_at("fact", "offer-answers", message, hint);
        }
    }
}
