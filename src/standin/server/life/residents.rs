//! What residents do: answer, or not; refuse; die.

use std::io;

use serde_json::json;

use super::super::super::calendar::Day;
use super::super::super::instant::Instant;
use super::super::super::random::logistic;
use super::super::super::{consents, numbers, questionnaires};
use super::super::World;
use super::super::kinds::Kind;
use super::super::store::Place;
use super::agenda::Event;
use super::{Happened, Life, Purpose, forms, rates, records};

pub(super) fn expect_answer(
    world: &World,
    life: &mut Life,
    today: Day,
    (number, place): (u32, Place),
) -> io::Result<()> {
    life.count(Happened::AskedForAnswers);
    let (mut dice, nth) = life.dice(world, number, Purpose::Answer);
    let readiness = records::written(world, number, today, |scribe| {
        questionnaires::readiness(scribe)
    })
    .0;
    let probability = logistic(rates::first_or_later(rates::ANSWERS, nth) + readiness);
    let (answers, says_no) = (dice.chance(probability), dice.chance(rates::REFUSES));
    let days = 1 + numbers::rounded_days(dice.exponential(rates::ANSWER_DAYS).min(60.0));
    let fate = life.fate(number).answers;
    if says_no && fate.is_none() {
        return refuses(world, life, today, number);
    }
    if let Some(days) = fate.unwrap_or(answers.then_some(days)) {
        life.agenda
            .add(today.plus(days), number, Event::Answer(place));
    }
    Ok(())
}

pub(super) fn answer(
    world: &World,
    life: &mut Life,
    today: Day,
    (number, place): (u32, Place),
) -> io::Result<()> {
    let (mut dice, _) = life.dice(world, number, Purpose::Sample);
    let at = records::instant(Instant::on(today, &mut dice));
    let given = records::written(world, number, today, |scribe| {
        questionnaires::asked(scribe, today, &mut dice)
    })
    .0;
    let Some((kind, message)) = records::resource(world, place)? else {
        return Ok(());
    };
    // What was taken back is not answered.
    let withdrawn = ["cancelled", "stopped", "entered-in-error", "revoked"];
    if message["status"]
        .as_str()
        .is_some_and(|status| withdrawn.contains(&status))
    {
        return Ok(());
    }
    let mut response = forms::filled_in(&world.store(), &message, &given)?;
    let patient = &message[kind.person_member().unwrap_or("subject")];
    response["resourceType"] = json!("QuestionnaireResponse");
    response["status"] = json!("completed");
    response["subject"] = patient.clone();
    response["author"] = patient.clone();
    response["authored"] = json!(at);
    records::store(world, Kind::QuestionnaireResponse, response)?;
    life.count(Happened::Answered);
    if kind == Kind::Task {
        records::change_status(
            world,
            place,
            &["requested", "ready", "accepted"],
            "completed",
        )?;
    }
    Ok(())
}

/// The resident refuses the programme.
pub(in super::super) fn refuses(
    world: &World,
    life: &mut Life,
    today: Day,
    number: u32,
) -> io::Result<()> {
    let (mut dice, _) = life.dice(world, number, Purpose::Refusal);
    records::write(world, number, today, &mut dice, consents::refuse)?;
    life.count(Happened::Refused);
    Ok(())
}

/// The resident dies; the register says so from today on.
pub(in super::super) fn dies(world: &World, life: &mut Life, today: Day, number: u32) {
    if life.gone.insert(number) {
        world
            .people
            .change(number, |changes| changes.died = Some(today));
        life.count(Happened::Died);
    }
}

/// The resident moves out of the city; the register says so from today on.
pub(in super::super) fn moves(world: &World, life: &mut Life, today: Day, number: u32) {
    if life.gone.insert(number) {
        world
            .people
            .change(number, |changes| changes.moved = Some(today));
        life.count(Happened::Moved);
    }
}

/// From today on the resident's address must not be disclosed.
pub(in super::super) fn hides(world: &World, today: Day, number: u32) {
    world
        .people
        .change(number, |changes| changes.hidden = Some(today));
}
