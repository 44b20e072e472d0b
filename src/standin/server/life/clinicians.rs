//! What clinicians do: order what they are asked for, repeat abnormal tests, write down diagnoses, talk risks over.
//!
//! # Source
//!
//! Diabetes is confirmed by two abnormal tests: fasting plasma glucose 7.0 mmol/L or more, two-hour glucose 11.1 mmol/L or
//! more, HbA1c 48 mmol/mol or more: Lääkärin käsikirja, kaypahoito.fi/ykt00552 (6 May 2025).

use std::io;

use serde_json::{Value, json};

use super::super::super::calendar::Day;
use super::super::super::circulation::Lipid;
use super::super::super::conditions;
use super::super::super::glycaemia::{FASTING_LEVEL, TWO_HOUR_LEVEL};
use super::super::super::instant::Instant;
use super::super::super::laboratory::Test;
use super::super::super::medications;
use super::super::super::person::Stay;
use super::super::super::random::logistic;
use super::super::World;
use super::super::kinds::Kind;
use super::super::store::{Place, id_of, patient_of};
use super::agenda::Event;
use super::requests::tests;
use super::{Happened, Life, Purpose, rates, records, samples};

/// `HbA1c` at or above this is diabetic, mmol/mol.
pub(super) const HBA1C_LEVEL: f64 = 48.0;
/// How far ahead diagnoses and deaths are foreseen: no simulation runs for longer.
const FORESEEN_YEARS: f64 = 6.0;

/// Puts on the agenda what happens to everybody whether or not they are screened: diagnoses of usual care, deaths, moves.
pub(super) fn plan_usual_care(world: &World, life: &mut Life, today: Day) {
    let until = today.plus_years(FORESEEN_YEARS);
    for number in 0..world.people.count() {
        let (person, health) = world.people.resident(number);
        if person.stay != Stay::Lives {
            life.gone.insert(number);
            continue;
        }
        if health.diagnosed_by(today) {
            life.diagnosed.insert(number);
        } else if health.diagnosis <= until {
            life.agenda.add(health.diagnosis, number, Event::Confirm);
        }
        if health.death <= until {
            life.agenda.add(health.death, number, Event::Die);
        }
        let mut dice = super::dice(world, number, Purpose::Move, 0);
        let moves = today
            .plus_years(dice.exponential(rates::STAY_YEARS))
            .plus(1);
        if moves <= until {
            life.agenda.add(moves, number, Event::Move);
        }
    }
}

/// A professional orders tests: those that a message asks for, or some of their own accord.
pub(super) fn order(
    world: &World,
    life: &mut Life,
    today: Day,
    (number, asked, tests): (u32, Option<Place>, Vec<Test>),
) -> io::Result<()> {
    let message = match asked {
        Some(place) => records::resource(world, place)?.map(|(kind, text)| (place, kind, text)),
        None => None,
    };
    let mut order = json!({
        "resourceType": "ServiceRequest", "status": "active", "intent": "order",
        "subject": { "reference": format!("Patient/{}", world.people.patient_of(number)) },
        "code": { "coding": tests.iter().map(|test| coding(*test)).collect::<Vec<_>>() },
        "authoredOn": records::instant(Instant::late_on(today, 1)),
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
            records::change_status(
                world,
                place,
                &["requested", "ready", "accepted"],
                "completed",
            )?;
        }
    }
    let place = records::store(world, Kind::ServiceRequest, order)?;
    life.own.insert(place);
    samples::expect_at_laboratory(world, life, today, (number, place, tests));
    Ok(())
}

fn coding(test: Test) -> Value {
    let code = match test {
        Test::HbA1c => "6128",
        Test::FastingGlucose => "1468",
        Test::Tolerance => "20271",
        Test::Lipid(Lipid::Total) => "4515",
        Test::Lipid(Lipid::Hdl) => "4516",
        Test::Lipid(Lipid::Ldl) => "4599",
        Test::Lipid(Lipid::Triglycerides) => "4568",
    };
    json!({ "system": "urn:oid:1.2.246.537.6.3", "code": code })
}

/// A clinician looks at the results that have come back: two abnormal ones are diabetes, one is repeated.
pub(super) fn judge(world: &World, life: &mut Life, today: Day, number: u32) -> io::Result<()> {
    let abnormal = abnormal(world, number)?;
    if abnormal.is_empty() || life.diagnosed.contains(&number) {
        return Ok(());
    }
    if abnormal.len() < 2 {
        let (mut dice, nth) = life.dice(world, number, Purpose::Clinician);
        let (soonest, latest) = rates::REPEAT_DAYS;
        let day = today.plus(dice.whole(soonest, latest));
        if nth == 0 && dice.chance(rates::REPEATS) {
            life.agenda.add(day, number, Event::Repeat(abnormal));
        }
        return Ok(());
    }
    let (mut dice, _) = life.dice(world, number, Purpose::Diagnosis);
    let (soonest, latest) = rates::CONFIRMATION_DAYS;
    let day = today.plus(dice.whole(soonest, latest));
    if dice.chance(rates::CONFIRMS) {
        life.agenda.add(day, number, Event::Confirm);
    }
    Ok(())
}

/// A clinician repeats a test, unless a colleague has lately or the diagnosis is made.
pub(super) fn repeat(
    world: &World,
    life: &mut Life,
    today: Day,
    (number, tests): (u32, Vec<Test>),
) -> io::Result<()> {
    let last = life.repeated.get(&number);
    let lately = last.is_some_and(|last| today < last.plus(rates::REPEATED_LATELY));
    if lately || life.diagnosed.contains(&number) {
        return Ok(());
    }
    life.repeated.insert(number, today);
    life.count(Happened::Repeated);
    order(world, life, today, (number, None, tests))
}

/// A clinician looks at a resident because somebody asked: an unconfirmed result is repeated.
pub(super) fn look(world: &World, life: &mut Life, today: Day, number: u32) -> io::Result<()> {
    // Whoever is asked to look reads the newest results: lipids are talked over with the resident.
    if let Some(ldl) = newest_ldl(world, number)? {
        return consult(world, life, today, number, ldl);
    }
    if life.diagnosed.contains(&number) {
        return Ok(());
    }
    let abnormal = abnormal(world, number)?;
    match abnormal.len() {
        // Whatever the message was about is older than what this laboratory has reported.
        0 => life.agenda.add(
            today.plus(1),
            number,
            Event::Repeat(vec![Test::HbA1c, Test::FastingGlucose]),
        ),
        1 => life
            .agenda
            .add(today.plus(1), number, Event::Repeat(abnormal)),
        _ => judge(world, life, today, number)?,
    }
    Ok(())
}

/// The newest LDL that this laboratory has reported of a resident, mmol/L, when it is the last thing it has reported.
fn newest_ldl(world: &World, number: u32) -> io::Result<Option<f64>> {
    let results = reported(world, number)?;
    let day = |result: &Value| {
        let day = result["effectiveDateTime"].as_str()?.get(..10)?;
        Some(day.to_owned())
    };
    let newest = results.iter().filter_map(day).max();
    let ldl = results.iter().rev().find(|result| {
        let is_usable = USABLE.contains(&result["status"].as_str().unwrap_or_default());
        is_usable && day(result) == newest && tests(result) == [Test::Lipid(Lipid::Ldl)]
    });
    Ok(ldl.and_then(|ldl| ldl["valueQuantity"]["value"].as_f64()))
}

/// A clinician talks a risk over with the resident: some begin with a statin, others with what they eat and how they live.
fn consult(world: &World, life: &mut Life, today: Day, number: u32, ldl: f64) -> io::Result<()> {
    if !life.consulted.insert(number) {
        return Ok(());
    }
    life.count(Happened::Consulted);
    let (mut dice, _) = life.dice(world, number, Purpose::Consultation);
    let log_odds = rates::STATIN + rates::STATIN_BY_LDL * (ldl - 3.0);
    if dice.chance(logistic(log_odds)) {
        records::write(
            world,
            number,
            today,
            &mut dice,
            medications::prescribe_statin,
        )?;
        life.count(Happened::Prescribed);
    }
    Ok(())
}

/// What of a result counts.
const USABLE: [&str; 3] = ["final", "amended", "corrected"];

/// What this laboratory has reported of a resident.
fn reported(world: &World, number: u32) -> io::Result<Vec<Value>> {
    let patient = world.people.patient_of(number);
    let store = world.store();
    let places = store.about(Kind::Observation, &patient, 0);
    let results: io::Result<Vec<Value>> = places
        .filter_map(|place| store.at(place))
        .map(|stored| store.value(stored))
        .collect();
    // Candidates may be about somebody else.
    let own = |result: &Value| patient_of(Kind::Observation, result) == Some(&patient);
    Ok(results?.into_iter().filter(own).collect())
}

/// The tests of this resident's reported results that were abnormal, one entry for each result.
fn abnormal(world: &World, number: u32) -> io::Result<Vec<Test>> {
    let results = reported(world, number)?;
    let abnormal = results.into_iter().filter_map(|result| {
        let status = result["status"].as_str().unwrap_or_default();
        let value = result["valueQuantity"]["value"].as_f64()?;
        let test = *tests(&result).first()?;
        let level = match test {
            Test::HbA1c => HBA1C_LEVEL,
            Test::FastingGlucose => FASTING_LEVEL,
            Test::Tolerance => TWO_HOUR_LEVEL,
            // What lipids mean is decided with the resident, not by a level.
            Test::Lipid(_) => return None,
        };
        (USABLE.contains(&status) && level <= value).then_some(test)
    });
    Ok(abnormal.collect())
}

/// A clinician writes down the diagnosis, once.
pub(super) fn confirm(world: &World, life: &mut Life, today: Day, number: u32) -> io::Result<()> {
    if !life.diagnosed.insert(number) {
        return Ok(());
    }
    let (mut dice, _) = life.dice(world, number, Purpose::Diagnosis);
    records::write(world, number, today, &mut dice, conditions::confirm)?;
    life.count(Happened::Confirmed);
    Ok(())
}
