//! What residents, the laboratory and clinicians do, one function each.
//!
//! # Source
//!
//! Diabetes is confirmed by two abnormal tests: fasting plasma glucose 7.0 mmol/L or more, two-hour glucose 11.1 mmol/L or
//! more, HbA1c 48 mmol/mol or more: Lääkärin käsikirja, kaypahoito.fi/ykt00552 (6 May 2025).

use serde_json::{Value, json};

use super::super::super::calendar::Day;
use super::super::super::glycaemia::{FASTING_LEVEL, TWO_HOUR_LEVEL};
use super::super::super::instant::Instant;
use super::super::super::laboratory::{self, Test};
use super::super::super::lines;
use super::super::super::person::Stay;
use super::super::super::random::{Dice, logistic};
use super::super::super::scribe::Scribe;
use super::super::super::{conditions, consents, numbers, questionnaires};
use super::super::World;
use super::super::kinds::Kind;
use super::super::store::{Place, id_of, parsed};
use super::agenda::Event;
use super::requests::{Asked, asked, tests};
use super::{Happened, Life, Purpose, forms, rates};

/// `HbA1c` at or above this is diabetic, mmol/mol.
const HBA1C_LEVEL: f64 = 48.0;
/// How far ahead diagnoses and deaths are foreseen: no simulation runs for longer.
const FORESEEN_YEARS: f64 = 6.0;

/// Puts on the agenda what happens to everybody whether or not they are screened: diagnoses of usual care, and deaths.
pub(super) fn plan_usual_care(world: &World, life: &mut Life, today: Day) {
    let until = today.plus_years(FORESEEN_YEARS);
    for number in 0..world.people.count() {
        let (person, health) = world.people.resident(number);
        if person.stay != Stay::Lives {
            life.dead.insert(number);
            continue;
        }
        if health.diagnosed_by(today) {
            life.diagnosed.insert(number);
        } else if health.diagnosis <= until {
            life.agenda.add(health.diagnosis, number, Event::Confirm);
        }
        if today < health.death && health.death <= until {
            life.agenda.add(health.death, number, Event::Die);
        }
    }
}

/// Somebody reads what a client wrote, and decides what to do.
pub(super) fn notice(
    world: &World,
    life: &mut Life,
    today: Day,
    (number, kind, place, resource): (u32, Kind, Place, &Value),
) {
    match asked(kind, resource) {
        Asked::Tests(tests) => expect_at_laboratory(world, life, today, (number, place, tests)),
        Asked::ToOrder(tests) => {
            life.count(Happened::AskedToOrder);
            let (mut dice, _) = life.dice(world, number, Purpose::Professional);
            if dice.chance(rates::PROFESSIONAL_ORDERS) {
                let (soonest, latest) = rates::PROFESSIONAL_DAYS;
                let day = today.plus(dice.whole(soonest, latest));
                life.agenda.add(day, number, Event::Order(place, tests));
            }
        }
        Asked::Form => expect_answer(world, life, today, (number, place)),
        Asked::Nothing => {}
    }
}

/// The one for the first time, the other for all later ones.
fn first_or_later(rates: [f64; 2], nth: u32) -> f64 {
    if nth == 0 { rates[0] } else { rates[1] }
}

fn expect_answer(world: &World, life: &mut Life, today: Day, (number, place): (u32, Place)) {
    life.count(Happened::AskedForAnswers);
    let (mut dice, nth) = life.dice(world, number, Purpose::Answer);
    let readiness = written(world, number, today, |scribe| {
        questionnaires::readiness(scribe)
    })
    .0;
    let probability = logistic(first_or_later(rates::ANSWERS, nth) + readiness);
    let (answers, refuses) = (dice.chance(probability), dice.chance(rates::REFUSES));
    let days = 1 + numbers::rounded_days(dice.exponential(rates::ANSWER_DAYS).min(60.0));
    let fate = life.fate(number).answers;
    if refuses && fate.is_none() {
        self::refuses(world, life, today, number);
        return;
    }
    if let Some(days) = fate.unwrap_or(answers.then_some(days)) {
        life.agenda
            .add(today.plus(days), number, Event::Answer(place));
    }
}

fn expect_at_laboratory(
    world: &World,
    life: &mut Life,
    today: Day,
    (number, place, tests): (u32, Place, Vec<Test>),
) {
    life.count(Happened::Ordered);
    let (mut dice, nth) = life.dice(world, number, Purpose::Attend);
    let contact = world.people.resident(number).1.contact;
    let log_odds = first_or_later(rates::ATTENDS, nth) + rates::ATTENDS_BY_CONTACT * contact;
    let attends = dice.chance(logistic(log_odds));
    let (soonest, mean) = rates::ATTENDANCE_DAYS;
    let days = soonest + numbers::rounded_days(dice.exponential(mean).min(120.0));
    let days = life.fate(number).attends.unwrap_or(attends.then_some(days));
    if let Some(days) = days {
        life.agenda
            .add(today.plus(days), number, Event::Visit(place, tests));
    }
}

/// Lets an event happen.
pub(super) fn happen(world: &World, life: &mut Life, today: Day, number: u32, event: Event) {
    match event {
        Event::Answer(place) => answer(world, life, today, (number, place)),
        Event::Order(place, tests) => order(world, life, today, (number, Some(place), tests)),
        Event::Repeat(tests) => {
            life.count(Happened::Repeated);
            order(world, life, today, (number, None, tests));
        }
        Event::Visit(place, tests) => visit(world, life, today, (number, place, tests)),
        Event::Report(place, results) => report(world, life, today, (number, place, results)),
        Event::Amend(place) => amend(world, life, (number, place)),
        Event::Confirm => confirm(world, life, today, number),
        Event::Die => dies(world, life, today, number),
    }
}

/// What somebody writes about a resident today, resource by resource, without ids.
fn written<T>(
    world: &World,
    number: u32,
    today: Day,
    act: impl FnOnce(&mut Scribe<'_>) -> T,
) -> (T, Vec<(Kind, Value)>) {
    let (acted, lines) = world.people.write_later(number, today, act);
    let mut written = Vec::new();
    for kind in lines::Kind::ALL {
        let bytes = lines.bytes(kind).split(|byte| *byte == b'\n');
        for line in bytes.filter(|line| !line.is_empty()) {
            let known = Kind::named(kind.name());
            written.extend(known.map(|kind| (kind, parsed(line))));
        }
    }
    (acted, written)
}

/// Stores a resource; a journal that cannot be written does not stop the world.
fn store(world: &World, kind: Kind, resource: Value) -> Option<Place> {
    world
        .store()
        .create(kind, resource, world.clock.millis())
        .ok()
}

/// Changes a resource's status, if it still has the one it is changed from.
fn change_status(world: &World, place: Place, from: &[&str], to: &str) {
    let mut store = world.store();
    let Some(mut resource) = store.at(place).map(|stored| parsed(&stored.body)) else {
        return;
    };
    if resource["status"]
        .as_str()
        .is_some_and(|status| from.contains(&status))
    {
        resource["status"] = json!(to);
        let _ = store.update(place, resource, world.clock.millis());
    }
}

fn instant(at: Instant) -> String {
    let mut text = Vec::new();
    at.write(&mut text);
    String::from_utf8_lossy(&text).into_owned()
}

fn answer(world: &World, life: &mut Life, today: Day, (number, place): (u32, Place)) {
    let (mut dice, _) = life.dice(world, number, Purpose::Sample);
    let at = instant(Instant::on(today, &mut dice));
    let given = written(world, number, today, |scribe| {
        questionnaires::asked(scribe, today, &mut dice)
    })
    .0;
    let store = world.store();
    let Some((kind, message)) = store
        .at(place)
        .map(|stored| (stored.kind, parsed(&stored.body)))
    else {
        return;
    };
    // What was taken back is not answered.
    let withdrawn = ["cancelled", "stopped", "entered-in-error", "revoked"];
    if message["status"]
        .as_str()
        .is_some_and(|status| withdrawn.contains(&status))
    {
        return;
    }
    let mut response = forms::filled_in(&store, &message, &given);
    drop(store);
    let patient = &message[kind.person_member().unwrap_or("subject")];
    response["resourceType"] = json!("QuestionnaireResponse");
    response["status"] = json!("completed");
    response["subject"] = patient.clone();
    response["author"] = patient.clone();
    response["authored"] = json!(at);
    if self::store(world, Kind::QuestionnaireResponse, response).is_some() {
        life.count(Happened::Answered);
    }
    if kind == Kind::Task {
        change_status(
            world,
            place,
            &["requested", "ready", "accepted"],
            "completed",
        );
    }
}

/// A professional orders tests: those that a message asks for, or some of their own accord.
fn order(
    world: &World,
    life: &mut Life,
    today: Day,
    (number, asked, tests): (u32, Option<Place>, Vec<Test>),
) {
    let message = asked.and_then(|place| {
        let store = world.store();
        let stored = store.at(place)?;
        Some((place, stored.kind, parsed(&stored.body)))
    });
    let mut order = json!({
        "resourceType": "ServiceRequest", "status": "active", "intent": "order",
        "subject": { "reference": format!("Patient/{}", world.people.patient_of(number)) },
        "code": { "coding": tests.iter().map(|test| coding(*test)).collect::<Vec<_>>() },
        "authoredOn": instant(Instant::late_on(today, 1)),
        "requester": { "display": "Terveysasema 7 (keinotekoinen)" },
    });
    if let Some((place, kind, message)) = message {
        // The asker's own number stays on the order, so that both sides mean the same one.
        if message["identifier"].is_array() {
            order["identifier"] = message["identifier"].clone();
        }
        let reference = format!("{}/{}", kind.name(), id_of(place));
        order["supportingInfo"] = json!([{ "reference": reference }]);
        if kind == Kind::Task {
            change_status(
                world,
                place,
                &["requested", "ready", "accepted"],
                "completed",
            );
        }
    }
    if let Some(place) = store(world, Kind::ServiceRequest, order) {
        life.own.insert(place);
        expect_at_laboratory(world, life, today, (number, place, tests));
    }
}

fn coding(test: Test) -> Value {
    let code = match test {
        Test::HbA1c => "6128",
        Test::FastingGlucose => "1468",
        Test::Tolerance => "20271",
    };
    json!({ "system": "urn:oid:1.2.246.537.6.3", "code": code })
}

/// The sample is taken, if the order still stands; the results are ready when the laboratory says.
fn visit(
    world: &World,
    life: &mut Life,
    today: Day,
    (number, place, tests): (u32, Place, Vec<Test>),
) {
    let stands = {
        let store = world.store();
        store
            .at(place)
            .is_some_and(|stored| parsed(&stored.body)["status"] == "active")
    };
    if !stands {
        return;
    }
    life.count(Happened::Attended);
    let (mut dice, _) = life.dice(world, number, Purpose::Sample);
    // The laboratory may take its time: its records reach beyond today.
    let horizon = today.plus(30);
    let sampled = written(world, number, horizon, |scribe| {
        laboratory::sample(scribe, today, &tests, &mut dice);
    });
    let results: Vec<Value> = sampled.1.into_iter().map(|(_, result)| result).collect();
    let ready = results
        .iter()
        .filter_map(|result| day_of(result["issued"].as_str()?))
        .max();
    let day = ready.unwrap_or(today).max(today);
    life.agenda.add(day, number, Event::Report(place, results));
}

/// The day of an instant that the stand-in wrote.
fn day_of(text: &str) -> Option<Day> {
    let date: jiff::civil::Date = text.get(..10)?.parse().ok()?;
    Some(Day::from(date))
}

fn report(
    world: &World,
    life: &mut Life,
    today: Day,
    (number, place, results): (u32, Place, Vec<Value>),
) {
    let fate = life.fate(number).amended;
    for mut result in results {
        result["status"] = json!("final");
        result["basedOn"] = json!([{ "reference": format!("ServiceRequest/{}", id_of(place)) }]);
        let Some(observation) = store(world, Kind::Observation, result) else {
            continue;
        };
        life.count(Happened::Results);
        let (mut dice, _) = life.dice(world, number, Purpose::Sample);
        let (amended, (soonest, latest)) = (dice.chance(rates::AMENDED), rates::AMENDMENT_DAYS);
        let day = today.plus(dice.whole(soonest, latest));
        if fate.unwrap_or(amended) {
            life.agenda.add(day, number, Event::Amend(observation));
        }
    }
    change_status(world, place, &["active"], "completed");
    judge(world, life, today, number);
}

/// The laboratory corrects a value.
fn amend(world: &World, life: &mut Life, (number, place): (u32, Place)) {
    let (mut dice, _) = life.dice(world, number, Purpose::Sample);
    let mut store = world.store();
    let Some(mut result) = store.at(place).map(|stored| parsed(&stored.body)) else {
        return;
    };
    let Some(value) = result["valueQuantity"]["value"].as_f64() else {
        return;
    };
    let places = if tests(&result) == [Test::HbA1c] {
        1.0
    } else {
        10.0
    };
    let changed = libm::round(value * dice.normal(1.0, rates::AMENDMENT) * places) / places;
    result["valueQuantity"]["value"] = json!(changed);
    result["status"] = json!("amended");
    if store.update(place, result, world.clock.millis()).is_ok() {
        life.count(Happened::Amended);
    }
}

/// A clinician looks at the results that have come back: two abnormal ones are diabetes, one is repeated.
fn judge(world: &World, life: &mut Life, today: Day, number: u32) {
    let abnormal = abnormal(world, number);
    if abnormal.is_empty() || life.diagnosed.contains(&number) {
        return;
    }
    if abnormal.len() < 2 {
        let (mut dice, nth) = life.dice(world, number, Purpose::Clinician);
        let (soonest, latest) = rates::REPEAT_DAYS;
        let day = today.plus(dice.whole(soonest, latest));
        if nth == 0 && dice.chance(rates::REPEATS) {
            life.agenda.add(day, number, Event::Repeat(abnormal));
        }
        return;
    }
    let (mut dice, _) = life.dice(world, number, Purpose::Diagnosis);
    let (soonest, latest) = rates::CONFIRMATION_DAYS;
    let day = today.plus(dice.whole(soonest, latest));
    if dice.chance(rates::CONFIRMS) {
        life.agenda.add(day, number, Event::Confirm);
    }
}

/// The tests of this resident's reported results that were abnormal, one entry for each result.
fn abnormal(world: &World, number: u32) -> Vec<Test> {
    let patient = world.people.patient_of(number);
    let store = world.store();
    let results = store
        .about(Kind::Observation, &patient, 0)
        .filter_map(|place| store.at(place));
    let abnormal = results.filter_map(|stored| {
        let result = parsed(&stored.body);
        let usable = ["final", "amended", "corrected"];
        let status = result["status"].as_str().unwrap_or_default();
        let value = result["valueQuantity"]["value"].as_f64()?;
        let test = *tests(&result).first()?;
        let level = match test {
            Test::HbA1c => HBA1C_LEVEL,
            Test::FastingGlucose => FASTING_LEVEL,
            Test::Tolerance => TWO_HOUR_LEVEL,
        };
        (usable.contains(&status) && level <= value).then_some(test)
    });
    abnormal.collect()
}

/// A clinician writes down the diagnosis, once.
fn confirm(world: &World, life: &mut Life, today: Day, number: u32) {
    if !life.diagnosed.insert(number) {
        return;
    }
    let (mut dice, _) = life.dice(world, number, Purpose::Diagnosis);
    if write(world, number, today, &mut dice, conditions::confirm) {
        life.count(Happened::Confirmed);
    }
}

/// The resident refuses the programme.
pub(in super::super) fn refuses(world: &World, life: &mut Life, today: Day, number: u32) {
    let (mut dice, _) = life.dice(world, number, Purpose::Refusal);
    if write(world, number, today, &mut dice, consents::refuse) {
        life.count(Happened::Refused);
    }
}

/// The resident dies; the register says so from today on.
pub(in super::super) fn dies(world: &World, life: &mut Life, today: Day, number: u32) {
    if life.dead.insert(number) {
        world.people.bury(number, today);
        life.count(Happened::Died);
    }
}

/// Writes one record of the kind that exports have; false when the store refuses it.
fn write(
    world: &World,
    number: u32,
    today: Day,
    dice: &mut Dice,
    record: impl FnOnce(&mut Scribe<'_>, Day, &mut Dice),
) -> bool {
    let (_, resources) = written(world, number, today, |scribe| record(scribe, today, dice));
    let mut stored = resources
        .into_iter()
        .map(|(kind, resource)| store(world, kind, resource));
    stored.all(|place| place.is_some())
}
