//! Card: what a professional is told who has the record of a resident open, decided just now.
//!
//! The same rules and the same facts as a run, the round as it stands now, and what the record system
//! has given along: newer versions of what is on record, or what no pull has brought yet. Nothing of that
//! is stored.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;

use super::explain::on_record;
use super::faulty::faulty_in;
use super::in_force::in_force;
use super::run::{checked_pulls, decided};
use super::sources::Sources;
use super::{DataFolder, StepError};
use crate::config::{Config, Trust};
use crate::fhir::{Given, Reading, Resource, read_line};
use crate::intake::admit;
use crate::ledger::{AuditAct, CardFeedback, CardShown, PullRecord};
use crate::orders::{Action, ActionKind, Offered, Order, intend};
use crate::profile::{Death, Fact, ResidentId};
use crate::report::{self, CardText};
use crate::rulebook::{NextStep, Rulebook};

/// What is asked about somebody.
pub struct CardAsked<'a> {
    /// The source whose `Patient.id`s the asking system uses.
    pub source: &'a str,
    /// The somebody's `Patient.id` there.
    pub patient_id: &'a str,
    /// Who looks.
    pub viewer: &'a str,
    /// By which service.
    pub service: &'a str,
    /// What came along.
    pub given: &'a Given,
    /// Tests that are being ordered already, by their names in the rules.
    pub ordering: &'a BTreeSet<String>,
    /// Today.
    pub today: Date,
}

/// What is answered.
pub enum CardAnswer {
    /// Nothing is known of them, and nothing came along.
    NobodyKnown,
    /// Nothing is asked of anybody.
    Nothing,
    /// A card.
    Card(Box<CardMade>),
}

/// A card, before it is put into words of a wire. Clinical data: no `Debug`.
pub struct CardMade {
    /// About whom.
    pub resident: ResidentId,
    /// The row of the pathway that decided.
    pub row: String,
    /// What it says.
    pub text: CardText,
    /// Laboratory orders that the pathway would place.
    pub orders: Vec<Order>,
}

/// What came along, read.
#[derive(Default)]
struct Told {
    facts: Vec<Fact>,
    death: Option<Death>,
    is_hidden: bool,
    /// Resources that could not be read, or not all of them.
    n_unread: usize,
}

/// Decides about somebody for whoever has their record open. That they look is on record before.
///
/// Nobody gets a card who has opted out, whose whereabouts are not to be disclosed, or who is outside the
/// scope of effects.
///
/// # Errors
///
/// When nothing was pulled, the facts belong to other rules, or reading or writing fails.
pub fn card(
    rulebook: &Rulebook,
    data: &mut DataFolder,
    config: &Config,
    asked: &CardAsked<'_>,
) -> Result<CardAnswer, StepError> {
    let pulls = checked_pulls(rulebook, data)?;
    let reading = reading(rulebook, data, config, asked, &pulls)?;
    let resident = reading.resident(asked.patient_id);
    let Some(entry) = data.store.register(Some(resident))?.into_iter().next() else {
        data.audit(asked.viewer, AuditAct::AskedForCard, None, asked.service)?;
        return Ok(match asked.given.has_answers {
            true => CardAnswer::Nothing,
            false => CardAnswer::NobodyKnown,
        });
    };
    let who = Some(resident);
    data.audit(asked.viewer, AuditAct::AskedForCard, who, asked.service)?;
    let data = &*data;
    // What is marked faulty does not run behind a warning.
    if !faulty_in(data, rulebook)?.is_empty() {
        return Ok(CardAnswer::Nothing);
    }
    let told = told(rulebook, &reading, resident, asked);
    let is_hidden = told.is_hidden || data.ledger.is_non_disclosed(resident)?;
    let district = entry.district.as_deref();
    let is_in_scope = config
        .scope
        .holds(district, entry.register.birth, asked.today);
    if is_hidden || !is_in_scope {
        return Ok(CardAnswer::Nothing);
    }
    let in_force = in_force(rulebook, data)?;
    let rulebook = in_force.rules_for(resident);
    let (mut entry, mut facts) = on_record(rulebook, data, resident)?;
    entry.register.death = told.death.unwrap_or(entry.register.death);
    facts.extend(told.facts);
    let sources = Sources::of_person(data, rulebook, &pulls, resident)?;
    let profile = sources.profile(&entry, facts, asked.today);
    let episode = data.ledger.episode(resident, None)?;
    // No lot: whoever is drawn from those below the level is not told apart from the others here.
    let (followed, decision) = decided(rulebook, resident, &profile, episode.as_ref(), None);
    let Some(mut text) = report::card(rulebook, &profile, &decision) else {
        return Ok(CardAnswer::Nothing);
    };
    let offered = Offered::Kinds([ActionKind::Laboratory].into());
    let intent = intend(
        rulebook,
        resident,
        asked.today,
        &followed,
        &decision,
        &offered,
    );
    let mut orders = intent.orders;
    orders.retain(|order| match &order.action {
        Action::Laboratory { test } => !asked.ordering.contains(test),
        Action::Questionnaire
        | Action::RemindQuestionnaire
        | Action::RemindLaboratory
        | Action::Message { .. }
        | Action::Contact { .. }
        | Action::Cancel { .. } => false,
    });
    // What would be suggested is being ordered.
    if matches!(decision.next, NextStep::OrderLaboratory { .. }) && orders.is_empty() {
        return Ok(CardAnswer::Nothing);
    }
    let missing = sources.missing_about(&data.ledger, &entry)?;
    text.detail
        .push_str(&footing(asked.given, told.n_unread, &pulls, &missing));
    Ok(CardAnswer::Card(Box::new(CardMade {
        resident,
        row: rulebook.pathway.rows[decision.row].id.clone(),
        text,
        orders,
    })))
}

/// How what comes along is read: as the pulls of its source are.
fn reading<'r>(
    rulebook: &'r Rulebook,
    data: &DataFolder,
    config: &Config,
    asked: &CardAsked<'_>,
    pulls: &[PullRecord],
) -> Result<Reading<'r>, StepError> {
    let key = data.identity_key(None)?;
    let source = config.sources.get(asked.source);
    let laboratory = source.and_then(|source| source.laboratory.as_deref());
    let vocabulary = &rulebook.catalogue.vocabulary;
    let laboratory = laboratory.and_then(|name| vocabulary.laboratory(name));
    let is_own_word = source.is_some_and(|source| match source.trust {
        Trust::Resident => true,
        Trust::Record => false,
    });
    // It stands beside the newest pull of its source, by whose rank it is believed.
    let newest = pulls.iter().rev().find(|pull| pull.source == asked.source);
    let pull = newest.or(pulls.last()).map_or(0, |pull| pull.id);
    let reading = Reading::new(rulebook, key, asked.source).map_err(StepError::TimeZone)?;
    Ok(reading
        .for_pull(pull, asked.today)
        .at_laboratory(laboratory)
        .told_by_residents(is_own_word)
        .linked_by(data.ledger.links(asked.source)?))
}

/// What the resources say about the resident; those about others are passed over.
fn told(
    rulebook: &Rulebook,
    reading: &Reading<'_>,
    resident: ResidentId,
    asked: &CardAsked<'_>,
) -> Told {
    let mut told = Told::default();
    for resource in &asked.given.resources {
        let read = read_line(reading, resource, |resource| match resource {
            Resource::Register(entry) if entry.resident == resident => {
                told.is_hidden |= entry.non_disclosure;
                let is_dead = entry.register.death != Death::Alive;
                told.death = is_dead.then_some(entry.register.death).or(told.death);
            }
            Resource::Statements {
                resident: of,
                submissions,
                ..
            } if of == resident => {
                let mut n_issues = 0;
                for submission in &submissions {
                    let intake = admit(rulebook, asked.today, submission);
                    told.facts.extend(intake.facts);
                    n_issues += intake.issues.len();
                }
                told.n_unread += usize::from(0 < n_issues);
            }
            Resource::Register(_) | Resource::Statements { .. } | Resource::OtherType(_) => {}
        });
        told.n_unread += usize::from(read.is_err());
    }
    told
}

/// Where the data come from, and what is missing of them.
fn footing(given: &Given, n_unread: usize, pulls: &[PullRecord], missing: &[&str]) -> String {
    let mut text = String::new();
    if let Some(pull) = pulls.last() {
        let day = pull.at.get(..10).unwrap_or_default();
        text.push_str(&format!("* On record: what had come by {day}.\n"));
    }
    if given.has_answers {
        let n = given.resources.len();
        text.push_str(&format!("* Given by the record system: {n} resources.\n"));
    }
    if given.is_cut_off {
        text.push_str("* The record system had more than it gave.\n");
    }
    if 0 < n_unread {
        text.push_str(&format!(
            "* Of what was given, {n_unread} could not be read or believed.\n"
        ));
    }
    if !missing.is_empty() {
        text.push_str("* Something of a source is missing, which could decide otherwise.\n");
    }
    text
}

impl DataFolder {
    /// Puts on record that a professional is about to be shown a card.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written: then nothing may be shown.
    pub fn note_card(&mut self, card: &CardShown<'_>, on: Timestamp) -> Result<(), StepError> {
        Ok(self.ledger.note_card(card, on)?)
    }

    /// Puts on record what a professional did with a card. Says whether the client was shown it.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub fn note_feedback(
        &mut self,
        told: &CardFeedback<'_>,
        on: Timestamp,
    ) -> Result<bool, StepError> {
        Ok(self.ledger.note_feedback(told, on)?)
    }

    /// How many cards were shown, and what was done with how many of them.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn n_cards(&self) -> Result<BTreeMap<String, u64>, StepError> {
        Ok(self.ledger.n_cards()?)
    }
}
