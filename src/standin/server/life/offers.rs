//! What residents do with an offer of the lifestyle service, and what the service writes down about them.

use std::io;

use serde_json::{Value, json};

use super::super::super::calendar::Day;
use super::super::super::instant::Instant;
use super::super::super::numbers;
use super::super::super::questionnaires::Given;
use super::super::World;
use super::super::kinds::Kind;
use super::super::store::{Place, id_of};
use super::agenda::Event;
use super::{Happened, Life, Purpose, forms, rates, records};

/// The question by which an offer is known, and its answers.
pub(super) const QUESTION: &str = "elintapapalvelu";
const YES: &str = "kylla";
const NO: &str = "ei";
/// The task by which the service follows somebody.
const SERVICE: (&str, &str) = (
    "https://maisa.example.org/fhir/CodeSystem/palvelu",
    "elintapapalvelu",
);

/// How far somebody goes with an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// They do not answer.
    Ignores,
    /// They say no.
    Declines,
    /// They say yes and do not come.
    DoesNotStart,
    /// They come, and do not stay to the end.
    Starts,
    /// They stay to the end.
    Finishes,
}

impl Way {
    const NAMES: [(&'static str, Way); 5] = [
        ("ignores", Way::Ignores),
        ("declines", Way::Declines),
        ("does-not-start", Way::DoesNotStart),
        ("starts", Way::Starts),
        ("finishes", Way::Finishes),
    ];

    /// The way of this name.
    pub(super) fn named(name: &str) -> Option<Way> {
        let found = Way::NAMES.iter().find(|(known, _)| *known == name);
        found.map(|(_, way)| *way)
    }
}

/// A resident reads an offer.
pub(super) fn expect_answer(
    world: &World,
    life: &mut Life,
    today: Day,
    (number, place): (u32, Place),
) {
    life.count(Happened::Offered);
    let (mut dice, _) = life.dice(world, number, Purpose::Offer);
    let [answers, accepts, starts, finishes] = [
        rates::OFFER_ANSWERED,
        rates::OFFER_ACCEPTED,
        rates::OFFER_STARTED,
        rates::OFFER_FINISHED,
    ]
    .map(|rate| dice.chance(rate));
    let way = match (answers, accepts, starts, finishes) {
        (false, _, _, _) => Way::Ignores,
        (true, false, _, _) => Way::Declines,
        (true, true, false, _) => Way::DoesNotStart,
        (true, true, true, false) => Way::Starts,
        (true, true, true, true) => Way::Finishes,
    };
    let days = 1 + numbers::rounded_days(dice.exponential(rates::ANSWER_DAYS).min(60.0));
    let way = life.fate(number).offer.unwrap_or(way);
    if way != Way::Ignores {
        let event = Event::AnswerOffer(place, way);
        life.agenda.add(today.plus(days), number, event);
    }
}

/// A resident says yes or no.
pub(super) fn answer(
    world: &World,
    life: &mut Life,
    today: Day,
    (number, place, way): (u32, Place, Way),
) -> io::Result<()> {
    let Some((_, message)) = records::resource(world, place)? else {
        return Ok(());
    };
    let (mut dice, _) = life.dice(world, number, Purpose::Offer);
    let accepts = way != Way::Declines;
    let given = Given::Code(if accepts { YES } else { NO });
    let mut response = forms::filled_in(&world.store(), &message, &[(QUESTION, given)])?;
    response["resourceType"] = json!("QuestionnaireResponse");
    response["status"] = json!("completed");
    response["subject"] = message["subject"].clone();
    response["author"] = message["subject"].clone();
    response["authored"] = json!(records::instant(Instant::on(today, &mut dice)));
    records::store(world, Kind::QuestionnaireResponse, response)?;
    if !accepts {
        life.count(Happened::OfferDeclined);
        return Ok(());
    }
    life.count(Happened::OfferAccepted);
    let (soonest, latest) = rates::ENROLMENT_DAYS;
    let day = today.plus(dice.whole(soonest, latest));
    life.agenda.add(day, number, Event::Enrol(place, way));
    Ok(())
}

/// The service takes somebody in who has said yes.
pub(super) fn enrol(
    world: &World,
    life: &mut Life,
    today: Day,
    (number, place, way): (u32, Place, Way),
) -> io::Result<()> {
    let (system, code) = SERVICE;
    let now = records::instant(Instant::late_on(today, 1));
    let task = json!({
        "resourceType": "Task", "status": "accepted", "intent": "order",
        "code": { "coding": [{ "system": system, "code": code }] },
        "focus": { "reference": format!("Communication/{}", id_of(place)) },
        "for": { "reference": format!("Patient/{}", world.people.patient_of(number)) },
        "authoredOn": now,
        "lastModified": now,
    });
    let task = records::store(world, Kind::Task, task)?;
    life.own.insert(task);
    let (mut dice, _) = life.dice(world, number, Purpose::Offer);
    let (soonest, latest) = rates::START_DAYS;
    let day = today.plus(dice.whole(soonest, latest));
    life.agenda.add(day, number, Event::Begin(task, way));
    Ok(())
}

/// The day on which somebody was to begin.
pub(super) fn begin(
    world: &World,
    life: &mut Life,
    today: Day,
    (number, task, way): (u32, Place, Way),
) -> io::Result<()> {
    let now = records::instant(Instant::late_on(today, 1));
    if way == Way::DoesNotStart {
        life.count(Happened::OfferNotStarted);
        return moved(world, task, &now, |task| {
            task["status"] = json!("cancelled")
        });
    }
    life.count(Happened::OfferStarted);
    moved(world, task, &now, |task| {
        task["status"] = json!("in-progress");
        task["executionPeriod"] = json!({ "start": now });
    })?;
    if way == Way::Finishes {
        let (mut dice, _) = life.dice(world, number, Purpose::Offer);
        let (soonest, latest) = rates::SERVICE_DAYS;
        let day = today.plus(dice.whole(soonest, latest));
        life.agenda.add(day, number, Event::Finish(task));
    }
    Ok(())
}

/// The last meeting.
pub(super) fn finish(world: &World, life: &mut Life, today: Day, task: Place) -> io::Result<()> {
    life.count(Happened::OfferFinished);
    let now = records::instant(Instant::late_on(today, 1));
    moved(world, task, &now, |task| {
        task["status"] = json!("completed");
        task["executionPeriod"]["end"] = json!(now);
    })
}

/// The service writes down how far a task is.
fn moved(world: &World, task: Place, now: &str, change: impl FnOnce(&mut Value)) -> io::Result<()> {
    let mut store = world.store();
    let Some(stored) = store.at(task) else {
        return Ok(());
    };
    let mut resource = store.value(stored)?;
    change(&mut resource);
    resource["lastModified"] = json!(now);
    store.update(task, resource, world.clock.millis()).map(drop)
}
