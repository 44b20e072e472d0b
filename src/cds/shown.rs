//! A card in the words of the wire.
//!
//! # Source
//!
//! HL7 CDS Hooks 2.0, "Card Attributes", "Suggestion", "Action" and "Override Reasons": `summary` of fewer
//! than 140 characters, `selectionBehavior` where there are suggestions, each action with `type` and
//! `description`, and nothing that is empty.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::fhir::{Way, Writing, draft};
use crate::orders::{Action, Order};
use crate::report::CardWeight;
use crate::rulebook::{LaboratoryId, Language, Rulebook};
use crate::steps::CardMade;

/// Namespace of the reasons that a professional can choose for doing otherwise.
const REASONS: &str = "https://preventiojyraa.example.org/fhir/CodeSystem/card-override";
const OVERRIDES: [(&str, &str); 5] = [
    ("elsewhere", "Done or ordered elsewhere"),
    ("declined", "The person does not want it"),
    ("not-now", "Not suitable for this person now"),
    ("wrong-data", "The data are wrong"),
    ("other", "Another reason"),
];

/// A card, and the names by which feedback speaks of it.
pub(super) struct Shown {
    pub(super) uuid: String,
    pub(super) suggestion: Option<String>,
    pub(super) card: Value,
}

/// Puts a card into the words of the wire; nothing when the system gives no random bytes.
pub(super) fn shown(
    rulebook: &Rulebook,
    laboratory: Option<LaboratoryId>,
    (made, patient_id, today): (&CardMade, &str, Date),
) -> Option<Shown> {
    let uuid = uuid()?;
    let mut card = json!({
        "uuid": uuid,
        "summary": made.text.summary,
        "detail": made.text.detail,
        "indicator": match made.text.weight {
            CardWeight::Info => "info",
            CardWeight::Warning => "warning",
        },
        "source": { "label": format!("PreventioJyrää: {}", rulebook.programme.header.summary) },
    });
    let writing = Writing {
        rulebook,
        way: Way::ServiceRequest,
        to: &[],
        language: Language::English,
        laboratory,
        score: None,
        on: today,
    };
    let mut actions = Vec::new();
    for (n, order) in made.orders.iter().enumerate() {
        // A test for which the rules have no code there is named in the card, not suggested.
        let id = format!("draft-{uuid}-{n}");
        let resource = draft(&writing, order, patient_id, &id).ok();
        let resource = resource.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
        if let Some(resource) = resource {
            let description = format!("Order {}", name(rulebook, order));
            actions.push(
                json!({ "type": "create", "description": description, "resource": resource }),
            );
        }
    }
    let mut suggestion = None;
    if !actions.is_empty() {
        let named = self::uuid()?;
        card["suggestions"] = json!([{
            "label": "Order what the screening would order",
            "uuid": named,
            "isRecommended": true,
            "actions": actions,
        }]);
        card["selectionBehavior"] = json!("at-most-one");
        card["overrideReasons"] = OVERRIDES
            .iter()
            .map(|(code, display)| json!({ "code": code, "system": REASONS, "display": display }))
            .collect();
        suggestion = Some(named);
    }
    Some(Shown {
        uuid,
        suggestion,
        card,
    })
}

fn name<'r>(rulebook: &'r Rulebook, order: &Order) -> &'r str {
    let Action::Laboratory { test } = &order.action else {
        return "";
    };
    let test = rulebook.catalogue.find(test);
    test.map_or("", |test| &rulebook.catalogue.definition(test).name)
}

/// A random UUID (RFC 9562, version 4).
fn uuid() -> Option<String> {
    let mut bytes = [0_u8; 16];
    SystemRandom::new().fill(&mut bytes).ok()?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let digits = format!("{:032x}", u128::from_be_bytes(bytes));
    let (a, rest) = digits.split_at(8);
    let (b, rest) = rest.split_at(4);
    let (c, rest) = rest.split_at(4);
    let (d, e) = rest.split_at(4);
    Some(format!("{a}-{b}-{c}-{d}-{e}"))
}
