//! What the laboratory does: takes samples of those who come, reports, corrects.

use std::io;

use serde_json::{Value, json};

use super::super::super::calendar::Day;
use super::super::super::laboratory::{self, Test};
use super::super::super::numbers;
use super::super::super::random::logistic;
use super::super::World;
use super::super::kinds::Kind;
use super::super::store::{Place, id_of};
use super::agenda::Event;
use super::requests::tests;
use super::{Happened, Life, Purpose, clinicians, rates, records};

pub(super) fn expect_at_laboratory(
    world: &World,
    life: &mut Life,
    today: Day,
    (number, place, tests): (u32, Place, Vec<Test>),
) {
    life.count(Happened::Ordered);
    // One visit for everything that is ordered at about the same time.
    let day = life.agree((number, Purpose::Attend), today, |life| {
        let (mut dice, _) = life.dice(world, number, Purpose::Attend);
        let missed = u32::from(life.missed.contains(&number));
        let contact = world.people.resident(number).1.contact;
        let log_odds =
            rates::first_or_later(rates::ATTENDS, missed) + rates::ATTENDS_BY_CONTACT * contact;
        let attends = dice.chance(logistic(log_odds));
        let (soonest, mean) = rates::ATTENDANCE_DAYS;
        let days = soonest + numbers::rounded_days(dice.exponential(mean).min(120.0));
        let days = life.fate(number).attends.unwrap_or(attends.then_some(days));
        if days.is_some() {
            life.missed.remove(&number);
        } else {
            life.missed.insert(number);
        }
        days
    });
    if let Some(day) = day {
        life.agenda.add(day, number, Event::Visit(place, tests));
    }
}

/// The sample is taken, if the order still stands; the results are ready when the laboratory says.
pub(super) fn visit(
    world: &World,
    life: &mut Life,
    today: Day,
    (number, place, tests): (u32, Place, Vec<Test>),
) -> io::Result<()> {
    let order = records::resource(world, place)?;
    if order.is_none_or(|(_, order)| order["status"] != "active") {
        return Ok(());
    }
    life.count(Happened::Attended);
    let (mut dice, _) = life.dice(world, number, Purpose::Sample);
    // The laboratory may take its time: its records reach beyond today.
    let horizon = today.plus(30);
    let sampled = records::written(world, number, horizon, |scribe| {
        laboratory::sample(scribe, today, &tests, &mut dice);
    });
    let results: Vec<Value> = sampled.1.into_iter().map(|(_, result)| result).collect();
    let ready = results
        .iter()
        .filter_map(|result| records::day_of(result["issued"].as_str()?))
        .max();
    let day = ready.unwrap_or(today).max(today);
    life.agenda.add(day, number, Event::Report(place, results));
    Ok(())
}

pub(super) fn report(
    world: &World,
    life: &mut Life,
    today: Day,
    (number, place, results): (u32, Place, Vec<Value>),
) -> io::Result<()> {
    let fate = life.fate(number).amended;
    for mut result in results {
        result["status"] = json!("final");
        result["basedOn"] = json!([{ "reference": format!("ServiceRequest/{}", id_of(place)) }]);
        let observation = records::store(world, Kind::Observation, result)?;
        life.count(Happened::Results);
        let (mut dice, _) = life.dice(world, number, Purpose::Sample);
        let (amended, (soonest, latest)) = (dice.chance(rates::AMENDED), rates::AMENDMENT_DAYS);
        let day = today.plus(dice.whole(soonest, latest));
        if fate.unwrap_or(amended) {
            life.agenda.add(day, number, Event::Amend(observation));
        }
    }
    records::change_status(world, place, &["active"], "completed")?;
    clinicians::judge(world, life, today, number)
}

/// The laboratory corrects a value.
pub(super) fn amend(
    world: &World,
    life: &mut Life,
    (number, place): (u32, Place),
) -> io::Result<()> {
    let (mut dice, _) = life.dice(world, number, Purpose::Sample);
    let mut store = world.store();
    let result = store.at(place).map(|stored| store.value(stored));
    let Some(mut result) = result.transpose()? else {
        return Ok(());
    };
    let Some(value) = result["valueQuantity"]["value"].as_f64() else {
        return Ok(());
    };
    let places = if tests(&result) == [Test::HbA1c] {
        1.0
    } else {
        10.0
    };
    let changed = libm::round(value * dice.normal(1.0, rates::AMENDMENT) * places) / places;
    result["valueQuantity"]["value"] = json!(changed);
    result["status"] = json!("amended");
    store.update(place, result, world.clock.millis())?;
    life.count(Happened::Amended);
    Ok(())
}
