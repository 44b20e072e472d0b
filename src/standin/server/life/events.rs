//! Who deals with what: news from clients, and events that are due.

use std::io;

use serde_json::Value;

use super::super::super::calendar::Day;
use super::super::World;
use super::super::kinds::Kind;
use super::super::store::Place;
use super::agenda::Event;
use super::requests::{Asked, asked};
use super::{Happened, Life, Purpose, clinicians, offers, rates, residents, samples};

/// Somebody reads what a client wrote, and decides what to do.
pub(super) fn notice(
    world: &World,
    life: &mut Life,
    today: Day,
    (number, kind, place, resource): (u32, Kind, Place, &Value),
) -> io::Result<()> {
    match asked(kind, resource) {
        Asked::Tests(tests) => {
            samples::expect_at_laboratory(world, life, today, (number, place, tests))
        }
        Asked::ToOrder(tests) => {
            life.count(Happened::AskedToOrder);
            let day = life.agree((number, Purpose::Professional), today, |life| {
                let (mut dice, _) = life.dice(world, number, Purpose::Professional);
                let (soonest, latest) = rates::PROFESSIONAL_DAYS;
                let orders = dice.chance(rates::PROFESSIONAL_ORDERS);
                let days = dice.whole(soonest, latest);
                orders.then_some(days)
            });
            if let Some(day) = day {
                life.agenda.add(day, number, Event::Order(place, tests));
            }
        }
        Asked::ToLook => {
            let (mut dice, _) = life.dice(world, number, Purpose::Professional);
            let (soonest, latest) = rates::PROFESSIONAL_DAYS;
            let day = today.plus(dice.whole(soonest, latest));
            if dice.chance(rates::PROFESSIONAL_LOOKS) {
                life.agenda.add(day, number, Event::Look);
            }
        }
        Asked::Form => residents::expect_answer(world, life, today, (number, place))?,
        Asked::Offer => offers::expect_answer(world, life, today, (number, place)),
        Asked::Nothing => {}
    }
    Ok(())
}

/// Lets an event happen.
pub(super) fn happen(
    world: &World,
    life: &mut Life,
    today: Day,
    number: u32,
    event: Event,
) -> io::Result<()> {
    match event {
        Event::Answer(place) => residents::answer(world, life, today, (number, place)),
        Event::Order(place, tests) => {
            clinicians::order(world, life, today, (number, Some(place), tests))
        }
        Event::Look => clinicians::look(world, life, today, number),
        Event::Repeat(tests) => clinicians::repeat(world, life, today, (number, tests)),
        Event::Visit(place, tests) => samples::visit(world, life, today, (number, place, tests)),
        Event::Report(place, results) => {
            samples::report(world, life, today, (number, place, results))
        }
        Event::Amend(place) => samples::amend(world, life, (number, place)),
        Event::AnswerOffer(place, way) => offers::answer(world, life, today, (number, place, way)),
        Event::Enrol(place, way) => offers::enrol(world, life, today, (number, place, way)),
        Event::Begin(task, way) => offers::begin(world, life, today, (number, task, way)),
        Event::Finish(task) => offers::finish(world, life, today, task),
        Event::Confirm => clinicians::confirm(world, life, today, number),
        Event::Die => {
            residents::dies(world, life, today, number);
            Ok(())
        }
        Event::Move => {
            residents::moves(world, life, today, number);
            Ok(())
        }
    }
}
