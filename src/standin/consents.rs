//! Consent: refusals of the screening programme, and decisions about other uses.
//!
//! A refusal in force is `status = active`, `provision.type = deny`, `policyRule` OPTOUT and the category
//! `t2d-seulonta`; a withdrawn refusal is `inactive`. Other consents carry another category and must not count.

use super::calendar::Day;
use super::concepts::{Coding, coding};
use super::instant::Instant;
use super::lines::Kind;
use super::oddities::Refusal;
use super::random::{Dice, Stream};
use super::scribe::{self, Scribe};

const SCOPE: Coding = coding(
    "http://terminology.hl7.org/CodeSystem/consentscope",
    "patient-privacy",
    "Privacy Consent",
);
const CATEGORIES: &str = "https://maisa.example.org/fhir/CodeSystem/suostumus";
const SCREENING: Coding = coding(CATEGORIES, "t2d-seulonta", "Tyypin 2 diabeteksen seulonta");
const RESEARCH: Coding = coding(CATEGORIES, "tutkimus", "Tutkimuskäyttö");
const ACT_CODES: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";

/// What is written about one decision.
struct Decision {
    category: Coding,
    status: &'static str,
    /// `OPTOUT` with deny, or `OPTIN` with permit.
    refused: bool,
}

/// Writes the decisions of a resident.
pub(super) fn write(scribe: &mut Scribe<'_>) {
    let status = match scribe.oddities.refusal {
        Refusal::None => None,
        Refusal::InForce => Some("active"),
        Refusal::Withdrawn => Some("inactive"),
        Refusal::EnteredInError => Some("entered-in-error"),
    };
    if let Some(status) = status {
        write_one(
            scribe,
            &Decision {
                category: SCREENING,
                status,
                refused: true,
            },
        );
    }
    if scribe.oddities.other_consent {
        write_one(
            scribe,
            &Decision {
                category: RESEARCH,
                status: "active",
                refused: scribe.person.number.is_multiple_of(2),
            },
        );
    }
}

/// Writes a refusal of the programme, made on this day.
pub(super) fn refuse(scribe: &mut Scribe<'_>, day: Day, dice: &mut Dice) {
    let decision = Decision {
        category: SCREENING,
        status: "active",
        refused: true,
    };
    write_on(scribe, &decision, Instant::on(day, dice));
}

fn write_one(scribe: &mut Scribe<'_>, decision: &Decision) {
    let mut dice = scribe.dice(Stream::Consents);
    let day = scribe
        .last_day()
        .plus(-dice.whole(1, 900))
        .max(scribe.person.birth);
    write_on(scribe, decision, Instant::on(day, &mut dice));
}

fn write_on(scribe: &mut Scribe<'_>, decision: &Decision, at: Instant) {
    scribe.resource(Kind::Consent, at, |common, o| {
        common.narrative(o, decision.category.display, at.day);
        o.text("status", decision.status);
        scribe::write_concept(o, "scope", &[SCOPE], None);
        o.list("category", |l| {
            l.object(|o| o.list("coding", |l| scribe::write_codings(l, &[decision.category])));
        });
        common.subject(o, "patient");
        o.instant("dateTime", at);
        let (rule, kind) = if decision.refused {
            ("OPTOUT", "deny")
        } else {
            ("OPTIN", "permit")
        };
        scribe::write_concept(o, "policyRule", &[coding(ACT_CODES, rule, "")], None);
        o.object("provision", |o| o.text("type", kind));
    });
}
